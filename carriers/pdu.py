"""What the PDUs of several protocols share: fixed and optional fields, alphabets, local times, bad bodies."""

from collections.abc import Mapping
from datetime import timedelta, timezone

from carriers.text import ASCII, GBK, UCS2

CHINA = timezone(timedelta(hours=8))  # the carriers' protocols write times of day there, without a zone


class Malformed(ValueError):
    """The PDU's body is not what its command promises. Its message says what is wrong; it holds no text of it."""


def fixed(value: str | bytes, length: int) -> bytes:
    """An octet string of a fixed length: left-aligned, padded with NUL. Raises `ValueError` when it does not fit."""
    octets = value.encode("latin-1", "replace") if isinstance(value, str) else value
    if len(octets) > length:
        raise ValueError(f"{len(octets)} octets where the protocol allows {length}")
    return octets.ljust(length, b"\x00")


def words(octets: bytes) -> str:
    """The characters of such a field: what stands before its first NUL, without blanks around it."""
    return octets.partition(b"\x00")[0].decode("latin-1").strip()


def read_tlvs(pdu: bytes, at: int) -> dict[int, bytes]:
    """Optional parameters by tag, the first of each. A damaged tail is passed over: the text stands before it."""
    tlvs: dict[int, bytes] = {}
    while at + 4 <= len(pdu):
        tag, length = pdu[at] << 8 | pdu[at + 1], pdu[at + 2] << 8 | pdu[at + 3]
        at += 4
        if at + length > len(pdu):
            break
        tlvs.setdefault(tag, pdu[at : at + length])
        at += length
    return tlvs


def write_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Tag, length, value, each."""
    return b"".join(tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for tag, value in tlvs.items())


def data_coding(form: int) -> tuple[int, bool]:
    """The data_coding that says the same as a Msg_Fmt (CMPP, SGIP, SMGP), and whether the body is octets, not words.

    Their 0 is ASCII and their 15 GB18030; all others are read as 3GPP TS 23.038, 4, reads them: bits 3 and 2 name the
    alphabet, also in a message class (24 and 25 are UCS-2, 246 is data for the card). 3 is an order to the card.
    """
    if form == GBK:
        return GBK, False
    alphabet = form >> 2 & 0x3
    if alphabet == 2:
        return UCS2, False
    if alphabet == 1 or form == 3:
        return form, True
    return (ASCII, False) if alphabet == 0 else (form, False)
