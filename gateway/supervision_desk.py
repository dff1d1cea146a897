"""How the units stand: open and late cases, the rung each is on, votes and rates that call for a warning or a summons.

Everything follows from the histories, so any past moment can be asked about: it shows what was true, and known, then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import sqlalchemy as sa

from gateway import case_ladder
from gateway.casebook import Desk
from routing import deadlines, statistics, supervision, timelines
from routing.cases import CaseState
from routing.deadlines import Clock, Lamp
from routing.moves import OFFICE
from routing.seen import Seen
from routing.seen import look as look_at
from routing.statistics import RATED, What
from routing.supervision import Repeat, Standing, Vote, Warned

__all__ = ["Board", "Late", "Line", "Month", "Seen", "Votes", "Waits", "as_known", "board", "look", "month", "overdue"]
EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Before all cases."""


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


def look(tx: sa.Connection, desk: Desk, now: datetime, since: datetime = EVER) -> tuple[Seen, ...]:
    """The cases that were there at a moment, as they were then: all, or those that the time `since` then concerns."""
    cases = timelines.touching(tx, since, desk.today(since), now)
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


def month(desk: Desk, seen: Sequence[Seen], name: str, now: datetime) -> Month:
    """The warnings, rates, summonses and repeats of a month ("2026-11"), as far as it has come by now."""
    masters = {one.case.id: one for one in seen}
    happened = [one for case in seen for one in statistics.happenings(case, masters, desk.calendar)]
    rated = [(Vote(one.on, one.unit), one.what is What.DISSATISFIED) for one in happened if one.what in RATED]
    votes = [vote for vote, bad in rated if bad]
    standings = statistics.standings(turn for one in seen for turn in statistics.turns(one, desk.calendar, now))
    units = sorted({vote.unit for vote, _ in rated if _in(vote.on, name)})
    return Month(
        name,
        tuple(one for one in supervision.warnings(votes, desk.ladder) if _in(one.on, name)),
        tuple(
            Votes(
                unit,
                sum(bad for vote, bad in rated if vote.unit == unit and _in(vote.on, name)),
                sum(vote.unit == unit and _in(vote.on, name) for vote, _ in rated),
                sum(vote.unit == unit and _in(vote.on, name[:4]) and f"{vote.on}"[:7] <= name for vote in votes),
            )
            for unit in units
        ),
        tuple(one for one in standings if one.month == name),
        tuple(sorted(supervision.bottom(standings, name))),
        supervision.summons(standings, name, desk.ladder.summon_months),
        tuple(one for one in _repeats(desk, seen, now) if _in(desk.today(one.at), name)),
    )


def _in(on: date, period: str) -> bool:
    return on.isoformat().startswith(period)


def _repeats(desk: Desk, seen: Iterable[Seen], now: datetime) -> tuple[Repeat, ...]:
    return case_ladder.repeats(
        desk,
        ((one.case, one.history) for one in seen if one.case.state not in (CaseState.MERGED, CaseState.REJECTED)),
        now,
    )
