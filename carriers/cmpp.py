"""CMPP 2.0 and 3.0 (China Mobile): the dialect that a session speaks with the PDUs of `cmpp_pdus`.

Clause numbers are those of CMPP 2.0, April 2002.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import compare_digest
from itertools import count

from carriers import cmpp_pdus as pdus
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
from carriers.pdu import Malformed, data_coding
from carriers.profile import CarrierProfile
from carriers.results import Results

UNPROVEN = -2  # no status of CMPP's: the gateway let us in, but could not prove that it knows our password

LOGIN_NAMES = {
    pdus.STRUCTURE: "消息结构错",
    pdus.ILLEGAL_ADDRESS: "非法源地址",
    pdus.AUTHENTICATION: "认证错",
    pdus.VERSION_TOO_HIGH: "版本太高",
    UNPROVEN: "对方的认证码与本方密码不符",
}


_STATES = {state.value: state for state in ReceiptState}
GATEWAY = 1001  # of the ids that the carrier's end gives


# ----------------------------------------------------------------------------------------------------------- submits


class SubmitTemplate:
    """A CMPP_SUBMIT that only wants a destination and a sequence number."""

    __slots__ = ("_head", "_length", "_number", "_tail")

    def __init__(self, layout: pdus.Layout, one: pdus.Submit) -> None:
        pdu = pdus.submit(layout, 0, one)
        at = pdus.BODY + layout.submit.size
        self._length, self._number = len(pdu), layout.number
        self._head, self._tail = pdu[pdus.BODY : at], pdu[at + layout.number :]

    def pdu(self, sequence: int, destination: str, reference: int, stamp: bytes = b"") -> bytes:
        """The PDU. `destination` is ASCII digits; CMPP has no field for a `reference`."""
        to = destination.encode("ascii")
        if len(to) > self._number:
            raise ValueError(f"a number of {len(to)} digits where the protocol allows {self._number}")
        header = pdus.HEADER.pack(self._length, pdus.SUBMIT, sequence)
        return header + self._head + to.ljust(self._number, b"\x00") + self._tail


def submit_template(
    profile: CarrierProfile, source: str, body: bytes, coding: int, concatenation: Concatenation | None
) -> SubmitTemplate:
    """Encode what is the same for everybody. `coding` is 0 (ASCII) or 8 (UCS-2), which are CMPP's numbers, too."""
    one = pdus.Submit(source, ("",), coding, body, profile.service_id, profile.corp_id or profile.account)
    if concatenation is not None:
        one = one._replace(
            content=udh.write(concatenation) + body,
            headed=1,
            total=concatenation.total,
            number=concatenation.number,
        )
    return SubmitTemplate(pdus.LAYOUTS[profile.protocol], one)


# ---------------------------------------------------------------------------------------------- what a delivery says


def outcome(stat: str) -> tuple[ReceiptState, str]:
    """What a Stat means, and the code to keep: MK:0001, MBBLACK and whatever else is no state name a failure."""
    state = _STATES.get(stat.upper())
    if state is not None:
        return state, ""
    return (ReceiptState.UNDELIVERABLE, stat) if stat else (ReceiptState.UNKNOWN, "")


_CODINGS = tuple(data_coding(form) for form in range(256))


# -------------------------------------------------------------------------------------------------------- the dialect


