"""Faults of the line and of the peer, seconds and hours of them, without a network: rows D, S and R13.

Every dialect lives through all of them, but for those that only SMPP knows: their names say so.
"""

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
from tests.carriers.test_smpp import bound
from tests.faults.dialects import DIALECTS, SMPP, SUBMITTED, TOKEN, Dialect, each_dialect
from tests.faults.line import Line
from tests.faults.pipe import Action, Edit, Flow, Pipe, drawn

SEEDS = 15  # of everything that may happen to a line, in each dialect

each_refusal = pytest.mark.parametrize(
    ("dialect", "status"),
    [
        pytest.param(dialect, status, id=f"{dialect.name} {status}")
        for dialect in DIALECTS
        for status in dialect.refusals or (dialect.carrier.wrong_login, 100)
    ],
)


def lined(
    dialect: Dialect = SMPP, behaviour: Behaviour | None = None, downward: Callable[[int], Pipe] = lambda _: Pipe()
) -> Line:
    """Logged in, with faults toward the gateway."""
    line = Line(dialect.profile, behaviour, lambda connection: (Pipe(), downward(connection)))
    line.until(lambda: line.bound)
    return line


def dead(dialect: Dialect) -> float:
    """Seconds until a silent line is known to be dead, on which a submit waits for its answer."""
    profile = dialect.profile
    signs = profile.keepalive + 2 * profile.keepalive_timeout if dialect.carrier.probes else 0.0
    return max(signs, profile.response_timeout) + CLOSE_TIMEOUT + 1


# ------------------------------------------------------------------------------------------------------ dead lines


@each_dialect
def test_a_line_that_swallows_both_ways_is_found_dead_and_its_window_is_in_doubt(dialect: Dialect) -> None:
    """D09, S12, D15: half open. Found by the signs of life that do not come; then a new connection works."""
    line = lined(dialect)
    line.steer(Flow(drop=True), Flow(drop=True))
    line.submit(5)
    assert line.until(lambda: line.of(Closed)) <= dead(dialect)
    assert line.outcomes == dict.fromkeys(range(5), 1)
    line.until(lambda: line.bound)
    assert line.submit(3, 10) == 3
    line.until(lambda: len(line.of(SubmitAnswered)) == 3)


@each_dialect
def test_a_line_that_only_swallows_what_we_say_is_found_dead_too(dialect: Dialect) -> None:
    """D09 in one direction: what the carrier sends is no answer to our submits."""
    line = lined(dialect)
    line.steer(Flow(drop=True), Flow())
    line.submit(1)
    line.carrier.text("8613800000001", "还在")
    line.until(lambda: line.of(InboundText))
    assert line.until(lambda: line.of(Closed)) <= dialect.profile.response_timeout + CLOSE_TIMEOUT + 1
    assert line.outcomes[0] == 1


@each_dialect
def test_octets_that_are_no_whole_pdu_are_no_sign_of_life(dialect: Dialect) -> None:
    """D17: a peer that drips one octet of a PDU a second is as dead as one that says nothing."""
    line = lined(dialect)
    line.inject(min(4000, dialect.longest).to_bytes(4, "big"))
    line.submit(1)
    seconds = 0
    while not line.of(Closed):
        line.inject(b"\0")
        line.run(1)
        seconds += 1
        assert seconds <= dead(dialect)


@each_dialect
def test_a_socket_that_does_not_close_is_torn_down(dialect: Dialect) -> None:
    """D09, D10: a peer that takes no more octets must not keep us from calling again."""
    bench = Bench(dialect.profile)
    bench.connect()
    bench.bind()
    session = bench.link.session
    assert session is not None
    session.submit([(SUBMITTED, TOKEN, b"")], bench.reactor.seconds())
    bench.link.flush()
    for _ in range(int(dead(dialect) - CLOSE_TIMEOUT)):
        bench.reactor.advance(1)
    assert bench.wire.disconnecting
    assert not bench.wire.disconnected
    bench.protocol.dataReceived(b"\0" * 50)  # what still comes does not put it off
    bench.reactor.advance(CLOSE_TIMEOUT)
    assert bench.wire.disconnected


@each_dialect
def test_a_login_that_is_never_answered_is_tried_again(dialect: Dialect) -> None:
    """D12."""
    line = Line(dialect.profile, pipes=lambda connection: (Pipe(Flow(drop=connection == 0)), Pipe()))
    assert line.until(lambda: line.bound) <= dialect.profile.bind_timeout + CLOSE_TIMEOUT + 5


