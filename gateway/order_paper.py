"""The written assignment (交办单) as a Word file: the four blocks that it must have, and not a word about who wrote.

Duty, method, deadline, course (工作职责、办理方式、回复时限、具体流程), numbered by case and assignment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from gateway.case_words import hider
from gateway.casebook import Desk
from gateway.errors import Refused
from gateway.papers.paper import chinese_day
from gateway.sight import Sight, on_paper
from roster.vault import Vault
from routing.cases import URGENCIES, Case
from routing.departments import Department


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a written assignment."""

    number: str
    county: str
    heading: Sequence[tuple[str, str]]  # case, date, urgency, place, co-handlers
    matter: str
    blocks: Sequence[tuple[str, Sequence[str]]]  # the four


def sheet(tx: sa.Connection, desk: Desk, vault: Vault, case: Case, county: str, matter: str = "") -> Sheet:
    """The latest assignment of a case; `matter` says it in the office's words instead of the citizen's.

    Raises `Refused` when the case is with no unit. Who wrote is masked. A sealed case goes to its unit on paper, by
    hand, in the office's words alone.
    """
    if on_paper(case) is Sight.NUMBER and not matter.strip():
        raise Refused(f"{case.number} 是保密件,群众原话不能印在交办单上", "用 --matter 写一句摘要,不写反映人")
    hide = hider(tx, vault, case)
    case = hide.case(case)
    lead = desk.departments.find(case.lead or "")
    if not case.orders or case.assigned_at is None or case.due_on is None or lead is None:
        raise Refused(f"{case.number} 没有承办单位", "先用 xinqiao case assign 交办")
    co_handlers = [unit for name in case.co_handlers if (unit := desk.departments.find(name)) is not None]
    heading = (
        ("受理编号", case.number),
        ("交办日期", chinese_day(desk.today(case.since or case.assigned_at))),
        ("缓急程度", URGENCIES.get(case.urgency, case.urgency)),
        ("事项类别", " / ".join(filter(None, (case.kind, case.topic)))),
        ("事发地点", case.place or ""),
        ("主办单位", lead.name),
        ("协办单位", "、".join(unit.name for unit in co_handlers) or "无"),
    )
    blocks = (
        ("一、工作职责", _duties(lead, co_handlers)),
        ("二、办理方式", _method(desk, case)),
        ("三、回复时限", _deadline(desk, case)),
        ("四、具体流程", _course(bool(co_handlers))),
    )
    return Sheet(f"{case.number}-{case.orders}", county, heading, hide.words(matter) if matter else case.text, blocks)


def _duties(lead: Department, co_handlers: Sequence[Department]) -> list[str]:
    lines = [
        f"主办：{lead.name}。责任领导：{lead.leader}；承办信息员：{lead.liaison}。负责核实、办理并起草给群众的答复。"
    ]
    lines += [
        f"协办：{unit.name}。责任领导：{unit.leader}；承办信息员：{unit.liaison}。办理本单位职责内的部分，结果送主办单位。"
        for unit in co_handlers
    ]
    return lines


def _method(desk: Desk, case: Case) -> list[str]:
    method = case.method or desk.codes.usual_method()
    lines = [f"{method}：{desk.codes.methods.get(method, '')}。"]
    if case.instruction:
        lines.append(f"领导批示：{case.instruction}")
    if case.supervision:
        lines.append(f"本件已列入督办：{case.supervision}。")
    return lines


def _deadline(desk: Desk, case: Case) -> list[str]:
    due, began = date.fromisoformat(case.due_on or ""), desk.today(case.assigned_at) if case.assigned_at else None
    started = f"时限自 {chinese_day(began)}交办起计算，签收与否、退单期间均不停止计时。" if began else ""
    return [f"请于 {chinese_day(due)}前书面反馈办理结果。", started]


def _course(joint: bool) -> list[str]:
    together = "主办单位汇总协办单位的结果后，统一反馈。" if joint else ""
    return [
        "1. 签收：交办后1个工作日内签收，逾期视同签收，并计为迟签。",
        "2. 退单：不属本单位职责的，签收前1个工作日内提出，写明原因代码和依据；审定后不得再退。",
        f"3. 办理：依法依规办理，保护来信人，不得打听、泄露来信人身份。{together}",
        "4. 延期：确需延期的，在期限届满前申请并说明理由，经批准后告知群众。",
        "5. 反馈：报办理情况、佐证材料和给群众的答复，由单位分管领导签发。",
        "6. 审核：沟通办按证据关、程序关、政策关三关审核，未通过的退回重办，时限不停。",
        "7. 答复与评价：审核通过后由平台短信答复群众并请其评价；不满意且情况属实的，重办并督办。",
    ]


def write(sheet: Sheet, file: Path) -> None:
    """Make the Word file. Raises `OSError` when it cannot be written."""
    from docx.shared import Cm  # only who prints needs it

    from gateway.papers import word

    paper = word.blank(f"交办单 {sheet.number}")
    word.say(paper.add_paragraph(), f"{sheet.county}双向沟通办公室交办单", 20, word.TITLE_FONT, word.CENTRE)
    word.say(paper.add_paragraph(), f"编号：{sheet.number}", 12, align=word.CENTRE)
    rows = [
        [(name, word.HEAD_FONT, word.CENTRE), (value, word.BODY_FONT, word.LEFT)]
        for name, value in (*sheet.heading, ("群众反映", sheet.matter))
    ]
    word.grid(paper, (Cm(2.8), Cm(13.2)), rows, 12)
    for title, lines in sheet.blocks:
        word.say(paper.add_paragraph(), title, 14, word.HEAD_FONT)
        for line in filter(None, lines):
            word.say(paper.add_paragraph(), line, 12, indent=True)
    word.say(paper.add_paragraph(), "签收人：            签收时间：            ", 12)
    paper.save(str(file))
