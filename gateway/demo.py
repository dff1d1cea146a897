"""The whole system in a few minutes: roster, notice, crash, receipts, texts, cases, replies, all on this machine.

Every step is a command of the program itself, run as its user would run it, against three simulated carriers in
a process of their own. At the end each figure is checked against what the carriers counted.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway import carrier_desk, resources
from gateway.cli import rehearse
from gateway.cli.init import write_secret
from gateway.cli.simulate import order
from gateway.database import Database
from gateway.errors import UNAVAILABLE, Refused
from gateway.notices.report import progress
from gateway.settings import load
from gateway.tables import carrier_status, text
from gateway.year import acceptance
from roster import generator
from roster.importing import Lists

RATES = {"mobile": 900, "unicom": 400, "telecom": 300}  # submits a second: what the three contracts allow here
KILL_AT = 0.45  # share of the notice after which the gateway is killed
PATIENCE = 60.0  # seconds that any one thing may take

YEAR = "0.03"  # of the year of Feixiang: so many people, texts and cases
LINE = ("part", "what", "wanted", "told", "seen")
DETAIL = ("拒收:", "类别:", "主题:")  # figures of the year's table that are not shown, though they are checked

NATIVE: Mapping[str, Mapping[str, Any]] = {  # what the settings of the three lines say beside their defaults
    "mobile": {"protocol": "cmpp3", "account": "901234", "service_id": "GZXX"},
    "unicom": {"protocol": "sgip", "node": 3_031_054_321, "listen_host": "127.0.0.1", "listen_peers": ["127.0.0.1"]},
    "telecom": {"protocol": "smgp", "destination_prefix": "", "service_id": "GZXX"},
}
NATIVE_QUIRKS: Mapping[str, Mapping[str, Any]] = {
    "mobile": {"receipt_early": 0.02},
    "unicom": {"return_path": "both", "receipt_twice": 0.02, "receipt_early": 0.02},
    "telecom": {"throttle": 0.001},
}
QUIRKS: Mapping[str, Mapping[str, Any]] = {  # the same three over SMPP
    "mobile": {"id_form": "hex", "receipt_id_form": "decimal", "receipt_form": "text"},
    "unicom": {"id_form": "decimal", "receipt_form": "both", "receipt_twice": 0.02, "receipt_early": 0.02},
    "telecom": {"id_form": "long", "receipt_form": "tlv", "enroute": 0.02, "throttle": 0.001},
}

ROAD = "城关镇小学门口每天早上七点半车太多,堵得走不动,孩子们过马路很危险,请安排交警来管一管。"
MATTERS = (
    "村里路灯坏了半个月,晚上出门很危险",
    "自来水已经停了三天,没有人来修",
    "建议在卫生院门口设一个公交站",
    "村口的垃圾堆了一个多星期没人清运,天热味道很大,离学校又近,家长们都很担心,希望能尽快安排清理,"
    "并且定下固定的清运日子,谢谢。我们村一共三百多户,原来是每周清两次,从上个月开始就没有人来了。",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One figure: what it must be, what it is, and where it was counted."""

    what: str
    expected: object
    found: object

    @property
    def ok(self) -> bool:
        """True when they are the same."""
        return self.expected == self.found


