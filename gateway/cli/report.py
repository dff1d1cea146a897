"""`xinqiao report`: the papers that the office publishes and sends up, of now or as known on a past day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway import (
    bulletin,
    published,
    report_signing,
    resources,
    roster_files,
    summary,
    supervision_records,
    yearly,
)
from gateway.casebook import Desk as CaseDesk
from gateway.cli import period, screen
from gateway.cli.case_board import AsOf, moment
from gateway.cli.case_view import Json
from gateway.cli.desk import Desk, open_desk
from gateway.cli.paper_view import ExcelFile, WordFile, give
from gateway.errors import REFUSED, USAGE, NotFound, Refused
from gateway.notices import topics
from gateway.papers import Table, plain
from gateway.papers.paper import shown
from gateway.report_facts import Facts, before_ranks, first_day, gather, last_day, months_earlier
from gateway.yearly import Signed
from roster import membership
from roster import store as roster_store

app = typer.Typer(no_args_is_help=True, add_completion=False)
MonthOf = Annotated[str, typer.Option("--month", help="月份,例如 2026-10;不写为本月")]
YearOf = Annotated[int | None, typer.Option("--year", help="年份;不写为今年")]


@app.callback(help="通报、参阅、考评:每个数字都可以追到清单;--as-of 看过去某一天所知的情况。")
def report() -> None:
    """The papers."""


@app.command(help="月通报:各单位办理、按期率、满意度、名次,逾期办结、逾期未办、挂账、采用、感谢、再次反映。")
def monthly(
    ctx: typer.Context,
    month: MonthOf = "",
    as_of: AsOf = "",
    checks: Annotated[bool, typer.Option("--checks", help="改看核查线索(仅督查室和主任)")] = False,
    word: WordFile = None,
    excel: ExcelFile = None,
    as_json: Json = False,
) -> None:
    """With --checks not the bulletin but the signs that figures were made to look better."""
    desk = open_desk(ctx.obj)
    desk.require("report.checks" if checks else "report.view")
    name, facts = _of_month(desk, month, as_of)
    if not checks:
        give(bulletin.monthly(facts, name), as_json, word, excel)
        return
    with desk.database.read() as tx:
        staff = bulletin.staff_of(tx, desk.vault, facts.desk.departments)
    give(bulletin.checks(facts, name, staff), as_json, word, excel)


@app.command("summary", help="领导参阅:一个月的收集、办理、答复、满意,按渠道、类别、主题、乡镇、来信人类别。")
def for_leaders(
    ctx: typer.Context,
    month: MonthOf = "",
    as_of: AsOf = "",
    word: WordFile = None,
    excel: ExcelFile = None,
    as_json: Json = False,
) -> None:
    """Groups, never persons."""
    desk = open_desk(ctx.obj)
    desk.require("report.view")
    name, facts = _of_month(desk, month, as_of)
    with desk.database.read() as tx:
        changes = roster_store.changes(tx, desk.settings.zone())
    people = membership.standing(changes, min(last_day(name), facts.today))
    give(summary.monthly(facts, name, people), as_json, word, excel)


@app.command("yearly", help="五个一:年度考评和排名、各月通报、督办、专项,附采用的建议和通知;只对单位排名。")
def of_year(
    ctx: typer.Context,
    year: YearOf = None,
    as_of: AsOf = "",
    word: WordFile = None,
    excel: ExcelFile = None,
    as_json: Json = False,
) -> None:
    """Weights and points off stand in evaluation.toml."""
    desk = open_desk(ctx.obj)
    desk.require("report.view")
    now = moment(desk, as_of)
    today = now.astimezone(desk.settings.zone()).date()
    chosen = year or today.year
    if chosen > today.year:
        raise Refused(f"{chosen} 年还没有到", "写今年或过去的年份", USAGE)
    facts = _facts(desk, yearly.reaches_back(chosen, resources.supervision(desk.settings)), now)
    begins, ends = (period.begins(date(at, 1, 1), desk.settings.zone()) for at in (chosen, chosen + 1))
    with desk.database.read() as tx:
        signed = report_signing.signed(tx, now)
        sent = [yearly.Sent(*one) for one in topics.sent(tx, begins, min(ends, now))]
        records = supervision_records.records(tx, year=chosen, zone=desk.settings.zone())
    give(yearly.sheet(facts, chosen, signed, sent, records), as_json, word, excel)


@app.command("published", help="公开用的办理结果:隐去个人信息,不含保密件和举报件。")
def for_everybody(
    ctx: typer.Context,
    month: MonthOf = "",
    as_of: AsOf = "",
    csv: Annotated[Path | None, typer.Option("--csv", help="另存为 CSV 文件")] = None,
    excel: ExcelFile = None,
    as_json: Json = False,
) -> None:
    """Closed cases of a month; who wrote is nowhere in it."""
    desk = open_desk(ctx.obj)
    desk.require("report.publish")
    if csv is not None and csv.suffix.lower() != ".csv":
        raise Refused(f"{csv} 不是 .csv 文件", "文件名以 .csv 结尾", USAGE)
    name, facts = _of_month(desk, month, as_of)
    chosen = published.choose(facts, name)
    with desk.database.write() as tx:
        paper = published.paper(tx, desk.vault, facts, name, chosen)
        desk.audit(tx, "report.publish", name, {"cases": len(chosen)})
    if csv is not None:
        _save_csv(csv, paper.tables)
    give(paper, as_json, None, excel)


def _save_csv(file: Path, tables: Iterable[Table]) -> None:
    [table] = tables
    try:
        roster_files.write_table(
            file, table.title, table.columns, ([shown(cell) for cell in row] for row in table.rows)
        )
    except OSError as trouble:
        raise Refused(f"写不了 {file}:{trouble.strerror}", "请换一个文件名或目录", USAGE) from trouble


# ------------------------------------------------------------------------------------------------------------ signing


@app.command(help="主任签发月通报:按某一天所知的情况定稿,内容指纹记入操作记录。")
def sign(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-10")],
    as_of: Annotated[str, typer.Option("--as-of", help="按哪一天结束时的情况;不写为昨天")] = "",
    again: Annotated[str, typer.Option("--again", help="重新签发的理由(已签发过的月份)")] = "",
    word: WordFile = None,
    excel: ExcelFile = None,
    as_json: Json = False,
) -> None:
    """Always as of a day that is over, so that the paper can be made again for ever."""
    desk = open_desk(ctx.obj)
    desk.require("report.sign")
    today = desk.now().astimezone(desk.settings.zone()).date()
    on = period.day(as_of) if as_of else today - timedelta(1)
    if on >= today:
        raise Refused(f"{on} 还没有过完", "按已经过完的一天签发,例如昨天", USAGE)
    if on < period.next_month(period.month(month, today)) - timedelta(1):
        raise Refused(f"{month} 到 {on} 还没有过完", "月底以后再签发", USAGE)
    name, facts = _of_month(desk, month, f"{on}")
    paper = bulletin.monthly(facts, name)
    mark = plain.fingerprint(paper)
    with desk.database.write() as tx:
        before = report_signing.latest(report_signing.signed(tx, desk.now()), name)
        if before is not None and not again.strip():
            raise Refused(f"{name} 的通报已由 {before.by} 签发", "确需重新签发,用 --again 写明理由")
        desk.audit(tx, report_signing.VERB, name, report_signing.detail(on, mark, again.strip()))
    give(paper, as_json, word, excel)
    if not as_json:
        screen.say(f"已签发 {name} 月通报,内容指纹 {mark}", "green")


@app.command(help="列出签发过的月通报。")
def signed(ctx: typer.Context, as_json: Json = False) -> None:
    """From the audit."""
    desk = open_desk(ctx.obj)
    desk.require("report.view")
    with desk.database.read() as tx:
        found = report_signing.signed(tx, desk.now())
    zone = desk.settings.zone()
    rows = [(one.month, one.by, screen.moment(one.at, zone), one.as_of, one.fingerprint) for one in found]
    columns = ("月份", "签发人", "签发时间", "情况截至", "内容指纹")
    screen.emit(as_json, found, lambda: screen.table(f"已签发 {len(found)} 次", columns, rows))


@app.command(help="核对签发过的月通报:按签发时所知的情况重新算出,与签发的内容指纹比较;不一致的退出码为1。")
def verify(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-10")],
    as_json: Json = False,
) -> None:
    """The same paper, made again."""
    desk = open_desk(ctx.obj)
    desk.require("report.view")
    with desk.database.read() as tx:
        one = report_signing.latest(report_signing.signed(tx, desk.now()), month)
    if one is None:
        raise NotFound(f"{month} 的通报没有签发过", "xinqiao report signed 列出签发过的")
    made = _made_again(desk, one)
    same = made == one.fingerprint
    words = f"{month} 与签发的内容一致" if same else f"{month} 与签发的内容不一致:签发 {one.fingerprint},现在 {made}"
    data = {"month": month, "as_of": one.as_of, "same": same, "signed": one.fingerprint, "made": made}
    screen.emit(as_json, data, lambda: screen.say(words, "green" if same else "bold red"))
    if not same:
        raise typer.Exit(REFUSED)


def _made_again(desk: Desk, one: Signed) -> str:
    name, facts = _of_month(desk, one.month, f"{one.as_of}")
    return plain.fingerprint(bulletin.monthly(facts, name))


# ------------------------------------------------------------------------------------------------------------- reading


def _of_month(desk: Desk, month: str, as_of: str) -> tuple[str, Facts]:
    """The month, and what its papers are made from. Raises `Refused` for one that has not come."""
    now = moment(desk, as_of)
    last = now.astimezone(desk.settings.zone()).date()
    name = f"{period.month(month, last)}"[:7]
    if name > f"{last}"[:7]:
        raise Refused(f"{name} 还没有到", "写本月或过去的月份", USAGE)
    earlier = before_ranks(resources.supervision(desk.settings))
    return name, _facts(desk, first_day(months_earlier(name, earlier)), now)


def _facts(desk: Desk, first: date, now: datetime) -> Facts:
    """Everything that concerns the time since a day."""
    book, rules = CaseDesk.from_settings(desk.settings), resources.evaluation(desk.settings)
    with desk.database.read() as tx:
        return gather(tx, book, rules, desk.settings.values.county, first, now)
