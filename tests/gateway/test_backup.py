"""E11: a copy of the store, and what happens when an old one is put back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from carriers.events import DeliveryReceipt, ReceiptState, SubmitAnswered, Verdict
from gateway import audit, backup, carrier_desk, fsck, lease, notices, operators, outbox
from gateway.database import Database
from gateway.errors import LeaseHeld, Refused, StoreUnfit
from gateway.outbox import HOUR, PartState
from gateway.settling import Answer
from gateway.tables import carrier_status, part
from roster.audiences import Audience
from roster.vault import Keys, Vault
from tests.conftest import NOON
from tests.gateway.conftest import move
from tests.gateway.office import SESSION, Office
from tests.gateway.town import Town


def put(office: Office, person: int, body: str = "您好") -> None:
    with office.database.write() as tx:
        outbox.put(
            tx,
            person_id=person,
            body=body,
            purpose="single",
            created_by="me",
            now_ms=office.now_ms,
            validity_ms=24 * HOUR,
        )


def settle(office: Office) -> backup.Restored:
    """What `xinqiao restore --in-place` does, the daemon of the tests being gone."""
    with office.database.write() as tx:
        backup.forget_daemon(tx)
        restored = backup.settle(tx, office.settings.values.carriers, "office", office.now)
        office.held = lease.take(tx, "tests:2", office.now_ms, 3_600_000)
    office.tick._held = office.held
    return restored


def states(office: Office) -> list[str]:
    return [row.state for row in office.rows(sa.select(part.c.state).order_by(part.c.id))]


def release(office: Office) -> None:
    with office.database.write() as tx:
        for name in office.settings.values.carriers:
            assert carrier_desk.release(tx, name, office.now)


# ----------------------------------------------------------------------------------------------- on either engine


def test_what_waited_or_was_on_the_wire_is_in_doubt_and_nothing_goes_out(office: Office) -> None:
    for person in (1, 2, 3):
        put(office, person)
    office.submit(room=1)
    office.minutes = 60
    restored = settle(office)
    assert (restored.doubts, restored.carriers) == (3, ("mobile", "telecom", "unicom"))
    assert states(office) == [PartState.UNCERTAIN] * 3
    put(office, 4)
    assert office.submit() == []  # held
    release(office)
    assert [submit.destination for _, _, submit in office.submit()] == ["8613800000004"]


def test_a_receipt_that_comes_after_all_settles_what_was_sent_after_the_copy(office: Office) -> None:
    put(office, 1)
    office.minutes = 60
    settle(office)
    receipt = DeliveryReceipt(1, "an id nobody told us", ReceiptState.DELIVERED, "", "8613800000001", b"raw")
    office.run(receipts=[(SESSION, receipt)])
    assert states(office) == [PartState.DELIVERED]


def test_a_receipt_known_from_before_the_copy_settles_nothing_that_was_queued_later(office: Office) -> None:
    receipt = DeliveryReceipt(1, "something else", ReceiptState.DELIVERED, "", "8613800000001", b"raw")
    office.run(receipts=[(SESSION, receipt)])
    office.minutes = 1
    put(office, 1)
    office.minutes = 60
    settle(office)
    office.run(uncertain=[(SESSION, 99, 99)])  # what makes the tick look for receipts of uncertain parts
    assert states(office) == [PartState.UNCERTAIN]


def test_an_operators_word_sends_what_the_carrier_has_not(office: Office) -> None:
    put(office, 1)
    settle(office)
    release(office)
    with office.database.write() as tx:
        assert outbox.retry(tx, 1, office.now_ms, 24 * HOUR) == 1
        audit.record(tx, office.keys.seal, "me", "message.retry", "message 1", {}, office.now)
    [(sequence, part_id, _)] = office.submit()
    office.run(answers=[Answer(SESSION, SubmitAnswered(sequence, part_id, Verdict.ACCEPTED, 0, "A1"))])
    assert states(office) == [PartState.ACCEPTED]
    assert whole(office)


def test_a_restored_store_keeps_every_invariant_and_can_be_restored_again(office: Office) -> None:
    office.text("8613800000001", "村里路灯坏了半个月")
    put(office, 2)
    office.submit(room=1)
    settle(office)
    settle(office)
    assert whole(office)
    office.text("8613800000003", "学校门口的路坑坑洼洼")  # texts are received while everything is held
    assert whole(office)


def test_an_urgent_notice_put_back_sends_nothing_again_by_itself(office: Office) -> None:
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="",
            topic="环境",
            body="【肥乡双向沟通办】汛情",
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
            urgent_reason="防汛",
            resend_uncertain=True,
        )
        notices.approve(tx, office.vault, one.id, "乙", None, ["mobile"], 0, office.now)
        notices.send(tx, one.id, office.now, office.now)
    assert settle(office).doubts == 10
    office.minutes = 60
    with office.database.write() as tx:
        assert notices.resend_uncertain(tx, office.now) == 0


def whole(office: Office) -> bool:
    with office.database.read() as tx:
        return not list(fsck.check(tx, office.keys.seal, office.now_ms + 60_000))


def test_beside_a_daemon_nothing_is_settled(office: Office) -> None:
    with pytest.raises(LeaseHeld), office.database.write() as tx:
        backup.settle(tx, ["mobile"], "office", office.now)
    assert office.rows(sa.select(carrier_status).where(carrier_status.c.held_at.isnot(None))) == []


# --------------------------------------------------------------------------------------------------- files (SQLite)


@pytest.fixture
def filed(folder: Path) -> Iterator[Office]:
    """An office whose store is a file."""
    office = Office(folder)
    office.join("13800000001")
    yield office
    office.tick.close()
    office.database.close()


def store_of(office: Office) -> Path:
    return office.folder / "xinqiao.db"


def test_a_copy_is_whole_private_and_never_over_another_file(filed: Office, tmp_path: Path) -> None:
    filed.text("8613800000001", "村里路灯坏了半个月")
    file = tmp_path / "copy.db"
    assert backup.copy(filed.database, file) == file.stat().st_size
    assert file.stat().st_mode & 0o077 == 0
    with closing(Database(f"sqlite:///{file}")) as copied, copied.read() as tx:
        assert not list(fsck.check(tx, filed.keys.seal, filed.now_ms + 60_000))
        assert tx.scalar(sa.text("SELECT body FROM text")) == "村里路灯坏了半个月"
    with pytest.raises(Refused, match="已存在"):
        backup.copy(filed.database, file)
    with pytest.raises(Refused, match="没有目录"):
        backup.copy(filed.database, tmp_path / "nowhere" / "copy.db")


def test_a_copy_put_back_takes_the_place_and_the_store_of_before_is_kept(filed: Office, tmp_path: Path) -> None:
    store, file = store_of(filed), tmp_path / "copy.db"
    backup.copy(filed.database, file)
    filed.text("8613800000001", "备份以后的来信")  # its pages are still in the log
    with closing(backup.stage(file, store, filed.vault)) as staged, staged.write() as tx:
        backup.forget_daemon(tx)
        backup.settle(tx, ["mobile"], "office", filed.now)
    aside = backup.exchange(store, filed.now)
    assert aside is not None
    for path, texts in ((store, 0), (aside, 1)):
        with closing(sqlite3.connect(path)) as opened:
            assert opened.execute("SELECT count(*) FROM text").fetchone() == (texts,)
    assert not list(store.parent.glob(f"*{backup.STAGED}*"))


def test_a_broken_store_does_not_keep_its_backup_from_being_put_back(filed: Office, tmp_path: Path) -> None:
    store, file = store_of(filed), tmp_path / "copy.db"
    backup.copy(filed.database, file)
    filed.tick.close()
    filed.database.close()
    store.write_bytes(b"\0" * 100_000)
    backup.refuse_while_running(store, filed.now_ms)
    backup.stage(file, store, filed.vault).close()
    backup.exchange(store, filed.now)
    filed.database.check_schema()


@pytest.mark.parametrize("damage", ["no store", "an empty one", "torn", "of the future"])
def test_what_is_no_backup_is_refused_and_leaves_nothing(filed: Office, tmp_path: Path, damage: str) -> None:
    store, file = store_of(filed), tmp_path / "copy.db"
    if damage == "no store":
        file.write_bytes("这不是数据库".encode() * 100)
    elif damage == "an empty one":
        sqlite3.connect(file).close()
    else:
        backup.copy(filed.database, file)
        if damage == "torn":
            whole = file.read_bytes()
            file.write_bytes(whole[:8192] + b"\xff" * 4096 + whole[12288:])
        else:
            with closing(sqlite3.connect(file)) as opened, opened:
                opened.execute("UPDATE alembic_version SET version_num = 'next year'")
    with pytest.raises(StoreUnfit if damage == "of the future" else Refused):
        backup.stage(file, store, filed.vault)
    assert not list(store.parent.glob(f"*{backup.STAGED}*"))


def test_a_backup_of_other_keys_is_refused(filed: Office, tmp_path: Path) -> None:
    backup.copy(filed.database, tmp_path / "copy.db")
    with pytest.raises(Refused, match="密钥"):
        backup.stage(tmp_path / "copy.db", store_of(filed), Vault(Keys(b"x" * 32, b"y" * 32, b"z" * 32)))


def test_while_a_daemon_runs_on_the_present_store_nothing_is_put_back(filed: Office) -> None:
    with pytest.raises(LeaseHeld):
        backup.refuse_while_running(store_of(filed), filed.now_ms)
    backup.refuse_while_running(store_of(filed).with_name("not there.db"), filed.now_ms)


# ------------------------------------------------------------------------------------------------- the whole program

SCRIPT = """
[[carrier]]
name = "mobile"
access_number = "10657000001"
receipt_delay = [0.01, 0.02]
"""


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    town = Town(folder, SCRIPT)
    town.open_carriers()
    yield town
    town.close()


def test_yesterdays_backup_put_back_sends_nobody_anything_twice(town: Town, tmp_path: Path) -> None:
    file, orders = str(tmp_path / "yesterday.db"), tmp_path / "orders.tsv"
    orders.write_text("".join(f"1380000000{n}\t第{n}条\n" for n in range(3)), encoding="utf-8")
    town.run("message", "send", "--file", str(orders))
    town.run("backup", file)
    daemon = town.start_daemon()
    town.until(lambda: town.counts()["receipts_acknowledged"] == 3)
    assert "网关已在运行" in town.run("restore", file, code=75)
    daemon.terminate()
    assert daemon.wait(30) == 0
    told = town.run("restore", file)
    assert "3 条" in told
    assert "message doubts" in told
    orders.write_text("13800000009\t恢复以后的一条\n", encoding="utf-8")
    town.run("message", "send", "--file", str(orders))
    town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    town.run("carrier", "release", "mobile")
    town.until(lambda: town.counts()["accepted"] == 4)
    assert (town.counts()["doubled"], town.states().count("uncertain")) == (0, 3)
    assert town.run("fsck", "--json")["ok"]


def test_on_postgresql_its_own_tools_are_named(folder: Path, on_postgres: str, tmp_path: Path) -> None:
    move(folder, on_postgres)
    town = Town(folder)
    with closing(Database(on_postgres)) as database, database.write() as tx:
        operators.add(tx, "office", ("system",), "office", None, None, NOON)
    assert "pg_dump" in town.run("backup", str(tmp_path / "x"), code=1)
    assert "pg_restore" in town.run("restore", str(tmp_path / "x"), code=1)
    assert "0 条" in town.run("restore", "--in-place")
