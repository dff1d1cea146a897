"""SMGP on the wire: golden PDUs of other implementations in both layouts, captures, and both ends back to back."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import dialects, smgp
from carriers import smgp_pdus as pdus
from carriers.dialect import Totals
from carriers.events import (
    BindRefused,
    BindRequested,
    Bound,
    Closed,
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
from carriers.profile import CarrierProfile
from carriers.results import UNREAD, Results
from carriers.session import Session, State
from carriers.smgp import Smgp
from carriers.smgp_pdus import V13, V30
from tests.conftest import NOON
from tests.faults.line import Line

VECTORS = Path(__file__).parent.parent / "vectors"
VERSIONS = {"smgp30": V30, "smgp13": V13}
GOLDEN: dict[str, tuple[int, dict[str, Any]]] = {
    f"{name} {vector['name']}": (version, vector)
    for name, version in VERSIONS.items()
    for vector in json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
}
ODD = json.loads((VECTORS / "smgp_odd.json").read_text(encoding="utf-8"))["items"]
RESULTS = tomllib.loads((Path(__file__).parents[2] / "config" / "results.toml").read_text(encoding="utf-8"))

SECRET = "1qaz2wsx"  # that of the vectors
PROFILE = CarrierProfile(
    results=Results.from_table(RESULTS["smgp"], "smgp"),
    name="telecom",
    label="中国电信",
    protocol="smgp",
    host="localhost",
    port=8890,
    account="10000001",
    password=SECRET,
    access_number="10690001234501",
    service_id="NOTICE",
    rate=0,
)
ID = bytes.fromhex("01006111220016000001")
PHONE, SERVICE = "13300133000", "10690001234501"
WORDS = "路灯坏了".encode("utf-16-be")

TAGS = {
    "tp_pid": 0x01, "tp_udhi": 0x02, "link_id": 0x03, "charge_user_type": 0x04, "charge_term_type": 0x05,
    "dest_term_type": 0x07, "pk_total": 0x09, "pk_number": 0x0A, "submit_msg_type": 0x0B, "sp_deal_result": 0x0C,
    "msg_src": 0x10, "m_service_id": 0x12, "0x14": 0x14,
}  # fmt: skip


def golden(name: str) -> bytes:
    return bytes.fromhex(GOLDEN[name][1]["hex"])


def fields_of(pdu: bytes, version: int) -> dict[str, Any]:
    """What we read, under the names of the vectors."""
    _, command, sequence = pdus.HEADER.unpack_from(pdu)
    found: dict[str, Any] = {"sequence_id": sequence, "command_id": f"0x{command:08x}"}
    match command:
        case pdus.LOGIN:
            client, proof, mode, timestamp, said = pdus.read_login(pdu)
            found |= {"client_id": client, "auth_client": proof.hex(), "login_mode": mode, "timestamp": timestamp}
            found["client_version"] = said
        case 0x80000001:
            status, proof, said = pdus.read_welcome(pdu)
            found |= {"status": status, "auth_server": proof.hex(), "server_version": said}
        case pdus.SUBMIT:
            one = pdus.read_submit(pdu, version)
            found |= {"msg_type": one.kind, "need_report": one.need_report, "priority": one.priority}
            found |= {"service_id": one.service, "fee_type": one.fee_type, "fee_code": one.fee_code}
            found |= {} if one.fixed_fee is None else {"fixed_fee": one.fixed_fee}
            found |= {"msg_format": one.form, "valid_time": one.valid_time, "at_time": one.at_time}
            found |= {"src_term_id": one.source, "charge_term_id": one.charged, "dest": list(one.destinations)}
            found |= {"dest_count": len(one.destinations), **_content(one.content, one.tlvs)}
        case pdus.DELIVER:
            text = pdus.read_deliver(pdu)
            found |= {"msg_id": text.message_id.hex(), "is_report": text.is_report, "msg_format": text.form}
            found |= {"recv_time": text.received, "src_term_id": text.source, "dest_term_id": text.destination}
            found |= _content(text.content, text.tlvs)
        case 0x80000002 | 0x80000003:
            message_id, status = pdus.read_answer(pdu)
            found |= {"msg_id": message_id.hex(), "status": status}
    return found


def _content(content: bytes, tlvs: Any) -> dict[str, Any]:
    names = {tag: name for name, tag in TAGS.items()}
    written = [[names[tag], value.hex()] for tag, value in tlvs.items()]
    return {"msg_length": len(content), "msg_content_hex": content.hex(), "reserve": "", "tlv": written}


def written(pdu: bytes, version: int) -> bytes:
    """The same PDU, written from what was read of it."""
    _, command, sequence = pdus.HEADER.unpack_from(pdu)
    match command:
        case pdus.LOGIN:
            return pdus.write_login(sequence, pdus.read_login(pdu))
        case 0x80000001:
            return pdus.write_welcome(sequence, pdus.read_welcome(pdu))
        case pdus.SUBMIT:
            return pdus.write_submit(sequence, pdus.read_submit(pdu, version))
        case pdus.DELIVER:
            return pdus.write_deliver(sequence, pdus.read_deliver(pdu))
        case 0x80000002 | 0x80000003:
            return pdus.write_answer(command & 0xF, sequence, pdus.read_answer(pdu))
        case _:
            return pdus.bare(command, sequence)


# ------------------------------------------------------------------------------------------------------- both ends


def gateway_end(profile: CarrierProfile = PROFILE) -> Session:
    """Logged in, and nothing left to write."""
    session = Session.gateway(profile, Smgp(profile, NOON))
    session.connected(0.0)
    [_, _, sequence] = pdus.HEADER.unpack_from(login := session.data_to_send())
    proof = pdus.server_authenticator(0, pdus.read_login(login).authenticator, profile.password)
    version = pdus.VERSIONS[profile.smgp_version]
    session.receive(pdus.write_welcome(sequence, pdus.Welcome(0, proof, version)), 0.0)
    return session


def carrier_end(version: int = V30) -> Session:
    """Somebody has logged in with this version."""
    session = Session.carrier(Smgp(None, NOON))
    session.connected(0.0)
    proof = pdus.authenticator("10000001", SECRET, 301000000)
    login = pdus.write_login(1, pdus.Login("10000001", proof, 2, 301000000, version))
    [asked] = session.receive(login, 0.0)
    assert isinstance(asked, BindRequested)
    session.admit(asked.answer, 0, "SMGW", SECRET)
    session.data_to_send()
    return session


def meet(
    profile: CarrierProfile = PROFILE, password: str = SECRET, refused: int = 0
) -> tuple[Session, Session, list[Event]]:
    """Two ends of one connection after the login; what the gateway's end heard."""
    ours, theirs = Session.gateway(profile, Smgp(profile, NOON)), Session.carrier(Smgp(None, NOON))
    ours.connected(0.0)
    theirs.connected(0.0)
    [asked] = theirs.receive(ours.data_to_send(), 0.0)
    assert isinstance(asked, BindRequested)
    right = theirs.dialect.proves(asked, password)
    theirs.admit(asked.answer, refused or (0 if right else theirs.dialect.wrong_login), "SMGW", password)
    return ours, theirs, ours.receive(theirs.data_to_send(), 0.0)


