"""Tries one carrier's line once, step by step, as the daemon would: name, connection, TLS, login, a text, logout.

It speaks through a link of its own. Nothing that the carrier delivers meanwhile is stored, so it is asked to deliver
it again; only receipts of the text that was sent here are taken. Every step ends within its time.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from twisted.internet import defer
from twisted.python.failure import Failure

from carriers import dialects, receipts
from carriers.events import (
    BindRefused,
    Bound,
    Closed,
    DeliveryReceipt,
    Event,
    Handle,
    InboundText,
    Listening,
    SubmitAnswered,
    SubmitUnanswered,
    Unreadable,
    Verdict,
)
from carriers.link import CLOSE_TIMEOUT, Link, client_endpoint
from carriers.logins import LoginTrouble
from carriers.logins import trouble as login_trouble
from carriers.profile import CarrierProfile
from carriers.session import UNBIND_TIMEOUT, State
from carriers.text import Split
from gateway.reaching import Unreached, Watched, reason, resolve


class Mark(StrEnum):
    """How a step went."""

    DONE = "done"
    DOUBTFUL = "doubtful"  # it went on, but somebody should know
    FAILED = "failed"


class Trouble(StrEnum):
    """What else can be wrong, beside the network and the carrier's answers."""

    BROKEN_OFF = "broken off"  # what came is not the protocol
    DOOR_TAKEN = "door taken"  # the port where the carrier calls us
    DOUBT = "doubt"  # the carrier did not prove that it knows the password
    NO_ID = "no id"
    SLOW_FAREWELL = "slow farewell"


class Step(NamedTuple):
    """One step. `finding` says what was found, "" when all is well; `said` is how network or carrier put it."""

    name: str  # resolve, listen, connect, tls, login, submit, receipt or logout
    mark: Mark
    seconds: float
    finding: str
    said: str


FINDINGS: frozenset[str] = frozenset(
    (
        *Unreached,
        *Trouble,
        *(f"login: {one}" for one in LoginTrouble),
        *(f"submit: {one}" for one in Verdict if one is not Verdict.ACCEPTED),
        *(f"receipt: {word}" for word in (*filter(None, receipts.FINAL.values()), "none") if word != "delivered"),
    )
)
"""Everything that `Step.finding` may say."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A test text: one part, to a number as the carrier writes it. `wait` is how long its receipt may take, seconds."""

    to: str
    body: Split
    wait: float


class Found(NamedTuple):
    """How a step ended."""

    mark: Mark
    finding: str
    said: str


@dataclass(slots=True)
class Returned:
    """What the carrier delivered during the check and was asked to deliver again."""

    texts: int = 0
    receipts: int = 0
    unreadable: int = 0


def run(profile: CarrierProfile, patience: float, text: Sample | None, tell: Callable[[Step], None]) -> Returned:
    """Try it, telling each step as it ends. `patience` is how long one may take, in seconds. Once per process."""
    from twisted.internet import asyncioreactor

    began = time.monotonic()
    addresses = resolve(profile.host, profile.port, patience)
    if isinstance(addresses, tuple):
        tell(Step("resolve", Mark.FAILED, time.monotonic() - began, *addresses))
        return Returned()
    tell(Step("resolve", Mark.DONE, time.monotonic() - began, "", "、".join(addresses)))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed

    reactor: Any = installed
    check = Check(profile, reactor, patience, tell)
    _until_done(reactor, loop, check.run(text))
    return check.returned


