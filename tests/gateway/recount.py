"""The figures of papers counted again from the lists that they carry, as somebody would who does not believe them.

Nothing of the program is used: what counts as what is written down here a second time, from docs/reports.md. A paper is
its JSON; what does not add up is an assertion with the cell that is wrong.
"""

import re
from collections import Counter
from fractions import Fraction
from typing import Any

Data = dict[str, Any]
OFFICE = "沟通办"
NOBODYS = ("已并案", "不予受理")


def table(paper: Data, title: str) -> Data:
    """The table or annex of this title."""
    return next(one for one in (*paper["blocks"], *paper["annexes"]) if title in one.get("table", ""))


def lines(paper: Data, title: str) -> list[Data]:
    """Its rows, each by the names of its columns."""
    one = table(paper, title)
    return [dict(zip(one["columns"], row, strict=True)) for row in one["rows"]]


def percent(part: int, whole: int) -> str:
    """Two decimals, halves up, in whole numbers only."""
    hundredths = (20000 * part + whole) // (2 * whole) if whole else 0
    return f"{hundredths // 100}.{hundredths % 100:02}%" if whole else "-"


def said(part: int, whole: int) -> str:
    """A rate in a sentence."""
    return f"{percent(part, whole)}({part}/{whole})" if whole else "-"


def every_cell(paper: Data) -> None:
    """Every figure is as long as its list, every rate its two lists divided, and no list has what the whole has not."""
    for one in (*paper["blocks"], *paper["annexes"]):
        for row in one.get("rows", ()):
            for cell in row:
                if isinstance(cell, dict) and "count" in cell:
                    assert cell["count"] == len(cell["cases"]), (one["table"], row)
                elif isinstance(cell, dict):
                    part, whole = Counter(cell["cases"]), Counter(cell["of_cases"])
                    assert (cell["numerator"], cell["denominator"]) == (part.total(), whole.total()), (
                        one["table"],
                        row,
                    )
                    assert part <= whole, (one["table"], row)
                    assert cell["percent"] == percent(part.total(), whole.total()), (one["table"], row)


def same(cell: Data, cases: list[str], where: Any) -> None:
    """A figure's list is this one."""
    assert sorted(cell["cases"]) == sorted(cases), (where, cell, cases)


def rate(cell: Data, part: list[str], whole: list[str], where: Any) -> None:
    """A rate's lists are these two."""
    assert sorted(cell["cases"]) == sorted(part), (where, cell, part)
    assert sorted(cell["of_cases"]) == sorted(whole), (where, cell, whole)


class Units:
    """What the two annexes say of some units (all but the office for None) in a period ("2026-01", or "2026")."""

    def __init__(self, paper: Data, period: str, unit: str | None) -> None:
        ours = [one for one in lines(paper, "承办清单") if unit in (None, one["单位"])]
        self.turns = [one for one in ours if unit or one["单位"] != OFFICE]
        self.given = [one for one in self.turns if one["交办"].startswith(period)]
        self.over = [one for one in self.turns if one["到期"] == "是" and one["期限"].startswith(period)]
        self.events = [
            one
            for one in lines(paper, "事项清单")
            if (unit == one["单位"] or (unit is None and one["单位"] != OFFICE)) and one["日期"].startswith(period)
        ]

    def fate(self, *fates: str) -> list[str]:
        return [one["编号"] for one in self.given if one["情况"] in fates]

    def what(self, *whats: str) -> list[str]:
        return [one["编号"] for one in self.events if one["事项"] in whats]

    @property
    def answered(self) -> list[str]:
        return self.fate("按期答复", "逾期答复")

    @property
    def due(self) -> list[str]:
        return [one["编号"] for one in self.over]

    @property
    def kept(self) -> list[str]:
        return [one["编号"] for one in self.over if one["现灯"] == "绿灯"]

    @property
    def closed(self) -> list[str]:
        return [one["编号"] for one in self.given if one["办结"] == "是"]

    @property
    def rated(self) -> list[str]:
        return self.what("满意", "基本满意", "不满意")

    @property
    def content(self) -> list[str]:
        return self.what("满意", "基本满意")

    def solved(self, words: set[str]) -> list[str]:
        return [one["编号"] for one in self.given if one["结果"] in words]


