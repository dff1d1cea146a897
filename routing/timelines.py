"""Many histories at once, for reports: on the driver's own rows, and only of the cases that can touch what is asked.

An archive of years has tens of thousands of cases; a month touches a few thousand of them (benchmarks/reports.py).
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from roster.rowset import Statement
from roster.tables import milliseconds, moment
from routing.cases import KEPT, OVER, Case
from routing.deadlines import SET_CLOCKS, Move
from routing.history import AS_WRITTEN, STATES, Entry, read_field
from routing.statistics import MAY_DISSATISFY

_FIXED = ("id", "number", "slot", "person_id", "channel", "text", "created_at")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


_COLUMNS = (*_FIXED, *KEPT)  # the fields of a case, in its order
_TO_READ = [(_COLUMNS.index("created_at"), "created_at"), *((_COLUMNS.index(name), name) for name in AS_WRITTEN)]
_KIND = _COLUMNS.index("kind")
_TICKET = ", ".join(f"one.{name}" for name in _COLUMNS)
_EVENT = ", ".join(
    f"one.{name}"
    for name in (
        *("case_id", "at", "event", "actor", "role", "from_state", "to_state", "reason", "text_id", "message_id"),
        "data",
    )
)
_TOUCHED = Statement(
    f"SELECT {_TICKET} FROM case_ticket AS one WHERE one.created_at <= :until AND ("  # noqa: S608 - names of ours
    f"one.state NOT IN ({_quoted(OVER)}) OR one.due_on >= :day "
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
_VOTERS = Statement(
    "SELECT DISTINCT case_id FROM case_event WHERE at >= :since AND at < :until "  # noqa: S608 - names of ours
    f"AND event IN ({_quoted(MAY_DISSATISFY)})"
)
_ALIKE = Statement(
    f"SELECT {_TICKET} FROM case_ticket AS one "  # noqa: S608 - names of ours
    "WHERE (one.place, one.topic) IN (SELECT wanted.place, wanted.topic FROM {rows} AS wanted) "
    "AND one.created_at <= :until AND one.state NOT IN ('merged', 'rejected') ORDER BY one.id",
    place="TEXT",
    topic="TEXT",
)
_LAPS = Statement(
    "SELECT one.case_id, one.at, one.event, one.to_state, one.text_id FROM case_event AS one "  # noqa: S608
    f"JOIN {{rows}} AS wanted ON wanted.id = one.case_id WHERE one.event IN ({_quoted(SET_CLOCKS | {'undo'})}) "
    "ORDER BY one.id",
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


def dissatisfied(tx: sa.Connection, since: datetime, until: datetime, but: Collection[int]) -> list[History]:
    """The cases with which a citizen may have been dissatisfied from `since` on and before `until`, but for some.

    What lies behind a merged case comes too.
    """
    ids = {case_id for (case_id,) in _VOTERS.all(tx, since=milliseconds(since), until=milliseconds(until))} - {*but}
    cases = [_case(row) for row in _NAMED.all(tx, sorted(ids))]
    masters = {case.master_id for case in cases if case.master_id is not None} - ids - {*but}
    return _with_entries(tx, cases + [_case(row) for row in _NAMED.all(tx, sorted(masters))])


def alike(
    tx: sa.Connection,
    problems: Iterable[tuple[str, str]],
    kinds: Collection[str],
    until: datetime,
    but: Collection[int] = (),
) -> list[tuple[Case, list[Move]]]:
    """The cases of these places, topics and kinds at `until`, but for some, with what set their clocks going.

    Of their histories come only the lines that start, answer or open a clock again, without dates and units.
    """
    rows = _ALIKE.all(tx, sorted(problems), until=milliseconds(until))
    cases = {row[0]: _case(row) for row in rows if row[_KIND] in kinds and row[0] not in but}
    lines: dict[int, list[tuple[Move, int | None]]] = {case_id: [] for case_id in cases}
    for case_id, at, event, state, text_id in _LAPS.all(tx, list(cases)):
        if event == "undo":
            lines[case_id] = [line for line in lines[case_id] if line[1] != text_id]
        lines[case_id].append((Move(moment(at), event, STATES[state], ""), text_id))
    return [(case, [move for move, _ in lines[case.id]]) for case in cases.values()]


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
    values = list(row)
    for at, name in _TO_READ:
        if values[at] is not None:
            values[at] = read_field(name, values[at])
    return Case(*values)
