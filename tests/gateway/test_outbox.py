"""The states of a part, moved by answers, losses, time and people."""

import re
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import SubmitAnswered, Verdict
from carriers.smpp import describe
from gateway import answers, case_mail, case_texts, inbox, outbox, receipts, settling
from gateway.notices import asked
from gateway.outbox import DIRECT, HOUR, RECEIPT_GRACE, UNCERTAIN_GRACE, PartState
from gateway.settling import Answer
from gateway.tables import attempt, part
from roster import store as roster_store
from roster.rowset import Statement
from routing import store as case_store
from tests.conftest import in_memory

SESSION = (1 << 24) + 1
NOW = 1_000_000
DAY = 24 * HOUR


def put(tx: sa.Connection, person: int = 1, body: str = "您好", **more: Any) -> int:
    return outbox.put(
        tx, person_id=person, body=body, purpose="single", created_by="me", now_ms=NOW, validity_ms=DAY, **more
    )


def claim(tx: sa.Connection, count: int = 10, now_ms: int = NOW, session: int = SESSION, first: int = 1) -> list[int]:
    return [one.part_id for one in outbox.claim(tx, "mobile", DIRECT, count, session, first, now_ms)]


def answer(
    tx: sa.Connection,
    token: int,
    verdict: Verdict = Verdict.ACCEPTED,
    *,
    sequence: int = 1,
    session: int = SESSION,
    message_id: str = "ID7",
    status: int = 0,
) -> list[str]:
    event = SubmitAnswered(sequence, token, verdict, status, message_id, describe(status))
    return settling.settle_answers(tx, "mobile", [Answer(session, event)], NOW + 5)


def row(tx: sa.Connection, part_id: int = 1) -> Any:
    return tx.execute(sa.select(part).where(part.c.id == part_id)).one()


def attempts(tx: sa.Connection, part_id: int = 1) -> list[Any]:
    return list(tx.execute(sa.select(attempt).where(attempt.c.part_id == part_id).order_by(attempt.c.intent_ms)))


def test_a_long_text_becomes_one_part_per_sms(tx: sa.Connection, people: list[int]) -> None:
    put(tx, body="路" * 150)
    assert [(one.number, one.total) for one in tx.execute(sa.select(part))] == [(1, 3), (2, 3), (3, 3)]


def test_the_same_token_puts_nothing_in_twice(tx: sa.Connection, people: list[int]) -> None:
    assert put(tx, token="order 5") == put(tx, token="order 5")
    assert len(tx.execute(sa.select(part)).all()) == 1


def test_claiming_records_the_intent_and_takes_the_oldest_first(tx: sa.Connection, people: list[int]) -> None:
    for person in people:
        put(tx, person)
    assert claim(tx, 3) == [1, 2, 3]
    assert claim(tx, 3, first=4) == [4, 5, 6]
    assert row(tx, 1).state == PartState.SENDING
    assert [(one.session, one.sequence, one.outcome) for one in attempts(tx, 4)] == [(SESSION, 4, None)]


def test_a_status_of_all_32_bits_is_kept(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    claim(tx)
    answer(tx, 1, Verdict.PERMANENT, status=0xFFFF_FFFF)
    assert [one.status for one in attempts(tx)] == [0xFFFF_FFFF]


def test_nothing_is_claimed_for_another_carrier_or_lane(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    assert outbox.claim(tx, "unicom", DIRECT, 10, SESSION, 1, NOW) == []
    assert outbox.claim(tx, "mobile", 5, 10, SESSION, 1, NOW) == []


def test_an_accepted_part_keeps_the_carriers_id_for_its_receipt(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    [part_id] = claim(tx)
    assert answer(tx, part_id, message_id="00AB") == ["ab"]
    assert row(tx).state == PartState.ACCEPTED
    assert attempts(tx)[0].carrier_id == "ab"


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.THROTTLED, PartState.QUEUED),
        (Verdict.TEMPORARY, PartState.QUEUED),
        (Verdict.CONFIGURATION, PartState.QUEUED),
        (Verdict.PERMANENT, PartState.FAILED),
    ],
)
def test_a_refusal_puts_the_part_back_or_ends_it(
    tx: sa.Connection, people: list[int], verdict: Verdict, state: PartState
) -> None:
    put(tx)
    [part_id] = claim(tx)
    answer(tx, part_id, verdict, status=0x58, message_id="")
    assert row(tx).state == state
    assert row(tx).reason
    assert attempts(tx)[0].outcome == "refused"


