"""A unit's copy of a text does not say who wrote it, and still says what the matter is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster.generator import _SURNAMES, _SYLLABLES
from roster.masking import candidates, numbers, plates, public, unnamed
from tests.roster import said as sentences
from tests.roster.named import NAMED, UNNAMED


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("我是城关镇东赵村的王小明,村里路灯坏了", "我是城关镇东赵村的某某,村里路灯坏了"),
        ("我是东赵村村民钱明，手机139 1234 5678", "我是东赵村村民某某，手机(号码略)"),
        ("我叫李强,家住成寨村", "我叫某某,家住成寨村"),
        ("联系人:赵国庆 电话０３１０－８５６１２３４", "联系人:某某 电话(号码略)"),
        ("本人欧阳修文,反映征地", "本人某某,反映征地"),
        ("我王小明,成寨村人", "我某某,成寨村人"),
        ("微信号abc12345请加", "微信号(号码略)请加"),
        ("一三八零零零零一二三四打我", "(号码略)打我"),
        ("身份证 132129 19800101 1234", "身份证 (号码略)"),
        ("邮箱 wang@example.com", "邮箱 (号码略)"),
        ("电话１３９１２３４５６７８", "电话(号码略)"),
        ("电话139****5678", "电话(号码略)"),
    ],
)
def test_who_writes_is_hidden(said: str, left: str) -> None:
    assert unnamed(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "我是一名小学教师,每天上下学时学校门口车辆拥堵,孩子们很不安全",
        "我是屯庄营的村民,邻居家孩子十岁了还没有户口",
        "我是毛演堡乡农民,买到假化肥",
        "我是王庄的,路坏了",
        "我家门前高压线太低,成寨村省道危险",
        "我家住范家营,我村高压线,没人管",
        "我是范家营的,我是石寨人,我镇金银花卖不出去",
        "马路坏了,方便时请修。谢谢",
        "2014年10月10日至11月6日,第3小组25户停水,欠款12000元",
    ],
)
def test_places_and_matters_stay(said: str) -> None:
    assert unnamed(said) == said


def test_a_name_that_is_known_is_hidden_wherever_it_stands() -> None:
    assert unnamed("路灯坏了。王青禾 留", ["王青禾"]) == "路灯坏了。某某 留"
    assert unnamed("王家庄停水", ["王"]) == "王家庄停水"


NAMES = st.builds(
    lambda one, two: one + two, st.sampled_from(_SURNAMES), st.text(st.sampled_from(_SYLLABLES), min_size=1, max_size=2)
)


@given(
    NAMES,
    st.sampled_from(("我是东赵村的{},路坏了", "我叫{},路坏了", "我是村民{}。路坏了", "联系人{} 路坏了", "本人{}")),
)
def test_no_invented_name_survives_an_introduction(name: str, words: str) -> None:
    assert name not in unnamed(words.format(name))


@given(st.text("0123456789-— xX一二三零幺,我是叫王村的", max_size=60))
def test_what_is_masked_once_is_masked(words: str) -> None:
    assert unnamed(unnamed(words)) == unnamed(words)
    assert numbers(numbers(words)) == numbers(words)


@pytest.mark.parametrize(
    ("list_", "leaking", "harmed"),
    [(sentences.generated(), 0, 0), (sentences.HARD, 0, 0), (sentences.MORE, 0, 0), (NAMED, 0, 0), (UNNAMED, 0, 0)],
    ids=["generated", "hard", "more", "named", "unnamed"],
)
def test_as_much_is_hidden_and_as_little_lost_as_the_page_on_privacy_says(
    list_: list[str], leaking: int, harmed: int
) -> None:
    still, lost = sentences.measured(list_, unnamed)
    assert (len(still), len(lost)) == (leaking, harmed), "\n".join([*still, *lost])


def test_citizens_who_are_known_are_hidden_and_officials_of_the_same_name_are_not() -> None:
    known = {"张国林", "李强", "高兴"}
    assert unnamed("张国林家的墙倒了,张国林书记不管", (), known) == "某某家的墙倒了,张国林书记不管"
    assert unnamed("书记张国林和李强是亲戚", (), known) == "书记张国林和某某是亲戚"
    assert unnamed("我很高兴,木李强壮", (), known) == "我很高兴,木李强壮"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("村支书费大兴吃喝公款", "村支书某某吃喝公款"),
        ("王大国书记说过年前修好", "某某书记说过年前修好"),
        ("王书记说过年前修好", "某某书记说过年前修好"),
        ("医生滕海波收红包", "医生某某收红包"),
        ("包工头贺老四欠我们工钱", "包工头某某欠我们工钱"),
        ("主任高度重视,会计成本核算清楚", "主任高度重视,会计成本核算清楚"),
    ],
)
def test_what_everybody_may_read_names_no_official_either(said: str, left: str) -> None:
    assert unnamed(said) == said
    assert public(said) == left


def test_what_everybody_may_read_names_no_citizen_who_is_known_even_as_an_official() -> None:
    assert public("张国林书记和高兴的孩子", (), {"张国林", "高兴"}) == "某某书记和某某的孩子"
    assert public("大家很高兴", (), {"高兴"}) == "大家很高兴"


def test_every_name_in_words_is_a_candidate() -> None:
    assert {"王青禾", "张国林"} <= set(candidates("王青禾说张国林不管"))
    assert {"常有才", "王爱民"} <= set(candidates("常有才和王爱民"))
    assert "买买提·吐尔逊江" in set(candidates("我叫买买提·吐尔逊江羊被偷了"))
    assert not set(candidates("路灯坏了,谢谢"))


def test_plates_are_hidden_where_nobody_needs_them() -> None:
    assert unnamed("冀D·A1234的货车超载") == "冀D·A1234的货车超载"
    assert plates("冀D·A1234的货车超载") == "(号码略)的货车超载"
