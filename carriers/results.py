"""What a carrier's result codes mean for a part: the tables of `config/results.toml` as values.

A code that no table knows keeps its raw form and counts as temporary: it is tried again a few times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carriers.events import Verdict

KINDS = frozenset(verdict.value for verdict in Verdict)
UNREAD = -1  # the status of an answer that ends before its status: no carrier sends it
_ALWAYS = {0: Verdict.ACCEPTED, UNREAD: Verdict.UNCERTAIN}


class ResultsWrong(ValueError):
    """A table of result codes that cannot be used. The message names the key."""


@dataclass(frozen=True, slots=True)
class Results:
    """One protocol's codes. `answers` are those of a submit's answer, `reports` those of a delivery receipt."""

    answers: Mapping[int, Verdict] = field(default_factory=lambda: _ALWAYS)
    reports: Mapping[str, Verdict] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)  # what people call an answer's code

    def verdict(self, status: int) -> Verdict:
        """What an answer to a submit means."""
        return self.answers.get(status, Verdict.TEMPORARY)

    def name(self, status: int) -> str:
        """An answer's code for people: the code and, where the table has one, its name."""
        return "应答不完整" if status == UNREAD else f"{status} {self.names.get(status, '')}".strip()

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> "Results":
        """From one table of the file. Raises `ResultsWrong` with the path of what is wrong."""
        unknown = table.keys() - {"answers", "reports", "names"}
        if unknown:
            raise ResultsWrong(f"{where}.{min(unknown)}: only answers, reports and names are known")
        answers = _by_code(table.get("answers", {}), f"{where}.answers", int)
        reports = _by_code(table.get("reports", {}), f"{where}.reports", str)
        if answers.get(0, Verdict.ACCEPTED) is not Verdict.ACCEPTED:
            raise ResultsWrong(f"{where}.answers: 0 is success in every protocol")
        names = table.get("names", {})
        try:
            named = {int(code, 0): str(name) for code, name in names.items()}
        except ValueError as wrong:
            raise ResultsWrong(f"{where}.names: {wrong}") from None
        return cls(_ALWAYS | answers, reports, named)


def _by_code(kinds: Any, where: str, code_type: type[Any]) -> dict[Any, Verdict]:
    """{"throttled": [8, 11]} to {8: THROTTLED, 11: THROTTLED}; a code stands in one list only."""
    found: dict[Any, Verdict] = {}
    if not isinstance(kinds, Mapping):
        raise ResultsWrong(f"{where}: a table of lists is wanted")
    for kind, codes in kinds.items():
        if kind not in KINDS or not isinstance(codes, list):
            raise ResultsWrong(f"{where}.{kind}: wanted are lists named {', '.join(sorted(KINDS))}")
        for code in codes:
            if not isinstance(code, code_type) or isinstance(code, bool):
                raise ResultsWrong(f"{where}.{kind}: {code!r} is not a code")
            if code in found:
                raise ResultsWrong(f"{where}.{kind}: {code!r} stands in {found[code].value}, too")
            found[code] = Verdict(kind)
    return found
