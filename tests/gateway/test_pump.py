"""When a tick is worth its sync, and what waits for that."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from carriers import dialects, smpp
from carriers.events import DeliveryReceipt, Event, InboundText, ReceiptState, SubmitAnswered, Verdict
from carriers.link import Link
from carriers.session import Session, State
from gateway import resources
from gateway.errors import SyncFailed
from gateway.pump import AHEAD, MOST_SHORT_TEXTS, Pump
from gateway.store_work import AtOnce, StoreWork
from tests.gateway.office import HOME, Office

FOR_EVER, PATIENCE = 3600.0, 60.0
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
            StoreWork(AtOnce(), store),
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


# ------------------------------------------------------------------------------------------------------ beside the disk


class Disk(Executor):
    """A disk that syncs when it is told to."""

    def __init__(self) -> None:
        self.syncing: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Under way."""
        self.syncing.append(Future())
        return self.syncing[-1]


class Stage:
    """A pump between a link that writes down what it is told and a disk that waits."""

    def __init__(self, office: Office) -> None:
        self.told: list[int] = []  # answers that the carrier got
        self.disk = Disk()
        self.waited: list[bool] = []  # would ticks with arrivals wait for another writer? Not here
        profile = replace(resources.profiles(office.settings)["mobile"], rate=0.0)
        self.link = Link(profile, lambda *_: None, reactor=object())
        self.session = Session.gateway(profile, dialects.gateway(profile, office.now))
        self.session.state = State.BOUND
        wire: Any = SimpleNamespace(session=self.session, flush=self._written, hear=lambda listening: None)
        self.link._wires[1], self.link.main = wire, 1
        self.pump = Pump(
            office.tick,
            {"mobile": self.link},
            office.held.epoch,
            StoreWork(AtOnce(), AtOnce()),
            self.disk,
            gather_s=0.0,
            poll_s=FOR_EVER,
            lease_s=FOR_EVER,
            wall_ms=lambda: office.now_ms,
            monotonic=time.monotonic,
        )
        self.pump._waiting.clear()
        self._run, office.tick.run = office.tick.run, self._ticked  # type: ignore[method-assign]
        self.running = asyncio.ensure_future(self.pump.run())

    def _ticked(self, arrivals: Any, *given: Any, waits: bool) -> Any:
        if arrivals:
            self.waited.append(waits)
        return self._run(arrivals, *given, waits=waits)

    def _written(self) -> None:
        octets = self.session.data_to_send()
        while octets:
            length, command, _, sequence = smpp.HEADER.unpack_from(octets)
            if command == smpp.DELIVER_SM | smpp.RESPONSE:  # else it is a reply that goes out
                self.told.append(sequence)
            octets = octets[length:]

    async def comes(self, *events: Event) -> None:
        """The carrier sends this, and what can be done without the disk is done."""
        self.pump.arrived(self.link, 1, events)
        await self.settle()

    async def settle(self) -> None:
        """All that needs no disk, and the moment that a quick one would need."""
        for _ in range(30):
            await asyncio.sleep(0)
        self.pump._caught_up.set()
        for _ in range(30):
            await asyncio.sleep(0)


def played(play: Callable[[Stage], Any], office: Office) -> None:
    """Play it on a stage."""

    async def main() -> None:
        stage = Stage(office)
        try:
            await asyncio.wait_for(play(stage), PATIENCE)
        finally:
            stage.running.cancel()

    asyncio.run(main())


def receipt(answer: int) -> DeliveryReceipt:
    """A receipt that wants this answer."""
    return RECEIPT._replace(answer=answer)


def test_what_is_committed_is_acknowledged_when_it_is_synced_in_the_order_of_coming(office: Office) -> None:
    async def play(stage: Stage) -> None:
        await stage.comes(receipt(1))
        await stage.comes(receipt(2))
        assert (len(stage.disk.syncing), stage.told) == (2, [])
        stage.disk.syncing[0].set_result(None)
        await stage.settle()
        assert stage.told == [1]
        stage.disk.syncing[1].set_result(None)
        await stage.settle()
        assert stage.told == [1, 2]

    played(play, office)


