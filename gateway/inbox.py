"""One text: from the carrier's bytes to a whole text on record, which `gateway.hearing` deals with.

Runs inside the tick's transaction. Whatever happens to one text (a number nobody can read, words nobody can
decode, a bug of ours), it is stored, the carrier gets its answer and the next text is not held up.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from carriers import reassembly
from carriers.events import Concatenation, InboundText
from carriers.profile import CarrierProfile
from carriers.reassembly import Joined
from gateway import quarantine
from gateway.casebook import Desk
from gateway.hearing import Heard, Hearing, Texter
from gateway.logs import Log
from gateway.settings import Loaded
from gateway.tables import text, text_part
from roster import store as roster_store
from roster.networks import Belonging
from roster.phones import Fault, parse
from roster.rowset import Statement
from roster.vault import Vault

log = Log("inbox")

DAY = 24 * 3_600_000
ID_REUSE = 7 * DAY  # a carrier's own id of a text names it for so long
LEARNED_FOR = timedelta(days=180)  # a carrier that we learned from a text is believed so long


class Inbox:
    """Receives texts. Holds what does not change while the daemon runs."""

    def __init__(self, settings: Loaded, vault: Vault, profiles: dict[str, CarrierProfile], desk: Desk) -> None:
        self._settings = settings.values
        self._vault = vault
        self._profiles = profiles
        self._hearing = Hearing(settings, vault, desk)

    def receive(self, tx: sa.Connection, carrier: str, event: InboundText, now_ms: int) -> None:
        """Store the text and deal with it; if dealing with it fails, keep it in quarantine."""
        _BEFORE.run(tx)
        try:
            self._receive(tx, carrier, event, now_ms)
        except sa.exc.OperationalError:
            raise  # the store itself is in trouble: nothing may be acknowledged
        except Exception as trouble:
            _UNDO.run(tx)
            log.exception("text kept in quarantine", carrier=carrier, trouble=type(trouble).__name__)
            reason = f"could not be dealt with: {type(trouble).__name__}"
            quarantine.keep(tx, self._vault, carrier, event.raw, reason, now_ms)
        _DONE.run(tx)

    def give_up_waiting(self, tx: sa.Connection, now_ms: int) -> int:
        """Long texts whose missing parts did not come in time go on as they are. Returns how many."""
        same = (text_part.c.carrier, text_part.c.person_id, text_part.c.destination)
        numbering = (text_part.c.reference, text_part.c.total, text_part.c.width)
        overdue = tx.execute(
            sa.select(*same, *numbering)
            .where(
                text_part.c.text_id.is_(None),
                text_part.c.received_ms <= now_ms - self._settings.texts.reassembly_timeout_s * 1000,
            )
            .group_by(*same, *numbering)
            .order_by(sa.func.min(text_part.c.id))
        ).all()
        for one in overdue:
            person = roster_store.person_of(tx, one.person_id)
            texter = Texter(person, roster_store.phones(tx, self._vault, [person.id]).get(person.id, ""))
            where = Concatenation(one.reference, one.total, 0, one.width)
            # its younger parts too, or the next sweep would make a second text of them
            self._whole(tx, _waiting(tx, one.carrier, person.id, one.destination, where), texter, now_ms)
        return len(overdue)

    # ------------------------------------------------------------------------------------------------- one part

    def _receive(self, tx: sa.Connection, carrier: str, event: InboundText, now_ms: int) -> None:
        texter = self._texter(tx, carrier, event.source, now_ms)
        person = texter.person
        fingerprint, window = self._fingerprint(carrier, event)
        if self._seen(tx, fingerprint, now_ms - window):
            return
        where = event.concatenation
        if person.key is None:
            raise LookupError("the sender was forgotten")
        part: dict[str, Any] = {
            "carrier": carrier,
            "person_id": person.id,
            "destination": event.destination,
            "received_ms": now_ms,
            "body": event.body,
            "coding": event.coding,
            "binary": event.binary,
            "reference": where.reference if where else None,
            "total": where.total if where else None,
            "number": where.number if where else None,
            "width": where.width if where else None,
            "fingerprint": fingerprint,
            "raw_sealed": self._vault.seal_octets(person.key, f"text_part.raw:{person.id}", event.raw),
        }
        if where is None:
            self._alone(tx, part, texter, now_ms)
            return
        older = _waiting(tx, carrier, person.id, event.destination, where)
        if any(row.number == where.number for row in older):
            # with other words: the phone uses its reference again, the older text is over
            self._whole(tx, older, texter, now_ms)
        _KEEP_PART.all(tx, text_id=None, **part)
        # the sender belongs to the key: two citizens may use the same reference at the same time
        rows = _waiting(tx, carrier, person.id, event.destination, where)
        if reassembly.is_complete(_pieces(rows)):
            self._whole(tx, rows, texter, now_ms)

    def _texter(self, tx: sa.Connection, carrier: str, written: str, now_ms: int) -> Texter:
        """Who texts, and what this text teaches about the carrier of the number."""
        number = parse(written)
        now = _moment(now_ms)
        known = f"raw:{written}" if isinstance(number, Fault) else number
        evidence = Belonging(carrier, "learned", f"texted over {carrier}")
        person = roster_store.find_or_add_person(tx, self._vault, known, evidence, now)
        if person.carrier != carrier and not isinstance(number, Fault):
            roster_store.learn_carrier(tx, person.id, carrier, "text", "", now, now + LEARNED_FOR)
        return Texter(person, known)

    def _fingerprint(self, carrier: str, event: InboundText) -> tuple[bytes, int]:
        """What makes two deliveries the same text, and for how many milliseconds."""
        if event.message_id:
            return self._vault.fingerprint(b"id", carrier.encode(), event.message_id.encode()), ID_REUSE
        same = (event.source, event.destination, repr(event.concatenation), str(event.coding))
        key = self._vault.fingerprint(b"words", carrier.encode(), *(one.encode() for one in same), event.body)
        return key, self._settings.texts.duplicate_window_s * 1000

    def _seen(self, tx: sa.Connection, fingerprint: bytes, since_ms: int) -> bool:
        return bool(_SEEN.all(tx, fingerprint=fingerprint, since=since_ms))

    # ------------------------------------------------------------------------------------------------ whole text

    def _alone(self, tx: sa.Connection, part: Mapping[str, Any], texter: Texter, now_ms: int) -> None:
        """A text of one part: most are."""
        row = SimpleNamespace(**part)
        joined = reassembly.join(_pieces([row]))
        text_id = self._keep(tx, row, joined)
        _KEEP_PART.all(tx, text_id=text_id, **part)
        self._hear(tx, text_id, row, joined, texter, now_ms)

    def _whole(self, tx: sa.Connection, rows: Sequence[Any], texter: Texter, now_ms: int) -> None:
        """A long text of which nothing more will come."""
        joined = reassembly.join(_pieces(rows))
        text_id = self._keep(tx, rows[0], joined)
        _BELONGS.run(tx, [row.id for row in rows], text=text_id)
        self._hear(tx, text_id, rows[0], joined, texter, now_ms)

    def _keep(self, tx: sa.Connection, first: Any, joined: Joined) -> int:
        """Record the text of which `first` is the first part; returns its number."""
        [(text_id,)] = _KEEP_TEXT.all(
            tx,
            carrier=first.carrier,
            person_id=first.person_id,
            destination=first.destination,
            extension=self._extension(first.carrier, first.destination),
            body="" if first.binary else joined.text,
            complete=joined.complete,
            received_ms=first.received_ms,
            decision="received",
            reason="",
            confidence=0.0,
        )
        return int(text_id)

    def _hear(
        self,
        tx: sa.Connection,
        text_id: int,
        first: Any,
        joined: Joined,
        texter: Texter,
        now_ms: int,
    ) -> None:
        """Decide, record, answer."""
        if first.binary:
            _NOTE.run(tx, text=text_id, decision="binary", reason="二进制短信,只保存不受理")
        elif self._flooded(tx, first.person_id, now_ms):
            _NOTE.run(tx, text=text_id, decision="flood", reason="该号码短信过于频繁,只保存不受理")
        else:
            extension = self._extension(first.carrier, first.destination)
            heard = Heard(text_id, texter, joined.text, joined.complete, extension, first.received_ms)
            self._hearing.hear(tx, heard, now_ms)

    def _extension(self, carrier: str, destination: str) -> str:
        """The digits behind our access number, empty when the handset or the carrier cut them off."""
        access = self._profiles[carrier].access_number
        return destination[len(access) :] if destination.startswith(access) else ""

    def _flooded(self, tx: sa.Connection, person_id: int, now_ms: int) -> bool:
        """The newest texts of that number alone tell: a flood costs no more the longer it goes on."""
        most = self._settings.texts.flood_per_hour
        times = _NEWEST.all(tx, person=person_id, count=most + 1)
        return len(times) > most and min(times)[0] > now_ms - 3_600_000


def _waiting(tx: sa.Connection, carrier: str, person_id: int, destination: str, where: Concatenation) -> Sequence[Any]:
    """What has come of one long text that still waits for the rest, in the order of its coming."""
    same = _same_text(carrier, person_id, destination, where)
    return tx.execute(sa.select(text_part).where(*same).order_by(text_part.c.id)).all()


def _same_text(
    carrier: str, person_id: int, destination: str, where: Concatenation
) -> tuple[sa.ColumnElement[bool], ...]:
    """The parts of one long text that still wait for the others."""
    return (
        text_part.c.carrier == carrier,
        text_part.c.person_id == person_id,
        text_part.c.destination == destination,
        text_part.c.reference == where.reference,
        text_part.c.total == where.total,
        text_part.c.width == where.width,
        text_part.c.text_id.is_(None),
    )


_BEFORE = Statement("SAVEPOINT one_text")  # SQLAlchemy's own costs ten times as much
_UNDO = Statement("ROLLBACK TO SAVEPOINT one_text")
_DONE = Statement("RELEASE SAVEPOINT one_text")
_KEEP_PART = Statement.inserting(
    text_part,
    *("carrier", "person_id", "destination", "received_ms", "body", "coding", "binary"),
    *("reference", "total", "number", "width", "fingerprint", "raw_sealed", "text_id"),
)
_KEEP_TEXT = Statement.inserting(
    text,
    *("carrier", "person_id", "destination", "extension", "body", "complete", "received_ms"),
    *("decision", "reason", "confidence"),
)
_BELONGS = Statement(
    "UPDATE text_part SET text_id = :text WHERE id IN (SELECT part_id FROM {rows} AS r)", part_id="BIGINT"
)
_NOTE = Statement("UPDATE text SET decision = :decision, reason = :reason, confidence = 1.0 WHERE id = :text")
_SEEN = Statement("SELECT 1 FROM text_part WHERE fingerprint = :fingerprint AND received_ms > :since LIMIT 1")
_NEWEST = Statement("SELECT received_ms FROM text WHERE person_id = :person ORDER BY id DESC LIMIT :count")


def _pieces(rows: Sequence[Any]) -> list[reassembly.Piece]:
    return [reassembly.Piece(row.number, row.total, row.body, row.coding) for row in rows]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
