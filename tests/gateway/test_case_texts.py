"""What texts do to cases, and how an operator takes it back."""

from typing import Any

import pytest
import sqlalchemy as sa

from gateway import case_desk, case_texts
from gateway.casebook import find
from gateway.errors import NotFound, Refused
from gateway.tables import text
from routing import store
from tests.gateway.casework import (
    HOSPITAL,
    MINE,
    ROAD,
    WATER,
    YOURS,
    act,
    answered,
    assigned,
    both,
    days_later,
    delivered,
    due,
    events,
    opened,
    show,
)
from tests.gateway.office import Office


@pytest.fixture
def no(office: Office) -> str:
    """A case that citizen 1 has just opened, its acknowledgement sent."""
    return opened(office, MINE, ROAD)


def last(office: Office) -> Any:
    return office.rows(sa.select(text).order_by(text.c.id))[-1]


def attach(office: Office, text_id: int, no: str, rating: int | None = None) -> None:
    with office.database.write() as tx:
        case_texts.attach(tx, office.desk, text_id, no, "甲", office.now, rating)


def undo(office: Office, text_id: int) -> None:
    with office.database.write() as tx:
        case_texts.undo(tx, text_id, "甲", "看错了", office.now)


# --------------------------------------------------------------------------------------------------------- by rule


def test_a_good_rating_closes_and_a_bad_one_is_looked_at_again(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "不太满意")
    assert show(office, no).state == "dissatisfied"
    assert any("不满意评价已登记" in words for words in delivered(office))
    again = act(office, no, "uphold", "reviewer", "乙", reason="情况属实", lead="交警大队", due=due(office))
    assert (again.state, again.round, again.supervision) == ("assigned", 2, "不满意重办")
    act(office, no, "report", reply="已拓宽", signed_by="赵队长")
    with pytest.raises(Refused, match="交办人"):
        act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))


def test_thanks_close_an_answered_case_as_satisfied_and_never_reopen_it(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "非常感谢,事己解决。")
    closed = show(office, no)
    assert (closed.state, closed.rating) == ("closed", 1)
    days_later(office, 27)
    office.text(MINE, "感谢县委、县政府为孩子们所做的一切!")
    assert show(office, no).state == "closed"
    assert (last(office).decision, last(office).case_id) == ("thanks", closed.id)


