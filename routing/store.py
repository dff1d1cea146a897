"""What is kept about cases, and how it is asked. Every function takes the open transaction; none commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from routing import numbers
from routing.cases import OVER, Case, CaseState, Facts, Step
from routing.inbound import Dialogue
from routing.tables import case_event, case_ticket

KEPT = (  # columns that a step may change, beside the two lists
    *("state", "kind", "topic", "place", "outcome", "lead", "assigned_by", "assigned_at", "due_on", "reply"),
    *("reply_message_id", "reply_delivery", "rating", "round", "closed_at"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's history."""

    at: datetime
    event: str
    actor: str
    role: str
    from_state: str | None
    to_state: str
    reason: str
    text_id: int | None
    message_id: int | None
    data: Mapping[str, Any]


def open_case(
    tx: sa.Connection,
    *,
    prefix: str,
    year: int,
    text: str,
    person_id: int | None,
    channel: str,
    accused: Sequence[str],
    actor: str,
    role: str,
    text_id: int | None,
    now: datetime,
) -> Case:
    """Register a matter: number, slot, first line of its history (`receive`)."""
    serial = (tx.scalar(sa.select(sa.func.max(case_ticket.c.serial)).where(case_ticket.c.year == year)) or 0) + 1
    number = numbers.write(prefix, year, serial)
    case_id = tx.execute(
        sa.insert(case_ticket)
        .values(
            number=number,
            year=year,
            serial=serial,
            slot=slot_of(serial),
            person_id=person_id,
            channel=channel,
            state=CaseState.NEW,
            text=text,
            accused=list(accused),
            co_handlers=[],
            created_at=now,
        )
        .returning(case_ticket.c.id)
    ).scalar_one()
    case = by_id(tx, case_id)
    note(tx, case, "receive", actor, role, now, from_state=None, text_id=text_id)
    return case


def slot_of(serial: int) -> str:
    """Extension digits for texts about a case: 1000 to 9999 (0… are the notices'), used again after 9,000 cases."""
    return str(1000 + serial % 9000)


def record(
    tx: sa.Connection,
    before: Case,
    step: Step,
    role: str,
    facts: Facts,
    *,
    text_id: int | None = None,
    message_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """Keep what a step did: the row, and a line of history."""
    after = step.case
    values = {name: getattr(after, name) for name in KEPT}
    values |= {"co_handlers": list(after.co_handlers), "accused": list(after.accused)}
    done = tx.execute(
        sa.update(case_ticket)
        .where(case_ticket.c.id == before.id, case_ticket.c.state == before.state)
        .values(**values)
    )
    if done.rowcount != 1:
        raise RuntimeError(f"case {before.number} has moved meanwhile")
    note(
        tx,
        after,
        step.transition.event,
        facts.actor,
        role,
        facts.now,
        from_state=before.state,
        reason=facts.reason,
        text_id=text_id,
        message_id=message_id,
        data=data,
    )
    return after


def note(
    tx: sa.Connection,
    case: Case,
    event: str,
    actor: str,
    role: str,
    now: datetime,
    *,
    from_state: str | None,
    reason: str = "",
    text_id: int | None = None,
    message_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """A line of history. Events that are no row of the table leave the state as it is."""
    tx.execute(
        sa.insert(case_event).values(
            case_id=case.id,
            at=now,
            event=event,
            actor=actor,
            role=role,
            from_state=from_state,
            to_state=case.state,
            reason=reason,
            text_id=text_id,
            message_id=message_id,
            data=dict(data or {}),
        )
    )


def set_reply(tx: sa.Connection, case_id: int, message_id: int | None, delivery: str | None) -> None:
    """Which message carries the reply, and what became of it."""
    tx.execute(
        sa.update(case_ticket)
        .where(case_ticket.c.id == case_id)
        .values(reply_message_id=message_id, reply_delivery=delivery)
    )


# ------------------------------------------------------------------------------------------------------------- asking


def by_id(tx: sa.Connection, case_id: int) -> Case:
    """The case with this id."""
    return _case(tx.execute(sa.select(case_ticket).where(case_ticket.c.id == case_id)).one())


def by_number(tx: sa.Connection, number: str) -> Case | None:
    """The case with this number."""
    row = tx.execute(sa.select(case_ticket).where(case_ticket.c.number == number)).one_or_none()
    return None if row is None else _case(row)


def by_reply(tx: sa.Connection, message_id: int) -> Case | None:
    """The case whose reply this message carries."""
    row = tx.execute(sa.select(case_ticket).where(case_ticket.c.reply_message_id == message_id)).one_or_none()
    return None if row is None else _case(row)


def listed(
    tx: sa.Connection,
    *,
    state: str | None = None,
    department: str | None = None,
    channel: str | None = None,
    limit: int = 100,
) -> list[Case]:
    """Cases, oldest first."""
    query = sa.select(case_ticket).order_by(case_ticket.c.id)
    for column, value in ((case_ticket.c.state, state), (case_ticket.c.channel, channel)):
        if value is not None:
            query = query.where(column == value)
    rows = tx.execute(query if department else query.limit(limit))
    cases = [_case(row) for row in rows]
    if department is not None:
        cases = [case for case in cases if department in (case.lead, *case.co_handlers)]
    return cases[:limit]


def dialogues(tx: sa.Connection, person_id: int) -> list[Dialogue]:
    """A person's cases as the inbound rules see them, newest first."""
    rows = tx.execute(
        sa.select(
            case_ticket,
            sa.select(sa.func.max(case_event.c.at))
            .where(case_event.c.case_id == case_ticket.c.id)
            .scalar_subquery()
            .label("last_at"),
        )
        .where(case_ticket.c.person_id == person_id)
        .order_by(case_ticket.c.id.desc())
        .limit(50)
    )
    return [
        Dialogue(
            row.id,
            row.number,
            row.slot,
            CaseState(row.state) not in OVER,
            row.state == CaseState.REPLIED,
            row.last_at,
            row.text,
        )
        for row in rows
    ]


def timeline(tx: sa.Connection, case_id: int) -> list[Entry]:
    """Everything that happened to a case, oldest first."""
    rows = tx.execute(sa.select(case_event).where(case_event.c.case_id == case_id).order_by(case_event.c.id))
    return [
        Entry(
            row.at,
            row.event,
            row.actor,
            row.role,
            row.from_state,
            row.to_state,
            row.reason,
            row.text_id,
            row.message_id,
            row.data,
        )
        for row in rows
    ]


def replied_before(tx: sa.Connection, moment: datetime) -> list[Case]:
    """Cases whose delivered reply is older than `moment` and was never rated."""
    answered = (
        sa.select(case_event.c.case_id)
        .where(case_event.c.event.in_(("approve", "phone_reply", "answer_direct")))
        .group_by(case_event.c.case_id)
        .having(sa.func.max(case_event.c.at) < moment)
    )
    rows = tx.execute(
        sa.select(case_ticket).where(case_ticket.c.state == CaseState.REPLIED, case_ticket.c.id.in_(answered))
    )
    return [_case(row) for row in rows]


def _case(row: Any) -> Case:
    given = {
        name: getattr(row, name) for name in ("id", "number", "slot", "person_id", "channel", "text", "created_at")
    }
    given |= {name: getattr(row, name) for name in KEPT}
    given |= {
        "state": CaseState(row.state),
        "co_handlers": tuple(row.co_handlers),
        "accused": tuple(row.accused),
    }
    return Case(**given)