class Cmpp(Dialect):
    """CMPP as a session speaks it. `profile` is None at the carrier's end; `ledger` is what that one knows.

    The handle of a CMPP_DELIVER is its sequence number and its Msg_Id, which the answer repeats; that of a
    CMPP_CONNECT its number and its authenticator, over which the answer's goes; that of a CMPP_SUBMIT its number.
    """

    header = pdus.HEADER
    longest = pdus.LONGEST
    last_sequence = pdus.LAST_SEQUENCE
    commands: Mapping[int, Command] = {
        pdus.CONNECT: Command.LOGIN,
        pdus.CONNECT | pdus.RESPONSE: Command.LOGIN_ANSWER,
        pdus.SUBMIT: Command.SUBMIT,
        pdus.SUBMIT | pdus.RESPONSE: Command.SUBMIT_ANSWER,
        pdus.DELIVER: Command.DELIVER,
        pdus.DELIVER | pdus.RESPONSE: Command.DELIVER_ANSWER,
        pdus.ACTIVE_TEST: Command.PROBE,
        pdus.ACTIVE_TEST | pdus.RESPONSE: Command.PROBE_ANSWER,
        pdus.TERMINATE: Command.LEAVE,
        pdus.TERMINATE | pdus.RESPONSE: Command.LEAVE_ANSWER,
        pdus.QUERY: Command.ASK,
        pdus.QUERY | pdus.RESPONSE: Command.ASK_ANSWER,
        pdus.CANCEL: Command.ASK,
        pdus.CANCEL | pdus.RESPONSE: Command.ASK_ANSWER,
    }
    stamp = b""
    probes = True
    too_fast = pdus.FLOW_CONTROL
    wrong_login = pdus.AUTHENTICATION
    failures = Failures("MK:0001", "MK:0013", "NP:1243")

    def __init__(
        self, protocol: str, at: datetime, profile: CarrierProfile | None = None, ledger: Ledger | None = None
    ) -> None:
        self.protocol = protocol
        self.results = profile.results if profile is not None else Results()
        self._layout = pdus.LAYOUTS[protocol]
        self._at = at
        self._profile = profile
        self._ledger = ledger
        self._proof = b""  # that we sent: the answer's goes over it
        self._delivered = count()  # at the carrier's end: each text and receipt has an id of its own

    def login(self, sequence: int) -> bytes:
        """CMPP_CONNECT."""
        if self._profile is None:
            raise ValueError("a carrier does not log in")
        timestamp = pdus.timestamp_of(self._at)
        account, password = self._profile.account, self._profile.password
        self._proof = pdus.account_proof(account, password, timestamp, padded=self._profile.padded_login)
        return pdus.connect(sequence, pdus.Connect(account, self._proof, self._layout.version, timestamp))

    def read_login_answer(self, pdu: bytes) -> LoginAnswer:
        """CMPP_CONNECT_RESP. Its authenticator may go over a status of one octet or of four, whatever the version."""
        status, proof, version = pdus.read_connect_answer(pdu)
        peer = f"CMPP {version >> 4}.{version & 0x0F}"
        if status != pdus.OK:
            return LoginAnswer(status, peer, reason=_login_reason(status))
        if self._profile is None or self._is_proof(proof, self._profile.password):
            return LoginAnswer(pdus.OK, peer)
        if self._profile.strict_login:
            return LoginAnswer(UNPROVEN, peer, reason=_login_reason(UNPROVEN))
        return LoginAnswer(pdus.OK, peer, doubt=LOGIN_NAMES[UNPROVEN])

    def _is_proof(self, proof: bytes, password: str) -> bool:
        return any(compare_digest(proof, pdus.gateway_proof(bytes(size), self._proof, password)) for size in (1, 4))

    def read_login(self, pdu: bytes) -> BindRequested:
        """CMPP_CONNECT of a version whose layout we have."""
        login = pdus.read_connect(pdu)
        if _newer(login.version) != _newer(self._layout.version):
            raise Malformed(f"version 0x{login.version:02x}")
        return BindRequested((_sequence(pdu), login.proof), login.account, "", "transceiver", pdu)

    def proves(self, login: BindRequested, password: str) -> bool:
        """The authenticator was made with it, over the account with or without its padding."""
        account, proof, _, timestamp = pdus.read_connect(login.raw)
        return any(
            compare_digest(proof, pdus.account_proof(account, password, timestamp, padded=padded))
            for padded in (False, True)
        )

    def admission(self, handle: Handle, status: int, name: str, password: str) -> bytes:
        """CMPP_CONNECT_RESP: with our authenticator only when it is a welcome."""
        sequence, asked = _pair(handle)
        welcome = status == pdus.OK
        proof = pdus.gateway_proof(pdus.status_field(self._layout, status), asked, password) if welcome else b""
        return pdus.connect_answer(self._layout, sequence, pdus.Welcome(status, proof, self._layout.version))

    def probe(self, sequence: int) -> bytes:
        """CMPP_ACTIVE_TEST."""
        return pdus.bare(pdus.ACTIVE_TEST, sequence)

    def probe_answer(self, pdu: bytes) -> bytes:
        """CMPP_ACTIVE_TEST_RESP: with an octet in reserve (7.4.7)."""
        return pdus.framed(pdus.ACTIVE_TEST | pdus.RESPONSE, _sequence(pdu), b"\x00")

    def leave(self, sequence: int) -> bytes:
        """CMPP_TERMINATE."""
        return pdus.bare(pdus.TERMINATE, sequence)

    def leave_answer(self, pdu: bytes) -> bytes:
        """CMPP_TERMINATE_RESP."""
        return pdus.bare(pdus.TERMINATE | pdus.RESPONSE, _sequence(pdu))

    def unknown(self, pdu: bytes) -> bytes:
        """CMPP has no word for it."""
        return b""

    def broken(self) -> bytes:
        """Nor for that."""
        return b""

    def refusal(self, pdu: bytes, command: Command, *, unread: bool = False) -> bytes:
        """Its own answer, with what is wrong. A CMPP_QUERY has no answer that says no."""
        sequence, wrong = _sequence(pdu), pdus.STRUCTURE if unread else pdus.COMMAND_ID
        match command:
            case Command.LOGIN:
                status = self._login_trouble(pdu) if unread else pdus.OTHER
                return pdus.connect_answer(self._layout, sequence, pdus.Welcome(status, b"", self._layout.version))
            case Command.SUBMIT:
                return pdus.submit_answer(self._layout, sequence, pdus.NO_ID, wrong)
            case Command.DELIVER:
                return pdus.deliver_answer(self._layout, sequence, _octets_of_id(pdu), wrong)
            case Command.ASK if pdus.HEADER.unpack_from(pdu)[1] == pdus.CANCEL:
                return pdus.cancel_answer(self._layout, sequence, wrong)
        return b""

    def _login_trouble(self, pdu: bytes) -> int:
        """What is wrong with a login that `read_login` would not read."""
        try:
            version = pdus.read_connect(pdu).version
        except Malformed:
            return pdus.STRUCTURE
        return pdus.VERSION_TOO_HIGH if version > self._layout.version else pdus.OTHER

    def read_submit_answer(self, pdu: bytes) -> SubmitAnswer:
        """CMPP_SUBMIT_RESP."""
        return pdus.read_submit_answer(pdu)

    def read_delivery(self, pdu: bytes) -> InboundText | DeliveryReceipt:
        """CMPP_DELIVER."""
        one = pdus.read_deliver(self._layout, pdu)
        handle = (_sequence(pdu), pdu[pdus.BODY : pdus.BODY + 8])
        if one.registered == 1:
            told = pdus.read_report(one.content)
            state, error = outcome(told.stat)
            return DeliveryReceipt(handle, pdus.known(told.message_id), state, error, one.source or told.number, pdu)
        coding, binary = _CODINGS[one.coding]
        body, concatenation, ported = _headed(one.content, one.headed)
        return InboundText(
            handle,
            one.source,
            one.destination,
            body,
            coding,
            udh.sound(concatenation),
            binary or ported,
            pdus.known(one.message_id),
            pdu,
        )

    def owed(self, pdu: bytes) -> Handle:
        """See the class."""
        return _sequence(pdu), _octets_of_id(pdu)

    def delivery_answer(self, handle: Handle, taken: bool) -> bytes:
        """CMPP_DELIVER_RESP."""
        sequence, message_id = _pair(handle)
        return pdus.deliver_answer(self._layout, sequence, message_id, pdus.OK if taken else pdus.NOT_NOW)

    def describe(self, status: int) -> str:
        """The result of a submit: code and name."""
        return self.results.name(status)

    def credentials(self, status: int) -> bool:
        """An unknown account, a wrong password, or a gateway that does not know ours."""
        return status in (pdus.ILLEGAL_ADDRESS, pdus.AUTHENTICATION, UNPROVEN)

    def login_pause(self, status: int) -> float:
        """CMPP has no word for it."""
        return 0.0

    def new_id(self, serial: int, submit: SubmitReceived) -> str:
        """A Msg_Id of the moment this dialect was made, or of one soon after: the field takes 65,536 a second."""
        return pdus.msg_id(self._at + timedelta(seconds=serial >> 16), GATEWAY, serial)

    def read_submit(self, pdu: bytes) -> SubmitReceived:
        """CMPP_SUBMIT, to one number: who sends to more cannot tell their receipts apart."""
        one = pdus.read_submit(self._layout, pdu)
        if len(one.destinations) != 1:
            raise Malformed(f"{len(one.destinations)} destinations")
        body, concatenation, _ = _headed(one.content, one.headed)
        return SubmitReceived(
            _sequence(pdu),
            one.source,
            one.destinations[0],
            body,
            _CODINGS[one.coding][0],
            concatenation,
            one.registered == 1,
            None,
            pdu,
            one.service,
        )

    def submit_answer(self, handle: Handle, status: int, message_id: str) -> bytes:
        """CMPP_SUBMIT_RESP: without an id when it is a refusal."""
        if not isinstance(handle, int):
            raise TypeError("not a handle of this dialect")
        return pdus.submit_answer(self._layout, handle, message_id if status == pdus.OK else pdus.NO_ID, status)

    def read_delivery_answer(self, pdu: bytes) -> int:
        """Result."""
        return pdus.read_status(pdu, pdus.BODY + 8)

    def text(
        self, source: str, destination: str, body: bytes, coding: int, concatenation: Concatenation | None = None
    ) -> bytes:
        """CMPP_DELIVER of a text."""
        header = udh.write(concatenation) if concatenation is not None else b""
        one = pdus.Deliver(
            destination,
            source,
            0 if coding == 1 else coding,
            header + body,
            headed=bool(header),
            message_id=self._next(),
        )
        return pdus.deliver(self._layout, 0, one)

    def receipt(
        self, message_id: str, number: str, service_number: str, state: ReceiptState, error: str, at: str
    ) -> bytes:
        """CMPP_DELIVER of a receipt. A Stat has place for a state or for a code of two letters and four digits."""
        stat = error if ":" in error else state.value
        content = pdus.report(self._layout, pdus.Report(message_id, stat, at, at, number))
        return pdus.deliver(
            self._layout, 0, pdus.Deliver(service_number, number, 0, content, registered=1, message_id=self._next())
        )

    def _next(self) -> str:
        serial = next(self._delivered)
        return pdus.msg_id(self._at + timedelta(seconds=serial >> 16), GATEWAY + 1, serial)

    def renumbered(self, pdu: bytes, sequence: int) -> bytes:
        """Another Sequence_Id."""
        return pdus.renumbered(pdu, sequence)

    def answer_question(self, pdu: bytes) -> bytes:
        """CMPP_QUERY_RESP and CMPP_CANCEL_RESP, from the ledger."""
        try:
            if pdus.HEADER.unpack_from(pdu)[1] == pdus.CANCEL:
                done = self._ledger is not None and self._ledger.cancel(pdus.read_cancel(pdu))
                return pdus.cancel_answer(self._layout, _sequence(pdu), pdus.OK if done else pdus.NOT_CANCELLED)
            asked = pdus.read_query(pdu)
        except Malformed:
            return self.refusal(pdu, Command.ASK, unread=True)
        totals = self._ledger.totals(asked.day, asked.service) if self._ledger is not None else Totals()
        return pdus.query_answer(_sequence(pdu), asked, totals)


def _newer(version: int) -> bool:
    """3.0's layout. Versions 0 and 1 are meant for 2.0 and 0x7F for 3.0 by those that send them."""
    return version >= pdus.V3.version


def _login_reason(status: int) -> str:
    return f"{status} {LOGIN_NAMES.get(status, '其他错误')}" if status >= 0 else LOGIN_NAMES[status]


def _headed(content: bytes, headed: int) -> udh.Headed:
    """TP_udhi is a bit of an octet (3GPP TS 23.040, 9.2.3.23) or just 1, depending on who sends it."""
    return udh.read(content) if headed & 0x41 else udh.Headed(content, None, False)


def _octets_of_id(pdu: bytes) -> bytes:
    return pdu[pdus.BODY : pdus.BODY + 8].ljust(8, b"\x00")


def _sequence(pdu: bytes) -> int:
    return int(pdus.HEADER.unpack_from(pdu)[2])


def _pair(handle: Handle) -> tuple[int, bytes]:
    if not isinstance(handle, tuple):
        raise TypeError("not a handle of this dialect")
    sequence, octets = handle
    return sequence, octets
