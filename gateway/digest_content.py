"""What stands in an issue of the digest: of a signed one as it was signed, of a draft as of now; nobody named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import case_record, supervision_desk
from gateway.case_words import hider
from gateway.casebook import Desk, find
from gateway.digest_issues import Issue, Item, items
from gateway.sight import Sight, on_paper
from gateway.tables import audit
from roster.masking import plates
from roster.vault import Vault
from routing import deadlines, store
from routing.cases import LABELS, Case, CaseState
from routing.deadlines import Clock, Lamp
from routing.deadlines import Matter as Dated
from routing.digest import HotSpot, Matter, Rules, hot_spots
from routing.history import Entry
from routing.supervision import SAME_PROBLEM
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


def look(tx: sa.Connection, desk: Desk, rules: Rules, first: date, last: date, now: datetime) -> Seen:
    """The cases of these days and of the weeks before, and all that wait for an answer."""
    zone = desk.calendar.zone
    since = datetime.combine(first - rules.weeks * WEEK, datetime.min.time(), zone)
    cases = store.recent(tx, since)
    timelines = store.timelines(tx, [case.id for case in cases])
    merged: dict[int, list[Case]] = {}
    for case in cases:
        if case.master_id is not None:
            merged.setdefault(case.master_id, []).append(case)
    alive = [case for case in cases if case.state not in (CaseState.MERGED, CaseState.REJECTED)]
    matters = tuple(
        _matter(desk, case, timelines[case.id], merged.get(case.id, ()), first, last, now) for case in alive
    )
    return Seen(tuple(one for one in matters if one.week >= 0), {case.number: case for case in alive})


def _matter(
    desk: Desk, case: Case, entries: Sequence[Entry], merged: Iterable[Case], first: date, last: date, now: datetime
) -> Matter:
    told = on_paper(case) >= Sight.MATTER  # of a sealed case not even where it is
    came = [one for one in (case, *merged) if first <= desk.today(one.created_at) <= last]
    came_back = [one for one in entries if one.event in (SAME_PROBLEM, "recur")]
    in_week = any(first <= desk.today(one.at) <= last for one in came_back)
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
        1 + len(came_back) if in_week else 0,
        deadlines.days_late(clock, desk.calendar, now) if red and clock else 0,
    )


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
        "received": sum(one.week == 0 for one in seen.matters),
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
    timelines = store.timelines(tx, [case.id for case in open_])
    found = []
    for case in open_:
        clock = _running(desk, case, timelines[case.id], now)
        if clock is not None and clock.in_force.lamp is Lamp.RED:
            days = deadlines.days_late(clock, desk.calendar, now)
            due = clock.in_force.due.isoformat()
            found.append({"number": case.number, "unit": case.lead or case_record.OFFICE, "due": due, "days": days})
    return sorted(found, key=lambda one: (one["due"], one["number"]))


def _head(tx: sa.Connection) -> dict[str, Any] | None:
    """The newest line of the audit chain: who changes one before it changes this."""
    row = tx.execute(sa.select(audit.c.id, audit.c.seal).order_by(audit.c.id.desc()).limit(1)).one_or_none()
    return {"row": row.id, "seal": row.seal.hex()[:16]} if row else None
