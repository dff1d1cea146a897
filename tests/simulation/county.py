"""One county played from a seed: daemon, store, three carriers, operators, citizens, and everything that goes wrong.

Real are the daemon with its pump, tick, sessions, links and sweeps, the store, and the simulated carriers. Played
are time, network, the operating system (processes die at any commit or write) and people. For one minute things
go wrong; then all heals, what is under way settles, and `judge` says whether every promise was kept.
"""

import asyncio
import contextlib
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import msgspec
import sqlalchemy as sa

from carriers import dialects
from carriers.dialect import Command, Dialect
from carriers.profile import PROTOCOLS
from carriers.session import Session
from carriers.simulator.behaviour import Behaviour
from carriers.simulator.server import Carrier, Wires
from gateway import audit, carrier_desk, notices, outbox, roster_desk, schedule, singles
from gateway.casebook import Desk
from gateway.cli.desk import read_keys
from gateway.cli.init import make
from gateway.daemon import Daemon
from gateway.database import WRITE, Database
from gateway.errors import Refused
from gateway.played.network import Crash, Network, Process
from gateway.played.time import Timers, VirtualLoop
from gateway.played.world import Inline, played
from gateway.rerouting import Routes
from gateway.resources import prefixes, profiles
from gateway.settings import Loaded, load
from gateway.tables import attempt, part, text_part
from roster.audiences import Audience
from roster.importing import Entry
from roster.vault import Vault
from tests.conftest import NOON
from tests.postgres import Server

CARRIERS = {"mobile": "1380000", "unicom": "1300000", "telecom": "1330000"}
PEOPLE_EACH = 5
STRETCH = 3  # sweeps run more seldom than in life: a simulation has no time to lose
REFUSALS = {  # statuses of a refused submit: for now, for good, another carrier's number, unknown to all tables
    "smpp": (0x08, 0x0B, 0x45, 0x0400),
    "cmpp": (1, 6, 13, 120),
    "sgip": (5, 22, 32, 200),
    "smgp": (10, 39, 47, 130),
}
TROUBLE = 60.0  # seconds in which things go wrong
PATIENCE = 240.0  # seconds after which everything must have settled
LATER = timedelta(hours=60)  # when what never got a receipt has been given up


@dataclass(frozen=True, slots=True)
class Sent:
    """A text that a citizen sent."""

    carrier: str
    number: str
    words: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A submit that reached a carrier."""

    carrier: str
    part_id: int  # 0: no intent was in the store when it arrived
    token: str
    status: int
    fate: str | None
    reported: bool  # a receipt will tell
    ported: bool  # its receipt will say that another carrier serves the number: the part may be taken there, too


@dataclass
class Story:
    """What happened, for `judge`."""

    seed: int
    texts: list[Sent] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    consents: Counter[int] = field(default_factory=Counter)  # resends that the operator chose, by part
    events: list[str] = field(default_factory=list)
    crashes: int = 0
    failures: list[str] = field(default_factory=list)  # exceptions that nobody expected
    settled: bool = False
    stopped_after: float = 0.0

    def tell(self, at: float, what: str) -> None:
        """For the one who reads why a seed failed."""
        self.events.append(f"{at:8.3f}  {what}")


class Template:
    """A working folder with a roster, made once; every seed gets a copy of its store. `server`: on PostgreSQL."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self._server = server
        make(folder, "office")
        loaded = load(folder, {})
        values = loaded.values
        slim = {
            name: msgspec.structs.replace(
                carrier, rate=40.0, window=6, response_timeout=6.0, keepalive=5.0, keepalive_timeout=3.0,
                bind_timeout=4.0,
            )
            for name, carrier in values.carriers.items()
        }  # fmt: skip
        self.settings = Loaded(
            folder,
            msgspec.structs.replace(
                values,
                carriers=slim,
                daemon=msgspec.structs.replace(values.daemon, poll_ms=1000.0, lease_s=5.0),
                notices=msgspec.structs.replace(values.notices, quiet_from="03:00", quiet_until="03:00"),
                texts=msgspec.structs.replace(values.texts, reassembly_timeout_s=25, minutes_apart=0),
            ),
        )
        keys = read_keys(loaded)
        self.vault, self.seal_key = Vault(keys), keys.seal
        self.numbers = {name: [f"{head}{n:04d}" for n in range(1, PEOPLE_EACH + 1)] for name, head in CARRIERS.items()}
        self.everybody = [number for theirs in self.numbers.values() for number in theirs]
        entries = [
            Entry(row, f"+86{number}", f"孙{number[-3:]}", "", "教师", "城关镇", "东赵村")
            for row, number in enumerate(self.everybody)
        ]
        database = Database(loaded.store_url() if server is None else server.create("county"))
        if server is not None:
            database.upgrade()
        with database.write() as tx:
            plan = roster_desk.Plan(tuple(entries), (), 0, ())
            roster_desk.apply(tx, self.vault, prefixes(self.settings), plan, NOON)
        if server is None:
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def copy(self, seed: int) -> str:
        """A store of its own. Its address."""
        if self._server is None:
            file = self.settings.folder / f"seed-{seed}.db"
            shutil.copy(self.settings.folder / "xinqiao.db", file)
            return f"sqlite:///{file}"
        self._server.execute(f"CREATE DATABASE county_{seed} TEMPLATE county")
        return self._server.url(f"county_{seed}")

    def forget(self, seed: int) -> None:
        """Throw it away."""
        if self._server is not None:
            self._server.execute(f"DROP DATABASE county_{seed} WITH (FORCE)")
        for file in self.settings.folder.glob(f"seed-{seed}.db*"):
            file.unlink()


