"""Which places of the county a text names, and whether two texts speak of the same one.

The list is the roster's townships and villages and the streets and spots of `config/places.toml`. What it does not hold
is no place here: it neither joins two texts nor keeps them apart.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from routing.words import plain

SHORTEST = 2  # characters that a name must have to be looked for
VILLAGE = "村"


class Nearness(StrEnum):
    """How two texts stand to each other in place."""

    SAME = "same"  # the same village, street or spot
    NEAR = "near"  # the same township and nothing closer, or nothing that contradicts
    UNKNOWN = "unknown"  # one of them names no place
    ELSEWHERE = "elsewhere"


NEARNESS_LABELS = {
    Nearness.SAME: "同一地点",
    Nearness.NEAR: "同一乡镇",
    Nearness.UNKNOWN: "地点不明",
    Nearness.ELSEWHERE: "地点不同",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place as the office calls it. `township` is its own name for a township, "" where nobody wrote it down."""

    name: str
    township: str
    township_itself: bool = False


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The places that a text names. `townships` includes those in which the only village of that name lies."""

    townships: frozenset[str]
    spots: frozenset[str]  # villages, streets, spots
    quoted: tuple[str, ...]  # as the text writes them, in its order

    def written(self) -> str:
        """For the field of a case: township and what lies in it, when both are certain; "" when nothing is."""
        township = next(iter(self.townships)) if len(self.townships) == 1 else ""
        return township + "、".join(sorted(self.spots))

    def nearness(self, other: "Whereabouts") -> Nearness:
        """Whether the other text may speak of the same place."""
        if not (self.townships or self.spots) or not (other.townships or other.spots):
            return Nearness.UNKNOWN
        if self.townships and other.townships and not self.townships & other.townships:
            return Nearness.ELSEWHERE
        if self.spots and other.spots:
            return Nearness.SAME if self.spots & other.spots else Nearness.ELSEWHERE
        return Nearness.NEAR if self.townships & other.townships else Nearness.UNKNOWN


class Gazetteer:
    """All places by every way they are written."""

    def __init__(self, names: Mapping[str, tuple[Place, ...]]) -> None:
        self._names = {plain(name): places for name, places in names.items() if len(plain(name)) >= SHORTEST}

    @classmethod
    def from_lists(
        cls,
        townships: Mapping[str, str],
        villages: Mapping[str, Iterable[str]],
        table: Mapping[str, Iterable[Mapping[str, Any]]],
        strict: bool = True,
    ) -> "Gazetteer":
        """`townships` by every alias, `villages` by township, `table` from `config/places.toml`.

        Raises `ValueError` for a place in a township that there is not; unless not `strict`, then it is left out.
        """
        names: dict[str, tuple[Place, ...]] = {}
        for alias, township in townships.items():
            names[alias] = (Place(township, township, True),)
        for township, several in villages.items():
            for village in several:
                _add(names, Place(village, township), (village, _short(village)))
        for row in table.get("place", ()):
            township = row.get("township", "")
            if township and township not in villages:
                if strict:
                    raise ValueError(f"{row['name']}:没有乡镇“{township}”")
                continue
            _add(names, Place(row["name"], township), (row["name"], *row.get("aliases", ())))
        return cls(names)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._names, key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    @cached_property
    def _longest(self) -> Mapping[str, tuple[str, ...]]:
        """Official names, the longest first: for choosing by hand."""
        found = sorted({place.name for places in self._names.values() for place in places})
        return {name: tuple(place.township for place in self._names.get(plain(name), ())) for name in found}

    def names(self) -> tuple[str, ...]:
        """Every place by its official name, with its township before it where there is only one of that name."""
        return tuple(
            name if len({*townships}) != 1 or townships[0] in ("", name) else townships[0] + name
            for name, townships in self._longest.items()
        )

    def find(self, text: str) -> Whereabouts:
        """The places that a text names. A township that is named tells which of several villages is meant."""
        quoted = tuple(dict.fromkeys(match[0] for match in self._pattern.finditer(plain(text))))
        places = [place for name in quoted for place in self._names[name]]
        named = {place.name for place in places if place.township_itself}
        spots = [place for place in places if not place.township_itself]
        meant = [place for place in spots if not place.township or place.township in named] or spots
        homes = {place.name: {one.township for one in meant if one.name == place.name} for place in meant}
        implied = {next(iter(of)) for of in homes.values() if len(of) == 1} - {""}
        return Whereabouts(frozenset(named or implied), frozenset(place.name for place in meant), quoted)

    def without(self, plain_text: str) -> list[str]:
        """What a text in plain form says between its places."""
        return self._pattern.split(plain_text)


def _add(names: dict[str, tuple[Place, ...]], place: Place, aliases: Iterable[str]) -> None:
    for alias in aliases:
        known = names.get(alias, ())
        if place not in known and not any(one.township_itself for one in known):
            names[alias] = (*known, place)


def _short(village: str) -> str:
    """People leave out the last character of a village's name where something of a name is left."""
    return village.removesuffix(VILLAGE) if len(village) > len(VILLAGE) + SHORTEST else village