def life(session: Session, pieces: list[bytes]) -> tuple[list[Event], bytes, State]:
    """What it hears, says and becomes when this comes."""
    events = [event for piece in pieces for event in session.receive(piece, 1.0)]
    return events, session.data_to_send(), session.state


def deliver(**fields: Any) -> bytes:
    """A Deliver, unusual where it is said."""
    usual = pdus.Deliver(ID, 0, 8, "20261122001600", PHONE, SERVICE, WORDS, {})
    return pdus.write_deliver(9, usual._replace(**fields))


def report(content: bytes, **fields: Any) -> DeliveryReceipt:
    [event] = gateway_end().receive(deliver(is_report=1, form=0, content=content, **fields), 1.0)
    assert isinstance(event, DeliveryReceipt)
    return event


def text(**fields: Any) -> InboundText:
    [event] = gateway_end().receive(deliver(**fields), 1.0)
    assert isinstance(event, InboundText)
    return event


# ---------------------------------------------------------------------------------------------------------- vectors


@pytest.mark.parametrize("name", GOLDEN)
def test_a_pdu_of_another_implementation_is_read_to_its_fields_and_written_to_its_octets(name: str) -> None:
    version, vector = GOLDEN[name]
    pdu = golden(name)
    fields = {key: value for key, value in vector["fields"].items() if key != "report"}
    assert fields_of(pdu, version) == fields
    assert written(pdu, version) == pdu


@pytest.mark.parametrize("name", GOLDEN)
def test_a_pdu_means_the_same_whole_in_single_octets_and_with_octets_left_over(name: str) -> None:
    pdu, version = golden(name), GOLDEN[name][0]
    ends: list[Callable[[], Session]] = [gateway_end, lambda: carrier_end(version)]
    for end in ends:
        whole = life(end(), [pdu])
        assert life(end(), [bytes((octet,)) for octet in pdu]) == whole
        assert life(end(), [pdu + b"\x00\x00\x00", b"\x0c"]) == whole


@pytest.mark.parametrize("name", [name for name in GOLDEN if "deliver_report" in name])
def test_a_report_of_another_implementation_says_what_became_of_which_text(name: str) -> None:
    [event] = gateway_end().receive(golden(name), 1.0)
    said = GOLDEN[name][1]["fields"]["report"]
    assert isinstance(event, DeliveryReceipt)
    assert (event.message_id, event.state, event.error) == (said["id"], said["stat"], said["err"])
    assert event.number == GOLDEN[name][1]["fields"]["src_term_id"]


