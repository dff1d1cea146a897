"""Histories of cases, written a step a line, and an office that is asked about them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from routing import statistics
from routing.calendar import Calendar
from routing.cases import Case, CaseState
from routing.deadlines import RECOMPUTED, Clock, Lamp, Matter, Move, Terms, clocks
from routing.history import Entry
from routing.moves import paired
from routing.seen import Seen
from routing.statistics import What

SHANGHAI = ZoneInfo("Asia/Shanghai")
POLICE, OFFICE = "交警大队", "沟通办"
STATES = {
    "receive": ("new", OFFICE),
    "ask_info": ("need_info", "群众"),
    "info_in": ("new", OFFICE),
    "accept": ("accepted", OFFICE),
    "assign": ("assigned", POLICE),
    "reassign": ("assigned", "县教育局"),
    "sign": ("in_progress", POLICE),
    "progress": ("in_progress", POLICE),
    "request_return": ("return_req", OFFICE),
    "return_no": ("assigned", POLICE),
    "return_ok": ("accepted", OFFICE),
    "extend_ok": ("in_progress", POLICE),
    "suspend": ("suspended", "挂账"),
    "resume": ("in_progress", POLICE),
    "report": ("reported", OFFICE),
    "send_back": ("in_progress", POLICE),
    "approve": ("replied", "群众"),
    "answer_direct": ("replied", "群众"),
    "reply_undelivered": ("reported", OFFICE),
    "phone_reply": ("replied", "群众"),
    "rate_ok": ("closed", ""),
    "rate_bad": ("dissatisfied", OFFICE),
    "uphold": ("assigned", POLICE),
    "recur": ("assigned", POLICE),
    RECOMPUTED: ("in_progress", POLICE),
}


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)


def case(*steps: str) -> list[Move]:
    """A history, a step a line: "2014-10-10T16:00 assign", with "until=2014-10-20" or "told=…" after it."""
    moves = []
    for step in steps:
        when, event, *more = step.split()
        state, holder = STATES[event]
        key, _, until = more[0].partition("=") if more else ("", "", "")
        date_ = date.fromisoformat(until) if until else None
        moves.append(Move(at(when), event, state, holder, date_, key == "told"))
    return moves


class Office:
    """Asks about a case at a moment."""

    def __init__(self, calendar: Calendar, terms: Terms) -> None:
        self.calendar, self.terms = calendar, terms

    def clocks(self, moves: Sequence[Move], now: str, **matter: str) -> tuple[Clock, ...]:
        return clocks(moves, Matter(**matter), self.terms, self.calendar, at(now))

    def clock(self, moves: Sequence[Move], now: str, **matter: str) -> Clock:
        return self.clocks(moves, now, **matter)[-1]

    def lamp(self, moves: Sequence[Move], now: str, **matter: str) -> Lamp:
        return self.clock(moves, now, **matter).statutory.lamp


TEACHER = ("2014-10-10T15:00 receive", "2014-10-10T15:20 accept", "2014-10-10T16:00 assign")
"""G2: a primary-school teacher texts on a Friday; the next day was worked."""


END_OF_2014 = at("2014-12-31T12:00")


def entry(step: str) -> Entry:
    """A line, "2014-10-10T16:00 assign", with "lead=…" or "rating=…" after it."""
    when, event, *more = step.split()
    state = STATES.get(event, ("closed", ""))[0]
    fields: dict[str, Any] = dict(pair.split("=") for pair in more)
    if "rating" in fields:
        fields["rating"] = int(fields["rating"])
    return Entry(at(when), event, "甲", "", None, state, "", None, None, {"set": fields} if fields else {})


class Eyes:
    """Sees cases at a moment."""

    def __init__(self, calendar: Calendar, terms: Terms) -> None:
        self.calendar, self.terms = calendar, terms

    def see(self, *steps: str, now: datetime = END_OF_2014, **given: Any) -> Seen:
        entries = [one for one in map(entry, steps) if one.at <= now]
        history = tuple(move for _, move in paired(entries))
        found = clocks(history, Matter(), self.terms, self.calendar, now)
        state = CaseState(entries[-1].to_state)
        case = Case(given.pop("id", 1), "FX1", "1000", None, "sms", "", entries[0].at, state, **given)
        return Seen(case, history, found, None, tuple(entries))

    def turns(self, *steps: str, now: datetime = END_OF_2014, **given: Any) -> list[statistics.Turn]:
        return list(statistics.turns(self.see(*steps, now=now, **given), self.calendar, now))

    def happened(self, *steps: str) -> list[tuple[What, str]]:
        return [(one.what, one.unit) for one in statistics.happenings(self.see(*steps), {}, self.calendar)]
