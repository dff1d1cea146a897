"""What in somebody's words tells who they are, masked: numbers of all kinds, accounts, homes, names.

`numbers` is for logs and for every text that leaves the office; `unnamed` also hides names, for whoever must not learn
who wrote (units, evaluators, readers of a digest). Places, matters and officials stay: a complaint must still say what
is wrong and with whom. How well it does is measured by tests/roster/said.py; docs/privacy.md has the figures.
"""

import re
from collections.abc import Collection, Iterator

from roster.naming import ENDS, NAME, SHORTEST, SURNAME, SURNAMES, is_name

HIDDEN_NUMBER, HIDDEN_NAME, HIDDEN_HOME = "(号码略)", "某某", "(门牌略)"

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
_LANDLINE = re.compile(r"(?<![0-9])0[0-9]{2,3}[-— ]?[2-9][0-9]{6,7}(?![0-9])")
_CARD = re.compile(r"(?<![0-9])[1-9](?:[ \-]?[0-9]){15,18}(?![0-9])")
_OF_CARD = re.compile(
    r"((?:卡号|账号|帐号|账户)[:：是为\s]{0,3})[0-9](?:[ \-]?[0-9]){7,20}"
    r"|(卡里?[:：是为\s]{0,3})[0-9](?:[ \-]?[0-9]){14,20}"
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
    r"((?:家住|[我俺](?:们家|家)?住|住在|现住|家在|[我俺]家[是在]|住址|地址)[:：是在]?[^,，。;；!！?？\s0-9]{0,24})"
    rf"(?:{_DOOR}(?:号楼|号院|栋|幢|座|排|巷)[-—]?)?(?:{_DOOR}(?:号|室|户)|[0-9]{{1,3}}(?:-[0-9]{{1,4}}){{1,2}})"
    r"(?![0-9线路楼院])"
)

# --------------------------------------------------------------------------------------------------------------- names

