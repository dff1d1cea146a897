"""When a case is due, and its lamp: computed from the case's history, the calendar and now; nothing of it is stored.

The day of assignment does not count (Civil Code art. 201), the last day ends at 24:00 or when the office closes (203).
Returns, reassignments and send-backs never stop the clock; only a suspension (挂账) does.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from routing.calendar import DAY, Calendar, Day
from routing.cases import CaseState

STARTS = {
    "receive": frozenset({"receive"}),
    "accept": frozenset({"accept"}),
    "assign": frozenset({"assign", "instruct", "delegate"}),
}
"""What a term counts from, and the events that set its clock going."""
REOPENS = frozenset({"uphold", "recur"})
ANSWERS = frozenset({"approve", "phone_reply", "answer_direct"})
UNANSWERED_AGAIN = "reply_undelivered"
SET_CLOCKS = frozenset[str]().union(*STARTS.values(), REOPENS, ANSWERS, {UNANSWERED_AGAIN})
"""Events that start, stop or start again a clock: all that `answers` asks for."""
RECOMPUTED = "recompute"
"""The event under which a new computation of a date already told is put on the record."""
MILLISECOND = timedelta(milliseconds=1)
DISPUTE = "退单争议"
"""Who holds a case while a return is asked for: nobody who would count it as theirs."""


class Lamp(StrEnum):
    """How a case stands against its term (红黄绿灯)."""

    NONE = "none"  # unanswered, in time
    GREEN = "green"  # answered in time
    YELLOW = "yellow"  # late
    RED = "red"  # far too late


LAMP_LABELS = {Lamp.NONE: "未到期", Lamp.GREEN: "绿灯", Lamp.YELLOW: "黄灯", Lamp.RED: "红灯"}


@dataclass(frozen=True, slots=True)
class Move:
    """A line of a case's history as the clock sees it.

    `until` is a date that was set or told with it: the due date of an assignment, the new one of an extension, the
    day on which a suspension is looked at again. `computed` says that the calendar gave that date; otherwise a person
    ordered it.
    """

    at: datetime
    event: str
    state: str  # after it
    holder: str  # who has the case after it
    until: date | None = None
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """How long an answer may take: `days` until it is late, `red` until the red lamp."""

    name: str
    days: int
    red: int
    working: bool = True  # False: days of the almanac
    since: str = "assign"  # a key of STARTS
    source: str = ""  # the law that sets it

    @classmethod
    def from_toml(cls, name: str, table: Mapping[str, Any]) -> "Term":
        """Without `red` the red lamp is lit as soon as the term is over. Raises `ValueError` for impossible days."""
        given: dict[str, Any] = {"red": table["days"], **table}
        made = cls(name, **given)
        if not (type(made.days) is int and type(made.red) is int and 1 <= made.days <= made.red):
            raise ValueError(f"{name}:days 至少为 1,red 不小于 days")
        if made.since not in STARTS:
            raise ValueError(f"{name}:since 应为 {'、'.join(STARTS)} 之一")
        return made


@dataclass(frozen=True, slots=True)
class Matter:
    """What decides a case's term."""

    kind: str | None = None  # 咨询, 求助, …
    urgency: str = "normal"  # urgent and emergency have the same term
    statutory: str = ""  # a name of [statutory], when a law sets the term


@dataclass(frozen=True, slots=True)
class Terms:
    """All terms, from `config/deadlines.toml`."""

    default: Term
    urgent: Term
    redo: Term
    kinds: Mapping[str, Term]
    statutory: Mapping[str, Term]
    waiting: Mapping[str, Term]  # state -> how long the office may leave a case in it

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Terms":
        """Raises `ValueError` naming the term that cannot be."""
        unknown = table.get("waiting", {}).keys() - set(CaseState)
        if unknown:
            raise ValueError(f"[waiting] 没有这样的状态:{'、'.join(sorted(unknown))}")
        if CaseState.AWAIT_LEADER not in table.get("waiting", {}):
            raise ValueError("[waiting] 应有 await_leader:领导几个工作日没有批示,主任可以授权交办")
        return cls(
            Term.from_toml("一般件", table["term"]["default"]),
            Term.from_toml("紧急件", table["term"]["urgent"]),
            Term.from_toml("重办件", table["term"]["redo"]),
            {kind: Term.from_toml(f"{kind}件", row) for kind, row in table.get("kind", {}).items()},
            {name: Term.from_toml(name, row) for name, row in table.get("statutory", {}).items()},
            {state: Term.from_toml(state, row) for state, row in table.get("waiting", {}).items()},
        )

    def of(self, matter: Matter) -> Term:
        """A law's term goes before urgency, urgency before kind. Raises `ValueError` for a law we do not know."""
        if matter.statutory:
            if matter.statutory not in self.statutory:
                raise ValueError(f"没有法定期限“{matter.statutory}”,可选:{'、'.join(self.statutory) or '无'}")
            return self.statutory[matter.statutory]
        if matter.urgency != "normal":
            return self.urgent
        return self.kinds.get(matter.kind or "", self.default)


