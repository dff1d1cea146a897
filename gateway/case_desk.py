"""What happens at the case desk: one step of a case in one transaction, with its texts and its history.

Rule, store, outbox, in that order and in the caller's transaction. Used by the inbox for what citizens text
and by the command line for what the office does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from gateway import notices, outbox, resources
from gateway.errors import NotFound, Refused
from gateway.outbox import HOUR
from gateway.settings import Loaded
from gateway.tables import text as text_table
from roster import store as roster_store
from routing import store
from routing.cases import LABELS, OVER, Case, CaseState, Facts, RuleBroken, step
from routing.departments import Departments
from routing.inbound import Decision, DecisionKind, Sender
from routing.tables import case_ticket
from routing.texts import Texts, TooLong
from routing.words import Words

RATED_WITHIN = timedelta(days=14)
REPLY_VALIDITY_MS = 72 * HOUR


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with: texts, words, units and the office's time."""

    texts: Texts
    words: Words
    departments: Departments
    prefix: str
    zone: ZoneInfo
    extension_digits: int

    @classmethod
    def from_settings(cls, settings: Loaded) -> "Desk":
        """From the working folder's settings and data files."""
        return cls(
            Texts(resources.messages(settings), settings.values.signature),
            resources.words(settings),
            resources.departments(settings),
            settings.values.case_prefix,
            settings.zone(),
            min((carrier.extension_digits for carrier in settings.values.carriers.values()), default=0),
        )

    def today(self, now: datetime) -> date:
        """The office's date."""
        return now.astimezone(self.zone).date()

    def extension(self, case: Case) -> str:
        """The digits under which texts about a case are sent, none where the carriers allow fewer."""
        return case.slot if self.extension_digits >= len(case.slot) else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text to send because of a text that came in."""

    body: str
    purpose: str
    extension: str
    case_id: int | None


# --------------------------------------------------------------------------------------------------- what citizens do


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
    case_id = decision.case_id
    answers: list[Answer] = []
    match decision.kind:
        case DecisionKind.NEW_CASE:
            case = _register(tx, desk, text, sender.person_id, "sms", "citizen", "gateway", text_id, now)
            case_id = case.id
            answers = [_answer(desk, case, "T1", no=case.number)]
        case DecisionKind.RATING if case_id is not None:
            answers = _rate(tx, desk, store.by_id(tx, case_id), int(decision.value), text_id, now)
        case DecisionKind.THANKS if case_id is not None:
            answers = _thanked(tx, desk, store.by_id(tx, case_id), text_id, now)
        case DecisionKind.FOLLOW_UP if case_id is not None:
            case = store.by_id(tx, case_id)
            store.note(tx, case, "follow_up", "citizen", "citizen", now, from_state=case.state, text_id=text_id)
        case DecisionKind.COMMAND:
            answers = _command(tx, desk, decision.value, text, sender, text_id, now)
    mark(tx, text_id, decision, case_id)
    return answers


def mark(tx: sa.Connection, text_id: int, decision: Decision, case_id: int | None) -> None:
    """Write on a text what was decided about it, and why."""
    tx.execute(
        sa.update(text_table)
        .where(text_table.c.id == text_id)
        .values(
            decision=decision.kind.value,
            case_id=case_id,
            reason=decision.reason,
            confidence=decision.confidence,
        )
    )


def _register(
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
    return store.open_case(
        tx,
        prefix=desk.prefix,
        year=desk.today(now).year,
        text=text,
        person_id=person_id,
        channel=channel,
        accused=desk.departments.named_in(text) if desk.words.accuses(text) else (),
        actor=actor,
        role=role,
        text_id=text_id,
        now=now,
    )


def _rate(tx: sa.Connection, desk: Desk, case: Case, rating: int, text_id: int, now: datetime) -> list[Answer]:
    event = "rate_ok" if rating in (1, 2) else "rate_bad"
    facts = Facts("citizen", now, rating=rating)
    try:
        done = step(case, event, "citizen", facts)
    except RuleBroken:  # it was closed meanwhile: keep what they said
        store.note(tx, case, "follow_up", "citizen", "citizen", now, from_state=case.state, text_id=text_id)
        return []
    after = store.record(tx, case, done, "citizen", facts, text_id=text_id)
    return [_answer(desk, after, name, no=after.number) for name in done.sms]


def _thanked(tx: sa.Connection, desk: Desk, case: Case, text_id: int, now: datetime) -> list[Answer]:
    """Thanks close a case that waits for its rating as satisfied, and change nothing else."""
    if case.state is CaseState.REPLIED:
        return _rate(tx, desk, case, 1, text_id, now)
    store.note(tx, case, "thanks", "citizen", "citizen", now, from_state=case.state, text_id=text_id)
    return []


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
    if not mine:
        return [_plain(desk, "T18")]
    case = store.by_id(tx, mine[0].case_id)
    return [_answer(desk, case, "T17", no=case.number, state=LABELS[case.state])]


def _appeal(tx: sa.Connection, desk: Desk, sender: Sender, text_id: int, now: datetime) -> list[Answer]:
    """The newest refused case of the sender is looked at again, once, within a fortnight."""
    for one in store.dialogues(tx, sender.person_id):
        case = store.by_id(tx, one.case_id)
        if case.state is CaseState.REJECTED:
            facts = Facts("citizen", now)
            try:
                done = step(case, "appeal", "citizen", facts)
            except RuleBroken:
                break
            after = store.record(tx, case, done, "citizen", facts, text_id=text_id)
            return [_answer(desk, after, "T17", no=after.number, state=LABELS[after.state])]
    return [_plain(desk, "T18")]


def _answer(desk: Desk, case: Case, name: str, **fields: str) -> Answer:
    return Answer(desk.texts.fill(name, **fields), "automatic", desk.extension(case), case.id)


def _plain(desk: Desk, name: str) -> Answer:
    return Answer(desk.texts.fill(name), "automatic", "", None)


# ------------------------------------------------------------------------------------------ what the office does


def find(tx: sa.Connection, number: str) -> Case:
    """The case of this number. Raises `NotFound`."""
    case = store.by_number(tx, number.strip().upper())
    if case is None:
        raise NotFound(f"没有编号为 {number} 的件", "xinqiao case list 列出全部")
    return case


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
    case = _register(tx, desk, text, person_id, channel, actor, "operator", text_id, now)
    _send(tx, desk, case, "T1", actor, now, no=case.number)
    return case


def act(tx: sa.Connection, desk: Desk, number: str, event: str, role: str, facts: Facts) -> Case:
    """One step by somebody of the office: rule, texts to the citizen, store. Raises `Refused` with the reason."""
    case = find(tx, number)
    facts = replace(facts, today=desk.today(facts.now))
    try:
        done = step(case, event, role, facts)
        message_id = _tell(tx, desk, done.case, done.sms, facts)
    except RuleBroken as broken:
        raise Refused(broken.message, broken.way_out) from None
    except TooLong as long:
        raise Refused(f"短信太长:{long}", "请缩短内容后再试") from None
    data = {
        key: value
        for key, value in (
            ("method", facts.method),
            ("gates", "".join(sorted(facts.gates))),
            ("failed_gate", facts.failed_gate),
            ("reply", facts.reply),
            ("where", facts.where),
            ("cleared", "、".join(facts.cleared)),
        )
        if value
    }
    after = store.record(tx, case, done, role, facts, message_id=message_id, data=data)
    if "T6" in done.sms:
        store.set_reply(tx, case.id, message_id, "pending" if message_id else "called")
    return after


def report(tx: sa.Connection, desk: Desk, number: str, role: str, facts: Facts) -> Case:
    """A unit reports. One that never signed for the case signs with its report, and both are on the record."""
    if find(tx, number).state is CaseState.ASSIGNED:
        act(tx, desk, number, "sign", role, replace(facts, reason="随反馈一并签收"))
    return act(tx, desk, number, "report", role, facts)


def _tell(tx: sa.Connection, desk: Desk, case: Case, texts: Sequence[str], facts: Facts) -> int | None:
    """Send the texts of a step. Returns the first message's id: the reply, where there is one."""
    first = None
    for name in texts:
        due = date.fromisoformat(case.due_on) if case.due_on else None
        message_id = _send(
            tx,
            desk,
            case,
            name,
            facts.actor,
            facts.now,
            no=case.number,
            dept=case.lead or "",
            due=f"{due.month}月{due.day}日" if due else "",
            text=facts.reason if name == "T13" else facts.reply or case.reply or "",
            reason=facts.reason,
            where=facts.where,
        )
        first = first or message_id
    return first


