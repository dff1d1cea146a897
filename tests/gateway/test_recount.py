"""Every figure of every paper is counted again by somebody who does not believe it, over months made by chance."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import load_workbook

from gateway import bulletin, resources, summary, supervision_records, yearly
from gateway.papers import Paper, excel, plain
from gateway.report_facts import Facts, before_ranks, first_day, gather, last_day, months_earlier
from roster import membership
from roster import store as roster_store
from routing.tables import case_event, case_ticket
from tests.gateway import ledger, recount
from tests.gateway.anyyear import County, end_of
from tests.gateway.office import Office

FIRST, LAST = date(2025, 11, 10), date(2026, 2, 4)
DAYS = (date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31))
MONTHS = ("2025-11", "2025-12", "2026-01")


@dataclass
class Played:
    """A county's winter, and the papers of past days as they were when these days were over."""

    office: Office
    papers: dict[tuple[str, str, date], dict[str, Any]]


@pytest.fixture(scope="module", params=(3,))
def played(request: pytest.FixtureRequest, _made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    office = Office(shutil.copytree(_made, tmp_path_factory.mktemp("recount") / "county"))
    county = County(office, request.param, FIRST)
    papers = {}
    for day in DAYS:
        county.until(day)
        papers |= {(*name, day): plain.data(paper) for name, paper in all_papers(office, day)}
    county.until(LAST)
    yield Played(office, papers)
    office.tick.close()
    office.database.close()


def facts(office: Office, first: date, day: date) -> Facts:
    with office.database.read() as tx:
        return gather(tx, office.desk, resources.evaluation(office.settings), "肥乡", first, end_of(day))


def all_papers(office: Office, day: date) -> Iterator[tuple[tuple[str, str], Paper]]:
    """Of every month and year that has begun by the day."""
    ladder = office.desk.ladder
    for month in (month for month in MONTHS if first_day(month) <= day):
        known = facts(office, first_day(months_earlier(month, before_ranks(ladder))), day)
        with office.database.read() as tx:
            people = membership.standing(roster_store.changes(tx, office.settings.zone()), min(last_day(month), day))
        yield ("bulletin", month), bulletin.monthly(known, month)
        yield ("summary", month), summary.monthly(known, month, people)
    for year in {2025, day.year}:
        with office.database.read() as tx:
            records = supervision_records.records(tx, year=year, zone=office.settings.zone())
        known = facts(office, yearly.reaches_back(year, ladder), day)
        yield ("yearly", f"{year}"), yearly.sheet(known, year, (), (), records)


def test_every_figure_follows_from_the_lists_that_the_paper_carries(played: Played) -> None:
    rules, months = resources.evaluation(played.office.settings), played.office.desk.ladder.summon_months
    adopted, solved = set(rules.adopted), set(rules.solved)
    for (kind, period, day), paper in played.papers.items():
        if kind == "bulletin":
            recount.bulletin(paper, period, months, adopted)
        elif kind == "summary":
            recount.summary(paper, period, adopted, solved)
        else:
            over = f"{day}"[:7] if day == last_day(f"{day}"[:7]) else months_earlier(f"{day}"[:7], 1)
            recount.yearly(paper, period, over, months, adopted, solved)


def test_two_papers_of_one_day_say_the_same(played: Played) -> None:
    for (kind, year, day), paper in played.papers.items():
        if kind != "yearly":
            continue
        called: dict[str, set[str]] = {}
        for row in recount.lines(paper, "一月一通报"):
            other = played.papers.get(("bulletin", row["月份"], day))
            if other is None:
                continue
            units = recount.lines(other, "名次")
            for column in ("按期率", "满意率"):
                recount.rate(row[column], units[-1][column]["cases"], units[-1][column]["of_cases"], row["月份"])
            assert row["交办"]["count"] == recount.lines(other, "办理情况")[-1]["交办"]["count"]
            called |= {
                unit["单位"]: called.get(unit["单位"], set()) | {row["月份"]} for unit in units if unit.get("标记")
            }
        heads = recount.table(paper, "扣分")["columns"]
        told = {row[0]: set(row[len(heads) - 3]["cases"]) for row in recount.table(paper, "扣分")["rows"]}
        assert {unit: months for unit, months in told.items() if months} == called, (year, day)


def test_the_paper_of_a_past_day_is_the_same_after_everything_that_came_later(played: Played) -> None:
    for day in DAYS:
        for name, paper in all_papers(played.office, day):
            assert plain.data(paper) == played.papers[*name, day], (name, day)


def test_the_lists_say_what_the_histories_say(played: Played) -> None:
    for (kind, month, day), paper in played.papers.items():
        if kind != "bulletin":
            continue
        cases = histories(played.office, day)
        found = recount.lines(paper, "事项清单")
        assert Counter((one["单位"], one["日期"], one["编号"], one["事项"]) for one in found) == ledger.happened(
            cases, month
        )
        given = [one for one in recount.lines(paper, "承办清单") if one["交办"].startswith(month)]
        columns = ("单位", "编号", "交办", "答复", "办结")
        assert sorted(tuple(one[name] for name in columns) for one in given) == ledger.turns(cases, month)
        told = ledger.dates(cases, month)
        held = {(one["编号"], one["交办"]): one["期限"] for one in given}
        assert {key: held[key] for key in told if key in held} == {key: told[key] for key in told if key in held}


def histories(office: Office, day: date) -> dict[int, ledger.Told]:
    """Every case as its raw history had it by the end of a day."""
    lines: dict[int, list[ledger.Line]] = {}
    query = sa.select(case_event, case_ticket.c.number).join(case_ticket, case_ticket.c.id == case_event.c.case_id)
    numbers = {}
    for row in office.rows(query.where(case_event.c.at <= end_of(day)).order_by(case_event.c.id)):
        numbers[row.case_id] = row.number
        line = {"at": row.at, "event": row.event, "state": row.to_state, "text": row.text_id, "data": row.data}
        lines.setdefault(row.case_id, []).append(line)
    return {case_id: ledger.Told(numbers[case_id], several) for case_id, several in lines.items()}


def test_the_excel_file_holds_the_same_figures_and_the_list_of_each(played: Played, tmp_path: Path) -> None:
    *_, (_, paper) = all_papers(played.office, DAYS[-1])
    excel.write(paper, tmp_path / "p.xlsx")
    book = load_workbook(str(tmp_path / "p.xlsx"))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    listed: Counter[tuple[str, ...]] = Counter()
    for name, rows in sheets.items():
        if "-清单" in name:
            listed.update((name.split("-清单")[0][:28], *map(str, row)) for row in rows[1:])
    told: Counter[tuple[str, ...]] = Counter()
    data = plain.data(paper)
    tables = [one for one in (*data["blocks"], *data["annexes"]) if "table" in one]
    by_title = {rows[0][0]: (name, rows) for name, rows in sheets.items() if rows and rows[0]}
    for one in tables:
        name, rows = by_title[one["table"]]
        assert len(rows) >= len(one["rows"]) + 2
        for row, cells in zip(one["rows"], rows[2:], strict=False):
            for column, cell, shown in zip(one["columns"], row, cells, strict=True):
                told.update(_behind(name[:28], f"{row[0]}", column, cell))
                _equal(cell, shown)
    assert told == listed


def _behind(sheet: str, row: str, column: str, cell: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(cell, dict) and "count" in cell:
        yield from ((sheet, row, column, "件", case) for case in cell["cases"])
    elif isinstance(cell, dict):
        yield from ((sheet, row, column, "分子", case) for case in cell["cases"])
        yield from ((sheet, row, column, f"分母({cell['of']})", case) for case in cell["of_cases"])


def _equal(cell: Any, shown: Any) -> None:
    """What stands in a cell of the sheet is what stands in the JSON."""
    if isinstance(cell, dict) and "count" in cell:
        assert shown == cell["count"]
    elif isinstance(cell, dict):
        assert shown == recount.said(cell["numerator"], cell["denominator"])
    elif isinstance(cell, int):
        assert shown == cell
    else:
        assert str(shown) == (cell or "")
