"""The supervision board as its people have it: by commands, as JSON and as tables."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import operators
from gateway.cli import case, supervise
from gateway.cli.desk import Desk
from gateway.cli.where import Where
from gateway.errors import Refused
from tests.conftest import NOON
from tests.gateway.casework import MINE, ROAD, YOURS, act, opened
from tests.gateway.office import Office

Run = Callable[..., Any]
pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # the store is tested on both elsewhere


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command by somebody at the office's moment: its JSON, its words, or the refusal that was expected."""
    with office.database.write() as tx:
        operators.add(tx, "ducha", ("supervisor",), "ducha", None, None, NOON)
        operators.add(tx, "jiaojing", ("dept",), "jiaojing", "交警大队", None, NOON)
    monkeypatch.setattr(Desk, "now", lambda self: office.now)

    def run(who: str, app: Any, *arguments: str, refused: str = "", plain: bool = False) -> Any:
        monkeypatch.setenv("LOGNAME", who)
        given = [*arguments] if plain else [*arguments, "--json"]
        done = CliRunner().invoke(app, given, obj=Where(office.folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in done.exception.message + done.exception.way_out
            return None
        assert done.exit_code == 0, done.output or done.exception
        return done.stdout if plain else json.loads(done.stdout)

    return run


@pytest.fixture
def late(office: Office) -> str:
    """A case of the police that is a fortnight late, beside one that nobody has accepted."""
    office.minutes += 180  # the office is open again at two
    no = opened(office, MINE, ROAD)
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队")
    opened(office, YOURS, "村里自来水停了三天")
    for _ in range(14):
        office.minutes += 24 * 60
        office.sweep()
        office.supervise()
    return no


def test_the_board_and_the_late_cases(run: Run, office: Office, late: str) -> None:
    found = run("ducha", case.app, "board")
    [unit] = found["units"]
    assert (unit["unit"], unit["open"], unit["yellow"], unit["urged"]) == ("交警大队", 1, 1, 1)
    assert unit["on_time"] == {"numerator": 0, "denominator": 1}
    assert [(one["state"], one["red"]) for one in found["office"]] == [("new", 1)]
    [one] = run("ducha", case.app, "overdue")
    assert (one["number"], one["unit"], one["rung"], one["days"]) == (late, "交警大队", "criticise", 5)
    assert run("ducha", case.app, "overdue", "--unit", "县教育局") == []
    assert run("ducha", case.app, "overdue", "--unit", "没有的局", refused="没有单位") is None
    assert "交警大队" in run("ducha", case.app, "board", plain=True)
    assert "超期未答复 1 件" in run("ducha", case.app, "overdue", plain=True)


def test_a_past_day_is_told_as_it_was_and_one_to_come_is_refused(run: Run, office: Office, late: str) -> None:
    on = (NOON + timedelta(days=3)).date()
    [unit] = run("ducha", case.app, "board", "--as-of", f"{on}")["units"]
    assert (unit["open"], unit["yellow"], unit["urged"]) == (1, 0, 0)
    assert run("ducha", case.app, "overdue", "--as-of", f"{on}") == []
    run("ducha", case.app, "board", "--as-of", "2027-12-01", refused="还没有到")
    run("ducha", case.app, "board", "--as-of", "昨天", refused="看不懂日期")


def test_a_unit_does_not_see_the_others(run: Run, office: Office, late: str) -> None:
    run("jiaojing", case.app, "board", refused="没有权限")
    run("jiaojing", supervise.app, "warnings", refused="没有权限")


def test_a_month_by_command(run: Run, office: Office, late: str) -> None:
    found = run("ducha", supervise.app, "warnings", "--month", "2026-12")
    assert [(one["unit"], one["numerator"], one["denominator"]) for one in found["standings"]] == [("交警大队", 0, 1)]
    assert (found["warned"], found["bottom"], found["summoned"], found["repeats"]) == ([], [], [], [])
    assert "约谈名单(连续2个月末位):无" in run("ducha", supervise.app, "warnings", plain=True)
    run("ducha", supervise.app, "warnings", "--month", "2027-02", refused="还没有到")
    run("ducha", supervise.app, "warnings", "--month", "十二月", refused="看不懂")


def test_the_office_sees_its_own_lamp_beside_the_units(run: Run, office: Office, late: str) -> None:
    waiting = {one["number"]: one for one in run("office", case.app, "list")}
    assert waiting[late]["office"] is None
    [other] = [one for number, one in waiting.items() if number != late]
    assert other["office"]["lamp"] == "red"
    office.minutes += 15
    act(office, late, "report", reply="已处理", signed_by="赵队长")
    office.minutes += 2 * 24 * 60
    reported = {one["number"]: one for one in run("office", case.app, "list")}[late]
    assert (reported["lamp"], reported["office"]["lamp"]) == ("yellow", "yellow")
    assert "沟通办处理期限" in run("office", case.app, "show", late, plain=True)
    assert run("office", case.app, "next")["office"]["lamp"] == "red"
    assert run("jiaojing", case.app, "list")[0]["office"] is None
