"""A case's history: what a step writes down, and the case that the entries give when they are played again.

Every entry holds the fields that changed (`data["set"]`), so a case as of any past moment is the fold of its entries
up to then, and the stored row is never more than that fold. Moments are milliseconds since 1970 UTC, as rows hold them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from roster.tables import milliseconds, moment
from routing.cases import KEPT, Case, CaseState

STATES = {state.value: state for state in CaseState}
"""States by their names: the same as `CaseState(name)`, and cheaper where thousands are read."""
_MOMENTS = frozenset({"created_at", "since", "assigned_at", "surveyed_at", "closed_at"})
_LISTS = frozenset({"accused", "co_handlers", "assigners"})
_FLAGS = frozenset({"incomplete", "ruled"})
AS_WRITTEN = tuple(name for name in KEPT if name in {"state", *_MOMENTS, *_LISTS, *_FLAGS})
"""The fields that a row does not hold as a case does."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's history."""

    at: datetime
    event: str
    actor: str
    role: str
    from_state: str | None
    to_state: str
    reason: str
    text_id: int | None
    message_id: int | None
    data: Mapping[str, Any]


def changes(before: Case | None, after: Case) -> dict[str, Any]:
    """The fields that differ, as JSON; all of them when there was no case before."""
    return {
        name: written(getattr(after, name))
        for name in KEPT
        if before is None or getattr(before, name) != getattr(after, name)
    }


def replay(opened: Case, entries: Iterable[Entry]) -> Case:
    """The case that these entries give. Of `opened` only the fields that never change are taken."""
    given: dict[str, Any] = {one.name: one.default for one in fields(Case) if one.name in KEPT}
    for entry in entries:
        given |= entry.data.get("set", {})
    return replace(opened, **{name: read_field(name, value) for name, value in given.items()})


def written(value: Any) -> Any:
    """A field of a case as JSON has it."""
    if value is None or isinstance(value, str):  # most are
        return value
    if isinstance(value, datetime):
        return milliseconds(value)
    return list(value) if isinstance(value, tuple) else value


def read_field(name: str, value: Any) -> Any:
    """A field of a case from what `written` made of it, or from a driver's plain row."""
    if name == "state":
        return STATES[value]
    if name in _LISTS:
        return () if value == "[]" else tuple(json.loads(value) if isinstance(value, str) else value)
    if name in _FLAGS:
        return bool(value)
    return moment(value) if name in _MOMENTS and value is not None else value
