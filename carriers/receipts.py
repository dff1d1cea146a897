"""Delivery receipts in every form that carriers send: what happened, to which message id.

The text form of SMPP 3.4, appendix B ("id:IIII sub:SSS dlvrd:DDD submit date:... stat:DDDD err:E text:...")
is a vendor habit, not a grammar: fields come in any order and case, with blanks or underscores, without, or
with junk. Nothing here raises.
"""

import re
from typing import NamedTuple

from carriers.events import ReceiptState

FINAL = {
    ReceiptState.DELIVERED: "delivered",
    ReceiptState.UNDELIVERABLE: "undelivered",
    ReceiptState.REJECTED: "undelivered",
    ReceiptState.DELETED: "undelivered",
    ReceiptState.EXPIRED: "expired",
    ReceiptState.UNKNOWN: "unknown",
    ReceiptState.ENROUTE: None,
    ReceiptState.ACCEPTED: None,
}
"""What a receipt makes of its part; None while the message is still under way."""

MESSAGE_STATES = (  # SMPP 3.4, 5.2.28, by number
    None,
    ReceiptState.ENROUTE,
    ReceiptState.DELIVERED,
    ReceiptState.EXPIRED,
    ReceiptState.DELETED,
    ReceiptState.UNDELIVERABLE,
    ReceiptState.ACCEPTED,
    ReceiptState.UNKNOWN,
    ReceiptState.REJECTED,
)

LONGEST_ID = 65  # message_id, SMPP 3.4, 5.2.23
MOST_READ = 1000  # octets of a receipt's text: the fields stand in front, and the patterns' time grows with the square


class Report(NamedTuple):
    """What a receipt says. Empty strings where it says nothing."""

    message_id: str
    state: ReceiptState
    error: str


_USUAL = re.compile(rb"id:([!-~]+) sub:\S* dlvrd:\S* submit date:\S* done date:\S* stat:([A-Z]{7}) err:([!-~]*)(?: |$)")
_ID = re.compile(rb"(?:^|[\s;,])id[: ]\s*([0-9A-Za-z._\-]+?)(?=sub:|\s|;|,|$)", re.IGNORECASE)
_STATE = re.compile(rb"stat(?:us)?[: ]\s*([A-Za-z]+)", re.IGNORECASE)
_ERROR = re.compile(rb"err(?:or)?[: ]\s*([0-9A-Za-z:_\-]+?)(?=text:|txt:|\s|;|,|$)", re.IGNORECASE)

_UNKNOWN = ReceiptState.UNKNOWN  # see `session`: members of an Enum are not found for nothing
_STATES: dict[bytes, ReceiptState] = {state.value.encode(): state for state in ReceiptState} | {
    b"DELIVERED": ReceiptState.DELIVERED,
    b"DELIVER": ReceiptState.DELIVERED,
    b"UNDELIVERABLE": ReceiptState.UNDELIVERABLE,
    b"UNDELIVERED": ReceiptState.UNDELIVERABLE,
    b"EXPIRE": ReceiptState.EXPIRED,
    b"REJECTED": ReceiptState.REJECTED,
    b"ACCEPTED": ReceiptState.ACCEPTED,
    b"ACCEPT": ReceiptState.ACCEPTED,
    b"FAILED": ReceiptState.UNDELIVERABLE,
    b"BUFFERED": ReceiptState.ENROUTE,
}


def read(body: bytes, tlv_id: bytes | None, tlv_state: int | None, tlv_error: bytes | None) -> Report:
    """What a receipt says, from its text and from its TLVs (0x001E, 0x0427, 0x0423); the TLVs fill the gaps."""
    body = body[:MOST_READ]
    usual = _USUAL.match(body)
    if usual is not None and tlv_id is None:
        message_id, state, error = usual.groups()
        return Report(message_id.decode("ascii")[:LONGEST_ID], _STATES.get(state, _UNKNOWN), error.decode("ascii"))
    found_id, found_state, found_error = _ID.search(body), _STATE.search(body), _ERROR.search(body)
    state = _STATES.get(found_state[1].upper()) if found_state else None
    if state is None and tlv_state is not None and 0 < tlv_state < len(MESSAGE_STATES):
        state = MESSAGE_STATES[tlv_state]
    message_id = tlv_id.rstrip(b"\x00") if tlv_id else found_id[1] if found_id else b""
    error = _words(found_error[1]) if found_error else _network_error(tlv_error)
    return Report(_words(message_id)[:LONGEST_ID], state or ReceiptState.UNKNOWN, error)


def message_key(raw: str) -> str:
    """The canonical form of a carrier's message id: no blanks, lower case, no leading zeros."""
    return raw.strip().lower().lstrip("0") or ("0" if raw.strip() else "")


def other_keys(key: str) -> tuple[str, ...]:
    """The same id written in the other base: some carriers answer in hex and report in decimal, or the reverse."""
    keys = []
    if re.fullmatch("[0-9]{1,40}", key):
        keys.append(f"{int(key):x}")
    if re.fullmatch("[0-9a-f]{1,32}", key):
        keys.append(str(int(key, 16)))
    return tuple(other for other in keys if other != key)


def _words(octets: bytes) -> str:
    return octets.decode("latin-1").replace("\x00", "").strip()


def _network_error(tlv: bytes | None) -> str:
    """network_error_code, SMPP 3.4, 5.3.2.31: one octet for the network, two for the code."""
    return str(int.from_bytes(tlv[1:3], "big")) if tlv is not None and len(tlv) >= 3 else ""
