"""What the office does with a case: rule, texts, history, in one step."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import case_desk, case_queue, channel_desk, outbox
from gateway.casebook import find
from gateway.errors import NotFound, Refused
from gateway.tables import message, part
from routing import store
from routing.cases import COMMANDS, EVENTS, NOBODYS, TRANSITIONS, Case, CaseState, Facts
from routing.history import replay
from routing.tables import case_event, case_ticket
from tests.conftest import NOON_MS
from tests.gateway.casework import (
    ALL,
    HOSPITAL,
    MINE,
    ROAD,
    THEIRS,
    YOURS,
    act,
    answered,
    assigned,
    both,
    days_later,
    delivered,
    due,
    events,
    handled,
    opened,
    show,
)
from tests.gateway.office import Office


@pytest.fixture
def no(office: Office) -> str:
    """A case that citizen 1 has just opened, its acknowledgement sent."""
    return opened(office, MINE, ROAD)


def waiting(office: Office, role: str, department: str | None = None) -> list[str]:
    """What waits for somebody in a role."""
    with office.database.read() as tx:
        return [case.number for case in case_queue.waiting_for(tx, (role,), department)]


# -------------------------------------------------------------------------------------------------------- the usual way


def test_assigning_tells_the_citizen_who_and_until_when_and_no_day_off_is_a_deadline(office: Office, no: str) -> None:
    assigned(office, no)  # until Sunday, 29 November
    assert office.answers() == [f"【肥乡双向沟通办】{no}已交交警大队办理,11月30日前答复您。回复CX查进度。"]
    assert show(office, no).due_on == "2026-11-30"


def test_approval_sends_the_reply_and_later_the_survey_and_the_receipt_stands_on_the_case(
    office: Office, no: str
) -> None:
    handled(office, no)
    office.answers()
    case = act(office, no, "approve", "reviewer", "乙", gates=ALL)
    first = office.submit()
    assert [submit.body.decode("utf-16-be").split(no)[1] for _, _, submit in first] == ["办理结果:已安排交警执勤"]
    assert {submit.source for _, _, submit in first} == {"10657000001" + case.slot}
    assert show(office, no).reply_delivery == "pending"
    office.deliver(first)
    assert show(office, no).reply_delivery == "delivered"
    assert delivered(office, 9) == []
    assert "请评价" in delivered(office, 1)[0]


def test_a_reply_that_the_carrier_refuses_or_that_expires_comes_back_to_be_phoned(office: Office, no: str) -> None:
    handled(office, no)
    delivered(office)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms + 100 * 3_600_000)
    office.settle_replies()
    case = show(office, no)
    assert (case.state, case.reply_delivery, case.survey) == ("reported", "undelivered", None)
    assert waiting(office, "operator") == [no]
    act(office, no, "phone_reply", reason="11月24日王某电话答复")
    assert show(office, no).reply_delivery == "called"


def test_every_step_says_who_when_and_why(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "1")
    with office.database.read() as tx:
        entries = store.timeline(tx, find(tx, no).id)
    assert all(entry.actor and entry.role and entry.reason for entry in entries)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert [entry.event for entry in entries] == [
        *("receive", "accept", "assign", "sign", "report", "approve", "reply_delivered", "rate_ok"),
    ]


def test_a_unit_that_the_text_complains_about_cannot_have_it(office: Office) -> None:
    no = opened(office, YOURS, "投诉交警大队乱收费,要求退还")
    assert show(office, no).accused == ("交警大队",)
    act(office, no, "accept", kind="投诉")
    with pytest.raises(Refused, match="被反映"):
        act(office, no, "assign", lead="交警大队", due=due(office))


def test_a_unit_that_is_only_named_is_not_accused_and_one_wrongly_accused_is_cleared(office: Office) -> None:
    named = opened(office, YOURS, "反映一个问题,自来水公司的管道漏水")
    wrongly = opened(office, THEIRS, "投诉隔壁饭店,交警大队旁边那家,油烟太大")
    assert show(office, named).accused == ()
    assert show(office, wrongly).accused == ("交警大队",)
    assert act(office, wrongly, "accept", kind="投诉", cleared=("交警大队",)).accused == ()


def test_a_refused_step_changes_and_sends_nothing(office: Office, no: str) -> None:
    act(office, no, "accept", kind="求助")
    before = show(office, no)
    with pytest.raises(Refused, match="期限"):
        act(office, no, "assign", lead="交警大队", due=(office.now - timedelta(days=1)).date())
    assert show(office, no) == before
    assert office.answers() == []


def test_a_reply_too_long_for_four_sms_is_refused_when_it_is_written(office: Office, no: str) -> None:
    assigned(office, no)
    with pytest.raises(Refused, match="太长"):
        act(office, no, "report", reply="长" * 300, signed_by="赵队长")
    assert show(office, no).state == "assigned"


def test_an_unknown_number_says_so(office: Office) -> None:
    with pytest.raises(NotFound, match="FX0000000"):
        act(office, "FX0000000", "accept", kind="求助")


def test_a_matter_from_another_way_in_takes_the_same_way(office: Office) -> None:
    with office.database.write() as tx:
        case = case_desk.enter(
            tx, office.desk, text="信箱来信", channel="信箱", person_id=None, actor="甲", now=office.now
        )
    handled(office, case.number)
    done = act(office, case.number, "approve", "reviewer", "乙", gates=ALL)
    assert (done.state, done.reply_delivery, done.survey) == (
        "replied",
        "by_hand",
        None,
    )  # to be told on the way it came
    assert office.answers() == []
    days_later(office, 15)
    assert office.sweep() == 0  # nothing closes untold
    with office.database.write() as tx:
        channel_desk.told(tx, office.desk, case.number, "在信箱回信", "甲", office.now)
    assert (show(office, case.number).state, show(office, case.number).reply_delivery) == ("closed", "called")


def test_numbers_are_counted_within_the_year_and_carry_their_check_digit(office: Office) -> None:
    for number in range(1, 4):
        office.text(f"86138000000{number:02d}", f"第{number}件完全不同的事情")
    with office.database.read() as tx:
        found = [case.number for case in store.listed(tx)]
    assert [number[:8] for number in found] == ["FX260001", "FX260002", "FX260003"]


def test_danger_comes_first_in_the_queue(office: Office, no: str) -> None:
    urgent = opened(office, YOURS, "东赵村变压器着火了,快来人")
    assert waiting(office, "operator") == [urgent, no]
    assert show(office, urgent).urgency == "emergency"


def test_everybody_sees_what_waits_for_them(office: Office, no: str) -> None:
    facts = Facts("甲", office.now, code="court")
    with office.database.write() as tx:
        case_desk.propose(tx, office.desk, no, "reject", "operator", facts)
    assert waiting(office, "reviewer") == [no]
    with office.database.write() as tx:
        case_desk.decline(tx, no, "reviewer", "乙", "法院并未受理", office.now)
        with pytest.raises(Refused, match="没有等待"):
            case_desk.decline(tx, no, "reviewer", "乙", "再说一次", office.now)
    assert waiting(office, "reviewer") == []
    act(office, no, "accept", kind="求助", leader_kind="领导指定事项")
    assert (waiting(office, "leader"), waiting(office, "director")) == ([no], [])
    days_later(office, 3)
    office.sweep()
    assert waiting(office, "director") == [no]
    act(office, no, "delegate", "director", "主任", lead="交警大队", due=due(office))
    assert waiting(office, "dept", department="交警大队") == [no]
    assert waiting(office, "dept", department="县教育局") == []
    act(office, no, "sign", "dept", department="交警大队")
    later = due(office) + timedelta(days=9)
    with office.database.write() as tx:
        with pytest.raises(Refused, match="太长"):
            case_desk.propose(
                tx, office.desk, no, "extend_ok", "dept", Facts("丙", office.now, due=later, reason="料" * 40)
            )
        case_desk.propose(tx, office.desk, no, "extend_ok", "dept", Facts("丙", office.now, due=later, reason="等料"))
        case_desk.supervise(tx, no, "supervisor", "督查", "久拖", False, office.now)
    assert waiting(office, "director") == waiting(office, "supervisor") == [no]


# ------------------------------------------------------------------------------------------------------ other ways


def test_two_units_sign_and_report_each_and_the_lead_answers(office: Office, no: str) -> None:
    assigned(office, no, co_handlers=("县教育局",))
    act(office, no, "sign", "dept", "教育局信息员", department="县教育局")
    act(office, no, "sign", "dept", "交警信息员", department="交警大队")
    with office.database.read() as tx:
        case = find(tx, no)
        assert case_desk.silent_co_handlers(case, store.timeline(tx, case.id)) == ("县教育局",)
    told = act(office, no, "report", "dept", "教育局信息员", department="县教育局", reply="已要求学校错峰放学")
    assert told.state == "in_progress"
    with pytest.raises(Refused, match="主办"):
        act(office, no, "report", "dept", "城管信息员", department="县城管局", reply="x", signed_by="x")
    done = act(
        office,
        no,
        "report",
        "dept",
        "交警信息员",
        department="交警大队",
        reply="已安排执勤,学校错峰放学",
        signed_by="赵",
    )
    assert done.state == "reported"
    with office.database.read() as tx:
        assert case_desk.silent_co_handlers(done, store.timeline(tx, done.id)) == ()
    assert [name for name in events(office, no) if name.startswith("co_")] == ["co_sign", "co_report"]


def test_a_refusal_takes_two_persons_and_names_the_way_and_can_be_appealed_against_once(
    office: Office, no: str
) -> None:
    with pytest.raises(Refused, match="nonsense"):
        both(office, no, "reject", "operator", "reviewer", code="nonsense")
    with pytest.raises(Refused, match="提出"):
        act(office, no, "reject", "reviewer", code="court")
    both(office, no, "reject", "operator", "reviewer", code="court")
    assert show(office, no).state == "rejected"
    assert delivered(office) == [
        f"【肥乡双向沟通办】{no}:所反映事项已由法院受理,不属本平台受理范围,请向受理法院反映。如有异议15日内回复SS。"
    ]
    office.text(MINE, "SS")
    assert show(office, no).state == "new"
    both(office, no, "reject", "operator", "reviewer", code="court")
    office.text(MINE, "ＳＳ")
    assert show(office, no).state == "rejected"


def test_a_proposal_made_before_the_case_moved_is_over(office: Office, no: str) -> None:
    with office.database.write() as tx:
        case_desk.propose(tx, office.desk, no, "reject", "operator", Facts("甲", office.now, code="court"))
    act(office, no, "ask_info", question="哪所小学")
    office.text(MINE, "城关镇小学")
    with office.database.write() as tx, pytest.raises(Refused, match="提出"):
        case_desk.decide(tx, office.desk, no, "reject", "reviewer", Facts("乙", office.now))


def test_a_question_brings_the_case_back_with_its_answer(office: Office, no: str) -> None:
    act(office, no, "ask_info", question="哪所小学、什么时间")
    asked = f"【肥乡双向沟通办】{no}:请补充哪所小学、什么时间。直接回复本短信即可,5个工作日内有效。"
    assert delivered(office) == [asked]
    office.text(MINE, "第二实验,早上七点半前后")
    assert show(office, no).state == "new"
    assert events(office, no)[-1] == "info_in"


def test_what_a_leader_must_decide_goes_to_the_leader_by_itself(office: Office) -> None:
    no = opened(office, YOURS, "举报县教育局局长收受贿赂")
    case = show(office, no)
    assert (case.leader_kind, case.shield, case.accused) == ("违纪违法", 2, ("县教育局",))
    assert act(office, no, "accept", kind="举报").state == "await_leader"
    with pytest.raises(Refused, match="被反映"):
        act(office, no, "instruct", "leader", "县长", instruction="请核实", lead="县教育局", due=due(office))
    told = act(office, no, "instruct", "leader", "县长", instruction="请纪委核实", lead="县纪委监察局", due=due(office))
    assert (told.state, told.instruction) == ("assigned", "请纪委核实")
    other = opened(office, THEIRS, "听说邻县书记受贿,和我们有什么关系")
    assert act(office, other, "accept", kind="咨询", leader_kind="无").state == "accepted"


def test_an_extension_is_asked_for_by_the_unit_and_granted_by_the_director(office: Office, no: str) -> None:
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队", due=due(office))
    act(office, no, "sign", "dept", department="交警大队")
    delivered(office)
    sunday = date(2026, 12, 6)
    case = both(office, no, "extend_ok", "dept", "director", due=sunday, reason="需等护栏到货")
    assert case.due_on == "2026-12-07"
    assert delivered(office) == [f"【肥乡双向沟通办】{no}因需等护栏到货需延期,预计12月7日前答复,请您谅解。"]


def test_what_is_proposed_is_checked_when_it_is_proposed_and_only_once(office: Office, no: str) -> None:
    assigned(office, no)
    act(office, no, "sign", "dept", department="交警大队")

    def asked(day: int) -> Facts:
        return Facts("信息员", office.now, due=date(2026, 12, day), reason="等料")

    with office.database.write() as tx:
        with pytest.raises(Refused, match="不能申请延期:新的期限应晚于今天和原期限"):
            early = Facts("信息员", office.now, due=date(2026, 11, 27), reason="等料")
            case_desk.propose(tx, office.desk, no, "extend_ok", "dept", early)
        case_desk.propose(tx, office.desk, no, "extend_ok", "dept", asked(8))
        with pytest.raises(Refused, match="已由信息员申请延期"):
            case_desk.propose(tx, office.desk, no, "extend_ok", "dept", asked(8))
        case_desk.propose(tx, office.desk, no, "extend_ok", "dept", asked(9))
        case = case_desk.decide(tx, office.desk, no, "extend_ok", "director", Facts("主任", office.now))
    assert case.due_on == "2026-12-09"


def test_a_unit_whose_manners_are_complained_of_is_accused(office: Office) -> None:
    rude = opened(office, YOURS, "交警大队的人乱罚款,态度很差")
    assert (show(office, rude).accused, show(office, rude).shield) == (("交警大队",), 2)


def test_a_reviewer_who_refuses_with_another_code_tells_the_citizen_that_one(office: Office, no: str) -> None:
    with office.database.write() as tx:
        case_desk.propose(tx, office.desk, no, "reject", "operator", Facts("甲", office.now, code="court"))
        case_desk.decide(tx, office.desk, no, "reject", "reviewer", Facts("乙", office.now, code="jurisdiction"))
    assert delivered(office)[-1].startswith(f"【肥乡双向沟通办】{no}:所反映事项不在本县辖区,不属本平台受理范围")


def test_an_extension_asked_for_in_time_may_be_granted_after_the_date(office: Office, no: str) -> None:
    assigned(office, no)
    act(office, no, "sign", "dept", department="交警大队")
    later = due(office) + timedelta(days=9)
    facts = Facts("信息员", office.now, due=later, reason="等料")
    with office.database.write() as tx:
        case_desk.propose(tx, office.desk, no, "extend_ok", "dept", facts)
    days_later(office, 7)
    with office.database.write() as tx:
        case_desk.decide(tx, office.desk, no, "extend_ok", "director", Facts("主任", office.now))
    assert show(office, no).extensions == 1


def test_a_case_that_waits_on_the_books_tells_why_and_until_when(office: Office, no: str) -> None:
    assigned(office, no)
    act(office, no, "sign", "dept", department="交警大队")
    delivered(office)
    until = office.now.date() + timedelta(days=60)
    act(office, no, "suspend", "leader", "县长", code="money", review_on=until, reason="等省里资金")
    assert delivered(office) == [
        f"【肥乡双向沟通办】{no}因资金尚未落实暂不能办结,已列入挂账,{until.month}月{until.day}日前再次向您反馈。"
    ]


def test_an_explanation_is_proposed_by_the_reviewer_and_decided_by_the_director(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "3")
    delivered(office)
    case = both(office, no, "explain", "reviewer", "director", reason="路宽符合规范,已加派执勤", basis="道路设计规范")
    assert (case.state, case.rating) == ("closed", 3)
    assert delivered(office)[0].endswith("经复核:路宽符合规范,已加派执勤。不服可依法申请信访复查。")


def test_progress_is_told_when_somebody_wants_it_told(office: Office, no: str) -> None:
    assigned(office, no)
    act(office, no, "sign", "dept", department="交警大队")
    delivered(office)
    act(office, no, "progress", "dept", department="交警大队", reason="已到现场查看")
    assert delivered(office) == []
    act(office, no, "progress", "dept", department="交警大队", reason="护栏已到货,下周安装", tell=True)
    assert delivered(office) == [f"【肥乡双向沟通办】{no}进展:护栏已到货,下周安装"]


def test_supervision_is_a_field_beside_the_state(office: Office, no: str) -> None:
    with office.database.write() as tx:
        case_desk.supervise(tx, no, "supervisor", "督查", "多次推诿", False, office.now)
        with pytest.raises(Refused, match="已经"):
            case_desk.supervise(tx, no, "supervisor", "督查", "再次", False, office.now)
        case_desk.supervise(tx, no, "supervisor", "督查", "已纠正", True, office.now)
    case = show(office, no)
    assert (case.state, case.supervision) == ("new", None)
    assert events(office, no) == ["receive", "supervise", "unsupervise"]


# ----------------------------------------------------------------------------------------------------------- merging


def test_all_who_reported_a_matter_get_its_reply_and_rate_it(office: Office, no: str) -> None:
    other = opened(office, YOURS, "小学门口堵得厉害")
    with office.database.read() as tx:
        master = find(tx, no)
    act(office, other, "merge", reason="同一问题", master=master)
    assert delivered(office)[-1].endswith(f"并入{no}一并办理,办理结果会同时短信告诉您。")
    answered(office, no)
    bodies = [row.body for row in office.rows(sa.select(message).where(message.c.body.like("%办理结果%"))) if row.body]
    assert sorted(body.split("办理结果")[0][-9:] for body in bodies if "已安排" in body) == sorted([no, other])
    office.text(YOURS, "3")
    office.text(MINE, "1")
    assert (show(office, no).state, show(office, no).rating) == ("closed", 1)
    merged = show(office, other)
    assert (merged.state, merged.rating, merged.reply_delivery) == ("merged", 3, "confirmed")
    assert "merged_dissatisfied" in events(office, no)


def test_who_is_merged_into_an_answered_case_gets_its_answer_at_once_and_nobody_twice(office: Office, no: str) -> None:
    answered(office, no)
    other = opened(office, YOURS, "小学门口堵得厉害")
    office.minutes += 60
    again = opened(office, MINE, "另外我家老人住院报销手续跑了几趟都没办成")
    with office.database.read() as tx:
        master = find(tx, no)
    act(office, other, "merge", master=master)
    assert any(f"{other}办理结果" in words for words in delivered(office))
    act(office, again, "merge", master=master)
    assert not any("办理结果:" in words for words in delivered(office))


def test_what_is_merged_follows_its_master_wherever_that_goes(office: Office, no: str) -> None:
    second, third = opened(office, YOURS, "小学门口堵"), opened(office, THEIRS, "学校门口太堵")
    with office.database.read() as tx:
        act_on = find(tx, second)
    act(office, third, "merge", master=act_on)
    with office.database.read() as tx:
        master = find(tx, no)
    act(office, second, "merge", master=master)
    assert show(office, third).master_id == master.id
    office.text(THEIRS, "今天又堵了一个小时", extension=show(office, third).slot)
    assert events(office, no)[-1] == "merged_follow_up"
    act(office, third, "unmerge", "reviewer", reason="不是同一所学校")
    assert (show(office, third).state, show(office, third).master_id) == ("new", None)


# ------------------------------------------------------------------------------------------------- texts keep apart


def minutes_of(office: Office, number: str) -> list[float]:
    """When texts to a person may go, in minutes after noon; answers to commands left out."""
    rows = office.rows(
        sa.select(part.c.not_before_ms, message.c.created_ms)
        .join(message, message.c.id == part.c.message_id)
        .where(message.c.person_id == int(number[-2:]), message.c.purpose != "command")
        .order_by(part.c.id)
    )
    return [(max(row.not_before_ms, row.created_ms) - NOON_MS) / 60_000 for row in rows]


def test_two_automatic_texts_to_one_number_are_ten_minutes_apart_and_commands_are_answered_at_once(
    office: Office,
) -> None:
    office.text(MINE, ROAD)
    office.minutes = 2
    office.text(MINE, HOSPITAL)
    office.minutes = 3
    office.text(MINE, "CX")
    office.text(YOURS, "村里自来水停了三天")
    assert minutes_of(office, MINE) == [0, 10]
    assert minutes_of(office, YOURS) == [3]
    assert [words[9:15] for words in office.answers()] == ["来信已收到,", "FX2600", "来信已收到,"]
    office.minutes = 10
    assert len(office.answers()) == 1


def test_nobody_is_asked_to_rate_two_replies_at_once(office: Office, no: str) -> None:
    office.minutes = 20
    other = opened(office, MINE, HOSPITAL)
    answered(office, no)
    answered(office, other)
    assert [show(office, one).survey for one in (no, other)] == ["open", "queued"]
    office.text(MINE, "2")
    assert (show(office, no).rating, show(office, other).survey) == (2, "open")
    assert any(f"{other}请评价" in words for words in delivered(office))
    office.text(MINE, "1")
    assert show(office, other).rating == 1


def test_a_survey_that_nobody_answers_gives_way_after_its_fortnight(office: Office, no: str) -> None:
    office.minutes = 20
    other = opened(office, MINE, HOSPITAL)
    answered(office, no)
    answered(office, other)
    days_later(office, 14)
    assert office.sweep() == 1
    assert [show(office, one).survey for one in (no, other)] == ["done", "open"]
    days_later(office, 13)
    assert office.sweep() == 0
    days_later(office, 1)
    office.sweep()
    assert [(show(office, one).state, show(office, one).rating) for one in (no, other)] == [("closed", None)] * 2


def test_who_was_merged_and_does_not_rate_is_asked_about_the_next_after_a_fortnight(office: Office, no: str) -> None:
    merged = opened(office, YOURS, "小学门口堵得厉害")
    with office.database.read() as tx:
        master = find(tx, no)
    act(office, merged, "merge", master=master)
    answered(office, no)
    office.minutes += 20
    other = opened(office, YOURS, HOSPITAL)
    answered(office, other)
    assert [show(office, one).survey for one in (merged, other)] == ["open", "queued"]
    days_later(office, 14)
    office.sweep()
    assert [show(office, one).survey for one in (merged, other)] == ["done", "open"]


def test_who_opted_out_gets_the_reply_and_is_not_asked_to_rate(office: Office, no: str) -> None:
    office.text(MINE, "TD")
    answered(office, no)
    assert show(office, no).survey is None
    assert show(office, no).reply_delivery == "delivered"


# ----------------------------------------------------------------------------------------------------------- history


def test_the_commands_of_the_office_cover_every_step_that_people_take() -> None:
    from gateway.cli import whole

    verbs = whole().get_command(None, "case").commands
    taken = {row.event for row in TRANSITIONS if row.roles - NOBODYS and row.event != "receive"}
    assert {COMMANDS[event] for event in taken} <= verbs.keys()
    assert EVENTS.keys() >= taken


DEEDS = st.sampled_from(
    [
        *(("text", words) for words in ("路灯坏了", "1", "3", "谢谢", "还没修好", "SS", "在村南头", "CX")),
        *(("days", str(days)) for days in (1, 2, 8, 15, 31)),
        ("deliver", ""),
        ("fail", ""),
        *((row.event, role) for row in TRANSITIONS for role in sorted(row.roles - NOBODYS) if row.event != "receive"),
    ]
)


@given(st.lists(DEEDS, min_size=10, max_size=25))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_every_case_is_what_its_history_gives(office: Office, deeds: list[tuple[str, str]]) -> None:
    _emptied(office)
    opened(office, MINE, ROAD)
    opened(office, YOURS, "村里自来水停了三天")
    for what, how in deeds:
        _do(office, what, how)
    with office.database.read() as tx:
        for case in store.listed(tx):
            entries = store.timeline(tx, case.id)
            assert replay(replace(case, state=CaseState.NEW, round=99), entries) == case
            assert entries[-1].to_state == case.state
        people = tx.execute(sa.select(case_ticket.c.person_id).where(case_ticket.c.survey == "open"))
        asked = [row.person_id for row in people]
    assert len(asked) == len(set(asked))
    for number in (MINE, YOURS):
        at = minutes_of(office, number)
        assert all(later - earlier >= 9.9999 for earlier, later in zip(sorted(at), sorted(at)[1:], strict=False))


def _do(office: Office, what: str, how: str) -> None:
    office.minutes += 7 + 1e-5  # real clocks are finer than what is stored
    if what == "text":
        office.text(MINE, how)
    elif what == "days":
        days_later(office, int(how))
        office.sweep()
    elif what in ("deliver", "fail"):
        submits = office.submit()
        office.deliver(submits) if what == "deliver" else office.settle_replies()
    else:
        with office.database.read() as tx:
            cases = [
                case for case in store.listed(tx) if case.state in {r.source for r in TRANSITIONS if r.event == what}
            ]
        for case in cases[:1]:
            facts = _facts(office, case, what)
            try:
                with office.database.write() as tx:
                    case_desk.act(tx, office.desk, case.number, what, how, facts)
            except Refused:
                pass


def _facts(office: Office, case: Case, event: str) -> Facts:
    with office.database.read() as tx:
        master = next(one for one in store.listed(tx) if one.id != case.id)
    return Facts(
        actor=f"{event}经办",
        now=office.now,
        reason="理由",
        code={"reject": "court", "suspend": "law"}.get(event, "R1"),
        basis="依据",
        question="地点",
        kind="咨询" if event == "answer_direct" else "求助",
        instruction="批示",
        lead=case.lead or "交警大队",
        due=None if event == "reassign" else office.now.date() + timedelta(days=20),
        review_on=office.now.date() + timedelta(days=30),
        department="交警大队",
        reply="已办好",
        signed_by="赵",
        gates=ALL,
        failed_gate="e",
        where="信访局",
        master=master,
        proposed_by="另一人",
    )


def _emptied(office: Office) -> None:
    """As on the first day."""
    from gateway.tables import attempt, receipt, text, text_part

    office.minutes = 0
    with office.database.write() as tx:
        for table in (receipt, attempt, part, message, text_part, case_event, text):
            tx.execute(sa.delete(table))
        tx.execute(sa.update(case_ticket).values(master_id=None))
        tx.execute(sa.delete(case_ticket))
