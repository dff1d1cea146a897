"""The PDUs of CMPP 2.0 and 3.0 (China Mobile): bytes to values and values to bytes.

Both versions have the same commands. Where 3.0 has longer numbers, a type beside each, a status of four octets and a
LinkID for a reserve, there is a `Layout`. Statuses and receipts are read by their own length whatever the version is:
gateways in the field mix them. Msg_Id is an opaque key, 16 hex digits, here and everywhere. Clause numbers are those of
CMPP 2.0, April 2002; 3.0.0 is QB-GF-028-2003.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from struct import Struct
from typing import NamedTuple

from carriers.dialect import SubmitAnswer, Totals
from carriers.pdu import CHINA, Malformed, fixed, words
from carriers.results import UNREAD

# ------------------------------------------------------------------------------------------------------------- header

CONNECT, TERMINATE, SUBMIT, DELIVER, QUERY, CANCEL, ACTIVE_TEST = 0x1, 0x2, 0x4, 0x5, 0x6, 0x7, 0x8
RESPONSE = 0x80000000  # 7.3: the answer's command id is the request's with this bit

HEADER = Struct("!III")  # 7.3: Total_Length, Command_Id, Sequence_Id
BODY = 12  # where it begins
LONGEST = 4096  # a submit to 99 numbers with 255 octets of text has 3,600
LAST_SEQUENCE = 0x7FFFFFFF  # the field has one bit more, but there are gateways that read it as signed

OK = 0
STRUCTURE, COMMAND_ID, FLOW_CONTROL, NOT_NOW = 1, 2, 8, 9  # 7.4.3.2, 7.4.5.2; 9 and above are "other" there
ILLEGAL_ADDRESS, AUTHENTICATION, VERSION_TOO_HIGH, OTHER = 2, 3, 4, 5  # 7.4.1.2
NOT_CANCELLED = 1  # 7.4.6.2
NO_ID = "0" * 16


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the two versions differ, in octets."""

    version: int
    number: int  # of a terminal's number
    typed: bool  # a number has a type beside it
    status: Struct  # of an answer
    reserve: int  # behind the content
    submit: Struct  # up to DestUsr_tl
    deliver: Struct  # up to Msg_Length


V2 = Layout(0x20, 21, False, Struct("!B"), 8, Struct("!8s4B10sB21s3B6s2s6s17s17s21sB"), Struct("!8s21s10s3B21sBB"))
V3 = Layout(0x30, 32, True, Struct("!I"), 20, Struct("!8s4B10sB32s4B6s2s6s17s17s21sB"), Struct("!8s21s10s3B32sBBB"))
LAYOUTS = {"cmpp2": V2, "cmpp3": V3}


def bare(command: int, sequence: int) -> bytes:
    """A PDU without a body."""
    return HEADER.pack(BODY, command, sequence)


def framed(command: int, sequence: int, body: bytes) -> bytes:
    """A PDU."""
    return HEADER.pack(BODY + len(body), command, sequence) + body


def renumbered(pdu: bytes, sequence: int) -> bytes:
    """The same PDU with another sequence number."""
    return pdu[:8] + sequence.to_bytes(4, "big") + pdu[12:]


def read_status(pdu: bytes, at: int) -> int:
    """A status of one octet or of four that ends an answer, whichever is there. `UNREAD` when it is neither."""
    length = len(pdu) - at
    if length == 1:
        return pdu[at]
    return int.from_bytes(pdu[at : at + 4], "big") if length >= 4 else UNREAD


def msg_id(at: datetime, gateway: int, sequence: int) -> str:
    """A Msg_Id (7.4.3.2): month, day, hour, minute and second of `at`, 22 bits of gateway, 16 of sequence."""
    when = at.astimezone(CHINA)
    moment = ((when.month << 5 | when.day) << 5 | when.hour) << 12 | when.minute << 6 | when.second
    return f"{moment << 38 | (gateway & 0x3FFFFF) << 16 | sequence & 0xFFFF:016x}"


def known(message_id: str) -> str:
    """Msg_Id 0 is none: two texts that have it are still two."""
    return message_id if message_id != NO_ID else ""


# -------------------------------------------------------------------------------------------------------------- login


class Connect(NamedTuple):
    """CMPP_CONNECT (7.4.1.1)."""

    account: str
    proof: bytes  # AuthenticatorSource
    version: int
    timestamp: int  # MMDDhhmmss as a number


