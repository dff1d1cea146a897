"""The units that handle cases, which of them a text complains about, and where the office's people are reached."""

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
class CountyLeader:
    """A county leader who may give instructions by text. Without `kinds` they are asked about every case."""

    name: str
    phone: str
    kinds: tuple[str, ...] = ()  # of `config/cases.toml` [[leader]]

    def decides(self, kind: str | None) -> bool:
        """True when cases of this kind go to them."""
        return not self.kinds or kind in self.kinds


@dataclass(frozen=True, slots=True)
class StaffPost:
    """What somebody is whose number we know: liaison (dept) or head of a unit, a county leader, or on duty."""

    role: str  # dept | head | leader | duty
    whose: str  # the unit's name; the leader's own; 值班
    title: str


ON_DUTY = StaffPost("duty", "值班", "值班人员")


@dataclass(frozen=True, slots=True)
class Departments:
    """All units, from `config/departments.toml`."""

    units: tuple[Department, ...]
    supervisor_phone: str | None = None  # of the supervision office (督查室)
    duty_phones: tuple[str, ...] = ()  # of who is on duty, day and night
    leaders: tuple[CountyLeader, ...] = ()

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
        leaders = tuple(
            CountyLeader(row["name"], number, tuple(row.get("kinds", ())))
            for row in table.get("county_leader", ())
            if (number := _phone(row, "phone", row["name"])) is not None
        )
        return cls(units, _phone(table, "supervisor_phone", "督查室"), tuple(filter(None, on_duty)), leaders)

    def find(self, written: str) -> Department | None:
        """The unit of this name or alias."""
        return next((unit for unit in self.units if written in (unit.name, *unit.aliases)), None)

    def posts(self) -> dict[str, tuple[StaffPost, ...]]:
        """Who texts from which number (E.164). One number may be several posts."""
        found: dict[str, tuple[StaffPost, ...]] = {}
        for unit in self.units:
            for number, role, title in (
                (unit.leader_phone, "head", unit.leader),
                (unit.liaison_phone, "dept", unit.liaison),
            ):
                if number is not None:
                    found[number] = (*found.get(number, ()), StaffPost(role, unit.name, title))
        for leader in self.leaders:
            found[leader.phone] = (*found.get(leader.phone, ()), StaffPost("leader", leader.name, leader.name))
        for number in self.duty_phones:
            found[number] = (*found.get(number, ()), ON_DUTY)
        return found

    def like(self, written: str) -> tuple[Department, ...]:
        """The units that somebody may mean: the one of this name or alias, else all whose name has it, or is in it."""
        exact = self.find(written)
        if exact is not None or not written:
            return (exact,) if exact else ()
        return tuple(
            unit
            for unit in self.units
            if any(written in name or name in written for name in (unit.name, *unit.aliases))
        )

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