@pytest.mark.parametrize(
    ("name", "coding", "where"),
    [
        ("smgp13 deliver_mo_ucs2", 8, None),
        ("smgp13 deliver_mo_gb18030", 15, None),
        ("smgp30 deliver_mo_udh_tlv_udhi", 8, Concatenation(0xAA, 2, 2, 8)),
        ("smgp13 deliver_mo_udh_tlv_udhi", 8, Concatenation(0xAA, 2, 2, 8)),
    ],
)
def test_a_text_of_another_implementation_is_heard(name: str, coding: int, where: Concatenation | None) -> None:
    [event] = gateway_end().receive(golden(name), 1.0)
    assert isinstance(event, InboundText)
    assert event.body.decode("utf-16-be" if coding == 8 else "gb18030") == "建议修路"
    assert (event.source, event.destination, event.coding, event.concatenation) == (PHONE, SERVICE, coding, where)
    assert event.message_id == GOLDEN[name][1]["fields"]["msg_id"]


@pytest.mark.parametrize("layout", VERSIONS)
def test_our_submit_is_theirs_to_the_octet(layout: str) -> None:
    version = {"smgp30": "3.0", "smgp13": "1.3"}[layout]
    template = smgp.submit_template(replace(PROFILE, smgp_version=version), SERVICE, b"hello sms", 0, None)
    assert template.pdu(20, PHONE, 7) == golden(f"{layout} submit_ascii")


@pytest.mark.parametrize("layout", VERSIONS)
def test_our_part_of_a_long_text_is_theirs_but_for_the_part_numbers_that_we_add(layout: str) -> None:
    version = {"smgp30": "3.0", "smgp13": "1.3"}[layout]
    theirs = golden(f"{layout} submit_udh_tlv_udhi")
    where, body = Concatenation(0xAA, 2, 1, 8), bytes.fromhex("5efa8bae4fee8def")
    ours = smgp.submit_template(replace(PROFILE, smgp_version=version), SERVICE, body, 8, where).pdu(19, PHONE, 7)
    assert ours[12:] == theirs[12:] + bytes.fromhex("0009000102000a000101")


@pytest.mark.parametrize("layout", VERSIONS)
def test_our_login_and_the_carriers_welcome_are_theirs_to_the_octet(layout: str) -> None:
    login, welcome = golden(f"{layout} login_transmit"), golden(f"{layout} login_resp_ok")
    one = pdus.read_login(login)
    assert pdus.authenticator(one.client, SECRET, one.timestamp) == one.authenticator
    assert pdus.server_authenticator(0, one.authenticator, SECRET) == pdus.read_welcome(welcome).authenticator


def test_the_time_of_a_login_keeps_its_leading_zero_in_the_digest() -> None:
    one = pdus.read_login(golden("smgp30 login_send_ts_leading_zero"))
    assert one.timestamp == 0x11F0E540
    assert pdus.authenticator("333", "0555", 301000000) == one.authenticator


@pytest.mark.parametrize("item", ODD[:2], ids=lambda item: str(item["line"]))
def test_a_captured_submit_in_the_layout_of_1_3_is_read(item: dict[str, Any]) -> None:
    pdu = bytes.fromhex(item["hex"])
    assert fields_of(pdu, V13) == item["fields"]
    [event] = carrier_end(V13).receive(pdu, 1.0)
    assert isinstance(event, SubmitReceived)
    assert (event.source, event.destination, event.receipt_wanted) == ("10086", "13800138000", True)


def test_a_captured_report_is_read_though_its_id_is_not_bcd_and_its_labels_are_its_own() -> None:
    event = report(bytes.fromhex(ODD[2]["hex"]))
    assert event.message_id == "6495c36ac4ea6b00000b"
    assert (event.state, event.error) == (ReceiptState.DELIVERED, "000")


# ------------------------------------------------------------------------------------------------- any value at all

octet, short = st.integers(0, 255), st.integers(0, 0xFFFFFFFF)
ids = st.binary(min_size=10, max_size=10)
tlvs = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=30), max_size=6)


def characters(most: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=most)


logins = st.builds(pdus.Login, characters(8), st.binary(min_size=16, max_size=16), octet, short, octet)
welcomes = st.builds(pdus.Welcome, short, st.binary(min_size=16, max_size=16), octet)
submits = st.builds(
    pdus.Submit,
    need_report=octet,
    priority=octet,
    service=characters(10),
    fee_type=characters(2),
    fee_code=characters(6),
    fixed_fee=st.none() | characters(6),
    form=octet,
    valid_time=characters(17),
    at_time=characters(17),
    source=characters(21),
    charged=characters(21),
    destinations=st.lists(characters(21), max_size=100).map(tuple),
    content=st.binary(max_size=255),
    tlvs=tlvs,
    kind=octet,
)
delivers = st.builds(
    pdus.Deliver,
    ids,
    octet,
    octet,
    characters(14),
    characters(21),
    characters(21),
    st.binary(max_size=255),
    tlvs,
)
answers = st.builds(pdus.Answer, ids, short)
queries = st.builds(pdus.Query, characters(8), octet, characters(10))
totals = st.builds(Totals, *[short] * 8)


