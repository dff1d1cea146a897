"""`xinqiao text`: what came in, what was decided about it and why."""

from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import answers, case_texts
from gateway.case_words import hider
from gateway.casebook import Desk as CaseDesk
from gateway.cli import screen
from gateway.cli.case_view import barred, concealed, pseudonym
from gateway.cli.desk import Desk, open_desk
from gateway.errors import USAGE, Refused
from gateway.tables import case_ticket, quarantine
from gateway.tables import text as text_table
from roster import store as roster_store
from roster.phones import masked
from roster.tables import informant
from routing import staff
from routing import store as case_store
from routing.cases import LABELS, Case
from routing.inbound import DecisionKind
from routing.words import alike

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]

DECISIONS = {
    "new_case": "新件",
    "follow_up": "补充",
    "recurrence": "再次发生",
    "rating": "评价",
    "vote": "投票",
    "uncounted_vote": "不计的投票",
    "opinion": "意见",
    "confirmation": "确认收到",
    "asked_back": "已追问",
    "command": "指令",
    "thanks": "感谢",
    "acknowledgement": "收到",
    "unknown_sender": "陌生来信",
    "unclear": "待人工",
    "empty": "空",
    "nothing": "监测零报告",
    "staff": "单位短信",
    "binary": "二进制",
    "flood": "过频",
}
QUEUES = {"unknown": ("unknown_sender",), "unclear": ("unclear", "asked_back")}


@app.command("list", help="列出来信,最近的在前。")
def list_(
    ctx: typer.Context,
    queue: Annotated[str | None, typer.Option(help="只列待处理的:unknown 陌生来信,unclear 待人工")] = None,
    after: Annotated[int, typer.Option(help="只列编号大于此数的")] = 0,
    limit: Annotated[int, typer.Option(help="最多几条")] = 50,
    clear: Annotated[bool, typer.Option("--clear", help="显示完整号码(需要授权,会留下记录)")] = False,
    as_json: Json = False,
) -> None:
    """Each with its sender, its words and the decision."""
    desk = open_desk(ctx.obj)
    desk.require("text.view")
    if clear:
        desk.require("roster.reveal")
        with desk.database.write() as tx:
            desk.audit(tx, "roster.reveal", "text list", {"limit": limit})
    query = (
        sa.select(text_table, case_ticket.c.number.label("case"), informant.c.category)
        .join_from(text_table, case_ticket, case_ticket.c.id == text_table.c.case_id, isouter=True)
        .join(informant, informant.c.person_id == text_table.c.person_id, isouter=True)
        .where(text_table.c.id > after)
        .order_by(text_table.c.id.desc())
        .limit(limit)
    )
    if queue is not None:
        query = query.where(text_table.c.decision.in_(QUEUES.get(queue, ())), text_table.c.handled_at.is_(None))
    with desk.database.read() as tx:
        found = list(tx.execute(query).all())
        numbers = roster_store.phones(tx, desk.vault, {row.person_id for row in found})
        hidden = {} if clear else concealed(tx, desk, [row.case_id for row in found])
        found = [row for row in found if not barred(desk, hidden.get(row.case_id))]
        bodies = {row.id: text_body(tx, desk, row.body, hidden.get(row.case_id)) for row in found}
    zone = desk.settings.zone()

    def sender(row: sa.Row[Any]) -> str:
        if row.case_id in hidden:
            return pseudonym(hidden[row.case_id])
        number = numbers.get(row.person_id, "")
        return number if clear else masked(number)

    data = [
        {
            "id": row.id,
            "from": sender(row),
            "person_id": None if row.case_id in hidden else row.person_id,
            "informant": row.category is not None,
            "carrier": row.carrier,
            "destination": row.destination,
            "extension": row.extension,
            "body": staff.hidden(row.body) if row.decision == DecisionKind.STAFF else bodies[row.id],
            "complete": row.complete,
            "received_at": screen.moment(row.received_ms, zone, True),
            "decision": row.decision,
            "case": row.case,
            "reason": row.reason,
            "confidence": row.confidence,
            "handled": row.handled_at is not None,
        }
        for row in found
    ]
    lines = [
        (
            one["id"],
            one["received_at"][:16],
            one["from"],
            DECISIONS.get(str(one["decision"]), one["decision"]),
            one["case"],
            one["body"],
            one["reason"],
        )
        for one in data
    ]
    columns = ("#编号", "时间", "来信人", "处理", "件号", "内容…", "依据")
    screen.emit(as_json, data, lambda: screen.table(f"来信 {len(data)} 条", columns, lines))


