"""`xinqiao zero`: units confirm every month, also that nothing happened; who has not."""

from typing import Annotated

import typer

from gateway import resources, zero_reports
from gateway.casebook import Desk as CaseDesk
from gateway.cli import period, screen
from gateway.cli.case_view import Json, of_unit
from gateway.cli.desk import Desk, open_desk
from gateway.cli.units import unit_named
from gateway.errors import USAGE, Refused
from gateway.zero_reports import Confirmed

app = typer.Typer(no_args_is_help=True, add_completion=False)
Month = Annotated[str, typer.Option("--month", help="月份,例如 2026-10;不写为上月")]


@app.command(help="登记一个单位某月的零报告:没有情况写 --none,有情况写 --count 件数。再次登记以后一次为准。")
def confirm(
    ctx: typer.Context,
    unit: Annotated[str, typer.Option(help="单位;承办单位的人不必写")] = "",
    month: Month = "",
    none: Annotated[bool, typer.Option("--none", help="没有情况")] = False,
    count: Annotated[int, typer.Option(help="有情况的件数", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """By the unit itself, or by the office for one that phones."""
    desk = open_desk(ctx.obj)
    who = desk.require("zero.confirm")
    book = CaseDesk.from_settings(desk.settings)
    if none == bool(count):
        raise Refused("请写明 --none 或 --count 件数(两者之一)", "没有情况写 --none", USAGE)
    written = (who.department or "") if of_unit(desk) else unit
    if not written:
        raise Refused("请写明单位", "加上 --unit", USAGE)
    name, of = unit_named(book.departments, written), _month(desk, book, month)
    with desk.database.write() as tx:
        zero_reports.confirm(tx, name, of, count, "operator", who.name, desk.now())
        desk.audit(tx, "zero.confirm", name, {"month": of, "matters": count})
    said = f"已登记 {name} {of}:{'没有情况' if none else f'{count} 件'}"
    screen.emit(as_json, {"unit": name, "month": of, "matters": count}, lambda: screen.say(said, "green"))


@app.command("list", help="某月各单位的零报告:谁报了、多少件、谁还没有报。")
def list_(
    ctx: typer.Context,
    month: Month = "",
    missing: Annotated[bool, typer.Option("--missing", help="只列没有报的")] = False,
    as_json: Json = False,
) -> None:
    """In the order of the list of units."""
    desk = open_desk(ctx.obj)
    desk.require("case.watch")
    book = CaseDesk.from_settings(desk.settings)
    of = _month(desk, book, month)
    units = [unit.name for unit in book.departments.units]
    with desk.database.read() as tx:
        found = zero_reports.confirmed(tx, units, of)
    said = sum(one.matters is not None for one in found)
    shown = [one for one in found if not missing or one.matters is None]
    due = zero_reports.due(of, resources.duties(desk.settings), book.calendar)
    zone = desk.settings.zone()
    rows = [
        (
            one.unit,
            _said(one),
            {"text": "短信", "operator": "登记"}.get(one.way, ""),
            one.actor,
            screen.moment(one.at, zone),
        )
        for one in shown
    ]
    title = f"{of} 零报告:已报 {screen.rate(said, len(found))},{due} 截止"
    data = {"month": of, "due": due, "confirmed": said, "units": len(found), "list": shown}
    screen.emit(as_json, data, lambda: screen.table(title, ("单位", "情况", "途径", "经手", "时间"), rows))


@app.command(help="一年的零报告:各单位报了几个月、共多少件、缺哪几个月。")
def year(
    ctx: typer.Context,
    of: Annotated[int, typer.Option("--year", help="年份;不写为今年")] = 0,
    as_json: Json = False,
) -> None:
    """Of the months that are over."""
    desk = open_desk(ctx.obj)
    desk.require("case.watch")
    book = CaseDesk.from_settings(desk.settings)
    today = book.today(desk.now())
    with desk.database.read() as tx:
        found = zero_reports.year(tx, [unit.name for unit in book.departments.units], of or today.year, today)
    rows = [
        (one.unit, screen.rate(one.confirmed, one.months), one.matters, "、".join(name[5:] for name in one.missing))
        for one in found
    ]
    columns = ("单位", "已报月数", "#件数", "缺报的月份")
    screen.emit(as_json, found, lambda: screen.table(f"{of or today.year} 年零报告", columns, rows))


def _month(desk: Desk, book: CaseDesk, written: str) -> str:
    """A month that is over. Raises `Refused`."""
    ended = zero_reports.ended_month(book.today(desk.now()))
    of = f"{period.day(f'{written}-01')}"[:7] if written else ended
    if of > ended:
        raise Refused(f"{of} 还没有结束", "写已经结束的月份", USAGE)
    return of


def _said(one: Confirmed) -> str:
    return "未报" if one.matters is None else f"{one.matters} 件" if one.matters else "没有情况"
