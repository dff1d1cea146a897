"""How much of everything happens in the year? The papers' figures, and the same on a smaller scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from roster import generator


class Fate(StrEnum):
    """What becomes of a text in the end."""

    ASSIGNED = "交办"
    ADOPTED = "建议采用"
    KEPT = "建议留存"
    ANSWERED = "直接答复"
    FOLLOW_UP = "补充追问"
    THANKS = "感谢"
    MERGED = "重复并案"
    REJECTED = "不予受理"
    COMMAND = "指令退订"
    NOISE = "无需办理"
    RATING = "评价"  # answers to our surveys and polls are not among the texts of the year's table
    VOTE = "投票"


ANSWERS = frozenset({Fate.RATING, Fate.VOTE})
MATTERS = (Fate.ASSIGNED, Fate.ADOPTED, Fate.KEPT, Fate.ANSWERED, Fate.MERGED, Fate.REJECTED)
"""Fates of texts that open a case."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one year. `assigned`, `closed`, `texts` and the like are sums."""

    people: int
    topics: tuple[int, ...]  # notices by topic, in the order of `notices.TOPICS`
    votes: tuple[tuple[int, ...], ...]  # by poll: for each option
    green: int  # assigned and closed: answered in time
    yellow: int
    red: int
    open_green: int  # assigned and open at the end of the year
    open_yellow: int
    open_red: int
    fates: Mapping[Fate, int]  # all but ASSIGNED and COMMAND
    commands: Mapping[str, int]  # all but TD: that many as the roster plants
    channels: Mapping[str, int]
    satisfied: int
    basically: int
    dissatisfied: int
    long: int  # texts of two to five parts
    disordered: int  # of them
    incomplete: int
    doubled: int
    bare: float = 0.2  # share of texts without the extension digits

    @property
    def notices(self) -> int:
        """All notices."""
        return sum(self.topics)

    @property
    def closed(self) -> int:
        """Assigned and closed."""
        return self.green + self.yellow + self.red

    @property
    def still_open(self) -> int:
        """Assigned and open."""
        return self.open_green + self.open_yellow + self.open_red

    @property
    def assigned(self) -> int:
        """Assigned in all."""
        return self.closed + self.still_open

    @property
    def rated(self) -> int:
        """Answers to the surveys of the closed cases."""
        return self.satisfied + self.basically + self.dissatisfied

    def of(self, fate: Fate, opting_out: int) -> int:
        """How many texts have a fate."""
        if fate is Fate.ASSIGNED:
            return self.assigned
        return sum(self.commands.values()) + opting_out if fate is Fate.COMMAND else self.fates[fate]


FULL = Figures(
    people=generator.ACCEPTED,
    topics=(14, 7, 15, 11, 10, 10, 9, 9),
    votes=((26, 61, 9), (12, 44, 6), (50, 18, 10), (58, 6, 8), (66, 4, 5), (31, 29, 12)),
    green=240,
    yellow=17,
    red=3,
    open_green=38,
    open_yellow=10,
    open_red=2,
    fates={
        Fate.ADOPTED: 68,
        Fate.KEPT: 182,
        Fate.ANSWERED: 154,
        Fate.FOLLOW_UP: 126,
        Fate.THANKS: 74,
        Fate.MERGED: 96,
        Fate.REJECTED: 21,
        Fate.NOISE: 18,
    },
    commands={"CX": 7, "KT": 3, "BZ": 2, "SS": 1},
    channels={"forum": 70, "mailbox": 92, "tieba": 23},
    satisfied=120,
    basically=48,
    dissatisfied=18,
    long=180,
    disordered=36,
    incomplete=12,
    doubled=9,
)


def scaled(scale: float, full: Figures = FULL) -> Figures:
    """The same year with fewer people and texts; what there was any of, there still is at least one of."""

    def some(count: int) -> int:
        return max(1, round(count * scale)) if count else 0

    if scale == 1:
        return full
    green, yellow, red = some(full.green), some(full.yellow), some(full.red)
    closed = green + yellow + red
    dissatisfied, basically = some(full.dissatisfied), some(full.basically)
    satisfied = max(1, min(some(full.satisfied), closed - dissatisfied - basically - 1))
    return Figures(
        people=max(200, round(full.people * scale)),
        topics=tuple(max(1, round(count * scale)) for count in full.topics),
        votes=tuple(tuple(max(2, round(count * scale)) for count in votes) for votes in full.votes[:2]),
        green=green,
        yellow=yellow,
        red=red,
        open_green=some(full.open_green),
        open_yellow=some(full.open_yellow),
        open_red=some(full.open_red),
        fates={fate: some(count) for fate, count in full.fates.items()},
        commands={name: some(count) for name, count in full.commands.items()},
        channels={name: some(count) for name, count in full.channels.items()},
        satisfied=satisfied,
        basically=basically,
        dissatisfied=dissatisfied,
        long=some(full.long),
        disordered=some(full.disordered),
        incomplete=some(full.incomplete),
        doubled=some(full.doubled),
    )
