"""How many submits may go now: a token bucket that gives evenly, and yields when the carrier says "too fast".

Additive increase, multiplicative decrease: halved at most once a second, then back by 5 % of the
configured rate every ten seconds.
"""

from dataclasses import dataclass, field

GRAIN = 0.02  # seconds of quota that may go at once: a carrier counts per second, often per tenth of one
RECOVERY_SHARE, RECOVERY_SECONDS = 0.05, 10.0
FLOOR_SHARE = 0.05  # never slower than this share of the contract: a stuck link must still be probed


@dataclass(slots=True)
class Pace:
    """`rate` is submits per second, 0 for no limit. `now` is monotonic seconds."""

    rate: float
    yielding: bool = True
    _share: float = 1.0
    _tokens: float = field(default=0.0)
    _counted_at: float | None = None
    _yielded_at: float = float("-inf")

    def available(self, now: float) -> int:
        """How many may go now. A number no window can reach when there is no limit."""
        if not self.rate:
            return 1 << 30
        self._refill(now)
        return int(self._tokens + 1e-9)

    def spend(self, count: int, now: float) -> None:
        """`count` have gone."""
        if self.rate:
            self._refill(now)
            self._tokens -= count

    def wait(self, now: float) -> float:
        """Seconds until one may go, 0.0 when it may go now."""
        if not self.rate:
            return 0.0
        self._refill(now)
        return max(0.0, (1 - self._tokens) / self.current(now))

    def throttled(self, now: float) -> None:
        """The carrier said "too fast"."""
        if self.yielding and now - self._yielded_at >= 1.0:
            self._share = max(FLOOR_SHARE, self._recovered(now) / 2)
            self._yielded_at = now

    def current(self, now: float) -> float:
        """Submits per second that are allowed at this moment."""
        return self.rate * self._recovered(now)

    def _recovered(self, now: float) -> float:
        steps = max(0.0, now - self._yielded_at) / RECOVERY_SECONDS
        return min(1.0, self._share + steps * RECOVERY_SHARE) if self._share < 1.0 else 1.0

    def _refill(self, now: float) -> None:
        if self._counted_at is None:
            self._counted_at, self._tokens = now, 1.0
            return
        allowed = self.current(now)
        most = max(1.0, allowed * GRAIN)
        self._tokens = min(most, self._tokens + (now - self._counted_at) * allowed)
        self._counted_at = now
