"""From the carrier's octets to a decided, answered text."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carriers.events import InboundText, Unreadable
from gateway.hearing import Heard
from gateway.tables import message, quarantine, text, text_part
from roster import store as roster_store
from routing.tables import case_event, case_ticket
from tests.gateway.office import HOME, SESSION, Office

ROAD = "村里路灯坏了半个月,晚上出门很危险"
LONG = "村口的垃圾堆了一个多星期没人清运," * 8


def texts(office: Office) -> list[Any]:
    return office.rows(sa.select(text).order_by(text.c.id))


def test_a_matter_becomes_a_case_and_its_number_goes_back(office: Office) -> None:
    office.text("8613800000001", ROAD)
    [row], [case] = texts(office), office.rows(sa.select(case_ticket))
    assert (row.body, row.decision, row.case_id) == (ROAD, "new_case", case.id)
    [answer] = office.submit()
    assert case.number in answer[2].body.decode("utf-16-be")
    assert answer[2].source == HOME + case.slot
    assert answer[2].destination == "8613800000001"


def test_the_octets_of_a_text_are_kept_under_the_senders_own_key(office: Office) -> None:
    office.text("8613800000001", ROAD)
    [row] = office.rows(sa.select(text_part))
    with office.database.read() as tx:
        key = roster_store.sealing_key(tx, row.person_id)
    assert key is not None
    raw = office.vault.open_octets(key, f"text_part.raw:{row.person_id}", row.raw_sealed)
    assert raw == b"raw " + ROAD.encode("utf-16-be")


def test_a_character_that_a_store_refuses_is_left_out_of_the_words_and_kept_in_the_octets(office: Office) -> None:
    office.text("8613800000001", "路灯\x00坏了")
    [row], [piece] = texts(office), office.rows(sa.select(text_part))
    assert row.body == "路灯坏了"
    assert piece.body == "路灯\x00坏了".encode("utf-16-be")


def test_the_same_text_again_changes_nothing(office: Office) -> None:
    office.text("8613800000001", ROAD)
    office.minutes = 5
    office.text("8613800000001", ROAD)
    assert len(texts(office)) == 1
    assert len(office.rows(sa.select(message))) == 1


def test_the_same_words_eleven_minutes_later_are_another_text(office: Office) -> None:
    office.text("8613800000001", ROAD)
    office.minutes = 11
    office.text("8613800000001", ROAD)
    assert len(texts(office)) == 2


def test_the_carriers_own_id_tells_a_repetition_from_a_second_text(office: Office) -> None:
    office.text("8613800000001", ROAD, message_id="A")
    office.text("8613800000001", ROAD, message_id="B")
    office.minutes = 60
    office.text("8613800000001", ROAD, message_id="A")
    assert len(texts(office)) == 2


def test_two_citizens_with_the_same_words_are_two(office: Office) -> None:
    office.text("8613800000001", ROAD)
    office.text("8613800000002", ROAD)
    assert len(texts(office)) == 2


def test_a_stranger_is_kept_in_a_queue_and_told_nothing(office: Office) -> None:
    office.text("8613900009999", ROAD)
    assert [row.decision for row in texts(office)] == ["unknown_sender"]
    assert office.answers() == []


def test_opting_out_is_answered_and_holds_from_the_next_claim(office: Office) -> None:
    office.text("8613800000001", "TD")
    assert "退订" in office.answers()[0]
    office.text("8613800000001", "ＫＴ。")
    assert "恢复" in office.answers()[0]


def test_asking_how_far_tells_only_the_asker(office: Office) -> None:
    office.text("8613800000001", ROAD)
    office.answers()
    office.text("8613800000001", "CX")
    assert "待受理" in office.answers()[0]
    office.text("8613800000002", "CX")
    assert "没有在办" in office.answers()[0]


def test_a_follow_up_finds_its_case_by_number_by_digits_and_by_being_the_only_one(office: Office) -> None:
    office.text("8613800000001", ROAD)
    [case] = office.rows(sa.select(case_ticket))
    office.minutes = 60
    office.text("8613800000001", f"{case.number}补充:在村东头")
    office.text("8613800000001", "一共三盏", extension=case.slot)
    office.text("8613800000001", "什么时候能修好")
    rows = texts(office)
    assert [row.decision for row in rows] == ["new_case", "follow_up", "follow_up", "follow_up"]
    assert {row.case_id for row in rows} == {case.id}
    events = office.rows(sa.select(case_event.c.event))
    assert [row.event for row in events] == ["receive", "follow_up", "follow_up", "follow_up"]


def test_a_number_quoted_by_a_stranger_to_the_case_does_not_open_it(office: Office) -> None:
    office.text("8613800000001", ROAD)
    [case] = office.rows(sa.select(case_ticket))
    office.text("8613800000002", f"{case.number}我也要补充一点情况")
    assert len(office.rows(sa.select(case_ticket))) == 2


# ---------------------------------------------------------------------------------------------------------- long texts


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_a_long_text_is_whole_in_whatever_order_its_parts_come(office: Office, order: tuple[int, ...]) -> None:
    office.text("8613800000001", LONG, only=order)
    assert [row.body for row in texts(office)] == [LONG]


def test_parts_may_come_minutes_and_connections_apart(office: Office) -> None:
    office.text("8613800000001", LONG, only=(2,))
    office.minutes = 9
    office.text("8613800000001", LONG, only=(1, 3))
    assert [row.body for row in texts(office)] == [LONG]


def test_two_citizens_with_the_same_reference_are_never_mixed(office: Office) -> None:
    other = "学校门口的路坑坑洼洼,孩子们天天摔跤," * 8
    office.text("8613800000001", LONG, only=(1,))
    office.text("8613800000002", other, only=(2, 1))
    office.text("8613800000001", LONG, only=(3, 2))
    office.text("8613800000002", other, only=(3,))
    assert sorted(row.body for row in texts(office)) == sorted([LONG, other])


def test_a_part_that_never_comes_is_named_and_the_rest_is_dealt_with(office: Office) -> None:
    office.text("8613800000001", LONG, only=(1, 3))
    assert texts(office) == []
    with office.database.write() as tx:
        assert office.inbox.give_up_waiting(tx, office.now_ms + 29 * 60_000) == 0
        assert office.inbox.give_up_waiting(tx, office.now_ms + 31 * 60_000) == 1
    [row] = texts(office)
    assert "[第2段缺失]" in row.body
    assert not row.complete
    assert row.decision == "new_case"


def test_parts_that_came_one_after_the_other_are_given_up_together(office: Office) -> None:
    office.text("8613800000001", LONG, only=(1,))
    office.minutes = 10
    office.text("8613800000001", LONG, only=(3,))
    with office.database.write() as tx:
        assert office.inbox.give_up_waiting(tx, office.now_ms + 21 * 60_000) == 1  # 31 and 21 minutes after they came
        assert office.inbox.give_up_waiting(tx, office.now_ms + 31 * 60_000) == 0
    [row] = texts(office)
    assert row.body.count("[第2段缺失]") == 1


def test_a_reference_used_again_for_another_text_ends_the_older_one(office: Office) -> None:
    other = "学校门口的路坑坑洼洼,孩子们天天摔跤," * 8
    office.text("8613800000001", LONG, only=(1, 2))
    office.minutes = 20
    office.text("8613800000001", other)
    bodies = [row.body for row in texts(office)]
    assert bodies[1] == other
    assert "[第3段缺失]" in bodies[0]


@given(st.permutations([1, 2, 3, 4, 5]), st.permutations([1, 2, 3, 4, 5]), st.integers(0, 10))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_two_long_texts_are_interleaved_each_is_its_own(
    office: Office, one: list[int], other: list[int], shift: int
) -> None:
    with office.database.write() as tx:
        for table in (text_part, case_event):
            tx.execute(sa.delete(table))
        tx.execute(sa.update(message).values(case_id=None))
        tx.execute(sa.delete(text))
        tx.execute(sa.delete(case_ticket))
    first, second = LONG * 2, "自来水又停了,已经是这个月的第三次," * 16
    queue = [("8613800000001", first, n) for n in one] + [("8613800000002", second, n) for n in other]
    queue = queue[shift:] + queue[:shift]
    for number, words, part in queue:
        office.text(number, words, only=(part,))
    assert sorted(row.body for row in texts(office)) == sorted([first, second])


# --------------------------------------------------------------------------------------------------------------- odd


def event(**more: Any) -> InboundText:
    given = {
        "answer": 1,
        "source": "8613800000001",
        "destination": HOME,
        "body": ROAD.encode("utf-16-be"),
        "coding": 8,
        "concatenation": None,
        "binary": False,
        "message_id": "",
        "raw": b"raw",
    }
    return InboundText(**(given | more))


def test_binary_texts_are_kept_and_not_read(office: Office) -> None:
    office.run(texts=[(SESSION, event(binary=True, body=b"\x00\x01"))])
    assert [(row.decision, row.body) for row in texts(office)] == [("binary", "")]
    assert office.answers() == []


@pytest.mark.parametrize("source", ["10086", "106575550001", "CMCC", "", "12345678901234567890", "+1 650 253 0000"])
def test_senders_that_are_no_citizens_numbers_are_kept_and_not_answered(office: Office, source: str) -> None:
    office.run(texts=[(SESSION, event(source=source))])
    assert len(texts(office)) == 1
    assert office.answers() == []


def test_an_empty_text_is_kept(office: Office) -> None:
    office.run(texts=[(SESSION, event(body=b""))])
    assert [row.decision for row in texts(office)] == ["empty"]


def test_gbk_under_the_label_of_ucs2_is_read(office: Office) -> None:
    office.run(texts=[(SESSION, event(body=ROAD.encode("gb18030")))])
    assert [row.body for row in texts(office)] == [ROAD]


def test_a_text_that_cannot_be_dealt_with_does_not_hold_up_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = office.inbox._hearing.hear

    def fails_once(*arguments: Any) -> None:
        monkeypatch.setattr(office.inbox._hearing, "hear", hear)
        raise ZeroDivisionError

    monkeypatch.setattr(office.inbox._hearing, "hear", fails_once)
    both = [(SESSION, event(answer=1)), (SESSION, event(answer=2, source="8613800000002"))]
    office.run(texts=both)  # which raises nothing: both are acknowledged
    assert len(texts(office)) == 1
    [kept] = office.rows(sa.select(quarantine))
    assert "ZeroDivisionError" in kept.reason
    assert office.vault.open_raw("quarantine", kept.raw_sealed) == b"raw"


def test_a_text_at_which_the_store_refuses_something_is_undone_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its case and its reply, too; what came before it and after it in the same transaction stands."""
    hear = office.inbox._hearing.hear

    def refused_at_the_second(tx: sa.Connection, heard: Heard, now_ms: int) -> None:
        hear(tx, heard, now_ms)
        if heard.texter.person.id == 2:
            tx.execute(sa.update(text).values(carrier=None))

    monkeypatch.setattr(office.inbox._hearing, "hear", refused_at_the_second)
    three = [(SESSION, event(answer=one, source=f"861380000000{one}")) for one in (1, 2, 3)]
    office.run(texts=three)
    for kept in (text.c.person_id, case_ticket.c.person_id, message.c.person_id, text_part.c.person_id):
        assert [row.person_id for row in office.rows(sa.select(kept).order_by(kept))] == [1, 3]
    [kept_whole] = office.rows(sa.select(quarantine))
    assert "IntegrityError" in kept_whole.reason


