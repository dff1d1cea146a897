"""The gateway as its people run it: real processes, real sockets, real crashes."""

import asyncio
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosmpplib
import pytest

from tests.gateway.tls_door import Door, certificate
from tests.gateway.town import PATIENCE, Town

SCRIPT = """
[[carrier]]
name = "mobile"
access_number = "10657000001"
receipt_delay = [0.01, 0.05]
redeliver_after = 1.0
{more}
"""


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    """One carrier; the folder's other two lines point to ports where nobody listens."""
    town = Town(folder, SCRIPT.format(more=""))
    yield town
    town.close()


def opened(town: Town, more: str = "") -> Town:
    town.script = SCRIPT.format(more=more)
    town.open_carriers()
    town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    return town


def test_a_text_out_is_sent_and_its_receipt_comes_back(town: Town) -> None:
    town.open_carriers()
    town.start_python()  # from nothing, as an office starts it
    town.until(lambda: town.counts()["bound"])
    sent = town.run("message", "send", "--to", "13800000001", "--text", "您好", "--json")
    assert sent["taken"][0]["number"] == "138****0001"
    town.until(lambda: town.states() == ["delivered"])
    assert town.counts()["accepted_distinct"] == 1


def test_a_list_is_sent_and_its_bad_rows_are_named(town: Town) -> None:
    opened(town)
    rows = "13800000001\t一\n0310-8512345\t二\n# 注释\n\n13800000002\t三\n13800000003\n"
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    said = town.run("message", "send", "--file", str(town.folder / "list.tsv"), code=1)
    assert "固定电话" in said
    assert "没有短信内容" in said
    town.until(lambda: town.states() == ["delivered", "delivered"])


def test_the_same_token_is_sent_once(town: Town) -> None:
    opened(town)
    for _ in range(2):
        town.run("message", "send", "--to", "13800000001", "--text", "您好", "--token", "order 7")
    town.until(lambda: town.states() == ["delivered"])
    assert town.counts()["submits"] == 1


