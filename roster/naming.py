"""What looks like a Chinese name: a surname and one or two characters that are no word of a matter."""

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申"
    "尤毕聂焦向柳邢岳齐梅莫庄辛管祝左涂谷祁耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游裴席卫查屈鲍覃霍翁隋甘景闫褚华薄单"
    "喻柏戚窦奚郎酆廉岑滕邬卞湛禹臧闵娄骆虞柯昝缪裘荀蔺蒲郦濮冉宓郜晏瞿茅"
)
"""The surnames that nearly everybody has, without those that are mostly words of a matter."""
RARE = (
    "水云昌凤花常乐时皮平穆计伏明谈支房宗宣包诸钮嵇滑荣羊惠麻强危封储井富巫乌弓牧山车班仰秋仲伊宫宁仇厉戎祖符束幸司韶印宿怀索咸籍卓屠蒙池阴苍双党贡"
    "劳姬扶堵桑桂寿通边燕浦尚农柴充慕连茹习宦艾鱼容古慎戈居衡满弘匡寇广东利蔚越隆师巩晁勾敖融冷那简饶沙养鞠丰巢荆红盖益战买代艳肖付邸苑樵阳晋佟母仝衣"
)
"""Surnames that are words first: names only where the words around them say so."""
SURNAME = f"[{SURNAMES}]"
ANY_SURNAME = f"[{SURNAMES}{RARE}]"
HAN = "[一-鿿]"
COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|轩辕|宇文|长孙|鲜于|呼延|南宫|独孤"
NO_NAME = "的了是在与及或也都就被村乡镇县庄屯街路局所站院校厂店社区组队员户们师这那位营寨堡沟坡铺湾庙线"
"""Characters that no name has, because they are words of a place or of grammar."""
GIVEN = rf"[^\W\d_A-Za-z{NO_NAME}]"
NAME = rf"(?:{COMPOUND}|{SURNAME}){GIVEN}{{1,2}}"
SHORTEST = f"{NAME}?"
"""The same, where what follows says how long it is."""
LONGEST = rf"(?:{COMPOUND}|{SURNAME}){GIVEN}{{2}}"
"""With two characters: so long is hardly a word, and half of one by chance."""
ANY_NAME = rf"(?:(?:{COMPOUND}|{ANY_SURNAME}){GIVEN}{{1,2}}|{SURNAME}{{2}}{GIVEN}{{2}})"
"""Also of a surname that is a word, where what stands around it says that this is somebody."""
FOREIGN = rf"{HAN}{{2,8}}(?:[·•・‧]{HAN}{{2,8}}?){{1,3}}"
"""With dots, as names of minorities are written."""
LATIN = r"[A-Za-z]{2,15}(?:[ .·][A-Za-z]{2,15}){1,2}(?![A-Za-z])"
SPREAD = rf"{ANY_SURNAME}(?:\s?[ .．·•・\s]\s?{HAN}){{1,2}}"
"""With something between its characters."""
ENDS = r"(?=[\s,，。.;；:：!！?？、()（）“”\"'…—\]】]|$)"
_WORDS = """
谢谢 谢了 谢啦 高兴 高度 高温 高压 高考 高三 高二 高一 高中 高龄 高血压 高速 方便 方向 方案
方法 安全 安心 安排 安装 万分 万一 万幸 严重 严格 严惩 严禁 严查 成年 成本 成绩 成立 成功 成天
成都 关心 关注 关于 关门 关闭 关键 何时 何解 何处 何人 何况 向上 向前 金额 金属 江边 石头 石子
石块 田地 田间 田里 马上 马路 马桶 黄土 黄泥 黄色 白天 白色 白跑 白干 毛病 毛毯 管理 管道 管子
费用 费劲 费心 盛夏 游泳 游客 单位 单元 单独 单行 查处 查清 查明 查看 查查 查办 任务 任何 任意
任由 许多 许久 于是 于此 余款 余下 余额 程度 程序 周末 周边 周围 周一 周二 周三 周四 周五 周六
周日 文件 文化 文明 文字 常年 童年 季节 季度 温度 温暖 温室 华北 武装 武术 章程 齐心 左右 左转
左边 曲折 景区 景观 施工 施肥 易发 易燃 贺信 祝福 祝好 祝愿 祝您 陈旧 陈年 胡同 胡乱 胡来 胡说
林地 林业 林木 苗木 苗圃 牛奶 牛羊 龙头 雷雨 雷电 梅雨 莫名 莫非 康复 纪律 纪念 申请 申诉 申报
夏天 夏季 夏收 秦岭 段时间 叶子 汤药 钱款 钱财 钱呢 孔洞 顾客 顾虑 石棉 焦急 焦虑 项目 席位
卫生 卫生间 屈服 甘心 唐突 尤其 毕竟 毕业 罗列 宋体 欧元 东方红 白内障 高血糖 金银花 马铃薯 石油
黄河 江河 史上 沈阳 郑州 苏州 杭州 高压线 高利贷 方便面 卫生院 程序员 关节炎 胡萝卜 向日葵 易拉罐
安全帽 安装费 谢谢您 谢谢你 谢谢啊 谢谢了 谢领导 谢政府 成问题 高高兴 万元 万斤 万人 万亩 万多
易懂 曾经 曾多次 曾向 曾在 曾找 乔迁 凌晨 岳父 岳母 盛行 管不管 管事 管管 关停 查一查 查一下
查下 向您 向你 向他 向上级 何必 何苦 何年 何月 于今 于我 江水 江西 江苏 文盲 侯车 武警 万般
万望 余地 农民 居民 国民 公民 孙子 孙女 陆续 张贴 张口 张嘴 张罗 张望 范围 范例 颜色 陶瓷 杜绝 董事 萧条 郑重
关系 高峰 文章 和谐 和平 安保 安置 安慰 任职 任教 向来 曾祖 时间 时候 时常 常年 常常 常在 经常 经济 平时 平常 国家 明年
明天 全家 全村 公司 公交 路上 东西 广场 居住 能否 那边 相关 干部 解决 应该 包括 房子 车子 乐意 强行 都不 计划 水费
水电 平台 能不能 从来 从小 后来 后面 空调 利用 连续 习惯 养老 养殖 满意 通知 通过 别人 别的 别墅 方面 方式
单身 单亲 单身汉 严厉 陈述 强烈 强制 强占 强迫 物业 居委 包工
"""
WORDS = frozenset(_WORDS.split())
"""Words that begin like a name and are none."""

_TITLES = "女士 先生 大爷 大娘 大妈 大叔 大婶 师傅 书记 支书 县长 主任 医生 大夫 老板 老师 会计 经理 警官 法官"
TITLES = frozenset(_TITLES.split())
"""What is said behind a surname and is no name."""


def is_name(said: str) -> bool:
    """True for what may be a name: no word, and not two characters of a word with one of the next."""
    given = said[1:]
    word = said in WORDS or said[:2] in WORDS or given in TITLES or given.endswith("人")
    return not (word or any(one in NO_NAME for one in given))
