"""The words that citizens use with us: commands, ratings, thanks, and what makes a thanks none."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routing.characters import any_of, clauses
from routing.characters import plain as plain
from routing.danger import Danger
from routing.thanks import Thanks

_QUESTION = re.compile(r"[\s?\uff1f]*[?\uff1f][\s?\uff1f]*")
_FIGURE = re.compile(r"\s*([1-3])(?=[\W_])(?![.:\-/~]\d)")  # "1.5", "1:30" are no ratings
_SECOND = re.compile(r"(?<![0-9０-９])[2２]\s*[.．、,,)）]")  # "1.路灯坏了 2.水管漏水" is a list, not a rating
HELP, NO_MORE = "BZ", "TD"
A_MATTER = 20  # characters from which a text with a word of opting out has more to say


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
    absent: tuple[str, ...] = ()  # "去不了": read, but nobody comes

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
            absent=_longest_first(read.get("absent", ())),
        )


def _made_of(words: Iterable[str]) -> re.Pattern[str]:
    """ "查询进度": nothing but these words, each of two characters or more."""
    return re.compile(f"(?:{any_of(word for word in words if len(word) > 1)})++")


def _longest_first(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(map(plain, words), key=lambda word: (-len(word), word)))


@dataclass(frozen=True, slots=True)
class Around:
    """From `[around]`: what may stand around an answer that is otherwise the whole text."""

    of_rating: re.Pattern[str]
    of_command: re.Pattern[str]
    no: re.Pattern[str]
    no_more: re.Pattern[str]
    of_no_more: re.Pattern[str]

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Around":
        """An office's own file may lack it: then nothing may stand around."""

        def words(*names: str) -> str:
            return any_of(plain(word) for name in names for word in table.get(name, ()))

        return cls(
            re.compile(f"(?:{words('rating')})*+(.+?)(?:{words('tails')})*+"),
            re.compile(f"(?:{words('command')})*+(.+?)(?:{words('tails')})*+"),
            re.compile(words("no")),
            re.compile(f"(?:{words('no', 'no_more')})++"),
            re.compile(
                rf"(?<![A-Z]){NO_MORE}(?![A-Z])|(?:{words('opt_out')})(?:(?:{words('tails')})|$|\|)"
                rf"|(?:{words('no')})(?:{words('no_more')})*?(?:(?:{words('texting')})(?!{words('no_text')})|收[^|]*(?:{words('text')}))"
            ),
        )

    def rating(self, said: str) -> str:
        """What is left of a plain text without what may stand around a rating."""
        found = self.of_rating.fullmatch(said)
        return found[1] if found else said

    def command(self, said: str) -> str:
        """The same for a command."""
        found = self.of_command.fullmatch(said)
        return found[1] if found else said

    def is_no_more(self, said: str) -> bool:
        """ "以后不要再给我发短信了"."""
        return ("发" in said or "收" in said) and bool(self.no.search(said) and self.no_more.fullmatch(said))


def _composed(table: Mapping[str, Any]) -> Mapping[int, re.Pattern[str]]:
    """An office's own file may lack the table: then only the listed words rate."""
    good, degree, weak, denial = (
        any_of(map(plain, table.get(name, ()))) for name in ("good", "degree", "weak", "denial")
    )
    return {
        1: re.compile(f"(?:{degree})+(?:{good})"),
        2: re.compile(f"(?:{weak})(?:{good})"),
        3: re.compile(f"(?:{degree}|{weak})*(?:{denial})(?:{degree})?(?:{good})"),
    }


def _unnamed(table: Mapping[str, Any]) -> re.Pattern[str] | None:
    """An office's own file may lack the table: then no text names anything of its own."""
    if "matter" not in table:
        return None
    thanks = table["thanks"]
    lists = [table["matter"]["unnamed"], table["matter"].get("again", ()), table["asking_on"]["words"]]
    lists += [thanks.get(name, ()) for name in ("words", "unsolved", "pleas", "who", "acknowledgements", "greetings")]
    lists += [table.get("rated", {}).get(name, ()) for name in ("degree", "weak", "denial")]
    lists += [[word for word in words if len(word) > 1] for words in table["ratings"].values()]
    return re.compile(rf"(?:\d|{any_of(plain(word) for words in lists for word in words)})++")


