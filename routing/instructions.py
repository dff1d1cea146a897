"""What a leader instructed (批示), and what becomes of it: forwarded, reported, closed; with a lamp like a case's.

An instruction is what its events make of it when they are played in order. Its clock is that of a case
(`routing/deadlines.py`): from the instruction to the unit's report.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from routing.calendar import Calendar
from routing.deadlines import Clock, Matter, Move, Term, Terms, clocks


class Event(StrEnum):
    """What happens to an instruction. Their values stand in the store."""

    ASSIGN = "assign"  # 转办
    REPORT = "report"  # 反馈
    SEND_BACK = "send_back"  # 退回重报
    CLOSE = "close"  # 办结
    PUBLISH = "publish"  # 公开


class State(StrEnum):
    """Where an instruction stands."""

    RECORDED = "recorded"
    ASSIGNED = "assigned"
    REPORTED = "reported"
    CLOSED = "closed"


LABELS = {
    State.RECORDED: "待转办",
    State.ASSIGNED: "办理中",
    State.REPORTED: "待办结",
    State.CLOSED: "已办结",
}
EVENTS = {
    Event.ASSIGN: "转办",
    Event.REPORT: "反馈",
    Event.SEND_BACK: "退回重报",
    Event.CLOSE: "办结",
    Event.PUBLISH: "公开",
}
FROM: Mapping[Event, frozenset[State]] = {
    Event.ASSIGN: frozenset({State.RECORDED, State.ASSIGNED}),
    Event.REPORT: frozenset({State.ASSIGNED}),
    Event.SEND_BACK: frozenset({State.REPORTED}),
    Event.CLOSE: frozenset({State.REPORTED}),
    Event.PUBLISH: frozenset({State.CLOSED}),
}
"""From which states each may happen. Nothing is closed that no unit has reported on."""
TO = {
    Event.ASSIGN: State.ASSIGNED,
    Event.REPORT: State.REPORTED,
    Event.SEND_BACK: State.ASSIGNED,
    Event.CLOSE: State.CLOSED,
    Event.PUBLISH: State.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """From the [instruction] of config/deadlines.toml: working days, and the offices that forward (两办督查室)."""

    days: int = 5
    red: int = 15
    offices: tuple[str, ...] = ("县委督查室", "县政府督查室")

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Rules":
        """What the table leaves out is as shipped. Raises `ValueError` for impossible days."""
        given = dict(table.get("instruction", {}))
        rules = cls(**given | {"offices": tuple(given.get("offices", cls().offices))})
        Term.from_toml("批示", {"days": rules.days, "red": rules.red})
        if not rules.offices:
            raise ValueError("[instruction] offices 至少写一个")
        return rules

    def term(self) -> Term:
        """How long a unit has."""
        return Term("批示", self.days, self.red)


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of an instruction's history."""

    at: datetime
    event: Event
    actor: str
    unit: str = ""  # to whom it is forwarded; by which office is said in the words
    words: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction as its events leave it."""

    id: int
    number: str  # 批示2026-5
    leader: str
    words: str
    item: str  # of the digest, 2026-3-2
    case: str
    given_at: datetime
    due: date
    computed: bool  # the calendar gave that date
    state: State = State.RECORDED
    unit: str = ""
    report: str = ""
    result: str = ""
    published: bool = False
    history: tuple[Happened, ...] = field(default=())


class NotNow(Exception):
    """It cannot happen to an instruction as it stands."""


def after(one: Instruction, happened: Happened) -> Instruction:
    """The instruction after an event. Raises `NotNow` with the reason."""
    event = happened.event
    if one.state not in FROM[event]:
        raise NotNow(f"{one.number} 现在是“{LABELS[one.state]}”,不能{EVENTS[event]}")
    if event is Event.PUBLISH and one.published:
        raise NotNow(f"{one.number} 已经公开")
    sets: Mapping[Event, Mapping[str, Any]] = {
        Event.ASSIGN: {"unit": happened.unit},
        Event.REPORT: {"report": happened.words},
        Event.CLOSE: {"result": happened.words},
        Event.PUBLISH: {"published": True},
    }
    return replace(one, state=TO[event], history=(*one.history, happened), **sets.get(event, {}))


def played(recorded: Instruction, events: Iterable[Happened]) -> Instruction:
    """The instruction as its events make it."""
    for happened in events:
        recorded = after(recorded, happened)
    return recorded


def clock(one: Instruction, rules: Rules, terms: Terms, calendar: Calendar, now: datetime) -> Clock:
    """Its clock: from the day it was given to the last report that was not sent back."""
    [running] = clocks(_moves(one), Matter(), replace(terms, default=rules.term()), calendar, now)
    return running


_AS_A_CASE = {Event.REPORT: "approve", Event.SEND_BACK: "reply_undelivered"}
"""A report stops the clock as an answer does; sent back, it is as one that never arrived."""


def _moves(one: Instruction) -> Sequence[Move]:
    given = Move(one.given_at, "assign", "assigned", one.unit, one.due, one.computed)
    later = (Move(done.at, _AS_A_CASE.get(done.event, done.event), "assigned", one.unit) for done in one.history)
    return (given, *(move for move in later if move.event != Event.ASSIGN))


@dataclass(frozen=True, slots=True)
class Figures:
    """Issues, items, items with an instruction, and those of them that are handled; every rate is made of two."""

    issues: int
    items: int
    instructed: int
    handled: int
