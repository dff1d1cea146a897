"""Splitting and reading texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carriers import text
from carriers.reassembly import Piece, is_complete, join

CHINESE = "村里路灯坏了半个月,晚上出门很危险,请尽快派人来修。"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("", 1),
        ("a" * 140, 1),
        ("a" * 141, 2),
        ("a" * 268, 2),
        ("{" * 70, 1),  # GSM 03.38 has it behind an escape, ASCII has not: UCS-2
        ("{" * 71, 2),
        ("路" * 70, 1),
        ("路" * 71, 2),
        ("路" * 134, 2),
        ("路" * 135, 3),
        ("𠮷" * 35, 1),
        ("𠮷" * 36, 2),  # two units each, never cut in two: 33 to a part
        ("𠮷" * 66, 2),
        ("𠮷" * 67, 3),
    ],
)
def test_how_many_sms_a_text_takes(words: str, parts: int) -> None:
    assert text.parts_of(words) == parts


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=400))
def test_the_parts_of_a_text_are_the_text(words: str) -> None:
    split = text.split(words)
    assert len(split.bodies) == 1 or all(len(body) <= 134 for body in split.bodies)
    assert len(split.bodies[0]) <= 140
    codec = "utf-16-be" if split.coding == text.UCS2 else None
    if codec:
        assert b"".join(split.bodies).decode(codec) == words
        assert all(body.decode(codec) is not None for body in split.bodies)  # no half of a character
    else:
        assert b"".join(split.bodies) == words.encode("ascii")
        assert "".join(text.decode(body, 0) for body in split.bodies) == words  # in GSM 03.38, too


def test_a_family_of_joined_emoji_is_not_torn_between_parts() -> None:
    family = "👨‍👩‍👧"
    split = text.split("路" * 65 + family + "路" * 20)
    assert any(family in body.decode("utf-16-be") for body in split.bodies)


def test_a_text_of_more_than_255_parts_is_refused() -> None:
    with pytest.raises(text.TooLong):
        text.split("路" * 67 * 256)


@pytest.mark.parametrize("label", [8, 15, 0, 0xF5])
@pytest.mark.parametrize("codec", ["utf-16-be", "gb18030", "utf-8"])
def test_chinese_is_read_whatever_its_label(label: int, codec: str) -> None:
    assert text.decode(CHINESE.encode(codec), label) == CHINESE


@pytest.mark.parametrize("words", ["好的", "谢谢", "退订", "1", "停水三天了"])
def test_short_texts_under_the_wrong_label_are_read(words: str) -> None:
    assert text.decode(words.encode("gb18030"), 8) == words
    assert text.decode(words.encode("utf-16-be"), 8) == words


def test_half_a_character_is_shown_as_missing() -> None:
    assert text.decode("路灯".encode("utf-16-be") + b"\x57", 8) == "路灯\ufffd"


def test_a_lone_surrogate_does_not_hide_the_words_around_it() -> None:
    assert text.decode("路".encode("utf-16-be") + b"\xd8\x3d" + "灯".encode("utf-16-be"), 8).startswith("路")


@given(st.binary(max_size=200), st.integers(0, 255))
def test_reading_never_fails_and_never_gives_nul(body: bytes, coding: int) -> None:
    assert "\0" not in text.decode(body, coding)


# ------------------------------------------------------------------------------------------------------------- parts


def pieces(words: str, size: int = 134) -> list[Piece]:
    octets = words.encode("utf-16-be")
    bodies = [octets[at : at + size] for at in range(0, len(octets), size)]
    return [Piece(number, len(bodies), body, 8) for number, body in enumerate(bodies, 1)]


@given(st.permutations(range(12)), st.integers(20, 134))
def test_parts_in_any_order_make_the_text(order: list[int], size: int) -> None:
    parts = pieces(CHINESE * 3, size)
    shuffled = [parts[i % len(parts)] for i in order] + parts
    assert is_complete(shuffled)
    assert join(shuffled).text == CHINESE * 3


def test_a_character_cut_between_two_parts_is_whole_again() -> None:
    octets = "路灯".encode("utf-16-be")
    parts = [Piece(1, 2, octets[:3], 8), Piece(2, 2, octets[3:], 8)]
    assert join(parts) == ("路灯", True)


def test_ten_and_more_parts_are_joined_in_the_order_of_numbers() -> None:
    parts = [Piece(n, 11, f"<{n}>".encode("utf-16-be"), 8) for n in (11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)]
    assert join(parts).text == "".join(f"<{n}>" for n in range(1, 12))


def test_missing_parts_are_named_where_they_are_missing() -> None:
    parts = pieces(CHINESE * 6)
    joined = join(parts[:1] + parts[2:])
    assert not joined.complete
    assert "[第2段缺失]" in joined.text


def test_parts_in_different_codings_are_each_read_in_their_own() -> None:
    parts = [Piece(1, 2, "路灯".encode("utf-16-be"), 8), Piece(2, 2, "坏了".encode("gb18030"), 15)]
    assert join(parts).text == "路灯坏了"


def test_a_numbering_that_makes_no_sense_hides_nothing() -> None:
    assert is_complete([Piece(3, 2, "路".encode("utf-16-be"), 8)])
    assert join([Piece(3, 2, "路".encode("utf-16-be"), 8)]).text == "路"