class Welcome(NamedTuple):
    """CMPP_CONNECT_RESP (7.4.1.2)."""

    status: int
    proof: bytes  # AuthenticatorISMG
    version: int


_CONNECT = Struct("!6s16sBI")


def timestamp_of(at: datetime) -> int:
    """The moment of a login as CMPP writes it."""
    return int(f"{at.astimezone(CHINA):%m%d%H%M%S}")


def account_proof(account: str, password: str, timestamp: int, *, padded: bool = False) -> bytes:
    """AuthenticatorSource. `padded`: over the account as it stands in its field, as some gateways have it."""
    name = fixed(account, 6) if padded else account.encode("latin-1", "replace")
    return _md5(name + bytes(9) + password.encode() + f"{timestamp:010d}".encode())


def gateway_proof(status: bytes, proof: bytes, password: str) -> bytes:
    """AuthenticatorISMG, over the octets of a status and the authenticator that was sent."""
    return _md5(status + proof + password.encode())


def connect(sequence: int, login: Connect) -> bytes:
    """Write one."""
    body = _CONNECT.pack(fixed(login.account, 6), login.proof, login.version, login.timestamp)
    return framed(CONNECT, sequence, body)


def read_connect(pdu: bytes) -> Connect:
    """Read one. Raises `Malformed`."""
    if len(pdu) < BODY + _CONNECT.size:
        raise Malformed("CMPP_CONNECT ends early")
    account, proof, version, timestamp = _CONNECT.unpack_from(pdu, BODY)
    return Connect(words(account), proof, version, timestamp)


def connect_answer(layout: Layout, sequence: int, welcome: Welcome) -> bytes:
    """Write one."""
    body = status_field(layout, welcome.status) + fixed(welcome.proof, 16) + bytes((welcome.version,))
    return framed(CONNECT | RESPONSE, sequence, body)


def read_connect_answer(pdu: bytes) -> Welcome:
    """Read one. A refusal may leave the rest out. Raises `Malformed`."""
    for size in (4, 1):
        end = BODY + size + 17
        if len(pdu) >= end:
            return Welcome(int.from_bytes(pdu[BODY : BODY + size], "big"), pdu[end - 17 : end - 1], pdu[end - 1])
    status = int.from_bytes(pdu[BODY : BODY + 4], "big")
    if not status:
        raise Malformed("CMPP_CONNECT_RESP ends early")
    return Welcome(status, b"", 0)


# --------------------------------------------------------------------------------------------------------------- submit


class Submit(NamedTuple):
    """CMPP_SUBMIT (7.4.3.1). Texts and fees of a county office: nobody but the office pays."""

    source: str  # Src_Id
    destinations: tuple[str, ...]
    coding: int  # Msg_Fmt
    content: bytes  # with its user data header, if `headed`
    service: str = ""  # Service_Id
    account: str = ""  # Msg_src
    headed: int = 0  # TP_udhi
    total: int = 1  # Pk_total
    number: int = 1  # Pk_number
    registered: int = 1  # 0 no receipt, 1 receipt, 2 billing record only
    level: int = 0
    fee_user_type: int = 2  # the SP pays
    fee_terminal: str = ""
    fee_terminal_type: int = 0
    protocol: int = 0  # TP_pId
    fee_type: str = "01"  # free for the receiver
    fee_code: str = "000000"
    valid_until: str = ""  # SMPP 3.3 form, YYMMDDhhmmss032+
    not_before: str = ""
    destination_type: int = 0
    reserve: str = ""  # LinkID in 3.0
    message_id: str = NO_ID


def submit(layout: Layout, sequence: int, one: Submit) -> bytes:
    """Write one. Raises `ValueError` for a field that does not fit."""
    fee_terminal_type = (one.fee_terminal_type,) if layout.typed else ()
    head = layout.submit.pack(
        bytes.fromhex(one.message_id),
        one.total,
        one.number,
        one.registered,
        one.level,
        fixed(one.service, 10),
        one.fee_user_type,
        fixed(one.fee_terminal, layout.number),
        *fee_terminal_type,
        one.protocol,
        one.headed,
        one.coding,
        fixed(one.account, 6),
        fixed(one.fee_type, 2),
        fixed(one.fee_code, 6),
        fixed(one.valid_until, 17),
        fixed(one.not_before, 17),
        fixed(one.source, 21),
        len(one.destinations),
    )
    destinations = b"".join(fixed(number, layout.number) for number in one.destinations)
    kind = bytes((one.destination_type,)) if layout.typed else b""
    return framed(SUBMIT, sequence, head + destinations + kind + _content(layout, one.content, one.reserve))


