"""Which of the office's ready answers (知识库) fits a question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.words import plain


@dataclass(frozen=True, slots=True)
class Answer:
    """A ready answer. Its number stays its own for ever."""

    no: int
    topic: str
    title: str
    words: tuple[str, ...]
    reply: str


@dataclass(frozen=True, slots=True)
class Found:
    """An answer that fits, and the words of the question for which it does."""

    answer: Answer
    score: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """From `config/answers.toml`."""

    all: tuple[Answer, ...]

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> "Answers":
        """Raises `ValueError` for two of one number, and for an answer that says nothing or is found by nothing."""
        rows: Iterable[Mapping[str, Any]] = table.get("answer", ())
        answers = tuple(
            Answer(row["no"], row["topic"], row["title"], tuple(row["words"]), row["reply"].strip()) for row in rows
        )
        numbers = [one.no for one in answers]
        twice = sorted({no for no in numbers if numbers.count(no) > 1})
        if twice:
            raise ValueError(f"编号 {twice[0]} 用了两次")
        empty = next((one for one in answers if not (one.reply and any(map(plain, one.words)))), None)
        if empty is not None:
            raise ValueError(f"第 {empty.no} 条没有答复内容或词语")
        return cls(answers)

    def by_number(self, no: int) -> Answer | None:
        """The answer of this number."""
        return next((one for one in self.all if one.no == no), None)

    def find(self, question: str, most: int = 3) -> Sequence[Found]:
        """The answers whose words, or whose title, the question has: the most characters of them first."""
        said = plain(question)
        found = []
        for answer in self.all:
            words = [word for word in map(plain, (answer.title, *answer.words)) if word and word in said]
            words = list(dict.fromkeys(words))
            if words:
                found.append(Found(answer, sum(map(len, words)), tuple(words)))
        return sorted(found, key=lambda one: (-one.score, one.answer.no))[:most]
