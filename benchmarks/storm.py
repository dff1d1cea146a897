"""Does a storm of receipts hold anything up?

A carrier in this process takes a long notice from our daemon as fast as it comes. First it reports nothing: that is the
normal rate. Then it brings 10,000 receipts in ten seconds for what it took before, each of which the daemon stores and
settles before it is acknowledged: how long does each wait, and how much of the normal rate is left?

usage: storm.py [--receipts 10000] [--seconds 10] [--people 10153]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from faulty_carrier import FaultyCarrier, Wire

import stage
from carriers import smpp
from carriers.events import ReceiptState, SubmitReceived

CALM = 5.0  # seconds for which the normal rate is measured
NOTICES = 8  # of three parts to everybody: more than goes out in all that time


def main() -> None:
    """Run it, print both rates and the waits."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--receipts", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--people", type=int, default=stage.PEOPLE)
    given = options.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {stage.CARRIER_CORE})
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_folder(folder, rate=0, window=100)
        stage.enrol(folder, environment, given.people)
        for n in range(NOTICES):
            stage.plan(folder, f"第{n}号通知:{stage.LONG}")
        carrier = Storm()
        with stage.Gateway(folder, environment, carrier.port):
            stage.until(lambda: carrier.bound)
            for n in range(1, NOTICES + 1):
                stage.xinqiao(folder, environment, "notice", "send", str(n))
            stage.until(lambda: len(carrier.taken) >= given.receipts)
            normal = carrier.rate(CALM)
            carrier.blow(given.receipts, given.seconds)
            stormy = carrier.rate(given.seconds)
            stage.until(lambda: carrier.acknowledged["receipt"] >= given.receipts)
            waits = carrier.waits
        settled = stage.parts(folder)["delivered"]
        carrier.close()
    print(f"submits/s: {normal:,.0f} normally, {stormy:,.0f} in the storm: {stormy / normal * 100:.0f} %")
    print(
        f"{given.receipts:,} receipts in {given.seconds:.0f} s, acknowledged after s: median "
        f"{stage.percentile(waits, 0.5):.3f}, p99 {stage.percentile(waits, 0.99):.3f}, most {max(waits):.3f}; "
        f"{settled:,} parts settled by them"
    )


class Storm(FaultyCarrier):
    """Takes everything at once and reports when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[str, SubmitReceived]] = []
        self._written: dict[int, float] = {}
        self.waits: list[float] = []  # seconds from each receipt to its acknowledgement
        self.on_submit = self._take

    def _take(self, wire: Wire, submit: SubmitReceived) -> None:
        message_id = f"{len(self.taken):08X}"
        self.taken.append((message_id, submit))
        wire.session.answer_submit(submit.answer, smpp.OK, message_id)

    def rate(self, seconds: float) -> float:
        """Submits a second, from now on for so long."""
        before, began = len(self.taken), time.monotonic()
        time.sleep(seconds)
        return (len(self.taken) - before) / (time.monotonic() - began)

    def blow(self, count: int, seconds: float) -> None:
        """So many receipts, evenly."""
        began = self._loop.time()
        for n, (message_id, submit) in enumerate(self.taken[:count]):
            pdu = smpp.encode_receipt(message_id, submit.destination, submit.source, ReceiptState.DELIVERED)
            self._loop.call_soon_threadsafe(self._loop.call_at, began + n * seconds / count, self._report, pdu)

    def _report(self, pdu: bytes) -> None:
        self._written[self._serial + 1] = time.monotonic()
        self.deliver_now("receipt", pdu)

    def answered(self, token: int, status: int) -> None:
        """See the parent; and how long it took."""
        if token in self._written:
            self.waits.append(time.monotonic() - self._written[token])
        super().answered(token, status)


if __name__ == "__main__":
    main()
