"""Danger: the duty officer hears of it within seconds, not every second, until somebody has the case in hand."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway import alarm, resources
from gateway.case_ladder import Post
from gateway.settings import FILE
from gateway.tables import message
from routing.texts import units
from tests.gateway.casework import MINE, THEIRS, act, events, opened, show
from tests.gateway.office import Office
from tests.gateway.phones import SHIPPED

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


@pytest.fixture
def phoned(folder: Path) -> Office:
    """An office with two officers on duty, who answer."""
    words = SHIPPED.read_text(encoding="utf-8")
    (folder / "departments.toml").write_text(words.replace('duty_phone = ""', f'duty_phone = ["{DUTY}", "{SECOND}"]'))
    written = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(written.replace('departments = ""', 'departments = "departments.toml"'))
    office = Office(folder)
    office.join(MINE[2:], THEIRS[2:])
    return office


def sent(office: Office) -> dict[str, str]:
    """The last text to each number since the last look."""
    return {submit.destination[-11:]: submit.body.decode("utf-16-be") for _, _, submit in office.submit()}


def told_later(office: Office) -> list[int]:
    """In which minutes of the next hour somebody is told."""
    begun, minutes = office.minutes, list[int]()
    for minute in range(2, 60, 2):
        office.minutes = begun + minute
        minutes += [minute] * sweep(office)
    return minutes


def test_an_officer_who_takes_it_over_ends_the_alarm_and_the_others_learn_who(phoned: Office) -> None:
    no = opened(phoned, MINE, FIRE)
    sweep(phoned)
    phoned.submit()
    phoned.text(f"86{DUTY}", "qs")
    texts = sent(phoned)
    assert f"{no}已记下由您接手" in texts[DUTY]
    assert f"{no}已由值班人员接手(手机尾号{DUTY[-4:]})" in texts[SECOND]
    assert told_later(phoned) == []
    assert show(phoned, no).state == "new"  # it still waits for an operator


def test_new_words_of_danger_raise_an_alarm_that_was_taken_over_anew(phoned: Office) -> None:
    no = opened(phoned, MINE, FIRE)
    sweep(phoned)
    phoned.text(f"86{DUTY}", f"QS{no}")
    phoned.minutes += 11
    phoned.text(MINE, f"{no}火灾更大了,救命")
    assert sweep(phoned) == 1
    assert told_later(phoned) == [10]  # nobody has taken this one over; three are the most


def test_of_several_alarms_one_is_to_be_named(phoned: Office) -> None:
    first, second = opened(phoned, MINE, FIRE), opened(phoned, THEIRS, "救命,有人要跳楼")
    sweep(phoned)
    phoned.text(f"86{DUTY}", "QS")
    said = sent(phoned)[DUTY]
    assert first in said
    assert second in said
    phoned.text(f"86{DUTY}", f"QS {second}")
    phoned.minutes += 11
    assert sweep(phoned) == 1
    assert first in alarms(phoned)[-1]


def test_an_order_without_an_alarm_and_other_words_of_an_officer_are_answered_with_what_to_do(phoned: Office) -> None:
    phoned.text(f"86{DUTY}", "QS")
    assert "没有等待接手的特急告警" in sent(phoned)[DUTY]
    phoned.text(f"86{DUTY}", "我马上到")
    assert "请回复QS" in sent(phoned)[DUTY]


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
