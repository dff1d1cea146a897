"""How the units stand: open and late cases, the rung each is on, votes and rates that call for a warning or a summons.

Everything follows from the histories, so any past moment can be asked about: it shows what was true, and known, then.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import sqlalchemy as sa

from gateway import case_ladder
from gateway.casebook import Desk
from routing import deadlines, statistics, supervision, timelines
from routing.cases import Case, CaseState
from routing.deadlines import Clock, Lamp, Move
from routing.moves import OFFICE
from routing.seen import Seen
from routing.seen import look as look_at
from routing.statistics import RATED, What
from routing.supervision import Repeat, Standing, Vote, Warned

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Before all cases."""
Problem = tuple[Case, Sequence[Move]]


@dataclass(frozen=True, slots=True)
class Line:
    """A unit's open cases. `on_time` of `open` are not late yet."""

    unit: str
    open: int
    due_soon: int
    yellow: int
    red: int
    urged: int
    supervised: int

    @property
    def on_time(self) -> int:
        """The numerator of the rate whose denominator is `open`."""
        return self.open - self.yellow - self.red


@dataclass(frozen=True, slots=True)
class Waits:
    """What the office itself has before it in a state, and how its own lamps stand."""

    state: str
    cases: int
    yellow: int
    red: int


@dataclass(frozen=True, slots=True)
class Board:
    """Every unit with open cases, the worst first; their sum; and the office."""

    units: tuple[Line, ...]
    total: Line
    office: tuple[Waits, ...]


@dataclass(frozen=True, slots=True)
class Late:
    """A case that is past its date. `days` are those that count, since the date."""

    number: str
    unit: str
    holder: str
    due: date
    days: int
    lamp: Lamp
    rung: str | None
    supervision: str


@dataclass(frozen=True, slots=True)
class Votes:
    """A unit's dissatisfied votes in a month, of so many ratings; and in the year up to its end."""

    unit: str
    dissatisfied: int
    rated: int
    year: int


@dataclass(frozen=True, slots=True)
class Month:
    """What a month calls for."""

    month: str
    warned: tuple[Warned, ...]
    votes: tuple[Votes, ...]
    standings: tuple[Standing, ...]  # answered in time, of the cases that were due in it
    bottom: tuple[str, ...]
    summoned: tuple[str, ...]
    repeats: tuple[Repeat, ...]


# ------------------------------------------------------------------------------------------------------------- reading


def as_known(desk: Desk, now: datetime) -> Desk:
    """The desk with the calendar as it was known on a day: what the questions here are asked with."""
    return replace(desk, calendar=desk.calendar.as_of(desk.today(now)))


def look(
    tx: sa.Connection, desk: Desk, now: datetime, since: datetime = EVER, until: datetime | None = None
) -> tuple[Seen, ...]:
    """The cases that were there at a moment, as they were then: all, or those that the time `since` then concerns.

    With `until` only those that were there at that earlier moment.
    """
    return _seen(desk, timelines.touching(tx, since, desk.today(since), until or now), now)


def _seen(desk: Desk, cases: Iterable[timelines.History], now: datetime) -> tuple[Seen, ...]:
    found = (look_at(case, entries, desk.terms, desk.calendar, now) for case, entries in cases)
    return tuple(one for one in found if one is not None)


# ------------------------------------------------------------------------------------------------------------ the board


def board(desk: Desk, seen: Iterable[Seen], now: datetime) -> Board:
    """How every unit stands."""
    seen = tuple(seen)
    by_unit: dict[str, list[Seen]] = {}
    for one in seen:
        if one.running is not None:
            by_unit.setdefault(one.case.lead or OFFICE, []).append(one)
    lines = [_line(desk, unit, several, now) for unit, several in by_unit.items()]
    everything = _line(desk, "合计", [one for several in by_unit.values() for one in several], now)
    waits = [one.waiting for one in seen if one.waiting is not None]
    office = tuple(
        Waits(state, len(lamps), lamps.count(Lamp.YELLOW), lamps.count(Lamp.RED))
        for state in desk.terms.waiting
        if (lamps := [wait.lamp for wait in waits if wait.state == state])
    )
    worst = sorted(lines, key=lambda line: (-line.red, -line.yellow, -line.open, line.unit))
    return Board(tuple(worst), everything, office)


def _line(desk: Desk, unit: str, seen: Sequence[Seen], now: datetime) -> Line:
    lamps = [one.running.in_force.lamp for one in seen if one.running is not None]
    states = [one.supervision for one in seen]
    return Line(
        unit,
        len(seen),
        sum(_due_soon(desk, one.running, now) for one in seen if one.running is not None),
        lamps.count(Lamp.YELLOW),
        lamps.count(Lamp.RED),
        states.count("urged"),
        states.count("supervised"),
    )


