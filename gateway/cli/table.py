"""How does a table fit the terminal? Short cells are never broken; what is long folds, or stands below its row.

What fits is drawn with its lines. What does not loses its empty columns, then its long columns fold, then the longest
stand below each row, without lines; what is wider still is drawn in pieces that each repeat the first column.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

SHORT = 20  # cells: a column of no more is never folded, and a longer one never narrower than this
MOST_LINES = 2  # of a cell in a column that may be cut
CUT, RIGHT = "…", "#"
_GAP = 2  # between columns that have no lines


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its cells. `right`: it holds numbers. `cut`: its cells may end in "…"."""

    head: str
    cells: tuple[Text, ...]
    right: bool = False
    cut: bool = False
    width: int = 0

    @property
    def natural(self) -> int:
        """How wide it would like to be, in cells of the terminal."""
        lines = [line for cell in self.cells for line in cell.plain.splitlines()]
        return max(map(cell_len, (self.head, *lines)))


def columns(heads: Sequence[str], rows: Sequence[Sequence[Text]]) -> list[Column]:
    """The columns of rows. A head that starts with # holds numbers; one that ends in … may be cut."""
    return [
        Column(head.removeprefix(RIGHT).removesuffix(CUT), cells, head.startswith(RIGHT), head.endswith(CUT))
        for head, cells in zip(heads, zip(*rows, strict=True) if rows else [()] * len(heads), strict=True)
    ]


def draw(out: Console, title: str, given: Sequence[Column], caption: str = "") -> None:
    """The table, as wide as the console at most."""
    kept = [one for one in given if one.head or any(one.cells)]
    if _ruled(kept) > out.width:
        kept = [one for one in kept if any(one.cells) or not one.cells]
    beside, below = _placed(kept, out.width)
    if not below and (fitted := _fitted(beside, out.width - _lines(beside))):
        out.print(_with_lines(out, title, fitted, caption))
        return
    pieces = _pieces(beside, out.width)
    out.print(Text(title, style="bold"))
    for number, piece in enumerate(pieces):
        fitted = _fitted(piece, out.width - _gaps(piece)) or [replace(one, width=one.natural) for one in piece]
        _without_lines(out, fitted, below if number == len(pieces) - 1 else [])
    if caption:
        out.print(Text(caption, style="dim italic"))


def _lines(shown: Sequence[Column]) -> int:
    return 3 * len(shown) + 1


def _gaps(shown: Sequence[Column]) -> int:
    return _GAP * (len(shown) - 1)


def _ruled(shown: Sequence[Column]) -> int:
    return sum(one.natural for one in shown) + _lines(shown)


def _least(shown: Sequence[Column]) -> int:
    return sum(min(one.natural, SHORT) for one in shown)


def _placed(shown: Sequence[Column], width: int) -> tuple[list[Column], list[Column]]:
    """Which columns stand beside each other, and which below each row: the longest go there until the others fit."""
    beside, below = list(shown), list[Column]()
    while _least(beside) + (_gaps(beside) if below else _lines(beside)) > width:
        long = [one for one in beside[1:] if one.natural > SHORT]
        if not long:
            break
        longest = max(long, key=lambda one: one.natural)
        beside.remove(longest)
        below.append(longest)
    return beside, [one for one in shown if one in below]


def _fitted(shown: Sequence[Column], room: int) -> list[Column]:
    """The columns with their widths, the long ones sharing what is left; none without room for the least."""
    if _least(shown) > room:
        return []
    widths = {id(one): one.natural for one in shown if one.natural <= SHORT}
    room -= sum(widths.values())
    long = sorted((one for one in shown if one.natural > SHORT), key=lambda one: one.natural)
    for number, one in enumerate(long):
        widths[id(one)] = min(one.natural, room // (len(long) - number))
        room -= widths[id(one)]
    return [replace(one, width=widths[id(one)]) for one in shown]


def _pieces(shown: Sequence[Column], width: int) -> list[list[Column]]:
    """As many columns as there is room for, again and again; the first stands in every piece."""
    first, *rest = shown
    pieces = [[first]]
    for one in rest:
        if len(pieces[-1]) > 1 and _least([*pieces[-1], one]) + _gaps([*pieces[-1], one]) > width:
            pieces.append([first])
        pieces[-1].append(one)
    return pieces


def _folded(out: Console, cell: Text, width: int, cut: bool) -> list[Text]:
    """A cell as lines of no more than this width."""
    lines = list(cell.wrap(out, max(width, 2), overflow="fold")) or [Text()]
    if cut and len(lines) > MOST_LINES:
        lines = lines[:MOST_LINES]
        lines[-1].truncate(width - 1)
        lines[-1].rstrip()
        lines[-1].append(CUT)
    return lines


def _with_lines(out: Console, title: str, shown: Sequence[Column], caption: str) -> Table:
    grid = Table(title=title, title_justify="left", title_style="bold", caption=caption or None, caption_justify="left")
    for one in shown:
        grid.add_column(one.head, justify="right" if one.right else "left", width=one.width, overflow="fold")
    for row in zip(*(one.cells for one in shown), strict=True):
        cells = (_folded(out, cell, one.width, one.cut) for one, cell in zip(shown, row, strict=True))
        grid.add_row(*(Text("\n").join(lines) for lines in cells))
    return grid


def _without_lines(out: Console, shown: Sequence[Column], below: Sequence[Column]) -> None:
    """Heads, a rule, the rows; below each row what is long, with its head where there are several such."""
    heads = "、".join(one.head for one in below)
    _row(out, shown, [Text(one.head, style="bold") for one in shown])
    if heads:
        out.print(Text(f"    {heads}", style="bold"))
    out.print(Text("─" * max(sum(one.width for one in shown) + _gaps(shown), cell_len(heads) + 4)))
    for number, row in enumerate(zip(*(one.cells for one in shown), strict=True)):
        _row(out, shown, row)
        for one in below:
            if cell := one.cells[number]:
                words = Text(f"{one.head}:") + cell if len(below) > 1 else cell
                for line in _folded(out, words, out.width - 4, one.cut):
                    out.print(Text("    ") + line)


def _row(out: Console, shown: Sequence[Column], cells: Sequence[Text]) -> None:
    folded = [_folded(out, cell, one.width, one.cut) for one, cell in zip(shown, cells, strict=True)]
    for number in range(max(map(len, folded))):
        line = Text(" " * _GAP).join(
            _padded(lines[number] if number < len(lines) else Text(), one)
            for one, lines in zip(shown, folded, strict=True)
        )
        line.rstrip()
        out.print(line, no_wrap=True)


def _padded(words: Text, column: Column) -> Text:
    words.align("right" if column.right else "left", column.width)
    return words
