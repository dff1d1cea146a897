"""What a text from somebody of the office orders: which step, of which case, with which code and words.

Any text can be read; one that orders nothing is no order, and is left to the citizens' rules. Figures, letters and
blanks may be of any width and case; what is written to citizens keeps the characters it came in.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from routing.departments import Department, Departments
from routing.numbers import is_valid, spans


class Verb(StrEnum):
    """What can be ordered by text."""

    SIGN = "QS"
    RETURN = "TH"
    PROGRESS = "JZ"
    REPORT = "BJ"
    CODE = "MA"  # the code again
    AGREE = "TY"
    DISAGREE = "BT"
    INSTRUCT = "PS"
    ZERO = "LB"


SPOKEN: Mapping[Verb, tuple[str, ...]] = {
    Verb.SIGN: ("已签收", "签收"),
    Verb.RETURN: ("申请退单", "退单"),
    Verb.PROGRESS: ("办理进展", "进展"),
    Verb.REPORT: ("结果反馈", "办理结果", "已办结", "办结"),
    Verb.CODE: ("验证码", "要码"),
    Verb.AGREE: ("同意签发", "同意"),
    Verb.DISAGREE: ("不同意",),
    Verb.INSTRUCT: ("批示", "批"),
    Verb.ZERO: ("零报告", "零报"),
}
ALONE = frozenset({Verb.SIGN, Verb.ZERO, Verb.CODE})
"""Spoken words that are an order by themselves. "进展?" may be a citizen's, so the others want something with them."""
NAMED = frozenset({Verb.AGREE, Verb.DISAGREE, Verb.INSTRUCT})
"""Spoken words that also answer a poll: orders only with a case number or a code."""
LONGEST_AFTER_WORD = 4  # "签收 收到了": what more is said after a word that is an order by itself tells a story
CODED = frozenset({Verb.RETURN, Verb.REPORT, Verb.AGREE, Verb.DISAGREE, Verb.INSTRUCT})
"""Orders that are only carried out with the code that was sent."""

_GAP = r"[\s,.、。;:+\-/()【】\[\]·]*"
_CODE = re.compile(_GAP + r"(?:(?:验证)?码" + _GAP + r")?(\d{4})(?![\d年])")
_SAID_CODE = re.compile(r"(?:验证)?码" + _GAP + r"(\d{4})(?!\d)")
_ANY_CODE = re.compile(r"(?<!\d)(\d{7,9})?\d{4}(?![\d年月])")
_REASON = re.compile(_GAP + r"(R\d{1,2})(?![A-Z\d])")
_BARE = re.compile(_GAP + r"(\d{7,9})(?!\d)")
_RUN_ON = re.compile(r"(\d{7,9})(\d{4})(?!\d)")
_EDGES = " \t\r\n,,.。;;::、++-/"


@dataclass(frozen=True, slots=True)
class Order:
    """One order. What was left out is empty."""

    verb: Verb
    number: str = ""
    valid: bool = True  # the number's check digit fits
    code: str = ""
    reason: str = ""  # R1 and so on: config/cases.toml [returns]
    words: str = ""


def read(text: str, prefix: str) -> Order | None:
    """The order that a text is; None when it is none."""
    folded = _folded(text)
    start = len(folded) - len(folded.lstrip(" \t\r\n\"'“”《"))
    verb, spoken, at = _verb(folded, start, prefix)
    if verb is None:
        return None
    order = _rest(verb, text, folded, at, prefix)
    if not spoken or order.number or order.code:
        return order
    if verb in ALONE:
        return order if len(order.words) <= LONGEST_AFTER_WORD else None
    return order if verb not in NAMED and (order.words or order.reason) else None


def own_number(text: str, prefix: str) -> str:
    """The first case number in a text, empty when there is none."""
    return next((number for _, _, number in spans(_folded(text), prefix)), "")


def hidden(words: str) -> str:
    """A text to or from the office's people as others may read it: without the codes in it."""
    return _ANY_CODE.sub(lambda match: f"{match[1] or ''}****", words)


