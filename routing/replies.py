"""Whether a text may be answered automatically: never a machine, never ourselves, never too often."""

import re

_MACHINES = re.compile(r"(?:86)?(?:106\d*|1[02]\d{3}|12\d{3}|95\d+|96\d+|100\d{2})")


def may_answer(number: str, text: str, sent_today: int, own_texts: frozenset[str], limit: int) -> bool:
    """`number` is E.164 or whatever the carrier gave; `sent_today` counts automatic texts of the last 24 hours.

    Service numbers (106…, 12xxx, 95…, 96…, 100xx) are machines. A text that begins like one of ours is an
    echo: two systems answering each other would never end.
    """
    digits = number.removeprefix("raw:").lstrip("+")
    if sent_today >= limit or _MACHINES.fullmatch(digits) or number.startswith("raw:"):
        return False
    return not any(text.strip().startswith(own) for own in own_texts)
