"""Shares that name what they are made of. A percentage cannot be typed: it is only made from two counts."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rate:
    """`numerator` of `denominator`; `of` names the denominator. Raises `ValueError` where it is no share."""

    numerator: int
    denominator: int
    of: str

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator:
            raise ValueError(f"{self.numerator}/{self.denominator} is no share")

    @property
    def percent(self) -> str:
        """With two decimals, halves up; "-" where there is nothing to divide by."""
        return percent(self.numerator, self.denominator)

    def __str__(self) -> str:
        return f"{self.percent}({self.numerator}/{self.denominator})" if self.denominator else "-"


def percent(numerator: int, denominator: int) -> str:
    """What part two counts make, as every table prints it: "99.16%", or "-" for 0/0."""
    if not denominator:
        return "-"
    return f"{(Decimal(100 * numerator) / denominator).quantize(_HUNDREDTH, ROUND_HALF_UP)}%"


def share(part: Collection[str], whole: Collection[str], of: str) -> Rate:
    """The rate of two lists of case numbers. Raises `ValueError` when something of the part is not in the whole."""
    strange = Counter(part) - Counter(whole)
    if strange:
        raise ValueError(f"{'、'.join(strange)} not in the denominator")
    return Rate(len(part), len(whole), of)
