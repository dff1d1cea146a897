"""Which notice a text replies to: the digits texted to; else the words, when there is only one notice of these days.

The link stands beside what becomes of the text: a matter is a case all the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from routing.inbound import Decision, DecisionKind
from routing.words import alike

LIKE = 0.30  # share of character pairs in common from which a text speaks of a notice
UNLINKED = frozenset({DecisionKind.COMMAND, DecisionKind.EMPTY, DecisionKind.RATING})
_SIGNATURE = re.compile(r"【[^】]*】")


@dataclass(frozen=True, slots=True)
class Sent:
    """A notice that went to the sender within the window for replies."""

    notice_id: int
    extension: str
    words: str


@dataclass(frozen=True, slots=True)
class Link:
    """The notice that a text replies to, why, and how certain that is."""

    notice_id: int
    reason: str
    confidence: float


def link(text: str, extension: str, sent: Sequence[Sent], decision: Decision) -> Link | None:
    """The notice of a text that was decided; None where it replies to none, or nobody can tell."""
    if decision.notice_id is not None:
        return Link(decision.notice_id, decision.reason, decision.confidence)
    if decision.kind in UNLINKED:
        return None
    if extension:
        one = next((one for one in sent if one.extension == extension), None)
        return None if one is None else Link(one.notice_id, f"回复到第{one.notice_id}号通知的扩展码", 0.95)
    if len(sent) == 1:
        likeness = alike(text, _SIGNATURE.sub("", sent[0].words))
        if likeness >= LIKE:
            reason = f"没有扩展码,近日只发过第{sent[0].notice_id}号通知,内容相近({likeness:.0%})"
            return Link(sent[0].notice_id, reason, 0.7)
    return None
