"""What a citizen's text does to cases: the decision carried out, and taken back.

Used by the inbox for what was decided by rule and by the command line for what an operator chooses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway import case_desk, case_mail
from gateway.casebook import Desk, find
from gateway.errors import NotFound, Refused
from gateway.tables import text as text_table
from roster import store as roster_store
from roster.rowset import Statement
from routing import store
from routing.cases import LABELS, Case, CaseState, Facts, RuleBroken
from routing.history import Entry, replay
from routing.inbound import Decision, DecisionKind, Sender, about
from routing.moves import TAKEN_BACK
from routing.statistics import DISSATISFIED
from routing.steps import step

IN_DANGER = frozenset(
    {
        DecisionKind.NEW_CASE,
        DecisionKind.FOLLOW_UP,
        DecisionKind.RECURRENCE,
        DecisionKind.UNKNOWN_SENDER,
        DecisionKind.UNCLEAR,
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A text to send because of a text that came in. Answers to commands (`command`) keep no distance."""

    body: str
    purpose: str  # automatic | command
    extension: str = ""
    case_id: int | None = None
    at_once: bool = False  # somebody may be in danger


def apply(
    tx: sa.Connection,
    desk: Desk,
    decision: Decision,
    *,
    text_id: int,
    text: str,
    sender: Sender,
    now: datetime,
) -> list[Answer]:
    """Do what a text means. Returns the texts to answer with; marks the text with what was decided."""
    decision = _possible(tx, desk, decision, now)
    answers: list[Answer] = []
    danger = decision.kind in IN_DANGER and desk.words.is_emergency(text)
    case: Case | None = None
    if decision.kind is DecisionKind.COMMAND:
        answers += _command(tx, desk, decision.value, text, sender, text_id, now)
    elif decision.kind is DecisionKind.NEW_CASE:
        case = case_desk.register(tx, desk, text, sender.person_id, "sms", "citizen", "gateway", text_id, now)
        answers.append(replace(_answer(desk, case, "T20"), at_once=True) if danger else _answer(desk, case, "T1"))
    elif decision.case_id is not None:
        case, said = _carry_out(tx, desk, store.by_id(tx, decision.case_id), decision, text, text_id, now)
        answers += said
    if danger and decision.kind is not DecisionKind.NEW_CASE:
        answers.insert(0, Answer(desk.texts.fill("T21"), "automatic", at_once=True))
    mark(tx, text_id, decision, case.id if case else None)
    return answers


def _possible(tx: sa.Connection, desk: Desk, decision: Decision, now: datetime) -> Decision:
    """A closed matter that cannot go back to its unit by itself, because none had it, is decided by an operator."""
    if decision.kind is DecisionKind.RECURRENCE and decision.case_id is not None:
        case = store.by_id(tx, decision.case_id)
        try:
            step(case, "recur", "citizen", _again(desk, case, decision.reason, now))
        except RuleBroken as broken:
            return Decision(DecisionKind.UNCLEAR, f"{decision.reason};{broken.message}", 0.5)
    return decision


def _again(desk: Desk, case: Case, reason: str, now: datetime) -> Facts:
    """The same units, with the calendar's deadline for what comes back."""
    return Facts(
        "citizen",
        now,
        today=desk.today(now),
        reason=reason,
        lead=case.lead or "",
        co_handlers=case.co_handlers,
        due=desk.due(case, "recur", now),
        computed=True,
    )


def mark(tx: sa.Connection, text_id: int, decision: Decision, case_id: int | None) -> None:
    """Write on a text what was decided about it, and why."""
    _MARK.run(
        tx,
        text_id=text_id,
        decision=decision.kind,
        case_id=case_id,
        reason=decision.reason,
        confidence=decision.confidence,
    )


_MARK = Statement.changing(text_table, "decision", "case_id", "reason", "confidence", where="id = :text_id")


# -------------------------------------------------------------------------------------------------- what texts do


def _carry_out(
    tx: sa.Connection,
    desk: Desk,
    case: Case,
    decision: Decision,
    text: str,
    text_id: int,
    now: datetime,
) -> tuple[Case, list[Answer]]:
    """A decision about a known case. What the table refuses is kept as what the citizen said, never lost."""
    facts = Facts("citizen", now, today=desk.today(now), reason=decision.reason)
    match decision.kind:
        case DecisionKind.RATING if case.state is CaseState.MERGED:
            return _rated_apart(tx, desk, case, int(decision.value), text, text_id, facts)
        case DecisionKind.RATING:
            rating = int(decision.value)
            event = "rate_ok" if rating in (1, 2) else "rate_bad"
            more = _aspects(desk, replace(case, rating=rating), text)
            return _moved(tx, desk, case, event, replace(facts, rating=rating), text_id, more)
        case DecisionKind.THANKS if case.state is CaseState.REPLIED:
            return _moved(tx, desk, case, "rate_ok", replace(facts, rating=1), text_id, {"thanks": True})
        case DecisionKind.THANKS if case.state is CaseState.CLOSED:
            return _moved(tx, desk, case, "thanks", facts, text_id)
        case DecisionKind.THANKS:
            return store.note(tx, case, "thanks", "citizen", "citizen", now, facts.reason, text_id=text_id), []
        case DecisionKind.RECURRENCE:
            return _moved(tx, desk, case, "recur", _again(desk, case, decision.reason, now), text_id)
        case _ if case.state is CaseState.NEED_INFO:
            return _moved(tx, desk, case, "info_in", facts, text_id)
    return _follow_up(tx, desk, case, text, text_id, facts), []


