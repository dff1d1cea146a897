"""Evaluation by third parties: drawn from what may be read, given out without identities, counted with both numbers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from docx import Document

from gateway import sample_desk, sample_papers
from gateway.errors import NotFound, Refused
from gateway.papers import excel, plain, word
from gateway.sample_desk import Sample
from routing.sampling import Evaluator
from routing.tables import sample_case
from tests.gateway.casework import ALL, act, delivered, due, opened
from tests.gateway.office import Office

POOL = (
    Evaluator("评01", "专家"),
    Evaluator("评02", "干部", "交警大队"),
    Evaluator("评03", "群众"),
)
TEXTS = (
    "我是东赵村的钱001,手机13912345678,路灯坏了半个月",
    "村里自来水停了三天",
    "小学门口天天堵车",
    "住院报销手续没办成",
    "举报有人倒卖化肥",
    "施工噪音夜里也不停",
)


@pytest.fixture
def closed(office: Office) -> dict[str, str]:
    """Six closed cases: four of them may be drawn, one is a report of misconduct, one is shielded."""
    found = {}
    for n, text in enumerate(TEXTS):
        number = f"861380000000{n + 1}"
        no = opened(office, number, text)
        shield = 2 if n == 5 else 1
        act(office, no, "accept", kind="举报" if n == 4 else "求助", shield=0 if n == 4 else shield)
        lead = "交警大队" if n % 2 else "县教育局"
        act(office, no, "assign", lead=lead, due=due(office))
        act(office, no, "report", reply=f"{lead}已处理,{no}办结", signed_by="赵")
        act(office, no, "approve", "reviewer", "乙", gates=ALL)
        delivered(office)
        office.text(number, "1")
        delivered(office)
        found[text] = no
    return found


def draw(office: Office, seed: str = "2026年12月1日会议第7号", **more: Any) -> Sample:
    given = {"period": "2026-11", "size": 3, "pool": POOL, "wanted": None, "reason": ""} | more
    with office.database.write() as tx:
        return sample_desk.draw(tx, office.desk, seed=seed, actor="督查", now=office.now, **given)


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_what_may_not_be_read_is_left_out_and_counted(office: Office, closed: dict[str, str]) -> None:
    made = draw(office, size=60)
    assert sorted(number for number, _, _ in made.cases) == sorted(closed[text] for text in TEXTS[:4])
    assert made.left_out == {"保密件": 1, "举报件": 1}
    with office.database.read() as tx:
        assert len(sample_desk.judged(tx, made.id)) == 4
    with pytest.raises(Refused, match="没有可抽"):
        draw(office, period="2026-10")


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_period_is_drawn_again_only_with_a_reason_that_stays(office: Office, closed: dict[str, str]) -> None:
    draw(office)
    with pytest.raises(Refused, match="已经抽过"):
        draw(office, "另一个种子")
    draw(office, "另一个种子", reason="评议员名单有误")
    with office.database.read() as tx:
        assert [one.reason for one in sample_desk.listed(tx)] == ["", "评议员名单有误"]


def test_the_draw_is_recounted_from_what_is_kept_whatever_happened_since(
    office: Office, closed: dict[str, str]
) -> None:
    made = draw(office)
    act(office, closed[TEXTS[1]], "recur", reason="又停水", lead="县供水公司", due=due(office) + timedelta(5))
    with office.database.write() as tx:
        assert sample_desk.recount(tx, made) == []
        cases = sample_desk.judged(tx, made.id)
        panel = sample_desk.people(tx, made.id)
        for one in cases:
            assert panel[one.evaluator - 1].unit != one.unit
        other = cases[0].evaluator % 3 + 1
        tx.execute(sa.update(sample_case).where(sample_case.c.position == 1).values(evaluator=other))
        assert sample_desk.recount(tx, made) == ["第 1 件"]


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_pack_has_words_reply_and_dates_and_no_identity(
    office: Office, closed: dict[str, str], tmp_path: Path
) -> None:
    made = draw(office, size=60)
    with office.database.read() as tx:
        papers = sample_papers.packs(tx, office.desk, office.vault, made)
    assert len(papers) == 3
    said = ""
    for at, (printed, filled) in enumerate(papers):
        word.write(printed, tmp_path / f"{at}.docx")
        excel.write(filled, tmp_path / f"{at}.xlsx")
        said += str(plain.data(filled))
        document = Document(str(tmp_path / f"{at}.docx"))
        said += "".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    assert "路灯坏了半个月" in said
    assert "2026-11-24" in said
    for hidden in ("钱00", "13912345678", "138000", "交警大队", "县教育局", *closed.values()):
        assert hidden not in said, hidden


def test_marks_come_back_in_the_sheet_that_went_out(office: Office, closed: dict[str, str], tmp_path: Path) -> None:
    made = draw(office, size=60)
    with office.database.read() as tx:
        papers = sample_papers.packs(tx, office.desk, office.vault, made)
    for at, (_, filled) in enumerate(papers):
        file = tmp_path / f"{at}.xlsx"
        excel.write(filled, file)
        book = openpyxl.load_workbook(file)
        for line in book["评议"].iter_rows(min_row=3):
            if str(line[0].value).startswith("S"):
                for cell, mark in zip(line[6:9], (5, 4, 2), strict=True):
                    cell.value = mark
                line[9].value = "拖得久"
        book.save(file)
        with office.database.write() as tx:
            for name, marks, why in sample_papers.filled(file):
                sample_desk.enter(tx, name, marks, why, "甲", office.now)
    with office.database.read() as tx:
        paper = plain.data(sample_papers.result(tx, made))
    [row] = paper["blocks"][1]["rows"]
    assert (row[1]["numerator"], row[1]["denominator"]) == (4, 4)
    assert [(cell["numerator"], cell["denominator"]) for cell in row[2::2]] == [(4, 4), (4, 4), (0, 4)]
    assert row[3::2] == ["5.00(20/4)", "4.00(16/4)", "2.00(8/4)"]
    assert [one[0] for one in paper["blocks"][2]["rows"]] == ["交警大队", "县教育局"]


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_marks_are_whole_explained_when_bad_and_entered_once(office: Office, closed: dict[str, str]) -> None:
    draw(office)
    good = {"attitude": 5, "efficiency": 4, "style": 3}
    with office.database.write() as tx:
        for marks, why, said in (
            (good | {"style": 6}, "", "1 至 5"),
            ({"attitude": 5}, "", "1 至 5"),
            (good | {"style": 2}, "", "写明理由"),
        ):
            with pytest.raises(Refused, match=said):
                sample_desk.enter(tx, "S1-001", marks, why, "甲", office.now)
        assert sample_desk.enter(tx, "s1-001", good, "", "甲", office.now).marks == good
        with pytest.raises(Refused, match="已经录入"):
            sample_desk.enter(tx, "S1-001", good, "", "甲", office.now)
        with pytest.raises(NotFound):
            sample_desk.enter(tx, "S1-099", good, "", "甲", office.now)


def test_the_list_of_evaluators_is_read_from_csv_and_its_faults_are_named(tmp_path: Path) -> None:
    file = tmp_path / "名单.csv"
    file.write_text("姓名,类别,单位\n评01,专家,\n评02,干部,交警大队\n\n", encoding="utf-8-sig")
    assert sample_papers.evaluators(file) == list(POOL[:2])
    for words, said in (("姓名,类别\n评01,\n", "第 2 行"), ("名字\n甲\n", "表头"), ("", "表头")):
        file.write_text(words, encoding="utf-8")
        with pytest.raises(Refused, match=said):
            sample_papers.evaluators(file)
    with pytest.raises(Refused, match="读不了"):
        sample_papers.evaluators(tmp_path / "没有.xlsx")


def test_a_mean_says_what_it_is_made_of() -> None:
    assert [sample_papers.mean(marks) for marks in ((), (4, 5), (1, 1, 2))] == ["-", "4.50(9/2)", "1.33(4/3)"]
