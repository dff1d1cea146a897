"""SGIP's two lines: ours rests and is woken, the carrier calls us; without its calls ours is kept up."""

import socket
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from carriers import dialects, sgip
from carriers.events import (
    BindRefused,
    Bound,
    Closed,
    DeliverAnswered,
    DeliveryReceipt,
    Event,
    InboundText,
    Listening,
    SubmitAnswered,
    TurnedAway,
)
from carriers.link import (
    DISMISSED_WAIT,
    DOOR_WAIT,
    HEALTHY,
    LOGIN_APART,
    MOST_CALLS,
    MOST_STRANGERS,
    Link,
    LinkState,
    _be_noticed_dead,
)
from carriers.profile import CarrierProfile
from carriers.session import CALL_IDLE, FRAME_TIMEOUT, Session, State
from tests.carriers.test_link import Wire
from tests.carriers.test_sgip import NUMBER, PROFILE, golden
from tests.conftest import NOON

CALLED = replace(
    PROFILE,
    listen_host="127.0.0.1",
    listen_port=8801,
    listen_peers=("10.1.0.0/16", "10.2.0.1"),
    listen_account="smguser",
    listen_password="smgpass",
)
CARRIER = "10.1.2.3"


class Reactor(MemoryReactorClock):
    """Whose ports may be held by somebody else."""

    held = False

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:  # noqa: N802
        if self.held:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        return super().listenTCP(port, factory, backlog, interface)


class Line:
    """One connection: the gateway's protocol and the carrier's session. `calls`: it was the gateway that called."""

    def __init__(self, office: "Office", factory: Any, address: Any, *, calls: bool, password: str = "smgpass") -> None:
        self.reactor, self.wire = office.reactor, Wire()
        self.protocol = factory.buildProtocol(address)
        self.carrier = Session.carrier(dialects.carrier("sgip", NOON, "smguser", password), calls=not calls)
        self.protocol.makeConnection(self.wire)
        self.carrier.connected(self.reactor.seconds())

    def exchange(self) -> list[Event]:
        """What waits on either side goes to the other. What the carrier hears."""
        self.protocol.dataReceived(self.carrier.data_to_send())
        heard = self.carrier.receive(self.wire.value(), self.reactor.seconds())
        self.wire.clear()
        return heard

    def admit(self, status: int = 0) -> None:
        """The carrier answers our login."""
        [asked] = self.exchange()
        self.carrier.admit(asked.answer, status)  # type: ignore[union-attr]
        self.exchange()

    def log_in(self) -> None:
        """The carrier's login, and our answer."""
        self.exchange()
        assert self.carrier.state is State.BOUND

    def text(self) -> None:
        self.carrier.deliver(1, golden("deliver_ucs2"), self.reactor.seconds())
        self.exchange()

    def close(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionDone()))


class Office:
    """A link with nothing but time around it, and what the gateway hears from it."""

    def __init__(self, profile: CarrierProfile = CALLED, *, held: bool = False) -> None:
        self.reactor: Any = Reactor()
        self.reactor.held = held
        self.heard: list[tuple[int, Event]] = []
        self.link = Link(
            profile,
            lambda link, connection, events: self.heard.extend((connection, event) for event in events),
            self.reactor,
            now=self.reactor.seconds,
            jitter=lambda: 0.5,
            clock=lambda: NOON,
        )
        self.link.startService()

    def called(self) -> int:
        """How often the gateway has called."""
        return len(self.reactor.tcpClients)

    def line(self) -> Line:
        """The carrier takes the gateway's latest call."""
        self.reactor.advance(0.5)  # the name is resolved
        *_, factory, _timeout, _bind = self.reactor.tcpClients[-1]
        return Line(self, factory, None, calls=True)

    def call(self, address: str = CARRIER, password: str = "smgpass") -> Line:
        """The carrier calls."""
        factory = self.reactor.tcpServers[-1][1]
        return Line(self, factory, IPv4Address("TCP", address, 40000), calls=False, password=password)

    def delivering_call(self) -> Line:
        """The carrier calls and delivers a text."""
        call = self.call()
        call.log_in()
        call.text()
        return call

    def turned_away(self, address: str) -> bool:
        factory = self.reactor.tcpServers[-1][1]
        return factory.buildProtocol(IPv4Address("TCP", address, 40000)) is None

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.heard if isinstance(event, kind)]

    def bound(self) -> Line:
        line = self.line()
        line.admit()
        assert self.link.state is LinkState.BOUND
        return line

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.reactor.advance(0.25)

    def until_called(self) -> float:
        """Seconds until the gateway calls again."""
        calls, began = self.called(), self.reactor.seconds()
        while self.called() == calls:
            self.reactor.advance(0.25)
            assert self.reactor.seconds() - began < 200
        return float(self.reactor.seconds() - began)

    def rested(self) -> Line:
        """Logged in, called by the carrier, and then nothing: the line rests."""
        line = self.bound()
        call = self.delivering_call()
        call.close()
        self.pass_time(PROFILE.keepalive)
        line.exchange()  # unbind, and its answer
        line.exchange()
        assert line.wire.disconnecting
        line.close()
        assert self.link.state is LinkState.RESTING
        return line


