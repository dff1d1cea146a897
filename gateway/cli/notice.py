"""`xinqiao notice`: from draft to report."""

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import notices, number_desk, resources, withdrawal
from gateway.cli import asking, repeating, screen
from gateway.cli.audience import Carriers, Categories, Earlier, Townships, Villages, chosen, read
from gateway.cli.desk import Desk, open_desk
from gateway.cli.message import STATES as PART_WORDS
from gateway.errors import USAGE, Refused
from gateway.notices import asked
from gateway.notices import report as reports
from gateway.notices.store import Notice
from gateway.outbox import FINAL
from gateway.roster_files import check_table, write_table
from roster import store as roster_store
from roster.phones import masked, masked_name
from routing.asks import AskKind

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Number = Annotated[int, typer.Argument(help="通知编号")]
Text = Annotated[str | None, typer.Option("--text", help="内容;可用字段 {姓名} {乡镇} {村} {类别}")]
File = Annotated[Path | None, typer.Option("--file", help="内容所在的文本文件(UTF-8)")]
Urgent = Annotated[str | None, typer.Option(help="紧急理由:写明后不受免打扰时段限制")]
Resend = Annotated[
    bool | None,
    typer.Option(
        "--resend-uncertain/--no-resend-uncertain", help="结果不明的自动再发一次(仅紧急通知;对方可能收到两次)"
    ),
]
Force = Annotated[str | None, typer.Option(help="重发理由:写明后可向同一批人重发相同内容")]

WORDS = {
    "draft": "草稿",
    "approved": "已批准",
    "running": "发送中",
    "paused": "已暂停",
    "done": "已完成",
    "cancelled": "已取消",
}
FIELDS = {
    "title": "标题",
    "topic": "主题",
    "body": "正文",
    "audience": "对象",
    "state": "状态",
    "author": "起草",
    "approver": "批准",
    "approved_at": "批准时间",
    "send_at": "发送时间",
    "finished_at": "完成时间",
    "urgent_reason": "紧急理由",
    "resend_uncertain": "结果不明时自动再发一次",
    "forced_reason": "重发理由",
    "resend_of": "补发自",
    "withdraws": "更正",
    "digest": "内容码",
}
LEFT_OUT = {
    "stopped": "已停用",
    "opted out": "已退订",
    "number suspected": "号码有疑点(含个人字段的通知不发)",
    "carrier not configured": "线路未配置",
    "asked": "正在答另一次征求意见",
}


@app.command(help="起草通知。签名会自动加在最前面。")
def draft(
    ctx: typer.Context,
    topic: Annotated[str, typer.Option(help="主题:" + "、".join(notices.TOPICS))],
    title: Annotated[str, typer.Option(help="标题(只在本系统中显示)")] = "",
    text: Text = None,
    file: File = None,
    category: Categories = None,
    township: Townships = None,
    village: Villages = None,
    carrier: Carriers = None,
    earlier: Earlier = None,
    urgent: Urgent = None,
    resend_uncertain: Resend = None,
    force: Force = None,
    as_json: Json = False,
) -> None:
    """Text, topic, audience; nothing is sent."""
    desk = open_desk(ctx.obj)
    author = desk.require("notice.draft").name
    values = desk.settings.values
    body = notices.check_body(_words(text, file), values.signature, values.notices.max_parts)
    audience = chosen(desk, category, township, village, carrier, earlier)
    with desk.database.write() as tx:
        one = notices.draft(
            tx,
            title=title,
            topic=topic,
            body=body,
            audience=audience,
            author=author,
            now=desk.now(),
            validity_hours=values.notices.validity_hours,
            urgent_reason=urgent,
            forced_reason=force,
            resend_uncertain=bool(resend_uncertain),
        )
        desk.audit(tx, "notice.draft", f"notice {one.id}", {"digest": one.digest})
    screen.emit(
        as_json, _data(one), lambda: screen.say(f"已起草第 {one.id} 号通知;xinqiao notice dry-run {one.id} 试算")
    )


