"""Orders by text: what is asked for, what is refused and how it is said, and what nobody learns."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from gateway import singles
from gateway.tables import message, quarantine
from routing import store
from routing.cases import Case
from routing.history import replay
from routing.numbers import write
from routing.staff import Verb, hidden
from tests.gateway.casework import MINE, WATER, YOURS, act, answered, events, opened, show
from tests.gateway.office import Office
from tests.gateway.phones import (
    MAYOR,
    POLICE,
    POLICE_HEAD,
    SCHOOLS,
    SUPERVISION,
    at,
    code_in,
    decisions,
    says,
    staffed,
    told,
)

STRANGE = "没有这一件,或不由本单位办理。"


@pytest.fixture
def office(folder: Path) -> Office:
    """On a Tuesday afternoon."""
    office = Office(staffed(folder))
    office.join("13800000001", "13800000002", "13800000003", POLICE[2:])  # the liaison is an informant, too
    at(office, "2026-11-24T14:10")
    return office


@pytest.fixture
def given(office: Office) -> Callable[..., tuple[str, str]]:
    """A case that was assigned, and the code of its lead."""

    def give(
        number: str = MINE, words: str = "城关镇小学门口路太窄,天天堵车", shield: int = 0, **more: object
    ) -> tuple[str, str]:
        no = opened(office, number, words)
        act(office, no, "accept", kind="求助", place="小学门口", shield=shield)
        act(office, no, "assign", lead="交警大队", **more)
        return no, code_in(told(office)[POLICE])

    return give


def cases(office: Office) -> list[Case]:
    with office.database.read() as tx:
        return store.listed(tx)


def answers(office: Office) -> int:
    """How many texts were answered by the gateway itself."""
    return len(office.rows(sa.select(message.c.id).where(message.c.created_by == "gateway")))


def wrong(code: str) -> str:
    return str(1000 + (int(code) - 999) % 9000)


# --------------------------------------------------------------------------------------------------------- being told


def test_who_wrote_is_in_no_text_to_a_unit_and_numbers_in_the_words_are_masked(office: Office) -> None:
    no = opened(office, MINE, "我是钱001,电话13900001234,小学门口天天堵车,请联系我")
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队")
    words = "".join(told(office)[POLICE])
    assert "我是某某,电话(号码略)" in words
    assert "13900001234" not in words
    assert MINE[2:] not in words
    assert "钱" not in words


def test_the_matter_of_a_case_that_is_kept_secret_is_in_no_text(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, code = given(words="举报小学门口有人乱收费", shield=2, co_handlers=("县教育局",))
    rows = office.rows(sa.select(message.c.body).where(message.c.purpose == "staff"))
    assert len(rows) == 4
    assert not any("收费" in row.body for row in rows)
    assert (
        says(office, POLICE, f"BJ{no} {code} 已退还所收费用") == f"{no}是保密件,不能用短信反馈,请将书面材料送沟通办。"
    )
    assert show(office, no).state == "assigned"


def test_every_handing_over_is_told_once_with_a_new_code(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    assert told(office) == {}
    act(office, no, "reassign", lead="县教育局", reason="职责在学校")
    got = told(office)
    assert code_in(got[SCHOOLS])
    assert POLICE not in got
    assert says(office, POLICE, f"BJ {no} {code} 已办") == f"{no}:{STRANGE}"


def test_at_night_only_danger_is_told(office: Office) -> None:
    no = opened(office, MINE, WATER)
    act(office, no, "accept", kind="求助")
    at(office, "2026-11-24T22:00")
    act(office, no, "assign", lead="交警大队")
    assert POLICE not in told(office)
    danger = opened(office, YOURS, "桥塌了有人被困住,救命")
    act(office, danger, "accept", kind="求助", leader_kind="无")
    act(office, danger, "assign", lead="交警大队")
    assert any(danger in words for words in told(office)[POLICE])


# ------------------------------------------------------------------------------------------------------------ the code


def test_a_report_without_its_code_gets_the_code_to_the_real_phone_and_moves_nothing(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, old = given()
    answer = says(office, POLICE, f"BJ {no} 已修好")
    assert answer.startswith(f"{no}验证码")
    assert show(office, no).state == "assigned"
    assert says(office, POLICE, f"BJ {no} {old} 已修好") == "验证码不对,还可再试2次。" or code_in(answer) == old
    assert says(office, POLICE, f"BJ {no} {code_in(answer)} 已修好") == f"{no}已报分管领导签发,签发后即反馈沟通办。"


def test_three_wrong_codes_lock_the_number_for_an_hour_and_raise_an_alarm(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, code = given()
    order = f"BJ {no} {wrong(code)} 已修好"
    assert says(office, POLICE, order) == "验证码不对,还可再试2次。"
    assert says(office, POLICE, order) == "验证码不对,还可再试1次。"
    assert says(office, POLICE, order) == "验证码连续输错,已锁定1小时。急事请打沟通办电话。"
    assert told(office)[SUPERVISION] == [
        "【肥乡双向沟通办】告警:交警大队信息员的手机连续输错验证码,已锁定1小时,请核实是否本人所发。"
    ]
    assert "已锁定到" in says(office, POLICE, f"BJ {no} {code} 已修好")
    assert show(office, no).state == "assigned"
    assert "已签收" in says(office, POLICE, f"QS{no}")  # what wants no code goes on
    office.minutes += 60
    assert "已报分管领导" in says(office, POLICE, f"BJ {no} {code} 已修好")


def test_a_right_code_makes_up_for_wrong_ones(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    for _ in range(2):
        says(office, POLICE, f"TH {no} {wrong(code)} R1 不属本单位职责")
    assert says(office, POLICE, f"TH {no} {code} R1 不属本单位职责") == f"{no}已申请退单,待沟通办审定,期限照算。"
    assert show(office, no).state == "return_req"


def test_a_code_is_good_for_its_own_case_and_once(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    other, _ = given(YOURS, WATER)
    assert says(office, POLICE, f"BJ {other} {code} 已修好") == "验证码不对,还可再试2次。"
    says(office, POLICE, f"BJ {no} {code} 已修好")
    assert "验证码已用过" in says(office, POLICE, f"BJ {no} {code} 又修了一遍")
    new = code_in(says(office, POLICE, f"MA{no}"))
    assert "已报分管领导" in says(office, POLICE, f"BJ {no} {new} 又修了一遍")


# ------------------------------------------------------------------------------------------- what is not carried out


def test_nothing_is_learnt_about_the_cases_of_others(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, _ = given()
    nowhere = write("FX", 26, 77)
    assert says(office, SCHOOLS, f"QS{no}") == f"{no}:{STRANGE}"
    assert says(office, SCHOOLS, f"QS{nowhere}") == f"{nowhere}:{STRANGE}"
    assert says(office, SCHOOLS, "QS") == "本单位没有等待签收的件。"
    assert show(office, no).state == "assigned"


def test_a_unit_that_a_case_is_about_learns_nothing_of_it(office: Office) -> None:
    no = opened(office, MINE, "小学门口天天堵车")
    act(office, no, "accept", kind="投诉", accused=("县教育局",))
    act(office, no, "assign", lead="交警大队")
    assert SCHOOLS not in told(office)
    assert says(office, SCHOOLS, f"JZ{no} 已知悉") == f"{no}:{STRANGE}"


def test_several_cases_that_wait_are_listed_and_the_only_one_is_taken(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, _ = given()
    other, _ = given(YOURS, WATER)
    assert says(office, POLICE, "QS") == f"本单位有2件等待签收,请写明编号:{no}、{other}。"
    says(office, POLICE, f"QS {other}")
    assert says(office, POLICE, "签收").startswith(f"{no}已签收")


def test_what_the_table_refuses_is_said(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    slip = no[:-1] + str((int(no[-1]) + 1) % 10)
    assert says(office, POLICE, f"QS{slip}") == f"编号{slip}写错了(校验位不符),请核对后重发。"
    assert says(office, POLICE, f"JZ{no} 已派人") == f"{no}还没有签收,请先回复QS{no}。"
    assert says(office, POLICE, f"TH{no} {code} 不归我们管").startswith(f"{no}:请写明退单的原因代码:R1不属本单位职责")
    assert says(office, POLICE, f"BJ{no} {code}") == f"{no}:请在验证码后写明办理结果,即给群众的答复。"
    says(office, POLICE, f"QS{no}")
    assert says(office, POLICE, f"QS{no}") == f"{no} 现在是“办理中”,不能“签收”。"
    assert says(office, POLICE, f"JZ{no}") == f"{no} 不能“进展”:请写明理由。"
    assert "承办单位信息员不能“申请退单”" in says(office, POLICE, f"TH{no} {code} R1 不归我们管")
    assert "短信太长" in says(office, POLICE, f"BJ{no} {code} {'好' * 300}")
    assert "已报分管领导" in says(office, POLICE, f"BJ{no} {code} 已修好")  # what was refused has not used the code


def test_a_reply_that_came_with_a_hole_in_it_is_not_reported(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, code = given()
    office.text(POLICE, f"BJ{no} {code} {'已修好。' * 40}", only=[1, 3])
    office.minutes += 60
    with office.database.write() as tx:
        office.inbox.give_up_waiting(tx, office.now_ms)
    assert office.answers() == ["【肥乡双向沟通办】短信没有收全,请重发。"]
    assert show(office, no).state == "assigned"


# ---------------------------------------------------------------------------------------------------- head and leaders


def test_the_head_sends_back_what_the_liaison_drafted(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    says(office, POLICE, f"BJ {code} 已修好")
    sign = code_in(told(office)[POLICE_HEAD])
    assert says(office, POLICE_HEAD, f"不同意{sign}") == f"{no}:请在验证码后写明意见。"
    assert says(office, POLICE_HEAD, f"不同意{sign} 要写明谁执勤") == f"{no}已退回信息员重拟。"
    [again] = told(office)[POLICE]
    assert "分管领导未同意签发" in again
    assert "要写明谁执勤" in again
    assert says(office, POLICE_HEAD, f"同意{sign}") == "没有等待您签发的件。"
    says(office, POLICE, f"BJ {code_in(again)} 民警张三执勤")
    assert says(office, POLICE_HEAD, f"TY {code_in(told(office)[POLICE_HEAD])}") == f"{no}已签发,待沟通办审核。"
    assert show(office, no).reply == "民警张三执勤"


def test_the_head_reports_without_a_second_signature(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    assert says(office, POLICE_HEAD, f"BJ {no} {code} 已修好") == f"{no}已反馈沟通办,待审核。"
    assert show(office, no).state == "reported"


def test_a_liaison_cannot_sign_for_the_head(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no, code = given()
    says(office, POLICE, f"BJ {code} 已修好")
    sign = code_in(told(office)[POLICE_HEAD])
    assert says(office, POLICE, f"同意{no} {sign}").startswith("QS签收")
    assert show(office, no).state == "in_progress"


def test_what_was_sent_back_by_the_office_comes_with_reason_and_code(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, code = given()
    says(office, POLICE_HEAD, f"BJ {no} {code} 已修好")
    act(office, no, "send_back", "reviewer", "乙", failed_gate="e", reason="缺现场照片")
    [back] = told(office)[POLICE]
    assert "退回重办" in back
    assert "证据关,缺现场照片" in back
    assert "已报分管领导" in says(office, POLICE, f"BJ {no} {code_in(back)} 照片已送")


def test_co_handlers_sign_and_report_for_their_part(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    no = opened(office, MINE, "城关镇小学门口路太窄,天天堵车")
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队", co_handlers=("县教育局",))
    mine = told(office)[SCHOOLS]
    assert "协办" in mine[0]
    assert says(office, SCHOOLS, "QS") == f"{no}协办已签收,12月1日前反馈。"
    assert says(office, SCHOOLS, "QS") == "本单位没有等待签收的件。"
    assert says(office, SCHOOLS, f"BJ {code_in(mine)} 已要求错峰放学") == f"{no}协办结果已记下。"
    assert show(office, no).state == "assigned"
    assert [event for event in events(office, no) if event.startswith("co_")] == ["co_sign", "co_report"]


def test_a_county_leader_instructs_by_text(office: Office) -> None:
    no = opened(office, MINE, "县水利局玩忽职守,自来水停了三天没人管")
    act(office, no, "accept", kind="投诉", accused=("县水利局",))
    [asked] = told(office)[MAYOR]
    assert "保密件" in asked
    assert "自来水" not in asked
    code = code_in(asked)
    assert says(office, MAYOR, f"批{no} {code} 水 请速办").startswith(f"{no}:是哪个单位?可能是:")
    assert (
        says(office, MAYOR, f"批{no} {code} 县水利局 请速办") == f"{no} 不能“批示交办”:被反映的单位不能主办或协办本件。"
    )
    assert says(office, MAYOR, f"批{no} {wrong(code)} 交警大队 请速办") == "验证码不对,还可再试2次。"
    assert says(office, MAYOR, f"批 {no} {code} 交警大队、县教育局 今日内送水到村。") == (
        f"{no}已批示,交交警大队办理,12月1日前反馈。"
    )
    case = show(office, no)
    assert (case.state, case.lead, case.co_handlers) == ("assigned", "交警大队", ("县教育局",))
    assert case.instruction == "今日内送水到村。"
    assert says(office, MAYOR, f"批{no} {code} 交警大队 再说一次") == f"{no}没有等待您批示的件。"


# ---------------------------------------------------------------------------------------- the citizen in the official


def test_a_liaison_who_is_an_informant_is_a_citizen_where_nothing_is_ordered(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, _ = given()
    office.text(POLICE, "我家门口的路灯坏了半个月,没有人来修")
    assert decisions(office)[-1] == "new_case"
    assert len(cases(office)) == 2
    told(office)
    assert says(office, POLICE, f"{no}是怎么回事").startswith("QS签收")
    assert decisions(office)[-1] == "staff"


def test_one_who_is_not_is_told_how_and_the_text_is_kept_for_an_operator(office: Office) -> None:
    assert says(office, SCHOOLS, "已经派人去看过了").startswith("QS签收")
    assert decisions(office) == ["unknown_sender"]


def test_every_order_gets_one_answer_however_many_there_were(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    given()
    says(office, POLICE, "QS")
    for n in range(12):
        assert says(office, POLICE, f"JZ 第{n}次到现场").endswith("进展已记下。")
    office.text(POLICE, "【肥乡双向沟通办】QS签收")  # an echo of ours
    assert office.answers() == []


def test_a_text_that_orders_is_nobodys_letter(office: Office, given: Callable[..., tuple[str, str]]) -> None:
    given()
    says(office, POLICE, "QS")
    assert decisions(office)[-1] == "staff"
    assert len(cases(office)) == 1


def test_codes_are_shown_to_nobody_who_reads_messages_or_texts(
    office: Office, given: Callable[..., tuple[str, str]]
) -> None:
    no, code = given()
    says(office, POLICE, f"BJ{no} {code}")
    with office.database.read() as tx:
        shown = [one.body or "" for one in singles.standings(tx, purpose="staff")]
    assert any("新交办" in words for words in shown)
    assert not any(code in words for words in shown)
    assert hidden(f"BJ{no}{code}已修好,2026年完工") == f"BJ{no}****已修好,2026年完工"


PIECES = (
    *Verb,
    *(
        "签收",
        "进展",
        "办结",
        "退单",
        "同意",
        "不同意",
        "批",
        "零报",
        "NO",
        "OTHER",
        "CODE",
        "1234",
        "R1",
        "3",
        " ",
        ",",
    ),
    *("已派人", "交警大队", "谢谢", "1", "路灯坏了", "TD", "CX", "本月无情况"),
)
WORDS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5)


@hypothesis.settings(max_examples=15, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(st.lists(st.tuples(st.sampled_from([POLICE, POLICE_HEAD, SCHOOLS, MAYOR]), WORDS), max_size=4))
def test_whatever_the_office_texts_it_is_dealt_with_once_and_answered_at_most_once(
    storm: tuple[Office, str, str, str], texts: list[tuple[str, list[str]]]
) -> None:
    """One decision each, one answer to an order, nothing in quarantine; the case is what its history says."""
    office, no, other, code = storm
    for number, words in texts:
        said = "".join({"NO": no, "OTHER": other, "CODE": code}.get(word, word) for word in words)
        office.minutes += 1
        before, told_before = len(decisions(office)), answers(office)
        office.text(number, said, message_id=f"{office.minutes}")
        assert len(decisions(office)) == before + 1
        came = answers(office) - told_before
        assert came == 1 if decisions(office)[-1] == "staff" else came <= 1
    assert office.rows(sa.select(quarantine)) == []
    with office.database.read() as tx:
        for case in store.listed(tx):
            assert replay(case, store.timeline(tx, case.id)) == case


@pytest.fixture(scope="module")
def storm(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, str, str, str]]:
    """An office with two assigned cases, whose people text as it comes."""
    folder = staffed(shutil.copytree(_made, tmp_path_factory.mktemp("storm") / "county"))
    office = Office(folder)
    office.join("13800000001", "13800000002", POLICE[2:])
    at(office, "2026-11-24T14:10")
    found = []
    for number, words in ((MINE, WATER), (YOURS, "小学门口路太窄")):
        no = opened(office, number, words)
        act(office, no, "accept", kind="求助")
        act(office, no, "assign", lead="交警大队", co_handlers=("县教育局",))
        found.append(no)
    code = code_in(told(office)[POLICE])
    yield office, *found, code
    office.tick.close()
    office.database.close()


def test_a_unit_that_is_to_do_it_again_reads_what_the_citizen_was_dissatisfied_with(office: Office) -> None:
    no = opened(office, MINE, WATER)
    answered(office, no)
    at(office, "2026-11-25T14:10")
    told(office)
    office.text(MINE, "3 还在漏水,根本没修")
    act(office, no, "uphold", "reviewer", "乙", reason="情况属实", lead="交警大队")
    words = next(one for one in told(office)[POLICE] if "内容" in one)
    assert "重办:3 还在漏水,根本没修;情况属实。原件:" in words
