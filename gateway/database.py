"""The store's engine: transactions that begin when we say, durability that is proved, schema that fits."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.errors import StoreBusy, StoreUnfit, SyncFailed
from gateway.log_file import LogFile
from roster.rowset import Statement

if TYPE_CHECKING:  # only an upgrade needs Alembic, and every command would wait for it
    from alembic.config import Config

BUSY_MS = 30_000  # how long a writer waits for another one
CHECKPOINT_SYNCS = 40  # ticks of a broadcast write some 1,000 pages in so many
LONGEST_LOG = 4_000  # pages after which a commit copies them itself: others may have kept us from it
NOTICED = {  # libpq's words for: a PostgreSQL server that vanishes without a word is missed within 25 s
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
WRITER = 0x5158_4E51  # the lock that PostgreSQL's writers hold one after the other
READ = Statement.by_dialect(sqlite="BEGIN", postgresql="SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
WRITE = Statement.by_dialect(sqlite="BEGIN IMMEDIATE", postgresql=f"SELECT pg_advisory_xact_lock({WRITER})")
"""What a transaction begins with.

One writer at a time, on both: SQLite has no other way, and on PostgreSQL it is what makes an opt-out, a cancelled or a
paused notice hold. Without it a claim could have read its parts before the cancellation commits and record its intents
after it. The lock is given back by COMMIT, by ROLLBACK and by the end of the connection, so nobody can keep it. What
reads after it sees all that the writers before it committed, because every statement of READ COMMITTED looks anew.
"""
_SYNC_ERRORS = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)


class Database:
    """One store. SQLite is the default; PostgreSQL runs the same statements."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._sqlite = self.engine.dialect.name == "sqlite"
        self._log: LogFile | None = None  # of the connection whose commits we sync
        self._busy_ms = BUSY_MS
        self._syncs = 0

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only looks: one consistent view of the store."""
        with self.engine.connect() as connection, self._transaction(connection, READ):
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that changes things: committed and synced at the end, undone when anything is raised."""
        with self.engine.connect() as connection, self.immediate(connection):
            yield connection

    def connect(self) -> sa.Connection:
        """A connection for somebody who keeps it."""
        return self.engine.connect()

    def connect_unsynced(self) -> sa.Connection:
        """A connection for somebody who keeps it: what it commits is on the disk only after the next `sync`."""
        connection = self.engine.connect()
        if self._sqlite and connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal":
            path = Path(f"{connection.exec_driver_sql('PRAGMA database_list').one()[2]}-wal")
            connection.rollback()
            connection.detach()  # nobody else may get it
            connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG}")
            connection.rollback()
            if self._log is None:
                self._log = LogFile(path)
        return connection

    @property
    def is_quick(self) -> bool:
        """Whether a transaction on an unsynced connection waits for no disk and no other machine."""
        return self._log is not None

    def sync(self) -> None:
        """Return when all commits so far are on the disk. Raises `SyncFailed`. May run beside the next transaction.

        Where each commit syncs by itself there is nothing to do: on PostgreSQL, and in SQLite without a log. Now and
        then the log is copied into the database here, so that no commit has to.
        """
        if self._log is not None:
            self._log.sync()
            self._syncs += 1
            if self._syncs % CHECKPOINT_SYNCS == 0:
                with suppress(sa.exc.OperationalError), self.engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")  # what fails is copied again

    @contextmanager
    def immediate(self, connection: sa.Connection, *, waits: bool = True) -> Iterator[sa.Connection]:
        """A writing transaction on a connection that is kept. Raises `StoreBusy` where it `waits` for no other."""
        begun = False
        self._be_patient(connection, waits)
        try:
            with self._transaction(connection, WRITE):
                begun = True
                yield connection
        except sa.exc.OperationalError as trouble:
            code = getattr(trouble.orig, "sqlite_errorcode", 0)
            if begun or waits or code & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise StoreBusy from trouble

    def _be_patient(self, connection: sa.Connection, waits: bool) -> None:
        if self._sqlite and connection.info.get("waits", True) != waits:
            connection.info["waits"] = waits
            cursor = connection.connection.cursor()  # outside any transaction of SQLAlchemy's
            cursor.execute(f"PRAGMA busy_timeout = {self._busy_ms if waits else 0}")
            cursor.close()

    @contextmanager
    def _transaction(self, connection: sa.Connection, begin: Statement) -> Iterator[None]:
        """SQLite is told to begin by ourselves: Python's driver would begin too late, and never for a read."""
        try:
            with connection.begin():
                begin.run(connection)
                yield
        except sa.exc.OperationalError as trouble:
            if getattr(trouble.orig, "sqlite_errorcode", None) in _SYNC_ERRORS:
                raise SyncFailed from trouble
            raise

    def hurry(self, busy_ms: int) -> None:
        """From now on wait no longer than this for another writer."""
        if self._sqlite:
            self._busy_ms = busy_ms
            setting = f"PRAGMA busy_timeout = {busy_ms}"
            sa.event.listen(self.engine, "checkout", lambda connection, *_: connection.execute(setting))

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        if self._log is not None:
            self._log.close()

    # ------------------------------------------------------------------------------------------------- durability

    def durability(self) -> None:
        """Raise `StoreUnfit` unless a commit survives a power cut."""
        with self.engine.connect() as connection:
            for setting, good, way_out in self._required():
                value = str(connection.exec_driver_sql(setting).scalar()).lower()
                if value not in good:
                    raise StoreUnfit(f"数据库不能保证断电不丢数据:{setting} 为 {value}", way_out)

    def _required(self) -> tuple[tuple[str, tuple[str, ...], str], ...]:
        if self._sqlite:
            return (
                ("PRAGMA synchronous", ("2", "3"), "请使用 synchronous=FULL 或 EXTRA"),
                ("PRAGMA journal_mode", ("wal", "delete", "truncate", "persist"), "请把数据库放在磁盘文件中"),
            )
        return tuple(
            (f"SHOW {name}", good, f"请在 postgresql.conf 中设置 {name} = {good[0]}")
            for name, good in (
                ("fsync", ("on",)),
                ("full_page_writes", ("on",)),
                ("synchronous_commit", ("on", "remote_apply", "remote_write")),
            )
        )

    def data_version(self, connection: sa.Connection) -> object:
        """A value that changes when another connection has committed, on PostgreSQL also when this one has."""
        if not self._sqlite:
            with nullcontext() if connection.in_transaction() else connection.begin():
                return connection.exec_driver_sql("SELECT CAST(pg_current_snapshot() AS text)").scalar()
        cursor = connection.connection.cursor()  # outside any transaction of SQLAlchemy's
        try:
            return cursor.execute("PRAGMA data_version").fetchone()[0]
        finally:
            cursor.close()

    # ----------------------------------------------------------------------------------------------------- schema

    def upgrade(self, version: str = "head") -> None:
        """Bring the schema to this version's, or to an older one on the way: in one transaction, or not at all."""
        from alembic import command

        config = _alembic()
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, version)

    def revision(self) -> str | None:
        """The version of the schema, None when there is none yet. Raises `StoreUnfit` when nobody answers."""
        try:
            with self.engine.connect() as connection:
                if not sa.inspect(connection).has_table("alembic_version"):
                    return None
                current: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
                return current
        except sa.exc.OperationalError as trouble:
            raise StoreUnfit(f"连接不上数据库:{trouble.orig}".strip(), "请检查 store.url,数据库是否已启动") from None

    def check_schema(self) -> None:
        """Raise `StoreUnfit` unless the schema is this version's."""
        known = revisions()
        current = self.revision()
        if current is not None and current not in known:
            raise StoreUnfit("数据库属于更新的版本", "请使用与数据库相符的新版程序")
        if current != known[-1]:
            raise StoreUnfit("数据库结构还不是当前版本", "请先备份,再运行 xinqiao upgrade")