def test_what_cannot_be_read_is_kept_sealed(office: Office) -> None:
    office.run(unreadable=[(SESSION, Unreadable(3, b"\x00\x01poison", "mandatory fields end early"))])
    [kept] = office.rows(sa.select(quarantine))
    assert office.vault.open_raw("quarantine", kept.raw_sealed) == b"\x00\x01poison"


def test_a_flood_from_one_number_is_kept_and_not_answered(office: Office) -> None:
    for number in range(205):
        office.text("8613800000001", f"骚扰第{number}条,内容各不相同的长句子")
    rows = texts(office)
    assert len(rows) == 205
    assert rows[-1].decision == "flood"


def test_nobody_gets_more_than_three_automatic_texts_a_day(office: Office) -> None:
    for minute in range(5):
        office.minutes = 15 * minute
        office.text("8613800000001", "CX" if minute % 2 else "BZ")
    assert len(office.answers()) == 3
    office.minutes = 25 * 60
    office.text("8613800000001", "CX")
    assert len(office.answers()) == 1


def test_an_echo_of_our_own_text_is_not_answered(office: Office) -> None:
    office.text("8613800000001", "【肥乡双向沟通办】来信已收到,编号FX2600010。")
    assert office.answers() == []


def test_the_carrier_that_brings_a_text_is_the_numbers_carrier(office: Office) -> None:
    office.text("8613800000001", ROAD, carrier="unicom", destination="10655000001")
    assert office.submit(carrier="mobile") == []
    assert len(office.submit(carrier="unicom")) == 1
