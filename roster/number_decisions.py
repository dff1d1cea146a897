"""What people decided about informants' numbers, as rows that are only added. Suspicions are `roster.suspicion`'s."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from roster.suspicion import SuspicionKind
from roster.tables import informant, number_decision, person
from roster.vault import Vault


def decide(
    tx: sa.Connection, person_id: int, verdict: str, suspicion: str | None, reason: str, actor: str, now: datetime
) -> None:
    """Keep what was decided about a number. What it showed before says nothing any more."""
    tx.execute(
        sa.insert(number_decision).values(
            person_id=person_id, verdict=verdict, suspicion=suspicion, reason=reason, actor=actor, at=now
        )
    )


def give_up(tx: sa.Connection, vault: Vault, person_id: int) -> None:
    """The number is somebody else's by now: whoever texts from it is not this person any more."""
    nobodys = vault.phone_index(f"given up by {person_id}")
    tx.execute(sa.update(person).where(person.c.id == person_id).values(phone_index=nobodys))


def is_given_up(tx: sa.Connection, person_id: int) -> bool:
    """True when the last decision about a person's number is that it is somebody else's."""
    latest = next(reversed(decisions(tx, person_id)), None)
    return latest is not None and (latest.verdict, latest.suspicion) == ("confirmed", SuspicionKind.RECYCLED)


def decisions(tx: sa.Connection, person_id: int) -> Sequence[Any]:
    """What was decided about a person's number, oldest first."""
    return tx.execute(
        sa.select(number_decision).where(number_decision.c.person_id == person_id).order_by(number_decision.c.id)
    ).all()


def watched_since(tx: sa.Connection, among: Collection[int] | None) -> dict[int, datetime]:
    """Active informants (`among` these), and since when their numbers' signs count: they joined, or it was decided."""
    decided = (
        sa.select(number_decision.c.person_id, sa.func.max(number_decision.c.at).label("at"))
        .group_by(number_decision.c.person_id)
        .subquery()
    )
    rows = tx.execute(
        sa.select(informant.c.person_id, informant.c.created_at, decided.c.at)
        .join_from(informant, decided, decided.c.person_id == informant.c.person_id, isouter=True)
        .where(informant.c.state == "active", sa.true() if among is None else informant.c.person_id.in_(among))
    )
    return {person_id: max(joined, at) if at is not None else joined for person_id, joined, at in rows}
