"""The gateway on PostgreSQL: who writes when, what a server that goes down costs, which servers are refused.

That the store's statements do the same there is proved by the tests of the store, which run on both engines.
"""

import select
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway import carrier_desk, lease, notices, roster_desk
from gateway.cli.init import make
from gateway.database import Database
from gateway.errors import Refused, StoreUnfit
from gateway.outbox import PartState
from gateway.tables import part, text
from tests.gateway.office import Office
from tests.gateway.test_daemon import SCRIPT
from tests.gateway.test_tick import notice, put, states
from tests.gateway.town import PATIENCE, Town
from tests.postgres import Server

on_postgres = pytest.mark.parametrize("office", ["postgresql"], indirect=True)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The address of a database in which nothing is yet."""
    yield server.create("town")
    server.execute("DROP DATABASE town WITH (FORCE)")


@pytest.fixture
def town(database: str, tmp_path: Path) -> Iterator[Town]:
    """A working folder with its store on PostgreSQL, and one carrier."""
    make(tmp_path / "county", "office", database)
    town = Town(tmp_path / "county", SCRIPT.format(more="answer_delay = [0.02, 0.1]"))
    yield town
    town.close()


def until(holds: Callable[[], object]) -> None:
    """Wait for something that the server, or another thread, does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.01)


# ---------------------------------------------------------------------------------------------------------- who writes


def cancel(tx: sa.Connection, office: Office, number: int) -> None:
    notices.cancel(tx, number, office.now)


def pause(tx: sa.Connection, office: Office, number: int) -> None:
    notices.pause(tx, number, "me")


def hold(tx: sa.Connection, office: Office, number: int) -> None:
    carrier_desk.hold(tx, "mobile", "me", "维护", office.now)


def opt_out(tx: sa.Connection, office: Office, number: int) -> None:
    for person_id in range(1, 11):
        roster_desk.opt_out(tx, person_id, "by phone", "me", office.now)


