"""The written assignment as a Word file."""

from pathlib import Path

import pytest
from docx import Document

from gateway import order_paper
from gateway.casebook import find
from gateway.errors import Refused
from tests.gateway.casework import act, assigned, due, opened
from tests.gateway.office import Office

WORDS = "我是城关镇小学的老师，手机13912345678。校门口天天堵车\x0b太危险"


@pytest.fixture
def no(office: Office) -> str:
    """A case whose words give their writer away."""
    return opened(office, "8613800000001", WORDS)


def paper(office: Office, no: str, folder: Path, matter: str = "") -> tuple[dict[str, str], list[str]]:
    """The grid and the lines of the paper, as Word reads them."""
    file = folder / "order.docx"
    with office.database.read() as tx:
        sheet = order_paper.sheet(tx, office.desk, office.vault, find(tx, no), "肥乡", matter)
    order_paper.write(sheet, file)
    document = Document(str(file))
    [grid] = document.tables
    return (
        {row.cells[0].text: row.cells[1].text for row in grid.rows},
        [paragraph.text for paragraph in document.paragraphs],
    )


def test_it_has_its_number_and_its_four_blocks(office: Office, no: str, tmp_path: Path) -> None:
    assigned(office, no, co_handlers=("县教育局",), method="会办")
    grid, lines = paper(office, no, tmp_path)
    assert f"编号：{no}-1" in lines
    assert [line for line in lines if line[:2] in ("一、", "二、", "三、", "四、")] == [
        *("一、工作职责", "二、办理方式", "三、回复时限", "四、具体流程"),
    ]
    assert (grid["主办单位"], grid["协办单位"], grid["事发地点"]) == ("交警大队", "县教育局", "小学门口")
    whole = "\n".join(lines)
    for said in ("交警大队分管领导", "县教育局信息员", "会办：由主办单位牵头", "请于 2026年11月30日前"):
        assert said in whole, said


def test_it_does_not_say_who_wrote(office: Office, no: str, tmp_path: Path) -> None:
    assigned(office, no)
    grid, lines = paper(office, no, tmp_path)
    assert "(号码略)" in grid["群众反映"]
    assert "5678" not in "".join(grid.values())
    assert not any("1380000" in line or "R1" in line for line in (*lines, *grid.values()))
    grid, _ = paper(office, no, tmp_path, "校门口接送车辆拥堵")
    assert grid["群众反映"] == "校门口接送车辆拥堵"


def test_every_assignment_has_a_number_of_its_own_and_tells_what_is_new(
    office: Office, no: str, tmp_path: Path
) -> None:
    act(office, no, "accept", kind="求助", leader_kind="领导指定事项")
    act(office, no, "instruct", "leader", "县长", instruction="三日内解决", lead="县教育局", due=due(office))
    act(office, no, "sign", "dept", department="县教育局")
    act(office, no, "reassign", "reviewer", "乙", lead="交警大队", reason="属交通秩序")
    grid, lines = paper(office, no, tmp_path)
    assert f"编号：{no}-2" in lines
    assert grid["主办单位"] == "交警大队"
    assert any("领导批示：三日内解决" in line for line in lines)


def test_there_is_none_before_a_unit_has_the_case(office: Office, no: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="没有承办单位"):
        paper(office, no, tmp_path)
    assigned(office, no)
    act(office, no, "request_return", "dept", department="交警大队", code="R1", basis="三定方案")
    act(office, no, "return_ok", "reviewer", "乙", reason="确属城管职责")
    with pytest.raises(Refused, match="没有承办单位"):
        paper(office, no, tmp_path)