@pytest.mark.parametrize("action", [Action.TRUNCATE, Action.RESET])
@pytest.mark.parametrize("octet", [0, 1, 11, 12, 15, 16, 19, 20, 30])
@each_dialect
def test_a_line_that_ends_within_a_pdu_leaves_nothing_behind(dialect: Dialect, action: Action, octet: int) -> None:
    """D17, S1: the beginning is forgotten, the rest of the next connection is read from its own beginning."""
    line = lined(dialect, downward=lambda connection: Pipe(edits=[Edit(action, 1, octet)] if connection == 0 else []))
    line.submit(2)
    line.carrier.text("8613800000001", "路灯坏了")
    line.until(lambda: line.of(InboundText))
    assert len(line.connections) == 2
    assert line.outcomes == {0: 1, 1: 1}
    assert len(line.of(InboundText)) == 1


# --------------------------------------------------------------------------------------------------- slow and many


@each_dialect
def test_a_trickle_of_octets_is_understood(dialect: Dialect) -> None:
    """S6, D02: one octet at a time, both ways."""
    line = Line(dialect.profile, pipes=lambda _: (Pipe(Flow(slice=1, rate=2000)), Pipe(Flow(slice=1, rate=2000))))
    line.until(lambda: line.bound)
    line.submit(10)
    line.until(lambda: len(line.of(DeliveryReceipt)) == 10)
    assert len(line.connections) == 1


@each_dialect
def test_a_slow_line_holds_the_window_and_nothing_else(dialect: Dialect) -> None:
    """D10: at 64 octets a second we never have more on the way than the window."""
    line = lined(dialect)
    line.steer(Flow(rate=64), Flow())
    sent = 0
    for _ in range(100):
        sent += line.submit(50, sent)
        line.run(1)
        session = line.link.session
        assert session is None or session.unanswered <= dialect.profile.window
    assert len(line.connections) == 1


@each_dialect
def test_pdus_in_another_order_twice_or_not_at_all_settle_each_submit_once(dialect: Dialect) -> None:
    """S8: answers are found by their number, not by their place."""
    edits = [Edit(Action.REORDER, 1), Edit(Action.DUPLICATE, 3), Edit(Action.DROP, 4)]
    line = lined(dialect, downward=lambda connection: Pipe(edits=edits if connection == 0 else []))
    line.submit(6)
    line.run(dialect.profile.response_timeout + CLOSE_TIMEOUT + 70)
    assert line.outcomes == dict.fromkeys(range(6), 1)


# ---------------------------------------------------------------------------------------------------- wrong answers


@each_dialect
def test_an_answer_of_the_wrong_kind_leaves_the_submit_waiting_for_its_own(dialect: Dialect) -> None:
    """D19."""
    for name, wrong in dialect.misanswered(SUBMITTED).items():
        session = dialect.session()
        assert session.receive(wrong, 1.0) == [], name
        [event] = session.receive(dialect.answered(SUBMITTED), 1.0)
        assert isinstance(event, SubmitAnswered)
        assert (event.token, event.verdict, event.message_id != "") == (TOKEN, Verdict.ACCEPTED, True), name


@each_dialect
def test_an_answer_to_a_submit_of_the_connection_before_is_nobodys(dialect: Dialect) -> None:
    """A09: the new connection counts from the beginning, so the number alone would mean another submit."""
    line = lined(dialect)
    line.steer(Flow(), Flow(drop=True))
    line.submit(3)
    line.carrier.cut()
    line.run(1)
    line.until(lambda: line.bound)
    line.steer(Flow(), Flow(hold=True))
    line.inject(dialect.answered(4))
    assert line.outcomes == {0: 1, 1: 1, 2: 1}  # in doubt, and not answered by the way
    assert not line.of(SubmitAnswered)


@each_dialect
def test_a_status_that_nobody_knows_leaves_the_link_up(dialect: Dialect) -> None:
    """P1: the fourth case of it."""
    for status in dialect.strange:
        session = dialect.session()
        [event] = session.receive(dialect.answered(SUBMITTED, status), 1.0)
        described = session.dialect.describe(status)
        assert event == SubmitAnswered(SUBMITTED, TOKEN, Verdict.TEMPORARY, status, "", described)
        assert not session.wants_close


