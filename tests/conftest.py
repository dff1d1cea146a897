"""What tests share: an empty store on either engine, an initialised working folder, a vault, a moment."""

import os
import signal

os.environ["COLUMNS"] = "200"  # before any console is made: tables are as wide as they want, whoever runs the tests

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from gateway import database
from gateway.cli.init import make
from gateway.database import Database
from gateway.tables import metadata
from roster.networks import Belonging
from roster.store import find_or_add_person
from roster.vault import Keys, Vault
from tests.postgres import Server, binaries

# What a shell runs in the background ignores Ctrl-C, and so would what the tests start and end by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A failure is told in its smallest form, without the hour that explaining it may take with a store behind it.
_PHASES = [one for one in hypothesis.Phase if one is not hypothesis.Phase.explain]
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, max_examples=60, phases=_PHASES)
hypothesis.settings.load_profile("house")


_firsts: dict[str, sa.Engine] = {}


def compiling_once(engine: sa.Engine) -> sa.Engine:
    """Thousands of stores are opened here, and each would compile every statement anew: a fifth of all time.

    What was compiled belongs to a dialect, so all stores of a kind have one, and with it what it has compiled.
    """
    first = _firsts.setdefault(engine.dialect.name, engine)
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine


_right = database._engine
database._engine = lambda url: compiling_once(_right(url))

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # noon in Feixiang
NOON_MS = round(NOON.timestamp() * 1000)


@pytest.fixture
def now() -> datetime:
    """Noon, outside the quiet hours."""
    return NOON


@pytest.fixture
def vault() -> Vault:
    """A vault whose keys are known."""
    return Vault(Keys(b"m" * 32, b"i" * 32, b"s" * 32))


ENGINES = ("sqlite", "postgresql")
"""What tests of the store run on: the same code, the same tests."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server; without one, the tests that want it are skipped."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: nothing is tested on PostgreSQL")
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: nothing is tested on it")
    server = Server(programs)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _shared(server: Server) -> Iterator[Database]:
    database = Database(server.create("shared"))
    database.upgrade()
    yield database
    database.close()


@pytest.fixture
def on_postgres(_shared: Database) -> str:
    """The address of an empty store on PostgreSQL, whose rows are numbered from 1."""
    with _shared.write() as tx:
        for table in reversed(metadata.sorted_tables):
            tx.execute(sa.delete(table))
        tx.exec_driver_sql("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")
    return _shared.url


def in_memory() -> sa.Engine:
    """An empty store that nobody else sees."""
    engine = compiling_once(sa.create_engine("sqlite://"))
    with engine.connect() as connection:
        opened: sqlite3.Connection = connection.connection.dbapi_connection
        opened.deserialize(_empty())
    return engine


@cache
def _empty() -> bytes:
    """A store with all tables: making them takes longer than most tests."""
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        opened: sqlite3.Connection = connection.connection.dbapi_connection
        image = opened.serialize()
    engine.dispose()
    return image


@pytest.fixture(params=ENGINES)
def tx(request: pytest.FixtureRequest) -> Iterator[sa.Connection]:
    """An open transaction on an empty store."""
    sqlite = request.param == "sqlite"
    engine = in_memory() if sqlite else Database(request.getfixturevalue("on_postgres")).engine
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def people(tx: sa.Connection, vault: Vault, now: datetime) -> list[int]:
    """Ten people of China Mobile, numbered 1 to 10, with the numbers 13800000001 and on."""
    return [
        find_or_add_person(tx, vault, f"+861380000{number:04d}", Belonging("mobile", "prefix", "138"), now).id
        for number in range(1, 11)
    ]


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "county"
    make(folder, "office")
    return folder


@pytest.fixture
def folder(_made: Path, tmp_path: Path) -> Path:
    """A working folder as `xinqiao init` makes it, whose first operator is the account "office"."""
    shutil.copytree(_made, tmp_path / "county")
    return tmp_path / "county"
