"""Hundreds of counties in trouble: no promise is broken, and whoever breaks one on purpose is found out."""

from pathlib import Path

from tests.postgres import Server
from tests.simulation.county import Template, forget, play
from tests.simulation.planted import BUGS
from tests.simulation.seeds import all_judged, found_by, judged, totals

SEEDS = 300
SEEDS_ON_POSTGRES = 8
ENOUGH = 150  # seeds that must suffice to find any of the planted bugs


def test_no_promise_is_broken_whatever_goes_wrong() -> None:
    verdicts = dict(all_judged(range(SEEDS)))
    assert {seed: verdict.broken for seed, verdict in verdicts.items() if verdict.broken} == {}
    counts = totals(verdicts.values())
    assert not counts["lost"] + counts["duplicated"] + counts["unexpected"]
    assert counts["crashes"] > SEEDS / 2
    assert counts["recovered"] > SEEDS / 2


def test_nor_is_one_on_postgresql(server: Server, tmp_path: Path) -> None:
    template = Template(tmp_path / "county", server)
    verdicts = {seed: judged(template, seed) for seed in range(SEEDS_ON_POSTGRES)}
    assert {seed: verdict.broken for seed, verdict in verdicts.items() if verdict.broken} == {}
    assert totals(verdicts.values())["crashes"] > SEEDS_ON_POSTGRES / 2


def test_every_planted_bug_is_found() -> None:
    assert len(BUGS) >= 20
    assert [name for name, seed, _ in found_by(ENOUGH) if seed is None] == []


def test_a_seed_tells_the_same_story_every_time(tmp_path: Path) -> None:
    template = Template(tmp_path / "county")
    stories = []
    for _ in range(2):
        county, story = play(template, 4)
        forget(county)
        stories.append(story)
    assert stories[0] == stories[1]
