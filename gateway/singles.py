"""Single messages: what an operator, an integration or a help desk sends outside notices.

No roster entry is needed. Each has its own limits, and a bad row of a list takes down only itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from carriers.text import parts_of
from gateway import notices, outbox
from gateway.outbox import HOUR
from gateway.settings import Settings
from gateway.staff_mail import PURPOSE as STAFF
from gateway.tables import message, part
from roster import store as roster_store
from roster.networks import Prefixes, carrier_of
from roster.phones import Fault, masked, parse
from roster.vault import Vault
from routing import staff

DAY_MS = 24 * HOUR
VALIDITY_MS = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Order:
    """One text to one number, as written by the sender. `row` is its line in a list, 1 for a single one."""

    row: int
    number: str
    text: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """An order that is now in the outbox."""

    row: int
    message_id: int
    number: str  # masked
    carrier: str
    parts: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that was not taken, and why."""

    row: int
    number: str  # masked
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A message and where it stands now: the state of its worst part."""

    id: int
    purpose: str
    person_id: int
    carrier: str
    state: str
    reason: str | None
    parts: Mapping[str, int]  # parts by state
    body: str | None
    case_id: int | None
    notice_id: int | None
    created_by: str
    created_ms: int
    token: str | None


def read_list(content: str) -> list[Order]:
    """A list as `number <tab> text` lines; blank lines and lines starting with # are passed over."""
    orders = []
    for row, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        number, _, text = line.partition("\t")
        orders.append(Order(row, number.strip(), text.strip()))
    return orders


def send(
    tx: sa.Connection,
    vault: Vault,
    settings: Settings,
    prefixes: Prefixes,
    orders: Sequence[Order],
    signature: str,
    sender: str,
    now: datetime,
) -> tuple[list[Taken], list[Refusal]]:
    """Put every good order into the outbox; say why each other one was not taken."""
    taken: list[Taken] = []
    refused: list[Refusal] = []
    now_ms = round(now.timestamp() * 1000)
    sent = _sent_by(tx, sender, now_ms)
    for order in orders:
        result = _send_one(tx, vault, settings, prefixes, order, signature, sender, now, sent + len(taken))
        if isinstance(result, Taken):
            taken.append(result)
        else:
            refused.append(result)
    return taken, refused


def _send_one(
    tx: sa.Connection,
    vault: Vault,
    settings: Settings,
    prefixes: Prefixes,
    order: Order,
    signature: str,
    sender: str,
    now: datetime,
    sent_this_hour: int,
) -> Taken | Refusal:
    limits = settings.singles
    number = parse(order.number)
    if isinstance(number, Fault):
        return Refusal(order.row, _shown(order.number), number.reason)
    if not order.text:
        return Refusal(order.row, masked(number), "没有短信内容:号码与内容之间请用制表符(Tab)分隔")
    body = order.text if order.text.startswith("【") else signature + order.text
    total = parts_of(body)
    if total > limits.max_parts:
        return Refusal(order.row, masked(number), f"内容太长:要拆成{total}条,最多{limits.max_parts}条")
    if sent_this_hour >= limits.per_operator_per_hour:
        return Refusal(order.row, masked(number), f"本小时已发{sent_this_hour}条,达到上限,请稍后再发或改发通知")
    belonging = carrier_of(number, None, None, prefixes, now)
    person = roster_store.find_or_add_person(tx, vault, number, belonging, now)
    now_ms = round(now.timestamp() * 1000)
    if _sent_to(tx, person.id, now_ms) >= limits.per_number_per_day:
        return Refusal(order.row, masked(number), f"24小时内已向该号码发送{limits.per_number_per_day}条,达到上限")
    message_id = outbox.put(
        tx,
        person_id=person.id,
        body=body,
        purpose="single",
        created_by=sender,
        now_ms=now_ms,
        validity_ms=VALIDITY_MS,
        token=order.token,
    )
    return Taken(order.row, message_id, masked(number), person.carrier, total)


def standings(
    tx: sa.Connection,
    *,
    purpose: str | None = None,
    state: str | None = None,
    after: int = 0,
    limit: int = 50,
    only: int | None = None,
) -> list[Standing]:
    """Messages outside notices, newest first, with the state of each."""
    query = sa.select(message).where(message.c.notice_id.is_(None), message.c.id > after)
    if only is not None:
        query = sa.select(message).where(message.c.id == only)
    if purpose is not None:
        query = query.where(message.c.purpose == purpose)
    found: list[Standing] = []
    for row in tx.execute(query.order_by(message.c.id.desc()).limit(limit if state is None else 100_000)):
        one = _standing(tx, row)
        if state in (None, one.state):
            found.append(one)
        if len(found) >= limit:
            break
    return found


def _standing(tx: sa.Connection, row: sa.Row[tuple[object, ...]]) -> Standing:
    parts = tx.execute(sa.select(part.c.state, part.c.reason, part.c.carrier).where(part.c.message_id == row.id)).all()
    state = notices.worst([one.state for one in parts])
    counts: dict[str, int] = {}
    for one in parts:
        counts[one.state] = counts.get(one.state, 0) + 1
    return Standing(
        id=row.id,
        purpose=row.purpose,
        person_id=row.person_id,
        carrier=parts[0].carrier,
        state=state,
        reason=next((one.reason for one in parts if one.state == state), None),
        parts=counts,
        body=staff.hidden(row.body) if row.purpose == STAFF else row.body,
        case_id=row.case_id,
        notice_id=row.notice_id,
        created_by=row.created_by,
        created_ms=row.created_ms,
        token=row.token,
    )


def _sent_by(tx: sa.Connection, sender: str, now_ms: int) -> int:
    return (
        tx.scalar(
            sa.select(sa.func.count())
            .select_from(message)
            .where(message.c.purpose == "single", message.c.created_by == sender, message.c.created_ms > now_ms - HOUR)
        )
        or 0
    )


def _sent_to(tx: sa.Connection, person_id: int, now_ms: int) -> int:
    return (
        tx.scalar(
            sa.select(sa.func.count())
            .select_from(message)
            .where(
                message.c.person_id == person_id,
                message.c.purpose == "single",
                message.c.created_ms > now_ms - DAY_MS,
            )
        )
        or 0
    )


def _shown(written: str) -> str:
    """A number that is none, so far as it may be shown: what it starts with and how long it is."""
    return f"{written[:3]}…({len(written)}位)" if len(written) > 3 else written
