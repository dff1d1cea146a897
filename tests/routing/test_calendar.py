"""The calendar is the State Council's: day by day, with two libraries as witnesses."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.calendar import DAY, Calendar, DayKind, OfficeHours, Statute, Table

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2008, 1, 1), date(2026, 12, 31)
DIFFERENCES: dict[date, str] = {}
"""Days on which we and a library differ, and why we are right. There is none; one found later is written down here."""


def span(first: date, last: date) -> Iterator[date]:
    return (first + DAY * n for n in range((last - first).days + 1))


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)


# -------------------------------------------------------------------------------------------------------- the witnesses


def test_every_day_since_2008_is_what_both_libraries_say(calendar: Calendar) -> None:
    china = holidays.country_holidays("CN", years=range(FIRST.year, LAST.year + 1))
    differing = [
        on
        for on in span(FIRST, LAST)
        if not (calendar.is_working_day(on) == chinese_calendar.is_workday(on) == china.is_working_day(on))
    ]
    assert differing == list(DIFFERENCES)


def test_every_weekend_worked_and_every_weekday_off_stands_in_the_librarys_own_lists(calendar: Calendar) -> None:
    named = 0
    for on in span(FIRST, LAST):
        day = calendar.day(on)
        if day.kind is DayKind.MAKE_UP:
            named += 1
        assert (day.kind is DayKind.MAKE_UP) == (on in chinese_calendar.constants.workdays), on
        if day.kind is DayKind.HOLIDAY and on.weekday() < 5:
            assert on in chinese_calendar.constants.holidays, on
    assert named == 123  # of the 125 in the notices one lies in 2007, and 1 February 2020 became a day off


def test_no_year_that_the_library_knows_is_without_a_table(calendar: Calendar) -> None:
    assert {on.year for on in chinese_calendar.constants.holidays if on.year >= FIRST.year} <= calendar.years


def test_a_year_without_a_notice_has_the_days_of_the_statute_and_their_makeup_days(calendar: Calendar) -> None:
    for year in {on.year for on in calendar.statute.festivals}:
        witness = holidays.country_holidays("CN", years=year)
        assert calendar.statute.days_off(year).keys() == set(witness), year
    assert calendar.day(date(2027, 2, 8)).reason == "春节放假(暂定)"
    assert calendar.day(date(2027, 2, 10)).reason == "春节补假(暂定)"


def test_every_notice_has_a_number_in_the_form_of_its_kind(calendar: Calendar) -> None:
    for table in calendar.tables:
        for document, published in [(table.document, table.published)] + [
            (one.document, one.published) for one in table.changes
        ]:
            number = re.fullmatch(r"国(?:办)?发明电〔(\d{4})〕(\d{1,2})号", document)
            assert number is not None, document
            assert int(number[1]) == published.year, document
        assert table.published < date(table.year, 1, 1)
    assert len({table.document for table in calendar.tables}) == 19


# --------------------------------------------------------------------------------------------------------- golden dates


@pytest.mark.parametrize(
    ("start", "n", "due", "why"),
    [
        ("2014-10-10", 5, "2014-10-16", "Saturday 11 October was worked for National Day: Mon-Fri says the 17th"),
        ("2025-01-22", 5, "2025-02-05", "across the Spring Festival, Sunday 26 January worked"),
        ("2025-09-28", 15, "2025-10-24", "begun on a Sunday that was worked"),
        ("2026-02-12", 5, "2026-02-26", "nine days off, the Saturday before worked"),
        ("2026-09-18", 1, "2026-09-20", "the next working day is a Sunday"),
        ("2013-09-27", 2, "2013-09-30", "Sunday 29 September worked"),
        ("2018-12-28", 2, "2019-01-02", "Saturday 29 December 2018 worked by the notice for 2019"),
        ("2015-09-02", 2, "2015-09-07", "Sunday 6 September worked for the day of victory"),
        ("2020-01-23", 1, "2020-02-03", "the Spring Festival that was prolonged"),
        ("2019-04-26", 3, "2019-04-30", "Sunday 28 April worked by the change of March"),
    ],
)
def test_deadlines_fall_on_the_days_the_notices_say(calendar: Calendar, start: str, n: int, due: str, why: str) -> None:
    assert calendar.add_working_days(date.fromisoformat(start), n) == date.fromisoformat(due), why


def test_a_calendar_of_mondays_to_fridays_would_be_wrong_as_often_as_was_measured(calendar: Calendar) -> None:
    def monday_to_friday(on: date, n: int) -> date:
        while n:
            on += DAY
            n -= on.weekday() < 5
        return on

    starts = list(span(date(2024, 1, 1), date(2026, 11, 30)))
    wrong = [sum(monday_to_friday(on, n) != calendar.add_working_days(on, n) for on in starts) for n in (5, 15)]
    assert [round(100 * count / len(starts), 1) for count in wrong] == [21.5, 43.8]


def test_each_day_has_its_reason_and_its_document(calendar: Calendar) -> None:
    days = calendar.explain(date(2014, 10, 7), date(2014, 10, 12))
    assert [day.reason for day in days] == [
        "国庆节放假",
        "工作日",
        "工作日",
        "工作日",
        "国庆节调休,上班",
        "周日休息",
    ]
    assert [day.document for day in days] == ["国办发明电〔2013〕28号", "", "", "", "国办发明电〔2013〕28号", ""]


# ----------------------------------------------------------------------------------------------------------- arithmetic

DATES = st.dates(date(2007, 1, 1), date(2030, 12, 31))


@given(DATES, st.integers(1, 600))
def test_adding_and_counting_are_each_others_inverse(calendar: Calendar, start: date, n: int) -> None:
    end = calendar.add_working_days(start, n)
    assert calendar.is_working_day(end)
    assert calendar.working_days_between(start, end) == n
    assert calendar.working_days_between(end, start) == -n
    assert calendar.add_working_days(end, -n) <= start < calendar.add_working_days(end, 1 - n)


@given(DATES, st.integers(-300, 300))
def test_a_later_start_and_a_longer_term_never_end_earlier(calendar: Calendar, start: date, n: int) -> None:
    assert calendar.add_working_days(start, n) <= calendar.add_working_days(start + DAY, n)
    assert calendar.add_working_days(start, n) < calendar.add_working_days(start, n + 1) or n in (-1, 0)


@given(DATES, st.integers(0, 500))
def test_counting_days_one_by_one_comes_to_the_same(calendar: Calendar, start: date, length: int) -> None:
    end = start + DAY * length
    counted = sum(calendar.is_working_day(on) for on in span(start + DAY, end))
    assert calendar.working_days_between(start, end) == counted


@given(DATES, st.integers(1, 60))
def test_going_back_lands_on_the_nth_working_day_before(calendar: Calendar, end: date, n: int) -> None:
    start = calendar.add_working_days(end, -n)
    assert calendar.is_working_day(start)
    assert sum(calendar.is_working_day(on) for on in span(start, end - DAY)) == n


# ---------------------------------------------------------------------------------------------------------- provisional


def test_what_no_notice_can_move_any_more_is_firm_and_everything_after_is_not(calendar: Calendar) -> None:
    assert calendar.firm_until(date(2026, 11, 24)) == date(2026, 12, 28)
    assert not calendar.is_provisional(date(2026, 12, 28))
    assert calendar.is_provisional(date(2026, 12, 29))  # the notice for 2019 worked the 29th of December before it
    assert calendar.is_provisional(date(2027, 1, 4))
    assert calendar.firm_until(date(2027, 1, 4)) is None
    assert not calendar.is_provisional(date(2018, 12, 31))


def test_the_calendar_of_a_past_day_knows_only_what_was_published_then(calendar: Calendar) -> None:
    before, after = calendar.as_of(date(2014, 12, 15)), calendar.as_of(date(2014, 12, 16))
    assert before.is_provisional(date(2015, 2, 16))
    assert not after.is_provisional(date(2015, 2, 16))
    assert not before.is_working_day(date(2015, 1, 4))
    assert after.is_working_day(date(2015, 1, 4))  # a Sunday, worked for New Year
    assert calendar.as_of(date(2019, 3, 21)).is_working_day(date(2019, 5, 2))
    assert not calendar.as_of(date(2019, 3, 22)).is_working_day(date(2019, 5, 2))
    assert calendar.as_of(date(2020, 1, 26)).is_working_day(date(2020, 2, 1))
    assert calendar.as_of(date(2026, 11, 24)) is calendar


# ---------------------------------------------------------------------------------------------------- hours and moments


@pytest.mark.parametrize(
    ("given_at", "hours", "reached"),
    [
        ("2026-11-24T09:00", 4, "2026-11-24T15:00"),
        ("2026-11-24T08:00", 3.5, "2026-11-24T12:00"),
        ("2026-11-24T12:30", 1, "2026-11-24T15:00"),
        ("2026-11-24T17:00", 4, "2026-11-25T12:00"),
        ("2026-11-27T20:00", 1, "2026-11-30T09:30"),  # a Friday evening
        ("2026-09-19T10:00", 4, "2026-09-20T14:30"),  # Saturday off, Sunday worked
        ("2026-09-30T17:29", 1, "2026-10-08T09:29"),  # the eve of National Day
    ],
)
def test_hours_of_the_office_run_only_while_it_is_open(
    calendar: Calendar, given_at: str, hours: float, reached: str
) -> None:
    assert calendar.add_office_hours(at(given_at), timedelta(hours=hours)) == at(reached)


@given(st.datetimes(datetime(2014, 1, 1), datetime(2027, 6, 1)), st.integers(1, 2000))
def test_reminders_fall_into_office_hours_and_time_adds_up(calendar: Calendar, when: datetime, minutes: int) -> None:
    moment = when.replace(tzinfo=SHANGHAI)
    opens = calendar.office_moment(moment)
    local = opens.astimezone(SHANGHAI)
    assert opens >= moment
    assert calendar.is_working_day(local.date())
    assert any(first <= local.time() < last for first, last in calendar.hours.spans)
    first = calendar.add_office_hours(moment, timedelta(minutes=minutes))
    twice = calendar.add_office_hours(first, timedelta(minutes=minutes))
    assert twice == calendar.add_office_hours(moment, timedelta(minutes=2 * minutes))


def test_a_day_ends_at_midnight_or_when_the_office_closes(calendar: Calendar) -> None:
    assert calendar.end_of(date(2014, 10, 16)) == at("2014-10-17T00:00")
    closing = Calendar(
        calendar.tables,
        calendar.statute,
        OfficeHours.from_toml({"hours": ["08:30-17:30"], "day_ends": "17:30"}),
        SHANGHAI,
    )
    assert closing.end_of(date(2014, 10, 16)) == at("2014-10-16T17:30")


def test_a_date_is_the_offices_whatever_zone_the_moment_is_told_in(calendar: Calendar) -> None:
    assert calendar.date_of(datetime.fromisoformat("2014-10-10T16:30:00+00:00")) == date(2014, 10, 11)


# --------------------------------------------------------------------------------------------------------- wrong tables

ITEM = {"name": "元旦", "from": date(2027, 1, 1), "to": date(2027, 1, 3), "work": [date(2027, 1, 9)]}
NOTICE = {"year": 2027, "document": "国办发明电〔2026〕9号", "published": date(2026, 11, 5), "holiday": [ITEM]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"to": date(2026, 12, 31)}, "放假从"),
        ({"to": date(2027, 2, 3)}, "放假从"),
        ({"work": [date(2027, 1, 8)]}, "周五"),
        ({"work": [date(2027, 1, 2)]}, "既放假又上班"),
        ({"work": [date(2028, 1, 8)]}, "不属于 2027"),
        ({"from": date(2026, 11, 30)}, "放假从"),
        ({"from": "2027-01-01"}, "不是日期"),
        ({"from": datetime(2027, 1, 1, 8, 0)}, "不是日期"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_the_reason(change: dict[str, Any], said: str) -> None:
    assert Table.from_toml(NOTICE).year == 2027
    with pytest.raises(ValueError, match=said):
        Table.from_toml(NOTICE | {"holiday": [ITEM | change]})


def test_two_items_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="同名"):
        Table.from_toml(NOTICE | {"holiday": [ITEM, ITEM]})


@pytest.mark.parametrize("hours", [[], ["17:30-08:30"], ["08:30-12:00", "11:00-17:00"]])
def test_hours_that_run_backwards_are_refused(hours: list[str]) -> None:
    with pytest.raises(ValueError, match="办公时间"):
        OfficeHours.from_toml({"hours": hours})


def test_a_table_makes_its_year_firm_from_the_day_it_is_there(calendar: Calendar) -> None:
    table = Table.from_toml(NOTICE)
    more = Calendar((*calendar.tables, table), calendar.statute, calendar.hours, SHANGHAI)
    assert more.firm_until(date(2026, 12, 1)) == date(2027, 12, 28)
    assert more.day(date(2027, 1, 9)).reason == "元旦调休,上班"
    assert not more.is_provisional(date(2026, 12, 31))
    assert more.is_working_day(date(2027, 2, 8))  # a table speaks for the whole year: what it does not name is not off


def test_a_statute_with_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"day is out of range|month"):
        Statute.from_toml({"document": "", "fixed": [{"name": "x", "days": ["02-31"]}], "festival": []})
