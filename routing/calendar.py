"""Which days the office works: the State Council's yearly notices, and the statute where there is none yet.

A notice names days off and, to pay for them, weekends that are worked (调休上班). It comes out in October to December
of the year before, so a deadline may reach into a year that has no table: such days are provisional (暂定).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MADE_UP = "补假"
NEXT_NOTICE_FROM = (12, 29)
"""From here on a year's last days may still be moved by the next year's notice, as those for 2008 and 2019 did."""


class DayKind(StrEnum):
    """What a day is to an office."""

    WORKDAY = "workday"  # 工作日
    MAKE_UP = "make_up"  # 调休上班
    WEEKEND = "weekend"  # 周末
    HOLIDAY = "holiday"  # 放假


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its reason. `document` is the notice that says so, "" for plain working days and weekends."""

    on: date
    kind: DayKind
    name: str  # the holiday
    document: str
    provisional: bool

    @property
    def working(self) -> bool:
        """True when the office works."""
        return self.kind in (DayKind.WORKDAY, DayKind.MAKE_UP)

    @property
    def reason(self) -> str:
        """In the office's words."""
        match self.kind:
            case DayKind.MAKE_UP:
                words = f"{self.name}调休,上班"
            case DayKind.HOLIDAY:
                words = self.name if self.name.endswith(MADE_UP) else f"{self.name}放假"
            case DayKind.WEEKEND:
                words = f"{weekday(self.on)}休息"
            case _:
                words = "工作日"
        return f"{words}(暂定)" if self.provisional else words


@dataclass(frozen=True, slots=True)
class Holiday:
    """One item of a notice: off from `first` to `last`, and the weekend days worked for it."""

    name: str
    first: date
    last: date
    work: tuple[date, ...]
    document: str
    published: date


@dataclass(frozen=True, slots=True)
class Table:
    """A year's notice. A change came out later: it takes the place of the item of its name, or adds one."""

    year: int
    document: str
    published: date
    holidays: tuple[Holiday, ...]
    changes: tuple[Holiday, ...] = ()

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Table":
        """From a file of config/calendar. Raises `ValueError` naming the item that cannot be."""
        year, document, published = table["year"], table["document"], _date(table["published"], "published")
        holidays = tuple(_holiday(row, document, published, year) for row in table["holiday"])
        changes = tuple(
            _holiday(row, row["document"], _date(row["published"], "published"), year)
            for row in table.get("change", ())
        )
        made = cls(year, document, published, holidays, changes)
        names = [one.name for one in holidays]
        if len(set(names)) < len(names):
            raise ValueError(f"{year} 年有两个同名的节日")
        off = {on for one in made.in_force for on in _span(one.first, one.last)}
        for one in made.in_force:
            for on in one.work:
                if on in off:
                    raise ValueError(f"{on} 既放假又上班")
        return made

    @property
    def in_force(self) -> tuple[Holiday, ...]:
        """The items after all changes."""
        items = {one.name: one for one in self.holidays}
        for change in sorted(self.changes, key=lambda one: one.published):
            items[change.name] = change
        return tuple(sorted(items.values(), key=lambda one: one.first))


