"""`xinqiao digest`: the weekly digest (信息摘报), from the draft by rule to the signed issue."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import digest_content, digest_desk, digest_issues, digest_paper, resources
from gateway.casebook import Desk as CaseDesk
from gateway.cli import paper_view, screen
from gateway.cli.case_view import Json
from gateway.cli.desk import Desk, open_desk
from gateway.cli.period import day
from gateway.digest_issues import Issue
from gateway.errors import USAGE, Refused

app = typer.Typer(no_args_is_help=True, add_completion=False)
Name = Annotated[str, typer.Argument(help="期号:3,往年的写成 2026-3")]
Position = Annotated[int, typer.Argument(help="第几条")]
Title = Annotated[str, typer.Option(help="标题")]
Words = Annotated[str, typer.Option("--text", help="内容")]


@app.command(help="起草一期:按规则从一周来件中选 3 至 6 条,并说明各条为什么入选。")
def draft(
    ctx: typer.Context,
    week: Annotated[str, typer.Option("--week", help="这一天所在的一周(周一至周日);不写为本周")] = "",
    first: Annotated[str, typer.Option("--from", help="从哪天起,代替 --week;每周出两期时用")] = "",
    last: Annotated[str, typer.Option("--to", help="到哪天为止(含)")] = "",
    as_json: Json = False,
) -> None:
    """Cases that an earlier issue told are not picked again."""
    desk = open_desk(ctx.obj)
    actor = desk.require("digest.draft").name
    book = CaseDesk.from_settings(desk.settings)
    since, until = _days(week, first, last, book.today(desk.now()))
    rules = resources.digest(desk.settings)
    with desk.database.write() as tx:
        issue = digest_desk.draft(tx, book, desk.vault, rules, since, until, actor, desk.now())
        desk.audit(tx, "digest.draft", f"digest {issue.name}")
        content = digest_content.content(tx, book, rules, desk.settings.values.county, issue, desk.now())
    _give(content, as_json)


@app.command("list", help="各期:期号、起止、条数、谁起草、谁签发。")
def list_(
    ctx: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help="只看一年")] = None,
    as_json: Json = False,
) -> None:
    """Oldest first."""
    desk = open_desk(ctx.obj)
    desk.require("digest.view")
    with desk.database.read() as tx:
        found = digest_issues.listed(tx, year)
    zone = desk.settings.zone()
    rows = [
        (
            *(one.name, f"{one.first} 至 {one.last}", count, one.drafted_by, one.signed_by or "(未签发)"),
            screen.moment(one.signed_at, zone),
        )
        for one, count in found
    ]
    data = [
        {"name": one.name, "first": one.first, "last": one.last, "items": count, "signed_by": one.signed_by}
        for one, count in found
    ]
    columns = ("期", "起止", "#条数", "起草", "签发", "签发时间")
    screen.emit(as_json, data, lambda: screen.table(f"信息摘报 {len(found)} 期", columns, rows))


@app.command(help="看一期:条目和入选理由、热点、红灯、批示栏。已签发的照签发时的样子。")
def show(ctx: typer.Context, name: Name, word: paper_view.WordFile = None, as_json: Json = False) -> None:
    """A draft as of now."""
    desk = open_desk(ctx.obj)
    desk.require("digest.view")
    _give(_content(desk, name), as_json, word)


def _give(content: Mapping[str, Any], as_json: bool, word: Path | None = None) -> None:
    """For programs the content as it is kept, for people the paper."""
    if as_json:
        screen.emit(True, content, lambda: None)
    else:
        paper_view.give(digest_paper.paper(content), False, word)


@app.command(help="选入一条:写明办件编号,或另写标题和内容。")
def add(
    ctx: typer.Context,
    name: Name,
    numbers: Annotated[list[str] | None, typer.Argument(help="受理编号,可多件")] = None,
    title: Title = "",
    words: Words = "",
) -> None:
    """Behind the others."""
    desk = open_desk(ctx.obj)
    actor = desk.require("digest.draft").name
    with desk.database.write() as tx:
        item = digest_desk.add(tx, desk.vault, name, numbers or (), title, words, actor)
        desk.audit(tx, "digest.add", f"digest {name}", {"cases": list(item.cases)})
    screen.say(f"已选入,第 {item.position} 条:{item.title}", "green")


@app.command(help="去掉一条。")
def remove(ctx: typer.Context, name: Name, position: Position) -> None:
    """Those behind it move up."""
    desk = open_desk(ctx.obj)
    desk.require("digest.draft")
    with desk.database.write() as tx:
        digest_desk.remove(tx, name, position)
        desk.audit(tx, "digest.remove", f"digest {name}", {"position": position})
    screen.say(f"已去掉第 {position} 条", "green")


@app.command(help="调整次序。")
def move(
    ctx: typer.Context, name: Name, position: Position, to: Annotated[int, typer.Option("--to", help="移到第几条")]
) -> None:
    """The others make room."""
    desk = open_desk(ctx.obj)
    desk.require("digest.draft")
    with desk.database.write() as tx:
        digest_desk.move(tx, name, position, to)
        desk.audit(tx, "digest.move", f"digest {name}", {"position": position, "to": to})
    screen.say(f"第 {position} 条已移到第 {to} 条", "green")


@app.command(help="改写一条的标题或内容;号码、姓名会自动隐去。")
def edit(ctx: typer.Context, name: Name, position: Position, title: Title = "", words: Words = "") -> None:
    """Only while the issue is a draft."""
    desk = open_desk(ctx.obj)
    desk.require("digest.draft")
    with desk.database.write() as tx:
        item = digest_desk.edit(tx, desk.vault, name, position, title, words)
        desk.audit(tx, "digest.edit", f"digest {name}", {"position": position})
    screen.say(f"第 {position} 条:{item.title}。{item.words}", "green")


@app.command(help="签发(沟通办主任,不能是起草人)。签发后不再改动。")
def sign(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Frozen, its fingerprint in the audit."""
    desk = open_desk(ctx.obj)
    actor = desk.require("digest.sign").name
    book, rules, county = (
        CaseDesk.from_settings(desk.settings),
        resources.digest(desk.settings),
        desk.settings.values.county,
    )
    with desk.database.write() as tx:
        issue, fingerprint = digest_desk.sign(tx, book, rules, county, name, actor, desk.now())
        desk.audit(tx, "digest.sign", f"digest {issue.name}", {"sha256": fingerprint})
    data = {"name": issue.name, "signed_by": actor, "sha256": fingerprint}
    said = f"第 {issue.name} 期已签发,内容指纹 {fingerprint[:16]}"
    screen.emit(as_json, data, lambda: screen.say(said, "green"))


