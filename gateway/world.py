"""What the daemon touches of the world: clocks, chance, network, store and disk threads, timers.

The defaults are the real ones. The simulation brings others, so that a run follows from its seed alone.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from carriers.profile import CarrierProfile
from gateway.schedule import Sweep, start
from gateway.store_work import AtOnce


class Scheduler(Protocol):
    """What runs the sweeps."""

    def shutdown(self, wait: bool) -> None:
        """Run none any more."""


@dataclass(frozen=True, slots=True)
class World:
    """`wall` may be set back and forth by people and time servers; `monotonic` (seconds) only goes on."""

    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    reactor: Any = None  # Twisted's timers; None: the installed reactor
    endpoint: Callable[[CarrierProfile], Any] | None = None  # Twisted's client endpoint; None: TCP or TLS
    store_here: Callable[[], Executor] = AtOnce
    store_thread: Callable[[], Executor] = lambda: ThreadPoolExecutor(1, "store")
    disk_thread: Callable[[], Executor] = lambda: ThreadPoolExecutor(1, "disk")
    schedule: Callable[[Sequence[Sweep]], Scheduler] = start

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return round(self.wall().timestamp() * 1000)
