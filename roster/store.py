"""What the roster keeps, and how it is asked. Every function takes the open transaction; none commits."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

import sqlalchemy as sa

from roster.audiences import Audience
from roster.membership import LEFT, RETURNED, Change
from roster.networks import Belonging, Learned, Prefixes, carrier_of
from roster.rowset import Statement
from roster.tables import (
    carrier_evidence,
    consent,
    informant,
    membership,
    milliseconds,
    moment,
    person,
    staff,
)
from roster.vault import Vault

SLICE = 500  # how many values one IN list takes


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a number. `informant` and `active` tell whether they are on the roster, and receive notices."""

    id: int
    key: bytes | None  # their own, sealed; None: they were forgotten
    carrier: str
    carrier_source: str
    opted_out_at: datetime | None
    informant: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a notice's fields may say about a person."""

    name: str
    category: str
    township: str
    village: str


@dataclass(frozen=True, slots=True)
class Member:
    """An informant, unsealed. Show `roster.phones.masked` forms unless asked by somebody with the right."""

    person_id: int
    phone: str  # E.164
    name: str
    identity: str
    category: str
    township: str
    village: str
    details: Mapping[str, str]  # gender, unit, duty, note
    carrier: str
    carrier_source: str
    state: str
    stop_reason: str
    opted_out_at: datetime | None


# --------------------------------------------------------------------------------------------------------- one person

_PERSON = (
    "SELECT person.id, key_sealed, carrier, carrier_source, opted_out_at, state "
    "FROM person LEFT JOIN informant ON informant.person_id = person.id WHERE "
)
_PERSON_BY_ID = Statement(_PERSON + "person.id = :id")
_PERSON_BY_PHONE = Statement(_PERSON + "phone_index = :index")


def _person(row: tuple[Any, ...]) -> Person:
    person_id, key, carrier, source, opted_out_at, state = row
    out = None if opted_out_at is None else moment(opted_out_at)
    return Person(person_id, key, carrier, source, out, state is not None, state == "active")


def person_of(tx: sa.Connection, person_id: int) -> Person:
    """The person with this id."""
    [row] = _PERSON_BY_ID.all(tx, id=person_id)
    return _person(row)


def person_by_phone(tx: sa.Connection, vault: Vault, number: str) -> Person | None:
    """Who has this number (E.164)."""
    rows = _PERSON_BY_PHONE.all(tx, index=vault.phone_index(number))
    return _person(rows[0]) if rows else None


def find_or_add_person(tx: sa.Connection, vault: Vault, number: str, belonging: Belonging, now: datetime) -> Person:
    """Who has this number; a new person when nobody had it."""
    known = person_by_phone(tx, vault, number)
    if known is not None:
        return known
    person_id = next_person_id(tx)
    row = new_person(vault, person_id, number, belonging, now)
    _ADD.run(tx, **row | {"created_at": milliseconds(now)})
    return Person(person_id, row["key_sealed"], belonging.carrier, belonging.source, None, False, False)


_ADD = Statement.inserting(
    person, "id", "key_sealed", "phone_sealed", "phone_index", "carrier", "carrier_source", "created_at"
)


def next_person_id(tx: sa.Connection) -> int:
    """The first free id. What is sealed is bound to the id, so it must be known before the row is."""
    [(last,)] = _LAST.all(tx)
    return (last or 0) + 1


_LAST = Statement("SELECT max(id) FROM person")


def new_person(vault: Vault, person_id: int, number: str, belonging: Belonging, now: datetime) -> dict[str, Any]:
    """The row of a new person."""
    key = vault.new_person_key()
    return {
        "id": person_id,
        "key_sealed": key,
        "phone_sealed": vault.seal(key, f"person.phone:{person_id}", number),
        "phone_index": vault.phone_index(number),
        "carrier": belonging.carrier,
        "carrier_source": belonging.source,
        "created_at": now,
    }


def phones(tx: sa.Connection, vault: Vault, person_ids: Collection[int]) -> dict[int, str]:
    """Numbers (E.164) by person. Somebody whose key is destroyed is not in the answer."""
    return vault.open_all("person.phone", _PHONES.all(tx, person_ids))


