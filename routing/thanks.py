"""Whether a text thanks, or greets, and says nothing else.

Thanks close a case as satisfied and end at "received" where there is none: so whatever else is said must be explained
by the words of thanks themselves. Doubt of any kind ("谢谢你们的不作为", "谢谢,村里又停电了") leaves it to a person.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing.characters import any_of, clauses, plain

A_MATTER = 6  # characters before the thanks from which they end a matter: "村里路灯坏了,来修一下,谢谢"
A_REMARK = 3  # characters of a clause behind the thanks from which it must be explained
A_WISH = 30  # characters from which a wish may have more to say
_JOINED = re.compile(r"[\u3001&+]")  # "感谢县委、县政府": no clause ends here


@dataclass(frozen=True, slots=True)
class Thanks:
    """From `[thanks]` of `config/words.toml`, as patterns over plain text."""

    thanks: re.Pattern[str]
    solved: re.Pattern[str]  # "修好了": what is thanked for
    explained: re.Pattern[str]  # "为", "帮", "快": goes on about what is thanked for
    who: re.Pattern[str]  # "村里人让我": who thanks and whom, says nothing of a matter
    pleas: re.Pattern[str]  # "请", "麻烦": something is wanted
    doubts: re.Pattern[str]  # "不", "还是": not thanks alone
    polite: re.Pattern[str]  # "没想到", "麻烦你们了": is neither
    wishes: re.Pattern[str]  # "新年快乐"
    acknowledged: re.Pattern[str]  # "好的收到": nothing but such words

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Thanks":
        """An office's own file may lack the newer lists."""

        def words(*names: str) -> str:
            return any_of(plain(word) for name in names for word in table.get(name, ()))

        nothing_to_do = any_of(map(plain, (*table["acknowledgements"], *table["greetings"])))
        return cls(
            re.compile(words("words")),
            re.compile(words("solved", "praise")),
            re.compile(words("explained", "praise")),
            re.compile(words("who")),
            re.compile(words("pleas")),
            re.compile(words("negatives", "unsolved", "doubts")),
            re.compile(words("polite")),
            re.compile(words("wishes")),
            re.compile(f"(?:{nothing_to_do})++"),
        )

    def is_thanks(self, text: str) -> bool:
        """True for thanks and nothing else."""
        said = self._without_politeness(text)
        first = self.thanks.search(said)
        if first is None or self.pleas.search(said) or self.doubts.search(said):
            return False
        before, behind = said[: first.start()], said[first.end() :]
        if len(self._matter(before)) >= A_MATTER and self.solved.search(before) is None:
            return False
        own, *others = behind.split("|")
        return self._is_explained(own, A_MATTER) and all(self._is_explained(one, A_REMARK) for one in others)

    def is_acknowledgement(self, text: str) -> bool:
        """True for "好的,收到", "您好", "祝领导新年快乐" and the like."""
        if self.acknowledged.fullmatch(plain(text)):
            return True
        said = self._without_politeness(text)
        wish = self.wishes.search(said)
        if wish is None or len(said) >= A_WISH:
            return False
        if any(one.search(said) for one in (self.thanks, self.pleas, self.doubts)):
            return False
        return all(self._is_explained(one, A_MATTER - 1) for one in said.split("|"))

    def begins(self, text: str) -> bool:
        """True when the first thing said is thanks, whatever follows."""
        return any(self.thanks.search(one) for one in clauses(text)[:1])

    def doubts_praise(self, text: str) -> bool:
        """True when a good word is asked about, denied or scorned: "满意?", "满意个屁", "不是很满意"."""
        return bool(re.search(r"[?\uff1f]", text) or self.doubts.search(self._without_politeness(text)))

    def _without_politeness(self, text: str) -> str:
        """The clauses in plain form with "|" between them."""
        return "|".join(self.polite.sub("", one) for one in clauses(_JOINED.sub("", text)))

    def _matter(self, said: str) -> str:
        """What is left of some words when who thanks whom is left out."""
        return self.who.sub("", self.thanks.sub("", said)).replace("|", "")

    def _is_explained(self, clause: str, most: int) -> bool:
        """True when a clause behind the thanks is no matter of its own."""
        if self.thanks.search(clause) or self.solved.search(clause) or self.acknowledged.fullmatch(clause):
            return True
        left = self._matter(self.wishes.sub("", clause))
        return len(left) < most or (most == A_MATTER and self.explained.search(clause) is not None)
