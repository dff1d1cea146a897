"""What a text from somebody of the office does: the order carried out at the case desk, and the one answer it gets.

All through `gateway/case_desk.py`, in the role of the post whose number it is: a text can do what its sender may do, no
more. A sender's number can be forged, so what leaves the unit (report, return, signature, instruction) wants the code
that went to the real phone. Signing for a case and telling how it goes do not: they move nothing outward, the office
sees who is said to have done them, and the answer goes to the real phone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog

from gateway import case_desk, case_texts, staff_codes, staff_mail, zero_reports
from gateway.case_ladder import Post
from gateway.casebook import Desk
from gateway.errors import Refused
from gateway.staff_codes import Live, Purpose
from routing import numbers, staff, store
from routing.cases import LABELS, Case, CaseState, Facts
from routing.departments import StaffPost
from routing.inbound import Decision, DecisionKind
from routing.staff import CODED, Order, Verb
from routing.tables import case_event

log = structlog.get_logger("staff")

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
UNIT = frozenset({"dept", "head"})
MAY: Mapping[Verb, frozenset[str]] = {
    **dict.fromkeys((Verb.SIGN, Verb.RETURN, Verb.PROGRESS, Verb.REPORT, Verb.CODE, Verb.ZERO), UNIT),
    **dict.fromkeys((Verb.AGREE, Verb.DISAGREE), frozenset({"head"})),
    Verb.INSTRUCT: frozenset({"leader"}),
}
"""Which posts may order what. The table of cases has the last word."""
PURPOSES = {Verb.AGREE: Purpose.SIGN, Verb.DISAGREE: Purpose.SIGN, Verb.INSTRUCT: Purpose.INSTRUCT}
_OPEN = (CaseState.ASSIGNED, CaseState.IN_PROGRESS)
WAITS: Mapping[Verb, tuple[CaseState, ...]] = {
    Verb.SIGN: _OPEN[:1],
    Verb.RETURN: _OPEN,
    Verb.PROGRESS: _OPEN[1:],
    Verb.REPORT: _OPEN,
    Verb.CODE: _OPEN,
}
"""Where a unit's case stands when it waits for an order. A co-handling unit signs also after the lead did."""
NOT_YOURS = "没有这一件,或不由本单位办理"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who texts: a number of the office, with the posts it stands for."""

    person_id: int
    posts: tuple[StaffPost, ...]


@dataclass(frozen=True, slots=True)
class _Task:
    """An order with everything that is known about it before it is carried out."""

    tx: sa.Connection
    desk: Desk
    post: Post
    order: Order
    case: Case
    holder: StaffPost
    now: datetime

    def facts(self, **given: object) -> Facts:
        """What comes with the step: the post as its actor, its unit."""
        unit = "" if self.holder.role == "leader" else self.holder.whose
        return Facts(f"{self.holder.title}(短信)", self.now, department=unit, **given)  # type: ignore[arg-type]

    def done(self, said: str) -> str:
        """The answer to an order that was carried out."""
        return self.desk.texts.fitted("U6", "done", no=self.case.number, done=said)


def hear(
    tx: sa.Connection, desk: Desk, post: Post, caller: Caller, text_id: int, words: str, now: datetime
) -> str | None:
    """Carry out what a text orders. The answer; None for a text that is none of the office's business."""
    order = staff.read(words, desk.prefix)
    posts = () if order is None else tuple(one for one in caller.posts if one.role in MAY[order.verb])
    if order is None or not posts:
        named = staff.own_number(words, desk.prefix) or (order.number if order else "")
        if (order is None and desk.words.command(words) == "BZ") or _theirs(tx, caller.posts, named) is not None:
            _mark(tx, text_id, "看不懂,已答复用法")
            return usage(desk, caller)
        return None
    try:
        answer, outcome = _answer(tx, desk, post, caller, posts, order, now)
    except Refused as refusal:
        answer, outcome = desk.texts.fitted("U7", "text", text=f"{refusal.message}。"), refusal.message
    _mark(tx, text_id, f"{LABEL[order.verb]}{order.number}:{outcome}")
    return answer


