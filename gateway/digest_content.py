"""What stands in an issue of the digest: of a signed one as it was signed, of a draft as of now; nobody named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import case_ladder, case_record, supervision_desk
from gateway.case_words import hider
from gateway.casebook import Desk, find
from gateway.digest_issues import Issue, Item, items
from gateway.sight import Sight, on_paper
from gateway.tables import audit
from roster.masking import plates
from roster.vault import Vault
from routing import deadlines, store, timelines
from routing.cases import LABELS, Case, CaseState
from routing.deadlines import Clock, Lamp
from routing.deadlines import Matter as Dated
from routing.digest import HotSpot, Matter, Rules, hot_spots
from routing.history import Entry
from routing.moves import standing
from routing.tables import digest

WEEK = timedelta(days=7)
WITHHELD = "(保密件,内容从略,另行呈报)"
LONGEST = 160
"""Characters of a citizen's words in an item before the office edits them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to tell of some days."""

    matters: tuple[Matter, ...]
    cases: Mapping[str, Case]
    received: int  # 来件, as in the leaders' paper: merged and refused ones among them


def look(tx: sa.Connection, desk: Desk, rules: Rules, first: date, last: date, now: datetime) -> Seen:
    """The cases of these days and of the weeks before, and all that wait for an answer."""
    zone = desk.calendar.zone
    since = datetime.combine(first - rules.weeks * WEEK, datetime.min.time(), zone)
    cases = store.recent(tx, since)
    histories = store.timelines(tx, [case.id for case in cases])
    merged: dict[int, list[Case]] = {}
    for case in cases:
        if case.master_id is not None:
            merged.setdefault(case.master_id, []).append(case)
    alive = [case for case in cases if case.state not in (CaseState.MERGED, CaseState.REJECTED)]
    again = _again(tx, desk, {case: histories[case.id] for case in alive}, first, last, now)
    matters = tuple(
        _matter(desk, case, histories[case.id], merged.get(case.id, ()), again.get(case.number, 0), first, last, now)
        for case in alive
    )
    received = sum(first <= desk.today(case.created_at) <= last for case in cases)
    return Seen(tuple(one for one in matters if one.week >= 0), {case.number: case for case in alive}, received)


def _matter(
    desk: Desk,
    case: Case,
    entries: Sequence[Entry],
    merged: Iterable[Case],
    again: int,
    first: date,
    last: date,
    now: datetime,
) -> Matter:
    told = on_paper(case) >= Sight.MATTER  # of a sealed case not even where it is
    came = [one for one in (case, *merged) if first <= desk.today(one.created_at) <= last]
    clock = _running(desk, case, entries, now)
    red = clock is not None and clock.in_force.lamp is Lamp.RED
    return Matter(
        case.number,
        _weeks_ago(desk.today(case.created_at), first, last),
        (told and case.place) or "",
        (told and case.topic) or "",
        len({one.person_id or -one.id for one in came}),
        case.urgency == "emergency",
        case.leader_kind or "",
        again,
        deadlines.days_late(clock, desk.calendar, now) if red and clock else 0,
    )


def _again(
    tx: sa.Connection, desk: Desk, among: Mapping[Case, Sequence[Entry]], first: date, last: date, now: datetime
) -> dict[str, int]:
    """By case number, for the how-manieth time its problem was raised in these days, of those that came back in them.

    A case that recurred without a place or topic to be known by is a problem by itself.
    """

    def within(at: datetime) -> bool:
        return first <= desk.today(at) <= last

    back = {case: [one.at for one in standing(entries) if one.event == "recur"] for case, entries in among.items()}
    found = {
        case.number: 1 + sum(desk.today(at) <= last for at in times)
        for case, times in back.items()
        if any(map(within, times))
    }
    raised = {
        (case.place, case.topic)
        for case in among
        if case.place and case.topic and (within(case.created_at) or case.number in found)
    }
    histories = timelines.alike(tx, raised, case_ladder.PROBLEMS, now)
    return found | {one.case: one.times for one in case_ladder.repeats(desk, histories, now) if within(one.at)}


def _weeks_ago(on: date, first: date, last: date) -> int:
    """0 in the days of the issue, 1 in the seven before them; negative after them."""
    return -1 if on > last else 0 if on >= first else 1 + (first - on - timedelta(days=1)).days // 7


