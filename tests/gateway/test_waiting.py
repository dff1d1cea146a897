"""Who waits for a line is counted, and can be phoned when no line will do it any more."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import outbox
from gateway.errors import NOT_FOUND, REFUSED
from gateway.outbox import HOUR
from gateway.waiting import Unreached, Waiting, unreached, waiting
from roster.networks import Belonging
from roster.store import find_or_add_person
from tests.conftest import NOON
from tests.gateway.office import Office
from tests.gateway.test_notices import approve, draft, send
from tests.gateway.town import Town


def who_waits(office: Office, carrier: str | None = None) -> list[Waiting]:
    with office.database.read() as tx:
        return waiting(tx, carrier)


def whom_to_phone(office: Office, carrier: str | None = None, hours: int = 48) -> list[Unreached]:
    with office.database.read() as tx:
        return unreached(tx, office.vault, carrier, hours, office.now_ms)


def text(office: Office, number: str, body: str, purpose: str = "single", hours: int = 24) -> None:
    with office.database.write() as tx:
        known = find_or_add_person(tx, office.vault, f"+86{number}", Belonging("mobile", "prefix", "138"), office.now)
        outbox.put(
            tx,
            person_id=known.id,
            body=body,
            purpose=purpose,
            created_by="甲",
            now_ms=office.now_ms,
            validity_ms=hours * HOUR,
        )


def expire(office: Office) -> None:
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms)


def test_what_waits_is_counted_by_notice_and_purpose_with_its_times(office: Office) -> None:
    send(office, approve(office, draft(office).id).id)
    office.minutes = 30
    text(office, "13800000001", "长" * 71)
    text(office, "13800000001", "短", hours=1)
    text(office, "13800000002", "答复", purpose="reply")
    notice, single, reply = who_waits(office)
    assert (notice.purpose, notice.notice_id, notice.title, notice.state) == ("notice", 1, "会", "running")
    assert (notice.people, notice.parts, notice.oldest) == (10, 10, NOON)
    assert (single.purpose, single.notice_id, single.people, single.parts) == ("single", None, 1, 3)
    assert (single.oldest, (single.last_expires - single.expires).seconds) == (office.now, 23 * 3600)
    assert (reply.purpose, reply.parts) == ("reply", 1)


def test_what_is_sent_waits_no_more_and_another_line_is_another_matter(office: Office) -> None:
    office.join("13000000001")
    send(office, approve(office, draft(office).id).id)
    assert [(one.carrier, one.parts) for one in who_waits(office)] == [("mobile", 10), ("unicom", 1)]
    office.submit(4)
    assert [(one.carrier, one.parts) for one in who_waits(office)] == [("mobile", 6), ("unicom", 1)]
    assert [one.carrier for one in who_waits(office, "unicom")] == ["unicom"]
    assert who_waits(office, "telecom") == []


def test_people_to_phone_are_those_who_wait_and_those_whose_text_expired_unsent(office: Office) -> None:
    send(office, approve(office, draft(office).id).id)
    office.deliver(office.submit(4))
    text(office, "13800000010", "您的来信已办结", purpose="reply", hours=48)
    assert len(whom_to_phone(office)) == 7
    office.minutes = 25 * 60
    expire(office)
    found = whom_to_phone(office)
    assert [(one.purpose, one.expired) for one in found] == [("notice", True)] * 6 + [("reply", False)]
    assert (found[0].name, found[0].phone, found[0].title) == ("钱005", "+8613800000005", "会")
    assert (found[0].category, found[0].township, found[0].village) == ("教师", "城关镇", "东赵村")
    office.minutes = 30 * 60
    assert len(whom_to_phone(office, hours=4)) == 1


def test_a_text_of_several_parts_is_one_matter(office: Office) -> None:
    text(office, "13800000001", "长" * 200)
    [one] = whom_to_phone(office)
    assert not one.expired


def test_who_is_not_on_the_roster_is_phoned_by_number(office: Office) -> None:
    text(office, "13900000001", "您的来信已收到", purpose="automatic")
    [one] = whom_to_phone(office)
    assert (one.phone, one.name, one.category) == ("+8613900000001", "", "")


# --------------------------------------------------------------------------------------------------- the command line


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    """A gateway that does not run: everything waits."""
    town = Town(folder)
    yield town
    town.close()


def test_the_list_of_people_is_masked_on_record_and_clear_only_by_right(town: Town) -> None:
    town.run("message", "send", "--to", "13812345678", "--text", "您好")
    [one] = town.run("carrier", "waiting", "--json")
    assert (one["carrier"], one["purpose"], one["people"], one["parts"]) == ("mobile", "single", 1, 1)
    assert "单发短信" in town.run("carrier", "waiting", "mobile")
    assert town.run("carrier", "waiting", "unicom", "--json") == []
    file = town.folder / "phone.csv"
    assert "要打电话的 1 人" in town.run("carrier", "waiting", "--people", str(file))
    header, row = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    assert dict(zip(header, row, strict=True))["号码"] == "138****5678"
    assert dict(zip(header, row, strict=True))["事由"] == "单发短信 短信 1"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "roster.reveal" in town.run("carrier", "waiting", "--people", str(file), "--clear", code=REFUSED)
    [row] = town.run("audit", "search", "--verb", "carrier.people", "--json")
    assert (row["subject"], row["people"], row["clear"]) == ("all", 1, False)
    assert "没有名为" in town.run("carrier", "waiting", "china", code=NOT_FOUND)
