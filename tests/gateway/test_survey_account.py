"""Everybody is asked to rate their answer, unless there is a reason that is named."""

from datetime import timedelta

import sqlalchemy as sa

from carriers.events import ReceiptState
from gateway import case_desk, case_texts, fsck, outbox, survey_account
from gateway.survey_account import NO_PHONE, OPTED_OUT, Account
from routing.tables import case_event
from tests.gateway.casework import (
    ALL,
    MINE,
    ROAD,
    THEIRS,
    WATER,
    YOURS,
    act,
    answered,
    delivered,
    handled,
    opened,
    show,
)
from tests.gateway.office import Office


def account(office: Office) -> Account:
    with office.database.read() as tx:
        return survey_account.account(tx, office.now - timedelta(days=300), office.now + timedelta(days=1))


def offences(office: Office) -> list[str]:
    with office.database.read() as tx:
        return [one.row for one in fsck.check(tx, office.keys.seal, office.now_ms)]


def test_asked_rated_queued_and_exempt_add_up_to_the_answers(office: Office) -> None:
    first = opened(office, MINE, ROAD)
    second = opened(office, MINE, WATER)
    answered(office, first)
    answered(office, second)  # waits: the same person rates one at a time
    gone = opened(office, YOURS, WATER)
    handled(office, gone)
    office.text(YOURS, "TD")
    act(office, gone, "approve", "reviewer", "乙", gates=ALL)
    with office.database.write() as tx:
        by_hotline = case_desk.enter(
            tx, office.desk, text="停电", channel="热线", person_id=None, actor="甲", now=office.now
        ).number
    answered(office, by_hotline)
    found = account(office)
    assert (found.asked, found.queued, found.rated) == ((first,), (second,), ())
    assert found.exempt == {NO_PHONE: (by_hotline,), OPTED_OUT: (gone,)}
    office.text(MINE, "1")
    found = account(office)
    assert (found.asked, found.queued, found.rated, found.forgotten) == ((first, second), (), (first,), ())
    assert len(found.answered) == len(found.due) + sum(map(len, found.exempt.values())) == 4
    assert offences(office) == []


def test_reporters_of_merged_cases_are_asked_too_and_a_case_answered_twice_counts_twice(office: Office) -> None:
    master, child = opened(office, MINE, ROAD), opened(office, YOURS, "小学门口堵得厉害")
    act(office, child, "merge", master=show(office, master), reason="同一")
    answered(office, master)
    office.text(MINE, "3")
    act(office, master, "uphold", "reviewer", "乙", reason="属实", lead="交警大队")
    act(office, master, "report", reply="已增派", signed_by="赵队长")
    act(office, master, "approve", "reviewer", "丙", gates=ALL)
    delivered(office)
    found = account(office)
    assert sorted(found.asked) == sorted(found.answered) == sorted([master, master, child, child])
    assert (found.rated, found.forgotten, offences(office)) == ((master,), (), [])


def test_a_second_reply_in_the_same_words_is_a_second_answer_to_everybody(office: Office) -> None:
    master, child = opened(office, MINE, ROAD), opened(office, YOURS, "小学门口堵得厉害")
    act(office, child, "merge", master=show(office, master), reason="同一")
    answered(office, master)
    office.text(YOURS, "1")
    office.text(MINE, "3")
    act(office, master, "uphold", "reviewer", "乙", reason="属实", lead="交警大队")
    act(office, master, "report", reply="已安排交警执勤", signed_by="赵队长")
    act(office, master, "approve", "reviewer", "丙", gates=ALL)
    delivered(office)
    found = account(office)
    assert sorted(found.asked) == sorted([master, master, child, child])
    assert sorted(found.rated) == sorted([master, child])


def test_a_rating_that_was_taken_back_is_none(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    answered(office, no)
    office.text(MINE, "1")
    assert account(office).rated == (no,)
    with office.database.write() as tx:
        case_texts.undo(tx, case_texts.last_decided(tx, show(office, no)), "丙", "他人代发", office.now)
    found = account(office)
    assert (found.asked, found.rated) == ((no,), ())


def test_a_reply_that_did_not_reach_the_reporter_of_a_merged_case_is_none_to_them(office: Office) -> None:
    master, child = opened(office, MINE, ROAD), opened(office, YOURS, "小学门口堵得厉害")
    act(office, child, "merge", master=show(office, master), reason="同一")
    handled(office, master)
    act(office, master, "approve", "reviewer", "乙", gates=ALL)
    office.minutes += 60
    submits = office.submit()
    lost = [one for one in submits if one[2].destination.endswith(YOURS[-11:])]
    office.deliver([one for one in submits if one not in lost])
    office.deliver(lost, ReceiptState.UNDELIVERABLE)
    assert account(office).answered == (master,)
    office.text(YOURS, "1")  # it was read after all
    assert sorted(account(office).answered) == sorted([master, child])


def test_an_answer_that_did_not_arrive_is_none(office: Office) -> None:
    no = opened(office, THEIRS, ROAD)
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    office.minutes += 80 * 60  # nothing went out in three days
    office.run()
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms)
    office.settle_replies()
    assert show(office, no).state == "reported"
    assert account(office).answered == ()
    act(office, no, "phone_reply", "operator", "甲", reason="电话告知")
    assert account(office).asked == (no,)


def test_who_was_merged_by_mistake_had_no_answer_of_their_own(office: Office) -> None:
    master, child, other = opened(office, MINE, ROAD), opened(office, YOURS, ROAD), opened(office, YOURS, WATER)
    answered(office, other)
    act(office, child, "merge", master=show(office, master), reason="同一")
    answered(office, master)
    assert account(office).queued == (child,)
    act(office, child, "unmerge", "reviewer", "乙", reason="不是同一件")
    found = account(office)
    assert (sorted(found.answered), found.forgotten, offences(office)) == (sorted([other, master]), (), [])


def test_somebody_who_was_forgotten_is_named(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    answered(office, no)
    with office.database.write() as tx:
        row = tx.execute(sa.select(case_event).where(case_event.c.event == "approve")).one()
        data = {**row.data, "set": {name: value for name, value in row.data["set"].items() if "survey" not in name}}
        tx.execute(sa.update(case_event).where(case_event.c.id == row.id).values(data=data))
    assert account(office).forgotten == (no,)
    with office.database.read() as tx:
        found = [one.invariant for one in fsck.check(tx, office.keys.seal, office.now_ms)]
    assert "survey" in found
