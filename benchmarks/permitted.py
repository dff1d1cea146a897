"""How much of the rate that a carrier permits is used, and how often does the carrier say "too fast"?

A carrier in this process permits a hundred submits a second and counts itself, in one of three ways that carriers
have: in every second of its clock, in any second at all (a sliding one), or by a bucket of two that fills evenly. Our
daemon is set to the same rate and sends a notice to more people than half a minute has room for. The share is what
the carrier accepted in that time.

usage: permitted.py [--rate 100] [--seconds 30]
"""

import argparse
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from faulty_carrier import FaultyCarrier, Wire

import stage
from carriers import smpp
from carriers.events import SubmitReceived

WARM = 2.0  # seconds before the first that counts


def main() -> None:
    """Run every way of counting, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=int, default=100)
    options.add_argument("--seconds", type=float, default=30.0)
    given = options.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {stage.CARRIER_CORE})
    print(f"permitted {given.rate}/s, {given.seconds:.0f} s")
    print(f"{'the carrier counts':<28}{'accepted/s':>12}{'share used %':>14}{'too fast':>10}{'most in a second':>18}")
    for name, permits in (
        ("in every second", EverySecond),
        ("in any second", AnySecond),
        ("by a bucket of two", Bucket),
    ):
        accepted, refused, most = measure(permits(given.rate).permits, given.rate, given.seconds)
        rate = accepted / given.seconds
        print(f"{name:<28}{rate:>12.2f}{rate / given.rate * 100:>14.2f}{refused:>10}{most:>18}")


class EverySecond:
    """So many in each second of the clock."""

    def __init__(self, rate: int) -> None:
        self._rate, self._second, self._count = rate, 0, 0

    def permits(self, now: float) -> bool:
        """Is one more permitted?"""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += self._count < self._rate + 1
        return self._count <= self._rate


class AnySecond:
    """So many between any moment and the same a second later. What is refused does not count."""

    def __init__(self, rate: int) -> None:
        self._rate, self._last = rate, deque[float]()

    def permits(self, now: float) -> bool:
        """Is one more permitted?"""
        while self._last and self._last[0] <= now - 1.0:
            self._last.popleft()
        if len(self._last) >= self._rate:
            return False
        self._last.append(now)
        return True


class Bucket:
    """Tokens that come evenly, two at most."""

    def __init__(self, rate: int) -> None:
        self._rate, self._tokens, self._at = rate, 2.0, 0.0

    def permits(self, now: float) -> bool:
        """Is one more permitted?"""
        self._tokens, self._at = min(2.0, self._tokens + (now - self._at) * self._rate), now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


def measure(permits: Callable[[float], bool], rate: int, seconds: float) -> tuple[int, int, int]:
    """(accepted, refused, most that came in any second), between the warm-up and the end."""
    accepted: list[float] = []
    refused: list[float] = []

    def judge(wire: Wire, submit: SubmitReceived) -> None:
        now = time.monotonic()
        good = permits(now)
        (accepted if good else refused).append(now)
        wire.take(submit, status=smpp.OK if good else smpp.THROTTLED)

    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder, rate=rate)
        stage.enrol(folder, environment, round(rate * (seconds + WARM) * 1.2))
        stage.plan(folder, stage.TEXT)
        carrier = FaultyCarrier()
        carrier.on_submit = judge
        with stage.Gateway(folder, environment, carrier.port):
            stage.until(lambda: carrier.bound)
            stage.xinqiao(folder, environment, "notice", "send", "1")
            stage.until(lambda: accepted)
            began = accepted[0] + WARM
            stage.until(lambda: time.monotonic() > began + seconds)
        carrier.close()
    submits = [at for at in sorted(accepted + refused) if began <= at < began + seconds]
    window, most = deque[float](), 0
    for at in submits:
        window.append(at)
        while window[0] <= at - 1.0:
            window.popleft()
        most = max(most, len(window))
    return sum(began <= at < began + seconds for at in accepted), len(refused), most


if __name__ == "__main__":
    main()
