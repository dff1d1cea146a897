"""Rates print what their counts make, and nothing else can be one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rates import Rate, share


@pytest.mark.parametrize(
    ("numerator", "denominator", "printed"),
    [
        (829, 836, "99.16%(829/836)"),
        (25_940, 26_633, "97.40%(25940/26633)"),
        (263, 271, "97.05%(263/271)"),
        (3_631, 3_760, "96.57%(3631/3760)"),  # a paper once printed 96.3
        (3_631, 4_186, "86.74%(3631/4186)"),  # of all, not of those that were due: another rate
        (12_043, 13_162, "91.50%(12043/13162)"),
        (54_213, 54_637, "99.22%(54213/54637)"),
        (260, 310, "83.87%(260/310)"),
        (168, 186, "90.32%(168/186)"),
        (37, 37, "100.00%(37/37)"),
        (1, 800, "0.13%(1/800)"),  # 0.125: halves up
        (0, 5, "0.00%(0/5)"),
        (0, 0, "-"),
    ],
)
def test_it_prints_with_both_counts(numerator: int, denominator: int, printed: str) -> None:
    assert str(Rate(numerator, denominator, "到期")) == printed


@pytest.mark.parametrize(("numerator", "denominator"), [(2, 1), (-1, 3), (1, 0)])
def test_what_is_no_share_is_no_rate(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        Rate(numerator, denominator, "到期")


def test_its_part_lies_in_its_whole() -> None:
    assert share(["甲1"], ["甲1", "甲2"], "到期") == Rate(1, 2, "到期")
    with pytest.raises(ValueError, match="甲3"):
        share(["甲3"], ["甲1", "甲2"], "到期")
    with pytest.raises(ValueError, match="甲1"):
        share(["甲1", "甲1"], ["甲1", "甲2"], "到期")  # twice in the part, once in the whole


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_it_is_never_more_than_half_a_hundredth_off(part: int, more: int) -> None:
    rate = Rate(part, part + more, "到期")
    off = Decimal(rate.percent[:-1]) * rate.denominator - 100 * part
    assert -Decimal("0.005") * rate.denominator < off <= Decimal("0.005") * rate.denominator
