"""A yearly renewal (续聘): who is asked whether they stay, who said so, who left, and who is let go for silence.

Asked are those who were neither heard nor reached for long. Somebody who has opted out gets no text and is not stopped
for silence; who texts while the run is open is not silent. What came of it is computed until the run is closed, and
frozen then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway import participation, roster_desk
from gateway.errors import NotFound, Refused
from gateway.outbox import PartState
from gateway.tables import message, part, text
from roster.membership import Outcome, Standing, outcome
from roster.tables import informant, person, renewal, renewal_member

NOT_SENT = (PartState.QUEUED, PartState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Run:
    """A renewal as it stands. `answer_by` is the last day for an answer."""

    id: int
    opened_at: datetime
    opened_by: str
    silent_since: datetime
    answer_by: date
    notice_id: int | None
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a run."""

    person_id: int
    called_at: datetime | None
    answer: str | None
    proof: str
    outcome: Outcome


def start(
    tx: sa.Connection,
    people: Mapping[int, Standing],
    silent_since: datetime,
    joined_by: date,
    answer_by: date,
    actor: str,
    now: datetime,
) -> Run:
    """Open a run for those of the people on the roster who are inactive now. Raises `Refused`."""
    if any(one.closed_at is None for one in runs(tx)):
        raise Refused("上一次续聘还没有结束", "xinqiao renewal show 查看,到期后 xinqiao renewal close 结束")
    chosen = participation.inactive(tx, people, silent_since, joined_by)
    if not chosen:
        raise Refused("没有长期无来信、也收不到通知的信息员", "xinqiao roster inactive 列出名单")
    run_id = tx.execute(
        sa.insert(renewal)
        .values(opened_at=now, opened_by=actor, silent_since=silent_since, answer_by=answer_by.isoformat())
        .returning(renewal.c.id)
    ).scalar_one()
    tx.execute(
        sa.insert(renewal_member), [{"renewal_id": run_id, "person_id": one.person_id, "proof": ""} for one in chosen]
    )
    return by_id(tx, run_id)


def runs(tx: sa.Connection) -> list[Run]:
    """Every run, newest first."""
    return [_run(row) for row in tx.execute(sa.select(renewal).order_by(renewal.c.id.desc()))]


def by_id(tx: sa.Connection, run_id: int | None) -> Run:
    """This run; None: the newest. Raises `NotFound`."""
    found = [one for one in runs(tx) if run_id in (None, one.id)]
    if not found:
        raise NotFound("没有这次续聘", "xinqiao renewal list 列出")
    return found[0]


def members(tx: sa.Connection, run: Run) -> list[Member]:
    """Everybody in a run and what has come of it, by person."""
    rows = tx.execute(
        sa.select(renewal_member, informant.c.state, person.c.opted_out_at)
        .join(person, person.c.id == renewal_member.c.person_id)
        .join(informant, informant.c.person_id == renewal_member.c.person_id)
        .where(renewal_member.c.renewal_id == run.id)
        .order_by(renewal_member.c.person_id)
    ).all()
    texted = _texted(tx, run)
    notified = _notified(tx, run)
    return [
        Member(
            row.person_id,
            row.called_at,
            row.answer,
            row.proof,
            Outcome(row.outcome)
            if row.outcome
            else outcome(
                answer=row.answer,
                active=row.state == "active",
                texted=row.person_id in texted,
                opted_out=row.opted_out_at is not None,
                asked=row.called_at is not None or row.person_id in notified,
            ),
        )
        for row in rows
    ]


def to_be_asked(tx: sa.Connection, run: Run) -> list[int]:
    """Whom a notice may ask: on the roster, not opted out, and nothing known of them."""
    return [one.person_id for one in members(tx, run) if one.outcome in (Outcome.UNASKED, Outcome.SILENT)]


def asked_by(tx: sa.Connection, run: Run, notice_id: int) -> None:
    """This notice asks them, once it is approved and sent."""
    _still_open(run)
    tx.execute(sa.update(renewal).where(renewal.c.id == run.id).values(notice_id=notice_id))


def called(tx: sa.Connection, run: Run, person_id: int, note: str, actor: str, now: datetime) -> None:
    """Somebody was asked by telephone or at their door, and has not answered yet."""
    _note(tx, run, person_id, called_at=now, proof=note, noted_by=actor)


def answered(tx: sa.Connection, run: Run, person_id: int, stays: bool, proof: str, actor: str, now: datetime) -> None:
    """What somebody said. Who leaves is stopped at once."""
    answer = "stays" if stays else "leaves"
    _note(tx, run, person_id, answer=answer, proof=proof, answered_at=now, noted_by=actor)
    if not stays:
        roster_desk.stop(tx, person_id, f"续聘时不再担任:{proof}", now, "declined")


def close(tx: sa.Connection, run: Run, today: date, actor: str, now: datetime) -> Sequence[Member]:
    """Stop those who were asked and kept silent, and freeze what has come of everybody. Raises `Refused`."""
    _still_open(run)
    if today <= run.answer_by:
        raise Refused(f"答复截止到 {run.answer_by},现在还不能结束", "次日起再结束")
    known = members(tx, run)
    for one in known:
        if one.outcome is Outcome.SILENT:
            roster_desk.stop(tx, one.person_id, f"第 {run.id} 次续聘询问后未答复", now, "unrenewed")
        this = (renewal_member.c.renewal_id == run.id, renewal_member.c.person_id == one.person_id)
        tx.execute(sa.update(renewal_member).where(*this).values(outcome=one.outcome))
    tx.execute(sa.update(renewal).where(renewal.c.id == run.id).values(closed_at=now, closed_by=actor))
    return known


# ---------------------------------------------------------------------------------------------------------------------


def _note(tx: sa.Connection, run: Run, person_id: int, **values: Any) -> None:
    _still_open(run)
    this = (renewal_member.c.renewal_id == run.id, renewal_member.c.person_id == person_id)
    if tx.execute(sa.update(renewal_member).where(*this).values(**values)).rowcount != 1:
        raise NotFound(f"信息员 {person_id} 不在第 {run.id} 次续聘的名单中", "xinqiao renewal show 列出名单")


def _still_open(run: Run) -> None:
    if run.closed_at is not None:
        raise Refused(f"第 {run.id} 次续聘已经结束", "xinqiao renewal start 开始新的一次")


def _texted(tx: sa.Connection, run: Run) -> frozenset[int]:
    since_ms = round(run.opened_at.timestamp() * 1000)
    return frozenset(
        tx.scalars(
            sa.select(text.c.person_id)
            .join(renewal_member, renewal_member.c.person_id == text.c.person_id)
            .where(renewal_member.c.renewal_id == run.id, text.c.received_ms >= since_ms, text.c.decision != "command")
        )
    )


def _notified(tx: sa.Connection, run: Run) -> frozenset[int]:
    """To whom the notice was sent, whether it arrived or not."""
    if run.notice_id is None:
        return frozenset()
    return frozenset(
        tx.scalars(
            sa.select(message.c.person_id)
            .join(part, part.c.message_id == message.c.id)
            .where(message.c.notice_id == run.notice_id, part.c.state.not_in(NOT_SENT))
        )
    )


def _run(row: Any) -> Run:
    given = {name: getattr(row, name) for name in Run.__dataclass_fields__ if name != "answer_by"}
    return Run(answer_by=date.fromisoformat(row.answer_by), **given)
