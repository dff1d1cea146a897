"""Leaders' instructions: on items and on cases, forwarded, reported, closed; each kept once; figures of a year."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import case_desk, digest_desk, instruction_desk, leader_desk
from gateway.errors import NotFound, Refused
from routing.cases import Facts
from routing.deadlines import Lamp
from routing.digest import Rules as DigestRules
from routing.instructions import Figures, Instruction, Rules, State
from routing.rates import Rate
from routing.tables import digest, digest_item
from tests.conftest import NOON
from tests.gateway.casework import ALL, MINE, ROAD, THEIRS, WATER, YOURS, act, assigned, days_later, opened
from tests.gateway.office import Office

RULES = Rules()


def do(office: Office, what: Any, *arguments: Any) -> Instruction:
    office.minutes += 15
    with office.database.write() as tx:
        return what(tx, office.desk, *arguments, office.now)


def record(office: Office, words: str = "请交通局牵头解决", **where: Any) -> Instruction:
    office.minutes += 15
    with office.database.write() as tx:
        return instruction_desk.record(
            tx, office.desk, RULES, leader="县长", words=words, actor="甲", now=office.now, **where
        )


def listed(office: Office) -> list[instruction_desk.Listed]:
    with office.database.read() as tx:
        return instruction_desk.listed(tx, office.desk, RULES, office.now)


@pytest.fixture
def issue(office: Office) -> list[str]:
    """A signed issue of three items: a road, water, a misconduct that waits for a leader. Its cases' numbers."""
    numbers = [
        opened(office, MINE, ROAD),
        opened(office, YOURS, WATER),
        opened(office, THEIRS, "举报县城管局局长收受贿赂"),
    ]
    act(office, numbers[2], "accept", kind="举报")
    office.minutes += 1
    today = office.desk.today(office.now)
    with office.database.write() as tx:
        made = digest_desk.draft(tx, office.desk, office.vault, DigestRules(), today, today, "甲", office.now)
        assert made.name == "2026-1"
        digest_desk.sign(tx, office.desk, DigestRules(), "肥乡", "1", "主任", office.now)
    return numbers  # the misconduct is item 1, the road 2, the water 3


def test_an_instruction_on_an_item_goes_to_a_unit_and_comes_back_with_a_result(
    office: Office, issue: list[str]
) -> None:
    one = record(office, item="1-2")
    assert (one.number, one.item, one.due, one.computed) == ("批示2026-1", "2026-1-2", date(2026, 12, 1), True)
    do(office, instruction_desk.assign, RULES, "1", "县交通局", "县政府督查室", "督查")
    with pytest.raises(NotFound):
        do(office, instruction_desk.report, "1", "县教育局", "已办", "乙")
    with pytest.raises(Refused, match="办理中"):
        do(office, instruction_desk.close, "1", "已办", "督查")
    do(office, instruction_desk.report, "1", "县交通局", "已划线", "丙")
    do(office, instruction_desk.send_back, "1", "没有写何时完工", "督查")
    do(office, instruction_desk.report, "1", "县交通局", "12月底完工", "丙")
    do(office, instruction_desk.close, "1", "已立项,12月底完工", "督查")
    done = do(office, instruction_desk.publish, "1", "督查")
    assert (done.state, done.unit, done.report, done.published) == (State.CLOSED, "县交通局", "12月底完工", True)
    assert [one.event for one in done.history] == ["assign", "report", "send_back", "report", "close", "publish"]


def test_its_lamp_runs_from_the_day_it_was_given_until_a_report_that_stands(office: Office, issue: list[str]) -> None:
    record(office, item="1-2")
    days_later(office, 8)
    assert [(one.late, one.clock.in_force.lamp) for one in listed(office) if one.clock] == [(1, Lamp.YELLOW)]
    do(office, instruction_desk.assign, RULES, "1", "县交通局", "县委督查室", "督查")
    do(office, instruction_desk.report, "1", "县交通局", "已办", "丙")
    days_later(office, 30)
    assert listed(office)[0].clock.in_force.lamp is Lamp.YELLOW  # late, not later
    do(office, instruction_desk.send_back, "2026-1", "不实", "督查")
    assert listed(office)[0].clock.in_force.lamp is Lamp.RED


def test_a_date_that_the_leader_sets_stands(office: Office, issue: list[str]) -> None:
    record(office, item="1-3", due=date(2026, 11, 26))
    days_later(office, 3)
    assert [(one.one.due, one.clock.in_force.lamp) for one in listed(office)] == [(date(2026, 11, 26), Lamp.YELLOW)]
    with pytest.raises(Refused, match="晚于今天"):
        record(office, item="1-3", due=date(2026, 11, 26))


