"""`xinqiao message`: single texts, and where each stands."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import lease, outbox, resources, singles
from gateway.cli import screen
from gateway.cli.case_view import barred, concealed, pseudonym
from gateway.cli.desk import Desk, open_desk
from gateway.errors import REFUSED, USAGE, NotFound, Refused
from roster import store as roster_store
from roster.phones import masked

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]

OFFICIALS = ("staff", "alarm", "supervision", "duty")
"""Purposes of texts to the office's own people: who gets them tells nothing of who wrote."""
STATES = {
    "queued": "待发",
    "sending": "发送中",
    "accepted": "运营商已收",
    "uncertain": "结果不明",
    "delivered": "已送达",
    "undelivered": "未送达",
    "failed": "失败",
    "expired": "过期",
    "cancelled": "已取消",
    "unknown": "不明",
}


@app.command(help="向一个号码发短信,或按名单逐条发送(每行:号码、Tab、内容)。")
def send(
    ctx: typer.Context,
    to: Annotated[str | None, typer.Option("--to", help="手机号码")] = None,
    text: Annotated[str | None, typer.Option("--text", help="短信内容;签名会自动加在前面")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="名单文件(UTF-8),每行 号码<Tab>内容")] = None,
    token: Annotated[str | None, typer.Option(help="自定的唯一编号:重复执行不会重复发送")] = None,
    signature: Annotated[bool, typer.Option("--signature/--no-signature", help="是否自动加签名")] = True,
    as_json: Json = False,
) -> None:
    """Into the outbox; the daemon sends them, now or when it runs."""
    if (file is None) == (to is None or text is None):
        raise Refused(
            "请给出 --to 和 --text,或者 --file", "例如 xinqiao message send --to 13800000001 --text 您好", USAGE
        )
    desk = open_desk(ctx.obj)
    who = desk.require("message.send")
    orders = _orders(file) if file else [singles.Order(1, to or "", text or "", token)]
    with desk.database.write() as tx:
        taken, refused = singles.send(
            tx,
            desk.vault,
            desk.settings.values,
            resources.prefixes(desk.settings),
            orders,
            desk.settings.values.signature if signature else "",
            who.name,
            desk.now(),
        )
        desk.audit(tx, "message.send", f"{len(taken)} messages", {"refused": len(refused)})

    def render() -> None:
        rows: list[tuple[object, ...]] = [
            (one.row, one.number, one.message_id, one.carrier, one.parts, "已放入待发") for one in taken
        ]
        rows += [(one.row, one.number, "", "", "", one.reason) for one in refused]
        screen.table(
            f"收下{len(taken)}条,未收{len(refused)}条", ("#行", "号码", "#编号", "线路", "#条数", "结果"), rows
        )

    screen.emit(as_json, {"taken": taken, "refused": refused}, render)
    raise typer.Exit(REFUSED if refused else 0)


def _orders(file: Path) -> list[singles.Order]:
    try:
        return singles.read_list(file.read_text(encoding="utf-8-sig"))
    except OSError as wrong:
        raise Refused(f"读不了 {file}:{wrong.strerror}", "请检查文件名", USAGE) from None
    except UnicodeDecodeError:
        raise Refused(f"{file} 不是 UTF-8 编码", "请另存为 UTF-8 后再试", USAGE) from None


@app.command("list", help="列出通知以外的短信和各自的状态,最近的在前。")
def list_(
    ctx: typer.Context,
    purpose: Annotated[
        str | None, typer.Option(help="single、reply、case、automatic、command、supervision、staff 或 duty")
    ] = None,
    state: Annotated[str | None, typer.Option(help="状态:" + "、".join(STATES))] = None,
    after: Annotated[int, typer.Option(help="只列编号大于此数的")] = 0,
    limit: Annotated[int, typer.Option(help="最多几条")] = 50,
    clear: Annotated[bool, typer.Option("--clear", help="显示完整号码(需要授权,会留下记录)")] = False,
    as_json: Json = False,
) -> None:
    """Each with the state of its worst part."""
    desk = open_desk(ctx.obj)
    desk.require("message.view")
    with desk.database.read() as tx:
        found = singles.standings(tx, purpose=purpose, state=state, after=after, limit=limit)
    _print(desk, found, clear, as_json)


