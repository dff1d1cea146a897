"""Which process may run the gateway: a lease in the store, with an epoch that grows with every new holder.

The epoch is the fencing token: the tick reads it in the same transaction as everything it claims, so a
daemon that was frozen past its lease and wakes up again cannot claim or settle anything.
"""

import os
import socket
from dataclasses import dataclass

import sqlalchemy as sa

from gateway.errors import LeaseHeld
from gateway.tables import lease
from roster.rowset import Statement

DAEMON = "daemon"


class LeaseLost(Exception):
    """Another process holds the lease now. Stop at once and write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What we hold. `epoch` is ours alone for all time."""

    holder: str
    epoch: int


def this_process() -> str:
    """How we sign the lease: host and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def take(tx: sa.Connection, holder: str, now_ms: int, duration_ms: int) -> Lease:
    """Take the lease for `duration_ms`, one epoch further than anybody before; `LeaseHeld` names a live holder."""
    row = tx.execute(sa.select(lease).where(lease.c.name == DAEMON).with_for_update()).one_or_none()
    if row is not None and row.expires_ms > now_ms and not _is_dead_here(row.holder):
        raise LeaseHeld(row.holder)
    epoch = 1 if row is None else row.epoch + 1
    tx.execute(sa.delete(lease).where(lease.c.name == DAEMON))
    tx.execute(sa.insert(lease).values(name=DAEMON, holder=holder, epoch=epoch, expires_ms=now_ms + duration_ms))
    return Lease(holder, epoch)


def confirm(tx: sa.Connection, held: Lease) -> None:
    """Raise `LeaseLost` unless the lease is still ours. Part of every tick's transaction."""
    if _EPOCH.all(tx, name=DAEMON) != [(held.epoch,)]:
        raise LeaseLost(held.holder)


def renew(tx: sa.Connection, held: Lease, now_ms: int, duration_ms: int) -> None:
    """Hold it for another `duration_ms`."""
    done = tx.execute(
        sa.update(lease)
        .where(lease.c.name == DAEMON, lease.c.epoch == held.epoch)
        .values(expires_ms=now_ms + duration_ms)
    )
    if done.rowcount != 1:
        raise LeaseLost(held.holder)


def release(tx: sa.Connection, held: Lease, now_ms: int) -> None:
    """Give it up, so that the next daemon need not wait. The epoch stays, to be surpassed."""
    tx.execute(sa.update(lease).where(lease.c.name == DAEMON, lease.c.epoch == held.epoch).values(expires_ms=now_ms))


def holder(tx: sa.Connection, now_ms: int) -> str | None:
    """Who runs the gateway now, None when nobody does."""
    row = tx.execute(sa.select(lease).where(lease.c.name == DAEMON)).one_or_none()
    alive = row is not None and row.expires_ms > now_ms and not _is_dead_here(row.holder)
    return row.holder if row is not None and alive else None


def _is_dead_here(holder: str) -> bool:
    """True when the holder was a process of this machine that is gone: no need to wait its lease out."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


_EPOCH = Statement("SELECT epoch FROM lease WHERE name = :name")
