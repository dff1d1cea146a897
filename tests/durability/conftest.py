"""What these tests share: strace, and a prepared folder."""

from pathlib import Path

import pytest

from tests.durability import load, strace


@pytest.fixture(autouse=True, scope="session")
def _strace_works() -> None:
    if strace.missing():
        pytest.skip(strace.missing())


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The load's working folder, to be copied."""
    folder = tmp_path_factory.mktemp("load") / "county"
    load.prepare(folder)
    return folder
