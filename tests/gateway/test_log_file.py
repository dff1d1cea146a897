"""What is committed apart from its sync, and synced afterwards."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway import log_file
from gateway.database import Database
from gateway.errors import SyncFailed
from gateway.log_file import LogFile


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes of the files that were synced, in their order."""
    found: list[int] = []
    monkeypatch.setattr(log_file, "_sync", lambda file: found.append(os.fstat(file).st_ino))
    return found


def test_the_file_that_is_there_now_is_synced(tmp_path: Path, synced: list[int]) -> None:
    path = tmp_path / "store-wal"
    log = LogFile(path)
    inodes = []
    for words in ("first", "first", "second"):
        (tmp_path / words).touch()
        (tmp_path / words).replace(path)  # the log was removed and made anew, the old one still held
        inodes.append(path.stat().st_ino)
        log.sync()
    log.close()
    assert synced == inodes
    assert len(set(inodes)) > 1


def test_a_log_that_is_gone_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(SyncFailed):
        LogFile(tmp_path / "store-wal").sync()


def test_a_sync_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(log_file, "_sync", fail)
    (tmp_path / "store-wal").touch()
    with pytest.raises(SyncFailed):
        LogFile(tmp_path / "store-wal").sync()


def test_only_the_connection_that_is_kept_commits_without_a_sync(tmp_path: Path, synced: list[int]) -> None:
    database = Database(f"sqlite:///{tmp_path / 'store.db'}")
    kept = database.connect_unsynced()
    with database.immediate(kept) as tx:
        tx.execute(sa.text("CREATE TABLE word (id INTEGER)"))
    assert kept.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    database.sync()
    assert synced == [(tmp_path / "store.db-wal").stat().st_ino]
    kept.rollback()
    kept.close()
    database.durability()  # the next who takes a connection gets none of those
    database.close()


def test_a_store_without_a_log_syncs_with_each_commit(tmp_path: Path, synced: list[int]) -> None:
    database = Database(f"sqlite:///{tmp_path / 'store.db'}")
    sa.event.listen(database.engine, "connect", lambda driver, _: driver.execute("PRAGMA journal_mode = DELETE"))
    kept = database.connect_unsynced()
    assert kept.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    database.sync()
    kept.close()
    database.close()
    assert synced == []
