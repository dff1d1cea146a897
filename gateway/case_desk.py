"""What the office does at the case desk: one step of a case in one transaction, with its texts and its history.

Rule, outbox, store, in that order and in the caller's transaction. What citizens do to cases by texting stands in
`gateway/case_texts.py`, what time and receipts do in `gateway/case_clock.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway import case_mail, case_record
from gateway.casebook import Desk, find
from gateway.errors import Refused
from routing import deadlines, store
from routing.cases import (
    INTERNAL,
    PROPOSALS,
    PROPOSERS,
    ROLES,
    SUPERVISIONS,
    TRANSITIONS,
    Case,
    CaseState,
    Facts,
    RuleBroken,
    Transition,
    rows_from,
)
from routing.deadlines import REOPENS, Lamp, Move
from routing.guards import GUARDS
from routing.history import Entry
from routing.steps import Step, row_for, step
from routing.texts import TooLong

ALONE = "无"
"""Said instead of a kind that a leader decides: none of them, the office decides alone."""
CLEARED = "不属须领导亲自批转的类别"
"""How the history says that a matter which seemed to be of such a kind is none."""
ORDERING = frozenset(row.event for row in TRANSITIONS if {"ordered", "reordered"} & {*row.sets})
"""Steps that are written assignments (交办单)."""
DATED = ORDERING | {"extend_ok", "suspend"}
"""Steps that come with a date: to answer by, or to look again."""
RECORDED = (  # what a step's facts add to its history, beside the fields that it sets
    *("code", "basis", "question", "method", "signed_by", "evidence", "failed_gate", "where", "cleared"),
    *("proposed_by", "department", "kb", "seconds"),
)
PROPOSED = ("code", "where", "basis", "reason", "reply", "outcome")
"""What of a proposal's facts holds when it is decided, beside the date."""
TOLD_EARLY = frozenset({"in_time", "later_date", "explained"})
"""Guards that do not ask who decides: who proposes hears of them at once."""


def register(
    tx: sa.Connection,
    desk: Desk,
    text: str,
    person_id: int | None,
    channel: str,
    actor: str,
    role: str,
    text_id: int | None,
    now: datetime,
) -> Case:
    """A new case, with what its words say by themselves: danger, whom they accuse, whether a leader must decide."""
    accuses = desk.words.accuses(text)
    kind = desk.codes.leader_kind(text, accuses)
    return store.open_case(
        tx,
        prefix=desk.prefix,
        year=desk.today(now).year,
        text=text,
        person_id=person_id,
        channel=channel,
        actor=actor,
        role=role,
        text_id=text_id,
        now=now,
        fields={
            "accused": desk.departments.named_in(text) if accuses else (),
            "urgency": "emergency" if desk.words.is_emergency(text) else "normal",
            "leader_kind": kind.name if kind else None,
            "shield": 2 if accuses or kind else 1,
        },
    )


def enter(
    tx: sa.Connection,
    desk: Desk,
    *,
    text: str,
    channel: str,
    person_id: int | None,
    actor: str,
    now: datetime,
    text_id: int | None = None,
) -> Case:
    """An operator registers a matter that came another way, or from an unknown sender; the reporter gets T1."""
    case = register(tx, desk, text, person_id, channel, actor, "operator", text_id, now)
    case_mail.send(tx, desk, case, "T1", actor, now, {})
    return case


# --------------------------------------------------------------------------------------------------------------- steps


def act(tx: sa.Connection, desk: Desk, number: str, event: str, role: str, facts: Facts) -> Case:
    """One step by somebody of the office: rule, texts to the citizen, store. Raises `Refused` with the reason."""
    case = find(tx, number)
    try:
        facts = _completed(tx, desk, case, event, facts)
        done = step(case, event, role, facts)
        _fits(desk, done)
        after = _take(tx, desk, case, done, role, facts)
    except RuleBroken as broken:
        raise Refused(broken.message, broken.way_out) from None
    except TooLong as long:
        raise Refused(f"短信太长:{long}", "请缩短内容后再试") from None
    if event == "accept" and after.leader_kind:
        referral = Facts("规则", facts.now, reason=f"须由领导亲自批转:{after.leader_kind}")
        after = act(tx, desk, number, "refer_leader", "system", referral)
    if event == "approve" and after.channel == INTERNAL:  # the office itself asked, so it is told
        after = tell_there(tx, desk, after, "工作任务审核通过即办结", "规则", "system", facts.now)
    return after


def tell_there(tx: sa.Connection, desk: Desk, case: Case, how: str, actor: str, role: str, now: datetime) -> Case:
    """Whoever has no phone was told on the way the matter came; nobody can be asked to rate, so the case is closed."""
    after = store.note(tx, case, "told_there", actor, role, now, how, after=replace(case, reply_delivery="called"))
    if after.state is not CaseState.REPLIED:
        return after
    return act(tx, desk, case.number, "rate_timeout", "system", Facts("规则", now, reason="没有手机,无法请其评价"))


