"""CMPP on the wire: golden PDUs of three other implementations, and what gateways in the field do otherwise."""

import contextlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import cmpp, dialects
from carriers import cmpp_pdus as pdus
from carriers.cmpp import Cmpp
from carriers.cmpp_pdus import BODY, V2, V3, Layout
from carriers.dialect import Totals
from carriers.events import (
    BindRefused,
    BindRequested,
    Bound,
    Concatenation,
    DeliverAnswered,
    DeliveryReceipt,
    Event,
    InboundText,
    ReceiptState,
    SubmitAnswered,
    SubmitReceived,
    Unreadable,
    Verdict,
)
from carriers.pdu import CHINA, Malformed
from carriers.profile import CarrierProfile
from carriers.results import UNREAD, Results
from carriers.session import Session, State
from carriers.text import decode

VECTORS = Path(__file__).parent.parent / "vectors"
RESULTS = tomllib.loads((Path(__file__).parents[2] / "config" / "results.toml").read_text(encoding="utf-8"))
AT = datetime(2026, 11, 22, 0, 15, 30, tzinfo=CHINA)  # of the vectors' logins
PROFILES = {
    protocol: CarrierProfile(
        results=Results.from_table(RESULTS["cmpp"], "cmpp"),
        name="mobile",
        label="中国移动",
        protocol=protocol,
        host="localhost",
        port=7890,
        account="901234",
        password="1qaz2wsx",
        access_number="10690001234501",
        service_id="NOTICE",
        rate=0,
    )
    for protocol in pdus.LAYOUTS
}
each_version = pytest.mark.parametrize("protocol", PROFILES)

Vector = dict[str, Any]
GOLDEN: dict[str, list[Vector]] = {
    protocol: json.loads((VECTORS / f"{file}.json").read_text())["vectors"]
    for protocol, file in (("cmpp2", "cmpp20"), ("cmpp3", "cmpp30"))
}
each_vector = pytest.mark.parametrize(
    ("protocol", "vector"),
    [
        pytest.param(protocol, vector, id=f"{protocol} {vector['name']}")
        for protocol, vectors in GOLDEN.items()
        for vector in vectors
    ],
)
ODD = {
    item["line"]: bytes.fromhex(item["hex"])
    for item in json.loads((VECTORS / "odd_captures_cmpp.json").read_text())["items"]
}


def golden(protocol: str, name: str) -> bytes:
    return bytes.fromhex(next(vector["hex"] for vector in GOLDEN[protocol] if vector["name"] == name))


def sequence_of(pdu: bytes) -> int:
    return int.from_bytes(pdu[8:12], "big")


# ------------------------------------------------------------------------------------------------------------- golden


def fields_of(layout: Layout, kind: str, pdu: bytes) -> Vector:
    """What we read in a PDU, in the words of the specification."""
    reserve = "link_id" if layout.typed else "reserve"
    match kind:
        case "active_test" | "terminate" | "terminate_resp":
            assert len(pdu) == BODY
            found: Vector = {}
        case "active_test_resp":
            found = {"reserved": pdu[BODY]}
        case "connect":
            login = pdus.read_connect(pdu)
            found = {
                "source_addr": login.account,
                "auth_source": login.proof.hex(),
                "version": login.version,
                "timestamp": login.timestamp,
            }
        case "connect_resp":
            welcome = pdus.read_connect_answer(pdu)
            found = {"status": welcome.status, "auth_ismg": welcome.proof.hex(), "version": welcome.version}
        case "submit":
            one = pdus.read_submit(layout, pdu)
            found = {
                "msg_id": int(one.message_id, 16),
                "pk_total": one.total,
                "pk_number": one.number,
                "registered_delivery": one.registered,
                "msg_level": one.level,
                "service_id": one.service,
                "fee_usertype": one.fee_user_type,
                "fee_terminal_id": one.fee_terminal,
                "tp_pid": one.protocol,
                "tp_udhi": one.headed,
                "msg_fmt": one.coding,
                "msg_src": one.account,
                "fee_type": one.fee_type,
                "fee_code": one.fee_code,
                "valid_time": one.valid_until,
                "at_time": one.not_before,
                "src_id": one.source,
                "dest_count": len(one.destinations),
                "dest": list(one.destinations),
                "msg_length": len(one.content),
                "msg_content_hex": one.content.hex(),
                reserve: one.reserve,
            }
            if layout.typed:
                found |= {"fee_terminal_type": one.fee_terminal_type, "dest_terminal_type": one.destination_type}
        case "deliver":
            text = pdus.read_deliver(layout, pdu)
            found = {
                "msg_id": int(text.message_id, 16),
                "dest_id": text.destination,
                "service_id": text.service,
                "tp_pid": text.protocol,
                "tp_udhi": text.headed,
                "msg_fmt": text.coding,
                "src_terminal_id": text.source,
                "registered_delivery": text.registered,
                "msg_length": len(text.content),
                "msg_content_hex": text.content.hex(),
                "link_id" if layout.typed else "reserved": text.reserve,
            }
            if layout.typed:
                found["src_terminal_type"] = text.source_type
            if text.registered:
                told = pdus.read_report(text.content)
                found["report"] = {
                    "msg_id": int(told.message_id, 16),
                    "stat": told.stat,
                    "submit_time": told.submitted,
                    "done_time": told.done,
                    "dest_terminal_id": told.number,
                    "smsc_sequence": told.smsc_sequence,
                }
        case "submit_resp" | "deliver_resp":
            found = {"msg_id": int.from_bytes(pdu[12:20], "big"), "result": pdus.read_status(pdu, BODY + 8)}
        case "query":
            asked = pdus.read_query(pdu)
            found = {
                "time": asked.day,
                "query_type": int(bool(asked.service)),
                "query_code": asked.service,
                "reserve": "",
            }
        case "query_resp":
            asked, totals = pdus.read_query_answer(pdu)
            found = {"time": asked.day, "query_type": int(bool(asked.service)), "query_code": asked.service}
            found |= dict(zip(TOTALS, totals, strict=True))
        case "cancel":
            found = {"msg_id": int(pdus.read_cancel(pdu), 16)}
        case "cancel_resp":
            found = {"success_id": pdus.read_status(pdu, BODY)}
    return {"sequence_id": sequence_of(pdu), "command_id": f"0x{pdu[4:8].hex()}"} | found


