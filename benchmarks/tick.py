"""Where does the time of a tick go? The tick alone, without daemon, network and carrier, by what it does.

A notice to 10,153 people (or a third of them in three parts) goes through the real tick and store (SQLite,
synchronous=FULL): so many parts at a time are submitted, answered with the next tick, and reported on with the one
after. Processor time of its thread in us per part; the best of several runs, because whatever else the machine does
can only add to it.

usage: tick.py [--at-a-time 10 50 100] [--parts 1] [--runs 3]
"""

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

import stage
from carriers.events import DeliveryReceipt, ReceiptState, SubmitAnswered, Verdict
from gateway import case_desk, lease, outbox, receipts, resources, settling
from gateway.cli.desk import read_keys
from gateway.compose import Composer
from gateway.database import Database
from gateway.inbox import Inbox
from gateway.rerouting import Routes
from gateway.settings import load
from gateway.settling import Answer
from gateway.tick import Arrivals, Room, Tick
from roster import store
from roster.vault import Vault
from stage import LONG, PEOPLE, TEXT

LEASE_MS = 3_600_000
STEPS: tuple[tuple[Any, str, str], ...] = (
    (settling, "settle_answers", "answers settled"),
    (receipts, "settle", "receipts matched and filed"),
    (outbox, "claim", "parts claimed, intents recorded"),
    (store, "phones", "numbers looked up and unsealed"),
    (Composer, "compose", "PDUs made, with the numbers"),
    (DefaultDialect, "do_commit", "COMMIT"),
    (Tick, "sync", "sync, not counted in the tick: it goes on beside the next"),
    (Tick, "run", "the whole tick"),
)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--at-a-time", type=int, nargs="+", default=[10, 50, 100])
    options.add_argument("--parts", type=int, choices=(1, 3), default=1)
    options.add_argument("--runs", type=int, default=3)
    given = options.parse_args()
    spent: Counter[str] = Counter()
    for owner, name, step in STEPS:
        setattr(owner, name, _timed(getattr(owner, name), step, spent))
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        made = Path(top) / "made"
        stage.enrol(made, stage.make_folder(made, rate=0), PEOPLE // given.parts)
        stage.plan(made, TEXT if given.parts == 1 else LONG)
        stage.send(made)
        best: dict[int, dict[str, float]] = {}
        for run in range(given.runs):
            for count in given.at_a_time:
                folder = Path(shutil.copytree(made, Path(top) / f"{run}-{count}"))
                spent.clear()
                parts = broadcast(folder, count)
                one = {step: seconds / parts * 1e6 for step, seconds in spent.items()}
                best[count] = min(best.get(count, one), one, key=lambda figures: figures[STEPS[-1][2]])
    print(f"{'us of processor time per part, parts at a time:':<50}" + "".join(f"{count:>8}" for count in best))
    for _, _, step in STEPS:
        print(f"{step:<50}" + "".join(f"{figures[step]:>8.1f}" for figures in best.values()))


def _timed(work: Callable[..., Any], step: str, spent: Counter[str]) -> Callable[..., Any]:
    @wraps(work)
    def timed(*given: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return work(*given, **named)
        finally:
            spent[step] += time.thread_time() - began  # type: ignore[assignment]

    return timed


def broadcast(folder: Path, count: int) -> int:
    """All ticks of the folder's notice, `count` parts at a time. Returns how many parts were delivered."""
    settings = load(folder, {})
    database, vault = Database(settings.store_url()), Vault(read_keys(settings))
    profiles = resources.profiles(settings)
    inbox = Inbox(settings, vault, profiles, case_desk.Desk.from_settings(settings))
    with database.write() as tx:
        held = lease.take(tx, "benchmark:1", _now_ms(), LEASE_MS)
    composer = Composer(profiles, vault)
    routes = Routes.of(settings.values.carriers, profiles)
    tick = Tick(database, vault, held, LEASE_MS, inbox, composer, settings.zone(), settings.quiet_hours(), routes)
    session, sequence = (held.epoch << 24) + 1, 1
    answers: list[SubmitAnswered] = []
    reports: list[DeliveryReceipt] = []
    delivered, going = 0, True
    while going:
        came = Arrivals([Answer(session, one) for one in answers], [(session, one) for one in reports])
        outcome = tick.run({"mobile": came}, {"mobile": Room(session, sequence, count)}, _now_ms())
        tick.sync()
        delivered += len(reports)
        reports = [
            DeliveryReceipt(one.sequence, one.message_id, ReceiptState.DELIVERED, "000", "", b"") for one in answers
        ]
        answers = [
            SubmitAnswered(number, part_id, Verdict.ACCEPTED, 0, f"{number:08X}")
            for number, part_id, _ in outcome.submits.get("mobile", ())
        ]
        sequence += count
        going = bool(answers or reports)
    tick.close()
    database.close()
    if stage.parts(folder) != {"delivered": delivered}:
        raise SystemExit(f"delivered {delivered}, the store says {dict(stage.parts(folder))}")
    return delivered


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
