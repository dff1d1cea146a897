"""The gateway's process with a faulty line before its carriers: what only real sockets and real memory can show.

A town has three lines, so three dialects live through the same at once.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import pytest

from gateway.settings import FILE
from tests.faults.dialects import DIALECTS, SMPP, Dialect, each_dialect
from tests.faults.pipe import Action, Edit, Flow
from tests.faults.proxy import Proxy
from tests.gateway.town import Town

ACCESS = {"mobile": "10657000001", "unicom": "10655000001", "telecom": "10659000001"}
NUMBERS = {"mobile": "86138000000", "unicom": "86130000000", "telecom": "86133000000"}
SCRIPT = """
[[carrier]]
name = "{name}"
protocol = "{protocol}"
access_number = "{access}"
receipt_delay = [0.01, 0.05]
redeliver_after = 1.0
"""
QUICK = {"KEEPALIVE": "0.5", "KEEPALIVE_TIMEOUT": "0.5", "BIND_TIMEOUT": "1.5", "RESPONSE_TIMEOUT": "3"}
MIB = 1 << 20
each_town = pytest.mark.parametrize(
    "lines",
    [dict(zip(ACCESS, DIALECTS[at : at + 3], strict=False)) for at in range(0, len(DIALECTS), 3)],
    ids=lambda lines: " ".join(dialect.name for dialect in lines.values()),
)


class Faulty(Town):
    """A town with a proxy before each carrier, and with dead lines found in seconds."""

    def open(self, lines: Mapping[str, Dialect], times: Mapping[str, str] = QUICK) -> dict[str, Proxy]:
        """Carriers, proxies, gateway. Each line speaks its dialect."""
        self.script = "".join(
            SCRIPT.format(name=name, protocol=dialect.name, access=ACCESS[name]) for name, dialect in lines.items()
        )
        self.open_carriers()
        for name, dialect in lines.items():
            prefix = f"XINQIAO__CARRIERS__{name.upper()}__"
            self.proxies[name] = Proxy(int(self.environment[f"{prefix}PORT"]))
            settings = {"PROTOCOL": dialect.name, "PORT": str(self.proxies[name].port), **dialect.settings, **times}
            self.environment |= {f"{prefix}{key}": value for key, value in settings.items()}
        self.start_daemon()
        for name in lines:
            self.until(lambda name=name: self.counts(name)["bound"])  # type: ignore[misc]
        return self.proxies

    def __post_init__(self) -> None:
        super().__post_init__()
        self.proxies: dict[str, Proxy] = {}

    def close(self) -> None:
        for proxy in self.proxies.values():
            proxy.close()
        super().close()

    def resident(self) -> int:
        """Octets of memory that the gateway has for itself."""
        pages = Path(f"/proc/{self.processes[-1].pid}/statm").read_text(encoding="ascii").split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """What the store holds, without a command's start-up time."""
        with sqlite3.connect(self.folder / FILE.replace(".toml", ".db")) as store:
            return store.execute(query).fetchall()

    def texts(self) -> int:
        return len(self.ask("SELECT 1 FROM text"))

    def says(self, carrier: str, person: int, words: str, **more: object) -> None:
        """A citizen texts."""
        self.tell(do="text", carrier=carrier, text=words, **{"from": f"{NUMBERS[carrier]}{person:02d}"}, **more)

    def send(self, count: int) -> None:
        """Single messages: the words say to whom and which."""
        rows = [f"{NUMBERS[name][2:]}{n:02d}\t第{n}条\n" for n in range(1, count + 1) for name in self.proxies]
        (self.folder / "list.tsv").write_text("".join(rows), encoding="utf-8")
        self.run("message", "send", "--file", str(self.folder / "list.tsv"))


@pytest.fixture
def town(folder: Path) -> Iterator[Faulty]:
    town = Faulty(folder)
    yield town
    town.close()


@each_town
def test_a_half_open_line_a_silent_login_and_a_broken_pdu_are_each_survived(
    town: Faulty, lines: Mapping[str, Dialect]
) -> None:
    """D09, D12, D17: each ends in a new connection, over which the text comes that could not come before."""
    proxies = town.open(lines)
    for name, proxy in proxies.items():
        proxy.freeze()
        town.says(name, 1, "半开的连接后面还有一条")
    if not all(dialect.carrier.probes for dialect in lines.values()):
        town.send(1)  # without signs of life it is the answer that is missed
    # Given up, then a login that nobody answers, given up too:
    town.until(lambda: all(proxy.connections >= 3 for proxy in proxies.values()))
    assert town.texts() == 0
    for proxy in proxies.values():
        proxy.thaw()
    town.until(lambda: town.texts() == len(lines))
    for name, proxy in proxies.items():
        proxy.edit(*(Edit(Action.TRUNCATE, pdu, 40) for pdu in range(500)))
        town.says(name, 2, "这一条在半路断了一次")
    town.until(lambda: town.texts() == 2 * len(lines))
    for name in lines:
        town.until(lambda name=name: town.counts(name)["texts_outstanding"] == 0)  # type: ignore[misc]
        assert town.counts(name)["connections"] >= 3


