"""What comes back to a notice, and what follows: `notice meeting`, `confirmed`, `remind`, `replies`, `withdraw`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import meetings, notices, resources, withdrawal
from gateway.cli import screen
from gateway.cli.audience import Categories, Townships, Villages, chosen, read
from gateway.cli.case_view import barred, concealed
from gateway.cli.desk import Desk, open_desk
from gateway.cli.period import day
from gateway.cli.text import DECISIONS, text_body
from gateway.errors import USAGE, Refused
from gateway.meetings import POSTS, Invited, Reader
from gateway.notices import asked
from gateway.tables import answer, case_ticket, text
from roster import store as roster_store
from roster.audiences import Audience
from roster.phones import masked
from routing.asks import AskKind

Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Number = Annotated[int, typer.Argument(help="通知编号")]
ANSWERS = {"vote": "投票", "opinion": "意见", "confirmation": "确认"}
APART = {"late": "截止后,不计", "not_asked": "未被征求,不计"}


def register(app: typer.Typer) -> None:
    """Add the commands to `xinqiao notice`."""

    @app.command(help="起草会议通知:发给单位的人(--posts、--staff 名单)或信息员;收到的人回复1或“收到”确认。")
    def meeting(
        ctx: typer.Context,
        text: Annotated[str, typer.Option(help="内容;“请回复1或“收到”确认。”会自动加在后面")],
        topic: Annotated[str, typer.Option(help="主题,同 xinqiao notice draft")] = "重大决策部署",
        title: Annotated[str, typer.Option(help="标题(只在本系统中显示)")] = "",
        posts: Annotated[str | None, typer.Option(help="发给各单位的 liaison 信息员 或 leader 分管领导")] = None,
        staff: Annotated[Path | None, typer.Option(help="名单文件(UTF-8),每行:号码,姓名,单位")] = None,
        until: Annotated[str | None, typer.Option(help="确认截止日期;不写为7天后")] = None,
        urgent: Annotated[str | None, typer.Option(help="紧急理由:写明后不受免打扰时段限制")] = None,
        category: Categories = None,
        township: Townships = None,
        village: Villages = None,
        as_json: Json = False,
    ) -> None:
        """Drafted; approved by another and sent as every notice."""
        desk = open_desk(ctx.obj)
        author = desk.require("notice.draft").name
        values, now = desk.settings.values, desk.now()
        to_informants = bool(category or township or village)
        if sum((posts is not None, staff is not None, to_informants)) != 1:
            raise Refused("请写明发给谁:--posts、--staff 名单,或信息员的类别、乡镇、村(三者选一)", "", USAGE)
        audience: Sequence[Invited] | Audience = (
            chosen(desk, category, township, village) if to_informants else _people(desk, posts, staff)
        )
        last = day(until) if until else now.astimezone(desk.settings.zone()).date() + timedelta(7)
        with desk.database.write() as tx:
            one = meetings.draft(
                tx,
                desk.vault,
                resources.prefixes(desk.settings),
                words=text,
                audience=audience,
                until=datetime.combine(last + timedelta(1), time(), desk.settings.zone()),
                signature=values.signature,
                max_parts=values.notices.max_parts,
                topic=topic,
                title=title,
                author=author,
                now=now,
                validity_hours=values.notices.validity_hours,
                urgent_reason=urgent,
            )
            desk.audit(tx, "notice.meeting", f"notice {one.id}", {"digest": one.digest})
        said = f"已起草第 {one.id} 号会议通知,{one.audience.describe()};由另一人 xinqiao notice approve {one.id} 批准"
        screen.emit(as_json, _draft(one), lambda: screen.say(said, "green"))

    @app.command(help="会议通知:各单位谁已确认、谁还没有,以及他们写了什么。")
    def confirmed(ctx: typer.Context, notice_id: Number, as_json: Json = False) -> None:
        """Per unit; numbers are masked."""
        desk = open_desk(ctx.obj)
        desk.require("notice.view")
        with desk.database.read() as tx:
            found = meetings.readers(tx, desk.vault, notice_id)
        data = {"units": _units(found), "people": [asdict(one) for one in found]}
        screen.emit(as_json, data, lambda: _print_readers(desk, notice_id, found))

    @app.command(help="向还没有确认的人再发一次会议通知(起草;照常由另一人批准)。")
    def remind(ctx: typer.Context, notice_id: Number, as_json: Json = False) -> None:
        """Exactly those who have not."""
        desk = open_desk(ctx.obj)
        author = desk.require("notice.draft").name
        values = desk.settings.values
        with desk.database.write() as tx:
            parts, signature = values.notices.max_parts, values.signature
            one = meetings.remind(tx, notice_id, author, parts, signature, desk.now())
            desk.audit(tx, "notice.remind", f"notice {notice_id}", {"draft": one.id})
        said = f"已起草第 {one.id} 号提醒,{one.audience.describe()};由另一人 xinqiao notice approve {one.id} 批准"
        screen.emit(as_json, _draft(one), lambda: screen.say(said, "green"))

    @app.command(help="对一条通知的回复:来信、归入的件、投票和意见,以及为什么算作对它的回复。")
    def replies(ctx: typer.Context, notice_id: Number, as_json: Json = False) -> None:
        """What came back, oldest first. Of a poll it is not told who voted what."""
        desk = open_desk(ctx.obj)
        desk.require("text.view")
        with desk.database.read() as tx:
            notices.by_id(tx, notice_id)
            data = _replies(tx, desk, notice_id)
        rows = [
            (one["text"], one["received_at"][:16], one["from"], one["body"], one["label"], one["case"], one["reason"])
            for one in data
        ]
        columns = ("#来信", "时间", "来信人", "内容", "算作", "件号", "依据")
        screen.emit(as_json, data, lambda: screen.table(f"对第 {notice_id} 号通知的回复 {len(data)} 条", columns, rows))

    @app.command(help="更正(撤回):停发还没有发出的,起草更正通知给已收到和可能收到的人;照常由另一人批准。")
    def withdraw(
        ctx: typer.Context,
        notice_id: Number,
        text: Annotated[str, typer.Option(help="更正的内容")],
        as_json: Json = False,
    ) -> None:
        """Who certainly did not get it hears nothing."""
        desk = open_desk(ctx.obj)
        desk.require("notice.pause")
        author = desk.require("notice.draft").name
        values = desk.settings.values
        body = notices.check_body(text, values.signature, values.notices.max_parts)
        with desk.database.write() as tx:
            done = withdrawal.withdraw(tx, notice_id, body, author, values.notices.validity_hours, desk.now())
            number = done.notice.id if done.notice else None
            counts = {"got": done.got, "doubtful": done.doubtful, "spared": done.spared, "stopped": done.stopped}
            desk.audit(tx, "notice.withdraw", f"notice {notice_id}", {"draft": number} | counts)

        def render() -> None:
            screen.say(f"第 {notice_id} 号通知:停发 {done.stopped} 条", "yellow")
            screen.say(f"已收到 {done.got} 人,可能收到 {done.doubtful} 人(结果不明),确定没有收到 {done.spared} 人")
            if number is None:
                screen.say("没有人收到,不需要更正", "green")
            else:
                screen.say(f"已起草第 {number} 号更正;由另一人 xinqiao notice approve {number} 批准后发送", "green")

        screen.emit(as_json, {"withdrawn": notice_id, "draft": number} | counts, render)


def _people(desk: Desk, posts: str | None, staff: Path | None) -> list[Invited]:
    if staff is not None:
        return meetings.from_list(read(staff))
    if posts not in POSTS:
        raise Refused(f"没有“{posts}”这种职务", f"可选:{'、'.join(POSTS)}", USAGE)
    return meetings.from_units(resources.departments(desk.settings), posts)


def _draft(one: notices.Notice) -> dict[str, Any]:
    people = len(one.audience.persons or ())
    return {"id": one.id, "body": one.body, "audience": one.audience.describe(), "people": people, "digest": one.digest}


def _units(found: Sequence[Reader]) -> list[dict[str, Any]]:
    """By unit, in the order of the list: how many confirmed."""
    units: dict[str, list[Reader]] = {}
    for one in found:
        units.setdefault(one.unit, []).append(one)
    return [
        {
            "unit": unit,
            "people": len(several),
            "confirmed": sum(one.confirmed_at is not None for one in several),
            "silent": [one.name for one in several if one.confirmed_at is None],
        }
        for unit, several in units.items()
    ]


def _print_readers(desk: Desk, notice_id: int, found: Sequence[Reader]) -> None:
    zone = desk.settings.zone()
    done = sum(one.confirmed_at is not None for one in found)
    rows = [
        (
            one.unit,
            one.name,
            one.phone,
            screen.moment(one.confirmed_at, zone) if one.confirmed_at else "未确认" if one.delivered else "未送达",
            one.remark,
        )
        for one in found
    ]
    units = [
        (unit["unit"], screen.rate(unit["confirmed"], unit["people"]), "、".join(unit["silent"]))
        for unit in _units(found)
    ]
    screen.table("按单位", ("单位", "#已确认/人数", "还没有确认的"), units)
    title = f"第 {notice_id} 号会议通知:已确认 {screen.rate(done, len(found))}"
    screen.table(title, ("单位", "姓名", "号码", "确认", "写了什么"), rows)
    if done < len(found):
        screen.say(f"xinqiao notice remind {notice_id} 提醒未确认的 {len(found) - done} 人", "yellow")


def _replies(tx: sa.Connection, desk: Desk, notice_id: int) -> list[dict[str, Any]]:
    found = tx.execute(
        sa.select(
            *(
                text.c[name]
                for name in ("id", "person_id", "body", "received_ms", "notice_reason", "notice_confidence")
            ),
            text.c.decision,
            text.c.case_id,
            case_ticket.c.number,
            answer.c.kind,
            answer.c.option,
            answer.c.apart,
        )
        .select_from(text)
        .outerjoin(case_ticket, case_ticket.c.id == text.c.case_id)
        .outerjoin(answer, sa.and_(answer.c.text_id == text.c.id, answer.c.undone_at.is_(None)))
        .where(text.c.notice_id == notice_id)
        .order_by(text.c.id)
    ).all()
    rows: list[Any] = list(found)
    secret = any(one.notice_id == notice_id for one in asked.questions(tx, AskKind.POLL))
    numbers = {} if secret else roster_store.phones(tx, desk.vault, {row.person_id for row in rows})
    hidden = concealed(tx, desk, [row.case_id for row in rows])
    rows = [row for row in rows if not barred(desk, hidden.get(row.case_id))]
    return [
        {
            "text": row.id,
            "from": "" if secret or row.case_id in hidden else masked(numbers.get(row.person_id, "")),
            "body": text_body(tx, desk, row.body, hidden.get(row.case_id)),
            "received_at": screen.moment(row.received_ms, desk.settings.zone(), True),
            "decision": row.decision,
            "label": _label(row),
            "case": row.number,
            "reason": row.notice_reason,
            "confidence": row.notice_confidence,
        }
        for row in rows
    ]


def _label(row: Any) -> str:
    if row.kind is None:
        return DECISIONS.get(row.decision, str(row.decision))
    chose = f"{ANSWERS[row.kind]}{row.option or ''}"
    return f"{chose}({APART[row.apart]})" if row.apart else chose
