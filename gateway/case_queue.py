"""What waits for whom: the cases that somebody in their roles should look at, danger first, then the oldest."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from gateway.case_desk import proposed
from routing import store
from routing.cases import URGENCIES, Case, CaseState

WORK: Mapping[str, tuple[CaseState, ...]] = {
    "operator": (CaseState.NEW, CaseState.ACCEPTED),
    "reviewer": (CaseState.RETURN_REQ, CaseState.REPORTED, CaseState.DISSATISFIED),
    "leader": (CaseState.AWAIT_LEADER,),
    "dept": (CaseState.ASSIGNED, CaseState.IN_PROGRESS),
    "head": (CaseState.ASSIGNED, CaseState.IN_PROGRESS),
}
"""States whose cases wait for a role."""
DECISIONS: Mapping[str, tuple[str, ...]] = {
    "reviewer": ("reject",),
    "director": ("extend_ok", "explain"),
    "leader": ("extend_ok",),
}
"""Proposals that wait for a role."""
ALL = 1_000_000


def waiting_for(tx: sa.Connection, roles: Iterable[str], department: str | None) -> list[Case]:
    """Everything that waits for somebody in these roles; of units, only what is theirs and not about them."""
    roles = frozenset(roles)
    found: dict[int, Case] = {}
    for state in {state for role in roles for state in WORK.get(role, ())}:
        found |= {case.id: case for case in store.listed(tx, state=state, department=department, limit=ALL)}
    if "operator" in roles:  # a reply that did not arrive is to be phoned
        failed = store.listed(tx, state=CaseState.REPORTED, limit=ALL)
        found |= {case.id: case for case in failed if case.reply_delivery == "undelivered"}
    if "operator" in roles:  # somebody without a phone is to be told on the way the matter came
        found |= {case.id: case for case in store.to_tell(tx)}
    if "director" in roles:  # a leader was silent
        silent = store.listed(tx, state=CaseState.AWAIT_LEADER, limit=ALL)
        found |= {case.id: case for case in silent if store.noted(tx, case, "delegate_due")}
    if "supervisor" in roles:
        found |= {case.id: case for case in store.supervised(tx)}
    events = {event for role in roles for event in DECISIONS.get(role, ())}
    for case in store.with_proposals(tx) if events else ():
        entries = store.timeline(tx, case.id)
        if any(proposed(entries, event) for event in events):
            found[case.id] = case
    ranks = list(URGENCIES)
    mine = (case for case in found.values() if department is None or department not in case.accused)
    return sorted(mine, key=lambda case: (-ranks.index(case.urgency), case.created_at, case.id))
