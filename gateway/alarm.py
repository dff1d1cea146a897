"""Who hears at once that somebody may be in danger: the duty officer, by SMS, until an operator has accepted the case.

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
from routing.supervision import ALARM
from routing.texts import MOST_PARTS, ONE_PART, units

PURPOSE = "alarm"
"""Purpose of texts to the duty officer: staff, so neither an opt-out nor quiet hours nor a distance between texts."""
APART = timedelta(minutes=10)  # between two alarms about the same case
TIMES = 3  # for a case that nobody accepts; more danger in a new text begins anew
LOOKED_BACK = timedelta(hours=1)
LATEST = 200  # texts that are looked at
VALIDITY_MS = 3_600_000
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

    `said` is the last text with words of danger about it, None where there is none of the last hour.
    """
    before = [entry.at for entry in store.timeline(tx, case.id) if entry.event == ALARM]
    said_anew = said is not None and (not before or moment(said.received_ms) > before[-1])
    unheard = case.state is CaseState.NEW and len(before) < TIMES
    if not (said_anew or unheard) or (before and now - before[-1] < APART):
        return False
    words = said.body if said is not None else case.text
    messages = _tell(tx, desk, post, case.number, words, case.id, f"alarm:{case.id}:{len(before)}", now)
    why = f"第{len(before) + 1}次短信告知值班人员" if messages else NO_NUMBER
    message_id = messages[0] if messages else None
    store.note(tx, case, ALARM, "system", "system", now, why, message_id=message_id, data={"told": messages})
    return True


def _stranger(tx: sa.Connection, desk: Desk, post: Post, row: _Words, now: datetime) -> bool:
    """A text that belongs to no case is told of once; the operator finds it by its number."""
    if _told(tx, f"alarm:text:{row.id}:0"):
        return False
    return bool(_tell(tx, desk, post, f"第{row.id}条来信", row.body, None, f"alarm:text:{row.id}", now))


def _told(tx: sa.Connection, token: str) -> bool:
    return tx.scalar(sa.select(message.c.id).where(message.c.token == token)) is not None


def _tell(
    tx: sa.Connection,
    desk: Desk,
    post: Post,
    what: str,
    words: str,
    case_id: int | None,
    token: str,
    now: datetime,
) -> Sequence[int]:
    """The messages to everybody on duty; none when the office gave no number."""
    body = _body(desk, what, words)
    sent = []
    for n, number in enumerate(desk.departments.duty_phones):
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


def _body(desk: Desk, what: str, words: str) -> str:
    """Numbers in the citizen's words are masked; what does not fit is left out."""
    words = mask(" ".join(words.split()))
    room = MOST_PARTS["D1"] * ONE_PART - units(desk.texts.fill("D1", no=what, text=""))
    while units(words) > room:
        words = words[: -max(1, (units(words) - room) // 2)]
    return desk.texts.fill("D1", no=what, text=words)
