"""The life of a case as one table: who may do what, when, and what the citizen is told.

A case moves along a row of `TRANSITIONS` or not at all: `routing/steps.py` moves it, the guards that a row names stand
in `routing/guards.py`. Kind, outcome, rating, supervision, shield, round and the fate of the reply stand beside the
state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Final


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
ROLES = {
    "gateway": "网关",
    "citizen": "群众",
    "system": "系统",
    "operator": "沟通办操作员",
    "reviewer": "审核员",
    "director": "沟通办主任",
    "leader": "县领导",
    "supervisor": "督查室",
    "dept": "承办单位信息员",
    "head": "承办单位分管领导",
}
OVER = frozenset({CaseState.CLOSED, CaseState.MERGED, CaseState.REJECTED})
SMS, INTERNAL = "sms", "internal"
"""Channels that the system itself uses: a citizen's text, a task of the office (config/channels.toml)."""
TASK = "任务"
"""The kind of what the office gives a unit to do: only in the channel `internal`, and everything there is one."""
BY_HAND = "by_hand"
"""Fate of a reply to somebody without a phone: to be told on the way the matter came, and not told yet."""
KINDS = ("咨询", "求助", "投诉", "举报", "建议", "感谢")
OUTCOMES = ("已解决", "部分解决", "已解释", "已采用", "部分采用", "未采用", "留存", "不属实")
"""How a matter ended. Which count as solved and as adopted says config/evaluation.toml, which may name others."""
URGENCIES = {"normal": "一般", "urgent": "急", "emergency": "特急"}
SHIELDS = {1: "一般(承办单位只见化名)", 2: "保密(操作员也只见化名)"}
SUPERVISIONS = ("日常督办", "重点督办", "年终考核")
"""Kinds of supervision (督办). The first is the usual one, and that of what is supervised by rule."""
GATES = {"e": "证据关", "p": "程序关", "y": "政策关"}
"""The three gates of the review (三查三把关): facts, procedure, policy."""
ANSWERED = frozenset({"delivered", "called", "confirmed"})
"""Fates of a reply with which a case may close: delivered, told by phone, or answered by the citizen themself."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the rules see it. The first seven fields never change; history tells how the others came about."""

    id: int
    number: str
    slot: str
    person_id: int | None
    channel: str
    text: str
    created_at: datetime
    state: CaseState = CaseState.NEW
    since: datetime | None = None  # when its present holder got it
    kind: str | None = None
    topic: str | None = None
    place: str | None = None
    urgency: str = "normal"
    shield: int = 1
    incomplete: bool = False  # 信息不全: was asked and did not answer
    leader_kind: str | None = None  # one of the kinds that a leader decides in person (亲自批转)
    instruction: str | None = None  # 批示
    accused: tuple[str, ...] = ()
    lead: str | None = None
    co_handlers: tuple[str, ...] = ()
    method: str | None = None
    orders: int = 0  # written assignments (交办单) so far
    assigners: tuple[str, ...] = ()  # who assigned it in this round: none of them may approve
    assigned_at: datetime | None = None  # the case's clock runs from here, signed or not
    due_on: str | None = None
    ruled: bool = False  # a return was refused: the ruling is final (审定)
    returns: int = 0
    extensions: int = 0
    review_on: str | None = None  # when a suspended case is looked at again
    supervision: str | None = None  # why it is supervised (督办); None: it is not
    supervision_kind: str | None = None  # one of SUPERVISIONS; None: the usual one
    full_watch: str | None = None  # why every step is shown to the supervisor (全程督办); None: it is not
    outcome: str | None = None
    reply: str | None = None
    reply_message_id: int | None = None
    reply_delivery: str | None = None  # pending | undelivered | BY_HAND | one of ANSWERED
    survey: str | None = None  # queued | open | done; at most one is open for a person
    surveyed_at: datetime | None = None
    rating: int | None = None  # 1 satisfied, 2 basically, 3 not; None is "not rated", never "satisfied"
    round: int = 1
    recurrences: int = 0
    appeals: int = 0
    master_id: int | None = None
    closed_at: datetime | None = None


