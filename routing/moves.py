"""A case's history as the clock sees it: who had the case after each line, and the date that came with it."""

from collections.abc import Iterable, Sequence
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
TAKEN_BACK = frozenset({"undo", "unlink"})
"""Lines under which an operator took back what a text had done: a step, or no more than a note."""
LED = frozenset({CaseState.ASSIGNED, CaseState.IN_PROGRESS})


def moves(entries: Sequence[Entry]) -> tuple[Move, ...]:
    """A history as moves. A date that came with a step stands in the entry's data (`due`, `computed`)."""
    return tuple(move for _, move in paired(entries))


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """The lines of a history that stand: what a text did is none of them once somebody has taken it back."""
    found: list[Entry] = []
    for entry in entries:
        if entry.event in TAKEN_BACK:
            found = [earlier for earlier in found if earlier.text_id != entry.text_id]
        found.append(entry)
    return found


def paired(entries: Sequence[Entry]) -> list[tuple[Entry, Move]]:
    """Every line that stands, with its move: what was taken back set no clock going and stopped none.

    History older than its `snapshot` holds neither dates nor units: the snapshot's belong to the last step before it
    that gave the case to a unit.
    """
    at = next((n for n, entry in enumerate(entries) if entry.event == "snapshot"), 0)
    carried = entries[at].data.get("set", {}) if at else {}
    given = next((entry for entry in reversed(entries[:at]) if entry.event in GIVEN), None)
    lead = carried.get("lead")
    found: list[tuple[Entry, Move]] = []
    for entry in standing(entries):
        lead = entry.data.get("set", {}).get("lead", lead)
        until = entry.data.get("due") or (carried.get("due_on") if entry is given else None)
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
