"""Long texts from phones: parts in any order, some twice, some missing, made one text.

Bytes are joined before they are decoded, because a character may be cut in two between parts.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from carriers.text import decode


class Piece(NamedTuple):
    """One part as it came. `number` and `total` are None for a text that is not long."""

    number: int | None
    total: int | None
    body: bytes
    coding: int


class Joined(NamedTuple):
    """The text; `complete` is False when parts are missing, which the text then names."""

    text: str
    complete: bool


def is_complete(pieces: Sequence[Piece]) -> bool:
    """True when nothing is missing."""
    total = _total(pieces)
    return {piece.number for piece in pieces} >= set(range(1, total + 1)) if total else bool(pieces)


def join(pieces: Sequence[Piece]) -> Joined:
    """One text from its parts, the first of each number counting. Missing ones are named where they are missing."""
    total = _total(pieces)
    if not total:
        return Joined("".join(decode(piece.body, piece.coding) for piece in pieces), True)
    by_number: dict[int, Piece] = {}
    for piece in pieces:
        if piece.number is not None:
            by_number.setdefault(piece.number, piece)
    line = [(number, by_number.get(number)) for number in range(1, total + 1)]
    text = "".join(_run(coding, list(run)) for coding, run in groupby(line, lambda one: one[1] and one[1].coding))
    return Joined(text, None not in (piece for _, piece in line))


def _run(coding: int | None, run: list[tuple[int, Piece | None]]) -> str:
    """Neighbouring parts of one coding, or neighbouring missing ones."""
    if coding is None:
        return "".join(f"[第{number}段缺失]" for number, _ in run)
    return decode(b"".join(piece.body for _, piece in run if piece is not None), coding)


def _total(pieces: Sequence[Piece]) -> int:
    """How many parts there should be; 0 when the numbering makes no sense and each is a text of its own."""
    first = pieces[0]
    sound = first.total and all(piece.number and 1 <= piece.number <= first.total for piece in pieces)
    return (first.total or 0) if sound else 0
