"""What an operator may set: one TOML file, the environment, and secrets in files of their own.

Every key is a field below with its help beside it; `describe` prints them as an annotated file, and a wrong
key or value is refused with its path. Order: defaults here, then `xinqiao.toml`, then XINQIAO__SECTION__KEY.
"""

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from carriers.profile import PROTOCOLS, CarrierProfile
from carriers.results import Results
from gateway.errors import SettingsWrong

FILE = "xinqiao.toml"
PREFIX = "XINQIAO__"


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the settings."""


def _help(words: str, **bounds: Any) -> Meta:
    return Meta(description=words, **bounds)


class Store(Section, frozen=True):
    """数据库"""

    url: Annotated[str, _help("sqlite 的相对路径以工作目录为准;PostgreSQL 形如 postgresql:///xinqiao")] = (
        "sqlite:///xinqiao.db"
    )


class Keys(Section, frozen=True):
    """密钥"""

    folder: Annotated[str, _help("存放 master、index、seal 三个密钥文件的目录,权限 0700;务必另行备份")] = "keys"


class Files(Section, frozen=True):
    """可由本单位修改的数据文件;留空则使用随程序发布的版本"""

    roster: Annotated[str, _help("类别、乡镇和村名单")] = ""
    prefixes: Annotated[str, _help("号段归属表")] = ""
    departments: Annotated[str, _help("承办单位名单")] = ""
    messages: Annotated[str, _help("短信模板:T1 起发给群众,S1 起发给承办单位;没有写的用随程序发布的")] = ""
    words: Annotated[str, _help("退订、查询、感谢等词表")] = ""
    cases: Annotated[str, _help("办件的原因代码、办理方式、须领导亲自批转的类别")] = ""
    results: Annotated[str, _help("运营商返回码的含义")] = ""
    numbers: Annotated[str, _help("空号、停机的回执码,不像本人来信的词语")] = ""
    calendar: Annotated[str, _help("工作日历的目录,每年一个文件,如 2027.toml;其中的年份补充或替换随程序发布的")] = ""
    channels: Annotated[str, _help("来件的渠道")] = ""
    duties: Annotated[str, _help("监测员报告和零报告在每月第几个工作日")] = ""
    deadlines: Annotated[str, _help("办理期限、灯、催办督办和预警的尺度")] = ""
    evaluation: Annotated[str, _help("通报和年度考评的尺度:哪些结果算采用、已解决,权重和扣分,防弄虚作假的检查")] = ""
    triage: Annotated[str, _help("受理时的建议:词语与类别、主题、承办单位")] = ""
    places: Annotated[str, _help("街道、学校等地名(乡镇和村在 roster 中)")] = ""
    answers: Annotated[str, _help("知识库:常见咨询的答复")] = ""


class Carrier(Section, frozen=True, kw_only=True):
    """一条运营商线路"""

    label: Annotated[str, _help("显示的名称")]
    protocol: Annotated[
        str,
        _help("协议:smpp;移动 cmpp2 或 cmpp3,联通 sgip,电信 smgp", pattern=f"^({'|'.join(PROTOCOLS)})$"),
    ] = "smpp"
    host: Annotated[str, _help("运营商网关地址", min_length=1)]
    port: Annotated[int, _help("端口", ge=1, le=65535)]
    account: Annotated[str, _help("账号:smpp 最多15个字符,cmpp 6,sgip 16,smgp 8", min_length=1)]
    password_file: Annotated[str, _help("存放密码的文件,权限 0600;密码:smpp 最多8个字符,sgip 16,smgp 15")]
    access_number: Annotated[str, _help("接入号(群众看到的服务号码)", pattern="^[0-9]{3,20}$")]
    extension_digits: Annotated[int, _help("运营商允许的扩展码位数", ge=0, le=10)] = 4
    rate: Annotated[float, _help("每秒最多提交条数(合同约定);0 为不限", ge=0, le=100_000)] = 50.0
    window: Annotated[int, _help("同时等待应答的提交数", ge=1, le=10_000)] = 16
    cost_fen: Annotated[float, _help("每条短信的费用,单位分", ge=0)] = 4.0
    tls: Annotated[bool, _help("使用 TLS 加密连接")] = False
    tls_ca: Annotated[str, _help("签发运营商证书的机构证书(PEM);留空用系统自带的")] = ""
    system_type: Annotated[str, _help("bind 的 system_type", max_length=12)] = ""
    source_ton: Annotated[int, _help("接入号的 TON", ge=0, le=6)] = 0
    source_npi: Annotated[int, _help("接入号的 NPI", ge=0, le=18)] = 1
    destination_ton: Annotated[int, _help("手机号的 TON", ge=0, le=6)] = 1
    destination_npi: Annotated[int, _help("手机号的 NPI", ge=0, le=18)] = 1
    destination_prefix: Annotated[
        str, _help("写在11位手机号前的国家码;运营商不要则留空", pattern=r"^\+?[0-9]{0,4}$")
    ] = "86"
    response_timeout: Annotated[float, _help("提交多少秒无应答视为结果不明", gt=0, le=600)] = 60.0
    keepalive: Annotated[
        float, _help("空闲多少秒后发链路检测;sgip:运营商会回连时,空闲多少秒后断开待命", gt=0, le=600)
    ] = 30.0
    keepalive_timeout: Annotated[float, _help("链路检测等待应答的秒数", gt=0, le=120)] = 15.0
    bind_timeout: Annotated[float, _help("登录等待应答的秒数", gt=0, le=120)] = 30.0
    reference_tlv: Annotated[bool, _help("提交时带 user_message_reference 参数")] = True
    flow_control: Annotated[bool, _help("运营商提示过快时自动减速")] = True
    takes_ported: Annotated[bool, _help("其他线路答复“非本网号码”时,可改走本线路(携号转网)")] = True
    stand_ins: Annotated[tuple[str, ...], _help("本线路长时间断开时代发的线路,按先后;留空则一直等待")] = ()
    stand_in_after: Annotated[float, _help("断开多少秒后由代发线路发送", ge=60, le=86_400)] = 900.0
    service_id: Annotated[str, _help("cmpp、sgip、smgp:合同中的业务代码", max_length=10)] = ""
    corp_id: Annotated[
        str, _help("企业代码。cmpp:6位,留空同账号;sgip:5位,留空取节点编号后5位;smgp:SPID,合同要求才填", max_length=8)
    ] = ""
    node: Annotated[int, _help("sgip:本单位的节点编号,3AAAAQQQQQ", ge=0, le=4_294_967_295)] = 0
    smgp_version: Annotated[str, _help("smgp:3.0 或 1.3", pattern=r"^(3\.0|1\.3)$")] = "3.0"
    padded_login: Annotated[bool, _help("cmpp、smgp:登录摘要中的账号补足定长(个别网关要求)")] = False
    strict_login: Annotated[bool, _help("cmpp、smgp:对方摘要不符即断开,否则只告警")] = False
    listen_host: Annotated[str, _help("sgip:接受运营商回连的本机地址,如 0.0.0.0")] = ""
    listen_port: Annotated[int, _help("sgip:接受运营商回连的端口;0 为不接受回连", ge=0, le=65535)] = 0
    listen_peers: Annotated[tuple[str, ...], _help("sgip:允许回连的地址或网段")] = ()
    listen_account: Annotated[str, _help("sgip:运营商回连时的账号;留空同账号", max_length=16)] = ""
    listen_password_file: Annotated[str, _help("sgip:运营商回连时的密码文件;留空同密码")] = ""


class Notices(Section, frozen=True):
    """通知"""

    quiet_from: Annotated[str, _help("免打扰开始时刻", pattern="^[0-2][0-9]:[0-5][0-9]$")] = "20:30"
    quiet_until: Annotated[str, _help("免打扰结束时刻", pattern="^[0-2][0-9]:[0-5][0-9]$")] = "08:30"
    validity_hours: Annotated[int, _help("开始发送后多少小时仍未发出即作废", ge=1, le=168)] = 24
    same_text_hours: Annotated[int, _help("多少小时内不得向同一批人重发相同内容", ge=0, le=720)] = 24
    max_parts: Annotated[int, _help("一条通知最多拆成几条短信", ge=1, le=10)] = 10
    reply_days: Annotated[int, _help("发出后多少天内的来信可列为对该通知的回复", ge=1, le=60)] = 7


class Roster(Section, frozen=True):
    """信息员库"""

    empty_times: Annotated[int, _help("连续多少条通知因空号或停机未送达,列为疑似空号、停机", ge=2, le=100)] = 3
    empty_days: Annotated[int, _help("其中第一条与最后一条至少相隔多少天", ge=0, le=366)] = 30
    frozen_days: Annotated[
        int, _help("空号或停机多少天后又送达,列为疑似易主(运营商收回号码约三个月后再放号)", ge=1)
    ] = 90
    silent_days: Annotated[int, _help("多少天没有来信的号码,来信不像本人时列为疑似易主", ge=0)] = 90
    inactive_months: Annotated[int, _help("多少个月没有来信、也没有收到过通知,列入续聘询问的名单", ge=1, le=120)] = 12


class Singles(Section, frozen=True):
    """单发短信"""

    per_number_per_day: Annotated[int, _help("同一号码24小时内最多条数", ge=1)] = 100
    per_operator_per_hour: Annotated[int, _help("每名操作员每小时最多条数;更多人请发通知", ge=1)] = 5000
    max_parts: Annotated[int, _help("一条消息最多拆成几条短信", ge=1, le=255)] = 10


class Texts(Section, frozen=True):
    """群众来信"""

    minutes_apart: Annotated[int, _help("同一号码两条自动短信至少相隔几分钟(群众指令的答复除外)", ge=0, le=120)] = 10
    automatic_per_day: Annotated[int, _help("同一号码24小时内最多自动回复几条", ge=0, le=50)] = 3
    ask_aspects: Annotated[bool, _help("评价不满意的,请其再说是态度、效率还是作风(T25 代替 T12,不多发短信)")] = False
    reassembly_timeout_s: Annotated[int, _help("长短信缺段时最多等待的秒数", ge=10, le=86_400)] = 1800
    duplicate_window_s: Annotated[int, _help("多少秒内相同内容视为运营商重复投递", ge=0, le=86_400)] = 600
    flood_per_hour: Annotated[int, _help("同一号码每小时超过多少条即只存不办", ge=1)] = 200


class Daemon(Section, frozen=True):
    """网关进程"""

    tick_ms: Annotated[float, _help("应答和回执最多攒多少毫秒再一起入库", ge=0, le=100)] = 3.0
    poll_ms: Annotated[float, _help("空闲时多少毫秒查看一次有无新任务", ge=10, le=10_000)] = 200.0
    lease_s: Annotated[float, _help("运行租约的秒数", ge=5, le=300)] = 15.0
    stop_s: Annotated[float, _help("停止时最多等待应答的秒数", ge=1, le=28)] = 20.0


class Logs(Section, frozen=True):
    """日志"""

    level: Annotated[str, _help("级别", pattern="^(debug|info|warning|error)$")] = "info"
    format: Annotated[str, _help("json 或 console", pattern="^(json|console)$")] = "json"
    file: Annotated[str, _help("日志文件;留空写到标准错误")] = ""


class Settings(Section, frozen=True):
    """全部设置"""

    county: Annotated[str, _help("本县名称")] = "肥乡"
    signature: Annotated[str, _help("短信签名,须与运营商备案一致", pattern="^【[^【】]+】$")] = "【肥乡双向沟通办】"
    timezone: Annotated[str, _help("时区")] = "Asia/Shanghai"
    default_carrier: Annotated[str, _help("判断不出归属的号码走哪条线路")] = "mobile"
    case_prefix: Annotated[str, _help("受理编号的字母前缀", pattern="^[A-Z]{1,4}$")] = "FX"
    store: Store = Store()
    keys: Keys = Keys()
    files: Files = Files()
    carriers: dict[str, Carrier] = {}
    notices: Notices = Notices()
    roster: Roster = Roster()
    singles: Singles = Singles()
    texts: Texts = Texts()
    daemon: Daemon = Daemon()
    logs: Logs = Logs()


class Loaded(Struct, frozen=True):
    """The settings of one working folder."""

    folder: Path
    values: Settings

    def path(self, written: str) -> Path:
        """A path as the settings write it: relative ones are relative to the working folder."""
        return self.folder / written

    def store_url(self) -> str:
        """The store's address, a relative SQLite path made absolute."""
        head, separator, tail = self.values.store.url.partition("sqlite:///")
        if head or not separator or tail.startswith("/"):
            return self.values.store.url
        return f"sqlite:///{self.path(tail).resolve()}"

    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.values.timezone)

    def profile(self, name: str, results: Results) -> CarrierProfile:
        """A carrier as its link needs it, with the password read from its file. See `resources.profiles`."""
        carrier = self.values.carriers[name]
        given = {
            field: getattr(carrier, field)
            for field in CarrierProfile.__dataclass_fields__
            if field not in ("name", "password", "tls_ca", "results", "listen_password")
        }
        password = secret(self.path(carrier.password_file), f"$.carriers.{name}.password_file")
        tls_ca = str(self.path(carrier.tls_ca)) if carrier.tls_ca else ""
        if tls_ca and not Path(tls_ca).is_file():
            raise SettingsWrong(f"$.carriers.{name}.tls_ca:没有文件 {tls_ca}", "请放入签发运营商证书的机构证书(PEM)")
        listen_password = ""
        if carrier.listen_password_file:
            where = f"$.carriers.{name}.listen_password_file"
            listen_password = secret(self.path(carrier.listen_password_file), where)
        profile = CarrierProfile(
            name=name,
            password=password,
            tls_ca=tls_ca,
            results=results,
            listen_password=listen_password,
            **given,
        )
        if (wrong := profile.trouble()) is not None:
            raise SettingsWrong(f"$.carriers.{name}.{wrong[0]}:{wrong[1]}", "请核对与运营商的接入参数")
        return profile

    def quiet_hours(self) -> tuple[time, time]:
        """From when until when notices wait."""
        return time.fromisoformat(self.values.notices.quiet_from), time.fromisoformat(self.values.notices.quiet_until)


