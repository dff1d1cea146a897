"""How fast is a durable broadcast, beside a peer and the floors, in one run on one machine?

Ours: the real daemon and store (SQLite, synchronous=FULL), 10,153 people over one link with window 100 and no
rate limit: intent committed before the wire, answer and receipt stored, receipt acknowledged after the commit.
The peer: aiosmpplib's own client with one synced commit per event. The floor: our session and codec alone, no
store. Gateway or peer on one core, the simulated carrier on another; medians of several runs.

usage: broadcast.py [--runs 3] [--people 10153] [--peer-messages 2000] [--json]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from carriers import smpp
from carriers.events import ReceiptState
from carriers.profile import CarrierProfile
from carriers.session import Session
from carriers.text import split
from gateway.cli.simulate import order

HERE = Path(__file__).parent
ROOT = HERE.parent
WINDOW = 100
TEXT = "明天上午九点在乡政府召开座谈会,请准时参加。"
LONG = TEXT * 7  # three parts
SCRIPT = """
[[carrier]]
name = "mobile"
access_number = "10657000001"
window = 400
receipt_delay = [0.01, 0.02]
[carrier.accounts]
xinqiao = "{password}"
"""


def main() -> None:
    """Run everything, print a table or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--people", type=int, default=10_153)
    options.add_argument("--peer-messages", type=int, default=2_000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    results: dict[str, list[dict[str, float]]] = {}
    for _ in range(given.runs):
        for name, measure in (
            ("gateway, 1 part", lambda: gateway(given.people, TEXT)),
            ("gateway, 3 parts", lambda: gateway(given.people // 3, LONG)),
            ("aiosmpplib + commit per event", lambda: peer(given.peer_messages)),
            ("floor: session and codec, no store", lambda: floor(given.people * 3)),
        ):
            results.setdefault(name, []).append(measure())
    medians = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in results.items()
    }
    if given.json:
        print(json.dumps(medians))
    else:
        table(medians)


def table(medians: dict[str, dict[str, float]]) -> None:
    """For people."""
    slow = medians["aiosmpplib + commit per event"]["rate"]
    print(f"{'':<38}{'parts/s':>10}{'CPU us/part':>13}{'beside the peer':>17}{'accepted in s':>15}")
    for name, one in medians.items():
        accepted = f"{one['accepted_s']:.2f}" if "accepted_s" in one else ""
        print(f"{name:<38}{one['rate']:>10,.0f}{one['cpu_us']:>13.1f}{one['rate'] / slow:>16.1f}x{accepted:>15}")


# --------------------------------------------------------------------------------------------------------------- ours


def gateway(people: int, text: str) -> dict[str, float]:
    """One broadcast with the real daemon; from its first intent to its last receipt."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = _folder(folder)
        with Simulator(folder, environment) as simulator:
            environment["XINQIAO__CARRIERS__MOBILE__PORT"] = str(simulator.port)
            _xinqiao(folder, environment, "roster", "generate", str(folder / "r.xlsx"), "--accepted", str(people))
            _xinqiao(folder, environment, "roster", "import", str(folder / "r.xlsx"), "--apply")
            accepted = _plan(folder, text)
            daemon = subprocess.Popen(
                [*_pinned(0), *_program(folder), "run"], env=environment, stderr=subprocess.DEVNULL
            )
            try:
                _until(lambda: order(simulator.control, {"do": "status"})["carriers"]["mobile"]["bound"])
                before = _cpu(daemon.pid)
                _xinqiao(folder, environment, "notice", "send", "1")
                _until(lambda: not _left(folder))
                cpu = _cpu(daemon.pid) - before
            finally:
                daemon.terminate()
                daemon.wait(30)
            counts = order(simulator.control, {"do": "status"})["carriers"]["mobile"]
            parts, seconds = _measured(folder)
            if counts["accepted_distinct"] != parts or counts["doubled"]:
                raise SystemExit(f"the carrier counted {counts}, the store {parts}")
    return {"rate": parts / seconds, "cpu_us": cpu / parts * 1e6, "accepted_s": accepted}


def _folder(folder: Path) -> dict[str, str]:
    """A working folder with one carrier, no rate, no quiet hours."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XINQIAO")}
    environment["PYTHONPATH"] = str(ROOT)
    subprocess.run(
        [sys.executable, "-m", "gateway", "init", str(folder)], env=environment, check=True, capture_output=True
    )
    file = folder / "xinqiao.toml"
    head, _, _ = file.read_text(encoding="utf-8").partition("[carriers.unicom]")
    file.write_text(head.replace('"20:30"', '"03:00"').replace('"08:30"', '"03:00"'), encoding="utf-8")
    for key, value in (("RATE", 0), ("WINDOW", WINDOW)):
        environment[f"XINQIAO__CARRIERS__MOBILE__{key}"] = str(value)
    return environment


