"""Two sessions joined back to back, and what time and bad peers do to one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import smpp
from carriers.events import (
    BindRefused,
    BindRequested,
    Bound,
    Closed,
    DeliverAnswered,
    DeliveryReceipt,
    Event,
    InboundText,
    ReceiptState,
    SubmitAnswered,
    SubmitReceived,
    SubmitUnanswered,
    Unreadable,
    Verdict,
)
from carriers.session import LATE_ANSWERS, UNBIND_TIMEOUT, Session, State
from carriers.smpp import Smpp
from tests.carriers.test_smpp import HOT, PROFILE, bound

TEMPLATE = smpp.submit_template(PROFILE, "1069", b"\x4e\x00", 8, None)


class Pair:
    """Our end and the carrier's end, with nothing between them."""

    def __init__(self) -> None:
        self.gateway, self.carrier = Session.gateway(PROFILE, Smpp(PROFILE)), Session.carrier(Smpp())
        self.gateway.connected(0.0)
        self.carrier.connected(0.0)

    def to_carrier(self, now: float = 1.0) -> list[Event]:
        return self.carrier.receive(self.gateway.data_to_send(), now)

    def to_gateway(self, now: float = 1.0) -> list[Event]:
        return self.gateway.receive(self.carrier.data_to_send(), now)

    def submit(self, count: int, now: float = 1.0) -> int:
        first = self.gateway.reserve(count)
        pdus = [(first + i, 100 + i, TEMPLATE.pdu(first + i, "8613800000001", i)) for i in range(count)]
        self.gateway.submit(pdus, now)
        return first


@pytest.fixture
def pair() -> Pair:
    """Logged in."""
    pair = Pair()
    [asked] = pair.to_carrier()
    assert isinstance(asked, BindRequested)
    pair.carrier.admit(asked.answer, name="CMCC")
    assert pair.to_gateway() == [Bound("CMCC")]
    return pair


def test_the_carrier_sees_who_logs_in() -> None:
    [asked] = Pair().to_carrier()
    assert isinstance(asked, BindRequested)
    assert (asked.account, asked.password, asked.mode) == ("smppuser", "smpppass", "transceiver")


def test_a_refused_password_is_told_from_other_trouble() -> None:
    for status, credentials in ((0x0E, True), (0x0D, True), (0x0F, True), (0x08, False), (0x05, False)):
        pair = Pair()
        [asked] = pair.to_carrier()
        assert isinstance(asked, BindRequested)
        pair.carrier.admit(asked.answer, status)
        [refused] = pair.to_gateway()
        assert isinstance(refused, BindRefused)
        assert refused.credentials is credentials
        assert pair.gateway.wants_close
        assert pair.gateway.state is State.CLOSED  # "already bound" is no success


def test_a_submit_is_answered_and_its_receipt_acknowledged(pair: Pair) -> None:
    first = pair.submit(1)
    [seen] = pair.to_carrier()
    assert isinstance(seen, SubmitReceived)
    pair.carrier.answer_submit(seen.answer, 0, "A1")
    receipt = smpp.encode_receipt("A1", seen.destination, "1069", ReceiptState.DELIVERED)
    pair.carrier.deliver(55, receipt, 1.0)
    answered, reported = pair.to_gateway()
    assert answered == SubmitAnswered(first, 100, Verdict.ACCEPTED, 0, "A1")
    assert isinstance(reported, DeliveryReceipt)
    assert pair.gateway.data_to_send() == b""  # nothing is acknowledged by itself
    pair.gateway.accept([reported.answer])
    [acknowledged] = pair.to_carrier()
    assert isinstance(acknowledged, DeliverAnswered)
    assert (acknowledged.token, acknowledged.status) == (55, 0)


def test_what_cannot_be_stored_is_asked_for_again(pair: Pair) -> None:
    pair.carrier.deliver(1, HOT["text"], 1.0)
    [text] = pair.to_gateway()
    assert isinstance(text, InboundText)
    pair.gateway.refuse([text.answer])
    [answered] = pair.to_carrier()
    assert isinstance(answered, DeliverAnswered)
    assert answered.status == smpp.TEMPORARY_APPLICATION_ERROR


def test_the_window_is_never_exceeded(pair: Pair) -> None:
    assert pair.gateway.room(1.0) == PROFILE.window
    pair.submit(PROFILE.window)
    assert pair.gateway.room(1.0) == 0
    seen = pair.to_carrier()
    pair.carrier.answer_submit(seen[0].answer, 0, "1")  # type: ignore[union-attr]
    pair.to_gateway()
    assert pair.gateway.room(1.0) == 1


