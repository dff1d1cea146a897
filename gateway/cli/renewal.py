"""`xinqiao renewal`: the yearly renewal, from the list of those who are asked to those who are let go."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import notices, renewal_desk, resources
from gateway.cli import screen
from gateway.cli.desk import Desk, open_desk
from gateway.cli.period import begins, day, months_before
from gateway.cli.whom import NOBODY, Who, find, named, place_in
from gateway.errors import USAGE, Refused
from gateway.renewal_desk import Member, Run
from roster import membership, store
from roster.audiences import Audience
from roster.membership import OUTCOME_LABELS, Outcome

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Number = Annotated[int | None, typer.Option("--run", help="第几次续聘;默认为最近一次")]


@app.command(help="开始一次续聘:列入长期没有来信、也收不到通知的人。不发任何短信。")
def start(
    ctx: typer.Context,
    answer_by: Annotated[str, typer.Option("--until", help="答复截止日,例如 2026-12-31")],
    months: Annotated[
        int | None, typer.Option(help="多少个月没有联系;默认用设置 roster.inactive_months", min=1)
    ] = None,
    as_json: Json = False,
) -> None:
    """The list is frozen; what comes of it is computed until the run is closed."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    zone = desk.settings.zone()
    today = desk.now().astimezone(zone).date()
    until = day(answer_by)
    if until <= today:
        raise Refused(f"答复截止日 {until} 应在今天之后", "留出询问和答复的时间", USAGE)
    since = months_before(today, months or desk.settings.values.roster.inactive_months)
    with desk.database.write() as tx:
        here = membership.standing(store.changes(tx, zone), today)
        run = renewal_desk.start(tx, here, begins(since, zone), since, until, actor, desk.now())
        people = renewal_desk.members(tx, run)
        desk.audit(tx, "renewal.start", f"renewal {run.id}", {"people": len(people)})
    data = {"run": run.id, "people": len(people), "answer_by": until}

    def render() -> None:
        screen.say(f"第 {run.id} 次续聘:{len(people)} 人,{until} 前答复", "green")
        screen.say("xinqiao renewal ask 起草询问短信;电话或上门询问后用 called、answer 登记")

    screen.emit(as_json, data, render)


@app.command("list", help="列出各次续聘。")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """Newest first."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    with desk.database.read() as tx:
        found = [(run, Counter(one.outcome for one in renewal_desk.members(tx, run))) for run in renewal_desk.runs(tx)]
    zone = desk.settings.zone()
    data = [asdict(run) | {"outcomes": dict(counted)} for run, counted in found]
    columns = ("#次", "开始", "截止", "结束", "#人数", *(f"#{label}" for label in OUTCOME_LABELS.values()))
    rows = [
        (
            run.id,
            screen.moment(run.opened_at, zone)[:10],
            run.answer_by,
            screen.moment(run.closed_at, zone)[:10],
            sum(counted.values()),
            *(counted[one] for one in OUTCOME_LABELS),
        )
        for run, counted in found
    ]
    screen.emit(as_json, data, lambda: screen.table("续聘", columns, rows))


@app.command(help="一次续聘的名单:每人问过没有、答复了什么。")
def show(ctx: typer.Context, number: Number = None, as_json: Json = False) -> None:
    """Masked, by township and name."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    with desk.database.read() as tx:
        run = renewal_desk.by_id(tx, number)
        data = _people(tx, desk, renewal_desk.members(tx, run))
    counted = Counter(Outcome(one["outcome"]) for one in data)

    def render() -> None:
        columns = ("#编号", "姓名", "号码", "乡镇", "类别", "结果", "依据")
        keys = ("person_id", "name", "phone", "township", "category", "label", "proof")
        title = f"第 {run.id} 次续聘,{run.answer_by} 前答复" + (",已结束" if run.closed_at else "")
        screen.table(title, columns, [[one[key] for key in keys] for one in data])
        rows = [(label, counted[one]) for one, label in OUTCOME_LABELS.items()]
        screen.table(f"共 {len(data)} 人", ("结果", "#人数"), rows)

    screen.emit(as_json, {"run": asdict(run), "people": data, "outcomes": dict(counted)}, render)


def _people(tx: sa.Connection, desk: Desk, members: list[Member]) -> list[dict[str, Any]]:
    who = named(tx, desk, [one.person_id for one in members])
    where = store.places(tx, [one.person_id for one in members])
    place = place_in(resources.lists(desk.settings).villages)
    members = sorted(
        members, key=lambda one: (place(where[one.person_id][1]), who.get(one.person_id, NOBODY), one.person_id)
    )
    return [
        {
            "person_id": one.person_id,
            "name": who.get(one.person_id, NOBODY)[1],
            "phone": who.get(one.person_id, NOBODY)[2],
            "township": where[one.person_id][1],
            "category": where[one.person_id][0],
            "called_at": one.called_at,
            "answer": one.answer,
            "proof": one.proof,
            "outcome": one.outcome.value,
            "label": OUTCOME_LABELS[one.outcome],
        }
        for one in members
    ]


