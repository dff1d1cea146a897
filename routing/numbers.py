"""Case numbers that a citizen can quote: prefix, year, serial and a check digit that catches slips of the thumb."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# Damm's quasigroup of order 10: finds every single wrong digit and every swap of neighbours.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A case number found in a text. `valid` is False when its check digit does not fit: a slip."""

    number: str
    valid: bool
    rest: str = ""  # the text without it, half width and in capitals


def write(prefix: str, year: int, serial: int) -> str:
    """The number of a case, such as FX2600421: year 26, serial 0042, check digit 1."""
    digits = f"{year % 100:02d}{serial:04d}"
    return f"{prefix}{digits}{check_digit(digits)}"


def check_digit(digits: str) -> int:
    """Damm's check digit of a string of digits."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def is_digits(written: str) -> bool:
    """True for a number without its letters."""
    return re.fullmatch(r"[0-9]{7,9}", written) is not None


def is_valid(number: str) -> bool:
    """True when the digits end in their check digit."""
    digits = re.sub(r"\D", "", number)
    return len(digits) >= 7 and check_digit(digits) == 0


def quoted(text: str, prefix: str) -> list[Quoted]:
    """Case numbers in a text, in any case and width, with blanks or hyphens inside."""
    plain = unicodedata.normalize("NFKC", text).upper()
    found: list[Quoted] = []
    for start, end, number in spans(plain, prefix):
        if all(one.number != number for one in found):
            found.append(Quoted(number, is_valid(number), plain[:start] + " " + plain[end:]))
    return found


def spans(plain: str, prefix: str) -> Iterator[tuple[int, int, str]]:
    """Where case numbers stand in words of half width and capitals: start, end, the number without its blanks."""
    pattern = rf"(?<![A-Z0-9]){prefix}[\s\-:]*((?:\d[\s\-]?){{6,8}}\d)(?!\d)"
    for match in re.finditer(pattern, plain):
        end = match.start(1) + _length(match[1])
        yield match.start(), end, prefix + re.sub(r"\D", "", plain[match.start(1) : end])


def _length(written: str) -> int:
    """How much of digits with blanks inside is the number: what follows it ("FX2600421 3") may be a rating."""
    for gap in re.finditer(r"[\s\-]", written):
        if is_valid(written[: gap.start()]):
            return gap.start()
    return len(written)
