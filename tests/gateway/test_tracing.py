"""A trace shows what passes on the running gateway's line, masked, for as long as it may, and leaves nothing behind."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.capture import FILE_HEADER, Address, Capture, Glimpse, Reading, Seen
from carriers.smpp import Smpp
from gateway import tracing
from gateway.errors import REFUSED, UNAVAILABLE, USAGE, Refused
from gateway.tracing import Recorder, Stand, Trace, Tracer
from tests.carriers.test_capture import frames
from tests.carriers.test_explain import NUMBER, submit
from tests.carriers.test_smpp import PROFILE
from tests.conftest import NOON
from tests.gateway.town import Town

SCRIPT = """
[[carrier]]
name = "mobile"
access_number = "10657000001"
receipt_delay = [0.01, 0.05]
"""
ENDS = Address("10.0.0.5", 40_001), Address("10.9.9.9", 2_775)
ASKED = Trace("mobile", "0a0b", False, "office", NOON, NOON + timedelta(seconds=60), Stand.ASKED)

# ----------------------------------------------------------------------------------------------------- a real gateway


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    """One carrier and a gateway that runs."""
    town = Town(folder, SCRIPT)
    town.open_carriers()
    town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    yield town
    town.close()


class Following:
    """`carrier trace` under way."""

    def __init__(self, town: Town, *options: str) -> None:
        self.town = town
        arguments = [sys.executable, "-m", "gateway", "-C", str(town.folder), *options]
        self.process = subprocess.Popen(
            arguments,
            env=town._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.seen: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.seen += (json.loads(line) for line in self.process.stdout)

    def begun(self) -> None:
        """Wait until the gateway writes and the command reads."""
        folder = self.town.folder / "traces"
        self.town.until(lambda: _stand(self.town) == "running")
        self.town.until(lambda: not list(folder.iterdir()))

    def end(self) -> str:
        """Ctrl-C. What it said to people."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> str:
        assert self.process.wait(30) == 0
        self._reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        with self.process.stdout, self.process.stderr:
            return self.process.stderr.read()

    def commands(self) -> list[str]:
        return [one["command"] for one in self.seen if "command" in one]


def _stand(town: Town) -> str | None:
    with sa.create_engine(f"sqlite:///{town.folder}/xinqiao.db").connect() as store:
        return store.execute(sa.text("SELECT stand FROM carrier_trace")).scalar()


def exchange(town: Town) -> None:
    """A text out with its receipt, a text in."""
    town.run("message", "send", "--to", "13812345678", "--text", "明天开会")
    town.tell(do="text", carrier="mobile", text="路灯坏了,请打13887654321", **{"from": NUMBER})
    town.until(lambda: town.counts()["texts_acknowledged"] == town.counts()["receipts_acknowledged"] == 1)


def test_a_trace_shows_what_passes_and_keeps_a_capture_in_which_nobody_is_named(town: Town) -> None:
    file = town.folder / "line.pcap"
    following = Following(town, "carrier", "trace", "mobile", "--json", "--pcap", str(file))
    following.begun()
    exchange(town)
    town.until(lambda: following.commands().count("deliver_sm_resp") == 2)
    town.tell(do="cut", carrier="mobile")
    town.until(lambda: town.counts()["connections"] == 2)
    town.until(lambda: "bind_transceiver_resp" in following.commands())
    assert "跟踪结束" in following.end()
    town.until(lambda: _stand(town) == "over")
    commands = following.commands()
    for command in ("submit_sm", "submit_sm_resp", "deliver_sm", "deliver_sm_resp", "bind_transceiver"):
        assert command in commands
    assert {one["seen"] for one in following.seen} == {"sent", "received", "called", "lost"}
    sent = next(one for one in following.seen if one.get("command") == "submit_sm")
    assert (sent["fields"]["destination_addr"], sent["seen"]) == ("86138****5678", "sent")
    assert set(sent["fields"]["short_message"]) == {"*"}
    login = next(one for one in following.seen if one.get("command") == "bind_transceiver")
    assert login["fields"]["password"] == "***"
    octets = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = (town.folder / "keys" / "mobile.password").read_text(encoding="utf-8").strip()
    for secret in (NUMBER, "13887654321", password):
        assert secret.encode() not in octets
        assert secret.encode("utf-16-be") not in octets
    assert len(list(frames(octets))) >= len(commands)
    assert list((town.folder / "traces").iterdir()) == []
    [row] = town.run("audit", "search", "--verb", "carrier.trace", "--json")
    assert (row["subject"], row["clear"], row["pcap"]) == ("mobile", False, True)


