"""SMPP on the wire: golden PDUs of another implementation, and aiosmpplib as an oracle in both directions."""

import json
import tomllib
from pathlib import Path
from typing import Any

import aiosmpplib
import pytest
from aiosmpplib.protocol import MESSAGE_TYPE_MAP, PduHeader
from hypothesis import given
from hypothesis import strategies as st

from carriers import smpp
from carriers.events import Concatenation, DeliveryReceipt, InboundText, ReceiptState, Unreadable, Verdict
from carriers.profile import CarrierProfile
from carriers.results import Results
from carriers.session import Session
from carriers.smpp import Smpp

VECTORS = Path(__file__).parent.parent / "vectors"
GOLDEN: dict[str, Any] = {v["name"]: v for v in json.loads((VECTORS / "smpp_node.json").read_text())["vectors"]}
ODD = json.loads((VECTORS / "odd_captures.json").read_text())["items"]

RESULTS = tomllib.loads((Path(__file__).parents[2] / "config" / "results.toml").read_text(encoding="utf-8"))
PROFILE = CarrierProfile(
    results=Results.from_table(RESULTS["smpp"], "smpp"),
    name="mobile",
    label="中国移动",
    protocol="smpp",
    host="localhost",
    port=2775,
    account="smppuser",
    password="smpppass",
    access_number="10690001234501",
    rate=0,
    source_npi=0,
)
numbers = st.text("0123456789", min_size=1, max_size=20)


def golden(name: str) -> bytes:
    return bytes.fromhex(GOLDEN[name]["hex"])


def octets(field: Any) -> bytes:
    return bytes(field["message"]["data"])


@pytest.mark.parametrize("name", [name for name in GOLDEN if name.startswith(("submit_sm_", "deliver_sm_"))])
def test_texts_of_another_implementation_are_read_to_their_fields(name: str) -> None:
    if "resp" in name:
        return
    fields, short = GOLDEN[name]["fields"], smpp.read_short(golden(name))
    assert short.source == fields["source_addr"]
    assert short.destination == fields["destination_addr"]
    assert short.coding == fields["data_coding"]
    message = fields.get("message_payload") or fields["short_message"]
    assert short.body == octets(message)
    assert short.esm_class == fields.get("esm_class", 0)


@pytest.mark.parametrize(
    ("name", "concatenation"),
    [("submit_sm_udh_1of2", Concatenation(0xAA, 2, 1, 8)), ("submit_sm_sar", Concatenation(4660, 2, 1, 16))],
)
def test_both_ways_to_number_parts_are_read(name: str, concatenation: Concatenation) -> None:
    assert smpp.read_short(golden(name)).concatenation == concatenation


@pytest.mark.parametrize("name", ["submit_sm_ascii", "submit_sm_ucs2", "submit_sm_udh_1of2"])
def test_our_submit_is_theirs_to_the_byte(name: str) -> None:
    fields = GOLDEN[name]["fields"]
    profile = CarrierProfile(
        **{field: getattr(PROFILE, field) for field in PROFILE.__dataclass_fields__}
        | {"reference_tlv": False, "source_npi": fields.get("source_addr_npi", 0)}
    )
    where = Concatenation(0xAA, 2, 1, 8) if "udh" in name else None
    template = smpp.submit_template(
        profile, fields["source_addr"], octets(fields["short_message"]), fields["data_coding"], where
    )
    assert template.pdu(fields["sequence_number"], fields["destination_addr"], 0) == golden(name)


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        (smpp.bare(smpp.ENQUIRE_LINK, 0, 20), "enquire_link"),
        (smpp.bare(smpp.ENQUIRE_LINK | smpp.RESPONSE, 0, 20), "enquire_link_resp"),
        (smpp.bare(smpp.UNBIND, 0, 21), "unbind"),
        (smpp.bare(smpp.UNBIND | smpp.RESPONSE, 0, 21), "unbind_resp"),
        (smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, 10, "100001"), "submit_sm_resp"),
        (smpp.bind(PROFILE, 1), "bind_transceiver"),
        (smpp.with_string(smpp.BIND_TRANSCEIVER | smpp.RESPONSE, 0, 1, "SMSC"), "bind_transceiver_resp"),
    ],
)
def test_the_small_pdus_are_theirs_to_the_byte(ours: bytes, name: str) -> None:
    theirs = golden(name)
    assert ours[:12] + theirs[12:16] + ours[16:] == theirs


