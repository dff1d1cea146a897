"""The calendar of a working folder: shipped years, the office's own over them, and what the commands say of it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import resources
from gateway.cli import calendar as calendar_commands
from gateway.cli.where import Where
from gateway.errors import Refused, SettingsWrong
from gateway.settings import FILE, Loaded, load

NOTICE = """
year = 2027
document = "国办发明电〔2026〕9号"
published = 2026-11-20

[[holiday]]
name = "元旦"
from = 2027-01-01
to = 2027-01-03
work = [2027-01-09]
"""


@pytest.fixture(autouse=True)
def _at_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(calendar_commands, "today", lambda settings: date(2026, 11, 24))


def own(folder: Path, **files: str) -> Loaded:
    """The folder with a calendar of its own."""
    (folder / "calendar").mkdir()
    for name, words in files.items():
        (folder / "calendar" / f"{name.removeprefix('y')}.toml").write_text(words, encoding="utf-8")
    settings = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(settings.replace('calendar = ""', 'calendar = "calendar"'), encoding="utf-8")
    return load(folder, {})


def run(folder: Path, *words: str, code: int = 0) -> str:
    made = CliRunner().invoke(calendar_commands.app, list(words), obj=Where(folder, None))
    if made.exception is not None and not isinstance(made.exception, SystemExit):
        raise made.exception
    assert made.exit_code == code, made.output
    return made.output


def test_the_offices_own_year_is_added_to_those_that_are_shipped(folder: Path) -> None:
    calendar = resources.calendar(own(folder, y2027=NOTICE))
    assert calendar.years == frozenset(range(2008, 2028))
    assert calendar.day(date(2027, 1, 9)).document == "国办发明电〔2026〕9号"


def test_the_offices_own_year_takes_the_place_of_the_shipped_one(folder: Path) -> None:
    local = NOTICE.replace("2027", "2026").replace("2026-01-09", "2026-01-10").replace("2026-11-20", "2025-11-04")
    calendar = resources.calendar(own(folder, y2026=local))
    assert calendar.is_working_day(date(2026, 1, 10))
    assert calendar.is_working_day(date(2026, 10, 1))


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("y2027", NOTICE.replace("year = 2027", "year = 2028"), "2028 年"),
        ("y2027", NOTICE.replace("2027-01-09", "2027-01-08"), "周五"),
        ("y2027", NOTICE.replace("document", "documnet"), "缺少 'document'"),
        ("y2027", NOTICE.replace("[[holiday]]", "[[holiday]"), "calendar/2027.toml"),
        ("next", NOTICE, "文件名应为年份"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name_with_the_reason(folder: Path, name: str, words: str, said: str) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        resources.calendar(own(folder, **{name: words}))
    assert said in wrong.value.message
    assert wrong.value.way_out


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    settings = own(folder)
    (folder / "calendar").rmdir()
    with pytest.raises(SettingsWrong, match="不是目录"):
        resources.calendar(settings)


def test_deadlines_of_the_offices_own_are_read_and_refused_by_name(folder: Path) -> None:
    shipped = resources.shipped("deadlines", Path(resources.__file__).parent).read_text(encoding="utf-8")
    (folder / "own.toml").write_text(shipped.replace("days = 5, red = 15", "days = 7, red = 21"), encoding="utf-8")
    settings = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(settings.replace('deadlines = ""', 'deadlines = "own.toml"'), encoding="utf-8")
    assert resources.terms(load(folder, {})).default.days == 7
    resources._read.cache_clear()
    (folder / "own.toml").write_text(shipped.replace("days = 5, red = 15", "days = 7, red = 1"), encoding="utf-8")
    with pytest.raises(SettingsWrong, match="一般件"):
        resources.terms(load(folder, {}))


def test_checking_names_every_year_its_document_and_until_when_deadlines_are_firm(folder: Path) -> None:
    own(folder, y2027=NOTICE)
    data = json.loads(run(folder, "check", "--json"))
    years = {row["year"]: row for row in data["years"]}
    assert years[2014] == {
        "year": 2014,
        "document": "国办发明电〔2013〕28号",
        "published": "2013-12-11",
        "changes": [],
        "days_off": 23,
        "made_up": 5,
        "source": "shipped",
    }
    assert years[2020]["changes"][0]["document"] == "国办发明电〔2020〕1号"
    assert years[2027]["source"] == "own"
    said = run(folder, "check")
    assert "国办发明电〔2018〕15号,变更:国办发明电〔2019〕3号" in said
    assert "本单位" in said


@pytest.mark.parametrize(
    ("today", "missing"),
    [("2026-11-30", []), ("2026-12-01", [2027]), ("2027-01-04", [2027]), ("2027-12-01", [2027, 2028])],
)
def test_from_december_on_the_next_years_notice_is_missed(folder: Path, today: str, missing: list[int]) -> None:
    calendar = resources.calendar(load(folder, {}))
    assert calendar_commands.missing(calendar, date.fromisoformat(today)) == missing


def test_a_missing_notice_is_said_and_is_the_exit_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "期限确定到 2026-12-28" in run(folder, "check")
    monkeypatch.setattr(calendar_commands, "today", lambda settings: date(2026, 12, 1))
    assert "缺 2027 年的放假通知" in run(folder, "check", code=1)
    assert json.loads(run(folder, "check", "--json", code=1))["missing"] == [2027]


def test_a_year_is_shown_as_its_notice_has_it(folder: Path) -> None:
    said = run(folder, "show", "2014")
    assert "10月1日(周三)至10月7日(周二)" in said
    assert "9月28日(周日)、10月11日(周六)" in said
    assert "工作日 250 天" in said


def test_a_year_without_a_notice_is_shown_as_provisional(folder: Path) -> None:
    said = run(folder, "show", "2027")
    assert "暂定" in said
    assert "2月5日(周五)至2月10日(周三)" in said
    assert "没有算在内" in run(folder, "show", "2040")
    assert "2018-12" in run(folder, "show", "2018-12")


def test_a_month_is_shown_day_by_day(folder: Path) -> None:
    days: list[dict[str, Any]] = json.loads(run(folder, "show", "2026-2", "--json"))
    assert len(days) == 28
    assert [day["on"] for day in days if day["kind"] == "make_up"] == ["2026-02-14", "2026-02-28"]
    assert "春节调休,上班" in run(folder, "show", "2026-02")


@pytest.mark.parametrize("period", ["26", "2026-13", "2026-00", "明年", "0000", "2026-2-3"])
def test_what_is_no_year_and_no_month_is_refused(folder: Path, period: str) -> None:
    with pytest.raises(Refused, match="看不懂"):
        run(folder, "show", period)
