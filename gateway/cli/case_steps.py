"""The steps of a case as commands: each is taken in the caller's role, and says how the case then stands."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import answers_desk, case_desk, rights
from gateway.casebook import Desk as CaseDesk
from gateway.casebook import find
from gateway.cli import screen
from gateway.cli.case_view import Json, No, data_of, visible
from gateway.cli.desk import Desk, open_desk
from gateway.cli.units import unit_named
from gateway.errors import USAGE, Refused
from gateway.sight import SEES_REPORTERS
from routing.cases import (
    EVENTS,
    GATES,
    KINDS,
    LABELS,
    PROPOSERS,
    SHIELDS,
    SUPERVISIONS,
    URGENCIES,
    Case,
    CaseState,
    Facts,
)
from routing.store import timeline

app = typer.Typer(no_args_is_help=True, add_completion=False)
Reason = Annotated[str, typer.Option(help="理由")]
Due = Annotated[str, typer.Option(help="由人定的办理期限,例如 2026-12-04;不写则按类别、缓急和工作日历计算")]
Lead = Annotated[str, typer.Option(help="主办单位")]
Co = Annotated[list[str] | None, typer.Option(help="协办单位,可多次")]
Method = Annotated[str, typer.Option(help="办理方式,见 cases.toml;不写则用第一种")]
Basis = Annotated[str, typer.Option(help="依据的规定或文件")]
SignedBy = Annotated[str, typer.Option("--signed-by", help="签发的单位分管领导(本人操作时不必写)")]
Reply = Annotated[str, typer.Option(help="给群众的答复,最多四条短信")]
ReplyFile = Annotated[Path | None, typer.Option(help="答复所在的文本文件")]
Outcome = Annotated[str, typer.Option(help="结果,如 已解决、部分解决、已解释、已采用")]
Evidence = Annotated[list[str] | None, typer.Option(help="佐证材料的名称或编号,可多次")]

# ------------------------------------------------------------------------------------------------- before a unit has it


@app.command(help="受理:定类别、主题、地点、缓急、保密级别。")
def accept(
    ctx: typer.Context,
    number: No,
    kind: Annotated[str, typer.Option(help="类别:" + "、".join(KINDS))],
    topic: Annotated[str, typer.Option(help="主题")] = "",
    place: Annotated[str, typer.Option(help="地点")] = "",
    urgency: Annotated[
        str, typer.Option(help="缓急:" + "、".join(f"{name} {label}" for name, label in URGENCIES.items()))
    ] = "",
    shield: Annotated[
        int, typer.Option(help="保密级别:" + "、".join(f"{level} {label}" for level, label in SHIELDS.items()))
    ] = 0,
    leader_kind: Annotated[str, typer.Option(help=f"须由领导亲自批转的类别;{case_desk.ALONE} 表示不属此列")] = "",
    accused: Annotated[list[str] | None, typer.Option(help="被反映的单位,可多次;它不能承办")] = None,
    cleared: Annotated[list[str] | None, typer.Option(help="误认为被反映、实际没有的单位,可多次")] = None,
    reason: Annotated[str, typer.Option(help="理由,例如为什么不属须领导批转的类别")] = "",
    as_json: Json = False,
) -> None:
    """NEW to ACCEPTED; what a leader must decide goes on to AWAIT_LEADER."""
    roles = open_desk(ctx.obj).operator.roles

    def facts(tx: sa.Connection, book: CaseDesk, case: Case) -> dict[str, Any]:
        if 0 < shield < case.shield and SEES_REPORTERS.isdisjoint(roles):
            who = "、".join(rights.ROLES[role] for role in sorted(SEES_REPORTERS))
            raise Refused(f"{case.number} 是保密件,不能由操作员改为一般", f"须由兼任{who}的人受理,或照保密件办理")
        return {
            "kind": kind,
            "topic": topic,
            "place": place,
            "urgency": urgency,
            "shield": shield,
            "leader_kind": leader_kind,
            "accused": _units(book, accused),
            "cleared": _units(book, cleared),
            "reason": reason,
        }

    _act(ctx, number, "accept", as_json, facts)


@app.command(help="请来信人补充时间、地点、对象(短信,5个工作日内有效)。")
def ask(
    ctx: typer.Context,
    number: No,
    question: Annotated[str, typer.Option(help="请补充什么,接在“请补充”之后")] = "具体地点和时间",
    as_json: Json = False,
) -> None:
    """NEW to NEED_INFO."""
    _act(ctx, number, "ask_info", as_json, {"question": question})


@app.command(help="直接答复咨询:用知识库的一条(--kb),或自己写(--reply)。")
def answer(
    ctx: typer.Context,
    number: No,
    reply: Reply = "",
    kb: Annotated[int, typer.Option("--kb", help="知识库的编号,见 xinqiao answers list")] = 0,
    as_json: Json = False,
) -> None:
    """NEW to REPLIED, inquiries only. Words of one's own go before those of the ready answer."""
    ready = answers_desk.ready(open_desk(ctx.obj).settings, kb).reply if kb else ""
    _act(ctx, number, "answer_direct", as_json, {"kind": "咨询", "reply": reply or ready, "kb": kb})


