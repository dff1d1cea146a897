"""An office for every test of the gateway that wants one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.settings import FILE
from tests.conftest import ENGINES
from tests.gateway.office import Office


def move(folder: Path, url: str) -> None:
    """Let the working folder's store be another one."""
    words = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(words.replace("sqlite:///xinqiao.db", url), encoding="utf-8")


@pytest.fixture(params=ENGINES)
def office(request: pytest.FixtureRequest, folder: Path) -> Iterator[Office]:
    """A gateway without its network, with ten informants of China Mobile: 13800000001 and on."""
    if request.param == "postgresql":
        move(folder, request.getfixturevalue("on_postgres"))
    office = Office(folder)
    office.join(*(f"138000000{number:02d}" for number in range(1, 11)))
    yield office
    office.tick.close()
    office.database.close()


@pytest.fixture(scope="module")
def desk_office(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose desk is asked and whose store is left alone."""
    office = Office(shutil.copytree(_made, tmp_path_factory.mktemp("desk") / "county"))
    yield office
    office.tick.close()
    office.database.close()
