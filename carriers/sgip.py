"""SGIP 1.2 (China Unicom): bytes to values and values to bytes, and the dialect that a session speaks with them.

A sequence number is twelve octets: the source's node, the time of day, a counter. The session numbers by the
counter; the eight octets before it are the dialect's stamp, made when the connection begins. Together they are the
only name that a submit ever gets, and REPORT names it so. There is no sign of life: an idle session ends and is
begun anew when there is something to say.
"""

import struct
from collections.abc import Mapping
from datetime import datetime
from struct import Struct
from typing import Any, NamedTuple

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
from carriers.pdu import CHINA, Malformed, data_coding, fixed, words
from carriers.profile import CarrierProfile
from carriers.results import UNREAD, Results
from carriers.text import ASCII

# ------------------------------------------------------------------------------------------------------------- header

BIND, UNBIND, SUBMIT, DELIVER, REPORT, USERRPT, TRACE = 0x1, 0x2, 0x3, 0x4, 0x5, 0x11, 0x1000
RESPONSE = 0x80000000

HEADER = Struct("!IIIII")  # Message Length, Command ID, Sequence Number: source node, time of day, counter
STAMP = Struct("!II")
LONGEST = 8 * 1024  # a SUBMIT to the 100 numbers that it may have, and a text far longer than an SMS
LAST_SEQUENCE = 0xFFFFFFFF

OK, ILLEGAL_LOGIN, REPEATED_LOGIN, WRONG_LOGIN_TYPE, WRONG_PARAMETER, WRONG_COMMAND, BUSY = 0, 1, 2, 4, 5, 7, 11
SYSTEM_FAILURE, TOO_MANY_LOGINS = 32, 34
CREDENTIALS = frozenset({ILLEGAL_LOGIN, WRONG_LOGIN_TYPE})
LOGIN_PAUSE = 60.0  # TOO_MANY_LOGINS counts the logins of a minute
TO_CARRIER, TO_GATEWAY = 1, 2  # Login Type: which end dials; deliveries may come over either connection
LOGIN_MODES = {TO_CARRIER: "transmitter", TO_GATEWAY: "receiver"}
CARRIER_NODE = 103101  # of a simulated SMG: 1, area code 0310, its number


def stamp(node: int, at: datetime) -> bytes:
    """What the sequence numbers of a connection begin with: the source's node and mmddhhmmss, read as a number."""
    return STAMP.pack(node, int(f"{at.astimezone(CHINA):%m%d%H%M%S}"))


# ------------------------------------------------------------------------------------------------------------- bodies


class Bind(NamedTuple):
    """The body of a BIND."""

    login_type: int
    name: str
    password: str


class Submit(NamedTuple):
    """The body of a SUBMIT. The defaults are ours: free of charge, caused by nobody's text, always reported on."""

    sp_number: str
    numbers: tuple[str, ...]
    content: bytes  # with its user data header
    coding: int  # MessageCoding
    has_header: int = 0  # TP_udhi
    charge_number: str = "0" * 21  # the SP pays
    corp_id: str = ""
    service_type: str = ""
    fee_type: int = 1  # free
    fee_value: str = "0"
    given_value: str = "0"
    agent_flag: int = 0
    more_late_to_mt: int = 2  # MorelatetoMTFlag: not caused by a text of the citizen's (3 is refused with 40)
    priority: int = 0
    expire_time: str = ""
    schedule_time: str = ""
    report_flag: int = 1  # whatever becomes of it
    protocol_id: int = 0
    message_type: int = 0


class Deliver(NamedTuple):
    """The body of a DELIVER: a text from a phone."""

    number: str
    sp_number: str
    content: bytes  # with its user data header
    coding: int
    has_header: int = 0
    protocol_id: int = 0


class Report(NamedTuple):
    """The body of a REPORT. `sequence` are the twelve octets of the submit's own number, as 24 hexadecimal digits."""

    sequence: str
    number: str
    state: int  # 0 delivered, 1 waiting, 2 failed
    error: int  # 0 unless it failed
    report_type: int = 0


class UserReport(NamedTuple):
    """The body of a USERRPT: the carrier tells that a phone was cancelled (0), suspended (1) or restored (2)."""

    sp_number: str
    number: str
    condition: int


