"""A number that belongs to another carrier, a line that is down: who sends then, and what it teaches."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import DeliveryReceipt, ReceiptState, SubmitAnswered, Verdict
from gateway import carrier_desk, outbox, receipts, rerouting, settling
from gateway.outbox import DIRECT, HOUR, PartState
from gateway.rerouting import Routes
from gateway.settling import Answer
from gateway.tables import attempt, part, reroute
from roster import store as roster_store
from roster.networks import Prefixes
from roster.vault import Vault

SESSION, NOW = (1 << 24) + 1, 1_700_000_000_000
MINUTE = 60_000
ROUTES = Routes(
    others={
        "mobile": ("unicom", "telecom"),
        "unicom": ("mobile", "telecom"),
        "telecom": ("mobile", "unicom"),
    },
    stand_ins={"mobile": ("telecom", "unicom"), "unicom": (), "telecom": ()},
    after_ms={"mobile": 15 * MINUTE, "unicom": 15 * MINUTE, "telecom": 15 * MINUTE},
    refusals={"mobile": frozenset({"NP:1243"}), "unicom": frozenset({"22"}), "telecom": frozenset()},
)


@pytest.fixture
def part_id(tx: sa.Connection, people: list[int]) -> int:
    """A text to person 1 that waits for China Mobile."""
    outbox.put(tx, person_id=1, body="您好", purpose="single", created_by="me", now_ms=NOW, validity_ms=24 * HOUR)
    return int(tx.scalar(sa.select(part.c.id)) or 0)


def submit(tx: sa.Connection, carrier: str, sequence: int) -> None:
    assert outbox.claim(tx, carrier, DIRECT, 1, SESSION, sequence, NOW)


def answer(tx: sa.Connection, carrier: str, sequence: int, verdict: Verdict, message_id: str = "") -> None:
    event = SubmitAnswered(sequence, 1, verdict, 9, message_id, "9 not ours")
    settling.settle_answers(tx, carrier, [Answer(SESSION, event)], NOW)
    if verdict is Verdict.WRONG_NETWORK:
        rerouting.not_its_own(tx, carrier, [1], "9 not ours", ROUTES, PartState.FAILED, NOW)


def report(tx: sa.Connection, carrier: str, message_id: str, state: ReceiptState, error: str = "") -> list[int]:
    event = DeliveryReceipt(0, message_id, state, error, "", b"raw")
    return receipts.settle(tx, carrier, [event], NOW, lambda number: 1, lambda raw: raw, ROUTES)


def where(tx: sa.Connection) -> Any:
    return tx.execute(sa.select(part.c.state, part.c.carrier)).one()


def belongs(tx: sa.Connection) -> str:
    return roster_store.person_of(tx, 1).carrier


def test_a_number_that_the_carrier_does_not_serve_is_tried_over_each_other_once(
    tx: sa.Connection, part_id: int
) -> None:
    for sequence, carrier, following in ((1, "mobile", "unicom"), (2, "unicom", "telecom")):
        submit(tx, carrier, sequence)
        answer(tx, carrier, sequence, Verdict.WRONG_NETWORK)
        assert where(tx) == (PartState.QUEUED, following)
    submit(tx, "telecom", 3)
    answer(tx, "telecom", 3, Verdict.WRONG_NETWORK)
    assert where(tx) == (PartState.FAILED, "telecom")
    assert list(tx.scalars(sa.select(attempt.c.outcome))) == ["wrong_network"] * 3


def test_a_receipt_that_says_ported_sends_it_over_another_carrier_and_its_delivery_teaches(
    tx: sa.Connection, part_id: int
) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.ACCEPTED, "A1")
    assert report(tx, "mobile", "A1", ReceiptState.UNDELIVERABLE, "NP:1243") == []
    assert where(tx) == (PartState.QUEUED, "unicom")
    submit(tx, "unicom", 2)
    answer(tx, "unicom", 2, Verdict.ACCEPTED, "B1")
    assert rerouting.learn(tx, NOW) == 0  # nothing is known yet
    assert report(tx, "unicom", "B1", ReceiptState.DELIVERED) == [part_id]
    assert rerouting.learn(tx, NOW) == 1
    assert belongs(tx) == "unicom"
    [evidence] = roster_store.evidence(tx, 1)
    assert (evidence.source, evidence.note) == ("receipt", "mobile: NP:1243; delivered over unicom")
    assert rerouting.learn(tx, NOW) == 0


@pytest.mark.parametrize("reported", ["a1", "161"])  # hexadecimal as in the answer, and decimal
def test_the_first_carriers_receipt_again_changes_nothing_any_more(
    tx: sa.Connection, part_id: int, reported: str
) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.ACCEPTED, "A1")
    report(tx, "mobile", reported, ReceiptState.UNDELIVERABLE, "NP:1243")
    submit(tx, "unicom", 2)
    answer(tx, "unicom", 2, Verdict.ACCEPTED, "B1")
    assert report(tx, "mobile", reported, ReceiptState.UNDELIVERABLE, "NP:1243") == []
    assert where(tx) == (PartState.ACCEPTED, "unicom")
    assert tx.scalar(sa.select(sa.func.count()).select_from(reroute)) == 1


def test_the_same_receipt_twice_at_once_reroutes_once(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.ACCEPTED, "A1")
    event = DeliveryReceipt(0, "A1", ReceiptState.UNDELIVERABLE, "NP:1243", "", b"raw")
    receipts.settle(tx, "mobile", [event, event], NOW, lambda number: None, lambda raw: raw, ROUTES)
    assert where(tx) == (PartState.QUEUED, "unicom")


def test_a_ported_number_whose_text_was_delivered_meanwhile_stays_delivered(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.ACCEPTED, "A1")
    report(tx, "mobile", "A1", ReceiptState.DELIVERED)
    report(tx, "mobile", "A1", ReceiptState.UNDELIVERABLE, "NP:1243")
    assert where(tx) == (PartState.DELIVERED, "mobile")


def test_an_undelivered_text_of_another_reason_stays_where_it_is(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.ACCEPTED, "A1")
    assert report(tx, "mobile", "A1", ReceiptState.UNDELIVERABLE, "MK:0001") == [part_id]
    assert where(tx) == (PartState.UNDELIVERED, "mobile")


def test_what_else_waits_for_the_person_follows(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.WRONG_NETWORK)
    outbox.put(tx, person_id=1, body="再见", purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    submit(tx, "unicom", 2)
    answer(tx, "unicom", 2, Verdict.ACCEPTED, "B1")
    report(tx, "unicom", "B1", ReceiptState.DELIVERED)
    rerouting.learn(tx, NOW)
    assert list(tx.scalars(sa.select(part.c.carrier).order_by(part.c.id))) == ["unicom", "unicom"]


def test_what_a_receipt_taught_expires_and_the_tables_decide_again(
    tx: sa.Connection, vault: Vault, part_id: int
) -> None:
    tables = Prefixes({"138": "移动"}, {"移动": "mobile"}, "mobile")
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    roster_store.learn_carrier(tx, 1, "unicom", "receipt", "", now, now + timedelta(days=180))
    assert roster_store.forget_expired_carriers(tx, vault, tables, now + timedelta(days=179)) == 0
    assert belongs(tx) == "unicom"
    assert roster_store.forget_expired_carriers(tx, vault, tables, now + timedelta(days=181)) == 1
    assert belongs(tx) == "mobile"


# ------------------------------------------------------------------------------------------------------- lines down


def stand(tx: sa.Connection, carrier: str, state: str, minutes: float = 0.0) -> None:
    at = datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(minutes=minutes)
    carrier_desk.report_link(tx, carrier, state, at, "", {}, at)


def test_a_line_that_is_down_for_long_is_stood_in_for_by_the_first_that_is_up(tx: sa.Connection, part_id: int) -> None:
    stand(tx, "mobile", "down")
    stand(tx, "telecom", "down")
    stand(tx, "unicom", "bound")
    stand(tx, "mobile", "connecting", 10)  # tries again and again: it is down since it first failed
    stand(tx, "mobile", "down", 14)
    assert rerouting.stand_in(tx, ROUTES, NOW + 14 * MINUTE) == 0
    assert rerouting.stand_in(tx, ROUTES, NOW + 15 * MINUTE) == 1
    assert where(tx) == (PartState.QUEUED, "unicom")


def test_nobody_stands_in_where_the_settings_name_nobody(tx: sa.Connection, people: list[int], part_id: int) -> None:
    tx.execute(sa.update(part).values(carrier="unicom"))
    stand(tx, "unicom", "down")
    stand(tx, "mobile", "bound")
    assert rerouting.stand_in(tx, ROUTES, NOW + HOUR) == 0


def test_nobody_stands_in_for_a_line_that_somebody_holds(tx: sa.Connection, part_id: int) -> None:
    stand(tx, "mobile", "down")
    stand(tx, "unicom", "bound")
    carrier_desk.hold(tx, "mobile", "office", "maintenance", datetime.fromtimestamp(NOW / 1000, UTC))
    assert rerouting.stand_in(tx, ROUTES, NOW + HOUR) == 0


def test_what_is_uncertain_never_goes_over_another_line(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "link lost", NOW)
    stand(tx, "mobile", "down")
    stand(tx, "unicom", "bound")
    assert rerouting.stand_in(tx, ROUTES, NOW + HOUR) == 0
    assert where(tx) == (PartState.UNCERTAIN, "mobile")


def test_what_goes_again_though_it_was_uncertain_stays_with_its_carrier(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "link lost", NOW)
    tx.execute(sa.update(part).values(state=PartState.QUEUED, consents=1))  # an operator's word
    stand(tx, "mobile", "down")
    stand(tx, "unicom", "bound")
    assert rerouting.stand_in(tx, ROUTES, NOW + HOUR) == 0


def test_a_late_refusal_moves_nothing_that_is_with_another_carrier_by_now(tx: sa.Connection, part_id: int) -> None:
    tx.execute(sa.update(part).values(carrier="unicom"))
    rerouting.not_its_own(tx, "mobile", [part_id], "9 not ours", ROUTES, PartState.FAILED, NOW)
    assert where(tx) == (PartState.QUEUED, "unicom")
    assert tx.scalar(sa.select(sa.func.count()).select_from(reroute)) == 0


STAMP = bytes.fromhex("b4aa44b942fdc6c0")  # SGIP: receipts name ids that are known before the answer


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.TEMPORARY, Verdict.PERMANENT, Verdict.UNCERTAIN, None])
def test_an_answer_after_its_receipt_says_nothing_of_where_the_part_is_by_now(
    tx: sa.Connection, part_id: int, verdict: Verdict | None
) -> None:
    outbox.claim(tx, "mobile", DIRECT, 1, SESSION, 1, NOW, STAMP)
    report(tx, "mobile", f"{STAMP.hex()}{1:08x}", ReceiptState.UNDELIVERABLE, "NP:1243")
    submit(tx, "unicom", 2)
    if verdict is None:  # the connection is lost instead
        settling.settle_uncertain(tx, [(SESSION, 1, part_id)], "no answer", NOW)
    else:
        answer(tx, "mobile", 1, verdict)
    assert where(tx) == (PartState.SENDING, "unicom")


def test_what_one_carriers_receipt_is_called_names_no_submit_over_another(tx: sa.Connection, part_id: int) -> None:
    submit(tx, "mobile", 1)
    answer(tx, "mobile", 1, Verdict.ACCEPTED, "A1")
    report(tx, "mobile", "161", ReceiptState.UNDELIVERABLE, "NP:1243")  # the same id, decimal
    submit(tx, "unicom", 2)
    settling.settle_uncertain(tx, [(SESSION, 2, part_id)], "no answer", NOW)
    report(tx, "mobile", "161", ReceiptState.UNDELIVERABLE, "NP:1243")
    assert set(tx.scalars(sa.select(attempt.c.carrier_id).where(attempt.c.carrier == "unicom"))) == {None}
    assert report(tx, "unicom", "an id nobody told us", ReceiptState.DELIVERED) == [part_id]
