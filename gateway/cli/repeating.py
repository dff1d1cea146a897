"""`xinqiao notice repeat`, `repeats`, `unrepeat`: notices that come back every month or week, each time as a draft."""

from typing import Annotated, Any

import typer

from gateway import recurring, resources
from gateway.cli import screen
from gateway.cli.audience import Categories, Townships, Villages, chosen
from gateway.cli.desk import Desk, open_desk
from routing.calendar import Calendar
from routing.rhythm import LAST, Rhythm

Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def register(app: typer.Typer) -> None:
    """Add the commands to `xinqiao notice`."""

    @app.command(help="定期通知(月报、专栏):每期自动起草,照常修改、由另一人批准;不会自己发送。")
    def repeat(
        ctx: typer.Context,
        text: Annotated[str, typer.Option(help="内容;可用 {年} {月} {日},和通知的个人字段")],
        topic: Annotated[str, typer.Option(help="主题,同 xinqiao notice draft")],
        every: Annotated[
            str, typer.Option(help="month:first 每月第一个工作日,month:last 最后一个,month:15 每月15日,week:5 每周五")
        ],
        title: Annotated[str, typer.Option(help="标题;每期加上期号")] = "",
        category: Categories = None,
        township: Townships = None,
        village: Villages = None,
        as_json: Json = False,
    ) -> None:
        """A day off moves to the next working day of the same month or week."""
        desk = open_desk(ctx.obj)
        author = desk.require("notice.draft").name
        values, calendar = desk.settings.values, resources.calendar(desk.settings)
        audience = chosen(desk, category, township, village)
        with desk.database.write() as tx:
            one = recurring.start(
                tx,
                title=title,
                topic=topic,
                words=text,
                audience=audience,
                rhythm=every,
                author=author,
                signature=values.signature,
                max_parts=values.notices.max_parts,
                today=calendar.date_of(desk.now()),
                now=desk.now(),
            )
            desk.audit(tx, "notice.repeat", f"repeat {one.id}", {"every": one.rhythm.written()})
        said = f"第 {one.id} 个定期通知《{one.title}》:{_words(one.rhythm)}起草;xinqiao notice list --state draft 查看"
        screen.emit(as_json, _data(desk, calendar, one, []), lambda: screen.say(said, "green"))

    @app.command(help="列出定期通知,和每期起草了哪一条。")
    def repeats(ctx: typer.Context, as_json: Json = False) -> None:
        """With the day of this month or week."""
        desk = open_desk(ctx.obj)
        desk.require("notice.view")
        calendar = resources.calendar(desk.settings)
        with desk.database.read() as tx:
            data = [_data(desk, calendar, one, made) for one, made in recurring.listed(tx)]
        rows = [
            (
                one["id"],
                one["title"],
                one["when"],
                "已停止" if one["ended_at"] else one["due"],
                "、".join(f"{period}:{number}" for period, number in list(one["drafts"].items())[:3]),
                one["author"],
            )
            for one in data
        ]
        columns = ("#编号", "标题", "周期", "本期日期", "最近起草(期号:通知)", "起草人")
        screen.emit(as_json, data, lambda: screen.table(f"定期通知 {len(data)} 个", columns, rows))

    @app.command(help="停止一个定期通知;已起草的不受影响。")
    def unrepeat(ctx: typer.Context, repeat_id: Annotated[int, typer.Argument(help="定期通知的编号")]) -> None:
        """No more drafts of it."""
        desk = open_desk(ctx.obj)
        desk.require("notice.draft")
        with desk.database.write() as tx:
            one = recurring.end(tx, repeat_id, desk.now())
            desk.audit(tx, "notice.unrepeat", f"repeat {repeat_id}")
        screen.say(f"《{one.title}》不再起草", "yellow")


def _data(desk: Desk, calendar: Calendar, one: recurring.Repeat, made: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "topic": one.topic,
        "text": one.words,
        "audience": one.audience.describe(),
        "every": one.rhythm.written(),
        "when": _words(one.rhythm),
        "due": one.rhythm.due(calendar.date_of(desk.now()), calendar.is_working_day),
        "author": one.author,
        "ended_at": one.ended_at,
        "drafts": {row.period: row.notice_id for row in made},
    }


def _words(rhythm: Rhythm) -> str:
    """In the office's words."""
    if rhythm.every == "week":
        return f"每周{'一二三四五六日'[rhythm.day - 1]}"
    named = {1: "每月第一个工作日", LAST: "每月最后一个工作日"}
    return named.get(rhythm.day, f"每月{rhythm.day}日")
