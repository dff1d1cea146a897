"""Traces of lines: a command asks in the store, the daemon writes what passes into a file, the command follows it.

The file is a capture (`carriers.capture`), masked before it reaches the disk unless clear words were allowed. It is
there for its follower only, who takes its name away at once; what is still there when the trace ends is removed. A
line has one trace at a time. It ends by itself at its time and at `LARGEST`.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

import sqlalchemy as sa

from carriers import dialects
from carriers.capture import FILE_HEADER, Capture, Glimpse
from gateway import lease
from gateway.database import Database
from gateway.errors import UNAVAILABLE, Refused
from gateway.tables import carrier_trace

if TYPE_CHECKING:  # importing a link imports the reactor, which must be installed first
    from carriers.link import Link

LARGEST = 32 * 1024 * 1024  # octets of a file
MOST_BEHIND = 4 * 1024 * 1024  # octets that may wait for a slow disk: the line waits for none
PATIENCE = 10.0  # seconds a daemon may take to begin: it looks every two
POLL = 0.2  # seconds between looks at the file


class Stand(StrEnum):
    """Where a trace stands."""

    ASKED = "asked"
    RUNNING = "running"
    OVER = "over"  # its time is over, or somebody ended it
    FULL = "full"  # the file is as large as it may be
    SLOW = "slow"  # the disk did not keep up
    FAILED = "failed"  # it could not be written


UNDER_WAY = (Stand.ASKED, Stand.RUNNING)


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as it stands in the store. `token` names its file."""

    carrier: str
    token: str
    clear: bool
    asked_by: str
    asked_at: datetime
    until: datetime
    stand: Stand


def ask(tx: sa.Connection, wanted: Trace, now: datetime) -> None:
    """Ask for a trace. Raises `Refused` while another one of this line is under way."""
    other = find(tx, wanted.carrier)
    if other is not None and other.stand in UNDER_WAY and other.until > now:
        raise Refused(f"{other.asked_by} 正在跟踪 {wanted.carrier}", "等它结束;它到时会自己结束")
    tx.execute(sa.delete(carrier_trace).where(carrier_trace.c.carrier == wanted.carrier))
    values = {name: getattr(wanted, name) for name in Trace.__dataclass_fields__}
    tx.execute(sa.insert(carrier_trace).values(**values))


def end(tx: sa.Connection, carrier: str, token: str, now: datetime) -> None:
    """It has lasted long enough."""
    tx.execute(
        sa.update(carrier_trace)
        .where(carrier_trace.c.carrier == carrier, carrier_trace.c.token == token)
        .values(until=now)
    )


def find(tx: sa.Connection, carrier: str) -> Trace | None:
    """The line's trace, or its last one."""
    return next((one for one in _all(tx) if one.carrier == carrier), None)


def under_way(tx: sa.Connection) -> dict[str, Trace]:
    """What the daemon has to look after, by carrier."""
    return {one.carrier: one for one in _all(tx) if one.stand in UNDER_WAY}


def record(tx: sa.Connection, stands: Mapping[str, tuple[str, Stand]]) -> None:
    """The daemon tells what became of traces: carrier -> (token, stand)."""
    for carrier, (token, stand) in stands.items():
        tx.execute(
            sa.update(carrier_trace)
            .where(carrier_trace.c.carrier == carrier, carrier_trace.c.token == token)
            .values(stand=stand)
        )


def _all(tx: sa.Connection) -> list[Trace]:
    return [
        Trace(row.carrier, row.token, row.clear, row.asked_by, row.asked_at, row.until, Stand(row.stand))
        for row in tx.execute(sa.select(carrier_trace))
    ]


# ----------------------------------------------------------------------------------------------------------- following


def follow(database: Database, folder: Path, trace: Trace, now: Callable[[], datetime]) -> Iterator[bytes]:
    """The trace's file as it grows, until it ends. Raises `Refused` when no daemon begins it here."""
    with _opened(database, file_of(folder, trace.token), trace, now) as file:
        goes_on = True
        while goes_on:
            goes_on = _goes_on(database, trace, now)
            if octets := file.read():
                yield octets
            else:
                time.sleep(POLL)
        yield file.read()


