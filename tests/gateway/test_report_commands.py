"""The reports as their readers have them: by commands, signed and made again, published without a name."""

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from gateway import notices, operators
from gateway.case_words import hider
from gateway.cli import report
from gateway.cli.desk import Desk, open_desk
from gateway.cli.where import Where
from gateway.errors import Refused
from gateway.tables import audit, notice
from roster.audiences import Audience
from roster.tables import person
from routing import store
from routing.tables import case_event
from tests.conftest import NOON
from tests.gateway.casework import act, answered, delivered, go, opened
from tests.gateway.november import MONTH, POLICE, SCHOOLS, november
from tests.gateway.office import Office

Run = Callable[..., Any]
pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)
PEOPLE = {"zhuren": "director", "ducha": "supervisor", "caozuo": "operator", "qicao": "drafter", "jiaojing": "dept"}


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command by somebody at the office's moment: its JSON, its words, or the refusal that was expected."""
    with office.database.write() as tx:
        for name, role in PEOPLE.items():
            operators.add(tx, name, (role,), name, POLICE if role == "dept" else None, None, NOON)
    monkeypatch.setattr(Desk, "now", lambda self: office.now)

    def run(who: str, *arguments: str, refused: str = "", plain: bool = False, code: int = 0) -> Any:
        monkeypatch.setenv("LOGNAME", who)
        given = [*arguments] if plain else [*arguments, "--json"]
        done = CliRunner().invoke(report.app, given, obj=Where(office.folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in done.exception.message + done.exception.way_out
            return None
        assert done.exit_code == code, done.output or done.exception
        return done.stdout if plain else json.loads(done.stdout)

    return run


def table(paper: dict[str, Any], title: str) -> Any:
    return next(block for block in paper["blocks"] if title in block.get("table", ""))


def test_the_director_signs_what_can_be_made_again_for_ever(run: Run, office: Office) -> None:
    no = november(office)
    go(office, "2026-12-04T09:00")
    run("caozuo", "sign", "--month", MONTH, refused="没有权限")
    run("zhuren", "sign", "--month", MONTH, "--as-of", "2026-12-04", refused="还没有过完")
    run("zhuren", "sign", "--month", MONTH, "--as-of", "2026-11-29", refused="还没有过完")
    run("caozuo", "verify", "--month", MONTH, refused="没有签发过")
    signed = run("zhuren", "sign", "--month", MONTH)
    assert signed == run("ducha", "monthly", "--month", MONTH, "--as-of", "2026-12-03")
    run("zhuren", "sign", "--month", MONTH, refused="已由 zhuren 签发")
    go(office, "2026-12-07T09:00")
    act(office, no["D"], "report", "dept", "警", department=POLICE, reply="已划线", signed_by="分管领导")
    assert run("ducha", "verify", "--month", MONTH)["same"] is True
    with office.database.write() as tx:  # somebody reaches into the history
        tx.execute(sa.update(case_event).where(case_event.c.event == "thanks").values(event="follow_up"))
    assert run("ducha", "verify", "--month", MONTH, code=1)["same"] is False
    run("zhuren", "sign", "--month", MONTH, "--again", "更正感谢")
    assert run("ducha", "verify", "--month", MONTH)["same"] is True
    assert [(one["month"], one["by"], one["as_of"]) for one in run("ducha", "signed")] == [
        (MONTH, "zhuren", "2026-12-03"),
        (MONTH, "zhuren", "2026-12-06"),
    ]


def test_signs_of_gaming_are_for_supervisors_only(run: Run, office: Office) -> None:
    run("caozuo", "monthly", "--checks", refused="没有权限")
    assert run("ducha", "monthly", "--checks")["title"] == "肥乡办理数据核查线索(仅供督查)"
    run("jiaojing", "monthly", refused="没有权限")
    run("caozuo", "monthly", "--month", "2027-01", refused="还没有到")
    run("caozuo", "monthly", "--month", "2026-13", refused="看不懂月份")
    run("caozuo", "yearly", "--year", "2027", refused="还没有到")


def test_what_is_published_tells_nobody_who_wrote(run: Run, office: Office, tmp_path: Path) -> None:
    for phone, words in (
        ("8613800000001", "我是城关镇的钱001,门口天天堵车,电话13912345678"),
        ("8613800000002", "交警大队有人吃拿卡要"),
        ("8613800000003", "有人举报乱收费"),
    ):
        no = opened(office, phone, words)
        if phone.endswith("1"):
            answered(office, no)
            office.text(phone, "1")
            delivered(office)
    file = tmp_path / "p.csv"
    run("jiaojing", "published", refused="没有权限")
    run("qicao", "published", "--csv", str(tmp_path / "p.txt"), refused="不是 .csv")
    paper = run("qicao", "published", "--csv", str(file))
    [row] = table(paper, "办理结果")["rows"]
    assert row[5:] == [POLICE, f"{POLICE}答复:已安排交警执勤", "", "满意"]
    told = file.read_text(encoding="utf-8-sig")
    assert "堵车" in told
    assert not any(hidden in told for hidden in ("钱001", "13912345678", "吃拿卡要", "举报"))
    assert len(list(csv.reader(told.splitlines()))) == 2
    [detail] = office.rows(sa.select(audit.c.detail).where(audit.c.verb == "report.publish"))
    assert detail[0] == {"cases": 1}


def test_a_writer_who_was_forgotten_stays_unnamed_in_what_is_published(run: Run, office: Office) -> None:
    no = opened(office, "8613800000001", "路灯坏了,钱001家门口最黑")
    answered(office, no)
    office.text("8613800000001", "1")
    delivered(office)
    with office.database.write() as tx:
        tx.execute(sa.update(person).values(key_sealed=None))
    [row] = table(run("qicao", "published"), "办理结果")["rows"]
    assert row[4] == "路灯坏了,某某家门口最黑"
    with office.database.read() as tx:  # a unit's copy, too, where an official may be called so
        case = store.by_number(tx, no)
        assert case is not None
        assert hider(tx, office.vault, case).words("钱001主任") == "某某主任"


@pytest.mark.usefixtures("run")
def test_the_audit_names_nobody_in_a_reason(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "zhuren")
    desk = open_desk(Where(office.folder, None))
    with desk.database.write() as tx:
        desk.audit(tx, "roster.stop", "person 1", {"reason": "我是村民王小明,去外地", "why": "other"})
    [detail] = office.rows(sa.select(audit.c.detail).where(audit.c.verb == "roster.stop"))
    assert detail[0] == {"reason": "我是村民某某,去外地", "why": "other"}


def test_the_year_evaluates_units_by_five_indices_and_lists_the_five_ones(run: Run, office: Office) -> None:
    no = november(office)
    go(office, "2026-12-04T09:00")
    run("zhuren", "sign", "--month", MONTH)
    _sent(office, "2026-05-04T09:00", "教育", "教育", "环境")
    _sent(office, "2025-12-31T09:00", "教育")
    paper = run("ducha", "yearly", "--year", "2026", "--as-of", "2026-12-04")
    first, second = table(paper, "五项指标")["rows"]
    assert (first[0], second[0]) == (SCHOOLS, POLICE)
    shown = [f"{one['numerator']}/{one['denominator']}" for one in first[1:6]]
    #        votes  replied  in time  not sent back  solved
    assert shown == ["1/1", "1/1", "1/1", "1/2", "1/1"]
    assert first[6:] == ["95.00", "16.67", "78.33"]  # 10 of 20 points for quality; one of three sent back
    assert [f"{one['numerator']}/{one['denominator']}" for one in second[1:6]] == ["1/2", "3/4", "2/4", "3/3", "3/3"]
    # 25/2 + 20*3/4 + 25/2 + 10 + 20; off by the hundred: 12.5 late, 25 overdue, 5 signed late, 12.5 return, 12.5 vote
    assert second[6:] == ["70.00", "30.00", "40.00"]
    assert [row[0] for row in table(paper, "一年一排名")["rows"]] == [1, 2]
    months = {row[0]: row for row in table(paper, "一月一通报")["rows"]}
    assert (months[MONTH][4], months["2026-10"][4]) == ("2026-12-04", "未签发")
    assert [row[1] for row in table(paper, "采用")["rows"]] == [no["E"]]
    assert table(paper, "通知")["rows"] == [["教育", 2, 20], ["环境", 1, 10], ["合计", 3, 30]]


def _sent(office: Office, when: str, *topics: str) -> None:
    """Notices to everybody that began to be sent at a moment."""
    at = datetime.fromisoformat(f"{when}+08:00")
    with office.database.write() as tx:
        for topic in topics:
            given = {"title": topic, "topic": topic, "body": "开会", "author": "甲", "now": at, "validity_hours": 24}
            one = notices.draft(tx, audience=Audience(), **given)
            tx.execute(sa.update(notice).where(notice.c.id == one.id).values(started_at=at, plan={"people": 10}))
