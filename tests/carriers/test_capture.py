"""A line's capture file, read back by a reader of its own: frames, checksums and sequence numbers are right."""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import smpp
from carriers.capture import FILE_HEADER, SEGMENT, Address, Capture, Glimpse, Reading, Seen
from carriers.smpp import Smpp
from tests.carriers.test_explain import NUMBER, submit
from tests.carriers.test_smpp import HOT, PROFILE
from tests.conftest import NOON

OURS, THEIRS = Address("10.0.0.5", 40_001), Address("10.9.9.9", 2_775)
LOGIN = Smpp(PROFILE).login(1)
ANSWER = smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, 7, "A1")


class Frame(NamedTuple):
    """A frame as a reader sees it that knows nothing of ours."""

    at: float
    source: tuple[str, int]
    target: tuple[str, int]
    sequence: int
    acknowledged: int
    flags: int
    octets: bytes


def frames(file: bytes) -> Iterator[Frame]:
    """Every frame; asserts lengths and checksums."""
    magic, major, minor, zone, _, longest, network = struct.unpack("<IHHiIII", file[:24])
    assert (magic, major, minor, zone, network) == (0xA1B2C3D4, 2, 4, 0, 1)
    at = 24
    while at < len(file):
        seconds, microseconds, kept, length = struct.unpack("<IIII", file[at : at + 16])
        frame = file[at + 16 : at + 16 + kept]
        assert kept == length == len(frame) <= longest
        at += 16 + kept
        ethertype, ip = frame[12:14], frame[14:]
        if ethertype == b"\x08\x00":
            assert ip[0] == 0x45
            assert summed(ip[:20]) == 0xFFFF
            total, protocol, addresses, tcp = int.from_bytes(ip[2:4], "big"), ip[9], ip[12:20], ip[20:]
            assert total == len(ip)
        else:
            assert ethertype == b"\x86\xdd"
            assert ip[0] >> 4 == 6
            total, protocol, addresses, tcp = int.from_bytes(ip[4:6], "big"), ip[6], ip[8:40], ip[40:]
            assert total == len(tcp)
        assert protocol == 6
        assert summed(addresses + struct.pack("!II", len(tcp), 6) + tcp) == 0xFFFF
        ports = struct.unpack("!HH", tcp[:4])
        half = len(addresses) // 2
        hosts = str(ip_address(addresses[:half])), str(ip_address(addresses[half:]))
        ends = list(zip(hosts, ports, strict=True))
        assert tcp[12] >> 4 == 5
        numbers = struct.unpack("!II", tcp[4:12])
        yield Frame(seconds + microseconds / 1e6, *ends, *numbers, tcp[13], tcp[20:])


def summed(octets: bytes) -> int:
    """RFC 1071, word by word."""
    total = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def file(*glimpses: Any, ours: Address = OURS, theirs: Address = THEIRS, clear: bool = True) -> bytes:
    """A capture of these, a second apart: (what was seen, octets)."""
    capture = Capture(Smpp(PROFILE), clear=clear)
    written = (
        capture.write(Glimpse(seen, ours, theirs, octets), NOON + timedelta(seconds=second))
        for second, (seen, octets) in enumerate(glimpses)
    )
    return FILE_HEADER + b"".join(written)


def streams(found: list[Frame]) -> dict[tuple[str, int], bytes]:
    """Both directions put together by sequence numbers; asserts that these and the acknowledgements add up."""
    after = {OURS: 0, THEIRS: 0}
    whole: dict[tuple[str, int], bytes] = {OURS: b"", THEIRS: b""}
    for one in found:
        assert one.sequence == after[one.source]  # type: ignore[index]
        if one.flags & 0x10:
            assert one.acknowledged == after[one.target]  # type: ignore[index]
        after[one.source] += len(one.octets) + (one.flags & 0x02) // 2  # type: ignore[index]
        whole[one.source] += one.octets
    return whole


def test_a_whole_connection_adds_up() -> None:
    told = file(
        (Seen.CALLED, b""),
        (Seen.SENT, LOGIN),
        (Seen.SENT, submit() * 40),
        (Seen.RECEIVED, ANSWER + HOT["text"]),
        (Seen.LOST, b""),
    )
    found = list(frames(told))
    assert [one.flags for one in found[:3]] == [0x02, 0x12, 0x10]
    assert found[0].source == found[2].source == OURS
    assert all(len(one.octets) <= SEGMENT for one in found)
    assert [one.at for one in found[-2:]] == [NOON.timestamp() + 3, NOON.timestamp() + 4]
    assert (found[-1].flags & 0x01, found[-1].source) == (1, THEIRS)
    whole = streams(found)
    assert whole[OURS].endswith(submit() * 40)
    assert whole[THEIRS] == ANSWER + HOT["text"]


