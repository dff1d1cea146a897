"""A simulated carrier does what its script says, and counts what it saw."""

from typing import Any

import pytest

from carriers import smgp, smpp
from carriers import smgp_pdus as pdus
from carriers.events import DeliveryReceipt, InboundText, ReceiptState, SubmitReceived
from carriers.simulator.behaviour import Behaviour, Brain, ScriptError, token_of

SUBMIT = smpp.submit_template


def submit(number: str = "8613800000001", reference: int = 1, body: bytes = b"\x4e\x00") -> SubmitReceived:
    return SubmitReceived(1, "1069", number, body, 8, None, True, reference, b"")


def fates(brain: Brain, count: int = 200, **more: Any) -> list[Any]:
    return [brain.react(submit(reference=n, **more), n / 1000) for n in range(count)]


def states(reaction: Any) -> list[ReceiptState]:
    events = [smpp.read_delivery(due.pdu) for due in reaction.receipts]
    return [event.state for event in events if isinstance(event, DeliveryReceipt)]


def test_the_same_seed_does_the_same() -> None:
    behaviour = Behaviour(name="x", undelivered=0.3, throttle=0.1, receipt_never=0.1)
    assert fates(Brain(behaviour)) == fates(Brain(behaviour))


def test_planted_numbers_meet_their_fate() -> None:
    brain = Brain(Behaviour(name="x", empty=("13800000001",), off=("13800000002",)))
    assert states(brain.react(submit("8613800000001"), 0)) == [ReceiptState.UNDELIVERABLE]
    assert states(brain.react(submit("8613800000002"), 0)) == [ReceiptState.EXPIRED]
    assert states(brain.react(submit("8613800000003"), 0)) == [ReceiptState.DELIVERED]


@pytest.mark.parametrize(
    ("answered", "reported", "same"), [("hex", "", True), ("hex", "decimal", False), ("long", "long", True)]
)
def test_ids_are_written_as_the_script_says(answered: str, reported: str, same: bool) -> None:
    reaction = Brain(Behaviour(name="x", id_form=answered, receipt_id_form=reported)).react(submit(), 0)
    [due] = reaction.receipts
    event = smpp.read_delivery(due.pdu)
    assert isinstance(event, DeliveryReceipt)
    assert (event.message_id == reaction.message_id) is same


def test_another_protocol_has_ids_receipts_and_refusals_of_its_own() -> None:
    brain = Brain(Behaviour(name="x", protocol="smgp", off=("13300000002",), rate=100))
    reaction = brain.react(submit("13300000002"), 0)
    [due] = reaction.receipts
    event = smgp.read_delivery(due.pdu)
    assert isinstance(event, DeliveryReceipt)
    assert (event.message_id, event.state, event.error) == (reaction.message_id, ReceiptState.EXPIRED, "027")
    assert {brain.react(submit(reference=n), 0).status for n in range(100)} == {pdus.BUSY}


@pytest.mark.parametrize("form", ["text", "tlv", "both", "junk"])
def test_every_form_of_receipt_can_be_read(form: str) -> None:
    [due] = Brain(Behaviour(name="x", receipt_form=form)).react(submit(), 0).receipts
    event = smpp.read_delivery(due.pdu)
    assert isinstance(event, DeliveryReceipt)
    assert (event.state, event.number) == (ReceiptState.DELIVERED, "8613800000001")


def test_above_its_rate_it_answers_too_fast() -> None:
    brain = Brain(Behaviour(name="x", rate=100))
    answers = [brain.react(submit(reference=n), n / 1000).status for n in range(1000)]
    assert 95 <= answers.count(smpp.OK) <= 105
    assert set(answers) == {smpp.OK, smpp.THROTTLED}


def test_shares_are_kept() -> None:
    behaviour = Behaviour(name="x", refuse=0.5, refuse_status=0x401, receipt_twice=0.5, enroute=0.5, receipt_early=0.5)
    found = fates(Brain(behaviour), 1000)
    assert 400 < sum(one.status == 0x401 for one in found) < 600
    good = [one for one in found if one.status == smpp.OK]
    assert {len(one.receipts) for one in good} == {1, 2, 3}
    assert 0.3 < sum(one.early for one in good) / len(good) < 0.7


def test_a_token_is_the_same_for_the_same_part_only() -> None:
    assert token_of(submit()) == token_of(submit())
    others = [submit(reference=2), submit("8613800000002"), submit(body=b"\x4e\x01")]
    assert len({token_of(one) for one in [submit(), *others]}) == 4


def test_a_key_it_does_not_know_is_refused_with_those_it_knows() -> None:
    with pytest.raises(ScriptError, match=r"recept_form.*receipt_form"):
        Behaviour.from_table({"name": "x", "recept_form": "tlv"})
    with pytest.raises(ScriptError, match="name"):
        Behaviour.from_table({})


def test_the_example_script_is_understood() -> None:
    import tomllib
    from pathlib import Path

    example = Path(__file__).parent.parent.parent / "config" / "simulator.example.toml"
    table = tomllib.loads(example.read_text(encoding="utf-8"))
    assert [Behaviour.from_table(one).name for one in table["carrier"]] == ["mobile", "unicom", "telecom"]


def test_a_text_of_the_simulator_is_read_as_one() -> None:
    pdu = smpp.encode_delivery("8613800000001", "1069", "路灯".encode("utf-16-be"), 8)
    event = smpp.read_delivery(pdu)
    assert isinstance(event, InboundText)
    assert event.body.decode("utf-16-be") == "路灯"
