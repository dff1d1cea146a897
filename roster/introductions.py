"""How a text says who somebody is: as itself, as a relative, a neighbour, a signature; so that the name can be hidden.

Each pattern has what stands before the name, the name, and perhaps what stands behind it. How sure a pattern is of a
name decides which shape it takes for one: behind 姓名: nearly anything, behind 村民 only what is hardly a word.
"""

import re

from roster.naming import (
    ANY_NAME,
    ANY_SURNAME,
    COMPOUND,
    ENDS,
    FOREIGN,
    GIVEN,
    HAN,
    LATIN,
    LONGEST,
    NAME,
    SHORTEST,
    SPREAD,
    SURNAME,
    is_name,
)

HIDDEN_NUMBER, HIDDEN_NAME = "(号码略)", "某某"

OFFICIAL = (
    "书记|支书|县长|局长|镇长|乡长|主任|村长|所长|院长|校长|站长|队长|科长|股长|处长|部长|会计|民警|警官|法官|检察官|主席|干事|"
    "镇干部|村干部|乡干部"
)
_KIN = (
    "父亲|母亲|爸爸?|爹|妈妈?|娘|丈夫|老公|妻子|老婆|媳妇|爱人|老伴|[大小]?儿子|[大小]?女儿|闺女|孙子|孙女|外孙女?|外甥女?|"
    "哥哥?|弟弟?|姐姐?|妹妹?|爷爷|奶奶|公公|婆婆|岳父|岳母|姥爷|姥姥|叔叔?|婶婶?|舅舅?|姑姑?|姨|嫂子?|姐夫|妹夫|女婿|儿媳|侄子|侄女|"
    "老[大二三四五六]|邻居|对象|孩子|小孩"
)
_SELF = "我|本人|俺|咱|鄙人|在下"
_ROLE = (
    r"姓\s{0,4}名|联系人|联络人|反映人|举报人|投诉人|来信人|申请人|求助人|信访人|诉求人|当事人|报警人|户主|法人|联名人|证人|证明人|"
    "受害人|被害人|死者|伤者|逝者|监护人|签名|签字|署名|落款|收款人|持卡人|开户人"
)
_TITLE = (
    "村民|居民|信息员|农民|业主|家长|教师|老师|党员|代表|委员|患者|病人|学生|职工|群众|老汉|老人|"
    "(?:贫困|脱贫|低保|五保|特困|监测|残疾)户|残疾人|邻居|隔壁|对门|同村|本村|工友|同学"
)
_ACTS = (
    "反映|举报|投诉|申请|实名|求助|要求|请求|咨询|联名|家住|现住|住在|今年|现年|家属|家人|"
    "身份证|电话|手机|联系|地址|性别|[男女][,，]"
)
_DOES = (
    r"家(?!庭|长|属|具|电|里)|和|与|跟|的|被|把|给|在|因|说|打|住|去|从|有|没|不|上|来|要|想|今年|现年|就|患|得|一直|也|又|是|系|"
    r"及|瘫|受|摔|占|天天|经常|总|反映|举报|投诉|申请|[、,，]"
)
_NO_NAMES = "匿名 保密 不详 同上 本人 未知 没有 电话 待定 不便 号码 姓名 实名 密码"
_NOBODY = frozenset(_NO_NAMES.split())
_NO_BEGINNING = frozenset("你您他她它谁车了过去回来不天家大这那苦救某请物医警社村")
_WORDY = (
    "谢高林何马于曾成方石任向左管单白万严毛金钱汤牛温苗申毕关费盛游席卫查景华薄田江史易武文安龙段雷庄季章项曲凌童戴赖黄"
)
_NO_END = "时很个太还只已才让将会能可常总经后前各每该此其之而但却若如则需须正刚再更最"

_FIRM = rf"(?:{COMPOUND}|(?![{_WORDY}]){SURNAME}){GIVEN}(?![{_NO_END}]){GIVEN}(?!副?(?:{OFFICIAL}))"
"""A surname that is seldom a word, with two characters: a name wherever somebody is spoken of."""
_CLOSED = rf"(?:{ENDS}|(?={_ACTS}))"
_OPEN = r"[\s:：,，]?[“\"【《(（]?"