# ----------------------------------------------------------------------------------------------------- rest and waking


def test_a_line_rests_when_there_is_nothing_to_say_and_the_carrier_calls_us() -> None:
    office = Office()
    line = office.rested()
    assert line.carrier.dismissed  # it was we who said unbind
    assert office.link.session is None
    assert office.of(Closed)[-1] == Closed("unbound", (), quiet=True)
    office.pass_time(600)
    assert office.called() == 1


def test_a_line_that_rests_is_woken_by_what_is_to_be_sent() -> None:
    office = Office()
    office.rested()
    office.link.wake()
    office.pass_time(0.5)
    assert office.called() == 2
    office.bound()
    assert office.link.state is LinkState.BOUND


def test_a_line_that_does_not_rest_is_not_called_again_by_waking_it() -> None:
    office = Office()
    office.link.wake()
    office.bound()
    office.link.wake()
    office.pass_time(5)
    assert office.called() == 1


def test_logins_on_demand_never_follow_each_other_at_once() -> None:
    office = Office(replace(CALLED, keepalive=1.0))
    line = office.bound()
    office.delivering_call()
    for _ in range(4):
        office.pass_time(1)
        line.exchange()
        line.exchange()
        line.close()
        assert office.link.state is LinkState.RESTING
        for _ in range(3):
            office.link.wake()  # it is wanted at once, and again and again
        assert LOGIN_APART - 3 <= office.until_called() <= LOGIN_APART
        line = office.bound()


def test_each_login_begins_numbers_of_its_own() -> None:
    office = Office()
    office.rested()
    before = office.link._began
    office.link.wake()
    office.pass_time(0.5)
    office.line()
    session = office.link.session
    assert session is not None
    assert before is not None
    assert session.dialect.stamp != sgip.stamp(PROFILE.node, before)  # though the clock says the same


def test_nothing_rests_while_an_answer_is_missing() -> None:
    office = Office(replace(CALLED, keepalive=10.0))
    line = office.bound()
    office.delivering_call()
    session = office.link.session
    assert session is not None
    session.submit([(50, 7, b"")], office.reactor.seconds())
    office.link.flush()
    line.wire.clear()
    office.pass_time(30)
    assert session.state is State.BOUND
    line.protocol.dataReceived(
        sgip.write(sgip.SUBMIT | sgip.RESPONSE, session.dialect.stamp + bytes((0, 0, 0, 50)), bytes(9))
    )
    assert len(office.of(SubmitAnswered)) == 1
    office.pass_time(10)
    assert session.state is State.UNBINDING


def test_until_the_carrier_has_delivered_by_a_call_texts_may_wait_for_our_line_and_it_is_kept_up() -> None:
    office = Office()
    line, call = office.bound(), office.call()
    call.log_in()
    office.pass_time(10 * PROFILE.keepalive)
    assert office.link.state is LinkState.BOUND
    call.text()
    office.pass_time(0.25)  # it has been idle for long: it rests now
    assert line.exchange() == []
    assert line.carrier.dismissed


@pytest.mark.parametrize("unbinds", [True, False])
def test_a_quiet_line_that_the_carrier_hangs_up_rests_if_it_calls_us(unbinds: bool) -> None:
    office = Office()
    line = office.bound()
    office.delivering_call()
    office.pass_time(LOGIN_APART)
    if unbinds:
        line.carrier.drain(office.reactor.seconds())
        line.exchange()
    line.close()
    assert office.link.state is LinkState.RESTING
    assert office.of(Closed)[-1].quiet


