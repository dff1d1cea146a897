"""What is reported every month, by monitors and by units, and on which working days they are asked and reminded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from routing.calendar import Calendar
from routing.words import plain


@dataclass(frozen=True, slots=True)
class Duties:
    """From `config/duties.toml`. Days are working days of the month, the first is 1."""

    prompt_on: int
    remind_on: int
    nothing: frozenset[str]
    units_due_on: int
    units_remind_on: int

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Duties":
        """Raises `ValueError` when a day is none that every month has, or a reminder is not after its prompt."""
        monitors, units = table["monitors"], table["zero_reports"]
        duties = cls(
            monitors["prompt_on"],
            monitors["remind_on"],
            frozenset(map(plain, monitors["nothing"])),
            units["due_on"],
            units["remind_on"],
        )
        for day in (duties.prompt_on, duties.remind_on, duties.units_due_on, duties.units_remind_on):
            if not isinstance(day, int) or not 1 <= day <= LAST:
                raise ValueError(f"{day}:应为 1 到 {LAST},每月都有的第几个工作日")
        if duties.remind_on <= duties.prompt_on or duties.units_remind_on > duties.units_due_on:
            raise ValueError("提醒应在提示之后、期限之前")
        return duties

    def says_nothing(self, text: str) -> bool:
        """True when a monitor's whole text is that there is nothing to report."""
        return plain(text) in self.nothing


LAST = 15
"""Every month has as many working days, also with the long holidays."""


def nth_working_day(month: date, n: int, calendar: Calendar) -> date:
    """The nth working day of the month in which a day lies."""
    return calendar.add_working_days(month.replace(day=1) - timedelta(days=1), n)
