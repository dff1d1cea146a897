"""`xinqiao task`: what the office gives units to do. Units sign and report as for any case; closing is the review."""

from dataclasses import asdict
from typing import Annotated

import typer

from gateway import task_desk
from gateway.casebook import Desk as CaseDesk
from gateway.cli import due, screen
from gateway.cli.case_view import Json, No, data_of, of_unit
from gateway.cli.desk import open_desk
from gateway.cli.units import unit_named
from gateway.errors import USAGE, Refused
from routing.cases import GATES, LABELS

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command(help="给单位下达一项工作任务:登记并交办,期限按工作日。签收、进展、反馈同办件(也可用短信)。")
def new(
    ctx: typer.Context,
    unit: Annotated[str, typer.Option(help="主办单位")],
    text: Annotated[str, typer.Option(help="要做什么")],
    days: Annotated[int, typer.Option(help="几个工作日内办完")] = 5,
    co: Annotated[list[str] | None, typer.Option(help="协办单位,可多次")] = None,
    as_json: Json = False,
) -> None:
    """On the same table as the matters of citizens; nobody is texted but the units."""
    desk = open_desk(ctx.obj)
    actor = desk.require("task.give").name
    book = CaseDesk.from_settings(desk.settings)
    lead, co = unit_named(book.departments, unit), [unit_named(book.departments, one) for one in co or ()]
    with desk.database.write() as tx:
        case = task_desk.give(tx, book, unit=lead, co_handlers=co, words=text, days=days, actor=actor, now=desk.now())
        desk.audit(tx, "task.give", case.number, {"unit": lead})
    said = f"已下达 {case.number},交{case.lead},{case.due_on} 到期"
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(said, "green"))


@app.command("list", help="列出工作任务,旧的在前。默认只列没有办结的;承办单位只看到自己的。")
def list_(
    ctx: typer.Context,
    unit: Annotated[str, typer.Option(help="只看一个单位")] = "",
    everything: Annotated[bool, typer.Option("--all", help="办结的也列出")] = False,
    as_json: Json = False,
) -> None:
    """With lamp and date."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.view")
    book = CaseDesk.from_settings(desk.settings)
    only = who.department if of_unit(desk) else unit_named(book.departments, unit) if unit else None
    with desk.database.read() as tx:
        found = task_desk.tasks(tx, only, everything)
        limits = due.limits(tx, desk, found)
    rows = [
        (one.number, one.lead, LABELS[one.state], due.lamp(limits.get(one.id)), one.due_on, one.text) for one in found
    ]
    columns = ("编号", "主办", "状态", "灯", "期限", "任务")
    data = [data_of(desk, one) | due.data_of(limits.get(one.id), None) for one in found]
    screen.emit(as_json, data, lambda: screen.table(f"工作任务 {len(found)} 项", columns, rows))


@app.command(help="各单位的工作任务:下达、办结、在办、其中超期。不计入群众满意度。")
def count(ctx: typer.Context, as_json: Json = False) -> None:
    """By the unit that leads."""
    desk = open_desk(ctx.obj)
    desk.require("case.watch")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.read() as tx:
        found = task_desk.counts(tx, book, desk.now())
    rows = [(one.unit, one.given, one.done, one.open, one.late) for one in found]
    total = ("合计", *(sum(row[at] for row in rows) for at in range(1, 5)))  # type: ignore[misc]
    columns = ("单位", "#下达", "#办结", "#在办", "#其中超期")
    data = [asdict(one) | {"open": one.open} for one in found]
    screen.emit(as_json, data, lambda: screen.table("工作任务", columns, [*rows, total]))


@app.command(help="审核单位的反馈,三关通过即办结。下达人不能审核。不通过用 case send-back。")
def close(
    ctx: typer.Context,
    number: No,
    gates: Annotated[str, typer.Option(help="已确认的关:e,p,y")],
    as_json: Json = False,
) -> None:
    """REPORTED to CLOSED, without a survey: the office itself asked."""
    desk = open_desk(ctx.obj)
    actor = desk.require("case.approve").name
    ticked = frozenset(gate.strip() for gate in gates.split(","))
    if ticked - GATES.keys():
        raise Refused(f"没有这样的关:{'、'.join(sorted(ticked - GATES.keys()))}", "e 证据、p 程序、y 政策", USAGE)
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.write() as tx:
        case = task_desk.close(tx, book, number, ticked, actor, desk.now())
        desk.audit(tx, "case.approve", case.number, {"state": case.state})
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(f"{case.number} 已办结", "green"))
