"""What in somebody's words tells who they are, masked: numbers of all kinds, accounts, names they give of themselves.

`numbers` is for logs and for every text that leaves the office; `unnamed` also hides names, for whoever must not learn
who wrote (units, evaluators, readers of a digest). It hides too much rather than too little, but no place.
"""

import re
from collections.abc import Iterable

_PHONE = re.compile(r"(?<!\d)((?:\+?86)?1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<![\dA-Za-z])\d{14}(\d{3}[\dXx])(?![\dA-Za-z])")

_GAP = r"[\s\-—–.·,，、]{0,2}"
_SPACED_PHONE = re.compile(rf"(?<!\d)(?:\+?86{_GAP})?1[3-9](?:{_GAP}\d){{9}}(?!\d)")
_SPACED_IDENTITY = re.compile(rf"(?<!\d)[1-9](?:{_GAP}\d){{16}}{_GAP}[\dXx](?![\dA-Za-z])")
_OLD_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{5}[2-9]\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])\d{3}(?!\d)")  # fifteen digits
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[-— ]?[2-9]\d{6,7}(?!\d)")
_SPOKEN = re.compile(r"[一幺][三四五六七八九](?:[-\s、]?[零〇一二三四五六七八九幺两]){9}")  # 一三八零零零...
_ACCOUNT = re.compile(r"((?:微信|微信号|QQ|Q Q|扣扣|邮箱|VX|vx|wx)(?:号码?)?\s*[:：是为]?\s*)[A-Za-z0-9_@.\-]{5,40}")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_WIDE = str.maketrans("０１２３４５６７８９－＋", "0123456789-+")
HIDDEN_NUMBER, HIDDEN_NAME = "(号码略)", "某某"

# The surnames that nearly everybody has, without those that are mostly words of a matter (路, 车, 水, 房).
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申"
    "尤毕聂焦向柳邢岳齐梅莫庄辛管祝左涂谷祁耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游裴席卫查屈鲍覃霍翁隋甘景闫褚华薄单"
)
_COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒"
_NO_NAME = "的了是在有与及或也都就被村乡镇县庄屯街路局所站院校厂店社区组队员民户们师这那位营寨堡沟坡铺湾庙线"
_NAME = rf"(?:{_COMPOUND}|[{_SURNAMES}])[^\W\d_A-Za-z{_NO_NAME}]{{1,2}}"
_ENDS = r"(?=[\s,，。.;；:：!！?？、()（）“”\"'…]|$)"
_SAID = re.compile(
    rf"((?:我|本人|俺)(?:的名字)?(?:名|名字)?(?:叫做?|姓名[是为]?)|名叫|(?:姓名|联系人|反映人|举报人|投诉人|来信人|署名|落款)\s*[:：是为]?\s*)({_NAME})"
)
_FROM = r"(?:[^\s,，。.;；!！?？]{0,14}?(?:[的村乡镇县庄屯街组局校厂队院所民师员表长]|社区|小区))?"
_AM = re.compile(rf"((?:[我俺]是|我系|本人是?)\s?{_FROM}|[我俺])({_NAME}){_ENDS}")
_TITLED = re.compile(rf"((?:村民|居民|信息员|农民|业主|家长|教师|老师|党员|代表|委员)\s?)({_NAME}){_ENDS}")


def numbers(words: str) -> str:
    """Phones and identity numbers in words, masked."""
    return _PHONE.sub(r"\1****\2", _IDENTITY.sub(r"**************\1", words))


def unnamed(words: str, names: Iterable[str] = ()) -> str:
    """The words without what would tell who wrote them; `names` are those of people known to have."""
    words = numbers(words.translate(_WIDE))
    words = _MAIL.sub(HIDDEN_NUMBER, _ACCOUNT.sub(rf"\1{HIDDEN_NUMBER}", words))
    for pattern in (_SPACED_IDENTITY, _OLD_IDENTITY, _SPACED_PHONE, _LANDLINE, _SPOKEN):
        words = pattern.sub(HIDDEN_NUMBER, words)
    for name in sorted(filter(_tells, names), key=len, reverse=True):
        words = words.replace(name, HIDDEN_NAME)
    for pattern in (_SAID, _AM, _TITLED):
        words = pattern.sub(rf"\1{HIDDEN_NAME}", words)
    return words


def _tells(name: str) -> bool:
    """A name of one character would hide half of every text."""
    return len(name.strip()) > 1
