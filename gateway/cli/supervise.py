"""`xinqiao supervise`: what is under supervision, what a watched case did, and what a month calls for."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from gateway import case_record, supervision_desk, supervision_records, watch_desk
from gateway.casebook import Desk as CaseDesk
from gateway.casebook import find
from gateway.cli import period, screen
from gateway.cli.case_board import AsOf, moment
from gateway.cli.case_steps import supervised
from gateway.cli.case_view import Json, label
from gateway.cli.desk import Desk, open_desk
from gateway.cli.period import day
from gateway.errors import USAGE, NotFound, Refused
from gateway.supervision_desk import Month
from gateway.supervision_records import Record, Span
from gateway.watch_desk import Unseen
from routing.cases import LABELS, SUPERVISIONS, CaseState
from routing.deadlines import LAMP_LABELS
from routing.supervision import FORMS, Form

app = typer.Typer(no_args_is_help=True, add_completion=False)


Reason = Annotated[str, typer.Option(help="理由")]
Kind = Annotated[str, typer.Option(help="种类:" + "、".join(SUPERVISIONS) + ";不写为第一种")]
Cases = Annotated[list[str] | None, typer.Option("--case", help="有关的办件,可多次")]
Due = Annotated[str, typer.Option(help="期限,例如 2026-12-11")]


@app.command("open", help="督办立项:一件(写编号,一事一督办),或一个单位(--unit,不作为、推诿)。")
def open_(
    ctx: typer.Context,
    reason: Reason,
    number: Annotated[str, typer.Argument(help="受理编号")] = "",
    unit: Annotated[str, typer.Option("--unit", help="单位")] = "",
    kind: Kind = "",
    case: Cases = None,
    due: Due = "",
    as_json: Json = False,
) -> None:
    """A case by its number, else a unit."""
    if bool(number) == bool(unit):
        raise Refused("请指明督办哪一件,或哪个单位", "写编号,或 --unit 单位", USAGE)
    if number:
        supervised(ctx, number, reason, kind, False, as_json)
    else:
        _open(ctx, Form.UNIT, as_json, kind=kind, unit=unit, reason=reason, due=day(due) if due else None, numbers=case)


@app.command(help="一题一专项:一个地点、一个主题立项,其中的件都列入。")
def special(
    ctx: typer.Context,
    place: Annotated[str, typer.Option("--place", help="地点")],
    topic: Annotated[str, typer.Option("--topic", help="主题")],
    reason: Reason,
    kind: Kind = "",
    case: Cases = None,
    due: Due = "",
    as_json: Json = False,
) -> None:
    """Cases of the place and topic belong to it by themselves."""
    given = {"kind": kind, "place": place, "topic": topic, "reason": reason, "numbers": case}
    _open(ctx, Form.SPECIAL, as_json, due=day(due) if due else None, **given)


@app.command(help="作风问题处置:警示函、约谈或快查,种类和天数见 cases.toml。")
def conduct(
    ctx: typer.Context,
    unit: Annotated[str, typer.Option("--unit", help="单位")],
    measure: Annotated[str, typer.Option("--measure", help="处置")],
    reason: Reason,
    kind: Kind = "",
    case: Cases = None,
    due: Due = "",
    as_json: Json = False,
) -> None:
    """Only the supervision office, director and leaders see it."""
    given = {"kind": kind, "unit": unit, "measure": measure, "reason": reason, "numbers": case}
    _open(ctx, Form.CONDUCT, as_json, due=day(due) if due else None, **given)


@app.command(help="督办结束:一件(写编号),或督办第几号(写数字)。")
def close(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(help="受理编号,或督办第几号")],
    result: Annotated[str, typer.Option("--result", help="结果;一件的为解除督办的理由")],
    as_json: Json = False,
) -> None:
    """With what came of it."""
    if not what.isdecimal():
        supervised(ctx, what, result, "", True, as_json)
        return
    desk = open_desk(ctx.obj)
    actor = desk.require("supervision.open").name
    with desk.database.write() as tx:
        one = supervision_records.close_record(tx, int(what), result, actor, desk.now())
        desk.audit(tx, "supervision.close", f"supervision {one.id}")
    screen.emit(as_json, one, lambda: screen.say(f"督办第 {one.id} 号已办结:{one.result}", "green"))


@app.command("list", help="督办的件、单位、专项、作风处置:种类、谁、何时、为什么;默认只列没有结束的。")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="包括已结束的")] = False,
    kind: Kind = "",
    as_json: Json = False,
) -> None:
    """Cases with their lamps."""
    desk = open_desk(ctx.obj)
    desk.require("case.watch")
    book = CaseDesk.from_settings(desk.settings)
    now = desk.now()
    with desk.database.read() as tx:
        spans = [one for one in supervision_records.spans(tx, now) if kind in ("", one.kind)]
        spans = [one for one in spans if everything or one.closed_at is None]
        found = [
            one
            for one in supervision_records.records(tx, open_only=not everything)
            if kind in ("", one.kind) and _may_see(desk, one)
        ]
        cases = {one.number: find(tx, one.number) for one in spans}
        limits = case_record.limits(tx, cases.values(), book.terms, book.calendar, now)
    data = {
        "cases": [
            asdict(one) | {"state": cases[one.number].state, "full_watch": cases[one.number].full_watch}
            for one in spans
        ],
        "records": found,
    }
    zone = desk.settings.zone()

    def render() -> None:
        rows = [
            (
                *_span(one, zone),
                LABELS[cases[one.number].state],
                LAMP_LABELS[limits[cases[one.number].id].lamp] if cases[one.number].id in limits else "",
                "全程" if cases[one.number].full_watch else "",
            )
            for one in spans
        ]
        columns = ("编号", "主办", "种类", "理由", "立项", "何时", "结束", "状态", "灯", "")
        screen.table(f"一事一督办 {len(spans)} 件", columns, rows)
        _print_records(found, zone)

    screen.emit(as_json, data, render)


@app.command(help="督办第几号的详情和其中的件。")
def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="督办第几号")],
    as_json: Json = False,
) -> None:
    """A unit's, a special's."""
    desk = open_desk(ctx.obj)
    desk.require("case.watch")
    with desk.database.read() as tx:
        one = supervision_records.record(tx, number)
        if not _may_see(desk, one):
            raise NotFound(f"没有督办第 {number} 号", "xinqiao supervise list 列出全部")
        cases = [find(tx, each) for each in one.cases]
    zone = desk.settings.zone()

    def render() -> None:
        _print_records([one], zone)
        rows = [(each.number, each.lead, LABELS[each.state], screen.moment(each.created_at, zone)) for each in cases]
        screen.table(f"其中的件 {len(cases)} 件", ("编号", "主办", "状态", "登记"), rows)

    screen.emit(as_json, one, render)


@app.command(help="全程督办一件:每一步都告知督查室;--end 结束。")
def follow(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="受理编号")],
    reason: Reason,
    end: Annotated[bool, typer.Option("--end", help="结束全程督办")] = False,
    as_json: Json = False,
) -> None:
    """A text in office hours where the supervision office has a number; the list of `watch` in any case."""
    desk = open_desk(ctx.obj)
    actor = desk.require("supervision.watch").name
    do = watch_desk.end if end else watch_desk.follow
    with desk.database.write() as tx:
        case = do(tx, number, reason, actor, desk.now())
        desk.audit(tx, "supervision.watch", case.number, {"end": end})
    said = f"{case.number} {'已结束全程督办' if end else '已列入全程督办'}"
    screen.emit(as_json, {"number": case.number, "full_watch": case.full_watch}, lambda: screen.say(said, "green"))


@app.command(help="全程督办的件还没有看过的步骤;看过后用 seen 销去。")
def watch(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="受理编号;不写为全部")] = "",
    as_json: Json = False,
) -> None:
    """Oldest first."""
    desk = open_desk(ctx.obj)
    desk.require("supervision.watch")
    with desk.database.read() as tx:
        found = watch_desk.unseen(tx, number)
    screen.emit(as_json, found, lambda: _print_unseen(found, desk.settings.zone()))


@app.command(help="看过了:销去一件到第几步为止的步骤(步号见 watch)。")
def seen(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="受理编号")],
    up_to: Annotated[int, typer.Option("--to", help="到哪个步号为止(含);以后的仍待看")],
    as_json: Json = False,
) -> None:
    """What came while somebody read stays to be seen."""
    desk = open_desk(ctx.obj)
    desk.require("supervision.watch")
    with desk.database.write() as tx:
        count = watch_desk.tick_off(tx, number, up_to)
        desk.audit(tx, "supervision.seen", number.upper(), {"to": up_to, "steps": count})
    screen.emit(as_json, {"steps": count}, lambda: screen.say(f"已销去 {count} 步", "green"))


@app.command(help="一个月的预警(不满意票)、按期答复率和末位、约谈名单、同一问题再次反映。")
def warnings(
    ctx: typer.Context,
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-11;不写为本月")] = "",
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Each level once in a month and once in a year; a month that is not over as far as it has come."""
    desk = open_desk(ctx.obj)
    last = moment(desk, as_of).astimezone(desk.settings.zone()).date()
    name = f"{period.month(month, last)}"[:7]
    if name > f"{last}"[:7]:
        raise Refused(f"{name} 还没有到", "写本月或过去的月份", USAGE)
    desk.require("case.watch")
    now = moment(desk, as_of)
    book = supervision_desk.as_known(CaseDesk.from_settings(desk.settings), now)
    with desk.database.read() as tx:
        found = supervision_desk.look_at_month(tx, book, name, now)
    screen.emit(as_json, found, lambda: _print(found, book.ladder.summon_months))


