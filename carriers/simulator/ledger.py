"""What a simulated carrier was given on each day and what became of it: the answers to queries and cancellations."""

from collections.abc import Callable
from dataclasses import dataclass

from carriers.dialect import Totals
from carriers.events import ReceiptState, SubmitReceived


@dataclass(slots=True)
class Entry:
    """One submit that was taken."""

    day: str
    service: str  # business code
    number: str  # to whom
    source: str  # the service number that it came from
    receipt_wanted: bool
    outcome: ReceiptState | None = None  # None while it is under way


class Ledger:
    """Kept as things happen. `today` tells the day, YYYYMMDD, by the carrier's clock."""

    def __init__(self, today: Callable[[], str]) -> None:
        self._today = today
        self._submits: dict[str, Entry] = {}  # by message id
        self._texts: dict[int, tuple[str, bool]] = {}  # delivery -> (day, whether the gateway took it)

    def took(self, message_id: str, submit: SubmitReceived, outcome: ReceiptState | None) -> None:
        """A submit was accepted. `outcome` is None while its receipt is still to come."""
        self._submits[message_id] = Entry(
            self._today(), submit.service, submit.destination, submit.source, submit.receipt_wanted, outcome
        )

    def reports(self, message_id: str, state: ReceiptState) -> bool:
        """A receipt is due. False when it is not to be sent any more: the text was taken back."""
        entry = self._submits[message_id]
        if entry.outcome is None and state is not ReceiptState.ENROUTE:
            entry.outcome = state
        return entry.outcome is not ReceiptState.DELETED

    def withdraw(self, message_id: str) -> Entry | None:
        """Take a text back. None when there is none such, or when it has ended."""
        entry = self._submits.get(message_id)
        if entry is None or entry.outcome is not None:
            return None
        entry.outcome = ReceiptState.DELETED
        return entry

    def text(self, delivery: int, taken: bool) -> None:
        """A citizen's text waits for the gateway, or was taken by it."""
        day = self._texts[delivery][0] if delivery in self._texts else self._today()
        self._texts[delivery] = (day, taken)

    def totals(self, day: str, service: str) -> Totals:
        """What happened on a day under one business code, or in all (""). Texts of citizens have no code."""
        submits = [one for one in self._submits.values() if one.day == day and service in ("", one.service)]
        delivered = sum(one.outcome is ReceiptState.DELIVERED for one in submits)
        waiting = sum(one.outcome is None for one in submits)
        taken = [taken for texted, taken in self._texts.values() if texted == day and not service]
        return Totals(
            len(submits),
            len({one.number for one in submits}),
            delivered,
            waiting,
            len(submits) - delivered - waiting,
            taken.count(True),
            taken.count(False),
        )
