"""The stage that all measurements share: a working folder, the simulated carrier, the real daemon, what processes use.

Gateway or peer run on one core and the simulated carrier on another, where there are two.
"""

import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import audit, notices
from gateway.cli.desk import read_keys
from gateway.cli.simulate import order
from gateway.database import Database
from gateway.settings import load
from roster.audiences import Audience
from roster.store import members
from roster.vault import Vault

ROOT = Path(__file__).parent.parent
GATEWAY_CORE, CARRIER_CORE = 0, 1
ACCESS_NUMBER = "10657000001"
TEXT = "明天上午九点在乡政府召开座谈会,请准时参加。"
LONG = TEXT * 7  # three parts
PEOPLE = 10_153
PATIENCE = 120.0
FAST = "window = 400\nreceipt_delay = [0.01, 0.02]"
"""A carrier that limits nothing and reports at once."""


# ------------------------------------------------------------------------------------------------------------ folder


def make_folder(folder: Path, **carrier: Any) -> dict[str, str]:
    """A working folder with one carrier and no quiet hours. Returns the environment to run commands in."""
    environment = make_house(folder)
    file = folder / "xinqiao.toml"
    head, _, _ = file.read_text(encoding="utf-8").partition("[carriers.unicom]")
    file.write_text(head, encoding="utf-8")
    for key, value in carrier.items():
        environment[f"XINQIAO__CARRIERS__MOBILE__{key.upper()}"] = str(value)
    return environment


def make_house(folder: Path) -> dict[str, str]:
    """A working folder with three carriers and no quiet hours. Returns the environment to run commands in."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XINQIAO")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}  # this tree's program, wherever we are called from
    subprocess.run(
        [sys.executable, "-m", "gateway", "init", str(folder)], env=environment, check=True, capture_output=True
    )
    file = folder / "xinqiao.toml"
    words = file.read_text(encoding="utf-8")
    file.write_text(words.replace('"20:30"', '"03:00"').replace('"08:30"', '"03:00"'), encoding="utf-8")
    return environment


def password(folder: Path) -> str:
    """What the folder's account logs in with."""
    return (folder / "keys" / "mobile.password").read_text(encoding="utf-8").strip()


def program(folder: Path) -> list[str]:
    """The program on a working folder."""
    return [sys.executable, "-m", "gateway", "-C", str(folder)]


