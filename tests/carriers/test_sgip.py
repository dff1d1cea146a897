"""SGIP on the wire: golden PDUs of two other implementations, both ends of a session, and how carriers differ."""

import json
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import dialects, sgip
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
from carriers.pdu import Malformed, data_coding
from carriers.profile import CarrierProfile
from carriers.receipts import message_key
from carriers.results import Results
from carriers.session import Session, State
from carriers.sgip import Bind, Deliver, Report, Sgip, Submit, UserReport
from carriers.text import decode, split
from tests.conftest import NOON

VECTORS = Path(__file__).parent.parent / "vectors"
GOLDEN: dict[str, Any] = {v["name"]: v for v in json.loads((VECTORS / "sgip12.json").read_text())["vectors"]}
RESULTS = tomllib.loads((Path(__file__).parents[2] / "config" / "results.toml").read_text(encoding="utf-8"))
PROFILE = CarrierProfile(
    results=Results.from_table(RESULTS["sgip"], "sgip"),
    name="unicom",
    label="中国联通",
    protocol="sgip",
    host="localhost",
    port=8801,
    account="spuser",
    password="sppass",
    access_number="10690001234501",
    rate=0,
    node=3025012345,
    service_id="NOTICE",
)
GOLDEN_MOMENT = datetime(2026, 11, 21, 16, 15, 30, tzinfo=UTC)  # 22 November, 00:15:30 in China
NUMBER = "8613000130000"


def golden(name: str) -> bytes:
    return bytes.fromhex(GOLDEN[name]["hex"])


def of_kind(*kinds: str) -> list[str]:
    return [name for name, vector in GOLDEN.items() if vector["pdu"] in kinds]


def header(pdu: bytes) -> tuple[int, int, list[int]]:
    length, command, *sequence = sgip.HEADER.unpack_from(pdu)
    return length, command, sequence


# -------------------------------------------------------------------------------------------------------------- golden


@pytest.mark.parametrize("name", GOLDEN)
def test_the_header_of_a_golden_pdu_is_read(name: str) -> None:
    pdu, fields = golden(name), GOLDEN[name]["fields"]
    assert header(pdu) == (len(pdu), int(fields["command_id"], 16), fields["sequence"])


def body_of(name: str) -> bytes:
    """The golden body as we read it and write it again; and the fields as they were read are the golden ones."""
    pdu, fields = golden(name), GOLDEN[name]["fields"]
    match GOLDEN[name]["pdu"]:
        case "bind":
            bind = sgip.read_bind(pdu)
            assert bind == (fields["login_type"], fields["login_name"], fields["login_password"])
            return sgip.bind_body(bind)
        case "submit":
            submit = sgip.read_submit(pdu)
            assert submit == Submit(
                fields["sp_number"],
                tuple(fields["dest"]),
                bytes.fromhex(fields["message_content_hex"]),
                fields["message_coding"],
                fields["tp_udhi"],
                fields["charge_number"],
                fields["corp_id"],
                fields["service_type"],
                fields["fee_type"],
                fields["fee_value"],
                fields["given_value"],
                fields["agent_flag"],
                fields["morelate_to_mt_flag"],
                fields["priority"],
                fields["expire_time"],
                fields["schedule_time"],
                fields["report_flag"],
                fields["tp_pid"],
                fields["message_type"],
            )
            return sgip.submit_body(submit)
        case "deliver":
            deliver = sgip.read_deliver(pdu)
            assert deliver == Deliver(
                fields["user_number"],
                fields["sp_number"],
                bytes.fromhex(fields["message_content_hex"]),
                fields["message_coding"],
                fields["tp_udhi"],
                fields["tp_pid"],
            )
            return sgip.deliver_body(deliver)
        case "report":
            report = sgip.read_report(pdu)
            sequence = "".join(f"{fields[f'submit_seq{n}']:08x}" for n in (1, 2, 3))
            assert report == Report(
                sequence, fields["user_number"], fields["state"], fields["error_code"], fields["report_type"]
            )
            return sgip.report_body(report)
        case "unbind" | "unbind_resp":
            return b""
        case _:
            raise AssertionError(name)


