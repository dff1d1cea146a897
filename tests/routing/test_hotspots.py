"""Hot spots: what rises is named with its cases, what is always so is not."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from routing.hotspots import LEAST, Report, rising
from tests.conftest import NOON


def reports(days_ago: list[float], topic: str = "供水", place: str = "元固乡下刘村") -> list[Report]:
    return [Report(f"N{n}", NOON - timedelta(days=days), topic, place) for n, days in enumerate(days_ago)]


def test_what_rises_is_named_with_its_cases() -> None:
    [spot] = rising(reports([1, 2, 3, 40]), NOON)
    assert (spot.place, spot.topic, spot.lately, spot.before, spot.usual) == ("元固乡下刘村", "供水", 3, 1, 0.5)
    assert spot.cases == ("N2", "N1", "N0")


def test_what_is_always_so_and_what_is_seldom_is_not() -> None:
    assert rising(reports([1, 2, 3, *range(30, 80, 10)]), NOON) == ()  # 3 now, 2.5 in four weeks before
    assert rising(reports([1, 2]), NOON) == ()
    assert rising(reports([1, 2, 3], topic=""), NOON) == ()


def test_the_steepest_goes_first_and_the_weeks_end_where_they_end() -> None:
    more = reports([0, 1, 2, 3, 4], place="城关镇人民路")
    assert [one.place for one in rising([*reports([1, 2, 3]), *more], NOON)] == ["城关镇人民路", "元固乡下刘村"]
    assert rising(reports([27.9, 27.8, 28]), NOON) == ()
    assert rising(reports([-1, 1, 2]), NOON) == ()  # what is not there yet


def test_what_rises_by_chance_among_many_is_not_named() -> None:
    chance = Random(3)
    noise = [
        Report(f"N{n}", NOON - timedelta(days=chance.uniform(0, 84)), "供水", f"某乡{chance.randrange(500)}村")
        for n in range(900)
    ]
    assert rising(noise, NOON) == ()
    [spot] = rising([*noise, *reports([1, 2, 3, 4, 5, 6, 7, 8])], NOON)
    assert spot.place == "元固乡下刘村"


@given(st.lists(st.floats(-5, 100), max_size=30))
def test_every_hot_spot_has_enough_cases_of_its_own(days: list[float]) -> None:
    for spot in rising(reports(days), NOON):
        assert spot.lately == len(spot.cases) >= LEAST
        assert spot.lately >= 2 * spot.usual
