"""Does the roster mirror the county? Who is on it by category and township, beside the shares it should have.

Target shares are whole-number weights of `config/roster.toml`; a cell (a category in a township) should have the
product of its two shares. Targets are exact fractions of the people there are, so every row and column adds up.
Additions follow Sainte-Laguë: each goes where (2 x have + 1) / weight is least, which for every number of additions
leaves the least sum of (have - target)^2 / target that can be reached without letting anybody go.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from heapq import heapify, heapreplace
from itertools import islice
from typing import Any

Cell = tuple[str, str]
"""(category, township)."""


class Standing(StrEnum):
    """How a group stands to its range: the target, give or take the tolerance."""

    SHORT = "short"
    WITHIN = "within"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a category or township should have: a weight among its kind, and the part of it that may be missing."""

    weight: int
    tolerance: Fraction


@dataclass(frozen=True, slots=True)
class Targets:
    """By name, in the order of the file."""

    categories: Mapping[str, Wanted]
    townships: Mapping[str, Wanted]

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Targets":
        """From `config/roster.toml`. Raises `ValueError` naming the row whose target makes no sense."""
        usual = _tolerance("balance", table.get("balance", {}).get("tolerance", 0.1))
        return cls(_wanted(table["category"], usual), _wanted(table["township"], usual))


def _wanted(rows: Iterable[Mapping[str, Any]], usual: Fraction) -> dict[str, Wanted]:
    found = {}
    for row in rows:
        weight = row.get("target")
        if not isinstance(weight, int) or isinstance(weight, bool) or weight <= 0:
            raise ValueError(f"“{row['name']}”的 target 应为正整数(目标人数或人口,按同类合计折成比例)")
        own = row.get("tolerance")
        found[row["name"]] = Wanted(weight, usual if own is None else _tolerance(row["name"], own))
    return found


def _tolerance(name: str, written: object) -> Fraction:
    if not isinstance(written, (int, float)) or not 0 <= written <= 1:
        raise ValueError(f"“{name}”的 tolerance 应在 0 与 1 之间,例如 0.1 表示允许相差一成")
    return Fraction(str(written))


@dataclass(frozen=True, slots=True)
class Group:
    """A category, a township or a cell: `have` of `whole` people, where `share` is wanted. "" means all."""

    category: str
    township: str
    have: int
    whole: int
    share: Fraction  # 0: not on the list
    tolerance: Fraction

    @property
    def target(self) -> Fraction:
        """How many of the people there are it should have."""
        return self.share * self.whole

    @property
    def gap(self) -> Fraction:
        """How many it has too many; below zero: too few."""
        return self.have - self.target

    @property
    def standing(self) -> Standing:
        """Out of its range only by a whole person or more: nobody recruits half of one."""
        if abs(self.gap) < 1 or abs(self.gap) <= self.tolerance * self.target:
            return Standing.WITHIN
        return Standing.SHORT if self.gap < 0 else Standing.OVER


@dataclass(frozen=True, slots=True)
class Balance:
    """The composition. Groups that the list does not know stand behind those it does."""

    whole: int
    categories: tuple[Group, ...]
    townships: tuple[Group, ...]
    cells: tuple[Group, ...]  # category by category, each with every township


def balance(have: Mapping[Cell, int], targets: Targets) -> Balance:
    """Everybody counted against the targets."""
    whole = sum(have.values())
    by_category: Counter[str] = Counter()
    by_township: Counter[str] = Counter()
    for (category, township), people in have.items():
        by_category[category] += people
        by_township[township] += people
    wanted_categories, wanted_townships = _shares(targets.categories), _shares(targets.townships)
    categories = [*wanted_categories, *sorted(by_category.keys() - wanted_categories.keys())]
    townships = [*wanted_townships, *sorted(by_township.keys() - wanted_townships.keys())]
    nothing = (Fraction(0), Fraction(0))
    cells = []
    for category in categories:
        share, tolerance = wanted_categories.get(category, nothing)
        for township in townships:
            other, more = wanted_townships.get(township, nothing)
            people = have.get((category, township), 0)
            cells.append(Group(category, township, people, whole, share * other, tolerance + more))
    return Balance(
        whole,
        tuple(Group(one, "", by_category[one], whole, *wanted_categories.get(one, nothing)) for one in categories),
        tuple(Group("", one, by_township[one], whole, *wanted_townships.get(one, nothing)) for one in townships),
        tuple(cells),
    )


def _shares(wanted: Mapping[str, Wanted]) -> dict[str, tuple[Fraction, Fraction]]:
    total = sum(one.weight for one in wanted.values())
    return {name: (Fraction(one.weight, total), one.tolerance) for name, one in wanted.items()}


def additions(have: Mapping[Cell, int], targets: Targets, count: int) -> dict[Cell, int]:
    """Where the next `count` people should come from, in the order of the list."""
    chosen = Counter(islice(_in_order(have, targets), count))
    return {cell: chosen[cell] for cell in _weights(targets) if chosen[cell]}


def enough(have: Mapping[Cell, int], targets: Targets, most: int) -> int | None:
    """After how many of these additions no category and no township is short; None when `most` do not do it."""
    start = balance(have, targets)
    people = {(one.category, one.township): one.have for one in (*start.categories, *start.townships)}
    groups = [one for one in (*start.categories, *start.townships) if one.share]
    whole = start.whole
    order = _in_order(have, targets)
    for added in range(most + 1):
        # A group that was short is the likeliest to be short still: look at it first.
        short = next((i for i, one in enumerate(groups) if _is_short(one, people, whole)), None)
        if short is None:
            return added
        groups.insert(0, groups.pop(short))
        category, township = next(order)
        people[category, ""] += 1
        people["", township] += 1
        whole += 1
    return None


def _is_short(one: Group, people: Mapping[Cell, int], whole: int) -> bool:
    have = people[one.category, one.township]
    return Group(one.category, one.township, have, whole, one.share, one.tolerance).standing is Standing.SHORT


def _in_order(have: Mapping[Cell, int], targets: Targets) -> Iterator[Cell]:
    """The cells to fill, one person at a time, for ever. Where two are equal, the order of the list decides."""
    weights = _weights(targets)
    people = {cell: have.get(cell, 0) for cell in weights}
    names = list(weights)
    heap = [(Fraction(2 * people[cell] + 1, weight), i) for i, (cell, weight) in enumerate(weights.items())]
    heapify(heap)
    while True:
        cell = names[heap[0][1]]
        yield cell
        people[cell] += 1
        heapreplace(heap, (Fraction(2 * people[cell] + 1, weights[cell]), heap[0][1]))


def _weights(targets: Targets) -> dict[Cell, int]:
    return {
        (category, township): one.weight * other.weight
        for category, one in targets.categories.items()
        for township, other in targets.townships.items()
    }
