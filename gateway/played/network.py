"""Connections between gateway and carriers in memory: in order and whole, like TCP, but slow, cut and clogged.

A `Side` is the transport of one end. What is written arrives later, in pieces; a connection that is cut loses
what was under way, one that is closed delivers it first.
"""

import contextlib
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from twisted.internet import defer
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.python.failure import Failure

from carriers.profile import CarrierProfile
from gateway.played.time import VirtualLoop


class Network:
    """All wires of a simulation. `doors` are the carriers that can be called, by name."""

    def __init__(self, loop: VirtualLoop, chance: Random) -> None:
        self.loop = loop
        self.chance = chance
        self.doors: dict[str, Any] = {}  # carrier -> Twisted factory of its connections
        self.closed_doors: set[str] = set()
        self.slowness = 0.0  # seconds that a piece may take longer
        self.pieces = 0.0  # share of writes that arrive in pieces
        self.clogged: set[str] = set()  # carriers whose wires carry nothing for now
        self.sides: list[Side] = []

    def endpoint(self, profile: CarrierProfile, process: "Process") -> "_Endpoint":
        """A client endpoint to a carrier, for one process of the gateway."""
        return _Endpoint(self, profile.name, process)

    def later(self, what: Callable[[], None], delay: float = 0.001) -> None:
        """Do something after what the wires need."""
        self.loop.call_later(delay, what)

    def unclog(self, carriers: set[str]) -> None:
        """These carriers' wires carry again what was written meanwhile."""
        self.clogged -= carriers
        for side in self.sides:
            side._hand_over()


class Process:
    """A process of the gateway as the network and the store see it: it may die at any point."""

    def __init__(self) -> None:
        self.alive = True
        self.sides: list[Side] = []
        self.points = 0  # how many points it has passed at which it might have died
        self.dies_at: int | None = None
        self.on_death: Callable[[str], None] = lambda where: None

    def point(self, where: str) -> None:
        """A moment between two steps. Raises `Crash` at the one that was chosen."""
        self.points += 1
        if self.alive and self.dies_at is not None and self.points >= self.dies_at:
            self.die(where)
            raise Crash(where)

    def die(self, where: str) -> None:
        """Nothing of this process happens any more; the kernel closes its connections."""
        self.alive = False
        for side in list(self.sides):
            side.abandon()
        self.on_death(where)

    def guard(self, call: Callable[[], None]) -> None:
        """Run something that the process does; it may die of it."""
        if self.alive:
            with contextlib.suppress(Crash):
                call()


class Crash(BaseException):
    """The process is gone. Not an Exception: nothing in the gateway may catch it."""


class _Endpoint:
    def __init__(self, network: Network, carrier: str, process: Process) -> None:
        self._network, self._carrier, self._process = network, carrier, process

    def connect(self, factory: Any) -> "defer.Deferred[Any]":
        """Twisted's IStreamClientEndpoint."""
        answer: defer.Deferred[Any] = defer.Deferred()
        self._network.later(lambda: self._process.guard(lambda: self._answer(factory, answer)))
        return answer

    def _answer(self, factory: Any, answer: "defer.Deferred[Any]") -> None:
        if answer.called:
            return
        network = self._network
        if self._carrier in network.closed_doors:
            answer.errback(_failure(ConnectionRefusedError()))  # type: ignore[no-untyped-call]
            return
        ours, theirs = Side(network, self._carrier, self._process), Side(network, self._carrier, None)
        ours.peer, theirs.peer = theirs, ours
        ours.protocol, theirs.protocol = factory.buildProtocol(None), network.doors[self._carrier].buildProtocol(None)
        self._process.sides.append(ours)
        network.sides += [ours, theirs]
        theirs.protocol.makeConnection(theirs)
        ours.protocol.makeConnection(ours)
        answer.callback(ours.protocol)


class Side:
    """One end of a connection: what Twisted calls its transport. `process` is None at the carrier's end."""

    def __init__(self, network: Network, carrier: str, process: Process | None) -> None:
        self._network, self._carrier, self._process = network, carrier, process
        self.peer: Side = self
        self.protocol: Any = None
        self._open = True
        self._arrives = 0.0  # when the last piece under way to us arrives: order is kept
        self._paused = False
        self._coming: deque[bytes] = deque()  # under way
        self._waiting: deque[bytes] = deque()  # here, but not read

    # ------------------------------------------------------------------------------------------ as the protocol sees it

    def write(self, data: bytes) -> None:
        """Send. A process may die before, in the middle or after it."""
        if not self._open:
            return
        if self._process is None:
            self._send(data)
            return
        self._process.point("before a write")
        try:
            self._process.point("in a write")
        except Crash:
            self._send(data[: self._network.chance.randint(0, len(data))])
            raise
        self._send(data)
        self._process.point("after a write")

    def doWrite(self) -> None:  # noqa: N802 - Twisted's name
        """Nothing is left to write."""

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close when what is written has arrived."""
        self._close(ConnectionDone(), at=self.peer._arrives)

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close at once."""
        self._close(ConnectionLost(), at=0.0)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Leave what comes in the network."""
        self._paused = True

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Read again."""
        self._paused = False
        self._network.later(self._hand_over)

    def setTcpNoDelay(self, on: bool) -> None:  # noqa: N802 - Twisted's name
        """Nothing to delay."""

    def setTcpKeepAlive(self, on: bool) -> None:  # noqa: N802 - Twisted's name
        """Nothing to keep alive."""

    # ---------------------------------------------------------------------------------------------------- on the wire

    def _send(self, data: bytes) -> None:
        network, peer = self._network, self.peer
        if network.chance.random() < network.pieces and len(data) > 1:
            cut = network.chance.randint(1, len(data) - 1)
            pieces = [data[:cut], data[cut:]]
        else:
            pieces = [data]
        for piece in pieces:
            delay = 0.001 + network.slowness * network.chance.random()
            peer._arrives = max(peer._arrives, network.loop.time() + delay)
            peer._coming.append(piece)
            network.loop.call_at(peer._arrives, peer._receive)  # calls of one moment come in any order, pieces do not

    def _receive(self) -> None:
        self._waiting.append(self._coming.popleft())
        self._hand_over()

    def _hand_over(self) -> None:
        while self._open and self._waiting and not self._paused and self._carrier not in self._network.clogged:
            data = self._waiting.popleft()
            self._run(lambda data=data: self.protocol.dataReceived(data))  # type: ignore[misc]

    def abandon(self) -> None:
        """The process behind this end has died: the kernel may still send what was written, then it closes."""
        lost = self._network.chance.random() < 0.5
        self._close(ConnectionLost(), at=0.0 if lost else self.peer._arrives)

    def _close(self, reason: Exception, at: float) -> None:
        if not self._open:
            return
        self._open = False
        self._network.later(lambda: self._run(lambda: self.protocol.connectionLost(_failure(reason))))
        self._network.loop.call_at(max(at, self._network.loop.time()) + 0.001, self.peer._closed, reason)

    def _closed(self, reason: Exception) -> None:
        if self._open:
            self._open = False
            self._run(lambda: self.protocol.connectionLost(_failure(reason)))

    def _run(self, what: Callable[[], None]) -> None:
        if self._process is None:
            what()
        else:
            self._process.guard(what)


def _failure(reason: Exception) -> Failure:
    return Failure(reason)  # type: ignore[no-untyped-call]
