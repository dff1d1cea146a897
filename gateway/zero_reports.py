"""Which units have confirmed their month, even when nothing happened (零报告), and who is reminded.

A unit confirms the month that has ended. Whoever has not is a question of rows and the day, never stored.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from gateway import staff_mail
from gateway.case_ladder import Post
from gateway.casebook import Desk
from gateway.errors import USAGE, Refused
from gateway.tables import zero_report
from routing.calendar import Calendar
from routing.duties import Duties, nth_working_day

MOST = 9999


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a unit said of a month. `matters` None: nothing yet."""

    unit: str
    matters: int | None = None
    way: str = ""
    actor: str = ""
    at: datetime | None = None


def ended_month(today: date) -> str:
    """The month that ended last."""
    return f"{today.replace(day=1) - timedelta(days=1)}"[:7]


def due(month: str, duties: Duties, calendar: Calendar) -> date:
    """The last day on which a month is confirmed in time: a working day of the next one."""
    following = date.fromisoformat(f"{month}-28") + timedelta(days=4)
    return nth_working_day(following, duties.units_due_on, calendar)


def matters_of(words: str) -> int:
    """How many matters somebody says: nothing, 无 and 0 are none. Raises `Refused`."""
    said = words.strip(" 。.")
    if said in ("", "无", "没有", "无情况", "本月无情况"):
        return 0
    figure = re.fullmatch(r"(\d{1,4})\s*件?", said)
    if figure is None:
        raise Refused("零报告写LB;有情况的写LB加件数,例如LB 3", "", USAGE)
    return int(figure[1])


def confirm(tx: sa.Connection, unit: str, month: str, matters: int, way: str, actor: str, now: datetime) -> None:
    """A unit's word about a month; said again, the last holds."""
    if not 0 <= matters <= MOST:
        raise Refused(f"件数应为0到{MOST}", "没有情况写 --none", USAGE)
    tx.execute(sa.delete(zero_report).where(zero_report.c.unit == unit, zero_report.c.month == month))
    values = {"unit": unit, "month": month, "matters": matters, "way": way, "actor": actor, "at": now}
    tx.execute(sa.insert(zero_report).values(**values))


def confirmed(tx: sa.Connection, units: Sequence[str], month: str) -> list[Confirmed]:
    """Every unit with what it said of a month, in the order of the list of units."""
    rows = {row.unit: row for row in tx.execute(sa.select(zero_report).where(zero_report.c.month == month))}
    return [
        Confirmed(unit, row.matters, row.way, row.actor, row.at) if (row := rows.get(unit)) else Confirmed(unit)
        for unit in units
    ]


# ----------------------------------------------------------------------------------------------------------- reminding


def remind(tx: sa.Connection, desk: Desk, post: Post, duties: Duties, now: datetime) -> int:
    """Remind the liaisons of units that have not confirmed, once, between the reminder's day and the last one.

    Returns how many are, or were, reminded.
    """
    today = desk.today(now)
    month = ended_month(today)
    first, last = nth_working_day(today, duties.units_remind_on, desk.calendar), due(month, duties, desk.calendar)
    if desk.calendar.office_moment(now) != now or not first <= today <= last:
        return 0
    reached = {unit.name: unit.liaison_phone for unit in desk.departments.units if unit.liaison_phone}
    silent = [one.unit for one in confirmed(tx, list(reached), month) if one.matters is None]
    body = desk.texts.fill("U10", month=f"{int(month[5:])}月", due=f"{last.month}月{last.day}日")
    for unit in silent:
        staff_mail.put(tx, post, reached[unit], body, now, token=f"zero:{month}:{unit}")
    return len(silent)


@dataclass(frozen=True, slots=True)
class Year:
    """A unit's year: of so many months that are over it confirmed these, with so many matters."""

    unit: str
    months: int
    confirmed: int
    matters: int
    missing: tuple[str, ...]


def year(tx: sa.Connection, units: Sequence[str], of: int, today: date) -> list[Year]:
    """How every unit confirmed the months of a year that are over, since the first that anybody ever confirmed."""
    begun = tx.scalar(sa.select(sa.func.min(zero_report.c.month))) or f"{today}"[:7]
    months = [name for n in range(1, 13) if begun <= (name := f"{of}-{n:02d}") < f"{today}"[:7]]
    rows = tx.execute(sa.select(zero_report).where(zero_report.c.month.in_(months))).all()
    said = {(row.unit, row.month): row.matters for row in rows}
    return [
        Year(
            unit,
            len(months),
            sum((unit, month) in said for month in months),
            sum(said.get((unit, month), 0) for month in months),
            tuple(month for month in months if (unit, month) not in said),
        )
        for unit in units
    ]
