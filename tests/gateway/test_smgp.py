"""The gateway over SMGP: three lines of processes and sockets, two of 3.0 and one of 1.3, with strict logins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carriers import smgp_pdus as pdus
from tests.gateway.town import Town

LINES = {"mobile": ("3.0", "10657000001"), "unicom": ("1.3", "10655000001"), "telecom": ("3.0", "10659000001")}
SCRIPT = """
[[carrier]]
name = "{name}"
protocol = "smgp"
access_number = "{access}"
receipt_delay = [0.01, 0.05]
receipt_early = 0.3
receipt_twice = 0.3
redeliver_after = 1.0
[carrier.accounts]
xinqiao = "{password}"
"""
PEOPLE = 30
LONG = "村口的垃圾堆了一个多星期没人清运," * 8


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    """Carriers and settings as a contract has them: an account, its password, a business code, numbers without 86."""
    town = Town(folder)
    for name, (version, access) in LINES.items():
        password = (folder / "keys" / f"{name}.password").read_text(encoding="utf-8").strip()
        town.script += SCRIPT.format(name=name, access=access, password=password)
        prefix = f"XINQIAO__CARRIERS__{name.upper()}__"
        town.environment |= {
            f"{prefix}PROTOCOL": "smgp",
            f"{prefix}SMGP_VERSION": version,
            f"{prefix}STRICT_LOGIN": "true",
            f"{prefix}SERVICE_ID": "NOTICE",
            f"{prefix}CORP_ID": "12345678",
            f"{prefix}DESTINATION_PREFIX": "",
        }
    yield town
    town.close()


def opened(town: Town) -> Town:
    town.open_carriers()
    town.start_daemon()
    for name in LINES:
        town.until(lambda name=name: town.counts(name)["bound"])  # type: ignore[misc]
    return town


def status(town: Town, name: str) -> dict[str, Any]:
    [one] = [one for one in town.run("carrier", "status", "--json")["carriers"] if one["carrier"] == name]
    return dict(one)


def test_a_long_notice_reaches_everybody_over_both_layouts(town: Town) -> None:
    secret = town.folder / "approver.txt"
    secret.write_text("rehearsal 20261124\n", encoding="utf-8")
    secret.chmod(0o600)
    town.environment["XINQIAO_PASSWORD_FILE"] = str(secret)
    town.run("operator", "add", "审批人", "--role", "approver", "--password-file", str(secret))
    town.run("roster", "generate", str(town.folder / "r.xlsx"), "--accepted", str(PEOPLE))
    town.run("roster", "import", str(town.folder / "r.xlsx"), "--apply")
    opened(town)
    town.run("notice", "draft", "--topic", "教育", "--title", "通知", "--text", LONG)
    told = town.run("notice", "dry-run", "1", "--json")
    town.run("--as", "审批人", "notice", "approve", "1", "--digest", told["digest"])
    town.run("notice", "send", "1")
    town.until(lambda: town.run("notice", "report", "1", "--json")["total"]["parts"] == {"delivered": told["parts"]})
    town.until(lambda: not sum(town.counts(name)["receipts_outstanding"] for name in LINES))
    counts = [town.counts(name) for name in LINES]
    assert told["parts"] == 3 * PEOPLE
    assert sum(one["accepted_distinct"] for one in counts) == told["parts"]
    assert all(one["accepted"] == one["accepted_distinct"] > 0 for one in counts)
    assert town.run("fsck", "--json")["ok"]


def test_texts_come_in_short_and_long_in_any_order_twice_and_in_gbk(town: Town) -> None:
    opened(town)
    town.tell(do="text", carrier="telecom", text="路灯坏了", **{"from": "13300000001"})
    town.tell(do="text", carrier="telecom", text=LONG, order=[3, 1, 2], twice=True, **{"from": "8613300000002"})
    town.tell(do="text", carrier="telecom", text=LONG + "。", width=16, **{"from": "+8613300000003"})
    town.tell(do="text", carrier="unicom", text="自来水停了三天" * 15, coding=15, **{"from": "13000000004"})
    town.tell(do="text", carrier="mobile", text="Hello", coding=0, **{"from": "13800000005"})
    town.until(lambda: not sum(town.counts(name)["texts_outstanding"] for name in LINES))
    bodies = [one["body"] for one in town.run("text", "list", "--json")]
    assert sorted(bodies) == sorted(["路灯坏了", LONG, LONG + "。", "自来水停了三天" * 15, "Hello"])


def test_a_wrong_password_is_told_and_the_other_lines_do_not_notice(town: Town) -> None:
    (town.folder / "keys" / "telecom.password").write_text("wrong\n", encoding="utf-8")
    town.open_carriers()
    town.start_daemon()
    town.until(lambda: status(town, "telecom")["link_state"] == "refused")
    assert "21 认证错" in status(town, "telecom")["link_detail"]
    town.until(lambda: town.counts("mobile")["bound"] and town.counts("unicom")["bound"])


def test_a_text_in_a_frame_that_is_counted_wrong_is_kept_and_the_line_comes_back(town: Town) -> None:
    opened(town)
    words = "路灯坏了".encode("utf-16-be")
    text = pdus.Deliver(b"0123456789", 0, 8, "20261122001600", "13300000006", "10659000001", words, {1: b"\x00"})
    pdu = pdus.write_deliver(9, text)
    town.tell(do="raw", carrier="telecom", hex=((len(pdu) + 1).to_bytes(4, "big") + pdu[4:]).hex())
    town.tell(do="text", carrier="telecom", text="没有水", **{"from": "13300000007"})
    town.until(lambda: town.counts("telecom")["texts_outstanding"] == 0)
    assert town.counts("telecom")["connections"] == 2
    assert sorted(one["body"] for one in town.run("text", "list", "--json")) == ["没有水", "路灯坏了"]
