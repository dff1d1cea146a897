"""The year's script, before anything is played: its counts are the papers' and it follows from its seed."""

from collections import Counter
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway import resources
from gateway.settings import Loaded, Settings
from gateway.year import author, figures, wording
from gateway.year.figures import ANSWERS, FULL, Fate, Figures, scaled
from gateway.year.script import Script
from roster.importing import Entry
from routing.calendar import Calendar

OPTING_OUT = tuple(f"1390000{n:04d}" for n in range(14))


@cache
def calendar() -> Calendar:
    return resources.calendar(Loaded(Path(), Settings()))


@cache
def full() -> Script:
    return written(FULL)


def written(of: Figures, seed: int = 1, start: date = date(2014, 5, 1)) -> Script:
    villages = [f"东{n}村" for n in range(900)]
    people = [
        Entry(n, f"+861380000{n:04d}", f"孙{n}", "", "农民", "城关镇", villages[n % 900])
        for n in range(of.people - 200)
    ]
    return author.written(of, seed, start, people, OPTING_OUT, calendar(), ZoneInfo("Asia/Shanghai"))


def test_every_text_of_the_year_has_its_fate() -> None:
    told = Counter(one.fate for one in full().sayings() if one.fate not in ANSWERS)
    assert told == {fate: FULL.of(fate, len(OPTING_OUT)) for fate in Fate if fate not in ANSWERS}
    assert told.total() == 1_076


def test_the_figures_add_up_to_the_papers() -> None:
    assert (FULL.notices, FULL.notices * FULL.people) == (85, 863_005)
    assert (FULL.assigned, FULL.closed, FULL.still_open, FULL.rated) == (310, 260, 50, 186)
    assert FULL.satisfied + FULL.basically == 168
    assert FULL.red + FULL.open_red == 5


def test_the_emergencies_of_the_year_sound_like_that_and_nothing_else_does() -> None:
    words = resources.words(Loaded(Path(), Settings()))
    urgent = {one.opening.words: one.course.urgency == "emergency" for one in full().matters}
    assert [said for said, meant in urgent.items() if words.is_emergency(said) != meant] == []


def test_some_texts_are_long_disordered_incomplete_doubled_or_without_digits() -> None:
    told = [one for one in full().sayings() if one.fate not in ANSWERS]
    long = [one for one in told if len(one.words) > 70]
    assert len(long) == 180
    assert {-(-len(one.words) // 67) for one in long} == {2, 3, 4, 5}
    assert sum(bool(one.shape.missing) for one in told) == 12
    assert sum(one.shape.twice for one in told) == 9
    assert sum(bool(one.shape.order) for one in told) == 36
    assert sum(one.shape.bare for one in told) == round(0.2 * 1_076)


def test_nobody_tells_two_matters_in_the_same_words() -> None:
    told = [(one.number, one.opening.words) for one in full().matters if one.number]
    assert len(set(told)) == len(told)


def test_the_golden_sentences_are_among_them() -> None:
    assert {one.words for one in full().sayings()} >= wording.GOLDEN


def test_nobody_is_asked_in_two_polls_at_a_time() -> None:
    asked = sorted((one.at.date(), one.until) for one in full().announcements if one.until is not None)
    assert len(asked) == 6
    assert all(until < begins for (_, until), (begins, _) in pairwise(asked))


@pytest.mark.parametrize("seed", range(5))
def test_who_votes_or_asks_on_has_the_time_to(seed: int) -> None:
    played = written(FULL, seed)
    polls = [one for one in played.announcements if one.votes]
    assert all(one.at + timedelta(seconds=vote.after + 1_800) < played.end for one in polls for vote in one.votes)
    assert all(played.end - one.at > timedelta(days=1) for one in played.matters if one.told is not None)


def test_the_same_seed_is_the_same_year_and_another_is_another() -> None:
    assert full() == written(FULL)
    assert full() != written(FULL, seed=2)


@pytest.mark.parametrize("scale", [0.03, 0.05, 0.31])
def test_a_smaller_year_adds_up_too(scale: float) -> None:
    of = scaled(scale)
    told = Counter(one.fate for one in written(of).sayings() if one.fate not in ANSWERS)
    assert told == {fate: of.of(fate, len(OPTING_OUT)) for fate in Fate if fate not in ANSWERS}
    assert of.rated <= of.closed


def test_the_year_may_begin_on_another_day() -> None:
    other = written(figures.scaled(0.05), start=date(2026, 1, 1))
    assert all(other.start <= one.at < other.end for one in other.matters)
