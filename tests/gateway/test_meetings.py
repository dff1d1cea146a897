"""Meeting notices, corrections, and texts that stand under the notice they reply to."""

from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import ReceiptState
from gateway import answers, fsck, meetings, notices, outbox, resources, withdrawal
from gateway.errors import Refused
from gateway.notices.store import Notice
from gateway.tables import part, text
from roster.audiences import Audience
from routing.departments import Departments
from tests.conftest import NOON
from tests.gateway.asking import (
    arrived,
    extension,
    last_day,
    notice,
    outcome,
    poll,
    released,
    texted,
    texts,
)
from tests.gateway.casework import ROAD, answered, delivered, opened, show
from tests.gateway.office import SESSION, Office

LIST = """号码,姓名,单位
13900000001,钱一,县教育局
13900000002,钱二,县教育局
13900000003\uff0c钱三\uff0c县交通局
"""
FIRST, SECOND, THIRD = "8613900000001", "8613900000002", "8613900000003"
MINE, YOURS = "8613800000001", "8613800000002"


def meeting(office: Office, audience: Any = None, words: str = "明天9点在县政府二楼开防汛会。") -> Notice:
    with office.database.write() as tx:
        return meetings.draft(
            tx,
            office.vault,
            resources.prefixes(office.settings),
            words=words,
            audience=meetings.from_list(LIST) if audience is None else audience,
            until=office.now.replace(hour=16, minute=0),
            signature="【肥乡双向沟通办】",
            max_parts=10,
            topic="重大决策部署",
            title="防汛会",
            author="甲",
            now=office.now,
            validity_hours=24,
        )


def readers(office: Office, notice_id: int) -> dict[str, tuple[str, bool, str]]:
    with office.database.read() as tx:
        return {
            one.name: (one.unit, one.confirmed_at is not None, one.remark)
            for one in meetings.readers(tx, office.vault, notice_id)
        }


def sound(office: Office) -> set[str]:
    with office.database.read() as tx:
        return {one.invariant for one in fsck.check(tx, office.keys.seal, office.now_ms)} - {"I13a"}


# ------------------------------------------------------------------------------------------------------- read and not


def test_people_of_the_units_confirm_and_who_has_not_is_reminded(office: Office) -> None:
    one = meeting(office)
    assert one.body == "【肥乡双向沟通办】明天9点在县政府二楼开防汛会。请回复1或“收到”确认。"
    released(office, one.id)
    assert len(arrived(office)) == 3
    assert texted(office, FIRST, "好的收到").decision == "confirmation"
    assert texted(office, THIRD, "我在外地出差", extension(one.id)).decision == "opinion"
    assert readers(office, one.id) == {
        "钱一": ("县教育局", True, ""),
        "钱二": ("县教育局", False, ""),
        "钱三": ("县交通局", False, "我在外地出差"),
    }
    with office.database.write() as tx:
        again = meetings.remind(tx, one.id, "甲", 10, "【肥乡双向沟通办】", office.now)
    assert again.body.startswith("【肥乡双向沟通办】提醒:明天9点")
    with pytest.raises(Refused, match="起草人"), office.database.write() as tx:
        notices.approve(tx, office.vault, again.id, "甲", None, ["mobile"], 24, office.now)
    released(office, again.id)
    assert {submit.destination for _, _, submit in arrived(office)} == {SECOND, THIRD}
    assert texted(office, SECOND, "1", extension(again.id)).decision == "confirmation"
    assert texted(office, THIRD, "收到,派人参加").decision == "confirmation"
    assert readers(office, one.id)["钱三"] == ("县交通局", True, "派人参加")
    with pytest.raises(Refused, match="都已确认"), office.database.write() as tx:
        meetings.remind(tx, one.id, "甲", 10, "【肥乡双向沟通办】", office.now)
    assert sound(office) == set()


def test_a_confirmation_is_taken_back_like_any_decision(office: Office) -> None:
    one = meeting(office)
    released(office, one.id)
    arrived(office)
    wrong = texted(office, FIRST, "收到")
    with office.database.write() as tx:
        answers.undo(tx, wrong.id, "丙", "别人代发", office.now)
    assert readers(office, one.id)["钱一"][1] is False
    with office.database.write() as tx:
        assert answers.attach(tx, office.desk, wrong.id, one.id, None, "丙", office.now) is None
    assert readers(office, one.id)["钱一"][1] is True


