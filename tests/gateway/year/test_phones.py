"""What the phones are said to have got is what the carriers delivered, and nothing else."""

from carriers.events import Concatenation, ReceiptState, SubmitReceived
from carriers.simulator.behaviour import Reaction
from carriers.text import UCS2
from gateway.year.phones import Got, Phones

HOME = "10657000001"


def took(
    phones: Phones, words: str, extension: str = "1042", fate: ReceiptState = ReceiptState.DELIVERED,
    part: Concatenation | None = None, number: str = "8613800000001",
) -> None:  # fmt: skip
    submit = SubmitReceived(0, HOME + extension, number, words.encode("utf-16-be"), UCS2, part, True, None, b"")
    phones.watch(HOME)(submit, Reaction(0, "1", 0.0, (), False, False, fate))


def test_a_text_is_read_with_its_digits() -> None:
    phones = Phones(lambda: 7.0)
    took(phones, "来信已收到")
    assert phones.got == [Got(7.0, "13800000001", "1042", "来信已收到")]


def test_a_long_text_is_read_when_it_is_whole() -> None:
    phones = Phones(lambda: 0.0)
    took(phones, "后半", part=Concatenation(9, 2, 2, 8))
    assert not phones.got
    took(phones, "前半", part=Concatenation(9, 2, 1, 8))
    assert [got.words for got in phones.got] == ["前半后半"]


def test_what_was_not_delivered_is_on_no_phone() -> None:
    phones = Phones(lambda: 0.0)
    took(phones, "来信已收到", fate=ReceiptState.UNDELIVERABLE)
    assert not phones.got


def test_notices_are_counted_by_fate_and_twice_is_noticed() -> None:
    phones = Phones(lambda: 0.0)
    took(phones, "通知", "0001")
    took(phones, "通知", "0001", ReceiptState.EXPIRED, number="8613800000002")
    assert (phones.notices["0001"], phones.doubled) == ({"DELIVRD": 1, "EXPIRED": 1}, 0)
    took(phones, "通知", "0001")
    assert phones.doubled == 1