# Every body ends in a Reserve of 8 octets. Nobody needs it, so it may be missing in what we read.
_BIND = Struct("!B16s16s")
_SUBMIT_HEAD = Struct("!21s21sB")  # SPNumber, ChargeNumber, UserCount; then the numbers
_SUBMIT_TAIL = Struct("!5s10sB6s6sBBB16s16sBBBBBI")  # CorpId to MessageLength; then the content
_DELIVER = Struct("!21s21sBBBI")
_REPORT = Struct("!12sB21sBB")
_USER_REPORT = Struct("!21s21sB")
_RESERVE = bytes(8)
NUMBER = 21  # octets of a phone's number, and of ours


# ------------------------------------------------------------------------------------------------------------- reading


def read_bind(pdu: bytes) -> Bind:
    """Raises `Malformed`."""
    login_type, name, password = _fields(_BIND, pdu)
    return Bind(login_type, words(name), words(password))


def read_submit(pdu: bytes) -> Submit:
    """Raises `Malformed`."""
    sp_number, charge_number, count = _fields(_SUBMIT_HEAD, pdu)
    at = HEADER.size + _SUBMIT_HEAD.size
    numbers = tuple(words(pdu[at + NUMBER * n : at + NUMBER * (n + 1)]) for n in range(count))
    at += NUMBER * count
    tail = _fields(_SUBMIT_TAIL, pdu, at)
    corp_id, service_type, fee_type, fee_value, given_value, agent_flag, more_late, priority = tail[:8]
    expire_time, schedule_time, report_flag, protocol_id, has_header, coding, message_type, length = tail[8:]
    return Submit(
        words(sp_number),
        numbers,
        _content(pdu, at + _SUBMIT_TAIL.size, length),
        coding,
        has_header,
        words(charge_number),
        words(corp_id),
        words(service_type),
        fee_type,
        words(fee_value),
        words(given_value),
        agent_flag,
        more_late,
        priority,
        words(expire_time),
        words(schedule_time),
        report_flag,
        protocol_id,
        message_type,
    )


def read_deliver(pdu: bytes) -> Deliver:
    """Raises `Malformed`."""
    number, sp_number, protocol_id, has_header, coding, length = _fields(_DELIVER, pdu)
    content = _content(pdu, HEADER.size + _DELIVER.size, length)
    return Deliver(words(number), words(sp_number), content, coding, has_header, protocol_id)


def read_report(pdu: bytes) -> Report:
    """Raises `Malformed`."""
    sequence, report_type, number, state, code = _fields(_REPORT, pdu)
    return Report(sequence.hex(), words(number), state, code, report_type)


def read_user_report(pdu: bytes) -> UserReport:
    """Raises `Malformed`."""
    sp_number, number, condition = _fields(_USER_REPORT, pdu)
    return UserReport(words(sp_number), words(number), condition)


def read_result(pdu: bytes) -> int:
    """The Result of any answer, `UNREAD` where it has none: that of an UNBIND, or one that is cut short."""
    return pdu[HEADER.size] if len(pdu) > HEADER.size else UNREAD


def _fields(layout: Struct, pdu: bytes, at: int = HEADER.size) -> tuple[Any, ...]:
    try:
        return layout.unpack_from(pdu, at)
    except struct.error:
        raise Malformed(f"{max(0, len(pdu) - at)} octets where {layout.size} are wanted") from None


def _content(pdu: bytes, at: int, length: int) -> bytes:
    content = pdu[at : at + length]
    if len(content) != length:
        raise Malformed(f"MessageLength says {length}, {len(content)} octets are there")
    return content


# ------------------------------------------------------------------------------------------------------------- writing


def write(command: int, sequence: bytes, body: bytes = b"") -> bytes:
    """A whole PDU; `sequence` are the twelve octets of its number."""
    return _LEAD.pack(HEADER.size + len(body), command, sequence) + body


def bind_body(bind: Bind) -> bytes:
    """Raises `ValueError` for what does not fit."""
    return bytes((bind.login_type,)) + fixed(bind.name, 16) + fixed(bind.password, 16) + _RESERVE


def submit_body(submit: Submit) -> bytes:
    """Raises `ValueError` for what does not fit."""
    return b"".join(
        (
            fixed(submit.sp_number, NUMBER),
            fixed(submit.charge_number, NUMBER),
            bytes((len(submit.numbers),)),
            *(fixed(number, NUMBER) for number in submit.numbers),
            fixed(submit.corp_id, 5),
            fixed(submit.service_type, 10),
            bytes((submit.fee_type,)),
            fixed(submit.fee_value, 6),
            fixed(submit.given_value, 6),
            bytes((submit.agent_flag, submit.more_late_to_mt, submit.priority)),
            fixed(submit.expire_time, 16),
            fixed(submit.schedule_time, 16),
            bytes((submit.report_flag, submit.protocol_id, submit.has_header, submit.coding, submit.message_type)),
            len(submit.content).to_bytes(4, "big"),
            submit.content,
            _RESERVE,
        )
    )


