"""`xinqiao calendar`: which days the office works, from which notice, and until when that is certain."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any

import typer

from gateway import resources
from gateway.cli import screen
from gateway.errors import REFUSED, USAGE, Refused
from gateway.settings import Loaded, load
from routing.calendar import Calendar, Day, DayKind, Table, weekday

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
ALARM_FROM = (12, 1)
"""From here on a missing table for the next year is an alarm: 15 working days reach into it."""


@app.command(help="一年的放假安排,或一个月的每一天。")
def show(
    ctx: typer.Context,
    period: Annotated[str, typer.Argument(help="年份或月份,例如 2026 或 2026-10")],
    as_json: Json = False,
) -> None:
    """Days with their reasons."""
    calendar = resources.calendar(load(ctx.obj.folder))
    days = calendar.explain(*_period(period))
    month = len(period) > 4
    data = [
        {"on": day.on, "working": day.working, "kind": day.kind, "reason": day.reason}
        | {"document": day.document, "provisional": day.provisional}
        for day in days
    ]
    screen.emit(as_json, data, lambda: _month(calendar, period, days) if month else _year(calendar, int(period), days))


@app.command(help="哪些年份有放假通知、依据哪份文件、期限确定到哪一天;12月起缺下一年的则退出码为1。")
def check(ctx: typer.Context, as_json: Json = False) -> None:
    """Every table, read and checked."""
    settings = load(ctx.obj.folder)
    calendar = resources.calendar(settings)
    own = {name for name, file in resources.calendar_files(settings).items() if file is not None}
    on = today(settings)
    firm, absent = calendar.firm_until(on), missing(calendar, on)
    data = {
        "years": [_table(table, str(table.year) in own) for table in calendar.tables],
        "firm_until": firm,
        "missing": absent,
        "almanac_until": max((on.year for on in calendar.statute.festivals), default=None),
    }
    screen.emit(as_json, data, lambda: _check(calendar, own, firm, absent))
    raise typer.Exit(REFUSED if absent else 0)


def today(settings: Loaded) -> date:
    """The office's date."""
    return datetime.now(UTC).astimezone(settings.zone()).date()


def missing(calendar: Calendar, on: date) -> list[int]:
    """Years whose notice should be there by this day."""
    wanted = [on.year, on.year + 1] if (on.month, on.day) >= ALARM_FROM else [on.year]
    return [year for year in wanted if year not in calendar.years]


def _period(written: str) -> tuple[date, date]:
    if re.fullmatch(r"[0-9]{4}(-[0-9]{1,2})?", written):
        year, _, month = written.partition("-")
        try:
            first = date(int(year), int(month or 1), 1)
            following = date(first.year + (not month or first.month == 12), first.month % 12 + 1 if month else 1, 1)
        except ValueError:
            pass
        else:
            return first, following - timedelta(days=1)
    raise Refused(f"看不懂 {written}", "写年份或月份,例如 2026 或 2026-10", USAGE)


def _table(table: Table, own: bool) -> dict[str, Any]:
    return {
        "year": table.year,
        "document": table.document,
        "published": table.published,
        "changes": [{"document": one.document, "published": one.published, "name": one.name} for one in table.changes],
        "days_off": sum((one.last - one.first).days + 1 for one in table.in_force),
        "made_up": sum(len(one.work) for one in table.in_force),
        "source": "own" if own else "shipped",
    }


def _check(calendar: Calendar, own: set[str], firm: date | None, absent: list[int]) -> None:
    rows = []
    for table in calendar.tables:
        data = _table(table, str(table.year) in own)
        documents = [table.document or "(文号未录入)", *(one.document for one in table.changes)]
        source = "本单位" if data["source"] == "own" else "随程序"
        rows.append((table.year, ",变更:".join(documents), table.published, data["days_off"], data["made_up"], source))
    columns = ("年份", "依据", "公布", "#放假", "#调休上班", "来源")
    screen.table(f"工作日历 {len(rows)} 年", columns, rows)
    if firm is not None:
        screen.say(f"期限确定到 {firm};此后的为暂定,下一年的通知公布后重新计算,不早于已告知的日期")
    for year in absent:
        screen.say(
            f"缺 {year} 年的放假通知:把它写成 {year}.toml,放入设置 files.calendar 指明的目录(写法同随程序发布的各年)",
            "bold red",
        )


def _year(calendar: Calendar, year: int, days: Sequence[Day]) -> None:
    caption = ""
    if year in calendar.years:
        title = f"{year} 年放假安排"
        items = [
            (one.name, one.first, one.last, one.work, one.document)
            for table in calendar.tables
            for one in table.in_force
            if year in {on.year for on in (one.first, one.last, *one.work)}
        ]
    else:
        title = f"{year} 年(暂定:没有放假通知,按放假办法和周末推算)"
        items = list(_statutory(days))
        caption = _left_out(calendar, year)
    rows = [
        (name, _span(first, last), (last - first).days + 1, "、".join(map(_short, work)), document)
        for name, first, last, work, document in items
    ]
    screen.table(title, ("节日", "放假", "#天数", "调休上班", "依据"), rows, caption)
    months = [[day for day in days if day.on.month == month] for month in range(1, 13)]
    counts = [(f"{n}月", sum(day.working for day in month)) for n, month in enumerate(months, 1)]
    screen.table(f"工作日 {sum(day.working for day in days)} 天", ("月份", "#工作日"), counts)


def _left_out(calendar: Calendar, year: int) -> str:
    """What a year without a notice and beyond the almanac cannot know."""
    known = year in calendar.years or any(on.year == year for on in calendar.statute.festivals)
    return "" if known else "春节、清明节、端午节、中秋节的日期未录入,没有算在内"


def _statutory(days: Sequence[Day]) -> Iterator[tuple[str, date, date, tuple[date, ...], str]]:
    """Runs of days off by law, each under the name of its first day."""
    for off, run in groupby(days, key=lambda day: day.kind is DayKind.HOLIDAY):
        if off:
            first, *more = run
            yield first.name, first.on, (more or [first])[-1].on, (), first.document


def _month(calendar: Calendar, period: str, days: Sequence[Day]) -> None:
    rows = [(day.on, weekday(day.on), "上班" if day.working else "休息", day.reason, day.document) for day in days]
    title = f"{period} 工作日 {sum(day.working for day in days)} 天"
    screen.table(title, ("日期", "", "", "性质", "依据"), rows, _left_out(calendar, days[0].on.year))


def _span(first: date, last: date) -> str:
    return _short(first) if first == last else f"{_short(first)}至{_short(last)}"


def _short(on: date) -> str:
    return f"{on.month}月{on.day}日({weekday(on)})"
