"""The record of a case as its clock sees it, and what `xinqiao case due` says of it."""

import json
import time
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from gateway import case_record, case_texts, operators, resources
from gateway.casebook import find
from gateway.cli import case as case_commands
from gateway.cli import due as due_command
from gateway.cli.desk import Desk
from gateway.cli.where import Where
from gateway.errors import NotFound
from gateway.tables import text as text_table
from routing import store
from routing.deadlines import Clock, Lamp, Matter, Move, clocks
from routing.history import Entry
from routing.moves import moves as moves_of
from routing.tables import case_ticket
from tests.conftest import NOON
from tests.gateway.casework import MINE, ROAD, WATER, YOURS, act, delivered, opened, show
from tests.gateway.office import Office


@pytest.fixture
def no(office: Office) -> str:
    """A case of citizen 1, assigned on Tuesday noon to be answered by Friday week."""
    number = opened(office, MINE, ROAD)
    act(office, number, "accept", kind="求助")
    act(office, number, "assign", lead="交警大队", due=date(2026, 12, 4))
    return number


def read(office: Office, no: str) -> tuple[Matter, tuple[Move, ...]]:
    with office.database.read() as tx:
        return case_record.read(tx, find(tx, no))


def clock(office: Office, no: str) -> Clock:
    matter, moves = read(office, no)
    terms, calendar = resources.terms(office.settings), resources.calendar(office.settings)
    return clocks(moves, matter, terms, calendar, office.now)[-1]


def said(office: Office, *words: str) -> str:
    """What `xinqiao case` prints, to the account of the office."""
    made = CliRunner().invoke(case_commands.app, list(words), obj=Where(office.folder, None))
    if made.exception is not None and not isinstance(made.exception, SystemExit):
        raise made.exception
    assert made.exit_code == 0, made.output
    return made.output


def due(office: Office, no: str, *options: str) -> str:
    return said(office, "due", no, *options)


def latest_text(office: Office) -> int:
    return max(row.id for row in office.rows(sa.select(text_table.c.id)))


