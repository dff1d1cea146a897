"""Other ways in, tasks and monthly reports as their people have them: by commands, each with their own account."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import operators, roster_desk, staff_codes
from gateway.cli import case, monitor, roster, staff, task, zero
from gateway.cli.desk import read_keys
from gateway.cli.where import Where
from gateway.database import Database
from gateway.errors import Refused
from gateway.resources import prefixes
from gateway.settings import load
from roster import store as roster_store
from roster.importing import Entry
from roster.networks import Belonging
from roster.vault import Vault
from tests.conftest import NOON
from tests.gateway.phones import POLICE, staffed

PEOPLE = {
    "office": (("operator", "system", "roster"), None),
    "shen": (("reviewer",), None),
    "jiaojing": (("dept",), "交警大队"),
    "duizhang": (("head",), "交警大队"),
    "jiaoyu": (("dept",), "县教育局"),
}
NOUNS = {
    "case": case.app,
    "task": task.app,
    "zero": zero.app,
    "monitor": monitor.app,
    "roster": roster.app,
    "staff": staff.app,
}
Run = Callable[..., Any]


@pytest.fixture
def folder(folder: Path) -> Path:
    """With accounts, phones, and two informants."""
    settings = load(staffed(folder), {})
    database = Database(settings.store_url())
    vault = Vault(read_keys(settings))
    entries = tuple(Entry(n, f"+861380000000{n}", f"钱{n}", "", "教师", "城关镇", "东赵村") for n in (1, 2))
    with database.write() as tx:
        for name, (roles, department) in PEOPLE.items():
            if name != "office":
                operators.add(tx, name, roles, name, department, None, NOON)
        roster_desk.apply(tx, vault, prefixes(settings), roster_desk.Plan(entries, (), 0, ()), NOON)
    database.close()
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command by somebody; its JSON, its screen, or the refusal that was expected."""

    def run(who: str, noun: str, *arguments: str, refused: str = "", screen: bool = False) -> Any:
        monkeypatch.setenv("LOGNAME", who)
        given = [*arguments] if screen else [*arguments, "--json"]
        done = CliRunner().invoke(NOUNS[noun], given, obj=Where(folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in done.exception.message + done.exception.way_out, done.exception.message
            return None
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output if screen else json.loads(done.stdout)

    return run


def test_a_sheet_is_tried_then_entered_and_not_twice(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "来件.csv"
    with file.open("w", encoding="gb18030", newline="") as out:
        csv.writer(out).writerows(
            [
                ["渠道", "内容", "手机号", "姓名", "工单号"],
                ["热线", "育才路红绿灯坏了", "13777770001", "周小某", "H1"],
                ["传真", "路灯不亮", "", "", ""],
                ["贴吧", "公园没人清扫", "", "", "T1"],
            ]
        )
    tried = run("office", "case", "import", str(file))
    assert (tried["applied"], tried["accepted"], tried["rejected"], tried["numbers"]) == (False, 2, 1, [])
    assert run("office", "case", "list") == []
    done = run("office", "case", "import", str(file), "--apply")
    first, second = done["numbers"]
    assert run("office", "case", "import", str(file), "--apply")["accepted"] == 0
    assert [one["number"] for one in run("office", "case", "list", "--channel", "贴吧")] == [second]
    shown = run("office", "case", "show", first)["origin"]
    assert (shown["reference"], shown["name"]) == ("H1", "周**")
    words = run("office", "case", "show", first, screen=True)
    assert "热线电话" in words
    assert "外部编号 H1" in words
    assert "周小某" not in words
    counted = run("office", "case", "channels", "--from", "2026-01-01")["channels"]
    assert {one["channel"]: one["cases"] for one in counted} == {"hotline": 1, "tieba": 1}
    run("jiaojing", "case", "import", str(file), refused="没有权限")


def test_one_that_came_otherwise_is_entered_answered_and_told(run: Run) -> None:
    given = ("--channel", "留言板", "--text", "中心街污水外溢", "--reference", "L1", "--received", "2026-11-20 09:30")
    no = run("office", "case", "new", *given)["number"]
    run("office", "case", "new", *given, refused=f"已登记为 {no}")
    run("office", "case", "new", "--channel", "电报", "--text", "路灯", refused="没有渠道")
    run("office", "case", "new", "--channel", "短信", "--text", "路灯", refused="没有渠道")
    run("office", "case", "new", "--text", "路灯", "--received", "2999-01-01", refused="还没有到")
    run("office", "case", "accept", no, "--kind", "求助")
    run("office", "case", "assign", no, "--lead", "交警")
    assert "L1" not in run("jiaojing", "case", "show", no, screen=True)
    run("duizhang", "case", "report", no, "--reply", "已疏通")
    assert run("shen", "case", "approve", no, "--gates", "e,p,y")["reply_delivery"] == "by_hand"
    assert run("office", "case", "next")["number"] == no
    assert run("office", "case", "told", no, "--how", "在留言板公开回复")["state"] == "closed"


def test_a_task_from_giving_to_closing(run: Run) -> None:
    no = run("office", "task", "new", "--unit", "交警", "--text", "报送冬季检查情况", "--days", "3")["number"]
    run("jiaojing", "task", "new", "--unit", "交警", "--text", "自己给自己", refused="没有权限")
    assert [one["number"] for one in run("jiaojing", "task", "list")] == [no]
    assert run("jiaoyu", "task", "list") == []
    run("duizhang", "case", "report", no, "--reply", "已检查214辆")
    run("shen", "task", "close", no, "--gates", "e,p", refused="三关")
    assert run("shen", "task", "close", no, "--gates", "e,p,y")["state"] == "closed"
    assert run("office", "task", "list") == []
    assert len(run("office", "task", "list", "--all")) == 1
    [count] = run("office", "task", "count")
    assert (count["unit"], count["given"], count["done"], count["open"], count["late"]) == ("交警大队", 1, 1, 0, 0)
    other = run("office", "case", "new", "--text", "路灯不亮")["number"]
    run("shen", "task", "close", other, "--gates", "e,p,y", refused="不是工作任务")
    run("office", "case", "accept", other, "--kind", "任务", refused="请注明类别")


def test_a_unit_confirms_its_own_month_only(run: Run) -> None:
    assert run("jiaojing", "zero", "confirm", "--none")["unit"] == "交警大队"
    run("office", "zero", "confirm", "--unit", "教育局", "--count", "3")
    run("office", "zero", "confirm", "--unit", "教育局", refused="两者之一")
    run("office", "zero", "confirm", "--unit", "教育局", "--month", "2999-01", "--none", refused="还没有结束")
    found = run("office", "zero", "list")
    assert (found["confirmed"], found["units"]) == (2, 61)
    assert len(run("office", "zero", "list", "--missing")["list"]) == 59
    assert "3 件" in run("office", "zero", "list", screen=True)


def test_monitors_and_spokespersons_are_tagged_and_listed_masked(run: Run) -> None:
    run("office", "roster", "tag", "monitor", "13800000001", "2")
    run("office", "roster", "tag", "spokesperson", "1", refused="界别")
    run("office", "roster", "tag", "spokesperson", "1", "--sector", "教育界")
    run("office", "roster", "tag", "star", "1", refused="没有标签")
    run("shen", "roster", "tag", "monitor", "1", refused="没有权限")
    assert [(one["tag"], one["sector"]) for one in run("office", "roster", "tags")] == [
        *[("monitor", "")] * 2,
        ("spokesperson", "教育界"),
    ]
    words = run("office", "roster", "tags", screen=True)
    assert "138****0001" in words
    assert "13800000001" not in words
    run("office", "roster", "untag", "monitor", "2")
    run("office", "roster", "untag", "monitor", "2", refused="没有这个标签")
    assert [one["person_id"] for one in run("office", "monitor", "list", "--missing")] == [1]
    assert "0/1" in run("office", "monitor", "list", screen=True)


def test_phones_of_the_office_are_listed_masked_and_unlocked_after_a_call(run: Run, folder: Path) -> None:
    assert {one["role"] for one in run("office", "staff", "list")} == {"dept", "head", "leader"}
    assert "139****0001" in run("office", "staff", "list", screen=True)
    assert run("office", "staff", "read", "BJ FX2600017 4821 已修好")["code"] == "4821"
    assert run("office", "staff", "read", "村里路灯坏了") is None
    run("office", "staff", "unlock", POLICE[2:], "--reason", "电话核实", refused="没有锁定")
    settings = load(folder, {})
    database = Database(settings.store_url())
    with database.write() as tx:
        person = roster_store.find_or_add_person(
            tx, Vault(read_keys(settings)), f"+{POLICE}", Belonging("mobile", "prefix", ""), NOON
        )
        for _ in range(staff_codes.TRIES):
            staff_codes.wrong(tx, person.id, datetime.now(UTC))
    assert any(one["locked_until"] for one in run("office", "staff", "list"))
    run("office", "staff", "unlock", POLICE[2:], "--reason", "电话核实")
    assert not any(one["locked_until"] for one in run("office", "staff", "list"))
    database.close()