@dataclass(frozen=True, slots=True)
class Words:
    """From `config/words.toml`. Command and rating words count only when they are the whole text."""

    commands: Mapping[str, frozenset[str]]  # "TD" -> {"TD", "T", "退订", ...}
    commanded: Mapping[str, re.Pattern[str]]  # nothing but words of one command
    around: Around
    ratings: Mapping[int, frozenset[str]]  # 1 -> {"1", "满意", ...}
    composed: Mapping[int, re.Pattern[str]]  # 2 -> "还算" + "可以"
    rated: re.Pattern[str]  # one rating word after the other
    thanks: Thanks
    unsolved: tuple[str, ...]
    hedges: tuple[str, ...]  # "没有不满意": no complaint, although it has the word of one
    accusing: tuple[str, ...]
    pleas: tuple[str, ...] = ()  # "请", "麻烦": something is wanted
    asking_on: tuple[str, ...] = ()  # "还要多久": speaks of something that we know already
    danger: Danger = field(default_factory=lambda: Danger.from_toml({}))
    answers: AnswerWords = field(default_factory=AnswerWords)
    again: tuple[str, ...] = ()  # "又", "反弹": happens once more
    unnamed: re.Pattern[str] | None = None  # "到底", "怎么", "修": what every matter's texts say
    aspects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # "attitude" -> {"态度", "不耐烦", ...}

    @classmethod
    def from_toml(cls, table: Mapping[str, Mapping[str, Any]]) -> "Words":
        """Every word brought to its plain form."""
        ratings = {int(value): frozenset(map(plain, words)) for value, words in table["ratings"].items()}
        commands = {name: frozenset(map(plain, words)) - {""} for name, words in table["commands"].items()}
        composed = _composed(table.get("rated", {}))
        listed = any_of(word for words in ratings.values() for word in words)
        return cls(
            commands=commands,
            commanded={name: _made_of(words) for name, words in commands.items() if name != HELP},
            around=Around.from_toml(table.get("around", {})),
            ratings=ratings,
            composed=composed,
            rated=re.compile("|".join([*(composed[value].pattern for value in (3, 2, 1)), listed])),
            thanks=Thanks.from_toml(table["thanks"]),
            unsolved=tuple(map(plain, table["thanks"]["unsolved"])),
            hedges=_longest_first(table["thanks"].get("hedges", ())),
            accusing=tuple(map(plain, table["accusation"]["words"])),
            pleas=tuple(map(plain, table["thanks"]["pleas"])),
            asking_on=tuple(map(plain, table["asking_on"]["words"])),
            danger=Danger.from_toml(table["emergency"]),
            answers=AnswerWords.from_toml(table),
            again=tuple(map(plain, table.get("matter", {}).get("again", ()))),
            unnamed=_unnamed(table),
            aspects={name: tuple(map(plain, words)) for name, words in table.get("aspects", {}).items()},
        )

    def named(self, text: str) -> list[str]:
        """What a text names: what is left without the words that the texts of every matter have."""
        return [name for name in self.unnamed.split(plain(text)) if name] if self.unnamed else []

    def says_again(self, text: str) -> bool:
        """True when the text says that something happens once more."""
        said = plain(text)
        return any(word in said for word in self.again)

    def speaks_of_no_more(self, text: str) -> bool:
        """True for a short text that speaks of the command TD, or of no more texts, among other words."""
        return len(plain(text)) < A_MATTER and self.around.of_no_more.search("|".join(clauses(text))) is not None

    def command(self, text: str) -> str | None:
        """The command that this whole text is."""
        said = plain(text)
        if not said:
            return HELP if _QUESTION.fullmatch(text) else None
        bare = self.around.command(said)
        whole = next((name for name, words in self.commands.items() if said in words), None)
        if whole is None and len(bare) > 1:
            whole = next((name for name, made in self.commanded.items() if made.fullmatch(bare)), None)
        return whole or (NO_MORE if self.around.is_no_more(said) else None)

    def rating(self, text: str) -> int | None:
        """The rating that a text gives: 1 satisfied, 2 basically, 3 not. A reason may stand with figure or word."""
        whole = self.bare_rating(text)
        if whole is not None:
            return whole
        figure = _FIGURE.match(unicodedata.normalize("NFKC", text))
        if figure is not None and not _SECOND.search(text, figure.end()):
            return int(figure[1])
        spoken = (value for said in clauses(text) if len(said) > 1 for value in self._values(said))
        return next(spoken, None)

    def bare_rating(self, text: str) -> int | None:
        """The rating that a whole text is, and nothing else. None for two that differ: "3满意"."""
        said = plain(text)
        bare = self.around.rating(said)
        values = self._values(said) or self._values(bare) or self._one_after_the_other(bare)
        return values[0] if len(values) == 1 else None

    def rates_twice(self, text: str) -> bool:
        """True for ratings that differ: "1不满意", "1,3", "3 还是1吧"."""
        each = [self._values(self.around.rating(said)) for said in clauses(text)]
        several = {value for values in each for value in values}
        return len(several) > 1 or len(self._one_after_the_other(self.around.rating(plain(text)))) > 1

    def _values(self, said: str) -> list[int]:
        return [value for value, words in self.ratings.items() if said in words or self.composed[value].fullmatch(said)]

    def _one_after_the_other(self, said: str) -> list[int]:
        """The values of nothing but rating words: "满意1", "很满意很满意", "3满意". "11" is a number."""
        found = self.rated.findall(said)
        values = {value for word in found for value in self._values(word)}
        number = re.search(r"\d\d", said) is not None
        return [*values] if "".join(found) == said and not number else []

    def dissatisfied_with(self, text: str) -> tuple[str, ...]:
        """The aspects that a text names, in the order of the file: attitude, efficiency, style."""
        said = plain(text)
        return tuple(name for name, words in self.aspects.items() if any(word in said for word in words))

    def is_unsolved(self, text: str) -> bool:
        """True when the text says that the matter is not solved."""
        said = self._without_hedges(text)
        return any(word in said for word in self.unsolved)

    def _without_hedges(self, text: str) -> str:
        said = plain(text)
        for hedge in self.hedges:
            said = said.replace(hedge, "")
        return said

    def doubts_praise(self, text: str) -> bool:
        """True when a good word is asked about, denied or scorned: "满意?", "满意个屁"."""
        return self.thanks.doubts_praise(text)

    def remarks(self, text: str) -> list[str]:
        """What is said beside a rating, and is neither praise nor that the matter is solved."""
        return [said for said in clauses(text) if not (self._values(said) or self.thanks.solved.search(said))]

    def accuses(self, text: str) -> bool:
        """True when the text complains about somebody rather than about something."""
        said = plain(text)
        return any(word in said for word in self.accusing)

    def spoken_ratings(self, text: str) -> set[int]:
        """The values of the rating words of two characters or more, wherever in the text they stand."""
        found = self.rated.findall(self._without_hedges(text))
        return {value for word in found if len(word) > 1 for value in self._values(word)}

    def is_thanks(self, text: str) -> bool:
        """True for thanks and nothing else. A "but" or a "please" makes it a matter, so does one told before it."""
        return not self.accuses(text) and self.thanks.is_thanks(text)

    def begins_with_thanks(self, text: str) -> bool:
        """True when the first thing said is thanks, whatever follows."""
        return self.thanks.begins(text)

    def asks_on(self, text: str) -> bool:
        """True when the text asks about, or adds to, something that was said before."""
        said = plain(text)
        return any(word in said for word in self.asking_on)

    def is_plea(self, text: str) -> bool:
        """True when the text asks for something."""
        said = plain(text)
        return any(word in said for word in self.pleas)

    def tells_another(self, text: str) -> bool:
        """True when a matter of its own is announced: "另外", "还有一件"."""
        return any(word in plain(text) for word in self.answers.another)

    def is_emergency(self, text: str) -> bool:
        """True when somebody may be in danger now."""
        return self.danger.is_told(text)

    def is_acknowledgement(self, text: str) -> bool:
        """True for "收到", "好的", "您好" and the like."""
        return self.thanks.is_acknowledgement(text)


def alike(one: str, other: str) -> float:
    """Share of the shorter text's character pairs that the other has too, 0 to 1."""
    pairs, others = _pairs(one), _pairs(other)
    return len(pairs & others) / min(len(pairs), len(others)) if pairs and others else 0.0


def _pairs(text: str) -> set[str]:
    said = plain(text)
    return {said[i : i + 2] for i in range(len(said) - 1)}
