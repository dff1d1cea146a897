"""Which numbers are suspected, and what happens at the desk about them: confirmed, dismissed; nothing by itself.

A suspicion is computed from receipts and texts each time it is asked for; only decisions are stored. What the carriers
say about numbers lies in the parts that were not delivered, which have an index: a million others are never read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gateway import roster_desk
from gateway.errors import Refused
from gateway.notices import has_fields
from gateway.outbox import MINUTE, PartState
from gateway.strangers import Strangers
from gateway.tables import message, notice, part, text
from roster import number_decisions, store
from roster.rowset import Statement
from roster.suspicion import LABELS, Codes, Patience, Sign, SignKind, Suspicion, SuspicionKind, suspicion
from roster.tables import informant
from roster.vault import Vault

OWN = ("rating", "command")  # what only somebody writes who knows us
LATELY_MS = 10 * MINUTE  # many times the interval of the sweep that calls `withdraw`


@dataclass(frozen=True, slots=True)
class NumberRules:
    """What the carriers' codes say about a number, how strangers write, how much it takes."""

    codes: Mapping[str, Codes]  # by carrier
    strangers: Strangers
    patience: Patience


@dataclass(frozen=True, slots=True)
class Suspect:
    """An informant whose number is suspected."""

    person_id: int
    category: str
    township: str
    suspicion: Suspicion
    text_id: int | None  # the text that made it so


def suspects(
    tx: sa.Connection, vault: Vault, rules: NumberRules, among: Collection[int] | None = None
) -> list[Suspect]:
    """Every suspicion that nobody has decided about, by person; `among` these people only (a few hundred at most)."""
    watched = {person: _ms(since) for person, since in number_decisions.watched_since(tx, among).items()}
    back = _came_back(tx, rules.codes, watched, among)
    strange = _strange(tx, vault, rules.strangers, watched, among)
    chosen = {person for person, signs in back.items() if len(signs) >= rules.patience.times} | strange.keys()
    delivered = _delivered(tx, chosen & back.keys())
    texts = _texts(tx, chosen)
    found = {}
    for person in sorted(chosen):
        signs = [
            *back.get(person, ()),
            *(Sign(at, SignKind.DELIVERED) for at in delivered.get(person, ())),
            *(
                Sign(at, SignKind.STRANGER if number in strange.get(person, ()) else SignKind.TEXT)
                for number, at in texts.get(person, ())
            ),
        ]
        since = watched[person]
        told = suspicion(sorted(sign for sign in signs if sign.at_ms > since), since, rules.patience)
        if told is not None:
            read = strange.get(person, ())
            by = next((number for number, at in texts.get(person, ()) if at == told.until_ms and number in read), None)
            found[person] = (told, by)
    where = store.places(tx, found)
    return [Suspect(person, *where[person], told, by) for person, (told, by) in found.items()]


def withheld(tx: sa.Connection, vault: Vault, rules: NumberRules) -> frozenset[int]:
    """Whom nothing personal is sent to until somebody decides.

    A number that nobody has may be a stranger's tomorrow: every suspicion withholds, not only that of being recycled.
    """
    return frozenset(one.person_id for one in suspects(tx, vault, rules))


def withdraw(tx: sa.Connection, vault: Vault, rules: NumberRules, now_ms: int) -> int:
    """Take what is personal and still waits from those whose text of the last minutes has made them suspected.

    Whoever was suspected when a notice was approved is not in it (see `withheld`). Returns how many parts.
    """
    under_way = sa.select(notice.c.id, notice.c.body).where(notice.c.state.in_(("approved", "running", "paused")))
    personal = [number for number, body in tx.execute(under_way) if has_fields(body)]
    if not personal:
        return 0
    lately = set(tx.scalars(sa.select(text.c.person_id).where(text.c.received_ms > now_ms - LATELY_MS)))
    people = [one.person_id for one in suspects(tx, vault, rules, lately)] if lately else []
    done = tx.execute(
        sa.update(part)
        .where(part.c.lane.in_(personal), part.c.state == PartState.QUEUED, part.c.person_id.in_(people))
        .values(state=PartState.CANCELLED, reason="number suspected", changed_ms=now_ms)
    )
    return done.rowcount


def words_of(tx: sa.Connection, text_id: int) -> str:
    """What a text says."""
    return str(tx.execute(sa.select(text.c.body).where(text.c.id == text_id)).scalar_one())


# ---------------------------------------------------------------------------------------------------------- deciding


