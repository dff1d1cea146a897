"""Which units have confirmed their month, even when nothing happened (零报告), and who is reminded.

A unit confirms the month that has ended. Whoever has not is a question of rows and the day, never stored.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from gateway.errors import USAGE, Refused
from gateway.tables import zero_report

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
