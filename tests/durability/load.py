"""The fixed load: fifty texts in, fifty messages out, over three carriers; and what may be said of the store after it.

The carriers are the judges: they know what they were acknowledged and what they accepted.
"""

import contextlib
import select
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import fsck, resources, roster_desk, singles
from gateway.cli.desk import read_keys
from gateway.cli.init import make
from gateway.database import Database
from gateway.settings import load
from roster.importing import Entry
from roster.vault import Vault
from tests.gateway.town import PATIENCE, Process, Town

STORE = "xinqiao.db"
PREFIXES = {"mobile": "1380001", "unicom": "1300001", "telecom": "1330001"}
TEXTS = MESSAGES = 50
INFORMANTS = 25  # of those who text: each gets a case and a reply, so that texts and submits meet in one transaction
SCRIPT = "".join(
    f"""
[[carrier]]
name = "{name}"
seed = {seed}
access_number = "1065700000{seed}"
window = 3
receipt_delay = [0.01, 0.03]
redeliver_after = 1.0
"""
    for seed, name in enumerate(PREFIXES, 1)
)
WINDOW = 4  # small, so that the load takes many transactions


def carrier_of(nth: int) -> str:
    """The carrier of the nth text or message."""
    return list(PREFIXES)[nth % len(PREFIXES)]


def number(nth: int, texting: bool) -> str:
    """Nobody texts or is texted twice: a receipt without an id then tells the part by its number."""
    return f"{PREFIXES[carrier_of(nth)]}{nth + 5000 * texting:04d}"


def words(nth: int) -> str:
    """What the nth text says."""
    return f"村东头第{nth}号路灯坏了半个月,请派人修一修"


