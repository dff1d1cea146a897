"""The weekly digest: picked by rule, edited, signed by another, then for ever the same, and nobody named in it."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from gateway import audit, digest_content, digest_desk, digest_issues, fsck
from gateway.digest_issues import Issue
from gateway.errors import Refused
from gateway.tables import audit as audit_rows
from routing.digest import Rules
from routing.tables import digest
from tests.gateway.casework import (
    ALL,
    MINE,
    ROAD,
    THEIRS,
    WATER,
    YOURS,
    act,
    answered,
    both,
    days_later,
    delivered,
    go,
    handled,
    opened,
    show,
)
from tests.gateway.office import Office

RULES = Rules()
NAMED = "我是东赵村的钱001,手机13912345678,村口路灯坏了半个月"


def draft(office: Office, who: str = "甲") -> Issue:
    today = office.desk.today(office.now)
    with office.database.write() as tx:
        return digest_desk.draft(tx, office.desk, office.vault, RULES, today.replace(day=23), today, who, office.now)


def looked(office: Office, days: int) -> digest_content.Seen:
    """What there is to tell of this week, or of one so many days from now."""
    monday = office.desk.today(office.now) + timedelta(days - office.desk.today(office.now).weekday())
    with office.database.read() as tx:
        return digest_content.look(tx, office.desk, RULES, monday, monday + timedelta(6), office.now)


def content(office: Office, issue: Issue) -> dict[str, object]:
    with office.database.read() as tx:
        return digest_content.content(tx, office.desk, RULES, "肥乡", issue, office.now)


def sign(office: Office, issue: Issue, who: str = "主任") -> str:
    with office.database.write() as tx:
        fingerprint = digest_desk.sign(tx, office.desk, RULES, "肥乡", issue.name, who, office.now)[1]
        audit.record(
            tx, office.keys.seal, who, "digest.sign", f"digest {issue.name}", {"sha256": fingerprint}, office.now
        )
        return fingerprint


@pytest.fixture
def week(office: Office) -> dict[str, str]:
    """An accusation, a matter of three people, one in danger, one that names its writer."""
    cases = {"named": opened(office, MINE, NAMED)}
    cases["accused"] = opened(office, YOURS, "举报县城管局局长吃拿卡要,收受贿赂")
    cases["danger"] = opened(office, THEIRS, "成寨村煤气泄漏,快来人")
    cases["many"] = opened(office, "8613800000004", ROAD)
    for number in ("8613800000005", "8613800000006"):
        act(
            office,
            opened(office, number, "小学门口天天堵"),
            "merge",
            master=show(office, cases["many"]),
            reason="同一",
        )
    act(office, cases["accused"], "accept", kind="举报")
    return cases


def test_a_draft_says_why_each_item_is_in_it(office: Office, week: dict[str, str]) -> None:
    issue = draft(office)
    with office.database.read() as tx:
        found = [(item.cases, item.reasons) for item in digest_issues.items(tx, issue)]
    assert found == [
        ((week["danger"],), ("特急",)),
        ((week["accused"],), ("须领导亲自批转:违纪违法",)),
        ((week["many"],), ("本周3人反映",)),
    ]


def test_a_problem_that_came_back_counts_once_in_the_week_in_which_it_did(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    act(office, no, "accept", kind="求助", place="小学门口", topic="交通秩序")
    act(office, no, "assign", lead="交警大队")
    for times in (2, 3):
        act(office, no, "report", reply="已安排交警执勤", signed_by="赵队长")
        act(office, no, "approve", "reviewer", "乙", gates=ALL)
        delivered(office)
        office.text(MINE, "1")
        go(office, f"2026-12-{times * 7 - 1:02}T21:00")  # a Sunday evening
        act(office, no, "recur", reason="又堵了", lead="交警大队")
        days_later(office, 0.5)
        assert office.supervise() > 0  # put on record on Monday
        found = {one.number: one.again for one in looked(office, -7).matters}
        assert found == {no: times}
        assert {one.number: one.again for one in looked(office, 0).matters} == {no: 0}


def test_an_old_problem_that_came_back_is_told_though_it_is_answered_again(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    answered(office, no)
    days_later(office, 65)  # closed as not rated on the way
    office.text(MINE, "1")
    act(office, no, "recur", reason="又堵了", lead="交警大队")
    act(office, no, "report", reply="已安排交警执勤", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    assert [(one.number, one.again) for one in looked(office, 0).matters] == [(no, 2)]


def test_what_came_in_is_counted_as_in_the_leaders_paper(office: Office, week: dict[str, str]) -> None:
    both(office, week["named"], "reject", "operator", "reviewer", code="court", reason="")
    assert content(office, draft(office))["received"] == 6  # of them two merged, one refused


def test_nobody_can_be_recognised_and_shielded_matters_are_withheld(office: Office, week: dict[str, str]) -> None:
    issue = draft(office)
    with office.database.write() as tx:
        digest_desk.add(tx, office.vault, "1", [week["named"]], "", "", "甲")
        digest_desk.edit(tx, office.vault, "1", 1, "", "来信人我叫王小明,电话139 1234 5678")
    said = json.dumps(content(office, issue), ensure_ascii=False)
    assert "村口路灯坏了半个月" in said
    for hidden in ("钱001", "13912345678", "139 1234 5678", "王小明", "收受贿赂", "1380000"):
        assert hidden not in said, hidden
    assert digest_content.WITHHELD in said


def test_the_office_adds_removes_and_reorders(office: Office, week: dict[str, str]) -> None:
    issue = draft(office)
    with office.database.write() as tx:
        digest_desk.add(tx, office.vault, "1", [week["named"]], "路灯", "", "甲")
        digest_desk.move(tx, "1", 4, 1)
        digest_desk.remove(tx, "1", 3)
        assert [item.cases for item in digest_issues.items(tx, issue)] == [
            (week["named"],),
            (week["danger"],),
            (week["many"],),
        ]
        with pytest.raises(Refused, match="已在本期"):
            digest_desk.add(tx, office.vault, "1", [week["named"]], "", "", "甲")
        with pytest.raises(Refused, match="没有第 9 条"):
            digest_desk.remove(tx, "1", 9)


def test_a_signed_issue_stays_what_it_was_whatever_happens_to_its_cases(office: Office, week: dict[str, str]) -> None:
    issue = draft(office)
    with pytest.raises(Refused, match="起草人"):
        sign(office, issue, "甲")
    fingerprint = sign(office, issue)
    before = content(office, issue)
    handled(office, week["danger"])
    days_later(office, 30)
    assert content(office, issue) == before
    assert digest_desk.fingerprint(before) == fingerprint
    with office.database.write() as tx:
        for change in (
            lambda: digest_desk.remove(tx, "1", 1),
            lambda: digest_desk.edit(tx, office.vault, "1", 1, "新", ""),
            lambda: digest_desk.drop(tx, "1"),
        ):
            with pytest.raises(Refused, match="不再改动"):
                change()


def test_the_next_issue_has_the_next_number_and_tells_nothing_twice(office: Office, week: dict[str, str]) -> None:
    first = draft(office)
    with pytest.raises(Refused, match="还没有签发"):
        draft(office)
    sign(office, first)
    opened(office, "8613800000007", WATER)
    second = draft(office)
    assert (first.name, second.name) == ("2026-1", "2026-2")
    with office.database.write() as tx:
        told = {number for item in digest_issues.items(tx, first) for number in item.cases}
        again = {number for item in digest_issues.items(tx, second) for number in item.cases}
        assert again
        assert not told & again
        digest_desk.drop(tx, "2")
    assert draft(office).name == "2026-2"


def test_a_signed_issue_that_was_touched_is_named(office: Office, week: dict[str, str]) -> None:
    issue = draft(office)
    sign(office, issue)
    with office.database.read() as tx:
        assert list(fsck.check(tx, office.keys.seal, office.now_ms)) == []
    with office.database.write() as tx:
        touched = {**content(office, issue), "received": 99}
        tx.execute(sa.update(digest).values(content=touched))
    with office.database.read() as tx:
        assert [one.row for one in fsck.check(tx, office.keys.seal, office.now_ms)] == ["digest 2026-1"]


def test_an_audit_that_was_made_anew_is_not_the_one_that_the_digest_printed(
    office: Office, week: dict[str, str]
) -> None:
    with office.database.write() as tx:
        audit.record(tx, office.keys.seal, "甲", "case.accept", week["named"], {}, office.now)
    issue = draft(office)
    fingerprint = sign(office, issue)
    with office.database.write() as tx:
        tx.execute(sa.delete(audit_rows))
        audit.record(tx, office.keys.seal, "甲", "case.accept", week["many"], {}, office.now)
        told = {"sha256": fingerprint}
        audit.record(tx, office.keys.seal, "主任", "digest.sign", f"digest {issue.name}", told, office.now)
        assert audit.verify(tx, office.keys.seal) is None  # whoever has the key makes a chain that fits
        [one] = [one for one in fsck.check(tx, office.keys.seal, office.now_ms) if one.invariant == "digest"]
    assert "链值" in one.claim