def _moved(
    tx: sa.Connection,
    desk: Desk,
    case: Case,
    event: str,
    facts: Facts,
    text_id: int,
    more: Mapping[str, Any] | None = None,
) -> tuple[Case, list[Answer]]:
    """A step that the text takes; `more` is what stands with it in the history."""
    try:
        done = step(case, event, "citizen", facts)
    except RuleBroken:
        return _follow_up(tx, desk, case, "", text_id, facts), []
    data = case_desk.dated(done, facts) | dict(more or {})
    after = store.record(tx, case, done, "citizen", facts, text_id=text_id, data=data)
    if case.survey == "open" != after.survey:
        case_mail.next_survey(tx, desk, after.person_id, facts.now)
    return after, [_answer(desk, after, _heard(desk, data) if name == HEARD else name) for name in done.sms]


HEARD, ASKED_WITH_WHAT = "T12", "T25"


def _aspects(desk: Desk, case: Case, text: str) -> dict[str, Any]:
    """What stands with a text in the history, where we ask: with what its citizen was, who rated badly."""
    named = desk.words.dissatisfied_with(text) if desk.asks_aspects and case.rating == DISSATISFIED else ()
    return {"aspects": list(named)} if named else {}


def _heard(desk: Desk, data: Mapping[str, Any]) -> str:
    """The answer to a bad rating: one text, which asks with what where nobody has said so."""
    return ASKED_WITH_WHAT if desk.asks_aspects and "aspects" not in data else HEARD


def _follow_up(tx: sa.Connection, desk: Desk, case: Case, text: str, text_id: int, facts: Facts) -> Case:
    """Stored at once and shown to the holder: a merged case's to the master's too."""
    after = replace(case, urgency="emergency") if desk.words.is_emergency(text) else None
    after = store.note(
        *(tx, case, "follow_up", "citizen", "citizen", facts.now, facts.reason),
        after=after,
        text_id=text_id,
        data=_aspects(desk, case, text) if case.state in (CaseState.DISSATISFIED, CaseState.MERGED) else None,
    )
    if case.master_id is not None:
        master = store.by_id(tx, case.master_id)
        reason = f"并入的{case.number}有补充"
        store.note(tx, master, "merged_follow_up", "citizen", "citizen", facts.now, reason, text_id=text_id)
    return after


def _rated_apart(
    tx: sa.Connection, desk: Desk, case: Case, rating: int, text: str, text_id: int, facts: Facts
) -> tuple[Case, list[Answer]]:
    """The reporter of a merged case rates the master's reply: counted on their own case, seen on the master's."""
    after = replace(case, rating=rating, survey="done", reply_delivery="confirmed")
    data = _aspects(desk, after, text)
    after = store.note(
        tx, case, "rate", "citizen", "citizen", facts.now, facts.reason, after=after, text_id=text_id, data=data
    )
    if case.master_id is not None and rating == DISSATISFIED:
        master = store.by_id(tx, case.master_id)
        reason = f"并入的{case.number}评价不满意"
        store.note(tx, master, "merged_dissatisfied", "citizen", "citizen", facts.now, reason, text_id=text_id)
    case_mail.next_survey(tx, desk, case.person_id, facts.now)
    return after, [_answer(desk, after, _heard(desk, data) if rating == DISSATISFIED else "T11")]


def _command(
    tx: sa.Connection, desk: Desk, command: str, text: str, sender: Sender, text_id: int, now: datetime
) -> list[Answer]:
    match command:
        case "TD":
            roster_store.opt_out(tx, sender.person_id, "text", text, text_id, "citizen", now)
            return [_plain(desk, "T15")]
        case "KT":
            roster_store.opt_in(tx, sender.person_id, "text", text, text_id, "citizen", now)
            return [_plain(desk, "T16")]
        case "CX":
            return _progress(tx, desk, sender)
        case "SS":
            return _appeal(tx, desk, sender, text_id, now)
    return [_plain(desk, "T19")]


