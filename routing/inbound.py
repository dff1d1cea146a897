"""What a text means: `decide` looks at the words, the sender's own cases and the digits texted to, nothing else.

Evidence in this order: a case number in the text, the extension digits, the one case that waits for a rating,
the only open case. A link is made only to a case of the sender; where the evidence is thin, the text is never
lost: it becomes a new case, or goes to the operator (`unclear`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from routing.numbers import quoted
from routing.words import Words, plain

LIKE = 0.30  # share of character pairs in common from which two texts speak of the same matter
OWN_MATTER = 15  # characters from which a text that shares nothing with the open case is a matter of its own
RECENT = timedelta(days=90)  # thanks find a closed case so long


class DecisionKind(StrEnum):
    """What becomes of a text."""

    NEW_CASE = "new_case"
    FOLLOW_UP = "follow_up"
    RATING = "rating"
    COMMAND = "command"
    THANKS = "thanks"
    ACKNOWLEDGEMENT = "acknowledgement"
    UNKNOWN_SENDER = "unknown_sender"
    UNCLEAR = "unclear"  # an operator chooses
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who texted. Being on the roster is identification, not proof: numbers can be forged."""

    person_id: int
    informant: bool
    active: bool
    opted_out: bool


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A case of the sender."""

    case_id: int
    number: str
    slot: str  # the extension digits under which we text about it
    open: bool
    awaiting_rating: bool
    last_at: datetime
    words: str  # what the case is about


@dataclass(frozen=True, slots=True)
class Decision:
    """What a text means. `reason` tells the operator why, in Chinese."""

    kind: DecisionKind
    reason: str
    confidence: float
    case_id: int | None = None
    value: str = ""  # the command, or the rating


def decide(
    text: str,
    sender: Sender,
    dialogues: Sequence[Dialogue],
    extension: str,
    now: datetime,
    words: Words,
    prefix: str,
) -> Decision:
    """What this text means. `dialogues` are the sender's own cases, newest first."""
    if not text.strip():
        return Decision(DecisionKind.EMPTY, "空短信", 1.0)
    command = words.command(text)
    if command is not None:
        return Decision(DecisionKind.COMMAND, f"整条短信就是指令{command}", 1.0, value=command)
    if not sender.informant:
        return Decision(DecisionKind.UNKNOWN_SENDER, "号码不在信息员库中,转陌生来信队列", 1.0)
    return (
        _by_number(text, dialogues, words, prefix)
        or _by_rating(text, dialogues, extension, words)
        or _by_thanks(text, dialogues, extension, now, words)
        or _by_extension(text, dialogues, extension)
        or _by_open_case(text, dialogues)
    )


def _by_number(text: str, dialogues: Sequence[Dialogue], words: Words, prefix: str) -> Decision | None:
    """A case number in the text. Only the sender's own case may be meant."""
    for quote in quoted(text, prefix):
        case = next((one for one in dialogues if one.number == quote.number), None)
        if case is not None:
            rest = text.upper().replace(quote.number, "")
            return _about(case, rest, f"短信中写明编号{quote.number}", 1.0, words)
        if not quote.valid:
            return Decision(DecisionKind.UNCLEAR, f"短信中的编号{quote.number}写错了(校验位不符)", 0.5)
        return Decision(DecisionKind.NEW_CASE, f"短信中的编号{quote.number}不是本人的件,按新件登记", 0.6)
    return None


def _about(case: Dialogue, rest: str, reason: str, confidence: float, words: Words) -> Decision:
    """What the rest of a text says about a case that is certain."""
    rating = words.rating(rest) or (3 if words.is_unsolved(rest) else None)
    if case.awaiting_rating and rating is not None:
        return Decision(DecisionKind.RATING, reason, confidence, case.case_id, str(rating))
    if words.is_thanks(rest):
        return Decision(DecisionKind.THANKS, reason, confidence, case.case_id)
    return Decision(DecisionKind.FOLLOW_UP, reason, confidence, case.case_id)


