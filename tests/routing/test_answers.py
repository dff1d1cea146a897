"""Ready answers: found by words, each fits its SMS, numbers are their own."""

import pytest

from gateway import answers_desk, resources
from gateway.settings import Loaded
from routing.answers import Answers
from routing.initials import initials, matches


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("请问刚出生的婴儿怎么落户", "新生儿落户"),
        ("身份证丢了去哪里补", "身份证补领换领"),
        ("今年合作医疗缴费交多少", "城乡居民医保缴费"),
        ("老父亲瘫痪能申请低保吗,条件是什么", "申请最低生活保障"),
        ("我娘八十岁了有高龄补贴没有", "高龄津贴"),
        ("想开个店,办执照要什么", "个体营业执照"),
    ],
)
def test_a_question_finds_its_answer(shipped: Loaded, question: str, title: str) -> None:
    assert resources.answers(shipped).find(question)[0].answer.title == title


def test_what_nobody_answered_finds_nothing(shipped: Loaded) -> None:
    assert resources.answers(shipped).find("路灯坏了") == []


def test_every_shipped_answer_fits_its_texts(shipped: Loaded) -> None:
    assert len(resources.answers(shipped).all) >= 12
    assert answers_desk.too_long(shipped) == []


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([(1, "甲", ["词"]), (1, "乙", ["词"])], "用了两次"),
        ([(1, " ", ["词"])], "第 1 条"),
        ([(2, "甲", ["，"])], "第 2 条"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(rows: list[tuple[int, str, list[str]]], wrong: str) -> None:
    table = {"answer": [{"no": n, "topic": "x", "title": "x", "words": w, "reply": r} for n, r, w in rows]}
    with pytest.raises(ValueError, match=wrong):
        Answers.from_toml(table)


@pytest.mark.parametrize(
    ("word", "letters"),
    [
        ("交警大队", "jjdd"),
        ("县教育局", "xjyj"),
        ("元固乡小田庄村", "ygxxtzc"),
        ("A3号楼", "a3hl"),
        ("😀", ""),
        ("堃", ""),
    ],
)
def test_a_word_is_typed_by_the_letters_of_its_sounds(word: str, letters: str) -> None:
    assert initials(word) == letters


def test_what_is_typed_may_be_characters_letters_or_nothing() -> None:
    assert matches("教育", "县教育局")
    assert matches("JY", "县教育局")
    assert matches("", "县教育局")
    assert not matches("jtj", "县教育局")
