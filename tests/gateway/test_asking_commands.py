"""What the propaganda office types: polls, meetings, corrections; each refusal says what to do."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import operators
from gateway.cli import notice, poll, text
from gateway.cli.desk import Desk
from gateway.cli.where import Where
from gateway.errors import Refused
from tests.gateway.asking import arrived, extension, last_day, texted, texts
from tests.gateway.casework import ROAD
from tests.gateway.office import Office

Run = Callable[..., Any]
PEOPLE = {"xuan": (("drafter",), None), "pi": (("approver",), None), "jiaoyu": (("dept",), "县教育局")}
QUESTION = "拟在人民广场北侧建文化廊架,您是否同意?"


@pytest.fixture
def county(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office with ten informants whose time is the commands' time."""
    office = Office(folder)
    office.join(*(f"138000000{number:02d}" for number in range(1, 11)))
    with office.database.write() as tx:
        for name, (roles, department) in PEOPLE.items():
            operators.add(tx, name, roles, name, department, None, office.now)

    def now(self: Desk) -> Any:
        return office.now

    monkeypatch.setattr(Desk, "now", now)
    yield office
    office.tick.close()
    office.database.close()


@pytest.fixture
def run(county: Office, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command by somebody, shown and as JSON; or the refusal that was expected."""
    nouns = {"notice": notice.app, "poll": poll.app, "text": text.app}

    def run(who: str, noun: str, *arguments: str, refused: str = "", shown: bool = False) -> Any:
        monkeypatch.setenv("LOGNAME", who)
        more = [] if shown or arguments[0] in ("send", "delete", "edit") else ["--json"]
        done = CliRunner().invoke(nouns[noun], [*arguments, *more], obj=Where(county.folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in done.exception.message + done.exception.way_out, done.exception.message
            return None
        assert done.exit_code == 0, done.exception
        return json.loads(done.stdout) if more else done.stdout

    return run


def draft(county: Office, run: Run, *more: str, days: int = 5) -> int:
    until = last_day(county, days).isoformat()
    told = run("xuan", "poll", "draft", "--question", QUESTION, "--until", until, "--topic", "教育", *more)
    return int(told["id"])


def sent(county: Office, run: Run, number: int) -> int:
    run("pi", "notice", "approve", str(number))
    run("pi", "notice", "send", str(number))
    arrived(county)
    return number


def test_a_poll_by_commands(county: Office, run: Run) -> None:
    number = draft(county, run, "--village", "东赵村", "--category", "教师")
    run("xuan", "notice", "approve", str(number), refused="notice.approve")
    assert run("pi", "notice", "dry-run", str(number))["people"] == 10
    sent(county, run, number)
    for i, words in enumerate(("1", "不同意", "2,太远了", "说不清", "2", "2"), 1):
        texted(county, f"86138000000{i:02d}", words)
    [row] = run("xuan", "poll", "list")
    assert (row["state"], row["turnout"], row["lead"]) == ("open", "6/10 60.00%", "不同意")
    assert run("xuan", "poll", "show", str(number))["opinions"] == 0
    assert run("xuan", "poll", "result", str(number))["result"]["reasons"] == []
    run("jiaoyu", "poll", "result", str(number), refused="poll.view")
    run("jiaoyu", "poll", "close", str(number), refused="poll.close")
    run("xuan", "poll", "rest", str(number), refused="没有可以补征")
    run("xuan", "poll", "close", str(number))
    told = run("xuan", "poll", "result", str(number))
    assert (told["state"], told["result"]["counts"], told["result"]["reasons"]) == (
        "closed",
        [1, 4, 1],
        [[2, "太远了"]],
    )
    shown = run("xuan", "poll", "result", str(number), shown=True)
    assert "6/10 60.00%" in shown
    assert "138" not in shown
    assert all("from" not in row or not row["from"] for row in run("office", "notice", "replies", str(number)))
    again = run("xuan", "notice", "draft", "--topic", "教育", "--text", "廊架不建了", "--to-notice", str(number))
    assert again["audience"] == "指定的10人"
    kinds = run("xuan", "notice", "list", shown=True)
    assert "征求意见" in kinds
    for arguments in (("list",), ("show", str(number))):
        assert QUESTION in run("xuan", "poll", *arguments, shown=True)


def test_what_cannot_be_asked_is_said_at_once(county: Office, run: Run) -> None:
    until = last_day(county, 5).isoformat()
    asked = ("poll", "draft", "--question", "x", "--topic", "教育")
    run("xuan", *asked, "--until", "2020-01-01", refused="过去")
    run("xuan", *asked, "--until", "明天", refused="2026-11-24")
    run("xuan", *asked, "--until", until, "--village", "火星村", refused="火星村")
    run("xuan", *asked, "--until", until, "--option", "只有一个", refused="选项")
    run("pi", *asked, "--until", until, refused="notice.draft")
    run("xuan", "poll", "result", "9", refused="poll list")
    run("xuan", "notice", "draft", "--topic", "教育", "--text", "x", "--to-notice", "9", refused="没有第 9 号")
    number = draft(county, run)
    run("xuan", "notice", "draft", "--topic", "教育", "--text", "x", "--to-notice", str(number), refused="还没有发给")
    run("xuan", "notice", "edit", str(number), "--text", "别的", refused="重新起草")
    run("xuan", "poll", "close", str(number), refused="还没有发送")
    run("xuan", "notice", "delete", str(number))
    assert run("xuan", "poll", "list") == []


def test_a_village_of_two_townships_is_asked_about(county: Office, run: Run) -> None:
    county.join("13800000011", township="毛演堡乡")
    until = last_day(county, 5).isoformat()
    asked = ("poll", "draft", "--question", QUESTION, "--topic", "教育", "--until", until, "--village", "东赵村")
    run("xuan", *asked, refused="--township")
    assert run("xuan", *asked, "--township", "毛演堡")["audience"] == "乡镇:毛演堡乡;村:东赵村"


def test_texts_are_attached_to_polls_and_taken_back(county: Office, run: Run) -> None:
    number = str(sent(county, run, draft(county, run)))
    vague = str(texted(county, "8613800000001", "老百姓用不上", extension(int(number))).id)
    assert [str(row["id"]) for row in run("office", "text", "unsettled")] == [vague]
    run("office", "text", "attach", vague, refused="三者选一")
    run("office", "text", "attach", vague, "--poll", number, "--option", "7", refused="没有第 7 个选项")
    assert run("office", "text", "attach", vague, "--poll", number, "--option", "2")["apart"] is None
    assert run("xuan", "poll", "list")[0]["voted"] == 1
    run("office", "text", "undo", vague, "--notice", refused="撤销答复")
    assert run("office", "text", "undo", vague)["notice"] == int(number)
    assert run("xuan", "poll", "list")[0]["voted"] == 0
    case = str(texted(county, "8613800000002", ROAD, extension(int(number))).id)
    assert run("office", "text", "undo", case, "--notice")["notice"] == int(number)
    run("office", "text", "attach", case, "--notice", number)
    assert [row["label"] for row in run("office", "notice", "replies", number)] == ["新件"]
    assert run("xuan", "notice", "report", number)["replies"] == 1
    opinion = str(texted(county, "8613800000003", "广场上再建廊架浪费钱,不如多种树").id)
    assert run("office", "text", "attach", opinion, "--poll", number, "--option", "2")["apart"] is None
    row = texts(county)[-1]
    assert (row.decision, row.notice_id, row.case_id is None) == ("new_case", int(number), False)  # beside its case
    assert run("xuan", "poll", "list")[0]["voted"] == 1
    run("office", "text", "undo", opinion)
    assert (texts(county)[-1].decision, run("xuan", "poll", "list")[0]["voted"]) == ("new_case", 0)


def test_a_meeting_and_its_reminder_by_commands(county: Office, run: Run, tmp_path: Path) -> None:
    staff = tmp_path / "名单.csv"
    staff.write_text("号码,姓名,单位\n13900000001,钱一,县教育局\n13900000002,钱二,县交通局\n", encoding="utf-8")
    invite = ("notice", "meeting", "--text", "明天9点开防汛会。")
    run("xuan", *invite, refused="三者选一")
    run("xuan", *invite, "--posts", "boss", refused="liaison")
    run("xuan", *invite, "--staff", str(tmp_path / "none.csv"), refused="读不了")
    run("xuan", *invite, "--staff", str(staff), "--until", "2020-01-01", refused="过去")
    told = run("xuan", *invite, "--staff", str(staff))
    number = str(sent(county, run, told["id"]))
    texted(county, "8613900000001", "收到,准时参加")
    units = {row["unit"]: row["silent"] for row in run("xuan", "notice", "confirmed", number)["units"]}
    assert units == {"县教育局": [], "县交通局": ["钱二"]}
    shown = run("xuan", "notice", "confirmed", number, shown=True)
    assert "1/2 50.00%" in shown
    assert "13900000002" not in shown
    again = run("xuan", "notice", "remind", number)
    assert again["people"] == 1
    sent(county, run, again["id"])
    texted(county, "8613900000002", "1")
    run("xuan", "notice", "remind", number, refused="都已确认")
    run("xuan", "poll", "result", number, refused="会议通知")
    assert "按单位" in run("xuan", "notice", "report", number, shown=True)


def test_a_correction_by_commands(county: Office, run: Run) -> None:
    told = run("xuan", "notice", "draft", "--topic", "环境", "--text", "明天全城停水。")
    number = str(told["id"])
    run("xuan", "notice", "withdraw", number, "--text", "x", refused="delete")
    sent(county, run, int(number))
    run("pi", "notice", "withdraw", number, "--text", "x", refused="notice.draft")
    done = run("xuan", "notice", "withdraw", number, "--text", "更正:停水改为后天。")
    assert (done["got"], done["doubtful"], done["spared"], done["stopped"]) == (10, 0, 0, 0)
    assert "更正第" in run("pi", "notice", "dry-run", str(done["draft"]), shown=True)
    run("xuan", "notice", "withdraw", number, "--text", "y", refused="已由第")
    assert "更正" in run("xuan", "notice", "list", shown=True)


def test_a_monthly_report_by_commands(county: Office, run: Run) -> None:
    told = run(
        *("xuan", "notice", "repeat", "--title", "月报", "--topic", "教育"),
        *("--every", "month:last", "--text", "{月}月工作通报", "--category", "教师"),
    )
    assert (told["when"], told["due"]) == ("每月最后一个工作日", "2026-11-30")
    run("xuan", "notice", "repeat", "--topic", "教育", "--every", "often", "--text", "x", refused="month:first")
    run("pi", "notice", "repeat", "--topic", "教育", "--every", "week:5", "--text", "x", refused="notice.draft")
    assert run("xuan", "notice", "repeats")[0]["drafts"] == {}
    assert "每月最后一个工作日" in run("xuan", "notice", "repeats", shown=True)
    run("xuan", "notice", "unrepeat", str(told["id"]), shown=True)
    assert run("xuan", "notice", "repeats")[0]["ended_at"]
