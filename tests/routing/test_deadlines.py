"""A case is due when the calendar says, and its lamp is what its history says."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import cycle

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.calendar import DAY, Calendar, OfficeHours, Table
from routing.deadlines import (
    DISPUTE,
    RECOMPUTED,
    Lamp,
    Matter,
    Move,
    Terms,
    clocks,
    due_date,
    explain,
    recomputation,
    shares,
    waiting,
)
from tests.routing.histories import OFFICE, POLICE, SHANGHAI, STATES, TEACHER, Office, at, case

# ------------------------------------------------------------------------------------------------------------ due dates


def test_the_teachers_case_is_due_on_the_thursday_because_the_saturday_was_worked(office: Office) -> None:
    clock = office.clock(case(*TEACHER), "2014-10-10T17:00")
    assert (clock.statutory.due, clock.statutory.red) == (date(2014, 10, 16), date(2014, 10, 30))
    assert due_date(clock.term, clock.started, office.calendar) == clock.statutory.due
    rows = explain(clock, office.calendar, at("2014-10-10T17:00"))
    assert [(row.day.on.day, row.number) for row in rows] == [
        (10, None),
        (11, 1),
        (12, None),
        (13, 2),
        (14, 3),
        (15, 4),
        (16, 5),
    ]
    assert rows[0].note == "起算事由发生当日,不计"
    assert rows[1].day.reason == "国庆节调休,上班"
    assert rows[1].day.document == "国办发明电〔2013〕28号"
    assert rows[-1].note == "期限届满日"


@pytest.mark.parametrize(
    ("matter", "name", "due"),
    [
        ({}, "一般件", "2014-10-16"),
        ({"kind": "求助"}, "一般件", "2014-10-16"),
        ({"kind": "咨询"}, "咨询件", "2014-10-14"),
        ({"urgency": "urgent"}, "紧急件", "2014-10-11"),
        ({"kind": "咨询", "urgency": "urgent"}, "紧急件", "2014-10-11"),
        ({"statutory": "政府信息公开申请", "urgency": "urgent"}, "政府信息公开申请", "2014-11-06"),
        ({"statutory": "信访事项"}, "信访事项", "2014-12-09"),
    ],
)
def test_the_term_is_the_laws_else_the_urgencys_else_the_kinds(
    office: Office, matter: dict[str, str], name: str, due: str
) -> None:
    clock = office.clock(case(*TEACHER), "2014-10-10T17:00", **matter)
    assert (clock.term.name, clock.statutory.due) == (name, date.fromisoformat(due))


def test_a_law_that_we_do_not_know_is_refused_by_name(office: Office) -> None:
    with pytest.raises(ValueError, match="没有法定期限“复议”,可选:政府信息公开申请、信访事项"):
        office.clock(case(*TEACHER), "2014-10-10T17:00", statutory="复议")


def test_days_of_the_almanac_that_end_on_a_day_off_end_on_the_next_working_day(office: Office) -> None:
    moves = case("2014-07-31T10:00 receive", "2014-08-02T10:00 accept", "2014-08-04T10:00 assign")
    clock = office.clock(moves, "2014-08-05T10:00", statutory="信访事项")
    assert clock.started == at("2014-08-02T10:00")  # the law counts from acceptance
    assert clock.statutory.due == date(2014, 10, 8)  # the 60th day is 1 October
    assert clock.elapsed == 3


def test_a_legal_term_lights_the_red_lamp_as_soon_as_it_is_over(office: Office) -> None:
    moves = case(*TEACHER)
    assert office.lamp(moves, "2014-11-06T23:59", statutory="政府信息公开申请") is Lamp.NONE
    assert office.lamp(moves, "2014-11-07T00:00", statutory="政府信息公开申请") is Lamp.RED


def test_before_it_is_assigned_a_case_has_no_clock(office: Office) -> None:
    assert office.clocks([], "2014-10-10T15:30") == ()
    assert office.clocks(case(*TEACHER[:2]), "2014-10-10T15:30") == ()


# ---------------------------------------------------------------------------------------------------------------- lamps


@pytest.mark.parametrize(
    ("now", "lamp"),
    [
        ("2014-10-10T16:00", Lamp.NONE),
        ("2014-10-16T23:59:59", Lamp.NONE),
        ("2014-10-16T23:59:59.999", Lamp.YELLOW),  # what is seen as of that day: it is over
        ("2014-10-17T00:00", Lamp.YELLOW),
        ("2014-10-30T23:59:59", Lamp.YELLOW),
        ("2014-10-31T00:00", Lamp.RED),
    ],
)
def test_the_lamp_changes_at_the_end_of_the_fifth_and_of_the_fifteenth_working_day(
    office: Office, now: str, lamp: Lamp
) -> None:
    assert office.lamp(case(*TEACHER), now) is lamp


def test_a_late_case_is_explained_on_to_today_and_no_further_than_the_red_lamp(office: Office) -> None:
    for now, last, number in (("2014-10-20T09:00", 20, 7), ("2014-12-20T09:00", 30, 15)):
        rows = explain(office.clock(case(*TEACHER), now), office.calendar, at(now))
        assert (rows[-1].day.on.day, rows[-1].number) == (last, number)
    assert rows[-1].note == "过了本日即红灯"
    answered = case(*TEACHER, "2014-10-21T09:00 approve")
    rows = explain(office.clock(answered, "2014-12-20T09:00"), office.calendar, at("2014-12-20T09:00"))
    assert (rows[-1].day.on, rows[-1].note) == (date(2014, 10, 21), "已答复")


@pytest.mark.parametrize(
    ("answered", "lamp"),
    [
        ("2014-10-10T17:00", Lamp.GREEN),
        ("2014-10-16T23:59:59", Lamp.GREEN),
        ("2014-10-17T00:00", Lamp.YELLOW),
        ("2014-10-30T23:59:59", Lamp.YELLOW),
        ("2014-10-31T00:00", Lamp.RED),
    ],
)
def test_an_answer_freezes_the_lamp_for_ever(office: Office, answered: str, lamp: Lamp) -> None:
    moves = case(*TEACHER, f"{answered} approve", "2014-11-20T09:00 rate_ok")
    for now in ("2014-11-20T10:00", "2026-11-24T12:00"):
        assert office.lamp(moves, now) is lamp


def test_the_weekend_after_the_last_day_is_late(office: Office) -> None:
    moves = case("2014-10-17T10:00 assign")  # due Friday the 24th
    assert office.lamp(moves, "2014-10-24T23:00") is Lamp.NONE
    assert office.lamp([*moves, *case("2014-10-25T10:00 approve")], "2014-11-01T10:00") is Lamp.YELLOW


def test_signing_returning_reassigning_and_sending_back_never_stop_the_clock(office: Office) -> None:
    moves = case(
        *TEACHER,
        "2014-10-11T09:00 request_return",
        "2014-10-13T09:00 return_no",
        "2014-10-13T10:00 sign",
        "2014-10-13T11:00 report",
        "2014-10-14T09:00 send_back",
        "2014-10-14T10:00 request_return",
        "2014-10-14T15:00 return_ok",
        "2014-10-15T09:00 assign",
        "2014-10-15T10:00 reassign",
    )
    for n in range(3, len(moves) + 1):
        [clock] = office.clocks(moves[:n], "2014-10-15T12:00")
        assert clock.statutory.due == date(2014, 10, 16)


def test_an_answer_that_never_arrived_is_none_until_somebody_phones(office: Office) -> None:
    moves = case(*TEACHER, "2014-10-15T09:00 approve")
    assert office.lamp(moves, "2014-10-18T09:00") is Lamp.GREEN
    moves += case("2014-10-18T09:00 reply_undelivered")
    assert office.lamp(moves, "2014-10-18T09:01") is Lamp.YELLOW
    moves += case("2014-10-18T11:00 phone_reply")
    clock = office.clock(moves, "2014-12-01T09:00")
    assert (clock.statutory.lamp, clock.answered) == (Lamp.YELLOW, at("2014-10-18T11:00"))


def test_an_inquiry_answered_at_the_desk_is_green_without_ever_being_assigned(office: Office) -> None:
    moves = case("2014-10-10T15:00 receive", "2014-10-10T16:00 answer_direct")
    assert office.lamp(moves, "2014-12-01T09:00", kind="咨询") is Lamp.GREEN
    late = case("2014-10-10T15:00 receive", "2014-10-20T16:00 answer_direct")
    assert office.lamp(late, "2014-12-01T09:00", kind="咨询") is Lamp.YELLOW


@pytest.mark.parametrize("event", ["uphold", "recur"])
def test_a_case_done_again_has_a_new_clock_of_three_days_and_keeps_the_old_lamp(office: Office, event: str) -> None:
    moves = case(*TEACHER, "2014-10-20T09:00 approve", "2014-10-21T09:00 rate_bad", f"2014-10-22T09:00 {event}")
    first, second = office.clocks(moves, "2014-10-23T09:00")
    assert (first.statutory.lamp, first.answered) == (Lamp.YELLOW, at("2014-10-20T09:00"))
    assert (second.term.name, second.statutory.due, second.statutory.lamp) == (
        "重办件",
        date(2014, 10, 27),
        Lamp.NONE,
    )


def test_where_the_office_closes_the_day_its_closing_hour_ends_the_term(calendar: Calendar, terms: Terms) -> None:
    hours = OfficeHours.from_toml({"hours": ["08:30-17:30"], "day_ends": "17:30"})
    strict = Office(replace(calendar, hours=hours), terms)
    assert strict.lamp(case(*TEACHER), "2014-10-16T17:29") is Lamp.NONE
    assert strict.lamp(case(*TEACHER), "2014-10-16T17:30") is Lamp.YELLOW


def test_a_look_at_a_past_day_knows_nothing_of_what_came_later(office: Office) -> None:
    moves = case(*TEACHER, "2014-10-20T09:00 approve", "2014-10-22T09:00 recur")
    assert office.lamp(moves, "2014-10-18T09:00") is Lamp.YELLOW
    assert len(office.clocks(moves, "2014-10-21T09:00")) == 1
    assert office.clocks(moves, "2014-10-10T15:30") == ()


# ------------------------------------------------------------------------------------------------- the year of Feixiang


def outside(start: date, n: int) -> date:
    """The n-th working day after a day, by a library that is not ours."""
    while n:
        start += DAY
        n -= chinese_calendar.is_workday(start)
    return start


def year_of_feixiang() -> list[list[Move]]:
    """310 assignments through the year from May 2014: 240 answered in time, 17 late, 3 far too late, 50 open."""
    starts = cycle([date(2014, 5, 1) + timedelta(days=n) for n in range(0, 330, 7)])
    histories = []
    for days in [*([n % 5 + 1 for n in range(240)]), *([n % 10 + 6 for n in range(17)]), 16, 20, 40]:
        start = next(starts)
        answered = datetime.combine(outside(start, days), datetime.min.time(), SHANGHAI) + timedelta(
            hours=23, minutes=59
        )
        histories.append(case(f"{start}T10:00 assign", f"{answered:%Y-%m-%dT%H:%M} approve"))
    end = date(2015, 4, 30)
    for days in [*([n % 5 + 1 for n in range(38)]), *([n % 10 + 6 for n in range(10)]), 16, 30]:
        start = end
        while len(chinese_calendar.get_workdays(start + DAY, end)) < days:
            start -= DAY
        histories.append(case(f"{start}T10:00 assign"))
    return histories


def test_the_lamps_of_a_year_add_up_to_the_acceptance_figures(office: Office) -> None:
    found = [office.clock(moves, "2015-04-30T18:00") for moves in year_of_feixiang()]
    closed = [clock.statutory.lamp for clock in found if clock.answered]
    open_ = [clock.statutory.lamp for clock in found if not clock.answered]
    assert (len(found), len(closed), len(open_)) == (310, 260, 50)
    assert [closed.count(lamp) for lamp in (Lamp.GREEN, Lamp.YELLOW, Lamp.RED)] == [240, 17, 3]
    assert [open_.count(lamp) for lamp in (Lamp.NONE, Lamp.YELLOW, Lamp.RED)] == [38, 10, 2]
    assert [*closed, *open_].count(Lamp.RED) == 5


# ----------------------------------------------------------------------------------------------- extended and suspended


def test_an_extension_stands_beside_the_statutory_date_and_does_not_hide_its_lamp(office: Office) -> None:
    moves = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-15T09:00 extend_ok until=2014-10-24")
    clock = office.clock(moves, "2014-10-20T09:00")
    assert (clock.statutory.due, clock.statutory.lamp) == (date(2014, 10, 16), Lamp.YELLOW)
    assert clock.adjusted is not None
    assert (clock.adjusted.due, clock.adjusted.lamp) == (date(2014, 10, 24), Lamp.NONE)
    assert clock.in_force == clock.adjusted
    assert clock.adjusted.red == date(2014, 11, 7)  # ten working days on, as fifteen are to five
    assert office.clock(moves, "2014-10-25T00:00").in_force.lamp is Lamp.YELLOW


def test_an_extension_to_a_day_off_ends_on_the_working_day_after_it(office: Office) -> None:
    moves = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-15T09:00 extend_ok until=2014-10-25")
    assert office.clock(moves, "2014-10-20T09:00").in_force.due == date(2014, 10, 27)


def test_days_on_which_a_case_was_suspended_do_not_count(office: Office) -> None:
    moves = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-14T09:00 suspend", "2014-10-17T15:00 resume")
    clock = office.clock(moves, "2014-10-20T09:00")
    assert clock.statutory.due == date(2014, 10, 22)  # 11 and 13 counted; then 20, 21, 22
    assert (clock.elapsed, clock.paused) == (3, 4)
    rows = explain(clock, office.calendar, at("2014-10-20T09:00"))
    assert [row.day.on.day for row in rows if row.note == "挂账,不计"] == [14, 15, 16, 17]
    assert [row.number for row in rows if row.number] == [1, 2, 3, 4, 5]


def test_a_suspended_case_waits_for_its_review_and_turns_no_lamp(office: Office) -> None:
    moves = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-14T09:00 suspend until=2014-12-31")
    clock = office.clock(moves, "2014-11-20T09:00")
    assert clock.suspended
    assert (clock.statutory.lamp, clock.elapsed) == (Lamp.NONE, 2)
    assert clock.statutory.due == date(2015, 1, 6)  # Sunday 4 January worked, the 5th and the 6th
    late = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-20T09:00 suspend until=2014-12-31")
    assert office.lamp(late, "2014-12-20T09:00") is Lamp.YELLOW  # it was late already


def test_a_suspension_after_an_extension_moves_the_extended_date_too(office: Office) -> None:
    extended = (*TEACHER, "2014-10-11T09:00 sign", "2014-10-15T09:00 extend_ok until=2014-10-24")
    moves = case(*extended, "2014-10-20T09:00 suspend", "2014-10-21T09:00 resume")
    assert office.clock(moves, "2014-10-22T09:00").in_force.due == date(2014, 10, 28)


@given(
    st.datetimes(datetime(2014, 1, 1), datetime(2026, 6, 1)),
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 20)), max_size=4),
)
def test_however_often_suspended_five_days_of_work_are_left_to_the_department(
    office: Office, start: datetime, gaps: list[tuple[int, int]]
) -> None:
    moment = start.replace(tzinfo=SHANGHAI)
    moves = [Move(moment, "assign", "assigned", POLICE)]
    for wait, length in gaps:
        moment += timedelta(days=wait, hours=1)
        moves.append(Move(moment, "suspend", "suspended", "挂账"))
        moment += timedelta(days=length, hours=1)
        moves.append(Move(moment, "resume", "in_progress", POLICE))
    [clock] = clocks(moves, Matter(), office.terms, office.calendar, moment)
    free = [
        row.day.on
        for row in explain(clock, office.calendar, moment)
        if row.number is not None and row.day.on <= clock.statutory.due
    ]
    assert len(free) == 5
    assert all(office.calendar.is_working_day(on) for on in free)
    assert not any(first <= on <= last for on in free for first, last in clock.pauses)
    assert clock.statutory.due <= clock.statutory.red


# ---------------------------------------------------------------------------------------------------------- provisional

TABLE_2027 = Table.from_toml(
    {
        "year": 2027,
        "document": "国办发明电〔2026〕9号",
        "published": date(2026, 12, 20),
        "holiday": [
            {"name": "元旦", "from": date(2027, 1, 1), "to": date(2027, 1, 3), "work": [date(2027, 1, 9)]},
            {"name": "春节", "from": date(2027, 2, 5), "to": date(2027, 2, 14), "work": [date(2027, 1, 30)]},
        ],
    }
)
"""An invented notice: a Saturday worked shortens what was computed before it came, a longer festival lengthens it."""


@pytest.fixture(scope="session")
def later(calendar: Calendar, terms: Terms) -> Office:
    return Office(replace(calendar, tables=(*calendar.tables, TABLE_2027)), terms)


def test_a_deadline_in_a_year_without_a_notice_is_provisional(office: Office) -> None:
    clock = office.clock(case("2026-12-25T10:00 assign"), "2026-12-25T11:00")
    assert (clock.statutory.due, clock.provisional) == (date(2027, 1, 4), True)
    assert not office.clock(case("2026-12-18T10:00 assign"), "2026-12-18T11:00").provisional  # due on the 25th
    assert explain(clock, office.calendar, at("2026-12-25T11:00"))[-1].day.reason == "工作日(暂定)"


def test_a_date_that_was_told_is_kept_when_the_notice_would_make_it_earlier(office: Office, later: Office) -> None:
    told = office.clock(case("2027-01-04T10:00 assign"), "2027-01-04T10:00").statutory.due
    assert told == date(2027, 1, 11)
    moves = case(f"2027-01-04T10:00 assign told={told}")
    clock = later.clock(moves, "2027-01-05T10:00")
    assert (clock.by_calendar, clock.statutory.due) == (date(2027, 1, 9), told)
    assert explain(clock, later.calendar, at("2027-01-05T10:00"))[-1].note == "期限届满日(已告知,不提前至 2027-01-09)"
    new = recomputation(moves, clock)
    assert new is not None
    assert (new.told, new.by_calendar, new.due) == (told, date(2027, 1, 9), told)
    moves += case(f"2027-01-05T10:00 {RECOMPUTED} told={new.due}")
    assert recomputation(moves, later.clock(moves, "2027-01-06T10:00")) is None  # once on the record is enough


def test_a_date_that_the_notice_makes_later_is_put_off_once_and_on_the_record(office: Office, later: Office) -> None:
    told = office.clock(case("2027-02-03T10:00 assign"), "2027-02-03T10:00").statutory.due
    moves = case(f"2027-02-03T10:00 assign told={told}")
    clock = later.clock(moves, "2027-02-04T10:00")
    assert told < clock.statutory.due == date(2027, 2, 18)
    new = recomputation(moves, clock)
    assert new is not None
    assert new.due == clock.statutory.due
    moves += case(f"2027-02-04T10:00 {RECOMPUTED} told={new.due}")
    assert recomputation(moves, later.clock(moves, "2027-02-04T11:00")) is None


def test_nothing_is_recomputed_without_a_change_or_after_an_answer(office: Office, later: Office) -> None:
    moves = case(f"{TEACHER[2]} told=2014-10-16")
    assert recomputation(moves, office.clock(moves, "2014-10-13T09:00")) is None
    answered = case("2027-01-04T10:00 assign told=2027-01-11", "2027-01-06T10:00 approve")
    assert recomputation(answered, later.clock(answered, "2027-01-07T10:00")) is None
    ordered = case("2027-01-04T10:00 assign until=2027-01-11")
    assert recomputation(ordered, later.clock(ordered, "2027-01-07T10:00")) is None  # nobody computed it


@given(st.dates(date(2026, 12, 1), date(2027, 12, 1)))
def test_no_notice_ever_shortens_what_somebody_was_told(office: Office, later: Office, start: date) -> None:
    now = f"{start}T10:00"
    told = office.clock(case(f"{now} assign"), now).statutory.due
    moves = case(f"{now} assign told={told}")
    assert later.clock(moves, now).statutory.due >= told
    assert later.clock(moves, now).statutory.red >= later.clock(moves, now).statutory.due


# ----------------------------------------------------------------------------------------------------------- whose days


def test_the_elapsed_days_are_shared_among_those_who_held_the_case(office: Office) -> None:
    moves = case(
        *TEACHER,
        "2014-10-13T16:00 request_return",
        "2014-10-20T09:00 return_no",
        "2014-10-20T10:00 sign",
        "2014-10-22T15:00 report",
        "2014-10-23T17:00 approve",
    )
    clock = office.clock(moves, "2014-11-01T09:00")
    found = shares(moves, clock, office.calendar, at("2014-11-01T09:00"))
    assert clock.elapsed == 10
    assert found == {POLICE: 1 + 2, DISPUTE: 5, OFFICE: 2}
    assert sum(found.values()) == clock.elapsed


EVENTS = sorted(STATES.keys() - {RECOMPUTED, "receive"})


@given(
    st.datetimes(datetime(2014, 1, 1), datetime(2026, 6, 1)),
    st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 200)), max_size=12),
    st.integers(0, 400),
)
def test_whatever_happened_shares_add_up_and_no_clock_runs_backwards(
    office: Office, start: datetime, steps: list[tuple[str, int]], wait: int
) -> None:
    moment = start.replace(tzinfo=SHANGHAI)
    moves = [Move(moment, "receive", "new", OFFICE)]
    for event, hours in steps:
        moment += timedelta(hours=hours)
        moves.append(Move(moment, event, *STATES[event]))
    now = moment + timedelta(hours=wait)
    for clock in clocks(moves, Matter(), office.terms, office.calendar, now):
        assert sum(shares(moves, clock, office.calendar, now).values()) == clock.elapsed
        assert office.calendar.date_of(clock.started) < clock.statutory.due <= clock.statutory.red
        assert (clock.statutory.lamp is Lamp.GREEN) <= (clock.answered is not None)
        assert clock.paused >= 0
        later_now = now + timedelta(days=30)
        after = clocks(moves, Matter(), office.terms, office.calendar, later_now)
        if clock.answered:
            assert clock.statutory.lamp in {one.statutory.lamp for one in after}


# ---------------------------------------------------------------------------------------------------- the office itself


@pytest.mark.parametrize(
    ("steps", "due", "lamps"),
    [
        (("2014-10-10T15:00 receive",), "2014-10-11", ("2014-10-11T23:00", "2014-10-12T00:00", "2014-10-15T00:00")),
        (TEACHER[:2], "2014-10-11", ("2014-10-11T23:00", "2014-10-12T00:00", "2014-10-15T00:00")),
        (
            (*TEACHER, "2014-10-11T09:00 request_return"),
            "2014-10-13",
            ("2014-10-13T23:00", "2014-10-14T00:00", "2014-10-16T00:00"),
        ),
        (
            (*TEACHER, "2014-10-11T09:00 report"),
            "2014-10-13",
            ("2014-10-13T23:00", "2014-10-14T00:00", "2014-10-16T00:00"),
        ),
        (
            (*TEACHER, "2014-10-11T09:00 approve", "2014-10-11T12:00 rate_bad"),
            "2014-10-14",
            ("2014-10-14T23:00", "2014-10-15T00:00", "2014-10-21T00:00"),
        ),
    ],
)
def test_the_office_has_lamps_of_its_own(
    office: Office, steps: tuple[str, ...], due: str, lamps: tuple[str, str, str]
) -> None:
    for now, lamp in zip(lamps, (Lamp.NONE, Lamp.YELLOW, Lamp.RED), strict=True):
        found = waiting(case(*steps), office.terms, office.calendar, at(now))
        assert found is not None
        assert (found.due, found.lamp) == (date.fromisoformat(due), lamp)


def test_the_office_waits_for_nobody_while_somebody_else_has_the_case(office: Office) -> None:
    assert waiting([], office.terms, office.calendar, at("2014-10-20T09:00")) is None
    assert waiting(case(*TEACHER), office.terms, office.calendar, at("2014-10-20T09:00")) is None


def test_the_citizens_time_to_answer_a_question_is_not_the_offices(office: Office) -> None:
    moves = case("2014-10-10T15:00 receive", "2014-10-10T16:00 ask_info", "2014-10-20T09:00 info_in")
    found = waiting(moves, office.terms, office.calendar, at("2014-10-20T10:00"))
    assert found is not None
    assert (found.since, found.due) == (at("2014-10-20T09:00"), date(2014, 10, 21))


def test_a_note_on_a_waiting_case_does_not_set_its_lamp_back(office: Office) -> None:
    moves = case("2014-10-10T15:00 receive")
    moves.append(Move(at("2014-10-15T15:00"), "follow_up", "new", OFFICE))
    found = waiting(moves, office.terms, office.calendar, at("2014-10-16T09:00"))
    assert found is not None
    assert found.lamp is Lamp.RED


# ---------------------------------------------------------------------------------------------------------- wrong terms


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": {"咨询": {"days": 0}}}, "咨询件:days"),
        ({"kind": {"咨询": {"days": 5, "red": 3}}}, "咨询件:days"),
        ({"kind": {"咨询": {"days": "5"}}}, "咨询件:days"),
        ({"kind": {"咨询": {"days": 5, "since": "sign"}}}, "咨询件:since"),
        ({"waiting": {"lost": {"days": 1}}}, "没有这样的状态:lost"),
        ({"waiting": {"new": {"days": 1}}}, "应有 await_leader"),
    ],
)
def test_a_term_that_cannot_be_is_refused_by_name(change: dict[str, object], said: str) -> None:
    table = {
        "term": {name: {"days": 5, "red": 15} for name in ("default", "urgent", "redo")},
        "waiting": {"await_leader": {"days": 2}},
    }
    assert Terms.from_toml(table).default.days == 5
    with pytest.raises(ValueError, match=said):
        Terms.from_toml(table | change)
