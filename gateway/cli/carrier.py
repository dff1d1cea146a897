"""`xinqiao carrier`: how the links stand; hold and release what is sent over them; try one, and watch one."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from sqlalchemy import Connection

from carriers import dialects
from carriers.capture import Reading
from carriers.events import Verdict
from carriers.profile import CarrierProfile
from carriers.text import split
from gateway import carrier_desk, lease, resources, tracing
from gateway import waiting as who_waits
from gateway.casebook import find
from gateway.cli import screen
from gateway.cli.advice import ADVICE, STEPS
from gateway.cli.case_view import reader
from gateway.cli.desk import Desk, open_desk
from gateway.cli.notice import WORDS as NOTICES
from gateway.cli.passing import show
from gateway.errors import LEASE_HELD, UNAVAILABLE, USAGE, NotFound, Refused
from gateway.roster_files import write_table
from gateway.sight import WITHHELD, Sight
from roster import phones

if TYPE_CHECKING:  # importing a check imports the reactor
    from gateway.check import Returned, Sample, Step

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Name = Annotated[str, typer.Argument(help="线路名称,如 mobile")]

STATES = {
    "stopped": "网关未运行",
    "down": "断开",
    "connecting": "连接中",
    "binding": "登录中",
    "bound": "已登录",
    "resting": "待命(有短信时登录)",
    "refused": "登录被拒",
    "draining": "收尾中",
}


@app.command(help="各条线路的状态、等待发送的条数、结果不明的条数;写明线路则列出它的全部计数。")
def status(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="线路名称;不写为全部")] = None,
    as_json: Json = False,
) -> None:
    """What the daemon last reported, beside what waits in the store."""
    desk = open_desk(ctx.obj) if name is None else _desk(ctx, name, "carrier.view")
    desk.require("carrier.view")
    with desk.database.read() as tx:
        runs = _gateway(desk, tx)
        views = carrier_desk.view(tx, list(desk.settings.values.carriers), runs is not None)
    if name is not None:
        _one(desk, next(one for one in views if one.carrier == name), runs, as_json)
        return
    zone = desk.settings.zone()
    rows = [
        (
            one.carrier,
            desk.settings.values.carriers[one.carrier].label,
            STATES.get(one.link_state, one.link_state),
            screen.moment(one.link_since, zone),
            f"{one.held_by}:{one.held_reason}" if one.held_at else "",
            one.waiting,
            one.uncertain,
            one.link_detail,
        )
        for one in views
    ]
    columns = ("线路", "名称", "状态", "自", "暂停", "#待发", "#不明", "说明")
    title = f"线路(网关:{runs or '未运行'})"
    screen.emit(as_json, {"daemon": runs, "carriers": views}, lambda: screen.table(title, columns, rows))


def _one(desk: Desk, one: carrier_desk.CarrierView, runs: str | None, as_json: bool) -> None:
    """Everything about one line: how it stands, and what it counted since the gateway was started."""
    profile, zone, counted = resources.profiles(desk.settings)[one.carrier], desk.settings.zone(), one.counters
    dialect = dialects.gateway(profile, desk.now())
    answers = [
        {
            "status": int(status),
            "meaning": dialect.describe(int(status)),
            "verdict": profile.results.verdict(int(status)),
            "count": count,
        }
        for status, count in counted.get("answers", {}).items()
    ]
    throttled = sum(answer["count"] for answer in answers if answer["verdict"] is Verdict.THROTTLED)
    data = {"daemon": runs, **asdict(one), "counters": {**counted, "answers": answers, "throttled": throttled}}

    def render() -> None:
        stands = [
            ("状态", STATES.get(one.link_state, one.link_state)),
            ("自", screen.moment(one.link_since, zone, True)),
            ("说明", one.link_detail),
            ("暂停", f"{one.held_by}:{one.held_reason}" if one.held_at else ""),
            ("待发", one.waiting),
            ("结果不明", one.uncertain),
        ]
        title = f"{one.carrier} {profile.label}({profile.protocol} {profile.host}:{profile.port})"
        screen.table(title, ("项目", "内容"), [row for row in stands if row[1] != ""])
        if runs is None or "since" not in counted:
            screen.say("网关未运行,没有计数", "yellow")
            return
        since = screen.moment(datetime.fromisoformat(counted["since"]), zone, True)
        screen.table(f"计数(自 {since})", ("项目", "#数值"), _counted(counted, throttled))
        rows = [(one["meaning"], VERDICTS[one["verdict"]], one["count"]) for one in answers]
        screen.table("提交的应答", ("返回码", "含义", "#条数"), rows)

    screen.emit(as_json, data, render)


def _counted(counted: Mapping[str, Any], throttled: int) -> list[tuple[str, object]]:
    labels = {
        "connections": "连接次数(含重连)",
        "logins": "登录成功",
        "logins_refused": "登录被拒",
        "submits": "提交",
        "unanswered": "没有应答(结果不明)",
        "receipts": "回执",
        "texts": "来信",
        "unreadable": "读不懂",
        "turned_away": "拒绝的回连",
        "octets_in": "收到字节",
        "octets_out": "发出字节",
    }
    pace = f"{counted['pace']:g} / {counted['rate']:g}" if counted["rate"] else "不限"
    return [
        *((label, counted[key]) for key, label in labels.items()),
        ("应答“过快”", throttled),
        ("窗口(占用 / 上限)", f"{counted['window_used']} / {counted['window']}"),
        ("当前速率(条/秒,当前 / 合同)", pace),
    ]


VERDICTS = {
    Verdict.ACCEPTED: "收下",
    Verdict.THROTTLED: "过快,减速再发",
    Verdict.TEMPORARY: "暂时不收,再试几次",
    Verdict.PERMANENT: "拒收",
    Verdict.CONFIGURATION: "账号、接入号或业务代码有误,线路已暂停",
    Verdict.WRONG_NETWORK: "号码不属于该运营商",
    Verdict.UNCERTAIN: "结果不明,等回执",
}


@app.command(help="谁在等:按线路、通知和用途列出待发的人数、条数、最早时间和失效时间;--people 导出要打电话的名单。")
def waiting(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="线路名称;不写为全部")] = None,
    people: Annotated[Path | None, typer.Option(help="导出要打电话的人(.xlsx 或 .csv),默认掩码")] = None,
    hours: Annotated[int, typer.Option(help="名单也包括最近多少小时内没能发出就失效的", min=0, max=720)] = 48,
    clear: Annotated[bool, typer.Option("--clear", help="名单中写完整的姓名和号码(需要授权,会留下记录)")] = False,
    as_json: Json = False,
) -> None:
    """What no line has taken yet."""
    desk = open_desk(ctx.obj) if name is None else _desk(ctx, name, "carrier.view")
    desk.require("carrier.view")
    with desk.database.read() as tx:
        found = who_waits.waiting(tx, name)
    if people is not None:
        _write_people(desk, name, people, hours, clear)
    zone = desk.settings.zone()
    rows = [
        (
            one.carrier,
            PURPOSES.get(one.purpose, one.purpose),
            f"{one.notice_id} {one.title}" if one.notice_id else "",
            NOTICES.get(one.state, one.state) if one.state else "",
            one.people,
            one.parts,
            screen.moment(one.oldest, zone),
            screen.moment(one.expires, zone),
        )
        for one in found
    ]
    columns = ("线路", "用途", "通知", "通知状态", "#人数", "#条数", "最早", "最先失效")
    screen.emit(as_json, found, lambda: screen.table(f"待发 {sum(one.parts for one in found)} 条", columns, rows))


PURPOSES = {
    "notice": "通知",
    "reply": "办件答复",
    "case": "办件短信",
    "automatic": "自动回复",
    "single": "单发短信",
    "supervision": "督办提醒",
    "staff": "单位短信",
    "duty": "每月例行",
}


def _write_people(desk: Desk, name: str | None, file: Path, hours: int, clear: bool) -> None:
    desk.require("roster.view")
    if clear:
        desk.require("roster.reveal")
    with desk.database.write() as tx:
        now = desk.now()
        found = who_waits.unreached(tx, desk.vault, name, hours, round(now.timestamp() * 1000))
        sealed = {one.case for one in found if one.case and not clear and _withheld(tx, desk, one.case)}
        told = {"people": len({one.person_id for one in found}), "clear": clear}
        desk.audit(tx, "carrier.people", name or "all", told)
    zone = desk.settings.zone()
    rows = [
        (
            one.person_id,
            one.name if clear else phones.masked_name(one.name),
            phones.national(one.phone) if clear else phones.masked(one.phone),
            one.category,
            one.township,
            one.village,
            one.carrier,
            _matter(one) if one.case not in sealed else WITHHELD,
            "没能发出,已失效" if one.expired else "待发",
            screen.moment(one.expires, zone),
        )
        for one in found
    ]
    header = ("编号", "姓名", "号码", "类别", "乡镇", "村", "线路", "事由", "状态", "失效时间")
    write_table(file, "打电话", header, rows)
    screen.err.print(f"要打电话的 {told['people']} 人、{len(rows)} 件事:{file}{'' if clear else '(掩码)'}")


def _withheld(tx: Connection, desk: Desk, number: str) -> bool:
    """True of a case whose number may not stand beside its reporter."""
    return reader(desk).sees(find(tx, number)) < Sight.REPORTER


def _matter(one: who_waits.Unreached) -> str:
    if one.notice_id:
        return f"第 {one.notice_id} 号通知《{one.title}》"
    return f"{PURPOSES.get(one.purpose, one.purpose)} {one.case or f'短信 {one.message_id}'}"


@app.command(help="暂停一条线路的发送;正在发送的会完成,来信照收。")
def hold(ctx: typer.Context, name: Name, reason: Annotated[str, typer.Option(help="原因")] = "人工暂停") -> None:
    """Nothing more is submitted from the next claim on."""
    desk = _desk(ctx, name, "carrier.hold")
    with desk.database.write() as tx:
        carrier_desk.hold(tx, name, desk.operator.name, reason, desk.now())
        desk.audit(tx, "carrier.hold", name, {"reason": reason})
    screen.say(f"{name} 已暂停发送", "yellow")


@app.command(help="恢复一条线路的发送;登录被拒的线路会立即重试。")
def release(ctx: typer.Context, name: Name) -> None:
    """Send again."""
    desk = _desk(ctx, name, "carrier.hold")
    with desk.database.write() as tx:
        if not carrier_desk.release(tx, name, desk.now()):
            raise Refused(f"{name} 没有被暂停,登录也没有被拒", "xinqiao carrier status 查看状态")
        desk.audit(tx, "carrier.release", name)
    screen.say(f"{name} 已恢复发送", "green")


# ------------------------------------------------------------------------------------------------------------- trying


@app.command(help="试一条线路:解析、连接、登录,可发一条测试短信,再退出;逐步说明结果和办法。")
def check(
    ctx: typer.Context,
    name: Name,
    to: Annotated[str | None, typer.Option("--to", help="测试短信发到的手机(测试人自己的)")] = None,
    words: Annotated[str | None, typer.Option("--text", help="测试短信内容;签名会自动加在前面")] = None,
    wait: Annotated[float, typer.Option(help="等回执的秒数;0 为不等", min=0, max=600)] = 60.0,
    patience: Annotated[float, typer.Option("--timeout", help="每一步最多等的秒数", min=1, max=120)] = 15.0,
    yes: Annotated[bool, typer.Option("--yes", help="网关正在运行也照试")] = False,
    as_json: Json = False,
) -> None:
    """A login of its own; nothing that comes is taken, nothing is stored but the audit row."""
    desk = _desk(ctx, name, "carrier.check")
    profile = resources.profiles(desk.settings)[name]
    text = _test_text(desk, profile, to, words, wait) if to is not None or words is not None else None
    profile = _beside_the_gateway(desk, profile, yes)
    with desk.database.write() as tx:
        desk.audit(tx, "carrier.check", name, {"to": phones.masked(f"+{text.to}")} if text is not None else {})
    from gateway import check as checking

    steps: list[Step] = []

    def tell(step: "Step") -> None:
        steps.append(step)
        if not as_json:
            _print_step(step)

    returned = checking.run(profile, patience, text, tell)
    status = next((ADVICE[one.finding].code for one in steps if one.mark == "failed"), 0)
    data = {"carrier": name, "ok": not status, "exit": status, "steps": list(map(_told, steps)), "refused": returned}
    screen.emit(as_json, data, lambda: _print_end(profile, returned, status))
    raise typer.Exit(status)


def _test_text(desk: Desk, profile: CarrierProfile, to: str | None, words: str | None, wait: float) -> "Sample":
    """The test text, as the carrier wants it."""
    from gateway.check import Sample

    if to is None or not words:
        raise Refused("测试短信要写明号码和内容", "例如 --to 13800000001 --text 测试", USAGE)
    number = phones.parse(to)
    if isinstance(number, phones.Fault):
        raise Refused(f"{to}:{number.reason}", "写测试人自己的11位手机号码", USAGE)
    body = split(desk.settings.values.signature + words)
    if len(body.bodies) > 1:
        raise Refused(f"测试短信连签名共 {len(body.bodies)} 条,只能一条", "请写短一些", USAGE)
    return Sample(profile.destination_prefix + number.removeprefix("+86"), body, wait)


def _beside_the_gateway(desk: Desk, profile: CarrierProfile, yes: bool) -> CarrierProfile:
    """A gateway that runs keeps its line: a second login only if somebody wants it, and never its door."""
    with desk.database.read() as tx:
        runs = _gateway(desk, tx)
    if runs is None:
        return profile
    if not yes:
        raise Refused(
            f"网关正在运行({runs}):第二次登录可能被运营商拒绝,也可能挤掉网关的连接",
            "先看 xinqiao carrier status;确要试,请加 --yes",
            LEASE_HELD,
        )
    return replace(profile, listen_port=0)


def _told(step: "Step") -> dict[str, Any]:
    advice = ADVICE.get(step.finding)
    meaning = {"meaning": advice.meaning, "advice": advice.way_out} if advice else {"meaning": "", "advice": ""}
    return {**step._asdict(), "seconds": round(step.seconds, 3), **meaning}


def _print_step(step: "Step") -> None:
    sign, style = {"done": ("✓", "green"), "doubtful": ("!", "yellow"), "failed": ("×", "bold red")}[step.mark]
    said = f"  {step.said}" if step.said else ""
    screen.say(f"{sign} {STEPS[step.name]}({step.seconds * 1000:.0f} 毫秒){said}", style)
    if step.finding:
        screen.say(f"  {ADVICE[step.finding].meaning}")
        screen.say(f"  → {ADVICE[step.finding].way_out}")


def _print_end(profile: CarrierProfile, returned: "Returned", status: int) -> None:
    if any(asdict(returned).values()):
        screen.say(
            f"其间运营商送来 {returned.texts} 条来信、{returned.receipts} 条回执、{returned.unreadable} 条读不懂的:"
            "检查不入库,已请对方稍后重送"
        )
    screen.say(
        f"{profile.label}({profile.protocol}):{'有问题' if status else '正常'}", "bold red" if status else "bold green"
    )


# ------------------------------------------------------------------------------------------------------------ watching


@app.command(help="看一条线路上实际收发的协议包(逐字段);号码和内容默认掩码,密码从不显示。Ctrl-C 结束。")
def trace(
    ctx: typer.Context,
    name: Name,
    seconds: Annotated[int, typer.Option(help="最多看多少秒", min=5, max=3600)] = 60,
    pcap: Annotated[Path | None, typer.Option(help="另存为抓包文件,可用 Wireshark 打开")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="显示完整的号码和内容(需要授权和理由,会留下记录)")] = False,
    reason: Annotated[str, typer.Option(help="看完整号码和内容的理由")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="每个包输出一行 JSON")] = False,
) -> None:
    """Asks the daemon for a trace and follows its file; the daemon masks before it writes."""
    desk = _desk(ctx, name, "carrier.trace")
    if clear:
        desk.require("carrier.reveal")
        if not reason.strip():
            raise Refused("看完整号码和内容要写明理由", "加上 --reason", USAGE)
    began = desk.now()
    until = began + timedelta(seconds=seconds)
    wanted = tracing.Trace(name, token_hex(8), clear, desk.operator.name, began, until, tracing.Stand.ASKED)
    told = {"seconds": seconds, "clear": clear, "reason": reason, "pcap": pcap is not None}
    with desk.database.write() as tx:
        if _gateway(desk, tx) is None:
            raise Refused(
                "网关没有运行,线路上没有收发", "先运行 xinqiao run;只想试线路,用 xinqiao carrier check", UNAVAILABLE
            )
        tracing.ask(tx, wanted, began)
        desk.audit(tx, "carrier.trace", name, told)
    screen.err.print(f"跟踪 {name},最多 {seconds} 秒,Ctrl-C 结束;网关两秒内开始")
    try:
        _follow(desk, wanted, pcap, as_json)
    except KeyboardInterrupt:
        why = ""
    else:
        with desk.database.read() as tx:
            last = tracing.find(tx, name)
            why = ENDS.get(last.stand, "") if last is not None else ""
            why = why if _gateway(desk, tx) else ";网关已停止"
    finally:
        with desk.database.write() as tx:
            tracing.end(tx, name, wanted.token, desk.now())
    screen.err.print(f"跟踪结束{why}{f';已存为 {pcap}' if pcap else ''}")


def _follow(desk: Desk, wanted: tracing.Trace, pcap: Path | None, as_json: bool) -> None:
    """Show, and keep, what the daemon writes."""
    dialect = dialects.gateway(resources.profiles(desk.settings)[wanted.carrier], wanted.asked_at)
    reading = Reading(dialect)
    with _new_file(pcap) if pcap is not None else nullcontext() as copy:
        for octets in tracing.follow(desk.database, desk.settings.folder, wanted, desk.now):
            if copy is not None:
                copy.write(octets)
            for passed in reading.feed(octets):
                show(passed, dialect, desk.settings.zone(), as_json)


ENDS = {
    tracing.Stand.FULL: f";文件已满 {tracing.LARGEST >> 20} MiB,提前结束",
    tracing.Stand.SLOW: ";磁盘太慢,提前结束",
    tracing.Stand.FAILED: ";磁盘写不进,提前结束",
}


def _new_file(file: Path) -> BinaryIO:
    """A file that nobody but its owner may read, and that was not there before."""
    try:
        return os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    except OSError as wrong:
        raise Refused(f"写不了 {file}:{wrong.strerror}", "换一个文件名", USAGE) from None


# ---------------------------------------------------------------------------------------------------------------------


def _gateway(desk: Desk, tx: Connection) -> str | None:
    """Who runs the gateway now."""
    return lease.holder(tx, round(desk.now().timestamp() * 1000))


def _desk(ctx: typer.Context, name: str, verb: str) -> Desk:
    desk = open_desk(ctx.obj)
    desk.require(verb)
    if name not in desk.settings.values.carriers:
        raise NotFound(f"没有名为 {name} 的线路", f"可选:{'、'.join(desk.settings.values.carriers)}")
    return desk
