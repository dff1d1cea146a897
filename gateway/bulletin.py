"""The monthly bulletin (月通报): how every unit did, who was late with what, what waits, what citizens thanked for.

No word of it says who wrote. What each column counts stands in routing/statistics.py and, for the office, in
docs/reports.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

import sqlalchemy as sa

from gateway import report_lists
from gateway.papers import Block, Counted, Paper, Row, Share, Table, Text
from gateway.papers.paper import chinese_day
from gateway.report_facts import Facts, before_ranks, between, first_day, in_month, last_day, months_earlier, said
from gateway.sight import Sight, on_paper
from roster import store as roster_store
from roster.vault import Vault
from routing import gaming, statistics, supervision
from routing.cases import CaseState
from routing.deadlines import DISPUTE, LAMP_LABELS
from routing.departments import Departments
from routing.gaming import Finding
from routing.moves import OFFICE
from routing.seen import Seen
from routing.statistics import Fate, Tally, Turn, What

SUPERVISED = {"none": "", "urged": "催办", "supervised": "督办"}
HANDLED = (
    *("单位", "#交办", "#按期答复", "#逾期答复", "#逾期未答复", "#未到期", "#挂账", "#办结率"),
    *("#迟签", "#退单同意", "#退单不同意", "#退回重办"),
)
JUDGED = (
    *("单位", "#按期率", "#满意", "#基本满意", "#不满意", "#未评价", "#满意率", "#平均用时"),
    *("#名次", "#上月名次", "标记"),
)
HANDLED_NOTE = (
    "一件自交办(重办、复发自重新交办)起为一次承办,计入交办所在的月和最后承办的单位,改派、退单不另起。"
    "交办=按期答复+逾期答复+逾期未答复+未到期+挂账。办结率=已办结/交办。迟签、退单、退回重办计入发生的月和当时的单位。"
)
JUDGED_NOTE = (
    "按期率=按期答复/到期,到期指期限在本月内已届满的承办(挂账的除外);名次按按期率,相同的并列,没有到期件的不排。"
    "满意率=(满意+基本满意)/已评价,未评价的不计入。平均用时为本月交办并已答复的承办在本单位手中的平均天数,清单见附表。"
)


def monthly(facts: Facts, month: str) -> Paper:
    """The bulletin of a month, as known at the moment of the facts."""
    tallies = facts.tally(in_month(month))
    own = tallies.pop(OFFICE, Tally(OFFICE))
    standings = statistics.standings(facts.turns)
    ranks = statistics.ranks(standings, month)
    order = sorted(tallies, key=lambda unit: (ranks.get(unit, len(ranks) + 1), unit))
    units = [tallies[unit] for unit in order]
    both = statistics.total(units)
    summoned = supervision.summons(standings, month, facts.desk.ladder.summon_months)
    before = statistics.ranks(standings, months_earlier(month, 1))
    used = list(_used(facts, month))
    marks = dict.fromkeys(summoned, f"连续{facts.desk.ladder.summon_months}个月末位")
    judged = [
        (
            *_judged(one, _average(used, one.unit)),
            ranks.get(one.unit, "-"),
            before.get(one.unit, "-"),
            marks.get(one.unit, ""),
        )
        for one in units
    ]
    judged.append((*_judged(both, _average(used, None)), "", "", ""))
    blocks: tuple[Block, ...] = (
        Text("一、概况", tuple(_overview(facts, month, both, own, summoned))),
        Table("二、办理情况", HANDLED, tuple(map(_handled, (*units, both))), HANDLED_NOTE),
        Table("三、按期率、满意度和名次", JUDGED, tuple(judged), JUDGED_NOTE),
        _late(facts, month),
        _overdue(facts, month),
        _waiting(facts),
        adopted(facts, in_month(month), "七、采用的建议"),
        _thanked(both, units),
        _came_back(facts, month),
        aspects(units, "十、不满意的方面"),
    )
    closing = (f"{facts.county}双向沟通办公室", chinese_day(facts.today))
    number = f"{said(month)}  {facts.as_of}"
    annexes = (_used_list(used), *report_lists.behind(facts, in_month(month), _ranked(facts, month)))
    return Paper(f"{facts.county}社情民意办理情况通报", number, facts.now, blocks, closing, annexes)


def _ranked(facts: Facts, month: str) -> Callable[[date], bool]:
    """The days whose dates the ranks of this month and the last, and the summonses, look at."""
    return between(first_day(months_earlier(month, before_ranks(facts.desk.ladder))), last_day(month))


def _overview(facts: Facts, month: str, both: Tally, own: Tally, summoned: Iterable[str]) -> Iterator[str]:
    yield (
        f"{said(month)}交办各单位{len(both.assigned)}件,其中按期答复{len(both.on_time)}件、逾期答复{len(both.late)}件、"
        f"逾期未答复{len(both.overdue)}件、未到期{len(both.running)}件、挂账{len(both.suspended)}件;"
        f"办结率{_closed(both)}。沟通办直接答复{len(own.answered)}件,退单后待另派"
        f"{len(own.running) + len(own.overdue)}件。"
    )
    yield (
        f"本月到期的{len(both.due)}件,按期率{_kept(both)}。群众评价{len(both.rated)}件,满意率{_content(both)};"
        f"未评价{len(both.not_rated)}件、未能请其评价{len(both.not_asked)}件,不计入满意率。"
    )
    whom = "、".join(summoned)
    months = facts.desk.ladder.summon_months
    yield f"按期率连续{months}个月末位、应予约谈的单位:{whom or '无'}。"


def _handled(one: Tally) -> Row:
    figures = (one.assigned, one.on_time, one.late, one.overdue, one.running, one.suspended)
    events = (one.late_signed, one.returned_upheld, one.returned_refused, one.sent_back)
    return (one.unit, *map(Counted, figures), _closed(one), *map(Counted, events))


def _judged(one: Tally, average: str) -> Row:
    votes = (one.satisfied, one.basically, one.dissatisfied, one.not_rated)
    return (one.unit, _kept(one), *map(Counted, votes), _content(one), average)


def _closed(one: Tally) -> Share:
    return Share(one.closed, one.assigned, "交办")


def _kept(one: Tally) -> Share:
    return Share(one.due_on_time, one.due, "到期")


def _content(one: Tally) -> Share:
    return Share(one.content, one.rated, "已评价")


# -------------------------------------------------------------------------------------------------------------- lists


def _late(facts: Facts, month: str) -> Table:
    """List A: answered in the month, and late, whenever it was assigned."""
    within = in_month(month)
    found = [turn for turn in facts.turns if turn.fate is Fate.LATE and turn.answered and within(turn.answered)]
    rows = tuple(
        (turn.unit, turn.number, turn.began, turn.due, turn.answered, turn.days_late, *_lamps(turn))
        for turn in _ordered(found)
    )
    columns = ("单位", "编号", "交办", "期限", "答复", "#逾期", "法定灯", "现灯")
    return Table(
        "四、逾期办结的件",
        columns,
        rows,
        "本月答复、已过期限的件。逾期为期限之后计入期限的天数(一般为工作日);法定灯按法定期限,现灯按批准延期后的期限。",
    )


def _overdue(facts: Facts, month: str) -> Table:
    """List B: not answered by now, and its date lay in the month or before."""
    last = last_day(month)
    found = [turn for turn in facts.turns if turn.fate is Fate.OVERDUE and turn.due <= last]
    rows = tuple(
        (turn.unit, turn.number, seen.holder, turn.began, turn.due, turn.days_late, *_lamps(turn), _pressed(seen))
        for turn in _ordered(found)
        for seen in [facts.by_number[turn.number]]
    )
    columns = ("单位", "编号", "现在", "交办", "期限", "#逾期", "法定灯", "现灯", "督办")
    return Table("五、逾期未办的件", columns, rows, f"期限在本月底以前、{facts.as_of}仍未答复的件。")


def _waiting(facts: Facts) -> Table:
    """List C: what stands on the books."""
    found = [turn for turn in facts.turns if turn.fate is Fate.SUSPENDED]
    rows = tuple(
        (turn.unit, turn.number, turn.began, _cause(facts, seen), seen.case.review_on or "")
        for turn in _ordered(found)
        for seen in [facts.by_number[turn.number]]
    )
    return Table("六、挂账的件", ("单位", "编号", "交办", "原因", "复查日期"), rows)


def adopted(facts: Facts, within: Callable[[date], bool], title: str) -> Table:
    """The suggestions that were adopted, by the day on which their citizens were told."""
    words = facts.rules.adopted
    found = [turn for turn in facts.turns if turn.answered and within(turn.answered) and turn.outcome in words]
    rows = tuple(
        (turn.unit, turn.number, topic(facts.by_number[turn.number]), turn.outcome) for turn in _ordered(found)
    )
    return Table(title, ("单位", "编号", "主题", "结果"), rows)


def _thanked(both: Tally, units: Iterable[Tally]) -> Table:
    rows = tuple((one.unit, Counted(one.thanked)) for one in units if one.thanked)
    total = (("合计", Counted(both.thanked)),) if rows else ()
    return Table("八、群众感谢", ("单位", "#感谢"), (*rows, *total))


def aspects(tallies: Iterable[Tally], title: str) -> Table:
    """With what citizens were dissatisfied, where they said so (`texts.ask_aspects`); one may name several."""
    told = [one for one in tallies if one.attitude or one.efficiency or one.style]
    several = [*told, statistics.total(told)] if told else []
    rows: tuple[Row, ...] = tuple(
        (one.unit, *map(Counted, (one.dissatisfied, one.attitude, one.efficiency, one.style))) for one in several
    )
    columns = ("单位", "#不满意", "#服务态度", "#办事效率", "#工作作风")
    return Table(title, columns, rows, "评价不满意的,自己说明的方面;一次评价每个方面只计一次,没有说明的不列。")


def _came_back(facts: Facts, month: str) -> Table:
    within = in_month(month)
    found = sorted(
        (one.unit, one.number, one.on) for one in facts.happened if one.what is What.CAME_BACK and within(one.on)
    )
    rows = tuple((unit, number, on, topic(facts.by_number[number])) for unit, number, on in found)
    return Table(
        "九、同一问题再次反映",
        ("单位", "编号", "认定日期", "主题"),
        rows,
        "答复后同一地点、主题的问题再次反映,已列入督办。",
    )


def topic(seen: Seen) -> str:
    """What a case is about, in a paper that many read: nothing of a shielded one."""
    return (
        "(保密)" if on_paper(seen.case) < Sight.MATTER else " / ".join(filter(None, (seen.case.topic, seen.case.place)))
    )


def _lamps(turn: Turn) -> tuple[str, str]:
    return LAMP_LABELS[turn.statutory], LAMP_LABELS[turn.in_force]


def _pressed(seen: Seen) -> str:
    return SUPERVISED[seen.supervision]


def _cause(facts: Facts, seen: Seen) -> str:
    entry = next((entry for entry in reversed(seen.entries) if entry.to_state == CaseState.SUSPENDED), None)
    code = entry.data.get("code", "") if entry else ""
    return facts.desk.codes.causes.get(code, code)


def _ordered(turns: Iterable[Turn]) -> list[Turn]:
    return sorted(turns, key=lambda turn: (turn.unit, turn.due, turn.number))


# ---------------------------------------------------------------------------------------------------------- time used


def _used(facts: Facts, month: str) -> Iterator[tuple[Turn, dict[str, int]]]:
    """Whose the days were, of the turns that began in the month and were answered."""
    within = in_month(month)
    for turn in _ordered(facts.turns):
        if turn.answered is not None and within(turn.began) and turn.unit != OFFICE:
            days = statistics.spent(facts.by_number[turn.number], turn, facts.desk.calendar, facts.now)
            yield turn, days


def _average(used: Iterable[tuple[Turn, dict[str, int]]], unit: str | None) -> str:
    """The days in the unit's own hands by turn, to a tenth, halves up; of all units for None."""
    mine = [days.get(turn.unit, 0) for turn, days in used if unit in (None, turn.unit)]
    tenths = (20 * sum(mine) + len(mine)) // (2 * len(mine)) if mine else 0
    return f"{tenths // 10}.{tenths % 10}" if mine else "-"


