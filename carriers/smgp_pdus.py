"""The PDUs of SMGP 3.0 and 1.3 (China Telecom): bytes to values and values to bytes.

Field names in comments are those of the document, SMGP 3.0.3 (CT/T, August 2008). 1.3 is the same but for a Submit
without FixedFee; which of the two a connection speaks is said by its login.
"""

from collections.abc import Mapping
from hashlib import md5
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is the name of no class
from typing import NamedTuple

from carriers.dialect import Totals
from carriers.events import ReceiptState
from carriers.pdu import Malformed, fixed, read_tlvs, words, write_tlvs

# ------------------------------------------------------------------------------------------------------------- header

LOGIN, SUBMIT, DELIVER, ACTIVE_TEST, EXIT, QUERY = 0x1, 0x2, 0x3, 0x4, 0x6, 0x7
RESPONSE = 0x80000000

HEADER = Struct("!III")  # PacketLength, RequestID, SequenceID
LONGEST = 3071
"""Octets of a PDU: a Submit to a hundred people fits. One octet too many in front of a PDU makes the least length that
there is, 12, read as 3072: a frame that some peers count one too long (go_smgp, Deliver with TP_pid) shows at once."""
LAST_SEQUENCE = 0x7FFFFFFF  # peers in Java read it as signed

V30, V13 = 0x30, 0x13  # ClientVersion, ServerVersion
VERSIONS = {"3.0": V30, "1.3": V13}
BOTH_WAYS = 2  # LoginMode
LOGIN_MODES = ("transmitter", "receiver", "transceiver")
MT = 6  # MsgType

OK, BUSY, STRUCTURE, WRONG_COMMAND, AUTHENTICATION = 0, 1, 10, 11, 21  # Status

TP_UDHI, PK_TOTAL, PK_NUMBER, MSG_SRC = 0x0002, 0x0009, 0x000A, 0x0010  # optional parameters


class Login(NamedTuple):
    """Login."""

    client: str  # ClientID, at most 8 characters
    authenticator: bytes  # AuthenticatorClient, 16 octets
    mode: int  # LoginMode
    timestamp: int  # MMDDHHMMSS as a number
    version: int  # ClientVersion


class Welcome(NamedTuple):
    """Login_Resp."""

    status: int
    authenticator: bytes  # AuthenticatorServer, 16 octets
    version: int  # ServerVersion: the highest that it speaks


class Submit(NamedTuple):
    """Submit. `fixed_fee` is None in the layout of 1.3, which has no such field."""

    need_report: int
    priority: int
    service: str
    fee_type: str
    fee_code: str
    fixed_fee: str | None
    form: int  # MsgFormat
    valid_time: str
    at_time: str
    source: str
    charged: str  # ChargeTermID
    destinations: tuple[str, ...]
    content: bytes
    tlvs: Mapping[int, bytes]
    kind: int = MT  # MsgType


class Deliver(NamedTuple):
    """Deliver: a text, or a report."""

    message_id: bytes  # MsgID, 10 octets: BCD by the document, anything in practice
    is_report: int
    form: int  # MsgFormat
    received: str  # RecvTime, YYYYMMDDHHMMSS
    source: str
    destination: str
    content: bytes
    tlvs: Mapping[int, bytes]


class Answer(NamedTuple):
    """Submit_Resp or Deliver_Resp."""

    message_id: bytes
    status: int


class Query(NamedTuple):
    """Query: how much was sent on a day."""

    day: str  # QueryTime, YYYYMMDD
    kind: int  # QueryType: 0 everything, 1 one service
    code: str  # QueryCode: the service


_LOGIN = Struct("!8s16sBIB")
_WELCOME = Struct("!I16sB")
_SUBMIT_30 = Struct("!BBB10s2s6s6sB17s17s21s21sB")
_SUBMIT_13 = Struct("!BBB10s2s6sB17s17s21s21sB")
_DELIVER = Struct("!10sBB14s21s21sB")
ANSWER_PDU = Struct("!III10sI")  # with the header: the hot path packs it by itself
_QUERY = Struct("!8sB10s8s")
_COUNTS = Struct("!8sB10s8I8s")
_NUMBER, _RESERVE = 21, 8  # octets of a number, and of the Reserve behind each content
_CONTENT = HEADER.size + _DELIVER.size  # where the content of a Deliver begins
NO_ID = bytes(10)
NO_TLVS: Mapping[int, bytes] = {}

# ------------------------------------------------------------------------------------------------------------- reading