def test_ticks_are_never_far_ahead_of_the_disk_and_what_comes_meanwhile_shares_the_next(office: Office) -> None:
    async def play(stage: Stage) -> None:
        for answer in range(6):
            await stage.comes(receipt(answer))
        assert len(stage.disk.syncing) == AHEAD
        stage.disk.syncing[0].set_result(None)
        await stage.settle()
        assert len(stage.disk.syncing) == AHEAD + 1
        for syncing in stage.disk.syncing[1:]:
            syncing.set_result(None)
        await stage.settle()
        assert stage.told == [0, 1, 2, 3, 4, 5]

    played(play, office)


def test_after_a_sync_that_failed_nothing_is_acknowledged_and_the_pump_ends(office: Office) -> None:
    async def play(stage: Stage) -> None:
        await stage.comes(receipt(1))
        await stage.comes(receipt(2))
        stage.disk.syncing[0].set_exception(SyncFailed())
        stage.disk.syncing[1].set_result(None)
        with pytest.raises(SyncFailed):
            await stage.running
        assert stage.told == []

    played(play, office)


def test_a_pump_that_is_abandoned_writes_nothing_that_was_committed(office: Office) -> None:
    async def play(stage: Stage) -> None:
        await stage.comes(receipt(1))
        stage.pump.abandon()
        stage.disk.syncing[0].set_result(None)
        await stage.settle()
        assert stage.told == []

    played(play, office)


def test_a_short_tick_runs_in_the_reactors_thread_and_the_next_beside_the_disk(office: Office) -> None:
    async def play(stage: Stage) -> None:
        office.tick.poll()  # where the store is a file that is at hand is known from now on
        await stage.comes(TEXT)
        await stage.comes(receipt(2))
        assert stage.waited == [not office.tick.is_quick, True]
        while waiting := [syncing for syncing in stage.disk.syncing if not syncing.done()]:
            waiting[0].set_result(None)
            await stage.settle()
        assert stage.told == [TEXT.answer, 2]

    played(play, office)


def test_a_long_tick_and_a_tick_behind_other_work_run_in_the_store_thread(office: Office) -> None:
    async def play(stage: Stage) -> None:
        office.tick.poll()
        await stage.comes(*[TEXT] * (MOST_SHORT_TEXTS + 1))
        stage.disk.syncing[0].set_result(None)
        await stage.settle()
        stage.pump._store._last = Future()
        await stage.comes(RECEIPT)
        assert stage.waited == [True, True]

    played(play, office)


def test_a_tick_that_finds_another_writer_at_work_waits_for_it_in_the_store_thread(office: Office) -> None:
    async def play(stage: Stage) -> None:
        office.tick.poll()
        if not office.tick.is_quick:
            return  # every tick waits in the store thread there
        writer = ExitStack()
        writer.enter_context(office.database.write())
        run = stage._run

        def run_when_it_is_over(*given: Any, waits: bool) -> Any:
            if waits:
                writer.close()
            return run(*given, waits=waits)

        stage._run = run_when_it_is_over
        await stage.comes(RECEIPT)
        assert stage.waited == [False, True]
        stage.disk.syncing[0].set_result(None)
        await stage.settle()
        assert stage.told == [RECEIPT.answer]

    played(play, office)


def test_a_text_behind_a_tick_under_way_waits_for_its_turn(office: Office) -> None:
    async def play(stage: Stage) -> None:
        await stage.comes(receipt(1))
        await stage.comes(TEXT)
        assert len(stage.disk.syncing) == 2
        for syncing in stage.disk.syncing:
            syncing.set_result(None)
        await stage.settle()
        assert stage.told == [1, TEXT.answer]

    played(play, office)


def test_what_is_claimed_but_not_yet_submitted_takes_its_room_in_the_window(office: Office) -> None:
    async def play(stage: Stage) -> None:
        stage.pump._waiting.add("mobile")
        half = stage.pump._ready_rooms()["mobile"].count
        window = stage.link.profile.window
        stage.pump._claimed["mobile"] = window - 1
        assert (half, stage.pump._ready_rooms()["mobile"].count) == (-(-window // 2), 1)
        stage.pump._claimed["mobile"] = window
        assert stage.pump._ready_rooms() == {}
        assert stage.pump._until_next() > 0

    played(play, office)


def test_a_tick_of_which_nobody_is_told_anything_is_not_synced(office: Office) -> None:
    async def play(stage: Stage) -> None:
        stage.pump._waiting.add("mobile")  # it looks whether anything waits for the room there is
        stage.pump._wake.set()
        await stage.settle()
        assert stage.pump.ticks > 0
        assert stage.disk.syncing == []

    played(play, office)
