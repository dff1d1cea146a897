"""Every command that prints anything of a case or a person, walked by everybody: role x command x case, what is seen.

A command that is in neither list fails: whoever adds one must say whether it shows cases, and then it is walked.
"""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gateway import digest_desk, logs, operators, resources
from gateway.cli import NOUNS, case, screen, whole
from gateway.cli import desk as desks
from gateway.cli.where import Where
from gateway.errors import Refused
from gateway.settings import load
from gateway.sight import Sight
from tests.conftest import NOON
from tests.gateway.casework import act, opened
from tests.gateway.office import Office

N, M, R = Sight.NOTHING, Sight.MATTER, Sight.REPORTER
CASES = ("open", "sealed", "elsewhere", "accusing", "waiting")
PEOPLE: Mapping[str, tuple[tuple[str, ...], str | None, tuple[Sight, ...]]] = {
    # login: roles, unit, what is seen of the cases, in their order: at 交警大队, sealed there, at 县教育局,
    # about 交警大队, sealed and new
    "office": (("operator",), None, (R, M, R, M, M)),
    "shen": (("reviewer",), None, (R, R, R, R, R)),
    "zhuren": (("director",), None, (R, R, R, R, R)),
    "xianzhang": (("leader",), None, (R, R, R, R, R)),
    "ducha": (("supervisor",), None, (R, M, R, M, M)),
    "jiaojing": (("dept",), "交警大队", (M, M, N, N, N)),
    "duizhang": (("head",), "交警大队", (M, M, N, N, N)),
    "jiaoyu": (("dept",), "县教育局", (N, N, M, N, N)),
    "xuanchuan": (("drafter", "dept"), "交警大队", (M, M, N, N, N)),
    "jingban": (("operator",), "交警大队", (R, M, R, N, M)),
    "mingce": (("roster", "drafter", "approver"), None, (N, N, N, N, N)),
    "guanli": (("system", "auditor"), None, (N, N, N, N, N)),
}
WHOLE = {
    "case list": (),
    "case next": (),
    "queue list": (),
    "queue next": (),
    "queue hotspots": (),
    "search": ("暗号",),
    "text list": (),
    "text unsettled": (),
    "text quarantine": (),
    "message list": ("--limit", "90"),
    "message doubts": (),
}
PAPERS = {
    # the same for whoever may have them, so one person walks them who may see least of those
    "case board": (),
    "case overdue": (),
    "case surveyed": (),
    "case channels": (),
    "case pack": ("{out}/pack",),
    "task list": (),
    "leader pending": (),
    "leader kinds": (),
    "instruction list": (),
    "instruction overdue": (),
    "supervise list": (),
    "supervise watch": (),
    "supervise warnings": (),
    "report monthly": ("--excel", "{out}/monthly.xlsx", "--word", "{out}/monthly.docx"),
    "report summary": ("--excel", "{out}/summary.xlsx"),
    "report published": ("--excel", "{out}/published.xlsx"),
    "digest show": ("1", "--word", "{out}/digest.docx"),
    "carrier waiting": ("--people", "{out}/people.xlsx"),
    "answers asked": (),
    "audit search": (),
}
NUMBERED = {
    "case show": (),
    "case timeline": (),
    "case due": ("--explain",),
    "case suggest": (),
    "case order": ("--out", "{out}/order.docx", "--matter", "摘要"),
}
UNSEEN = {"case list", "case next", "queue list", "queue next", "search", "case due", *NUMBERED}
"""Where not even the number stands of a case that somebody may not see. In a list of a paper it may."""
APART = {
    # what is done to a case says how it then stands by the same function as `case show`; see the test below
    "case": "accept ask info answer merge unmerge reject refer assign instruct delegate reassign uphold recur sign "
    "return return-ok return-no extend progress report report-for suspend resume send-back approve phone explain "
    "decline supervise new undo import told texts",
    "text": "attach undo handled",
    "message": "send show retry",
    "task": "new count close",
    "queue": "times",
    "digest": "draft list add remove move edit sign drop",
    "instruction": "record assign report send-back close publish show figures",
    "supervise": "open special conduct close show follow seen",
    "report": "yearly sign signed verify",
    "sample": "draw list show recount pack enter result",  # tests/gateway/test_sample_desk.py
    "answers": "list find",
    "audit": "verify",
    "carrier": "status hold release check trace",
    "roster": "import generate search show edit stop resume opt-out opt-in export count categories townships carrier "
    "balance churn suspects confirm dismiss participation inactive tag untag tags sectors",
    "notice": "draft edit delete dry-run approve send pause resume cancel resend list show progress report meeting "
    "confirmed remind replies withdraw repeat repeats unrepeat",
    "poll": "draft list show rest close result",
    "renewal": "start list show ask called answer close",
    "zero": "confirm list year",
    "monitor": "list prompt",
    "staff": "list unlock read",
    "calendar": "show check",
    "settings": "describe check show",
    "operator": "add list roles disable enable password",
    "simulate": "carrier tell",
    "rehearse": "year",
} | dict.fromkeys(("init", "run", "fsck", "backup", "restore", "upgrade", "demo"), "")


