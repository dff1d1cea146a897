"""An office for every test of the gateway that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.office import Office


@pytest.fixture
def office(folder: Path) -> Iterator[Office]:
    """A gateway without its network, with ten informants of China Mobile: 13800000001 and on."""
    office = Office(folder)
    office.join(*(f"138000000{number:02d}" for number in range(1, 11)))
    yield office
    office.tick.close()
    office.database.close()