@app.command(help="一条短信的详情。")
def show(ctx: typer.Context, message_id: Annotated[int, typer.Argument(help="编号")], as_json: Json = False) -> None:
    """One message."""
    desk = open_desk(ctx.obj)
    desk.require("message.view")
    with desk.database.read() as tx:
        found = singles.standings(tx, only=message_id)
    if not found:
        raise NotFound(f"没有编号为 {message_id} 的短信", "xinqiao message list 列出短信")
    _print(desk, found, False, as_json)


@app.command(help="列出结果不明的短信(含通知):断线或崩溃时在途,等回执,不会自动重发。")
def doubts(ctx: typer.Context, as_json: Json = False) -> None:
    """Every part in doubt, with the message to retry."""
    desk = open_desk(ctx.obj)
    desk.require("message.view")
    with desk.database.read() as tx:
        stopped = lease.holder(tx, round(desk.now().timestamp() * 1000)) is None
        found = outbox.doubts(tx, stopped)
        numbers = roster_store.phones(tx, desk.vault, {one.person_id for one in found})
        about = {one.message_id: singles.standings(tx, only=one.message_id)[0].case_id for one in found}
        hidden = concealed(tx, desk, about.values())
    zone = desk.settings.zone()

    def shown(one: outbox.Doubt) -> str:
        case = hidden.get(about[one.message_id] or 0)
        return pseudonym(case) if case else masked(numbers.get(one.person_id, ""))

    data = [
        one._asdict() | {"to": shown(one)} | ({"person_id": None} if about[one.message_id] in hidden else {})
        for one in found
    ]
    rows = [
        (
            one.message_id,
            one.notice_id or "",
            shown(one),
            one.carrier,
            f"{one.number}/{one.total}",
            STATES[one.state],
            one.reason,
            screen.moment(one.since_ms, zone, True),
        )
        for one in found
    ]
    columns = ("#短信", "#通知", "号码", "线路", "段", "状态", "原因", "自")
    screen.emit(as_json, data, lambda: screen.table(f"结果不明 {len(rows)} 条", columns, rows))


@app.command(help="把结果不明、失败或过期的短信再发一次(对方可能收到两次)。")
def retry(ctx: typer.Context, message_id: Annotated[int, typer.Argument(help="编号")]) -> None:
    """An operator's decision, on the record."""
    desk = open_desk(ctx.obj)
    desk.require("message.retry")
    with desk.database.write() as tx:
        now_ms = round(desk.now().timestamp() * 1000)
        parts = outbox.retry(tx, message_id, now_ms, singles.VALIDITY_MS)
        if not parts:
            raise Refused(f"编号 {message_id} 没有可以重发的部分", "只有结果不明、失败、过期的短信可以重发")
        desk.audit(tx, "message.retry", f"message {message_id}", {"parts": parts})
    screen.say(f"{parts} 条已重新放入待发", "green")


def _print(desk: Desk, found: list[singles.Standing], clear: bool, as_json: bool) -> None:
    if clear:
        desk.require("roster.reveal")
        with desk.database.write() as tx:
            desk.audit(tx, "roster.reveal", "message list", {"people": len({one.person_id for one in found})})
    with desk.database.read() as tx:
        numbers = roster_store.phones(tx, desk.vault, {one.person_id for one in found})
        hidden = {} if clear else concealed(tx, desk, [one.case_id for one in found])
        found = [one for one in found if not barred(desk, hidden.get(one.case_id or 0))]
    zone = desk.settings.zone()

    def shown(one: singles.Standing) -> str:
        if one.case_id in hidden and one.purpose not in OFFICIALS:
            return pseudonym(hidden[one.case_id])
        number = numbers.get(one.person_id, "")
        return number if clear else masked(number)

    data: list[dict[str, Any]] = [
        {**asdict(one), "to": shown(one), "created_at": screen.moment(one.created_ms, zone, True)}
        | ({"person_id": None} if one.case_id in hidden else {})
        for one in found
    ]
    rows = [
        (
            one.id,
            screen.moment(one.created_ms, zone),
            shown(one),
            one.carrier,
            STATES[one.state],
            one.reason or "",
            one.body or "(通知正文)",
        )
        for one in found
    ]
    columns = ("#编号", "时间", "号码", "线路", "状态", "原因", "内容…")
    screen.emit(as_json, data, lambda: screen.table(f"短信 {len(found)} 条", columns, rows))
