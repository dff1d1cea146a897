"""SMPP 3.4 on the wire: bytes to values and values to bytes. Nothing here knows about sessions.

The PDUs of the hot path (submit_sm, deliver_sm and their responses) are packed by hand: a notice is encoded
once and patched for each person. Clause numbers are those of the SMPP 3.4 specification, issue 1.2.
"""

from struct import Struct
from typing import NamedTuple

from aiosmpplib.state import SmppCommandStatus

from carriers.events import (
    Concatenation,
    DeliveryReceipt,
    InboundText,
    ReceiptState,
    SubmitReceived,
    Verdict,
)
from carriers.profile import CarrierProfile
from carriers.receipts import MESSAGE_STATES, read
from carriers.text import MOST_PARTS

# ------------------------------------------------------------------------------------------------------------- header

GENERIC_NACK = 0x80000000
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER = 0x1, 0x2, 0x9
SUBMIT_SM, DELIVER_SM, UNBIND, ENQUIRE_LINK, DATA_SM = 0x4, 0x5, 0x6, 0x15, 0x103
RESPONSE = 0x80000000  # 5.1.2.1: the answer's command id is the request's with this bit

HEADER = Struct("!IIII")  # 3.2.1: command_length, command_id, command_status, sequence_number
LONGEST = 64 * 1024  # a message_payload fits into this with all else there may be
LAST_SEQUENCE = 0x7FFFFFFF  # 5.1.4

OK = 0x0
INVALID_LENGTH, INVALID_COMMAND, INVALID_BIND_STATE, ALREADY_BOUND = 0x2, 0x3, 0x4, 0x5
SYSTEM_ERROR, BIND_FAILED, INVALID_PASSWORD, INVALID_SYSTEM_ID = 0x8, 0xD, 0xE, 0xF
THROTTLED, TEMPORARY_APPLICATION_ERROR = 0x58, 0x64

BIND_MODES = {BIND_RECEIVER: "receiver", BIND_TRANSMITTER: "transmitter", BIND_TRANSCEIVER: "transceiver"}
CREDENTIALS = frozenset({BIND_FAILED, INVALID_PASSWORD, INVALID_SYSTEM_ID})

# ------------------------------------------------------------------------------------------------------------ meaning

_FOR_GOOD = frozenset(
    {0x01, 0x02, 0x03, 0x06, 0x07, 0x0B, 0x0C, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x50, 0x51, 0x54, 0x55, 0x61, 0x62}
    | {0x63, 0x65, 0x66, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xFE}
)
_VERDICTS = {
    0x00: Verdict.ACCEPTED,
    0x14: Verdict.THROTTLED,  # ESME_RMSGQFUL
    0x58: Verdict.THROTTLED,
    0x0A: Verdict.CONFIGURATION,  # our access number is not ours, in the carrier's opinion
    0x04: Verdict.CONFIGURATION,
    0x15: Verdict.CONFIGURATION,
    0x48: Verdict.CONFIGURATION,
    0x49: Verdict.CONFIGURATION,
    0x53: Verdict.CONFIGURATION,
} | dict.fromkeys(_FOR_GOOD, Verdict.PERMANENT)


def verdict(status: int) -> Verdict:
    """What a command_status in a submit's answer means. A code nobody knows may pass: it is tried again a few times."""
    return _VERDICTS.get(status, Verdict.TEMPORARY)


def describe(status: int) -> str:
    """A command_status for people: code, name and meaning."""
    try:
        known = SmppCommandStatus(status)
    except ValueError:
        return f"0x{status:02X} (not in SMPP 3.4)"
    return f"0x{status:02X} {known.name}: {known.description}"


# ------------------------------------------------------------------------------------------------------------- reading


class Malformed(ValueError):
    """The PDU's body is not what its command promises. Its message says what is wrong; it holds no text of it."""


class Short(NamedTuple):
    """The body of a submit_sm or deliver_sm (4.4.1, 4.6.1), or a data_sm (4.7.1), with its user data header read."""

    source: str
    destination: str
    esm_class: int
    registered: int
    coding: int
    body: bytes
    concatenation: Concatenation | None
    ported: bool  # addressed to an application port: not words for people
    tlvs: dict[int, bytes]


_EMPTY: dict[int, bytes] = {}


