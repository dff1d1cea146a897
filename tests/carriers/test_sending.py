"""Octets leave at once."""

from typing import Any

from twisted.internet.testing import StringTransport

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
