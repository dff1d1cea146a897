"""When a notice that comes back is due."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rhythm import LAST, Rhythm

HOLIDAYS = {date(2026, 10, day) for day in range(1, 8)}


def works(on: date) -> bool:
    return on.isoweekday() < 6 and on not in HOLIDAYS


@pytest.mark.parametrize(
    ("written", "on", "due"),
    [
        ("month:first", date(2026, 10, 20), date(2026, 10, 8)),  # after the holidays
        ("month:last", date(2026, 10, 20), date(2026, 10, 30)),  # the 31st is a Saturday
        ("month:15", date(2026, 8, 1), date(2026, 8, 17)),  # the 15th is a Saturday
        ("month:28", date(2026, 2, 3), date(2026, 2, 27)),  # nothing behind it in February
        ("week:5", date(2026, 11, 24), date(2026, 11, 27)),
        ("week:7", date(2026, 11, 24), date(2026, 11, 27)),
        ("week:1", date(2026, 10, 7), date(2026, 10, 8)),
    ],
)
def test_a_day_off_moves_to_a_working_day_of_the_same_month_or_week(written: str, on: date, due: date) -> None:
    assert Rhythm.read(written).due(on, works) == due


def test_a_week_without_a_working_day_has_none() -> None:
    assert Rhythm("week", 3).due(date(2026, 11, 24), lambda on: False) is None
    assert Rhythm("month", LAST).due(date(2026, 11, 24), lambda on: False) is None


@pytest.mark.parametrize(
    "written", ["", "month", "month:0", "month:29", "week:8", "week:first", "day:1", "month:x", "week:²"]
)
def test_what_is_no_rhythm_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=written or "^$"):
        Rhythm.read(written)


@given(
    st.one_of(
        st.integers(1, 7).map(lambda day: f"week:{day}"),
        st.sampled_from(["first", "last", *map(str, range(1, 29))]).map(lambda day: f"month:{day}"),
    ),
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
)
def test_every_period_has_one_day_which_lies_in_it_whenever_it_is_asked_for(written: str, on: date) -> None:
    rhythm = Rhythm.read(written)
    assert Rhythm.read(rhythm.written()) == rhythm
    due = rhythm.due(on, works)
    assert due is not None
    assert works(due)
    assert rhythm.period(due) == rhythm.period(on)
    for other in (on - timedelta(3), on + timedelta(3)):
        if rhythm.period(other) == rhythm.period(on):
            assert rhythm.due(other, works) == due
