"""G10: a carrier's machine dies in the middle of a notice and comes back without a memory.

The daemon, its sweeps and the three simulated carriers are the real ones; clock and network are played.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway import audit, fsck, notices, outbox, resources, roster_desk
from gateway.notices import report
from gateway.year.county import County
from roster.audiences import Audience
from roster.importing import Entry

HERE = ZoneInfo("Asia/Shanghai")
HEADS = {"mobile": "1380000", "unicom": "1300000", "telecom": "1330000"}
EACH = 100
DIES_AT = 0.4 * EACH


class Story:
    """A notice to three hundred people, forty a second; Unicom dies when forty of its hundred have it."""

    def __init__(self, folder: Path) -> None:
        self.county = County(folder, datetime(2026, 11, 24, 9, tzinfo=HERE), 1, {"rate": 40.0, "window": 16})
        self.given: list[str] = []  # whose phone got it over Unicom before it died
        county = self.county
        numbers = [f"{head}{n:04d}" for head in HEADS.values() for n in range(1, EACH + 1)]
        entries = tuple(
            Entry(n, f"+86{no}", f"孙{no[-3:]}", "", "教师", "城关镇", "西堡村") for n, no in enumerate(numbers)
        )
        with county.database.write() as tx:
            plan = roster_desk.Plan(entries, (), 0, ())
            roster_desk.apply(tx, county.vault, county.prefixes, plan, county.now())
            body = county.settings.values.signature + "明天上午九点在县礼堂开会,请准时参加。"
            one = notices.draft(
                tx, title="", topic="教育", body=body, audience=Audience(), author="甲", now=county.now(),
                validity_hours=24,
            )  # fmt: skip
            notices.approve(tx, county.vault, one.id, "乙", None, list(county.carriers), 0, county.now())
            audit.record(tx, county.seal_key, "乙", "notice.approve", f"notice {one.id}", {}, county.now())
        self.notice = one.id

    async def play(self) -> None:
        """What happens."""
        county = self.county
        unicom = county.carriers["unicom"]
        with county.database.write() as tx:
            notices.send(tx, self.notice, county.now(), county.now())
        while unicom.counts()["accepted"] < DIES_AT:
            await asyncio.sleep(0.05)
        county.shut("unicom")
        self.before = unicom.counts()["accepted"]
        await asyncio.sleep(60)
        self.at_death = self.states()
        self.after = county.open("unicom", 99)
        county.network.closed_doors.clear()
        await county.settle()
        self.when_back = self.states()
        for _ in range(2):
            county.loop.leap(county.loop.time() + 3 * 86_400)
            await county.settle()

    def states(self) -> Counter[tuple[str, str]]:
        """People by carrier and how their message stands."""
        with self.county.database.read() as tx:
            told = report.account(tx, notices.by_id(tx, self.notice))
        return Counter(
            {(name, state): n for name, tally in told.by_carrier.items() for state, n in tally.people.items() if n}
        )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    played = Story(tmp_path_factory.mktemp("g10") / "county")
    played.county.run(played.play)
    yield played
    played.county.close()


def test_the_others_finish_while_it_is_dead(story: Story) -> None:
    assert story.at_death["mobile", "delivered"] == story.at_death["telecom", "delivered"] == EACH
    assert story.at_death["unicom", "queued"] >= EACH - story.before - 16


def test_the_notice_resumes_when_it_is_back(story: Story) -> None:
    waited = story.at_death["unicom", "queued"]
    assert waited
    assert story.after.counts()["accepted"] == waited
    assert story.when_back["unicom", "queued"] == 0


def test_nobody_gets_it_twice(story: Story) -> None:
    assert story.county.phones.doubled == 0
    fates = sum(story.county.phones.notices.values(), Counter())
    assert fates.total() == 2 * EACH + story.before + story.after.counts()["accepted"]


def test_the_ledger_explains_every_recipient(story: Story) -> None:
    """Who was on the wire when it died is in doubt, is not sent again, and ends as "not known": nobody is forgotten."""
    states = story.states()
    assert sum(states.values()) == 3 * EACH
    assert {state for _, state in states} <= outbox.FINAL
    lost = EACH - states["unicom", "delivered"]
    assert lost == sum(states["unicom", state] for state in ("unknown", "expired")) <= 32
    with story.county.database.read() as tx:
        assert not list(fsck.check(tx, story.county.seal_key, round(story.county.now().timestamp() * 1000)))
    assert not story.county.troubles


def test_the_carriers_are_those_of_the_settings(story: Story) -> None:
    protocols = {one.protocol for one in resources.profiles(story.county.settings).values()}
    assert protocols == {"cmpp3", "sgip", "smgp"}
