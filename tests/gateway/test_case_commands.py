"""A morning of case work as its people have it: each with their own account, by commands."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from docx import Document
from typer.testing import CliRunner

from gateway import operators
from gateway.cli import case, case_intake, operator, text
from gateway.cli.case_view import print_history
from gateway.cli.where import Where
from gateway.database import Database
from gateway.errors import Refused
from gateway.settings import load
from routing.cases import CaseState
from tests.conftest import NOON

PEOPLE = {
    "office": (("operator", "system"), None),
    "shen": (("reviewer",), None),
    "zhuren": (("director",), None),
    "xianzhang": (("leader",), None),
    "ducha": (("supervisor",), None),
    "jiaojing": (("dept",), "交警大队"),
    "duizhang": (("head",), "交警大队"),
    "jiaoyu": (("dept",), "县教育局"),
}
Run = Callable[..., Any]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command by somebody; its JSON, or the refusal that was expected."""
    database = Database(load(folder, {}).store_url())
    with database.write() as tx:
        for name, (roles, department) in PEOPLE.items():
            if name != "office":
                operators.add(tx, name, roles, name, department, None, NOON)
    database.close()
    nouns = {"case": case.app, "text": text.app, "operator": operator.app}

    def run(who: str, noun: str, *arguments: str, refused: str = "") -> Any:
        monkeypatch.setenv("LOGNAME", who)
        done = CliRunner().invoke(nouns[noun], [*arguments, "--json"], obj=Where(folder, None))
        if refused:
            assert isinstance(done.exception, Refused), done.output
            assert refused in done.exception.message + done.exception.way_out, done.exception.message
            return None
        if isinstance(done.exception, Refused):
            raise AssertionError(f"{done.exception.message} {done.exception.way_out}")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


@pytest.fixture
def no(run: Run) -> str:
    """A case from the hotline, without a phone."""
    number: str = run("office", "case", "new", "--text", "城关镇小学门口天天堵车", "--channel", "热线")["number"]
    return number


def test_a_case_goes_its_usual_way_by_commands(run: Run, no: str, tmp_path: Path) -> None:
    assert run("office", "case", "next")["number"] == no
    run("office", "case", "accept", no, "--kind", "求助", "--topic", "交通", "--place", "城关镇小学")
    sent = run("office", "case", "assign", no, "--lead", "交警", "--co", "教育局", "--method", "会办")
    assert (sent["lead"], sent["co_handlers"], sent["method"]) == ("交警大队", ["县教育局"], "会办")
    order = run("jiaojing", "case", "order", no, "--out", str(tmp_path / "单.docx"))
    assert order["number"] == f"{no}-1"
    assert Document(order["file"]).tables
    run("jiaojing", "case", "sign", no)
    run("jiaoyu", "case", "sign", no)
    run("jiaojing", "case", "progress", no, "--note", "已到现场查看")
    run("jiaoyu", "case", "report", no, "--reply", "已要求错峰放学")
    run("jiaojing", "case", "report", no, "--reply", "已安排执勤", refused="签发")
    run("duizhang", "case", "report", no, "--reply", "已安排执勤", "--outcome", "好了", refused="可选:已解决")
    run("jiaojing", "case", "report", no, "--reply", "已安排执勤", "--signed-by", "赵队长", "--evidence", "照片1")
    run("office", "case", "approve", no, "--gates", "e,p,y", refused="审核员")
    run("shen", "case", "send-back", no, "--gate", "e", "--reason", "缺现场照片")
    run("duizhang", "case", "report", no, "--reply", "已安排两名交警执勤")
    done = run("shen", "case", "approve", no, "--gates", "e,p,y")
    assert (done["state"], done["reply_delivery"], done["round"]) == ("replied", "by_hand", 2)
    history = run("shen", "case", "show", no)["history"]
    assert all(line["actor"] and line["at"] and line["reason"] for line in history)
    assert [line["label"] for line in history][-3:] == ["退回重办", "反馈", "审核通过"]
    assert run("shen", "case", "timeline", no) == history


def test_returns_extensions_and_the_books_by_commands(run: Run, no: str) -> None:
    run("office", "case", "accept", no, "--kind", "求助")
    run("office", "case", "assign", no, "--lead", "交警大队")
    run("jiaojing", "case", "return", no, "--code", "R9", "--basis", "三定", refused="R1")
    run("jiaojing", "case", "return", no, "--code", "R1", "--basis", "三定方案")
    run("jiaojing", "case", "sign", no, refused="申请退单")
    run("shen", "case", "return-ok", no, "--reason", "属实")
    run("office", "case", "assign", no, "--lead", "交警大队")
    run("jiaojing", "case", "return", no, "--code", "R1", "--basis", "三定方案")
    run("shen", "case", "return-no", no, "--basis", "道路交通安全法")
    run("office", "case", "reassign", no, "--lead", "交警大队", "--co", "城关镇", "--reason", "属地配合")
    run("jiaojing", "case", "sign", no)
    due = run("jiaojing", "case", "show", no)["due_on"]
    later = f"{int(due[:4]) + 1}-01-15"
    run("jiaojing", "case", "extend", no, "--due", later, "--reason", "等护栏到货")
    assert run("zhuren", "case", "extend", no)["due_on"] == later
    run("zhuren", "case", "suspend", no, "--code", "money", "--review", later, "--reason", "x", refused="县领导")
    run("xianzhang", "case", "suspend", no, "--code", "money", "--review", "2019-01-01", "--reason", "x", refused="90")
    run("ducha", "case", "supervise", no, "--reason", "久拖不办")
    run("ducha", "case", "report-for", no, "--reason", "拒不反馈", "--reply", "已核实", refused="红灯")
    run("ducha", "case", "supervise", no, "--reason", "已办", "--lift")


