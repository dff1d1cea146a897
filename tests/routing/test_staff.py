"""What texts of the office's people order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.departments import Department, Departments
from routing.numbers import write
from routing.staff import SPOKEN, Order, Verb, own_number, read, units_of

NO = write("FX", 26, 42)
OTHER = write("FX", 26, 43)


@pytest.mark.parametrize(
    "words",
    [
        f"QS{NO}",
        f"qs {NO.lower()}",
        f"ＱＳ　{NO}",
        f"签收{NO}",
        f"已签收,{NO}。",
        f"QS{NO[2:]}",
        f"QS {NO[:4]}-{NO[4:]}",
    ],
)
def test_a_signature_is_read_however_it_is_written(words: str) -> None:
    assert read(words, "FX") == Order(Verb.SIGN, NO)


def test_number_code_and_reason_stand_in_any_order_or_run_on() -> None:
    meant = Order(Verb.RETURN, NO, True, "4821", "R1", "不属我局职责")
    for words in (
        f"TH {NO} 4821 R1 不属我局职责",
        f"th{NO}r1,4821,不属我局职责",
        f"退单:R1 {NO} 码4821 不属我局职责",
        f"ＴＨ{NO}４８２１Ｒ１不属我局职责",
        f"TH{NO}4821R1 不属我局职责",
    ):
        assert read(words, "FX") == meant, words


def test_the_reply_keeps_the_characters_it_came_in() -> None:
    order = read(f"BJ{NO} 4821 已修好，请放心（Wi-Fi也通了）。", "FX")
    assert order == Order(Verb.REPORT, NO, True, "4821", "", "已修好，请放心（Wi-Fi也通了）。")


def test_a_year_is_no_code_and_a_figure_in_a_note_of_progress_is_none() -> None:
    assert read(f"BJ {NO} 2026年修好", "FX") == Order(Verb.REPORT, NO, True, "", "", "2026年修好")
    assert read(f"JZ {NO} 1200户已通水", "FX") == Order(Verb.PROGRESS, NO, True, "", "", "1200户已通水")


def test_the_number_may_stand_behind_and_may_be_left_out() -> None:
    assert read(f"BJ 已修好 {NO} 码4821", "FX") == Order(Verb.REPORT, NO, True, "4821", "", "已修好")
    assert read("JZ 已派人", "FX") == Order(Verb.PROGRESS, words="已派人")
    assert read("TY4821", "FX") == Order(Verb.AGREE, code="4821")


def test_a_slip_in_the_number_is_seen() -> None:
    slip = NO[:-1] + str((int(NO[-1]) + 1) % 10)
    assert read(f"QS {slip}", "FX") == Order(Verb.SIGN, slip, False)


@pytest.mark.parametrize(
    "words",
    [
        *("进展顺利", "进展?", "同意", "同意,但要快", "批评一下城管", "签收了包裹但是坏了", "QSL是什么", "办结", ""),
        *("村里路灯坏了", "1", "满意", "谢谢", "退订", "LBS定位", "本月无情况", f"{NO}还没有修好", "不同意涨价"),
    ],
)
def test_what_a_citizen_might_write_is_no_order(words: str) -> None:
    assert read(words, "FX") is None


@pytest.mark.parametrize(
    ("words", "verb", "code", "said"),
    [
        ("同意4821", Verb.AGREE, "4821", ""),
        ("同意签发 4821", Verb.AGREE, "4821", ""),
        ("不同意4821 请补照片", Verb.DISAGREE, "4821", "请补照片"),
        ("LB", Verb.ZERO, "", ""),
        ("零报 3", Verb.ZERO, "", "3"),
        ("零报告", Verb.ZERO, "", ""),
        ("MA", Verb.CODE, "", ""),
    ],
)
def test_short_orders(words: str, verb: Verb, code: str, said: str) -> None:
    assert read(words, "FX") == Order(verb, "", True, code, "", said)


def test_the_number_in_a_text_that_orders_nothing() -> None:
    assert own_number(f"请问{NO.lower()}怎么办", "FX") == NO
    assert own_number("请问怎么办", "FX") == ""


UNITS = Departments(
    tuple(
        Department(name, aliases, "", "")
        for name, aliases in (
            ("县教育局", ("教育局",)),
            ("县公安局", ("公安局",)),
            ("交警大队", ("交警",)),
            ("县水利局", ("水利局",)),
            ("县水务公司", ()),
        )
    )
)


def names(words: str) -> tuple[list[str], list[str], str]:
    units, meant, rest = units_of(words, UNITS)
    return [unit.name for unit in units], [unit.name for unit in meant], rest


def test_an_instruction_names_its_units_first() -> None:
    assert names("教育局 请尽快办理") == (["县教育局"], [], "请尽快办理")
    assert names("公安局、交警,联合整治。") == (["县公安局", "交警大队"], [], "联合整治。")
    assert names("交警大队请速办") == (["交警大队"], [], "请速办")
    assert names("水 请速办") == ([], ["县水利局", "县水务公司"], "请速办")
    assert names("民政 请速办") == ([], [], "请速办")


VERBS = [*Verb, *(word for words in SPOKEN.values() for word in words)]
PIECES = st.lists(
    st.sampled_from([*VERBS, NO, NO.lower(), "4821", "R1", " ", ",", "码", "已办", "ＦＸ", "２６"]), max_size=8
)


@given(st.one_of(st.text(max_size=200), PIECES.map("".join)))
def test_any_text_is_an_order_or_none_and_never_fails(words: str) -> None:
    order = read(words, "FX")
    own_number(words, "FX")
    units_of(words, UNITS)
    if order is not None:
        assert order.verb in Verb
        assert order.code == "" or (len(order.code) == 4 and order.code.isdecimal())
        assert read(words, "FX") == order


@given(
    st.sampled_from([Verb.REPORT, Verb.RETURN]),
    st.integers(1, 99_999),
    st.integers(1000, 9999),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=80),
)
def test_what_is_ordered_as_the_wall_says_is_read_as_it_was_meant(
    verb: Verb, serial: int, code: int, said: str
) -> None:
    number = write("FX", 26, serial)
    reason = "R1 " if verb is Verb.RETURN else ""
    order = read(f"{verb} {number} {code} {reason}{said}", "FX")
    if not said.startswith("年"):
        assert order == Order(verb, number, True, str(code), reason.strip(), said)
