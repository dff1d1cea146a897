"""What the tests of octets need to know of a protocol. Another protocol adds its own `Dialect`, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from carriers import dialects, sgip, smpp
from carriers.profile import CarrierProfile
from carriers.session import Session, State
from carriers.sgip import Deliver, Report, UserReport
from tests.carriers import test_sgip
from tests.carriers.test_smpp import HOT, PROFILE
from tests.conftest import NOON

SUBMITTED = 50  # sequence number of the submit that waits for its answer
TOKEN = 7
FAR = 0xFF0000  # sequence numbers that no living carrier of a test comes to, whichever bit is flipped


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol as its carriers speak it."""

    name: str
    profile: CarrierProfile
    login: bytes  # answers a login, positively
    text: bytes  # a text: when it is heard, the link works
    pdus: Mapping[str, tuple[State, bytes]]  # all that a carrier sends, and where the session stands when it does
    longest: int  # octets of a PDU

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
)

DIALECTS = (SMPP, SGIP)
