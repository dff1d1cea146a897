"""`xinqiao case`: the matters that citizens raised, from the queue to the reply.

The steps stand in `case_intake.py` and `case_steps.py`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import sqlalchemy as sa
import typer

from gateway import case_desk, case_queue, case_texts, channel_desk, order_paper, resources
from gateway.casebook import Desk as CaseDesk
from gateway.cli import case_advice, case_board, case_channels, due, screen, surveyed
from gateway.cli.case_steps import app
from gateway.cli.case_view import (
    Json,
    No,
    data_of,
    history,
    in_sight,
    of_unit,
    print_case,
    print_history,
    proposals,
    readable,
    reporter,
    visible,
)
from gateway.cli.desk import Desk, open_desk
from gateway.cli.units import unit_named
from gateway.errors import REFUSED, USAGE, Refused
from routing import store
from routing.cases import LABELS, SMS, Case


@app.command("list", help="列出办件,旧的在前。承办单位只看到自己的。")
def list_(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option(help="状态:" + "、".join(LABELS.values()))] = None,
    department: Annotated[str | None, typer.Option(help="承办单位")] = None,
    channel: Annotated[str | None, typer.Option(help="渠道")] = None,
    limit: Annotated[int, typer.Option(help="最多几件")] = 50,
    as_json: Json = False,
) -> None:
    """Without a word about who wrote."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.view")
    if state is not None and state not in list(LABELS):
        named = next((one for one, label in LABELS.items() if label == state), None)
        if named is None:
            raise Refused(f"没有状态 {state}", f"可选:{'、'.join(LABELS.values())}", USAGE)
        state = named
    only = (
        who.department if of_unit(desk) else department and unit_named(resources.departments(desk.settings), department)
    )
    way = channel and (resources.channels(desk.settings).find(channel) or channel)
    with desk.database.read() as tx:
        listed = store.listed(tx, state=state, department=only, channel=way, limit=limit)
        found = [readable(desk, one) for one in in_sight(desk, listed)]
        limits, waits = due.limits(tx, desk, found), due.waits(tx, desk, found)
    zone = desk.settings.zone()
    rows = [
        (
            one.number,
            LABELS[one.state],
            due.lamp(limits.get(one.id) if limits.get(one.id) != waits.get(one.id) else None),
            due.lamp(waits.get(one.id)),
            one.kind,
            one.lead,
            limits[one.id].due if one.id in limits else None,
            screen.moment(one.created_at, zone),
            one.text,
        )
        for one in found
    ]
    columns = ("编号", "状态", "灯", "沟通办", "类别", "主办", "期限", "登记", "内容…")
    data = [data_of(desk, one) | due.data_of(limits.get(one.id), waits.get(one.id)) for one in found]
    screen.emit(as_json, data, lambda: screen.table(f"办件 {len(found)} 件", columns, rows))