@given(short, logins, welcomes, delivers, answers, queries, totals)
def test_what_is_written_is_read_back(
    sequence: int,
    login: pdus.Login,
    welcome: pdus.Welcome,
    text: pdus.Deliver,
    answer: pdus.Answer,
    query: pdus.Query,
    counted: Totals,
) -> None:
    assert pdus.read_login(pdus.write_login(sequence, login)) == login
    assert pdus.read_welcome(pdus.write_welcome(sequence, welcome)) == welcome
    assert pdus.read_deliver(pdus.write_deliver(sequence, text)) == text
    assert pdus.read_answer(pdus.write_answer(pdus.SUBMIT, sequence, answer)) == answer
    assert pdus.read_query(pdus.write_query(sequence, query)) == query
    assert pdus.read_counts(pdus.write_counts(sequence, query, counted)) == (query, counted)


@given(short, submits)
def test_a_submit_is_read_back_in_the_layout_that_it_has(sequence: int, one: pdus.Submit) -> None:
    version = V13 if one.fixed_fee is None else V30
    assert pdus.read_submit(pdus.write_submit(sequence, one), version) == one


@given(
    ids,
    st.sampled_from(ReceiptState),
    st.from_regex("[0-9A-Z]{3}", fullmatch=True),
    st.sampled_from(["submit date", "Submit date", "submit_date", "SUBMIT_DATE"]),
    st.sampled_from([" sub:", "sub:", " Sub:"]),
    st.sampled_from([" text:", " Text:", "txt:", " TXT:", ""]),
    st.binary(max_size=20),
)
def test_a_report_is_understood_however_its_labels_are_written(
    message_id: bytes, state: ReceiptState, error: str, date: str, sub: str, label: str, rest: bytes
) -> None:
    said = f"{sub}001 dlvrd:001 {date}:2611220015 done_date:2611220016 stat:{state.value} err:{error}{label}"
    event = report(b"id:" + message_id + said.encode() + (rest if label else b""))
    assert (event.message_id, event.state, event.error) == (message_id.hex() if any(message_id) else "", state, error)


@given(st.binary(max_size=400), st.sampled_from([V30, V13]))
def test_any_octets_only_close_the_link_or_become_events(octets: bytes, version: int) -> None:
    for session in (gateway_end(), carrier_end(version)):
        session.receive(octets, 1.0)
        session.tick(2.0)
        assert isinstance(session.data_to_send(), bytes)


@given(st.sampled_from(sorted({*Smgp.commands, 0x5, 0x80000005})), st.binary(max_size=300))
def test_any_body_under_any_command_is_a_value(command: int, body: bytes) -> None:
    frame = pdus.HEADER.pack(12 + len(body), command, 5) + body
    for session in (gateway_end(), carrier_end(), Session.gateway(PROFILE, Smgp(PROFILE, NOON))):
        session.connected(0.0) if session.state is State.IDLE else None
        assert all(isinstance(event, Event) for event in session.receive(frame, 1.0))


@pytest.mark.parametrize("version", [V30, V13])
def test_a_submit_cut_short_anywhere_is_refused_and_the_next_one_is_read(version: int) -> None:
    name = "smgp30" if version == V30 else "smgp13"
    good = golden(f"{name} submit_ascii")
    for end in range(12, len(good) - 8):
        session = carrier_end(version)
        events = session.receive(pdus.HEADER.pack(end, pdus.SUBMIT, 9) + good[12:end] + good, 1.0)
        assert [type(event) for event in events] == [SubmitReceived]
        assert pdus.read_answer(session.data_to_send()).status == pdus.STRUCTURE


# --------------------------------------------------------------------------------------------------------- the login


@pytest.mark.parametrize("version", ["3.0", "1.3"])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("account", ["333", "10000001"])
def test_the_right_password_is_let_in_and_the_carrier_proves_itself(version: str, padded: bool, account: str) -> None:
    profile = replace(PROFILE, smgp_version=version, padded_login=padded, account=account, strict_login=True)
    ours, theirs, heard = meet(profile)
    assert heard == [Bound(f"SMGP {version}" if version == "3.0" else "SMGP 1.3")]
    assert (ours.state, theirs.state) == (State.BOUND, State.BOUND)


def test_a_padded_account_makes_another_digest_when_it_is_short() -> None:
    assert pdus.authenticator("333", SECRET, 1) != pdus.authenticator("333", SECRET, 1, padded=True)
    assert pdus.authenticator("10000001", SECRET, 1) == pdus.authenticator("10000001", SECRET, 1, padded=True)


