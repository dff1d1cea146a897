"""A paper as an Excel file: a sheet for every table, and behind it a sheet with the list that each figure opens.

Nothing in it is a formula: words stay words, whatever they begin with.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gateway.papers.paper import Behind, Cell, Counted, Paper, Share, Table, behind, printable, shown

LIST = "清单"
_HEAD = ("行", "栏", "属于", "编号")
_UNFIT = re.compile(r"[\[\]:*?/\\']")
_LONGEST = 31  # characters in the name of a sheet
_CELL = 32_767  # characters in a cell
_WIDEST = 40


def write(paper: Paper, file: Path) -> None:
    """Make the Excel file. Raises `OSError` when it cannot be written."""
    with file.open("wb"):
        pass  # xlsxwriter has an exception of its own for a file that it cannot make
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        book.set_properties({"title": paper.title, "author": "", "created": paper.as_of.replace(tzinfo=None)})
        looks = _Looks(book)
        _cover(book.add_worksheet("说明"), paper, looks)
        taken = {"说明"}
        for table in (*paper.tables, *paper.annexes):
            name = _name(table.title, taken)
            sheet = book.add_worksheet(name)
            opens = any(isinstance(cell, (Counted, Share)) for row in table.rows for cell in row)
            listed = _name(f"{name[: _LONGEST - 3]}-{LIST}", taken) if opens else ""
            lines = _table(sheet, table, listed, looks)
            if opens:
                _list(book.add_worksheet(listed), lines, looks)


class _Looks:
    """How cells look; a workbook makes its formats once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.title: Format = book.add_format({"bold": True, "font_size": 14})
        self.head: Format = book.add_format({"bold": True, "border": 1, "align": "center", "text_wrap": True})
        self.words: Format = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
        self.figure: Format = book.add_format({"border": 1, "align": "right", "valign": "top"})
        self.opens: Format = book.add_format(
            {"border": 1, "align": "right", "valign": "top", "font_color": "blue", "underline": 1}
        )
        self.day: Format = book.add_format({"border": 1, "num_format": "yyyy-mm-dd", "valign": "top"})
        self.plain: Format = book.add_format({"text_wrap": True, "valign": "top"})


def _cover(sheet: Worksheet, paper: Paper, looks: _Looks) -> None:
    sheet.set_column(0, 0, 90)
    sheet.write_string(0, 0, _words(paper.title), looks.title)
    lines = [paper.number] if paper.number else []
    for block in paper.blocks:
        lines += [f"{block.title}:{block.note}"] if isinstance(block, Table) and block.note else []
        lines += [] if isinstance(block, Table) else [block.heading, *block.lines]
    for at, line in enumerate([*lines, *paper.closing], 1):
        sheet.write_string(at, 0, _words(line), looks.plain)


def _table(sheet: Worksheet, table: Table, listed: str, looks: _Looks) -> list[Behind]:
    """The table; every figure that opens is a link to its list. Returns the lines of the list."""
    sheet.write_string(0, 0, _words(table.title), looks.title)
    for at, column in enumerate(table.columns):
        sheet.write_string(1, at, _words(column.removeprefix("#")), looks.head)
    widths = [_width(column) for column in table.columns]
    lines: list[Behind] = []
    for number, row in enumerate(table.rows, 2):
        for at, cell in enumerate(row):
            widths[at] = max(widths[at], _width(shown(cell)))
            found = list(behind(shown(row[0]), table.columns[at].removeprefix("#"), cell))
            if found:
                sheet.write_url(number, at, f"internal:'{listed}'!A{len(lines) + 2}", looks.opens, "")
            _put(sheet, number, at, cell, looks.opens if found else None, looks)
            lines += found
    for at, width in enumerate(widths):
        sheet.set_column(at, at, min(width, _WIDEST) + 2)
    if table.note:
        sheet.write_string(len(table.rows) + 3, 0, f"注:{_words(table.note)}")
    sheet.freeze_panes(2, 1)
    return lines


def _put(sheet: Worksheet, row: int, column: int, cell: Cell, look: Format | None, looks: _Looks) -> None:
    if isinstance(cell, Counted):
        sheet.write_number(row, column, len(cell.cases), look or looks.figure)
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell, looks.figure)
    elif isinstance(cell, str) or cell is None:
        sheet.write_string(row, column, _words(cell or ""), looks.words)
    elif hasattr(cell, "isoformat"):
        sheet.write_datetime(row, column, cell, looks.day)
    else:
        sheet.write_string(row, column, shown(cell), look or looks.figure)


def _list(sheet: Worksheet, lines: Iterable[Behind], looks: _Looks) -> None:
    row = 0
    for at, head in enumerate(_HEAD):
        sheet.write_string(0, at, head, looks.head)
    for row, line in enumerate(lines, 1):
        for at, words in enumerate((line.row, line.column, line.count, line.case)):
            sheet.write_string(row, at, _words(words))
    sheet.set_column(0, 3, 20)
    sheet.autofilter(0, 0, row, 3)
    sheet.freeze_panes(1, 0)


def _name(title: str, taken: set[str]) -> str:
    """A name that Excel takes and no other sheet has."""
    fit = (_UNFIT.sub("", title) or "表")[:_LONGEST]
    name, nth = fit, 2
    while name.lower() in taken:
        name = f"{fit[: _LONGEST - 1 - len(str(nth))]}~{nth}"
        nth += 1
    taken.add(name.lower())
    return name


def _words(words: str) -> str:
    return printable(words)[:_CELL]


def _width(words: str) -> int:
    return sum(2 if ord(one) > 0x2E7F else 1 for one in words.removeprefix("#"))
