"""Which part a delivery receipt is about, and what it changes there.

Receipts come before their answer, after a restart, twice, out of order, with the id in another notation, or
for a submit whose answer was lost. Each is stored; the first final state wins; one that matches nothing
waits (`orphan`) and is matched when the answer comes.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from carriers.events import DeliveryReceipt, ReceiptState
from carriers.receipts import FINAL as FINAL_STATES
from carriers.receipts import message_key, other_keys
from gateway import rerouting
from gateway.outbox import FINAL, HOUR, WRONG_NETWORK, PartState
from gateway.rerouting import NOWHERE, Routes
from gateway.tables import attempt, message, part, receipt
from roster.rowset import Statement

ID_REUSE = 7 * 24 * HOUR  # carriers use their ids again after months: older submits are not meant
ORPHAN_REACH = 48 * HOUR  # a receipt is about an uncertain submit of the last two days, if about one at all


class Filed(NamedTuple):
    """A receipt and the part it is about (None: not known yet)."""

    event: DeliveryReceipt
    key: str
    part_id: int | None
    effect: str
    state: PartState | None  # what the part becomes, None when it stays
    stranger: bool = False  # the carrier says that the number is another one's: the part goes on elsewhere


def settle(
    tx: sa.Connection,
    carrier: str,
    events: Sequence[DeliveryReceipt],
    now_ms: int,
    person_of: Callable[[str], int | None],
    sealed: Callable[[bytes], bytes],
    routes: Routes = NOWHERE,
) -> list[int]:
    """File receipts and apply them. Returns the parts that became final.

    `person_of` finds the person behind a written number, `sealed` seals a raw PDU for keeping; both are only
    asked for receipts whose id says nothing.
    """
    keys = [message_key(event.message_id) for event in events]
    parts = _by_id(tx, carrier, keys, now_ms)
    filed: list[Filed] = []
    settled: dict[int, PartState] = {}
    learned: list[str] = []
    refusals = routes.refusals.get(carrier, frozenset())
    for event, key in zip(events, keys, strict=True):
        found = parts.get(key) if key else None
        if found is None:
            found = _by_evidence(tx, carrier, event, key, now_ms, person_of)
            if found is not None and _learn_id(tx, carrier, found.part_id, key):
                learned.append(key)
        filed.append(_file(event, key, found, settled, refusals))
    _store(tx, carrier, filed, now_ms, person_of, sealed)
    _go_elsewhere(tx, carrier, filed, routes, now_ms)
    return _apply(tx, filed, now_ms) + match_early(tx, carrier, learned, now_ms, routes)


def match_early(
    tx: sa.Connection, carrier: str, keys: Sequence[str], now_ms: int, routes: Routes = NOWHERE
) -> list[int]:
    """Apply the receipts that waited for these message ids. Returns the parts that became final."""
    if not keys or not _ANY_ORPHAN.all(tx, carrier=carrier):
        return []  # nothing waits: the usual case, and the look-up by every notation of every id is dear
    notations = [key for candidate in keys for key in (candidate, *other_keys(candidate))]
    waiting = [_Waiting(*row) for row in _WAITING.all(tx, notations, carrier=carrier)]
    if not waiting:
        return []
    by_key = {alias: key for key in keys for alias in (key, *other_keys(key))}
    parts = _by_id(tx, carrier, list({by_key[row.carrier_id] for row in waiting}), now_ms)
    settled: dict[int, PartState] = {}
    filed = []
    for row in waiting:
        event = DeliveryReceipt(0, row.carrier_id, ReceiptState(row.state), row.error, "", b"")
        refusals = routes.refusals.get(carrier, frozenset())
        one = _file(event, row.carrier_id, parts.get(by_key[row.carrier_id]), settled, refusals)
        if one.part_id is not None:
            tx.execute(sa.update(receipt).where(receipt.c.id == row.id).values(part_id=one.part_id, effect=one.effect))
        filed.append(one)
    _go_elsewhere(tx, carrier, filed, routes, now_ms)
    return _apply(tx, filed, now_ms)


class _Waiting(NamedTuple):
    id: int
    carrier_id: str
    state: str
    error: str


_ANY_ORPHAN = Statement("SELECT 1 FROM receipt WHERE carrier = :carrier AND part_id IS NULL LIMIT 1")
_WAITING = Statement(
    "SELECT receipt.id, receipt.carrier_id, receipt.state, receipt.error FROM {rows} AS r "
    "JOIN receipt ON receipt.carrier = :carrier AND receipt.carrier_id = r.key AND receipt.part_id IS NULL "
    "ORDER BY receipt.id",
    key="TEXT",
)


def match_uncertain(tx: sa.Connection, carrier: str, now_ms: int) -> list[int]:
    """Give orphans to uncertain parts where there is exactly one of each for a person. Returns the parts settled.

    Called when parts become uncertain: their receipts may have come before the link was lost.
    """
    waiting = tx.execute(
        sa.select(receipt)
        .where(
            receipt.c.carrier == carrier,
            receipt.c.part_id.is_(None),
            receipt.c.person_id.isnot(None),
            receipt.c.received_ms > now_ms - ORPHAN_REACH,
        )
        .order_by(receipt.c.id)
    ).all()
    settled: list[int] = []
    learned: list[str] = []
    for row in waiting:
        found = _only_uncertain(tx, carrier, row.person_id, now_ms)
        if found is None or _last_intent(tx, found.part_id) > row.received_ms:
            continue
        event = DeliveryReceipt(0, row.carrier_id, ReceiptState(row.state), row.error, "", b"")
        one = _file(event, row.carrier_id, found, {})
        tx.execute(sa.update(receipt).where(receipt.c.id == row.id).values(part_id=found.part_id, effect=one.effect))
        settled += _apply(tx, [one], now_ms)
        if _learn_id(tx, carrier, found.part_id, row.carrier_id):
            learned.append(row.carrier_id)
    return settled + match_early(tx, carrier, learned, now_ms)


# --------------------------------------------------------------------------------------------------------- matching


class _Found(NamedTuple):
    part_id: int
    state: str
    reason: str | None
    over: bool = False  # this submit is history: its carrier has said that the number is another one's


def _by_id(tx: sa.Connection, carrier: str, keys: Sequence[str], now_ms: int) -> dict[str, _Found]:
    """The part behind each message id, the newest submit where a carrier used an id twice."""
    rows = _OF_IDS.all(tx, [key for key in keys if key], carrier=carrier, since=now_ms - ID_REUSE)
    return {key: _Found(part_id, state, reason, bool(over)) for key, part_id, state, reason, over in rows}


_OF_IDS = Statement(
    "SELECT attempt.carrier_id, part.id, part.state, part.reason, "
    "coalesce(attempt.outcome = 'wrong_network', false) FROM {rows} AS r "
    "JOIN attempt ON attempt.carrier = :carrier AND attempt.carrier_id = r.key "
    "JOIN part ON part.id = attempt.part_id "
    "WHERE attempt.intent_ms > :since ORDER BY attempt.intent_ms",
    key="TEXT",
)


def _by_evidence(
    tx: sa.Connection,
    carrier: str,
    event: DeliveryReceipt,
    key: str,
    now_ms: int,
    person_of: Callable[[str], int | None],
) -> _Found | None:
    """The id in another notation, or the only uncertain part of that person: both only for the same number."""
    person_id = person_of(event.number)
    if person_id is None:
        return None
    for other in other_keys(key):
        row = tx.execute(_OF_PERSON, {"carrier": carrier, "key": other, "person": person_id}).first()
        if row is not None:
            return _Found(*row)
    return _only_uncertain(tx, carrier, person_id, now_ms)


def _only_uncertain(tx: sa.Connection, carrier: str, person_id: int, now_ms: int) -> _Found | None:
    """The one part that this receipt can be about. With a submit still open it could be that one's, come early.

    Every submit of the last week counts of which nobody knows whether it was taken, whatever has become of its part
    since: given up as unknown, or sent once more. One whose id is known (SGIP names it itself) is found by that alone.
    """
    if tx.execute(_OPEN_NOW, {"person": person_id}).first():
        return None
    since = now_ms - ID_REUSE
    rows = tx.execute(_NAMELESS, {"person": person_id, "carrier": carrier, "since": since}).all()
    if len(rows) != 1 or rows[0].at <= now_ms - ORPHAN_REACH:
        return None
    return _Found(rows[0].id, rows[0].state, rows[0].reason)


_OPEN_NOW = (
    sa.select(part.c.id)
    .join(message, message.c.id == part.c.message_id)
    .where(message.c.person_id == sa.bindparam("person"), part.c.state == PartState.SENDING)
    .limit(1)
)
_NAMELESS = (
    sa.select(part.c.id, part.c.state, part.c.reason, sa.func.max(attempt.c.answered_ms).label("at"))
    .join(attempt, attempt.c.part_id == part.c.id)
    .where(
        part.c.person_id == sa.bindparam("person"),
        attempt.c.carrier == sa.bindparam("carrier"),
        attempt.c.outcome == "uncertain",
        attempt.c.carrier_id.is_(None),
        attempt.c.answered_ms > sa.bindparam("since"),
    )
    .group_by(part.c.id, part.c.state, part.c.reason)
)


def _learn_id(tx: sa.Connection, carrier: str, part_id: int, key: str) -> bool:
    """What the evidence showed is kept: other receipts with this id, and this one again, are about the same submit."""
    learned = (
        sa.update(attempt)
        .where(attempt.c.part_id == part_id, attempt.c.carrier == carrier)
        .where(attempt.c.outcome == "uncertain", attempt.c.carrier_id.is_(None))
        .values(carrier_id=key)
    )
    return bool(key) and tx.execute(learned).rowcount > 0


def _last_intent(tx: sa.Connection, part_id: int) -> int:
    """When the part was last submitted: a receipt from before that is about something else."""
    return tx.scalar(sa.select(sa.func.max(attempt.c.intent_ms)).where(attempt.c.part_id == part_id)) or 0


_OF_PERSON = sa.text(
    "SELECT part.id, part.state, part.reason, coalesce(attempt.outcome = 'wrong_network', false) "
    "FROM attempt JOIN part ON part.id = attempt.part_id "
    "WHERE attempt.carrier = :carrier AND attempt.carrier_id = :key AND part.person_id = :person "
    "ORDER BY attempt.intent_ms DESC LIMIT 1"
)

# --------------------------------------------------------------------------------------------------------- deciding


def _file(
    event: DeliveryReceipt,
    key: str,
    found: _Found | None,
    settled: dict[int, PartState],
    refusals: frozenset[str] = frozenset(),
) -> Filed:
    """What this receipt does to its part. `settled` carries what earlier receipts of the batch did."""
    if found is None:
        return Filed(event, key, None, "orphan", None)
    part_id, state, reason, over = found
    if over:
        return Filed(event, key, part_id, "repeated", None)
    final = _FINAL[event.state]
    if part_id in settled:
        state, reason = settled[part_id], None
    effect = effect_of(state, reason, final)
    if final is None or effect not in ("applied", "late"):
        return Filed(event, key, part_id, effect, None)
    settled[part_id] = final
    if effect == "applied" and final is PartState.UNDELIVERED and event.error in refusals:
        return Filed(event, key, part_id, "rerouted", None, stranger=True)
    return Filed(event, key, part_id, effect, final)


def _go_elsewhere(tx: sa.Connection, carrier: str, filed: Sequence[Filed], routes: Routes, now_ms: int) -> None:
    """Parts whose numbers the carrier says are not its own go on over another one."""
    for one in filed:
        if one.stranger and one.part_id is not None:
            tx.execute(
                sa.update(attempt)
                .where(attempt.c.part_id == one.part_id, attempt.c.carrier == carrier)
                .values(outcome=WRONG_NETWORK)
            )
            code = one.event.error
            rerouting.not_its_own(tx, carrier, [one.part_id], code, routes, PartState.UNDELIVERED, now_ms)


_FINAL = {state: None if final is None else PartState(final) for state, final in FINAL_STATES.items()}


def effect_of(state: str, reason: str | None, final: str | None) -> str:
    """What a receipt saying `final` (None: still under way) does to a part in `state`."""
    if final is None:
        return "progress"
    if state not in FINAL:
        return "applied"
    if state == final:
        return "repeated"
    ours = state in (PartState.CANCELLED, PartState.FAILED, PartState.UNKNOWN) or reason == "no receipt"
    return "late" if ours else "conflict"  # what we assumed gives way to what the carrier knows; its first word stays


# ---------------------------------------------------------------------------------------------------------- storing


def _store(
    tx: sa.Connection,
    carrier: str,
    filed: Sequence[Filed],
    now_ms: int,
    person_of: Callable[[str], int | None],
    sealed: Callable[[bytes], bytes],
) -> None:
    plain: dict[tuple[str, str, str], list[tuple[str, int | None]]] = {}
    for one in filed:
        if one.effect != "orphan":
            plain.setdefault((one.event.state, one.event.error, one.effect), []).append((one.key, one.part_id))
    for (state, error, effect), rows in plain.items():
        _FILE.run(tx, rows, carrier=carrier, state=state, error=error, effect=effect, now=now_ms)
    for one in filed:
        if one.effect == "orphan":
            tx.execute(
                sa.insert(receipt),
                {
                    "carrier": carrier,
                    "carrier_id": one.key,
                    "state": one.event.state,
                    "error": one.event.error,
                    "effect": one.effect,
                    "received_ms": now_ms,
                    "raw_sealed": sealed(one.event.raw),
                    "person_id": person_of(one.event.number),
                },
            )


_FILE = Statement(
    "INSERT INTO receipt (carrier, carrier_id, part_id, state, error, effect, received_ms) "
    "SELECT :carrier, r.carrier_id, r.part_id, :state, :error, :effect, :now FROM {rows} AS r",
    carrier_id="TEXT",
    part_id="BIGINT",
)


def _apply(tx: sa.Connection, filed: Sequence[Filed], now_ms: int) -> list[int]:
    last = {
        one.part_id: (one.state, None if one.state is PartState.DELIVERED else one.event.error or None)
        for one in filed
        if one.state is not None and one.part_id is not None
    }  # of two receipts for a part the later word, where it changes anything at all
    moves: dict[tuple[PartState, str | None], list[int]] = {}
    for part_id, becomes in last.items():
        moves.setdefault(becomes, []).append(part_id)
    for (state, reason), part_ids in moves.items():
        _SETTLE.run(tx, part_ids, state=state, reason=reason, now=now_ms)
    return list(last)


_SETTLE = Statement(
    "UPDATE part SET state = :state, reason = :reason, changed_ms = :now WHERE id IN (SELECT part_id FROM {rows} AS r)",
    part_id="BIGINT",
)
