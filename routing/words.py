"""The words that citizens use with us: commands, ratings, thanks, and what makes a thanks none."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_CLAUSE = re.compile(r"[^\w]+")
_FIGURE = re.compile(r"\s*([1-3])(?=[\W_])")
_SECOND = re.compile(r"(?<![0-9０-９])[2２]\s*[.．、,,)）]")  # "1.路灯坏了 2.水管漏水" is a list, not a rating
A_MATTER = 6  # characters before the thanks from which they end a matter: "村里路灯坏了,来修一下,谢谢"


@dataclass(frozen=True, slots=True)
class AnswerWords:
    """From `config/words.toml`: how people word answers, all in plain form."""

    leads: tuple[str, ...] = ()  # "我选", "投票": before the answer
    tails: tuple[str, ...] = ()  # "吧", "的": behind it
    same: Mapping[str, tuple[str, ...]] | None = None  # option -> other words for it
    assent: frozenset[str] = frozenset()  # "可以", "好": perhaps a vote, perhaps only politeness
    another: tuple[str, ...] = ()  # "另外", "还有一件": a matter of its own follows
    read: tuple[str, ...] = ()  # "收到": confirms a meeting notice
    polite: tuple[str, ...] = ()  # "谢谢": may stand with it, and is none alone
    unread: tuple[str, ...] = ()  # "没收到", "收到了吗": does not

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "AnswerWords":
        """An office's own file may lack the tables: then only figures and the options' own words are understood."""
        poll, read = table.get("poll", {}), table.get("read_back", {})
        return cls(
            leads=_longest_first(poll.get("leads", ())),
            tails=_longest_first(poll.get("tails", ())),
            same={plain(option): _longest_first(words) for option, words in poll.get("same", {}).items()},
            assent=frozenset(map(plain, poll.get("assent", ()))),
            another=_longest_first(poll.get("another", ())),
            read=_longest_first(read.get("words", ())),
            polite=_longest_first(read.get("polite", ())),
            unread=_longest_first(read.get("unread", ())),
        )


def _longest_first(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(map(plain, words), key=lambda word: (-len(word), word)))


@dataclass(frozen=True, slots=True)
class Words:
    """From `config/words.toml`. Command and rating words count only when they are the whole text."""

    commands: Mapping[str, frozenset[str]]  # "TD" -> {"TD", "T", "退订", ...}
    ratings: Mapping[int, frozenset[str]]  # 1 -> {"1", "满意", ...}
    thanks: tuple[str, ...]
    unsolved: tuple[str, ...]
    negatives: tuple[str, ...]
    accusing: tuple[str, ...]
    acknowledgements: frozenset[str]  # "收到", "好的", "您好": nothing to do
    pleas: tuple[str, ...] = ()  # "请", "麻烦": something is wanted
    solved: tuple[str, ...] = ()  # "修好了": what is thanked for
    asking_on: tuple[str, ...] = ()  # "还要多久": speaks of something that we know already
    emergency: tuple[str, ...] = ()
    answers: AnswerWords = field(default_factory=AnswerWords)
    aspects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # "attitude" -> {"态度", "不耐烦", ...}

    @classmethod
    def from_toml(cls, table: Mapping[str, Mapping[str, Any]]) -> "Words":
        """Every word brought to its plain form."""
        return cls(
            commands={name: frozenset(map(plain, words)) for name, words in table["commands"].items()},
            ratings={int(value): frozenset(map(plain, words)) for value, words in table["ratings"].items()},
            thanks=tuple(map(plain, table["thanks"]["words"])),
            unsolved=tuple(map(plain, table["thanks"]["unsolved"])),
            negatives=tuple(map(plain, table["thanks"]["negatives"])),
            accusing=tuple(map(plain, table["accusation"]["words"])),
            acknowledgements=frozenset(
                map(plain, (*table["thanks"]["acknowledgements"], *table["thanks"]["greetings"]))
            ),
            pleas=tuple(map(plain, table["thanks"]["pleas"])),
            solved=tuple(map(plain, table["thanks"]["solved"])),
            asking_on=tuple(map(plain, table["asking_on"]["words"])),
            emergency=tuple(map(plain, table["emergency"]["words"])),
            answers=AnswerWords.from_toml(table),
            aspects={name: tuple(map(plain, words)) for name, words in table.get("aspects", {}).items()},
        )

    def command(self, text: str) -> str | None:
        """The command that this whole text is."""
        said = plain(text)
        return next((name for name, words in self.commands.items() if said in words), None)

    def rating(self, text: str) -> int | None:
        """The rating that a text gives: 1 satisfied, 2 basically, 3 not. A reason may stand with figure or word."""
        whole = self.bare_rating(text)
        if whole is not None:
            return whole
        figure = _FIGURE.match(unicodedata.normalize("NFKC", text))
        if figure is not None and not _SECOND.search(text, figure.end()):
            return int(figure[1])
        clauses = [said for clause in _CLAUSE.split(text) if len(said := plain(clause)) > 1]
        spoken = (value for said in clauses for value, words in self.ratings.items() if said in words)
        return next(spoken, None)

    def bare_rating(self, text: str) -> int | None:
        """The rating that a whole text is, and nothing else."""
        said = plain(text)
        return next((value for value, words in self.ratings.items() if said in words), None)

    def dissatisfied_with(self, text: str) -> tuple[str, ...]:
        """The aspects that a text names, in the order of the file: attitude, efficiency, style."""
        said = plain(text)
        return tuple(name for name, words in self.aspects.items() if any(word in said for word in words))

    def is_unsolved(self, text: str) -> bool:
        """True when the text says that the matter is not solved."""
        said = plain(text)
        return any(word in said for word in self.unsolved)

    def accuses(self, text: str) -> bool:
        """True when the text complains about somebody rather than about something."""
        said = plain(text)
        return any(word in said for word in self.accusing)

    def speaks_of_rating(self, text: str) -> bool:
        """True when one of the rating words of two characters or more stands somewhere in the text."""
        said = plain(text)
        return any(len(word) > 1 and word in said for words in self.ratings.values() for word in words)

    def is_thanks(self, text: str) -> bool:
        """True for thanks and nothing else. A "but" or a "please" makes it a matter, so does one told before it."""
        said = plain(text)
        at = min((said.find(word) for word in self.thanks if word in said), default=-1)
        if at < 0 or self.is_negative(text) or any(word in said for word in self.pleas):
            return False
        return at < A_MATTER or any(word in said[:at] for word in self.solved)

    def begins_with_thanks(self, text: str) -> bool:
        """True when the first thing said is thanks, whatever follows."""
        head = next((said for clause in _CLAUSE.split(text) if (said := plain(clause))), "")
        return any(word in head for word in self.thanks)

    def asks_on(self, text: str) -> bool:
        """True when the text asks about, or adds to, something that was said before."""
        said = plain(text)
        return any(word in said for word in self.asking_on)

    def is_plea(self, text: str) -> bool:
        """True when the text asks for something."""
        said = plain(text)
        return any(word in said for word in self.pleas)

    def is_emergency(self, text: str) -> bool:
        """True when somebody may be in danger."""
        said = plain(text)
        return any(word in said for word in self.emergency)

    def is_acknowledgement(self, text: str) -> bool:
        """True for "收到", "好的", "您好" and the like."""
        return plain(text) in self.acknowledgements

    def is_negative(self, text: str) -> bool:
        """True when the text says that something is not done."""
        said = plain(text)
        return any(word in said for word in self.negatives)


@lru_cache(maxsize=64)  # a dozen rules look at the same text
def plain(text: str) -> str:
    """Upper case, half width, without blanks and punctuation: what a word is compared by."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[\W_]+", "", folded)


def alike(one: str, other: str) -> float:
    """Share of the shorter text's character pairs that the other has too, 0 to 1."""
    pairs, others = _pairs(one), _pairs(other)
    return len(pairs & others) / min(len(pairs), len(others)) if pairs and others else 0.0


def _pairs(text: str) -> set[str]:
    said = plain(text)
    return {said[i : i + 2] for i in range(len(said) - 1)}
