"""Sheets of matters: what is taken, and what is said of the rows that are not."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.case_sheet import NoHeader, Sheet, moment, read
from routing.channels import Channels

CONFIG = Path(__file__).parents[2] / "config" / "channels.toml"
CHANNELS = Channels.from_toml(tomllib.loads(CONFIG.read_text(encoding="utf-8")))
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
HEADER = ["渠道", "反映内容", "联系电话", "姓名", "收到时间", "工单号"]


def sheet(*rows: list[object]) -> Sheet:
    return read([["11月来件登记表"], HEADER, *rows], CHANNELS, "hotline", NOW, ZONE)


def test_a_row_is_taken_as_it_is_written() -> None:
    [one] = sheet(["人民网", " 中心街污水外溢 ", "138 0013 8000", "孙某", "2026-11-23 09:30", 20261123.0]).entries
    assert (one.channel, one.text, one.phone, one.name) == ("board", "中心街污水外溢", "+8613800138000", "孙某")
    assert one.received_at == datetime(2026, 11, 23, 9, 30, tzinfo=ZONE)
    assert (one.reference, one.row) == ("20261123", 3)


def test_a_row_without_a_channel_came_the_usual_way_and_blank_rows_are_passed_over() -> None:
    found = sheet(["", "路灯不亮"], ["", "", ""], [])
    assert [one.channel for one in found.entries] == ["hotline"]
    assert found.faults == ()


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (["热线", "", "13800138000"], "内容", "没有写反映的内容"),
        (["传真", "路灯不亮"], "渠道", "没有这个渠道"),
        (["短信", "路灯不亮"], "渠道", "没有这个渠道"),
        (["热线", "路灯不亮", "0310-8510000"], "手机号", "没有手机请留空"),
        (["热线", "路灯不亮", "1380013"], "手机号", "11位"),
        (["热线", "路灯不亮", "", "", "昨天"], "收到时间", "看不懂时间"),
        (["热线", "路灯不亮", "", "", "2026-12-01"], "收到时间", "还没有到"),
        (["热线", "好" * 2001], "内容", "超过"),
    ],
)
def test_the_cell_that_is_to_blame_is_named(row: list[object], column: str, reason: str) -> None:
    found = sheet(row)
    assert found.entries == ()
    [fault] = found.faults
    assert (fault.row, fault.column) == (3, column)
    assert reason in fault.reason


def test_a_number_that_stands_twice_in_the_sheet_counts_once_in_each_channel() -> None:
    found = sheet(["热线", "一", "", "", "", "A1"], ["热线", "二", "", "", "", "A1"], ["贴吧", "三", "", "", "", "A1"])
    assert [one.text for one in found.entries] == ["一", "三"]
    assert [fault.reason for fault in found.faults] == ["与第3行的外部编号相同"]


def test_a_sheet_without_the_column_of_matters_is_none() -> None:
    with pytest.raises(NoHeader, match="内容"):
        read([["渠道", "姓名"]], CHANNELS, "hotline", NOW, ZONE)


def test_moments_as_offices_write_them() -> None:
    at = datetime(2026, 11, 23, tzinfo=ZONE)
    for written in ("2026-11-23", "2026/11/23", "2026年11月23日", date(2026, 11, 23), datetime(2026, 11, 23)):
        assert moment(written, ZONE) == at
    assert moment("2026年11月23日 9:30", ZONE) == at.replace(hour=9, minute=30)
    assert moment("", ZONE) is None
    with pytest.raises(ValueError, match="31"):
        moment("2026-11-31", ZONE)


CELL = st.one_of(
    st.none(), st.text(max_size=12), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(),
    st.sampled_from(["热线", "13800138000", "2026-11-20", "A1"]),
)  # fmt: skip


@given(st.lists(st.lists(CELL, max_size=7), max_size=6))
def test_every_row_is_an_entry_or_a_fault_or_blank_and_none_fails(rows: list[list[object]]) -> None:
    found = sheet(*rows)
    numbers = [one.row for one in (*found.entries, *found.faults)]
    assert len(numbers) == len(set(numbers)) <= len(rows)
    assert all(one.received_at is None or one.received_at <= NOW for one in found.entries)
