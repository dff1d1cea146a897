"""What happens when? Moments with what is to be done at them, the earliest first."""

import heapq
from collections.abc import Callable
from itertools import count

Doing = Callable[[], object]
"""Returns False when nothing had to be done; anything else means that something was set going."""


class Agenda:
    """Grows while it is worked off: what happens makes other things happen."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Doing]] = []
        self._serial = count()

    def at(self, moment: float, what: Doing) -> None:
        """Have something done at a moment, in seconds since 1970."""
        heapq.heappush(self._entries, (moment, next(self._serial), what))

    def next(self) -> float | None:
        """When the earliest is to be done."""
        return self._entries[0][0] if self._entries else None

    def take(self) -> Doing:
        """What is to be done first. It is off the agenda then."""
        return heapq.heappop(self._entries)[2]
