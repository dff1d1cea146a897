"""Which text of the store is which of the script's, and was it linked rightly? Known to whoever wrote the script."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.tables import text
from gateway.year.figures import MATTERS, Fate
from gateway.year.script import Matter, Saying
from roster import store as roster_store
from roster.vault import Vault
from routing.inbound import DecisionKind

ALONE = frozenset({DecisionKind.COMMAND, DecisionKind.ACKNOWLEDGEMENT, DecisionKind.EMPTY, DecisionKind.UNKNOWN_SENDER})
"""Decisions about texts that belong to no case."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A text that was sent; the matter that it opens or is about, or the poll (a notice) that it answers."""

    saying: Saying
    matter: Matter | None
    poll: int = 0


@dataclass(slots=True)
class Link:
    """What the gateway made of a text by itself. `right` is None when it left it to an operator."""

    text_id: int
    sent: Sent
    decision: str
    reason: str
    bare: bool  # it came without extension digits
    right: bool | None


class Truth:
    """Learns as the year goes by."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._sent: dict[str, list[Sent]] = {}  # by number, not yet found in the store
        self._seen = 0
        self.of_text: dict[int, Sent] = {}
        self.of_case: dict[int, Matter] = {}
        self.cases: dict[int, int] = {}  # a matter's serial -> its case
        self.links: list[Link] = []
        self.strange: list[int] = []  # texts in the store that nobody sent

    def sends(self, number: str, sent: Sent) -> None:
        """Somebody texts."""
        self._sent.setdefault(number, []).append(sent)

    def entered(self, case_id: int, matter: Matter) -> None:
        """A case is known to be about a matter."""
        self.of_case[case_id] = matter
        self.cases.setdefault(matter.serial, case_id)

    def look(self, tx: sa.Connection) -> None:
        """What has come in since the last look."""
        rows = tx.execute(sa.select(text).where(text.c.id > self._seen).order_by(text.c.id)).all()
        numbers = roster_store.phones(tx, self._vault, {row.person_id for row in rows})
        for row in rows:
            self._seen = row.id
            sent = self._find(row, numbers[row.person_id].removeprefix("+86"))
            if sent is None:
                self.strange.append(row.id)
                continue
            self.of_text[row.id] = sent
            right = self._right(row, sent)
            self.links.append(Link(row.id, sent, row.decision, row.reason, not row.extension, right))
            if sent.matter is not None and sent.saying is sent.matter.opening and right:
                self.entered(row.case_id, sent.matter)

    def missing(self) -> int:
        """How many texts were sent and are not in the store."""
        return sum(map(len, self._sent.values()))

    def _find(self, row: Any, number: str) -> Sent | None:
        waiting = self._sent.get(number, [])
        fit = [one for one in waiting if one.saying.words == row.body or not row.complete]
        if not fit:
            return None
        chosen = next((one for one in fit if one.saying.shape.missing), fit[0]) if not row.complete else fit[0]
        waiting.remove(chosen)
        return chosen

    def _right(self, row: Any, sent: Sent) -> bool | None:
        decision, fate = row.decision, sent.saying.fate
        if decision in (DecisionKind.UNCLEAR, DecisionKind.ASKED_BACK):
            return None
        if fate is Fate.VOTE:
            return bool(decision == DecisionKind.VOTE)
        if fate in MATTERS:
            return bool(decision == DecisionKind.NEW_CASE)
        if sent.matter is None:
            return decision in ALONE
        if row.case_id != self.cases.get(sent.matter.serial):
            return False
        wanted = {
            Fate.FOLLOW_UP: {DecisionKind.FOLLOW_UP},
            Fate.THANKS: {DecisionKind.THANKS, DecisionKind.RATING},
            Fate.RATING: {DecisionKind.RATING, DecisionKind.THANKS},
        }
        return decision in wanted[fate]