def read_short(pdu: bytes) -> Short:
    """Read a whole submit_sm or deliver_sm. Raises `Malformed`."""
    try:
        at = pdu.index(0, 16) + 1  # service_type
        end = pdu.index(0, at + 2)
        source = pdu[at + 2 : end]
        at = end + 1
        end = pdu.index(0, at + 2)
        destination = pdu[at + 2 : end]
        esm_class = pdu[end + 1]
        at = pdu.index(0, end + 4) + 1  # schedule_delivery_time
        at = pdu.index(0, at) + 1  # validity_period
        registered, coding, length = pdu[at], pdu[at + 2], pdu[at + 4]
    except (ValueError, IndexError):
        raise Malformed("mandatory fields end early") from None
    body = pdu[at + 5 : at + 5 + length]
    if len(body) != length:
        raise Malformed(f"sm_length says {length}, {len(body)} octets are there")
    rest = at + 5 + length
    tlvs = _read_tlvs(pdu, rest) if rest < len(pdu) else _EMPTY
    if not body and PAYLOAD in tlvs:
        body = tlvs[PAYLOAD]
    return _short(source, destination, esm_class, registered, coding, body, tlvs)


def read_data(pdu: bytes) -> Short:
    """Read a whole data_sm (4.7.1): the text is in message_payload. Raises `Malformed`."""
    try:
        at = pdu.index(0, 16) + 1
        end = pdu.index(0, at + 2)
        source = pdu[at + 2 : end]
        at = end + 1
        end = pdu.index(0, at + 2)
        destination = pdu[at + 2 : end]
        esm_class, registered, coding = pdu[end + 1 : end + 4]
    except (ValueError, IndexError):
        raise Malformed("mandatory fields end early") from None
    tlvs = _read_tlvs(pdu, end + 4)
    return _short(source, destination, esm_class, registered, coding, tlvs.get(PAYLOAD, b""), tlvs)


def _short(
    source: bytes, destination: bytes, esm_class: int, registered: int, coding: int, body: bytes, tlvs: dict[int, bytes]
) -> Short:
    concatenation, ported = None, False
    if esm_class & 0x40:  # 5.2.12: a user data header is in front
        body, concatenation, ported = _read_header(body)
    if concatenation is None and SAR_REFERENCE in tlvs:
        concatenation = Concatenation(
            int.from_bytes(tlvs[SAR_REFERENCE][-2:], "big"),
            int.from_bytes(tlvs.get(SAR_TOTAL, b""), "big"),
            int.from_bytes(tlvs.get(SAR_NUMBER, b""), "big"),
            16,
        )
    return Short(
        source.decode("latin-1"),
        destination.decode("latin-1"),
        esm_class,
        registered,
        coding,
        body,
        concatenation,
        ported,
        tlvs,
    )


def _read_header(body: bytes) -> tuple[bytes, Concatenation | None, bool]:
    """User data header (3GPP TS 23.040, 9.2.3.24): (text, concatenation, addressed to a port)."""
    if not body or 1 + body[0] > len(body):
        return body, None, False  # no header fits here: the words are kept as they are
    header, text = body[1 : 1 + body[0]], body[1 + body[0] :]
    concatenation, ported = None, False
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if kind == 0x00 and len(value) == 3:
            concatenation = Concatenation(value[0], value[1], value[2], 8)
        elif kind == 0x08 and len(value) == 4:
            concatenation = Concatenation(value[0] << 8 | value[1], value[2], value[3], 16)
        elif kind in (0x04, 0x05):
            ported = True
        at += 2 + length
    return text, concatenation, ported


PAYLOAD, SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER = 0x0424, 0x020C, 0x020E, 0x020F  # 5.3.2
USER_REFERENCE, RECEIPTED_ID, MESSAGE_STATE, NETWORK_ERROR = 0x0204, 0x001E, 0x0427, 0x0423


def _read_tlvs(pdu: bytes, at: int) -> dict[int, bytes]:
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


