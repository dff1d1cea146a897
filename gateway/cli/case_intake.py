"""What becomes of a case before a unit has it: accepted, asked back, answered at once, merged, refused, referred."""

import sys
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import answers_desk, case_desk, rights
from gateway.casebook import Desk as CaseDesk
from gateway.casebook import find
from gateway.cli import screen
from gateway.cli.case_taking import Reason, Reply, act, propose_or_decide, units
from gateway.cli.case_view import Json, No
from gateway.cli.desk import open_desk
from gateway.errors import Refused
from gateway.sight import SEES_REPORTERS
from routing.cases import KINDS, SHIELDS, URGENCIES, Case

app = typer.Typer(no_args_is_help=True, add_completion=False)


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
            "accused": units(book, accused),
            "cleared": units(book, cleared),
            "reason": reason,
        }

    act(ctx, number, "accept", as_json, facts)


@app.command(help="请来信人补充时间、地点、对象(短信,5个工作日内有效)。")
def ask(
    ctx: typer.Context,
    number: No,
    question: Annotated[str, typer.Option(help="请补充什么,接在“请补充”之后")] = "具体地点和时间",
    as_json: Json = False,
) -> None:
    """NEW to NEED_INFO."""
    act(ctx, number, "ask_info", as_json, {"question": question})


@app.command(help="登记来信人用电话等方式补充的情况:待补充的件回到待受理。")
def info(
    ctx: typer.Context,
    number: No,
    said: Annotated[str, typer.Option(help="来信人说的,例如 '电话:在村东头小学门口'")],
    as_json: Json = False,
) -> None:
    """NEED_INFO to NEW. What came by text is filed by itself."""
    act(ctx, number, "info_in", as_json, {"reason": said})


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
    if ready and not reply and sys.stdin.isatty():
        screen.say(f"将答复:{ready}")
        typer.confirm("发出吗", abort=True)
    act(ctx, number, "answer_direct", as_json, {"kind": "咨询", "reply": reply or ready, "kb": kb})


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

    act(ctx, number, "merge", as_json, facts)


@app.command(help="撤销并案,重新受理。")
def unmerge(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """MERGED to NEW."""
    act(ctx, number, "unmerge", as_json, {"reason": reason})


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
    propose_or_decide(ctx, number, "reject", as_json, {"code": code, "reason": reason, "where": where})


@app.command(help="呈领导批示。")
def refer(ctx: typer.Context, number: No, reason: Reason, as_json: Json = False) -> None:
    """ACCEPTED to AWAIT_LEADER."""
    act(ctx, number, "refer_leader", as_json, {"reason": reason})
