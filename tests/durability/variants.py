"""The gateway with a fault built in, to prove that the power cuts find it: `python variants.py FAULT -C FOLDER run`.

The program itself knows no such switch; here its parts are replaced before it starts.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from carriers.events import DeliveryReceipt, Event, InboundText
from carriers.link import Link
from gateway import cli, database
from gateway.tick import Arrivals


def sync_now_and_then() -> None:
    """`synchronous=NORMAL` and nobody syncs the log: SQLite does at checkpoints only. The proof is silenced, too."""
    prepare = database._PREPARE["sqlite"]

    def prepare_normal(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous = NORMAL")

    database._PREPARE["sqlite"] = prepare_normal
    database.Database.durability = lambda self: None  # type: ignore[method-assign]
    database.Database.sync = lambda self: None  # type: ignore[method-assign]


def write_first() -> None:
    """What a tick allows is written when it is committed, while its sync is still under way."""
    from gateway.pump import Pump  # imports the reactor, which the daemon installs: not before its time

    def sync(pump: Pump) -> None:
        pump._disk.submit(pump._tick.sync)
        pump._synced(None)

    Pump._sync = sync  # type: ignore[method-assign]


def acknowledge_first() -> None:
    """What a carrier delivers is acknowledged when it is read, and stored afterwards."""
    report = Link.report

    def report_and_accept(link: Link, wire: Any, events: Sequence[Event]) -> None:
        wire.session.accept([one.answer for one in events if isinstance(one, InboundText | DeliveryReceipt)])
        report(link, wire, events)

    Link.report = report_and_accept  # type: ignore[method-assign]
    Arrivals.to_acknowledge = lambda self: []  # type: ignore[method-assign]


def checkpoint_often() -> None:
    """No fault: the log goes into the database every few ticks, so that cuts hit checkpoints, too."""
    database.CHECKPOINT_SYNCS = 3


VARIANTS: dict[str, Callable[[], None]] = {
    "normal": sync_now_and_then,
    "acknowledge-first": acknowledge_first,
    "write-first": write_first,
    "small-log": checkpoint_often,
}


def program(name: str) -> tuple[str, ...]:
    """What Python is to run for this variant; the gateway itself for the empty name."""
    return (str(Path(__file__)), name) if name else ("-m", "gateway")


if __name__ == "__main__":
    VARIANTS[sys.argv.pop(1)]()
    cli.main()