@dataclass(frozen=True, slots=True)
class Limit:
    """A date to answer by, the last day before the red lamp, and the lamp now."""

    due: date
    red: date
    lamp: Lamp


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a case: from its assignment (or reopening) to its answer.

    The statutory date is the term's; it never falls before a date that was computed and told. The adjusted one is
    what a person ordered or granted: it stands beside the statutory one and never hides it.
    """

    term: Term
    started: datetime
    answered: datetime | None
    suspended: bool
    pauses: tuple[tuple[date, date], ...]  # suspended from, up to and with
    elapsed: int  # counting days begun until the answer or now
    paused: int  # days that would have counted, had the case not been suspended
    by_calendar: date  # what the calendar alone gives
    statutory: Limit
    adjusted: Limit | None
    provisional: bool  # 暂定: a notice still to come may move the date

    @property
    def in_force(self) -> Limit:
        """The limit that the department has to keep."""
        return self.adjusted or self.statutory


def known(moves: Sequence[Move], now: datetime) -> Sequence[Move]:
    """The history as it was then: a look at a past day knows nothing of what came after it."""
    return moves if not moves or moves[-1].at <= now else [move for move in moves if move.at <= now]


def due_date(term: Term, started: datetime, calendar: Calendar) -> date:
    """The date to tell when a case is assigned: the term's last day, the day of assignment not counted."""
    return _nth(calendar.date_of(started), term.days, term, (), calendar)


def clocks(moves: Sequence[Move], matter: Matter, terms: Terms, calendar: Calendar, now: datetime) -> tuple[Clock, ...]:
    """Every clock that a case has had by now, the last one last; none before it is assigned. `moves`: oldest first."""
    moves = known(moves, now)
    pauses = tuple(_pauses(moves, calendar, now))
    suspended = bool(moves) and moves[-1].state == CaseState.SUSPENDED
    laps = _laps(moves, terms.of(matter), terms.redo)
    return tuple(_clock(lap, pauses, suspended and lap is laps[-1], calendar, now) for lap in laps)


def answers(moves: Sequence[Move], matter: Matter, terms: Terms) -> tuple[tuple[datetime, datetime | None], ...]:
    """Of every clock when it started and when it was answered, without the counting of days. `moves`: as known."""
    return tuple((lap.moves[0].at, lap.answered) for lap in _laps(moves, terms.of(matter), terms.redo))


# ------------------------------------------------------------------------------------------------------------- the laps


@dataclass(slots=True)
class _Lap:
    """The moves of one clock. The answer is the last one that reached its citizen, as far as is known."""

    term: Term
    moves: list[Move]
    answered: datetime | None = None

    def add(self, move: Move) -> None:
        """The clock's next move."""
        self.moves.append(move)
        if move.event in ANSWERS and self.answered is None:
            self.answered = move.at
        elif move.event == UNANSWERED_AGAIN:
            self.answered = None


def _laps(moves: Sequence[Move], term: Term, redo: Term) -> list[_Lap]:
    laps: list[_Lap] = []
    for move in moves:
        if not laps and move.event in STARTS[term.since]:
            laps.append(_Lap(term, []))
        elif not laps and move.event in ANSWERS:  # answered at the desk, never assigned: counted from its arrival
            laps.append(_Lap(term, [moves[0]]))
        elif laps and laps[-1].answered and move.event in REOPENS:
            laps.append(_Lap(redo, []))
        if laps:
            laps[-1].add(move)
    return laps


def _pauses(moves: Sequence[Move], calendar: Calendar, now: datetime) -> Iterator[tuple[date, date]]:
    """Suspensions, in whole days: a day on which the case was suspended at any time does not count."""
    began: Move | None = None
    for move in moves:
        if move.state == CaseState.SUSPENDED:
            began = began or move
        elif began is not None:
            yield calendar.date_of(began.at), calendar.date_of(move.at)
            began = None
    if began is not None:
        today = calendar.date_of(now)
        yield calendar.date_of(began.at), max(today, began.until or today)


