"""What is kept about notices, and the steps of a notice's life. Every function takes the open transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from carriers.text import parts_of
from gateway.errors import NotFound, Refused
from gateway.notices import asked
from gateway.notices.rules import TOPICS, has_fields, is_quiet, render, worst
from gateway.outbox import HOUR, PartState
from gateway.tables import message, notice, part, question
from roster import store as roster_store
from roster.audiences import Audience
from roster.tables import person
from roster.vault import Vault
from routing.asks import AskKind

UNDER_WAY = (PartState.QUEUED, PartState.SENDING, PartState.ACCEPTED, PartState.UNCERTAIN)
RECEIPT_PATIENCE = 60_000  # milliseconds that an urgent part in doubt waits for its receipt before it goes once more
NOT_DELIVERED = (PartState.FAILED, PartState.UNDELIVERED, PartState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it stands. `plan` is None until it is approved."""

    id: int
    title: str
    topic: str
    body: str
    audience: Audience
    state: str
    author: str
    created_at: datetime
    approver: str | None
    approved_at: datetime | None
    send_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    validity_hours: int
    urgent_reason: str | None
    forced_reason: str | None
    resend_uncertain: bool
    resend_of: int | None
    question_id: int | None  # the notice whose question it puts: its own number, or that of a first one
    withdraws: int | None  # the notice that it corrects
    plan: Mapping[str, Any] | None

    @property
    def digest(self) -> str:
        """What the approver approves: changes when the text, the audience or the way of sending does."""
        approved = (self.body, self.audience, self.urgent_reason, self.resend_uncertain)
        return sha256(repr(approved).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Lane:
    """A notice that may be sent now."""

    notice_id: int
    body: str


# ------------------------------------------------------------------------------------------------------------- asking


def by_id(tx: sa.Connection, notice_id: int) -> Notice:
    """The notice. Raises `NotFound`."""
    row = tx.execute(sa.select(notice).where(notice.c.id == notice_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {notice_id} 号通知", "xinqiao notice list 列出全部通知")
    return _notice(row)


def listed(tx: sa.Connection, state: str | None = None) -> list[Notice]:
    """All notices, newest first."""
    query = sa.select(notice).order_by(notice.c.id.desc())
    if state is not None:
        query = query.where(notice.c.state == state)
    return [_notice(row) for row in tx.execute(query)]


def runnable(tx: sa.Connection, now: datetime, zone: ZoneInfo, quiet: tuple[time, time]) -> list[Lane]:
    """Notices that may be sent at this moment, in the order of their approval."""
    rows = tx.execute(_RUNNABLE, {"now": now}).all()
    resting = is_quiet(now.astimezone(zone), quiet)
    return [Lane(row.id, row.body) for row in rows if row.urgent_reason or not resting]


_RUNNABLE = (
    sa.select(notice.c.id, notice.c.body, notice.c.urgent_reason)
    .where(notice.c.state == "running", notice.c.send_at <= sa.bindparam("now"))
    .order_by(notice.c.approved_at, notice.c.id)
)


def message_state(tx: sa.Connection, message_id: int) -> str:
    """How a message stands, from its parts."""
    return worst(tx.scalars(sa.select(part.c.state).where(part.c.message_id == message_id)))


def _notice(row: Any) -> Notice:
    given = {name: getattr(row, name) for name in Notice.__dataclass_fields__ if name != "audience"}
    return Notice(audience=Audience.from_json(row.audience), **given)


# ----------------------------------------------------------------------------------------------------------- drafting


def draft(
    tx: sa.Connection,
    *,
    title: str,
    topic: str,
    body: str,
    audience: Audience,
    author: str,
    now: datetime,
    validity_hours: int,
    urgent_reason: str | None = None,
    forced_reason: str | None = None,
    resend_uncertain: bool = False,
    resend_of: int | None = None,
    question_id: int | None = None,
    withdraws: int | None = None,
) -> Notice:
    """Keep a draft. `body` has been checked."""
    if topic not in TOPICS:
        raise Refused(f"没有“{topic}”这个主题", f"可选:{'、'.join(TOPICS)}")
    _refuse_resending_what_is_not_urgent(resend_uncertain, urgent_reason)
    if audience.staff and has_fields(body):
        raise Refused("发给工作人员的通知不能用个人字段", "去掉正文中的花括号字段")
    notice_id = tx.execute(
        sa.insert(notice)
        .values(
            title=title.strip() or body.partition("】")[2][:20],
            topic=topic,
            body=body,
            audience=audience.as_json(),
            state="draft",
            author=author,
            created_at=now,
            validity_hours=validity_hours,
            urgent_reason=urgent_reason,
            forced_reason=forced_reason,
            resend_uncertain=resend_uncertain,
            resend_of=resend_of,
            question_id=question_id,
            withdraws=withdraws,
        )
        .returning(notice.c.id)
    ).scalar_one()
    return by_id(tx, notice_id)


def edit(tx: sa.Connection, notice_id: int, **values: Any) -> Notice:
    """Change a draft: title, topic, body, audience."""
    kept = by_id(tx, notice_id)
    _in_state(kept, "draft")
    if kept.question_id is not None and "body" in values:
        raise Refused("问题与选项写在正文里,不能单独改正文", f"删除后重新起草:xinqiao notice delete {notice_id}")
    if "audience" in values:
        values["audience"] = values["audience"].as_json()
    tx.execute(sa.update(notice).where(notice.c.id == notice_id).values(**values))
    one = by_id(tx, notice_id)
    _refuse_resending_what_is_not_urgent(one.resend_uncertain, one.urgent_reason)
    return one


def _refuse_resending_what_is_not_urgent(resend_uncertain: bool, urgent_reason: str | None) -> None:
    if resend_uncertain and not urgent_reason:
        raise Refused("只有紧急通知才能自动重发结果不明的短信", "用 --urgent 写明紧急理由;对方可能收到两次")


def delete(tx: sa.Connection, notice_id: int) -> None:
    """Throw a draft away."""
    _in_state(by_id(tx, notice_id), "draft")
    tx.execute(sa.delete(question).where(question.c.notice_id == notice_id))
    tx.execute(sa.delete(notice).where(notice.c.id == notice_id))


def resend_failed(tx: sa.Connection, notice_id: int, author: str, now: datetime, include_unknown: bool) -> Notice:
    """A draft for exactly those whom a finished notice did not reach."""
    first = by_id(tx, notice_id)
    _in_state(first, "done", "cancelled")
    people = failed_people(tx, notice_id, include_unknown)
    if not people:
        raise Refused("没有需要重发的人", "查看 xinqiao notice report")
    return draft(
        tx,
        title=f"{first.title}(补发)",
        topic=first.topic,
        body=first.body,
        audience=Audience(persons=tuple(people), staff=first.audience.staff),
        author=author,
        now=now,
        validity_hours=first.validity_hours,
        urgent_reason=first.urgent_reason,
        resend_uncertain=first.resend_uncertain,
        resend_of=notice_id,
        question_id=first.question_id,
    )


def failed_people(tx: sa.Connection, notice_id: int, include_unknown: bool = False) -> list[int]:
    """People whose message failed, was not delivered or expired; with `include_unknown` also the unknown ones."""
    wanted = {*NOT_DELIVERED, *((PartState.UNKNOWN,) if include_unknown else ())}
    states: dict[int, list[str]] = {}
    for row in tx.execute(sa.select(part.c.person_id, part.c.state).where(part.c.lane == notice_id)):
        states.setdefault(row.person_id, []).append(row.state)
    return [person_id for person_id, theirs in states.items() if worst(theirs) in wanted]


# ---------------------------------------------------------------------------------------------------------- approving


def approve(
    tx: sa.Connection,
    vault: Vault,
    notice_id: int,
    approver: str,
    digest: str | None,
    carriers: Sequence[str],
    same_text_hours: int,
    now: datetime,
    withheld: Collection[int] = (),
) -> Notice:
    """A second person's word: text and audience are frozen and every part is put into the outbox.

    Nothing that names the person goes to those who are `withheld` (see `number_desk`).
    """
    one = by_id(tx, notice_id)
    _in_state(one, "draft")
    if approver == one.author:
        raise Refused("起草人不能批准自己的通知", "请由另一名有批准权的人员批准")
    if digest is not None and digest != one.digest:
        raise Refused("通知在你看过之后又被修改", f"请重新试算后批准,现在的内容码是 {one.digest}")
    _refuse_same_text(tx, one, same_text_hours, now)
    _refuse_asking_too_late(tx, one, now)
    plan = _freeze(tx, vault, one, carriers, withheld if has_fields(one.body) else (), now)
    if not plan["people"]:
        raise Refused("没有人会收到这条通知", "xinqiao notice dry-run 说明哪些人被排除")
    tx.execute(
        sa.update(notice)
        .where(notice.c.id == notice_id)
        .values(state="approved", approver=approver, approved_at=now, plan=plan)
    )
    return by_id(tx, notice_id)


def same_text_before(tx: sa.Connection, one: Notice, hours: int, now: datetime) -> int:
    """How many of the audience were sent the same text in the last hours."""
    if not hours or one.resend_of is not None:
        return 0
    earlier = sa.select(notice.c.id).where(
        notice.c.body == one.body,
        notice.c.id != one.id,
        notice.c.approved_at > now - timedelta(hours=hours),
        notice.c.state != "cancelled",
    )
    chosen = roster_store.audience_query(one.audience).subquery()
    return (
        tx.scalar(
            sa.select(sa.func.count(sa.distinct(message.c.person_id)))
            .join(chosen, chosen.c.person_id == message.c.person_id)
            .where(message.c.notice_id.in_(earlier))
        )
        or 0
    )


def _refuse_same_text(tx: sa.Connection, one: Notice, hours: int, now: datetime) -> None:
    people = 0 if one.forced_reason else same_text_before(tx, one, hours, now)
    if people:
        raise Refused(
            f"{people}人在{hours}小时内已收到过相同内容", "确需重发请用 xinqiao notice edit --force 理由 说明"
        )


def _refuse_asking_too_late(tx: sa.Connection, one: Notice, now: datetime) -> None:
    if one.question_id is not None and not asked.question_of(tx, one.question_id).is_open(now):
        raise Refused("征求意见或会议确认的截止时间已过", "请重新起草,写新的截止日期")


def elsewhere(tx: sa.Connection, one: Notice, now: datetime) -> sa.Select[Any] | None:
    """Who is being asked in another poll, for a notice that asks; they are left out: nobody has two open at a time."""
    if one.question_id is None or asked.question_of(tx, one.question_id).kind is not AskKind.POLL:
        return None
    return asked.busy(one.question_id, now)


def _freeze(
    tx: sa.Connection,
    vault: Vault,
    one: Notice,
    carriers: Sequence[str],
    withheld: Collection[int],
    now: datetime,
) -> dict[str, Any]:
    """Put messages and parts into the outbox; the plan that they add up to."""
    busy = elsewhere(tx, one, now)
    chosen = roster_store.audience_query(one.audience, withheld, busy).subquery()
    served = chosen.c.carrier.in_(carriers)
    now_ms = round(now.timestamp() * 1000)
    fixed: dict[str, sa.ColumnElement[Any]] = {
        "purpose": sa.literal("notice"),
        "notice_id": sa.literal(one.id),
        "person_id": chosen.c.person_id,
        "extension": sa.literal(""),
        "parts": sa.literal(parts_of(one.body)),
        "category": chosen.c.category,
        "township": chosen.c.township,
        "village": chosen.c.village,
        "created_by": sa.literal(one.author),
        "created_ms": sa.literal(now_ms),
        "expires_ms": sa.literal(now_ms + one.validity_hours * HOUR),
    }
    left_out = dict(roster_store.left_out(tx, one.audience, withheld, busy))
    unserved = tx.scalar(sa.select(sa.func.count()).select_from(chosen).where(chosen.c.carrier.not_in(carriers)))
    if unserved:
        left_out["carrier not configured"] = unserved
    tx.execute(sa.insert(message).from_select(list(fixed), sa.select(*fixed.values()).where(served)))
    if has_fields(one.body):
        _count_parts(tx, vault, one)
    _insert_parts(tx, one, now_ms)
    return _plan(tx, one, left_out)


def _count_parts(tx: sa.Connection, vault: Vault, one: Notice) -> None:
    """Each person's own rendering, and how many SMS it takes."""
    rows = tx.execute(sa.select(message.c.id, message.c.person_id).where(message.c.notice_id == one.id)).all()
    named = roster_store.renderings(tx, vault, [row.person_id for row in rows])
    tx.execute(
        sa.update(message).where(message.c.id == sa.bindparam("b_id")).values(parts=sa.bindparam("b_parts")),
        [{"b_id": row.id, "b_parts": parts_of(render(one.body, named[row.person_id]))} for row in rows],
    )


def _insert_parts(tx: sa.Connection, one: Notice, now_ms: int) -> None:
    """One row per SMS in one statement, a person's parts behind each other: they should arrive together."""
    most = tx.scalar(sa.select(sa.func.max(message.c.parts)).where(message.c.notice_id == one.id)) or 0
    if not most:
        return
    numbers = sa.union_all(*(sa.select(sa.literal(n).label("number")) for n in range(1, most + 1))).subquery()
    columns: dict[str, sa.ColumnElement[Any]] = {
        "message_id": message.c.id,
        "lane": sa.literal(one.id),
        "carrier": roster_store.carrier_column(),
        "person_id": message.c.person_id,
        "number": numbers.c.number,
        "total": message.c.parts,
        "state": sa.literal(PartState.QUEUED.value),
        "attempts": sa.literal(0),
        "not_before_ms": sa.literal(0),
        "expires_ms": message.c.expires_ms,
        "changed_ms": sa.literal(now_ms),
    }
    query = sa.select(*columns.values()).join_from(message, numbers, numbers.c.number <= message.c.parts)
    rows = roster_store.with_person(query, message.c.person_id).where(message.c.notice_id == one.id)
    tx.execute(sa.insert(part).from_select(list(columns), rows.order_by(message.c.id, numbers.c.number)))


def _plan(tx: sa.Connection, one: Notice, left_out: Mapping[str, int]) -> dict[str, Any]:
    rows = tx.execute(
        sa.select(part.c.carrier, sa.func.count(sa.distinct(part.c.message_id)), sa.func.count())
        .where(part.c.lane == one.id)
        .group_by(part.c.carrier)
    ).all()
    return {
        "people": sum(row[1] for row in rows),
        "parts": sum(row[2] for row in rows),
        "carriers": {row[0]: {"people": row[1], "parts": row[2]} for row in rows},
        "left_out": dict(left_out),
    }


# ------------------------------------------------------------------------------------------------------------ sending


def send(tx: sa.Connection, notice_id: int, at: datetime, now: datetime) -> Notice:
    """Let it go, at once or at a time. Its validity counts from then."""
    one = by_id(tx, notice_id)
    _in_state(one, "approved")
    _refuse_asking_too_late(tx, one, max(at, now))
    expires_ms = round(max(at, now).timestamp() * 1000) + one.validity_hours * HOUR
    if one.question_id is not None:  # nobody is asked when it is too late to answer
        expires_ms = min(expires_ms, round(asked.question_of(tx, one.question_id).closes_at.timestamp() * 1000))
    tx.execute(sa.update(notice).where(notice.c.id == notice_id).values(state="running", send_at=at, started_at=now))
    tx.execute(sa.update(message).where(message.c.notice_id == notice_id).values(expires_ms=expires_ms))
    tx.execute(sa.update(part).where(part.c.lane == notice_id).values(expires_ms=expires_ms))
    return by_id(tx, notice_id)


def pause(tx: sa.Connection, notice_id: int, actor: str) -> Notice:
    """Send no more for now. What is on the wire finishes."""
    _in_state(by_id(tx, notice_id), "running")
    tx.execute(sa.update(notice).where(notice.c.id == notice_id).values(state="paused", paused_by=actor))
    return by_id(tx, notice_id)


def resume(tx: sa.Connection, notice_id: int) -> Notice:
    """Go on."""
    _in_state(by_id(tx, notice_id), "paused")
    tx.execute(sa.update(notice).where(notice.c.id == notice_id).values(state="running", paused_by=None))
    return by_id(tx, notice_id)


def cancel(tx: sa.Connection, notice_id: int, now: datetime) -> tuple[Notice, int]:
    """Stop for good: nothing that waits is sent. Returns how many parts were stopped."""
    _in_state(by_id(tx, notice_id), "approved", "running", "paused")
    now_ms = round(now.timestamp() * 1000)
    stopped = tx.execute(
        sa.update(part)
        .where(part.c.lane == notice_id, part.c.state == PartState.QUEUED)
        .values(state=PartState.CANCELLED, reason="cancelled", changed_ms=now_ms)
    ).rowcount
    tx.execute(
        sa.update(notice)
        .where(notice.c.id == notice_id)
        .values(state="cancelled", cancelled_ms=now_ms, finished_at=now)
    )
    return by_id(tx, notice_id), stopped


def resend_uncertain(tx: sa.Connection, now: datetime) -> int:
    """Parts in doubt of running notices that were approved for it go once more. Returns how many.

    Their receipt has had `RECEIPT_PATIENCE`. A part that anybody has already sent again is left alone.
    """
    now_ms = round(now.timestamp() * 1000)
    gone = sa.select(person.c.id).where(person.c.id == part.c.person_id, person.c.opted_out_at.isnot(None)).exists()
    approved = sa.select(notice.c.id).where(notice.c.resend_uncertain, notice.c.state == "running")
    done = tx.execute(
        sa.update(part)
        .where(
            part.c.state == PartState.UNCERTAIN,
            part.c.lane.in_(approved),
            part.c.consents == 0,
            part.c.changed_ms <= now_ms - RECEIPT_PATIENCE,
            part.c.expires_ms > now_ms,
            ~gone,
        )
        .values(state=PartState.QUEUED, reason="sent again: urgent", consents=1, not_before_ms=0, changed_ms=now_ms)
    )
    return done.rowcount


def finish_done(tx: sa.Connection, now: datetime) -> int:
    """Running notices of which nothing is under way any more are done. Returns how many."""
    under_way = sa.select(part.c.id).where(part.c.lane == notice.c.id, part.c.state.in_(UNDER_WAY)).exists()
    done = tx.execute(
        sa.update(notice)
        .where(notice.c.state == "running", notice.c.send_at <= now, ~under_way)
        .values(state="done", finished_at=now)
    )
    return done.rowcount


_WORDS = {
    "draft": "草稿",
    "approved": "已批准",
    "running": "发送中",
    "paused": "已暂停",
    "done": "已完成",
    "cancelled": "已取消",
}


def _in_state(one: Notice, *states: str) -> None:
    if one.state not in states:
        wanted = "或".join(_WORDS[state] for state in states)
        raise Refused(f"第 {one.id} 号通知现在是“{_WORDS[one.state]}”", f"只有{wanted}的通知可以这样做")
