"""When a notice that comes back is due: on a day of every month or week, moved to a working day of the same one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

LAST = 0
"""The last working day of a month."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every month on its first (1) or last working day or about a day of it, or every week about a weekday (1 to 7)."""

    every: str  # month | week
    day: int

    @classmethod
    def read(cls, written: str) -> "Rhythm":
        """ "month:first", "month:last", "month:15", "week:5". Raises `ValueError`."""
        every, _, day = written.partition(":")
        named = {"first": 1, "last": LAST} if every == "month" else {}
        number = named.get(day, int(day) if day.isascii() and day.isdecimal() else -1)
        if day not in named and not 1 <= number <= {"month": 28, "week": 7}.get(every, 0):
            raise ValueError(written)
        return cls(every, number)

    def written(self) -> str:
        """As `read` reads it."""
        return f"{self.every}:{'last' if self.day == LAST else self.day}"

    def period(self, on: date) -> str:
        """The month or week that a day belongs to: 2026-12, 2026-W49."""
        year, week, _ = on.isocalendar()
        return f"{on:%Y-%m}" if self.every == "month" else f"{year}-W{week:02d}"

    def due(self, on: date, works: Callable[[date], bool]) -> date | None:
        """The day in that month or week: a working day, the next one else the one before; None where all are off."""
        days = [one for one in self._days(on) if works(one)]
        if self.day == LAST:
            return days[-1] if days else None
        wanted = on.replace(day=self.day) if self.every == "month" else _monday(on) + timedelta(self.day - 1)
        return next((one for one in days if one >= wanted), days[-1] if days else None)

    def _days(self, on: date) -> Iterator[date]:
        day = on.replace(day=1) if self.every == "month" else _monday(on)
        period = self.period(on)
        while self.period(day) == period:
            yield day
            day += timedelta(1)


def _monday(on: date) -> date:
    return on - timedelta(on.isoweekday() - 1)
