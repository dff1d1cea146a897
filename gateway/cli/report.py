"""`xinqiao report`: the papers that the office publishes and sends up, of now or as known on a past day."""

from typing import Annotated

import typer

from gateway import bulletin, resources
from gateway.casebook import Desk as CaseDesk
from gateway.cli.case_board import AsOf, moment
from gateway.cli.case_view import Json
from gateway.cli.desk import Desk, open_desk
from gateway.cli.paper_view import ExcelFile, WordFile, give
from gateway.cli.period import day
from gateway.errors import USAGE, Refused
from gateway.report_facts import Facts, first_day, gather, months_earlier

app = typer.Typer(no_args_is_help=True, add_completion=False)
MonthOf = Annotated[str, typer.Option("--month", help="月份,例如 2026-10;不写为本月")]


@app.callback(help="通报、参阅、考评:每个数字都可以追到清单;--as-of 看过去某一天所知的情况。")
def report() -> None:
    """A group."""


@app.command(help="月通报:各单位办理、按期率、满意度、名次,逾期办结、逾期未办、挂账、采用、感谢、再次反映。")
def monthly(
    ctx: typer.Context,
    month: MonthOf = "",
    as_of: AsOf = "",
    checks: Annotated[bool, typer.Option("--checks", help="另看核查线索(仅督查室和主任)")] = False,
    word: WordFile = None,
    excel: ExcelFile = None,
    as_json: Json = False,
) -> None:
    """With --checks not the bulletin but the signs that figures were made to look better."""
    desk = open_desk(ctx.obj)
    desk.require("report.checks" if checks else "report.view")
    name, facts = facts_of_month(desk, month, as_of)
    give(bulletin.checks(facts, name) if checks else bulletin.monthly(facts, name), as_json, word, excel)


def facts_of_month(desk: Desk, month: str, as_of: str) -> tuple[str, Facts]:
    """The month, and what its papers are made from. Raises `Refused` for one that has not come."""
    now = moment(desk, as_of)
    last = now.astimezone(desk.settings.zone()).date()
    name = f"{day(f'{month}-01')}"[:7] if month else f"{last}"[:7]
    if name > f"{last}"[:7]:
        raise Refused(f"{name} 还没有到", "写本月或过去的月份", USAGE)
    book = CaseDesk.from_settings(desk.settings)
    first = first_day(months_earlier(name, max(1, book.ladder.summon_months - 1)))
    with desk.database.read() as tx:
        rules = resources.evaluation(desk.settings)
        return name, gather(tx, book, rules, desk.settings.values.county, first, now)
