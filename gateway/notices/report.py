"""What became of a notice, counted from its parts: by carrier, category, township and reason."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from carriers.text import parts_of, units
from gateway.notices.rules import has_fields, opens_at, render, warnings, worst
from gateway.notices.store import Notice, elsewhere, same_text_before
from gateway.outbox import FINAL
from gateway.settings import Loaded
from gateway.tables import message, part, text
from roster import store as roster_store
from roster.vault import Vault

STATES = (
    *("queued", "sending", "uncertain", "accepted"),
    *("delivered", "undelivered", "failed", "expired", "cancelled", "unknown"),
)


class AccountingError(Exception):
    """The states do not add up to the plan: a bug of ours that nobody may overlook."""


@dataclass(frozen=True, slots=True)
class Tally:
    """People and parts by state, of one group."""

    people: Mapping[str, int]
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole account. Every grouping adds up to `total`, and that to the plan."""

    total: Tally
    by_carrier: Mapping[str, Tally]
    by_category: Mapping[str, Tally]
    by_township: Mapping[str, Tally]
    reasons: Mapping[tuple[str, str], int]  # (state, reason) -> people
    planned_people: int
    planned_parts: int


def account(tx: sa.Connection, one: Notice) -> Report:
    """Count. Raises `AccountingError` unless everything adds up to the plan."""
    rows = tx.execute(
        sa.select(
            part.c.message_id, part.c.state, part.c.reason, part.c.carrier, message.c.category, message.c.township
        )
        .join(message, message.c.id == part.c.message_id)
        .where(part.c.lane == one.id)
        .order_by(part.c.message_id)
    ).all()
    plan = one.plan or {"people": 0, "parts": 0}
    report = Report(
        _tally(rows),
        _grouped(rows, "carrier"),
        _grouped(rows, "category"),
        _grouped(rows, "township"),
        _reasons(rows),
        plan["people"],
        plan["parts"],
    )
    people, parts = sum(report.total.people.values()), sum(report.total.parts.values())
    if (people, parts) != (plan["people"], plan["parts"]):
        raise AccountingError(f"notice {one.id}: {people}/{plan['people']} people, {parts}/{plan['parts']} parts")
    return report


def replies(tx: sa.Connection, notice_id: int) -> int:
    """How many texts stand under a notice."""
    return tx.scalar(sa.select(sa.func.count()).select_from(text).where(text.c.notice_id == notice_id)) or 0


def progress(tx: sa.Connection, notice_id: int) -> dict[str, dict[str, int]]:
    """Parts by carrier and state, quickly: what a progress bar asks for again and again."""
    found: dict[str, dict[str, int]] = {}
    rows = tx.execute(
        sa.select(part.c.carrier, part.c.state, sa.func.count())
        .where(part.c.lane == notice_id)
        .group_by(part.c.carrier, part.c.state)
    )
    for carrier, state, count in rows:
        found.setdefault(carrier, {})[state] = count
    return found


def _tally(rows: Sequence[Any]) -> Tally:
    states: dict[int, list[str]] = {}
    for row in rows:
        states.setdefault(row.message_id, []).append(row.state)
    people = Counter(worst(theirs) for theirs in states.values())
    return Tally(dict(people), dict(Counter(row.state for row in rows)))


def _grouped(rows: Sequence[Any], by: str) -> dict[str, Tally]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by) or "-", []).append(row)
    return {name: _tally(theirs) for name, theirs in sorted(groups.items(), key=lambda pair: -len(pair[1]))}


def _reasons(rows: Sequence[Any]) -> dict[tuple[str, str], int]:
    """Why messages were not delivered: the reason of the part that made each what it is."""
    parts: dict[int, list[Any]] = {}
    for row in rows:
        parts.setdefault(row.message_id, []).append(row)
    found: Counter[tuple[str, str]] = Counter()
    for theirs in parts.values():
        state = worst(row.state for row in theirs)
        if state in FINAL and state != "delivered":
            found[state, next((row.reason for row in theirs if row.state == state and row.reason), "")] += 1
    return dict(found.most_common())


# ------------------------------------------------------------------------------------------------------------- dry run


@dataclass(frozen=True, slots=True)
class Estimate:
    """What sending now would mean. Nothing is changed by asking."""

    people: int
    parts: int
    carriers: Mapping[str, Mapping[str, float]]  # name -> people, parts, cost_fen, seconds
    cost_fen: float
    starts_at: datetime
    finishes_at: datetime
    left_out: Mapping[str, int]
    longest: str
    longest_parts: int
    longest_units: int
    same_text: int
    warnings: Sequence[str]
    digest: str


def estimate(
    tx: sa.Connection, vault: Vault, settings: Loaded, one: Notice, now: datetime, withheld: Collection[int] = ()
) -> Estimate:
    """People, parts, cost, finish, who is left out and why, the longest rendering; `withheld` as in `approve`."""
    withheld = withheld if has_fields(one.body) else ()
    busy = elsewhere(tx, one, now)
    chosen = tx.execute(roster_store.audience_query(one.audience, withheld, busy)).all()
    served = [row for row in chosen if row.carrier in settings.values.carriers]
    left_out = dict(roster_store.left_out(tx, one.audience, withheld, busy))
    if len(served) < len(chosen):
        left_out["carrier not configured"] = len(chosen) - len(served)
    longest, takes = one.body, dict.fromkeys((row.person_id for row in served), parts_of(one.body))
    if has_fields(one.body):
        named = roster_store.renderings(tx, vault, list(takes))
        texts = {person_id: render(one.body, who) for person_id, who in named.items()}
        takes = {person_id: parts_of(text) for person_id, text in texts.items()}
        longest = max(texts.values(), key=units, default=one.body)
    carriers = _per_carrier(settings, served, takes)
    local = opens_at(now.astimezone(settings.zone()), settings.quiet_hours())
    starts = now.astimezone(settings.zone()) if one.urgent_reason else local
    return Estimate(
        people=len(served),
        parts=sum(takes.values()),
        carriers=carriers,
        cost_fen=sum(row["cost_fen"] for row in carriers.values()),
        starts_at=starts,
        finishes_at=starts + timedelta(seconds=max((row["seconds"] for row in carriers.values()), default=0)),
        left_out=left_out,
        longest=longest,
        longest_parts=parts_of(longest),
        longest_units=units(longest),
        same_text=same_text_before(tx, one, settings.values.notices.same_text_hours, now),
        warnings=warnings(one.body),
        digest=one.digest,
    )


def _per_carrier(settings: Loaded, served: Sequence[Any], takes: Mapping[int, int]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, carrier in settings.values.carriers.items():
        parts = [takes[row.person_id] for row in served if row.carrier == name]
        if parts:
            found[name] = {
                "people": len(parts),
                "parts": sum(parts),
                "cost_fen": sum(parts) * carrier.cost_fen,
                "seconds": sum(parts) / carrier.rate if carrier.rate else 0.0,
            }
    return found
