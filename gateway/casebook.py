"""What case work needs beside the store: texts, words, codes, units, and the office's calendar and terms."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from gateway import resources
from gateway.errors import NotFound
from gateway.settings import Loaded
from routing import deadlines, numbers, store, supervision
from routing.calendar import Calendar
from routing.cases import PERIODS, Case, CaseState
from routing.codes import Codes
from routing.departments import Departments
from routing.texts import Texts
from routing.words import Words


@dataclass(frozen=True, slots=True)
class Desk:
    """From the working folder's settings and data files."""

    texts: Texts
    words: Words
    codes: Codes
    departments: Departments
    prefix: str
    calendar: Calendar
    terms: deadlines.Terms
    ladder: supervision.Rules
    extension_digits: int
    apart: timedelta  # between two automatic texts to one number
    asks_aspects: bool = False  # whoever is dissatisfied is asked with what

    @classmethod
    def from_settings(cls, settings: Loaded) -> "Desk":
        """Raises `SettingsWrong` when a data file cannot be used."""
        return cls(
            Texts(resources.messages(settings), settings.values.signature),
            resources.words(settings),
            resources.codes(settings),
            resources.departments(settings),
            settings.values.case_prefix,
            resources.calendar(settings),
            resources.terms(settings),
            resources.supervision(settings),
            min((carrier.extension_digits for carrier in settings.values.carriers.values()), default=0),
            timedelta(minutes=settings.values.texts.minutes_apart),
            settings.values.texts.ask_aspects,
        )

    def today(self, now: datetime) -> date:
        """The office's date."""
        return self.calendar.date_of(now)

    def working_day(self, start: date, n: int) -> date:
        """The nth working day after a date. All periods of case work are taken from here."""
        return self.calendar.add_working_days(start, n)

    def due(self, case: Case, event: str, now: datetime) -> date:
        """The date that the calendar gives a case which this step hands to a unit now; one opened again has its own."""
        matter = deadlines.Matter(case.kind, case.urgency)
        term = self.terms.redo if event in deadlines.REOPENS else self.terms.of(matter)
        return deadlines.due_date(term, now, self.calendar)

    def period_ends(self, case: Case, event: str) -> date | None:
        """The last day of the period in which, or after which, the table allows a step; None where it names none."""
        period = self.period(event, case.state)
        return self.working_day(self.today(case.since), period) if period and case.since else None

    def period(self, event: str, state: CaseState) -> int | None:
        """How many working days a period of the table has; None where it names none."""
        ours = {"deemed_signed": self.ladder.deemed_signed, "delegate": self.terms.waiting[CaseState.AWAIT_LEADER].days}
        return (PERIODS[event, state] or ours[event]) if (event, state) in PERIODS else None

    def extension(self, case: Case) -> str:
        """The digits under which texts about a case are sent, none where the carriers allow fewer."""
        return case.slot if self.extension_digits >= len(case.slot) else ""


def find(tx: sa.Connection, number: str) -> Case:
    """The case of this number, in whatever width and case, also without its letters. Raises `NotFound`."""
    written = "".join(unicodedata.normalize("NFKC", number).upper().split())
    case = store.by_digits(tx, written) if numbers.is_digits(written) else store.by_number(tx, written)
    if case is None and not numbers.is_valid(written):
        raise NotFound(f"编号 {number} 写错了(校验位不符)", "请核对编号;xinqiao case list 列出全部")
    if case is None:
        raise NotFound(f"没有编号为 {number} 的件", "xinqiao case list 列出全部")
    return case
