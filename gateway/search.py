"""Which cases have these words, newest first, among those that the asker may read.

The words are looked for where they stand: LIKE over the columns. It finds words of two characters and single ones as
well, on both engines, and takes some 50 ms for an archive of 54,637 cases (benchmarks/triage.py); an index would save
little and could miss.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gateway.errors import USAGE, Refused
from routing import store
from routing.cases import Case
from routing.tables import case_ticket

COLUMNS = (
    *(case_ticket.c.text, case_ticket.c.reply, case_ticket.c.place, case_ticket.c.topic, case_ticket.c.lead),
    case_ticket.c.number,
)
MOST_WORDS = 8
SHIELDED = 2  # from this level on
_DIGITS = re.compile(r"\d{3}")


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may find: of units only their own cases, and none about them; shielded cases only if they may."""

    unit: str | None = None
    shielded: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the cases found."""

    cases: tuple[Case, ...]
    more: bool


def find(tx: sa.Connection, words: Sequence[str], reach: Reach, page: int = 1, size: int = 20) -> Page:
    """The cases that have all of these words, newest first. Raises `Refused` when there is no word."""
    wanted = [word for word in words if word.strip()]
    if not wanted or len(wanted) > MOST_WORDS:
        wrong = f"一次最多{MOST_WORDS}个词" if wanted else "没有写要查找的词"
        raise Refused(wrong, "例如 xinqiao search 路灯 人民路", USAGE)
    query = sa.select(case_ticket.c.id).order_by(case_ticket.c.id.desc())
    for word in wanted:
        # Numbers in the citizens' words are masked to units: what they may not read they may not find out by asking.
        columns = (case_ticket.c.number,) if reach.unit is not None and _DIGITS.search(word) else COLUMNS
        query = query.where(sa.or_(*(column.contains(word.strip(), autoescape=True) for column in columns)))
    if not reach.shielded:
        query = query.where(case_ticket.c.shield < SHIELDED)
    if reach.unit is not None:
        query = query.where(_of_unit(reach.unit))
    found = tx.scalars(query.offset((page - 1) * size).limit(size + 1)).all()
    return Page(tuple(store.by_id(tx, one) for one in found[:size]), len(found) > size)


def _of_unit(unit: str) -> sa.ColumnElement[bool]:
    """Led or co-handled by a unit, and not about it."""
    mine = sa.or_(case_ticket.c.lead == unit, _lists(case_ticket.c.co_handlers, unit))
    return sa.and_(mine, sa.not_(_lists(case_ticket.c.accused, unit)))


def _lists(column: sa.Column[Any], unit: str) -> sa.ColumnElement[bool]:
    """True for a JSON list with this name, which stands in it as JSON writes it."""
    return sa.cast(column, sa.Text).contains(json.dumps(unit), autoescape=True)
