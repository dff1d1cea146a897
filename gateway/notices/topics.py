"""Which notices went out in a time, under which topic: for the papers of the year."""

from datetime import datetime

import sqlalchemy as sa

from gateway.tables import notice


def sent(tx: sa.Connection, since: datetime, until: datetime) -> list[tuple[int, str, datetime, int]]:
    """The notices that began to be sent in a time: number, topic, when, to how many people; resends are none."""
    rows = tx.execute(
        sa.select(notice.c.id, notice.c.topic, notice.c.started_at, notice.c.plan)
        .where(notice.c.started_at >= since, notice.c.started_at < until, notice.c.resend_of.is_(None))
        .order_by(notice.c.id)
    )
    return [(number, topic, at, plan["people"] if plan else 0) for number, topic, at, plan in rows]