def _print(found: Month, months: int) -> None:
    warned = [(one.unit, one.level.level, one.level.measure, one.period, one.votes, one.on) for one in found.warned]
    screen.table(f"{found.month} 预警", ("单位", "级别", "措施", "期间", "#票数", "达到之日"), warned)
    votes = [(one.unit, screen.rate(one.dissatisfied, one.rated), one.year) for one in found.votes]
    screen.table("不满意票", ("单位", "当月不满意率", "#当年票数"), votes)
    rates = [
        (one.unit, screen.rate(one.numerator, one.denominator), "末位" if one.unit in found.bottom else "")
        for one in found.standings
    ]
    screen.table("按期答复率(当月到期的件)", ("单位", "按期答复率", ""), rates)
    whom = "、".join(found.summoned) or "无"
    screen.say(f"约谈名单(连续{months}个月末位):{whom}", "bold red" if found.summoned else "")
    repeats = [(one.problem, one.times, "、".join(one.cases), one.case) for one in found.repeats]
    screen.table("同一问题再次反映", ("问题", "#次数", "编号", "本次"), repeats)


def _open(ctx: typer.Context, form: Form, as_json: bool, **given: Any) -> None:
    """A record about a unit, its conduct, or a place and topic."""
    desk = open_desk(ctx.obj)
    actor = desk.require("supervision.open").name
    book = CaseDesk.from_settings(desk.settings)
    given["numbers"] = tuple(given.pop("numbers") or ())
    with desk.database.write() as tx:
        one = supervision_records.open_record(tx, book, form, **given, actor=actor, now=desk.now())
        desk.audit(
            tx, "supervision.open", f"supervision {one.id}", {"form": form, "kind": one.kind, "about": one.about}
        )
    said = f"督办第 {one.id} 号({FORMS[form]})已立项:{one.about},{len(one.cases)} 件"
    screen.emit(as_json, one, lambda: screen.say(said, "green"))