TOTALS = ("mt_tlmsg", "mt_tlusr", "mt_scs", "mt_wt", "mt_fl", "mo_scs", "mo_wt", "mo_fl")


def pdu_of(layout: Layout, protocol: str, kind: str, fields: Vector) -> bytes:
    """What we write for these fields."""
    sequence = fields["sequence_id"]
    dialect = Cmpp(protocol, AT)
    match kind:
        case "active_test":
            return dialect.probe(sequence)
        case "active_test_resp":
            return dialect.probe_answer(pdus.bare(pdus.ACTIVE_TEST, sequence))
        case "terminate":
            return dialect.leave(sequence)
        case "terminate_resp":
            return dialect.leave_answer(pdus.bare(pdus.TERMINATE, sequence))
        case "connect":
            login = pdus.Connect(
                fields["source_addr"], bytes.fromhex(fields["auth_source"]), fields["version"], fields["timestamp"]
            )
            return pdus.connect(sequence, login)
        case "connect_resp":
            welcome = pdus.Welcome(fields["status"], bytes.fromhex(fields["auth_ismg"]), fields["version"])
            return pdus.connect_answer(layout, sequence, welcome)
        case "submit":
            return pdus.submit(
                layout,
                sequence,
                pdus.Submit(
                    fields["src_id"],
                    tuple(fields["dest"]),
                    fields["msg_fmt"],
                    bytes.fromhex(fields["msg_content_hex"]),
                    fields["service_id"],
                    fields["msg_src"],
                    fields["tp_udhi"],
                    fields["pk_total"],
                    fields["pk_number"],
                    fields["registered_delivery"],
                    fields["msg_level"],
                    valid_until=fields["valid_time"],
                    not_before=fields["at_time"],
                ),
            )
        case "deliver":
            content = bytes.fromhex(fields["msg_content_hex"])
            if "report" in fields:
                told = fields["report"]
                report = pdus.Report(
                    f"{told['msg_id']:016x}",
                    told["stat"],
                    told["submit_time"],
                    told["done_time"],
                    told["dest_terminal_id"],
                    told["smsc_sequence"],
                )
                content = pdus.report(V3 if len(content) == 71 else V2, report)
            return pdus.deliver(
                layout,
                sequence,
                pdus.Deliver(
                    fields["dest_id"],
                    fields["src_terminal_id"],
                    fields["msg_fmt"],
                    content,
                    fields["registered_delivery"],
                    fields["tp_udhi"],
                    fields["service_id"],
                    message_id=f"{fields['msg_id']:016x}",
                ),
            )
        case "submit_resp":
            return pdus.submit_answer(layout, sequence, f"{fields['msg_id']:016x}", fields["result"])
        case "deliver_resp":
            return pdus.deliver_answer(layout, sequence, fields["msg_id"].to_bytes(8, "big"), fields["result"])
        case "query":
            return pdus.query(sequence, pdus.Query(fields["time"], fields["query_code"]))
        case "query_resp":
            asked = pdus.Query(fields["time"], fields["query_code"])
            return pdus.query_answer(sequence, asked, Totals(*(fields[name] for name in TOTALS)))
        case "cancel":
            return pdus.cancel(sequence, f"{fields['msg_id']:016x}")
        case _:
            return pdus.cancel_answer(layout, sequence, fields["success_id"])


@each_vector
def test_pdus_of_other_implementations_are_read_to_their_fields_and_written_to_the_byte(
    protocol: str, vector: Vector
) -> None:
    layout, pdu = pdus.LAYOUTS[protocol], bytes.fromhex(vector["hex"])
    if "fields" not in vector:  # CANCEL_RESP with four octets in 2.0
        assert pdus.read_status(pdu, BODY) == 0
        return
    assert fields_of(layout, vector["pdu"], pdu) == vector["fields"]
    assert pdu_of(layout, protocol, vector["pdu"], vector["fields"]) == pdu


def hearing(protocol: str, pdu: bytes) -> Session:
    """The end that is to hear this PDU, where it stands when it comes: a request of that number is open."""
    answer, command = bool(pdu[4]), pdu[7]
    to_gateway = answer is (command not in (pdus.DELIVER, pdus.ACTIVE_TEST, pdus.TERMINATE))
    if command == pdus.CONNECT:
        session = calling(protocol) if to_gateway else called(protocol)
    else:
        session = bound(protocol) if to_gateway else serving(protocol)
        session.submit([(sequence_of(pdu), 7, b"")], 0.0)
    session.data_to_send()
    return session


def calling(protocol: str, **changes: Any) -> Session:
    """The gateway's end, whose login waits for its answer."""
    profile = replace(PROFILES[protocol], **changes)
    session = Session.gateway(profile, dialects.gateway(profile, AT))
    session.connected(0.0)
    return session


def called(protocol: str) -> Session:
    """The carrier's end, before anybody has logged in."""
    session = Session.carrier(dialects.carrier(protocol, AT))
    session.connected(0.0)
    return session


def bound(protocol: str) -> Session:
    """The gateway's end, logged in."""
    session = calling(protocol)
    session.receive(golden(protocol, "connect_resp"), 0.0)
    assert session.state is State.BOUND
    session.data_to_send()
    return session


def serving(protocol: str) -> Session:
    """The carrier's end, logged in to."""
    session = called(protocol)
    [asked] = session.receive(golden(protocol, "connect"), 0.0)
    session.admit(asked.answer, 0, "ISMG", "1qaz2wsx")  # type: ignore[union-attr]
    session.data_to_send()
    return session


