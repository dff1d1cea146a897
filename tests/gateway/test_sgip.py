"""The gateway with a carrier that speaks SGIP: real processes, real sockets, lines that rest, calls, cuts."""

import json
import re
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import FILE
from tests.gateway.town import Town

SCRIPT = """
[[carrier]]
name = "unicom"
protocol = "sgip"
access_number = "10655000001"
redeliver_after = 1.0
accounts = {{ xinqiao = "{password}" }}
{more}
"""
SETTINGS = """
protocol = "sgip"
node = 3031012345
service_id = "NOTICE"
keepalive = {keepalive}
"""
CALLS = """
return_path = "{path}"
call_port = {port}
call_account = "smguser"
call_password = "smgpass"
"""
LISTENS = """
listen_host = "127.0.0.1"
listen_port = {port}
listen_peers = ["127.0.0.1"]
listen_account = "smguser"
listen_password_file = "keys/smg.password"
"""
CITIZEN = "8613000000001"


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    """One carrier, China Unicom's; the folder's other two lines point to ports where nobody listens."""
    town = Town(folder)
    yield town
    town.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def opened(town: Town, more: str = "", *, path: str = "", keepalive: float = 30.0, port: int = 0) -> int:
    """The carrier and the gateway, logged in. With a `path` the carrier calls back. The port where it does."""
    port = port or free_port()
    prepare(town, more, path=path, keepalive=keepalive, port=port)
    town.open_carriers()
    town.start_daemon()
    town.until(lambda: town.counts("unicom")["connections"])
    return port


def prepare(town: Town, more: str = "", *, path: str = "", keepalive: float = 30.0, port: int = 0) -> None:
    settings = town.folder / FILE
    words = settings.read_text(encoding="utf-8")
    lines = SETTINGS.format(keepalive=keepalive) + (LISTENS.format(port=port) if path else "")
    settings.write_text(re.sub(r"(?m)^\[carriers\.unicom\]$", rf"[carriers.unicom]{lines}", words), encoding="utf-8")
    secret = town.folder / "keys" / "smg.password"
    secret.write_text("smgpass", encoding="utf-8")
    secret.chmod(0o600)
    password = (town.folder / "keys" / "unicom.password").read_text(encoding="utf-8").strip()
    calls = CALLS.format(path=path, port=port) if path else ""
    if "receipt_delay" not in more:
        more += "receipt_delay = [0.01, 0.05]\n"
    town.script = SCRIPT.format(password=password, more=more + calls)


def send(town: Town, words: str = "您好", to: str = CITIZEN[2:]) -> None:
    town.run("message", "send", "--to", to, "--text", words)


def send_list(town: Town, count: int) -> None:
    """To 13000000001 and on."""
    rows = "".join(f"13000000{n:03d}\t第{n}条\n" for n in range(1, count + 1))
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))


def text(town: Town, words: str, **more: Any) -> None:
    town.tell(do="text", carrier="unicom", text=words, **{"from": CITIZEN}, **more)


def ask(town: Town, query: str) -> list[Any]:
    with sqlite3.connect(town.folder / "xinqiao.db") as store:
        return store.execute(query).fetchall()


def states(town: Town) -> list[str]:
    return [row[0] for row in ask(town, "SELECT state FROM part ORDER BY id")]


def bodies(town: Town) -> list[str]:
    return sorted(row[0] for row in ask(town, "SELECT body FROM text"))


def rests(town: Town) -> bool:
    return ask(town, "SELECT link_state FROM carrier_status WHERE carrier = 'unicom'") == [("resting",)]


def logged(town: Town) -> list[dict[str, Any]]:
    lines = (town.folder / "log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


LONG = "村口的垃圾堆了一个多星期没人清运," * 8


USER_REPORT = "0000004700000011" + "00" * 12 + "31" * 42 + "01" + "00" * 8


@pytest.mark.parametrize("path", ["same", "call", "both"])
def test_texts_go_out_reports_and_texts_come_in_whatever_way_the_carrier_takes(town: Town, path: str) -> None:
    opened(town, path=path)
    send(town, "short")
    send(town, LONG, to="13000000002")
    text(town, "路灯坏了")
    text(town, LONG, order=[3, 1, 2], twice=True)
    text(town, "自来水停了三天", coding=15)
    text(town, "hello, it is dark here", coding=0)
    town.tell(do="raw", carrier="unicom", hex=USER_REPORT)
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)
    town.until(lambda: set(states(town)) == {"delivered"})
    assert len(states(town)) > 3
    assert bodies(town) == sorted([LONG, "路灯坏了", "自来水停了三天", "hello, it is dark here"])
    counts = town.counts("unicom")
    assert (counts["doubled"], counts["receipts_outstanding"]) == (0, 0)
    assert counts["calls"] == (1 if path in ("call", "both") else 0)
    town.until(lambda: ask(town, "SELECT count(*) FROM quarantine WHERE reason LIKE '%USERRPT%'") >= [(1,)])
    known = ask(town, "SELECT carrier_id FROM attempt ORDER BY part_id")
    assert known == ask(town, "SELECT carrier_id FROM receipt ORDER BY part_id")
    assert all(re.fullmatch(f"{3031012345:08x}[0-9a-f]{{16}}", one) for (one,) in known)
    assert len(set(known)) == len(states(town))
    assert town.run("fsck", "--json")["ok"]


