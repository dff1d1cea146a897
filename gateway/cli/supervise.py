"""`xinqiao supervise`: what a month calls for: warnings by votes, units to summon, problems that came back."""

from typing import Annotated

import typer

from gateway import supervision_desk
from gateway.cli import screen
from gateway.cli.case_board import AsOf, moment, seen_at
from gateway.cli.case_view import Json
from gateway.cli.desk import open_desk
from gateway.cli.period import day
from gateway.errors import USAGE, Refused
from gateway.supervision_desk import Month

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback(help="督办:预警、约谈、同一问题。一件的督办见 xinqiao case supervise。")
def supervise() -> None:
    """A group, though it has one command so far."""


@app.command(help="一个月的预警(不满意票)、按期答复率和末位、约谈名单、同一问题再次反映。")
def warnings(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-11;不写为本月")] = "",
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Each level once in a month and once in a year; a month that is not over as far as it has come."""
    desk = open_desk(ctx.obj)
    last = moment(desk, as_of).astimezone(desk.settings.zone()).date()
    name = f"{day(f'{month}-01')}"[:7] if month else f"{last}"[:7]
    if name > f"{last}"[:7]:
        raise Refused(f"{name} 还没有到", "写本月或过去的月份", USAGE)
    book, seen, now = seen_at(desk, as_of)
    found = supervision_desk.month(book, seen, name, now)
    screen.emit(as_json, found, lambda: _print(found, book.ladder.summon_months))


def _print(found: Month, months: int) -> None:
    warned = [(one.unit, one.level.level, one.level.measure, one.period, one.votes, one.on) for one in found.warned]
    screen.table(f"{found.month} 预警", ("单位", "级别", "措施", "期间", "#票数", "达到之日"), warned)
    votes = [(one.unit, screen.rate(one.dissatisfied, one.rated), one.year) for one in found.votes]
    screen.table("不满意票", ("单位", "当月不满意率", "#当年票数"), votes)
    rates = [
        (one.unit, screen.rate(one.numerator, one.denominator), "末位" if one.unit in found.bottom else "")
        for one in found.standings
    ]
    screen.table("按期答复率(当月到期的件)", ("单位", "按期答复率", ""), rates)
    whom = "、".join(found.summoned) or "无"
    screen.say(f"约谈名单(连续{months}个月末位):{whom}", "bold red" if found.summoned else "")
    repeats = [(one.problem, one.times, "、".join(one.cases), one.case) for one in found.repeats]
    screen.table("同一问题再次反映", ("问题", "#次数", "编号", "本次"), repeats)