@each_vector
def test_pieces_and_what_is_left_over_change_nothing(protocol: str, vector: Vector) -> None:
    pdu = bytes.fromhex(vector["hex"])

    def life(*pieces: bytes) -> tuple[list[Event], bytes, State, bytes]:
        session = hearing(protocol, pdu)
        events = [event for piece in pieces for event in session.receive(piece, 1.0)]
        return events, session.data_to_send(), session.state, session._rest

    events, said, state, rest = life(pdu)
    assert rest == b""
    assert life(*(pdu[at : at + 1] for at in range(len(pdu)))) == (events, said, state, b"")
    left = b"" if state is State.CLOSED else pdu[:7]
    assert life(pdu + pdu[:7]) == (events, said, state, left)
    if pdu[7] in (pdus.CONNECT, pdus.DELIVER, pdus.SUBMIT) or pdu[4] == 0:
        assert events or said


def test_our_login_is_theirs_to_the_byte() -> None:
    for protocol, profile in PROFILES.items():
        assert dialects.gateway(profile, AT).login(1) == golden(protocol, "connect")
    early = datetime(2026, 3, 1, tzinfo=CHINA)
    assert dialects.gateway(PROFILES["cmpp3"], early).login(2) == golden("cmpp3", "connect_ts_leading_zero")


@each_version
@pytest.mark.parametrize(
    ("name", "coding", "where"),
    [("submit_ucs2", 8, None), ("submit_udh_1of2", 8, Concatenation(0xAA, 2, 1, 8))],
)
def test_our_submit_is_theirs_to_the_byte(protocol: str, name: str, coding: int, where: Concatenation | None) -> None:
    theirs = golden(protocol, name)
    content = pdus.read_submit(pdus.LAYOUTS[protocol], theirs).content
    body = content[6:] if where else content
    template = dialects.template(PROFILES[protocol], "10690001234501", body, coding, where)
    assert template.pdu(sequence_of(theirs), "13800138000", 77, b"") == theirs


def test_a_message_id_is_made_as_the_specification_says() -> None:
    assert pdus.msg_id(AT, 1001, 42) == "bb00f78003e9002a"


@each_version
def test_ids_of_a_carrier_are_different_and_the_same_in_answer_and_receipt(protocol: str) -> None:
    dialect = Cmpp(protocol, AT)
    [submit] = serving(protocol).receive(golden(protocol, "submit_ucs2"), 1.0)
    assert isinstance(submit, SubmitReceived)
    given = [dialect.new_id(serial, submit) for serial in (1, 2, 65_536, 65_537, 1 << 24)]
    assert len(set(given)) == len(given)
    for one in given:
        assert dialect.read_submit_answer(dialect.submit_answer(5, 0, one)) == (0, one)
        receipt = dialect.receipt(one, "13800138000", "1069", ReceiptState.DELIVERED, "", "2611220016")
        told = dialect.read_delivery(receipt)
        assert isinstance(told, DeliveryReceipt)
        assert (told.message_id, told.number) == (one, "13800138000")


# --------------------------------------------------------------------------------------------------------- every value

ids = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
octets = st.integers(0, 255)


def field(longest: int) -> st.SearchStrategy[str]:
    return st.text("0123456789ABCabc:+-", max_size=longest)


def submits(layout: Layout) -> st.SearchStrategy[pdus.Submit]:
    return st.builds(
        pdus.Submit,
        source=field(21),
        destinations=st.lists(field(layout.number), min_size=1, max_size=99).map(tuple),
        coding=octets,
        content=st.binary(max_size=255),
        service=field(10),
        account=field(6),
        headed=octets,
        total=octets,
        number=octets,
        registered=octets,
        level=octets,
        fee_user_type=octets,
        fee_terminal=field(layout.number),
        fee_terminal_type=octets if layout.typed else st.just(0),
        protocol=octets,
        fee_type=field(2),
        fee_code=field(6),
        valid_until=field(17),
        not_before=field(17),
        destination_type=octets if layout.typed else st.just(0),
        reserve=field(layout.reserve),
        message_id=ids,
    )


def delivers(layout: Layout) -> st.SearchStrategy[pdus.Deliver]:
    return st.builds(
        pdus.Deliver,
        destination=field(21),
        source=field(layout.number),
        coding=octets,
        content=st.binary(max_size=255),
        registered=octets,
        headed=octets,
        service=field(10),
        protocol=octets,
        source_type=octets if layout.typed else st.just(0),
        reserve=field(layout.reserve),
        message_id=ids,
    )


def reports(layout: Layout) -> st.SearchStrategy[pdus.Report]:
    return st.builds(
        pdus.Report,
        message_id=ids,
        stat=field(7),
        submitted=field(10),
        done=field(10),
        number=field(layout.number),
        smsc_sequence=st.integers(0, 2**32 - 1),
    )


sequences = st.integers(0, 2**32 - 1)
layouts = st.sampled_from([V2, V3])


@given(st.data(), layouts, sequences)
def test_what_is_written_is_read(data: st.DataObject, layout: Layout, sequence: int) -> None:
    submit = data.draw(submits(layout))
    pdu = pdus.submit(layout, sequence, submit)
    assert pdus.read_submit(layout, pdu) == submit
    assert len(pdu) <= pdus.LONGEST
    text = data.draw(delivers(layout))
    assert pdus.read_deliver(layout, pdus.deliver(layout, sequence, text)) == text
    told = data.draw(reports(layout))
    assert pdus.read_report(pdus.report(layout, told)) == told
    assert sequence_of(pdu) == sequence
    assert int.from_bytes(pdu[:4], "big") == len(pdu)


