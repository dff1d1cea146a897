"""How are octets given to the kernel at once, and not only after what comes meanwhile was read?"""

from typing import Any

from twisted.python.failure import Failure


def send(transport: Any, data: bytes) -> None:
    """Write now what the kernel takes now.

    Twisted writes what it is given when the reactor finds the socket writable, and reads first what is readable by
    then: under load an answer would wait until what came after it is dealt with. A socket that turns out to be dead is
    closed as the reactor does it when it writes: nobody may tell it another time. Under TLS it is the socket below
    that is written to.
    """
    transport.write(data)
    write_now = getattr(transport, "doWrite", None)
    over = write_now() if write_now is not None else None
    if write_now is not None and over is not None:
        below = write_now.__self__  # the socket, also under TLS
        below.reactor.callLater(0, _end, below, over)


def _end(socket: Any, why: Exception) -> None:
    if socket.connected:
        socket.connectionLost(Failure(why))  # type: ignore[no-untyped-call]