def _progress(tx: sa.Connection, desk: Desk, sender: Sender) -> list[Answer]:
    """How the newest open case of the sender stands. From another number nobody learns anything."""
    mine = [one for one in store.dialogues(tx, sender.person_id) if one.open]
    return [_standing(desk, store.by_id(tx, mine[0].case_id))] if mine else [_plain(desk, "T18")]


def _appeal(tx: sa.Connection, desk: Desk, sender: Sender, text_id: int, now: datetime) -> list[Answer]:
    """The newest refused case of the sender is looked at again, once, within a fortnight."""
    for one in store.dialogues(tx, sender.person_id):
        if one.state is CaseState.REJECTED:
            case = store.by_id(tx, one.case_id)
            facts = Facts("citizen", now, today=desk.today(now), reason="群众回复SS提出异议")
            try:
                done = step(case, "appeal", "citizen", facts)
            except RuleBroken:
                break
            return [_standing(desk, store.record(tx, case, done, "citizen", facts, text_id=text_id))]
    return [_plain(desk, "T18")]


def _standing(desk: Desk, case: Case) -> Answer:
    body = desk.texts.fill("T17", no=case.number, state=LABELS[case.state])
    return Answer(body, "command", desk.extension(case), case.id)


def _answer(desk: Desk, case: Case, name: str) -> Answer:
    due = datetime.fromisoformat(case.due_on) if case.due_on else None
    fields = {"no": case.number, "dept": case.lead or "", "due": f"{due.month}月{due.day}日" if due else ""}
    return Answer(desk.texts.fill(name, **fields), "automatic", desk.extension(case), case.id)


def _plain(desk: Desk, name: str) -> Answer:
    return Answer(desk.texts.fill(name), "command")


# ----------------------------------------------------------------------------------- what an operator decides


def attach(
    tx: sa.Connection, desk: Desk, text_id: int, number: str, actor: str, now: datetime, rating: int | None = None
) -> Case:
    """An operator chooses the case of a text, which must be its sender's; what was decided before is taken back.

    `rating` is what an operator reads in words that no rule knows, of a reply that waits for it.
    """
    row = _text(tx, text_id)
    case = find(tx, number)
    if case.person_id != row.person_id:
        raise Refused(f"{number} 不是该来信人的件", "来信只能归入本人的件;新的问题请用 xinqiao case new --from-text")
    if row.case_id == case.id:
        raise Refused(f"第 {text_id} 条来信已经归入 {case.number}", "要取消归件,用 xinqiao text undo")
    if rating is not None and row.decision == DecisionKind.NEW_CASE:
        raise Refused(f"第 {text_id} 条来信已经立件,不能作评价", "不写 --rating 归入,原立的件并案;再电话核实评价")
    if row.decision == DecisionKind.NEW_CASE:
        opened = store.by_id(tx, row.case_id)
        facts = Facts(actor, now, reason=f"来信属于{case.number}", master=case)
        case_desk.act(tx, desk, opened.number, "merge", "operator", facts)
        decision = Decision(DecisionKind.FOLLOW_UP, f"{actor} 归入{case.number},原立的{opened.number}并案", 1.0)
        mark(tx, text_id, decision, case.id)
        return store.note(tx, case, "follow_up", actor, "operator", now, decision.reason, text_id=text_id)
    if row.case_id is not None:
        undo(tx, text_id, actor, f"改归{case.number}", now)
        case = store.by_id(tx, case.id)
    dialogue = next(one for one in store.dialogues(tx, row.person_id) if one.case_id == case.id)
    decision = about(dialogue, row.body, now, desk.words, f"{actor} 归入{case.number}", 1.0)
    if rating is not None:
        if not dialogue.awaiting_rating:
            raise Refused(f"{number} 没有待评价的答复,现在是“{LABELS[case.state]}”", "不写 --rating,按补充归入")
        why = f"{actor} 判定为评价{rating}"
        decision = Decision(DecisionKind.RATING, why, 1.0, case.id, str(rating))
    fresh = decision.kind is DecisionKind.RECURRENCE and not desk.words.is_unsolved(row.body)
    if fresh or decision.case_id is None:  # the operator chose the case, and did not say that it happened again
        decision = replace(decision, kind=DecisionKind.FOLLOW_UP, reason=f"{actor} 归入{case.number}")
    after, answers = _carry_out(tx, desk, case, decision, row.body, text_id, now)
    mark(tx, text_id, decision, after.id)
    for answer in answers:
        case_mail.put(
            tx,
            desk,
            person_id=row.person_id,
            body=answer.body,
            purpose=answer.purpose,
            created_by=actor,
            now=now,
            extension=answer.extension,
            case_id=answer.case_id,
        )
    return after


