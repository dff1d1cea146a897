"""`xinqiao case`: the matters that citizens raised, from the queue to the reply."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import case_desk
from gateway.case_desk import Desk as CaseDesk
from gateway.cli import due, screen
from gateway.cli.desk import Desk, open_desk
from gateway.errors import USAGE, NotFound, Refused
from roster import store as roster_store
from roster.networks import carrier_of
from roster.phones import Fault, masked, parse
from routing import store
from routing.cases import GATES, KINDS, LABELS, Case, CaseState, Facts

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
No = Annotated[str, typer.Argument(help="受理编号")]
Reason = Annotated[str, typer.Option(help="理由")]

EVENTS = {
    "receive": "登记",
    "accept": "受理",
    "answer_direct": "直接答复",
    "reject": "不予受理",
    "assign": "交办",
    "reassign": "改派",
    "sign": "签收",
    "progress": "进展",
    "report": "反馈",
    "send_back": "退回重办",
    "approve": "审核通过",
    "phone_reply": "电话答复",
    "rate_ok": "满意",
    "rate_bad": "不满意",
    "rate_timeout": "未评价办结",
    "reply_undelivered": "答复未送达",
    "reply_delivered": "答复已送达",
    "uphold": "重办",
    "explain": "复核说明",
    "thanks": "感谢",
    "appeal": "异议",
    "follow_up": "补充",
    "unlink": "取消归件",
}


@app.command("list", help="列出办件,旧的在前。承办单位只看到自己的。")
def list_(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option(help="状态:" + "、".join(LABELS))] = None,
    department: Annotated[str | None, typer.Option(help="承办单位")] = None,
    limit: Annotated[int, typer.Option(help="最多几件")] = 50,
    as_json: Json = False,
) -> None:
    """Without a word about who wrote."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.view")
    only = who.department if "dept" in who.roles else department
    with desk.database.read() as tx:
        found = store.listed(tx, state=state, department=only, limit=limit)
    zone = desk.settings.zone()
    rows = [
        (
            one.number,
            LABELS[one.state],
            one.kind,
            one.lead,
            one.due_on,
            screen.moment(one.created_at, zone),
            one.text,
        )
        for one in found
    ]
    columns = ("编号", "状态", "类别", "主办", "期限", "登记", "内容")
    screen.emit(as_json, [_data(one) for one in found], lambda: screen.table(f"办件 {len(found)} 件", columns, rows))


@app.command("next", help="等待沟通办处理的最早一件。")
def next_(ctx: typer.Context, as_json: Json = False) -> None:
    """What the operator should look at now."""
    desk = open_desk(ctx.obj)
    desk.require("case.view")
    with desk.database.read() as tx:
        case = case_desk.next_for_operator(tx)
    if case is None:
        screen.emit(as_json, None, lambda: screen.say("没有等待处理的件", "green"))
        return
    screen.emit(as_json, _data(case), lambda: _print(desk, case, ""))


