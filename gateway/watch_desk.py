"""Cases of which the supervision office sees every step (全程督办): flagged, texted about in office hours, ticked off.

The flag and its reason stand on the case; what is kept here is how far the office has been told, and has looked.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from gateway import case_ladder, case_mail, outbox
from gateway.case_ladder import Post
from gateway.case_record import OFFICE
from gateway.casebook import Desk, find
from gateway.errors import Refused
from roster import store as roster_store
from roster.networks import carrier_of
from routing import store
from routing.cases import EVENTS, LABELS, Case, CaseState
from routing.supervision import UNWATCHED, WATCHED
from routing.tables import case_event, case_ticket, watch_mark

TEXT = "S8"
OWN = (WATCHED, UNWATCHED)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A step of a watched case that nobody of the supervision office has ticked off."""

    id: int
    number: str
    at: datetime
    event: str
    actor: str
    state: str
    reason: str


def follow(tx: sa.Connection, number: str, reason: str, actor: str, now: datetime) -> Case:
    """Watch a case from here on."""
    case = find(tx, number)
    if not reason.strip():
        raise Refused("请写明为什么全程督办", "加上 --reason")
    if case.full_watch:
        raise Refused(f"{case.number} 已在全程督办:{case.full_watch}", "")
    after = replace(case, full_watch=reason.strip())
    store.note(tx, case, WATCHED, actor, "supervisor", now, reason.strip(), after=after)
    last = _last(tx, case.id)
    had = tx.execute(sa.select(watch_mark).where(watch_mark.c.case_id == case.id)).one_or_none()
    if had is None:
        tx.execute(sa.insert(watch_mark).values(case_id=case.id, told=last, seen=last))
    else:
        seen = last if had.seen >= (had.ends or 0) else had.seen
        _mark(tx, case.id, told=last, seen=seen, ends=None)
    return after


def end(tx: sa.Connection, number: str, reason: str, actor: str, now: datetime) -> Case:
    """Watch it no longer; steps up to here still wait to be ticked off."""
    case = find(tx, number)
    if not reason.strip():
        raise Refused("请写明为什么结束全程督办", "加上 --reason")
    if not case.full_watch:
        raise Refused(f"{case.number} 不在全程督办", "xinqiao supervise list 列出在督的件")
    after = replace(case, full_watch=None)
    store.note(tx, case, UNWATCHED, actor, "supervisor", now, reason.strip(), after=after)
    _mark(tx, case.id, ends=_last(tx, case.id))
    return after


def unseen(tx: sa.Connection, number: str = "") -> list[Unseen]:
    """The steps that wait to be ticked off, of all watched cases or of one; oldest first."""
    query = (
        sa.select(case_event, case_ticket.c.number)
        .join(watch_mark, watch_mark.c.case_id == case_event.c.case_id)
        .join(case_ticket, case_ticket.c.id == case_event.c.case_id)
        .where(
            case_event.c.id > watch_mark.c.seen,
            sa.or_(watch_mark.c.ends.is_(None), case_event.c.id < watch_mark.c.ends),
            case_event.c.event.notin_(OWN),
        )
        .order_by(case_event.c.id)
    )
    if number:
        query = query.where(case_ticket.c.id == find(tx, number).id)
    return [
        Unseen(row.id, row.number, row.at, row.event, row.actor, row.to_state, row.reason) for row in tx.execute(query)
    ]


def tick_off(tx: sa.Connection, number: str, up_to: int) -> int:
    """Somebody has looked at a case's steps up to the one that they saw. Returns how many were new."""
    case = find(tx, number)
    new = [one for one in unseen(tx, number) if one.id <= up_to]
    if new:
        _mark(tx, case.id, seen=new[-1].id)
    return len(new)


def _mark(tx: sa.Connection, case_id: int, **values: int | None) -> None:
    tx.execute(sa.update(watch_mark).where(watch_mark.c.case_id == case_id).values(**values))


def _last(tx: sa.Connection, case_id: int) -> int:
    last: int = tx.scalars(sa.select(sa.func.max(case_event.c.id)).where(case_event.c.case_id == case_id)).one()
    return last


# ------------------------------------------------------------------------------------------------------------- telling


def sweep(tx: sa.Connection, desk: Desk, post: Post, now: datetime) -> int:
    """One text a case about its new steps, while the office is open. Returns how many texts."""
    number = desk.departments.supervisor_phone
    if number is None or desk.calendar.office_moment(now) != now:
        return 0
    new = tx.execute(
        sa.select(case_event.c.case_id, sa.func.max(case_event.c.id).label("last"), sa.func.count().label("steps"))
        .join(watch_mark, watch_mark.c.case_id == case_event.c.case_id)
        .where(case_event.c.id > watch_mark.c.told, watch_mark.c.ends.is_(None), case_event.c.event.notin_(OWN))
        .group_by(case_event.c.case_id)
        .order_by(case_event.c.case_id)
    ).all()
    told = 0
    for row in new:
        case = store.by_id(tx, row.case_id)
        told += case_ladder.apart(case, partial(_tell, tx, desk, post, case, row, number, now))
    return told


def _tell(tx: sa.Connection, desk: Desk, post: Post, case: Case, new: Any, number: str, now: datetime) -> int:
    event = tx.execute(sa.select(case_event).where(case_event.c.id == new.last)).one()
    step = EVENTS.get(event.event, "有新记录") + (f"等{new.steps}步" if new.steps > 1 else "")
    state = LABELS[CaseState(event.to_state)]
    with tx.begin_nested():
        belonging = carrier_of(number, None, None, post.prefixes, now)
        outbox.put(
            tx,
            person_id=roster_store.find_or_add_person(tx, post.vault, number, belonging, now).id,
            body=desk.texts.fill(TEXT, no=case.number, dept=case.lead or OFFICE, step=step, state=state),
            purpose=case_ladder.PURPOSE,
            created_by="system",
            now_ms=round(now.timestamp() * 1000),
            validity_ms=case_mail.VALIDITY_MS,
            case_id=case.id,
        )
        _mark(tx, case.id, told=new.last)
    return 1
