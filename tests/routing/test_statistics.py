"""What is counted: every turn has one fate, events belong to whoever had the case then, figures add up."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import statistics
from routing.calendar import Calendar
from routing.deadlines import Terms
from routing.moves import OFFICE
from routing.statistics import Fate, Tally, What
from tests.routing.histories import Eyes, at

POLICE, SCHOOLS = "交警大队", "县教育局"
NOW = at("2014-12-31T12:00")


@pytest.fixture(scope="module")
def eyes(calendar: Calendar, terms: Terms) -> Eyes:
    return Eyes(calendar, terms)


ASSIGNED = ("2014-10-10T15:00 receive", "2014-10-10T16:00 assign lead=交警大队", "2014-10-10T17:00 sign")


@pytest.mark.parametrize(
    ("now", "fate"),
    [
        ("2014-10-16T23:59", Fate.RUNNING),  # due on Thursday: the Saturday was worked
        ("2014-10-17T00:00", Fate.OVERDUE),
    ],
)
def test_an_open_turn_is_overdue_from_the_end_of_its_date(eyes: Eyes, now: str, fate: Fate) -> None:
    [turn] = eyes.turns(*ASSIGNED, now=at(now))
    assert (turn.fate, turn.unit, turn.due, turn.due_over) == (fate, POLICE, date(2014, 10, 16), fate is Fate.OVERDUE)


@pytest.mark.parametrize(("answer", "fate"), [("2014-10-16T23:00", Fate.ON_TIME), ("2014-10-17T09:00", Fate.LATE)])
def test_an_answered_turn_is_in_time_or_late(eyes: Eyes, answer: str, fate: Fate) -> None:
    [turn] = eyes.turns(*ASSIGNED, "2014-10-15T09:00 report", f"{answer} approve", outcome="已解决")
    assert (turn.fate, turn.outcome, turn.closed) == (fate, "已解决", False)


def test_a_suspended_turn_is_neither_due_nor_overdue(eyes: Eyes) -> None:
    [turn] = eyes.turns(*ASSIGNED, "2014-10-13T09:00 suspend")
    assert (turn.fate, turn.due_over) == (Fate.SUSPENDED, False)


def test_a_case_that_came_back_is_another_turn_and_was_not_solved(eyes: Eyes) -> None:
    first, second = eyes.turns(
        *ASSIGNED,
        "2014-10-13T09:00 report",
        "2014-10-13T10:00 approve",
        "2014-10-14T09:00 rate_ok rating=1",
        "2014-10-20T09:00 recur lead=交警大队",
        outcome="已解决",
    )
    assert (first.fate, first.closed, first.outcome, first.began) == (Fate.ON_TIME, True, "", date(2014, 10, 10))
    assert (second.fate, second.closed, second.nth, second.began) == (Fate.OVERDUE, False, 1, date(2014, 10, 20))


def test_a_turn_is_the_last_units_and_the_offices_while_a_return_stood(eyes: Eyes) -> None:
    returned = (*ASSIGNED[:2], "2014-10-11T09:00 request_return", "2014-10-11T10:00 return_ok lead=")
    assert [turn.unit for turn in eyes.turns(*returned)] == [OFFICE]
    [turn] = eyes.turns(*returned, "2014-10-11T11:00 assign lead=县教育局")
    assert (turn.unit, turn.began) == (SCHOOLS, date(2014, 10, 10))
    assert eyes.turns(*ASSIGNED, now=NOW)[0].unit == POLICE


def test_what_happens_is_whose_case_it_was_then(eyes: Eyes) -> None:
    happened = eyes.happened(
        *ASSIGNED[:2],
        "2014-10-11T09:00 request_return",
        "2014-10-11T10:00 return_no",
        "2014-10-11T11:00 reassign lead=县教育局",
        "2014-10-13T09:00 report",
        "2014-10-13T10:00 send_back",
        "2014-10-13T11:00 report",
        "2014-10-13T12:00 approve",
        "2014-10-14T09:00 rate_bad rating=3",
    )
    assert happened == [
        (What.RETURN_REFUSED, POLICE),
        (What.REPORTED, SCHOOLS),
        (What.REPORTED_BACK, SCHOOLS),
        (What.SENT_BACK, SCHOOLS),
        (What.REPORTED, SCHOOLS),
        (What.DISSATISFIED, SCHOOLS),
    ]


def test_a_merged_reporter_votes_on_the_masters_unit(eyes: Eyes) -> None:
    master = eyes.see(*ASSIGNED, "2014-10-13T09:00 report", "2014-10-13T10:00 approve")
    child = eyes.see("2014-10-11T15:00 receive", "2014-10-14T09:00 rate rating=2", id=2, master_id=1)
    [vote] = statistics.happenings(child, {1: master}, eyes.calendar)
    assert (vote.what, vote.unit) == (What.BASICALLY, POLICE)


@pytest.mark.parametrize(
    ("asked", "what"),
    [(" survey=open", What.NOT_RATED), (" survey=queued", What.NOT_ASKED), ("", What.NOT_ASKED)],
)
def test_who_was_not_asked_is_not_somebody_who_did_not_rate(eyes: Eyes, asked: str, what: What) -> None:
    steps = ("2014-10-13T09:00 report", f"2014-10-13T10:00 approve{asked}", "2014-10-27T10:00 rate_timeout survey=done")
    assert eyes.happened(*ASSIGNED, *steps) == [(What.REPORTED, POLICE), (what, POLICE)]


def test_equal_rates_have_equal_ranks_and_nothing_due_has_none() -> None:
    standing = statistics.Standing
    several = [standing("2014-10", unit, good, of) for unit, good, of in (("甲", 2, 4), ("乙", 1, 2), ("丙", 3, 3))]
    assert statistics.ranks([*several, standing("2014-11", "丁", 1, 1)], "2014-10") == {"丙": 1, "甲": 2, "乙": 2}


EVENTS = ("sign", "request_return", "return_no", "return_ok", "report", "send_back", "approve", "suspend", "resume")


@given(st.lists(st.tuples(st.sampled_from((*EVENTS, "recur", "rate_ok rating=1")), st.integers(1, 90)), max_size=9))
def test_whatever_happens_the_fates_add_up_and_parts_lie_in_their_wholes(
    eyes: Eyes, steps: list[tuple[str, int]]
) -> None:
    when, told = datetime(2014, 10, 10, 17), list(ASSIGNED[:2])
    for event, hours in steps:
        when += timedelta(hours=hours)
        told.append(f"{when.isoformat(timespec='minutes')} {event}")
    seen = eyes.see(*told)
    turns = list(statistics.turns(seen, eyes.calendar, NOW))
    happened = list(statistics.happenings(seen, {}, eyes.calendar))
    tallies = statistics.tally(turns, happened, lambda on: on.year == 2014, ("",)).values()
    both = statistics.total(tallies)
    fates = (both.on_time, both.late, both.overdue, both.running, both.suspended)
    assert len(both.assigned) == sum(map(len, fates)) == len(turns)
    for part, whole in (
        (both.closed, both.assigned),
        (both.due_on_time, both.due),
        (both.due_answered, both.due),
        (both.reported_back, both.reported),
    ):
        assert len(part) <= len(whole)
    assert len(both.due_on_time) <= len(both.due_answered)


def test_the_total_is_the_lists_together() -> None:
    both = statistics.total([Tally("甲", assigned=("1", "2")), Tally("乙", assigned=("3",), late=("3",))])
    assert (both.unit, both.assigned, both.late) == ("合计", ("1", "2", "3"), ("3",))
