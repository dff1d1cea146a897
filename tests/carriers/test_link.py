"""The link keeps coming back, and never hammers. Time and network are Twisted's own doubles."""

from typing import Any

import pytest
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from carriers import dialects, smpp
from carriers.capture import Glimpse, Seen
from carriers.events import BindRefused, Bound, Closed, Event, InboundText, SubmitAnswered
from carriers.link import HEALTHY, LONGEST_WAIT, PROBES, Link, LinkState
from carriers.profile import CarrierProfile
from carriers.session import Session
from tests.carriers.test_smpp import HOT, PROFILE
from tests.conftest import NOON


class Wire(StringTransport):
    """A socket without a network."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802
        self.keep_alive = enabled


class Bench:
    """A link, the carrier's end of its session, and what the gateway hears."""

    def __init__(self, profile: CarrierProfile = PROFILE) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.heard: list[Event] = []
        self.link = Link(
            profile,
            lambda link, connection, events: self.heard.extend(events),
            self.reactor,
            now=self.reactor.seconds,
            jitter=lambda: 0.5,
        )
        self.link.startService()

    @property
    def attempts(self) -> int:
        return len(self.reactor.tcpClients)

    def connect(self) -> None:
        """The carrier takes the call."""
        self.reactor.advance(0.5)  # the name is resolved
        *_, factory, _timeout, _bind = self.reactor.tcpClients[-1]
        self.wire = Wire()
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(self.wire)
        self.carrier = Session.carrier(dialects.carrier(self.link.profile.protocol, NOON))
        self.carrier.connected(self.reactor.seconds())

    def exchange(self) -> list[Event]:
        """What we wrote goes to the carrier, what it writes comes to us."""
        events = self.carrier.receive(self.wire.value(), self.reactor.seconds())
        self.wire.clear()
        return events

    def answer(self) -> None:
        self.protocol.dataReceived(self.carrier.data_to_send())

    def bind(self, status: int = 0) -> None:
        [asked] = self.exchange()
        self.carrier.admit(asked.answer, status)  # type: ignore[union-attr]
        self.answer()

    def lose(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionLost()))

    def until_next_attempt(self) -> float:
        """Seconds until the link calls again."""
        before, began = self.attempts, self.reactor.seconds()
        while self.attempts == before:
            self.reactor.advance(0.25)
            assert self.reactor.seconds() - began < 200_000
        return float(self.reactor.seconds() - began)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.connect()
    return bench


def test_a_link_connects_logs_in_and_says_so(bench: Bench) -> None:
    bench.bind()
    assert bench.link.state is LinkState.BOUND
    assert bench.heard == [Bound("SMSC")]
    assert bench.wire.no_delay


def test_texts_reach_the_gateway_once_per_read_and_are_not_acknowledged_by_the_link(bench: Bench) -> None:
    bench.bind()
    bench.protocol.dataReceived(HOT["text"] + HOT["part"])
    assert [type(event) for event in bench.heard[1:]] == [InboundText, InboundText]
    assert bench.wire.value() == b""
    assert bench.link.session is not None
    bench.link.session.accept([5])
    bench.link.flush()
    assert bench.wire.value() == smpp.deliver_answer(smpp.DELIVER_SM, 0, 5)


def test_a_lost_link_tells_what_is_in_doubt_at_once_and_comes_back(bench: Bench) -> None:
    bench.bind()
    session = bench.link.session
    assert session is not None
    session.submit([(50, 7, b"")], bench.reactor.seconds())
    bench.lose()
    closed = bench.heard[-1]
    assert isinstance(closed, Closed)
    assert closed.unanswered == ((50, 7),)
    assert bench.link.session is None
    assert bench.until_next_attempt() <= 2
    bench.connect()
    bench.bind()
    assert bench.link.state is LinkState.BOUND
    assert bench.link.connections == 2


def test_waits_double_up_to_a_minute_and_start_anew_after_a_healthy_one(bench: Bench) -> None:
    waits = []
    for _ in range(8):
        bench.lose()
        waits.append(bench.until_next_attempt())
        bench.connect()
    assert waits[:4] == sorted(waits[:4])
    assert waits[-1] <= LONGEST_WAIT * 1.2 + 1
    bench.bind()
    bench.reactor.advance(1)
    bench.lose()
    assert bench.until_next_attempt() > 30  # a minute of health has not passed
    bench.connect()
    bench.bind()
    for _ in range(int(HEALTHY)):
        bench.reactor.advance(1)
        bench.exchange()
        bench.answer()
    bench.lose()
    assert bench.until_next_attempt() <= 2


def test_a_refused_password_is_tried_three_times_and_then_probed_sparsely(bench: Bench) -> None:
    times = []
    for _ in range(5):
        bench.bind(0x0E)
        bench.lose()
        times.append(bench.until_next_attempt())
        bench.connect()
    assert max(times[:2]) < 10
    assert times[2] >= PROBES[0]
    assert times[4] >= PROBES[2]
    assert bench.link.state in (LinkState.BINDING, LinkState.REFUSED)
    assert sum(isinstance(event, BindRefused) for event in bench.heard) == 5


def test_an_operator_can_have_it_tried_again_at_once(bench: Bench) -> None:
    for _ in range(3):
        bench.bind(0x0E)
        bench.lose()
        if bench.attempts < 3:
            bench.until_next_attempt()
            bench.connect()
    assert bench.link.state is LinkState.REFUSED
    before = bench.attempts
    bench.link.retry()
    bench.reactor.advance(0.5)
    assert bench.attempts == before + 1