def units_of(words: str, departments: Departments) -> tuple[tuple[Department, ...], tuple[Department, ...], str]:
    """Whom an instruction names first: the units that are certain, those that may be meant, the rest of the words.

    "教育局、公安局 请尽快办理": a word of its own, several joined by 、, or the longest name that the words begin with.
    """
    head, rest = _split(words.lstrip(_EDGES))
    certain: list[Department] = []
    for name in head.split("、"):
        begun = [known for unit in departments.units for known in (unit.name, *unit.aliases) if name.startswith(known)]
        longest = max(begun, key=len, default="")
        meant = departments.like(longest or name)
        if len(meant) != 1:
            return (), meant, rest
        certain += [unit for unit in meant if unit not in certain]
        if longest and longest != name:
            rest = words[words.index(name) + len(longest) :].lstrip(_EDGES)
            break
    return tuple(certain), (), rest


def _split(words: str) -> tuple[str, str]:
    """The first word, and what follows."""
    gap = re.search(r"[\s,,。;;::]+", words)
    return (words[: gap.start()], words[gap.end() :]) if gap else (words, "")


def _folded(text: str) -> str:
    """Half width, in capitals, and as long as the text: what is found in it stands at the same place there."""
    return "".join(_one(character) for character in text)


def _one(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).upper()
    return folded if len(folded) == 1 else character


def _verb(folded: str, start: int, prefix: str) -> tuple[Verb | None, bool, int]:
    """The order, whether it is spoken, and where it ends."""
    for verb in Verb:
        if folded.startswith(verb, start):
            end = start + len(verb)
            if re.match(rf"(?![A-Z])|{prefix}[\s\-:]*\d|R\d", folded[end:]):
                return verb, False, end
    for verb, word in _LONGEST_FIRST:
        if folded.startswith(word, start):
            end = start + len(word)
            if re.match(rf"$|[\s\W_\d]|{prefix}[\s\-:]*\d|R\d", folded[end:]):
                return verb, True, end
            return None, True, end  # "进展顺利" tells, it does not order
    return None, False, start


_LONGEST_FIRST = sorted(
    ((verb, word) for verb, words in SPOKEN.items() for word in words), key=lambda one: -len(one[1])
)


def _rest(verb: Verb, text: str, folded: str, at: int, prefix: str) -> Order:
    """Number, code and reason in whatever order they stand in front; else the number anywhere."""
    number = code = reason = ""
    while True:
        if not number and (found := _number_at(folded, at, prefix)):
            number, at = found
        elif not code and verb in CODED and (match := _CODE.match(folded, at)):
            code, at = match[1], match.end()
        elif not reason and verb is Verb.RETURN and (match := _REASON.match(folded, at)):
            reason, at = match[1], match.end()
        else:
            break
    before, after = "", text[at:]
    if not number and (span := next(spans(folded[at:], prefix), None)):
        number, before, after = span[2], text[at : at + span[0]], text[at + span[1] :]
    words = " ".join(filter(None, (part.lstrip(_EDGES).rstrip() for part in (before, after))))
    if not code and verb in CODED and (match := _SAID_CODE.search(_folded(words))):
        code, words = match[1], (words[: match.start()] + words[match.end() :]).lstrip(_EDGES).rstrip()
    said = words if re.search(r"\w", words) else ""
    return Order(verb, number, not number or is_valid(number), code, reason, said)


def _number_at(folded: str, at: int, prefix: str) -> tuple[str, int] | None:
    """A case number right here: with its letters, without, or run on with a code behind it."""
    gap = re.compile(_GAP).match(folded, at)
    here = gap.end() if gap else at
    for start, end, number in spans(folded[here:], prefix):
        return (number, here + end) if start == 0 else None
    head = here + len(prefix) if folded.startswith(prefix, here) else here
    run_on = _RUN_ON.match(folded, head)
    if run_on is not None and is_valid(run_on[1]):
        return prefix + run_on[1], run_on.end(1)
    bare = _BARE.match(folded, at)
    if bare is not None and is_valid(bare[1]):
        return prefix + bare[1], bare.end()
    return None