def test_informants_may_be_invited_too_and_their_matters_stay_cases(office: Office) -> None:
    one = meeting(office, Audience(persons=(1, 2)))
    released(office, one.id)
    arrived(office)
    assert texted(office, MINE, "收到").decision == "confirmation"
    assert texted(office, YOURS, ROAD).decision == "new_case"
    assert set(readers(office, one.id)) == {"钱***"}


def test_received_means_the_meeting_and_a_figure_between_meeting_and_poll_is_asked_about(office: Office) -> None:
    asked = poll(office)
    one = meeting(office, Audience(persons=(1, 2)))
    released(office, one.id)
    arrived(office)
    assert texted(office, MINE, "1").decision == "asked_back"
    [words] = [words for words in office.answers() if "答哪一条" in words]
    assert "投票请回复“投票1”" in words
    assert "会议请回复“收到”" in words
    assert texted(office, MINE, "收到").decision == "confirmation"
    assert texted(office, MINE, "投票1").decision == "vote"
    assert outcome(office, asked.id).voted == 1


def test_without_a_meeting_received_is_what_it_always_was(office: Office) -> None:
    assert texted(office, MINE, "收到").decision == "acknowledgement"
    assert texted(office, FIRST, "收到").decision == "unknown_sender"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "空"),
        ("13900000001,钱一", "第 1 行"),
        ("1390000,钱一,局", "第 1 行"),
        ("13900000001,钱一,局\n13900000001,钱二,局", "重复"),
    ],
)
def test_a_list_that_is_wrong_is_refused_by_its_line(content: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        meetings.from_list(content)


def test_the_units_posts_are_a_list_as_far_as_they_have_numbers() -> None:
    units = Departments.from_toml(
        {
            "department": [
                {"name": "县教育局", "leader": "x", "liaison": "y", "liaison_phone": "13900000001"},
                {"name": "县交通局", "leader": "x", "liaison": "y"},
            ]
        }
    )
    assert [(one.unit, one.name) for one in meetings.from_units(units, "liaison")] == [("县教育局", "县教育局信息员")]
    with pytest.raises(Refused, match="没有一个单位"):
        meetings.from_units(units, "leader")


# -------------------------------------------------------------------------------------------------------- withdrawal


def withdraw(office: Office, notice_id: int) -> withdrawal.Withdrawn:
    with office.database.write() as tx:
        return withdrawal.withdraw(tx, notice_id, "【肥乡双向沟通办】更正:停水改为后天。", "甲", 24, office.now)


def sent_to_some(office: Office) -> Notice:
    """Ten people: 3 delivered, 2 undelivered, 1 accepted, 1 in doubt, 3 still waiting."""
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="停水",
            topic="环境",
            body="【肥乡双向沟通办】明天全城停水。",
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
        )
    released(office, one.id)
    submits = office.submit(7)
    office.deliver(submits[:3])
    office.deliver(submits[3:5], ReceiptState.UNDELIVERABLE)
    office.run(answers=[_accepted(*submits[5][:2])])
    office.run(uncertain=[(SESSION, *submits[6][:2])])
    return one


def _accepted(sequence: int, part_id: int) -> Any:
    from carriers.events import SubmitAnswered, Verdict
    from gateway.settling import Answer

    return Answer(SESSION, SubmitAnswered(sequence, part_id, Verdict.ACCEPTED, 0, f"ID{part_id}"))


def test_a_correction_goes_to_exactly_those_who_got_the_wrong_notice_or_may_have(office: Office) -> None:
    one = sent_to_some(office)
    done = withdraw(office, one.id)
    assert (done.stopped, done.got, done.doubtful, done.spared) == (3, 3, 2, 5)
    assert done.notice is not None
    assert (done.notice.withdraws, done.notice.author) == (one.id, "甲")
    waiting = office.rows(sa.select(part.c.id).where(part.c.lane == one.id, part.c.state == "queued"))
    assert waiting == []
    with pytest.raises(Refused, match="起草人"), office.database.write() as tx:
        notices.approve(tx, office.vault, done.notice.id, "甲", None, ["mobile"], 24, office.now)
    with pytest.raises(Refused, match="已由第"):
        withdraw(office, one.id)
    released(office, done.notice.id)
    told = sorted(submit.destination for _, _, submit in arrived(office))
    assert told == [f"861380000000{i}" for i in (1, 2, 3, 6, 7)]
    assert sound(office) == set()


