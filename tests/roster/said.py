"""Invented sentences in which it is marked what must not be read: `{王小明}` is to be hidden, all the rest is to stay.

`MORE` was written after the first rules and measured before any followed it; so was half of tests/roster/named.py.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

SURNAMES = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹严魏姜"
SYLLABLES = "青禾远桥明溪宁秀春林海燕志国军玉兰晓峰雪立雨永康涵诺"
PLACES = ("东赵村", "西街村", "毛演堡乡", "屯庄营村", "城关镇北街", "成寨村三组", "光明小区", "河沿村")
MATTERS = (
    "村里路灯坏了半个月没人修",
    "自来水停了三天,一滴水也没有",
    "小学门口每天堵车,孩子很不安全",
    "合作医疗报销手续跑了几趟都没办成",
    "化肥厂夜里排废水,味道刺鼻",
    "低保名单里有村干部的亲戚",
    "高压线离房顶太近,很危险",
    "修路占了我家两亩地,补偿款一直没给",
    "公交车每天只有两趟,老人看病不方便",
    "垃圾堆在马路边,夏天苍蝇多",
)
OFFICIALS = ("村支书{}", "县教育局局长{}", "镇长{}", "信用社主任{}", "{}书记", "{}镇长", "派出所民警{}")

TELLING = (
    "我是{place}的{name},{matter}",
    "我是{place}村民{name}。{matter}。",
    "我叫{name},{matter}",
    "本人{name},家住{place},{matter}",
    "{matter}。{name}",
    "{matter}。——{name}",
    "{matter}!{name}敬上",
    "{matter},请领导解决。{name} {number}",
    "{matter}。联系人:{name},电话{number}",
    "{matter},请打{number}",
    "{matter},打我电话{spaced}",
    "{matter},我的身份证号{identity}",
    "{matter},退款请打到卡号{card}",
    "{matter},加我微信{account}",
    "{matter},QQ号是{qq}",
    "{matter},发邮件到{mail}",
    "我家住{place}{door},{matter}",
    "我爸{name}住院,{matter}",
    "我邻居{name}也知道,{matter}",
    "举报人:{name}。{matter}",
    "我姓{surname},{matter}",
    "{matter}。落款:{name},2026年11月3日",
    "反映人{name}({number}):{matter}",
)
PLAIN = (
    "{matter}",
    "{place}{matter}",
    "{matter}。谢谢",
    "反映一个问题:{matter}。请尽快处理",
    "{place}的{matter},多次反映没有人管",
)
ACCUSING = (
    "{matter},{official}说不管",
    "举报{official}收钱不办事",
    "找过{official},说等通知。{matter}",
    "{matter},请{official}过问一下",
)


def name_of(rnd: Random) -> str:
    """An invented name of two or three characters."""
    return rnd.choice(SURNAMES) + "".join(rnd.sample(SYLLABLES, rnd.choice((1, 2, 2, 2))))


def identity(rnd: Random) -> str:
    """Eighteen digits with their check digit; the area is nobody's."""
    digits = f"999428{rnd.randint(1950, 2000)}{rnd.randint(1, 12):02}{rnd.randint(1, 28):02}{rnd.randint(0, 999):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(one) * weight for one, weight in zip(digits, weights, strict=True)) % 11]


