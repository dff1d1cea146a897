"""What waits to be sent and what became of it: the states of a part, moved by one rule each.

queued -> sending -> accepted -> delivered | undelivered | expired
                  -> queued (refused for now) | failed (refused for good)
                  -> uncertain -> accepted | delivered | undelivered | unknown
queued -> cancelled | expired

Claiming a part and recording the intent to submit it are one statement pair in one transaction, so the
"claimed" of the design is never seen on its own. Every function takes the open transaction and works on
whole sets; times are milliseconds since 1970 UTC.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa

from carriers.events import SubmitAnswered, Verdict
from carriers.receipts import message_key
from carriers.text import split
from gateway.tables import attempt, message, notice, part
from roster.rowset import Statement
from roster.tables import person

DIRECT = 0
"""The lane of replies and single messages; every notice is a lane of its own, numbered like the notice."""

MINUTE, HOUR = 60_000, 3_600_000
TEMPORARY_TRIES = 3  # a refusal that may pass is tried so often (SMPP 3.4 names no number)
RECEIPT_GRACE = 24 * HOUR  # after its validity a part without receipt counts as expired
UNCERTAIN_GRACE = 2 * HOUR  # after its validity an uncertain part counts as unknown


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


class Answer(NamedTuple):
    """A carrier's answer to a submit, with the session it came on."""

    session: int
    event: SubmitAnswered


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


# --------------------------------------------------------------------------------------------------------- settling


def settle_answers(tx: sa.Connection, carrier: str, answers: Sequence[Answer], now_ms: int) -> list[str]:
    """Record the carrier's answers. Returns the keys of the message ids it gave, for receipts that came early.

    Parts that it says are another carrier's are not moved here: that is `rerouting.not_its_own`'s to do.
    """
    doubtful: list[SubmitAnswered] = []
    refused: list[SubmitAnswered] = []
    keys: list[str] = []
    recorded: dict[tuple[str, int], list[tuple[int, int, str | None]]] = {}
    for session, event in answers:
        outcome, key = "refused", None
        if event.verdict is Verdict.ACCEPTED:
            outcome, key = "accepted", message_key(event.message_id) or None
        elif event.verdict is Verdict.WRONG_NETWORK:
            outcome = WRONG_NETWORK
        elif event.verdict is Verdict.UNCERTAIN:
            outcome = "uncertain"
            doubtful.append(event)
        else:
            refused.append(event)
        if key:
            keys.append(key)
        recorded.setdefault((outcome, event.status), []).append((session, event.sequence, key))
    accepted: list[int] = []
    others: set[int] = set()
    for (outcome, status), attempts in recorded.items():
        ended = _end(tx, attempts, outcome, status, now_ms)
        if outcome == "accepted":
            accepted += ended
        else:
            others.update(ended)
    if accepted:
        _move(tx, accepted, PartState.ACCEPTED, now_ms)
    for event in doubtful:
        if event.token in others:
            _move(tx, [event.token], PartState.UNCERTAIN, now_ms, event.reason)
    refused = [event for event in refused if event.token in others]
    for event in refused:
        _refused(tx, event, now_ms)
    withdraw(tx, [event.token for event in refused], now_ms)
    return keys


def settle_uncertain(tx: sa.Connection, submits: Iterable[tuple[int, int, int]], reason: str, now_ms: int) -> None:
    """(session, sequence, part) whose outcome nobody knows: they wait for their receipts and are not sent again."""
    rows = list(submits)
    if not rows:
        return
    _move(tx, _close(tx, rows, "uncertain", now_ms), PartState.UNCERTAIN, now_ms, reason)


def put_back(tx: sa.Connection, submits: Iterable[tuple[int, int, int]], now_ms: int) -> None:
    """(session, sequence, part) whose intent is recorded but which certainly never reached the wire."""
    rows = list(submits)
    if not rows:
        return
    parts = _close(tx, rows, "not_sent", now_ms)
    _move(tx, parts, PartState.QUEUED, now_ms)
    withdraw(tx, parts, now_ms)


def take_back(tx: sa.Connection, rooms: Iterable[tuple[int, int, int]], now_ms: int) -> None:
    """(session, first sequence, count) of ticks of which nobody knows whether they were committed.

    A server that goes down during COMMIT may or may not have carried it out. Either way nothing of such a tick was put
    on the wire, and its sequence numbers are not used again: the intents that are on record are those to put back.
    """
    for session, first, count in rooms:
        found = tx.execute(
            sa.select(attempt.c.session, attempt.c.sequence, attempt.c.part_id).where(
                attempt.c.session == session,
                attempt.c.sequence.between(first, first + count - 1),
                attempt.c.outcome.is_(None),
            )
        )
        put_back(tx, [(row.session, row.sequence, row.part_id) for row in found], now_ms)