_PHONES = Statement(
    "SELECT person.id, person.key_sealed, person.phone_sealed FROM {rows} AS r JOIN person ON person.id = r.id",
    id="BIGINT",
)


def renderings(tx: sa.Connection, vault: Vault, person_ids: Collection[int]) -> dict[int, Rendering]:
    """What a notice may say about each of these informants."""
    found: dict[int, Rendering] = {}
    for ids in _slices(person_ids):
        rows = tx.execute(sa.select(person.c.key_sealed, informant).join(informant).where(person.c.id.in_(ids)))
        for row in rows:
            if row.key_sealed is not None:
                name = vault.open(row.key_sealed, f"informant.name:{row.person_id}", row.name_sealed)
                found[row.person_id] = Rendering(name, row.category, row.township, row.village)
    return found


def names(tx: sa.Connection, vault: Vault, person_ids: Collection[int]) -> dict[int, str]:
    """The informants' names by person. Who is none, or forgotten, is not in the answer."""
    return {person_id: one.name for person_id, one in renderings(tx, vault, person_ids).items()}


def named_so(
    tx: sa.Connection, vault: Vault, names: Iterable[str], among: Collection[int] | None = None
) -> frozenset[str]:
    """Those of these names that an informant has, or one `among` these: by their keyed index, nothing is opened."""
    by_index = {vault.name_index(name): name for name in names}
    found: set[str] = set()
    if by_index:
        known = sa.select(informant.c.name_index).where(informant.c.name_index.in_([*by_index])).distinct()
        if among is not None:
            known = known.where(informant.c.person_id.in_([*among]))
        found = {by_index[index] for index in tx.scalars(known)}
    return frozenset(found)


def sealing_key(tx: sa.Connection, person_id: int) -> bytes | None:
    """The person's own key, sealed; None when the person was forgotten, or never known."""
    return tx.scalar(sa.select(person.c.key_sealed).where(person.c.id == person_id))


# ----------------------------------------------------------------------------------------------------------- members

_MEMBER = sa.select(
    informant,
    person.c.key_sealed,
    person.c.phone_sealed,
    person.c.carrier,
    person.c.carrier_source,
    person.c.opted_out_at,
).join_from(informant, person)


