"""The program in a process of its own that need not load it: forked from one that has (preloaded.py).

Loading takes more than most of what hundreds of these processes do. Everything else is theirs: memory, signals, files,
exit status. What begins with Python itself is Town.start_python: one in test_daemon.py, those under strace in
tests/durability; and what test_check.py, test_tracing.py and test_packaging.py start.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import connection, get_context
from signal import SIGKILL, SIGTERM
from threading import Lock

from gateway.cli import main

_context = get_context("forkserver")
_context.set_forkserver_preload(["tests.gateway.preloaded"])
_one_at_a_time = Lock()  # to start one is to look at all, and the end of each can be read once


class Started:
    """As much of subprocess.Popen as the tests use."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> None:
        """`out` and `err` are what it writes to."""
        ends = [connection.Connection(os.dup(one), readable=False) for one in (out, err)]
        self._process = _context.Process(target=_program, args=(list(arguments), dict(environment), *ends), daemon=True)
        with _one_at_a_time:
            self._process.start()
        for one in ends:
            one.close()
        self.pid: int = self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        with _one_at_a_time:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        connection.wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("xinqiao", timeout or 0.0)
        return code

    def send_signal(self, signal: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal)

    def terminate(self) -> None:
        self.send_signal(SIGTERM)

    def kill(self) -> None:
        self.send_signal(SIGKILL)


def _program(
    arguments: list[str], environment: dict[str, str], out: connection.Connection, err: connection.Connection
) -> None:
    for end, stream in ((out, 1), (err, 2)):
        os.dup2(end.fileno(), stream)
        end.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["xinqiao", *arguments]
    main()
