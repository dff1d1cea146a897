"""`xinqiao restore`: put a copy of the store back, so that nothing goes out twice."""

from contextlib import closing
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import typer

from gateway import backup, settings
from gateway.backup import Restored
from gateway.cli import screen
from gateway.cli.desk import Desk, open_desk, read_keys
from gateway.errors import USAGE, NotFound, Refused
from roster.vault import Vault

app = typer.Typer(add_completion=False)


@app.command(help="恢复备份。备份以后可能已发出的都转为“结果不明”,各条线路暂停发送,等人核对。")
def restore(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="xinqiao backup 做的备份文件")] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="数据库已用其他工具(如 pg_restore)放回,只做核对前的处理")
    ] = False,
) -> None:
    """The store of before is kept beside the new one."""
    if (file is None) is not in_place:
        raise Refused("请给出备份文件,或者 --in-place", "例如 xinqiao restore 备份.db", USAGE)
    if file is None:
        desk = open_desk(ctx.obj)
        _tell(_settle(desk, "--in-place"), desk.settings.zone())
        return
    loaded = settings.load(ctx.obj.folder)
    url = sa.make_url(loaded.store_url())
    if url.get_backend_name() != "sqlite":
        way_out = "pg_restore 到一个空的数据库,再运行 xinqiao restore --in-place"
        raise Refused("PostgreSQL 数据库请用它自己的工具恢复", way_out)
    if not file.is_file():
        raise NotFound(f"没有文件 {file}", "请检查文件名")
    store = Path(url.database or "")
    with closing(backup.stage(file, store, Vault(read_keys(loaded)))) as staged:
        try:
            desk = Desk(ctx.obj, loaded, staged)
            backup.refuse_while_running(store, round(desk.now().timestamp() * 1000))
            restored = _settle(desk, file.name, copied=True)
        except BaseException:
            backup.discard(store)
            raise
    aside = backup.exchange(store, desk.now().astimezone(loaded.zone()))
    _tell(restored, loaded.zone())
    if aside is not None:
        screen.say(f"原来的数据库保留为 {aside.name}:其中有备份以后的来信、退订和办件,可供查对")


def _settle(desk: Desk, what: str, copied: bool = False) -> Restored:
    who = desk.require("store.restore")
    with desk.database.write() as tx:
        if copied:
            backup.forget_daemon(tx)
        restored = backup.settle(tx, desk.settings.values.carriers, who.name, desk.now())
        desk.audit(tx, "store.restore", what, {"moment": restored.moment.isoformat(), "doubts": restored.doubts})
    return restored


def _tell(restored: Restored, zone: ZoneInfo) -> None:
    """What happened and what is to be done."""
    screen.say(f"已恢复到 {restored.moment.astimezone(zone):%Y-%m-%d %H:%M:%S} 的数据", "bold green")
    screen.say(f"  {restored.doubts} 条当时待发或在途,此后可能已发出:转为“结果不明”,不会自动重发")
    screen.say(f"  线路 {'、'.join(restored.carriers)} 已暂停发送;来信和回执照收")
    screen.say("请依次:")
    screen.say("  1. xinqiao fsck 检查数据库;xinqiao run 启动网关")
    screen.say("  2. 向运营商索取此后的收发清单,对照 xinqiao message doubts")
    screen.say("     清单中没有的,确需发送:xinqiao message retry 编号;已发出的等回执或保持“不明”")
    screen.say("  3. 此后的来信、退订、批准和办件不在库中,请按清单补录(退订务必先补)")
    screen.say("  4. xinqiao carrier release 线路名 恢复发送")
