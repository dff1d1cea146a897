"""Kannel beside us: bearerbox and smsbox with a configuration of their own, as a client of a carrier on this machine.

What its people set: the spool store where texts may not be lost in a crash, and a window of 200 where it shall be
fast (the default is 10). Applications talk to it by HTTP, so an application's ear belongs to the stage.
"""

import asyncio
import http.client
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import stage

MISSING = "Kannel is not installed (apt-get install kannel): left out"
WINDOW = 200
ASK_FOR_ALL = 31  # dlr-mask: delivered, failed, buffered, taken by the carrier, refused by the carrier
DELIVERED, FAILED, TAKEN, REFUSED = 1, 2, 8, 16

CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = secret
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
log-file = "{folder}/bearerbox.log"
log-level = {level}
sms-resend-freq = 2
{store}

group = smsc
smsc = smpp
smsc-id = mobile
host = 127.0.0.1
port = {carrier}
smsc-username = xinqiao
smsc-password = {password}
system-type = ""
transceiver-mode = true
max-pending-submits = {window}
reconnect-delay = 1
source-addr-ton = 0
source-addr-npi = 1
dest-addr-ton = 1
dest-addr-npi = 1
{link}

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {send}
sendsms-interface = 127.0.0.1
global-sender = {number}
log-file = "{folder}/smsbox.log"
log-level = {level}

group = sendsms-user
username = office
password = secret
max-messages = 20
concatenation = true

group = sms-service
keyword = default
catch-all = true
get-url = "http://127.0.0.1:{ear}/text?from=%p&coding=%c&text=%b"
max-messages = 0
omit-empty = true
"""


class Text(NamedTuple):
    """A text as the application got it."""

    sender: str
    words: str
    at: float  # monotonic seconds


def installed() -> bool:
    """Whether this machine has it."""
    return _program("bearerbox") is not None and _program("smsbox") is not None


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


class Kannel:
    """One bearerbox with one smsbox. `link` is more lines for the carrier's group of the configuration."""

    def __init__(
        self,
        folder: Path,
        carrier_port: int,
        *,
        password: str = "any",
        window: int = WINDOW,
        spool: bool = False,
        link: str = "",
        level: int = 3,
        pin: bool = True,
    ) -> None:
        if not installed():
            raise SystemExit(MISSING)
        folder.mkdir(parents=True, exist_ok=True)
        self.ear = Ear()
        self._pin = stage.pinned(stage.GATEWAY_CORE) if pin else []
        self.folder = folder
        self._admin, box, self._send = stage.free_ports(3)
        store = ""
        if spool:
            for name in ("store", "receipts"):
                (folder / name).mkdir(exist_ok=True)
            store = (
                f'store-type = spool\nstore-location = "{folder}/store"\n'
                f'dlr-storage = spool\ndlr-spool = "{folder}/receipts"'
            )
        self._file = folder / "kannel.conf"
        self._file.write_text(
            CONFIGURATION.lstrip().format(
                admin=self._admin, box=box, send=self._send, ear=self.ear.port, carrier=carrier_port, folder=folder,
                store=store, link=link, password=password, window=window, number=stage.ACCESS_NUMBER, level=level,
            ),
            encoding="utf-8",
        )  # fmt: skip
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Kannel":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ----------------------------------------------------------------------------------------------------- processes

    def start(self) -> None:
        """Start both; returns when smsbox takes requests."""
        for name, port in (("bearerbox", self._admin), ("smsbox", self._send)):
            self._processes.append(
                subprocess.Popen(
                    [*self._pin, str(_program(name)), "-v", "5", str(self._file)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            stage.until(lambda port=port: _listens(port), 20, 0.02)  # type: ignore[misc]

    def stop(self) -> None:
        """End both, the outer one first; and the application's ear."""
        for process in reversed(self._processes):
            stage.end(process, 5)
        self._processes.clear()
        self.ear.close()

    def kill(self) -> None:
        """kill -9, both."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    @property
    def pids(self) -> list[int]:
        """Its processes."""
        return [process.pid for process in self._processes]

    def order(self, verb: str) -> str:
        """An order of its administration: suspend, resume, status.txt."""
        wire = http.client.HTTPConnection("127.0.0.1", self._admin, timeout=20)
        try:
            wire.request("GET", f"/{verb}?password=secret")
            return wire.getresponse().read().decode("utf-8", "replace")
        finally:
            wire.close()

    # ------------------------------------------------------------------------------------------------------- sending

    def send(self, numbers: Sequence[str], text: str, *, receipts: bool = True, mask: int = ASK_FOR_ALL) -> None:
        """One text to many, over kept-alive connections, some of them at the same time, until all are accepted."""
        batches = [numbers[at : at + 20] for at in range(0, len(numbers), 20)]
        threads = [
            threading.Thread(target=self._send_batches, args=(batches[at::4], text, mask if receipts else 0))
            for at in range(min(4, len(batches)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send_batches(self, batches: Sequence[Sequence[str]], text: str, mask: int) -> None:
        wire = http.client.HTTPConnection("127.0.0.1", self._send, timeout=60)
        for batch in batches:
            asked = {
                "username": "office", "password": "secret", "to": " ".join(batch), "text": text,
                "coding": "2", "charset": "UTF-8",
            }  # fmt: skip
            if mask:
                url = f"http://127.0.0.1:{self.ear.port}/receipt?to=%p&state=%d"
                asked |= {"dlr-mask": str(mask), "dlr-url": url}
            wire.request("GET", "/cgi-bin/sendsms?" + urlencode(asked, quote_via=quote))
            answer = wire.getresponse()
            words = answer.read().decode("utf-8", "replace")
            if answer.status != 202:
                raise SystemExit(f"Kannel refused: {answer.status} {words}")
        wire.close()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


# ------------------------------------------------------------------------------------------------- the application


class Ear:
    """The application behind Kannel: takes texts and receipts by HTTP and remembers them. A thread with a loop."""

    def __init__(self) -> None:
        self.texts: list[Text] = []
        self.receipts: list[tuple[str, int]] = []  # number, state as in the dlr-mask
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear nothing more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def heard(self, path: str) -> None:
        """One request."""
        at = time.monotonic()
        asked = urlsplit(path)
        said = parse_qs(asked.query, encoding="latin-1", keep_blank_values=True)
        if asked.path == "/text":
            octets = said.get("text", [""])[0].encode("latin-1")
            coding = "utf-16-be" if said["coding"][0] == "2" else "utf-8"
            self.texts.append(Text(_number(said["from"][0]), octets.decode(coding, "replace"), at))
        else:
            self.receipts.append((_number(said["to"][0]), int(said["state"][0])))

    def _listen(self) -> None:
        server = self._loop.run_until_complete(self._loop.create_server(lambda: _Request(self), sock=self._socket))
        self._loop.run_forever()
        server.close()
        self._loop.close()


class _Request(asyncio.Protocol):
    """HTTP/1.1, as much of it as Kannel speaks: GET without a body, kept alive."""

    def __init__(self, ear: Ear) -> None:
        self._ear, self._rest = ear, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for request in requests:
            self._ear.heard(request.split(b" ", 2)[1].decode("latin-1"))
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: text/plain\r\n\r\n")


def _number(written: str) -> str:
    return written.strip().removeprefix("+")