def test_a_receipt_of_another_implementation_is_read() -> None:
    event = smpp.read_delivery(golden("deliver_sm_receipt"))
    assert isinstance(event, DeliveryReceipt)
    assert (event.message_id, event.state) == ("100001", ReceiptState.DELIVERED)


def test_a_text_of_another_implementation_is_read() -> None:
    event = smpp.read_delivery(golden("deliver_sm_mo_ucs2"))
    assert isinstance(event, InboundText)
    assert event.source == "8613800138000"


# ----------------------------------------------------------------------------------------------------------- oracle


def theirs(pdu: bytes) -> Any:
    """What aiosmpplib reads."""
    header = PduHeader(*smpp.HEADER.unpack_from(pdu))
    return next(kind for command, kind in MESSAGE_TYPE_MAP.items() if command == header.smpp_command).from_pdu(
        pdu, header, "ascii", {}
    )


@given(numbers, numbers, st.text("abcdefgh 0123", min_size=1, max_size=100), st.integers(1, 0x7FFFFFFF))
def test_aiosmpplib_submits_what_we_read(source: str, destination: str, words: str, sequence: int) -> None:
    number = aiosmpplib.PhoneNumber
    message = aiosmpplib.SubmitSm(
        short_message=words,
        source=number(source, ton=aiosmpplib.TON.UNKNOWN, npi=aiosmpplib.NPI.UNKNOWN),
        destination=number(destination, ton=aiosmpplib.TON.INTERNATIONAL, npi=aiosmpplib.NPI.ISDN),
        encoding="ucs2",
        registered_delivery=1,
        sequence_num=sequence,
        log_id="x",
    )
    pdu = message.pdu()
    event = smpp.read_submit(pdu)
    assert (event.source, event.destination, event.coding) == (source, destination, 8)
    assert event.body == words.encode("utf-16-be")
    assert event.receipt_wanted


@given(numbers, numbers, st.text("abcdefgh 0123", min_size=1, max_size=100), st.integers(1, 0x7FFFFFFF))
def test_we_submit_what_aiosmpplib_submits(source: str, destination: str, words: str, sequence: int) -> None:
    number = aiosmpplib.PhoneNumber
    message = aiosmpplib.SubmitSm(
        short_message=words,
        source=number(source, ton=aiosmpplib.TON.UNKNOWN, npi=aiosmpplib.NPI.UNKNOWN),
        destination=number(destination, ton=aiosmpplib.TON.INTERNATIONAL, npi=aiosmpplib.NPI.ISDN),
        encoding="ucs2",
        registered_delivery=1,
        sequence_num=sequence,
        log_id="x",
    )
    ours = smpp.submit_template(PROFILE, source, words.encode("utf-16-be"), 8, None).pdu(sequence, destination, 7)
    without_reference = smpp.HEADER.pack(len(ours) - 6, smpp.SUBMIT_SM, 0, sequence) + ours[16:-6]
    assert without_reference == message.pdu()


# ------------------------------------------------------------------------------------------------------------ hostile


HOT = {
    "text": smpp.renumbered(smpp.encode_delivery("8613800000001", "1069", b"\x4e\x00" * 5, 8), 5),
    "part": smpp.renumbered(
        smpp.encode_delivery("8613800000001", "1069", b"\x4e\x00", 8, concatenation=Concatenation(7, 3, 2, 16)), 5
    ),
    "sar": smpp.renumbered(
        smpp.encode_delivery(
            "8613800000001", "1069", b"\x4e\x00", 8, concatenation=Concatenation(7, 3, 2, 16), sar=True
        ),
        5,
    ),
    "payload": smpp.renumbered(smpp.encode_delivery("8613800000001", "1069", b"\x4e\x00" * 200, 8, payload=True), 5),
    "receipt": smpp.renumbered(smpp.encode_receipt("A1", "8613800000001", "1069", ReceiptState.DELIVERED), 5),
    "tlv receipt": smpp.renumbered(
        smpp.encode_receipt("A1", "8613800000001", "1069", ReceiptState.EXPIRED, form="tlv"), 5
    ),
}