@app.command(help="修改草稿;只写要改的项目。")
def edit(
    ctx: typer.Context,
    notice_id: Number,
    topic: Annotated[str | None, typer.Option(help="主题")] = None,
    title: Annotated[str | None, typer.Option(help="标题")] = None,
    text: Text = None,
    file: File = None,
    category: Categories = None,
    township: Townships = None,
    village: Villages = None,
    carrier: Carriers = None,
    urgent: Urgent = None,
    resend_uncertain: Resend = None,
    force: Force = None,
) -> None:
    """Whoever edits last is the author: they cannot approve it."""
    desk = open_desk(ctx.obj)
    author = desk.require("notice.draft").name
    values = desk.settings.values
    changes: dict[str, Any] = {
        "topic": topic,
        "title": title,
        "urgent_reason": urgent,
        "resend_uncertain": resend_uncertain,
        "forced_reason": force,
    }
    if text is not None or file is not None:
        changes["body"] = notices.check_body(_words(text, file), values.signature, values.notices.max_parts)
    if category or township or village or carrier:
        changes["audience"] = chosen(desk, category, township, village, carrier)
    given = {key: value for key, value in changes.items() if value is not None} | {"author": author}
    if topic is not None and topic not in notices.TOPICS:
        raise Refused(f"没有“{topic}”这个主题", f"可选:{'、'.join(notices.TOPICS)}", USAGE)
    with desk.database.write() as tx:
        one = notices.edit(tx, notice_id, **given)
        desk.audit(tx, "notice.edit", f"notice {notice_id}", {"fields": sorted(given), "digest": one.digest})
    screen.say(f"第 {notice_id} 号通知已修改,内容码 {one.digest}", "green")


@app.command(help="删除草稿。")
def delete(ctx: typer.Context, notice_id: Number) -> None:
    """Drafts only."""
    desk = open_desk(ctx.obj)
    desk.require("notice.draft")
    with desk.database.write() as tx:
        notices.delete(tx, notice_id)
        desk.audit(tx, "notice.delete", f"notice {notice_id}")
    screen.say(f"第 {notice_id} 号草稿已删除")


@app.command("dry-run", help="试算:人数、条数、费用、完成时间、谁收不到和为什么。什么也不改变。")
def dry_run(ctx: typer.Context, notice_id: Number, as_json: Json = False) -> None:
    """What sending now would mean."""
    desk = open_desk(ctx.obj)
    desk.require("notice.view")
    with desk.database.read() as tx:
        one = notices.by_id(tx, notice_id)
        told = reports.estimate(tx, desk.vault, desk.settings, one, desk.now(), _withheld(tx, desk, one))
        corrected = withdrawal.standing(tx, one.withdraws) if one.withdraws else {}
    zone = desk.settings.zone()

    def render() -> None:
        screen.say(f"第 {one.id} 号通知《{one.title}》 {one.topic} 对象:{one.audience.describe()}", "bold")
        rows = [
            (
                desk.settings.values.carriers[name].label,
                int(row["people"]),
                int(row["parts"]),
                f"{row['cost_fen'] / 100:.2f}",
                f"{row['seconds']:.0f}",
            )
            for name, row in told.carriers.items()
        ]
        rows.append(("合计", told.people, told.parts, f"{told.cost_fen / 100:.2f}", ""))
        screen.table("试算", ("线路", "#人数", "#条数", "#费用(元)", "#秒"), rows)
        screen.say(f"最早开始 {screen.moment(told.starts_at, zone)},预计完成 {screen.moment(told.finishes_at, zone)}")
        for reason, count in told.left_out.items():
            screen.say(f"收不到:{LEFT_OUT.get(reason, reason)} {count} 人", "yellow")
        screen.say(f"最长的一条({told.longest_units}字,{told.longest_parts}条):{told.longest}")
        if corrected:
            got, doubtful = corrected["got"], corrected["doubtful"]
            screen.say(f"更正第 {one.withdraws} 号:已收到 {got} 人,可能收到 {doubtful} 人(结果不明)")
        if one.resend_uncertain:
            screen.say("注意:结果不明的会自动再发一次,对方可能收到两次", "yellow")
        if told.same_text:
            screen.say(f"注意:{told.same_text} 人在限定时间内已收到相同内容", "yellow")
        for warning in told.warnings:
            screen.say(f"注意:{warning}", "yellow")
        screen.say(f"内容码 {told.digest}(批准时核对)")

    screen.emit(as_json, told, render)


@app.command(help="批准通知(不能批准自己起草的);此后内容和对象不再变化。")
def approve(
    ctx: typer.Context,
    notice_id: Number,
    digest: Annotated[str | None, typer.Option(help="试算时看到的内容码;不符则拒绝")] = None,
    as_json: Json = False,
) -> None:
    """Freeze it and put every part into the outbox; `send` lets it go."""
    desk = open_desk(ctx.obj)
    approver = desk.require("notice.approve").name
    values = desk.settings.values
    with desk.database.write() as tx:
        one = notices.approve(
            tx,
            desk.vault,
            notice_id,
            approver,
            digest,
            list(values.carriers),
            values.notices.same_text_hours,
            desk.now(),
            _withheld(tx, desk, notices.by_id(tx, notice_id)),
        )
        desk.audit(tx, "notice.approve", f"notice {notice_id}", {"digest": one.digest, "plan": one.plan})
    plan = one.plan or {}
    screen.emit(
        as_json,
        _data(one),
        lambda: screen.say(
            f"已批准:{plan['people']} 人,{plan['parts']} 条;xinqiao notice send {notice_id} 发送", "green"
        ),
    )


