"""What the clock needs of a case's record: what decides its term, its history, and the limit it is held to."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from routing import deadlines, store
from routing.calendar import Calendar
from routing.cases import Case
from routing.deadlines import Limit, Matter, Move, Terms, Waiting
from routing.moves import OFFICE, moves

__all__ = ["OFFICE", "limits", "moves", "read", "waits"]


def read(tx: sa.Connection, case: Case) -> tuple[Matter, tuple[Move, ...]]:
    """The case as `routing.deadlines` sees it."""
    return Matter(case.kind, case.urgency), moves(store.timeline(tx, case.id))


def limits(
    tx: sa.Connection, cases: Iterable[Case], terms: Terms, calendar: Calendar, now: datetime
) -> dict[int, Limit | Waiting]:
    """By case: what its unit is held to, before it has one what the office itself is; nothing where neither is."""
    found: dict[int, Limit | Waiting] = {}
    for case in cases:
        matter, history = read(tx, case)
        running = deadlines.clocks(history, matter, terms, calendar, now)
        limit = running[-1].in_force if running else deadlines.waiting(history, terms, calendar, now)
        if limit is not None:
            found[case.id] = limit
    return found


def waits(
    tx: sa.Connection, cases: Iterable[Case], terms: Terms, calendar: Calendar, now: datetime
) -> dict[int, Waiting]:
    """By case: until when the office itself may leave it, of those that wait for the office; with the office's lamp."""
    theirs = [case.id for case in cases if case.state in terms.waiting]
    found = {}
    for case_id, entries in store.timelines(tx, theirs).items():
        waiting = deadlines.waiting(moves(entries), terms, calendar, now)
        if waiting is not None:
            found[case_id] = waiting
    return found