_NAMED = re.compile(
    rf"((?:(?:{_SELF})(?:的?名字?|的姓名)?(?:叫做?|名叫|名|系)|(?:本人|鄙人|在下)|(?:名字|姓名|写的)(?:叫|是|为)|"
    rf"名叫|(?:大名|真名|全名|本名|学名|小名|乳名)[叫是为]?|(?:{_ROLE})(?:的?名字)?[是为叫]?)\s?{_OPEN})"
    rf"({FOREIGN}|{SPREAD}|{LATIN}|{ANY_NAME}){_CLOSED}"
)
_LABELLED = re.compile(
    rf"((?:{_ROLE})\s*[:：]\s*(?:(?:{_TITLE})\s*)?[“\"【(（]?)({FOREIGN}|{LATIN}|{SPREAD}|{HAN}{{2,4}}){_CLOSED}"
)
_NICKNAMED = re.compile(rf"([都也人家][叫喊][我俺]{_OPEN})((?:{ANY_SURNAME}|[老小阿]){HAN}{{1,3}}){ENDS}")
_CALLED_SO = re.compile(rf"((?:{_SELF})叫{_OPEN})({HAN}{{2,4}}|{HAN}(?:[.．·•・ ]{HAN}){{1,2}}){ENDS}")
_SAID = re.compile(
    rf"((?:{_SELF})(?:的名字)?(?:名|名字)?(?:叫做?|姓名[是为]?)|名叫|(?:{_ROLE})\s*[:：是为]?\s*)(?!向)({NAME})(?<!家)(?![·•・‧])"
)
_ENGLISH = re.compile(
    r"((?:my name is|name\s*[:：]|wo jiao)\s*)([a-z]{2,15}(?: [a-z]{2,15}){0,2})(?![a-z])", re.IGNORECASE
)
_FROM = r"(?:[^\s,，。.;；!！?？]{0,14}?(?:[的村乡镇县庄屯街组局校厂队院所民师员表长]|社区|小区))?"
_AM = re.compile(rf"((?:[我俺]就?是|我系|本人是?)\s?{_FROM}|[我俺])({NAME})(?:{ENDS}|(?=的(?:{_KIN})|{_ACTS}))")
_TITLED = re.compile(rf"((?:{_TITLE}|本人|鄙人)的?\s?)(?:({NAME}){ENDS}|({LONGEST}|{FOREIGN})(?={_DOES})|({_FIRM}))")
_WHOSE = rf"(?:(?:{_SELF})|[我俺]家|[我俺]们?的|^)(?:{_KIN})"
_OF_KIN = re.compile(rf"((?:{_KIN})(?:叫做?|名叫|姓名))({ANY_NAME}{ENDS}|{NAME})")
_KIN_DOES = re.compile(
    rf"({_WHOSE}是?)(?:({LONGEST})(?={_DOES})|({SHORTEST})"
    rf"(?:{ENDS}|(?=住院|去世|生病|看病|瘫痪|残疾|今年|现年|报销|智力|也知道|被|在|因|患|得了|去|从|有|没|一直|的))|({_FIRM}))"
)
_ASKED = re.compile(
    rf"((?:找|问|联系|转告|通知|告诉|打给)\s?)({LONGEST})(?:{ENDS}|(?=就[行好可]|都[行可]|也[行可]|即可|核实|了解))"
)
_SPEAKS = re.compile(rf"((?:^|[\s!！,，。;；:：好]))({_FIRM})(?=(?:反映|投诉|实名|求助|咨询|申请))")
_INHABITS = re.compile(
    rf"((?:^|[\s!！。;；:：])|[我俺][,，])({ANY_SURNAME}{GIVEN}{{2}})(?=[,，][^\s,，。]{{2,12}}(?:人|村民|居民)[,，])"
)
_ELDERS = "大爷|大娘|大妈|大叔|大婶|阿姨|奶奶"
_POLITE = re.compile(
    rf"((?:^|[\s,，。.;；的和找跟给])?)(?:({LONGEST})(?=女士|先生)|({_FIRM})(?=老人|老汉|小朋友|同学|{_ELDERS})"
    rf"|(?<=[\s,，。.;；的和找跟给])({NAME})(?=女士|先生|{_ELDERS}))"
)
_DATE = r"(?:[0-9]{4}[年.\-/])?[0-9]{1,2}[月.\-/][0-9]{1,2}日?"
_TAIL = rf"(?:\s*{_DATE}|\s*(?:电话|手机|联系电话|tel)?[:：]?\s*\(号码略\))?\s*[。.]?\s*$"
_SIGNED = re.compile(
    rf"((?:^|[。.!！?？;；…~\n—]|\s|[—\-–]{{2}}|此致敬礼|敬礼|谢谢[,，]?)\s*[—\-–]*\s*)({SHORTEST})"
    rf"(?:\s*[(（]?(?:敬上|谨上|拜上|叩上|呈上|敬启|谨启|敬礼|叩谢|泣书|亲笔|留言|留|字|上)[)）]?)?{_TAIL}"
)
_SIGNED_ANYHOW = re.compile(
    rf"((?:[—\-–]{{2}}|敬礼[!！。]?)\s*|[,，]\s*(?={_FIRM}{_TAIL}))({FOREIGN}|{LATIN}|{ANY_NAME}){_TAIL}"
)
_BRACKETED = re.compile(rf"([(（【\[〔])({LONGEST}|{FOREIGN})[)）】\]〕]\s*[。.]?\s*$")
_BY_NUMBER = re.compile(
    rf"((?:^|[\s,，。.;；:：!！?？、(（]|找|联系|联系我|打给|问)\s*)({NAME})"
    r"(?=\s*[,，(（]?\s*(?:的?(?:联系)?电话|手机号?|号码|tel)?\s*(?:是|为|[:：])?\s*\(号码略\))"
)
_TWICE = re.compile(rf"((?:[我俺]|本人|免贵)姓({COMPOUND}|{HAN})[,，]?\s?(?:名叫|叫)做?)((?:\2){HAN}{{1,2}}){ENDS}")
_SPELT = re.compile(rf"(姓(?:{COMPOUND}|{HAN})[,，]?\s?(?:名字?|单名)[叫是为]?)({HAN}{{1,2}}){ENDS}")
_BESIDE = re.compile(
    rf"({HIDDEN_NAME}[、和与及跟\s])(?:({_FIRM})|({LONGEST})(?={_DOES})|({ANY_SURNAME}{GIVEN}{{2}}){ENDS})"
)
_HOUSE = re.compile(rf"((?:^|[\s,，。.;；:：!！]))({_FIRM})(?=家)")
_PERSONS = (
    *(
        _NAMED,
        _LABELLED,
        _CALLED_SO,
        _NICKNAMED,
        _SAID,
        _ENGLISH,
        _AM,
        _TITLED,
        _OF_KIN,
        _KIN_DOES,
        _ASKED,
        _SPEAKS,
        _INHABITS,
    ),
    *(_POLITE, _BY_NUMBER, _BRACKETED, _SIGNED_ANYHOW, _SIGNED, _TWICE, _SPELT, _BESIDE, _BESIDE, _HOUSE),
)

