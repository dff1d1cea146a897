"""How the units stand: open and late cases, the rung each is on, votes and rates that call for a warning or a summons.

Everything follows from the histories, so any past moment can be asked about: it shows what was true, and known, then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest

import sqlalchemy as sa

from gateway import case_ladder, case_record
from gateway.case_record import LED, OFFICE
from gateway.casebook import Desk
from routing import deadlines, store, supervision
from routing.cases import OVER, Case, CaseState
from routing.deadlines import Clock, Lamp, Matter, Move, Waiting
from routing.history import Entry, replay
from routing.supervision import Repeat, Rung, Standing, Vote, Warned

LADDER = frozenset(Rung)
DISSATISFIED = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A case at a moment, with its clocks and what the office itself lets wait."""

    case: Case
    history: Sequence[Move]
    clocks: tuple[Clock, ...]
    waiting: Waiting | None

    @property
    def running(self) -> Clock | None:
        """The clock of a case that was given to a unit and is not answered."""
        clock = self.clocks[-1] if self.clocks else None
        return clock if clock and clock.answered is None and self.case.state not in OVER else None

    @property
    def holder(self) -> str:
        """Who has it."""
        return self.history[-1].holder

    @property
    def rung(self) -> str | None:
        """The last rung of the running clock that is on record."""
        clock = self.running
        return next(
            (
                move.event
                for move in reversed(self.history)
                if clock and move.at >= clock.started and move.event in LADDER
            ),
            None,
        )

    @property
    def supervision(self) -> str:
        """none, urged (催办) or supervised (督办)."""
        if self.case.supervision:
            return "supervised"
        return "urged" if self.rung in (Rung.URGE, Rung.CRITICISE) else "none"


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


def look(tx: sa.Connection, desk: Desk, now: datetime) -> tuple[Seen, ...]:
    """Every case that was there at a moment, as it was then."""
    cases = store.opened_until(tx, now)
    entries = store.timelines(tx, [case.id for case in cases])
    found = (_seen(desk, case, entries[case.id], now) for case in cases)
    return tuple(one for one in found if one is not None)


def _seen(desk: Desk, case: Case, entries: Sequence[Entry], now: datetime) -> Seen | None:
    known = [entry for entry in entries if entry.at <= now]
    if not known:
        return None
    if len(known) < len(entries):
        # History older than its snapshot holds no fields: there all but the state is as it is now.
        recorded = any("set" in entry.data for entry in known)
        case = replay(case, known) if recorded else replace(case, state=CaseState(known[-1].to_state))
    history = case_record.moves(known)
    clocks = deadlines.clocks(history, Matter(case.kind, case.urgency), desk.terms, desk.calendar, now)
    return Seen(case, history, clocks, deadlines.waiting(history, desk.terms, desk.calendar, now))


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
    by_id = {one.case.id: one for one in seen}
    ratings = [rated for one in seen for rated in _ratings(desk, one, by_id)]
    votes = [vote for vote, bad in ratings if bad]
    standings = tuple(_standings(desk, seen, now))
    units = sorted({vote.unit for vote, _ in ratings if _in(vote.on, name)})
    return Month(
        name,
        tuple(one for one in supervision.warnings(votes, desk.ladder) if _in(one.on, name)),
        tuple(
            Votes(
                unit,
                sum(bad for vote, bad in ratings if vote.unit == unit and _in(vote.on, name)),
                sum(vote.unit == unit and _in(vote.on, name) for vote, _ in ratings),
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


def _ratings(desk: Desk, one: Seen, by_id: Mapping[int, Seen]) -> Iterator[tuple[Vote, bool]]:
    """What citizens said of a unit's work: the vote, and whether it is a dissatisfied one.

    The reporter of a case that was merged into another votes on the other's unit.
    """
    for move in one.history:
        if move.event == "rate":
            master = by_id.get(one.case.master_id or 0, one)
            yield Vote(desk.today(move.at), _unit(master.history, move.at)), one.case.rating == DISSATISFIED
        elif move.event in ("rate_ok", "rate_bad"):
            yield Vote(desk.today(move.at), _unit(one.history, move.at)), move.event == "rate_bad"


def _standings(desk: Desk, seen: Iterable[Seen], now: datetime) -> Iterator[Standing]:
    """By month and unit: cases whose date has come, and how many of them were answered in time (按期答复率)."""
    counts: dict[tuple[str, str], list[int]] = {}
    for one in seen:
        if one.case.state in (CaseState.MERGED, CaseState.REJECTED):
            continue
        for clock, unit in zip(one.clocks, _units(one), strict=True):
            limit = clock.in_force
            if unit == OFFICE or clock.suspended or now < desk.calendar.end_of(limit.due):
                continue
            count = counts.setdefault((limit.due.isoformat()[:7], unit), [0, 0])
            count[0] += limit.lamp is Lamp.GREEN
            count[1] += 1
    for (name, unit), (good, all_) in sorted(counts.items()):
        yield Standing(name, unit, good, all_)


def _units(one: Seen) -> Iterator[str]:
    """Whose each clock is: the last unit that had the case on it."""
    starts = [clock.started for clock in one.clocks]
    for start, end in zip_longest(starts, starts[1:]):
        yield _unit([move for move in one.history if move.at >= start], end)


def _unit(history: Sequence[Move], before: datetime | None) -> str:
    """The last unit that had a case, before a moment; the office where none had."""
    led = (move.holder for move in reversed(history) if move.state in LED and (before is None or move.at < before))
    return next(led, OFFICE)


def _repeats(desk: Desk, seen: Iterable[Seen], now: datetime) -> tuple[Repeat, ...]:
    return case_ladder.repeats(
        desk,
        ((one.case, one.history) for one in seen if one.case.state not in (CaseState.MERGED, CaseState.REJECTED)),
        now,
    )
