"""Failing, full, locked disks, and a daemon that sleeps too long."""

from pathlib import Path

from tests.durability.faults import failed_sync, frozen_holder, full_disk, locked_store


def test_after_a_failed_sync_nothing_is_promised_and_the_daemon_ends(made: Path, tmp_path: Path) -> None:
    assert failed_sync(made, tmp_path / "run", 30).remarks == ()


def test_a_full_disk_acknowledges_nothing_and_is_got_over(made: Path, tmp_path: Path) -> None:
    assert full_disk(made, tmp_path / "run", 300, 303).remarks == ()


def test_a_locked_store_acknowledges_nothing_and_is_got_over(made: Path, tmp_path: Path) -> None:
    assert locked_store(made, tmp_path / "run").remarks == ()


def test_a_daemon_frozen_beyond_its_lease_wakes_up_and_leaves(made: Path, tmp_path: Path) -> None:
    assert frozen_holder(made, tmp_path / "run").remarks == ()
