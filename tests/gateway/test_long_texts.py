"""C04: long texts from citizens, from the PDU to the stored words: right, whole, and never two people's in one.

The eight cases are those in which the peers were found to lose or to mix texts; five hundred more are drawn by seed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from carriers import smpp
from carriers.events import Concatenation, InboundText
from carriers.text import BINARY, GBK, UCS2
from gateway.tables import text
from roster import store as roster_store
from tests.faults.dialects import SMPP
from tests.gateway.office import HOME, SESSION, Office
from tests.gateway.town import Town

ONE, OTHER = "8613800000001", "8613800000002"
ROAD = "村口的垃圾堆了一个多星期没人清运,天热以后气味很大," * 8
SCHOOL = "学校门口的路坑坑洼洼,孩子们上学天天摔跤,雨天更难走," * 8
PART = 134  # octets of a part with a user data header


@dataclass(frozen=True)
class Part:
    """One deliver_sm."""

    source: str
    where: Concatenation | None
    body: bytes
    coding: int = UCS2
    sar: bool = False
    payload: bool = False

    @property
    def pdu(self) -> bytes:
        return smpp.encode_delivery(
            self.source,
            HOME,
            self.body,
            self.coding,
            concatenation=self.where,
            sar=self.sar,
            payload=self.payload,
        )


def parts(
    source: str, words: str, reference: int = 7, width: int = 8, coding: int = UCS2, sar: bool = False
) -> list[Part]:
    """Cut at octets, as phones do: a character may have its halves in two parts."""
    octets = words.encode("utf-16-be" if coding == UCS2 else "gb18030")
    bodies = [octets[at : at + PART] for at in range(0, len(octets), PART)]
    return [
        Part(source, Concatenation(reference, len(bodies), number, width), body, coding, sar)
        for number, body in enumerate(bodies, 1)
    ]


def receive(office: Office, arriving: Sequence[Part]) -> None:
    """Through the session, in one tick."""
    session = SMPP.session()
    octets = b"".join(smpp.renumbered(part.pdu, n) for n, part in enumerate(arriving, 1))
    events = session.receive(octets, 1.0)
    heard = [event for event in events if isinstance(event, InboundText)]
    assert len(heard) == len(arriving)
    office.run(texts=[(SESSION, event) for event in heard])


def give_up(office: Office, minutes: float) -> None:
    """Time passes, and the daemon's sweep."""
    office.minutes += minutes
    with office.database.write() as tx:
        office.inbox.give_up_waiting(tx, office.now_ms)


def received(office: Office) -> list[tuple[str, str]]:
    """(number, words) of every text, oldest first."""
    rows = office.rows(sa.select(text.c.person_id, text.c.body).order_by(text.c.id))
    with office.database.read() as tx:
        numbers = roster_store.phones(tx, office.vault, {row.person_id for row in rows})
    return [(numbers[row.person_id].removeprefix("+"), row.body) for row in rows]


# ------------------------------------------------------------------------------------------------------ eight cases


def test_parts_in_order(office: Office) -> None:
    receive(office, parts(ONE, ROAD))
    assert received(office) == [(ONE, ROAD)]


def test_the_second_of_two_first(office: Office) -> None:
    words = ROAD[:100]
    receive(office, parts(ONE, words)[::-1])
    assert received(office) == [(ONE, words)]


def test_the_last_of_three_before_the_second(office: Office) -> None:
    first, second, third = parts(ONE, ROAD[:190])
    receive(office, [first, third, second])
    assert received(office) == [(ONE, ROAD[:190])]


def test_two_citizens_with_one_reference_interleaved(office: Office) -> None:
    one, other = parts(ONE, ROAD[:100]), parts(OTHER, SCHOOL[:100])
    receive(office, [one[0], other[0], one[1], other[1]])
    assert received(office) == [(ONE, ROAD[:100]), (OTHER, SCHOOL[:100])]


def test_a_part_that_comes_twice(office: Office) -> None:
    first, second = parts(ONE, ROAD[:100])
    receive(office, [first, first, second])
    assert received(office) == [(ONE, ROAD[:100])]


def test_a_whole_text_that_the_carrier_delivers_twice(office: Office) -> None:
    once = parts(ONE, ROAD)
    receive(office, once + once)
    receive(office, once)
    assert received(office) == [(ONE, ROAD)]