def _may_see(desk: Desk, one: Record) -> bool:
    """How conduct is dealt with is between the supervision office and the leaders."""
    return one.form is not Form.CONDUCT or not {"supervisor", "director", "leader"}.isdisjoint(desk.operator.roles)


def _span(one: Span, zone: Any) -> tuple[object, ...]:
    until = screen.moment(one.closed_at, zone)[:10]
    return one.number, one.unit, one.kind, one.reason, one.opened_by, screen.moment(one.opened_at, zone)[:10], until


def _print_records(found: Sequence[Record], zone: Any) -> None:
    rows = [
        (
            *(one.id, supervision_records.label(one), one.about, one.kind, one.reason, one.due or "", one.opened_by),
            *(screen.moment(one.opened_at, zone)[:10], len(one.cases), one.result),
        )
        for one in found
    ]
    columns = ("#号", "形式", "对象", "种类", "理由", "期限", "立项", "何时", "#件数", "结果")
    screen.table(f"单位督办、专项、作风处置 {len(found)} 项", columns, rows)


def _print_unseen(found: Sequence[Unseen], zone: Any) -> None:
    rows = [
        (
            *(one.id, one.number, screen.moment(one.at, zone), label(one.event), one.actor),
            *(LABELS[CaseState(one.state)], one.reason),
        )
        for one in found
    ]
    screen.table(f"未看的步骤 {len(found)} 步", ("#步号", "编号", "时间", "动作", "经手", "状态", "理由"), rows)
