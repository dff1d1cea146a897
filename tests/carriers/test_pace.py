"""Evenly, and slower when told so."""

from hypothesis import given
from hypothesis import strategies as st

from carriers.pace import Pace


@given(st.floats(1, 2000), st.lists(st.floats(0.0005, 0.2), min_size=1, max_size=200))
def test_no_second_ever_gets_more_than_its_quota(rate: float, steps: list[float]) -> None:
    pace, now, sent = Pace(rate), 0.0, 0
    for step in steps:
        now += step
        room = pace.available(now)
        pace.spend(room, now)
        sent += room
    assert sent <= rate * now + max(1.0, rate * 0.02) + 1


def test_a_full_second_gives_the_whole_quota_in_small_grains() -> None:
    pace, sent, largest = Pace(100.0), 0, 0
    for step in range(1, 1001):
        room = pace.available(step / 100)
        pace.spend(room, step / 100)
        sent, largest = sent + room, max(largest, room)
    assert 995 <= sent <= 1002
    assert largest <= 2


def test_the_wait_is_as_long_as_it_takes() -> None:
    pace = Pace(10.0)
    pace.spend(pace.available(0.0), 0.0)
    assert 0.09 < pace.wait(0.0) <= 0.1
    assert pace.available(pace.wait(0.0)) == 1


def test_too_fast_halves_the_rate_once_a_second_and_it_comes_back() -> None:
    pace = Pace(100.0)
    pace.throttled(10.0)
    pace.throttled(10.5)
    assert pace.current(10.5) < 51
    pace.throttled(11.1)
    assert pace.current(11.1) < 26
    assert pace.current(11.1 + 10) > pace.current(11.1)
    assert pace.current(11.1 + 1000) == 100.0


def test_no_limit_means_no_wait() -> None:
    assert Pace(0).wait(5.0) == 0.0
    assert Pace(0).available(5.0) > 1_000_000
