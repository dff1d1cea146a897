"""The lists from which every figure of a paper can be counted again, by somebody who does not believe it.

One line a turn of a unit, one a happening: what each column of a paper counts of them says docs/reports.md. They are
too long to print and stand in Excel and JSON only (`Paper.annexes`). Nothing in them says who wrote.
"""

from collections.abc import Callable
from datetime import date

from gateway.papers import Table
from gateway.report_facts import Facts
from routing.deadlines import LAMP_LABELS
from routing.statistics import Fate, Turn, What

Within = Callable[[date], bool]
TURNS = (
    *("单位", "编号", "#第几次", "交办", "期限", "到期", "答复", "情况", "法定灯", "现灯", "#逾期"),
    *("办结", "结果"),
)
TURNS_NOTE = (
    "一行是一次承办:本期交办、答复的,期限在本期或排名所看的前几个月的,截至时刻逾期未答复和挂账的。"
    "到期写“是”的,期限已经届满而不在挂账;计入期限所在的月。"
)
HAPPENINGS_NOTE = "一行是一件发生的事,计入发生的日期和当时承办的单位;同一件可以有几行。"
FATES = {
    Fate.ON_TIME: "按期答复",
    Fate.LATE: "逾期答复",
    Fate.OVERDUE: "逾期未答复",
    Fate.RUNNING: "未到期",
    Fate.SUSPENDED: "挂账",
}
WHATS = {
    What.LATE_SIGNED: "迟签",
    What.RETURN_UPHELD: "退单同意",
    What.RETURN_REFUSED: "退单不同意",
    What.REPORTED: "反馈",
    What.REPORTED_BACK: "反馈后被退回",
    What.SENT_BACK: "退回重办",
    What.SATISFIED: "满意",
    What.BASICALLY: "基本满意",
    What.DISSATISFIED: "不满意",
    What.NOT_RATED: "未评价",
    What.NOT_ASKED: "未能请其评价",
    What.THANKED: "感谢",
    What.CAME_BACK: "同一问题再次反映",
    What.ATTITUDE: "不满意服务态度",
    What.EFFICIENCY: "不满意办事效率",
    What.STYLE: "不满意工作作风",
}


def behind(facts: Facts, within: Within, ranked: Within) -> tuple[Table, ...]:
    """Both lists of a period. `ranked`: the days whose dates rates and summonses look at, the period's among them."""
    return turns(facts, within, ranked), happenings(facts, within)


def turns(facts: Facts, within: Within, ranked: Within) -> Table:
    """Every turn that a figure of the period may count."""
    found = sorted(
        (turn for turn in facts.turns if _counts(turn, within, ranked)),
        key=lambda turn: (turn.unit, turn.number, turn.nth),
    )
    rows = tuple(
        (
            *(turn.unit, turn.number, turn.nth + 1, turn.began, turn.due, "是" if turn.due_over else "否"),
            *(turn.answered or "", FATES[turn.fate], LAMP_LABELS[turn.statutory], LAMP_LABELS[turn.in_force]),
            *(turn.days_late, "是" if turn.closed else "否", turn.outcome),
        )
        for turn in found
    )
    return Table("附表 承办清单", TURNS, rows, TURNS_NOTE)


def _counts(turn: Turn, within: Within, ranked: Within) -> bool:
    answered = turn.answered is not None and within(turn.answered)
    return within(turn.began) or ranked(turn.due) or answered or turn.fate in (Fate.OVERDUE, Fate.SUSPENDED)


def happenings(facts: Facts, within: Within) -> Table:
    """Everything that is counted by the day on which it happened."""
    rows = sorted((one.unit, one.on, one.number, WHATS[one.what]) for one in facts.happened if within(one.on))
    return Table("附表 事项清单", ("单位", "日期", "编号", "事项"), tuple(rows), HAPPENINGS_NOTE)
