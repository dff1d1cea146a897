"""How soon is the gateway bound, what does it cost while nothing happens, how much memory does a broadcast take?

From the start of its process to the carrier's answer to the login (and how much of that Python needs to load the
libraries alone); processor time over half a minute without traffic; the highest resident memory while a notice goes to
10,153 people. Beside it Kannel, where it is installed: bearerbox and smsbox together. Medians of several starts.

usage: footprint.py [--starts 5] [--idle 30] [--people 10153]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from faulty_carrier import FaultyCarrier

import stage
from peers import kannel

IMPORTS = (
    "import asyncio; from twisted.internet import asyncioreactor; asyncioreactor.install(asyncio.new_event_loop()); "
    "import gateway.cli.run, gateway.daemon, gateway.pump, carriers.link"
)


def main() -> None:
    """Run everything, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--starts", type=int, default=5)
    options.add_argument("--idle", type=float, default=30.0)
    options.add_argument("--people", type=int, default=stage.PEOPLE)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder, rate=0, window=100)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once, and not here
        environment["PYTHONPYCACHEPREFIX"] = str(Path(top) / "compiled")
        found = {"Xinqiao": ours(folder, environment, given.starts, given.idle)}
        found["Xinqiao"]["broadcast_mib"] = broadcast(folder, environment, given.people)
        found["loading Python and its libraries alone"] = loading(environment, given.starts)
        if kannel.installed():
            found["Kannel, spool"] = beside(Path(top), given.starts, given.idle, given.people)
        else:
            print(kannel.MISSING, file=sys.stderr)
    print(f"{'':<42}{'bound after s':>14}{'CPU s':>8}{'idle CPU %':>12}{'idle MiB':>10}{'broadcast MiB':>15}")
    for name, one in found.items():
        shown = [f"{one[key]:.2f}" if key in one else "" for key in ("bound_s", "cpu_s", "idle_percent")]
        shown += [f"{one[key]:.0f}" if key in one else "" for key in ("idle_mib", "broadcast_mib")]
        print(f"{name:<42}{shown[0]:>14}{shown[1]:>8}{shown[2]:>12}{shown[3]:>10}{shown[4]:>15}")


def ours(folder: Path, environment: dict[str, str], starts: int, idle: float) -> dict[str, float]:
    """Our daemon against a carrier in this process: the first start, which compiles, does not count."""
    carrier = FaultyCarrier()
    runs = []
    for _ in range(starts + 1):
        daemon = stage.Gateway(folder, environment, carrier.port)
        runs.append(_started(carrier, daemon.start, lambda daemon=daemon: daemon.pids))  # type: ignore[misc]
        daemon.stop()
    with stage.Gateway(folder, environment, carrier.port) as daemon:
        stage.until(lambda: carrier.bound)
        found = stage.medians(runs[1:]) | _idle(daemon.pids, idle)
    carrier.close()
    return found


def beside(top: Path, starts: int, idle: float, people: int) -> dict[str, float]:
    """Kannel against the same carrier."""
    carrier = FaultyCarrier()
    runs = []
    for n in range(starts):
        other = kannel.Kannel(top / f"kannel{n}", carrier.port, spool=True)
        runs.append(_started(carrier, other.start, lambda other=other: other.pids))  # type: ignore[misc]
        other.stop()
    with kannel.Kannel(top / "kannel", carrier.port, spool=True) as other:
        stage.until(lambda: carrier.bound)
        found = stage.medians(runs) | _idle(other.pids, idle)
        numbers = [f"861380{n:07d}" for n in range(people)]
        other.send(numbers, "【肥乡双向沟通办】" + stage.TEXT, mask=kannel.DELIVERED | kannel.FAILED)
        stage.until(lambda: len(other.ear.receipts) >= people)
        found["broadcast_mib"] = stage.memory(other.pids, peak=True)
    carrier.close()
    return found


def _started(carrier: FaultyCarrier, start: Callable[[], None], pids: Callable[[], list[int]]) -> dict[str, float]:
    """Seconds, and processor seconds, until the carrier has answered the login."""
    stage.until(lambda: not carrier.bound, every=0.001)
    before, began = len(carrier.logins), time.monotonic()
    start()
    stage.until(lambda: len(carrier.logins) > before and carrier.bound, every=0.001)
    return {"bound_s": carrier.logins[before] - began, "cpu_s": stage.cpu(pids())}


def _idle(pids: list[int], seconds: float) -> dict[str, float]:
    """What it costs while nothing happens, from two seconds after the login."""
    time.sleep(2.0)
    before = stage.cpu(pids)
    time.sleep(seconds)
    return {"idle_percent": (stage.cpu(pids) - before) / seconds * 100, "idle_mib": stage.memory(pids)}


def broadcast(folder: Path, environment: dict[str, str], people: int) -> float:
    """Highest resident MiB of our daemon while a notice of one part goes to so many."""
    with stage.Simulator(folder, environment, stage.password(folder)) as simulator:
        stage.enrol(folder, environment, people)
        stage.plan(folder, stage.TEXT)
        with stage.Gateway(folder, environment, simulator.port) as daemon:
            stage.until(lambda: simulator.counts()["bound"])
            stage.xinqiao(folder, environment, "notice", "send", "1")
            stage.until(lambda: stage.parts(folder)["delivered"] >= people)
            return stage.memory(daemon.pids, peak=True)


def loading(environment: dict[str, str], starts: int) -> dict[str, float]:
    """Python with the libraries that the daemon loads, and nothing done with them."""
    runs: list[tuple[float, float]] = []
    for _ in range(starts):
        before, began = os.times(), time.monotonic()
        command = [*stage.pinned(stage.GATEWAY_CORE), sys.executable, "-c", IMPORTS]
        subprocess.run(command, env=environment, check=True)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        runs.append((time.monotonic() - began, spent))
    return {"bound_s": median(run[0] for run in runs), "cpu_s": median(run[1] for run in runs)}


if __name__ == "__main__":
    main()