def month_before(month: str, n: int = 1) -> str:
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - n, 12)
    return f"{year}-{number + 1:02}"


def kept_rates(paper: Data, month: str) -> dict[str, Fraction]:
    """By unit, of those that had something due."""
    units = {one["单位"] for one in lines(paper, "承办清单")} - {OFFICE}
    found = {unit: Units(paper, month, unit) for unit in units}
    return {unit: Fraction(len(one.kept), len(one.due)) for unit, one in found.items() if one.due}


def ranks(rates: dict[str, Fraction]) -> dict[str, int]:
    return {unit: 1 + sum(other > mine for other in rates.values()) for unit, mine in rates.items()}


def bottom(rates: dict[str, Fraction]) -> set[str]:
    return {unit for unit, mine in rates.items() if mine == min(rates.values()) < max(rates.values())}


def summoned(paper: Data, month: str, months: int) -> set[str]:
    """Who was at the bottom in all of so many months."""
    return set.intersection(*(bottom(kept_rates(paper, month_before(month, n))) for n in range(months)))


# ------------------------------------------------------------------------------------------------------- the bulletin


def bulletin(paper: Data, month: str, months: int, adopted: set[str]) -> None:
    every_cell(paper)
    whole, office = Units(paper, month, None), Units(paper, month, OFFICE)
    called = summoned(paper, month, months)
    units = {one["单位"] for one in (*whole.given, *whole.over, *whole.events)}
    handled = {row["单位"]: row for row in lines(paper, "办理情况")}
    assert handled.keys() == units | {"合计"}
    for unit, row in handled.items():
        of = whole if unit == "合计" else Units(paper, month, unit)
        same(row["交办"], [one["编号"] for one in of.given], unit)
        for fate in ("按期答复", "逾期答复", "逾期未答复", "未到期", "挂账"):
            same(row[fate], of.fate(fate), (unit, fate))
        rate(row["办结率"], of.closed, [one["编号"] for one in of.given], unit)
        for what in ("迟签", "退单同意", "退单不同意", "退回重办"):
            same(row[what], of.what(what), (unit, what))
    _judged(paper, month, months, whole, called)
    _lists(paper, month, whole, office, adopted)
    aspects(paper, month)
    assert paper["blocks"][0]["lines"] == _overview(month, months, whole, office, called)


def _judged(paper: Data, month: str, months: int, whole: Units, called: set[str]) -> None:
    now, before = ranks(kept_rates(paper, month)), ranks(kept_rates(paper, month_before(month)))
    used = lines(paper, "用时清单")
    rows = lines(paper, "名次")
    for row in rows:
        unit = row["单位"]
        of = whole if unit == "合计" else Units(paper, month, unit)
        rate(row["按期率"], of.kept, of.due, unit)
        for what in ("满意", "基本满意", "不满意", "未评价"):
            same(row[what], of.what(what), (unit, what))
        rate(row["满意率"], of.content, of.rated, unit)
        mine = [one["本单位"] for one in used if unit in ("合计", one["单位"])]
        tenths = (20 * sum(mine) + len(mine)) // (2 * len(mine)) if mine else 0
        assert row["平均用时"] == (f"{tenths // 10}.{tenths % 10}" if mine else "-"), unit
        if unit != "合计":
            mark = f"连续{months}个月末位" if unit in called else ""
            told = (row["名次"], row["上月名次"], row["标记"])
            assert told == (now.get(unit, "-"), before.get(unit, "-"), mark), unit
    order = [row["单位"] for row in rows[:-1]]
    assert order == sorted(order, key=lambda unit: (now.get(unit, 10**6), unit))
    assert sorted((one["单位"], one["编号"], one["交办"]) for one in used) == sorted(
        (one["单位"], one["编号"], one["交办"]) for one in whole.given if one["答复"]
    )
    for one in used:
        assert one["合计"] == one["本单位"] + one["沟通办"] + one["退单争议"] + one["其他"], one


