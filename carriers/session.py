"""One session with a carrier, either end of it: bytes and time in, events and bytes out.

It owns what all carriers' protocols share: frames, login, window, sequence numbers, response timers,
keep-alive, pace, draining, closing. What differs is its dialect's. No socket, no clock, no thread: `now` is
monotonic seconds.

Whose end it is and who logs in are two things: with SGIP the carrier calls us, too, to deliver.

The caller's part of the contract:
- every socket read goes to `receive`, and when `next_tick` is due, `tick` is called;
- after each call, `data_to_send` is written; when `wants_close` is set, the connection is closed after that;
- when the connection is gone, for whatever reason, `lost` is called once;
- what `InboundText`, `DeliveryReceipt` and `Unreadable` ask to be answered is answered by `accept` once it is
  committed, or by `refuse`.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from carriers.dialect import Command, Dialect
from carriers.events import (
    BindRefused,
    Bound,
    Closed,
    DeliverAnswered,
    DeliverUnanswered,
    Event,
    Handle,
    SubmitAnswered,
    SubmitUnanswered,
    Unreadable,
    Verdict,
)
from carriers.pace import Pace
from carriers.pdu import Malformed
from carriers.profile import CarrierProfile

UNBIND_TIMEOUT = 5.0
ANSWER_BIT = 0x80  # of the first octet of a command: every protocol marks its answers so
LATE_ANSWERS = 600.0  # an answer that comes so late still settles its submit
FRAME_TIMEOUT = 30.0  # for a PDU to come to its end, where no sign of life would show that nothing is heard any more
CALL_IDLE = 600.0  # who called us and has had nothing to say for so long is asked to leave: calls are numbered

_SUBMIT_ANSWER, _DELIVER, _ACCEPTED = Command.SUBMIT_ANSWER, Command.DELIVER, Verdict.ACCEPTED
_SUBMIT, _DELIVER_ANSWER = Command.SUBMIT, Command.DELIVER_ANSWER  # at the carrier's end
"""By a name of their own where every message comes by: Python 3.11 takes 0.3 us to find a member of an Enum."""


class State(StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    BINDING = "binding"
    BOUND = "bound"
    DRAINING = "draining"
    UNBINDING = "unbinding"
    CLOSED = "closed"


_STRANGERS = (State.IDLE, State.BINDING)  # nothing may come before the login


class Session:
    """See the module. Make one per connection, with `gateway` or `carrier`."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        gateway: bool,
        calls: bool,
        rests: bool,
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
        self.rests = rests  # it leaves when there is nothing to say; who has something to say calls again
        self.rested = False  # it did so
        self.hung_up = False  # the peer was first to leave, while there was nothing to say
        self.submitted = 0  # how many submits were sent
        self.dialect = dialect
        self._gateway = gateway  # our end; False at the carrier's
        self._calls = calls  # this end logs in
        self._window = window
        self._pace = pace
        self._response_timeout = response_timeout
        self._keepalive, self._keepalive_timeout = keepalive, keepalive_timeout
        self._bind_timeout = bind_timeout
        self._rest = b""  # the beginning of a frame whose end has not come
        self._rest_since = 0.0
        self._out: list[bytes] = []
        self._open: dict[int, tuple[int, float]] = {}  # our requests, oldest first: sequence -> (token, deadline)
        self._late: dict[int, tuple[int, float]] = {}  # unanswered in time: sequence -> (token, until)
        self._next_sequence = 1
        self._wrapped = False  # the numbers have started again: some may still be in use
        self._bind_sequence: int | None = None
        self._deadline: float | None = None  # of binding, draining or unbinding
        self._alive_at = 0.0  # when the peer last sent anything
        self._spoke_at = 0.0  # when either end last sent anything
        self._answered_at = float("-inf")  # when it last answered a request of ours
        self._probes = 0  # signs of life that were asked for since it last sent anything
        self._probed_at = 0.0
        self._reason = ""

    @classmethod
    def gateway(cls, profile: CarrierProfile, dialect: Dialect, *, calls: bool = True) -> "Session":
        """Our end (ESME, SP). Whether a line that we called may rest is the caller's to say: see `rests`."""
        return cls(
            dialect,
            gateway=True,
            calls=calls,
            rests=not calls,
            window=profile.window,
            pace=Pace(profile.rate, profile.flow_control),
            response_timeout=profile.response_timeout,
            keepalive=profile.keepalive if calls else CALL_IDLE,
            keepalive_timeout=profile.keepalive_timeout,
            bind_timeout=profile.bind_timeout,
        )

    @classmethod
    def carrier(
        cls,
        dialect: Dialect,
        *,
        calls: bool = False,
        rests: bool = False,
        window: int = 100,
        response_timeout: float = 30.0,
        keepalive: float = 60.0,
    ) -> "Session":
        """The carrier's end (SMSC, ISMG, SMG)."""
        return cls(
            dialect,
            gateway=False,
            calls=calls,
            rests=rests,
            window=window,
            pace=Pace(0),
            response_timeout=response_timeout,
            keepalive=keepalive,
            keepalive_timeout=15.0,
            bind_timeout=30.0,
        )

    # ------------------------------------------------------------------------------------------------ connection

    def connected(self, now: float) -> None:
        """The connection stands. The end that called logs in, the other waits for that."""
        self._alive_at = self._spoke_at = now
        self._deadline = now + self._bind_timeout
        self.state = State.BINDING
        if self._calls:
            self._bind_sequence = self.reserve(1)
            self._out.append(self.dialect.login(self._bind_sequence))

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Everything that one socket read brings."""
        events: list[Event] = []
        if self._closed:
            return events
        if self._rest:
            data, self._rest = self._rest + data, b""
        else:
            self._rest_since = now
        at, end = 0, len(data)
        dialect = self.dialect
        unpack, shortest, longest, commands = (
            dialect.header.unpack_from,
            dialect.header.size,
            dialect.longest,
            dialect.commands,
        )
        while end - at >= shortest:
            header = unpack(data, at)
            length = header[0]
            if not shortest <= length <= longest:
                self._break_off(f"frame of {length} octets")
                break
            if end - at < length:
                break
            pdu = data[at : at + length]
            at += length
            command = commands.get(header[1])
            if command is _SUBMIT_ANSWER:
                self._submit_answer(events, pdu, header[-1], now)
            elif command is _DELIVER:
                self._delivery(events, pdu)
            elif command is _SUBMIT:
                self._submitted(events, pdu)
            elif command is _DELIVER_ANSWER:
                self._deliver_answer(events, pdu, header[-1], now)
            else:
                self._take(events, pdu, command, header[-1], now)
            if self.wants_close:
                break
        if at:
            self._alive_at = self._spoke_at = self._rest_since = now
            self._probes = 0
        self._rest = b"" if self._closed else data[at:]
        return events

    def lost(self, reason: str) -> list[Event]:
        """The connection is gone."""
        self.hung_up = self.hung_up or self._quiet
        self.state = State.CLOSED
        self._rest = b""
        unanswered = tuple((sequence, token) for sequence, (token, _) in self._open.items())
        self._open.clear()
        return [Closed(self._reason or reason, unanswered, self.rested or self.hung_up)]

    def data_to_send(self) -> bytes:
        """What to write now."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    @property
    def unfinished(self) -> bytes:
        """What has come of a frame whose end is still missing."""
        return self._rest

    @property
    def _closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def _quiet(self) -> bool:
        """Whether an end of the line now is no trouble: its protocol knows that, and nobody was saying anything."""
        return self.state is State.BOUND and not self.dialect.probes and not self._open and not self._rest

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
            if self.dialect.probes:
                self._probe(now)
            elif self._rest and now >= self._rest_since + FRAME_TIMEOUT:
                self._break_off("a frame that does not end")
            elif self.rests and self._quiet and now >= self._spoke_at + self._keepalive:
                self.rested = True
                self._unbind(now)
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
        if self.state is State.BOUND and self.dialect.probes:
            since = self._probed_at + self._keepalive_timeout if self._probes else self._alive_at + self._keepalive
            due.append(since)
        elif self.state is State.BOUND and self._rest:
            due.append(self._rest_since + FRAME_TIMEOUT)
        elif self.rests and self._quiet:
            due.append(self._spoke_at + self._keepalive)
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
            kind = SubmitUnanswered if self._gateway else DeliverUnanswered
            events.append(kind(sequence, token))
        if overdue and self._answered_at < now - self._response_timeout and self._gateway:
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
        self._out.append(self.dialect.probe(self.reserve(1)))

    def _give_up(self, reason: str) -> None:
        self._reason = self._reason or reason
        self.state = State.CLOSED
        self.wants_close = True

    def _break_off(self, reason: str) -> None:
        """What comes is no PDU: say so and close, because nothing behind it can be found."""
        self._out.append(self.dialect.broken())
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

    def pace(self, now: float) -> float:
        """Submits per second that are allowed at this moment; 0.0 when there is no limit of ours."""
        return self._pace.current(now)

    def reserve(self, count: int) -> int:
        """The first of `count` consecutive sequence numbers, none of which is in use."""
        if self._next_sequence + count - 1 > self.dialect.last_sequence:
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
        self._spoke_at = now
        self.submitted += len(submits)
        self._pace.spend(len(submits), now)

    def accept(self, answers: Iterable[Handle]) -> None:
        """Acknowledge what was delivered to us: it is committed."""
        self._answer(answers, True)

    def refuse(self, answers: Iterable[Handle]) -> None:
        """Ask for what was delivered to be delivered again: it could not be committed."""
        self._answer(answers, False)

    def _answer(self, answers: Iterable[Handle], taken: bool) -> None:
        if self.state is State.CLOSED:
            return
        written = self.dialect.delivery_answer
        self._out += [written(handle, taken) for handle in answers]

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
        self._out.append(self.dialect.leave(self.reserve(1)))

    def _leave(self, now: float) -> None:
        """The peer unbinds. The answers that it owes us get a moment: they say what else would be in doubt."""
        self.dismissed, self.hung_up, self._reason = True, self._quiet, "the peer unbound"
        if self._open and self._gateway:
            self.state, self._deadline = State.UNBINDING, now + UNBIND_TIMEOUT
        else:
            self._give_up(self._reason)

    def _settled(self, now: float) -> None:
        """The last open answer came. If our leaving waits for it, we leave."""
        if self.state is State.DRAINING:
            self._unbind(now)
        elif self.state is State.UNBINDING and self.dismissed:
            self._give_up(self._reason)

    # ------------------------------------------------------------------------------------- the end that is called

    def admit(self, answer: Handle, status: int = 0, name: str = "SMSC", password: str = "") -> None:
        """Answer a login. Any status but 0 refuses it and closes."""
        self._out.append(self.dialect.admission(answer, status, name, password))
        if status == 0:
            self.state, self._deadline = State.BOUND, None
        else:
            self._give_up("login refused")

    # ----------------------------------------------------------------------------------------- the carrier's end

    def answer_submit(self, answer: Handle, status: int, message_id: str) -> None:
        """Answer a submit."""
        self._out.append(self.dialect.submit_answer(answer, status, message_id))

    def deliver(self, token: int, pdu: bytes, now: float) -> int:
        """Deliver a text or a receipt. Returns the sequence number."""
        sequence = self.reserve(1)
        self._open[sequence] = (token, now + self._response_timeout)
        self._out.append(self.dialect.renumbered(pdu, sequence))
        self._spoke_at = now
        return sequence

    def send_raw(self, octets: bytes) -> None:
        """Send any octets: what carriers should not send, but do."""
        self._out.append(octets)

    # -------------------------------------------------------------------------------------------------- one PDU

    def _submit_answer(self, events: list[Event], pdu: bytes, sequence: int, now: float) -> None:
        if not self._gateway:
            return  # a carrier submits nothing
        found = self._open.pop(sequence, None) or self._late.pop(sequence, None)
        if found is None:
            return  # nobody asked, or it was answered before
        self._answered_at = now
        status, message_id = self.dialect.read_submit_answer(pdu)
        if status == 0:  # success in every protocol, see `Results`
            events.append(SubmitAnswered(sequence, found[0], _ACCEPTED, status, message_id))
        else:
            meaning = self.dialect.results.verdict(status)
            if meaning is Verdict.THROTTLED:
                self._pace.throttled(now)
            events.append(
                SubmitAnswered(sequence, found[0], meaning, status, message_id, self.dialect.describe(status))
            )
        if not self._open:
            self._settled(now)

    def _delivery(self, events: list[Event], pdu: bytes) -> None:
        dialect = self.dialect
        if not self._gateway or self.state in _STRANGERS:
            self._out.append(dialect.refusal(pdu, Command.DELIVER))
            return
        try:
            events.append(dialect.read_delivery(pdu))
        except Malformed as wrong:
            events.append(Unreadable(dialect.owed(pdu), pdu, str(wrong)))

    def _take(self, events: list[Event], pdu: bytes, command: Command | None, sequence: int, now: float) -> None:
        """Any PDU but submits, deliveries and their answers."""
        match command:
            case Command.PROBE:
                self._out.append(self.dialect.probe_answer(pdu))
            case Command.REJECTION:
                self._rejected(events, pdu, sequence, now)
            case Command.LEAVE:
                self._out.append(self.dialect.leave_answer(pdu))
                self._leave(now)
            case Command.LEAVE_ANSWER:
                if self.state is State.UNBINDING:
                    self._give_up("unbound")
            case Command.LOGIN:
                self._login(events, pdu)
            case Command.LOGIN_ANSWER:
                if sequence == self._bind_sequence and self.state is State.BINDING:
                    self._login_answer(events, pdu)
            case Command.ASK:
                known = not self._gateway and self.state is State.BOUND
                said = self.dialect.answer_question(pdu) if known else self.dialect.refusal(pdu, command)
                self._out.append(said)
            case None if not pdu[4] & ANSWER_BIT:
                self._out.append(self.dialect.unknown(pdu))
                events.append(Unreadable(None, pdu, f"command 0x{pdu[4:8].hex()} is not in {self.dialect.protocol}"))

    def _submitted(self, events: list[Event], pdu: bytes) -> None:
        if self._gateway or self.state is not State.BOUND:
            self._out.append(self.dialect.refusal(pdu, Command.SUBMIT))
            return
        try:
            events.append(self.dialect.read_submit(pdu))
        except Malformed:
            self._out.append(self.dialect.refusal(pdu, Command.SUBMIT, unread=True))

    def _deliver_answer(self, events: list[Event], pdu: bytes, sequence: int, now: float) -> None:
        if self._gateway:
            return  # a gateway delivers nothing: a submit of that number still waits for its own answer
        found = self._open.pop(sequence, None) or self._late.pop(sequence, None)
        if found is not None:
            self._answered_at = now
            events.append(DeliverAnswered(sequence, found[0], self.dialect.read_delivery_answer(pdu)))

    def _rejected(self, events: list[Event], pdu: bytes, sequence: int, now: float) -> None:
        """The peer could not read a request of ours."""
        status = self.dialect.read_rejection(pdu)
        if sequence == self._bind_sequence and self.state is State.BINDING:
            self._refused(events, status)
            return
        found = self._open.pop(sequence, None)
        if found is None:
            return
        self._answered_at = now
        if self._gateway:
            reason = self.dialect.describe(status)
            events.append(SubmitAnswered(sequence, found[0], Verdict.TEMPORARY, status, "", reason))
        else:
            events.append(DeliverAnswered(sequence, found[0], status))
        if not self._open:
            self._settled(now)

    def _login(self, events: list[Event], pdu: bytes) -> None:
        if self._calls or self.state is not State.BINDING:
            self._out.append(self.dialect.refusal(pdu, Command.LOGIN))
            return
        try:
            events.append(self.dialect.read_login(pdu))
        except Malformed as wrong:
            self._out.append(self.dialect.refusal(pdu, Command.LOGIN, unread=True))
            self._give_up(f"login unreadable: {wrong}")

    def _login_answer(self, events: list[Event], pdu: bytes) -> None:
        try:
            status, peer, doubt, reason = self.dialect.read_login_answer(pdu)
        except Malformed as wrong:
            self._give_up(f"answer to the login unreadable: {wrong}")
            return
        if status != 0:
            self._refused(events, status, reason)
            return
        self.state, self._deadline = State.BOUND, None
        events.append(Bound(peer, doubt))

    def _refused(self, events: list[Event], status: int, reason: str = "") -> None:
        dialect = self.dialect
        refused = BindRefused(
            status, reason or dialect.describe(status), dialect.credentials(status), dialect.login_pause(status)
        )
        events.append(refused)
        self._give_up("login refused")