@dataclass(frozen=True, slots=True)
class Statute:
    """The days off by law for years without a notice: fixed dates ("01-01"), and festivals by the almanac."""

    document: str
    fixed: Mapping[str, str]
    festivals: Mapping[date, str]

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Statute":
        """From config/calendar/statutory.toml."""
        fixed = {day: row["name"] for row in table["fixed"] for day in row["days"]}
        for day in fixed:
            date.fromisoformat(f"2000-{day}")
        festivals = {
            on: row["name"]
            for row in table["festival"]
            for middle in row["dates"]
            for on in _span(middle - row.get("before", 0) * DAY, middle + row.get("after", 0) * DAY)
        }
        return cls(table["document"], fixed, festivals)

    def days_off(self, year: int) -> dict[date, str]:
        """The year's days off; one that falls on a weekend is made up on the next day that is none."""
        off = {date.fromisoformat(f"{year}-{day}"): name for day, name in self.fixed.items()}
        off = {on: name for on, name in self.festivals.items() if on.year == year} | off
        for on in sorted(off):
            if on.weekday() >= 5:
                other = on
                while other in off or other.weekday() >= 5:
                    other += DAY
                off[other] = off[on] + MADE_UP
        return off


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When the office is open on a working day, and when a deadline's last day ends (None: 24:00)."""

    spans: tuple[tuple[time, time], ...]
    closing: time | None = None

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "OfficeHours":
        """From the [office] of config/deadlines.toml. Raises `ValueError` for hours that run backwards."""
        spans = tuple(_hours(written) for written in table["hours"])
        flat = [moment for span in spans for moment in span]
        if not spans or flat != sorted(set(flat)):
            raise ValueError(f"办公时间应由早到晚:{'、'.join(table['hours'])}")
        ends = table.get("day_ends", "24:00")
        return cls(spans, None if ends == "24:00" else time.fromisoformat(ends))


