"""`xinqiao roster participation` and `inactive`: who takes part, and who was neither heard nor reached for long."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from gateway import participation as parts
from gateway import resources
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.cli.period import First, Last, after, begins, begins_ms, months_before, period
from gateway.cli.whom import NOBODY, named, place_in
from gateway.errors import USAGE, Refused
from gateway.participation import Counts, Group
from roster import membership, store

app = typer.Typer(add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
SHOWN = {
    "person_id": "#编号",
    "name": "姓名",
    "phone": "号码",
    "township": "乡镇",
    "category": "类别",
    "texts": "#来信",
    "cases": "#立件",
    "ratings": "#评价",
    "polls": "#投票",
    "delivered": "#送达",
    "notices": "#应发",
    "last_text": "最近来信",
}
YEAR = 12  # months that participation looks back when nothing else is said


@app.command(help="参与情况:来信、立件、评价、投票、通知送达,按类别和乡镇;--people 逐人列出。只计数,不评分,不排名。")
def participation(
    ctx: typer.Context,
    first: First = "",
    last: Last = "",
    people: Annotated[bool, typer.Option("--people", help="逐人列出(掩码),按乡镇和姓名排列")] = False,
    category: Annotated[str | None, typer.Option(help="只列这个类别的人")] = None,
    township: Annotated[str | None, typer.Option(help="只列这个乡镇的人")] = None,
    as_json: Json = False,
) -> None:
    """Of those who were on the roster at the end of the period; the last twelve months when nothing else is said."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    lists, zone = resources.lists(desk.settings), desk.settings.zone()
    for written, known, label in ((category, lists.categories, "类别"), (township, lists.townships, "乡镇")):
        if written is not None and written not in known:
            raise Refused(f"没有“{written}”这个{label}", "xinqiao roster categories、townships 列出全部", USAGE)
    today = desk.now().astimezone(zone).date()
    since, until = period(first, last, months_before(today, YEAR), today)
    with desk.database.read() as tx:
        here = membership.standing(store.changes(tx, zone), until)
        here = {
            person: one
            for person, one in here.items()
            if (category is None or one.category == lists.categories[category])
            and (township is None or one.township == lists.townships[township])
        }
        counted = parts.counts(tx, begins_ms(since, zone), begins_ms(after(until), zone))
        who = named(tx, desk, here) if people else {}
    categories = dict.fromkeys(lists.categories.values())
    by_category = parts.grouped(here, counted, lambda one: one.category, categories)
    by_township = parts.grouped(here, counted, lambda one: one.township, lists.villages)
    place = place_in(lists.villages)
    order = sorted(who, key=lambda person: (place(here[person].township), who[person][0], person))
    rows = [
        {
            "person_id": person,
            "name": who[person][1],
            "phone": who[person][2],
            "township": here[person].township,
            "category": here[person].category,
            **asdict(counted.get(person, Counts())),
        }
        for person in order
    ]
    for row in rows:
        row["last_text"] = screen.moment(row.pop("last_text_ms"), zone)[:10]
    data: dict[str, Any] = {
        "from": since,
        "to": until,
        "category": [asdict(one) for one in by_category],
        "township": [asdict(one) for one in by_township],
    }
    if people:
        data["people"] = rows

    def render() -> None:
        for groups, label in ((by_category, "类别"), (by_township, "乡镇")):
            columns = (label, "#来信人数/在册", "#来信", "#立件", "#评价", "#投票", "#通知送达/应发")
            lines = [_line(one) for one in groups]
            screen.table(f"参与情况 {since} 至 {until},按{label}", columns, [*lines, _line(_total(groups))])
        if people:
            screen.table(f"逐人 {len(rows)} 人", tuple(SHOWN.values()), [[row[key] for key in SHOWN] for row in rows])

    screen.emit(as_json, data, render)


def _line(one: Group) -> tuple[object, ...]:
    return (
        one.name,
        screen.rate(one.wrote, one.people),
        one.texts,
        one.cases,
        one.ratings,
        one.polls,
        screen.rate(one.delivered, one.notices),
    )


def _total(groups: list[Group]) -> Group:
    fields = [field for field in Group.__dataclass_fields__ if field != "name"]
    return Group("合计", *(sum(getattr(one, field) for one in groups) for field in fields))


@app.command(help="列出长期没有来信、也收不到通知的信息员(续聘时询问)。")
def inactive(
    ctx: typer.Context,
    months: Annotated[int | None, typer.Option(help="多少个月;默认用设置 roster.inactive_months", min=1)] = None,
    as_json: Json = False,
) -> None:
    """On the roster so long, nothing heard, nothing delivered, though notices tried."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    zone = desk.settings.zone()
    today = desk.now().astimezone(zone).date()
    since = months_before(today, months or desk.settings.values.roster.inactive_months)
    with desk.database.read() as tx:
        here = membership.standing(store.changes(tx, zone), today)
        found = parts.inactive(tx, here, begins(since, zone), since)
        who = named(tx, desk, [one.person_id for one in found])
    place = place_in(resources.lists(desk.settings).villages)
    found.sort(key=lambda one: (place(here[one.person_id].township), who.get(one.person_id, NOBODY), one.person_id))
    data = [
        {
            "person_id": one.person_id,
            "name": who.get(one.person_id, NOBODY)[1],
            "phone": who.get(one.person_id, NOBODY)[2],
            "township": here[one.person_id].township,
            "category": here[one.person_id].category,
            "since": here[one.person_id].since,
            "tried": one.tried,
            "last_text": screen.moment(one.last_text_ms, zone)[:10],
            "last_delivered": screen.moment(one.last_delivered_ms, zone)[:10],
        }
        for one in found
    ]
    columns = ("#编号", "姓名", "号码", "乡镇", "类别", "入册", "#未送达", "最近来信", "最近送达")
    title = f"{since} 以来没有来信、也没有收到通知的 {len(data)} 人"
    screen.emit(as_json, data, lambda: screen.table(title, columns, [list(one.values()) for one in data]))