def _until_done(reactor: Any, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """Run it; an interrupted one still takes its leave, and raises `KeyboardInterrupt` after that."""
    tasks: list[asyncio.Task[None]] = []
    leaving: list[bool] = []

    def start() -> None:
        tasks.append(loop.create_task(work))
        tasks[0].add_done_callback(lambda _: None if leaving else reactor.stop())

    def leave() -> "defer.Deferred[Any]":
        leaving.append(True)
        tasks[0].cancel()  # nothing happens to a task that is done
        return defer.Deferred.fromFuture(asyncio.gather(tasks[0], return_exceptions=True))

    reactor.callWhenRunning(start)
    reactor.addSystemEventTrigger("before", "shutdown", leave)
    reactor.run()
    if tasks[0].cancelled():
        raise KeyboardInterrupt
    tasks[0].result()


class Check:
    """One try. Everything happens in the reactor's thread."""

    def __init__(self, profile: CarrierProfile, reactor: Any, patience: float, tell: Callable[[Step], None]) -> None:
        # Behind our own limit, so that it is a silent carrier and not a closed connection that is told of.
        self._profile = replace(profile, bind_timeout=patience + 1, response_timeout=patience + 1)
        self._patience, self._tell = patience, tell
        self.returned = Returned()
        self._link = Link(self._profile, self._heard, reactor, self._endpoint)
        self._reactor = reactor
        self._lost: Failure | None = None
        loop = asyncio.get_event_loop()
        self._called, self._secured, self._bound, self._answered, self._reported = (
            loop.create_future() for _ in range(5)
        )
        self._text: Sample | None = None
        self._keys: set[str] | None = None  # of the text's id, once it is known
        self._early: list[tuple[int, DeliveryReceipt]] = []  # receipts for its number, before that

    async def run(self, text: Sample | None) -> None:
        """Step by step, until one fails; then the way out."""
        self._text = text
        try:
            self._link.startService()
            await self._through(text)
        finally:
            await self._leave()

    async def _through(self, text: Sample | None) -> None:
        for name, ending in (("connect", self._called), ("tls", self._secured), ("login", self._bound)):
            if (name != "tls" or self._profile.tls) and not await self._step(name, ending, self._patience):
                return
        if text is not None:
            self._submit(text)
            if await self._step("submit", self._answered, self._patience) and text.wait:
                await self._step("receipt", self._reported, text.wait)

    async def _step(self, name: str, ending: "asyncio.Future[Found]", patience: float) -> bool:
        """Wait for the step's end and tell it. Whether it went well."""
        began = time.monotonic()
        done, _ = await asyncio.wait([ending], timeout=patience)
        silent = Found(Mark.FAILED, "receipt: none" if name == "receipt" else Unreached.SILENT, f"{patience:g} s")
        found = ending.result() if done else silent
        self._tell(Step(name, found.mark, time.monotonic() - began, found.finding, found.said))
        return found.mark is not Mark.FAILED

    async def _leave(self) -> None:
        """Log out and close, whatever happened; the carrier's answer gets a moment."""
        session = self._link.session
        logged_in = session is not None and session.state is State.BOUND
        self.returned.receipts += len(self._early)
        self._refuse([(connection, one.answer) for connection, one in self._early])
        began = time.monotonic()
        stopped = self._link.stopService().asFuture(asyncio.get_running_loop())
        await asyncio.wait([stopped], timeout=self._patience + UNBIND_TIMEOUT + CLOSE_TIMEOUT)
        took = time.monotonic() - began
        if logged_in and took < UNBIND_TIMEOUT:
            self._tell(Step("logout", Mark.DONE, took, "", ""))
        elif logged_in:
            self._tell(Step("logout", Mark.DOUBTFUL, took, Trouble.SLOW_FAREWELL, ""))

    def _submit(self, text: Sample) -> None:
        session, profile = self._link.session, self._profile
        if session is None:
            return  # lost since the login: the events have told
        template = dialects.template(profile, profile.access_number, text.body.bodies[0], text.body.coding, None)
        sequence = session.reserve(1)
        pdu = template.pdu(sequence, text.to, sequence & 0xFFFF, session.dialect.stamp)
        session.submit([(sequence, 0, pdu)], self._link.now())
        self._link.flush()

    # -------------------------------------------------------------------------------------------------- what comes

    def _heard(self, link: Link, connection: int, events: Sequence[Event]) -> None:
        again: list[tuple[int, Handle]] = []
        for event in events:
            match event:
                case Bound(peer, doubt):
                    found = Found(Mark.DOUBTFUL, Trouble.DOUBT, doubt) if doubt else Found(Mark.DONE, "", peer)
                    _settle(self._bound, found)
                case BindRefused():
                    self._login_refused(event)
                case Listening(_, trouble) if trouble:
                    self._tell(Step("listen", Mark.FAILED, 0.0, Trouble.DOOR_TAKEN, trouble))
                case SubmitAnswered():
                    self._submit_answered(event)
                case SubmitUnanswered():
                    _settle(self._answered, Found(Mark.FAILED, Unreached.SILENT, ""))
                case DeliveryReceipt() if self._text is not None and event.number.endswith(self._text.to[-11:]):
                    self._early.append((connection, event))
                case DeliveryReceipt():
                    self.returned.receipts += 1
                    again.append((connection, event.answer))
                case InboundText():
                    self.returned.texts += 1
                    again.append((connection, event.answer))
                case Unreadable(answer) if answer is not None:
                    self.returned.unreadable += 1
                    again.append((connection, answer))
                case Closed() if connection == link.main:
                    self._hung_up(event.reason)
        self._refuse(again)
        if self._keys is not None:
            self._match()

    def _login_refused(self, event: BindRefused) -> None:
        said = f"{event.reason} ({event.pause:g} s)" if event.pause else event.reason
        finding = f"login: {login_trouble(self._profile.protocol, event.status)}"
        _settle(self._bound, Found(Mark.FAILED, finding, said))

    def _submit_answered(self, event: SubmitAnswered) -> None:
        if event.verdict is not Verdict.ACCEPTED:
            _settle(self._answered, Found(Mark.FAILED, f"submit: {event.verdict}", event.reason))
            return
        key = receipts.message_key(event.message_id)
        self._keys = {key, *receipts.other_keys(key)} if key else set()
        doubtful = Found(Mark.DOUBTFUL, Trouble.NO_ID, "")
        _settle(self._answered, Found(Mark.DONE, "", event.message_id) if key else doubtful)

    def _match(self) -> None:
        """Take the receipts of our own text; the others of that number are somebody else's business."""
        for connection, event in self._early:
            session = self._link.session_of(connection)
            if receipts.message_key(event.message_id) not in (self._keys or ()):
                self.returned.receipts += 1
                self._refuse([(connection, event.answer)])
                continue
            if session is not None:
                session.accept([event.answer])
            outcome = receipts.FINAL[event.state]
            said = f"{event.state} {event.error}".strip()
            if outcome == "delivered":
                _settle(self._reported, Found(Mark.DONE, "", said))
            elif outcome is not None:
                _settle(self._reported, Found(Mark.FAILED, f"receipt: {outcome}", said))
        self._early.clear()
        self._link.flush()

    def _refuse(self, answers: Sequence[tuple[int, Handle]]) -> None:
        """Deliver it again, to somebody who keeps it."""
        for connection, answer in answers:
            session = self._link.session_of(connection)
            if session is not None:
                session.refuse([answer])
        if answers:
            self._link.flush()

    # ------------------------------------------------------------------------------------------------- connections

    def _endpoint(self, profile: CarrierProfile) -> Any:
        return Watched(client_endpoint(self._reactor, profile), self)

    def called(self, address: str) -> None:
        """The connection stands."""
        _settle(self._called, Found(Mark.DONE, "", address))

    def secured(self) -> None:
        """So does TLS."""
        _settle(self._secured, Found(Mark.DONE, "", ""))

    def unreachable(self, failure: Failure) -> None:
        """There is no connection."""
        self._over(reason(failure), failure.getErrorMessage())

    def lost(self, failure: Failure) -> None:
        """There is none any more. The session tells right after this whether it was it that ended it."""
        self._lost = failure

    def _hung_up(self, said: str) -> None:
        by_them = self._lost is not None and self._lost.getErrorMessage() == said
        self._over(reason(self._lost) if by_them and self._lost is not None else Trouble.BROKEN_OFF, said)

    def _over(self, finding: str, said: str) -> None:
        """What has not come yet never will; but a receipt still may where the carrier calls us to bring it."""
        for ending in (self._called, self._secured, self._bound, self._answered):
            _settle(ending, Found(Mark.FAILED, finding, said))
        if not self._profile.listen_port:
            _settle(self._reported, Found(Mark.FAILED, finding, said))


def _settle(ending: "asyncio.Future[Found]", found: Found) -> None:
    if not ending.done():
        ending.set_result(found)
