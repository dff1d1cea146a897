"""The layout of every PDU of CMPP 2.0 and 3.0, SGIP 1.2 and SMGP 3.0, field by field, for people.

Nothing here is on the path of a message. The specifications: CMPP 3.0.0, 7.4; SGIP 1.2, 4.2; SMGP 3.0.3, 6.2; their
names in snake case. Of a text in a PDU the words are told and can be masked, of a receipt what it says.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from carriers.explain import Explained, Field, Item, Sort, integer, message, octets, text, walk
from carriers.pdu import Malformed

ANSWER = 0x80000000  # the answer's command is the request's with this bit

Layout = Sequence[Item]


class Told(NamedTuple):
    """A command: its name, and its layouts, of which the one holds that fits the PDU to its end."""

    name: str
    layouts: Sequence[Layout] = ((),)
    parameters: bool = False  # SMGP: tags, lengths and values follow


def explain(protocol: str, pdu: bytes, header: int, *, login: bool) -> Explained:
    """The fields of a whole PDU whose header has `header` octets. Never raises.

    What cannot be read counts as words, or in a `login` (or its answer) as secret.
    """
    code = int.from_bytes(pdu[4:8], "big")
    told = _COMMANDS.get(protocol, {}).get(code, Told(f"0x{code:08x}"))
    for layout in told.layouts:
        try:
            fields = walk(pdu, header, layout)
            if told.parameters:
                fields += _parameters(pdu, _end(fields, header))
        except Malformed:
            continue
        if _end(fields, header) == len(pdu):
            return Explained(told.name, tuple(_contents(fields, pdu)))
    said, sort = ("***", Sort.SECRET) if login else (pdu[header:].hex(), Sort.WORDS)
    return Explained(told.name, (Field("body", said, header, len(pdu) - header, sort),))


def _end(fields: Sequence[Field], header: int) -> int:
    return fields[-1].at + fields[-1].length if fields else header


# ------------------------------------------------------------------------------------------------- texts and receipts


def _contents(fields: Sequence[Field], pdu: bytes) -> list[Field]:
    """The same with the text or the receipt that one of them holds."""
    values = {field.name: field.value for field in fields}
    found: list[Field] = []
    for field in fields:
        if field.name not in ("msg_content", "message_content"):
            found.append(field)
        elif values.get("registered_delivery") == "1" and "src_terminal_id" in values:
            found += _cmpp_report(pdu, field)
        elif values.get("is_report") == "1":
            found += _smgp_report(pdu, field)
        else:
            form = int(values.get("msg_fmt") or values.get("message_coding") or values.get("msg_format") or 0)
            coding = form or 1  # 0 is ASCII in these protocols; `text.decode` calls that 1
            headed = values.get("tp_udhi", "0").strip("0") != ""
            found += message(field.name, pdu, field.at, field.length, coding, headed)
    return found


def _cmpp_report(pdu: bytes, content: Field) -> list[Field]:
    """60 octets, or 71 with the longer number of CMPP 3.0: by length, for gateways mix them."""
    number = content.length - 39
    layout = (
        Item("report_msg_id", 8, octets),
        Item("stat", 7, text),
        Item("submit_time", 10, text),
        Item("done_time", 10, text),
        Item("dest_terminal_id", number, text, Sort.NUMBER),
        Item("smsc_sequence", 4, integer),
    )
    return walk(pdu, content.at, layout) if number in (21, 32) else [content]


_TOLD = re.compile(rb"(sub|dlvrd|submit[ _]date|done[ _]date|stat|err):([0-9A-Za-z:]*) ?", re.IGNORECASE)


def _smgp_report(pdu: bytes, content: Field) -> list[Field]:
    """The id is binary and stands in front; the rest is found by its key words, and what is no such thing is words."""
    found = [content._replace(value="")]
    at, end = content.at, content.at + content.length
    if content.length >= 13 and pdu[at : at + 3].lower() == b"id:":
        found.append(Field("report_msg_id", pdu[at + 3 : at + 13].hex(), at, 13))
        for told in _TOLD.finditer(pdu, at + 13, end):
            label = told[1].decode("ascii").lower().replace(" ", "_")
            found.append(Field(label, told[2].decode("ascii"), told.start(), told.end() - told.start()))
    return found


# ---------------------------------------------------------------------------------------------------------------- CMPP


def _cmpp(number: int, status: int, types: bool) -> Mapping[int, Told]:
    """`number` is the length of a phone's, `status` that of a result; `types`: 3.0 says what kind of number it is."""

    def kind(name: str) -> Layout:
        return (Item(name, 1, integer),) if types else ()

    submit_end, deliver_end = ("link_id", "link_id") if types else ("reserve", "reserved")
    length = 20 if types else 8
    message_id = Item("msg_id", 8, octets)
    submit = (
        message_id,
        Item("pk_total", 1, integer),
        Item("pk_number", 1, integer),
        Item("registered_delivery", 1, integer),
        Item("msg_level", 1, integer),
        Item("service_id", 10, text),
        Item("fee_usertype", 1, integer),
        Item("fee_terminal_id", number, text, Sort.NUMBER),
        *kind("fee_terminal_type"),
        Item("tp_pid", 1, integer),
        Item("tp_udhi", 1, integer),
        Item("msg_fmt", 1, integer),
        Item("msg_src", 6, text),
        Item("fee_type", 2, text),
        Item("fee_code", 6, text),
        Item("valid_time", 17, text),
        Item("at_time", 17, text),
        Item("src_id", 21, text, Sort.SERVICE),
        Item("dest_count", 1, integer),
        Item("dest", ("dest_count", number), text, Sort.NUMBER),
        *kind("dest_terminal_type"),
        Item("msg_length", 1, integer),
        Item("msg_content", "msg_length", octets, Sort.WORDS),
        Item(submit_end, length, text),
    )
    deliver = (
        message_id,
        Item("dest_id", 21, text, Sort.SERVICE),
        Item("service_id", 10, text),
        Item("tp_pid", 1, integer),
        Item("tp_udhi", 1, integer),
        Item("msg_fmt", 1, integer),
        Item("src_terminal_id", number, text, Sort.NUMBER),
        *kind("src_terminal_type"),
        Item("registered_delivery", 1, integer),
        Item("msg_length", 1, integer),
        Item("msg_content", "msg_length", octets, Sort.WORDS),
        Item(deliver_end, length, text),
    )
    connect = (
        Item("source_addr", 6, text),
        Item("auth_source", 16, octets, Sort.SECRET),
        Item("version", 1, octets),
        Item("timestamp", 4, integer),
    )
    welcome = (
        Item("status", status, integer),
        Item("auth_ismg", 16, octets, Sort.SECRET),
        Item("version", 1, octets),
    )
    query = (Item("time", 8, text), Item("query_type", 1, integer), Item("query_code", 10, text))
    counts = ("mt_tlmsg", "mt_tlusr", "mt_scs", "mt_wt", "mt_fl", "mo_scs", "mo_wt", "mo_fl")
    result = (message_id, Item("result", status, integer))
    return {
        0x1: Told("cmpp_connect", (connect,)),
        0x1 | ANSWER: Told("cmpp_connect_resp", (welcome,)),
        0x2: Told("cmpp_terminate"),
        0x2 | ANSWER: Told("cmpp_terminate_resp"),
        0x4: Told("cmpp_submit", (submit,)),
        0x4 | ANSWER: Told("cmpp_submit_resp", (result,)),
        0x5: Told("cmpp_deliver", (deliver,)),
        0x5 | ANSWER: Told("cmpp_deliver_resp", (result,)),
        0x6: Told("cmpp_query", ((*query, Item("reserve", 8, text)),)),
        0x6 | ANSWER: Told("cmpp_query_resp", ((*query, *(Item(name, 4, integer) for name in counts)),)),
        0x7: Told("cmpp_cancel", ((message_id,),)),
        # 2.0 says one octet, and some servers send four.
        0x7 | ANSWER: Told("cmpp_cancel_resp", tuple((Item("success_id", size, integer),) for size in (status, 4))),
        0x8: Told("cmpp_active_test"),
        0x8 | ANSWER: Told("cmpp_active_test_resp", ((), (Item("reserved", 1, integer),))),
    }


