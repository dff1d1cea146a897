"""What a text means: `decide` looks at the words, the sender's own cases and the digits texted to, nothing else.

Evidence in this order: a case number in the text, the answer to a notice that asks (`routing.answering`), the rating
that a reply waits for, thanks, the question that we asked about a case, the extension digits, free words about a notice
that asks, the only open case, likeness of words, recency. Each carries a confidence; below `THRESHOLD` nothing is
guessed: an operator chooses (`unclear`). A link is made only to a case of the sender.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from routing.answering import Answered, Rival, by_assent, by_choice, by_mention, by_opinion
from routing.asks import AnswerKind, Ask
from routing.bearing import A_NAME, OWN_MATTER, foreign, names, strange
from routing.cases import CaseState
from routing.characters import clauses
from routing.decisions import RECURS
from routing.decisions import Decision as Decision
from routing.decisions import DecisionKind as DecisionKind
from routing.decisions import Dialogue as Dialogue
from routing.decisions import Sender as Sender
from routing.numbers import quoted
from routing.words import Words, alike, plain

THRESHOLD = 0.6
LIKE = 0.30  # share of character pairs in common from which two texts speak of the same matter
SAME = 0.5  # the same for whoever has one open case: everybody speaks of their own village, whatever the matter
NO_MATTER = 6  # characters up to which a text is too short to be a matter
ONLY_THANKS = 30  # characters from which a text that thanks may have more to say
RECENT = timedelta(days=90)  # thanks find a closed case so long
LATELY = timedelta(days=3)  # a case that we spoke about so lately is meant, if no other was


def decide(
    text: str,
    sender: Sender,
    dialogues: Sequence[Dialogue],
    extension: str,
    now: datetime,
    words: Words,
    prefix: str,
    asks: Sequence[Ask] = (),
) -> Decision:
    """What this text means. `dialogues` are the sender's own cases, newest first; `asks` the questions of ours."""
    if not text.strip():
        return Decision(DecisionKind.EMPTY, "空短信", 1.0)
    command = words.command(text)
    if command is not None:
        return Decision(DecisionKind.COMMAND, f"整条短信就是指令{command}", 1.0, value=command)
    stranger = Decision(DecisionKind.UNKNOWN_SENDER, "号码不在信息员库中,转陌生来信队列", 1.0)
    if not sender.informant and not dialogues:
        return (
            _by_ask(text, (), asks, extension, now, words) or _by_opinion(text, (), asks, extension, words) or stranger
        )
    if not plain(text):
        return _by_signs(dialogues)
    decision = (
        _by_number(text, dialogues, now, words, prefix)
        or _by_opting_out(text, words)
        or _by_ask(text, dialogues, asks, extension, now, words)
        or _by_rating(text, dialogues, extension, words)
        or _by_thanks(text, dialogues, extension, now, words)
        or _by_another(text, dialogues, words)
        or _by_question(text, dialogues, extension)
        or _by_extension(text, dialogues, extension, now, words)
        or _by_opinion(text, dialogues, asks, extension, words, sender.informant)
        or _by_closed_case(text, dialogues, now, words)
        or _by_open_case(text, dialogues, now, words)
    )
    if decision.kind is DecisionKind.NEW_CASE:
        mention = by_mention(text, asks, extension, words)
        decision = decision if mention is None else _answer(mention)
    if decision.kind is DecisionKind.NEW_CASE and not sender.informant:
        return stranger
    if decision.kind is DecisionKind.NEW_CASE and words.begins_with_thanks(text):
        return Decision(DecisionKind.UNCLEAR, "先是感谢,又像是另有事情", 0.5)
    if decision.confidence < THRESHOLD and decision.kind is not DecisionKind.ASKED_BACK:
        return Decision(DecisionKind.UNCLEAR, decision.reason, decision.confidence, value=decision.value)
    return decision


def _by_signs(dialogues: Sequence[Dialogue]) -> Decision:
    """Nothing but signs: "👍"."""
    waiting = [one for one in dialogues if one.awaiting_rating]
    if waiting:
        return _of_a_reply(waiting[0])
    return Decision(DecisionKind.ACKNOWLEDGEMENT, "只有标点或表情", 0.9)