@pytest.mark.parametrize(("unbinds", "wait"), [(True, DISMISSED_WAIT), (False, 1.0)])
def test_a_quiet_line_that_the_carrier_hangs_up_after_a_minute_is_called_again_if_it_does_not_call_us(
    unbinds: bool, wait: float
) -> None:
    office = Office(PROFILE)
    for calls in range(1, 6):  # SGIP 1.2: an idle minute is enough; as often as it likes, the wait does not grow
        line = office.bound()
        assert office.called() == calls
        office.pass_time(HEALTHY)
        if unbinds:
            line.carrier.drain(office.reactor.seconds())
            line.exchange()
        line.close()
        assert wait <= office.until_called() <= wait + 0.5


def test_a_carrier_that_hangs_up_as_soon_as_we_are_in_is_called_ever_more_rarely() -> None:
    office = Office()
    line = office.bound()
    office.delivering_call()
    waits = []
    for _ in range(5):
        line.close()
        waits.append(office.until_called())
        line = office.bound()
    assert waits == sorted(waits)
    assert waits[-1] >= 10


def test_too_many_logins_are_followed_by_a_minute_without_one() -> None:
    office = Office()
    line = office.line()
    line.admit(34)
    line.close()
    assert office.of(BindRefused)[-1].pause == 60
    assert office.link.state is LinkState.DOWN
    assert office.link.detail == "34 登录过于频繁"
    office.pass_time(59)
    assert office.called() == 1
    office.pass_time(1.5)
    assert office.called() == 2


def test_a_frame_that_does_not_end_ends_the_line() -> None:
    office = Office()
    line, call = office.bound(), office.call()
    call.log_in()
    half = (200).to_bytes(4, "big") + golden("deliver_ucs2")[4:]
    for one in (line, call):
        one.protocol.dataReceived(half)
    office.pass_time(FRAME_TIMEOUT - 1)
    assert not line.wire.disconnecting
    assert not call.wire.disconnecting
    office.pass_time(1.25)
    assert line.wire.disconnecting
    assert call.wire.disconnecting


def test_the_kernel_is_asked_to_notice_that_the_other_machine_is_gone() -> None:
    with socket.socket() as one:

        class Transport:
            def getHandle(self) -> socket.socket:  # noqa: N802
                return one

        _be_noticed_dead(Transport())
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3


# ------------------------------------------------------------------------------------------------- the carrier's calls


def test_the_carrier_delivers_over_its_call_and_is_answered_there() -> None:
    office = Office()
    line, call = office.bound(), office.call()
    call.log_in()
    call.text()
    [(connection, text)] = [(number, one) for number, one in office.heard if isinstance(one, InboundText)]
    assert connection != office.link.main
    session = office.link.session_of(connection)
    assert session is not None
    session.accept([text.answer])
    office.link.flush()
    assert call.exchange() == [DeliverAnswered(2, 1, 0)]
    assert line.exchange() == []


def test_texts_and_reports_come_over_both_lines_at_once() -> None:
    office = Office()
    line, call = office.bound(), office.call()
    call.log_in()
    for one in (line, call, line, call):
        one.carrier.deliver(1, golden("report_ok"), office.reactor.seconds())
        one.text()
    assert len(office.of(DeliveryReceipt)) == len(office.of(InboundText)) == 4
    assert {number for number, one in office.heard if isinstance(one, InboundText)} == {1, 2}


def test_the_carriers_hanging_up_leaves_our_line_as_it_is() -> None:
    office = Office()
    office.bound()
    call = office.call()
    call.log_in()
    call.carrier.drain(office.reactor.seconds())
    call.exchange()
    call.exchange()
    assert call.wire.disconnecting
    call.close()
    assert office.link.state is LinkState.BOUND
    assert office.of(Closed) == [Closed("the peer unbound", (), quiet=True)]
    assert office.called() == 1


def test_a_call_that_says_nothing_any_more_is_ended() -> None:
    office = Office()
    office.bound()
    call = office.call()
    call.log_in()
    office.pass_time(CALL_IDLE + 0.25)
    call.exchange()
    assert call.carrier.dismissed