@app.command(help="发送已批准的通知,现在或定时。")
def send(
    ctx: typer.Context,
    notice_id: Number,
    at: Annotated[str | None, typer.Option(help='发送时刻,例如 "2026-11-25 09:00"')] = None,
    follow: Annotated[bool, typer.Option("--follow", help="显示进度直到完成")] = False,
) -> None:
    """The daemon takes it from the store."""
    desk = open_desk(ctx.obj)
    desk.require("notice.send")
    now = desk.now()
    moment = _moment(desk, at) if at else now
    with desk.database.write() as tx:
        one = notices.send(tx, notice_id, moment, now)
        desk.audit(tx, "notice.send", f"notice {notice_id}", {"at": moment.isoformat()})
    local = now.astimezone(desk.settings.zone())
    if notices.is_quiet(local, desk.settings.quiet_hours()) and not one.urgent_reason and not at:
        opens = notices.opens_at(local, desk.settings.quiet_hours())
        screen.say(f"现在是免打扰时段,{opens:%m-%d %H:%M} 开始发送", "yellow")
    else:
        screen.say(
            f"第 {notice_id} 号通知{f'将于 {screen.moment(moment, desk.settings.zone())} ' if at else '开始'}发送",
            "green",
        )
    if follow:
        _follow(desk, one)


@app.command(help="暂停;正在发送的会完成。")
def pause(ctx: typer.Context, notice_id: Number) -> None:
    """From the next claim on."""
    desk = open_desk(ctx.obj)
    actor = desk.require("notice.pause").name
    with desk.database.write() as tx:
        notices.pause(tx, notice_id, actor)
        desk.audit(tx, "notice.pause", f"notice {notice_id}")
    screen.say(f"第 {notice_id} 号通知已暂停", "yellow")


@app.command(help="继续发送。")
def resume(ctx: typer.Context, notice_id: Number) -> None:
    """Where it stopped."""
    desk = open_desk(ctx.obj)
    desk.require("notice.pause")
    with desk.database.write() as tx:
        notices.resume(tx, notice_id)
        desk.audit(tx, "notice.resume", f"notice {notice_id}")
    screen.say(f"第 {notice_id} 号通知继续发送", "green")


@app.command(help="取消;未发出的不再发送。")
def cancel(ctx: typer.Context, notice_id: Number, as_json: Json = False) -> None:
    """For good."""
    desk = open_desk(ctx.obj)
    desk.require("notice.pause")
    with desk.database.write() as tx:
        one, stopped = notices.cancel(tx, notice_id, desk.now())
        desk.audit(tx, "notice.cancel", f"notice {notice_id}", {"stopped": stopped})
    gone = (one.plan or {}).get("parts", 0) - stopped
    data = {"stopped": stopped, "gone": gone}
    screen.emit(as_json, data, lambda: screen.say(f"已取消:{gone} 条已发出,{stopped} 条停发", "yellow"))


@app.command(help="把没有送达的人另起一条补发通知(需再次批准)。")
def resend(
    ctx: typer.Context,
    notice_id: Number,
    unknown: Annotated[bool, typer.Option("--unknown", help="包括结果不明的(对方可能收到两次)")] = False,
    as_json: Json = False,
) -> None:
    """Exactly those whom it did not reach."""
    desk = open_desk(ctx.obj)
    author = desk.require("notice.draft").name
    with desk.database.write() as tx:
        one = notices.resend_failed(tx, notice_id, author, desk.now(), unknown)
        desk.audit(tx, "notice.resend", f"notice {notice_id}", {"draft": one.id, "unknown": unknown})
    people = len(one.audience.persons or ())
    screen.emit(as_json, _data(one), lambda: screen.say(f"已起草补发通知 {one.id},共 {people} 人", "green"))