def usage(desk: Desk, caller: Caller) -> str:
    """How to order by text."""
    if all(one.role == "leader" for one in caller.posts):
        return desk.texts.fill("U9", no=numbers.write(desk.prefix, 26, 42), code="1234")
    return desk.texts.fill("U8")


def _mark(tx: sa.Connection, text_id: int, reason: str) -> None:
    case_texts.mark(tx, text_id, Decision(DecisionKind.STAFF, reason, 1.0), None)


def _answer(
    tx: sa.Connection, desk: Desk, post: Post, caller: Caller, posts: tuple[StaffPost, ...], order: Order, now: datetime
) -> tuple[str, str]:
    """Find the case, check the code, do it. The answer, and what is written on the text. Raises `Refused`."""
    if order.verb is Verb.ZERO:
        return _zero(tx, desk, posts, order, now), "已记下"
    if not order.valid:
        raise Refused(f"编号{order.number}写错了(校验位不符),请核对后重发")
    purpose = PURPOSES.get(order.verb, Purpose.HANDLE)
    live = staff_codes.live(tx, purpose, [one.whose for one in posts])
    if purpose is Purpose.HANDLE:
        case, holder = _of_unit(tx, posts, order)
        live = [one for one in live if (one.case_id, one.whose) == (case.id, holder.whose)]
    else:
        live = _pending(tx, desk, post, order, live)
        case = store.by_id(tx, live[0].case_id)
        holder = next(one for one in posts if one.whose == live[0].whose)
    task = _Task(tx, desk, post, order, case, holder, now)
    if order.verb in CODED and (trouble := _code_trouble(task, caller, live)) is not None:
        return trouble
    with tx.begin_nested():
        return _CARRIED_OUT[order.verb](task), "已办"


# ------------------------------------------------------------------------------------------------------- which case


def _theirs(tx: sa.Connection, posts: Sequence[StaffPost], number: str) -> Case | None:
    """The case of this number, if one of these posts' units handles it and it is not about that unit."""
    case = store.by_number(tx, number) if number else None
    return case if case is not None and _holder(case, posts) else None


def _holder(case: Case, posts: Sequence[StaffPost]) -> StaffPost | None:
    """Which of the posts has the case: of the lead before the others, the head before the liaison."""
    units = [unit for unit in (case.lead, *case.co_handlers) if unit not in case.accused]
    mine = [one for one in posts if one.role in UNIT and one.whose in units]
    return min(mine, key=lambda one: units.index(one.whose), default=None)


def _of_unit(tx: sa.Connection, posts: Sequence[StaffPost], order: Order) -> tuple[Case, StaffPost]:
    """The case that is meant; without a number the only one that waits for such a step."""
    if order.number:
        case = _theirs(tx, posts, order.number)
        if case is None:
            raise Refused(f"{order.number}:{NOT_YOURS}")
    else:
        waiting = [one for one in _open(tx, posts) if _waits(tx, one, posts, order.verb)]
        if not waiting:
            raise Refused(f"本单位没有等待{LABEL[order.verb]}的件")
        if len(waiting) > 1:
            listed = "、".join(one.number for one in waiting[:8]) + ("等" if len(waiting) > 8 else "")
            raise Refused(f"本单位有{len(waiting)}件等待{LABEL[order.verb]},请写明编号:{listed}")
        [case] = waiting
    holder = _holder(case, posts)
    if holder is None:
        raise Refused(f"{order.number}:{NOT_YOURS}")
    if case.state not in _OPEN:
        raise Refused(f"{case.number}现在是“{LABELS[case.state]}”,不能{LABEL[order.verb]}")
    return case, holder


def _open(tx: sa.Connection, posts: Sequence[StaffPost]) -> list[Case]:
    cases = [one for state in _OPEN for one in store.listed(tx, state=state, limit=1_000_000)]
    return [case for case in cases if _holder(case, posts)]


