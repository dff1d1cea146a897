"""SMGP 3.0 and its 1.3 layout (China Telecom): bytes to values and values to bytes, and the dialect of a session.

The PDUs of the hot path (Submit, Deliver and their answers) are packed by hand: a notice is encoded once and
patched for each person. Field names in comments are those of the document, SMGP 3.0.3 (CT/T, August 2008). 1.3 is the
same but for a Submit without FixedFee; which of the two a connection speaks is said by its login.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import md5
from itertools import count
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is the name of no class
from typing import NamedTuple

from carriers import udh
from carriers.dialect import Command, Dialect, LoginAnswer, SubmitAnswer
from carriers.events import (
    BindRequested,
    Concatenation,
    DeliveryReceipt,
    Handle,
    InboundText,
    ReceiptState,
    SubmitReceived,
)
from carriers.pdu import CHINA, Malformed, data_coding, fixed, read_tlvs, words, write_tlvs
from carriers.profile import CarrierProfile
from carriers.receipts import read as read_words
from carriers.results import UNREAD, Results

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

CREDENTIALS = frozenset({3, 20, 21, 22, 76, 101, 102, 110, 114, 116, 117})
"""Refusals of a login that the next try cannot change, because our address, account, password, version or right must
change first. 3 is what SMSGate answers to a wrong password, 101 and on are those of a product of China Telecom's."""

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


class Counts(NamedTuple):
    """Query_Resp. MT is what went to phones, MO what came from them."""

    query: Query
    mt_messages: int
    mt_people: int
    mt_done: int
    mt_waiting: int
    mt_failed: int
    mo_done: int
    mo_waiting: int
    mo_failed: int


_LOGIN = Struct("!8s16sBIB")
_WELCOME = Struct("!I16sB")
_SUBMIT_30 = Struct("!BBB10s2s6s6sB17s17s21s21sB")
_SUBMIT_13 = Struct("!BBB10s2s6sB17s17s21s21sB")
_DELIVER = Struct("!10sBB14s21s21sB")
_ANSWER = Struct("!III10sI")  # with the header
_QUERY = Struct("!8sB10s8s")
_COUNTS = Struct("!8sB10s8I8s")
_NUMBER, _RESERVE = 21, 8  # octets of a number, and of the Reserve behind each content
_CONTENT = HEADER.size + _DELIVER.size  # where the content of a Deliver begins
_NO_ID = bytes(10)
_NO_TLVS: Mapping[int, bytes] = {}

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
    tlvs = read_tlvs(pdu, end) if len(pdu) > end else _NO_TLVS
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
    if len(pdu) < _ANSWER.size:
        raise Malformed("the answer ends early")
    _, _, _, message_id, status = _ANSWER.unpack_from(pdu)
    return Answer(message_id, status)


def read_query(pdu: bytes) -> Query:
    """Raises `Malformed`."""
    try:
        day, kind, code, _ = _QUERY.unpack_from(pdu, HEADER.size)
    except StructError:
        raise Malformed("Query ends early") from None
    return Query(words(day), kind, words(code))


def read_counts(pdu: bytes) -> Counts:
    """Raises `Malformed`."""
    try:
        day, kind, code, *counts, _ = _COUNTS.unpack_from(pdu, HEADER.size)
    except StructError:
        raise Malformed("Query_Resp ends early") from None
    return Counts(Query(words(day), kind, words(code)), *counts)


_USUAL = re.compile(rb" stat:([A-Z]{7}) err:([0-9A-Z]{3})[ \x00]")
_STATES = {state.value.encode(): state for state in ReceiptState}
_ID = slice(3, 13)  # of a report's content


def read_delivery(pdu: bytes) -> InboundText | DeliveryReceipt:
    """A Deliver as the gateway sees it. Raises `Malformed`."""
    deliver = read_deliver(pdu)
    answer = (HEADER.unpack_from(pdu)[2], deliver.message_id)
    return _report(answer, deliver, pdu) if deliver.is_report else _text(answer, deliver, pdu)


def _report(answer: Handle, deliver: Deliver, pdu: bytes) -> DeliveryReceipt:
    """The id stands in octets 3 to 12, binary. The rest is written as each gateway likes and found by its key words."""
    content = deliver.content
    if content[:3].lower() != b"id:" or len(content) < _ID.stop:
        raise Malformed("IsReport is set, but the content is no report")
    usual = _USUAL.search(content, _ID.stop)
    if usual is not None:
        state, error = _STATES.get(usual[1], ReceiptState.UNKNOWN), usual[2].decode("ascii")
    else:
        _, state, error = read_words(content[_ID.stop :].replace(b"\x00", b" "), None, None, None)
    return DeliveryReceipt(answer, content[_ID].hex(), state, error, deliver.source, pdu)


