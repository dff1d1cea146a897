"""What the office gives a unit to do (工作任务): a case on the same table and clock, which no citizen raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway import case_desk, case_record
from gateway.casebook import Desk
from gateway.errors import USAGE, Refused
from routing import store
from routing.cases import INTERNAL, TASK, Case, CaseState, Facts
from routing.deadlines import Lamp

ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Count:
    """A unit's tasks as their lead: `given` of which `done`, and of the others so many `late`."""

    unit: str
    given: int
    done: int
    late: int

    @property
    def open(self) -> int:
        """Not done yet."""
        return self.given - self.done


def give(
    tx: sa.Connection,
    desk: Desk,
    *,
    unit: str,
    co_handlers: Sequence[str],
    words: str,
    days: int,
    actor: str,
    now: datetime,
) -> Case:
    """Registered, accepted and assigned at once, due in so many working days. What its words name accuses nobody."""
    if not words.strip():
        raise Refused("没有写要做什么", "用 --text 写明", USAGE)
    if not 1 <= days <= 250:
        raise Refused("办理期限应为1到250个工作日", "用 --days 写明", USAGE)
    case = case_desk.enter(tx, desk, text=words.strip(), channel=INTERNAL, person_id=None, actor=actor, now=now)
    kept = Facts(actor, now, kind=TASK, shield=1, leader_kind=case_desk.ALONE, cleared=case.accused)
    case_desk.act(tx, desk, case.number, "accept", "operator", kept)
    due = desk.working_day(desk.today(now), days)
    order = Facts(actor, now, lead=unit, co_handlers=tuple(co_handlers), due=due)
    return case_desk.act(tx, desk, case.number, "assign", "operator", order)


def tasks(tx: sa.Connection, unit: str | None, everything: bool) -> list[Case]:
    """Open tasks, or all; those that a unit leads or helps with; oldest first."""
    found = store.listed(tx, department=unit, channel=INTERNAL, limit=ALL)
    return [case for case in found if everything or case.state is not CaseState.CLOSED]


def close(tx: sa.Connection, desk: Desk, number: str, gates: frozenset[str], actor: str, now: datetime) -> Case:
    """What was reported is approved, by somebody else than who gave the task; with that it is done."""
    case = store.by_number(tx, number.strip().upper())
    if case is None or case.channel != INTERNAL:
        raise Refused(f"{number} 不是工作任务", "xinqiao task list 列出工作任务;其他的件用 xinqiao case approve")
    return case_desk.act(tx, desk, case.number, "approve", "reviewer", Facts(actor, now, gates=gates))


def counts(tx: sa.Connection, desk: Desk, now: datetime) -> list[Count]:
    """How many tasks every unit was given, and how they stand; the most first."""
    by_unit: dict[str, list[Case]] = {}
    for case in tasks(tx, None, True):
        by_unit.setdefault(case.lead or case_record.OFFICE, []).append(case)
    limits = case_record.limits(tx, tasks(tx, None, False), desk.terms, desk.calendar, now)
    late = {number for number, limit in limits.items() if limit.lamp in (Lamp.YELLOW, Lamp.RED)}
    found = [
        Count(
            unit,
            len(cases),
            sum(case.state is CaseState.CLOSED for case in cases),
            sum(case.id in late for case in cases),
        )
        for unit, cases in by_unit.items()
    ]
    return sorted(found, key=lambda one: (-one.given, one.unit))
