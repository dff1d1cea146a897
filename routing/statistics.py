"""What reports count, defined once: the turns of units at cases, what happened to them, and the tally of a period.

A turn (承办) is one clock of a case: from the assignment, or from the reopening, to the answer. It belongs to the month
in which it began and to the unit that had the case last on it; returning and reassigning do not begin another. What
happens (a late signature, a return, a vote) belongs to its own month and to the unit that had the case then. Whether
units keep their dates is counted in the month of the date, of the turns whose date is over, so that a published rate
does not move any more. Cases that were merged or not accepted are nobody's turn.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from itertools import zip_longest

from routing import deadlines
from routing.calendar import Calendar
from routing.cases import CaseState
from routing.deadlines import Clock, Lamp
from routing.moves import OFFICE, unit
from routing.seen import Seen
from routing.supervision import SAME_PROBLEM, Standing

SATISFIED, BASICALLY, DISSATISFIED = 1, 2, 3


class Fate(StrEnum):
    """What has become of a turn. Every turn has exactly one, so the columns add up."""

    ON_TIME = "on_time"  # 按期答复
    LATE = "late"  # 逾期答复
    OVERDUE = "overdue"  # 逾期未答复
    RUNNING = "running"  # 未到期
    SUSPENDED = "suspended"  # 挂账


@dataclass(frozen=True, slots=True)
class Turn:
    """A unit's turn at a case. `due` is the date in force; the lamp of the law stands beside it."""

    number: str
    nth: int  # of the case's turns, from 0
    unit: str
    began: date
    due: date
    due_over: bool
    fate: Fate
    statutory: Lamp
    in_force: Lamp
    answered: date | None
    closed: bool
    days_late: int
    outcome: str  # as reported; none while it is open, nor of a turn after which the case came back


def turns(one: Seen, calendar: Calendar, now: datetime) -> Iterator[Turn]:
    """Every turn at a case, oldest first."""
    if one.case.state in (CaseState.MERGED, CaseState.REJECTED):
        return
    for nth, (clock, after) in enumerate(zip_longest(one.clocks, one.clocks[1:])):
        end = after.started if after else None
        within = [move for move in one.history if move.at >= clock.started and (end is None or move.at < end)]
        limit = clock.in_force
        yield Turn(
            one.case.number,
            nth,
            unit(within),
            calendar.date_of(clock.started),
            limit.due,
            not clock.suspended and deadlines.is_over(limit.due, calendar, now),
            _fate(clock),
            clock.statutory.lamp,
            limit.lamp,
            calendar.date_of(clock.answered) if clock.answered else None,
            any(move.state == CaseState.CLOSED for move in within),
            deadlines.days_late(clock, calendar, now),
            (one.case.outcome or "") if after is None and clock.answered else "",
        )


def _fate(clock: Clock) -> Fate:
    lamp = clock.in_force.lamp
    if clock.answered is not None:
        return Fate.ON_TIME if lamp is Lamp.GREEN else Fate.LATE
    if clock.suspended:
        return Fate.SUSPENDED
    return Fate.RUNNING if lamp is Lamp.NONE else Fate.OVERDUE


def spent(one: Seen, turn: Turn, calendar: Calendar, now: datetime) -> dict[str, int]:
    """Whose the days of a turn were; they add up to those that elapsed."""
    return deadlines.shares(one.history, one.clocks[turn.nth], calendar, now)


# --------------------------------------------------------------------------------------------------------- happenings


