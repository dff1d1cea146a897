"""`xinqiao fsck`: is the store whole?"""

from typing import Annotated

import typer

from gateway import fsck as checks
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.errors import REFUSED

app = typer.Typer(add_completion=False)


@app.command(help="检查数据库是否满足全部约定;网关运行时也可执行。有问题则退出码为1。")
def fsck(ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False) -> None:
    """Every invariant, and the rows that break one."""
    desk = open_desk(ctx.obj)
    desk.require("store.check")
    with desk.database.read() as tx:
        offences = list(checks.check(tx, desk.keys.seal, round(desk.now().timestamp() * 1000)))
    held = [one.name for one in checks.INVARIANTS]
    rows = [(one.invariant, one.claim, one.row, one.detail) for one in offences]

    def render() -> None:
        if rows:
            screen.table("不符合约定的记录", ("约定", "内容", "记录", "详情"), rows)
        else:
            screen.say(f"数据库完好:{len(held)}项约定全部成立", "green")

    screen.emit(as_json, {"ok": not offences, "checked": held, "offences": offences}, render)
    raise typer.Exit(REFUSED if offences else 0)
