"""Keeps one session with one carrier alive: connect, log in, reconnect, drain. The edge to the network.

A recipe: octets to `session.receive`, events to the gateway, `session.data_to_send` to the socket, one timer.
Reconnecting waits 1 s to 60 s with jitter and starts anew only after a healthy minute; a refused password is
tried three times and then probed sparsely, because carriers lock accounts that hammer.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet import defer
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure

from carriers.events import BindRefused, Bound, Event
from carriers.profile import CarrierProfile
from carriers.session import Session

CONNECT_TIMEOUT = 30.0
FIRST_WAIT, LONGEST_WAIT, JITTER = 1.0, 60.0, 0.2
CLOSE_TIMEOUT = 5.0  # for the last octets: a peer that is gone, or does not read, never takes them
DISMISSED_WAIT = 5.0  # at least so long after a carrier asked us to leave
HEALTHY = 60.0  # seconds bound after which trouble counts as new trouble
TRIES = 3  # logins with credentials that the carrier refuses
PROBES = (1800.0, 1800.0, 86_400.0)  # seconds until the next try after those; the last one repeats
MOST_UNSENT = 8 * 1024 * 1024  # octets a peer that does not read may leave with us


class LinkState(StrEnum):
    """How a link stands, for people."""

    DOWN = "down"
    CONNECTING = "connecting"
    BINDING = "binding"
    BOUND = "bound"
    REFUSED = "refused"
    DRAINING = "draining"


class Link(Service):
    """One carrier's link. `events` is called once per socket read or timer, with all that it brought.

    `now` is monotonic seconds: the wall clock, which Twisted's `seconds` tells, may be set back and forth.
    """

    def __init__(
        self,
        profile: CarrierProfile,
        events: Callable[["Link", list[Event]], None],
        reactor: Any = None,
        endpoint: Callable[[CarrierProfile], Any] | None = None,
        now: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor as installed

            reactor = installed
        self.profile = profile
        self.session: Session | None = None
        self.connection = 0
        self.state, self.since, self.detail = LinkState.DOWN, clock(), ""
        self._events, self._reactor, self._now, self._jitter, self._clock = events, reactor, now, jitter, clock
        self._endpoint = endpoint or partial(_endpoint, reactor)
        self._wire: _Wire | None = None
        self._timer: Any = None  # of the session
        self._again: Any = None  # of the next connection
        self._connecting: defer.Deferred[Any] | None = None
        self._stopped: defer.Deferred[None] | None = None
        self._listening = True
        self._closing = False
        self._failures = 0
        self._refusals = 0
        self._bound_at: float | None = None
        self._counts: Counter[str] = Counter()

    # --------------------------------------------------------------------------------------------------- service

    def startService(self) -> None:  # noqa: N802 - Twisted's name
        """Connect, and keep at it."""
        super().startService()  # type: ignore[no-untyped-call]
        self._connect()

    def stopService(self) -> "defer.Deferred[None]":  # noqa: N802 - Twisted's name
        """Drain, unbind, close. Fires when the connection is gone."""
        super().stopService()  # type: ignore[no-untyped-call]
        _cancel(self._again)
        self._again = None
        if self._connecting is not None:
            self._connecting.cancel()
        if self.session is None or self._wire is None:
            self._stand(LinkState.DOWN, "stopped")
            return defer.succeed(None)
        self._stopped = defer.Deferred()
        self._stand(LinkState.DRAINING, "")
        self.session.drain(self._now())
        self.flush()
        return self._stopped

    def retry(self) -> None:
        """Try the login again now: an operator has seen to the refusal."""
        self._refusals = self._failures = 0
        if self._again is not None:
            _cancel(self._again)
            self._again = None
            self._connect()

    def hear(self, listening: bool) -> None:
        """Read what the carrier sends, or leave it in the network: a carrier that floods must wait for our store."""
        if self._wire is not None and listening != self._listening:
            self._listening = listening
            self._wire.hear(listening)

    def counters(self) -> dict[str, int]:
        """How many events of each kind came since the start, and how many connections there were."""
        return {**self._counts, "connections": self.connection}

    # ---------------------------------------------------------------------------------------------- the connection

    def flush(self) -> None:
        """Write what the session has to send, close if it wants that, set the timer anew."""
        session, wire = self.session, self._wire
        if session is None or wire is None:
            return
        data = session.data_to_send()
        if data:
            wire.write(data)
        if session.wants_close:
            self._close(wire)
            return
        _cancel(self._timer)
        self._timer = None
        due = session.next_tick()
        if due is not None:
            self._timer = self._reactor.callLater(max(0.0, due - self._now()), self._tick)

    def _close(self, wire: "_Wire") -> None:
        """Once: close when all is written, or without that."""
        if not self._closing:
            self._closing = True
            _cancel(self._timer)
            self._timer = self._reactor.callLater(CLOSE_TIMEOUT, wire.abort)
            wire.close()

    def connected(self, wire: "_Wire") -> None:
        """The socket is open."""
        self.connection += 1
        self._wire, self._listening, self._closing = wire, True, False
        self.session = Session.gateway(self.profile)
        self.session.connected(self._now())
        self._stand(LinkState.BINDING, "")
        self.flush()

    def received(self, data: bytes) -> None:
        """Octets from the carrier."""
        if self.session is not None:
            self._report(self.session.receive(data, self._now()))
            self.flush()

    def lost(self, reason: str) -> None:
        """The socket is gone."""
        session, self.session, self._wire = self.session, None, None
        _cancel(self._timer)
        self._timer = None
        if session is not None:
            self._report(session.lost(reason))
        if self._bound_at is not None and self._now() - self._bound_at >= HEALTHY:
            self._failures = 0
        self._bound_at = None
        if not self.running:
            self._stand(LinkState.DOWN, "stopped")
            if self._stopped is not None:
                stopped, self._stopped = self._stopped, None
                stopped.callback(None)
        else:
            self._wait(reason, DISMISSED_WAIT if session is not None and session.dismissed else 0.0)

    def _tick(self) -> None:
        self._timer = None
        if self.session is not None:
            self._report(self.session.tick(self._now()))
            self.flush()

    def _report(self, events: Sequence[Event]) -> None:
        if not events:
            return
        for event in events:
            if isinstance(event, Bound):
                self._bound_at, self._refusals = self._now(), 0
                self._stand(LinkState.BOUND, f"as {self.profile.account}")
            elif isinstance(event, BindRefused):
                self._refusals += event.credentials
                self._stand(LinkState.REFUSED if event.credentials else LinkState.DOWN, event.reason)
        self._counts.update(type(event).__name__ for event in events)
        self._events(self, list(events))

    # ------------------------------------------------------------------------------------------------ connecting

    def _connect(self) -> None:
        self._again = None
        if self.state is not LinkState.REFUSED:
            self._stand(LinkState.CONNECTING, f"{self.profile.host}:{self.profile.port}")
        attempt = self._endpoint(self.profile).connect(_Wires(self))
        self._connecting = attempt
        attempt.addErrback(self._unreachable)
        attempt.addBoth(self._connect_done)

    def _connect_done(self, result: Any) -> Any:
        self._connecting = None
        return result

    def _unreachable(self, failure: Failure) -> None:
        if self.running:
            self._wait(failure.getErrorMessage())

    def _wait(self, reason: str, least: float = 0.0) -> None:
        """Come back after a while: soon after trouble, late after refusals."""
        if self._refusals >= TRIES:
            wait = PROBES[min(self._refusals - TRIES, len(PROBES) - 1)]
        else:
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures, 10))
            wait = max(least, wait * (1 + JITTER * (2 * self._jitter() - 1)))
            self._failures += 1
            if self.state is not LinkState.REFUSED:
                self._stand(LinkState.DOWN, reason)
        self._again = self._reactor.callLater(wait, self._connect)

    def _stand(self, state: LinkState, detail: str) -> None:
        if (state, detail) != (self.state, self.detail):
            self.state, self.detail, self.since = state, detail, self._clock()


class _Wire(Protocol):
    """The socket."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        self._link.connected(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self._link.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self._link.lost(reason.getErrorMessage())

    def write(self, data: bytes) -> None:
        """Send; a peer that has not read megabytes is as good as gone."""
        transport: Any = self.transport
        if _unsent(transport) > MOST_UNSENT:
            self.abort()
        else:
            transport.write(data)

    def hear(self, listening: bool) -> None:
        """Read from the socket, or not."""
        transport: Any = self.transport
        if listening:
            transport.resumeProducing()
        else:
            transport.pauseProducing()

    def close(self) -> None:
        """Close when what is written has gone."""
        transport: Any = self.transport
        transport.loseConnection()

    def abort(self) -> None:
        """Close now, whatever is not written."""
        transport: Any = self.transport
        transport.abortConnection()


class _Wires(Factory):
    noisy = False

    def __init__(self, link: Link) -> None:
        self._link = link

    def buildProtocol(self, addr: Any) -> _Wire:  # noqa: N802 - Twisted's name
        return _Wire(self._link)


def _endpoint(reactor: Any, profile: CarrierProfile) -> Any:
    plain: Any = HostnameEndpoint(reactor, profile.host.encode("idna"), profile.port, timeout=CONNECT_TIMEOUT)
    if not profile.tls:
        return plain
    trust: Any = None
    if profile.tls_ca:
        with open(profile.tls_ca, "rb") as file:
            trust = trustRootFromCertificates([Certificate.loadPEM(file.read())])  # type: ignore[no-untyped-call]
    return wrapClientTLS(optionsForClientTLS(profile.host, trustRoot=trust), plain)


def _unsent(transport: Any) -> int:
    """Octets waiting in Twisted's write buffers."""
    return len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)


def _cancel(call: Any) -> None:
    if call is not None and call.active():
        call.cancel()
