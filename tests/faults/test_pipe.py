"""The line does to the octets what it is told, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.pipe import Action, Edit, Flow, Out, Pipe, Signal, drawn


def pdu(body: bytes) -> bytes:
    return (4 + len(body)).to_bytes(4, "big") + body


PDUS = [pdu(bytes((n,)) * n) for n in range(5)]
STREAM = b"".join(PDUS)
cuts = st.lists(st.integers(1, 9), max_size=20)
flows = st.builds(
    Flow,
    delay=st.floats(0, 5),
    rate=st.just(0.0) | st.floats(1, 1000),
    slice=st.integers(0, 5),
    coalesce=st.integers(0, 40),
)


def through(pipe: Pipe, sizes: list[int], stream: bytes = STREAM) -> list[Out]:
    """All that comes out when the stream goes in in pieces, one a second, and is then closed."""
    out, at, now = [], 0, 0.0
    for size in [*sizes, len(stream)]:
        if at < len(stream):
            out += pipe.feed(stream[at : at + size], now)
        at, now = at + size, now + 1
    return out + pipe.end(now)


def octets(out: list[Out]) -> bytes:
    return b"".join(what for _, what in out if isinstance(what, bytes))


@given(st.binary(max_size=60) | st.just(STREAM), cuts, flows)
def test_without_faults_what_goes_in_comes_out_in_order(stream: bytes, sizes: list[int], flow: Flow) -> None:
    out = through(Pipe(flow), sizes, stream)
    assert octets(out) == stream
    assert [what for _, what in out if isinstance(what, Signal)] == [Signal.END]
    times = [when for when, _ in out]
    assert times == sorted(times)


@given(cuts)
def test_what_is_passed_is_passed_at_once(sizes: list[int]) -> None:
    pipe, at = Pipe(), 0
    for size in sizes:
        piece = STREAM[at : at + size]
        assert octets(pipe.feed(piece, 1.0)) == piece
        at += size


@given(cuts, st.integers(0, 3))
def test_what_is_held_comes_when_it_is_let_go(sizes: list[int], held: int) -> None:
    pipe, out, at = Pipe(), [], 0
    for i, size in enumerate([*sizes, len(STREAM)]):
        out += pipe.steer(Flow(hold=i % 4 == held), float(i))
        out += pipe.feed(STREAM[at : at + size], float(i))
        at += size
    assert octets(out + pipe.steer(Flow(), 99.0)) == STREAM


@given(cuts, st.integers(0, 4), st.integers(0, 7), st.integers(0, 7))
def test_one_bit_is_flipped_and_no_other(sizes: list[int], index: int, octet: int, bit: int) -> None:
    out = octets(through(Pipe(edits=[Edit(Action.CORRUPT, index, octet, bit)]), sizes))
    expected = bytearray(STREAM)
    if octet < len(PDUS[index]):
        expected[len(b"".join(PDUS[:index])) + octet] ^= 1 << bit
    assert out == bytes(expected)


@given(cuts, st.integers(0, 4), st.integers(0, 7), st.sampled_from([Action.TRUNCATE, Action.RESET]))
def test_a_line_ends_before_the_octet_it_is_told(sizes: list[int], index: int, octet: int, action: Action) -> None:
    out = through(Pipe(edits=[Edit(action, index, octet)]), sizes)
    if octet < len(PDUS[index]):
        assert octets(out) == b"".join(PDUS[:index]) + PDUS[index][:octet]
        assert out[-1][1] is (Signal.RESET if action is Action.RESET else Signal.END)
    else:
        assert octets(out) == STREAM


@given(cuts, st.integers(0, 4))
def test_single_pdus_are_dropped_doubled_put_later_or_the_last(sizes: list[int], index: int) -> None:
    before, this, after = b"".join(PDUS[:index]), PDUS[index], PDUS[index + 1 :]
    rest = b"".join(after)
    expected = {
        Action.DROP: before + rest,
        Action.DUPLICATE: before + this + this + rest,
        Action.REORDER: before + b"".join(after[:1]) + this + b"".join(after[1:]),
        Action.HALF_CLOSE: before,
    }
    for action, stream in expected.items():
        assert octets(through(Pipe(edits=[Edit(action, index)]), sizes)) == stream, action


def test_a_black_hole_gives_nothing_back() -> None:
    pipe = Pipe(Flow(drop=True))
    assert octets(pipe.feed(STREAM, 0.0)) == b""
    assert octets(pipe.steer(Flow(), 1.0)) == b""
    assert octets(pipe.feed(b"abc", 2.0)) == b"abc"


def test_a_slow_line_takes_its_time_and_delays_add_nothing_up() -> None:
    pipe = Pipe(Flow(rate=10, slice=5))
    assert [when for when, _ in pipe.feed(b"x" * 20, 0.0)] == [0.5, 1.0, 1.5, 2.0]
    pipe = Pipe(Flow(delay=3))
    assert pipe.feed(b"a", 1.0) + pipe.feed(b"b", 2.0) == [(4.0, b"a"), (5.0, b"b")]


@given(st.integers(0, 10_000), cuts)
def test_a_seed_draws_the_same_faults_whatever_the_pieces(seed: int, sizes: list[int]) -> None:
    assert octets(through(Pipe(*drawn(seed, 5)), sizes)) == octets(through(Pipe(*drawn(seed, 5)), []))
