"""Which part a receipt is about, in whatever order and notation it comes."""

from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import DeliveryReceipt, ReceiptState, SubmitAnswered, Verdict
from gateway import outbox, receipts, settling
from gateway.outbox import DIRECT, HOUR, PartState
from gateway.settling import Answer
from gateway.tables import part, receipt

SESSION, NOW = (1 << 24) + 1, 1_700_000_000_000


@pytest.fixture
def sent(tx: sa.Connection, people: list[int]) -> list[int]:
    """Three parts on the wire, to persons 1, 2 and 3, with sequence numbers 1, 2 and 3."""
    for person in people[:3]:
        outbox.put(tx, person_id=person, body="您好", purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    return [one.part_id for one in outbox.claim(tx, "mobile", DIRECT, 3, SESSION, 1, NOW)]


def accept(tx: sa.Connection, token: int, message_id: str) -> list[str]:
    event = SubmitAnswered(token, token, Verdict.ACCEPTED, 0, message_id)
    return settling.settle_answers(tx, "mobile", [Answer(SESSION, event)], NOW + 1)


def say(
    tx: sa.Connection, message_id: str, state: ReceiptState = ReceiptState.DELIVERED, person: int = 1, error: str = ""
) -> list[int]:
    event = DeliveryReceipt(9, message_id, state, error, f"person {person}", b"raw")
    return receipts.settle(tx, "mobile", [event], NOW + 10, lambda number: int(number.split()[1]), lambda raw: raw)


def state(tx: sa.Connection, part_id: int = 1) -> str:
    return str(tx.scalar(sa.select(part.c.state).where(part.c.id == part_id)))


def effects(tx: sa.Connection) -> list[str]:
    return list(tx.scalars(sa.select(receipt.c.effect).order_by(receipt.c.id)))


def test_a_receipt_settles_its_part(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "AB12")
    assert say(tx, "AB12") == [1]
    assert state(tx) == PartState.DELIVERED


@pytest.mark.parametrize(
    ("answered", "reported"),
    [
        ("00AB12", "ab12"),
        ("AB12", "43794"),  # hex in the answer, decimal in the receipt
        ("43794", "AB12"),
        ("  77 ", "77"),
        ("0", "0"),
    ],
)
def test_the_same_id_in_another_notation_is_the_same(
    tx: sa.Connection, sent: list[int], answered: str, reported: str
) -> None:
    accept(tx, 1, answered)
    assert say(tx, reported) == [1]


FORMS = ("AB12", "ab12", "0000AB12", "43794", "0000043794", " 43794 ")
"""One number as carriers write it: CMPP's eight octets, too, come as hexadecimal digits or as twenty decimal ones."""


@pytest.mark.parametrize("answered", FORMS)
@pytest.mark.parametrize("reported", FORMS)
def test_whichever_forms_answer_and_receipt_use_they_find_each_other(
    tx: sa.Connection, sent: list[int], answered: str, reported: str
) -> None:
    """B02, both orders."""
    accept(tx, 1, answered)
    assert say(tx, reported) == [1]
    say(tx, reported.replace("AB12", "CD34").replace("ab12", "cd34").replace("43794", "52532"), person=2)
    keys = accept(tx, 2, answered.replace("AB12", "CD34").replace("ab12", "cd34").replace("43794", "52532"))
    assert receipts.match_early(tx, "mobile", keys, NOW + 20) == [2]


def test_an_id_in_another_base_never_hits_somebody_elses_part(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "10")  # as hex this is 16
    accept(tx, 2, "99")
    assert say(tx, "16", person=2) == []
    assert state(tx, 1) == PartState.ACCEPTED


def test_a_receipt_before_its_answer_waits_for_it(tx: sa.Connection, sent: list[int]) -> None:
    assert say(tx, "AB12") == []
    assert effects(tx) == ["orphan"]
    keys = accept(tx, 1, "AB12")
    assert receipts.match_early(tx, "mobile", keys, NOW + 20) == [1]
    assert state(tx) == PartState.DELIVERED
    assert effects(tx) == ["applied"]


def test_an_early_receipt_in_the_other_base_is_matched_too(tx: sa.Connection, sent: list[int]) -> None:
    say(tx, "43794")
    keys = accept(tx, 1, "AB12")
    assert receipts.match_early(tx, "mobile", keys, NOW + 20) == [1]


def test_the_same_receipt_twice_changes_nothing(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "7")
    say(tx, "7")
    assert say(tx, "7") == []
    assert effects(tx) == ["applied", "repeated"]


def test_the_first_final_state_wins(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "7")
    say(tx, "7", ReceiptState.ENROUTE)
    say(tx, "7", ReceiptState.ACCEPTED)
    say(tx, "7", ReceiptState.DELIVERED)
    say(tx, "7", ReceiptState.UNDELIVERABLE)
    assert state(tx) == PartState.DELIVERED
    assert effects(tx) == ["progress", "progress", "applied", "conflict"]


def test_two_receipts_of_one_part_in_one_batch_count_once(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "7")
    twice = [DeliveryReceipt(i, "7", ReceiptState.DELIVERED, "", "person 1", b"") for i in (1, 2)]
    assert receipts.settle(tx, "mobile", twice, NOW, lambda number: 1, lambda raw: raw) == [1]
    assert effects(tx) == ["applied", "repeated"]


def test_what_we_assumed_gives_way_to_what_the_carrier_knows(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "7")
    outbox.expire_silent(tx, NOW + HOUR + outbox.RECEIPT_GRACE)
    assert state(tx) == PartState.EXPIRED
    say(tx, "7")
    assert state(tx) == PartState.DELIVERED
    assert effects(tx) == ["late"]


def test_the_receipt_of_an_uncertain_part_finds_it_by_its_person(tx: sa.Connection, sent: list[int]) -> None:
    settling.settle_uncertain(tx, [(SESSION, 1, 1)], "no answer", NOW)
    assert say(tx, "an id nobody told us", person=1) == [1]
    assert state(tx) == PartState.DELIVERED


def test_a_receipt_matched_by_evidence_and_repeated_settles_nothing_else(tx: sa.Connection, people: list[int]) -> None:
    for body in ("一", "二"):
        outbox.put(tx, person_id=1, body=body, purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    for sequence in (1, 2):
        [one] = outbox.claim(tx, "mobile", DIRECT, 1, SESSION, sequence, NOW)
        settling.settle_uncertain(tx, [(SESSION, sequence, one.part_id)], "no answer", NOW)
        say(tx, "an id nobody told us", person=1)  # the second time it is the first part's again
    assert (state(tx, 1), state(tx, 2)) == (PartState.DELIVERED, PartState.UNCERTAIN)
    assert effects(tx) == ["applied", "repeated"]


def test_what_waited_for_an_id_is_applied_when_evidence_shows_it(tx: sa.Connection, sent: list[int]) -> None:
    say(tx, "an id nobody told us", ReceiptState.ENROUTE, person=1)
    settling.settle_uncertain(tx, [(SESSION, 1, 1)], "no answer", NOW)
    say(tx, "an id nobody told us", person=1)
    assert "orphan" not in effects(tx)


def test_a_receipt_that_came_before_the_link_was_lost_settles_the_uncertain_part(
    tx: sa.Connection, sent: list[int]
) -> None:
    say(tx, "an id nobody told us", person=1)
    settling.settle_uncertain(tx, [(SESSION, 1, 1)], "no answer", NOW)
    assert receipts.match_uncertain(tx, "mobile", NOW + 20) == [1]
    assert state(tx) == PartState.DELIVERED


def test_two_uncertain_parts_of_one_person_are_not_guessed_at(tx: sa.Connection, people: list[int]) -> None:
    for body in ("一", "二"):
        outbox.put(tx, person_id=1, body=body, purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    outbox.claim(tx, "mobile", DIRECT, 2, SESSION, 1, NOW)
    settling.settle_uncertain(tx, [(SESSION, 1, 1), (SESSION, 2, 2)], "no answer", NOW)
    assert say(tx, "unheard of", person=1) == []
    assert [state(tx, 1), state(tx, 2)] == [PartState.UNCERTAIN, PartState.UNCERTAIN]


def test_a_submit_that_was_given_up_as_unknown_may_still_be_the_one(tx: sa.Connection, people: list[int]) -> None:
    outbox.put(tx, person_id=1, body="一", purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    outbox.claim(tx, "mobile", DIRECT, 1, SESSION, 1, NOW)
    settling.settle_uncertain(tx, [(SESSION, 1, 1)], "no answer", NOW)
    outbox.expire_silent(tx, NOW + 4 * HOUR)
    outbox.put(tx, person_id=1, body="二", purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    outbox.claim(tx, "mobile", DIRECT, 1, SESSION, 2, NOW)
    settling.settle_uncertain(tx, [(SESSION, 2, 2)], "no answer", NOW)
    assert say(tx, "unheard of", person=1) == []
    assert [state(tx, 1), state(tx, 2)] == [PartState.UNKNOWN, PartState.UNCERTAIN]


def test_while_another_submit_is_open_its_receipt_is_not_taken_for_the_uncertain_ones(
    tx: sa.Connection, people: list[int]
) -> None:
    for body in ("一", "二"):
        outbox.put(tx, person_id=1, body=body, purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    outbox.claim(tx, "mobile", DIRECT, 2, SESSION, 1, NOW)
    settling.settle_uncertain(tx, [(SESSION, 1, 1)], "no answer", NOW)
    assert say(tx, "the id of part 2", person=1) == []
    keys = accept(tx, 2, "the id of part 2")
    assert receipts.match_early(tx, "mobile", keys, NOW + 20) == [2]
    assert state(tx, 1) == PartState.UNCERTAIN


def test_an_id_used_again_after_months_means_the_newer_submit(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "7")
    month = 30 * 24 * HOUR
    event = DeliveryReceipt(1, "7", ReceiptState.DELIVERED, "", "person 5", b"")
    found = receipts.settle(tx, "mobile", [event], NOW + month, lambda number: 5, lambda raw: raw)
    assert found == []


@pytest.mark.parametrize(
    ("before", "reason", "final", "effect"),
    [
        (PartState.ACCEPTED, None, None, "progress"),
        (PartState.SENDING, None, "delivered", "applied"),
        (PartState.UNCERTAIN, None, "undelivered", "applied"),
        (PartState.DELIVERED, None, "delivered", "repeated"),
        (PartState.DELIVERED, None, "undelivered", "conflict"),
        (PartState.CANCELLED, None, "delivered", "late"),
        (PartState.FAILED, "0x0B", "delivered", "late"),
        (PartState.UNKNOWN, None, "delivered", "late"),
        (PartState.EXPIRED, "no receipt", "delivered", "late"),
        (PartState.EXPIRED, "027", "delivered", "conflict"),
    ],
)
def test_the_table_of_effects(before: PartState, reason: str | None, final: str | None, effect: str) -> None:
    assert receipts.effect_of(before, reason, final) == effect


def test_orphans_keep_their_raw_pdu_and_matched_ones_do_not(tx: sa.Connection, sent: list[int]) -> None:
    accept(tx, 1, "7")
    say(tx, "7")
    say(tx, "unheard of", person=9)
    rows: list[Any] = list(tx.execute(sa.select(receipt.c.raw_sealed).order_by(receipt.c.id)))
    assert [row.raw_sealed for row in rows] == [None, b"raw"]


# ----------------------------------------------------------------------- ids that are known before the carrier answers

STAMP = bytes.fromhex("b4aa44b942fdc6c0")  # SGIP: our node and the moment that the connection began


@pytest.fixture
def named(tx: sa.Connection, people: list[int]) -> list[str]:
    """Two parts for person 1 and one for person 2 on the wire; the ids that their receipts will have."""
    for person in (1, 1, 2):
        outbox.put(tx, person_id=person, body="您好", purpose="single", created_by="me", now_ms=NOW, validity_ms=HOUR)
    claimed = outbox.claim(tx, "mobile", DIRECT, 3, SESSION, 1, NOW, STAMP)
    return [f"{STAMP.hex()}{one.sequence:08x}" for one in claimed]


def test_a_known_id_finds_its_part_before_the_answer(tx: sa.Connection, named: list[str]) -> None:
    assert say(tx, named[1]) == [2]
    accept(tx, 2, named[1])
    assert (state(tx, 1), state(tx, 2)) == (PartState.SENDING, PartState.DELIVERED)
    assert effects(tx) == ["applied"]


def test_known_ids_tell_the_uncertain_parts_of_one_person_apart(tx: sa.Connection, named: list[str]) -> None:
    settling.settle_uncertain(tx, [(SESSION, n, n) for n in (1, 2, 3)], "no answer", NOW)
    assert say(tx, named[1].upper(), ReceiptState.UNDELIVERABLE) == [2]
    assert say(tx, named[0]) == [1]
    assert [state(tx, n) for n in (1, 2, 3)] == [PartState.DELIVERED, PartState.UNDELIVERED, PartState.UNCERTAIN]


def test_a_known_id_survives_a_restart(tx: sa.Connection, named: list[str]) -> None:
    assert settling.reconcile(tx, NOW + 1) == 3
    assert say(tx, named[2], person=2) == [3]


def test_a_part_whose_id_is_known_is_found_by_no_other_evidence(tx: sa.Connection, named: list[str]) -> None:
    settling.settle_uncertain(tx, [(SESSION, 3, 3)], "no answer", NOW)
    assert say(tx, "of somebody else's submit", person=2) == []
    assert receipts.match_uncertain(tx, "mobile", NOW + 20) == []
    assert state(tx, 3) == PartState.UNCERTAIN


@pytest.mark.parametrize("refused", [True, False])
def test_a_submit_that_was_not_taken_has_no_receipt(tx: sa.Connection, named: list[str], refused: bool) -> None:
    if refused:
        answer = SubmitAnswered(3, 3, Verdict.THROTTLED, 88, "", "88")
        settling.settle_answers(tx, "mobile", [Answer(SESSION, answer)], NOW + 1)
    else:
        settling.put_back(tx, [(SESSION, 3, 3)], NOW + 1)
    assert say(tx, named[2], ReceiptState.UNDELIVERABLE, person=2) == []
    assert state(tx, 3) == PartState.QUEUED
