"""A case's history as the clock sees it: who had the case after each line, and the date that came with it."""

from collections.abc import Sequence
from datetime import date

from routing.cases import CaseState
from routing.deadlines import Move
from routing.history import STATES, Entry
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


def moves(entries: Sequence[Entry]) -> tuple[Move, ...]:
    """A history as moves. A date that came with a step stands in the entry's data (`due`, `computed`)."""
    return tuple(move for _, move in paired(entries))


def paired(entries: Sequence[Entry]) -> list[tuple[Entry, Move]]:
    """Every line that stands, with its move.

    What was taken back (`undo`) set no clock going and stopped none. History older than its `snapshot` holds neither
    dates nor units: the snapshot's belong to the last step before it that gave the case to a unit.
    """
    at = next((n for n, entry in enumerate(entries) if entry.event == "snapshot"), 0)
    carried = entries[at].data.get("set", {}) if at else {}
    given = max((n for n, entry in enumerate(entries[:at]) if entry.event in GIVEN), default=None)
    lead = carried.get("lead")
    found: list[tuple[Entry, Move]] = []
    for n, entry in enumerate(entries):
        lead = entry.data.get("set", {}).get("lead", lead)
        until = entry.data.get("due") or (carried.get("due_on") if n == given else None)
        if entry.event == "undo":
            found = [(earlier, move) for earlier, move in found if earlier.text_id != entry.text_id]
        move = Move(
            entry.at,
            entry.event,
            state := STATES[entry.to_state],
            (lead or OFFICE) if state in LED else HOLDERS.get(state, OFFICE),
            date.fromisoformat(until) if until else None,
            bool(entry.data.get("computed")),
        )
        found.append((entry, move))
    return found


def unit(history: Sequence[Move], before: int | None = None) -> str:
    """The unit that had a case last, before the move at this place; the office where none had, or its return stood."""
    for move in reversed(history[:before]):
        if move.state in LED:
            return move.holder
        if move.event == "return_ok":
            break
    return OFFICE
