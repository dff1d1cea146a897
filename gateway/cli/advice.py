"""What a step of `carrier check` found, in words for people: what it means, what to do, and which exit code it is."""

from typing import NamedTuple

from gateway.errors import REFUSED, SETTINGS, UNAVAILABLE


class Advice(NamedTuple):
    """What a finding means and what to do about it."""

    meaning: str
    way_out: str
    code: int


STEPS = {
    "resolve": "解析地址",
    "listen": "打开回连端口",
    "connect": "连接",
    "tls": "TLS 加密",
    "login": "登录",
    "submit": "提交测试短信",
    "receipt": "等待回执",
    "logout": "退出登录",
}

ADVICE = {
    "no such host": Advice("查不到这个主机名", "请核对 host,或请运营商改给 IP 地址", SETTINGS),
    "no name server": Advice(
        "域名服务器没有应答", "请检查本机网络和 DNS;运营商给过 IP 地址的,直接填在 host", UNAVAILABLE
    ),
    "refused": Advice("对方主机在,但这个端口没有开放", "请核对 port;端口无误的,请运营商确认网关已启动", UNAVAILABLE),
    "unreachable": Advice("网络不通", "请检查本机网络、专线或 VPN 的路由", UNAVAILABLE),
    "silent": Advice(
        "在时限内没有应答", "多为防火墙或专线不通,或对方只认登记过的 IP;请与运营商核对本机出口 IP", UNAVAILABLE
    ),
    "certificate": Advice(
        "对方的证书不受信任,或不属于这个主机", "请向运营商索取签发证书的机构证书,填在 tls_ca;并核对 host", SETTINGS
    ),
    "tls": Advice(
        "对方不是 TLS 端口,或 TLS 版本不合", "请与运营商核对:这个端口是否加密;不加密的设 tls = false", SETTINGS
    ),
    "hung up": Advice(
        "对方接通后就挂断,没有给出理由",
        "多为本机 IP 未在运营商登记、连接数已满,或这个端口要求 TLS;请与运营商核对",
        UNAVAILABLE,
    ),
    "broken off": Advice("对方发来的不是这个协议,连接已断开", "请核对 protocol 和 port 是否与合同一致", SETTINGS),
    "door taken": Advice(
        "本机的回连端口打不开", "请核对 listen_host 和 listen_port;网关正在运行时端口由它占用", SETTINGS
    ),
    "doubt": Advice(
        "登录成功,但对方的应答摘要与密码不符:对方没有证明自己知道密码",
        "多为对方网关的算法不同,不影响收发;如要拒绝这样的网关,设 strict_login = true",
        0,
    ),
    "no id": Advice("已收下,但没有给短信编号,回执无法对应", "请告知运营商:提交应答中缺少编号", 0),
    "slow farewell": Advice("对方没有应答退出,已直接断开", "不影响收发", 0),
    "login: password": Advice("账号或密码不对", "请核对 account 和密码文件;不要反复尝试,账号可能被锁", SETTINGS),
    "login: address": Advice("本机 IP 没有在运营商登记", "请把本机出口 IP 报给运营商加入白名单", SETTINGS),
    "login: connections": Advice(
        "连接数已满,或这个账号已经登录", "请停掉占用连接的程序;刚断线的,等对方释放旧连接(约一两分钟)再试", UNAVAILABLE
    ),
    "login: version": Advice("对方不支持这个协议版本", "请核对 protocol(cmpp2 或 cmpp3)或 smgp_version", SETTINGS),
    "login: mode": Advice("这个账号不能这样登录", "请与运营商核对:账号是否开通收发一体的登录方式", SETTINGS),
    "login: parameters": Advice("登录参数有误", "请核对 system_type、TON/NPI、node、corp_id 等接入参数", SETTINGS),
    "login: expired": Advice("账号已过期", "请联系运营商续约", SETTINGS),
    "login: busy": Advice("对方系统忙", "请过几分钟再试;一直如此的,请联系运营商", UNAVAILABLE),
    "login: too often": Advice("登录过于频繁", "请至少等一分钟再试", UNAVAILABLE),
    "login: other": Advice("登录被拒", "请把下面的返回码报给运营商询问", UNAVAILABLE),
    "submit: throttled": Advice(
        "提交过快,或对方队列已满", "请核对合同速率与 rate;只此一条也过快的,请联系运营商", UNAVAILABLE
    ),
    "submit: temporary": Advice("对方暂时不收", "请过几分钟再试;一直如此的,请把返回码报给运营商", UNAVAILABLE),
    "submit: permanent": Advice(
        "对方拒收这条短信", "请核对号码和内容(签名须已备案);仍不行的,请把返回码报给运营商", REFUSED
    ),
    "submit: configuration": Advice(
        "账号、接入号或业务代码没有权限", "请核对 access_number、service_id、corp_id 等与合同是否一致", SETTINGS
    ),
    "submit: wrong_network": Advice("这个号码不属于该运营商", "请换一个该运营商的手机号码测试", REFUSED),
    "submit: uncertain": Advice("收没收下,对方没有说清", "请看手机是否收到", UNAVAILABLE),
    "receipt: undelivered": Advice("没有送达手机", "请核对号码;请把状态和错误码报给运营商", REFUSED),
    "receipt: expired": Advice("有效期内没有送达:手机关机或不在服务区", "请开机后再试", REFUSED),
    "receipt: unknown": Advice("运营商也不知道是否送达", "请看手机是否收到", UNAVAILABLE),
    "receipt: none": Advice(
        "时限内没有回执",
        "请看手机是否收到;收到而无回执的,请运营商核对状态报告是否开通、发往哪个连接(网关运行时可能已送给网关)",
        UNAVAILABLE,
    ),
}
"""By `gateway.check.Step.finding`."""