@pytest.mark.parametrize("name", of_kind("bind", "submit", "deliver", "report", "unbind", "unbind_resp"))
def test_a_golden_pdu_is_read_to_its_fields_and_written_to_its_octets(name: str) -> None:
    pdu = golden(name)
    assert sgip.write(header(pdu)[1], pdu[8:20], body_of(name)) == pdu


@pytest.mark.parametrize("name", of_kind("bind_resp", "submit_resp", "deliver_resp", "report_resp"))
def test_a_golden_answer_is_read_and_written(name: str) -> None:
    pdu, result = golden(name), GOLDEN[name]["fields"]["result"]
    assert sgip.read_result(pdu) == result
    asked = bytes((pdu[4] & 0x7F,)) + pdu[5:20]
    assert sgip.answer(asked, result) == pdu


def test_every_kind_of_golden_pdu_is_covered() -> None:
    assert {vector["pdu"] for vector in GOLDEN.values()} == {
        *("bind", "submit", "deliver", "report", "unbind", "unbind_resp"),
        *("bind_resp", "submit_resp", "deliver_resp", "report_resp"),
    }


def test_our_own_pdus_are_theirs_to_the_octet() -> None:
    ours = Sgip(replace(PROFILE, node=3025012345), GOLDEN_MOMENT)
    assert ours.login(1) == golden("bind_sp")
    assert ours.leave(9) == golden("unbind")
    assert ours.leave_answer(golden("unbind_from_smg")) == golden("unbind_resp_to_smg")
    content = bytes.fromhex(GOLDEN["submit_ucs2"]["fields"]["message_content_hex"])
    template = sgip.submit_template(PROFILE, "10690001234501", content, 8, None)
    assert template.pdu(2, NUMBER, 77, ours.stamp) == golden("submit_ucs2")
    part = sgip.submit_template(
        PROFILE, "10690001234501", bytes.fromhex("5efa8bae4fee8def"), 8, Concatenation(0xAA, 2, 1, 8)
    )
    assert part.pdu(4, NUMBER, 77, ours.stamp) == golden("submit_udh_1of2")
    for name, taken in (("deliver_resp_ok", True), ("deliver_resp_11", False)):
        assert ours.delivery_answer(ours.owed(golden("deliver_ucs2")), taken) == golden(name)
    for name, taken in (("report_resp_ok", True), ("report_resp_11", False)):
        assert ours.delivery_answer(ours.owed(golden("report_ok")), taken) == golden(name)


def test_a_golden_text_and_its_part_are_events() -> None:
    ours = Sgip(PROFILE, NOON)
    text, part = ours.read_delivery(golden("deliver_ucs2")), ours.read_delivery(golden("deliver_udh_2of2"))
    assert isinstance(text, InboundText)
    assert (text.source, text.destination, decode(text.body, text.coding)) == (NUMBER, "10690001234501", "建议修路")
    assert (text.concatenation, text.binary) == (None, False)
    assert isinstance(part, InboundText)
    assert part.concatenation == Concatenation(0xAA, 2, 2, 8)
    assert decode(part.body, part.coding) == "建议修路"


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [
        ("report_ok", ReceiptState.DELIVERED, ""),
        ("report_waiting", ReceiptState.ENROUTE, ""),
        ("report_fail25", ReceiptState.UNDELIVERABLE, "25"),
        ("report_fail22", ReceiptState.UNDELIVERABLE, "22"),
        ("report_fail88", ReceiptState.UNDELIVERABLE, "88"),
        ("report_fail182", ReceiptState.UNDELIVERABLE, "182"),  # above 127: the octet has no sign
    ],
)
def test_a_golden_report_is_a_receipt(name: str, state: ReceiptState, code: str) -> None:
    event = Sgip(PROFILE, NOON).read_delivery(golden(name))
    assert isinstance(event, DeliveryReceipt)
    assert (event.state, event.error) == (state, code)
    assert event.number == GOLDEN[name]["fields"]["user_number"]
    assert event.message_id == "".join(f"{GOLDEN[name]['fields'][f'submit_seq{n}']:08x}" for n in (1, 2, 3))


