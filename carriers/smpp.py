"""SMPP 3.4: bytes to values and values to bytes, and the dialect that a session speaks with them.

The PDUs of the hot path (submit_sm, deliver_sm and their responses) are packed by hand: a notice is encoded
once and patched for each person. Clause numbers are those of the SMPP 3.4 specification, issue 1.2.
"""

import re
from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple

from carriers import udh
from carriers.dialect import Command, Dialect, Failures, LoginAnswer, SubmitAnswer
from carriers.events import (
    BindRequested,
    Concatenation,
    DeliveryReceipt,
    Handle,
    InboundText,
    ReceiptState,
    SubmitReceived,
)
from carriers.explain import Explained
from carriers.pdu import Malformed, read_tlvs
from carriers.profile import CarrierProfile
from carriers.receipts import MESSAGE_STATES, read
from carriers.results import Results

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


def describe(status: int) -> str:
    """A command_status for people: code, name and meaning."""
    from aiosmpplib.state import SmppCommandStatus  # a large library for a few names

    try:
        known = SmppCommandStatus(status)
    except ValueError:
        return f"0x{status:02X} (not in SMPP 3.4)"
    return f"0x{status:02X} {known.name}: {known.description}"


# ------------------------------------------------------------------------------------------------------------- reading


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


_ADDRESSED = rb"[^\0]*\0..([^\0]*)\0..([^\0]*)\0(.)"  # service_type; TON, NPI, source; TON, NPI, destination; esm_class
_SHORT = re.compile(  # protocol_id, priority_flag; two times; registered_delivery, _, data_coding, _, sm_length
    _ADDRESSED + rb"..[^\0]*\0[^\0]*\0(.).(.).(.)", re.DOTALL
)
_PLAIN_RECEIPT = re.compile(  # a deliver_sm with esm_class 4: source and sm_length; plain if nothing is behind its text
    rb"[^\0]*\0..([^\0]*)\0..[^\0]*\0\x04..[^\0]*\0[^\0]*\0....(.)", re.DOTALL
)
_DATA = re.compile(_ADDRESSED + rb"(.)(.)", re.DOTALL)  # registered_delivery, data_coding


def read_short(pdu: bytes) -> Short:
    """Read a whole submit_sm or deliver_sm. Raises `Malformed`."""
    fields = _SHORT.match(pdu, HEADER.size)
    if fields is None:
        raise Malformed("mandatory fields end early")
    source, destination, [esm_class], [registered], [coding], [length] = fields.groups()
    at = fields.end()
    body = pdu[at : at + length]
    if len(body) != length:
        raise Malformed(f"sm_length says {length}, {len(body)} octets are there")
    tlvs = read_tlvs(pdu, at + length) if at + length < len(pdu) else _EMPTY
    if not body and PAYLOAD in tlvs:
        body = tlvs[PAYLOAD]
    return _short(source, destination, esm_class, registered, coding, body, tlvs)


def read_data(pdu: bytes) -> Short:
    """Read a whole data_sm (4.7.1): the text is in message_payload. Raises `Malformed`."""
    fields = _DATA.match(pdu, HEADER.size)
    if fields is None:
        raise Malformed("mandatory fields end early")
    source, destination, [esm_class], [registered], [coding] = fields.groups()
    tlvs = read_tlvs(pdu, fields.end())
    return _short(source, destination, esm_class, registered, coding, tlvs.get(PAYLOAD, b""), tlvs)


def _short(
    source: bytes, destination: bytes, esm_class: int, registered: int, coding: int, body: bytes, tlvs: dict[int, bytes]
) -> Short:
    concatenation, ported = None, False
    if esm_class & 0x40:  # 5.2.12: a user data header is in front
        body, concatenation, ported = udh.read(body)
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


def read_delivery(pdu: bytes) -> InboundText | DeliveryReceipt:
    """A deliver_sm or data_sm as the gateway sees it. Raises `Malformed`."""
    _, command, _, sequence = HEADER.unpack_from(pdu)
    if command == DATA_SM:
        short, answer = read_data(pdu), ~sequence  # data_sm has an answer of its own
    elif (plain := _PLAIN_RECEIPT.match(pdu, HEADER.size)) is not None and len(pdu) - plain.end() == ord(plain[2]):
        report = read(pdu[plain.end() :], None, None, None)
        return DeliveryReceipt(sequence, report.message_id, report.state, report.error, plain[1].decode("latin-1"), pdu)
    else:
        short, answer = read_short(pdu), sequence
    if short.esm_class & 0x24:  # 5.2.12: receipt, or intermediate notification
        tlvs = short.tlvs
        if tlvs:
            state = tlvs.get(MESSAGE_STATE)
            report = read(short.body, tlvs.get(RECEIPTED_ID), state[0] if state else None, tlvs.get(NETWORK_ERROR))
        else:
            report = read(short.body, None, None, None)
        return DeliveryReceipt(answer, report.message_id, report.state, report.error, short.source, pdu)
    return InboundText(
        answer,
        short.source,
        short.destination,
        short.body,
        short.coding,
        udh.sound(short.concatenation),
        short.ported or short.coding & 0xF7 == 0x04 or short.coding == 0xF5,  # 5.2.19: octets, not characters
        "",
        pdu,
    )


