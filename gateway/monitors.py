"""Who of the informants is a monitor or speaks for a sector, and which monitors have reported for a month.

A monitor's report is any matter that they text in the month (it becomes a case as usual), or the words that there is
nothing. Who reported is read off the texts; only who was asked is kept, by the messages themselves.
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from gateway import case_mail, case_texts, outbox
from gateway.casebook import Desk
from gateway.tables import message, text
from roster.tables import informant, informant_tag, person
from routing.duties import Duties, nth_working_day
from routing.inbound import Decision, DecisionKind
from routing.tables import case_ticket

TAGS = {"monitor": "监测员", "spokesperson": "界别代言人"}
MONITOR = "monitor"
PURPOSE = "duty"
"""Purpose of texts that ask for, or remind of, what is reported every month."""
REPORTS = (
    DecisionKind.NEW_CASE,
    DecisionKind.FOLLOW_UP,
    DecisionKind.RECURRENCE,
    DecisionKind.UNCLEAR,
    DecisionKind.NOTHING,
)
"""What of a monitor's texts is a report: not ratings, commands or thanks."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """An informant with a tag; a spokesperson's sector (界别)."""

    person_id: int
    tag: str
    sector: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Reported:
    """A monitor's month: so many matters, or that there is nothing, or neither."""

    person_id: int
    matters: int
    nothing: bool
    asked: bool
    reminded: bool
    reachable: bool  # active, and has not opted out

    @property
    def reported(self) -> bool:
        """True when anything came, be it that there is nothing."""
        return self.nothing or self.matters > 0


def tag(tx: sa.Connection, person_id: int, name: str, sector: str, actor: str, now: datetime) -> None:
    """Give an informant a tag; again with another sector changes the sector."""
    untag(tx, person_id, name)
    values = {"person_id": person_id, "tag": name, "sector": sector, "actor": actor, "at": now}
    tx.execute(sa.insert(informant_tag).values(**values))


def untag(tx: sa.Connection, person_id: int, name: str) -> bool:
    """Take a tag away. False when they had none."""
    where = (informant_tag.c.person_id == person_id, informant_tag.c.tag == name)
    return tx.execute(sa.delete(informant_tag).where(*where)).rowcount > 0


def tagged(tx: sa.Connection, name: str | None = None) -> list[Tagged]:
    """Everybody who has a tag, or this one."""
    query = sa.select(informant_tag).order_by(informant_tag.c.tag, informant_tag.c.sector, informant_tag.c.person_id)
    if name is not None:
        query = query.where(informant_tag.c.tag == name)
    return [Tagged(row.person_id, row.tag, row.sector, row.at) for row in tx.execute(query)]


@dataclass(frozen=True, slots=True)
class Sector:
    """What the spokespersons of a sector raised: of so many cases these were suggestions, of those so many adopted."""

    sector: str
    people: int
    cases: int
    suggestions: int
    adopted: int


def sectors(tx: sa.Connection, desk: Desk, since: date, until: date, adopted: Container[str]) -> list[Sector]:
    """By sector, the cases that its spokespersons raised from `since` to `until` (both included).

    `adopted` are the outcomes that count as it, the same as in papers.
    """
    people: dict[str, list[int]] = {}
    for one in tagged(tx, "spokesperson"):
        people.setdefault(one.sector, []).append(one.person_id)
    everybody = [person_id for several in people.values() for person_id in several]
    rows = tx.execute(
        sa.select(case_ticket.c.person_id, case_ticket.c.kind, case_ticket.c.outcome, case_ticket.c.created_at).where(
            case_ticket.c.person_id.in_(everybody)
        )
    ).all()
    raised = [row for row in rows if since <= desk.today(row.created_at) <= until]
    found = []
    for sector, several in people.items():
        mine = [row for row in raised if row.person_id in several]
        suggestions = [row for row in mine if row.kind == "建议"]
        taken = sum(row.outcome in adopted for row in suggestions)
        found.append(Sector(sector, len(several), len(mine), len(suggestions), taken))
    return found


# ------------------------------------------------------------------------------------------------------------- a month


