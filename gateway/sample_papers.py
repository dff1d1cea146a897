"""The papers of an evaluation by third parties: each evaluator's cases without identities, and the result."""

import csv
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from python_calamine import CalamineError, load_workbook

from gateway import sample_desk
from gateway.case_words import Hider, hider
from gateway.casebook import Desk
from gateway.errors import Refused
from gateway.papers import Block, Cell, Paper, Share, Table, Text
from gateway.sample_desk import ASPECTS, GOOD, Judged, Sample
from roster.masking import plates
from roster.vault import Vault
from routing import store
from routing.cases import Case
from routing.deadlines import ANSWERS
from routing.sampling import Evaluator
from routing.supervision import GIVEN

HEAD = ("编号", "反映", "答复", "收到", "交办", "答复日期", *ASPECTS.values(), "理由")
ASKED = (
    "请按 1 至 5 分评价每一件的服务态度、办事效率、工作作风:1 最差,5 最好;2 分以下请写明理由。",
    "材料已隐去反映人和承办单位的名称。请勿打听,也勿外传;评完后交回督查室。",
)


def packs(tx: sa.Connection, desk: Desk, vault: Vault, made: Sample) -> list[tuple[Paper, Paper]]:
    """For each evaluator the paper to print (a box a case) and the one to fill in (a line a case)."""
    found = []
    for at, _ in enumerate(sample_desk.people(tx, made.id), 1):
        mine = [one for one in sample_desk.judged(tx, made.id) if one.evaluator == at]
        lines = [_line(tx, desk, vault, one) for one in mine]
        title, number = "第三方评价评议材料", f"抽样第 {made.id} 号,评议员 {at},{len(mine)} 件"
        boxes = [Table(f"{line[0]}", ("项目", "内容"), _box(line)) for line in lines]
        printed: tuple[Block, ...] = (Text("", ASKED), *boxes)
        filled: tuple[Block, ...] = (Text("", ASKED), Table("评议", HEAD, tuple(lines)))
        found.append((Paper(title, number, made.drawn_at, printed), Paper(title, number, made.drawn_at, filled)))
    return found


def _box(line: tuple[Cell, ...]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (head, cell if cell not in ("", None) else "\n" if head == "理由" else "")
        for head, cell in zip(HEAD[1:], line[1:], strict=True)
    )


def _line(tx: sa.Connection, desk: Desk, vault: Vault, one: Judged) -> tuple[Cell, ...]:
    """A case as its evaluator reads it: pseudonym, words, reply, dates; no person, no unit's number."""
    case = store.by_id(tx, one.case_id)
    hide = _hider(desk, case, hider(tx, vault, case))
    entries = store.timeline(tx, case.id)
    given = next((entry.at for entry in entries if entry.event in GIVEN), None)
    answered = next((entry.at for entry in reversed(entries) if entry.event in ANSWERS), None)
    days = (case.created_at, given, answered)
    return (
        one.pseudonym,
        hide(case.text),
        hide(case.reply or ""),
        *(desk.today(day) if day else "" for day in days),
        *("" for _ in ASPECTS),
        "",
    )


def _hider(desk: Desk, case: Case, people: Hider) -> Callable[[str], str]:
    """Hides who wrote, the number of the case, and the names of the units that had it."""
    units = [unit for name in (case.lead, *case.co_handlers) if name and (unit := desk.departments.find(name))]
    words = sorted({word for unit in units for word in (unit.name, *unit.aliases) if len(word) > 2}, key=len)

    def hide(said: str) -> str:
        said = plates(people.words(said)).replace(case.number, "(编号略)")
        for word in reversed(words):
            said = said.replace(word, "承办单位")
        return said

    return hide


# ------------------------------------------------------------------------------------------------------ what comes back


def filled(file: Path) -> list[tuple[str, dict[str, int], str]]:
    """The marks of a filled-in sheet: pseudonym, marks, reason. Lines without any mark are passed over."""
    try:
        rows = load_workbook(str(file)).get_sheet_by_name("评议").to_python()
    except (CalamineError, OSError) as wrong:
        raise Refused(f"读不了 {file}:{wrong}", "请交回评议材料中的 Excel 文件,工作表名为“评议”") from None
    head = next((at for at, row in enumerate(rows) if "编号" in row and ASPECTS["attitude"] in row), None)
    if head is None:
        raise Refused(f"{file} 没有评议表的表头", "请用评议材料中的表填写")
    columns = {str(name): at for at, name in enumerate(rows[head])}
    found = []
    for row in rows[head + 1 :]:
        number = str(row[columns["编号"]]).strip()
        marks = {name: row[columns[label]] for name, label in ASPECTS.items()}
        if number.startswith("S") and any(mark != "" for mark in marks.values()):
            found.append((number, {name: _mark(mark) for name, mark in marks.items()}, str(row[columns["理由"]])))
    return found