def test_every_command_is_walked_or_said_to_show_no_case() -> None:
    tree = whole()
    there = set()
    for noun in NOUNS:
        names = getattr(tree.get_command(None, noun), "commands", None)
        there |= {f"{noun} {name}" for name in names} if names else {noun}
    apart = {f"{noun} {name}".strip() for noun, names in APART.items() for name in names.split() or [""]}
    walked = {*WHOLE, *PAPERS, *NUMBERED}
    assert there == apart | walked
    assert not apart & walked


@pytest.fixture(scope="module")
def county(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Five cases whose words name who wrote, and everybody who may ask."""
    folder = Path(shutil.copytree(_made, tmp_path_factory.mktemp("sight") / "county"))
    office = Office(folder)
    office.join(*(f"138000000{number:02d}" for number in range(1, 11)))
    numbers = {}
    for at, (name, words, unit, given) in enumerate(
        (
            ("open", "小学门口天天堵车暗号甲", "交警大队", {"kind": "求助"}),
            ("sealed", "举报有人收黑钱暗号乙", "交警大队", {"kind": "举报", "leader_kind": "无"}),
            ("elsewhere", "学校食堂不干净暗号丙", "县教育局", {"kind": "投诉"}),
            ("accusing", "举报交警大队罚款不开票暗号丁", "县纪委监察局", {"kind": "举报", "leader_kind": "无"}),
        ),
        1,
    ):
        number = opened(office, f"861380000000{at}", f"我是钱00{at},{words},请打1391234567{at}")
        numbers[name] = number
        act(office, number, "accept", topic="交通", place="城关镇小学", **given)
        act(office, number, "assign", lead=unit, due=(office.now.date().replace(day=30)), reason=f"钱00{at}来过")
    with office.database.write() as tx:
        for login, (roles, unit, _) in PEOPLE.items():
            if login == "office":
                continue
            operators.add(tx, login, roles, login, unit, None, NOON)
    for number in numbers.values():
        if number in (numbers["open"], numbers["elsewhere"]):
            lead = "交警大队" if number == numbers["open"] else "县教育局"
            act(office, number, "sign", "dept", department=lead)
    numbers["waiting"] = opened(office, "8613800000005", "我是钱005,举报村主任多占宅基地暗号戊,请打13912345675")
    rules, monday = resources.digest(office.settings), office.now.date()
    with office.database.write() as tx:
        digest_desk.draft(tx, office.desk, office.vault, rules, monday, monday, "office", office.now)
    office.text("8613800000002", f"{numbers['sealed']} 补充:暗号乙在西街,我是钱002")
    office.tick.close()
    office.database.close()
    return folder, numbers


Walk = Callable[..., str]
built = cache(typer.main.get_command)  # which takes longer than most commands


@pytest.fixture
def walk(county: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Walk:
    """A command by somebody: all that it prints for people and for programs, and all that it writes; "" if refused."""
    folder, _ = county
    kept, settings = screen.emit, load(folder)

    def emit(as_json: bool, data: Any, render: Callable[[], None]) -> None:
        kept(True, data, render)
        kept(False, data, render)

    monkeypatch.setattr(screen, "emit", emit)
    monkeypatch.setattr(typer.testing, "_get_command", built)
    monkeypatch.setattr(desks, "load", lambda _: settings)

    def walk(who: str, command: str, *arguments: str) -> str:
        noun, *verb = command.split()
        monkeypatch.setenv("LOGNAME", who)
        out = tmp_path / who / command.replace(" ", "-")
        out.mkdir(parents=True, exist_ok=True)
        given = [one.format(out=out) for one in arguments]
        app = import_module(f"gateway.cli.{noun}").app
        done = CliRunner().invoke(app, [*verb, *given], obj=Where(folder, None), input="x")
        if isinstance(done.exception, Refused):
            return f"{done.exception.message}{done.exception.way_out}"
        assert done.exception is None or isinstance(done.exception, SystemExit), (command, done.exception)
        return done.output + "".join(inside(file) for file in sorted(out.rglob("*")) if file.is_file())

    return walk


def inside(file: Path) -> str:
    """All words of a Word or Excel file: hidden sheets, comments and properties among them."""
    with zipfile.ZipFile(file) as parts:
        return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


@pytest.mark.parametrize("who", PEOPLE)
def test_nobody_sees_more_than_their_role_may(who: str, county: tuple[Path, dict[str, str]], walk: Walk) -> None:
    _, numbers = county
    for at, (name, sight) in enumerate(zip(CASES, PEOPLE[who][2], strict=True), 1):
        for command, arguments in NUMBERED.items() if sight < R else ():
            check(who, command, at, sight, numbers[name], walk(who, command, numbers[name], *arguments), asked=True)
    for command, arguments in WHOLE.items():
        said = walk(who, command, *arguments)
        for at, (name, sight) in enumerate(zip(CASES, PEOPLE[who][2], strict=True), 1):
            check(who, command, at, sight, numbers[name], said)


@pytest.mark.parametrize("command", PAPERS)
def test_no_paper_says_more_than_papers_may(command: str, county: tuple[Path, dict[str, str]], walk: Walk) -> None:
    _, numbers = county
    who = next(who for who in ("ducha", "office", "zhuren", "mingce", "guanli") if "没有权限" not in walk(who, command))
    said = walk(who, command, *PAPERS[command])
    for at, (name, sight) in enumerate(zip(CASES, PEOPLE[who][2], strict=True), 1):
        check(who, command, at, sight, numbers[name], said)


def check(who: str, command: str, at: int, sight: Sight, number: str, said: str, asked: bool = False) -> None:
    """What must not stand in what somebody was told, of one case."""
    forbidden = [f"+861380000000{at}", f"8613800000{at:03}"]
    if command.startswith(("report", "digest", "case pack", "carrier")):
        sight = min(sight, Sight.NUMBER if at in (2, 4, 5) else M)
    if command == "text list" and sight is N and not PEOPLE[who][1]:
        sight = Sight.NUMBER
    if sight < R:
        forbidden += [f"钱00{at}", f"1391234567{at}", f"139****567{at}", f'"person_id": {at}']
        if command != "carrier waiting":  # whom to phone; the case's number does not stand beside it
            forbidden.append(f"138****000{at}")
    if sight < M:
        forbidden.append(f"暗号{'甲乙丙丁戊'[at - 1]}")
    if sight is N and command in UNSEEN and not asked:
        forbidden.append(number)
    told = [secret for secret in forbidden if secret in said]
    assert not told, f"{who}: xinqiao {command} tells {told} of case {at}:\n{said}"


def test_who_may_know_does_see(county: tuple[Path, dict[str, str]], walk: Walk) -> None:
    """So that the walk above is not content with commands that show nothing."""
    _, numbers = county
    for command in ("case show", "case timeline", "search", "case list", "text list"):
        arguments = [numbers["sealed"]] if command in NUMBERED else WHOLE[command]
        assert "暗号乙" in walk("shen", command, *arguments), command
        assert "钱002" in walk("shen", command, *arguments), command
    assert "138****0002" in walk("shen", "case show", numbers["sealed"])
    shown = walk("office", "case show", numbers["sealed"])
    assert f"R-{numbers['sealed']}" in shown
    assert "暗号乙" in shown
    assert "某某" in shown
    assert numbers["sealed"] in walk("office", "case list")
    assert numbers["sealed"] in walk("office", "search", "暗号乙")
    assert "没有编号为" in walk("jiaojing", "case show", numbers["accusing"])


def test_a_step_says_no_more_than_showing_the_case(county: tuple[Path, dict[str, str]], walk: Walk) -> None:
    _, numbers = county
    said = walk("jiaojing", "case sign", numbers["sealed"])
    assert json.loads(said.splitlines()[0])["state"] == "in_progress"
    check("jiaojing", "case sign", 2, M, numbers["sealed"], said)
    check("jiaojing", "case progress", 2, M, numbers["sealed"], walk("jiaojing", "case progress", numbers["sealed"]))


def test_an_operator_alone_cannot_unseal_a_case(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(folder)
    office.join("13800000001")
    number = opened(office, "8613800000001", "举报村主任贪污")
    monkeypatch.setenv("LOGNAME", "office")
    given = ["accept", number, "--kind", "求助", "--leader-kind", "无", "--shield", "1"]
    done = CliRunner().invoke(case.app, given, obj=Where(folder, None))
    assert isinstance(done.exception, Refused)
    assert "不能由操作员改为一般" in done.exception.message
    office.tick.close()
    office.database.close()


def test_what_a_command_writes_nobody_else_reads(tmp_path: Path) -> None:
    made = tmp_path / "county"
    program = "import sys; sys.argv = ['xinqiao', 'init', sys.argv[1]]; from gateway.cli import main; main()"
    subprocess.run([sys.executable, "-c", program, str(made)], check=True, capture_output=True)
    for file in (made, *made.rglob("*")):
        assert not file.stat().st_mode & 0o077, file


def test_a_traceback_in_the_log_names_nobody() -> None:
    told = logs.masked(None, "", {"exception": "ValueError: 我是东赵村的王小明,电话13912345678"})
    assert told["exception"] == "ValueError: …,…(…)"


@pytest.mark.parametrize(
    "said", ["甄有才", "DETAIL: Failing row contains (7, 村东甄有才, 13900001234)", "key '甄有才'"]
)
def test_a_traceback_keeps_no_chinese_word_but_those_of_our_refusals(said: str) -> None:
    told = logs.masked(None, "", {"exception": f"Traceback:\n  File 1\nValueError: {said}"})["exception"]
    assert "甄" not in told
    assert "才" not in told
    assert "0001234" not in told
    assert "File 1" in told
    ours = logs.masked(None, "", {"exception": "Traceback:\ngateway.errors.Refused: 没有承办单位"})
    assert "没有承办单位" in ours["exception"]


def test_what_fails_in_the_reactor_or_a_thread_is_logged_without_a_name() -> None:
    program = """
import threading
from twisted.logger import Logger
from gateway import logs
logs.start("info", "json", None)
logs.start_reactor()
try:
    int("甄有才 13900001234")
except ValueError:
    Logger().failure("in the reactor: 甄有才")
thread = threading.Thread(target=int, args=("甄有才",))
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["critical", "critical"]
    assert "甄有才" not in done.stderr
    assert "13900001234" not in done.stderr
