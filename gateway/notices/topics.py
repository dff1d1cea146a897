"""How many notices went out under each topic: for the papers of the year."""

from datetime import datetime

import sqlalchemy as sa

from gateway.tables import notice


def sent_by_topic(tx: sa.Connection, since: datetime, until: datetime) -> list[tuple[str, int, int]]:
    """Topics, how many notices began to be sent in a time, and to how many people; resends count as nothing."""
    rows = tx.execute(
        sa.select(notice.c.topic, notice.c.plan)
        .where(notice.c.started_at >= since, notice.c.started_at < until, notice.c.resend_of.is_(None))
        .order_by(notice.c.id)
    )
    counts: dict[str, list[int]] = {}
    for topic, plan in rows:
        counts.setdefault(topic, []).append(plan["people"] if plan else 0)
    return [(topic, len(people), sum(people)) for topic, people in counts.items()]