@given(
    layouts,
    sequences,
    st.builds(pdus.Connect, field(6), st.binary(min_size=16, max_size=16), octets, st.integers(0, 2**32 - 1)),
    st.binary(min_size=16, max_size=16),
    octets,
    st.builds(pdus.Query, field(8), field(10)),
    st.builds(Totals, *[st.integers(0, 2**32 - 1)] * 8),
    ids,
)
def test_what_is_written_besides_is_read(
    layout: Layout,
    sequence: int,
    login: pdus.Connect,
    proof: bytes,
    status: int,
    asked: pdus.Query,
    totals: Totals,
    message_id: str,
) -> None:
    assert pdus.read_connect(pdus.connect(sequence, login)) == login
    welcome = pdus.Welcome(status, proof, layout.version)
    assert pdus.read_connect_answer(pdus.connect_answer(layout, sequence, welcome)) == welcome
    assert pdus.read_query(pdus.query(sequence, asked)) == asked
    assert pdus.read_query_answer(pdus.query_answer(sequence, asked, totals)) == (asked, totals)
    assert pdus.read_cancel(pdus.cancel(sequence, message_id)) == message_id
    assert pdus.read_status(pdus.cancel_answer(layout, sequence, status), BODY) == status
    answer = pdus.read_submit_answer(pdus.submit_answer(layout, sequence, message_id, status))
    assert answer == (status, "" if status else message_id)
    answered = pdus.deliver_answer(layout, sequence, bytes.fromhex(message_id), status)
    assert pdus.read_status(answered, BODY + 8) == status


@pytest.mark.parametrize("read", [pdus.read_connect, pdus.read_query, pdus.read_query_answer, pdus.read_cancel])
@given(body=st.binary(max_size=80))
def test_other_octets_are_read_or_malformed(read: Callable[[bytes], object], body: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert read(pdus.framed(1, 1, body)) is not None


@each_version
@given(command=st.sampled_from([1, 2, 4, 5, 6, 7, 8, 9]), answer=st.booleans(), body=st.binary(max_size=300))
def test_no_body_at_all_raises_at_either_end(protocol: str, command: int, answer: bool, body: bytes) -> None:
    pdu = pdus.framed(command | answer * pdus.RESPONSE, 7, body)
    for session in (bound(protocol), serving(protocol), called(protocol)):
        session.submit([(7, 1, b"")], 0.0)
        session.receive(pdu + golden(protocol, "active_test_seq0"), 1.0)
        session.tick(2.0)
        assert isinstance(session.data_to_send(), bytes)


def test_a_field_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="allows 21"):
        dialects.template(PROFILES["cmpp2"], "1" * 22, b"", 0, None)
    template = dialects.template(PROFILES["cmpp2"], "1069", b"", 0, None)
    with pytest.raises(ValueError, match="allows 21"):
        template.pdu(1, "1" * 22, 0, b"")
    with pytest.raises(ValueError, match="allows 255"):
        pdus.deliver(V2, 1, pdus.Deliver("1", "2", 8, bytes(256)))
    with pytest.raises(ValueError, match="allows 6"):
        pdus.connect(1, pdus.Connect("9012345", bytes(16), 0x20, 1))


# ----------------------------------------------------------------------------------------------------- back to back


class Pair:
    """Our end and the carrier's end, with nothing between them."""

    def __init__(self, protocol: str, carrier: str = "", **changes: Any) -> None:
        self.profile = replace(PROFILES[protocol], **changes)
        self.gateway = Session.gateway(self.profile, dialects.gateway(self.profile, AT))
        self.books = Books()
        self.carrier = Session.carrier(dialects.carrier(carrier or protocol, AT, ledger=self.books))
        self.gateway.connected(0.0)
        self.carrier.connected(0.0)

    def to_carrier(self) -> list[Event]:
        return self.carrier.receive(self.gateway.data_to_send(), 1.0)

    def to_gateway(self) -> list[Event]:
        return self.gateway.receive(self.carrier.data_to_send(), 1.0)

    def login(self, password: str = "1qaz2wsx") -> list[Event]:
        """The carrier lets in who knows this password."""
        [asked] = self.to_carrier()
        assert isinstance(asked, BindRequested)
        right = self.carrier.dialect.proves(asked, password)
        self.carrier.admit(asked.answer, 0 if right else self.carrier.dialect.wrong_login, "ISMG", password)
        return self.to_gateway()


class Books:
    """What the carrier's end is asked about."""

    def __init__(self) -> None:
        self.known = {"bb00f78003e9002a"}

    def totals(self, day: str, service: str) -> Totals:
        return Totals(taken=int(day[-2:]), people=len(service))

    def cancel(self, message_id: str) -> bool:
        return message_id in self.known


@each_version
def test_a_right_password_is_proved_by_both_ends_without_going_over_the_wire(protocol: str) -> None:
    pair = Pair(protocol)
    login = pair.gateway.data_to_send()
    assert b"1qaz2wsx" not in login
    [asked] = pair.carrier.receive(login, 1.0)
    assert isinstance(asked, BindRequested)
    assert (asked.account, asked.password, asked.mode) == ("901234", "", "transceiver")
    assert pair.carrier.dialect.proves(asked, "1qaz2wsx")
    assert not pair.carrier.dialect.proves(asked, "1qaz2wsy")
    pair.carrier.admit(asked.answer, 0, "ISMG", "1qaz2wsx")
    assert pair.to_gateway() == [Bound("CMPP 2.0" if protocol == "cmpp2" else "CMPP 3.0")]


@each_version
def test_a_wrong_password_is_refused_and_told_from_other_trouble(protocol: str) -> None:
    assert Pair(protocol).login("another") == [BindRefused(3, "3 认证错", True)]
    for status, credentials in ((2, True), (1, False), (4, False), (5, False), (100, False)):
        pair = Pair(protocol)
        [asked] = pair.to_carrier()
        pair.carrier.admit(asked.answer, status)  # type: ignore[union-attr]
        [refused] = pair.to_gateway()
        assert isinstance(refused, BindRefused)
        assert (refused.status, refused.credentials) == (status, credentials)
        assert refused.reason.startswith(f"{status} ")
        assert pair.gateway.wants_close


