"""The year's papers: the evaluation of units with its ranking, and the sheet of the five ones (五个一).

一年一考评、一月一通报、一事一督办、一题一专项、一年一排名.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway import report_lists, supervision_records
from gateway.bulletin import adopted, aspects, topic
from gateway.notices import TOPICS
from gateway.papers import Block, Counted, Paper, Row, Share, Table, Text
from gateway.papers.paper import chinese_day
from gateway.report_facts import Facts, before_ranks, between, first_day, in_month, in_year, last_day, months_earlier
from gateway.supervision_records import SURROUNDING, Record
from routing import evaluation, statistics, supervision
from routing.deadlines import is_over
from routing.evaluation import DEDUCTED, INDICES, SUMMONED, Evaluated
from routing.moves import OFFICE
from routing.statistics import What
from routing.supervision import Form


@dataclass(frozen=True, slots=True)
class Signed:
    """A bulletin that was signed: its month, by whom, when, and what its content is known by."""

    month: str
    by: str
    at: datetime
    as_of: date
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice that went out, by its number: under which topic, when, and to how many people."""

    notice: int
    topic: str
    at: datetime
    people: int


def evaluated(facts: Facts, year: int) -> list[tuple[int | None, Evaluated]]:
    """The units with their ranks, the best first."""
    standings = statistics.standings(facts.turns)
    tallies = facts.tally(in_year(year))
    tallies.pop(OFFICE, None)
    called = _summoned(facts, year, standings)
    return evaluation.ranked(
        evaluation.evaluate(one, called.get(unit, ()), facts.rules) for unit, one in tallies.items()
    )


def _summoned(facts: Facts, year: int, standings: Sequence[supervision.Standing]) -> dict[str, list[str]]:
    """By unit the months, over by now, in which it was at the bottom long enough: nobody is for half a month."""
    found: dict[str, list[str]] = {}
    for month in _months(facts, year):
        if not is_over(last_day(month), facts.desk.calendar, facts.now):
            break
        for unit in supervision.summons(standings, month, facts.desk.ladder.summon_months):
            found.setdefault(unit, []).append(month)
    return found


def _months(facts: Facts, year: int) -> Iterator[str]:
    return (f"{year}-{n:02}" for n in range(1, 13) if date(year, n, 1) <= facts.today)


def reaches_back(year: int, ladder: supervision.Rules) -> date:
    """The day since which a year's paper must know everything: of the months before January that a summons looks at,
    and of the weeks before it whose cases belong to a special."""
    first = date(year, 1, 1)
    return min(first_day(months_earlier(f"{year}-01", before_ranks(ladder))), first - SURROUNDING)


def sheet(
    facts: Facts, year: int, signed: Iterable[Signed], sent: Sequence[Sent], records: Iterable[Record] = ()
) -> Paper:
    """The five ones of a year, each with what lies behind it. `facts`: since the day that `reaches_back` says."""
    ranked = evaluated(facts, year)
    bulletins = {one.month: one for one in signed}
    blocks: tuple[Block, ...] = (
        Text("", ("一年一考评、一月一通报、一事一督办、一题一专项、一年一排名。每个数字的清单见电子表格。",)),
        _indices(ranked, facts),
        _deductions(ranked, facts),
        _bulletins(facts, year, bulletins),
        _supervised(facts, year),
        _specials(facts, year, records),
        _came_back(facts, year),
        _ranking(ranked),
        adopted(facts, in_year(year), "附一 采用的建议"),
        _notices(sent),
        _aspects(facts, year),
    )
    closing = (f"{facts.county}双向沟通办公室", chinese_day(facts.today))
    ranked_days = between(first_day(months_earlier(f"{year}-01", before_ranks(facts.desk.ladder))), date(year, 12, 31))
    annexes = (*report_lists.behind(facts, in_year(year), ranked_days), _notice_list(facts, sent))
    return Paper(f"{facts.county}{year}年社情民意办理“五个一”情况表", facts.as_of, facts.now, blocks, closing, annexes)


def _indices(ranked: Sequence[tuple[int | None, Evaluated]], facts: Facts) -> Table:
    weights = facts.rules.weights
    columns = ("单位", *(f"#{label}({weights[name]}分)" for name, label in INDICES.items()), "#得分", "#扣分", "#总分")
    rows: tuple[Row, ...] = tuple(
        (
            one.unit,
            *(_share(one, name) for name in INDICES),
            evaluation.points(one.earned),
            evaluation.points(one.off),
            evaluation.points(one.score),
        )
        for _, one in ranked
    )
    note = (
        "群众评价=(满意+基本满意)/已评价;回复率=已答复/到期;回复时限=按期答复/到期;回复质量=未被退回的反馈/反馈;"
        "解决率=已解决/已答复。没有分母的指标不计,其余按权重折算。总分=得分-扣分,不低于0。"
    )
    return Table("一、一年一考评:五项指标", columns, rows, note)


def _share(one: Evaluated, name: str) -> Share:
    index = one.indices[name]
    return Share(index.part, index.whole, index.of)


