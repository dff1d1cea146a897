"""What is told of late cases, units and weeks is counted again from raw histories, in counties full of the unusual."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway import bulletin, digest_content, fsck, published, resources, sample_desk, supervision_desk, survey_account
from gateway.casebook import Desk
from gateway.papers import plain
from gateway.report_facts import first_day, gather, months_earlier
from routing import deadlines
from routing.departments import Departments
from routing.digest import Rules, hot_spots
from routing.sampling import Evaluator
from routing.tables import case_event, case_ticket
from tests.gateway import ledger, recount, recount_clock, recount_draw, recount_lists
from tests.gateway.anyyear import UNITS, end_of
from tests.gateway.ledger import Line
from tests.gateway.oddyear import OddCounty
from tests.gateway.office import Office
from tests.gateway.recount_clock import Days, Told, over

WEEK = timedelta(days=7)
LEVELS = {"III": (2, 6), "II": (4, 9), "I": (6, 12)}
"""Of a county that complains less than a real one: votes a month, votes a year."""


@dataclass
class Played:
    """A county, its papers of some evenings as they were then, and what its histories say in the end."""

    office: Office
    desk: Desk
    papers: dict[date, dict[Any, Any]] = field(default_factory=dict)
    histories: dict[str, list[Line]] = field(default_factory=dict)
    persons: dict[str, int | None] = field(default_factory=dict)

    def told(self, on: date) -> dict[str, Told]:
        """The cases as they were known on an evening."""
        now, days = end_of(on), Days(on)
        known = {number: lines for number, lines in self.histories.items() if lines[0]["at"] <= now}
        return {number: recount_clock.read(number, lines, now, days) for number, lines in known.items()}


# A leap day, a Spring Festival and its make-up Sundays, a month without a case; a new year, and a holiday that was
# made longer while it lasted (2020).
YEARS = ((907, date(2024, 1, 15), date(2024, 3, 20), "2024-03"), (911, date(2019, 12, 23), date(2020, 2, 20), ""))


@pytest.fixture(scope="module", params=YEARS, ids=lambda year: f"{year[1]}")
def played(request: pytest.FixtureRequest, _made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    seed, first, last, quiet = request.param
    office = Office(shutil.copytree(_made, tmp_path_factory.mktemp("odd") / "county"))
    rules = replace(
        office.desk.ladder,
        levels=tuple(
            replace(one, month=LEVELS[one.level][0], year=LEVELS[one.level][1]) for one in office.desk.ladder.levels
        ),
    )
    county = OddCounty(office, seed, first, quiet)
    played = Played(office, replace(office.desk, ladder=rules))
    on = first + 2 * WEEK
    while on < last:
        county.until(on)
        played.papers[on] = papers(played, played.desk, on)
        month_end = first_day(months_earlier(f"{on}"[:7], -1)) - timedelta(1)
        on = month_end if on < month_end < on + WEEK else on + WEEK
    county.until(last)
    query = sa.select(case_event, case_ticket.c.number).join(case_ticket, case_ticket.c.id == case_event.c.case_id)
    for row in office.rows(query.order_by(case_ticket.c.id, case_event.c.id)):
        line = {"at": row.at, "event": row.event, "state": row.to_state, "text": row.text_id, "data": row.data}
        played.histories.setdefault(row.number, []).append(line)
    played.persons = {row.number: row.person_id for row in office.rows(sa.select(case_ticket))}
    yield played
    office.tick.close()
    office.database.close()


def papers(played: Played, desk: Desk, on: date) -> dict[Any, Any]:
    """What was told on an evening: the board, the overdue list, two months, the results of the month."""
    now, month = end_of(on), f"{on}"[:7]
    known = supervision_desk.as_known(desk, now)
    rules = resources.evaluation(played.office.settings)
    with played.office.database.read() as tx:
        seen = supervision_desk.look(tx, known, now, now)
        facts = gather(tx, desk, rules, "肥乡", first_day(months_earlier(month, 1)), now)
        results = published.paper(tx, played.office.vault, facts, month, published.choose(facts, month))
        return {
            "board": supervision_desk.board(known, seen, now),
            "overdue": supervision_desk.overdue(known, seen, now),
            "published": plain.data(results),
            **{
                name: supervision_desk.look_at_month(tx, known, name, now) for name in (months_earlier(month, 1), month)
            },
        }


def test_every_date_lamp_and_share_follows_from_the_history_and_the_notices(played: Played) -> None:
    for on in played.papers:
        now, told = end_of(on), played.told(on)
        known = supervision_desk.as_known(played.desk, now)
        with played.office.database.read() as tx:
            seen = {one.case.number: one for one in supervision_desk.look(tx, known, now)}
        assert seen.keys() == told.keys()
        for number, one in seen.items():
            for turn, clock in zip(told[number].turns, one.clocks, strict=True):
                mine = (turn.law, turn.due, *turn.lamps, turn.answered, turn.held, turn.elapsed, turn.late, turn.shares)
                limits = (clock.statutory, clock.in_force)
                assert mine == (
                    *(limit.due for limit in limits),
                    *(limit.lamp for limit in limits),
                    *(clock.answered, clock.suspended, clock.elapsed),
                    deadlines.days_late(clock, known.calendar, now),
                    deadlines.shares(one.history, clock, known.calendar, now),
                ), (on, number)


def test_the_overdue_list_and_the_board_hold_what_is_late(played: Played) -> None:
    for on, paper in played.papers.items():
        told = played.told(on)
        listed = {(one.number, one.unit, one.due, one.days, one.lamp) for one in paper["overdue"]}
        assert listed == recount_lists.overdue(told), on
        lines = {one.unit: (one.open, one.due_soon, one.yellow, one.red) for one in paper["board"].units}
        assert lines == recount_lists.board(told, Days(on), end_of(on)), on
        total = paper["board"].total
        assert (total.open, total.due_soon, total.yellow, total.red) == tuple(
            map(sum, zip(*lines.values(), strict=True))
        )


def test_warnings_rates_summonses_and_repeats_of_a_month_follow_from_the_votes_and_dates(played: Played) -> None:
    reached: Counter[str] = Counter()
    for on, paper in played.papers.items():
        now, told = end_of(on), played.told(on)
        given = recount_lists.votes(raw(played.histories, on))
        for month in (months_earlier(f"{on}"[:7], 1), f"{on}"[:7]):
            found = paper[month]
            warned = recount_lists.warned(given, month, LEVELS)
            assert (
                Counter((one.unit, one.period, one.level.level, one.votes, f"{one.on}") for one in found.warned)
                == warned
            )
            reached.update(level for _, _, level, _, _ in warned)
            rated = {one.unit: (one.dissatisfied, one.rated, one.year) for one in found.votes}
            assert rated == recount_lists.dissatisfied(given, month), (on, month)
            rates = {one.unit: (one.numerator, one.denominator) for one in found.standings}
            assert rates == recount_lists.kept(told, month, now), (on, month)
            assert set(found.bottom) == recount_lists.lowest(told, month, now)
            assert set(found.summoned) == recount_lists.summoned(told, month, now)
            back = {(one.problem, one.times, one.case) for one in found.repeats}
            assert back == recount_lists.came_back(told, recount_lists.of(month)), (on, month)
    assert reached["III"]


def test_the_results_of_a_month_are_the_cases_closed_in_it_that_may_be_told(played: Played) -> None:
    for on, paper in played.papers.items():
        rows = recount.lines(paper["published"], "办理结果")
        columns = ("编号", "办结日期", "类别", "主题", "答复单位", "评价")
        assert {tuple(row[name] for name in columns) for row in rows} == recount_lists.published(
            played.told(on), f"{on}"[:7]
        )
        assert len(rows) == len({row["编号"] for row in rows})


def test_what_was_told_of_an_evening_stays_so_whatever_came_later_and_whoever_is_no_unit_any_more(
    played: Played,
) -> None:
    units = tuple(one for one in played.desk.departments.units if one.name != "县住建局")
    fewer = replace(played.desk, departments=Departments(units, played.desk.departments.supervisor_phone))
    for on, paper in played.papers.items():
        assert papers(played, played.desk, on) == paper, on
        assert papers(played, fewer, on) == paper, on


def test_who_was_asked_to_rate_is_who_was_answered(played: Played) -> None:
    last = max(played.papers) + 4 * WEEK
    told = played.told(last)
    for month in sorted({f"{on}"[:7] for on in played.papers}):
        first, end = first_day(month), first_day(months_earlier(month, -1))
        with played.office.database.read() as tx:
            found = survey_account.account(tx, over(first - timedelta(1)), over(end - timedelta(1)))
        counted = recount_lists.surveyed(told, played.persons, recount_lists.of(month))
        assert sorted(found.answered) == counted["answered"], month
        assert sorted(found.exempt.get(survey_account.NO_PHONE, ())) == counted["no phone"], month
        assert (sorted(found.asked), sorted(found.rated)) == (counted["asked"], counted["rated"]), month
        assert found.forgotten == ()
    with played.office.database.read() as tx:
        offences = fsck.check(tx, played.office.keys.seal, played.office.now_ms)
        assert [one for one in offences if one.invariant == "survey"] == []


def test_the_digest_knows_who_wrote_what_came_back_and_what_is_red(played: Played) -> None:
    office = played.office
    today = office.desk.today(office.now)
    monday, told = today - timedelta(today.weekday()), played.told(today)
    known = supervision_desk.as_known(played.desk, end_of(today))
    for first in (monday - 2 * WEEK, monday - WEEK, monday):
        last = first + timedelta(6)
        with office.database.read() as tx:
            found = digest_content.look(tx, known, Rules(), first, last, end_of(today))
        counted = recount_lists.matters(told, played.persons, first, last)
        assert {one.number: (one.reporters, one.again, one.late) for one in found.matters} == {
            one.number: counted[one.number] for one in found.matters
        }
        left_out = counted.keys() - {one.number for one in found.matters}
        assert [number for number in left_out if any(counted[number])] == []
        came = [one for one in told.values() if first <= recount_clock.day(one.lines[0]["at"]) <= last]
        assert found.received == len(came)


def test_a_hot_spot_is_twice_what_eight_weeks_had(played: Played) -> None:
    office = played.office
    known, now = supervision_desk.as_known(played.desk, office.now), played.told(office.desk.today(office.now))
    spots = 0
    for days in range(-14, 40):  # weeks of any seven days
        on = min(played.papers) + timedelta(days)
        with office.database.read() as tx:
            seen = digest_content.look(tx, known, Rules(), on - timedelta(6), on, office.now)
        found = hot_spots(seen.matters, Rules())
        assert {(one.place, one.topic): (len(one.cases), one.before, one.rising) for one in found} == recount_lists.hot(
            now, on
        )
        spots += len(found)
    assert spots


def test_the_bulletin_adds_up_here_too(played: Played) -> None:
    rules, months = resources.evaluation(played.office.settings), played.desk.ladder.summon_months
    for on in played.papers:
        month = f"{on}"[:7]
        with played.office.database.read() as tx:
            facts = gather(tx, played.desk, rules, "肥乡", first_day(months_earlier(month, 1)), end_of(on))
        paper = plain.data(bulletin.monthly(facts, month))
        recount.bulletin(paper, month, months, set(rules.adopted))
        cases = raw(played.histories, on)
        rows = recount.lines(paper, "事项清单")
        assert Counter((row["单位"], row["日期"], row["编号"], row["事项"]) for row in rows) == ledger.happened(
            cases, month
        )
        given = [row for row in recount.lines(paper, "承办清单") if row["交办"].startswith(month)]
        columns = ("单位", "编号", "交办", "答复", "办结")
        assert sorted(tuple(row[name] for name in columns) for row in given) == ledger.turns(cases, month)


def test_a_sample_can_be_drawn_again_from_its_published_description(played: Played) -> None:
    office, seed = played.office, "会上商定的第31号"
    period = f"{max(played.papers)}"[:4]
    pool = [Evaluator(f"评{n}", ("专家", "干部", "群众")[n % 3], UNITS[n % 4] if n % 3 == 1 else "") for n in range(11)]
    given = {"period": period, "size": 5, "seed": seed, "pool": pool, "wanted": 7}
    with office.database.write() as tx:
        made = sample_desk.draw(tx, office.desk, **given, reason="", actor="督查", now=office.now)  # type: ignore[arg-type]
        panel, judged = sample_desk.people(tx, made.id), sample_desk.judged(tx, made.id)
        numbers = sample_desk.numbers(tx, judged)
    told, lot = played.told(office.desk.today(office.now)), recount_draw.Lot(seed)
    closed = {
        one.number: one.fields
        for one in told.values()
        if one.state == "closed"
        and [ledger.day(line["at"]) for line in one.lines if _closes(line)][-1].startswith(period)
        and one.fields.get("kind") != "举报"
        and one.fields.get("shield", 0) < 2
    }
    units = {number: given["lead"] or ledger.OFFICE for number, given in closed.items()}
    drawn = lot.draw(units, 5)
    wanted = lot.draw({one.name: one.category for one in pool}, 7)
    barred = {number: {units[number], *closed[number]["co_handlers"], *closed[number]["accused"]} for number in drawn}
    assert [one.name for one in panel] == wanted
    allotted = lot.allot(drawn, {name: next(one.unit for one in pool if one.name == name) for name in wanted}, barred)
    assert [(numbers[one.case_id], panel[one.evaluator - 1].name) for one in judged] == allotted
    assert [one.unit for one in judged] == [units[number] for number in drawn]
    assert len(drawn) == 5 < len(closed)


def _closes(line: Line) -> bool:
    return bool(line["data"].get("set", {}).get("closed_at"))


def raw(histories: Mapping[str, list[Line]], on: date) -> dict[int, ledger.Told]:
    """The same as `ledger` reads them: cases by their ids, which count from one."""
    now = end_of(on)
    return {
        n: ledger.Told(number, [line for line in lines if line["at"] <= now])
        for n, (number, lines) in enumerate(histories.items(), 1)
        if lines[0]["at"] <= now
    }
