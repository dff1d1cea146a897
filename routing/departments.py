"""The units that handle cases, and which of them a text complains about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Department:
    """A unit. `leader` and `liaison` name posts."""

    name: str
    aliases: tuple[str, ...]
    leader: str
    liaison: str


@dataclass(frozen=True, slots=True)
class Departments:
    """All units, from `config/departments.toml`."""

    units: tuple[Department, ...]

    @classmethod
    def from_toml(cls, table: Mapping[str, Iterable[Mapping[str, Any]]]) -> "Departments":
        """The units in their order; two of one name are refused."""
        units = tuple(
            Department(row["name"], tuple(row.get("aliases", ())), row["leader"], row["liaison"])
            for row in table["department"]
        )
        names = [unit.name for unit in units]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two departments are called {sorted(twice)}")
        return cls(units)

    def find(self, written: str) -> Department | None:
        """The unit of this name or alias."""
        return next((unit for unit in self.units if written in (unit.name, *unit.aliases)), None)

    def named_in(self, text: str) -> tuple[str, ...]:
        """The units that a text names, in full or by an alias of at least three characters."""
        return tuple(
            unit.name
            for unit in self.units
            if any(len(name) >= 3 and name in text for name in (unit.name, *unit.aliases))
        )
