"""Deadlines counted a second time, day by day, over the lists of the notices themselves."""

import tomllib
from datetime import date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from routing.deadlines import Matter, Move, clocks
from tests.routing.histories import POLICE, SHANGHAI, Office, case

DAY = timedelta(days=1)


def days_of_the_notices() -> tuple[set[date], set[date]]:
    """Days off and weekends worked, as written; a changed item takes the place of the one of its name."""
    off, worked = set(), set()
    for year in range(2008, 2027):
        table = tomllib.loads(files(config).joinpath("calendar", f"{year}.toml").read_text(encoding="utf-8"))
        items = {row["name"]: row for row in [*table["holiday"], *table.get("change", [])]}
        for row in items.values():
            off |= {row["from"] + DAY * n for n in range((row["to"] - row["from"]).days + 1)}
            worked |= set(row.get("work", []))
    return off, worked


OFF, WORKED = days_of_the_notices()


def works(on: date) -> bool:
    return on in WORKED or (on.weekday() < 5 and on not in OFF)


def nth(start: date, n: int, without: tuple[tuple[date, date], ...] = ()) -> date:
    on = start
    while n:
        on += DAY
        n -= works(on) and not any(first <= on <= last for first, last in without)
    return on


STARTS = st.datetimes(datetime(2008, 1, 1), datetime(2026, 11, 20)).map(lambda when: when.replace(tzinfo=SHANGHAI))


@given(STARTS, st.sampled_from([{}, {"urgency": "urgent"}, {"kind": "咨询"}]))
def test_due_and_red_days_are_those_counted_by_hand(office: Office, start: datetime, matter: dict[str, str]) -> None:
    [clock] = clocks(
        [Move(start, "assign", "assigned", POLICE)], Matter(**matter), office.terms, office.calendar, start
    )
    term = clock.term
    assert clock.statutory.due == nth(start.date(), term.days)
    assert clock.statutory.red == nth(start.date(), term.red)
    assert not clock.provisional


@given(STARTS, st.integers(1, 4), st.integers(0, 30), st.integers(0, 20))
def test_days_on_the_books_are_left_out_by_hand_too(
    office: Office, start: datetime, wait: int, length: int, more: int
) -> None:
    off, on = start + DAY * wait, start + DAY * (wait + length)
    moves = [
        Move(start, "assign", "assigned", POLICE),
        Move(off, "suspend", "suspended", "挂账"),
        Move(on, "resume", "in_progress", POLICE),
    ]
    [clock] = clocks(moves, Matter(), office.terms, office.calendar, on + DAY * more)
    pause = ((off.date(), on.date()),)
    assert clock.statutory.due == nth(start.date(), 5, pause)
    assert clock.statutory.red == nth(start.date(), 15, pause)


@pytest.mark.parametrize(
    ("assigned", "due", "why"),
    [
        ("2008-02-28", "2008-03-06", "a leap day that is worked"),
        ("2016-02-29", "2016-03-07", "from a leap day"),
        ("2020-02-24", "2020-03-02", "over a Saturday, 29 February"),
        ("2024-02-29", "2024-03-07", "from a leap day"),
        ("2012-12-28", "2013-01-07", "over a new year with two weekends worked"),
        ("2017-12-29", "2018-01-08", "over a new year with no day worked for it"),
        ("2019-12-31", "2020-01-08", "over a single day off"),
        ("2020-01-20", "2020-02-04", "the Spring Festival that was lengthened afterwards"),
        ("2015-09-01", "2015-09-09", "the day off of 2015 that was added by a change of the year's table"),
        ("2023-09-27", "2023-10-10", "eight days off and two weekends worked"),
        ("2026-02-13", "2026-02-27", "a festival of nine days between two weekends worked"),
    ],
)
def test_days_that_are_easily_miscounted(office: Office, assigned: str, due: str, why: str) -> None:
    clock = office.clock(case(f"{assigned}T10:00 assign"), f"{assigned}T11:00")
    assert clock.statutory.due.isoformat() == due, why
    assert nth(date.fromisoformat(assigned), 5).isoformat() == due, why


def test_an_extension_into_the_national_day_ends_when_work_begins_again(office: Office) -> None:
    moves = case("2026-09-18T10:00 assign", "2026-09-21T09:00 sign", "2026-09-24T09:00 extend_ok until=2026-10-03")
    assert office.clock(moves, "2026-09-25T09:00").in_force.due == next(
        on for n in range(10) if works(on := date(2026, 10, 3) + DAY * n)
    )


def test_a_date_beyond_every_table_is_provisional_and_never_an_error(office: Office) -> None:
    for year in (2027, 2036, 2037, 2050):
        clock = office.clock(case(f"{year}-02-01T10:00 assign"), f"{year}-02-01T11:00")
        assert clock.provisional
        assert clock.statutory.due > date(year, 2, 1)
