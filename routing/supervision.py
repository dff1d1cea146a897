"""What silence and bad work set going: the ladder of reminders, same problem twice, summons, warnings.

Each is a function of what happened and of now, and says the same however often it is asked; what was done about it
stands in the history, under the rung's own name.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from routing.calendar import Calendar
from routing.cases import CaseState
from routing.deadlines import Clock, Move

GIVEN = frozenset({"assign", "instruct", "delegate", "reassign", "return_no", "uphold", "recur"})
"""Events that put a case before a department, to be signed for."""


class Form(StrEnum):
    """What a record of supervision is about. That of a case (一事一督办) stands in the case's own history."""

    UNIT = "unit"  # 单位督办: it does not act, or passes the buck (推诿)
    SPECIAL = "special"  # 一题一专项: a place and topic
    CONDUCT = "conduct"  # 作风问题: warned, talked to, or investigated


FORMS = {Form.UNIT: "单位督办", Form.SPECIAL: "一题一专项", Form.CONDUCT: "作风处置"}


class Rung(StrEnum):
    """The steps of the ladder. Their values are the events under which they stand in the history."""

    UNSIGNED = "unsigned"  # 未签收提醒
    DEEMED_SIGNED = "deemed_signed"  # 视同签收
    REMIND = "remind"  # 到期提醒
    URGE = "urge"  # 催办
    CRITICISE = "criticise"  # 书面批评
    SUPERVISE = "supervise"  # 督办


DEEMED_TOLD = "deemed_told"
"""The leader in charge was told that their unit counts as having signed; the step itself is the table's."""
SAME_PROBLEM = "same_problem"
ALARM, ALARM_HEARD = "alarm", "alarm_heard"
"""The duty officer was told that somebody may be in danger (`gateway/alarm.py`)."""
WATCHED, UNWATCHED = "watch", "unwatch"
"""The supervision office wants to see every step of a case (全程督办), and no longer."""
TEXTED = "texted"
"""People of the office were told by text what came to them."""
ASIDE = frozenset(
    {*Rung, DEEMED_TOLD, SAME_PROBLEM, ALARM, ALARM_HEARD, WATCHED, UNWATCHED, TEXTED} - {Rung.DEEMED_SIGNED}
)
"""Lines of history between the office and a unit: the citizen hears nothing of them."""

RUNG_LABELS = {
    Rung.UNSIGNED: ("未签收提醒", "承办单位信息员"),
    Rung.DEEMED_SIGNED: ("视同签收", "承办单位负责人"),
    Rung.REMIND: ("到期提醒", "承办单位信息员"),
    Rung.URGE: ("催办", "承办单位信息员,抄分管领导"),
    Rung.CRITICISE: ("列入书面批评", "承办单位负责人、分管领导"),
    Rung.SUPERVISE: ("督办", "督查室"),
}
"""What each is called, and who is told."""


@dataclass(frozen=True, slots=True)
class WarningLevel:
    """A level of warning (预警): its measure, and the votes that call for it in a month or a year."""

    level: str
    measure: str
    month: int
    year: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The times of the ladder in working days, `sign_hours` in hours of the office; warnings mildest first."""

    remind_before: int
    sign_hours: int
    deemed_signed: int
    urge_after: int
    criticise_after: int
    same_problem: int
    summon_months: int
    levels: tuple[WarningLevel, ...]

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Rules":
        """From the [ladder] and [[warning]] of config/deadlines.toml. Raises `ValueError` for what makes no ladder."""
        ladder = dict(table["ladder"])
        for name, number in ladder.items():
            if type(number) is not int or number < 1:
                raise ValueError(f"[ladder] {name} 应为不小于 1 的整数")
        levels = tuple(WarningLevel(**row) for row in table.get("warning", ()))
        for milder, graver in pairwise(levels):
            if milder.month >= graver.month or milder.year >= graver.year:
                raise ValueError(f"[[warning]] 应由轻到重:{graver.level} 级的票数应多于 {milder.level} 级")
        return cls(levels=levels, **ladder)


# ----------------------------------------------------------------------------------------------------------- the ladder


@dataclass(frozen=True, slots=True)
class Call:
    """A rung of a case's ladder and when it comes: always while the office is open, but for the deemed signature."""

    rung: Rung
    at: datetime


def ladder(moves: Sequence[Move], clock: Clock, rules: Rules, calendar: Calendar) -> tuple[Call, ...]:
    """Every rung that a silent department meets on this clock, past and to come, in order of time. `moves`: as known.

    An answer ends the ladder, a suspension holds it. The dates are those in force: whoever was granted an extension
    is not urged before it is over.
    """
    if clock.suspended:
        return ()
    limit = clock.in_force
    day_before = calendar.add_working_days(limit.due, -rules.remind_before)
    reminded = calendar.office_moment(max(clock.started, calendar.opening(day_before)))
    calls = [
        *_unsigned(moves, clock, rules, calendar),
        *([Call(Rung.REMIND, reminded)] if reminded < calendar.end_of(limit.due) else []),
        Call(Rung.URGE, calendar.opening(calendar.add_working_days(limit.due, rules.urge_after))),
        Call(Rung.CRITICISE, calendar.opening(calendar.add_working_days(limit.due, rules.criticise_after))),
        Call(Rung.SUPERVISE, calendar.office_moment(calendar.end_of(limit.red))),
    ]
    calls = [call for call in calls if clock.answered is None or call.at < clock.answered]
    return tuple(sorted(calls, key=lambda call: call.at))


