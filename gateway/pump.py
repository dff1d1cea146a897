"""Drives the ticks: gathers what the links report, runs a tick, writes what it allows when that is on the disk.

A short tick runs in the reactor's thread. What may take long, or would wait for another writer, runs in the store
thread, and so does what comes while a slow disk is behind. Each tick is synced in the disk thread; they follow each
other while there is something to do, at most `AHEAD` of the disk, so that one sync serves all that came meanwhile
(group commit). A text never waits for company; answers and receipts wait a few milliseconds unless half a window of
them is there.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from carriers.events import (
    BindRefused,
    Bound,
    Closed,
    DeliveryReceipt,
    Event,
    Handle,
    InboundText,
    Listening,
    SubmitAnswered,
    SubmitUnanswered,
    TurnedAway,
    Unreadable,
)
from carriers.link import Link, LinkState
from carriers.session import Session, State
from gateway.errors import StoreBusy
from gateway.lease import LeaseLost
from gateway.logs import Log
from gateway.settling import Answer
from gateway.store_work import StoreWork
from gateway.tick import Arrivals, Outcome, Room, Tick

log = Log("pump")

LEASE_MARGIN = 2.0  # seconds before our lease ends after which we write nothing more
MOST_PENDING = 5_000  # events of one carrier that may wait for the store before it is not read any more
MOST_OCTETS = 1024 * 1024  # and how many octets of its texts and receipts: one may be as long as a frame
RETRY = 0.25  # seconds until the store is tried again after it failed
AHEAD = 2  # ticks that may be committed and not yet synced
QUICK_DISK = 0.002  # seconds a sync is waited for before the next tick runs beside it
MOST_SHORT, MOST_SHORT_TEXTS = 500, 5  # events in a tick that holds up the signs of life by milliseconds only


@dataclass(frozen=True, slots=True)
class _Committed:
    """A tick that is committed, and of which nobody may know before it is synced."""

    arrivals: Mapping[str, Arrivals]
    rooms: Mapping[str, Room]
    outcome: Outcome


class Pump:
    """Between the links and the store. Everything but the tick itself happens in the reactor's thread."""

    def __init__(
        self,
        tick: Tick,
        links: Mapping[str, Link],
        epoch: int,
        store: StoreWork,
        disk: Executor,
        *,
        gather_s: float,
        poll_s: float,
        lease_s: float,
        wall_ms: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        self._tick = tick
        self._links = links
        self._epoch = epoch
        self._store, self._disk = store, disk
        self._gather_s, self._poll_s, self._lease_s = gather_s, poll_s, lease_s
        self._wall_ms, self._monotonic = wall_ms, monotonic
        self._arrivals: dict[str, Arrivals] = {}
        self._sessions: dict[tuple[str, int], int] = {}  # (carrier, connection) -> session
        self._connections: dict[int, int] = {}  # session -> connection; of those that stand, like the one above
        self._numbered = 0  # sessions so far
        self._waiting = set(links)  # carriers that may have something to send
        self._version: object = None
        self._looked_at = 0.0
        self._lease_until = monotonic() + lease_s
        self._wake = asyncio.Event()  # something came
        self._full = asyncio.Event()  # enough came that it does not wait for more
        self._urgent = False
        self._unsynced: deque[_Committed] = deque()  # oldest first
        self._claimed: Counter[str] = Counter()  # submits of those, by carrier: their windows have room no more
        self._caught_up = asyncio.Event()  # a tick is synced
        self._trouble: BaseException | None = None  # why nothing more is written
        self._stopping = False
        self.ticks = 0

    # ------------------------------------------------------------------------------------------- from the links

    def arrived(self, link: Link, connection: int, events: Sequence[Event]) -> None:
        """A link reports what one socket read, or one timer, of one of its connections brought."""
        came = self._arrivals.setdefault(link.profile.name, Arrivals())
        session = self._session(link, connection)
        for event in events:
            match event:
                case SubmitAnswered():
                    came.answers.append(Answer(session, event))
                case DeliveryReceipt():
                    came.receipts.append((session, event))
                    came.octets += len(event.raw)
                case InboundText():
                    came.texts.append((session, event))
                    came.octets += len(event.raw)
                    self._urgent = True
                case SubmitUnanswered():
                    came.uncertain.append((session, event.sequence, event.token))
                case Unreadable():
                    came.unreadable.append((session, event))
                    came.octets += len(event.raw)
                case Closed():
                    came.uncertain += [(session, sequence, token) for sequence, token in event.unanswered]
                    self._over(link, connection)
                    told = log.info if event.quiet else log.warning
                    told("link closed", carrier=link.profile.name, reason=event.reason)
                case Bound():
                    self._waiting.add(link.profile.name)
                    log.info("link bound", carrier=link.profile.name, peer=event.peer, doubt=event.doubt)
                case BindRefused():
                    log.error("login refused", carrier=link.profile.name, reason=event.reason)
                case Listening():
                    told = log.error if event.trouble else log.info
                    told("open to calls", carrier=link.profile.name, place=event.place, trouble=event.trouble)
                case TurnedAway():
                    told = log.warning
                    told("call turned away", carrier=link.profile.name, address=event.address, reason=event.reason)
                case _:
                    log.warning("unexpected event", carrier=link.profile.name, kind=type(event).__name__)
        if len(came) > MOST_PENDING or came.octets > MOST_OCTETS:
            link.hear(False)
        self._wake.set()
        if self._enough():
            self._full.set()

    def _session(self, link: Link, connection: int) -> int:
        """The number of this connection among all there ever were: attempts are filed under it."""
        key = (link.profile.name, connection)
        if key not in self._sessions:
            self._numbered += 1
            self._sessions[key] = number = (self._epoch << 24) + self._numbered
            self._connections[number] = connection
        return self._sessions[key]

    def _over(self, link: Link, connection: int) -> None:
        """Forget a connection that is gone: lines that rest come by the thousand."""
        self._connections.pop(self._sessions.pop((link.profile.name, connection)), None)

    # -------------------------------------------------------------------------------------------------- the loop

    async def run(self) -> None:
        """Tick until stopped. Raises `LeaseLost` when another daemon took over, `SyncFailed` when the disk failed."""
        while self._pending() or self._unsynced or not self._stopping:
            await self._something_to_do()
            await self._disk_keeps_up()
            if any(came.texts for came in self._arrivals.values()):
                self._waiting.update(self._links)  # the tick that stores a text can claim its reply
            rooms, resting = self._ready_rooms(), self._resting()
            if self._pending() or rooms or resting or self._lease_is_due():
                await self._one_tick(rooms, resting)
            else:
                await self._look()

    def stop(self) -> None:
        """End after the tick that settles what has arrived by then. Call it when the links are closed."""
        self._stopping = True
        self._wake.set()

    def abandon(self) -> None:
        """Write nothing more, whatever has been committed: the store is not ours, or its disk failed."""
        self._trouble = self._trouble or LeaseLost("abandoned")

    async def _one_tick(self, rooms: Mapping[str, Room], resting: Sequence[str]) -> None:
        came = self._pending()
        arrivals, self._arrivals, self._urgent = self._arrivals, {}, False
        try:
            began, outcome = await self._run(arrivals, rooms, resting)
        except sa.exc.SQLAlchemyError as trouble:
            await self._store_failed(arrivals, trouble)
            return
        self.ticks += 1
        if outcome.renewed:
            self._lease_until = began + self._lease_s
        self._waiting.difference_update(resting)
        self._waiting.difference_update(name for name in rooms if name not in outcome.more)
        if outcome.refreshed or any(came.unsent for came in arrivals.values()):
            self._waiting.update(self._links)
        for name in outcome.wanted:
            self._links[name].wake()
        if came or outcome.submits:
            self._unsynced.append(_Committed(arrivals, rooms, outcome))
            self._claimed.update({name: len(submits) for name, submits in outcome.submits.items()})
            self._sync()
        else:
            self._confirm_lease()  # nobody is told anything: nothing to sync

    async def _run(
        self, arrivals: Mapping[str, Arrivals], rooms: Mapping[str, Room], resting: Sequence[str]
    ) -> tuple[float, Outcome]:
        """(when it began, what came of it)."""

        def tick(waits: bool) -> tuple[float, Outcome]:
            began = self._monotonic()  # what waited before us in the store thread took no lease time
            return began, self._tick.run(arrivals, rooms, self._wall_ms(), resting, waits=waits)

        if self._may_run_here() and not self._unsynced and _is_short(arrivals.values()):
            with suppress(StoreBusy):
                return await self._store.here(partial(tick, False))
        return await self._store.in_thread(partial(tick, True))

    def _may_run_here(self) -> bool:
        return self._store.is_free and self._tick.is_quick

    def _sync(self) -> None:
        loop = asyncio.get_running_loop()
        syncing = self._disk.submit(self._tick.sync)
        syncing.add_done_callback(lambda done: loop.call_soon_threadsafe(self._synced, done.exception()))

    def _synced(self, trouble: BaseException | None) -> None:
        """The oldest tick is on the disk, or it will never be."""
        one = self._unsynced.popleft()
        self._claimed.subtract({name: len(submits) for name, submits in one.outcome.submits.items()})
        self._caught_up.set()
        self._wake.set()
        self._trouble = self._trouble or trouble
        if self._trouble is None:
            try:
                self._confirm_lease()
                self._written(one.arrivals, one.rooms, one.outcome)
            except Exception as failure:  # `run` raises it
                self._trouble = failure

    def _confirm_lease(self) -> None:
        if self._monotonic() > self._lease_until - LEASE_MARGIN:
            raise LeaseLost("the lease ran out while the store was busy")

    async def _disk_keeps_up(self) -> None:
        """Return when all is synced, or a slow disk not too far behind. Raises what happened there."""
        if self._unsynced and self._trouble is None:
            await self._until(self._caught_up, QUICK_DISK)
        while len(self._unsynced) >= AHEAD and self._trouble is None:
            self._caught_up.clear()
            await self._caught_up.wait()
        if self._trouble is not None:
            raise self._trouble

    def _written(self, arrivals: Mapping[str, Arrivals], rooms: Mapping[str, Room], outcome: Outcome) -> None:
        """It is on the disk: now the carriers may know, and now the submits may go."""
        for name, link in self._links.items():
            came, submits = arrivals.get(name), outcome.submits.get(name, [])
            link.hear(True)
            if came is not None:
                self._answer(link, came, Session.accept)
            if submits:
                session = link.session
                current = self._session(link, link.main) if session is not None else None
                if session is not None and session.state is State.BOUND and rooms[name].session == current:
                    session.submit(submits, self._monotonic())
                else:
                    unsent = [(rooms[name].session, sequence, part) for sequence, part, _ in submits]
                    self._arrivals.setdefault(name, Arrivals()).unsent += unsent
            if submits or came is not None:
                link.flush()

    def _answer(self, link: Link, came: Arrivals, word: Callable[[Session, list[Handle]], None]) -> None:
        """Accept or refuse what came, each on the connection that it came on; those that are gone hear nothing."""
        answers: dict[int, list[Handle]] = {}
        for number, answer in came.to_acknowledge():
            answers.setdefault(number, []).append(answer)
        for number, handles in answers.items():
            session = link.session_of(self._connections.get(number, 0))
            if session is not None:
                word(session, handles)

    async def _store_failed(self, arrivals: Mapping[str, Arrivals], trouble: Exception) -> None:
        """Nothing is lost: answers are kept for the next tick, the carriers are asked to deliver the rest again."""
        log.error("store failed, nothing acknowledged", trouble=type(trouble).__name__)
        for name, came in arrivals.items():
            link = self._links[name]
            self._answer(link, came, Session.refuse)
            link.flush()
            kept = self._arrivals.setdefault(name, Arrivals())
            kept.answers[:0] = came.answers
            kept.uncertain[:0] = came.uncertain
            kept.unsent[:0] = came.unsent
        await asyncio.sleep(RETRY)

    # --------------------------------------------------------------------------------------------------- waiting

    def _pending(self) -> int:
        return sum(map(len, self._arrivals.values()))

    def _in_order(self) -> list[str]:
        """The carriers that may have something waiting, always in the same order: runs can be repeated exactly."""
        return [name for name in self._links if name in self._waiting]

    def _ready_rooms(self) -> dict[str, Room]:
        """What each carrier with something waiting would take now."""
        rooms = {}
        now = self._monotonic()
        for name in self._in_order():
            link, session = self._links[name], self._links[name].session
            count = min(session.room(now) - self._claimed[name], self._half(name)) if session is not None else 0
            if count > 0 and session is not None:
                rooms[name] = Room(self._session(link, link.main), session.reserve(count), count, session.dialect.stamp)
        return rooms

    def _resting(self) -> list[str]:
        """Carriers whose lines rest, but that may have something waiting: the tick looks whether they have."""
        return [name for name in self._in_order() if self._links[name].state is LinkState.RESTING]

    async def _something_to_do(self) -> None:
        """Return when a tick is worth its sync, or when it is time to look whether others changed the store."""
        if not self._pending():
            await self._sleep(self._until_next())
        if self._pending() and not self._enough():
            await self._until(self._full, self._gather_s)

    def _enough(self) -> bool:
        """A text waits for nobody; anything else waits a moment for company, until half a window is there."""
        return self._urgent or any(len(came) >= self._half(name) for name, came in self._arrivals.items())

    def _half(self, name: str) -> int:
        """Half a window goes at a time: while the carrier deals with one half, we deal with the other."""
        return -(-self._links[name].profile.window // 2)

    def _until_next(self) -> float:
        """Seconds that nothing needs to be done."""
        now = self._monotonic()
        waits = [self._poll_s]
        for name in self._in_order():
            session = self._links[name].session
            if self._links[name].state is LinkState.RESTING:
                return 0.0
            if session is None:
                continue
            if session.room(now) > self._claimed[name]:
                return 0.0
            wait = session.next_room(now)
            if wait is not None and not self._claimed[name]:  # else the disk wakes us first
                waits.append(wait)
        return max(0.0, min(waits))

    async def _sleep(self, seconds: float) -> None:
        if seconds <= 0 or self._pending():
            await asyncio.sleep(0)
        else:
            await self._until(self._wake, seconds)

    async def _until(self, event: asyncio.Event, seconds: float) -> None:
        event.clear()
        handle = asyncio.get_running_loop().call_later(seconds, event.set)
        try:
            await event.wait()
        finally:
            handle.cancel()

    async def _look(self) -> None:
        """Has a command, or a sweep, put something into the store? Once a second time itself may have."""
        try:
            in_store = self._store.here if self._may_run_here() else self._store.in_thread
            version = await in_store(self._tick.poll)
        except sa.exc.SQLAlchemyError as trouble:
            await self._store_failed({}, trouble)
            return
        now = self._monotonic()
        if version != self._version or now - self._looked_at >= 1.0:
            self._version, self._looked_at = version, now
            self._waiting.update(self._links)

    def _lease_is_due(self) -> bool:
        return self._monotonic() > self._lease_until - self._lease_s * 2 / 3


def _is_short(arrivals: Collection[Arrivals]) -> bool:
    texts = sum(len(came.texts) + len(came.unreadable) for came in arrivals)
    return texts <= MOST_SHORT_TEXTS and sum(map(len, arrivals)) <= MOST_SHORT
