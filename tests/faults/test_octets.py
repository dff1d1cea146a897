"""Whatever octets a carrier sends: nothing is raised, the good text behind them is heard, and no other link notices.

Every PDU is cut at every octet, has every bit flipped, and claims lengths that cannot be; then octets without any
sense at all. Scores R11 of the reliability sheet.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers.events import Event, InboundText
from carriers.session import Session, State
from tests.faults.dialects import DIALECTS, SUBMITTED, TOKEN, Dialect, each_dialect
from tests.faults.line import Line
from tests.faults.pipe import first_four_octets

LENGTHS = (0, 4, 15, 17, 64 * 1024, 2**31 - 1, 2**32 - 1)
PATIENCE = 200  # seconds: a frame that never ends, then two signs of life that never come
PDUS = [pytest.param(dialect, name, id=f"{dialect.name} {name}") for dialect in DIALECTS for name in dialect.pdus]
WHILE_BOUND = [one for one in PDUS if one.values[0].pdus[one.values[1]][0] is State.BOUND]  # type: ignore[attr-defined,index]


def cut(pdu: bytes) -> Iterator[bytes]:
    """At every octet, with the length of what is left and with the length of the whole."""
    for end in range(len(pdu)):
        yield pdu[:end]
        if end >= 4:
            yield end.to_bytes(4, "big") + pdu[4:end]


def flipped(pdu: bytes, step: int = 1) -> Iterator[bytes]:
    """Every bit of every octet, or one in `step`."""
    for index in range(0, 8 * len(pdu), step):
        at, bit = divmod(index, 8)
        yield pdu[:at] + bytes((pdu[at] ^ 1 << bit,)) + pdu[at + 1 :]


def misnamed(pdu: bytes) -> Iterator[bytes]:
    """With lengths that are not its own."""
    for length in LENGTHS:
        yield length.to_bytes(4, "big") + pdu[4:]


DAMAGES = [cut, flipped, misnamed]


def heard(dialect: Dialect, events: list[Event]) -> bool:
    """Was the good text among them?"""
    return any(isinstance(event, InboundText) and event.raw == dialect.text for event in events)


def survives(dialect: Dialect, session: Session, octets: bytes) -> None:
    """The good text is heard behind these octets, or the session closes: within the time that finds dead links."""
    events = session.receive(octets, 1.0)
    second = 1.0
    while not session.wants_close and not heard(dialect, events):
        assert second < PATIENCE, "neither heard nor closed"
        second += 1.0
        events = session.tick(second)
        if second < 20:
            events += session.receive(dialect.text, second)
        assert all(isinstance(event, Event) for event in events)
        assert len(session._rest) <= dialect.longest
    assert isinstance(session.data_to_send(), bytes)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("dialect", "name"), PDUS)
def test_no_damaged_pdu_raises_or_deafens(
    dialect: Dialect, name: str, damage: Callable[[bytes], Iterator[bytes]]
) -> None:
    """D01 D03 D04 D05, R11."""
    state, pdu = dialect.pdus[name]
    for octets in damage(pdu):
        survives(dialect, dialect.session(state), octets)


@pytest.mark.parametrize(("dialect", "name"), WHILE_BOUND)
def test_no_damaged_pdu_loses_the_submit_that_waits(dialect: Dialect, name: str) -> None:
    """D19 for every PDU: a submit is answered, given up in time or in doubt when the line closes, exactly once."""
    for octets in flipped(dialect.pdus[name][1]):
        session = dialect.session()
        events = session.receive(octets, 1.0)
        [*_, closed] = session.lost("over")
        settled = [event.token for event in events if hasattr(event, "token")]
        settled += [token for _, token in closed.unanswered]  # type: ignore[union-attr]
        assert settled == [TOKEN], octets.hex()


@pytest.mark.parametrize(("dialect", "name"), WHILE_BOUND)
def test_a_link_hears_the_next_good_text_be_it_over_a_new_connection(dialect: Dialect, name: str) -> None:
    """D01 to D08 as the link lives them: it closes, comes back by itself, and its neighbour notices nothing.

    One cut in three and one bit in nine: the session has had them all above.
    """
    neighbour = Line(dialect.profile)
    line = Line(dialect.profile, reactor=neighbour.reactor)
    pdu = dialect.pdus[name][1]
    line.until(lambda: line.bound and neighbour.bound)
    for octets in (*islice(cut(pdu), 0, None, 3), *misnamed(pdu), *flipped(pdu, 9)):
        line.until(lambda: line.bound)
        line.inject(octets)
        before = len(line.of(InboundText))
        line.carrier.text("8613800000001", "路灯坏了")
        line.until(lambda before=before: len(line.of(InboundText)) > before, PATIENCE)  # type: ignore[misc]
    assert len(neighbour.connections) == 1
    assert neighbour.bound


@each_dialect
def test_a_frame_that_never_ends_does_not_fill_the_memory(dialect: Dialect) -> None:
    """D01, S5: what is kept is never more than the longest PDU."""
    for length in (dialect.longest, dialect.longest + 1, 2**31 - 1):
        session = dialect.session()
        session.receive(length.to_bytes(4, "big") + dialect.text[4:], 1.0)
        for _ in range(100):
            session.receive(b"\x05" * 65_536, 1.0)
            assert len(session._rest) <= dialect.longest + 65_536


@each_dialect
def test_a_thousand_pdus_in_one_segment_are_a_thousand_events(dialect: Dialect) -> None:
    """D18."""
    events = dialect.session().receive(dialect.text * 1000, 1.0)
    assert len(events) == 1000
    assert all(heard(dialect, [event]) for event in events)


# --------------------------------------------------------------------------------------------------- no sense at all


@st.composite
def streams(draw: st.DrawFn, dialect: Dialect) -> bytes:
    """Good PDUs, damaged ones and noise in any order."""
    pdus = st.sampled_from([pdu for _, pdu in dialect.pdus.values()])
    noise = st.binary(max_size=40)
    framed = st.builds(lambda body: (4 + len(body)).to_bytes(4, "big") + body, st.binary(min_size=12, max_size=60))

    @st.composite
    def damaged(draw: st.DrawFn) -> bytes:
        pdu = bytearray(draw(pdus))
        pdu[draw(st.integers(4, len(pdu) - 1))] = draw(st.integers(0, 255))
        return bytes(pdu)

    return b"".join(draw(st.lists(pdus | pdus | framed | damaged() | noise, max_size=12)))


def life(dialect: Dialect, pieces: list[bytes]) -> tuple[list[Event], bytes, bool]:
    """What a session hears, says and wants when this comes."""
    session = dialect.session()
    events = [event for piece in pieces for event in session.receive(piece, 1.0)]
    return events, session.data_to_send(), session.wants_close


@each_dialect
@given(data=st.data(), sizes=st.lists(st.integers(1, 50), max_size=30))
def test_any_octets_in_any_pieces_are_the_same_events(dialect: Dialect, data: st.DataObject, sizes: list[int]) -> None:
    """S6 for octets of any kind: what was heard, what is answered, and whether to close."""
    stream = data.draw(streams(dialect))
    pieces, at = [], 0
    for size in [*sizes, len(stream)]:
        pieces.append(stream[at : at + size])
        at += size
    whole = life(dialect, [stream])
    assert life(dialect, pieces) == whole
    assert life(dialect, [bytes((octet,)) for octet in stream]) == whole
    assert all(isinstance(event, Event) for event in whole[0])
    assert sum(getattr(event, "token", None) == TOKEN for event in whole[0]) <= 1


@each_dialect
@given(octets=st.binary(max_size=300))
def test_any_octets_at_all_leave_a_session_that_hears_or_closes(dialect: Dialect, octets: bytes) -> None:
    survives(dialect, dialect.session(), octets)


@each_dialect
def test_the_dialect_is_read_by_the_line_too(dialect: Dialect) -> None:
    """What the faulty line takes for a PDU is one."""
    for _, pdu in dialect.pdus.values():
        assert first_four_octets(pdu) == len(pdu)
    assert SUBMITTED in dialect.session()._open
