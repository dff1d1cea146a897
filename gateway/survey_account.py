"""Was everybody asked to rate their reply? Of every answer whether its citizen was asked, and if not, why.

Read from what stands of histories: a rating that was taken back is none. Whoever has no phone or has opted out is not
to be asked; a survey may wait while the person has another one open; an answer that did not arrive is none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from roster.tables import consent
from routing import store
from routing.cases import Case
from routing.deadlines import ANSWERS, REOPENS, UNANSWERED_AGAIN
from routing.history import Entry
from routing.moves import standing

TOLD = "told"
"""The reporter of a merged case heard what the master's did: an answer, or that it is refused."""
REPLY = frozenset({"reply", "reply_message_id", "reply_delivery"})
"""What changes with a reply to them, if only in its message: the words may be those of the last one."""
LOST, UNMERGED = "reply_failed", "unmerge"
RATED = frozenset({"rate", "rate_ok", "rate_bad"})
NO_PHONE, OPTED_OUT, QUEUED, FORGOTTEN = "没有号码", "已退订", "排队等候(另一件正在评价)", "漏邀"


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and what came of asking for its rating. `why` they were not asked is empty when they were."""

    number: str
    at: datetime
    why: str
    rated: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Answers of a period by what became of their surveys. Each list is what its figure is counted from."""

    answered: tuple[str, ...]
    exempt: dict[str, tuple[str, ...]]  # why -> those who are not to be asked
    asked: tuple[str, ...]
    queued: tuple[str, ...]
    forgotten: tuple[str, ...]
    rated: tuple[str, ...]

    @property
    def due(self) -> tuple[str, ...]:
        """应评: everybody who has a phone and has not opted out."""
        return (*self.asked, *self.queued, *self.forgotten)


def account(tx: sa.Connection, first: datetime, last: datetime) -> Account:
    """Of the answers from a moment on and before another."""
    found = [one for one in answers(tx) if first <= one.at < last]
    why = {reason: _numbers(one for one in found if one.why == reason) for reason in (NO_PHONE, OPTED_OUT)}
    return Account(
        _numbers(found),
        {reason: numbers for reason, numbers in why.items() if numbers},
        _numbers(one for one in found if not one.why),
        _numbers(one for one in found if one.why == QUEUED),
        _numbers(one for one in found if one.why == FORGOTTEN),
        _numbers(one for one in found if one.rated),
    )


def answers(tx: sa.Connection) -> Iterator[Asked]:
    """Every answer that there ever was, case by case."""
    known = consents(tx)
    for case, entries in store.histories(tx):
        yield from of_case(case, entries, known)


def of_case(
    case: Case, entries: Sequence[Entry], known: Mapping[int, Sequence[tuple[datetime, str]]]
) -> Iterator[Asked]:
    """The answers of one case; `known` are everybody's `consents`."""
    entries = standing(entries)
    starts = [n for n, entry in enumerate(entries) if _answers(entry)]
    for start, end in pairwise([*starts, len(entries)]):
        lap = _until_reopened(entries[start:end])
        if "set" not in lap[0].data or not _arrived(lap):
            continue  # older than whole histories, or never arrived, or of a master that is theirs no more
        survey = _survey(entries[: start + len(lap)])
        yield Asked(case.number, lap[0].at, _why(case, lap, survey, known.get(case.person_id or 0, ())), _rated(lap))


def _answers(entry: Entry) -> bool:
    return entry.event in ANSWERS or (entry.event == TOLD and not REPLY.isdisjoint(_given(entry)))


def _until_reopened(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The answer and what followed, up to the moment at which the case was opened again."""
    end = next((n for n, entry in enumerate(entries) if n and entry.event in REOPENS), len(entries))
    return entries[:end]


def _arrived(lap: Sequence[Entry]) -> bool:
    """The reporter of a merged case keeps its state when the reply is lost; who rates it has read it all the same."""
    events = {entry.event for entry in lap}
    return events.isdisjoint({UNANSWERED_AGAIN, UNMERGED}) and (LOST not in events or _rated(lap))


def _rated(lap: Sequence[Entry]) -> bool:
    return any(entry.event in RATED for entry in lap)


def _survey(entries: Sequence[Entry]) -> str | None:
    """How it stood after these lines: whoever is told a second reply while they wait goes on waiting."""
    return next((given["survey"] for given in map(_given, reversed(entries)) if "survey" in given), None)


def _given(entry: Entry) -> Mapping[str, Any]:
    given: Mapping[str, Any] = entry.data.get("set", {})
    return given


def _why(case: Case, lap: Sequence[Entry], survey: str | None, consents: Sequence[tuple[datetime, str]]) -> str:
    if case.person_id is None:
        return NO_PHONE
    if any(_given(entry).get("survey") == "open" or _given(entry).get("surveyed_at") for entry in lap):
        return ""
    if any(_out(consents, entry.at) for entry in lap if entry is lap[0] or entry.event == "survey"):
        return OPTED_OUT
    return QUEUED if survey == "queued" else FORGOTTEN


def _out(consents: Sequence[tuple[datetime, str]], at: datetime) -> bool:
    """Whether somebody had opted out at a moment."""
    before = [action for when, action in consents if when <= at]
    return bool(before) and before[-1] == "opt_out"


def consents(tx: sa.Connection) -> dict[int, list[tuple[datetime, str]]]:
    """By person, when they opted out or in again; oldest first."""
    found: dict[int, list[tuple[datetime, str]]] = {}
    rows: Iterable[Any] = tx.execute(
        sa.select(consent.c.person_id, consent.c.at, consent.c.action).order_by(consent.c.id)
    )
    for row in rows:
        found.setdefault(row.person_id, []).append((row.at, row.action))
    return found


def _numbers(among: Iterable[Asked]) -> tuple[str, ...]:
    return tuple(one.number for one in among)
