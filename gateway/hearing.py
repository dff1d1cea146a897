"""What becomes of one whole text: an official's order, a monthly report, an answer to a question of ours, or a matter.

In this order: officials' orders, what somebody owes every month, what `routing.inbound` decides. One of them answers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from gateway import answers as question_answers
from gateway import case_mail, case_texts, monitors, outbox, resources, staff_texts
from gateway.case_ladder import Post
from gateway.case_texts import Answer
from gateway.casebook import Desk
from gateway.notices import asked
from gateway.settings import Loaded
from gateway.staff_mail import PURPOSE as STAFF
from gateway.staff_texts import Caller
from roster import store as roster_store
from roster.rowset import Statement
from roster.store import Person
from roster.vault import Vault
from routing import inbound, notice_replies, replies
from routing import store as case_store
from routing.inbound import DecisionKind

DAY_MS = 24 * 3_600_000
CLEAR = frozenset({DecisionKind.VOTE, DecisionKind.CONFIRMATION, DecisionKind.RATING})
"""Decisions that answer a question beyond doubt."""


class Texter(NamedTuple):
    """Who texts."""

    person: Person
    number: str  # E.164, or as the store has what is no such number; empty when the person was forgotten meanwhile


class Heard(NamedTuple):
    """A whole text, as it was stored."""

    text_id: int
    texter: Texter
    words: str
    complete: bool  # no part is missing
    extension: str  # the digits texted to, behind the access number
    received_ms: int


class Hearing:
    """Decides, records, answers. Holds what does not change while the daemon runs."""

    def __init__(self, settings: Loaded, vault: Vault, desk: Desk) -> None:
        self._settings = settings.values
        self._vault = vault
        self._desk = desk
        self._duties = resources.duties(settings)
        self._post = Post(vault, resources.prefixes(settings))
        self._posts = desk.departments.posts()

    def hear(self, tx: sa.Connection, text: Heard, now_ms: int) -> None:
        """One text, in the tick's transaction."""
        now = _moment(now_ms)
        posts = self._posts.get(text.texter.number)
        caller = Caller(text.texter.person.id, posts) if posts else None
        if caller is not None:
            order = staff_texts.hear(tx, self._desk, self._post, caller, text.text_id, text.words, text.complete, now)
            if order is not None:
                self._answer_officially(tx, text, order, STAFF, now)
                return
        nothing = monitors.hear(tx, self._desk, self._duties, text.texter.person.id, text.text_id, text.words, now)
        if nothing:
            self._answer_officially(tx, text, nothing, monitors.PURPOSE, now)
            return
        kind, answers = self._decide(tx, text, now)
        if answers:
            self._answer(tx, text, answers, now_ms)
        elif caller is not None and kind is DecisionKind.UNKNOWN_SENDER:
            self._answer_officially(tx, text, staff_texts.usage(self._desk, caller), STAFF, now)

    def _decide(self, tx: sa.Connection, text: Heard, now: datetime) -> tuple[DecisionKind, Sequence[Answer]]:
        """A citizen's text: what it is, recorded, and what is to be answered."""
        received = _moment(text.received_ms)
        person = text.texter.person
        sender = inbound.Sender(person.id, person.informant, person.active, person.opted_out_at is not None)
        dialogues = case_store.dialogues(tx, person.id)
        got = asked.got(tx, person.id, received - asked.REMEMBERED * 2)
        asks = question_answers.asks_of(tx, got, received)
        decision = inbound.decide(
            text.words, sender, dialogues, text.extension, now, self._desk.words, self._desk.prefix, asks
        )
        if decision.kind in question_answers.OURS:
            answers = question_answers.apply(
                tx, self._desk, decision, text_id=text.text_id, person_id=person.id, now=now
            )
        else:
            answers = case_texts.apply(
                tx, self._desk, decision, text_id=text.text_id, text=text.words, sender=sender, now=now
            )
        if decision.kind in CLEAR:
            question_answers.cleared_up(tx, person.id, now)
        lately = question_answers.sent_to(got, received - timedelta(days=self._settings.notices.reply_days))
        reply = notice_replies.link(text.words, text.extension, lately, decision)
        if reply is not None:
            question_answers.reply_to(tx, text.text_id, reply)
        if decision.kind is DecisionKind.COMMAND and roster_store.person_of(tx, person.id).opted_out_at:
            outbox.withdraw_from_notices(tx, person.id, round(now.timestamp() * 1000))
        return decision.kind, answers

    def _answer(self, tx: sa.Connection, text: Heard, answers: Sequence[Answer], now_ms: int) -> None:
        """To a citizen, as many a day as the settings allow; an echo of ours gets none."""
        [(sent,)] = _AUTOMATIC.all(tx, person=text.texter.person.id, since=now_ms - DAY_MS)
        limit = self._settings.texts.automatic_per_day
        for answer in answers:
            if replies.may_answer(text.texter.number, text.words, sent, self._desk.texts.beginnings(), limit):
                self._put(tx, text.texter.person.id, answer, _moment(now_ms))
                sent += 1

    def _answer_officially(self, tx: sa.Connection, text: Heard, body: str, purpose: str, now: datetime) -> None:
        """An order, or a report, gets its one answer, however many there were today; an echo of ours gets none."""
        if replies.may_answer(text.texter.number, text.words, 0, self._desk.texts.beginnings(), 1):
            self._put(tx, text.texter.person.id, Answer(body, purpose), now)

    def _put(self, tx: sa.Connection, person_id: int, answer: Answer, now: datetime) -> None:
        case_mail.put(
            tx,
            self._desk,
            person_id=person_id,
            body=answer.body,
            purpose=answer.purpose,
            created_by="gateway",
            now=now,
            validity_ms=DAY_MS,
            extension=answer.extension,
            case_id=answer.case_id,
            at_once=answer.at_once,
        )


_AUTOMATIC = Statement(
    "SELECT count(*) FROM message WHERE person_id = :person AND purpose IN ('automatic', 'command') "
    "AND created_ms > :since"
)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
