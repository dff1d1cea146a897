"""The codes of case work with their words: refusals, returns, causes to wait, methods, what only leaders decide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a matter is not accepted, and where else it belongs: both as the citizen reads them."""

    reason: str
    where: str


@dataclass(frozen=True, slots=True)
class LeaderKind:
    """A kind of matter that a leader decides in person (亲自批转)."""

    name: str
    words: tuple[str, ...]
    with_accusation: bool


@dataclass(frozen=True, slots=True)
class Codes:
    """From `config/cases.toml`."""

    refusals: Mapping[str, Refusal]
    returns: Mapping[str, str]
    causes: Mapping[str, str]
    methods: Mapping[str, str]  # name -> what the unit is asked to do
    leader_kinds: tuple[LeaderKind, ...]
    conduct: Mapping[str, int] = field(
        default_factory=dict
    )  # how a unit's conduct is dealt with -> working days for it

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Codes":
        """Every table must be there; a way of handling is needed at least."""
        kinds: Iterable[Mapping[str, Any]] = table["leader"]
        codes = cls(
            refusals={code: Refusal(one["reason"], one["where"]) for code, one in table["refusals"].items()},
            returns=dict(table["returns"]),
            causes=dict(table["causes"]),
            methods=dict(table["methods"]),
            leader_kinds=tuple(
                LeaderKind(one["name"], tuple(one["words"]), bool(one.get("with_accusation"))) for one in kinds
            ),
            conduct=dict(table.get("conduct", {})),
        )
        if not codes.methods:
            raise ValueError("[methods] is empty")
        return codes

    def words(self) -> dict[str, str]:
        """What the codes stand for: of refusals, returns and causes."""
        refusals = {code: one.reason for code, one in self.refusals.items()}
        return refusals | {code: f"{code} {words}" for code, words in self.returns.items()} | dict(self.causes)

    def usual_method(self) -> str:
        """The first way of handling."""
        return next(iter(self.methods))

    def leader_kind(self, text: str, accuses: bool) -> LeaderKind | None:
        """The first kind whose words a text has."""
        return next(
            (
                kind
                for kind in self.leader_kinds
                if (accuses or not kind.with_accusation) and any(word in text for word in kind.words)
            ),
            None,
        )
