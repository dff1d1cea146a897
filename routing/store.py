"""What is kept about cases, and how it is asked. Every function takes the open transaction; none commits.

What a citizen's text runs goes by the driver's own cursor (`roster.rowset`); the rest by SQLAlchemy.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from roster.rowset import Statement
from roster.tables import milliseconds, moment
from routing import numbers
from routing.cases import BY_HAND, KEPT, OVER, Case, CaseState, Facts
from routing.history import Entry, changes, written
from routing.inbound import Dialogue
from routing.steps import Step
from routing.supervision import ASIDE
from routing.tables import case_event, case_ticket

_LISTS = ("accused", "co_handlers", "assigners")
_NEVER_CHANGED = ("id", "number", "slot", "person_id", "channel", "text", "created_at")
AT_ONCE = 500
"""Ids in one query: SQLite allows 32,766 parameters, PostgreSQL plans short lists better."""
UNANSWERED = (
    CaseState.ACCEPTED,
    CaseState.AWAIT_LEADER,
    CaseState.ASSIGNED,
    CaseState.RETURN_REQ,
    CaseState.IN_PROGRESS,
    CaseState.REPORTED,
)
"""States in which the clock of a case that was given to a unit may run."""
OPEN = tuple(sorted(set(CaseState) - OVER))
"""States of a case that is not over. Named one by one the index of states finds them, however many are over."""


def open_case(
    tx: sa.Connection,
    *,
    prefix: str,
    year: int,
    text: str,
    person_id: int | None,
    channel: str,
    actor: str,
    role: str,
    text_id: int | None,
    now: datetime,
    fields: Mapping[str, Any],
) -> Case:
    """Register a matter: number, slot, what is known of it (`fields`), first line of its history (`receive`)."""
    [(newest,)] = _NEWEST.all(tx, year=year)
    serial = (newest or 0) + 1
    number = numbers.write(prefix, year, serial)
    case = Case(0, number, slot_of(serial), person_id, channel, text, now, CaseState.NEW, now, **fields)
    given = {name: written(getattr(case, name)) for name in _NEVER_CHANGED if name != "id"}
    [(case_id,)] = _OPEN.all(tx, year=year, serial=serial, **given, **_row(case))
    case = replace(case, id=case_id)
    _enter(tx, None, case, "receive", actor, role, now, "登记", text_id, None, {})
    return case


_NEWEST = Statement("SELECT max(serial) FROM case_ticket WHERE year = :year")
_OPEN = Statement.inserting(case_ticket, "year", "serial", *_NEVER_CHANGED[1:], *KEPT)


def slot_of(serial: int) -> str:
    """Extension digits for texts about a case: 1000 to 9999 (0… are the notices'), used again after 9,000 cases."""
    return str(1000 + serial % 9000)


def record(
    tx: sa.Connection,
    before: Case,
    done: Step,
    role: str,
    facts: Facts,
    *,
    after: Case | None = None,
    text_id: int | None = None,
    message_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """Keep what a step did: the row, and a line of history. `after` is the step's case with what its texts added."""
    case = after or done.case
    _keep(tx, before, case)
    _enter(
        tx, before, case, done.transition.event, facts.actor, role, facts.now, done.reason, text_id, message_id, data
    )
    return case


def note(
    tx: sa.Connection,
    case: Case,
    event: str,
    actor: str,
    role: str,
    now: datetime,
    reason: str,
    *,
    after: Case | None = None,
    text_id: int | None = None,
    message_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> Case:
    """A line of history that is no row of the table. `after` may differ in what stands beside the state."""
    if after is not None:
        if after.state != case.state:
            raise ValueError("only a step moves a case")
        _keep(tx, case, after)
    _enter(tx, case, after or case, event, actor, role, now, reason, text_id, message_id, data)
    return after or case


def restore(
    tx: sa.Connection, case: Case, earlier: Case, actor: str, role: str, now: datetime, reason: str, text_id: int
) -> Case:
    """A decision is taken back: the case stands again where its own history had it (`undo`)."""
    _keep(tx, case, earlier)
    _enter(tx, case, earlier, "undo", actor, role, now, reason, text_id, None, {})
    return earlier


def _keep(tx: sa.Connection, before: Case, after: Case) -> None:
    if _KEEP.run(tx, case_id=before.id, stood=before.state, **_row(after)) != 1:
        raise RuntimeError(f"case {before.number} has moved meanwhile")


_KEEP = Statement.changing(case_ticket, *KEPT, where="id = :case_id AND state = :stood")


def _row(case: Case) -> dict[str, Any]:
    """What changes of a case, as the driver takes it."""
    values = {name: written(getattr(case, name)) for name in KEPT}
    return values | {name: json.dumps(values[name]) for name in _LISTS}


def _enter(
    tx: sa.Connection,
    before: Case | None,
    after: Case,
    event: str,
    actor: str,
    role: str,
    now: datetime,
    reason: str,
    text_id: int | None,
    message_id: int | None,
    data: Mapping[str, Any] | None,
) -> None:
    changed = changes(before, after)
    _ENTER.all(
        tx,
        case_id=after.id,
        at=milliseconds(now),
        event=event,
        actor=actor,
        role=role,
        from_state=before.state if before else None,
        to_state=after.state,
        reason=reason,
        text_id=text_id,
        message_id=message_id,
        data=json.dumps(dict(data or {}) | ({"set": changed} if changed else {})),
    )


_ENTER = Statement.inserting(case_event, *(column.name for column in case_event.c if column.name != "id"))


# ------------------------------------------------------------------------------------------------------------- asking


def by_id(tx: sa.Connection, case_id: int) -> Case:
    """The case with this id."""
    return _case(tx.execute(_BY_ID, {"id": case_id}).one())


_BY_ID = sa.select(case_ticket).where(case_ticket.c.id == sa.bindparam("id"))


def by_number(tx: sa.Connection, number: str) -> Case | None:
    """The case with this number."""
    row = tx.execute(sa.select(case_ticket).where(case_ticket.c.number == number)).one_or_none()
    return None if row is None else _case(row)


def by_digits(tx: sa.Connection, digits: str) -> Case | None:
    """The case whose number has these digits behind its letters."""
    rows = tx.execute(sa.select(case_ticket).where(case_ticket.c.number.endswith(digits))).all()
    return next((case for case in map(_case, rows) if case.number.rstrip("0123456789") + digits == case.number), None)


def by_reply(tx: sa.Connection, message_id: int) -> Case | None:
    """The case whose reply this message carries."""
    row = tx.execute(sa.select(case_ticket).where(case_ticket.c.reply_message_id == message_id)).one_or_none()
    return None if row is None else _case(row)


def listed(
    tx: sa.Connection,
    *,
    state: str | None = None,
    department: str | None = None,
    channel: str | None = None,
    limit: int = 100,
) -> list[Case]:
    """Cases, oldest first."""
    query = sa.select(case_ticket).order_by(case_ticket.c.id)
    for column, value in ((case_ticket.c.state, state), (case_ticket.c.channel, channel)):
        if value is not None:
            query = query.where(column == value)
    rows = tx.execute(query if department else query.limit(limit))
    cases = [_case(row) for row in rows]
    if department is not None:
        cases = [case for case in cases if department in (case.lead, *case.co_handlers)]
    return cases[:limit]


def waiting(tx: sa.Connection, state: CaseState, until: datetime) -> list[Case]:
    """Cases that have been in a state since `until` or longer, oldest first."""
    return [_case(row) for row in tx.execute(_WAITING, {"in_state": state, "until": until})]


_WAITING = (  # asked for many states at every sweep
    sa.select(case_ticket)
    .where(case_ticket.c.state == sa.bindparam("in_state"), case_ticket.c.since <= sa.bindparam("until"))
    .order_by(case_ticket.c.id)
)


def merged_into(tx: sa.Connection, master_id: int) -> list[Case]:
    """The cases that were merged into this one, oldest first."""
    query = sa.select(case_ticket).where(case_ticket.c.master_id == master_id, case_ticket.c.state == CaseState.MERGED)
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def asked_apart(tx: sa.Connection, until: datetime) -> list[Case]:
    """Merged cases whose reporter was asked to rate the master's reply at `until` or earlier, and has not."""
    return [_case(row) for row in tx.execute(_ASKED_APART, {"until": until})]


_ASKED_APART = (
    sa.select(case_ticket)
    .where(
        case_ticket.c.state == CaseState.MERGED,
        case_ticket.c.survey == "open",
        case_ticket.c.surveyed_at <= sa.bindparam("until"),
    )
    .order_by(case_ticket.c.id)
)


def surveys(tx: sa.Connection, person_id: int, survey: str) -> list[Case]:
    """A person's cases whose survey is open, or queued; oldest first."""
    query = sa.select(case_ticket).where(case_ticket.c.person_id == person_id, case_ticket.c.survey == survey)
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def to_tell(tx: sa.Connection) -> list[Case]:
    """Answered cases, merged ones too, whose reporter has no phone and was not told yet; oldest first."""
    query = sa.select(case_ticket).where(case_ticket.c.reply_delivery == BY_HAND)
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def supervised(tx: sa.Connection) -> list[Case]:
    """Cases under supervision that are not over, oldest first."""
    query = sa.select(case_ticket).where(case_ticket.c.supervision.isnot(None), case_ticket.c.state.in_(OPEN))
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def with_proposals(tx: sa.Connection) -> list[Case]:
    """Cases that are not over and of which something was ever proposed, oldest first."""
    asked = sa.exists().where(  # of the open cases only: behind an archive nobody walks through all histories
        case_event.c.case_id == case_ticket.c.id, case_event.c.event.startswith("propose_", autoescape=True)
    )
    query = sa.select(case_ticket).where(case_ticket.c.state.in_(OPEN), asked)
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def with_line(tx: sa.Connection, state: CaseState, event: str) -> list[int]:
    """Cases that are in a state and have such a line in their history, by id."""
    query = (
        sa.select(case_ticket.c.id)
        .join(case_event, case_event.c.case_id == case_ticket.c.id)
        .where(case_ticket.c.state == state, case_event.c.event == event)
    )
    return list(tx.scalars(query.distinct()))


def noted(tx: sa.Connection, case: Case, event: str) -> bool:
    """True when this was noted since the case came to its present holder."""
    where = (case_event.c.case_id == case.id, case_event.c.event == event, case_event.c.at >= case.since)
    return tx.scalar(sa.select(case_event.c.id).where(*where).limit(1)) is not None


def dialogues(tx: sa.Connection, person_id: int) -> list[Dialogue]:
    """A person's cases as the inbound rules see them, newest first."""
    return [
        Dialogue(
            case_id,
            number,
            slot,
            CaseState(state),
            (master_state or state) not in OVER,
            state == CaseState.REPLIED or (state == CaseState.MERGED and survey == "open"),
            survey == "open",
            moment(last_at),
            None if closed_at is None else moment(closed_at),
            text,
        )
        for case_id, number, slot, state, master_state, survey, last_at, closed_at, text in _DIALOGUES.all(
            tx, person=person_id
        )
    ]


_ASIDE = ", ".join(f"'{event}'" for event in sorted(ASIDE))
_DIALOGUES = Statement(
    "SELECT one.id, one.number, one.slot, one.state, master.state, one.survey, "  # noqa: S608 - names of ours
    f"(SELECT max(at) FROM case_event WHERE case_id = one.id AND event NOT IN ({_ASIDE})), one.closed_at, one.text "
    "FROM case_ticket AS one LEFT JOIN case_ticket AS master ON master.id = one.master_id "
    "WHERE one.person_id = :person ORDER BY one.id DESC LIMIT 50"
)


def timeline(tx: sa.Connection, case_id: int) -> list[Entry]:
    """Everything that happened to a case, oldest first."""
    rows = tx.execute(sa.select(case_event).where(case_event.c.case_id == case_id).order_by(case_event.c.id))
    return [_entry(row) for row in rows]


def timelines(tx: sa.Connection, case_ids: Iterable[int]) -> dict[int, list[Entry]]:
    """The same of many cases, by case."""
    found: dict[int, list[Entry]] = {case_id: [] for case_id in case_ids}
    ids = list(found)
    for at in range(0, len(ids), AT_ONCE):
        several = case_event.c.case_id.in_(ids[at : at + AT_ONCE])
        query = sa.select(case_event).where(several).order_by(case_event.c.id)
        for row in tx.execute(query):
            found[row.case_id].append(_entry(row))
    return found


def histories(tx: sa.Connection) -> Iterator[tuple[Case, list[Entry]]]:
    """Every case there is with its history, oldest first; some at a time, as an archive does not fit into memory."""
    cases = listed(tx, limit=1_000_000)
    for at in range(0, len(cases), AT_ONCE):
        several = cases[at : at + AT_ONCE]
        found = timelines(tx, [case.id for case in several])
        yield from ((case, found[case.id]) for case in several)


def recorded(tx: sa.Connection, field: str, since: datetime, until: datetime) -> list[tuple[int, Entry]]:
    """Lines of history in a period whose data hold a field, with the case of each; oldest first."""
    holds = sa.cast(case_event.c.data, sa.Text).contains(f'"{field}"', autoescape=True)
    query = sa.select(case_event).where(case_event.c.at >= since, case_event.c.at < until, holds)
    rows = tx.execute(query.order_by(case_event.c.at, case_event.c.id)).all()
    return [(row.case_id, _entry(row)) for row in rows if field in row.data]


def unanswered(tx: sa.Connection, after: int, at_most: int) -> list[Case]:
    """Accepted cases that are not over and have no answer that reached its citizen, oldest first.

    So many of them behind the one with the id `after`.
    """
    query = sa.select(case_ticket).where(case_ticket.c.state.in_(UNANSWERED), case_ticket.c.id > after)
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id).limit(at_most))]