def read_login(pdu: bytes) -> Login:
    """Raises `Malformed`."""
    try:
        client, authenticator, mode, timestamp, version = _LOGIN.unpack_from(pdu, HEADER.size)
    except StructError:
        raise Malformed("Login ends early") from None
    return Login(words(client), authenticator, mode, timestamp, version)


def read_welcome(pdu: bytes) -> Welcome:
    """What stands behind the status may be missing: refusals come without it. Raises `Malformed`."""
    if len(pdu) < HEADER.size + 4:
        raise Malformed("Login_Resp has no status")
    return Welcome(*_WELCOME.unpack_from(pdu.ljust(HEADER.size + _WELCOME.size, b"\x00"), HEADER.size))


def read_submit(pdu: bytes, version: int) -> Submit:
    """In the layout of this version. Raises `Malformed`."""
    layout = _layout(version)
    try:
        kind, need, priority, service, fee_type, fee_code, *fixed_fee, form, valid, at, source, charged, many = (
            layout.unpack_from(pdu, HEADER.size)
        )
        start = HEADER.size + layout.size
        end = start + many * _NUMBER
        length = pdu[end]
    except (StructError, IndexError):
        raise Malformed("mandatory fields end early") from None
    return Submit(
        need,
        priority,
        words(service),
        words(fee_type),
        words(fee_code),
        words(fixed_fee[0]) if fixed_fee else None,
        form,
        words(valid),
        words(at),
        words(source),
        words(charged),
        tuple(words(pdu[one : one + _NUMBER]) for one in range(start, end, _NUMBER)),
        _content(pdu, end + 1, length),
        read_tlvs(pdu, end + 1 + length + _RESERVE),
        kind,
    )


def read_deliver(pdu: bytes) -> Deliver:
    """Raises `Malformed`."""
    try:
        message_id, is_report, form, received, source, destination, length = _DELIVER.unpack_from(pdu, HEADER.size)
    except StructError:
        raise Malformed("mandatory fields end early") from None
    content = _content(pdu, _CONTENT, length)
    end = _CONTENT + length + _RESERVE
    tlvs = read_tlvs(pdu, end) if len(pdu) > end else NO_TLVS
    return Deliver(message_id, is_report, form, words(received), words(source), words(destination), content, tlvs)


def _content(pdu: bytes, at: int, length: int) -> bytes:
    content = pdu[at : at + length]
    if len(content) != length:
        raise Malformed(f"MsgLength says {length}, {len(content)} octets are there")
    return content


def _layout(version: int) -> Struct:
    return _SUBMIT_13 if version == V13 else _SUBMIT_30


def read_answer(pdu: bytes) -> Answer:
    """Raises `Malformed`."""
    if len(pdu) < ANSWER_PDU.size:
        raise Malformed("the answer ends early")
    _, _, _, message_id, status = ANSWER_PDU.unpack_from(pdu)
    return Answer(message_id, status)


def read_query(pdu: bytes) -> Query:
    """What is missing is empty: a Query_Resp has no place for an error."""
    day, kind, code, _ = _QUERY.unpack_from(pdu.ljust(HEADER.size + _QUERY.size, b"\x00"), HEADER.size)
    return Query(words(day), kind, words(code))


def read_counts(pdu: bytes) -> tuple[Query, Totals]:
    """Query_Resp: what was asked, and the answer. Raises `Malformed`."""
    try:
        day, kind, code, *counts, _ = _COUNTS.unpack_from(pdu, HEADER.size)
    except StructError:
        raise Malformed("Query_Resp ends early") from None
    return Query(words(day), kind, words(code)), Totals(*counts)


# ------------------------------------------------------------------------------------------------------------- writing


def authenticator(client: str, secret: str, timestamp: int, padded: bool = False) -> bytes:
    """AuthenticatorClient. `padded`: the ClientID goes in with the NULs of its field, as some servers have it."""
    account = fixed(client, 8) if padded else client.encode("latin-1", "replace")
    return _md5(account + bytes(7) + secret.encode() + b"%010d" % timestamp)


def server_authenticator(status: int, client: bytes, secret: str, width: int = 4) -> bytes:
    """AuthenticatorServer, over AuthenticatorClient. `width`: octets of the status in it."""
    return _md5(status.to_bytes(width, "big") + client + secret.encode())


def _md5(octets: bytes) -> bytes:
    return md5(octets, usedforsecurity=False).digest()  # the document wants it; nothing of ours rests on it