def test_a_wrong_password_is_refused_as_what_it_is() -> None:
    ours, theirs, [heard] = meet(password="other")
    assert isinstance(heard, BindRefused)
    assert (heard.status, heard.credentials, heard.reason) == (21, True, "21 认证错")
    assert ours.wants_close
    assert theirs.wants_close


@pytest.mark.parametrize(
    ("status", "ours_to_mend"),
    [(3, True), (20, True), (21, True), (22, True), (101, True), (102, True), (1, False), (2, False), (75, False),
     (74, False), (103, False), (104, False), (200, False), (0xFFFFFFFF, False)],
)  # fmt: skip
def test_every_status_but_0_is_a_refusal_and_some_are_ours_to_mend(status: int, ours_to_mend: bool) -> None:
    _, _, [heard] = meet(refused=status)
    assert isinstance(heard, BindRefused)
    assert (heard.status, heard.credentials) == (status, ours_to_mend)


def test_a_refusal_may_come_without_authenticator_and_version() -> None:
    session = Session.gateway(PROFILE, Smgp(PROFILE, NOON))
    session.connected(0.0)
    [heard] = session.receive(pdus.HEADER.pack(16, 0x80000001, 1) + bytes((0, 0, 0, 3)), 0.0)
    assert isinstance(heard, BindRefused)
    assert heard.status == 3


def test_a_welcome_without_a_status_is_none() -> None:
    session = Session.gateway(PROFILE, Smgp(PROFILE, NOON))
    session.connected(0.0)
    assert session.receive(pdus.bare(0x80000001, 1), 0.0) == []
    assert session.wants_close


def welcomed(profile: CarrierProfile, proof: Callable[[bytes], bytes], version: int = V30) -> list[Event]:
    """What a login hears from a carrier that proves itself like that."""
    session = Session.gateway(profile, Smgp(profile, NOON))
    session.connected(0.0)
    client = pdus.read_login(session.data_to_send()).authenticator
    return session.receive(pdus.write_welcome(1, pdus.Welcome(0, proof(client), version)), 0.0)


@pytest.mark.parametrize("width", [4, 1, 8])
def test_the_status_may_stand_in_the_carriers_digest_with_any_width_that_was_seen(width: int) -> None:
    proof = lambda client: pdus.server_authenticator(0, client, SECRET, width)  # noqa: E731
    assert welcomed(replace(PROFILE, strict_login=True), proof) == [Bound("SMGP 3.0")]


@pytest.mark.parametrize("proof", [b"", b"mockauth", b"\xff" * 16])
def test_a_carrier_that_cannot_prove_itself_is_doubted_and_refused_by_a_strict_login(proof: bytes) -> None:
    [bound] = welcomed(PROFILE, lambda client: proof)
    assert isinstance(bound, Bound)
    assert "认证码与本方密码不符" in bound.doubt
    [refused] = welcomed(replace(PROFILE, strict_login=True), lambda client: proof)
    assert isinstance(refused, BindRefused)
    assert refused.credentials
    assert "认证码与本方密码不符" in refused.reason


def test_a_carrier_that_speaks_1_3_only_is_doubted_by_who_speaks_3_0() -> None:
    [bound] = welcomed(PROFILE, lambda client: pdus.server_authenticator(0, client, SECRET), V13)
    assert isinstance(bound, Bound)
    assert "smgp_version" in bound.doubt


def test_the_password_never_goes_over_the_wire() -> None:
    session = Session.gateway(PROFILE, Smgp(PROFILE, NOON))
    session.connected(0.0)
    assert SECRET.encode() not in session.data_to_send()


# ------------------------------------------------------------------------------------------------------- the traffic


@pytest.mark.parametrize("version", ["3.0", "1.3"])
def test_a_text_goes_out_is_answered_and_reported(version: str) -> None:
    profile = replace(PROFILE, smgp_version=version, corp_id="123456")
    ours, theirs, _ = meet(profile)
    where = Concatenation(7, 3, 2, 8)
    template = smgp.submit_template(profile, SERVICE, WORDS, 8, where)
    sequence = ours.reserve(1)
    ours.submit([(sequence, 42, template.pdu(sequence, PHONE, 0))], 1.0)
    [submit] = theirs.receive(ours.data_to_send(), 1.0)
    assert isinstance(submit, SubmitReceived)
    assert (submit.source, submit.destination, submit.body) == (SERVICE, PHONE, WORDS)
    assert (submit.coding, submit.concatenation, submit.receipt_wanted) == (8, where, True)
    message_id = theirs.dialect.new_id(1, submit)
    theirs.answer_submit(submit.answer, 0, message_id)
    theirs.deliver(5, theirs.dialect.receipt(message_id, PHONE, SERVICE, ReceiptState.EXPIRED, "7", "2611220016"), 1.0)
    answered, receipt = ours.receive(theirs.data_to_send(), 1.0)
    assert answered == SubmitAnswered(sequence, 42, Verdict.ACCEPTED, 0, message_id)
    assert isinstance(receipt, DeliveryReceipt)
    assert (receipt.message_id, receipt.state, receipt.error) == (message_id, ReceiptState.EXPIRED, "007")
    assert receipt.number == PHONE
    ours.accept([receipt.answer])
    [delivered] = theirs.receive(ours.data_to_send(), 1.0)
    assert isinstance(delivered, DeliverAnswered)
    assert (delivered.token, delivered.status) == (5, 0)


