"""What the clock needs of a case's record: what decides its term, and its history as moves."""

from datetime import date

import sqlalchemy as sa

from routing import store
from routing.cases import Case, CaseState
from routing.deadlines import Matter, Move
from routing.supervision import GIVEN
from routing.tables import case_ticket

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
    """The case as `routing.deadlines` sees it.

    A date that came with a step stands in the event's data (`due`, and `computed` when the calendar gave it); the one
    that the case row holds was set when it was last given to a department.
    """
    row = tx.execute(sa.select(case_ticket.c.kind, case_ticket.c.urgency).where(case_ticket.c.id == case.id)).one()
    entries = store.timeline(tx, case.id)
    last_given = max((n for n, entry in enumerate(entries) if entry.event in GIVEN), default=None)
    moves = []
    for n, entry in enumerate(entries):
        due = entry.data.get("due") or (case.due_on if n == last_given else None)
        state = CaseState(entry.to_state)
        lead = entry.data.get("lead") or case.lead or OFFICE
        moves.append(
            Move(
                entry.at,
                entry.event,
                state,
                lead if state in LED else HOLDERS.get(state, OFFICE),
                date.fromisoformat(due) if due else None,
                bool(entry.data.get("computed")),
            )
        )
    return Matter(row.kind, row.urgency), tuple(moves)
