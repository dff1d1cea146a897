"""Numbers as people write them, made E.164; and how a number may be shown."""

import re
import unicodedata
from dataclasses import dataclass

REGION = "CN"
_MOBILE = re.compile(r"1[3-9]\d{9}")
_CALL_PREFIX = re.compile(r"^(?:17951|17911|12593)(?=1\d{10}$)")  # long-distance prefixes that phones used to keep


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something written is not a number that can be texted. `kind` is "landline" or "invalid"."""

    kind: str
    reason: str


def parse(written: str) -> str | Fault:
    """E.164 ("+8613800138000") of a mobile number in any usual spelling.

    Blanks, hyphens, brackets, full-width digits, +86, 0086, 86, 17951 and a leading apostrophe are understood;
    so is "13800138000.0", which spreadsheets make of numbers. Foreign numbers need their +.
    """
    digits = _tidy(written)
    mobile = _CALL_PREFIX.sub("", re.sub(r"^(?:\+?86|0086)", "", digits))
    if _MOBILE.fullmatch(mobile):
        return f"+86{mobile}"
    if digits.startswith("+") and not digits.startswith("+86"):
        return _foreign(digits)
    return Fault("landline", "是固定电话,不能收短信") if _is_landline(digits) else _invalid(digits)


def national(number: str) -> str:
    """The 11 digits of a Chinese number, other numbers unchanged."""
    return number.removeprefix("+86")


def masked(number: str) -> str:
    """How a number is shown: 138****5678."""
    digits = national(number)
    if len(digits) < 7:
        return "*" * len(digits)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def masked_name(name: str) -> str:
    """How a name is shown: 王**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def masked_identity(identity: str) -> str:
    """How an identity number is shown: only its last four characters."""
    return "*" * (len(identity) - 4) + identity[-4:] if len(identity) > 4 else "*" * len(identity)


def _tidy(written: str) -> str:
    text = unicodedata.normalize("NFKC", written).strip().lstrip("'`’‘")
    text = re.sub(r"\.0+$", "", text)
    return re.sub(r"[\s\-‐‑–—()()._/]+", "", text)


def _is_landline(digits: str) -> bool:
    bare = re.sub(r"^(?:\+?86|0086)", "", digits)
    if re.fullmatch(r"[2-8]\d{6,7}", bare):
        return True  # a local number without its area code
    if not re.fullmatch(r"0?\d{9,11}", bare):
        return False
    import phonenumbers  # few numbers need it, and no command should wait for its tables

    try:
        number = phonenumbers.parse(bare if bare.startswith("0") else f"0{bare}", REGION)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE


def _foreign(digits: str) -> str | Fault:
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, None)
    except phonenumbers.NumberParseException:
        return _invalid(digits)
    if not phonenumbers.is_valid_number(number):
        return _invalid(digits)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _invalid(digits: str) -> Fault:
    if re.fullmatch(r"[\d.]+e\+?\d+", digits, re.IGNORECASE):
        return Fault("invalid", "号码被表格改成了科学计数,已失真,请改为文本格式重新填写")
    if digits.isdecimal() and len(digits) != 11:
        return Fault("invalid", f"号码应为11位,实际{len(digits)}位")
    return Fault("invalid", "不是有效的手机号码")