# ------------------------------------------------------------------------------------------------------------ sessions


def bound(profile: CarrierProfile = PROFILE) -> Session:
    """A gateway's session that is logged in."""
    session = Session.gateway(profile, dialects.gateway(profile, NOON))
    session.connected(0.0)
    login = session.data_to_send()
    session.receive(sgip.answer(login[4:20], 0), 0.0)
    assert session.state is State.BOUND
    return session


def serving() -> Session:
    """A carrier's session that has let somebody in."""
    session = Session.carrier(dialects.carrier("sgip", NOON))
    session.connected(0.0)
    [asked] = session.receive(golden("bind_sp"), 0.0)
    assert isinstance(asked, BindRequested)
    session.admit(asked.answer)
    session.data_to_send()
    return session


class Pair:
    """Two ends with nothing between them. `calls`: it is the gateway that dials; else the carrier does."""

    def __init__(self, *, calls: bool = True, password: str = "smgpass") -> None:
        self.gateway = Session.gateway(PROFILE, dialects.gateway(PROFILE, NOON), calls=calls)
        theirs = dialects.carrier("sgip", NOON, "smguser", password)
        self.carrier = Session.carrier(theirs, calls=not calls)
        self.gateway.connected(0.0)
        self.carrier.connected(0.0)

    def to_carrier(self, now: float = 1.0) -> list[Event]:
        return self.carrier.receive(self.gateway.data_to_send(), now)

    def to_gateway(self, now: float = 1.0) -> list[Event]:
        return self.gateway.receive(self.carrier.data_to_send(), now)

    def submit(self, words: str = "您好", now: float = 1.0) -> tuple[int, str]:
        """One submit: its number and the id that a report will name."""
        text = split(words)
        template = sgip.submit_template(PROFILE, "1069", text.bodies[0], text.coding, None)
        sequence, stamp = self.gateway.reserve(1), self.gateway.dialect.stamp
        self.gateway.submit([(sequence, 100, template.pdu(sequence, NUMBER, 7, stamp))], now)
        return sequence, f"{stamp.hex()}{sequence:08x}"


@pytest.fixture
def pair() -> Pair:
    """Logged in by the gateway."""
    pair = Pair()
    [asked] = pair.to_carrier()
    assert isinstance(asked, BindRequested)
    assert (asked.account, asked.password, asked.mode) == ("spuser", "sppass", "transmitter")
    assert pair.carrier.dialect.proves(asked, "sppass")
    assert not pair.carrier.dialect.proves(asked, "other")
    pair.carrier.admit(asked.answer)
    assert pair.to_gateway() == [Bound("")]
    return pair


@pytest.mark.parametrize(
    ("result", "credentials", "pause"),
    [(1, True, 0.0), (4, True, 0.0), (2, False, 0.0), (3, False, 0.0), (34, False, 60.0)],
)
def test_a_refused_login_tells_a_wrong_password_from_too_many_logins(
    result: int, credentials: bool, pause: float
) -> None:
    pair = Pair()
    [asked] = pair.to_carrier()
    assert isinstance(asked, BindRequested)
    pair.carrier.admit(asked.answer, result)
    [refused] = pair.to_gateway()
    assert isinstance(refused, BindRefused)
    assert (refused.status, refused.credentials, refused.pause) == (result, credentials, pause)
    assert refused.reason.startswith(f"{result} ")
    assert pair.gateway.wants_close