@each_version
def test_a_submit_is_answered_and_its_receipt_acknowledged(protocol: str) -> None:
    pair = Pair(protocol)
    pair.login()
    template = dialects.template(pair.profile, "1069", b"\x4e\x00", 8, Concatenation(7, 3, 2, 8))
    first = pair.gateway.reserve(1)
    pair.gateway.submit([(first, 100, template.pdu(first, "8613800000001", 1, b""))], 1.0)
    [seen] = pair.to_carrier()
    assert isinstance(seen, SubmitReceived)
    assert (seen.source, seen.destination, seen.body, seen.coding) == ("1069", "8613800000001", b"\x4e\x00", 8)
    assert (seen.concatenation, seen.receipt_wanted, seen.service) == (Concatenation(7, 3, 2, 8), True, "NOTICE")
    given = pair.carrier.dialect.new_id(1, seen)
    pair.carrier.answer_submit(seen.answer, 0, given)
    receipt = pair.carrier.dialect.receipt(
        given, seen.destination, seen.source, ReceiptState.UNDELIVERABLE, "MK:0001", "2611220016"
    )
    pair.carrier.deliver(55, receipt, 1.0)
    answered, told = pair.to_gateway()
    assert answered == SubmitAnswered(first, 100, Verdict.ACCEPTED, 0, given)
    assert isinstance(told, DeliveryReceipt)
    assert (told.message_id, told.state, told.error) == (given, ReceiptState.UNDELIVERABLE, "MK:0001")
    assert told.number == "8613800000001"
    assert pair.gateway.data_to_send() == b""  # nothing is acknowledged by itself
    pair.gateway.accept([told.answer])
    assert pair.to_carrier() == [DeliverAnswered(1, 55, 0)]


@each_version
def test_texts_come_in_whatever_alphabet_and_what_cannot_be_stored_is_asked_for_again(protocol: str) -> None:
    pair = Pair(protocol)
    pair.login()
    for coding, octets_ in ((8, "村里路灯".encode("utf-16-be")), (15, "村里路灯".encode("gb18030")), (0, b"lamp")):
        text = pair.carrier.dialect.text("13800000001", "106912", octets_, coding, Concatenation(7, 3, 2, 16))
        pair.carrier.deliver(1, text, 1.0)
    texts = pair.to_gateway()
    assert [one.coding for one in texts if isinstance(one, InboundText)] == [8, 15, 1]
    assert {one.concatenation for one in texts if isinstance(one, InboundText)} == {Concatenation(7, 3, 2, 16)}
    assert [decode(one.body, one.coding) for one in texts if isinstance(one, InboundText)] == ["村里路灯"] * 2 + [
        "lamp"
    ]
    assert len({one.message_id for one in texts if isinstance(one, InboundText)}) == 3
    pair.gateway.refuse([one.answer for one in texts])  # type: ignore[union-attr]
    assert [event.status for event in pair.to_carrier() if isinstance(event, DeliverAnswered)] == [9, 9, 9]


@each_version
def test_keep_alive_and_leaving_go_both_ways(protocol: str) -> None:
    pair = Pair(protocol)
    pair.login()
    for now, one, other in ((61.0, pair.gateway, pair.carrier), (121.0, pair.carrier, pair.gateway)):
        one.tick(now)
        asked = one.data_to_send()
        assert asked[4:8] == pdus.ACTIVE_TEST.to_bytes(4, "big")
        assert other.receive(asked, now) == []
        said = other.data_to_send()
        assert len(said) == 13
        one.receive(said, now)
    pair.gateway.drain(122.0)
    pair.to_carrier()
    assert pair.carrier.wants_close
    pair.to_gateway()
    assert pair.gateway.wants_close


@each_version
def test_a_carrier_answers_what_it_is_asked(protocol: str) -> None:
    pair = Pair(protocol)
    pair.carrier.receive(pdus.cancel(3, "bb00f78003e9002a"), 1.0)
    assert pdus.read_status(pair.carrier.data_to_send(), BODY) != 0  # nobody has logged in
    pair.login()
    pair.carrier.receive(pdus.query(7, pdus.Query("20261122", "NOTICE")), 1.0)
    answer = pair.carrier.data_to_send()
    assert pdus.read_query_answer(answer) == (pdus.Query("20261122", "NOTICE"), Totals(taken=22, people=6))
    for one, status in (("bb00f78003e9002a", 0), ("bb00f78003e9002b", 1)):
        pair.carrier.receive(pdus.cancel(8, one), 1.0)
        answer = pair.carrier.data_to_send()
        assert (sequence_of(answer), pdus.read_status(answer, BODY)) == (8, status)
    pair.carrier.receive(pdus.framed(pdus.CANCEL, 9, b"") + pdus.framed(pdus.QUERY, 9, b"2026"), 1.0)
    assert pdus.read_status(pair.carrier.data_to_send(), BODY) == 1
    assert not pair.carrier.wants_close


@each_version
def test_a_carrier_without_a_ledger_knows_of_nothing(protocol: str) -> None:
    session = serving(protocol)
    session.receive(pdus.query(7, pdus.Query("20261122")), 1.0)
    assert pdus.read_query_answer(session.data_to_send()) == (pdus.Query("20261122"), Totals())
    session.receive(pdus.cancel(8, "bb00f78003e9002a"), 1.0)
    assert pdus.read_status(session.data_to_send(), BODY) == 1


@pytest.mark.parametrize(("ours", "theirs", "status"), [("cmpp3", "cmpp2", 4), ("cmpp2", "cmpp3", 5)])
def test_a_carrier_of_the_other_version_says_so(ours: str, theirs: str, status: int) -> None:
    pair = Pair(ours, theirs)
    assert pair.to_carrier() == []
    [refused] = pair.to_gateway()
    assert isinstance(refused, BindRefused)
    assert refused.status == status


def test_a_submit_to_many_is_refused_by_the_carrier_and_read_by_the_codec() -> None:
    many = pdus.Submit("1069", ("13800000001", "13800000002"), 8, b"\x4e\x00")
    session = serving("cmpp2")
    assert session.receive(pdus.submit(V2, 5, many), 1.0) == []
    assert pdus.read_submit_answer(session.data_to_send()) == (1, "")


@each_version
def test_a_submit_cut_short_anywhere_is_refused_and_the_next_one_is_read(protocol: str) -> None:
    whole = golden(protocol, "submit_ucs2")
    last = len(whole) - pdus.LAYOUTS[protocol].reserve  # a reserve that is missing is missed by nobody
    for end in range(BODY, last):
        session = serving(protocol)
        cut = pdus.framed(pdus.SUBMIT, 5, whole[BODY:end])
        [event] = session.receive(cut + whole, 1.0)
        assert isinstance(event, SubmitReceived)
        assert pdus.read_submit_answer(session.data_to_send()) == (1, "")


