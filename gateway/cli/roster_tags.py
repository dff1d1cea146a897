"""`xinqiao roster tag`, `untag`, `tags`: which informants are monitors, and who speaks for which sector."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway import monitors, resources
from gateway.casebook import Desk as CaseDesk
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.cli.period import First, Last, period
from gateway.cli.whom import NOBODY, find, named
from gateway.errors import USAGE, Refused
from gateway.monitors import TAGS

app = typer.Typer(add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Tag = Annotated[str, typer.Argument(help="标签:" + "、".join(f"{name} {label}" for name, label in TAGS.items()))]
People = Annotated[list[str] | None, typer.Argument(help="信息员编号或手机号码,可多个")]
Listed = Annotated[Path | None, typer.Option("--file", help="每行一个编号或手机号码的文本文件")]


@app.command(help="给信息员加标签:monitor 监测员(每月报告),spokesperson 界别代言人。")
def tag(
    ctx: typer.Context,
    name: Tag,
    people: People = None,
    file: Listed = None,
    sector: Annotated[str, typer.Option(help="界别,如 教育界、农业界(代言人必写)")] = "",
    as_json: Json = False,
) -> None:
    """All or none."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    whom = _whom(_known(name), people, file)
    if (name == "spokesperson") != bool(sector.strip()):
        raise Refused("界别代言人要写界别,其他标签不写", "加上 --sector,例如 --sector 教育界", USAGE)
    with desk.database.write() as tx:
        found = [find(tx, desk, who).person_id for who in whom]
        for person_id in found:
            monitors.tag(tx, person_id, name, sector.strip(), actor, desk.now())
        desk.audit(tx, "roster.tag", name, {"people": found, "sector": sector.strip()})
    screen.emit(as_json, {"tagged": found}, lambda: screen.say(f"{TAGS[name]}:{len(found)} 人已加标签", "green"))


@app.command(help="去掉标签。")
def untag(ctx: typer.Context, name: Tag, people: People = None, file: Listed = None, as_json: Json = False) -> None:
    """All or none."""
    desk = open_desk(ctx.obj)
    desk.require("roster.edit")
    whom = _whom(_known(name), people, file)
    with desk.database.write() as tx:
        found = [find(tx, desk, who).person_id for who in whom]
        without = [person_id for person_id in found if not monitors.untag(tx, person_id, name)]
        if without:
            raise Refused(f"没有这个标签的:{'、'.join(map(str, without))}", f"xinqiao roster tags {name} 列出全部")
        desk.audit(tx, "roster.untag", name, {"people": found})
    screen.emit(as_json, {"untagged": found}, lambda: screen.say(f"{TAGS[name]}:{len(found)} 人已去掉标签", "green"))


@app.command(help="列出有标签的信息员。")
def tags(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="只列一种标签")] = "",
    as_json: Json = False,
) -> None:
    """Masked."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    with desk.database.read() as tx:
        found = monitors.tagged(tx, _known(name) if name else None)
        people = named(tx, desk, [one.person_id for one in found])
    shown = [(one, people.get(one.person_id, NOBODY)) for one in found]
    data = [asdict(one) | {"name": who[1], "phone": who[2]} for one, who in shown]
    zone = desk.settings.zone()
    rows = [
        (one.person_id, who[1], who[2], TAGS.get(one.tag, one.tag), one.sector, screen.moment(one.at, zone)[:10])
        for one, who in shown
    ]
    columns = ("#编号", "姓名", "号码", "标签", "界别", "起")
    screen.emit(as_json, data, lambda: screen.table(f"标签 {len(rows)} 人", columns, rows))


@app.command(help="各界别代言人反映的件:其中建议、已采用。只按界别统计,不按人。")
def sectors(ctx: typer.Context, first: First = "", last: Last = "", as_json: Json = False) -> None:
    """By the day of registration."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    book = CaseDesk.from_settings(desk.settings)
    today = book.today(desk.now())
    since, until = period(first, last, today.replace(month=1, day=1), today)
    with desk.database.read() as tx:
        found = monitors.sectors(tx, book, since, until, resources.evaluation(desk.settings).adopted)
    rows = [(one.sector, one.people, one.cases, one.suggestions, one.adopted) for one in found]
    columns = ("界别", "#代言人", "#件数", "#其中建议", "#已采用")
    screen.emit(as_json, found, lambda: screen.table(f"界别代言人 {since} 至 {until}", columns, rows))


def _known(name: str) -> str:
    if name not in TAGS:
        raise Refused(f"没有标签 {name}", f"可选:{'、'.join(TAGS)}", USAGE)
    return name


def _whom(name: str, people: list[str] | None, file: Path | None) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").split() if file else []
    except (OSError, UnicodeDecodeError) as wrong:
        raise Refused(f"读不了 {file}:{wrong}", "每行一个编号或手机号码,存为 UTF-8", USAGE) from None
    whom = [*(people or ()), *lines]
    if not whom:
        raise Refused(f"没有写谁是{TAGS[name]}", "写编号或手机号码,或用 --file", USAGE)
    return whom
