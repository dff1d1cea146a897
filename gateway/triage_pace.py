"""How fast the queue is worked off: seconds per case at the triage screen, cases per day; of the office as a whole."""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from routing import store
from routing.history import Entry


@dataclass(frozen=True, slots=True)
class Pace:
    """A day, or the whole period (`on` None). Seconds are None where nothing was decided."""

    on: date | None
    cases: int
    median: float | None
    longest: float | None
    by_decision: dict[str, int]


def pace(tx: sa.Connection, since: datetime, until: datetime, zone: ZoneInfo, actor: str | None) -> tuple[Pace, ...]:
    """Day by day, then all together; of one operator where they ask for their own."""
    entries = [entry for _, entry in store.recorded(tx, "seconds", since, until) if actor in (None, entry.actor)]
    by_day: dict[date, list[Entry]] = {}
    for entry in entries:
        by_day.setdefault(entry.at.astimezone(zone).date(), []).append(entry)
    return (*(_pace(on, several) for on, several in sorted(by_day.items())), _pace(None, entries))


def _pace(on: date | None, entries: Iterable[Entry]) -> Pace:
    entries = list(entries)
    seconds = [float(entry.data["seconds"]) for entry in entries]
    counts = Counter(entry.event for entry in entries)
    return Pace(
        on,
        len(seconds),
        statistics.median(seconds) if seconds else None,
        max(seconds, default=None),
        dict(counts.most_common()),
    )