@dataclass
class Stage:
    """The folder, the processes and what has been checked so far."""

    folder: Path
    console: Console
    smpp: bool = False  # all lines speak SMPP, instead of each carrier its own protocol
    control: int = 0
    daemon: subprocess.Popen[bytes] | None = None
    checks: list[Check] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def database(self) -> Database:
        """The folder's store, to watch the bar by; everything else goes through the program's commands."""
        return Database(load(self.folder, {}).store_url())

    def run(self, *arguments: str, who: str | None = None, refused: bool = False) -> Any:
        """A command, shown and run; its JSON. `refused` says that it must be turned down."""
        shown = " ".join(arg if " " not in arg else f"'{arg}'" for arg in arguments)
        self.console.print(f"  [dim]$ xinqiao {f'--as {who} ' if who else ''}{shown}[/dim]", soft_wrap=True)
        done = subprocess.run(  # noqa: S603 - our own program
            [*_program(self.folder), *(("--as", who) if who else ()), *arguments, *_json(arguments)],
            env=_environment(self.folder, who),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if refused:
            self.checks.append(Check(f"应被拒绝:{' '.join(arguments[:2])}", True, done.returncode != 0))
            self.console.print(f"    [yellow]{done.stderr.strip()}[/yellow]")
            return None
        if done.returncode != 0:
            raise Refused(f"xinqiao {shown}:{done.stderr.strip()}", f"工作目录保留在 {self.folder}", UNAVAILABLE)
        return json.loads(done.stdout) if _json(arguments) else done.stdout

    def tell(self, **command: Any) -> dict[str, Any]:
        """A command to the simulated carriers."""
        answer = order(self.control, command)
        if not answer["ok"]:
            raise Refused(f"模拟运营商拒绝了指令:{answer['error']}", "", UNAVAILABLE)
        return answer

    def counts(self) -> dict[str, Any]:
        """What the carriers counted, together."""
        carriers = self.tell(do="status")["carriers"]
        names = (
            *("submits", "accepted", "accepted_distinct", "doubled", "texts", "texts_acknowledged"),
            *("receipts", "receipts_outstanding", "texts_outstanding", "bound"),
        )
        return {name: sum(one[name] for one in carriers.values()) for name in names}

    def check(self, what: str, expected: object, found: object) -> None:
        """Keep a figure."""
        self.checks.append(Check(what, expected, found))

    def say(self, words: str) -> None:
        """A line about what happens."""
        self.console.print(f"  {words}")

    def wait(self, what: str, until: Callable[[], object]) -> None:
        """Until something holds; a demonstration that hangs is a failed one."""
        deadline = time.monotonic() + PATIENCE
        while not until():
            if time.monotonic() > deadline:
                raise Refused(f"等待“{what}”超过 {PATIENCE:.0f} 秒", f"工作目录保留在 {self.folder}", UNAVAILABLE)
            time.sleep(0.1)


def play(folder: Path, console: Console, smpp: bool = False) -> Stage:
    """Everything, in order. The stage holds the checks; the folder is left for whoever wants to look."""
    stage = Stage(folder, console, smpp)
    with ExitStack() as cleaning:
        for number, (title, act) in enumerate(ACTS, 1):
            console.rule(f"[bold]{number}. {title}", align="left")
            act(stage, cleaning)
    return stage


# --------------------------------------------------------------------------------------------------------------- acts


def _office(stage: Stage, cleaning: ExitStack) -> None:
    stage.console.print(f"  [dim]$ xinqiao init {stage.folder}[/dim]", soft_wrap=True)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "gateway", "init", str(stage.folder)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Refused(done.stderr.strip(), "换一个空目录", UNAVAILABLE)
    settings = stage.folder / "xinqiao.toml"
    words = settings.read_text(encoding="utf-8")
    words = words.replace('quiet_from = "20:30"', 'quiet_from = "03:00"')  # a rehearsal may be at any hour,
    words = words.replace('quiet_until = "08:30"', 'quiet_until = "03:00"')  # and nobody is woken by it
    words = words.replace("minutes_apart = 10", "minutes_apart = 0")  # the days of a case are played in seconds
    if not stage.smpp:
        for name, keys in NATIVE.items():
            door = {"listen_port": _free_port()} if keys["protocol"] == "sgip" else {}
            words = _line_says(words, name, {**keys, **door})
    settings.write_text(words, encoding="utf-8")
    for name, roles in (("审批人", ("approver", "reviewer")), ("交警经办", ("dept",))):
        write_secret(stage.folder / "keys" / f"{name}.txt", f"rehearsal {os.urandom(9).hex()}")
        options = [option for role in roles for option in ("--role", role)]
        unit = ("--department", "交警大队") if "dept" in roles else ()
        secret = str(stage.folder / "keys" / f"{name}.txt")
        stage.run("operator", "add", name, *options, *unit, "--password-file", secret)


def _roster(stage: Stage, cleaning: ExitStack) -> None:
    file = stage.folder / "名册.xlsx"
    stage.run("roster", "generate", str(file))
    tried = stage.run("roster", "import", str(file))
    stage.say(f"试算:{tried['accepted']} 人有效,{tried['rejected']} 行未收")
    done = stage.run("roster", "import", str(file), "--apply")
    again = stage.run("roster", "import", str(file), "--apply")
    stage.run("roster", "carrier", "--file", str(stage.folder / "名册.ported.tsv"))
    counts = stage.run("roster", "count")
    stage.say(f"入库 {counts['active']} 人:" + ",".join(f"{k} {v}" for k, v in counts["carrier"].items()))
    stage.check("名册:有效人数", generator.ACCEPTED, done["accepted"])
    stage.check("名册:未收的原因", generator.FAULTS, done["reasons"])
    stage.check("名册:同一文件再导一次的变化", 0, again["joins"] + again["changes"])
    stage.check("名册:各类别人数", generator.CATEGORY_SHARES, counts["category"])
    stage.check("名册:各线路人数", generator.CARRIER_SHARES, counts["carrier"])


def _carriers(stage: Stage, cleaning: ExitStack) -> None:
    sample = generator.generate(_lists())
    stage.facts["sample"] = sample
    script, log = stage.folder / "carriers.toml", stage.folder / "carriers.log"
    settings = tomllib.loads((stage.folder / "xinqiao.toml").read_text(encoding="utf-8"))["carriers"]
    quirks = QUIRKS if stage.smpp else NATIVE_QUIRKS
    parts = [_script(stage.folder, name, settings[name], quirks[name], sample) for name in quirks]
    script.write_text("".join(parts), encoding="utf-8")
    stage.console.print(f"  [dim]$ xinqiao simulate carrier --script {script}[/dim]", soft_wrap=True)
    errors = (stage.folder / "carriers.err").open("w")
    simulator = subprocess.Popen(  # noqa: S603
        [*_program(stage.folder), "simulate", "carrier", "--script", str(script), "--log", str(log)],
        env=_environment(stage.folder, None),
        stdout=subprocess.PIPE,
        stderr=errors,
    )
    cleaning.callback(_end, simulator)
    line = simulator.stdout.readline() if simulator.stdout else b""
    if not line:
        raise Refused("模拟运营商没有启动", f"原因见 {stage.folder / 'carriers.err'}", UNAVAILABLE)
    ports = json.loads(line)
    stage.control = ports["control"]
    stage.facts["ports"] = ports["carriers"]
    _start(stage, cleaning)
    stage.say("三家线路均已登录:" + ("均为 SMPP" if stage.smpp else "移动 CMPP 3.0、联通 SGIP 1.2、电信 SMGP 3.0"))


def _notice(stage: Stage, cleaning: ExitStack) -> None:
    words = stage.folder / "通知.txt"
    words.write_text("县里准备在城关镇修建文化广场,现征求大家的意见,有什么想法请直接回复本短信。", encoding="utf-8")
    one = stage.run("notice", "draft", "--topic", "重大决策部署", "--title", "征求意见", "--file", str(words))
    told = stage.run("notice", "dry-run", str(one["id"]))
    stage.say(f"试算:{told['people']} 人,{told['parts']} 条,{told['cost_fen'] / 100:.2f} 元")
    stage.run("notice", "approve", str(one["id"]), refused=True)
    stage.run("notice", "approve", str(one["id"]), "--digest", told["digest"], who="审批人")
    began = time.monotonic()
    stage.run("notice", "send", str(one["id"]))
    stage.say(f"发到 {KILL_AT:.0%} 时用 kill -9 杀死网关,再启动")
    _watch(stage, cleaning, one["id"], told["parts"])
    stage.facts["seconds"] = time.monotonic() - began
    stage.check("通知:计划人数", generator.ACCEPTED, told["people"])
    _account(stage, one["id"])


def _account(stage: Stage, notice_id: int) -> None:
    """Every person of the notice accounted for, against the carriers' own counts."""
    report = stage.run("notice", "report", str(notice_id))
    counts, parts = stage.counts(), report["total"]["parts"]
    doubt = parts.get("uncertain", 0)
    stage.facts["doubt_left"] = doubt
    stage.facts["report"] = parts
    stage.say(f"报告:{json.dumps(parts, ensure_ascii=False)};被杀时在途 {stage.facts['doubt']} 条,现仍不明 {doubt} 条")
    stage.check("通知:各状态合计", generator.ACCEPTED, sum(report["total"]["people"].values()))
    stage.check("通知:重复提交(运营商计数)", 0, counts["doubled"])
    stage.check("通知:丢失(运营商计数)", 0, generator.ACCEPTED - doubt - counts["accepted_distinct"])
    stage.check("通知:运营商处未取的回执", 0, counts["receipts_outstanding"])
    stage.check("通知:未送达(空号)", generator.EMPTY, parts.get("undelivered", 0))
    stage.check("通知:过期(关机)", generator.OFF, parts.get("expired", 0))
    rest = generator.ACCEPTED - generator.EMPTY - generator.OFF - doubt
    stage.check("通知:已送达", rest, parts.get("delivered", 0))


def _texts(stage: Stage, cleaning: ExitStack) -> None:
    """Citizens text: matters, long ones out of order, one in GBK, one twice, opt-outs, a stranger."""
    people = _reachable(stage)
    for number, carrier in zip(stage.facts["sample"].opting_out, _homes(stage), strict=False):
        stage.tell(do="text", carrier=carrier, **{"from": f"86{number}", "text": "TD"})
    senders = people[: len(MATTERS) + 1]
    stage.facts["teacher"] = senders[0]
    options: Sequence[Mapping[str, Any]] = ({}, {"coding": 15}, {"twice": True}, {}, {"order": [2, 1]})
    for (carrier, number), words, how in zip(senders, (ROAD, *MATTERS), options, strict=True):
        stage.tell(do="text", carrier=carrier, **{"from": f"86{number}", "text": words}, **how)
    stage.tell(do="text", carrier="mobile", **{"from": "8613900009999", "text": "我不是信息员,也想反映一个问题"})
    wanted = len(MATTERS) + 2 + generator.OPTING_OUT
    stage.wait("来信入库", lambda: _texts_in(stage) >= wanted)
    texts = stage.run("text", "list", "--limit", "100")
    cases = stage.run("case", "list", "--limit", "100")
    for one in texts[:7]:
        stage.say(f"{one['from']}  {one['decision']:<15}{one['case'] or '':<11}{one['body'][:30]}")
    counts = stage.counts()
    stage.check("来信:入库", wanted, len(texts))
    stage.check("来信:运营商处未确认", 0, counts["texts_outstanding"])
    stage.check("来信:新立件", len(MATTERS) + 1, sum(one["decision"] == "new_case" for one in texts))
    stage.check("来信:退订", generator.OPTING_OUT, sum(one["decision"] == "command" for one in texts))
    stage.check("来信:陌生号码", 1, sum(one["decision"] == "unknown_sender" for one in texts))
    stage.check("办件:登记", len(MATTERS) + 1, len(cases))
    whole = [one for one in texts if one["body"] == MATTERS[-1]]
    stage.check("来信:乱序到达的长短信完整", 1, len(whole))


def _case(stage: Stage, cleaning: ExitStack) -> None:
    """One matter from text to rated answer."""
    [case] = [one for one in stage.run("case", "list") if one["text"] == ROAD]
    no = case["number"]
    carrier, number = stage.facts["teacher"]
    stage.run("case", "accept", no, "--kind", "求助", "--topic", "交通", "--place", "城关镇小学")
    stage.run("case", "assign", no, "--lead", "交警大队", "--co", "县教育局", "--method", "会办")
    order = stage.run("case", "order", no, "--out", str(stage.folder / f"交办单-{no}.docx"))
    stage.run("case", "sign", no, who="交警经办")
    reply = "已安排两名交警每天上下学时段在校门口执勤,并设置了临时停车区。"
    stage.run("case", "report", no, "--reply", reply, "--signed-by", "赵队长", who="交警经办")
    stage.run("case", "approve", no, "--gates", "e,p,y", who="审批人")
    stage.wait("答复送达", lambda: stage.run("case", "show", no)["reply_delivery"] == "delivered")
    extension = stage.run("case", "show", no)["slot"]
    stage.tell(do="text", carrier=carrier, **{"from": f"86{number}", "text": "1", "extension": extension})
    stage.wait("评价", lambda: stage.run("case", "show", no)["state"] == "closed")
    closed = stage.run("case", "show", no)
    for line in closed["history"]:
        stage.say(f"{line['label']}\t{line['actor']}\t{line['reason']}")
    stage.check("办件:交办单", (f"{no}-1", True), (order["number"], Path(order["file"]).stat().st_size > 10_000))
    stage.check("办件:办结并评价", ("closed", 1), (closed["state"], closed["rating"]))
    stage.check("办件:答复送达", "delivered", closed["reply_delivery"])


def _second_notice(stage: Stage, cleaning: ExitStack) -> None:
    """A personal notice; a carrier drops the line in the middle of it. Nobody who opted out gets it."""
    body = "{姓名}您好:请于本周五前把对文化广场方案的书面意见交到{乡镇}办公室,联系人和地址见上次会议材料,谢谢支持。"
    one = stage.run("notice", "draft", "--topic", "社会关切的其他方面", "--text", body, "--category", "政协委员")
    told = stage.run("notice", "dry-run", str(one["id"]))
    stage.run("notice", "approve", str(one["id"]), who="审批人")
    before = stage.counts()["accepted_distinct"]
    stage.run("notice", "send", str(one["id"]))
    stage.wait("开始发送", lambda: stage.counts()["accepted_distinct"] > before)
    stage.tell(do="cut", carrier="unicom")
    stage.say("联通线路被切断,网关自行重连")
    stage.wait("通知发完", lambda: not _under_way(stage, one["id"]) and _lines_up(stage))
    report = stage.run("notice", "report", str(one["id"]))
    parts = report["total"]["parts"]
    stage.say(f"报告:{json.dumps(parts, ensure_ascii=False)}")
    stage.check("第二条通知:合计等于计划", told["parts"], sum(parts.values()))
    stage.check("第二条通知:重复提交", 0, stage.counts()["doubled"])


def _year(stage: Stage, cleaning: ExitStack) -> None:
    """A small year on a clock that jumps: the same gateway, every figure of its table."""
    done = stage.run("rehearse", "year", "--scale", YEAR)
    lines = [acceptance.Line(**{key: one[key] for key in LINE}) for one in done["lines"]]
    if not stage.console.quiet:
        rehearse.show([line for line in lines if not line.what.startswith(DETAIL)], f"用时 {done['seconds']} 秒")
    for part in dict.fromkeys(line.part for line in lines):
        theirs = [line.ok for line in lines if line.part == part]
        stage.check(f"一年:{part}各项相符", len(theirs), sum(theirs))


def _stop(stage: Stage, cleaning: ExitStack) -> None:
    checked = stage.run("fsck")
    chain = stage.run("audit", "verify")
    stage.check("数据库:全部约定成立", True, checked["ok"])
    stage.check("操作记录:完整", True, chain["ok"])
    began = time.monotonic()
    if stage.daemon is not None:
        stage.daemon.send_signal(signal.SIGTERM)
        stage.check("网关:正常停止(退出码)", 0, stage.daemon.wait(PATIENCE))
    stage.say(f"网关在 {time.monotonic() - began:.1f} 秒内停止")


ACTS: Sequence[tuple[str, Callable[[Stage, ExitStack], None]]] = (
    ("建立工作目录", _office),
    ("名册入库", _roster),
    ("三家运营商上线", _carriers),
    ("群发通知,中途杀死网关", _notice),
    ("群众来信", _texts),
    ("一件事的办理", _case),
    ("第二条通知,中途断线", _second_notice),
    ("核对与停止", _stop),
    ("三十分之一的一年", _year),
)

# ---------------------------------------------------------------------------------------------------------- stagehands


def _start(stage: Stage, cleaning: ExitStack) -> None:
    """The gateway, in a process of its own, until its links are bound."""
    stage.console.print("  [dim]$ xinqiao run[/dim]")
    log = (stage.folder / "gateway.log").open("ab")
    stage.daemon = subprocess.Popen(  # noqa: S603
        [*_program(stage.folder), "run"], env=_settings_of(stage), stdout=log, stderr=log
    )
    cleaning.callback(_end, stage.daemon)
    stage.wait("线路登录", lambda: _lines_up(stage))


def _lines_up(stage: Stage) -> bool:
    with stage.database.read() as tx:
        states = list(tx.scalars(sa.select(carrier_status.c.link_state)))
    return len(states) == len(RATES) and all(state in carrier_desk.UP for state in states)


def _watch(stage: Stage, cleaning: ExitStack, notice_id: int, parts: int) -> None:
    """The bar, with one murder in the middle."""
    columns = (TextColumn("  {task.description}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stage.console) as bars:
        task = bars.add_task("已有结果", total=parts)
        killed, deadline = False, time.monotonic() + 3 * PATIENCE
        while True:
            states = _progress(stage, notice_id)
            final = sum(n for state, n in states.items() if state in ("delivered", "undelivered", "expired", "failed"))
            bars.update(task, completed=final)
            if not killed and final >= KILL_AT * parts and stage.daemon is not None:
                killed = True
                stage.daemon.kill()
                stage.daemon.wait()
                _doubts(stage, notice_id)
                _start(stage, cleaning)
            if final + states.get("uncertain", 0) >= parts and not stage.counts()["receipts_outstanding"]:
                return
            if time.monotonic() > deadline:
                raise Refused("通知没有发完", f"工作目录保留在 {stage.folder}", UNAVAILABLE)
            time.sleep(0.3)


def _doubts(stage: Stage, notice_id: int) -> None:
    """What the killed gateway was sending: listed, and left to the receipts."""
    doubts = stage.run("message", "doubts")
    stage.facts["doubt"] = len(doubts)
    stage.say(f"[red]kill -9[/red]:在途 {len(doubts)} 条,结果不明,等回执,不会擅自重发:")
    for one in doubts[:3]:
        stage.say(f"  {one['to']}  {one['carrier']}  第{one['number']}/{one['total']}段")
    stage.check("通知:被杀时在途的都列出", _progress(stage, notice_id).get("sending", 0), len(doubts))


def _progress(stage: Stage, notice_id: int) -> dict[str, int]:
    """Parts by state, read as the progress bar of the program reads them."""
    with stage.database.read() as tx:
        found: dict[str, int] = {}
        for states in progress(tx, notice_id).values():
            for state, count in states.items():
                found[state] = found.get(state, 0) + count
    return found


def _under_way(stage: Stage, notice_id: int) -> int:
    states = _progress(stage, notice_id)
    return sum(states.get(state, 0) for state in ("queued", "sending", "accepted"))


def _texts_in(stage: Stage) -> int:
    with stage.database.read() as tx:
        return tx.scalar(sa.select(sa.func.count()).select_from(text)) or 0


def _reachable(stage: Stage) -> list[tuple[str, str]]:
    """(carrier, number) of people whose phones work and who stay."""
    sample: generator.Sample = stage.facts["sample"]
    gone = sample.empty | sample.off | set(sample.opting_out) | sample.ported.keys()
    found = []
    for row in sample.rows[2:-1]:
        number = row[4]
        if isinstance(number, str) and len(number) == 11 and number.isascii() and number not in gone and row[1]:
            carrier = _home(number)
            if carrier is not None and str(row[7]) == "教师":
                found.append((carrier, number))
    return found


def _homes(stage: Stage) -> list[str]:
    sample: generator.Sample = stage.facts["sample"]
    return [sample.ported.get(number) or _home(number) or "mobile" for number in sample.opting_out]


def _home(number: str) -> str | None:
    return next((name for name, prefixes in generator.RANGES.items() if number[:3] in prefixes), None)


def _lists() -> Lists:
    return Lists.from_toml(tomllib.loads(resources.shipped("roster", files("gateway")).read_text(encoding="utf-8")))


def _line_says(words: str, name: str, keys: Mapping[str, Any]) -> str:
    """The settings with these keys in the table of one line, in the place of what stands there."""
    head, table = words.split(f"[carriers.{name}]\n")
    table, *rest = re.split(r"^(?=\[)", table, maxsplit=1, flags=re.MULTILINE)
    for key in keys:
        table = re.sub(rf"^{key} = .*\n", "", table, flags=re.MULTILINE)
    said = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    return f"{head}[carriers.{name}]\n{said}{table}{''.join(rest)}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _script(
    folder: Path, name: str, line: Mapping[str, Any], quirks: Mapping[str, Any], sample: generator.Sample
) -> str:
    """A carrier of the simulators' script: the folder's own account, this carrier's quirks, the planted numbers."""
    password = (folder / line["password_file"]).read_text(encoding="utf-8").strip()
    if "listen_port" in line:
        calls = {"call_host": line["listen_host"], "call_port": line["listen_port"]}
        quirks = {**quirks, **calls, "call_account": line["account"], "call_password": password}
    keys = {
        "name": name,
        "protocol": line.get("protocol", "smpp"),
        "access_number": line["access_number"],
        "seed": len(name),
        "empty": sorted(sample.empty),
        "off": sorted(sample.off),
        "receipt_delay": [0.1, 0.8],
        "redeliver_after": 3.0,
        **quirks,
    }
    words = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in keys.items())
    return f"[[carrier]]\n{words}[carrier.accounts]\n{line['account']} = {json.dumps(password)}\n\n"


def _settings_of(stage: Stage) -> dict[str, str]:
    """The folder's settings with the simulators' ports and this stage's rates."""
    environment = _environment(stage.folder, None)
    for name, port in stage.facts["ports"].items():
        environment[f"XINQIAO__CARRIERS__{name.upper()}__PORT"] = str(port)
        environment[f"XINQIAO__CARRIERS__{name.upper()}__RATE"] = str(RATES[name])
        environment[f"XINQIAO__CARRIERS__{name.upper()}__WINDOW"] = "50"
    return environment


def _program(folder: Path) -> list[str]:
    return [sys.executable, "-m", "gateway", "-C", str(folder)]


def _json(arguments: Sequence[str]) -> tuple[str, ...]:
    """Commands that change people's rights or files only speak to people."""
    quiet = {("operator", "add"), ("roster", "generate"), ("roster", "carrier"), ("notice", "send")}
    return () if tuple(arguments[:2]) in quiet else ("--json",)


def _environment(folder: Path, who: str | None) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("XINQIAO")}
    if who is not None:
        kept["XINQIAO_PASSWORD_FILE"] = str(folder / "keys" / f"{who}.txt")
    return kept


def _end(process: subprocess.Popen[bytes]) -> None:
    """Only what this stage started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