def test_a_case_that_waits_for_a_leader_is_instructed_by_its_own_step_and_listed_once(
    office: Office, issue: list[str]
) -> None:
    no = issue[2]
    for where in ({"case": no}, {"item": "1-1"}):
        with pytest.raises(Refused, match="正等待领导批示"):
            record(office, **where)
    act(office, no, "instruct", "leader", "县长", instruction="请纪委核查", lead="县纪委监察局")
    [one] = listed(office)
    assert (one.one.number, one.one.leader, one.one.words, one.one.state) == (no, "县长", "请纪委核查", State.ASSIGNED)
    assert one.of_a_case
    with office.database.read() as tx:
        assert instruction_desk.figures(tx, 2026, office.desk.calendar.zone) == Figures(1, 3, 1, 0)
    act(office, no, "report", reply="已核查", signed_by="书记")
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    assert listed(office)[0].one.state is State.CLOSED
    with office.database.read() as tx:
        assert instruction_desk.figures(tx, 2026, office.desk.calendar.zone) == Figures(1, 3, 1, 1)


def test_the_accused_unit_does_not_get_it_and_nonsense_is_refused(office: Office, issue: list[str]) -> None:
    act(office, issue[2], "instruct", "leader", "县长", instruction="请纪委核查", lead="县纪委监察局")
    record(office, case=issue[2])
    for unit, by, said in (
        ("县城管局", "县委督查室", "被反映"),
        ("没有的局", "县委督查室", "没有名为"),
        ("县交通局", "办公室", "没有转办机构"),
    ):
        with pytest.raises(Refused, match=said):
            do(office, instruction_desk.assign, RULES, "1", unit, by, "督查")
    for where, said in (
        ({}, "写一个"),
        ({"item": "1-9"}, "没有第 9 条"),
        ({"item": "x"}, "看不懂"),
        ({"item": "1-2", "words": " "}, "请写明"),
    ):
        with pytest.raises(Refused) as wrong:
            record(office, **where)
        assert said in wrong.value.message + wrong.value.way_out


def test_what_waits_for_a_leader_is_told_oldest_first_with_its_days(office: Office, issue: list[str]) -> None:
    no = issue[0]
    assigned(office, no)
    act(office, no, "sign", department="交警大队")
    days_later(office, 1)
    act(
        office,
        no,
        "extend_ok",
        "director",
        "主任",
        reason="材料未齐",
        due=office.desk.today(office.now) + timedelta(20),
    )
    with office.database.write() as tx:
        case_desk.propose(
            tx, office.desk, no, "extend_ok", "head", Facts("赵", office.now, reason="再延", due=date(2026, 12, 30))
        )
    days_later(office, 2)
    with office.database.read() as tx:
        found = [(one.what, one.number, one.days) for one in leader_desk.pending(tx, office.desk, office.now)]
    items = [("可批示", f"2026-1-{n}", 3) for n in (2, 3)]  # the first is the case itself
    assert found == [("待批示", issue[2], 3), *items, ("待批准延期", no, 2)]


def test_the_ten_kinds_are_counted_by_what_became_of_them(office: Office, issue: list[str]) -> None:
    other = opened(office, MINE, "小卖部关于爆炸糖的广告是真的吗")
    act(office, other, "accept", kind="咨询", leader_kind="无", reason="说的是零食")
    with office.database.read() as tx:
        found = {one.name: one for one in leader_desk.kinds(tx, office.desk, 2026)}
        assert leader_desk.kinds(tx, office.desk, 2025)[0].cases == ()
    assert len(found) == 10
    assert found["违纪违法"].waiting == (issue[2],)
    assert (found["重大紧急情况"].cleared, found["重大紧急情况"].cases) == ((other,), ())


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_the_figures_of_the_county_that_had_sixty_one_issues(office: Office) -> None:
    """61 issues, 271 items, 263 instructions, all handled: 97.05 % is made of the counts."""
    with office.database.write() as tx:
        for n in range(61):
            tx.execute(
                sa.insert(digest).values(
                    year=2026,
                    number=n + 1,
                    first="2026-01-01",
                    last="2026-01-07",
                    drafted_by="甲",
                    drafted_at=NOON,
                    signed_by="主任",
                    signed_at=NOON,
                    content={},
                )
            )
        items = [(1 + n % 61, 1 + n // 61) for n in range(271)]
        tx.execute(
            sa.insert(digest_item),
            [
                {
                    "digest_id": of,
                    "position": at,
                    "title": "t",
                    "words": "w",
                    "cases": [],
                    "reasons": [],
                    "added_by": "甲",
                }
                for of, at in items
            ],
        )
        for n, (of, at) in enumerate(items[:263], 1):
            given = {"leader": "县长", "words": "办", "item": f"{of}-{at}", "actor": "甲", "now": office.now}
            instruction_desk.record(tx, office.desk, RULES, **given)
            desk, now = office.desk, office.now
            instruction_desk.assign(tx, desk, RULES, f"{n}", "县交通局", "县委督查室", "督查", now)
            instruction_desk.report(tx, desk, f"{n}", "县交通局", "已办", "丙", now)
            instruction_desk.close(tx, desk, f"{n}", "已办结", "督查", now)
        found = instruction_desk.figures(tx, 2026, office.desk.calendar.zone)
    assert found == Figures(61, 271, 263, 263)
    assert str(Rate(found.instructed, found.items, "摘报条目")) == "97.05%(263/271)"