_OFFICIAL = (
    "书记|支书|县长|局长|镇长|乡长|主任|村长|所长|院长|校长|站长|队长|科长|股长|处长|部长|会计|民警|警官|法官|检察官|主席|干事|"
    "镇干部|村干部|乡干部"
)
_KIN = (
    "父亲|母亲|爸爸?|爹|妈妈?|娘|丈夫|老公|妻子|老婆|媳妇|爱人|老伴|儿子|女儿|闺女|孙子|孙女|哥哥?|弟弟?|姐姐?|妹妹?|爷爷|奶奶|"
    "公公|婆婆|岳父|岳母|叔叔?|婶婶?|侄子|邻居|孩子|小孩"
)
_SAID = re.compile(
    rf"((?:我|本人|俺)(?:的名字)?(?:名|名字)?(?:叫做?|姓名[是为]?)|名叫|"
    rf"(?:姓名|联系人|反映人|举报人|投诉人|来信人|申请人|求助人|当事人|户主|署名|落款)\s*[:：是为]?\s*)({NAME})"
)
_FROM = r"(?:[^\s,，。.;；!！?？]{0,14}?(?:[的村乡镇县庄屯街组局校厂队院所民师员表长]|社区|小区))?"
_AM = re.compile(rf"((?:[我俺]是|我系|本人是?)\s?{_FROM}|[我俺])({NAME})(?:{ENDS}|(?=的(?:{_KIN})))")
_TITLED = re.compile(
    rf"((?:村民|居民|信息员|农民|业主|家长|教师|老师|党员|代表|委员|患者|病人|学生|职工)\s?)({NAME}){ENDS}"
)
_WHOSE = rf"((?:(?:[我俺]|[我俺]家|[我俺]们?的|本人|^)(?:{_KIN})"
_OF_KIN = re.compile(rf"{_WHOSE})(?:叫|名叫|姓名))({NAME})")
_KIN_DOES = re.compile(
    rf"{_WHOSE})是?)({SHORTEST})"
    rf"(?:{ENDS}|(?=住院|去世|生病|看病|瘫痪|残疾|今年|现年|报销|智力|也知道|被|在|因|患|得了|去|从|有|没|一直|的))"
)
_CALLED = re.compile(
    rf"((?:^|[\s,，。.;；:：!！?？是叫我俺找给向])(?:[我俺]?姓)?)({SURNAME})(?=女士|先生|大爷|大娘|大妈|大叔|大婶|师傅)"
)
_SURNAMED = re.compile(rf"([我俺]姓|免贵姓|本人姓)({SURNAME})")
_DATE = r"(?:[0-9]{4}[年.\-/])?[0-9]{1,2}[月.\-/][0-9]{1,2}日?"
_TAIL = rf"(?:\s*{_DATE}|\s*(?:电话|手机|联系电话|tel)?[:：]?\s*\(号码略\))?\s*[。.]?\s*$"
_SIGNED = re.compile(
    rf"((?:^|[。.!！?？;；…~\n—]|\s|[—\-–]{{2}}|此致敬礼|敬礼|谢谢[,，]?)\s*[—\-–]*\s*)({SHORTEST})"
    rf"((?:\s*[(（]?(?:敬上|谨上|拜上|叩上|呈上|敬启|谨启|敬礼|叩谢|泣书|亲笔|留言|留|字|上)[)）]?)?{_TAIL})"
)
_BY_NUMBER = re.compile(
    rf"((?:^|[\s,，。.;；:：!！?？、(（]|找|联系|联系我|打给|问)\s*)({NAME})"
    r"(?=\s*[,，(（]?\s*(?:的?(?:联系)?电话|手机号?|号码|tel)?\s*(?:是|为|[:：])?\s*\(号码略\))"
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
    words = _OF_CARD.sub(lambda found: f"{found[1] or found[2]}{HIDDEN_NUMBER}", words)
    words = _CARD.sub(lambda found: HIDDEN_NUMBER if _is_card(found[0]) else found[0], words)
    for pattern in (_MASKED, _ANY_IDENTITY, _OLD_IDENTITY, _ANY_PHONE, _LANDLINE):
        words = pattern.sub(HIDDEN_NUMBER, words)
    words = _OWN_PLATE.sub(rf"\1{HIDDEN_NUMBER}", words)
    words = _HOME.sub(rf"\1{HIDDEN_HOME}", _ROOM.sub(HIDDEN_HOME, words))
    words = without(words, names)
    for name in sorted(others, key=len, reverse=True):
        words = _citizen(name).sub(HIDDEN_NAME, words)
    for pattern in (_SAID, _AM, _TITLED, _OF_KIN, _KIN_DOES, _BY_NUMBER, _SIGNED):
        words = pattern.sub(_hidden, words)
    return _CALLED.sub(r"\1某", _SURNAMED.sub(r"\1某", words))


def candidates(words: str) -> Iterator[str]:
    """What in words may be the name of somebody: two, three and four characters that begin with a surname."""
    for at, character in enumerate(words):
        if character in SURNAMES:
            for length in (2, 3, 4):
                name = words[at : at + length]
                if len(name) == length and is_name(name):
                    yield name


def _citizen(name: str) -> re.Pattern[str]:
    """A name where no official is called so. One of two characters must stand by itself: it may be half of a word."""
    apart = (
        rf"(?:(?<![一-鿿])|(?<=[是叫找和与跟对给向被把由让的]))(?:{re.escape(name)})(?=[^一-鿿]|[家的说和与叫住在是]|$)"
    )
    whole = apart if len(name) < 3 else re.escape(name)
    before = "".join(f"(?<!{title})" for title in _OFFICIAL.split("|"))
    return re.compile(rf"{before}{whole}(?!(?:副)?(?:{_OFFICIAL}))")


def _hidden(found: re.Match[str]) -> str:
    """What stands before the name and behind it, without the name; what is a word and no name stays."""
    before, name, *behind = found.groups()
    return found[0] if not is_name(name) else f"{before}{HIDDEN_NAME}{''.join(filter(None, behind))}"


def _is_card(written: str) -> bool:
    """True for the number of a bank card (16 to 19 digits, Luhn)."""
    digits = [int(one) for one in written if one.isdecimal()]
    doubled = [digit if at % 2 == 0 else sum(divmod(2 * digit, 10)) for at, digit in enumerate(reversed(digits))]
    return 16 <= len(digits) <= 19 and sum(doubled) % 10 == 0
