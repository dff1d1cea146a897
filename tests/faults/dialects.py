"""What the tests of faults need to know of a protocol. Another protocol adds its own `Dialect`, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from carriers import cmpp_pdus, dialects, sgip, smgp_pdus, smpp
from carriers import dialect as seam
from carriers.dialect import Command, Totals
from carriers.events import Concatenation, ReceiptState
from carriers.profile import CarrierProfile
from carriers.session import ANSWER_BIT, Session, State
from carriers.sgip import Deliver, Report, UserReport
from tests.carriers import test_cmpp, test_sgip, test_smgp
from tests.carriers.test_smpp import HOT, PROFILE
from tests.conftest import NOON

SUBMITTED = 50  # sequence number of the submit that waits for its answer
TOKEN = 7
FAR = 0xFF0000  # sequence numbers that no living carrier of a test comes to, whichever bit is flipped


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol as its carriers speak it. What follows `longest` may be left out."""

    name: str  # as the settings call it
    profile: CarrierProfile
    login: bytes  # answers a login, positively
    text: bytes  # a text: when it is heard, the link works
    pdus: Mapping[str, tuple[State, bytes]]  # all that a carrier sends, and where the session stands when it does
    longest: int  # octets of a PDU
    refusals: tuple[int, ...] = ()  # statuses of a refused login, if more than its own for a wrong one, and 100
    strange: tuple[int, ...] = (200, 255)  # statuses of a submit's answer that no table knows
    settings: Mapping[str, str] = field(default_factory=dict)  # of a line that speaks it, as the environment has them

    @property
    def carrier(self) -> seam.Dialect:
        """The carrier's end."""
        return dialects.carrier(self.name, NOON)

    def answered(self, sequence: int, status: int = 0) -> bytes:
        """The carrier's answer to a submit with this number."""
        stamp = dialects.gateway(self.profile, NOON).stamp
        template = dialects.template(self.profile, "1069", b"\x4e\x00", 8, None)
        submit = self.carrier.read_submit(template.pdu(sequence, "8613800000001", 1, stamp))
        return self.carrier.submit_answer(submit.answer, status, self.carrier.new_id(1, submit))

    def misanswered(self, sequence: int) -> dict[str, bytes]:
        """Answers of every other kind with this number, and one that no protocol has."""
        right = self.answered(sequence)
        wrong = [
            command
            for command, meaning in self.carrier.commands.items()
            if command >> 24 & ANSWER_BIT and meaning not in (Command.SUBMIT_ANSWER, Command.REJECTION)
        ]
        return {f"0x{one:08X}": right[:4] + one.to_bytes(4, "big") + right[8:] for one in (*wrong, 0x80000777)}

    def session(self, state: State = State.BOUND) -> Session:
        """The gateway's end at second 0. Logged in, a submit waits for its answer, except while it unbinds."""
        session = Session.gateway(self.profile, dialects.gateway(self.profile, NOON))
        session.connected(0.0)
        if state is not State.BINDING:
            session.receive(self.login, 0.0)
        if state is State.BOUND:
            session.submit([(SUBMITTED, TOKEN, b"")], 0.0)
        elif state is State.UNBINDING:
            session.drain(0.0)
        session.data_to_send()
        assert session.state is state
        return session


def _data_sm() -> bytes:
    words = b"\x4e\x00" * 3
    head = b"\x00\x01\x018613800000001\x00\x00\x011069\x00" + bytes((0, 0, 8))
    body = head + smpp.PAYLOAD.to_bytes(2, "big") + len(words).to_bytes(2, "big") + words
    return smpp.HEADER.pack(16 + len(body), smpp.DATA_SM, 0, FAR) + body


_LOGIN = smpp.with_string(smpp.BIND_TRANSCEIVER | smpp.RESPONSE, 0, 1, "SMSC")

