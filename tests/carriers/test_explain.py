"""A PDU is told field by field, and masked octet for octet: nobody is named or quoted, and it still reads the same."""

from typing import Any

import pytest
from aiosmpplib import SubmitSm
from hypothesis import given
from hypothesis import strategies as st

from carriers import smpp
from carriers.dialect import Dialect
from carriers.events import Concatenation, DeliveryReceipt, ReceiptState
from carriers.explain import Item, Sort, integer, masked, octets, text, walk
from carriers.pdu import Malformed
from carriers.smpp import Smpp
from tests.carriers.test_smpp import PROFILE

SMPP = Smpp(PROFILE)
WORDS = "村里路灯坏了 call 13900000000"
NUMBER = "8613812345678"
NAMES = st.text(st.characters(codec="latin-1", exclude_characters="\x00"), max_size=20)


def told(pdu: bytes) -> dict[str, str]:
    return {field.name: field.value for field in SMPP.explain(pdu).fields if field.name}


def mask(pdu: bytes, **more: Any) -> bytes:
    return masked(pdu, smpp.HEADER.size, SMPP.explain(pdu), **more)


def submit(words: str = WORDS, concatenation: Concatenation | None = None) -> bytes:
    template = smpp.submit_template(PROFILE, "106570000010001", words.encode("utf-16-be"), 8, concatenation)
    return template.pdu(7, NUMBER, 42)


def test_a_submit_is_told_field_by_field() -> None:
    assert SMPP.explain(submit()).name == "submit_sm"
    fields = told(submit())
    assert fields["destination_addr"] == NUMBER
    assert fields["short_message"] == WORDS
    assert fields["data_coding"] == "8"
    assert fields["user_message_reference"] == "42"


def test_an_answer_is_told_with_its_status_by_name() -> None:
    assert told(smpp.bare(smpp.SUBMIT_SM | smpp.RESPONSE, 0x58, 1)) == {"command_status": "0x58 ESME_RTHROTTLED"}
    assert told(smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, 1, "A1"))["message_id"] == "A1"
    assert told(smpp.bare(smpp.GENERIC_NACK, 0x0499, 1)) == {"command_status": "0x499"}


def test_a_masked_submit_hides_number_and_words_and_is_as_long_and_as_readable_as_before() -> None:
    pdu = mask(submit(concatenation=Concatenation(9, 3, 2, 8)))
    plain = submit(concatenation=Concatenation(9, 3, 2, 8))
    before, after = smpp.read_submit(plain), smpp.read_submit(pdu)
    assert len(pdu) == len(plain)
    assert (after.destination, after.source) == ("86138****5678", "106570000010001")
    assert after.body.decode("utf-16-be") == "*" * len(WORDS)
    assert (after.concatenation, after.reference, after.coding) == (before.concatenation, before.reference, 8)
    other = SubmitSm.from_pdu(pdu, _header(pdu))
    assert (other.destination.number, other.short_message) == ("86138****5678", before.body and "*" * len(WORDS))


def test_a_masked_text_hides_its_sender_but_not_the_number_that_was_texted() -> None:
    pdu = mask(smpp.encode_delivery("+" + NUMBER, "10657000001", WORDS.encode("gb18030"), 15))
    fields = told(pdu)
    assert (fields["source_addr"], fields["destination_addr"]) == ("+86138****5678", "10657000001")
    assert set(fields["short_message"]) == {"*"}


@pytest.mark.parametrize("form", ["text", "tlv", "both"])
def test_a_masked_receipt_still_says_what_became_of_which_message(form: str) -> None:
    pdu = smpp.encode_receipt("1A2B", NUMBER, "10657000001", ReceiptState.UNDELIVERABLE, error="013", form=form)
    read = smpp.read_delivery(mask(pdu))
    assert isinstance(read, DeliveryReceipt)
    assert (read.message_id, read.state, read.number) == ("1A2B", ReceiptState.UNDELIVERABLE, "86138****5678")


def test_the_words_that_a_receipt_repeats_are_hidden() -> None:
    body = b"id:7 sub:001 dlvrd:001 stat:DELIVRD err:000 text:13912345678 secret"
    pdu = mask(smpp.encode_delivery(NUMBER, "1069", body, 0, esm_class=0x04))
    assert b"stat:DELIVRD err:000 " in pdu
    assert b"13912345678" not in pdu
    assert b"secret" not in pdu


def test_a_receipt_with_its_numbers_exchanged_hides_the_persons_as_well() -> None:
    pdu = mask(smpp.encode_delivery("10657000001", NUMBER, b"id:7 stat:DELIVRD", 0, esm_class=0x04))
    assert NUMBER.encode() not in pdu


