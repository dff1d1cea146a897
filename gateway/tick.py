"""One tick: everything that came in and everything that may go out, in one transaction.

In: answers, receipts, texts, lost submits. Out: what to acknowledge and what to submit, but only when the
COMMIT is on the disk: `run` returns it, the daemon writes it to the sockets after `sync`. Hence a text is
acknowledged only when it is stored, and a submit is on record before it is on the wire.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from carriers.events import DeliveryReceipt, Handle, InboundText, Unreadable, Verdict
from gateway import carrier_desk, lease, notices, outbox, quarantine, receipts, rerouting, settling
from gateway.compose import Composer, Submit
from gateway.database import Database
from gateway.inbox import Inbox
from gateway.outbox import DIRECT, Claimed, PartState
from gateway.rerouting import Routes
from gateway.settling import Answer
from gateway.tables import carrier_status
from roster import store as roster_store
from roster.phones import Fault, parse
from roster.vault import Vault

LANES_AGE_MS = 1_000  # quiet hours and send times are looked at again so often
_HELD = sa.select(carrier_status.c.carrier).where(carrier_status.c.held_at.isnot(None))


@dataclass(slots=True)
class Arrivals:
    """What came from one carrier since the last tick. `session` says on which connection of all time."""

    answers: list[Answer] = field(default_factory=list)
    receipts: list[tuple[int, DeliveryReceipt]] = field(default_factory=list)
    texts: list[tuple[int, InboundText]] = field(default_factory=list)
    unreadable: list[tuple[int, Unreadable]] = field(default_factory=list)
    uncertain: list[tuple[int, int, int]] = field(default_factory=list)  # (session, sequence, part)
    unsent: list[tuple[int, int, int]] = field(default_factory=list)  # intent recorded, never on the wire
    octets: int = 0  # of texts, receipts and what was unreadable

    def __len__(self) -> int:
        """How many events."""
        heard = len(self.answers) + len(self.receipts) + len(self.texts) + len(self.unreadable)
        return heard + len(self.uncertain) + len(self.unsent)

    def to_acknowledge(self) -> list[tuple[int, Handle]]:
        """(session, answer) of everything that the carrier waits to hear about."""
        kept = [(session, receipt.answer) for session, receipt in self.receipts]
        kept += [(session, text.answer) for session, text in self.texts]
        return kept + [(session, one.answer) for session, one in self.unreadable if one.answer is not None]


@dataclass(frozen=True, slots=True)
class Room:
    """How many submits a carrier's session takes now, and the sequence numbers kept for them.

    `stamp` is what the numbers begin with on the wire where the protocol has it so (SGIP): the whole is then the id
    that receipts will name, and is known before the carrier has answered.
    """

    session: int
    first_sequence: int
    count: int
    stamp: bytes = b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to do when it is committed, and synced."""

    submits: dict[str, list[Submit]]
    more: frozenset[str]  # carriers that may have more waiting than there was room for
    renewed: bool  # the lease runs anew from this tick
    refreshed: bool  # others have changed the store, or time has passed: any carrier may have something to send
    wanted: frozenset[str]  # carriers whose lines rest, though something waits for them


