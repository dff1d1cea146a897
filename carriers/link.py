"""Keeps one carrier's sessions alive: connect, log in, reconnect, be called, drain. The edge to the network.

A recipe: octets to `session.receive`, events to the gateway, `session.data_to_send` to the socket, one timer.
Reconnecting waits 1 s to 60 s with jitter and starts anew only after a healthy minute; a refused password is
tried three times and then probed sparsely, because carriers lock accounts that hammer.

With SGIP the carrier calls us, too, to deliver, if the profile has a place to listen; what comes in there is a
session like any other. Once a text or a receipt came so, our own line rests while there is nothing to say, and `wake`
calls again; until then texts may wait for that line, and it is kept up.
"""

import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet import defer
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import CannotListenError, ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure

from carriers import dialects
from carriers.capture import Address, Glimpse, Seen
from carriers.events import (
    BindRefused,
    BindRequested,
    Bound,
    Closed,
    DeliveryReceipt,
    Event,
    InboundText,
    Listening,
    SubmitAnswered,
    SubmitUnanswered,
    TurnedAway,
)
from carriers.profile import CarrierProfile
from carriers.sending import send
from carriers.session import Session

CONNECT_TIMEOUT = 30.0
FIRST_WAIT, LONGEST_WAIT, JITTER = 1.0, 60.0, 0.2
CLOSE_TIMEOUT = 5.0  # for the last octets: a peer that is gone, or does not read, never takes them
DISMISSED_WAIT = 5.0  # at least so long after a carrier asked us to leave
LOGIN_APART = 10.0  # seconds between logins on demand: carriers count those of a minute (SGIP 1.3: 34)
DOOR_WAIT = 30.0  # until a place to listen that somebody else holds is tried again
HEALTHY = 60.0  # seconds bound after which trouble counts as new trouble
TRIES = 3  # logins with credentials that the carrier refuses
PROBES = (1800.0, 1800.0, 86_400.0)  # seconds until the next try after those; the last one repeats
MOST_UNSENT = 8 * 1024 * 1024  # octets a peer that does not read may leave with us
MOST_CALLS = 8  # connections of the carrier's at a time
MOST_STRANGERS = 100  # of whom we keep that they were told of
REFUSED_CALL = 1  # SGIP 1.2, 3.3: illegal login
_DELIVERED = frozenset((InboundText, DeliveryReceipt))
_NOT_OURS = _DELIVERED | {SubmitAnswered}  # events that say nothing about the link itself
KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))  # a dead line is found in two minutes


class LinkState(StrEnum):
    """How a link stands, for people."""

    DOWN = "down"
    CONNECTING = "connecting"
    BINDING = "binding"
    BOUND = "bound"
    RESTING = "resting"  # bound again as soon as there is something to send
    REFUSED = "refused"
    DRAINING = "draining"


