"""What belongs into a week's digest (信息摘报), and why: rules that an office can recount.

An item is a case, or the cases of one place and topic. It is picked by the first rule of `RULES` that holds; the
rules that hold besides stand with it. Nothing is scored.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

RULES = {
    "emergency": "特急",
    "leader": "须领导亲自批转",
    "rise": "热点突增",
    "reporters": "多人反映",
    "again": "同一问题再次反映",
    "red": "红灯",
    "fill": "补足条数",
}
"""In the order in which they go before each other."""


@dataclass(frozen=True, slots=True)
class Rules:
    """From the [digest] of config/deadlines.toml."""

    least: int = 3  # items of an issue, where there is so much to tell
    most: int = 6
    reporters: int = 3  # so many people with one matter in the week
    weeks: int = 8  # a place and topic is compared with as many weeks before
    cases: int = 3  # a hot spot has at least so many cases in the week
    factor: int = 2  # and so many times the mean of the weeks before

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Rules":
        """What the table leaves out is as shipped. Raises `ValueError` for what makes no rules."""
        rules = cls(**table.get("digest", {}))
        for name in cls.__dataclass_fields__:
            number = getattr(rules, name)
            if type(number) is not int or number < 1:
                raise ValueError(f"[digest] {name} 应为不小于 1 的整数")
        if rules.least > rules.most:
            raise ValueError("[digest] least 不应大于 most")
        return rules


@dataclass(frozen=True, slots=True)
class Matter:
    """A case as the digest looks at it. Merged cases are no matters of their own: they are reporters of the master."""

    number: str
    week: int  # how many weeks ago it came in: 0 in this one
    place: str = ""
    topic: str = ""
    reporters: int = 0  # people who wrote of it in this week
    emergency: bool = False
    leader_kind: str = ""
    again: int = 0  # for the how-manieth time the problem was raised in this week, 0 when it was not again
    late: int = 0  # days past its date, of a case with a red lamp; else 0
    open: bool = True


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place and topic in a week, beside the weeks before it."""

    place: str
    topic: str
    cases: tuple[str, ...]  # of this week
    before: int  # cases of the weeks before, in all
    weeks: int
    rising: bool  # to be made a special (一题一专项)

    @property
    def mean(self) -> Fraction:
        """Cases a week before."""
        return Fraction(self.before, self.weeks)


@dataclass(frozen=True, slots=True)
class Pick:
    """A proposed item: its cases, and the rules by which it is one, the first of them first."""

    cases: tuple[str, ...]
    rules: tuple[str, ...]
    reasons: tuple[str, ...]


def hot_spots(matters: Iterable[Matter], rules: Rules) -> tuple[HotSpot, ...]:
    """Places and topics of which this week brought at least two cases: the rising ones first, then the larger."""
    now: dict[tuple[str, str], list[str]] = {}
    before: dict[tuple[str, str], int] = {}
    for one in matters:
        key = (one.place, one.topic)
        if not all(key):
            continue
        if one.week == 0:
            now.setdefault(key, []).append(one.number)
        elif 1 <= one.week <= rules.weeks:
            before[key] = before.get(key, 0) + 1
    found = [
        HotSpot(*key, tuple(sorted(cases)), old := before.get(key, 0), rules.weeks, _rises(len(cases), old, rules))
        for key, cases in now.items()
        if len(cases) > 1
    ]
    return tuple(sorted(found, key=lambda spot: (not spot.rising, -len(spot.cases), spot.place, spot.topic)))


def _rises(now: int, before: int, rules: Rules) -> bool:
    return now >= rules.cases and now * rules.weeks >= rules.factor * before


def picks(matters: Sequence[Matter], rules: Rules, told: Collection[str] = ()) -> tuple[Pick, ...]:
    """The items of an issue, at most `rules.most`. Cases that earlier issues have `told` are not picked again.

    When the rules give fewer than `rules.least`, this week's other cases fill up: those of more people first.
    """
    fresh = [one for one in matters if one.number not in told]
    rising = {(spot.place, spot.topic): spot for spot in hot_spots(matters, rules) if spot.rising}
    alike: dict[tuple[str, str], list[Matter]] = {}
    for one in sorted(fresh, key=lambda one: one.number):
        spot = rising.get((one.place, one.topic))
        if (spot and one.number in spot.cases) or any(_held(one, rules)):
            alike.setdefault((one.place, one.topic) if one.place and one.topic else ("", one.number), []).append(one)
    found = sorted((_pick(several, rising.get(key), rules) for key, several in alike.items()), key=_rank)
    chosen = found[: rules.most]
    used = {number for pick in chosen for number in pick.cases}
    others = sorted(
        (one for one in fresh if one.week == 0 and one.number not in used), key=lambda one: (-one.reporters, one.number)
    )
    fill = [Pick((one.number,), ("fill",), ("本周来件,补足条数",)) for one in others]
    return tuple(chosen + fill[: max(0, rules.least - len(chosen))])


def _rank(pick: Pick) -> tuple[int, int, str]:
    """The first rule that holds, then how many hold besides, then the older."""
    return list(RULES).index(pick.rules[0]), -len(pick.rules), pick.cases[0]


def _pick(several: Sequence[Matter], spot: HotSpot | None, rules: Rules) -> Pick:
    """An item of one case, or of those of one place and topic, with what holds of any of them."""
    held: dict[str, str] = {}
    if spot:
        held["rise"] = f"{spot.place}{spot.topic}本周{len(spot.cases)}件,前{spot.weeks}周共{spot.before}件"
    for one in several:
        for rule, words in _held(one, rules):
            held.setdefault(rule, words)
    ordered = sorted(held, key=list(RULES).index)
    return Pick(tuple(one.number for one in several), tuple(ordered), tuple(held[rule] for rule in ordered))


def _held(one: Matter, rules: Rules) -> Iterator[tuple[str, str]]:
    """The rules that hold of a case, in their order."""
    if one.week == 0 and one.emergency:
        yield "emergency", "特急"
    if one.week == 0 and one.leader_kind:
        yield "leader", f"须领导亲自批转:{one.leader_kind}"
    if one.reporters >= rules.reporters:
        yield "reporters", f"本周{one.reporters}人反映"
    if one.again:
        yield "again", f"同一问题第{one.again}次反映"
    if one.open and one.late:
        yield "red", f"红灯,超期{one.late}个工作日"
