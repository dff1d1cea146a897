"""One-time codes by which an order that was texted is known to come from whom it says: issued, checked, locked.

A sender's number can be forged, but what we send goes to the real phone: who knows the code has it. A code belongs
to one case and one unit (or leader), ends when it is used, and is replaced whenever the case comes to the unit anew.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gateway.tables import staff_code, staff_guard
from roster.vault import Vault

TRIES = 3
LOCKED_FOR = timedelta(hours=1)


class Purpose(StrEnum):
    """What a code is good for."""

    HANDLE = "handle"  # to the liaison: report, return
    SIGN = "sign"  # to the head: sign or decline what the liaison reports
    INSTRUCT = "instruct"  # to a county leader


@dataclass(frozen=True, slots=True)
class Live:
    """A code that may still be used."""

    id: int
    case_id: int
    whose: str


def issue(
    tx: sa.Connection, vault: Vault, case_id: int, whose: str, purpose: Purpose, entry_id: int, now: datetime
) -> str:
    """A fresh code of four digits in the place of the one before. No two live codes of one holder are alike."""
    end(tx, case_id, now, purpose, whose)
    others = {row.code_hash for row in _live(tx, purpose, [whose])}
    while (sealed := _hash(vault, code := str(1000 + secrets.randbelow(9000)))) in others:
        pass
    tx.execute(
        sa.insert(staff_code).values(
            case_id=case_id, whose=whose, purpose=purpose, entry_id=entry_id, code_hash=sealed, issued_at=now
        )
    )
    return code


def told_for(tx: sa.Connection, case_id: int, whose: str, purpose: Purpose) -> int:
    """The line of history for which a holder was last told of a case; 0 when they never were."""
    where = (staff_code.c.case_id == case_id, staff_code.c.whose == whose, staff_code.c.purpose == purpose)
    return tx.scalar(sa.select(sa.func.max(staff_code.c.entry_id)).where(*where)) or 0


def end(tx: sa.Connection, case_id: int, now: datetime, purpose: Purpose, whose: str | None = None) -> None:
    """The codes of a case are no good any more, those of one holder or of all."""
    where = [staff_code.c.case_id == case_id, staff_code.c.purpose == purpose, staff_code.c.ended_at.is_(None)]
    if whose is not None:
        where.append(staff_code.c.whose == whose)
    tx.execute(sa.update(staff_code).where(*where).values(ended_at=now))


def live(tx: sa.Connection, purpose: Purpose, whose: Sequence[str]) -> list[Live]:
    """The codes that these holders may still use, oldest first."""
    return [Live(row.id, row.case_id, row.whose) for row in _live(tx, purpose, whose)]


def matching(tx: sa.Connection, vault: Vault, code: str, among: Sequence[Live]) -> Live | None:
    """Whose code this is."""
    same = sa.select(staff_code.c.id).where(
        staff_code.c.id.in_([one.id for one in among]), staff_code.c.code_hash == _hash(vault, code)
    )
    found = tx.scalar(same)
    return next((one for one in among if one.id == found), None)


def locked_until(tx: sa.Connection, person_id: int, now: datetime) -> datetime | None:
    """Until when codes from this number are not looked at; None when they are."""
    until: datetime | None = tx.scalar(
        sa.select(staff_guard.c.locked_until).where(staff_guard.c.person_id == person_id)
    )
    return until if until is not None and until > now else None


def right(tx: sa.Connection, person_id: int) -> None:
    """A right code makes up for the wrong ones before it."""
    tx.execute(sa.delete(staff_guard).where(staff_guard.c.person_id == person_id))


def wrong(tx: sa.Connection, person_id: int, now: datetime) -> int:
    """Count a wrong code. How many more may be wrong; 0: the number is locked from now on."""
    before = tx.scalar(sa.select(staff_guard.c.wrong).where(staff_guard.c.person_id == person_id)) or 0
    left = max(TRIES - before - 1, 0)
    tx.execute(sa.delete(staff_guard).where(staff_guard.c.person_id == person_id))
    kept = {"wrong": 0, "locked_until": now + LOCKED_FOR} if not left else {"wrong": before + 1, "locked_until": None}
    tx.execute(sa.insert(staff_guard).values(person_id=person_id, **kept))
    return left


def locked(tx: sa.Connection, now: datetime) -> dict[int, datetime]:
    """The numbers that are locked, by person, and until when."""
    rows = tx.execute(sa.select(staff_guard).where(staff_guard.c.locked_until > now))
    return {row.person_id: row.locked_until for row in rows}


def _live(tx: sa.Connection, purpose: Purpose, whose: Sequence[str]) -> Sequence[Any]:
    query = sa.select(staff_code).where(
        staff_code.c.ended_at.is_(None), staff_code.c.purpose == purpose, staff_code.c.whose.in_(whose)
    )
    return tx.execute(query.order_by(staff_code.c.id)).all()


def _hash(vault: Vault, code: str) -> bytes:
    return vault.fingerprint(b"staff code", code.encode())