def _reasons(desk: Desk, event: str) -> Mapping[str, str]:
    """The codes with which a step gives its reason, and their words; none where it has no codes."""
    known: Mapping[str, Mapping[str, str]] = {
        "reject": {code: one.reason for code, one in desk.codes.refusals.items()},
        "request_return": desk.codes.returns,
        "suspend": desk.codes.causes,
    }
    return known.get(event, {})


def _listed(reasons: Mapping[str, str]) -> str:
    return "、".join(f"{code} {words}" for code, words in reasons.items())


def _completed(tx: sa.Connection, desk: Desk, case: Case, event: str, facts: Facts) -> Facts:
    """The facts with the office's date, the period of the row, and the words that codes stand for."""
    given: dict[str, Any] = {"today": desk.today(facts.now), "period_ends": desk.period_ends(case, event)}
    codes = desk.codes
    known = _reasons(desk, event)
    if facts.code and known and facts.code not in known:
        raise RuleBroken(f"没有原因代码 {facts.code}", f"可选:{_listed(known)}")
    if facts.method and facts.method not in codes.methods:
        raise RuleBroken(f"没有办理方式“{facts.method}”", f"可选:{'、'.join(codes.methods)}")
    if event == "reject" and facts.code:
        refusal = codes.refusals[facts.code]
        given |= {"reason": facts.reason or refusal.reason, "where": facts.where or refusal.where}
    if event == "accept":
        kinds = [kind.name for kind in codes.leader_kinds]
        if facts.leader_kind not in ("", ALONE, *kinds):
            raise RuleBroken(f"没有“{facts.leader_kind}”这一类", f"可选:{ALONE}、{'、'.join(kinds)}")
        if facts.leader_kind == ALONE and case.leader_kind:
            given["reason"] = f"{CLEARED}:{facts.reason.strip() or '操作员认定'}"
        given["leader_kind"] = "" if facts.leader_kind == ALONE else facts.leader_kind or case.leader_kind or ""
        given["shield"] = facts.shield or (2 if facts.kind == "举报" else case.shield)
    if event in ORDERING:
        given["method"] = facts.method or case.method or codes.usual_method()
        if facts.due is None and (case.assigned_at is None or event in REOPENS):  # else the case's clock runs already
            given |= {"due": desk.due(case, event, facts.now), "computed": True}
    if facts.due and event in (*ORDERING, "extend_ok"):  # nothing ends on a day off, so nobody is told that it does
        given["due"] = desk.calendar.working_day_from(facts.due)
    if event == "resume":
        given["due"] = after_pause(tx, desk, case, facts.now)
    if event == "report_for":
        given["red"] = _red(tx, desk, case, facts.now)
    return replace(facts, **given)


def _fits(desk: Desk, done: Step) -> None:
    """A reply that cannot be sent is refused when it is written, not when it is approved."""
    if "reply" in done.transition.sets:
        desk.texts.checked("T6", no=done.case.number, text=done.case.reply or "")


def _take(tx: sa.Connection, desk: Desk, case: Case, done: Step, role: str, facts: Facts) -> Case:
    """Send and store what a step says."""
    fields = _fields(desk, done, facts)
    after, message_id = case_mail.tell(tx, desk, done.case, done.sms, facts.actor, facts.now, fields)
    data = {name: _plain(getattr(facts, name)) for name in RECORDED if getattr(facts, name)}
    if facts.gates:
        data["gates"] = "".join(sorted(facts.gates))
    data |= dated(done, facts)
    after = store.record(tx, case, done, role, facts, after=after, message_id=message_id, data=data)
    for name in done.sms:
        if name in case_mail.FOLLOWED:
            case_mail.follow(tx, desk, after, name, facts.actor, facts.now, fields)
    if facts.master is not None and done.transition.event == "merge":
        _joined(tx, desk, after, facts.master, facts)
    if case.survey == "open" != after.survey:
        case_mail.next_survey(tx, desk, after.person_id, facts.now)
    return after


def dated(done: Step, facts: Facts) -> dict[str, Any]:
    """What the clock reads from a step: the date that came with it, and whether the calendar gave it."""
    until = facts.review_on or facts.due
    if until is None or done.transition.event not in DATED:
        return {}
    return {"due": until.isoformat()} | ({"computed": True} if facts.computed else {})