def members(
    tx: sa.Connection,
    vault: Vault,
    *,
    name: str | None = None,
    phone: str | None = None,
    category: str | None = None,
    township: str | None = None,
    state: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> Iterator[Member]:
    """Informants by what is known exactly; by id upwards."""
    query = _MEMBER.where(informant.c.person_id > after).order_by(informant.c.person_id)
    if name is not None:
        query = query.where(informant.c.name_index == vault.name_index(name))
    if phone is not None:
        query = query.where(person.c.phone_index == vault.phone_index(phone))
    for column, value in (
        (informant.c.category, category),
        (informant.c.township, township),
        (informant.c.state, state),
    ):
        if value is not None:
            query = query.where(column == value)
    for row in tx.execute(query.limit(limit)):
        yield _member(vault, row)


def member(tx: sa.Connection, vault: Vault, person_id: int) -> Member | None:
    """The informant with this id."""
    row = tx.execute(_MEMBER.where(informant.c.person_id == person_id)).one_or_none()
    return None if row is None else _member(vault, row)


def _member(vault: Vault, row: Any) -> Member:
    key, number = row.key_sealed, row.person_id
    return Member(
        person_id=number,
        phone=vault.open(key, f"person.phone:{number}", row.phone_sealed),
        name=vault.open(key, f"informant.name:{number}", row.name_sealed),
        identity=vault.open(key, f"informant.identity:{number}", row.identity_sealed) if row.identity_sealed else "",
        category=row.category,
        township=row.township,
        village=row.village,
        details=json.loads(vault.open(key, f"informant.details:{number}", row.details_sealed)),
        carrier=row.carrier,
        carrier_source=row.carrier_source,
        state=row.state,
        stop_reason=row.stop_reason,
        opted_out_at=row.opted_out_at,
    )


def informant_values(
    vault: Vault,
    key: bytes,
    person_id: int,
    *,
    name: str,
    identity: str,
    category: str,
    township: str,
    village: str,
    details: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """The columns that say who an informant is, sealed."""
    return {
        "person_id": person_id,
        "name_sealed": vault.seal(key, f"informant.name:{person_id}", name),
        "name_index": vault.name_index(name),
        "identity_sealed": vault.seal(key, f"informant.identity:{person_id}", identity) if identity else None,
        "identity_index": vault.identity_index(identity) if identity else None,
        "details_sealed": vault.seal(
            key, f"informant.details:{person_id}", json.dumps(details, ensure_ascii=False, sort_keys=True)
        ),
        "category": category,
        "township": township,
        "village": village,
        "updated_at": now,
    }


def set_state(tx: sa.Connection, person_id: int, state: str, reason: str, now: datetime, why: str = "other") -> None:
    """Stop an informant (no more notices; `why` is a key of `membership.WHY_LEFT`) or take them up again."""
    before = tx.execute(
        sa.select(informant.c.state, informant.c.category, informant.c.township).where(
            informant.c.person_id == person_id
        )
    ).one()
    tx.execute(
        sa.update(informant)
        .where(informant.c.person_id == person_id)
        .values(state=state, stop_reason=reason, stopped_at=now if state == "stopped" else None, updated_at=now)
    )
    if before.state != state:
        event = (LEFT, why) if state == "stopped" else (RETURNED, "")
        record_changes(tx, [(person_id, *event, reason, before.category, before.township)], now)


def record_changes(tx: sa.Connection, rows: Iterable[tuple[int, str, str, str, str, str]], now: datetime) -> None:
    """Add (person, event, why, reason, category, township). Never before what is on record, whatever the clock says."""
    newest = tx.scalar(sa.select(membership.c.at).order_by(membership.c.id.desc()).limit(1))
    keys = ("person_id", "event", "why", "reason", "category", "township")
    at = now if newest is None else max(now, newest)
    values = [dict(zip(keys, row, strict=True)) | {"at": at} for row in rows]
    if values:
        tx.execute(sa.insert(membership), values)


def changes(tx: sa.Connection, zone: tzinfo) -> list[Change]:
    """Every row of the roster's history, in the order in which they were written."""
    columns = (membership.c.at, membership.c.person_id, membership.c.event, membership.c.why)
    rows = tx.execute(sa.select(*columns, membership.c.category, membership.c.township).order_by(membership.c.id))
    return [Change(at.astimezone(zone).date(), *rest) for at, *rest in rows]


def consent_days(tx: sa.Connection, zone: tzinfo) -> list[tuple[date, str]]:
    """When informants opted out of notices and in again."""
    query = sa.select(consent.c.at, consent.c.action).join(informant, informant.c.person_id == consent.c.person_id)
    return [(at.astimezone(zone).date(), action) for at, action in tx.execute(query.order_by(consent.c.id))]


def counts(tx: sa.Connection) -> dict[str, dict[str, int]]:
    """Active informants by category, township and carrier."""
    found: dict[str, dict[str, int]] = {}
    for label, column in (
        ("category", informant.c.category),
        ("township", informant.c.township),
        ("carrier", person.c.carrier),
    ):
        rows = tx.execute(
            sa.select(column, sa.func.count())
            .join_from(informant, person)
            .where(informant.c.state == "active")
            .group_by(column)
            .order_by(sa.func.count().desc())
        )
        found[label] = {row[0]: row[1] for row in rows}
    return found


def places(tx: sa.Connection, person_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """(category, township) of informants."""
    found = _PLACES.all(tx, person_ids)
    return {person_id: (category, township) for person_id, category, township in found}


_PLACES = Statement(
    "SELECT person_id, category, township FROM {rows} AS r JOIN informant ON person_id = r.id", id="BIGINT"
)


def composition(tx: sa.Connection) -> dict[tuple[str, str], int]:
    """Active informants by (category, township)."""
    rows = tx.execute(
        sa.select(informant.c.category, informant.c.township, sa.func.count())
        .where(informant.c.state == "active")
        .group_by(informant.c.category, informant.c.township)
    )
    return {(category, township): people for category, township, people in rows}


# ---------------------------------------------------------------------------------------------------------- audiences


def audience_query(
    audience: Audience, withheld: Collection[int] = (), busy: sa.Select[Any] | None = None
) -> sa.Select[Any]:
    """The people who will get a notice: person_id, carrier, category, township, village.

    `withheld` are people whose number may not be theirs any more: give them for a notice that names the person. `busy`
    finds those who cannot be asked now, because they are being asked something else.
    """
    query = _chosen(audience).where(person.c.opted_out_at.is_(None))
    if not audience.staff:
        query = query.where(informant.c.state == "active")
    if withheld:
        query = query.where(person.c.id.not_in(withheld))
    return query if busy is None else query.where(person.c.id.not_in(busy))


def left_out(
    tx: sa.Connection, audience: Audience, withheld: Collection[int] = (), busy: sa.Select[Any] | None = None
) -> dict[str, int]:
    """Who is in the audience but gets nothing, by reason ("stopped", "opted out", "number suspected", "asked")."""
    state = sa.literal("active") if audience.staff else informant.c.state
    chosen = _chosen(audience).add_columns(state.label("state"), person.c.opted_out_at).subquery()
    reason = sa.case(
        (chosen.c.state != "active", "stopped"),
        (chosen.c.opted_out_at.isnot(None), "opted out"),
        (chosen.c.person_id.in_(withheld), "number suspected"),
        (sa.false() if busy is None else chosen.c.person_id.in_(busy), "asked"),
    )
    rows = tx.execute(sa.select(reason, sa.func.count()).where(reason.isnot(None)).group_by(reason))
    return {row[0]: row[1] for row in rows}


def _chosen(audience: Audience) -> sa.Select[Any]:
    if audience.staff:
        nowhere = sa.literal("")
        return (
            sa.select(
                staff.c.person_id,
                person.c.carrier,
                staff.c.unit.label("category"),
                nowhere.label("township"),
                nowhere.label("village"),
            )
            .join_from(staff, person)
            .where(staff.c.person_id.in_(audience.persons or ()))
        )
    query = sa.select(
        informant.c.person_id, person.c.carrier, informant.c.category, informant.c.township, informant.c.village
    ).join_from(informant, person)
    for column, values in (
        (informant.c.category, audience.categories),
        (informant.c.township, audience.townships),
        (informant.c.village, audience.villages),
        (person.c.carrier, audience.carriers),
    ):
        if values:
            query = query.where(column.in_(values))
    if audience.persons is not None:
        query = query.where(informant.c.person_id.in_(audience.persons))
    return query


# ------------------------------------------------------------------------------------------------------------ consent


def opt_out(
    tx: sa.Connection, person_id: int, channel: str, proof: str, text_id: int | None, actor: str, now: datetime
) -> None:
    """No more notices; replies to the person's own texts go on. `proof` is what was said, or who noted it."""
    _record_consent(tx, person_id, "opt_out", channel, proof, text_id, actor, now)
    tx.execute(sa.update(person).where(person.c.id == person_id).values(opted_out_at=now))


def opt_in(
    tx: sa.Connection, person_id: int, channel: str, proof: str, text_id: int | None, actor: str, now: datetime
) -> None:
    """Notices again."""
    _record_consent(tx, person_id, "opt_in", channel, proof, text_id, actor, now)
    tx.execute(sa.update(person).where(person.c.id == person_id).values(opted_out_at=None))


def consents(tx: sa.Connection, person_id: int) -> Sequence[Any]:
    """What a person has agreed to and refused, oldest first."""
    return tx.execute(sa.select(consent).where(consent.c.person_id == person_id).order_by(consent.c.id)).all()


def _record_consent(
    tx: sa.Connection,
    person_id: int,
    action: str,
    channel: str,
    proof: str,
    text_id: int | None,
    actor: str,
    now: datetime,
) -> None:
    tx.execute(
        sa.insert(consent).values(
            person_id=person_id, action=action, channel=channel, proof=proof, text_id=text_id, actor=actor, at=now
        )
    )


# ----------------------------------------------------------------------------------------------------------- carriers


LEARNED_FROM = ("text", "receipt")  # sources of evidence that is believed for a time


def learn_carrier(
    tx: sa.Connection,
    person_id: int,
    carrier: str,
    source: str,
    note: str,
    now: datetime,
    expires_at: datetime | None,
) -> bool:
    """Keep what a text or receipt taught; an operator's word outranks it. True when the person's carrier changed."""
    _keep_evidence(tx, person_id, carrier, source, note, now, expires_at)
    done = tx.execute(
        sa.update(person)
        .where(person.c.id == person_id, person.c.carrier_source != "operator", person.c.carrier != carrier)
        .values(carrier=carrier, carrier_source="learned")
    )
    return done.rowcount == 1


def set_carrier(tx: sa.Connection, person_id: int, carrier: str, actor: str, now: datetime) -> None:
    """An operator knows better (a ported number)."""
    _keep_evidence(tx, person_id, carrier, "operator", actor, now, None)
    tx.execute(sa.update(person).where(person.c.id == person_id).values(carrier=carrier, carrier_source="operator"))


def clear_carrier(
    tx: sa.Connection, vault: Vault, person_id: int, prefixes: Prefixes, actor: str, now: datetime
) -> Belonging:
    """Take the operator's word back: what was learned, or the tables, decide again."""
    _keep_evidence(tx, person_id, "", "operator", f"{actor}: taken back", now, None)
    return _decide_again(tx, vault, person_id, prefixes, now)


def _decide_again(tx: sa.Connection, vault: Vault, person_id: int, prefixes: Prefixes, now: datetime) -> Belonging:
    row = tx.execute(
        sa.select(carrier_evidence)
        .where(carrier_evidence.c.person_id == person_id, carrier_evidence.c.source.in_(LEARNED_FROM))
        .order_by(carrier_evidence.c.id.desc())
    ).first()
    learned = None if row is None else Learned(row.carrier, row.expires_at, f"{row.source} over {row.carrier}")
    belonging = carrier_of(phones(tx, vault, [person_id])[person_id], None, learned, prefixes, now)
    tx.execute(
        sa.update(person)
        .where(person.c.id == person_id)
        .values(carrier=belonging.carrier, carrier_source=belonging.source)
    )
    return belonging


def forget_expired_carriers(tx: sa.Connection, vault: Vault, prefixes: Prefixes, now: datetime) -> int:
    """What was learned and has expired gives way to the tables. Returns how many people are concerned."""
    newest = (
        sa.select(carrier_evidence.c.person_id, sa.func.max(carrier_evidence.c.expires_at).label("until"))
        .where(carrier_evidence.c.source.in_(LEARNED_FROM))
        .group_by(carrier_evidence.c.person_id)
        .subquery()
    )
    expired = tx.scalars(
        sa.select(person.c.id)
        .join(newest, newest.c.person_id == person.c.id)
        .where(person.c.carrier_source == "learned", newest.c.until <= now)
    ).all()
    for person_id in expired:
        _decide_again(tx, vault, person_id, prefixes, now)
    return len(expired)


def evidence(tx: sa.Connection, person_id: int) -> Sequence[Any]:
    """What is known about a person's carrier, oldest first."""
    return tx.execute(
        sa.select(carrier_evidence).where(carrier_evidence.c.person_id == person_id).order_by(carrier_evidence.c.id)
    ).all()


def _keep_evidence(
    tx: sa.Connection,
    person_id: int,
    carrier: str,
    source: str,
    note: str,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    tx.execute(
        sa.insert(carrier_evidence).values(
            person_id=person_id, carrier=carrier, source=source, note=note, at=now, expires_at=expires_at
        )
    )


def _slices(values: Iterable[int]) -> Iterator[list[int]]:
    everything = sorted(set(values))
    for at in range(0, len(everything), SLICE):
        yield everything[at : at + SLICE]


def carrier_column() -> sa.ColumnElement[str]:
    """The carrier of whoever `with_person` joins."""
    return person.c.carrier


def with_person(query: sa.Select[Any], person_id: sa.ColumnElement[int]) -> sa.Select[Any]:
    """The query with the person of each row."""
    return query.join(person, person.c.id == person_id)