def _waits(tx: sa.Connection, case: Case, posts: Sequence[StaffPost], verb: Verb) -> bool:
    """True when the case waits for this step by the unit of one of the posts."""
    holder = _holder(case, posts)
    if holder is None or holder.whose == case.lead:
        return case.state in WAITS[verb]
    if verb is Verb.RETURN:
        return False
    done = {Verb.SIGN: "co_sign", Verb.REPORT: "co_report"}.get(verb)
    return done is None or not any(
        entry.event == done and entry.data.get("department") == holder.whose for entry in store.timeline(tx, case.id)
    )


def _pending(tx: sa.Connection, desk: Desk, post: Post, order: Order, live: Sequence[Live]) -> list[Live]:
    """What waits for this head's signature, or this leader's instruction: the case of the number, or of the code."""
    if order.number:
        case = store.by_number(tx, order.number)
        live = [one for one in live if case is not None and one.case_id == case.id]
    elif order.code and (one := staff_codes.matching(tx, post.vault, order.code, live)) is not None:
        live = [one]
    if not live:
        raise Refused(f"{order.number}没有等待您{LABEL[order.verb]}的件")
    if len({one.case_id for one in live}) > 1 and not order.code:
        listed = "、".join(store.by_id(tx, one.case_id).number for one in live[:8])
        raise Refused(f"有{len(live)}件等待您{LABEL[order.verb]}:{listed}。请写明编号和验证码")
    return list(live)


# ------------------------------------------------------------------------------------------------------------- codes


def _code_trouble(task: _Task, caller: Caller, live: Sequence[Live]) -> tuple[str, str] | None:
    """Why the code does not do, as the answer and as what is written on the text; None when it is right."""
    tx, desk, now = task.tx, task.desk, task.now

    def said(words: str, outcome: str) -> tuple[str, str]:
        return desk.texts.fitted("U7", "text", text=words), outcome

    if (until := staff_codes.locked_until(tx, caller.person_id, now)) is not None:
        at = until.astimezone(desk.calendar.zone)
        return said(f"验证码连续输错,已锁定到{at:%H:%M}。急事请打沟通办电话。", "锁定中")
    if not task.order.code and task.order.verb in (Verb.REPORT, Verb.RETURN):
        return said(f"{_new_code(task)}请重发:{task.order.verb}{task.case.number}+码+内容。", "缺验证码,已重发")
    if not task.order.code:
        return said(f"{task.case.number}:请加上短信中的4位验证码重发。", "缺验证码")
    if not live:
        return said(f"{task.case.number}:验证码已用过。重发验证码请回复MA{task.case.number}。", "验证码已用过")
    if staff_codes.matching(tx, task.post.vault, task.order.code, live) is not None:
        staff_codes.right(tx, caller.person_id)
        return None
    left = staff_codes.wrong(tx, caller.person_id, now)
    if left:
        return said(f"验证码不对,还可再试{left}次。", "验证码不对")
    _alarm(task, caller)
    return said("验证码连续输错,已锁定1小时。急事请打沟通办电话。", "验证码连续输错,锁定1小时")


def _alarm(task: _Task, caller: Caller) -> None:
    """Somebody guesses: the supervision office hears of it, or the unit's leader where that has no number."""
    log.warning("wrong codes by text: number locked", person=caller.person_id, post=task.holder.title)
    unit = task.desk.departments.find(task.holder.whose)
    number = task.desk.departments.supervisor_phone or (unit.leader_phone if unit else None)
    if number is not None:
        words = f"告警:{task.holder.title}的手机连续输错验证码,已锁定1小时,请核实是否本人所发。"
        staff_mail.put(task.tx, task.post, number, task.desk.texts.fitted("U7", "text", text=words), task.now)


def _new_code(task: _Task) -> str:
    latest = task.tx.scalar(sa.select(sa.func.max(case_event.c.id)).where(case_event.c.case_id == task.case.id))
    code = staff_codes.issue(
        task.tx, task.post.vault, task.case.id, task.holder.whose, Purpose.HANDLE, latest or 0, task.now
    )
    return f"{task.case.number}验证码{code}。"


