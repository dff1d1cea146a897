"""The layout of every PDU of SMPP 3.4, field by field, for people. Nothing here is on the path of a message.

Clause numbers are those of the SMPP 3.4 specification, issue 1.2.
"""

import re
from collections.abc import Mapping, Sequence

from aiosmpplib import state as names
from aiosmpplib.state import SmppCommand, SmppCommandStatus

from carriers.explain import Explained, Field, Item, Sort, integer, message, octets, text, walk
from carriers.pdu import Malformed

HEADER = 16
RESPONSE = 0x80000000
UDH, RECEIPT = 0x40, 0x24  # bits of esm_class, 5.2.12


def _address(which: str, sort: Sort = Sort.SERVICE) -> tuple[Item, ...]:
    return (
        Item(f"{which}_ton", 1, integer),
        Item(f"{which}_npi", 1, integer),
        Item(which, None, text, sort),
    )


_BIND = (  # 4.1.1
    Item("system_id", None, text),
    Item("password", None, text, Sort.SECRET),
    Item("system_type", None, text),
    Item("interface_version", 1, octets),
    Item("addr_ton", 1, integer),
    Item("addr_npi", 1, integer),
    Item("address_range", None, text),
)


def _short(source: Sort, destination: Sort) -> tuple[Item, ...]:  # 4.4.1, 4.6.1
    return (
        Item("service_type", None, text),
        *_address("source_addr", source),
        *_address("destination_addr", destination),
        Item("esm_class", 1, octets),
        Item("protocol_id", 1, integer),
        Item("priority_flag", 1, integer),
        Item("schedule_delivery_time", None, text),
        Item("validity_period", None, text),
        Item("registered_delivery", 1, octets),
        Item("replace_if_present_flag", 1, integer),
        Item("data_coding", 1, integer),
        Item("sm_default_msg_id", 1, integer),
        Item("sm_length", 1, integer),
        Item("short_message", "sm_length", octets, Sort.WORDS),
    )


_SUBMIT, _DELIVER = _short(Sort.SERVICE, Sort.NUMBER), _short(Sort.NUMBER, Sort.SERVICE)
_DATA = (  # 4.7.1: either end sends it, so either address may be a person's
    Item("service_type", None, text),
    *_address("source_addr", Sort.NUMBER),
    *_address("destination_addr", Sort.NUMBER),
    Item("esm_class", 1, octets),
    Item("registered_delivery", 1, octets),
    Item("data_coding", 1, integer),
)
_QUERY = (Item("message_id", None, text), *_address("source_addr"))  # 4.8.1
_ID = (Item("message_id", None, text),)
_SYSTEM = (Item("system_id", None, text),)

_LAYOUTS: Mapping[int, Sequence[Item]] = {
    SmppCommand.BIND_RECEIVER: _BIND,
    SmppCommand.BIND_TRANSMITTER: _BIND,
    SmppCommand.BIND_TRANSCEIVER: _BIND,
    SmppCommand.BIND_RECEIVER_RESP: _SYSTEM,
    SmppCommand.BIND_TRANSMITTER_RESP: _SYSTEM,
    SmppCommand.BIND_TRANSCEIVER_RESP: _SYSTEM,
    SmppCommand.OUTBIND: _BIND[:2],
    SmppCommand.SUBMIT_SM: _SUBMIT,
    SmppCommand.SUBMIT_SM_RESP: _ID,
    SmppCommand.DELIVER_SM: _DELIVER,
    SmppCommand.DELIVER_SM_RESP: _ID,
    SmppCommand.DATA_SM: _DATA,
    SmppCommand.DATA_SM_RESP: _ID,
    SmppCommand.QUERY_SM: _QUERY,
    SmppCommand.QUERY_SM_RESP: (
        *_ID,
        Item("final_date", None, text),
        Item("message_state", 1, integer),
        Item("error_code", 1, integer),
    ),
    SmppCommand.CANCEL_SM: (
        Item("service_type", None, text),
        *_QUERY,
        *_address("destination_addr", Sort.NUMBER),
    ),
}