def due_calls(moves: Sequence[Move], calls: Iterable[Call], now: datetime) -> tuple[Call, ...]:
    """The rungs that have come and of which the history knows nothing since."""
    return tuple(
        call
        for call in calls
        if call.at <= now and not any(move.event == call.rung and move.at >= call.at for move in moves)
    )


def _unsigned(moves: Sequence[Move], clock: Clock, rules: Rules, calendar: Calendar) -> Iterable[Call]:
    """The latest department that has the case before it and has not signed: its own time runs from when it got it."""
    given = [n for n, move in enumerate(moves) if move.event in GIVEN and move.at >= clock.started]
    if not given:
        return ()
    signed = next((move.at for move in moves[given[-1] + 1 :] if move.state != CaseState.ASSIGNED), None)
    got = moves[given[-1]].at
    calls = (
        Call(
            Rung.UNSIGNED,
            calendar.office_moment(calendar.add_office_hours(got, timedelta(hours=rules.sign_hours))),
        ),
        Call(
            Rung.DEEMED_SIGNED,
            calendar.end_of(calendar.add_working_days(calendar.date_of(got), rules.deemed_signed)),
        ),
    )
    return tuple(call for call in calls if signed is None or call.at < signed)


# -------------------------------------------------------------------------------------------------- same problem twice


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A problem was raised: by a case of its own, or by one that recurred. Merged duplicates are none."""

    problem: str  # the same for the same problem: place, topic, object
    case: str
    at: datetime
    answered: datetime | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """A problem that came back after it had been answered as solved, `times` times in all."""

    problem: str
    cases: tuple[str, ...]
    times: int
    at: datetime
    case: str  # the one in which it came back this time


def same_problem(occurrences: Iterable[Occurrence], times: int) -> tuple[Repeat, ...]:
    """Problems raised for the `times`-th time or oftener, each time after an answer to the last. Oldest first.

    A report that comes before the answer is a duplicate, and counts as nothing.
    """
    by_problem: dict[str, list[Occurrence]] = {}
    repeats = []
    for one in sorted(occurrences, key=lambda one: (one.at, one.case)):
        before = by_problem.setdefault(one.problem, [])
        if before and (before[-1].answered is None or before[-1].answered > one.at):
            continue
        before.append(one)
        if len(before) >= times:
            cases = tuple(dict.fromkeys(other.case for other in before))
            repeats.append(Repeat(one.problem, cases, len(before), one.at, one.case))
    return tuple(repeats)


# ------------------------------------------------------------------------------------------------------------- summons


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's rate in a month ("2014-10"), as its two numbers."""

    month: str
    unit: str
    numerator: int
    denominator: int


def bottom(standings: Iterable[Standing], month: str) -> frozenset[str]:
    """The units at the bottom in a month. Nobody is when all stand alike; a unit that had nothing to do has no rate."""
    rates = {
        one.unit: Fraction(one.numerator, one.denominator)
        for one in standings
        if one.month == month and one.denominator > 0
    }
    if len(set(rates.values())) < 2:
        return frozenset()
    worst = min(rates.values())
    return frozenset(unit for unit, rate in rates.items() if rate == worst)


def summons(standings: Collection[Standing], month: str, months: int) -> tuple[str, ...]:
    """Units at the bottom in this month and the ones before it, `months` in a row: their heads are summoned (约谈)."""
    found = bottom(standings, month)
    for _ in range(months - 1):
        month = _month_before(month)
        found &= bottom(standings, month)
    return tuple(sorted(found))


def _month_before(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return (first - timedelta(days=1)).isoformat()[:7]


# ------------------------------------------------------------------------------------------------------------- warnings


@dataclass(frozen=True, slots=True)
class Vote:
    """A citizen was dissatisfied with a unit, on a day of the office's."""

    on: date
    unit: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A unit reached a level in a month ("2014-10") or a year ("2014"), with the vote of this day."""

    unit: str
    period: str
    level: WarningLevel
    votes: int
    on: date


def warnings(votes: Iterable[Vote], rules: Rules) -> tuple[Warned, ...]:
    """Every warning that the votes call for, each level once in a period, in the order in which they came."""
    counts: dict[tuple[str, str], int] = {}
    found = []
    for vote in sorted(votes, key=lambda vote: (vote.on, vote.unit)):
        for period, threshold in ((vote.on.isoformat()[:7], "month"), (vote.on.isoformat()[:4], "year")):
            count = counts[vote.unit, period] = counts.get((vote.unit, period), 0) + 1
            found += [
                Warned(vote.unit, period, level, count, vote.on)
                for level in rules.levels
                if count == getattr(level, threshold)
            ]
    return tuple(found)
