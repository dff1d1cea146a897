"""Signs that a unit's figures are better than its work, found in what it filed: leads for supervisors to follow.

A sign is no verdict. Thresholds stand in config/evaluation.toml, [checks].
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from routing.calendar import Calendar
from routing.cases import Case
from routing.moves import unit
from routing.seen import Seen
from routing.statistics import Happening, Tally, What

GOOD = frozenset({What.SATISFIED, What.BASICALLY})


@dataclass(frozen=True, slots=True)
class Checks:
    """Shares are percentages."""

    contact_words: tuple[str, ...]
    same_reply: int
    same_reply_least: int
    returns: int
    last_minutes: int
    last_share: int
    unrated_share: int
    month_end_share: int
    least: int

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Checks":
        """Raises `ValueError` for a threshold that is no whole number of at least 1."""
        for name in (one.name for one in fields(cls) if one.name != "contact_words"):
            if type(table[name]) is not int or table[name] < 1:
                raise ValueError(f"[checks] {name} 应为不小于 1 的整数")
        return cls(**{**table, "contact_words": tuple(table["contact_words"])})


@dataclass(frozen=True, slots=True)
class Filed:
    """A report of a unit's. `left` is the time to the end of the office's day on the due date, None on other days."""

    number: str
    unit: str
    on: date
    problem: str
    reply: str
    contact: bool
    left: timedelta | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One sign: what it is, whose, how it shows, in which cases."""

    what: str
    unit: str
    how: str
    cases: tuple[str, ...]


def filed(one: Seen, calendar: Calendar, checks: Checks) -> Iterator[Filed]:
    """Every report at a case, oldest first."""
    reply, notes = "", False
    for nth, (entry, move) in enumerate(zip(one.entries, one.history, strict=True)):
        reply = entry.data.get("set", {}).get("reply") or reply
        notes = notes or entry.event == "progress"
        if entry.event != "report":
            continue
        words = f"{entry.reason}{reply}"
        contact = notes or bool(entry.data.get("evidence")) or any(word in words for word in checks.contact_words)
        yield Filed(
            one.case.number,
            unit(one.history, nth),
            calendar.date_of(move.at),
            f"{one.case.place}/{one.case.topic}",
            reply,
            contact,
            _left(one, move.at, calendar),
        )
        notes = False


def _left(one: Seen, at: datetime, calendar: Calendar) -> timedelta | None:
    clock = next((clock for clock in reversed(one.clocks) if clock.started <= at), None)
    on = calendar.date_of(at)
    if clock is None or clock.in_force.due != on:
        return None
    closes = datetime.combine(on, calendar.hours.spans[-1][1], calendar.zone)
    return max(closes - at, timedelta())


def findings(
    reports: Collection[Filed],
    seen: Iterable[Seen],
    tallies: Iterable[Tally],
    last_day: date,
    checks: Checks,
    own: Iterable[tuple[str, str]] = (),
) -> tuple[Finding, ...]:
    """Every sign in a period's reports. `last_day` is its last working day; `tallies` are the units' of the period,
    `own` what `own_ratings` finds in it.
    """
    by_unit: dict[str, list[Filed]] = {}
    for one in sorted(reports, key=lambda one: (one.unit, one.number)):
        by_unit.setdefault(one.unit, []).append(one)
    found = [sign for unit, several in by_unit.items() for sign in _of_unit(unit, several, last_day, checks)]
    found += _returned(seen, checks)
    found += _unrated(tallies, checks)
    found += _own(own)
    return tuple(sorted(found, key=lambda one: (one.what, one.unit, one.how)))


def _of_unit(unit: str, reports: list[Filed], last_day: date, checks: Checks) -> Iterator[Finding]:
    silent = tuple(one.number for one in reports if not one.contact)
    if silent:
        yield Finding("未见接触即反馈", unit, f"{len(silent)}/{len(reports)} 件的反馈没有进展、佐证或联系情况", silent)
    by_reply: dict[str, list[Filed]] = {}
    for one in reports:
        words = "".join(one.reply.split())
        if len(words) >= checks.same_reply_least:
            by_reply.setdefault(words, []).append(one)
    for words, several in by_reply.items():
        problems = {one.problem for one in several}
        if len(problems) >= checks.same_reply:
            how = f"“{words[:20]}”用于{len(problems)}个不同问题"
            yield Finding("答复雷同", unit, how, tuple(one.number for one in several))
    late = tuple(one.number for one in reports if one.left is not None and one.left < checks.last_minutes * _MINUTE)
    yield from _share("踩点反馈", unit, late, reports, checks.last_share, checks)
    bulk = tuple(one.number for one in reports if one.on == last_day)
    yield from _share("月末集中反馈", unit, bulk, reports, checks.month_end_share, checks)


_MINUTE = timedelta(minutes=1)


def _share(
    what: str, unit: str, some: tuple[str, ...], of: Collection[object], percent: int, checks: Checks
) -> Iterator[Finding]:
    if len(of) >= checks.least and 100 * len(some) >= percent * len(of):
        yield Finding(what, unit, f"{len(some)}/{len(of)} 件", some)


def _returned(seen: Iterable[Seen], checks: Checks) -> Iterator[Finding]:
    for one in seen:
        asked = [nth for nth, move in enumerate(one.history) if move.event == "request_return"]
        if len(asked) >= checks.returns:
            whose = "、".join(dict.fromkeys(unit(one.history, nth) for nth in asked))
            yield Finding("多次退单", whose, f"{one.case.number} 退单{len(asked)}次", (one.case.number,))


def own_ratings(
    happened: Iterable[Happening], cases: Mapping[str, Case], staff: Mapping[int, frozenset[str]]
) -> Iterator[tuple[str, str]]:
    """(unit, case) of every good rating that came from a phone of the unit that handled the case, or helped to.

    `staff`: by person, the units whose posts have their number.
    """
    for one in happened:
        case = cases[one.number]
        theirs = staff.get(case.person_id or 0, frozenset())
        if one.what in GOOD and theirs & {one.unit, *case.co_handlers}:
            yield one.unit, one.number


def _own(ratings: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    by_unit: dict[str, list[str]] = {}
    for whose, number in sorted(ratings):
        by_unit.setdefault(whose, []).append(number)
    for whose, numbers in by_unit.items():
        yield Finding("本单位号码评价", whose, f"{len(numbers)} 件的好评来自承办单位登记的号码", tuple(numbers))


def _unrated(tallies: Iterable[Tally], checks: Checks) -> Iterator[Finding]:
    for one in tallies:
        asked = (*one.rated, *one.not_rated)
        yield from _share("未评价偏高", one.unit, one.not_rated, asked, checks.unrated_share, checks)
