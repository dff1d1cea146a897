"""Results for everybody to read (公开): closed cases of a month, without a word that tells who wrote.

Shielded cases and reports of misconduct are left out whole. What citizens
wrote, and what units replied, is masked; officials have no name there, either.
"""

from datetime import date

import sqlalchemy as sa

from gateway.case_words import Hider, hider
from gateway.papers import Paper, Table
from gateway.papers.paper import chinese_day
from gateway.report_facts import Facts, in_month, said
from gateway.sight import Sight, in_public
from roster.vault import Vault
from routing.cases import CaseState
from routing.moves import OFFICE
from routing.seen import Seen

RATINGS = {1: "满意", 2: "基本满意", 3: "不满意", None: "未评价"}
COLUMNS = ("编号", "办结日期", "类别", "主题", "反映内容", "答复单位", "答复", "结果", "评价")


def choose(facts: Facts, month: str) -> list[tuple[date, Seen]]:
    """The cases that were closed in the month, are so still, and may be told of; with the day."""
    within = in_month(month)
    found = []
    for seen in facts.seen:
        case = seen.case
        if case.state is CaseState.CLOSED and case.closed_at and in_public(case) is not Sight.NOTHING:
            on = facts.desk.today(case.closed_at)
            if within(on):
                found.append((on, seen))
    return sorted(found, key=lambda one: (one[0], one[1].case.number))


def paper(tx: sa.Connection, vault: Vault, facts: Facts, month: str, chosen: list[tuple[date, Seen]]) -> Paper:
    """The table of results; nobody is named in it."""
    rows = tuple(_row(on, seen, hider(tx, vault, seen.case)) for on, seen in chosen)
    note = "个人信息已隐去;保密件和举报件不公开。"
    number = f"{said(month)}  {facts.as_of}"
    closing = (f"{facts.county}双向沟通办公室", chinese_day(facts.today))
    table = Table("办理结果", COLUMNS, rows, note)
    return Paper(f"{facts.county}社情民意办理结果公开", number, facts.now, (table,), closing)


def _row(on: date, seen: Seen, hide: Hider) -> tuple[str | date, ...]:
    case = seen.case
    unit = case.lead or OFFICE
    reply = hide.public(case.reply or "")
    named = reply if unit in reply else f"{unit}答复:{reply}"
    return (
        *(case.number, on, case.kind or "", case.topic or "", hide.public(case.text)),
        *(unit, named, case.outcome or "", RATINGS[case.rating]),
    )
