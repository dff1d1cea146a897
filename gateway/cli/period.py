"""Which days a command means."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from gateway.errors import USAGE, Refused

First = Annotated[str, typer.Option("--from", help="从哪天起,例如 2026-01-01")]
Last = Annotated[str, typer.Option("--to", help="到哪天为止(含);默认为今天")]


def day(written: str) -> date:
    """A day as people write it. Raises `Refused`."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"看不懂日期“{written}”", "写成 2026-11-24 的样子", USAGE) from None


def month(written: str) -> str:
    """A month as people write it, "2026-10". Raises `Refused`."""
    try:
        return date.fromisoformat(f"{written}-01").isoformat()[:7]
    except ValueError:
        raise Refused(f"看不懂月份“{written}”", "写成 2026-10 的样子", USAGE) from None


def period(first: str, last: str, usual_first: date, today: date) -> tuple[date, date]:
    """From and to, both included. Raises `Refused` when they are the wrong way round."""
    until = day(last) if last else today
    since = day(first) if first else min(usual_first, until)
    if since > until:
        raise Refused(f"{since} 在 {until} 之后", "请先写早的日期", USAGE)
    return since, until


def months_before(of: date, months: int) -> date:
    """The same day so many months earlier, or the last one of its month."""
    year, month = divmod(of.year * 12 + of.month - 1 - months, 12)
    return date(year, month + 1, min(of.day, monthrange(year, month + 1)[1]))


def begins(of: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day."""
    return datetime.combine(of, time(), zone)


def begins_ms(of: date, zone: ZoneInfo) -> int:
    """The first moment of a day, in milliseconds since 1970 UTC."""
    return round(begins(of, zone).timestamp() * 1000)


def after(of: date) -> date:
    """The next day."""
    return of + timedelta(1)
