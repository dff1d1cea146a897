"""`xinqiao monitor`: which monitors have reported for a month."""

from dataclasses import asdict
from typing import Annotated

import typer

from gateway import monitors, resources
from gateway.casebook import Desk as CaseDesk
from gateway.cli import period, screen
from gateway.cli.case_view import Json
from gateway.cli.desk import open_desk
from gateway.cli.whom import NOBODY, named
from gateway.errors import USAGE, Refused
from gateway.monitors import Reported

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list", help="某月监测员的报告:谁报了情况、谁报了无情况、谁没有报。")
def list_(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-11;不写为本月")] = "",
    missing: Annotated[bool, typer.Option("--missing", help="只列没有报的")] = False,
    as_json: Json = False,
) -> None:
    """Whose words became cases is counted, what they said stands on the cases."""
    desk = open_desk(ctx.obj)
    desk.require("monitor.view")
    book = CaseDesk.from_settings(desk.settings)
    today = monitors.month_of(book.today(desk.now()))
    of = f"{period.day(f'{month}-01')}"[:7] if month else today
    if of > today:
        raise Refused(f"{of} 还没有到", "写本月或过去的月份", USAGE)
    with desk.database.read() as tx:
        found = monitors.reported(tx, book, of)
        people = named(tx, desk, [one.person_id for one in found])
    said = sum(one.reported for one in found)
    shown = [one for one in found if not missing or not one.reported]
    rows = [(one.person_id, *people.get(one.person_id, NOBODY)[1:], _said(one), _asked(one)) for one in shown]
    data = [asdict(one) | {"reported": one.reported, "name": people.get(one.person_id, NOBODY)[1]} for one in shown]
    title = f"{of} 监测员报告:{screen.rate(said, len(found))}"
    screen.emit(as_json, data, lambda: screen.table(title, ("#编号", "姓名", "号码", "报告", "提示"), rows))


@app.command(help="现在就提示本月还没有提示的监测员(平时由网关在设定的工作日自动发)。")
def prompt(ctx: typer.Context, as_json: Json = False) -> None:
    """What the sweep of the day does, in office hours; nobody is asked twice."""
    desk = open_desk(ctx.obj)
    desk.require("monitor.prompt")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.write() as tx:
        sent = monitors.sweep(tx, book, resources.duties(desk.settings), desk.now())
        desk.audit(tx, "monitor.prompt", monitors.month_of(book.today(desk.now())), {"sent": sent})
    screen.emit(
        as_json, {"sent": sent}, lambda: screen.say(f"已发出 {sent} 条(只在办公时间、设定的工作日之后发)", "green")
    )


def _said(one: Reported) -> str:
    return f"{one.matters} 件" if one.matters else "无情况" if one.nothing else "未报"


def _asked(one: Reported) -> str:
    if not one.reachable:
        return "已停用或退订"
    return "已提醒" if one.reminded else "已提示" if one.asked else ""
