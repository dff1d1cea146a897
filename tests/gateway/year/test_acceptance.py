"""A line of the table is right only when everybody who counted counted what was planned."""

from gateway.year.acceptance import Line


def test_a_figure_is_right_when_gateway_and_phones_agree_with_the_plan() -> None:
    assert Line("通知", "送达", 9, 9, 9).ok
    assert not Line("通知", "送达", 9, 9, 8).ok
    assert not Line("通知", "送达", 9, 8, 9).ok


def test_who_did_not_count_is_not_asked() -> None:
    assert Line("通知", "送达两次", 0, seen=0).ok
    assert not Line("通知", "送达两次", 0, seen=1).ok