@pytest.mark.parametrize("taken", [True, False])
def test_a_text_comes_in_and_is_answered_with_its_own_id(taken: bool) -> None:
    ours, theirs, _ = meet()
    theirs.deliver(5, theirs.dialect.text(PHONE, SERVICE, WORDS, 8, Concatenation(7, 2, 1, 16)), 1.0)
    [event] = ours.receive(theirs.data_to_send(), 1.0)
    assert isinstance(event, InboundText)
    assert (event.source, event.destination, event.body, event.coding) == (PHONE, SERVICE, WORDS, 8)
    assert event.concatenation == Concatenation(7, 2, 1, 16)
    (ours.accept if taken else ours.refuse)([event.answer])
    said = ours.data_to_send()
    assert pdus.read_answer(said).message_id.hex() == event.message_id
    [answered] = theirs.receive(said, 1.0)
    assert isinstance(answered, DeliverAnswered)
    assert (answered.status == 0) is taken


def test_every_delivery_of_the_carriers_has_an_id_of_its_own() -> None:
    dialect = Smgp(None, NOON)
    made = [dialect.text(PHONE, SERVICE, WORDS, 8) for _ in range(3)]
    made += [dialect.receipt("00" * 10, PHONE, SERVICE, ReceiptState.DELIVERED, "000", "2611220016")]
    assert len({pdus.read_deliver(pdu).message_id for pdu in made}) == 4


def test_ids_are_bcd_and_new_each_time() -> None:
    dialect, [submit] = Smgp(None, NOON), carrier_end().receive(golden("smgp30 submit_ascii"), 1.0)
    assert isinstance(submit, SubmitReceived)
    given = [dialect.new_id(serial, submit) for serial in (0, 1, 999_999, 1_000_000, 1 << 24)]
    assert len(set(given)) == 5
    assert all(len(one) == 20 and one.isdigit() for one in given)


def test_a_quiet_line_is_kept_alive_from_either_end() -> None:
    ours, theirs, _ = meet()
    ours.tick(31.0)
    asked = ours.data_to_send()
    assert asked == pdus.bare(pdus.ACTIVE_TEST, 2)
    theirs.receive(asked, 31.0)
    said = theirs.data_to_send()
    assert said == pdus.bare(pdus.ACTIVE_TEST | pdus.RESPONSE, 2)
    assert ours.receive(said, 31.0) == []
    theirs.tick(200.0)
    ours.receive(theirs.data_to_send(), 200.0)
    assert ours.data_to_send() == pdus.bare(pdus.ACTIVE_TEST | pdus.RESPONSE, 1)


def test_either_end_may_leave() -> None:
    ours, theirs, _ = meet()
    ours.drain(1.0)
    theirs.receive(ours.data_to_send(), 1.0)
    ours.receive(theirs.data_to_send(), 1.0)
    assert ours.wants_close
    ours, theirs, _ = meet()
    theirs.drain(1.0)
    ours.receive(theirs.data_to_send(), 1.0)
    assert ours.dismissed
    theirs.receive(ours.data_to_send(), 1.0)
    assert ours.wants_close
    assert theirs.wants_close


def test_a_query_is_answered_and_its_answer_disturbs_nobody() -> None:
    ours, theirs, _ = meet()
    query = pdus.Query("20261122", 1, "NOTICE")
    ours.send_raw(pdus.write_query(7, query))
    assert theirs.receive(ours.data_to_send(), 1.0) == []
    said = theirs.data_to_send()
    assert len(said) == 12 + 59
    assert pdus.read_counts(said) == (query, Totals())
    assert ours.receive(said, 1.0) == []
    assert ours.state is State.BOUND


@pytest.mark.parametrize(("kind", "code", "taken"), [(0, "", 2), (0, "OTHER", 2), (1, "NOTICE", 2), (1, "OTHER", 0)])
def test_a_simulated_carrier_answers_a_query_from_what_it_took(kind: int, code: str, taken: int) -> None:
    line = Line(PROFILE)
    line.until(lambda: line.bound)
    line.submit(2)
    line.until(lambda: len(line.of(DeliveryReceipt)) == 2)
    dialect = dialects.carrier("smgp", NOON, ledger=line.carrier)
    said = dialect.answer_question(pdus.write_query(7, pdus.Query("19700101", kind, code)))
    query, counted = pdus.read_counts(said)
    assert (query.kind, query.code) == (kind, code)
    assert counted == Totals(taken, min(taken, 1), taken)


