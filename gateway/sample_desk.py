"""Evaluation by third parties (第三方评价): cases drawn from a public seed, given to evaluators, their marks entered.

What a draw was made from is kept with it, so that `recount` draws it again whatever happened to the cases since.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import sqlalchemy as sa

from gateway.case_record import OFFICE
from gateway.casebook import Desk
from gateway.errors import NotFound, Refused
from gateway.sight import REPORT, sealed
from routing import sampling, store
from routing.cases import Case
from routing.sampling import CannotDraw, Evaluator
from routing.tables import case_ticket, sample, sample_case, sample_evaluator

ASPECTS = {"attitude": "服务态度", "efficiency": "办事效率", "style": "工作作风"}
MARKS = range(1, 6)
GOOD = 4
"""From this mark on an aspect counts as good."""
EXPLAINED = 2
"""A mark of this or less comes with a reason."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A draw. `cases` are what it was made from: number, unit, and the units whose people may not judge it."""

    id: int
    period: str
    size: int
    seed: str
    cases: tuple[tuple[str, str, tuple[str, ...]], ...]
    pool: tuple[Evaluator, ...]
    wanted: int | None  # how many evaluators were drawn of the list; None: all
    left_out: Mapping[str, int]
    reason: str
    drawn_by: str
    drawn_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A case of a sample, with its marks where they are entered."""

    sample: int
    position: int
    case_id: int
    unit: str
    evaluator: int  # position in the panel, from 1
    marks: Mapping[str, int]
    reason: str

    @property
    def pseudonym(self) -> str:
        """What evaluators know it by."""
        return f"S{self.sample}-{self.position:03}"


# ------------------------------------------------------------------------------------------------------------- drawing


def draw(
    tx: sa.Connection,
    desk: Desk,
    *,
    period: str,
    size: int,
    seed: str,
    pool: Sequence[Evaluator],
    wanted: int | None,
    reason: str,
    actor: str,
    now: datetime,
) -> Sample:
    """A sample of the cases closed in a month ("2026-11") or a year. A second one of a period needs a reason."""
    before = tx.scalar(sa.select(sa.func.max(sample.c.id)).where(sample.c.period == period))
    if before is not None and not reason.strip():
        raise Refused(f"{period} 已经抽过(抽样第 {before} 号)", "确需重抽,用 --again 写明理由;两次都留在记录中")
    strange = [one.unit for one in pool if one.unit and desk.departments.find(one.unit) is None]
    if strange:
        raise Refused(f"评议员名单中的单位不在单位表中:{'、'.join(sorted(set(strange)))}", "照 departments.toml 写全称")
    pool = tuple(Evaluator(one.name, one.category, _unit(desk, one.unit)) for one in pool)
    eligible, left_out = _eligible(tx, desk, period)
    frame = [[one.number, one.lead or OFFICE, sorted(_barred(one))] for one in eligible]
    values = {
        "period": period,
        "size": size,
        "seed": seed,
        "frame": {"cases": frame, "pool": [[one.name, one.category, one.unit] for one in pool], "panel": wanted},
        "left_out": left_out,
        "reason": reason.strip(),
        "drawn_by": actor,
        "drawn_at": now,
    }
    sample_id: int = tx.execute(sa.insert(sample).values(**values).returning(sample.c.id)).scalar_one()
    made = get(tx, sample_id)
    panel, drawn, allotted = again(made)
    ids = {one.number: one.id for one in eligible}
    people = [
        {"sample_id": sample_id, "position": at, "name": one.name, "category": one.category, "unit": one.unit}
        for at, one in enumerate(panel, 1)
    ]
    tx.execute(sa.insert(sample_evaluator), people)
    rows = [
        {
            "sample_id": sample_id,
            "position": one.position,
            "case_id": ids[one.number],
            "unit": one.unit,
            "evaluator": allotted[one.number] + 1,
        }
        for one in drawn
    ]
    tx.execute(sa.insert(sample_case), rows)
    return made


def again(
    made: Sample,
) -> tuple[tuple[Evaluator, ...], tuple[sampling.Drawn, ...], dict[str, int]]:
    """Panel, cases and who gets which, from nothing but what is kept with the draw. Raises `Refused`."""
    try:
        panel = sampling.panel(made.pool, made.wanted, made.seed)
        drawn = sampling.draw({number: unit for number, unit, _ in made.cases}, made.size, made.seed)
        barred = {number: frozenset(units) for number, _, units in made.cases}
        return panel, drawn, sampling.allot(drawn, panel, barred, made.seed)
    except CannotDraw as wrong:
        raise Refused(str(wrong), "请检查月份、件数和评议员名单") from None


def recount(tx: sa.Connection, made: Sample) -> list[str]:
    """Draw it again: what differs from what was drawn, nothing when it is honest."""
    panel, drawn, allotted = again(made)
    kept = judged(tx, made.id)
    numbers = {one.case_id: store.by_id(tx, one.case_id).number for one in kept}
    wrong = [
        f"评议员 {at}"
        for at, (one, other) in enumerate(zip(panel, people(tx, made.id), strict=False), 1)
        if one != other
    ]
    if len(panel) != len(people(tx, made.id)) or len(drawn) != len(kept):
        wrong.append("人数或件数")
    expected = [(one.position, one.number, one.unit, allotted[one.number] + 1) for one in drawn]
    found = [(one.position, numbers[one.case_id], one.unit, one.evaluator) for one in kept]
    return wrong + [f"第 {one[0]} 件" for one, other in zip(expected, found, strict=False) if one != other]


def _eligible(tx: sa.Connection, desk: Desk, period: str) -> tuple[list[Case], dict[str, int]]:
    """The cases closed in a period; those that nobody outside may read are left out, and counted."""
    left_out = {"保密件": 0, "举报件": 0}
    found = []
    for case in store.closed(tx, *_bounds(period, desk.calendar.zone)):
        if case.kind == REPORT:
            left_out["举报件"] += 1
        elif sealed(case):
            left_out["保密件"] += 1
        else:
            found.append(case)
    return found, left_out


def _bounds(period: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first moments of a month or a year, and of the next one."""
    year, month = (int(part) for part in (period if "-" in period else f"{period}-01").split("-"))
    last = (year + 1, 1) if "-" not in period or month == 12 else (year, month + 1)
    return datetime(year, month, 1, tzinfo=zone), datetime(*last, 1, tzinfo=zone)