def read_submit(pdu: bytes) -> SubmitReceived:
    """A submit_sm as the carrier sees it. Raises `Malformed`."""
    short = read_short(pdu)
    reference = short.tlvs.get(USER_REFERENCE)
    return SubmitReceived(
        HEADER.unpack_from(pdu)[3],
        short.source,
        short.destination,
        short.body,
        short.coding,
        short.concatenation,
        bool(short.registered & 0x03),
        int.from_bytes(reference, "big") if reference is not None else None,
        pdu,
    )


def read_bind(pdu: bytes) -> BindRequested:
    """Read a bind_* request (4.1.1). Raises `Malformed`."""
    try:
        end = pdu.index(0, 16)
        after = pdu.index(0, end + 1)
    except ValueError:
        raise Malformed("system_id or password does not end") from None
    _, command, _, sequence = HEADER.unpack_from(pdu)
    account, password = pdu[16:end].decode("latin-1"), pdu[end + 1 : after].decode("latin-1")
    return BindRequested((command, sequence), account, password, BIND_MODES[command], pdu)


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


_DELIVER_ANSWER = Struct("!IIIIx")  # 4.6.2: a header, and an empty message_id


def deliver_answer(command: int, status: int, sequence: int) -> bytes:
    """deliver_sm_resp or data_sm_resp."""
    return _DELIVER_ANSWER.pack(17, command | RESPONSE, status, sequence)


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

    def pdu(self, sequence: int, destination: str, reference: int, stamp: bytes = b"") -> bytes:
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
        body = udh.write(concatenation) + body
    tail = (
        b"\x00"
        + bytes((0x40 if concatenation is not None else 0, 0, 0, 0, 0, 1 if receipt else 0, 0, coding, 0, len(body)))
        + body
    )
    return SubmitTemplate(head, tail, profile.reference_tlv)


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
        body, esm_class = udh.write(concatenation) + body, esm_class | 0x40
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
    tlvs: tuple[tuple[int, bytes], ...] = ()
    if form != "text":
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
        tlvs=tlvs,
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


# -------------------------------------------------------------------------------------------------------- the dialect