def test_nothing_goes_before_the_login() -> None:
    assert Pair().gateway.room(1.0) == 0


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(0, 3))
def test_the_events_are_the_same_however_the_octets_are_cut(cuts: list[int], trailing: int) -> None:
    stream = b"".join(HOT.values()) + smpp.bare(smpp.ENQUIRE_LINK, 0, 77) + HOT["text"][:trailing]
    whole = bound().receive(stream, 1.0)
    session, events, at = bound(), [], 0
    for cut in [*cuts, len(stream)]:
        events += session.receive(stream[at : at + cut], 1.0)
        at += cut
    events += session.receive(stream[at:], 1.0) if at < len(stream) else []
    assert events == whole
    assert len(whole) == len(HOT)


def test_the_events_are_the_same_byte_by_byte() -> None:
    stream = b"".join(HOT.values())
    session = bound()
    events = [event for octet in stream for event in session.receive(bytes((octet,)), 1.0)]
    assert events == bound().receive(stream, 1.0)


@pytest.mark.parametrize("length", [0, 4, 15, smpp.LONGEST + 1, 2**31 - 1, 2**32 - 1])
def test_a_frame_of_impossible_length_closes_at_once_and_keeps_nothing(length: int) -> None:
    session = bound()
    events = session.receive(length.to_bytes(4, "big") + b"\0" * 12 + b"x" * 100_000, 1.0)
    assert events == []
    assert session.wants_close
    assert session.data_to_send()[4:8] == smpp.GENERIC_NACK.to_bytes(4, "big")
    assert session.receive(HOT["text"], 1.0) == []


def test_an_unknown_command_is_refused_and_the_next_pdu_is_read() -> None:
    session = bound()
    unread, text = session.receive(smpp.bare(0x0BAD, 0, 8) + HOT["text"], 1.0)
    assert isinstance(unread, Unreadable)
    assert unread.answer is None
    assert isinstance(text, InboundText)
    assert session.data_to_send() == smpp.bare(smpp.GENERIC_NACK, smpp.INVALID_COMMAND, 8)


def test_signs_of_life_are_answered_at_once() -> None:
    session = bound()
    assert session.receive(smpp.bare(smpp.ENQUIRE_LINK, 0, 9), 1.0) == []
    assert session.data_to_send() == smpp.bare(smpp.ENQUIRE_LINK | smpp.RESPONSE, 0, 9)


def test_answers_nobody_waits_for_change_nothing(pair: Pair) -> None:
    first = pair.submit(1)
    stray = smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, 9999, "X")
    wrong_kind = smpp.bare(smpp.ENQUIRE_LINK | smpp.RESPONSE, 0, first)
    assert pair.gateway.receive(stray + wrong_kind, 1.0) == []
    right = smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, first, "A1")
    assert len(pair.gateway.receive(right + right, 1.0)) == 1  # the second one answers nothing


def test_a_refused_command_settles_its_submit_for_another_try(pair: Pair) -> None:
    first = pair.submit(1)
    [event] = pair.gateway.receive(smpp.bare(smpp.GENERIC_NACK, 3, first), 1.0)
    assert event == SubmitAnswered(first, 100, Verdict.TEMPORARY, 3, "", smpp.describe(3))


@pytest.mark.parametrize("message_id", ["", "é" * 3, "x" * 300])
def test_strange_message_ids_are_taken_as_they_are(pair: Pair, message_id: str) -> None:
    first = pair.submit(1)
    [event] = pair.gateway.receive(smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, first, message_id), 1.0)
    assert isinstance(event, SubmitAnswered)
    assert event.message_id == message_id


# --------------------------------------------------------------------------------------------------------------- time


def test_one_missing_answer_on_a_living_link_is_uncertain_and_may_still_come(pair: Pair) -> None:
    first = pair.submit(2, now=1.0)
    late = smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, first, "A1")
    pair.gateway.receive(smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, first + 1, "A2"), 30.0)
    assert pair.gateway.tick(61.0)[0] == SubmitUnanswered(first, 100)
    assert pair.gateway.state is State.BOUND
    assert pair.gateway.receive(late, 100.0) == [SubmitAnswered(first, 100, Verdict.ACCEPTED, 0, "A1")]


