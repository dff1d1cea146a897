"""Everything that a daemon touches, played: one `World` for one process of the gateway."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from functools import partial
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
    thread: Callable[[], Executor] | None = None,
    pace: Pace = lambda sweep: sweep.every_s,
) -> World:
    """`wall` is the clock on the wall, `thread` a thread of the gateway's, `pace` how often a sweep runs."""
    loop = network.loop
    thread = thread or partial(Inline, loop, process)
    return World(
        wall=wall,
        monotonic=loop.time,
        chance=network.chance.random,
        reactor=Timers(loop, process.guard),
        endpoint=lambda profile: network.endpoint(profile, process),
        store_here=thread,
        store_thread=thread,
        disk_thread=thread,
        schedule=lambda sweeps: Rounds(loop, process, sweeps, pace),
    )


class Inline(Executor):
    """A thread without a thread: done at once, known a millisecond later. What a dead process asks for never is."""

    def __init__(self, loop: VirtualLoop, process: Process) -> None:
        self.loop, self.process = loop, process

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it now."""
        future: Future[Any] = Future()
        if not self.process.alive:
            return future
        future.set_running_or_notify_cancel()  # what has begun cannot be cancelled any more, as with a real thread
        try:
            result = fn(*args, **kwargs)
        except Crash:
            return future
        except Exception as trouble:
            self.later(lambda trouble=trouble: future.set_exception(trouble))  # type: ignore[misc]
        else:
            self.later(lambda: future.set_result(result))
        return future

    def later(self, what: Callable[[], None]) -> None:
        """When it is known."""
        self.loop.call_later(0.001, self.process.guard, what)


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
