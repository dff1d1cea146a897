"""`xinqiao instruction`: leaders' instructions (批示), from the record to the result."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import instruction_desk, resources
from gateway.case_words import Hider
from gateway.casebook import Desk as CaseDesk
from gateway.cli import screen
from gateway.cli.case_view import Json, of_unit
from gateway.cli.desk import Desk, open_desk
from gateway.cli.period import day
from gateway.errors import NotFound
from gateway.instruction_desk import Listed
from routing.deadlines import LAMP_LABELS, Lamp
from routing.instructions import EVENTS, LABELS, Instruction, State
from routing.rates import Rate

app = typer.Typer(no_args_is_help=True, add_completion=False)
No = Annotated[str, typer.Argument(help="批示编号:5,往年的写成 2026-5")]
Act = Callable[[sa.Connection, CaseDesk, str, datetime], Instruction]


@app.command("list", help="批示:编号、领导、承办、期限、灯、状态。随交办给出的批示一并列出。承办单位只看到自己的。")
def list_(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="状态:" + "、".join(State))] = "",
    published: Annotated[bool, typer.Option("--published", help="只看已公开的,附结果")] = False,
    as_json: Json = False,
) -> None:
    """Oldest first."""
    desk = open_desk(ctx.obj)
    found = [one for one in _listed(desk) if state in ("", one.one.state) and (one.one.published or not published)]
    _emit(found, as_json, f"批示 {len(found)} 件", published)


@app.command(help="逾期没有反馈的批示,最迟的在前。")
def overdue(ctx: typer.Context, as_json: Json = False) -> None:
    """By the same calendar as cases."""
    desk = open_desk(ctx.obj)
    late = [one for one in _listed(desk) if _lamp(one) in (Lamp.YELLOW, Lamp.RED) and _open(one)]
    late.sort(key=lambda one: (one.one.due, one.one.number))
    _emit(late, as_json, f"逾期批示 {len(late)} 件", False)


@app.command(help="登记领导在摘报条目或办件上的批示。待批示的办件用 xinqiao case instruct。")
def record(
    ctx: typer.Context,
    leader: Annotated[str, typer.Option("--leader", help="哪位领导,写职务")],
    words: Annotated[str, typer.Option("--text", help="批示内容")],
    item: Annotated[str, typer.Option("--item", help="摘报条目:期-条,例如 3-2")] = "",
    case: Annotated[str, typer.Option("--case", help="受理编号")] = "",
    due: Annotated[str, typer.Option(help="领导定的期限,例如 2026-12-11;不写则按工作日历计算")] = "",
    as_json: Json = False,
) -> None:
    """The office writes down what stands on the paper."""
    desk = open_desk(ctx.obj)
    actor = desk.require("instruction.record").name
    book, rules = CaseDesk.from_settings(desk.settings), resources.instructions(desk.settings)
    with desk.database.write() as tx:
        one = instruction_desk.record(
            tx,
            book,
            rules,
            leader=leader,
            words=words,
            item=item,
            case=case,
            due=day(due) if due else None,
            actor=actor,
            now=desk.now(),
        )
        desk.audit(tx, "instruction.record", one.number, {"item": one.item, "case": one.case})
    screen.emit(as_json, _data(one), lambda: screen.say(f"已登记 {one.number},{one.due} 到期", "green"))


@app.command(help="转办给承办单位(两办督查室、主任);没有反馈前可改转。")
def assign(
    ctx: typer.Context,
    number: No,
    unit: Annotated[str, typer.Option("--unit", help="承办单位")],
    office: Annotated[str, typer.Option("--office", help="哪个督查室转办;不写为 deadlines.toml 中的第一个")] = "",
    as_json: Json = False,
) -> None:
    """The clock runs since it was given."""
    desk = open_desk(ctx.obj)
    rules = resources.instructions(desk.settings)

    def act(tx: sa.Connection, book: CaseDesk, actor: str, now: datetime) -> Instruction:
        return instruction_desk.assign(tx, book, rules, number, unit, office or rules.offices[0], actor, now)

    _act(desk, "assign", act, as_json)


@app.command(help="承办单位反馈办理情况(操作员可代录书面反馈)。")
def report(
    ctx: typer.Context,
    number: No,
    words: Annotated[str, typer.Option("--text", help="办理情况")],
    as_json: Json = False,
) -> None:
    """Stops the lamp unless it is sent back."""
    desk = open_desk(ctx.obj)

    def act(tx: sa.Connection, book: CaseDesk, actor: str, now: datetime) -> Instruction:
        own = (desk.operator.department or "-") if of_unit(desk) else ""
        return instruction_desk.report(tx, book, number, own, words, actor, now)

    _act(desk, "report", act, as_json)


@app.command("send-back", help="反馈不合要求,退回重报;时限不停。")
def send_back(
    ctx: typer.Context, number: No, reason: Annotated[str, typer.Option(help="理由")], as_json: Json = False
) -> None:
    """With the supervision office."""
    desk = open_desk(ctx.obj)
    _act(
        desk,
        "close",
        lambda tx, book, actor, now: instruction_desk.send_back(tx, book, number, reason, actor, now),
        as_json,
    )


@app.command(help="办结,写明结果;--publish 同时公开。")
def close(
    ctx: typer.Context,
    number: No,
    result: Annotated[str, typer.Option(help="结果")],
    publish: Annotated[bool, typer.Option("--publish", help="结果可以公开")] = False,
    as_json: Json = False,
) -> None:
    """Only after a report."""
    desk = open_desk(ctx.obj)

    def act(tx: sa.Connection, book: CaseDesk, actor: str, now: datetime) -> Instruction:
        one = instruction_desk.close(tx, book, number, result, actor, now)
        return instruction_desk.publish(tx, book, number, actor, now) if publish else one

    _act(desk, "close", act, as_json)


@app.command(help="公开已办结的批示的结果。")
def publish(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """It appears in `instruction list --published`."""
    desk = open_desk(ctx.obj)
    _act(desk, "close", lambda tx, book, actor, now: instruction_desk.publish(tx, book, number, actor, now), as_json)


@app.command(help="一件批示的详情和全部经过。")
def show(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """Who, when, what."""
    desk = open_desk(ctx.obj)
    desk.require("instruction.view")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.read() as tx:
        one = instruction_desk.find_instruction(tx, number, book.today(desk.now()).year)
    if of_unit(desk) and one.unit != desk.operator.department:
        raise NotFound(f"没有编号为 {number} 的批示", "xinqiao instruction list 列出本单位的")
    one = _readable(desk, one)

    def render() -> None:
        rows = [
            ("领导", one.leader),
            ("批示", one.words),
            ("摘报条目 / 办件", one.item or one.case),
            ("期限", f"{one.due}{'' if one.computed else '(领导定)'}"),
            ("状态", LABELS[one.state]),
            ("承办", one.unit),
            ("反馈", one.report),
            ("结果", one.result),
            ("公开", "是" if one.published else ""),
        ]
        screen.table(one.number, ("项目", "内容"), [row for row in rows if row[1]])
        zone = desk.settings.zone()
        lines = [
            (screen.moment(done.at, zone), EVENTS[done.event], done.actor, done.unit, done.words)
            for done in one.history
        ]
        screen.table("经过", ("时间", "动作", "经手", "单位", "内容"), lines)

    screen.emit(as_json, _data(one), render)


@app.command(help="一年的摘报和批示:期数、条数、有批示的、已办理的;比率由两个数算出。")
def figures(
    ctx: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="年份;不写为今年")] = None,
    as_json: Json = False,
) -> None:
    """Of the issues signed in the year."""
    desk = open_desk(ctx.obj)
    desk.require("digest.view")
    book = CaseDesk.from_settings(desk.settings)
    of = year or book.today(desk.now()).year
    with desk.database.read() as tx:
        found = instruction_desk.figures(tx, of, desk.settings.zone())
    given, handled = (
        Rate(found.instructed, found.items, "摘报条目"),
        Rate(found.handled, found.instructed, "有批示的条目"),
    )
    rows = [("摘报期数", found.issues), ("摘报条数", found.items), ("批示率", f"{given}"), ("批示办理率", f"{handled}")]
    data = {
        "year": of,
        "issues": found.issues,
        "items": found.items,
        "instructed": {"numerator": found.instructed, "denominator": found.items, "percent": given.percent},
        "handled": {"numerator": found.handled, "denominator": found.instructed, "percent": handled.percent},
    }
    screen.emit(as_json, data, lambda: screen.table(f"{of} 年摘报和批示", ("项目", "数"), rows))


# ---------------------------------------------------------------------------------------------------------------------


def _act(desk: Desk, verb: str, act: Act, as_json: bool) -> None:
    """One step: rights, rule, store, audit, in one transaction."""
    actor = desk.require(f"instruction.{verb}").name
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.write() as tx:
        one = act(tx, book, actor, desk.now())
        desk.audit(tx, f"instruction.{one.history[-1].event}", one.number, {"state": one.state, "unit": one.unit})
    said = f"{one.number} 现在是“{LABELS[one.state]}”{f',承办 {one.unit}' if one.unit else ''}"
    screen.emit(as_json, _data(one), lambda: screen.say(said, "green"))


def _listed(desk: Desk) -> list[Listed]:
    """Everything that the caller may see: of units what they handle themselves, without who wrote."""
    who = desk.require("instruction.view")
    book, rules = CaseDesk.from_settings(desk.settings), resources.instructions(desk.settings)
    with desk.database.read() as tx:
        found = instruction_desk.listed(tx, book, rules, desk.now())
    mine = [one for one in found if not of_unit(desk) or one.one.unit == who.department]
    return [replace(one, one=_readable(desk, one.one)) for one in mine]


def _readable(desk: Desk, one: Instruction) -> Instruction:
    """To a unit no citizen is named, whoever wrote it down."""
    if not of_unit(desk):
        return one
    with desk.database.read() as tx:
        hide = Hider(tx, desk.vault)
        history = tuple(replace(done, words=hide.words(done.words)) for done in one.history)
        return replace(one, words=hide.words(one.words), history=history)


def _lamp(one: Listed) -> Lamp | None:
    return one.clock.in_force.lamp if one.clock else None


def _shown(one: Listed) -> str:
    lamp = _lamp(one)
    return f"{LAMP_LABELS[lamp] if lamp else ''}{f',超{one.late}日' if one.late else ''}"


def _open(one: Listed) -> bool:
    return one.one.state in (State.RECORDED, State.ASSIGNED)


def _emit(found: Sequence[Listed], as_json: bool, title: str, results: bool) -> None:
    columns = ("编号", "写在", "领导", "批示", "承办", "期限", "灯", "状态")
    rows = [
        (
            *(each.one.number.removeprefix("批示"), each.one.item or each.one.case, each.one.leader, each.one.words),
            *(each.one.unit, each.one.due, _shown(each), LABELS[each.one.state]),
            *([each.one.result] if results else []),
        )
        for each in found
    ]
    data = [_data(each.one) | {"lamp": _lamp(each), "late": each.late} for each in found]
    screen.emit(as_json, data, lambda: screen.table(title, (*columns, *(["结果"] if results else [])), rows))


def _data(one: Instruction) -> dict[str, Any]:
    """For programs."""
    on: date = one.due
    return {
        "number": one.number,
        "leader": one.leader,
        "words": one.words,
        "item": one.item,
        "case": one.case,
        "given_at": one.given_at,
        "due": on,
        "computed": one.computed,
        "state": one.state,
        "label": LABELS[one.state],
        "unit": one.unit,
        "report": one.report,
        "result": one.result,
        "published": one.published,
    }
