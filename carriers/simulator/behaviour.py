"""How a simulated carrier behaves: what it answers to a submit and which receipts follow. No network, no clock."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Any

from carriers import dialects, smpp
from carriers.events import ReceiptState, SubmitReceived
from carriers.pdu import CHINA
from carriers.profile import PROTOCOLS

EPOCH = datetime(2026, 1, 1, tzinfo=CHINA)
RECEIPTS_A_MINUTE = 100  # by the clock that receipts are dated by
OK = 0
RETURN_PATHS = ("same", "call", "both")


class ScriptError(ValueError):
    """The script says something a simulated carrier does not understand. The message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One carrier of a script (`[[carrier]]`). Shares are 0 to 1, times are seconds."""

    name: str
    protocol: str = "smpp"
    port: int = 0  # 0: any free one
    accounts: Mapping[str, str] = field(default_factory=dict)  # system_id -> password; empty: everybody may log in
    access_number: str = "1069000001"
    seed: int = 1
    window: int = 200  # deliveries that may wait for the gateway's answer
    id_form: str = "hex"  # SMPP: of message ids in answers: hex, decimal, long (32 digits)
    receipt_id_form: str = (
        ""  # of the same id in receipts; empty: as in the answer. hex answers may be reported in decimal
    )
    receipt_form: str = "text"  # SMPP: text, tlv, both, junk (impossible dates, lower case)
    receipt_delay: tuple[float, float] = (0.05, 0.5)
    receipt_never: float = 0.0
    receipt_twice: float = 0.0
    receipt_early: float = 0.0  # before the answer to its submit
    enroute: float = 0.0  # an intermediate receipt first
    undelivered: float = 0.0
    empty: tuple[str, ...] = ()  # numbers that nobody has: UNDELIV
    off: tuple[str, ...] = ()  # phones that are off: EXPIRED
    ported: tuple[str, ...] = ()  # numbers that another carrier serves by now: UNDELIV, with a code that says so
    answer_delay: tuple[float, float] = (0.0, 0.0)
    rate: float = 0.0  # submits in any second above which it answers "too fast"; 0: no limit
    throttle: float = 0.0  # share answered "too fast" at random
    refuse: float = 0.0  # share refused at random, with `refuse_status`
    refuse_status: int = 0x08  # this and the next ones are statuses of the protocol's own
    refuse_numbers: Mapping[str, int] = field(default_factory=dict)  # number -> status
    refuse_binds: int = 0  # status for every login; 0: let in
    cut_after: int = 0  # close the connection after so many submits; 0: never
    cut_before_answer: float = 0.0  # share of submits taken and then cut off before their answer
    redeliver_after: float = 10.0  # a text or receipt without acknowledgement is delivered again
    return_path: str = "same"  # SGIP: it delivers over the gateway's connections, over calls of its own, or both
    call_host: str = "127.0.0.1"  # SGIP: where it calls the gateway
    call_port: int = 0
    call_account: str = ""
    call_password: str = ""
    idle: float = 0.0  # SGIP: it leaves a connection on which nothing was said for so long; 0: never

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Behaviour":
        """From a table of the script. Raises `ScriptError`."""
        known = {one.name for one in fields(cls)}
        unknown = set(table) - known
        if unknown:
            raise ScriptError(f"unknown keys: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
        }
        if "name" not in given:
            raise ScriptError("a carrier needs a name")
        if given.get("protocol", "smpp") not in PROTOCOLS:
            raise ScriptError(f"protocol {given['protocol']}; known: {', '.join(PROTOCOLS)}")
        if given.get("return_path", "same") not in RETURN_PATHS:
            raise ScriptError(f"return_path {given['return_path']}; known: {', '.join(RETURN_PATHS)}")
        behaviour = cls(**given)
        if behaviour.return_path != "same" and not (behaviour.protocol == "sgip" and behaviour.call_port):
            raise ScriptError(f"return_path {behaviour.return_path} is SGIP's, and wants a call_port")
        return behaviour


@dataclass(frozen=True, slots=True)
class Due:
    """A receipt to deliver, so many seconds from now."""

    after: float
    pdu: bytes
    state: ReceiptState  # what it says


@dataclass(frozen=True, slots=True)
class Reaction:
    """What happens to a submit."""

    status: int
    message_id: str
    answer_after: float
    receipts: tuple[Due, ...]
    cut: bool  # close instead of answering
    early: bool  # the first receipt goes before the answer
    fate: ReceiptState | None  # what really becomes of the text; None when it was not taken
    error: str = ""  # the code that its receipt gives


def token_of(submit: SubmitReceived) -> str:
    """What makes a submit the same one: number, reference, part and words."""
    reference, part = submit.reference, submit.concatenation.number if submit.concatenation else 0
    plain = f"{submit.destination}|{reference}|{part}|".encode() + submit.body
    return sha256(plain).hexdigest()[:16]


class Brain:
    """Decides, from a seed. One per carrier."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._random = Random(behaviour.seed)  # noqa: S311 - repeatable on purpose
        self._taken: deque[float] = deque()  # when submits of the last second came
        self._dialect = dialects.carrier(behaviour.protocol, EPOCH)
        self._serial = 0
        self.throttling = False

    def react(self, submit: SubmitReceived, now: float) -> Reaction:
        """What becomes of a submit."""
        is_, chance = self.behaviour, self._random.random
        if is_.cut_before_answer and chance() < is_.cut_before_answer:
            fate = self._fate(_national(submit.destination))
            receipts = self._receipts(submit, *self._new_id(submit), *fate)
            return Reaction(OK, "", 0.0, receipts, True, False, *fate)
        status = self._refusal(submit, now)
        wait = self._random.uniform(*is_.answer_delay) if is_.answer_delay[1] else 0.0
        if status != OK:
            return Reaction(status, "", wait, (), False, False, None)
        answered, reported = self._new_id(submit)
        fate = self._fate(_national(submit.destination))
        receipts = self._receipts(submit, answered, reported, *fate) if submit.receipt_wanted else ()
        early = bool(receipts and is_.receipt_early and chance() < is_.receipt_early)
        return Reaction(status, answered, wait, receipts, False, early, *fate)

    def _refusal(self, submit: SubmitReceived, now: float) -> int:
        is_ = self.behaviour
        number = _national(submit.destination)
        if number in is_.refuse_numbers:
            return is_.refuse_numbers[number]
        if self.throttling or (is_.throttle and self._random.random() < is_.throttle):
            return self._dialect.too_fast
        if is_.rate:
            while self._taken and self._taken[0] <= now - 1.0:
                self._taken.popleft()
            if len(self._taken) >= is_.rate:
                return self._dialect.too_fast
            self._taken.append(now)
        if is_.refuse and self._random.random() < is_.refuse:
            return is_.refuse_status
        return OK

    def _new_id(self, submit: SubmitReceived) -> tuple[str, str]:
        """The id in the answer, and the same in receipts."""
        self._serial += 1
        number = self._serial + (self.behaviour.seed << 24)
        if self.behaviour.protocol != "smpp":
            given = self._dialect.new_id(number, submit)
            return given, given
        answered = _written(number, self.behaviour.id_form)
        return answered, _written(number, self.behaviour.receipt_id_form or self.behaviour.id_form)

    def _receipts(
        self, submit: SubmitReceived, answered: str, reported: str, state: ReceiptState, error: str
    ) -> tuple[Due, ...]:
        is_, chance = self.behaviour, self._random.random
        if is_.receipt_never and chance() < is_.receipt_never:
            return ()
        after = self._random.uniform(*is_.receipt_delay)
        receipts = [Due(after, self._receipt(reported, submit, state, error), state)]
        if is_.enroute and chance() < is_.enroute:
            enroute = self._receipt(reported, submit, ReceiptState.ENROUTE, "000")
            receipts.insert(0, Due(after / 2, enroute, ReceiptState.ENROUTE))
        if is_.receipt_twice and chance() < is_.receipt_twice:
            receipts.append(Due(after * 1.5, receipts[-1].pdu, state))
        return tuple(receipts)

    def _fate(self, number: str) -> tuple[ReceiptState, str]:
        is_, failures = self.behaviour, self._dialect.failures
        if number in is_.empty:
            return ReceiptState.UNDELIVERABLE, failures.empty
        if number in is_.ported:
            return ReceiptState.UNDELIVERABLE, failures.ported
        if number in is_.off:
            return ReceiptState.EXPIRED, "027"
        if is_.undelivered and self._random.random() < is_.undelivered:
            return ReceiptState.UNDELIVERABLE, failures.other
        return ReceiptState.DELIVERED, "000"

    def _receipt(self, message_id: str, submit: SubmitReceived, state: ReceiptState, error: str) -> bytes:
        done = _written_minute(self._serial // RECEIPTS_A_MINUTE % 500_000)
        if self.behaviour.protocol != "smpp":
            return self._dialect.receipt(message_id, submit.destination, submit.source, state, error, done)
        if self.behaviour.receipt_form == "junk":
            words = (
                f"ID:{message_id} sub:1 submit date:9913459999 done_date:x stat:{state.value.lower()} ERR:{error} txt:"
            )
            return smpp.encode_delivery(submit.destination, submit.source, words.encode(), 0, esm_class=0x04)
        return smpp.encode_receipt(
            message_id,
            submit.destination,
            submit.source,
            state,
            error=error,
            submitted=done,
            done=done,
            form=self.behaviour.receipt_form,
        )


@lru_cache(maxsize=4)
def _written_minute(after: int) -> str:
    """So many minutes after the beginning of time, as receipts write it."""
    return f"{EPOCH + timedelta(minutes=after):%y%m%d%H%M}"


def _written(number: int, form: str) -> str:
    match form:
        case "decimal":
            return str(number)
        case "long":
            return f"{number:032x}"
        case _:
            return f"{number:X}"


def _national(number: str) -> str:
    return number.removeprefix("+").removeprefix("86") if len(number) > 11 else number
