"""What happens at the roster desk: an import planned and applied, a member edited, stopped, opted out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway import outbox
from gateway.errors import NotFound, Refused
from roster import number_decisions, store
from roster.importing import LABELS, Entry, Fault, Reading
from roster.membership import JOINED, MOVED
from roster.networks import Prefixes, carrier_of
from roster.phones import parse
from roster.tables import informant, person
from roster.vault import Vault

SLICE = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `faults` are those of the file and those that only the store knows."""

    joins: tuple[Entry, ...]
    changes: tuple[tuple[int, Entry], ...]  # (person, what they become)
    unchanged: int
    faults: tuple[Fault, ...]

    def reasons(self) -> dict[str, int]:
        """How many rows are refused for each kind of reason."""
        return dict(Counter(fault.kind for fault in self.faults).most_common())


def plan(tx: sa.Connection, vault: Vault, reading: Reading) -> Plan:
    """Compare a reading with the roster. Changes nothing."""
    known = {member.phone: member for member in store.members(tx, vault)}
    identities = {member.identity: member for member in known.values() if member.identity}
    joins: list[Entry] = []
    changes: list[tuple[int, Entry]] = []
    faults = list(reading.faults)
    unchanged = 0
    for entry in reading.entries:
        member = known.get(entry.phone)
        owner = identities.get(entry.identity) if entry.identity else None
        if member is not None and member.name != entry.name:
            faults.append(_fault(entry, "phone", "number of another", "库中该号码属于另一人,请核对"))
        elif owner is not None and owner.phone != entry.phone:
            faults.append(_fault(entry, "identity", "identity of another", "库中该身份证号登记在另一号码下,请核对"))
        elif member is None:
            joins.append(entry)
        elif _differs(member, entry):
            changes.append((member.person_id, _kept(member, entry)))
        else:
            unchanged += 1
    return Plan(tuple(joins), tuple(changes), unchanged, tuple(sorted(faults, key=lambda fault: fault.row)))


def _fault(entry: Entry, column: str, kind: str, reason: str) -> Fault:
    return Fault(entry.row, LABELS[column], getattr(entry, column), kind, reason)


def _differs(member: store.Member, entry: Entry) -> bool:
    kept = _kept(member, entry)
    now = (member.identity, member.category, member.township, member.village, dict(member.details))
    return now != (kept.identity, kept.category, kept.township, kept.village, dict(kept.details))


def _kept(member: store.Member, entry: Entry) -> Entry:
    """An empty cell changes nothing: a shorter list is no correction."""
    return replace(
        entry,
        identity=entry.identity or member.identity,
        village=entry.village or member.village,
        details={**member.details, **entry.details},
    )


def apply(tx: sa.Connection, vault: Vault, prefixes: Prefixes, wanted: Plan, now: datetime) -> None:
    """Carry a plan out, in the caller's one transaction; slice by slice, so that a long list needs little memory."""
    for at in range(0, len(wanted.joins), SLICE):
        _join(tx, vault, prefixes, wanted.joins[at : at + SLICE], now)
    for person_id, entry in wanted.changes:
        update(tx, vault, person_id, entry, now)


def _join(tx: sa.Connection, vault: Vault, prefixes: Prefixes, entries: Sequence[Entry], now: datetime) -> None:
    known = _people(tx, vault, [entry.phone for entry in entries])
    next_id = store.next_person_id(tx)
    people, members = [], []
    for entry in entries:
        person_id, key = known.get(entry.phone, (0, b""))
        if not person_id:
            person_id, next_id = next_id, next_id + 1
            belonging = carrier_of(entry.phone, None, None, prefixes, now)
            row = store.new_person(vault, person_id, entry.phone, belonging, now)
            key = row["key_sealed"]
            people.append(row)
        fresh = {"state": "active", "stop_reason": "", "created_at": now}
        members.append(_values(vault, key, person_id, entry, now) | fresh)
    if people:
        tx.execute(sa.insert(person), people)
    tx.execute(sa.insert(informant), members)
    rows = [(one["person_id"], JOINED, "", "", one["category"], one["township"]) for one in members]
    store.record_changes(tx, rows, now)


