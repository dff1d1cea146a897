"""A paper as plain data, for programs: every figure with its list, every rate with its two counts."""

import hashlib
import json
from datetime import date
from typing import Any

from gateway.papers.paper import Cell, Counted, Paper, Share, Table, Text
from routing.rates import Rate


def data(paper: Paper) -> dict[str, Any]:
    """The paper as JSON has it."""
    return {
        "title": paper.title,
        "number": paper.number,
        "as_of": paper.as_of.isoformat(),
        "blocks": [_text(block) if isinstance(block, Text) else _table(block) for block in paper.blocks],
        "closing": list(paper.closing),
        "annexes": [_table(table) for table in paper.annexes],
    }


def fingerprint(paper: Paper) -> str:
    """The same for the same content, whoever makes the paper and when: what a signature is for."""
    content = json.dumps(data(paper), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _text(block: Text) -> dict[str, Any]:
    return {"heading": block.heading, "lines": list(block.lines)}


def _table(block: Table) -> dict[str, Any]:
    return {
        "table": block.title,
        "columns": [column.removeprefix("#") for column in block.columns],
        "rows": [[_cell(cell) for cell in row] for row in block.rows],
        "note": block.note,
    }


def _cell(cell: Cell) -> Any:
    if isinstance(cell, Counted):
        return {"count": len(cell.cases), "cases": list(cell.cases)}
    if isinstance(cell, Share):
        return _rate(cell.rate) | {"cases": list(cell.part), "of_cases": list(cell.whole)}
    if isinstance(cell, Rate):
        return _rate(cell)
    return cell.isoformat() if isinstance(cell, date) else cell


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "percent": rate.percent,
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "of": rate.of,
    }
