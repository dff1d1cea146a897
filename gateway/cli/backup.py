"""`xinqiao backup`: a whole copy of the store."""

from pathlib import Path
from typing import Annotated

import typer

from gateway import backup as copies
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.errors import Refused

app = typer.Typer(add_completion=False)


@app.command(help="备份数据库到一个文件;网关运行时也可执行。不含密钥,密钥请另行保存。")
def backup(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="备份文件,必须还不存在")]) -> None:
    """On record before it is made, so that the copy holds the record."""
    desk = open_desk(ctx.obj)
    desk.require("store.backup")
    if desk.database.engine.dialect.name != "sqlite":
        raise Refused("PostgreSQL 数据库请用它自己的工具备份", "pg_dump -Fc 数据库名 > 备份文件")
    with desk.database.write() as tx:
        desk.audit(tx, "store.backup", file.name)
    octets = copies.copy(desk.database, file)
    screen.say(f"已备份到 {file}({octets / 1e6:.1f} MB)", "green")
    screen.say("密钥(keys 目录)不在其中,请与备份分开保存;恢复用 xinqiao restore")