def prepare(folder: Path) -> None:
    """A working folder with the informants in its roster and the messages in its outbox."""
    make(folder, "office")
    settings = load(folder, {})
    database, vault, now = Database(settings.store_url()), Vault(read_keys(settings)), datetime.now(UTC)
    prefixes = resources.prefixes(settings)
    joins = tuple(
        Entry(n, f"+86{number(n, texting=True)}", f"钱{n}", "", "教师", "城关镇", "东赵村") for n in range(INFORMANTS)
    )
    orders = [singles.Order(n, number(n, texting=False), f"第{n}条通知") for n in range(MESSAGES)]
    with database.write() as tx:
        roster_desk.apply(tx, vault, prefixes, roster_desk.Plan(joins, (), 0, ()), now)
        taken, _ = singles.send(tx, vault, settings.values, prefixes, orders, "【信桥】", "office", now)
    database.close()
    assert len(taken) == MESSAGES


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found after a run. `remarks` says what is wrong, in words."""

    lost: int
    doubled: int
    corrupt: int
    doubts: int  # parts that stay uncertain: submitted at most once, and no carrier has them
    remarks: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.remarks


@dataclass
class Load(Town):
    """The load on its way, in a folder of its own."""

    script: str = SCRIPT
    findings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, made: Path, folder: Path) -> "Load":
        """A copy of the prepared folder `made`, with the carriers open and the texts waiting there."""
        shutil.copytree(made, folder)
        windows = {f"XINQIAO__CARRIERS__{name.upper()}__WINDOW": str(WINDOW) for name in PREFIXES}
        load = cls(folder, environment=windows)
        load.open_carriers()
        for nth in range(TEXTS):
            load.text(nth)
        return load

    @property
    def store(self) -> Path:
        """The database file."""
        return self.folder / STORE

    def text(self, nth: int) -> None:
        """The nth citizen texts."""
        self.tell(do="text", carrier=carrier_of(nth), text=words(nth), **{"from": number(nth, texting=True)})

    def total(self) -> Counter[str]:
        """What all carriers saw."""
        found: Counter[str] = Counter()
        for counts in self.tell(do="status")["carriers"].values():
            found.update({key: count for key, count in counts.items() if isinstance(count, int)})
        return found

    def quiet(self) -> bool:
        """All is done, as far as the carriers can tell: nothing of the daemon's is touched."""
        seen = self.total()
        return (
            seen["texts_outstanding"] == seen["receipts_outstanding"] == 0
            and seen["accepted"] >= MESSAGES + INFORMANTS
            and seen["receipts"] >= seen["accepted"]
        )

    def run_until(self, done: Callable[[], bool], process: Process) -> bool:
        """Wait until it is `done` or the process has ended; False when neither comes about in time."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and not done():
            if time.monotonic() > deadline:
                return False
            select.select([], [], [], 0.03)  # other processes are at work
        return True

    def end(self, process: Process) -> int:
        """Ask the daemon to stop. Its exit status."""
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        return process.wait(PATIENCE)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the store says, read beside the daemon."""
        with closing(sqlite3.connect(self.store, timeout=PATIENCE)) as connection:
            return connection.execute(query).fetchall()

    def logged(self, event: str) -> int:
        """How often the daemon logged this."""
        return (self.folder / "log").read_text(encoding="utf-8").count(f'"event": "{event}')

    # -------------------------------------------------------------------------------------------------- judging

    def settle_and_judge(self) -> Judgement:
        """Start the daemon as it is, let everything come to rest, stop it, and look."""
        daemon = self.start_daemon()
        if not self.run_until(self.settled, daemon):
            self.findings.append(f"does not come to rest: {self._states()} {dict(self.total())}")
        elif daemon.poll() is not None:
            self.findings.append(f"does not start again: exit status {daemon.returncode}")
        elif (status := self.end(daemon)) != 0:
            self.findings.append(f"does not stop cleanly: exit status {status}")
        return self.judge()

    def judge(self, extra: Sequence[int] = ()) -> Judgement:
        """What is lost, doubled, corrupt. The daemon does not run; `extra` texts were told, too."""
        stored = Counter(body for (body,) in self.rows("SELECT body FROM text"))
        parts = Counter(bytes(body) for (body,) in self.rows("SELECT body FROM text_part"))
        expected = {words(nth) for nth in (*range(TEXTS), *extra)}
        seen, states = self.total(), self._states()
        cases = self.rows("SELECT count(*) FROM case_ticket")[0][0]
        replies = self.rows("SELECT count(*) FROM message WHERE purpose <> 'single'")[0][0]
        lost_texts = len(expected - stored.keys())
        doubled_texts = sum((stored - Counter(expected)).values()) + sum(n - 1 for n in parts.values())
        lost_parts = MESSAGES + INFORMANTS - states["delivered"] - states["uncertain"]
        unsettled = seen["accepted_distinct"] - states["delivered"]
        corrupt = [words for (words,) in self.rows("PRAGMA integrity_check") if words != "ok"]
        offences = self._offences()
        for count, what in (
            (lost_texts, "texts acknowledged and lost"),
            (doubled_texts, "texts stored twice"),
            (lost_parts, f"messages neither delivered nor in doubt: {dict(states)}"),
            (unsettled, "accepted by a carrier and not known as delivered"),
            (seen["doubled"], "submits accepted twice"),
            (cases - INFORMANTS, "cases too many or too few"),
            (replies - INFORMANTS, "replies too many or too few"),
            (len(corrupt), f"corrupt: {corrupt[:3]}"),
            (len(offences), f"fsck: {offences[:3]}"),
        ):
            if count:
                self.findings.append(f"{count} {what}")
        return Judgement(
            lost_texts + max(lost_parts, 0) + max(unsettled, 0),
            doubled_texts + seen["doubled"] + max(cases - INFORMANTS, 0) + max(replies - INFORMANTS, 0),
            len(corrupt) + len(offences),
            states["uncertain"],
            tuple(self.findings),
        )

    def settled(self) -> bool:
        """All is done, as far as carriers and store can tell."""
        seen = self.total()
        if seen["bound"] < len(PREFIXES):
            return False
        if seen["texts_outstanding"] or seen["receipts_outstanding"] or seen["receipts"] < seen["accepted_distinct"]:
            return False
        states = self._states()
        return states["delivered"] + states["uncertain"] == states.total() and (
            states["delivered"] >= seen["accepted_distinct"]
        )

    def _states(self) -> Counter[str]:
        return Counter(dict(self.rows("SELECT state, count(*) FROM part GROUP BY state")))

    def _offences(self) -> list[fsck.Offence]:
        settings = load(self.folder, {})
        database = Database(settings.store_url())
        with database.read() as tx:
            found = list(fsck.check(tx, read_keys(settings).seal, round(time.time() * 1000)))
        database.close()
        return found