def test_refusing_takes_two_and_leaders_decide_what_is_theirs(run: Run, no: str) -> None:
    run("shen", "case", "reject", no, refused="还没有人提出")
    run("office", "case", "reject", no, "--code", "court")
    assert run("shen", "case", "reject", no)["state"] == "rejected"
    other = run("office", "case", "new", "--text", "举报县教育局局长收受贿赂", "--channel", "信箱")["number"]
    assert run("office", "case", "accept", other, "--kind", "举报")["state"] == "await_leader"
    assert run("xianzhang", "case", "next")["number"] == other
    run("xianzhang", "case", "instruct", other, "--text", "请核实", "--lead", "教育局", refused="被反映")
    run("zhuren", "case", "delegate", other, "--lead", "县纪委监察局", refused="工作日未满")
    run("xianzhang", "case", "instruct", other, "--text", "请纪委核实", "--lead", "县纪委监察局")
    run("jiaoyu", "case", "show", other, refused="没有编号")
    assert run("jiaoyu", "case", "list") == []


def test_merging_and_correlation_by_commands(run: Run, no: str) -> None:
    other = run("office", "case", "new", "--text", "小学门口堵车", "--channel", "信箱")["number"]
    assert run("office", "case", "merge", other, "--into", no)["state"] == "merged"
    assert run("office", "case", "show", other)["master"] == no
    assert run("shen", "case", "unmerge", other, "--reason", "不是一处")["state"] == "new"
    assert run("office", "text", "unsettled") == []
    run("office", "text", "attach", "7", no, refused="没有第 7 条来信")
    run("office", "text", "undo", "7", refused="没有第 7 条来信")
    run("office", "case", "undo", no, refused="没有归入的来信")


def test_what_is_wrong_is_said_in_one_line_with_a_way_out(run: Run, no: str, folder: Path) -> None:
    run("office", "case", "show", "FX0000000", refused="xinqiao case list")
    run("office", "case", "list", "--state", "lost", refused="待评价")
    run("office", "case", "assign", no, "--lead", "交警大队", refused="受理(accept)")
    run("office", "case", "accept", no, "--kind", "乱来", refused="求助")
    run("office", "case", "accept", no, "--kind", "求助")
    run("office", "case", "assign", no, "--lead", "县火星局", refused="县火星局")
    run("office", "case", "assign", no, "--lead", "交警大队", "--method", "拖办", refused="会办")
    run("office", "case", "assign", no, "--lead", "交警大队", "--due", "明天", refused="2026-12-04")
    run("jiaojing", "case", "accept", no, "--kind", "求助", refused="沟通办操作员")
    assert run("office", "case", "show", no)["state"] == CaseState.ACCEPTED
    store = Database(load(folder, {}).store_url())
    with store.read() as tx:
        steps = tx.scalars(sa.text("SELECT event FROM case_event ORDER BY id")).all()
    store.close()
    assert steps == ["receive", "accept"]


def test_a_number_is_understood_as_people_write_it_and_a_slip_is_called_one(run: Run, no: str) -> None:
    for written in (no.lower(), no.removeprefix("FX"), f" {no[:4]} {no[4:]}", no.translate({ord("F"): "F", 50: "2"})):
        assert run("office", "case", "show", written)["number"] == no
    slip = no[:-1] + str((int(no[-1]) + 1) % 10)
    run("office", "case", "show", slip, refused="校验位不符")
    run("office", "case", "show", "600017", refused="校验位不符")


def test_who_decides_sees_what_was_proposed_and_everything_else_about_the_case(run: Run, no: str) -> None:
    run("office", "case", "reject", no, refused="jurisdiction")
    run("office", "case", "reject", no, "--code", "court")
    waiting = run("shen", "case", "next")
    [asked] = waiting["proposed"]
    assert (asked["event"], asked["actor"], waiting["number"]) == ("reject", "office", no)
    assert asked["reason"]
    assert asked["where"]
    assert [line["event"] for line in waiting["history"]] == ["receive", "propose_reject"]
    run("shen", "case", "decline", no, "--reason", "属于本县")
    assert run("shen", "case", "show", no)["proposed"] == []


def test_what_a_citizen_says_by_telephone_when_asked_back_is_entered_by_the_operator(run: Run, no: str) -> None:
    run("office", "case", "info", no, "--said", "x", refused="待受理")
    run("office", "case", "ask", no, "--question", "哪所小学")
    run("office", "case", "info", no, "--said", " ", refused="理由")
    run("shen", "case", "info", no, "--said", "电话:第二实验小学", refused="沟通办操作员")
    told = run("office", "case", "info", no, "--said", "电话:第二实验小学")
    assert (told["state"], told["incomplete"]) == ("new", False)
    assert run("shen", "case", "show", no)["history"][-1]["reason"] == "电话:第二实验小学"