def _deductions(ranked: Sequence[tuple[int | None, Evaluated]], facts: Facts) -> Table:
    rules = facts.rules
    columns = (
        "单位",
        *(f"#{label}(每次{rules.deductions[name]})" for name, label in DEDUCTED.items()),
        "#合计",
        "#实扣",
    )
    rows: tuple[Row, ...] = tuple(
        (
            one.unit,
            *(Counted(tuple(one.causes[name])) for name in DEDUCTED),
            evaluation.points(one.deducted),
            evaluation.points(one.off),
        )
        for _, one in sorted(ranked, key=lambda pair: pair[1].unit)
    )
    each = "、".join(f"{label}{rules.deductions[name]}" for name, label in DEDUCTED.items() if name != SUMMONED)
    note = f"每百件交办有一件(次)扣:{each};约谈每次扣{rules.deductions[SUMMONED]}。最多扣{rules.most}分。"
    return Table("一、一年一考评:扣分", columns, rows, note)


def _bulletins(facts: Facts, year: int, signed: Mapping[str, Signed]) -> Table:
    rows: list[Row] = []
    for month in _months(facts, year):
        tallies = facts.tally(in_month(month))
        tallies.pop(OFFICE, None)
        both = statistics.total(tallies.values())
        one = signed.get(month)
        rows.append(
            (
                month,
                Counted(both.assigned),
                Share(both.due_on_time, both.due, "到期"),
                Share(both.content, both.rated, "已评价"),
                facts.desk.today(one.at) if one else "未签发",
                one.by if one else "",
                one.fingerprint[:12] if one else "",
            )
        )
    columns = ("月份", "#交办", "#按期率", "#满意率", "签发日期", "签发人", "内容指纹")
    return Table("二、一月一通报", columns, tuple(rows), "签发后的通报可用 xinqiao report verify 核对。")


def _supervised(facts: Facts, year: int) -> Table:
    """Every time a case was put under supervision in the year, and how it stands."""
    within = in_year(year)
    rows = []
    for seen in facts.seen:
        clock = seen.clocks[-1] if seen.clocks else None
        for span in supervision_records.spans_of(seen.case.number, seen.entries):
            on = facts.desk.today(span.opened_at)
            if within(on):
                stands = "已解除" if span.closed_at else "已答复" if clock and clock.answered else "督办中"
                rows.append((span.unit or OFFICE, span.number, on, span.kind, span.reason, stands))
    columns = ("单位", "编号", "督办日期", "种类", "原因", "现状")
    return Table("三、一事一督办", columns, tuple(sorted(rows, key=lambda row: (row[2], row[1]))))


def _specials(facts: Facts, year: int, records: Iterable[Record]) -> Table:
    """The specials that were opened in the year, with their cases as they were known."""
    within = in_year(year)
    rows = tuple(
        (
            *(one.about, facts.desk.today(one.opened_at), one.opened_by, one.reason),
            Counted(tuple(sorted({*one.put, *(seen.case.number for seen in facts.seen if one.concerns(seen.case))}))),
            one.result if one.closed_at and one.closed_at <= facts.now else "办理中",
        )
        for one in records
        if one.form is Form.SPECIAL and one.opened_at <= facts.now and within(facts.desk.today(one.opened_at))
    )
    columns = ("专项", "立项日期", "立项", "理由", "#件数", "结果")
    return Table("四、一题一专项", columns, rows)


def _came_back(facts: Facts, year: int) -> Table:
    """Topics in which problems came back: what calls for a special of its own."""
    within = in_year(year)
    topics: dict[str, list[str]] = {}
    for one in facts.happened:
        if one.what is What.CAME_BACK and within(one.on):
            topics.setdefault(topic(facts.by_number[one.number]), []).append(one.number)
    rows = tuple(
        (name, Counted(tuple(sorted(cases))))
        for name, cases in sorted(topics.items(), key=lambda kv: (-len(kv[1]), kv[0]))
    )
    return Table("应开展专项的问题", ("问题", "#再次反映"), rows, "答复后再次反映的问题。")


def _ranking(ranked: Sequence[tuple[int | None, Evaluated]]) -> Table:
    rows = tuple((rank or "-", one.unit, evaluation.points(one.score)) for rank, one in ranked)
    return Table("五、一年一排名", ("#名次", "单位", "#总分"), rows, "只对单位排名。没有可评指标的单位不排。")


def _notices(sent: Iterable[Sent]) -> Table:
    by_topic: dict[str, list[int]] = {}
    for one in sent:
        by_topic.setdefault(one.topic, []).append(one.people)
    rows = [(name, len(by_topic[name]), sum(by_topic[name])) for name in TOPICS if name in by_topic]
    rows += [("合计", sum(row[1] for row in rows), sum(row[2] for row in rows))] if rows else []
    return Table("附二 通知(按主题)", ("主题", "#通知", "#接收人次"), tuple(rows), "当年批准发出的通知;补发不另计。")


def _aspects(facts: Facts, year: int) -> Table:
    tallies = facts.tally(in_year(year))
    return aspects((tallies[unit] for unit in sorted(tallies) if unit != OFFICE), "附三 不满意的方面")


def _notice_list(facts: Facts, sent: Iterable[Sent]) -> Table:
    rows = tuple((f"第 {one.notice} 号", one.topic, facts.desk.today(one.at), one.people) for one in sent)
    return Table("附表 通知清单", ("通知", "主题", "发出", "#接收人次"), rows)