def test_numbers_and_words_are_shown_to_who_has_the_right_and_says_why(town: Town) -> None:
    secret = town.folder / "password"
    secret.touch(0o600)
    secret.write_text("a long enough one", encoding="utf-8")
    roles = ("--role", "operator", "--role", "identity")
    town.run("operator", "add", "李", *roles, "--password-file", str(secret))
    assert "carrier.reveal" in town.run("carrier", "trace", "mobile", "--clear", "--reason", "投诉", code=REFUSED)
    town.environment |= {"XINQIAO_PASSWORD_FILE": str(secret)}
    clear = ("--as", "李", "carrier", "trace", "mobile", "--clear")
    assert "理由" in town.run(*clear, code=USAGE)
    following = Following(town, *clear, "--reason", "投诉没有收到", "--json")
    following.begun()
    exchange(town)
    town.until(lambda: following.commands().count("deliver_sm_resp") == 2)
    following.end()
    numbers = {one["fields"].get("destination_addr") for one in following.seen if one.get("command") == "submit_sm"}
    texts = {one["fields"].get("short_message") for one in following.seen if one.get("command") == "deliver_sm"}
    assert numbers == {NUMBER}
    assert "路灯坏了,请打13887654321" in texts
    [row] = town.run("audit", "search", "--verb", "carrier.trace", "--json")
    assert (row["actor"], row["clear"], row["reason"]) == ("李", True, "投诉没有收到")


def test_one_line_has_one_trace_at_a_time_and_it_ends_at_its_time_or_with_its_gateway(town: Town) -> None:
    following = Following(town, "carrier", "trace", "mobile", "--json", "--seconds", "5")
    following.begun()
    assert "正在跟踪" in town.run("carrier", "trace", "mobile", code=REFUSED)
    assert "跟踪结束" in following.ended()
    following = Following(town, "carrier", "trace", "mobile", "--json")
    following.begun()
    town.processes[-1].send_signal(signal.SIGTERM)
    assert "网关已停止" in following.ended()
    assert "没有运行" in town.run("carrier", "trace", "mobile", code=UNAVAILABLE)


def test_a_gateway_that_was_killed_leaves_no_file_for_ever(town: Town) -> None:
    traces = town.folder / "traces"
    traces.mkdir()
    (traces / "left.pcap").write_bytes(FILE_HEADER)
    town.processes[-1].kill()
    town.processes[-1].wait()
    town.start_daemon()
    town.until(lambda: not list(traces.iterdir()))


def test_a_file_that_is_there_already_is_not_overwritten(town: Town) -> None:
    file = town.folder / "line.pcap"
    file.write_bytes(b"mine")
    assert "line.pcap" in town.run("carrier", "trace", "mobile", "--pcap", str(file), code=USAGE)
    assert file.read_bytes() == b"mine"


# ---------------------------------------------------------------------------------------------------------- its limits


def recorder(file: Path, wall: Any = lambda: NOON) -> Recorder:
    return Recorder(file, Capture(Smpp(PROFILE)), NOON + timedelta(seconds=60), wall)


def passes(one: Recorder, octets: bytes) -> None:
    one.tap(Glimpse(Seen.SENT, *ENDS, octets))


def written(one: Recorder, file: Path) -> bytes:
    """The file's content when its writer has done all; the name is gone by then."""
    with file.open("rb") as kept:
        one.close()
        one._thread.join(10)
        assert not file.exists()
        return kept.read()


def test_a_trace_is_as_large_as_it_may_be_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "LARGEST", 4_000)
    file = tmp_path / "t.pcap"
    one = recorder(file)
    for _ in range(100):
        passes(one, submit())
    octets = written(one, file)
    assert one.stand is Stand.FULL
    assert 3_500 < len(octets) <= 4_000
    assert len(list(Reading(Smpp(PROFILE)).feed(octets))) == len(list(frames(octets)))