def read_submit(layout: Layout, pdu: bytes) -> Submit:
    """Read one. Raises `Malformed`."""
    at = BODY + layout.submit.size
    if len(pdu) < at:
        raise Malformed("CMPP_SUBMIT ends early")
    message_id, total, number, registered, level, service, fee_user_type, fee_terminal, *rest = (
        layout.submit.unpack_from(pdu, BODY)
    )
    fee_terminal_type = rest.pop(0) if layout.typed else 0
    protocol, headed, coding, account, fee_type, fee_code, valid_until, not_before, source, many = rest
    end = at + many * layout.number
    content_at = end + 1 if layout.typed else end
    if content_at >= len(pdu):
        raise Malformed(f"{many} destinations do not fit into CMPP_SUBMIT")
    content, reserve = _read_content(pdu, content_at)
    return Submit(
        words(source),
        tuple(words(pdu[one : one + layout.number]) for one in range(at, end, layout.number)),
        coding,
        content,
        words(service),
        words(account),
        headed,
        total,
        number,
        registered,
        level,
        fee_user_type,
        words(fee_terminal),
        fee_terminal_type,
        protocol,
        words(fee_type),
        words(fee_code),
        words(valid_until),
        words(not_before),
        pdu[end] if layout.typed else 0,
        reserve,
        message_id.hex(),
    )


def submit_answer(layout: Layout, sequence: int, message_id: str, result: int) -> bytes:
    """Write a CMPP_SUBMIT_RESP (7.4.3.2)."""
    return framed(SUBMIT | RESPONSE, sequence, bytes.fromhex(message_id) + status_field(layout, result))


def read_submit_answer(pdu: bytes) -> SubmitAnswer:
    """Read one. Never raises: an answer without a result leaves it `UNREAD`; Msg_Id 0 is none."""
    result = read_status(pdu, BODY + 8)
    return SubmitAnswer(result, known(pdu[BODY : BODY + 8].hex()) if result == OK else "")


# ------------------------------------------------------------------------------------------------------------- deliver


class Deliver(NamedTuple):
    """CMPP_DELIVER (7.4.5.1): a text, or a receipt."""

    destination: str  # Dest_Id: the service number that was texted
    source: str  # Src_terminal_Id
    coding: int  # Msg_Fmt
    content: bytes
    registered: int = 0  # 1: a receipt
    headed: int = 0  # TP_udhi
    service: str = ""
    protocol: int = 0
    source_type: int = 0
    reserve: str = ""  # LinkID in 3.0
    message_id: str = NO_ID


def deliver(layout: Layout, sequence: int, one: Deliver) -> bytes:
    """Write one. Raises `ValueError` for a field that does not fit."""
    kind = bytes((one.source_type,)) if layout.typed else b""
    body = (
        bytes.fromhex(one.message_id)
        + fixed(one.destination, 21)
        + fixed(one.service, 10)
        + bytes((one.protocol, one.headed, one.coding))
        + fixed(one.source, layout.number)
        + kind
        + bytes((one.registered,))
        + _content(layout, one.content, one.reserve)
    )
    return framed(DELIVER, sequence, body)


def read_deliver(layout: Layout, pdu: bytes) -> Deliver:
    """Read one. Raises `Malformed`."""
    end = BODY + layout.deliver.size
    if len(pdu) < end:
        raise Malformed("CMPP_DELIVER ends early")
    message_id, destination, service, protocol, headed, coding, source, *kind, registered, _ = (
        layout.deliver.unpack_from(pdu, BODY)
    )
    content, reserve = _read_content(pdu, end - 1)
    return Deliver(
        words(destination),
        words(source),
        coding,
        content,
        registered,
        headed,
        words(service),
        protocol,
        kind[0] if kind else 0,
        reserve,
        message_id.hex(),
    )


def deliver_answer(layout: Layout, sequence: int, message_id: bytes, result: int) -> bytes:
    """Write a CMPP_DELIVER_RESP (7.4.5.2)."""
    return framed(DELIVER | RESPONSE, sequence, message_id + status_field(layout, result))


class Report(NamedTuple):
    """The content of a receipt (7.4.5.1). What a shorter one does not say is empty."""

    message_id: str  # of the submit
    stat: str
    submitted: str = ""  # YYMMDDhhmm by the carrier's clock
    done: str = ""
    number: str = ""
    smsc_sequence: int = 0