def test_a_reference_used_again_at_once_for_another_text(office: Office) -> None:
    receive(office, parts(ONE, ROAD[:100]) + parts(ONE, SCHOOL[:100]))
    assert received(office) == [(ONE, ROAD[:100]), (ONE, SCHOOL[:100])]


@pytest.fixture
def town(folder: Path) -> Iterator[Town]:
    town = Town(folder, '[[carrier]]\nname = "mobile"\naccess_number = "10657000001"\n')
    town.open_carriers()
    yield town
    town.close()


def test_a_gateway_killed_between_two_parts(town: Town) -> None:
    """The first was acknowledged, so the carrier will not bring it again."""
    first, second = parts(ONE, ROAD[:100])
    daemon = town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    town.tell(do="raw", hex=smpp.renumbered(first.pdu, 9001).hex())
    town.until(lambda: _stored(town, "text_part"))
    daemon.kill()
    daemon.wait()
    town.start_daemon()
    town.until(lambda: town.counts()["bound"])
    town.tell(do="raw", hex=smpp.renumbered(second.pdu, 9002).hex())
    town.until(lambda: _stored(town, "text"))
    [one] = town.run("text", "list", "--json")
    assert one["body"] == ROAD[:100]


def _stored(town: Town, table: str) -> int:
    with closing(sqlite3.connect(town.folder / "xinqiao.db")) as store:
        return int(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# ------------------------------------------------------------------------------------------------------ numbers, forms


@pytest.mark.parametrize(("total", "number"), [(0, 1), (0, 0), (2, 3), (3, 0)])
def test_a_numbering_that_makes_no_sense_leaves_the_words_a_text(office: Office, total: int, number: int) -> None:
    receive(office, [Part(ONE, Concatenation(7, total, number, 8), ROAD[:60].encode("utf-16-be"))])
    assert received(office) == [(ONE, ROAD[:60])]


def test_255_parts(office: Office) -> None:
    words = "".join(f"第{n}户反映同样的情况。" for n in range(1, 2_000))
    whole = parts(ONE, words[: 254 * 67 + 20], width=16)
    assert len(whole) == 255
    Random(1).shuffle(whole)
    receive(office, whole)
    assert received(office) == [(ONE, words[: 254 * 67 + 20])]


def test_the_same_number_by_eight_and_by_sixteen_bits_are_two_references(office: Office) -> None:
    short, wide = parts(ONE, ROAD[:100]), parts(ONE, SCHOOL[:100], width=16)
    receive(office, [short[0], wide[0], short[1], wide[1]])
    assert received(office) == [(ONE, ROAD[:100]), (ONE, SCHOOL[:100])]


def test_a_reference_used_again_an_hour_later_though_the_first_text_never_was_whole(office: Office) -> None:
    first, second = parts(ONE, ROAD[:100]), parts(ONE, SCHOOL[:100])
    receive(office, first[:1])
    give_up(office, 60)
    receive(office, second[::-1])
    assert received(office) == [(ONE, ROAD[:67] + "[第2段缺失]"), (ONE, SCHOOL[:100])]


# ------------------------------------------------------------------------------------------------------ five hundred

CASES, BATCH = 500, 50
PHRASES = (
    "村里的路灯坏了半个多月,",
    "晚上出门很不方便,",
    "自来水已经停了三天没有人来修,",
    "请尽快派人来看一看。",
    "学校门口的路坑坑洼洼,",
    "医保报销的手续不知道怎么办,",
    "希望政府帮忙解决,谢谢!",
    "卫生院的医生下午都不在,",
)
ODD = ("𠮷", "😀", "👨‍👩‍👧", "€", "。")


@dataclass(frozen=True)
class Case:
    """What arrives, the second lot more than half an hour after the first, and what must be in the store afterwards."""

    seed: int
    deliveries: tuple[tuple[Part, ...], tuple[Part, ...]]
    expected: tuple[tuple[str, str], ...]


def drawn(seed: int) -> Case:
    """A case from its seed: two citizens, one reference, and whatever phones and carriers do."""
    chance = Random(seed)
    reference = chance.randrange(256)
    citizens = [f"86139{seed:08d}", f"86138{seed:08d}"]
    texts = [_text(chance, citizen, reference, nth) for nth, citizen in enumerate(citizens)]
    together = [part for arriving, _ in texts for part in arriving]
    if chance.random() < 0.8:
        chance.shuffle(together)
    again: list[Part] = []
    expected = [(citizen, words) for citizen, (_, words) in zip(citizens, texts, strict=True)]
    if chance.random() < 0.5:  # the first citizen's phone comes to the same reference again
        again, words = _text(chance, citizens[0], reference, 2)
        expected.append((citizens[0], words))
    return Case(seed, (tuple(together), tuple(again)), tuple(expected))


def _text(chance: Random, citizen: str, reference: int, nth: int) -> tuple[list[Part], str]:
    """One text as it arrives, and its words as they should be read."""
    words = f"第{nth}件事:" + "".join(chance.choice(PHRASES) for _ in range(chance.randint(6, 30)))
    form = chance.choice(["cut", "cut", "cut", "missing", "mixed", "payload"])
    width = chance.choice([8, 16])
    sar = chance.random() < 0.3
    if form == "payload":
        return [Part(citizen, None, words.encode("utf-16-be"), UCS2, payload=True)], words
    if form == "cut":
        for _ in range(chance.randint(0, 5)):
            at = chance.randrange(7, len(words))
            words = words[:at] + chance.choice(ODD) + words[at:]
        coding = chance.choice([UCS2, UCS2, GBK])
        arriving = parts(citizen, words, reference, 16 if sar else width, coding, sar)
    else:
        pieces = [words[at : at + 60] for at in range(0, len(words) // 60 * 60, 60)]
        codings = [chance.choice([UCS2, GBK]) if form == "mixed" else UCS2 for _ in pieces]
        arriving = [
            Part(
                citizen,
                Concatenation(reference, len(pieces), number, 16 if sar else width),
                piece.encode("utf-16-be" if coding == UCS2 else "gb18030"),
                coding,
                sar,
            )
            for number, (piece, coding) in enumerate(zip(pieces, codings, strict=True), 1)
        ]
        if form == "missing" and len(arriving) > 1:
            gone = set(chance.sample(range(len(arriving)), chance.randint(1, len(arriving) - 1)))
            arriving = [part for i, part in enumerate(arriving) if i not in gone]
            pieces = [f"[第{i + 1}段缺失]" if i in gone else piece for i, piece in enumerate(pieces)]
        words = "".join(pieces)
    if chance.random() < 0.3:
        arriving += chance.choices(arriving, k=chance.randint(1, len(arriving)))
    match chance.randrange(3):
        case 0:
            chance.shuffle(arriving)
        case 1:
            arriving.reverse()
        case _:
            pass
    return arriving, words


@pytest.mark.parametrize("first", range(0, CASES, BATCH))
def test_whatever_phones_and_carriers_do_each_citizens_words_are_their_own(folder: Path, first: int) -> None:
    office = Office(folder)
    cases = [drawn(seed) for seed in range(first, first + BATCH)]
    for lot in (0, 1):
        for at in range(0, BATCH, 10):
            receive(office, [part for case in cases[at : at + 10] for part in case.deliveries[lot]])
        give_up(office, 31)
    found = received(office)
    for case in cases:
        theirs = {citizen for citizen, _ in case.expected}
        assert sorted(one for one in found if one[0] in theirs) == sorted(case.expected), case.seed
    assert len(found) == sum(len(case.expected) for case in cases)
    office.tick.close()
    office.database.close()


def test_the_five_hundred_hold_everything_that_they_should() -> None:
    """A generator that draws only easy cases proves nothing."""
    cases = [drawn(seed) for seed in range(CASES)]
    arriving = [part for case in cases for lot in case.deliveries for part in lot]
    assert sum(part.sar for part in arriving) > 100
    assert sum(part.payload for part in arriving) > 50
    assert sum(part.coding == GBK for part in arriving) > 300
    assert sum(part.where is not None and part.where.width == 16 for part in arriving) > 500
    assert sum("段缺失" in words for case in cases for _, words in case.expected) > 100
    assert sum(len(case.expected) == 3 for case in cases) > 200
    assert sum(_halves(part) for part in arriving) > 50
    assert BINARY not in {part.coding for part in arriving}


def _halves(part: Part) -> bool:
    """Does a character end in the next part?"""
    try:
        part.body.decode("utf-16-be" if part.coding == UCS2 else "gb18030")
    except UnicodeDecodeError:
        return True
    return False