@app.command("next", help="等待本人处理的一件:特急在前,然后最早的在前。")
def next_(ctx: typer.Context, as_json: Json = False) -> None:
    """What the caller should look at now, in their roles."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.view")
    with desk.database.read() as tx:
        waiting = in_sight(desk, case_queue.waiting_for(tx, who.roles, who.department))
        seen = _seen(tx, desk, waiting[0]) if waiting else None
    if seen is None:
        screen.emit(as_json, None, lambda: screen.say("没有等待处理的件", "green"))
        return

    def render() -> None:
        seen.render()
        screen.say(f"等待处理的共 {len(waiting)} 件")

    screen.emit(as_json, seen.data | {"waiting": len(waiting)}, render)


@app.command(help="一件的详情和全部经过:谁、何时、为什么。承办单位看不到来信人。")
def show(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """The reporter masked, and only for the office."""
    desk = open_desk(ctx.obj)
    desk.require("case.view")
    with desk.database.read() as tx:
        seen = _seen(tx, desk, visible(tx, desk, number))
    screen.emit(as_json, seen.data, seen.render)


class _Seen(NamedTuple):
    """A case with everything that this reader may see of it: for programs, and for people."""

    data: dict[str, Any]
    render: Callable[[], None]


def _seen(tx: sa.Connection, desk: Desk, case: Case) -> _Seen:
    case = readable(desk, case)
    who = reporter(tx, desk, case)
    limit, office = due.limits(tx, desk, [case]).get(case.id), due.waits(tx, desk, [case]).get(case.id)
    entries = store.timeline(tx, case.id)
    lines = history(desk, case, entries, case_texts.words_of(tx, entries))
    master = store.by_id(tx, case.master_id).number if case.master_id else ""
    came = case_channels.came(tx, desk, case)
    silent, proposed = case_desk.silent_co_handlers(case, entries), proposals(tx, desk, case, entries)
    data = data_of(desk, case) | due.data_of(limit, office)
    data |= {"reporter": who, "master": master, "silent_co_handlers": silent, "proposed": proposed, "history": lines}

    def render() -> None:
        print_case(desk, case, limit, office, who, master, silent, proposed)
        case_channels.print_came(desk, came)
        print_history(desk, case.number, lines)

    return _Seen(data | {"origin": came}, render)


@app.command(help="一件的全部经过。")
def timeline(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """Who, when, why."""
    desk = open_desk(ctx.obj)
    desk.require("case.view")
    with desk.database.read() as tx:
        case = visible(tx, desk, number)
        entries = store.timeline(tx, case.id)
        lines = history(desk, case, entries, case_texts.words_of(tx, entries))
    screen.emit(as_json, lines, lambda: print_history(desk, case.number, lines))


@app.command(help="导出交办单(Word):工作职责、办理方式、回复时限、具体流程。不含来信人身份。")
def order(
    ctx: typer.Context,
    number: No,
    out: Annotated[Path | None, typer.Option("--out", help="文件名;不写则为 交办单-编号.docx")] = None,
    matter: Annotated[str, typer.Option(help="以摘要代替群众原话(原话可能暴露来信人时)")] = "",
    as_json: Json = False,
) -> None:
    """The paper of the latest written assignment."""
    desk = open_desk(ctx.obj)
    desk.require("case.order")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.read() as tx:
        case = visible(tx, desk, number)
        sheet = order_paper.sheet(tx, book, desk.vault, case, desk.settings.values.county, matter)
    file = out or Path(f"交办单-{sheet.number}.docx")
    try:
        order_paper.write(sheet, file)
    except OSError as wrong:
        raise Refused(f"写不了 {file}:{wrong.strerror}", "请换一个文件名或目录", USAGE) from None
    screen.emit(as_json, {"number": sheet.number, "file": str(file)}, lambda: screen.say(f"已写入 {file}", "green"))


@app.command(help="短信模板 T1 起:填入最长的实际内容后有多长、还剩多少字。")
def texts(
    ctx: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="有放不进一条短信的,退出码为1")] = False,
    as_json: Json = False,
) -> None:
    """Every text filled with the longest units, codes and states of this office."""
    desk = open_desk(ctx.obj)
    measured = resources.measured(desk.settings)
    rows = [
        (one.name, one.length, one.room if one.free else "", "" if one.fits else "放不进一条短信", one.text)
        for one in measured
    ]
    columns = ("编号", "#字数", "#自由内容可写", "", "填好的样子")
    screen.emit(as_json, measured, lambda: screen.table("短信模板(含签名,一条70字)", columns, rows))
    if check and not all(one.fits for one in measured):
        raise typer.Exit(REFUSED)


@app.command(help="登记其他渠道的来件,或把陌生来信立件。")
def new(
    ctx: typer.Context,
    channel: Annotated[str, typer.Option(help="渠道,如 信箱、热线、来访,见 channels.toml")] = "热线",
    text: Annotated[str, typer.Option(help="反映的内容")] = "",
    phone: Annotated[str | None, typer.Option(help="来件人的手机号码(有则短信答复)")] = None,
    name: Annotated[str, typer.Option(help="来件人姓名(加密保存,承办单位看不到)")] = "",
    received: Annotated[str, typer.Option(help="原渠道收到的时间,例如 2026-11-24 或 '2026-11-24 09:30'")] = "",
    reference: Annotated[str, typer.Option(help="原渠道的编号;同一编号不能登记两次")] = "",
    from_text: Annotated[int | None, typer.Option(help="由这条来信立件(来信编号)")] = None,
    again: Annotated[bool, typer.Option("--again", help="同一号码、同样的内容,确是另一件事")] = False,
    as_json: Json = False,
) -> None:
    """Same flow, same numbers; T1 goes out where a number is known."""
    desk = open_desk(ctx.obj)
    actor = desk.require("case.enter").name
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.write() as tx:
        if from_text is not None:
            person_id, words = case_texts.free(tx, from_text)
            case = case_desk.enter(
                tx, book, text=words, channel=SMS, person_id=person_id, actor=actor, now=desk.now(), text_id=from_text
            )
            case_texts.opened(tx, from_text, case, actor)
        else:
            one = case_channels.brought(desk, channel, text, phone or "", name, received, reference)
            numbers = resources.prefixes(desk.settings)
            case = channel_desk.enter(tx, book, desk.vault, numbers, one, actor, desk.now(), again)
        desk.audit(tx, "case.enter", case.number, {"channel": case.channel})
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(f"已登记 {case.number}", "green"))


@app.command(help="撤销最近一条来信对本件的归件:本件恢复原状,来信回到待人工。")
def undo(
    ctx: typer.Context,
    number: No,
    reason: Annotated[str, typer.Option(help="理由")] = "归件有误",
    as_json: Json = False,
) -> None:
    """The latest decision of correlation on this case."""
    desk = open_desk(ctx.obj)
    actor = desk.require("text.attach").name
    with desk.database.write() as tx:
        text_id = case_texts.last_decided(tx, visible(tx, desk, number))
        case = case_texts.undo(tx, text_id, actor, reason, desk.now())
        desk.audit(tx, "text.undo", f"text {text_id}", {"case": case.number})
    said = f"第 {text_id} 条来信已取消归件,{case.number} 现在是“{LABELS[case.state]}”"
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(said, "green"))


due.register(app, visible)
case_board.register(app)
case_advice.register(app)
surveyed.register(app)
case_channels.register(app)