def test_a_submit_is_answered_and_its_report_names_it(pair: Pair) -> None:
    sequence, name = pair.submit()
    [seen] = pair.to_carrier()
    assert isinstance(seen, SubmitReceived)
    assert (seen.source, seen.destination, decode(seen.body, seen.coding)) == ("1069", NUMBER, "您好")
    assert seen.receipt_wanted
    assert pair.carrier.dialect.new_id(1, seen) == name
    pair.carrier.answer_submit(seen.answer, 0, name)
    receipt = pair.carrier.dialect.receipt(name, NUMBER, "1069", ReceiptState.DELIVERED, "000", "2611221200")
    pair.carrier.deliver(55, receipt, 1.0)
    answered, reported = pair.to_gateway()
    assert answered == SubmitAnswered(sequence, 100, Verdict.ACCEPTED, 0, name)
    assert isinstance(reported, DeliveryReceipt)
    assert (reported.message_id, reported.state) == (name, ReceiptState.DELIVERED)
    pair.gateway.accept([reported.answer])
    assert pair.to_carrier() == [DeliverAnswered(1, 55, 0)]


def test_an_id_is_the_same_key_at_intent_in_the_answer_and_in_the_report() -> None:
    stamp = sgip.stamp(PROFILE.node, NOON)
    assert stamp == sgip.STAMP.pack(3025012345, 1124120000)
    assert sgip.stamp(3025012345, datetime(2026, 1, 1, tzinfo=UTC)).hex()[8:] == f"{101080000:08x}"  # no leading zero
    name = f"{stamp.hex()}{5:08x}"
    assert len(name) == 24
    assert message_key(name) == name


def test_a_carrier_that_calls_logs_in_and_delivers_over_its_own_line() -> None:
    pair = Pair(calls=False)
    [asked] = pair.to_gateway()
    assert isinstance(asked, BindRequested)
    assert (asked.account, asked.password, asked.mode) == ("smguser", "smgpass", "receiver")
    pair.gateway.admit(asked.answer)
    assert pair.to_carrier() == [Bound("")]
    pair.carrier.deliver(7, pair.carrier.dialect.text(NUMBER, "1069", "路灯".encode("utf-16-be"), 8), 1.0)
    [text] = pair.to_gateway()
    assert isinstance(text, InboundText)
    assert pair.to_carrier() == []  # nothing is acknowledged by itself
    pair.gateway.accept([text.answer])
    assert pair.to_carrier() == [DeliverAnswered(2, 7, 0)]


def test_what_cannot_be_stored_is_asked_for_again(pair: Pair) -> None:
    pair.carrier.deliver(1, golden("deliver_ucs2"), 1.0)
    [text] = pair.to_gateway()
    assert isinstance(text, InboundText)
    pair.gateway.refuse([text.answer])
    assert pair.to_carrier() == [DeliverAnswered(1, 1, sgip.BUSY)]


def test_nobody_delivers_or_submits_before_the_login() -> None:
    gateway = Session.gateway(PROFILE, dialects.gateway(PROFILE, NOON), calls=False)
    gateway.connected(0.0)
    assert gateway.receive(golden("deliver_ucs2") + golden("report_ok"), 1.0) == []
    first, second = sgip.answer(golden("deliver_ucs2")[4:20], 1), sgip.answer(golden("report_ok")[4:20], 1)
    assert gateway.data_to_send() == first + second
    carrier = Session.carrier(dialects.carrier("sgip", NOON))
    carrier.connected(0.0)
    assert carrier.receive(golden("submit_ucs2"), 1.0) == []
    assert carrier.data_to_send() == sgip.answer(golden("submit_ucs2")[4:20], 1)


def test_a_second_login_is_refused_and_changes_nothing() -> None:
    session = serving()
    assert session.receive(golden("bind_sp"), 1.0) == []
    assert session.data_to_send() == golden("bind_resp_2")
    assert session.state is State.BOUND


