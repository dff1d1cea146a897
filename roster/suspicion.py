"""Is a number still its informant's? Suspicions read off a number's signs; a person decides about each.

A number is suspected empty (空号) or suspended (停机) when its texts came back with such codes so many times in a row
over so many days; one text or one delivery ends that. It is suspected of being somebody else's by now (recycled,
二次放号) when it was written off for long and then reached again, or when it says "who are you" after a long
silence: carriers give a cancelled number to the next customer after some three months.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

DAY_MS = 86_400_000


class SignKind(StrEnum):
    """What a number has shown."""

    EMPTY = "empty"  # a text came back: there is no such number
    SUSPENDED = "suspended"  # a text came back: the line is suspended
    DELIVERED = "delivered"
    TEXT = "text"
    STRANGER = "stranger"  # a text whose writer does not know us, or is somebody else


class Sign(NamedTuple):
    """One sign, at a moment in milliseconds since 1970 UTC."""

    at_ms: int
    kind: SignKind


class SuspicionKind(StrEnum):
    """What a number is suspected of."""

    EMPTY = "empty"
    SUSPENDED = "suspended"
    RECYCLED = "recycled"


LABELS = {SuspicionKind.EMPTY: "疑似空号", SuspicionKind.SUSPENDED: "疑似停机", SuspicionKind.RECYCLED: "疑似易主"}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`times` texts came back between `since_ms` and `until_ms`; `reason` says in the office's words why."""

    kind: SuspicionKind
    times: int
    since_ms: int
    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How much it takes."""

    times: int  # texts in a row that came back
    days: int  # between the first and the last of them
    frozen_days: int  # written off so long and then reached: somebody else may have the number
    silent_days: int  # silent so long: a text that does not know us may be somebody else's


def suspicion(signs: Sequence[Sign], since_ms: int, patience: Patience) -> Suspicion | None:
    """What the signs of one number, oldest first, make it suspected of.

    They begin at `since_ms`, when the informant joined or somebody last decided about the number. Being recycled goes
    before being empty, and stays until somebody decides: the new owner's texts prove nothing.
    """
    run: list[Sign] = []  # texts that came back, one after the other
    spell: list[Sign] = []  # the last run since the last text that lasted
    last_text_ms = since_ms
    for sign in signs:
        if sign.kind in (SignKind.EMPTY, SignKind.SUSPENDED):
            run.append(sign)
            continue
        spell = run if _lasted(run, patience.times, patience.days) else spell
        recycled = _recycled(sign, run, spell, last_text_ms, patience)
        if recycled is not None:
            return recycled
        run = []
        if sign.kind is not SignKind.DELIVERED:
            spell, last_text_ms = [], sign.at_ms
    if not _lasted(run, patience.times, patience.days):
        return None
    kind = SuspicionKind(run[-1].kind.value)
    words = "空号" if kind is SuspicionKind.EMPTY else "停机"
    reason = f"{_days(run[0].at_ms, run[-1].at_ms)}天内连续{len(run)}条未送达,最近一次为{words}"
    return Suspicion(kind, len(run), run[0].at_ms, run[-1].at_ms, reason)


def _recycled(
    sign: Sign, run: Sequence[Sign], spell: Sequence[Sign], last_text_ms: int, patience: Patience
) -> Suspicion | None:
    """What a sign of life says about the time before it. Whoever texts about something of their own knows us."""
    if sign.kind is SignKind.DELIVERED:
        away = _days(run[0].at_ms, sign.at_ms) if run else 0
        if len(run) >= patience.times and away >= patience.frozen_days:
            reason = f"空号或停机{away}天后又送达"
            return Suspicion(SuspicionKind.RECYCLED, len(run), run[0].at_ms, sign.at_ms, reason)
    if sign.kind is SignKind.STRANGER:
        silent = _days(last_text_ms, sign.at_ms)
        if spell:
            reason = f"连续{len(spell)}条空号或停机后,来信不像本人"
            return Suspicion(SuspicionKind.RECYCLED, len(spell), spell[0].at_ms, sign.at_ms, reason)
        if silent >= patience.silent_days:
            reason = f"{silent}天没有来信,来信不像本人"
            return Suspicion(SuspicionKind.RECYCLED, len(run), last_text_ms, sign.at_ms, reason)
    return None


def _lasted(run: Sequence[Sign], times: int, days: int) -> bool:
    return len(run) >= times and run[-1].at_ms - run[0].at_ms >= days * DAY_MS


def _days(since_ms: int, until_ms: int) -> int:
    return (until_ms - since_ms) // DAY_MS


@dataclass(frozen=True, slots=True)
class Codes:
    """A carrier's codes in receipts, in their raw form, that say something about the number itself."""

    empty: frozenset[str]
    suspended: frozenset[str]

    @classmethod
    def from_table(cls, protocol: str, table: Mapping[str, Iterable[str]]) -> "Codes":
        """From a protocol's table of `config/numbers.toml`. Raises `ValueError` for a code in both lists."""
        codes = cls(frozenset(table["empty"]), frozenset(table["suspended"]))
        both = codes.empty & codes.suspended
        if both or not all(isinstance(code, str) and code for code in codes.empty | codes.suspended):
            raise ValueError(f"{protocol}:返回码 {'、'.join(sorted(map(str, both))) or '必须是字符串'} 有误")
        return codes

    def sign(self, code: str) -> SignKind | None:
        """What a code says about the number; None when it says nothing."""
        if code in self.empty:
            return SignKind.EMPTY
        return SignKind.SUSPENDED if code in self.suspended else None
