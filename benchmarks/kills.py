"""What does `kill -9`, twenty times in one broadcast, lose, double, and leave in doubt?

A notice goes to 10,153 people at a thousand a second; the gateway is killed at moments that a seed draws, and started
again. The judge is the simulated carrier, which counts what it accepted, by recipient. Every part in doubt that the
carrier had accepted should be settled by its receipt; the others never reached it and wait for an operator.

usage: kills.py [--kills 20] [--people 10153] [--seed 1]
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import stage

BEHAVIOUR = "window = 400\nreceipt_delay = [0.05, 0.3]\nredeliver_after = 2.0"


def main() -> None:
    """Run it, print what became of everything."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--people", type=int, default=stage.PEOPLE)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    for what, count in measure(given.people, given.kills, random.Random(given.seed)).items():
        print(f"{what:<28}{count:>8,}")


def measure(people: int, kills: int, chance: random.Random) -> dict[str, int]:
    """The real daemon and store."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder, rate=1000, window=100)
        with stage.Simulator(folder, environment, stage.password(folder), BEHAVIOUR) as simulator:
            stage.enrol(folder, environment, people)
            stage.plan(folder, stage.TEXT)
            daemon = stage.Gateway(folder, environment, simulator.port)
            daemon.start()
            stage.until(lambda: simulator.counts()["bound"])
            stage.xinqiao(folder, environment, "notice", "send", "1")
            killed = _killed(daemon, simulator, people, kills, chance)
            stage.until(lambda: _rested(folder, simulator), patience=300, every=0.5)
            daemon.stop()
            seen, states = simulator.counts(), stage.parts(folder)
        [(doubts,)] = stage.ask(folder, "SELECT count(DISTINCT part_id) FROM attempt WHERE outcome = 'uncertain'")
        stage.xinqiao(folder, environment, "fsck")
    lost = people - states["delivered"] - states["uncertain"] + seen["accepted_distinct"] - states["delivered"]
    return {
        "killed": killed,
        "lost": lost,
        "doubled": seen["doubled"],
        "in doubt": doubts,
        "settled by receipt": doubts - states["uncertain"],
        "never reached the carrier": states["uncertain"],
    }


def _killed(daemon: stage.Gateway, simulator: stage.Simulator, people: int, kills: int, chance: random.Random) -> int:
    """Kill and start again while the broadcast runs. How often."""
    killed = 0
    while killed < kills and simulator.counts()["accepted_distinct"] < people:
        before = simulator.counts()["submits"]
        _wait(lambda before=before: simulator.counts()["submits"] > before, 20)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.4))
        daemon.kill()
        killed += 1
        daemon.start()
        stage.until(lambda: simulator.counts()["bound"], every=0.02)
    return killed


def _wait(holds: Callable[[], object], seconds: float) -> None:
    """Until it is so, or long enough."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)


def _rested(folder: Path, simulator: stage.Simulator) -> bool:
    """Nothing is under way any more."""
    seen, states = simulator.counts(), stage.parts(folder)
    return (
        not states["queued"] + states["sending"] + states["accepted"]
        and not seen["receipts_outstanding"]
        and states["delivered"] >= seen["accepted_distinct"]
    )


if __name__ == "__main__":
    main()