@app.command(help="一件的详情。承办单位看不到来信人。")
def show(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """The reporter masked, and only for the office."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.view")
    with desk.database.read() as tx:
        case = _visible(tx, desk, number)
        reporter = "" if "dept" in who.roles or case.person_id is None else _masked(tx, desk, case.person_id)
    data = _data(case) | ({"reporter": reporter} if reporter else {})
    screen.emit(as_json, data, lambda: _print(desk, case, reporter))


@app.command(help="一件的全部经过。")
def timeline(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """Who, when, why."""
    desk = open_desk(ctx.obj)
    desk.require("case.view")
    with desk.database.read() as tx:
        entries = store.timeline(tx, _visible(tx, desk, number).id)
    zone = desk.settings.zone()
    rows = [
        (
            screen.moment(one.at, zone, True),
            EVENTS.get(one.event, one.event),
            one.actor,
            LABELS[CaseState(one.to_state)],
            one.reason or one.data.get("reply", ""),
        )
        for one in entries
    ]
    columns = ("时间", "动作", "经手", "状态", "说明")
    screen.emit(as_json, [asdict(one) for one in entries], lambda: screen.table(f"{number} 经过", columns, rows))


@app.command(help="受理:定类别、主题、地点。")
def accept(
    ctx: typer.Context,
    number: No,
    kind: Annotated[str, typer.Option(help="类别:" + "、".join(KINDS))],
    topic: Annotated[str, typer.Option(help="主题")] = "",
    place: Annotated[str, typer.Option(help="地点")] = "",
    accused: Annotated[list[str] | None, typer.Option(help="被反映的单位,可多次;它不能承办")] = None,
    cleared: Annotated[list[str] | None, typer.Option(help="误认为被反映、实际没有的单位,可多次")] = None,
    as_json: Json = False,
) -> None:
    """NEW to ACCEPTED."""
    desk = open_desk(ctx.obj)
    book = _desk(desk)
    facts = {
        "kind": kind,
        "topic": topic,
        "place": place,
        "accused": tuple(_department(book, name) for name in accused or ()),
        "cleared": tuple(_department(book, name) for name in cleared or ()),
    }
    _act(desk, number, "accept", "operator", "case.accept", facts, as_json)


@app.command(help="不予受理,并告诉群众应向哪里反映。")
def reject(
    ctx: typer.Context,
    number: No,
    reason: Reason,
    where: Annotated[str, typer.Option(help="应向哪里反映")],
    as_json: Json = False,
) -> None:
    """NEW to REJECTED."""
    facts = {"reason": reason, "where": where}
    _act(open_desk(ctx.obj), number, "reject", "operator", "case.accept", facts, as_json)


@app.command(help="直接答复咨询。")
def answer(
    ctx: typer.Context, number: No, reply: Annotated[str, typer.Option(help="答复内容")], as_json: Json = False
) -> None:
    """NEW to REPLIED, inquiries only."""
    facts = {"kind": "咨询", "reply": reply}
    _act(open_desk(ctx.obj), number, "answer_direct", "operator", "case.accept", facts, as_json)


@app.command(help="交办:主办、协办、期限。被反映的单位会被拒绝。")
def assign(
    ctx: typer.Context,
    number: No,
    lead: Annotated[str, typer.Option(help="主办单位")],
    due: Annotated[str, typer.Option(help="办理期限,例如 2026-12-04")],
    co: Annotated[list[str] | None, typer.Option(help="协办单位,可多次")] = None,
    method: Annotated[str, typer.Option(help="办理方式")] = "",
    reason: Annotated[str, typer.Option(help="改派或重办的理由")] = "",
    as_json: Json = False,
) -> None:
    """Also assigns again, with a reason: wrong lead, or a complaint upheld."""
    desk = open_desk(ctx.obj)
    book = _desk(desk)
    facts = {
        "lead": _department(book, lead),
        "co_handlers": tuple(_department(book, name) for name in co or ()),
        "due": _date(due),
        "method": method,
        "reason": reason,
    }
    with desk.database.read() as tx:
        state = case_desk.find(tx, number).state
    event = {"assigned": "reassign", "dissatisfied": "uphold"}.get(state, "assign")
    role, verb = ("reviewer", "case.review") if event == "uphold" else ("operator", "case.assign")
    _act(desk, number, event, role, verb, facts, as_json)


@app.command(help="签收(承办单位)。")
def sign(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """ASSIGNED to IN_PROGRESS."""
    _act(open_desk(ctx.obj), number, "sign", "dept", "case.sign", {}, as_json)


@app.command(help="反馈办理结果和给群众的答复;未签收的同时签收。")
def report(
    ctx: typer.Context,
    number: No,
    reply: Annotated[str | None, typer.Option(help="给群众的答复")] = None,
    reply_file: Annotated[Path | None, typer.Option(help="答复所在的文本文件")] = None,
    outcome: Annotated[str, typer.Option(help="结果,如 已解决、部分解决、已解释")] = "已解决",
    reason: Annotated[str, typer.Option(help="办理情况(内部)")] = "",
    as_json: Json = False,
) -> None:
    """IN_PROGRESS to REPORTED; the reply goes out when it is approved."""
    desk = open_desk(ctx.obj)
    words = reply_file.read_text(encoding="utf-8-sig") if reply_file else reply or ""
    facts = {"reply": words, "outcome": outcome, "reason": reason}
    _act(desk, number, "report", "dept", "case.report", facts, as_json)


@app.command("send-back", help="审核不通过,退回重办。")
def send_back(
    ctx: typer.Context,
    number: No,
    gate: Annotated[str, typer.Option(help="未通过的一关:e 证据、p 程序、y 政策")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """REPORTED to IN_PROGRESS, one round further."""
    facts = {"failed_gate": gate, "reason": reason}
    _act(open_desk(ctx.obj), number, "send_back", "reviewer", "case.review", facts, as_json)


@app.command(help="三关审核通过,答复短信随即发出。交办人不能审核。")
def approve(
    ctx: typer.Context,
    number: No,
    gates: Annotated[str, typer.Option(help="已确认的关:e,p,y")],
    as_json: Json = False,
) -> None:
    """REPORTED to REPLIED; the reply's receipt will stand on the case."""
    ticked = frozenset(gate.strip() for gate in gates.split(","))
    if ticked - GATES.keys():
        raise Refused(f"没有这样的关:{'、'.join(sorted(ticked - GATES.keys()))}", "e 证据、p 程序、y 政策", USAGE)
    _act(open_desk(ctx.obj), number, "approve", "reviewer", "case.review", {"gates": ticked}, as_json)


@app.command("phone-reply", help="答复短信送不到时,登记电话答复。")
def phone_reply(
    ctx: typer.Context,
    number: No,
    reason: Annotated[str, typer.Option(help="何时、由谁、说了什么")],
    as_json: Json = False,
) -> None:
    """REPORTED to REPLIED by a call."""
    _act(open_desk(ctx.obj), number, "phone_reply", "operator", "case.report", {"reason": reason}, as_json)


@app.command(help="不满意的件经复核后说明理由办结。")
def explain(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """DISSATISFIED to CLOSED; it stays dissatisfied in the statistics."""
    _act(open_desk(ctx.obj), number, "explain", "reviewer", "case.review", {"reason": reason}, as_json)


@app.command(help="登记其他渠道的来件,或把陌生来信立件。")
def new(
    ctx: typer.Context,
    channel: Annotated[str, typer.Option(help="渠道,如 信箱、热线、来访")] = "热线",
    text: Annotated[str, typer.Option(help="反映的内容")] = "",
    phone: Annotated[str | None, typer.Option(help="来件人的手机号码(有则短信答复)")] = None,
    from_text: Annotated[int | None, typer.Option(help="由这条来信立件(来信编号)")] = None,
    as_json: Json = False,
) -> None:
    """Same flow, same numbers; T1 goes out where a number is known."""
    desk = open_desk(ctx.obj)
    actor = desk.require("case.enter").name
    with desk.database.write() as tx:
        person_id, words, way = _reporter(tx, desk, phone), text, channel
        if from_text is not None:
            person_id, words = _text_of(tx, from_text)
            way = "sms"
        if not words.strip():
            raise Refused("没有写反映的内容", "用 --text 写明,或用 --from-text 指明来信", USAGE)
        case = case_desk.enter(
            tx,
            _desk(desk),
            text=words,
            channel=way,
            person_id=person_id,
            actor=actor,
            now=desk.now(),
            text_id=from_text,
        )
        if from_text is not None:
            case_desk.link(tx, from_text, case.number, actor, desk.now())
        desk.audit(tx, "case.enter", case.number, {"channel": way})
    screen.emit(as_json, _data(case), lambda: screen.say(f"已登记 {case.number}", "green"))


@app.command(help="把一条来信归入本人的件(人工选择)。")
def link(ctx: typer.Context, text_id: Annotated[int, typer.Argument(help="来信编号")], number: No) -> None:
    """The operator decides."""
    _link(ctx, text_id, number)


@app.command(help="取消一条来信的归件。")
def unlink(ctx: typer.Context, text_id: Annotated[int, typer.Argument(help="来信编号")]) -> None:
    """It goes back to the queue."""
    _link(ctx, text_id, None)


# ---------------------------------------------------------------------------------------------------------------------


def _act(desk: Desk, number: str, event: str, role: str, verb: str, facts: dict[str, Any], as_json: bool) -> None:
    """One step: rights, rule, store, outbox, audit, in one transaction."""
    who = desk.require(verb)
    played = role if role != "dept" or "dept" in who.roles else "operator"
    given = Facts(actor=who.name, now=desk.now(), department=who.department or "", **facts)
    do = case_desk.report if event == "report" else None
    with desk.database.write() as tx:
        if do is not None:
            case = do(tx, _desk(desk), number, played, given)
        else:
            case = case_desk.act(tx, _desk(desk), number, event, played, given)
        desk.audit(tx, f"case.{event}", case.number, {"state": case.state})
    said = f"{case.number} {EVENTS.get(event, event)}:现在是“{LABELS[case.state]}”"
    screen.emit(as_json, _data(case), lambda: screen.say(said, "green"))


def _link(ctx: typer.Context, text_id: int, number: str | None) -> None:
    desk = open_desk(ctx.obj)
    actor = desk.require("case.enter").name
    with desk.database.write() as tx:
        case_desk.link(tx, text_id, number, actor, desk.now())
        desk.audit(tx, "case.link", f"text {text_id}", {"case": number})
    screen.say(f"第 {text_id} 条来信{f'已归入 {number}' if number else '已取消归件'}", "green")


def _desk(desk: Desk) -> CaseDesk:
    return CaseDesk.from_settings(desk.settings)


def _visible(tx: Any, desk: Desk, number: str) -> Case:
    """The case, if this operator may see it: a unit sees only its own, and never one about itself."""
    case = case_desk.find(tx, number)
    unit = desk.operator.department
    if "dept" in desk.operator.roles and (unit not in (case.lead, *case.co_handlers) or unit in case.accused):
        raise NotFound(f"没有编号为 {number} 的件", "xinqiao case list 列出本单位的件")
    return case


def _department(book: CaseDesk, written: str) -> str:
    unit = book.departments.find(written)
    if unit is None:
        like = "、".join(one.name for one in book.departments.units if set(written) & set(one.name))[:80]
        raise Refused(f"没有名为“{written}”的承办单位", f"相近的:{like or '无'}", USAGE)
    return unit.name


def _date(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"看不懂日期 {written}", "写成 2026-12-04 的样子", USAGE) from None


def _reporter(tx: Any, desk: Desk, phone: str | None) -> int | None:
    if phone is None:
        return None
    number = parse(phone)
    if isinstance(number, Fault):
        raise Refused(number.reason, "写11位手机号码", USAGE)
    from gateway import resources

    belonging = carrier_of(number, None, None, resources.prefixes(desk.settings), desk.now())
    return roster_store.find_or_add_person(tx, desk.vault, number, belonging, desk.now()).id


def _text_of(tx: Any, text_id: int) -> tuple[int, str]:
    found = case_desk.text_of(tx, text_id)
    if found is None:
        raise NotFound(f"没有第 {text_id} 条来信", "xinqiao text list 列出来信")
    return found


def _masked(tx: Any, desk: Desk, person_id: int) -> str:
    return masked(roster_store.phones(tx, desk.vault, [person_id]).get(person_id, ""))


def _data(case: Case) -> dict[str, Any]:
    """A case for programs: never the person, only their pseudonym."""
    data = asdict(case)
    person_id = data.pop("person_id")
    return data | {"reporter_id": f"R{person_id}" if person_id else None, "label": LABELS[case.state]}


def _print(desk: Desk, case: Case, reporter: str) -> None:
    zone = desk.settings.zone()
    rows = [
        ("状态", LABELS[case.state]),
        ("内容", case.text),
        ("来信人", reporter or (f"R{case.person_id}" if case.person_id else "(无号码)")),
        ("渠道", case.channel),
        ("登记", screen.moment(case.created_at, zone)),
        ("类别", case.kind),
        ("主题 / 地点", " / ".join(filter(None, (case.topic, case.place)))),
        ("被反映单位", "、".join(case.accused)),
        ("主办 / 协办", " / ".join(filter(None, (case.lead, "、".join(case.co_handlers))))),
        ("期限", case.due_on),
        ("答复", case.reply),
        (
            "答复短信",
            {"pending": "发送中", "delivered": "已送达", "undelivered": "未送达", "called": "电话"}.get(
                case.reply_delivery or "", ""
            ),
        ),
        ("评价", {1: "满意", 2: "基本满意", 3: "不满意"}.get(case.rating or 0, "未评价")),
        ("轮次", case.round),
    ]
    screen.table(case.number, ("项目", "内容"), [row for row in rows if row[1]])


due.register(app, _visible)
