"""What a new text seems to be: kind, topic, place, unit, urgency, each with the reason for which it is suggested.

The words of `config/triage.toml` and what was decided about texts like it are weighed together (`routing/experience.py`
has the scales). Nothing here decides: the operator does. A unit that a text complains about is never suggested.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from routing.cases import KINDS, URGENCIES
from routing.experience import Decided, Model, Vote, vote
from routing.places import Whereabouts
from routing.words import plain

TOWNSHIP = "township"
"""Lead of a topic that the township handles in which the place lies."""
USUAL_KIND = "求助"
DOUBT = 1.0  # characters that speak against any topic: a short word alone is no certainty
RULE, MODEL, PLACES, FALLBACK = "规则", "模型", "地名表", "缺省"
FIELD_LABELS = {"kind": "类别", "topic": "主题", "place": "地点", "lead": "主办", "urgency": "缓急"}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value, why, on what it rests, and how sure it is (0 to 1)."""

    value: str
    reason: str
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is suggested for a text. None: nothing is; `why_no_lead` then says why no unit is."""

    kind: Suggestion
    topic: Suggestion | None
    place: Suggestion | None
    lead: Suggestion | None
    urgency: Suggestion | None
    leads: tuple[str, ...] = ()  # units to choose from, the likeliest first
    topics: tuple[str, ...] = ()
    why_no_lead: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its words and the unit that usually leads."""

    name: str
    lead: str  # TOWNSHIP: that of the place; "": nobody's
    words: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """From `config/triage.toml`."""

    topics: tuple[Topic, ...]
    kinds: Mapping[str, tuple[str, ...]]
    urgent: tuple[str, ...]
    fillers: tuple[str, ...]
    model: Model

    @classmethod
    def from_toml(cls, table: Mapping[str, Any], units: Collection[str], strict: bool = True) -> "Rules":
        """Raises `ValueError` for a kind that there is not, and for a unit; unless not `strict`, then nobody leads."""
        rows: Iterable[Mapping[str, Any]] = table["topic"]
        topics = tuple(
            Topic(row["name"], row["lead"], tuple(map(plain, row["words"])), row.get("kind", "")) for row in rows
        )
        nobodys = [topic for topic in topics if topic.lead not in (TOWNSHIP, *units)]
        if nobodys and strict:
            raise ValueError(f"主题“{nobodys[0].name}”:没有名为“{nobodys[0].lead}”的承办单位")
        topics = tuple(replace(topic, lead="") if topic in nobodys else topic for topic in topics)
        unknown = {*table["kinds"], *(topic.kind for topic in topics if topic.kind)} - {*KINDS}
        if unknown:
            raise ValueError(f"没有这样的类别:{'、'.join(sorted(unknown))}")
        return cls(
            topics,
            {kind: tuple(map(plain, words)) for kind, words in table["kinds"].items()},
            tuple(map(plain, table["urgent"]["words"])),
            tuple(table["filler"]["words"]),
            Model.from_toml(table["model"]),
        )

    def topic(self, name: str) -> Topic | None:
        """The topic of this name."""
        return next((topic for topic in self.topics if topic.name == name), None)


def suggest(
    text: str,
    where: Whereabouts,
    rules: Rules,
    decided: Sequence[Decided],
    *,
    accused: Collection[str] = (),
    urgency: str = "normal",
) -> Suggestions:
    """What a text seems to be. `decided` are the cases nearest to it, `urgency` what it has already."""
    said = plain(text)
    topics = _weighed(_topics_by_words(said, rules), vote(decided, "topic", rules.model), "主题", rules.model)
    topic = topics[0] if topics else None
    leads, barred = _leads(_topics_by_words(said, rules), topics, where, rules, decided, accused)
    return Suggestions(
        _kind(said, topic, rules, decided),
        topic,
        _place(where),
        leads[0] if leads else None,
        _urgency(said, rules, urgency),
        tuple(dict.fromkeys(one.value for one in leads)),
        tuple(dict.fromkeys(one.value for one in topics)),
        "" if leads else f"{barred}被反映,不能承办" if barred else "没有相符的规则,也没有足够相近的件",
    )


def _topics_by_words(said: str, rules: Rules) -> list[Suggestion]:
    """Topics that have words in the text; longer words, and more of them, count more."""
    found = []
    for topic in rules.topics:
        words = [word for word in topic.words if word in said]
        words = [word for word in words if not any(word != other and word in other for other in words)]
        if words:
            found.append((sum(map(len, words)), topic, words))
    found.sort(key=lambda one: -one[0])
    total = sum(score for score, *_ in found)
    return [
        Suggestion(topic.name, f"{_quoted(words)}→{topic.name}({RULE})", RULE, score / (total + DOUBT))
        for score, topic, words in found
    ]


