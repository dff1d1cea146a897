"""Many rows as one statement parameter: the tick's statements are set-based, on SQLite and on PostgreSQL alike.

One statement with a JSON array costs about as much per row as plain sqlite3, and a fifteenth of a statement
per row (measured; see docs/performance.md when comparing shapes).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

_encode = msgspec.json.Encoder().encode


def rowset(tx: sa.Connection, columns: Mapping[str, str]) -> str:
    """SQL for a table expression whose rows come from the parameter `:rows` (see `pack`).

    `columns` maps each name to its SQL type (BIGINT or TEXT), in the order of the packed tuples.
    """
    unpack = "jsonb_array_elements(CAST(:rows AS jsonb))" if tx.dialect.name == "postgresql" else "json_each(:rows)"
    fields = ", ".join(f"CAST(value->>{i} AS {kind}) AS {name}" for i, (name, kind) in enumerate(columns.items()))
    return f"(SELECT {fields} FROM {unpack})"  # noqa: S608 - the names are ours, the values a bound parameter


def pack(rows: Iterable[tuple[Any, ...]]) -> str:
    """The parameter `:rows` for `rowset`: integers, strings and None only."""
    return _encode(list(rows)).decode()