@pytest.mark.parametrize("path", ["", "call"])
def test_reports_find_their_parts_though_the_answers_never_came(town: Town, path: str) -> None:
    """The line is cut before each answer. Two parts for one person: only their ids can tell which report is whose."""
    opened(town, "cut_before_answer = 1.0\nreceipt_delay = [3.0, 4.0]\n", path=path)
    send(town, "第一条")
    town.until(lambda: states(town) == ["uncertain"])
    send(town, "第二条")
    town.until(lambda: len(states(town)) == 2 and states(town)[1] == "uncertain")
    assert [row[0] for row in ask(town, "SELECT outcome FROM attempt")] == ["uncertain", "uncertain"]
    town.until(lambda: states(town) == ["delivered", "delivered"])
    assert [row[0] for row in ask(town, "SELECT effect FROM receipt")] == ["applied", "applied"]
    assert town.counts("unicom")["submits"] == 2
    assert town.run("fsck", "--json")["ok"]


def test_a_report_that_comes_before_the_answer_is_applied_at_once(town: Town) -> None:
    opened(town, "receipt_early = 1.0\nanswer_delay = [1.0, 1.5]\n")
    send(town)
    town.until(lambda: states(town) == ["delivered"])
    town.until(lambda: ask(town, "SELECT outcome FROM attempt") == [("accepted",)])
    assert states(town) == ["delivered"]
    assert ask(town, "SELECT effect FROM receipt") == [("applied",)]
    [(reported, answered)] = ask(town, "SELECT received_ms, answered_ms FROM receipt, attempt")
    assert answered - reported > 500


def test_a_failed_and_a_waiting_report_say_so(town: Town) -> None:
    opened(town, 'enroute = 1.0\nempty = ["13000000001"]\noff = ["13000000002"]\n')
    send_list(town, 3)
    town.until(lambda: states(town) == ["undelivered", "expired", "delivered"])
    assert {row[0] for row in ask(town, "SELECT error FROM receipt WHERE state = 'UNDELIV'")} == {"29"}


def test_a_line_rests_and_is_woken_by_a_message(town: Town) -> None:
    opened(town, path="call", keepalive=1.0)
    text(town, "路灯坏了")  # now it is known that the carrier calls
    town.until(lambda: rests(town))
    assert town.counts("unicom")["connections"] == 1
    send_list(town, 40)
    town.until(lambda: states(town) == ["delivered"] * 40)
    counts = town.counts("unicom")
    assert (counts["connections"], counts["submits"], counts["doubled"]) == (2, 40, 0)
    town.until(lambda: rests(town))
    text(town, "自来水停了三天")  # while ours rests
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)
    assert bodies(town) == ["自来水停了三天", "路灯坏了"]
    assert all(one["level"] != "warning" for one in logged(town) if one["event"] == "link closed")


def test_a_carrier_that_leaves_idle_lines_calls_again_when_it_has_something_to_say(town: Town) -> None:
    opened(town, "idle = 0.5\n", path="call", keepalive=60.0)
    for n in range(3):
        text(town, f"第{n}封")
        town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)
        town.until(lambda: not town.counts("unicom")["bound"])  # either line: there is nothing to say
    assert bodies(town) == ["第0封", "第1封", "第2封"]
    assert town.counts("unicom")["calls"] == 3


def test_without_calls_back_the_line_that_the_carrier_leaves_is_made_again(town: Town) -> None:
    opened(town, "idle = 0.3\n")
    town.until(lambda: town.counts("unicom")["connections"] == 3)
    text(town, "路灯坏了")
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)


def test_a_call_that_is_cut_is_made_again_and_nothing_is_lost(town: Town) -> None:
    opened(town, path="both")
    for n in range(6):
        text(town, f"第{n}封")
        send(town, f"第{n}条")
        if n % 2:
            town.tell(do="cut", carrier="unicom")
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == town.counts("unicom")["receipts_outstanding"] == 0)
    town.until(lambda: set(states(town)) <= {"delivered", "uncertain"})
    assert bodies(town) == [f"第{n}封" for n in range(6)]
    assert town.counts("unicom")["doubled"] == 0
    assert town.run("fsck", "--json")["ok"]


