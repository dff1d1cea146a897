"""Roster files as offices make them."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.settings import load
from roster import generator
from roster.identity import check_character, fault
from roster.importing import Lists, NoHeader, Reading, read
from roster.phones import Fault as PhoneFault

TODAY = date(2026, 11, 24)
HEADER = ["姓名", "手机号码", "身份证号", "职业类别", "乡镇(街道)", "村(社区)"]
GOOD = ["钱远桥", "13800000001", "", "教师", "城关镇", "东赵村"]


@pytest.fixture
def lists(folder: Path) -> Lists:
    """As shipped."""
    return resources.lists(load(folder, {}))


def one(lists: Lists, **changes: Any) -> Reading:
    names = ("name", "phone", "identity", "category", "township", "village")
    row = [changes.get(name, cell) for name, cell in zip(names, GOOD, strict=True)]
    return read([HEADER, row], lists, TODAY)


def test_the_sample_file_gives_exactly_its_faults(lists: Lists) -> None:
    reading = read(generator.generate(lists).rows, lists, TODAY)
    assert len(reading.entries) == generator.ACCEPTED == 10_153
    assert Counter(fault.kind for fault in reading.faults) == generator.FAULTS
    assert len(reading.entries) + len(reading.faults) == generator.ROWS == 10_400


def test_the_sample_is_the_same_for_the_same_seed_and_nobody_elses(lists: Lists) -> None:
    small = generator.generate(lists, 7, 200)
    assert small == generator.generate(lists, 7, 200)
    assert small != generator.generate(lists, 8, 200)
    assert all("0000" in entry.phone for entry in read(small.rows, lists, TODAY).entries)


@pytest.mark.parametrize(
    "title",
    [[], [["肥乡县信息员名册"]], [["名册"], [], ["填报单位:某某", "", ""]]],
)
def test_titles_above_the_header_are_passed_over(lists: Lists, title: list[list[str]]) -> None:
    reading = read([*title, HEADER, GOOD], lists, TODAY)
    assert len(reading.entries) == 1
    assert reading.header_row == len(title) + 1


@pytest.mark.parametrize(
    "header",
    [
        ["姓名", "电话", "身份证", "类别", "乡镇", "村"],
        ["姓 名", "联系电话", "身份证号码", "人员类别", "所在乡镇", "行政村"],
        ["姓名*", "手机", "公民身份号码", "社会类别", "乡镇(街道)", "社区"],
        ["姓名(必填)", "手机号(11位)", "身份证号码", "职业类别(见附表)", "乡镇(街道)", "村"],
    ],
)
def test_columns_are_known_by_their_usual_names(lists: Lists, header: list[str]) -> None:
    assert len(read([header, GOOD], lists, TODAY).entries) == 1


def test_columns_may_stand_in_any_order_with_others_between(lists: Lists) -> None:
    header = ["序号", "乡镇", "单位", "职业类别", "手机号", "姓名"]
    reading = read([header, [1, "城关镇", "小学", "教师", "13800000001", "钱远桥"]], lists, TODAY)
    assert reading.entries[0].details == {"unit": "小学"}


def test_a_file_without_the_needed_columns_says_which(lists: Lists) -> None:
    with pytest.raises(NoHeader, match="职业类别"):
        read([["姓名", "手机号", "乡镇"], GOOD], lists, TODAY)


@pytest.mark.parametrize("footer", [["合计", "", ""], ["制表人:某某"], [], ["", "", ""], [None, None], ["审核:"]])
def test_rows_that_are_no_people_are_passed_over(lists: Lists, footer: list[Any]) -> None:
    reading = read([HEADER, GOOD, footer], lists, TODAY)
    assert (len(reading.entries), len(reading.faults)) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"name": "  "}, "no name"),
        ({"phone": "0310-8512345"}, "landline"),
        ({"phone": "1380000000"}, "invalid number"),
        ({"phone": 1.38e10 + 0.5}, "invalid number"),
        ({"category": "自由职业者"}, "unknown category"),
        ({"township": "外县"}, "unknown township"),
        ({"identity": 1.30428198001011e17}, "identity as number"),
        ({"identity": "13042819800101001"}, "invalid identity"),
        ({"identity": "130428198002301234"}, "invalid identity"),
        ({"identity": "130428198001010011"}, "invalid identity"),
        ({"village": "长" * 1001}, "too long"),
    ],
)
def test_a_bad_cell_is_named_with_its_reason(lists: Lists, changes: dict[str, Any], kind: str) -> None:
    reading = one(lists, **changes)
    assert [fault.kind for fault in reading.faults] == [kind]
    assert reading.faults[0].row == 2
    assert reading.faults[0].reason
    assert not reading.entries


@pytest.mark.parametrize("phone", [13800000001.0, 13800000001, "13800000001 ", "+86 138 0000 0001"])
def test_a_number_in_any_cell_form_is_taken(lists: Lists, phone: Any) -> None:
    assert one(lists, phone=phone).entries[0].phone == "+8613800000001"


@pytest.mark.parametrize("category", ["教师", " 教 师", "老师", "中小学教师"])
def test_categories_are_known_by_their_aliases(lists: Lists, category: str) -> None:
    assert one(lists, category=category).entries[0].category == "教师"


def test_of_two_rows_with_one_number_the_first_counts(lists: Lists) -> None:
    again = ["孙林", "+86 138-0000-0001", *GOOD[2:]]
    reading = read([HEADER, GOOD, again], lists, TODAY)
    assert [entry.name for entry in reading.entries] == ["钱远桥"]
    assert "第2行" in reading.faults[0].reason


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.booleans()), max_size=8),
        max_size=12,
    )
)
def test_no_sheet_makes_it_fail(rows: list[list[Any]]) -> None:
    lists = Lists({"教师": "教师"}, {"城关镇": "城关镇"}, {})
    reading = read([HEADER, *rows], lists, TODAY)
    assert len(reading.entries) + len(reading.faults) + reading.skipped == len(rows) + 1


@given(st.integers(0, 10**17 - 1))
def test_one_wrong_digit_of_an_identity_number_shows(number: int) -> None:
    digits = f"130428{19460101 + number % 10:08d}{number % 1000:03d}"
    identity = digits + check_character(digits)
    assert fault(identity, TODAY) == ""
    wrong = identity[:16] + str((int(identity[16]) + 1) % 10) + identity[17]
    assert fault(wrong, TODAY)


def test_people_born_before_the_county_was_renumbered_are_accepted() -> None:
    for area in ("130428", "130407", "132128"):
        digits = f"{area}19500101001"
        assert fault(digits + check_character(digits), TODAY) == ""


def test_a_fault_of_a_phone_is_no_number() -> None:
    assert PhoneFault("invalid", "x") != "+8613800000001"