SMPP = Dialect(
    "smpp",
    PROFILE,
    _LOGIN,
    smpp.renumbered(HOT["text"], FAR + 1),
    {
        "bind_transceiver_resp": (State.BINDING, _LOGIN),
        "submit_sm_resp": (
            State.BOUND,
            smpp.with_string(smpp.SUBMIT_SM | smpp.RESPONSE, 0, SUBMITTED, "1A2B"),
        ),
        **{
            f"deliver_sm {name}": (State.BOUND, smpp.renumbered(pdu, FAR))
            for name, pdu in HOT.items()
            if name != "payload"
        },
        "data_sm": (State.BOUND, _data_sm()),
        "enquire_link": (State.BOUND, smpp.bare(smpp.ENQUIRE_LINK, 0, 9)),
        "enquire_link_resp": (State.BOUND, smpp.bare(smpp.ENQUIRE_LINK | smpp.RESPONSE, 0, 9)),
        "unbind": (State.BOUND, smpp.bare(smpp.UNBIND, 0, 9)),
        "unbind_resp": (State.UNBINDING, smpp.bare(smpp.UNBIND | smpp.RESPONSE, 0, 2)),
        "generic_nack": (State.BOUND, smpp.bare(smpp.GENERIC_NACK, smpp.INVALID_LENGTH, SUBMITTED)),
    },
    smpp.LONGEST,
    refusals=(0x0D, 0x0E, 0x0F, 0x05, 0x08, 0x400),
    strange=(0x400, 0x4FF, 0x0B00, 0xFFFFFFFF),
)


def _smgp() -> Dialect:
    profile, deliver = test_smgp.PROFILE, test_smgp.deliver
    proof = smgp_pdus.authenticator(profile.account, profile.password, 1124120000)  # of a login at noon
    welcome = smgp_pdus.Welcome(0, smgp_pdus.server_authenticator(0, proof, profile.password), smgp_pdus.V30)
    login = smgp_pdus.write_welcome(1, welcome)
    report = smgp_pdus.report_content(test_smgp.ID, ReceiptState.EXPIRED, "007", "2611220015", "2611220016")
    part = {smgp_pdus.TP_UDHI: b"\x01", smgp_pdus.PK_TOTAL: b"\x03", smgp_pdus.PK_NUMBER: b"\x02"}

    def numbered(pdu: bytes) -> bytes:
        return pdu[:8] + FAR.to_bytes(4, "big") + pdu[12:]

    answer = smgp_pdus.Answer(test_smgp.ID, 0)
    query = smgp_pdus.Query("20261122", 0, "")
    return Dialect(
        "smgp",
        profile,
        login,
        deliver(),
        {
            "Login_Resp": (State.BINDING, login),
            "Submit_Resp": (State.BOUND, smgp_pdus.write_answer(smgp_pdus.SUBMIT, SUBMITTED, answer)),
            "Deliver text": (State.BOUND, numbered(deliver())),
            "Deliver part": (
                State.BOUND,
                numbered(deliver(content=bytes((5, 0, 3, 7, 3, 2)) + b"\x4e\x00", tlvs=part)),
            ),
            "Deliver report": (State.BOUND, numbered(deliver(is_report=1, form=0, content=report))),
            "Active_Test": (State.BOUND, smgp_pdus.bare(smgp_pdus.ACTIVE_TEST, 9)),
            "Active_Test_Resp": (State.BOUND, smgp_pdus.bare(smgp_pdus.ACTIVE_TEST | smgp_pdus.RESPONSE, 9)),
            "Query": (State.BOUND, smgp_pdus.write_query(9, query)),
            "Query_Resp": (State.BOUND, smgp_pdus.write_counts(9, query, Totals(1, 1, 1))),
            "Exit": (State.BOUND, smgp_pdus.bare(smgp_pdus.EXIT, 9)),
            "Exit_Resp": (State.UNBINDING, smgp_pdus.bare(smgp_pdus.EXIT | smgp_pdus.RESPONSE, 2)),
        },
        smgp_pdus.LONGEST,
        refusals=(1, 2, 3, 10, 20, 22, 75, 101, 0xFFFFFFFF),
        strange=(128, 255, 1000, 0xFFFFFFFF),
        settings={"DESTINATION_PREFIX": ""},
    )


