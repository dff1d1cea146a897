"""The statements of messages and texts: many rows as one parameter, prepared once, run on the driver's own cursor.

On SQLite and on PostgreSQL alike a set goes in as one JSON array: about as dear per row as plain sqlite3, and a
fifteenth of a statement per row. SQLAlchemy writes each statement in the driver's own manner, once; the driver's
cursor runs it, which saves the 15 us that SQLAlchemy takes each time (docs/performance.md).
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

import msgspec
import sqlalchemy as sa

_encode = msgspec.json.Encoder().encode
_UNPACK = {"sqlite": "json_each(:rows)", "postgresql": "jsonb_array_elements(CAST(:rows AS jsonb))"}
_PARAMETERS = {"sqlite": "named", "postgresql": "pyformat"}


class _Written(dict[str, str]):
    """A statement by dialect, written when that store first asks: most commands need few, and one dialect."""

    def __init__(self, sql: str, columns: dict[str, str]) -> None:
        self._sql, self._columns = sql, columns

    def __missing__(self, dialect: str) -> str:
        said = sa.text(self._sql.replace("{rows}", _table(dialect, self._columns)))
        self[dialect] = str(said.compile(dialect=_dialect(dialect)))
        return self[dialect]


@cache
def _dialect(name: str) -> sa.Dialect:
    kind: Any = sa.make_url(f"{name}://").get_dialect()
    return cast(sa.Dialect, kind(paramstyle=_PARAMETERS[name]))


class Statement:
    """`sql` with parameters `:name`, and {rows} standing for a table of the rows that it is run with.

    `columns` maps each column of that table to its SQL type (BIGINT or TEXT), in the order of the tuples. Rows of one
    column are no tuples but the values themselves, which costs a third. Values are integers, strings and None only.
    """

    def __init__(self, sql: str, **columns: str) -> None:
        self.written: dict[str, str] = _Written(sql, columns)
        self._takes_rows = bool(columns)

    @classmethod
    def by_dialect(cls, **written: str) -> "Statement":
        """What each store says in words of its own, without parameters."""
        made = cls("")
        made.written = written
        return made

    @classmethod
    def inserting(cls, table: sa.Table, *columns: str) -> "Statement":
        """Puts in one row, given by the names of its columns, as the driver takes it; `all` answers with its id."""
        return cls(f"INSERT INTO {table.name} ({_listed(columns)}) VALUES ({_given(columns)}) RETURNING id")  # noqa: S608

    @classmethod
    def changing(cls, table: sa.Table, *columns: str, where: str) -> "Statement":
        """Changes these columns, given by their names."""
        values = ", ".join(f'"{name}" = :{name}' for name in columns)
        return cls(f"UPDATE {table.name} SET {values} WHERE {where}")  # noqa: S608

    def run(self, tx: sa.Connection, rows: Iterable[Any] = (), **given: Any) -> int:
        """Run it. Returns how many rows it changed. Raises what SQLAlchemy raises."""
        return int(self._execute(tx, rows, given, False))

    def all(self, tx: sa.Connection, rows: Iterable[Any] = (), **given: Any) -> list[Any]:
        """Run it. Returns all rows that it found, as tuples. Raises what SQLAlchemy raises."""
        found: list[Any] = self._execute(tx, rows, given, True)
        return found

    def _execute(self, tx: sa.Connection, rows: Iterable[Any], given: dict[str, Any], ask: bool) -> Any:
        sql, driver = self.written[tx.dialect.name], tx.dialect.loaded_dbapi
        cursor = tx.connection.cursor()
        try:
            cursor.execute(sql, given | {"rows": _encode(list(rows)).decode()} if self._takes_rows else given)
            return cursor.fetchall() if ask else cursor.rowcount
        except driver.Error as trouble:
            told: Any = sa.exc.DBAPIError.instance(sql, None, trouble, driver.Error, hide_parameters=True)
            raise told from trouble
        finally:
            cursor.close()


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)  # some are words of PostgreSQL's own


def _given(columns: Iterable[str]) -> str:
    return ", ".join(f":{name}" for name in columns)


def _table(dialect: str, columns: dict[str, str]) -> str:
    fields = ", ".join(
        f"CAST({_field(dialect, at if len(columns) > 1 else None)} AS {kind}) AS {name}"
        for at, (name, kind) in enumerate(columns.items())
    )
    return f"(SELECT {fields} FROM {_UNPACK[dialect]})"  # noqa: S608 - the names are ours, the values a bound parameter


def _field(dialect: str, at: int | None) -> str:
    """A column of a row of several, or the one value that is the row (#>> '{}' is a JSON value as text)."""
    if at is not None:
        return f"value->>{at}"
    return "value #>> '{}'" if dialect == "postgresql" else "value"