class What(StrEnum):
    """What happened with a unit's case; the values are the columns of the tally."""

    LATE_SIGNED = "late_signed"  # 迟签: counted as signed, because nobody did
    RETURN_UPHELD = "returned_upheld"  # 退单,同意
    RETURN_REFUSED = "returned_refused"  # 退单,不同意
    REPORTED = "reported"  # 反馈
    REPORTED_BACK = "reported_back"  # a report that was sent back later; in the report's own month
    SENT_BACK = "sent_back"  # 退回重办
    SATISFIED = "satisfied"
    BASICALLY = "basically"
    DISSATISFIED = "dissatisfied"
    NOT_RATED = "not_rated"  # was asked, and did not answer
    NOT_ASKED = "not_asked"  # no number, opted out, or another survey stood before it to the end
    THANKED = "thanked"
    CAME_BACK = "came_back"  # 同一问题再次反映
    ATTITUDE = "attitude"  # with what somebody was dissatisfied, each once a vote
    EFFICIENCY = "efficiency"
    STYLE = "style"


_EVENTS = {
    "deemed_signed": What.LATE_SIGNED,
    "return_ok": What.RETURN_UPHELD,
    "return_no": What.RETURN_REFUSED,
    "report": What.REPORTED,
    "send_back": What.SENT_BACK,
    "rate_timeout": What.NOT_RATED,
    "unrated": What.NOT_RATED,
    "rate_bad": What.DISSATISFIED,
    "thanks": What.THANKED,
    SAME_PROBLEM: What.CAME_BACK,
}
_RATINGS = {SATISFIED: What.SATISFIED, BASICALLY: What.BASICALLY, DISSATISFIED: What.DISSATISFIED}
MAY_DISSATISFY = ("rate_bad", "rate")
"""Events that may say that a citizen is dissatisfied."""
RATED = (What.SATISFIED, What.BASICALLY, What.DISSATISFIED)
ASPECTS = (What.ATTITUDE, What.EFFICIENCY, What.STYLE)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened with a unit's case on a day."""

    what: What
    number: str
    unit: str
    on: date


def happenings(one: Seen, masters: Mapping[int, Seen], calendar: Calendar) -> Iterator[Happening]:
    """Everything that is counted, oldest first. The reporter of a merged case votes on the unit of its master."""
    recorded, survey, rating, named = False, None, None, set[str]()
    for nth, (entry, move) in enumerate(zip(one.entries, one.history, strict=True)):
        given = entry.data.get("set", {})
        rating = given.get("rating", rating)  # who rates the same a second time changes no field
        what = _EVENTS.get(entry.event)
        if entry.event in ("rate_ok", "rate"):
            what = _RATINGS.get((rating if recorded or given else one.case.rating) or 0)
        elif entry.event == "rate_timeout" and recorded and survey != "open":
            what = What.NOT_ASKED
        recorded, survey = recorded or bool(given), given.get("survey", survey)
        if what in RATED:
            named = set()
        aspects = [aspect for aspect in ASPECTS if aspect in entry.data.get("aspects", ()) and aspect not in named]
        named.update(aspects)
        if what is None and not aspects:
            continue
        master = masters.get(one.case.master_id or 0)
        whose = (
            unit([earlier for earlier in master.history if earlier.at < move.at]) if master else unit(one.history, nth)
        )
        on = calendar.date_of(move.at)
        for each in (what, *aspects):
            if each is not None:
                yield Happening(each, one.case.number, whose, on)
        if what is What.REPORTED and _sent_back(one, nth):
            yield Happening(What.REPORTED_BACK, one.case.number, whose, on)
        elif entry.data.get("thanks"):  # a text that thanks is a vote, too, where one was asked for
            yield Happening(What.THANKED, one.case.number, whose, on)


def _sent_back(one: Seen, nth: int) -> bool:
    """What came of a report: whether it was sent back before another took its place."""
    fate = (move.event for move in one.history[nth + 1 :] if move.event in ("send_back", "report", "approve"))
    return next(fate, "") == "send_back"


# -------------------------------------------------------------------------------------------------------------- tally


