"""Ten invented stories in which texts say what no list foresaw: from the phone to the case and back."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import alarm, case_texts, resources
from gateway.case_ladder import Post
from gateway.tables import answer, message, text
from roster import store as roster_store
from routing import store
from tests.gateway.asking import close, poll, texted
from tests.gateway.casework import (
    ALL,
    HOSPITAL,
    MINE,
    ROAD,
    THEIRS,
    YOURS,
    act,
    answered,
    assigned,
    days_later,
    delivered,
    due,
    events,
    opened,
    show,
)
from tests.gateway.office import Office

pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)
LAMP = "大庄村村口的路灯坏了半个月了,晚上黑得很"


def cases(office: Office) -> int:
    with office.database.read() as tx:
        return len(store.listed(tx))


def last(office: Office) -> Any:
    return office.rows(sa.select(text).order_by(text.c.id))[-1]


def attach(office: Office, no: str, rating: int | None = None) -> None:
    with office.database.write() as tx:
        case_texts.attach(tx, office.desk, last(office).id, no, "甲", office.now, rating)


def alarms(office: Office) -> int:
    """Alarms so far, after the sweep that the daemon makes every two seconds."""
    with office.database.write() as tx:
        alarm.sweep(tx, office.desk, Post(office.vault, resources.prefixes(office.settings)), office.now)
    return len(office.rows(sa.select(message.c.id).where(message.c.purpose == alarm.PURPOSE)))


def on_duty(office: Office) -> None:
    departments = replace(office.desk.departments, duty_phones=("+8613900000009",))
    office.desk = replace(office.desk, departments=departments)


def opted_out(office: Office) -> bool:
    """Whoever texted last."""
    with office.database.read() as tx:
        return roster_store.person_of(tx, last(office).person_id).opted_out_at is not None


def test_gas_at_night_comes_in_on_the_line_of_a_survey(office: Office) -> None:
    """The duty officer hears of it, the citizen is told whom to call, the lamp is rated by the thanks next day."""
    on_duty(office)
    no = opened(office, MINE, LAMP)
    answered(office, no)
    office.text(MINE, "俺娘中煤气了叫不醒", extension=show(office, no).slot)
    assert any("120" in words for words in office.answers())
    assert alarms(office) == 1
    assert (show(office, no).state, show(office, no).rating) == ("replied", None)
    days_later(office, 1)
    office.text(MINE, "村里人让我说声谢谢")
    assert (show(office, no).state, show(office, no).rating) == ("closed", 1)


def test_thanks_for_doing_nothing(office: Office) -> None:
    """Sarcasm closes nothing: an operator reads it, the unit does it again, and the next thanks are meant."""
    no = opened(office, MINE, LAMP)
    answered(office, no)
    office.text(MINE, "谢谢你们的不作为")
    assert (last(office).decision, show(office, no).state) == ("unclear", "replied")
    attach(office, no, 3)
    assert show(office, no).state == "dissatisfied"
    act(office, no, "uphold", "reviewer", "乙", reason="确未修复", lead="交警大队", due=due(office))
    act(office, no, "sign", "dept", "信息员", department="交警大队")
    act(office, no, "report", reply="已换新灯", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "丙", gates=ALL)
    delivered(office)
    office.text(MINE, "这回真修好了,谢谢啊")
    assert (show(office, no).state, show(office, no).rating, show(office, no).round) == ("closed", 1, 2)


def test_a_phone_that_writes_traditional_characters(office: Office) -> None:
    """Matter, rating and opt-out are understood; whoever opted out still reports that it came back."""
    no = opened(office, MINE, "村裡自來水停了三天,一滴水也沒有")
    answered(office, no)
    office.text(MINE, "滿意")
    assert (show(office, no).state, show(office, no).rating) == ("closed", 1)
    office.text(MINE, "退訂")
    assert last(office).decision == "command"
    assert opted_out(office)
    days_later(office, 3)
    office.text(MINE, "自來水又停了")
    assert (show(office, no).state, show(office, no).round, cases(office)) == ("assigned", 2, 1)


def test_thanks_with_a_but_after_the_case_was_closed(office: Office) -> None:
    """The same words of the same matter send the case back to its unit; what says less waits for an operator."""
    no = opened(office, MINE, LAMP)
    answered(office, no)
    office.text(MINE, "1")
    days_later(office, 4)
    office.text(MINE, "谢谢是谢谢,可是有点小毛病")
    assert (last(office).decision, show(office, no).state, cases(office)) == ("unclear", "closed", 1)
    office.text(MINE, "谢谢,可是昨晚路灯又灭了")
    assert (last(office).decision, show(office, no).state) == ("recurrence", "assigned")
    assert (show(office, no).round, cases(office)) == (2, 1)


def test_good_wishes_and_thanks_that_hide_a_matter(office: Office) -> None:
    """Wishes are noted; a matter behind polite words is never taken for them."""
    office.text(MINE, "祝县领导新年快乐,身体健康")
    assert last(office).decision == "acknowledgement"
    office.text(MINE, "过年好,村里停电了")
    assert last(office).decision == "new_case"
    office.text(YOURS, "谢谢领导村里水管漏水三天了")
    assert last(office).decision == "unclear"
    office.text(THEIRS, "这是感谢信吗?我要反映养老院打人")
    assert last(office).decision in ("unclear", "new_case")


def test_a_poll_answered_in_the_words_of_the_village(office: Office) -> None:
    """What is certain counts, what is not waits; the last vote before the close is the one that counts."""
    asked = poll(office)
    assert texted(office, MINE, "俺村都不同意").decision == "vote"
    assert texted(office, YOURS, "第一个").decision == "vote"
    assert texted(office, THEIRS, "同意不同意都行").decision == "unclear"
    assert texted(office, "8613800000004", "谁同意谁傻").decision == "unclear"
    assert texted(office, "8613800000005", "我村路灯坏了三个月没人修").decision == "new_case"
    assert texted(office, MINE, "我同意建").decision == "vote"
    found = close(office, asked.id)
    votes = office.rows(sa.select(answer.c.option).where(answer.c.question_id == asked.id).order_by(answer.c.id))
    assert [row.option for row in votes if row.option] == [2, 1, 1]
    assert (found.voted, found.counts) == (2, (None, None, None))  # two people: what they said is nobody's business


def test_a_stranger_in_danger_a_stranger_who_sells_and_one_who_wants_no_more(office: Office) -> None:
    on_duty(office)
    stranger = "8613911112222"
    office.text(stranger, "代开发票,加微信")
    assert (last(office).decision, alarms(office)) == ("unknown_sender", 0)
    office.text(stranger, "有个小孩掉井里了快救救他")
    assert (last(office).decision, alarms(office)) == ("unknown_sender", 1)
    office.text(stranger, "以后不要再给我发短信了")
    assert last(office).decision == "command"
    assert opted_out(office)


def test_a_number_that_is_somebody_elses_or_a_slip(office: Office) -> None:
    """Nothing of one person's lands on another's case, however the number got into the text."""
    no = opened(office, MINE, LAMP)
    office.minutes += 15
    other = opened(office, YOURS, ROAD)
    before = events(office, no)
    office.text(YOURS, f"{no}不满意")
    assert last(office).case_id != show(office, no).id
    office.text(YOURS, f"{no[:-1]}{(int(no[-1]) + 1) % 10}还没修好")
    assert last(office).decision == "unclear"
    assert events(office, no) == before
    office.text(YOURS, f"{other.lower()} 什么时候办")
    assert (last(office).decision, last(office).case_id) == ("follow_up", show(office, other).id)


def test_three_neighbours_one_matter_three_ways_to_say_how_it_went(office: Office) -> None:
    """Each rates the reply for themself: one with a figure, one with thanks, one with words that an operator reads."""
    numbers = dict.fromkeys((MINE, YOURS, THEIRS), "")
    for who, words in zip(numbers, (ROAD, "小学门口堵得水泄不通", "孩子上学小学门口太堵"), strict=True):
        numbers[who] = opened(office, who, words)
    for who in (YOURS, THEIRS):
        act(office, numbers[who], "merge", master=show(office, numbers[MINE]), reason="同一路口")
    answered(office, numbers[MINE])
    delivered(office)
    office.text(MINE, "１、满意")
    office.text(YOURS, "3,早上还是堵")
    office.text(THEIRS, "能满意吗")
    assert last(office).decision == "unclear"
    attach(office, numbers[THEIRS], 3)
    assert [show(office, no).rating for no in numbers.values()] == [1, 3, 3]
    assert events(office, numbers[MINE]).count("merged_dissatisfied") == 2


def test_two_open_matters_and_hardly_a_word(office: Office) -> None:
    """One word of two open matters is not guessed; words of one of them find it."""
    lamp = opened(office, MINE, LAMP)
    office.minutes += 15
    insured = opened(office, MINE, HOSPITAL)
    assigned(office, lamp)
    days_later(office, 6)
    office.text(MINE, "灯")
    assert (last(office).decision, cases(office)) == ("unclear", 2)
    office.text(MINE, "大庄村路灯晚上还是黑得很")
    assert last(office).case_id == show(office, lamp).id
    office.text(MINE, "老人住院报销手续办成了没有")
    assert last(office).case_id == show(office, insured).id
