"""Faults of the line and of the peer, seconds and hours of them, without a network: rows D, S and R13."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carriers import smpp
from carriers.events import (
    BindRefused,
    Closed,
    DeliveryReceipt,
    Event,
    InboundText,
    ReceiptState,
    SubmitAnswered,
    Unreadable,
    Verdict,
)
from carriers.link import CLOSE_TIMEOUT, DISMISSED_WAIT, HEALTHY, LinkState
from carriers.session import UNBIND_TIMEOUT, State
from carriers.simulator.behaviour import Behaviour
from tests.carriers.test_link import Bench
from tests.carriers.test_smpp import PROFILE, bound
from tests.faults.line import Line
from tests.faults.pipe import Action, Edit, Flow, Pipe, drawn

DEAD = PROFILE.keepalive + 2 * PROFILE.keepalive_timeout  # seconds until a silent line is known to be dead


def lined(behaviour: Behaviour | None = None, downward: Callable[[int], Pipe] = lambda _: Pipe()) -> Line:
    """Logged in, with faults toward the gateway."""
    line = Line(behaviour=behaviour, pipes=lambda connection: (Pipe(), downward(connection)))
    line.until(lambda: line.bound)
    return line


def answered(sequence: int, message_id: str = "A1") -> bytes:
    return smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, sequence, message_id)


# ------------------------------------------------------------------------------------------------------ dead lines


def test_a_line_that_swallows_both_ways_is_found_dead_and_its_window_is_in_doubt() -> None:
    """D09, S12, D15: half open. Found by the signs of life that do not come; then a new connection works."""
    line = lined()
    line.steer(Flow(drop=True), Flow(drop=True))
    line.submit(5)
    assert line.until(lambda: line.of(Closed)) <= DEAD + CLOSE_TIMEOUT + 1
    assert line.outcomes == dict.fromkeys(range(5), 1)
    line.until(lambda: line.bound)
    assert line.submit(3, 10) == 3
    line.until(lambda: len(line.of(SubmitAnswered)) == 3)


def test_a_line_that_only_swallows_what_we_say_is_found_dead_too() -> None:
    """D09 in one direction: what the carrier sends is no answer to our submits."""
    line = lined()
    line.steer(Flow(drop=True), Flow())
    line.submit(1)
    line.carrier.text("8613800000001", "还在")
    line.until(lambda: line.of(InboundText))
    assert line.until(lambda: line.of(Closed)) <= PROFILE.response_timeout + CLOSE_TIMEOUT + 1
    assert line.outcomes[0] == 1


def test_octets_that_are_no_whole_pdu_are_no_sign_of_life() -> None:
    """D17: a peer that drips one octet of a PDU a second is as dead as one that says nothing."""
    line = lined()
    line.inject((4000).to_bytes(4, "big"))
    seconds = 0
    while not line.of(Closed):
        line.inject(b"\0")
        line.run(1)
        seconds += 1
        assert seconds <= DEAD + CLOSE_TIMEOUT + 1


def test_a_socket_that_does_not_close_is_torn_down() -> None:
    """D09, D10: a peer that takes no more octets must not keep us from calling again."""
    bench = Bench()
    bench.connect()
    bench.bind()
    for _ in range(int(DEAD)):
        bench.reactor.advance(1)
    assert bench.wire.disconnecting
    assert not bench.wire.disconnected
    bench.protocol.dataReceived(b"\0" * 50)  # what still comes does not put it off
    bench.reactor.advance(CLOSE_TIMEOUT)
    assert bench.wire.disconnected


def test_a_login_that_is_never_answered_is_tried_again() -> None:
    """D12."""
    line = Line(pipes=lambda connection: (Pipe(Flow(drop=connection == 0)), Pipe()))
    assert line.until(lambda: line.bound) <= PROFILE.bind_timeout + CLOSE_TIMEOUT + 5


@pytest.mark.parametrize("action", [Action.TRUNCATE, Action.RESET])
@pytest.mark.parametrize("octet", [0, 1, 15, 16, 30])
def test_a_line_that_ends_within_a_pdu_leaves_nothing_behind(action: Action, octet: int) -> None:
    """D17, S1: the beginning is forgotten, the rest of the next connection is read from its own beginning."""
    line = lined(downward=lambda connection: Pipe(edits=[Edit(action, 1, octet)] if connection == 0 else []))
    line.submit(2)
    line.carrier.text("8613800000001", "路灯坏了")
    line.until(lambda: line.of(InboundText))
    assert len(line.connections) == 2
    assert line.outcomes == {0: 1, 1: 1}
    assert len(line.of(InboundText)) == 1


# --------------------------------------------------------------------------------------------------- slow and many


def test_a_trickle_of_octets_is_understood() -> None:
    """S6, D02: one octet at a time, both ways."""
    line = Line(pipes=lambda _: (Pipe(Flow(slice=1, rate=2000)), Pipe(Flow(slice=1, rate=2000))))
    line.until(lambda: line.bound)
    line.submit(10)
    line.until(lambda: len(line.of(DeliveryReceipt)) == 10)
    assert len(line.connections) == 1


def test_a_slow_line_holds_the_window_and_nothing_else() -> None:
    """D10: at 64 octets a second we never have more on the way than the window."""
    line = lined()
    line.steer(Flow(rate=64), Flow())
    sent = 0
    for _ in range(100):
        sent += line.submit(50, sent)
        line.run(1)
        session = line.link.session
        assert session is None or session.unanswered <= PROFILE.window
    assert len(line.connections) == 1


def test_pdus_in_another_order_twice_or_not_at_all_settle_each_submit_once() -> None:
    """S8: answers are found by their number, not by their place."""
    edits = [Edit(Action.REORDER, 1), Edit(Action.DUPLICATE, 3), Edit(Action.DROP, 4)]
    line = lined(downward=lambda connection: Pipe(edits=edits if connection == 0 else []))
    line.submit(6)
    line.run(PROFILE.response_timeout + CLOSE_TIMEOUT + 70)
    assert line.outcomes == dict.fromkeys(range(6), 1)


# ---------------------------------------------------------------------------------------------------- wrong answers


@pytest.mark.parametrize(
    "wrong",
    [
        smpp.bare(smpp.DELIVER_SM | smpp.RESPONSE, 0, 2),
        smpp.bare(smpp.DATA_SM | smpp.RESPONSE, 0, 2),
        smpp.bare(smpp.ENQUIRE_LINK | smpp.RESPONSE, 0, 2),
        smpp.bare(smpp.UNBIND | smpp.RESPONSE, 0, 2),
        smpp.with_string(smpp.BIND_TRANSCEIVER | smpp.RESPONSE, 0, 2, "SMSC"),
        smpp.bare(0x80000777, 0, 2),
    ],
    ids=lambda pdu: f"0x{int.from_bytes(pdu[4:8], 'big'):08X}",
)
def test_an_answer_of_the_wrong_kind_leaves_the_submit_waiting_for_its_own(wrong: bytes) -> None:
    """D19."""
    session = bound()
    session.submit([(2, 7, b"")], 1.0)
    assert session.receive(wrong, 1.0) == []
    assert session.receive(answered(2), 1.0) == [SubmitAnswered(2, 7, Verdict.ACCEPTED, 0, "A1")]


def test_an_answer_to_a_submit_of_the_connection_before_is_nobodys() -> None:
    """A09: the new connection counts from the beginning, so the number alone would mean another submit."""
    line = lined()
    line.steer(Flow(), Flow(drop=True))
    line.submit(3)
    line.carrier.cut()
    line.run(1)
    line.until(lambda: line.bound)
    line.steer(Flow(), Flow(hold=True))
    line.inject(answered(4, "OLD"))
    assert line.outcomes == {0: 1, 1: 1, 2: 1}  # in doubt, and not answered by the way
    assert not line.of(SubmitAnswered)


@pytest.mark.parametrize("status", [0x400, 0x4FF, 0x0B00, 0xFFFFFFFF])
def test_a_status_that_nobody_knows_leaves_the_link_up(status: int) -> None:
    """P1: the fourth case of it."""
    session = bound()
    session.submit([(2, 7, b"")], 1.0)
    [event] = session.receive(smpp.bare(smpp.SUBMIT_SM | smpp.RESPONSE, status, 2), 1.0)
    assert event == SubmitAnswered(2, 7, Verdict.TEMPORARY, status, "")
    assert not session.wants_close


def test_garbage_closes_the_line_and_the_window_is_in_doubt_once() -> None:
    """P1: 64 octets of it."""
    line = lined(Behaviour(name="x", answer_delay=(5.0, 5.0)))
    line.submit(4)
    line.inject(bytes(range(192, 256)))
    line.until(lambda: line.of(Closed))
    line.until(lambda: line.bound)
    line.run(20)
    assert line.outcomes == dict.fromkeys(range(4), 1)


def test_words_shorter_than_their_length_are_kept_unread_and_answered() -> None:
    """P3: sm_length 200 with three octets."""
    pdu = bytearray(smpp.encode_delivery("8613800000001", "1069", b"abc", 0))
    pdu[-4] = 200
    session = bound()
    unread, text = session.receive(bytes(pdu) + smpp.encode_delivery("1", "2", b"abc", 0), 1.0)
    assert isinstance(unread, Unreadable)
    assert (unread.answer, unread.raw) == (0, bytes(pdu))
    assert isinstance(text, InboundText)


@pytest.mark.parametrize("words", [b"hello", b"", b"id: stat:DELIVRD", b"stat:DELIVRD err:000"])
def test_a_receipt_without_an_id_is_a_receipt_all_the_same(words: bytes) -> None:
    """P8."""
    [event] = bound().receive(smpp.encode_delivery("8613800000001", "1069", words, 0, esm_class=0x04), 1.0)
    assert isinstance(event, DeliveryReceipt)
    assert event.message_id == ""
    assert event.number == "8613800000001"


def test_a_receipt_with_a_date_that_cannot_be_is_heard_once_and_the_line_stays() -> None:
    """P7: it is no reason to close, so nothing comes again and again."""
    line = lined(Behaviour(name="x", receipt_form="junk"))
    line.submit(3)
    line.run(120)
    assert [event.state for event in line.of(DeliveryReceipt)] == [ReceiptState.DELIVERED] * 3
    assert line.carrier.counts()["receipts_acknowledged"] == 3
    assert len(line.connections) == 1


# -------------------------------------------------------------------------------------------------- coming and going


def test_a_carrier_that_unbinds_may_still_answer_and_is_called_again_later() -> None:
    """D16, S13: our window is drained for five seconds, and it is left alone for five."""
    line = lined(Behaviour(name="x", answer_delay=(2.0, 2.0)))
    line.submit(3)
    line.run(0.5)
    unbind = smpp.bare(smpp.UNBIND, 0, 999)
    line.inject(unbind)
    assert line.submit(1, 50) == 0
    took = line.until(lambda: line.of(Closed))
    assert took <= UNBIND_TIMEOUT
    assert len(line.of(SubmitAnswered)) == 3
    assert line.of(Closed) == [Closed("the peer unbound", ())]
    assert line.until(lambda: line.bound) >= DISMISSED_WAIT


def test_a_carrier_that_unbinds_and_answers_no_more_leaves_the_window_in_doubt() -> None:
    """D16: not for ever."""
    line = lined(Behaviour(name="x", answer_delay=(20.0, 20.0)))
    line.submit(3)
    line.run(0.5)
    line.inject(smpp.bare(smpp.UNBIND, 0, 999))
    line.until(lambda: line.of(Closed), UNBIND_TIMEOUT + CLOSE_TIMEOUT)
    assert line.outcomes == {0: 1, 1: 1, 2: 1}


def test_a_submit_refused_while_we_leave_ends_the_waiting() -> None:
    """A generic_nack is an answer too."""
    session = bound()
    session.submit([(2, 7, b"")], 1.0)
    session.drain(1.0)
    session.data_to_send()
    session.receive(smpp.bare(smpp.GENERIC_NACK, 3, 2), 2.0)
    assert session.state is State.UNBINDING


@pytest.mark.parametrize("status", [0x0D, 0x0E, 0x0F, 0x05, 0x08, 0x400])
def test_a_day_of_refused_logins_hammers_nobody(status: int) -> None:
    """R13, D13, D14: whatever the reason; a refused password, never more than three times in half an hour."""
    line = Line(behaviour=Behaviour(name="x", refuse_binds=status))
    times: list[float] = []
    heard = 0
    for _ in range(24 * 60):
        line.reactor.pump([10.0] * 6)
        refusals = len(line.of(BindRefused))
        times += [line.reactor.seconds()] * (refusals - heard)
        heard = refusals
    if status in smpp.CREDENTIALS:
        assert all(sum(began <= at < began + 1790 for at in times) <= 3 for began in times)
        assert len(times) <= 6
        assert line.link.state is LinkState.REFUSED
    else:
        assert len(times) <= 24 * 60 * 60 / (60 * 0.8) + 10
        assert not line.bound
    line.carrier.refuse_binds = 0
    line.link.retry()
    line.until(lambda: line.bound)


def test_a_line_that_breaks_after_every_login_is_not_hammered() -> None:
    """P7: logging in is not yet health; only a minute of it makes trouble new trouble."""
    line = lined(downward=lambda _: Pipe(edits=[Edit(Action.RESET, 1)]))
    for _ in range(60):
        line.carrier.text("8613800000001", "路灯坏了")
        line.run(HEALTHY / 2)
    assert len(line.connections) <= 6 + 1800 / 48


def test_sequence_numbers_go_round_and_every_answer_finds_its_submit() -> None:
    """D20: across 0x7FFFFFFF, while early ones are still open."""
    session = bound()
    session._next_sequence = 2
    session.submit([(session.reserve(1), 1000, b"")], 1.0)  # number 2, never answered
    session._next_sequence = smpp.LAST_SEQUENCE - 20
    seen: set[int] = set()
    for token in range(50):
        sequence = session.reserve(1)
        assert 1 <= sequence <= smpp.LAST_SEQUENCE
        assert sequence != 2
        session.submit([(sequence, token, b"")], 1.0)
        [event] = session.receive(answered(sequence), 1.0)
        assert isinstance(event, SubmitAnswered)
        assert event.token == token
        seen.add(sequence)
    assert len(seen) == 50
    assert {smpp.LAST_SEQUENCE, 1, 3} <= seen
    [closed] = session.lost("over")
    assert closed == Closed("over", ((2, 1000),))


# ------------------------------------------------------------------------------------------------------- everything


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_whatever_the_line_does_every_submit_has_one_outcome_and_the_link_comes_back(seed: int) -> None:
    """R12: faults drawn for both directions of every connection, then a clean line."""
    healed: list[bool] = []

    def pipes(connection: int) -> tuple[Pipe, Pipe]:
        if healed:
            return Pipe(), Pipe()
        return Pipe(*drawn(seed + 2 * connection, 60)), Pipe(*drawn(seed + 2 * connection + 1, 60))

    line = Line(behaviour=Behaviour(name="x", seed=seed % 97, receipt_early=0.2, receipt_twice=0.2), pipes=pipes)
    sent = 0
    for _ in range(60):
        sent += line.submit(3, sent)
        line.run(2)
    healed.append(True)
    line.carrier.cut()
    line.run(1)
    line.until(lambda: line.bound and line.connections[-1][0].open, 400)
    late = set(range(sent)) - set(line.outcomes)
    line.run(PROFILE.response_timeout + 1)
    assert late | set(line.outcomes) == set(line.outcomes) == set(range(sent))
    answers: dict[int, int] = {}
    for event in line.heard:
        assert isinstance(event, Event)
        if isinstance(event, SubmitAnswered):
            answers[event.token] = answers.get(event.token, 0) + 1
    assert all(count == 1 for count in answers.values())
    line.carrier.text("8613800000001", "路灯坏了")
    before = len(line.of(InboundText))
    line.until(lambda: len(line.of(InboundText)) > before)


def test_one_links_trouble_is_not_another_ones() -> None:
    """R12: a neighbour on the same reactor neither waits nor reconnects."""
    calm = Line()
    wild = Line(reactor=calm.reactor, pipes=lambda n: (Pipe(*drawn(n, 30)), Pipe(*drawn(n + 1, 30))))
    calm.until(lambda: calm.bound)
    sent = 0
    for _ in range(200):
        sent += calm.submit(2, sent)
        wild.submit(2)
        calm.run(1)
    calm.run(5)
    assert sent == 400
    assert len(calm.of(SubmitAnswered)) == 400
    assert len(calm.connections) == 1
    assert len(wild.connections) > 1


def test_profiles_with_other_times_find_dead_lines_in_theirs() -> None:
    """D09: keepalive 10 s and timeouts of 5 s make 20 s."""
    quick = replace(PROFILE, keepalive=10.0, keepalive_timeout=5.0)
    line = Line(quick)
    line.until(lambda: line.bound)
    line.steer(Flow(hold=True), Flow(hold=True))
    assert line.until(lambda: line.of(Closed)) <= 20 + CLOSE_TIMEOUT + 1
