"""Six hundred invented texts of people in danger, and of people who only sound so.

`danger.tsv`: half a is what the words were written with, b was held back meanwhile, c was written afterwards.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway import resources
from gateway.settings import Loaded
from routing.danger import Danger
from routing.words import Words

Rows = Sequence[dict[str, str]]


@pytest.fixture(scope="module")
def words(shipped: Loaded) -> Words:
    return resources.words(shipped)


@pytest.fixture(scope="module")
def rows() -> Rows:
    with Path(__file__).with_name("danger.tsv").open(encoding="utf-8", newline="") as lines:
        return [*csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.mark.parametrize(("half", "found", "false"), [("a", 0.98, 0.08), ("b", 0.9, 0.18), ("c", 0.9, 0.08)])
def test_most_dangers_are_found_and_few_are_invented(
    rows: Rows, words: Words, half: str, found: float, false: float
) -> None:
    of_half = [one for one in rows if one["half"] == half]
    dangers = [one["text"] for one in of_half if one["danger"]]
    others = [one["text"] for one in of_half if not one["danger"]]
    missed = [text for text in dangers if not words.is_emergency(text)]
    invented = [text for text in others if words.is_emergency(text)]
    assert min(len(dangers), len(others)) >= 100
    assert len(missed) <= (1 - found) * len(dangers) + 1e-6, missed
    assert len(invented) <= false * len(others) + 1e-6, invented


def danger(**more: object) -> Danger:
    signs = {"who": ["孩", "老 人|汉"], "hurt": ["被|让 … 咬|撞", "晕"]}
    back = {"feared": ["怕"], "supposed": ["去年"]}
    return Danger.from_toml(back | {"signs": signs, "together": {"hurt": ["who"]}, "matter": ["谁管"]} | more)


@pytest.mark.parametrize("text", ["孩子让疯狗咬了", "老汉晕了", "晕在路上,是个老人"])
def test_two_signs_close_together_are_danger(text: str) -> None:
    assert danger().is_told(text)


@pytest.mark.parametrize(
    "text", ["老汉来了", "让疯狗咬了", "孩子" + "很好," * 20 + "晕", "怕老人晕车", "老人被狗撞,谁管", "去年孩子晕了"]
)
def test_one_sign_two_far_apart_or_in_an_ordinary_matter_are_none(text: str) -> None:
    assert not danger().is_told(text)


def test_what_is_over_is_no_danger_unless_it_goes_on() -> None:
    told = danger(words=["着火"], over=["扑灭"], now=["还在烧"])
    assert not told.is_told("着火了,已经扑灭")
    assert told.is_told("着火了,扑灭一半,还在烧")


def test_a_kind_without_words_is_named() -> None:
    with pytest.raises(ValueError, match="nobody"):
        danger(together={"hurt": ["nobody"]})
