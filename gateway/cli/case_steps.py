"""The steps of a case as commands, from the assignment on; what comes before stands in `case_intake.py`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway import case_desk, resources
from gateway.cli import case_intake, screen
from gateway.cli.case_taking import Reason, Reply, act, day, order, propose_or_decide, words
from gateway.cli.case_view import Json, No, data_of
from gateway.cli.desk import open_desk
from gateway.errors import USAGE, Refused
from routing.cases import GATES, OUTCOMES, SUPERVISIONS

app = case_intake.app
Due = Annotated[str, typer.Option(help="由人定的办理期限,例如 2026-12-04;不写则按类别、缓急和工作日历计算")]
Lead = Annotated[str, typer.Option(help="主办单位")]
Co = Annotated[list[str] | None, typer.Option(help="协办单位,可多次")]
Method = Annotated[str, typer.Option(help="办理方式,见 cases.toml;不写则用第一种")]
Basis = Annotated[str, typer.Option(help="依据的规定或文件")]
SignedBy = Annotated[str, typer.Option("--signed-by", help="签发的单位分管领导(本人操作时不必写)")]
ReplyFile = Annotated[Path | None, typer.Option(help="答复所在的文本文件")]
Outcome = Annotated[str, typer.Option(help="结果:" + "、".join(OUTCOMES))]
Evidence = Annotated[list[str] | None, typer.Option(help="佐证材料的名称或编号,可多次")]

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
    order(ctx, number, "assign", as_json, lead, co, method, due, reason)


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
    order(ctx, number, "instruct", as_json, lead, co, method, due, text, instruction=text)


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
    order(ctx, number, "delegate", as_json, lead, co, method, due, reason)


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
    order(ctx, number, "reassign", as_json, lead, co, method, due, reason)


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
    order(ctx, number, "uphold", as_json, lead, co, method, due, reason)


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
    order(ctx, number, "recur", as_json, lead, co, method, due, reason)


# -------------------------------------------------------------------------------------------------------------- units


@app.command(help="签收(承办单位)。协办单位的签收另行记录。")
def sign(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """ASSIGNED to IN_PROGRESS."""
    act(ctx, number, "sign", as_json, {}, case_desk.sign)


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
    act(ctx, number, "request_return", as_json, {"code": code, "basis": basis, "reason": reason})


@app.command("return-ok", help="同意退单,重新交办。")
def return_ok(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """RETURN_REQ to ACCEPTED."""
    act(ctx, number, "return_ok", as_json, {"reason": reason})


@app.command("return-no", help="不同意退单(审定,不能再退)。")
def return_no(ctx: typer.Context, number: No, basis: Basis, reason: Reason = "", as_json: Json = False) -> None:
    """RETURN_REQ to ASSIGNED."""
    act(ctx, number, "return_no", as_json, {"basis": basis, "reason": reason})


@app.command(help="延期:承办单位在期限前申请,主任批准一次;再次延期由领导批准。")
def extend(
    ctx: typer.Context,
    number: No,
    due: Annotated[str, typer.Option(help="新的期限,例如 2026-12-11")] = "",
    reason: Annotated[str, typer.Option(help="延期的理由,会告诉群众,请简短")] = "",
    as_json: Json = False,
) -> None:
    """IN_PROGRESS stays, with a later date."""
    facts = {"due": day(due) if due else None, "reason": reason}
    propose_or_decide(ctx, number, "extend_ok", as_json, facts, alone=True)


@app.command(help="记录办理进展。")
def progress(
    ctx: typer.Context,
    number: No,
    note: Annotated[str, typer.Option(help="进展")],
    tell: Annotated[bool, typer.Option("--tell", help="同时短信告诉群众")] = False,
    as_json: Json = False,
) -> None:
    """IN_PROGRESS stays."""
    act(ctx, number, "progress", as_json, {"reason": note, "tell": tell})


@app.command(help="反馈结果和给群众的答复,由分管领导签发;不写 --reply 即签发信息员用短信拟好的。")
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
        "reply": words(reply, reply_file),
        "outcome": _outcome(ctx, outcome),
        "reason": reason,
        "signed_by": signed_by,
        "evidence": tuple(evidence or ()),
    }
    act(ctx, number, "report", as_json, facts, case_desk.report)


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
    facts = {"reply": words(reply, reply_file), "outcome": _outcome(ctx, outcome), "reason": reason}
    act(ctx, number, "report_for", as_json, facts)


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
    act(ctx, number, "suspend", as_json, {"code": code, "review_on": day(review), "reason": reason})


@app.command(help="挂账的原因消除,恢复办理。")
def resume(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """SUSPENDED to IN_PROGRESS."""
    act(ctx, number, "resume", as_json, {"reason": reason})


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
    act(ctx, number, "send_back", as_json, {"failed_gate": gate, "reason": reason})


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
    act(ctx, number, "approve", as_json, {"gates": ticked})


@app.command(help="答复短信送不到时,登记电话答复。")
def phone(
    ctx: typer.Context,
    number: No,
    reason: Annotated[str, typer.Option(help="何时、由谁、说了什么")],
    as_json: Json = False,
) -> None:
    """REPORTED to REPLIED by a call."""
    act(ctx, number, "phone_reply", as_json, {"reason": reason})


@app.command(help="不满意的件:审核员提出复核说明,主任决定后告诉群众并办结。")
def explain(
    ctx: typer.Context,
    number: No,
    reason: Annotated[str, typer.Option(help="复核说明,会告诉群众")] = "",
    basis: Basis = "",
    as_json: Json = False,
) -> None:
    """DISSATISFIED to CLOSED; it stays dissatisfied in the statistics."""
    propose_or_decide(ctx, number, "explain", as_json, {"reason": reason, "basis": basis})


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


def _outcome(ctx: typer.Context, written: str) -> str:
    """An outcome that papers know: any other word would be counted nowhere."""
    counted = resources.evaluation(open_desk(ctx.obj).settings)
    if written in {*OUTCOMES, *counted.adopted, *counted.solved}:
        return written
    raise Refused(f"没有“{written}”这一种结果", f"可选:{'、'.join(OUTCOMES)}", USAGE)
