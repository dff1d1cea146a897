"""The gateway over CMPP, as its people run it: real processes, real sockets, both versions."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.town import Town

ACCESS = {"mobile": "10657000001", "unicom": "10655000001", "telecom": "10659000001"}
SCRIPT = """
[[carrier]]
name = "{name}"
protocol = "{protocol}"
access_number = "{access}"
receipt_delay = [0.01, 0.05]
receipt_early = 0.3
receipt_twice = 0.3
redeliver_after = 1.0
empty = ["13800000009"]
[carrier.accounts]
901234 = "{password}"
"""


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    town = Town(folder)
    yield town
    town.close()


def opened(town: Town, **lines: str) -> Town:
    """A gateway whose lines speak these protocols; the passwords are right at both ends."""
    for name, protocol in lines.items():
        password = (town.folder / "keys" / f"{name}.password").read_text(encoding="utf-8").strip()
        town.script += SCRIPT.format(name=name, protocol=protocol, access=ACCESS[name], password=password)
        prefix = f"XINQIAO__CARRIERS__{name.upper()}__"
        town.environment |= {f"{prefix}PROTOCOL": protocol, f"{prefix}ACCOUNT": "901234", f"{prefix}SERVICE_ID": "MSQ"}
    town.open_carriers()
    town.start_daemon()
    return town


def ask(town: Town, query: str) -> list[tuple[str, ...]]:
    """What the store holds, without a command's start-up time."""
    with sqlite3.connect(town.folder / "xinqiao.db") as store:
        return store.execute(query).fetchall()


def states(town: Town) -> list[str]:
    return [state for (state,) in ask(town, "SELECT state FROM part")]


def link(town: Town) -> tuple[str, ...]:
    found = ask(town, "SELECT link_state, link_detail FROM carrier_status WHERE carrier = 'mobile'")
    return found[0] if found else ("", "")


@pytest.mark.parametrize("protocol", ["cmpp2", "cmpp3"])
def test_texts_go_out_and_come_in(town: Town, protocol: str) -> None:
    opened(town, mobile=protocol)
    town.until(lambda: town.counts()["bound"])
    town.until(lambda: link(town) == ("bound", "as 901234"))  # no doubt about the carrier's authenticator
    long = "村口的垃圾堆了一个多星期没人清运," * 8
    rows = f"13800000001\t您好\n13800000002\tYour case is closed\n13800000003\t{long}\n13800000009\t空号\n"
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))
    town.until(lambda: sorted(states(town)) == ["delivered"] * 5 + ["undelivered"])
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "13800000001"})
    town.tell(do="text", carrier="mobile", text=long, order=[3, 1, 2], twice=True, **{"from": "8613800000002"})
    town.tell(do="text", carrier="mobile", text="自来水停了三天", coding=15, **{"from": "+8613800000003"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    bodies = [one["body"] for one in town.run("text", "list", "--json")]
    assert sorted(bodies) == sorted(["路灯坏了", long, "自来水停了三天"])
    counts = town.counts()
    assert (counts["doubled"], counts["receipts_outstanding"], counts["connections"]) == (0, 0, 1)
    assert town.run("fsck", "--json")["ok"]


def test_a_notice_goes_out_over_three_lines_of_both_versions(town: Town) -> None:
    opened(town, mobile="cmpp3", unicom="cmpp2", telecom="cmpp3")
    roster, password = str(town.folder / "roster.xlsx"), town.folder / "keys" / "approver"
    town.run("roster", "generate", roster, "--accepted", "60")
    town.run("roster", "import", roster, "--apply")
    password.write_text("approver's own password\n", encoding="utf-8")
    password.chmod(0o600)
    town.run("operator", "add", "审批人", "--role", "approver", "--password-file", str(password))
    words = "关于做好冬季取暖安全工作的通知:请检查烟道,注意通风,谨防一氧化碳中毒。" * 3
    notice = str(town.run("notice", "draft", "--topic", "教育", "--title", "取暖", "--text", words, "--json")["id"])
    digest = town.run("notice", "dry-run", notice, "--json")["digest"]
    town.environment["XINQIAO_PASSWORD_FILE"] = str(password)
    town.run("--as", "审批人", "notice", "approve", notice, "--digest", digest)
    town.run("notice", "send", notice)
    town.until(lambda: states(town) and set(states(town)) == {"delivered"})
    counts = [town.counts(name) for name in ACCESS]
    assert sum(one["accepted_distinct"] for one in counts) == len(states(town))
    assert all(one["accepted"] and not one["doubled"] for one in counts)


def test_a_wrong_password_is_told_in_plain_words_and_tried_again_on_request(town: Town) -> None:
    opened(town, mobile="cmpp3")
    town.until(lambda: town.counts()["bound"])
    town.tell(do="refuse_binds", carrier="mobile", status=3)
    town.tell(do="cut", carrier="mobile")
    town.until(lambda: link(town) == ("refused", "3 认证错"))
    town.until(lambda: town.gave_up("mobile"))
    town.tell(do="refuse_binds", carrier="mobile", status=0)
    town.run("carrier", "release", "mobile")
    town.until(lambda: town.counts()["bound"])


@pytest.mark.parametrize(("strict", "state"), [("false", "bound"), ("true", "refused")])
def test_a_carrier_that_cannot_prove_itself_is_a_doubt_or_left(town: Town, strict: str, state: str) -> None:
    """A carrier without accounts lets everybody in, and does not know the password."""
    town.script = SCRIPT[: SCRIPT.index("[carrier.accounts]")].format(
        name="mobile", protocol="cmpp2", access=ACCESS["mobile"]
    )
    for key, value in {"PROTOCOL": "cmpp2", "ACCOUNT": "901234", "STRICT_LOGIN": strict}.items():
        town.environment[f"XINQIAO__CARRIERS__MOBILE__{key}"] = value
    town.open_carriers()
    town.start_daemon()
    town.until(lambda: link(town) == (state, "对方的认证码与本方密码不符"))


def test_what_carriers_should_not_send_but_do_stops_nothing(town: Town) -> None:
    opened(town, mobile="cmpp3")
    town.until(lambda: town.counts()["bound"])
    for poison in (
        "0000000e00000005000000630000",  # a delivery without its fields
        "0000000c8000000400000063",  # an answer without its result, which nobody waits for
        "0000000c0000000900000065",  # a command between gateways
    ):
        town.tell(do="raw", carrier="mobile", hex=poison)
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "13800000001"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    assert town.counts()["connections"] == 1
    assert len(town.run("text", "quarantine", "--json")) == 2
    town.tell(do="raw", carrier="mobile", hex="ffffffff" * 4)  # no frame at all
    town.until(lambda: town.counts()["connections"] == 2)
