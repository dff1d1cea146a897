"""Receipts in every form."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carriers.events import ReceiptState
from carriers.receipts import FINAL, message_key, other_keys, read

USUAL = b"id:126 sub:001 dlvrd:001 submit date:1002191630 done date:1002191630 stat:DELIVRD err:000 text:Hello"


@pytest.mark.parametrize(
    ("body", "message_id", "state", "error"),
    [
        (USUAL, "126", ReceiptState.DELIVERED, "000"),
        (USUAL.replace(b"1002191630", b"100219163059"), "126", ReceiptState.DELIVERED, "000"),  # with seconds
        (USUAL.replace(b"1002191630", b"9913459999"), "126", ReceiptState.DELIVERED, "000"),  # no such date
        (USUAL.replace(b"err:000", b"err:MK:0001"), "126", ReceiptState.DELIVERED, "MK:0001"),
        (b"stat:UNDELIV err:7 id:99", "99", ReceiptState.UNDELIVERABLE, "7"),
        (b"ID:AB-1 SUB:00001 STAT:expired ERR:027 TEXT:", "AB-1", ReceiptState.EXPIRED, "027"),
        (b"id:0012sub:001 dlvrd:000 stat:REJECTD err:5txt:", "0012", ReceiptState.REJECTED, "5"),
        (b"id:5 stat:WHATEVER err:1", "5", ReceiptState.UNKNOWN, "1"),
        (b"hello", "", ReceiptState.UNKNOWN, ""),
        (b"", "", ReceiptState.UNKNOWN, ""),
    ],
)
def test_the_text_form_is_read_as_carriers_write_it(
    body: bytes, message_id: str, state: ReceiptState, error: str
) -> None:
    assert read(body, None, None, None) == (message_id, state, error)


def test_a_receipt_without_text_is_read_from_its_tlvs() -> None:
    assert read(b"", b"AB12\0", 2, b"\x03\x00\x11") == ("AB12", ReceiptState.DELIVERED, "17")


def test_the_id_of_the_tlv_counts_before_that_of_the_text() -> None:
    assert read(USUAL, b"77\0", 2, None).message_id == "77"


@given(st.binary(max_size=300), st.none() | st.binary(max_size=80), st.none() | st.integers(0, 255))
@example(USUAL.replace(b"126", b"1\x0026").replace(b"err:000", b"err:\x00"), None, None)
@example(b"", b"1\x002", None)
def test_no_receipt_makes_us_fail_nor_holds_what_a_store_refuses(
    body: bytes, message_id: bytes | None, state: int | None
) -> None:
    report = read(body, message_id, state, body[:3])
    assert report.state in FINAL
    assert len(report.message_id) <= 65
    assert "\x00" not in report.message_id + report.error


@given(st.integers(1, 2**64))
def test_an_id_in_hex_and_in_decimal_find_each_other(number: int) -> None:
    as_hex, as_decimal = message_key(f"{number:08X}"), message_key(str(number))
    assert as_hex == as_decimal or as_decimal in other_keys(as_hex)
    assert as_hex == as_decimal or as_hex in other_keys(as_decimal)
