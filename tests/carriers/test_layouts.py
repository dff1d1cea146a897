"""Every golden PDU of CMPP, SGIP and SMGP is told as its specification has it; masked it reads the same."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers.explain import Explained, Sort, masked
from carriers.layouts import explain

VECTORS = Path(__file__).parent.parent / "vectors"
PROTOCOLS = {"cmpp20": "cmpp2", "cmpp30": "cmpp3", "sgip12": "sgip", "smgp30": "smgp", "smgp13": "smgp"}
GOLDEN = [
    pytest.param(protocol, bytes.fromhex(one["hex"]), one.get("fields", {}), id=f"{file} {one['name']}")
    for file, protocol in PROTOCOLS.items()
    for one in json.loads((VECTORS / f"{file}.json").read_text(encoding="utf-8"))["vectors"]
]
NOT_TOLD = re.compile("sequence|sequence_id|command_id|report|.*_hex")  # of the header; and what is told as words
PHONE = re.compile(rb"1[38]\d01\d0\d{5}")  # the people of the vectors


def told(protocol: str, pdu: bytes) -> Explained:
    login = int.from_bytes(pdu[4:8], "big") & 0x7FFFFFFF == 1
    return explain(protocol, pdu, header(protocol), login=login)


def header(protocol: str) -> int:
    return 20 if protocol == "sgip" else 12


def values(explained: Explained) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in explained.fields:
        found.setdefault(field.name, []).append(field.value)
    return found


def written(name: str, value: Any) -> str:
    """A vector's value as we tell it."""
    if name.endswith("msg_id") and isinstance(value, int):
        return f"{value:016x}"
    if name in ("version", "client_version", "server_version"):
        return f"{value:02x}"
    return str(value)


@pytest.mark.parametrize(("protocol", "pdu", "fields"), GOLDEN)
def test_every_golden_pdu_is_told_as_its_fields_are(protocol: str, pdu: bytes, fields: dict[str, Any]) -> None:
    explained = told(protocol, pdu)
    found = values(explained)
    assert "body" not in found
    assert not explained.name.startswith("0x")
    report = {f"report_{name}" if name == "msg_id" else name: value for name, value in fields.get("report", {}).items()}
    if "id" in report:
        report["report_msg_id"] = report.pop("id")
    for name, value in {**fields, **report}.items():
        if name.startswith("auth_") or name == "login_password":
            assert found[name] == ["***"]
        elif name == "dest":
            assert found[name] == value
        elif name == "tlv":
            for tag, octets in value:
                assert found[tag][0] in (
                    octets,
                    str(int(octets, 16)),
                    bytes.fromhex(octets).rstrip(b"\0").decode("latin-1"),
                )
        elif name.startswith("submit_seq"):  # three words there, one id here
            assert f"{value:08x}" in found["submit_sequence"][0]
        elif not NOT_TOLD.fullmatch(name):
            assert found[name] == [written(name, value)], name


@pytest.mark.parametrize(("protocol", "pdu", "fields"), GOLDEN)
def test_a_masked_pdu_names_nobody_and_reads_the_same(protocol: str, pdu: bytes, fields: dict[str, Any]) -> None:
    before = told(protocol, pdu)
    hidden = masked(pdu, header(protocol), before)
    after = told(protocol, hidden)
    assert len(hidden) == len(pdu)
    assert not PHONE.search(hidden[header(protocol) :])
    assert [(one.name, one.at, one.length) for one in after.fields] == [
        (one.name, one.at, one.length) for one in before.fields
    ]
    for one, other in zip(before.fields, after.fields, strict=True):
        if one.sort is Sort.PLAIN:
            assert one.value == other.value
        elif one.sort is Sort.WORDS and one.length:
            assert set(other.value) <= set("*2a")
    clear = masked(pdu, header(protocol), before, clear=True)
    secret = [field for field in before.fields if field.sort is Sort.SECRET]
    assert (clear == pdu) is not any(pdu[one.at : one.at + one.length].strip(b"\0") for one in secret)


def test_the_words_of_a_text_are_told_whatever_their_coding() -> None:
    texts = {
        value
        for one in GOLDEN
        for value in values(told(one.values[0], one.values[1])).get("msg_content", [])  # type: ignore[arg-type]
    }
    assert "建议修路" in texts
    assert "hello sms" in texts


@pytest.mark.parametrize(("protocol", "number"), [("cmpp2", 21), ("cmpp2", 32), ("cmpp3", 21), ("cmpp3", 32)])
def test_a_report_of_either_length_is_told_in_either_version(protocol: str, number: int) -> None:
    report = bytes(8) + b"DELIVRD" + b"2611220015" * 2 + b"8613800138000".ljust(number, b"\0") + bytes(4)
    width, status = (21, b"") if protocol == "cmpp2" else (32, b"\0")
    body = bytes(8) + b"1069".ljust(21, b"\0") + bytes(10) + bytes(3) + b"13800138000".ljust(width, b"\0") + status
    body += b"\x01" + bytes((len(report),)) + report + bytes(8 if protocol == "cmpp2" else 20)
    pdu = (12 + len(body)).to_bytes(4, "big") + (5).to_bytes(4, "big") + bytes(4) + body
    found = values(told(protocol, pdu))
    assert (found["stat"], found["dest_terminal_id"]) == (["DELIVRD"], ["8613800138000"])
    assert b"13800138000" not in masked(pdu, 12, told(protocol, pdu))


def test_a_report_that_every_gateway_writes_its_own_way_hides_the_text_it_repeats() -> None:
    content = (
        b"id:" + bytes(range(200, 210)) + b"sub:001 dlvrd:001 submit_date:2611220015 stat:DELIVRD err:000 txt:1380013"
    )
    body = bytes(10) + b"\x01\x00" + b"20261122001530" + b"13300133000".ljust(21, b"\0") + b"1069".ljust(21, b"\0")
    body += bytes((len(content),)) + content + bytes(8)
    pdu = (12 + len(body)).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes(4) + body
    found = values(told("smgp", pdu))
    assert found["report_msg_id"] == [bytes(range(200, 210)).hex()]
    assert (found["stat"], found["err"]) == (["DELIVRD"], ["000"])
    hidden = masked(pdu, 12, told("smgp", pdu))
    assert b"stat:DELIVRD err:000" in hidden
    assert b"1380013" not in hidden


@given(st.sampled_from(sorted(set(PROTOCOLS.values()))), st.integers(0, 0x20), st.booleans(), st.binary(max_size=200))
def test_any_octets_are_told_and_masked_and_keep_their_length(
    protocol: str, command: int, answer: bool, octets: bytes
) -> None:
    rest = bytes(header(protocol) - 8)
    code = command | (0x80000000 if answer else 0)
    pdu = (8 + len(rest) + len(octets)).to_bytes(4, "big") + code.to_bytes(4, "big") + rest + octets
    explained = told(protocol, pdu)
    assert len(masked(pdu, header(protocol), explained)) == len(pdu)
    assert masked(pdu, header(protocol), explained)[: header(protocol)] == pdu[: header(protocol)]