def undo(tx: sa.Connection, text_id: int, actor: str, reason: str, now: datetime) -> Case:
    """Take back what was decided about a text: its case stands as it stood before, the text waits for an operator."""
    row = _text(tx, text_id)
    if row.case_id is None:
        raise Refused(f"第 {text_id} 条来信没有归入任何件", "xinqiao text unsettled 列出待人工归件的来信")
    case = store.by_id(tx, row.case_id)
    entries = store.timeline(tx, case.id)
    at = _entry_of(entries, text_id)
    if at is None or entries[at].event == "receive":
        way_out = "用 xinqiao text attach 归入另一件,或用 xinqiao case merge 并案"
        raise Refused(f"{case.number} 由这条来信立件,不能撤销", way_out)
    changed = [entry for entry in entries[at + 1 :] if entry.data.get("set")]
    if entries[at].data.get("set") and changed:
        raise Refused(f"{case.number} 之后又有变动({changed[0].event}),不能撤销", "请按现在的状态继续办理")
    why = f"撤销“{entries[at].reason}”:{reason}"
    case_mail.withdraw(tx, case.id, entries[at].at, now)
    if entries[at].data.get("set"):
        case = _stand_back(tx, case, replay(case, entries[:at]), actor, now, why, text_id)
    else:
        store.note(tx, case, "unlink", actor, "operator", now, why, text_id=text_id)
    mark(tx, text_id, Decision(DecisionKind.UNCLEAR, f"{actor} 撤销了归件:{reason}", 0.0), None)
    return case


def _stand_back(
    tx: sa.Connection, case: Case, earlier: Case, actor: str, now: datetime, why: str, text_id: int
) -> Case:
    """A survey that opens again queues when another has been opened meanwhile."""
    others = [] if case.person_id is None else store.surveys(tx, case.person_id, "open")
    if earlier.survey == "open" and any(one.id != case.id for one in others):
        earlier = replace(earlier, survey="queued")
    return store.restore(tx, case, earlier, actor, "operator", now, why, text_id)


def last_decided(tx: sa.Connection, case: Case) -> int:
    """The text whose decision moved, or was noted on, this case last. Raises `Refused` when there is none."""
    latest = tx.scalar(sa.select(sa.func.max(text_table.c.id)).where(text_table.c.case_id == case.id))
    if latest is None:
        raise Refused(f"{case.number} 没有归入的来信", "xinqiao case show 看全部经过")
    return int(latest)


def free(tx: sa.Connection, text_id: int) -> tuple[int, str]:
    """Who sent a text that belongs to no case yet, and its words. Raises `Refused` when it belongs to one."""
    row = _text(tx, text_id)
    if row.case_id is not None:
        case = store.by_id(tx, row.case_id)
        raise Refused(f"第 {text_id} 条来信已归入 {case.number}", "要另立一件,先用 xinqiao text undo 取消归件")
    return row.person_id, row.body


def opened(tx: sa.Connection, text_id: int, case: Case, actor: str) -> None:
    """An operator made a case of a text."""
    mark(tx, text_id, Decision(DecisionKind.NEW_CASE, f"{actor} 立为{case.number}", 1.0), case.id)


def handled(tx: sa.Connection, text_id: int, actor: str, now: datetime) -> None:
    """An operator has dealt with a text that belongs to no case."""
    _text(tx, text_id)
    tx.execute(sa.update(text_table).where(text_table.c.id == text_id).values(handled_at=now, handled_by=actor))


def words_of(tx: sa.Connection, entries: Sequence[Entry]) -> dict[int, str]:
    """The words of the texts that stand in a history."""
    wanted = {entry.text_id for entry in entries if entry.text_id is not None}
    rows = tx.execute(sa.select(text_table.c.id, text_table.c.body).where(text_table.c.id.in_(wanted)))
    return {row.id: row.body for row in rows}


def unsettled(tx: sa.Connection, limit: int) -> Sequence[Any]:
    """Texts for which an operator must choose the case, oldest first."""
    query = sa.select(text_table).where(
        text_table.c.decision.in_((DecisionKind.UNCLEAR, DecisionKind.ASKED_BACK)), text_table.c.handled_at.is_(None)
    )
    return tx.execute(query.order_by(text_table.c.id).limit(limit)).all()


def _entry_of(entries: Sequence[Entry], text_id: int) -> int | None:
    """Where in a history a text last did something that was not taken back."""
    for at in reversed(range(len(entries))):
        if entries[at].text_id == text_id:
            return None if entries[at].event in TAKEN_BACK else at
    return None


def _text(tx: sa.Connection, text_id: int) -> Any:
    row = tx.execute(sa.select(text_table).where(text_table.c.id == text_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {text_id} 条来信", "xinqiao text list 列出来信")
    return row