# ------------------------------------------------------------------------------------------------------------- loading


def load(folder: Path, environment: Mapping[str, str] = os.environ) -> Loaded:
    """The settings of a working folder. Raises `SettingsWrong` with the path of what is wrong."""
    file = folder / FILE
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsWrong(
            f"{folder} 不是工作目录:没有 {FILE}", "先运行 xinqiao init 目录名,或用 -C 指明工作目录"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise SettingsWrong(f"{file} 不是正确的 TOML:{wrong}", "请按提示的行列修改") from None
    for path, value in _overrides(environment):
        _set(raw, path, value)
    carriers = raw.pop("carriers", {})
    if not isinstance(carriers, dict):
        raise SettingsWrong("$.carriers:应为若干个 [carriers.名称] 表", _SHOW_ALL)
    values = _convert(raw, Settings, "$")
    lines = {name: _convert(one, Carrier, f"$.carriers.{name}") for name, one in carriers.items()}
    values = msgspec.structs.replace(values, carriers=lines)
    _check(values)
    return Loaded(folder, values)


_SHOW_ALL = "xinqiao settings describe 列出全部设置"
Kind = TypeVar("Kind")


def _convert(raw: object, kind: type[Kind], where: str) -> Kind:
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as wrong:
        raise SettingsWrong(f"{FILE} 设置有误:{_in_chinese(str(wrong), where)}", _SHOW_ALL) from None


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[list[str], str]]:
    for name, value in sorted(environment.items()):
        if name.startswith(PREFIX):
            yield name.removeprefix(PREFIX).lower().split("__"), value