def about(case: Dialogue, text: str, now: datetime, words: Words, reason: str, confidence: float) -> Decision:
    """What a text says about a case that is certain."""
    danger = words.is_emergency(text)  # comes before any rating or thanks
    rating = None if danger else words.rating(text) or (3 if words.is_unsolved(text) else None)
    if case.awaiting_rating and rating is not None:
        if _contradicts(text, rating, words):
            return Decision(DecisionKind.UNCLEAR, f"{reason},但评价与所写的内容不符", 0.4, value=str(rating))
        return Decision(DecisionKind.RATING, reason, confidence, case.case_id, str(rating))
    late = rating in (1, 2) and not _contradicts(text, rating, words)  # a good word after the survey reopens nothing
    if not danger and (late or words.is_thanks(text) or words.is_acknowledgement(text)):
        return Decision(DecisionKind.THANKS, reason, confidence, case.case_id)
    if case.recurs(now) and plain(text):
        return Decision(DecisionKind.RECURRENCE, reason, confidence, case.case_id)
    if case.state is CaseState.REJECTED:
        return Decision(DecisionKind.UNCLEAR, f"{reason},但该件不予受理", 0.5)
    if case.state is CaseState.CLOSED and plain(text):
        return Decision(DecisionKind.NEW_CASE, f"{reason},但办结已超过{RECURS.days}日,按新件登记", confidence)
    if case.awaiting_rating and plain(text) and not danger:
        return _of_a_reply(case)
    return Decision(DecisionKind.FOLLOW_UP, reason, confidence, case.case_id)


def _by_number(text: str, dialogues: Sequence[Dialogue], now: datetime, words: Words, prefix: str) -> Decision | None:
    """A case number in the text. Only the sender's own case may be meant."""
    for quote in quoted(text, prefix):
        case = next((one for one in dialogues if one.number == quote.number), None)
        if case is not None:
            return about(case, quote.rest, now, words, f"短信中写明编号{quote.number}", 1.0)
        if not quote.valid:
            return Decision(DecisionKind.UNCLEAR, f"短信中的编号{quote.number}写错了(校验位不符)", 0.5)
        return Decision(DecisionKind.NEW_CASE, f"短信中的编号{quote.number}不是本人的件,按新件登记", 0.6)
    return None


def _by_opting_out(text: str, words: Words) -> Decision | None:
    """ "退订吧天天发": no command, and nothing that may be overlooked."""
    if words.speaks_of_no_more(text) and not words.is_emergency(text):
        return Decision(DecisionKind.UNCLEAR, "像是不想再收短信(TD),请人工确认", 0.5)
    return None


def _by_ask(
    text: str, dialogues: Sequence[Dialogue], asks: Sequence[Ask], extension: str, now: datetime, words: Words
) -> Decision | None:
    """A vote, or that a meeting notice was read."""
    if not asks:
        return None
    found = by_choice(text, asks, _rivals(dialogues), extension, now, words) or by_assent(text, asks, words)
    return None if found is None else _answer(found)


def _by_opinion(
    text: str,
    dialogues: Sequence[Dialogue],
    asks: Sequence[Ask],
    extension: str,
    words: Words,
    informant: bool = False,
) -> Decision | None:
    """Free words about a question of ours."""
    found = by_opinion(text, asks, _rivals(dialogues), extension, words, informant) if asks else None
    return None if found is None else _answer(found)


def _rivals(dialogues: Sequence[Dialogue]) -> list[Rival]:
    return [
        Rival(
            one.number,
            one.slot,
            one.awaiting_rating,
            one.state is CaseState.NEED_INFO,
            one.open,
            one.last_at,
            one.words,
        )
        for one in dialogues
    ]


_KINDS = {
    AnswerKind.VOTE: DecisionKind.VOTE,
    AnswerKind.OPINION: DecisionKind.OPINION,
    AnswerKind.CONFIRMATION: DecisionKind.CONFIRMATION,
}


def _answer(found: Answered) -> Decision:
    """What was found about a question, as a decision."""
    if found.kind is None or found.ask is None:
        kind = DecisionKind.ASKED_BACK if found.back else DecisionKind.UNCLEAR
        return Decision(kind, found.reason, found.confidence, value=found.said, said=found.back)
    kind = _KINDS[found.kind]
    if found.kind is AnswerKind.VOTE and not (found.ask.asked and found.ask.open):
        kind = DecisionKind.UNCOUNTED_VOTE
    value = str(found.option) if found.option else ""
    return Decision(kind, found.reason, found.confidence, value=value, notice_id=found.ask.notice_id, said=found.said)


