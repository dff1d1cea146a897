"""What a text means."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.settings import load
from routing.cases import CaseState
from routing.inbound import THRESHOLD, Decision, DecisionKind, Dialogue, Sender, decide
from routing.numbers import write
from routing.replies import may_answer
from routing.words import Words, alike

NOW = datetime(2026, 11, 24, tzinfo=UTC)
INFORMANT = Sender(1, True, True, False)
STRANGER = Sender(2, False, False, False)
ROAD, WATER = "城关镇小学门口路太窄,天天堵车", "村里自来水停了三天"
NO = write("FX", 26, 42)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Words:
    """As shipped."""
    from gateway.cli.init import make

    folder: Path = tmp_path_factory.mktemp("words") / "county"
    make(folder, "office")
    return resources.words(load(folder, {}))


def case(
    number: str = NO,
    about: str = ROAD,
    slot: str = "1042",
    *,
    open_: bool = True,
    waiting: bool = False,
    surveyed: bool | None = None,
    asked: bool = False,
    days: float = 1,
) -> Dialogue:
    state = CaseState.REPLIED if waiting else CaseState.NEED_INFO if asked else CaseState.IN_PROGRESS
    at = NOW - timedelta(days=days)
    return Dialogue(
        int(number[-3:]),
        number,
        slot,
        state if open_ else CaseState.CLOSED,
        open_,
        waiting,
        waiting if surveyed is None else surveyed,
        at,
        None if open_ else at,
        about,
    )


OTHER = write("FX", 26, 7)


def means(
    words: Words,
    text: str,
    dialogues: Sequence[Dialogue] = (),
    extension: str = "",
    sender: Sender = INFORMANT,
) -> Decision:
    return decide(text, sender, dialogues, extension, NOW, words, "FX")


def test_a_first_text_is_a_new_case(words: Words) -> None:
    assert means(words, ROAD).kind is DecisionKind.NEW_CASE


def test_a_stranger_goes_to_the_queue_of_strangers(words: Words) -> None:
    assert means(words, ROAD, sender=STRANGER).kind is DecisionKind.UNKNOWN_SENDER


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("TD", "TD"),
        ("td", "TD"),
        ("ＴＤ", "TD"),
        (" 退订。", "TD"),
        ("T", "TD"),
        ("N", "TD"),
        ("CX", "CX"),
        ("查询!", "CX"),
        ("KT", "KT"),
        ("BZ", "BZ"),
    ],
)
def test_a_command_is_the_whole_text(words: Words, text: str, command: str) -> None:
    decision = means(words, text)
    assert (decision.kind, decision.value) == (DecisionKind.COMMAND, command)


@pytest.mark.parametrize("text", ["我想退订报纸怎么办", "T恤厂排污", "查询一下低保政策", "N年没修的路"])
def test_a_command_word_inside_a_sentence_is_none(words: Words, text: str) -> None:
    assert means(words, text).kind is DecisionKind.NEW_CASE


def test_even_a_stranger_may_opt_out(words: Words) -> None:
    assert means(words, "TD", sender=STRANGER).kind is DecisionKind.COMMAND


def test_a_quoted_number_finds_the_senders_own_case(words: Words) -> None:
    decision = means(words, f"{NO}还没有人来", [case(about=WATER), case(write("FX", 26, 7))])
    assert (decision.kind, decision.case_id) == (DecisionKind.FOLLOW_UP, case().case_id)


def test_a_number_quoted_by_somebody_else_never_links(words: Words) -> None:
    decision = means(words, f"{NO}怎么样了,我也想知道", [])
    assert decision.kind is DecisionKind.NEW_CASE
    assert decision.case_id is None


def test_a_mistyped_number_goes_to_the_operator(words: Words) -> None:
    wrong = NO[:-1] + str((int(NO[-1]) + 1) % 10)
    assert means(words, f"{wrong}还没修", [case()]).kind is DecisionKind.UNCLEAR


def test_the_extension_digits_find_the_case(words: Words) -> None:
    dialogues = [case(), case(write("FX", 26, 7), WATER, "1007")]
    decision = means(words, "还要多久", dialogues, "1007")
    assert (decision.kind, decision.case_id) == (DecisionKind.FOLLOW_UP, dialogues[1].case_id)


def test_the_only_open_case_is_meant_when_the_digits_are_lost(words: Words) -> None:
    assert means(words, "什么时候能办好", [case()]).case_id == case().case_id


def test_a_long_text_that_shares_nothing_with_the_open_case_is_a_new_one(words: Words) -> None:
    text = "我家老人住院报销手续跑了几趟都没办成,到底该找谁"
    assert means(words, text, [case(about=WATER)]).kind is DecisionKind.NEW_CASE


@pytest.mark.parametrize(
    ("open_matter", "text"),
    [
        ("旧店乡大王堡村电线离房顶太近,刮风就打火花", "请问旧店乡大王堡村的独生子女奖励到哪里领"),
        ("辛安镇北杨寨村的棉花起了虫,打了两遍药也不管事", "请问辛安镇北杨寨村的小麦直补什么时候发,村里的公告栏没有写"),
        ("旧店乡大杨村集市占了公路", "建议给旧店乡大杨村配两个垃圾箱,定点收垃圾"),
    ],
)
def test_ones_own_village_is_no_sign_that_the_open_case_is_meant(words: Words, open_matter: str, text: str) -> None:
    assert means(words, text, [case(about=open_matter)]).kind is DecisionKind.UNCLEAR


def test_a_long_text_that_asks_on_and_shares_nothing_is_left_to_the_operator(words: Words) -> None:
    assert means(words, "请问上次反映的事什么时候能办好呢?", [case()]).kind is DecisionKind.UNCLEAR


def test_a_long_text_about_the_same_matter_still_finds_the_only_open_case(words: Words) -> None:
    found = means(words, "小学门口的路还是太窄,今天又天天堵车一小时", [case()])
    assert (found.kind, found.case_id) == (DecisionKind.FOLLOW_UP, case().case_id)


def test_of_several_open_cases_the_likest_is_meant_or_none(words: Words) -> None:
    dialogues = [case(), case(write("FX", 26, 7), WATER, "1007")]
    assert means(words, "小学门口今天又堵车了", dialogues).case_id == dialogues[0].case_id
    assert means(words, "请问低保怎么申请", dialogues).kind is DecisionKind.NEW_CASE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, "1") for text in ("1", "１", "①", "一", "满意", "很满意", "非常满意!", "满意,修得很快", " 1 。")),
        *(
            (text, "2")
            for text in (
                "谢谢,基本满意",
                "速度慢了点，还行吧，还行",
                "2",
                "２",
                "二",
                "基本满意",
                "还行",
                "一般",
                "还可以",
            )
        ),
        *((text, "3") for text in ("3。", "３", "三", "不满意", "不太满意", "很不满意", "不满意,白跑一趟")),
    ],
)
def test_a_rating_in_any_width_and_spoken_goes_to_the_reply_that_waits_for_it(
    words: Words, text: str, value: str
) -> None:
    decision = means(words, text, [case(waiting=True), case(write("FX", 26, 7), WATER, "1007")])
    assert (decision.kind, decision.value) == (DecisionKind.RATING, value)


@pytest.mark.parametrize(
    ("text", "value"), [("3,路还是没修好", "3"), ("1。谢谢你们", "1"), ("根本没人来修", "3"), ("问题还是没解决", "3")]
)
def test_a_reason_may_come_with_the_rating_or_instead_of_it(words: Words, text: str, value: str) -> None:
    decision = means(words, text, [case(waiting=True)])
    assert (decision.kind, decision.value) == (DecisionKind.RATING, value)


@pytest.mark.parametrize("text", ["3个月了没人修路", "1号楼停水", "2024年的补贴没发", "路灯根本没人来修"])
def test_figures_and_complaints_without_a_reply_to_rate_are_matters(words: Words, text: str) -> None:
    assert means(words, text).kind is DecisionKind.NEW_CASE


@pytest.mark.parametrize("text", ["1,但是没人来修", "满意,可是问题还是没解决"])
def test_a_rating_that_contradicts_its_words_is_left_to_the_operator(words: Words, text: str) -> None:
    assert means(words, text, [case(waiting=True)]).kind is DecisionKind.UNCLEAR
    quoted = f"{NO} {text}"
    assert means(words, quoted, [case(waiting=True)]).kind is DecisionKind.UNCLEAR


def test_of_two_replies_the_one_that_was_asked_about_is_rated(words: Words) -> None:
    two = [case(waiting=True, surveyed=False), case(OTHER, WATER, "1007", waiting=True)]
    assert means(words, "1", two).case_id == two[1].case_id
    assert means(words, "1", two, "1042").case_id == two[0].case_id


def test_a_complaint_about_another_open_matter_is_no_rating(words: Words) -> None:
    two = [case(waiting=True), case(OTHER, WATER, "1007")]
    decision = means(words, "自来水停了三天,还没修好", two)
    assert (decision.kind, decision.case_id) == (DecisionKind.FOLLOW_UP, two[1].case_id)


def test_the_answer_to_our_question_need_not_share_a_word_with_the_first_text(words: Words) -> None:
    two = [case(asked=True), case(OTHER, WATER, "1007")]
    decision = means(words, "在东赵村南头,王家超市往西五十米的那个路口", two)
    assert (decision.kind, decision.case_id) == (DecisionKind.FOLLOW_UP, two[0].case_id)
    assert means(words, "村里自来水又停了两天", two).case_id == two[1].case_id
    assert means(words, "在村南头", [case(asked=True), case(OTHER, WATER, "1007", asked=True)]).kind is (
        DecisionKind.UNCLEAR
    )


@pytest.mark.parametrize("text", ["还要多久", "什么时候能修好", "有进展吗"])
def test_asking_on_means_the_case_of_the_last_days_or_is_left_to_the_operator(words: Words, text: str) -> None:
    lately, old = case(days=1), case(OTHER, WATER, "1007", days=9)
    assert means(words, text, [lately, old]).case_id == lately.case_id
    assert means(words, text, [case(days=9), old]).kind is DecisionKind.UNCLEAR


def test_a_closed_matter_comes_back_by_its_number_its_digits_or_its_words(words: Words) -> None:
    closed = case(open_=False, days=12)
    for text, extension in ((f"{NO}又堵了", ""), ("又堵上了", "1042"), ("小学门口路又堵了,天天堵车", "")):
        decision = means(words, text, [closed], extension)
        assert (decision.kind, decision.case_id) == (DecisionKind.RECURRENCE, closed.case_id), text
    for kind_word in ("谢谢", " 1", " 满意", ":基本满意"):
        assert means(words, f"{NO}{kind_word}", [closed]).kind is DecisionKind.THANKS, kind_word
    assert means(words, f"{NO} 3", [closed]).kind is DecisionKind.RECURRENCE
    assert means(words, "我家老人住院报销手续没办成,到底该找谁", [closed], "1042").kind is DecisionKind.NEW_CASE
    assert means(words, "小学门口那条路太窄", [closed]).kind is DecisionKind.UNCLEAR


def test_who_is_party_to_a_case_is_no_stranger_to_it_and_still_opens_none(words: Words) -> None:
    rated = means(words, "1", [case(waiting=True)], sender=STRANGER)
    assert (rated.kind, rated.case_id) == (DecisionKind.RATING, case().case_id)
    other = means(words, "我家老人住院报销手续没办成,到底该找谁", [case(open_=False)], sender=STRANGER)
    assert other.kind is DecisionKind.UNKNOWN_SENDER


def test_nothing_below_the_threshold_is_done(words: Words) -> None:
    for text in ("小学门口", "水", "1", "还要多久", f"{NO[:-1]}", "谢谢" + "路" * 40):
        decision = means(words, text, [case(days=9), case(OTHER, WATER, "1007", days=9)])
        assert (decision.confidence < THRESHOLD) == (decision.kind is DecisionKind.UNCLEAR), text


def test_a_rating_without_a_reply_to_rate_is_not_guessed_at(words: Words) -> None:
    assert means(words, "1", [case()]).kind is DecisionKind.UNCLEAR
    two = [case(waiting=True), case(write("FX", 26, 7), WATER, "1007", waiting=True)]
    assert means(words, "1", two).kind is DecisionKind.UNCLEAR
    assert means(words, "1", two, "1007").case_id == two[1].case_id


@pytest.mark.parametrize(
    "text",
    [
        "谢谢",
        "非常感谢,事己解决。",
        "感谢县委、县政府为孩子们所做的一切!",
        "谢谢领导关心",
        "多谢了",
        "谢谢了!",
        "感谢",
        "多谢",
        "蟹蟹",
        "3Q",
        "３ｑ",
        "谢谢,辛苦了",
    ],
)
def test_thanks_land_on_their_case_and_open_none(words: Words, text: str) -> None:
    closed = case(open_=False, days=27)
    decision = means(words, text, [closed])
    assert (decision.kind, decision.case_id) == (DecisionKind.THANKS, closed.case_id)


@pytest.mark.parametrize(
    "text", ["谢谢,但是路还是没修", "感谢关心,可是水还没来", "谢谢,请问什么时候能修好", "谢谢,希望尽快解决"]
)
def test_a_but_makes_thanks_a_matter_again(words: Words, text: str) -> None:
    assert means(words, text, [case()]).kind is DecisionKind.FOLLOW_UP


def test_thanks_with_a_but_are_a_bad_rating_while_one_is_waited_for(words: Words) -> None:
    decision = means(words, "谢谢,但是还没修好", [case(waiting=True)])
    assert (decision.kind, decision.value) == (DecisionKind.RATING, "3")


def test_thanks_with_a_but_take_up_a_matter_that_was_closed_lately_again(words: Words) -> None:
    decision = means(words, "谢谢,但是还没修好", [case(open_=False, days=10)])
    assert (decision.kind, decision.case_id) == (DecisionKind.RECURRENCE, case().case_id)
    assert means(words, "谢谢,但是还没修好", [case(open_=False, days=31)]).kind is DecisionKind.UNCLEAR


def test_long_thanks_may_hold_another_matter_and_are_left_to_the_operator(words: Words) -> None:
    text = "感谢政府去年给村里修的路,今年自来水管坏了,已经停了三天,麻烦派人来看看吧"
    assert means(words, text, [case(open_=False, days=20)]).kind is DecisionKind.UNCLEAR


@pytest.mark.parametrize(
    "text",
    [
        "村里路灯坏了,请派人修一下,谢谢!",
        "自来水停了三天,麻烦来人看看,非常感谢",
        "小学门口每天堵车,谢谢",
        "把村口的垃圾清一下吧,谢谢领导",
    ],
)
def test_a_matter_that_ends_politely_is_a_matter(words: Words, text: str) -> None:
    assert means(words, text).kind is DecisionKind.NEW_CASE


@pytest.mark.parametrize("text", ["路修好了,谢谢", "问题解决了，多谢政府", "水已经通了,全村都高兴,感谢"])
def test_what_is_thanked_for_may_come_first(words: Words, text: str) -> None:
    assert means(words, text, [case(waiting=True)]).kind is DecisionKind.THANKS


def test_thanks_that_may_be_more_open_no_case_by_themselves(words: Words) -> None:
    for text in ("谢谢,请问低保怎么申请", "感谢政府,希望越办越好"):
        assert means(words, text, [case(open_=False, days=20)]).kind is DecisionKind.UNCLEAR


def test_a_numbered_list_is_no_rating(words: Words) -> None:
    text = "1.村里路灯坏了 2.自来水管漏水"
    assert means(words, text).kind is DecisionKind.NEW_CASE
    assert means(words, text, [case(waiting=True)]).kind is not DecisionKind.RATING


def test_a_figure_before_a_matter_of_its_own_is_left_to_the_operator(words: Words) -> None:
    text = "1、我家老人住院报销手续跑了几趟"
    assert means(words, text, [case(waiting=True, about=WATER)]).kind is DecisionKind.UNCLEAR


def test_a_short_matter_that_shares_nothing_with_the_only_open_case_is_left_to_the_operator(words: Words) -> None:
    assert means(words, "村里停电两天了", [case()]).kind is DecisionKind.UNCLEAR
    assert means(words, "怎么还没人来看", [case()]).kind is DecisionKind.FOLLOW_UP


@pytest.mark.parametrize("text", ["满意个啥", "说满意也谈不上", "基本满意吧大概"])
def test_an_odd_rating_is_left_to_the_operator(words: Words, text: str) -> None:
    assert means(words, text, [case(waiting=True)]).kind is DecisionKind.UNCLEAR


@pytest.mark.parametrize("text", ["好的", "收到", "嗯", "知道了。", "你好", "在吗?"])
def test_an_acknowledgement_needs_nothing(words: Words, text: str) -> None:
    assert means(words, text, [case()]).kind is DecisionKind.ACKNOWLEDGEMENT


def test_an_empty_text_is_kept_and_opens_nothing(words: Words) -> None:
    assert means(words, "  \n").kind is DecisionKind.EMPTY


@given(st.text(max_size=100), st.text("0123456789", max_size=5))
def test_every_text_gets_a_decision_with_a_reason(text: str, extension: str) -> None:
    words = Words.from_toml(
        {
            "commands": {"TD": ["TD"]},
            "ratings": {"1": ["1"]},
            "thanks": {
                "words": ["谢谢"],
                "unsolved": ["没修"],
                "pleas": [],
                "acknowledgements": ["好"],
                "greetings": [],
            },
            "accusation": {"words": ["投诉"]},
            "asking_on": {"words": []},
            "emergency": {"words": ["着火"]},
        }
    )
    decision = means(words, text, [case(), case(write("FX", 26, 7), WATER, "1007")], extension)
    assert decision.reason
    assert 0 < decision.confidence <= 1
    assert decision.case_id is None or decision.case_id in (case().case_id, int(write("FX", 26, 7)[-3:]))


def test_likeness_is_a_share(words: Words) -> None:
    assert alike(ROAD, ROAD) == 1.0
    assert alike(ROAD, WATER) < 0.1
    assert alike("", ROAD) == 0.0


@pytest.mark.parametrize(
    ("number", "text", "sent", "answered"),
    [
        ("+8613800000001", "路灯坏了", 0, True),
        ("+8613800000001", "路灯坏了", 3, False),
        ("10086", "您的话费余额", 0, False),
        ("106575550001", "【通知】", 0, False),
        ("raw:CMCC", "x", 0, False),
        ("+8613800000001", "【肥乡双向沟通办】来信已收到", 0, False),
    ],
)
def test_machines_echoes_and_floods_are_not_answered(number: str, text: str, sent: int, answered: bool) -> None:
    assert may_answer(number, text, sent, frozenset({"【肥乡双向沟通办】"}), 3) is answered
