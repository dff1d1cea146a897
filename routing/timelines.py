"""Many histories at once, for reports: on the driver's own rows, and only of the cases that can touch a period.

An archive of years has tens of thousands of cases; a month touches a few thousand of them (benchmarks/reports.py).
"""

from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from roster.rowset import Statement
from roster.tables import milliseconds, moment
from routing.cases import KEPT, OVER, Case
from routing.history import Entry, read_field

_FIXED = ("id", "number", "slot", "person_id", "channel", "text", "created_at")
_OVER = ", ".join(f"'{state}'" for state in sorted(OVER))
_TICKET = ", ".join(f"one.{name}" for name in (*_FIXED, *KEPT))
_EVENT = ", ".join(
    f"one.{name}"
    for name in (
        *("case_id", "at", "event", "actor", "role", "from_state", "to_state", "reason", "text_id", "message_id"),
        "data",
    )
)
_TOUCHED = Statement(
    f"SELECT {_TICKET} FROM case_ticket AS one WHERE one.created_at <= :until AND ("  # noqa: S608 - names of ours
    f"one.state NOT IN ({_OVER}) OR one.due_on >= :day "
    "OR one.id IN (SELECT case_id FROM case_event WHERE at >= :since)) ORDER BY one.id"
)
_NAMED = Statement(
    f"SELECT {_TICKET} FROM case_ticket AS one JOIN {{rows}} AS wanted ON wanted.id = one.id ORDER BY one.id",  # noqa: S608
    id="BIGINT",
)
_ENTRIES = Statement(
    f"SELECT {_EVENT} FROM case_event AS one JOIN {{rows}} AS wanted ON wanted.id = one.case_id ORDER BY one.id",  # noqa: S608
    id="BIGINT",
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode
History = tuple[Case, list[Entry]]


def touching(tx: sa.Connection, since: datetime, day: date, until: datetime) -> list[History]:
    """Every case that was there at `until` and of which something may have been open, due or happening since `since`.

    `day` is the office's date of `since`. What lies behind a merged case comes too. Rows are as they stand now: the
    histories say how they stood.
    """
    rows = _TOUCHED.all(tx, since=milliseconds(since), day=day.isoformat(), until=milliseconds(until))
    cases = [_case(row) for row in rows]
    here = {case.id for case in cases}
    masters = {case.master_id for case in cases if case.master_id is not None} - here
    cases += [_case(row) for row in _NAMED.all(tx, sorted(masters))]
    return _with_entries(tx, cases)


def _with_entries(tx: sa.Connection, cases: list[Case]) -> list[History]:
    entries: dict[int, list[Entry]] = {case.id: [] for case in cases}
    for case_id, at, event, actor, role, source, target, reason, text_id, message_id, data in _ENTRIES.all(
        tx, list(entries)
    ):
        told = data if isinstance(data, dict) else _decode(data)
        line = Entry(moment(at), event, actor, role, source, target, reason, text_id, message_id, told)
        entries[case_id].append(line)
    return [(case, entries[case.id]) for case in cases]


def _case(row: Any) -> Case:
    case_id, number, slot, person_id, channel, text, created_at, *kept = row
    values = {name: read_field(name, value) for name, value in zip(KEPT, kept, strict=True)}
    return Case(case_id, number, slot, person_id, channel, text, moment(created_at), **values)