@app.command(help="起草询问短信给名单上没有退订的人;照常由另一人批准后发送。")
def ask(
    ctx: typer.Context,
    text: Annotated[str, typer.Option(help="内容;签名会自动加在最前面")],
    number: Number = None,
) -> None:
    """A draft like every other; who has opted out or answered is not in it."""
    desk = open_desk(ctx.obj)
    desk.require("roster.edit")
    author = desk.require("notice.draft").name
    values = desk.settings.values
    body = notices.check_body(text, values.signature, values.notices.max_parts)
    with desk.database.write() as tx:
        run = renewal_desk.by_id(tx, number)
        people = renewal_desk.to_be_asked(tx, run)
        if not people:
            raise Refused("没有需要询问的人", "xinqiao renewal show 查看名单")
        one = notices.draft(
            tx,
            title=f"第{run.id}次续聘询问",
            topic=notices.TOPICS[-1],
            body=body,
            audience=Audience(persons=tuple(people)),
            author=author,
            now=desk.now(),
            validity_hours=values.notices.validity_hours,
        )
        renewal_desk.asked_by(tx, run, one.id)
        desk.audit(tx, "renewal.ask", f"renewal {run.id}", {"notice": one.id, "people": len(people)})
    screen.say(f"已起草第 {one.id} 号通知,对象 {len(people)} 人;由另一人批准:xinqiao notice approve {one.id}", "green")


@app.command(help="登记以电话、上门等方式问过,尚未得到答复。")
def called(
    ctx: typer.Context,
    who: Who,
    note: Annotated[str, typer.Option(help="经过,例如 电话三次无人接听")],
    number: Number = None,
) -> None:
    """Counts as asked."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    with desk.database.write() as tx:
        run = renewal_desk.by_id(tx, number)
        one = find(tx, desk, who)
        renewal_desk.called(tx, run, one.person_id, note, actor, desk.now())
        desk.audit(tx, "renewal.called", f"person {one.person_id}", {"run": run.id})
    screen.say(f"已登记:问过信息员 {one.person_id}", "green")


@app.command(help="登记答复:--stays 续聘,--leaves 不再担任(随即停用)。")
def answer(
    ctx: typer.Context,
    who: Who,
    proof: Annotated[str, typer.Option(help="依据,例如 本人来电,某日")],
    stays: Annotated[bool, typer.Option("--stays/--leaves", help="续聘,或不再担任")],
    number: Number = None,
) -> None:
    """With its proof."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    with desk.database.write() as tx:
        run = renewal_desk.by_id(tx, number)
        one = find(tx, desk, who)
        renewal_desk.answered(tx, run, one.person_id, stays, proof, actor, desk.now())
        desk.audit(tx, "renewal.answer", f"person {one.person_id}", {"run": run.id, "stays": stays})
    screen.say(f"信息员 {one.person_id}:{'续聘' if stays else '不再担任,已停用'}", "green" if stays else "yellow")


@app.command(help="结束一次续聘:问过而没有答复的停用。默认只试算;加 --apply 才执行。")
def close(
    ctx: typer.Context,
    number: Number = None,
    apply: Annotated[bool, typer.Option("--apply", help="执行(不加则只试算)")] = False,
    as_json: Json = False,
) -> None:
    """After the last day for answers. Who was not asked, or has opted out, is not stopped."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    today = desk.now().astimezone(desk.settings.zone()).date()
    with desk.database.write() if apply else desk.database.read() as tx:
        run: Run = renewal_desk.by_id(tx, number)
        if apply:
            people = list(renewal_desk.close(tx, run, today, actor, desk.now()))
            desk.audit(tx, "renewal.close", f"renewal {run.id}", dict(Counter(one.outcome for one in people)))
        else:
            people = renewal_desk.members(tx, run)
    counted = Counter(one.outcome for one in people)
    data = {"run": run.id, "applied": apply, "outcomes": dict(counted), "stopped": counted[Outcome.SILENT]}

    def render() -> None:
        rows = [(label, counted[one]) for one, label in OUTCOME_LABELS.items()]
        screen.table(f"第 {run.id} 次续聘,{len(people)} 人", ("结果", "#人数"), rows)
        verb = "已停用" if apply else "将停用"
        screen.say(f"{verb}问过而没有答复的 {counted[Outcome.SILENT]} 人", "yellow")
        if not apply:
            screen.say(f"{run.answer_by} 之后加 --apply 执行", "yellow")

    screen.emit(as_json, data, render)
