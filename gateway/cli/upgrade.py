"""`xinqiao upgrade`: bring the store's schema to this version's."""

import typer

from gateway import settings
from gateway.cli import screen
from gateway.database import Database

app = typer.Typer(add_completion=False)


@app.command(help="升级数据库结构到当前版本;请先备份。")
def upgrade(ctx: typer.Context) -> None:
    """Alembic to the head."""
    Database(settings.load(ctx.obj.folder).store_url()).upgrade()
    screen.say("数据库结构已是当前版本", "green")
