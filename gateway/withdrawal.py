"""A notice was wrong (更正): what still waits of it is stopped; exactly those whom it reached, or may have, are told.

Who certainly did not get it hears nothing of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway import notices, polls
from gateway.errors import Refused
from gateway.notices import asked
from gateway.notices.store import Notice
from gateway.outbox import PartState
from gateway.tables import notice, part
from roster.audiences import Audience

STOPPABLE = ("approved", "running", "paused")
UNSEEN = (PartState.QUEUED, PartState.CANCELLED, PartState.FAILED, PartState.UNDELIVERED)
NO_RECEIPT = "no receipt"  # the reason that `outbox.expire_silent` gives: it may have arrived


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was stopped, and for whom the correction is."""

    notice: Notice | None  # the draft; None when nobody has to be told
    stopped: int  # parts that are not sent any more
    got: int  # people whom it reached
    doubtful: int  # people whom it may have reached
    spared: int  # people who certainly did not get it


def withdraw(
    tx: sa.Connection, notice_id: int, body: str, author: str, validity_hours: int, now: datetime
) -> Withdrawn:
    """Stop a notice, close its question, and draft the correction; a second person approves it as always."""
    first = notices.by_id(tx, notice_id)
    if first.state == "draft":
        raise Refused(f"第 {notice_id} 号还是草稿,没有人收到", f"xinqiao notice delete {notice_id} 删除即可")
    earlier = tx.scalar(sa.select(notice.c.id).where(notice.c.withdraws == notice_id, notice.c.state != "cancelled"))
    if earlier is not None:
        raise Refused(f"第 {notice_id} 号已由第 {earlier} 号更正", f"xinqiao notice show {earlier}")
    lanes = _with_resends(tx, notice_id)
    stopped = sum(notices.cancel(tx, one.id, now)[1] for one in lanes if one.state in STOPPABLE)
    for one in (one for one in lanes if one.state == "draft"):
        notices.delete(tx, one.id)
    if first.question_id == notice_id and asked.question_of(tx, notice_id).closed_at is None:
        polls.close(tx, notice_id, author, now)
    reached = _reached(tx, [one.id for one in lanes])
    told = [person for person, seen in reached.items() if seen != "spared"]
    counts = _counts(reached)
    if not told:
        return Withdrawn(None, stopped, **counts)
    draft = notices.draft(
        tx,
        title=f"{first.title}(更正)",
        topic=first.topic,
        body=body,
        audience=Audience(persons=tuple(told), staff=first.audience.staff),
        author=author,
        now=now,
        validity_hours=validity_hours,
        urgent_reason=first.urgent_reason,
        withdraws=notice_id,
    )
    return Withdrawn(draft, stopped, **counts)


def standing(tx: sa.Connection, notice_id: int) -> dict[str, int]:
    """How many people a notice reached, may have reached, and certainly did not."""
    return _counts(_reached(tx, [one.id for one in _with_resends(tx, notice_id)]))


def _counts(reached: Mapping[int, str]) -> dict[str, int]:
    return {seen: sum(one == seen for one in reached.values()) for seen in ("got", "doubtful", "spared")}


def _with_resends(tx: sa.Connection, notice_id: int) -> list[Notice]:
    """A notice and all that sent its words again: resends, theirs, reminders."""
    found = [notices.by_id(tx, notice_id)]
    for one in found:
        again = sa.select(notice.c.id).where(notice.c.resend_of == one.id).order_by(notice.c.id)
        found += [notices.by_id(tx, number) for number in tx.scalars(again)]
    return found


def _reached(tx: sa.Connection, lanes: Sequence[int]) -> Mapping[int, str]:
    """By person: one part that arrived is enough to have read something, one in doubt to have perhaps."""
    rows = tx.execute(
        sa.select(part.c.person_id, part.c.state, part.c.reason).where(part.c.lane.in_(lanes)).order_by(part.c.id)
    )
    found: dict[int, str] = {}
    for person_id, state, reason in rows:
        seen = "got" if state == PartState.DELIVERED else "spared" if _unseen(state, reason) else "doubtful"
        found[person_id] = min(found.get(person_id, seen), seen, key=("got", "doubtful", "spared").index)
    return found


def _unseen(state: str, reason: str | None) -> bool:
    return state in UNSEEN or (state == PartState.EXPIRED and reason != NO_RECEIPT)