def read_delivery(pdu: bytes, command: int, sequence: int) -> InboundText | DeliveryReceipt:
    """A deliver_sm or data_sm as the gateway sees it. Raises `Malformed`."""
    short = read_data(pdu) if command == DATA_SM else read_short(pdu)
    if short.esm_class & 0x24:  # 5.2.12: receipt, or intermediate notification
        tlvs = short.tlvs
        if tlvs:
            state = tlvs.get(MESSAGE_STATE)
            report = read(short.body, tlvs.get(RECEIPTED_ID), state[0] if state else None, tlvs.get(NETWORK_ERROR))
        else:
            report = read(short.body, None, None, None)
        return DeliveryReceipt(sequence, report.message_id, report.state, report.error, short.source, pdu)
    return InboundText(
        sequence,
        short.source,
        short.destination,
        short.body,
        short.coding,
        _sound(short.concatenation),
        short.ported or short.coding & 0xF7 == 0x04 or short.coding == 0xF5,  # 5.2.19: octets, not characters
        "",
        pdu,
    )


def _sound(concatenation: Concatenation | None) -> Concatenation | None:
    """Part 3 of 2, or of 0, is a text of its own; so is the only part of one, and what an octet cannot number."""
    if concatenation is None or not 1 <= concatenation.number <= concatenation.total <= MOST_PARTS:
        return None
    return concatenation if concatenation.total > 1 else None


def read_submit(pdu: bytes, sequence: int) -> SubmitReceived:
    """A submit_sm as the carrier sees it. Raises `Malformed`."""
    short = read_short(pdu)
    reference = short.tlvs.get(USER_REFERENCE)
    return SubmitReceived(
        sequence,
        short.source,
        short.destination,
        short.body,
        short.coding,
        short.concatenation,
        bool(short.registered & 0x03),
        int.from_bytes(reference, "big") if reference is not None else None,
        pdu,
    )


class BindBody(NamedTuple):
    """What a bind request says (4.1.1)."""

    account: str
    password: str


def read_bind(pdu: bytes) -> BindBody:
    """Read a bind_* request. Raises `Malformed`."""
    try:
        end = pdu.index(0, 16)
        after = pdu.index(0, end + 1)
    except ValueError:
        raise Malformed("system_id or password does not end") from None
    return BindBody(pdu[16:end].decode("latin-1"), pdu[end + 1 : after].decode("latin-1"))


def read_string(pdu: bytes) -> str:
    """The one string that answers carry: message_id, or system_id. Empty when there is none."""
    if len(pdu) <= 16:
        return ""
    end = pdu.find(0, 16)
    return pdu[16 : end if end >= 0 else None].decode("latin-1")


# ------------------------------------------------------------------------------------------------------------- writing


def bare(command: int, status: int, sequence: int) -> bytes:
    """A PDU without a body."""
    return HEADER.pack(16, command, status, sequence)


def with_string(command: int, status: int, sequence: int, value: str) -> bytes:
    """A PDU whose body is one C-octet string: the answers to bind and submit."""
    octets = value.encode("latin-1", "replace")
    return HEADER.pack(17 + len(octets), command, status, sequence) + octets + b"\x00"


DELIVER_ANSWER_BODY = b"\x00"  # 4.6.2: message_id, unused and empty


def deliver_answer(command: int, status: int, sequence: int) -> bytes:
    """deliver_sm_resp or data_sm_resp."""
    return HEADER.pack(17, command | RESPONSE, status, sequence) + DELIVER_ANSWER_BODY


def bind(profile: CarrierProfile, sequence: int) -> bytes:
    """bind_transceiver (4.1.5)."""
    body = (
        _string(profile.account, 15)
        + _string(profile.password, 8)
        + _string(profile.system_type, 12)
        + bytes((0x34, profile.source_ton, profile.source_npi))
        + b"\x00"  # address_range: all that is addressed to us
    )
    return HEADER.pack(16 + len(body), BIND_TRANSCEIVER, 0, sequence) + body


class SubmitTemplate:
    """A submit_sm that only wants a destination, a sequence number and a reference."""

    __slots__ = ("_fixed", "_head", "_tail", "_tlv")

    def __init__(self, head: bytes, tail: bytes, reference: bool) -> None:
        self._head, self._tail, self._tlv = head, tail, reference
        self._fixed = 16 + len(head) + len(tail) + (6 if reference else 0)

    def pdu(self, sequence: int, destination: str, reference: int) -> bytes:
        """The PDU. `destination` is ASCII digits; `reference` (16 bits) goes into user_message_reference."""
        to = destination.encode("ascii")
        pdu = HEADER.pack(self._fixed + len(to), SUBMIT_SM, 0, sequence) + self._head + to + self._tail
        return pdu + _REFERENCE.pack(USER_REFERENCE, 2, reference) if self._tlv else pdu