def after_pause(tx: sa.Connection, desk: Desk, case: Case, now: datetime) -> date | None:
    """The date of a case that comes off the books now: the days on which it stood there do not count."""
    matter, history = case_record.read(tx, case)
    resumed = (*history, Move(now, "resume", CaseState.IN_PROGRESS, case.lead or ""))
    running = deadlines.clocks(resumed, matter, desk.terms, desk.calendar, now)
    return running[-1].in_force.due if running else None


def _red(tx: sa.Connection, desk: Desk, case: Case, now: datetime) -> bool:
    """True when the statutory lamp of a case is red: an order to be quicker takes no report out of a unit's hands."""
    matter, history = case_record.read(tx, case)
    running = deadlines.clocks(history, matter, desk.terms, desk.calendar, now)
    return bool(running) and running[-1].statutory.lamp is Lamp.RED


def _fields(desk: Desk, done: Step, facts: Facts) -> dict[str, str]:
    """What the texts of a step may say."""
    case = done.case
    until = case.review_on or case.due_on
    day = date.fromisoformat(until) if until else None
    return {
        "no": facts.master.number if facts.master and case.state is CaseState.MERGED else case.number,
        "dept": case.lead or "",
        "due": f"{day.month}月{day.day}日" if day else "",
        "text": facts.reason if done.transition.event in ("explain", "progress") else case.reply or "",
        "reason": desk.codes.causes.get(facts.code, facts.reason),
        "where": facts.where,
        "question": facts.question,
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _joined(tx: sa.Connection, desk: Desk, case: Case, master: Case, facts: Facts) -> None:
    """A case was merged: those merged into it earlier go with it, and a reply that is out is told at once."""
    for child in store.merged_into(tx, case.id):
        reason = f"{case.number} 并入 {master.number}"
        store.note(
            tx, child, "moved", facts.actor, "operator", facts.now, reason, after=replace(child, master_id=master.id)
        )
    store.note(tx, master, "joined", facts.actor, "operator", facts.now, f"{case.number} 并入本件")
    if case_mail.answered(master) and (case.person_id is None or case.person_id != master.person_id):
        case_mail.forward(tx, desk, master, case, "T6", facts.actor, facts.now, {"text": master.reply or ""})


# ------------------------------------------------------------------------------------- what units do together


def sign(tx: sa.Connection, desk: Desk, number: str, role: str, facts: Facts) -> Case:
    """The lead signs for the case; a co-handling unit signs for its part, which is on record and moves nothing."""
    case = find(tx, number)
    if facts.department in case.co_handlers and case.state not in (CaseState.CLOSED, CaseState.REPLIED):
        return store.note(
            tx, case, "co_sign", facts.actor, role, facts.now, "协办签收", data={"department": facts.department}
        )
    return act(tx, desk, number, "sign", role, facts)


def report(tx: sa.Connection, desk: Desk, number: str, role: str, facts: Facts) -> Case:
    """A unit reports. One that never signed for the case signs with its report; a co-handler reports to the lead.

    A report that the liaison drafted is signed by whoever reports without words of their own.
    """
    case = find(tx, number)
    helps = facts.department in case.co_handlers
    if role != "dept" and not helps and not facts.reply and proposed(store.timeline(tx, case.id), "report") is not None:
        return decide(tx, desk, number, "report", role, facts)
    if helps and case.state in (CaseState.ASSIGNED, CaseState.IN_PROGRESS):
        words = facts.reply.strip() or facts.reason.strip()
        if not words:
            raise Refused("请写明本单位的办理结果", "用 --reply 或 --reason 写明")
        data = {"department": facts.department, "signed_by": facts.signed_by}
        return store.note(tx, case, "co_report", facts.actor, role, facts.now, words, data=data)
    if case.state is CaseState.ASSIGNED:
        act(tx, desk, number, "sign", role, replace(facts, reason="随反馈一并签收"))
    return act(tx, desk, number, "report", role, facts)


def silent_co_handlers(case: Case, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Co-handling units that have not reported in this round: for the reviewer to see, never a reason to wait."""
    spoken: set[str] = set()
    for entry in entries:
        if entry.event in ORDERING:
            spoken.clear()
        elif entry.event == "co_report":
            spoken.add(entry.data.get("department", ""))
    return tuple(unit for unit in case.co_handlers if unit not in spoken)


# ------------------------------------------------------------------------------------------ two persons, supervision


def propose(tx: sa.Connection, desk: Desk, number: str, event: str, role: str, facts: Facts) -> Case:
    """Somebody proposes a step that another decides. The case stands as it stood."""
    case = find(tx, number)
    try:
        if not rows_from(case.state, event):
            row_for(case, event, role)  # says what is possible instead
        if role not in PROPOSERS.get(event, ()):
            raise RuleBroken(f"{ROLES[role]}不能{PROPOSALS[event]}")
        facts = _completed(tx, desk, case, event, facts)
    except RuleBroken as broken:
        raise Refused(broken.message, broken.way_out) from None
    if event == "reject" and not facts.code:
        raise Refused("不予受理要注明原因代码", f"加上 --code,可选:{_listed(_reasons(desk, event))}")
    if not facts.reason.strip():
        raise Refused(f"{PROPOSALS[event]}要写明理由", "加上 --reason")
    row = rows_from(case.state, event)[0]
    for why in filter(None, (GUARDS[name](case, facts, role) for name in row.guards if name in TOLD_EARLY)):
        raise Refused(f"{case.number} 不能{PROPOSALS[event]}:{why}")
    _told(desk, case, row, facts)
    given = {name: getattr(facts, name) for name in PROPOSED}
    given["due"] = facts.due.isoformat() if facts.due else ""
    waiting = proposed(store.timeline(tx, case.id), event)
    if waiting is not None and waiting.data["proposed"] == given:
        raise Refused(f"{case.number} 已由{waiting.actor}{PROPOSALS[event]}", "正在等待决定,不必再提;要改就改了再提")
    data: dict[str, Any] = {"proposed": given} | ({"seconds": facts.seconds} if facts.seconds else {})
    return store.note(tx, case, f"propose_{event}", facts.actor, role, facts.now, facts.reason, data=data)


def _told(desk: Desk, case: Case, row: Transition, facts: Facts) -> None:
    """What the citizen would be told must fit already when it is proposed."""
    if facts.reply:
        row = replace(row, sms=(*row.sms, "T6"))
        case = replace(case, reply=facts.reply)
    due = facts.due.isoformat() if facts.due else case.due_on
    fields = _fields(desk, Step(row, replace(case, due_on=due), facts.reason, row.sms), facts)
    try:
        for name in row.sms:
            desk.texts.checked(name, **fields)
    except TooLong as long:
        raise Refused(f"短信太长:{long}", "请缩短内容后再试") from None


def decline(
    tx: sa.Connection, number: str, role: str, actor: str, reason: str, now: datetime, only: str | None = None
) -> Case:
    """What was proposed (`only` this event, where it is given) is not done: the case stands as it stands."""
    case = find(tx, number)
    entries = store.timeline(tx, case.id)
    asked = PROPOSERS if only is None else (only,)
    event = next((event for event in asked if proposed(entries, event) is not None), None)
    if event is None:
        raise Refused(f"{case.number} 没有等待决定的事项", "xinqiao case show 看全部经过")
    if not reason.strip():
        raise Refused("请写明不同意的理由", "加上 --reason")
    return store.note(tx, case, f"decline_{event}", actor, role, now, reason.strip())


def decide(tx: sa.Connection, desk: Desk, number: str, event: str, role: str, facts: Facts) -> Case:
    """The step that somebody proposed, with what they gave where the decider gives nothing else."""
    case = find(tx, number)
    proposal = proposed(store.timeline(tx, case.id), event)
    if proposal is not None:
        given = proposal.data["proposed"]
        if facts.code not in ("", given.get("code")):  # another code has words of its own
            given = given | {"reason": "", "where": ""}
        facts = replace(
            facts,
            proposed_by=proposal.actor,
            asked_on=desk.today(proposal.at),
            due=facts.due or (date.fromisoformat(given["due"]) if given["due"] else None),
            **{name: getattr(facts, name) or given.get(name, "") for name in PROPOSED},
        )
    return act(tx, desk, number, event, role, facts)


def proposed(entries: Sequence[Entry], event: str) -> Entry | None:
    """The proposal that waits for its decision: the latest since the case last moved."""
    for entry in reversed(entries):
        if entry.event == f"propose_{event}":
            return entry
        if entry.from_state != entry.to_state or entry.event in (event, f"decline_{event}"):
            return None
    return None


def supervise(
    tx: sa.Connection, number: str, role: str, actor: str, reason: str, lift: bool, now: datetime, kind: str = ""
) -> Case:
    """Put a case under supervision (督办), of a kind, or take it out again."""
    case = find(tx, number)
    if not reason.strip():
        raise Refused("请写明督办的理由", "加上 --reason")
    if kind and kind not in SUPERVISIONS:
        raise Refused(f"没有“{kind}”这一种督办", f"可选:{'、'.join(SUPERVISIONS)}")
    changes = kind and case.supervision is not None and kind != (case.supervision_kind or SUPERVISIONS[0])
    if lift == (case.supervision is None) and not changes:
        raise Refused(f"{case.number} {'没有' if lift else '已经'}督办", "")
    after = replace(
        case, supervision=None if lift else reason.strip(), supervision_kind=None if lift else kind or SUPERVISIONS[0]
    )
    return store.note(tx, case, "unsupervise" if lift else "supervise", actor, role, now, reason.strip(), after=after)
