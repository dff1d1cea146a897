"""The life of a case as one table: who may do what, when, and what the citizen is told.

The engine below knows nothing but the table and the guards it names. A case moves along a row or not at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class CaseState(StrEnum):
    """States of product practice (12345), with the office's words."""

    NEW = "new"  # 待受理
    NEED_INFO = "need_info"  # 待补充
    ACCEPTED = "accepted"  # 已受理(待交办)
    AWAIT_LEADER = "await_leader"  # 待批示
    ASSIGNED = "assigned"  # 已交办(待签收)
    RETURN_REQ = "return_req"  # 申请退单
    IN_PROGRESS = "in_progress"  # 办理中
    REPORTED = "reported"  # 已反馈(待审核)
    REPLIED = "replied"  # 已答复(待评价)
    DISSATISFIED = "dissatisfied"  # 不满意(待复核)
    SUSPENDED = "suspended"  # 挂账
    CLOSED = "closed"  # 办结归档
    MERGED = "merged"  # 并案
    REJECTED = "rejected"  # 不予受理/转出


LABELS = {
    CaseState.NEW: "待受理",
    CaseState.NEED_INFO: "待补充",
    CaseState.ACCEPTED: "待交办",
    CaseState.AWAIT_LEADER: "待批示",
    CaseState.ASSIGNED: "待签收",
    CaseState.RETURN_REQ: "申请退单",
    CaseState.IN_PROGRESS: "办理中",
    CaseState.REPORTED: "待审核",
    CaseState.REPLIED: "待评价",
    CaseState.DISSATISFIED: "待复核",
    CaseState.SUSPENDED: "挂账",
    CaseState.CLOSED: "已办结",
    CaseState.MERGED: "已并案",
    CaseState.REJECTED: "不予受理",
}
OVER = frozenset({CaseState.CLOSED, CaseState.MERGED, CaseState.REJECTED})
KINDS = ("咨询", "求助", "投诉", "举报", "建议", "感谢")
GATES = {"e": "证据关", "p": "程序关", "y": "政策关"}
"""The three gates of the review (三查三把关): facts, procedure, policy."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the rules see it."""

    id: int
    number: str
    slot: str
    state: CaseState
    person_id: int | None
    channel: str
    text: str
    created_at: datetime
    kind: str | None = None
    topic: str | None = None
    place: str | None = None
    outcome: str | None = None
    lead: str | None = None
    co_handlers: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    assigned_by: str | None = None
    assigned_at: datetime | None = None
    due_on: str | None = None
    reply: str | None = None
    reply_message_id: int | None = None
    reply_delivery: str | None = None
    rating: int | None = None
    round: int = 1
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What comes with a step: who does it, why, and what it sets."""

    actor: str
    now: datetime
    department: str = ""  # the actor's own, for the role "dept"
    reason: str = ""
    kind: str = ""
    topic: str = ""
    place: str = ""
    lead: str = ""
    co_handlers: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()  # units that the text only seemed to accuse
    due: date | None = None
    today: date | None = None
    method: str = ""
    reply: str = ""
    gates: frozenset[str] = frozenset()
    failed_gate: str = ""
    rating: int | None = None
    outcome: str = ""
    where: str = ""  # where else a rejected matter belongs


class RuleBroken(Exception):
    """The table or a guard says no. `message` says why, `way_out` what to do."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message)
        self.message, self.way_out = message, way_out


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the table."""

    event: str
    source: CaseState | None
    target: CaseState
    roles: frozenset[str]
    guards: tuple[str, ...] = ()
    sms: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()  # fields of the case that the step's facts set


@dataclass(frozen=True, slots=True)
class Step:
    """What a transition does: the case after it, and the texts that the citizen gets."""

    transition: Transition
    case: Case
    sms: tuple[str, ...] = field(default=())


def _row(
    event: str,
    source: CaseState | None,
    target: CaseState,
    roles: str,
    guards: str = "",
    sms: str = "",
    sets: str = "",
) -> Transition:
    return Transition(
        event,
        source,
        target,
        frozenset(roles.split()),
        tuple(guards.split()),
        tuple(sms.split()),
        tuple(sets.split()),
    )


_S = CaseState
TRANSITIONS = (
    # event, from, to, who may, guards, texts to the citizen, what it sets
    _row("receive", None, _S.NEW, "gateway operator", sms="T1"),
    _row("accept", _S.NEW, _S.ACCEPTED, "operator", "classified", sets="kind topic place accused"),
    _row("answer_direct", _S.NEW, _S.REPLIED, "operator", "has_reply is_inquiry", "T6 T10", "kind reply"),
    _row("reject", _S.NEW, _S.REJECTED, "operator", "has_reason has_where", "T4"),
    _row(
        "assign",
        _S.ACCEPTED,
        _S.ASSIGNED,
        "operator",
        "has_lead accused_stays_out due_in_future",
        "T5",
        "lead co_handlers due assigned",
    ),
    _row(
        "reassign",
        _S.ASSIGNED,
        _S.ASSIGNED,
        "operator",
        "has_lead has_reason accused_stays_out due_in_future",
        "T5",
        "lead co_handlers due assigned_again",
    ),
    _row("sign", _S.ASSIGNED, _S.IN_PROGRESS, "dept operator", "own_department"),
    _row("progress", _S.IN_PROGRESS, _S.IN_PROGRESS, "dept operator", "own_department has_reason"),
    _row("report", _S.IN_PROGRESS, _S.REPORTED, "dept operator", "own_department has_reply", sets="reply outcome"),
    _row("send_back", _S.REPORTED, _S.IN_PROGRESS, "reviewer", "has_failed_gate has_reason", sets="round"),
    _row("approve", _S.REPORTED, _S.REPLIED, "reviewer", "not_the_assigner three_gates", "T6 T10"),
    _row("phone_reply", _S.REPORTED, _S.REPLIED, "operator", "reply_failed has_reason", sets="called"),
    _row("rate_ok", _S.REPLIED, _S.CLOSED, "citizen", "rated_well", "T11", "rating closed"),
    _row("rate_bad", _S.REPLIED, _S.DISSATISFIED, "citizen", "rated_badly", "T12", "rating"),
    _row("rate_timeout", _S.REPLIED, _S.CLOSED, "system", "answered fortnight_over", sets="closed"),
    _row("reply_undelivered", _S.REPLIED, _S.REPORTED, "system", "reply_failed"),
    _row(
        "uphold",
        _S.DISSATISFIED,
        _S.ASSIGNED,
        "reviewer",
        "has_reason has_lead accused_stays_out due_in_future",
        "T5",
        "round lead co_handlers due assigned",
    ),
    _row("explain", _S.DISSATISFIED, _S.CLOSED, "reviewer", "has_reason", "T13", "closed"),
    _row("thanks", _S.CLOSED, _S.CLOSED, "citizen"),
    _row("appeal", _S.REJECTED, _S.NEW, "citizen", "within_fortnight"),
)
"""The rows of the published state machine whose facts this version keeps; the others come with their facts."""


# ------------------------------------------------------------------------------------------------------------- guards

Guard = Callable[[Case, Facts, str], str]
"""(case, facts, role) -> why not, empty when it holds."""


def _needs(condition: Callable[[Case, Facts], object], why: str) -> Guard:
    return lambda case, facts, role: "" if condition(case, facts) else why


GUARDS: Mapping[str, Guard] = {
    "classified": _needs(lambda c, f: f.kind in KINDS, f"请注明类别,可选:{'、'.join(KINDS)}"),
    "is_inquiry": _needs(lambda c, f: f.kind == "咨询", "只有咨询可以直接答复,其他类别请受理后交办"),
    "has_reply": _needs(lambda c, f: f.reply.strip(), "请写明给群众的答复内容"),
    "has_reason": _needs(lambda c, f: f.reason.strip(), "请写明理由"),
    "has_where": _needs(lambda c, f: f.where.strip(), "请写明应向哪里反映"),
    "has_lead": _needs(lambda c, f: f.lead, "请指定主办单位"),
    "accused_stays_out": _needs(
        lambda c, f: not {f.lead, *f.co_handlers} & {*c.accused, *f.accused},
        "被反映的单位不能主办或协办本件",
    ),
    "due_in_future": _needs(lambda c, f: f.due and f.today and f.due > f.today, "办理期限应晚于今天"),
    "own_department": lambda c, f, role: (
        "" if role != "dept" or f.department in (c.lead, *c.co_handlers) else "本件不由本单位办理"
    ),
    "has_failed_gate": _needs(lambda c, f: f.failed_gate in GATES, "请注明哪一关未通过:e 证据、p 程序、y 政策"),
    "not_the_assigner": _needs(lambda c, f: f.actor != c.assigned_by, "交办人不能审核自己交办的件,请由他人审核"),
    "three_gates": _needs(lambda c, f: f.gates >= set(GATES), "三关(e 证据、p 程序、y 政策)都确认后才能审核通过"),
    "reply_failed": _needs(lambda c, f: c.reply_delivery == "undelivered", "答复短信没有送达失败,不需要电话答复"),
    "rated_well": _needs(lambda c, f: f.rating in (1, 2), "不是满意或基本满意"),
    "rated_badly": _needs(lambda c, f: f.rating == 3, "不是不满意"),
    "answered": _needs(lambda c, f: c.reply_delivery in ("delivered", "called"), "答复尚未送达,不能办结"),
    "fortnight_over": _needs(lambda c, f: f.reason, "评价期未满"),
    "within_fortnight": _needs(
        lambda c, f: c.closed_at is None or (f.now - c.closed_at).days <= 15, "已超过15日,不能再提异议"
    ),
}

# ------------------------------------------------------------------------------------------------------------- engine


def step(case: Case | None, event: str, role: str, facts: Facts) -> Step:
    """Move a case. Raises `RuleBroken` unless a row of the table allows it to this role with these facts."""
    state = None if case is None else case.state
    rows = [row for row in TRANSITIONS if row.event == event and row.source == state]
    if not rows:
        now = LABELS[state] if state is not None else "未登记"
        allowed = "、".join(sorted({row.event for row in TRANSITIONS if row.source == state and row.sms != ("T1",)}))
        raise RuleBroken(f"该件现在是“{now}”,不能执行 {event}", f"现在可以:{allowed or '无'}")
    row = rows[0]
    if role not in row.roles:
        raise RuleBroken(f"{role} 不能执行 {event}", f"应由 {'、'.join(sorted(row.roles))} 执行")
    assert case is not None or row.source is None  # noqa: S101 - the row was chosen by the state
    if case is None:
        raise RuleBroken("新件由登记产生", "")
    for name in row.guards:
        why = GUARDS[name](case, facts, role)
        if why:
            raise RuleBroken(why)
    return Step(row, _changed(case, row, facts), row.sms)


_SETTERS: Mapping[str, Callable[[Case, Facts], dict[str, Any]]] = {
    "kind": lambda c, f: {"kind": f.kind},
    "topic": lambda c, f: {"topic": f.topic or c.topic},
    "place": lambda c, f: {"place": f.place or c.place},
    "accused": lambda c, f: {"accused": tuple(sorted({*c.accused, *f.accused} - {*f.cleared}))},
    "lead": lambda c, f: {"lead": f.lead},
    "co_handlers": lambda c, f: {"co_handlers": f.co_handlers},
    "due": lambda c, f: {"due_on": f.due.isoformat() if f.due else None},
    "assigned": lambda c, f: {"assigned_by": f.actor, "assigned_at": f.now},
    "assigned_again": lambda c, f: {"assigned_by": f.actor},  # the clock of the case does not start again
    "reply": lambda c, f: {"reply": f.reply.strip(), "reply_delivery": None, "reply_message_id": None},
    "outcome": lambda c, f: {"outcome": f.outcome or c.outcome},
    "round": lambda c, f: {"round": c.round + 1},
    "called": lambda c, f: {"reply_delivery": "called"},
    "rating": lambda c, f: {"rating": f.rating},
    "closed": lambda c, f: {"closed_at": f.now},
}


def _changed(case: Case, row: Transition, facts: Facts) -> Case:
    changes: dict[str, Any] = {"state": row.target}
    for name in row.sets:
        changes |= _SETTERS[name](case, facts)
    if row.event == "reject":
        changes["closed_at"] = facts.now
    return replace(case, **changes)
