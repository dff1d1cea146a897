"""What time does to cases: nobody's silence is a dead end, and no sweep does anything twice."""

from datetime import date

import pytest
import sqlalchemy as sa

from gateway import case_clock
from routing.tables import case_ticket
from tests.gateway.casework import (
    MINE,
    ROAD,
    WATER,
    act,
    answered,
    assigned,
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
    """A case that citizen 1 has just opened on a Tuesday at noon."""
    return opened(office, MINE, ROAD)


def test_who_does_not_answer_our_question_is_looked_at_without_the_answer(office: Office, no: str) -> None:
    act(office, no, "ask_info", question="哪所小学")
    days_later(office, 7)  # Tuesday, the fifth working day
    assert office.sweep() == 0
    days_later(office, 1)
    assert (office.sweep(), office.sweep()) == (1, 0)
    case = show(office, no)
    assert (case.state, case.incomplete, events(office, no)[-1]) == ("new", True, "info_timeout")


def test_an_assignment_that_nobody_signs_is_deemed_signed_after_a_working_day(office: Office, no: str) -> None:
    assigned(office, no)
    days_later(office, 1)
    assert office.sweep() == 0
    days_later(office, 1)
    assert (office.sweep(), office.sweep()) == (1, 0)
    assert (show(office, no).state, events(office, no)[-1]) == ("in_progress", "deemed_signed")


def test_a_weekend_is_no_working_day(office: Office, no: str) -> None:
    days_later(office, 3)  # Friday
    assigned(office, no)
    days_later(office, 3)  # Monday
    assert office.sweep() == 0
    days_later(office, 1)
    assert office.sweep() == 1


def test_a_silent_leader_is_followed_by_a_reminder_once_and_then_the_director_delegates(
    office: Office, no: str
) -> None:
    act(office, no, "accept", kind="求助", leader_kind="领导指定事项")
    days_later(office, 2)
    assert office.sweep() == 0
    days_later(office, 1)
    assert (office.sweep(), office.sweep()) == (1, 0)
    assert events(office, no)[-1] == "delegate_due"
    act(office, no, "delegate", "director", "主任", lead="交警大队", due=due(office), reason="领导未批示")
    assert show(office, no).state == "assigned"


def test_what_waits_on_the_books_comes_back_on_its_day(office: Office, no: str) -> None:
    assigned(office, no)
    act(office, no, "sign", "dept", department="交警大队")
    until = date(2026, 12, 24)
    act(office, no, "suspend", "leader", "县长", code="season", review_on=until, reason="冬季不能铺路")
    days_later(office, 29)
    assert office.sweep() == 0
    days_later(office, 1)
    assert (office.sweep(), office.sweep()) == (1, 0)
    assert (show(office, no).state, show(office, no).review_on) == ("in_progress", None)


def test_a_case_that_cannot_be_moved_holds_up_no_other(office: Office, no: str) -> None:
    other = opened(office, "8613800000002", WATER)
    for one in (no, other):
        assigned(office, one)
        act(office, one, "sign", "dept", department="交警大队")
        until = date(2026, 12, 24)
        act(office, one, "suspend", "leader", "县长", code="season", review_on=until, reason="冬季不能施工")
    with office.database.write() as tx:
        tx.execute(sa.update(case_ticket).where(case_ticket.c.number == no).values(review_on="soon"))
    days_later(office, 31)
    assert office.sweep() == 1
    assert [show(office, one).state for one in (no, other)] == ["suspended", "in_progress"]


def test_an_unrated_reply_closes_after_two_weeks_as_not_rated(office: Office, no: str) -> None:
    answered(office, no)
    days_later(office, 13)
    assert office.sweep() == 0
    days_later(office, 1)
    assert (office.sweep(), office.sweep()) == (1, 0)
    closed = show(office, no)
    assert (closed.state, closed.rating, closed.survey) == ("closed", None, "done")


def test_a_reply_that_has_not_arrived_never_closes_by_itself(office: Office, no: str) -> None:
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    days_later(office, 15)
    assert office.sweep() == 0
    assert show(office, no).state == "replied"


def test_a_silent_unit_under_supervision_is_reported_for_when_it_is_red(office: Office, no: str) -> None:
    from gateway import case_desk
    from gateway.errors import Refused

    assigned(office, no)
    days_later(office, 3)
    office.sweep()
    with office.database.write() as tx:
        case_desk.supervise(tx, no, "supervisor", "督查", "不办不报", False, office.now)
    told = {"reason": "单位拒不反馈", "reply": "督查室已核实,交警大队未到现场,已责成整改"}
    days_later(office, 18)  # the 15th working day after assignment
    with pytest.raises(Refused, match="红灯"):
        act(office, no, "report_for", "supervisor", "督查", **told)
    days_later(office, 1)
    assert act(office, no, "report_for", "supervisor", "督查", **told).state == "reported"


def test_a_receipt_settles_a_reply_once(office: Office, no: str) -> None:
    answered(office, no)
    with office.database.write() as tx:
        assert case_clock.settle_replies(tx, office.desk, office.now) == 0
    assert events(office, no).count("reply_delivered") == 1
    assert delivered(office) == []