def closed(tx: sa.Connection, since: datetime, until: datetime) -> list[Case]:
    """Cases that were closed from a moment on and before another, and still are; oldest first."""
    query = sa.select(case_ticket).where(
        case_ticket.c.state == CaseState.CLOSED, case_ticket.c.closed_at >= since, case_ticket.c.closed_at < until
    )
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def recent(tx: sa.Connection, since: datetime) -> list[Case]:
    """Cases that came in or recurred since a moment, the masters of those merged, and all that wait for an answer."""
    came = sa.select(case_ticket.c.master_id).where(case_ticket.c.created_at >= since)
    back = sa.select(case_event.c.case_id).where(case_event.c.at >= since, case_event.c.event == "recur")
    behind = case_ticket.c.id.in_(came) | case_ticket.c.id.in_(back)
    query = sa.select(case_ticket).where(
        sa.or_(case_ticket.c.created_at >= since, case_ticket.c.state.in_(UNANSWERED), behind)
    )
    return [_case(row) for row in tx.execute(query.order_by(case_ticket.c.id))]


def problems(tx: sa.Connection, kinds: Iterable[str], case_ids: Iterable[int]) -> set[tuple[str, str]]:
    """Places and topics of those of these cases that are of these kinds and name both."""
    ids, kept = list(case_ids), case_ticket.c
    found: set[tuple[str, str]] = set()
    for at in range(0, len(ids), AT_ONCE):
        query = sa.select(kept.place, kept.topic).where(
            kept.id.in_(ids[at : at + AT_ONCE]), kept.kind.in_(kinds), kept.place != "", kept.topic != ""
        )
        found |= {(row.place, row.topic) for row in tx.execute(query)}
    return found


def _entry(row: Any) -> Entry:
    return Entry(
        row.at,
        row.event,
        row.actor,
        row.role,
        row.from_state,
        row.to_state,
        row.reason,
        row.text_id,
        row.message_id,
        row.data,
    )


def _case(row: Any) -> Case:
    given = {name: getattr(row, name) for name in (*_NEVER_CHANGED, *KEPT)}
    return Case(**given | {"state": CaseState(row.state)} | {name: tuple(given[name]) for name in _LISTS})
