"""A line with faults, without a network: octets in at a time, (when, octets or what happens to the line) out.

One `Pipe` is one direction. What it does all the time is its `Flow`, which may be changed while it runs; what it
does to single PDUs are `Edit`s. Of the protocol it knows only how long the PDU is that starts here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

ENDLESS = 1 << 62  # what follows a length that cannot be: nobody knows where the next PDU starts


class Signal(StrEnum):
    """What happens to the line instead of octets."""

    RESET = "reset"  # gone at once, in both directions
    END = "end"  # nothing more comes in this direction (half close)


class Action(StrEnum):
    """What is done to one PDU."""

    CORRUPT = "corrupt"  # one bit of one octet
    TRUNCATE = "truncate"  # this direction ends before an octet
    RESET = "reset"  # the line is gone before an octet
    HALF_CLOSE = "half close"  # this direction ends before the PDU
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"  # it goes after the next one


@dataclass(frozen=True, slots=True)
class Edit:
    """PDUs and octets are counted from 0, PDUs since the connection began."""

    action: Action
    pdu: int
    octet: int = 0
    bit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How octets go through. The default passes them as they come."""

    hold: bool = False  # keep everything, until a flow comes that does not
    drop: bool = False  # a black hole
    delay: float = 0.0  # seconds
    rate: float = 0.0  # octets per second; 0: no limit
    slice: int = 0  # at most so many octets at a time; 0: as they come
    coalesce: int = 0  # wait until so many octets are there


Out = tuple[float, bytes | Signal]


def first_four_octets(start: bytes) -> int | None:
    """The length that SMPP, CMPP, SGIP and SMGP all write in front. None while it is not all there."""
    return int.from_bytes(start[:4], "big") if len(start) >= 4 else None


class Pipe:
    """See the module. `now` is seconds and never goes back."""

    def __init__(
        self,
        flow: Flow = Flow(),
        edits: Iterable[Edit] = (),
        length_of: Callable[[bytes], int | None] = first_four_octets,
    ) -> None:
        self.ended = False
        self.pdus = 0  # that have begun
        self._flow = flow
        self._edits = list(edits)
        self._length_of = length_of
        self._start = b""  # of the PDU that is coming, until its length is known
        self._at = 0  # octets of it that have passed
        self._kept = b""  # a whole PDU that goes later
        self._spare = b""  # the PDU that is kept, so far
        self._queue = b""  # held or coalescing
        self._signal: Signal | None = None  # behind the queue
        self._free_at = 0.0  # when the line has carried all that went before

    def feed(self, octets: bytes, now: float) -> list[Out]:
        """What one write brings out."""
        if self._signal is not None or self.ended:
            return []
        self._queue += self._edited(octets)
        return self._flowing(now)

    def end(self, now: float) -> list[Out]:
        """The writer has closed."""
        if self._signal is None:
            self._queue += self._take_kept()
            self._signal = Signal.END
        return self._flowing(now)

    def steer(self, flow: Flow, now: float) -> list[Out]:
        """Another flow from now on; what that sets free."""
        self._flow = flow
        return self._flowing(now)

    def edit(self, *edits: Edit) -> None:
        """More faults for PDUs to come."""
        self._edits += edits

    # ---------------------------------------------------------------------------------------------------------- PDUs

    def _edited(self, octets: bytes) -> bytes:
        """The octets with what is done to their PDUs."""
        out, at = bytearray(), 0
        while at < len(octets) and self._signal is None:
            if not self._at:
                self.pdus += 1
            here = octets[at : at + self._belonging()]
            at += len(here)
            self._pass(here, out)
        return bytes(out)

    def _belonging(self) -> int:
        """How many octets from here belong to the PDU for certain."""
        length = self._length_of(self._start)
        if length is None:
            return 1
        return length - self._at if length > self._at else ENDLESS

    def _pass(self, here: bytes, out: bytearray) -> None:
        """Octets of one PDU."""
        first, ours = self._at, [edit for edit in self._edits if edit.pdu == self.pdus - 1]
        changed = bytearray(here)
        for edit in ours:
            offset = edit.octet - first
            if edit.action is Action.CORRUPT and 0 <= offset < len(here):
                changed[offset] ^= 1 << edit.bit
        stop, action = min(
            ((self._stops_at(edit) - first, edit.action) for edit in ours if self._stops_at(edit) >= first),
            default=(ENDLESS, Action.DROP),
        )
        if stop < len(here):
            out += changed[:stop]
            self._signal = Signal.RESET if action is Action.RESET else Signal.END
            return
        if self._length_of(self._start) is None:
            self._start += here
        self._at += len(here)
        actions = {edit.action for edit in ours}
        if actions & {Action.REORDER, Action.DUPLICATE}:
            self._spare += bytes(changed)
        if not actions & {Action.REORDER, Action.DROP}:
            out += changed
        if self._at == self._length_of(self._start):
            self._finished(actions, out)

    @staticmethod
    def _stops_at(edit: Edit) -> int:
        if edit.action in (Action.TRUNCATE, Action.RESET):
            return edit.octet
        return 0 if edit.action is Action.HALF_CLOSE else -1

    def _finished(self, actions: set[Action], out: bytearray) -> None:
        """The PDU is whole."""
        if Action.REORDER not in actions:
            out += self._take_kept()
        if Action.DUPLICATE in actions and Action.REORDER not in actions:
            out += self._spare
        else:
            self._kept += self._spare
        self._start, self._at, self._spare = b"", 0, b""

    def _take_kept(self) -> bytes:
        kept, self._kept = self._kept, b""
        return kept

    # ---------------------------------------------------------------------------------------------------------- flow

    def _flowing(self, now: float) -> list[Out]:
        """What goes out of the queue."""
        flow = self._flow
        if flow.drop:
            self._queue = b""
        if flow.hold or self.ended:
            return []
        out: list[Out] = []
        if self._signal is not None or len(self._queue) >= flow.coalesce:
            going, self._queue = self._queue, b""
            step = flow.slice or max(1, len(going))
            for at in range(0, len(going), step):
                piece = going[at : at + step]
                self._free_at = max(self._free_at, now + flow.delay)
                if flow.rate:
                    self._free_at += len(piece) / flow.rate
                out.append((self._free_at, piece))
        if self._signal is not None:
            self.ended = True
            out.append((max(self._free_at, now + flow.delay), self._signal))
        return out


def drawn(seed: int, pdus: int) -> tuple[Flow, list[Edit]]:
    """A direction's faults, from a seed alone: about one PDU in ten suffers."""
    chance = Random(seed)
    flow = Flow(
        delay=chance.choice([0.0, 0.0, chance.uniform(0, 2)]),
        rate=chance.choice([0.0, 0.0, chance.uniform(500, 5000)]),
        slice=chance.choice([0, 1, 3, 16, 17]),
        coalesce=chance.choice([0, 0, 0, 40]),
    )
    actions = list(Action)
    weights = [3, 1, 1, 1, 3, 3, 3]
    edits = [
        Edit(chance.choices(actions, weights)[0], pdu, chance.randrange(80), chance.randrange(8))
        for pdu in range(pdus)
        if chance.random() < 0.1
    ]
    return flow, edits
