"""Supervision on record: of cases, read from their histories; of units, conduct and specials, kept here.

What the yearly sheet counts: 一事一督办 are the spans in which a case was under supervision, 一题一专项 the specials.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway.casebook import Desk, find
from gateway.errors import NotFound, Refused
from routing import store
from routing.cases import SUPERVISIONS, Case
from routing.history import Entry
from routing.moves import standing
from routing.supervision import FORMS, Form
from routing.tables import case_event, case_ticket, supervision_case, supervision_record

SURROUNDING = timedelta(weeks=8)
"""So long before its opening the cases of its place and topic belong to a special, too."""


@dataclass(frozen=True, slots=True)
class Span:
    """A case was under supervision: since when, by whom, why, of which kind; until when."""

    number: str
    unit: str
    kind: str
    reason: str
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """A record of supervision about no single case."""

    id: int
    form: Form
    kind: str
    unit: str
    place: str
    topic: str
    reason: str
    measure: str
    due: date | None
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    result: str
    put: tuple[str, ...] = ()  # the cases that were put to it by hand when it was opened
    cases: tuple[str, ...] = ()

    def concerns(self, case: Case) -> bool:
        """Whether a case belongs to a special by its place, topic and day."""
        return (
            self.form is Form.SPECIAL
            and (case.place, case.topic) == (self.place, self.topic)
            and case.created_at >= self.opened_at - SURROUNDING
            and (self.closed_at is None or case.created_at <= self.closed_at)
        )

    @property
    def about(self) -> str:
        """The unit, or the place and topic."""
        return self.unit or f"{self.place}{self.topic}"


# --------------------------------------------------------------------------------------------------------------- cases


def spans(tx: sa.Connection, now: datetime) -> list[Span]:
    """Every time a case was put under supervision, by hand or by rule, up to a moment; oldest first."""
    marked = sa.or_(
        case_ticket.c.supervision.isnot(None),
        case_ticket.c.id.in_(sa.select(case_event.c.case_id).where(case_event.c.event.in_(("unsupervise", "undo")))),
    )
    ids = tx.scalars(sa.select(case_ticket.c.id).where(marked).order_by(case_ticket.c.id)).all()
    found: list[Span] = []
    for case_id, entries in store.timelines(tx, ids).items():
        found += spans_of(store.by_id(tx, case_id).number, standing(entry for entry in entries if entry.at <= now))
    return sorted(found, key=lambda one: (one.opened_at, one.number))


def spans_of(number: str, entries: Iterable[Entry]) -> Iterator[Span]:
    """The spans of one case, from the lines of its history that stand.

    A span opens with the line that gives a reason where there was none; later lines may change reason and kind.
    """
    span: Span | None = None
    reason, kind, unit = None, None, ""
    for entry in entries:
        changed = entry.data.get("set", {})
        unit = changed.get("lead") or unit
        reason, kind = changed.get("supervision", reason), changed.get("supervision_kind", kind)
        if reason is None and span is not None:
            yield replace(span, closed_at=entry.at)
            span = None
        elif reason is not None:
            by, at = (span.opened_by, span.opened_at) if span else (entry.actor, entry.at)
            span = Span(number, unit, kind or SUPERVISIONS[0], reason, by, at, None)
    if span is not None:
        yield span


# -------------------------------------------------------------------------------------------------------------- records


def open_record(
    tx: sa.Connection,
    desk: Desk,
    form: Form,
    *,
    kind: str = "",
    unit: str = "",
    place: str = "",
    topic: str = "",
    reason: str,
    measure: str = "",
    due: date | None = None,
    numbers: Sequence[str] = (),
    actor: str,
    now: datetime,
) -> Record:
    """A unit that does not act, its conduct, or a place and topic, put under supervision."""
    if not reason.strip():
        raise Refused("请写明督办的理由", "加上 --reason")
    if kind and kind not in SUPERVISIONS:
        raise Refused(f"没有“{kind}”这一种督办", f"可选:{'、'.join(SUPERVISIONS)}")
    if due is not None and due < desk.today(now):
        raise Refused(f"期限 {due} 已经过去", "写今天以后的日期,例如 2026-12-05")
    found = desk.departments.find(unit) if unit else None
    if unit and found is None:
        raise Refused(f"没有名为“{unit}”的单位", "单位名称见 departments.toml")
    if form is Form.CONDUCT:
        if measure not in desk.codes.conduct:
            raise Refused(f"没有“{measure}”这一种处置", f"可选:{'、'.join(desk.codes.conduct)}")
        due = due or desk.working_day(desk.today(now), desk.codes.conduct[measure])
    if form is Form.SPECIAL and not (place and topic):
        raise Refused("请写明专项的地点和主题", "加上 --place 和 --topic")
    same = sa.select(supervision_record.c.id).where(
        supervision_record.c.closed_at.is_(None),
        supervision_record.c.form == form,
        supervision_record.c.unit == (found.name if found else ""),
        supervision_record.c.place == place,
        supervision_record.c.topic == topic,
        supervision_record.c.measure == measure,
    )
    running = tx.scalar(same)
    if running is not None and form is Form.SPECIAL:
        raise Refused(f"{place}{topic}已有专项,督办第 {running} 号", f"xinqiao supervise show {running}")
    cases = [find(tx, number) for number in numbers]
    [record_id] = tx.execute(
        sa.insert(supervision_record)
        .values(
            form=form,
            kind=kind or SUPERVISIONS[0],
            unit=found.name if found else "",
            place=place,
            topic=topic,
            reason=reason.strip(),
            measure=measure,
            due_on=due.isoformat() if due else None,
            opened_by=actor,
            opened_at=now,
        )
        .returning(supervision_record.c.id)
    ).one()
    for case_id in sorted({case.id for case in cases}):
        tx.execute(sa.insert(supervision_case).values(record_id=record_id, case_id=case_id))
    return record(tx, record_id)


def close_record(tx: sa.Connection, record_id: int, result: str, actor: str, now: datetime) -> Record:
    """What came of it."""
    one = record(tx, record_id)
    if one.closed_at is not None:
        raise Refused(f"督办第 {record_id} 号已由 {one.closed_by} 办结", "")
    if not result.strip():
        raise Refused("请写明结果", "加上 --result")
    tx.execute(
        sa.update(supervision_record)
        .where(supervision_record.c.id == record_id)
        .values(closed_by=actor, closed_at=now, result=result.strip())
    )
    return record(tx, record_id)


def record(tx: sa.Connection, record_id: int) -> Record:
    """The record of this number. Raises `NotFound`."""
    row = tx.execute(sa.select(supervision_record).where(supervision_record.c.id == record_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有督办第 {record_id} 号", "xinqiao supervise list 列出全部")
    return _record(tx, row)


def records(tx: sa.Connection, *, year: int | None = None, zone: Any = None, open_only: bool = False) -> list[Record]:
    """All records, oldest first; of a year by its opening in the office's zone."""
    query = sa.select(supervision_record).order_by(supervision_record.c.id)
    if open_only:
        query = query.where(supervision_record.c.closed_at.is_(None))
    found = [_record(tx, row) for row in tx.execute(query).all()]
    return [one for one in found if year is None or one.opened_at.astimezone(zone).year == year]


