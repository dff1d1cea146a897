"""`xinqiao run`: the daemon."""

import typer

from gateway import logs
from gateway.cli.desk import open_desk

app = typer.Typer(add_completion=False)


@app.command(help="运行网关,直到收到 SIGTERM 或 Ctrl-C。")
def run(ctx: typer.Context) -> None:
    """Everything it logs goes where the settings say."""
    desk = open_desk(ctx.obj)
    desk.require("daemon.run")
    values = desk.settings.values.logs
    logs.start(values.level, values.format, desk.settings.path(values.file) if values.file else None)
    from gateway import daemon

    raise typer.Exit(daemon.run(desk.settings, desk.database, desk.vault))