class Tick:
    """Runs ticks on one long-lived connection. Blocking; `sync` is meant for a thread of its own."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        held: lease.Lease,
        lease_ms: int,
        inbox: Inbox,
        composer: Composer,
        zone: ZoneInfo,
        quiet: tuple[time, time],
        routes: Routes,
    ) -> None:
        self._database = database
        self._vault = vault
        self._held = held
        self._inbox = inbox
        self._composer = composer
        self._zone, self._quiet, self._routes = zone, quiet, routes
        self._lease_ms = lease_ms
        self._renewed_at = 0
        self._connection: sa.Connection | None = None
        self._doubtful: list[Room] = []  # of ticks that failed: their COMMIT may have been carried out
        self._lanes: Sequence[notices.Lane] = ()
        self._stopped_carriers: frozenset[str] = frozenset()
        self._lanes_version: object = None
        self._lanes_at = 0

    def run(
        self,
        arrivals: Mapping[str, Arrivals],
        rooms: Mapping[str, Room],
        now_ms: int,
        resting: Sequence[str] = (),
        *,
        waits: bool = True,
    ) -> Outcome:
        """One transaction. Raises what the store raises: call it again with what came; `LeaseLost` when fenced off.

        `waits`: for another writer. Else it raises `StoreBusy` while there is one, and nothing has happened.
        """
        recorded: list[Room] = []
        try:
            with self._database.immediate(self._connected(), waits=waits) as tx:
                lease.confirm(tx, self._held)
                renewed = self._renew(tx, now_ms)
                settling.take_back(tx, ((one.session, one.first_sequence, one.count) for one in self._doubtful), now_ms)
                for carrier, came in arrivals.items():
                    self._settle(tx, carrier, came, now_ms)
                    self._receive(tx, carrier, came, now_ms)
                refreshed = self._refresh(tx, now_ms)
                submits, more = self._send(tx, rooms, now_ms)
                wanted = frozenset(name for name in resting if self._is_wanted(tx, name, now_ms))
                recorded = [rooms[carrier] for carrier in submits]
        except sa.exc.SQLAlchemyError:
            self._doubtful += recorded  # it was the COMMIT that failed
            self.close()
            raise
        self._doubtful.clear()
        if renewed:
            self._renewed_at = now_ms
        return Outcome(submits, more, renewed, refreshed, wanted)

    @property
    def is_quick(self) -> bool:
        """Whether a tick neither syncs nor asks another machine."""
        return self._database.is_quick

    def sync(self) -> None:
        """Return when every tick that has run is on the disk. Raises `SyncFailed`."""
        self._database.sync()

    def poll(self) -> object:
        """A value that changes when another connection has committed something. Raises what the store raises."""
        try:
            return self._database.data_version(self._connected())
        except sa.exc.SQLAlchemyError:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back; the next tick takes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._lanes_version = None, None

    def _connected(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._database.connect_unsynced()
        return self._connection

    def _renew(self, tx: sa.Connection, now_ms: int) -> bool:
        if abs(now_ms - self._renewed_at) < self._lease_ms // 3:
            return False
        lease.renew(tx, self._held, now_ms, self._lease_ms)
        return True

    # ------------------------------------------------------------------------------------------------------ in

    def _settle(self, tx: sa.Connection, carrier: str, came: Arrivals, now_ms: int) -> None:
        settling.put_back(tx, came.unsent, now_ms)
        if came.answers:
            keys = settling.settle_answers(tx, carrier, came.answers, now_ms)
            for answer in came.answers:
                if answer.event.verdict is Verdict.WRONG_NETWORK:
                    token, said = answer.event.token, answer.event.reason
                    rerouting.not_its_own(tx, carrier, [token], said, self._routes, PartState.FAILED, now_ms)
            receipts.match_early(tx, carrier, keys, now_ms, self._routes)
            if any(answer.event.verdict is Verdict.CONFIGURATION for answer in came.answers):
                carrier_desk.hold_for_configuration(tx, carrier, came.answers, now_ms)
        if came.receipts:
            events = [event for _, event in came.receipts]
            receipts.settle(tx, carrier, events, now_ms, self._person_of(tx), self._sealer("receipt"), self._routes)
        if came.uncertain:
            settling.settle_uncertain(tx, came.uncertain, "no answer", now_ms)
            receipts.match_uncertain(tx, carrier, now_ms)

    def _receive(self, tx: sa.Connection, carrier: str, came: Arrivals, now_ms: int) -> None:
        for _, event in came.texts:
            self._inbox.receive(tx, carrier, event, now_ms)
        quarantine.keep_unreadable(tx, self._vault, carrier, [unread for _, unread in came.unreadable], now_ms)

    def _person_of(self, tx: sa.Connection) -> Callable[[str], int | None]:
        def find(written: str) -> int | None:
            number = parse(written)
            if isinstance(number, Fault):
                return None
            person = roster_store.person_by_phone(tx, self._vault, number)
            return None if person is None else person.id

        return find

    def _sealer(self, place: str) -> Callable[[bytes], bytes]:
        return lambda raw: self._vault.seal_raw(place, raw)

    # ----------------------------------------------------------------------------------------------------- out

    def _send(
        self, tx: sa.Connection, rooms: Mapping[str, Room], now_ms: int
    ) -> tuple[dict[str, list[Submit]], frozenset[str]]:
        submits: dict[str, list[Submit]] = {}
        more = set()
        for carrier, room in rooms.items():
            if carrier in self._stopped_carriers or room.count <= 0:
                continue
            claimed = self._claim(tx, carrier, room, now_ms)
            if len(claimed) == room.count:
                more.add(carrier)
            if claimed:
                ready, unreadable = self._composer.compose(tx, carrier, claimed, room.stamp)
                settling.fail(tx, [(room.session, one.sequence, one.part_id) for one in unreadable], now_ms)
                submits[carrier] = ready
        return submits, frozenset(more)

    def _claim(self, tx: sa.Connection, carrier: str, room: Room, now_ms: int) -> list[Claimed]:
        """Replies and single messages first, then the notices in their order."""
        claimed: list[Claimed] = []
        for lane in (DIRECT, *(lane.notice_id for lane in self._lanes)):
            left = room.count - len(claimed)
            if left <= 0:
                break
            first = room.first_sequence + len(claimed)
            claimed += outbox.claim(tx, carrier, lane, left, room.session, first, now_ms, room.stamp)
        return claimed

    def _is_wanted(self, tx: sa.Connection, carrier: str, now_ms: int) -> bool:
        """Whether anything could be submitted over a carrier now."""
        if carrier in self._stopped_carriers:
            return False
        lanes = (DIRECT, *(lane.notice_id for lane in self._lanes))
        return any(outbox.is_waiting(tx, carrier, lane, now_ms) for lane in lanes)

    def _refresh(self, tx: sa.Connection, now_ms: int) -> bool:
        """Look again at what is running and held, when anybody else has changed the store or time has passed."""
        version = self._database.data_version(tx)
        if version == self._lanes_version and now_ms - self._lanes_at < LANES_AGE_MS:
            return False
        self._lanes_version, self._lanes_at = version, now_ms
        self._lanes = notices.runnable(tx, datetime.fromtimestamp(now_ms / 1000, UTC), self._zone, self._quiet)
        self._composer.use(self._lanes)
        self._stopped_carriers = frozenset(tx.scalars(_HELD))
        return True