def test_a_text_in_is_acknowledged_and_stored_even_in_parts_and_gbk(town: Town) -> None:
    opened(town)
    words = "村口的垃圾堆了一个多星期没人清运," * 8
    town.tell(do="text", carrier="mobile", text=words, order=[3, 1, 2], twice=True, **{"from": "8613800000001"})
    town.tell(do="text", carrier="mobile", text="自来水停了三天", coding=15, **{"from": "8613800000002"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    bodies = [one["body"] for one in town.run("text", "list", "--json")]
    assert sorted(bodies) == sorted([words, "自来水停了三天"])


def test_commands_work_while_the_gateway_does_not_run(town: Town) -> None:
    town.run("message", "send", "--to", "13800000001", "--text", "您好")
    assert town.states() == ["queued"]
    assert town.run("carrier", "status", "--json")["daemon"] is None
    opened(town)
    town.until(lambda: town.states() == ["delivered"])


def test_a_second_gateway_on_the_same_store_is_refused_and_told_who_runs(town: Town) -> None:
    opened(town)
    assert "已在运行" in town.run("run", code=75)


def test_a_held_carrier_waits_and_goes_on_when_released(town: Town) -> None:
    opened(town)
    town.run("carrier", "hold", "mobile", "--reason", "维护")
    town.run("message", "send", "--to", "13800000001", "--text", "您好")
    status = town.run("carrier", "status", "--json")["carriers"][0]
    assert (status["held_reason"], status["waiting"]) == ("维护", 1)
    assert town.counts()["submits"] == 0
    town.run("carrier", "release", "mobile")
    town.until(lambda: town.states() == ["delivered"])


def test_a_refused_login_is_tried_again_when_an_operator_wants_it(town: Town) -> None:
    town.script = SCRIPT.format(more="refuse_binds = 14")
    town.open_carriers()
    town.start_daemon()
    town.until(lambda: town.gave_up("mobile"))
    town.tell(do="refuse_binds", carrier="mobile", status=0)
    town.run("carrier", "release", "mobile")
    town.until(lambda: town.counts()["bound"])


def secured(town: Town, authority: str) -> Iterator[None]:
    """The town's carrier behind a TLS door; the gateway trusts `authority`."""
    town.script = SCRIPT.format(more="")
    town.open_carriers()
    certificate(town.folder, "another")
    door = Door(certificate(town.folder, "carrier"), int(town.environment["XINQIAO__CARRIERS__MOBILE__PORT"]))
    prefix = "XINQIAO__CARRIERS__MOBILE__"
    town.environment |= {
        f"{prefix}HOST": "localhost",
        f"{prefix}PORT": str(door.port),
        f"{prefix}TLS": "true",
        f"{prefix}TLS_CA": f"{authority}.pem",
    }
    town.start_daemon()
    yield
    door.stop()


def test_a_carrier_behind_tls_is_spoken_to_in_secret(town: Town) -> None:
    for _ in secured(town, "carrier"):
        town.until(lambda: town.counts()["bound"])
        town.run("message", "send", "--to", "13800000001", "--text", "您好")
        town.until(lambda: _states(town) == ["delivered"])


def test_a_carrier_with_a_certificate_of_somebody_else_is_not_spoken_to(town: Town) -> None:
    for _ in secured(town, "another"):
        town.until(lambda: "certificate" in town.run("carrier", "status", "--json")["carriers"][0]["link_detail"])
        assert town.counts()["connections"] == 0


def test_a_tls_door_that_is_restarted_under_load_costs_nothing(town: Town) -> None:
    """D21."""
    town.script = SCRIPT.format(more="")
    town.open_carriers()
    behind, pem = int(town.environment["XINQIAO__CARRIERS__MOBILE__PORT"]), certificate(town.folder, "carrier")
    door = Door(pem, behind)
    prefix = "XINQIAO__CARRIERS__MOBILE__"
    town.environment |= {
        f"{prefix}HOST": "localhost",
        f"{prefix}PORT": str(door.port),
        f"{prefix}TLS": "true",
        f"{prefix}TLS_CA": pem.name,
    }
    rows = "".join(f"138000000{n:02d}\t第{n}条\n" for n in range(1, 61))
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))
    town.start_daemon()
    town.until(lambda: town.counts()["submits"] >= 10)
    door.stop()
    town.tell(do="text", carrier="mobile", text="门关着时来的", **{"from": "8613800000001"})
    door = Door(pem, behind, door.port)
    try:
        town.until(lambda: set(_states(town)) <= {"delivered", "uncertain"})
        town.until(lambda: town.counts()["texts_outstanding"] == 0)
    finally:
        door.stop()
    counts = town.counts()
    assert (counts["doubled"], counts["connections"]) == (0, 2)
    assert counts["accepted_distinct"] <= 60 <= counts["accepted_distinct"] + _states(town).count("uncertain")


def test_a_cut_line_comes_back_and_loses_nothing(town: Town) -> None:
    opened(town, "cut_after = 7")
    rows = "".join(f"138000000{n:02d}\t第{n}条\n" for n in range(1, 31))
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))
    town.until(lambda: set(town.states()) <= {"delivered", "uncertain"})
    counts = town.counts()
    assert counts["connections"] > 3
    assert counts["doubled"] == 0
    assert counts["accepted_distinct"] + town.states().count("uncertain") >= 30


