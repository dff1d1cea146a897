"""A PDU field by field, for people; and the same PDU without what names or quotes anybody.

A field knows where it stands, so that it can be replaced octet for octet: what is masked is as long as before and every
other field is read as before. What no field tells about counts as words.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from carriers.pdu import Malformed, words
from carriers.text import UCS2, decode


class Sort(Enum):
    """Whom a field tells about."""

    PLAIN = auto()  # nobody
    NUMBER = auto()  # it is somebody's number: the digits in the middle are hidden
    SERVICE = auto()  # it should be a service number; what looks like somebody's is hidden like one
    WORDS = auto()  # somebody wrote it
    SECRET = auto()  # a password, or a proof of one: shown to nobody


class Field(NamedTuple):
    """A field of a PDU: its name in the specification, its value for people, where it stands.

    One without a name holds the others together (tags, lengths). The value of a secret is not told.
    """

    name: str
    value: str
    at: int
    length: int
    sort: Sort = Sort.PLAIN
    mask: bytes = b"*"  # what stands for words, over and over: one character in their alphabet


class Explained(NamedTuple):
    """A whole PDU."""

    name: str  # of the command
    fields: tuple[Field, ...]


def masked(pdu: bytes, header: int, explained: Explained, *, clear: bool = False) -> bytes:
    """The PDU without numbers, words and secrets; `clear`: without secrets only. `header` octets stay in any case."""
    shown = bytearray(pdu if clear else pdu[:header].ljust(len(pdu), b"*"))
    for field in explained.fields:
        span = slice(field.at, field.at + field.length)
        octets = pdu[span]
        if field.sort is Sort.SECRET:
            shown[span] = _hidden(octets, 0, 0)
        elif field.sort is Sort.PLAIN or clear or (field.sort is Sort.SERVICE and not _MOBILE.search(octets)):
            shown[span] = octets
        elif field.sort is Sort.WORDS:
            shown[span] = (field.mask * len(octets))[: len(octets)]
        else:
            shown[span] = _number(octets)
    return bytes(shown)


_MOBILE = re.compile(rb"1[3-9]\d{9}")  # China's; some carriers exchange the numbers of a receipt


def _number(octets: bytes) -> bytes:
    """86138****0001: the country, the first three digits and the last four stay."""
    length = len(octets.rstrip(b"\x00"))
    return _hidden(octets, min(6, max(0, length - 8)), 4 if length > 7 else 0)


def _hidden(octets: bytes, first: int, last: int) -> bytes:
    """Stars between the first and the last; the NULs behind stay, for they end the field."""
    said = octets.rstrip(b"\x00")
    stars = max(0, len(said) - first - last)
    return said[:first] + b"*" * stars + said[first + stars :] + octets[len(said) :]


# ------------------------------------------------------------------------------------------------------------- layouts


class Item(NamedTuple):
    """A field as a specification's table has it.

    `size` is in octets, or names the field before it that tells, or is None for octets that end with a NUL; a pair is
    how many there are of so many octets each. `read` makes its value: usually `integer`, `text` or `octets`.
    """

    name: str
    size: int | str | tuple[str, int] | None
    read: Callable[[bytes], str]
    sort: Sort = Sort.PLAIN


def integer(value: bytes) -> str:
    """A number."""
    return str(int.from_bytes(value, "big"))


def text(value: bytes) -> str:
    """Characters, up to a NUL."""
    return words(value)


def octets(value: bytes) -> str:
    """Hexadecimal digits."""
    return value.hex()


def walk(pdu: bytes, at: int, layout: Sequence[Item]) -> list[Field]:
    """The fields of a layout from `at` on. Raises `Malformed` when the PDU ends before they do."""
    found: list[Field] = []
    told: dict[str, int] = {}
    for item in layout:
        times, length = _extent(pdu, at, item, told)
        for _ in range(times):
            value = pdu[at : at + length]
            if len(value) < length:
                raise Malformed(f"it ends before the end of {item.name}")
            if item.read is integer:
                told[item.name] = int.from_bytes(value, "big")
            said = "***" if item.sort is Sort.SECRET else item.read(value)
            found.append(Field(item.name, said, at, length, item.sort))
            at += length
    return found


def _extent(pdu: bytes, at: int, item: Item, told: dict[str, int]) -> tuple[int, int]:
    """How often a field stands there, and how many octets it takes each time."""
    match item.size:
        case None:
            end = pdu.find(0, at) + 1
            return 1, end - at if end else len(pdu) + 1
        case str(name):
            return 1, told[name]
        case (name, length):
            return told[name], length
        case length:
            return 1, length


def message(name: str, pdu: bytes, at: int, length: int, coding: int, headed: bool) -> list[Field]:
    """A text: its user data header, which tells how it is cut into parts and of nobody, and its words.

    `coding` as `carriers.text.decode` knows it; `headed`: a user data header is in front.
    """
    found: list[Field] = []
    end = at + length
    if headed and length and pdu[at] < length:
        found.append(Field("user_data_header", pdu[at : at + 1 + pdu[at]].hex(), at, 1 + pdu[at]))
        at += 1 + pdu[at]
    mask = b"\x00*" if coding == UCS2 else b"*"
    return [*found, Field(name, decode(pdu[at:end], coding), at, end - at, Sort.WORDS, mask)]