def _by_rating(text: str, dialogues: Sequence[Dialogue], extension: str, words: Words) -> Decision | None:
    """1, 2, 3 or their words, when a reply waits for its rating. At most one survey is open for a person."""
    if words.is_emergency(text):
        return None
    waiting = [one for one in dialogues if one.awaiting_rating]
    if waiting and words.rates_twice(text):
        return Decision(DecisionKind.UNCLEAR, "评价前后不一,请人工判断", 0.4)
    rating = words.rating(text) if waiting else words.bare_rating(text)
    spoken = words.spoken_ratings(text) if rating is None and waiting else set()
    if rating is None and spoken <= {3} and words.is_unsolved(text) and _concerns(text, waiting, dialogues, words):
        rating, spoken = 3, set()
    if spoken == {1} and words.is_thanks(text):
        return None
    if spoken and (len(plain(text)) < OWN_MATTER or words.spoken_ratings(clauses(text)[0])):
        return Decision(DecisionKind.UNCLEAR, "像是评价,但说法不常见,请人工判断", 0.4)
    if rating is None:
        return None
    if waiting and (_contradicts(text, rating, words) or all(strange(text, one.words) for one in waiting)):
        return Decision(DecisionKind.UNCLEAR, "评价与所写的内容不符,请人工判断", 0.4, value=str(rating))
    if waiting and _tells_more(text, rating, waiting, words):
        return Decision(DecisionKind.UNCLEAR, "评价之外还说了别的", 0.4, value=str(rating))
    meant = [one for one in waiting if extension and one.slot == extension]
    meant = meant or [one for one in waiting if one.surveyed] or waiting
    if len(meant) == 1:
        how = "扩展码相符" if meant[0].slot == extension else "只有一件待评价"
        return Decision(DecisionKind.RATING, f"评价,{how}", 0.95, meant[0].case_id, str(rating))
    if meant:
        return Decision(DecisionKind.UNCLEAR, f"评价,但有{len(meant)}件待评价,分不清是哪件", 0.4, value=str(rating))
    return Decision(DecisionKind.UNCLEAR, "像是评价,但没有待评价的件", 0.4, value=str(rating))


def _tells_more(text: str, rating: int, waiting: Sequence[Dialogue], words: Words) -> bool:
    """ "1,水还黄着", "满意,村里的垃圾也管管": its end would bury what is said of the case, or of another."""
    if rating == 1 and any(names(said, one.words, words) for said in words.remarks(text) for one in waiting):
        return True
    wants = [said for said in clauses(text) if words.is_plea(said) or words.tells_another(said)]
    return bool(wants) and all(foreign("".join(wants), one.words, words, A_NAME) for one in waiting)


def _contradicts(text: str, rating: int, words: Words) -> bool:
    """ "1, but nobody came", "满意?": figure and words do not agree. "2,就是不太快" does."""
    grudging = rating == 2 and plain(text).startswith("2")
    return rating in (1, 2) and (words.is_unsolved(text) or (words.doubts_praise(text) and not grudging))


def _of_a_reply(case: Dialogue) -> Decision:
    """Neither a rating nor thanks that the rules know, about a reply that waits for one: an operator reads it."""
    return Decision(DecisionKind.UNCLEAR, f"{case.number}正待评价,看不出是评价还是补充", 0.5)


def _concerns(text: str, waiting: Sequence[Dialogue], dialogues: Sequence[Dialogue], words: Words) -> bool:
    """True when words of complaint may be about a reply that waits: no matter of their own, no other case's."""
    meant = [one for one in waiting if not strange(text, one.words) and not foreign(text, one.words, words, A_NAME)]
    others = [one for one in dialogues if one.open and not one.awaiting_rating]
    best = max((alike(text, one.words) for one in others), default=0.0)
    if all(foreign(text, one.words, words) for one in meant):  # "水还是没有": rather of the open case than of the lamp
        return bool(meant) and all(foreign(text, one.words, words) for one in others)
    return not (best >= LIKE and best > max(alike(text, one.words) for one in meant))