def test_a_disk_that_does_not_keep_up_ends_the_trace_and_not_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MOST_BEHIND", 1_000)
    file = tmp_path / "t.pcap"
    one = recorder(file)
    free = threading.Event()
    slow, one._capture.write = one._capture.write, lambda *came: free.wait(10) and slow(*came)  # type: ignore[method-assign]
    for _ in range(30):
        passes(one, submit())
    assert one.stand is Stand.SLOW
    assert one._queue.qsize() < 30
    free.set()
    assert len(written(one, file)) < 4_000


def test_a_disk_that_takes_nothing_ends_the_trace(tmp_path: Path) -> None:
    file = tmp_path / "t.pcap"
    one = recorder(file)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, one._out.fileno())
    os.close(full)
    passes(one, submit())
    assert written(one, file) == FILE_HEADER
    assert one.stand is Stand.FAILED


def test_a_trace_ends_at_its_time_even_if_nobody_looks(tmp_path: Path) -> None:
    file, now = tmp_path / "t.pcap", [NOON]
    one = recorder(file, lambda: now[0])
    passes(one, submit())
    now[0] += timedelta(seconds=60)
    passes(one, submit())
    assert one.stand is Stand.OVER
    assert len(list(frames(written(one, file)))) == 1


# ----------------------------------------------------------------------------------------------------------- the store


def test_a_trace_is_asked_for_once_and_again_when_the_other_is_over(tx: sa.Connection) -> None:
    tracing.ask(tx, ASKED, NOON)
    with pytest.raises(Refused, match="office"):
        tracing.ask(tx, replace(ASKED, token="1"), NOON)
    assert tracing.under_way(tx) == {"mobile": ASKED}
    tracing.record(tx, {"mobile": ("0a0b", Stand.RUNNING)})
    tracing.record(tx, {"mobile": ("another", Stand.FULL)})
    assert tracing.under_way(tx)["mobile"].stand is Stand.RUNNING
    tracing.end(tx, "mobile", "0a0b", NOON)
    again = replace(ASKED, token="2")
    tracing.ask(tx, again, NOON)
    assert tracing.find(tx, "mobile") == again
    tracing.record(tx, {"mobile": ("2", Stand.FULL)})
    assert tracing.under_way(tx) == {}


class Watchable:
    """A link as far as a tracer sees it."""

    profile = PROFILE

    def __init__(self) -> None:
        self.taps: list[Any] = []

    def watch(self, tap: Any) -> None:
        self.taps.append(tap)


@pytest.mark.parametrize(
    "wanted",
    [
        replace(ASKED, asked_at=NOON - timedelta(seconds=1)),  # of a daemon before
        replace(ASKED, until=NOON),
        replace(ASKED, carrier="china"),
    ],
)
def test_a_trace_that_cannot_be_is_over_at_once(tmp_path: Path, wanted: Trace) -> None:
    link = Watchable()
    tracer = Tracer({"mobile": link}, tmp_path, lambda: NOON)  # type: ignore[dict-item]
    assert tracer.tend({wanted.carrier: wanted}) == {wanted.carrier: ("0a0b", Stand.OVER)}
    assert link.taps == []


@pytest.mark.parametrize("ends", ["time", "asked again", "full"])
def test_a_line_is_watched_from_the_asking_to_the_end(tmp_path: Path, ends: str) -> None:
    link, now = Watchable(), [NOON]
    tracer = Tracer({"mobile": link}, tmp_path, lambda: now[0])  # type: ignore[dict-item]
    assert tracer.tend({"mobile": ASKED}) == {"mobile": ("0a0b", Stand.RUNNING)}
    assert tracer.tend({"mobile": ASKED}) == {}
    assert len(link.taps) == 1
    wanted: dict[str, Trace] = {"mobile": ASKED}
    told = Stand.OVER
    match ends:
        case "time":
            now[0] += timedelta(seconds=60)
        case "asked again":
            wanted = {"mobile": replace(ASKED, token="2")}
        case "full":
            tracer._running["mobile"][1].stand = told = Stand.FULL
    assert tracer.tend(wanted)["mobile"] == ("0a0b", told)
    assert link.taps[1:] == [None]
    tracer.close()
