"""`xinqiao poll`: what the office asks before it decides (征求意见), and what came back."""

from collections import Counter
from datetime import timedelta
from typing import Annotated, Any

import typer

from gateway import polls
from gateway.casebook import Desk as CaseDesk
from gateway.cli import screen
from gateway.cli.audience import Categories, Townships, Villages, chosen
from gateway.cli.desk import Desk, open_desk
from gateway.cli.notice import WORDS as STATES
from gateway.cli.period import day
from gateway.errors import USAGE, Refused
from gateway.notices import asked
from gateway.notices import by_id as notice_by_id
from gateway.notices.asked import Question
from routing.asks import AnswerKind, AskKind
from routing.polls import FEWEST, Outcome, Row

Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Number = Annotated[int, typer.Argument(help="编号,与它的通知相同")]
app = typer.Typer(no_args_is_help=True, add_completion=False)
KEPT_BACK = "-"


@app.command(help="起草征求意见。选项默认 1同意 2不同意 3说不清;以后的试算、批准、发送都用 xinqiao notice。")
def draft(
    ctx: typer.Context,
    question: Annotated[str, typer.Option(help="问什么,例如:拟在人民广场建文化廊架,您是否同意?")],
    until: Annotated[str, typer.Option(help="截止日期(当日24时截止),例如 2026-12-05")],
    topic: Annotated[str, typer.Option(help="主题,同 xinqiao notice draft")],
    option: Annotated[list[str] | None, typer.Option(help="选项的文字,按顺序多次给出,最多9个")] = None,
    title: Annotated[str, typer.Option(help="标题(只在本系统中显示)")] = "",
    category: Categories = None,
    township: Townships = None,
    village: Villages = None,
    as_json: Json = False,
) -> None:
    """A notice that asks; nothing is sent."""
    desk = open_desk(ctx.obj)
    author = desk.require("notice.draft").name
    values = desk.settings.values
    with desk.database.write() as tx:
        one = polls.draft(
            tx,
            CaseDesk.from_settings(desk.settings).texts,
            words=question,
            options=option or polls.USUAL,
            until=day(until),
            zone=desk.settings.zone(),
            topic=topic,
            audience=chosen(desk, category, township, village),
            author=author,
            now=desk.now(),
            validity_hours=values.notices.validity_hours,
            max_parts=values.notices.max_parts,
            title=title,
        )
        desk.audit(tx, "poll.draft", f"notice {one.id}", {"digest": one.digest})
    data = {"id": one.id, "body": one.body, "audience": one.audience.describe(), "digest": one.digest}

    def render() -> None:
        screen.say(f"已起草第 {one.id} 号征求意见:{one.body}", "green")
        screen.say(f"xinqiao notice dry-run {one.id} 试算,由另一人 xinqiao notice approve {one.id} 批准")

    screen.emit(as_json, data, render)


@app.command("list", help="列出征求意见。")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """Newest first, with how many have voted."""
    desk = open_desk(ctx.obj)
    desk.require("poll.view")
    with desk.database.read() as tx:
        data = [_row(tx, desk, one) for one in asked.questions(tx, AskKind.POLL)]
    rows = [(one["id"], one["question"], one["until"], one["label"], one["turnout"], one["lead"]) for one in data]
    columns = ("#编号", "问题", "截止", "状态", "#投票/征求", "最多")
    screen.emit(as_json, data, lambda: screen.table(f"征求意见 {len(data)} 次", columns, rows))


def _row(tx: Any, desk: Desk, one: Question) -> dict[str, Any]:
    found = polls.outcome(tx, one)
    return {
        "id": one.notice_id,
        "question": one.words,
        "options": one.options,
        "until": _last_day(desk, one),
        "state": _state(tx, desk, one),
        "label": LABELS.get(_state(tx, desk, one), STATES.get(_state(tx, desk, one), "")),
        "asked": found.asked,
        "voted": found.voted,
        "turnout": screen.rate(found.voted, found.asked),
        "lead": found.lead(),
    }


LABELS = {"open": "征求中", "over": "已到期", "closed": "已截止"}


def _state(tx: Any, desk: Desk, one: Question) -> str:
    if one.closed_at is not None:
        return "closed"
    state = notice_by_id(tx, one.notice_id).state
    if state in polls.UNSENT:
        return state
    return "open" if one.is_open(desk.now()) else "over"


def _last_day(desk: Desk, one: Question) -> str:
    return f"{(one.closes_at - timedelta(seconds=1)).astimezone(desk.settings.zone()):%Y-%m-%d}"


@app.command(help="一次征求意见:问题、选项、对象,收到了多少答复;不显示谁投了什么。")
def show(ctx: typer.Context, poll_id: Number, as_json: Json = False) -> None:
    """How it stands."""
    desk = open_desk(ctx.obj)
    desk.require("poll.view")
    with desk.database.read() as tx:
        one = _poll(tx, poll_id)
        data = _row(tx, desk, one) | {"body": notice_by_id(tx, poll_id).body} | _beside(tx, one)
    shown = {
        "question": "问题",
        "body": "短信",
        "until": "截止",
        "label": "状态",
        "turnout": "投票/征求",
        "lead": "目前最多",
        "opinions": "意见(不选项)",
        "late": "截止后的",
        "not_asked": "未被征求者的",
    }
    rows = [(label, data[key]) for key, label in shown.items() if data[key] != ""]
    screen.emit(as_json, data, lambda: screen.table(f"第 {poll_id} 号征求意见", ("项目", "内容"), rows))