@pytest.mark.parametrize("host", ["10.9.9.9", "2001:db8::7", "fe80::1%eth0"])
def test_both_kinds_of_addresses_are_written(host: str) -> None:
    ours = Address("fe80::2" if ":" in host else "10.0.0.5", 1)
    found = list(frames(file((Seen.CALLED_US, b""), (Seen.RECEIVED, ANSWER), ours=ours, theirs=Address(host, 2))))
    assert found[0].source == found[-1].source == (host.partition("%")[0], 2)
    assert found[-1].octets == ANSWER


@given(st.lists(st.integers(1, 60), max_size=12))
def test_octets_that_come_in_pieces_are_written_as_whole_pdus(sizes: list[int]) -> None:
    octets, glimpses = HOT["text"] + ANSWER + HOT["part"], []
    for size in (*sizes, len(octets)):
        glimpses.append((Seen.RECEIVED, octets[:size]))
        octets = octets[size:]
    seen = [one for one in Reading(Smpp(PROFILE)).feed(file(*glimpses)) if one.seen is Seen.RECEIVED]
    assert [one.pdu for one in seen] == [HOT["text"], ANSWER, HOT["part"]]


def test_a_masked_capture_names_and_quotes_nobody_and_holds_no_password() -> None:
    told = file((Seen.CALLED, b""), (Seen.SENT, LOGIN + submit()), (Seen.RECEIVED, HOT["text"]), clear=False)
    assert b"86138****5678" in told
    for secret in (PROFILE.password, NUMBER, "8613800000001"):
        assert secret.encode() not in told
    clear = file((Seen.SENT, LOGIN + submit()))
    assert NUMBER.encode() in clear
    assert PROFILE.password.encode() not in clear


def test_what_is_no_pdu_is_covered_and_so_is_all_that_follows_it() -> None:
    told = file((Seen.RECEIVED, b"\xff" * 16 + NUMBER.encode()), (Seen.RECEIVED, HOT["text"]), (Seen.SENT, ANSWER))
    assert NUMBER.encode() not in told
    whole = streams(
        [one._replace(sequence=one.sequence - 1, acknowledged=one.acknowledged - 1) for one in frames(told)]
    )
    assert whole[THEIRS] == b"\xff" * 16 + b"*" * 13 + HOT["text"][:16] + b"*" * (len(HOT["text"]) - 16)
    assert whole[OURS] == ANSWER


def test_the_beginning_of_a_pdu_that_never_ended_is_written_when_the_line_is_lost() -> None:
    told = file((Seen.RECEIVED, HOT["text"][:40]), (Seen.LOST, b""))
    [piece, farewell] = frames(told)
    assert piece.octets == HOT["text"][:16] + b"*" * 24
    assert farewell.octets == b""


def test_the_same_ports_again_are_another_connection() -> None:
    life = ((Seen.CALLED, b""), (Seen.SENT, LOGIN[:20]), (Seen.LOST, b""))
    found = list(frames(file(*life, *life)))
    assert [one.sequence for one in found[:5]] == [one.sequence for one in found[5:]]
    seen = list(Reading(Smpp(PROFILE)).feed(file(*life, (Seen.CALLED, b""), (Seen.SENT, LOGIN))))
    assert smpp.read_bind(seen[-1].pdu).account == PROFILE.account


@given(st.lists(st.integers(1, 400), max_size=20))
def test_a_file_is_read_the_same_however_far_it_has_grown(sizes: list[int]) -> None:
    told = file(
        (Seen.CALLED, b""),
        (Seen.SENT, submit() * 30),
        (Seen.RECEIVED, ANSWER * 3 + HOT["payload"]),
        (Seen.HUNG_UP, b""),
    )
    reading, at, found = Reading(Smpp(PROFILE)), 0, []
    for size in (*sizes, len(told)):
        found += reading.feed(told[at : at + size])
        at += size
    assert found == list(Reading(Smpp(PROFILE)).feed(told))
    assert [one.pdu for one in found if one.seen is Seen.RECEIVED] == [ANSWER] * 3 + [HOT["payload"]]
    assert [one.seen for one in found if not one.pdu] == [Seen.CALLED, Seen.HUNG_UP]
    assert {(one.ours, one.theirs) for one in found} == {(OURS, THEIRS)}
    assert found[0].at == datetime.fromtimestamp(NOON.timestamp(), UTC)


def test_a_file_of_somebody_else_is_refused() -> None:
    with pytest.raises(ValueError, match="no capture file"):
        list(Reading(Smpp(PROFILE)).feed(b"\x0a\x0d\x0d\x0a" * 10))
