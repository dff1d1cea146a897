"""The month for the county's leaders (领导参阅): what came in, from whom by groups, what was done, how it was received.

Groups of informants are categories and townships, never persons.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway import report_lists
from gateway.bulletin import adopted, topic
from gateway.papers import Block, Counted, Paper, Row, Share, Table, Text
from gateway.papers.paper import chinese_day
from gateway.report_facts import Facts, in_month, said
from gateway.sight import WITHHELD, sealed
from roster.membership import Standing
from routing import statistics
from routing.cases import LABELS, CaseState
from routing.deadlines import Lamp
from routing.moves import OFFICE
from routing.seen import Seen
from routing.statistics import RATED, Fate, Tally, What

CHANNELS = {"sms": "短信"}
NOT_YET, NOBODY, STRANGER = "尚未分类", "无号码", "库外来信人"
MOST_TOPICS = 20
GROUPED = ("#来件", "#交办", "#答复率", "#不予受理", "#并案", "#满意率")
NOTE = (
    "按登记日期计入本月。答复率=已答复/应答复,应答复为来件除去并案和不予受理的。"
    "满意率=(满意+基本满意)/已评价,只算这些来件的评价。"
)


@dataclass(frozen=True, slots=True)
class Received:
    """A case that came in the month, by what it is grouped by, and what has become of it."""

    number: str
    channel: str
    kind: str
    topic: str
    township: str
    category: str
    assigned: bool
    answered: bool
    state: CaseState
    rated: What | None


def monthly(facts: Facts, month: str, people: Mapping[int, Standing]) -> Paper:
    """The month's paper; `people` are the informants as they stood at its end."""
    within = in_month(month)
    came = list(_received(facts, month, people))
    tallies = facts.tally(within)
    own = tallies.pop(OFFICE, Tally(OFFICE))
    both = statistics.total(tallies.values())
    blocks: tuple[Block, ...] = (
        Text("一、总体情况", tuple(_overview(facts, month, came, both, own))),
        _grouped("二、来件渠道", "渠道", came, lambda one: one.channel, note=NOTE),
        _grouped("三、来件类别", "类别", came, lambda one: one.kind),
        _grouped("四、反映主题", "主题", came, lambda one: one.topic, MOST_TOPICS),
        _grouped("五、来自乡镇", "乡镇", came, lambda one: one.township),
        _grouped("六、来信人类别", "类别", came, lambda one: one.category),
        _instructed(facts, month),
        _red(facts),
        adopted(facts, within, "九、采用的建议"),
    )
    heading = f"{said(month)}社情民意收集、办理、答复情况  {facts.as_of}"
    closing = ("报:县委、县政府领导", f"{facts.county}双向沟通办公室", chinese_day(facts.today))
    annexes = (_came_list(came), *report_lists.behind(facts, within, within))
    return Paper("领导参阅", heading, facts.now, blocks, closing, annexes)


def _received(facts: Facts, month: str, people: Mapping[int, Standing]) -> Iterator[Received]:
    within = in_month(month)
    ratings = {one.number: one.what for one in facts.happened if one.what in RATED}
    for seen in facts.seen:
        case = seen.case
        if not within(facts.desk.today(case.created_at)):
            continue
        told = not sealed(case)  # the list behind a figure would say of whom a sealed case is
        known = people.get(case.person_id or 0) if told else None
        stranger = (NOBODY if case.person_id is None else STRANGER) if told else f"({WITHHELD})"
        yield Received(
            case.number,
            CHANNELS.get(case.channel, case.channel),
            case.kind or NOT_YET,
            case.topic or NOT_YET,
            known.township if known else stranger,
            known.category if known else stranger,
            case.assigned_at is not None,
            any(clock.answered is not None for clock in seen.clocks),
            case.state,
            ratings.get(case.number),
        )


def _came_list(came: Iterable[Received]) -> Table:
    """What came in, one line a case; whose group it counts in, the tables say."""
    rows = tuple(
        (
            *(one.number, one.channel, one.kind, "是" if one.assigned else "否", "是" if one.answered else "否"),
            *(LABELS[one.state], report_lists.WHATS[one.rated] if one.rated else ""),
        )
        for one in sorted(came, key=lambda one: one.number)
    )
    columns = ("编号", "渠道", "类别", "交办", "已答复", "状态", "评价")
    return Table("附表 来件清单", columns, rows, "本月登记的件。评价为本件最近一次评价。")


