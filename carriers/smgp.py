"""SMGP 3.0 and 1.3 (China Telecom): the dialect that a session speaks, and what its PDUs mean to us."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count

from carriers import udh
from carriers.dialect import Command, Dialect, Failures, Ledger, LoginAnswer, SubmitAnswer, Totals
from carriers.events import (
    BindRequested,
    Concatenation,
    DeliveryReceipt,
    Handle,
    InboundText,
    ReceiptState,
    SubmitReceived,
)
from carriers.pdu import CHINA, Malformed, data_coding, fixed
from carriers.profile import CarrierProfile
from carriers.receipts import read as read_words
from carriers.results import UNREAD, Results
from carriers.smgp_pdus import (
    ACTIVE_TEST,
    ANSWER_PDU,
    AUTHENTICATION,
    BOTH_WAYS,
    BUSY,
    DELIVER,
    EXIT,
    HEADER,
    LAST_SEQUENCE,
    LOGIN,
    LOGIN_MODES,
    LONGEST,
    MSG_SRC,
    NO_ID,
    NO_TLVS,
    OK,
    PK_NUMBER,
    PK_TOTAL,
    QUERY,
    RESPONSE,
    STRUCTURE,
    SUBMIT,
    TP_UDHI,
    V13,
    V30,
    VERSIONS,
    WRONG_COMMAND,
    Answer,
    Deliver,
    Login,
    Submit,
    SubmitTemplate,
    Welcome,
    authenticator,
    bare,
    read_deliver,
    read_login,
    read_query,
    read_submit,
    read_welcome,
    report_content,
    server_authenticator,
    write_answer,
    write_counts,
    write_deliver,
    write_login,
    write_welcome,
)

CREDENTIALS = frozenset({3, 20, 21, 22, 76, 101, 102, 110, 114, 116, 117})
"""Refusals of a login that the next try cannot change, because our address, account, password, version or right must
change first. 3 is what SMSGate answers to a wrong password, 101 and on are those of a product of China Telecom's."""


# ------------------------------------------------------------------------------------------------------------- meaning

_USUAL = re.compile(rb" stat:([A-Z]{7}) err:([0-9A-Z]{3})[ \x00]")
_STATES = {state.value.encode(): state for state in ReceiptState}
_UNKNOWN = ReceiptState.UNKNOWN
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
        state, error = _STATES.get(usual[1], _UNKNOWN), usual[2].decode("ascii")
    else:
        _, state, error = read_words(content[_ID.stop :].replace(b"\x00", b" "), None, None, None)
    return DeliveryReceipt(answer, _written_id(content[_ID]), state, error, deliver.source, pdu)


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
        _written_id(deliver.message_id),
        pdu,
    )


def _written_id(message_id: bytes) -> str:
    """As a key, never taken apart. Noughts are no id."""
    return message_id.hex() if message_id != NO_ID else ""


def _numbered(tlvs: Mapping[int, bytes]) -> Concatenation:
    """By PkTotal and PkNumber alone: there is no reference to tell two texts of a sender apart."""
    return Concatenation(0, tlvs[PK_TOTAL][-1] if tlvs[PK_TOTAL] else 0, (tlvs.get(PK_NUMBER) or b"\x00")[-1], 8)


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
    failures = Failures("003", "006", "")

    def __init__(self, profile: CarrierProfile | None, at: datetime, ledger: Ledger | None = None) -> None:
        self._profile, self._ledger = profile, ledger
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
            doubt = "对方的认证码与本方密码不符"
            if self._profile.strict_login:
                return LoginAnswer(AUTHENTICATION, peer, reason=doubt)
            return LoginAnswer(OK, peer, doubt)
        if version == V13 != self._version:
            return LoginAnswer(status, peer, f"对方是 SMGP 1.3,本方按 {_written(self._version)}:请核对 smgp_version")
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
        sequence, client, version = handle
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
                return write_answer(SUBMIT, _sequence(pdu), Answer(NO_ID, status))
            case Command.DELIVER:
                return write_answer(DELIVER, _sequence(pdu), Answer(_message_id(pdu), status))
        return b""

    def read_submit_answer(self, pdu: bytes) -> SubmitAnswer:
        """Submit_Resp."""
        if len(pdu) < ANSWER_PDU.size:
            return SubmitAnswer(UNREAD, "")
        _, _, _, message_id, status = ANSWER_PDU.unpack_from(pdu)
        return SubmitAnswer(status, _written_id(message_id) if status == OK else "")

    def read_delivery(self, pdu: bytes) -> InboundText | DeliveryReceipt:
        """Deliver."""
        return read_delivery(pdu)

    def owed(self, pdu: bytes) -> Handle:
        """See the class."""
        return _sequence(pdu), _message_id(pdu)

    def delivery_answer(self, handle: Handle, taken: bool) -> bytes:
        """Deliver_Resp: we are busy, when it must come again."""
        sequence, message_id = handle
        return ANSWER_PDU.pack(ANSWER_PDU.size, DELIVER | RESPONSE, sequence, message_id, OK if taken else BUSY)

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
            one.service,
        )

    def submit_answer(self, handle: Handle, status: int, message_id: str) -> bytes:
        """Submit_Resp."""
        return write_answer(SUBMIT, handle, Answer(bytes.fromhex(message_id) or NO_ID, status))

    def read_delivery_answer(self, pdu: bytes) -> int:
        """Its status. An answer that ends before it asks for the delivery again."""
        return ANSWER_PDU.unpack_from(pdu)[4] if len(pdu) >= ANSWER_PDU.size else STRUCTURE

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
        one = Deliver(self._delivery_id(), 1, 0, f"20{at}00", number, service_number, content, NO_TLVS)
        return write_deliver(0, one)

    def _delivery_id(self) -> bytes:
        return bytes.fromhex(self._new_id("010062", next(self._delivered)))

    def renumbered(self, pdu: bytes, sequence: int) -> bytes:
        """Another SequenceID."""
        return pdu[:8] + sequence.to_bytes(4, "big") + pdu[12:]

    def answer_question(self, pdu: bytes) -> bytes:
        """Query_Resp: nothing happened where there is no ledger."""
        query = read_query(pdu)
        totals = self._ledger.totals(query.day, query.code if query.kind else "") if self._ledger else Totals()
        return write_counts(_sequence(pdu), query, totals)


def _sequence(pdu: bytes) -> int:
    return int(HEADER.unpack_from(pdu)[2])


def _message_id(pdu: bytes) -> bytes:
    """The MsgID of a Deliver, also of one that ends early."""
    return pdu[HEADER.size : HEADER.size + 10].ljust(10, b"\x00")


def _written(version: int) -> str:
    return f"{version >> 4}.{version & 0xF}"
