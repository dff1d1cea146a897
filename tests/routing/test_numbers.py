"""Case numbers that survive a slip of the thumb."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.numbers import is_valid, quoted, write


@given(st.integers(0, 99), st.integers(1, 99_999), st.data())
def test_one_wrong_digit_or_a_swap_never_hits_another_case(year: int, serial: int, data: st.DataObject) -> None:
    number = write("FX", year, serial)
    assert is_valid(number)
    digits = number[2:]
    at = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[at]]))
    assert not is_valid(digits[:at] + other + digits[at + 1 :])
    if at + 1 < len(digits) and digits[at] != digits[at + 1]:
        assert not is_valid(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])


@pytest.mark.parametrize(
    "text", ["{}", "编号{}怎么样了", "fx{1}还没修", "ＦＸ {1}", "FX-{1}", "FX {0}", "我的件是{},请查"]
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    number = write("FX", 26, 42)
    assert [one.number for one in quoted(text.format(number, number[2:]), "FX")] == [number]


@pytest.mark.parametrize(
    ("text", "rest"), [("{} 3", "3"), ("{} 3,又堵了", "3,又堵了"), ("{}:1", "1"), ("看{} 2", "看 2")]
)
def test_what_follows_a_number_is_not_part_of_it(text: str, rest: str) -> None:
    number = write("FX", 26, 42)
    [found] = quoted(text.format(number), "FX")
    assert (found.number, found.valid, found.rest.strip(" :").replace("  ", " ")) == (number, True, rest)


def test_a_mistyped_number_is_known_as_one() -> None:
    number = write("FX", 26, 42)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert [(one.number, one.valid) for one in quoted(wrong, "FX")] == [(wrong, False)]


def test_other_digits_are_no_case_numbers() -> None:
    assert quoted("电话13800000001,共2600421元", "FX") == []