def month_of(today: date) -> str:
    """The month as it is kept and asked for: 2026-11."""
    return f"{today}"[:7]


def reported(tx: sa.Connection, desk: Desk, month: str) -> list[Reported]:
    """Every monitor with what they reported for a month."""
    people = [one.person_id for one in tagged(tx, MONITOR)]
    came = _came(tx, desk, people, month)
    asked = _asked(tx, people, month, "asked")
    reminded = _asked(tx, people, month, "reminded")
    rows = tx.execute(
        sa.select(person.c.id)
        .join(informant, informant.c.person_id == person.c.id)
        .where(person.c.id.in_(people), informant.c.state == "active", person.c.opted_out_at.is_(None))
    )
    reachable = set(rows.scalars())
    return [
        Reported(
            one,
            sum(kind != DecisionKind.NOTHING for kind in came.get(one, ())),
            DecisionKind.NOTHING in came.get(one, ()),
            one in asked,
            one in reminded,
            one in reachable,
        )
        for one in people
    ]


def _came(tx: sa.Connection, desk: Desk, people: Collection[int], month: str) -> Mapping[int, list[str]]:
    first = date.fromisoformat(f"{month}-01")
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    since, until = (datetime.combine(day, time(), desk.calendar.zone).timestamp() * 1000 for day in (first, after))
    rows = tx.execute(
        sa.select(text.c.person_id, text.c.decision).where(
            text.c.person_id.in_(people),
            text.c.decision.in_(REPORTS),
            text.c.received_ms >= round(since),
            text.c.received_ms < round(until),
        )
    )
    found: dict[int, list[str]] = {}
    for person_id, decision in rows:
        found.setdefault(person_id, []).append(decision)
    return found


def _asked(tx: sa.Connection, people: Collection[int], month: str, what: str) -> set[int]:
    tokens = {_token(month, what, one): one for one in people}
    rows = tx.execute(sa.select(message.c.token).where(message.c.token.in_(tokens)))
    return {tokens[token] for token in rows.scalars() if token is not None}


def _token(month: str, what: str, person_id: int) -> str:
    return f"monitor:{month}:{what}:{person_id}"


def sweep(tx: sa.Connection, desk: Desk, duties: Duties, now: datetime) -> int:
    """Ask the monitors from the day of the month on, remind once who has not reported. Returns how many were texted."""
    today = desk.today(now)
    if desk.calendar.office_moment(now) != now or today < nth_working_day(today, duties.prompt_on, desk.calendar):
        return 0
    month = month_of(today)
    remind = today >= nth_working_day(today, duties.remind_on, desk.calendar)
    sent = 0
    for one in reported(tx, desk, month):
        if not one.reachable or one.reported:
            continue
        if not one.asked and not remind:
            sent += _put(tx, desk, one.person_id, "M1", "asked", month, now)
        elif remind and not one.reminded:
            sent += _put(tx, desk, one.person_id, "M2", "reminded", month, now)
    return sent


def _put(tx: sa.Connection, desk: Desk, person_id: int, name: str, what: str, month: str, now: datetime) -> int:
    outbox.put(
        tx,
        person_id=person_id,
        body=desk.texts.fill(name, month=f"{int(month[5:])}月"),
        purpose=PURPOSE,
        created_by="system",
        now_ms=round(now.timestamp() * 1000),
        validity_ms=case_mail.VALIDITY_MS,
        token=_token(month, what, person_id),
    )
    return 1


def hear(tx: sa.Connection, desk: Desk, duties: Duties, person_id: int, text_id: int, words: str, now: datetime) -> str:
    """A monitor says that there is nothing to report: noted, no case. The answer; empty when it is no such text."""
    if not duties.says_nothing(words):
        return ""
    where = (informant_tag.c.person_id == person_id, informant_tag.c.tag == MONITOR)
    if tx.scalar(sa.select(informant_tag.c.person_id).where(*where)) is None:
        return ""
    month = month_of(desk.today(now))
    case_texts.mark(tx, text_id, Decision(DecisionKind.NOTHING, f"监测员{month}零报告", 1.0), None)
    return desk.texts.fill("M3", month=f"{int(month[5:])}月")