def fail(tx: sa.Connection, submits: Iterable[tuple[int, int, int]], now_ms: int) -> None:
    """(session, sequence, part) just claimed that cannot be put into a PDU: the person's number is forgotten."""
    rows = list(submits)
    if not rows:
        return
    parts = _close(tx, rows, "not_sent", now_ms)
    _move(tx, parts, PartState.FAILED, now_ms, "number or text cannot be read")


def reconcile(tx: sa.Connection, now_ms: int) -> int:
    """After a restart: what was being sent when the last daemon ended is uncertain. Returns how many parts."""
    tx.execute(
        sa.update(attempt)
        .where(
            attempt.c.outcome.is_(None),
            attempt.c.part_id.in_(sa.select(part.c.id).where(part.c.state == PartState.SENDING)),
        )
        .values(outcome="uncertain", answered_ms=now_ms)
    )
    done = tx.execute(
        sa.update(part)
        .where(part.c.state == PartState.SENDING)
        .values(state=PartState.UNCERTAIN, reason="restart", changed_ms=now_ms)
    )
    return done.rowcount


def _close(tx: sa.Connection, submits: Iterable[tuple[int, int, int]], outcome: str, now_ms: int) -> list[int]:
    """Attempts that no answer of the carrier ends. See `_end`."""
    return _end(tx, [(session, sequence, None) for session, sequence, _ in submits], outcome, None, now_ms)


def _end(
    tx: sa.Connection, attempts: Iterable[tuple[int, int, str | None]], outcome: str, status: int | None, now_ms: int
) -> list[int]:
    """Record how (session, sequence, message id) ended. Returns the parts of those that had not ended yet.

    A receipt may come before its answer and send the part on over another carrier: the answer, or the loss of the
    connection, then says nothing about where the part is now.
    """
    return [part_id for (part_id,) in _ENDED.all(tx, attempts, outcome=outcome, status=status, now=now_ms)]


_ENDED = Statement(  # what was not taken has no receipt: an id that was known before is given up
    "UPDATE attempt SET outcome = :outcome, status = :status, answered_ms = :now, "
    "carrier_id = CASE WHEN :outcome IN ('accepted', 'uncertain') THEN COALESCE(r.carrier_id, attempt.carrier_id) END "
    "FROM {rows} AS r WHERE attempt.session = r.session AND attempt.sequence = r.sequence "
    "AND (attempt.outcome IS NULL OR attempt.outcome = 'uncertain') RETURNING attempt.part_id",
    session="BIGINT",
    sequence="BIGINT",
    carrier_id="TEXT",
)


def _move(tx: sa.Connection, part_ids: Iterable[int], state: PartState, now_ms: int, reason: str | None = None) -> None:
    _MOVE.run(tx, part_ids, state=state, reason=reason, now=now_ms)


_MOVE = Statement(
    "UPDATE part SET state = :state, reason = :reason, changed_ms = :now "
    "WHERE id IN (SELECT part_id FROM {rows} AS r) AND state IN ('sending', 'uncertain')",
    part_id="BIGINT",
)


def _refused(tx: sa.Connection, event: SubmitAnswered, now_ms: int) -> None:
    """One refused part: again later, or failed. Refusals are rare, so each is settled by itself."""
    tries = tx.scalar(sa.select(part.c.attempts).where(part.c.id == event.token)) or 1
    wait = _again_in(event.verdict, tries)
    tx.execute(
        sa.update(part)
        .where(part.c.id == event.token, part.c.state.in_((PartState.SENDING, PartState.UNCERTAIN)))
        .values(
            state=PartState.FAILED if wait is None else PartState.QUEUED,
            reason=event.reason,
            not_before_ms=0 if wait is None else now_ms + wait,
            changed_ms=now_ms,
        )
    )


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


def _again_in(verdict: Verdict, tries: int) -> int | None:
    """Milliseconds until a refused part may be tried again; None when it has failed."""
    match verdict:
        case Verdict.THROTTLED:  # no limit before the validity ends: it is the pace that was wrong, not the part
            return int(min(1_000 * 2 ** (tries - 1), MINUTE))
        case Verdict.TEMPORARY if tries < TEMPORARY_TRIES:
            return int(min(5_000 * 2 ** (tries - 1), MINUTE))
        case Verdict.CONFIGURATION:  # the link is held by now; the part is not to blame
            return MINUTE
        case _:
            return None


# --------------------------------------------------------------------------------------------------- time and people


def expire_waiting(tx: sa.Connection, now_ms: int) -> int:
    """Parts that were not sent within their validity."""
    done = tx.execute(
        sa.update(part)
        .where(part.c.state == PartState.QUEUED, part.c.expires_ms <= now_ms)
        .values(state=PartState.EXPIRED, reason="not sent in time", changed_ms=now_ms)
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
