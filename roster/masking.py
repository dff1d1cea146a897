"""What in somebody's words tells who they are, masked: numbers of all kinds, accounts, homes, names.

`numbers` is for logs and for every text that leaves the office; `unnamed` also hides names, for whoever must not learn
who wrote (units, evaluators, readers of a digest). Places, matters and officials stay: a complaint must still say what
is wrong and with whom. How well it does is measured by tests/roster/said.py; docs/privacy.md has the figures.
"""

import re
from collections.abc import Collection, Iterator

from roster.introductions import HIDDEN_NAME, HIDDEN_NUMBER, OFFICIAL, no_official, nobody
from roster.naming import HAN, RARE, SURNAMES, WORDS

HIDDEN_HOME = "(门牌略)"

# ------------------------------------------------------------------------------------------------------------- numbers

_PHONE = re.compile(r"(?<!\d)((?:\+?86)?1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<![\dA-Za-z])\d{14}(\d{3}[\dXx])(?![\dA-Za-z])")

_GAP = r"[\s\-—–.·,，、]{0,2}"
_DIGIT = "[0-9零〇一二三四五六七八九幺两]"
_MASKED = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d\*{4}\d{4}(?!\d)|\*{14}\d{3}[\dXx]")
_ANY_PHONE = re.compile(
    rf"(?<![0-9])(?:\+?86{_GAP})?[1一幺]{_GAP}[3-9三四五六七八九](?:{_GAP}{_DIGIT}){{9}}(?![0-9零〇一二三四五六七八九])"
)
_ANY_IDENTITY = re.compile(rf"(?<![0-9])[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9Xx](?![0-9A-Za-z])")
_OLD_IDENTITY = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}[2-9][0-9](?:0[0-9]|1[0-2])(?:[0-2][0-9]|3[01])[0-9]{3}(?![0-9])"  # fifteen digits
)
_LANDLINE = re.compile(r"(?<![0-9])[(（]?0[0-9]{2,3}[)）]?[-— ]?[2-9][0-9]{6,7}(?![0-9])")
_CARD = re.compile(r"(?<![0-9])[1-9](?:[ \-]?[0-9]){15,18}(?![0-9])")
_OF_CARD = re.compile(
    r"((?:卡号|账号|帐号|账户)[:：是为\s]{0,3})[0-9](?:[ \-]?[0-9]){7,20}"
    r"|(卡(?:里|通)?(?:号码?)?[:：是为\s]{0,3})[0-9](?:[ \-]?[0-9]){14,20}"
)
_LOCAL = re.compile(
    r"((?:电话|座机|固话|小灵通|手机号?|来电|回电|致电|tel)(?:号码)?[:：是为\s]{0,3})"
    r"[2-9][0-9]{2,3}[- ]?[0-9]{4}(?![0-9])",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"((?:护照|通行证|军官证|士兵证|残疾证|残疾人证|社保卡|医保卡|医保|驾驶证|驾照|户口本|学籍|证件)(?:号码?|编号)?[:：是为\s]{0,3})"
    r"[A-Z0-9][A-Z0-9-]{6,24}(?![A-Z0-9])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"((?:微信|微信号|weixin|wechat|v信|vx|wx|qq|q q|扣扣|抖音|快手|支付宝|邮箱|e-?mail|加v|加q)"
    r"(?:号码?)?\s*[:：是为]?\s*)[a-z0-9_@.\-]{5,40}",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_WIDE = str.maketrans("０１２３４５６７８９－＋", "0123456789-+")
_PLATE = re.compile(
    r"[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]"
    r"[A-HJ-NP-Za-hj-np-z][·・. ]?[A-Za-z0-9]{5,6}(?![A-Za-z0-9])"
)
_OWN_PLATE = re.compile(
    rf"([我俺](?:们)?(?:家)?的?[^,，。;；!！?？]{{0,6}}车[^,，。;；!！?？]{{0,6}}?)({_PLATE.pattern})"
)

# --------------------------------------------------------------------------------------------------------------- homes

_DOOR = r"[0-9一二三四五六七八九十]{1,4}"
_ROOM = re.compile(rf"(?:{_DOOR}(?:号楼|栋|幢|座|号院)[-—]?)?{_DOOR}单元[-—]?[0-9]{{2,4}}(?:室|户|号)?")
_HOME = re.compile(
    r"((?:家住|[我俺](?:们家|家)?住|住在|现住|家在|[我俺]家[是在]|住址|地址|门牌号?|(?:^|(?<=[\s,，。;；]))住)[:：是在]?[^,，。;；!！?？\s0-9]{0,24}(?:[0-9]{1,2}[组队社])?)"
    rf"(?:{_DOOR}(?:号楼|号院|栋|幢|座|排|巷)[-—]?)?(?:{_DOOR}(?:号|室|户)|[0-9]{{1,3}}(?:-[0-9]{{1,4}}){{1,2}})"
    r"(?![0-9线路楼院])"
)


def numbers(words: str) -> str:
    """Phones and identity numbers in words, masked."""
    return _PHONE.sub(r"\1****\2", _IDENTITY.sub(r"**************\1", words))


def without(words: str, names: Collection[str]) -> str:
    """The words without these names, wherever they stand. One of one character would hide half of every text."""
    for name in sorted((name for name in names if len(name.strip()) > 1), key=len, reverse=True):
        words = words.replace(name, HIDDEN_NAME)
    return words


def plates(words: str) -> str:
    """The words without the plates of cars: for papers whose readers have nothing to do with the car."""
    return _PLATE.sub(HIDDEN_NUMBER, words)


def unnamed(words: str, names: Collection[str] = (), others: Collection[str] = ()) -> str:
    """The words without what would tell who wrote them.

    `names` are those of people known to have, hidden wherever they stand; `others` those of citizens who are known to
    the office, hidden unless an official is called so.
    """
    words = words.translate(_WIDE)
    words = _MAIL.sub(HIDDEN_NUMBER, _ACCOUNT.sub(rf"\1{HIDDEN_NUMBER}", words))
    words = _LOCAL.sub(rf"\1{HIDDEN_NUMBER}", _DOCUMENT.sub(rf"\1{HIDDEN_NUMBER}", words))
    words = _OF_CARD.sub(lambda found: f"{found[1] or found[2]}{HIDDEN_NUMBER}", words)
    words = _CARD.sub(lambda found: HIDDEN_NUMBER if _is_card(found[0]) else found[0], words)
    for pattern in (_MASKED, _ANY_IDENTITY, _OLD_IDENTITY, _ANY_PHONE, _LANDLINE):
        words = pattern.sub(HIDDEN_NUMBER, words)
    words = _OWN_PLATE.sub(rf"\1{HIDDEN_NUMBER}", words)
    words = _HOME.sub(rf"\1{HIDDEN_HOME}", _ROOM.sub(HIDDEN_HOME, words))
    words = without(words, names)
    for name in sorted(others, key=len, reverse=True):
        words = _citizen(name).sub(HIDDEN_NAME, words)
    return nobody(words)


def public(words: str, names: Collection[str] = (), others: Collection[str] = ()) -> str:
    """The words without anybody in them, officials and plates either: for everybody to read."""
    words = without(unnamed(words, names, others), [name for name in others if len(name) > 2])
    return plates(no_official(words))


def candidates(words: str) -> Iterator[str]:
    """What in words may be the name of somebody on the roster: it is looked up, so too much does no harm."""
    for at, character in enumerate(words):
        if character in SURNAMES or character in RARE:
            for length in (2, 3, 4):
                name = words[at : at + length]
                if len(name) == length and name.isalnum() and name not in WORDS:
                    yield name
    for dotted in re.finditer(rf"({HAN}{{1,8}})([·•・‧])({HAN}{{1,8}})", words):
        before, dot, behind = dotted.groups()
        yield from (before[-n:] + dot + behind[:m] for n in range(1, 9) for m in range(1, 9))


def _citizen(name: str) -> re.Pattern[str]:
    """A name where no official is called so. One of two characters must stand by itself: it may be half of a word."""
    apart = (
        rf"(?:(?<![一-鿿])|(?<=[是叫找和与跟对给向被把由让的]))(?:{re.escape(name)})(?=[^一-鿿]|[家的说和与叫住在是]|$)"
    )
    whole = apart if len(name) < 3 else re.escape(name)
    before = "".join(f"(?<!{title})" for title in OFFICIAL.split("|"))
    return re.compile(rf"{before}{whole}(?!(?:副)?(?:{OFFICIAL}))")


def _is_card(written: str) -> bool:
    """True for the number of a bank card (16 to 19 digits, Luhn)."""
    digits = [int(one) for one in written if one.isdecimal()]
    doubled = [digit if at % 2 == 0 else sum(divmod(2 * digit, 10)) for at, digit in enumerate(reversed(digits))]
    return 16 <= len(digits) <= 19 and sum(doubled) % 10 == 0
