"""The case desk: rule, texts, history, in one step."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import case_desk, outbox
from gateway.errors import NotFound, Refused
from gateway.tables import text
from routing import store
from routing.cases import Case, Facts
from routing.tables import case_event
from tests.gateway.office import Office

ROAD = "城关镇小学门口路太窄,天天堵车"


@pytest.fixture
def no(office: Office) -> str:
    """A case that citizen 1 has just opened, its acknowledgement sent."""
    office.text("8613800000001", ROAD)
    office.answers()
    with office.database.read() as tx:
        return store.listed(tx)[0].number


def act(office: Office, no: str, event: str, role: str = "operator", who: str = "甲", **facts: Any) -> Case:
    given = Facts(actor=who, now=office.now, **facts)
    with office.database.write() as tx:
        if event == "report":
            return case_desk.report(tx, office.desk, no, role, given)
        return case_desk.act(tx, office.desk, no, event, role, given)


def handled(office: Office, no: str) -> None:
    """Up to the report."""
    act(office, no, "accept", kind="求助", place="小学门口")
    act(office, no, "assign", lead="交警大队", due=due(office))
    act(office, no, "report", reply="已安排交警执勤")


def due(office: Office) -> date:
    return (office.now + timedelta(days=5)).date()


def show(office: Office, no: str) -> Case:
    with office.database.read() as tx:
        return case_desk.find(tx, no)


def test_assigning_tells_the_citizen_who_and_until_when(office: Office, no: str) -> None:
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队", due=due(office))
    assert office.answers() == [f"【肥乡双向沟通办】{no}已交交警大队办理,11月29日前答复您。回复CX查进度。"]


def test_approval_sends_the_reply_and_the_survey_and_the_receipt_stands_on_the_case(office: Office, no: str) -> None:
    handled(office, no)
    office.answers()
    case = act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    submits = office.submit()
    words = [submit.body.decode("utf-16-be") for _, _, submit in submits]
    assert words[0].endswith("办理结果:已安排交警执勤")
    assert "请评价" in words[1]
    assert {submit.source for _, _, submit in submits} == {"10657000001" + case.slot}
    assert show(office, no).reply_delivery == "pending"
    office.deliver(submits)
    assert show(office, no).reply_delivery == "delivered"


def test_a_reply_that_the_carrier_refuses_or_that_expires_comes_back_to_be_phoned(office: Office, no: str) -> None:
    handled(office, no)
    office.submit()
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms + 100 * 3_600_000)
    office.settle_replies()
    case = show(office, no)
    assert (case.state, case.reply_delivery) == ("reported", "undelivered")
    act(office, no, "phone_reply", reason="11月24日王某电话答复")
    assert show(office, no).reply_delivery == "called"


def test_a_good_rating_closes_and_a_bad_one_is_looked_at_again(office: Office, no: str) -> None:
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    office.deliver(office.submit())
    office.minutes = 60
    office.text("8613800000001", "3")
    assert show(office, no).state == "dissatisfied"
    again = act(office, no, "uphold", "reviewer", "乙", reason="情况属实", lead="交警大队", due=due(office))
    assert (again.state, again.round) == ("assigned", 2)


def test_thanks_close_an_answered_case_as_satisfied_and_never_reopen_it(office: Office, no: str) -> None:
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    office.deliver(office.submit())
    office.minutes = 60
    office.text("8613800000001", "非常感谢,事己解决。")
    closed = show(office, no)
    assert (closed.state, closed.rating) == ("closed", 1)
    office.minutes = 27 * 24 * 60
    office.text("8613800000001", "感谢县委、县政府为孩子们所做的一切!")
    assert show(office, no).state == "closed"
    assert office.rows(sa.select(text).order_by(text.c.id))[-1].decision == "thanks"


def test_an_unrated_reply_closes_after_two_weeks_as_not_rated(office: Office, no: str) -> None:
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    office.deliver(office.submit())
    with office.database.write() as tx:
        assert case_desk.close_unrated(tx, office.now + timedelta(days=13)) == 0
        assert case_desk.close_unrated(tx, office.now + timedelta(days=15)) == 1
    closed = show(office, no)
    assert (closed.state, closed.rating) == ("closed", None)


def test_a_report_on_a_case_that_was_never_signed_for_signs_it_too(office: Office, no: str) -> None:
    handled(office, no)
    events = [row.event for row in office.rows(sa.select(case_event.c.event).order_by(case_event.c.id))]
    assert events == ["receive", "accept", "assign", "sign", "report"]


def test_a_unit_that_the_text_complains_about_cannot_have_it(office: Office) -> None:
    office.text("8613800000002", "投诉交警大队乱收费,要求退还")
    with office.database.read() as tx:
        case = store.listed(tx)[0]
    assert case.accused == ("交警大队",)
    act(office, case.number, "accept", kind="投诉")
    with pytest.raises(Refused, match="被反映"):
        act(office, case.number, "assign", lead="交警大队", due=due(office))


def test_a_unit_that_is_only_named_is_not_accused_and_one_wrongly_accused_is_cleared(office: Office) -> None:
    office.text("8613800000002", "反映一个问题,自来水公司的管道漏水")
    office.text("8613800000003", "投诉隔壁饭店,交警大队旁边那家,油烟太大")
    with office.database.read() as tx:
        named, wrongly = store.listed(tx)
    assert named.accused == ()
    assert wrongly.accused == ("交警大队",)
    cleared = act(office, wrongly.number, "accept", kind="投诉", cleared=("交警大队",))
    assert cleared.accused == ()


def test_a_refused_step_changes_and_sends_nothing(office: Office, no: str) -> None:
    act(office, no, "accept", kind="求助")
    with pytest.raises(Refused, match="期限"):
        act(office, no, "assign", lead="交警大队", due=(office.now - timedelta(days=1)).date())
    assert show(office, no).state == "accepted"
    assert office.answers() == []


def test_a_reply_too_long_for_four_sms_is_refused(office: Office, no: str) -> None:
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队", due=due(office))
    act(office, no, "report", reply="长" * 300)
    with pytest.raises(Refused, match="太长"):
        act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    assert show(office, no).state == "reported"


def test_an_unknown_number_says_so(office: Office) -> None:
    with pytest.raises(NotFound, match="FX0000000"):
        act(office, "FX0000000", "accept", kind="求助")


def test_a_matter_from_another_way_in_takes_the_same_way(office: Office) -> None:
    with office.database.write() as tx:
        case = case_desk.enter(
            tx, office.desk, text="信箱来信", channel="信箱", person_id=None, actor="甲", now=office.now
        )
    handled(office, case.number)
    done = act(office, case.number, "approve", "reviewer", "乙", gates=frozenset("epy"))
    assert done.state == "replied"
    assert show(office, case.number).reply_delivery == "called"  # nobody to text: told on the way it came
    assert office.answers() == []


def test_an_operator_links_a_text_only_to_a_case_of_its_sender(office: Office, no: str) -> None:
    office.text("8613800000002", "2")
    [unclear] = office.rows(sa.select(text).where(text.c.decision == "unclear"))
    with office.database.write() as tx, pytest.raises(Refused, match="不是该来信人"):
        case_desk.link(tx, unclear.id, no, "甲", office.now)
    office.text("8613800000001", "1")
    mine = office.rows(sa.select(text).order_by(text.c.id))[-1]
    with office.database.write() as tx:
        case_desk.link(tx, mine.id, no, "甲", office.now)
        case_desk.link(tx, mine.id, None, "甲", office.now)
    with office.database.read() as tx:
        events = [entry.event for entry in store.timeline(tx, show(office, no).id)]
    assert events == ["receive", "follow_up", "unlink"]


def test_numbers_are_counted_within_the_year_and_carry_their_check_digit(office: Office) -> None:
    for number in range(1, 4):
        office.text(f"86138000000{number:02d}", f"第{number}件完全不同的事情")
    with office.database.read() as tx:
        found = [case.number for case in store.listed(tx)]
    assert [number[:8] for number in found] == ["FX260001", "FX260002", "FX260003"]
