"""Bugs to be planted, each one that some SMS gateway has or had: does the simulation find them?

A bug is a set of replacements in the real code, active while its context is. A bug that no seed finds means that
the simulation, or its judge, is blind there.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import sqlalchemy as sa

from carriers import events, reassembly, results, session
from carriers.text import decode
from gateway import inbox, notices, outbox, pump, receipts, settling, tables
from gateway.outbox import PartState


@dataclass(frozen=True)
class Bug:
    """`replace` maps (owner, name) to what makes the wrong function from the right one."""

    name: str
    replace: Mapping[tuple[Any, str], Callable[[Any], Any]]

    @contextlib.contextmanager
    def planted(self) -> Iterator[None]:
        """While this is open the gateway has the bug."""
        with contextlib.ExitStack() as stack:
            for (owner, name), wrong in self.replace.items():
                stack.enter_context(mock.patch.object(owner, name, wrong(getattr(owner, name))))
            yield


def _returns(value: Any) -> Callable[[Any], Any]:
    return lambda right: lambda *given, **named: value


# ------------------------------------------------------------------------------------------------- order of the tick


def _acknowledge_first(right: Any) -> Any:
    async def one_tick(self: Any, rooms: Any, resting: Any) -> None:
        for name, came in self._arrivals.items():
            link = self._links[name]
            if link.session is not None:
                link.session.accept([answer for _, answer in came.to_acknowledge()])
                link.flush()
        await right(self, rooms, resting)

    return one_tick


def _write_before_the_sync(right: Any) -> Any:
    def sync(self: Any) -> None:
        self._synced(None)

    return sync


def _accept_what_was_not_stored(right: Any) -> Any:
    async def store_failed(self: Any, arrivals: Any, trouble: Any) -> None:
        with mock.patch.object(session.Session, "refuse", session.Session.accept):
            await right(self, arrivals, trouble)

    return store_failed


def _forget_answers(right: Any) -> Any:
    async def store_failed(self: Any, arrivals: Any, trouble: Any) -> None:
        for came in arrivals.values():
            came.answers.clear()
        await right(self, arrivals, trouble)

    return store_failed


def _no_intent(right: Any) -> Any:
    def claim(tx: Any, *given: Any) -> Any:
        claimed = right(tx, *given)
        parts = [one.part_id for one in claimed]
        tx.execute(sa.delete(tables.attempt).where(tables.attempt.c.part_id.in_(parts)))
        return claimed

    return claim


def _one_session_for_all(right: Any) -> Any:
    def session(self: Any, link: Any, connection: int) -> int:
        name = link.profile.name
        number = self._sessions[name, connection] = len(name)
        self._connections[number] = connection
        return number

    return session


def _forget_the_unanswered(right: Any) -> Any:
    def lost(self: Any, reason: str) -> Any:
        return [closed._replace(unanswered=()) for closed in right(self, reason)]

    return lost


# -------------------------------------------------------------------------------------------------------- submitting


def _resend_uncertain(right: Any) -> Any:
    def settle_uncertain(tx: Any, submits: Any, reason: str, now_ms: int) -> None:
        settling.put_back(tx, submits, now_ms)

    return settle_uncertain


def _resend_after_restart(right: Any) -> Any:
    def reconcile(tx: Any, now_ms: int) -> int:
        queued = sa.update(tables.part).where(tables.part.c.state == PartState.SENDING)
        return int(tx.execute(queued.values(state=PartState.QUEUED)).rowcount)

    return reconcile


def _refusals_count_as_accepted(right: Any) -> Any:
    return lambda self, status: events.Verdict.ACCEPTED


def _cancel_the_notice_only(right: Any) -> Any:
    def cancel(tx: Any, notice_id: int, now: Any) -> Any:
        tx.execute(sa.update(tables.notice).where(tables.notice.c.id == notice_id).values(state="cancelled"))
        return notices.by_id(tx, notice_id), 0

    return cancel


# ---------------------------------------------------------------------------------------------------------- receipts


def _first_of_several(right: Any) -> Any:
    def only_uncertain(tx: Any, carrier: str, person_id: int, now_ms: int) -> Any:
        rows = tx.execute(
            sa.select(tables.part.c.id, tables.part.c.state, tables.part.c.reason).where(
                tables.part.c.person_id == person_id, tables.part.c.state == PartState.UNCERTAIN
            )
        ).all()
        return receipts._Found(*rows[0]) if rows else None

    return only_uncertain


def _delivered_is_lost(right: Any) -> Any:
    return lambda tx, filed, now_ms: right(tx, [one for one in filed if one.state != PartState.DELIVERED], now_ms)


def _no_wait_for_orphans(right: Any) -> Any:
    return lambda tx, carrier, filed, *given: right(tx, carrier, [one for one in filed if one.part_id], *given)


# ------------------------------------------------------------------------------------------------------------- texts


def _without_sender(right: Any) -> Any:
    def same_text(carrier: str, person_id: int, destination: str, where: Any) -> Any:
        return tuple(
            condition
            for condition in right(carrier, person_id, destination, where)
            if "person_id" not in str(condition)
        )

    return same_text


def _complete_with_the_last(right: Any) -> Any:
    return lambda pieces: any(piece.number == piece.total or piece.total is None for piece in pieces)


def _in_order_of_arrival(right: Any) -> Any:
    def join(pieces: Any) -> Any:
        numbers = sorted(piece.number or 1 for piece in pieces)
        return right([piece._replace(number=number) for piece, number in zip(pieces, numbers, strict=True)])

    return join


def _decode_before_joining(right: Any) -> Any:
    def join(pieces: Any) -> Any:
        first = {piece.number: piece for piece in reversed(pieces)}
        words = "".join(decode(piece.body, piece.coding) for _, piece in sorted(first.items()))
        return right(pieces)._replace(text=words) if len(first) > 1 else right(pieces)

    return join


def _throw_incomplete_away(right: Any) -> Any:
    def give_up_waiting(self: Any, tx: Any, now_ms: int) -> int:
        old = tables.text_part.c.received_ms < now_ms - self._settings.texts.reassembly_timeout_s * 1000
        return int(tx.execute(sa.delete(tables.text_part).where(tables.text_part.c.text_id.is_(None), old)).rowcount)

    return give_up_waiting


# ------------------------------------------------------------------------------------------------------------- bytes


def _forget_the_rest(right: Any) -> Any:
    def receive(self: Any, data: bytes, now: float) -> Any:
        self._rest = b""
        return right(self, data, now)

    return receive


def _die_of_poison(right: Any) -> Any:
    def delivery(self: Any, found: Any, pdu: bytes) -> None:
        length = len(found)
        right(self, found, pdu)
        if len(found) > length and isinstance(found[-1], events.Unreadable):
            raise ValueError("unpack requires a buffer")

    return delivery


BUGS = (
    Bug("acknowledged before the commit", {(pump.Pump, "_one_tick"): _acknowledge_first}),
    Bug("written before the sync", {(pump.Pump, "_sync"): _write_before_the_sync}),
    Bug("acknowledged although the store failed", {(pump.Pump, "_store_failed"): _accept_what_was_not_stored}),
    Bug("answers forgotten when the store failed", {(pump.Pump, "_store_failed"): _forget_answers}),
    Bug("submitted without an intent on record", {(outbox, "claim"): _no_intent}),
    Bug("sequence numbers not told apart by session", {(pump.Pump, "_session"): _one_session_for_all}),
    Bug("unanswered submits forgotten with the link", {(session.Session, "lost"): _forget_the_unanswered}),
    Bug("uncertain submits sent again", {(settling, "settle_uncertain"): _resend_uncertain}),
    Bug("submits of the last run sent again", {(settling, "reconcile"): _resend_after_restart}),
    Bug("intents that never went out forgotten", {(settling, "put_back"): _returns(None)}),
    Bug("refusals counted as accepted", {(results.Results, "verdict"): _refusals_count_as_accepted}),
    Bug("a cancelled notice keeps its parts", {(notices, "cancel"): _cancel_the_notice_only}),
    Bug("refused parts go on after cancel or opt-out", {(outbox, "withdraw"): _returns(None)}),
    Bug("an opt-out stops nothing that waits", {(outbox, "withdraw_from_notices"): _returns(0)}),
    Bug("a resend overrides the opt-out", {(outbox, "_unwanted"): _returns(sa.false())}),
    Bug("hexadecimal and decimal ids not matched", {(receipts, "other_keys"): _returns(())}),
    Bug("a receipt before its answer is dropped", {(receipts, "match_early"): _returns([])}),
    Bug("receipts that match nothing are dropped", {(receipts, "_store"): _no_wait_for_orphans}),
    Bug("evidence that fits several parts taken for one", {(receipts, "_only_uncertain"): _first_of_several}),
    Bug("what evidence showed is not kept", {(receipts, "_learn_id"): _returns(False)}),
    Bug("delivered receipts not applied", {(receipts, "_apply"): _delivered_is_lost}),
    Bug(
        "under way taken for delivered", {(receipts, "_FINAL"): lambda right: dict.fromkeys(right, PartState.DELIVERED)}
    ),
    Bug("the same text twice is two texts", {(inbox.Inbox, "_seen"): _returns(False)}),
    Bug("parts joined without their sender", {(inbox, "_same_text"): _without_sender}),
    Bug("a long text complete with its last part", {(reassembly, "is_complete"): _complete_with_the_last}),
    Bug("parts joined in order of arrival", {(reassembly, "join"): _in_order_of_arrival}),
    Bug("parts decoded before they are joined", {(reassembly, "join"): _decode_before_joining}),
    Bug("incomplete texts thrown away", {(inbox.Inbox, "give_up_waiting"): _throw_incomplete_away}),
    Bug("half a frame forgotten", {(session.Session, "receive"): _forget_the_rest}),
    Bug("a truncated PDU kills its session", {(session.Session, "_delivery"): _die_of_poison}),
    Bug("texts and receipts never acknowledged", {(session.Session, "accept"): _returns(None)}),
)
