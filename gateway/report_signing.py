"""Who signed which bulletin, and what its content is known by: kept in the audit, whose rows nobody can change."""

from collections.abc import Iterable
from datetime import date, datetime

import sqlalchemy as sa

from gateway.tables import audit
from gateway.yearly import Signed

VERB = "report.sign"


def detail(as_of: date, fingerprint: str, reason: str) -> dict[str, str]:
    """What a signature puts into the audit."""
    return {"as_of": as_of.isoformat(), "sha256": fingerprint} | ({"reason": reason} if reason else {})


def signed(tx: sa.Connection, now: datetime) -> list[Signed]:
    """Every signature that was there at a moment, the oldest first."""
    rows = tx.execute(sa.select(audit).where(audit.c.verb == VERB, audit.c.at <= now).order_by(audit.c.id))
    return [
        Signed(row.subject, row.actor, row.at, date.fromisoformat(row.detail["as_of"]), row.detail["sha256"])
        for row in rows
    ]


def latest(several: Iterable[Signed], month: str) -> Signed | None:
    """The signature that counts for a month: the last."""
    return next((one for one in reversed([*several]) if one.month == month), None)
