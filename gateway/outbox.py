"""What waits to be sent: put in, claimed, withdrawn, expired. The states of a part, moved by one rule each:

queued -> sending -> accepted -> delivered | undelivered | expired
                  -> queued (refused for now) | failed (refused for good)
                  -> uncertain -> accepted | delivered | undelivered | unknown
queued -> cancelled | expired

Claiming a part and recording the intent to submit it are one statement pair in one transaction, so the
"claimed" of the design is never seen on its own. Every function takes the open transaction and works on
whole sets; times are milliseconds since 1970 UTC. What carriers answer is `gateway/settling.py`'s, what they report
`gateway/receipts.py`'s.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from carriers.receipts import message_key
from carriers.text import split
from gateway.tables import message, notice, part
from roster.rowset import Statement
from roster.tables import person

DIRECT = 0
"""The lane of replies and single messages; every notice is a lane of its own, numbered like the notice."""

MINUTE, HOUR = 60_000, 3_600_000
RECEIPT_GRACE = 24 * HOUR  # after its validity a part without receipt counts as expired
UNCERTAIN_GRACE = 2 * HOUR  # after its validity an uncertain part counts as unknown

NOT_SENT = "not sent in time"
"""The reason of a part that expired before it was ever on the wire."""

WRONG_NETWORK = "wrong_network"
"""Outcome of an attempt whose carrier said, at once or by receipt, that the number is another one's."""