def test_a_carrier_that_takes_the_call_and_says_nothing_is_given_up(bench: Bench) -> None:
    bench.reactor.advance(PROFILE.bind_timeout + 1)
    assert bench.wire.disconnecting


def test_a_carrier_that_floods_is_left_unread_until_the_store_has_caught_up(bench: Bench) -> None:
    bench.bind()
    bench.link.hear(False)
    assert bench.wire.producerState == "paused"
    bench.link.hear(True)
    assert bench.wire.producerState == "producing"


def test_a_link_counts_what_went_over_it(bench: Bench) -> None:
    bench.bind()
    session = bench.link.session
    assert session is not None
    template = smpp.submit_template(PROFILE, "1069", b"\x4e\x00", 8, None)
    pdus = [(n, n, template.pdu(n, "8613800000001", n)) for n in range(50, 54)]
    session.submit(pdus, bench.reactor.seconds())
    bench.link.flush()
    bench.protocol.dataReceived(
        smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, 50, "A1")
        + smpp.bare(smpp.SUBMIT_SM | smpp.RESPONSE, smpp.THROTTLED, 51)
        + HOT["text"]
        + HOT["receipt"]
        + smpp.bare(0x777, 0, 9)
    )
    counted = bench.link.counters()
    assert (counted["submits"], counted["window_used"], counted["window"]) == (4, 2, PROFILE.window)
    assert counted["answers"] == {"0": 1, "88": 1}
    assert (counted["texts"], counted["receipts"], counted["unreadable"], counted["logins"]) == (1, 1, 1, 1)
    assert counted["octets_out"] >= sum(len(pdu) for _, _, pdu in pdus)
    assert counted["octets_in"] > len(HOT["text"] + HOT["receipt"])
    assert counted["pace"] == PROFILE.rate / 2
    bench.lose()
    bench.until_next_attempt()
    bench.connect()
    bench.bind()
    counted = bench.link.counters()
    assert (counted["submits"], counted["unanswered"], counted["window_used"]) == (4, 2, 0)
    assert (counted["connections"], counted["logins"]) == (2, 2)


def test_who_watches_sees_all_that_passes_from_the_pdu_on_that_is_just_coming(bench: Bench) -> None:
    bench.bind()
    bench.protocol.dataReceived(HOT["text"][:20])
    seen: list[Glimpse] = []
    bench.link.watch(seen.append)
    bench.protocol.dataReceived(HOT["text"][20:])
    assert bench.link.session is not None
    bench.link.session.accept([5])
    bench.link.flush()
    bench.lose()
    assert [one.seen for one in seen] == [Seen.RECEIVED, Seen.RECEIVED, Seen.SENT, Seen.LOST]
    assert seen[0].octets + seen[1].octets == HOT["text"]
    assert seen[2].octets == smpp.deliver_answer(smpp.DELIVER_SM, 0, 5)
    bench.until_next_attempt()
    bench.connect()
    assert [one.seen for one in seen[4:]] == [Seen.CALLED, Seen.SENT]
    bench.link.watch(None)
    bench.bind()
    assert len(seen) == 6


def test_stopping_waits_for_the_open_answers(bench: Bench) -> None:
    bench.bind()
    session = bench.link.session
    assert session is not None
    template = smpp.submit_template(PROFILE, "1069", b"\x4e\x00", 8, None)
    session.submit([(50, 7, template.pdu(50, "8613800000001", 1))], bench.reactor.seconds())
    bench.link.flush()
    [seen] = bench.exchange()
    stopped: list[object] = []
    bench.link.stopService().addCallback(stopped.append)
    assert bench.link.state is LinkState.DRAINING
    bench.carrier.answer_submit(seen.answer, 0, "A1")  # type: ignore[union-attr]
    bench.answer()
    assert isinstance(bench.heard[-1], SubmitAnswered)
    bench.exchange()
    bench.answer()
    assert bench.wire.disconnecting
    assert not stopped
    bench.lose()
    assert len(stopped) == 1
    bench.reactor.advance(1000)
    assert bench.link.state is LinkState.DOWN


def test_a_carrier_that_does_not_answer_the_phone_is_called_again() -> None:
    bench = Bench()
    bench.reactor.advance(0.5)
    *_, factory, _timeout, _bind = bench.reactor.tcpClients[-1]
    factory.clientConnectionFailed(None, Failure(ConnectionRefusedError("refused")))
    assert bench.link.state is LinkState.DOWN
    assert bench.until_next_attempt() <= 2


@pytest.mark.parametrize("dead", [False, True], ids=["aborts", "cannot even abort"])
def test_a_socket_that_failed_without_a_word_is_a_lost_line(bench: Bench, dead: bool) -> None:
    """As uvloop has it: the first to know is who writes, and what is raised is no word of Twisted's."""
    bench.bind()

    def fail(*given: object) -> None:
        raise RuntimeError("unable to perform operation on <UVPoll closed=True>; the handler is closed")

    bench.wire.write = fail  # type: ignore[method-assign]
    bench.wire.abortConnection = fail if dead else lambda: bench.protocol.connectionLost(Failure(ConnectionLost()))  # type: ignore[method-assign]
    bench.wire.connectionLost = bench.protocol.connectionLost  # type: ignore[attr-defined]
    bench.reactor.advance(PROFILE.keepalive + 1)
    assert isinstance(bench.heard[-1], Closed)
    bench.reactor.advance(2)
    assert bench.attempts == 2