def deliver_body(deliver: Deliver) -> bytes:
    """Raises `ValueError` for what does not fit."""
    return b"".join(
        (
            fixed(deliver.number, NUMBER),
            fixed(deliver.sp_number, NUMBER),
            bytes((deliver.protocol_id, deliver.has_header, deliver.coding)),
            len(deliver.content).to_bytes(4, "big"),
            deliver.content,
            _RESERVE,
        )
    )


def report_body(report: Report) -> bytes:
    """Raises `ValueError` for what does not fit."""
    return (
        fixed(bytes.fromhex(report.sequence), 12)
        + bytes((report.report_type,))
        + fixed(report.number, NUMBER)
        + bytes((report.state, report.error))
        + _RESERVE
    )


def user_report_body(report: UserReport) -> bytes:
    """Raises `ValueError` for what does not fit."""
    return fixed(report.sp_number, NUMBER) + fixed(report.number, NUMBER) + bytes((report.condition,)) + _RESERVE


def answer(asked: bytes, result: int) -> bytes:
    """The answer to a request, which is known by its command and number: the octets 4 to 20 of its PDU.

    One form serves all: Result and Reserve. In a TRACE's, whose first octet counts the nodes it tells of, 0 is "none".
    """
    return _ANSWER.pack(_ANSWER.size, asked[0] | 0x80, asked[1:16], result)


_LEAD = Struct("!II12s")
_ANSWER = Struct("!IB15sB8x")


class SubmitTemplate:
    """A SUBMIT that only wants a destination and a number."""

    __slots__ = ("_head", "_layout", "_length", "_tail")

    def __init__(self, body: bytes) -> None:
        """`body` is that of a submit to one number."""
        self._head, self._tail = body[: _SUBMIT_HEAD.size], body[_SUBMIT_HEAD.size + NUMBER :]
        self._length = HEADER.size + len(body)
        self._layout = Struct(f"!II8sI{len(self._head)}s{NUMBER}s{len(self._tail)}s")

    def pdu(self, sequence: int, destination: str, reference: int, stamp: bytes) -> bytes:
        """The PDU. SGIP has no place for a `reference` and needs none: `stamp` and `sequence` name the submit."""
        to = destination.encode("ascii")
        return self._layout.pack(self._length, SUBMIT, stamp, sequence, self._head, to, self._tail)


def submit_template(
    profile: CarrierProfile, source: str, body: bytes, coding: int, concatenation: Concatenation | None
) -> SubmitTemplate:
    """Encode what is the same for everybody: service number, text, coding, header of a long text."""
    content = body if concatenation is None else udh.write(concatenation) + body
    submit = Submit(
        source,
        ("",),
        content,
        coding,  # 0 and 8 are ASCII and UCS-2 here, too
        int(concatenation is not None),
        corp_id=profile.corp_id or f"{profile.node % 100_000:05d}",  # the node number ends in it
        service_type=profile.service_id,
    )
    return SubmitTemplate(submit_body(submit))


# ------------------------------------------------------------------------------------------- what the events speak of


def _message_coding(coding: int) -> int:
    return 0 if coding == ASCII else coding


STATES = {0: ReceiptState.DELIVERED, 1: ReceiptState.ENROUTE, 2: ReceiptState.UNDELIVERABLE}
FAILED = {  # what State 2 means beside "not delivered", by ErrorCode
    54: ReceiptState.UNKNOWN,  # the next node did not answer
    55: ReceiptState.UNKNOWN,  # nor did it report
    61: ReceiptState.EXPIRED,
}


def receipt_state(state: int, code: int) -> ReceiptState:
    """What a REPORT says. Raises `Malformed` for a State that is not in the protocol."""
    if state not in STATES:
        raise Malformed(f"State {state}")
    return FAILED.get(code, STATES[state]) if state == 2 else STATES[state]


def _report(message_id: str, number: str, state: ReceiptState, code: int) -> Report:
    """The opposite of `receipt_state`: `code` is kept where it does not say something else than `state`."""
    match state:
        case ReceiptState.DELIVERED:
            return Report(message_id, number, 0, 0)
        case ReceiptState.ENROUTE | ReceiptState.ACCEPTED:
            return Report(message_id, number, 1, 0)
        case ReceiptState.EXPIRED:
            return Report(message_id, number, 2, 61)
        case ReceiptState.UNKNOWN:
            return Report(message_id, number, 2, 55)
        case _:
            return Report(message_id, number, 2, code if 0 < code < 256 and code not in FAILED else SYSTEM_FAILURE)


