"""What must hold before a case takes a row of the table: each guard says why not, or nothing.

Guards are named in `routing/cases.py`; the rules are those of the state machine's table (12345 practice), rule (3) that
who assigned does not approve, rule (4) that nothing closes unanswered.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from routing.cases import (
    ANSWERED,
    GATES,
    INTERNAL,
    KINDS,
    LABELS,
    OVER,
    SHIELDS,
    TASK,
    URGENCIES,
    Case,
    CaseState,
    Facts,
)

Guard = Callable[[Case, Facts, str], str]
"""(case, facts, role) -> why not, empty when it holds."""

RATED_WITHIN = timedelta(days=14)
APPEALED_WITHIN = timedelta(days=15)
RECURS_WITHIN = timedelta(days=30)
MERGED_WITHIN = timedelta(days=90)  # after a master was closed
REVIEWED_WITHIN = timedelta(days=90)
RETURNS = 2  # as many returns may be granted in a round
EXTENSIONS = 1  # as many by the director; more by a leader


def _needs(condition: Callable[[Case, Facts], object], why: str) -> Guard:
    return lambda case, facts, role: "" if condition(case, facts) else why


def _classified(case: Case, facts: Facts, role: str) -> str:
    if case.channel == INTERNAL:
        if facts.kind != TASK:
            return f"工作任务的类别只能是{TASK}"
    elif facts.kind not in KINDS:
        return f"请注明类别,可选:{'、'.join(KINDS)}"
    if facts.urgency and facts.urgency not in URGENCIES:
        return f"没有这样的缓急程度,可选:{'、'.join(URGENCIES)}"
    if facts.shield and facts.shield not in SHIELDS:
        return f"没有这样的保密级别,可选:{'、'.join(map(str, SHIELDS))}"
    return ""


def _order(case: Case, facts: Facts, role: str) -> str:
    """A written assignment: one lead, its co-handlers, a date, and none of them accused."""
    units = (facts.lead, *facts.co_handlers)
    if not facts.lead:
        return "请指定主办单位"
    if len(set(units)) != len(units):
        return "同一单位不能既主办又协办,也不能列两次"
    if {*units} & {*case.accused, *facts.accused}:
        return "被反映的单位不能主办或协办本件"
    return "" if facts.due or case.due_on else "请写明办理期限"


def _new_order(case: Case, facts: Facts, role: str) -> str:
    """With a deadline to come. After a return the clock runs on, so the old one holds where no other is ordered."""
    due = facts.due or (date.fromisoformat(case.due_on) if case.due_on else None)
    ahead = due and facts.today and due > facts.today
    return _order(case, facts, role) or ("" if ahead else f"办理期限({due})应晚于今天,请另行写明")


def _reorder(case: Case, facts: Facts, role: str) -> str:
    """Another unit does not make another deadline: the case's clock runs on."""
    if not facts.reason.strip():
        return "请写明改派的理由"
    later = facts.due and case.due_on and facts.due > date.fromisoformat(case.due_on)
    return f"改派不重新计时,期限仍为 {case.due_on};确需延期请另行申请" if later else _order(case, facts, role)


def _has_master(case: Case, facts: Facts, role: str) -> str:
    master = facts.master
    if master is None or master.id == case.id:
        return "请指明并入哪一件"
    if master.state in (CaseState.MERGED, CaseState.REJECTED):
        return f"{master.number} 是“{LABELS[master.state]}”,不能作为主件"
    if master.state in OVER and master.closed_at and facts.now - master.closed_at >= MERGED_WITHIN:
        return f"{master.number} 办结已满90日,请按新件受理"
    if case.leader_kind and not master.leader_kind:
        return f"本件须由领导亲自批转({case.leader_kind}),不能并入由单位办理的 {master.number};确不属此列的,受理时写明"
    return ""


def _as_the_leader_ordered(case: Case, facts: Facts, role: str) -> str:
    """What a leader decided comes back to the units that the leader chose: another choice is the leader's."""
    same = facts.lead == case.lead and set(facts.co_handlers) == set(case.co_handlers)
    return "" if same or not case.leader_kind else "本件由领导亲自批转,再次发生仍由原单位办理,改换单位须由领导决定"


def _coded_return(case: Case, facts: Facts, role: str) -> str:
    if case.ruled:
        return "退单已经审定,不能再退"
    return "" if facts.code and facts.basis.strip() else "请注明退单原因代码和依据"


def _not_the_assigner(case: Case, facts: Facts, role: str) -> str:
    return "交办人不能审核自己交办的件,请由他人审核" if facts.actor in case.assigners else ""


def _leads(case: Case, facts: Facts, role: str) -> str:
    return "" if role == "operator" or facts.department == case.lead else "本件不由本单位主办"


def _handles(case: Case, facts: Facts, role: str) -> str:
    return "" if role == "operator" or facts.department in (case.lead, *case.co_handlers) else "本件不由本单位办理"


def _two_persons(case: Case, facts: Facts, role: str) -> str:
    if not facts.proposed_by:
        return "须由一人提出、另一人决定,还没有人提出"
    return "提出人不能自己决定,请由他人决定" if facts.proposed_by == facts.actor else ""


def _asked_in_time(case: Case, facts: Facts, role: str) -> str:
    if not facts.reason.strip():
        return "请写明延期的理由"
    asked = facts.asked_on or facts.today
    late = case.due_on is None or asked is None or asked > date.fromisoformat(case.due_on)
    return "延期须在期限届满前申请" if late else ""