@app.command(help="并入另一件:同一问题,一并办理,来信人都得到答复。")
def merge(
    ctx: typer.Context,
    number: No,
    into: Annotated[str, typer.Option("--into", help="主件的编号")],
    reason: Reason = "同一问题",
    as_json: Json = False,
) -> None:
    """NEW to MERGED."""

    def facts(tx: sa.Connection, book: CaseDesk, case: Case) -> dict[str, Any]:
        return {"master": find(tx, into), "reason": reason}

    _act(ctx, number, "merge", as_json, facts)


@app.command(help="撤销并案,重新受理。")
def unmerge(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """MERGED to NEW."""
    _act(ctx, number, "unmerge", as_json, {"reason": reason})


@app.command(help="不予受理:操作员提出(--code),审核员决定;群众得知原因和去处。")
def reject(
    ctx: typer.Context,
    number: No,
    code: Annotated[str, typer.Option(help="原因代码,见 cases.toml,如 court、petition、jurisdiction")] = "",
    reason: Annotated[str, typer.Option(help="代替代码所带的原因")] = "",
    where: Annotated[str, typer.Option(help="代替代码所带的去处")] = "",
    as_json: Json = False,
) -> None:
    """NEW to REJECTED, by two persons."""
    _propose_or_decide(ctx, number, "reject", as_json, {"code": code, "reason": reason, "where": where})


@app.command(help="呈领导批示。")
def refer(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """ACCEPTED to AWAIT_LEADER."""
    _act(ctx, number, "refer_leader", as_json, {"reason": reason})


# ------------------------------------------------------------------------------------------------------------ assigning


@app.command(help="交办:主办、协办、方式、期限。被反映的单位会被拒绝。")
def assign(
    ctx: typer.Context,
    number: No,
    lead: Lead,
    co: Co = None,
    method: Method = "",
    due: Due = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """ACCEPTED to ASSIGNED; the clock starts here."""
    _order(ctx, number, "assign", as_json, lead, co, method, due, reason)


@app.command(help="领导批示并交办。")
def instruct(
    ctx: typer.Context,
    number: No,
    text: Annotated[str, typer.Option(help="批示内容")],
    lead: Lead,
    co: Co = None,
    method: Method = "",
    due: Due = "",
    as_json: Json = False,
) -> None:
    """AWAIT_LEADER to ASSIGNED."""
    _order(ctx, number, "instruct", as_json, lead, co, method, due, text, instruction=text)


@app.command(help="领导在规定的工作日内未批示,由主任授权交办。")
def delegate(
    ctx: typer.Context,
    number: No,
    lead: Lead,
    co: Co = None,
    method: Method = "",
    due: Due = "",
    reason: Reason = "领导在规定的工作日内未批示",
    as_json: Json = False,
) -> None:
    """AWAIT_LEADER to ASSIGNED."""
    _order(ctx, number, "delegate", as_json, lead, co, method, due, reason)


@app.command(help="改派:期限不重新计算。签收前由操作员,签收后由审核员。")
def reassign(
    ctx: typer.Context,
    number: No,
    lead: Lead,
    reason: Reason,
    co: Co = None,
    method: Method = "",
    due: Annotated[str, typer.Option(help="由人定的更早的期限;不写则不变")] = "",
    as_json: Json = False,
) -> None:
    """ASSIGNED or IN_PROGRESS to ASSIGNED."""
    _order(ctx, number, "reassign", as_json, lead, co, method, due, reason)


@app.command(help="不满意的件情况属实:重办,并列入督办。")
def uphold(
    ctx: typer.Context,
    number: No,
    reason: Reason,
    lead: Annotated[str, typer.Option(help="主办单位;不写则仍由原单位")] = "",
    co: Co = None,
    method: Method = "",
    due: Due = "",
    as_json: Json = False,
) -> None:
    """DISSATISFIED to ASSIGNED, one round further."""
    _order(ctx, number, "uphold", as_json, lead, co, method, due, reason)


@app.command(help="办结30日内再次发生或未解决:重新交办,并列入督办。")
def recur(
    ctx: typer.Context,
    number: No,
    reason: Reason,
    lead: Annotated[str, typer.Option(help="主办单位;不写则仍由原单位")] = "",
    co: Co = None,
    method: Method = "",
    due: Due = "",
    as_json: Json = False,
) -> None:
    """CLOSED to ASSIGNED, one round further."""
    _order(ctx, number, "recur", as_json, lead, co, method, due, reason)


# -------------------------------------------------------------------------------------------------------------- units


@app.command(help="签收(承办单位)。协办单位的签收另行记录。")
def sign(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """ASSIGNED to IN_PROGRESS."""
    _act(ctx, number, "sign", as_json, {}, case_desk.sign)


@app.command("return", help="申请退单:签收前1个工作日内由信息员,签收后由分管领导凭新情况提出。")
def request_return(
    ctx: typer.Context,
    number: No,
    code: Annotated[str, typer.Option(help="原因代码,见 cases.toml,如 R1")],
    basis: Basis,
    reason: Annotated[str, typer.Option(help="具体情况;签收后必须写明新情况")] = "",
    as_json: Json = False,
) -> None:
    """ASSIGNED or IN_PROGRESS to RETURN_REQ; the clock runs on."""
    _act(ctx, number, "request_return", as_json, {"code": code, "basis": basis, "reason": reason})


@app.command("return-ok", help="同意退单,重新交办。")
def return_ok(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """RETURN_REQ to ACCEPTED."""
    _act(ctx, number, "return_ok", as_json, {"reason": reason})


@app.command("return-no", help="不同意退单(审定,不能再退)。")
def return_no(ctx: typer.Context, number: No, basis: Basis, reason: Reason = "", as_json: Json = False) -> None:
    """RETURN_REQ to ASSIGNED."""
    _act(ctx, number, "return_no", as_json, {"basis": basis, "reason": reason})


@app.command(help="延期:承办单位在期限前申请,主任批准一次;再次延期由领导批准。")
def extend(
    ctx: typer.Context,
    number: No,
    due: Annotated[str, typer.Option(help="新的期限,例如 2026-12-11")] = "",
    reason: Annotated[str, typer.Option(help="延期的理由,会告诉群众,请简短")] = "",
    as_json: Json = False,
) -> None:
    """IN_PROGRESS stays, with a later date."""
    facts = {"due": _date(due) if due else None, "reason": reason}
    _propose_or_decide(ctx, number, "extend_ok", as_json, facts, alone=True)


@app.command(help="记录办理进展。")
def progress(
    ctx: typer.Context,
    number: No,
    note: Annotated[str, typer.Option(help="进展")],
    tell: Annotated[bool, typer.Option("--tell", help="同时短信告诉群众")] = False,
    as_json: Json = False,
) -> None:
    """IN_PROGRESS stays."""
    _act(ctx, number, "progress", as_json, {"reason": note, "tell": tell})


@app.command(
    help="反馈办理结果和给群众的答复,由单位分管领导签发;未签收的同时签收。信息员用短信拟好的,不写 --reply 即签发。"
)
def report(
    ctx: typer.Context,
    number: No,
    reply: Reply = "",
    reply_file: ReplyFile = None,
    outcome: Outcome = "已解决",
    reason: Annotated[str, typer.Option(help="办理情况(内部)")] = "",
    signed_by: SignedBy = "",
    evidence: Evidence = None,
    as_json: Json = False,
) -> None:
    """IN_PROGRESS to REPORTED; the reply goes out when it is approved."""
    facts = {
        "reply": _words(reply, reply_file),
        "outcome": outcome,
        "reason": reason,
        "signed_by": signed_by,
        "evidence": tuple(evidence or ()),
    }
    _act(ctx, number, "report", as_json, facts, case_desk.report)


@app.command("report-for", help="督查室代已督办且亮红灯的单位反馈。")
def report_for(
    ctx: typer.Context,
    number: No,
    reason: Reason,
    reply: Reply = "",
    reply_file: ReplyFile = None,
    outcome: Outcome = "已解决",
    as_json: Json = False,
) -> None:
    """IN_PROGRESS to REPORTED."""
    facts = {"reply": _words(reply, reply_file), "outcome": outcome, "reason": reason}
    _act(ctx, number, "report_for", as_json, facts)


@app.command(help="挂账:客观原因暂不能办结,由领导决定;90日内复查。")
def suspend(
    ctx: typer.Context,
    number: No,
    code: Annotated[str, typer.Option(help="原因代码,见 cases.toml:law、money、season")],
    review: Annotated[str, typer.Option(help="下次复查日期")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """IN_PROGRESS to SUSPENDED."""
    _act(ctx, number, "suspend", as_json, {"code": code, "review_on": _date(review), "reason": reason})


@app.command(help="挂账的原因消除,恢复办理。")
def resume(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """SUSPENDED to IN_PROGRESS."""
    _act(ctx, number, "resume", as_json, {"reason": reason})


# --------------------------------------------------------------------------------------------------------------- review


@app.command("send-back", help="审核不通过,退回重办。")
def send_back(
    ctx: typer.Context,
    number: No,
    gate: Annotated[str, typer.Option(help="未通过的一关:e 证据、p 程序、y 政策")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """REPORTED to IN_PROGRESS, one round further."""
    _act(ctx, number, "send_back", as_json, {"failed_gate": gate, "reason": reason})


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
    _act(ctx, number, "approve", as_json, {"gates": ticked})


@app.command(help="答复短信送不到时,登记电话答复。")
def phone(
    ctx: typer.Context,
    number: No,
    reason: Annotated[str, typer.Option(help="何时、由谁、说了什么")],
    as_json: Json = False,
) -> None:
    """REPORTED to REPLIED by a call."""
    _act(ctx, number, "phone_reply", as_json, {"reason": reason})


@app.command(help="不满意的件:审核员提出复核说明,主任决定后告诉群众并办结。")
def explain(
    ctx: typer.Context,
    number: No,
    reason: Annotated[str, typer.Option(help="复核说明,会告诉群众")] = "",
    basis: Basis = "",
    as_json: Json = False,
) -> None:
    """DISSATISFIED to CLOSED; it stays dissatisfied in the statistics."""
    _propose_or_decide(ctx, number, "explain", as_json, {"reason": reason, "basis": basis})


@app.command(help="不同意所提出的(不予受理、延期、复核说明)。")
def decline(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """The case stands as it stands."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.decline")
    role = next(role for role in ("leader", "director", "reviewer") if role in who.roles)
    with desk.database.write() as tx:
        case = case_desk.decline(tx, number, role, who.name, reason, desk.now())
        desk.audit(tx, "case.decline", case.number)
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(f"{case.number} 已记下:不同意", "green"))


@app.command(help="督办,或解除督办。")
def supervise(
    ctx: typer.Context,
    number: No,
    reason: Reason,
    kind: Annotated[str, typer.Option(help="种类:" + "、".join(SUPERVISIONS))] = "",
    lift: Annotated[bool, typer.Option("--lift", help="解除督办")] = False,
    as_json: Json = False,
) -> None:
    """A field beside the state."""
    supervised(ctx, number, reason, kind, lift, as_json)


def supervised(ctx: typer.Context, number: str, reason: str, kind: str, lift: bool, as_json: bool) -> None:
    """Put a case under supervision, or take it out: also `xinqiao supervise open` and `close`."""
    desk = open_desk(ctx.obj)
    who = desk.require("case.supervise")
    role = "supervisor" if "supervisor" in who.roles else "director"
    with desk.database.write() as tx:
        case = case_desk.supervise(tx, number, role, who.name, reason, lift, desk.now(), kind)
        desk.audit(tx, "case.supervise", case.number, {"lift": lift, "kind": case.supervision_kind})
    said = f"{case.number} {'已解除督办' if lift else f'已列入{case.supervision_kind}'}"
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(said, "green"))


# ---------------------------------------------------------------------------------------------------------------------

Made = dict[str, Any] | Callable[[sa.Connection, CaseDesk, Case], dict[str, Any]]
"""Facts of a step, or how they follow from the store, the office's data and the case."""


def _act(
    ctx: typer.Context, number: str, event: str, as_json: bool, facts: Made, do: Callable[..., Case] = case_desk.act
) -> None:
    """One step: rights, rule, outbox, store, audit, in one transaction."""
    desk = open_desk(ctx.obj)
    who = desk.require(f"case.{event}")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.write() as tx:
        case = visible(tx, desk, number)
        role = _role(who.roles, case.state, event)
        made = facts(tx, book, case) if callable(facts) else facts
        given = Facts(actor=who.name, now=desk.now(), department=who.department or "", **made)
        arguments = (case.number, role, given) if do is not case_desk.act else (case.number, event, role, given)
        after = do(tx, book, *arguments)
        desk.audit(tx, f"case.{event}", after.number, {"state": after.state})
    _say(desk, after, event, as_json)


def _propose_or_decide(
    ctx: typer.Context, number: str, event: str, as_json: bool, facts: dict[str, Any], alone: bool = False
) -> None:
    """Who may decide and has something to decide (or may do it `alone`) decides; who may propose proposes."""
    desk = open_desk(ctx.obj)
    who = desk.require(f"case.{event}")
    book = CaseDesk.from_settings(desk.settings)
    given = Facts(actor=who.name, now=desk.now(), department=who.department or "", **facts)
    with desk.database.write() as tx:
        case = visible(tx, desk, number)
        decider = rights.played(who.roles, case.state, event)
        proposer = next((role for role in who.roles if role in PROPOSERS[event]), None)
        waiting = case_desk.proposed(timeline(tx, case.id), event)
        if decider is not None and (waiting is not None or alone or proposer is None):
            after = case_desk.decide(tx, book, case.number, event, decider, given)
            said = event
        else:
            role = proposer or _role(who.roles, case.state, event)
            after = case_desk.propose(tx, book, case.number, event, role, given)
            said = f"propose_{event}"
        desk.audit(tx, f"case.{said}", after.number, {"state": after.state})
    _say(desk, after, said, as_json)


def _order(
    ctx: typer.Context,
    number: str,
    event: str,
    as_json: bool,
    lead: str,
    co: list[str] | None,
    method: str,
    due: str,
    reason: str,
    **more: str,
) -> None:
    """A written assignment. Without a unit the present one keeps the case, with its co-handlers."""

    def facts(tx: sa.Connection, book: CaseDesk, case: Case) -> dict[str, Any]:
        keeps = not lead and case.lead is not None
        return more | {
            "lead": case.lead if keeps else unit_named(book.departments, lead) if lead else "",
            "co_handlers": case.co_handlers if keeps and not co else _units(book, co),
            "due": _date(due) if due else None,
            "method": method,
            "reason": reason,
        }

    _act(ctx, number, event, as_json, facts)


def _role(roles: tuple[str, ...], state: CaseState, event: str) -> str:
    """The role of the caller. One that the table does not allow now is refused by the step, which says who may."""
    return rights.played(roles, state, event) or next(role for role in roles if rights.may([role], f"case.{event}"))


def _say(desk: Desk, case: Case, event: str, as_json: bool) -> None:
    proposed = event.startswith("propose_")
    label = EVENTS[event.removeprefix("propose_")]
    said = f"{case.number} {'已提出' if proposed else ''}{label}:现在是“{LABELS[case.state]}”"
    waits = ",等待决定" if proposed else ""
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(said + waits, "green"))


def _words(given: str, file: Path | None) -> str:
    if file is None:
        return given
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise Refused(f"读不了 {file}:{wrong}", "请检查文件名,并存为 UTF-8", USAGE) from None


def _units(book: CaseDesk, written: list[str] | None) -> tuple[str, ...]:
    return tuple(unit_named(book.departments, name) for name in written or ())


def _date(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"看不懂日期 {written}", "写成 2026-12-04 的样子", USAGE) from None