def _plan(folder: Path, text: str) -> float:
    """Draft and approve with the program's own functions; seconds until everybody is accepted and committed."""
    from datetime import UTC, datetime

    from gateway import notices
    from gateway.cli.desk import read_keys
    from gateway.database import Database
    from gateway.settings import load
    from roster.audiences import Audience
    from roster.vault import Vault

    settings = load(folder, {})
    database = Database(settings.store_url())
    vault, now = Vault(read_keys(settings)), datetime.now(UTC)
    body = settings.values.signature + text
    with database.write() as tx:
        notices.draft(
            tx, title="", topic="教育", body=body, audience=Audience(), author="a", now=now, validity_hours=24
        )
    began = time.perf_counter()
    with database.write() as tx:
        notices.approve(tx, vault, 1, "b", None, ["mobile"], 0, now)
    seconds = time.perf_counter() - began
    database.close()
    return seconds


def _left(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(f"file:{folder / 'xinqiao.db'}?mode=ro", uri=True) as store:
        query = "SELECT count(*) FROM part WHERE state IN ('queued', 'sending', 'accepted', 'uncertain')"
        return int(store.execute(query).fetchone()[0])


def _measured(folder: Path) -> tuple[int, float]:
    """(parts delivered, seconds from the first intent to the last receipt stored)."""
    import sqlite3

    with sqlite3.connect(folder / "xinqiao.db") as store:
        parts = store.execute("SELECT count(*) FROM part WHERE state = 'delivered'").fetchone()[0]
        first = store.execute("SELECT min(intent_ms) FROM attempt").fetchone()[0]
        last = store.execute("SELECT max(received_ms) FROM receipt").fetchone()[0]
    return parts, (last - first) / 1000


# --------------------------------------------------------------------------------------------------------------- peer


def peer(messages: int) -> dict[str, float]:
    """aiosmpplib's client against the same simulated carrier."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = _folder(folder)
        with Simulator(folder, environment) as simulator:
            password = (folder / "keys" / "mobile.password").read_text(encoding="utf-8").strip()
            where = ["127.0.0.1", str(simulator.port), "xinqiao", password, str(messages), str(WINDOW), top]
            done = subprocess.run(
                [*_pinned(0), sys.executable, str(HERE / "naive_peer.py"), *where],
                env=environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=True,
            )
    told = json.loads(done.stdout)
    return {"rate": messages / told["seconds"], "cpu_us": told["cpu_seconds"] / messages * 1e6}


# -------------------------------------------------------------------------------------------------------------- floor


def floor(messages: int) -> dict[str, float]:
    """Our end of the session alone: submit, answer, receipt, acknowledgement, in memory."""
    profile = CarrierProfile(
        name="m", label="", protocol="smpp", host="", port=1, account="u", password="p", access_number="1069",
        rate=0, window=WINDOW,
    )  # fmt: skip
    ours, theirs = Session.gateway(profile), Session.carrier(window=1000)
    ours.connected(0.0)
    theirs.connected(0.0)
    theirs.admit(theirs.receive(ours.data_to_send(), 0.0)[0].answer)  # type: ignore[union-attr]
    ours.receive(theirs.data_to_send(), 0.0)
    text = split(TEXT)
    template = smpp.submit_template(profile, "1069", text.bodies[0], text.coding, None)
    receipt = smpp.encode_receipt("ABCDEF01", "8613800000001", "1069", ReceiptState.DELIVERED)
    spent, done = 0.0, 0
    while done < messages:
        began = time.perf_counter()
        first = ours.reserve(WINDOW)
        ours.submit([(n, n, template.pdu(n, "8613800000001", 1)) for n in range(first, first + WINDOW)], 1.0)
        out = ours.data_to_send()
        spent += time.perf_counter() - began
        for event in theirs.receive(out, 1.0):
            theirs.answer_submit(event.answer, 0, "ABCDEF01")  # type: ignore[union-attr]
            theirs.deliver(1, receipt, 1.0)
        back = theirs.data_to_send()
        began = time.perf_counter()
        events: list[Any] = ours.receive(back, 1.0)
        ours.accept([event.answer for event in events if hasattr(event, "answer")])
        out = ours.data_to_send()
        spent += time.perf_counter() - began
        theirs.receive(out, 1.0)
        done += WINDOW
    return {"rate": done / spent, "cpu_us": spent / done * 1e6}


# -------------------------------------------------------------------------------------------------------------- stage


class Simulator:
    """The simulated carrier on the second core."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, environment

    def __enter__(self) -> "Simulator":
        script = self._folder / "script.toml"
        password = (self._folder / "keys" / "mobile.password").read_text(encoding="utf-8").strip()
        script.write_text(SCRIPT.format(password=password), encoding="utf-8")
        self._process = subprocess.Popen(
            [*_pinned(1), *_program(self._folder), "simulate", "carrier", "--script", str(script)],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline())
        self.control, self.port = ports["control"], ports["carriers"]["mobile"]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _program(folder: Path) -> list[str]:
    return [sys.executable, "-m", "gateway", "-C", str(folder)]


def _xinqiao(folder: Path, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([*_program(folder), *arguments], env=environment, check=True, capture_output=True)


def _pinned(core: int) -> list[str]:
    """Run on one core, where there are two."""
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("took too long")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