def test_a_call_without_a_login_is_ended() -> None:
    office = Office()
    call = office.call()
    office.pass_time(PROFILE.bind_timeout + 0.25)
    assert call.wire.disconnecting


@pytest.mark.parametrize("address", ["10.1.0.1", "10.1.255.255", "10.2.0.1", "::ffff:10.2.0.1"])
def test_the_carrier_may_call_from_its_addresses(address: str) -> None:
    assert not Office().turned_away(address)


@pytest.mark.parametrize("address", ["10.2.0.2", "11.1.0.1", "::1", "::ffff:10.3.0.1"])
def test_nobody_else_may_call_and_it_is_told_of_once(address: str) -> None:
    office = Office()
    for _ in range(3):
        assert office.turned_away(address)
    assert office.of(TurnedAway) == [TurnedAway(address, "not among listen_peers")]
    assert office.link.counters()["turned_away"] == 3


def test_a_flood_of_strangers_fills_neither_the_memory_nor_the_log() -> None:
    office = Office()
    for n in range(2 * MOST_STRANGERS):
        office.turned_away(f"11.0.0.{n}")
    assert len(office.of(TurnedAway)) == MOST_STRANGERS


def test_a_wrong_password_gets_nobody_in() -> None:
    office = Office()
    call = office.call(password="another")
    assert call.exchange() == [BindRefused(1, "1", True)]
    assert call.wire.disconnecting
    assert office.of(TurnedAway) == [TurnedAway(CARRIER, "wrong account or password, as smguser")]
    call.protocol.dataReceived(golden("deliver_ucs2"))
    assert office.of(InboundText) == []


def test_the_account_of_our_own_login_serves_where_no_other_is_set() -> None:
    office = Office(replace(CALLED, listen_account="", listen_password="", account="smguser", password="smgpass"))
    office.call().log_in()


def test_nothing_is_taken_before_the_login() -> None:
    office = Office()
    call = office.call()
    call.protocol.dataReceived(golden("deliver_ucs2") + golden("report_ok"))
    assert office.of(InboundText) == office.of(DeliveryReceipt) == []


def test_no_more_than_so_many_calls_stand_at_a_time() -> None:
    office = Office()
    calls = [office.call() for _ in range(MOST_CALLS)]
    assert office.turned_away(CARRIER)
    calls[0].close()
    assert not office.turned_away(CARRIER)


def test_stopping_ends_every_line_and_closes_the_door() -> None:
    office = Office()
    line, call = office.bound(), office.call()
    call.log_in()
    stopped: list[object] = []
    office.link.stopService().addCallback(stopped.append)
    assert office.turned_away(CARRIER)
    for one in (line, call):
        one.exchange()
        one.exchange()
        assert one.carrier.dismissed
        assert one.wire.disconnecting
        one.close()
    assert len(stopped) == 1
    office.pass_time(600)
    assert office.called() == 1


# -------------------------------------------------------------------------------------------------------- the door


def test_the_place_to_listen_is_told_of() -> None:
    office = Office()
    assert office.of(Listening) == [Listening("127.0.0.1:8801")]
    assert office.reactor.tcpServers[-1][0] == 8801
    assert office.reactor.tcpServers[-1][3] == "127.0.0.1"


def test_a_place_held_by_somebody_else_stops_nothing_and_is_tried_again() -> None:
    office = Office(held=True)
    office.bound()
    [said] = office.of(Listening)
    assert "in use" in said.trouble
    assert office.link.detail.startswith("as spuser; the carrier cannot call: ")
    office.pass_time(3 * DOOR_WAIT)
    assert office.of(Listening) == [said]  # told of once
    office.reactor.held = False
    office.pass_time(DOOR_WAIT)
    assert office.of(Listening)[1:] == [Listening("127.0.0.1:8801")]
    assert office.link.detail == "as spuser"
    office.call().log_in()


def test_stopping_gives_up_a_place_that_was_never_had() -> None:
    office = Office(held=True)
    office.link.stopService()
    office.reactor.held = False
    office.pass_time(2 * DOOR_WAIT)
    assert office.reactor.tcpServers == []


def test_no_other_carrier_has_a_door() -> None:
    office = Office(PROFILE)
    office.bound()
    assert office.reactor.tcpServers == []
    assert office.of(Bound) == [Bound("")]
    assert office.of(Listening) == []
    assert NUMBER not in office.link.detail


