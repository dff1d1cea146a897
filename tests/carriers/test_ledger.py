"""A simulated carrier answers queries and cancellations truly: what it took, what is under way, what it takes back."""

from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from carriers import cmpp_pdus as pdus
from carriers import dialects
from carriers.dialect import Totals
from carriers.events import DeliveryReceipt, InboundText, ReceiptState, SubmitAnswered
from carriers.session import Session, State
from carriers.simulator.behaviour import Behaviour
from carriers.simulator.server import Carrier
from tests.carriers.test_cmpp import AT, PROFILES, each_version
from tests.carriers.test_link import Wire

TODAY = "19700101"  # where the clock of these tests begins
EMPTY = "13800000009"


class Visit:
    """A gateway's session at a simulated carrier that takes 10 s to deliver a text."""

    def __init__(self, protocol: str) -> None:
        self.reactor: Any = MemoryReactorClock()
        behaviour = Behaviour(name="mobile", protocol=protocol, receipt_delay=(10.0, 10.0), empty=(EMPTY,))
        self.carrier = Carrier(behaviour, self.reactor)
        self.carrier.listen()
        self.protocol = self.reactor.tcpServers[-1][1].buildProtocol(None)
        self.wire = Wire()
        self.protocol.makeConnection(self.wire)
        self.profile = PROFILES[protocol]
        self.session = Session.gateway(self.profile, dialects.gateway(self.profile, AT))
        self.session.connected(0.0)
        self.heard: list[Any] = []
        self.exchange()

    def exchange(self, said: bytes = b"") -> None:
        """What was said is heard and acknowledged, until both have nothing more to say."""
        said = said or self.wire.value()
        self.wire.clear()
        while said or self.session.unanswered or self.session.state is State.BINDING:
            heard: list[Any] = list(self.session.receive(said, self.reactor.seconds()))
            self.heard += heard
            self.session.accept([one.answer for one in heard if isinstance(one, DeliveryReceipt | InboundText)])
            self.protocol.dataReceived(self.session.data_to_send())
            said = self.wire.value()
            self.wire.clear()

    def submit(self, *numbers: str) -> list[str]:
        """Submit a text to each. Returns the ids that they get."""
        template = dialects.template(self.profile, "1069", b"\x4e\x00", 8, None)
        first, before = self.session.reserve(len(numbers)), len(self.heard)
        ours = [(first + i, i, template.pdu(first + i, number, 0, b"")) for i, number in enumerate(numbers)]
        self.session.submit(ours, self.reactor.seconds())
        self.exchange()
        return [one.message_id for one in self.heard[before:] if isinstance(one, SubmitAnswered)]

    def ask(self, question: bytes) -> bytes:
        """A question that no session of ours asks. Returns the answer; what comes before and behind it is heard."""
        before = len(self.wire.value())
        self.protocol.dataReceived(question)
        said: bytes = self.wire.value()
        self.wire.clear()
        behind = before + int.from_bytes(said[before : before + 4], "big")
        self.exchange(said[:before] + said[behind:])
        return said[before:behind]

    def totals(self, day: str = TODAY, service: str = "") -> Totals:
        return pdus.read_query_answer(self.ask(pdus.query(5, pdus.Query(day, service))))[1]

    def cancel(self, message_id: str) -> int:
        return pdus.read_status(self.ask(pdus.cancel(6, message_id)), pdus.BODY)

    def receipts(self) -> list[tuple[str, ReceiptState]]:
        return [(one.message_id, one.state) for one in self.heard if isinstance(one, DeliveryReceipt)]

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.reactor.pump([1.0] * seconds)
        self.exchange()


@each_version
def test_a_query_counts_what_the_day_brought(protocol: str) -> None:
    visit = Visit(protocol)
    assert visit.totals() == Totals()
    visit.submit("13800000001", "13800000002", "13800000002", EMPTY)
    assert visit.totals() == Totals(taken=4, people=3, waiting=4)
    visit.carrier.text("13800000001", "路灯坏了")
    assert visit.totals() == Totals(taken=4, people=3, waiting=4, texts_waiting=1)
    visit.wait(11)
    assert visit.totals() == Totals(taken=4, people=3, delivered=3, failed=1, texts=1)
    assert visit.totals(service="NOTICE") == Totals(taken=4, people=3, delivered=3, failed=1)
    assert visit.totals(service="OTHER") == Totals()
    assert visit.totals(day="19700102") == Totals()


@each_version
def test_a_text_under_way_is_taken_back_and_its_receipt_says_so(protocol: str) -> None:
    visit = Visit(protocol)
    first, second = visit.submit("13800000001", "13800000002")
    assert visit.cancel(first) == 0
    assert visit.cancel(first) == 1  # it is over
    assert visit.receipts() == [(first, ReceiptState.DELETED)]
    visit.wait(11)
    assert visit.receipts() == [(first, ReceiptState.DELETED), (second, ReceiptState.DELIVERED)]
    assert visit.cancel(second) == 1  # the phone has it
    assert visit.cancel("bb00f78003e9002a") == 1  # nobody knows it
    assert visit.totals() == Totals(taken=2, people=2, delivered=1, failed=1)


@pytest.mark.parametrize("protocol", ["cmpp3"])
def test_every_text_has_an_id_of_its_own_and_keeps_it_when_it_is_repeated(protocol: str) -> None:
    visit = Visit(protocol)
    visit.carrier.text("13800000001", "路灯坏了")
    visit.carrier.text("13800000001", "路灯坏了", twice=True)
    visit.wait(1)
    ids = [one.message_id for one in visit.heard if isinstance(one, InboundText)]
    assert len(ids) == 3
    assert ids[1] == ids[2] != ids[0]