def _by_thanks(
    text: str, dialogues: Sequence[Dialogue], extension: str, now: datetime, words: Words
) -> Decision | None:
    """Thanks land on the case they thank for and never open or reopen one."""
    if words.is_emergency(text):
        return None
    if words.is_acknowledgement(text):
        return Decision(DecisionKind.ACKNOWLEDGEMENT, "只是表示收到或问好", 0.9)
    if not words.is_thanks(text):
        return None
    if len(plain(text)) >= ONLY_THANKS:
        return Decision(DecisionKind.UNCLEAR, "有感谢的话,但可能还说了别的事", 0.5)
    case = (
        next((one for one in dialogues if extension and one.slot == extension), None)
        or next((one for one in dialogues if one.surveyed), None)
        or next((one for one in dialogues if one.awaiting_rating), None)
        or next((one for one in dialogues if alike(text, one.words) >= LIKE), None)
        or next((one for one in dialogues if not one.open and now - one.last_at <= RECENT), None)
        or next(iter(dialogues), None)
    )
    if case is None:
        return Decision(DecisionKind.ACKNOWLEDGEMENT, "感谢,但没有相关的件", 0.8)
    return Decision(DecisionKind.THANKS, f"感谢,归入{case.number}", 0.9, case.case_id)


def _by_another(text: str, dialogues: Sequence[Dialogue], words: Words) -> Decision | None:
    """ "另外一个事,…": what none of the sender's cases is about, whatever we asked last."""
    if dialogues and words.tells_another(text) and all(foreign(text, one.words, words) for one in dialogues):
        if all(strange(text, one.words) for one in dialogues):
            return Decision(DecisionKind.NEW_CASE, "写明是另一件事", 0.7)
        return Decision(DecisionKind.UNCLEAR, "像是另有一件事", 0.5)
    return None


def _by_question(text: str, dialogues: Sequence[Dialogue], extension: str) -> Decision | None:
    """We asked and wait for the answer, which need not share a word with the first text."""
    asked = [one for one in dialogues if one.state is CaseState.NEED_INFO]
    others = [one for one in dialogues if one.open and one not in asked]
    if extension and any(one.slot == extension for one in others):
        return None
    meant = [one for one in asked if one.slot == extension] or asked
    if not meant or max((alike(text, one.words) for one in others), default=0.0) >= LIKE:
        return None
    if len(meant) > 1:
        return Decision(DecisionKind.UNCLEAR, f"有{len(meant)}件正等待补充,分不清是哪件", 0.4)
    return Decision(DecisionKind.FOLLOW_UP, f"回答{meant[0].number}的提问", 0.85, meant[0].case_id)


def _by_extension(
    text: str, dialogues: Sequence[Dialogue], extension: str, now: datetime, words: Words
) -> Decision | None:
    """The digits texted to are those under which we wrote about a case."""
    case = next((one for one in dialogues if extension and one.slot == extension), None)
    if case is None:
        return None
    if case.open:
        if case.awaiting_rating and not words.is_emergency(text):
            return _of_a_reply(case)
        own = strange(text, case.words)
        reason = "扩展码相符,但内容没有一处相同" if own else "扩展码相符"
        return Decision(DecisionKind.FOLLOW_UP, reason, 0.7 if own else 0.95, case.case_id)
    unsolved = words.is_unsolved(text) and not strange(text, case.words)
    if case.recurs(now) and (unsolved or alike(text, case.words) >= LIKE):
        return Decision(DecisionKind.RECURRENCE, "扩展码相符,问题未解决或再次发生", 0.9, case.case_id)
    return None


