"""What a person sees: tables that align with Chinese text, progress, one-line errors; or JSON for programs."""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from gateway.cli.table import columns, draw
from gateway.errors import Refused
from routing.rates import percent

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def neutral(words: object) -> str:
    """Words of others, harmless in a terminal: controls, escapes and direction marks made visible."""
    shown = []
    for character in str(words):
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs"):
            shown.append(_BIDI.sub(lambda match: f"\\u{ord(match[0]):04x}", character))
        else:
            shown.append(f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}")
    return "".join(shown)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> None:
    """A table. A column whose head starts with # holds numbers and stands right; one that ends in … may be cut."""
    cells = [
        [cell if isinstance(cell, Text) else Text(neutral("" if cell is None else cell)) for cell in row]
        for row in rows
    ]
    draw(out, title, columns(heads, cells), caption)


def say(words: str, style: str = "") -> None:
    """A line."""
    out.print(Text(neutral(words), style=style))


def emit(as_json: bool, data: Any, render: Callable[[], None]) -> None:
    """The data as JSON for programs, or rendered for people."""
    if as_json:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, default=_plain) + "\n")
    else:
        render()


def complain(refusal: Refused) -> None:
    """Why not, and what to do, on standard error."""
    err.print(Text(f"× {neutral(refusal.message)}", style="bold red"), soft_wrap=True)
    if refusal.way_out:
        err.print(Text(f"  → {neutral(refusal.way_out)}"), soft_wrap=True)


def moment(value: datetime | int | None, zone: ZoneInfo, seconds: bool = False) -> str:
    """A moment in the office's time. Whole numbers are milliseconds since 1970 UTC."""
    if value is None:
        return ""
    at = datetime.fromtimestamp(value / 1000, zone) if isinstance(value, int) else value.astimezone(zone)
    return at.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def rate(numerator: int, denominator: int) -> str:
    """A share with what it is made of: "829/836 99.16%", halves up; "0/0 -" where there is nothing to divide by."""
    return f"{numerator}/{denominator} {percent(numerator, denominator)}"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