def card(rnd: Random) -> str:
    """Nineteen digits that pass Luhn."""
    digits = "622000" + "".join(str(rnd.randint(0, 9)) for _ in range(12))
    total = sum(sum(divmod(2 * int(one), 10)) if at % 2 == 0 else int(one) for at, one in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def generated(count: int = 300, seed: int = 2014) -> list[str]:
    """As many sentences, three in five of which tell who writes; the others are plain, or accuse somebody."""
    rnd = Random(seed)
    found = []
    for at in range(count):
        pattern = rnd.choice(TELLING if at % 5 < 3 else PLAIN if at % 5 == 3 else ACCUSING)
        serial = f"{rnd.randint(0, 9999):04}"
        given = {
            "name": "{" + name_of(rnd) + "}",
            "surname": "{" + rnd.choice(SURNAMES) + "}",
            "number": "{1380000" + serial + "}",
            "spaced": "{138 0000 " + serial + "}",
            "identity": "{" + identity(rnd) + "}",
            "card": "{" + card(rnd) + "}",
            "account": "{xinxi" + serial + "}",
            "qq": "{100" + serial + "}",
            "mail": "{a" + serial + "@example.com}",
            "door": "{" + f"{rnd.randint(1, 300)}号" + "}",
            "official": rnd.choice(OFFICIALS).format(name_of(rnd)),
        }
        found.append(pattern.format(matter=rnd.choice(MATTERS), place=rnd.choice(PLACES), **given))
    return found


HARD = (
    # names by introduction, relation, signature
    "我是{李桂兰},老伴瘫痪在床三年了,低保没批",
    "俺是{赵大春},俺村的井干了",
    "我叫{欧阳青},在城关镇开饭馆,油烟管道被封",
    "本人{何远},系河沿村村民,反映宅基地",
    "我是东街的{孙玉}的儿子,父亲的养老金停了",
    "我儿子{周宁}在二中上学,校服费太贵",
    "我爹叫{冯国林},今年八十,高龄补贴没有发",
    "我妈{陈秀兰}去世后,丧葬费一直没领到",
    "我老公{吴志军}在工地受伤,老板不赔",
    "请领导重视。此致敬礼 {钱海燕}",
    "此致敬礼!{钱海燕} 2026年11月3日",
    "村里没有垃圾桶。{许青禾}上",
    "路灯坏了,盼复。{秦立新}谨上",
    "水费乱收。{吕雪}({13800000012})",
    "下水道堵了!!{韩雨}",
    "联系人:{蒋永康} 电话{0310-8561234}",
    "联系{魏志}{13800000044}都行,路面塌陷",
    "请联系我邻居{沈春林},{13800000045},他看见的",
    "有事找{朱晓峰},手机号是{13800000046}",
    "姓名{曹明},{999428197003051239},城关镇,要求落户",
    "户主{严青}家的水表坏了",
    "患者{杨秀},新农合报销被拒",
    "我姓{郑},开小卖部的,城管没收了秤",
    "免贵姓{姜},想问一下医保",
    "我是{王}女士,小区电梯坏了",
    # numbers
    "打{一三八零零零零零零一七}找我",
    "电话{138-0000-0021}晚上打",
    "电话{１３８００００００２２}",
    "手机{138 00 00 00 23}",
    "我手机{+86 13800000024}",
    "号码{一三八0000零零二五}",
    "微信号:{wxid_a1b2c3}",
    "VX {abc12345}联系",
    "加v:{shuini88}",
    "qq{12345678}",
    "支付宝账号{13800000026}",
    "建行卡 {6220 0012 3456 7890 128}",
    "账号{0412001300458891}被冻结",
    "老身份证{999428500101123}",
    "座机{0310 8561235}打不通",
    "我的车牌号是{冀D·A1234},停在小区被划了",
    "我家的面包车{冀D6X123}年检一直不给办",
    # homes
    "我住光明小区{3号楼2单元501室},暖气不热",
    "家住城关镇北街{118号},门口污水横流",
    "我家在和平小区{12栋3单元402},楼上漏水",
    "地址:富强路{56号},下水道堵",
    "我家住幸福院{5-2-301},没通天然气",
    "{2单元302}漏水到我家",
    # what must stay
    "人民路18号门前井盖丢了",
    "光明小区3号楼电梯坏了",
    "富强路与人民路交叉口红绿灯不亮",
    "第3小组25户停水两天",
    "2014年10月10日至11月6日一直停电",
    "补偿款12000元至今没给,合同编号20140615008",
    "订单号2026112400012345没有发货",
    "车牌冀D8K771的大货车天天超载压坏村路",
    "公交冀DT0012司机态度恶劣",
    "县长李海明同志您好,我们村的路什么时候修",
    "举报村支书张国林贪污修路款",
    "举报张国林书记私卖集体土地",
    "信用社主任孔青要求给好处费才放贷",
    "派出所民警许军处理不公",
    "王书记说过年前修好,到现在没动静",
    "教育局刘局长答应的事没有落实",
    "马路坏了,方便时请修。谢谢",
    "谢谢领导",
    "路太窄,会车时很危险。安全第一",
    "我高度近视,想办残疾证",
    "我成年后户口一直没迁",
    "我单位拖欠工资",
    "我方同意调解",
    "我家高压线太低",
    "我妈高血压,慢病卡怎么办",
    "我儿子高三,走读不安全",
    "我女儿高考报名照片不合格",
    "我爸金属过敏,手术费不报",
    "我孩子严重过敏",
    "我邻居施工噪音大",
    "我邻居装修砸了承重墙",
    "我是党员,我是人大代表,都应该带头",
    "我是王庄的,我是范家营人",
    "我是一名老师,学校食堂卫生差",
    "我们是石寨的农民,金银花卖不出去",
    "我来自江苏,在这里打工",
    "农民工工资没有着落。何时能给",
    "公厕又脏又臭。严重影响生活",
    "请管管。万分感谢",
    "要求查处。马上",
    "垃圾没人清。夏天更臭",
    "井水发黄。周边都这样",
    "一直没人管!高温天怎么过",
    "请安排检修。安全隐患大",
    "请问何时通天然气",
    "联系方式是什么,去哪里办",
    "联系人不接电话",
    "找单位盖章,单位说不归他们管",
    "找毛病扣钱,找关系才能办",
    "反映于庄的水渠",
    "联系电话公示牌上没有写",
    "12345转过三次,110也来过",
    "热线96777打不进去",
    "邮编057550,寄不到",
    "面积3000000平方米的厂房闲置",
    "建议在金桥路口安装红绿灯",
    "老师打骂学生,家长不敢说",
    "代表张庄全体村民反映吃水难",
    "村民于昨天下午堵了路",
    "业主方面没有收到通知",
    "学生高温天没有空调",
    "家长许多意见没处说",
    "患者何时能异地报销",
    "国庆节前能修好吗,盼",
)

MORE = (
    "俺叫{曹玉兰},俺村吃水难",
    "我是西街村的{许远},想问粮补什么时候发",
    "麻烦转告民政局,我是{韩秀春}",
    "{蒋志国},西街村人,要求发放粮补",
    "我丈夫{沈林}被车撞了,肇事者跑了",
    "弟弟{秦海}智力残疾,求办证",
    "我们楼的{吕燕}阿姨摔伤了",
    "我是{魏}师傅,修车的,执照办不下来",
    "申请人{姜晓},申请公租房",
    "盼回复,{朱明溪}",
    "谢谢!{孔雨涵}2026.11.20",
    "河沿村 {冯青}",
    "请回电{13800000031}。{陈桥}",
    "手机:{138.0000.0032}",
    "本人电话{幺三八零零零零零零三三}",
    "小灵通{0310-2561236}",
    "我的微信和手机同号{13800000034}",
    "扣扣{87654321}",
    "邮箱{li_si@example.com}没收到回信",
    "卡里{6220 0098 7654 3210 120}的钱没到账",
    "身份证{99942819820316453X}丢了怎么补",
    "我在光明小区{7号楼1单元102},一楼反水",
    "我家门牌{北街46号},没有通气",
    "住北街{46号},一下雨就淹",
    "我的摩托车{冀D·7C551}被扣了",
    "{杨雪峰}家的狗咬了我",
    "老{王}家的墙倒了",
    "村东头{李大爷}没人管",
    "路灯不亮,孩子上学害怕",
    "西街村排水沟堵了,一下雨就淹",
    "举报镇长周海收受红包",
    "冯国军主任不给办低保",
    "村主任赵林把机动地包给亲戚",
    "请何县长看看我们村的路",
    "大货车冀D5T220遮挡号牌",
    "和平路22号的网吧让未成年人进",
    "城关镇3号井停了,浇不了地",
    "公示的电话是空号",
    "工资单上少了2800元",
    "我万般无奈才写这条短信",
    "我严重怀疑补助被人冒领",
    "我丈夫成天喝酒,找谁调解",
    "我孩子上学没有学籍",
    "学生金额对不上,退费没退",
    "代表大家感谢交警",
    "请尽快解决。万分焦急",
    "十分感谢。祝好",
    "不知道找谁。何去何从",
    "2026年3月15日交的款,收据号20260315001",
    "修路修到9月30日还没完",
    "建议把文化广场的灯换成节能灯",
    "党员干部带头违建",
    "家长群里天天收费",
    "老师方言太重听不懂",
    "居民关于停车的意见没人听",
    "信息员每月能查一次话费吗",
    "联系电力公司没有用",
    "找安监局说归住建局管",
    "我家金银花没人收",
    "请问高龄补贴怎么领",
)


def parts(sentence: str) -> tuple[str, Sequence[str], Sequence[str]]:
    """The sentence as it is said, what must be hidden in it, and what must stay between."""
    pieces = re.split(r"\{([^}]*)\}", sentence)
    return "".join(pieces), pieces[1::2], pieces[0::2]


def measured(sentences: Sequence[str], hide: Callable[[str], str]) -> tuple[list[str], list[str]]:
    """The sentences in which something could still be read, and those which lost more than that."""
    leaking, harmed = [], []
    for sentence in sentences:
        said, secret, rest = parts(sentence)
        left = hide(said)
        found = re.fullmatch("(.*?)".join(map(re.escape, rest)), left, re.DOTALL)
        if found is None:
            harmed.append(f"{said} -> {left}")
        whole = any(one in left for one in secret if len(one) > 1)
        if whole or (found and any(one == kept for one, kept in zip(secret, found.groups(), strict=True))):
            leaking.append(f"{said} -> {left}")
    return leaking, harmed
