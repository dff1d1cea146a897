"""Three systems with one face: send, what became of it, which texts came in. Ours, Kannel, bare aiosmpplib."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import stage
from peers import kannel

HERE = Path(__file__).parent
STATES = {
    kannel.DELIVERED: "delivered",
    kannel.FAILED: "undelivered",
    kannel.TAKEN: "accepted",
    kannel.REFUSED: "failed",
}


class System(Protocol):
    """A gateway with one link to a carrier of this machine. Numbers are 86 and eleven digits; texts have one part."""

    name: str

    def start(self) -> None:
        """Start it, again after `kill` too."""

    def stop(self) -> None:
        """End it."""

    def kill(self) -> None:
        """kill -9."""

    def send(self, numbers: Sequence[str], text: str) -> None:
        """Returns when it has accepted all."""

    def states(self) -> list[str]:
        """Where each message stands in its own opinion, in the order of sending."""

    def texts(self) -> list[tuple[str, str]]:
        """(masked number, words) of every text that the application has."""

    def words(self) -> list[str]:
        """The words of those alone, quickly."""

    @property
    def pids(self) -> list[int]:
        """Its living processes."""


def masked(number: str) -> str:
    """As our program shows a number: enough to tell citizens apart."""
    number = number.removeprefix("+").removeprefix("86")
    return f"{number[:3]}****{number[-4:]}"


class Ours:
    """The real daemon with its store; window 16, as its settings come."""

    name = "Xinqiao"

    def __init__(self, template: Path, environment: Mapping[str, str], folder: Path, port: int) -> None:
        shutil.copytree(template, folder)
        self._folder, self._environment = folder, environment
        self._daemon = stage.Gateway(folder, environment, port, pin=False)
        self.start, self.stop, self.kill = self._daemon.start, self._daemon.stop, self._daemon.kill

    def send(self, numbers: Sequence[str], text: str) -> None:
        file = self._folder / "orders.tsv"
        lines = [f"{number.removeprefix('86')}\t{text}\n" for number in numbers]
        file.write_text("".join(lines), encoding="utf-8")
        stage.xinqiao(self._folder, self._environment, "message", "send", "--file", str(file))

    def states(self) -> list[str]:
        return [row[0] for row in stage.ask(self._folder, _OUR_STATES)]

    def texts(self) -> list[tuple[str, str]]:
        told = json.loads(stage.xinqiao(self._folder, self._environment, "text", "list", "--json"))
        return [(one["from"], one["body"]) for one in told]

    def words(self) -> list[str]:
        return [row[0] for row in stage.ask(self._folder, "SELECT body FROM text")]

    @property
    def pids(self) -> list[int]:
        return _living(self._daemon.pids)


_OUR_STATES = """SELECT part.state FROM part JOIN message ON message.id = part.message_id
    WHERE message.purpose = 'single' ORDER BY part.id"""


class Kannel:
    """Kannel with its spool store, window 10 as it comes; it tells the application every state it can."""

    name = "Kannel"

    def __init__(self, folder: Path, port: int) -> None:
        self._kannel = kannel.Kannel(
            folder, port, password="any", window=10, spool=True, link="enquire-link-interval = 1", pin=False
        )
        self._numbers: list[str] = []
        self.start, self.stop, self.kill = self._kannel.start, self._kannel.stop, self._kannel.kill

    def send(self, numbers: Sequence[str], text: str) -> None:
        self._numbers += numbers
        self._kannel.send(numbers, text)

    def states(self) -> list[str]:
        found: dict[str, str] = {}
        for number, state in list(self._kannel.ear.receipts):
            if found.get(number) != "delivered" and state in STATES:
                found[number] = STATES[state]
        return [found.get(number, "queued") for number in self._numbers]

    def texts(self) -> list[tuple[str, str]]:
        return [(masked(one.sender), one.words) for one in list(self._kannel.ear.texts)]

    def words(self) -> list[str]:
        return [one.words for one in list(self._kannel.ear.texts)]

    @property
    def pids(self) -> list[int]:
        return _living(self._kannel.pids)


class Bare:
    """aiosmpplib with a plain hook that stores; its queue is in memory, as it comes."""

    name = "aiosmpplib"

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._command = [sys.executable, str(HERE / "aiosmpplib_bare.py"), str(port), str(folder / "bare.db")]
        self._process: subprocess.Popen[bytes] | None = None
        self._sent = 0

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"}
            )

    def stop(self) -> None:
        if self._process is not None:
            stage.end(self._process, 3)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def send(self, numbers: Sequence[str], text: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        for number in numbers:
            self._sent += 1
            line = json.dumps({"id": self._sent, "to": number, "text": text})
            self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        stage.until(lambda: len(self.states()) == self._sent, 20, 0.005)

    def states(self) -> list[str]:
        return [row[0] for row in self._ask("SELECT state FROM message ORDER BY id")]

    def texts(self) -> list[tuple[str, str]]:
        return [(masked(sender), words) for sender, words in self._ask("SELECT sender, words FROM text")]

    def words(self) -> list[str]:
        return [row[0] for row in self._ask("SELECT words FROM text")]

    @property
    def pids(self) -> list[int]:
        return [self._process.pid] if self._process is not None and self._process.poll() is None else []

    def _ask(self, query: str) -> list[tuple[str, ...]]:
        if not (self._folder / "bare.db").exists():
            return []
        store = sqlite3.connect(self._folder / "bare.db")
        try:
            return store.execute(query).fetchall()
        except sqlite3.OperationalError:  # its tables are not made yet
            return []
        finally:
            store.close()


def _living(pids: Sequence[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()]
