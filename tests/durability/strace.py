"""What strace does for these tests: run the daemon, count its system calls, break one of them, write all of them down.

The daemon stays our own child (`-D` puts the tracer beside it), so that its signals and exit status are its own.
"""

import re
import select
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.gateway.town import PATIENCE

_QUICK = "--seccomp-bpf"  # stop at the traced calls only; strace 6.1 loses injected signals with it
RECORDED = "pwrite64,ftruncate,fdatasync,fsync,unlink,sendto,sendmsg,writev,recvfrom"


@cache
def missing() -> str:
    """Why strace cannot be used here; empty when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False, timeout=PATIENCE
    )
    return "" if tried.returncode == 0 else "this machine does not let strace trace"


def counting(calls: str, output: Path) -> list[str]:
    """Write down these calls, for `counted`."""
    return _strace(output, f"trace={calls}", _QUICK)


def breaking(call: str, how: str, when: str, only: Path | None = None) -> list[str]:
    """Break a call: `how` is signal=KILL or error=EIO, `when` the nth (of one thread), `only` on this file."""
    path = [] if only is None else ["-P", str(only)]
    return _strace(Path("/dev/null"), f"trace={call}", "-e", f"inject={call}:{how}:when={when}", *path)


def recording(output: Path) -> list[str]:
    """Write down everything that touches files and sockets, with the octets, for `recorded`."""
    return _strace(output, f"trace={RECORDED}", _QUICK, "-yy", "-xx", "-s", "1000000")


def _strace(output: Path, *options: str) -> list[str]:
    return ["strace", "-D", "-f", "-q", "-o", str(output), "-e", *options]


def counted(output: Path, process: int) -> Counter[str]:
    """How often each call was made by the thread that made it most often: `when` counts by thread."""
    _wait_for_end(output, process)
    by_thread = Counter(
        (match[1], match[2]) for line in output.read_text().splitlines() if (match := _BEGIN.match(line)) is not None
    )
    most: Counter[str] = Counter()
    for (_, call), count in by_thread.items():
        most[call] = max(most[call], count)
    return most


@dataclass(frozen=True, slots=True)
class Call:
    """A system call. `began` and `ended` order the calls of all threads."""

    name: str
    began: int
    ended: int
    target: str  # path of the file, or TCP:[from->to] of the socket
    data: bytes
    numbers: tuple[int, ...]  # the other arguments that are numbers, in their order
    result: int


def recorded(output: Path, process: int) -> list[Call]:
    """The calls of a recording, by when they began."""
    _wait_for_end(output, process)
    calls = (_call(*whole) for whole in _whole_lines(output.read_text().splitlines()))
    return sorted((call for call in calls if call is not None), key=lambda call: call.began)


_BEGIN = re.compile(r"(\d+) +(\w+)\(")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def _whole_lines(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(began, ended, call): what another thread interrupted is put together again."""
    open_calls: dict[str, tuple[int, str]] = {}
    for at, line in enumerate(lines):
        thread, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            open_calls[thread] = (at, rest.removesuffix("<unfinished ...>"))
        elif (match := _RESUMED.match(line)) is not None:
            began, head = open_calls.pop(thread)
            yield began, at, head + match[3]
        elif _BEGIN.match(line):
            yield at, at, rest
    for began, head in open_calls.values():  # the process ended in the middle of it
        yield began, len(lines), f"{head}) = 0"


def _call(began: int, ended: int, line: str) -> Call | None:
    match = _CALL.match(line)
    if match is None:
        return None
    name, arguments, result = match[1], match[2], int(match[3])
    strings = [bytes.fromhex(one.replace("\\x", "")) for one in _STRING.findall(arguments)]
    bare = _STRING.sub("", arguments)
    target = ""
    if name == "unlink":
        target = strings[0].decode()
    elif (where := re.match(r"\d+<(.*?)>\s*(?:,|$)", bare)) is not None:
        target = _path(where[1])
        bare = bare[where.end() :]
    assert target, f"not understood: {line[:200]}"
    numbers = tuple(int(one) for one in re.findall(r"(?<![\w.])\d+(?![\w.])", bare))
    data = strings[0] if strings and name != "unlink" else b""
    return Call(name, began, ended, target, data, numbers, result)


def _path(shown: str) -> str:
    return bytes.fromhex(shown.replace("\\x", "")).decode() if shown.startswith("\\x") else shown


def _wait_for_end(output: Path, process: int) -> None:
    """The tracer writes its last line when the process it traces has ended."""
    last = re.compile(rf"^{process} +\+\+\+ ", re.MULTILINE)
    deadline = time.monotonic() + PATIENCE
    while not (output.exists() and last.search(output.read_text()[-2000:])):
        assert time.monotonic() < deadline, "strace does not come to an end"
        select.select([], [], [], 0.02)
