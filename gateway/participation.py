"""Who takes part, counted: texts, cases, ratings, votes, notices that arrived; who was long neither heard nor reached.

Counts only: nobody is scored, and no list is ordered by them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from gateway.outbox import DIRECT, PartState
from gateway.tables import answer, case_ticket, message, part, text
from roster.membership import Standing
from routing.asks import AnswerKind

FAILED = (PartState.UNDELIVERED, PartState.FAILED, PartState.EXPIRED, PartState.UNKNOWN)
"""A notice was tried and nobody knows that it arrived."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What one person did and got in a period."""

    texts: int = 0
    cases: int = 0
    ratings: int = 0
    polls: int = 0  # answered in time, each once
    notices: int = 0  # planned for them
    delivered: int = 0  # of these, wholly
    last_text_ms: int | None = None  # ever, up to the end of the period


@dataclass(frozen=True, slots=True)
class Group:
    """What a category or township did and got, beside the people who are in it."""

    name: str
    people: int
    wrote: int  # people with at least one text
    texts: int
    cases: int
    ratings: int
    polls: int
    notices: int
    delivered: int


def counts(tx: sa.Connection, since_ms: int, until_ms: int) -> dict[int, Counts]:
    """By person, everybody who did or got anything at all; from `since_ms` on and before `until_ms`."""
    texts = _texts(tx, since_ms, until_ms)
    everything = sa.select(text.c.person_id, sa.func.max(text.c.received_ms)).where(text.c.received_ms < until_ms)
    last = _by_person(tx, everything.group_by(text.c.person_id))
    cases = _by_person(tx, _cases(since_ms, until_ms))
    answered = _by_person(tx, _polls(since_ms, until_ms))
    notices = _by_person(tx, _notices(since_ms, until_ms))
    failed = _by_person(tx, _not_delivered(since_ms, until_ms))
    found = {}
    for person in texts.keys() | last.keys() | cases.keys() | notices.keys():
        wrote, rated = texts.get(person, (0, 0))
        planned = notices.get(person, 0)
        arrived = planned - failed.get(person, 0)
        found[person] = Counts(
            wrote, cases.get(person, 0), rated, answered.get(person, 0), planned, arrived, last.get(person)
        )
    return found


def grouped(
    people: Mapping[int, Standing], counted: Mapping[int, Counts], of: Callable[[Standing], str], names: Iterable[str]
) -> list[Group]:
    """The people on the roster by category or township (`of`), in the order of the list, strangers to it behind."""
    theirs: dict[str, list[Counts]] = {name: [] for name in names}
    for person, standing in people.items():
        theirs.setdefault(of(standing), []).append(counted.get(person, Counts()))
    return [
        Group(
            name,
            people=len(several),
            wrote=sum(one.texts > 0 for one in several),
            texts=sum(one.texts for one in several),
            cases=sum(one.cases for one in several),
            ratings=sum(one.ratings for one in several),
            polls=sum(one.polls for one in several),
            notices=sum(one.notices for one in several),
            delivered=sum(one.delivered for one in several),
        )
        for name, several in theirs.items()
    ]


def _texts(tx: sa.Connection, since_ms: int, until_ms: int) -> dict[int, tuple[int, int]]:
    rated = sa.func.sum(sa.case((text.c.decision == "rating", 1), else_=0))
    rows = tx.execute(
        sa.select(text.c.person_id, sa.func.count(), rated)
        .where(text.c.received_ms >= since_ms, text.c.received_ms < until_ms)
        .group_by(text.c.person_id)
    )
    return {person: (int(wrote), int(rates)) for person, wrote, rates in rows}


def _cases(since_ms: int, until_ms: int) -> sa.Select[Any]:
    opened = case_ticket.c.created_at
    return (
        sa.select(case_ticket.c.person_id, sa.func.count())
        .where(case_ticket.c.person_id.isnot(None), opened >= _moment(since_ms), opened < _moment(until_ms))
        .group_by(case_ticket.c.person_id)
    )


def _polls(since_ms: int, until_ms: int) -> sa.Select[Any]:
    return (
        sa.select(answer.c.person_id, sa.func.count(answer.c.question_id.distinct()))
        .where(
            answer.c.kind == AnswerKind.VOTE,
            answer.c.apart.is_(None),
            answer.c.undone_at.is_(None),
            answer.c.received_ms >= since_ms,
            answer.c.received_ms < until_ms,
        )
        .group_by(answer.c.person_id)
    )


def _notices(since_ms: int, until_ms: int) -> sa.Select[Any]:
    return (
        sa.select(message.c.person_id, sa.func.count())
        .where(message.c.notice_id.isnot(None), message.c.created_ms >= since_ms, message.c.created_ms < until_ms)
        .group_by(message.c.person_id)
    )


def _not_delivered(since_ms: int, until_ms: int) -> sa.Select[Any]:
    """Few beside those that were, so they are what is looked for."""
    failed = sa.select(part.c.message_id).where(part.c.state != PartState.DELIVERED).distinct().subquery()
    return _notices(since_ms, until_ms).join(failed, failed.c.message_id == message.c.id)


def _by_person(tx: sa.Connection, query: sa.Select[Any]) -> dict[int, int]:
    """What a query of (person, figure) says."""
    return {row[0]: row[1] for row in tx.execute(query)}


# ----------------------------------------------------------------------------------------------------------- inactive


@dataclass(frozen=True, slots=True)
class Inactive:
    """An informant of whom nothing was heard and whom nothing reached; `tried` is how many notices did not."""

    person_id: int
    tried: int
    last_text_ms: int | None
    last_delivered_ms: int | None


def inactive(tx: sa.Connection, people: Mapping[int, Standing], since: datetime, joined_by: date) -> list[Inactive]:
    """Those on the roster since `joined_by` who have neither texted nor got anything `since`, though notices tried."""
    since_ms = round(since.timestamp() * 1000)
    heard = _by_person(tx, sa.select(text.c.person_id, sa.func.max(text.c.received_ms)).group_by(text.c.person_id))
    arrived = sa.select(part.c.person_id, sa.func.max(part.c.changed_ms)).where(part.c.state == PartState.DELIVERED)
    reached = _by_person(tx, arrived.group_by(part.c.person_id))
    failed = (
        sa.select(part.c.person_id, sa.func.count(part.c.message_id.distinct()))
        .where(part.c.state.in_(FAILED), part.c.lane != DIRECT, part.c.changed_ms >= since_ms)
        .group_by(part.c.person_id)
    )
    return [
        Inactive(person, tried, heard.get(person), reached.get(person))
        for person, tried in sorted(_by_person(tx, failed).items())
        if person in people
        and people[person].since <= joined_by
        and heard.get(person, 0) < since_ms
        and reached.get(person, 0) < since_ms
    ]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
