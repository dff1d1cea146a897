"""What does the daemon do when the disk fails, fills up, is locked by another, or when it is itself frozen?"""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.errors import LEASE_HELD, UNAVAILABLE
from tests.durability import powercuts, strace
from tests.durability.load import MESSAGES, PREFIXES, STORE, Judgement, Load

LOG = f"{STORE}-wal"
EXTRA = 60  # the first text told after the load's own


def failed_sync(made: Path, folder: Path, nth: int) -> Judgement:
    """The nth sync of the log fails, once: nothing is promised that no sync has covered, the daemon ends, the next one
    goes on. What the sync before covered may be told a moment after the next one has failed."""
    with _load(made, folder) as load:
        before = powercuts.files_in(load.folder)
        output = folder / "recording"
        broken = ["-e", f"inject=fdatasync:error=EIO:when={nth}"]
        daemon = load.start_python(under=[*strace.recording(output), *broken])
        _expect(load, load.run_until(lambda: False, daemon), "ends by itself")
        _expect(load, load.end(daemon) == UNAVAILABLE, f"ends with status {UNAVAILABLE}, not {daemon.returncode}")
        calls = strace.recorded(output, daemon.pid)
        failed = [call.ended for call in calls if call.result < 0 and call.name == "fdatasync"]
        _expect(load, len(failed) == 1, f"one sync fails, not {len(failed)}")
        promises = tuple(powercuts.promises(calls, load.environment))
        (images := load.folder / "images").mkdir()
        promised = powercuts.unsynced(
            powercuts.Recording(before, tuple(calls), promises), images, min(failed, default=0)
        )
        _expect(load, not promised, f"promises nothing that is not on the disk: {promised[:3]}")
        return load.settle_and_judge()


def full_disk(made: Path, folder: Path, first: int, last: int) -> Judgement:
    """The writes to the log fail from the first to the last, as on a full disk: it goes on by itself afterwards."""
    with _load(made, folder) as load:
        when = f"{first}..{last}"
        daemon = load.start_python(under=strace.breaking("pwrite64", "error=ENOSPC", when, load.folder / LOG))
        _expect(load, load.run_until(load.quiet, daemon), "comes to rest")
        _expect(load, load.logged("store failed") > 0, "the disk was full")
        _expect(load, load.end(daemon) == 0, f"goes on by itself and stops cleanly, not with {daemon.returncode}")
        return load.judge()


def locked_store(made: Path, folder: Path, failures: int = 2) -> Judgement:
    """Another writer holds the store for so many of the daemon's tries, longer than the lease's margin allows."""
    with _load(made, folder) as load:
        daemon = load.start_daemon()
        _expect(load, load.run_until(load.quiet, daemon), "comes to rest")
        with closing(sqlite3.connect(load.store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            before = load.total()
            load.text(EXTRA)
            _expect(load, load.run_until(lambda: load.logged("store failed") >= failures, daemon), "tries again")
            during = load.total()
            other.execute("ROLLBACK")
        for what in ("texts_acknowledged", "receipts_acknowledged", "submits"):
            _expect(load, during[what] == before[what], f"no {what} while the store is locked")
        _expect(load, load.run_until(lambda: load.total()["texts_outstanding"] == 0, daemon), "takes the text")
        _expect(load, load.end(daemon) == 0, f"goes on by itself and stops cleanly, not with {daemon.returncode}")
        return load.judge(extra=(EXTRA,))


def frozen_holder(made: Path, folder: Path) -> Judgement:
    """The daemon is frozen longer than its lease; another takes over; then the first wakes up."""
    with _load(made, folder) as load:
        first = load.start_daemon()
        _expect(load, load.run_until(lambda: load.total()["submits"] >= MESSAGES // 5, first), "submits")
        _freeze(load, first.pid)
        _expect(load, load.run_until(lambda: _lease_is_over(load), first), "its lease runs out")
        second = load.start_daemon()
        both = 2 * len(PREFIXES)
        _expect(load, load.run_until(lambda: load.total()["bound"] == both, second), "another takes over")
        _expect(load, load.run_until(lambda: _nothing_waits(load), second), "the other sends what waits")
        first.send_signal(signal.SIGCONT)
        _expect(load, load.run_until(lambda: False, first), "the first ends by itself")
        _expect(load, first.poll() == LEASE_HELD, f"the first ends with status {LEASE_HELD}, not {first.poll()}")
        late = load.rows(
            "SELECT count(*) FROM attempt WHERE session < 2 << 24 "
            "AND intent_ms > (SELECT min(intent_ms) FROM attempt WHERE session >= 2 << 24)"
        )
        _expect(load, late == [(0,)], f"the first submits nothing more: {late}")
        _expect(load, load.run_until(load.settled, second), "the other comes to rest")
        _expect(load, load.end(second) == 0, f"the other stops cleanly, not with {second.returncode}")
        return load.judge()


FAULTS: dict[str, Callable[[Path, Path], Judgement]] = {
    "sync fails early": lambda made, folder: failed_sync(made, folder, 12),
    "sync fails midway": lambda made, folder: failed_sync(made, folder, 45),
    "disk full, once": lambda made, folder: full_disk(made, folder, 300, 300),
    "disk full, a while": lambda made, folder: full_disk(made, folder, 300, 310),
    "locked by another": locked_store,
    "frozen beyond the lease": frozen_holder,
}


@contextmanager
def _load(made: Path, folder: Path) -> Iterator[Load]:
    load = Load.of(made, folder)
    try:
        yield load
    finally:
        load.close()


def _expect(load: Load, holds: bool, what: str) -> None:
    if not holds:
        load.findings.append(f"not so: {what}")


def _freeze(load: Load, pid: int) -> None:
    """Outside a transaction: SQLite's lock would be frozen with it, and nobody could take over."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        with closing(sqlite3.connect(load.store, isolation_level=None, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
            else:
                other.execute("ROLLBACK")
                return


def _lease_is_over(load: Load) -> bool:
    return load.rows("SELECT expires_ms < 1000 * CAST(strftime('%s', 'now') AS INTEGER) FROM lease") == [(1,)]


def _nothing_waits(load: Load) -> bool:
    return load.rows("SELECT count(*) FROM part WHERE state IN ('queued', 'sending')") == [(0,)]
