"""What did the phones of the county get? Counted at the simulated carriers, without asking the gateway."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from carriers import reassembly
from carriers.events import ReceiptState, SubmitReceived
from carriers.simulator.behaviour import Reaction


@dataclass(frozen=True, slots=True)
class Got:
    """A whole text on a phone."""

    at: float
    number: str
    extension: str
    words: str


class Phones:
    """Notices are counted, everything else is kept and told to `reader` as soon as it is whole."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.notices: dict[str, Counter[str]] = {}  # the extension digits of a notice -> how many had which fate
        self.got: list[Got] = []
        self.reader: Callable[[Got], None] = lambda got: None
        self.doubled = 0  # texts of a notice that came to a phone that had it
        self._latest = ""  # the notice that came last, and who has it
        self._reached: set[str] = set()
        self._pieces: dict[tuple[str, str, int], list[reassembly.Piece]] = {}

    def watch(self, access_number: str) -> Callable[[SubmitReceived, Reaction], None]:
        """What a carrier with this service number tells."""
        return lambda submit, reaction: self._took(submit, reaction, submit.source.removeprefix(access_number))

    def _took(self, submit: SubmitReceived, reaction: Reaction, extension: str) -> None:
        if len(extension) == 4 and extension[0] == "0":  # as `gateway.notices.extension_of` has it
            fates = self.notices.setdefault(extension, Counter())
            fates[reaction.fate.value if reaction.fate else ""] += 1
            if reaction.fate is ReceiptState.DELIVERED:
                self._count(extension, submit.destination)
            return
        if reaction.fate is not ReceiptState.DELIVERED:
            return
        words = self._whole(submit)
        if words is not None:
            got = Got(self._clock(), submit.destination[-11:], extension, words)
            self.got.append(got)
            self.reader(got)

    def _count(self, extension: str, number: str) -> None:
        """Notices come one after another: who has the latest tells whether it comes twice."""
        if extension != self._latest:
            self._latest, self._reached = extension, set()
        self.doubled += number in self._reached
        self._reached.add(number)

    def _whole(self, submit: SubmitReceived) -> str | None:
        """The words, once all parts are there."""
        part = submit.concatenation
        if part is None:
            return reassembly.join([reassembly.Piece(None, None, submit.body, submit.coding)]).text
        key = (submit.destination, submit.source, part.reference)
        pieces = self._pieces.setdefault(key, [])
        pieces.append(reassembly.Piece(part.number, part.total, submit.body, submit.coding))
        if not reassembly.is_complete(pieces):
            return None
        return reassembly.join(self._pieces.pop(key)).text
