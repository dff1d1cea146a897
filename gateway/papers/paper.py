"""What a paper of the office is made of: words and tables, each figure with the list that it was counted from.

Values only. `word`, `excel` and `plain` write them; gateway/cli/paper_view.py shows them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from routing import rates
from routing.rates import Rate


@dataclass(frozen=True, slots=True)
class Counted:
    """A figure that opens: as many as there are numbers in the list. A case that counts twice stands there twice."""

    cases: tuple[str, ...]

    def __str__(self) -> str:
        return str(len(self.cases))


@dataclass(frozen=True, slots=True)
class Share:
    """A rate that opens: both its counts are lists, and the denominator has a name."""

    part: tuple[str, ...]
    whole: tuple[str, ...]
    of: str

    @property
    def rate(self) -> Rate:
        """Raises `ValueError` when something of the part is not in the whole."""
        return rates.share(self.part, self.whole, self.of)

    def __str__(self) -> str:
        return str(self.rate)


Cell = str | int | date | Rate | Counted | Share | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A column whose head starts with # holds figures and stands right. The first cell of a row says whose it is."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Words under a heading, a paragraph a line."""

    heading: str
    lines: tuple[str, ...] = ()


Block = Table | Text


@dataclass(frozen=True, slots=True)
class Paper:
    """`as_of`: the moment up to which everything is known; `number` stands under the title; `closing` signs it.

    `annexes` are lists too long to print: they stand in Excel and JSON only.
    """

    title: str
    number: str
    as_of: datetime
    blocks: tuple[Block, ...]
    closing: tuple[str, ...] = ()
    annexes: tuple[Table, ...] = ()

    @property
    def tables(self) -> Iterator[Table]:
        """Its tables, in order, without the annexes."""
        return (block for block in self.blocks if isinstance(block, Table))


def shown(cell: Cell) -> str:
    """A cell as people read it."""
    return "" if cell is None else str(cell)


@dataclass(frozen=True, slots=True)
class Behind:
    """A line of the list behind a figure: whose it is, which column, which of its counts, and the case."""

    row: str
    column: str
    count: str
    case: str


def behind(row: str, column: str, cell: Cell) -> Iterator[Behind]:
    """The list behind a cell; none behind what is no figure that opens."""
    if isinstance(cell, Counted):
        yield from (Behind(row, column, "件", case) for case in cell.cases)
    elif isinstance(cell, Share):
        yield from (Behind(row, column, "分子", case) for case in cell.part)
        yield from (Behind(row, column, f"分母({cell.of})", case) for case in cell.whole)


def printable(words: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(one for one in words if one in "\n\t" or (ord(one) >= 32 and one not in "\ufffe\uffff"))


def chinese_day(day: date) -> str:
    """As a paper dates itself: 2026年11月3日."""
    return f"{day.year}年{day.month}月{day.day}日"
