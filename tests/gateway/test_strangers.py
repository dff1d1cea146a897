"""Texts that read as if somebody else wrote them."""

import tomllib
from pathlib import Path

import pytest

from gateway.strangers import Strangers

SHIPPED = Path(__file__).parent.parent.parent / "config" / "numbers.toml"


@pytest.fixture(scope="module")
def strangers() -> Strangers:
    return Strangers.from_toml(tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["strangers"])


@pytest.mark.parametrize(
    "words",
    [
        "你们是谁?",
        "你 们 是 谁",
        "发错了,我不认识什么信息员",
        "您好,您是哪位",
        "这个号我新办的卡,别发了",
        "我不是钱远桥",
        "我不叫钱远桥,请别再给我发了",
        "不认识钱远桥",
        "没有钱远桥这个人",
        "我不是本人,他换号了",
    ],
)
def test_a_stranger_is_known_by_what_they_say(strangers: Strangers, words: str) -> None:
    assert strangers.may_write(words)
    assert strangers.writes(words, "钱远桥")


@pytest.mark.parametrize(
    "words",
    [
        "村里路灯坏了半个月",
        "我不是第一次反映这个问题了",
        "我不认识村会计,他也没有来过",
        "这不是钱的事",
        "好的",
        "1",
        "",
        "。。。",
        "我不是孙林",  # another name: they speak of somebody
        "请问你们是谁负责修路?"
        + "我们村东头的路从去年秋天坏到现在,下雨天孩子上学过不去,老人也摔过两回,反映过三次没有下文",
    ],
)
def test_an_informants_own_matter_is_none(strangers: Strangers, words: str) -> None:
    assert not strangers.writes(words, "钱远桥")


def test_what_may_be_written_covers_whatever_is(strangers: Strangers) -> None:
    for words in ("我不是孙林", "你们是谁", "没有孙林"):
        assert strangers.may_write(words)
    assert not strangers.may_write("路灯坏了")


@pytest.mark.parametrize("change", [{"phrases": []}, {"phrases": ["谁", "。"]}, {"longest": 0}, {"longest": "40"}])
def test_a_wordlist_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="strangers"):
        Strangers.from_toml({"phrases": ["谁"], "denials": ["我不是"], "longest": 40} | change)
