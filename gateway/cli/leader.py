"""`xinqiao leader`: what waits for the county's leaders, and what they decided in person."""

from dataclasses import asdict
from typing import Annotated

import typer

from gateway import leader_desk
from gateway.casebook import Desk as CaseDesk
from gateway.cli import screen
from gateway.cli.case_view import Json
from gateway.cli.desk import open_desk
from routing.deadlines import LAMP_LABELS

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command(help="等待领导的:待批示的件、待批准的延期、两周内可批示的摘报条目;最早的在前,等了几个工作日。")
def pending(ctx: typer.Context, as_json: Json = False) -> None:
    """Instruct with `case instruct`, grant with `case extend`, on items with `instruction record`."""
    desk = open_desk(ctx.obj)
    desk.require("leader.view")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.read() as tx:
        found = leader_desk.pending(tx, book, desk.now())
    zone = desk.settings.zone()
    rows = [
        (
            one.what,
            one.number,
            one.title,
            screen.moment(one.since, zone),
            one.days,
            LAMP_LABELS[one.lamp] if one.lamp else "",
        )
        for one in found
    ]
    columns = ("", "编号", "事项", "何时起", "#已等工作日", "灯")
    screen.emit(as_json, found, lambda: screen.table(f"等待领导的 {len(found)} 项", columns, rows))


@app.command(help="须领导亲自批转的十类:一年各有几件,批示的、授权的、等待的;认定不属此列的另列。")
def kinds(
    ctx: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="年份;不写为今年")] = None,
    as_json: Json = False,
) -> None:
    """By year of registration."""
    desk = open_desk(ctx.obj)
    desk.require("leader.view")
    book = CaseDesk.from_settings(desk.settings)
    of = year or book.today(desk.now()).year
    with desk.database.read() as tx:
        found = leader_desk.kinds(tx, book, of)
    rows = [
        (
            *(one.name, len(one.cases), len(one.instructed), len(one.delegated), len(one.waiting), len(one.otherwise)),
            "、".join(one.cleared),
        )
        for one in found
    ]
    columns = ("类别", "#件数", "#领导批示", "#授权交办", "#待批示", "#未到批示", "操作员认定不属此列")
    data = [asdict(one) | {"cases": one.cases} for one in found]
    screen.emit(as_json, data, lambda: screen.table(f"{of} 年须领导亲自批转的件", columns, rows))