# ------------------------------------------------------------------------------------------------------------- counting


def _clock(
    lap: _Lap, pauses: tuple[tuple[date, date], ...], suspended: bool, calendar: Calendar, now: datetime
) -> Clock:
    term, start = lap.term, calendar.date_of(lap.moves[0].at)
    until = calendar.date_of(lap.answered or now)
    by_calendar = _nth(start, term.days, term, pauses, calendar)
    told = [move.until for move in lap.moves if move.until is not None and move.computed]
    due = max([by_calendar, *told])
    statutory = _limit(due, max(due, _nth(start, term.red, term, pauses, calendar)), lap, calendar, now)
    adjusted = _adjusted(lap, start, pauses, calendar, now)
    if adjusted is not None and adjusted.due == due:
        adjusted = None
    last = (adjusted or statutory).due
    elapsed = _count(start, until, term, pauses, calendar)
    return Clock(
        term,
        lap.moves[0].at,
        lap.answered,
        suspended,
        pauses,
        elapsed,
        _count(start, until, term, (), calendar) - elapsed,
        by_calendar,
        statutory,
        adjusted,
        any(calendar.is_provisional(on) for on in (_days(start, last) if term.working else (last,))),
    )


def _adjusted(
    lap: _Lap, start: date, pauses: tuple[tuple[date, date], ...], calendar: Calendar, now: datetime
) -> Limit | None:
    """The last date that a person set, in days of the term, so that a later suspension moves it like the other."""
    ordered = [
        (move.at, move.until)
        for move in lap.moves
        if move.until is not None and not move.computed and move.state != CaseState.SUSPENDED
    ]
    if not ordered:
        return None
    at, until = ordered[-1]
    known = tuple(pause for pause in pauses if pause[0] <= calendar.date_of(at))
    days = max(1, _count(start, calendar.working_day_from(until), lap.term, known, calendar))
    red = days + lap.term.red - lap.term.days
    return _limit(
        _nth(start, days, lap.term, pauses, calendar),
        _nth(start, red, lap.term, pauses, calendar),
        lap,
        calendar,
        now,
    )


def _nth(start: date, n: int, term: Term, pauses: tuple[tuple[date, date], ...], calendar: Calendar) -> date:
    """The n-th day after `start` that counts; by the almanac a last day off is put off (Civil Code art. 203)."""
    if not any(last > start for _, last in pauses):
        return calendar.add_working_days(start, n) if term.working else calendar.working_day_from(start + DAY * n)
    on = start
    while n:
        on += DAY
        n -= _counts(on, term, pauses, calendar)
    return on if term.working else calendar.working_day_from(on)


def _count(start: date, end: date, term: Term, pauses: tuple[tuple[date, date], ...], calendar: Calendar) -> int:
    """How many days after `start`, up to and with `end`, count."""
    if end <= start:
        return 0
    if any(last > start for _, last in pauses):
        return sum(_counts(on, term, pauses, calendar) for on in _days(start, end))
    return calendar.working_days_between(start, end) if term.working else (end - start).days


def _days(start: date, end: date) -> Iterator[date]:
    """The days after `start`, up to and with `end`."""
    return (start + DAY * n for n in range(1, (end - start).days + 1))


def _counts(on: date, term: Term, pauses: tuple[tuple[date, date], ...], calendar: Calendar) -> bool:
    return not any(first <= on <= last for first, last in pauses) and (not term.working or calendar.is_working_day(on))


def _limit(due: date, red: date, lap: _Lap, calendar: Calendar, now: datetime) -> Limit:
    return Limit(due, red, _lamp(due, red, lap.answered, calendar, now))


def _lamp(due: date, red: date, answered: datetime | None, calendar: Calendar, now: datetime) -> Lamp:
    if answered is not None:
        if answered < calendar.end_of(due):
            return Lamp.GREEN
        return Lamp.YELLOW if answered < calendar.end_of(red) else Lamp.RED
    if not is_over(due, calendar, now):
        return Lamp.NONE
    return Lamp.RED if is_over(red, calendar, now) else Lamp.YELLOW


def is_over(last: date, calendar: Calendar, now: datetime) -> bool:
    """Whether the time until the end of a day is over once this millisecond is.

    A look at a past day is as of its last millisecond: at 24:00 what was due on that day is late.
    """
    return now + MILLISECOND >= calendar.end_of(last)


# ------------------------------------------------------------------------------------------------------- what it tells


