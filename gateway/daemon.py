"""The daemon: builds everything from the settings, starts it in order, stops it in reverse.

Order of the start: store proved durable, lease taken, yesterday's loose ends settled, sweeps, links.
Order of the stop (within 30 s): no new submits, windows drained, last answers committed, links closed, lease
given back.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from carriers.events import Event
from gateway import (
    carrier_desk,
    errors,
    lease,
    logs,
    number_desk,
    receipts,
    rerouting,
    resources,
    schedule,
    settling,
    tracing,
)
from gateway.case_ladder import Post
from gateway.casebook import Desk
from gateway.compose import Composer
from gateway.database import Database
from gateway.inbox import Inbox
from gateway.lease import LeaseLost
from gateway.logs import Log
from gateway.rerouting import Routes
from gateway.settings import Loaded
from gateway.store_work import StoreWork
from gateway.tick import Tick
from gateway.world import Scheduler, World
from roster import store as roster_store
from roster.vault import Vault

if TYPE_CHECKING:  # importing a link imports the reactor, which must be installed first
    from carriers.link import Link
    from gateway.pump import Pump

log = Log("daemon")
Result = TypeVar("Result")
CLOCK_STEP = 300.0  # seconds that the wall clock may go astray before nothing is expired by it any more
BUSY_SHARE = 4  # of the lease a transaction waits for another writer's: it must end while the lease still runs


class Daemon:
    """One process's gateway. `start` and `stop` run in the reactor's thread."""

    def __init__(self, settings: Loaded, database: Database, vault: Vault, world: World | None = None) -> None:
        self._world = world or World()
        self._settings = settings
        self._database = database
        self._vault = vault
        self._store = StoreWork(self._world.store_here(), self._world.store_thread())
        self._disk = self._world.disk_thread()
        self._held: lease.Lease | None = None
        self._tick: Tick | None = None
        self._pump: Pump | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._links: dict[str, Link] = {}
        self._scheduler: Scheduler | None = None
        self._reported: dict[str, Any] = {}
        self._began = self._world.wall()  # an operator's wish from before that is history
        self._began_monotonic = self._world.monotonic()
        self._clock_stepped = False
        self._retried: dict[str, datetime] = {}
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Exit status, set when the daemon cannot go on."""
        self._broken = False  # the store is not ours any more, or its disk failed: nothing more is written

    async def start(self) -> None:
        """Raises `errors.Refused` when it must not run: store not durable, another daemon alive."""
        from carriers.link import Link
        from gateway.pump import Pump

        self._database.hurry(int(self._settings.values.daemon.lease_s * 1000) // BUSY_SHARE)
        await self._in_store(self._prepare)
        assert self._held is not None  # noqa: S101 - _prepare took it
        settings = self._settings
        values = settings.values
        profiles = resources.profiles(settings)
        self._desk = Desk.from_settings(settings)
        self._reader = resources.reader(settings)
        self._inbox = Inbox(settings, self._vault, profiles, self._desk)
        composer = Composer(profiles, self._vault)
        self._routes = Routes.of(values.carriers, profiles)
        self._prefixes = resources.prefixes(settings)
        self._number_rules = resources.number_rules(settings)
        self._duties = resources.duties(settings)
        self._supervision = schedule.Supervision(self._desk, Post(self._vault, self._prefixes))
        lease_ms = int(values.daemon.lease_s * 1000)
        self._tick = Tick(
            self._database,
            self._vault,
            self._held,
            lease_ms,
            self._inbox,
            composer,
            settings.zone(),
            settings.quiet_hours(),
            self._routes,
        )
        for name, profile in profiles.items():
            self._links[name] = Link(
                profile,
                self._arrived,
                self._world.reactor,
                self._world.endpoint,
                now=self._world.monotonic,
                jitter=self._world.chance,
                clock=self._world.wall,
            )
        self._tracer = tracing.Tracer(self._links, settings.folder, self._world.wall)
        self._pump = Pump(
            self._tick,
            self._links,
            self._held.epoch,
            self._store,
            self._disk,
            gather_s=values.daemon.tick_ms / 1000,
            poll_s=values.daemon.poll_ms / 1000,
            lease_s=values.daemon.lease_s,
            wall_ms=self._world.wall_ms,
            monotonic=self._world.monotonic,
        )
        self._pumping = asyncio.ensure_future(self._pump.run())
        self._pumping.add_done_callback(self._pump_ended)
        self._scheduler = self._world.schedule(self._sweeps())
        for link in self._links.values():
            link.startService()
        log.info("gateway runs", epoch=self._held.epoch, carriers=list(self._links))

    async def stop(self) -> None:
        """Drain, settle, close, give the lease back. Bounded by the settings' `stop_s`."""
        if not self.ended.done():
            self.ended.set_result(0)
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._tracer.close()
        closing = [link.stopService().asFuture(asyncio.get_running_loop()) for link in self._links.values()]
        if closing:
            patience = 0 if self._broken else self._settings.values.daemon.stop_s
            _, late = await asyncio.wait(closing, timeout=patience)
            if late:
                log.warning("links closed without waiting for their answers", links=len(late))
        if self._pump is not None and self._pumping is not None and not self._broken:
            self._pump.stop()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._pumping, 5)
        if not self._broken:
            await self._in_store(self._let_go)
        self._disk.shutdown(wait=True)
        self._store.shutdown()
        log.info("gateway stopped", ticks=self._pump.ticks if self._pump else 0)

    # ------------------------------------------------------------------------------------------- in the store thread

    def _prepare(self) -> None:
        self._database.durability()
        now = self._world.wall_ms()
        with self._database.write() as tx:
            self._held = lease.take(tx, lease.this_process(), now, int(self._settings.values.daemon.lease_s * 1000))
            in_doubt = settling.reconcile(tx, now)
            for name in self._settings.values.carriers:
                receipts.match_uncertain(tx, name, now)
        if in_doubt:
            log.warning("parts in doubt after a restart: they wait for their receipts", parts=in_doubt)

    def _let_go(self) -> None:
        if self._tick is not None:
            self._tick.close()
        if self._held is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError), self._database.write() as tx:
                lease.release(tx, self._held, self._world.wall_ms())
                for name in self._links:
                    carrier_desk.report_link(tx, name, "stopped", self._world.wall(), "", {}, self._world.wall())

    async def _in_store(self, work: "schedule.Work[Result]") -> "Result":
        try:
            return await self._store.in_thread(work)
        except (LeaseLost, errors.SyncFailed) as trouble:
            self._give_up(trouble)
            raise

    # ------------------------------------------------------------------------------------------------------ events

    def _arrived(self, link: "Link", connection: int, events: Sequence[Event]) -> None:
        if self._pump is not None:
            self._pump.arrived(link, connection, events)

    def _pump_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (trouble := task.exception()) is not None:
            self._give_up(trouble)

    def _give_up(self, trouble: BaseException) -> None:
        """Stop at once. A store that is not ours, or whose disk failed, hears no more of us, nor do the carriers."""
        self._broken = isinstance(trouble, LeaseLost | errors.SyncFailed)
        if self._broken and self._pumping is not None and self._pump is not None:
            self._pump.abandon()
            self._pumping.cancel()
        if self.ended.done():
            return
        if isinstance(trouble, LeaseLost):
            log.critical("lease lost, stopping at once", reason=str(trouble))
            self.ended.set_result(errors.LEASE_HELD)
        else:
            log.critical("gateway failed", exc_info=trouble)
            self.ended.set_result(errors.UNAVAILABLE)

    # ------------------------------------------------------------------------------------------------------ sweeps

    def _sweeps(self) -> list[schedule.Sweep]:
        """What is looked after regularly. Each is idempotent, its work one transaction unless it asks for more."""
        return [
            schedule.Sweep("finish notices", 2, partial(self._sweep, schedule.finish_notices)),
            schedule.Sweep("replies", 2, partial(self._sweep, partial(schedule.settle_replies, self._desk))),
            schedule.Sweep("alarms", 2, partial(self._sweep, self._alarm)),
            schedule.Sweep("likeness", 10, partial(self._sweep, partial(schedule.file_cases, self._reader))),
            schedule.Sweep("suspected numbers", 2, partial(self._sweep, self._withdraw)),
            schedule.Sweep("links", 2, self._look_after_links),
            schedule.Sweep("urgent parts", 10, partial(self._sweep_by_clock, schedule.resend_uncertain)),
            schedule.Sweep("waiting parts", 10, partial(self._sweep_by_clock, schedule.expire_waiting)),
            schedule.Sweep("incomplete texts", 10, partial(self._sweep_by_clock, self._inbox.give_up_waiting)),
            schedule.Sweep("lines down", 10, partial(self._sweep_by_clock, self._stand_in)),
            schedule.Sweep("ported numbers", 10, partial(self._sweep, schedule.learn_from_reroutes)),
            schedule.Sweep("learned numbers", 3600, partial(self._sweep_by_clock, self._unlearn)),
            schedule.Sweep("silent parts", 600, partial(self._sweep_by_clock, schedule.expire_silent)),
            schedule.Sweep("polls", 600, partial(self._sweep_by_clock, self._close_polls)),
            schedule.Sweep("notices that come back", 600, partial(self._sweep_by_clock, self._draft_repeats)),
            schedule.Sweep("cases", 600, partial(self._sweep_by_clock, partial(schedule.move_cases, self._desk))),
            schedule.Sweep("staff", 10, partial(self._sweep_by_clock, self._tell_staff)),
            schedule.Sweep("monthly duties", 600, partial(self._sweep_by_clock, self._remind_of_duties)),
            schedule.Sweep("supervision", 600, partial(self._sweep_by_clock, self._supervision)),
        ]

    async def _sweep_by_clock(self, work: "schedule.Transaction") -> None:
        """What gives up because of its age: not while the clock is wrong, or everything would be given up at once."""
        since = (self._world.wall() - self._began).total_seconds()
        astray = since - (self._world.monotonic() - self._began_monotonic)
        if stepped := abs(astray) > CLOCK_STEP:
            if not self._clock_stepped:
                log.critical("clock was set: nothing expires until it is right, or the gateway started anew", s=astray)
        else:
            await self._sweep(work)
        self._clock_stepped = stepped

    async def _sweep(self, work: "schedule.Transaction") -> None:
        while await self._unless_down(lambda: self._in_transaction(work)) is schedule.MORE:
            pass

    def _stand_in(self, tx: sa.Connection, now_ms: int) -> None:
        if moved := rerouting.stand_in(tx, self._routes, now_ms):
            log.warning("a line is down: others send in its place", parts=moved)

    def _withdraw(self, tx: sa.Connection, now_ms: int) -> None:
        if withdrawn := number_desk.withdraw(tx, self._vault, self._number_rules, now_ms):
            log.warning("numbers became suspected: nothing personal goes there", parts=withdrawn)

    def _alarm(self, tx: sa.Connection, now_ms: int) -> None:
        schedule.raise_alarm(self._desk, Post(self._vault, self._prefixes), tx, now_ms)

    def _close_polls(self, tx: sa.Connection, now_ms: int) -> None:
        schedule.close_polls(self._settings.values.texts.reassembly_timeout_s + 60, tx, now_ms)

    def _draft_repeats(self, tx: sa.Connection, now_ms: int) -> None:
        schedule.draft_repeats(self._desk, self._settings.values.notices.validity_hours, tx, now_ms)

    def _tell_staff(self, tx: sa.Connection, now_ms: int) -> None:
        schedule.tell_staff(self._desk, Post(self._vault, self._prefixes), tx, now_ms)

    def _remind_of_duties(self, tx: sa.Connection, now_ms: int) -> None:
        schedule.remind_of_duties(self._desk, Post(self._vault, self._prefixes), self._duties, tx, now_ms)

    def _unlearn(self, tx: sa.Connection, now_ms: int) -> None:
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        roster_store.forget_expired_carriers(tx, self._vault, self._prefixes, now)

    async def _unless_down(self, work: "schedule.Work[Result]") -> "Result | None":
        """What a sweep does in the store. While the store is down there is nothing to sweep: the next run will."""
        try:
            return await self._in_store(work)
        except sa.exc.OperationalError as trouble:
            log.error("store failed, nothing swept", trouble=type(trouble).__name__)
            return None

    def _in_transaction(self, work: "schedule.Transaction") -> object:
        with self._database.write() as tx:
            if self._held is not None:
                lease.confirm(tx, self._held)
            return work(tx, self._world.wall_ms())

    async def _look_after_links(self) -> None:
        """Write down how the links stand, try refused logins again and watch lines where an operator wants it."""
        views = {
            name: (link.state.value, link.since, link.detail, link.counters()) for name, link in self._links.items()
        }
        wishes = await self._unless_down(lambda: self._tend(views))
        if wishes is None:
            return
        retries, traces = wishes
        for name, at in retries.items():
            if name in self._links and at > self._retried.get(name, self._began):
                self._retried[name] = at
                self._links[name].retry()
        if changed := self._tracer.tend(traces):
            await self._unless_down(lambda: self._in_transaction(lambda tx, _: tracing.record(tx, changed)))

    def _tend(self, views: dict[str, Any]) -> tuple[dict[str, datetime], dict[str, tracing.Trace]]:
        if views != self._reported:
            self._in_transaction(lambda tx, _: self._report(tx, views))
            self._reported = views
        with self._database.read() as tx:
            return carrier_desk.retries(tx), tracing.under_way(tx)

    def _report(self, tx: sa.Connection, views: dict[str, Any]) -> None:
        for name, (state, since, detail, counters) in views.items():
            carrier_desk.report_link(tx, name, state, since, detail, counters, self._world.wall())


