"""`xinqiao queue`: what waits to be decided, one case after the other at the triage screen, and how long it takes."""

from typing import Annotated

import typer

from gateway import resources, triage_desk, triage_pace
from gateway.cli import calendar, due, keys, period, screen
from gateway.cli.case_advice import advice_data, file_all
from gateway.cli.case_view import Json, data_of, in_sight, label, readable
from gateway.cli.desk import open_desk
from gateway.cli.triage_screen import Session, age
from gateway.cli.triage_view import channel
from gateway.errors import USAGE, Refused
from gateway.hot_spots import hot_spots
from gateway.triage_desk import Book
from gateway.triage_pace import Pace
from routing.cases import LABELS, URGENCIES

app = typer.Typer(no_args_is_help=True, add_completion=False)
BELL = "\a"


@app.command("list", help="待受理、待交办的件:特急在前,然后最早的在前;沟通办自己的灯、渠道、等待多久。")
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(help="最多几件")] = 50,
    as_json: Json = False,
) -> None:
    """In the order in which `next` takes them. Danger rings the bell."""
    desk = open_desk(ctx.obj)
    desk.require("queue.view")
    with desk.database.read() as tx:
        queue = in_sight(desk, triage_desk.waiting(tx))
        shown = [readable(desk, one) for one in queue[:limit]]
        waits = due.waits(tx, desk, shown)
    danger = sum(case.urgency == "emergency" for case in queue)
    now = desk.now()
    absent = calendar.missing(resources.calendar(desk.settings), now.astimezone(desk.settings.zone()).date())
    rows = [
        (
            "🔔" if one.urgency == "emergency" else "",
            one.number,
            "" if one.urgency == "normal" else URGENCIES[one.urgency],
            LABELS[one.state],
            due.lamp(waits.get(one.id)),
            channel(one),
            age(one.created_at, now),
            one.text,
        )
        for one in shown
    ]

    def render() -> None:
        if danger:
            screen.out.file.write(BELL if screen.out.is_terminal else "")
            screen.say(f"有 {danger} 件特急,请先处理", "bold red")
        for year in absent:
            screen.say(f"缺 {year} 年的放假通知,到期日在该年的都是暂定:见 xinqiao calendar check", "bold red")
        screen.table(f"待处理 {len(queue)} 件", ("", "编号", "缓急", "状态", "沟通办", "渠道", "等待", "内容…"), rows)

    data = [data_of(desk, one) | due.data_of(None, waits.get(one.id)) for one in shown]
    screen.emit(as_json, {"waiting": len(queue), "emergencies": danger, "cases": data}, render)


@app.command("next", help="逐件受理:内容、建议、相近的件,一键决定。加 --json 只输出下一件和建议。")
def next_(ctx: typer.Context, as_json: Json = False) -> None:
    """The triage screen; keys come from the terminal, or from a pipe."""
    desk = open_desk(ctx.obj)
    desk.require("case.accept")
    book = Book.from_settings(desk.settings)
    file_all(desk, book)
    if as_json:
        with desk.database.read() as tx:
            queue = in_sight(desk, triage_desk.waiting(tx))
            data = advice_data(tx, desk, book, queue[0]) | {"waiting": len(queue)} if queue else None
        screen.emit(True, data, lambda: None)
        return
    with keys.keys() as source:
        session = Session(desk, book, source)
        done = session.run()
    middle = f",中位 {session.median():.1f} 秒" if done else ""
    screen.say(f"本次决定 {done} 件{middle}", "green")


@app.command(help="受理用时:每天几件、每件几秒(中位);只统计全办,不排个人。")
def times(
    ctx: typer.Context,
    on: Annotated[str, typer.Option("--day", help="某一天,例如 2026-11-24;不写为今天")] = "",
    month: Annotated[str, typer.Option("--month", help="某一个月,例如 2026-11")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="只看本人的")] = False,
    as_json: Json = False,
) -> None:
    """What the screen measured, from the histories."""
    desk = open_desk(ctx.obj)
    who = desk.require("queue.view")
    if on and month:
        raise Refused("--day 和 --month 只能写一个", "", USAGE)
    zone = desk.settings.zone()
    today = desk.now().astimezone(zone).date()
    if month:
        first = period.month(month, today)
        after = period.next_month(first)
    else:
        first = period.day(on) if on else today
        after = period.after(first)
    since, until = period.begins(first, zone), period.begins(after, zone)
    with desk.database.read() as tx:
        found = triage_pace.pace(tx, since, until, zone, who.name if mine else None)
    screen.emit(as_json, found, lambda: _print_pace(found))


def _print_pace(found: tuple[Pace, ...]) -> None:
    rows = [
        (
            one.on or "合计",
            one.cases,
            "-" if one.median is None else f"{one.median:.1f}",
            "-" if one.longest is None else f"{one.longest:.1f}",
            "、".join(f"{label(event)} {n}" for event, n in one.by_decision.items()),
        )
        for one in found
    ]
    screen.table("受理用时", ("日期", "#件数", "#中位(秒)", "#最长(秒)", "其中"), rows)


@app.command(help="热点:近4周比此前8周明显增多的地点和主题,附办件编号,供研究“一题一专项”。")
def hotspots(ctx: typer.Context, as_json: Json = False) -> None:
    """The steepest first."""
    desk = open_desk(ctx.obj)
    desk.require("queue.view")
    with desk.database.read() as tx:
        found = hot_spots(tx, resources.gazetteer(desk.settings), desk.now())
    rows = [(one.place, one.topic, one.lately, f"{one.usual:.1f}", "、".join(one.cases)) for one in found]
    columns = ("地点", "主题", "#近4周", "#此前每4周", "编号")
    screen.emit(as_json, found, lambda: screen.table(f"热点 {len(found)} 处", columns, rows))