# ------------------------------------------------------------------------------------------------ whatever happens


class Life:
    """A link with a carrier that does anything. What is open is kept; each of our calls is answered as it says."""

    def __init__(self, profile: CarrierProfile) -> None:
        self.office = Office(profile)
        self.main: Line | None = None
        self.calls: list[Line] = []
        self.called_at = [self.office.reactor.seconds()]
        self.answered = 0  # of our calls

    def pass_time(self, seconds: float) -> None:
        """Time passes, and what either side says is heard."""
        for _ in range(max(1, round(seconds * 4))):
            self.office.reactor.advance(0.25)
            if self.office.called() > len(self.called_at):
                self.called_at.append(self.office.reactor.seconds())
            for line in [*self.calls, *([self.main] if self.main is not None else [])]:
                line.exchange()
                line.exchange()
                if line.wire.disconnecting or line.carrier.wants_close:
                    self.hang_up(line)

    def hang_up(self, line: Line) -> None:
        line.close()
        if line is self.main:
            self.main = None
        else:
            self.calls.remove(line)

    def answer(self, status: int | None) -> None:
        """Our call, if there is one: it is admitted (0), refused, or nobody is there (None)."""
        if self.office.called() == self.answered:
            return
        self.answered = self.office.called()
        *_, factory, _timeout, _bind = self.office.reactor.tcpClients[-1]
        if status is None:
            factory.clientConnectionFailed(None, Failure(ConnectionRefusedError("refused")))
            return
        self.main = Line(self.office, factory, None, calls=True)
        [asked] = self.main.exchange()
        self.main.carrier.admit(asked.answer, status)  # type: ignore[union-attr]
        self.main.exchange()

    def do(self, what: str) -> None:
        link, main = self.office.link, self.main
        match what:
            case "wake":
                link.wake()
            case "call":
                if self.office.link.welcomes(CARRIER):
                    self.calls.append(self.office.call())
                    self.calls[-1].log_in()
            case "text by call" if self.calls and self.calls[-1].carrier.state is State.BOUND:
                self.calls[-1].text()
            case "end the call" if self.calls:
                self.hang_up(self.calls[0])
            case "hang up" if main is not None:
                self.hang_up(main)
            case "unbind" if main is not None:
                main.carrier.drain(self.office.reactor.seconds())
            case "text" if main is not None and main.carrier.state is State.BOUND:
                main.carrier.deliver(1, golden("deliver_ucs2"), self.office.reactor.seconds())
            case "half a frame" if main is not None:
                main.protocol.dataReceived((200).to_bytes(4, "big") + bytes(30))
            case "submit" if link.session is not None and link.session.room(self.office.reactor.seconds()):
                link.session.submit([(link.session.reserve(1), 7, b"")], self.office.reactor.seconds())
                link.flush()


happenings = (
    st.sampled_from(["wake", "wake", "call", "text by call", "end the call"])
    | st.sampled_from(["hang up", "unbind", "text", "half a frame", "submit"])
    | st.sampled_from([0, 0, 0, 34, 3, None])
    | st.sampled_from([0.25, 1.0, 12.0, 35.0, 70.0])
)


@settings(max_examples=100)
@given(st.sampled_from([CALLED, CALLED, PROFILE]), st.lists(happenings, max_size=25))
def test_whatever_happens_a_line_that_is_wanted_comes_back_and_never_hammers(
    profile: CarrierProfile, what: list[Any]
) -> None:
    life = Life(profile)
    for one in [0, "call", "text by call", *what]:
        if isinstance(one, float):
            life.pass_time(one)
        elif isinstance(one, str):
            life.do(one)
        else:
            life.pass_time(0.5)
            life.answer(one)
    for _ in range(200):
        life.office.link.wake()
        life.pass_time(1)
        life.answer(0)
        session = life.office.link.session
        if life.office.link.state is LinkState.BOUND and session is not None and session.state is State.BOUND:
            break
    else:
        raise AssertionError(life.office.link.state)
    gaps = [later - sooner for sooner, later in pairwise(life.called_at)]
    assert min(gaps, default=1.0) >= 1.0
    for at in life.called_at:
        assert sum(at <= other < at + 60 for other in life.called_at) <= 15