def _send(tx: sa.Connection, desk: Desk, case: Case, name: str, actor: str, now: datetime, **fields: str) -> int | None:
    """One text to the reporter of a case; None when the case came without a phone."""
    if case.person_id is None:
        return None
    return outbox.put(
        tx,
        person_id=case.person_id,
        body=desk.texts.checked(name, **fields),
        purpose="reply" if name == "T6" else "case",
        created_by=actor,
        now_ms=round(now.timestamp() * 1000),
        validity_ms=REPLY_VALIDITY_MS,
        extension=desk.extension(case),
        case_id=case.id,
    )


def link(tx: sa.Connection, text_id: int, number: str | None, actor: str, now: datetime) -> None:
    """An operator chooses the case of a text (None: takes the link away). The sender must be a party to it."""
    row = tx.execute(sa.select(text_table).where(text_table.c.id == text_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {text_id} 条来信", "xinqiao text list 列出来信")
    if number is None:
        if row.case_id is not None:
            case = store.by_id(tx, row.case_id)
            store.note(tx, case, "unlink", actor, "operator", now, from_state=case.state, text_id=text_id)
        mark(tx, text_id, Decision(DecisionKind.UNCLEAR, f"{actor} 取消了归件", 1.0), None)
        return
    case = find(tx, number)
    if case.person_id != row.person_id:
        raise Refused(f"{number} 不是该来信人的件", "来信只能归入本人的件;新的问题请用 xinqiao case new --from-text")
    store.note(tx, case, "follow_up", actor, "operator", now, from_state=case.state, text_id=text_id)
    mark(tx, text_id, Decision(DecisionKind.FOLLOW_UP, f"{actor} 归入{number}", 1.0), case.id)


# ------------------------------------------------------------------------------------- what time and phones do


def settle_replies(tx: sa.Connection, now: datetime) -> int:
    """Cases whose reply has by now reached its citizen, or never will. Returns how many."""
    waiting = tx.scalars(
        sa.select(case_ticket.c.reply_message_id).where(case_ticket.c.reply_delivery == "pending")
    ).all()
    settled = 0
    for message_id in waiting:
        state = notices.message_state(tx, message_id)
        if state in outbox.FINAL:
            reply_settled(tx, message_id, state == outbox.PartState.DELIVERED, now)
            settled += 1
    return settled


def reply_settled(tx: sa.Connection, message_id: int, delivered: bool, now: datetime) -> None:
    """The reply has reached its citizen, or never will: then the case is not answered yet."""
    case = store.by_reply(tx, message_id)
    if case is None or case.reply_delivery != "pending":
        return
    delivery = "delivered" if delivered else "undelivered"
    store.set_reply(tx, case.id, message_id, delivery)
    case = replace(case, reply_delivery=delivery)
    store.note(tx, case, f"reply_{delivery}", "system", "system", now, from_state=case.state, message_id=message_id)
    if not delivered and case.state is CaseState.REPLIED:
        facts = Facts("system", now, reason="答复短信未送达,请电话答复")
        store.record(tx, case, step(case, "reply_undelivered", "system", facts), "system", facts)


def close_unrated(tx: sa.Connection, now: datetime) -> int:
    """Delivered replies that nobody rated within two weeks: closed, and counted as not rated. Returns how many."""
    closed = 0
    for case in store.replied_before(tx, now - RATED_WITHIN):
        facts = Facts("system", now, reason="答复后14日内未评价")
        try:
            done = step(case, "rate_timeout", "system", facts)
        except RuleBroken:
            continue  # the reply has not arrived
        store.record(tx, case, done, "system", facts)
        closed += 1
    return closed


def next_for_operator(tx: sa.Connection) -> Case | None:
    """The oldest case that waits for the office: to be accepted, assigned, reviewed, phoned."""
    waiting = (CaseState.NEW, CaseState.ACCEPTED, CaseState.REPORTED, CaseState.DISSATISFIED)
    cases = [case for state in waiting for case in store.listed(tx, state=state, limit=1)]
    return min(cases, key=lambda case: case.created_at, default=None)


def is_over(case: Case) -> bool:
    """True when nothing more will happen unless somebody comes back to it."""
    return case.state in OVER


def text_of(tx: sa.Connection, text_id: int) -> tuple[int, str] | None:
    """Who sent a text, and its words."""
    row = tx.execute(sa.select(text_table).where(text_table.c.id == text_id)).one_or_none()
    return None if row is None else (row.person_id, row.body)
