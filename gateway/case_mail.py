"""Which texts the reporters of a case get, and when.

Texts about cases go ten minutes apart to one number, only danger is answered at once; a person is asked to rate one
reply at a time, the next survey waits; the reporters of merged cases are told what the master's reporter is told.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from gateway import outbox
from gateway.casebook import Desk
from gateway.outbox import HOUR
from gateway.tables import message, part
from roster import store as roster_store
from roster.rowset import Statement
from routing import store
from routing.cases import BY_HAND, Case, CaseState

VALIDITY_MS = 72 * HOUR
SPACED = ("automatic", "case", "reply")
"""Purposes of messages that keep their distance from each other."""
FOLLOWED = frozenset({"T4", "T6"})
"""Texts about a case that the reporters of those merged into it get too."""


def put(
    tx: sa.Connection,
    desk: Desk,
    *,
    person_id: int,
    body: str,
    purpose: str,
    created_by: str,
    now: datetime,
    extension: str,
    case_id: int | None,
    validity_ms: int = VALIDITY_MS,
    at_once: bool = False,
) -> int:
    """One text into the outbox: at once, or when ten minutes have passed since the last. The message's id."""
    now_ms = round(now.timestamp() * 1000)
    spaced = purpose in SPACED and not at_once
    free_ms = _free(tx, person_id, now_ms, desk.apart) if spaced else now_ms
    return outbox.put(
        tx,
        person_id=person_id,
        body=body,
        purpose=purpose,
        created_by=created_by,
        now_ms=now_ms,
        validity_ms=validity_ms + free_ms - now_ms,
        extension=extension,
        case_id=case_id,
        not_before_ms=free_ms if free_ms > now_ms else 0,
    )


def _free(tx: sa.Connection, person_id: int, now_ms: int, apart: timedelta) -> int:
    """From when on the next spaced text may go to a person."""
    apart_ms = round(apart.total_seconds() * 1000)
    [(latest,)] = _LATEST.all(tx, person=person_id)
    return now_ms if latest is None or not apart_ms else max(now_ms, latest + apart_ms)


_LATEST = Statement(
    "SELECT max(CASE WHEN part.not_before_ms > message.created_ms "  # noqa: S608 - the purposes are ours
    "THEN part.not_before_ms ELSE message.created_ms END) FROM message JOIN part ON part.message_id = message.id "
    f"WHERE message.person_id = :person AND message.purpose IN {SPACED} AND part.state != 'cancelled'"
)


def withdraw(tx: sa.Connection, case_id: int, since: datetime, now: datetime) -> int:
    """What was to be answered automatically about a case since a moment, and waits yet, is not sent. How many parts."""
    sent_for = sa.select(message.c.id).where(
        message.c.case_id == case_id,
        message.c.purpose == "automatic",
        message.c.created_ms >= round(since.timestamp() * 1000),
    )
    done = tx.execute(
        sa.update(part)
        .where(part.c.message_id.in_(sent_for), part.c.state == outbox.PartState.QUEUED)
        .values(
            state=outbox.PartState.CANCELLED,
            reason="the decision was taken back",
            changed_ms=round(now.timestamp() * 1000),
        )
    )
    return done.rowcount


def send(
    tx: sa.Connection, desk: Desk, case: Case, name: str, actor: str, now: datetime, fields: Mapping[str, str]
) -> int | None:
    """One text to the reporter of a case; None when the case came without a phone. Raises `TooLong`."""
    if case.person_id is None:
        return None
    write = (
        desk.texts.fill if name == "T10" else desk.texts.checked
    )  # nobody wrote into a survey, so nobody can mend it
    return put(
        tx,
        desk,
        person_id=case.person_id,
        body=write(name, **{"no": case.number, **fields}),
        purpose="reply" if name == "T6" else "case",
        created_by=actor,
        now=now,
        extension=desk.extension(case),
        case_id=case.id,
    )


def tell(
    tx: sa.Connection,
    desk: Desk,
    case: Case,
    names: tuple[str, ...],
    actor: str,
    now: datetime,
    fields: Mapping[str, str],
) -> tuple[Case, int | None]:
    """The texts of a step. The case with what became of reply and survey, and the first message's id."""
    first = None
    for name in names:
        if name == "T10":
            case = survey(tx, desk, case, actor, now)
            continue
        message_id = send(tx, desk, case, name, actor, now, fields)
        first = first or message_id
        if name == "T6":
            case = _replied(case, message_id)
    return case, first


def _replied(case: Case, message_id: int | None) -> Case:
    """Without a phone the reporter is to be told on the way the matter came, and is told once somebody records it."""
    delivery = "pending" if message_id else BY_HAND
    return replace(case, reply_message_id=message_id, reply_delivery=delivery)


def survey(tx: sa.Connection, desk: Desk, case: Case, actor: str, now: datetime) -> Case:
    """Ask for a rating, or queue: nobody has two open surveys. Who opted out, or has no phone, is not asked."""
    if case.person_id is None or roster_store.person_of(tx, case.person_id).opted_out_at is not None:
        return case
    if any(one.id != case.id for one in store.surveys(tx, case.person_id, "open")):
        return replace(case, survey="queued")
    send(tx, desk, case, "T10", actor, now, {})
    return replace(case, survey="open", surveyed_at=now)


def next_survey(tx: sa.Connection, desk: Desk, person_id: int | None, now: datetime) -> None:
    """When a person has no open survey any more, the oldest that waits is opened."""
    if person_id is None or store.surveys(tx, person_id, "open"):
        return
    for case in store.surveys(tx, person_id, "queued")[:1]:
        asked = survey(tx, desk, case, "system", now)
        asked = asked if asked.survey == "open" else replace(asked, survey=None)
        store.note(tx, case, "survey", "system", "system", now, "前一件已评价", after=asked)


def follow(
    tx: sa.Connection, desk: Desk, master: Case, name: str, actor: str, now: datetime, fields: Mapping[str, str]
) -> None:
    """Tell the reporters of the cases merged into this one; each is one person once, and asked to rate for themself.

    Of those without a phone each is somebody else.
    """
    told = {master.person_id}
    for case in store.merged_into(tx, master.id):
        if case.person_id is None or case.person_id not in told:
            told.add(case.person_id)
            forward(tx, desk, master, case, name, actor, now, fields)


def forward(
    tx: sa.Connection,
    desk: Desk,
    master: Case,
    case: Case,
    name: str,
    actor: str,
    now: datetime,
    fields: Mapping[str, str],
) -> None:
    """A text about the master to the reporter of a merged case, under the merged case's own number."""
    message_id = send(tx, desk, case, name, actor, now, {**fields, "no": case.number})
    after = case
    if name == "T6":
        after = survey(tx, desk, replace(_replied(case, message_id), reply=master.reply), actor, now)
    store.note(tx, case, "told", actor, "system", now, f"随{master.number}告知", after=after, message_id=message_id)


def answered(master: Case) -> bool:
    """True when the reporters of a case already have its reply."""
    return bool(master.reply) and master.state in (CaseState.REPLIED, CaseState.DISSATISFIED, CaseState.CLOSED)
