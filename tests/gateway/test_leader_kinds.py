"""The ten kinds that a leader decides in person: all in the office's table, by words or by hand, whatever is said."""

import pytest

from gateway.errors import Refused
from tests.gateway.casework import MINE, THEIRS, YOURS, act, days_later, delivered, due, opened, show
from tests.gateway.office import Office

SAID = {
    "渎职失职": "河道管护人员玩忽职守,汛期没人值班",
    "违纪违法": "有人收受贿赂",
    "重大紧急情况": "采石场发生塌方",
    "检举领导干部": "投诉某所长态度恶劣",
    "群体性事件苗头": "欠薪的人说明天要集体上访",
    "征地拆迁纠纷": "夜里有人强拆房子",
}
BY_HAND = ("安全生产事故", "环境污染事故", "食品药品安全事件", "领导指定事项")


def test_there_are_ten_kinds_with_words_or_by_hand(desk_office: Office) -> None:
    kinds = desk_office.desk.codes.leader_kinds
    assert [kind.name for kind in kinds] == [*SAID, *BY_HAND]
    assert {kind.name for kind in kinds if not kind.words} == set(BY_HAND)


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", SAID)
def test_a_text_of_each_kind_goes_to_the_leader_whatever_the_operator_does(office: Office, kind: str) -> None:
    no = opened(office, MINE, SAID[kind])
    assert show(office, no).leader_kind == kind
    for event, facts in (("answer_direct", {"kind": "咨询", "reply": "不属实"}), ("assign", {"lead": "县交通局"})):
        with pytest.raises(Refused):
            act(office, no, event, **facts)
    assert act(office, no, "accept", kind="投诉").state == "await_leader"
    with pytest.raises(Refused, match="操作员不能"):
        act(office, no, "instruct", instruction="办", lead="县交通局", due=due(office))


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", BY_HAND)
def test_the_other_kinds_are_chosen_by_hand(office: Office, kind: str) -> None:
    no = opened(office, MINE, "化工厂附近有气味")
    assert act(office, no, "accept", kind="投诉", leader_kind=kind).state == "await_leader"


def test_a_returned_matter_goes_back_to_the_leader_and_not_to_another_unit(office: Office) -> None:
    no = opened(office, MINE, SAID["违纪违法"])
    act(office, no, "accept", kind="投诉")
    act(office, no, "instruct", "leader", "县长", instruction="查", lead="县审计局", due=due(office))
    act(office, no, "request_return", "dept", department="县审计局", code="R1", basis="三定方案")
    act(office, no, "return_ok", "reviewer", "乙", reason="不属审计")
    with pytest.raises(Refused, match="亲自批转"):
        act(office, no, "assign", lead="县交通局", due=due(office))
    assert act(office, no, "refer_leader", reason="退单").state == "await_leader"


def test_it_cannot_be_merged_into_a_matter_that_a_unit_has(office: Office) -> None:
    master = opened(office, YOURS, "采石场路边落石")
    act(office, master, "accept", kind="求助")
    act(office, master, "assign", lead="县国土局", due=due(office))
    no = opened(office, THEIRS, "采石场发生塌方")
    with pytest.raises(Refused, match="亲自批转"):
        act(office, no, "merge", master=show(office, master), reason="同一处")


def test_an_operator_takes_it_up_again_only_with_the_units_that_the_leader_chose(office: Office) -> None:
    no = opened(office, MINE, SAID["征地拆迁纠纷"])
    act(office, no, "accept", kind="投诉")
    act(office, no, "instruct", "leader", "县长", instruction="依法", lead="县国土局", due=due(office))
    act(office, no, "report", reply="已停工", signed_by="赵局长")
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    delivered(office)
    office.text(MINE, "1")
    days_later(office, 1)
    with pytest.raises(Refused, match="由原单位"):
        act(office, no, "recur", reason="又来", lead="县交通局")
    assert act(office, no, "recur", reason="又来", lead="县国土局").state == "assigned"