def _text(answer: Handle, deliver: Deliver, pdu: bytes) -> InboundText:
    body, concatenation, ported = deliver.content, None, False
    tlvs = deliver.tlvs
    if tlvs:
        if any(tlvs.get(TP_UDHI, b"")):  # 0x01 by the document, also 0x40
            body, concatenation, ported = udh.read(body)
        if concatenation is None and PK_TOTAL in tlvs:
            concatenation = _numbered(tlvs)
    coding, binary = data_coding(deliver.form)
    return InboundText(
        answer,
        deliver.source,
        deliver.destination,
        body,
        coding,
        udh.sound(concatenation),
        binary or ported,
        deliver.message_id.hex() if any(deliver.message_id) else "",
        pdu,
    )


def _numbered(tlvs: Mapping[int, bytes]) -> Concatenation:
    """By PkTotal and PkNumber alone: there is no reference to tell two texts of a sender apart."""
    return Concatenation(0, tlvs[PK_TOTAL][-1] if tlvs[PK_TOTAL] else 0, (tlvs.get(PK_NUMBER) or b"\x00")[-1], 8)


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
    return _ANSWER.pack(_ANSWER.size, command | RESPONSE, sequence, *one)


def write_query(sequence: int, one: Query) -> bytes:
    """Query."""
    return _pdu(QUERY, sequence, _QUERY.pack(fixed(one.day, 8), one.kind, fixed(one.code, 10), b""))


def write_counts(sequence: int, one: Counts) -> bytes:
    """Query_Resp."""
    query, *counts = one
    body = _COUNTS.pack(fixed(query.day, 8), query.kind, fixed(query.code, 10), *counts, b"")
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


def submit_template(
    profile: CarrierProfile, source: str, body: bytes, coding: int, concatenation: Concatenation | None
) -> SubmitTemplate:
    """Encode what is the same for everybody. Texts are free of charge to those who get them (FeeType 00)."""
    tlvs = {MSG_SRC: fixed(profile.corp_id, 8)} if profile.corp_id else {}
    if concatenation is not None:
        body = udh.write(concatenation) + body
        tlvs |= {
            TP_UDHI: b"\x01",
            PK_TOTAL: bytes((concatenation.total,)),
            PK_NUMBER: bytes((concatenation.number,)),
        }
    return SubmitTemplate(
        Submit(
            need_report=1,
            priority=1,
            service=profile.service_id,
            fee_type="00",
            fee_code="0",
            fixed_fee=None if VERSIONS[profile.smgp_version] == V13 else "0",
            form=coding,
            valid_time="",
            at_time="",
            source=source,
            charged="",
            destinations=("",),
            content=body,
            tlvs=tlvs,
        )
    )


# -------------------------------------------------------------------------------------------------------- the dialect