@each_dialect
def test_garbage_closes_the_line_and_the_window_is_in_doubt_once(dialect: Dialect) -> None:
    """P1: 64 octets of it."""
    line = lined(dialect, Behaviour(name="x", answer_delay=(5.0, 5.0)))
    line.submit(4)
    line.inject(bytes(range(192, 256)))
    line.until(lambda: line.of(Closed))
    line.until(lambda: line.bound)
    line.run(20)
    assert line.outcomes == dict.fromkeys(range(4), 1)


def test_smpp_words_shorter_than_their_length_are_kept_unread_and_answered() -> None:
    """P3: sm_length 200 with three octets."""
    pdu = bytearray(smpp.encode_delivery("8613800000001", "1069", b"abc", 0))
    pdu[-4] = 200
    session = bound()
    unread, text = session.receive(bytes(pdu) + smpp.encode_delivery("1", "2", b"abc", 0), 1.0)
    assert isinstance(unread, Unreadable)
    assert (unread.answer, unread.raw) == (0, bytes(pdu))
    assert isinstance(text, InboundText)


@pytest.mark.parametrize("words", [b"hello", b"", b"id: stat:DELIVRD", b"stat:DELIVRD err:000"])
def test_an_smpp_receipt_without_an_id_is_a_receipt_all_the_same(words: bytes) -> None:
    """P8."""
    [event] = bound().receive(smpp.encode_delivery("8613800000001", "1069", words, 0, esm_class=0x04), 1.0)
    assert isinstance(event, DeliveryReceipt)
    assert event.message_id == ""
    assert event.number == "8613800000001"


def test_an_smpp_receipt_with_a_date_that_cannot_be_is_heard_once_and_the_line_stays() -> None:
    """P7: it is no reason to close, so nothing comes again and again."""
    line = lined(behaviour=Behaviour(name="x", receipt_form="junk"))
    line.submit(3)
    line.run(120)
    assert [event.state for event in line.of(DeliveryReceipt)] == [ReceiptState.DELIVERED] * 3
    assert line.carrier.counts()["receipts_acknowledged"] == 3
    assert len(line.connections) == 1


# -------------------------------------------------------------------------------------------------- coming and going


@each_dialect
def test_a_carrier_that_unbinds_may_still_answer_and_is_called_again_later(dialect: Dialect) -> None:
    """D16, S13: our window is drained for five seconds, and it is left alone for five."""
    line = lined(dialect, Behaviour(name="x", answer_delay=(2.0, 2.0)))
    line.submit(3)
    line.run(0.5)
    line.inject(dialect.carrier.leave(999))
    assert line.submit(1, 50) == 0
    took = line.until(lambda: line.of(Closed))
    assert took <= UNBIND_TIMEOUT
    assert len(line.of(SubmitAnswered)) == 3
    assert line.of(Closed) == [Closed("the peer unbound", ())]
    assert line.until(lambda: line.bound) >= DISMISSED_WAIT


@each_dialect
def test_a_carrier_that_unbinds_and_answers_no_more_leaves_the_window_in_doubt(dialect: Dialect) -> None:
    """D16: not for ever."""
    line = lined(dialect, Behaviour(name="x", answer_delay=(20.0, 20.0)))
    line.submit(3)
    line.run(0.5)
    line.inject(dialect.carrier.leave(999))
    line.until(lambda: line.of(Closed), UNBIND_TIMEOUT + CLOSE_TIMEOUT)
    assert line.outcomes == {0: 1, 1: 1, 2: 1}


def test_an_smpp_submit_refused_while_we_leave_ends_the_waiting() -> None:
    """A generic_nack is an answer too."""
    session = bound()
    session.submit([(2, 7, b"")], 1.0)
    session.drain(1.0)
    session.data_to_send()
    session.receive(smpp.bare(smpp.GENERIC_NACK, 3, 2), 2.0)
    assert session.state is State.UNBINDING


