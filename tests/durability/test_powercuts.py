"""The power fails at any moment of a run: what the carriers were told is on the disk. And the proof can fail."""

from pathlib import Path

import pytest

from tests.durability.powercuts import DAMAGES, cuts, record

IMAGES = 300


@pytest.mark.parametrize("variant", ["", "small-log"])
def test_whatever_a_carrier_was_told_survives_a_power_cut(made: Path, tmp_path: Path, variant: str) -> None:
    recording = record(made, tmp_path / "run", variant)
    assert {promise.what for promise in recording.promises} == {"text", "receipt", "submit"}
    found = list(cuts(recording, tmp_path, seed=1, count=IMAGES))
    assert {cut.damage for cut in found} == set(DAMAGES)
    assert [cut for cut in found if cut.lost or cut.corrupt] == []


def test_without_a_sync_for_every_commit_power_cuts_find_losses(made: Path, tmp_path: Path) -> None:
    recording = record(made, tmp_path / "run", "normal")
    lost = {promise.what for cut in cuts(recording, tmp_path, seed=1, count=30) for promise in cut.lost}
    assert lost == {"text", "receipt", "submit"}


def test_with_submits_before_the_sync_of_their_intents_power_cuts_find_losses(made: Path, tmp_path: Path) -> None:
    recording = record(made, tmp_path / "run", "write-first")
    lost = {promise.what for cut in cuts(recording, tmp_path, seed=1, count=100) for promise in cut.lost}
    assert "submit" in lost


def test_with_acknowledgements_before_the_commit_power_cuts_find_losses(made: Path, tmp_path: Path) -> None:
    recording = record(made, tmp_path / "run", "acknowledge-first")
    lost = {promise.what for cut in cuts(recording, tmp_path, seed=1, count=100) for promise in cut.lost}
    assert lost == {"text", "receipt"}
