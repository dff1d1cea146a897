"""Targets, gaps and the additions that bring the roster nearest to its targets."""

import tomllib
from fractions import Fraction
from itertools import combinations_with_replacement, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster.balance import Cell, Standing, Targets, Wanted, additions, balance, enough
from roster.generator import CATEGORY_SHARES

SHIPPED = Path(__file__).parent.parent.parent / "config" / "roster.toml"


def targets(*weights: int, townships: tuple[int, ...] = (1,), tolerance: str = "0.1") -> Targets:
    """Categories A, B, … and townships a, b, … with these weights."""
    within = Fraction(tolerance)
    return Targets(
        {chr(65 + i): Wanted(weight, within) for i, weight in enumerate(weights)},
        {chr(97 + i): Wanted(weight, within) for i, weight in enumerate(townships)},
    )


def test_the_shipped_targets_are_those_of_the_first_ten_thousand() -> None:
    shipped = Targets.from_toml(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    assert {name: one.weight for name, one in shipped.categories.items()} == CATEGORY_SHARES
    assert len(shipped.townships) == 9
    have = {(name, "城关镇"): people for name, people in CATEGORY_SHARES.items()}
    told = balance(have, shipped)
    assert told.whole == 10_153
    assert all(one.gap == 0 for one in told.categories)
    assert [one.standing for one in told.townships] == [Standing.OVER] + [Standing.SHORT] * 8


@pytest.mark.parametrize(
    ("have", "standing"),
    [(0, "short"), (44, "short"), (45, "within"), (50, "within"), (55, "within"), (56, "over"), (100, "over")],
)
def test_a_group_is_short_beyond_its_tolerance(have: int, standing: str) -> None:
    told = balance({("A", "a"): have, ("B", "a"): 100 - have}, targets(1, 1))
    assert told.categories[0].standing == standing


def test_nobody_recruits_half_a_person() -> None:
    told = balance({("A", "a"): 2, ("B", "a"): 3}, targets(1, 1, tolerance="0"))
    assert [one.gap for one in told.categories] == [Fraction(-1, 2), Fraction(1, 2)]
    assert {one.standing for one in told.categories} == {Standing.WITHIN}


def test_a_category_that_is_no_longer_on_the_list_is_shown_behind_the_others() -> None:
    told = balance({("A", "a"): 3, ("old", "a"): 2}, targets(1))
    assert [(one.category, one.target, one.standing) for one in told.categories] == [
        ("A", 5, Standing.SHORT),
        ("old", 0, Standing.OVER),
    ]


def test_an_empty_roster_has_no_gap_and_is_filled_in_the_shares_of_the_list() -> None:
    wanted = targets(3, 1)
    assert {one.standing for one in balance({}, wanted).cells} == {Standing.WITHIN}
    assert additions({}, wanted, 4) == {("A", "a"): 3, ("B", "a"): 1}


def test_additions_end_when_nothing_is_short() -> None:
    wanted = targets(1, 1)
    have = {("A", "a"): 90, ("B", "a"): 10}
    told = enough(have, wanted, 1_000)
    assert told == 64  # 74 of 164 are 90.2 % of their half; 73 of 163 are 89.6 %
    assert additions(have, wanted, told) == {("B", "a"): 64}
    assert enough(have, wanted, 63) is None
    assert enough({("A", "a"): 5, ("B", "a"): 5}, wanted, 0) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("target = 412", "target = 0"), "党代表"),
        (("target = 412", "target = 41.2"), "党代表"),
        (("target = 412\n", ""), "党代表"),
        (("tolerance = 0.1", "tolerance = 10"), "tolerance"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused_by_name(change: tuple[str, str], words: str) -> None:
    table = tomllib.loads(SHIPPED.read_text(encoding="utf-8").replace(*change, 1))
    with pytest.raises(ValueError, match=words):
        Targets.from_toml(table)


WEIGHTS = st.lists(st.integers(1, 9), min_size=1, max_size=3)
PEOPLE = st.lists(st.integers(0, 6), min_size=9, max_size=9)


def _roster(wanted: Targets, people: list[int]) -> dict[Cell, int]:
    return dict(zip(product(wanted.categories, wanted.townships), people, strict=False))


@given(WEIGHTS, WEIGHTS, PEOPLE)
def test_every_row_and_column_adds_up(weights: list[int], townships: list[int], people: list[int]) -> None:
    wanted = targets(*weights, townships=tuple(townships))
    have = _roster(wanted, people)
    told = balance(have, wanted)
    for groups in (told.categories, told.townships, told.cells):
        assert sum(one.have for one in groups) == told.whole == sum(have.values())
        assert sum(one.target for one in groups) == told.whole
        assert sum(one.gap for one in groups) == 0


@given(WEIGHTS, WEIGHTS, PEOPLE, st.integers(0, 3))
def test_no_other_additions_come_nearer(weights: list[int], townships: list[int], people: list[int], k: int) -> None:
    """Against every other way to add so many people."""
    wanted = targets(*weights, townships=tuple(townships))
    have = _roster(wanted, people)

    def distance(added: dict[Cell, int]) -> Fraction:
        told = balance({cell: have[cell] + added.get(cell, 0) for cell in have}, wanted)
        return sum((one.gap**2 / one.target for one in told.cells if one.target), Fraction(0))

    chosen = additions(have, wanted, k)
    assert sum(chosen.values()) == k
    every = combinations_with_replacement(have, k)
    assert distance(chosen) == min(distance({cell: way.count(cell) for cell in way}) for way in every)


@given(WEIGHTS, WEIGHTS, PEOPLE)
def test_enough_is_the_first_moment_at_which_nothing_is_short(
    weights: list[int], townships: list[int], people: list[int]
) -> None:
    wanted = targets(*weights, townships=tuple(townships))
    have = _roster(wanted, people)

    def short(count: int) -> bool:
        added = additions(have, wanted, count)
        told = balance({cell: have[cell] + added.get(cell, 0) for cell in have}, wanted)
        return any(one.standing is Standing.SHORT for one in (*told.categories, *told.townships))

    needed = enough(have, wanted, 30)
    assert all(short(count) for count in range(30 if needed is None else needed))
    assert needed is None or not short(needed)