def _running(desk: Desk, case: Case, entries: Sequence[Entry], now: datetime) -> Clock | None:
    """The clock of a case that waits for its answer."""
    if case.state not in store.UNANSWERED:
        return None
    matter = Dated(case.kind, case.urgency)
    clocks = deadlines.clocks(case_record.moves(entries), matter, desk.terms, desk.calendar, now)
    return clocks[-1] if clocks and clocks[-1].answered is None else None


def deidentified(tx: sa.Connection, vault: Vault, case: Case) -> str:
    """A case's words as they may be printed: shortened, nobody named; of a shielded case nothing."""
    if on_paper(case) < Sight.MATTER:
        return WITHHELD
    words = plates(hider(tx, vault, case).words(case.text))
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def content(tx: sa.Connection, desk: Desk, rules: Rules, county: str, issue: Issue, now: datetime) -> dict[str, Any]:
    """What stands in an issue: of a signed one as it was signed, of a draft as of now."""
    kept = tx.scalar(sa.select(digest.c.content).where(digest.c.id == issue.id))
    return dict(kept) if kept is not None else compose(tx, desk, rules, county, issue, now)


def compose(tx: sa.Connection, desk: Desk, rules: Rules, county: str, issue: Issue, now: datetime) -> dict[str, Any]:
    """An issue whole, as plain values."""
    known = supervision_desk.as_known(desk, now)
    seen = look(tx, known, rules, issue.first, issue.last, now)
    standing = {case.number: _standing(tx, known, case, now) for case in _cases(tx, items(tx, issue))}
    return {
        "county": county,
        "year": issue.year,
        "number": issue.number,
        "first": issue.first.isoformat(),
        "last": issue.last.isoformat(),
        "drafted_by": issue.drafted_by,
        "signed_by": issue.signed_by,
        "signed_on": desk.today(issue.signed_at).isoformat() if issue.signed_at else None,
        "as_of": now.astimezone(desk.calendar.zone).isoformat(timespec="seconds"),
        "received": seen.received,
        "items": [
            {
                "ref": f"{issue.number}-{item.position}",
                "title": item.title,
                "words": item.words,
                "reasons": list(item.reasons),
                "cases": [standing[number] for number in item.cases],
            }
            for item in items(tx, issue)
        ],
        "hot_spots": [_spot(spot) for spot in hot_spots(seen.matters, rules)[: rules.most]],
        "red": _red_list(tx, known, seen.cases.values(), now),
        "audit_head": _head(tx),
    }


def _cases(tx: sa.Connection, among: Iterable[Item]) -> list[Case]:
    return [find(tx, number) for item in among for number in item.cases]


def _standing(tx: sa.Connection, desk: Desk, case: Case, now: datetime) -> dict[str, Any]:
    """How a case of an item stands."""
    limit = case_record.limits(tx, [case], desk.terms, desk.calendar, now).get(case.id)
    return {
        "number": case.number,
        "state": LABELS[case.state],
        "unit": case.lead or "",
        "due": limit.due.isoformat() if limit else None,
        "lamp": limit.lamp.value if limit else None,
    }


def _spot(spot: HotSpot) -> dict[str, Any]:
    return asdict(spot) | {"cases": list(spot.cases)}


def _red_list(tx: sa.Connection, desk: Desk, cases: Iterable[Case], now: datetime) -> list[dict[str, Any]]:
    """Every open case whose lamp is red, the latest first."""
    open_ = [case for case in cases if case.state in store.UNANSWERED]
    histories = store.timelines(tx, [case.id for case in open_])
    found = []
    for case in open_:
        clock = _running(desk, case, histories[case.id], now)
        if clock is not None and clock.in_force.lamp is Lamp.RED:
            days = deadlines.days_late(clock, desk.calendar, now)
            due = clock.in_force.due.isoformat()
            found.append({"number": case.number, "unit": case.lead or case_record.OFFICE, "due": due, "days": days})
    return sorted(found, key=lambda one: (one["due"], one["number"]))


def _head(tx: sa.Connection) -> dict[str, Any] | None:
    """The newest line of the audit chain: who changes one before it changes this."""
    row = tx.execute(sa.select(audit.c.id, audit.c.seal).order_by(audit.c.id.desc()).limit(1)).one_or_none()
    return {"row": row.id, "seal": row.seal.hex()[:16]} if row else None
