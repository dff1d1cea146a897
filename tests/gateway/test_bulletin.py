"""The papers of a month, compared with what was counted by hand from the story of its cases."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from gateway import bulletin, case_texts, resources, summary, supervision_records, yearly
from gateway.casebook import find
from gateway.papers import Counted, Paper, Share, Table, plain, word
from gateway.report_facts import Facts, first_day, gather, in_month
from roster import membership
from roster import store as roster_store
from routing.cases import CaseState
from routing.supervision import Form
from tests.gateway.casework import act, answered, at, delivered, go, opened, show
from tests.gateway.november import MONTH, PHONES, POLICE, SCHOOLS, november
from tests.gateway.office import Office

on_sqlite = pytest.mark.parametrize("office", ["sqlite"], indirect=True)  # one test runs on both stores
OCTOBER = first_day("2026-10")
END = at("2026-12-04T00:00") - timedelta(milliseconds=1)


def facts(office: Office, now: datetime = END, first: date = OCTOBER) -> Facts:
    rules = resources.evaluation(office.settings)
    with office.database.read() as tx:
        return gather(tx, office.desk, rules, "肥乡", first, now)


def table(paper: Paper, title: str) -> Table:
    return next(one for one in (*paper.tables, *paper.annexes) if title in one.title)


@pytest.fixture
def story(office: Office) -> tuple[Paper, dict[str, str]]:
    """The bulletin, and the letters of the cases by their numbers."""
    letters = {number: name for name, number in november(office).items()}
    return bulletin.monthly(facts(office), MONTH), letters


def read(cell: Any, letters: dict[str, str]) -> Any:
    """A cell with the letters of the cases behind it."""
    if isinstance(cell, Counted):
        return "".join(sorted(letters[one] for one in cell.cases))
    if isinstance(cell, Share):
        return str(cell)
    return letters.get(cell, cell) if isinstance(cell, str) else cell


@on_sqlite
def test_every_figure_is_the_one_counted_by_hand(story: tuple[Paper, dict[str, str]]) -> None:
    paper, letters = story
    handled = {row[0]: [read(cell, letters) for cell in row[1:]] for row in table(paper, "办理情况").rows}
    # assigned, in time, late, overdue, not due, books; closed; signed late, returns upheld, refused, sent back
    assert handled == {
        SCHOOLS: ["EFG", "E", "", "", "G", "F", "33.33%(1/3)", "", "D", "", "E"],
        POLICE: ["ABCD", "AC", "B", "D", "", "", "50.00%(2/4)", "B", "", "C", ""],
        "合计": ["ABCDEFG", "ACE", "B", "D", "G", "F", "42.86%(3/7)", "B", "D", "C", "E"],
    }
    judged = {row[0]: [read(cell, letters) for cell in row[1:]] for row in table(paper, "名次").rows}
    assert judged[SCHOOLS] == ["100.00%(1/1)", "", "E", "", "", "100.00%(1/1)", "3.0", 1, "-", ""]
    assert judged[POLICE] == ["50.00%(2/4)", "A", "", "B", "C", "50.00%(1/2)", "4.3", 2, "-", ""]
    assert judged["合计"][0] == "60.00%(3/5)"


@on_sqlite
def test_the_lists_name_the_cases_and_nobody_who_wrote(story: tuple[Paper, dict[str, str]]) -> None:
    paper, letters = story
    lists = {
        title: [[letters.get(f"{cell}", cell) for cell in row] for row in table(paper, title).rows]
        for title in ("逾期办结", "逾期未办", "挂账", "采用")
    }
    assert [row[:2] for row in lists["逾期办结"]] == [[POLICE, "B"]]
    assert [row[:3] for row in lists["逾期未办"]] == [[POLICE, "D", POLICE]]
    assert [[*row[:2], row[3]] for row in lists["挂账"]] == [[SCHOOLS, "F", "资金尚未落实"]]
    assert lists["采用"] == [[SCHOOLS, "E", "教育 / 地点E", "采用"]]
    assert [read(cell, letters) for cell in table(paper, "感谢").rows[0]] == [POLICE, "A"]
    told = str(plain.data(paper))
    assert not any(phone[2:] in told for phone in PHONES.values())
    assert "钱0" not in told


@on_sqlite
def test_a_text_that_thanks_for_a_reply_is_thanks_and_a_vote(office: Office) -> None:
    go(office, "2026-11-02T10:00")
    no = opened(office, PHONES["A"], "邻居家孩子十岁了还没有户口")
    answered(office, no)
    office.text(PHONES["A"], "非常感谢,事己解决。")
    [(_, one)] = facts(office).tally(in_month(MONTH)).items()
    assert (one.thanked, one.satisfied) == ((no,), (no,))


@on_sqlite
def test_thanks_that_somebody_took_back_are_none(office: Office) -> None:
    go(office, "2026-11-02T10:00")
    no = opened(office, PHONES["A"], "邻居家孩子十岁了还没有户口")
    answered(office, no)
    office.text(PHONES["A"], "1")
    delivered(office)
    office.text(PHONES["A"], "谢谢政府,路口通畅多了")
    [(_, one)] = facts(office).tally(in_month(MONTH)).items()
    assert one.thanked == (no,)
    with office.database.write() as tx:
        case_texts.undo(tx, case_texts.last_decided(tx, find(tx, no)), "丙", "归件有误", office.now)
    [(_, one)] = facts(office).tally(in_month(MONTH)).items()
    assert (one.thanked, one.satisfied) == ((), (no,))


@on_sqlite
def test_a_special_counts_its_cases_as_they_were_known(office: Office) -> None:
    go(office, "2026-11-02T10:00")
    no = opened(office, PHONES["A"], "学校门口天天堵车")
    act(office, no, "accept", kind="求助", topic="交通秩序", place="小学门口")
    with office.database.write() as tx:
        given = {"place": "小学门口", "topic": "交通秩序", "reason": "三周九件", "actor": "督查", "now": office.now}
        supervision_records.open_record(tx, office.desk, Form.SPECIAL, **given)
    later = opened(office, PHONES["B"], "学校门口又堵了")
    past = office.now
    go(office, "2026-11-03T10:00")
    act(office, later, "accept", kind="求助", topic="交通秩序", place="小学门口")
    for now, numbers in ((past, (no,)), (office.now, (no, later))):
        with office.database.read() as tx:
            records = supervision_records.records(tx)
        first = yearly.reaches_back(2026, office.desk.ladder)
        [row] = table(yearly.sheet(facts(office, now, first), 2026, (), (), records), "一题一专项").rows
        assert row[4] == Counted(numbers)


@on_sqlite
def test_days_are_whose_hands_the_case_was_in(story: tuple[Paper, dict[str, str]]) -> None:
    paper, letters = story
    used = {letters[f"{row[1]}"]: row[4:] for row in table(paper, "用时").rows}
    assert used.keys() == set("ABCE")
    assert all(total == sum(shares) for total, *shares in used.values())
    assert used["C"] == (4, 3, 1, 0, 0)  # the day of the answer was the office's, which approved


def test_the_paper_of_a_past_day_is_the_same_for_ever(office: Office, tmp_path: Path) -> None:
    no = november(office)
    before, again = tmp_path / "a.docx", tmp_path / "b.docx"
    first = bulletin.monthly(facts(office), MONTH)
    word.write(first, before)
    go(office, "2026-12-07T09:00")
    act(office, no["D"], "report", "dept", "警", department=POLICE, reply="已划线", signed_by="分管领导")
    act(office, no["D"], "approve", "reviewer", "丙", gates=frozenset("epy"))
    delivered(office)
    with office.database.write() as tx:  # B's rating was somebody else's text, it turns out
        text_id = case_texts.last_decided(tx, find(tx, no["B"]))
        case_texts.undo(tx, text_id, "丙", "归件有误", office.now)
    office.text(PHONES["C"], "又堵了,问题没有解决")
    later = bulletin.monthly(facts(office), MONTH)
    assert plain.data(later) == plain.data(first)
    word.write(later, again)
    assert _words(before) == _words(again)
    corrected = bulletin.monthly(facts(office, office.now), MONTH)
    [row] = [row for row in table(corrected, "名次").rows if row[0] == POLICE]
    assert row[4] == Counted(())  # nobody is dissatisfied any more
    [row] = [row for row in table(corrected, "办理").rows if row[0] == POLICE]
    assert row[3] == Counted(tuple(sorted((no["B"], no["D"]))))


def _words(file: Path) -> list[str]:
    document = Document(str(file))
    cells = [cell.text for one in document.tables for row in one.rows for cell in row.cells]
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]


def test_what_a_month_does_not_touch_is_not_read_and_changes_nothing(office: Office) -> None:
    go(office, "2026-07-06T10:00")
    old = opened(office, "8613800000009", "村口的路灯坏了")
    answered(office, old)
    office.text("8613800000009", "1")
    assert show(office, old).state is CaseState.CLOSED
    november(office)
    read, everything = facts(office), facts(office, first=first_day("2026-01"))
    assert (old in read.by_number, old in everything.by_number) == (False, True)
    assert plain.data(bulletin.monthly(read, MONTH)) == plain.data(bulletin.monthly(everything, MONTH))


@on_sqlite
def test_the_leaders_paper_counts_what_came_by_groups(office: Office) -> None:
    november(office)
    with office.database.read() as tx:
        people = membership.standing(roster_store.changes(tx, office.settings.zone()), at("2026-11-30T12:00").date())
    paper = summary.monthly(facts(office), MONTH, people)
    [channel, total] = table(paper, "渠道").rows
    assert (channel[0], str(channel[1]), str(channel[2]), str(channel[3])) == ("短信", "8", "7", "62.50%(5/8)")
    assert channel[1:] == total[1:]
    kinds = {row[0]: str(row[1]) for row in table(paper, "三、来件类别").rows}
    assert kinds == {"求助": "6", "建议": "1", "咨询": "1", "合计": "8"}
    assert {row[0]: str(row[1]) for row in table(paper, "乡镇").rows} == {"城关镇": "8", "合计": "8"}
    assert "沟通办直接答复1件" in plain.data(paper)["blocks"][0]["lines"][0]


@on_sqlite
def test_signs_of_gaming_are_leads_with_their_cases(office: Office) -> None:
    no = november(office)
    found = {(row[0], row[1]): row[3] for row in table(_checks(office), "线索").rows}
    assert found == {
        (POLICE, "未见接触即反馈"): Counted((no["B"],)),
        (SCHOOLS, "未见接触即反馈"): Counted((no["E"], no["E"])),
    }


@on_sqlite
def test_a_good_rating_from_a_phone_of_the_unit_is_a_sign(office: Office) -> None:
    no = november(office)
    units = tuple(
        replace(unit, liaison_phone=f"+{PHONES['A']}") if unit.name == POLICE else unit
        for unit in office.desk.departments.units
    )
    office.desk = replace(office.desk, departments=replace(office.desk.departments, units=units))
    found = [row for row in table(_checks(office), "线索").rows if row[1] == "本单位号码评价"]
    assert [(row[0], row[3]) for row in found] == [(POLICE, Counted((no["A"],)))]
    units = tuple(replace(unit, liaison_phone=f"+{PHONES['B']}") for unit in units if unit.name == POLICE)
    office.desk = replace(office.desk, departments=replace(office.desk.departments, units=units))
    assert "本单位号码评价" not in str(table(_checks(office), "线索"))  # B was dissatisfied


def _checks(office: Office) -> Paper:
    with office.database.read() as tx:
        staff = bulletin.staff_of(tx, office.vault, office.desk.departments)
    return bulletin.checks(facts(office), MONTH, staff)


@on_sqlite
def test_whoever_is_dissatisfied_is_asked_with_what_in_the_same_text_and_each_aspect_counts_once(
    office: Office,
) -> None:
    office.desk = replace(office.desk, asks_aspects=True)
    office.inbox._hearing._desk = office.desk
    go(office, "2026-11-02T10:00")
    no, other = opened(office, PHONES["A"], "学校门口天天堵车"), opened(office, PHONES["B"], "十字路口没有红绿灯")
    for number in (no, other):
        answered(office, number)
    office.text(PHONES["A"], "3")
    assert delivered(office)[-1].endswith("可再回复“态度”“效率”或“作风”,并写原因。")
    with office.database.read() as tx:
        slot = find(tx, no).slot
    office.text(PHONES["A"], "服务 态度 不好,爱理不理", slot)
    office.text(PHONES["A"], "态度差,办得也太慢", slot)
    office.text(PHONES["B"], "3,办事员推诿扯皮")
    assert "不满意评价已登记,工作人员将在" in delivered(office)[-1]  # said already: not asked again
    paper = bulletin.monthly(facts(office), MONTH)
    assert [[*map(str, row)] for row in table(paper, "不满意的方面").rows] == [
        [POLICE, "2", "1", "1", "1"],
        ["合计", "2", "1", "1", "1"],
    ]
    assert show(office, no).state is show(office, other).state is CaseState.DISSATISFIED
    with office.database.write() as tx:
        case_texts.undo(tx, case_texts.last_decided(tx, find(tx, no)), "丙", "归件有误", office.now)
        case_texts.undo(tx, case_texts.last_decided(tx, find(tx, other)), "丙", "归件有误", office.now)
    [row, _] = table(bulletin.monthly(facts(office), MONTH), "不满意的方面").rows
    assert [*map(str, row)] == [POLICE, "1", "1", "0", "0"]