_LISTED = re.compile(
    rf"(?:{ANY_SURNAME}{GIVEN}{{2}}[、\s])+{ANY_SURNAME}{GIVEN}{{2}}"
    rf"(?=等?[两二三四五六七八九十百0-9]+(?:人|名|户|位)(?!{OFFICIAL}|领导|干部)|联名|共同|一起|一同|反映|举报|投诉|签名)"
)
_SURNAME_CALLED = re.compile(
    rf"((?:^|[\s,，。.;；:：!！?？是叫我俺找给向])(?:[我俺]?姓)?)({SURNAME})(?=女士|先生|大爷|大娘|大妈|大叔|大婶|师傅)"
)
_SURNAME_TOLD = re.compile(rf"([我俺]姓|免贵姓|本人姓)({COMPOUND}|{SURNAME}|{ANY_SURNAME}(?=[,，名叫]))")
_OLD = re.compile(rf"(老(?={SURNAME}家(?![庄村屯沟湾坪岭寨店]))|(?=(?![{_WORDY}]){SURNAME}(?:{_ELDERS})))({SURNAME})")
_SURNAMES = (_SURNAME_CALLED, _SURNAME_TOLD, _OLD)

_TRADE = "老板|包工头|工头|经理|医生|大夫|护士|老师|班主任|教练|司机|中介|房东|组长|保安|城管|律师|董事长"
_POSTED = re.compile(
    rf"((?:{OFFICIAL}|{_TRADE}|外号|绰号|叫做?|名为)[叫是为]?)(?:({_FIRM}|{LONGEST}|{FOREIGN})|({NAME}){ENDS})"
)
_HOLDER = re.compile(rf"()({LONGEST}|(?![{_WORDY}]){SURNAME}{GIVEN}?)(?=副?(?:{OFFICIAL}|{_TRADE}))")


def nobody(words: str) -> str:
    """The words without the names by which somebody is introduced. Officials keep theirs."""
    words = _LISTED.sub(lambda found: re.sub(rf"{HAN}+", HIDDEN_NAME, found[0]), words)
    for pattern in _PERSONS:
        words = pattern.sub(_hidden, words)
    for pattern in _SURNAMES:
        words = pattern.sub(r"\1某", words)
    return words


def no_official(words: str) -> str:
    """The words without the names of those who hold an office or follow a trade, either."""
    return _HOLDER.sub(_hidden, _POSTED.sub(_hidden, words))


def _hidden(found: re.Match[str]) -> str:
    """What was found, without the name in it; what is a word and no name stays."""
    at = found.lastindex or 0
    if not _is_somebody(found[at]):
        return found[0]
    begins, ends = (place - found.start() for place in found.span(at))
    return f"{found[0][:begins]}{HIDDEN_NAME}{found[0][ends:]}"


def _is_somebody(said: str) -> bool:
    return said[0] not in _NO_BEGINNING and said not in _NOBODY and is_name(said)
