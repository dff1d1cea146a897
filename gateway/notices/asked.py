"""Whom we asked what: the questions of notices, and the notices that a person got lately. Read from the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway.errors import NotFound
from gateway.outbox import NOT_SENT, PartState
from gateway.tables import message, notice, part, question
from roster.rowset import Statement
from roster.tables import milliseconds, moment
from routing.asks import AskKind

REMEMBERED = timedelta(days=30)  # answers to a question are known as such so long after its close
NOT_GONE = (PartState.QUEUED, PartState.CANCELLED)
"""States of parts that have not been on the wire; nor has one that expired as `NOT_SENT`."""


def gone() -> sa.ColumnElement[bool]:
    """True of parts that have been on the wire."""
    return part.c.state.not_in(NOT_GONE) & (sa.func.coalesce(part.c.reason, "") != NOT_SENT)


@dataclass(frozen=True, slots=True)
class Question:
    """What a notice asks. Its number is the notice's."""

    notice_id: int
    kind: AskKind
    words: str
    options: tuple[str, ...]
    closes_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    result: Any

    def is_open(self, at: datetime) -> bool:
        """True for what is received at this moment."""
        return self.closed_at is None and at < self.closes_at


@dataclass(frozen=True, slots=True)
class Got:
    """A notice that went out to a person lately."""

    notice_id: int
    question_id: int | None
    body: str
    sent_at: datetime


def question_of(tx: sa.Connection, notice_id: int) -> Question:
    """The question of this number. Raises `NotFound`."""
    row = tx.execute(sa.select(question).where(question.c.notice_id == notice_id)).one_or_none()
    if row is None:
        raise NotFound(f"第 {notice_id} 号通知不是征求意见或会议通知", "xinqiao poll list 列出征求意见")
    return _question(row)


def questions(tx: sa.Connection, kind: AskKind | None = None) -> list[Question]:
    """All questions, newest first."""
    query = sa.select(question).order_by(question.c.notice_id.desc())
    if kind is not None:
        query = query.where(question.c.kind == kind)
    return [_question(row) for row in tx.execute(query)]


def over(tx: sa.Connection, until: datetime) -> list[Question]:
    """Questions whose time had passed at a moment and that nobody has closed."""
    query = sa.select(question).where(question.c.closes_at <= until, question.c.closed_at.is_(None))
    return [_question(row) for row in tx.execute(query.order_by(question.c.notice_id))]


def remembered(tx: sa.Connection, at: datetime) -> list[Question]:
    """Questions that texts of this moment may answer, in time or too late."""
    ids = [one for (one,) in _REMEMBERED.all(tx, since=milliseconds(at - REMEMBERED))]
    if not ids:
        return []
    query = sa.select(question).where(question.c.notice_id.in_(ids)).order_by(question.c.notice_id)
    return [_question(row) for row in tx.execute(query)]


_REMEMBERED = Statement("SELECT notice_id FROM question WHERE closes_at > :since")  # mostly none: each text asks


def carriers_of(tx: sa.Connection, question_ids: Sequence[int]) -> dict[int, list[int]]:
    """The notices that put each question: its own, resends and reminders."""
    found: dict[int, list[int]] = {one: [] for one in question_ids}
    query = sa.select(notice.c.id, notice.c.question_id).where(notice.c.question_id.in_(question_ids))
    for row in tx.execute(query.order_by(notice.c.id)):
        found[row.question_id].append(row.id)
    return found


def got(tx: sa.Connection, person_id: int, since: datetime) -> list[Got]:
    """The notices that went to a person since a moment, newest first."""
    rows = [row for row in _GOT.all(tx, person=person_id) if row[4] is not None and moment(row[4]) > since]
    gone = {row[0] for row in _GONE.all(tx, [row[0] for row in rows], not_sent=NOT_SENT)} if rows else set()
    return [Got(row[1], row[2], row[3], moment(row[4])) for row in rows if row[0] in gone]


_GOT = Statement(
    "SELECT message.id, notice.id, notice.question_id, notice.body, notice.send_at FROM message "
    "JOIN notice ON notice.id = message.notice_id WHERE message.person_id = :person ORDER BY message.id DESC LIMIT 100"
)
_GONE = Statement(
    "SELECT DISTINCT part.message_id FROM {rows} AS r JOIN part ON part.message_id = r.id "
    "WHERE part.state NOT IN ('queued', 'cancelled') AND COALESCE(part.reason, '') <> :not_sent",
    id="BIGINT",
)


def reached(tx: sa.Connection, notice_id: int) -> list[int]:
    """The people to whom a notice went, whether it arrived or not."""
    query = sa.select(part.c.person_id).where(part.c.lane == notice_id, gone()).distinct()
    return sorted(tx.scalars(query))


def busy(question_id: int, now: datetime) -> sa.Select[Any]:
    """The people who are being asked in another poll that is open: nobody has two at a time."""
    return (
        sa.select(message.c.person_id)
        .join(notice, notice.c.id == message.c.notice_id)
        .join(question, question.c.notice_id == notice.c.question_id)
        .where(
            question.c.kind == AskKind.POLL,
            question.c.notice_id != question_id,
            question.c.closed_at.is_(None),
            question.c.closes_at > now,
            sa.exists().where(part.c.message_id == message.c.id, part.c.state != PartState.CANCELLED),
        )
    )


def _question(row: Any) -> Question:
    given = {name: getattr(row, name) for name in Question.__dataclass_fields__}
    return Question(**given | {"kind": AskKind(row.kind), "options": tuple(row.options)})
