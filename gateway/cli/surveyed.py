"""`xinqiao case surveyed`: was everybody asked to rate their reply (应评、已邀请、已评)?"""

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from gateway import survey_account
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.cli.period import after, begins, period
from gateway.survey_account import Account
from routing.rates import Rate


def register(app: typer.Typer) -> None:
    """Add the command to `xinqiao case`."""

    @app.command(help="应评、已邀请、已评:一段时间的答复,谁没有被邀请评价,为什么。")
    def surveyed(
        ctx: typer.Context,
        first: Annotated[str, typer.Option("--from", help="从哪天起,例如 2026-11-01;不写为本月1日")] = "",
        last: Annotated[str, typer.Option("--to", help="到哪天为止(含);不写为今天")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    ) -> None:
        """By the day of the answer."""
        desk = open_desk(ctx.obj)
        desk.require("case.watch")
        zone = desk.settings.zone()
        today = desk.now().astimezone(zone).date()
        since, until = period(first, last, today.replace(day=1), today)
        with desk.database.read() as tx:
            found = survey_account.account(tx, begins(since, zone), begins(after(until), zone))
        screen.emit(as_json, asdict(found) | {"due": found.due}, lambda: _print(found, since, until))


def _print(found: Account, since: date, until: date) -> None:
    asked = Rate(len(found.asked), len(found.due), "应评")
    rows = [
        ("答复", f"{len(found.answered)} 次", ""),
        *((f"不需评价:{why}", f"{len(numbers)} 次", "、".join(numbers)) for why, numbers in found.exempt.items()),
        ("应评", f"{len(found.due)} 次", ""),
        ("已邀请 / 应评", f"{asked}", ""),
        (survey_account.QUEUED, f"{len(found.queued)} 次", "、".join(found.queued)),
        (survey_account.FORGOTTEN, f"{len(found.forgotten)} 次", "、".join(found.forgotten)),
        ("已评 / 已邀请", f"{Rate(len(found.rated), len(found.asked), '已邀请')}", ""),
    ]
    screen.table(f"应评、已评({since} 至 {until})", ("项目", "数", "编号"), rows)
