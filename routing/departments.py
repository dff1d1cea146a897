"""The units that handle cases, which of them a text complains about, and where their people are reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from roster.phones import Fault, parse


@dataclass(frozen=True, slots=True)
class Department:
    """A unit. `leader` and `liaison` name posts; their numbers are E.164, None where the office gives none."""

    name: str
    aliases: tuple[str, ...]
    leader: str
    liaison: str
    leader_phone: str | None = None
    liaison_phone: str | None = None


@dataclass(frozen=True, slots=True)
class Departments:
    """All units, from `config/departments.toml`."""

    units: tuple[Department, ...]
    supervisor_phone: str | None = None  # of the supervision office (督查室)
    duty_phones: tuple[str, ...] = ()  # of who is on duty, day and night

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Departments":
        """The units in their order. Raises `ValueError` for two of one name, and for what is no number."""
        rows: Iterable[Mapping[str, Any]] = table["department"]
        units = tuple(
            Department(
                row["name"],
                tuple(row.get("aliases", ())),
                row["leader"],
                row["liaison"],
                *(_phone(row, f"{post}_phone", row["name"]) for post in ("leader", "liaison")),
            )
            for row in rows
        )
        names = [unit.name for unit in units]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two departments are called {sorted(twice)}")
        duty = table.get("duty_phone", "")
        on_duty = (
            _phone({"duty_phone": one}, "duty_phone", "值班") for one in ([duty] if isinstance(duty, str) else duty)
        )
        return cls(units, _phone(table, "supervisor_phone", "督查室"), tuple(filter(None, on_duty)))

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


def _phone(row: Mapping[str, Any], key: str, whose: str) -> str | None:
    written = row.get(key, "")
    if not written:
        return None
    number = parse(written)
    if isinstance(number, Fault):
        raise ValueError(f"{whose}的 {key}:{number.reason}")
    return number
