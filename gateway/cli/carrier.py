"""`xinqiao carrier`: how the links stand; hold and release what is sent over them."""

from typing import Annotated

import typer

from gateway import carrier_desk, lease
from gateway.cli import screen
from gateway.cli.desk import Desk, open_desk
from gateway.errors import NotFound, Refused

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Name = Annotated[str, typer.Argument(help="线路名称,如 mobile")]

STATES = {
    "stopped": "网关未运行",
    "down": "断开",
    "connecting": "连接中",
    "binding": "登录中",
    "bound": "已登录",
    "resting": "待命(有短信时登录)",
    "refused": "登录被拒",
    "draining": "收尾中",
}


@app.command(help="各条线路的状态、等待发送的条数、结果不明的条数。")
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """What the daemon last reported, beside what waits in the store."""
    desk = open_desk(ctx.obj)
    desk.require("carrier.view")
    with desk.database.read() as tx:
        runs = lease.holder(tx, round(desk.now().timestamp() * 1000))
        views = carrier_desk.view(tx, list(desk.settings.values.carriers), runs is not None)
    zone = desk.settings.zone()
    rows = [
        (
            one.carrier,
            desk.settings.values.carriers[one.carrier].label,
            STATES.get(one.link_state, one.link_state),
            screen.moment(one.link_since, zone),
            f"{one.held_by}:{one.held_reason}" if one.held_at else "",
            one.waiting,
            one.uncertain,
            one.link_detail,
        )
        for one in views
    ]
    columns = ("线路", "名称", "状态", "自", "暂停", "#待发", "#不明", "说明")
    title = f"线路(网关:{runs or '未运行'})"
    screen.emit(as_json, {"daemon": runs, "carriers": views}, lambda: screen.table(title, columns, rows))


@app.command(help="暂停一条线路的发送;正在发送的会完成,来信照收。")
def hold(ctx: typer.Context, name: Name, reason: Annotated[str, typer.Option(help="原因")] = "人工暂停") -> None:
    """Nothing more is submitted from the next claim on."""
    desk = _desk(ctx, name)
    with desk.database.write() as tx:
        carrier_desk.hold(tx, name, desk.operator.name, reason, desk.now())
        desk.audit(tx, "carrier.hold", name, {"reason": reason})
    screen.say(f"{name} 已暂停发送", "yellow")


@app.command(help="恢复一条线路的发送;登录被拒的线路会立即重试。")
def release(ctx: typer.Context, name: Name) -> None:
    """Send again."""
    desk = _desk(ctx, name)
    with desk.database.write() as tx:
        if not carrier_desk.release(tx, name, desk.now()):
            raise Refused(f"{name} 没有被暂停,登录也没有被拒", "xinqiao carrier status 查看状态")
        desk.audit(tx, "carrier.release", name)
    screen.say(f"{name} 已恢复发送", "green")


def _desk(ctx: typer.Context, name: str) -> Desk:
    desk = open_desk(ctx.obj)
    desk.require("carrier.hold")
    if name not in desk.settings.values.carriers:
        raise NotFound(f"没有名为 {name} 的线路", f"可选:{'、'.join(desk.settings.values.carriers)}")
    return desk
