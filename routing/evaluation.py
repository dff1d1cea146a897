"""The yearly evaluation of units (一年一考评): five indices, each of two counts; points for them, points off; ranks.

Units are evaluated and ranked, citizens never are.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from routing.gaming import Checks
from routing.statistics import Tally

INDICES = {
    "rating": "群众评价",
    "reply": "回复率",
    "in_time": "回复时限",
    "quality": "回复质量",
    "solved": "解决率",
}
DEDUCTED = {
    "late": "逾期答复",
    "overdue": "逾期未答复",
    "late_signed": "迟签",
    "returned_refused": "退单未同意",
    "sent_back": "退回重办",
    "dissatisfied": "不满意",
    "summoned": "约谈",
}
SUMMONED = "summoned"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rules:
    """From `config/evaluation.toml`."""

    adopted: frozenset[str]
    solved: frozenset[str]
    weights: Mapping[str, int]
    deductions: Mapping[str, Decimal]
    most: Decimal
    checks: Checks

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Rules":
        """Raises `ValueError` for weights that are not 100, and for points that are none."""
        weights = dict(table["weights"])
        if weights.keys() != INDICES.keys() or any(type(one) is not int or one < 0 for one in weights.values()):
            raise ValueError(f"[weights] 应为 {'、'.join(INDICES)} 各一个不小于 0 的整数")
        if sum(weights.values()) != 100:
            raise ValueError(f"[weights] 合计应为 100,现为 {sum(weights.values())}")
        points = {name: Decimal(str(value)) for name, value in table["deductions"].items()}
        most = points.pop("most")
        if points.keys() != DEDUCTED.keys() or any(value < 0 for value in (most, *points.values())):
            raise ValueError(f"[deductions] 应为 {'、'.join(DEDUCTED)} 和 most,都不小于 0")
        outcomes = table["outcomes"]
        return cls(
            frozenset(outcomes["adopted"]),
            frozenset(outcomes["solved"]),
            weights,
            points,
            most,
            Checks.from_toml(table["checks"]),
        )


@dataclass(frozen=True, slots=True)
class Index:
    """One of the five, as its two lists and what the denominator is called."""

    part: tuple[str, ...]
    whole: tuple[str, ...]
    of: str


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A unit's year, in points with two decimals. `off` are those `deducted`, or the most that may be."""

    unit: str
    indices: Mapping[str, Index]
    earned: Decimal | None  # None: nothing to be judged by
    causes: Mapping[str, tuple[str, ...]]
    deducted: Decimal
    off: Decimal

    @property
    def score(self) -> Decimal | None:
        """Of the points as they are printed, so that the paper adds up; never below nought."""
        return None if self.earned is None else max(Decimal(0), self.earned - self.off)


def indices(tally: Tally) -> dict[str, Index]:
    """The five of a unit."""
    good = Counter(tally.reported) - Counter(tally.reported_back)
    return {
        "rating": Index(tally.content, tally.rated, "已评价"),
        "reply": Index(tally.due_answered, tally.due, "到期"),
        "in_time": Index(tally.due_on_time, tally.due, "到期"),
        "quality": Index(tuple(sorted(good.elements())), tally.reported, "反馈"),
        "solved": Index(tally.solved, tally.answered, "已答复"),
    }


def evaluate(tally: Tally, summoned: Collection[str], rules: Rules) -> Evaluated:
    """A unit's points of a hundred. `summoned` are the months in which its head was."""
    found = indices(tally)
    judged = {name: one for name, one in found.items() if one.whole and rules.weights[name]}
    weight = sum(rules.weights[name] for name in judged)
    earned = sum(
        (Fraction(rules.weights[name] * len(one.part), len(one.whole)) for name, one in judged.items()), Fraction(0)
    )
    causes = {name: getattr(tally, name) for name in DEDUCTED if name != SUMMONED} | {SUMMONED: tuple(summoned)}
    each = (_points_off(name, len(cases), len(tally.assigned), rules) for name, cases in causes.items())
    deducted = _rounded(sum(each, Fraction(0)))
    score = _rounded(earned * 100 / weight) if weight else None
    return Evaluated(tally.unit, found, score, causes, deducted, min(rules.most, deducted))


def _points_off(name: str, times: int, assigned: int, rules: Rules) -> Fraction:
    """Per hundred that the unit was given, so that who has much to do is not worse off for it; a summons by itself."""
    points = Fraction(rules.deductions[name]) * times
    return points if name == SUMMONED else points * 100 / assigned if assigned else Fraction(0)


def ranked(evaluated: Iterable[Evaluated]) -> list[tuple[int | None, Evaluated]]:
    """The best first; equal scores have equal ranks; units that nothing is known of stand last, without one."""
    several = sorted(evaluated, key=lambda one: (one.score is None, -(one.score or 0), one.unit))
    scores = [one.score for one in several if one.score is not None]
    return [(None if one.score is None else 1 + sum(score > one.score for score in scores), one) for one in several]


def _rounded(value: Fraction) -> Decimal:
    """Two decimals, halves up."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(_CENT, ROUND_HALF_UP)


def points(value: Decimal | None) -> str:
    """Points as papers print them."""
    return "-" if value is None else str(value.quantize(_CENT, ROUND_HALF_UP))
