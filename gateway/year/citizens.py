"""The county's people: they text what the script says, and go on when a text of ours has reached their phone."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from gateway import resources
from gateway.year.county import County
from gateway.year.phones import Got
from gateway.year.script import Ballot, Later, Matter, Remark, Saying
from gateway.year.truth import Sent, Truth
from roster.networks import carrier_of

When = Callable[[float, Callable[[], None]], None]
"""Have something done at a moment."""
READ = tuple(f"T{n}" for n in (*range(1, 14), *range(15, 25)))
ACKNOWLEDGED = ("T1", "T20")


class Citizens:
    """Everybody with a phone."""

    def __init__(self, county: County, truth: Truth, homes: Mapping[str, str], when: When) -> None:
        self._county, self._truth, self._homes, self._when = county, truth, homes, when
        self._prefixes = county.prefixes
        self._patterns = _patterns(resources.messages(county.settings), county.settings.values.signature)
        self._untold: dict[str, list[Matter]] = {}  # by phone: matters whose number the reporter does not know yet
        self._matters: dict[str, Matter] = {}  # by case number
        self.heard: dict[int, Counter[str]] = {}  # a matter's serial -> our texts about it, by template
        self.unread: list[Got] = []  # what fits no template
        self.notice = ""  # the digits under which the latest notice came
        county.phones.reader = self._read

    def open(self, matter: Matter) -> None:
        """Tell a matter, as a reply to the latest notice: that is how it stands on the phone."""
        self.expect(matter)
        self._text(matter.number, matter.opening, matter, self.notice, "")

    def expect(self, matter: Matter) -> None:
        """A matter was told: the next number that we give is its number."""
        if matter.number:
            self._untold.setdefault(matter.number, []).append(matter)

    def say(self, remark: Remark) -> None:
        """Something about no matter."""
        self._text(remark.number, remark.saying, None, self.notice, "")

    def vote(self, ballot: Ballot, poll: int, extension: str) -> None:
        """Answer a poll."""
        self._text(ballot.number, ballot.saying, None, extension, "", poll)

    def _text(self, number: str, saying: Saying, matter: Matter | None, extension: str, no: str, poll: int = 0) -> None:
        shape, now = saying.shape, self._county.now()
        words = saying.words.replace("{no}", no)
        home = self._homes.get(number) or carrier_of(f"+86{number}", None, None, self._prefixes, now).carrier
        said = saying if words == saying.words else Saying(saying.serial, saying.fate, words, saying.value, shape)
        self._truth.sends(number, Sent(said, matter, poll))
        self._county.carriers[home].text(
            f"86{number}",
            words,
            extension="" if shape.bare else extension,
            order=list(shape.order) or None,
            missing=list(shape.missing),
            twice=shape.twice,
        )

    def _read(self, got: Got) -> None:
        """A text of ours: about which matter, and what it makes them text."""
        read = ((name, pattern.fullmatch(got.words)) for name, pattern in self._patterns.items())
        name, found = next(((name, match) for name, match in read if match), ("", None))
        if found is None:
            self.unread.append(got)
            return
        no = found.groupdict().get("no", "")
        if name in ACKNOWLEDGED and self._untold.get(got.number):
            self._matters[no] = self._untold[got.number].pop(0)
        matter = self._matters.get(no)
        if name == "T3":  # it names the case that this one was merged with
            matter = next((one for one in reversed(self._matters.values()) if one.number == got.number), None)
        if matter is None:
            return
        self.heard.setdefault(matter.serial, Counter())[name] += 1
        later = {"T5": matter.told, "T10": matter.asked, "T11": matter.thanked}.get(name)
        if later is not None and self.heard[matter.serial][name] == 1:
            self._answer(matter, later, got.extension, no)

    def _answer(self, matter: Matter, later: Later, extension: str, no: str) -> None:
        text = partial(self._text, matter.number, later.saying, matter, extension, no)
        self._when(self._county.loop.time() + later.after, text)


def _patterns(messages: Mapping[str, str], signature: str) -> dict[str, re.Pattern[str]]:
    """How each of our texts looks."""
    found = {}
    for name in READ:
        words = re.escape(signature + messages[name])
        found[name] = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", words), re.DOTALL)
    return found
