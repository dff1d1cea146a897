"""How fast is a durable broadcast, beside the peers and the floor, in one run on one machine?

Ours: the real daemon and store (SQLite, synchronous=FULL), 10,153 people over one link with window 100 and no
rate limit: intent committed before the wire, answer and receipt stored, receipt acknowledged after the commit.
Kannel, where it is installed: window 200, without a store and with its spool (which it never syncs); everything is
accepted while the carrier stalls, then the carrier goes on and the time runs until the application has the last
receipt. aiosmpplib: its own client with one synced commit per event. The floor: our session and codec alone, no
store. Gateway or peer on one core, the simulated carrier on another; medians of several runs.

usage: broadcast.py [--runs 3] [--people 10153] [--peer-messages 2000] [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import stage
from carriers.text import parts_of
from dialects import WINDOW, floor
from peers import kannel
from stage import LONG, TEXT

HERE = Path(__file__).parent
PEER = "aiosmpplib + commit per event"


def main() -> None:
    """Run everything, print a table or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--people", type=int, default=stage.PEOPLE)
    options.add_argument("--peer-messages", type=int, default=2_000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    people = given.people
    measures: dict[str, Callable[[], dict[str, float]]] = {
        "gateway, 1 part": lambda: gateway(people, TEXT),
        "gateway, 3 parts": lambda: gateway(people // 3, LONG),
        "Kannel, no store, 1 part": lambda: beside(people, TEXT, spool=False),
        "Kannel, no store, 3 parts": lambda: beside(people // 3, LONG, spool=False),
        "Kannel, spool, 1 part": lambda: beside(people, TEXT, spool=True),
        "Kannel, spool, 3 parts": lambda: beside(people // 3, LONG, spool=True),
        PEER: lambda: peer(given.peer_messages),
        "floor: session and codec, no store": lambda: floor("smpp", people * 3),
    }
    if not kannel.installed():
        print(kannel.MISSING, file=sys.stderr)
        measures = {name: measure for name, measure in measures.items() if not name.startswith("Kannel")}
    results: dict[str, list[dict[str, float]]] = {}
    for _ in range(given.runs):
        for name, measure in measures.items():
            results.setdefault(name, []).append(measure())
    medians = {name: stage.medians(runs) for name, runs in results.items()}
    if given.json:
        print(json.dumps(medians))
    else:
        table(medians)


def table(medians: dict[str, dict[str, float]]) -> None:
    """For people."""
    slow = medians[PEER]["rate"]
    print(f"{'':<38}{'parts/s':>10}{'CPU us/part':>13}{'beside aiosmpplib':>19}{'accepted in s':>15}")
    for name, one in medians.items():
        accepted = f"{one['accepted_s']:.2f}" if "accepted_s" in one else ""
        print(f"{name:<38}{one['rate']:>10,.0f}{one['cpu_us']:>13.1f}{one['rate'] / slow:>18.1f}x{accepted:>15}")


# --------------------------------------------------------------------------------------------------------------- ours


def gateway(people: int, text: str) -> dict[str, float]:
    """One broadcast with the real daemon; from its first intent to its last receipt."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder, rate=0, window=WINDOW)
        with stage.Simulator(folder, environment, stage.password(folder)) as simulator:
            stage.enrol(folder, environment, people)
            accepted = stage.plan(folder, text)
            with stage.Gateway(folder, environment, simulator.port) as daemon:
                stage.until(lambda: simulator.counts()["bound"])
                before = stage.cpu(daemon.pids)
                stage.send(folder)
                stage.until(lambda: not left(folder))
                cpu = stage.cpu(daemon.pids) - before
            counts = simulator.counts()
            parts, seconds = measured(folder)
            if counts["accepted_distinct"] != parts or counts["doubled"]:
                raise SystemExit(f"the carrier counted {counts}, the store {parts}")
    return {"rate": parts / seconds, "cpu_us": cpu / parts * 1e6, "accepted_s": accepted}


def left(folder: Path) -> int:
    """How many parts are still under way."""
    states = stage.parts(folder)
    return sum(states[state] for state in ("queued", "sending", "accepted", "uncertain"))


def measured(folder: Path) -> tuple[int, float]:
    """(parts delivered, seconds from the first intent to the last receipt stored)."""
    [(first,)] = stage.ask(folder, "SELECT min(intent_ms) FROM attempt")
    [(last,)] = stage.ask(folder, "SELECT max(received_ms) FROM receipt")
    return stage.parts(folder)["delivered"], (last - first) / 1000


# -------------------------------------------------------------------------------------------------------------- peers


def beside(people: int, text: str, *, spool: bool) -> dict[str, float]:
    """Kannel: the same people, text and carrier. It asks for the receipt of one part of a long text."""
    numbers, body = [f"861380{n:07d}" for n in range(people)], "【肥乡双向沟通办】" + text
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder)
        password = stage.password(folder)
        with (
            stage.Simulator(folder, environment, password) as simulator,
            kannel.Kannel(Path(top) / "kannel", simulator.port, password=password, spool=spool) as other,
        ):
            stage.until(lambda: simulator.counts()["bound"])
            simulator.tell(do="stall")
            cpu, began = stage.cpu(other.pids), time.monotonic()
            other.send(numbers, body, mask=kannel.DELIVERED | kannel.FAILED)
            accepted = time.monotonic() - began
            began = time.monotonic()
            simulator.tell(do="resume")
            stage.until(lambda: len(other.ear.receipts) >= people, every=0.01)
            seconds = time.monotonic() - began
            cpu = stage.cpu(other.pids) - cpu
            counts = simulator.counts()
    if counts["submits"] != people * parts_of(body) or counts["doubled"]:
        raise SystemExit(f"the carrier counted {counts}, for {people} people")
    return {"rate": counts["submits"] / seconds, "cpu_us": cpu / counts["submits"] * 1e6, "accepted_s": accepted}


def peer(messages: int) -> dict[str, float]:
    """aiosmpplib's client against the same simulated carrier."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder)
        password = stage.password(folder)
        with stage.Simulator(folder, environment, password) as simulator:
            where = ["127.0.0.1", str(simulator.port), "xinqiao", password, str(messages), str(WINDOW), top]
            done = subprocess.run(
                [
                    *stage.pinned(stage.GATEWAY_CORE),
                    sys.executable,
                    str(HERE / "peers" / "aiosmpplib_synced.py"),
                    *where,
                ],
                env=environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=True,
            )
    told = json.loads(done.stdout)
    return {"rate": messages / told["seconds"], "cpu_us": told["cpu_seconds"] / messages * 1e6}


if __name__ == "__main__":
    main()