@app.command(help="撤销还没有签发的一期;期号留给下一期。")
def drop(ctx: typer.Context, name: Name) -> None:
    """A draft only."""
    desk = open_desk(ctx.obj)
    desk.require("digest.draft")
    with desk.database.write() as tx:
        digest_desk.drop(tx, name)
        desk.audit(tx, "digest.drop", f"digest {name}")
    screen.say(f"第 {name} 期草稿已撤销", "green")


def _days(week: str, first: str, last: str, today: date) -> tuple[date, date]:
    """The days of an issue: a week from Monday on, no further than today; or those that are given."""
    if first or last:
        if week or not (first and last):
            raise Refused("起止日期要写全", "--from 和 --to 一起写,不与 --week 同用", USAGE)
        since, until = day(first), day(last)
    else:
        on = day(week) if week else today
        since = on - timedelta(days=on.weekday())
        until = min(since + timedelta(days=6), today)
    if since > until or until > today:
        raise Refused(f"{since} 至 {until} 不能成期", "写今天以前的日期,早的在前", USAGE)
    return since, until


def _content(desk: Desk, name: str) -> dict[str, Any]:
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.read() as tx:
        issue: Issue = digest_issues.issue_of(tx, name, book.today(desk.now()).year)
        rules = resources.digest(desk.settings)
        return digest_content.content(tx, book, rules, desk.settings.values.county, issue, desk.now())
