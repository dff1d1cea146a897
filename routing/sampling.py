"""A draw that anybody can repeat: which closed cases are evaluated, and by whom, from a seed known to all.

The order of everything is that of sha256("seed:name"), in hexadecimal. Units get seats in proportion to their cases by
largest remainder; within a unit the first cases of the order are drawn. No dice, no clock, no order of rows: the same
list and the same seed give the same sample on any machine, and with pencil, paper and `sha256sum`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


class CannotDraw(Exception):
    """There is nothing, or nobody, to draw from."""


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Somebody who evaluates: of a category (专家, 干部, 群众), perhaps of a unit whose cases they then never get."""

    name: str
    category: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case of the sample. `position` counts from 1 and makes its pseudonym."""

    position: int
    number: str
    unit: str


def rank(seed: str, name: str) -> str:
    """What everything is ordered by."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def seats(sizes: Mapping[str, int], size: int, seed: str) -> dict[str, int]:
    """How many of `size` seats each group gets: its exact share rounded down, what is left by largest remainder.

    Equal remainders go by the order of the groups' names under the seed. Never more seats than a group has members.
    """
    everything = sum(sizes.values())
    size = min(size, everything)
    if not size:
        return dict.fromkeys(sizes, 0)
    given = {name: size * count // everything for name, count in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(size * sizes[name] % everything), rank(seed, name)))
    for name in by_remainder[: size - sum(given.values())]:
        given[name] += 1
    return given


def draw(cases: Mapping[str, str], size: int, seed: str) -> tuple[Drawn, ...]:
    """The sample of these cases (number -> unit), in the order of the seed. Raises `CannotDraw` for an empty list."""
    if not cases:
        raise CannotDraw("没有可抽的办件")
    if size < 1 or not seed.strip():
        raise CannotDraw("抽样件数至少为 1,种子不能为空")
    by_unit = _grouped(cases, seed)
    shares = seats({unit: len(numbers) for unit, numbers in by_unit.items()}, size, seed)
    chosen = [number for unit, numbers in by_unit.items() for number in numbers[: shares[unit]]]
    ordered = sorted(chosen, key=lambda number: rank(seed, number))
    return tuple(Drawn(position, number, cases[number]) for position, number in enumerate(ordered, 1))


def panel(evaluators: Sequence[Evaluator], size: int | None, seed: str) -> tuple[Evaluator, ...]:
    """Who evaluates: all of the list, or so many of it, each category in proportion. In the order of the seed."""
    names = {one.name: one for one in evaluators}
    if len(names) != len(evaluators):
        raise CannotDraw("评议员名单中有重名,请加以区分")
    if not evaluators:
        raise CannotDraw("评议员名单是空的")
    chosen = list(names)
    if size is not None:
        by_category = _grouped({one.name: one.category for one in evaluators}, seed)
        shares = seats({category: len(several) for category, several in by_category.items()}, size, seed)
        chosen = [name for category, several in by_category.items() for name in several[: shares[category]]]
    return tuple(names[name] for name in sorted(chosen, key=lambda name: rank(seed, name)))


def allot(
    drawn: Iterable[Drawn], evaluators: Sequence[Evaluator], barred: Mapping[str, frozenset[str]], seed: str
) -> dict[str, int]:
    """Case -> which evaluator (from 0): of those not from a unit that had the case, one who has the fewest so far.

    Equal ones go by the order of "number:name" under the seed. Raises `CannotDraw` when a case finds nobody.
    """
    load = [0] * len(evaluators)
    found: dict[str, int] = {}
    for one in drawn:
        units = barred.get(one.number, frozenset({one.unit}))
        fit = [at for at, each in enumerate(evaluators) if not each.unit or each.unit not in units]
        if not fit:
            raise CannotDraw(f"{one.number} 没有可以评议的人:评议员都来自承办单位")
        at = min(fit, key=lambda at: (load[at], rank(seed, f"{one.number}:{evaluators[at].name}")))
        load[at] += 1
        found[one.number] = at
    return found


def _grouped(named: Mapping[str, str], seed: str) -> dict[str, list[str]]:
    """Names by their group, each group in the order of the seed."""
    groups: dict[str, list[str]] = {}
    for name in sorted(named, key=lambda name: rank(seed, name)):
        groups.setdefault(named[name], []).append(name)
    return groups
