"""Texts in every alphabet, whole and in parts, through both ends of every protocol: the words that went in come out."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import dialects, smpp
from carriers import smgp_pdus as pdus
from carriers.events import Concatenation, InboundText, SubmitReceived
from carriers.reassembly import Piece, is_complete, join
from carriers.session import Session
from carriers.text import split
from tests.carriers.pairs import KNOWN, PHONE, SERVICE, pair

MATTER = "村里路灯坏了半个月,晚上出门很危险,请尽快派人来修。"
LONG = MATTER * 6
EMOJI = "谢谢👍🏽修好了👨‍👩‍👧都高兴。" * 12
RARE = "我叫𠮷田,住在㙟村,家里三口人,水压一直不够。" * 6
LATIN = "Please repair the lamp at No. 7, it has been broken for weeks. " * 5

CORPUS = {  # what a phone or its carrier makes of it, and the label that it puts on
    "UCS-2": (MATTER, "utf-16-be", 8),
    "UCS-2, long": (LONG, "utf-16-be", 8),
    "UCS-2 with emoji": (EMOJI, "utf-16-be", 8),
    "UCS-2 with characters beyond 16 bits": (RARE, "utf-16-be", 8),
    "UCS-2 to the screen (class 0)": (MATTER, "utf-16-be", 24),
    "UCS-2 to the phone (class 1)": (LONG, "utf-16-be", 25),
    "GBK": (MATTER, "gbk", 15),
    "GBK, long": (LONG, "gbk", 15),
    "GB18030 with four octets": (RARE, "gb18030", 15),
    "GB18030 labelled ASCII": (MATTER, "gb18030", 0),
    "GB18030 labelled ASCII, long": (LONG, "gb18030", 0),
    "ASCII": (LATIN[:100], "ascii", 0),
    "ASCII, long": (LATIN, "ascii", 0),
    "one letter": ("R", "ascii", 0),
    "nothing": ("", "utf-16-be", 8),
}

each_protocol = pytest.mark.parametrize("protocol", KNOWN)
Write = Callable[[Session, bytes, int, Concatenation | None], bytes]


def by_header(theirs: Session, body: bytes, coding: int, where: Concatenation | None) -> bytes:
    return theirs.dialect.text(PHONE, SERVICE, body, coding, where)


def by_sar(theirs: Session, body: bytes, coding: int, where: Concatenation | None) -> bytes:
    return smpp.encode_delivery(PHONE, SERVICE, body, coding, concatenation=where, sar=True)


def by_pk(theirs: Session, body: bytes, coding: int, where: Concatenation | None) -> bytes:
    numbers = {pdus.PK_NUMBER: bytes((where.number,)), pdus.PK_TOTAL: bytes((where.total,))} if where else {}
    one = pdus.Deliver(bytes(10), 0, coding, "20261124120000", PHONE, SERVICE, body, numbers)
    return pdus.write_deliver(0, one)


OWN_FIELDS: dict[str, Write] = {"smpp": by_sar, "smgp": by_pk}
"""How the protocols number parts besides the header; CMPP and SGIP have nothing else in what they deliver."""

WAYS = [
    *(pytest.param(protocol, 8, by_header, id=f"{protocol}, 8 bits") for protocol in KNOWN),
    *(pytest.param(protocol, 16, by_header, id=f"{protocol}, 16 bits") for protocol in KNOWN),
    *(pytest.param(protocol, 0, write, id=f"{protocol}, own fields") for protocol, write in OWN_FIELDS.items()),
]
ROOM = {0: 140, 8: 134, 16: 133}  # octets of a part, by the width of the reference in its header; 133 cuts a character


def heard(
    protocol: str, bodies: Sequence[bytes], coding: int, width: int, write: Write = by_header
) -> list[InboundText]:
    """What our end hears of them, in another order and with the octets in small pieces."""
    _, ours, theirs = pair(protocol)
    total = len(bodies)
    places = [Concatenation(7, total, number, width or 8) if total > 1 else None for number in range(1, total + 1)]
    parts = list(zip(bodies, places, strict=True))
    Random(total).shuffle(parts)
    for token, (body, where) in enumerate(parts):
        theirs.deliver(token, write(theirs, body, coding, where), 1.0)
    octets = theirs.data_to_send()
    events = [event for at in range(0, len(octets), 61) for event in ours.receive(octets[at : at + 61], 1.0)]
    texts = [event for event in events if isinstance(event, InboundText)]
    assert len(texts) == len(events) == total
    ours.accept([text.answer for text in texts])
    assert len(theirs.receive(ours.data_to_send(), 1.0)) == total
    return texts


def cut(octets: bytes, room: int) -> list[bytes]:
    """As phones cut: by octets, one SMS if it fits."""
    if len(octets) <= 140:
        return [octets]
    return [octets[at : at + room] for at in range(0, len(octets), room)]


def pieces(texts: Sequence[InboundText]) -> list[Piece]:
    found = []
    for text in texts:
        where = text.concatenation
        found.append(Piece(where and where.number, where and where.total, text.body, text.coding))
    return found


@pytest.mark.parametrize(("words", "codec", "coding"), CORPUS.values(), ids=CORPUS)
@pytest.mark.parametrize(("protocol", "width", "write"), WAYS)
def test_the_words_of_a_citizen_arrive(
    protocol: str, width: int, write: Write, words: str, codec: str, coding: int
) -> None:
    texts = heard(protocol, cut(words.encode(codec), ROOM[width]), coding, width, write)
    assert is_complete(pieces(texts))
    assert join(pieces(texts)) == (words, True)
    assert {(text.source[-11:], text.destination, text.binary) for text in texts} == {(PHONE[-11:], SERVICE, False)}


@pytest.mark.parametrize(("protocol", "width", "write"), WAYS)
def test_a_part_that_is_missing_is_named_and_the_others_are_read(protocol: str, width: int, write: Write) -> None:
    texts = heard(protocol, cut(LONG.encode("utf-16-be"), 134), 8, width, write)
    left = [text for text in texts if text.concatenation and text.concatenation.number != 2]
    assert not is_complete(pieces(left))
    joined = join(pieces(left))
    assert (joined.text, joined.complete) == (LONG[:67] + "[第2段缺失]" + LONG[134:], False)


@each_protocol
@pytest.mark.parametrize("coding", [4, 246])
def test_data_is_kept_as_it_came_and_never_read_as_words(protocol: str, coding: int) -> None:
    if protocol == "smpp" and coding == 246:
        coding = 0xF5  # SMPP 3.4, 5.2.19: 8-bit data of class 1
    data = bytes(range(140))
    [text] = heard(protocol, [data], coding, 8)
    assert text.binary
    assert (text.body, text.coding) == (data, coding)


@each_protocol
@pytest.mark.parametrize("words", [MATTER, LONG, EMOJI, RARE, LATIN, "R", "a" * 140, "a" * 141, "路" * 70, "路" * 71])
def test_the_words_of_the_office_arrive(protocol: str, words: str) -> None:
    profile, ours, theirs = pair(protocol)
    text = split(words)
    total = len(text.bodies)
    for number, body in enumerate(text.bodies, 1):
        where = Concatenation(7, total, number, 8) if total > 1 else None
        template = dialects.template(profile, SERVICE, body, text.coding, where)
        sequence = ours.reserve(1)
        ours.submit([(sequence, number, template.pdu(sequence, PHONE, 1, ours.dialect.stamp))], 1.0)
    submits = theirs.receive(ours.data_to_send(), 1.0)
    found = []
    for submit in submits:
        assert isinstance(submit, SubmitReceived)
        assert (submit.source, submit.destination, submit.receipt_wanted) == (SERVICE, PHONE, True)
        assert len(submit.body) <= (140 if total == 1 else 134)
        where = submit.concatenation
        found.append(Piece(where and where.number, where and where.total, submit.body, submit.coding))
    assert join(found) == (words, True)


@each_protocol
@given(
    st.lists(st.binary(max_size=133), min_size=1, max_size=6),
    st.sampled_from([8, 15, 24, 25]),
    st.sampled_from([8, 16]),
)
def test_any_octets_of_any_parts_arrive_as_they_were_sent(
    protocol: str, bodies: list[bytes], coding: int, width: int
) -> None:
    texts = heard(protocol, bodies, coding, width)
    by_number = {text.concatenation.number if text.concatenation else 1: text.body for text in texts}
    assert [by_number[number] for number in range(1, len(bodies) + 1)] == bodies
    assert {text.concatenation for text in texts} == (
        {Concatenation(7, len(bodies), number, width) for number in by_number} if len(bodies) > 1 else {None}
    )
