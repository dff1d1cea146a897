"""A unit that has no computer, from the assignment to the citizen's rating; and a leader's instruction by text."""

from pathlib import Path

import pytest

from tests.gateway.casework import ALL, MINE, ROAD, act, events, opened, show
from tests.gateway.office import Office
from tests.gateway.phones import POLICE, POLICE_HEAD, at, code_in, says, staffed, told


@pytest.fixture
def office(folder: Path) -> Office:
    """On a Tuesday afternoon."""
    office = Office(staffed(folder))
    office.join("13800000001", "13800000002")
    at(office, "2026-11-24T14:10")
    return office


def given(office: Office, words: str = ROAD, **more: object) -> str:
    """A case that was assigned to the traffic police."""
    no = opened(office, MINE, words)
    act(office, no, "accept", kind="求助", place="小学门口")
    act(office, no, "assign", lead="交警大队", **more)
    return no


def test_a_unit_without_a_computer_handles_a_case_from_the_assignment_to_the_rating(office: Office) -> None:
    no = given(office)
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
