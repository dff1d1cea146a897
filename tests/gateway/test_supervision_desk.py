"""The supervision board: what is open, late, urged and supervised, now and on any past day; what a month calls for."""

import json
from dataclasses import asdict, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import case_desk, supervision_desk
from gateway.supervision_desk import Line, Month, board, month, overdue
from routing.cases import Case
from routing.deadlines import Lamp, Matter, Move, clocks
from routing.history import Entry
from routing.moves import OFFICE
from routing.seen import Seen
from tests.gateway.casework import ALL, MINE, ROAD, THEIRS, WATER, YOURS, act, at, delivered, go, opened
from tests.gateway.office import Office

POLICE, SCHOOLS = "交警大队", "县教育局"


def seen(office: Office, words: str) -> tuple[Seen, ...]:
    with office.database.read() as tx:
        return supervision_desk.look(tx, supervision_desk.as_known(office.desk, at(words)), at(words))


def called(office: Office, name: str, words: str) -> Month:
    """What a month calls for; the same whether the cases that matter are looked at, or all there ever were."""
    desk = supervision_desk.as_known(office.desk, at(words))
    with office.database.read() as tx:
        found = supervision_desk.look_at_month(tx, desk, name, at(words))
    assert found == month(desk, seen(office, words), name, at(words))
    return found


def lines(office: Office, words: str) -> list[Line]:
    return list(board(office.desk, seen(office, words), at(words)).units)


def assigned(office: Office, on: str, number: str, words: str, lead: str) -> str:
    go(office, on)
    office.minutes -= 30
    no = opened(office, number, words)
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead=lead)
    return no


def sweeps(office: Office, on: str) -> None:
    go(office, on)
    office.sweep()
    office.supervise()


@pytest.fixture
def two(office: Office) -> tuple[str, str]:
    """A case of the police, due on Monday the 16th, urged the next day; one of the schools, reported on the 12th."""
    first = assigned(office, "2026-11-09T10:00", MINE, ROAD, POLICE)
    second = assigned(office, "2026-11-09T11:00", YOURS, WATER, SCHOOLS)
    sweeps(office, "2026-11-11T09:00")
    go(office, "2026-11-12T09:00")
    act(office, second, "report", reply="已处理", signed_by="赵局长")
    sweeps(office, "2026-11-17T09:00")
    sweeps(office, "2026-12-01T09:00")
    return first, second


def test_the_board_tells_every_past_day_as_it_was(office: Office, two: tuple[str, str]) -> None:
    assert lines(office, "2026-11-09T09:00") == []
    assert lines(office, "2026-11-10T12:00") == [Line(POLICE, 1, 0, 0, 0, 0, 0), Line(SCHOOLS, 1, 0, 0, 0, 0, 0)]
    assert lines(office, "2026-11-13T12:00") == [Line(POLICE, 1, 1, 0, 0, 0, 0), Line(SCHOOLS, 1, 1, 0, 0, 0, 0)]
    police = {line.unit: line for line in lines(office, "2026-11-17T12:00")}[POLICE]
    assert police == Line(POLICE, 1, 0, 1, 0, 1, 0)
    police = {line.unit: line for line in lines(office, "2026-12-01T12:00")}[POLICE]
    assert (police, police.on_time) == (Line(POLICE, 1, 0, 0, 1, 0, 1), 0)


def test_what_the_office_lets_wait_is_its_own_lamp(office: Office, two: tuple[str, str]) -> None:
    [waits] = board(office.desk, seen(office, "2026-11-16T12:00"), at("2026-11-16T12:00")).office
    assert (waits.state, waits.cases, waits.yellow, waits.red) == ("reported", 1, 1, 0)  # reported on the 12th
    [waits] = board(office.desk, seen(office, "2026-11-18T12:00"), at("2026-11-18T12:00")).office
    assert (waits.yellow, waits.red) == (0, 1)


def test_the_late_cases_say_who_has_them_how_late_and_on_which_rung(office: Office, two: tuple[str, str]) -> None:
    first, second = two
    assert overdue(office.desk, seen(office, "2026-11-16T23:59"), at("2026-11-16T23:59")) == ()
    now = at("2026-11-20T12:00")
    late = [asdict(one) for one in overdue(office.desk, seen(office, "2026-11-20T12:00"), now)]
    assert [(one["number"], one["holder"], one["days"], one["rung"], one["supervision"]) for one in late] == [
        (first, POLICE, 4, "urge", "urged"),
        (second, OFFICE, 4, "deemed_signed", "none"),
    ]
    [red, _] = overdue(office.desk, seen(office, "2026-12-02T12:00"), at("2026-12-02T12:00"))
    assert (red.lamp, red.rung, red.supervision, red.days) == (Lamp.RED, "supervise", "supervised", 12)


def test_a_supervision_that_was_lifted_shows_on_the_days_it_held(office: Office, two: tuple[str, str]) -> None:
    with office.database.write() as tx:
        case_desk.supervise(tx, two[0], "director", "主任", "已现场办理", True, at("2026-12-03T10:00"))
    states = [
        {one.case.number: one.supervision for one in seen(office, f"2026-12-{day}T12:00")}[two[0]]
        for day in ("02", "03")
    ]
    assert states == ["supervised", "none"]