@dataclass(frozen=True)
class Calendar:
    """The office's calendar. Dates and times of day are the office's (`zone`); moments are aware."""

    tables: tuple[Table, ...]
    statute: Statute
    hours: OfficeHours
    zone: ZoneInfo
    # What was worked out for a year is kept: a bulletin asks tens of thousands of times.
    _workdays: dict[int, tuple[date, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _statutory: dict[int, dict[date, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def _special(self) -> dict[date, Day]:
        """Every day that a notice names."""
        named: dict[date, Day] = {}
        for table in self.tables:
            for one in table.in_force:
                for on in _span(one.first, one.last):
                    named[on] = Day(on, DayKind.HOLIDAY, one.name, one.document, False)
                for on in one.work:
                    named[on] = Day(on, DayKind.MAKE_UP, one.name, one.document, False)
        return named

    @cached_property
    def years(self) -> frozenset[int]:
        """Years that have a table."""
        return frozenset(table.year for table in self.tables)

    def firm_until(self, today: date) -> date | None:
        """The last day, counted on from today, that no notice still to come can move; None when today is such a day."""
        year = today.year
        while year + 1 in self.years:
            year += 1
        return None if self.is_provisional(today) else date(year, *NEXT_NOTICE_FROM) - DAY

    def as_of(self, on: date) -> "Calendar":
        """The calendar as it was known at the end of a day: later notices and changes are left out."""
        known = tuple(
            replace(table, changes=tuple(one for one in table.changes if one.published <= on))
            for table in self.tables
            if table.published <= on
        )
        return self if known == self.tables else replace(self, tables=known)

    # ------------------------------------------------------------------------------------------------------- days

    def day(self, on: date) -> Day:
        """The day with its reason."""
        named = self._special.get(on)
        if named is not None:
            return named
        provisional = self.is_provisional(on)
        if on.year not in self.years:
            name = self._by_statute(on.year).get(on)
            if name is not None:
                return Day(on, DayKind.HOLIDAY, name, self.statute.document, True)
        return Day(on, DayKind.WEEKEND if on.weekday() >= 5 else DayKind.WORKDAY, "", "", provisional)

    def is_working_day(self, on: date) -> bool:
        """True when the office works."""
        return self.day(on).working

    def is_provisional(self, on: date) -> bool:
        """True when a notice still to come may change what this day is."""
        if on.year not in self.years:
            return True
        return (on.month, on.day) >= NEXT_NOTICE_FROM and on.year + 1 not in self.years and on not in self._special

    def add_working_days(self, start: date, n: int) -> date:
        """The n-th working day after `start` (not counted itself); before it for a negative n; `start` for 0."""
        if n == 0:
            return start
        year, days = start.year, self._workdays_of(start.year)
        at = bisect_right(days, start) + n - 1 if n > 0 else bisect_left(days, start) + n
        while at >= len(days):
            at -= len(days)
            year += 1
            days = self._workdays_of(year)
        while at < 0:
            year -= 1
            days = self._workdays_of(year)
            at += len(days)
        return days[at]

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start`, up to and with `end`; negative when `end` is earlier."""
        if end < start:
            return -self.working_days_between(end, start)
        until = sum(len(self._workdays_of(year)) for year in range(start.year, end.year))
        return (
            until + bisect_right(self._workdays_of(end.year), end) - bisect_right(self._workdays_of(start.year), start)
        )

    def working_day_from(self, on: date) -> date:
        """This day if the office works, else the next one on which it does."""
        return on if self.is_working_day(on) else self.add_working_days(on, 1)

    def explain(self, first: date, last: date) -> tuple[Day, ...]:
        """Every day from `first` to `last` with its reason."""
        return tuple(self.day(on) for on in _span(first, last))

    # ------------------------------------------------------------------------------------------------------ moments

    def date_of(self, at: datetime) -> date:
        """The office's date at a moment."""
        return at.astimezone(self.zone).date()

    def end_of(self, on: date) -> datetime:
        """When a deadline's last day is over: 24:00, or when the office closes. The moment itself is late."""
        if self.hours.closing is not None:
            return datetime.combine(on, self.hours.closing, self.zone)
        return datetime.combine(on + DAY, time(), self.zone)

    def opening(self, on: date) -> datetime:
        """When the office opens on a day."""
        return datetime.combine(on, self.hours.spans[0][0], self.zone)

    def office_moment(self, at: datetime) -> datetime:
        """This moment if the office is open, else when it next opens."""
        return next(max(at, opens) for opens, closes in self._open_from(at) if at < closes)

    def add_office_hours(self, at: datetime, length: timedelta) -> datetime:
        """The moment at which the office has been open for this long since `at`."""
        left = length
        for opens, closes in self._open_from(at):
            begins = max(opens, at)
            if closes - begins >= left:
                return begins + left
            left -= max(closes - begins, timedelta())
        raise AssertionError("the office never opens")

    def _open_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The times in which the office is open, from a moment's day on."""
        on = self.working_day_from(self.date_of(at))
        while True:
            for opens, closes in self.hours.spans:
                yield datetime.combine(on, opens, self.zone), datetime.combine(on, closes, self.zone)
            on = self.add_working_days(on, 1)

    def _workdays_of(self, year: int) -> tuple[date, ...]:
        if year not in self._workdays:
            days = _span(date(year, 1, 1), date(year, 12, 31))
            self._workdays[year] = tuple(on for on in days if self.is_working_day(on))
        return self._workdays[year]

    def _by_statute(self, year: int) -> dict[date, str]:
        if year not in self._statutory:
            self._statutory[year] = self.statute.days_off(year)
        return self._statutory[year]


def weekday(on: date) -> str:
    """周一 to 周日."""
    return "周" + "一二三四五六日"[on.weekday()]


def _span(first: date, last: date) -> Sequence[date]:
    return [first + DAY * n for n in range((last - first).days + 1)]


def _holiday(row: Mapping[str, Any], document: str, published: date, year: int) -> Holiday:
    name = row["name"]
    first, last = _date(row["from"], name), _date(row["to"], name)
    work = tuple(_date(on, name) for on in row.get("work", ()))
    if last < first or (last - first).days > 15:
        raise ValueError(f"{name}:放假从 {first} 到 {last}")
    for on in (first, last, *work):
        if on.year != year and (on.year, on.month) != (year - 1, 12):
            raise ValueError(f"{name}:{on} 不属于 {year} 年的安排")
    for on in work:
        if on.weekday() < 5:
            raise ValueError(f"{name}:{on} 是{weekday(on)},本来就上班")
    return Holiday(name, first, last, work, document, published)


def _date(written: object, where: str) -> date:
    if type(written) is not date:
        raise ValueError(f"{where}:{written} 不是日期,应写成 2027-01-01(不加引号)")
    return written


def _hours(written: str) -> tuple[time, time]:
    opens, _, closes = written.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)
