"""How is the store copied while it is used, and how is a copy put back so that nothing goes out twice?

A copy knows nothing of what was sent after it. So every part that waited in it, or was being sent, is in doubt once it
is put back, and every carrier is held: the gateway receives texts and receipts and sends nothing until an operator has
compared with the carriers' accounts and released them.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from gateway import carrier_desk, lease, settling
from gateway.database import Database
from gateway.errors import LeaseHeld, NotFound, Refused, StoreUnfit
from gateway.outbox import PartState
from gateway.tables import attempt, audit, carrier_status, notice, part, receipt, text_part
from gateway.tables import lease as lease_rows
from roster.tables import person
from roster.vault import Unsealable, Vault

HELD = "已从备份恢复:与运营商核对后再恢复发送"
REASON = "restored from a backup"
STAGED = ".restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a store that was put back is like. `moment` is of the last thing that it knows."""

    moment: datetime
    doubts: int  # parts that may have been sent since then, or not
    carriers: tuple[str, ...]  # held


# ---------------------------------------------------------------------------------------------------------- copying


def copy(database: Database, file: Path) -> int:
    """A whole copy of the store at one moment, synced. Its octets. May run beside the daemon; SQLite only."""
    if file.exists():
        raise Refused(f"{file} 已存在", "请另选一个文件名")
    if not file.parent.is_dir():
        raise NotFound(f"没有目录 {file.parent}", "请先建立它")
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with database.connect() as connection:
        connection.exec_driver_sql("VACUUM INTO ?", (str(unfinished),))
    _sync(unfinished)
    unfinished.rename(file)
    _sync(file.parent)
    return file.stat().st_size


# ------------------------------------------------------------------------------------------------------ putting back


def stage(file: Path, store: Path, vault: Vault) -> Database:
    """A copy of the backup beside the store, checked, with this version's schema. Raises `Refused`, leaves nothing."""
    staged = store.with_name(store.name + STAGED)
    discard(store)
    try:
        with (
            closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as backup,
            closing(sqlite3.connect(staged)) as target,
        ):
            backup.backup(target)
            damage = [words for (words,) in target.execute("PRAGMA integrity_check") if words != "ok"]
        if damage:
            raise Refused(f"{file} 已损坏:{damage[0]}", "请换一个备份")
        database = Database(f"sqlite:///{staged}")
        _check(database, vault)
    except BaseException as trouble:
        discard(store)
        if isinstance(trouble, sqlite3.DatabaseError):
            raise Refused(f"{file} 不是信桥的备份:{trouble}", "请换一个备份") from None
        raise
    return database


def _check(database: Database, vault: Vault) -> None:
    if database.revision() is None:
        raise Refused("备份中没有信桥的数据", "请换一个备份")
    from alembic.util import CommandError  # only an upgrade needs Alembic

    try:
        database.upgrade()
    except CommandError:
        raise StoreUnfit("备份属于更新的版本", "请使用与备份相符的新版程序") from None
    with database.read() as tx:
        known = sa.select(person.c.id, person.c.key_sealed, person.c.phone_sealed).where(
            person.c.key_sealed.isnot(None)
        )
        anybody = tx.execute(known.limit(1)).first()
    if anybody is not None:
        try:
            vault.open(anybody.key_sealed, f"person.phone:{anybody.id}", anybody.phone_sealed)
        except Unsealable:
            raise Refused("备份属于另一套密钥", "请把与备份同时的 keys 目录放回来") from None


def discard(store: Path) -> None:
    """No staged copy any more."""
    for end in ("", "-wal", "-shm"):
        store.with_name(store.name + STAGED + end).unlink(missing_ok=True)


def refuse_while_running(store: Path, now_ms: int) -> None:
    """Raises `LeaseHeld` when a daemon runs on the present store. One that cannot be read has no daemon."""
    if not store.exists():
        return
    with closing(Database(f"sqlite:///{store}")) as present:
        try:
            with present.read() as tx:
                runs = lease.holder(tx, now_ms)
        except sa.exc.DatabaseError:
            return
    if runs is not None:
        raise LeaseHeld(runs)


def forget_daemon(tx: sa.Connection) -> None:
    """The daemon that ran when the copy was made does not run on the copy."""
    tx.execute(sa.update(lease_rows).values(expires_ms=0))


def settle(tx: sa.Connection, carriers: Iterable[str], actor: str, now: datetime) -> Restored:
    """This store was put back: doubt what it wanted to send, hold the carriers. Raises `LeaseHeld` beside a daemon.

    No notice sends such parts again by itself. Each gets an attempt, as if a daemon that we know nothing of had
    submitted it: its receipt finds it.
    """
    now_ms = round(now.timestamp() * 1000)
    moment_ms = _last_moment(tx)
    session = lease.take(tx, "restore", now_ms, 0).epoch << 24
    doubts = settling.reconcile(tx, now_ms)
    numbered = sa.select(
        sa.literal(session),
        sa.func.row_number().over(order_by=part.c.id),
        part.c.id,
        part.c.carrier,
        sa.literal(moment_ms),
        sa.literal("uncertain"),
        sa.literal(now_ms),
    ).where(part.c.state == PartState.QUEUED)
    columns = ["session", "sequence", "part_id", "carrier", "intent_ms", "outcome", "answered_ms"]
    tx.execute(sa.insert(attempt).from_select(columns, numbered))
    doubts += tx.execute(
        sa.update(part)
        .where(part.c.state == PartState.QUEUED)
        .values(state=PartState.UNCERTAIN, reason=REASON, attempts=part.c.attempts + 1, changed_ms=now_ms)
    ).rowcount
    tx.execute(sa.update(notice).where(notice.c.state != "draft").values(resend_uncertain=False))
    held = tuple(sorted({*carriers, *tx.scalars(sa.select(carrier_status.c.carrier))}))
    for name in held:
        carrier_desk.hold(tx, name, actor, HELD, now)
    return Restored(datetime.fromtimestamp(moment_ms / 1000, UTC), doubts, held)


def _last_moment(tx: sa.Connection) -> int:
    """Milliseconds since 1970 UTC of the last thing that the store knows."""
    columns = (part.c.changed_ms, attempt.c.intent_ms, receipt.c.received_ms, text_part.c.received_ms)
    known = [tx.scalar(sa.select(sa.func.max(column))) or 0 for column in columns]
    done: datetime | None = tx.scalar(sa.select(audit.c.at).order_by(audit.c.id.desc()).limit(1))
    return max(*known, round(done.timestamp() * 1000) if done is not None else 0)


def exchange(store: Path, now: datetime) -> Path | None:
    """The staged copy, closed by now, becomes the store. Returns where the store of before is, None without one."""
    staged, aside = store.with_name(store.name + STAGED), store.with_name(f"{store.name}.before-{now:%Y%m%d-%H%M%S}")
    _sync(staged)
    there = store.exists()
    if there:
        store.rename(aside)
    if (log := store.with_name(store.name + "-wal")).exists():
        log.rename(aside.with_name(aside.name + "-wal"))
    store.with_name(store.name + "-shm").unlink(missing_ok=True)
    staged.rename(store)
    _sync(store.parent)
    return aside if there else None


def _sync(path: Path) -> None:
    """What was written there survives a power cut; of a folder, the names in it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
