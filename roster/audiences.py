"""Who a notice is for: a choice of informants by category, township, village and carrier, or named people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """An empty tuple means "all". `persons`, when given, limits the choice to these people (a resend).

    A `staff` list are people of the units, informants or not, always by `persons`.
    """

    categories: tuple[str, ...] = ()
    townships: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    persons: tuple[int, ...] | None = None
    staff: bool = False

    def as_json(self) -> dict[str, Any]:
        """What the store keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Audience":
        """What the store kept."""
        persons = kept.get("persons")
        return cls(
            categories=tuple(kept.get("categories", ())),
            townships=tuple(kept.get("townships", ())),
            villages=tuple(kept.get("villages", ())),
            carriers=tuple(kept.get("carriers", ())),
            persons=None if persons is None else tuple(persons),
            staff=bool(kept.get("staff")),
        )

    def describe(self) -> str:
        """In the words of the office."""
        if self.persons is not None:
            return f"{'工作人员' if self.staff else '指定的'}{len(self.persons)}人"
        named = (("类别", self.categories), ("乡镇", self.townships), ("村", self.villages), ("运营商", self.carriers))
        return ";".join(f"{label}:{'、'.join(values)}" for label, values in named if values) or "全体信息员"
