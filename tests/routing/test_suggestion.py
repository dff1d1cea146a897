"""What is suggested for a new text, and how often it is right on texts that nothing was fitted to."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.settings import Loaded
from routing import likeness
from routing.cases import KINDS
from routing.experience import Decided, Model, vote
from routing.likeness import Reader, weights
from routing.suggestion import MODEL, RULE, Rules, Suggestions, suggest
from tests.routing.matters import HELD_OUT, LEARNED

RULES_ALONE, WITH_CASES = 59, 64  # of 74: what is reached today, so that a change of words that loses any is seen


@pytest.fixture(scope="module")
def rules(shipped: Loaded) -> Rules:
    """As shipped."""
    return resources.triage(shipped)


@pytest.fixture(scope="module")
def reader(shipped: Loaded) -> Reader:
    """With the sample county's places."""
    return resources.reader(shipped)


class Learned:
    """Decided cases in memory, asked as the store is."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._cases = [
            (reader.read(text), topic, unit) for (topic, unit), several in LEARNED.items() for text in several
        ]
        counts: dict[int, int] = {}
        for said, *_ in self._cases:
            for token in said.counted:
                counts[token] = counts.get(token, 0) + 1
        self._weigh = weights(counts)

    def near(self, text: str) -> list[Decided]:
        """All of them, with how alike each is."""
        asked = self._reader.read(text).words
        return [
            Decided(f"N{n}", likeness.cosine(asked, said.words, self._weigh), "求助", topic, unit)
            for n, (said, topic, unit) in enumerate(self._cases)
        ]


def asked(
    rules: Rules, reader: Reader, text: str, decided: list[Decided] | None = None, **given: object
) -> Suggestions:
    return suggest(text, reader.read(text).where, rules, decided or [], **given)  # type: ignore[arg-type]


def hits(rules: Rules, reader: Reader, learned: Learned | None) -> tuple[int, int]:
    """How often topic and unit are right on the held-out texts."""
    found = [
        (asked(rules, reader, text, learned.near(text) if learned else None), topic, unit)
        for text, topic, unit in HELD_OUT
    ]
    topics = sum(one.topic is not None and one.topic.value == topic for one, topic, _ in found)
    return topics, sum(one.lead is not None and one.lead.value == unit for one, _, unit in found)


def test_the_shipped_words_hit_on_texts_they_were_not_written_for(rules: Rules, reader: Reader) -> None:
    assert hits(rules, reader, None) >= (RULES_ALONE, RULES_ALONE)


def test_decided_cases_make_the_suggestions_better(rules: Rules, reader: Reader) -> None:
    assert hits(rules, reader, Learned(reader)) >= (WITH_CASES, WITH_CASES)


def test_without_any_words_a_hundred_decided_cases_already_say_something(rules: Rules, reader: Reader) -> None:
    bare = replace(rules, topics=())
    assert hits(bare, reader, Learned(reader))[1] >= 25
    assert hits(bare, reader, None) == (0, 0)


def test_every_suggestion_has_its_reason_in_the_offices_words(rules: Rules, reader: Reader) -> None:
    found = asked(rules, reader, "元固乡下刘村停水三天了,没水喝")
    assert found.topic is not None
    assert found.topic.value == "供水"
    assert found.lead is not None
    assert found.lead.reason == "“停水”“没水”→县供水公司(规则)"
    assert found.place is not None
    assert (found.place.value, found.place.reason) == ("元固乡下刘村", "文中写明“元固乡”“下刘村”(地名表)")
    assert found.urgency is not None
    assert found.urgency.value == "urgent"


def test_cases_that_speak_with_one_voice_go_before_the_words(rules: Rules, reader: Reader) -> None:
    lamps = [Decided(f"N{n}", 0.6, "求助", "路灯", "城关镇") for n in range(9)]
    found = asked(rules, reader, "人民路路灯坏了", lamps)
    assert found.lead is not None
    assert (found.lead.value, found.lead.source) == ("城关镇", MODEL)
    assert found.lead.reason == "与已办的9件相近,其中9件交办城关镇(模型)"
    few = asked(rules, reader, "人民路路灯坏了", lamps[:2])
    assert few.lead is not None
    assert (few.lead.value, few.lead.source) == ("县住建局", RULE)
    assert few.leads == ("县住建局", "城关镇")


def test_a_unit_that_is_accused_is_never_suggested(rules: Rules, reader: Reader) -> None:
    unsure = asked(rules, reader, "交警在路口乱罚款,停车就贴条", accused=("交警大队",))
    assert unsure.lead is None
    assert unsure.why_no_lead == "交警大队被反映,不能承办"
    voted = [Decided(f"N{n}", 0.6, "投诉", "交通秩序", "交警大队" if n else "县信访局") for n in range(9)]
    found = asked(rules, reader, "交警在路口乱罚款,停车就贴条", voted, accused=("交警大队",))
    assert "交警大队" not in found.leads


@given(text=st.text(max_size=80), accused=st.sets(st.sampled_from(("交警大队", "县教育局", "县公安局", "城关镇"))))
def test_whatever_is_written_a_kind_is_named_and_no_accused_unit(shipped: Loaded, text: str, accused: set[str]) -> None:
    rules, reader = resources.triage(shipped), resources.reader(shipped)
    found = asked(rules, reader, text + "学校堵车偷", accused=accused)
    assert found.kind.value in KINDS
    assert accused.isdisjoint(found.leads)
    assert 0 <= found.kind.confidence <= 1


def test_what_the_township_handles_goes_to_that_of_the_place(rules: Rules, reader: Reader) -> None:
    here = asked(rules, reader, "元固乡下刘村村级选举的事")
    assert here.lead is not None
    assert here.lead.value == "元固乡"
    assert asked(rules, reader, "村级选举的事").lead is None


def test_below_its_threshold_the_model_says_nothing(rules: Rules, reader: Reader) -> None:
    split = [Decided(f"N{n}", 0.3, "求助", f"T{n % 3}", f"U{n % 3}") for n in range(9)]
    assert asked(rules, reader, "一些没有词语的话", split).lead is None
    alone = [Decided("N1", 0.9, "求助", "路灯", "县住建局")]
    assert asked(rules, reader, "一些没有词语的话", alone).lead is None


def test_the_more_alike_a_case_the_louder_its_voice() -> None:
    cases = [Decided("N1", 0.9, "", "a", ""), Decided("N2", 0.3, "", "b", ""), Decided("N3", 0.3, "", "b", "")]
    [first, second] = vote(cases, "topic", Model())
    assert (first.value, first.votes, first.of) == ("a", 1, 3)
    assert first.share == pytest.approx(0.81 / 0.99)
    assert second.share == pytest.approx(0.18 / 0.99)


def test_wrong_tables_are_refused_by_name(rules: Rules) -> None:
    topic = {"name": "x", "lead": "县火星局", "words": []}
    whole = {"topic": [topic], "kinds": {}, "urgent": {"words": []}, "filler": {"words": []}, "model": {}}
    with pytest.raises(ValueError, match="县火星局"):
        Rules.from_toml(whole, {"县教育局"})
    [left] = Rules.from_toml(whole, {"县教育局"}, strict=False).topics
    assert (left.name, left.lead) == ("x", "")
    with pytest.raises(ValueError, match="乱来"):
        Rules.from_toml(whole | {"topic": [], "kinds": {"乱来": []}}, set())
    with pytest.raises(ValueError, match="agree"):
        Model.from_toml({"agree": 0.9, "trusted": 0.5})