@dataclass(frozen=True, slots=True)
class Counted:
    """A day of an explanation: its number in the term, None when it does not count, and why."""

    day: Day
    number: int | None
    note: str


def explain(clock: Clock, calendar: Calendar, now: datetime) -> tuple[Counted, ...]:
    """Every day from the assignment to the last of its dates; of a late case on to its answer, now, or the red lamp."""
    start = calendar.date_of(clock.started)
    limits = [limit for limit in (clock.statutory, clock.adjusted) if limit is not None]
    last = max(limit.due for limit in limits)
    reached = min(calendar.date_of(clock.answered or now), max(limit.red for limit in limits))
    rows = []
    number = 0
    for day in calendar.explain(start, max(last, reached)):
        counts = day.on > start and _counts(day.on, clock.term, clock.pauses, calendar)
        number += counts
        rows.append(Counted(day, number if counts else None, "、".join(_notes(day.on, start, clock, calendar))))
    return tuple(rows)


def _notes(on: date, start: date, clock: Clock, calendar: Calendar) -> Iterator[str]:
    if on == start:
        yield "起算事由发生当日,不计"
    elif any(first <= on <= last for first, last in clock.pauses):
        yield "挂账,不计"
    if on == clock.statutory.due:
        kept = on != clock.by_calendar
        yield f"期限届满日(已告知,不提前至 {clock.by_calendar})" if kept else "期限届满日"
    if clock.adjusted is not None and on == clock.adjusted.due:
        yield "交办(延期)期限届满日"
    if on == clock.statutory.red:
        yield "过了本日即红灯"
    if clock.answered is not None and on == calendar.date_of(clock.answered):
        yield "已答复"


def days_late(clock: Clock, calendar: Calendar, now: datetime) -> int:
    """How many days of the term's kind have begun since the date in force; 0 while it is not over."""
    return _count(clock.in_force.due, calendar.date_of(clock.answered or now), clock.term, clock.pauses, calendar)


def shares(moves: Sequence[Move], clock: Clock, calendar: Calendar, now: datetime) -> dict[str, int]:
    """Whose the elapsed days were: each counting day belongs to who held the case when it ended. They add up."""
    held = [move.at for move in moves]
    last = bisect_left(held, clock.answered) if clock.answered else bisect_right(held, now)
    found: dict[str, int] = {}
    for on in _days(calendar.date_of(clock.started), calendar.date_of(clock.answered or now)):
        if not _counts(on, clock.term, clock.pauses, calendar):
            continue
        move = moves[min(last, bisect_left(held, datetime.combine(on + DAY, time(), calendar.zone))) - 1]
        holder = DISPUTE if move.state == CaseState.RETURN_REQ else move.holder
        found[holder] = found.get(holder, 0) + 1
    return found


@dataclass(frozen=True, slots=True)
class Recomputation:
    """A date that was told, and what the calendar gives now. `due` holds from here on: never earlier than told."""

    told: date
    by_calendar: date
    due: date


def recomputation(moves: Sequence[Move], clock: Clock) -> Recomputation | None:
    """What to put on the record when the calendar has changed since a date was told; None when there is nothing.

    Put there as a `Move` of the event `RECOMPUTED` with `until=due, computed=True`.
    """
    lap = [move for move in moves if move.at >= clock.started and move.computed and move.until is not None]
    if clock.answered is not None or not lap:
        return None
    told = max(move.until for move in lap if move.until is not None)
    recorded = any(move.event == RECOMPUTED and move.until == clock.statutory.due for move in lap)
    if clock.by_calendar == told or (recorded and clock.statutory.due == told):
        return None
    return Recomputation(told, clock.by_calendar, clock.statutory.due)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that waits for the office itself: since when, until when it may, and the office's own lamp."""

    state: str
    since: datetime
    due: date
    lamp: Lamp


def waiting(moves: Sequence[Move], terms: Terms, calendar: Calendar, now: datetime) -> Waiting | None:
    """The office's own lamp; None when the case waits for somebody else."""
    moves = known(moves, now)
    term = terms.waiting.get(moves[-1].state) if moves else None
    if term is None:
        return None
    since = moves[-1].at
    for move in reversed(moves):
        if move.state != moves[-1].state:
            break
        since = move.at
    start = calendar.date_of(since)
    due, red = _nth(start, term.days, term, (), calendar), _nth(start, term.red, term, (), calendar)
    return Waiting(moves[-1].state, since, due, _lamp(due, red, None, calendar, now))