def _by_closed_case(text: str, dialogues: Sequence[Dialogue], now: datetime, words: Words) -> Decision | None:
    """A matter closed lately that the words say is not solved."""
    closed = [one for one in dialogues if one.recurs(now)]
    if not closed:
        return None
    likest = max(closed, key=lambda one: alike(text, one.words))
    likeness = alike(text, likest.words)
    if any(alike(text, one.words) >= max(likeness, LIKE) for one in dialogues if one.open):
        return None
    unsolved = words.is_unsolved(text)
    if unsolved and likeness >= LIKE:
        return Decision(DecisionKind.RECURRENCE, f"与已办结的{likest.number}是同一问题", 0.8, likest.case_id)
    alone = len(closed) == 1 and not any(one.open for one in dialogues)
    short = alone and len(plain(text)) < OWN_MATTER
    own = foreign(text, likest.words, words, 1 if words.says_again(text) else A_NAME)
    if unsolved and short and not own:
        return Decision(DecisionKind.RECURRENCE, f"说没有解决,近期只办结过{likest.number}", 0.7, likest.case_id)
    if short and (unsolved or (words.says_again(text) and not own)):
        return Decision(DecisionKind.UNCLEAR, f"像是再次发生,但看不出是不是已办结的{likest.number}", 0.5)
    if likeness >= LIKE:
        return Decision(DecisionKind.UNCLEAR, f"与已办结的{likest.number}内容相近({likeness:.0%})", 0.5)
    return None


def _by_open_case(text: str, dialogues: Sequence[Dialogue], now: datetime, words: Words) -> Decision:
    """No sign but the words and what is open: the only open case, the one whose words are like these, the latest."""
    cases = [one for one in dialogues if one.open]
    if not cases:
        return Decision(DecisionKind.NEW_CASE, "没有在办的件", 0.9)
    likeness = sorted(((alike(text, one.words), one) for one in cases), key=lambda pair: -pair[0])
    best, case = likeness[0]
    if len(cases) == 1:
        known = words.asks_on(text) or words.is_unsolved(text) or words.begins_with_thanks(text)
        if strange(text, case.words):
            if words.asks_on(text):
                return Decision(DecisionKind.UNCLEAR, f"像是追问,但与在办的{case.number}没有一处相同", 0.5)
            return Decision(DecisionKind.NEW_CASE, f"与在办的{case.number}没有一处相同", 0.6)
        if best < SAME and len(plain(text)) >= OWN_MATTER:  # one's own village, a "please", a "when": that is no sign
            return Decision(DecisionKind.UNCLEAR, f"只有{case.number}在办,但像是另一件事", 0.5)
        own = foreign(text, case.words, words, 1 if best == 0 or len(plain(text)) <= NO_MATTER else A_NAME)
        if own or (best == 0 and len(plain(text)) > NO_MATTER and not known):
            return Decision(DecisionKind.UNCLEAR, f"只有{case.number}在办,但内容没有一处相同", 0.5)
        if case.awaiting_rating and not words.is_emergency(text):
            return _of_a_reply(case)
        return Decision(DecisionKind.FOLLOW_UP, f"本人只有{case.number}一件在办", 0.7, case.case_id)
    if best >= LIKE and best >= 2 * likeness[1][0]:
        return Decision(DecisionKind.FOLLOW_UP, f"与在办的{case.number}内容相近({best:.0%})", 0.7, case.case_id)
    if best >= LIKE:
        return Decision(DecisionKind.UNCLEAR, f"与{len(cases)}件在办的内容都相近,请人工选择", 0.4)
    if words.asks_on(text) and len(plain(text)) < OWN_MATTER:
        meant = [one for one in cases if not foreign(text, one.words, words)]
        if len(meant) == 1:
            return Decision(DecisionKind.FOLLOW_UP, f"像是追问,只可能说的是{meant[0].number}", 0.65, meant[0].case_id)
        named = any(names(text, one.words, words) for one in meant)
        lately = [one for one in meant if now - one.last_at <= LATELY and not named]
        if len(lately) == 1:
            reason = f"像是追问,近{LATELY.days}日只有{lately[0].number}有来往"
            return Decision(DecisionKind.FOLLOW_UP, reason, 0.65, lately[0].case_id)
        return Decision(DecisionKind.UNCLEAR, f"像是追问,但有{len(cases)}件在办,分不清是哪件", 0.4)
    if len(plain(text)) <= 2 * NO_MATTER and not all(foreign(text, one.words, words, A_NAME) for one in cases):
        return Decision(DecisionKind.UNCLEAR, f"话太短,看不出是不是{len(cases)}件中的一件", 0.4)
    return Decision(DecisionKind.NEW_CASE, f"与在办的{len(cases)}件内容都不同", 0.7)
