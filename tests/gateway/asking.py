"""The steps of asking that several tests take: a notice or a poll from its draft until it has arrived."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import notices, polls
from gateway.notices.asked import question_of
from gateway.notices.store import Notice
from gateway.tables import text
from roster.audiences import Audience
from routing.polls import Outcome
from tests.gateway.office import Office

PLAZA = "拟在人民广场北侧建文化廊架,您是否同意?"


def poll(office: Office, words: str = PLAZA, days: int = 7, **more: Any) -> Notice:
    """A poll, drafted, approved, sent and delivered."""
    one = drafted(office, words, days, **more)
    released(office, one.id)
    arrived(office)
    return one


def drafted(office: Office, words: str = PLAZA, days: int = 7, **more: Any) -> Notice:
    """A poll that one has drafted."""
    given: dict[str, Any] = {
        "words": words,
        "until": last_day(office, days),
        "zone": office.settings.zone(),
        "topic": "重大决策部署",
        "audience": Audience(),
        "author": "甲",
        "now": office.now,
        "validity_hours": 24,
        "max_parts": 10,
    }
    with office.database.write() as tx:
        return polls.draft(tx, office.desk.texts, **given | more)


def last_day(office: Office, days: int) -> date:
    """The office's date in so many days."""
    return office.desk.today(office.now) + timedelta(days)


def notice(office: Office, words: str, audience: Audience | None = None, **more: Any) -> Notice:
    """A notice that asks nothing, until it has arrived."""
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="",
            topic="教育",
            body=f"【肥乡双向沟通办】{words}",
            audience=audience or Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
            **more,
        )
    released(office, one.id)
    arrived(office)
    return one


def released(office: Office, notice_id: int) -> Notice:
    """Another approves it and sends it."""
    with office.database.write() as tx:
        carriers = list(office.settings.values.carriers)
        notices.approve(tx, office.vault, notice_id, "乙", None, carriers, 24, office.now)
        return notices.send(tx, notice_id, office.now, office.now)


def arrived(office: Office) -> list[Any]:
    """What waits goes out and arrives. The submits."""
    submits = office.submit(1000)
    office.deliver(submits)
    return submits


def outcome(office: Office, question_id: int) -> Outcome:
    """What a poll has come to."""
    with office.database.read() as tx:
        return polls.outcome(tx, question_of(tx, question_id))


def close(office: Office, question_id: int) -> Outcome:
    """Somebody closes it."""
    with office.database.write() as tx:
        return polls.outcome(tx, polls.close(tx, question_id, "甲", office.now))


def texted(office: Office, number: str, words: str, extension: str = "") -> Any:
    """A text comes in. Its row, as it was decided."""
    office.minutes += 1
    office.text(number, words, extension)
    return texts(office)[-1]


def texts(office: Office) -> Sequence[Any]:
    """All texts, oldest first."""
    return office.rows(sa.select(text).order_by(text.c.id))


def extension(notice_id: int) -> str:
    """The digits of a notice."""
    return notices.extension_of(notice_id, 4)
