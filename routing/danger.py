"""Whether a text says that somebody is in danger now.

A danger that was missed may cost a life, one that was invented a call. Some words are enough alone; no list holds
all of them. Any other danger is told by two signs close together: what shows on a body, holds, happens or attacks, and
whom it befalls or that it goes on. A text stays dangerous unless what it says is plainly not happening: feared,
proposed, long ago, over, or only a manner of speaking. Two signs are none beside the words of an ordinary matter.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from routing.characters import any_of, clauses, plain

GAP = 6  # characters that may stand between the links of a chain, in one sentence: "孩子 掉 进了村东的 井"
NEAR = 5  # characters before a word in which a fear or a manner of speaking must stand to take it back
LOOSE = 4  # characters that "…" in a word stands for at most, in one clause: "被 … 咬"
REACH = 30  # characters within which two signs belong together
_SENTENCE = re.compile(r"[。.!?;\uff01\uff1f\uff1b\n]+")


@dataclass(frozen=True, slots=True, eq=False)
class Danger:
    """From `[emergency]` of `config/words.toml`, over plain text in which "|" ends a clause, "||" a sentence."""

    beside: re.Pattern[str]  # "派人": says nothing of people in danger
    told: re.Pattern[str]  # words, and chains of words
    signs: Mapping[str, re.Pattern[str]]  # kind -> its words: "caught", "who"
    together: Sequence[tuple[str, str]]  # two kinds that are danger close together
    matter: re.Pattern[str]  # "啥时候", "没人管": anywhere, takes signs back
    supposed: re.Pattern[str]  # "万一", "去年": before it in the same clause
    feared: re.Pattern[str]  # "怕", "容易": just before it
    likened: re.Pattern[str]  # "似的", "隐患": just behind it
    spoken_of: re.Pattern[str]  # "演练", "建议": anywhere
    over: re.Pattern[str]  # "扑灭", "虚惊": anywhere, even where it has happened
    now: re.Pattern[str]  # "快来", "救救": anywhere, takes back all of these but `matter`

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Danger":
        """An office's own file may hold `words` alone: then every one of them is danger."""

        def words(name: str) -> str:
            return _one_of(table.get(name, ()))

        chains = [
            rf"(?:(?!\|\|).){{0,{GAP}}}?".join(f"(?:{any_of(map(plain, link.split('|')))})" for link in chain)
            for chain in table.get("chains", ())
        ]
        kinds = {kind: re.compile(_one_of(listed)) for kind, listed in table.get("signs", {}).items()}
        pairs = [(one, other) for one, others in table.get("together", {}).items() for other in others]
        if unknown := {kind for pair in pairs for kind in pair} - {*kinds}:
            raise ValueError(f"[emergency.together] 中的 {'、'.join(sorted(unknown))} 在 [emergency.signs] 中没有词")
        return cls(
            re.compile(words("beside")),
            re.compile("|".join([words("words"), *chains])),
            kinds,
            pairs,
            re.compile(words("matter")),
            re.compile(rf"(?:{words('supposed')}|(?:19|20)\d\d年)[^|]*$"),
            re.compile(rf"(?:{words('feared')})[^|]{{0,{NEAR}}}$"),
            re.compile(words("likened")),
            re.compile(words("spoken_of")),
            re.compile(words("over")),
            re.compile(words("now")),
        )

    @lru_cache(maxsize=16)  # noqa: B019 - every rule about a text asks first; a county has one of these
    def is_told(self, text: str) -> bool:
        """True when somebody may be in danger."""
        said = "||".join("|".join(self.beside.sub("", one) for one in clauses(part)) for part in _SENTENCE.split(text))
        now = bool(self.now.search(said))
        if not now and self.over.search(said):
            return False
        if any(now or not self._taken_back(said, one) for one in self.told.finditer(said)):
            return True
        return not (self.matter.search(said) or self.spoken_of.search(said)) and self._signs_together(said, now)

    def _signs_together(self, said: str, now: bool) -> bool:
        found: dict[str, list[tuple[int, int]]] = {}

        def spans(kind: str) -> list[tuple[int, int]]:
            if kind not in found:
                every = self.signs[kind].finditer(said)
                found[kind] = [one.span() for one in every if now or not self._taken_back(said, one)]
            return found[kind]

        return any(_close(*sorted((a, b))) for one, other in self.together for a in spans(one) for b in spans(other))

    def _taken_back(self, said: str, found: re.Match[str]) -> bool:
        before, behind = said[: found.start()], said[found.end() :]
        if self.supposed.search(before) or self.likened.match(behind):
            return True
        happened = behind.startswith("了") or found[0].endswith("了")
        return not happened and bool(self.feared.search(before) or self.spoken_of.search(said))


def _one_of(words: Iterable[str]) -> str:
    """A pattern for one of these words, the longest first. A blank joins parts, "|" stands between parts that say the
    same, "…" for a few characters: "被|让 … 咬|撞" is 被狗咬 and 让车撞."""
    split = [word.split() for word in words]
    spelled = {(first, *rest) for parts in split if parts for first, *rest in [parts] for first in first.split("|")}
    longest_first = sorted(spelled, key=lambda parts: (-len("".join(parts)), parts))
    return "|".join("".join(map(_part, parts)) for parts in longest_first) or r"(?!)"


def _part(part: str) -> str:
    return rf"[^|]{{0,{LOOSE}}}?" if part == "…" else f"(?:{any_of(map(plain, part.split('|')))})"


def _close(first: tuple[int, int], then: tuple[int, int]) -> bool:
    """Neither holds the other, and both stand within reach."""
    return first[1] <= then[0] and then[1] - first[0] <= REACH