def test_stopping_says_unbind_and_waits_for_its_answer(pair: Pair) -> None:
    pair.gateway.drain(2.0)
    assert pair.to_carrier(2.0) == []
    assert pair.carrier.wants_close
    assert pair.to_gateway(2.0) == []
    assert pair.gateway.wants_close
    assert pair.gateway.lost("") == [Closed("unbound", ())]


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("make", [bound, serving])
def test_a_golden_pdu_is_the_same_whole_in_octets_and_with_some_left_over(name: str, make: Any) -> None:
    pdu, left_over = golden(name), golden("deliver_ucs2")[:7]
    whole = make()
    events, said = whole.receive(pdu, 1.0), whole.data_to_send()
    pieces = make()
    assert [event for octet in pdu for event in pieces.receive(bytes((octet,)), 1.0)] == events
    assert (pieces.data_to_send(), pieces.wants_close) == (said, whole.wants_close)
    more = make()
    assert more.receive(pdu + left_over, 1.0) == events
    assert (more.data_to_send(), more._rest) == (said, b"" if whole.wants_close else left_over)


# ------------------------------------------------------------------------------------- where carriers differ: section 5


@pytest.mark.parametrize("body", ["", "00" * 9, "ff" * 9, "00" * 200])
def test_an_answer_to_unbind_may_have_any_body_and_any_number(body: str) -> None:
    session = bound()
    session.drain(1.0)
    octets = bytes.fromhex(body)
    answer = sgip.write(sgip.UNBIND | sgip.RESPONSE, bytes(4) + b"\x01\x02\x03\x04" + bytes(4), octets)
    assert session.receive(answer, 1.0) == []
    assert session.wants_close


def test_an_answer_whose_node_and_time_were_changed_is_still_about_our_submit(pair: Pair) -> None:
    sequence, name = pair.submit()
    mangled = sgip.write(sgip.SUBMIT | sgip.RESPONSE, bytes(8) + sequence.to_bytes(4, "big"), bytes(9))
    assert pair.gateway.receive(mangled, 1.0) == [SubmitAnswered(sequence, 100, Verdict.ACCEPTED, 0, name)]


def test_an_answer_cut_short_is_uncertain_and_nothing_is_sent_again(pair: Pair) -> None:
    sequence, _ = pair.submit()
    bare = sgip.write(sgip.SUBMIT | sgip.RESPONSE, pair.gateway.dialect.stamp + sequence.to_bytes(4, "big"))
    [answered] = pair.gateway.receive(bare, 1.0)
    assert isinstance(answered, SubmitAnswered)
    assert (answered.verdict, answered.message_id) == (Verdict.UNCERTAIN, "")
    assert answered.reason


def test_a_login_answer_cut_short_is_no_login() -> None:
    session = Session.gateway(PROFILE, dialects.gateway(PROFILE, NOON))
    session.connected(0.0)
    login = session.data_to_send()
    assert session.receive(sgip.write(sgip.BIND | sgip.RESPONSE, login[8:20]), 1.0) == []
    assert session.wants_close


@pytest.mark.parametrize("name", [*of_kind("deliver", "report"), "bind_smg"])
def test_the_reserve_may_be_missing(name: str) -> None:
    pdu = golden(name)
    short = sgip.write(header(pdu)[1], pdu[8:20], pdu[20:-8])
    if name == "bind_smg":
        assert sgip.read_bind(short) == sgip.read_bind(pdu)
    else:
        ours = Sgip(PROFILE, NOON)
        assert ours.read_delivery(short)[:-1] == ours.read_delivery(pdu)[:-1]


@pytest.mark.parametrize("has_header", [0x01, 0x40, 0x41])
def test_tp_udhi_may_be_written_as_smpp_does(has_header: int) -> None:
    deliver = sgip.read_deliver(golden("deliver_udh_2of2"))._replace(has_header=has_header)
    event = Sgip(PROFILE, NOON).read_delivery(sgip.write(sgip.DELIVER, bytes(12), sgip.deliver_body(deliver)))
    assert isinstance(event, InboundText)
    assert event.concatenation == Concatenation(0xAA, 2, 2, 8)


