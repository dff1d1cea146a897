"""What the options before the noun say."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Where:
    """The working folder, and whose command it is (None: whoever owns the account)."""

    folder: Path
    acting_as: str | None
