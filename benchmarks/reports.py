"""How long the office's papers take over an archive of years, and how much memory: processor time, one core.

python benchmarks/archive.py FOLDER       an archive of 54,637 cases
python benchmarks/reports.py FOLDER       its last whole month and year
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from gateway import bulletin, published, resources, summary, yearly
from gateway.casebook import Desk
from gateway.cli.desk import read_keys
from gateway.database import Database
from gateway.papers import Paper, excel, plain, word
from gateway.report_facts import Facts, first_day, gather, in_month, last_day, months_earlier
from gateway.settings import load
from roster import membership
from roster import store as roster_store
from roster.vault import Vault
from routing.tables import case_event, case_ticket


def main(folder: Path) -> None:
    """Every paper once, each from the store to the file."""
    settings = load(folder, {})
    database, desk = Database(settings.store_url()), Desk.from_settings(settings)
    rules, county = resources.evaluation(settings), settings.values.county
    with database.read() as tx:
        cases = tx.scalar(sa.select(sa.func.count()).select_from(case_ticket))
        last: datetime = tx.execute(sa.select(case_event.c.at).order_by(case_event.c.id.desc()).limit(1)).scalar_one()
        month = months_earlier(desk.today(last).isoformat()[:7], 1)
        now = datetime.combine(last_day(month) + timedelta(4), datetime.min.time(), desk.calendar.zone).astimezone(UTC)
        print(f"{cases} cases; the papers of {month} as of {now:%Y-%m-%d}")

        def of_month() -> Facts:
            return gather(tx, desk, rules, county, first_day(months_earlier(month, 1)), now)

        def leaders() -> Paper:
            people = membership.standing(roster_store.changes(tx, settings.zone()), last_day(month))
            return summary.monthly(of_month(), month, people)

        def public() -> Paper:
            facts = of_month()
            chosen = published.choose(facts, month)
            return published.paper(tx, Vault(read_keys(settings)), facts, month, chosen)

        def year() -> Paper:
            facts = gather(tx, desk, rules, county, yearly.reaches_back(int(month[:4]), desk.ladder), now)
            return yearly.sheet(facts, int(month[:4]), (), ())

        def signs() -> Paper:
            return bulletin.checks(of_month(), month, {})

        made = _timed("monthly bulletin", lambda: bulletin.monthly(of_month(), month))
        touched = of_month()
        assigned = sum(in_month(month)(turn.began) for turn in touched.turns)
        print(f"    {len(touched.seen)} cases read, {assigned} turns began in the month")
        for name, make in (("signs of gaming", signs), ("leaders' summary", leaders), ("published", public)):
            _timed(name, make)
        _timed("five ones of the year", year)
    with tempfile.TemporaryDirectory() as out:
        _timed("  bulletin as Word", lambda: word.write(made, Path(out) / "a.docx"))
        _timed("  bulletin as Excel", lambda: excel.write(made, Path(out) / "a.xlsx"))
    print(f"  fingerprint {plain.fingerprint(made)[:16]}")


Made = TypeVar("Made")


def _timed(name: str, make: Callable[[], Made]) -> Made:
    began, before = time.process_time(), time.monotonic()
    made = make()
    spent, passed = time.process_time() - began, time.monotonic() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:24} {spent:6.2f} s of processor, {passed:6.2f} s by the clock, peak {peak:5.0f} MB")
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]))
