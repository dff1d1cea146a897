"""How long does a citizen's text wait for its acknowledgement, and what has happened by then?

A carrier in this process delivers a hundred texts a second, each from another number, and times each from the write
of its deliver_sm to the deliver_sm_resp. With us the text is then committed and synced; from an informant it is a case
with a number and a reply on its way, from a stranger it waits in a queue. Beside it Kannel, where it is installed,
without a store and with its spool (which it never syncs): the same acknowledgement, and when its application got it.

usage: latency.py [--texts 1500] [--rate 100]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from faulty_carrier import FaultyCarrier

import stage
from carriers import smpp
from peers import kannel

MATTER = "第{n}号来信:村东头的路灯坏了半个月,请派人修一修"
AHEAD = 100  # texts before the first that counts


def main() -> None:
    """Run everything, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=int, default=1_500)
    options.add_argument("--rate", type=float, default=100.0)
    given = options.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {stage.CARRIER_CORE})
    count = given.texts + AHEAD
    print(f"{'':<40}{'p50 ms':>9}{'p99 ms':>9}{'most ms':>9}{'CPU ms a text':>15}")
    _line("floor: 4 KiB appended and synced", floor(given.texts, given.rate), None)
    for name, measure in {
        "Xinqiao, informants: a case and a reply": lambda: ours(count, given.rate, informants=True),
        "Xinqiao, strangers: kept for an operator": lambda: ours(count, given.rate, informants=False),
        "Kannel, no store": lambda: beside(count, given.rate, spool=False),
        "Kannel, spool": lambda: beside(count, given.rate, spool=True),
    }.items():
        if name.startswith("Kannel") and not kannel.installed():
            print(kannel.MISSING, file=sys.stderr)
            break
        found, cpu = measure()
        for what, waits in found.items():
            _line(name + what, waits[AHEAD:], cpu / count)


def _line(name: str, waits: list[float], cpu: float | None) -> None:
    ms = [1000 * wait for wait in waits]
    spent = "" if cpu is None else f"{cpu * 1000:.2f}"
    print(
        f"{name:<40}{stage.percentile(ms, 0.5):>9.2f}{stage.percentile(ms, 0.99):>9.2f}{max(ms):>9.2f}{spent:>15}",
        flush=True,
    )


def floor(count: int, rate: float) -> list[float]:
    """What the disk alone takes for one commit."""
    waits = []
    with tempfile.TemporaryFile(prefix="xinqiao-bench-", buffering=0) as file:
        for _ in range(count):
            began = time.monotonic()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            waits.append(time.monotonic() - began)
            time.sleep(max(0.0, 1 / rate - waits[-1]))
    return waits


class Clock(FaultyCarrier):
    """A carrier that delivers evenly and notes when each text was written and when acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[int, float] = {}  # by the delivery's number
        self.acknowledged_at: dict[int, float] = {}

    def pour(self, count: int, rate: float, number: Callable[[int], str]) -> None:
        """So many texts a second, until all are acknowledged."""
        began = self._loop.time() + 0.1
        for n in range(count):
            pdu = smpp.encode_delivery(number(n), stage.ACCESS_NUMBER, MATTER.format(n=n).encode("utf-16-be"), 8)
            self._loop.call_soon_threadsafe(self._loop.call_at, began + n / rate, self._write, pdu)
        stage.until(lambda: self.acknowledged["text"] >= count)

    def _write(self, pdu: bytes) -> None:
        self.written[self._serial + 1] = time.monotonic()
        self.deliver_now("text", pdu)

    def answered(self, token: int, status: int) -> None:
        """See the parent; and when."""
        if token in self.written:
            self.acknowledged_at[token] = time.monotonic()
        super().answered(token, status)

    def waits(self) -> list[float]:
        """Seconds, in the order of writing."""
        return [self.acknowledged_at[token] - at for token, at in sorted(self.written.items())]


def ours(count: int, rate: float, *, informants: bool) -> tuple[dict[str, list[float]], float]:
    """Our daemon as its settings come, but without a limit on what it sends."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder, rate=0)
        numbers = _strangers(count)
        if informants:
            stage.enrol(folder, environment, count)
            numbers = stage.numbers(folder, count)
        carrier = Clock()
        with stage.Gateway(folder, environment, carrier.port) as daemon:
            stage.until(lambda: carrier.bound)
            before = stage.cpu(daemon.pids)
            carrier.pour(count, rate, numbers.__getitem__)
            cpu = stage.cpu(daemon.pids) - before
            [(stored,)] = stage.ask(folder, "SELECT count(*) FROM text")
            [(cases,)] = stage.ask(folder, "SELECT count(*) FROM case_ticket")
        carrier.close()
    if (stored, cases) != (count, count if informants else 0):
        raise SystemExit(f"{stored} texts and {cases} cases of {count}")
    return {"": carrier.waits()}, cpu


def beside(count: int, rate: float, *, spool: bool) -> tuple[dict[str, list[float]], float]:
    """Kannel, which hands each text to an application by HTTP."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        carrier = Clock()
        with kannel.Kannel(Path(top) / "kannel", carrier.port, spool=spool) as other:
            stage.until(lambda: carrier.bound)
            before = stage.cpu(other.pids)
            carrier.pour(count, rate, _strangers(count).__getitem__)
            stage.until(lambda: len(other.ear.texts) >= count)
            cpu = stage.cpu(other.pids) - before
            pushed = {text.words: text.at for text in other.ear.texts}
        carrier.close()
    written = [at for _, at in sorted(carrier.written.items())]
    heard = [pushed[MATTER.format(n=n)] - at for n, at in enumerate(written)]
    return {": acknowledged": carrier.waits(), ": at the application": heard}, cpu


def _strangers(count: int) -> list[str]:
    return [f"861390{n:07d}" for n in range(count)]


if __name__ == "__main__":
    main()