def _record(tx: sa.Connection, row: Any) -> Record:
    return Record(
        row.id,
        Form(row.form),
        row.kind,
        row.unit,
        row.place,
        row.topic,
        row.reason,
        row.measure,
        date.fromisoformat(row.due_on) if row.due_on else None,
        row.opened_by,
        row.opened_at,
        row.closed_by,
        row.closed_at,
        row.result,
        _numbers(tx, linked := _linked(row)),
        _numbers(tx, sa.or_(linked, _alike(row))) if row.form == Form.SPECIAL else _numbers(tx, linked),
    )


def _numbers(tx: sa.Connection, where: sa.ColumnElement[bool]) -> tuple[str, ...]:
    return tuple(tx.scalars(sa.select(case_ticket.c.number).where(where).order_by(case_ticket.c.id)))


def _linked(row: Any) -> sa.ColumnElement[bool]:
    """Those that were put to it."""
    return case_ticket.c.id.in_(sa.select(supervision_case.c.case_id).where(supervision_case.c.record_id == row.id))


def _alike(row: Any) -> sa.ColumnElement[bool]:
    """Every case of its place and topic while it was open: `Record.concerns`, as the store asks it."""
    until = [case_ticket.c.created_at <= row.closed_at] if row.closed_at else []
    return sa.and_(
        case_ticket.c.place == row.place,
        case_ticket.c.topic == row.topic,
        case_ticket.c.created_at >= row.opened_at - SURROUNDING,
        *until,
    )


def label(one: Record) -> str:
    """What it is, in the office's words."""
    return f"{FORMS[one.form]}{f'({one.measure})' if one.measure else ''}"
