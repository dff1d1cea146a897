"""What a session needs to know of a protocol: its header, its commands, how each PDU is read and written.

A dialect is made anew for each connection. It holds no state of the traffic: windows, timers and sequence numbers
are the session's. Our own requests are numbered by one integer that stands last in the header; what a peer's
request wants to be answered by is a *handle* that the dialect makes of it and takes back, and nobody else reads.
"""

from collections.abc import Mapping
from enum import Enum, auto
from struct import Struct
from typing import NamedTuple, Protocol

from carriers import layouts
from carriers.events import (
    BindRequested,
    Concatenation,
    DeliveryReceipt,
    Handle,
    InboundText,
    ReceiptState,
    SubmitReceived,
)
from carriers.explain import Explained
from carriers.pdu import Malformed
from carriers.results import Results


class Command(Enum):
    """What all protocols have in common, whatever they call it."""

    LOGIN = auto()  # bind, CONNECT, Login
    LOGIN_ANSWER = auto()
    SUBMIT = auto()
    SUBMIT_ANSWER = auto()
    DELIVER = auto()  # a text or a receipt: deliver_sm, data_sm, DELIVER, REPORT
    DELIVER_ANSWER = auto()
    PROBE = auto()  # enquire_link, ACTIVE_TEST
    PROBE_ANSWER = auto()
    LEAVE = auto()  # unbind, TERMINATE, Exit
    LEAVE_ANSWER = auto()
    ASK = auto()  # queries, cancellations and what else the carrier's end may be asked: `answer_question`
    ASK_ANSWER = auto()
    REJECTION = auto()  # generic_nack: a request of ours could not be read


class LoginAnswer(NamedTuple):
    """What the carrier said to a login."""

    status: int  # 0: welcome
    peer: str  # who it says it is
    doubt: str = ""  # what is odd about its answer (an authenticator that does not match); "" when nothing is
    reason: str = ""  # a refusal for people, where `describe` knows only the statuses of submits (CMPP)


class SubmitAnswer(NamedTuple):
    """What the carrier said to a submit, as it said it."""

    status: int
    message_id: str  # empty when it gave none


class Totals(NamedTuple):
    """What a carrier answers to a query (CMPP 2.0, 7.4.4.2; SMGP 3.0 has the same)."""

    taken: int = 0  # submits taken from us (MT_TLMsg)
    people: int = 0  # to so many numbers (MT_Tlusr)
    delivered: int = 0  # MT_Scs
    waiting: int = 0  # MT_WT
    failed: int = 0  # MT_FL
    texts: int = 0  # texts that we took (MO_Scs)
    texts_waiting: int = 0  # MO_WT
    texts_failed: int = 0  # MO_FL


class Ledger(Protocol):
    """What the carrier's end knows beyond its session: for the answers to questions."""

    def totals(self, day: str, service: str) -> Totals:
        """What happened on a day (YYYYMMDD) under one business code, or under all of them (empty)."""
        ...

    def cancel(self, message_id: str) -> bool:
        """Take a text back. False when it is not known, or with its receiver already."""
        ...


class Failures(NamedTuple):
    """What a receipt's `error` says of a text that was not delivered; "" where the protocol has no code for it."""

    empty: str  # nobody has the number
    other: str
    ported: str  # another carrier serves the number by now


class Template(Protocol):
    """A submit that only wants a destination and a number."""

    def pdu(self, sequence: int, destination: str, reference: int, stamp: bytes) -> bytes:
        """The PDU. `destination` is ASCII digits as the carrier wants them; `stamp` is the session's, see `Dialect`."""
        ...


