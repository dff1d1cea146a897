"""How single keys are read: from a terminal, without waiting for Enter, or character by character from a pipe."""

import codecs
import os
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any, Protocol

ENTER, ESCAPE, BACKSPACE, END = "\n", "\x1b", "\x7f", ""
_REST_OF_SEQUENCE_S = 0.02  # what an arrow key sends comes at once


class Keys(Protocol):
    """Where keys come from."""

    live: bool
    """True when a person sits there: the screen may be cleared, and time passes."""

    def key(self, timeout: float | None = None) -> str | None:
        """The next key: a character, ENTER, ESCAPE, BACKSPACE; END when no more will come; None when time is up."""


class Terminal:
    """A person's keyboard. Use as a context: outside it the terminal is as it was."""

    live = True

    def __init__(self, descriptor: int) -> None:
        self._from = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._ready: list[str] = []
        self._before: list[Any] = []

    def __enter__(self) -> "Terminal":
        self._before = termios.tcgetattr(self._from)
        tty.setcbreak(self._from)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None
    ) -> None:
        termios.tcsetattr(self._from, termios.TCSADRAIN, self._before)

    def key(self, timeout: float | None = None) -> str | None:
        """See `Keys`. Arrows and the like count as nothing."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            while not self._ready:
                left = None if until is None else max(0.0, until - time.monotonic())
                if not select.select([self._from], [], [], left)[0]:
                    return None
                try:
                    octets = os.read(self._from, 1024)
                except OSError:  # the terminal is gone
                    octets = b""
                if not octets:
                    return END
                self._ready += self._decoder.decode(octets)
            key = self._ready.pop(0)
            if key == ESCAPE and self._swallow():
                continue
            return {"\r": ENTER, "\x08": BACKSPACE, "\x04": END}.get(key, key)

    def _swallow(self) -> bool:
        """Take what follows an escape at once: it was no key of ours."""
        if not self._ready and not select.select([self._from], [], [], _REST_OF_SEQUENCE_S)[0]:
            return False
        if not self._ready:
            self._ready += self._decoder.decode(os.read(self._from, 1024))
        if not self._ready or self._ready[0] not in "[O":
            return False
        self._ready.pop(0)
        while self._ready and not self._ready.pop(0).isalpha():
            pass
        return True


class Piped:
    """Keys from a file or a pipe: a line feed is Enter."""

    live = False

    def __enter__(self) -> "Piped":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was changed."""

    def key(self, timeout: float | None = None) -> str | None:
        """See `Keys`. Never waits for longer than the pipe does."""
        return sys.stdin.read(1)


def keys() -> Terminal | Piped:
    """Where this command's keys come from."""
    return Terminal(sys.stdin.fileno()) if sys.stdin.isatty() else Piped()