def run(settings: Loaded, database: Database, vault: Vault) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit status; raises `errors.Refused` when it must not run."""
    loop = _new_loop()
    asyncio.set_event_loop(loop)
    from twisted.internet import asyncioreactor

    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    logs.start_reactor()
    from twisted.internet import defer
    from twisted.internet import reactor as installed

    reactor: Any = installed
    status = 0
    daemons: list[Daemon] = []
    refusals: list[errors.Refused] = []
    stopping: list[bool] = []

    async def main() -> None:
        nonlocal status
        daemon = Daemon(settings, database, vault)
        daemons.append(daemon)
        try:
            await daemon.start()
            status = await daemon.ended
        except errors.Refused as refusal:
            refusals.append(refusal)
        except Exception:  # a store that is locked or full: whoever started us may try again
            log.critical("gateway cannot start", exc_info=True)
            status = errors.UNAVAILABLE
        if reactor.running and not stopping:
            reactor.stop()

    async def stop() -> None:
        stopping.append(True)
        for daemon in daemons:
            await daemon.stop()

    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: defer.Deferred.fromFuture(asyncio.ensure_future(stop()))
    )
    reactor.callWhenRunning(lambda: loop.create_task(main()))
    reactor.run()
    if refusals:
        raise refusals[0]
    return status


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed (the `speed` extra), asyncio's own loop elsewhere."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
