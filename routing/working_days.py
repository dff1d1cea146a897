"""Which day is so many working days after another. The only place that counts working days."""

from datetime import date, timedelta

SATURDAY = 5


def add_working_days(start: date, n: int) -> date:
    """The nth working day after `start` (n from 1); `start` itself never counts. Monday to Friday, holidays ignored."""
    day = start
    for _ in range(n):
        day += timedelta(days=1)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
    return day
