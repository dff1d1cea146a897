"""How many submits may go now: evenly, never more than permitted in any second, and yielding when told "too fast".

What a slow disk or a busy machine has delayed may be made up for, a quarter of a second at once. A carrier that takes
that amiss gets every submit in its time from then on. Additive increase, multiplicative decrease: a single "too fast",
which the network's own unevenness brings about at times, costs a twentieth of the rate; the next within ten seconds
halves it, at most once a second; it comes back by 5 % of the configured rate every ten seconds.
"""

from collections import deque
from dataclasses import dataclass, field

GRAIN = 0.02  # seconds of quota that may go at once: a carrier counts per second, often per tenth of one
MAKE_UP = 0.25  # seconds of quota that may go at once after a delay
SECOND = 1.002  # a carrier's second, and what a submit may take longer on its way than the one a second before
STORING_GROWS = 0.0005  # seconds: a store that has become slower is believed slowly
RECOVERY_SHARE, RECOVERY_SECONDS = 0.05, 10.0
FLOOR_SHARE = 0.05  # never slower than this share of the contract: a stuck link must still be probed


@dataclass(slots=True)
class Pace:
    """`rate` is submits per second, 0 for no limit. `now` is monotonic seconds."""

    rate: float
    yielding: bool = True
    make_up: float = MAKE_UP
    _share: float = 1.0
    _tokens: float = 1.0
    _counted_at: float | None = None
    _yielded_at: float = float("-inf")
    _gone: deque[tuple[float, int]] = field(default_factory=deque)  # (when, how many) of the last second
    _in_second: int = 0
    _storing: float = 0.0  # seconds that a submit needs at least from being allowed to being gone

    def available(self, now: float) -> int:
        """How many may go now. A number no window can reach when there is no limit."""
        if not self.rate:
            return 1 << 30
        self._refill(now)
        return max(0, min(int(self._tokens + 1e-9), self._quota(now) - self._in_second))

    def spend(self, count: int, now: float) -> None:
        """`count` have gone, of those that were available: what it took to store them first is not lost to the pace."""
        if self.rate and count:
            took = now - self._counted_at if self._counted_at is not None else 0.0
            self._storing = min(took, self._storing + STORING_GROWS)
            self._tokens -= count
            self._gone.append((now, count))
            self._in_second += count

    def wait(self, now: float) -> float:
        """Seconds until one may go, 0.0 when it may go now."""
        if not self.rate:
            return 0.0
        self._refill(now)
        full = self._in_second >= self._quota(now)
        room = self._gone[0][0] + SECOND - self._storing - now if full else 0.0
        return max(0.0, room, (1 - self._tokens) / self.current(now))

    def throttled(self, now: float) -> None:
        """The carrier said "too fast"."""
        if not self.yielding or now - self._yielded_at < 1.0:
            return
        if self.make_up > GRAIN and max((count for _, count in self._gone), default=0) > self.rate * GRAIN:
            self.make_up = 0.0  # it was not the rate but how much came at once
        else:
            lone = now - self._yielded_at > RECOVERY_SECONDS
            self._share = max(FLOOR_SHARE, self._recovered(now) * (1 - RECOVERY_SHARE if lone else 0.5))
        self._yielded_at = now

    def current(self, now: float) -> float:
        """Submits per second that are allowed at this moment."""
        return self.rate * self._recovered(now)

    def _quota(self, now: float) -> int:
        """How many may go in a second."""
        return max(1, int(self.current(now) + 1e-9))

    def _recovered(self, now: float) -> float:
        steps = max(0.0, now - self._yielded_at) / RECOVERY_SECONDS
        return min(1.0, self._share + steps * RECOVERY_SHARE) if self._share < 1.0 else 1.0

    def _refill(self, now: float) -> None:
        while self._gone and self._gone[0][0] <= now + self._storing - SECOND + 1e-9:
            self._in_second -= self._gone.popleft()[1]
        if self._counted_at is not None:
            allowed = self.current(now)
            earned = (now - self._counted_at) * allowed
            self._tokens = min(max(1.0, allowed * self.make_up), self._tokens + earned)
        self._counted_at = now
