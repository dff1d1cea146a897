"""What the PDUs of several protocols share: fields of a fixed length, local times, and bodies that are no good."""

from datetime import timedelta, timezone

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