def update(tx: sa.Connection, vault: Vault, person_id: int, entry: Entry, now: datetime) -> None:
    """Write an informant's fields anew."""
    key = store.sealing_key(tx, person_id)
    if key is None:
        raise NotFound(f"没有第 {person_id} 号信息员", "xinqiao roster search 查找")
    values = _values(vault, key, person_id, entry, now)
    this = informant.c.person_id == person_id
    before = tx.execute(sa.select(informant.c.state, informant.c.category, informant.c.township).where(this)).one()
    tx.execute(sa.update(informant).where(this).values(**values))
    if before.state == "active" and (before.category, before.township) != (entry.category, entry.township):
        store.record_changes(tx, [(person_id, MOVED, "", "", entry.category, entry.township)], now)


def change_phone(
    tx: sa.Connection, vault: Vault, prefixes: Prefixes, person_id: int, written: str, actor: str, now: datetime
) -> None:
    """Somebody has a new number. One that belongs to somebody else is refused. What the old one showed is over."""
    number = parse(written)
    if not isinstance(number, str):
        raise Refused(number.reason, "请写11位手机号码")
    owner = store.person_by_phone(tx, vault, number)
    if owner is not None and owner.id != person_id:
        raise Refused("该号码已属于另一人", "xinqiao roster search --phone 查看是谁")
    key = store.sealing_key(tx, person_id)
    if key is None:
        raise NotFound(f"没有第 {person_id} 号信息员", "xinqiao roster search 查找")
    belonging = carrier_of(number, None, None, prefixes, now)
    tx.execute(
        sa.update(person)
        .where(person.c.id == person_id)
        .values(
            phone_sealed=vault.seal(key, f"person.phone:{person_id}", number),
            phone_index=vault.phone_index(number),
            carrier=belonging.carrier,
            carrier_source=belonging.source,
        )
    )
    if owner is None:
        number_decisions.decide(tx, person_id, "replaced", None, "", actor, now)


def stop(tx: sa.Connection, person_id: int, reason: str, now: datetime, why: str = "other") -> None:
    """No more notices to this informant; what waits is withdrawn. `why` is a key of `membership.WHY_LEFT`."""
    store.set_state(tx, person_id, "stopped", reason, now, why)
    outbox.withdraw_from_notices(tx, person_id, round(now.timestamp() * 1000))


def resume(tx: sa.Connection, person_id: int, now: datetime) -> None:
    """Notices again, unless they opted out. Raises `Refused` while their number is somebody else's."""
    if number_decisions.is_given_up(tx, person_id):
        raise Refused("该信息员的号码已易主", f"先登记新号码:xinqiao roster edit {person_id} --phone 新号码")
    store.set_state(tx, person_id, "active", "", now)


def opt_out(tx: sa.Connection, person_id: int, proof: str, actor: str, now: datetime) -> None:
    """Somebody said otherwise than by text that they want no more notices."""
    store.opt_out(tx, person_id, "operator", proof, None, actor, now)
    outbox.withdraw_from_notices(tx, person_id, round(now.timestamp() * 1000))


def _values(vault: Vault, key: bytes, person_id: int, entry: Entry, now: datetime) -> dict[str, Any]:
    return store.informant_values(
        vault,
        key,
        person_id,
        name=entry.name,
        identity=entry.identity,
        category=entry.category,
        township=entry.township,
        village=entry.village,
        details=entry.details,
        now=now,
    )


def _people(tx: sa.Connection, vault: Vault, numbers: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Those of the numbers that we have exchanged texts with already."""
    by_index = {vault.phone_index(number): number for number in numbers}
    rows = tx.execute(
        sa.select(person.c.id, person.c.key_sealed, person.c.phone_index).where(person.c.phone_index.in_(by_index))
    )
    return {by_index[row.phone_index]: (row.id, row.key_sealed) for row in rows}
