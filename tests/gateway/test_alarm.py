"""Danger: the duty officer hears of it within seconds, not every second, until somebody has the case in hand."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from gateway import alarm, resources
from gateway.case_ladder import Post
from gateway.tables import message
from routing.texts import units
from tests.gateway.casework import MINE, act, events, opened, show
from tests.gateway.office import Office

DUTY, SECOND = "13900000009", "13900000008"
FIRE = "着火了快来人,我家在东屯村,电话13812345678"


@pytest.fixture
def duty(office: Office) -> Office:
    """An office with an officer on duty."""
    on_duty = replace(office.desk.departments, duty_phones=(f"+86{DUTY}",))
    office.desk = replace(office.desk, departments=on_duty)
    return office


def sweep(office: Office) -> int:
    """What the daemon does every two seconds."""
    with office.database.write() as tx:
        return alarm.sweep(tx, office.desk, Post(office.vault, resources.prefixes(office.settings)), office.now)


def alarms(office: Office) -> list[str]:
    """The words of all alarms so far."""
    rows = office.rows(sa.select(message.c.body).where(message.c.purpose == alarm.PURPOSE).order_by(message.c.id))
    return [row.body for row in rows]


def test_the_duty_officer_is_told_at_once_of_the_case_with_numbers_masked(duty: Office) -> None:
    no = opened(duty, MINE, FIRE)
    sweep(duty)
    assert {submit.destination[-11:] for _, _, submit in duty.submit()} == {DUTY}
    [words] = alarms(duty)
    assert no in words
    assert "着火了" in words
    assert "13812345678" not in words
    assert "138****5678" in words
    assert events(duty, no) == ["receive", "alarm"]


def test_an_alarm_is_repeated_after_ten_minutes_until_the_case_is_accepted(duty: Office) -> None:
    no = opened(duty, MINE, FIRE)
    told = []
    for minute in range(0, 60, 2):
        duty.minutes = minute
        told += [minute] * sweep(duty)
    assert told == [0, 10, 20]
    duty.minutes = 61
    act(duty, no, "accept", kind="求助")
    assert sweep(duty) == 0


def test_acceptance_ends_it(duty: Office) -> None:
    no = opened(duty, MINE, FIRE)
    sweep(duty)
    act(duty, no, "accept", kind="求助")
    assert sweep(duty) == 0
    assert len(alarms(duty)) == 1


def test_more_danger_about_a_case_in_hand_is_told_once_and_not_within_ten_minutes(duty: Office) -> None:
    no = opened(duty, MINE, FIRE)
    sweep(duty)
    act(duty, no, "accept", kind="求助")
    duty.text(MINE, f"{no}火灾更大了,救命")
    assert sweep(duty) == 1
    assert "火灾更大了" in alarms(duty)[-1]
    duty.minutes += 3
    duty.text(MINE, f"{no}救命啊")
    assert sweep(duty) == 0
    duty.minutes += 8
    assert [sweep(duty), sweep(duty)] == [1, 0]
    assert show(duty, no).urgency == "emergency"


def test_a_stranger_in_danger_is_told_of_once(duty: Office) -> None:
    duty.text("8613911112222", "救命,有人落水了")
    assert [sweep(duty), sweep(duty)] == [1, 0]
    assert "第1条来信" in alarms(duty)[0]


def test_every_number_on_duty_is_told_and_what_is_long_is_cut_to_two_texts(duty: Office) -> None:
    both = replace(duty.desk.departments, duty_phones=(f"+86{DUTY}", f"+86{SECOND}"))
    duty.desk = replace(duty.desk, departments=both)
    opened(duty, MINE, FIRE + "屋里还有老人" * 40 + "😀" * 30)
    sweep(duty)
    words = alarms(duty)
    assert len(words) == 2
    assert all(units(one) <= 134 for one in words)


def test_without_a_number_the_case_says_so(office: Office) -> None:
    no = opened(office, MINE, FIRE)
    assert sweep(office) == 1
    assert alarms(office) == []
    assert events(office, no) == ["receive", "alarm"]


def test_ordinary_matters_raise_no_alarm(duty: Office) -> None:
    opened(duty, MINE, "村里路灯坏了")
    assert sweep(duty) == 0
