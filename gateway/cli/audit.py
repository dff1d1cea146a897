"""`xinqiao audit`: who did what, and whether the record was touched."""

from typing import Annotated

import sqlalchemy as sa
import typer

from gateway import audit as chain
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.errors import REFUSED
from gateway.tables import audit as rows_kept

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


@app.command(help="验证操作记录未被改动;被改动则指出第一条,退出码为1。")
def verify(ctx: typer.Context, as_json: Json = False) -> None:
    """The whole chain."""
    desk = open_desk(ctx.obj)
    desk.require("audit.view")
    with desk.database.read() as tx:
        broken = chain.verify(tx, desk.keys.seal)
        count = tx.scalar(sa.select(sa.func.count()).select_from(rows_kept))

    def render() -> None:
        if broken is None:
            screen.say(f"{count} 条操作记录完整", "green")
        else:
            screen.say(f"第 {broken} 条操作记录与链不符:该条或之前的记录被改动或删除", "bold red")

    screen.emit(as_json, {"ok": broken is None, "rows": count, "first_broken": broken}, render)
    raise typer.Exit(0 if broken is None else REFUSED)


@app.command(help="查操作记录,最近的在前。")
def search(
    ctx: typer.Context,
    actor: Annotated[str | None, typer.Option(help="操作员")] = None,
    verb: Annotated[str | None, typer.Option(help="动作,例如 notice.approve")] = None,
    limit: Annotated[int, typer.Option(help="最多几条")] = 50,
    as_json: Json = False,
) -> None:
    """By who and what."""
    desk = open_desk(ctx.obj)
    desk.require("audit.view")
    query = sa.select(rows_kept).order_by(rows_kept.c.id.desc()).limit(limit)
    for column, value in ((rows_kept.c.actor, actor), (rows_kept.c.verb, verb)):
        if value is not None:
            query = query.where(column == value)
    with desk.database.read() as tx:
        found = [
            {"id": row.id, "at": row.at, "actor": row.actor, "verb": row.verb, "subject": row.subject, **row.detail}
            for row in tx.execute(query)
        ]
    zone = desk.settings.zone()
    lines = [(one["id"], screen.moment(one["at"], zone), one["actor"], one["verb"], one["subject"]) for one in found]
    screen.emit(as_json, found, lambda: screen.table("操作记录", ("#", "时间", "操作员", "动作", "对象"), lines))