def text_body(tx: sa.Connection, desk: Desk, body: str, case: Case | None) -> str:
    """What a text says; without who wrote, where it belongs to a case whose reporter the caller may not know."""
    return body if case is None else hider(tx, desk.vault, case).words(body)


@app.command(help="把陌生来信或待人工的来信标记为已处理。")
def handled(ctx: typer.Context, text_id: Annotated[int, typer.Argument(help="来信编号")]) -> None:
    """Out of the queue, by whom."""
    desk = open_desk(ctx.obj)
    who = desk.require("text.view")
    with desk.database.write() as tx:
        case_texts.handled(tx, text_id, who.name, desk.now())
        desk.audit(tx, "text.handled", f"text {text_id}")
    screen.say("已标记", "green")


@app.command(help="列出待人工归件的来信,旧的在前,附来信人自己的件。")
def unsettled(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(help="最多几条")] = 50,
    as_json: Json = False,
) -> None:
    """What was not clear enough to decide by rule, and what it could belong to."""
    desk = open_desk(ctx.obj)
    desk.require("text.view")
    with desk.database.read() as tx:
        found = case_texts.unsettled(tx, limit)
        numbers = roster_store.phones(tx, desk.vault, {row.person_id for row in found})
        theirs = {row.person_id: case_store.dialogues(tx, row.person_id) for row in found}
        hidden = concealed(tx, desk, [one.case_id for several in theirs.values() for one in several])
        words = {case.id: text_body(tx, desk, case.text, case) for case in hidden.values()}
        known = {
            row.id: next((hidden[one.case_id] for one in theirs[row.person_id] if one.case_id in hidden), None)
            for row in found
        }
        bodies = {row.id: text_body(tx, desk, row.body, known[row.id]) for row in found}
    zone = desk.settings.zone()
    data = [
        {
            "id": row.id,
            "from": "" if known[row.id] else masked(numbers.get(row.person_id, "")),
            "body": bodies[row.id],
            "received_at": screen.moment(row.received_ms, zone, True),
            "reason": row.reason,
            "confidence": row.confidence,
            "cases": [
                {
                    "number": one.number,
                    "state": LABELS[one.state],
                    "likeness": round(alike(row.body, one.words), 2),
                    "text": words.get(one.case_id, one.words),
                }
                for one in theirs[row.person_id]
            ],
        }
        for row in found
    ]
    rows = [
        (
            one["id"],
            one["received_at"],
            one["body"],
            one["reason"],
            "\n".join(f"{case['number']} {case['state']} {case['text'][:16]}" for case in one["cases"]),
        )
        for one in data
    ]
    columns = ("#编号", "时间", "内容", "为什么待人工", "来信人的件")
    screen.emit(as_json, data, lambda: screen.table(f"待人工归件 {len(data)} 条", columns, rows))


@app.command(help="把一条来信归入来信人自己的一件,或归入征求意见、会议通知(--poll)、通知(--notice);原来的随之撤销。")
def attach(
    ctx: typer.Context,
    text_id: Annotated[int, typer.Argument(help="来信编号")],
    number: Annotated[str | None, typer.Argument(help="受理编号")] = None,
    poll: Annotated[int | None, typer.Option(help="征求意见或会议通知的编号")] = None,
    option: Annotated[int | None, typer.Option(help="选第几项;0 为只作意见;不写则按来信的文字")] = None,
    notice: Annotated[int | None, typer.Option(help="列为对这条通知的回复(办件不变)")] = None,
    rating: Annotated[int | None, typer.Option(help="读作评价:1 满意,2 基本满意,3 不满意", min=1, max=3)] = None,
    as_json: Json = False,
) -> None:
    """The operator decides; what the text says is done to that case, or counts under that question."""
    desk = open_desk(ctx.obj)
    actor = desk.require("text.attach").name
    if sum(given is not None for given in (number, poll, notice)) != 1:
        raise Refused("请写明归入哪里:受理编号、--poll 或 --notice(三者选一)", "xinqiao text unsettled 列出", USAGE)
    if rating is not None and number is None:
        raise Refused("--rating 只用于归入一件", "请写受理编号", USAGE)
    book = CaseDesk.from_settings(desk.settings)
    if number is None:
        _attach_to_notice(desk, book, text_id, poll, option, notice, actor, as_json)
        return
    with desk.database.write() as tx:
        if answers.of_text(tx, text_id) is not None:
            answers.undo(tx, text_id, actor, f"改归{number}", desk.now())
        case = case_texts.attach(tx, book, text_id, number, actor, desk.now(), rating)
        desk.audit(tx, "text.attach", f"text {text_id}", {"case": case.number})
    said = f"第 {text_id} 条来信已归入 {case.number},现在是“{LABELS[case.state]}”"
    screen.emit(as_json, {"text": text_id, "case": case.number, "state": case.state}, lambda: screen.say(said, "green"))


