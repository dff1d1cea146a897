"""A TLS door before a plain port, with a certificate of its own authority: a carrier that speaks TLS."""

import contextlib
import ipaddress
import select
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for localhost with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


class Door:
    """Listens on loopback, at `door` or anywhere; every connection is passed on to `port`. `stop` closes everything."""

    def __init__(self, pem: Path, port: int, door: int = 0) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._behind = port
        self._listening = socket.create_server(("127.0.0.1", door))
        self._listening.settimeout(0.2)
        self.port: int = self._listening.getsockname()[1]
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def stop(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(5)
        self._listening.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError):
                plain, _ = self._listening.accept()
                thread = threading.Thread(target=self._pass_on, args=(plain,))
                self._threads.append(thread)
                thread.start()

    def _pass_on(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError):
            plain.settimeout(5)
            with (
                self._context.wrap_socket(plain, server_side=True) as outside,
                socket.create_connection(("127.0.0.1", self._behind)) as inside,
            ):
                while not self._ended.is_set():
                    ready = [outside] if outside.pending() else select.select([outside, inside], [], [], 0.2)[0]
                    for end, other in ((outside, inside), (inside, outside)):
                        if end in ready:
                            data = end.recv(65536)
                            if not data:
                                return
                            other.sendall(data)
