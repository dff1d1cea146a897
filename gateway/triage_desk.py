"""What the operator sees of a new case before deciding, and what each decision then does.

Everything that is done goes through `gateway/case_desk.py`: its rules, its texts, its history. What is suggested
decides nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from gateway import answers_desk, case_desk, likeness, resources
from gateway.casebook import Desk, find
from gateway.database import Database
from gateway.errors import Refused
from gateway.likeness import Duplicate
from gateway.settings import Loaded
from routing import store, suggestion
from routing.answers import Answers, Found
from routing.cases import URGENCIES, Case, CaseState, Facts
from routing.experience import Decided
from routing.likeness import Reader
from routing.suggestion import Rules, Suggestions

OPERATOR = "operator"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Book:
    """The office's data for triage, from the working folder."""

    desk: Desk
    rules: Rules
    reader: Reader
    answers: Answers

    @classmethod
    def from_settings(cls, settings: Loaded) -> "Book":
        """Raises `SettingsWrong` when a data file cannot be used."""
        return cls(
            Desk.from_settings(settings),
            resources.triage(settings),
            resources.reader(settings),
            resources.answers(settings),
        )


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is to say about a case before it is decided."""

    suggestions: Suggestions
    duplicates: tuple[Duplicate, ...]
    answers: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator makes of a case: the suggestion, as changed by hand."""

    kind: str
    topic: str = ""
    place: str = ""
    lead: str = ""
    urgency: str = ""

    @classmethod
    def of(cls, case: Case, found: Suggestions) -> "Choice":
        """What is suggested; what the case has already goes before."""

        def value(known: str | None, suggested: suggestion.Suggestion | None) -> str:
            return known or (suggested.value if suggested else "")

        return cls(
            case.kind or found.kind.value,
            value(case.topic, found.topic),
            value(case.place, found.place),
            value(case.lead, found.lead),
            found.urgency.value if found.urgency else "",
        )


def waiting(tx: sa.Connection) -> list[Case]:
    """What waits for the operator's decision: danger first, then the oldest. What was proposed waits for another."""
    cases = store.listed(tx, state=CaseState.NEW, limit=ALL) + store.listed(tx, state=CaseState.ACCEPTED, limit=ALL)
    proposed = {
        case_id
        for case_id in store.with_line(tx, CaseState.NEW, "propose_reject")
        if case_desk.proposed(store.timeline(tx, case_id), "reject")
    }
    ranks = list(URGENCIES)
    mine = (case for case in cases if case.id not in proposed)
    return sorted(mine, key=lambda case: (-ranks.index(case.urgency), case.created_at, case.id))


ALL = 1_000_000


def advise(tx: sa.Connection, book: Book, case: Case, now: datetime) -> Advice:
    """What a case seems to be, the earlier ones that may be the same, and the ready answers that may fit."""
    said = book.reader.read(case.text)
    known = likeness.decided(tx, book.reader, said, case.id)
    found = _suggest(book, case, known)
    same = likeness.duplicates(tx, book.reader, said, case.id, now)
    return Advice(found, same, tuple(book.answers.find(case.text)))


def _suggest(book: Book, case: Case, known: Iterable[Decided]) -> Suggestions:
    where = book.reader.gazetteer.find(case.text)
    return suggestion.suggest(case.text, where, book.rules, tuple(known), accused=case.accused, urgency=case.urgency)


def file_all(database: Database, reader: Reader) -> int:
    """File what waits to be filed, so that what came a moment ago is compared, too. Returns how many."""
    filed = 0
    with database.read() as tx:
        if not likeness.behind(tx):
            return 0
    while True:
        with database.write() as tx:
            done = likeness.catch_up(tx, reader)
        filed += done
        if done < likeness.AT_ONCE:
            return filed


def due(book: Book, case: Case, choice: Choice, now: datetime) -> date:
    """The date that the citizen would be told."""
    chosen = replace(case, kind=choice.kind, urgency=choice.urgency or case.urgency)
    return book.desk.due(chosen, "assign", now)


# ----------------------------------------------------------------------------------------------------------- decisions


def take(tx: sa.Connection, book: Book, number: str, choice: Choice, facts: Facts) -> Case:
    """Accept, and assign to the chosen unit. What a leader decides in person goes to the leader instead."""
    case, facts = _accepted(tx, book, number, choice, facts)
    if case.state is CaseState.AWAIT_LEADER:
        return case
    if not choice.lead:
        raise Refused("没有建议的主办单位", "按 d 选择主办单位")
    return case_desk.act(tx, book.desk, number, "assign", OPERATOR, replace(facts, lead=choice.lead))


def to_leader(tx: sa.Connection, book: Book, number: str, choice: Choice, reason: str, facts: Facts) -> Case:
    """Accept, and put before a leader."""
    case, facts = _accepted(tx, book, number, choice, facts)
    if case.state is CaseState.AWAIT_LEADER:
        return case
    return case_desk.act(tx, book.desk, number, "refer_leader", OPERATOR, replace(facts, reason=reason))


def _accepted(tx: sa.Connection, book: Book, number: str, choice: Choice, facts: Facts) -> tuple[Case, Facts]:
    """The case accepted as chosen, unless it is already (its unit gave it back); the facts of what comes next."""
    case = find(tx, number)
    if case.state is CaseState.ACCEPTED:
        return case, facts
    chosen = replace(facts, kind=choice.kind, topic=choice.topic, place=choice.place, urgency=choice.urgency)
    case = case_desk.act(tx, book.desk, number, "accept", OPERATOR, chosen)
    return case, replace(facts, seconds=0.0)  # one decision, one time


def merge(tx: sa.Connection, book: Book, number: str, into: str, facts: Facts) -> Case:
    """Into an earlier case: its reporter gets the same reply. Only a person decides that."""
    facts = replace(facts, master=find(tx, into), reason="同一问题")
    return case_desk.act(tx, book.desk, number, "merge", OPERATOR, facts)


def answer(tx: sa.Connection, book: Book, number: str, no: int, facts: Facts) -> Case:
    """An inquiry answered with a ready answer. Raises `Refused` when there is none of this number."""
    given = replace(facts, kind="咨询", reply=answers_desk.numbered(book.answers, no).reply, kb=no)
    return case_desk.act(tx, book.desk, number, "answer_direct", OPERATOR, given)


def ask(tx: sa.Connection, book: Book, number: str, question: str, facts: Facts) -> Case:
    """Ask the citizen for what is missing."""
    return case_desk.act(tx, book.desk, number, "ask_info", OPERATOR, replace(facts, question=question))


def propose_refusal(tx: sa.Connection, book: Book, number: str, code: str, facts: Facts) -> Case:
    """Propose not to accept; the reviewer decides."""
    return case_desk.propose(tx, book.desk, number, "reject", OPERATOR, replace(facts, code=code))


class _Undone(Exception):
    """Nothing is kept."""


def rehearse(database: Database, work: Callable[[sa.Connection], Result]) -> Result:
    """Do something, keep nothing of it: raises what doing it would raise."""
    done: list[Any] = []
    try:
        with database.write() as tx:
            done.append(work(tx))
            raise _Undone
    except _Undone:
        return done[0]  # type: ignore[no-any-return]
