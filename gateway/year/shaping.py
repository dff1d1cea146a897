"""How do the texts of a script travel? In parts, out of order, with a gap, twice, without their extension digits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from gateway.year.figures import ANSWERS, MATTERS, Figures
from gateway.year.script import Later, Matter, Saying, Script, Shape


def shaped(script: Script, chance: Random) -> Script:
    """The same script, with so many texts of each kind as its figures say."""
    sayings = list(script.sayings())
    told = [one for one in sayings if one.fate not in ANSWERS]
    shapes = _parts(script.figures, [one for one in told if one.fate in MATTERS], chance)
    bare = set(chance.sample([one.serial for one in told], round(script.figures.bare * len(told))))
    bare |= {one.serial for one in sayings if one.fate in ANSWERS and chance.random() < script.figures.bare}
    changed = {
        one.serial: replace(one, shape=replace(shapes.get(one.serial, Shape()), bare=one.serial in bare))
        for one in sayings
    }
    return replace(
        script,
        matters=tuple(_reshaped(one, changed) for one in script.matters),
        remarks=tuple(replace(one, saying=changed[one.saying.serial]) for one in script.remarks),
        announcements=tuple(
            replace(one, votes=tuple(replace(vote, saying=changed[vote.saying.serial]) for vote in one.votes))
            for one in script.announcements
        ),
    )


def _parts(figures: Figures, able: Sequence[Saying], chance: Random) -> Mapping[int, Shape]:
    """By serial number: of the texts in several parts, which come how."""
    long = [one for one in able if len(one.words) > 70]
    chance.shuffle(long)
    shapes = {}
    for n, one in enumerate(long):
        parts = -(-len(one.words) // 67)
        order = tuple(range(1, parts + 1))
        if n < figures.incomplete:
            shapes[one.serial] = Shape(missing=(chance.randint(2, parts),))
        elif n < figures.incomplete + figures.doubled:
            shapes[one.serial] = Shape(twice=True)
        elif n < figures.incomplete + figures.doubled + figures.disordered:
            shapes[one.serial] = Shape(order=(*order[1:], order[0]))
    return shapes


def _reshaped(matter: Matter, changed: Mapping[int, Saying]) -> Matter:
    def later(one: Later | None) -> Later | None:
        return one and replace(one, saying=changed[one.saying.serial])

    opening = changed.get(matter.opening.serial, matter.opening) if matter.channel == "sms" else matter.opening
    return replace(
        matter, opening=opening, told=later(matter.told), asked=later(matter.asked), thanked=later(matter.thanked)
    )
