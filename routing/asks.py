"""What a text answers to a question of ours: an option of a poll with its reason, or that a meeting notice was read.

Only what is certainly an answer is read as one. `sure` is False for what is one but says two things at once.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from routing.words import AnswerWords, alike, plain

_FIGURES = "一二三四五六七八九"
_FORMAL = "壹贰叁肆伍陆柒捌玖"
_FIGURE = re.compile(rf"(?:第([1-9{_FIGURES}])(?:个|项|种|条|号|选项)*|([1-9{_FIGURES}{_FORMAL}])(?:号|项|吧|票)?)")
_BOTH = re.compile(rf"[\W_]*(?:[1-9](?!\d)|[{_FIGURES}{_FORMAL}](?=$|[\W_]))")  # "1、2都行"
_LIST = re.compile(r"(?<!\d)2\s*[.、,)]")  # "1.路灯坏了 2.水管漏水" tells two matters
SHORT = 4  # characters up to which figures behind a figure are no list of matters
_CLAUSE = re.compile(r"[^\w]+")
_GOES_ON = re.compile(r"[.:\-/~]\d")  # behind a figure: "3.5公里", "1:30", "2-3人"


class AskKind(StrEnum):
    """What a notice asks."""

    POLL = "poll"  # 征求意见
    READ_BACK = "read_back"  # 会议通知, to be confirmed


class AnswerKind(StrEnum):
    """What a text answers."""

    VOTE = "vote"
    OPINION = "opinion"  # about the question, without a choice
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that we put, as the inbound rules see it for one sender."""

    notice_id: int
    kind: AskKind
    words: str
    options: tuple[str, ...]
    extensions: frozenset[str]  # digits under which it was sent
    asked: bool  # it went to this sender
    opened_at: datetime  # when it went
    open: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What was read. `option` counts from 1 and is 0 for a confirmation."""

    option: int
    reason: str
    sure: bool = True
    figure: bool = False  # nothing but a figure says so: another question may be meant


def reading(text: str, ask: Ask, words: AnswerWords) -> Said | None:
    """What a text answers to this question; None when it is no answer."""
    if ask.kind is AskKind.READ_BACK:
        return read_back(text, words)
    return vote(text, ask.words, ask.options, words)


def vote(text: str, question: str, options: Sequence[str], words: AnswerWords) -> Said | None:
    """An option by its figure or its words, and the reason behind it."""
    half = _bare(unicodedata.normalize("NFKC", text), words.leads)
    first, behind = _first_clause(half)
    if behind and _made_of(first, (*words.read, *words.polite)):  # "收到,同意"
        half = _bare(behind, words.leads)
    names = _names(options, words)
    said = _by_figure(half, names, len(options)) or _by_word(half, names, question, words)
    if said is not None and (_names_another(said.option, half, names, words) or _begins_another(said, half, names)):
        return Said(said.option, said.reason, sure=False)
    return said


def read_back(text: str, words: AnswerWords) -> Said | None:
    """ "1" or "收到", with a remark behind it."""
    half = _bare(unicodedata.normalize("NFKC", text), ())
    if any(word in plain(half) for word in words.unread):
        return None
    figure, rest = _figure(half, ())
    if figure:
        alone = figure == 1 and _BOTH.match(rest) is None
        return Said(0, _trimmed(rest), figure=not plain(rest)) if alone else None
    if any(word in plain(half) for word in words.absent):
        return None
    first, behind = _first_clause(half)
    if _made_of(first, words.polite) or _made_of(plain(half), (*words.read, *words.polite)):  # "好的,一定到", "收 到"
        first, behind = plain(half), ""
    confirms = any(word in first for word in words.read) and _made_of(first, (*words.read, *words.polite))
    return Said(0, behind) if confirms else None


def declines(text: str, ask: Ask, words: AnswerWords) -> bool:
    """ "去不了,请假" to a meeting notice: an answer, but no confirmation."""
    said = plain(text)
    return ask.kind is AskKind.READ_BACK and any(word in said for word in (*words.unread, *words.absent))


def mentions(text: str, ask: Ask, words: AnswerWords) -> bool:
    """True when a word for an option stands somewhere in the text: "谁同意谁傻"."""
    said = plain(text)
    return any(len(name) > 1 and name in said for name, _ in _names(ask.options, words))


# ------------------------------------------------------------------------------------------------------------- reading


def _names(options: Sequence[str], words: AnswerWords) -> list[tuple[str, int]]:
    """Every word for an option with its figure, the longest first: 不同意 before 同意."""
    same = words.same or {}
    named = {name: i for i, option in enumerate(options, 1) for name in same.get(plain(option), ())}
    named |= {plain(option): i for i, option in enumerate(options, 1)}
    return sorted(named.items(), key=lambda pair: -len(pair[0]))


def _by_figure(half: str, names: Sequence[tuple[str, int]], many: int) -> Said | None:
    """ "2", "2。", "2,太远了", "2不同意"."""
    option, rest = _figure(half, [name for name, _ in names])
    if not 0 < option <= many or (len(plain(rest)) > SHORT and _LIST.search(rest)):
        return None
    sure = _BOTH.match(rest) is None
    first, behind = _first_clause(rest)
    chosen = next((value for name, value in names if first == name), _shortened(first, names))
    if chosen is not None:
        return Said(option, behind, sure and chosen == option)
    return Said(option, _trimmed(rest), sure, figure=not plain(rest))


def _figure(half: str, names: Sequence[str]) -> tuple[int, str]:
    """The figure that a text begins with, and what follows. 0 when it is none, or the beginning of something else."""
    found = _FIGURE.match(half)
    if found is None:
        return 0, half
    rest = half[found.end() :]
    named = any(
        plain(rest).startswith(name) or (len(plain(rest)) > 1 and name.startswith(plain(rest))) for name in names
    )
    ends = not rest or re.match(r"[\W_]", rest) or named
    if not ends or _GOES_ON.match(rest):
        return 0, half
    figure = found[1] or found[2]
    written = next((several for several in (_FIGURES, _FORMAL) if figure in several), None)
    return written.index(figure) + 1 if written else int(figure), rest


def _by_word(half: str, names: Sequence[tuple[str, int]], question: str, words: AnswerWords) -> Said | None:
    """ "同意", "不同意,太远了", "不同意建廊架": an option's word, alone or with words of the question behind it."""
    first, behind = _first_clause(half)
    whole = next((option for name, option in names if plain(half) == name), 0)  # "不 同意"
    whole = whole or _shortened(plain(half), names) or 0
    if whole:
        return Said(whole, "")
    name, option = next(((name, option) for name, option in names if first.startswith(name)), ("", 0))
    if not name:
        return None
    more = first[len(name) :]
    if not more or more in words.tails:
        return Said(option, behind)
    if len(more) == 1 and more.isdecimal():
        return Said(option, behind, sure=int(more) == option)
    others = any(other in more for other, value in names if value != option)  # "同意不同意都行"
    return Said(option, _trimmed(half), sure=not others) if others or _asked_about(more, question) else None


