"""The archive that reports, search and triage are measured on is one that the office's own steps could have written."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.archive import build
from gateway import fsck, resources, search, supervision_desk, triage_desk
from gateway.casebook import Desk
from gateway.cli.desk import read_keys
from gateway.database import Database
from gateway.settings import load
from gateway.sight import Reader
from gateway.tables import case_ticket, token_count
from roster.vault import Vault
from routing import store
from tests.conftest import NOON, NOON_MS

CASES = 400


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three years of a small office, up to noon."""
    folder = tmp_path_factory.mktemp("archive") / "county"
    build(folder, CASES, NOON, people=150)
    return folder


def test_it_is_whole_and_has_every_fate(archive: Path) -> None:
    settings = load(archive, {})
    database = Database(settings.store_url())
    with database.read() as tx:
        assert list(fsck.check(tx, read_keys(settings).seal, NOON_MS)) == []
        cases = store.listed(tx, limit=2 * CASES)
        states = Counter(case.state for case in cases)
    assert len(cases) == CASES
    assert states["closed"] > CASES / 2
    assert {"merged", "rejected"} <= states.keys()
    assert {1, 2, 3, None} == {case.rating for case in cases}
    database.close()


@pytest.mark.parametrize(("name", "days_ago"), [("2026-11", 0), ("2026-03", 0), ("2026-01", 0), ("2026-03", 200)])
def test_a_month_calls_for_the_same_whether_all_cases_are_looked_at_or_those_that_matter(
    archive: Path, name: str, days_ago: int
) -> None:
    settings = load(archive, {})
    database = Database(settings.store_url())
    now = NOON - timedelta(days_ago)
    desk = supervision_desk.as_known(Desk.from_settings(settings), now)
    with database.write() as tx:
        tx.execute(sa.update(case_ticket).values(place="城关镇东赵村").where(case_ticket.c.place != ""))
        found = supervision_desk.look_at_month(tx, desk, name, now)
        everything = supervision_desk.look(tx, desk, now)
        assert found == supervision_desk.month(desk, everything, name, now)
        assert found.repeats
        assert found.standings
        tx.rollback()
    database.close()


def test_it_can_be_filed_and_searched(archive: Path) -> None:
    settings = load(archive, {})
    database = Database(settings.store_url())
    assert triage_desk.file_all(database, resources.reader(settings)) == CASES
    assert triage_desk.file_all(database, resources.reader(settings)) == 0
    with database.read() as tx:
        assert tx.scalar(sa.select(token_count.c.cases).where(token_count.c.token == 0)) == CASES
        assert search.find(tx, Vault(read_keys(settings)), ["路灯"], Reader.of(["operator"])).cases
    database.close()