class County:
    """One run."""

    def __init__(self, template: Template, seed: int, url: str) -> None:
        self.chance = Random(f"county {seed}")
        self.story = Story(seed)
        self.template, self.vault = template, template.vault
        self.settings = _speaking(template.settings, self.chance)
        self.loop = VirtualLoop()
        self.network = Network(self.loop, Random(f"network {seed}"))
        self.url = url
        self.database = Database(self.url)  # what commands and judges use
        _forget_syncing(self.database)
        self.carriers = {name: self._carrier(name, n) for n, name in enumerate(CARRIERS)}
        self.network.doors = {name: Wires(one) for name, one in self.carriers.items()}
        self.process: Process | None = None
        self.daemon: Daemon | None = None
        self.store_fails = 0.0  # share of transactions that the store refuses
        self.slow_disk = self.chance.choice((0.0, 0.02, 0.1))  # share of commits that take long
        self.cut_in_commit = self.chance.choice((0.0, 0.0, 0.03))  # share of commits during which a link is cut
        self.healed = False
        self.references: Counter[str] = Counter()
        self.on_disk: dict[int, int] = {}  # the last sequence number of each session whose intent is synced
        self.being_synced: dict[int, int] | None = None  # the same, by the sync under way
        self.sessions = itertools.count()
        self.connections: list[Any] = []  # of the gateway's processes with the store, dead ones' too
        self.refusals = Routes.of(self.settings.values.carriers, profiles(self.settings)).refusals

    def now(self) -> datetime:
        """The wall clock."""
        return NOON + timedelta(seconds=self.loop.time())

    def syncing(self) -> float:
        """Seconds that a commit takes. Meanwhile a link may go."""
        if self.network.chance.random() < self.cut_in_commit:
            self.carriers[self.network.chance.choice(list(CARRIERS))].cut()
        slow = self.network.chance.random() < self.slow_disk
        return self.network.chance.uniform(0.05, 3.5) if slow else 0.002 * self.network.chance.random()

    def run(self) -> Story:
        """Play it."""
        asyncio.set_event_loop(self.loop)
        self.loop.set_exception_handler(self._failed)
        try:
            with mock.patch.object(Session, "gateway", self._numbered(Session.gateway)):
                self.loop.run_until_complete(self._play())
        finally:
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self.loop.close()
            asyncio.set_event_loop(None)
        return self.story

    def _numbered(self, right: Any) -> Any:
        """Where submits have no reference, sequence numbers that no other session has: they tell the part."""

        def gateway(*given: Any, **named: Any) -> Session:
            session: Session = right(*given, **named)
            if session.dialect.protocol != "smpp":
                session._next_sequence = next(self.sessions) * 100_000 + 1
            return session

        return gateway

    def _failed(self, _loop: object, context: dict[str, Any]) -> None:
        trouble = context.get("exception")
        if trouble is not None and not isinstance(trouble, Crash):
            self.story.failures.append(f"{type(trouble).__name__}: {trouble}"[:200])

    async def _play(self) -> None:
        self._start()
        self._plan()
        await asyncio.sleep(TROUBLE)
        self._heal()
        deadline = self.loop.time() + PATIENCE
        while not self._quiet() and self.loop.time() < deadline:
            await asyncio.sleep(2.0)
        await asyncio.sleep(8.0)
        self.story.settled = self._quiet()
        await self._stop()
        with self.database.write() as tx:
            later = round((self.now() + LATER).timestamp() * 1000)
            for sweep in (
                schedule.expire_waiting, schedule.expire_silent, schedule.finish_notices,
                partial(schedule.settle_replies, Desk.from_settings(self.settings)),
            ):  # fmt: skip
                sweep(tx, later)

    # -------------------------------------------------------------------------------------------- the gateway's process

    def _start(self) -> None:
        """A service manager that starts the daemon again until it runs."""
        process = self.process = Process()
        process.on_death = self._died
        if not self.healed and self.chance.random() < 0.7:
            soon = self.chance.random() < 0.3
            process.dies_at = self.chance.randint(1, 30 if soon else 500)
        database = _Fallible(self.url, self, process)
        thread = partial(_Disk, self, process)
        world = played(self.network, process, self.now, thread, lambda sweep: sweep.every_s * STRETCH)
        self.daemon = Daemon(self.settings, database, self.vault, world)
        self.loop.create_task(self._watch(process, self.daemon, database))

    async def _watch(self, process: Process, daemon: Daemon, database: Database) -> None:
        try:
            await daemon.start()
            code = await daemon.ended
        except (Refused, sa.exc.SQLAlchemyError) as refusal:
            code, words = 1, str(refusal)
            self.story.tell(self.loop.time(), f"refused to start: {words[:80]}")
        if code and process.alive:  # it gave up: what a process does then is end
            process.on_death = lambda where: None
            process.die("gave up")
            database.close()
            self.loop.call_later(1.0, self._start)

    def _died(self, where: str) -> None:
        self.story.crashes += 1
        self.story.tell(self.loop.time(), f"killed {where}")
        self.loop.call_later(0.5 + 7.5 * self.chance.random(), self._start)

    async def _stop(self) -> None:
        began = self.loop.time()
        if self.daemon is not None:
            await self.daemon.stop()
        self.story.stopped_after = self.loop.time() - began

    # -------------------------------------------------------------------------------------------------- what is played

    def _carrier(self, name: str, index: int) -> Carrier:
        chance = self.chance
        often = chance.choice((0.0, 0.0, 0.05, 0.3))
        hex_and_decimal = chance.random() < 0.4
        protocol = self.settings.values.carriers[name].protocol
        behaviour = Behaviour(
            name=name,
            protocol=protocol,
            access_number=self.settings.values.carriers[name].access_number,
            seed=chance.randrange(1 << 20) * 3 + index,
            window=20,
            id_form="hex" if hex_and_decimal else chance.choice(("hex", "decimal", "long")),
            receipt_id_form="decimal" if hex_and_decimal else "",
            receipt_form=chance.choice(("text", "tlv", "both", "junk")),
            receipt_delay=(0.01, chance.choice((0.1, 4.0))),
            receipt_never=chance.choice((0.0, 0.05, 0.2)),
            receipt_twice=chance.choice((0.0, 0.2)),
            receipt_early=chance.choice((0.0, 0.3)),
            enroute=chance.choice((0.0, 0.3)),
            undelivered=chance.choice((0.0, 0.2)),
            ported=tuple(chance.sample(self.template.numbers[name], chance.choice((0, 0, 2)))),
            answer_delay=(0.0, chance.choice((0.0, 0.05, 1.0, 8.0))),
            throttle=often,
            refuse=chance.choice((0.0, 0.1)),
            refuse_status=chance.choice(REFUSALS[protocol.rstrip("23")]),
            cut_before_answer=chance.choice((0.0, 0.02, 0.1)),
            redeliver_after=3.0,
        )
        return _Watched(behaviour, Timers(self.loop), self, name)

    def _plan(self) -> None:
        at, chance = self._at, self.chance
        for n in range(2):
            at(chance.uniform(0.5, 30.0), lambda n=n: self._notice(n))  # type: ignore[misc]
        for n in range(6):
            at(chance.uniform(0.5, 55.0), lambda n=n: self._single(n))  # type: ignore[misc]
        for n in range(12):
            at(chance.uniform(0.5, 55.0), lambda n=n: self._text(n))  # type: ignore[misc]
        for _ in range(chance.randint(0, 10)):
            at(chance.uniform(1.0, 55.0), self._trouble)
        if chance.random() < 0.5:
            self.network.slowness = chance.choice((0.01, 0.3, 2.0))
        self.network.pieces = chance.choice((0.0, 0.3))

    def _at(self, when: float, what: Any) -> None:
        self.loop.call_later(when, what)

    def _notice(self, n: int) -> None:
        body = f"【肥乡双向沟通办】第{n}号:明天上午九点开会。" + ("请带好材料准时参加。" * 9) * (
            n * self.chance.randint(0, 2)
        )
        with self.database.write() as tx:
            one = notices.draft(
                tx, title="", topic="教育", body=body, audience=Audience(), author="甲", now=self.now(),
                validity_hours=24,
            )  # fmt: skip
            notices.approve(tx, self.vault, one.id, "乙", None, list(CARRIERS), 0, self.now())
            self._note(tx, "notice.approve", f"notice {one.id}")
            notices.send(tx, one.id, self.now(), self.now())
        self.story.tell(self.loop.time(), f"notice {one.id} sent")
        then = self.chance.random()
        wait = self.chance.uniform(0.0, 8.0)
        if then < 0.2:
            self._at(wait, lambda: self._command(lambda tx: notices.cancel(tx, one.id, self.now()), f"cancel {one.id}"))
        elif then < 0.4:
            self._at(wait, lambda: self._command(lambda tx: notices.pause(tx, one.id, "甲"), f"pause {one.id}"))
            self._at(wait + 9.0, lambda: self._command(lambda tx: notices.resume(tx, one.id), f"resume {one.id}"))

    def _single(self, n: int) -> None:
        number = self.chance.choice(self.template.everybody)
        order = singles.Order(1, number, f"第{n}条单发")
        with self.database.write() as tx:
            singles.send(
                tx,
                self.vault,
                self.settings.values,
                prefixes(self.settings),
                [order],
                "【肥乡双向沟通办】",
                "甲",
                self.now(),
            )

    def _text(self, n: int) -> None:
        chance = self.chance
        name = chance.choice(list(CARRIERS))
        number = chance.choice([*self.template.numbers[name], f"{CARRIERS[name]}99{n:02d}"])
        words = chance.choice(
            (
                f"第{n}件事:东赵村的路灯坏了,天黑以后走路很危险。",
                f"第{n}件事:" + "村口的水管漏水,已经漏了很多天,没有人来修。" * chance.randint(3, 8),
                f"第{n}件事: the bridge is broken",
                f"第{n}件" + "!" * chance.randint(1, 9) + "😀村口的水管漏水了" * chance.randint(8, 12),
            )
        )
        if chance.random() < 0.25:
            words = chance.choice(("TD", "CX", "谢谢", "1", "KT"))
        if any(one.number == number and one.words == words for one in self.story.texts):
            return
        carrier = self.carriers[name]
        units = len(words.encode("utf-16-be")) // 2
        parts = -(-units // 67) if units > 70 else 1
        order = list(range(1, parts + 1))
        chance.shuffle(order)
        missing = [order[0]] if parts > 1 and chance.random() < 0.15 else []
        carrier._reference = self.references[number] = self.references[number] + 1  # citizens' phones count alike
        carrier.text(number, words, order=order, missing=missing, twice=chance.random() < 0.3)
        self.story.texts.append(Sent(name, number, words, not missing))
        self.story.tell(self.loop.time(), f"text {n} from {number} over {name}, {parts} parts")

    def _trouble(self) -> None:
        """One fault, healed by itself after a while or by `_heal`."""
        chance = self.chance
        name = chance.choice(list(CARRIERS))
        carrier, lasts = self.carriers[name], chance.uniform(0.5, 15.0)
        kind = chance.choice(
            (
                "cut",
                "cut",
                "unbind",
                "stall",
                "clog",
                "refuse",
                "throttle",
                "closed",
                "store",
                "store",
                "poison",
                "hold",
            )
        )
        self.story.tell(self.loop.time(), f"trouble: {kind} {name}")
        match kind:
            case "cut":
                carrier.cut()
            case "unbind":
                carrier.unbind()
            case "stall":
                carrier.stall(True)
                self._at(lasts, lambda: carrier.stall(False))
            case "clog":
                self.network.clogged.add(name)
                self._at(lasts, lambda: self.network.unclog({name}))
            case "refuse":
                carrier.refuse_binds = chance.choice((0x08, 0x0E, 0x14))
                self._at(lasts, lambda: setattr(carrier, "refuse_binds", 0))
            case "throttle":
                carrier.brain.throttling = True
                self._at(lasts, lambda: setattr(carrier.brain, "throttling", False))
            case "closed":
                self.network.closed_doors.add(name)
                carrier.cut()
                self._at(lasts, lambda: self.network.closed_doors.discard(name))
            case "store":
                self.store_fails = chance.choice((0.05, 0.5, 1.0))
                if chance.random() < 0.7:
                    self._at(lasts, lambda: setattr(self, "store_fails", 0.0))
            case "poison":
                carrier.raw(_poison(dialects.carrier(self.settings.values.carriers[name].protocol, NOON)))
            case "hold":
                self._command(lambda tx: carrier_desk.hold(tx, name, "甲", "", self.now()), f"hold {name}")
                self._at(lasts, lambda: self._command(lambda tx: carrier_desk.release(tx, name, self.now()), "release"))

    def _command(self, what: Any, words: str) -> None:
        """A command of an operator; the program may refuse it."""
        with contextlib.suppress(Refused), self.database.write() as tx:
            what(tx)
            self.story.tell(self.loop.time(), words)

    def _heal(self) -> None:
        """Everything works from now on, and an operator looks after what waits for him."""
        self.healed = True
        self.store_fails = self.slow_disk = self.cut_in_commit = 0.0
        self.network.slowness = 0.0
        self.network.closed_doors.clear()
        self.network.unclog(set(CARRIERS))
        if self.process is not None:
            self.process.dies_at = None
        for carrier in self.carriers.values():
            carrier.refuse_binds, carrier.brain.throttling = 0, False
            carrier.brain.behaviour = carrier.behaviour = calm(carrier.brain.behaviour)
            if carrier.stalled:
                carrier.stall(False)
        self._at(20.0, self._look_after)
        self.story.tell(self.loop.time(), "healed")

    def _look_after(self) -> None:
        for name in CARRIERS:
            self._command(lambda tx, name=name: carrier_desk.release(tx, name, self.now()), f"release {name}")  # type: ignore[misc]
        with self.database.write() as tx:
            doubtful = outbox.doubts(tx, False)
            if doubtful and self.chance.random() < 0.3:
                chosen = doubtful[0].message_id
                for one in doubtful:
                    if one.message_id == chosen:
                        self.story.consents[one.part_id] += 1
                outbox.retry(tx, chosen, round(self.now().timestamp() * 1000), outbox.HOUR)
                self._note(tx, "message.retry", f"message {chosen}")
                self.story.tell(self.loop.time(), f"operator sends message {chosen} again")

    def _note(self, tx: sa.Connection, verb: str, subject: str) -> None:
        """As the commands do: on record with what it is about."""
        audit.record(tx, self.template.seal_key, "乙", verb, subject, {}, self.now())

    def _quiet(self) -> bool:
        """Nothing waits that could go on by itself."""
        if self.loop.time() < TROUBLE + 22.0:
            return False
        if any(one.counts()["bound"] != 1 or one._deliveries or one._due for one in self.carriers.values()):
            return False
        with self.database.read() as tx:
            moving = sa.select(part.c.id).where(part.c.state.in_(("queued", "sending"))).limit(1)
            open_parts = sa.select(text_part.c.id).where(text_part.c.text_id.is_(None)).limit(1)
            return tx.execute(moving).first() is None and tx.execute(open_parts).first() is None

    def arrived(self, carrier: str, line: dict[str, Any]) -> None:
        """A submit has reached a carrier. Its reference tells its part, or its sequence number: see `_numbered`."""
        given = {"carrier": carrier, "sequence": line["sequence"], "reference": line["reference"]}
        with self.database.read() as tx:
            found = tx.execute(_INTENT, given).first()
        on_record = found is not None and line["sequence"] <= self.on_disk.get(found.session, 0)
        part_id = found.part_id if on_record else 0
        fate = line["fate"].value if line["fate"] else None
        ported = bool(fate) and line["error"] in self.refusals[carrier]
        self.story.seen.append(Seen(carrier, part_id, line["token"], line["status"], fate, line["reported"], ported))

    def intents(self) -> dict[int, int]:
        """The last sequence number of each session whose intent is committed."""
        with self.database.read() as tx:
            return {row[0]: row[1] for row in tx.execute(_INTENTS)}


_INTENT = (
    sa.select(attempt.c.part_id, attempt.c.session)
    .where(
        attempt.c.carrier == sa.bindparam("carrier"),
        attempt.c.sequence == sa.bindparam("sequence"),
        attempt.c.part_id == sa.func.coalesce(sa.bindparam("reference", type_=sa.BigInteger), attempt.c.part_id),
    )
    .order_by(attempt.c.session.desc())
    .limit(1)
)
_INTENTS = sa.select(attempt.c.session, sa.func.max(attempt.c.sequence)).group_by(attempt.c.session)


def play(template: Template, seed: int) -> tuple[County, Story]:
    """Run a seed on a store of its own. The caller judges while the county's store still exists."""
    county = County(template, seed, template.copy(seed))
    return county, county.run()


def forget(county: County) -> None:
    """Throw the store away, with what processes that died had open: the kernel would have closed it."""
    county.database.close()
    for connection in county.connections:
        connection.close()
    county.template.forget(county.story.seed)


# ------------------------------------------------------------------------------------------------------------- stage


def calm(behaviour: Behaviour) -> Behaviour:
    """The same carrier without its quirks: it takes everything at once, and reports that it arrived."""
    return replace(
        behaviour,
        throttle=0.0,
        refuse=0.0,
        cut_before_answer=0.0,
        answer_delay=(0.0, 0.0),
        receipt_never=0.0,
        undelivered=0.0,
    )


def _speaking(settings: Loaded, chance: Random) -> Loaded:
    """The settings with a protocol for each carrier: half of all counties speak SMPP alone."""
    protocols = PROTOCOLS if chance.random() < 0.5 else ("smpp",)
    carriers = {
        name: msgspec.structs.replace(one, protocol=chance.choice(protocols), account="county", node=3_031_054_321)
        for name, one in settings.values.carriers.items()
    }
    return Loaded(settings.folder, msgspec.structs.replace(settings.values, carriers=carriers))


def _poison(dialect: Dialect) -> bytes:
    """A text of two octets, whatever the protocol."""
    command = next(code for code, meaning in dialect.commands.items() if meaning is Command.DELIVER)
    fields = len(dialect.header.unpack(bytes(dialect.header.size)))
    return dialect.header.pack(dialect.header.size + 2, command, *[0] * (fields - 3), 0xFF) + bytes(2)


class _Watched(Carrier):
    """A simulated carrier whose submits are watched."""

    def __init__(self, behaviour: Behaviour, reactor: Any, county: County, name: str) -> None:
        super().__init__(behaviour, reactor)
        self._county, self._name, self.notes = county, name, True

    def note(self, what: str, **details: Any) -> None:
        """What the log would say."""
        if what == "submit":
            self._county.arrived(self._name, details)


class _Fallible(Database):
    """The daemon's store: a process may die around every commit, and transactions may fail."""

    def __init__(self, url: str, county: County, process: Process) -> None:
        super().__init__(url)
        self._county, self._process = county, process
        _forget_syncing(self)
        sa.event.listen(self.engine, "connect", lambda connection, _record: county.connections.append(connection))

    def durability(self) -> None:
        """Power cuts are another programme's matter: syncing is off here."""

    def sync(self) -> None:
        """What is committed by now counts as on the disk once this is known."""
        self._county.being_synced = self._county.intents()

    @contextlib.contextmanager
    def _transaction(self, connection: sa.Connection, begin: Mapping[str, str]) -> Iterator[None]:
        writes = begin is WRITE
        with super()._transaction(connection, begin):
            yield
            if writes:
                self._process.point("before a commit")
                if self._county.chance.random() < self._county.store_fails:
                    raise sa.exc.OperationalError("COMMIT", {}, Exception("database is locked"))
        if writes:
            self._process.point("after a commit")


class _Disk(Inline):
    """A thread whose work may be a sync: what that covers is on the disk when it is known to have returned."""

    def __init__(self, county: "County", process: Process) -> None:
        super().__init__(county.loop, process)
        self._county = county
        self._busy_until = 0.0

    def later(self, what: Callable[[], None]) -> None:
        """One after the other, a sync as long as the county's disk takes."""
        county = self._county
        synced, county.being_synced = county.being_synced, None

        def known() -> None:
            county.on_disk.update(synced or {})
            what()

        takes = county.syncing() if synced is not None else 0.0005 * county.network.chance.random()
        self._busy_until = max(self._busy_until, county.loop.time()) + takes
        county.loop.call_at(self._busy_until, self.process.guard, known)


def _forget_syncing(database: Database) -> None:
    @sa.event.listens_for(database.engine, "connect")
    def _(connection: Any, _record: object) -> None:
        sqlite = database.engine.dialect.name == "sqlite"
        connection.execute("PRAGMA synchronous = OFF" if sqlite else "SET synchronous_commit = off").close()
        if not sqlite:
            connection.commit()
