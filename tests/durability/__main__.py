"""`python -m tests.durability`: crash points, power cuts and faults of the real daemon, as a table.

Exit status 1 when anything is lost, doubled or corrupt, or when a planted fault is not found.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.durability import crashes, load, powercuts, strace
from tests.durability.faults import FAULTS
from tests.durability.load import Judgement


class Row(NamedTuple):
    """A line of the table."""

    what: str
    points: int
    lost: int
    doubled: int
    corrupt: int
    sound: bool


def programme(work: Path, every: int, images: int, seed: int, tell: Console) -> Iterator[Row]:
    """Everything, in the order of the table."""
    made = work / "made"
    load.prepare(made)
    everything = crashes.points(made, work / "count")
    for call in crashes.CALLS:
        chosen = [point for point in everything if point.call == call][seed % every :: every]
        yield _crashes(call, made, work, chosen, tell)
    for variant, must_lose in (
        ("", False),
        ("small-log", False),
        ("normal", True),
        ("acknowledge-first", True),
        ("write-first", True),
    ):
        yield _cuts(made, work, variant, images, seed, must_lose, tell)
    for i, (name, fault) in enumerate(FAULTS.items()):
        yield _row(name, [fault(made, work / f"fault-{i}")], tell)


def _crashes(call: str, made: Path, work: Path, chosen: list[crashes.Point], tell: Console) -> Row:
    judged = []
    for one in crashes.crashes(made, work, chosen):
        judged.append(one.judgement)
        tell.print(f"  {one.point.call} {one.point.nth}{'' if one.reached else ' not reached'}", end="\r")
        if not one.judgement.sound:
            tell.print(f"  {one.point}: {one.judgement.remarks}")
    return _row(f"killed before {call}", judged, tell)


def _cuts(made: Path, work: Path, variant: str, images: int, seed: int, must_lose: bool, tell: Console) -> Row:
    name = variant or "gateway"
    place = work / f"images-{name}"
    place.mkdir()
    found = list(powercuts.cuts(powercuts.record(made, work / f"run-{name}", variant), place, seed, images))
    lost, corrupt = sum(bool(cut.lost) for cut in found), sum(bool(cut.corrupt) for cut in found)
    if not must_lose:
        for cut in found:
            if cut.lost or cut.corrupt:
                tell.print(f"  {cut}")
    note = " (planted: must lose)" if must_lose else ""
    return Row(
        f"power cut, {name}{note}", len(found), lost, 0, corrupt, bool(lost) if must_lose else not lost + corrupt
    )


def _row(what: str, judged: list[Judgement], tell: Console) -> Row:
    for one in judged:
        if not one.sound:
            tell.print(f"  {what}: {one.remarks}")
    return Row(
        what,
        len(judged),
        sum(one.lost for one in judged),
        sum(one.doubled for one in judged),
        sum(one.corrupt for one in judged),
        all(one.sound for one in judged),
    )


def main() -> int:
    """Run it and print the table."""
    options = argparse.ArgumentParser(prog="python -m tests.durability", description=__doc__)
    options.add_argument("--all", action="store_true", help="every crash point and 5000 images (more than an hour)")
    options.add_argument("--every", type=int, default=40, help="every so manieth crash point")
    options.add_argument("--images", type=int, default=500, help="power cuts of each recording")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    console = Console()
    if strace.missing():
        console.print(strace.missing())
        return 1
    every, images = (1, 5000) if given.all else (given.every, given.images)
    table = Table("", "points", "lost", "doubled", "corrupt", "", title=f"seed {given.seed}")
    sound = True
    with tempfile.TemporaryDirectory(prefix="xinqiao-") as work:
        for row in programme(Path(work), every, images, given.seed, console):
            console.print(f"{row.what}: {'sound' if row.sound else 'NOT SOUND'}")
            table.add_row(*map(str, row[:-1]), "ok" if row.sound else "WRONG")
            sound = sound and row.sound
    console.print(table)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
