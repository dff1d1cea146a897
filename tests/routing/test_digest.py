"""What a week's digest takes up, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.digest import RULES, Matter, Rules, hot_spots, picks

SHIPPED = Rules()
QUIET = [Matter(f"Q{n}", 0, reporters=1) for n in range(5)]


def road(n: int, week: int = 0) -> Matter:
    return Matter(f"R{week}-{n}", week, "成寨村", "交通", reporters=1)


def test_rules_go_before_each_other_in_their_order_and_each_item_says_which_hold() -> None:
    matters = [
        Matter("A", 3, late=4),
        Matter("B", 0, reporters=5),
        Matter("C", 0, leader_kind="渎职失职", reporters=3),
        Matter("D", 0, emergency=True),
        Matter("E", 1, again=2),
        *(road(n) for n in range(4)),
    ]
    found = picks(matters, SHIPPED)
    assert [pick.cases[0] for pick in found] == ["D", "C", "R0-0", "B", "E", "A"]
    assert found[1].reasons == ("须领导亲自批转:渎职失职", "本周3人反映")
    assert found[2].reasons == ("成寨村交通本周4件,前8周共0件",)
    assert found[5].reasons == ("红灯,超期4个工作日",)


def test_a_quiet_week_is_filled_to_three_and_says_so() -> None:
    assert [pick.rules for pick in picks(QUIET, SHIPPED)] == [("fill",)] * 3
    assert picks(QUIET[:2], SHIPPED)[1].cases == ("Q1",)
    assert picks([], SHIPPED) == ()


@pytest.mark.parametrize(("now", "before", "rising"), [(3, 0, True), (2, 0, False), (3, 12, True), (3, 13, False)])
def test_a_hot_spot_has_three_cases_and_twice_the_mean_of_eight_weeks(now: int, before: int, rising: bool) -> None:
    matters = [road(n) for n in range(now)] + [road(n, 1 + n % 8) for n in range(before)]
    [spot] = hot_spots(matters, SHIPPED)
    assert (len(spot.cases), spot.before, spot.rising) == (now, before, rising)


def test_what_an_issue_has_told_the_next_does_not_tell_again() -> None:
    assert [pick.cases for pick in picks(QUIET, SHIPPED, {"Q0", "Q2"})] == [("Q1",), ("Q3",), ("Q4",)]


def test_rules_that_cannot_be_are_refused_and_a_file_without_them_has_the_shipped() -> None:
    assert Rules.from_toml({}) == SHIPPED
    for wrong in ({"least": 0}, {"most": 2}, {"factor": 1.5}):
        with pytest.raises(ValueError, match="digest"):
            Rules.from_toml({"digest": wrong})


MATTERS = st.lists(
    st.builds(
        Matter,
        number=st.integers(0, 99).map("N{:02}".format),
        week=st.integers(0, 9),
        place=st.sampled_from(("", "东村", "西村")),
        topic=st.sampled_from(("", "水", "路")),
        reporters=st.integers(0, 5),
        emergency=st.booleans(),
        leader_kind=st.sampled_from(("", "渎职失职")),
        again=st.sampled_from((0, 2)),
        late=st.integers(0, 3),
    ),
    unique_by=lambda one: one.number,
    max_size=30,
)


@given(MATTERS)
def test_no_case_stands_in_two_items_and_no_issue_is_longer_than_six(matters: list[Matter]) -> None:
    found = picks(matters, SHIPPED)
    told = [number for pick in found for number in pick.cases]
    assert len(told) == len(set(told))
    assert len(found) <= SHIPPED.most
    assert all(pick.rules and len(pick.rules) == len(pick.reasons) for pick in found)
    ranks = [list(RULES).index(pick.rules[0]) for pick in found]
    assert ranks == sorted(ranks)
    if any(one.week == 0 for one in matters):
        assert found
    assert picks(list(reversed(matters)), SHIPPED) == found
    assert picks([replace(one, week=9, late=0, again=0, reporters=0) for one in matters], SHIPPED) == ()