class Smpp(Dialect):
    """SMPP 3.4 as a session speaks it. `profile` is None at the carrier's end.

    The handle of a deliver_sm is its sequence number, that of a data_sm the complement of it (the answers differ);
    a bind's names its command.
    """

    protocol = "smpp"
    header = HEADER
    longest = LONGEST
    last_sequence = LAST_SEQUENCE
    commands: Mapping[int, Command] = {
        **dict.fromkeys(BIND_MODES, Command.LOGIN),
        **dict.fromkeys((mode | RESPONSE for mode in BIND_MODES), Command.LOGIN_ANSWER),
        SUBMIT_SM: Command.SUBMIT,
        SUBMIT_SM | RESPONSE: Command.SUBMIT_ANSWER,
        DELIVER_SM: Command.DELIVER,
        DATA_SM: Command.DELIVER,
        DELIVER_SM | RESPONSE: Command.DELIVER_ANSWER,
        DATA_SM | RESPONSE: Command.DELIVER_ANSWER,
        ENQUIRE_LINK: Command.PROBE,
        ENQUIRE_LINK | RESPONSE: Command.PROBE_ANSWER,
        UNBIND: Command.LEAVE,
        UNBIND | RESPONSE: Command.LEAVE_ANSWER,
        GENERIC_NACK: Command.REJECTION,
    }
    stamp = b""
    probes = True
    too_fast = THROTTLED
    wrong_login = INVALID_PASSWORD
    failures = Failures("001", "013", "NP:1243")  # the last is China Mobile's, as its SMPP gateways pass it on

    def __init__(self, profile: CarrierProfile | None = None) -> None:
        self._profile = profile
        self.results = profile.results if profile is not None else Results()

    def login(self, sequence: int) -> bytes:
        """bind_transceiver."""
        if self._profile is None:
            raise ValueError("a carrier does not log in")
        return bind(self._profile, sequence)

    def read_login_answer(self, pdu: bytes) -> LoginAnswer:
        """bind_*_resp."""
        return LoginAnswer(_status(pdu), read_string(pdu))

    def read_login(self, pdu: bytes) -> BindRequested:
        """bind_*."""
        return read_bind(pdu)

    def proves(self, login: BindRequested, password: str) -> bool:
        """SMPP sends the password itself."""
        return login.password == password

    def admission(self, handle: Handle, status: int, name: str, password: str) -> bytes:
        """bind_*_resp: with our name only when it is a welcome (4.1.2)."""
        command, sequence = handle
        if status == OK:
            return with_string(command | RESPONSE, status, sequence, name)
        return bare(command | RESPONSE, status, sequence)

    def probe(self, sequence: int) -> bytes:
        """enquire_link."""
        return bare(ENQUIRE_LINK, OK, sequence)

    def probe_answer(self, pdu: bytes) -> bytes:
        """enquire_link_resp."""
        return bare(ENQUIRE_LINK | RESPONSE, OK, _sequence(pdu))

    def leave(self, sequence: int) -> bytes:
        """unbind."""
        return bare(UNBIND, OK, sequence)

    def leave_answer(self, pdu: bytes) -> bytes:
        """unbind_resp."""
        return bare(UNBIND | RESPONSE, OK, _sequence(pdu))

    def read_rejection(self, pdu: bytes) -> int:
        """The status of a generic_nack."""
        return _status(pdu) or SYSTEM_ERROR

    def unknown(self, pdu: bytes) -> bytes:
        """generic_nack (4.3.1)."""
        return bare(GENERIC_NACK, INVALID_COMMAND, _sequence(pdu))

    def broken(self) -> bytes:
        """generic_nack for a length that cannot be."""
        return bare(GENERIC_NACK, INVALID_LENGTH, 0)

    def refusal(self, pdu: bytes, command: Command, *, unread: bool = False) -> bytes:
        """Its own answer, with what is wrong."""
        wrong = ALREADY_BOUND if command is Command.LOGIN else INVALID_BIND_STATE
        return bare(HEADER.unpack_from(pdu)[1] | RESPONSE, INVALID_LENGTH if unread else wrong, _sequence(pdu))

    def explain(self, pdu: bytes) -> Explained:
        """Every field."""
        from carriers import smpp_layout  # only who reads a trace needs it

        return smpp_layout.explain(pdu)

    def read_submit_answer(self, pdu: bytes) -> SubmitAnswer:
        """submit_sm_resp."""
        _, _, status, _ = HEADER.unpack_from(pdu)
        return SubmitAnswer(status, read_string(pdu) if status == OK else "")

    def read_delivery(self, pdu: bytes) -> InboundText | DeliveryReceipt:
        """deliver_sm or data_sm."""
        return read_delivery(pdu)

    def owed(self, pdu: bytes) -> Handle:
        """See the class."""
        sequence = _sequence(pdu)
        return ~sequence if HEADER.unpack_from(pdu)[1] == DATA_SM else sequence

    def delivery_answer(self, handle: Handle, taken: bool) -> bytes:
        """deliver_sm_resp or data_sm_resp."""
        status = OK if taken else TEMPORARY_APPLICATION_ERROR
        return deliver_answer(DELIVER_SM, status, handle) if handle >= 0 else deliver_answer(DATA_SM, status, ~handle)

    def describe(self, status: int) -> str:
        """Code, name and meaning."""
        return describe(status)

    def credentials(self, status: int) -> bool:
        """A wrong password, an unknown account, or "bind failed", which carriers use for both."""
        return status in CREDENTIALS

    def login_pause(self, status: int) -> float:
        """SMPP has no word for it."""
        return 0.0

    def new_id(self, serial: int, submit: SubmitReceived) -> str:
        """Hexadecimal digits."""
        return f"{serial:X}"

    def read_submit(self, pdu: bytes) -> SubmitReceived:
        """submit_sm."""
        return read_submit(pdu)

    def submit_answer(self, handle: Handle, status: int, message_id: str) -> bytes:
        """submit_sm_resp: without an id when it is a refusal (4.4.2)."""
        if status == OK:
            return with_string(SUBMIT_SM | RESPONSE, status, handle, message_id)
        return bare(SUBMIT_SM | RESPONSE, status, handle)

    def read_delivery_answer(self, pdu: bytes) -> int:
        """command_status."""
        return _status(pdu)

    def text(
        self, source: str, destination: str, body: bytes, coding: int, concatenation: Concatenation | None = None
    ) -> bytes:
        """deliver_sm."""
        return encode_delivery(source, destination, body, coding, concatenation=concatenation)

    def receipt(
        self, message_id: str, number: str, service_number: str, state: ReceiptState, error: str, at: str
    ) -> bytes:
        """deliver_sm with a receipt in the usual words."""
        return encode_receipt(message_id, number, service_number, state, error=error, submitted=at, done=at)

    def renumbered(self, pdu: bytes, sequence: int) -> bytes:
        """Another sequence_number."""
        return renumbered(pdu, sequence)

    def answer_question(self, pdu: bytes) -> bytes:
        """SMPP's questions (query_sm, cancel_sm) are not spoken here."""
        return self.unknown(pdu)


def _status(pdu: bytes) -> int:
    return int(HEADER.unpack_from(pdu)[2])


def _sequence(pdu: bytes) -> int:
    return int(HEADER.unpack_from(pdu)[3])
