"""The texts to citizens, filled and measured."""

from pathlib import Path

import pytest

from gateway import resources
from gateway.settings import Loaded, load
from routing.cases import TRANSITIONS
from routing.texts import LEAST_ROOM, Texts, TooLong, measure, parts, units

SIGNATURE = "【肥乡双向沟通办】"


@pytest.fixture
def shipped(folder: Path) -> Loaded:
    """The settings of a new working folder."""
    return load(folder, {})


def test_every_text_that_the_table_sends_is_there_and_fits_one_sms_with_the_longest_this_office_has(
    shipped: Loaded,
) -> None:
    measured = {one.name: one for one in resources.measured(shipped)}
    assert {name.rstrip("?") for row in TRANSITIONS for name in row.sms} <= measured.keys()
    for one in measured.values():
        assert one.fits, one
        assert one.name == "T6" or parts(one.text) == 1, one
        assert one.text.startswith(SIGNATURE)


def test_a_unit_with_a_long_name_is_said_to_be_too_long() -> None:
    texts = Texts({"T5": "{no}已交{dept}办理,{due}前答复您。回复CX查进度。"}, SIGNATURE)
    longest = {"": {"no": "FX2600421", "dept": "县", "due": "12月30日"}}
    assert measure(texts, longest)[0].fits
    [long] = measure(texts, {"": longest[""] | {"dept": "县" * 30}})
    assert (long.fits, long.length > 70) == (False, True)


def test_what_people_write_is_measured_by_the_room_that_is_left() -> None:
    texts = Texts({"T7": "{no}因{reason}需延期,预计{due}前答复,请您谅解。"}, SIGNATURE)
    [one] = measure(texts, {"": {"no": "FX2600421", "due": "12月30日"}})
    assert one.free == "reason"
    texts.checked("T7", no="FX2600421", due="12月30日", reason="料" * one.room)
    with pytest.raises(TooLong):
        texts.checked("T7", no="FX2600421", due="12月30日", reason="料" * (one.room + 1))
    tight = Texts({"T7": "字" * (70 - len(SIGNATURE) - LEAST_ROOM + 1) + "{reason}"}, SIGNATURE)
    assert not measure(tight, {"": {}})[0].fits


def test_a_reply_may_take_four() -> None:
    texts = Texts({"T6": "{no}办理结果:{text}"}, SIGNATURE)
    [one] = measure(texts, {"": {"no": "FX2600421"}})
    assert parts(texts.checked("T6", no="FX2600421", text="好" * one.room)) == 4
    with pytest.raises(TooLong, match="最多4条"):
        texts.checked("T6", no="FX2600421", text="好" * (one.room + 1))


def test_braces_in_a_value_mean_nothing(shipped: Loaded) -> None:
    texts = Texts(resources.messages(shipped), SIGNATURE)
    assert "{dept}" in texts.fill("T6", no="FX1", text="{dept} {0.__class__}")


def test_length_is_what_an_sms_counts() -> None:
    assert [units(words) for words in ("路灯", "a", "\U0001f4a1", "\ud83d")] == [2, 1, 2, 1]
