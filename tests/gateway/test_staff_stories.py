"""A unit that has no computer, from the assignment to the citizen's rating; and a leader's instruction by text."""

from pathlib import Path

import pytest

from gateway import channel_desk, supervision_desk, task_desk
from gateway.errors import Refused
from gateway.resources import prefixes
from routing.case_sheet import Brought
from tests.gateway.casework import ALL, MINE, ROAD, act, events, opened, show
from tests.gateway.office import Office
from tests.gateway.phones import POLICE, POLICE_HEAD, at, code_in, decisions, says, staffed, told


@pytest.fixture
def folder(folder: Path) -> Path:
    """Some of whose people have a phone."""
    return staffed(folder)


@pytest.fixture(autouse=True)
def _afternoon(office: Office) -> None:
    """A Tuesday, in office hours."""
    at(office, "2026-11-24T14:10")


def test_a_unit_without_a_computer_handles_a_case_from_the_assignment_to_the_rating(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    act(office, no, "accept", kind="求助", place="小学门口")
    act(office, no, "assign", lead="交警大队")
    got = told(office)
    assert got["8613900000001"][0].startswith(f"【肥乡双向沟通办】{no}新交办,主办,限12月1日,码")
    assert ROAD in got["8613900000001"][1]
    code = code_in(got["8613900000001"])
    assert says(office, POLICE, "ＱＳ") == f"{no}已签收,12月1日前反馈。"
    assert says(office, POLICE, "进展:已派两名民警到场") == f"{no}进展已记下。"
    assert says(office, POLICE, f"BJ {code} 已安排民警每天上下学执勤，请您放心。") == (
        f"{no}已报分管领导签发,签发后即反馈沟通办。"
    )
    assert show(office, no).state == "in_progress"
    [asked] = told(office)["8613900000002"]
    assert "已安排民警每天上下学执勤，请您放心。" in asked
    assert says(office, POLICE_HEAD, f"同意{code_in(asked)}") == f"{no}已签发,待沟通办审核。"
    assert (show(office, no).state, show(office, no).reply) == ("reported", "已安排民警每天上下学执勤，请您放心。")
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    assert any("请您放心" in words for words in told(office)["8613800000001"])
    told(office)
    office.text(MINE, "1")
    assert (show(office, no).state, show(office, no).rating) == ("closed", 1)
    assert [event for event in events(office, no) if event != "reply_delivered"] == [
        *("receive", "accept", "assign", "texted", "sign", "progress", "propose_report", "texted", "report"),
        *("approve", "rate_ok"),
    ]


def test_a_liaison_answers_for_the_hotline_caller_who_is_on_no_roster(office: Office) -> None:
    """Entered with a number, told by text, taken up again by text, rated by text: nobody is an informant here."""
    caller = "8613777770001"
    with office.database.write() as tx:
        one = Brought("hotline", "育才路路口红绿灯坏了", "+" + caller, "周某", None, "H-2026-118")
        no = channel_desk.enter(tx, office.desk, office.vault, prefixes(office.settings), one, "甲", office.now).number
    assert any(no in words for words in told(office)[caller])
    office.text(caller, "路口红绿灯今天还是坏的,车很多")
    act(office, no, "accept", kind="求助", place="育才路")
    act(office, no, "assign", lead="交警大队")
    code = code_in(told(office)[POLICE])
    says(office, POLICE, f"BJ{no} {code} 红绿灯已修复。")
    says(office, POLICE_HEAD, f"同意{code_in(told(office)[POLICE_HEAD])}")
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    told(office)
    told(office)
    office.text(caller, "满意")
    assert (show(office, no).state, show(office, no).rating) == ("closed", 1)
    assert "follow_up" in events(office, no)
    office.text(caller, "我们小区物业乱收停车费没有人管,希望有关部门查一查")
    assert decisions(office)[-1] == "unknown_sender"


def test_a_task_is_done_by_text_and_nobody_is_asked_to_rate_it(office: Office) -> None:
    with office.database.write() as tx:
        task = task_desk.give(
            tx,
            office.desk,
            unit="交警大队",
            co_handlers=(),
            words="报送冬季车辆安全检查情况",
            days=3,
            actor="甲",
            now=office.now,
        )
    no = task.number
    code = code_in(told(office)[POLICE])
    says(office, POLICE, "QS")
    says(office, POLICE, f"BJ {code} 共检查车辆214辆")
    says(office, POLICE_HEAD, f"同意{code_in(told(office)[POLICE_HEAD])}")
    with office.database.write() as tx, pytest.raises(Refused, match="交办人不能审核"):
        task_desk.close(tx, office.desk, no, ALL, "甲", office.now)
    with office.database.write() as tx:
        done = task_desk.close(tx, office.desk, no, ALL, "乙", office.now)
        assert task_desk.counts(tx, office.desk, office.now) == [task_desk.Count("交警大队", 1, 1, 0)]
    assert (done.state, done.rating, done.survey, done.kind) == ("closed", None, None, "任务")
    assert told(office) == {}
    with office.database.read() as tx:
        assert (
            supervision_desk.month(
                office.desk, supervision_desk.look(tx, office.desk, office.now), "2026-11", office.now
            ).votes
            == ()
        )
