"""A sample drawn again by somebody who has the list, the seed and docs/supervision.md, and nothing of the program."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence


class Lot:
    """What everything is ordered by, and what follows from it."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def __call__(self, name: str) -> str:
        return hashlib.sha256(f"{self.seed}:{name}".encode()).hexdigest()

    def draw(self, groups: Mapping[str, str], size: int) -> list[str]:
        """Of names by their groups: of each group its share, the first of it."""
        sizes, size = Counter(groups.values()), min(size, len(groups))
        given = {name: size * many // len(groups) for name, many in sizes.items()}
        by_rest = sorted(sizes, key=lambda name: (-(size * sizes[name] % len(groups)), self(name)))
        for name in by_rest[: size - sum(given.values())]:
            given[name] += 1
        members = {name: sorted((one for one in groups if groups[one] == name), key=self) for name in sizes}
        return sorted((one for name in sizes for one in members[name][: given[name]]), key=self)

    def allot(
        self, drawn: Sequence[str], panel: Mapping[str, str], barred: Mapping[str, set[str]]
    ) -> list[tuple[str, str]]:
        """(case, evaluator): whoever has the fewest, of those (name -> their unit) who are of none of its units."""
        load: Counter[str] = Counter()
        found = []
        for number in drawn:
            fit = [name for name, unit in panel.items() if not unit or unit not in barred[number]]
            name = min(fit, key=lambda name: (load[name], self(f"{number}:{name}")))
            load[name] += 1
            found.append((number, name))
        return found