@pytest.fixture(autouse=True)
def _at_the_desk(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with office.database.write() as tx:
        operators.add(tx, "甲", ("operator",), "jia", None, None, office.now)
    monkeypatch.setenv("LOGNAME", "jia")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(Desk, "now", lambda self: office.now)
    for commands in (due_command, case_commands):
        monkeypatch.setattr(commands, "open_desk", lambda where: Desk(where, office.settings, office.database))


def test_every_line_of_the_history_names_who_has_the_case_after_it(office: Office, no: str) -> None:
    act(office, no, "sign", "dept", department="交警大队")
    act(office, no, "report", "dept", department="交警大队", reply="已安排交警执勤", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    matter, moves = read(office, no)
    assert matter == Matter("求助", "normal")
    assert [(move.event, move.holder) for move in moves] == [
        ("receive", "沟通办"),
        ("accept", "沟通办"),
        ("assign", "交警大队"),
        ("sign", "交警大队"),
        ("report", "沟通办"),
        ("approve", "群众"),
    ]
    assert [move.until for move in moves if move.until] == [date(2026, 12, 4)]


def test_the_date_an_operator_set_stands_beside_the_statutory_one(office: Office, no: str) -> None:
    found = clock(office, no)
    assert found.statutory.due == date(2026, 12, 1)
    assert found.adjusted is not None
    assert found.adjusted.due == date(2026, 12, 4)


def test_a_date_that_nobody_ordered_is_the_calendars_and_is_told(office: Office) -> None:
    number = opened(office, YOURS, WATER)
    act(office, number, "accept", kind="咨询")
    assert act(office, number, "assign", lead="交警大队").due_on == "2026-11-27"
    _, moves = read(office, number)
    assert (moves[-1].until, moves[-1].computed, moves[-1].holder) == (date(2026, 11, 27), True, "交警大队")
    found = clock(office, number)
    assert (found.statutory.due, found.adjusted) == (date(2026, 11, 27), None)
    office.minutes += 60
    assert any("11月27日" in words for words in delivered(office))


@pytest.mark.parametrize(
    ("urgency", "due"), [("normal", "2026-12-01"), ("urgent", "2026-11-25"), ("emergency", "2026-11-25")]
)
def test_the_calendars_date_follows_the_urgency(office: Office, urgency: str, due: str) -> None:
    number = opened(office, YOURS, WATER)
    act(office, number, "accept", kind="求助", urgency=urgency)
    assert act(office, number, "assign", lead="交警大队").due_on == due


def test_a_return_gives_no_new_date(office: Office, no: str) -> None:
    act(office, no, "request_return", "dept", department="交警大队", code="R1", basis="职责清单")
    act(office, no, "return_ok", "reviewer", "乙", reason="不属交警职责")
    office.minutes += 2 * 24 * 60
    assert act(office, no, "assign", lead="县教育局").due_on == "2026-12-04"
    _, moves = read(office, no)
    assert (moves[-1].event, moves[-1].until, moves[-1].holder) == ("assign", None, "县教育局")
    assert clock(office, no).started == moves[2].at


def test_a_case_that_comes_off_the_books_has_the_days_on_them_back(office: Office) -> None:
    number = opened(office, YOURS, WATER)
    act(office, number, "accept", kind="求助")
    act(office, number, "assign", lead="交警大队")
    act(office, number, "sign", "dept", department="交警大队")
    office.minutes += 24 * 60  # Wednesday: the first day that would have counted
    until = date(2026, 12, 8)
    act(office, number, "suspend", "leader", "县长", code="season", review_on=until, reason="冬季不能施工")
    office.minutes += 13 * 24 * 60
    assert office.sweep() == 1
    _, moves = read(office, number)
    assert [(move.event, move.until) for move in moves[-2:]] == [("suspend", until), ("resume", None)]
    with office.database.read() as tx:
        assert find(tx, number).due_on == "2026-12-15"
    assert clock(office, number).in_force.due == date(2026, 12, 15)


def test_what_was_taken_back_opens_no_new_clock(office: Office, no: str) -> None:
    act(office, no, "report", reply="已安排交警执勤", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    delivered(office)
    office.text(MINE, "1", extension=show(office, no).slot)
    assert show(office, no).state == "closed"
    office.text(MINE, f"{no} 还是没有解决,又堵了")
    assert show(office, no).state == "assigned"
    matter, moves = read(office, no)
    again = clocks(moves, matter, office.desk.terms, office.desk.calendar, office.now)
    assert [one.term.name for one in again] == ["一般件", "重办件"]
    with office.database.write() as tx:
        case_texts.undo(tx, latest_text(office), "甲", "归件有误", office.now)
    matter, moves = read(office, no)
    assert moves[-1].state == "closed"
    assert len(clocks(moves, matter, office.desk.terms, office.desk.calendar, office.now)) == 1


def test_history_without_dates_has_those_of_the_snapshot_after_it() -> None:
    def entry(day: int, event: str, state: str, **data: Any) -> Entry:
        return Entry(NOON + timedelta(days=day), event, "甲", "operator", None, state, "", None, None, data)

    carried = {"lead": "交警大队", "due_on": "2026-12-04"}
    found = moves_of(
        [
            entry(0, "receive", "new"),
            entry(0, "assign", "assigned"),
            entry(1, "sign", "in_progress"),
            entry(2, "snapshot", "in_progress", set=carried),
            entry(3, "extend_ok", "in_progress", due="2026-12-11", set={"due_on": "2026-12-11"}),
        ]
    )
    until = [move.until for move in found]
    assert until == [None, date(2026, 12, 4), None, None, date(2026, 12, 11)]
    assert {move.holder for move in found[1:]} == {"交警大队"}


def test_the_lamp_stands_in_every_listing(office: Office, no: str) -> None:
    number = opened(office, YOURS, WATER)
    office.minutes = 15 * 24 * 60
    listed = {one["number"]: (one["due"], one["lamp"]) for one in json.loads(said(office, "list", "--json"))}
    assert listed == {no: ("2026-12-04", "yellow"), number: ("2026-11-25", "red")}
    shown = json.loads(said(office, "show", no, "--json"))
    assert (shown["due"], shown["lamp"]) == ("2026-12-04", "yellow")
    assert "2026-12-04,黄灯" in said(office, "show", no)
    assert "黄灯" in said(office, "list")
    assert "红灯" in said(office, "next")


def test_an_urgent_case_has_one_day(office: Office, no: str) -> None:
    with office.database.write() as tx:
        tx.execute(sa.update(case_ticket).values(urgency="urgent"))
    assert clock(office, no).statutory.due == date(2026, 11, 25)


def test_the_lamp_turns_while_the_department_is_silent(office: Office, no: str) -> None:
    lamps = []
    for days in (0.1, 7.4, 7.6, 21.4, 21.6):  # noon of Tuesday; midnight is half a day on
        office.minutes = days * 24 * 60
        lamps.append(clock(office, no).statutory.lamp)
    assert lamps == [Lamp.NONE, Lamp.NONE, Lamp.YELLOW, Lamp.YELLOW, Lamp.RED]


def test_the_command_says_until_when_why_and_what_comes_next(office: Office, no: str) -> None:
    said = due(office, no, "--explain")
    assert "一般件,5个工作日" in said
    assert "2026-12-01(周二) 24:00止" in said
    assert "2026-12-04(周五) 24:00止" in said
    assert "周六休息" in said
    assert "期限届满日" in said
    assert "第几日" not in due(office, no)


def test_the_command_tells_a_program_the_same(office: Office, no: str) -> None:
    data = json.loads(due(office, no, "--explain", "--json"))
    [one] = data["clocks"]
    assert (one["statutory"]["due"], one["in_force"]["due"]) == ("2026-12-01", "2026-12-04")
    assert [day["number"] for day in data["days"] if day["number"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert data["days"][0]["on"] == "2026-11-24"
    assert "days" not in json.loads(due(office, no, "--json"))


def test_the_command_names_the_rungs_that_have_come_and_the_next_one(office: Office, no: str) -> None:
    office.minutes = 15 * 24 * 60
    said = due(office, no)
    assert "催办 2026-12-07 08:30" in said
    assert "2026-12-11 08:30 列入书面批评" in said
    data = json.loads(due(office, no, "--json"))
    assert [call["rung"] for call in data["reached"]] == ["unsigned", "deemed_signed", "remind", "urge"]
    assert [call["rung"] for call in data["next"]] == ["criticise", "supervise"]
    assert data["clocks"][0]["statutory"]["lamp"] == "yellow"


def test_a_case_that_waits_for_the_office_shows_the_offices_own_lamp(office: Office) -> None:
    office.text("8613800000002", "村里路灯坏了半个月")
    with office.database.read() as tx:
        number = store.listed(tx, state="new")[0].number
    said = due(office, number)
    assert "期限没有起算" in said
    assert "2026-11-25(周三)前应由沟通办处理" in said
    assert json.loads(due(office, number, "--json"))["waiting"]["due"] == "2026-11-25"


def test_a_department_sees_the_time_of_its_own_cases_only(
    office: Office, no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.database.write() as tx:
        for name, unit in (("交警", "交警大队"), ("教育", "县教育局")):
            operators.add(tx, name, ("dept",), name, unit, None, office.now)
    monkeypatch.setenv("LOGNAME", "交警")
    assert "法定期限" in due(office, no)
    monkeypatch.setenv("LOGNAME", "教育")
    with pytest.raises(NotFound):
        due(office, no)


def test_a_bulletin_can_ask_the_clocks_of_a_thousand_cases_at_once(office: Office, no: str) -> None:
    matter, moves = read(office, no)
    terms, calendar = resources.terms(office.settings), resources.calendar(office.settings)
    shifted = [
        tuple(Move(move.at - timedelta(days=n), move.event, move.state, move.holder) for move in moves)
        for n in range(1000)
    ]
    began = time.process_time()
    lamps = [clocks(one, matter, terms, calendar, office.now)[-1].statutory.lamp for one in shifted]
    assert lamps.count(Lamp.RED) > 900
    assert time.process_time() - began < 1.0  # it takes 0.03 s
