"""Polls (征求意见): a notice with a question, options and a last day; its answers, kept and counted once a person.

Votes are rows that are only added. What they come to is computed until the poll is closed, and then kept as it was.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from gateway import notices
from gateway.errors import USAGE, Refused
from gateway.notices import asked
from gateway.notices.asked import Question
from gateway.notices.store import Notice
from gateway.outbox import PartState
from gateway.tables import answer, message, notice, part, question
from roster import store as roster_store
from roster.audiences import Audience
from routing import polls
from routing.asks import AnswerKind, AskKind
from routing.polls import Asked, Outcome, Row, Vote
from routing.texts import Texts

USUAL = ("同意", "不同意", "说不清")
MOST_OPTIONS = 9
UNSENT = ("draft", "approved")


def draft(
    tx: sa.Connection,
    texts: Texts,
    *,
    words: str,
    options: Sequence[str] = USUAL,
    until: date,
    zone: ZoneInfo,
    topic: str,
    audience: Audience,
    author: str,
    now: datetime,
    validity_hours: int,
    max_parts: int,
    title: str = "",
) -> Notice:
    """A draft that asks, closing at the end of a day. It is approved and sent as every notice."""
    options = _checked(options)
    closes_at = datetime.combine(until + timedelta(1), time(), zone)
    if closes_at <= now:
        raise Refused(f"截止日期 {until} 已经过去", "写一个今天以后的日期,例如 2026-12-05", USAGE)
    listed = ",".join(f"{i}{option}" for i, option in enumerate(options, 1))
    body = texts.fill("T14", q=words.strip(), options=listed, date=f"{until.month}月{until.day}日")
    if listed not in body:
        raise Refused("messages.toml 的 T14 没有 {options}", "在 T14 中写上 {options},选项会填在那里")
    one = notices.draft(
        tx,
        title=title or words.strip()[:20],
        topic=topic,
        body=notices.check_body(body, texts.signature, max_parts),
        audience=audience,
        author=author,
        now=now,
        validity_hours=validity_hours,
    )
    return ask(tx, one, AskKind.POLL, words.strip(), options, closes_at)


def ask(
    tx: sa.Connection, one: Notice, kind: AskKind, words: str, options: Sequence[str], closes_at: datetime
) -> Notice:
    """Let a draft put a question."""
    tx.execute(
        sa.insert(question).values(notice_id=one.id, kind=kind, words=words, options=list(options), closes_at=closes_at)
    )
    tx.execute(sa.update(notice).where(notice.c.id == one.id).values(question_id=one.id))
    return notices.by_id(tx, one.id)


def rest(tx: sa.Connection, question_id: int, author: str, now: datetime) -> Notice:
    """A draft of the same question for those of its audience who were not asked: they had another poll open then."""
    one, first = asked.question_of(tx, question_id), notices.by_id(tx, question_id)
    if first.state in UNSENT or not one.is_open(now):
        raise Refused(f"第 {question_id} 号没有在征求中", f"xinqiao poll show {question_id}")
    done = {person.person_id for person in whom(tx, question_id)}
    wanted = roster_store.audience_query(first.audience, busy=asked.busy(question_id, now)).subquery()
    people = [person for person in tx.scalars(sa.select(wanted.c.person_id)) if person not in done]
    if not people:
        raise Refused("没有可以补征的人", "xinqiao notice report 说明哪些人没有发到、为什么")
    return notices.draft(
        tx,
        title=f"{first.title}(补征)",
        topic=first.topic,
        body=first.body,
        audience=Audience(persons=tuple(sorted(people))),
        author=author,
        now=now,
        validity_hours=first.validity_hours,
        urgent_reason=first.urgent_reason,
        resend_of=question_id,
        question_id=question_id,
    )


def _checked(options: Sequence[str]) -> tuple[str, ...]:
    given = tuple(option.strip() for option in options)
    if not 2 <= len(given) <= MOST_OPTIONS:
        raise Refused(f"选项有{len(given)}个", f"写2到{MOST_OPTIONS}个选项", USAGE)
    if len(set(given)) < len(given) or any(not option or option[0].isdecimal() for option in given):
        raise Refused("选项不能重复、不能为空、不能以数字开头", "编号会自动加上,只写选项的文字", USAGE)
    return given


# ----------------------------------------------------------------------------------------------------------- answers


def record(
    tx: sa.Connection,
    one: Question,
    *,
    person_id: int,
    text_id: int,
    kind: AnswerKind,
    option: int,
    words: str,
    received_ms: int,
    actor: str,
) -> str | None:
    """Keep an answer. Returns why it does not count ("late", "not_asked"), None when it does."""
    received = datetime.fromtimestamp(received_ms / 1000, one.closes_at.tzinfo)
    apart = None if one.is_open(received) else "late"
    if not was_asked(tx, one.notice_id, person_id):
        apart = "not_asked"
    tx.execute(
        sa.insert(answer).values(
            question_id=one.notice_id,
            person_id=person_id,
            text_id=text_id,
            kind=kind,
            option=option or None,
            words=words,
            received_ms=received_ms,
            apart=apart,
            actor=actor,
        )
    )
    return apart


def was_asked(tx: sa.Connection, question_id: int, person_id: int) -> bool:
    """True for whoever the question went to."""
    query = (
        sa.select(message.c.id)
        .join(notice, notice.c.id == message.c.notice_id)
        .where(
            message.c.person_id == person_id,
            notice.c.question_id == question_id,
            sa.exists().where(part.c.message_id == message.c.id, asked.gone()),
        )
    )
    return tx.scalar(query.limit(1)) is not None


def answers(tx: sa.Connection, question_id: int, *kinds: AnswerKind) -> Sequence[Any]:
    """Answers that nobody took back, oldest first; those of some kinds."""
    query = sa.select(answer).where(answer.c.question_id == question_id, answer.c.undone_at.is_(None))
    if kinds:
        query = query.where(answer.c.kind.in_(kinds))
    return tx.execute(query.order_by(answer.c.received_ms, answer.c.id)).all()


# ------------------------------------------------------------------------------------------------------------- result


def outcome(tx: sa.Connection, one: Question) -> Outcome:
    """What a poll has come to: as it was kept when it was closed; until then the whole alone.

    Breakdowns and reasons of two moments would tell, by their difference, what somebody chose in between.
    """
    if one.result is not None:
        return _kept(one.result)
    return replace(compute(tx, one), by_category=(), by_township=(), by_village=(), reasons=())


def compute(tx: sa.Connection, one: Question) -> Outcome:
    """Counted from the ledger and the votes: of those to whom it went out, whether it arrived or not."""
    reached = {person for lane in _lanes(tx, one.notice_id) for person in asked.reached(tx, lane)}
    people = [person for person in whom(tx, one.notice_id) if person.person_id in reached]
    votes = [
        Vote(row.person_id, row.option, row.words, row.received_ms, row.text_id)
        for row in answers(tx, one.notice_id, AnswerKind.VOTE)
        if row.apart is None
    ]
    names = {name for person in people for name in (person.township, person.village) if name}
    return polls.outcome(one.options, people, votes, lambda reason: polls.masked(reason, names))


def whom(tx: sa.Connection, question_id: int) -> list[Asked]:
    """Everybody whom the question was put to, once; who was left out in time by a cancellation is not among them."""
    rows = tx.execute(
        sa.select(*(message.c[name] for name in ("id", "person_id", "category", "township", "village")), part.c.state)
        .select_from(message)
        .join(notice, notice.c.id == message.c.notice_id)
        .join(part, part.c.message_id == message.c.id)
        .where(notice.c.question_id == question_id)
        .order_by(message.c.id)
    )
    found: dict[int, tuple[Any, dict[int, set[str]]]] = {}
    for row in rows:
        found.setdefault(row.person_id, (row, {}))[1].setdefault(row.id, set()).add(row.state)
    return [
        Asked(person, row.category or "", row.township or "", row.village or "", {"delivered"} in texts.values())
        for person, (row, texts) in found.items()
        if any(states != {"cancelled"} for states in texts.values())
    ]


def _lanes(tx: sa.Connection, question_id: int) -> list[int]:
    return asked.carriers_of(tx, [question_id])[question_id]


def close(tx: sa.Connection, question_id: int, actor: str, now: datetime) -> Question:
    """No vote counts any more, and the result is kept as it is. Who was not asked yet is not asked any more."""
    one = asked.question_of(tx, question_id)
    if one.closed_at is not None:
        raise Refused(f"第 {question_id} 号已经截止定案", f"xinqiao poll result {question_id} 看结果")
    if notices.by_id(tx, question_id).state in UNSENT:
        raise Refused(f"第 {question_id} 号还没有发送", "xinqiao notice delete 或 cancel")
    waiting = part.c.lane.in_(_lanes(tx, question_id)) & (part.c.state == PartState.QUEUED)
    tx.execute(sa.update(part).where(waiting).values(expires_ms=round(now.timestamp() * 1000)))
    kept = asdict(compute(tx, one)) if one.kind is AskKind.POLL else None
    tx.execute(
        sa.update(question)
        .where(question.c.notice_id == question_id)
        .values(closed_at=now, closed_by=actor, result=kept)
    )
    return asked.question_of(tx, question_id)


def close_over(tx: sa.Connection, now: datetime, settling: timedelta) -> int:
    """Close what is past its last day, once the long texts of that day are whole (`settling`). Returns how many."""
    ripe = [one for one in asked.over(tx, now - settling) if notices.by_id(tx, one.notice_id).state not in UNSENT]
    for one in ripe:
        close(tx, one.notice_id, "system", now)
    return len(ripe)


def _kept(result: dict[str, Any]) -> Outcome:
    """A result as the store has it."""
    rows = {
        name: tuple(Row(row["name"], row["asked"], row["voted"], tuple(row["options"])) for row in result[name])
        for name in ("by_category", "by_township", "by_village")
    }
    return Outcome(
        options=tuple(result["options"]),
        asked=result["asked"],
        delivered=result["delivered"],
        voted=result["voted"],
        counts=tuple(result["counts"]),
        reasons=tuple((option, words) for option, words in result["reasons"]),
        **rows,
    )
