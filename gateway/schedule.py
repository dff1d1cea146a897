"""Which work runs how often: a handful of idempotent sweeps, never one job per case or message."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from gateway import (
    alarm,
    case_clock,
    case_ladder,
    likeness,
    monitors,
    notices,
    outbox,
    polls,
    recurring,
    rerouting,
    staff_mail,
    watch_desk,
    zero_reports,
)
from gateway.casebook import Desk
from routing.duties import Duties
from routing.likeness import Reader

Result = TypeVar("Result")
Work = Callable[[], Result]
Transaction = Callable[[sa.Connection, int], object]
"""Something done in an open transaction at a moment given in milliseconds since 1970 UTC."""
MORE = object()
"""What it returns when there is more to do in a transaction of its own."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Work that runs every so many seconds; a run that is late is not made up for."""

    name: str
    every_s: int
    work: Callable[[], Awaitable[None]]


def start(sweeps: Sequence[Sweep]) -> AsyncIOScheduler:
    """Run the sweeps in the current event loop until the scheduler is shut down."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    for sweep in sweeps:
        scheduler.add_job(
            sweep.work,
            IntervalTrigger(seconds=sweep.every_s, timezone=UTC),
            name=sweep.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    return scheduler


def finish_notices(tx: sa.Connection, now_ms: int) -> None:
    """Notices of which nothing is under way any more are done."""
    notices.finish_done(tx, _moment(now_ms))


def expire_waiting(tx: sa.Connection, now_ms: int) -> None:
    """Parts that were not sent within their validity."""
    outbox.expire_waiting(tx, now_ms)


def expire_silent(tx: sa.Connection, now_ms: int) -> None:
    """Parts whose receipt will not come any more."""
    outbox.expire_silent(tx, now_ms)


def learn_from_reroutes(tx: sa.Connection, now_ms: int) -> None:
    """What was delivered over another carrier tells whose the number is."""
    rerouting.learn(tx, now_ms)


def resend_uncertain(tx: sa.Connection, now_ms: int) -> None:
    """Parts in doubt of urgent notices that were approved to be sent once more."""
    notices.resend_uncertain(tx, _moment(now_ms))


def close_polls(settling_s: int, tx: sa.Connection, now_ms: int) -> None:
    """Polls and meeting notices whose last day is over; long texts of that day have had time to come whole."""
    polls.close_over(tx, _moment(now_ms), timedelta(seconds=settling_s))


def draft_repeats(desk: Desk, validity_hours: int, tx: sa.Connection, now_ms: int) -> None:
    """Drafts of the notices that come back every month or week."""
    recurring.sweep(tx, desk, validity_hours, _moment(now_ms))


def settle_replies(desk: Desk, tx: sa.Connection, now_ms: int) -> None:
    """Replies that have arrived, or never will, on their cases."""
    case_clock.settle_replies(tx, desk, _moment(now_ms))


def move_cases(desk: Desk, tx: sa.Connection, now_ms: int) -> None:
    """Cases whose time has come: not answered, not signed, not rated, not looked at again, not decided."""
    case_clock.sweep(tx, desk, _moment(now_ms))


class Supervision:
    """Units that are silent: reminded, urged, criticised, reported; the steps of watched cases told.

    So many cases in a transaction, so that nobody waits for the store while all are looked at.
    """

    def __init__(self, desk: Desk, post: case_ladder.Post, at_most: int = case_ladder.AT_ONCE) -> None:
        self._desk, self._post, self._at_most = desk, post, at_most
        self._after = 0

    def __call__(self, tx: sa.Connection, now_ms: int) -> object:
        """The next cases; those after them in a later transaction."""
        now, after, self._after = _moment(now_ms), self._after, 0
        _, upto = case_ladder.sweep_some(tx, self._desk, self._post, now, after, self._at_most)
        if upto is None:
            watch_desk.sweep(tx, self._desk, self._post, now)
            return None
        self._after = upto
        return MORE


def raise_alarm(desk: Desk, post: case_ladder.Post, tx: sa.Connection, now_ms: int) -> None:
    """Somebody may be in danger: the duty officer hears of it."""
    alarm.sweep(tx, desk, post, _moment(now_ms))


def file_cases(reader: Reader, tx: sa.Connection, now_ms: int) -> None:
    """New cases, so that the next ones are compared with them."""
    likeness.catch_up(tx, reader)


def tell_staff(desk: Desk, post: case_ladder.Post, tx: sa.Connection, now_ms: int) -> None:
    """What has come to units and leaders who work by text."""
    staff_mail.sweep(tx, desk, post, _moment(now_ms))


def remind_of_duties(desk: Desk, post: case_ladder.Post, duties: Duties, tx: sa.Connection, now_ms: int) -> None:
    """Monitors and units that report every month."""
    monitors.sweep(tx, desk, duties, _moment(now_ms))
    zero_reports.remind(tx, desk, post, duties, _moment(now_ms))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