def test_a_carrier_asks_nothing_of_us_and_submits_nothing() -> None:
    session = gateway_end()
    session.receive(pdus.write_query(7, pdus.Query("20261122", 0, "")), 1.0)
    assert session.data_to_send() == b""
    session.receive(golden("smgp30 submit_ascii"), 1.0)
    assert pdus.read_answer(session.data_to_send()).status == pdus.WRONG_COMMAND


def test_nothing_is_taken_before_the_login() -> None:
    session = Session.carrier(Smgp(None, NOON))
    session.connected(0.0)
    assert session.receive(golden("smgp30 submit_ascii"), 0.0) == []
    assert pdus.read_answer(session.data_to_send()).status == pdus.WRONG_COMMAND
    session = Session.gateway(PROFILE, Smgp(PROFILE, NOON))
    session.connected(0.0)
    session.data_to_send()
    assert session.receive(deliver(), 0.0) == []
    assert pdus.read_answer(session.data_to_send()) == pdus.Answer(ID, pdus.WRONG_COMMAND)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (0, Verdict.ACCEPTED),
        *((status, Verdict.THROTTLED) for status in (1, 74, 75, 103, 104)),
        *((status, Verdict.WRONG_NETWORK) for status in (39, 47, 58)),
        *((status, Verdict.CONFIGURATION) for status in (32, 33, 40, 34, 43, 46, 69, 73, 76, 115)),
        *((status, Verdict.PERMANENT) for status in (36, 37, 106, 109)),
        *((status, Verdict.TEMPORARY) for status in (2, 119, 200, 0xFFFFFFFF)),
        (12, Verdict.UNCERTAIN),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    session = gateway_end()
    session.submit([(5, 42, b"")], 1.0)
    [event] = session.receive(pdus.write_answer(pdus.SUBMIT, 5, pdus.Answer(ID, status)), 1.0)
    assert isinstance(event, SubmitAnswered)
    assert (event.verdict, event.status, event.token) == (verdict, status, 42)
    assert event.message_id == (ID.hex() if status == 0 else "")
    assert event.reason.startswith(str(status)) or status == 0


# ------------------------------------------------------------------------------- what carriers do besides the document


def test_an_answer_without_its_status_leaves_the_submit_in_doubt() -> None:
    for octets in (b"", ID, ID + b"\x00\x00"):
        session = gateway_end()
        session.submit([(5, 42, b"")], 1.0)
        [event] = session.receive(pdus.HEADER.pack(12 + len(octets), 0x80000002, 5) + octets, 1.0)
        assert event == SubmitAnswered(5, 42, Verdict.UNCERTAIN, UNREAD, "", "应答不完整")


def test_a_report_may_come_before_its_answer() -> None:
    session = gateway_end()
    session.submit([(5, 42, b"")], 1.0)
    early = pdus.report_content(ID, ReceiptState.DELIVERED, "000", "2611220015", "2611220016")
    both = deliver(is_report=1, content=early) + pdus.write_answer(pdus.SUBMIT, 5, pdus.Answer(ID, 0))
    receipt, answered = session.receive(both, 1.0)
    assert isinstance(receipt, DeliveryReceipt)
    assert isinstance(answered, SubmitAnswered)
    assert receipt.message_id == answered.message_id == ID.hex()


def test_an_id_is_any_ten_octets() -> None:
    odd = bytes.fromhex("ff00c36a7cea6b80200b")
    content = pdus.report_content(odd, ReceiptState.UNDELIVERABLE, "003", "2611220015", "2611220016")
    assert report(content).message_id == odd.hex()
    assert report(b"id: stat:ERRORX sub:001 stat:DELIVRD err:000 ").state is ReceiptState.DELIVERED


@pytest.mark.parametrize("number", ["13300133000", "8613300133000", "+8613300133000", "008613300133000"])
def test_numbers_are_kept_as_they_come(number: str) -> None:
    assert text(source=number).source == number
    content = pdus.report_content(ID, ReceiptState.DELIVERED, "000", "2611220015", "2611220016")
    assert report(content, source=number).number == number


def test_a_frame_counted_one_too_long_costs_the_link_and_no_more_than_the_text_behind_it() -> None:
    """go_smgp counts TP_pid twice: the next PDU's first octet is taken for the end of this one."""
    pdu = deliver(tlvs={0x0001: b"\x00"})
    longer = pdus.HEADER.pack(len(pdu) + 1, pdus.DELIVER, 9) + pdu[12:]
    for behind in (deliver(), pdus.bare(pdus.ACTIVE_TEST, 3), pdus.write_answer(pdus.SUBMIT, 5, pdus.Answer(ID, 0))):
        session = gateway_end()
        session.submit([(5, 42, b"")], 1.0)
        [event] = session.receive(longer + behind + behind, 1.0)
        assert isinstance(event, InboundText)
        assert event.body == WORDS
        assert session.wants_close
        [closed] = session.lost("closed")
        assert isinstance(closed, Closed)
        assert (closed.reason[:8], closed.unanswered) == ("frame of", ((5, 42),))