def _later_date(case: Case, facts: Facts, role: str) -> str:
    ahead = facts.due and facts.today and facts.due > facts.today
    later = facts.due and (case.due_on is None or facts.due > date.fromisoformat(case.due_on))
    return "" if ahead and later else "新的期限应晚于今天和原期限"


def _review_in_90_days(case: Case, facts: Facts, role: str) -> str:
    if not facts.review_on or not facts.today:
        return "请写明下次复查日期"
    return "" if timedelta(0) < facts.review_on - facts.today <= REVIEWED_WITHIN else "复查日期应在今后90日以内"


def _review_reached(case: Case, facts: Facts, role: str) -> str:
    """The day has come, or the director says why the cause is gone."""
    if role != "system":
        return "" if facts.reason.strip() else "请写明挂账原因如何消除"
    reached = case.review_on and facts.today and facts.today >= date.fromisoformat(case.review_on)
    return "" if reached else f"复查日期({case.review_on})未到"


def _fortnight_over(case: Case, facts: Facts, role: str) -> str:
    """The fortnight runs from the survey: one that waits its turn was not asked yet, and who has no phone never is."""
    if case.person_id is None:
        return ""
    asked = max(filter(None, (case.since, case.surveyed_at)), default=None)
    waiting = case.survey == "queued" or asked is None or facts.now - asked < RATED_WITHIN
    return "评价期未满" if waiting else ""


def _red(case: Case, facts: Facts, role: str) -> str:
    """Supervised, and the unit silent until the red lamp."""
    if not case.supervision:
        return "只有已督办的件可以代为反馈"
    if not facts.red:
        return "还没有亮红灯,仍由承办单位反馈"
    return "" if facts.reason.strip() else "请写明为什么代为反馈"


def _within(period: timedelta, why: str) -> Guard:
    return lambda case, facts, role: why if case.closed_at is not None and facts.now - case.closed_at > period else ""


GUARDS: Mapping[str, Guard] = {
    "has_reason": _needs(lambda c, f: f.reason.strip(), "请写明理由"),
    "has_basis": _needs(lambda c, f: f.basis.strip(), "请写明依据"),
    "has_question": _needs(lambda c, f: f.question.strip(), "请写明要补充什么"),
    "has_reply": _needs(lambda c, f: f.reply.strip(), "请写明给群众的答复内容"),
    "has_instruction": _needs(lambda c, f: f.instruction.strip(), "请写明批示内容"),
    "explained": _needs(lambda c, f: f.reason.strip() and f.basis.strip(), "请写明复核说明和依据"),
    "has_master": _has_master,
    "classified": _classified,
    "is_inquiry": _needs(lambda c, f: f.kind == "咨询", "只有咨询可以直接答复,其他类别请受理后交办"),
    "coded_refusal": _needs(lambda c, f: f.code and f.reason and f.where, "请注明不予受理的原因代码和应向哪里反映"),
    "coded_return": _coded_return,
    "coded_cause": _needs(lambda c, f: f.code and f.reason.strip(), "请注明挂账原因代码"),
    "two_persons": _two_persons,
    "new_order": _new_order,
    "reorder": _reorder,
    "not_for_leader": _needs(lambda c, f: not c.leader_kind, "本件须由领导亲自批转,请呈领导批示"),
    "as_the_leader_ordered": _as_the_leader_ordered,
    "leads": _leads,
    "handles": _handles,
    "signed": lambda c, f, role: "" if role == "head" or f.signed_by.strip() else "请写明签发的单位分管领导",
    "period_over": _needs(lambda c, f: f.today and f.period_ends and f.today > f.period_ends, "规定的工作日未满"),
    "in_period": _needs(lambda c, f: f.today and f.period_ends and f.today <= f.period_ends, "已过规定的工作日"),
    "returns_left": _needs(lambda c, f: c.returns < RETURNS, f"已退单{RETURNS}次,请审定承办单位"),
    "in_time": _asked_in_time,
    "later_date": _later_date,
    "first_or_leader": lambda c, f, role: (
        "" if c.extensions < EXTENSIONS or role == "leader" else "已延期一次,再延期须由领导批准"
    ),
    "review_in_90_days": _review_in_90_days,
    "review_reached": _review_reached,
    "red": _red,
    "a_gate_failed": _needs(lambda c, f: f.failed_gate in GATES, "请注明哪一关未通过:e 证据、p 程序、y 政策"),
    "not_the_assigner": _not_the_assigner,
    "three_gates": _needs(lambda c, f: f.gates >= set(GATES), "三关(e 证据、p 程序、y 政策)都确认后才能审核通过"),
    "reply_failed": _needs(lambda c, f: c.reply_delivery == "undelivered", "答复短信没有送达失败,不需要电话答复"),
    "rated_well": _needs(lambda c, f: f.rating in (1, 2), "不是满意或基本满意"),
    "rated_badly": _needs(lambda c, f: f.rating == 3, "不是不满意"),
    "answered": _needs(lambda c, f: c.reply_delivery in ANSWERED, "答复尚未送达,不能办结"),
    "fortnight_over": _fortnight_over,
    "in_30_days": _within(RECURS_WITHIN, "办结已超过30日,请按新件受理"),
    "in_15_days": _within(APPEALED_WITHIN, "已超过15日,不能再提异议"),
    "first_appeal": _needs(lambda c, f: c.appeals == 0, "只能提一次异议"),
}
