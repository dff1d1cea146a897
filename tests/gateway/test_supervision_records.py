"""Supervision on record: of cases by hand and by rule, of units, of specials; and every step of a watched case."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import case_desk, fsck, supervision_records, watch_desk
from gateway.case_ladder import Post
from gateway.errors import NotFound, Refused
from gateway.resources import prefixes
from gateway.tables import message
from routing.supervision import Form
from tests.gateway.casework import MINE, ROAD, THEIRS, WATER, YOURS, act, answered, assigned, days_later, opened, show
from tests.gateway.office import Office


@pytest.fixture
def no(office: Office) -> str:
    """A case that the police have."""
    office.minutes = 180  # a quarter past two: the office is open
    number = opened(office, MINE, ROAD)
    assigned(office, number)
    return number


def supervise(office: Office, no: str, reason: str, kind: str = "", lift: bool = False) -> None:
    office.minutes += 15
    with office.database.write() as tx:
        case_desk.supervise(tx, no, "supervisor", "督查", reason, lift, office.now, kind)


def spans(office: Office) -> list[tuple[Any, ...]]:
    with office.database.read() as tx:
        found = supervision_records.spans(tx, office.now)
    return [(one.number, one.unit, one.kind, one.reason, one.opened_by, one.closed_at is None) for one in found]


def open_record(office: Office, form: Form, **given: Any) -> supervision_records.Record:
    office.minutes += 15
    with office.database.write() as tx:
        return supervision_records.open_record(tx, office.desk, form, **given, actor="督查", now=office.now)


def test_a_case_under_supervision_says_who_why_and_of_which_kind_until_it_is_lifted(office: Office, no: str) -> None:
    supervise(office, no, "县长关注")
    assert spans(office) == [(no, "交警大队", "日常督办", "县长关注", "督查", True)]
    supervise(office, no, "久拖不决", "重点督办")
    assert spans(office) == [(no, "交警大队", "重点督办", "久拖不决", "督查", True)]
    with pytest.raises(Refused, match="已经督办"):
        supervise(office, no, "再来", "重点督办")
    with pytest.raises(Refused, match="没有“特别督办”"):
        supervise(office, no, "再来", "特别督办")
    supervise(office, no, "已办好", lift=True)
    supervise(office, no, "年底考核", "年终考核")
    assert [(span[2], span[5]) for span in spans(office)] == [("重点督办", False), ("年终考核", True)]


def test_what_is_supervised_by_rule_is_a_span_of_the_usual_kind(office: Office) -> None:
    number = opened(office, MINE, ROAD)
    answered(office, number)
    office.text(MINE, "3")
    act(office, number, "uphold", "reviewer", "乙", reason="确未解决", lead="交警大队")
    assert spans(office) == [(number, "交警大队", "日常督办", "不满意重办", "乙", True)]


def test_a_unit_that_passes_the_buck_is_on_record_with_its_case_until_it_is_dealt_with(office: Office, no: str) -> None:
    one = open_record(office, Form.UNIT, unit="交警大队", reason="互相推诿", kind="重点督办", numbers=[no])
    assert (one.id, one.about, one.kind, one.cases, one.closed_at) == (1, "交警大队", "重点督办", (no,), None)
    with office.database.write() as tx:
        with pytest.raises(Refused, match="写明结果"):
            supervision_records.close_record(tx, 1, " ", "督查", office.now)
        done = supervision_records.close_record(tx, 1, "已明确由交警大队负责", "督查", office.now)
        assert (done.closed_by, done.result) == ("督查", "已明确由交警大队负责")
        with pytest.raises(Refused, match="已由 督查 办结"):
            supervision_records.close_record(tx, 1, "再", "督查", office.now)
        with pytest.raises(NotFound):
            supervision_records.record(tx, 9)
        assert supervision_records.records(tx, open_only=True) == []
        zone = office.desk.calendar.zone
        assert [len(supervision_records.records(tx, year=year, zone=zone)) for year in (2025, 2026)] == [0, 1]


def test_a_special_has_the_cases_of_its_place_and_topic_while_it_is_open(office: Office) -> None:
    numbers = [opened(office, MINE, ROAD), opened(office, YOURS, WATER)]
    for number, topic in zip(numbers, ("交通", "供水"), strict=True):
        act(office, number, "accept", kind="求助", place="小学门口", topic=topic)
    given = {"place": "小学门口", "topic": "交通", "reason": "三周九件"}
    assert open_record(office, Form.SPECIAL, **given, numbers=[numbers[1]]).cases == tuple(numbers)
    with pytest.raises(Refused, match="已有专项"):
        open_record(office, Form.SPECIAL, **given)
    with pytest.raises(Refused, match="地点和主题"):
        open_record(office, Form.SPECIAL, place="小学门口", reason="乱")
    later = opened(office, THEIRS, "小学门口又堵了,请派人来看看")
    act(office, later, "accept", kind="求助", place="小学门口", topic="交通")
    with office.database.write() as tx:
        assert supervision_records.record(tx, 1).cases == (*numbers, later)
        supervision_records.close_record(tx, 1, "护学岗常设", "督查", office.now)
    days_later(office, 1)
    after = opened(office, "8613800000004", "小学门口的标线看不清了")
    act(office, after, "accept", kind="求助", place="小学门口", topic="交通")
    with office.database.read() as tx:
        assert supervision_records.record(tx, 1).cases == (*numbers, later)


def test_conduct_is_dealt_with_in_one_of_three_ways_each_with_its_date(office: Office) -> None:
    one = open_record(office, Form.CONDUCT, unit="县城管局", measure="快查快办", reason="吃拿卡要")
    assert (one.due, supervision_records.label(one)) == (date(2026, 11, 27), "作风处置(快查快办)")
    with pytest.raises(Refused, match="没有“批评”"):
        open_record(office, Form.CONDUCT, unit="县城管局", measure="批评", reason="吃拿卡要")


# --------------------------------------------------------------------------------------------------- watched cases


@pytest.fixture
def told(office: Office) -> Iterator[Office]:
    """The supervision office has a number."""
    desk = office.desk
    office.desk = replace(desk, departments=replace(desk.departments, supervisor_phone="+8613900000001"))
    yield office
    office.desk = desk


def follow(office: Office, no: str, reason: str = "县长督办") -> None:
    office.minutes += 15
    with office.database.write() as tx:
        watch_desk.follow(tx, no, reason, "督查", office.now)


def unseen(office: Office, no: str = "") -> list[str]:
    with office.database.read() as tx:
        return [one.event for one in watch_desk.unseen(tx, no)]


def sweep(office: Office) -> int:
    with office.database.write() as tx:
        return watch_desk.sweep(tx, office.desk, Post(office.vault, prefixes(office.settings)), office.now)


def test_every_step_of_a_watched_case_waits_to_be_seen_and_no_other(office: Office, no: str) -> None:
    follow(office, no)
    other = opened(office, YOURS, WATER)
    assert unseen(office) == []
    act(office, no, "sign", "dept", department="交警大队")
    act(office, no, "progress", "dept", department="交警大队", reason="已到现场")
    act(office, other, "accept", kind="求助")
    assert unseen(office) == ["sign", "progress"]
    with office.database.write() as tx:
        steps = watch_desk.unseen(tx, no)
        assert watch_desk.tick_off(tx, no, steps[0].id) == 1
        assert watch_desk.tick_off(tx, no, steps[0].id) == 0
    assert unseen(office) == ["progress"]


def test_what_happened_while_it_was_watched_stays_to_be_seen_after_its_end(office: Office, no: str) -> None:
    follow(office, no)
    act(office, no, "sign", "dept", department="交警大队")
    with office.database.write() as tx:
        with pytest.raises(Refused, match="已在全程督办"):
            watch_desk.follow(tx, no, "再", "督查", office.now)
        watch_desk.end(tx, no, "已稳定", "督查", office.now)
        with pytest.raises(Refused, match="不在全程督办"):
            watch_desk.end(tx, no, "再", "督查", office.now)
    act(office, no, "progress", "dept", department="交警大队", reason="已到现场")
    assert (unseen(office), show(office, no).full_watch) == (["sign"], None)
    follow(office, no, "又拖")
    assert unseen(office)[:1] == ["sign"]
    assert show(office, no).full_watch == "又拖"


def test_the_supervision_office_is_texted_once_for_new_steps_and_only_in_office_hours(told: Office, no: str) -> None:
    follow(told, no)
    assert sweep(told) == 0
    act(told, no, "sign", "dept", department="交警大队")
    act(told, no, "progress", "dept", department="交警大队", reason="已到现场")
    night = told.minutes
    told.minutes += 8 * 60
    assert sweep(told) == 0
    told.minutes = night
    assert (sweep(told), sweep(told)) == (1, 0)
    [body] = [row.body for row in told.rows(sa.select(message).where(message.c.purpose == "supervision"))]
    assert body == f"【肥乡双向沟通办】全程督办:{no}(交警大队)进展等2步,现在是“办理中”。"
    assert unseen(told) == ["sign", "progress"]  # texted is not seen


def test_without_a_number_nobody_is_texted_and_the_list_is_there(office: Office, no: str) -> None:
    follow(office, no)
    act(office, no, "sign", "dept", department="交警大队")
    assert (sweep(office), unseen(office, no)) == (0, ["sign"])


def test_a_watched_case_is_what_its_history_gives(office: Office, no: str) -> None:
    follow(office, no)
    supervise(office, no, "久拖", "重点督办")
    with office.database.read() as tx:
        assert list(fsck.check(tx, office.keys.seal, office.now_ms)) == []
