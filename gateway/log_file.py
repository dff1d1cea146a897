"""When is what was committed on the disk? SQLite's write-ahead log, synced beside the transactions and not in them.

With `synchronous=NORMAL` a COMMIT writes to the log and syncs nothing; SQLite syncs the log before it copies pages from
it into the database, the database after that, and the head of a log that begins anew, with its entry in the folder. So
one sync of the log after a COMMIT makes that COMMIT as durable as `FULL` does, and the next transaction need not wait
for it. The log carries no locks of SQLite's (closing a file that does would give them up), and it is removed only with
the last connection.
"""

import os
from pathlib import Path

from gateway.errors import SyncFailed

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only the second


class LogFile:
    """Kept open: who opens a file anew is not told of a write that failed before. For one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._inode = -1

    def sync(self) -> None:
        """What was committed before this call is on the disk when it returns. Raises `SyncFailed`: never try again."""
        try:
            inode = os.stat(self._path).st_ino
            if inode != self._inode:  # the log of before was copied into the database, synced, and removed
                self.close()
                self._file, self._inode = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC), inode
            _sync(self._file)
        except OSError as trouble:
            raise SyncFailed from trouble

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
        self._file = self._inode = -1
