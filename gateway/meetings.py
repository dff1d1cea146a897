"""Meeting notices (会议通知): to people of the units, each of whom confirms that it was read; who has not is reminded.

A reminder is approved by a second person as every notice is: one approval covers one sending to people who were named,
and nobody alone may text others as often as they like.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

import sqlalchemy as sa

from gateway import notices, polls
from gateway.errors import USAGE, Refused
from gateway.notices import asked
from gateway.notices.rules import check_body
from gateway.notices.store import Notice
from gateway.tables import answer
from roster import phones
from roster import store as roster_store
from roster.audiences import Audience
from roster.networks import Prefixes, carrier_of
from roster.tables import moment, person, staff
from roster.vault import Vault
from routing.asks import AnswerKind, AskKind
from routing.departments import Departments

CONFIRM = "请回复1或“收到”确认。"
POSTS = {"liaison": "信息员", "leader": "分管领导"}


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody of a unit who is to be texted: a name, or a post."""

    number: str  # E.164
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who was sent a meeting notice, and what came back. Who is no longer on the list has no name."""

    person_id: int
    unit: str
    name: str
    phone: str  # masked
    delivered: bool
    confirmed_at: datetime | None
    remark: str  # what they wrote beside, or instead


def from_units(units: Departments, post: str) -> list[Invited]:
    """The liaisons or the leaders of all units that have a number for them. Raises `Refused` when none has."""
    found = [
        Invited(number, f"{unit.name}{POSTS[post]}", unit.name)
        for unit in units.units
        if (number := unit.liaison_phone if post == "liaison" else unit.leader_phone)
    ]
    if not found:
        raise Refused(f"没有一个单位登记了{POSTS[post]}的号码", f"在 departments.toml 中写 {post}_phone")
    return found


def from_list(content: str) -> list[Invited]:
    """Lines of number, name, unit; blank lines and those that begin with # are passed over. Raises `Refused`."""
    found: dict[str, Invited] = {}
    for at, row in enumerate(csv.reader(StringIO(content.replace("\uff0c", ",").replace("\t", ","))), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or cells[0].startswith("#") or (at == 1 and not any(cell.isdecimal() for cell in cells)):
            continue
        if len(cells) != 3 or not all(cells):
            raise Refused(f"名单第 {at} 行应为:号码,姓名,单位", "每行三项,用逗号分开", USAGE)
        number = phones.parse(cells[0])
        if isinstance(number, phones.Fault):
            raise Refused(f"名单第 {at} 行:{number.reason}", "写11位手机号码", USAGE)
        if number in found:
            raise Refused(f"名单第 {at} 行的号码与前面的重复", "每个号码写一次", USAGE)
        found[number] = Invited(number, cells[1], cells[2])
    if not found:
        raise Refused("名单是空的", "每行写:号码,姓名,单位", USAGE)
    return list(found.values())


def draft(
    tx: sa.Connection,
    vault: Vault,
    prefixes: Prefixes,
    *,
    words: str,
    audience: Sequence[Invited] | Audience,
    until: datetime,
    signature: str,
    max_parts: int,
    topic: str,
    title: str,
    author: str,
    now: datetime,
    validity_hours: int,
    urgent_reason: str | None = None,
) -> Notice:
    """A draft that asks to be confirmed. `audience` are people of a staff list, or informants."""
    if not isinstance(audience, Audience):
        audience = Audience(persons=tuple(_enlist(tx, vault, prefixes, audience, now)), staff=True)
    said = words.strip()
    body = check_body(said if CONFIRM in said else f"{said}{CONFIRM}", signature, max_parts)
    if until <= now:
        raise Refused("确认的截止时间已经过去", "写一个将来的日期", USAGE)
    one = notices.draft(
        tx,
        title=title,
        topic=topic,
        body=body,
        audience=audience,
        author=author,
        now=now,
        validity_hours=validity_hours,
        urgent_reason=urgent_reason,
    )
    return polls.ask(tx, one, AskKind.READ_BACK, said, (), until)


def _enlist(tx: sa.Connection, vault: Vault, prefixes: Prefixes, people: Iterable[Invited], now: datetime) -> list[int]:
    """The people of a list, known by their numbers from now on; unit and name as this list has them."""
    ids = []
    for one in people:
        known = roster_store.find_or_add_person(
            tx, vault, one.number, carrier_of(one.number, None, None, prefixes, now), now
        )
        if known.key is None:
            raise Refused(f"{phones.masked(one.number)} 已按本人要求删除", "从名单中去掉这个号码")
        sealed = vault.seal(known.key, f"staff.name:{known.id}", one.name)
        values = {"unit": one.unit, "name_sealed": sealed, "updated_at": now}
        done = tx.execute(sa.update(staff).where(staff.c.person_id == known.id).values(**values))
        if not done.rowcount:
            tx.execute(sa.insert(staff).values(person_id=known.id, **values))
        ids.append(known.id)
    return ids


# ------------------------------------------------------------------------------------------------------ who has read


def readers(tx: sa.Connection, vault: Vault, notice_id: int) -> list[Reader]:
    """Everybody who was sent it, unit by unit, first those who have not confirmed."""
    one = asked.question_of(tx, notice_id)
    if one.kind is not AskKind.READ_BACK:
        raise Refused(f"第 {notice_id} 号不是会议通知", f"xinqiao poll result {notice_id}", USAGE)
    people = polls.whom(tx, notice_id)
    ids = [person_.person_id for person_ in people]
    names, numbers = _names(tx, vault, ids), roster_store.phones(tx, vault, ids)
    told = polls.answers(tx, notice_id)
    confirmed: dict[int, datetime] = {}
    for row in told:
        if row.kind == AnswerKind.CONFIRMATION and row.apart != "not_asked":
            confirmed.setdefault(row.person_id, moment(row.received_ms))
    remarks = {row.person_id: row.words for row in told if row.words}
    found = [
        Reader(
            person_id=each.person_id,
            unit=each.category or "-",
            name=names.get(each.person_id, ""),
            phone=phones.masked(numbers.get(each.person_id, "")),
            delivered=each.delivered,
            confirmed_at=confirmed.get(each.person_id),
            remark=remarks.get(each.person_id, ""),
        )
        for each in people
    ]
    order = {unit: at for at, unit in enumerate(dict.fromkeys(each.unit for each in found))}
    return sorted(found, key=lambda each: (order[each.unit], each.confirmed_at is not None))


def _names(tx: sa.Connection, vault: Vault, ids: Sequence[int]) -> dict[int, str]:
    """Names of a staff list; of informants the masked ones."""
    rows = tx.execute(
        sa.select(staff.c.person_id, person.c.key_sealed, staff.c.name_sealed)
        .join(person, person.c.id == staff.c.person_id)
        .where(staff.c.person_id.in_(ids))
    )
    listed = vault.open_all("staff.name", ((row.person_id, row.key_sealed, row.name_sealed) for row in rows))
    others = roster_store.renderings(tx, vault, [one for one in ids if one not in listed])
    return listed | {number: phones.masked_name(one.name) for number, one in others.items()}


def remind(tx: sa.Connection, notice_id: int, author: str, max_parts: int, signature: str, now: datetime) -> Notice:
    """A draft of the same words, once more, for exactly those who have not confirmed."""
    one = asked.question_of(tx, notice_id)
    first = notices.by_id(tx, one.notice_id)
    if one.kind is not AskKind.READ_BACK:
        raise Refused(f"第 {notice_id} 号不是会议通知", "只有会议通知可以催确认", USAGE)
    if first.state in polls.UNSENT:
        raise Refused(f"第 {notice_id} 号还没有发送", f"xinqiao notice send {notice_id}")
    if not one.is_open(now):
        raise Refused(f"第 {notice_id} 号的确认已经截止", "需要的话另发会议通知")
    silent = _silent(tx, notice_id)
    if not silent:
        raise Refused("没有需要提醒的人:都已确认", f"xinqiao notice confirmed {notice_id}")
    return notices.draft(
        tx,
        title=f"{first.title}(提醒)",
        topic=first.topic,
        body=check_body(f"提醒:{first.body.removeprefix(signature)}", signature, max_parts),
        audience=Audience(persons=tuple(silent), staff=first.audience.staff),
        author=author,
        now=now,
        validity_hours=first.validity_hours,
        urgent_reason=first.urgent_reason,
        resend_of=notice_id,
        question_id=notice_id,
    )


def _silent(tx: sa.Connection, notice_id: int) -> list[int]:
    confirmed = sa.select(answer.c.person_id).where(
        answer.c.question_id == notice_id,
        answer.c.kind == AnswerKind.CONFIRMATION,
        answer.c.undone_at.is_(None),
    )
    done = set(tx.scalars(confirmed))
    return [one.person_id for one in polls.whom(tx, notice_id) if one.person_id not in done]
