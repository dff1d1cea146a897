"""What the office decided about texts like this one: the nearest decided cases vote, the more alike the louder.

Nothing is trained apart: the decided cases are the model, so it has learned what was decided a minute ago, and can name
the cases that it goes by. It says how sure it is, and below what the office set it says nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHARPNESS = 2  # a case twice as alike weighs four times as much


@dataclass(frozen=True, slots=True)
class Decided:
    """A case that somebody decided, and how alike its text is."""

    number: str
    likeness: float
    kind: str
    topic: str
    lead: str


@dataclass(frozen=True, slots=True)
class Model:
    """How the nearest cases are asked. From `config/triage.toml`, where each is explained."""

    neighbours: int = 12
    alike: float = 0.05
    least: int = 2
    agree: float = 0.5
    weight: float = 0.6
    trusted: float = 0.8
    many: int = 5
    trusted_weight: float = 2.0

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Model":
        """Raises `ValueError` for shares that are none."""
        model = cls(**table)
        if not (0 < model.alike < 1 and 0 < model.agree <= model.trusted <= 1 and model.least >= 1):
            raise ValueError("[model] alike、agree、trusted 应在 0 与 1 之间,且 agree 不大于 trusted")
        return model


@dataclass(frozen=True, slots=True)
class Vote:
    """What most of the nearest cases had: `votes` of `of` cases, `share` of their weight."""

    value: str
    votes: int
    of: int
    share: float

    def score(self, model: Model) -> float:
        """What it counts beside words: more where many cases speak with one voice."""
        trusted = self.share >= model.trusted and self.votes >= model.many
        return self.share * (model.trusted_weight if trusted else model.weight)


def vote(cases: Iterable[Decided], field: str, model: Model) -> tuple[Vote, ...]:
    """What the nearest cases had in a field, the likeliest first; nothing when too few are near."""
    near = nearest(cases, field, model)
    if len(near) < model.least:
        return ()
    total = sum(map(_weight, near))
    by_value: dict[str, list[Decided]] = {}
    for case in near:
        by_value.setdefault(getattr(case, field), []).append(case)
    votes = [Vote(value, len(mine), len(near), sum(map(_weight, mine)) / total) for value, mine in by_value.items()]
    return tuple(sorted(votes, key=lambda one: (-one.share, one.value)))


def nearest(cases: Iterable[Decided], field: str, model: Model) -> Sequence[Decided]:
    """Those that are alike enough and have something in the field."""
    near = [case for case in cases if case.likeness >= model.alike and getattr(case, field)]
    return sorted(near, key=lambda case: -case.likeness)[: model.neighbours]


def _weight(case: Decided) -> float:
    return float(case.likeness**SHARPNESS)
