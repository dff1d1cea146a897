"""The played county: a working folder, the daemon, three simulated carriers, the phones, and the clock."""

import asyncio
import getpass
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import sqlalchemy as sa

from carriers.simulator.behaviour import Behaviour
from carriers.simulator.server import Carrier, Wires
from gateway import resources
from gateway.casebook import Desk
from gateway.cli.desk import read_keys
from gateway.cli.init import make
from gateway.daemon import Daemon
from gateway.database import Database
from gateway.played.network import Network, Process
from gateway.played.time import Timers, VirtualLoop
from gateway.played.world import played
from gateway.schedule import Sweep
from gateway.settings import Loaded, load
from gateway.tables import part
from gateway.year.phones import Phones
from roster.generator import Sample
from roster.vault import Vault

YEARS = 400 * 86_400.0
LINES: Mapping[str, Mapping[str, Any]] = {
    "mobile": {"protocol": "cmpp3", "account": "county"},
    "unicom": {"protocol": "sgip", "node": 3_031_054_321},
    "telecom": {"protocol": "smgp"},
}
PACE: Mapping[str, Any] = {
    "rate": 0.0,
    "window": 1_000,
}  # a notice to all goes in a few large ticks: it is the year that matters here
PACE_OF_SWEEPS = {
    "finish notices": 4.0,
    "replies": 4.0,
    "incomplete texts": 1_800.0,
    "ported numbers": 1_800.0,
    "cases": 3 * 3_600.0,
    "supervision": 3 * 3_600.0,
}
"""Seconds between the runs of a sweep; the others run twice a day. A year is long, and nothing waits for them."""
STILL = 5.0  # played seconds after something happened in which the sweeps run, at least
STEP = 1.0
LONGEST = 3_600.0


class County:
    """One county from its first day on. Everything in it happens in one loop, on one thread."""

    def __init__(self, folder: Path, start: datetime, seed: int, pace: Mapping[str, Any] = PACE) -> None:
        make(folder, getpass.getuser())
        self.settings = _hurried(load(folder, {}), pace)
        keys = read_keys(self.settings)
        self.vault, self.seal_key = Vault(keys), keys.seal
        self.zone = self.settings.zone()
        self.desk = Desk.from_settings(self.settings)
        self.prefixes = resources.prefixes(self.settings)
        self.database = Database(self.settings.store_url())
        self.loop = VirtualLoop(start.timestamp())
        self.phones = Phones(self.loop.time)
        self.network = Network(self.loop, Random(f"network {seed}"))  # noqa: S311 - repeatable on purpose
        self.carriers: dict[str, Carrier] = {}
        for n, name in enumerate(LINES):
            self.open(name, n + seed * 3)
        self.troubles: list[str] = []
        self._daemon: Daemon | None = None

    def now(self) -> datetime:
        """The clock on the wall."""
        return datetime.fromtimestamp(self.loop.time(), UTC)

    def use(self, sample: Sample) -> None:
        """The carriers learn which numbers nobody has, and which another one serves by now."""
        for name, carrier in self.carriers.items():
            ported = tuple(number for number, home in sample.ported.items() if home != name)
            _behave(carrier, empty=tuple(sorted(sample.empty)), ported=ported)

    def switch_off(self, numbers: tuple[str, ...]) -> None:
        """These phones are off from now on, and no others."""
        for carrier in self.carriers.values():
            _behave(carrier, off=numbers)

    def run(self, play: Callable[[], Any]) -> None:
        """Start the gateway, play, stop it."""
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(self._failed)
        try:
            self.loop.run_until_complete(self._run(play))
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.close()
            asyncio.set_event_loop(None)

    def close(self) -> None:
        """Nothing more is asked of it."""
        self.loop.close()
        self.database.close()

    async def _run(self, play: Callable[[], Any]) -> None:
        process = Process()
        self._daemon = Daemon(
            self.settings,
            Database(self.settings.store_url()),
            self.vault,
            played(self.network, process, self.now, pace=_pace),
        )
        await self._daemon.start()
        await self.settle()
        await play()
        await self._daemon.stop()

    async def settle(self) -> None:
        """Let time pass until nothing is under way any more that could go on now."""
        began = self.loop.time()
        await asyncio.sleep(STILL)
        while self._busy() and self.loop.time() < began + LONGEST:
            await asyncio.sleep(STEP)

    def _busy(self) -> bool:
        if any(one.busy for one in self.carriers.values()):
            return True
        with self.database.read() as tx:
            now_ms = round(self.loop.time() * 1000)
            waiting = sa.select(part.c.id).where(part.c.state == "queued", part.c.not_before_ms <= now_ms).limit(1)
            return tx.execute(waiting).first() is not None

    def next_part(self) -> float | None:
        """When the next text that is held back may go."""
        with self.database.read() as tx:
            waiting = sa.select(sa.func.min(part.c.not_before_ms)).where(part.c.state == "queued")
            found = tx.scalar(waiting)
        return found / 1000 if found else None

    def open(self, name: str, seed: int) -> Carrier:
        """A carrier that remembers nothing, in the place of whichever was there."""
        line = self.settings.values.carriers[name]
        behaviour = Behaviour(
            name=name,
            protocol=line.protocol,
            access_number=line.access_number,
            seed=seed,
            window=500,
            receipt_delay=(0.2, 2.0),
        )
        carrier = Carrier(behaviour, Timers(self.loop))
        carrier.phone = self.phones.watch(line.access_number)
        self.carriers[name], self.network.doors[name] = carrier, Wires(carrier)
        return carrier

    def shut(self, name: str) -> None:
        """A carrier's machine dies: its connections are cut, nobody answers a call."""
        self.network.closed_doors.add(name)
        self.carriers[name].cut()

    def _failed(self, _loop: object, context: dict[str, Any]) -> None:
        trouble = context.get("exception")
        self.troubles.append(f"{context['message']}: {type(trouble).__name__} {trouble}")


def _pace(sweep: Sweep) -> float:
    return PACE_OF_SWEEPS.get(sweep.name, 12 * 3_600.0)


def _behave(carrier: Carrier, **how: Any) -> None:
    carrier.behaviour = carrier.brain.behaviour = replace(carrier.behaviour, **how)


def _hurried(loaded: Loaded, pace: Mapping[str, Any]) -> Loaded:
    """The folder's settings, with lines that carry a notice in a few large ticks and a lease that outlasts the year."""
    values = loaded.values
    carriers = {
        name: msgspec.structs.replace(one, **LINES[name], **pace) for name, one in values.carriers.items()
    }  # fmt: skip
    daemon = msgspec.structs.replace(values.daemon, lease_s=YEARS, poll_ms=1_000.0, tick_ms=20.0)
    return Loaded(loaded.folder, msgspec.structs.replace(values, carriers=carriers, daemon=daemon))
