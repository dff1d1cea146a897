"""What people of the office write by mistake is refused with what to do, and what they read is in their words."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from gateway import lease, logs, operators
from gateway.cli import notice, operator, roster, settings, supervise
from gateway.cli.desk import Desk
from gateway.cli.where import Where
from gateway.errors import Refused
from tests.conftest import NOON
from tests.gateway.office import Office

Run = Callable[..., Any]
ROLES = ("system", "roster", "supervisor", "drafter")
pytestmark = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # the store is tested on both elsewhere


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command at the office's moment: its words, or the refusal that was expected."""
    with office.database.write() as tx:
        operators.add(tx, "jia", ROLES, "jia", None, None, NOON)
        operators.add(tx, "yi", ("approver",), "yi", None, None, NOON)
    monkeypatch.setattr(Desk, "now", lambda self: office.now)
    monkeypatch.setenv("COLUMNS", "120")

    def run(app: Any, *arguments: str, refused: str = "", who: str = "jia") -> str:
        monkeypatch.setenv("LOGNAME", who)
        done = CliRunner().invoke(app, list(arguments), obj=Where(office.folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in f"{done.exception.message} → {done.exception.way_out}"
            return ""
        assert done.exit_code == 0, done.exception
        return done.stdout

    return run


def test_somebody_of_a_unit_that_is_none_is_not_registered_and_an_alias_is_its_unit(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("a long enough one", encoding="utf-8")
    secret.chmod(0o600)
    add = ("add", "liaison", "--role", "dept", "--password-file", str(secret), "--department")
    run(operator.app, *add, "没有这个单位", refused="departments.toml")
    run(operator.app, *add, "交警")
    [one] = [one for one in json.loads(run(operator.app, "list", "--json")) if one["name"] == "liaison"]
    assert one["department"] == "交警大队"


def test_a_list_is_never_written_over_what_is_no_list(run: Run, office: Office, tmp_path: Path) -> None:
    run(roster.app, "export", str(office.folder / "xinqiao.db"), refused="以 .xlsx 或 .csv 结尾")
    run(roster.app, "export", str(tmp_path / "none" / "list.csv"), refused="没有目录")
    run(roster.app, "export", str(tmp_path / "list.csv"))
    run(roster.app, "export", str(tmp_path / "list.csv"))
    assert len((tmp_path / "list.csv").read_text(encoding="utf-8-sig").splitlines()) == 1 + 10


def test_a_search_for_what_there_is_not_says_what_there_is(run: Run) -> None:
    run(roster.app, "search", "--category", "老师傅", refused="教师")
    run(roster.app, "search", "--township", "城关真", refused="城关镇")
    run(roster.app, "search", "--state", "在册", refused="active、stopped")
    assert "信息员 10 人 " in run(roster.app, "search", "--township", "城关镇")
    assert "可能还有" in run(roster.app, "search", "--limit", "1")


def test_an_informant_is_shown_in_the_offices_words(run: Run) -> None:
    shown = run(roster.app, "show", "1")
    assert "在册" in shown
    assert "active" not in shown


def test_supervision_is_not_due_in_the_past(run: Run) -> None:
    unit = ("open", "--unit", "交警大队", "--reason", "推诿", "--due")
    run(supervise.app, *unit, "2026-11-01", refused="已经过去")
    run(supervise.app, *unit, "2026-12-11")


def test_a_month_that_is_none_is_told_as_a_month(run: Run) -> None:
    run(supervise.app, "warnings", "--month", "2026-13", refused="看不懂月份“2026-13” → 写成 2026-11 的样子")


def test_a_notice_for_a_time_to_come_is_shown_as_such_at_the_offices_time(run: Run) -> None:
    run(notice.app, "draft", "--topic", "教育", "--text", "学校放假两天", "--category", "教师")
    run(notice.app, "approve", "1", who="yi")
    said = run(notice.app, "send", "1", "--at", "2026-12-08 09:00")
    assert "将于 2026-12-08 09:00 发送" in said
    for shown in (run(notice.app, "list"), run(notice.app, "show", "1")):
        assert "已定时" in shown
        assert "2026-12-08 09:00" in shown
        assert "running" not in shown
    assert "中国移动" in run(notice.app, "progress", "1")
    run(notice.app, "list", "--state", "发送", refused="可选:draft")


def test_the_check_of_the_settings_says_that_a_running_gateway_has_read_them_before(run: Run, office: Office) -> None:
    with office.database.write() as tx:
        lease.release(tx, office.held, office.now_ms)
    assert "重新启动" not in run(settings.app, "check")
    with office.database.write() as tx:
        lease.take(tx, "another:1", 1 << 45, 1)
    assert "重新启动网关才生效" in run(settings.app, "check")


def test_what_libraries_log_is_json_and_masked_too(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.start("info", "json", None)
    try:
        logging.getLogger("some.library").error("cannot reach %s", "13800000001")
        logging.getLogger("apscheduler.scheduler").warning("skipped")
    finally:
        root.handlers[:], root.level = before
        structlog.reset_defaults()
    [line] = capsys.readouterr().err.splitlines()
    said = json.loads(line)["event"]
    assert said.startswith("cannot reach")
    assert "13800000001" not in said
