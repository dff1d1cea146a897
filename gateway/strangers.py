"""Does a text read as if somebody else than the informant wrote it? Words only; `roster.suspicion` weighs the rest."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from routing.words import plain


@dataclass(frozen=True, slots=True)
class Strangers:
    """How somebody writes who is not our informant. From `config/numbers.toml`, brought to plain form.

    `denials` count when the informant's own name follows; both only in a text of at most `longest` characters.
    """

    phrases: re.Pattern[str]
    denials: re.Pattern[str]
    longest: int

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Strangers":
        """From the table `strangers`. Raises `ValueError` for a word that is nothing but blanks and punctuation."""
        longest = table["longest"]
        if not isinstance(longest, int) or longest < 1:
            raise ValueError("strangers.longest 应为正整数")
        return cls(_any_of("phrases", table["phrases"]), _any_of("denials", table["denials"]), longest)

    def may_write(self, text: str) -> bool:
        """True when the text could be a stranger's; `writes` decides, and wants the informant's name."""
        said = plain(text)
        return len(said) <= self.longest and bool(self.phrases.search(said) or self.denials.search(said))

    def writes(self, text: str, name: str) -> bool:
        """True when this is written by somebody else than the informant of this name."""
        said, whose = plain(text), plain(name)
        if len(said) > self.longest:
            return False
        denied = any(said.startswith(whose, word.end()) for word in self.denials.finditer(said))
        return bool(self.phrases.search(said)) or denied


def _any_of(key: str, words: Iterable[str]) -> re.Pattern[str]:
    """Any of these words, the longest first: the name must follow the whole of one."""
    bare = sorted(map(plain, words), key=len, reverse=True)
    if not bare or not bare[-1]:
        raise ValueError(f"strangers.{key} 为空,或其中有不是词语的")
    return re.compile("|".join(map(re.escape, bare)))