@dataclass(frozen=True, slots=True)
class Tally:
    """A unit's figures in a period, each as the numbers of the cases behind it. A case may stand in one twice."""

    unit: str
    assigned: tuple[str, ...] = ()  # turns that began in it: the five fates that follow add up to them
    on_time: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    due: tuple[str, ...] = ()  # turns whose date lay in it and is over
    due_on_time: tuple[str, ...] = ()
    due_answered: tuple[str, ...] = ()
    solved: tuple[str, ...] = ()  # of the assigned
    late_signed: tuple[str, ...] = ()
    returned_upheld: tuple[str, ...] = ()
    returned_refused: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    reported_back: tuple[str, ...] = ()
    sent_back: tuple[str, ...] = ()
    satisfied: tuple[str, ...] = ()
    basically: tuple[str, ...] = ()
    dissatisfied: tuple[str, ...] = ()
    not_rated: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()
    thanked: tuple[str, ...] = ()
    came_back: tuple[str, ...] = ()
    attitude: tuple[str, ...] = ()
    efficiency: tuple[str, ...] = ()
    style: tuple[str, ...] = ()

    @property
    def answered(self) -> tuple[str, ...]:
        """Of the assigned."""
        return (*self.on_time, *self.late)

    @property
    def rated(self) -> tuple[str, ...]:
        """Who voted. Who did not is in none of the three."""
        return (*self.satisfied, *self.basically, *self.dissatisfied)

    @property
    def content(self) -> tuple[str, ...]:
        """Satisfied, or basically so."""
        return (*self.satisfied, *self.basically)


FIGURES = tuple(one.name for one in fields(Tally))[1:]


def tally(
    turns: Iterable[Turn],
    happened: Iterable[Happening],
    within: Callable[[date], bool],
    solved: Collection[str] = (),
) -> dict[str, Tally]:
    """By unit, the office's own among them; units with nothing are missing. `solved`: outcomes that count as it."""
    found: dict[str, dict[str, list[str]]] = {}
    for turn in turns:
        of = found.setdefault(turn.unit, {})
        for figure in _figures(turn, within, solved):
            of.setdefault(figure, []).append(turn.number)
    for one in happened:
        if within(one.on):
            found.setdefault(one.unit, {}).setdefault(one.what, []).append(one.number)
    return {
        whose: Tally(whose, **{name: tuple(sorted(cases)) for name, cases in of.items()})
        for whose, of in found.items()
        if of
    }


def _figures(turn: Turn, within: Callable[[date], bool], solved: Collection[str]) -> Iterator[str]:
    """The columns in which a turn counts."""
    if within(turn.began):
        yield "assigned"
        yield turn.fate
        if turn.closed:
            yield "closed"
        if turn.outcome in solved:
            yield "solved"
    if turn.due_over and within(turn.due):
        yield "due"
        if turn.in_force is Lamp.GREEN:
            yield "due_on_time"
        if turn.answered is not None:
            yield "due_answered"


def total(tallies: Iterable[Tally], name: str = "合计") -> Tally:
    """The sum: every list is the lists of the units together."""
    several = list(tallies)
    return Tally(name, **{figure: tuple(n for one in several for n in getattr(one, figure)) for figure in FIGURES})


def standings(turns: Iterable[Turn]) -> tuple[Standing, ...]:
    """By month and unit: turns whose date has come, and how many of them were answered in time (按期答复率)."""
    counts: dict[tuple[str, str], list[int]] = {}
    for turn in turns:
        if turn.due_over and turn.unit != OFFICE:
            count = counts.setdefault((turn.due.isoformat()[:7], turn.unit), [0, 0])
            count[0] += turn.in_force is Lamp.GREEN
            count[1] += 1
    return tuple(Standing(month, whose, good, all_) for (month, whose), (good, all_) in sorted(counts.items()))


def ranks(standings: Collection[Standing], month: str) -> dict[str, int]:
    """Units by their rate, the best 1; equal rates have equal ranks; a unit that had nothing to do has none."""
    rates = {
        one.unit: Fraction(one.numerator, one.denominator)
        for one in standings
        if one.month == month and one.denominator
    }
    return {whose: 1 + sum(other > rate for other in rates.values()) for whose, rate in rates.items()}
