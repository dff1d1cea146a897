"""What a text does to a question of ours: an answer kept, a word back where there is need of one, and all that undone.

Used by the inbox for what was decided by rule and by the command line for what an operator chooses.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import case_texts, notices, polls
from gateway.case_texts import Answer
from gateway.casebook import Desk
from gateway.errors import NotFound, Refused
from gateway.notices import asked
from gateway.notices.asked import Got, Question
from gateway.tables import answer, text
from roster.rowset import Statement
from roster.tables import milliseconds
from routing.asks import AnswerKind, Ask, AskKind, vote
from routing.inbound import Decision, DecisionKind
from routing.notice_replies import Link, Sent

KINDS = {
    DecisionKind.VOTE: AnswerKind.VOTE,
    DecisionKind.UNCOUNTED_VOTE: AnswerKind.VOTE,
    DecisionKind.OPINION: AnswerKind.OPINION,
    DecisionKind.CONFIRMATION: AnswerKind.CONFIRMATION,
}
OURS = frozenset({*KINDS, DecisionKind.ASKED_BACK})
"""Decisions that are carried out here and touch no case."""
DIGITS = 4  # of a notice's extension
ASKED_BACK_EVERY = timedelta(days=1)


def asks_of(tx: sa.Connection, got: Sequence[Got], received: datetime) -> list[Ask]:
    """The questions that a text of this moment may answer, from somebody who `got` these notices."""
    known = asked.remembered(tx, received)
    if not known:
        return []
    put = asked.carriers_of(tx, [one.notice_id for one in known])
    return [_ask(one, put[one.notice_id], got, received) for one in known]


def _ask(one: Question, put: Sequence[int], got: Sequence[Got], received: datetime) -> Ask:
    theirs = [sent.sent_at for sent in got if sent.question_id == one.notice_id]
    return Ask(
        notice_id=one.notice_id,
        kind=one.kind,
        words=one.words,
        options=one.options,
        extensions=frozenset(notices.extension_of(number, DIGITS) for number in put),
        asked=bool(theirs),
        opened_at=max(theirs, default=received),
        open=one.is_open(received),
    )


def sent_to(got: Sequence[Got], since: datetime) -> list[Sent]:
    """The notices that a text may reply to."""
    return [
        Sent(one.notice_id, notices.extension_of(one.notice_id, DIGITS), one.body) for one in got if one.sent_at > since
    ]


# -------------------------------------------------------------------------------------------------- what texts do


def apply(
    tx: sa.Connection, desk: Desk, decision: Decision, *, text_id: int, person_id: int, now: datetime
) -> list[Answer]:
    """Do what a text means. Returns the texts to answer with; marks the text with what was decided."""
    if decision.kind is DecisionKind.ASKED_BACK:
        return _ask_back(tx, desk, decision, text_id, person_id, now)
    one = asked.question_of(tx, decision.notice_id or 0)
    apart = _keep(tx, one, KINDS[decision.kind], decision, text_id, "citizen")
    case_texts.mark(tx, text_id, decision, None)
    if decision.kind is not DecisionKind.UNCOUNTED_VOTE or _told(tx, one, person_id, text_id):
        return []
    name = "T23" if apart == "not_asked" else "T22"
    return [Answer(desk.texts.fill(name, date=_last_day(desk, one)), "automatic")]


def _keep(
    tx: sa.Connection, one: Question, kind: AnswerKind, decision: Decision, text_id: int, actor: str
) -> str | None:
    row = _text(tx, text_id)
    return polls.record(
        tx,
        one,
        person_id=row.person_id,
        text_id=text_id,
        kind=kind,
        option=int(decision.value) if decision.value else 0,
        words=decision.said,
        received_ms=row.received_ms,
        actor=actor,
    )


def _told(tx: sa.Connection, one: Question, person_id: int, text_id: int) -> bool:
    """True when somebody has been told before that their vote does not count: once is enough."""
    earlier = sa.select(answer.c.id).where(
        answer.c.question_id == one.notice_id,
        answer.c.person_id == person_id,
        answer.c.apart.isnot(None),
        answer.c.text_id != text_id,
    )
    return tx.scalar(earlier.limit(1)) is not None


def _last_day(desk: Desk, one: Question) -> str:
    day = desk.today(one.closes_at - timedelta(seconds=1))
    return f"{day.month}月{day.day}日"


def _ask_back(
    tx: sa.Connection, desk: Desk, decision: Decision, text_id: int, person_id: int, now: datetime
) -> list[Answer]:
    """Which is meant? Asked once a day; who answers as unclearly again is left to an operator."""
    since = milliseconds(now - ASKED_BACK_EVERY)
    before = sa.select(text.c.id).where(
        text.c.person_id == person_id, text.c.decision == DecisionKind.ASKED_BACK, text.c.received_ms > since
    )
    if tx.scalar(before.limit(1)) is not None:
        unclear = Decision(DecisionKind.UNCLEAR, f"{decision.reason};已问过一次", decision.confidence)
        case_texts.mark(tx, text_id, unclear, None)
        return []
    case_texts.mark(tx, text_id, decision, None)
    return [Answer(desk.texts.fill("T24", value=decision.value, ways=decision.said), "automatic")]


def cleared_up(tx: sa.Connection, person_id: int, now: datetime) -> None:
    """A clear answer has come: what was asked back before needs nobody any more."""
    _CLEARED.run(tx, person=person_id, now=milliseconds(now))


_CLEARED = Statement(
    "UPDATE text SET handled_at = :now, handled_by = 'gateway' "
    "WHERE person_id = :person AND decision = 'asked_back' AND handled_at IS NULL"
)


def reply_to(tx: sa.Connection, text_id: int, found: Link | None) -> None:
    """Show a text under the notice that it replies to; under none without one."""
    _LINKED.run(
        tx,
        text_id=text_id,
        notice_id=found and found.notice_id,
        notice_reason=found and found.reason,
        notice_confidence=found and found.confidence,
    )


def link(tx: sa.Connection, text_id: int, notice_id: int, actor: str) -> None:
    """An operator says which notice a text replies to. What else became of the text stays."""
    _text(tx, text_id)
    one = notices.by_id(tx, notice_id)
    reply_to(tx, text_id, Link(one.id, f"{actor} 归入第{one.id}号通知", 1.0))


def unlink(tx: sa.Connection, text_id: int) -> int:
    """A text replies to no notice. The notice's number. An answer to a question is taken back by `undo` only."""
    row = _text(tx, text_id)
    if row.notice_id is None:
        raise Refused(f"第 {text_id} 条来信没有归入任何通知", "xinqiao text list 看来信的处理")
    if of_text(tx, text_id) is not None:
        raise Refused(f"第 {text_id} 条来信是对第 {row.notice_id} 号的答复", f"xinqiao text undo {text_id} 撤销答复")
    reply_to(tx, text_id, None)
    return int(row.notice_id)