# ---------------------------------------------------------------------------------------------------------------- SGIP

_RESERVE = Item("reserve", 8, text)
_SGIP_RESULT = ((Item("result", 1, integer), _RESERVE),)
_SGIP: Mapping[int, Told] = {
    0x1: Told(
        "sgip_bind",
        (
            (
                Item("login_type", 1, integer),
                Item("login_name", 16, text),
                Item("login_password", 16, text, Sort.SECRET),
                _RESERVE,
            ),
        ),
    ),
    0x1 | ANSWER: Told("sgip_bind_resp", _SGIP_RESULT),
    0x2: Told("sgip_unbind"),
    0x2 | ANSWER: Told("sgip_unbind_resp", ((), *_SGIP_RESULT)),
    0x3: Told(
        "sgip_submit",
        (
            (
                Item("sp_number", 21, text, Sort.SERVICE),
                Item("charge_number", 21, text, Sort.NUMBER),
                Item("dest_count", 1, integer),
                Item("dest", ("dest_count", 21), text, Sort.NUMBER),
                Item("corp_id", 5, text),
                Item("service_type", 10, text),
                Item("fee_type", 1, integer),
                Item("fee_value", 6, text),
                Item("given_value", 6, text),
                Item("agent_flag", 1, integer),
                Item("morelate_to_mt_flag", 1, integer),
                Item("priority", 1, integer),
                Item("expire_time", 16, text),
                Item("schedule_time", 16, text),
                Item("report_flag", 1, integer),
                Item("tp_pid", 1, integer),
                Item("tp_udhi", 1, integer),
                Item("message_coding", 1, integer),
                Item("message_type", 1, integer),
                Item("message_length", 4, integer),
                Item("message_content", "message_length", octets, Sort.WORDS),
                _RESERVE,
            ),
        ),
    ),
    0x3 | ANSWER: Told("sgip_submit_resp", _SGIP_RESULT),
    0x4: Told(
        "sgip_deliver",
        (
            (
                Item("user_number", 21, text, Sort.NUMBER),
                Item("sp_number", 21, text, Sort.SERVICE),
                Item("tp_pid", 1, integer),
                Item("tp_udhi", 1, integer),
                Item("message_coding", 1, integer),
                Item("message_length", 4, integer),
                Item("message_content", "message_length", octets, Sort.WORDS),
                _RESERVE,
            ),
        ),
    ),
    0x4 | ANSWER: Told("sgip_deliver_resp", _SGIP_RESULT),
    0x5: Told(
        "sgip_report",
        (
            (
                Item("submit_sequence", 12, octets),
                Item("report_type", 1, integer),
                Item("user_number", 21, text, Sort.NUMBER),
                Item("state", 1, integer),
                Item("error_code", 1, integer),
                _RESERVE,
            ),
        ),
    ),
    0x5 | ANSWER: Told("sgip_report_resp", _SGIP_RESULT),
    0x11: Told(
        "sgip_userrpt",
        (
            (
                Item("sp_number", 21, text, Sort.SERVICE),
                Item("user_number", 21, text, Sort.NUMBER),
                Item("user_condition", 1, integer),
                _RESERVE,
            ),
        ),
    ),
    0x11 | ANSWER: Told("sgip_userrpt_resp", _SGIP_RESULT),
    0x1000: Told(
        "sgip_trace",
        ((Item("submit_sequence", 12, octets), Item("user_number", 21, text, Sort.NUMBER), _RESERVE),),
    ),
}

