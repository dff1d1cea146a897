"""Polls, from the draft to the result that never changes any more."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from gateway import answers, case_texts, fsck, notices, outbox, polls
from gateway.errors import Refused
from gateway.tables import message, question
from roster.audiences import Audience
from tests.gateway.asking import (
    PLAZA,
    arrived,
    close,
    drafted,
    extension,
    last_day,
    outcome,
    poll,
    released,
    texted,
    texts,
)
from tests.gateway.casework import ROAD, answered, delivered, opened, show
from tests.gateway.office import Office

HOUR = timedelta(hours=1)
MINE, YOURS, THEIRS = "8613800000001", "8613800000002", "8613800000003"
STRANGER = "8613900009999"


def number(i: int) -> str:
    return f"86138000000{i:02d}"


def undo(office: Office, text_id: int) -> None:
    with office.database.write() as tx:
        answers.undo(tx, text_id, "丙", "看错了", office.now)


def attach(office: Office, text_id: int, question_id: int, option: int | None = None) -> str | None:
    with office.database.write() as tx:
        return answers.attach(tx, office.desk, text_id, question_id, option, "丙", office.now)


def sound(office: Office) -> list[str]:
    """Which invariants of the store do not hold, apart from the audit lines that commands write."""
    with office.database.read() as tx:
        found = {one.invariant for one in fsck.check(tx, office.keys.seal, office.now_ms)}
    return sorted(found - {"I13a"})


def test_a_poll_asks_with_its_options_and_its_last_day(office: Office) -> None:
    one = drafted(office)
    day = last_day(office, 7)
    assert one.body == (
        f"【肥乡双向沟通办】本条为征求意见:{PLAZA} 回复1同意,2不同意,3说不清;也可写理由。{day.month}月{day.day}日截止。"
    )
    own = drafted(office, "新校址选哪里?", options=("北关", "南关", "东关", "西关"))
    assert "1北关,2南关,3东关,4西关" in own.body
    with pytest.raises(Refused, match="过去"):
        drafted(office, days=-1)
    for options in (("同意",), ("同意", "同意"), ("1号", "2号"), tuple("甲乙丙丁戊己庚辛壬癸")):
        with pytest.raises(Refused, match="选项"):
            drafted(office, options=options)


def test_votes_in_many_words_are_counted_once_a_person_the_last_one(office: Office) -> None:
    one = poll(office)
    said = ("1", "２", "2。", "不同意", "我选2", "2,太远了", "①", "说不清楚", "一", "我们都不同意,广场本来就小")
    for i, words in enumerate(said, 1):
        assert texted(office, number(i), words).decision == "vote"
    found = outcome(office, one.id)
    assert (found.asked, found.delivered, found.voted, found.counts) == (10, 10, 10, (3, 6, 1))
    assert (found.by_township, found.reasons) == ((), ())  # until it is closed
    texted(office, MINE, "2,想了想还是算了")
    assert outcome(office, one.id).counts == (2, 7, 1)
    assert close(office, one.id).reasons == ((2, "太远了"), (2, "广场本来就小"), (2, "想了想还是算了"))
    assert office.answers() == []  # a vote costs no answer
    assert sound(office) == []


def test_who_was_not_reached_before_the_close_was_not_asked(office: Office) -> None:
    one = drafted(office)
    released(office, one.id)
    office.deliver(office.submit(7))
    for i in range(1, 7):
        texted(office, number(i), "2")
    texted(office, number(9), "1", extension(one.id))  # heard of it from a neighbour
    assert (outcome(office, one.id).asked, outcome(office, one.id).voted) == (7, 6)
    assert close(office, one.id).asked == 7
    assert not any(PLAZA in words for words in office.answers())
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms)
    assert sound(office) == []


def test_a_vote_after_the_close_is_kept_apart_and_answered_once(office: Office) -> None:
    one = poll(office, days=1)
    for i in range(1, 7):
        texted(office, number(i), "2")
    office.minutes += 2 * 24 * 60
    assert texted(office, MINE, "1").decision == "uncounted_vote"
    assert any("已于11月25日截止" in words for words in delivered(office))
    texted(office, MINE, "1")
    assert delivered(office) == []
    before = outcome(office, one.id)
    with office.database.write() as tx:
        assert polls.close_over(tx, office.now, HOUR) == 1
        assert polls.close_over(tx, office.now, HOUR) == 0
    assert outcome(office, one.id) == before
    assert before.counts == (0, 6, 0)
    assert sound(office) == []


def test_a_closed_poll_is_the_same_for_ever(office: Office) -> None:
    one = poll(office)
    for i in range(1, 7):
        texted(office, number(i), "1")
    kept = close(office, one.id)
    texted(office, number(7), "2")
    with pytest.raises(Refused, match="定案"):
        undo(office, texts(office)[0].id)
    assert attach(office, texts(office)[-1].id, one.id, 2) == "late"
    assert outcome(office, one.id) == kept
    with pytest.raises(Refused, match="定案"):
        close(office, one.id)


def test_who_was_not_asked_cannot_vote_and_is_told_so_once(office: Office) -> None:
    office.join("13800000011", township="毛演堡乡")
    one = poll(office, audience=Audience(townships=("城关镇",)))
    for _ in range(2):
        assert texted(office, "8613800000011", "1", extension(one.id)).decision == "uncounted_vote"
    assert texted(office, STRANGER, "1", extension(one.id)).decision == "uncounted_vote"
    assert sum("没有向您的号码发送" in words for words in office.answers()) == 2
    assert texted(office, "8613800000011", "同意").decision != "vote"
    assert outcome(office, one.id).voted == 0
    assert sound(office) == []


def test_who_has_opted_out_is_not_asked(office: Office) -> None:
    office.text(MINE, "TD")
    one = poll(office)
    assert outcome(office, one.id).asked == 9


def test_nobody_is_asked_twice_at_a_time_and_the_dry_run_says_who_is_left_out(office: Office) -> None:
    from gateway.notices import report

    office.join("13800000011", township="毛演堡乡")
    first = poll(office, audience=Audience(townships=("城关镇",)))
    second = drafted(office, "是否赞成县医院迁到城东?")
    with office.database.read() as tx:
        told = report.estimate(tx, office.vault, office.settings, notices.by_id(tx, second.id), office.now)
    assert (told.people, told.left_out) == (1, {"asked": 10})
    released(office, second.id)
    with office.database.read() as tx:
        plan = notices.by_id(tx, second.id).plan
    assert plan is not None
    assert (plan["people"], plan["left_out"]) == (1, {"asked": 10})
    close(office, first.id)
    third = drafted(office, "是否赞成县城通夜班公交?")
    with office.database.read() as tx:
        told = report.estimate(tx, office.vault, office.settings, notices.by_id(tx, third.id), office.now)
    assert (told.people, told.left_out) == (10, {"asked": 1})
    arrived(office)
    with office.database.write() as tx:
        again = polls.rest(tx, second.id, "甲", office.now)
    assert len(again.audience.persons or ()) == 10
    released(office, again.id)
    arrived(office)
    assert texted(office, MINE, "1", extension(again.id)).decision == "vote"
    found = outcome(office, second.id)
    assert (found.asked, found.voted) == (11, 1)
    with office.database.write() as tx, pytest.raises(Refused, match="没有可以补征"):
        polls.rest(tx, second.id, "甲", office.now)
    assert sound(office) == []


def test_free_words_about_the_question_are_an_opinion_and_a_matter_is_a_case(office: Office) -> None:
    one = poll(office)
    opinion = texted(office, MINE, "人民广场建廊架浪费钱,不如多种几棵树", extension(one.id))
    assert (opinion.decision, opinion.case_id, opinion.notice_id) == ("opinion", None, one.id)
    matter = texted(office, YOURS, ROAD, extension(one.id))
    assert (matter.decision, matter.notice_id) == ("new_case", one.id)
    vague = texted(office, THEIRS, "老百姓用不上", extension(one.id))
    assert vague.decision == "unclear"
    with office.database.read() as tx:
        assert [row.id for row in case_texts.unsettled(tx, 10)] == [vague.id]
    assert attach(office, vague.id, one.id, 2) is None
    assert (outcome(office, one.id).voted, texts(office)[-1].decision) == (1, "vote")


def test_a_vote_that_goes_on_to_another_matter_is_the_operators(office: Office) -> None:
    one = poll(office)
    both = texted(office, MINE, "1,另外我们村的路灯坏了三个月没人修")
    assert both.decision == "unclear"
    attach(office, both.id, one.id, 1)
    with office.database.read() as tx:
        assert case_texts.free(tx, both.id)[1] == both.body  # and may be made a case as well


def test_an_operator_takes_a_vote_back_and_the_one_before_counts_again(office: Office) -> None:
    one = poll(office)
    for i in range(1, 6):
        texted(office, number(i), "1")
    wrong = texted(office, MINE, "2,离我家太远")
    assert outcome(office, one.id).counts == (4, 1, 0)
    undo(office, wrong.id)
    assert outcome(office, one.id).counts == (5, 0, 0)
    assert (texts(office)[-1].decision, texts(office)[-1].notice_id) == ("unclear", None)
    with pytest.raises(Refused, match="没有归入"):
        undo(office, wrong.id)
    with pytest.raises(Refused, match="没有发给"):
        office.text(STRANGER, "1")
        attach(office, texts(office)[-1].id, one.id, 1)
    assert sound(office) == []


# ------------------------------------------------------------------------------------------ a survey and a poll at once


@pytest.fixture
def both(office: Office) -> tuple[str, int]:
    """Citizen 1 has a reply to rate and, an hour later, a poll to answer."""
    no = opened(office, MINE, ROAD)
    answered(office, no)
    delivered(office)
    office.minutes += 60
    return no, poll(office).id


def test_the_digits_texted_to_decide_what_a_figure_means(office: Office, both: tuple[str, int]) -> None:
    no, poll_id = both
    assert texted(office, MINE, "1", extension(poll_id)).decision == "vote"
    assert texted(office, MINE, "1", show(office, no).slot).decision == "rating"


def test_without_digits_we_ask_back_once_and_understand_the_answer(office: Office, both: tuple[str, int]) -> None:
    no, poll_id = both
    first = texted(office, MINE, "1")
    assert (first.decision, first.case_id, first.notice_id) == ("asked_back", None, None)
    [asked_back] = [words for words in delivered(office) if "答哪一条" in words]
    assert f"评价请回复“{no} 1”" in asked_back
    assert "投票请回复“投票1”" in asked_back
    assert len(asked_back) <= 70
    assert texted(office, MINE, "1").decision == "unclear"
    assert delivered(office) == []
    assert texted(office, MINE, "投票1").decision == "vote"
    assert texts(office)[1].handled_by == "gateway"
    assert texted(office, MINE, f"{no} 1").decision == "rating"
    assert show(office, no).rating == 1
    assert outcome(office, poll_id).voted == 1


@pytest.mark.usefixtures("both")
def test_words_that_only_one_of_them_uses_need_no_asking(office: Office) -> None:
    assert texted(office, MINE, "不同意,广场太小").decision == "vote"
    assert texted(office, MINE, "满意").decision == "rating"


def test_a_survey_long_ago_does_not_stand_in_the_way_of_a_poll_of_today(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    answered(office, no)
    office.minutes += 5 * 24 * 60
    poll(office)
    assert texted(office, MINE, "1").decision == "vote"
    assert show(office, no).state == "replied"


# -------------------------------------------------------------------------------------------------------- the ledger


def test_a_cancelled_poll_asked_only_those_whom_it_reached(office: Office) -> None:
    one = drafted(office)
    released(office, one.id)
    office.deliver(office.submit(4))
    with office.database.write() as tx:
        notices.cancel(tx, one.id, office.now)
    assert outcome(office, one.id).asked == 4
    with office.database.write() as tx:
        approved = polls.draft(
            tx,
            office.desk.texts,
            words="另一问,您是否同意?",
            until=last_day(office, 3),
            zone=office.settings.zone(),
            topic="教育",
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
            max_parts=10,
        )
    released(office, approved.id)
    asked = office.rows(sa.select(message.c.person_id).where(message.c.notice_id == approved.id))
    assert len(asked) == 6  # the four still have the first one open


def test_a_poll_cannot_be_sent_or_changed_in_ways_that_would_ask_something_else(office: Office) -> None:
    one = drafted(office, days=0)
    with office.database.write() as tx, pytest.raises(Refused, match="不能单独改正文"):
        notices.edit(tx, one.id, body="【肥乡双向沟通办】别的")
    with office.database.write() as tx, pytest.raises(Refused, match="还没有发送"):
        polls.close(tx, one.id, "甲", office.now)
    office.minutes += 24 * 60
    with pytest.raises(Refused, match="截止时间已过"):
        released(office, one.id)
    with office.database.write() as tx:
        notices.delete(tx, one.id)
    assert office.rows(sa.select(question)) == []


def test_who_was_not_reached_may_be_asked_again_and_still_has_one_vote(office: Office) -> None:
    from carriers.events import ReceiptState

    one = drafted(office)
    released(office, one.id)
    submits = office.submit()
    office.deliver(submits[:9])
    office.deliver(submits[9:], ReceiptState.UNDELIVERABLE)
    with office.database.write() as tx:
        notices.finish_done(tx, office.now)
        again = notices.resend_failed(tx, one.id, "甲", office.now, False)
    assert again.question_id == one.id
    released(office, again.id)
    office.deliver(office.submit())
    assert texted(office, number(10), "2", extension(again.id)).decision == "vote"
    found = outcome(office, one.id)
    assert (found.asked, found.delivered, found.voted) == (10, 10, 1)