def test_an_answer_after_ten_minutes_settles_nothing_any_more(pair: Pair) -> None:
    first = pair.submit(2, now=1.0)
    pair.gateway.receive(smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, first + 1, "A2"), 30.0)
    pair.gateway.tick(61.0)
    pair.gateway.receive(smpp.bare(smpp.ENQUIRE_LINK, 0, 1), 60.0 + LATE_ANSWERS)
    pair.gateway.tick(62.0 + LATE_ANSWERS)
    late = smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, first, "A1")
    assert pair.gateway.receive(late, 63.0 + LATE_ANSWERS) == []


def test_a_link_that_answers_nothing_is_given_up_and_its_window_is_in_doubt(pair: Pair) -> None:
    first = pair.submit(3, now=1.0)
    pair.submit(1, now=30.0)
    events = pair.gateway.tick(61.0)
    assert events == [SubmitUnanswered(first + i, 100 + i) for i in range(3)]
    assert pair.gateway.wants_close
    assert pair.gateway.lost("closed") == [Closed("no answer for 60 s", ((first + 3, 100),))]


def test_a_silent_link_is_probed_twice_and_then_given_up() -> None:
    session = bound()
    session.tick(PROFILE.keepalive)
    assert session.data_to_send()[4:8] == smpp.ENQUIRE_LINK.to_bytes(4, "big")
    session.tick(PROFILE.keepalive + PROFILE.keepalive_timeout)
    assert session.data_to_send()
    assert not session.wants_close
    session.tick(PROFILE.keepalive + 2 * PROFILE.keepalive_timeout)
    assert session.wants_close


def test_any_pdu_is_a_sign_of_life() -> None:
    session = bound()
    session.receive(HOT["text"], 25.0)
    session.tick(PROFILE.keepalive)
    assert session.data_to_send() == b""


def test_a_login_that_is_never_answered_is_given_up() -> None:
    session = Session.gateway(PROFILE, Smpp(PROFILE))
    session.connected(0.0)
    session.tick(PROFILE.bind_timeout)
    assert session.wants_close


def test_stopping_waits_for_the_answers_and_then_unbinds(pair: Pair) -> None:
    pair.submit(1)
    [seen] = pair.to_carrier()
    pair.gateway.drain(2.0)
    assert pair.gateway.room(2.0) == 0
    assert pair.gateway.data_to_send() == b""
    pair.carrier.answer_submit(seen.answer, 0, "A1")  # type: ignore[union-attr]
    assert len(pair.to_gateway(3.0)) == 1
    pair.to_carrier(3.0)  # unbind, answered
    pair.to_gateway(3.0)
    assert pair.gateway.wants_close
    assert pair.gateway.lost("") == [Closed("unbound", ())]


def test_stopping_does_not_wait_for_ever(pair: Pair) -> None:
    pair.submit(1)
    pair.gateway.data_to_send()
    pair.gateway.drain(2.0)
    pair.gateway.tick(62.0)
    assert pair.gateway.state in (State.UNBINDING, State.CLOSED)
    pair.gateway.tick(70.0)
    assert pair.gateway.wants_close


def test_a_carrier_that_unbinds_is_answered_and_left(pair: Pair) -> None:
    pair.submit(1)
    pair.carrier.drain(1.0)
    assert pair.to_gateway() == []
    assert pair.gateway.room(1.0) == 0
    pair.gateway.tick(1.0 + UNBIND_TIMEOUT)
    assert pair.gateway.wants_close
    [closed] = pair.gateway.lost("")
    assert isinstance(closed, Closed)
    assert len(closed.unanswered) == 1


def test_sequence_numbers_start_again_at_one_and_skip_those_in_use(pair: Pair) -> None:
    pair.gateway._next_sequence = smpp.LAST_SEQUENCE - 2
    assert pair.gateway.reserve(3) == smpp.LAST_SEQUENCE - 2
    pair.gateway.submit([(2, 7, b"")], 1.0)
    first = pair.gateway.reserve(5)
    assert 2 not in range(first, first + 5)


def test_throttling_slows_the_session_down() -> None:
    profile = PROFILE.__class__(
        **{name: getattr(PROFILE, name) for name in PROFILE.__dataclass_fields__} | {"rate": 100.0}
    )
    session = Session.gateway(profile, Smpp(profile))
    session.connected(0.0)
    session.receive(smpp.with_string(smpp.BIND_TRANSCEIVER | smpp.RESPONSE, 0, 1, "SMSC"), 0.0)
    session.submit([(5, 1, b"")], 1.0)
    session.receive(smpp.bare(smpp.SUBMIT_SM | smpp.RESPONSE, 0x58, 5), 1.0)
    assert session._pace.current(1.0) == pytest.approx(95.0)
