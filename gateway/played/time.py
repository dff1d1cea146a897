"""Time that passes only when nothing is left to do: an asyncio loop, and Twisted's timers on it."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: where a real one would sleep, its clock jumps. It begins at `moment`."""

    def __init__(self, moment: float = 0.0) -> None:
        self.moment = moment
        super().__init__(_Jump(self))
        self._clock_resolution = 1e-6  # seconds since 1970 have no finer steps: what is due now must be seen to be

    def time(self) -> float:
        """Seconds, by the played clock."""
        return self.moment

    def leap(self, moment: float) -> None:
        """Let it be this moment at once: whatever was to happen until then happens now, each once, as after a sleep."""
        self.moment = max(self.moment, moment)

    def _write_to_self(self) -> None:
        """There is no other thread to be woken by."""


class _Jump(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self._loop.moment += max(0.0, timeout)
        return []


class Timers:
    """What the gateway and the simulated carriers use of a Twisted reactor. `guard` runs every call."""

    def __init__(self, loop: VirtualLoop, guard: Callable[[Callable[[], None]], None] = lambda call: call()) -> None:
        self._loop = loop
        self._guard = guard

    def seconds(self) -> float:
        """Now."""
        return self._loop.time()

    def callLater(self, delay: float, what: Callable[..., None], *given: Any) -> "Call":  # noqa: N802 - Twisted's name
        """Call something in so many seconds."""
        return Call(self._loop, delay, lambda: self._guard(lambda: what(*given)))


class Call:
    """One call to come: Twisted's IDelayedCall."""

    def __init__(self, loop: VirtualLoop, delay: float, what: Callable[[], None]) -> None:
        self._what: Callable[[], None] | None = what
        self._when = loop.time() + delay
        self._handle = loop.call_later(delay, self._run)

    def active(self) -> bool:
        """Still to come."""
        return self._what is not None

    def cancel(self) -> None:
        """Not to come."""
        self._what = None
        self._handle.cancel()

    def getTime(self) -> float:  # noqa: N802 - Twisted's name
        """When it comes."""
        return self._when

    def _run(self) -> None:
        what, self._what = self._what, None
        if what is not None:
            what()
