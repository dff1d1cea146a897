"""A simulated carrier on a port: the network around a `Brain`, and its log.

Receipts and texts are delivered until the gateway acknowledges them, across connections. With SGIP the carrier calls
the gateway for that, if the script says so. The log holds numbers in clear: the people of a simulation are invented.
"""

import heapq
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import IO, Any

from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from carriers import dialects, smpp
from carriers.dialect import Totals
from carriers.events import (
    BindRefused,
    BindRequested,
    Bound,
    Closed,
    Concatenation,
    DeliverAnswered,
    DeliverUnanswered,
    Event,
    Handle,
    ReceiptState,
    SubmitReceived,
)
from carriers.pdu import CHINA
from carriers.sending import send
from carriers.session import Session, State
from carriers.simulator.behaviour import OK, Behaviour, Brain, Due, Reaction, token_of
from carriers.simulator.ledger import Ledger
from carriers.text import UCS2, split

GRAIN = 0.01  # seconds: what is due within it goes together
CHINA_AHEAD = 8 * 3600  # seconds: its days begin so much earlier than UTC's
CALL_AGAIN = 1.0  # seconds after a call has ended, or found nobody


class Carrier:
    """One simulated carrier."""

    def __init__(self, behaviour: Behaviour, reactor: Any, log: IO[str] | None = None) -> None:
        self.behaviour = behaviour
        self.brain = Brain(behaviour)
        self.port = 0
        self._reactor = reactor
        self._log = log
        self.notes = log is not None  # whether anybody wants to know
        self._listening: Any = None
        self._wires: list[_Wire] = []
        self._waiting: list[int] = []  # tokens of deliveries that want a connection, oldest first
        self._deliveries: dict[int, bytes] = {}  # token -> PDU, until acknowledged
        self._kinds: dict[int, str] = {}  # token -> "text" or "receipt"
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self._timer: Any = None
        self._reference = 0
        self._dialect = dialects.carrier(behaviour.protocol, self.moment())  # of what waits for a connection
        self._ledger = Ledger(self._today)
        self._day, self._day_written = -1, ""  # the last one that was asked for
        self.phone: Callable[[SubmitReceived, Reaction], None] | None = None
        """Told of every text that is taken, and what becomes of it: who watches the phones."""
        self.stalled = False
        self.refuse_binds = behaviour.refuse_binds
        self.submits: Counter[str] = Counter()  # every submit seen, by token
        self.accepted: Counter[str] = Counter()  # those answered positively, or cut off before the answer
        self.tally: Counter[str] = Counter()
        self._since_cut = 0
        self._calling = False  # a call stands, is being made, or has ended just now
        self._chance = Random(behaviour.seed)  # noqa: S311 - which connection a delivery takes
        self._began = datetime.fromtimestamp(0, CHINA)  # of the last connection

    # ----------------------------------------------------------------------------------------------------- running

    def listen(self) -> int:
        """Open the port, on loopback. Returns its number."""
        self._listening = self._reactor.listenTCP(self.behaviour.port, Wires(self), interface="127.0.0.1")
        self.port = self._listening.getHost().port
        return self.port

    def stop(self) -> Any:
        """Close the port and every connection."""
        self._calling = True  # no more
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self.cut()
        return self._listening.stopListening() if self._listening is not None else None

    def note(self, what: str, **details: Any) -> None:
        """A line in the log."""
        if self._log is not None:
            line = {"at": round(self._reactor.seconds(), 4), "carrier": self.behaviour.name, "what": what, **details}
            self._log.write(json.dumps(line, ensure_ascii=False) + "\n")

    # ------------------------------------------------------------------------------------------- what one may tell it

    def text(
        self,
        source: str,
        words: str,
        *,
        extension: str = "",
        destination: str = "",
        coding: int | None = None,
        width: int = 8,
        sar: bool = False,
        payload: bool = False,
        order: list[int] | None = None,
        missing: list[int] | None = None,
        twice: bool = False,
    ) -> int:
        """A citizen texts us. Returns how many deliveries that makes.

        `coding` 8 UCS-2 (as phones send), 15 GBK, 0 GSM; long texts become parts, in `order` (1 is the first),
        without the `missing` ones; `twice` delivers everything again.
        """
        bodies, coding = _bodies(words, coding, payload)
        self._reference = self._reference % 250 + 1
        numbers = [n for n in order or range(1, len(bodies) + 1) if n not in (missing or ())]
        pdus = []
        for number in numbers:
            concatenation = Concatenation(self._reference, len(bodies), number, width) if len(bodies) > 1 else None
            to, body = destination or self.behaviour.access_number + extension, bodies[number - 1]
            if self.behaviour.protocol == "smpp":
                pdu = smpp.encode_delivery(
                    source, to, body, coding, concatenation=concatenation, sar=sar, payload=payload
                )
            else:
                pdu = self._dialect.text(source, to, body, coding, concatenation)
            pdus.append(pdu)
        for pdu in pdus * (2 if twice else 1):
            self._deliver("text", pdu)
        self._push()
        return len(pdus) * (2 if twice else 1)

    def cut(self) -> None:
        """Close every connection at once, without a word."""
        for wire in list(self._wires):
            wire.abort()

    def unbind(self) -> None:
        """Ask every gateway to leave, as carriers do before maintenance."""
        for wire in self._wires:
            wire.session.drain(self._reactor.seconds())
            wire.flush()

    def raw(self, octets: bytes) -> None:
        """Send octets as they are to every connection."""
        for wire in self._wires:
            wire.session.send_raw(octets)
            wire.flush()

    def stall(self, stalled: bool) -> None:
        """Read, and answer nothing at all; or go on, answering what came meanwhile."""
        self.stalled = stalled
        if not stalled:
            for wire in list(self._wires):
                wire.resume()
            self._push()

    @property
    def busy(self) -> bool:
        """True while something is to be delivered to the gateway, now or soon."""
        return bool(self._deliveries or self._due)

    def counts(self) -> dict[str, Any]:
        """What this carrier saw: enough to tell lost and doubled submits without anybody's help."""
        kinds = Counter(self._kinds[token] for token in self._deliveries)
        return {
            "submits": self.submits.total(),
            "distinct": len(self.submits),
            "accepted": self.accepted.total(),
            "accepted_distinct": len(self.accepted),
            "doubled": self.accepted.total() - len(self.accepted),
            "connections": self.tally["connections"],
            "calls": self.tally["calls"],
            "refused": {key[8:]: count for key, count in self.tally.items() if key.startswith("refused ")},
            "receipts": self.tally["receipt"],
            "receipts_acknowledged": self.tally["receipt acknowledged"],
            "receipts_outstanding": kinds["receipt"],
            "texts": self.tally["text"],
            "texts_acknowledged": self.tally["text acknowledged"],
            "texts_outstanding": kinds["text"],
            "delivered_phones": self.tally["delivered"],
            "bound": sum(wire.session.state is State.BOUND for wire in self._wires),
        }

    # ------------------------------------------------------------------------------ what it knows (`dialect.Ledger`)

    def totals(self, day: str, service: str) -> Totals:
        """What happened on a day."""
        return self._ledger.totals(day, service)

    def cancel(self, message_id: str) -> bool:
        """Take a text back that is still under way. Its receipt says so."""
        entry = self._ledger.withdraw(message_id)
        if entry is not None and entry.receipt_wanted:
            at = f"{self.moment():%y%m%d%H%M}"
            self._deliver(
                "receipt",
                self._dialect.receipt(message_id, entry.number, entry.source, ReceiptState.DELETED, "", at),
            )
        return entry is not None

    def moment(self) -> datetime:
        """Now, by the carrier's clock."""
        return datetime.fromtimestamp(self._reactor.seconds(), CHINA)

    def _today(self) -> str:
        day = int(self._reactor.seconds() + CHINA_AHEAD) // 86_400
        if day != self._day:
            self._day, self._day_written = day, f"{self.moment():%Y%m%d}"
        return self._day_written

    # -------------------------------------------------------------------------------------------------- what happens

    def events(self, wire: "_Wire", events: list[Event]) -> None:
        """What a connection brought."""
        now = self._reactor.seconds()
        for event in events:
            match event:
                case SubmitReceived():
                    self._submitted(wire, event, now)
                case DeliverAnswered():
                    self._acknowledged(event)
                case DeliverUnanswered():
                    self._again(event.token)
                case BindRequested():
                    self._admit(wire, event)
                case Bound():
                    self.tally["calls"] += 1
                case BindRefused():
                    self.note("call refused", status=event.status)
                case Closed():
                    pass
        self._push()

    def _admit(self, wire: "_Wire", event: BindRequested) -> None:
        known = self.behaviour.accounts
        status = self.refuse_binds
        password = known.get(event.account, "")
        if not status and known and not (event.account in known and wire.session.dialect.proves(event, password)):
            status = wire.session.dialect.wrong_login
        self.note("bind", account=event.account, mode=event.mode, status=status)
        self.tally["connections"] += not status
        wire.session.admit(event.answer, status, self.behaviour.name, password)

    def _submitted(self, wire: "_Wire", submit: SubmitReceived, now: float) -> None:
        token = token_of(submit)
        self.submits[token] += 1
        reaction = self.brain.react(submit, now)
        if reaction.status == OK:
            self.accepted[token] += 1
            self.tally["delivered"] += 1
            self._ledger.took(reaction.message_id or token, submit, None if reaction.receipts else reaction.fate)
            if self.phone is not None:
                self.phone(submit, reaction)
        else:
            self.tally[f"refused 0x{reaction.status:02X}"] += 1
        if self.notes:
            self._note_submit(wire, submit, token, reaction)
        self._react(wire, submit.answer, reaction, reaction.message_id or token, now)
        self._since_cut += 1
        if reaction.cut or (self.behaviour.cut_after and self._since_cut >= self.behaviour.cut_after):
            self._since_cut = 0
            wire.flush()
            wire.abort()

    def _note_submit(self, wire: "_Wire", submit: SubmitReceived, token: str, reaction: Reaction) -> None:
        self.note(
            "submit",
            token=token,
            nth=self.submits[token],
            to=submit.destination,
            source=submit.source,
            status=reaction.status,
            id=reaction.message_id,
            part=submit.concatenation.number if submit.concatenation else 0,
            reference=submit.reference,
            sequence=wire.session.dialect.header.unpack_from(submit.raw)[-1],
            fate=reaction.fate,
            error=reaction.error,
            reported=bool(reaction.receipts),
        )

    def _react(self, wire: "_Wire", answer: Handle, reaction: Reaction, key: str, now: float) -> None:
        receipts = list(reaction.receipts)
        if reaction.early:
            self._report(key, receipts.pop(0))
            self._push()
        if reaction.answer_after:
            self._at(now + reaction.answer_after, lambda: self._late_answer(wire, answer, reaction))
        elif not reaction.cut:
            wire.session.answer_submit(answer, reaction.status, reaction.message_id)
        for due in receipts:
            self._at(now + reaction.answer_after + due.after, partial(self._report, key, due))

    def _report(self, key: str, due: Due) -> None:
        """A receipt is due, unless its text was taken back."""
        if self._ledger.reports(key, due.state):
            self._deliver("receipt", due.pdu)

    def _late_answer(self, wire: "_Wire", answer: Handle, reaction: Reaction) -> None:
        if wire in self._wires:
            wire.session.answer_submit(answer, reaction.status, reaction.message_id)
            wire.flush()

    # ------------------------------------------------------------------------------------------------------ delivering

    def _deliver(self, kind: str, pdu: bytes) -> None:
        self._serial += 1
        self._deliveries[self._serial] = pdu
        self._kinds[self._serial] = kind
        self._waiting.append(self._serial)
        self.tally[kind] += 1
        if kind == "text":
            self._ledger.text(self._serial, taken=False)

    def _push(self) -> None:
        """Deliver what waits, as far as the windows go."""
        if self.stalled or not self._waiting:
            return
        if self.behaviour.return_path != "same" and not self._calling:
            self._call()
        wires = self._ways()
        seats = [wire for wire in wires for _ in range(self.behaviour.window - wire.session.unanswered)]
        if len(wires) > 1:
            self._chance.shuffle(seats)
        going, self._waiting = self._waiting[: len(seats)], self._waiting[len(seats) :]
        for token, wire in zip(going, seats, strict=False):
            if token in self._deliveries:
                wire.session.deliver(token, self._deliveries[token], self._reactor.seconds())
                wire.delivering.add(token)
        for wire in wires:
            wire.flush()

    def _ways(self) -> list["_Wire"]:
        """The connections that deliveries go over: the newest, as the older ones may be dead, or all there are."""
        path = self.behaviour.return_path
        bound = [wire for wire in self._wires if wire.session.state is State.BOUND]
        return bound if path == "both" else [wire for wire in bound if wire.calls is (path == "call")][-1:]

    def _call(self) -> None:
        """Call the gateway, once at a time."""
        self._calling = True
        self._reactor.connectTCP(self.behaviour.call_host, self.behaviour.call_port, _Calls(self))

    def call_ended(self) -> None:
        """It is over, or nobody took it. The next one is made when it is wanted, but not at once."""
        self._at(self._reactor.seconds() + CALL_AGAIN, self._may_call)

    def _may_call(self) -> None:
        self._calling = False
        self._push()

    def _acknowledged(self, event: DeliverAnswered) -> None:
        for wire in self._wires:
            wire.delivering.discard(event.token)
        if event.status != OK:
            self.note("delivery refused", delivery=event.token, status=event.status)
            self._at(self._reactor.seconds() + self.behaviour.redeliver_after, lambda: self._again(event.token))
        elif self._deliveries.pop(event.token, None) is not None:
            kind = self._kinds.pop(event.token)
            self.tally[f"{kind} acknowledged"] += 1
            if kind == "text":
                self._ledger.text(event.token, taken=True)

    def _again(self, token: int) -> None:
        if token in self._deliveries and token not in self._waiting:
            self.tally["redelivered"] += 1
            self._waiting.append(token)
            self._push()

    def connected(self, wire: "_Wire") -> None:
        """A gateway has connected."""
        self._wires.append(wire)

    def lost(self, wire: "_Wire") -> None:
        """It is gone: what it had not acknowledged is delivered to the next one, first of all."""
        if wire in self._wires:
            self._wires.remove(wire)
        self._waiting = sorted(wire.delivering & self._deliveries.keys()) + self._waiting
        self.note("connection lost")
        if wire.calls:
            self.call_ended()
        self._push()

    def beginning(self) -> datetime:
        """When a connection begins: a second after the one before, at least, because SGIP's numbers begin with it."""
        self._began = max(self.moment(), self._began + timedelta(seconds=1))
        return self._began

    # ------------------------------------------------------------------------------------------------------------ time

    def _at(self, when: float, what: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._due, (when, self._serial, what))
        self._arm()

    def _arm(self) -> None:
        if self._due and (self._timer is None or not self._timer.active()):
            wait = max(GRAIN, self._due[0][0] - self._reactor.seconds())
            self._timer = self._reactor.callLater(wait, self._fire)

    def _fire(self) -> None:
        now = self._reactor.seconds()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
        self._push()
        self._arm()