def _lists(paper: Data, month: str, whole: Units, office: Units, adopted: set[str]) -> None:
    turns = [*whole.turns, *office.turns]

    def listed(title: str, wanted: list[Data], *columns: str) -> None:
        found = sorted([row[name] for name in columns] for row in lines(paper, title))
        assert found == sorted([one[name] for name in columns] for one in wanted), title

    late = [one for one in turns if one["情况"] == "逾期答复" and one["答复"].startswith(month)]
    listed("逾期办结", late, "单位", "编号", "交办", "期限", "答复", "逾期", "法定灯", "现灯")
    open_ = [one for one in turns if one["情况"] == "逾期未答复" and one["期限"][:7] <= month]
    listed("逾期未办", open_, "单位", "编号", "交办", "期限", "逾期", "法定灯", "现灯")
    listed("挂账的件", [one for one in turns if one["情况"] == "挂账"], "单位", "编号", "交办")
    told = [one for one in turns if one["答复"].startswith(month) and one["结果"] in adopted]
    listed("采用的建议", told, "单位", "编号", "结果")
    back = [one for one in (*whole.events, *office.events) if one["事项"] == "同一问题再次反映"]
    assert sorted((row["单位"], row["编号"], row["认定日期"]) for row in lines(paper, "再次反映")) == sorted(
        (one["单位"], one["编号"], one["日期"]) for one in back
    )
    thanked = {row["单位"]: row["感谢"] for row in lines(paper, "群众感谢")}
    units = {one["单位"] for one in whole.events if one["事项"] == "感谢"}
    assert thanked.keys() == (units | {"合计"} if units else set())
    for unit, cell in thanked.items():
        same(cell, (whole if unit == "合计" else Units(paper, month, unit)).what("感谢"), unit)


def aspects(paper: Data, period: str) -> None:
    """With what people were dissatisfied: a line for every unit of which somebody said so, and their sum."""
    rows = lines(paper, "不满意的方面")
    whats = ("服务态度", "办事效率", "工作作风")
    listed = [row["单位"] for row in rows if row["单位"] != "合计"]
    for row in rows:
        of = [Units(paper, period, unit) for unit in (listed if row["单位"] == "合计" else [row["单位"]])]
        same(row["不满意"], [number for one in of for number in one.what("不满意")], row)
        for what in whats:
            same(row[what], [number for one in of for number in one.what(f"不满意{what}")], (row, what))
    told = {one["单位"] for one in Units(paper, period, None).events if one["事项"][3:] in whats}
    assert told == set(listed)


def _overview(month: str, months: int, whole: Units, office: Units, called: set[str]) -> list[str]:
    given, waits = len(whole.given), len(office.fate("未到期", "逾期未答复"))
    counts = {fate: len(whole.fate(fate)) for fate in ("按期答复", "逾期答复", "逾期未答复", "未到期", "挂账")}
    told = "、".join(f"{fate}{count}件" for fate, count in counts.items())
    return [
        f"{month[:4]}年{int(month[5:])}月交办各单位{given}件,其中{told};办结率{said(len(whole.closed), given)}。"
        f"沟通办直接答复{len(office.answered)}件,退单后待另派{waits}件。",
        f"本月到期的{len(whole.due)}件,按期率{said(len(whole.kept), len(whole.due))}。群众评价{len(whole.rated)}件,"
        f"满意率{said(len(whole.content), len(whole.rated))};未评价{len(whole.what('未评价'))}件、"
        f"未能请其评价{len(whole.what('未能请其评价'))}件,不计入满意率。",
        f"按期率连续{months}个月末位、应予约谈的单位:{'、'.join(sorted(called)) or '无'}。",
    ]


# ------------------------------------------------------------------------------------------------- the leaders' paper