class Smgp(Dialect):
    """SMGP as a session speaks it, on a connection that begins `at`. `profile` is None at the carrier's end.

    The handle of a Deliver is its sequence number and MsgID, that of a Submit its sequence number, that of a Login its
    sequence number, AuthenticatorClient and version.
    """

    protocol = "smgp"
    header = HEADER
    longest = LONGEST
    last_sequence = LAST_SEQUENCE
    commands: Mapping[int, Command] = {
        LOGIN: Command.LOGIN,
        LOGIN | RESPONSE: Command.LOGIN_ANSWER,
        SUBMIT: Command.SUBMIT,
        SUBMIT | RESPONSE: Command.SUBMIT_ANSWER,
        DELIVER: Command.DELIVER,
        DELIVER | RESPONSE: Command.DELIVER_ANSWER,
        ACTIVE_TEST: Command.PROBE,
        ACTIVE_TEST | RESPONSE: Command.PROBE_ANSWER,
        EXIT: Command.LEAVE,
        EXIT | RESPONSE: Command.LEAVE_ANSWER,
        QUERY: Command.ASK,
        QUERY | RESPONSE: Command.ASK_ANSWER,
    }
    stamp = b""
    probes = True
    too_fast = BUSY  # the document has no word for "too fast"
    wrong_login = AUTHENTICATION

    def __init__(self, profile: CarrierProfile | None, at: datetime) -> None:
        self._profile = profile
        self._at = at.astimezone(CHINA)
        self.results = profile.results if profile is not None else Results()
        self._version = VERSIONS[profile.smgp_version] if profile is not None else V30  # the peer's, at the other end
        self._proof = b""  # the AuthenticatorClient that we sent
        self._delivered = count(self._at.second * 10_000 + 1)  # ids of what the carrier's end delivers

    def login(self, sequence: int) -> bytes:
        """Login for both ways."""
        profile = self._profile
        if profile is None:
            raise ValueError("a carrier does not log in")
        timestamp = int(f"{self._at:%m%d%H%M%S}")
        self._proof = authenticator(profile.account, profile.password, timestamp, profile.padded_login)
        return write_login(sequence, Login(profile.account, self._proof, BOTH_WAYS, timestamp, self._version))

    def read_login_answer(self, pdu: bytes) -> LoginAnswer:
        """Login_Resp. A carrier that does not prove to know our password is doubtful; a strict login refuses it."""
        status, proof, version = read_welcome(pdu)
        peer = f"SMGP {_written(version)}"
        if status != OK or self._profile is None:
            return LoginAnswer(status, peer)
        # by the document the status goes in with four octets; gosmgp has one, or eight
        if all(proof != server_authenticator(status, self._proof, self._profile.password, w) for w in (4, 1, 8)):
            doubt = "its AuthenticatorServer is not made with our password"
            return LoginAnswer(AUTHENTICATION if self._profile.strict_login else OK, peer, doubt)
        if version == V13 != self._version:
            return LoginAnswer(
                status, peer, f"it speaks SMGP 1.3, we speak {_written(self._version)}: set smgp_version"
            )
        return LoginAnswer(status, peer)

    def read_login(self, pdu: bytes) -> BindRequested:
        """Login. Its version says in which layout the Submits come."""
        one = read_login(pdu)
        self._version = one.version
        mode = LOGIN_MODES[one.mode] if one.mode < len(LOGIN_MODES) else LOGIN_MODES[BOTH_WAYS]
        return BindRequested((_sequence(pdu), one.authenticator, one.version), one.client, "", mode, pdu)

    def proves(self, login: BindRequested, password: str) -> bool:
        """By AuthenticatorClient, with the ClientID as it is or padded."""
        one = read_login(login.raw)
        return one.authenticator in (authenticator(one.client, password, one.timestamp, p) for p in (False, True))

    def admission(self, handle: Handle, status: int, name: str, password: str) -> bytes:
        """Login_Resp: proven only when it is a welcome."""
        sequence, client, version = _triple(handle)
        proof = server_authenticator(status, client, password) if status == OK else b""
        return write_welcome(sequence, Welcome(status, proof, version))

    def probe(self, sequence: int) -> bytes:
        """Active_Test."""
        return bare(ACTIVE_TEST, sequence)

    def probe_answer(self, pdu: bytes) -> bytes:
        """Active_Test_Resp."""
        return bare(ACTIVE_TEST | RESPONSE, _sequence(pdu))

    def leave(self, sequence: int) -> bytes:
        """Exit."""
        return bare(EXIT, sequence)

    def leave_answer(self, pdu: bytes) -> bytes:
        """Exit_Resp."""
        return bare(EXIT | RESPONSE, _sequence(pdu))

    def read_rejection(self, pdu: bytes) -> int:
        """SMGP has no command that rejects another."""
        return STRUCTURE

    def unknown(self, pdu: bytes) -> bytes:
        """SMGP has no word for it."""
        return b""

    def broken(self) -> bytes:
        """Nor for this."""
        return b""

    def refusal(self, pdu: bytes, command: Command, *, unread: bool = False) -> bytes:
        """Its own answer, with what is wrong. A Query's has no place for that."""
        status = STRUCTURE if unread else WRONG_COMMAND
        match command:
            case Command.LOGIN:
                return write_welcome(_sequence(pdu), Welcome(status, b"", self._version))
            case Command.SUBMIT:
                return write_answer(SUBMIT, _sequence(pdu), Answer(_NO_ID, status))
            case Command.DELIVER:
                return write_answer(DELIVER, _sequence(pdu), Answer(_message_id(pdu), status))
        return b""

    def read_submit_answer(self, pdu: bytes) -> SubmitAnswer:
        """Submit_Resp."""
        if len(pdu) < _ANSWER.size:
            return SubmitAnswer(UNREAD, "")
        _, _, _, message_id, status = _ANSWER.unpack_from(pdu)
        return SubmitAnswer(status, message_id.hex() if status == OK else "")

    def read_delivery(self, pdu: bytes) -> InboundText | DeliveryReceipt:
        """Deliver."""
        return read_delivery(pdu)

    def owed(self, pdu: bytes) -> Handle:
        """See the class."""
        return _sequence(pdu), _message_id(pdu)

    def delivery_answer(self, handle: Handle, taken: bool) -> bytes:
        """Deliver_Resp: we are busy, when it must come again."""
        sequence, message_id = _pair(handle)
        return _ANSWER.pack(_ANSWER.size, DELIVER | RESPONSE, sequence, message_id, OK if taken else BUSY)

    def describe(self, status: int) -> str:
        """Code and name."""
        return self.results.name(status)

    def credentials(self, status: int) -> bool:
        """See `CREDENTIALS`."""
        return status in CREDENTIALS

    def login_pause(self, status: int) -> float:
        """SMGP has no word for it."""
        return 0.0

    def new_id(self, serial: int, submit: SubmitReceived) -> str:
        """As the document has it: gateway, minute and number, in BCD."""
        return self._new_id("010061", serial)

    def _new_id(self, gateway: str, serial: int) -> str:
        minutes, number = divmod(serial, 1_000_000)
        return f"{gateway}{self._at + timedelta(minutes=minutes):%m%d%H%M}{number:06d}"

    def read_submit(self, pdu: bytes) -> SubmitReceived:
        """Submit, to the first of its destinations."""
        one = read_submit(pdu, self._version)
        if not one.destinations:
            raise Malformed("DestTermIDCount is 0")
        body, concatenation, _ = udh.read(one.content) if any(one.tlvs.get(TP_UDHI, b"")) else (one.content, None, None)
        return SubmitReceived(
            _sequence(pdu),
            one.source,
            one.destinations[0],
            body,
            data_coding(one.form)[0],
            concatenation,
            one.need_report == 1,
            None,
            pdu,
        )

    def submit_answer(self, handle: Handle, status: int, message_id: str) -> bytes:
        """Submit_Resp."""
        if not isinstance(handle, int):
            raise TypeError("not a handle of this dialect")
        return write_answer(SUBMIT, handle, Answer(bytes.fromhex(message_id) or _NO_ID, status))

    def read_delivery_answer(self, pdu: bytes) -> int:
        """Its status. An answer that ends before it asks for the delivery again."""
        return _ANSWER.unpack_from(pdu)[4] if len(pdu) >= _ANSWER.size else STRUCTURE

    def text(
        self, source: str, destination: str, body: bytes, coding: int, concatenation: Concatenation | None = None
    ) -> bytes:
        """Deliver."""
        tlvs = {}
        if concatenation is not None:
            body, tlvs = udh.write(concatenation) + body, {TP_UDHI: b"\x01"}
        received = f"{self._at:%Y%m%d%H%M%S}"
        form = 0 if coding == 1 else coding
        one = Deliver(self._delivery_id(), 0, form, received, source, destination, body, tlvs)
        return write_deliver(0, one)

    def receipt(
        self, message_id: str, number: str, service_number: str, state: ReceiptState, error: str, at: str
    ) -> bytes:
        """Deliver with a report."""
        content = report_content(bytes.fromhex(message_id), state, error, at, at)
        one = Deliver(self._delivery_id(), 1, 0, f"20{at}00", number, service_number, content, _NO_TLVS)
        return write_deliver(0, one)

    def _delivery_id(self) -> bytes:
        return bytes.fromhex(self._new_id("010062", next(self._delivered)))

    def renumbered(self, pdu: bytes, sequence: int) -> bytes:
        """Another SequenceID."""
        return pdu[:8] + sequence.to_bytes(4, "big") + pdu[12:]

    def answer_question(self, pdu: bytes) -> bytes:
        """Query_Resp: this end keeps no statistics of days."""
        query = read_query(pdu.ljust(HEADER.size + _QUERY.size, b"\x00"))
        return write_counts(_sequence(pdu), Counts(query, *[0] * 8))


def _sequence(pdu: bytes) -> int:
    return int(HEADER.unpack_from(pdu)[2])


def _message_id(pdu: bytes) -> bytes:
    """The MsgID of a Deliver, also of one that ends early."""
    return pdu[HEADER.size : HEADER.size + 10].ljust(10, b"\x00")


def _written(version: int) -> str:
    return f"{version >> 4}.{version & 0xF}"


def _pair(handle: Handle) -> tuple[int, bytes]:
    if not isinstance(handle, tuple):
        raise TypeError("not a handle of this dialect")
    sequence, message_id = handle
    return sequence, message_id


def _triple(handle: Handle) -> tuple[int, bytes, int]:
    if not isinstance(handle, tuple):
        raise TypeError("not a handle of this dialect")
    sequence, client, version = handle
    return sequence, client, version
