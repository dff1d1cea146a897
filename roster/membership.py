"""Who was on the roster on which day, and who came and went: read off dated rows that are only ever added to.

A row is written when somebody joins, leaves, returns or moves to another category or township, at the moment it is done
and never for an earlier one. So the figures of a past day are the same for ever.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

JOINED, RETURNED, MOVED, LEFT = "joined", "returned", "moved", "left"

WHY_LEFT = {
    "away": "外出迁走",
    "wish": "本人要求",
    "died": "去世",
    "empty": "空号",
    "suspended": "停机",
    "recycled": "号码易主",
    "unrenewed": "续聘未答复",
    "declined": "续聘不再担任",
    "other": "其他",
}
"""Why somebody left, by what the store keeps."""


class Change(NamedTuple):
    """One row. `category` and `township` are what holds after it."""

    on: date  # in the office's time
    person_id: int
    event: str
    why: str  # a key of WHY_LEFT when they left, else ""
    category: str
    township: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An informant on the roster at the end of a day."""

    category: str
    township: str
    since: date  # joined or returned


def standing(changes: Iterable[Change], day: date) -> dict[int, Standing]:
    """Who was on the roster at the end of this day, by person. `changes` are in the order in which they were made."""
    found: dict[int, Standing] = {}
    for one in changes:
        if one.on > day:
            continue
        if one.event == LEFT:
            found.pop(one.person_id, None)
        else:
            since = found[one.person_id].since if one.event == MOVED and one.person_id in found else one.on
            found[one.person_id] = Standing(one.category, one.township, since)
    return found


@dataclass(frozen=True, slots=True)
class Month:
    """What a month did to the roster, or the part of it that lies in the period asked for."""

    year: int
    month: int
    before: int  # on the roster when it began
    joined: int = 0
    returned: int = 0
    left: Mapping[str, int] = field(default_factory=dict)  # by why
    opted_out: int = 0  # no more notices; they stay on the roster
    opted_in: int = 0

    @property
    def after(self) -> int:
        """On the roster when it ended: it always adds up."""
        return self.before + self.joined + self.returned - sum(self.left.values())


def churn(
    changes: Sequence[Change], consents: Iterable[tuple[date, str]], first: date, last: date
) -> tuple[Month, ...]:
    """Month by month from `first` to `last`, both included. `consents` are (day, "opt_out" or "opt_in")."""
    events: dict[tuple[int, int], Counter[str]] = {}
    whys: dict[tuple[int, int], Counter[str]] = {}
    for one in changes:
        if first <= one.on <= last:
            within = (one.on.year, one.on.month)
            events.setdefault(within, Counter())[one.event] += 1
            if one.event == LEFT:
                whys.setdefault(within, Counter())[one.why] += 1
    for on, action in consents:
        if first <= on <= last:
            events.setdefault((on.year, on.month), Counter())[action] += 1
    before = len(standing((one for one in changes if one.on < first), first))
    found = []
    for year, month in _months(first, last):
        of = events.get((year, month), Counter())
        left = {why: whys.get((year, month), Counter())[why] for why in WHY_LEFT}
        told = Month(
            year,
            month,
            before,
            of[JOINED],
            of[RETURNED],
            {why: count for why, count in left.items() if count},
            of["opt_out"],
            of["opt_in"],
        )
        found.append(told)
        before = told.after
    return tuple(found)


def _months(first: date, last: date) -> Iterator[tuple[int, int]]:
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield number // 12, number % 12 + 1


# ------------------------------------------------------------------------------------------------------------- renewal


class Outcome(StrEnum):
    """What came of asking somebody in a yearly renewal (续聘)."""

    STAYS = "stays"  # they said so
    LEAVES = "leaves"  # they said so, and were stopped
    HEARD = "heard"  # they have texted since: not silent any more
    GONE = "gone"  # stopped for another reason meanwhile
    OPTED_OUT = "opted_out"  # they wanted no more notices: not asked by text, not stopped for silence
    UNASKED = "unasked"  # neither the notice nor a call has asked them
    SILENT = "silent"  # asked, and no answer; who is stopped for it when the run is closed


OUTCOME_LABELS = {
    Outcome.STAYS: "续聘",
    Outcome.LEAVES: "不再担任",
    Outcome.HEARD: "已来信",
    Outcome.GONE: "已另行停用",
    Outcome.OPTED_OUT: "已退订,不询问",
    Outcome.UNASKED: "尚未询问",
    Outcome.SILENT: "未答复",
}


def outcome(*, answer: str | None, active: bool, texted: bool, opted_out: bool, asked: bool) -> Outcome:
    """The first that holds. What somebody said goes before what they did, and a text before silence."""
    for holds, what in (
        (answer == "leaves", Outcome.LEAVES),
        (not active, Outcome.GONE),
        (answer == "stays", Outcome.STAYS),
        (texted, Outcome.HEARD),
        (opted_out, Outcome.OPTED_OUT),
        (not asked, Outcome.UNASKED),
    ):
        if holds:
            return what
    return Outcome.SILENT