# ------------------------------------------------------------------------------------------------------------ orders


def _sign(task: _Task) -> str:
    after = case_desk.sign(task.tx, task.desk, task.case.number, task.holder.role, task.facts())
    who = "已签收" if task.holder.whose == after.lead else "协办已签收"
    return task.done(f"{who},{staff_mail.day(after.due_on)}前反馈")


def _progress(task: _Task) -> str:
    if task.case.state is CaseState.ASSIGNED and task.holder.whose == task.case.lead:
        raise Refused(f"{task.case.number}还没有签收,请先回复QS{task.case.number}")
    facts = task.facts(reason=task.order.words)
    case_desk.act(task.tx, task.desk, task.case.number, "progress", task.holder.role, facts)
    return task.done("进展已记下")


def _return(task: _Task) -> str:
    returns = task.desk.codes.returns
    if task.order.reason not in returns:
        listed = ";".join(f"{code}{words}" for code, words in returns.items())
        raise Refused(f"{task.case.number}:请写明退单的原因代码:{listed}")
    facts = task.facts(code=task.order.reason, basis=task.order.words, reason=task.order.words)
    case_desk.act(task.tx, task.desk, task.case.number, "request_return", task.holder.role, facts)
    staff_codes.end(task.tx, task.case.id, task.now, Purpose.HANDLE, task.holder.whose)
    return task.done("已申请退单,待沟通办审定,期限照算")


def _report(task: _Task) -> str:
    """The head's word is the unit's report, a co-handler's goes to the lead; a liaison's waits for the head."""
    case, unit, words = task.case, task.desk.departments.find(task.holder.whose), task.order.words
    if case.shield >= staff_mail.SEALED:
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


def _code_again(task: _Task) -> str:
    return task.desk.texts.fitted("U7", "text", text=_new_code(task))


def _agree(task: _Task) -> str:
    _still_proposed(task)
    case_desk.report(task.tx, task.desk, task.case.number, "head", task.facts())
    staff_codes.end(task.tx, task.case.id, task.now, Purpose.SIGN)
    return task.done("已签发,待沟通办审核")


def _disagree(task: _Task) -> str:
    _still_proposed(task)
    if not task.order.words:
        raise Refused(f"{task.case.number}:请在验证码后写明意见")
    facts = task.facts()
    case_desk.decline(task.tx, task.case.number, "head", facts.actor, task.order.words, task.now, "report")
    staff_codes.end(task.tx, task.case.id, task.now, Purpose.SIGN)
    return task.done("已退回信息员重拟")


def _still_proposed(task: _Task) -> None:
    """What was to be signed may have moved on meanwhile: then there is nothing to sign."""
    if case_desk.proposed(store.timeline(task.tx, task.case.id), "report") is None:
        raise Refused(f"{task.case.number}现在是“{LABELS[task.case.state]}”,已没有待签发的反馈")


def _instruct(task: _Task) -> str:
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


def _zero(tx: sa.Connection, desk: Desk, posts: Sequence[StaffPost], order: Order, now: datetime) -> str:
    matters = zero_reports.matters_of(order.words)
    month = zero_reports.ended_month(desk.today(now))
    for one in posts:
        zero_reports.confirm(tx, one.whose, month, matters, "text", f"{one.title}(短信)", now)
    said = "无情况" if not matters else f"{matters}件"
    units = "、".join(dict.fromkeys(one.whose for one in posts))
    return desk.texts.fitted("U7", "text", text=f"已记下{units}{int(month[5:])}月零报告:{said}。")


_CARRIED_OUT: Mapping[Verb, Callable[[_Task], str]] = {
    Verb.SIGN: _sign,
    Verb.RETURN: _return,
    Verb.PROGRESS: _progress,
    Verb.REPORT: _report,
    Verb.CODE: _code_again,
    Verb.AGREE: _agree,
    Verb.DISAGREE: _disagree,
    Verb.INSTRUCT: _instruct,
}
