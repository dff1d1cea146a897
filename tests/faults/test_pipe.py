"""The line does to the octets what it is told, and nothing else: with PDUs of every dialect, and with made-up ones."""

from collections.abc import Sequence
from itertools import cycle, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.dialects import DIALECTS
from tests.faults.pipe import Action, Edit, Flow, Out, Pipe, Signal, drawn

COUNT = 5  # PDUs of a stream
EXAMPLES = 40


def pdu(body: bytes) -> bytes:
    return (4 + len(body)).to_bytes(4, "big") + body


STREAMS: dict[str, list[bytes]] = {
    "made up": [pdu(bytes((n,)) * n) for n in range(COUNT)],
    **{dialect.name: list(islice(cycle(pdu for _, pdu in dialect.pdus.values()), COUNT)) for dialect in DIALECTS},
}
each_stream = pytest.mark.parametrize("pdus", STREAMS.values(), ids=STREAMS)
indexes = st.integers(0, COUNT - 1)
cuts = st.lists(st.integers(1, 9) | st.integers(1, 90), max_size=20)
flows = st.builds(
    Flow,
    delay=st.floats(0, 5),
    rate=st.just(0.0) | st.floats(1, 1000),
    slice=st.integers(0, 5),
    coalesce=st.integers(0, 40),
)


def through(pipe: Pipe, sizes: list[int], stream: bytes) -> list[Out]:
    """All that comes out when the stream goes in in pieces, one a second, and is then closed."""
    out, at, now = [], 0, 0.0
    for size in [*sizes, len(stream)]:
        if at < len(stream):
            out += pipe.feed(stream[at : at + size], now)
        at, now = at + size, now + 1
    return out + pipe.end(now)


def octets(out: list[Out]) -> bytes:
    return b"".join(what for _, what in out if isinstance(what, bytes))


def without_faults(stream: bytes, sizes: list[int], flow: Flow) -> None:
    """What goes in comes out, in order and in time."""
    out = through(Pipe(flow), sizes, stream)
    assert octets(out) == stream
    assert [what for _, what in out if isinstance(what, Signal)] == [Signal.END]
    times = [when for when, _ in out]
    assert times == sorted(times)


@each_stream
@given(sizes=cuts, flow=flows)
@settings(max_examples=EXAMPLES)
def test_without_faults_what_goes_in_comes_out_in_order(pdus: Sequence[bytes], sizes: list[int], flow: Flow) -> None:
    without_faults(b"".join(pdus), sizes, flow)


@given(st.binary(max_size=60), cuts, flows)
def test_octets_that_are_no_pdus_come_out_in_order_too(stream: bytes, sizes: list[int], flow: Flow) -> None:
    without_faults(stream, sizes, flow)


@each_stream
@given(sizes=cuts)
@settings(max_examples=EXAMPLES)
def test_what_is_passed_is_passed_at_once(pdus: Sequence[bytes], sizes: list[int]) -> None:
    pipe, stream, at = Pipe(), b"".join(pdus), 0
    for size in sizes:
        piece = stream[at : at + size]
        assert octets(pipe.feed(piece, 1.0)) == piece
        at += size


@each_stream
@given(sizes=cuts, held=st.integers(0, 3))
@settings(max_examples=EXAMPLES)
def test_what_is_held_comes_when_it_is_let_go(pdus: Sequence[bytes], sizes: list[int], held: int) -> None:
    pipe, stream, out, at = Pipe(), b"".join(pdus), [], 0
    for i, size in enumerate([*sizes, len(stream)]):
        out += pipe.steer(Flow(hold=i % 4 == held), float(i))
        out += pipe.feed(stream[at : at + size], float(i))
        at += size
    assert octets(out + pipe.steer(Flow(), 99.0)) == stream


@each_stream
@given(sizes=cuts, index=indexes, octet=st.integers(0, 7) | st.integers(0, 200), bit=st.integers(0, 7))
@settings(max_examples=EXAMPLES)
def test_one_bit_is_flipped_and_no_other(
    pdus: Sequence[bytes], sizes: list[int], index: int, octet: int, bit: int
) -> None:
    stream = b"".join(pdus)
    out = octets(through(Pipe(edits=[Edit(Action.CORRUPT, index, octet, bit)]), sizes, stream))
    expected = bytearray(stream)
    if octet < len(pdus[index]):
        expected[len(b"".join(pdus[:index])) + octet] ^= 1 << bit
    assert out == bytes(expected)


@each_stream
@given(
    sizes=cuts,
    index=indexes,
    octet=st.integers(0, 7) | st.integers(0, 200),
    action=st.sampled_from([Action.TRUNCATE, Action.RESET]),
)
@settings(max_examples=EXAMPLES)
def test_a_line_ends_before_the_octet_it_is_told(
    pdus: Sequence[bytes], sizes: list[int], index: int, octet: int, action: Action
) -> None:
    out = through(Pipe(edits=[Edit(action, index, octet)]), sizes, b"".join(pdus))
    if octet < len(pdus[index]):
        assert octets(out) == b"".join(pdus[:index]) + pdus[index][:octet]
        assert out[-1][1] is (Signal.RESET if action is Action.RESET else Signal.END)
    else:
        assert octets(out) == b"".join(pdus)


@each_stream
@given(sizes=cuts, index=indexes)
@settings(max_examples=EXAMPLES)
def test_single_pdus_are_dropped_doubled_put_later_or_the_last(
    pdus: Sequence[bytes], sizes: list[int], index: int
) -> None:
    before, this, after = b"".join(pdus[:index]), pdus[index], pdus[index + 1 :]
    rest = b"".join(after)
    expected = {
        Action.DROP: before + rest,
        Action.DUPLICATE: before + this + this + rest,
        Action.REORDER: before + b"".join(after[:1]) + this + b"".join(after[1:]),
        Action.HALF_CLOSE: before,
    }
    for action, stream in expected.items():
        assert octets(through(Pipe(edits=[Edit(action, index)]), sizes, b"".join(pdus))) == stream, action


def test_a_black_hole_gives_nothing_back() -> None:
    pipe = Pipe(Flow(drop=True))
    assert octets(pipe.feed(b"".join(STREAMS["made up"]), 0.0)) == b""
    assert octets(pipe.steer(Flow(), 1.0)) == b""
    assert octets(pipe.feed(b"abc", 2.0)) == b"abc"


def test_a_slow_line_takes_its_time_and_delays_add_nothing_up() -> None:
    pipe = Pipe(Flow(rate=10, slice=5))
    assert [when for when, _ in pipe.feed(b"x" * 20, 0.0)] == [0.5, 1.0, 1.5, 2.0]
    pipe = Pipe(Flow(delay=3))
    assert pipe.feed(b"a", 1.0) + pipe.feed(b"b", 2.0) == [(4.0, b"a"), (5.0, b"b")]


@each_stream
@given(seed=st.integers(0, 10_000), sizes=cuts)
@settings(max_examples=EXAMPLES)
def test_a_seed_draws_the_same_faults_whatever_the_pieces(pdus: Sequence[bytes], seed: int, sizes: list[int]) -> None:
    stream = b"".join(pdus)
    whole, pieces = (through(Pipe(*drawn(seed, COUNT)), given, stream) for given in ([], sizes))
    assert octets(whole) == octets(pieces)
