"""Matters that came another way than by text: entered with what is known of them, answered there, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway import case_desk
from gateway.casebook import Desk, find
from gateway.errors import Refused
from roster import store as roster_store
from roster.networks import Prefixes, carrier_of
from roster.vault import Vault
from routing import store
from routing.case_sheet import Brought
from routing.cases import BY_HAND, OVER, Case, CaseState
from routing.tables import case_origin, case_ticket


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of where a case came from."""

    reference: str
    received_at: datetime | None
    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The cases of a channel that were registered in a period, and how they stand now. They add up to `cases`."""

    channel: str
    cases: int
    with_phone: int
    open: int
    to_tell: int  # answered, and not told yet on the way they came; part of `open`
    closed: int
    merged: int
    rejected: int


def enter(
    tx: sa.Connection,
    desk: Desk,
    vault: Vault,
    prefixes: Prefixes,
    one: Brought,
    actor: str,
    now: datetime,
    again: bool = True,
) -> Case:
    """Register it. Who has a number gets T1 and the reply by text. Raises `Refused` for what is registered already.

    Not `again`: the same words of the same person, still open, are taken for a slip of whoever enters them.
    """
    known = by_reference(tx, one.channel, one.reference)
    if known is not None:
        raise Refused(f"外部编号 {one.reference} 已登记为 {known.number}", f"xinqiao case show {known.number}")
    person_id = None
    if one.phone:
        belonging = carrier_of(one.phone, None, None, prefixes, now)
        person_id = roster_store.find_or_add_person(tx, vault, one.phone, belonging, now).id
        open_ = (case_ticket.c.person_id == person_id, case_ticket.c.text == one.text, case_ticket.c.state.not_in(OVER))
        twin = tx.scalar(sa.select(case_ticket.c.number).where(*open_))
        if twin is not None and not again:
            raise Refused(f"同一号码、同样的内容已登记为 {twin}", "确是另一件事的,加上 --again")
    case = case_desk.enter(tx, desk, text=one.text, channel=one.channel, person_id=person_id, actor=actor, now=now)
    values: dict[str, Any] = {"case_id": case.id, "channel": one.channel, "reference": one.reference or None}
    values["received_at"] = one.received_at
    if one.name:
        key = vault.new_person_key()
        values |= {"key_sealed": key, "name_sealed": vault.seal(key, _place(case.id), one.name)}
    tx.execute(sa.insert(case_origin).values(**values))
    return case


def by_reference(tx: sa.Connection, channel: str, reference: str) -> Case | None:
    """The case of a matter that has this number where it came from."""
    if not reference:
        return None
    where = (case_origin.c.channel == channel, case_origin.c.reference == reference)
    case_id = tx.scalar(sa.select(case_origin.c.case_id).where(*where))
    return None if case_id is None else store.by_id(tx, case_id)


def origin(tx: sa.Connection, vault: Vault, case_id: int) -> Origin | None:
    """Where a case came from; None for one that came by text."""
    row = tx.execute(sa.select(case_origin).where(case_origin.c.case_id == case_id)).one_or_none()
    if row is None:
        return None
    name = vault.open(row.key_sealed, _place(case_id), row.name_sealed) if row.key_sealed else ""
    return Origin(row.reference or "", row.received_at, name)


def _place(case_id: int) -> str:
    return f"case_origin.name:{case_id}"


def told(tx: sa.Connection, desk: Desk, number: str, how: str, actor: str, now: datetime) -> Case:
    """The reporter, who has no phone, was told on the way the matter came: recorded, and the case is closed.

    That of a merged case stays with its master.
    """
    case = find(tx, number)
    if not how.strip():
        raise Refused("请写明怎样答复的", "加上 --how,例如 --how '11月24日在留言板公开回复'")
    if case.person_id is not None:
        raise Refused(f"{case.number} 的来件人有手机,答复由短信送达", "没有送达时用 xinqiao case phone 登记电话答复")
    if case.reply_delivery != BY_HAND or case.state not in (CaseState.REPLIED, CaseState.MERGED):
        raise Refused(f"{case.number} 没有等待按原渠道答复的结果", "xinqiao case show 看全部经过")
    return case_desk.tell_there(tx, desk, case, how.strip(), actor, "operator", now)


def counts(tx: sa.Connection, desk: Desk, since: date, until: date) -> list[Counted]:
    """By channel, the cases registered from `since` to `until` (both included), the most first."""
    rows = tx.execute(
        sa.select(
            case_ticket.c.channel,
            case_ticket.c.state,
            case_ticket.c.reply_delivery,
            case_ticket.c.person_id,
            case_ticket.c.created_at,
        )
    ).all()
    groups: dict[str, list[Any]] = {}
    for row in rows:
        if since <= desk.today(row.created_at) <= until:
            groups.setdefault(row.channel, []).append(row)
    return sorted((_counted(code, found) for code, found in groups.items()), key=lambda one: (-one.cases, one.channel))


def _counted(channel: str, rows: Sequence[Any]) -> Counted:
    states = [row.state for row in rows]
    return Counted(
        channel,
        len(rows),
        sum(row.person_id is not None for row in rows),
        sum(state not in OVER for state in states),
        sum(row.state == CaseState.REPLIED and row.reply_delivery == BY_HAND for row in rows),
        states.count(CaseState.CLOSED),
        states.count(CaseState.MERGED),
        states.count(CaseState.REJECTED),
    )