def _attach_to_notice(
    desk: Desk,
    book: CaseDesk,
    text_id: int,
    poll: int | None,
    option: int | None,
    notice: int | None,
    actor: str,
    as_json: bool,
) -> None:
    """A text is an answer to a question, or stands under a notice."""
    apart = None
    with desk.database.write() as tx:
        if poll is not None:
            apart = answers.attach(tx, book, text_id, poll, option, actor, desk.now())
        else:
            answers.link(tx, text_id, notice or 0, actor)
        number = poll or notice or 0
        desk.audit(tx, "text.attach", f"text {text_id}", {"notice": number, "option": option})
    said = f"第 {text_id} 条来信已归入第 {number} 号" + ("(已截止,不计入)" if apart else "")
    screen.emit(as_json, {"text": text_id, "notice": number, "apart": apart}, lambda: screen.say(said, "green"))


@app.command(help="撤销一条来信的归件或投票:有关的件恢复原状,来信回到待人工;--notice 只撤销它与通知的关联。")
def undo(
    ctx: typer.Context,
    text_id: Annotated[int, typer.Argument(help="来信编号")],
    reason: Annotated[str, typer.Option(help="理由")] = "归件有误",
    notice: Annotated[bool, typer.Option("--notice", help="只撤销与通知的关联,办件和投票不变")] = False,
    as_json: Json = False,
) -> None:
    """Every decision can be taken back, as long as nothing was built on it."""
    desk = open_desk(ctx.obj)
    actor = desk.require("text.attach").name
    with desk.database.write() as tx:
        if notice or answers.of_text(tx, text_id) is not None:
            number = answers.unlink(tx, text_id) if notice else answers.undo(tx, text_id, actor, reason, desk.now())
            desk.audit(tx, "text.undo", f"text {text_id}", {"notice": number, "link": notice})
            gone = f"第 {text_id} 条来信不再归入第 {number} 号"
            screen.emit(as_json, {"text": text_id, "notice": number}, lambda: screen.say(gone, "green"))
            return
        case = case_texts.undo(tx, text_id, actor, reason, desk.now())
        desk.audit(tx, "text.undo", f"text {text_id}", {"case": case.number})
    said = f"第 {text_id} 条来信已取消归件,{case.number} 现在是“{LABELS[case.state]}”"
    screen.emit(as_json, {"text": text_id, "case": case.number, "state": case.state}, lambda: screen.say(said, "green"))


@app.command("quarantine", help="列出读不懂、已原样保存的来信和报文;同一线路一天过多时其余只计数。")
def quarantine_(ctx: typer.Context, as_json: Json = False) -> None:
    """What could not be read; the octets lie sealed in the store, up to a quota a day."""
    desk = open_desk(ctx.obj)
    desk.require("text.view")
    with desk.database.read() as tx:
        found = tx.execute(sa.select(quarantine).order_by(quarantine.c.id.desc()).limit(200)).all()
    zone = desk.settings.zone()
    data = [
        {
            "id": row.id,
            "carrier": row.carrier,
            "received_at": screen.moment(row.received_ms, zone, True),
            "reason": row.reason,
            "times": row.times,
            "kept": row.raw_sealed is not None,
        }
        for row in found
    ]
    lines = [
        (one["id"], one["carrier"], one["received_at"], one["reason"], one["times"], "" if one["kept"] else "只计数")
        for one in data
    ]
    columns = ("#编号", "线路", "时间", "原因", "#次数", "原文")
    screen.emit(as_json, data, lambda: screen.table("隔离区", columns, lines))
