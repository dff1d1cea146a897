"""A clock that somebody sets: nothing is given up by it, and what waits goes out when it is right again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway import carrier_desk
from tests.simulation.county import CARRIERS, County, Template, calm


class Misset(County):
    """A county without trouble, whose clock is wrong by `astray`."""

    astray = timedelta()

    def now(self) -> datetime:
        """The wall clock."""
        return super().now() + self.astray

    def until(self, moment: float) -> None:
        """Let it be this many seconds after the beginning."""
        self.loop.call_at(moment, self.loop.stop)
        self.loop.run_forever()

    def states(self) -> set[str]:
        """Of all parts."""
        with self.database.read() as tx:
            return set(tx.exec_driver_sql("SELECT DISTINCT state FROM part").scalars())

    def everywhere(self, held: bool) -> None:
        """Hold or release all carriers."""
        with self.database.write() as tx:
            for name in CARRIERS:
                if held:
                    carrier_desk.hold(tx, name, "甲", "", self.now())
                else:
                    carrier_desk.release(tx, name, self.now())


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Misset]:
    template = Template(tmp_path / "county")
    county = Misset(template, 1, template.copy(1))
    for carrier in county.carriers.values():
        carrier.brain.behaviour = calm(carrier.brain.behaviour)
    county.healed = True
    county.slow_disk = county.cut_in_commit = 0.0
    county.loop.call_soon(county._start)
    county.everywhere(held=True)
    for n in range(3):
        county._single(n)
    yield county
    county.loop.run_until_complete(county._stop())
    county.loop.close()
    county.database.close()


@pytest.mark.parametrize("step", [timedelta(days=3650), timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_set_wrong_expires_nothing_and_loses_nothing(county: Misset, step: timedelta) -> None:
    """E01."""
    county.until(5.0)
    county.astray = step
    county.until(120.0)
    assert county.states() == {"queued"}
    county.astray = timedelta()
    county.everywhere(held=False)
    county.until(200.0)
    assert county.states() == {"delivered"}
    assert all(not carrier.counts()["doubled"] for carrier in county.carriers.values())
