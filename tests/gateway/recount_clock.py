"""Until when a case was to be answered, how its lamps stood and whose its days were, told from its raw history.

Nothing of the program is used: the notices of `config/calendar` are read again, days are counted one by one, and the
rules are those of docs/deadlines.md.
"""

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.gateway.casework import SHANGHAI
from tests.gateway.ledger import OFFICE, Line, _standing

NOTICES = Path(__file__).parents[2] / "config" / "calendar"
TERMS = {"咨询": (3, 9)}
USUAL, URGENT, REDO = (5, 15), (1, 3), (3, 9)
DAY, TICK = timedelta(days=1), timedelta(milliseconds=1)
HELD = {"need_info": "群众", "replied": "群众", "await_leader": "县领导", "return_req": "退单争议"}


def day(at: datetime) -> date:
    """The office's date."""
    return at.astimezone(SHANGHAI).date()


def over(on: date) -> datetime:
    """When a day is over."""
    return datetime(on.year, on.month, on.day, tzinfo=SHANGHAI) + DAY


class Days:
    """Which days the office worked, as known on a day."""

    def __init__(self, known: date) -> None:
        self.off, self.work, self.years = set[date](), set[date](), set[int]()
        for file in sorted(NOTICES.glob("2*.toml")):
            notice = tomllib.loads(file.read_text(encoding="utf-8"))
            if notice["published"] > known:
                continue
            self.years.add(notice["year"])
            items = {one["name"]: one for one in notice["holiday"]}
            changes = sorted(notice.get("change", ()), key=lambda one: one["published"])
            items |= {one["name"]: one for one in changes if one["published"] <= known}
            for one in items.values():
                self.off |= set(_span(one["from"], one["to"]))
                self.work |= set(one.get("work", ()))
        self.law = tomllib.loads((NOTICES / "statutory.toml").read_text(encoding="utf-8"))

    def worked(self, on: date) -> bool:
        if on in self.work or on in self.off:
            return on in self.work
        return on.weekday() < 5 and (on.year in self.years or on not in self._by_law(on.year))

    def _by_law(self, year: int) -> set[date]:
        """What the law gives a year without a notice; a day lost to a weekend is made up on the next working day."""
        off = {date.fromisoformat(f"{year}-{on}") for row in self.law["fixed"] for on in row["days"]}
        for row in self.law["festival"]:
            for middle in row["dates"]:
                off |= set(_span(middle - row.get("before", 0) * DAY, middle + row.get("after", 0) * DAY))
        for on in sorted(one for one in off if one.year == year and one.weekday() >= 5):
            while on in off or on.weekday() >= 5:
                on += DAY
            off.add(on)
        return off

    def nth(self, start: date, n: int, dead: Collection[date]) -> date:
        """The n-th working day after a day, without those on the books."""
        while n:
            start += DAY
            n -= self.worked(start) and start not in dead
        return start

    def count(self, start: date, end: date, dead: Collection[date]) -> int:
        return sum(self.worked(on) and on not in dead for on in _span(start + DAY, end))


def _span(first: date, last: date) -> Iterator[date]:
    return (first + DAY * n for n in range((last - first).days + 1))


@dataclass
class Turn:
    """One round of a case: from its assignment, or from its reopening, to its answer."""

    began: datetime
    again: str  # the event that opened it again, none for the first
    lines: list[Line] = field(default_factory=list)
    unit: str = OFFICE
    answered: datetime | None = None
    held: bool = False  # on the books
    law: date = date.max
    due: date = date.max
    lamps: tuple[str, str] = ("", "")  # by law, by the date in force
    elapsed: int = 0
    late: int = 0
    shares: dict[str, int] = field(default_factory=dict)


@dataclass
class Told:
    """A case at a moment."""

    number: str
    lines: Sequence[Line]  # those that stand
    turns: list[Turn]
    fields: Mapping[str, Any]  # as they were last set

    @property
    def state(self) -> str:
        state: str = self.lines[-1]["state"]
        return state

    @property
    def open(self) -> Turn | None:
        """The round that waits for its answer."""
        last = self.turns[-1] if self.turns else None
        return last if last and not last.answered and self.state not in ("closed", "merged", "rejected") else None


