"""The rules of notices, as functions of values: what a body may say, when it may go, how a message stands."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from carriers.text import parts_of
from gateway.errors import Refused
from roster.store import Rendering

TOPICS = ("重大决策部署", "创新工作", "重点经济工作", "教育", "医疗", "环境", "社保", "社会关切的其他方面")

FIELDS = {
    "姓名": lambda who: who.name,
    "乡镇": lambda who: who.township,
    "村": lambda who: who.village,
    "类别": lambda who: who.category,
}
_FIELD = re.compile(r"\{([^{}]*)\}")

# From bad to good: a message stands as its worst part does, and nothing is final while a part is not.
_WORST_FIRST = (
    *("queued", "sending", "uncertain", "accepted"),
    *("failed", "undelivered", "expired", "unknown", "cancelled", "delivered"),
)
_BADNESS = {state: i for i, state in enumerate(_WORST_FIRST)}


def worst(states: Iterable[str]) -> str:
    """How a message stands, from its parts: delivered only when every part is."""
    return min(states, key=_BADNESS.__getitem__)


def check_body(words: str, signature: str, max_parts: int) -> str:
    """The body as it will be sent, signature in front. Raises `Refused` with what is wrong."""
    text = words.strip()
    if text.startswith(signature):
        text = text[len(signature) :].strip()
    if not text:
        raise Refused("通知没有内容", "用 --text 或 --file 给出内容")
    if "【" in text or "】" in text:
        raise Refused("正文中不能出现【】,运营商会当作另一个签名", "请改用其他括号;签名会自动加在最前面")
    for name in _FIELD.findall(text):
        if name not in FIELDS:
            raise Refused(f"不认识的字段 {{{name}}}", f"可用字段:{'、'.join(f'{{{one}}}' for one in FIELDS)}")
    if "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
        raise Refused("正文中有不成对的花括号", "字段写成 {姓名} 的样子")
    body = signature + text
    if parts_of(body) > max_parts:
        raise Refused(f"内容要拆成{parts_of(body)}条短信,最多{max_parts}条", "请缩短内容")
    return body


def warnings(body: str) -> list[str]:
    """What a careful person would look at twice."""
    found = []
    if re.search(r"(?<!\d)\d{17}[\dXx](?!\d)", body):
        found.append("正文中有身份证号")
    if re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", body):
        found.append("正文中有手机号码")
    if re.search(r"https?://|www\.|\.(?:com|cn|net)\b", body, re.IGNORECASE):
        found.append("正文中有网址,部分运营商会拦截")
    return found


def has_fields(body: str) -> bool:
    """True when the body differs from person to person."""
    return _FIELD.search(body) is not None


def render(body: str, who: Rendering) -> str:
    """The body for one person. What is filled in is never read as a field again."""
    return _FIELD.sub(lambda match: FIELDS[match[1]](who), body)


def extension_of(notice_id: int, digits: int) -> str:
    """The digits under which a notice is sent: 0 and three of its number; none where the carrier allows fewer."""
    return f"0{notice_id % 1000:03d}" if digits >= 4 else ""


def is_quiet(local: datetime, hours: tuple[time, time]) -> bool:
    """True in the quiet hours, which may go past midnight."""
    start, end = hours
    moment = local.time()
    return start <= moment < end if start <= end else moment >= start or moment < end


def opens_at(local: datetime, hours: tuple[time, time]) -> datetime:
    """The next moment outside the quiet hours."""
    if not is_quiet(local, hours):
        return local
    end = local.replace(hour=hours[1].hour, minute=hours[1].minute, second=0, microsecond=0)
    return end if end > local else end + timedelta(days=1)