def _due_soon(desk: Desk, clock: Clock, now: datetime) -> bool:
    """From the day of the reminder on until the date is over."""
    limit = clock.in_force
    soon = desk.calendar.add_working_days(limit.due, -desk.ladder.remind_before)
    return limit.lamp is Lamp.NONE and not clock.suspended and desk.today(now) >= soon


def overdue(desk: Desk, seen: Iterable[Seen], now: datetime) -> tuple[Late, ...]:
    """Every case past its date, the latest first."""
    found = [
        Late(
            one.case.number,
            one.case.lead or OFFICE,
            one.holder,
            clock.in_force.due,
            deadlines.days_late(clock, desk.calendar, now),
            clock.in_force.lamp,
            one.rung,
            one.supervision,
        )
        for one in seen
        if (clock := one.running) is not None and clock.in_force.lamp in (Lamp.YELLOW, Lamp.RED)
    ]
    return tuple(sorted(found, key=lambda late: (late.due, late.number)))


# ------------------------------------------------------------------------------------------------------------- a month


def look_at_month(tx: sa.Connection, desk: Desk, name: str, now: datetime) -> Month:
    """What a month calls for, from the cases that can matter to it; `month` says the same of all there ever were.

    That is what was open, due or happening in it and in the months before that count for a summons; the dissatisfied
    votes of its year; and what was ever raised of the problems that were raised in it.
    """
    zone = desk.calendar.zone
    first = date.fromisoformat(f"{name}-01")
    begin, end = datetime.combine(first, time(), zone), datetime.combine(_later(first, 1), time(), zone)
    until = min(now, end)
    since = datetime.combine(_later(first, 1 - desk.ladder.summon_months), time(), zone)
    seen = look(tx, desk, now, since, until)
    here = {one.case.id for one in seen}
    voters = timelines.dissatisfied(tx, begin.replace(month=1), until, here)
    raised = {
        (one.case.place or "", one.case.topic or "")
        for one in seen
        if one.case.kind in case_ladder.PROBLEMS
        and (one.case.created_at >= begin or any(move.event == "recur" and move.at >= begin for move in one.history))
    }
    others = timelines.alike(tx, raised, case_ladder.PROBLEMS, until, here)
    return _month(desk, (*seen, *_seen(desk, voters, now)), name, (*_problems(seen), *others), now)


def month(desk: Desk, seen: Sequence[Seen], name: str, now: datetime) -> Month:
    """The warnings, rates, summonses and repeats of a month ("2026-11"), as far as it has come by now."""
    return _month(desk, seen, name, _problems(seen), now)


def _later(first: date, months: int) -> date:
    """The first day of a month so many months later."""
    year, number = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, number + 1, 1)


def _problems(seen: Iterable[Seen]) -> tuple[Problem, ...]:
    """What may have come back: a merged report is none of its own."""
    apart = (CaseState.MERGED, CaseState.REJECTED)
    return tuple((one.case, one.history) for one in seen if one.case.state not in apart)


def _month(desk: Desk, seen: Sequence[Seen], name: str, problems: Sequence[Problem], now: datetime) -> Month:
    masters = {one.case.id: one for one in seen}
    happened = [one for case in seen for one in statistics.happenings(case, masters, desk.calendar)]
    votes = [Vote(one.on, one.unit) for one in happened if one.what is What.DISSATISFIED]
    rated = Counter(one.unit for one in happened if one.what in RATED and _in(one.on, name))
    bad = Counter(vote.unit for vote in votes if _in(vote.on, name))
    year = Counter(vote.unit for vote in votes if _in(vote.on, name[:4]) and f"{vote.on}"[:7] <= name)
    standings = statistics.standings(turn for one in seen for turn in statistics.turns(one, desk.calendar, now))
    return Month(
        name,
        tuple(one for one in supervision.warnings(votes, desk.ladder) if _in(one.on, name)),
        tuple(Votes(unit, bad[unit], rated[unit], year[unit]) for unit in sorted(rated)),
        tuple(one for one in standings if one.month == name),
        tuple(sorted(supervision.bottom(standings, name))),
        supervision.summons(standings, name, desk.ladder.summon_months),
        tuple(one for one in case_ladder.repeats(desk, problems, now) if _in(desk.today(one.at), name)),
    )


def _in(on: date, period: str) -> bool:
    return on.isoformat().startswith(period)