@app.command("list", help="列出通知。")
def list_(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option(help="状态:" + "、".join(WORDS))] = None,
    as_json: Json = False,
) -> None:
    """Newest first."""
    desk = open_desk(ctx.obj)
    desk.require("notice.view")
    if state is not None and state not in WORDS:
        raise Refused(f"没有“{state}”这种状态", f"可选:{'、'.join(WORDS)}", USAGE)
    with desk.database.read() as tx:
        found = notices.listed(tx, state)
        asking = {one.notice_id: ASKING[one.kind] for one in asked.questions(tx)}
    zone, now = desk.settings.zone(), desk.now()
    rows = [
        (
            one.id,
            one.title,
            _kind(one, asking),
            one.topic,
            _stands(one, now),
            (one.plan or {}).get("people", ""),
            one.author,
            one.approver,
            screen.moment(one.send_at, zone),
        )
        for one in found
    ]
    columns = ("#编号", "标题", "种类", "主题", "状态", "#人数", "起草", "批准", "发送")
    screen.emit(as_json, [_data(one) for one in found], lambda: screen.table("通知", columns, rows))


def _stands(one: Notice, now: datetime) -> str:
    """Its state in the office's words; what is to go at a time to come is not under way yet."""
    return "已定时" if one.state == "running" and one.send_at and one.send_at > now else WORDS[one.state]


ASKING = {AskKind.POLL: "征求意见", AskKind.READ_BACK: "会议"}


def _kind(one: Notice, asking: Mapping[int, str]) -> str:
    return "更正" if one.withdraws else asking.get(one.question_id or 0, "通知")


@app.command(help="一条通知的全文和来历。")
def show(ctx: typer.Context, notice_id: Number, as_json: Json = False) -> None:
    """As it stands."""
    desk = open_desk(ctx.obj)
    desk.require("notice.view")
    with desk.database.read() as tx:
        one = notices.by_id(tx, notice_id)
    data, zone = _data(one), desk.settings.zone()
    told = data | {"state": _stands(one, desk.now()), "resend_uncertain": "是" if one.resend_uncertain else ""}
    told |= {name: screen.moment(getattr(one, name), zone) for name in ("approved_at", "send_at", "finished_at")}
    rows = [(label, told[key]) for key, label in FIELDS.items() if told[key]]
    screen.emit(as_json, data, lambda: screen.table(f"第 {notice_id} 号通知", ("项目", "内容"), rows))


@app.command(help="进度:各线路各状态的条数。")
def progress(
    ctx: typer.Context,
    notice_id: Number,
    follow: Annotated[bool, typer.Option("--follow", help="显示进度直到完成")] = False,
    as_json: Json = False,
) -> None:
    """Counted from the parts at this moment."""
    desk = open_desk(ctx.obj)
    desk.require("notice.view")
    with desk.database.read() as tx:
        one = notices.by_id(tx, notice_id)
        found = reports.progress(tx, notice_id)
    if follow and not as_json:
        _follow(desk, one)
        return
    shown = [state for state in reports.STATES if any(states.get(state) for states in found.values())]
    rows = [(_line(desk, name), *(states.get(state, 0) for state in shown)) for name, states in found.items()]
    columns = ("线路", *(f"#{PART_WORDS[state]}" for state in shown))
    screen.emit(as_json, {"state": one.state, "parts": found}, lambda: screen.table(WORDS[one.state], columns, rows))


@app.command(help="报告:按线路、类别、乡镇和原因;--failed-list 导出没有送达的人。")
def report(
    ctx: typer.Context,
    notice_id: Number,
    failed_list: Annotated[Path | None, typer.Option(help="导出未送达名单(.xlsx 或 .csv)")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="名单中写完整号码(需要授权,会留下记录)")] = False,
    as_json: Json = False,
) -> None:
    """The whole account; it adds up to the plan at every moment, or it is not printed."""
    desk = open_desk(ctx.obj)
    desk.require("notice.view")
    with desk.database.read() as tx:
        one = notices.by_id(tx, notice_id)
        account = reports.account(tx, one)
        replies = reports.replies(tx, notice_id)
    if failed_list is not None:
        check_table(failed_list)
        _write_failed(desk, one, failed_list, clear)
    data = {
        "notice": notice_id,
        "state": one.state,
        "planned": {"people": account.planned_people, "parts": account.planned_parts},
        "left_out": (one.plan or {}).get("left_out", {}),
        "total": account.total,
        "by_carrier": account.by_carrier,
        "by_category": account.by_category,
        "by_township": account.by_township,
        "reasons": [{"state": s, "reason": r, "people": n} for (s, r), n in account.reasons.items()],
        "replies": replies,
    }
    screen.emit(as_json, data, lambda: _print_report(desk, one, account, replies))


