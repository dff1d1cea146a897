"""A carrier that does one thing wrong: our session's other end on a port, with hooks where the fault goes in.

It runs in a thread of its own; its methods may be called from another. What is not acknowledged is delivered again
to the next connection, as carriers do.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from carriers import smpp
from carriers.events import BindRequested, Concatenation, DeliverAnswered, ReceiptState, SubmitReceived
from carriers.session import Session
from stage import ACCESS_NUMBER

STEP = 1 << 20


class FaultyCarrier:
    """`on_submit` decides what becomes of a submit; by default it is taken and reported as delivered."""

    def __init__(self) -> None:
        self.logins: list[float] = []  # monotonic seconds of every login asked for
        self.refuse_logins = 0  # command_status
        self.mute = False  # write nothing any more
        self.answer_after = 0.0
        self.on_submit: Callable[[Wire, SubmitReceived], None] = Wire.take
        self.submits: list[SubmitReceived] = []
        self.acknowledged: Counter[str] = Counter()  # of receipts and texts, by kind
        self.wires: list[Wire] = []
        self._outstanding: dict[int, tuple[str, bytes]] = {}
        self._serial = 0
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready: threading.Event) -> None:
        server = self._loop.run_until_complete(self._loop.create_server(lambda: Wire(self), "127.0.0.1", 0))
        self.port: int = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        for wire in list(self.wires):
            wire.transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def close(self) -> None:
        """Close the port and every connection."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    # ------------------------------------------------------------------------------------------------- what it is told

    @property
    def bound(self) -> bool:
        """Whether somebody is logged in."""
        return any(wire.admitted for wire in list(self.wires))

    def submitted(self, numbers: list[str]) -> Counter[str]:
        """How many submits each of these numbers got; what a gateway answers to texts is not asked for."""
        seen = Counter(submit.destination for submit in list(self.submits))
        return Counter({number: seen[number] for number in numbers if seen[number]})

    def text(self, sender: str, words: str, *, reference: int = 0, total: int = 1, number: int = 1) -> None:
        """A citizen's text, or one part of it, in UCS-2."""
        self.octets(sender, words.encode("utf-16-be"), reference=reference, total=total, number=number)

    def octets(self, sender: str, body: bytes, *, reference: int = 0, total: int = 1, number: int = 1) -> None:
        """The same, of any octets."""
        part = Concatenation(reference, total, number, 8) if total > 1 else None
        self.deliver("text", smpp.encode_delivery(sender, ACCESS_NUMBER, body, 8, concatenation=part))

    def deliver(self, kind: str, pdu: bytes) -> None:
        """Anything, until it is acknowledged."""
        self._loop.call_soon_threadsafe(self.deliver_now, kind, pdu)

    def raw(self, octets: bytes, patience: float = 5.0) -> int:
        """Octets as they are; returns how many were taken before the connection or the patience ended."""
        return asyncio.run_coroutine_threadsafe(self._pour(octets, patience), self._loop).result()

    def unbind(self) -> None:
        """Ask the gateway to leave."""
        self._loop.call_soon_threadsafe(lambda: [wire.unbind() for wire in list(self.wires)])

    # ---------------------------------------------------------------------------------------------- in its own thread

    def deliver_now(self, kind: str, pdu: bytes) -> None:
        """`deliver`, from the carrier's own thread."""
        self._serial += 1
        self._outstanding[self._serial] = (kind, pdu)
        for wire in self.wires:
            if wire.admitted:
                wire.deliver(self._serial, pdu)
                break

    def report(self, submit: SubmitReceived, message_id: str) -> None:
        """The receipt of a submit, in the carrier's own thread."""
        self.deliver_now(
            "receipt", smpp.encode_receipt(message_id, submit.destination, submit.source, ReceiptState.DELIVERED)
        )

    def later(self, seconds: float, what: Callable[..., Any], *arguments: Any) -> None:
        """Do something after a while."""
        self._loop.call_later(seconds, what, *arguments)

    def answered(self, token: int, status: int) -> None:
        """A delivery was answered: taken, or refused for good."""
        kind, _ = self._outstanding.pop(token, ("", b""))
        self.acknowledged[kind if status == smpp.OK else f"{kind} refused"] += 1

    def outstanding(self) -> list[tuple[int, bytes]]:
        """What has not been answered."""
        return [(token, pdu) for token, (_, pdu) in self._outstanding.items()]

    async def _pour(self, octets: bytes, patience: float) -> int:
        until, sent = time.monotonic() + patience, 0
        for wire in self.wires[:1]:
            for at in range(0, len(octets), STEP):
                wire.transport.write(octets[at : at + STEP])
                while wire.transport.get_write_buffer_size() > 0:
                    if wire not in self.wires or time.monotonic() > until:
                        return sent
                    await asyncio.sleep(0.001)
                sent += len(octets[at : at + STEP])
        return sent


class Wire(asyncio.Protocol):
    """One connection of a gateway."""

    def __init__(self, carrier: FaultyCarrier) -> None:
        self.carrier = carrier
        self.session = Session.carrier(smpp.Smpp(), window=100_000, response_timeout=600.0, keepalive=600.0)
        self.admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.session.connected(time.monotonic())
        self.carrier.wires.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.session.lost("gone")
        self.admitted = False
        if self in self.carrier.wires:
            self.carrier.wires.remove(self)

    def data_received(self, data: bytes) -> None:
        for event in self.session.receive(data, time.monotonic()):
            match event:
                case BindRequested():
                    self._admit(event)
                case SubmitReceived():
                    self.carrier.submits.append(event)
                    self.carrier.on_submit(self, event)
                case DeliverAnswered():
                    self.carrier.answered(event.token, event.status)
        self.flush()

    def _admit(self, event: BindRequested) -> None:
        carrier = self.carrier
        carrier.logins.append(time.monotonic())
        self.session.admit(event.answer, carrier.refuse_logins, "FAULTY")
        if not carrier.refuse_logins:
            self.admitted = True
            self.flush()
            for token, pdu in carrier.outstanding():
                self.deliver(token, pdu)

    def take(self, submit: SubmitReceived, message_id: str = "", status: int = smpp.OK) -> None:
        """Answer a submit; where it is taken, its receipt follows."""
        message_id = message_id or f"{len(self.carrier.submits):08X}"
        if self.carrier.answer_after:
            self.carrier.later(self.carrier.answer_after, self._answer, submit, message_id, status)
        else:
            self._answer(submit, message_id, status)

    def _answer(self, submit: SubmitReceived, message_id: str, status: int) -> None:
        self.session.answer_submit(submit.answer, status, message_id)
        self.flush()
        if status == smpp.OK:
            self.carrier.later(0.2, self.carrier.report, submit, message_id)

    def deliver(self, token: int, pdu: bytes) -> None:
        """A text or a receipt."""
        self.session.deliver(token, pdu, time.monotonic())
        self.flush()

    def unbind(self) -> None:
        """Ask the gateway to leave."""
        self.session.drain(time.monotonic())
        self.flush()

    def flush(self) -> None:
        """Write, unless it is to be mute."""
        data = self.session.data_to_send()
        if data and not self.carrier.mute:
            self.transport.write(data)
        if self.session.wants_close:
            self.transport.close()
