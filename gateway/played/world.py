"""Everything that a daemon touches, played: one `World` for one process of the gateway."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import Any

from gateway.played.network import Crash, Network, Process
from gateway.played.time import Timers, VirtualLoop
from gateway.schedule import Sweep
from gateway.world import World

Pace = Callable[[Sweep], float]
"""Seconds from one run of a sweep to the next."""


def played(
    network: Network,
    process: Process,
    wall: Callable[[], datetime],
    syncing: Callable[[], float] = lambda: 0.001,
    pace: Pace = lambda sweep: sweep.every_s,
) -> World:
    """`wall` is the clock on the wall, `syncing` how long a commit takes, `pace` how often a sweep runs."""
    loop = network.loop
    return World(
        wall=wall,
        monotonic=loop.time,
        chance=network.chance.random,
        reactor=Timers(loop, process.guard),
        endpoint=lambda profile: network.endpoint(profile, process),
        store_thread=lambda: Inline(loop, process, syncing),
        schedule=lambda sweeps: Rounds(loop, process, sweeps, pace),
    )


class Inline(Executor):
    """The store thread without a thread: done at once, known a little later. What a dead process asks for never is."""

    def __init__(self, loop: VirtualLoop, process: Process, syncing: Callable[[], float]) -> None:
        self._loop, self._process, self._syncing = loop, process, syncing

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it now."""
        future: Future[Any] = Future()
        if not self._process.alive:
            return future
        future.set_running_or_notify_cancel()  # what has begun cannot be cancelled any more, as with a real thread
        try:
            result = fn(*args, **kwargs)
        except Crash:
            return future
        except Exception as trouble:
            self._later(lambda trouble=trouble: future.set_exception(trouble))  # type: ignore[misc]
        else:
            self._later(lambda: future.set_result(result))
        return future

    def _later(self, what: Callable[[], None]) -> None:
        self._loop.call_later(self._syncing(), self._process.guard, what)


class Rounds:
    """Runs the sweeps; not as often as the real scheduler where there is no time to lose."""

    def __init__(self, loop: VirtualLoop, process: Process, sweeps: Sequence[Sweep], pace: Pace) -> None:
        self._process, self._pace = process, pace
        self._tasks = [loop.create_task(self._run(sweep)) for sweep in sweeps]

    async def _run(self, sweep: Sweep) -> None:
        while self._process.alive:
            await asyncio.sleep(self._pace(sweep))
            with contextlib.suppress(Exception, Crash):
                await sweep.work()

    def shutdown(self, wait: bool) -> None:
        """Run none any more."""
        for task in self._tasks:
            task.cancel()