def confirm(
    tx: sa.Connection, vault: Vault, rules: NumberRules, person_id: int, note: str, actor: str, now: datetime
) -> Suspicion:
    """The suspicion is right: the informant is stopped, what waits for the number is withdrawn. Raises `Refused`.

    A number that is somebody else's by now is given up: whoever texts from it is a stranger, and nothing about the
    informant's cases goes there any more. What was to be replied asks for another way (`outbox.put`).
    """
    told = _of(tx, vault, rules, person_id)
    reason = f"{LABELS[told.kind].removeprefix('疑似')}:{note or told.reason}"
    number_decisions.decide(tx, person_id, "confirmed", told.kind, reason, actor, now)
    roster_desk.stop(tx, person_id, reason, now, told.kind)
    if told.kind is SuspicionKind.RECYCLED:
        number_decisions.give_up(tx, vault, person_id)
        theirs = sa.select(message.c.id).where(message.c.person_id == person_id)
        tx.execute(
            sa.update(part)
            .where(part.c.message_id.in_(theirs), part.c.state == PartState.QUEUED)
            .values(state=PartState.CANCELLED, reason="number recycled", changed_ms=_ms(now))
        )
    return told


def dismiss(
    tx: sa.Connection, vault: Vault, rules: NumberRules, person_id: int, note: str, actor: str, now: datetime
) -> Suspicion:
    """The suspicion is wrong: what the number has shown so far does not count any more. Raises `Refused`."""
    told = _of(tx, vault, rules, person_id)
    number_decisions.decide(tx, person_id, "dismissed", told.kind, note, actor, now)
    return told


def _of(tx: sa.Connection, vault: Vault, rules: NumberRules, person_id: int) -> Suspicion:
    found = suspects(tx, vault, rules, [person_id])
    if not found:
        raise Refused(f"信息员 {person_id} 的号码没有疑点", "xinqiao roster suspects 列出;另有原因请用 roster stop")
    return found[0].suspicion


# ------------------------------------------------------------------------------------------------------------- signs


def _came_back(
    tx: sa.Connection, codes: Mapping[str, Codes], watched: Mapping[int, int], among: Collection[int] | None
) -> dict[int, list[Sign]]:
    """Messages that came back with a code about the number; a message of several parts counts once."""
    every = sorted({code for one in codes.values() for code in (*one.empty, *one.suspended)})
    undelivered = part.c.state == sa.literal_column("'undelivered'")  # a constant, or the index would not be used
    rows = tx.execute(
        sa.select(part.c.person_id, part.c.message_id, part.c.carrier, part.c.reason, part.c.changed_ms)
        .where(undelivered, part.c.reason.in_(every), _one_of(part.c.person_id, among))
        .order_by(part.c.person_id, part.c.message_id, part.c.changed_ms)
    )
    found: dict[int, list[Sign]] = {}
    seen = None
    for person, message_id, carrier, reason, at in rows:
        kind = codes[carrier].sign(reason) if carrier in codes else None
        if kind is not None and message_id != seen and person in watched and at > watched[person]:
            found.setdefault(person, []).append(Sign(at, kind))
            seen = message_id
    return found


def _strange(
    tx: sa.Connection,
    vault: Vault,
    strangers: Strangers,
    watched: Mapping[int, int],
    among: Collection[int] | None,
) -> dict[int, frozenset[int]]:
    """Texts of informants that read as if somebody else wrote them: their ids, by person."""
    rows = tx.execute(
        sa.select(text.c.id, text.c.person_id, text.c.received_ms, text.c.body)
        .join(informant, informant.c.person_id == text.c.person_id)
        .where(
            informant.c.state == "active",
            sa.func.length(text.c.body).between(1, 2 * strangers.longest),  # blanks and punctuation do not count
            text.c.decision.not_in(OWN),
            _one_of(text.c.person_id, among),
        )
    )
    maybe = [row for row in rows if row.received_ms > watched[row.person_id] and strangers.may_write(row.body)]
    names = store.renderings(tx, vault, {row.person_id for row in maybe})
    found: dict[int, set[int]] = {}
    for row in maybe:
        whose = names.get(row.person_id)  # nobody's, when the person was forgotten
        if whose is not None and strangers.writes(row.body, whose.name):
            found.setdefault(row.person_id, set()).add(row.id)
    return {person: frozenset(ids) for person, ids in found.items()}


def _delivered(tx: sa.Connection, people: Collection[int]) -> dict[int, list[int]]:
    """When messages reached these people (their last part)."""
    rows = _DELIVERED.all(tx, people)
    found: dict[int, list[int]] = {}
    for person, at in rows:
        found.setdefault(person, []).append(at)
    return found


def _texts(tx: sa.Connection, people: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """(text, when) of these people."""
    rows = _TEXTS.all(tx, people)
    found: dict[int, list[tuple[int, int]]] = {}
    for person, number, at in rows:
        found.setdefault(person, []).append((number, at))
    return found


_DELIVERED = Statement(
    "SELECT message.person_id, max(part.changed_ms) FROM {rows} AS r JOIN message ON message.person_id = r.id "
    "JOIN part ON part.message_id = message.id WHERE part.state = 'delivered' "
    "GROUP BY message.id, message.person_id",
    id="BIGINT",
)
_TEXTS = Statement(
    "SELECT text.person_id, text.id, text.received_ms FROM {rows} AS r JOIN text ON text.person_id = r.id",
    id="BIGINT",
)


def _one_of(person_id: sa.ColumnElement[int], among: Collection[int] | None) -> sa.ColumnElement[bool]:
    return sa.true() if among is None else person_id.in_(among)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
