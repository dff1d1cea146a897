"""One transaction for all that came in and all that may go out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import InboundText, ReceiptState, SubmitAnswered, Verdict
from carriers.smpp import describe
from gateway import carrier_desk, lease, notices, outbox, resources, roster_desk
from gateway.outbox import PartState
from gateway.settling import Answer
from gateway.tables import attempt, carrier_status, message, part, text
from gateway.tick import Arrivals, Room
from roster.audiences import Audience
from roster.tables import person
from tests.gateway.office import HOME, SESSION, Office


def put(office: Office, person_id: int = 1, body: str = "您好") -> int:
    with office.database.write() as tx:
        return outbox.put(
            tx,
            person_id=person_id,
            body=body,
            purpose="single",
            created_by="me",
            now_ms=office.now_ms,
            validity_ms=3_600_000,
        )


def notice(office: Office, body: str = "【肥乡双向沟通办】开会", **more: str) -> int:
    """A notice to everybody, approved and sent."""
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="会",
            topic="教育",
            body=body,
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
            **more,  # type: ignore[arg-type]
        )
        carriers = list(office.settings.values.carriers)
        notices.approve(tx, office.vault, one.id, "乙", None, carriers, 24, office.now)
        notices.send(tx, one.id, office.now, office.now)
    return one.id


def states(office: Office) -> list[str]:
    return [row.state for row in office.rows(sa.select(part.c.state).order_by(part.c.id))]


def test_the_intent_is_on_record_before_the_pdu_is_handed_out(office: Office) -> None:
    put(office)
    [(sequence, part_id, submit)] = office.submit()
    [row] = office.rows(sa.select(attempt))
    assert (row.session, row.sequence, row.part_id, row.outcome) == (SESSION, sequence, part_id, None)
    assert submit.body.decode("utf-16-be") == "您好"
    assert submit.receipt_wanted


def test_no_more_goes_than_there_is_room_for(office: Office) -> None:
    notice(office)
    assert [len(office.submit(4)) for _ in range(4)] == [4, 4, 2, 0]


def test_a_number_that_an_operator_corrects_is_used_with_the_next_text(office: Office) -> None:
    put(office)
    [(_, _, before)] = office.submit()
    with office.database.write() as tx:
        tables = resources.prefixes(office.settings)
        roster_desk.change_phone(tx, office.vault, tables, 1, "13800000999", "甲", office.now)
    put(office)
    [(_, _, after)] = office.submit()
    assert before.destination != after.destination == "8613800000999"


def test_replies_go_before_notices(office: Office) -> None:
    notice(office)
    put(office, body="答复")
    assert office.submit(1)[0][2].body.decode("utf-16-be") == "答复"


def test_a_personal_notice_says_to_each_their_own(office: Office) -> None:
    notice(office, body="【肥乡双向沟通办】{姓名}({类别},{乡镇}{村})您好")
    words = {submit.body.decode("utf-16-be") for _, _, submit in office.submit()}
    assert "【肥乡双向沟通办】钱001(教师,城关镇东赵村)您好" in words
    assert len(words) == 10


def test_a_long_notice_is_numbered_for_the_phone(office: Office) -> None:
    notice(office, body="【肥乡双向沟通办】" + "请按时参加" * 20)
    submits = office.submit()
    assert len(submits) == 20
    assert {submit.concatenation.total for _, _, submit in submits} == {2}
    whole = b"".join(submit.body for _, _, submit in submits[:2]).decode("utf-16-be")
    assert whole == "【肥乡双向沟通办】" + "请按时参加" * 20


def test_a_paused_notice_stops_with_the_next_claim(office: Office) -> None:
    number = notice(office)
    assert len(office.submit(3)) == 3
    with office.database.write() as tx:
        notices.pause(tx, number, "me")
    assert office.submit() == []
    with office.database.write() as tx:
        notices.resume(tx, number)
    assert len(office.submit()) == 7


def test_a_cancelled_notice_sends_nothing_more(office: Office) -> None:
    number = notice(office)
    office.submit(3)
    with office.database.write() as tx:
        _, stopped = notices.cancel(tx, number, office.now)
    assert stopped == 7
    assert office.submit() == []
    assert states(office).count(PartState.CANCELLED) == 7


def refused(office: Office, submits: list[Any]) -> None:
    """The carrier says "too fast" to these."""
    answers = [
        Answer(SESSION, SubmitAnswered(sequence, part_id, Verdict.THROTTLED, 0x58, "", describe(0x58)))
        for sequence, part_id, _ in submits
    ]
    office.run(answers=answers)


def test_what_the_carrier_refuses_after_the_cancellation_does_not_wait_for_ever(office: Office) -> None:
    number = notice(office)
    submits = office.submit(3)
    with office.database.write() as tx:
        notices.cancel(tx, number, office.now)
    refused(office, submits)
    assert set(states(office)) == {PartState.CANCELLED}


def test_what_the_carrier_refuses_after_the_opt_out_is_not_sent_again(office: Office) -> None:
    notice(office)
    submits = office.submit(10)
    office.text("8613800000004", "TD")
    refused(office, submits)
    office.minutes += 10
    numbers = [submit.destination for _, _, submit in office.submit(20)]
    assert numbers.count("8613800000004") == 1  # the answer to TD
    assert states(office).count(PartState.CANCELLED) == 1


def test_a_resend_passes_over_who_has_opted_out_and_what_was_cancelled(office: Office) -> None:
    notice(office)
    uncertain = [(SESSION, sequence, part_id) for sequence, part_id, _ in office.submit(10)]
    office.run(uncertain=uncertain)
    office.text("8613800000004", "TD")
    theirs = sa.select(message.c.id).where(message.c.notice_id.isnot(None)).order_by(message.c.person_id)
    with office.database.write() as tx:
        sent_again = [outbox.retry(tx, one, office.now_ms, 3_600_000) for one in tx.scalars(theirs).all()]
    assert sent_again == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1]


def test_a_notice_that_was_done_runs_again_for_a_resend(office: Office) -> None:
    number = notice(office)
    office.run(uncertain=[(SESSION, sequence, part_id) for sequence, part_id, _ in office.submit(10)])
    office.minutes += 60 * 72
    with office.database.write() as tx:
        outbox.expire_silent(tx, office.now_ms)
        notices.finish_done(tx, office.now)
        assert notices.by_id(tx, number).state == "done"
        outbox.retry(tx, 1, office.now_ms, 3_600_000)
    assert len(office.submit(10)) == 1


def test_a_held_carrier_gets_nothing_until_it_is_released(office: Office) -> None:
    put(office)
    with office.database.write() as tx:
        carrier_desk.hold(tx, "mobile", "me", "维护", office.now)
    assert office.submit() == []
    with office.database.write() as tx:
        carrier_desk.release(tx, "mobile", office.now)
    assert len(office.submit()) == 1


def test_quiet_hours_hold_notices_but_not_replies(office: Office) -> None:
    number = notice(office)
    urgent = notice(office, body="【肥乡双向沟通办】汛情", urgent_reason="防汛")
    office.minutes = 9 * 60  # 21:00
    put(office, body="答复")
    words = [submit.body.decode("utf-16-be") for _, _, submit in office.submit()]
    assert words[0] == "答复"
    assert set(words[1:]) == {"【肥乡双向沟通办】汛情"}
    office.minutes = 20 * 60 + 31  # 08:31 the next day
    assert len(office.submit()) == 10
    assert number < urgent


def test_who_opted_out_after_the_plan_gets_nothing(office: Office) -> None:
    notice(office)
    office.text("8613800000004", "TD")
    numbers = {submit.destination for _, _, submit in office.submit()[1:]}
    assert "8613800000004" not in numbers
    assert len(numbers) == 9


def test_a_refusal_of_our_own_account_holds_the_carrier(office: Office) -> None:
    put(office)
    [(sequence, part_id, _)] = office.submit()
    refused = Answer(SESSION, SubmitAnswered(sequence, part_id, Verdict.CONFIGURATION, 0x0A, "", describe(0x0A)))
    office.run(answers=[refused])
    [row] = office.rows(sa.select(carrier_status))
    assert row.held_by == carrier_desk.SYSTEM
    assert "ESME_RINVSRCADR" in row.held_reason
    assert states(office) == [PartState.QUEUED]


def test_twenty_texts_hold_no_answer_up(office: Office) -> None:
    """H4: all that came shares one transaction, whatever its number and kind."""
    put(office)
    [(sequence, part_id, _)] = office.submit()
    texts = [
        (SESSION, InboundText(n, f"86138000001{n:02d}", HOME, "路灯".encode("utf-16-be"), 8, None, False, "", b""))
        for n in range(1, 21)
    ]
    answers = [Answer(SESSION, SubmitAnswered(sequence, part_id, Verdict.ACCEPTED, 0, "A1"))]
    commits: list[object] = []
    sa.event.listen(office.database.engine, "commit", commits.append)
    office.run(texts=texts, answers=answers)
    assert len(commits) == 1
    assert len(office.rows(sa.select(text))) == 20
    assert states(office)[0] == "accepted"


def test_answer_and_receipt_in_one_tick_settle_the_part(office: Office) -> None:
    put(office)
    submits = office.submit()
    office.deliver(submits)
    assert states(office) == [PartState.DELIVERED]


def test_somebody_who_was_forgotten_fails_alone(office: Office) -> None:
    put(office, 1)
    put(office, 2)
    with office.database.write() as tx:
        tx.execute(sa.update(person).where(person.c.id == 1).values(key_sealed=None))
    assert [submit.destination for _, _, submit in office.submit()] == ["8613800000002"]
    assert states(office) == [PartState.FAILED, PartState.SENDING]


def test_a_daemon_that_was_overtaken_changes_nothing(office: Office) -> None:
    put(office)
    with office.database.write() as tx:
        lease.take(tx, "another:2", office.now_ms + 7_200_000, 1)
    with pytest.raises(lease.LeaseLost):
        office.submit()
    assert states(office) == [PartState.QUEUED]


def test_a_tick_that_fails_leaves_no_trace(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    put(office)

    def broken(*arguments: object) -> None:
        raise sa.exc.OperationalError("disk full", None, OSError())

    monkeypatch.setattr(office.inbox, "receive", broken)
    came = Arrivals(texts=[(SESSION, None)])  # type: ignore[list-item]
    with pytest.raises(sa.exc.OperationalError):
        office.tick.run({"mobile": came}, {"mobile": Room(SESSION, 1, 5)}, office.now_ms)
    assert states(office) == [PartState.QUEUED]
    assert office.rows(sa.select(attempt)) == []


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_commit_of_which_nobody_knows_loses_nothing_and_sends_nothing_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch, carried_out: bool
) -> None:
    for person_id in (1, 2, 3):
        put(office, person_id)
    dialect = office.database.engine.dialect
    commit = dialect.do_commit

    def cut(connection: Any) -> None:
        (commit if carried_out else dialect.do_rollback)(connection)
        raise dialect.loaded_dbapi.OperationalError("the server went away")

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", cut)
        with pytest.raises(sa.exc.OperationalError):
            office.submit(2)
    assert states(office) == ["sending" if carried_out else "queued"] * 2 + ["queued"]
    submits = office.submit()
    assert sorted(part_id for _, part_id, _ in submits) == [1, 2, 3]
    office.deliver(submits)
    assert states(office) == [PartState.DELIVERED] * 3
    outcomes = [row.outcome for row in office.rows(sa.select(attempt.c.outcome).order_by(attempt.c.sequence))]
    assert outcomes == ["not_sent"] * (2 * carried_out) + ["accepted"] * 3


def test_a_reply_that_does_not_arrive_brings_its_case_back(office: Office) -> None:
    from gateway import case_desk
    from routing.cases import Facts
    from routing.tables import case_ticket

    office.text("8613800000001", "村里路灯坏了半个月")
    [row] = office.rows(sa.select(case_ticket))
    facts = Facts(
        "甲", office.now, kind="求助", reply="已修好", lead="县住建局", gates=frozenset("epy"), signed_by="钱局长"
    )
    facts = replace(facts, due=(office.now + timedelta(days=5)).date())
    with office.database.write() as tx:
        for event, role, who in (
            ("accept", "operator", "甲"),
            ("assign", "operator", "甲"),
            ("sign", "operator", "甲"),
            ("report", "operator", "甲"),
            ("approve", "reviewer", "乙"),
        ):
            case_desk.act(tx, office.desk, row.number, event, role, replace(facts, actor=who))
    office.minutes = 60
    submits = office.submit()
    assert len(submits) == 4  # acknowledgement, assigned, reply, survey
    office.deliver(submits, ReceiptState.UNDELIVERABLE)
    [row] = office.rows(sa.select(case_ticket))
    assert (row.state, row.reply_delivery) == ("reported", "undelivered")


# ------------------------------------------------------------------------------------------------- lines that rest


def wanted(office: Office, *resting: str) -> frozenset[str]:
    return office.tick.run({}, {}, office.now_ms, resting).wanted


def test_a_line_that_rests_is_wanted_when_something_waits_for_it(office: Office) -> None:
    assert wanted(office, "mobile", "unicom") == frozenset()
    put(office)
    assert wanted(office, "mobile", "unicom") == {"mobile"}
    assert wanted(office) == frozenset()
    assert states(office) == ["queued"]  # nothing is claimed by asking


def test_a_line_that_rests_is_not_wanted_for_what_must_not_go(office: Office) -> None:
    put(office)
    with office.database.write() as tx:
        carrier_desk.hold(tx, "mobile", "甲", "维护", office.now)
    assert wanted(office, "mobile") == frozenset()
    with office.database.write() as tx:
        carrier_desk.release(tx, "mobile", office.now)
    assert wanted(office, "mobile") == {"mobile"}


def test_a_line_that_rests_is_wanted_for_a_notice_but_not_while_it_is_paused(office: Office) -> None:
    one = notice(office)
    assert wanted(office, "mobile") == {"mobile"}
    with office.database.write() as tx:
        notices.pause(tx, one, "甲")
    assert wanted(office, "mobile") == frozenset()


def test_a_part_that_is_to_wait_does_not_wake_its_line_before_its_time(office: Office) -> None:
    part_id = put(office)
    [(sequence, _, _)] = office.submit()
    throttled = SubmitAnswered(sequence, part_id, Verdict.THROTTLED, 88, "", "88")
    office.run(answers=[Answer(SESSION, throttled)])
    assert wanted(office, "mobile") == frozenset()
    office.minutes += 1
    assert wanted(office, "mobile") == {"mobile"}


def test_the_id_that_the_carrier_will_report_is_on_record_with_the_intent(office: Office) -> None:
    put(office)
    stamp = bytes.fromhex("b4aa44b942fdc6c0")
    office.tick.run({}, {"mobile": Room(SESSION, 7, 1, stamp)}, office.now_ms)
    [row] = office.rows(sa.select(attempt.c.carrier_id))
    assert row.carrier_id == "b4aa44b942fdc6c000000007"
