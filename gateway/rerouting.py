"""Over which other line a text goes when its own will not take it, and what that teaches about the number.

Two causes: the carrier says that the number is not its own (number portability, 携号转网), in its answer or in a
receipt; or its line has been down for long. Either way only where the settings allow it, over each carrier once, and
never a part whose outcome is uncertain. Times are milliseconds since 1970 UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from carriers.events import Verdict
from carriers.profile import CarrierProfile
from gateway import carrier_desk, outbox
from gateway.outbox import PartState
from gateway.settings import Carrier
from gateway.tables import attempt, carrier_status, message, part, reroute
from roster import store as roster_store

LEARNED_FOR = timedelta(days=180)  # what a rerouted text taught is believed so long; a ported number stays 120 days
MANY = 2_000  # parts of a line that is down are moved so many at a time


@dataclass(frozen=True, slots=True)
class Routes:
    """What the settings allow. All by carrier."""

    others: Mapping[str, tuple[str, ...]]  # who may be tried with numbers that it says are not its own
    stand_ins: Mapping[str, tuple[str, ...]]  # who sends in its place while its line is down
    after_ms: Mapping[str, int]  # down for so long
    refusals: Mapping[str, frozenset[str]]  # codes in its receipts that say "not my number"

    @classmethod
    def of(cls, carriers: Mapping[str, Carrier], profiles: Mapping[str, CarrierProfile]) -> "Routes":
        """From the settings."""
        takers = [name for name, one in carriers.items() if one.takes_ported]
        return cls(
            {name: tuple(other for other in takers if other != name) for name in carriers},
            {name: one.stand_ins for name, one in carriers.items()},
            {name: round(one.stand_in_after * 1000) for name, one in carriers.items()},
            {
                name: frozenset(
                    code for code, verdict in profile.results.reports.items() if verdict is Verdict.WRONG_NETWORK
                )
                for name, profile in profiles.items()
            },
        )


NOWHERE = Routes({}, {}, {}, {})
"""Every part stays with its carrier."""


def not_its_own(
    tx: sa.Connection, carrier: str, part_ids: Sequence[int], code: str, routes: Routes, last: PartState, now: int
) -> None:
    """The carrier does not serve these people: each part waits for the next that has not said so, or ends as `last`.

    The attempts are marked `outbox.WRONG_NETWORK` by now. `code` is what the carrier said, for people. What a receipt
    has settled meanwhile, and what is with another carrier by now, stays as it is.
    """
    theirs = sa.select(part.c.id).where(
        part.c.id.in_(part_ids), part.c.carrier == carrier, part.c.state.not_in(outbox.FINAL)
    )
    for part_id in list(tx.scalars(theirs)):
        tried = set(tx.scalars(sa.select(attempt.c.carrier).where(attempt.c.part_id == part_id)))
        following = next((other for other in routes.others.get(carrier, ()) if other not in tried), None)
        values = {"state": last, "reason": code, "changed_ms": now}
        if following is not None:
            values |= {"state": PartState.QUEUED, "carrier": following, "not_before_ms": 0}
            _note(tx, [part_id], carrier, following, code, now)
        tx.execute(sa.update(part).where(part.c.id == part_id).values(values))
    outbox.withdraw(tx, part_ids, now)


def stand_in(tx: sa.Connection, routes: Routes, now: int) -> int:
    """What waits for a line that is down for long goes over the first stand-in that is up. Returns how many parts."""
    status = {row.carrier: row for row in tx.execute(sa.select(carrier_status))}
    doubted = sa.select(attempt.c.part_id).where(attempt.c.part_id == part.c.id, attempt.c.outcome == "uncertain")
    moved = 0
    for carrier, others in routes.stand_ins.items():
        row = status.get(carrier)
        if row is None or not others or not _is_down(row, routes.after_ms[carrier], now):
            continue
        following = next((other for other in others if other in status and _is_up(status[other])), None)
        if following is None:
            continue
        waiting = list(
            tx.scalars(
                sa.select(part.c.id)
                .where(part.c.state == PartState.QUEUED, part.c.carrier == carrier, part.c.expires_ms > now)
                .where(~doubted.exists())  # sent again on somebody's word: over the carrier that may have it already
                .order_by(part.c.id)
                .limit(MANY)
            )
        )
        if waiting:
            tx.execute(
                sa.update(part)
                .where(part.c.id.in_(waiting))
                .values(carrier=following, reason=f"{carrier} down", changed_ms=now)
            )
            _note(tx, waiting, carrier, following, "down", now)
            moved += len(waiting)
    return moved


def learn(tx: sa.Connection, now: int) -> int:
    """People whose text was delivered over the carrier that it was rerouted to belong there. Returns how many parts."""
    rows = tx.execute(
        sa.select(reroute.c.id, reroute.c.from_carrier, reroute.c.code, part.c.person_id, part.c.carrier)
        .join(part, part.c.id == reroute.c.part_id)
        .where(reroute.c.learned.is_(False), reroute.c.code != "down", part.c.state == PartState.DELIVERED)
        .where(part.c.carrier == reroute.c.to_carrier)
    ).all()
    at = datetime.fromtimestamp(now / 1000, UTC)
    for row in rows:
        note = f"{row.from_carrier}: {row.code}; delivered over {row.carrier}"
        if roster_store.learn_carrier(tx, row.person_id, row.carrier, "receipt", note, at, at + LEARNED_FOR):
            _follow(tx, row.person_id, row.carrier, now)
    if rows:
        tx.execute(sa.update(reroute).where(reroute.c.id.in_([row.id for row in rows])).values(learned=True))
    return len(rows)


def _follow(tx: sa.Connection, person_id: int, carrier: str, now: int) -> None:
    """What waits for this person and was never submitted goes over the right carrier at once."""
    theirs = sa.select(message.c.id).where(message.c.person_id == person_id)
    tx.execute(
        sa.update(part)
        .where(part.c.message_id.in_(theirs), part.c.state == PartState.QUEUED, part.c.attempts == 0)
        .values(carrier=carrier, changed_ms=now)
    )


def _note(tx: sa.Connection, part_ids: Sequence[int], carrier: str, following: str, code: str, now: int) -> None:
    rows = [
        {"part_id": one, "from_carrier": carrier, "to_carrier": following, "code": code, "at_ms": now, "learned": False}
        for one in part_ids
    ]
    tx.execute(sa.insert(reroute), rows)


def _is_down(status: sa.Row[tuple[object, ...]], after: int, now: int) -> bool:
    """Down for so long. A line that somebody holds is not down: who holds it has a reason."""
    if status.held_at is not None or status.down_since is None:
        return False
    return bool(now - status.down_since.timestamp() * 1000 >= after)


def _is_up(status: sa.Row[tuple[object, ...]]) -> bool:
    return status.held_at is None and status.link_state in carrier_desk.UP
