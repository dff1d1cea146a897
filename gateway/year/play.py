"""Play the year: from one event to the next, until its last day is over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from gateway import audit, case_clock, resources, roster_desk
from gateway.notices import extension_of
from gateway.roster_desk import Plan
from gateway.roster_files import read_roster, write_sheet
from gateway.year import author
from gateway.year.agenda import Agenda
from gateway.year.citizens import Citizens
from gateway.year.county import County
from gateway.year.figures import Figures
from gateway.year.office import CLERK, Office, sessions
from gateway.year.script import Announcement, Script
from gateway.year.truth import Truth
from roster import generator
from roster import store as roster_store
from roster.generator import Sample
from routing import store

START = date(2014, 5, 1)
HERE = ZoneInfo("Asia/Shanghai")
GIVEN_UP = 3_700.0  # seconds after which a long text goes on without the part that is missing
TELLS_NOTHING = "telecom"  # whose protocol has no code for "not my number"
Say = Callable[[datetime, float], None]
"""Told the moment, and which share of the year is over."""


@dataclass
class Year:
    """A year that was played, and everything that tells about it."""

    county: County
    script: Script
    truth: Truth
    office: Office
    citizens: Citizens
    sample: Sample
    plan: Plan  # of the roster's import
    corrected: int  # numbers that moved to another carrier, as the operator entered them
    numbers: dict[str, int] = field(default_factory=dict)  # a notice's title -> its number


def play(
    folder: Path,
    figures: Figures,
    seed: int = 2014,
    start: date = START,
    until: datetime | None = None,
    say: Say = lambda now, share: None,
) -> Year:
    """The whole year in a new working folder, or up to a moment of it. Its county is the caller's to close."""
    county = County(folder, datetime.combine(start, time(), HERE), seed)
    try:
        agenda = Agenda()
        year = _prepared(county, agenda, figures, seed, start)
        ends = until or year.script.end
        _fill(agenda, year, ends)
        county.run(partial(_played, year, agenda, ends, say))
    except BaseException:
        county.close()
        raise
    return year


def _prepared(county: County, agenda: Agenda, figures: Figures, seed: int, start: date) -> Year:
    """The roster is read from its file, the carriers know their numbers, the script is written."""
    lists = resources.lists(county.settings)
    sample = generator.generate(lists, seed, figures.people)
    file = county.settings.folder / "名册.xlsx"
    write_sheet(file, sample.rows)
    reading, _ = read_roster(file, lists, start)
    with county.database.write() as tx:
        plan = roster_desk.plan(tx, county.vault, reading)
        roster_desk.apply(tx, county.vault, county.prefixes, plan, county.now())
        done = {"joined": len(plan.joins), "changed": len(plan.changes), "refused": len(plan.faults)}
        audit.record(tx, county.seal_key, CLERK.name, "roster.import", file.name, done, county.now())
        corrected = _correct(county, tx, sample)
    county.use(sample)
    gone = sample.empty | sample.off | {*sample.opting_out}
    people = [entry for entry in plan.joins if entry.phone[-11:] not in gone]
    script = author.written(figures, seed, start, people, sample.opting_out, county.desk.calendar, county.zone)
    truth = Truth(county.vault)
    office = Office(county, truth)
    office.hire()
    citizens = Citizens(county, truth, sample.ported, agenda.at)
    return Year(county, script, truth, office, citizens, sample, plan, corrected)


def _correct(county: County, tx: sa.Connection, sample: Sample) -> int:
    """The operator enters who has moved away from the carrier that would not tell; the others tell by themselves."""
    corrected = 0
    for number, home in sample.ported.items():
        person = roster_store.person_by_phone(tx, county.vault, f"+86{number}")
        if person is not None and person.carrier == TELLS_NOTHING:
            roster_store.set_carrier(tx, person.id, home, CLERK.name, county.now())
            corrected += 1
    audit.record(tx, county.seal_key, CLERK.name, "roster.carrier", f"{corrected} numbers", {}, county.now())
    return corrected


# ------------------------------------------------------------------------------------------------------------- playing


def _fill(agenda: Agenda, year: Year, ends: datetime) -> None:
    """Everything that the script fixes: texts, entries, notices, the office's sessions."""
    script, citizens, office, county = year.script, year.citizens, year.office, year.county
    for matter in script.matters:
        told = citizens.open if matter.channel == "sms" else office.enter
        agenda.at(matter.at.timestamp(), partial(told, matter))
        if matter.channel != "sms":
            agenda.at(matter.at.timestamp() - 1, partial(citizens.expect, matter))
        if matter.opening.shape.missing:
            agenda.at(matter.at.timestamp() + GIVEN_UP, _wait)
    for remark in script.remarks:
        agenda.at(remark.at.timestamp(), partial(citizens.say, remark))
    for announcement in script.announcements:
        agenda.at(announcement.at.timestamp(), partial(_announce, year, agenda, announcement))
    off, on = script.off
    agenda.at(off.timestamp(), partial(county.switch_off, tuple(sorted(year.sample.off))))
    agenda.at(on.timestamp(), partial(county.switch_off, ()))
    day = script.start
    while day < ends:
        if county.desk.calendar.is_working_day(day.date()):
            agenda.at(day.replace(hour=8, minute=35).timestamp(), partial(_look_after, county))
            for at, what in sessions(day):
                agenda.at(at.timestamp(), getattr(office, what))
        day += timedelta(days=1)


def _wait() -> None:
    """Let the gateway do what the time has come for."""


def _look_after(county: County) -> bool:
    """Is there a case that time may move? Then the gateway gets some."""
    with county.database.read() as tx:
        return any(store.listed(tx, state=state, limit=1) for state, *_ in case_clock.SWEPT)


def _announce(year: Year, agenda: Agenda, one: Announcement) -> None:
    """Send it. Who votes does so after it has come."""
    number = year.office.announce(one)
    year.numbers[one.title] = number
    year.citizens.notice = extension = extension_of(number, 4)
    for ballot in one.votes:
        agenda.at(year.county.loop.time() + ballot.after, partial(year.citizens.vote, ballot, number, extension))


async def _played(year: Year, agenda: Agenda, ends: datetime, say: Say) -> None:
    county, begins = year.county, year.script.start.timestamp()
    over, held = ends.timestamp() - 60, 0.0
    while (moment := agenda.next()) is not None and moment < over:
        county.loop.leap(moment)
        doing = agenda.take()
        if doing() is False:
            continue
        await county.settle()
        with county.database.read() as tx:
            year.truth.look(tx)
        waiting = county.next_part()
        if waiting is not None and waiting > held:
            held = waiting
            agenda.at(waiting + 1, _wait)
        say(county.now(), (moment - begins) / (over - begins))
    county.loop.leap(over)
    await county.settle()