def _line(desk: Desk, name: str) -> str:
    """A carrier as the office calls it; one that is in the settings no more by its name."""
    carrier = desk.settings.values.carriers.get(name)
    return carrier.label if carrier else name


def _print_report(desk: Desk, one: Notice, account: reports.Report, replies: int) -> None:
    delivered, people = account.total.people.get("delivered", 0), account.planned_people
    rate = f"{100 * delivered / people:.2f}%" if people else "-"
    screen.say(f"第 {one.id} 号通知《{one.title}》 {WORDS[one.state]}:送达 {delivered}/{people} 人 = {rate}", "bold")
    shown = [state for state in reports.STATES if account.total.people.get(state)]
    columns = ("", "#人数", *(f"#{PART_WORDS[state]}" for state in shown))
    for label, groups in (
        ("线路", {_line(desk, name): tally for name, tally in account.by_carrier.items()}),
        ("单位" if one.audience.staff else "类别", account.by_category),
        ("乡镇", {} if one.audience.staff else account.by_township),
    ):
        if not groups:
            continue
        rows = [
            (name, sum(tally.people.values()), *(tally.people.get(state, 0) for state in shown))
            for name, tally in groups.items()
        ]
        rows.append(("合计", people, *(account.total.people.get(state, 0) for state in shown)))
        screen.table(f"按{label}(人)", (label, *columns[1:]), rows)
    reasons = [(PART_WORDS[state], reason or "-", count) for (state, reason), count in account.reasons.items()]
    if reasons:
        screen.table("未送达的原因", ("状态", "原因", "#人数"), reasons)
    if replies:
        screen.say(f"回复 {replies} 条;xinqiao notice replies {one.id} 列出")


def _write_failed(desk: Desk, one: Notice, file: Path, clear: bool) -> None:
    if clear:
        desk.require("roster.reveal")
    with desk.database.write() as tx:
        people = notices.failed_people(tx, one.id, include_unknown=True)
        numbers = roster_store.phones(tx, desk.vault, people)
        names = roster_store.renderings(tx, desk.vault, people)
        desk.audit(tx, "notice.failed_list", f"notice {one.id}", {"people": len(people), "clear": clear})
    rows = [
        (
            person,
            names[person].name if clear else masked_name(names[person].name),
            numbers[person] if clear else masked(numbers[person]),
            names[person].category,
            names[person].township,
        )
        for person in people
        if person in names and person in numbers
    ]
    write_table(file, "未送达", ("编号", "姓名", "号码", "类别", "乡镇"), rows)
    screen.err.print(f"未送达名单 {len(rows)} 人:{file}")


def _follow(desk: Desk, one: Notice) -> None:
    """A bar per carrier until nothing is under way. Ctrl-C leaves the notice as it is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(),
    )
    planned: Mapping[str, Any] = (one.plan or {}).get("carriers", {})
    with Progress(*columns, console=screen.out) as bars:
        tasks = {
            name: bars.add_task(desk.settings.values.carriers[name].label, total=row["parts"], words="")
            for name, row in planned.items()
        }
        while True:
            with desk.database.read() as tx:
                found = reports.progress(tx, one.id)
                state = notices.by_id(tx, one.id).state
            for name, task in tasks.items():
                states = found.get(name, {})
                done = sum(count for each, count in states.items() if each in FINAL)
                words = " ".join(f"{PART_WORDS[each]}{count}" for each, count in states.items() if count)
                bars.update(task, completed=done, words=words)
            if state not in ("running", "paused", "approved"):
                return
            time.sleep(0.25)


# ---------------------------------------------------------------------------------------------------------------------


def _withheld(tx: Any, desk: Desk, one: Notice) -> frozenset[int]:
    """Whom nothing personal is sent to. Only looked up for a notice that names the person."""
    if not notices.has_fields(one.body):
        return frozenset()
    return number_desk.withheld(tx, desk.vault, resources.number_rules(desk.settings))


def _words(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise Refused("请用 --text 或 --file 给出内容(二者选一)", "", USAGE)
    return text if text is not None else read(file) if file else ""


def _moment(desk: Desk, written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise Refused(f"看不懂时刻 {written}", '写成 "2026-11-25 09:00" 的样子', USAGE) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=desk.settings.zone())
    if moment < desk.now():
        raise Refused(f"{written} 已经过去", "写一个将来的时刻;要马上发就不写 --at", USAGE)
    return moment


def _data(one: Notice) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return shown | {"audience": one.audience.describe(), "digest": one.digest}


asking.register(app)
repeating.register(app)
