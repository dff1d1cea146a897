"""One session with a carrier, either end of it: bytes and time in, events and bytes out.

It owns what all carriers' protocols share: frames, login, window, sequence numbers, response timers,
keep-alive, pace, draining, closing. No socket, no clock, no thread: `now` is monotonic seconds.

The caller's part of the contract:
- every socket read goes to `receive`, and when `next_tick` is due, `tick` is called;
- after each call, `data_to_send` is written; when `wants_close` is set, the connection is closed after that;
- when the connection is gone, for whatever reason, `lost` is called once;
- what `InboundText`, `DeliveryReceipt` and `Unreadable` ask to be answered is answered by `accept` once it is
  committed, or by `refuse`.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from carriers import smpp
from carriers.events import (
    BindRefused,
    BindRequested,
    Bound,
    Closed,
    DeliverAnswered,
    DeliverUnanswered,
    Event,
    SubmitAnswered,
    SubmitUnanswered,
    Unreadable,
    Verdict,
)
from carriers.pace import Pace
from carriers.profile import CarrierProfile

UNBIND_TIMEOUT = 5.0
LATE_ANSWERS = 600.0  # an answer that comes so late still settles its submit


class State(StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    BINDING = "binding"
    BOUND = "bound"
    DRAINING = "draining"
    UNBINDING = "unbinding"
    CLOSED = "closed"


class Session:
    """See the module. Make one per connection, with `gateway` or `carrier`."""

    def __init__(
        self,
        profile: CarrierProfile | None,
        *,
        window: int,
        pace: Pace,
        response_timeout: float,
        keepalive: float,
        keepalive_timeout: float,
        bind_timeout: float,
    ) -> None:
        self.state = State.IDLE
        self.wants_close = False
        self.dismissed = False  # the peer asked us to leave
        self._profile = profile  # None at the carrier's end
        self._window = window
        self._pace = pace
        self._response_timeout = response_timeout
        self._keepalive, self._keepalive_timeout = keepalive, keepalive_timeout
        self._bind_timeout = bind_timeout
        self._rest = b""  # the beginning of a frame whose end has not come
        self._out: list[bytes] = []
        self._open: dict[int, tuple[int, float]] = {}  # our requests, oldest first: sequence -> (token, deadline)
        self._late: dict[int, tuple[int, float]] = {}  # unanswered in time: sequence -> (token, until)
        self._next_sequence = 1
        self._wrapped = False  # the numbers have started again: some may still be in use
        self._data_answers: set[int] = set()  # requests that were data_sm: their answer has another command
        self._bind_sequence: int | None = None
        self._bind_command = smpp.BIND_TRANSCEIVER
        self._unbind_sequence: int | None = None
        self._deadline: float | None = None  # of binding, draining or unbinding
        self._alive_at = 0.0  # when the peer last sent anything
        self._answered_at = float("-inf")  # when it last answered a request of ours
        self._probes = 0  # enquire_links since it last sent anything
        self._probed_at = 0.0
        self._reason = ""

    @classmethod
    def gateway(cls, profile: CarrierProfile) -> "Session":
        """Our end (ESME)."""
        return cls(
            profile,
            window=profile.window,
            pace=Pace(profile.rate, profile.flow_control),
            response_timeout=profile.response_timeout,
            keepalive=profile.keepalive,
            keepalive_timeout=profile.keepalive_timeout,
            bind_timeout=profile.bind_timeout,
        )

    @classmethod
    def carrier(cls, *, window: int = 100, response_timeout: float = 30.0, keepalive: float = 60.0) -> "Session":
        """The carrier's end (SMSC)."""
        return cls(
            None,
            window=window,
            pace=Pace(0),
            response_timeout=response_timeout,
            keepalive=keepalive,
            keepalive_timeout=15.0,
            bind_timeout=30.0,
        )

    # ------------------------------------------------------------------------------------------------ connection

    def connected(self, now: float) -> None:
        """The connection stands. The gateway's end logs in, the carrier's end waits for that."""
        self._alive_at = now
        self._deadline = now + self._bind_timeout
        self.state = State.BINDING
        if self._profile is not None:
            self._bind_sequence = self.reserve(1)
            self._out.append(smpp.bind(self._profile, self._bind_sequence))

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Everything that one socket read brings."""
        events: list[Event] = []
        if self._closed:
            return events
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        unpack = smpp.HEADER.unpack_from
        while end - at >= 16:
            length, command, status, sequence = unpack(data, at)
            if not 16 <= length <= smpp.LONGEST:
                self._break_off(f"frame of {length} octets")
                break
            if end - at < length:
                break
            pdu = data[at : at + length]
            at += length
            if command == _SUBMIT_ANSWER:
                self._submit_answer(events, pdu, status, sequence, now)
            else:
                self._take(events, pdu, command, status, sequence, now)
            if self._closed:
                break
        if at:
            self._alive_at, self._probes = now, 0
        self._rest = b"" if self._closed else data[at:]
        return events

    def lost(self, reason: str) -> list[Event]:
        """The connection is gone."""
        self.state = State.CLOSED
        self._rest = b""
        unanswered = tuple((sequence, token) for sequence, (token, _) in self._open.items())
        self._open.clear()
        return [Closed(self._reason or reason, unanswered)]

    def data_to_send(self) -> bytes:
        """What to write now."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    @property
    def _closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def unanswered(self) -> int:
        """How many of our requests wait for their answer."""
        return len(self._open)

    # ------------------------------------------------------------------------------------------------------ time

    def tick(self, now: float) -> list[Event]:
        """What time brings: missing logins, answers, signs of life."""
        events: list[Event] = []
        if self.state in (State.IDLE, State.CLOSED):
            return events
        self._expire(events, now)
        if self.state is State.DRAINING and (not self._open or now >= (self._deadline or now)):
            self._unbind(now)
        elif self.state in (State.BINDING, State.UNBINDING) and self._deadline is not None and now >= self._deadline:
            self._give_up("no answer to the login" if self.state is State.BINDING else "unbound")
        elif self.state is State.BOUND:
            self._probe(now)
        return events

    def next_tick(self) -> float | None:
        """When `tick` is due at the latest."""
        if self.state in (State.IDLE, State.CLOSED):
            return None
        due = []
        if self._deadline is not None:
            due.append(self._deadline)
        if self._open:
            due.append(next(iter(self._open.values()))[1])
        if self.state is State.BOUND:
            since = self._probed_at + self._keepalive_timeout if self._probes else self._alive_at + self._keepalive
            due.append(since)
        return min(due, default=None)

    def _expire(self, events: list[Event], now: float) -> None:
        """Requests unanswered for too long. On a link that answers others they are uncertain; else it is dead."""
        overdue = []
        for sequence, (token, deadline) in self._open.items():
            if deadline > now:
                break
            overdue.append((sequence, token))
        for sequence, token in overdue:
            del self._open[sequence]
            self._late[sequence] = (token, now + LATE_ANSWERS)
            kind = SubmitUnanswered if self._profile is not None else DeliverUnanswered
            events.append(kind(sequence, token))
        if overdue and self._answered_at < now - self._response_timeout and self._profile is not None:
            self._give_up(f"no answer for {self._response_timeout:g} s")
        self._late = {sequence: kept for sequence, kept in self._late.items() if kept[1] > now}

    def _probe(self, now: float) -> None:
        if not self._probes and now < self._alive_at + self._keepalive:
            return
        if self._probes and now < self._probed_at + self._keepalive_timeout:
            return
        if self._probes == 2:
            self._give_up("no sign of life")
            return
        self._probes, self._probed_at = self._probes + 1, now
        self._out.append(smpp.bare(smpp.ENQUIRE_LINK, 0, self.reserve(1)))

    def _give_up(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.state = State.CLOSED
        self.wants_close = True

    def _break_off(self, reason: str) -> None:
        """What comes is no PDU: say so and close, because nothing behind it can be found."""
        self._out.append(smpp.bare(smpp.GENERIC_NACK, smpp.INVALID_LENGTH, 0))
        self._give_up(reason)

    # ----------------------------------------------------------------------------------------- the gateway's end

    def room(self, now: float) -> int:
        """How many submits may go now."""
        if self.state is not State.BOUND:
            return 0
        return max(0, min(self._window - len(self._open), self._pace.available(now)))

    def next_room(self, now: float) -> float | None:
        """Seconds until the pace allows another submit; None while it is not the pace that holds us."""
        if self.state is not State.BOUND or len(self._open) >= self._window:
            return None
        return self._pace.wait(now)

    def reserve(self, count: int) -> int:
        """The first of `count` consecutive sequence numbers, none of which is in use."""
        if self._next_sequence + count - 1 > smpp.LAST_SEQUENCE:  # 5.1.4: wraps to 1
            self._next_sequence, self._wrapped = 1, True
        while self._wrapped and any(
            self._next_sequence <= used < self._next_sequence + count for used in (*self._open, *self._late)
        ):
            self._next_sequence += count
        first = self._next_sequence
        self._next_sequence += count
        return first

    def submit(self, submits: Sequence[tuple[int, int, bytes]], now: float) -> None:
        """Send (sequence, token, pdu), the sequence numbers having been reserved."""
        deadline = now + self._response_timeout
        for sequence, token, pdu in submits:
            self._open[sequence] = (token, deadline)
            self._out.append(pdu)
        self._pace.spend(len(submits), now)

    def accept(self, answers: Iterable[int]) -> None:
        """Acknowledge what was delivered to us: it is committed."""
        self._answer(answers, smpp.OK)

    def refuse(self, answers: Iterable[int]) -> None:
        """Ask for what was delivered to be delivered again: it could not be committed."""
        self._answer(answers, smpp.TEMPORARY_APPLICATION_ERROR)

    def _answer(self, answers: Iterable[int], status: int) -> None:
        if self.state is State.CLOSED:
            return
        data = self._data_answers
        for sequence in answers:
            command = smpp.DELIVER_SM
            if data and sequence in data:
                data.discard(sequence)
                command = smpp.DATA_SM
            self._out.append(smpp.deliver_answer(command, status, sequence))

    def drain(self, now: float) -> None:
        """Submit nothing more; unbind and close when the window is empty, or after the response time."""
        if self.state is State.BOUND:
            self.state = State.DRAINING
            self._deadline = now + self._response_timeout
            if not self._open:
                self._unbind(now)
        elif self.state in (State.IDLE, State.BINDING):
            self._give_up("closed before the login")

    def _unbind(self, now: float) -> None:
        self.state = State.UNBINDING
        self._deadline = now + UNBIND_TIMEOUT
        self._reason = "unbound"
        self._unbind_sequence = self.reserve(1)
        self._out.append(smpp.bare(smpp.UNBIND, 0, self._unbind_sequence))

    def _leave(self, now: float) -> None:
        """The peer unbinds. The answers that it owes us get a moment: they say what else would be in doubt."""
        self.dismissed, self._reason = True, "the peer unbound"
        if self._open and self._profile is not None:
            self.state, self._deadline = State.UNBINDING, now + UNBIND_TIMEOUT
        else:
            self._give_up(self._reason)

    def _settled(self, now: float) -> None:
        """An answer came. If it is the last one that our leaving waits for, we leave."""
        if not self._open and self.state is State.DRAINING:
            self._unbind(now)
        elif not self._open and self.state is State.UNBINDING and self.dismissed:
            self._give_up(self._reason)

    # ----------------------------------------------------------------------------------------- the carrier's end

    def admit(self, answer: int, status: int = smpp.OK, system_id: str = "SMSC") -> None:
        """Answer a login. Any status but OK refuses it and closes."""
        response = self._bind_command | smpp.RESPONSE
        if status == smpp.OK:
            self.state, self._deadline = State.BOUND, None
            self._out.append(smpp.with_string(response, status, answer, system_id))
        else:
            self._out.append(smpp.bare(response, status, answer))
            self._give_up("login refused")

    def answer_submit(self, answer: int, status: int, message_id: str) -> None:
        """Answer a submit."""
        if status == smpp.OK:
            self._out.append(smpp.with_string(_SUBMIT_ANSWER, status, answer, message_id))
        else:
            self._out.append(smpp.bare(_SUBMIT_ANSWER, status, answer))

    def deliver(self, token: int, pdu: bytes, now: float) -> int:
        """Deliver a text or a receipt. Returns the sequence number."""
        sequence = self.reserve(1)
        self._open[sequence] = (token, now + self._response_timeout)
        self._out.append(smpp.renumbered(pdu, sequence))
        return sequence

    def send_raw(self, octets: bytes) -> None:
        """Send any octets: what carriers should not send, but do."""
        self._out.append(octets)

    # -------------------------------------------------------------------------------------------------- one PDU

    def _submit_answer(self, events: list[Event], pdu: bytes, status: int, sequence: int, now: float) -> None:
        if self._profile is None:
            return  # a carrier submits nothing
        found = self._open.pop(sequence, None) or self._late.pop(sequence, None)
        if found is None:
            return  # nobody asked, or it was answered before
        self._answered_at = now
        meaning = smpp.verdict(status)
        if meaning is Verdict.THROTTLED:
            self._pace.throttled(now)
        message_id = smpp.read_string(pdu) if status == smpp.OK else ""
        events.append(SubmitAnswered(sequence, found[0], meaning, status, message_id))
        self._settled(now)

    def _take(self, events: list[Event], pdu: bytes, command: int, status: int, sequence: int, now: float) -> None:
        """Any PDU but the answer to a submit."""
        if command in (smpp.DELIVER_SM, smpp.DATA_SM):
            self._delivery(events, pdu, command, sequence)
        elif command == smpp.SUBMIT_SM:
            self._submitted(events, pdu, sequence)
        elif command in (_DELIVER_ANSWER, _DATA_ANSWER):
            self._deliver_answer(events, status, sequence, now)
        elif command == smpp.ENQUIRE_LINK:
            self._out.append(smpp.bare(smpp.ENQUIRE_LINK | smpp.RESPONSE, 0, sequence))
        elif command == smpp.GENERIC_NACK:
            self._nack(events, status, sequence, now)
        elif command == smpp.UNBIND:
            self._out.append(smpp.bare(smpp.UNBIND | smpp.RESPONSE, 0, sequence))
            self._leave(now)
        elif command == smpp.UNBIND | smpp.RESPONSE:
            if self.state is State.UNBINDING:
                self._give_up("unbound")
        elif command & ~smpp.RESPONSE in smpp.BIND_MODES:
            self._bind(events, pdu, command, status, sequence)
        elif not command & smpp.RESPONSE:
            self._out.append(smpp.bare(smpp.GENERIC_NACK, smpp.INVALID_COMMAND, sequence))
            events.append(Unreadable(None, pdu, f"command 0x{command:08X} is not in SMPP 3.4"))

    def _delivery(self, events: list[Event], pdu: bytes, command: int, sequence: int) -> None:
        if self._profile is None or self.state in (State.IDLE, State.BINDING):
            self._out.append(smpp.bare(command | smpp.RESPONSE, smpp.INVALID_BIND_STATE, sequence))
            return
        if command == smpp.DATA_SM:
            self._data_answers.add(sequence)
        try:
            events.append(smpp.read_delivery(pdu, command, sequence))
        except smpp.Malformed as wrong:
            events.append(Unreadable(sequence, pdu, str(wrong)))

    def _submitted(self, events: list[Event], pdu: bytes, sequence: int) -> None:
        if self._profile is not None or self.state is not State.BOUND:
            self._out.append(smpp.bare(_SUBMIT_ANSWER, smpp.INVALID_BIND_STATE, sequence))
            return
        try:
            events.append(smpp.read_submit(pdu, sequence))
        except smpp.Malformed:
            self._out.append(smpp.bare(_SUBMIT_ANSWER, smpp.INVALID_LENGTH, sequence))

    def _deliver_answer(self, events: list[Event], status: int, sequence: int, now: float) -> None:
        if self._profile is not None:
            return  # a gateway delivers nothing: a submit of that number still waits for its own answer
        found = self._open.pop(sequence, None) or self._late.pop(sequence, None)
        if found is not None:
            self._answered_at = now
            events.append(DeliverAnswered(sequence, found[0], status))

    def _nack(self, events: list[Event], status: int, sequence: int, now: float) -> None:
        """The peer could not read a request of ours (4.3)."""
        if sequence == self._bind_sequence and self.state is State.BINDING:
            self._refused(events, status)
            return
        found = self._open.pop(sequence, None)
        if found is None:
            return
        self._answered_at = now
        if self._profile is not None:
            events.append(SubmitAnswered(sequence, found[0], Verdict.TEMPORARY, status, ""))
        else:
            events.append(DeliverAnswered(sequence, found[0], status or smpp.SYSTEM_ERROR))
        self._settled(now)

    def _bind(self, events: list[Event], pdu: bytes, command: int, status: int, sequence: int) -> None:
        if command & smpp.RESPONSE:
            if sequence == self._bind_sequence and self.state is State.BINDING:
                self._bind_answer(events, pdu, status)
        elif self._profile is not None or self.state is not State.BINDING:
            self._out.append(smpp.bare(command | smpp.RESPONSE, smpp.ALREADY_BOUND, sequence))
        else:
            self._bind_command = command
            try:
                body = smpp.read_bind(pdu)
            except smpp.Malformed:
                self.admit(sequence, smpp.INVALID_LENGTH)
                return
            events.append(BindRequested(sequence, body.account, body.password, smpp.BIND_MODES[command]))

    def _bind_answer(self, events: list[Event], pdu: bytes, status: int) -> None:
        if status != smpp.OK:
            self._refused(events, status)
            return
        self.state, self._deadline = State.BOUND, None
        events.append(Bound(smpp.read_string(pdu)))

    def _refused(self, events: list[Event], status: int) -> None:
        events.append(BindRefused(status, smpp.describe(status), status in smpp.CREDENTIALS))
        self._give_up("login refused")


_SUBMIT_ANSWER = smpp.SUBMIT_SM | smpp.RESPONSE
_DELIVER_ANSWER = smpp.DELIVER_SM | smpp.RESPONSE
_DATA_ANSWER = smpp.DATA_SM | smpp.RESPONSE
