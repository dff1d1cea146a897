"""How a command gives a paper: on the screen or as JSON, and as Word and Excel files where they are wanted."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import screen
from gateway.errors import Refused
from gateway.papers import Cell, Paper, Share, Text, plain
from gateway.papers.paper import shown
from routing.rates import Rate

WordFile = Annotated[Path | None, typer.Option("--word", help="另存为 Word 文件(.docx)")]
ExcelFile = Annotated[Path | None, typer.Option("--excel", help="另存为 Excel 文件(.xlsx),每个数字可点开清单")]


def give(paper: Paper, as_json: bool, word_file: Path | None = None, excel_file: Path | None = None) -> None:
    """The paper as its reader wants it. Raises `Refused` when a file cannot be written."""
    if word_file is not None:
        from gateway.papers import word  # each loads a large library

        _save(paper, word_file, word.write)
    if excel_file is not None:
        from gateway.papers import excel

        _save(paper, excel_file, excel.write)
    screen.emit(as_json, plain.data(paper), lambda: _show(paper, [word_file, excel_file]))


def _cell(cell: Cell) -> str:
    """A rate may be broken before its counts, where the screen is narrow."""
    return shown(cell).replace("%(", "% (") if isinstance(cell, (Rate, Share)) else shown(cell)


def _save(paper: Paper, file: Path, write: Callable[[Paper, Path], None]) -> None:
    try:
        write(paper, file)
    except OSError as trouble:
        raise Refused(f"写不了 {file}:{trouble.strerror}", "请检查目录是否存在、文件是否正被打开") from trouble


def _show(paper: Paper, files: list[Path | None]) -> None:
    screen.say(f"{paper.title}  {paper.number}".rstrip(), "bold")
    for block in paper.blocks:
        if isinstance(block, Text):
            if block.heading:
                screen.say(block.heading, "bold")
            for line in block.lines:
                screen.say(f"  {line}")
        elif block.rows:
            rows = [[_cell(cell) for cell in row] for row in block.rows]
            screen.table(block.title, block.columns, rows, f"注:{block.note}" if block.note else "")
        else:
            screen.say(f"{block.title}:无")
    for line in paper.closing:
        screen.say(line)
    for file in filter(None, files):
        screen.say(f"已存为 {file}", "green")
