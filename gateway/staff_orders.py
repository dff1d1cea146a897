"""The orders of the office's people carried out at the case desk: each is one step, and says what was done.

Raises `Refused` with what is wrong, in words that fit a text; what was begun is then undone by the caller.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway import case_desk, staff_codes, staff_mail, zero_reports
from gateway.case_ladder import Post
from gateway.casebook import Desk
from gateway.errors import Refused
from gateway.sight import sealed
from gateway.staff_codes import Purpose
from routing import staff, store
from routing.cases import LABELS, Case, CaseState, Facts
from routing.departments import StaffPost
from routing.staff import Order, Verb

LABEL = {
    Verb.SIGN: "签收",
    Verb.RETURN: "退单",
    Verb.PROGRESS: "记进展",
    Verb.REPORT: "反馈",
    Verb.CODE: "重发验证码",
    Verb.AGREE: "签发",
    Verb.DISAGREE: "退回重拟",
    Verb.INSTRUCT: "批示",
    Verb.ZERO: "零报告",
}


@dataclass(frozen=True, slots=True)
class Task:
    """An order with everything that is known about it before it is carried out."""

    tx: sa.Connection
    desk: Desk
    post: Post
    order: Order
    case: Case
    holder: StaffPost
    now: datetime

    def facts(self, **given: Any) -> Facts:
        """What comes with the step: the post as its actor, its unit."""
        unit = "" if self.holder.role == "leader" else self.holder.whose
        return Facts(f"{self.holder.title}(短信)", self.now, department=unit, **given)

    def done(self, said: str) -> str:
        """The answer to an order that was carried out."""
        return self.desk.texts.fitted("U6", "done", no=self.case.number, done=said)


def new_code(task: Task) -> str:
    """A fresh code for the unit, with its case, in the place of the one before."""
    tx, case_id, unit = task.tx, task.case.id, task.holder.whose
    told_for = staff_codes.told_for(tx, case_id, unit, Purpose.HANDLE)
    code = staff_codes.issue(tx, task.post.vault, case_id, unit, Purpose.HANDLE, told_for, task.now)
    return f"{task.case.number}验证码{code}。"


def _sign(task: Task) -> str:
    after = case_desk.sign(task.tx, task.desk, task.case.number, task.holder.role, task.facts())
    who = "已签收" if task.holder.whose == after.lead else "协办已签收"
    return task.done(f"{who},{staff_mail.day(after.due_on)}前反馈")


def _progress(task: Task) -> str:
    if task.case.state is CaseState.ASSIGNED and task.holder.whose == task.case.lead:
        raise Refused(f"{task.case.number}还没有签收,请先回复QS{task.case.number}")
    facts = task.facts(reason=task.order.words)
    case_desk.act(task.tx, task.desk, task.case.number, "progress", task.holder.role, facts)
    return task.done("进展已记下")


def _return(task: Task) -> str:
    returns = task.desk.codes.returns
    if task.order.reason not in returns:
        listed = ";".join(f"{code}{words}" for code, words in returns.items())
        raise Refused(f"{task.case.number}:请写明退单的原因代码:{listed}")
    facts = task.facts(code=task.order.reason, basis=task.order.words, reason=task.order.words)
    case_desk.act(task.tx, task.desk, task.case.number, "request_return", task.holder.role, facts)
    staff_codes.end(task.tx, task.case.id, task.now, Purpose.HANDLE, task.holder.whose)
    return task.done("已申请退单,待沟通办审定,期限照算")


def _report(task: Task) -> str:
    """The head's word is the unit's report, a co-handler's goes to the lead; a liaison's waits for the head."""
    case, unit, words = task.case, task.desk.departments.find(task.holder.whose), task.order.words
    if sealed(case):
        raise Refused(f"{case.number}是保密件,不能用短信反馈,请将书面材料送沟通办")
    if not words:
        raise Refused(f"{case.number}:请在验证码后写明办理结果,即给群众的答复")
    facts = task.facts(reply=words, outcome="已解决", reason=words)
    staff_codes.end(task.tx, case.id, task.now, Purpose.HANDLE, task.holder.whose)
    if task.holder.whose != case.lead:
        case_desk.report(task.tx, task.desk, case.number, task.holder.role, facts)
        return task.done("协办结果已记下")
    if task.holder.role == "head":
        case_desk.report(task.tx, task.desk, case.number, "head", facts)
        return task.done("已反馈沟通办,待审核")
    if case.state is CaseState.ASSIGNED:
        case_desk.sign(task.tx, task.desk, case.number, "dept", task.facts(reason="随反馈一并签收"))
    after = case_desk.propose(task.tx, task.desk, case.number, "report", "dept", facts)
    if unit is not None and staff_mail.to_sign(task.tx, task.desk, task.post, after, unit, words, task.now):
        return task.done("已报分管领导签发,签发后即反馈沟通办")
    leader = unit.leader if unit else "分管领导"
    said = f"{case.number}反馈已拟好,须由{leader}签发;其手机未登记,请其在系统中签发,或将签字件送沟通办。"
    return task.desk.texts.fitted("U7", "text", text=said)


def _code_again(task: Task) -> str:
    return task.desk.texts.fitted("U7", "text", text=new_code(task))


def _agree(task: Task) -> str:
    _still_proposed(task)
    case_desk.report(task.tx, task.desk, task.case.number, "head", task.facts())
    staff_codes.end(task.tx, task.case.id, task.now, Purpose.SIGN)
    return task.done("已签发,待沟通办审核")


def _disagree(task: Task) -> str:
    _still_proposed(task)
    if not task.order.words:
        raise Refused(f"{task.case.number}:请在验证码后写明意见")
    facts = task.facts()
    case_desk.decline(task.tx, task.case.number, "head", facts.actor, task.order.words, task.now, "report")
    staff_codes.end(task.tx, task.case.id, task.now, Purpose.SIGN)
    return task.done("已退回信息员重拟")


def _still_proposed(task: Task) -> None:
    """What was to be signed may have moved on meanwhile: then there is nothing to sign."""
    if case_desk.proposed(store.timeline(task.tx, task.case.id), "report") is None:
        raise Refused(f"{task.case.number}现在是“{LABELS[task.case.state]}”,已没有待签发的反馈")


def _instruct(task: Task) -> str:
    units, meant, words = staff.units_of(task.order.words, task.desk.departments)
    if not units:
        choices = "、".join(one.name for one in meant[:8])
        said = f"是哪个单位?可能是:{choices}" if choices else "请写明由哪个单位办理"
        raise Refused(f"{task.case.number}:{said}。请重发:批{task.case.number}+码+单位+意见")
    if not words:
        raise Refused(f"{task.case.number}:请在单位后写明批示意见")
    lead, *others = (unit.name for unit in units)
    facts = task.facts(lead=lead, co_handlers=tuple(others), instruction=words, reason=words)
    after = case_desk.act(task.tx, task.desk, task.case.number, "instruct", "leader", facts)
    staff_codes.end(task.tx, after.id, task.now, Purpose.INSTRUCT)
    return task.done(f"已批示,交{lead}办理,{staff_mail.day(after.due_on)}前反馈")


def zero(tx: sa.Connection, desk: Desk, posts: Sequence[StaffPost], order: Order, now: datetime) -> str:
    """The units of these posts confirm the month that has ended. The answer."""
    matters = zero_reports.matters_of(order.words)
    month = zero_reports.ended_month(desk.today(now))
    names = tuple(dict.fromkeys(one.whose for one in posts))
    if matters and len(names) > 1:
        raise Refused(f"这个号码是{'、'.join(names)}几家的,件数请由沟通办分别登记")
    for one in posts:
        zero_reports.confirm(tx, one.whose, month, matters, "text", f"{one.title}(短信)", now)
    said = "无情况" if not matters else f"{matters}件"
    return desk.texts.fitted("U7", "text", text=f"已记下{'、'.join(names)}{int(month[5:])}月零报告:{said}。")


CARRIED_OUT: Mapping[Verb, Callable[[Task], str]] = {
    Verb.SIGN: _sign,
    Verb.RETURN: _return,
    Verb.PROGRESS: _progress,
    Verb.REPORT: _report,
    Verb.CODE: _code_again,
    Verb.AGREE: _agree,
    Verb.DISAGREE: _disagree,
    Verb.INSTRUCT: _instruct,
}
