"""Which work runs how often: a handful of idempotent sweeps, never one job per case or message."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from gateway import case_clock, case_ladder, notices, outbox, polls, recurring, rerouting
from gateway.casebook import Desk

Result = TypeVar("Result")
Work = Callable[[], Result]
Transaction = Callable[[sa.Connection, int], object]
"""Something done in an open transaction at a moment given in milliseconds since 1970 UTC."""


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


def supervise_cases(desk: Desk, post: case_ladder.Post, tx: sa.Connection, now_ms: int) -> None:
    """Units that are silent: reminded, urged, criticised, reported to the supervision office."""
    case_ladder.sweep(tx, desk, post, _moment(now_ms))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