class Link(Service):
    """One carrier's link. `events` is called once per socket read or timer, with the connection and what it brought.

    `now` is monotonic seconds: the wall clock, which Twisted's `seconds` tells, may be set back and forth.
    """

    def __init__(
        self,
        profile: CarrierProfile,
        events: Callable[["Link", int, list[Event]], None],
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
        self.connections = 0  # how many there have been: each is known by its number
        self.main = 0  # the number of the one that submits go to, or went to last
        self.state, self.since = LinkState.DOWN, clock()
        self._detail = ""
        self._events, self._reactor, self._now, self._jitter, self._clock = events, reactor, now, jitter, clock
        self._endpoint = endpoint or partial(client_endpoint, reactor)
        self._wires: dict[int, _Wire] = {}  # by number
        self._again: Any = None  # of the next connection
        self._connecting: defer.Deferred[Any] | None = None
        self._door: Any = None  # where the carrier calls us
        self._door_again: Any = None  # of the next try to open it
        self._door_trouble = ""
        self._strangers: set[TurnedAway] = set()
        self._is_called = False  # the carrier has called us and delivered
        self._called_at = float("-inf")  # when we last called
        self._stopped: defer.Deferred[None] | None = None
        self._listening = True
        self._failures = 0
        self._refusals = 0
        self._bound_at: float | None = None
        self._began: datetime | None = None  # of the last connection
        self._refused, self._pause = "", 0.0  # why the last login was refused; seconds that it wants before the next
        self.tap: Callable[[Glimpse], None] | None = None  # who watches what goes over the line
        self.octets_in = self.octets_out = 0
        self._counts: Counter[str] = Counter()  # events by kind
        self._answers: Counter[int] = Counter()  # answers to submits by status
        self._submits = 0  # of connections that are gone
        self._in_doubt = 0
        self._began_at = self.since

    # --------------------------------------------------------------------------------------------------- service

    def startService(self) -> None:  # noqa: N802 - Twisted's name
        """Connect, and keep at it; open the door for the carrier, and keep at that."""
        super().startService()  # type: ignore[no-untyped-call]
        if self.profile.listen_port:
            self._open_door()
        self._connect()

    def stopService(self) -> "defer.Deferred[None]":  # noqa: N802 - Twisted's name
        """Drain, unbind, close. Fires when the connections are gone."""
        super().stopService()  # type: ignore[no-untyped-call]
        _cancel(self._again)
        _cancel(self._door_again)
        self._again = None
        if self._connecting is not None:
            self._connecting.cancel()
        if self._door is not None:
            self._door.stopListening()
        if not self._wires:
            self._stand(LinkState.DOWN, "stopped")
            return defer.succeed(None)
        self._stopped = defer.Deferred()
        self._stand(LinkState.DRAINING, "")
        for wire in list(self._wires.values()):
            wire.session.drain(self._now())
            wire.flush()
        return self._stopped

    def retry(self) -> None:
        """Try the login again now: an operator has seen to the refusal."""
        self._refusals = self._failures = 0
        self._refused, self._pause = "", 0.0
        if self._again is not None:
            _cancel(self._again)
            self._again = None
            self._connect()

    def wake(self) -> None:
        """There is something to send: a line that rests calls again, at once or when it may."""
        if self.state is LinkState.RESTING and self.running and self._again is None:
            wait = self._called_at + LOGIN_APART - self._now()
            self._again = self._reactor.callLater(max(0.0, wait), self._connect)

    def hear(self, listening: bool) -> None:
        """Read what the carrier sends, or leave it in the network: a carrier that floods must wait for our store."""
        if listening != self._listening:
            self._listening = listening
            for wire in self._wires.values():
                wire.hear(listening)

    def counters(self) -> dict[str, Any]:
        """What went over the line since the gateway was started, and how much of window and pace is used now.

        `answers` are the answers to submits by their status (as text, because JSON knows no other keys).
        """
        session, counts = self.session, self._counts
        return {
            "since": self._began_at.isoformat(),
            "connections": self.connections,
            "logins": counts["Bound"],
            "logins_refused": counts["BindRefused"],
            "submits": self._submits + sum(wire.session.submitted for wire in self._wires.values()),
            "answers": {str(status): count for status, count in sorted(self._answers.items())},
            "unanswered": self._in_doubt,
            "receipts": counts["DeliveryReceipt"],
            "texts": counts["InboundText"],
            "unreadable": counts["Unreadable"],
            "turned_away": counts["TurnedAway"],
            "octets_in": self.octets_in,
            "octets_out": self.octets_out,
            "window": self.profile.window,
            "window_used": session.unanswered if session is not None else 0,
            "rate": self.profile.rate,
            "pace": round(session.pace(self._now()), 1) if session is not None else self.profile.rate,
        }

    def watch(self, tap: Callable[[Glimpse], None] | None) -> None:
        """Let `tap` see what goes over the line from now on, or nobody. It begins with what has come of a PDU."""
        self.tap = tap
        for wire in self._wires.values():
            wire.show(Seen.RECEIVED, wire.session.unfinished)

    @property
    def detail(self) -> str:
        """What is to be said about the state."""
        trouble = f"the carrier cannot call: {self._door_trouble}" if self._door_trouble else ""
        return "; ".join(words for words in (self._detail, trouble) if words)

    # -------------------------------------------------------------------------------------------------- sessions

    @property
    def session(self) -> Session | None:
        """The session that submits go to, while its connection stands."""
        return self.session_of(self.main)

    def session_of(self, connection: int) -> Session | None:
        """The session of a connection; None when it is gone."""
        wire = self._wires.get(connection)
        return wire.session if wire is not None else None

    def flush(self) -> None:
        """Write what the sessions have to send, close those that want that, set the timers anew."""
        for wire in list(self._wires.values()):
            wire.flush()

    # ---------------------------------------------------------------------------------------------- the connections

    def connected(self, wire: "_Wire", calls: bool) -> Session:
        """A socket is open. `calls`: it was we who called."""
        self.connections += 1
        wire.number = self.connections
        self._wires[wire.number] = wire
        session = Session.gateway(self.profile, dialects.gateway(self.profile, self._moment()), calls=calls)
        if calls:
            self.main, session.rests = wire.number, self._is_called
            self._refused, self._pause = "", 0.0
            self._stand(LinkState.BINDING, "")
        if not self._listening:
            wire.hear(False)
        return session

    def lost(self, wire: "_Wire", reason: str) -> None:
        """A socket is gone."""
        del self._wires[wire.number]
        session = wire.session
        self._submits += session.submitted
        self.report(wire, session.lost(reason))
        if not self.running:
            if not self._wires:
                self._stand(LinkState.DOWN, "stopped")
                if self._stopped is not None:
                    stopped, self._stopped = self._stopped, None
                    stopped.callback(None)
        elif wire.number == self.main:
            lived = self._now() - self._bound_at if self._bound_at is not None else 0.0
            self._bound_at = None
            if lived >= HEALTHY:
                self._failures = 0
            quiet = session.rested or (session.hung_up and lived >= LOGIN_APART)  # sooner, it did not want us
            if session.rests and quiet:
                self._stand(LinkState.RESTING, "")
            else:
                self._wait(self._refused or reason, max(self._pause, DISMISSED_WAIT if session.dismissed else 0.0))

    def report(self, wire: "_Wire", events: Sequence[Event]) -> None:
        """What a session brought goes to the gateway; what is about the link itself is seen to here."""
        kinds = Counter(map(type, events))
        for kind, count in kinds.items():
            self._counts[kind.__name__] += count
        if SubmitAnswered in kinds:
            self._answers.update([event.status for event in events if isinstance(event, SubmitAnswered)])
        if wire.number != self.main and not self._is_called and not kinds.keys().isdisjoint(_DELIVERED):
            self._is_called = True
            if self.session is not None:
                self.session.rests = True
                self.flush()
        if kinds.keys() <= _NOT_OURS:  # nearly always
            heard = list(events)
        else:
            heard = [event for event in events if self._concerns_others(wire, event)]
        if heard:
            self._events(self, wire.number, heard)

    def _concerns_others(self, wire: "_Wire", event: Event) -> bool:
        """See to what an event means for the link itself; whether there is more to it."""
        if isinstance(event, BindRequested):
            self._admit(wire, event)
            return False
        if isinstance(event, SubmitUnanswered):
            self._in_doubt += 1
        elif isinstance(event, Closed):
            self._in_doubt += len(event.unanswered)
        elif wire.number == self.main and isinstance(event, Bound):
            self._bound_at, self._refusals = self._now(), 0
            self._stand(LinkState.BOUND, event.doubt or f"as {self.profile.account}")
        elif wire.number == self.main and isinstance(event, BindRefused):
            self._refusals += event.credentials
            self._refused, self._pause = event.reason, event.pause
            self._stand(LinkState.REFUSED if event.credentials else LinkState.DOWN, event.reason)
        return True

    def now(self) -> float:
        """Monotonic seconds."""
        return self._now()

    def later(self, seconds: float, what: Callable[[], None]) -> Any:
        """Twisted's delayed call."""
        return self._reactor.callLater(max(0.0, seconds), what)

    # ---------------------------------------------------------------------------------------------- being called

    def welcomes(self, address: str) -> bool:
        """Whether the carrier may call from there, and does not hold too many lines already."""
        calls = sum(not wire.calls for wire in self._wires.values())
        if not self.profile.welcomes(address):
            self._turn_away(address, "not among listen_peers")
        elif calls >= MOST_CALLS:
            self._turn_away(address, f"{calls} calls already")
        else:
            return bool(self.running)
        return False

    def _turn_away(self, address: str, reason: str) -> None:
        stranger = TurnedAway(address, reason)
        self._counts["TurnedAway"] += 1
        if stranger not in self._strangers and len(self._strangers) < MOST_STRANGERS:
            self._strangers.add(stranger)
            self._events(self, self.main, [stranger])

    def _open_door(self) -> None:
        """Listen for the carrier's calls. A port that somebody else holds is tried again, while all else goes on."""
        profile, trouble = self.profile, ""
        try:
            self._door = self._reactor.listenTCP(
                profile.listen_port, _Wires(self, calls=False), interface=profile.listen_host
            )
        except CannotListenError as wrong:
            trouble = str(wrong)
            self._door_again = self._reactor.callLater(DOOR_WAIT, self._open_door)
        if trouble != self._door_trouble or not trouble:
            self._door_trouble = trouble
            self._events(self, self.main, [Listening(f"{profile.listen_host}:{profile.listen_port}", trouble)])

    def _admit(self, wire: "_Wire", login: BindRequested) -> None:
        profile = self.profile
        account = profile.listen_account or profile.account
        password = profile.listen_password or profile.password
        right = login.account == account and wire.session.dialect.proves(login, password)
        wire.session.admit(login.answer, 0 if right else REFUSED_CALL)
        if not right:
            self._turn_away(wire.address, f"wrong account or password, as {login.account}")

    # ------------------------------------------------------------------------------------------------ connecting

    def _moment(self) -> datetime:
        """Now, but a second later than the last connection at least: SGIP's numbers begin with it."""
        moment = self._clock()
        if self._began is not None and moment < self._began + timedelta(seconds=1):
            moment = self._began + timedelta(seconds=1)
        self._began = moment
        return moment

    def _connect(self) -> None:
        self._again, self._called_at = None, self._now()
        if self.state is not LinkState.REFUSED:
            self._stand(LinkState.CONNECTING, f"{self.profile.host}:{self.profile.port}")
        attempt = self._endpoint(self.profile).connect(_Wires(self, calls=True))
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
        if (state, detail) != (self.state, self._detail):
            self.state, self._detail, self.since = state, detail, self._clock()


class _Wire(Protocol):
    """One socket and its session."""

    session: Session  # there from the moment that the socket is open

    def __init__(self, link: Link, calls: bool, address: str) -> None:
        self.number = 0
        self.calls = calls  # it was we who called
        self.address = address  # of who called us
        self._link = link
        self._timer: Any = None
        self._timer_due = 0.0
        self._closing = False
        self._ends: tuple[Address, Address] | None = None  # ours and theirs, once somebody watches

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        transport.setTcpKeepAlive(True)
        _be_noticed_dead(transport)
        self.show(Seen.CALLED if self.calls else Seen.CALLED_US)
        self.session = self._link.connected(self, self.calls)
        self.session.connected(self._link.now())
        self.flush()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._link.octets_in += len(data)
        self.show(Seen.RECEIVED, data)
        self._link.report(self, self.session.receive(data, self._link.now()))
        self.flush()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        _cancel(self._timer)
        self.show(Seen.HUNG_UP if self._closing else Seen.LOST)
        self._link.lost(self, reason.getErrorMessage())

    def flush(self) -> None:
        """Write what the session has to send, close if it wants that, set the timer anew."""
        transport: Any = self.transport
        data = self.session.data_to_send()
        if data:
            if _unsent(transport) > MOST_UNSENT:  # a peer that has not read megabytes is as good as gone
                transport.abortConnection()
            else:
                self._write(data)
        if self.session.wants_close:
            self._close()
            return
        due = self.session.next_tick()
        if self._timer is None or due is None or due < self._timer_due:  # one that comes too early does no harm
            _cancel(self._timer)
            self._timer, self._timer_due = None, due or 0.0
            if due is not None:
                self._timer = self._link.later(due - self._link.now(), self._tick)

    def _write(self, data: bytes) -> None:
        transport: Any = self.transport
        try:
            send(transport, data)
        except RuntimeError:  # uvloop's word for a socket that failed without anybody being told
            self._link.later(0.0, self._fail)
            return
        self._link.octets_out += len(data)
        self.show(Seen.SENT, data)

    def _fail(self) -> None:
        transport: Any = self.transport
        with suppress(RuntimeError):
            transport.abortConnection()
            return
        transport.connectionLost(Failure(ConnectionLost()))  # type: ignore[no-untyped-call]

    def show(self, seen: Seen, octets: bytes = b"") -> None:
        """Tell who watches, if anybody does."""
        tap = self._link.tap
        if tap is not None:
            if self._ends is None:
                transport: Any = self.transport
                self._ends = _address(transport.getHost()), _address(transport.getPeer())
            tap(Glimpse(seen, *self._ends, octets))

    def hear(self, listening: bool) -> None:
        """Read from the socket, or not."""
        transport: Any = self.transport
        if listening:
            transport.resumeProducing()
        else:
            transport.pauseProducing()

    def _tick(self) -> None:
        self._timer = None
        self._link.report(self, self.session.tick(self._link.now()))
        self.flush()

    def _close(self) -> None:
        """Once: close when all is written, or without that."""
        if not self._closing:
            self._closing = True
            transport: Any = self.transport
            _cancel(self._timer)
            self._timer = self._link.later(CLOSE_TIMEOUT, transport.abortConnection)
            transport.loseConnection()


class _Wires(Factory):
    noisy = False

    def __init__(self, link: Link, calls: bool) -> None:
        self._link, self._calls = link, calls

    def buildProtocol(self, addr: Any) -> _Wire | None:  # noqa: N802 - Twisted's name
        if self._calls:
            return _Wire(self._link, True, "")
        return _Wire(self._link, False, addr.host) if self._link.welcomes(addr.host) else None


def client_endpoint(reactor: Any, profile: CarrierProfile) -> Any:
    """Twisted's client endpoint of a carrier, with TLS where the profile wants it."""
    plain: Any = HostnameEndpoint(reactor, profile.host.encode("idna"), profile.port, timeout=CONNECT_TIMEOUT)
    if not profile.tls:
        return plain
    trust: Any = None
    if profile.tls_ca:
        with open(profile.tls_ca, "rb") as file:
            trust = trustRootFromCertificates([Certificate.loadPEM(file.read())])  # type: ignore[no-untyped-call]
    return wrapClientTLS(optionsForClientTLS(profile.host, trustRoot=trust), plain)


def _be_noticed_dead(transport: Any) -> None:
    """Let the kernel ask whether the other machine is there: SGIP has no question for that, an idle line no answer."""
    handle = transport.getHandle() if hasattr(transport, "getHandle") else None
    if isinstance(handle, socket.socket):  # under TLS it is none; no protocol without signs of life goes over that
        for option, value in KEEPALIVE:
            if hasattr(socket, option):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _address(address: Any) -> Address:
    return Address(address.host, address.port)


def _unsent(transport: Any) -> int:
    """Octets waiting in Twisted's write buffers."""
    return len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)


def _cancel(call: Any) -> None:
    if call is not None and call.active():
        call.cancel()