def test_a_text_in_a_parameter_and_parameters_that_nobody_knows_are_hidden() -> None:
    callback = 0x0381, b"\x01\x01\x0113912345678"
    pdu = mask(smpp.encode_delivery(NUMBER, "1069", WORDS.encode("utf-16-be"), 8, payload=True, tlvs=(callback,)))
    assert b"13912345678" not in pdu
    assert told(pdu)["message_payload"] == "*" * len(WORDS)


def test_a_password_is_never_shown_not_even_in_the_clear() -> None:
    login = SMPP.login(1)
    for clear in (False, True):
        pdu = mask(login, clear=clear)
        assert PROFILE.password.encode() not in pdu
        assert smpp.read_bind(pdu).account == PROFILE.account
    assert told(login)["password"] == "***"


def test_in_the_clear_everything_else_is_as_it_was() -> None:
    assert mask(submit(), clear=True) == submit()


def test_a_pdu_that_ends_early_hides_its_whole_body() -> None:
    cut = submit()[:40]
    assert mask(cut) == cut[:16] + b"*" * 24
    assert "source_addr" not in told(cut)
    assert "destination_addr" in told(cut)["unreadable"]


@given(st.binary(max_size=120))
def test_any_octets_are_told_and_masked_and_keep_header_and_length(octets: bytes) -> None:
    for command in (smpp.SUBMIT_SM, smpp.DELIVER_SM, smpp.DATA_SM, smpp.BIND_TRANSCEIVER, 0x08, 0x80000003, 0x777):
        pdu = smpp.HEADER.pack(16 + len(octets), command, 0, 1) + octets
        assert mask(pdu)[:16] == pdu[:16]
        assert len(mask(pdu)) == len(pdu) == len(mask(pdu, clear=True))


@given(st.integers(10**9, 10**10 - 1), st.text(max_size=60), st.booleans())
def test_no_number_and_no_word_passes_the_mask(digits: int, words: str, payload: bool) -> None:
    number = f"1{digits}"
    body = f"#{number}#{words}".encode("utf-16-be", "replace")
    pdu = mask(smpp.encode_delivery(f"86{number}", "1069", body, 8, payload=payload))
    assert number.encode() not in pdu
    assert body not in pdu


# ------------------------------------------------------------------------------- protocols that say nothing themselves


class Terse(Smpp):
    """A protocol without any layouts."""

    explain = Dialect.explain


@pytest.mark.parametrize(
    "pdu",
    [
        submit(),
        smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, 1, "A1"),
        smpp.HEADER.pack(20, 0x777, 0, 1) + b"abcd",
    ],
)
def test_a_protocol_without_layouts_hides_every_body(pdu: bytes) -> None:
    explained = Terse(PROFILE).explain(pdu)
    assert explained.name == f"0x{pdu[4:8].hex()}"
    assert masked(pdu, 16, explained) == pdu[:16] + b"*" * (len(pdu) - 16)
    assert masked(pdu, 16, explained, clear=True) == pdu


@pytest.mark.parametrize("login", [SMPP.login(1), SMPP.login(1)[:30]])
def test_a_login_that_cannot_be_read_is_hidden_even_in_the_clear(login: bytes) -> None:
    for dialect in (Terse(PROFILE), SMPP):
        explained = dialect.explain(login)
        assert PROFILE.password[:5].encode() not in masked(login, 16, explained, clear=True)
        assert PROFILE.password not in {field.value for field in explained.fields}


def test_a_command_without_a_body_has_no_fields() -> None:
    assert Terse(PROFILE).explain(smpp.bare(smpp.ENQUIRE_LINK, 0, 1)).fields == ()


# ------------------------------------------------------------------------------------------------------------- layouts


def test_a_layout_of_fixed_named_and_open_lengths_is_walked() -> None:
    layout = (
        Item("id", 2, octets),
        Item("name", 6, text),
        Item("open", None, text),
        Item("length", 1, integer),
        Item("content", "length", text, Sort.WORDS),
    )
    fields = walk(b"\xff\x01abc\x00\x00\x00xy\x00\x03end", 0, layout)
    assert [(one.name, one.value, one.at, one.length) for one in fields] == [
        ("id", "ff01", 0, 2),
        ("name", "abc", 2, 6),
        ("open", "xy", 8, 3),
        ("length", "3", 11, 1),
        ("content", "end", 12, 3),
    ]


@pytest.mark.parametrize("octets_", [b"\x00", b"\x00\x00no end", b"\x00\x00\x00\x05abcd"])
def test_a_body_that_ends_before_its_layout_is_malformed(octets_: bytes) -> None:
    layout = (Item("id", 2, octets), Item("open", None, text), Item("n", 1, integer), Item("body", "n", text))
    with pytest.raises(Malformed):
        walk(octets_, 0, layout)


def _header(pdu: bytes) -> Any:
    from aiosmpplib.state import PduHeader, SmppCommand, SmppCommandStatus

    length, command, status, sequence = smpp.HEADER.unpack_from(pdu)
    return PduHeader(length, SmppCommand(command), SmppCommandStatus(status), sequence)
