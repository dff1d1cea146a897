"""What all reports are made from: the cases that a period touches, as they were known at a moment, and their turns."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

import sqlalchemy as sa

from gateway import supervision_desk
from gateway.casebook import Desk
from routing import statistics, supervision
from routing.evaluation import Rules
from routing.seen import Seen
from routing.statistics import Happening, Tally, Turn


@dataclass(frozen=True)
class Facts:
    """Everything that is known at `now` of the cases that some time concerns."""

    desk: Desk  # with the calendar as it was known
    rules: Rules
    county: str
    now: datetime
    seen: tuple[Seen, ...]

    @cached_property
    def by_number(self) -> dict[str, Seen]:
        """The cases by their numbers."""
        return {one.case.number: one for one in self.seen}

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """Every turn at these cases."""
        return tuple(turn for one in self.seen for turn in statistics.turns(one, self.desk.calendar, self.now))

    @cached_property
    def happened(self) -> tuple[Happening, ...]:
        """Everything that is counted."""
        masters = {one.case.id: one for one in self.seen}
        return tuple(what for one in self.seen for what in statistics.happenings(one, masters, self.desk.calendar))

    def tally(self, within: Callable[[date], bool]) -> dict[str, Tally]:
        """The units' figures of a period."""
        return statistics.tally(self.turns, self.happened, within, self.rules.solved)

    @property
    def as_of(self) -> str:
        """Up to when everything is known, as papers say it."""
        at = self.now.astimezone(self.desk.calendar.zone)
        last = at + timedelta(milliseconds=1)
        ended = last.time() == time()
        return f"截至{at.year}年{at.month}月{at.day}日{'24时' if ended else f'{at:%H:%M}'}"

    @property
    def today(self) -> date:
        """The office's date of the moment."""
        return self.desk.today(self.now)


def gather(tx: sa.Connection, desk: Desk, rules: Rules, county: str, first: date, now: datetime) -> Facts:
    """For reports about the time since a day, as known at a moment."""
    known = supervision_desk.as_known(desk, now)
    since = datetime.combine(first, time(), desk.calendar.zone)
    return Facts(known, rules, county, now, supervision_desk.look(tx, known, now, since))


def in_month(month: str) -> Callable[[date], bool]:
    """True for the days of a month ("2026-10")."""
    year, number = int(month[:4]), int(month[5:])
    return lambda on: on.month == number and on.year == year


def in_year(year: int) -> Callable[[date], bool]:
    """True for the days of a year."""
    return lambda on: on.year == year


def between(first: date, last: date) -> Callable[[date], bool]:
    """True for the days from one on, up to and with another."""
    return lambda on: first <= on <= last


def before_ranks(ladder: supervision.Rules) -> int:
    """How many months before a month its papers look back: at the ranks of the last one, at who was at the bottom."""
    return max(1, ladder.summon_months - 1)


def months_earlier(month: str, n: int) -> str:
    """The month so many months before."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - n, 12)
    return f"{year:04}-{number + 1:02}"


def first_day(month: str) -> date:
    """Of a month."""
    return date.fromisoformat(f"{month}-01")


def last_day(month: str) -> date:
    """Of a month."""
    return first_day(months_earlier(month, -1)) - timedelta(1)


def said(month: str) -> str:
    """A month as papers say it."""
    return f"{month[:4]}年{int(month[5:])}月"