class Dialect(Protocol):
    """See the module. Everything named `read_...` raises `pdu.Malformed` for a body that is not what it should be."""

    protocol: str  # as the settings call it
    header: Struct  # its first field is the PDU's length, its second the command, its last the sequence number
    longest: int  # octets of a PDU
    last_sequence: int  # after it the numbers start again at 1
    commands: Mapping[int, Command]
    stamp: bytes  # what our sequence numbers begin with on the wire (SGIP); empty where they are one integer
    results: Results
    probes: bool  # whether the protocol knows signs of life; without them an idle session rests (SGIP)

    # -------------------------------------------------------------------------------------------------- both ends

    def login(self, sequence: int) -> bytes:
        """Our login."""
        ...

    def read_login_answer(self, pdu: bytes) -> LoginAnswer:
        """What came of it."""
        ...

    def read_login(self, pdu: bytes) -> BindRequested:
        """The peer's login."""
        ...

    def proves(self, login: BindRequested, password: str) -> bool:
        """Whether a login was made with this password."""
        ...

    def admission(self, handle: Handle, status: int, name: str, password: str) -> bytes:
        """The answer to the peer's login; `password` proves the answering end where the protocol wants that."""
        ...

    def probe(self, sequence: int) -> bytes:
        """A question for a sign of life. Never asked where `probes` is False."""
        raise Malformed(f"{self.protocol} knows no sign of life")

    def probe_answer(self, pdu: bytes) -> bytes:
        """The sign of life."""
        raise Malformed(f"{self.protocol} knows no sign of life")

    def leave(self, sequence: int) -> bytes:
        """That we leave."""
        ...

    def leave_answer(self, pdu: bytes) -> bytes:
        """That the peer may go."""
        ...

    def read_rejection(self, pdu: bytes) -> int:
        """The status of a REJECTION, where `commands` has one."""
        raise Malformed(f"{self.protocol} knows no rejection")

    def unknown(self, pdu: bytes) -> bytes:
        """What to say to a command that is not in the protocol; nothing, where the protocol has no word for it."""
        ...

    def broken(self) -> bytes:
        """The last words when what comes is no PDU at all."""
        ...

    def refusal(self, pdu: bytes, command: Command, *, unread: bool = False) -> bytes:
        """The answer to a SUBMIT, DELIVER, LOGIN or ASK that has no place here, or that cannot be read (`unread`)."""
        ...

    def explain(self, pdu: bytes) -> Explained:
        """A whole PDU field by field, for people. Never raises."""
        command = self.commands.get(self.header.unpack_from(pdu)[1])
        login = command in (Command.LOGIN, Command.LOGIN_ANSWER)
        return layouts.explain(self.protocol, pdu, self.header.size, login=login)

    # ------------------------------------------------------------------------------------------- the gateway's end

    def read_submit_answer(self, pdu: bytes) -> SubmitAnswer:
        """The carrier's answer to a submit. Never raises: what is missing is empty."""
        ...

    def read_delivery(self, pdu: bytes) -> InboundText | DeliveryReceipt:
        """A text or a receipt."""
        ...

    def owed(self, pdu: bytes) -> Handle:
        """What a delivery wants to be answered by, also one that cannot be read."""
        ...

    def delivery_answer(self, handle: Handle, taken: bool) -> bytes:
        """The answer to a delivery: taken, or to be delivered again."""
        ...

    def describe(self, status: int) -> str:
        """A submit's or login's status for people: code and meaning."""
        ...

    def credentials(self, status: int) -> bool:
        """Whether a refused login is about who we are, and not about the moment."""
        ...

    def login_pause(self, status: int) -> float:
        """Seconds that the carrier wants us to wait with the next login after this refusal; 0 where it does not say."""
        ...

    # ------------------------------------------------------------------------------------------- the carrier's end

    too_fast: int  # the status that tells a gateway to slow down
    wrong_login: int  # the status that refuses an account or its password
    failures: Failures  # codes of its receipts

    def new_id(self, serial: int, submit: SubmitReceived) -> str:
        """An id for a submit that was taken, in the form of `SubmitAnswer.message_id`; `serial` is new each time."""
        ...

    def read_submit(self, pdu: bytes) -> SubmitReceived:
        """A submit as the carrier sees it."""
        ...

    def submit_answer(self, handle: Handle, status: int, message_id: str) -> bytes:
        """The answer to a submit. `message_id` as `read_submit_answer` would give it."""
        ...

    def read_delivery_answer(self, pdu: bytes) -> int:
        """The status of a delivery's answer; 0: taken."""
        ...

    def text(
        self,
        source: str,
        destination: str,
        body: bytes,
        coding: int,
        concatenation: Concatenation | None = None,
    ) -> bytes:
        """A text from a phone, with sequence number 0 (see `renumbered`). `coding` as in `InboundText`."""
        ...

    def receipt(
        self,
        message_id: str,
        number: str,
        service_number: str,
        state: ReceiptState,
        error: str,
        at: str,
    ) -> bytes:
        """A delivery receipt with sequence number 0. `error` is the protocol's own code, `at` YYMMDDhhmm."""
        ...

    def renumbered(self, pdu: bytes, sequence: int) -> bytes:
        """The same PDU with another sequence number (and this connection's stamp)."""
        ...

    def answer_question(self, pdu: bytes) -> bytes:
        """The carrier's answer to an ASK: nothing is known of it, or what the protocol's simplest true answer is."""
        ...
