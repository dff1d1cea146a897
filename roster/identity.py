"""Identity numbers (居民身份证号, GB 11643): 17 digits and a check character.

The area is not looked up: areas were renumbered, and a table refuses people who were born before or after.
"""

import re
import unicodedata
from datetime import date

_WEIGHTS = tuple(2**power % 11 for power in range(17, 0, -1))  # ISO 7064, MOD 11-2
_CHECKS = "10X98765432"


def tidy(written: str) -> str:
    """Half width, upper case, no blanks or apostrophes."""
    return re.sub(r"[\s'`’‘]", "", unicodedata.normalize("NFKC", written)).upper()


def fault(identity: str, today: date) -> str:
    """Why this is no identity number; empty when it is one."""
    if not re.fullmatch(r"\d{17}[\dX]", identity):
        return f"身份证号应为18位,实际{len(identity)}位" if len(identity) != 18 else "身份证号含有不该有的字符"
    try:
        born = date(int(identity[6:10]), int(identity[10:12]), int(identity[12:14]))
    except ValueError:
        return "身份证号中的出生日期不存在"
    if not date(1900, 1, 1) <= born <= today:
        return "身份证号中的出生日期不合理"
    if check_character(identity[:17]) != identity[17]:
        return "身份证号校验位不符,请核对是否写错"
    return ""


def check_character(digits: str) -> str:
    """The 18th character for 17 digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]
