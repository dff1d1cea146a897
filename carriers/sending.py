"""How are octets given to the kernel at once, and not only after what comes meanwhile was read?"""

from typing import Any


def send(transport: Any, data: bytes) -> None:
    """Write now what the kernel takes now.

    Twisted writes what it is given when the reactor finds the socket writable, and reads first what is readable by
    then: under load an answer would wait until what came after it is dealt with. Whether the socket failed is the
    reactor's to find out, as ever. Under TLS it is the socket below that is written to.
    """
    transport.write(data)
    write_now = getattr(transport, "doWrite", None)
    if write_now is not None:
        write_now()
