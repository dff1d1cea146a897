"""`xinqiao answers`: the ready answers to what is often asked, and what was asked most."""

from dataclasses import asdict
from typing import Annotated

import typer

from gateway import answers_desk, resources
from gateway.cli import period, screen
from gateway.cli.case_view import Json
from gateway.cli.desk import open_desk
from routing.answers import Answer

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list", help="列出知识库:编号、主题、标题、答复。")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """From `answers.toml`."""
    desk = open_desk(ctx.obj)
    desk.require("queue.view")
    found = resources.answers(desk.settings).all
    screen.emit(as_json, found, lambda: _print(f"知识库 {len(found)} 条", found))


@app.command(help="按一句话查找最合适的答复。")
def find(
    ctx: typer.Context,
    question: Annotated[str, typer.Argument(help="群众的问题,或几个词")],
    as_json: Json = False,
) -> None:
    """The best first."""
    desk = open_desk(ctx.obj)
    desk.require("queue.view")
    found = resources.answers(desk.settings).find(question)
    data = [asdict(one.answer) | {"score": one.score, "found": one.words} for one in found]
    screen.emit(as_json, data, lambda: _print(f"找到 {len(found)} 条", [one.answer for one in found]))


@app.command(help="一个月里咨询最多的主题:问了几次、当场答复几次、用了知识库的哪几条。")
def asked(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-11;不写为本月")] = "",
    as_json: Json = False,
) -> None:
    """By when the question came."""
    desk = open_desk(ctx.obj)
    desk.require("queue.view")
    zone = desk.settings.zone()
    first = period.month(month, desk.now().astimezone(zone).date())
    since, until = period.begins(first, zone), period.begins(period.next_month(first), zone)
    with desk.database.read() as tx:
        found = answers_desk.asked(tx, resources.answers(desk.settings), since, until)
    rows = [
        (
            one.topic,
            one.asked,
            screen.rate(one.at_once, one.asked),
            "、".join(f"{k} {n}" for k, n in one.answers.items()),
        )
        for one in found
    ]
    columns = ("主题", "#咨询", "当场答复", "所用答复")
    screen.emit(as_json, found, lambda: screen.table(f"{first:%Y-%m} 咨询最多的主题", columns, rows))


def _print(title: str, found: tuple[Answer, ...] | list[Answer]) -> None:
    rows = [(one.no, one.topic, one.title, one.reply) for one in found]
    screen.table(title, ("#编号", "主题", "标题", "答复"), rows)
