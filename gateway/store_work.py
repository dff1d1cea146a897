"""In which thread is something done with the store: at once in the reactor's own, or in one that may wait?

A short transaction costs less than handing it to another thread and back, and less than two threads that take turns at
the interpreter while both have work. But the reactor's thread must never wait, or the signs of life on every line
would: for another process's transaction, for a server, for the disk. All that is done happens one after the other,
whichever thread does it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class AtOnce(Executor):
    """What is submitted is done by the time that `submit` returns, in the thread that called it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Do it."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as trouble:
            future.set_exception(trouble)
        return future


class StoreWork:
    """For the reactor's thread. `thread` does one thing after the other."""

    def __init__(self, here: Executor, thread: Executor) -> None:
        self._here, self._thread = here, thread
        self._last: Future[Any] | None = None

    @property
    def is_free(self) -> bool:
        """Whether all that was asked for is done: only then may anything be done here."""
        return self._last is None or self._last.done()

    async def here(self, work: Callable[[], Result]) -> Result:
        """Do what is short and waits for nobody."""
        return await self._done(self._here.submit(work))

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Do what may take long."""
        return await self._done(self._thread.submit(work))

    async def _done(self, work: "Future[Result]") -> Result:
        self._last = work
        return work.result() if work.done() else await asyncio.wrap_future(work)

    def shutdown(self) -> None:
        """Return when all is done."""
        self._thread.shutdown(wait=True)
