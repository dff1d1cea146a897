"""Evenly, all that is permitted and never more, and slower when told so."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers.pace import GRAIN, MAKE_UP, Pace


def most_in_a_second(gone: list[float]) -> int:
    most = first = 0
    for i, at in enumerate(gone):
        while gone[first] <= at - 1.0:
            first += 1
        most = max(most, i - first + 1)
    return most


def run(pace: Pace, seconds: float, stores: Callable[[], float]) -> list[float]:
    """When each submit goes if as many as are allowed are stored at once, which takes its time, and then sent."""
    now, gone = 0.0, []
    while now < seconds:
        room = pace.available(now)
        if room:
            now += stores()
            pace.spend(room, now)
            gone += [now] * room
        now += max(0.0005, pace.wait(now))
    return gone


@given(st.floats(1, 2000), st.lists(st.floats(0.0005, 0.5), min_size=1, max_size=200), st.randoms())
def test_no_second_at_all_gets_more_than_its_quota(rate: float, steps: list[float], chance: Random) -> None:
    pace, now, gone = Pace(rate), 0.0, []
    for step in steps:
        now += step
        room = pace.available(now)
        now += chance.choice((0.0, 0.003, 0.05))
        pace.spend(room, now)
        gone += [now] * room
    assert most_in_a_second(gone) <= max(1, rate)


@pytest.mark.parametrize("stores", [0.0, 0.002, 0.008], ids=lambda seconds: f"{seconds * 1000:.0f} ms to store")
@pytest.mark.parametrize("rate", [10, 100, 900])
def test_what_is_permitted_is_used_however_long_storing_takes(rate: int, stores: float) -> None:
    gone = run(Pace(rate), 30.0, lambda: stores)
    assert sum(at > 2.0 for at in gone) >= 0.995 * rate * 28
    assert most_in_a_second(gone) <= rate


def test_what_goes_at_once_is_little() -> None:
    pace, largest = Pace(100.0), 0
    for step in range(1, 1001):
        room = pace.available(step / 100)
        pace.spend(room, step / 100)
        largest = max(largest, room)
    assert largest <= 2


def test_a_delay_is_made_up_for_within_the_second() -> None:
    pace = Pace(100.0)
    run(pace, 5.0, lambda: 0.002)
    pace.spend(pace.available(5.2), 5.2)
    late = pace.available(5.6)  # nothing could go for 0.4 s
    assert late == 100 * MAKE_UP


def test_a_carrier_that_minds_many_at_once_gets_each_in_its_time_and_the_whole_rate() -> None:
    pace = Pace(100.0)
    pace.spend(pace.available(0.0), 0.0)
    pace.spend(pace.available(1.0), 1.0)  # 25 at once
    pace.throttled(1.1)
    assert pace.current(1.1) == 100.0
    assert pace.available(3.0) == 1


def test_the_wait_is_as_long_as_it_takes() -> None:
    pace = Pace(10.0)
    pace.spend(pace.available(0.0), 0.0)
    assert 0.09 < pace.wait(0.0) <= 0.1
    assert pace.available(pace.wait(0.0)) == 1


def test_one_too_fast_costs_little_more_of_them_halve_the_rate_once_a_second_and_it_comes_back() -> None:
    pace = Pace(100.0, make_up=GRAIN)
    pace.throttled(10.0)
    assert pace.current(10.0) == 95.0
    pace.throttled(10.5)
    assert pace.current(10.5) > 95.0
    pace.throttled(11.1)
    assert pace.current(11.1) < 49
    pace.throttled(12.2)
    assert pace.current(12.2) < 26
    assert pace.current(12.2 + 10) > pace.current(12.2)
    assert pace.current(12.2 + 1000) == 100.0


def test_a_carrier_that_permits_half_of_what_the_settings_say_is_obeyed_within_seconds() -> None:
    pace, now, gone = Pace(100.0), 0.0, []
    while now < 60.0:
        for _ in range(pace.available(now)):
            pace.spend(1, now)
            if sum(at > now - 1.0 for at in gone) < 50:
                gone.append(now)
            else:
                pace.throttled(now)
        now += max(0.0005, pace.wait(now))
    assert sum(at > 5.0 for at in gone) > 0.7 * 50 * 55
    assert pace.current(now) < 60.0


def test_no_limit_means_no_wait() -> None:
    assert Pace(0).wait(5.0) == 0.0
    assert Pace(0).available(5.0) > 1_000_000
