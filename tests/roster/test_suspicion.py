"""What a number's signs make it suspected of."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster.suspicion import DAY_MS, Codes, Patience, Sign, SignKind, Suspicion, SuspicionKind, suspicion

SHIPPED = Path(__file__).parent.parent.parent / "config" / "numbers.toml"
PATIENCE = Patience(times=3, days=30, frozen_days=90, silent_days=90)
LETTERS = {
    "e": SignKind.EMPTY,
    "s": SignKind.SUSPENDED,
    "d": SignKind.DELIVERED,
    "t": SignKind.TEXT,
    "x": SignKind.STRANGER,
}


def told(life: str, since: int = 0) -> Suspicion | None:
    """The suspicion after a life like "e0 e20 t30": a sign and the day it came."""
    signs = [Sign(int(one[1:]) * DAY_MS, LETTERS[one[0]]) for one in life.split()]
    return suspicion(signs, since * DAY_MS, PATIENCE)


@pytest.mark.parametrize(
    ("life", "kind"),
    [
        ("", None),
        ("e1 e15 e31", SuspicionKind.EMPTY),
        ("e1 e15 e30", None),  # 29 days
        ("e1 e31", None),  # twice
        ("s1 s15 s31", SuspicionKind.SUSPENDED),
        ("s1 s15 e31", SuspicionKind.EMPTY),  # suspended, then given up
        ("e1 e15 e31 d32", None),
        ("e1 e15 t20 e31", None),
        ("e1 e15 e31 t32", None),  # who texts has the number
        ("t5 e10 e25 e40", SuspicionKind.EMPTY),
        ("e1 e15 e31 t32 e40 e50 e70", SuspicionKind.EMPTY),
    ],
)
def test_a_number_that_gives_texts_back_long_enough_is_suspected_until_it_shows_life(
    life: str, kind: SuspicionKind | None
) -> None:
    found = told(life)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("life", "suspected"),
    [
        ("e1 e40 e80 d91", True),  # 90 days written off, then reached
        ("e1 e40 e80 d90", False),
        ("e1 d91", False),  # once is chance
        ("x89", False),
        ("x90", True),  # silent for 90 days since they joined
        ("t10 x99", False),
        ("t10 x100", True),
        ("t10 d50 d80 x100", True),  # notices reached somebody all the time
        ("t40 e41 e60 e71 x75", True),
        ("t40 e41 e60 e71 d73 x75", True),  # delivered in between
        ("t40 e41 e60 e71 t73 x75", False),  # the owner was back
        ("e1 e40 e80 t95", False),
        ("e1 e40 e80 d91 t92 d93", True),  # the new owner's matters prove nothing
    ],
)
def test_a_number_is_suspected_of_being_somebody_elses(life: str, suspected: bool) -> None:
    found = told(life)
    assert (found is not None and found.kind is SuspicionKind.RECYCLED) is suspected


def test_the_suspicion_says_how_often_since_when_and_why() -> None:
    assert told("e1 s15 e31") == Suspicion(
        SuspicionKind.EMPTY, 3, DAY_MS, 31 * DAY_MS, "30天内连续3条未送达,最近一次为空号"
    )
    found = told("x100", since=3)
    assert found is not None
    assert (found.since_ms, found.until_ms, found.reason) == (
        3 * DAY_MS,
        100 * DAY_MS,
        "97天没有来信,来信不像本人",
    )


SIGNS = st.lists(st.tuples(st.integers(0, 400), st.sampled_from(SignKind)), max_size=12)


@given(SIGNS)
def test_nothing_is_suspected_of_a_number_that_only_delivers_and_texts(signs: list[tuple[int, SignKind]]) -> None:
    sound = sorted(Sign(day * DAY_MS, kind) for day, kind in signs if kind in (SignKind.DELIVERED, SignKind.TEXT))
    assert suspicion(sound, 0, PATIENCE) is None


@given(SIGNS)
def test_a_text_of_ones_own_ends_every_suspicion_but_that_of_being_recycled(signs: list[tuple[int, SignKind]]) -> None:
    lived = sorted(Sign(day * DAY_MS, kind) for day, kind in signs)
    after = suspicion([*lived, Sign(500 * DAY_MS, SignKind.TEXT)], 0, PATIENCE)
    assert after is None or after.kind is SuspicionKind.RECYCLED


@given(SIGNS)
def test_being_recycled_is_suspected_until_somebody_decides(signs: list[tuple[int, SignKind]]) -> None:
    lived = sorted(Sign(day * DAY_MS, kind) for day, kind in signs)
    first = next((found for n in range(len(lived)) if (found := suspicion(lived[: n + 1], 0, PATIENCE))), None)
    recycled = [suspicion(lived[: n + 1], 0, PATIENCE) for n in range(len(lived))]
    at = next((n for n, found in enumerate(recycled) if found and found.kind is SuspicionKind.RECYCLED), None)
    if at is not None:
        assert all(found == recycled[at] for found in recycled[at:])
    assert first is None or first.times <= len(lived)


def test_the_shipped_codes_know_every_protocol_and_no_code_twice() -> None:
    table = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    for protocol in ("smpp", "cmpp", "sgip", "smgp"):
        codes = Codes.from_table(protocol, table[protocol])
        assert codes.empty
        assert codes.sign("000") is None
    assert Codes.from_table("cmpp", table["cmpp"]).sign("MK:0001") is SignKind.EMPTY
    assert Codes.from_table("cmpp", table["cmpp"]).sign("MK:0005") is SignKind.SUSPENDED
    with pytest.raises(ValueError, match="001"):
        Codes.from_table("smpp", {"empty": ["001"], "suspended": ["001"]})
    with pytest.raises(ValueError, match="字符串"):
        Codes.from_table("sgip", {"empty": [29], "suspended": []})  # type: ignore[list-item]