_REPORTS = {layout.size: layout for layout in (Struct("!8s7s10s10s21sI"), Struct("!8s7s10s10s32sI"))}  # 60, 71


def report(layout: Layout, one: Report) -> bytes:
    """Write one, as the version has it."""
    return _REPORTS[39 + layout.number].pack(
        bytes.fromhex(one.message_id),
        fixed(one.stat, 7),
        fixed(one.submitted, 10),
        fixed(one.done, 10),
        fixed(one.number, layout.number),
        one.smsc_sequence,
    )


def read_report(content: bytes) -> Report:
    """Read one of 60 octets or of 71; of any other length only its two first fields. Raises `Malformed`."""
    layout = _REPORTS.get(len(content))
    if layout is not None:
        message_id, stat, submitted, done, number, sequence = layout.unpack(content)
        return Report(message_id.hex(), words(stat), words(submitted), words(done), words(number), sequence)
    if len(content) < 15:
        raise Malformed(f"a receipt of {len(content)} octets")
    return Report(content[:8].hex(), words(content[8:15]))


# --------------------------------------------------------------------------------------------------- query and cancel


class Query(NamedTuple):
    """CMPP_QUERY (7.4.4.1)."""

    day: str  # YYYYMMDD
    service: str = ""  # one Service_Id; empty: all


_QUERY, _QUERY_ANSWER = Struct("!8sB10s8s"), Struct("!8sB10s8I")


def query(sequence: int, one: Query) -> bytes:
    """Write one."""
    body = _QUERY.pack(fixed(one.day, 8), bool(one.service), fixed(one.service, 10), b"")
    return framed(QUERY, sequence, body)


def read_query(pdu: bytes) -> Query:
    """Read one. Raises `Malformed`."""
    if len(pdu) < BODY + _QUERY.size:
        raise Malformed("CMPP_QUERY ends early")
    day, kind, service, _ = _QUERY.unpack_from(pdu, BODY)
    return Query(words(day), words(service) if kind else "")


def query_answer(sequence: int, one: Query, totals: Totals) -> bytes:
    """Write a CMPP_QUERY_RESP (7.4.4.2)."""
    body = _QUERY_ANSWER.pack(fixed(one.day, 8), bool(one.service), fixed(one.service, 10), *totals)
    return framed(QUERY | RESPONSE, sequence, body)


def read_query_answer(pdu: bytes) -> tuple[Query, Totals]:
    """Read one. Raises `Malformed`."""
    if len(pdu) < BODY + _QUERY_ANSWER.size:
        raise Malformed("CMPP_QUERY_RESP ends early")
    day, kind, service, *totals = _QUERY_ANSWER.unpack_from(pdu, BODY)
    return Query(words(day), words(service) if kind else ""), Totals(*totals)


def cancel(sequence: int, message_id: str) -> bytes:
    """Write a CMPP_CANCEL (7.4.6.1)."""
    return framed(CANCEL, sequence, bytes.fromhex(message_id))


def read_cancel(pdu: bytes) -> str:
    """Read one: the Msg_Id. Raises `Malformed`."""
    if len(pdu) < BODY + 8:
        raise Malformed("CMPP_CANCEL ends early")
    return pdu[BODY : BODY + 8].hex()


def cancel_answer(layout: Layout, sequence: int, status: int) -> bytes:
    """Write a CMPP_CANCEL_RESP (7.4.6.2): 0 is done."""
    return framed(CANCEL | RESPONSE, sequence, status_field(layout, status))


def _content(layout: Layout, content: bytes, reserve: str) -> bytes:
    if len(content) > 255:
        raise ValueError(f"{len(content)} octets of text where the protocol allows 255")
    return bytes((len(content),)) + content + fixed(reserve, layout.reserve)


def _read_content(pdu: bytes, at: int) -> tuple[bytes, str]:
    """Msg_Content behind its length, and what stands behind it."""
    end = at + 1 + pdu[at]
    if end > len(pdu):
        raise Malformed(f"Msg_Length says {pdu[at]}, {len(pdu) - at - 1} octets are there")
    return pdu[at + 1 : end], words(pdu[end:])


def status_field(layout: Layout, status: int) -> bytes:
    """A status in its field: 2.0 has one octet, so that the highest one stands for all above."""
    return layout.status.pack(min(status, 256**layout.status.size - 1))


def _md5(octets: bytes) -> bytes:
    return md5(octets, usedforsecurity=False).digest()  # 7.4.1.1 wants this one
