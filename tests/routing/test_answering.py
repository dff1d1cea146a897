"""What a text answers to a notice that asks, and which one: read from words, digits and time, never guessed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.settings import load
from routing.asks import Ask, AskKind, Said, read_back, vote
from routing.cases import CaseState
from routing.inbound import Decision, DecisionKind, Dialogue, Sender, decide
from routing.numbers import write
from routing.words import Words

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
INFORMANT, STRANGER = Sender(1, True, True, False), Sender(2, False, False, False)
PLAZA = "拟在人民广场北侧建文化廊架,您是否同意?"
OPTIONS = ("同意", "不同意", "说不清")
ROAD = "城关镇小学门口路太窄,天天堵车"
NO = write("FX", 26, 42)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Words:
    """As shipped."""
    from gateway.cli.init import make

    folder: Path = tmp_path_factory.mktemp("words") / "county"
    make(folder, "office")
    return resources.words(load(folder, {}))


def read(words: Words, text: str, options: tuple[str, ...] = OPTIONS) -> Said | None:
    return vote(text, PLAZA, options, words.answers)


# ------------------------------------------------------------------------------------------------------------- votes


@pytest.mark.parametrize(
    ("text", "option", "reason"),
    [
        ("1", 1, ""),
        ("１", 1, ""),
        ("1。", 1, ""),
        ("①", 1, ""),
        ("一", 1, ""),
        ("壹", 1, ""),
        ("“2”", 2, ""),
        ("我选2", 2, ""),
        ("选2吧", 2, ""),
        ("2号", 2, ""),
        ("投票:3", 3, ""),
        ("回复1", 1, ""),
        ("同意", 1, ""),
        ("不同意!!", 2, ""),
        ("我们都同意", 1, ""),
        ("坚决反对", 2, ""),
        ("说不清楚", 3, ""),
        ("无所谓", 3, ""),
        ("2,太远了", 2, "太远了"),
        ("2\uff0c太远了\uff01", 2, "太远了!"),
        ("不同意\uff0c太远", 2, "太远"),
        ("2 30多户都嫌远", 2, "30多户都嫌远"),
        ("1同意,方便", 1, "方便"),
        ("不同意2", 2, ""),
        ("同意,但要留停车位", 1, "但要留停车位"),
        ("不同意建廊架", 2, "不同意建廊架"),
    ],
)
def test_a_vote_in_the_words_of_people(words: Words, text: str, option: int, reason: str) -> None:
    said = read(words, text)
    assert said is not None
    assert (said.option, said.reason, said.sure) == (option, reason, True)


@pytest.mark.parametrize("text", ["1不同意", "1,不同意", "1、2都行", "同意,不,不同意", "1,2,3", "不同意1"])
def test_who_says_two_things_at_once_has_not_chosen(words: Words, text: str) -> None:
    said = read(words, text)
    assert said is not None
    assert not said.sure


@pytest.mark.parametrize(
    "text",
    [
        ROAD,
        "一直没水",
        "1个月了没修",
        "1:30开会吗",
        "3.5公里的路坏了",
        "10",
        "4",
        "同意的人太少",
        "我家1号楼漏水",
        "1.路灯坏了 2.水管漏水",
        "满意",
        "",
        "。",
    ],
)
def test_what_only_looks_like_a_vote_is_none(words: Words, text: str) -> None:
    assert read(words, text) is None


def test_options_of_the_office_s_own_up_to_nine(words: Words) -> None:
    places = ("北关", "南关", "东关", "西关", "高铁站", "老城", "新区", "开发区", "都不合适")
    assert [said.option for text in ("9", "高铁站", "选8", "南关,离学校近") if (said := read(words, text, places))] == [
        *(9, 5, 8, 2)
    ]


MARKS = st.text(alphabet=" ,\uff0c。.!\uff01、:\uff1a“”()\uff08\n", max_size=3)


@given(st.integers(1, 3), MARKS, MARKS, st.sampled_from(["1", "１", "①"]))
def test_marks_and_width_around_a_figure_change_nothing(
    words: Words, option: int, before: str, behind: str, form: str
) -> None:
    figure = {"1": str(option), "１": chr(0xFF10 + option), "①": chr(0x245F + option)}[form]
    said = read(words, f"{before}{figure}{behind}")
    assert said is not None
    assert (said.option, said.reason, said.sure, said.figure) == (option, "", True, True)


@given(st.text(max_size=30))
def test_no_text_is_too_strange_to_be_read(words: Words, text: str) -> None:
    for said in (read(words, text), read_back(text, words.answers)):
        assert said is None or 0 <= said.option <= 3


@pytest.mark.parametrize(
    "text", ["收到", "好的收到", "1", "收到,谢谢", "收到谢谢", "知道了", "1。", "回复1", "好的收到OK"]
)
def test_a_confirmation(words: Words, text: str) -> None:
    assert read_back(text, words.answers) is not None


@pytest.mark.parametrize(
    "text", ["没收到", "收到了吗", "2", "1 2", "您好", "谢谢", "好的", "OK", "不参加", ROAD, "收到一笔罚款"]
)
def test_no_confirmation(words: Words, text: str) -> None:
    assert read_back(text, words.answers) is None


# ------------------------------------------------------------------------------------------------- which one is meant


def poll(number: int = 7, *, asked: bool = True, open_: bool = True, hours: float = 1) -> Ask:
    at = NOW - timedelta(hours=hours)
    return Ask(number, AskKind.POLL, PLAZA, OPTIONS, frozenset({f"0{number:03d}"}), asked, at, open_)


def meeting(number: int = 8, *, hours: float = 1) -> Ask:
    at = NOW - timedelta(hours=hours)
    return Ask(number, AskKind.READ_BACK, "明天开防汛会。", (), frozenset({f"0{number:03d}"}), True, at, True)


def survey(hours: float = 1, state: CaseState = CaseState.REPLIED) -> Dialogue:
    waiting = state is CaseState.REPLIED
    return Dialogue(1, NO, "1042", state, True, waiting, waiting, NOW - timedelta(hours=hours), None, ROAD)


def means(
    words: Words,
    text: str,
    asks: list[Ask],
    dialogues: tuple[Dialogue, ...] = (),
    extension: str = "",
    sender: Sender = INFORMANT,
) -> Decision:
    return decide(text, sender, dialogues, extension, NOW, words, "FX", asks)


def test_the_only_question_that_waits_is_meant(words: Words) -> None:
    decision = means(words, "2,太远", [poll()])
    assert (decision.kind, decision.notice_id, decision.value, decision.said) == (DecisionKind.VOTE, 7, "2", "太远")
    assert means(words, "收到", [meeting()]).kind is DecisionKind.CONFIRMATION
    assert means(words, "1", []).kind is DecisionKind.UNCLEAR


def test_digits_decide_before_anything_else(words: Words) -> None:
    asks = [poll(), meeting()]
    assert means(words, "1", asks, (survey(),), "0007").kind is DecisionKind.VOTE
    assert means(words, "1", asks, (survey(),), "0008").kind is DecisionKind.CONFIRMATION
    assert means(words, "1", asks, (survey(),), "1042").kind is DecisionKind.RATING


def test_two_that_may_be_meant_are_asked_about_with_a_clear_way_to_answer(words: Words) -> None:
    decision = means(words, "1", [poll()], (survey(),))
    assert (decision.kind, decision.value) == (DecisionKind.ASKED_BACK, "1")
    assert decision.said == f"评价请回复“{NO} 1”,投票请回复“投票1”"
    assert means(words, "投票1", [poll()], (survey(),)).kind is DecisionKind.VOTE
    assert means(words, f"{NO} 1", [poll()], (survey(),)).kind is DecisionKind.RATING
    assert means(words, "1", [poll(), meeting()]).said == "投票请回复“投票1”,会议请回复“收到”"


def test_two_polls_or_two_meetings_are_left_to_an_operator(words: Words) -> None:
    assert means(words, "1", [poll(7), poll(9)]).kind is DecisionKind.UNCLEAR
    assert means(words, "收到", [meeting(7), meeting(9)]).kind is DecisionKind.UNCLEAR


def test_the_latest_is_meant_only_when_all_others_are_long_past(words: Words) -> None:
    assert means(words, "1", [poll(hours=1)], (survey(hours=100),)).kind is DecisionKind.VOTE
    assert means(words, "1", [poll(hours=100)], (survey(hours=1),)).kind is DecisionKind.RATING
    assert means(words, "1", [poll(hours=30)], (survey(hours=200),)).kind is DecisionKind.ASKED_BACK


@given(st.floats(0, 400), st.floats(0, 400))
def test_a_figure_is_guessed_at_no_time(words: Words, polled: float, surveyed: float) -> None:
    kind = means(words, "1", [poll(hours=polled)], (survey(hours=surveyed),)).kind
    newest, before = sorted((polled, surveyed))
    if kind is not DecisionKind.ASKED_BACK:
        assert newest <= 24
        assert before - newest >= 72 - 0.001
        assert kind is (DecisionKind.VOTE if polled < surveyed else DecisionKind.RATING)


def test_words_that_only_one_of_them_uses_are_clear(words: Words) -> None:
    assert means(words, "不同意", [poll()], (survey(),)).kind is DecisionKind.VOTE
    assert means(words, "满意", [poll()], (survey(),)).kind is DecisionKind.RATING
    assert means(words, "收到", [poll(), meeting()]).kind is DecisionKind.CONFIRMATION


def test_a_word_may_answer_the_question_about_a_case_as_well(words: Words) -> None:
    asked = survey(state=CaseState.NEED_INFO)
    assert means(words, "同意", [poll()], (asked,)).kind is DecisionKind.UNCLEAR
    assert means(words, "1", [poll()], (asked,)).kind is DecisionKind.VOTE
    assert means(words, "同意", [poll()], (asked,), "1042").kind is DecisionKind.FOLLOW_UP


def test_too_late_and_not_asked_are_votes_that_do_not_count(words: Words) -> None:
    assert means(words, "1", [poll(open_=False)]).kind is DecisionKind.UNCOUNTED_VOTE
    assert means(words, "1", [poll(asked=False)], extension="0007").kind is DecisionKind.UNCOUNTED_VOTE
    assert means(words, "1", [poll(asked=False)], extension="0007", sender=STRANGER).kind is (
        DecisionKind.UNCOUNTED_VOTE
    )
    assert means(words, "1", [poll(asked=False)], sender=STRANGER).kind is DecisionKind.UNKNOWN_SENDER
    assert means(words, "1", [poll(open_=False)], (survey(),)).kind is DecisionKind.RATING


def test_after_a_meeting_is_over_received_is_politeness_again(words: Words) -> None:
    over = Ask(8, AskKind.READ_BACK, "明天开会。", (), frozenset({"0008"}), True, NOW - timedelta(days=9), False)
    assert means(words, "收到", [over]).kind is DecisionKind.ACKNOWLEDGEMENT
    assert means(words, "收到", [over], extension="0008").kind is DecisionKind.CONFIRMATION


def test_politeness_is_no_vote(words: Words) -> None:
    assert means(words, "可以", [poll()]).kind is DecisionKind.UNCLEAR
    assert means(words, "可以", []).kind is DecisionKind.ACKNOWLEDGEMENT
    assert means(words, "谢谢", [poll()]).kind is DecisionKind.ACKNOWLEDGEMENT


def test_commands_and_danger_go_before_every_question(words: Words) -> None:
    assert means(words, "TD", [poll()], extension="0007").kind is DecisionKind.COMMAND
    assert means(words, "1,广场上着火了", [poll()]).kind is DecisionKind.UNCLEAR
    assert means(words, "人民广场着火了", [poll()], extension="0007").kind is DecisionKind.NEW_CASE


def test_what_is_said_about_the_question_is_an_opinion_and_what_is_wanted_is_looked_at(words: Words) -> None:
    asks = [poll()]
    assert means(words, "人民广场建廊架浪费钱,不如种树", asks).kind is DecisionKind.OPINION
    assert means(words, "人民广场建廊架浪费钱,请派人来解释", asks, extension="0007").kind is DecisionKind.UNCLEAR
    assert means(words, ROAD, asks, extension="0007").kind is DecisionKind.NEW_CASE
    assert means(words, "用不上", asks, extension="0007").kind is DecisionKind.UNCLEAR


@pytest.mark.parametrize(
    "text",
    ["旧店村的广场占了公路,逢集就堵上两个小时", "建议在文化站北侧建一个公交站,老人孩子看病赶集都方便,大家都愿意出力"],
)
def test_a_matter_that_shares_a_word_with_the_question_is_left_to_the_operator(words: Words, text: str) -> None:
    assert means(words, text, [poll()], extension="0007").kind is DecisionKind.UNCLEAR


def test_a_case_that_the_words_are_nearer_to_is_meant(words: Words) -> None:
    case = Dialogue(1, NO, "1042", CaseState.IN_PROGRESS, True, False, False, NOW, None, "人民广场的廊架顶坏了漏雨")
    assert means(words, "人民广场的廊架顶还是漏雨", [poll()], (case,)).kind is DecisionKind.FOLLOW_UP


def test_people_of_a_unit_who_write_more_than_a_confirmation(words: Words) -> None:
    decision = means(words, "我在外地,派副局长来", [meeting()], sender=STRANGER)
    assert (decision.kind, decision.notice_id) == (DecisionKind.OPINION, 8)
    assert means(words, "我在外地,派副局长来", [], sender=STRANGER).kind is DecisionKind.UNKNOWN_SENDER