def test_a_carrier_with_a_wrong_password_delivers_nothing_until_it_is_right(town: Town) -> None:
    opened(town, path="call")
    (town.folder / "keys" / "smg.password").write_text("other", encoding="utf-8")
    town.processes[-1].terminate()
    assert town.processes[-1].wait(20) == 0
    town.start_daemon()
    town.until(lambda: town.counts("unicom")["connections"] == 2)
    text(town, "路灯坏了")
    town.until(lambda: any(one["event"] == "call turned away" for one in logged(town)))
    assert town.counts("unicom")["texts_outstanding"] == 1
    (town.folder / "keys" / "smg.password").write_text("smgpass", encoding="utf-8")
    town.processes[-1].terminate()
    assert town.processes[-1].wait(20) == 0
    town.start_daemon()
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)


def test_a_port_that_somebody_holds_stops_neither_the_gateway_nor_the_line(town: Town) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        opened(town, path="both", port=int(held.getsockname()[1]))
        told = "SELECT link_detail FROM carrier_status WHERE carrier = 'unicom' AND link_detail LIKE '%cannot call%'"
        town.until(lambda: ask(town, told))
        assert any(one["event"] == "open to calls" and one["level"] == "error" for one in logged(town))
        send(town)
        text(town, "路灯坏了")
        town.until(lambda: states(town) == ["delivered"])
        town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)
        assert town.counts("unicom")["calls"] == 0


def test_a_killed_gateway_loses_nothing_and_submits_nothing_twice(town: Town) -> None:
    opened(town, "answer_delay = [0.05, 0.2]\n", path="both")
    send_list(town, 100)
    for seen in (10, 50):
        town.until(lambda seen=seen: town.counts("unicom")["submits"] >= seen)  # type: ignore[misc]
        daemon = town.processes[-1]
        daemon.kill()
        daemon.wait()
        text(town, f"第{seen}条来信")
        town.start_daemon()
    town.until(lambda: set(states(town)) <= {"delivered", "uncertain"})
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == town.counts("unicom")["receipts_outstanding"] == 0)
    counts, found = town.counts("unicom"), states(town)
    assert counts["doubled"] == 0
    assert found.count("delivered") == counts["accepted_distinct"]  # each that the carrier took was found by its id
    assert len(bodies(town)) == 2
    assert town.run("fsck", "--json")["ok"]


def test_the_folders_own_carrier_is_simulated_with_its_calls(town: Town) -> None:
    port, door = free_port(), free_port()
    prepare(town, path="call", port=door)
    town.environment["XINQIAO__CARRIERS__UNICOM__PORT"] = str(port)
    for name in ("mobile", "telecom"):
        town.environment[f"XINQIAO__CARRIERS__{name.upper()}__PORT"] = str(free_port())
    town.open_own_carriers()
    town.start_daemon()
    town.until(lambda: town.counts("unicom")["bound"])
    send(town)
    text(town, "路灯坏了")
    town.until(lambda: states(town) == ["delivered"])
    town.until(lambda: town.counts("unicom")["texts_outstanding"] == 0)
    assert town.counts("unicom")["calls"] == 1


def test_a_folder_whose_peers_are_not_this_machine_is_not_simulated(town: Town) -> None:
    prepare(town, path="call", port=free_port())
    file = town.folder / FILE
    words = file.read_text(encoding="utf-8")
    file.write_text(words.replace('listen_peers = ["127.0.0.1"]', 'listen_peers = ["10.0.0.0/8"]'), encoding="utf-8")
    assert "listen_peers" in town.run("simulate", "carrier", code=1)


@pytest.mark.parametrize(
    ("given", "instead", "field"),
    [
        ("node = 3031012345", "node = 1", "node"),
        ('listen_peers = ["127.0.0.1"]', 'listen_peers = ["everywhere"]', "listen_peers"),
        ('listen_peers = ["127.0.0.1"]', "listen_peers = []", "listen_port"),
        ('protocol = "sgip"\n', "", "listen_port"),
        ('service_id = "NOTICE"', 'corp_id = "123456"', "corp_id"),
        ('service_id = "NOTICE"', "extension_digits = 10", "extension_digits"),
        ('service_id = "NOTICE"', 'destination_prefix = "0086 "', "destination_prefix"),
    ],
)
def test_settings_that_sgip_cannot_use_are_refused_by_their_name(
    town: Town, given: str, instead: str, field: str
) -> None:
    prepare(town, path="call", port=free_port())
    file = town.folder / FILE
    file.write_text(file.read_text(encoding="utf-8").replace(given, instead), encoding="utf-8")
    assert f"$.carriers.unicom.{field}" in town.run("settings", "check", code=3)
