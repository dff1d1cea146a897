"""What reaching a carrier comes to, and why it fails: its name, a connection, TLS. The network's words become few."""

import socket
import threading
from enum import StrEnum
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from OpenSSL.SSL import Error as TlsError
from service_identity import VerificationError
from twisted.internet import defer, error
from twisted.internet.interfaces import IHandshakeListener
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer


class Unreached(StrEnum):
    """Why there is no connection, or none any more."""

    NO_SUCH_HOST = "no such host"
    NO_NAME_SERVER = "no name server"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    CERTIFICATE = "certificate"
    TLS = "tls"
    HUNG_UP = "hung up"


def resolve(host: str, port: int, patience: float) -> list[str] | tuple[Unreached, str]:
    """The name's addresses; or why there are none, and the system's words for it.

    The system's look-up knows no time limit, so it is left behind in a thread when `patience` (seconds) is over.
    """
    answers: SimpleQueue[list[str] | tuple[Unreached, str]] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host.encode("idna").decode("ascii"), port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except UnicodeError as wrong:
            answers.put((Unreached.NO_SUCH_HOST, str(wrong)))
        except OSError as wrong:
            lost = wrong.errno == socket.EAI_AGAIN
            answers.put((Unreached.NO_NAME_SERVER if lost else Unreached.NO_SUCH_HOST, str(wrong.strerror)))

    threading.Thread(target=look_up, daemon=True).start()
    try:
        return answers.get(timeout=patience)
    except Empty:
        return Unreached.NO_NAME_SERVER, f"{patience:g} s"


def reason(failure: Failure) -> Unreached:
    """Why a connection failed, or was lost."""
    match failure.value:
        case error.DNSLookupError():
            return Unreached.NO_SUCH_HOST
        case error.ConnectionRefusedError():
            return Unreached.REFUSED
        case VerificationError():
            return Unreached.CERTIFICATE
        case TlsError():
            return Unreached.CERTIFICATE if "certificate" in failure.getErrorMessage() else Unreached.TLS
        case error.TimeoutError() | error.TCPTimedOutError():
            return Unreached.SILENT
        case error.ConnectError():
            return Unreached.UNREACHABLE
        case _:
            return Unreached.HUNG_UP


class Watcher(Protocol):
    """Who wants to know how a connection comes about and ends."""

    def called(self, address: str) -> None:
        """The connection to this address stands."""

    def secured(self) -> None:
        """So does TLS."""

    def unreachable(self, failure: Failure) -> None:
        """There is no connection."""

    def lost(self, failure: Failure) -> None:
        """There is none any more; the link learns it right after this."""


class Watched:
    """A client endpoint of Twisted's, with somebody who watches."""

    def __init__(self, endpoint: Any, watcher: Watcher) -> None:
        self._endpoint, self._watcher = endpoint, watcher

    def connect(self, factory: Any) -> "defer.Deferred[Any]":
        """Twisted's IStreamClientEndpoint."""
        attempt: defer.Deferred[Any] = self._endpoint.connect(_Watch(factory, self._watcher))
        attempt.addErrback(self._failed)
        return attempt

    def _failed(self, failure: Failure) -> Failure:
        self._watcher.unreachable(failure)
        return failure


@implementer(IHandshakeListener)
class _Between(ProtocolWrapper):
    """Between the socket, or TLS, and the link's own protocol."""

    factory: "_Watch"

    def makeConnection(self, transport: Any) -> None:  # noqa: N802 - Twisted's name
        self.factory.watcher.called(transport.getPeer().host)
        super().makeConnection(transport)  # type: ignore[no-untyped-call]

    def handshakeCompleted(self) -> None:  # noqa: N802 - Twisted's name
        self.factory.watcher.secured()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # noqa: N802 - Twisted's name
        self.factory.watcher.lost(reason)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]


class _Watch(WrappingFactory):
    protocol = _Between
    noisy = False

    def __init__(self, factory: Any, watcher: Watcher) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call]
        self.watcher = watcher
