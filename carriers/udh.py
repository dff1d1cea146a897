"""The user data header in front of a text (3GPP TS 23.040, 9.2.3.24): which part of a long text this is."""

from typing import NamedTuple

from carriers.events import Concatenation
from carriers.text import MOST_PARTS


class Headed(NamedTuple):
    """A text without its header, and what the header said."""

    body: bytes
    concatenation: Concatenation | None
    ported: bool  # addressed to an application port: not words for people


def read(body: bytes) -> Headed:
    """Take the header off. Where none fits the words are kept as they are."""
    if not body or 1 + body[0] > len(body):
        return Headed(body, None, False)
    header, text = body[1 : 1 + body[0]], body[1 + body[0] :]
    concatenation, ported = None, False
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if kind == 0x00 and len(value) == 3:
            concatenation = Concatenation(value[0], value[1], value[2], 8)
        elif kind == 0x08 and len(value) == 4:
            concatenation = Concatenation(value[0] << 8 | value[1], value[2], value[3], 16)
        elif kind in (0x04, 0x05):
            ported = True
        at += 2 + length
    return Headed(text, concatenation, ported)


def write(concatenation: Concatenation) -> bytes:
    """The header of one part of a long text, with a reference of 8 or 16 bits."""
    reference, total, number, width = concatenation
    if width == 16:
        return bytes((6, 0x08, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number))
    return bytes((5, 0x00, 3, reference & 0xFF, total, number))


def sound(concatenation: Concatenation | None) -> Concatenation | None:
    """Part 3 of 2, or of 0, is a text of its own; so is the only part of one, and what an octet cannot number."""
    if concatenation is None or not 1 <= concatenation.number <= concatenation.total <= MOST_PARTS:
        return None
    return concatenation if concatenation.total > 1 else None
