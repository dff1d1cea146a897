"""One paper, four ways: what stands in it is the same, and every figure opens."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from docx import Document
from python_calamine import CalamineWorkbook

from gateway.cli import paper_view
from gateway.errors import Refused
from gateway.papers import Counted, Paper, Share, Table, Text, excel, plain, word
from routing.rates import Rate

MARCH = datetime(2026, 11, 3, 16, tzinfo=UTC)
HOSTILE = '=HYPERLINK("http://x","y")\x07'


def paper(*more: Table) -> Paper:
    units = Table(
        "各单位",
        ("单位", "#交办", "#按期率", "到期日"),
        (
            ("交警大队", Counted(("FX1", "FX2")), Share(("FX1",), ("FX1", "FX2"), "到期"), date(2026, 11, 2)),
            (HOSTILE, Counted(()), Rate(0, 0, "到期"), None),
        ),
        "按期率的分母是到期的件",
    )
    return Paper(
        "办理情况通报", "第11期", MARCH, (Text("一、概况", ("本月一切正常。",)), units, *more), ("肥乡沟通办",)
    )


def test_as_data_it_has_lists_and_both_counts() -> None:
    [_, table] = plain.data(paper())["blocks"]
    [_, count, rate, day] = table["rows"][0]
    assert count == {"count": 2, "cases": ["FX1", "FX2"]}
    assert (rate["percent"], rate["numerator"], rate["denominator"], rate["of"]) == ("50.00%", 1, 2, "到期")
    assert (rate["cases"], rate["of_cases"], day) == (["FX1"], ["FX1", "FX2"], "2026-11-02")


def test_its_fingerprint_changes_with_any_figure() -> None:
    other = Table("又一表", ("项目", "#件"), (("感谢", 1),))
    assert plain.fingerprint(paper()) == plain.fingerprint(paper())
    assert plain.fingerprint(paper()) != plain.fingerprint(paper(other))


def test_in_word_it_has_title_words_and_tables(tmp_path: Path) -> None:
    word.write(paper(), tmp_path / "a.docx")
    document = Document(str(tmp_path / "a.docx"))
    lines = [paragraph.text for paragraph in document.paragraphs]
    assert lines[:4] == ["办理情况通报", "第11期", "一、概况", "本月一切正常。"]
    assert lines[-2:] == ["注:按期率的分母是到期的件", "肥乡沟通办"]
    [table] = document.tables
    assert [cell.text for cell in table.rows[1].cells] == ["交警大队", "2", "50.00%(1/2)", "2026-11-02"]
    assert document.core_properties.author == ""


def test_a_wide_table_lies_on_its_side(tmp_path: Path) -> None:
    many = Table("宽表", tuple(f"#栏{n}" for n in range(12)), (tuple(range(12)),))
    for made, wide in ((paper(), False), (paper(many), True)):
        word.write(made, tmp_path / "a.docx")
        page = Document(str(tmp_path / "a.docx")).sections[0]
        assert (page.page_width > page.page_height) is wide


def test_in_excel_every_figure_has_its_list_and_nothing_is_a_formula(tmp_path: Path) -> None:
    excel.write(paper(), tmp_path / "a.xlsx")
    book = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    assert book.sheet_names == ["说明", "各单位", "各单位-清单"]
    rows = book.get_sheet_by_name("各单位").to_python()
    assert rows[2][:3] == ["交警大队", 2, "50.00%(1/2)"]
    assert rows[3][0] == HOSTILE.removesuffix("\x07")
    assert book.get_sheet_by_name("各单位-清单").to_python() == [
        ["行", "栏", "属于", "编号"],
        ["交警大队", "交办", "件", "FX1"],
        ["交警大队", "交办", "件", "FX2"],
        ["交警大队", "按期率", "分子", "FX1"],
        ["交警大队", "按期率", "分母(到期)", "FX1"],
        ["交警大队", "按期率", "分母(到期)", "FX2"],
    ]


def test_sheets_get_names_that_excel_takes(tmp_path: Path) -> None:
    same = Table("各单位", ("单位",), (("甲",),))
    long = Table("很长的名称[含]方括号/斜线*" * 4, ("单位",), (("甲",),))
    excel.write(paper(same, long), tmp_path / "a.xlsx")
    names = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).sheet_names
    assert names[3] == "各单位~2"
    assert len(names[4]) <= 31


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for name in ("a.docx", "a.xlsx"):
        file = tmp_path / "nowhere" / name
        with pytest.raises(Refused, match="写不了"):
            paper_view.give(paper(), True, file if name == "a.docx" else None, file if name == "a.xlsx" else None)


def test_on_the_screen_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    paper_view.give(paper(Table("挂账件", ("编号",), ())), False)
    shown = capsys.readouterr().out
    assert "挂账件:无" in shown
    assert "50.00% (1/2)" in shown