_REFERENCE = Struct("!HHH")


def submit_template(
    profile: CarrierProfile,
    source: str,
    body: bytes,
    coding: int,
    concatenation: Concatenation | None,
    receipt: bool = True,
) -> SubmitTemplate:
    """Encode what is the same for everybody: service number, text, coding, header of a long text."""
    head = (
        b"\x00"
        + bytes((profile.source_ton, profile.source_npi))
        + _string(source, 20)
        + bytes((profile.destination_ton, profile.destination_npi))
    )
    if concatenation is not None:
        body = user_data_header(concatenation) + body
    tail = (
        b"\x00"
        + bytes((0x40 if concatenation is not None else 0, 0, 0, 0, 0, 1 if receipt else 0, 0, coding, 0, len(body)))
        + body
    )
    return SubmitTemplate(head, tail, profile.reference_tlv)


def user_data_header(concatenation: Concatenation) -> bytes:
    """The header of one part of a long text, with a reference of 8 or 16 bits."""
    reference, total, number, width = concatenation
    if width == 16:
        return bytes((6, 0x08, 4, reference >> 8 & 0xFF, reference & 0xFF, total, number))
    return bytes((5, 0x00, 3, reference & 0xFF, total, number))


# ------------------------------------------------------------------------------------------ the carrier's writing


def encode_delivery(
    source: str,
    destination: str,
    body: bytes,
    coding: int,
    *,
    esm_class: int = 0,
    concatenation: Concatenation | None = None,
    sar: bool = False,
    payload: bool = False,
    tlvs: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    """A deliver_sm with sequence number 0 (see `renumbered`). `sar`: parts numbered by TLV; `payload`: text in one."""
    extra = list(tlvs)
    if concatenation is not None and sar:
        extra += [
            (SAR_REFERENCE, (concatenation.reference & 0xFFFF).to_bytes(2, "big")),
            (SAR_TOTAL, bytes((concatenation.total & 0xFF,))),
            (SAR_NUMBER, bytes((concatenation.number & 0xFF,))),
        ]
    elif concatenation is not None:
        body, esm_class = user_data_header(concatenation) + body, esm_class | 0x40
    if payload or len(body) > 254:  # 5.2.22
        extra.append((PAYLOAD, body))
        body = b""
    content = (
        b"\x00\x01\x01"
        + _string(source, 20)
        + b"\x00\x01"
        + _string(destination, 20)
        + bytes((esm_class, 0, 0, 0, 0, 0, 0, coding, 0, len(body)))
        + body
        + b"".join(tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for tag, value in extra)
    )
    return HEADER.pack(16 + len(content), DELIVER_SM, 0, 0) + content


def encode_receipt(
    message_id: str,
    number: str,
    service_number: str,
    state: ReceiptState,
    *,
    error: str = "000",
    submitted: str = "2501010000",
    done: str = "2501010000",
    form: str = "text",
) -> bytes:
    """A receipt with sequence number 0. `form`: "text" (appendix B), "tlv", or "both". Dates are YYMMDDhhmm."""
    delivered = "001" if state is ReceiptState.DELIVERED else "000"
    words = (
        f"id:{message_id} sub:001 dlvrd:{delivered} submit date:{submitted} done date:{done} "
        f"stat:{state.value} err:{error} text:"
    )
    tlvs = (
        (RECEIPTED_ID, message_id.encode("latin-1", "replace") + b"\x00"),
        (MESSAGE_STATE, bytes((MESSAGE_STATES.index(state),))),
    )
    return encode_delivery(
        number,
        service_number,
        b"" if form == "tlv" else words.encode("latin-1", "replace"),
        0,
        esm_class=0x20 if state is ReceiptState.ENROUTE else 0x04,
        tlvs=() if form == "text" else tlvs,
    )


def renumbered(pdu: bytes, sequence: int) -> bytes:
    """The same PDU with another sequence number."""
    return pdu[:12] + sequence.to_bytes(4, "big") + pdu[16:]


def _string(value: str, longest: int) -> bytes:
    """A C-octet string of at most `longest` characters."""
    octets = value.encode("latin-1", "replace")
    if len(octets) > longest or 0 in octets:
        raise ValueError(f"{len(octets)} octets where SMPP allows {longest}, none of them NUL")
    return octets + b"\x00"