def _leads(
    by_words: Sequence[Suggestion],
    topics: Sequence[Suggestion],
    where: Whereabouts,
    rules: Rules,
    decided: Sequence[Decided],
    accused: Collection[str],
) -> tuple[list[Suggestion], str]:
    """Units, the likeliest first; and the unit that would have been suggested if the text did not complain about it."""
    by_rule = []
    for one in by_words or topics[:1]:
        topic = rules.topic(one.value)
        lead = lead_of(topic, where) if topic else ""
        if lead:
            reason = one.reason.removesuffix(f"→{one.value}({RULE})") if one.source == RULE else f"主题{one.value}"
            by_rule.append(Suggestion(lead, f"{reason}→{lead}({RULE})", RULE, one.confidence))
    found = _weighed(by_rule, vote(decided, "lead", rules.model), "交办", rules.model)
    barred = next((one.value for one in found if one.value in accused), "")
    return [one for one in found if one.value not in accused], barred


def lead_of(topic: Topic, where: Whereabouts) -> str:
    """The unit that usually leads a topic at a place; "" when that is not certain."""
    if topic.lead != TOWNSHIP:
        return topic.lead
    return next(iter(where.townships)) if len(where.townships) == 1 else ""


def _weighed(by_words: Sequence[Suggestion], votes: Sequence[Vote], did: str, model: Model) -> list[Suggestion]:
    """Both together, the likeliest first: what words say by their share, what cases had by theirs. See `Model`."""
    if not by_words and not (votes and votes[0].share >= model.agree):
        return []
    scores: dict[str, float] = {}
    reasons: dict[str, list[Suggestion]] = {}
    for one in by_words:
        scores[one.value] = scores.get(one.value, 0.0) + one.confidence
        reasons.setdefault(one.value, []).append(one)
    for one_vote in votes:
        scores[one_vote.value] = scores.get(one_vote.value, 0.0) + one_vote.score(model)
        reasons.setdefault(one_vote.value, []).append(_from_vote(one_vote, did))
    total = max(sum(scores.values()), 1.0)
    found = []
    for value, score in sorted(scores.items(), key=lambda pair: -pair[1]):
        why = reasons[value]
        first_of_each = {one.source: one.reason for one in reversed(why)}
        reason = ";".join(first_of_each[source] for source in (RULE, MODEL) if source in first_of_each)
        found.append(Suggestion(value, reason, why[0].source, score / total))
    return found


def _from_vote(one: Vote, did: str) -> Suggestion:
    reason = f"与已办的{one.of}件相近,其中{one.votes}件{did}{one.value}({MODEL})"
    return Suggestion(one.value, reason, MODEL, one.share)


def _kind(said: str, topic: Suggestion | None, rules: Rules, decided: Sequence[Decided]) -> Suggestion:
    for kind, words in rules.kinds.items():
        found = [word for word in words if word in said]
        if found:
            return Suggestion(kind, f"{_quoted(found)}→{kind}({RULE})", RULE, 0.9)
    votes = vote(decided, "kind", rules.model)
    if votes and votes[0].share >= rules.model.agree:
        return _from_vote(votes[0], "是")
    known = rules.topic(topic.value) if topic else None
    if known and known.kind:
        return Suggestion(known.kind, f"主题{known.name}一般是{known.kind}({RULE})", RULE, 0.6)
    return Suggestion(USUAL_KIND, f"没有表明类别的词({FALLBACK})", FALLBACK, 0.5)


def _place(where: Whereabouts) -> Suggestion | None:
    written = where.written()
    if not written:
        return None
    return Suggestion(written, f"文中写明{_quoted(where.quoted)}({PLACES})", PLACES, 0.95 if where.spots else 0.7)


def _urgency(said: str, rules: Rules, urgency: str) -> Suggestion | None:
    if urgency != "normal":
        return Suggestion(urgency, f"来信时已列为{URGENCIES[urgency]}({RULE})", RULE, 1.0)
    found = [word for word in rules.urgent if word in said]
    return Suggestion("urgent", f"{_quoted(found)}→{URGENCIES['urgent']}({RULE})", RULE, 0.7) if found else None


def _quoted(words: Iterable[str]) -> str:
    return "".join(f"“{word}”" for word in [*words][:3])