def test_who_rates_before_the_receipt_has_come_has_read_the_reply(office: Office, no: str) -> None:
    assigned(office, no)
    act(office, no, "report", reply="已安排交警执勤", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    office.text(MINE, "1")
    closed = show(office, no)
    assert (closed.state, closed.reply_delivery) == ("closed", "confirmed")


def test_a_matter_that_comes_back_goes_to_its_unit_again_under_supervision(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "1")
    delivered(office)
    days_later(office, 20)
    office.text(MINE, "小学门口的路又堵了,天天堵车")
    again = show(office, no)
    assert (again.state, again.lead, again.round, again.supervision) == ("assigned", "交警大队", 2, "同一问题再次发生")
    assert again.due_on is not None
    assert any(f"{no}已交交警大队办理" in words for words in delivered(office))


def test_a_rating_that_the_case_no_longer_waits_for_is_kept_as_what_was_said(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "1")
    office.text(MINE, f"{no} 3,又不行了")
    assert show(office, no).state == "assigned"  # closed and quoted with a complaint: it came back
    office.text(MINE, f"{no} 3,快一点")
    assert events(office, no)[-1] == "follow_up"


def test_a_matter_that_no_unit_handled_comes_back_to_the_operator(office: Office) -> None:
    no = opened(office, MINE, "请问小学门口什么时候通公交车")
    act(office, no, "answer_direct", kind="咨询", reply="公交线路正在规划,年内开通")
    delivered(office)
    office.text(MINE, "1")
    office.text(MINE, f"{no} 年底了还没开通")
    assert last(office).decision == "unclear"
    assert show(office, no).state == "closed"
    again = act(office, no, "recur", lead="县交通局", due=due(office), reason="年底未开通")
    assert (again.state, again.lead) == ("assigned", "县交通局")


def test_more_about_a_refused_matter_waits_for_the_operator(office: Office, no: str) -> None:
    both(office, no, "reject", "operator", "reviewer", code="court")
    office.text(MINE, f"{no} 法院说不归他们管")
    assert last(office).decision == "unclear"
    attach(office, last(office).id, no)
    assert (last(office).decision, events(office, no)[-1]) == ("follow_up", "follow_up")


def test_danger_is_answered_at_once_even_to_a_stranger(office: Office) -> None:
    office.text("8613900009999", "东赵村有人落水,快救人")
    office.text(MINE, "东赵村变压器着火了")
    words = office.answers()
    assert sum("110" in one for one in words) == 2
    assert sum("编号FX" in one for one in words) == 1
    office.text(MINE, "火越来越大,救命", extension="1001")
    with office.database.read() as tx:
        assert store.listed(tx)[0].urgency == "emergency"


def test_a_party_to_a_case_from_another_channel_rates_its_reply(office: Office) -> None:
    from roster.networks import Belonging
    from roster.store import find_or_add_person

    with office.database.write() as tx:
        person = find_or_add_person(
            tx, office.vault, "+8613900008888", Belonging("mobile", "prefix", "139"), office.now
        )
        case = case_desk.enter(
            tx, office.desk, text=ROAD, channel="热线", person_id=person.id, actor="甲", now=office.now
        )
    answered(office, case.number)
    office.text("8613900008888", "满意")
    assert show(office, case.number).rating == 1
    office.text("8613900008888", WATER)
    assert last(office).decision == "unknown_sender"


# ------------------------------------------------------------------------------------------------- by an operator


def test_what_is_unclear_waits_with_its_reason_until_an_operator_attaches_it(office: Office, no: str) -> None:
    office.minutes += 15
    other = opened(office, MINE, HOSPITAL)
    days_later(office, 9)
    office.text(MINE, "什么时候能办好")
    with office.database.read() as tx:
        [waiting] = case_texts.unsettled(tx, 10)
    assert "2件在办" in waiting.reason
    assert waiting.confidence < 0.6
    attach(office, waiting.id, other)
    assert (last(office).decision, last(office).case_id) == ("follow_up", show(office, other).id)
    with office.database.read() as tx:
        assert case_texts.unsettled(tx, 10) == []
    assert events(office, other)[-1] == "follow_up"


def test_a_text_is_attached_only_to_a_case_of_its_sender(office: Office, no: str) -> None:
    office.text(YOURS, "2")
    with pytest.raises(Refused, match="不是该来信人"):
        attach(office, last(office).id, no)
    with pytest.raises(NotFound):
        attach(office, 999, no)


def test_attaching_does_what_the_text_says(office: Office, no: str) -> None:
    office.minutes += 15
    other = opened(office, MINE, HOSPITAL)
    act(office, other, "ask_info", question="哪家医院")
    act(office, no, "ask_info", question="哪所小学")
    office.text(MINE, "县医院骨科")
    assert last(office).decision == "unclear"
    attach(office, last(office).id, other)
    assert [show(office, one).state for one in (no, other)] == ["need_info", "new"]


@pytest.mark.parametrize(("words", "rating", "state"), [("白瞎", 3, "dissatisfied"), ("中", 1, "closed")])
def test_an_operator_reads_a_rating_in_words_that_no_rule_knows(
    office: Office, no: str, words: str, rating: int, state: str
) -> None:
    answered(office, no)
    office.text(MINE, words)
    assert (last(office).decision, show(office, no).state) == ("unclear", "replied")
    attach(office, last(office).id, no, rating)
    assert (show(office, no).state, show(office, no).rating) == (state, rating)
    assert (last(office).decision, last(office).reason) == ("rating", f"甲 判定为评价{rating}")


def test_a_rating_is_read_only_where_one_is_waited_for(office: Office, no: str) -> None:
    office.text(MINE, "3")
    with pytest.raises(Refused, match="没有待评价的答复"):
        attach(office, last(office).id, no, 3)
    office.minutes += 15
    opened(office, MINE, HOSPITAL)
    with pytest.raises(Refused, match="已经立件"):
        attach(office, last(office).id, no, 3)


def test_danger_in_a_bad_rating_is_danger_first(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "3,没修,现在变压器着火了")
    assert last(office).decision in ("unclear", "follow_up")
    assert any("119" in words for words in delivered(office))


def test_a_rating_taken_back_leaves_the_case_as_it_was_and_every_trace(office: Office, no: str) -> None:
    answered(office, no)
    before = show(office, no)
    office.text(MINE, "3")
    undo(office, last(office).id)
    assert delivered(office) == []  # nobody is told that the rating was noted
    assert show(office, no) == before
    assert (last(office).decision, last(office).case_id) == ("unclear", None)
    assert "看错了" in last(office).reason
    assert events(office, no)[-2:] == ["rate_bad", "undo"]
    with pytest.raises(Refused, match="没有归入"):
        undo(office, last(office).id)
    attach(office, last(office).id, no)
    assert show(office, no).state == "dissatisfied"


def test_a_follow_up_moves_to_the_case_that_it_belongs_to(office: Office, no: str) -> None:
    office.minutes += 15
    other = opened(office, MINE, HOSPITAL)
    office.text(MINE, "一共三盏", extension=show(office, no).slot)
    attach(office, last(office).id, other)
    assert events(office, no) == ["receive", "follow_up", "unlink"]
    assert events(office, other) == ["receive", "follow_up"]
    with pytest.raises(Refused, match="已经归入"):
        attach(office, last(office).id, other)


def test_nothing_is_taken_back_that_something_was_built_on(office: Office, no: str) -> None:
    act(office, no, "ask_info", question="哪所小学")
    office.text(MINE, "第二实验")
    answer = last(office).id
    act(office, no, "accept", kind="求助")
    with pytest.raises(Refused, match="又有变动"):
        undo(office, answer)
    assert show(office, no).state == "accepted"


def test_a_case_opened_by_mistake_is_merged_into_the_one_that_the_text_belongs_to(office: Office, no: str) -> None:
    office.minutes += 15
    wrong = opened(office, MINE, HOSPITAL)
    with pytest.raises(Refused, match="立件"):
        undo(office, last(office).id)
    attach(office, last(office).id, no)
    assert (show(office, wrong).state, show(office, wrong).master_id) == ("merged", show(office, no).id)
    assert last(office).case_id == show(office, no).id


def test_a_survey_that_opens_again_waits_its_turn(office: Office, no: str) -> None:
    office.minutes += 15
    other = opened(office, MINE, HOSPITAL)
    answered(office, no)
    answered(office, other)
    office.text(MINE, "1")
    assert show(office, other).survey == "open"
    undo(office, last(office).id)
    assert [show(office, one).survey for one in (no, other)] == ["queued", "open"]


def test_a_command_is_no_case_and_cannot_be_taken_back(office: Office, no: str) -> None:
    office.text(MINE, "CX")
    with pytest.raises(Refused, match="没有归入"):
        undo(office, last(office).id)


def test_the_latest_text_of_a_case_is_the_one_that_case_undo_takes_back(office: Office, no: str) -> None:
    answered(office, no)
    office.text(MINE, "1")
    with office.database.read() as tx:
        assert case_texts.last_decided(tx, find(tx, no)) == last(office).id


def test_a_stranger_s_text_becomes_a_case_once(office: Office) -> None:
    office.text("8613900009999", WATER)
    stranger = last(office)
    with office.database.write() as tx:
        person_id, words = case_texts.free(tx, stranger.id)
        case = case_desk.enter(
            tx, office.desk, text=words, channel="sms", person_id=person_id, actor="甲", now=office.now
        )
        case_texts.opened(tx, stranger.id, case, "甲")
        with pytest.raises(Refused, match="已归入"):
            case_texts.free(tx, stranger.id)
    assert last(office).case_id == case.id
