"""Digest, instructions, leaders, supervision and samples as their people have them: by commands, as JSON and tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from docx import Document
from typer.testing import CliRunner

from gateway import operators
from gateway.cli import case, digest, instruction, leader, report, sample, supervise
from gateway.cli.desk import Desk
from gateway.cli.where import Where
from gateway.errors import Refused
from gateway.tables import audit
from tests.conftest import NOON
from tests.gateway.casework import ALL, MINE, ROAD, THEIRS, WATER, YOURS, act, answered, assigned, opened
from tests.gateway.office import Office

Run = Callable[..., Any]
pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # the store is tested on both elsewhere

PEOPLE = {
    "zhuren": ("director",),
    "lingdao": ("leader",),
    "ducha": ("supervisor",),
    "caozuo": ("operator",),
    "jiaojing": ("dept",),
}


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command by somebody at the office's moment: its JSON, its words, or the refusal that was expected."""
    with office.database.write() as tx:
        for name, roles in PEOPLE.items():
            operators.add(tx, name, roles, name, "交警大队" if roles == ("dept",) else None, None, NOON)
    monkeypatch.setattr(Desk, "now", lambda self: office.now)

    def run(who: str, app: Any, *arguments: str, refused: str = "", plain: bool = False) -> Any:
        monkeypatch.setenv("LOGNAME", who)
        given = [*arguments] if plain or refused else [*arguments, "--json"]
        done = CliRunner().invoke(app, given, obj=Where(office.folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in done.exception.message + done.exception.way_out
            return None
        assert done.exit_code == 0, done.output or done.exception
        return done.stdout if plain else json.loads(done.stdout)

    return run


@pytest.fixture
def cases(office: Office) -> list[str]:
    """A road that the police have, water, a misconduct that waits for a leader."""
    numbers = [opened(office, MINE, ROAD), opened(office, YOURS, WATER), opened(office, THEIRS, "举报某局有人收受贿赂")]
    assigned(office, numbers[0])
    act(office, numbers[2], "accept", kind="举报")
    return numbers


def verbs(office: Office) -> list[str]:
    with office.database.read() as tx:
        return list(tx.scalars(sa.select(audit.c.verb).order_by(audit.c.id)))


def test_a_digest_from_the_draft_to_the_paper(run: Run, office: Office, cases: list[str], tmp_path: Path) -> None:
    issue = run("caozuo", digest.app, "draft")
    assert [item["ref"] for item in issue["items"]] == ["1-1", "1-2", "1-3"]
    run("caozuo", digest.app, "edit", "1", "2", "--title", "小学门口堵车", plain=True)
    run("caozuo", digest.app, "move", "1", "2", "--to", "1", plain=True)
    run("caozuo", digest.app, "remove", "1", "3", plain=True)
    run("caozuo", digest.app, "add", "1", cases[1], plain=True)
    run("caozuo", digest.app, "sign", "1", refused="没有权限")
    run("zhuren", digest.app, "draft", refused="没有权限")
    assert "(草稿)" in run("caozuo", digest.app, "show", "1", plain=True)
    signed = run("zhuren", digest.app, "sign", "1")
    assert (signed["name"], len(signed["sha256"])) == ("2026-1", 64)
    run("caozuo", digest.app, "remove", "1", "1", refused="不再改动")
    file = tmp_path / "摘报.docx"
    said = run("lingdao", digest.app, "show", "1", "--word", str(file), plain=True)
    assert "签发:zhuren" in said
    tables = Document(str(file)).tables
    assert [cell.text for cell in tables[0].columns[0].cells] == ["项目", "反映", "办理情况", "选入理由", "批示"]
    assert run("lingdao", digest.app, "list")[0]["items"] == 3
    run("jiaojing", digest.app, "list", refused="没有权限")
    run("caozuo", digest.app, "draft", "--from", "2026-11-20", refused="写全")
    run("caozuo", digest.app, "draft", "--week", "2027-03-01", refused="不能成期")
    assert run("caozuo", digest.app, "draft", "--week", "2026-11-16")["items"] == []
    run("caozuo", digest.app, "drop", "2", plain=True)
    run("caozuo", digest.app, "show", "2", refused="没有第 2 期")
    steps = ("draft", "edit", "move", "remove", "add", "sign", "draft", "drop")
    assert [verb for verb in verbs(office) if verb.startswith("digest.")] == [f"digest.{one}" for one in steps]


def test_an_instruction_from_the_paper_to_the_published_result(run: Run, office: Office, cases: list[str]) -> None:
    office.minutes += 1
    run("caozuo", digest.app, "draft")
    run("zhuren", digest.app, "sign", "1")
    item = next(
        one["ref"] for one in run("lingdao", digest.app, "show", "1")["items"] if one["cases"][0]["number"] == cases[0]
    )
    assert [one["what"] for one in run("lingdao", leader.app, "pending")] == ["待批示", "可批示", "可批示"]
    assert "待批示" in run("lingdao", leader.app, "pending", plain=True)
    one = run("lingdao", instruction.app, "record", "--leader", "县长", "--text", "请交警大队负责", "--item", item)
    assert (one["number"], one["due"]) == ("批示2026-1", "2026-12-01")
    run("jiaojing", instruction.app, "show", "1", refused="没有编号")
    run("caozuo", instruction.app, "assign", "1", "--unit", "交警大队", refused="没有权限")
    run("ducha", instruction.app, "assign", "1", "--unit", "交警大队")
    assert [one["number"] for one in run("jiaojing", instruction.app, "list")] == ["批示2026-1"]
    run("jiaojing", instruction.app, "report", "1", "--text", "已设护学岗")
    run("ducha", instruction.app, "send-back", "1", "--reason", "写明时间")
    office.minutes += 9 * 24 * 60
    assert [one["late"] for one in run("ducha", instruction.app, "overdue")] == [2]
    run("jiaojing", instruction.app, "report", "1", "--text", "12月起每日执勤")
    assert run("ducha", instruction.app, "overdue") == []
    run("ducha", instruction.app, "close", "1", "--result", "已设护学岗", "--publish")
    assert "已设护学岗" in run("caozuo", instruction.app, "list", "--published", plain=True)
    assert "退回重报" in run("caozuo", instruction.app, "show", "1", plain=True)
    assert run("lingdao", instruction.app, "figures")["handled"]["percent"] == "100.00%"
    assert "33.33%(1/3)" in run("lingdao", instruction.app, "figures", plain=True)
    run(
        "lingdao",
        instruction.app,
        "record",
        "--leader",
        "县长",
        "--text",
        "查",
        "--case",
        cases[2],
        refused="case instruct",
    )
    kinds = {one["name"]: one for one in run("lingdao", leader.app, "kinds")}
    assert kinds["违纪违法"]["waiting"] == [cases[2]]
    assert "违纪违法" in run("lingdao", leader.app, "kinds", plain=True)


def test_supervision_by_command(run: Run, office: Office, cases: list[str]) -> None:
    no = cases[0]
    run("caozuo", supervise.app, "open", no, "--reason", "拖", refused="没有权限")
    run("ducha", supervise.app, "open", "--reason", "拖", refused="请指明督办哪一件")
    assert (
        run("ducha", supervise.app, "open", no, "--reason", "拖", "--kind", "重点督办")["supervision_kind"]
        == "重点督办"
    )
    assert run("ducha", supervise.app, "open", "--unit", "交警大队", "--reason", "推诿", "--case", no)["cases"] == [no]
    run(
        "ducha",
        supervise.app,
        "special",
        "--place",
        "小学门口",
        "--topic",
        "交通",
        "--reason",
        "多发",
        "--due",
        "2026-12-31",
    )
    run("ducha", supervise.app, "conduct", "--unit", "县城管局", "--measure", "约谈提醒", "--reason", "态度")
    found = run("ducha", supervise.app, "list")
    assert [(one["number"], one["kind"]) for one in found["cases"]] == [(no, "重点督办")]
    assert [one["form"] for one in found["records"]] == ["unit", "special", "conduct"]
    assert [one["form"] for one in run("caozuo", supervise.app, "list")["records"]] == ["unit", "special"]
    run("caozuo", supervise.app, "show", "3", refused="没有督办第 3 号")
    assert no in run("ducha", supervise.app, "show", "1", plain=True)
    assert "一题一专项" in run("ducha", supervise.app, "list", plain=True)
    year = {block["table"]: block["rows"] for block in run("ducha", report.app, "yearly")["blocks"] if "table" in block}
    assert [(row[0], row[5]) for row in year["四、一题一专项"]] == [("小学门口交通", "办理中")]
    assert [row[1] for row in year["三、一事一督办"]] == [no]
    run("ducha", supervise.app, "close", "1", "--result", "已明确")
    run("ducha", supervise.app, "close", no, "--result", "已办好")
    left = run("ducha", supervise.app, "list")
    assert (left["cases"], [one["form"] for one in left["records"]]) == ([], ["special", "conduct"])
    assert len(run("ducha", supervise.app, "list", "--all")["records"]) == 3


def test_a_watched_case_by_command(run: Run, office: Office, cases: list[str]) -> None:
    no = cases[0]
    run("zhuren", supervise.app, "follow", no, "--reason", "要紧", refused="没有权限")
    run("ducha", supervise.app, "follow", no, "--reason", "要紧")
    run("jiaojing", case.app, "sign", no)
    [step] = run("ducha", supervise.app, "watch")
    assert (step["number"], step["event"]) == (no, "sign")
    assert "签收" in run("ducha", supervise.app, "watch", no, plain=True)
    assert run("ducha", supervise.app, "seen", no, "--to", str(step["id"])) == {"steps": 1}
    assert run("ducha", supervise.app, "watch") == []
    assert "全程督办" in run("ducha", case.app, "show", no, plain=True)
    assert run("ducha", supervise.app, "follow", no, "--reason", "已稳定", "--end")["full_watch"] is None


def test_a_sample_by_command(run: Run, office: Office, tmp_path: Path) -> None:
    no = opened(office, MINE, "我是东赵村的王小明,路灯坏了")
    answered(office, no)
    office.text(MINE, "1")
    people = tmp_path / "名单.csv"
    people.write_text("姓名,类别,单位\n评01,专家,\n评02,干部,交警大队\n", encoding="utf-8")
    given = ("draw", "--n", "60", "--seed", "7号", "--evaluators", str(people))
    run("caozuo", sample.app, *given, "--month", "2026-11", refused="没有权限")
    run("ducha", sample.app, *given, refused="请指明月份或年份")
    run("ducha", sample.app, *given, "--month", "2026-13", refused="看不懂")
    drawn = run("ducha", sample.app, *given, "--month", "2026-11")
    [one] = drawn["cases"]
    assert (one["pseudonym"], one["number"]) == ("S1-001", no)
    assert drawn["evaluators"][one["evaluator"] - 1]["name"] == "评01"  # the other is from the unit that had it
    run("ducha", sample.app, *given, "--month", "2026-11", refused="已经抽过")
    run("ducha", sample.app, *given, "--year", "2026")
    files = run("ducha", sample.app, "pack", "1", "--out", str(tmp_path / "材料"))
    assert all(Path(file).is_file() for file in files)
    run("ducha", sample.app, "enter", refused="请写化名编号")
    marks = ("--attitude", "5", "--efficiency", "4", "--style", "3")
    assert run("caozuo", sample.app, "enter", "S1-001", *marks) == {"entered": 1}
    [row] = run("zhuren", sample.app, "result", "1")["blocks"][1]["rows"]
    assert (row[1]["percent"], row[3]) == ("100.00%", "5.00(5/1)")
    assert "服务态度好评" in run("zhuren", sample.app, "result", "1", plain=True)
    frame = tmp_path / "范围.csv"
    assert run("ducha", sample.app, "recount", "1", "--frame", str(frame))["same"]
    assert no in frame.read_text(encoding="utf-8-sig")
    assert [one["entered"] for one in run("zhuren", sample.app, "list")] == [1, 0]
    assert "S1-001" in run("zhuren", sample.app, "show", "1", plain=True)
    assert "7号" in run("zhuren", sample.app, "list", plain=True)
    assert [verb for verb in verbs(office) if verb.startswith("sample.")] == [
        *("sample.draw", "sample.draw", "sample.pack", "sample.enter"),
    ]


def test_a_unit_reads_no_name_and_the_office_sees_who_was_asked_to_rate(run: Run, office: Office) -> None:
    no = opened(office, MINE, "钱001反映:我叫王小明,电话139 1234 5678,路灯坏了")
    assigned(office, no)
    said = run("jiaojing", case.app, "show", no, plain=True) + str(run("jiaojing", case.app, "list"))
    assert "路灯坏了" in said
    assert not [hidden for hidden in ("王小明", "钱001", "1234 5678") if hidden in said]
    assert "王小明" in run("caozuo", case.app, "show", no, plain=True)
    act(office, no, "report", reply="已修", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    assert run("zhuren", case.app, "surveyed")["asked"] == [no]
    assert "100.00%(1/1)" in run("zhuren", case.app, "surveyed", plain=True)