# ---------------------------------------------------------------------------------------------------------------- SMGP


def _smgp_submit(fixed: bool) -> Layout:
    """1.3 has no FixedFee."""
    return (
        Item("msg_type", 1, integer),
        Item("need_report", 1, integer),
        Item("priority", 1, integer),
        Item("service_id", 10, text),
        Item("fee_type", 2, text),
        Item("fee_code", 6, text),
        *((Item("fixed_fee", 6, text),) if fixed else ()),
        Item("msg_format", 1, integer),
        Item("valid_time", 17, text),
        Item("at_time", 17, text),
        Item("src_term_id", 21, text, Sort.SERVICE),
        Item("charge_term_id", 21, text, Sort.NUMBER),
        Item("dest_count", 1, integer),
        Item("dest", ("dest_count", 21), text, Sort.NUMBER),
        Item("msg_length", 1, integer),
        Item("msg_content", "msg_length", octets, Sort.WORDS),
        _RESERVE,
    )


_SMGP_ID = Item("msg_id", 10, octets)
_SMGP: Mapping[int, Told] = {
    0x1: Told(
        "smgp_login",
        (
            (
                Item("client_id", 8, text),
                Item("auth_client", 16, octets, Sort.SECRET),
                Item("login_mode", 1, integer),
                Item("timestamp", 4, integer),
                Item("client_version", 1, octets),
            ),
        ),
    ),
    0x1 | ANSWER: Told(
        "smgp_login_resp",
        (
            (
                Item("status", 4, integer),
                Item("auth_server", 16, octets, Sort.SECRET),
                Item("server_version", 1, octets),
            ),
        ),
    ),
    0x2: Told("smgp_submit", (_smgp_submit(True), _smgp_submit(False)), parameters=True),
    0x2 | ANSWER: Told("smgp_submit_resp", ((_SMGP_ID, Item("status", 4, integer)),)),
    0x3: Told(
        "smgp_deliver",
        (
            (
                _SMGP_ID,
                Item("is_report", 1, integer),
                Item("msg_format", 1, integer),
                Item("recv_time", 14, text),
                Item("src_term_id", 21, text, Sort.NUMBER),
                Item("dest_term_id", 21, text, Sort.SERVICE),
                Item("msg_length", 1, integer),
                Item("msg_content", "msg_length", octets, Sort.WORDS),
                _RESERVE,
            ),
        ),
        parameters=True,
    ),
    0x3 | ANSWER: Told("smgp_deliver_resp", ((_SMGP_ID, Item("status", 4, integer)),)),
    0x4: Told("smgp_active_test"),
    0x4 | ANSWER: Told("smgp_active_test_resp"),
    0x6: Told("smgp_exit"),
    0x6 | ANSWER: Told("smgp_exit_resp"),
}
_SMGP_PARAMETERS: Mapping[
    int, tuple[str, Callable[[bytes], str]]
] = {  # those that tell of nobody; all others are words
    0x0001: ("tp_pid", integer),
    0x0002: ("tp_udhi", integer),
    0x0003: ("link_id", text),
    0x0004: ("charge_user_type", integer),
    0x0005: ("charge_term_type", integer),
    0x0007: ("dest_term_type", integer),
    0x0009: ("pk_total", integer),
    0x000A: ("pk_number", integer),
    0x000B: ("submit_msg_type", integer),
    0x000C: ("sp_deal_result", integer),
    0x000D: ("src_term_type", integer),
    0x000F: ("nodes_count", integer),
    0x0010: ("msg_src", text),
    0x0011: ("src_type", integer),
    0x0012: ("m_service_id", text),
}


def _parameters(pdu: bytes, at: int) -> list[Field]:
    """SMGP's optional parameters, to the end of the PDU. Raises `Malformed` when they do not end there."""
    found: list[Field] = []
    while at < len(pdu):
        tag, length = int.from_bytes(pdu[at : at + 2], "big"), int.from_bytes(pdu[at + 2 : at + 4], "big")
        value = pdu[at + 4 : at + 4 + length]
        if at + 4 + length > len(pdu):
            raise Malformed("a parameter does not end")
        found.append(Field("", "", at, 4))
        if tag in _SMGP_PARAMETERS:
            name, read = _SMGP_PARAMETERS[tag]
            found.append(Field(name, read(value), at + 4, length))
        else:
            found.append(Field(f"0x{tag:04x}", value.hex(), at + 4, length, Sort.WORDS))
        at += 4 + length
    return found


_COMMANDS: Mapping[str, Mapping[int, Told]] = {
    "cmpp2": _cmpp(21, 1, types=False),
    "cmpp3": _cmpp(32, 4, types=True),
    "sgip": _SGIP,
    "smgp": _SMGP,
}
