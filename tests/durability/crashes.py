"""Is anything lost or doubled when the daemon is killed right before one of its writes, syncs or sends?"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tests.durability import strace
from tests.durability.load import Judgement, Load

CALLS = ("fdatasync", "pwrite64", "sendto")
AT_ONCE = 2  # a crash point mostly waits


class Point(NamedTuple):
    """The daemon is killed as it begins its nth such call."""

    call: str
    nth: int


class Crash(NamedTuple):
    """What came of a crash point. `reached` is False when this run made fewer such calls."""

    point: Point
    reached: bool
    judgement: Judgement


def points(made: Path, folder: Path) -> list[Point]:
    """All crash points of one undisturbed run of the load."""
    load = Load.of(made, folder)
    try:
        calls = folder / "calls"
        daemon = load.start_python(under=strace.counting(",".join(CALLS), calls))
        assert load.run_until(load.quiet, daemon)
        assert load.end(daemon) == 0
        assert load.judge().sound
        found = strace.counted(calls, daemon.pid)
    finally:
        load.close()
    return [Point(call, nth) for call in CALLS for nth in range(1, found[call] + 1)]


def crash(made: Path, folder: Path, point: Point) -> Crash:
    """Kill the daemon at this point, start it again, judge."""
    load = Load.of(made, folder)
    try:
        daemon = load.start_python(under=strace.breaking(point.call, "signal=KILL", str(point.nth)))
        if not load.run_until(load.quiet, daemon):
            load.findings.append("does not come to rest before the crash")
        reached = load.end(daemon) == -9
        return Crash(point, reached, load.settle_and_judge())
    finally:
        load.close()


def crashes(made: Path, work: Path, chosen: Sequence[Point]) -> Iterator[Crash]:
    """These crash points, a few at a time, each in a folder of its own."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda point: crash(made, work / f"{point.call}-{point.nth}", point), chosen)


def crashes_for_sure(made: Path, work: Path, chosen: Sequence[Point]) -> Iterator[Crash]:
    """The same, but a point that a run does not reach is moved to where half as many such calls were made.

    A run on a busy machine does more in one go, and so with fewer calls, than the run that counted them.
    """
    waiting = list(chosen)
    for attempt in count():
        done = list(crashes(made, work / str(attempt), waiting))
        yield from done
        waiting = [Point(one.point.call, one.point.nth // 2) for one in done if not one.reached and one.point.nth > 1]
        if not waiting:
            return


def sample(everything: Sequence[Point], how_many: int) -> list[Point]:
    """So many, evenly spread."""
    return [everything[(2 * i + 1) * len(everything) // (2 * how_many)] for i in range(how_many)]
