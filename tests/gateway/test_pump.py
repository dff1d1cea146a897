"""When a tick is worth its sync."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from carriers.events import DeliveryReceipt, Event, InboundText, ReceiptState, SubmitAnswered, Verdict
from carriers.link import Link
from gateway import resources
from gateway.pump import Pump
from tests.gateway.office import HOME, Office

FOR_EVER, PATIENCE = 3600.0, 10.0
ANSWER = SubmitAnswered(1, 1, Verdict.ACCEPTED, 0, "ID1")
TEXT = InboundText(7, "13800000001", HOME, "路灯坏了".encode("utf-16-be"), 8, None, False, "", b"raw")
RECEIPT = DeliveryReceipt(8, "ID1", ReceiptState.DELIVERED, "", "13800000001", b"raw")


async def ticks_for(office: Office, first: Sequence[Event], then: Sequence[Event]) -> tuple[int, int]:
    """How many ticks there were when `first` had come, and after `then`: nothing is ever worth the wait."""
    link = Link(resources.profiles(office.settings)["mobile"], lambda *_: None, reactor=object())
    with ThreadPoolExecutor(1) as store, ThreadPoolExecutor(1) as disk:
        pump = Pump(
            office.tick,
            {"mobile": link},
            office.held.epoch,
            store,
            disk,
            gather_s=FOR_EVER,
            poll_s=FOR_EVER,
            lease_s=FOR_EVER,
            wall_ms=lambda: office.now_ms,
            monotonic=time.monotonic,
        )
        pump.arrived(link, 1, first)
        running = asyncio.ensure_future(pump.run())
        for _ in range(10):
            await asyncio.sleep(0)  # it has long begun to gather by then
        before = pump.ticks
        pump.arrived(link, 1, then)
        pump.stop()
        await asyncio.wait_for(running, PATIENCE)
        return before, pump.ticks


@pytest.mark.parametrize("then", [[TEXT], [RECEIPT] * 50, [ANSWER] * 25 + [RECEIPT] * 24])
def test_answers_wait_for_company_until_a_text_or_half_a_window_has_come(office: Office, then: list[Event]) -> None:
    assert asyncio.run(ticks_for(office, [ANSWER], then)) == (0, 1)
