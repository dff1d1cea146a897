"""What a script of a year holds: who texts what when, and what the office will do about it. Values only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from gateway.year.figures import Fate, Figures


@dataclass(frozen=True, slots=True)
class Shape:
    """How a text travels: its parts in order, some missing, all twice, without the digits it was sent to."""

    order: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    twice: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Saying:
    """A text. `{no}` in its words is the number of the case that it is about."""

    serial: int
    fate: Fate
    words: str
    value: int = 0  # of a rating
    shape: Shape = Shape()


@dataclass(frozen=True, slots=True)
class Course:
    """What the office does about a matter. `days` are working days from the assignment to the reply."""

    kind: str = ""
    topic: str = ""
    place: str = ""
    lead: str = ""
    co: tuple[str, ...] = ()
    method: str = ""
    days: int | None = None  # None: not answered in this year
    suspended: bool = False
    silent: bool = False  # the unit never signs: the system does
    slow_leader: bool = False  # the director has to delegate
    sent_back: str = ""  # the gate that fails the first time
    reply: str = ""
    outcome: str = ""
    code: str = ""
    urgency: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """What somebody texts so many seconds after a text of ours has arrived."""

    after: float
    saying: Saying


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that somebody turns to the office with. `number` is empty where no phone is known."""

    serial: int
    at: datetime
    number: str
    channel: str  # sms, or how else it came
    opening: Saying
    course: Course
    master: int | None = None  # the matter that it repeats
    told: Later | None = None  # when we have said who has it
    asked: Later | None = None  # when we ask for a rating
    thanked: Later | None = None  # when we have thanked for it


@dataclass(frozen=True, slots=True)
class Remark:
    """A text that is about no matter."""

    at: datetime
    number: str
    saying: Saying


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote, so many seconds after the poll was sent."""

    after: float
    number: str
    saying: Saying


@dataclass(frozen=True, slots=True)
class Announcement:
    """A notice. `villages` limits it; a poll asks."""

    at: datetime
    topic: str
    title: str
    body: str
    villages: tuple[str, ...] = ()
    until: date | None = None  # a poll's last day
    votes: tuple[Ballot, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """The year."""

    start: datetime
    end: datetime
    figures: Figures
    matters: tuple[Matter, ...]
    remarks: tuple[Remark, ...]
    announcements: tuple[Announcement, ...]
    off: tuple[datetime, datetime]  # when some phones are off

    def sayings(self) -> Iterator[Saying]:
        """Every text that anybody sends, ratings among them."""
        for matter in self.matters:
            if matter.channel == "sms":
                yield matter.opening
            yield from (one.saying for one in (matter.told, matter.asked, matter.thanked) if one is not None)
        yield from (remark.saying for remark in self.remarks)
        yield from (vote.saying for one in self.announcements for vote in one.votes)