@each_version
def test_a_delivery_cut_short_anywhere_is_kept_and_answered(protocol: str) -> None:
    whole = golden(protocol, "deliver_mo_ucs2")
    for end in range(BODY, len(whole) - pdus.LAYOUTS[protocol].reserve):
        session = bound(protocol)
        cut = pdus.framed(pdus.DELIVER, 5, whole[BODY:end])
        unread, text = session.receive(cut + whole, 1.0)
        assert isinstance(unread, Unreadable)
        assert isinstance(text, InboundText)
        assert unread.answer == (5, whole[BODY:end][:8].ljust(8, b"\x00"))


# ----------------------------------------------------------------------------------------- what is done otherwise


@each_version
@pytest.mark.parametrize("name", ["connect_resp", "connect_resp_4byte_status_md5"])
def test_an_authenticator_over_one_octet_or_four_is_right(protocol: str, name: str) -> None:
    _, [event] = welcomed(protocol, golden(protocol, name), strict_login=True)
    assert isinstance(event, Bound)
    assert event.doubt == ""


def welcomed(protocol: str, welcome: bytes, **changes: Any) -> tuple[Session, list[Event]]:
    session = calling(protocol, **changes)
    return session, session.receive(welcome, 0.0)


@each_version
def test_a_wrong_authenticator_is_a_doubt_and_ends_a_strict_login(protocol: str) -> None:
    layout = pdus.LAYOUTS[protocol]
    welcome = pdus.connect_answer(layout, 1, pdus.Welcome(0, b"mockauth", layout.version))
    session, [event] = welcomed(protocol, welcome)
    assert isinstance(event, Bound)
    assert "认证码" in event.doubt
    assert session.state is State.BOUND
    session, [event] = welcomed(protocol, welcome, strict_login=True)
    assert event == BindRefused(cmpp.UNPROVEN, "对方的认证码与本方密码不符", True)
    assert session.wants_close


@each_version
@pytest.mark.parametrize("layout", [V2, V3], ids=["one octet", "four octets"])
@pytest.mark.parametrize("version", [0x00, 0x01, 0x20, 0x21, 0x30, 0x7F])
def test_a_server_may_say_another_version_and_use_another_status(protocol: str, layout: Layout, version: int) -> None:
    login = pdus.read_connect(golden(protocol, "connect"))
    proof = pdus.gateway_proof(bytes(layout.status.size), login.proof, "1qaz2wsx")
    welcome = pdus.connect_answer(layout, 1, pdus.Welcome(0, proof, version))
    _, events = welcomed(protocol, welcome)
    assert events == [Bound(f"CMPP {version >> 4}.{version & 15}")]


@each_version
@pytest.mark.parametrize("body", ["03", "00000003", "03" + "00" * 17, "00000003" + "00" * 17])
def test_a_refused_login_is_read_with_or_without_the_rest(protocol: str, body: str) -> None:
    _, [event] = welcomed(protocol, pdus.framed(pdus.CONNECT | pdus.RESPONSE, 1, bytes.fromhex(body)))
    assert event == BindRefused(3, "3 认证错", True)


@each_version
@pytest.mark.parametrize("body", ["", "00", "00000000", "00" * 17])
def test_a_welcome_that_ends_early_is_none(protocol: str, body: str) -> None:
    session, events = welcomed(protocol, pdus.framed(pdus.CONNECT | pdus.RESPONSE, 1, bytes.fromhex(body)))
    assert events == []
    assert session.wants_close
    assert "early" in session.lost("")[0].reason  # type: ignore[union-attr]


@each_version
def test_a_short_account_is_hashed_with_its_padding_where_the_server_wants_that(protocol: str) -> None:
    plain, padded = (Pair(protocol, account="123", padded_login=one) for one in (False, True))
    logins = [pair.gateway.data_to_send() for pair in (plain, padded)]
    assert logins[0] != logins[1]
    for pair, login in zip((plain, padded), logins, strict=True):
        [asked] = pair.carrier.receive(login, 1.0)
        assert isinstance(asked, BindRequested)
        assert asked.account == "123"
        assert pair.carrier.dialect.proves(asked, "1qaz2wsx")
    assert pdus.account_proof("901234", "x", 1) == pdus.account_proof("901234", "x", 1, padded=True)


@pytest.mark.parametrize("version", [0x00, 0x01, 0x20, 0x21])
def test_clients_of_old_versions_speak_2_0(version: int) -> None:
    [asked] = called("cmpp2").receive(pdus.connect(1, pdus.Connect("901234", bytes(16), version, 1)), 0.0)
    assert isinstance(asked, BindRequested)


@each_version
@pytest.mark.parametrize("layout", [V2, V3], ids=["60", "71"])
def test_a_receipt_has_either_length_whatever_the_version(protocol: str, layout: Layout) -> None:
    content = pdus.report(layout, pdus.Report("bb00f78003e9002a", "DELIVRD", number="8613800000001"))
    pdu = pdus.deliver(pdus.LAYOUTS[protocol], 5, pdus.Deliver("1069", "", 0, content, registered=1))
    [event] = bound(protocol).receive(pdu, 1.0)
    assert isinstance(event, DeliveryReceipt)
    assert (event.message_id, event.state) == ("bb00f78003e9002a", ReceiptState.DELIVERED)
    assert event.number == "8613800000001"  # from the content, as Src_terminal_Id is empty


@each_version
@pytest.mark.parametrize("length", [15, 35, 59, 61, 72, 140])
def test_a_receipt_of_another_length_says_what_and_how_it_ended(protocol: str, length: int) -> None:
    content = (bytes.fromhex("bb00f78003e9002a") + b"EXPIRED").ljust(length, b"\x00")
    pdu = pdus.deliver(pdus.LAYOUTS[protocol], 5, pdus.Deliver("1069", "13800000001", 0, content, registered=1))
    [event] = bound(protocol).receive(pdu, 1.0)
    assert isinstance(event, DeliveryReceipt)
    assert (event.message_id, event.state, event.number) == ("bb00f78003e9002a", ReceiptState.EXPIRED, "13800000001")


