"""The texts that citizens get, T1 and on, filled in and measured."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

ONE_SMS, ONE_PART = 70, 67  # UTF-16 units of one SMS, and of one part of a longer one
MOST_PARTS = {"T6": 4, "D1": 2, "D2": 2, "U2": 3, "U3": 2, "U4": 6, "U5": 4, "U7": 3}


class TooLong(Exception):
    """A text does not fit the parts it may take."""


@dataclass(frozen=True, slots=True)
class Texts:
    """From `config/messages.toml`, with the office's signature."""

    templates: Mapping[str, str]
    signature: str

    def fill(self, name: str, **fields: str) -> str:
        """The text with its signature. A value is put in as it is: braces in it mean nothing."""
        body = re.sub(r"\{(\w+)\}", lambda match: fields[match[1]], self.templates[name])
        return self.signature + body

    def checked(self, name: str, **fields: str) -> str:
        """The same, or `TooLong` when it takes more parts than this text may."""
        text = self.fill(name, **fields)
        most = MOST_PARTS.get(name, 1)
        if parts(text) > most:
            raise TooLong(f"{name}有{units(text)}字,最多{most}条短信({ONE_SMS if most == 1 else most * ONE_PART}字)")
        return text

    def fitted(self, name: str, free: str, **fields: str) -> str:
        """The text with its free field cut so far that it takes no more parts than it may."""
        most = MOST_PARTS.get(name, 1)
        room = (ONE_SMS if most == 1 else most * ONE_PART) - units(self.fill(name, **{**fields, free: ""}))
        words = fields[free]
        while units(words) > max(room, 1):
            words = words[: -max((units(words) - room) // 2, 2)] + "…"
        return self.fill(name, **{**fields, free: words})

    def beginnings(self) -> frozenset[str]:
        """How our own texts begin: what begins so is an echo of ours."""
        return frozenset({self.signature})


@dataclass(frozen=True, slots=True)
class Measured:
    """A template filled with the longest that its fields can be. `free` is the field that people write themselves."""

    name: str
    text: str
    length: int  # UTF-16 units, signature and all, the free field empty
    free: str | None
    room: int  # what is left, for the free field where there is one

    @property
    def fits(self) -> bool:
        """True when it takes no more parts than it may, and leaves people something to write."""
        return self.room >= (LEAST_ROOM if self.free else 0)


LEAST_ROOM = 8
FREE = {
    "T2": "question",
    "T6": "text",
    "T7": "reason",
    "T8": "text",
    "T13": "text",
    "T14": "q",
    "D1": "text",
    "D2": "text",
} | (dict.fromkeys(("U2", "U3", "U4", "U5", "U7"), "text"))
"""Fields that people write: how long they are is checked when they are written."""


def measure(texts: Texts, longest: Mapping[str, Mapping[str, str]]) -> list[Measured]:
    """Every template with `longest[name]`, or `longest[""]` for all names, put into its fields."""
    found = []
    for name in texts.templates:
        free = FREE.get(name)
        fields = {**longest[""], **longest.get(name, {})}
        text = texts.fill(name, **{**fields, free: ""} if free else fields)
        parts_allowed = MOST_PARTS.get(name, 1)
        most = ONE_SMS if parts_allowed == 1 else parts_allowed * ONE_PART
        found.append(Measured(name, text, units(text), free, most - units(text)))
    return found


def units(text: str) -> int:
    """Length as an SMS counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parts(text: str) -> int:
    """How many SMS it takes."""
    length = units(text)
    return 1 if length <= ONE_SMS else -(-length // ONE_PART)