def xinqiao(folder: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """Run a command of the program."""
    done = subprocess.run(
        [*program(folder), *arguments], env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    if done.returncode:
        raise SystemExit(f"xinqiao {' '.join(arguments)}: {done.stderr or done.stdout}")
    return done.stdout


def enrol(folder: Path, environment: Mapping[str, str], people: int) -> None:
    """A roster of so many invented people."""
    xinqiao(folder, environment, "roster", "generate", str(folder / "r.xlsx"), "--accepted", str(people))
    xinqiao(folder, environment, "roster", "import", str(folder / "r.xlsx"), "--apply")


def numbers(folder: Path, count: int) -> list[str]:
    """The numbers of the first so many on the roster, as a carrier writes them."""
    vault = Vault(read_keys(load(folder, {})))
    with opened(folder) as database, database.read() as tx:
        return [member.phone.removeprefix("+") for member in members(tx, vault, limit=count)]


def plan(folder: Path, text: str, carriers: Sequence[str] = ("mobile",)) -> float:
    """Draft and approve a notice with the program's own functions; seconds until all is accepted and committed."""
    settings = load(folder, {})
    keys, now = read_keys(settings), datetime.now(UTC)
    vault = Vault(keys)
    body = settings.values.signature + text
    with opened(folder) as database:
        with database.write() as tx:
            one = notices.draft(
                tx, title="", topic="教育", body=body, audience=Audience(), author="a", now=now, validity_hours=24
            )
        began = time.perf_counter()
        with database.write() as tx:
            notices.approve(tx, vault, one.id, "b", None, list(carriers), 0, now)
            audit.record(tx, keys.seal, "b", "notice.approve", f"notice {one.id}", {}, now)
        return time.perf_counter() - began


def send(folder: Path) -> None:
    """Send that notice. Not by the command: its process would still be ending while the daemon is measured."""
    with opened(folder) as database, database.write() as tx:
        notices.send(tx, 1, datetime.now(UTC), datetime.now(UTC))


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """The folder's store."""
    database = Database(load(folder, {}).store_url())
    try:
        yield database
    finally:
        database.close()


def ask(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Read the store from outside."""
    store = sqlite3.connect(f"file:{folder / 'xinqiao.db'}?mode=ro", uri=True)
    try:
        return store.execute(query).fetchall()
    finally:
        store.close()


def parts(folder: Path) -> Counter[str]:
    """How many parts stand in each state."""
    return Counter(dict(ask(folder, "SELECT state, count(*) FROM part GROUP BY state")))


# --------------------------------------------------------------------------------------------------------- processes


class Simulator:
    """The simulated carrier as a process of its own; `behaviour` is what its script says besides the account."""

    def __init__(self, folder: Path, environment: Mapping[str, str], password: str, behaviour: str = FAST) -> None:
        script = folder / "script.toml"
        script.write_text(
            f'[[carrier]]\nname = "mobile"\naccess_number = "{ACCESS_NUMBER}"\n{behaviour}\n'
            f'[carrier.accounts]\nxinqiao = "{password}"\n',
            encoding="utf-8",
        )
        self.log = folder / "carrier.log"
        self._command = [*pinned(CARRIER_CORE), *program(folder), "simulate", "carrier", "--script", str(script)]
        self._environment = environment

    def __enter__(self) -> "Simulator":
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline())
        self.control, self.ports = ports["control"], ports["carriers"]
        self.port = self.ports["mobile"]
        return self

    def __exit__(self, *_: object) -> None:
        end(self._process)

    def tell(self, **command: Any) -> dict[str, Any]:
        """An order to the carrier."""
        answer = order(self.control, command)
        if not answer["ok"]:
            raise SystemExit(f"the simulated carrier: {answer['error']}")
        return answer

    def counts(self) -> dict[str, Any]:
        """What it saw."""
        counts: dict[str, Any] = self.tell(do="status")["carriers"]["mobile"]
        return counts


class Gateway:
    """Our daemon as a process of its own. `carrier_port` is where its one carrier listens."""

    def __init__(self, folder: Path, environment: Mapping[str, str], carrier_port: int, pin: bool = True) -> None:
        self.folder = folder
        self._pin = pinned(GATEWAY_CORE) if pin else []
        self.environment = {**environment, "XINQIAO__CARRIERS__MOBILE__PORT": str(carrier_port)}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Gateway":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; it is not bound yet."""
        with (self.folder / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._pin, *program(self.folder), "run"], env=self.environment, stderr=log
            )

    def stop(self) -> None:
        """End it as its people do."""
        if self._process is not None:
            end(self._process)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    @property
    def pids(self) -> list[int]:
        """Its processes."""
        return [self._process.pid] if self._process is not None else []


def end(process: subprocess.Popen[bytes], patience: float = 30.0) -> None:
    """End one process that we started: asked first, then made to."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
    if process.stdin is not None:
        process.stdin.close()


def pinned(core: int) -> list[str]:
    """Run on one core, where there are two."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


def cpu(pids: Iterable[int]) -> float:
    """Seconds of processor time that processes have used."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)  # clock_getcpuclockid(3): all threads, nanoseconds


def memory(pids: Iterable[int], peak: bool = False) -> float:
    """Resident MiB of processes, now or at their highest."""
    key, total = ("VmHWM:" if peak else "VmRSS:"), 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                total += int(line.split()[1])
    return total / 1024


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(holds: Callable[[], object], patience: float = PATIENCE, every: float = 0.1) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("took too long")
        time.sleep(every)


# ----------------------------------------------------------------------------------------------------------- figures


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure, over all runs."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