def read(number: str, history: Iterable[Line], now: datetime, days: Days) -> Told:
    """The case as it was known at a moment."""
    known = [line for line in history if line["at"] <= now]
    fields: dict[str, Any] = {}
    for line in known:
        fields |= line["data"].get("set", {})
    lines = _standing(known)
    case = Told(number, lines, list(_turns(lines)), fields)
    pauses, holders = _pauses(lines, now), list(_holders(lines))
    for turn in case.turns:
        turn.held = turn is case.turns[-1] and case.state == "suspended"
        urgent = fields.get("urgency", "normal") != "normal"
        term = REDO if turn.again else URGENT if urgent else TERMS.get(fields.get("kind") or "", USUAL)
        _date(turn, term, pauses, days, now)
        dead, until = {on for on, _ in pauses}, turn.answered or now
        turn.elapsed = days.count(day(turn.began), day(until), dead)
        turn.late = days.count(turn.due, day(until), dead)
        had = [(at, who) for at, who in holders if not turn.answered or at < turn.answered]
        turn.shares = dict(
            Counter(
                next(who for at, who in reversed(had) if at < over(on))
                for on in _span(day(turn.began) + DAY, day(until))
                if days.worked(on) and on not in dead
            )
        )
    return case


def _turns(lines: Sequence[Line]) -> Iterator[Turn]:
    turn, lead = None, None
    for line in lines:
        event, state = line["event"], line["state"]
        lead = line["data"].get("set", {}).get("lead", lead)
        if turn is None and event in ("assign", "instruct", "delegate", "answer_direct"):
            turn = Turn(lines[0]["at"] if event == "answer_direct" else line["at"], "")
        elif turn and turn.answered and event in ("uphold", "recur"):
            yield turn
            turn = Turn(line["at"], event)
        if turn is None:
            continue
        turn.lines.append(line)
        if event in ("approve", "phone_reply", "answer_direct"):
            turn.answered = turn.answered or line["at"]
        elif event == "reply_undelivered":
            turn.answered = None
        if state in ("assigned", "in_progress"):
            turn.unit = lead or OFFICE
        elif event == "return_ok":
            turn.unit = OFFICE
    if turn:
        yield turn


def _pauses(lines: Iterable[Line], now: datetime) -> set[tuple[date, date]]:
    """Every day on the books, with the day on which that began; one that is on them stays until it is looked at."""
    found, began = set(), None
    for line in lines:
        if line["state"] == "suspended":
            began = began or line
        elif began:
            found |= {(on, day(began["at"])) for on in _span(day(began["at"]), day(line["at"]))}
            began = None
    if began:
        last = max(day(now), date.fromisoformat(began["data"]["due"]))
        found |= {(on, day(began["at"])) for on in _span(day(began["at"]), last)}
    return found


def _holders(lines: Iterable[Line]) -> Iterator[tuple[datetime, str]]:
    lead = None
    for line in lines:
        lead = line["data"].get("set", {}).get("lead", lead)
        unit = (lead or OFFICE) if line["state"] in ("assigned", "in_progress") else OFFICE
        yield line["at"], HELD.get(line["state"], unit)


def _date(turn: Turn, term: tuple[int, int], pauses: set[tuple[date, date]], days: Days, now: datetime) -> None:
    """The dates of law and in force, and how both lamps stand."""
    start, dead = day(turn.began), {on for on, _ in pauses}
    given = [line for line in turn.lines if line["data"].get("due") and line["state"] != "suspended"]
    told = [date.fromisoformat(line["data"]["due"]) for line in given if line["data"].get("computed")]
    turn.law = turn.due = max([days.nth(start, term[0], dead), *told])
    law_red = red = max(turn.law, days.nth(start, term[1], dead))
    by_person = [line for line in given if not line["data"].get("computed")]
    if by_person:
        ordered = date.fromisoformat(by_person[-1]["data"]["due"])
        while not days.worked(ordered):
            ordered += DAY
        before = {on for on, began in pauses if began <= day(by_person[-1]["at"])}
        n = max(1, days.count(start, ordered, before))
        turn.due = days.nth(start, n, dead)
        red = law_red if turn.due == turn.law else days.nth(start, n + term[1] - term[0], dead)
    turn.lamps = _lamp(turn, turn.law, law_red, now), _lamp(turn, turn.due, red, now)


def _lamp(turn: Turn, due: date, red: date, now: datetime) -> str:
    at = turn.answered or now + TICK
    late = "red" if at >= over(red) else "yellow" if at >= over(due) else ""
    return late or ("green" if turn.answered else "none")
