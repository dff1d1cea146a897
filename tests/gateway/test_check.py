"""A line is tried step by step against a real simulated carrier; what is wrong is said, and nothing is taken."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.check import FINDINGS
from gateway.cli.advice import ADVICE, STEPS
from gateway.errors import LEASE_HELD, NOT_FOUND, REFUSED, SETTINGS, UNAVAILABLE, USAGE
from tests.gateway.tls_door import Door, certificate
from tests.gateway.town import Town

SCRIPT = """
[[carrier]]
name = "mobile"
access_number = "10657000001"
receipt_delay = [{delay}, {delay}]
redeliver_after = 0.2
{more}
"""
PREFIX = "XINQIAO__CARRIERS__MOBILE__"
ME = "13812345678"


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    """One carrier."""
    town = Town(folder)
    yield town
    town.close()


def opened(town: Town, more: str = "", delay: float = 0.02) -> Town:
    town.script = SCRIPT.format(more=more, delay=delay)
    town.open_carriers()
    return town


def check(town: Town, *options: str, code: int = 0) -> Any:
    """`carrier check`, as JSON; every step ends within five seconds."""
    said = town.run("carrier", "check", "mobile", "--timeout", "5", "--json", *options, code=code)
    return said if code == 0 else json.loads(said.splitlines()[0])


def failed(told: Any) -> tuple[str, str]:
    """The one step that failed, and why."""
    [step] = [one for one in told["steps"] if one["mark"] == "failed"]
    assert step["meaning"]
    assert step["advice"]
    return step["name"], step["finding"]


def names(told: Any) -> list[str]:
    return [one["name"] for one in told["steps"]]


def test_a_line_that_works_is_logged_in_to_and_out_of(town: Town) -> None:
    told = check(opened(town))
    assert names(told) == ["resolve", "connect", "login", "logout"]
    assert {one["mark"] for one in told["steps"]} == {"done"}
    assert told["ok"]
    assert told["steps"][2]["said"] == "mobile"
    assert (town.counts()["connections"], town.counts()["bound"]) == (1, 0)


def test_it_is_told_to_people_step_by_step(town: Town) -> None:
    said = opened(town).run("carrier", "check", "mobile")
    for words in ("解析地址", "✓ 登录", "退出登录", "中国移动(smpp):正常"):
        assert words in said


def test_a_test_text_is_sent_and_its_receipt_awaited_and_taken(town: Town) -> None:
    told = check(opened(town), "--to", ME, "--text", "测试")
    assert names(told) == ["resolve", "connect", "login", "submit", "receipt", "logout"]
    assert told["steps"][4]["said"].startswith("DELIVRD")
    counts = town.counts()
    assert (counts["accepted"], counts["receipts_acknowledged"], counts["receipts_outstanding"]) == (1, 1, 0)
    assert told["refused"] == {"texts": 0, "receipts": 0, "unreadable": 0}
    assert town.run("message", "list", "--json") == []


def test_a_receipt_before_its_answer_is_known_again(town: Town) -> None:
    told = check(opened(town, 'receipt_early = 1.0\nreceipt_id_form = "decimal"'), "--to", ME, "--text", "测试")
    assert told["steps"][4]["mark"] == "done"


def test_what_the_carrier_delivers_meanwhile_is_not_taken(town: Town) -> None:
    opened(town, delay=0.6)
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "8613800000009"})
    told = check(town, "--to", ME, "--text", "测试")
    assert told["ok"]
    assert told["refused"]["texts"] >= 1
    counts = town.counts()
    assert (counts["texts_acknowledged"], counts["texts_outstanding"]) == (0, 1)
    assert town.run("text", "list", "--json") == []
    town.start_daemon()
    town.until(lambda: town.counts()["texts_acknowledged"] == 1)
    assert [one["body"] for one in town.run("text", "list", "--json")] == ["路灯坏了"]


def test_a_receipt_of_somebody_else_is_not_taken(town: Town) -> None:
    opened(town, delay=1.0)
    town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    town.run("message", "send", "--to", ME, "--text", "您好")
    town.until(lambda: town.counts()["submits"] == 1)
    town.processes[-1].kill()
    town.processes[-1].wait()
    told = check(town, "--to", ME, "--text", "测试")
    assert told["steps"][4]["mark"] == "done"
    assert told["refused"]["receipts"] >= 1
    assert (town.counts()["receipts_acknowledged"], town.counts()["receipts_outstanding"]) == (1, 1)


@pytest.mark.parametrize(
    ("more", "ended", "code"),
    [
        ("refuse = 1.0\nrefuse_status = 0x0B", ("submit", "submit: permanent"), REFUSED),
        ("throttle = 1.0", ("submit", "submit: throttled"), UNAVAILABLE),
        (f'empty = ["{ME}"]', ("receipt", "receipt: undelivered"), REFUSED),
        ("receipt_never = 1.0", ("receipt", "receipt: none"), UNAVAILABLE),
        ("answer_delay = [30, 30]", ("submit", "silent"), UNAVAILABLE),
        ("cut_before_answer = 1.0", ("submit", "hung up"), UNAVAILABLE),
    ],
)
def test_what_becomes_of_the_test_text_is_said_and_decides_the_exit_code(
    town: Town, more: str, ended: tuple[str, str], code: int
) -> None:
    told = check(opened(town, more), "--timeout", "2", "--wait", "1.5", "--to", ME, "--text", "测试", code=code)
    assert failed(told) == ended
    assert told["exit"] == code


@pytest.mark.parametrize(
    ("status", "finding", "code"),
    [
        (0x05, "login: connections", UNAVAILABLE),
        (0x0499, "login: other", UNAVAILABLE),
    ],
)
def test_why_a_login_is_refused_is_said(town: Town, status: int, finding: str, code: int) -> None:
    told = check(opened(town, f"refuse_binds = {status}"), code=code)
    assert failed(told) == ("login", finding)
    assert names(told) == ["resolve", "connect", "login"]


def test_a_wrong_password_is_said_to_be_one(town: Town) -> None:
    told = check(opened(town, 'accounts = { xinqiao = "another" }'), code=SETTINGS)
    assert failed(told) == ("login", "login: password")
    assert town.counts()["connections"] == 0


def test_a_host_that_is_not_there_is_said_so(town: Town) -> None:
    town.environment[f"{PREFIX}HOST"] = "no-such-carrier.invalid"
    with pytest.raises(socket.gaierror) as wrong:  # .invalid is nobody's (RFC 2606)
        socket.getaddrinfo("no-such-carrier.invalid", 1)
    if wrong.value.errno == socket.EAI_AGAIN:  # a machine without a name server cannot know that there is no such host
        ended, code = ("resolve", "no name server"), UNAVAILABLE
    else:
        ended, code = ("resolve", "no such host"), SETTINGS
    assert failed(check(town, "--timeout", "20", code=code)) == ended


@contextmanager
def listening(town: Town) -> Iterator[socket.socket]:
    """A port that is no carrier; the settings name it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        town.environment[f"{PREFIX}PORT"] = str(server.getsockname()[1])
        yield server