def test_one_line_is_shown_with_all_that_it_counted(town: Town) -> None:
    opened(town, 'refuse_numbers = { "13800000002" = 11 }')
    town.tell(do="throttle", carrier="mobile", on=True)
    town.run("message", "send", "--to", "13800000001", "--text", "您好")
    town.until(lambda: town.counts()["submits"] >= 1)
    town.tell(do="throttle", carrier="mobile", on=False)
    town.run("message", "send", "--to", "13800000002", "--text", "您好")
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "8613800000001"})
    town.until(lambda: sorted(_states(town))[-2:] == ["delivered", "failed"])
    town.until(lambda: _answers(town).get(11) == 1)
    told = town.run("carrier", "status", "mobile", "--json")
    counted = told["counters"]
    assert (told["link_state"], counted["connections"], counted["texts"]) == ("bound", 1, 1)
    assert counted["submits"] == sum(one["count"] for one in counted["answers"])
    assert counted["throttled"] >= 1
    meanings = {one["status"]: (one["verdict"], one["meaning"]) for one in counted["answers"]}
    assert meanings[11][0] == "permanent"
    assert "ESME_RTHROTTLED" in meanings[88][1]
    assert counted["octets_out"] > counted["submits"] * 40
    assert "拒收" in town.run("carrier", "status", "mobile")


def _answers(town: Town) -> dict[int, int]:
    """Answers by status, as the gateway has told the store."""
    told = town.run("carrier", "status", "mobile", "--json")["counters"]
    return {one["status"]: one["count"] for one in told.get("answers", [])}


def test_throttling_slows_down_and_everything_arrives(town: Town) -> None:
    opened(town, "throttle = 0.2")
    rows = "".join(f"138000000{n:02d}\t第{n}条\n" for n in range(1, 21))
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))
    town.until(lambda: town.states() == ["delivered"] * 20)
    counts = town.counts()
    assert (counts["accepted"], counts["doubled"]) == (20, 0)


def test_what_carriers_should_not_send_but_do_stops_nothing(town: Town) -> None:
    opened(town)
    for poison in (
        "00000012000000050000000000000063" + "0000",  # a delivery without its fields
        "00000010000001030000000000000064",  # an empty data_sm
        "000000108000000400000000ffffffff",  # an answer nobody waits for
        "00000010000007770000000000000065",  # no such command
    ):
        town.tell(do="raw", carrier="mobile", hex=poison)
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "8613800000001"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    assert town.counts()["connections"] == 1
    assert len(town.run("text", "quarantine", "--json")) >= 3


def test_octets_that_are_no_frame_close_the_line_and_it_comes_back(town: Town) -> None:
    opened(town)
    town.tell(do="raw", carrier="mobile", hex="ffffffff" * 4)
    town.until(lambda: town.counts()["connections"] == 2)
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "8613800000001"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)


def test_a_killed_gateway_loses_nothing_and_submits_nothing_twice(town: Town) -> None:
    opened(town, "answer_delay = [0.05, 0.2]")
    rows = "".join(f"13800000{n:03d}\t第{n}条\n" for n in range(1, 201))
    (town.folder / "list.tsv").write_text(rows, encoding="utf-8")
    town.run("message", "send", "--file", str(town.folder / "list.tsv"))
    for seen in (10, 60, 120):
        town.until(lambda seen=seen: town.counts()["submits"] >= seen)  # type: ignore[misc]
        daemon = town.processes[-1]
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        town.tell(do="text", carrier="mobile", text=f"第{seen}条来信", **{"from": "8613800000001"})
        town.start_daemon()
    town.until(lambda: set(_states(town)) <= {"delivered", "uncertain"})
    town.until(lambda: town.counts()["texts_outstanding"] == town.counts()["receipts_outstanding"] == 0)
    counts, found = town.counts(), _states(town)
    assert counts["doubled"] == 0
    assert counts["accepted_distinct"] + found.count("uncertain") >= 200
    assert counts["accepted_distinct"] <= 200
    assert len(town.run("text", "list", "--json")) == 3
    assert len(town.run("message", "doubts", "--json")) == found.count("uncertain")
    assert town.run("fsck", "--json")["ok"]


