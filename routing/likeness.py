"""How alike two texts are in what they say: characters and pairs of them, rare ones weighing more (TF-IDF cosine).

Where something happened is left out and compared apart (`routing/places.py`), and so are the polite words that every
text has. No word list of the language is needed: for texts of one SMS characters and their pairs find as much.
"""

import math
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from routing.places import Gazetteer, Nearness, Whereabouts
from routing.words import plain

WHOLE = 0  # the token that every text has: how many texts there are is how many have it
THRESHOLD = 0.15  # from which a case is shown as perhaps the same
LEAST_WORDS = 0.05  # the same place alone makes no duplicate
BONUS: Mapping[Nearness, float] = {Nearness.SAME: 0.25, Nearness.NEAR: 0.05, Nearness.UNKNOWN: 0.0}
_SHIFT = 21  # bits of a character


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says and where. Tokens are whole numbers: characters, pairs of them, below zero places."""

    characters: frozenset[int]
    pairs: frozenset[int]
    where: Whereabouts

    @property
    def words(self) -> frozenset[int]:
        """What two texts are compared by."""
        return self.characters | self.pairs

    @property
    def places(self) -> frozenset[int]:
        """One token for each village, street or spot."""
        return frozenset(-1 - zlib.crc32(name.encode()) for name in self.where.spots)

    @property
    def filed(self) -> frozenset[int]:
        """What the text is found by. Single characters find too much."""
        return self.pairs | self.places

    @property
    def counted(self) -> frozenset[int]:
        """What makes other texts' tokens less rare."""
        return self.words | self.places | {WHOLE}


class Reader:
    """Reads texts, with the county's places and the words that say nothing."""

    def __init__(self, gazetteer: Gazetteer, fillers: Iterable[str]) -> None:
        self.gazetteer = gazetteer
        words = sorted({plain(word) for word in fillers} - {""}, key=lambda word: (-len(word), word))
        self._fillers = re.compile("|".join(map(re.escape, words)) or r"(?!)")

    def read(self, text: str) -> Said:
        """A text as tokens."""
        pieces = [piece for part in self.gazetteer.without(plain(text)) for piece in self._fillers.split(part)]
        pairs = (pair for piece in pieces for pair in pairwise(piece))
        return Said(
            frozenset(ord(character) for piece in pieces for character in piece),
            frozenset(ord(one) << _SHIFT | ord(two) for one, two in pairs),
            self.gazetteer.find(text),
        )


Weigh = Callable[[int], float]
"""What a token is worth: the rarer, the more."""


def weights(counts: Mapping[int, int]) -> Weigh:
    """From how many texts have each token. `counts[WHOLE]` is how many texts there are."""
    texts = counts.get(WHOLE, 0)
    return lambda token: math.log(1 + (texts + 1) / (counts.get(token, 0) + 0.5))


def cosine(one: frozenset[int], other: frozenset[int], weigh: Weigh) -> float:
    """0 for nothing in common, 1 for the same."""
    common = sum(weigh(token) ** 2 for token in one & other)
    return common / (_length(one, weigh) * _length(other, weigh)) if common else 0.0


def _length(tokens: frozenset[int], weigh: Weigh) -> float:
    return math.sqrt(sum(weigh(token) ** 2 for token in tokens))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are. `value` counts the place in: it may be a little above 1."""

    words: float
    nearness: Nearness

    @property
    def value(self) -> float:
        """Nothing where they speak of different places."""
        return 0.0 if self.nearness is Nearness.ELSEWHERE else self.words + BONUS[self.nearness]

    @property
    def same(self) -> bool:
        """Worth a look: it may be the same matter."""
        return self.value >= THRESHOLD and self.words >= LEAST_WORDS


def compare(one: Said, other: Said, weigh: Weigh) -> Likeness:
    """Two texts."""
    return Likeness(cosine(one.words, other.words, weigh), one.where.nearness(other.where))
