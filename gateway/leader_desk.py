"""What waits for the county's leaders, and what became of the kinds that they decide in person (亲自批转)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway import case_record, digest_issues
from gateway.case_desk import CLEARED, proposed
from gateway.casebook import Desk
from gateway.instruction_desk import STEP
from routing import store
from routing.cases import Case, CaseState
from routing.deadlines import Lamp, Waiting
from routing.history import Entry
from routing.tables import case_event, case_ticket, instruction

READ_WITHIN = 14
"""Days for which a signed item without an instruction is shown as one that may still get one."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that waits for a leader. `days` are working days begun since it does."""

    what: str  # 待批示 | 待批准延期 | 可批示
    number: str  # of the case, or the reference of an item
    title: str
    since: datetime
    days: int
    lamp: Lamp | None


def pending(tx: sa.Connection, desk: Desk, now: datetime) -> list[Pending]:
    """Cases that wait for an instruction, extensions that only a leader grants, items to read: the oldest first."""
    cases = store.listed(tx, state=CaseState.AWAIT_LEADER, limit=1_000_000)
    waits = case_record.waits(tx, cases, desk.terms, desk.calendar, now)
    found = [_of_case(desk, case, waits.get(case.id), now) for case in cases]
    for case in store.with_proposals(tx):
        asked = proposed(store.timeline(tx, case.id), "extend_ok")
        if asked is not None and case.extensions:
            found.append(_pending(desk, "待批准延期", case.number, asked.reason, asked.at, None, now))
    found += _items(tx, desk, {case.number for case in cases}, now)
    return sorted(found, key=lambda one: (one.since, one.number))


def _of_case(desk: Desk, case: Case, waiting: Waiting | None, now: datetime) -> Pending:
    title = case.leader_kind or case.kind or ""
    lamp = waiting.lamp if waiting else None
    return _pending(desk, "待批示", case.number, title, case.since or case.created_at, lamp, now)


def _items(tx: sa.Connection, desk: Desk, waiting: set[str], now: datetime) -> list[Pending]:
    """Items of the last fortnight's issues without an instruction, whose cases do not wait for one themselves."""
    instructed = set(tx.scalars(sa.select(instruction.c.item_id).where(instruction.c.item_id.isnot(None))))
    found = []
    for issue, _ in digest_issues.listed(tx):
        if issue.signed_at is None or (desk.today(now) - desk.today(issue.signed_at)).days > READ_WITHIN:
            continue
        for item in digest_issues.items(tx, issue):
            if item.id not in instructed and not waiting.issuperset(item.cases or ("",)):
                ref = f"{issue.name}-{item.position}"
                found.append(_pending(desk, "可批示", ref, item.title, issue.signed_at, None, now))
    return found


def _pending(
    desk: Desk, what: str, number: str, title: str, since: datetime, lamp: Lamp | None, now: datetime
) -> Pending:
    days = desk.calendar.working_days_between(desk.today(since), desk.today(now))
    return Pending(what, number, title, since, days, lamp)


# --------------------------------------------------------------------------------------------------------- in person


@dataclass(frozen=True, slots=True)
class Kind:
    """What became of the cases of a kind in a year: each list of numbers is what its figure was counted from."""

    name: str
    instructed: tuple[str, ...]  # by a leader in person
    delegated: tuple[str, ...]  # by the director, the leader having been silent
    waiting: tuple[str, ...]
    otherwise: tuple[str, ...]  # not yet accepted, merged, refused
    cleared: tuple[str, ...]  # it seemed one by its words, the operator found that it is none

    @property
    def cases(self) -> tuple[str, ...]:
        """All that were of the kind."""
        return (*self.instructed, *self.delegated, *self.waiting, *self.otherwise)


def kinds(tx: sa.Connection, desk: Desk, year: int) -> list[Kind]:
    """Every kind that the office's table has, with the cases that were registered in the year."""
    query = sa.select(case_ticket.c.id).where(case_ticket.c.year == year)
    marked = sa.or_(case_ticket.c.leader_kind.isnot(None), case_ticket.c.id.in_(_once_marked()))
    ids = tx.scalars(query.where(marked).order_by(case_ticket.c.id)).all()
    found: dict[str, list[list[str]]] = {one.name: [[] for _ in range(5)] for one in desk.codes.leader_kinds}
    for case_id, entries in store.timelines(tx, ids).items():
        case = store.by_id(tx, case_id)
        name = case.leader_kind or _first_kind(entries)
        if name:
            found.setdefault(name, [[] for _ in range(5)])[_what_became(case, entries)].append(case.number)
    return [Kind(name, *(tuple(numbers) for numbers in lists)) for name, lists in found.items()]


def _once_marked() -> sa.Select[tuple[int]]:
    """Cases that an operator accepted as none of the kinds."""
    reason = case_event.c.reason.startswith(f"{CLEARED}:", autoescape=True)
    return sa.select(case_event.c.case_id).where(case_event.c.event == "accept", reason)


def _first_kind(entries: Sequence[Entry]) -> str:
    """What the words of the case seemed to make it."""
    return next((kind for entry in entries if (kind := entry.data.get("set", {}).get("leader_kind"))), "")


def _what_became(case: Case, entries: Sequence[Entry]) -> int:
    events = {entry.event for entry in entries}
    if not case.leader_kind:
        return 4
    if STEP in events:
        return 0
    if "delegate" in events:
        return 1
    return 2 if case.state is CaseState.AWAIT_LEADER else 3