def summary(paper: Data, month: str, adopted: set[str], solved: set[str]) -> None:
    every_cell(paper)
    came = {one["编号"]: one for one in lines(paper, "来件清单")}
    for title, column in (("渠道", "渠道"), ("来件类别", "类别"), ("主题", ""), ("乡镇", ""), ("来信人类别", "")):
        rows = table(paper, title)["rows"]
        groups = [row for row in rows if row[0] != "合计"]
        assert sorted(number for row in groups for number in row[1]["cases"]) == sorted(came), title
        sizes = [(-row[1]["count"], row[0]) for row in groups if not row[0].startswith("其他")]
        assert sizes == sorted(sizes), title
        for row in rows:
            mine = [came[number] for number in row[1]["cases"]]
            if column and row[0] != "合计":
                assert row[1]["cases"] == [number for number, one in came.items() if one[column] == row[0]], row[0]
            _group(row, mine)
    whole, office = Units(paper, month, None), Units(paper, month, OFFICE)
    assert paper["blocks"][0]["lines"] == _of_leaders(month, list(came.values()), whole, office, solved)
    turns = [*whole.turns, *office.turns]
    red = [one for one in turns if one["情况"] == "逾期未答复" and one["现灯"] == "红灯"]
    assert sorted((row["单位"], row["编号"], row["期限"], row["逾期"]) for row in lines(paper, "红灯件")) == sorted(
        (one["单位"], one["编号"], one["期限"], one["逾期"]) for one in red
    )
    told = [one for one in turns if one["答复"].startswith(month) and one["结果"] in adopted]
    assert sorted(row["编号"] for row in lines(paper, "采用的建议")) == sorted(one["编号"] for one in told)


def _group(row: list[Any], mine: list[Data]) -> None:
    def numbers(column: str, *values: str) -> list[str]:
        return [one["编号"] for one in mine if one[column] in values]

    wanted = [one["编号"] for one in mine if one["状态"] not in NOBODYS]
    same(row[2], numbers("交办", "是"), row[0])
    rate(row[3], [number for number in numbers("已答复", "是") if number in wanted], wanted, row[0])
    same(row[4], numbers("状态", "不予受理"), row[0])
    same(row[5], numbers("状态", "已并案"), row[0])
    rate(row[6], numbers("评价", "满意", "基本满意"), numbers("评价", "满意", "基本满意", "不满意"), row[0])


def _of_leaders(month: str, came: list[Data], whole: Units, office: Units, solved: set[str]) -> list[str]:
    state = Counter(one["状态"] for one in came)
    given, answered, good = len(whole.given), len(whole.answered), len(whole.solved(solved))
    handed = sum(one["交办"] == "是" for one in came)
    return [
        f"收集:{month[:4]}年{int(month[5:])}月收到来件{len(came)}件,其中交办{handed}件、"
        f"并案{state['已并案']}件、不予受理{state['不予受理']}件、沟通办直接答复{len(office.answered)}件、"
        f"尚未受理或补充中{state['待受理'] + state['待补充']}件。",
        f"办理:交办各单位{given}件次(含重办、复发),已答复{answered}件,逾期未答复{len(whole.fate('逾期未答复'))}件,"
        f"挂账{len(whole.fate('挂账'))}件;本月到期的按期率{said(len(whole.kept), len(whole.due))}。",
        f"答复:交办的答复率{said(answered, given)};已答复的解决率{said(good, answered)}。",
        f"满意:已评价{len(whole.rated)}件,满意率{said(len(whole.content), len(whole.rated))};"
        f"不满意{len(whole.what('不满意'))}件;未评价{len(whole.what('未评价'))}件、"
        f"未能请其评价{len(whole.what('未能请其评价'))}件,不计入满意率;收到感谢{len(whole.what('感谢'))}件。",
    ]


# ----------------------------------------------------------------------------------------------------------- the year


