"""Carriers as the operator sees them: their links, and holding or releasing what is sent over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from carriers.events import Verdict
from gateway.outbox import PartState
from gateway.settling import Answer
from gateway.tables import carrier_status, part

SYSTEM = "gateway"
UP = ("bound", "resting")  # states of a link over which something can be sent


@dataclass(frozen=True, slots=True)
class CarrierView:
    """One carrier now. `link_state` is what the daemon last reported, "stopped" when no daemon runs."""

    carrier: str
    link_state: str
    link_since: datetime | None
    link_detail: str
    held_by: str | None
    held_reason: str
    held_at: datetime | None
    waiting: int
    uncertain: int
    counters: Mapping[str, Any]  # of carriers.link.Link


def hold(tx: sa.Connection, carrier: str, actor: str, reason: str, now: datetime) -> None:
    """Submit nothing over this carrier until it is released. What is on the wire finishes."""
    _ensure(tx, carrier)
    tx.execute(
        sa.update(carrier_status)
        .where(carrier_status.c.carrier == carrier)
        .values(held_by=actor, held_reason=reason, held_at=now)
    )


def release(tx: sa.Connection, carrier: str, now: datetime) -> bool:
    """Send again, and try a refused login again at once. False when there was nothing to release."""
    done = tx.execute(
        sa.update(carrier_status)
        .where(
            carrier_status.c.carrier == carrier,
            sa.or_(carrier_status.c.held_at.isnot(None), carrier_status.c.link_state == "refused"),
        )
        .values(held_by=None, held_reason="", held_at=None, retry_at=now)
    )
    return done.rowcount == 1


def retries(tx: sa.Connection) -> dict[str, datetime]:
    """When operators last wanted a login tried again, by carrier."""
    rows = tx.execute(
        sa.select(carrier_status.c.carrier, carrier_status.c.retry_at).where(carrier_status.c.retry_at.isnot(None))
    )
    return {row.carrier: row.retry_at for row in rows}


def hold_for_configuration(tx: sa.Connection, carrier: str, answers: Sequence[Answer], now_ms: int) -> None:
    """The carrier refuses us, not the number: every further submit would fail the same way."""
    reason = next(one.event.reason for one in answers if one.event.verdict is Verdict.CONFIGURATION)
    hold(tx, carrier, SYSTEM, reason, datetime.fromtimestamp(now_ms / 1000, UTC))


def report_link(
    tx: sa.Connection,
    carrier: str,
    state: str,
    since: datetime,
    detail: str,
    counters: Mapping[str, Any],
    now: datetime,
) -> None:
    """The daemon tells how a link stands. A line is down since it first failed, not since it last did."""
    _ensure(tx, carrier)
    status = carrier_status.c
    down = (
        None
        if state in (*UP, "stopped")
        else sa.func.coalesce(status.down_since, sa.bindparam("down", now, status.down_since.type))
    )
    tx.execute(
        sa.update(carrier_status)
        .where(carrier_status.c.carrier == carrier)
        .values(
            link_state=state,
            link_since=since,
            link_detail=detail,
            counters=dict(counters),
            reported_at=now,
            down_since=down,
        )
    )


def view(tx: sa.Connection, carriers: Sequence[str], running: bool) -> list[CarrierView]:
    """All configured carriers, in the order of the settings."""
    rows = {row.carrier: row for row in tx.execute(sa.select(carrier_status))}
    counts = {
        (row.carrier, row.state): row.n
        for row in tx.execute(
            sa.select(part.c.carrier, part.c.state, sa.func.count().label("n"))
            .where(part.c.state.in_((PartState.QUEUED, PartState.UNCERTAIN)))
            .group_by(part.c.carrier, part.c.state)
        )
    }
    return [_view(name, rows.get(name), counts, running) for name in carriers]


def _view(name: str, row: Any, counts: Mapping[tuple[str, str], int], running: bool) -> CarrierView:
    return CarrierView(
        carrier=name,
        link_state=row.link_state if row and running else "stopped",
        link_since=row.link_since if row and running else None,
        link_detail=row.link_detail if row else "",
        held_by=row.held_by if row else None,
        held_reason=row.held_reason if row else "",
        held_at=row.held_at if row else None,
        waiting=counts.get((name, PartState.QUEUED), 0),
        uncertain=counts.get((name, PartState.UNCERTAIN), 0),
        counters=row.counters if row else {},
    )


def _ensure(tx: sa.Connection, carrier: str) -> None:
    if tx.scalar(sa.select(carrier_status.c.carrier).where(carrier_status.c.carrier == carrier)) is None:
        tx.execute(sa.insert(carrier_status).values(carrier=carrier))
