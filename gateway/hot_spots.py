"""What the cases of the last twelve weeks say about places: by village, street or spot, and by township."""

from datetime import datetime

import sqlalchemy as sa

from routing.cases import CaseState
from routing.hotspots import BEFORE, LATELY, HotSpot, Report, rising
from routing.places import Gazetteer
from routing.tables import case_ticket


def hot_spots(tx: sa.Connection, gazetteer: Gazetteer, now: datetime) -> tuple[HotSpot, ...]:
    """Hot spots of single places first, then of whole townships that no place of theirs explains.

    Places are read by the list of places, so the same village written in three ways is one.
    """
    columns = (case_ticket.c.number, case_ticket.c.created_at, case_ticket.c.topic, case_ticket.c.place)
    query = sa.select(*columns, case_ticket.c.text).where(
        case_ticket.c.created_at > now - LATELY - BEFORE,
        case_ticket.c.topic.isnot(None),
        case_ticket.c.state != CaseState.REJECTED,
    )
    spots: list[Report] = []
    townships: list[Report] = []
    for row in tx.execute(query):
        where = gazetteer.find(row.place or row.text)
        if where.spots:
            spots.append(Report(row.number, row.created_at, row.topic, where.written()))
        townships += (Report(row.number, row.created_at, row.topic, township) for township in where.townships)
    narrow = rising(spots, now)
    explained = {number for one in narrow for number in one.cases}
    wide = [one for one in rising(townships, now) if not explained.issuperset(one.cases)]
    return (*narrow, *wide)
