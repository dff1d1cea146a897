"""C06: whatever coding a phone or a carrier chose, and whatever label it bears, the words are read.

The corpus is drawn by seed from what citizens of a county write about; the share read right is measured, not assumed.
"""

from random import Random

import pytest

from carriers.text import decode

TEXTS, LONG_ENOUGH = 240, 12
GOAL = 0.99
SUBJECTS = [
    "俺们村东头的变压器",
    "东赵村小学食堂",
    "镇卫生院的疫苗接种",
    "新农合报销单据",
    "高速口南边的红绿灯",
    "孙家庄的灌溉机井",
    "养老金认证",
    "危房改造补助",
    "秸秆禁烧巡查",
    "幼儿园门口的减速带",
    "县城到曲周的公交车",
    "小区二楼的暖气",
    "宅基地确权证",
    "低保户评议",
    "残疾人护理补贴",
    "退伍军人优待证",
    "垃圾清运车",
    "化肥厂排的污水",
    "网线入户",
    "快递代收点",
]
HAPPENINGS = [
    "坏了好几天没人管",
    "说好的上月发放至今没到账",
    "半夜噪音太大影响老人休息",
    "收费标准跟公示的不一样",
    "三番五次打电话都推诿扯皮",
    "材料交了两遍还让重新复印",
    "臭味熏得人睁不开眼",
    "下雨就积水没过膝盖",
    "排队排到下午还没轮上",
    "到底归哪个部门管呢",
]
WISHES = [
    "请领导过问一下。",
    "盼复!",
    "联系人老李,电话见来电。",
    "希望能给个准信儿,谢谢。",
    "啥时候能解决?",
    "麻烦尽快处理,孩子要上学。",
    "(附近住户共17家)",
    "OK的话回个短信",
    "2026年11月24日",
    "给您添麻烦了🙏",
]
LABELS = (8, 15, 0, 0xF5)  # UCS-2, GBK, the default alphabet, a message class with 8-bit data
LABELLED = [(codec, label) for codec in ("utf-16-be", "gb18030", "utf-8") for label in LABELS]
LABELLED.append(("utf-16-le", 8))  # octets the wrong way round are only known under the label of UCS-2


def corpus() -> list[str]:
    """So many different texts, a fifth of them with words that no detector was tuned for."""
    chance, found = Random(20261124), dict[str, None]()
    while len(found) < TEXTS:
        words = (
            chance.choice(SUBJECTS) + chance.choice(HAPPENINGS) + ",。!"[chance.randrange(3)] + chance.choice(WISHES)
        )
        if chance.random() < 0.2:
            rare = bytes(x for _ in range(3) for x in (chance.randrange(0xB0, 0xD7), chance.randrange(0xA1, 0xFF)))
            words = rare.decode("gb2312", "ignore") + words
        length = chance.choice([len(words), len(words), chance.randint(LONG_ENOUGH, 16)])
        found[words[:length]] = None
    return list(found)


@pytest.mark.parametrize(("codec", "label"), LABELLED)
def test_at_least_99_of_100_texts_are_read_under_every_label(codec: str, label: int) -> None:
    """Measured: all 240, and 239 of them with the octets the wrong way round. The shortest have twelve characters."""
    texts = corpus()
    assert len(texts) >= 200
    assert min(map(len, texts)) == LONG_ENOUGH
    wrong = [words for words in texts if decode(words.encode(codec), label) != words]
    assert 1 - len(wrong) / len(texts) >= GOAL, wrong[:3]


def test_a_wrong_guess_hides_nothing() -> None:
    """What another reading would give is still in the octets: the words are guessed, the octets are kept."""
    octets = "村里路灯坏了半个多月没人修".encode("utf-16-le")
    assert decode(octets, 15) != decode(octets, 8) == octets.decode("utf-16-le")