@on_postgres
@pytest.mark.parametrize("command", [cancel, pause, hold, opt_out])
def test_a_claim_waits_for_the_command_before_it_and_obeys_it(
    office: Office, server: Server, command: Callable[[sa.Connection, Office, int], None]
) -> None:
    number = notice(office)
    assert len(office.submit(3)) == 3
    with ThreadPoolExecutor(1) as daemon:
        with office.database.write() as tx:
            command(tx, office, number)
            claiming = daemon.submit(office.submit)
            until(lambda: server.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        assert claiming.result(PATIENCE) == []


@on_postgres
def test_of_two_daemons_that_start_at_once_one_is_refused(office: Office, server: Server) -> None:
    def start(holder: str) -> bool:
        try:
            with office.database.write() as tx:
                lease.take(tx, holder, office.now_ms + 7_200_000, 60_000)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as daemons:
        with office.database.write():
            started = [daemons.submit(start, f"elsewhere:{number}") for number in (1, 2)]
            until(lambda: len(server.execute("SELECT 1 FROM pg_locks WHERE locktype='advisory' AND NOT granted")) == 2)
        assert sorted(one.result(PATIENCE) for one in started) == [False, True]


@on_postgres
def test_a_reader_neither_waits_nor_holds_anybody_up(office: Office) -> None:
    with office.database.read() as reading:
        before = reading.scalar(sa.select(sa.func.count()).select_from(part))
        put(office)
        with office.database.write():
            assert reading.scalar(sa.select(sa.func.count()).select_from(part)) == before
    assert len(office.submit()) == 1


# ---------------------------------------------------------------------------------------------- a server that goes down


@on_postgres
def test_a_tick_without_a_server_fails_and_the_next_one_with_a_server_goes_on(office: Office, server: Server) -> None:
    put(office)
    office.submit(0)
    server.halt()
    try:
        with pytest.raises(sa.exc.OperationalError):
            office.text("8613800000001", "村里路灯坏了半个月")
        with pytest.raises(sa.exc.OperationalError):
            office.tick.poll()
    finally:
        server.resume()
    office.text("8613800000001", "村里路灯坏了半个月")
    assert len(office.rows(sa.select(text))) == 1
    assert len(office.submit()) == 2


@on_postgres
def test_a_connection_that_is_cut_in_the_middle_of_a_tick_leaves_no_trace(
    office: Office, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(office)
    compose = office.tick._composer.compose

    def cut(*arguments: object) -> object:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'shared'")
        return compose(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(office.tick._composer, "compose", cut)
        with pytest.raises(sa.exc.OperationalError):
            office.submit()
    assert states(office) == [PartState.QUEUED]
    office.deliver(office.submit())
    assert states(office) == [PartState.DELIVERED]


def send(town: Town, count: int) -> None:
    """So many texts out, by one command."""
    rows = "".join(f"13800000{n:03d}\t第{n}条\n" for n in range(1, count + 1))
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))


@pytest.fixture
def found(database: str) -> Iterator[Callable[[], list[str]]]:
    """The states of all parts."""
    store = Database(database)

    def look() -> list[str]:
        with store.read() as tx:
            return list(tx.scalars(sa.select(part.c.state).order_by(part.c.id)))

    yield look
    store.close()


def test_a_daemon_that_is_killed_loses_nothing_and_submits_nothing_twice(
    town: Town, found: Callable[[], list[str]]
) -> None:
    town.open_carriers()
    town.start_daemon()
    send(town, 100)
    town.until(lambda: town.counts()["submits"] >= 30)
    town.processes[-1].send_signal(signal.SIGKILL)
    town.processes[-1].wait()
    town.tell(do="text", carrier="mobile", text="村里路灯坏了半个月", **{"from": "8613800000001"})
    town.start_daemon()
    town.until(lambda: set(found()) <= {"delivered", "uncertain"})
    town.until(lambda: town.counts()["texts_outstanding"] == town.counts()["receipts_outstanding"] == 0)
    counts, uncertain = town.counts(), found().count("uncertain")
    assert counts["doubled"] == 0
    assert 100 - uncertain <= counts["accepted_distinct"] <= 100
    assert [one["body"] for one in town.run("text", "list", "--json")] == ["村里路灯坏了半个月"]
    assert town.run("fsck", "--json")["ok"]


def test_a_server_that_restarts_three_times_costs_nothing(
    town: Town, found: Callable[[], list[str]], server: Server
) -> None:
    town.open_carriers()
    daemon = town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    send(town, 120)
    for number, seen in enumerate((10, 40, 70), 1):
        town.until(lambda seen=seen: town.counts()["submits"] >= seen)  # type: ignore[misc]
        town.tell(do="text", carrier="mobile", text=f"第{number}条来信", **{"from": f"861380000000{number}"})
        server.restart()
    town.until(lambda: set(found()) == {"delivered"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    counts = town.counts()
    assert daemon.poll() is None
    assert counts["connections"] == 1
    assert (counts["accepted_distinct"], counts["doubled"]) == (120, 0)
    assert len(town.run("text", "list", "--json")) == 3
    assert town.run("fsck", "--json")["ok"]


def test_a_server_that_vanishes_without_a_word_is_missed_soon(database: str) -> None:
    for url, expected in ((database, "10"), (f"{database}&keepalives_idle=3", "3")):
        store = Database(url)
        with store.read() as tx:
            given = tx.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
        store.close()
        assert (given["keepalives_idle"], given["tcp_user_timeout"]) == (expected, "25000")


# ------------------------------------------------------------------------------------------------- which are refused


@contextmanager
def altered(server: Server, setting: str) -> Iterator[None]:
    """The server with a setting switched off."""
    server.execute(f"ALTER SYSTEM SET {setting} = off")
    server.restart()
    yield
    server.execute(f"ALTER SYSTEM RESET {setting}")
    server.restart()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_does_not_sync_is_refused(database: str, server: Server, setting: str) -> None:
    store = Database(database)
    store.durability()
    with altered(server, setting), pytest.raises(StoreUnfit, match=setting):
        store.durability()
    store.close()


def test_the_daemon_does_not_start_on_a_database_that_does_not_sync(town: Town, server: Server) -> None:
    server.execute("ALTER DATABASE town SET synchronous_commit = off")
    assert "synchronous_commit" in town.run("run", code=69)


def test_a_store_that_is_used_already_gets_no_second_set_of_keys(town: Town, database: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="已有"):
        make(tmp_path / "another", "office", database)
    assert not (tmp_path / "another").exists()


def test_a_command_without_a_server_says_so(town: Town, server: Server) -> None:
    server.halt()
    try:
        assert "连接不上数据库" in town.run("message", "list", code=69)
    finally:
        server.resume()