def bare(command: int, sequence: int) -> bytes:
    """A PDU without a body: Active_Test, Exit, and their answers."""
    return HEADER.pack(HEADER.size, command, sequence)


def _pdu(command: int, sequence: int, body: bytes) -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, sequence) + body


def write_login(sequence: int, one: Login) -> bytes:
    """Login."""
    return _pdu(
        LOGIN,
        sequence,
        _LOGIN.pack(fixed(one.client, 8), fixed(one.authenticator, 16), one.mode, one.timestamp, one.version),
    )


def write_welcome(sequence: int, one: Welcome) -> bytes:
    """Login_Resp."""
    return _pdu(LOGIN | RESPONSE, sequence, _WELCOME.pack(one.status, fixed(one.authenticator, 16), one.version))


def write_submit(sequence: int, one: Submit) -> bytes:
    """Submit: in the layout of 1.3 when it has no fixed fee."""
    destinations = b"".join(fixed(destination, _NUMBER) for destination in one.destinations)
    return _pdu(SUBMIT, sequence, _submit_head(one) + destinations + _submit_tail(one))


def _submit_head(one: Submit) -> bytes:
    """All in front of the destinations."""
    fixed_fee = () if one.fixed_fee is None else (fixed(one.fixed_fee, 6),)
    return (_SUBMIT_13 if one.fixed_fee is None else _SUBMIT_30).pack(
        one.kind,
        one.need_report,
        one.priority,
        fixed(one.service, 10),
        fixed(one.fee_type, 2),
        fixed(one.fee_code, 6),
        *fixed_fee,
        one.form,
        fixed(one.valid_time, 17),
        fixed(one.at_time, 17),
        fixed(one.source, _NUMBER),
        fixed(one.charged, _NUMBER),
        len(one.destinations),
    )


def _submit_tail(one: Submit) -> bytes:
    """All behind them."""
    return bytes((len(one.content),)) + one.content + bytes(_RESERVE) + write_tlvs(one.tlvs)


def write_deliver(sequence: int, one: Deliver) -> bytes:
    """Deliver."""
    head = _DELIVER.pack(
        fixed(one.message_id, 10),
        one.is_report,
        one.form,
        fixed(one.received, 14),
        fixed(one.source, _NUMBER),
        fixed(one.destination, _NUMBER),
        len(one.content),
    )
    return _pdu(DELIVER, sequence, head + one.content + bytes(_RESERVE) + write_tlvs(one.tlvs))


def write_answer(command: int, sequence: int, one: Answer) -> bytes:
    """Submit_Resp or Deliver_Resp; `command` is the request's."""
    return ANSWER_PDU.pack(ANSWER_PDU.size, command | RESPONSE, sequence, *one)


def write_query(sequence: int, one: Query) -> bytes:
    """Query."""
    return _pdu(QUERY, sequence, _QUERY.pack(fixed(one.day, 8), one.kind, fixed(one.code, 10), b""))


def write_counts(sequence: int, query: Query, totals: Totals) -> bytes:
    """Query_Resp."""
    body = _COUNTS.pack(fixed(query.day, 8), query.kind, fixed(query.code, 10), *totals, b"")
    return _pdu(QUERY | RESPONSE, sequence, body)


def report_content(message_id: bytes, state: ReceiptState, error: str, submitted: str, done: str) -> bytes:
    """The 122 octets of a report. Dates are YYMMDDhhmm."""
    delivered = "001" if state is ReceiptState.DELIVERED else "000"
    said = (
        f" sub:001 dlvrd:{delivered} submit date:{submitted} done date:{done} "
        f"stat:{state.value} err:{error[-3:]:0>3} text:"
    )
    return b"id:" + fixed(message_id, 10) + said.encode("latin-1", "replace") + bytes(20)


class SubmitTemplate:
    """A Submit that only wants a destination and a sequence number. There is no place for a reference in it."""

    __slots__ = ("_head", "_length", "_tail")

    def __init__(self, one: Submit) -> None:
        self._head, self._tail = _submit_head(one), _submit_tail(one)
        self._length = HEADER.size + len(self._head) + _NUMBER + len(self._tail)

    def pdu(self, sequence: int, destination: str, reference: int, stamp: bytes = b"") -> bytes:
        """The PDU. Raises `ValueError` for a destination of more than 21 digits."""
        to = fixed(destination, _NUMBER)
        return HEADER.pack(self._length, SUBMIT, sequence) + self._head + to + self._tail