def test_a_throttled_part_waits_longer_each_time_and_never_fails(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    now, waits = NOW, []
    for sequence in range(1, 12):
        [part_id] = claim(tx, now_ms=now, first=sequence)
        answer(tx, part_id, Verdict.THROTTLED, sequence=sequence, status=0x58)
        waits.append(row(tx).not_before_ms - (NOW + 5))
        now = row(tx).not_before_ms
    assert waits[:4] == [1_000, 2_000, 4_000, 8_000]
    assert max(waits) == 60_000
    assert row(tx).state == PartState.QUEUED


def test_a_part_refused_for_now_fails_after_three_tries(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    for sequence in (1, 2, 3):
        [part_id] = claim(tx, now_ms=row(tx).not_before_ms + NOW, first=sequence)
        answer(tx, part_id, Verdict.TEMPORARY, sequence=sequence, status=8)
    assert row(tx).state == PartState.FAILED
    assert len(attempts(tx)) == 3


def test_an_uncertain_part_is_not_sent_again_by_itself(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    [part_id] = claim(tx)
    settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "no answer", NOW)
    assert row(tx).state == PartState.UNCERTAIN
    assert claim(tx, now_ms=NOW + DAY // 2, first=2) == []


def test_a_late_answer_still_settles_an_uncertain_part(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    [part_id] = claim(tx)
    settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "no answer", NOW)
    answer(tx, part_id)
    assert row(tx).state == PartState.ACCEPTED
    assert attempts(tx)[0].outcome == "accepted"


def test_an_answer_counts_for_its_own_connection_only(tx: sa.Connection, people: list[int]) -> None:
    """A09: two connections, the same sequence number."""
    put(tx)
    put(tx, person=2)
    [old] = claim(tx, 1)
    settling.settle_uncertain(tx, [(SESSION, 1, old)], "link lost", NOW)
    [new] = claim(tx, 1, session=SESSION + 1, first=1)
    answer(tx, old, session=SESSION, message_id="OLD")
    assert (row(tx, old).state, row(tx, new).state) == (PartState.ACCEPTED, PartState.SENDING)
    assert [one.outcome for one in attempts(tx, new)] == [None]


def test_a_part_that_never_reached_the_wire_waits_again(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    [part_id] = claim(tx)
    settling.put_back(tx, [(SESSION, 1, part_id)], NOW)
    assert claim(tx, first=2) == [part_id]
    assert [one.outcome for one in attempts(tx)] == ["not_sent", None]


def test_after_a_restart_what_was_being_sent_is_in_doubt(tx: sa.Connection, people: list[int]) -> None:
    for person in people[:3]:
        put(tx, person)
    claim(tx, 2)
    assert settling.reconcile(tx, NOW) == 2
    assert [row(tx, n).state for n in (1, 2, 3)] == [PartState.UNCERTAIN, PartState.UNCERTAIN, PartState.QUEUED]
    assert attempts(tx)[0].outcome == "uncertain"


def test_an_operator_may_have_an_uncertain_part_sent_again_and_it_shows(tx: sa.Connection, people: list[int]) -> None:
    message_id = put(tx)
    [part_id] = claim(tx)
    settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "no answer", NOW)
    assert outbox.retry(tx, message_id, NOW, DAY) == 1
    assert row(tx).consents == 1
    assert claim(tx, first=2) == [part_id]


def test_parts_not_sent_in_time_expire(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    assert claim(tx, now_ms=NOW + DAY) == []
    assert outbox.expire_waiting(tx, NOW + DAY) == 1
    assert row(tx).state == PartState.EXPIRED


def test_accepted_parts_without_receipt_expire_a_day_after_their_validity(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    [part_id] = claim(tx)
    answer(tx, part_id)
    assert outbox.expire_silent(tx, NOW + DAY + RECEIPT_GRACE - 1) == 0
    assert outbox.expire_silent(tx, NOW + DAY + RECEIPT_GRACE) == 1
    assert (row(tx).state, row(tx).reason) == (PartState.EXPIRED, "no receipt")


def test_uncertain_parts_without_receipt_stay_unknown(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    [part_id] = claim(tx)
    settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "no answer", NOW)
    assert outbox.expire_silent(tx, NOW + DAY + UNCERTAIN_GRACE) == 1
    assert row(tx).state == PartState.UNKNOWN


def test_opting_out_stops_notices_but_not_replies(tx: sa.Connection, people: list[int]) -> None:
    put(tx)
    put(tx)
    tx.execute(sa.update(part).where(part.c.id == 2).values(lane=9))
    assert outbox.withdraw_from_notices(tx, 1, NOW) == 1
    assert [row(tx, 1).state, row(tx, 2).state] == [PartState.QUEUED, PartState.CANCELLED]


HOT = {
    f"{module.__name__}.{name}": statement
    for module in (answers, asked, case_mail, case_texts, inbox, outbox, receipts, roster_store, case_store)
    for name, statement in vars(module).items()
    if isinstance(statement, Statement)
}


@pytest.mark.parametrize("name", HOT)
def test_no_statement_of_the_message_path_walks_through_a_table(name: str) -> None:
    """Of SQLite's planner only: PostgreSQL's walks through whatever is as small as in a test."""
    written = HOT[name].written["sqlite"]
    engine = in_memory()
    with engine.connect() as connection:
        given = dict.fromkeys(re.findall(r":(\w+)", written))
        steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}", given)]
    engine.dispose()
    walked = [step for step in steps if step.startswith("SCAN") and "json_each" not in step]
    again = [step for before, step in pairwise(steps) if "json_each" in step and not before.startswith("LIST SUBQUERY")]
    assert walked + again == []  # no table is walked through, nor the set once for every row of one