@pytest.mark.parametrize(
    ("coding", "octets", "words"),
    [
        (0, b"hello @", "hello @"),  # ASCII: as GSM 03.38 the @ would be another character
        (0, "路灯坏了".encode("gb18030"), "路灯坏了"),  # mislabelled
        (8, "路灯坏了".encode("utf-16-be"), "路灯坏了"),
        (24, "路灯坏了".encode("utf-16-be"), "路灯坏了"),  # with a message class
        (25, "路灯坏了".encode("utf-16-be"), "路灯坏了"),
        (15, "路灯坏了,㐀".encode("gb18030"), "路灯坏了,㐀"),
        (16, b"hello", "hello"),
    ],
)
def test_every_alphabet_is_read(coding: int, octets: bytes, words: str) -> None:
    event = Sgip(PROFILE, NOON).read_delivery(
        sgip.write(sgip.DELIVER, bytes(12), sgip.deliver_body(Deliver(NUMBER, "1069", octets, coding)))
    )
    assert isinstance(event, InboundText)
    assert not event.binary
    assert decode(event.body, event.coding) == words


@pytest.mark.parametrize("coding", [3, 4, 246])
def test_octets_that_are_no_words_are_kept_as_binary_under_their_number(coding: int) -> None:
    assert data_coding(coding) == (coding, True)


def test_a_text_for_a_port_is_binary() -> None:
    body = bytes((6, 0x05, 4, 0x0B, 0x84, 0x23, 0xF0)) + b"push"
    event = Sgip(PROFILE, NOON).read_delivery(
        sgip.write(sgip.DELIVER, bytes(12), sgip.deliver_body(Deliver(NUMBER, "1069", body, 8, 1)))
    )
    assert isinstance(event, InboundText)
    assert (event.binary, event.body) == (True, b"push")


@pytest.mark.parametrize("number", ["8613000130000", "13000130000", "+8613000130000", "008613000130000"])
def test_numbers_are_kept_as_they_come(number: str) -> None:
    ours = Sgip(PROFILE, NOON)
    text = ours.read_delivery(sgip.write(sgip.DELIVER, bytes(12), sgip.deliver_body(Deliver(number, "1069", b"hi", 0))))
    report = ours.read_delivery(sgip.write(sgip.REPORT, bytes(12), sgip.report_body(Report("00" * 12, number, 0, 0))))
    assert isinstance(text, InboundText)
    assert isinstance(report, DeliveryReceipt)
    assert text.source == report.number == number


def test_a_number_may_be_padded_with_blanks_and_a_full_field_has_no_end() -> None:
    pdu = sgip.write(sgip.DELIVER, bytes(12), sgip.deliver_body(Deliver("13000130000", "9" * 21, b"hi", 0)))
    padded = pdu.replace(b"13000130000" + bytes(10), b"13000130000" + b" " * 10)
    assert sgip.read_deliver(padded)[:2] == ("13000130000", "9" * 21)


def test_a_user_report_is_no_text_but_kept_and_acknowledged() -> None:
    session = bound()
    asked = sgip.write(sgip.USERRPT, bytes(12), sgip.user_report_body(UserReport("1069", NUMBER, 1)))
    [kept] = session.receive(asked, 1.0)
    assert isinstance(kept, Unreadable)
    assert kept.raw == asked
    assert "UserCondition 1" in kept.reason
    assert NUMBER not in kept.reason
    session.accept([kept.answer])
    assert session.data_to_send() == sgip.write(sgip.USERRPT | sgip.RESPONSE, bytes(12), bytes(9))


@pytest.mark.parametrize("make", [bound, serving])
def test_a_trace_is_answered_that_nothing_is_known(make: Any) -> None:
    session = make()
    assert session.receive(sgip.write(sgip.TRACE, bytes(12), bytes(41)), 1.0) == []
    assert session.data_to_send() == sgip.write(sgip.TRACE | sgip.RESPONSE, bytes(12), bytes(9))