@each_version
@pytest.mark.parametrize("length", [0, 7, 8, 14])
def test_a_receipt_too_short_for_its_state_is_kept_unread(protocol: str, length: int) -> None:
    layout, message_id = pdus.LAYOUTS[protocol], "00000000000000ff"
    one = pdus.Deliver("1069", "1", 0, b"DELIVRD_DELIVRD"[:length], registered=1, message_id=message_id)
    pdu = pdus.deliver(layout, 5, one)
    session = bound(protocol)
    [event] = session.receive(pdu, 1.0)
    assert event == Unreadable((5, bytes.fromhex(message_id)), pdu, f"a receipt of {length} octets")
    session.accept([event.answer])
    assert session.data_to_send() == pdus.deliver_answer(layout, 5, bytes.fromhex(message_id), 0)


@pytest.mark.parametrize(
    ("stat", "state", "error"),
    [
        ("DELIVRD", ReceiptState.DELIVERED, ""),
        ("delivrd", ReceiptState.DELIVERED, ""),
        ("EXPIRED", ReceiptState.EXPIRED, ""),
        ("DELETED", ReceiptState.DELETED, ""),
        ("UNDELIV", ReceiptState.UNDELIVERABLE, ""),
        ("ACCEPTD", ReceiptState.ACCEPTED, ""),
        ("UNKNOWN", ReceiptState.UNKNOWN, ""),
        ("REJECTD", ReceiptState.REJECTED, ""),
        ("MA:0001", ReceiptState.UNDELIVERABLE, "MA:0001"),
        ("MK:0010", ReceiptState.UNDELIVERABLE, "MK:0010"),
        ("NP:1243", ReceiptState.UNDELIVERABLE, "NP:1243"),
        ("AF:4", ReceiptState.UNDELIVERABLE, "AF:4"),
        ("MBBLACK", ReceiptState.UNDELIVERABLE, "MBBLACK"),
        ("", ReceiptState.UNKNOWN, ""),
    ],
)
def test_what_a_stat_means(stat: str, state: ReceiptState, error: str) -> None:
    assert cmpp.outcome(stat) == (state, error)


def test_a_ported_number_is_known_from_its_receipt() -> None:
    assert PROFILES["cmpp3"].results.reports["NP:1243"] is Verdict.WRONG_NETWORK
    assert "MK:0001" not in PROFILES["cmpp3"].results.reports


@each_version
@pytest.mark.parametrize("size", [1, 4])
def test_results_have_one_octet_or_four_whatever_the_version(protocol: str, size: int) -> None:
    session = bound(protocol)
    session.submit([(2, 7, b"")], 1.0)
    body = bytes.fromhex("bb00f78003e9002a") + (0).to_bytes(size, "big")
    [event] = session.receive(pdus.framed(pdus.SUBMIT | pdus.RESPONSE, 2, body), 1.0)
    assert event == SubmitAnswered(2, 7, Verdict.ACCEPTED, 0, "bb00f78003e9002a")
    refusal = pdus.framed(pdus.DELIVER | pdus.RESPONSE, 2, body[:8] + (9).to_bytes(size, "big"))
    assert dialects.carrier(protocol, AT).read_delivery_answer(refusal) == 9


def test_a_status_above_255_is_255_where_there_is_one_octet_for_it() -> None:
    answers = [pdus.submit_answer(layout, 1, pdus.NO_ID, 0x401) for layout in (V2, V3)]
    assert [pdus.read_submit_answer(answer).status for answer in answers] == [255, 0x401]


@each_version
def test_an_answer_without_its_result_leaves_the_submit_in_doubt(protocol: str) -> None:
    """It must not be sent again: perhaps it was taken."""
    for length in (0, 7, 8, 10, 11):
        session = bound(protocol)
        session.submit([(2, 7, b"")], 1.0)
        [event] = session.receive(pdus.framed(pdus.SUBMIT | pdus.RESPONSE, 2, bytes(length)), 1.0)
        assert event == SubmitAnswered(2, 7, Verdict.UNCERTAIN, UNREAD, "", "应答不完整")


@each_version
def test_an_id_of_zeros_is_none(protocol: str) -> None:
    session = bound(protocol)
    session.submit([(2, 7, b"")], 1.0)
    [event] = session.receive(pdus.submit_answer(pdus.LAYOUTS[protocol], 2, pdus.NO_ID, 0), 1.0)
    assert event == SubmitAnswered(2, 7, Verdict.ACCEPTED, 0, "")
    [text] = session.receive(pdus.deliver(pdus.LAYOUTS[protocol], 5, pdus.Deliver("1069", "1", 8, b"\x4e\x00")), 1.0)
    assert isinstance(text, InboundText)
    assert text.message_id == ""


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (0, Verdict.ACCEPTED),
        (1, Verdict.PERMANENT),
        (3, Verdict.UNCERTAIN),
        (5, Verdict.CONFIGURATION),
        (8, Verdict.THROTTLED),
        (9, Verdict.WRONG_NETWORK),
        (13, Verdict.WRONG_NETWORK),
        (14, Verdict.TEMPORARY),
        (150, Verdict.TEMPORARY),
    ],
)
def test_what_a_result_means(status: int, verdict: Verdict) -> None:
    assert PROFILES["cmpp3"].results.verdict(status) is verdict
    assert dialects.gateway(PROFILES["cmpp3"], AT).describe(status).startswith(str(status))


