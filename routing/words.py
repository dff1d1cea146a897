"""The words that citizens use with us: commands, ratings, thanks, and what makes a thanks none."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

_CLAUSE = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Words:
    """From `config/words.toml`. Command and rating words count only when they are the whole text."""

    commands: Mapping[str, frozenset[str]]  # "TD" -> {"TD", "T", "退订", ...}
    ratings: Mapping[int, frozenset[str]]  # 1 -> {"1", "满意", ...}
    thanks: tuple[str, ...]
    unsolved: tuple[str, ...]
    negatives: tuple[str, ...]
    accusing: tuple[str, ...]
    acknowledgements: frozenset[str]  # "收到", "好的": nothing to do
    asking_on: tuple[str, ...] = ()  # "还要多久": speaks of something that we know already
    emergency: tuple[str, ...] = ()

    @classmethod
    def from_toml(cls, table: Mapping[str, Mapping[str, list[str]]]) -> "Words":
        """Every word brought to its plain form."""
        return cls(
            commands={name: frozenset(map(plain, words)) for name, words in table["commands"].items()},
            ratings={int(value): frozenset(map(plain, words)) for value, words in table["ratings"].items()},
            thanks=tuple(map(plain, table["thanks"]["words"])),
            unsolved=tuple(map(plain, table["thanks"]["unsolved"])),
            negatives=tuple(map(plain, table["thanks"]["negatives"])),
            accusing=tuple(map(plain, table["accusation"]["words"])),
            acknowledgements=frozenset(map(plain, table["thanks"]["acknowledgements"])),
            asking_on=tuple(map(plain, table["asking_on"]["words"])),
            emergency=tuple(map(plain, table["emergency"]["words"])),
        )

    def command(self, text: str) -> str | None:
        """The command that this whole text is."""
        said = plain(text)
        return next((name for name, words in self.commands.items() if said in words), None)

    def rating(self, text: str) -> int | None:
        """The rating that this text is: 1 satisfied, 2 basically, 3 not. A reason may follow figure or word."""
        said = plain(text)
        figure = re.match(r"\s*([1-3])(?=[\W_])", unicodedata.normalize("NFKC", text))
        if figure is not None:
            return int(figure[1])
        head = next((plain(clause) for clause in _CLAUSE.split(text) if plain(clause)), "")
        spoken = (value for value, words in self.ratings.items() for one in (said, head) if one in words)
        return next(spoken, None)

    def is_unsolved(self, text: str) -> bool:
        """True when the text says that the matter is not solved."""
        said = plain(text)
        return any(word in said for word in self.unsolved)

    def accuses(self, text: str) -> bool:
        """True when the text complains about somebody rather than about something."""
        said = plain(text)
        return any(word in said for word in self.accusing)

    def is_thanks(self, text: str) -> bool:
        """True for thanks and nothing else: a "but" makes it a matter again."""
        said = plain(text)
        return any(word in said for word in self.thanks) and not self.is_negative(text)

    def asks_on(self, text: str) -> bool:
        """True when the text asks about, or adds to, something that was said before."""
        said = plain(text)
        return any(word in said for word in self.asking_on)

    def is_emergency(self, text: str) -> bool:
        """True when somebody may be in danger."""
        said = plain(text)
        return any(word in said for word in self.emergency)

    def is_acknowledgement(self, text: str) -> bool:
        """True for "收到", "好的" and the like."""
        return plain(text) in self.acknowledgements

    def is_negative(self, text: str) -> bool:
        """True when the text says that something is not done."""
        said = plain(text)
        return any(word in said for word in self.negatives)


def plain(text: str) -> str:
    """Upper case, half width, without blanks and punctuation: what a word is compared by."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[\W_]+", "", folded)
