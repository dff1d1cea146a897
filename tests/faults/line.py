"""A link and a simulated carrier with a faulty line between them: no sockets, and time is what the test says."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet import defer
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from carriers import dialects
from carriers.events import (
    Closed,
    DeliveryReceipt,
    Event,
    InboundText,
    SubmitAnswered,
    SubmitUnanswered,
    Unreadable,
)
from carriers.link import Link
from carriers.profile import CarrierProfile
from carriers.simulator.behaviour import Behaviour
from carriers.simulator.server import Carrier
from tests.carriers.test_smpp import PROFILE
from tests.faults.pipe import Flow, Out, Pipe, Signal

GRAIN = 0.25  # seconds that pass at a time


class Line:
    """`pipes` gives the two directions of each new connection: (toward the carrier, toward the gateway).

    The carrier speaks the profile's protocol, whatever its behaviour says. What the link reports is acknowledged at
    once, as the gateway does once it is committed.
    """

    def __init__(
        self,
        profile: CarrierProfile = PROFILE,
        behaviour: Behaviour | None = None,
        pipes: Callable[[int], tuple[Pipe, Pipe]] = lambda connection: (Pipe(), Pipe()),
        reactor: Any = None,
    ) -> None:
        self.reactor: Any = reactor or MemoryReactorClock()
        self.heard: list[Event] = []
        self.outcomes: Counter[int] = Counter()  # how often each submit was settled, by token
        self.connections: list[tuple[_End, _End]] = []  # (the gateway's end, the carrier's end)
        self._pipes = pipes
        self._template = dialects.template(profile, "1069", b"\x4e\x00", 8, None)
        behaviour = replace(behaviour or Behaviour(name=profile.name), protocol=profile.protocol)
        self.carrier = Carrier(behaviour, self.reactor)
        self.carrier.listen()
        self._door = self.reactor.tcpServers[-1][1]
        self.link = Link(
            profile,
            self._hear,
            self.reactor,
            lambda profile: self,
            now=self.reactor.seconds,
            jitter=lambda: 0.5,
        )
        self.link.startService()

    # -------------------------------------------------------------------------------------------- what a test does

    def run(self, seconds: float = GRAIN) -> None:
        """Time passes."""
        for _ in range(max(1, round(seconds / GRAIN))):
            self.reactor.advance(GRAIN)

    def until(self, holds: Callable[[], object], seconds: float = 300.0) -> float:
        """Time passes until it is so. Returns how much."""
        began = self.reactor.seconds()
        while not holds():
            self.run()
            assert self.reactor.seconds() - began < seconds
        return float(self.reactor.seconds() - began)

    def submit(self, count: int, first_token: int = 0) -> int:
        """As many submits as the window takes, at most `count`. Returns how many went."""
        session = self.link.session
        now = self.reactor.seconds()
        going = min(count, session.room(now)) if session is not None else 0
        if session is not None and going:
            first, stamp, pdu = session.reserve(going), session.dialect.stamp, self._template.pdu
            session.submit(
                [(first + i, first_token + i, pdu(first + i, NUMBER, first_token + i, stamp)) for i in range(going)],
                now,
            )
            self.link.flush()
        return going

    def steer(self, toward_carrier: Flow, toward_gateway: Flow) -> None:
        """Another flow on the present connection."""
        for end, flow in zip(self.connections[-1], (toward_carrier, toward_gateway), strict=True):
            end.carry(end.pipe.steer(flow, self.reactor.seconds()))

    def inject(self, octets: bytes) -> None:
        """Octets that the carrier never sent come out of the line."""
        self.connections[-1][0].arrive(octets)

    def of(self, kind: type[Any]) -> list[Any]:
        """What was heard of one kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    @property
    def bound(self) -> bool:
        return self.link.state.value == "bound"

    # ----------------------------------------------------------------------------------------------------- the world

    def connect(self, factory: Any) -> "defer.Deferred[Any]":
        """The link calls (Twisted's client endpoint)."""
        upward, downward = self._pipes(len(self.connections))
        gateway = _End(self.reactor, upward, factory.buildProtocol(None))
        carrier = _End(self.reactor, downward, self._door.buildProtocol(None))
        gateway.other, carrier.other = carrier, gateway
        self.connections.append((gateway, carrier))
        carrier.protocol.makeConnection(carrier)
        gateway.protocol.makeConnection(gateway)
        return defer.succeed(gateway.protocol)

    def _hear(self, link: Link, connection: int, events: Sequence[Event]) -> None:
        self.heard += events
        for event in events:
            match event:
                case SubmitAnswered() | SubmitUnanswered():
                    self.outcomes[event.token] += 1
                case Closed():
                    self.outcomes.update(token for _, token in event.unanswered)
        answers = [
            event.answer
            for event in events
            if isinstance(event, InboundText | DeliveryReceipt | Unreadable) and event.answer is not None
        ]
        if answers:
            self.reactor.callLater(0, self._accept, link.session, answers)

    def _accept(self, session: Any, answers: list[int]) -> None:
        session.accept(answers)
        if session is self.link.session:
            self.link.flush()


class _End:
    """One end of a connection: the transport of a protocol, with the pipe that takes what it writes."""

    disconnecting = False

    def __init__(self, reactor: Any, pipe: Pipe, protocol: Any) -> None:
        self.pipe, self.protocol = pipe, protocol
        self.other: _End
        self.open = True
        self._reactor = reactor
        self._under_way: deque[Out] = deque()

    def write(self, octets: bytes) -> None:
        if self.open:
            self.carry(self.pipe.feed(octets, self._reactor.seconds()))

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        self.carry(self.pipe.end(self._reactor.seconds()))
        self._close()

    def abortConnection(self) -> None:  # noqa: N802
        self.carry([(self._reactor.seconds(), Signal.RESET)])
        self._close()

    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802

    def setTcpKeepAlive(self, enabled: bool) -> None: ...  # noqa: N802

    def pauseProducing(self) -> None: ...  # noqa: N802

    def resumeProducing(self) -> None: ...  # noqa: N802

    def carry(self, out: list[Out]) -> None:
        """Bring it to the other end in time."""
        idle = not self._under_way
        self._under_way += out
        if idle:
            self._next()

    def _next(self) -> None:
        if self._under_way:
            self._reactor.callLater(max(0.0, self._under_way[0][0] - self._reactor.seconds()), self._due)

    def _due(self) -> None:
        now = self._reactor.seconds()
        while self._under_way and self._under_way[0][0] <= now:
            self.other.arrive(self._under_way[0][1])
            self._under_way.popleft()
        self._next()

    def arrive(self, what: bytes | Signal) -> None:
        """Something comes out of the line."""
        if not self.open:
            return
        if isinstance(what, bytes):
            self.protocol.dataReceived(what)
        elif what is Signal.RESET:
            self._close()
        else:
            self.loseConnection()  # Twisted closes what the other side has closed

    def _close(self) -> None:
        if self.open:
            self.open = False
            self._reactor.callLater(0, self.protocol.connectionLost, Failure(ConnectionLost()))


NUMBER = "8613800000001"
