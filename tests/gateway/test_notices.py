"""Notices: rules, plan, approval, account."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from carriers.events import DeliveryReceipt, ReceiptState
from gateway import audit, fsck, notices, outbox, settling
from gateway.errors import Refused
from gateway.notices import report as reports
from gateway.notices.rules import check_body, is_quiet, opens_at, render, warnings, worst
from gateway.outbox import PartState
from gateway.tables import message, part
from roster.audiences import Audience
from roster.store import Rendering
from tests.gateway.office import SESSION, Office

SIGNATURE = "【肥乡双向沟通办】"
WHO = Rendering("钱远桥", "教师", "城关镇", "东赵村")


def draft(office: Office, body: str = f"{SIGNATURE}开会", author: str = "甲", **more: Any) -> notices.Notice:
    given_: dict[str, Any] = {
        "title": "会",
        "topic": "教育",
        "body": body,
        "audience": Audience(),
        "author": author,
        "now": office.now,
        "validity_hours": 24,
    }
    with office.database.write() as tx:
        return notices.draft(tx, **(given_ | more))


def approve(office: Office, notice_id: int, approver: str = "乙", digest: str | None = None) -> notices.Notice:
    with office.database.write() as tx:
        carriers = list(office.settings.values.carriers)
        return notices.approve(tx, office.vault, notice_id, approver, digest, carriers, 24, office.now)


def send(office: Office, notice_id: int) -> None:
    with office.database.write() as tx:
        notices.send(tx, notice_id, office.now, office.now)


def account(office: Office, notice_id: int) -> reports.Report:
    with office.database.read() as tx:
        return reports.account(tx, notices.by_id(tx, notice_id))


# --------------------------------------------------------------------------------------- urgent, and nobody answers


def lose(office: Office, room: int = 100) -> int:
    """Submit what may go and hear nothing of it. Returns how many went."""
    submits = office.submit(room)
    office.run(uncertain=[(SESSION, sequence, part_id) for sequence, part_id, _ in submits])
    return len(submits)


def resend(office: Office) -> int:
    with office.database.write() as tx:
        return notices.resend_uncertain(tx, office.now)


def urgent(office: Office) -> int:
    one = draft(office, urgent_reason="防汛", resend_uncertain=True)
    approve(office, one.id)
    with office.database.write() as tx:
        audit.record(tx, office.keys.seal, "乙", "notice.approve", f"notice {one.id}", {}, office.now)
    send(office, one.id)
    return one.id


def test_an_urgent_notice_may_be_approved_to_send_once_more_what_is_in_doubt(office: Office) -> None:
    """A04: exactly one further submit; what is in doubt twice ends as unknown."""
    number = urgent(office)
    assert lose(office) == 10
    assert resend(office) == 0  # the receipts have a minute
    office.minutes = 1
    office.run(receipts=[(SESSION, DeliveryReceipt(1, "x", ReceiptState.DELIVERED, "", "8613800000001", b""))])
    assert resend(office) == 9
    assert lose(office) == 9
    office.minutes = 60
    assert resend(office) == 0
    office.minutes = 27 * 60
    with office.database.write() as tx:
        outbox.expire_silent(tx, office.now_ms)
        assert not list(fsck.check(tx, office.keys.seal, office.now_ms))
    assert account(office, number).total.people["unknown"] == 9


def test_nothing_in_doubt_is_sent_again_by_a_notice_that_was_not_approved_for_it(office: Office) -> None:
    one = draft(office, urgent_reason="防汛")
    approve(office, one.id)
    send(office, one.id)
    lose(office)
    office.minutes = 60
    assert resend(office) == 0


def test_a_resend_by_itself_passes_over_who_opted_out_and_what_was_paused_or_sent_again(office: Office) -> None:
    number = urgent(office)
    lose(office)
    office.minutes = 5
    office.text("8613800000001", "TD")
    with office.database.write() as tx:
        others = tx.scalar(sa.select(message.c.id).where(message.c.notice_id == number, message.c.person_id == 2))
        assert outbox.retry(tx, others or 0, office.now_ms, 3_600_000) == 1
        notices.pause(tx, number, "甲")
    assert resend(office) == 0
    with office.database.write() as tx:
        notices.resume(tx, number)
    assert resend(office) == 8


def test_only_what_is_urgent_may_be_sent_again_by_itself_and_the_approver_knows(office: Office) -> None:
    with pytest.raises(Refused, match="紧急"):
        draft(office, resend_uncertain=True)
    one = draft(office, urgent_reason="防汛")
    with office.database.write() as tx:
        other = notices.edit(tx, one.id, resend_uncertain=True)
    assert other.digest != one.digest
    with pytest.raises(Refused, match="紧急"), office.database.write() as tx:
        notices.edit(tx, one.id, urgent_reason="")


# ---------------------------------------------------------------------------------------------------------------- rules


def test_the_signature_is_put_in_front_once() -> None:
    assert check_body("开会", SIGNATURE, 10) == f"{SIGNATURE}开会"
    assert check_body(f"{SIGNATURE}开会", SIGNATURE, 10) == f"{SIGNATURE}开会"


@pytest.mark.parametrize(
    "words", ["", "  ", SIGNATURE, "看【通知】", "{电话}您好", "{0.__class__}", "{姓名", "100%}", "长" * 700, "{}"]
)
def test_a_body_that_cannot_be_sent_is_refused_with_a_reason(words: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_body(words, SIGNATURE, 10)
    assert refusal.value.message


@pytest.mark.parametrize("value", ["{村}", "%s", "{0.__class__}", "{{7*7}}", "\\1"])
def test_what_is_filled_in_is_never_read_as_a_field_again(value: str) -> None:
    assert render("{姓名}您好", Rendering(value, "教师", "城关镇", "东赵村")) == f"{value}您好"


def test_every_field_is_filled_in() -> None:
    assert render("{姓名}{类别}{乡镇}{村}", WHO) == "钱远桥教师城关镇东赵村"


def test_what_a_careful_person_would_look_at_twice_is_said() -> None:
    body = "请联系13800000001,身份证130428198001011234,详见http://example.invalid"
    assert len(warnings(body)) == 3
    assert warnings("明天开会") == []


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["delivered", "delivered"], "delivered"),
        (["delivered", "failed"], "failed"),
        (["delivered", "accepted"], "accepted"),
        (["failed", "queued"], "queued"),
        (["unknown", "undelivered"], "undelivered"),
        (["delivered", "cancelled"], "cancelled"),
    ],
)
def test_a_message_stands_as_its_worst_part_does(states: list[str], state: str) -> None:
    assert worst(states) == state


@given(st.times(), st.times(), st.times())
def test_the_next_open_moment_is_open_and_never_in_the_past(start: time, end: time, at: time) -> None:
    start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    local = datetime.combine(datetime(2026, 11, 24).date(), at)
    opens = opens_at(local, (start, end))
    assert opens >= local
    assert opens - local <= timedelta(days=1)
    assert not is_quiet(opens, (start, end))


# ----------------------------------------------------------------------------------------------------------------- life


def test_the_author_cannot_approve_and_a_changed_text_is_not_what_was_approved(office: Office) -> None:
    one = draft(office)
    with pytest.raises(Refused, match="起草人"):
        approve(office, one.id, "甲")
    with office.database.write() as tx:
        notices.edit(tx, one.id, body=f"{SIGNATURE}不开会了")
    with pytest.raises(Refused, match="又被修改"):
        approve(office, one.id, digest=one.digest)
    assert approve(office, one.id).state == "approved"


def test_approval_freezes_text_audience_and_plan(office: Office) -> None:
    one = approve(office, draft(office).id)
    assert one.plan == {
        "people": 10,
        "parts": 10,
        "carriers": {"mobile": {"people": 10, "parts": 10}},
        "left_out": {},
    }
    with pytest.raises(Refused, match="已批准"), office.database.write() as tx:
        notices.edit(tx, one.id, body="x")
    office.join("13800000011")
    send(office, one.id)
    assert len(office.submit()) == 10


def test_nothing_is_sent_before_it_is_approved_and_sent(office: Office) -> None:
    one = draft(office)
    assert office.submit() == []
    with pytest.raises(Refused, match="草稿"), office.database.write() as tx:
        notices.send(tx, one.id, office.now, office.now)
    approve(office, one.id)
    assert office.submit() == []
    send(office, one.id)
    assert len(office.submit()) == 10


def test_a_notice_for_later_waits_for_its_time(office: Office) -> None:
    one = approve(office, draft(office).id)
    with office.database.write() as tx:
        notices.send(tx, one.id, office.now + timedelta(hours=2), office.now)
    assert office.submit() == []
    office.minutes = 121
    assert len(office.submit()) == 10


def test_the_same_text_to_the_same_people_is_refused_unless_forced(office: Office) -> None:
    approve(office, draft(office).id)
    with pytest.raises(Refused, match="10人"):
        approve(office, draft(office).id)
    assert approve(office, draft(office, forced_reason="上条写错了时间").id).plan
    office.minutes = 25 * 60
    assert approve(office, draft(office).id).plan


def test_a_notice_to_nobody_is_refused(office: Office) -> None:
    with pytest.raises(Refused, match="没有人"):
        approve(office, draft(office, audience=Audience(townships=("外县",))).id)


def test_only_those_it_did_not_reach_get_it_again(office: Office) -> None:
    one = approve(office, draft(office).id)
    send(office, one.id)
    submits = office.submit()
    office.deliver(submits[:7])
    office.deliver(submits[7:9], ReceiptState.UNDELIVERABLE)
    office.deliver(submits[9:], ReceiptState.EXPIRED)
    with office.database.write() as tx:
        assert notices.finish_done(tx, office.now) == 1
        again = notices.resend_failed(tx, one.id, "甲", office.now, False)
    assert len(again.audience.persons or ()) == 3
    approve(office, again.id)
    send(office, again.id)
    assert {submit.destination for _, _, submit in office.submit()} == {s.destination for _, _, s in submits[7:]}


def test_a_finished_notice_that_reached_everybody_needs_no_resend(office: Office) -> None:
    one = approve(office, draft(office).id)
    send(office, one.id)
    office.deliver(office.submit())
    with office.database.write() as tx:
        notices.finish_done(tx, office.now)
        with pytest.raises(Refused, match="没有需要"):
            notices.resend_failed(tx, one.id, "甲", office.now, False)


def test_the_account_adds_up_to_the_plan_at_every_moment(office: Office) -> None:
    one = approve(office, draft(office, body=SIGNATURE + "{姓名}" + "请按时参加" * 14).id)
    send(office, one.id)
    for step in range(6):
        told = account(office, one.id)
        assert sum(told.total.people.values()) == told.planned_people == 10
        assert sum(told.total.parts.values()) == told.planned_parts
        for group in (told.by_carrier, told.by_category, told.by_township):
            assert sum(sum(tally.people.values()) for tally in group.values()) == 10
        submits = office.submit(4)
        office.deliver(submits[:2], ReceiptState.DELIVERED if step % 2 else ReceiptState.UNDELIVERABLE)
        with office.database.write() as tx:
            settling.settle_uncertain(tx, [((1 << 24) + 1, s, p) for s, p, _ in submits[2:3]], "no answer", 0)


def test_an_account_that_does_not_add_up_is_not_printed(office: Office) -> None:
    one = approve(office, draft(office).id)
    with office.database.write() as tx:
        tx.execute(sa.delete(part).where(part.c.id == 3))
    with pytest.raises(reports.AccountingError):
        account(office, one.id)


def test_the_dry_run_says_what_will_happen_and_changes_nothing(office: Office) -> None:
    office.text("8613800000004", "TD")
    one = draft(office, body=f"{SIGNATURE}{{姓名}}您好,请于周五前来{{乡镇}}")
    with office.database.read() as tx:
        told = reports.estimate(tx, office.vault, office.settings, one, office.now)
    assert (told.people, told.parts) == (9, 9)
    assert told.left_out == {"opted out": 1}
    assert told.cost_fen == 36
    assert told.carriers["mobile"]["seconds"] == pytest.approx(9 / 50)
    assert "钱0" in told.longest
    assert told.starts_at == office.now
    assert office.rows(sa.select(message).where(message.c.notice_id.isnot(None))) == []
    assert approve(office, one.id).plan["parts"] == told.parts  # type: ignore[index]


def test_ten_thousand_people_are_planned_in_one_go(office: Office) -> None:
    office.join(*(f"1390000{number:04d}" for number in range(2_000)))
    one = approve(office, draft(office).id)
    assert one.plan is not None
    assert one.plan["people"] == 2_010
    assert {row.state for row in office.rows(sa.select(part.c.state))} == {PartState.QUEUED}