KEPT = tuple(one.name for one in fields(Case))[7:]
"""The fields that steps and notes change, in order."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What comes with a step: who does it, why, and what it sets. Dates are the office's."""

    actor: str
    now: datetime
    today: date | None = None
    period_ends: date | None = None  # last day of the period in working days that the row's guard speaks of
    red: bool = False  # the case's lamp, by its clock
    department: str = ""  # the actor's own, for the roles of units
    reason: str = ""
    code: str = ""  # of a refusal, a return, a cause: config/cases.toml
    basis: str = ""  # the rule or paper that is cited
    question: str = ""
    kind: str = ""
    topic: str = ""
    place: str = ""
    urgency: str = ""
    shield: int = 0
    leader_kind: str = ""
    instruction: str = ""
    accused: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()  # units that the text only seemed to accuse
    lead: str = ""
    co_handlers: tuple[str, ...] = ()
    method: str = ""
    due: date | None = None
    computed: bool = False  # the calendar gave that date, nobody ordered it
    review_on: date | None = None
    reply: str = ""
    outcome: str = ""
    signed_by: str = ""  # the head of the unit who signed the report
    evidence: tuple[str, ...] = ()  # names of papers and pictures that lie with the report
    gates: frozenset[str] = frozenset()
    failed_gate: str = ""
    rating: int | None = None
    where: str = ""  # where else a rejected matter belongs
    master: Case | None = None
    proposed_by: str = ""  # who proposed what now somebody else decides
    asked_on: date | None = None  # when an extension was asked for
    tell: bool = False  # the citizen is told although they need not be
    kb: int = 0  # number of the ready answer that was given (config/answers.toml)
    seconds: float = 0.0  # how long the operator had the case before them on the triage screen


class RuleBroken(Exception):
    """The table or a guard says no. `message` says why, `way_out` what to do."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message)
        self.message, self.way_out = message, way_out


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the table."""

    event: str
    label: str
    source: CaseState | None
    target: CaseState
    roles: frozenset[str]
    guards: tuple[str, ...]
    sms: tuple[str, ...]  # a text whose name ends in "?" goes only when somebody wants it told
    sets: tuple[str, ...]  # names of setters, in their order


def _row(
    event: str,
    label: str,
    source: CaseState | None,
    target: CaseState,
    roles: str,
    guards: str = "",
    sms: str = "",
    sets: str = "",
) -> Transition:
    names = (tuple(given.split()) for given in (guards, sms, sets))
    return Transition(event, label, source, target, frozenset(roles.split()), *names)


_S: Final = CaseState
_UNIT = "dept head operator"  # an operator enters what a unit without a computer sends on paper
TRANSITIONS = (
    # event, what it is called, from, to, who may, guards, texts to the citizen, what it sets
    _row("receive", "登记", None, _S.NEW, "gateway operator", sms="T1"),
    _row("ask_info", "请补充", _S.NEW, _S.NEED_INFO, "operator", "has_question", "T2"),
    _row("info_in", "补充", _S.NEED_INFO, _S.NEW, "citizen operator", "has_reason", sets="complete"),
    _row("info_timeout", "逾期未补充", _S.NEED_INFO, _S.NEW, "system", "period_over", sets="incomplete"),
    _row("accept", "受理", _S.NEW, _S.ACCEPTED, "operator", "classified", sets="classified"),
    _row(
        "answer_direct",
        "直接答复",
        _S.NEW,
        _S.REPLIED,
        "operator",
        "is_inquiry not_for_leader has_reply",
        "T6 T10",
        "kind reply",
    ),
    _row("merge", "并案", _S.NEW, _S.MERGED, "operator", "has_master", "T3", "master closed"),
    _row("reject", "不予受理", _S.NEW, _S.REJECTED, "reviewer", "two_persons coded_refusal", "T4", "closed"),
    _row("refer_leader", "呈领导批示", _S.ACCEPTED, _S.AWAIT_LEADER, "operator system", "has_reason"),
    _row(
        "instruct",
        "批示交办",
        _S.AWAIT_LEADER,
        _S.ASSIGNED,
        "leader",
        "has_instruction new_order",
        "T5",
        "instruction ordered",
    ),
    _row("delegate", "授权交办", _S.AWAIT_LEADER, _S.ASSIGNED, "director", "period_over new_order", "T5", "ordered"),
    _row("assign", "交办", _S.ACCEPTED, _S.ASSIGNED, "operator", "not_for_leader new_order", "T5", "ordered"),
    _row("sign", "签收", _S.ASSIGNED, _S.IN_PROGRESS, _UNIT, "leads"),
    _row("deemed_signed", "视同签收", _S.ASSIGNED, _S.IN_PROGRESS, "system", "period_over"),
    _row("request_return", "申请退单", _S.ASSIGNED, _S.RETURN_REQ, "dept head", "leads coded_return in_period"),
    _row("request_return", "申请退单", _S.IN_PROGRESS, _S.RETURN_REQ, "head", "leads coded_return has_reason"),
    _row("return_ok", "同意退单", _S.RETURN_REQ, _S.ACCEPTED, "reviewer", "has_reason returns_left", sets="returned"),
    _row("return_no", "不同意退单", _S.RETURN_REQ, _S.ASSIGNED, "reviewer director", "has_basis", sets="ruled"),
    _row("reassign", "改派", _S.ASSIGNED, _S.ASSIGNED, "operator", "not_for_leader reorder", sets="reordered"),
    _row("reassign", "改派", _S.IN_PROGRESS, _S.ASSIGNED, "reviewer", "reorder", sets="reordered"),
    _row(
        "extend_ok",
        "同意延期",
        _S.IN_PROGRESS,
        _S.IN_PROGRESS,
        "director leader",
        "in_time later_date first_or_leader",
        "T7",
        "extended",
    ),
    _row("progress", "进展", _S.IN_PROGRESS, _S.IN_PROGRESS, _UNIT, "handles has_reason", "T8?"),
    _row("suspend", "挂账", _S.IN_PROGRESS, _S.SUSPENDED, "leader", "coded_cause review_in_90_days", "T9", "review"),
    _row("resume", "恢复办理", _S.SUSPENDED, _S.IN_PROGRESS, "system director", "review_reached", sets="reviewed"),
    _row("report", "反馈", _S.IN_PROGRESS, _S.REPORTED, _UNIT, "leads has_reply signed", sets="reply outcome"),
    _row("report_for", "代为反馈", _S.IN_PROGRESS, _S.REPORTED, "supervisor", "red has_reply", sets="reply outcome"),
    _row("send_back", "退回重办", _S.REPORTED, _S.IN_PROGRESS, "reviewer", "a_gate_failed has_reason", sets="round"),
    _row("approve", "审核通过", _S.REPORTED, _S.REPLIED, "reviewer", "not_the_assigner three_gates", "T6 T10"),
    _row("phone_reply", "电话答复", _S.REPORTED, _S.REPLIED, "operator", "reply_failed has_reason", "T10", "called"),
    _row("rate_ok", "满意", _S.REPLIED, _S.CLOSED, "citizen", "rated_well", "T11", "rating closed"),
    _row("rate_bad", "不满意", _S.REPLIED, _S.DISSATISFIED, "citizen", "rated_badly", "T12", "rating"),
    _row("rate_timeout", "未评价办结", _S.REPLIED, _S.CLOSED, "system", "answered fortnight_over", sets="asked closed"),
    _row("reply_undelivered", "答复未送达", _S.REPLIED, _S.REPORTED, "system", "reply_failed", sets="unasked"),
    _row(
        "uphold", "重办", _S.DISSATISFIED, _S.ASSIGNED, "reviewer", "has_reason new_order", "T5", "again ordered redone"
    ),
    _row("explain", "复核说明", _S.DISSATISFIED, _S.CLOSED, "director", "two_persons explained", "T13", "closed"),
    _row(
        "recur",
        "再次发生",
        _S.CLOSED,
        _S.ASSIGNED,
        "operator citizen",
        "in_30_days as_the_leader_ordered new_order",
        "T5",
        "again ordered recurred",
    ),
    _row("thanks", "感谢", _S.CLOSED, _S.CLOSED, "citizen"),
    _row("unmerge", "撤销并案", _S.MERGED, _S.NEW, "reviewer", "has_reason", sets="unmerged"),
    _row("appeal", "异议", _S.REJECTED, _S.NEW, "citizen", "in_15_days first_appeal", sets="appealed"),
)
"""Every way a case can move. `receive` opens it."""

