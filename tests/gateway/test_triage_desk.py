"""Triage at the desk: what the store knows about a new case, and what each decision does."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from gateway import answers_desk, case_desk, likeness, search, triage_desk, triage_pace
from gateway.errors import NotFound, Refused
from gateway.hot_spots import hot_spots
from gateway.sight import Reader
from gateway.tables import message, token_count
from gateway.triage_desk import Advice, Book, Choice
from routing import store
from routing.cases import CaseState, Facts
from tests.gateway.casework import ALL, MINE, THEIRS, YOURS, act, delivered, events, opened, show
from tests.gateway.office import Office

LAMPS, AGAIN, ELSEWHERE = "人民路路灯坏了半个月没人修", "人民路晚上没有亮,灯坏了好多天", "建设街路灯坏了半个月没人修"
CARD = "请问身份证丢了去哪里补办"


def book(office: Office) -> Book:
    return Book.from_settings(office.settings)


def advice(office: Office, no: str) -> Advice:
    """What is said about a case now, everything before it filed."""
    triage_desk.file_all(office.database, book(office).reader)
    with office.database.read() as tx:
        return triage_desk.advise(tx, book(office), store.by_number(tx, no) or show(office, no), office.now)


def facts(office: Office, seconds: float = 6.2) -> Facts:
    office.minutes += 15
    return Facts("甲", office.now, seconds=seconds)


def take(office: Office, no: str, **choice: str) -> CaseState:
    with office.database.write() as tx:
        made = Choice(**{"kind": "求助", "lead": "县住建局"} | choice)
        return triage_desk.take(tx, book(office), no, made, facts(office)).state


def queue(office: Office) -> list[str]:
    with office.database.read() as tx:
        return [case.number for case in triage_desk.waiting(tx)]


# ------------------------------------------------------------------------------------------------- what the store knows


def test_an_earlier_open_case_about_the_same_is_shown_and_one_elsewhere_is_not(office: Office) -> None:
    first, other = opened(office, MINE, LAMPS), opened(office, YOURS, ELSEWHERE)
    again = opened(office, THEIRS, AGAIN)
    [found] = advice(office, again).duplicates
    assert found.number == first
    assert found.place == "城关镇人民路"
    assert advice(office, other).duplicates == ()
    assert advice(office, first).duplicates == ()  # what came later is not earlier


def test_a_case_closed_long_ago_or_refused_is_no_master_any_more(office: Office) -> None:
    first = opened(office, MINE, LAMPS)
    take(office, first)
    act(office, first, "report", reply="已修好", signed_by="张局长")
    act(office, first, "approve", "reviewer", "乙", gates=ALL)
    delivered(office)
    office.text(MINE, "1")
    assert show(office, first).state is CaseState.CLOSED
    again = opened(office, YOURS, AGAIN)
    assert [one.number for one in advice(office, again).duplicates] == [first]
    office.minutes += timedelta(days=91) / timedelta(minutes=1)
    assert advice(office, again).duplicates == ()


def test_what_was_decided_is_learned_from_the_next_minute(office: Office) -> None:
    strange = "有个叫做彩虹的喷泉不喷了"
    for number in (MINE, YOURS, THEIRS):
        take(office, opened(office, number, f"{strange}{number[-1]}"), lead="县文广新局", topic="文化体育")
    found = advice(office, opened(office, "8613800000004", "彩虹的喷泉又不喷")).suggestions
    assert found.lead is not None
    assert found.lead.value == "县文广新局"
    assert found.lead.reason.endswith("与已办的3件相近,其中3件交办县文广新局(模型)")


def test_filing_goes_on_where_it_stopped_and_counts_everything_once(office: Office) -> None:
    for n in range(5):
        opened(office, f"861380000000{n + 1}", f"第{n}村的路灯坏了")
    reader = book(office).reader
    with office.database.write() as tx:
        assert [likeness.catch_up(tx, reader, 2) for _ in range(4)] == [2, 2, 1, 0]
        assert not likeness.behind(tx)
        assert tx.scalar(sa.select(token_count.c.cases).where(token_count.c.token == 0)) == 5


def test_an_empty_text_and_an_empty_store_have_no_likes(office: Office) -> None:
    reader = book(office).reader
    with office.database.read() as tx:
        for text in ("", "。", "人民路", LAMPS):
            assert likeness.duplicates(tx, reader, reader.read(text), 99, office.now) == ()
            assert likeness.decided(tx, reader, reader.read(text), 99) == ()


# ----------------------------------------------------------------------------------------------------------- decisions


def test_one_decision_accepts_and_assigns_and_keeps_its_seconds_once(office: Office) -> None:
    no = opened(office, MINE, LAMPS)
    assert take(office, no, topic="路灯", place="城关镇人民路") is CaseState.ASSIGNED
    case = show(office, no)
    assert (case.topic, case.place, case.lead, case.due_on) == ("路灯", "城关镇人民路", "县住建局", "2026-12-01")
    with office.database.read() as tx:
        seconds = [entry.data.get("seconds") for entry in store.timeline(tx, case.id)]
    assert seconds == [None, 6.2, None]


def test_the_rules_hold_as_ever(office: Office) -> None:
    no = opened(office, MINE, "投诉县教育局乱收费")
    with pytest.raises(Refused, match="被反映"):
        take(office, no, kind="投诉", lead="县教育局")
    assert show(office, no).state is CaseState.NEW  # nothing of it is kept
    with pytest.raises(Refused, match="主办"):
        take(office, no, lead="")
    led = opened(office, YOURS, "强拆我家房子")
    assert take(office, led) is CaseState.AWAIT_LEADER


def test_a_case_that_its_unit_gave_back_is_only_assigned_anew(office: Office) -> None:
    no = opened(office, MINE, LAMPS)
    take(office, no)
    act(office, no, "request_return", "dept", department="县住建局", code="R1", basis="三定方案")
    act(office, no, "return_ok", "reviewer", "乙", reason="属实")
    assert queue(office) == [no]
    assert take(office, no, lead="县城管局") is CaseState.ASSIGNED
    assert show(office, no).lead == "县城管局"


def test_merging_answering_asking_referring_and_refusing(office: Office) -> None:
    first, again, card = opened(office, MINE, LAMPS), opened(office, YOURS, AGAIN), opened(office, THEIRS, CARD)
    vague, leader = opened(office, "8613800000004", "我们这里很乱"), opened(office, "8613800000005", "修一座大桥")
    outside = opened(office, "8613800000006", "邻县的路坏了")
    with office.database.write() as tx:
        desk = book(office)
        assert triage_desk.merge(tx, desk, again, first, facts(office)).state is CaseState.MERGED
        answered = triage_desk.answer(tx, desk, card, 2, facts(office))
        assert triage_desk.ask(tx, desk, vague, "哪个村", facts(office)).state is CaseState.NEED_INFO
        asked = triage_desk.to_leader(tx, desk, leader, Choice("建议"), "牵涉多乡", facts(office))
        triage_desk.propose_refusal(tx, desk, outside, "jurisdiction", facts(office))
        with pytest.raises(NotFound, match="第 99 条"):
            triage_desk.answer(tx, desk, first, 99, facts(office))
    assert (answered.state, asked.state) == (CaseState.REPLIED, CaseState.AWAIT_LEADER)
    assert "任一派出所" in (answered.reply or "")
    assert queue(office) == [first]  # what was proposed waits for the reviewer
    with office.database.write() as tx:
        case_desk.decline(tx, outside, "reviewer", "乙", "在本县", office.now)
    assert queue(office) == [first, outside]


def test_danger_goes_first_then_the_oldest(office: Office) -> None:
    first, second = opened(office, MINE, LAMPS), opened(office, YOURS, CARD)
    fire = opened(office, THEIRS, "着火了快来人")
    assert queue(office) == [fire, first, second]


def test_a_rehearsal_keeps_nothing_and_says_what_would_be_refused(office: Office) -> None:
    no = opened(office, MINE, LAMPS)
    sent = len(office.rows(sa.select(message)))
    state = triage_desk.rehearse(
        office.database,
        lambda tx: triage_desk.take(tx, book(office), no, Choice("求助", lead="县住建局"), facts(office)),
    ).state
    assert state is CaseState.ASSIGNED
    assert events(office, no) == ["receive"]
    assert len(office.rows(sa.select(message))) == sent
    with pytest.raises(Refused):
        triage_desk.rehearse(office.database, lambda tx: triage_desk.answer(tx, book(office), no, 99, facts(office)))


# ---------------------------------------------------------------------------------------------------- pace and answers


def test_the_pace_is_counted_by_day_and_by_decision(office: Office) -> None:
    first, card = opened(office, MINE, LAMPS), opened(office, YOURS, CARD)
    desk, since = book(office), office.now - timedelta(days=1)
    with office.database.write() as tx:
        triage_desk.take(tx, desk, first, Choice("求助", lead="县住建局"), facts(office, 4.0))
        triage_desk.answer(tx, desk, card, 2, facts(office, 8.0))
        zone = office.settings.zone()
        day, whole = triage_pace.pace(tx, since, office.now + timedelta(days=1), zone, None)
        assert triage_pace.pace(tx, since, office.now + timedelta(days=1), zone, "别人")[-1].cases == 0
    assert (day.cases, day.median, day.longest) == (2, 6.0, 8.0)
    assert whole.by_decision == {"accept": 1, "answer_direct": 1}


def test_what_is_asked_most_is_counted_with_the_answers_that_were_given(office: Office) -> None:
    desk = book(office)
    cards = [opened(office, number, CARD) for number in (MINE, YOURS)]
    own = opened(office, THEIRS, "请问修路的事怎么安排")
    with office.database.write() as tx:
        for no in cards:
            triage_desk.answer(tx, desk, no, 2, facts(office))
        given = Facts("甲", office.now, kind="咨询", reply="明年安排")
        case_desk.act(tx, desk.desk, own, "answer_direct", "operator", given)
        asked = answers_desk.asked(tx, desk.answers, office.now - timedelta(days=1), office.now)
    assert [(one.topic, one.asked, one.at_once) for one in asked] == [("户籍", 2, 2), ("(未定主题)", 1, 1)]
    assert asked[0].answers == {"身份证补领换领": 2}


# -------------------------------------------------------------------------------------------------------------- search


REVIEWER, OPERATOR = Reader.of(["reviewer"]), Reader.of(["operator"])
BUILDERS = Reader.of(["dept"], "县住建局")


def found(office: Office, *words: str, by: Reader = REVIEWER) -> list[str]:
    with office.database.read() as tx:
        return [case.number for case in search.find(tx, office.vault, words, by).cases]


def test_words_are_found_in_text_reply_place_and_number_newest_first(office: Office) -> None:
    first, second = opened(office, MINE, LAMPS), opened(office, YOURS, ELSEWHERE)
    assert found(office, "路灯") == [second, first]
    assert found(office, "灯", "人民路") == [first]
    assert found(office, first) == [first]
    assert found(office, "没有这样的词") == []
    assert found(office, "%") == found(office, "_") == []
    take(office, first, place="镇政府对面")
    act(office, first, "report", reply="换了灯泡", signed_by="张局长")
    assert found(office, "灯泡") == found(office, "镇政府") == found(office, "县住建局") == [first]


def test_a_unit_finds_only_its_own_and_nothing_about_itself(office: Office) -> None:
    mine, others = opened(office, MINE, LAMPS), opened(office, YOURS, ELSEWHERE)
    take(office, mine)
    take(office, others, lead="县城管局")
    assert found(office, "路灯", by=BUILDERS) == [mine]
    about = opened(office, THEIRS, "举报县住建局路灯工程以次充好")
    act(office, about, "accept", kind="举报")
    assert about not in found(office, "路灯", by=BUILDERS)
    both = opened(office, "8613800000004", "振兴路路灯和垃圾")
    act(office, both, "accept", kind="求助")
    act(office, both, "assign", lead="县城管局", co_handlers=("县住建局",))
    assert found(office, "振兴路", by=BUILDERS) == [both]


def test_a_unit_does_not_find_out_a_masked_number_by_asking(office: Office) -> None:
    no = opened(office, MINE, "路灯坏了,请打13812345678")
    take(office, no)
    assert found(office, "13812345678") == found(office, "345678") == [no]
    assert found(office, "13812345678", by=BUILDERS) == []
    assert found(office, "5678", by=BUILDERS) == []
    assert found(office, no, by=BUILDERS) == [no]


def test_a_sealed_case_is_found_by_what_its_finder_may_read_of_it(office: Office) -> None:
    no = opened(office, MINE, "我是钱001,举报村主任贪污路灯款,电话13812345678")
    assert found(office, "路灯款", by=OPERATOR) == [no]
    for secret in ("钱001", "13812345678", "5678", "钱"):
        assert found(office, secret, by=OPERATOR) == []
        assert found(office, secret) == [no]


def test_pages_follow_each_other(office: Office) -> None:
    numbers = [opened(office, f"861380000000{n}", f"第{n}处路灯坏了") for n in range(1, 6)]
    with office.database.read() as tx:
        pages = [search.find(tx, office.vault, ["路灯"], REVIEWER, page, 2) for page in (1, 2, 3)]
        with pytest.raises(Refused, match="要查找的词"):
            search.find(tx, office.vault, [" "], REVIEWER)
    assert [case.number for page in pages for case in page.cases] == numbers[::-1]
    assert [page.more for page in pages] == [True, True, False]


# ------------------------------------------------------------------------------------------------------------ hot spots


def test_one_place_written_in_three_ways_is_one_hot_spot(office: Office) -> None:
    written = ("下刘村没水", "元固乡下刘村停水", "元固下刘村水压低")
    numbers = [opened(office, f"861380000000{n}", text) for n, text in enumerate(written, 1)]
    for no, place in zip(numbers, ("", "元固乡下刘村", "下刘村"), strict=True):
        take(office, no, topic="供水", place=place)
    with office.database.read() as tx:
        [spot] = hot_spots(tx, book(office).reader.gazetteer, office.now)
    assert (spot.place, spot.topic, spot.lately, spot.cases) == ("元固乡下刘村", "供水", 3, tuple(numbers))


def test_a_township_is_named_when_no_single_place_explains_it(office: Office) -> None:
    for n, village in enumerate(("下刘村", "下陈寨村", "东杨堡村"), 1):
        take(office, opened(office, f"861380000000{n}", f"元固乡{village}停水"), topic="供水")
    with office.database.read() as tx:
        [spot] = hot_spots(tx, book(office).reader.gazetteer, office.now)
    assert (spot.place, spot.lately) == ("元固乡", 3)
