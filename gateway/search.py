"""Which cases have these words, newest first, among those that the asker may read.

The words are looked for where they stand: LIKE over the columns. It finds words of two characters and single ones as
well, on both engines, and takes some 50 ms for an archive of 54,637 cases (benchmarks/triage.py); an index would save
little and could miss.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from gateway.case_words import hider
from gateway.errors import USAGE, Refused
from gateway.sight import Reader, Sight
from roster.vault import Vault
from routing import store
from routing.cases import Case
from routing.tables import case_ticket

COLUMNS = (
    *(case_ticket.c.text, case_ticket.c.reply, case_ticket.c.place, case_ticket.c.topic, case_ticket.c.lead),
    case_ticket.c.number,
)
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the cases found, as their reader may read them."""

    cases: tuple[Case, ...]
    more: bool


def find(tx: sa.Connection, vault: Vault, words: Sequence[str], reader: Reader, page: int = 1, size: int = 20) -> Page:
    """The cases that have all of these words, newest first. Raises `Refused` when there is no word.

    The words must stand in what the reader may read: what is masked nobody finds out by asking for it.
    """
    wanted = [word.strip() for word in words if word.strip()]
    if not wanted or len(wanted) > MOST_WORDS:
        wrong = f"一次最多{MOST_WORDS}个词" if wanted else "没有写要查找的词"
        raise Refused(wrong, "例如 xinqiao search 路灯 人民路", USAGE)
    query = sa.select(case_ticket.c.id).order_by(case_ticket.c.id.desc())
    for word in wanted:
        query = query.where(sa.or_(*(column.contains(word, autoescape=True) for column in COLUMNS)))
    if reader.of_unit:
        query = query.where(_of_unit(reader.unit))
    every = (_read(tx, vault, store.by_id(tx, one), wanted, reader) for one in tx.scalars(query).all())
    found = list(islice(filter(None, every), (page - 1) * size, page * size + 1))
    return Page(tuple(found[:size]), len(found) > size)


def _read(tx: sa.Connection, vault: Vault, case: Case, wanted: Sequence[str], reader: Reader) -> Case | None:
    """The case as it is read; None when the reader sees nothing of it, or not these words."""
    sight = reader.sees(case)
    if sight is Sight.NOTHING or sight >= Sight.REPORTER:
        return case if sight else None
    shown = hider(tx, vault, case).case(case)
    said = [str(getattr(shown, column.name) or "").lower() for column in COLUMNS]
    return shown if all(any(word.lower() in one for one in said) for word in wanted) else None


def _of_unit(unit: str) -> sa.ColumnElement[bool]:
    """Led or co-handled by a unit, and not about it."""
    mine = sa.or_(case_ticket.c.lead == unit, _lists(case_ticket.c.co_handlers, unit))
    return sa.and_(mine, sa.not_(_lists(case_ticket.c.accused, unit)))


def _lists(column: sa.Column[Any], unit: str) -> sa.ColumnElement[bool]:
    """True for a JSON list with this name, which stands in it as JSON writes it."""
    return sa.cast(column, sa.Text).contains(json.dumps(unit), autoescape=True)