def test_a_notice_that_nobody_got_needs_no_correction_and_a_poll_ends_with_it(office: Office) -> None:
    one = poll(office)
    texted(office, MINE, "1")
    done = withdraw(office, one.id)
    assert done.got == 10
    assert texted(office, YOURS, "1").decision == "uncounted_vote"
    assert outcome(office, one.id).voted == 1
    with office.database.write() as tx:
        draft = notices.draft(
            tx,
            title="",
            topic="环境",
            body="【肥乡双向沟通办】作废",
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
        )
    with pytest.raises(Refused, match="草稿"):
        withdraw(office, draft.id)
    with office.database.write() as tx:
        notices.approve(tx, office.vault, draft.id, "乙", None, ["mobile"], 24, office.now)
    none = withdraw(office, draft.id)
    assert (none.notice, none.stopped, none.spared) == (None, 10, 10)


def test_a_receipt_that_never_came_is_doubt_and_a_text_never_sent_is_none(office: Office) -> None:
    one = sent_to_some(office)
    office.minutes += 25 * 60
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms)
    office.minutes += 48 * 60
    with office.database.write() as tx:
        outbox.expire_silent(tx, office.now_ms)
        notices.finish_done(tx, office.now)
    done = withdraw(office, one.id)
    assert (done.stopped, done.got, done.doubtful, done.spared) == (0, 3, 2, 5)


# ----------------------------------------------------------------------------------------------------------- replies


def under(office: Office, notice_id: int) -> list[tuple[str, str, float]]:
    rows = office.rows(sa.select(text).where(text.c.notice_id == notice_id).order_by(text.c.id))
    return [(row.body, row.decision, row.notice_confidence) for row in rows]


def test_a_reply_stands_under_its_notice_and_is_a_case_all_the_same(office: Office) -> None:
    one = notice(office, "县城今冬供暖11月15日开始,请相互转告。")
    assert texted(office, MINE, "我们小区到现在暖气还是冷的", extension(one.id)).case_id is not None
    assert texted(office, YOURS, "请问县城今冬供暖收费标准是多少").case_id is not None  # digits lost: by its words
    assert texted(office, "8613800000003", ROAD).notice_id is None
    assert [(decision, confidence) for _, decision, confidence in under(office, one.id)] == [
        ("new_case", 0.95),
        ("new_case", 0.7),
    ]


def test_after_the_window_or_with_two_notices_words_alone_link_nothing(office: Office) -> None:
    one = notice(office, "县城今冬供暖11月15日开始,请相互转告。")
    other = notice(office, "农村冬季清洁取暖补贴开始申报。")
    assert texted(office, MINE, "请问县城今冬供暖收费标准是多少").notice_id is None
    office.minutes += 8 * 24 * 60
    assert texted(office, YOURS, "暖气还是冷的,没人管", extension(one.id)).notice_id is None
    assert under(office, one.id) == under(office, other.id) == []


def test_an_operator_links_and_unlinks_and_the_case_stays(office: Office) -> None:
    one = notice(office, "县城今冬供暖11月15日开始,请相互转告。")
    row = texted(office, MINE, "我们小区到现在暖气还是冷的", extension(one.id))
    with office.database.write() as tx:
        assert answers.unlink(tx, row.id) == one.id
    assert under(office, one.id) == []
    assert texts(office)[-1].case_id == row.case_id
    with office.database.write() as tx:
        with pytest.raises(Refused, match="没有归入任何通知"):
            answers.unlink(tx, row.id)
        answers.link(tx, row.id, one.id, "丙")
    assert "丙" in texts(office)[-1].notice_reason


def test_a_rating_is_no_reply_to_the_notice_that_came_after_the_survey(office: Office) -> None:
    no = opened(office, MINE, ROAD)
    answered(office, no)
    delivered(office)
    one = notice(office, "县城今冬供暖11月15日开始,请相互转告。")
    assert texted(office, MINE, "满意").decision == "rating"
    assert show(office, no).rating == 1
    assert under(office, one.id) == []


def test_the_last_day_is_the_offices(office: Office) -> None:
    assert last_day(office, 0) == NOON.date()
