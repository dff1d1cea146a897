"""Overdue lists, the board, a month's warnings, results for everybody, surveys and the digest, counted from histories.

A second reading beside `recount_clock.py`; the rules are those of docs/supervision.md, deadlines.md and reports.md.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.gateway import ledger
from tests.gateway.ledger import OFFICE, Line
from tests.gateway.recount import bottom, month_before
from tests.gateway.recount_clock import DAY, TICK, Days, Told, day, over

PROBLEMS = ("求助", "投诉", "举报")
RATINGS = {1: "满意", 2: "基本满意", 3: "不满意", None: "未评价"}
RATED = frozenset({"rate", "rate_ok", "rate_bad"})
Cases = Mapping[str, Told]


def of(period: str) -> Callable[[date], bool]:
    """True for the days of a month ("2026-01") or a year."""
    return lambda on: f"{on}".startswith(period)


def overdue(cases: Cases) -> set[tuple[Any, ...]]:
    """(number, unit, date, days late, lamp) of what is past its date."""
    return {
        (one.number, one.fields.get("lead") or OFFICE, turn.due, turn.late, turn.lamps[1])
        for one in cases.values()
        if (turn := one.open) and turn.lamps[1] != "none"
    }


def board(cases: Cases, days: Days, now: datetime) -> dict[str, tuple[int, ...]]:
    """By unit: open, due soon, yellow, red."""
    found: dict[str, Counter[str]] = {}
    for one in cases.values():
        if turn := one.open:
            row = found.setdefault(one.fields.get("lead") or OFFICE, Counter())
            soon = turn.due - DAY
            while not days.worked(soon):
                soon -= DAY
            row.update(["open", turn.lamps[1]])
            row["soon"] += turn.lamps[1] == "none" and not turn.held and day(now) >= soon
    return {unit: (row["open"], row["soon"], row["yellow"], row["red"]) for unit, row in found.items()}


# ------------------------------------------------------------------------------------------------------------ a month


def votes(cases: Mapping[int, ledger.Told]) -> list[tuple[str, str, str]]:
    """(day, unit, what) of every rating, oldest first."""
    found = ledger.happened(cases, "")
    return sorted((on, unit, what) for unit, on, _, what in found.elements() if what in RATINGS.values())


def warned(given: Iterable[tuple[str, str, str]], month: str, levels: Mapping[str, tuple[int, int]]) -> Counter[Any]:
    """(unit, period, level, votes, day): each level once a month and once a year, with the vote that reached it."""
    counts: Counter[tuple[str, str]] = Counter()
    found: Counter[Any] = Counter()
    for on, unit, what in given:
        for place, period in enumerate((on[:7], on[:4]) if what == "不满意" else ()):
            counts[unit, period] += 1
            reached = [name for name, limits in levels.items() if limits[place] == counts[unit, period]]
            found.update((unit, period, name, counts[unit, period], on) for name in reached if on.startswith(month))
    return found


def dissatisfied(given: Sequence[tuple[str, str, str]], month: str) -> dict[str, tuple[int, int, int]]:
    """By unit that was rated in the month: dissatisfied of rated, and dissatisfied in the year up to its end."""
    rated = Counter(unit for on, unit, what in given if on.startswith(month) and what != "未评价")
    bad = [(on, unit) for on, unit, what in given if what == "不满意"]
    return {
        unit: (
            sum(on.startswith(month) and whose == unit for on, whose in bad),
            many,
            sum(on[:4] == month[:4] and on[:7] <= month and whose == unit for on, whose in bad),
        )
        for unit, many in rated.items()
    }


def kept(cases: Cases, month: str, now: datetime) -> dict[str, tuple[int, int]]:
    """By unit: answered in time, of what was due in the month."""
    found: dict[str, list[bool]] = {}
    for one in cases.values():
        for turn in one.turns if one.state not in ("merged", "rejected") else ():
            if (
                turn.unit != OFFICE
                and not turn.held
                and f"{turn.due}".startswith(month)
                and now + TICK >= over(turn.due)
            ):
                found.setdefault(turn.unit, []).append(turn.lamps[1] == "green")
    return {unit: (sum(several), len(several)) for unit, several in found.items()}


def lowest(cases: Cases, month: str, now: datetime) -> set[str]:
    """Who was at the bottom."""
    rates = {unit: Fraction(*pair) for unit, pair in kept(cases, month, now).items()}
    return bottom(rates) if rates else set()


def summoned(cases: Cases, month: str, now: datetime) -> set[str]:
    """At the bottom in two months running."""
    return lowest(cases, month, now) & lowest(cases, month_before(month), now)


def came_back(cases: Cases, within: Callable[[date], bool]) -> set[tuple[str, int, str]]:
    """(problem, for the how-manieth time, case) of what was raised again after an answer."""
    raised: dict[str, list[tuple[datetime, str, datetime | None]]] = {}
    for one in cases.values():
        place, topic = one.fields.get("place"), one.fields.get("topic")
        if one.state in ("merged", "rejected") or one.fields.get("kind") not in PROBLEMS or not place or not topic:
            continue
        first = one.turns[0].answered if one.turns else None
        times = [(one.lines[0]["at"], one.number, first)]
        times += [(turn.began, one.number, turn.answered) for turn in one.turns if turn.again == "recur"]
        raised.setdefault(f"{place}/{topic}", []).extend(times)
    found = set()
    for problem, several in raised.items():
        count, answered = 0, None
        for at, number, then in sorted(several, key=lambda one: one[:2]):
            if count and (answered is None or answered > at):
                continue
            count, answered = count + 1, then
            if count > 1 and within(day(at)):
                found.add((problem, count, number))
    return found


# ------------------------------------------------------------------------------------------- results, surveys, digest


def published(cases: Cases, month: str) -> set[tuple[str, ...]]:
    """(number, day, kind, topic, unit, rating) of what was closed in the month and may be told of."""
    found = set()
    for one in cases.values():
        given = one.fields
        hidden = given.get("kind") == "举报" or given.get("shield", 0) >= 2 or given.get("accused")
        if one.state != "closed" or hidden:
            continue
        closed = [line["at"] for line in one.lines if line["data"].get("set", {}).get("closed_at")][-1]
        if ledger.day(closed).startswith(month):
            rating = next(
                (line["data"]["set"]["rating"] for line in reversed(one.turns[-1].lines) if line["event"] in RATED),
                None,
            )
            named = (given.get("kind") or "", given.get("topic") or "", given.get("lead") or OFFICE)
            found.add((one.number, ledger.day(closed), *named, RATINGS[rating]))
    return found


def surveyed(cases: Cases, persons: Mapping[str, int | None], within: Callable[[date], bool]) -> dict[str, list[str]]:
    """Of every answer that arrived, whether its citizen was asked to rate it, and did."""
    found: dict[str, list[str]] = {"answered": [], "no phone": [], "asked": [], "rated": []}
    for one in cases.values():
        starts = [n for n, line in enumerate(one.lines) if _answers(line)]
        for start, end in pairwise([*starts, len(one.lines)]):
            lap = one.lines[start:end]
            stop = next((n for n, line in enumerate(lap) if line["event"] in ("uphold", "recur")), len(lap))
            lap = lap[:stop]
            events = {line["event"] for line in lap}
            lost = "reply_failed" in events and events.isdisjoint(RATED)
            if lost or not events.isdisjoint({"reply_undelivered", "unmerge"}) or not within(day(lap[0]["at"])):
                continue
            found["answered"].append(one.number)
            if persons[one.number] is None:
                found["no phone"].append(one.number)
            elif any(line["data"].get("set", {}).get("surveyed_at") for line in lap):
                found["asked"].append(one.number)
            found["rated"] += [one.number] * (not events.isdisjoint(RATED))
    return {name: sorted(numbers) for name, numbers in found.items()}


def _answers(line: Line) -> bool:
    fields = {"reply", "reply_message_id", "reply_delivery"} & line["data"].get("set", {}).keys()
    return line["event"] in ("approve", "phone_reply", "answer_direct") or (line["event"] == "told" and bool(fields))


def matters(cases: Cases, persons: Mapping[str, int | None], first: date, last: date) -> dict[str, tuple[int, ...]]:
    """By case of these days' digest: how many wrote of it, for the how-manieth time, days late under a red lamp."""
    masters = {one.fields["master_id"] for one in cases.values() if one.fields.get("master_id")}
    ids = {one.number: n for n, one in enumerate(cases.values(), 1)}
    assert masters <= set(ids.values())
    again = {number: times for _, times, number in came_back(cases, lambda on: first <= on <= last)}
    found = {}
    for one in cases.values():
        if one.state in ("merged", "rejected") or day(one.lines[0]["at"]) > last:
            continue
        wrote = {
            persons[other.number] or other.number
            for other in cases.values()
            if (other is one or other.fields.get("master_id") == ids[one.number])
            and first <= day(other.lines[0]["at"]) <= last
        }
        back = [turn.began for turn in one.turns if turn.again == "recur" and day(turn.began) <= last]
        alone = 1 + len(back) if any(first <= day(at) for at in back) else 0
        turn = one.open
        late = turn.late if turn and turn.lamps[1] == "red" and not turn.held else 0
        found[one.number] = (len(wrote), again.get(one.number, alone), late)
    return found


def hot(cases: Cases, last: date) -> dict[tuple[str, str], tuple[int, int, bool]]:
    """By place and topic of at least two cases in the week up to a day: these, those of eight weeks before, a rise."""
    now, before = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in cases.values():
        given, days = one.fields, (last - day(one.lines[0]["at"])).days
        where = (given.get("place") or "", given.get("topic") or "")
        sealed = given.get("kind") == "举报" or given.get("shield", 0) >= 2
        if one.state not in ("merged", "rejected") and all(where) and not sealed:
            (now if 0 <= days < 7 else before)[where] += 0 <= days < 63
    return {
        where: (many, before[where], many >= 3 and Fraction(many) >= 2 * Fraction(before[where], 8))
        for where, many in now.items()
        if many > 1
    }
