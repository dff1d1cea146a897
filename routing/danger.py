"""Whether a text says that somebody is in danger now.

A danger that was missed may cost a life, one that was invented a call: so single words are enough, and a text stays
dangerous unless what it says is plainly not happening: feared, proposed, long ago, or only a manner of speaking.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from routing.characters import any_of, clauses, plain

GAP = 6  # characters that may stand between the links of a chain, in one sentence: "孩子 掉 进了村东的 井"
NEAR = 5  # characters before a word in which a fear or a manner of speaking must stand to take it back
_SENTENCE = re.compile(r"[。.!?;\uff01\uff1f\uff1b\n]+")


@dataclass(frozen=True, slots=True, eq=False)
class Danger:
    """From `[emergency]` of `config/words.toml`, over plain text in which "|" ends a clause, "||" a sentence."""

    beside: re.Pattern[str]  # "派人": says nothing of people in danger
    told: re.Pattern[str]  # words, and chains of words
    supposed: re.Pattern[str]  # "万一", "去年": before it in the same clause
    feared: re.Pattern[str]  # "怕", "容易": just before it
    likened: re.Pattern[str]  # "似的", "隐患": just behind it
    spoken_of: re.Pattern[str]  # "演练", "建议": anywhere
    now: re.Pattern[str]  # "快来", "救救": anywhere, takes all of these back

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Danger":
        """An office's own file may hold `words` alone: then every one of them is danger."""

        def words(name: str) -> str:
            return any_of(map(plain, table.get(name, ())))

        chains = [
            rf"(?:(?!\|\|).){{0,{GAP}}}?".join(f"(?:{any_of(map(plain, link.split('|')))})" for link in chain)
            for chain in table.get("chains", ())
        ]
        return cls(
            re.compile(words("beside")),
            re.compile("|".join([words("words"), *chains])),
            re.compile(rf"(?:{words('supposed')}|(?:19|20)\d\d年)[^|]*$"),
            re.compile(rf"(?:{words('feared')})[^|]{{0,{NEAR}}}$"),
            re.compile(words("likened")),
            re.compile(words("spoken_of")),
            re.compile(words("now")),
        )

    @lru_cache(maxsize=16)  # noqa: B019 - every rule about a text asks first; a county has one of these
    def is_told(self, text: str) -> bool:
        """True when somebody may be in danger."""
        said = "||".join("|".join(self.beside.sub("", one) for one in clauses(part)) for part in _SENTENCE.split(text))
        found = [*self.told.finditer(said)]
        if not found or self.now.search(said):
            return bool(found)
        return not all(self._taken_back(said, one) for one in found)

    def _taken_back(self, said: str, found: re.Match[str]) -> bool:
        before, behind = said[: found.start()], said[found.end() :]
        if self.supposed.search(before) or self.likened.match(behind):
            return True
        happened = behind.startswith("了") or found[0].endswith("了")
        return not happened and bool(self.feared.search(before) or self.spoken_of.search(said))