def yearly(paper: Data, year: str, last: str, months: int, adopted: set[str], solved: set[str]) -> None:
    """`last`: the last month that is over."""
    every_cell(paper)
    over = [f"{year}-{n:02}" for n in range(1, 13) if f"{year}-{n:02}" <= last]
    called = {month: summoned(paper, month, months) for month in over}
    scores = {}
    deductions = {row["单位"]: list(row.values()) for row in lines(paper, "扣分")}
    heads = table(paper, "扣分")["columns"][1:-2]
    each = [Fraction(re.search(r"每次(.*)\)", head)[1]) for head in heads]  # type: ignore[index]
    most = Fraction(re.search(r"最多扣(.*)分", table(paper, "扣分")["note"])[1])  # type: ignore[index]
    weights = [int(re.search(r"\((\d+)分\)", head)[1]) for head in table(paper, "五项指标")["columns"][1:6]]  # type: ignore[index]
    for unit, *cells in table(paper, "五项指标")["rows"]:
        of = Units(paper, year, unit)
        bad = Counter(of.what("反馈后被退回"))
        good = sorted((Counter(of.what("反馈")) - bad).elements())
        pairs = [
            (of.content, of.rated),
            ([one["编号"] for one in of.over if one["答复"]], of.due),
            (of.kept, of.due),
            (good, of.what("反馈")),
            (of.solved(solved), of.answered),
        ]
        for cell, (part, whole) in zip(cells, pairs, strict=False):
            rate(cell, part, whole, unit)
        judged = [(weight, Fraction(len(p), len(w))) for weight, (p, w) in zip(weights, pairs, strict=True) if w]
        total = sum(weight for weight, _ in judged)
        earned = _hundredths(sum(weight * share for weight, share in judged) * 100 / total) if total else None
        causes = [
            *(of.fate(fate) for fate in ("逾期答复", "逾期未答复")),
            *(of.what(what) for what in ("迟签", "退单不同意", "退回重办", "不满意")),
            [month for month in over if unit in called[month]],
        ]
        off = _off(deductions[unit][1:], causes, each, len(of.given), unit)
        taken = min(most, off)
        scores[unit] = None if earned is None else max(Fraction(0), earned - taken)
        assert deductions[unit][-2:] == [_points(off), _points(taken)], unit
        assert cells[5:] == [_points(earned), _points(taken), _points(scores[unit])], unit
    ranked = {row["单位"]: (row["名次"], row["总分"]) for row in lines(paper, "一年一排名")}
    known = [score for score in scores.values() if score is not None]
    assert ranked == {
        unit: ("-", "-") if score is None else (1 + sum(one > score for one in known), _points(score))
        for unit, score in scores.items()
    }
    _months(paper, year)
    aspects(paper, year)
    told = [one for one in lines(paper, "承办清单") if one["答复"].startswith(year) and one["结果"] in adopted]
    assert sorted(row["编号"] for row in lines(paper, "采用的建议")) == sorted(one["编号"] for one in told)
    back = [one["编号"] for one in lines(paper, "事项清单") if one["事项"] == "同一问题再次反映"]
    assert sorted(number for row in lines(paper, "应开展专项") for number in row["再次反映"]["cases"]) == sorted(back)
    sent = lines(paper, "通知清单")
    for row in lines(paper, "附二 通知"):
        of_topic = [one["接收人次"] for one in sent if row["主题"] in ("合计", one["主题"])]
        assert (row["通知"], row["接收人次"]) == (len(of_topic), sum(of_topic)), row


def _off(cells: list[Any], causes: list[list[str]], each: list[Fraction], given: int, unit: str) -> Fraction:
    """Points off: per hundred that the unit was given, a summons by itself."""
    total = Fraction(0)
    for at, (cell, cases, points) in enumerate(zip(cells, causes, each, strict=False)):
        same(cell, cases, unit)
        if at == len(causes) - 1:
            total += points * len(cases)
        elif given:
            total += points * len(cases) * 100 / given
    return _hundredths(total)


def _months(paper: Data, year: str) -> None:
    for row in lines(paper, "一月一通报"):
        of = Units(paper, row["月份"], None)
        assert row["月份"].startswith(year)
        same(row["交办"], [one["编号"] for one in of.given], row["月份"])
        rate(row["按期率"], of.kept, of.due, row["月份"])
        rate(row["满意率"], of.content, of.rated, row["月份"])


def _hundredths(value: Fraction) -> Fraction:
    return Fraction(int(value * 100 + Fraction(1, 2)), 100)


def _points(value: Fraction | None) -> str:
    return "-" if value is None else f"{float(value):.2f}"
