"""What the clock needs of a case's record: what decides its term, its history as moves, and the limit it is held to."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from routing import deadlines, store
from routing.calendar import Calendar
from routing.cases import Case, CaseState
from routing.deadlines import Limit, Matter, Move, Terms, Waiting
from routing.history import Entry
from routing.supervision import GIVEN

OFFICE, CITIZEN, LEADER, ON_THE_BOOKS = "沟通办", "群众", "县领导", "挂账"
HOLDERS = {
    CaseState.NEED_INFO: CITIZEN,
    CaseState.REPLIED: CITIZEN,
    CaseState.AWAIT_LEADER: LEADER,
    CaseState.SUSPENDED: ON_THE_BOOKS,
}
"""Who has a case in a state; the department leads in the two of LED, everything else is the office's."""
LED = frozenset({CaseState.ASSIGNED, CaseState.IN_PROGRESS})


def read(tx: sa.Connection, case: Case) -> tuple[Matter, tuple[Move, ...]]:
    """The case as `routing.deadlines` sees it."""
    return Matter(case.kind, case.urgency), moves(store.timeline(tx, case.id))


def moves(entries: Sequence[Entry]) -> tuple[Move, ...]:
    """A history as moves. A date that came with a step stands in the entry's data (`due`, `computed`).

    What was taken back (`undo`) set no clock going and stopped none. History older than its `snapshot` holds neither
    dates nor units: the snapshot's belong to the last step before it that gave the case to a unit.
    """
    at = next((n for n, entry in enumerate(entries) if entry.event == "snapshot"), 0)
    carried = entries[at].data.get("set", {}) if at else {}
    given = max((n for n, entry in enumerate(entries[:at]) if entry.event in GIVEN), default=None)
    lead = carried.get("lead")
    found: list[tuple[int | None, Move]] = []
    for n, entry in enumerate(entries):
        lead = entry.data.get("set", {}).get("lead", lead)
        until = entry.data.get("due") or (carried.get("due_on") if n == given else None)
        if entry.event == "undo":
            found = [(text_id, move) for text_id, move in found if text_id != entry.text_id]
        move = Move(
            entry.at,
            entry.event,
            state := CaseState(entry.to_state),
            (lead or OFFICE) if state in LED else HOLDERS.get(state, OFFICE),
            date.fromisoformat(until) if until else None,
            bool(entry.data.get("computed")),
        )
        found.append((entry.text_id, move))
    return tuple(move for _, move in found)


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
