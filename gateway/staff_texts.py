"""What a text from somebody of the office does: the order carried out at the case desk, and the one answer it gets.

All through `gateway/case_desk.py`, in the role of the post whose number it is: a text can do what its sender may do, no
more. A sender's number can be forged, so what leaves the unit (report, return, signature, instruction) wants the code
that went to the real phone. Signing for a case and telling how it goes do not: they move nothing outward, the office
sees who is said to have done them, and the answer goes to the real phone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway import alarm, case_texts, staff_codes, staff_mail
from gateway.case_ladder import Post
from gateway.casebook import Desk
from gateway.errors import Refused
from gateway.logs import Log
from gateway.staff_codes import Live, Purpose
from gateway.staff_orders import CARRIED_OUT, LABEL, Task, new_code, zero
from roster import store as roster_store
from routing import numbers, staff, store
from routing.cases import LABELS, Case, CaseState
from routing.departments import StaffPost
from routing.inbound import Decision, DecisionKind
from routing.staff import CODED, Order, Verb

log = Log("staff")

UNIT, DUTY = frozenset({"dept", "head"}), "duty"
MAY: Mapping[Verb, frozenset[str]] = {
    **dict.fromkeys((Verb.RETURN, Verb.PROGRESS, Verb.REPORT, Verb.CODE, Verb.ZERO), UNIT),
    **dict.fromkeys((Verb.AGREE, Verb.DISAGREE), frozenset({"head"})),
    Verb.SIGN: UNIT | {DUTY},
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


def hear(
    tx: sa.Connection,
    desk: Desk,
    post: Post,
    caller: Caller,
    text_id: int,
    words: str,
    complete: bool,
    now: datetime,
) -> str | None:
    """Carry out what a text orders. The answer; None for a text that is none of the office's business.

    What came with holes in it (not `complete`) is not carried out: a part of a reply is not the reply.
    """
    order = staff.read(words, desk.prefix)
    posts = () if order is None else tuple(one for one in caller.posts if one.role in MAY[order.verb])
    if order is None or not posts:
        named = staff.own_number(words, desk.prefix) or (order.number if order else "")
        if (order is None and desk.words.command(words) == "BZ") or _theirs(tx, caller.posts, named) is not None:
            _mark(tx, text_id, "看不懂,已答复用法")
            return usage(desk, caller)
        return None
    try:
        if not complete:
            raise Refused("短信没有收全,请重发")
        answer, outcome = _answer(tx, desk, post, caller, posts, order, now)
    except Refused as refusal:
        answer, outcome = desk.texts.fitted("U7", "text", text=f"{refusal.message.rstrip('。')}。"), refusal.message
    _mark(tx, text_id, f"{LABEL[order.verb]}{order.number}:{outcome}")
    return answer


def usage(desk: Desk, caller: Caller) -> str:
    """How to order by text."""
    if all(one.role == "leader" for one in caller.posts):
        return desk.texts.fill("U9", no=numbers.write(desk.prefix, 26, 42), code="1234")
    if all(one.role == DUTY for one in caller.posts):
        return desk.texts.fill("D3", no=numbers.write(desk.prefix, 26, 42))
    return desk.texts.fill("U11" if all(one.role == "head" for one in caller.posts) else "U8")


def _mark(tx: sa.Connection, text_id: int, reason: str) -> None:
    case_texts.mark(tx, text_id, Decision(DecisionKind.STAFF, reason, 1.0), None)


def _answer(
    tx: sa.Connection, desk: Desk, post: Post, caller: Caller, posts: tuple[StaffPost, ...], order: Order, now: datetime
) -> tuple[str, str]:
    """Find the case, check the code, do it. The answer, and what is written on the text. Raises `Refused`."""
    if order.verb is Verb.ZERO:
        return zero(tx, desk, posts, order, now), "已记下"
    if not order.valid:
        raise Refused(f"编号{order.number}写错了(校验位不符),请核对后重发")
    if order.verb is Verb.SIGN and (said := _taken_over(tx, desk, post, caller, posts, order, now)) is not None:
        return said, "已接手特急"
    purpose = PURPOSES.get(order.verb, Purpose.HANDLE)
    live = staff_codes.live(tx, purpose, [one.whose for one in posts])
    if purpose is Purpose.HANDLE:
        case, holder = _of_unit(tx, posts, order)
        live = [one for one in live if (one.case_id, one.whose) == (case.id, holder.whose)]
    else:
        live = _pending(tx, desk, post, order, live)
        case = store.by_id(tx, live[0].case_id)
        holder = next(one for one in posts if one.whose == live[0].whose)
    task = Task(tx, desk, post, order, case, holder, now)
    if order.verb in CODED and (trouble := _code_trouble(task, caller, live)) is not None:
        return trouble
    with tx.begin_nested():
        return CARRIED_OUT[order.verb](task), "已办"


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


def _taken_over(
    tx: sa.Connection, desk: Desk, post: Post, caller: Caller, posts: Sequence[StaffPost], order: Order, now: datetime
) -> str | None:
    """An officer on duty takes an alarm over; None when a case of the caller's unit is meant. Raises `Refused`."""
    if all(one.role != DUTY for one in posts):
        return None
    alarms = [one for one in alarm.untaken(tx, now) if order.number in ("", one.number)]
    others = [] if order.number else [one for one in _open(tx, posts) if _waits(tx, one, posts, Verb.SIGN)]
    if len(alarms) + len(others) > 1 and alarms:
        listed = "、".join(one.number for one in (*alarms, *others)[:8])
        raise Refused(f"有{len(alarms)}件特急等待接手,请写明编号:{listed}")
    if not alarms and any(one.role in UNIT for one in posts):
        return None
    if not alarms:
        raise Refused(f"{order.number}没有等待接手的特急告警")
    number = roster_store.phones(tx, post.vault, [caller.person_id])[caller.person_id]
    alarm.take_over(tx, desk, post, alarms[0], number, now)
    return desk.texts.fitted("U6", "done", no=alarms[0].number, done="已记下由您接手,不再重复告警;请告知操作员受理")


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


def _code_trouble(task: Task, caller: Caller, live: Sequence[Live]) -> tuple[str, str] | None:
    """Why the code does not do, as the answer and as what is written on the text; None when it is right."""
    tx, desk, now = task.tx, task.desk, task.now

    def said(words: str, outcome: str) -> tuple[str, str]:
        return desk.texts.fitted("U7", "text", text=words), outcome

    if (until := staff_codes.locked_until(tx, caller.person_id, now)) is not None:
        at = until.astimezone(desk.calendar.zone)
        return said(f"验证码连续输错,已锁定到{at:%H:%M}。急事请打沟通办电话。", "锁定中")
    if not task.order.code and task.order.verb in (Verb.REPORT, Verb.RETURN):
        return said(f"{new_code(task)}请重发:{task.order.verb}{task.case.number}+码+内容。", "缺验证码,已重发")
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


def _alarm(task: Task, caller: Caller) -> None:
    """Somebody guesses: the supervision office hears of it, or the unit's leader where that has no number."""
    log.warning("wrong codes by text: number locked", person=caller.person_id, post=task.holder.title)
    unit = task.desk.departments.find(task.holder.whose)
    number = task.desk.departments.supervisor_phone or (unit.leader_phone if unit else None)
    if number is not None:
        words = f"告警:{task.holder.title}的手机连续输错验证码,已锁定1小时,请核实是否本人所发。"
        staff_mail.put(task.tx, task.post, number, task.desk.texts.fitted("U7", "text", text=words), task.now)