def test_a_content_counted_wrong_is_kept_as_octets_or_read_as_far_as_it_goes() -> None:
    at = 12 + 10 + 1 + 1 + 14 + 21 + 21
    good = deliver()
    for claimed in range(256):
        session = gateway_end()
        first, second = session.receive(good[:at] + bytes((claimed,)) + good[at + 1 :] + good, 1.0)
        assert isinstance(first, InboundText if claimed <= len(WORDS) + 8 else Unreadable)
        assert isinstance(second, InboundText)
        session.accept([first.answer])  # type: ignore[union-attr]
        assert pdus.read_answer(session.data_to_send()) == pdus.Answer(ID, 0)


def test_optional_parameters_come_in_any_order_and_strange_ones_are_passed_over() -> None:
    body = bytes((5, 0, 3, 7, 2, 1)) + WORDS
    one = text(content=body, tlvs={0x0014: b"\x01", 0x7777: b"", 0x0002: b"\x01", 0x0001: b"\x00"})
    other = text(content=body, tlvs={0x0001: b"\x00", 0x0002: b"\x01", 0x7777: b"", 0x0014: b"\x01"})
    assert one.concatenation == other.concatenation == Concatenation(7, 2, 1, 8)
    assert one.body == other.body == WORDS


@pytest.mark.parametrize(("flag", "headed"), [(b"\x01", True), (b"\x40", True), (b"\x00", False), (b"", False)])
def test_a_header_is_announced_by_any_bit_of_tp_udhi(flag: bytes, headed: bool) -> None:
    body = bytes((5, 0, 3, 7, 2, 1)) + WORDS
    event = text(content=body, tlvs={0x0002: flag})
    assert event.body == (WORDS if headed else body)


def test_parts_may_be_numbered_by_parameters_alone() -> None:
    event = text(tlvs={pdus.PK_NUMBER: b"\x02", pdus.PK_TOTAL: b"\x03"})
    assert event.concatenation == Concatenation(0, 3, 2, 8)
    assert text(tlvs={pdus.PK_NUMBER: b"\x01", pdus.PK_TOTAL: b"\x01"}).concatenation is None
    assert text(tlvs={pdus.PK_NUMBER: b"", pdus.PK_TOTAL: b""}).concatenation is None


def test_optional_parameters_that_do_not_end_leave_the_text_whole() -> None:
    pdu = deliver() + bytes.fromhex("00020005")
    [event] = gateway_end().receive(pdus.HEADER.pack(len(pdu), pdus.DELIVER, 9) + pdu[12:], 1.0)
    assert isinstance(event, InboundText)
    assert event.body == WORDS


@pytest.mark.parametrize(
    ("form", "coding", "binary"),
    [(0, 1, False), (8, 8, False), (15, 15, False), (24, 8, False), (25, 8, False), (0x10, 1, False), (3, 3, True),
     (4, 4, True), (246, 246, True)],
)  # fmt: skip
def test_what_a_format_says_about_the_words(form: int, coding: int, binary: bool) -> None:
    event = text(form=form)
    assert (event.coding, event.binary) == (coding, binary)


def test_an_id_of_noughts_is_none() -> None:
    assert text(message_id=bytes(10)).message_id == ""
    content = pdus.report_content(bytes(10), ReceiptState.DELIVERED, "000", "2611220015", "2611220016")
    assert report(content).message_id == ""
    session = gateway_end()
    session.submit([(5, 42, b"")], 1.0)
    answer = pdus.write_answer(pdus.SUBMIT, 5, pdus.Answer(bytes(10), 0))
    assert session.receive(answer, 1.0) == [SubmitAnswered(5, 42, Verdict.ACCEPTED, 0, "")]


def test_a_report_that_is_none_is_kept_as_octets() -> None:
    [event] = gateway_end().receive(deliver(is_report=1), 1.0)
    assert isinstance(event, Unreadable)
    assert event.answer == (9, ID)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [("account", "123456789", "account"), ("password", "x" * 16, "password_file"), ("corp_id", "123456789", "corp_id")],
)
def test_a_setting_that_does_not_fit_is_named_before_anybody_is_called(field: str, value: str, named: str) -> None:
    trouble = replace(PROFILE, **{field: value}).trouble()
    assert trouble is not None
    assert trouble[0] == named
    assert PROFILE.trouble() is None


def test_a_number_that_does_not_fit_is_refused_not_cut() -> None:
    template = smgp.submit_template(PROFILE, SERVICE, WORDS, 8, None)
    with pytest.raises(ValueError, match="21"):
        template.pdu(1, "1" * 22, 0)
