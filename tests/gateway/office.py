"""An office for tests: the tick with everything behind it, on a store in a file, driven by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from carriers.events import Concatenation, DeliveryReceipt, InboundText, ReceiptState, SubmitAnswered, Verdict
from gateway import case_clock, case_ladder, lease, resources, roster_desk
from gateway.casebook import Desk
from gateway.cli.desk import read_keys
from gateway.compose import Composer
from gateway.database import Database
from gateway.inbox import Inbox
from gateway.rerouting import Routes
from gateway.resources import prefixes
from gateway.settings import load
from gateway.settling import Answer
from gateway.tick import Arrivals, Outcome, Room, Tick
from roster.importing import Entry
from roster.vault import Vault
from tests.conftest import NOON

SESSION = (1 << 24) + 1
HOME = "10657000001"


@dataclass
class Office:
    """A gateway without its network. `minutes` is how long after noon it is."""

    folder: Path
    minutes: float = 0.0
    sequence: int = 1
    sent: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = load(self.folder, {})
        self.database = Database(self.settings.store_url())
        self.keys = read_keys(self.settings)
        self.vault = Vault(self.keys)
        self.desk = Desk.from_settings(self.settings)
        profiles = resources.profiles(self.settings)
        self.inbox = Inbox(self.settings, self.vault, profiles, self.desk)
        with self.database.write() as tx:
            self.held = lease.take(tx, "tests:1", self.now_ms, 3_600_000)
        self.tick = Tick(
            self.database,
            self.vault,
            self.held,
            3_600_000,
            self.inbox,
            Composer(profiles, self.vault),
            self.settings.zone(),
            self.settings.quiet_hours(),
            Routes.of(self.settings.values.carriers, profiles),
        )

    @property
    def now(self) -> datetime:
        return NOON + timedelta(minutes=self.minutes)

    @property
    def now_ms(self) -> int:
        return round(self.now.timestamp() * 1000)

    def join(self, *numbers: str, category: str = "教师", township: str = "城关镇") -> None:
        """Informants with these national numbers."""
        entries = tuple(
            Entry(i, f"+86{number}", f"钱{number[-3:]}", "", category, township, "东赵村")
            for i, number in enumerate(numbers)
        )
        with self.database.write() as tx:
            plan = roster_desk.Plan(entries, (), 0, ())
            roster_desk.apply(tx, self.vault, prefixes(self.settings), plan, self.now)

    def run(self, carrier: str = "mobile", room: int = 0, **came: Any) -> Outcome:
        """One tick: what came from the carrier, and room for so many submits."""
        rooms = {carrier: Room(SESSION, self.sequence, room)} if room else {}
        self.sequence += room
        return self.tick.run({carrier: Arrivals(**came)} if came else {}, rooms, self.now_ms)

    def submit(self, room: int = 100, carrier: str = "mobile") -> list[Any]:
        """What may go now, as the carrier reads it: (sequence, part, SubmitReceived)."""
        from carriers import smpp

        submits = self.run(carrier, room).submits.get(carrier, [])
        return [(sequence, part, smpp.read_submit(pdu)) for sequence, part, pdu in submits]

    def deliver(self, submits: Sequence[Any], state: ReceiptState = ReceiptState.DELIVERED) -> None:
        """The carrier takes these and reports on them."""
        answers = [
            Answer(SESSION, SubmitAnswered(sequence, part, Verdict.ACCEPTED, 0, f"ID{part}"))
            for sequence, part, _ in submits
        ]
        self.run(answers=answers)
        receipts = [
            (SESSION, DeliveryReceipt(i, f"ID{part}", state, "", submit.destination, b"raw"))
            for i, (_, part, submit) in enumerate(submits, 1)
        ]
        self.run(receipts=receipts)
        self.settle_replies()

    def sweep(self) -> int:
        """What the daemon does for cases by the clock."""
        with self.database.write() as tx:
            return case_clock.sweep(tx, self.desk, self.now)

    def supervise(self) -> int:
        """What the daemon does about units that are silent."""
        post = case_ladder.Post(self.vault, prefixes(self.settings))
        with self.database.write() as tx:
            return case_ladder.sweep(tx, self.desk, post, self.now)

    def settle_replies(self) -> None:
        """What the daemon's sweep does every two seconds."""
        with self.database.write() as tx:
            case_clock.settle_replies(tx, self.desk, self.now)

    def text(
        self,
        number: str,
        words: str,
        extension: str = "",
        *,
        carrier: str = "mobile",
        only: Sequence[int] | None = None,
        message_id: str = "",
        destination: str = "",
        reference: int = 7,
        coding: int = 8,
    ) -> None:
        """A citizen texts."""
        octets = words.encode("utf-16-be") if coding == 8 else words.encode("gb18030")
        bodies = [octets] if len(octets) <= 140 else [octets[at : at + 134] for at in range(0, len(octets), 134)]
        events = []
        for i, body in enumerate(bodies, 1):
            where = Concatenation(reference, len(bodies), i, 8) if len(bodies) > 1 else None
            if only is None or i in only:
                events.append(
                    InboundText(
                        i,
                        number,
                        destination or HOME + extension,
                        body,
                        coding,
                        where,
                        False,
                        message_id,
                        b"raw " + body,
                    )
                )
        order = events if only is None else sorted(events, key=lambda event: list(only).index(event.answer))
        self.run(carrier, texts=[(SESSION, event) for event in order])

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        """What the store holds."""
        with self.database.read() as tx:
            return list(tx.execute(query))

    def answers(self) -> list[str]:
        """The words of what waits to be sent, taken off the queue."""
        return [_words(submit.body, submit.coding) for _, _, submit in self.submit()]


def _words(body: bytes, coding: int) -> str:
    return body.decode("utf-16-be" if coding == 8 else "ascii")