PROPOSERS: Mapping[str, frozenset[str]] = {
    "reject": frozenset({"operator"}),
    "explain": frozenset({"reviewer"}),
    "extend_ok": frozenset({"dept", "head", "operator"}),
    "report": frozenset({"dept"}),  # by text: the liaison drafts, the head signs
}
"""Steps that one person proposes and another decides: who proposes."""
PROPOSALS = {"reject": "提出不予受理", "explain": "提出复核说明", "extend_ok": "申请延期", "report": "拟反馈,待签发"}
"""What proposing them is called."""

PERIODS: Mapping[tuple[str, CaseState], int | None] = {
    ("info_timeout", _S.NEED_INFO): 5,
    ("deemed_signed", _S.ASSIGNED): None,  # [ladder] deemed_signed
    ("request_return", _S.ASSIGNED): 1,
    ("delegate", _S.AWAIT_LEADER): None,  # [waiting] await_leader
}
"""Periods of the guards `period_over` and `in_period`, in working days since the case came into its state.

None where config/deadlines.toml says how many (`gateway.casebook.Desk.period`).
"""

EVENTS = {row.event: row.label for row in TRANSITIONS}
COMMANDS = {event: event.replace("_", "-") for event in EVENTS} | {
    "ask_info": "ask",
    "info_in": "info",
    "answer_direct": "answer",
    "refer_leader": "refer",
    "request_return": "return",
    "extend_ok": "extend",
    "phone_reply": "phone",
}
"""How the office commands a step: `xinqiao case ask`."""
NOBODYS = frozenset({"citizen", "system", "gateway"})
"""Roles of the table that nobody of the office can play."""


def rows_from(state: CaseState | None, event: str | None = None) -> tuple[Transition, ...]:
    """The rows that leave a state, or those of one event."""
    return tuple(row for row in TRANSITIONS if row.source == state and event in (None, row.event))