def test_a_command_of_another_kind_of_node_is_refused_kept_and_passed_over() -> None:
    session = bound()
    kept, text = session.receive(sgip.write(0x9, bytes(12)) + golden("deliver_ucs2"), 1.0)
    assert isinstance(kept, Unreadable)
    assert kept.answer is None
    assert isinstance(text, InboundText)
    assert session.data_to_send() == sgip.write(0x80000009, bytes(12), b"\x07" + bytes(8))


def test_a_submit_to_several_numbers_is_refused_by_the_carrier() -> None:
    session = serving()
    assert session.receive(golden("submit_gbk_multi_times"), 1.0) == []
    assert session.data_to_send() == sgip.answer(golden("submit_gbk_multi_times")[4:20], sgip.WRONG_PARAMETER)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (0, Verdict.ACCEPTED),
        (11, Verdict.THROTTLED),
        (33, Verdict.THROTTLED),
        (88, Verdict.THROTTLED),
        (182, Verdict.THROTTLED),
        (22, Verdict.WRONG_NETWORK),
        (23, Verdict.WRONG_NETWORK),
        (6, Verdict.WRONG_NETWORK),
        (25, Verdict.TEMPORARY),
        (28, Verdict.TEMPORARY),
        (29, Verdict.PERMANENT),
        (31, Verdict.PERMANENT),
        (13, Verdict.CONFIGURATION),
        (101, Verdict.CONFIGURATION),
        (9, Verdict.UNCERTAIN),
        (213, Verdict.TEMPORARY),  # nobody's
    ],
)
def test_what_a_result_means(result: int, verdict: Verdict) -> None:
    assert PROFILE.results.verdict(result) is verdict


# --------------------------------------------------------------------------------------------------------- any octets

digits = st.text("0123456789", max_size=21)
octet = st.integers(0, 255)