_LINKED = Statement.changing(text, "notice_id", "notice_reason", "notice_confidence", where="id = :text_id")


# ----------------------------------------------------------------------------------- what an operator decides


def of_text(tx: sa.Connection, text_id: int) -> Any:
    """The answer that a text gave and nobody took back; None where there is none."""
    query = sa.select(answer).where(answer.c.text_id == text_id, answer.c.undone_at.is_(None))
    return tx.execute(query).one_or_none()


def undo(tx: sa.Connection, text_id: int, actor: str, reason: str, now: datetime) -> int:
    """Take an answer back: it counts no more; a text without a case waits for an operator. The question's number."""
    row = of_text(tx, text_id)
    if row is None:
        raise Refused(f"第 {text_id} 条来信没有归入任何征求意见", "xinqiao text list 看来信的处理")
    one = asked.question_of(tx, row.question_id)
    if one.closed_at is not None and row.apart is None and row.kind == AnswerKind.VOTE:
        raise Refused(f"第 {one.notice_id} 号征求意见已截止定案,结果不再变动", "新的问题请另行征求意见")
    tx.execute(sa.update(answer).where(answer.c.id == row.id).values(undone_at=now, undone_by=actor))
    if _text(tx, text_id).case_id is None:
        case_texts.mark(tx, text_id, Decision(DecisionKind.UNCLEAR, f"{actor} 撤销了答复:{reason}", 0.0), None)
    reply_to(tx, text_id, None)
    return one.notice_id


def attach(
    tx: sa.Connection, desk: Desk, text_id: int, question_id: int, option: int | None, actor: str, now: datetime
) -> str | None:
    """An operator says what a text answers: an option, else what its words say, else it is an opinion.

    Where the text is a case or belongs to one, the answer stands beside that. Returns why it does not count, None when
    it does.
    """
    row = _text(tx, text_id)
    one = asked.question_of(tx, question_id)
    if not polls.was_asked(tx, question_id, row.person_id):
        raise Refused(f"第 {question_id} 号没有发给这个来信人", "只有被征求的人的答复才能归入")
    if of_text(tx, text_id) is not None:
        undo(tx, text_id, actor, f"改归第{question_id}号", now)
    decision = _chosen(one, row.body, option, desk, actor)
    apart = _keep(tx, one, KINDS[decision.kind], decision, text_id, actor)
    if row.case_id is None:
        case_texts.mark(tx, text_id, decision, None)
    reply_to(tx, text_id, Link(question_id, decision.reason, 1.0))
    return apart


def _chosen(one: Question, words: str, option: int | None, desk: Desk, actor: str) -> Decision:
    if one.kind is AskKind.READ_BACK:
        kind = DecisionKind.OPINION if option == 0 else DecisionKind.CONFIRMATION
        return _by(actor, kind, one, "会议通知", "", words)
    said = vote(words, one.words, one.options, desk.words.answers)
    chosen = option if option is not None else said.option if said and said.sure else 0
    if not 0 <= chosen <= len(one.options):
        raise Refused(f"没有第 {chosen} 个选项", f"选项 1 至 {len(one.options)};0 为只作意见")
    if not chosen:
        return _by(actor, DecisionKind.OPINION, one, "征求意见,只作意见", "", words)
    reason = said.reason if said and said.option == chosen else words
    return _by(actor, DecisionKind.VOTE, one, f"征求意见,选{chosen}", str(chosen), reason)


def _by(actor: str, kind: DecisionKind, one: Question, what: str, value: str, said: str) -> Decision:
    reason = f"{actor} 归入第{one.notice_id}号{what}"
    return Decision(kind, reason, 1.0, value=value, notice_id=one.notice_id, said=said)


def _text(tx: sa.Connection, text_id: int) -> Any:
    row = tx.execute(sa.select(text).where(text.c.id == text_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {text_id} 条来信", "xinqiao text list 列出来信")
    return row
