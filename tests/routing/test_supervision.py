"""Silence is followed by what the ladder says, each thing once, and never outside office hours."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.deadlines import Matter, Move, clocks
from routing.supervision import (
    Call,
    Occurrence,
    Rules,
    Rung,
    Standing,
    Vote,
    bottom,
    due_calls,
    ladder,
    same_problem,
    summons,
    warnings,
)
from tests.routing.histories import POLICE, SHANGHAI, TEACHER, Office, at, case

LADDER = dict.fromkeys(
    (
        *("remind_before", "sign_hours", "deemed_signed", "urge_after", "criticise_after"),
        *("same_problem", "summon_months"),
    ),
    1,
)


def calls(office: Office, rules: Rules, moves: Sequence[Move], now: str) -> list[tuple[Rung, str]]:
    """What the ladder holds, the moments as written here."""
    [*_, clock] = clocks(moves, Matter(), office.terms, office.calendar, at(now))
    return [(call.rung, f"{call.at:%Y-%m-%dT%H:%M}") for call in ladder(moves, clock, rules, office.calendar)]


def test_the_whole_ladder_of_a_department_that_never_stirs(office: Office, rules: Rules) -> None:
    assert calls(office, rules, case(*TEACHER), "2014-12-01T09:00") == [
        (Rung.UNSIGNED, "2014-10-11T11:00"),  # an hour and a half on Friday, the rest on Saturday
        (Rung.DEEMED_SIGNED, "2014-10-12T00:00"),
        (Rung.REMIND, "2014-10-15T08:30"),
        (Rung.URGE, "2014-10-17T08:30"),
        (Rung.CRITICISE, "2014-10-23T08:30"),
        (Rung.SUPERVISE, "2014-10-31T08:30"),
    ]


def test_an_answer_ends_the_ladder_and_what_came_before_it_stays(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-17T10:00 approve")
    found = calls(office, rules, moves, "2014-12-01T09:00")
    assert [rung for rung, _ in found] == [Rung.REMIND, Rung.URGE]


def test_a_department_that_signs_in_time_is_not_asked_to(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER, "2014-10-10T17:00 sign")
    assert calls(office, rules, moves, "2014-10-12T09:00")[0][0] is Rung.REMIND


def test_the_time_to_sign_runs_anew_for_the_department_that_gets_the_case(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER, "2014-10-14T09:00 reassign")
    found = dict(calls(office, rules, moves, "2014-10-14T10:00"))
    assert (found[Rung.UNSIGNED], found[Rung.DEEMED_SIGNED]) == ("2014-10-14T15:00", "2014-10-16T00:00")
    assert found[Rung.URGE] == "2014-10-17T08:30"  # the clock of the case does not


def test_whoever_was_granted_more_time_is_not_urged_before_it_is_over(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER, "2014-10-10T17:00 sign", "2014-10-15T09:00 extend_ok until=2014-10-24")
    assert calls(office, rules, moves, "2014-10-20T09:00") == [
        (Rung.REMIND, "2014-10-23T08:30"),
        (Rung.URGE, "2014-10-27T08:30"),
        (Rung.CRITICISE, "2014-10-31T08:30"),
        (Rung.SUPERVISE, "2014-11-10T08:30"),
    ]


def test_a_suspended_case_is_left_in_peace(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER, "2014-10-11T09:00 sign", "2014-10-14T09:00 suspend")
    assert calls(office, rules, moves, "2014-11-20T09:00") == []


def test_an_urgent_case_is_reminded_of_the_moment_it_is_given_not_before(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER)
    [clock] = clocks(moves, Matter(urgency="urgent"), office.terms, office.calendar, at("2014-10-10T16:00"))
    found = {call.rung: call.at for call in ladder(moves, clock, rules, office.calendar)}
    assert found[Rung.REMIND] == at("2014-10-10T16:00")
    assert found[Rung.URGE] == at("2014-10-13T08:30")


def test_what_has_come_and_is_not_on_record_is_due_and_once_on_record_is_not(office: Office, rules: Rules) -> None:
    moves = case(*TEACHER, "2014-10-10T17:00 sign")
    now = at("2014-10-17T09:00")
    [clock] = clocks(moves, Matter(), office.terms, office.calendar, now)
    every = ladder(moves, clock, rules, office.calendar)
    assert [call.rung for call in due_calls(moves, every, now)] == [Rung.REMIND, Rung.URGE]
    moves.append(Move(at("2014-10-15T08:30"), Rung.REMIND, "in_progress", POLICE))
    assert [call.rung for call in due_calls(moves, every, now)] == [Rung.URGE]
    moves.append(Move(now, Rung.URGE, "in_progress", POLICE))
    assert due_calls(moves, every, now) == ()


def test_an_urge_of_before_an_extension_does_not_stand_for_the_one_after_it() -> None:
    moves = [Move(at("2014-10-17T09:00"), Rung.URGE, "in_progress", POLICE)]
    again = Call(Rung.URGE, at("2014-10-27T08:30"))
    assert due_calls(moves, [again], at("2014-10-27T08:29:59")) == ()
    assert due_calls(moves, [again], at("2014-10-27T08:30")) == (again,)


@given(st.datetimes(datetime(2014, 1, 1), datetime(2027, 2, 1)))
def test_reminders_come_in_office_hours_and_in_their_order(office: Office, rules: Rules, start: datetime) -> None:
    moves = [Move(start.replace(tzinfo=SHANGHAI), "assign", "assigned", POLICE)]
    [clock] = clocks(moves, Matter(), office.terms, office.calendar, moves[0].at)
    found = ladder(moves, clock, rules, office.calendar)
    for call in found:
        assert call.at >= moves[0].at
        if call.rung is not Rung.DEEMED_SIGNED:
            assert office.calendar.office_moment(call.at) == call.at
    late = [call.rung for call in found if call.rung in (Rung.REMIND, Rung.URGE, Rung.CRITICISE, Rung.SUPERVISE)]
    assert late == [Rung.REMIND, Rung.URGE, Rung.CRITICISE, Rung.SUPERVISE]


# --------------------------------------------------------------------------------------------------- same problem twice


def raised(problem: str, number: str, on: str, answered: str = "") -> Occurrence:
    return Occurrence(problem, number, at(f"{on}T09:00"), at(f"{answered}T09:00") if answered else None)


def test_a_problem_that_comes_back_after_it_was_answered_goes_to_supervision() -> None:
    lamp = raised("东赵村/路灯", "FX1400011", "2014-06-02", "2014-06-06")
    again = raised("东赵村/路灯", "FX1400292", "2014-08-11")
    [repeat] = same_problem([again, lamp, raised("西赵村/路灯", "FX1400300", "2014-08-12")], 2)
    assert (repeat.cases, repeat.times, repeat.at) == (("FX1400011", "FX1400292"), 2, again.at)


def test_a_second_report_before_the_answer_is_a_duplicate_and_no_repeat() -> None:
    first = raised("东赵村/路灯", "FX1400011", "2014-06-02", "2014-06-06")
    assert same_problem([first, raised("东赵村/路灯", "FX1400029", "2014-06-05", "2014-06-06")], 2) == ()
    assert same_problem([raised("甲", "1", "2014-06-02"), raised("甲", "2", "2014-07-02")], 2) == ()


def test_a_case_that_recurs_counts_as_the_problem_once_more() -> None:
    first = raised("东赵村/路灯", "FX1400011", "2014-06-02", "2014-06-06")
    second = raised("东赵村/路灯", "FX1400011", "2014-06-20", "2014-06-25")
    third = raised("东赵村/路灯", "FX1400011", "2014-07-20")
    found = same_problem([first, second, third], 2)
    assert [(repeat.cases, repeat.times) for repeat in found] == [(("FX1400011",), 2), (("FX1400011",), 3)]


# ------------------------------------------------------------------------------------------------------------- summons


def month(name: str, **rates: tuple[int, int]) -> list[Standing]:
    return [Standing(name, unit, *rate) for unit, rate in rates.items()]


def test_two_months_running_at_the_bottom_is_a_summons_also_across_the_year() -> None:
    standings = [
        *month("2014-11", 甲=(9, 10), 乙=(3, 10), 丙=(8, 10)),
        *month("2014-12", 甲=(9, 10), 乙=(6, 10), 丙=(4, 10)),
        *month("2015-01", 甲=(9, 10), 乙=(7, 10), 丙=(30, 50)),
    ]
    assert summons(standings, "2014-12", 2) == ()
    assert summons(standings, "2015-01", 2) == ("丙",)
    assert summons(standings, "2014-11", 2) == ()  # nothing is known of October


def test_nobody_is_at_the_bottom_when_all_stand_alike_and_no_work_is_no_rate() -> None:
    assert bottom(month("2014-11", 甲=(10, 10), 乙=(37, 37)), "2014-11") == frozenset()
    assert bottom(month("2014-11", 甲=(1, 2), 乙=(0, 0)), "2014-11") == frozenset()
    assert bottom(month("2014-11", 甲=(9, 10), 乙=(1, 3), 丙=(2, 6)), "2014-11") == {"乙", "丙"}


# ------------------------------------------------------------------------------------------------------------ warnings


def votes(unit: str, *counts: tuple[str, int]) -> list[Vote]:
    """So many votes in each month, from its first day on."""
    return [
        Vote(date.fromisoformat(f"{name}-01") + timedelta(days=n % 28), unit)
        for name, count in counts
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "levels"),
    [(9, []), (10, ["III"]), (19, ["III"]), (20, ["III", "II"]), (39, ["III", "II"])],
)
def test_the_levels_of_a_month_come_at_ten_twenty_and_forty(rules: Rules, count: int, levels: list[str]) -> None:
    assert [one.level.level for one in warnings(votes("甲", ("2014-05", count)), rules)] == levels


def test_the_fortieth_vote_of_a_month_is_level_one_and_of_its_year_level_three(rules: Rules) -> None:
    found = warnings(votes("甲", ("2014-05", 40)), rules)
    assert [(one.period, one.level.level, one.level.measure, one.votes) for one in found] == [
        ("2014-05", "III", "效能告诫", 10),
        ("2014-05", "II", "效能谈话", 20),
        ("2014-05", "I", "诫勉谈话", 40),
        ("2014", "III", "效能告诫", 40),
    ]


@pytest.mark.parametrize(
    ("count", "levels"),
    [(39, []), (40, ["III"]), (79, ["III"]), (80, ["III", "II"]), (119, ["III", "II"]), (120, ["III", "II", "I"])],
)
def test_the_levels_of_a_year_come_at_forty_eighty_and_a_hundred_and_twenty(
    rules: Rules, count: int, levels: list[str]
) -> None:
    given_ = [Vote(date(2014, n % 12 + 1, n // 12 % 28 + 1), "甲") for n in range(count)]
    assert [one.level.level for one in warnings(given_, rules) if one.period == "2014"] == levels


@given(st.lists(st.tuples(st.dates(date(2014, 1, 1), date(2015, 12, 31)), st.sampled_from("甲乙")), max_size=400))
def test_each_level_is_called_once_in_a_period_however_the_votes_fall(
    rules: Rules, cast: list[tuple[date, str]]
) -> None:
    found = warnings([Vote(on, unit) for on, unit in cast], rules)
    keys = [(one.unit, one.period, one.level.level) for one in found]
    assert len(keys) == len(set(keys))
    for one in found:
        until = [on for on, unit in cast if unit == one.unit and on.isoformat().startswith(one.period) and on <= one.on]
        assert len(until) >= one.votes


# -------------------------------------------------------------------------------------------------------- wrong rules


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"urge_after": 0}, "urge_after"),
        ({"urge_after": "1"}, "urge_after"),
        ({"sign_hours": True}, "sign_hours"),
    ],
)
def test_a_ladder_that_cannot_be_is_refused_by_name(change: dict[str, object], said: str) -> None:
    assert Rules.from_toml({"ladder": LADDER}).urge_after == 1
    with pytest.raises(ValueError, match=said):
        Rules.from_toml({"ladder": LADDER | change})


def test_levels_that_do_not_grow_are_refused() -> None:
    milder = {"level": "III", "measure": "效能告诫", "month": 10, "year": 40}
    graver = milder | {"level": "II", "year": 80}
    with pytest.raises(ValueError, match="II 级的票数应多于 III 级"):
        Rules.from_toml({"ladder": LADDER, "warning": [milder, graver]})