def test_stopping_waits_for_open_answers_and_exits_cleanly(town: Town) -> None:
    opened(town, "answer_delay = [0.5, 0.8]")
    town.run("message", "send", "--to", "13800000001", "--text", "您好")
    town.until(lambda: town.counts()["submits"] == 1)
    daemon = town.processes[-1]
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    assert _states(town) in (["accepted"], ["delivered"])
    assert town.run("carrier", "status", "--json")["daemon"] is None


def test_no_log_line_holds_a_number(town: Town) -> None:
    opened(town)
    town.run("message", "send", "--to", "13812345678", "--text", "您好")
    town.tell(do="text", carrier="mobile", text="请打13887654321", **{"from": "8613812345678"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    town.until(lambda: _states(town)[0] == "delivered")
    log = (town.folder / "log").read_text(encoding="utf-8")
    assert "gateway runs" in log
    assert "12345678" not in log
    assert "87654321" not in log


def test_the_stolen_store_names_nobody(town: Town) -> None:
    opened(town)
    town.run("message", "send", "--to", "13812345678", "--text", "您好")
    town.tell(do="text", carrier="mobile", text="路灯坏了", **{"from": "8613887654321"})
    town.until(lambda: town.counts()["texts_outstanding"] == 0)
    town.until(lambda: _states(town)[0] == "delivered")
    stolen = b"".join(file.read_bytes() for file in town.folder.glob("xinqiao.db*"))
    assert b"12345678" not in stolen
    assert b"87654321" not in stolen


@pytest.mark.filterwarnings("ignore")  # the library leaves its socket to the garbage collector
def test_a_client_that_is_not_ours_drives_the_simulated_carrier(town: Town) -> None:
    town.open_carriers()
    port = int(town.environment["XINQIAO__CARRIERS__MOBILE__PORT"])
    heard = asyncio.run(_foreign(port, town))
    kinds = [type(one).__name__ for one in heard]
    assert "SubmitSmResp" in kinds
    receipts = [one for one in heard if isinstance(one, aiosmpplib.DeliverSm) and one.is_receipt()]
    texts = [one.short_message for one in heard if isinstance(one, aiosmpplib.DeliverSm) and not one.is_receipt()]
    assert len(receipts) == 1
    assert texts == ["路灯坏了"]
    assert town.counts()["texts_acknowledged"] == 1


async def _foreign(port: int, town: Town) -> list[Any]:
    """aiosmpplib's own client: one submit, its receipt, one text in."""
    heard: list[Any] = []
    enough = asyncio.Event()

    class Hook(aiosmpplib.AbstractHook):  # type: ignore[misc]
        async def sending(self, smpp_message: Any, pdu: bytes, client_id: str) -> None: ...

        async def send_error(self, smpp_message: Any, error: Exception, client_id: str) -> None: ...

        async def received(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
            heard.append(smpp_message)
            if sum(isinstance(one, aiosmpplib.DeliverSm) for one in heard) == 2:
                enough.set()

    client = aiosmpplib.ESME("127.0.0.1", port, "any", "any", hook=Hook(), log_level="CRITICAL")
    running = asyncio.ensure_future(client.start())
    number = aiosmpplib.PhoneNumber
    message = aiosmpplib.SubmitSm(
        short_message="您好", source=number("1069"), destination=number("8613800000001"), encoding="ucs2", log_id="1"
    )
    await client.broker.enqueue(message)
    await asyncio.to_thread(town.until, lambda: town.counts()["submits"] == 1)
    await asyncio.to_thread(town.tell, do="text", carrier="mobile", text="路灯坏了", **{"from": "8613800000009"})
    await asyncio.wait_for(enough.wait(), PATIENCE)
    await client.stop()
    running.cancel()
    return heard


def _states(town: Town) -> list[str]:
    """The states of all messages, read without a command's start-up time."""
    with sqlite3.connect(town.folder / "xinqiao.db") as store:
        return [row[0] for row in store.execute("SELECT state FROM part ORDER BY id")]