def evaluators(file: Path) -> list[Evaluator]:
    """The office's list: 姓名 (or a code), 类别, and 单位 where somebody works in one; as CSV or Excel."""
    try:
        if file.suffix.lower() == ".csv":
            with file.open(encoding="utf-8-sig", newline="") as lines:
                rows: list[list[Any]] = [list(row) for row in csv.reader(lines)]
        else:
            rows = load_workbook(str(file)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise Refused(f"读不了 {file}:{wrong}", "评议员名单为 CSV(UTF-8)或 Excel,列:姓名、类别、单位") from None
    cells = [[str(cell).strip() for cell in row] for row in rows if any(str(cell).strip() for cell in row)]
    if not cells or not {"姓名", "类别"} <= set(cells[0]):
        raise Refused(f"{file} 的第一行应为表头:姓名、类别、单位", "类别如 专家、干部、群众;没有单位的留空")
    columns = {name: at for at, name in enumerate(cells[0])}
    short = [at for at, row in enumerate(cells[1:], 2) if not (_at(row, columns, "姓名") and _at(row, columns, "类别"))]
    if short:
        raise Refused(f"{file} 第 {short[0]} 行缺姓名或类别", "每行都要写全,单位可以空着")
    return [Evaluator(*(_at(row, columns, name) for name in ("姓名", "类别", "单位"))) for row in cells[1:]]


def _at(row: Sequence[str], columns: Mapping[str, int], name: str) -> str:
    at = columns.get(name)
    return row[at] if at is not None and at < len(row) else ""


def _mark(cell: object) -> int:
    """A whole mark; 0, which is none, for anything else."""
    try:
        number = float(str(cell))
    except ValueError:
        return 0
    return int(number) if number == int(number) else 0


# ------------------------------------------------------------------------------------------------------------- result


def result(tx: sa.Connection, made: Sample) -> Paper:
    """Marks by unit and by category of evaluator: every share with its two counts, every mean with its sum."""
    cases = sample_desk.judged(tx, made.id)
    people = sample_desk.people(tx, made.id)
    units = {unit: [one for one in cases if one.unit == unit] for unit in sorted({one.unit for one in cases})}
    kinds = {
        kind: [one for one in cases if people[one.evaluator - 1].category == kind]
        for kind in sorted({one.category for one in people})
    }
    columns = ("", "已评", *(f"{label}{what}" for label in ASPECTS.values() for what in ("好评", "均分")))
    note = f"好评:{GOOD} 分以上。分母:已评的件。均分后括号内是总分和件数。"
    blocks: tuple[Block, ...] = (
        Text("", (_drawn(made), f"没有列入抽样范围的:{_left_out(made)}。")),
        Table("总体", columns, (_figures("合计", cases),), note),
        Table("按单位", columns, tuple(_figures(unit, several) for unit, several in units.items()), note),
        Table("按评议员类别", columns, tuple(_figures(kind, several) for kind, several in kinds.items()), note),
        Table(
            "评议员的理由",
            ("编号", "单位", *ASPECTS.values(), "理由"),
            tuple(
                (one.pseudonym, one.unit, *(one.marks[name] for name in ASPECTS), one.reason)
                for one in cases
                if one.marks and one.reason
            ),
        ),
    )
    return Paper("第三方评价结果", f"抽样第 {made.id} 号({made.period})", made.drawn_at, blocks)


def _drawn(made: Sample) -> str:
    return f"从 {len(made.cases)} 件中抽 {min(made.size, len(made.cases))} 件,种子“{made.seed}”,{made.drawn_by} 抽取。"


def _left_out(made: Sample) -> str:
    return "、".join(f"{why} {count} 件" for why, count in made.left_out.items())


def _figures(whose: str, cases: Sequence[Judged]) -> tuple[Cell, ...]:
    done = [one for one in cases if one.marks]
    entered = Share(_names(done), _names(cases), "抽取的件")
    cells: list[Cell] = [whose, entered]
    for name in ASPECTS:
        good = [one for one in done if one.marks[name] >= GOOD]
        cells += [Share(_names(good), _names(done), "已评的件"), mean([one.marks[name] for one in done])]
    return tuple(cells)


def _names(cases: Sequence[Judged]) -> tuple[str, ...]:
    return tuple(one.pseudonym for one in cases)


def mean(marks: Sequence[int]) -> str:
    """With two decimals, halves up, and what it is made of: "4.33(26/6)"; "-" of none."""
    if not marks:
        return "-"
    value = (Decimal(sum(marks)) / len(marks)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{value}({sum(marks)}/{len(marks)})"
