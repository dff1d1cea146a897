"""The played clock: nothing waits, a leap lets what was due happen once, seconds since 1970 are fine enough."""

import asyncio
from collections.abc import Iterator

import pytest

from gateway.played.time import Timers, VirtualLoop

LATE = 1_398_873_600.0  # 2014: floats have steps of a quarter of a microsecond there


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop(LATE)
    yield made
    made.close()


def test_a_day_passes_in_no_time(loop: VirtualLoop) -> None:
    loop.run_until_complete(asyncio.sleep(86_400))
    assert loop.time() == LATE + 86_400


def test_a_millisecond_passes_where_floats_are_coarse(loop: VirtualLoop) -> None:
    for _ in range(100):
        loop.run_until_complete(asyncio.sleep(0.001))
    assert loop.time() == pytest.approx(LATE + 0.1)


def test_what_was_due_during_a_leap_happens_once_and_late(loop: VirtualLoop) -> None:
    happened: list[float] = []

    async def every_second() -> None:
        while len(happened) < 3:
            await asyncio.sleep(1)
            happened.append(loop.time() - LATE)

    async def leaping() -> None:
        ticking = asyncio.ensure_future(every_second())
        await asyncio.sleep(1.5)
        loop.leap(LATE + 100)
        await ticking

    loop.run_until_complete(leaping())
    assert happened == [1, 100, 101]


def test_the_clock_never_leaps_back(loop: VirtualLoop) -> None:
    loop.leap(LATE - 100)
    assert loop.time() == LATE


def test_a_call_that_was_cancelled_does_not_come(loop: VirtualLoop) -> None:
    came: list[str] = []
    timers = Timers(loop)
    timers.callLater(1, came.append, "kept")
    timers.callLater(1, came.append, "cancelled").cancel()
    loop.run_until_complete(asyncio.sleep(2))
    assert came == ["kept"]


def test_a_world_in_which_nothing_will_happen_says_so(loop: VirtualLoop) -> None:
    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        loop.run_until_complete(asyncio.Event().wait())