@each_refusal
def test_a_day_of_refused_logins_hammers_nobody(dialect: Dialect, status: int) -> None:
    """R13, D13, D14: whatever the reason; a refused password, never more than three times in half an hour."""
    line = Line(dialect.profile, Behaviour(name="x", refuse_binds=status))
    times: list[float] = []
    heard = 0
    for _ in range(24 * 60):
        line.reactor.pump([10.0] * 6)
        refusals = len(line.of(BindRefused))
        times += [line.reactor.seconds()] * (refusals - heard)
        heard = refusals
    if line.of(BindRefused)[0].credentials:
        assert all(sum(began <= at < began + 1790 for at in times) <= 3 for began in times)
        assert len(times) <= 6
        assert line.link.state is LinkState.REFUSED
    else:
        assert len(times) <= 24 * 60 * 60 / (60 * 0.8) + 10
        assert not line.bound
    line.carrier.refuse_binds = 0
    line.link.retry()
    line.until(lambda: line.bound)


@each_dialect
def test_a_line_that_breaks_after_every_login_is_not_hammered(dialect: Dialect) -> None:
    """P7: logging in is not yet health; only a minute of it makes trouble new trouble."""
    line = lined(dialect, downward=lambda _: Pipe(edits=[Edit(Action.RESET, 1)]))
    for _ in range(60):
        line.carrier.text("8613800000001", "路灯坏了")
        line.run(HEALTHY / 2)
    assert len(line.connections) <= 6 + 1800 / 48


@each_dialect
def test_sequence_numbers_go_round_and_every_answer_finds_its_submit(dialect: Dialect) -> None:
    """D20: across the last number, while early ones are still open."""
    session = dialect.session()
    last = session.dialect.last_sequence
    session._next_sequence = 2
    session.submit([(session.reserve(1), 1000, b"")], 1.0)  # number 2, never answered
    session._next_sequence = last - 20
    seen: set[int] = set()
    for token in range(45):
        sequence = session.reserve(1)
        assert 1 <= sequence <= last
        assert sequence not in (2, SUBMITTED)
        session.submit([(sequence, token, b"")], 1.0)
        [event] = session.receive(dialect.answered(sequence), 1.0)
        assert isinstance(event, SubmitAnswered)
        assert event.token == token
        seen.add(sequence)
    assert len(seen) == 45
    assert {last, 1, 3} <= seen
    [closed] = session.lost("over")
    assert closed == Closed("over", ((SUBMITTED, TOKEN), (2, 1000)))


# ------------------------------------------------------------------------------------------------------- everything


@each_dialect
@given(seed=st.integers(0, 2**32))
@settings(max_examples=SEEDS)
def test_whatever_the_line_does_every_submit_has_one_outcome_and_the_link_comes_back(
    dialect: Dialect, seed: int
) -> None:
    """R12: faults drawn for both directions of every connection, then a clean line."""
    healed: list[bool] = []

    def pipes(connection: int) -> tuple[Pipe, Pipe]:
        if healed:
            return Pipe(), Pipe()
        return Pipe(*drawn(seed + 2 * connection, 60)), Pipe(*drawn(seed + 2 * connection + 1, 60))

    behaviour = Behaviour(name="x", seed=seed % 97, receipt_early=0.2, receipt_twice=0.2)
    line = Line(dialect.profile, behaviour, pipes)
    sent = 0
    for _ in range(60):
        sent += line.submit(3, sent)
        line.run(2)
    healed.append(True)
    line.carrier.cut()
    line.run(1)
    line.until(lambda: line.bound and line.connections[-1][0].open, 400)
    late = set(range(sent)) - set(line.outcomes)
    line.run(dialect.profile.response_timeout + 1)
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


@each_dialect
def test_one_links_trouble_is_not_another_ones(dialect: Dialect) -> None:
    """R12: a neighbour on the same reactor neither waits nor reconnects."""
    calm = Line()
    wild = Line(dialect.profile, reactor=calm.reactor, pipes=lambda n: (Pipe(*drawn(n, 30)), Pipe(*drawn(n + 1, 30))))
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


@each_dialect
def test_profiles_with_other_times_find_dead_lines_in_theirs(dialect: Dialect) -> None:
    """D09: keepalive 10 s and timeouts of 5 s make 20 s; where there is no keep-alive, a submit that waits so long."""
    quick = replace(dialect.profile, keepalive=10.0, keepalive_timeout=5.0)
    if not dialect.carrier.probes:
        quick = replace(quick, response_timeout=20.0)
    line = Line(quick)
    line.until(lambda: line.bound)
    line.submit(1)
    line.steer(Flow(hold=True), Flow(hold=True))
    assert line.until(lambda: line.of(Closed)) <= 20 + CLOSE_TIMEOUT + 1
