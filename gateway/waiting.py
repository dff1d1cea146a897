"""Who waits for a line: counts per notice and purpose; and whom to phone when no line will do it any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from gateway.outbox import HOUR, NOT_SENT, PartState
from gateway.tables import case_ticket, message, notice, part
from roster import store as roster_store
from roster.vault import Vault


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one notice, or all else of one purpose, has waiting for one line."""

    carrier: str
    purpose: str
    notice_id: int | None
    title: str
    state: str | None  # the notice's: a paused one waits for people, not for the line
    people: int
    parts: int
    oldest: datetime
    expires: datetime  # the first of them
    last_expires: datetime


@dataclass(frozen=True, slots=True)
class Unreached:
    """Somebody whose text waits, or was not sent in time (`expired`). Who is not on the roster has no name."""

    person_id: int
    phone: str  # E.164
    name: str
    category: str
    township: str
    village: str
    carrier: str
    message_id: int
    purpose: str
    notice_id: int | None
    title: str
    case: str
    expired: bool
    expires: datetime


def waiting(tx: sa.Connection, carrier: str | None) -> list[Waiting]:
    """All that waits, by line, the largest first."""
    parts = sa.func.count()
    query = (
        sa.select(
            part.c.carrier,
            message.c.purpose,
            message.c.notice_id,
            notice.c.title,
            notice.c.state,
            sa.func.count(part.c.person_id.distinct()),
            parts,
            sa.func.min(message.c.created_ms),
            sa.func.min(part.c.expires_ms),
            sa.func.max(part.c.expires_ms),
        )
        .select_from(_parts())
        .where(part.c.state == PartState.QUEUED, *_of(carrier))
        .group_by(part.c.carrier, message.c.purpose, message.c.notice_id, notice.c.title, notice.c.state)
        .order_by(part.c.carrier, parts.desc(), message.c.notice_id)
    )
    return [
        Waiting(name, purpose, notice_id, title or "", state, people, count, *map(_moment, times))
        for name, purpose, notice_id, title, state, people, count, *times in tx.execute(query)
    ]


def unreached(tx: sa.Connection, vault: Vault, carrier: str | None, hours: int, now_ms: int) -> list[Unreached]:
    """Whom to phone: what waits, and what expired unsent in the last `hours`; soonest to expire first.

    One per person and text. Who has been forgotten since has no number to phone.
    """
    unsent = sa.and_(
        part.c.state == PartState.EXPIRED, part.c.reason == NOT_SENT, part.c.changed_ms >= now_ms - hours * HOUR
    )
    query = (
        sa.select(
            message.c.id,
            message.c.person_id,
            message.c.purpose,
            message.c.notice_id,
            notice.c.title,
            case_ticket.c.number,
            part.c.carrier,
            sa.func.max(sa.case((unsent, 1), else_=0)).label("expired"),
            sa.func.min(part.c.expires_ms).label("expires_ms"),
        )
        .select_from(_parts().outerjoin(case_ticket, case_ticket.c.id == message.c.case_id))
        .where(sa.or_(part.c.state == PartState.QUEUED, unsent), *_of(carrier))
        .group_by(
            message.c.id,
            message.c.person_id,
            message.c.purpose,
            message.c.notice_id,
            notice.c.title,
            case_ticket.c.number,
            part.c.carrier,
        )
        .order_by(sa.text("expires_ms"), message.c.id)
    )
    rows = tx.execute(query).all()
    people = {row.person_id for row in rows}
    numbers, known = roster_store.phones(tx, vault, people), roster_store.renderings(tx, vault, people)
    nobody = roster_store.Rendering("", "", "", "")
    return [
        Unreached(
            person_id=row.person_id,
            phone=numbers[row.person_id],
            name=who.name,
            category=who.category,
            township=who.township,
            village=who.village,
            carrier=row.carrier,
            message_id=row.id,
            purpose=row.purpose,
            notice_id=row.notice_id,
            title=row.title or "",
            case=row.number or "",
            expired=bool(row.expired),
            expires=_moment(row.expires_ms),
        )
        for row in rows
        if row.person_id in numbers
        for who in (known.get(row.person_id, nobody),)
    ]


def _parts() -> sa.FromClause:
    return part.join(message, message.c.id == part.c.message_id).outerjoin(notice, notice.c.id == message.c.notice_id)


def _of(carrier: str | None) -> Sequence[sa.ColumnElement[bool]]:
    return () if carrier is None else (part.c.carrier == carrier,)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
