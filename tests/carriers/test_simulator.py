"""A simulated carrier does what its script says, and counts what it saw."""

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from carriers import dialects, smgp, smpp
from carriers import smgp_pdus as pdus
from carriers.events import BindRequested, DeliveryReceipt, InboundText, ReceiptState, SubmitReceived
from carriers.session import Session, State
from carriers.simulator.behaviour import Behaviour, Brain, ScriptError, token_of
from carriers.simulator.server import CALL_AGAIN, Carrier
from tests.carriers.test_link import Wire
from tests.carriers.test_sgip import NUMBER
from tests.carriers.test_sgip import PROFILE as SGIP
from tests.conftest import NOON

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
    brain = Brain(Behaviour(name="x", protocol="smgp", off=("13300000002",), rate=1))
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


# ------------------------------------------------------------------------------------- calls of the carrier's own: SGIP

DOOR = {"protocol": "sgip", "call_port": 8801, "call_account": "smguser", "call_password": "smgpass"}


class Gateway:
    """Whom a simulated carrier calls."""

    def __init__(self, path: str = "call", **more: Any) -> None:
        self.reactor: Any = MemoryReactorClock()
        table = {"name": "unicom", "return_path": path, "redeliver_after": 5.0, **DOOR, **more}
        self.carrier = Carrier(Behaviour.from_table(table), self.reactor)
        self.carrier.listen()

    def calls(self) -> int:
        """How often it has called."""
        return len(self.reactor.tcpClients)

    def take(self, status: int = 0) -> "End":
        """Take its latest call, and answer its login."""
        end = End(self, self.reactor.tcpClients[-1][2], calls=False)
        [asked] = end.exchange()
        assert isinstance(asked, BindRequested)
        assert (asked.account, asked.password) == ("smguser", "smgpass")
        end.session.admit(asked.answer, status)
        end.exchange()
        return end

    def dial(self) -> "End":
        """Call the carrier."""
        end = End(self, self.reactor.tcpServers[-1][1], calls=True)
        end.exchange()
        end.exchange()
        assert end.session.state is State.BOUND
        return end


class End:
    """The gateway's end of one connection."""

    def __init__(self, gateway: Gateway, factory: Any, *, calls: bool) -> None:
        self.reactor, self.wire = gateway.reactor, Wire()
        self.protocol = factory.buildProtocol(None)
        self.session = Session.gateway(SGIP, dialects.gateway(SGIP, NOON), calls=calls)
        self.session.connected(self.reactor.seconds())
        self.protocol.makeConnection(self.wire)

    def exchange(self) -> list[Any]:
        """What waits on either side goes to the other. What the gateway hears."""
        octets = self.wire.value()
        self.wire.clear()
        heard = self.session.receive(octets, self.reactor.seconds())
        self.protocol.dataReceived(self.session.data_to_send())
        return heard

    def accept(self) -> int:
        """Take what is delivered. How much it was."""
        texts = [event.answer for event in self.exchange() if isinstance(event, InboundText)]
        self.session.accept(texts)
        self.exchange()
        return len(texts)

    def close(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionDone()))


def test_a_carrier_calls_when_it_has_something_to_say() -> None:
    gateway = Gateway()
    gateway.dial()
    assert gateway.calls() == 0
    gateway.carrier.text(NUMBER, "路灯坏了")
    assert gateway.reactor.tcpClients[-1][:2] == ("127.0.0.1", 8801)
    end = gateway.take()
    gateway.carrier.text(NUMBER, "自来水停了")
    assert end.accept() == 2
    assert gateway.calls() == 1
    assert gateway.carrier.counts()["texts_outstanding"] == 0


def test_what_was_not_taken_is_delivered_over_the_next_call_which_is_not_made_at_once() -> None:
    gateway = Gateway()
    gateway.carrier.text(NUMBER, "路灯坏了")
    gateway.take().close()
    assert gateway.calls() == 1
    gateway.reactor.advance(CALL_AGAIN + 0.1)
    assert gateway.calls() == 2
    assert gateway.take().accept() == 1


def test_a_gateway_that_cannot_be_reached_or_refuses_is_called_again() -> None:
    gateway = Gateway()
    gateway.carrier.text(NUMBER, "路灯坏了")
    gateway.reactor.tcpClients[-1][2].clientConnectionFailed(None, Failure(ConnectionRefusedError()))
    gateway.reactor.advance(CALL_AGAIN + 0.1)
    refused = gateway.take(status=1)
    assert refused.wire.disconnecting
    refused.close()
    gateway.reactor.advance(CALL_AGAIN + 0.1)
    assert gateway.calls() == 3
    assert gateway.take().accept() == 1


def test_an_idle_call_is_ended_and_made_again_when_it_is_wanted() -> None:
    gateway = Gateway(idle=2.0)
    gateway.carrier.text(NUMBER, "路灯坏了")
    end = gateway.take()
    assert end.accept() == 1
    for _ in range(9):
        gateway.reactor.advance(0.25)
    end.exchange()
    assert end.session.dismissed
    end.close()
    gateway.reactor.advance(60)
    assert gateway.calls() == 1
    gateway.carrier.text(NUMBER, "自来水停了")
    assert gateway.take().accept() == 1


def test_both_ways_are_taken_at_random() -> None:
    gateway = Gateway("both")
    ours = gateway.dial()
    gateway.carrier.text(NUMBER, "第一封")
    assert ours.accept() == 1  # the call is not there yet
    theirs = gateway.take()
    for n in range(40):
        gateway.carrier.text(NUMBER, f"第{n}封")
    both = (ours.accept(), theirs.accept())
    assert sum(both) == 40
    assert min(both) > 5


def test_without_calls_everything_goes_over_the_gateways_own_line() -> None:
    gateway = Gateway("same")
    end = gateway.dial()
    gateway.carrier.text(NUMBER, "路灯坏了")
    assert end.accept() == 1
    assert gateway.calls() == 0


def test_what_came_while_it_answered_nothing_is_delivered_when_it_goes_on() -> None:
    gateway = Gateway("same")
    end = gateway.dial()
    gateway.carrier.stall(True)
    gateway.carrier.text(NUMBER, "路灯坏了")
    assert end.wire.value() == b""
    gateway.carrier.stall(False)
    assert end.accept() == 1


def test_no_two_connections_number_alike() -> None:
    gateway = Gateway("both")
    gateway.carrier.text(NUMBER, "路灯坏了")
    gateway.take()
    gateway.dial()
    stamps = [wire.session.dialect.stamp for wire in gateway.carrier._wires]
    assert len(set(stamps)) == 2


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"return_path": "elsewhere"}, "same, call, both"),
        ({"return_path": "call", "protocol": "sgip"}, "call_port"),
        ({"return_path": "both", "call_port": 1}, "SGIP"),
    ],
)
def test_calls_that_cannot_be_made_are_refused_with_the_script(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ScriptError, match=words):
        Behaviour.from_table({"name": "x", **table})
