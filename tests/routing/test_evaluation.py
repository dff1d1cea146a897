"""The yearly points: five indices, points off by the hundred, ranks of units."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from routing import evaluation
from routing.cases import OUTCOMES
from routing.evaluation import Rules
from routing.statistics import Tally

SHIPPED = tomllib.loads((Path(__file__).parents[2] / "config" / "evaluation.toml").read_text(encoding="utf-8"))
RULES = Rules.from_toml(SHIPPED)


def cases(n: int, first: int = 0) -> tuple[str, ...]:
    return tuple(f"FX{first + one}" for one in range(n))


def good(unit: str, **more: tuple[str, ...]) -> Tally:
    """A unit that had ten and did everything well."""
    ten = cases(10)
    done = {"assigned": ten, "on_time": ten, "due": ten, "due_on_time": ten, "due_answered": ten}
    return Tally(unit, **{**done, "reported": ten, "solved": ten, "satisfied": ten, **more})


def test_who_did_everything_well_has_a_hundred() -> None:
    one = evaluation.evaluate(good("甲"), (), RULES)
    assert (one.earned, one.off, one.score) == (Decimal(100), Decimal(0), Decimal(100))


def test_an_index_without_a_denominator_is_left_out_and_the_others_stand_for_it() -> None:
    one = evaluation.evaluate(good("甲", satisfied=()), (), RULES)
    assert one.earned == Decimal(100)
    half = evaluation.evaluate(good("甲", satisfied=(), due_on_time=cases(5)), (), RULES)
    assert half.earned == Decimal("83.33")  # 62.5 of the 75 that are left
    assert evaluation.evaluate(Tally("乙", thanked=cases(1)), (), RULES).score is None


def test_points_off_go_by_the_hundred_and_never_beyond_the_most() -> None:
    one = evaluation.evaluate(good("甲", late=cases(1), dissatisfied=cases(2)), ("2026-03",), RULES)
    assert one.off == Decimal("20.00")  # 0.5 for 10 in a hundred, 0.5 for 20, and a summons
    worst = evaluation.evaluate(good("甲", overdue=cases(10)), (), RULES)
    assert (worst.deducted, worst.off, worst.score) == (Decimal("100.00"), Decimal("30"), Decimal("70"))


def test_a_report_that_was_sent_back_is_no_good_one_once() -> None:
    index = evaluation.indices(Tally("甲", reported=("FX1", "FX1", "FX2"), reported_back=("FX1",)))["quality"]
    assert (index.part, index.whole) == (("FX1", "FX2"), ("FX1", "FX1", "FX2"))


def test_equal_scores_have_equal_ranks_and_the_unknown_stand_last() -> None:
    several = [good("乙"), good("甲"), Tally("丁"), good("丙", satisfied=(), dissatisfied=cases(10))]
    found = evaluation.ranked(evaluation.evaluate(one, (), RULES) for one in several)
    assert [(rank, one.unit) for rank, one in found] == [(1, "乙"), (1, "甲"), (3, "丙"), (None, "丁")]


@pytest.mark.parametrize(
    ("section", "change", "complaint"),
    [
        ("weights", {"rating": 26}, "合计应为 100"),
        ("weights", {"kindness": 0}, "各一个"),
        ("deductions", {"late": -1}, "都不小于 0"),
        ("deductions", {"rudeness": 1}, "和 most"),
        ("checks", {"returns": 0}, "不小于 1"),
    ],
)
def test_what_cannot_be_is_refused(section: str, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Rules.from_toml({**SHIPPED, section: {**SHIPPED[section], **change}})


def test_what_an_operator_may_write_as_adopted_and_solved_counts_as_that() -> None:
    assert {"已采用", "部分采用"} == RULES.adopted & {*OUTCOMES}
    assert {"已解决", "已采用"} == RULES.solved & {*OUTCOMES}
