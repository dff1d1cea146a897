"""The ways by which matters come, as codes with the office's names for them."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routing.cases import INTERNAL, SMS


@dataclass(frozen=True, slots=True)
class Channels:
    """From `config/channels.toml`."""

    labels: Mapping[str, str]
    _written: Mapping[str, str]

    @classmethod
    def from_toml(cls, table: Mapping[str, Mapping[str, Iterable[str]]]) -> "Channels":
        """Raises `ValueError` for a channel without a name, and when one that the system uses is missing."""
        given = {code: tuple(names) for code, names in table["channels"].items()}
        nameless = [code for code, names in given.items() if not names or not all(names)]
        if nameless:
            raise ValueError(f"channel {nameless[0]} has no name")
        if missing := {SMS, INTERNAL} - given.keys():
            raise ValueError(f"channel {min(missing)} is missing")
        written = {_plain(name): code for code, names in given.items() for name in (code, *names)}
        return cls({code: names[0] for code, names in given.items()}, written)

    def find(self, written: str) -> str | None:
        """The code of what somebody wrote: code, name or another way of writing it."""
        return self._written.get(_plain(written))

    def label(self, code: str) -> str:
        """What the office calls it; a code that is no longer on the list as it is."""
        return self.labels.get(code, code)

    def brought(self) -> tuple[str, ...]:
        """Codes of the ways that somebody enters at the desk."""
        return tuple(code for code in self.labels if code not in (SMS, INTERNAL))


def _plain(written: str) -> str:
    return unicodedata.normalize("NFKC", written).strip().lower()
