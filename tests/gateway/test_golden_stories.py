"""Stories from Feixiang, as its papers tell them: what was texted, who handled it, what came back."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from gateway import case_queue, notices, polls, roster_desk
from gateway.casebook import find
from gateway.errors import Refused
from gateway.notices import asked as asked_of
from gateway.resources import prefixes
from gateway.tables import message, text
from roster.audiences import Audience
from roster.importing import Entry
from routing import store
from tests.conftest import NOON
from tests.gateway.asking import close, notice, poll, texted
from tests.gateway.casework import (
    ALL,
    act,
    days_later,
    delivered,
    due,
    events,
    opened,
    show,
)
from tests.gateway.office import Office

VILLAGER, TEACHER, THIRD = "8613800000001", "8613800000002", "8613800000003"


def now_is(office: Office, moment: datetime) -> None:
    office.minutes = (moment - NOON).total_seconds() / 60


def cases(office: Office) -> int:
    with office.database.read() as tx:
        return len(store.listed(tx))


def reply(office: Office, no: str, words: str, unit: str) -> list[str]:
    """The lead reports, the reviewer approves, the reply arrives. What was delivered."""
    act(office, no, "report", "head", "分管领导", department=unit, reply=words)
    act(office, no, "approve", "reviewer", "审核员", gates=ALL)
    return delivered(office)


def test_a_child_of_ten_without_a_household_registration(office: Office) -> None:
    """G1: joint handling by township and police; thanks with a slip of the pen close the case as satisfied."""
    no = opened(office, VILLAGER, "我是屯庄营的村民,邻居家孩子十岁了还没有户口,上学成了问题,请领导帮助")
    act(office, no, "accept", kind="求助", topic="社保", place="屯庄营乡")
    act(office, no, "assign", lead="县公安局", co_handlers=("屯庄营乡",), method="会办", due=due(office))
    act(office, no, "sign", "dept", "户籍民警", department="县公安局")
    act(office, no, "sign", "dept", "乡信息员", department="屯庄营乡")
    days_later(office, 8)
    act(office, no, "report", "dept", "乡信息员", department="屯庄营乡", reply="已协助准备出生证明材料")
    told = reply(office, no, "孩子的户口已经办好,请到屯庄营派出所领取户口本。", "县公安局")
    assert any("户口已经办好" in words for words in told)
    days_later(office, 1)
    office.text(VILLAGER, "非常感谢,事己解决。")
    closed = show(office, no)
    assert (closed.state, closed.rating, cases(office)) == ("closed", 1, 1)


def test_the_school_gate_and_the_thanks_four_weeks_later(office: Office) -> None:
    """G2: thanks that come when the case has long been closed land on it, open none and reopen none."""
    now_is(office, datetime(2014, 10, 10, 4, tzinfo=UTC))
    no = opened(office, TEACHER, "我是一名小学教师,每天上下学时学校门口车辆拥堵,孩子们很不安全")
    assert no.startswith("FX14")
    act(office, no, "accept", kind="求助", topic="交通", place="小学门口")
    act(office, no, "assign", lead="交警大队", co_handlers=("县教育局",), due=due(office))
    act(office, no, "sign", "dept", "交警信息员", department="交警大队")
    reply(office, no, "已安排两名交警每天上下学时段执勤,并设置临时停车区。", "交警大队")
    days_later(office, 15)
    office.sweep()
    assert (show(office, no).state, show(office, no).rating) == ("closed", None)
    now_is(office, datetime(2014, 11, 6, 4, tzinfo=UTC))
    office.text(TEACHER, "感谢县委、县政府为孩子们所做的一切!")
    assert (show(office, no).state, cases(office)) == ("closed", 1)
    assert events(office, no)[-1] == "thanks"
    assert office.rows(sa.select(text).order_by(text.c.id))[-1].case_id == show(office, no).id


def test_a_suggestion_that_is_adopted(office: Office) -> None:
    """G3: a suggestion is a task for a unit, its outcome says that it was adopted, its writer is told."""
    no = opened(office, VILLAGER, "建议县里制定统一的土地流转合同文本,免得农民吃亏")
    act(office, no, "accept", kind="建议", topic="农业")
    act(office, no, "assign", lead="县农业局", due=due(office))
    act(office, no, "sign", "dept", "信息员", department="县农业局")
    act(
        office,
        no,
        "report",
        "head",
        "局长",
        department="县农业局",
        reply="您的建议已采用,全县统一合同文本已印发各乡镇。",
        outcome="已采用",
    )
    act(office, no, "approve", "reviewer", "审核员", gates=ALL)
    assert any("您的建议已采用" in words for words in delivered(office))
    office.text(VILLAGER, "满意")
    assert (show(office, no).outcome, show(office, no).state) == ("已采用", "closed")


def test_one_road_many_reporters_and_all_of_them_get_the_answer(office: Office) -> None:
    """G6: two units, three informants, one case; each reporter gets the reply under the number they know."""
    numbers = {
        VILLAGER: opened(office, VILLAGER, "省道成寨村段经常出车祸,请装红绿灯"),
        TEACHER: opened(office, TEACHER, "成寨村那段省道太危险,上个月又撞了人"),
        THIRD: opened(office, THIRD, "成寨村口省道事故多,希望设减速带"),
    }
    master, *others = numbers.values()
    for no in others:
        with office.database.read() as tx:
            into = find(tx, master)
        act(office, no, "merge", master=into, reason="同一路段")
    act(office, master, "accept", kind="求助", topic="交通", place="成寨村")
    act(office, master, "assign", lead="县交通局", co_handlers=("交警大队",), due=due(office))
    act(office, master, "sign", "dept", "信息员", department="县交通局")
    told = reply(office, master, "成寨村段已安装信号灯和减速带。", "县交通局")
    assert sorted(words.split("】")[1][:9] for words in told if "办理结果:" in words) == sorted(numbers.values())
    delivered(office)
    for sender in numbers:
        office.text(sender, "1")
    assert [show(office, no).rating for no in numbers.values()] == [1, 1, 1]
    assert [show(office, no).state for no in numbers.values()] == ["closed", "merged", "merged"]


def test_the_same_problem_twice(office: Office) -> None:
    """G7: a second text on a problem that was closed as solved takes it up again, and puts it under supervision."""
    no = opened(office, VILLAGER, "东赵村自来水三天两头停水,没法做饭")
    act(office, no, "accept", kind="求助", topic="供水")
    act(office, no, "assign", lead="县供水公司", due=due(office))
    act(office, no, "sign", "dept", "信息员", department="县供水公司")
    reply(office, no, "水泵已更换,供水恢复正常。", "县供水公司")
    office.text(VILLAGER, "1")
    delivered(office)
    days_later(office, 12)
    office.text(VILLAGER, "东赵村自来水又停水了,和上次一样")
    again = show(office, no)
    assert (again.state, again.lead, again.round) == ("assigned", "县供水公司", 2)
    assert again.supervision == "同一问题再次发生"
    assert cases(office) == 1
    assert any("已交县供水公司办理" in words for words in delivered(office))


def test_a_text_that_accuses_an_official(office: Office) -> None:
    """G9: shielded, to the leader by itself; the accused unit can neither handle nor see it."""
    no = opened(office, VILLAGER, "举报县城管局局长吃拿卡要,收受贿赂")
    case = show(office, no)
    assert (case.shield, case.accused) == (2, ("县城管局",))
    assert act(office, no, "accept", kind="举报").state == "await_leader"
    for lead, helpers in (("县城管局", ()), ("县纪委监察局", ("县城管局",))):
        with pytest.raises(Refused, match="被反映"):
            act(
                office,
                no,
                "instruct",
                "leader",
                "县长",
                instruction="查",
                lead=lead,
                co_handlers=helpers,
                due=due(office),
            )
    with office.database.read() as tx:
        assert [one.number for one in case_queue.waiting_for(tx, ("leader",), None)] == [no]
        assert case_queue.waiting_for(tx, ("dept",), "县城管局") == []
    done = act(office, no, "instruct", "leader", "县长", instruction="请核查", lead="县纪委监察局", due=due(office))
    assert (done.state, done.lead) == ("assigned", "县纪委监察局")


def test_the_corridor_on_the_plaza_that_most_were_against(office: Office) -> None:
    """G4: asked before it is decided; most are against; the table by category; those who were asked are told."""
    office.join(*(f"139000000{i:02d}" for i in range(1, 41)), category="农民")
    office.join(*(f"137000000{i:02d}" for i in range(1, 21)), category="个体户")
    asked = poll(office, "拟在人民广场北侧建文化廊架,您是否同意?")
    for i in range(1, 31):
        texted(office, f"86139000000{i:02d}", "2,广场本来就小" if i == 1 else "不同意" if i % 3 else "1")
    for i in range(1, 16):
        texted(office, f"86137000000{i:02d}", "2" if i % 2 else "同意")
    for i in range(1, 4):
        texted(office, f"86138000000{i:02d}", "说不清")
    found = close(office, asked.id)
    assert (found.lead(), found.counts, found.voted, found.asked) == ("不同意", (17, 28, 3), 48, 70)
    by_category = {row.name: row.options for row in found.by_category}
    assert by_category["农民"][:2] == (10, 20)
    assert by_category["教师"] == (None, None, None)  # three teachers: what each said is nobody's business
    assert found.reasons == ((2, "广场本来就小"),)
    told = notice(
        office, "根据大家的意见,人民广场廊架不建了,谢谢参与。", Audience(persons=tuple(reached(office, asked.id)))
    )
    assert told.plan is None  # as it was drafted
    with office.database.read() as tx:
        assert notices.by_id(tx, told.id).plan["people"] == 70  # type: ignore[index]


def test_the_road_that_twenty_three_villages_found_too_low_a_class(office: Office) -> None:
    """G5: only the villages along the road are asked; most find the class too low; it is raised, and they are told."""
    villages = [f"沿线{i:02d}村" for i in range(1, 24)]
    with office.database.write() as tx:
        entries = tuple(
            Entry(
                v * 10 + i,
                f"+86138{v:02d}0000{i:02d}",
                f"钱{i}",
                "",
                "农民",
                "毛演堡乡" if v < 22 else "屯庄营乡",
                name,
            )
            for v, name in enumerate(villages, 10)
            for i in range(6)
        )
        roster_desk.apply(tx, office.vault, prefixes(office.settings), roster_desk.Plan(entries, (), 0, ()), office.now)
    options = ("合适", "偏低", "偏高")
    asked = poll(
        office, "建安路拟按四级公路修建,您觉得等级:", options=options, audience=Audience(villages=tuple(villages))
    )
    assert found_in(office, asked.id) == set(villages)
    for v in range(10, 33):
        for i in range(6):
            texted(office, f"86138{v:02d}0000{i:02d}", "2" if i < 4 else "1,够用了" if i == 4 else "选3")
    found = close(office, asked.id)
    assert (found.asked, found.voted, found.counts, found.lead()) == (138, 138, (23, 92, 23), "偏低")
    assert [(row.name, row.asked) for row in found.by_township] == [("毛演堡乡", 72), ("屯庄营乡", 66)]
    assert len(found.by_village) == 23
    assert all(row.options[0] is None for row in found.by_village)  # one person a village
    raised = notice(office, "建安路改按三级公路修建,谢谢参与。", Audience(persons=tuple(reached(office, asked.id))))
    assert {row.person_id for row in office.rows(sa.select(message).where(message.c.notice_id == raised.id))} == set(
        reached(office, asked.id)
    )


def reached(office: Office, notice_id: int) -> list[int]:
    """The people to whom a notice went."""
    with office.database.read() as tx:
        return asked_of.reached(tx, notice_id)


def found_in(office: Office, notice_id: int) -> set[str]:
    """The villages of those whom a poll was put to."""
    with office.database.read() as tx:
        return {one.village for one in polls.whom(tx, notice_id)}
