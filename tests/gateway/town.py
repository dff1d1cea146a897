"""A town for tests: the daemon and the simulated carriers as processes of their own, on ports of this machine."""

import contextlib
import getpass
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

from gateway.cli.simulate import order
from gateway.settings import FILE
from tests.gateway.started import Started

Process = Started | subprocess.Popen[bytes]
PATIENCE = 60.0
TRIES = 3  # refused logins after which a link (carriers/link.py) comes back only seldom


@dataclass
class Town:
    """`settings` and `carriers` are lines that replace what the working folder and the script say."""

    folder: Path
    script: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    control: int = 0
    processes: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        file = self.folder / FILE
        words = file.read_text(encoding="utf-8").replace('"20:30"', '"03:00"').replace('"08:30"', '"03:00"')
        file.write_text(words.replace("lease_s = 15.0", "lease_s = 5.0"), encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> Any:
        """A command of the program; its JSON where it speaks it."""
        with TemporaryFile() as out, TemporaryFile() as err:
            command = Started(["-C", str(self.folder), *arguments], self._environment(), out.fileno(), err.fileno())
            try:
                ended = command.wait(150)
            finally:
                command.kill()
            said, complained = (_all_of(file) for file in (out, err))
        assert ended == code, complained + said
        return json.loads(said) if "--json" in arguments and code == 0 else said + complained

    def open_carriers(self) -> None:
        """The simulated carriers of the script; the daemon's settings get their ports."""
        script = self.folder / "script.toml"
        script.write_text(self.script, encoding="utf-8")
        for name, port in self._simulate("--script", str(script)).items():
            self.environment[f"XINQIAO__CARRIERS__{name.upper()}__PORT"] = str(port)

    def open_own_carriers(self) -> None:
        """The other ends of the folder's carriers, on the ports that its settings name."""
        self._simulate()

    def _simulate(self, *options: str) -> dict[str, int]:
        given = ["-C", str(self.folder), "simulate", "carrier", *options], self._environment()
        said, saying = os.pipe()
        with self._log() as log, open(said, "rb") as lines:
            self.processes.append(Started(*given, saying, log.fileno()))
            os.close(saying)
            ports = json.loads(lines.readline())
        self.control = ports["control"]
        carriers: dict[str, int] = ports["carriers"]
        return carriers

    def start_daemon(self) -> Started:
        """The gateway."""
        return self._start("run")

    def start_python(self, *program: str, under: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """The gateway from nothing; `under` is a command that runs Python, `program` what Python is to run."""
        with self._log() as log:
            process = subprocess.Popen(
                [*under, sys.executable, *(program or ("-m", "gateway")), "-C", str(self.folder), "run"],
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def tell(self, **command: Any) -> dict[str, Any]:
        """A command to the simulated carriers."""
        answer = order(self.control, command)
        assert answer["ok"], answer
        return answer

    def counts(self, name: str = "mobile") -> dict[str, Any]:
        """What a carrier saw."""
        counts: dict[str, Any] = self.tell(do="status")["carriers"][name]
        return counts

    def gave_up(self, name: str) -> bool:
        """The carrier refused the login so often that the link tries it only seldom."""
        refusals = self.run("carrier", "status", name, "--json")["counters"].get("logins_refused", 0)
        return int(refusals) >= TRIES

    def until(self, holds: Callable[[], object]) -> None:
        """Wait for something that processes do; a test never waits for time itself."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, (self.folder / "log").read_text(encoding="utf-8")[-3000:]
            select.select([], [], [], 0.05)  # other processes are at work

    def states(self) -> list[str]:
        """The states of all messages outside notices, oldest first."""
        return [one["state"] for one in reversed(self.run("message", "list", "--limit", "1000", "--json"))]

    def close(self) -> None:
        """End what was started."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
            if process.poll() is None:
                process.kill()
                process.wait()

    def _start(self, *arguments: str) -> Started:
        with self._log() as log:
            given = ["-C", str(self.folder), *arguments], self._environment()
            process = Started(*given, log.fileno(), log.fileno())
        self.processes.append(process)
        return process

    def _log(self) -> BinaryIO:
        return (self.folder / "log").open("ab")

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("XINQIAO")}
        return kept | {"LOGNAME": "office", "USER": getpass.getuser()} | self.environment


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