def bound() -> Session:
    """A gateway's session that is logged in."""
    session = Session.gateway(PROFILE, Smpp(PROFILE))
    session.connected(0.0)
    session.data_to_send()
    session.receive(smpp.with_string(smpp.BIND_TRANSCEIVER | smpp.RESPONSE, 0, 1, "SMSC"), 0.0)
    return session


@pytest.mark.parametrize("name", HOT)
def test_a_pdu_cut_short_anywhere_is_a_value_and_the_next_one_is_read(name: str) -> None:
    good = HOT["text"]
    for end in range(16, len(HOT[name])):
        cut = smpp.HEADER.pack(end, smpp.DELIVER_SM, 0, 9) + HOT[name][16:end]
        events = bound().receive(cut + good, 1.0)
        assert len(events) == 2
        assert events[0].answer == 9  # type: ignore[union-attr]
        assert isinstance(events[1], InboundText)


@pytest.mark.parametrize("name", HOT)
def test_no_flipped_byte_raises_or_blocks_what_comes_behind(name: str) -> None:
    for at in range(16, len(HOT[name])):
        for mask in (0x01, 0x80, 0xFF):
            flipped = bytearray(HOT[name])
            flipped[at] ^= mask
            events = bound().receive(bytes(flipped) + HOT["text"], 1.0)
            assert isinstance(events[-1], InboundText)


@pytest.mark.parametrize("name", [item["line"] for item in ODD])
def test_odd_captures_are_values_too(name: int) -> None:
    pdu = bytes.fromhex(next(item["hex"] for item in ODD if item["line"] == name))
    session = bound()
    events = session.receive(pdu, 1.0)
    assert session.wants_close or all(event is not None for event in events)


@given(st.binary(max_size=400))
def test_any_octets_only_close_the_link_or_become_events(octets_: bytes) -> None:
    session = bound()
    session.receive(octets_, 1.0)
    session.tick(2.0)
    assert isinstance(session.data_to_send(), bytes)


def test_a_text_for_a_port_is_binary() -> None:
    body = bytes((6, 0x05, 4, 0x0B, 0x84, 0x23, 0xF0)) + b"push"
    event = smpp.read_delivery(smpp.encode_delivery("1", "2", body, 8, esm_class=0x40))
    assert isinstance(event, InboundText)
    assert event.binary
    assert event.body == b"push"


def test_part_three_of_two_is_a_text_of_its_own() -> None:
    pdu = smpp.encode_delivery("1", "2", b"\x4e\x00", 8, concatenation=Concatenation(7, 2, 3, 8))
    event = smpp.read_delivery(pdu)
    assert isinstance(event, InboundText)
    assert event.concatenation is None


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (0x00, Verdict.ACCEPTED),
        (0x58, Verdict.THROTTLED),
        (0x14, Verdict.THROTTLED),
        (0x0B, Verdict.PERMANENT),
        (0x0A, Verdict.CONFIGURATION),
        (0x08, Verdict.TEMPORARY),
        (0x401, Verdict.TEMPORARY),
        (0xFFFFFFFF, Verdict.TEMPORARY),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    assert PROFILE.results.verdict(status) is verdict
    assert f"0x{status:02X}" in smpp.describe(status)


def test_a_source_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="SMPP allows"):
        smpp.submit_template(PROFILE, "1" * 21, b"", 0, None)


def test_unreadable_deliveries_keep_their_octets() -> None:
    short = smpp.HEADER.pack(18, smpp.DELIVER_SM, 0, 3) + b"ab"
    [event] = bound().receive(short, 1.0)
    assert isinstance(event, Unreadable)
    assert event.raw == short