_PARAMETERS: Mapping[int, tuple[str, bool]] = {  # 5.3.2: tag -> (name, whether it is a number)
    names.USER_MESSAGE_REFERENCE: ("user_message_reference", True),
    names.SAR_MSG_REF_NUM: ("sar_msg_ref_num", True),
    names.SAR_TOTAL_SEGMENTS: ("sar_total_segments", True),
    names.SAR_SEGMENT_SEQNUM: ("sar_segment_seqnum", True),
    names.MORE_MESSAGES_TO_SEND: ("more_messages_to_send", True),
    names.MESSAGE_STATE: ("message_state", True),
    names.NETWORK_ERROR_CODE: ("network_error_code", False),
    names.RECEIPTED_MESSAGE_ID: ("receipted_message_id", False),
    names.SC_INTERFACE_VERSION: ("sc_interface_version", True),
}
"""Those that tell about nobody. All others are words: an unknown one may hold a number."""

_TOLD = re.compile(rb"(id|sub|dlvrd|submit[ _]date|done[ _]date|stat|err):(\S*) ?", re.IGNORECASE)
"""What a receipt's text says of the message (appendix B); what else stands there may be its beginning."""


def explain(pdu: bytes) -> Explained:
    """The fields of a whole PDU, its status first. Never raises: what cannot be read is words."""
    command = int.from_bytes(pdu[4:8], "big")
    status = int.from_bytes(pdu[8:12], "big")
    fields = [Field("command_status", _status(status), 8, 4)] if command & RESPONSE else []
    try:
        if len(pdu) > HEADER:
            fields += _body(pdu, command)
    except Malformed as wrong:
        sort = Sort.SECRET if "password" in {item.name for item in _LAYOUTS[command]} else Sort.WORDS
        fields.append(Field("unreadable", str(wrong), HEADER, len(pdu) - HEADER, sort))
    return Explained(_name(command), tuple(fields))


def _name(command: int) -> str:
    try:
        return str(SmppCommand(command).name).lower()
    except ValueError:
        return f"0x{command:08x}"


def _status(status: int) -> str:
    try:
        return f"0x{status:02X} {SmppCommandStatus(status).name}"
    except ValueError:
        return f"0x{status:02X}"


def _body(pdu: bytes, command: int) -> list[Field]:
    fields = walk(pdu, HEADER, _LAYOUTS.get(command, ()))
    at = fields[-1].at + fields[-1].length if fields else HEADER
    known = {field.name: field for field in fields}
    esm_class, coding = (pdu[known[name].at] if name in known else 0 for name in ("esm_class", "data_coding"))
    if "short_message" in known:
        body = fields.pop()
        fields += _text("short_message", pdu, body.at, body.length, esm_class, coding)
    return fields + _parameters(pdu, at, esm_class, coding)


def _parameters(pdu: bytes, at: int, esm_class: int, coding: int) -> list[Field]:
    """Tags and lengths stay, so that what is masked can still be told apart."""
    found: list[Field] = []
    while at + 4 <= len(pdu):
        tag, length = pdu[at] << 8 | pdu[at + 1], pdu[at + 2] << 8 | pdu[at + 3]
        value = pdu[at + 4 : at + 4 + length]
        name, number = _PARAMETERS.get(tag, (f"0x{tag:04x}", False))
        found.append(Field("", "", at, 4))
        at += 4
        if tag == names.MESSAGE_PAYLOAD:
            found += _text("message_payload", pdu, at, len(value), esm_class, coding)
        elif tag not in _PARAMETERS:
            found.append(Field(name, value.hex(), at, len(value), Sort.WORDS))
        elif number:
            found.append(Field(name, integer(value), at, len(value)))
        else:
            found.append(Field(name, text(value) if tag == names.RECEIPTED_MESSAGE_ID else value.hex(), at, len(value)))
        at += length
    return found


def _text(name: str, pdu: bytes, at: int, length: int, esm_class: int, coding: int) -> list[Field]:
    """The words of a text, or what a receipt says."""
    found = message(name, pdu, at, length, coding, bool(esm_class & UDH))
    if esm_class & RECEIPT:
        for told in _TOLD.finditer(pdu, at, at + length):
            label = told[1].decode("ascii").lower()
            found.append(Field(label, told[2].decode("latin-1"), told.start(), told.end() - told.start()))
    return found