def _set(raw: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        raw = raw.setdefault(key, {})
        if not isinstance(raw, dict):
            raise SettingsWrong(f"环境变量 {PREFIX}{'__'.join(path).upper()} 与设置文件冲突", f"{key} 不是一个表")
    raw[path[-1]] = value


def _in_chinese(words: str, where: str) -> str:
    """msgspec's message with its path first, the usual ones in Chinese."""
    said, _, path = words.partition(" - at ")
    for english, chinese in (
        ("Object contains unknown field", "没有这个设置项"),
        ("Object missing required field", "缺少必填项"),
        ("Expected", "应为"),
        ("got", "实际是"),
        ("matching regex", "符合格式"),
    ):
        said = said.replace(english, chinese)
    return f"{where}{path.strip('`').removeprefix('$')}:{said}"


def _check(values: Settings) -> None:
    if not values.carriers:
        raise SettingsWrong("$.carriers:至少要配置一条线路", "xinqiao settings describe 给出样例")
    if values.default_carrier not in values.carriers:
        known = "、".join(values.carriers)
        raise SettingsWrong(f"$.default_carrier:没有名为 {values.default_carrier} 的线路", f"可选:{known}")
    for name, one in values.carriers.items():
        strange = [other for other in one.stand_ins if other not in values.carriers or other == name]
        if strange:
            known = "、".join(other for other in values.carriers if other != name)
            raise SettingsWrong(f"$.carriers.{name}.stand_ins:不能由 {strange[0]} 代发", f"可选:{known}")
    try:
        ZoneInfo(values.timezone)
        time.fromisoformat(values.notices.quiet_from)
        time.fromisoformat(values.notices.quiet_until)
    except (KeyError, ValueError, OSError) as wrong:
        raise SettingsWrong(
            f"时区或时刻不正确:{wrong}", '例如 timezone = "Asia/Shanghai",quiet_from = "20:30"'
        ) from None


def secret(file: Path, where: str) -> str:
    """A secret from its file, which nobody but its owner may read."""
    try:
        mode = file.stat().st_mode
        words = file.read_text(encoding="utf-8").strip()
    except OSError as wrong:
        raise SettingsWrong(f"{where}:读不到 {file}({wrong.strerror})", "请建立该文件并设为 0600") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsWrong(f"{where}:{file} 可被他人读取", f"请运行 chmod 600 {file}")
    return words


# ---------------------------------------------------------------------------------------------------------- describing

SAMPLES = (
    ("mobile", "中国移动", "10657000001", 2775),
    ("unicom", "中国联通", "10655000001", 2776),
    ("telecom", "中国电信", "10659000001", 2777),
)


def describe() -> str:
    """Every setting with its help and default, as a file that can be used: three carriers on this machine."""
    lines = ["# 信桥设置。带 # 的行是说明;删掉的键使用这里写的默认值。", ""]
    lines += _keys(Settings)
    for name, kind in get_type_hints(Settings, include_extras=True).items():
        if isinstance(kind, type) and issubclass(kind, Section):
            lines += ["", f"[{name}]  # {kind.__doc__}", *_keys(kind)]
    for name, label, number, port in SAMPLES:
        given = {
            "label": label,
            "host": "127.0.0.1",
            "port": port,
            "account": "xinqiao",
            "password_file": f"keys/{name}.password",
            "access_number": number,
        }
        lines += ["", f"[carriers.{name}]", *_keys(Carrier, given, name == "mobile")]
    return "\n".join(lines) + "\n"


def _keys(section: type[Section], given: Mapping[str, Any] | None = None, helped: bool = True) -> list[str]:
    lines = []
    defaults = {field.name: field.default for field in msgspec.structs.fields(section)}
    for name, kind in get_type_hints(section, include_extras=True).items():
        meta = next((one for one in getattr(kind, "__metadata__", ()) if isinstance(one, Meta)), None)
        if meta is None:
            continue
        value = (given or {}).get(name, defaults[name])
        if helped:
            lines.append(f"# {meta.description}")
        if helped or name in (given or {}):
            lines.append(f"{name} = {_toml(value)}")
    return lines


def _toml(value: Any) -> str:
    return msgspec.json.encode(value).decode()
