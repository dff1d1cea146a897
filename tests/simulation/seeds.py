"""Many seeds, on all cores: which of them break a promise, and which is the first that finds a planted bug."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import structlog

from tests.simulation.county import Template, forget, play
from tests.simulation.judge import Verdict, judge
from tests.simulation.planted import BUGS


def quiet() -> None:
    """What the gateway logs about the troubles that it is given is of no interest here."""
    structlog.configure(processors=[_drop])


def _drop(*_: object) -> structlog.typing.ProcessorReturnValue:
    raise structlog.DropEvent


def judged(template: Template, seed: int, tell: bool = False) -> Verdict:
    """Play a seed and judge it; `tell` prints what happened."""
    county, story = play(template, seed)
    try:
        verdict = judge(county)
        verdict.counts["crashes"] += story.crashes
    finally:
        forget(county)
    if tell:
        print("\n".join(story.events))
    return verdict


def all_judged(seeds: Iterable[int]) -> Iterator[tuple[int, Verdict]]:
    """Every seed with its verdict, in order."""
    seeds = list(seeds)
    with _processes() as pool:
        yield from zip(seeds, pool.map(_one, seeds, chunksize=5), strict=True)


def found_by(most: int) -> Iterator[tuple[str, int | None, str]]:
    """For each planted bug: its name, the first seed below `most` that finds it (None: blind), and what it broke."""
    with _processes() as pool:
        yield from pool.map(_hunt, range(len(BUGS)), [most] * len(BUGS))


def totals(verdicts: Iterable[Verdict]) -> Counter[str]:
    """What happened in all of them together."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts += verdict.counts
    return counts


# ------------------------------------------------------------------------------------------------------ in a process


def _processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), initializer=quiet)


@cache
def _template() -> Template:
    """One working folder per process."""
    return Template(Path(_folder().name) / "county")


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="xinqiao-sim-")


def _one(seed: int) -> Verdict:
    return judged(_template(), seed)


def _hunt(number: int, most: int) -> tuple[str, int | None, str]:
    bug, template = BUGS[number], _template()
    with bug.planted():
        for seed in range(most):
            broken = judged(template, seed).broken
            if broken:
                return bug.name, seed, broken[0]
    return bug.name, None, ""
