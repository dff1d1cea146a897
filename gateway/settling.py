"""What becomes of a submit when the carrier answers it, or nobody ever will.

Each ends once: an answer says nothing of where a part went after its submit had ended. Every function takes the open
transaction and works on whole sets; times are milliseconds since 1970 UTC.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from carriers.events import SubmitAnswered, Verdict
from carriers.receipts import message_key
from gateway import outbox
from gateway.outbox import MINUTE, WRONG_NETWORK, PartState
from gateway.tables import attempt, part
from roster.rowset import Statement

TEMPORARY_TRIES = 3  # a refusal that may pass is tried so often (SMPP 3.4 names no number)


class Answer(NamedTuple):
    """A carrier's answer to a submit, with the session it came on."""

    session: int
    event: SubmitAnswered


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
    outbox.withdraw(tx, [event.token for event in refused], now_ms)
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
    outbox.withdraw(tx, parts, now_ms)


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
