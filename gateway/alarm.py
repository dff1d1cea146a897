"""Who hears at once that somebody may be in danger: the officers on duty, until one of them, or an operator, has it.

A text with words of danger is answered when it comes in (T20, T21). The sweep finds it within seconds, however it came:
a new case, more about an old one, a number that nobody knows, a matter typed in. Office hours do not matter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from gateway import outbox
from gateway.case_ladder import Post
from gateway.case_texts import IN_DANGER
from gateway.casebook import Desk
from gateway.logs import mask
from gateway.tables import message
from roster import store as roster_store
from roster.networks import carrier_of
from roster.rowset import Statement
from roster.tables import milliseconds, moment
from routing import store
from routing.cases import Case, CaseState
from routing.supervision import ALARM, ALARM_HEARD

PURPOSE = "alarm"
"""Purpose of texts to the duty officer: staff, so neither an opt-out nor quiet hours nor a distance between texts."""
APART = timedelta(minutes=10)  # between two alarms about the same case
TIMES = 3  # for a case that nobody accepts; more danger in a new text begins anew
LOOKED_BACK = timedelta(hours=1)
LATEST = 200  # texts that are looked at
VALIDITY_MS = 3_600_000
ANSWERABLE = timedelta(days=1)  # how long an alarm waits for somebody who takes it over
NO_NUMBER = "未登记值班电话(departments.toml 的 duty_phone),未发短信"


def sweep(tx: sa.Connection, desk: Desk, post: Post, now: datetime) -> int:
    """Tell everything that is to be told now. Returns of how many cases and texts."""
    texts = _texts(tx, desk, now)
    cases: dict[int, _Words | None] = {case_id: None for (case_id,) in _UNHEARD.all(tx)}
    cases |= {row.case_id: row for row in reversed(texts) if row.case_id is not None}  # the newest text of each
    told = sum(_case(tx, desk, post, store.by_id(tx, case_id), row, now) for case_id, row in cases.items())
    return told + sum(_stranger(tx, desk, post, row, now) for row in texts if row.case_id is None)


_UNHEARD = Statement(f"SELECT id FROM case_ticket WHERE state = '{CaseState.NEW}' AND urgency = 'emergency'")  # noqa: S608


class _Words(NamedTuple):
    """A text with words of danger."""

    id: int
    case_id: int | None
    body: str
    received_ms: int


def _texts(tx: sa.Connection, desk: Desk, now: datetime) -> list[_Words]:
    """Those of the last hour that nobody has dealt with, the newest first. It is asked every two seconds."""
    rows = _LATEST.all(tx, most=LATEST, since=milliseconds(now - LOOKED_BACK))
    return [one for row in rows if desk.words.is_emergency((one := _Words(*row)).body)]


_DECISIONS = ", ".join(f"'{kind}'" for kind in sorted(IN_DANGER))
_LATEST = Statement(
    "SELECT id, case_id, body, received_ms FROM "  # noqa: S608 - the decisions are ours
    "(SELECT * FROM text ORDER BY id DESC LIMIT :most) AS latest "
    f"WHERE received_ms > :since AND handled_at IS NULL AND decision IN ({_DECISIONS}) ORDER BY id DESC"
)


def _case(tx: sa.Connection, desk: Desk, post: Post, case: Case, said: _Words | None, now: datetime) -> bool:
    """Tell of a case, unless it was told of within ten minutes, or often enough, or somebody has it in hand.

    An officer who takes it over (QS) ends the repetitions; new words of danger begin anew.

    `said` is the last text with words of danger about it, None where there is none of the last hour.
    """
    entries = [entry for entry in store.timeline(tx, case.id) if entry.event in (ALARM, ALARM_HEARD)]
    before = [entry.at for entry in entries if entry.event == ALARM]
    said_anew = said is not None and (not before or moment(said.received_ms) > before[-1])
    taken = bool(entries) and entries[-1].event == ALARM_HEARD
    unheard = case.state is CaseState.NEW and len(before) < TIMES and not taken
    if not (said_anew or unheard) or (before and now - before[-1] < APART):
        return False
    words = said.body if said is not None else case.text
    body = desk.texts.fitted("D1", "text", no=case.number, text=_masked(words))
    messages = _tell(tx, post, desk.departments.duty_phones, body, case.id, f"alarm:{case.id}:{len(before)}", now)
    why = f"第{len(before) + 1}次短信告知值班人员" if messages else NO_NUMBER
    message_id = messages[0] if messages else None
    store.note(tx, case, ALARM, "system", "system", now, why, message_id=message_id, data={"told": messages})
    return True


def _stranger(tx: sa.Connection, desk: Desk, post: Post, row: _Words, now: datetime) -> bool:
    """A text that belongs to no case is told of once; the operator finds it by its number."""
    if _told(tx, f"alarm:text:{row.id}:0"):
        return False
    body = desk.texts.fitted("D2", "text", no=f"第{row.id}条来信", text=_masked(row.body))
    return bool(_tell(tx, post, desk.departments.duty_phones, body, None, f"alarm:text:{row.id}", now))


def untaken(tx: sa.Connection, now: datetime) -> list[Case]:
    """Cases of whose last alarm nobody has said yet that they take it over, the oldest first."""
    ids = _UNTAKEN.all(tx, since=milliseconds(now - ANSWERABLE))
    return [store.by_id(tx, case_id) for (case_id,) in ids]


_UNTAKEN = Statement(
    f"SELECT case_id FROM case_event AS told WHERE event = '{ALARM}' AND at > :since AND NOT EXISTS "  # noqa: S608
    f"(SELECT 1 FROM case_event WHERE case_id = told.case_id AND event = '{ALARM_HEARD}' AND id > told.id) "
    "GROUP BY case_id ORDER BY case_id"
)


def take_over(tx: sa.Connection, desk: Desk, post: Post, case: Case, number: str, now: datetime) -> None:
    """An officer on duty, known by the number, sees to it: no more repetitions, and the others on duty are told who."""
    tail = number[-4:]
    store.note(tx, case, ALARM_HEARD, f"值班人员(尾号{tail},短信)", "duty", now, "接手处置,不再重复告警")
    others = [one for one in desk.departments.duty_phones if one != number]
    body = desk.texts.fill("D4", no=case.number, tail=tail)
    _tell(tx, post, others, body, case.id, f"alarm:{case.id}:taken:{milliseconds(now)}", now)


def _told(tx: sa.Connection, token: str) -> bool:
    return tx.scalar(sa.select(message.c.id).where(message.c.token == token)) is not None


def _masked(words: str) -> str:
    return mask(" ".join(words.split()))


def _tell(
    tx: sa.Connection, post: Post, numbers: Sequence[str], body: str, case_id: int | None, token: str, now: datetime
) -> Sequence[int]:
    """The messages to these officers; none when the office gave no number."""
    sent = []
    for n, number in enumerate(numbers):
        belonging = carrier_of(number, None, None, post.prefixes, now)
        person = roster_store.find_or_add_person(tx, post.vault, number, belonging, now)
        message_id = outbox.put(
            tx,
            person_id=person.id,
            body=body,
            purpose=PURPOSE,
            created_by="system",
            now_ms=milliseconds(now),
            validity_ms=VALIDITY_MS,
            case_id=case_id,
            token=f"{token}:{n}",
        )
        sent.append(message_id)
    return sent
