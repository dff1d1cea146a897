"""What words are compared by: characters in one width, case and script, without blanks and punctuation.

Phones set to traditional characters send 謝謝 and 退訂; 己 is typed for 已 ("事己解决"). Only how words are compared
changes: what was texted is kept and shown as it came.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_CLAUSE = re.compile(r"[^\w]+")

_TRADITIONAL = (
    "謝訂滿義電鎮趙運麼時來煙與業東絲兩嚴喪個豐臨為麗舉烏樂喬習鄉書買亂爭虧雲亞產畝親億僅從倉儀們價眾"
    "優會傘偉傳傷倫偽體餘傭俠侶偵側僑債傾償儲兒黨蘭關興養獸內岡冊寫軍農馮沖決況凍淨涼減湊幾鳳憑凱擊鑿"
    "劉則剛創刪別劑劇勸辦務動勵勁勞勢勻區醫華協單賣盧衛卻廠廳歷厲壓廁廂縣參雙發變疊號歎嘆嚇嗎啟吳員聽"
    "響啞喚嘩園團圍國圖圓聖場壞塊堅壇墳墜壟壘牆墻壺處備復夠頭夾奪獎奮婦媽嬰孫學寧寶實審憲宮寬賓對尋導"
    "壽將爾塵嘗盡層屆屬歲崗島嶺峽幣帥師帳帶幫庫應廟廢開異棄張彎彈強歸當錄徹徵徑憂懷態憐總戀惡惱悅懸驚"
    "懲慘慣憤願懶戲戰戶撲執擴掃揚擾撫搶護報擔擬攔擇掛揮擋損撿換據攝擺搖攤敵數齋鬥斷無舊曠晝顯曬曉暈暫"
    "術機雜權條楊極構槍櫃標棟欄樹樣橋檔檢樓歡歐殘毀畢氣漢湯溝沒淪滬澤潔灑澆濁測濟渾濃塗濤漲潤澇淚溫灣"
    "濕潰滅燈靈災爐煉爛燒熱愛爺牽狀猶獨狹獄豬貓環現瓊畫療瘋癱癢皺鹽監蓋盜盤睜矚礦碼磚確禮禍離種積稱稅"
    "穩窮竊窩豎競筆筍築籤簡籃糧糞緊紅紀約級納紙紋線練組細織終紹經結給絕絡統繼績續維綿綠緩編緣縫縮繳罰"
    "羅職聯聾聰肅腸膚腫脹脅勝膠腦臟髒臉艦藝節蘆蘇莊葉薦藥獲營蕭薩蟲雖蝦螞蠶補襯襲觀規視覽覺觸譽計認討"
    "讓訓議訊記講許論設訪證評識訴診詐詞試詩誠話詢該詳語誤説說請諸讀課誰調談謀諧謊譴貝負財責賢敗賬貨質"
    "販貪貧購貸費賀賊資賠賴賭賞賜贊讚贏趕躍車軌轉輪軟輕載較輛輸轟辭邊遼達遷過邁這進遠違連遲適選遺郵鄰"
    "鄭醬釀釋裡裏針釘釣鈣鋼鑰錢鉗鑽鐵鈴鉛銅鋪銀鏈銷鎖鍋錯鍵鍛長門閃閉問閒閑間鬧聞閥閱闊隊陽陰陣階際陸"
    "陳險隱隨難雞霧靜韓頂項順須顧頓預領頻題顏額顛風飛飯飲飽餓館馬駕騙駛駐驗騎騷魚鮮鳥鴨鵝麥黃齊齒齡龍"
    "龜後範幹製麵隻纔癥臺檯颱鬆衝嚮嶽誌佈採瞭鐘鍾準闆夥遊迴醜禦籲繫係塢撈溼淒嚐僱儘週託恆喫闖攏擁擠攪"
    "擰濺瀉瀾漁滲滯灘濫濱滾獵韌綁繩緝縱紛純紗絨繞繪綜綱網喲噸嗆嘔嗚嘮囑墊壩墮奧妝嫵嬸嬌寢屍廬廈弔彌恥"
    "悶慮慶憶懇慚憊摟摯擱攜敘斃昇暢曆朧棗樁榮樸檸欽殺毆氈湧潑漸澱濾瀝灤熾燙燭牠犧瑪瘡癬皚盞睏矯硃碩磯"
    "禪稈穀穫窯竄筧篩籌糾緒罷罵翹聳艙艱莖蔥蔣蕩薑藍蘿虛蝕蠟襖訛詭誣譏貼貫貴貿賃賄贈趨跡踐躉軋輔輩輝轎"
    "辯遞鄧鄒釁鈔鉤銳鋁鋒鋸錦鍬鏟鏡閘閣闢隴靂韋頗頸顆飄餅餃饅饋駁駝騰驅驟髮鬍鬱魯鯉鹹齣稟搾燻併並凈"
)
_SIMPLIFIED = (
    "谢订满义电镇赵运么时来烟与业东丝两严丧个丰临为丽举乌乐乔习乡书买乱争亏云亚产亩亲亿仅从仓仪们价众"
    "优会伞伟传伤伦伪体余佣侠侣侦侧侨债倾偿储儿党兰关兴养兽内冈册写军农冯冲决况冻净凉减凑几凤凭凯击凿"
    "刘则刚创删别剂剧劝办务动励劲劳势匀区医华协单卖卢卫却厂厅历厉压厕厢县参双发变叠号叹叹吓吗启吴员听"
    "响哑唤哗园团围国图圆圣场坏块坚坛坟坠垄垒墙墙壶处备复够头夹夺奖奋妇妈婴孙学宁宝实审宪宫宽宾对寻导"
    "寿将尔尘尝尽层届属岁岗岛岭峡币帅师帐带帮库应庙废开异弃张弯弹强归当录彻征径忧怀态怜总恋恶恼悦悬惊"
    "惩惨惯愤愿懒戏战户扑执扩扫扬扰抚抢护报担拟拦择挂挥挡损捡换据摄摆摇摊敌数斋斗断无旧旷昼显晒晓晕暂"
    "术机杂权条杨极构枪柜标栋栏树样桥档检楼欢欧残毁毕气汉汤沟没沦沪泽洁洒浇浊测济浑浓涂涛涨润涝泪温湾"
    "湿溃灭灯灵灾炉炼烂烧热爱爷牵状犹独狭狱猪猫环现琼画疗疯瘫痒皱盐监盖盗盘睁瞩矿码砖确礼祸离种积称税"
    "稳穷窃窝竖竞笔笋筑签简篮粮粪紧红纪约级纳纸纹线练组细织终绍经结给绝络统继绩续维绵绿缓编缘缝缩缴罚"
    "罗职联聋聪肃肠肤肿胀胁胜胶脑脏脏脸舰艺节芦苏庄叶荐药获营萧萨虫虽虾蚂蚕补衬袭观规视览觉触誉计认讨"
    "让训议讯记讲许论设访证评识诉诊诈词试诗诚话询该详语误说说请诸读课谁调谈谋谐谎谴贝负财责贤败账货质"
    "贩贪贫购贷费贺贼资赔赖赌赏赐赞赞赢赶跃车轨转轮软轻载较辆输轰辞边辽达迁过迈这进远违连迟适选遗邮邻"
    "郑酱酿释里里针钉钓钙钢钥钱钳钻铁铃铅铜铺银链销锁锅错键锻长门闪闭问闲闲间闹闻阀阅阔队阳阴阵阶际陆"
    "陈险隐随难鸡雾静韩顶项顺须顾顿预领频题颜额颠风飞饭饮饱饿馆马驾骗驶驻验骑骚鱼鲜鸟鸭鹅麦黄齐齿龄龙"
    "龟后范干制面只才症台台台松冲向岳志布采了钟钟准板伙游回丑御吁系系坞捞湿凄尝雇尽周托恒吃闯拢拥挤搅"
    "拧溅泻澜渔渗滞滩滥滨滚猎韧绑绳缉纵纷纯纱绒绕绘综纲网哟吨呛呕呜唠嘱垫坝堕奥妆妩婶娇寝尸庐厦吊弥耻"
    "闷虑庆忆恳惭惫搂挚搁携叙毙升畅历胧枣桩荣朴柠钦杀殴毡涌泼渐淀滤沥滦炽烫烛它牺玛疮癣皑盏困矫朱硕矶"
    "禅秆谷获窑窜笕筛筹纠绪罢骂翘耸舱艰茎葱蒋荡姜蓝萝虚蚀蜡袄讹诡诬讥贴贯贵贸赁贿赠趋迹践趸轧辅辈辉轿"
    "辩递邓邹衅钞钩锐铝锋锯锦锹铲镜闸阁辟陇雳韦颇颈颗飘饼饺馒馈驳驼腾驱骤发胡郁鲁鲤咸出禀榨熏并并净"
)
_FOLDED = {ord(one): other for one, other in zip(_TRADITIONAL + "著己巳", _SIMPLIFIED + "着已已", strict=True)}


@lru_cache(maxsize=64)  # a dozen rules look at the same text
def plain(text: str) -> str:
    """Upper case, half width, simplified characters, without blanks and punctuation."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[\W_]+", "", folded).translate(_FOLDED)


def clauses(text: str) -> list[str]:
    """What stands between blanks and punctuation, each in plain form; nothing empty."""
    return [said for clause in _CLAUSE.split(text) if (said := plain(clause))]


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of these plain words, the longest first; what never matches where there are none."""
    longest_first = sorted({*words} - {""}, key=lambda word: (-len(word), word))
    return "|".join(map(re.escape, longest_first)) or r"(?!)"