def revisions() -> list[str]:
    """All versions of the schema, oldest first: each migration names the one that it follows."""
    follows = {}
    for file in (files("gateway") / "migrations" / "versions").iterdir():
        found = dict(_NAMED.findall(file.read_text(encoding="utf-8"))) if file.name.endswith(".py") else {}
        if found:
            follows[found["down_revision"]] = found["revision"]
    line = [follows["None"]]
    while line[-1] in follows:
        line.append(follows[line[-1]])
    return line


_NAMED = re.compile(r"""^(revision|down_revision) = ["']?(\w+)["']?$""", re.MULTILINE)


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("gateway") / "migrations"))
    return config


def _engine(written: str) -> sa.Engine:
    try:
        url = sa.make_url(written)
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg", query=NOTICED | dict(url.query))
        prepare = _PREPARE[url.get_backend_name()]
        # A connection from before a restart is not handed out; no error says what a citizen wrote.
        engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except (sa.exc.ArgumentError, KeyError, ImportError) as wrong:
        raise StoreUnfit(f"store.url 不能使用:{wrong}", "可用 sqlite:///… 或 postgresql://…(另需 psycopg)") from None
    sa.event.listen(engine, "connect", prepare)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -16000",
        "temp_store = MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for setting in (f"lock_timeout = {BUSY_MS}", "default_transaction_isolation = 'read committed'"):
        cursor.execute(f"SET {setting}")
    cursor.close()
    connection.commit()


_PREPARE = {"sqlite": _prepare_sqlite, "postgresql": _prepare_postgresql}