def test_the_same_matter_of_the_same_person_is_not_entered_twice_by_accident(run: Run) -> None:
    call = ("new", "--text", "育才路红绿灯坏了", "--phone", "13700009999")
    first = run("office", "case", *call)["number"]
    run("office", "case", *call, refused=f"已登记为 {first}")
    assert run("office", "case", *call, "--again")["number"] != first


def test_a_ready_answer_is_read_at_the_terminal_before_it_goes(
    run: Run, no: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "office")
    monkeypatch.setattr(case_intake, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    shown = CliRunner().invoke(case.app, ["answer", no, "--kb", "1"], obj=Where(folder, None), input="n\n")
    assert "将答复:" in shown.output
    assert run("office", "case", "show", no)["state"] == "new"
    CliRunner().invoke(case.app, ["answer", no, "--kb", "1"], obj=Where(folder, None), input="y\n")
    assert run("office", "case", "show", no)["state"] == "replied"


def test_somebody_who_has_another_post_gets_its_roles(run: Run) -> None:
    run("office", "operator", "roles", "jiaoyu", "--role", "chief", refused="head 承办单位分管领导")
    run("office", "operator", "roles", "shen", "--role", "dept", refused="--department")
    run("office", "operator", "roles", "office", "--role", "operator", refused="自己的系统管理员")
    assert run("office", "operator", "roles", "jiaoyu", "--role", "head")["department"] == "县教育局"
    after = run("office", "operator", "roles", "jiaoyu", "--role", "reviewer")
    assert (after["roles"], after["department"]) == (["reviewer"], None)
    run("shen", "operator", "roles", "shen", "--role", "system", refused="没有权限")


def test_the_history_says_what_was_asked_and_on_what_a_step_relies(folder: Path, capsys: Any) -> None:
    desk: Any = SimpleNamespace(settings=load(folder, {}))
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("请补充", "请补充", {"question": "哪所小学"}),
        ("申请退单", "申请退单", {"code": "R1", "basis": "三定方案", "department": "交警大队"}),
        ("不予受理", "已由法院受理", {"code": "court", "where": "向受理法院反映"}),
        ("退回重办", "缺照片", {"failed_gate": "e"}),
        ("反馈", "反馈", {"signed_by": "赵队长", "evidence": ["照片1", "照片2"]}),
    ]
    lines = [
        {"at": NOON, "label": label, "actor": "甲", "to_state": "new", "words": "", "reason": reason, "data": data}
        for label, reason, data in steps
    ]
    print_history(desk, "FX2600017", lines)
    shown = re.sub(r"[\s│]", "", capsys.readouterr().out)
    for words in (
        "待受理[问哪所小学]",
        "待受理[代码R1不属本单位职责][依据三定方案]",
        "待受理已由法院受理[去处向受理法院反映]",
        "待受理缺照片[未过证据关]",
        "待受理[签发赵队长][佐证照片1、照片2]",
    ):
        assert words in shown


def test_cases_are_listed_by_the_state_and_the_unit_as_the_office_calls_them(run: Run, no: str) -> None:
    run("office", "case", "accept", no, "--kind", "求助")
    run("office", "case", "assign", no, "--lead", "交警大队")
    assert [one["number"] for one in run("office", "case", "list", "--state", "待签收", "--department", "交警")] == [no]
    assert run("office", "case", "list", "--state", "assigned") == run("office", "case", "list", "--state", "待签收")


def test_somebody_of_a_unit_is_entered_under_its_full_name_or_not_at_all(run: Run, no: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("four words make a secret")
    secret.chmod(0o600)
    new = ("--role", "dept", "--password-file", str(secret))
    run("office", "operator", "add", "lao", *new, "--department", "交警对", refused="交警大队")
    run("office", "operator", "add", "lao", *new, "--login", "lao", "--department", "交警")
    run("office", "case", "accept", no, "--kind", "求助")
    run("office", "case", "assign", no, "--lead", "交警大队")
    assert [one["number"] for one in run("lao", "case", "list")] == [no]


def test_the_texts_are_shown_with_their_lengths(run: Run) -> None:
    shown = {one["name"]: one for one in run("office", "case", "texts", "--check")}
    assert all(one["length"] <= 70 for one in shown.values())
    assert shown["T6"]["room"] > 200


def test_the_history_says_with_what_a_citizen_is_dissatisfied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk: Any = SimpleNamespace(settings=load(folder, {}))
    line = {"at": NOON, "label": "评价", "actor": "citizen", "to_state": "dissatisfied"}
    said = {"reason": "", "words": "3态度差", "data": {"aspects": ["attitude", "style"]}}
    print_history(desk, "FX2600017", [line | said])
    shown = re.sub(r"[\s│]", "", capsys.readouterr().out)  # as if no line were broken
    assert "3态度差[不满意的方面服务态度、工作作风]" in shown
