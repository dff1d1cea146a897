"""Many rows as one statement parameter: hot statements are set-based, on SQLite and on PostgreSQL alike.

One statement with a JSON array costs about as much per row as plain sqlite3, and a fifteenth of a statement
per row (measured; see docs/performance.md when comparing shapes).
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

_encode = msgspec.json.Encoder().encode


def statement(tx: sa.Connection, sql: str, **columns: str) -> sa.TextClause:
    """`sql` with {rows} standing for a table of the rows in the parameter `:rows` (see `pack`).

    `columns` maps each name to its SQL type (BIGINT or TEXT), in the order of the packed tuples.
    """
    return _statement(tx.dialect.name, sql, tuple(columns.items()))


@cache
def _statement(dialect: str, sql: str, columns: tuple[tuple[str, str], ...]) -> sa.TextClause:
    unpack = "jsonb_array_elements(CAST(:rows AS jsonb))" if dialect == "postgresql" else "json_each(:rows)"
    fields = ", ".join(f"CAST(value->>{i} AS {kind}) AS {name}" for i, (name, kind) in enumerate(columns))
    rows = f"(SELECT {fields} FROM {unpack})"  # noqa: S608 - the names are ours, the values a bound parameter
    return sa.text(sql.replace("{rows}", rows))


def pack(rows: Iterable[tuple[Any, ...]]) -> str:
    """The parameter `:rows` of a `statement`: integers, strings and None only."""
    return _encode(list(rows)).decode()
