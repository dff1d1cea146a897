"""The real daemon, killed. `python -m tests.durability --all` does it at every point; here is a sample."""

from pathlib import Path

from tests.durability.crashes import CALLS, crashes_for_sure, points, sample

EACH = 3


def test_a_daemon_killed_before_any_write_sync_or_send_loses_and_doubles_nothing(made: Path, tmp_path: Path) -> None:
    everything = points(made, tmp_path / "count")
    chosen = [point for call in CALLS for point in sample([one for one in everything if one.call == call], EACH)]
    done = list(crashes_for_sure(made, tmp_path, chosen))
    assert [one for one in done if not one.judgement.sound] == []
    assert sum(one.reached for one in done) == len(chosen)
