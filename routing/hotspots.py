"""Where which topic is rising: the last four weeks compared with the eight before (一题一专项).

A spot counts what was reported there, merged reports among them: that many write about the same is what makes it hot.
Of hundreds of spots some rise by chance every month, so a rise must be less likely than one in twenty over all of them.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LATELY, BEFORE = timedelta(weeks=4), timedelta(weeks=8)
LEAST = 3  # reports in the last four weeks below which nothing is called a hot spot
RISE = 2.0  # times as many as in four weeks before
CHANCE = 0.05  # that any spot at all is called hot though nothing has changed


@dataclass(frozen=True, slots=True)
class Report:
    """A case as a sign of something: when, about what, where."""

    number: str
    at: datetime
    topic: str
    place: str


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place with a topic that is rising. `before` are the eight weeks before the last four."""

    place: str
    topic: str
    lately: int
    before: int
    cases: tuple[str, ...]  # of the last four weeks, oldest first

    @property
    def usual(self) -> float:
        """Reports in four weeks before."""
        return self.before * (LATELY / BEFORE)


def rising(reports: Iterable[Report], now: datetime) -> tuple[HotSpot, ...]:
    """The hot spots at a moment, the steepest first."""
    lately: dict[tuple[str, str], list[Report]] = {}
    before: dict[tuple[str, str], int] = {}
    for one in reports:
        spot = (one.place, one.topic)
        if not all(spot):
            continue
        if now - LATELY < one.at <= now:
            lately.setdefault(spot, []).append(one)
        elif now - LATELY - BEFORE < one.at <= now - LATELY:
            before[spot] = before.get(spot, 0) + 1
    found = [
        HotSpot(*spot, len(several), before.get(spot, 0), tuple(one.number for one in sorted(several, key=_when)))
        for spot, several in lately.items()
    ]
    spots = len(lately.keys() | before.keys())
    average = sum(before.values()) * (LATELY / BEFORE) / spots if spots else 0.0
    hot = (
        one
        for one in found
        if one.lately >= max(LEAST, RISE * one.usual) and chance(one.lately, max(one.usual, average)) * spots < CHANCE
    )
    return tuple(sorted(hot, key=lambda one: (one.usual - one.lately, one.place, one.topic)))


def chance(reports: int, usual: float) -> float:
    """How likely so many reports or more are where `usual` is usual (Poisson)."""
    exactly, fewer = math.exp(-usual), 0.0
    for n in range(1, reports + 1):
        fewer += exactly
        exactly *= usual / n
    return max(0.0, 1 - fewer)


def _when(one: Report) -> tuple[datetime, str]:
    return one.at, one.number