def _barred(case: Case) -> set[str]:
    return {case.lead or OFFICE, *case.co_handlers, *case.accused}


def _unit(desk: Desk, written: str) -> str:
    found = desk.departments.find(written) if written else None
    return found.name if found else ""


# -------------------------------------------------------------------------------------------------------------- marks


def enter(
    tx: sa.Connection, pseudonym: str, marks: Mapping[str, int], reason: str, actor: str, now: datetime
) -> Judged:
    """An evaluator's marks for a case, 1 to 5 in each aspect. Once entered they stand."""
    one = find(tx, pseudonym)
    if one.marks:
        raise Refused(f"{one.pseudonym} 的评分已经录入,不能改动", "录错的,请督查室在结果中另行说明")
    wrong = [ASPECTS[name] for name in ASPECTS if marks.get(name) not in MARKS]
    if wrong:
        raise Refused(f"{'、'.join(wrong)}应为 1 至 5 的整数", "1 最差,5 最好")
    if min(marks.values()) <= EXPLAINED and not reason.strip():
        raise Refused(f"有 {EXPLAINED} 分以下的,请写明理由", "加上 --reason")
    tx.execute(
        sa.update(sample_case)
        .where(sample_case.c.sample_id == one.sample, sample_case.c.position == one.position)
        .values(**{name: marks[name] for name in ASPECTS}, reason=reason.strip(), entered_by=actor, entered_at=now)
    )
    return find(tx, pseudonym)


# -------------------------------------------------------------------------------------------------------------- reading


def get(tx: sa.Connection, sample_id: int) -> Sample:
    """The draw of this number. Raises `NotFound`."""
    row = tx.execute(sa.select(sample).where(sample.c.id == sample_id)).one_or_none()
    if row is None:
        raise NotFound(f"没有抽样第 {sample_id} 号", "xinqiao sample list 列出全部")
    return _made(row)


def listed(tx: sa.Connection) -> list[Sample]:
    """All draws, oldest first."""
    return [_made(row) for row in tx.execute(sa.select(sample).order_by(sample.c.id))]


def people(tx: sa.Connection, sample_id: int) -> list[Evaluator]:
    """The panel, in its order."""
    query = sa.select(sample_evaluator).where(sample_evaluator.c.sample_id == sample_id)
    return [
        Evaluator(row.name, row.category, row.unit) for row in tx.execute(query.order_by(sample_evaluator.c.position))
    ]


def judged(tx: sa.Connection, sample_id: int) -> list[Judged]:
    """The cases of a sample, in its order."""
    query = sa.select(sample_case).where(sample_case.c.sample_id == sample_id).order_by(sample_case.c.position)
    return [_judged(row) for row in tx.execute(query)]


def find(tx: sa.Connection, pseudonym: str) -> Judged:
    """The case of a pseudonym like S3-017. Raises `NotFound`."""
    head, _, tail = pseudonym.strip().upper().removeprefix("S").partition("-")
    if not (head.isdecimal() and tail.isdecimal()):
        raise Refused(f"看不懂化名编号“{pseudonym}”", "写成 S3-017 的样子")
    where = (sample_case.c.sample_id == int(head)) & (sample_case.c.position == int(tail))
    row = tx.execute(sa.select(sample_case).where(where)).one_or_none()
    if row is None:
        raise NotFound(f"没有化名编号为 {pseudonym} 的件", "编号见评议材料")
    return _judged(row)


def case_of(tx: sa.Connection, one: Judged) -> Case:
    """The case behind a pseudonym: never for evaluators."""
    return store.by_id(tx, one.case_id)


def numbers(tx: sa.Connection, among: Sequence[Judged]) -> dict[int, str]:
    """Case numbers by case, for those who may see them."""
    query = sa.select(case_ticket.c.id, case_ticket.c.number).where(
        case_ticket.c.id.in_([one.case_id for one in among])
    )
    return {row.id: row.number for row in tx.execute(query)}


def _made(row: Any) -> Sample:
    frame = row.frame
    return Sample(
        row.id,
        row.period,
        row.size,
        row.seed,
        tuple((number, unit, tuple(barred)) for number, unit, barred in frame["cases"]),
        tuple(Evaluator(*one) for one in frame["pool"]),
        frame["panel"],
        row.left_out,
        row.reason,
        row.drawn_by,
        row.drawn_at,
    )


def _judged(row: Any) -> Judged:
    marks = {name: mark for name in ASPECTS if (mark := getattr(row, name)) is not None}
    return Judged(row.sample_id, row.position, row.case_id, row.unit, row.evaluator, marks, row.reason)