def _used_list(used: Iterable[tuple[Turn, dict[str, int]]]) -> Table:
    rows = []
    for turn, days in used:
        theirs, office, dispute = (days.get(who, 0) for who in (turn.unit, OFFICE, DISPUTE))
        rest = sum(days.values()) - theirs - office - dispute
        rows.append(
            (turn.unit, turn.number, turn.began, turn.answered, sum(days.values()), theirs, office, dispute, rest)
        )
    columns = ("单位", "编号", "交办", "答复", "#合计", "#本单位", "#沟通办", "#退单争议", "#其他")
    return Table("附表 用时清单", columns, tuple(rows), "每一天记在当天结束时持有该件的一方;四项之和等于合计。")


# ----------------------------------------------------------------------------------------------------- for supervisors


def checks(facts: Facts, month: str, staff: Mapping[int, frozenset[str]]) -> Paper:
    """The signs that figures were made to look better: for supervisors only, never a part of the bulletin.

    `staff`: by person, the units of whose posts they have the number (`staff_of`).
    """
    within, rules = in_month(month), facts.rules.checks
    reports = [one for seen in facts.seen for one in gaming.filed(seen, facts.desk.calendar, rules) if within(one.on)]
    touched = [seen for seen in facts.seen if any(within(facts.desk.today(move.at)) for move in seen.history)]
    units = [one for unit, one in facts.tally(within).items() if unit != OFFICE]
    rated = (one for one in facts.happened if within(one.on))
    own = gaming.own_ratings(rated, {one.case.number: one.case for one in facts.seen}, staff)
    found = gaming.findings(reports, touched, units, _last_working_day(facts, month), rules, own)
    table = Table("线索", ("单位", "线索", "情况", "#件"), tuple(map(_finding, found)), "线索不是结论,请核实后处理。")
    number = f"{said(month)}  {facts.as_of}"
    annexes = (report_lists.happenings(facts, within),)
    return Paper(f"{facts.county}办理数据核查线索(仅供督查)", number, facts.now, (table,), annexes=annexes)


def staff_of(tx: sa.Connection, vault: Vault, departments: Departments) -> dict[int, frozenset[str]]:
    """By person, the units of whose posts they have the number now."""
    found: dict[int, frozenset[str]] = {}
    for number, posts in departments.posts().items():
        units = frozenset(post.whose for post in posts if post.role != "leader")
        known = roster_store.person_by_phone(tx, vault, number)
        if known is not None and units:
            found[known.id] = units
    return found


def _last_working_day(facts: Facts, month: str) -> date:
    last = last_day(month)
    calendar = facts.desk.calendar
    return last if calendar.is_working_day(last) else calendar.add_working_days(last, -1)


def _finding(one: Finding) -> Row:
    return one.unit, one.what, one.how, Counted(one.cases)
