"""What the PDUs of several protocols share: fields of a fixed length, times, alphabets, bodies that are no good."""

from datetime import timedelta, timezone

from carriers.text import ASCII, UCS2

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


def alphabet(message_format: int) -> tuple[int, bool]:
    """A text's alphabet by the carriers' numbers as `InboundText.coding`, and whether it is binary: no words.

    0 is ASCII, 15 GBK, 3 and 4 are binary; all others are read as GSM 03.38 numbers its alphabets.
    """
    if message_format in (3, 4):  # 3: written to the SIM card
        return message_format, True
    match message_format & 0x0C:
        case 0x00:
            return ASCII, False
        case 0x04:  # 246 among them: to the (U)SIM
            return message_format, True
        case 0x08:  # 24 and 25 among them: UCS-2 with a message class
            return UCS2, False
        case _:
            return message_format, False  # 15, and what nobody uses
