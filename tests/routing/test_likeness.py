"""Which texts speak of the same matter: paraphrases are found, the same words about another place are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.settings import Loaded
from routing.likeness import Reader, Weigh, compare, cosine, weights
from routing.places import Gazetteer, Nearness
from tests.routing.matters import HELD_OUT
from tests.routing.repeated import SAME, SOUNDING_ALIKE


@pytest.fixture(scope="module")
def reader(shipped: Loaded) -> Reader:
    """With the sample county's places."""
    return resources.reader(shipped)


@pytest.fixture(scope="module")
def weigh(reader: Reader) -> Weigh:
    """By the earlier texts and 74 others."""
    counts: dict[int, int] = {}
    for text in (*(one for one, _ in SAME), *(text for text, *_ in HELD_OUT)):
        for token in reader.read(text).counted:
            counts[token] = counts.get(token, 0) + 1
    return weights(counts)


def test_paraphrases_find_their_earlier_text_among_many(reader: Reader, weigh: Weigh) -> None:
    earlier = [reader.read(text) for text in (*(one for one, _ in SAME), *(text for text, *_ in HELD_OUT))]
    first = third = shown = 0
    for n, (_, later) in enumerate(SAME):
        asked = reader.read(later)
        ranked = sorted(range(len(earlier)), key=lambda at: -compare(asked, earlier[at], weigh).value)
        first += ranked[0] == n
        third += n in ranked[:3]
        shown += compare(asked, earlier[n], weigh).same
    assert len(SAME) >= 30
    assert (first, third, shown) >= (30, len(SAME), len(SAME))


@pytest.mark.parametrize(("one", "other"), SOUNDING_ALIKE)
def test_the_same_words_about_another_place_are_another_matter(
    reader: Reader, weigh: Weigh, one: str, other: str
) -> None:
    found = compare(reader.read(one), reader.read(other), weigh)
    assert found.words > 0.9
    assert found.nearness is Nearness.ELSEWHERE
    assert not found.same


def test_the_same_place_alone_is_not_the_same_matter(reader: Reader, weigh: Weigh) -> None:
    found = compare(reader.read("人民路路灯坏了"), reader.read("人民路饭店油烟呛人"), weigh)
    assert found.nearness is Nearness.SAME
    assert not found.same


@given(one=st.text(max_size=70), other=st.text(max_size=70))
def test_likeness_is_the_same_both_ways_and_between_nothing_and_all(shipped: Loaded, one: str, other: str) -> None:
    reader = resources.reader(shipped)
    weigh = weights({0: 10})
    said, heard = reader.read(one), reader.read(other)
    there, back = cosine(said.words, heard.words, weigh), cosine(heard.words, said.words, weigh)
    assert there == pytest.approx(back)
    assert 0 <= there <= 1 + 1e-9
    assert cosine(said.words, said.words, weigh) == pytest.approx(1 if said.words else 0)
    assert said.where.nearness(heard.where) is heard.where.nearness(said.where)


# -------------------------------------------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("元固乡下刘村停水", "元固乡下刘村"),
        ("下刘停水", ""),  # two characters are too few to tell a village by
        ("下陈寨停水", "元固乡下陈寨村"),
        ("北郭庄村停水", "北郭庄村"),  # there are two
        ("屯庄营乡北郭庄村停水", "屯庄营乡北郭庄村"),
        ("城关停水", "城关镇"),
        ("县一中门口", "城关镇第一中学"),
        ("民有路上", "民有路"),
        ("人民路和建设街路口", "城关镇人民路、建设街"),
        ("哪儿都没写", ""),
    ],
)
def test_a_place_is_named_as_far_as_it_is_certain(reader: Reader, text: str, written: str) -> None:
    assert reader.gazetteer.find(text).written() == written


def test_a_crossing_is_the_same_place_as_either_street(reader: Reader) -> None:
    find = reader.gazetteer.find
    assert find("人民路和建设街路口").nearness(find("建设街")) is Nearness.SAME
    assert find("城关镇").nearness(find("建设街")) is Nearness.NEAR
    assert find("元固乡").nearness(find("建设街")) is Nearness.ELSEWHERE
    assert find("").nearness(find("建设街")) is Nearness.UNKNOWN


def test_places_are_offered_by_name_with_their_township(reader: Reader) -> None:
    names = reader.gazetteer.names()
    assert {"元固乡下刘村", "城关镇人民路", "城关镇", "民有路", "北郭庄村"} <= {*names}
    assert len(names) == len({*names})


def test_a_place_in_no_township_of_ours_is_refused() -> None:
    table = {"place": [{"name": "某路", "township": "火星镇"}, {"name": "他路"}]}
    with pytest.raises(ValueError, match="火星镇"):
        Gazetteer.from_lists({}, {}, table)
    assert Gazetteer.from_lists({}, {}, table, strict=False).names() == ("他路",)
