"""How is it said? Sentences composed from the wording, no two texts of a year alike."""

from collections.abc import Callable, Sequence
from random import Random

from carriers.text import units
from gateway.year import wording
from gateway.year.wording import Subject

ONE = 70  # characters of a text in one part
PART = 67  # of each of several
MOST_PARTS = 5


class Writer:
    """Draws from the wording. What was said once in the same words is said differently the next time."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._said: set[str] = set()

    def matter(self, subject: Subject, place: str) -> str:
        """A text that opens a matter, in one part."""
        return self._new(
            lambda: (
                self._chance.choice(wording.OPENINGS)
                + self._chance.choice(subject.told).format(place=place)
                + self._detail(subject)
                + (self._chance.choice(wording.PLEAS) if subject.pleads else "")
            )
        )

    def plain(self, told: Sequence[str], place: str) -> str:
        """One of these sentences about a place."""
        return self._new(lambda: self._chance.choice(wording.OPENINGS) + self._chance.choice(told).format(place=place))

    def longer(self, words: str, topic: str) -> str:
        """The same matter told at length: two to five parts."""
        subjects = [one for one in wording.DIFFICULTIES if one.topic == topic and not words.count("建议")]
        more = [sentence for one in subjects for sentence in one.more] + list(wording.AT_LENGTH)
        self._chance.shuffle(more)
        target = self._chance.choice((90, 100, 120, 150, 220, 280))
        told = words.rstrip("。!") + "。"
        while units(told) <= max(ONE, target) and more:
            told += more.pop()
        return told[: PART * MOST_PARTS]

    def follow_up(self, place: str, topic: str) -> str:
        """Asks on, or adds something."""
        return self._chance.choice(wording.FOLLOW_UPS).replace("{place}", place).replace("{topic}", topic)

    def thanks(self) -> str:
        """Thanks."""
        return self._chance.choice(wording.THANKS)

    def rating(self, value: int) -> str:
        """The answer to a survey."""
        return self._chance.choice(wording.RATINGS[value])

    def vote(self, option: int) -> str:
        """The answer to a poll."""
        return self._chance.choice(wording.VOTES[option])

    def _detail(self, subject: Subject) -> str:
        return "," + self._chance.choice(subject.more).rstrip("。") if self._chance.random() < 0.5 else ""

    def _new(self, compose: Callable[[], str]) -> str:
        words = compose()
        for _ in range(50):
            if words not in self._said and units(words) <= ONE:
                break
            words = compose()
        while words in self._said:
            words += "。"
        self._said.add(words)
        return words