def _beside(tx: Any, one: Question) -> dict[str, int]:
    """What was answered and does not count as a vote."""
    given = polls.answers(tx, one.notice_id)
    return {
        "opinions": sum(row.kind == AnswerKind.OPINION for row in given),
        "late": sum(row.kind == AnswerKind.VOTE and row.apart == "late" for row in given),
        "not_asked": sum(row.kind == AnswerKind.VOTE and row.apart == "not_asked" for row in given),
    }


@app.command(help="补征:向当时正在答另一次征求意见、因而没有发到的人起草同一个问题;照常由另一人批准。")
def rest(ctx: typer.Context, poll_id: Number, as_json: Json = False) -> None:
    """Their votes count under the same number."""
    desk = open_desk(ctx.obj)
    author = desk.require("notice.draft").name
    with desk.database.write() as tx:
        _poll(tx, poll_id)
        one = polls.rest(tx, poll_id, author, desk.now())
        desk.audit(tx, "poll.rest", f"notice {poll_id}", {"draft": one.id})
    people = len(one.audience.persons or ())
    said = f"已起草第 {one.id} 号补征,{people} 人;由另一人 xinqiao notice approve {one.id} 批准"
    screen.emit(as_json, {"id": one.id, "people": people}, lambda: screen.say(said, "green"))


@app.command(help="提前截止并定案;此后结果不再变动。到截止日的会自动定案。")
def close(ctx: typer.Context, poll_id: Number, as_json: Json = False) -> None:
    """Frozen as it stands."""
    desk = open_desk(ctx.obj)
    actor = desk.require("poll.close").name
    with desk.database.write() as tx:
        _poll(tx, poll_id)
        one = polls.close(tx, poll_id, actor, desk.now())
        found = polls.outcome(tx, one)
        desk.audit(tx, "poll.close", f"notice {poll_id}", {"voted": found.voted, "asked": found.asked})
    said = f"第 {poll_id} 号已截止:投票 {screen.rate(found.voted, found.asked)};xinqiao poll result {poll_id}"
    screen.emit(as_json, {"id": poll_id, "voted": found.voted, "asked": found.asked}, lambda: screen.say(said, "green"))


@app.command(
    help=f"结果:按选项;截止定案后还有按类别、乡镇、村和理由。分组中不足{FEWEST}人的、可由合计推算出的不显示({KEPT_BACK})。"
)
def result(ctx: typer.Context, poll_id: Number, as_json: Json = False) -> None:
    """The same for ever once the poll is closed."""
    desk = open_desk(ctx.obj)
    desk.require("poll.view")
    with desk.database.read() as tx:
        one = _poll(tx, poll_id)
        found, beside = polls.outcome(tx, one), _beside(tx, one)
        state = _state(tx, desk, one)
    data = {"id": poll_id, "question": one.words, "until": _last_day(desk, one), "state": state}
    screen.emit(as_json, data | {"result": found} | beside, lambda: _print(data, found, beside))


def _print(data: dict[str, Any], found: Outcome, beside: dict[str, int]) -> None:
    label = LABELS.get(data["state"], STATES.get(data["state"], ""))
    screen.say(f"第 {data['id']} 号征求意见:{data['question']}({data['until']} 截止,{label})", "bold")
    turnout = screen.rate(found.voted, found.asked)
    screen.say(f"投票 {turnout};送达 {screen.rate(found.delivered, found.asked)}")
    if None in found.counts:
        screen.say(f"投票的不足 {FEWEST} 人,不显示选了什么", "yellow")
        return
    counts = [count or 0 for count in found.counts]
    rows = [
        (i, option, count, screen.rate(count, found.voted))
        for i, (option, count) in enumerate(zip(found.options, counts, strict=True), 1)
    ]
    screen.table("按选项", ("#", "选项", "#票数", "#占投票"), rows)
    for label, groups in (("类别", found.by_category), ("乡镇", found.by_township), ("村", found.by_village)):
        if groups:
            columns = (label, "#征求", "#投票", *(f"#{option}" for option in found.options))
            screen.table(f"按{label}", columns, [_cells(row) for row in groups])
    reasons = Counter(found.reasons).most_common()
    if reasons:
        told = [(found.options[option - 1], words, many) for (option, words), many in reasons]
        screen.table("理由(不含姓名、号码、地名)", ("选项", "理由", "#人数"), told)
    if data["state"] != "closed":
        screen.say("按类别、乡镇、村的结果和理由在截止定案后显示", "yellow")
    apart = [f"{label} {beside[key]}" for key, label in APART.items() if beside[key]]
    if apart:
        screen.say(f"另有:{'、'.join(apart)}(不计入);xinqiao notice replies {data['id']} 列出")


APART = {"opinions": "不选项的意见", "late": "截止后的答复", "not_asked": "未被征求者的答复"}


def _cells(row: Row) -> tuple[object, ...]:
    return (row.name, row.asked, *(KEPT_BACK if cell is None else cell for cell in (row.voted, *row.options)))


def _poll(tx: Any, poll_id: int) -> Question:
    one = asked.question_of(tx, poll_id)
    if one.kind is not AskKind.POLL:
        raise Refused(f"第 {poll_id} 号是会议通知,不是征求意见", f"xinqiao notice confirmed {poll_id}", USAGE)
    return one
