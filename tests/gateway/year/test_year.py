"""A small year played to its end: every figure of its table matches; the same seed plays the same days."""

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog

from gateway.cli import rehearse
from gateway.year import acceptance, play
from gateway.year.figures import scaled

SCALE = 0.03
FAST = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is any: a year has many commits."""
    rehearse.quiet()
    with tempfile.TemporaryDirectory(prefix="xinqiao-year-", dir=FAST if FAST.is_dir() else None) as top:
        yield Path(top) / "county"
    structlog.reset_defaults()


def test_every_figure_of_a_small_year_matches(folder: Path) -> None:
    year = play.play(folder, scaled(SCALE))
    lines = acceptance.table(year)
    assert not [line for line in lines if not line.ok]
    assert len(lines) > 100
    assert not [link for link in year.truth.links if link.right is False]
    year.county.close()


def test_the_same_seed_plays_the_same_days(folder: Path) -> None:
    hashes = set()
    for n in range(2):
        until = datetime(2014, 5, 16, tzinfo=play.HERE) + timedelta(hours=1)
        year = play.play(folder / str(n), scaled(SCALE), until=until)
        hashes.add(acceptance.ledger(year))
        year.county.close()
    assert len(hashes) == 1
