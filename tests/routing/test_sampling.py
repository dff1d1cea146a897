"""A draw that anybody can repeat from its seed, fair to units, and nobody judges their own."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.sampling import CannotDraw, Evaluator, allot, draw, panel, seats

PEOPLE = (
    Evaluator("专家甲", "专家"),
    Evaluator("专家乙", "专家"),
    Evaluator("干部甲", "干部", "交警大队"),
    Evaluator("干部乙", "干部", "县教育局"),
    Evaluator("群众甲", "群众"),
    Evaluator("群众乙", "群众"),
)
FRAME = {f"FX26{n:05}": "交警大队" if n % 3 else "县教育局" for n in range(90)}


def test_the_method_is_the_one_that_is_published() -> None:
    """Recounted here with nothing but sha256 and sorting, for one unit."""
    one_unit = dict.fromkeys(FRAME, "交警大队")
    by_hand = sorted(one_unit, key=lambda number: hashlib.sha256(f"种子42:{number}".encode()).hexdigest())[:7]
    assert [one.number for one in draw(one_unit, 7, "种子42")] == by_hand


def test_units_get_seats_by_largest_remainder() -> None:
    assert seats({"甲": 53, "乙": 24, "丙": 23}, 10, "s") == {
        "甲": 5,
        "乙": 3,
        "丙": 2,
    }  # 5.3, 2.4, 2.3: one left, to 0.4
    assert sorted(seats({"甲": 5, "乙": 5}, 3, "s").values()) == [1, 2]  # equal remainders: the seed decides
    assert seats({"甲": 2, "乙": 1}, 9, "s") == {"甲": 2, "乙": 1}
    assert Counter(one.unit for one in draw(FRAME, 60, "s")) == {"交警大队": 40, "县教育局": 20}


def test_whoever_is_asked_again_gets_the_same_and_another_seed_gives_another() -> None:
    backwards = dict(reversed(FRAME.items()))
    assert draw(FRAME, 20, "s") == draw(backwards, 20, "s")
    assert draw(FRAME, 20, "s") != draw(FRAME, 20, "t")
    assert len(draw(FRAME, 500, "s")) == 90


def test_a_panel_has_every_category_in_proportion() -> None:
    assert Counter(one.category for one in panel(PEOPLE, 3, "s")) == {"专家": 1, "干部": 1, "群众": 1}
    assert set(panel(PEOPLE, None, "s")) == set(PEOPLE)


def test_nobody_judges_their_own_unit_and_the_work_is_shared() -> None:
    sample = draw(FRAME, 60, "s")
    barred = {one.number: frozenset({one.unit}) for one in sample}
    found = allot(sample, PEOPLE, barred, "s")
    assert all(PEOPLE[found[one.number]].unit != one.unit for one in sample)
    loads = Counter(found.values()).values()
    assert max(loads) - min(loads) <= 2


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda: draw({}, 5, "s"), "没有可抽"),
        (lambda: draw(FRAME, 0, "s"), "至少为 1"),
        (lambda: draw(FRAME, 5, " "), "种子"),
        (lambda: panel((), None, "s"), "空的"),
        (lambda: panel((PEOPLE[0], PEOPLE[0]), None, "s"), "重名"),
        (lambda: allot(draw({"A": "交警大队"}, 1, "s"), PEOPLE[2:3], {}, "s"), "没有可以评议"),
    ],
)
def test_what_cannot_be_drawn_says_why(what: object, said: str) -> None:
    with pytest.raises(CannotDraw, match=said):
        what()  # type: ignore[operator]


FRAMES = st.dictionaries(
    st.text("ABC0123", min_size=1, max_size=6), st.sampled_from("甲乙丙丁"), min_size=1, max_size=60
)


@given(FRAMES, st.integers(1, 80), st.text(min_size=1, max_size=8).filter(str.strip))
def test_every_draw_is_proportional_within_one_and_as_large_as_asked_for(
    frame: dict[str, str], size: int, seed: str
) -> None:
    sample = draw(frame, size, seed)
    assert len(sample) == len({one.number for one in sample}) == min(size, len(frame))
    assert [one.position for one in sample] == list(range(1, len(sample) + 1))
    taken = Counter(one.unit for one in sample)
    for unit, count in Counter(frame.values()).items():
        exact = len(sample) * count / len(frame)
        assert exact - 1 < taken[unit] < exact + 1
        assert taken[unit] <= count
