"""Numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster.phones import Fault, masked, masked_identity, masked_name, national, parse


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "+8613800138000",
        "+86 138-0013-8000",
        "0086 13800138000",
        "86 13800138000",
        "138 0013 8000",
        "１３８００１３８０００",
        "'13800138000",
        "13800138000.0",
        "(138)00138000",
        "17951 13800138000",
        "\t13800138000\n",
    ],
)
def test_every_usual_spelling_is_the_same_number(written: str) -> None:
    assert parse(written) == "+8613800138000"


@pytest.mark.parametrize("prefix", ["146", "148", "149", "162", "165", "192", "1349"])
def test_ranges_that_libraries_miss_are_numbers_all_the_same(prefix: str) -> None:
    assert parse(f"{prefix}00000000"[:11]) == f"+86{prefix}00000000"[:14]


@pytest.mark.parametrize("written", ["0310-8512345", "8512345", "010-62345678", "03108512345", "+86 310 8512345"])
def test_a_landline_is_named_as_one(written: str) -> None:
    fault = parse(written)
    assert isinstance(fault, Fault)
    assert fault.kind == "landline"


@pytest.mark.parametrize("written", ["", "1380013800", "138001380000", "12345678901", "1.38E+10", "无", "10086"])
def test_what_is_no_number_is_refused_with_a_reason(written: str) -> None:
    fault = parse(written)
    assert isinstance(fault, Fault)
    assert fault.reason


def test_a_number_that_a_spreadsheet_destroyed_is_named_as_such() -> None:
    fault = parse("1.38E+10")
    assert isinstance(fault, Fault)
    assert "科学计数" in fault.reason


@given(st.text(max_size=40))
def test_no_writing_makes_it_fail(written: str) -> None:
    assert isinstance(parse(written), str | Fault)


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"))
def test_a_shown_number_keeps_its_middle_to_itself(number: str) -> None:
    e164 = parse(number)
    assert isinstance(e164, str)
    assert national(e164) == number
    assert masked(e164) == f"{number[:3]}****{number[-4:]}"


def test_names_and_identity_numbers_are_shown_in_part() -> None:
    assert masked_name("钱远桥") == "钱**"
    assert masked_identity("130428198001010018") == "*" * 14 + "0018"
