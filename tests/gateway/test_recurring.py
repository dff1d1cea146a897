"""Notices that come back: a draft a period, never two, never sent by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import notices, recurring
from gateway.errors import NotFound, Refused
from gateway.tables import notice
from roster.audiences import Audience
from tests.conftest import NOON
from tests.gateway.office import Office


def start(
    office: Office, rhythm: str = "month:first", words: str = "{月}月工作通报:请看县政府网站。"
) -> recurring.Repeat:
    with office.database.write() as tx:
        return recurring.start(
            tx,
            title="工作月报",
            topic="重大决策部署",
            words=words,
            audience=Audience(categories=("教师",)),
            rhythm=rhythm,
            author="甲",
            signature="【肥乡双向沟通办】",
            max_parts=10,
            today=office.desk.today(office.now),
            now=office.now,
        )


def sweep(office: Office, *day: int) -> list[int]:
    office.minutes = (datetime(*day, 4, tzinfo=UTC) - NOON).total_seconds() / 60  # type: ignore[misc]
    with office.database.write() as tx:
        return recurring.sweep(tx, office.desk, 24, office.now)


def drafts(office: Office) -> list[Any]:
    return office.rows(sa.select(notice).order_by(notice.c.id))


def test_a_draft_is_made_once_a_month_on_its_working_day_and_somebody_else_approves_it(office: Office) -> None:
    start(office)
    assert sweep(office, 2026, 11, 24) == []  # this month's day was before it was set up
    assert sweep(office, 2026, 11, 30) == []
    assert sweep(office, 2026, 12, 1) == [1]
    assert sweep(office, 2026, 12, 1) == sweep(office, 2026, 12, 2) == []
    [one] = drafts(office)
    assert (one.title, one.body, one.state) == (
        "工作月报 2026-12",
        "【肥乡双向沟通办】12月工作通报:请看县政府网站。",
        "draft",
    )
    with pytest.raises(Refused, match="起草人"), office.database.write() as tx:
        notices.approve(tx, office.vault, one.id, "甲", None, ["mobile"], 24, office.now)
    with office.database.write() as tx:
        assert notices.approve(tx, office.vault, one.id, "乙", None, ["mobile"], 24, office.now).state == "approved"


def test_a_deleted_draft_does_not_come_back_and_a_day_that_was_missed_does(office: Office) -> None:
    start(office, "week:5")
    assert sweep(office, 2026, 11, 26) == []
    [first] = sweep(office, 2026, 11, 29)  # the gateway did not run on Friday
    with office.database.write() as tx:
        notices.delete(tx, first)
    assert sweep(office, 2026, 11, 29) == []
    assert len(sweep(office, 2026, 12, 4)) == 1
    with office.database.read() as tx:
        [(_, made)] = recurring.listed(tx)
    assert [row.period for row in made] == ["2026-W49", "2026-W48"]


def test_what_is_ended_makes_no_more_drafts(office: Office) -> None:
    one = start(office)
    with office.database.write() as tx:
        recurring.end(tx, one.id, office.now)
        with pytest.raises(Refused, match="已经停止"):
            recurring.end(tx, one.id, office.now)
        with pytest.raises(NotFound):
            recurring.end(tx, 9, office.now)
    assert sweep(office, 2026, 12, 1) == []


@pytest.mark.parametrize(
    ("rhythm", "words", "said"), [("day:1", "x", "周期"), ("week:1", "{邮箱}", "字段"), ("week:1", "", "内容")]
)
def test_what_could_never_be_sent_is_refused_at_once(office: Office, rhythm: str, words: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        start(office, rhythm, words)