def _cmpp(protocol: str) -> Dialect:
    layout = cmpp_pdus.LAYOUTS[protocol]
    carrier = dialects.carrier(protocol, NOON)
    number, access, response = "8613800000001", "1069", cmpp_pdus.RESPONSE

    def delivery(pdu: bytes, sequence: int = FAR) -> tuple[State, bytes]:
        return State.BOUND, carrier.renumbered(pdu, sequence)

    words = b"\x4e\x00" * 5
    login = test_cmpp.golden(protocol, "connect_resp")
    receipt = cmpp_pdus.Report("bb00f78003e9002a", "MK:0001", "2611241200", "2611241201", number, 7)
    pdus = {
        "CONNECT_RESP": (State.BINDING, login),
        "SUBMIT_RESP": (State.BOUND, cmpp_pdus.submit_answer(layout, SUBMITTED, "bb00f78003e9002a", 0)),
        "DELIVER text": delivery(carrier.text(number, access, words, 8)),
        "DELIVER part": delivery(carrier.text(number, access, words, 15, Concatenation(7, 3, 2, 16))),
        **{
            f"DELIVER receipt of {size}": delivery(
                cmpp_pdus.deliver(layout, 0, cmpp_pdus.Deliver(access, number, 0, content, registered=1))
            )
            for size, content in (
                (60, cmpp_pdus.report(cmpp_pdus.V2, receipt)),
                (71, cmpp_pdus.report(cmpp_pdus.V3, receipt)),
            )
        },
        "ACTIVE_TEST": (State.BOUND, cmpp_pdus.bare(cmpp_pdus.ACTIVE_TEST, 9)),
        "ACTIVE_TEST_RESP": (State.BOUND, cmpp_pdus.framed(cmpp_pdus.ACTIVE_TEST | response, 9, b"\x00")),
        "TERMINATE": (State.BOUND, cmpp_pdus.bare(cmpp_pdus.TERMINATE, 9)),
        "TERMINATE_RESP": (State.UNBINDING, cmpp_pdus.bare(cmpp_pdus.TERMINATE | response, 2)),
        "QUERY_RESP": (State.BOUND, test_cmpp.golden(protocol, "query_resp")),
        "CANCEL_RESP": (State.BOUND, cmpp_pdus.cancel_answer(layout, 9, 0)),
    }
    _, text = delivery(carrier.text(number, access, words, 8), FAR + 1)
    return Dialect(
        protocol,
        test_cmpp.PROFILES[protocol],
        login,
        text,
        pdus,
        cmpp_pdus.LONGEST,
        strange=(14, 100, 255),
        settings={"ACCOUNT": "901234"},
    )


def _sgip(command: int, body: bytes = b"", counter: int = FAR, stamp: bytes = bytes(8)) -> bytes:
    return sgip.write(command, stamp + counter.to_bytes(4, "big"), body)


_SGIP_STAMP = sgip.stamp(test_sgip.PROFILE.node, NOON)
_SGIP_LOGIN = _sgip(sgip.BIND | sgip.RESPONSE, bytes(9), 1, _SGIP_STAMP)
_SGIP_TEXT = Deliver("8613000000001", "1069", b"\x4e\x00" * 5, 8)

SGIP = Dialect(
    "sgip",
    test_sgip.PROFILE,
    _SGIP_LOGIN,
    _sgip(sgip.DELIVER, sgip.deliver_body(_SGIP_TEXT), FAR + 1),
    {
        "BIND_RESP": (State.BINDING, _SGIP_LOGIN),
        "SUBMIT_RESP": (State.BOUND, _sgip(sgip.SUBMIT | sgip.RESPONSE, bytes(9), SUBMITTED, _SGIP_STAMP)),
        "DELIVER text": (State.BOUND, _sgip(sgip.DELIVER, sgip.deliver_body(_SGIP_TEXT))),
        "DELIVER part": (
            State.BOUND,
            _sgip(
                sgip.DELIVER,
                sgip.deliver_body(_SGIP_TEXT._replace(content=b"\x05\x00\x03\x07\x03\x02\x4e\x00", has_header=1)),
            ),
        ),
        "REPORT": (
            State.BOUND,
            _sgip(sgip.REPORT, sgip.report_body(Report(_SGIP_STAMP.hex() + "00000032", "8613000000001", 2, 22))),
        ),
        "USERRPT": (State.BOUND, _sgip(sgip.USERRPT, sgip.user_report_body(UserReport("1069", "8613000000001", 1)))),
        "TRACE": (State.BOUND, _sgip(sgip.TRACE, bytes(41))),
        "UNBIND": (State.BOUND, _sgip(sgip.UNBIND)),
        "UNBIND_RESP": (State.UNBINDING, _sgip(sgip.UNBIND | sgip.RESPONSE, b"", 2, _SGIP_STAMP)),
    },
    sgip.LONGEST,
    settings={"NODE": str(test_sgip.PROFILE.node)},
)


CMPP2, CMPP3 = _cmpp("cmpp2"), _cmpp("cmpp3")

DIALECTS = (SMPP, CMPP2, CMPP3, SGIP, _smgp())
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