def _asked_about(words: str, question: str) -> bool:
    """ "同意建", "同意建廊架": goes on with words of the question."""
    return words in plain(question) or alike(words, question) > 0


def _shortened(said: str, names: Sequence[tuple[str, int]]) -> int | None:
    """ "三级" for 三级公路, when only one option begins so."""
    options = {value for name, value in names if len(said) > 1 and name.startswith(said)}
    return options.pop() if len(options) == 1 else None


def _names_another(option: int, half: str, names: Sequence[tuple[str, int]], words: AnswerWords) -> bool:
    """True when another clause is the word of another option: "同意,不,不同意"."""
    clauses = {plain(_bare(clause, words.leads)) for clause in _CLAUSE.split(half)}
    return any(name in clauses and value != option for name, value in names)


def _begins_another(said: Said, half: str, names: Sequence[tuple[str, int]]) -> bool:
    """True for a bare "三" where another option than the third is called 三级公路."""
    return len(plain(half)) == 1 and any(name.startswith(plain(half)) and value != said.option for name, value in names)


def _bare(half: str, leads: Sequence[str]) -> str:
    """Without what people put before an answer: quotes, blanks, "我选", "投票:"."""
    left = re.sub(r"^[\W_]+", "", half)
    lead = next((one for one in leads if left[: len(one)].upper() == one and plain(left[len(one) :])), None)
    return left if lead is None else _bare(left[len(lead) :], leads)


def _first_clause(half: str) -> tuple[str, str]:
    """The first thing said in plain form, and what stands behind it as it was written."""
    start = re.sub(r"^[\W_]+", "", half)
    end = _CLAUSE.search(start)
    return (plain(start), "") if end is None else (plain(start[: end.start()]), _trimmed(start[end.end() :]))


def _trimmed(rest: str) -> str:
    return re.sub(r"^[\W_]+|\s+$", "", rest)


def _made_of(whole: str, parts: Sequence[str]) -> bool:
    """True for "好的收到": nothing but such words."""
    while whole:
        word = next((one for one in parts if whole.startswith(one)), None)
        if word is None:
            return False
        whole = whole[len(word) :]
    return True
