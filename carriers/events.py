"""What a session reports, in the same words for all protocols.

Everything here is a value. `answer` is what the peer's request wants to be answered by, and opaque: hand it back
to `Session.accept` once the event is committed (or to `Session.refuse` when it cannot be), and only then
does the peer get its positive response.
"""

from enum import StrEnum
from typing import Any, NamedTuple

Handle = Any
"""See the module: hashable, made by a dialect, read by nobody else."""


class Verdict(StrEnum):
    """What the carrier's answer to a submit means for the part."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"  # too fast, or the carrier's queue is full: again later, slower
    TEMPORARY = "temporary"  # refused for now: again later, a few times
    PERMANENT = "permanent"  # refused for good
    CONFIGURATION = "configuration"  # refused because of our own account or access number: stop and alarm
    WRONG_NETWORK = "wrong_network"  # the number belongs to another carrier
    UNCERTAIN = "uncertain"  # nobody can tell whether it was taken: it waits for its receipt


class ReceiptState(StrEnum):
    """SMPP 3.4, 5.2.28 and appendix B: the states that a delivery receipt may name."""

    ENROUTE = "ENROUTE"
    DELIVERED = "DELIVRD"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"
    UNDELIVERABLE = "UNDELIV"
    ACCEPTED = "ACCEPTD"
    UNKNOWN = "UNKNOWN"
    REJECTED = "REJECTD"


class Concatenation(NamedTuple):
    """Which part of a long text this is (3GPP TS 23.040, 9.2.3.24.1 and .8, or the SAR TLVs of SMPP)."""

    reference: int
    total: int
    number: int
    width: int  # bits of the reference: 8 or 16


# ------------------------------------------------------------------- what either end learns about its session


class Bound(NamedTuple):
    """The peers know each other; traffic may flow."""

    peer: str  # the name that the other side gave
    doubt: str = ""  # what is odd about its answer to our login, though it let us in


class BindRefused(NamedTuple):
    """The carrier turned our login down. `credentials` tells a wrong password from a passing trouble."""

    status: int
    reason: str
    credentials: bool
    pause: float = 0.0  # seconds that the carrier wants to pass before the next login


class Closed(NamedTuple):
    """The session is over. `unanswered` are the (sequence, token) pairs whose outcome nobody will ever tell."""

    reason: str
    unanswered: tuple[tuple[int, int], ...]
    quiet: bool = False  # there was nothing to say: with SGIP a line ends so and is begun anew


class Listening(NamedTuple):
    """Whether the carrier can call us where it was told to (SGIP). `trouble` is empty when it can."""

    place: str
    trouble: str = ""


class TurnedAway(NamedTuple):
    """Somebody called us who may not. The same one for the same reason is told of once."""

    address: str
    reason: str


class Unreadable(NamedTuple):
    """Something the peer sent that we could not understand. `answer` is None where no answer is due."""

    answer: Handle
    raw: bytes
    reason: str


# ----------------------------------------------------------------------------------- what the gateway's end learns


class SubmitAnswered(NamedTuple):
    """The carrier answered a submit."""

    sequence: int
    token: int
    verdict: Verdict
    status: int  # as the carrier sent it
    message_id: str  # as the carrier sent it; empty when it gave none
    reason: str = ""  # the status for people; empty when it was accepted


class SubmitUnanswered(NamedTuple):
    """No answer within the response time: the outcome is uncertain. A late answer may still come."""

    sequence: int
    token: int


class InboundText(NamedTuple):
    """A text (or one part of a long one) from a phone (mobile originated)."""

    answer: Handle
    source: str
    destination: str
    body: bytes  # without its user data header
    coding: int  # data_coding of SMPP 3.4, 5.2.19, whatever the protocol's own numbers are
    concatenation: Concatenation | None
    binary: bool  # addressed to a port, or 8-bit data: kept, never read as words
    message_id: str  # the carrier's own id of this text; empty when it gave none
    raw: bytes  # the whole PDU


class DeliveryReceipt(NamedTuple):
    """The carrier tells what became of a part."""

    answer: Handle
    message_id: str  # as the carrier sent it; empty when it gave none
    state: ReceiptState
    error: str  # the carrier's own code, "" when it gave none
    number: str  # the citizen's number
    raw: bytes  # the whole PDU


# ----------------------------------------------------------------------------------- what the carrier's end learns


class BindRequested(NamedTuple):
    """Somebody wants to log in. Answer with `Session.admit`."""

    answer: Handle
    account: str
    password: str  # empty where the protocol sends a proof of it instead (CMPP, SMGP): see `Dialect.proves`
    mode: str  # "transmitter", "receiver" or "transceiver"
    raw: bytes = b""  # the whole PDU


class SubmitReceived(NamedTuple):
    """The other side submits a text. Answer with `Session.answer_submit`."""

    answer: Handle
    source: str
    destination: str
    body: bytes  # without its user data header
    coding: int
    concatenation: Concatenation | None
    receipt_wanted: bool
    reference: int | None  # user_message_reference (TLV 0x0204) where it was given
    raw: bytes
    service: str = ""  # business code, where the protocol has one


class DeliverAnswered(NamedTuple):
    """The other side took a text or receipt that we delivered (or refused it: status is not 0)."""

    sequence: int
    token: int
    status: int


class DeliverUnanswered(NamedTuple):
    """The other side did not answer a delivery in time."""

    sequence: int
    token: int


Event = (
    Bound
    | BindRefused
    | Closed
    | Listening
    | TurnedAway
    | Unreadable
    | SubmitAnswered
    | SubmitUnanswered
    | InboundText
    | DeliveryReceipt
    | BindRequested
    | SubmitReceived
    | DeliverAnswered
    | DeliverUnanswered
)