def _opened(database: Database, file: Path, trace: Trace, now: Callable[[], datetime]) -> BinaryIO:
    """The file, open, and its name gone: nothing is left of it when the last one who has it open ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and _goes_on(database, trace, now):
        try:
            found = file.open("rb", buffering=0)
        except FileNotFoundError:
            time.sleep(POLL)
            continue
        file.unlink(missing_ok=True)
        return found
    raise Refused("网关没有开始跟踪", "请在运行网关的机器上、用它的工作目录执行,并看网关的日志", UNAVAILABLE)


def _goes_on(database: Database, trace: Trace, now: Callable[[], datetime]) -> bool:
    with database.read() as tx:
        known = find(tx, trace.carrier)
        runs = lease.holder(tx, round(now().timestamp() * 1000))
    return runs is not None and known is not None and known.token == trace.token and known.stand in UNDER_WAY


def file_of(folder: Path, token: str) -> Path:
    """Where the daemon of a working folder writes a trace."""
    return folder / "traces" / f"{token}.pcap"


# ------------------------------------------------------------------------------------------------------------- writing


class Recorder:
    """Writes one trace. `tap` runs in the reactor's thread and never waits; the rest happens in a thread of its own."""

    def __init__(self, file: Path, capture: Capture, until: datetime, wall: Callable[[], datetime]) -> None:
        self.stand = Stand.RUNNING
        self._file, self._capture, self._until, self._wall = file, capture, until, wall
        self._out: BinaryIO = os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb", buffering=0)
        self._out.write(FILE_HEADER)
        self._size = len(FILE_HEADER)
        self._queue: SimpleQueue[tuple[datetime, Glimpse] | None] = SimpleQueue()
        self._came = self._gone = 0  # octets: each counted by one thread only
        self._thread = threading.Thread(target=self._write, name="trace", daemon=True)
        self._thread.start()

    def tap(self, glimpse: Glimpse) -> None:
        """Something passed. See `Link.watch`."""
        if self.stand is not Stand.RUNNING:
            return
        at = self._wall()
        self._came += len(glimpse.octets)
        if at >= self._until:
            self.stand = Stand.OVER
        elif self._came - self._gone > MOST_BEHIND:
            self.stand = Stand.SLOW
        else:
            self._queue.put((at, glimpse))

    def close(self) -> None:
        """Nothing more comes. What is still waiting is written; nobody waits for that."""
        self._queue.put(None)

    def _write(self) -> None:
        ended = False
        try:
            with self._out:
                while (came := self._queue.get()) is not None:
                    at, glimpse = came
                    self._gone += len(glimpse.octets)
                    ended = ended or not self._keep(self._capture.write(glimpse, at))
        except Exception:  # a bug of ours: it shows in the log, and costs the trace only
            self.stand = Stand.FAILED
            raise
        finally:
            self._file.unlink(missing_ok=True)

    def _keep(self, octets: bytes) -> bool:
        """Write it, if there is room; else it is the end."""
        self._size += len(octets)
        if self._size > LARGEST:
            self.stand = Stand.FULL
            return False
        try:
            self._out.write(octets)
        except OSError:
            self.stand = Stand.FAILED
            return False
        return True


class Tracer:
    """The daemon's traces: starts what is asked for, ends what is over. Runs in the reactor's thread."""

    def __init__(self, links: "Mapping[str, Link]", folder: Path, wall: Callable[[], datetime]) -> None:
        self._links, self._folder, self._wall = links, folder, wall
        self._began = wall()  # what was asked before that is not ours: its command knows that its daemon is gone
        for left_behind in (folder / "traces").glob("*.pcap"):  # by a daemon that was killed
            left_behind.unlink(missing_ok=True)
        self._running: dict[str, tuple[Trace, Recorder]] = {}

    def tend(self, wanted: Mapping[str, Trace]) -> dict[str, tuple[str, Stand]]:
        """What is under way by the store. Returns what has changed, for `record`."""
        changed: dict[str, tuple[str, Stand]] = {}
        for carrier, (trace, recorder) in list(self._running.items()):
            known = wanted.get(carrier)
            goes_on = known is not None and known.token == trace.token and known.until > self._wall()
            if not goes_on or recorder.stand is not Stand.RUNNING:
                stand = Stand.OVER if recorder.stand is Stand.RUNNING else recorder.stand
                self._end(carrier)
                changed[carrier] = trace.token, stand
        for carrier, trace in wanted.items():
            if carrier not in self._running and carrier not in changed:
                changed[carrier] = trace.token, self._start(trace)
        return changed

    def close(self) -> None:
        """The daemon stops."""
        for carrier in list(self._running):
            self._end(carrier)

    def _start(self, trace: Trace) -> Stand:
        link = self._links.get(trace.carrier)
        if link is None or trace.asked_at < self._began or trace.until <= self._wall():
            return Stand.OVER
        capture = Capture(dialects.gateway(link.profile, self._wall()), clear=trace.clear)
        file = file_of(self._folder, trace.token)
        try:
            file.parent.mkdir(mode=0o700, exist_ok=True)
            recorder = Recorder(file, capture, trace.until, self._wall)
        except OSError:
            return Stand.FAILED
        self._running[trace.carrier] = trace, recorder
        link.watch(recorder.tap)
        return Stand.RUNNING

    def _end(self, carrier: str) -> None:
        _, recorder = self._running.pop(carrier)
        self._links[carrier].watch(None)
        recorder.close()
