"""What of a case may somebody see? The one rule, for screens, programs, search, papers and texts.

A sealed case (保密件) is one whose shield says so, and every report of misconduct. Those who may not know its reporter
read it without who wrote; on a paper and in a text stands its number alone (docs/privacy.md has the whole table).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from routing.cases import Case

SEALED = 2
"""The shield from which a case is kept secret."""
REPORT = "举报"
WITHHELD = "保密件"
OFFICE = frozenset({"operator", "reviewer", "director", "leader", "supervisor"})
"""Roles that work with the cases of all units. Whoever has none of them sees what is with their own unit."""
SEES_REPORTERS = frozenset({"reviewer", "director", "leader"})
"""Roles that see the masked number of who wrote a sealed case."""


class Sight(IntEnum):
    """How much is seen, each with what stands above it."""

    NOTHING = 0  # there is no such case
    NUMBER = 1  # its number, unit, state and dates
    MATTER = 2  # its words without who wrote, who has a pseudonym
    REPORTER = 3  # its words as they came, and the masked number of who wrote


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads: in which roles, of which unit ("" for none)."""

    roles: frozenset[str] = frozenset()
    unit: str = ""

    @classmethod
    def of(cls, roles: Iterable[str], unit: str | None = None) -> "Reader":
        """Of an operator's roles and department."""
        return cls(frozenset(roles), unit or "")

    @property
    def of_unit(self) -> bool:
        """True for people who have no role in the office."""
        return self.roles.isdisjoint(OFFICE)

    def sees(self, case: Case) -> Sight:
        """What this reader sees of a case on a screen, in JSON, by search. Nobody reads what is said of their unit."""
        if self.unit and self.unit in case.accused:
            return Sight.NOTHING
        if self.of_unit:
            return Sight.MATTER if self.unit and self.unit in (case.lead, *case.co_handlers) else Sight.NOTHING
        hidden = sealed(case) and self.roles.isdisjoint(SEES_REPORTERS)
        return Sight.MATTER if hidden else Sight.REPORTER


def sealed(case: Case) -> bool:
    """True for a case that is kept secret."""
    return case.shield >= SEALED or case.kind == REPORT


def on_paper(case: Case) -> Sight:
    """What a paper, a file or a text may say of a case: many read it, and it goes out of the office's hands."""
    return Sight.NUMBER if sealed(case) else Sight.MATTER


def in_public(case: Case) -> Sight:
    """What everybody may read of it."""
    return Sight.NOTHING if sealed(case) or case.accused else Sight.MATTER