def _by_rating(text: str, dialogues: Sequence[Dialogue], extension: str, words: Words) -> Decision | None:
    """1, 2, 3 or their words, when a reply waits for its rating."""
    waiting = [one for one in dialogues if one.awaiting_rating]
    rating = words.rating(text)
    if rating is None and waiting and words.is_unsolved(text):
        rating = 3
    if rating is None:
        return None
    meant = [one for one in waiting if one.slot == extension] or waiting
    if len(meant) == 1:
        how = "扩展码相符" if meant[0].slot == extension else "只有一件待评价"
        return Decision(DecisionKind.RATING, f"评价,{how}", 0.95, meant[0].case_id, str(rating))
    if meant:
        return Decision(DecisionKind.UNCLEAR, f"评价,但有{len(meant)}件待评价,分不清是哪件", 0.4, value=str(rating))
    return Decision(DecisionKind.UNCLEAR, "像是评价,但没有待评价的件", 0.4, value=str(rating))


def _by_thanks(
    text: str, dialogues: Sequence[Dialogue], extension: str, now: datetime, words: Words
) -> Decision | None:
    """Thanks land on the case they thank for and never open or reopen one."""
    if words.is_acknowledgement(text):
        return Decision(DecisionKind.ACKNOWLEDGEMENT, "只是表示收到", 0.9)
    if not words.is_thanks(text):
        return None
    case = (
        next((one for one in dialogues if one.slot == extension), None)
        or next((one for one in dialogues if one.awaiting_rating), None)
        or next((one for one in dialogues if not one.open and now - one.last_at <= RECENT), None)
        or next(iter(dialogues), None)
    )
    if case is None:
        return Decision(DecisionKind.ACKNOWLEDGEMENT, "感谢,但没有相关的件", 0.8)
    return Decision(DecisionKind.THANKS, f"感谢,归入{case.number}", 0.9, case.case_id)


def _by_extension(text: str, dialogues: Sequence[Dialogue], extension: str) -> Decision | None:
    """The digits texted to are those under which we wrote about a case."""
    if not extension:
        return None
    case = next((one for one in dialogues if one.slot == extension and one.open), None)
    return Decision(DecisionKind.FOLLOW_UP, "扩展码相符", 0.95, case.case_id) if case else None


def _by_open_case(text: str, dialogues: Sequence[Dialogue]) -> Decision:
    """No sign but the words and what is open: the only open case, or the one whose words are like these."""
    cases = [one for one in dialogues if one.open]
    if not cases:
        return Decision(DecisionKind.NEW_CASE, "没有在办的件", 0.9)
    likeness = sorted(((alike(text, one.words), one) for one in cases), key=lambda pair: -pair[0])
    best, case = likeness[0]
    if len(cases) == 1:
        if best == 0 and len(plain(text)) >= OWN_MATTER:
            return Decision(DecisionKind.NEW_CASE, f"与在办的{case.number}没有一处相同", 0.6)
        return Decision(DecisionKind.FOLLOW_UP, f"本人只有{case.number}一件在办", 0.7, case.case_id)
    if best >= LIKE and best >= 2 * likeness[1][0]:
        return Decision(DecisionKind.FOLLOW_UP, f"与在办的{case.number}内容相近({best:.0%})", 0.7, case.case_id)
    if best >= LIKE:
        return Decision(DecisionKind.UNCLEAR, f"与{len(cases)}件在办的内容都相近,请人工选择", 0.4)
    return Decision(DecisionKind.NEW_CASE, f"与在办的{len(cases)}件内容都不同", 0.7)


def alike(one: str, other: str) -> float:
    """Share of the shorter text's character pairs that the other has too, 0 to 1."""
    pairs, others = _pairs(one), _pairs(other)
    return len(pairs & others) / min(len(pairs), len(others)) if pairs and others else 0.0


def _pairs(text: str) -> set[str]:
    said = plain(text)
    return {said[i : i + 2] for i in range(len(said) - 1)}
