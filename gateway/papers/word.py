"""How papers of the office look in Word (GB/T 9704): its faces, sizes and margins; and a whole paper so written."""

from collections.abc import Sequence
from pathlib import Path

from docx import Document
from docx.document import Document as Written
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Pt
from docx.table import _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from gateway.papers.paper import Paper, Table, printable, shown

TITLE_FONT, HEAD_FONT, BODY_FONT = "方正小标宋简体", "黑体", "仿宋_GB2312"
LEFT, CENTRE, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
UPRIGHT = 7
"""So many columns fit on an upright page; a paper with a wider table lies on its side."""
_LONG, _SHORT = Cm(29.7), Cm(21.0)
_MARGIN = Cm(2.2)


def write(paper: Paper, file: Path) -> None:
    """Make the Word file. Raises `OSError` when it cannot be written."""
    wide = any(len(table.columns) > UPRIGHT for table in paper.tables)
    written = blank(paper.title, wide=wide)
    say(written.add_paragraph(), paper.title, 20, TITLE_FONT, CENTRE)
    if paper.number:
        say(written.add_paragraph(), paper.number, 12, align=CENTRE)
    for block in paper.blocks:
        if isinstance(block, Table):
            _table(written, block, (_LONG if wide else _SHORT) - 2 * _MARGIN)
            continue
        if block.heading:
            say(written.add_paragraph(), block.heading, 14, HEAD_FONT)
        for line in block.lines:
            say(written.add_paragraph(), line, 12, indent=True)
    for line in paper.closing:
        say(written.add_paragraph(), line, 12, align=RIGHT)
    written.save(str(file))


def blank(title: str, *, wide: bool = False) -> Written:
    """An empty paper: A4, the office's margins; nobody's name in its properties."""
    paper = Document()
    page = paper.sections[0]
    page.page_width, page.page_height = (_LONG, _SHORT) if wide else (_SHORT, _LONG)
    page.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    page.top_margin = page.bottom_margin = page.left_margin = page.right_margin = _MARGIN
    _number_pages(page.footer.paragraphs[0])
    paper.core_properties.title = title
    paper.core_properties.author = ""
    return paper


def say(
    paragraph: Paragraph,
    words: str,
    size: float,
    font: str = BODY_FONT,
    align: WD_ALIGN_PARAGRAPH = LEFT,
    *,
    indent: bool = False,
    before: int = 0,
) -> None:
    """Words in a paragraph; `indent` is the two characters at the head of one, `before` the points above it."""
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(before), Pt(2)
    paragraph.paragraph_format.line_spacing = 1.1
    paragraph.alignment = align
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    _set(paragraph.add_run(printable(words)), size, font)


def grid(
    paper: Written, widths: Sequence[Length], rows: Sequence[Sequence[tuple[str, str, WD_ALIGN_PARAGRAPH]]], size: float
) -> None:
    """A table with lines. A cell is its words, their face, and where they stand."""
    made = paper.add_table(rows=0, cols=len(widths), style="Table Grid")
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    for row in rows:
        line = made.add_row()
        _keep_whole(line)
        for cell, width, (words, font, align) in zip(line.cells, widths, row, strict=True):
            cell.width = width
            say(cell.paragraphs[0], words, size, font, align)


def _table(paper: Written, table: Table, width: int) -> None:
    say(paper.add_paragraph(), table.title, 14, HEAD_FONT, before=8)
    if table.rows:
        heads = [column.removeprefix("#") for column in table.columns]
        sides = [RIGHT if column.startswith("#") else LEFT for column in table.columns]
        lines = [[shown(cell) for cell in row] for row in table.rows]
        size = 10.5 if len(heads) <= UPRIGHT else 9
        grid(
            paper,
            _widths([heads, *lines], width),
            [
                [(head, HEAD_FONT, CENTRE) for head in heads],
                *([(words, BODY_FONT, side) for words, side in zip(line, sides, strict=True)] for line in lines),
            ],
            size,
        )
        _repeat_head(paper.tables[-1].rows[0])
    else:
        say(paper.add_paragraph(), "无", 12, indent=True)
    if table.note:
        say(paper.add_paragraph(), f"注:{table.note}", 9, before=3)


def _widths(lines: Sequence[Sequence[str]], width: int) -> list[Length]:
    """The page shared out by the longest words of each column, none too narrow to read, none starving the others."""
    needs = [min(max(max(_ems(words) for words in column), 4), 18) for column in zip(*lines, strict=True)]
    return [Length(width * need // sum(needs)) for need in needs]


def _ems(words: str) -> int:
    return (sum(2 if ord(one) > 0x2E7F else 1 for one in words) + 1) // 2 + 2  # two for the cell's margins


def _number_pages(footer: Paragraph) -> None:
    """— 1 — in the middle of the foot: a field, which Word counts by itself."""
    say(footer, "— ", 10.5, align=CENTRE)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    footer._p.append(field)
    _set(footer.add_run(" —"), 10.5, BODY_FONT)


def _keep_whole(row: _Row) -> None:
    """A row is not torn apart by the end of a page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _repeat_head(row: _Row) -> None:
    """The head stands again on every page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _set(run: Run, size: float, font: str) -> None:
    run.font.size = Pt(size)
    run.font.name = font
    run._element.get_or_add_rPr().get_or_add_rFonts().set(
        qn("w:eastAsia"), font
    )  # python-docx sets the Latin face only