def _bodies(words: str, coding: int | None, payload: bool) -> tuple[list[bytes], int]:
    if payload:
        return [words.encode("utf-16-be")], UCS2
    if coding == 15:
        octets = words.encode("gb18030")
        return [octets[at : at + 134] for at in range(0, len(octets), 134)] or [b""], 15
    if coding == 0:
        text = split(words)
        return list(text.bodies), text.coding
    octets = words.encode("utf-16-be")
    step = 140 if len(octets) <= 140 else 134
    return [octets[at : at + step] for at in range(0, len(octets), step)] or [b""], UCS2


class _Wire(Protocol):
    """One connection with a gateway. `calls`: it was the carrier who called."""

    def __init__(self, carrier: Carrier, calls: bool) -> None:
        self._carrier = carrier
        self.calls = calls
        is_ = carrier.behaviour
        self.session = Session.carrier(
            dialects.carrier(is_.protocol, carrier.beginning(), is_.call_account, is_.call_password, carrier),
            calls=calls,
            rests=is_.idle > 0,
            window=is_.window,
            response_timeout=is_.redeliver_after,
            keepalive=is_.idle or 60.0,
        )
        self.delivering: set[int] = set()
        self._held: list[bytes] = []
        self._timer: Any = None

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        self.session.connected(self._carrier._reactor.seconds())
        self._carrier.connected(self)
        self.flush()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        if self._carrier.stalled:
            self._held.append(data)
            return
        self._carrier.events(self, self.session.receive(data, self._carrier._reactor.seconds()))
        self.flush()

    def resume(self) -> None:
        """Read what came while we stalled."""
        held, self._held = self._held, []
        for data in held:
            self.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self.session.lost(reason.getErrorMessage())
        self._carrier.lost(self)

    def flush(self) -> None:
        """Write what is to be sent, and set the session's timer."""
        transport: Any = self.transport
        data = self.session.data_to_send()
        if data and not self._carrier.stalled:
            send(transport, data)
        if self.session.wants_close:
            transport.loseConnection()
            return
        due = self.session.next_tick()
        if self._timer is not None and self._timer.active():
            if due is not None and abs(self._timer.getTime() - due) < 0.5:
                return
            self._timer.cancel()
        if due is not None:
            reactor = self._carrier._reactor
            self._timer = reactor.callLater(max(0.01, due - reactor.seconds()), self._tick)

    def _tick(self) -> None:
        self._carrier.events(self, self.session.tick(self._carrier._reactor.seconds()))
        self.flush()

    def abort(self) -> None:
        """Gone, without a word."""
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


class Wires(Factory):
    """The carrier's door: what answers a connection."""

    noisy = False

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def buildProtocol(self, addr: Any) -> _Wire:  # noqa: N802 - Twisted's name
        """One connection."""
        return _Wire(self._carrier, calls=False)


class _Calls(ClientFactory):
    noisy = False

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def buildProtocol(self, addr: Any) -> _Wire:  # noqa: N802 - Twisted's name
        return _Wire(self._carrier, calls=True)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        self._carrier.note("nobody takes the call", reason=reason.getErrorMessage())
        self._carrier.call_ended()