# -------------------------------------------------------------------------------------------------------- the dialect


class Sgip(Dialect):
    """SGIP 1.2 as a session speaks it. `profile` is None at the carrier's end.

    The carrier calls, too, and logs in with `name` and `password`. The handle of a request are its command and
    sequence number: the octets 4 to 20 of its PDU.
    """

    protocol = "sgip"
    header = HEADER
    longest = LONGEST
    last_sequence = LAST_SEQUENCE
    commands: Mapping[int, Command] = {
        BIND: Command.LOGIN,
        BIND | RESPONSE: Command.LOGIN_ANSWER,
        UNBIND: Command.LEAVE,
        UNBIND | RESPONSE: Command.LEAVE_ANSWER,
        SUBMIT: Command.SUBMIT,
        SUBMIT | RESPONSE: Command.SUBMIT_ANSWER,
        DELIVER: Command.DELIVER,
        DELIVER | RESPONSE: Command.DELIVER_ANSWER,
        REPORT: Command.DELIVER,
        REPORT | RESPONSE: Command.DELIVER_ANSWER,
        USERRPT: Command.DELIVER,
        USERRPT | RESPONSE: Command.DELIVER_ANSWER,
        TRACE: Command.ASK,
        TRACE | RESPONSE: Command.ASK_ANSWER,
    }
    probes = False
    too_fast = 88
    wrong_login = ILLEGAL_LOGIN
    failures = Failures("29", "32", "22")  # unknown user, system failure, no route

    def __init__(self, profile: CarrierProfile | None, at: datetime, name: str = "", password: str = "") -> None:
        """`at` is when the connection began."""
        if profile is not None:
            self._login = Bind(TO_CARRIER, profile.account, profile.password)
            self.stamp, self.results = stamp(profile.node, at), profile.results
        else:
            self._login = Bind(TO_GATEWAY, name, password)
            self.stamp, self.results = stamp(CARRIER_NODE, at), Results()

    def _number(self, sequence: int) -> bytes:
        return self.stamp + sequence.to_bytes(4, "big")

    def login(self, sequence: int) -> bytes:
        """BIND."""
        return write(BIND, self._number(sequence), bind_body(self._login))

    def read_login_answer(self, pdu: bytes) -> LoginAnswer:
        """BIND_RESP. It names nobody."""
        if (result := read_result(pdu)) == UNREAD:
            raise Malformed("no Result")
        return LoginAnswer(result, "")

    def read_login(self, pdu: bytes) -> BindRequested:
        """BIND, of whatever type: either connection carries whatever either end has to say."""
        bind = read_bind(pdu)
        mode = LOGIN_MODES.get(bind.login_type, "transceiver")
        return BindRequested(pdu[4:20], bind.name, bind.password, mode, pdu)

    def proves(self, login: BindRequested, password: str) -> bool:
        """SGIP sends the password itself."""
        return login.password == password

    def admission(self, handle: Handle, status: int, name: str, password: str) -> bytes:
        """BIND_RESP."""
        return answer(_asked(handle), status)

    def leave(self, sequence: int) -> bytes:
        """UNBIND."""
        return write(UNBIND, self._number(sequence))

    def leave_answer(self, pdu: bytes) -> bytes:
        """UNBIND_RESP, which has no body."""
        return write(UNBIND | RESPONSE, pdu[8:20])

    def unknown(self, pdu: bytes) -> bytes:
        """Its own answer: without one it would be sent again every 30 s."""
        return answer(pdu[4:20], WRONG_COMMAND)

    def broken(self) -> bytes:
        """Nothing: "on a syntax error either side closes"."""
        return b""

    def refusal(self, pdu: bytes, command: Command, *, unread: bool = False) -> bytes:
        """Its own answer, with what is wrong; a TRACE's is that we know nothing of it."""
        match command:
            case Command.ASK:
                return self.answer_question(pdu)
            case _ if unread:
                return answer(pdu[4:20], WRONG_PARAMETER)
            case Command.LOGIN:
                return answer(pdu[4:20], REPEATED_LOGIN)
            case _:
                return answer(pdu[4:20], ILLEGAL_LOGIN)

    def read_submit_answer(self, pdu: bytes) -> SubmitAnswer:
        """SUBMIT_RESP. The id is our own number, also where the carrier returns another node or time with it."""
        result = read_result(pdu)
        return SubmitAnswer(result, (self.stamp + pdu[16:20]).hex() if result == OK else "")

    def read_delivery(self, pdu: bytes) -> InboundText | DeliveryReceipt:
        """DELIVER or REPORT.

        A text gets no id: its sequence number is one by the book, but where a carrier starts anew with the same
        numbers, another citizen's text must not be taken for a repetition.
        """
        command = pdu[7]
        if command == REPORT:
            report = read_report(pdu)
            state = receipt_state(report.state, report.error)
            code = str(report.error) if report.state == 2 else ""
            return DeliveryReceipt(pdu[4:20], report.sequence, state, code, report.number, pdu)
        if command == USERRPT:
            raise Malformed(f"no text but a USERRPT: UserCondition {read_user_report(pdu).condition}")
        deliver = read_deliver(pdu)
        coding, binary = data_coding(deliver.coding)
        body, concatenation = deliver.content, None
        if deliver.has_header & 0x41:  # TP_udhi; some write it as SMPP's esm_class does
            body, concatenation, ported = udh.read(body)
            binary = binary or ported
        return InboundText(
            pdu[4:20],
            deliver.number,
            deliver.sp_number,
            body,
            coding,
            udh.sound(concatenation),
            binary,
            "",
            pdu,
        )

    def owed(self, pdu: bytes) -> Handle:
        """See the class."""
        return pdu[4:20]

    def delivery_answer(self, handle: Handle, taken: bool) -> bytes:
        """DELIVER_RESP, REPORT_RESP or USERRPT_RESP: taken, or too busy just now."""
        return answer(_asked(handle), OK if taken else BUSY)

    def describe(self, status: int) -> str:
        """Code and meaning."""
        return self.results.name(status)

    def credentials(self, status: int) -> bool:
        """A wrong name or password, or not the type of login that this account may use."""
        return status in CREDENTIALS

    def login_pause(self, status: int) -> float:
        """A minute, where there were too many logins in it."""
        return LOGIN_PAUSE if status == TOO_MANY_LOGINS else 0.0

    def new_id(self, serial: int, submit: SubmitReceived) -> str:
        """The submit's own sequence number."""
        return submit.raw[8:20].hex()

    def read_submit(self, pdu: bytes) -> SubmitReceived:
        """SUBMIT, to one number: what it says of several (UserCount) no carrier takes any more."""
        submit = read_submit(pdu)
        if len(submit.numbers) != 1:
            raise Malformed(f"UserCount {len(submit.numbers)}")
        body, concatenation = submit.content, None
        if submit.has_header & 0x41:
            body, concatenation, _ = udh.read(body)
        return SubmitReceived(
            pdu[4:20],
            submit.sp_number,
            submit.numbers[0],
            body,
            data_coding(submit.coding)[0],
            concatenation,
            submit.report_flag == 1,
            None,
            pdu,
        )

    def submit_answer(self, handle: Handle, status: int, message_id: str) -> bytes:
        """SUBMIT_RESP. The id is the sequence number that it repeats."""
        return answer(_asked(handle), status)

    def read_delivery_answer(self, pdu: bytes) -> int:
        """Result."""
        return read_result(pdu)

    def text(
        self, source: str, destination: str, body: bytes, coding: int, concatenation: Concatenation | None = None
    ) -> bytes:
        """DELIVER."""
        content = body if concatenation is None else udh.write(concatenation) + body
        deliver = Deliver(source, destination, content, _message_coding(coding), int(concatenation is not None))
        return write(DELIVER, self._number(0), deliver_body(deliver))

    def receipt(
        self, message_id: str, number: str, service_number: str, state: ReceiptState, error: str, at: str
    ) -> bytes:
        """REPORT. It knows neither our number nor a time."""
        report = _report(message_id, number, state, int(error or "0"))
        return write(REPORT, self._number(0), report_body(report))

    def renumbered(self, pdu: bytes, sequence: int) -> bytes:
        """Another Sequence Number, of this connection."""
        return pdu[:8] + self._number(sequence) + pdu[20:]

    def answer_question(self, pdu: bytes) -> bytes:
        """TRACE_RESP that tells of no node."""
        return answer(pdu[4:20], 0)


def _asked(handle: Handle) -> bytes:
    if not isinstance(handle, bytes):
        raise TypeError("not a handle of this dialect")
    return handle
