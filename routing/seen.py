"""A case at a moment: as it stood, what had happened to it, its clocks. All reports look through these."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from routing import deadlines
from routing.calendar import Calendar
from routing.cases import OVER, Case, CaseState
from routing.deadlines import Clock, Matter, Move, Terms, Waiting
from routing.history import Entry, replay
from routing.moves import paired
from routing.supervision import Rung

LADDER = frozenset(Rung)


@dataclass(frozen=True, slots=True)
class Seen:
    """A case at a moment, with its clocks and what the office itself lets wait. `entries` go with the moves."""

    case: Case
    history: Sequence[Move]
    clocks: tuple[Clock, ...]
    waiting: Waiting | None
    entries: Sequence[Entry] = ()

    @property
    def running(self) -> Clock | None:
        """The clock of a case that was given to a unit and is not answered."""
        clock = self.clocks[-1] if self.clocks else None
        return clock if clock and clock.answered is None and self.case.state not in OVER else None

    @property
    def holder(self) -> str:
        """Who has it."""
        return self.history[-1].holder

    @property
    def rung(self) -> str | None:
        """The last rung of the running clock that is on record."""
        clock = self.running
        return next(
            (
                move.event
                for move in reversed(self.history)
                if clock and move.at >= clock.started and move.event in LADDER
            ),
            None,
        )

    @property
    def supervision(self) -> str:
        """none, urged (催办) or supervised (督办)."""
        if self.case.supervision:
            return "supervised"
        return "urged" if self.rung in (Rung.URGE, Rung.CRITICISE) else "none"


def look(case: Case, entries: Sequence[Entry], terms: Terms, calendar: Calendar, now: datetime) -> Seen | None:
    """The case as it was known at a moment; None when nothing of it was. `case` and `entries` may be of later."""
    known = [entry for entry in entries if entry.at <= now]
    if not known:
        return None
    if len(known) < len(entries):
        # History older than its snapshot holds no fields: there all but the state is as it is now.
        recorded = any("set" in entry.data for entry in known)
        case = replay(case, known) if recorded else replace(case, state=CaseState(known[-1].to_state))
    standing = paired(known)
    history = tuple(move for _, move in standing)
    clocks = deadlines.clocks(history, Matter(case.kind, case.urgency), terms, calendar, now)
    waiting = deadlines.waiting(history, terms, calendar, now)
    return Seen(case, history, clocks, waiting, tuple(entry for entry, _ in standing))