def test_a_month_counts_votes_and_answers_with_both_numbers(office: Office) -> None:
    for number, words, lead, rating in (
        (MINE, ROAD, POLICE, "3"),
        (YOURS, WATER, POLICE, "1"),
        (THEIRS, "医院收费太贵了", SCHOOLS, "2"),
    ):
        no = assigned(office, "2026-11-09T10:00", number, words, lead)
        go(office, "2026-11-12T10:00" if lead == POLICE else "2026-11-19T10:00")
        act(office, no, "report", reply="已处理", signed_by="赵局长")
        act(office, no, "approve", "reviewer", "乙", gates=ALL)
        delivered(office)
        office.minutes += 60
        office.text(number, rating)
        delivered(office)
    found = called(office, "2026-11", "2026-11-30T12:00")
    assert {(one.unit, one.dissatisfied, one.rated, one.year) for one in found.votes} == {
        (POLICE, 1, 2, 1),
        (SCHOOLS, 0, 1, 0),
    }
    assert [(one.unit, one.numerator, one.denominator) for one in found.standings] == [(POLICE, 2, 2), (SCHOOLS, 0, 1)]
    assert (found.bottom, found.summoned, found.warned) == ((SCHOOLS,), (), ())
    assert json.dumps(asdict(found), default=str)
    early = called(office, "2026-11", "2026-11-13T12:00")
    assert (early.standings, [(one.dissatisfied, one.rated) for one in early.votes]) == ((), [(1, 2)])


# ------------------------------------------------------------------------------- figures that no office has in a test


def history(office: Office, n: int, lead: str, given_: str, answered: str | None, rating: str | None) -> Seen:
    """A case that was given to a unit, answered and rated on these moments."""
    steps = [(given_, "receive", "new", OFFICE), (given_, "assign", "assigned", lead)]
    steps += [(answered, "approve", "replied", "群众")] if answered else []
    steps += [(rating, "rate_bad", "dissatisfied", OFFICE)] if rating else []
    moves = [Move(at(when), event, state, holder) for when, event, state, holder in steps]
    case = Case(n, f"FX26{n:05d}", "1000", None, "热线", "", at(given_), lead=lead)
    now = at("2026-12-31T12:00")
    entries = [Entry(move.at, move.event, "", "", None, move.state, "", None, None, {}) for move in moves]
    return Seen(case, moves, clocks(moves, Matter(), office.desk.terms, office.desk.calendar, now), None, entries)


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("count", "levels"), [(9, []), (10, ["III"]), (19, ["III"]), (20, ["III", "II"])])
def test_each_level_is_called_once_in_the_month_of_the_vote_that_reaches_it(
    office: Office, count: int, levels: list[str]
) -> None:
    bad = [
        history(office, n, POLICE, "2026-10-12T09:00", "2026-10-13T09:00", f"2026-10-{14 + n % 10}T09:00")
        for n in range(count)
    ]
    now = at("2026-12-31T12:00")
    assert [one.level.level for one in month(office.desk, bad, "2026-10", now).warned] == levels
    assert month(office.desk, bad, "2026-11", now).warned == ()


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_unit_at_the_bottom_two_months_running_is_summoned(office: Office) -> None:
    cases = []
    for n, (on, late) in enumerate((("2026-10-12", "2026-10-30"), ("2026-11-09", "2026-11-27"))):
        cases.append(history(office, 10 * n, POLICE, f"{on}T09:00", f"{late}T09:00", None))
        cases.append(history(office, 10 * n + 1, SCHOOLS, f"{on}T09:00", f"{on}T16:00", None))
    now = at("2026-12-31T12:00")
    assert month(office.desk, cases, "2026-10", now).summoned == ()
    assert month(office.desk, cases, "2026-11", now).summoned == (POLICE,)
    assert month(office.desk, cases[:2], "2026-11", now).summoned == ()


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_date_that_a_person_set_is_the_one_that_counts(office: Office) -> None:
    one = history(office, 1, POLICE, "2026-11-09T10:00", None, None)
    moves = [one.history[0], replace(one.history[1], until=date(2026, 11, 12))]
    now = at("2026-11-13T12:00")
    early = replace(one, history=moves, clocks=clocks(moves, Matter(), office.desk.terms, office.desk.calendar, now))
    assert [late.due for late in overdue(office.desk, [early], now)] == [date(2026, 11, 12)]


@given(
    st.lists(
        st.tuples(st.sampled_from((POLICE, SCHOOLS)), st.integers(1, 60), st.none() | st.integers(0, 40)), max_size=12
    ),
    st.integers(0, 120),
)
def test_the_sum_is_the_sum_of_the_units_and_no_case_has_two_lamps(
    desk_office: Office, given_: list[tuple[str, int, int | None]], days: int
) -> None:
    now = at("2026-09-01T12:00") + timedelta(days=days)
    desk = desk_office.desk
    cases = []
    for n, (lead, start, took) in enumerate(given_):
        began = at("2026-09-01T10:00") + timedelta(days=start)
        moves = [Move(began, "assign", "assigned", lead)]
        if took is not None:
            moves.append(Move(began + timedelta(days=took), "approve", "replied", "群众"))
        moves = [move for move in moves if move.at <= now]
        case = Case(n, f"FX26{n:05d}", "1000", None, "热线", "", began, lead=lead)
        if moves:
            cases.append(Seen(case, moves, clocks(moves, Matter(), desk.terms, desk.calendar, now), None))
    found = board(desk, cases, now)
    for name in ("open", "due_soon", "yellow", "red", "urged", "supervised", "on_time"):
        assert getattr(found.total, name) == sum(getattr(line, name) for line in found.units)
    assert found.total.open == sum(one.running is not None for one in cases)
    assert found.total.yellow + found.total.red == len(overdue(desk, cases, now))
    assert 0 <= found.total.due_soon <= found.total.on_time