def _overview(facts: Facts, month: str, came: list[Received], both: Tally, own: Tally) -> Iterator[str]:
    states = [one.state for one in came]
    yield (
        f"收集:{said(month)}收到来件{len(came)}件,其中交办{sum(one.assigned for one in came)}件、"
        f"并案{states.count(CaseState.MERGED)}件、不予受理{states.count(CaseState.REJECTED)}件、"
        f"沟通办直接答复{len(own.answered)}件、尚未受理或补充中"
        f"{states.count(CaseState.NEW) + states.count(CaseState.NEED_INFO)}件。"
    )
    yield (
        f"办理:交办各单位{len(both.assigned)}件次(含重办、复发),已答复{len(both.answered)}件,"
        f"逾期未答复{len(both.overdue)}件,挂账{len(both.suspended)}件;"
        f"本月到期的按期率{Share(both.due_on_time, both.due, '到期')}。"
    )
    yield (
        f"答复:交办的答复率{Share(both.answered, both.assigned, '交办')};"
        f"已答复的解决率{Share(both.solved, both.answered, '已答复')}。"
    )
    yield (
        f"满意:已评价{len(both.rated)}件,满意率{Share(both.content, both.rated, '已评价')};"
        f"不满意{len(both.dissatisfied)}件;未评价{len(both.not_rated)}件、未能请其评价{len(both.not_asked)}件,不计入满意率;"
        f"收到感谢{len(both.thanked)}件。"
    )


def _grouped(
    title: str,
    head: str,
    came: Iterable[Received],
    of: Callable[[Received], str],
    most: int | None = None,
    note: str = "",
) -> Table:
    """The largest groups first; behind the `most` of them the others together."""
    groups: dict[str, list[Received]] = {}
    for one in came:
        groups.setdefault(of(one), []).append(one)
    order = sorted(groups, key=lambda name: (-len(groups[name]), name))
    rows = [_group(name, groups[name]) for name in order[:most]]
    rest = [one for name in order[most:] for one in groups[name]] if most else []
    if rest:
        rows.append(_group(f"其他{len(order) - len(rows)}个", rest))
    if rows:
        rows.append(_group("合计", [one for several in groups.values() for one in several]))
    return Table(title, (head, *GROUPED), tuple(rows), note)


def _group(name: str, several: list[Received]) -> Row:
    def chosen(wanted: Callable[[Received], bool]) -> tuple[str, ...]:
        return tuple(sorted(one.number for one in several if wanted(one)))

    def waits(one: Received) -> bool:
        return one.state not in (CaseState.MERGED, CaseState.REJECTED)

    return (
        name,
        Counted(chosen(lambda one: True)),
        Counted(chosen(lambda one: one.assigned)),
        Share(chosen(lambda one: one.answered and waits(one)), chosen(waits), "应答复"),
        Counted(chosen(lambda one: one.state is CaseState.REJECTED)),
        Counted(chosen(lambda one: one.state is CaseState.MERGED)),
        Share(
            chosen(lambda one: one.rated in (What.SATISFIED, What.BASICALLY)),
            chosen(lambda one: one.rated is not None),
            "已评价",
        ),
    )


def _instructed(facts: Facts, month: str) -> Table:
    """What a leader decided in the month, and how it stands."""
    within = in_month(month)
    rows = sorted(
        (seen.case.number, topic(seen), seen.case.lead or "", facts.desk.today(move.at), _standing(seen))
        for seen in facts.seen
        for move in seen.history
        if move.event == "instruct" and within(facts.desk.today(move.at))
    )
    return Table("七、领导批示件", ("编号", "主题", "主办", "批示日期", "办理"), tuple(rows))


def _standing(seen: Seen) -> str:
    clock = seen.clocks[-1] if seen.clocks else None
    return "已答复" if clock and clock.answered else "办理中"


def _red(facts: Facts) -> Table:
    """What stands under a red lamp now."""
    found = [turn for turn in facts.turns if turn.fate is Fate.OVERDUE and turn.in_force is Lamp.RED]
    rows = tuple(
        (turn.unit, turn.number, topic(facts.by_number[turn.number]), turn.due, turn.days_late)
        for turn in sorted(found, key=lambda turn: (turn.due, turn.number))
    )
    return Table("八、红灯件", ("单位", "编号", "主题", "期限", "#逾期"), rows, "逾期为期限之后计入期限的天数。")
