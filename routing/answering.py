"""Whether a text answers one of our questions, and which: evidence in the order of `routing.inbound`, whose part it is.

A bare figure may be a vote, a rating or a confirmation. The digits texted to decide; else the only question that is
open for the sender; else the one put so much later that no other can be meant. Where none of this helps we ask back:
nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.asks import AnswerKind, Ask, AskKind, Said, declines, mentions, reading
from routing.bearing import A_NAME, foreign
from routing.words import Words, alike, plain

LIKE = 0.30  # share of character pairs in common from which a text speaks of the question
A_WORD = 0.20  # below that it shares no more than a word with the question
A_MATTER = 12  # characters from which a text that shares nothing with the question is a matter of its own
A_SENTENCE = 4  # characters below which a text is no matter while a question is open
LONG = 25  # characters from which a text that is not quite like the question may be one, too
FRESH = timedelta(days=1)  # a question put so lately is meant ...
STALE = timedelta(days=3)  # ... when every other was put so much earlier


@dataclass(frozen=True, slots=True)
class Rival:
    """What else a text of the sender may be meant for: a case of theirs."""

    number: str
    slot: str
    surveyed: bool  # it waits for a rating
    asked: bool  # it waits for an answer to a question about it
    open: bool
    last_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a text answers. Without a `kind` that is not certain; `back` then says how to answer clearly."""

    reason: str
    confidence: float
    kind: AnswerKind | None = None
    ask: Ask | None = None
    option: int = 0
    said: str = ""
    back: str = ""


def by_choice(
    text: str, asks: Sequence[Ask], rivals: Sequence[Rival], extension: str, now: datetime, words: Words
) -> Answered | None:
    """A vote or a confirmation. None when the text is neither, or certainly about a case."""
    if extension and any(one.slot == extension for one in rivals):
        return None
    read = [(ask, said) for ask in asks if (said := reading(text, ask, words.answers)) is not None]
    exact = [(ask, said) for ask, said in read if extension in ask.extensions]
    if exact and not exact[0][0].asked and exact[0][0].kind is AskKind.READ_BACK:
        return None
    if exact:
        return _answered(*exact[0], f"扩展码是第{exact[0][0].notice_id}号通知的", 0.95, words, text)
    rated = words.rating(text) is not None and any(one.surveyed for one in rivals)
    running = [(ask, said) for ask, said in read if ask.asked and ask.open]
    if not running:
        over = [(ask, said) for ask, said in read if ask.asked and ask.kind is AskKind.POLL]
        if rated or len(over) != 1:
            return None
        return _answered(*over[0], f"只可能是答已截止的第{over[0][0].notice_id}号通知", 0.8, words, text)
    if any(one.asked for one in rivals) and not running[0][1].figure:
        return _unsure("像是投票,但也可能是回答办件的提问")
    if len(running) == 1 and not rated:
        return _answered(*running[0], f"只有第{running[0][0].notice_id}号通知等着答复", 0.9, words, text)
    return _latest(text, running, [one for one in rivals if one.surveyed] if rated else [], now, words)


def _answered(ask: Ask, said: Said, how: str, confidence: float, words: Words, text: str) -> Answered:
    """A choice whose question is certain; a text that says more than one thing is the operator's."""
    kind = AnswerKind.VOTE if ask.kind is AskKind.POLL else AnswerKind.CONFIRMATION
    what = f"选{said.option}" if said.option else "确认收到"
    if not said.sure:
        return _unsure(f"{how},但选了不止一项或前后不一")
    if _begins_a_matter(said, ask, words) or words.tells_another(said.reason) or words.is_emergency(text):
        return _unsure(f"{how}({what}),但后面像是另有一件事")
    return Answered(f"{what},{how}", confidence, kind, ask, said.option, said.reason)


def _begins_a_matter(said: Said, ask: Ask, words: Words) -> bool:
    """ "收到,俺村没水了,派人看看", "同意,垃圾没人管": behind the answer is what nobody asked."""
    if ask.kind is AskKind.POLL:
        return words.is_unsolved(said.reason) and foreign(said.reason, ask.words, words, A_NAME)
    return words.is_plea(said.reason) or words.asks_on(said.reason) or words.doubts_praise(said.reason)


