"""What a poll comes to: which votes count, how they add up, and what of it may be shown."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from routing.disclosure import Edge, hidden

FEWEST = 5  # a cell of a breakdown with fewer people is not shown


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who was asked, with what held of them then."""

    person_id: int
    category: str
    township: str
    village: str
    delivered: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """An option, from 1, as one text gave it."""

    person_id: int
    option: int
    reason: str
    received_ms: int
    text_id: int


@dataclass(frozen=True, slots=True)
class Row:
    """A group of a breakdown. None stands for what is not shown."""

    name: str
    asked: int
    voted: int | None
    options: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll came to. Breakdowns keep small cells back; the whole is shown once `FEWEST` have voted."""

    options: tuple[str, ...]
    asked: int
    delivered: int
    voted: int
    counts: tuple[int | None, ...]
    by_category: tuple[Row, ...]
    by_township: tuple[Row, ...]
    by_village: tuple[Row, ...]
    reasons: tuple[tuple[int, str], ...]  # (option, words), nobody's

    def lead(self) -> str:
        """The option with most votes; empty when two have as many, or nobody voted."""
        counts = [count or 0 for count in self.counts]
        best = max(counts, default=0)
        return self.options[counts.index(best)] if best and counts.count(best) == 1 else ""


def counted(votes: Iterable[Vote]) -> dict[int, Vote]:
    """One vote each: the last that somebody sent, in whatever order they came to us."""
    found: dict[int, Vote] = {}
    for vote in votes:
        before = found.get(vote.person_id)
        if before is None or (vote.received_ms, vote.text_id) > (before.received_ms, before.text_id):
            found[vote.person_id] = vote
    return found


def outcome(
    options: Sequence[str], asked: Sequence[Asked], votes: Iterable[Vote], mask: Callable[[str], str]
) -> Outcome:
    """Add up. `mask` takes out of a reason who wrote it."""
    last = counted(votes)
    chosen = {one.person_id: last[one.person_id].option if one.person_id in last else 0 for one in asked}
    counts = Counter(chosen.values())
    categories = _added(asked, chosen, lambda one: (one.category or "-",), len(options))
    places = _added(asked, chosen, lambda one: (one.township or "-", one.village or "-"), len(options))
    townships, villages = _places(places)
    given = [last[person] for person, option in chosen.items() if option]
    if len(given) < FEWEST:
        unknown = (None if given else 0,) * len(options)
        return Outcome(tuple(options), len(chosen), _delivered(asked), len(given), unknown, (), (), (), ())
    return Outcome(
        options=tuple(options),
        asked=len(chosen),
        delivered=_delivered(asked),
        voted=len(given),
        counts=tuple(counts[i] for i in range(1, len(options) + 1)),
        by_category=_categories(categories),
        by_township=townships,
        by_village=villages,
        reasons=tuple(sorted((vote.option, mask(vote.reason)) for vote in given if vote.reason.strip())),
    )


def _delivered(asked: Sequence[Asked]) -> int:
    return sum(one.delivered for one in asked)


def _added(
    asked: Sequence[Asked], chosen: Mapping[int, int], of: Callable[[Asked], tuple[str, ...]], many: int
) -> dict[tuple[str, ...], list[int]]:
    """By group: how many did not vote, then how many chose each option."""
    found: dict[tuple[str, ...], list[int]] = {}
    for one in asked:
        found.setdefault(of(one), [0] * (many + 1))[chosen[one.person_id]] += 1
    return dict(sorted(found.items(), key=lambda pair: (-sum(pair[1]), pair[0])))


@dataclass(frozen=True, slots=True)
class _Line:
    """A row before anything is hidden: who did not vote, then each option; and the cells as `disclosure` knows them."""

    name: str
    cells: Sequence[int]
    edges: Sequence[Edge]


def _categories(groups: Mapping[tuple[str, ...], list[int]]) -> tuple[Row, ...]:
    """A table of its own. A single group is the whole and no breakdown."""
    lines = [_Line(key[0], cells, [(key, i) for i in range(len(cells))]) for key, cells in groups.items()]
    return _shown(lines, _secret(lines)) if len(lines) > 1 else ()


def _places(groups: Mapping[tuple[str, ...], list[int]]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Townships and their villages hang together: a township's cell is the sum of its villages'."""
    sums: dict[str, list[int]] = {}
    for (town, _), cells in groups.items():
        sums[town] = [a + b for a, b in zip(sums.get(town, [0] * len(cells)), cells, strict=True)]
    sums = dict(sorted(sums.items(), key=lambda pair: (-sum(pair[1]), pair[0])))
    towns = [_Line(name, cells, [((name, i), i) for i in range(len(cells))]) for name, cells in sums.items()]
    places = list(sums)
    villages = [
        _Line(" ".join(key), cells, [(key, (key[0], i)) for i in range(len(cells))])
        for key, cells in sorted(groups.items(), key=lambda pair: places.index(pair[0][0]))
    ]
    secret = _secret([*towns, *villages])
    return (
        _shown(towns, secret) if len(towns) > 1 else (),
        _shown(villages, secret) if len(villages) > 1 else (),
    )


def _secret(lines: Sequence[_Line]) -> frozenset[Edge]:
    """The cells not to show. How many voted is given up before what they chose, small numbers before large."""
    flows = {edge: value for line in lines for edge, value in zip(line.edges, line.cells, strict=True)}
    rank = {edge: (i > 0, flows[edge], at, i) for at, line in enumerate(lines) for i, edge in enumerate(line.edges)}
    small = {
        edge
        for line in lines
        for i, edge in enumerate(line.edges)
        if (line.cells[i] if i else sum(line.cells[1:])) < FEWEST
    }
    return hidden(flows, small, rank.__getitem__)


def _shown(lines: Sequence[_Line], secret: frozenset[Edge]) -> tuple[Row, ...]:
    rows = []
    for line in lines:
        seen = [
            None if edge in secret else value
            for edge, value in zip(line.edges, (sum(line.cells[1:]), *line.cells[1:]), strict=True)
        ]
        rows.append(Row(line.name, sum(line.cells), seen[0], tuple(seen[1:])))
    return tuple(rows)


_NUMBER = re.compile(r"[0-9Xx]{7,18}|[0-9]{3,4}-[0-9]{7,8}")
_SELF = re.compile(r"((?:我|本人|俺)(?:的名字)?(?:是|叫|姓)|署名|联系人)[:\uff1a]?[^\W_]{1,20}")


def masked(reason: str, names: Iterable[str] = ()) -> str:
    """A reason without numbers, without who somebody says they are, without these names (villages, townships)."""
    said = _SELF.sub(r"\1…", _NUMBER.sub("…", reason.strip()))
    for name in sorted(names, key=len, reverse=True):
        said = said.replace(name, "…") if len(name) > 1 else said
    return said
