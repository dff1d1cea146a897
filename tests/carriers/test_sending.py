"""Octets leave at once."""

from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from carriers.sending import send


class Buffered(StringTransport):
    """Holds octets back until it is told to write, as Twisted's connections do."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sent = b""

    def doWrite(self) -> None:  # noqa: N802 - Twisted's name
        """What the reactor calls for a socket that can be written to."""
        self.sent = self.value()


def test_what_is_sent_does_not_wait_for_the_reactor() -> None:
    transport = Buffered()
    send(transport, b"answer")
    assert transport.sent == b"answer"


def test_a_transport_that_has_nothing_to_hold_back_is_written_to_all_the_same() -> None:
    transport: Any = StringTransport()  # type: ignore[no-untyped-call]
    send(transport, b"answer")
    assert transport.value() == b"answer"


class Dead(Buffered):
    """A socket whose end the kernel tells once, to whoever writes or reads first."""

    def __init__(self) -> None:
        super().__init__()
        self.reactor = Clock()  # type: ignore[no-untyped-call]
        self.connected = True
        self.lost: list[Any] = []

    def doWrite(self) -> Any:  # noqa: N802 - Twisted's name
        """Too late."""
        return ConnectionLost()

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        """Once."""
        self.connected = False
        self.lost.append(reason.value)


def test_a_socket_that_turns_out_to_be_dead_is_closed_once() -> None:
    transport: Any = Dead()
    send(transport, b"one")
    send(transport, b"two")
    assert transport.lost == []  # nobody is told in the middle of what they do
    transport.reactor.advance(0)
    assert [type(why) for why in transport.lost] == [ConnectionLost]
