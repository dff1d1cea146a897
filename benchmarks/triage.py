"""What triage costs over an archive: suggestions, duplicates, search, and 200 cases at the triage screen, key by key.

    python benchmarks/triage.py [FOLDER]    with a folder that archive.py made (it is changed), or with a new one

The screen is the real command at a pseudo-terminal: measured is the time from a key to the next case drawn whole, which
is all that the operator ever waits for. Wall clock depends on what else the machine does; so CPU time stands beside it.
"""

import os
import pty
import resource
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa
from archive import CASES, Writer, build

from gateway import case_desk, likeness, resources, search, triage_desk
from gateway.casebook import find
from gateway.cli.desk import read_keys
from gateway.database import Database
from gateway.settings import Loaded, load
from gateway.sight import Reader
from gateway.tables import case_ticket
from gateway.triage_desk import Book
from roster.vault import Vault

ITEMS = 200
SAMPLES = 100
WORDS = (["路灯"], ["自来水", "小高村"], ["不存在的词语"], ["补办"], ["物业", "电梯"], ["责成整改"])
DRAWN = "x结束"  # ends every screen
ROOT = Path(__file__).parent.parent


def measured(what: str, work: Callable[[int], object], times: int) -> None:
    """Median and slowest in milliseconds, and the median of CPU."""
    wall, cpu = [], []
    for n in range(times):
        began, used = time.perf_counter(), spent()
        work(n)
        wall.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (spent() - used))
    line = (
        f"median {statistics.median(wall):7.1f} ms  slowest {max(wall):7.1f} ms  CPU {statistics.median(cpu):6.1f} ms"
    )
    print(f"{what:38} {line}", flush=True)


def spent() -> float:
    """CPU seconds of this process and of those it waited for."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


def in_process(settings: Loaded, database: Database, book: Book, texts: Sequence[str]) -> None:
    """What a running process takes: the web console, the triage screen."""
    now = datetime.now(UTC)
    said = [book.reader.read(text) for text in texts]
    vault, reader = Vault(read_keys(settings)), Reader.of(["operator"])
    with database.read() as tx:
        cases = tx.scalar(sa.select(sa.func.count()).select_from(case_ticket))
        print(f"{cases} cases")
        measured("what a text says", lambda n: book.reader.read(texts[n]), len(texts))
        measured("duplicates", lambda n: likeness.duplicates(tx, book.reader, said[n], 10**9, now), len(texts))
        measured("decided cases like it", lambda n: likeness.decided(tx, book.reader, said[n], 0), len(texts))
        one = find(tx, triage_desk.waiting(tx)[0].number)
        measured("everything about a case", lambda n: triage_desk.advise(tx, book, one, now), 20)
        measured("the queue", lambda n: triage_desk.waiting(tx), 20)
        for words in WORDS:
            measured(f"search {' '.join(words)}", lambda n, w=words: search.find(tx, vault, w, reader), 9)


def commands(folder: Path, number: str) -> None:
    """A process of its own each time, its start included."""
    for arguments in (
        ("queue", "list", "--limit", "20"),
        ("case", "suggest", number),
        ("search", "路灯", "人民路"),
        ("search", "不存在的词语"),
    ):
        measured(f"xinqiao {' '.join(arguments)}"[:38], lambda n, a=arguments: command(folder, *a), 5)


def command(folder: Path, *arguments: str) -> None:
    """Run one, its words thrown away."""
    subprocess.run(
        [sys.executable, "-m", "gateway", "-C", str(folder), *arguments],
        env=environment(),
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )


def environment() -> dict[str, str]:
    """The first operator's, at a plain terminal."""
    return os.environ | {"PYTHONPATH": str(ROOT), "LOGNAME": "bench", "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}


def at_the_screen(folder: Path, items: int) -> None:
    """Decide `items` cases: Enter, or a unit by its letters where none is suggested. Prints what each key took."""
    leader, follower = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "-C", str(folder), "queue", "next"],
        stdin=follower,
        stdout=follower,
        stderr=subprocess.STDOUT,
        env=environment(),
    )
    os.close(follower)
    screen = shown(leader)
    print(f"{'the first screen, from the start':38} {1000 * (time.perf_counter() - began):7.0f} ms")
    took, decided = [], 0
    while decided < items:
        if "d 主办  —" in screen:
            for key in ("d", "xf", "\r"):  # 县信访局
                os.write(leader, key.encode())
                shown(leader, DRAWN if key == "\r" else "Esc")
        sent = time.perf_counter()
        os.write(leader, b"\r")
        screen = shown(leader)
        took.append(1000 * (time.perf_counter() - sent))
        decided += "没有" not in screen.split("──")[1]
    os.write(leader, b"x")
    while process.poll() is None:
        if select.select([leader], [], [], 0.1)[0]:
            try:
                os.read(leader, 65536)
            except OSError:
                break
    _, _, used = os.wait4(process.pid, 0) if process.returncode is None else (0, 0, None)
    took.sort()
    cpu = f"  CPU {1000 * (used.ru_utime + used.ru_stime) / len(took):5.1f} ms each, start included" if used else ""
    print(
        f"{f'a decision of {len(took)}, key to next case':38} median {statistics.median(took):7.1f} ms  "
        f"95% {took[int(0.95 * len(took))]:7.1f} ms  slowest {took[-1]:7.1f} ms{cpu}"
    )


def shown(leader: int, last: str = DRAWN) -> str:
    """A screen, once it is drawn whole."""
    seen = b""
    ends = time.monotonic() + 60
    while last.encode() not in seen:
        if time.monotonic() > ends:
            raise TimeoutError(seen.decode(errors="replace"))
        if select.select([leader], [], [], 1)[0]:
            seen += os.read(leader, 65536)
    return seen.decode(errors="replace")


def main(folder: Path) -> None:
    """File the archive, put a day's texts into the queue, measure."""
    settings = load(folder, {})
    database, book = Database(settings.store_url()), Book.from_settings(settings)
    began, used = time.perf_counter(), time.process_time()
    filed = triage_desk.file_all(database, book.reader)
    print(f"{filed} cases filed in {time.perf_counter() - began:.1f} s, CPU {time.process_time() - used:.1f} s")
    villages = {name: tuple(several) for name, several in resources.lists(settings).villages.items()}
    writer = Writer(villages, Random(7))
    texts = [writer.matter().text for _ in range(SAMPLES)]
    now = datetime.now(UTC)
    with database.write() as tx:
        for n in range(ITEMS + 10):
            case = case_desk.enter(
                tx,
                book.desk,
                text=writer.matter().text,
                channel="sms",
                person_id=1 + n * 7,
                actor="bench",
                now=now - timedelta(minutes=ITEMS + 10 - n),
            )
    in_process(settings, database, book, texts)
    database.close()
    commands(folder, case.number)
    at_the_screen(folder, ITEMS)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            for size in (10_000, CASES):
                made = Path(place) / str(size)
                build(made, size)
                main(made)