def plain(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789ABCxyz+-", max_size=length)


@given(st.builds(Bind, octet, plain(16), plain(16)))
def test_a_bind_is_read_as_it_was_written(bind: Bind) -> None:
    assert sgip.read_bind(sgip.write(sgip.BIND, bytes(12), sgip.bind_body(bind))) == bind


@given(
    st.builds(
        Submit,
        digits,
        st.lists(digits, max_size=100).map(tuple),
        st.binary(max_size=300),
        octet,
        octet,
        digits,
        plain(5),
        plain(10),
        octet,
        plain(6),
        plain(6),
        octet,
        octet,
        octet,
        plain(16),
        plain(16),
        octet,
        octet,
        octet,
    )
)
def test_a_submit_is_read_as_it_was_written(submit: Submit) -> None:
    pdu = sgip.write(sgip.SUBMIT, bytes(12), sgip.submit_body(submit))
    assert sgip.read_submit(pdu) == submit
    assert len(pdu) == 143 + 21 * len(submit.numbers) + len(submit.content)


@given(st.builds(Deliver, digits, digits, st.binary(max_size=300), octet, octet, octet))
def test_a_deliver_is_read_as_it_was_written(deliver: Deliver) -> None:
    assert sgip.read_deliver(sgip.write(sgip.DELIVER, bytes(12), sgip.deliver_body(deliver))) == deliver


@given(st.builds(Report, st.binary(min_size=12, max_size=12).map(bytes.hex), digits, octet, octet, octet))
def test_a_report_is_read_as_it_was_written(report: Report) -> None:
    assert sgip.read_report(sgip.write(sgip.REPORT, bytes(12), sgip.report_body(report))) == report


@given(st.builds(UserReport, digits, digits, octet))
def test_a_user_report_is_read_as_it_was_written(report: UserReport) -> None:
    assert sgip.read_user_report(sgip.write(sgip.USERRPT, bytes(12), sgip.user_report_body(report))) == report


@given(
    st.sampled_from([0, 8]),
    st.binary(min_size=1, max_size=134),
    st.none() | st.builds(Concatenation, octet, st.integers(2, 255), st.integers(1, 2), st.just(8)),
    digits,
    st.integers(1, sgip.LAST_SEQUENCE),
)
def test_the_template_is_the_whole_submit_with_a_number_in_it(
    coding: int, body: bytes, where: Concatenation | None, number: str, sequence: int
) -> None:
    dialect = Sgip(PROFILE, NOON)
    pdu = sgip.submit_template(PROFILE, "1069", body, coding, where).pdu(sequence, number, 9, dialect.stamp)
    submit = sgip.read_submit(pdu)
    assert sgip.write(sgip.SUBMIT, dialect.stamp + sequence.to_bytes(4, "big"), sgip.submit_body(submit)) == pdu
    assert submit.numbers == (number,)
    event = dialect.read_submit(pdu)
    assert (event.body, event.concatenation) == (body, where)


@given(
    st.sampled_from([*ReceiptState]),
    st.sampled_from(["", "000", "001", "22", "182", "61", "999"]),
    st.binary(min_size=12, max_size=12).map(bytes.hex),
)
def test_a_receipt_of_the_carriers_end_says_what_it_was_told_to(state: ReceiptState, error: str, name: str) -> None:
    pdu = dialects.carrier("sgip", NOON).receipt(name, NUMBER, "1069", state, error, "2611241200")
    event = Sgip(PROFILE, NOON).read_delivery(pdu)
    assert isinstance(event, DeliveryReceipt)
    one = {ReceiptState.ACCEPTED: ReceiptState.ENROUTE, ReceiptState.DELETED: ReceiptState.UNDELIVERABLE}
    one |= {ReceiptState.REJECTED: ReceiptState.UNDELIVERABLE}
    assert (event.message_id, event.state) == (name, one.get(state, state))
    assert bool(event.error) == (event.state not in (ReceiptState.DELIVERED, ReceiptState.ENROUTE))


@given(st.binary(max_size=200))
def test_any_body_is_read_or_malformed(body: bytes) -> None:
    for command, read in (
        (sgip.BIND, sgip.read_bind),
        (sgip.SUBMIT, sgip.read_submit),
        (sgip.DELIVER, sgip.read_deliver),
        (sgip.REPORT, sgip.read_report),
        (sgip.USERRPT, sgip.read_user_report),
    ):
        with suppress(Malformed):
            read(sgip.write(command, bytes(12), body))


@given(st.binary(max_size=400))
def test_any_octets_only_close_the_line_or_become_events(octets: bytes) -> None:
    for session in (bound(), serving()):
        session.receive(octets, 1.0)
        session.tick(2.0)
        assert isinstance(session.data_to_send(), bytes)


@pytest.mark.parametrize("state", [3, 4, 255])
def test_a_report_of_a_state_that_does_not_exist_is_kept_and_decides_nothing(state: int) -> None:
    pdu = sgip.write(sgip.REPORT, bytes(12), sgip.report_body(Report("00" * 12, NUMBER, state, 0)))
    [kept] = bound().receive(pdu, 1.0)
    assert isinstance(kept, Unreadable)
    assert kept.raw == pdu


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sgip.submit_template(PROFILE, "1" * 22, b"", 0, None),
        lambda: sgip.bind_body(Bind(1, "x" * 17, "")),
        lambda: sgip.deliver_body(Deliver("1" * 22, "", b"", 0)),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="protocol allows"):
        wrong()


@pytest.mark.parametrize("length", [0, 4, 19, sgip.LONGEST + 1, 2**31 - 1, 2**32 - 1])
def test_a_frame_of_impossible_length_closes_at_once_without_a_word(length: int) -> None:
    session = bound()
    assert session.receive(length.to_bytes(4, "big") + bytes(16) + b"x" * 100_000, 1.0) == []
    assert session.wants_close
    assert session.data_to_send() == b""