def test_a_port_where_nobody_listens_is_said_so(town: Town) -> None:
    with listening(town):
        pass
    assert failed(check(town, code=UNAVAILABLE)) == ("connect", "refused")


def test_a_carrier_that_takes_the_call_and_says_nothing_is_said_so(town: Town) -> None:
    with listening(town):
        told = check(town, "--timeout", "1", code=UNAVAILABLE)
    assert failed(told) == ("login", "silent")
    assert told["steps"][2]["seconds"] < 14  # one was asked for, and 15 is what it would take otherwise


def test_who_loses_patience_leaves_quietly(town: Town) -> None:
    with listening(town) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "-C", str(town.folder), "carrier", "check", "mobile"],
            env=town._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with closing(server.accept()[0]) as wire:
            assert wire.recv(100)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60)
            assert wire.recv(100) == b""
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "✓ 连接" in said


def answered(town: Town, octets: bytes, code: int) -> tuple[str, str]:
    """How a check ends whose call is answered by these octets and hung up."""
    with listening(town) as server:

        def answer() -> None:
            with closing(server.accept()[0]) as wire:
                wire.recv(100)
                wire.sendall(octets)

        thread = threading.Thread(target=answer)
        thread.start()
        told = check(town, code=code)
        thread.join()
    return failed(told)


def test_a_carrier_that_hangs_up_at_once_is_said_so(town: Town) -> None:
    assert answered(town, b"", UNAVAILABLE) == ("login", "hung up")


def test_a_port_that_speaks_something_else_is_said_so(town: Town) -> None:
    assert answered(town, b"HTTP/1.1 400 Bad Request\r\n\r\n", SETTINGS) == ("login", "broken off")


@pytest.mark.parametrize("authority", ["carrier", "another"])
def test_a_line_behind_tls_is_tried_with_tls(town: Town, authority: str) -> None:
    opened(town)
    certificate(town.folder, "another")
    door = Door(certificate(town.folder, "carrier"), int(town.environment[f"{PREFIX}PORT"]))
    town.environment |= {
        f"{PREFIX}HOST": "localhost",
        f"{PREFIX}PORT": str(door.port),
        f"{PREFIX}TLS": "true",
        f"{PREFIX}TLS_CA": f"{authority}.pem",
    }
    if authority == "carrier":
        assert names(check(town)) == ["resolve", "connect", "tls", "login", "logout"]
    else:
        assert failed(check(town, code=SETTINGS)) == ("tls", "certificate")
        assert town.counts()["connections"] == 0
    door.stop()


def test_a_port_without_tls_is_said_so(town: Town) -> None:
    opened(town)
    town.environment |= {f"{PREFIX}TLS": "true"}
    name, finding = failed(check(town, code=SETTINGS))
    assert (name, finding) == ("tls", "tls")


def test_beside_a_running_gateway_it_is_done_only_on_somebodys_word_and_on_record(town: Town) -> None:
    opened(town)
    town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    assert "--yes" in town.run("carrier", "check", "mobile", code=LEASE_HELD)
    assert town.counts()["connections"] == 1
    check(town, "--yes", "--to", ME, "--text", "测试", "--wait", "0")
    assert (town.counts()["connections"], town.counts()["bound"]) == (2, 1)
    [row] = town.run("audit", "search", "--verb", "carrier.check", "--json")
    assert (row["subject"], row["to"]) == ("mobile", "138****5678")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--to", ME), USAGE),
        (("--text", "测试"), USAGE),
        (("--to", "0310-8512345", "--text", "测试"), USAGE),
        (("--to", ME, "--text", "测" * 70), USAGE),
    ],
)
def test_a_test_text_that_makes_no_sense_is_refused(town: Town, options: tuple[str, ...], code: int) -> None:
    assert "→" in town.run("carrier", "check", "mobile", *options, code=code)


def test_a_line_that_is_not_in_the_settings_is_not_found(town: Town) -> None:
    assert "没有名为" in town.run("carrier", "check", "china", code=NOT_FOUND)


def test_everything_that_can_be_found_has_its_words_and_nothing_else_has() -> None:
    assert ADVICE.keys() == FINDINGS
    assert all(one.meaning and one.way_out for one in ADVICE.values())
    assert {"resolve", "listen", "connect", "tls", "login", "submit", "receipt", "logout"} == STEPS.keys()