def _latest(
    text: str, running: Sequence[tuple[Ask, Said]], rated: Sequence[Rival], now: datetime, words: Words
) -> Answered | None:
    """Several may be meant: the latest, when it is fresh and all others are stale; else we ask back."""
    put = sorted([ask.opened_at for ask, _ in running] + [one.last_at for one in rated])
    newest, before = put[-1], put[-2]
    if now - newest <= FRESH and newest - before >= STALE:
        latest = next(((ask, said) for ask, said in running if ask.opened_at == newest), None)
        if latest is None:
            return None  # the survey: rated as usual
        return _answered(*latest, f"第{latest[0].notice_id}号通知刚刚发出,其他的都早", 0.7, words, text)
    figure = next((said.option or 1 for _, said in running if said.figure), 0)
    if not figure:
        return _unsure(f"有{len(put)}处等着答复,分不清答的是哪一处")
    ways = [f"评价请回复“{one.number} {figure}”" for one in rated[:1]]
    kinds = [ask.kind for ask, _ in running]
    ways += [f"投票请回复“投票{figure}”"] if AskKind.POLL in kinds else []
    ways += ["会议请回复“收到”"] if AskKind.READ_BACK in kinds else []
    clear = len(ways) > 1 and len(kinds) == len(set(kinds))
    back = ",".join(ways) if clear and len(rated) <= 1 else ""
    return Answered(f"“{figure}”可能答{len(put)}处,分不清是哪一处", 0.4, said=str(figure), back=back)


def by_assent(text: str, asks: Sequence[Ask], words: Words) -> Answered | None:
    """ "可以" or "好的" while a poll is open: agreement perhaps, perhaps only politeness."""
    polls = [ask for ask in asks if ask.kind is AskKind.POLL and ask.asked and ask.open]
    if polls and plain(text) in words.answers.assent:
        return _unsure("像是同意,也可能只是表示收到")
    return None


def by_mention(text: str, asks: Sequence[Ask], extension: str, words: Words) -> Answered | None:
    """What would be a new matter, but is too short for one or has an option's words, while a question is open."""
    running = [ask for ask in asks if ask.asked and ask.open]
    if not running or words.is_emergency(text):
        return None
    said = plain(text)
    figure = said[:1].isdecimal() and len(said) < A_MATTER  # "1也行2也行"
    if (
        figure
        or len(said) < A_SENTENCE
        or (len(said) < LONG and any(mentions(text, ask, words.answers) for ask in running))
    ):
        return _unsure(f"像是答第{running[0].notice_id}号通知,但看不出怎样答")
    return None


def by_opinion(
    text: str, asks: Sequence[Ask], rivals: Sequence[Rival], extension: str, words: Words, informant: bool
) -> Answered | None:
    """Free words about a question. A matter of its own is none, and goes on as a case."""
    exact = [ask for ask in asks if extension in ask.extensions]
    near = exact or [ask for ask in asks if ask.asked and ask.open and not extension]
    if not near or words.is_emergency(text):
        return None
    ask = max(near, key=lambda one: alike(text, one.words))
    if not ask.asked:
        return None
    if ask.kind is AskKind.READ_BACK and not informant and (exact or not any(one.open for one in rivals)):
        return Answered(f"答第{ask.notice_id}号会议通知,没有确认", 0.7, AnswerKind.OPINION, ask, said=text)
    if declines(text, ask, words.answers) and len(plain(text)) < LONG:
        if any(one.open for one in rivals) and not exact:
            return _unsure(f"像是说不能参加第{ask.notice_id}号通知的会,也可能说的是办件")
        return Answered(f"答第{ask.notice_id}号会议通知,没有确认", 0.7, AnswerKind.OPINION, ask, said=text)
    likeness = alike(text, ask.words)
    if likeness <= max((alike(text, one.words) for one in rivals if one.open), default=0.0) and likeness < 1:
        likeness = 0.0
    wants = words.accuses(text) or words.is_plea(text) or words.is_unsolved(text)
    if likeness >= LIKE or (exact and likeness > 0):
        if wants:
            return _unsure(f"与第{ask.notice_id}号通知所问的有关,但也像是另有要求")
        if likeness < LIKE and len(plain(text)) >= (LONG if likeness >= A_WORD else A_MATTER):
            return _unsure(f"回复到第{ask.notice_id}号通知,但像是另一件事")
        confidence = 0.8 if likeness >= LIKE else 0.65
        return Answered(f"说的是第{ask.notice_id}号通知所问的事", confidence, AnswerKind.OPINION, ask, said=text)
    if likeness >= A_WORD and not wants:
        return _unsure(f"可能说的是第{ask.notice_id}号通知所问的事")
    if exact and len(plain(text)) < A_MATTER and not wants:
        return _unsure(f"回复到第{ask.notice_id}号通知,看不出说的是不是所问的事")
    return None


def _unsure(reason: str) -> Answered:
    return Answered(reason, 0.4)