@each_version
@pytest.mark.parametrize(
    "answer",
    [pdus.bare(0x80000008, 1), pdus.framed(0x80000008, 1, b"\x00"), pdus.bare(0x8, 1)],
    ids=["12", "13", "request"],
)
def test_a_sign_of_life_may_have_twelve_octets_or_be_a_request_itself(protocol: str, answer: bytes) -> None:
    session = bound(protocol)
    session.tick(31.0)
    assert session.data_to_send() == pdus.bare(pdus.ACTIVE_TEST, 2)
    assert session.receive(answer, 40.0) == []
    session.tick(61.0)
    assert not session.wants_close
    session.tick(69.0)
    assert session.data_to_send()[-12:] != pdus.bare(pdus.ACTIVE_TEST, 3)  # it lived at second 40


@pytest.mark.parametrize("headed", [0x01, 0x40, 0x41])
def test_the_header_of_a_long_text_is_marked_in_two_ways(headed: int) -> None:
    content = bytes.fromhex("050003aa0201") + "建议".encode("utf-16-be")
    [event] = bound("cmpp2").receive(pdus.deliver(V2, 5, pdus.Deliver("1069", "1", 8, content, headed=headed)), 1.0)
    assert isinstance(event, InboundText)
    assert event.concatenation == Concatenation(0xAA, 2, 1, 8)
    assert event.body.decode("utf-16-be") == "建议"


@pytest.mark.parametrize(
    ("form", "coding", "binary"),
    [
        (0, 1, False),
        (1, 1, False),
        (3, 3, True),
        (4, 4, True),
        (8, 8, False),
        (15, 15, False),
        (0x10, 1, False),
        (0x18, 8, False),
        (0x19, 8, False),
        (0x48, 8, False),
        (245, 245, True),
        (246, 246, True),
        (12, 12, False),
    ],
)
def test_alphabets_are_told_by_their_bits(form: int, coding: int, binary: bool) -> None:
    [event] = bound("cmpp3").receive(pdus.deliver(V3, 5, pdus.Deliver("1069", "1", form, b"\x4e\x00")), 1.0)
    assert isinstance(event, InboundText)
    assert (event.coding, event.binary) == (coding, binary)


def test_gbk_that_is_called_ascii_is_read_all_the_same() -> None:
    words = "村里的路灯坏了".encode("gb18030")
    [event] = bound("cmpp3").receive(pdus.deliver(V3, 5, pdus.Deliver("1069", "1", 0, words)), 1.0)
    assert isinstance(event, InboundText)
    assert decode(event.body, event.coding) == "村里的路灯坏了"


def test_a_delivery_without_its_reserve_is_a_text_too() -> None:
    pdu = golden("cmpp2", "deliver_mo_gbk")[BODY:-8]
    [event] = bound("cmpp2").receive(pdus.framed(pdus.DELIVER, 5, pdu), 1.0)
    assert isinstance(event, InboundText)


@each_version
def test_a_command_of_other_gateways_is_passed_over(protocol: str) -> None:
    session = bound(protocol)
    forward = pdus.framed(0x9, 5, bytes(40))
    unknown, text = session.receive(forward + golden(protocol, "deliver_mo_ucs2"), 1.0)
    assert isinstance(unknown, Unreadable)
    assert unknown.answer is None
    assert isinstance(text, InboundText)
    assert session.data_to_send() == b""


# ---------------------------------------------------------------------------------------------------- odd captures


def captured(line: int) -> Event:
    """The body of a CMPP 3.0 DELIVER, as one of our sessions hears it."""
    [event] = bound("cmpp3").receive(pdus.framed(pdus.DELIVER, 5, ODD[line]), 1.0)
    return event


def test_a_captured_text_is_part_one_of_one() -> None:
    text = captured(67)
    assert isinstance(text, InboundText)
    assert (text.source, text.destination, text.concatenation) == ("8613817308833", "10085", None)
    assert decode(text.body, text.coding).startswith("有过不去的经历")


def test_a_captured_bookmark_is_binary() -> None:
    text = captured(68)
    assert isinstance(text, InboundText)
    assert text.binary
    assert b"http://www.10085.cn" in text.body


def test_captured_receipts_are_read_in_both_lengths() -> None:
    failed, delivered = captured(70), captured(114)
    assert isinstance(failed, DeliveryReceipt)
    assert (failed.message_id, failed.state, failed.error) == ("522a4980002aa6cd", ReceiptState.UNDELIVERABLE, "AF:4")
    assert failed.number == "13592261791"
    assert isinstance(delivered, DeliveryReceipt)
    assert (delivered.message_id, delivered.state) == ("c2cf8400a37359d8", ReceiptState.DELIVERED)
    assert delivered.number == "18703815655187038156551870381565"  # whatever that is: 32 octets, all in use


def test_a_captured_submit_is_read_and_written_to_the_byte() -> None:
    one = pdus.read_submit(V2, ODD[36])
    assert (one.coding, one.protocol, one.headed, one.fee_code) == (246, 127, 1, "0")
    assert (one.service, one.account, one.source, one.destinations) == (
        "WLWKZXK",
        "370150",
        "1064899370150",
        ("18492208005",),
    )
    assert pdus.submit(V2, sequence_of(ODD[36]), one) == ODD[36]


@pytest.mark.parametrize(
    ("line", "parts"),
    [(26, [(4, 1), (4, 2), (4, 3), (4, 4)]), (118, [(3, 1), (2, 2), (2, 1), (3, 2), (3, 3)])],
)
def test_captured_long_texts_are_submits_of_their_parts(line: int, parts: list[tuple[int, int]]) -> None:
    seen = [one for one in serving("cmpp2").receive(ODD[line], 1.0) if isinstance(one, SubmitReceived)]
    where = [one.concatenation for one in seen if one.concatenation]
    assert [(one.total, one.number) for one in where] == parts
    assert len({one.reference for one in where}) == 1  # two texts with one reference in the second capture
    assert "中国移动" in "".join(decode(one.body, one.coding) for one in seen)


@each_version
@pytest.mark.parametrize("line", ODD)
def test_odd_captures_raise_nothing(protocol: str, line: int) -> None:
    for octets_ in (ODD[line], pdus.framed(pdus.DELIVER, 5, ODD[line])):
        session = bound(protocol)
        events = session.receive(octets_, 1.0)
        assert session.wants_close or all(isinstance(event, Event) for event in events)