@each_dialect
def test_a_flood_and_a_carrier_that_does_not_read_cost_little_memory(town: Faulty, dialect: Dialect) -> None:
    """D10, D11: a hundred MiB and more come at once, whatever they are, and our words are read 64 octets a second."""
    proxy = town.open({"mobile": dialect, "unicom": SMPP}, times={})["mobile"]
    town.says("mobile", 1, "先来一条")
    town.until(lambda: town.texts() == 1)
    before, peak = town.resident(), 0
    proxy.steer(Flow(rate=64), Flow())

    def passed(octets: int) -> bool:
        nonlocal peak
        peak = max(peak, town.resident())
        return proxy.passed(1) >= octets

    for flood in (_unasked(dialect), _texts(dialect), _unknown(dialect)):
        already = proxy.passed(1)
        proxy.say(flood)
        town.until(lambda already=already, flood=flood: passed(already + len(flood)))  # type: ignore[misc]
    town.says("unicom", 1, "邻居的线路照常")
    town.until(lambda: town.ask("SELECT 1 FROM text WHERE carrier = 'unicom'"))
    town.says("mobile", 2, "洪水之后的一条")
    town.until(lambda: town.texts() == 4)  # what flooded was one text, very often
    assert peak - before < 32 * MIB
    assert (proxy.connections, town.counts("unicom")["connections"]) == (1, 1)


def _unasked(dialect: Dialect) -> bytes:
    """100 MiB of answers to nothing, as long as a PDU may be."""
    pdu = _stuffed(dialect, dialect.answered(1_000_000))
    return pdu * (100 * MIB // len(pdu))


def _unknown(dialect: Dialect) -> bytes:
    """Commands that do not exist, as long as a PDU may be: 40 MiB, or 1,000 of them."""
    pdu = _stuffed(dialect, dialect.text[:4] + (0x0BAD).to_bytes(4, "big") + dialect.text[8:])
    return pdu * min(1_000, 40 * MIB // len(pdu))


def _stuffed(dialect: Dialect, pdu: bytes) -> bytes:
    length = min(dialect.longest, 60_000)
    return length.to_bytes(4, "big") + pdu[4:].ljust(length - 4, b"x")


def _texts(dialect: Dialect) -> bytes:
    """One text, a thousand times: of 60,000 octets in SMPP, of 140 where there is no place for more."""
    words = "洪" * (30_000 if dialect is SMPP else 70)
    text = dialect.carrier.text(NUMBERS["mobile"] + "09", ACCESS["mobile"], words.encode("utf-16-be"), 8)
    return dialect.carrier.renumbered(text, 1_000_000) * 1_000


@each_town
def test_lines_frozen_one_by_one_and_thawed_in_another_order_lose_and_double_nothing(
    town: Faulty, lines: Mapping[str, Dialect]
) -> None:
    """D22, swizzle-clog: every part delivered once, every receipt applied, every text stored once."""
    chance = Random(20261124)
    proxies = town.open(lines)
    town.send(30)
    said = 0
    for _ in range(3):
        frozen = chance.sample(sorted(proxies), chance.randint(1, len(proxies)))
        for name in frozen:
            proxies[name].freeze()
            said += 1
            town.says(chance.choice(sorted(proxies)), said, f"第{said}条来信,说的是不同的事", twice=True)
        asked = [name for name in frozen if lines[name].carrier.probes]  # the others have no sign of life to miss
        if asked and chance.random() < 0.7:  # sometimes long enough for both ends to give up
            seen = {name: proxies[name].connections for name in asked}
            town.until(lambda seen=seen: any(proxies[n].connections > seen[n] for n in seen))  # type: ignore[misc]
        for name in chance.sample(frozen, len(frozen)):
            proxies[name].thaw()
    settled = "SELECT 1 FROM part WHERE state NOT IN ('delivered', 'uncertain')"
    town.until(lambda: not town.ask(settled))
    for name in proxies:
        town.until(lambda name=name: not town.counts(name)["receipts_outstanding"])  # type: ignore[misc]
        town.until(lambda name=name: not town.counts(name)["texts_outstanding"])  # type: ignore[misc]
    counts = [town.counts(name) for name in proxies]
    states = [state for (state,) in town.ask("SELECT state FROM part WHERE lane = 0")]
    assert not any(one["doubled"] for one in counts)
    taken, doubt = sum(one["accepted_distinct"] for one in counts), states.count("uncertain")
    assert taken <= len(states) <= taken + doubt
    assert town.texts() == said
    assert town.run("fsck", "--json")["ok"]
