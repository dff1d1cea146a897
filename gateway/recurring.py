"""Notices that come back (月报、每周专栏): a text that becomes a draft every month or week, for a person to approve.

Nothing is ever sent by itself. Which periods have had their draft is on record: a sweep may run as often as it likes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway import notices
from gateway.casebook import Desk
from gateway.errors import USAGE, NotFound, Refused
from gateway.notices.rules import check_body
from gateway.tables import notice_repeat, notice_repeat_draft
from roster.audiences import Audience
from routing.rhythm import Rhythm


@dataclass(frozen=True, slots=True)
class Repeat:
    """A notice that comes back until it is ended."""

    id: int
    title: str
    topic: str
    words: str
    audience: Audience
    rhythm: Rhythm
    author: str
    created_at: datetime
    ended_at: datetime | None


def start(
    tx: sa.Connection,
    *,
    title: str,
    topic: str,
    words: str,
    audience: Audience,
    rhythm: str,
    author: str,
    signature: str,
    max_parts: int,
    today: date,
    now: datetime,
) -> Repeat:
    """From the next due day on. Raises `Refused` for a text that could not be sent."""
    if topic not in notices.TOPICS:
        raise Refused(f"没有“{topic}”这个主题", f"可选:{'、'.join(notices.TOPICS)}", USAGE)
    try:
        read = Rhythm.read(rhythm)
    except ValueError:
        raise Refused(f"看不懂周期“{rhythm}”", "写 month:first、month:last、month:15 或 week:5(周五)", USAGE) from None
    check_body(dated(words, today), signature, max_parts)
    repeat_id = tx.execute(
        sa.insert(notice_repeat)
        .values(
            title=title.strip() or words.strip()[:20],
            topic=topic,
            words=words.strip(),
            audience=audience.as_json(),
            rhythm=read.written(),
            author=author,
            created_at=now,
        )
        .returning(notice_repeat.c.id)
    ).scalar_one()
    return by_id(tx, repeat_id)


def dated(words: str, on: date) -> str:
    """The text with the fields {年} {月} {日} of a day; other fields are the person's."""
    for field, value in (("{年}", on.year), ("{月}", on.month), ("{日}", on.day)):
        words = words.replace(field, str(value))
    return words.strip()


def by_id(tx: sa.Connection, repeat_id: int) -> Repeat:
    """One of them. Raises `NotFound`."""
    row = tx.execute(sa.select(notice_repeat).where(notice_repeat.c.id == repeat_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {repeat_id} 个定期通知", "xinqiao notice repeats 列出全部")
    return _repeat(row)


def listed(tx: sa.Connection) -> list[tuple[Repeat, Sequence[Any]]]:
    """All, with the drafts that were made of each, newest first."""
    made = tx.execute(sa.select(notice_repeat_draft).order_by(notice_repeat_draft.c.period.desc())).all()
    rows = tx.execute(sa.select(notice_repeat).order_by(notice_repeat.c.id))
    return [(_repeat(row), [one for one in made if one.repeat_id == row.id]) for row in rows]


def end(tx: sa.Connection, repeat_id: int, now: datetime) -> Repeat:
    """No more drafts."""
    one = by_id(tx, repeat_id)
    if one.ended_at is not None:
        raise Refused(f"第 {repeat_id} 个定期通知已经停止", "xinqiao notice repeats 列出全部")
    tx.execute(sa.update(notice_repeat).where(notice_repeat.c.id == repeat_id).values(ended_at=now))
    return by_id(tx, repeat_id)


def sweep(tx: sa.Connection, desk: Desk, validity_hours: int, now: datetime) -> list[int]:
    """The drafts that are due and were not made yet; a day that passed while nothing ran is made up in its period."""
    today, made = desk.today(now), []
    for one in [_repeat(row) for row in tx.execute(sa.select(notice_repeat).order_by(notice_repeat.c.id))]:
        due, period = one.rhythm.due(today, desk.calendar.is_working_day), one.rhythm.period(today)
        if one.ended_at is not None or due is None or not desk.today(one.created_at) <= due <= today:
            continue
        if _is_made(tx, one.id, period):
            continue
        draft = notices.draft(
            tx,
            title=f"{one.title} {period}",
            topic=one.topic,
            body=f"{desk.texts.signature}{dated(one.words, today)}",
            audience=one.audience,
            author=one.author,
            now=now,
            validity_hours=validity_hours,
        )
        tx.execute(sa.insert(notice_repeat_draft).values(repeat_id=one.id, period=period, notice_id=draft.id))
        made.append(draft.id)
    return made


def _is_made(tx: sa.Connection, repeat_id: int, period: str) -> bool:
    kept = notice_repeat_draft.c
    found = sa.select(kept.notice_id).where(kept.repeat_id == repeat_id, kept.period == period)
    return tx.scalar(found) is not None


def _repeat(row: Any) -> Repeat:
    given = {name: getattr(row, name) for name in Repeat.__dataclass_fields__}
    return Repeat(**given | {"audience": Audience.from_json(row.audience), "rhythm": Rhythm.read(row.rhythm)})