class PartState(StrEnum):
    """Where a part stands. The last six are final."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


FINAL = frozenset(
    {
        PartState.DELIVERED,
        PartState.UNDELIVERED,
        PartState.FAILED,
        PartState.EXPIRED,
        PartState.CANCELLED,
        PartState.UNKNOWN,
    }
)


class Claimed(NamedTuple):
    """A part that this tick sends, with its intent already recorded."""

    part_id: int
    message_id: int
    person_id: int
    number: int
    total: int
    lane: int
    body: str | None  # None: the notice's
    extension: str
    sequence: int


# ------------------------------------------------------------------------------------------------------- putting in


def put(
    tx: sa.Connection,
    *,
    person_id: int,
    body: str,
    purpose: str,
    created_by: str,
    now_ms: int,
    validity_ms: int,
    extension: str = "",
    case_id: int | None = None,
    token: str | None = None,
    not_before_ms: int = 0,
) -> int:
    """One text to one person, outside notices. The message's id; the same `token` again gives the first one's.

    To a number that is known to be somebody else's by now it is not sent: it is cancelled as soon as it is written.
    """
    if token is not None:
        known = tx.scalar(sa.select(message.c.id).where(message.c.token == token))
        if known is not None:
            return int(known)
    total = len(split(body).bodies)
    [(message_id,)] = _PUT.all(
        tx,
        purpose=purpose,
        case_id=case_id,
        person_id=person_id,
        extension=extension,
        body=body,
        parts=total,
        created_by=created_by,
        created_ms=now_ms,
        expires_ms=now_ms + validity_ms,
        token=token,
    )
    _PUT_PARTS.run(
        tx,
        range(1, total + 1),
        message=message_id,
        person=person_id,
        total=total,
        not_before=not_before_ms,
        expires=now_ms + validity_ms,
        now=now_ms,
    )
    return int(message_id)


_PUT = Statement.inserting(
    message,
    *("purpose", "case_id", "person_id", "extension", "body", "parts", "created_by"),
    *("created_ms", "expires_ms", "token"),
)
_GIVEN_UP = (
    "(SELECT verdict || ' ' || coalesce(suspicion, '') FROM number_decision WHERE person_id = :person "
    "ORDER BY id DESC LIMIT 1) = 'confirmed recycled'"
)
_PUT_PARTS = Statement(
    "INSERT INTO part (message_id, lane, carrier, person_id, number, total, state, reason, "  # noqa: S608 - words of ours
    "attempts, consents, not_before_ms, expires_ms, changed_ms) SELECT :message, 0, "
    f"(SELECT carrier FROM person WHERE id = :person), :person, r.number, :total, "
    f"CASE WHEN {_GIVEN_UP} THEN 'cancelled' ELSE 'queued' END, "
    f"CASE WHEN {_GIVEN_UP} THEN 'number recycled' END, 0, 0, :not_before, :expires, :now "
    "FROM {rows} AS r ORDER BY r.number",
    number="BIGINT",
)


# --------------------------------------------------------------------------------------------------------- claiming


def claim(
    tx: sa.Connection,
    carrier: str,
    lane: int,
    count: int,
    session: int,
    first_sequence: int,
    now_ms: int,
    stamp: bytes = b"",
) -> list[Claimed]:
    """Take up to `count` waiting parts of a lane, oldest first, and record the intent to submit each.

    With a `stamp` (see `tick.Room`) the id that the carrier will give each is known, and is recorded, too.
    """
    taken = _CLAIM.all(tx, carrier=carrier, lane=lane, now=now_ms, count=count)
    if not taken:
        return []
    taken.sort()
    own = {row[0]: row for row in _WORDS.all(tx, {row[1] for row in taken})} if lane == DIRECT else {}
    claimed = []
    for sequence, (part_id, message_id, person_id, number, total) in enumerate(taken, first_sequence):
        _, body, extension = own.get(message_id, _OF_THE_NOTICE)
        claimed.append(Claimed(part_id, message_id, person_id, number, total, lane, body, extension, sequence))
    if stamp:
        ids = [message_key(f"{stamp.hex()}{one.sequence:08x}") for one in claimed]
        named = [(one.part_id, one.sequence, key) for one, key in zip(claimed, ids, strict=True)]
        _INTEND_NAMED.run(tx, named, session=session, carrier=carrier, now=now_ms)
    else:
        intents = [(one.part_id, one.sequence) for one in claimed]
        _INTEND.run(tx, intents, session=session, carrier=carrier, now=now_ms)
    return claimed


_OF_THE_NOTICE = (0, None, "")
_CLAIM = Statement(
    "UPDATE part SET state = 'sending', attempts = attempts + 1, changed_ms = :now WHERE id IN ("
    "SELECT id FROM part WHERE state = 'queued' AND carrier = :carrier AND lane = :lane "
    "AND not_before_ms <= :now AND expires_ms > :now ORDER BY id LIMIT :count) "
    "RETURNING id, message_id, person_id, number, total"
)
_WORDS = Statement("SELECT message.id, body, extension FROM {rows} AS r JOIN message ON message.id = r.id", id="BIGINT")
_INTEND = Statement(
    "INSERT INTO attempt (session, sequence, part_id, carrier, intent_ms) "
    "SELECT :session, r.sequence, r.part_id, :carrier, :now FROM {rows} AS r",
    part_id="BIGINT",
    sequence="BIGINT",
)
_INTEND_NAMED = Statement(
    "INSERT INTO attempt (session, sequence, part_id, carrier, intent_ms, carrier_id) "
    "SELECT :session, r.sequence, r.part_id, :carrier, :now, r.carrier_id FROM {rows} AS r",
    part_id="BIGINT",
    sequence="BIGINT",
    carrier_id="TEXT",
)


def is_waiting(tx: sa.Connection, carrier: str, lane: int, now_ms: int) -> bool:
    """Whether `claim` would find anything."""
    return bool(_ANY_WAITING.all(tx, carrier=carrier, lane=lane, now=now_ms))


_ANY_WAITING = Statement(
    "SELECT 1 FROM part WHERE state = 'queued' AND carrier = :carrier AND lane = :lane "
    "AND not_before_ms <= :now AND expires_ms > :now LIMIT 1"
)


# --------------------------------------------------------------------------------------------------- time and people


def withdraw(tx: sa.Connection, part_ids: Sequence[int], now_ms: int) -> None:
    """What waits again was on the wire when its notice was cancelled, or its person opted out: it goes no more."""
    if part_ids:
        tx.execute(
            sa.update(part)
            .where(part.c.id.in_(part_ids), part.c.state == PartState.QUEUED, _unwanted())
            .values(state=PartState.CANCELLED, reason="cancelled or opted out meanwhile", changed_ms=now_ms)
        )


def _unwanted() -> sa.ColumnElement[bool]:
    """Parts of cancelled notices, and of any notice for people who have opted out."""
    cancelled = sa.select(notice.c.id).where(notice.c.id == part.c.lane, notice.c.state == "cancelled").exists()
    gone = sa.select(person.c.id).where(person.c.id == part.c.person_id, person.c.opted_out_at.isnot(None)).exists()
    return sa.and_(part.c.lane != DIRECT, sa.or_(cancelled, gone))


def expire_waiting(tx: sa.Connection, now_ms: int) -> int:
    """Parts that were not sent within their validity."""
    done = tx.execute(
        sa.update(part)
        .where(part.c.state == PartState.QUEUED, part.c.expires_ms <= now_ms)
        .values(state=PartState.EXPIRED, reason=NOT_SENT, changed_ms=now_ms)
    )
    return done.rowcount


def expire_silent(tx: sa.Connection, now_ms: int) -> int:
    """Parts whose receipt never came: accepted ones expire, uncertain ones stay unknown for ever."""
    accepted = tx.execute(
        sa.update(part)
        .where(part.c.state == PartState.ACCEPTED, part.c.expires_ms + RECEIPT_GRACE <= now_ms)
        .values(state=PartState.EXPIRED, reason="no receipt", changed_ms=now_ms)
    )
    uncertain = tx.execute(
        sa.update(part)
        .where(part.c.state == PartState.UNCERTAIN, part.c.expires_ms + UNCERTAIN_GRACE <= now_ms)
        .values(state=PartState.UNKNOWN, reason="no answer, no receipt", changed_ms=now_ms)
    )
    return accepted.rowcount + uncertain.rowcount


def withdraw_from_notices(tx: sa.Connection, person_id: int, now_ms: int) -> int:
    """Nothing of a notice that still waits goes to this person any more (opt-out, stopped, erased)."""
    waiting = sa.select(part.c.id).join(message, message.c.id == part.c.message_id)
    done = tx.execute(
        sa.update(part)
        .where(
            part.c.id.in_(
                waiting.where(message.c.person_id == person_id, part.c.state == PartState.QUEUED, part.c.lane != DIRECT)
            )
        )
        .values(state=PartState.CANCELLED, reason="opted out", changed_ms=now_ms)
    )
    return done.rowcount


class Doubt(NamedTuple):
    """A part of which nobody knows whether it arrived: its answer, or its receipt, never came."""

    part_id: int
    message_id: int
    notice_id: int | None
    person_id: int
    carrier: str
    number: int
    total: int
    state: str
    reason: str | None
    since_ms: int


def doubts(tx: sa.Connection, stopped: bool) -> list[Doubt]:
    """All parts in doubt, oldest first: those that wait for a receipt and those that stay unknown.

    When the gateway has `stopped`, what it was sending is in doubt too.
    """
    states = (PartState.UNCERTAIN, PartState.UNKNOWN, *((PartState.SENDING,) if stopped else ()))
    rows = tx.execute(sa.select(part).where(part.c.state.in_(states)).order_by(part.c.changed_ms, part.c.id))
    return [
        Doubt(
            row.id,
            row.message_id,
            row.lane or None,
            row.person_id,
            row.carrier,
            row.number,
            row.total,
            row.state,
            row.reason,
            row.changed_ms,
        )
        for row in rows
    ]


def retry(tx: sa.Connection, message_id: int, now_ms: int, validity_ms: int) -> int:
    """An operator's decision to send the unknown and uncertain parts of a message once more. Returns how many.

    Not those of a cancelled notice, and none of a notice for somebody who has opted out. A notice that was done
    is running again.
    """
    done = tx.execute(
        sa.update(part)
        .where(
            part.c.message_id == message_id,
            part.c.state.in_((PartState.UNCERTAIN, PartState.UNKNOWN, PartState.EXPIRED, PartState.FAILED)),
            ~_unwanted(),
        )
        .values(
            state=PartState.QUEUED,
            reason="sent again",
            consents=part.c.consents + 1,
            not_before_ms=0,
            expires_ms=now_ms + validity_ms,
            changed_ms=now_ms,
        )
    )
    lane = sa.select(part.c.lane).where(part.c.message_id == message_id, part.c.state == PartState.QUEUED)
    tx.execute(
        sa.update(notice)
        .where(notice.c.id.in_(lane), notice.c.state == "done")
        .values(state="running", finished_at=None)
    )
    return done.rowcount
