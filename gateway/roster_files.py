"""Roster files on disk: reading what offices send, writing what they get. The edge to Excel and CSV."""

import csv
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from io import StringIO
from pathlib import Path

import python_calamine

from gateway.errors import USAGE, Refused
from roster.importing import REQUIRED, Fault, Lists, NoHeader, Reading, read

LARGEST = 50 * 1024 * 1024
LARGEST_UNPACKED = 500 * 1024 * 1024
_ENCODINGS = ("utf-8-sig", "gb18030")
_LEADS = "=+-@\t\r\0=+-@"  # what makes a cell a formula in some spreadsheet program (OWASP ASVS 1.2.10)


def read_roster(file: Path, lists: Lists, today: date) -> tuple[Reading, str]:
    """The rows of a roster file and the name of the sheet they stand in. Raises `Refused`."""
    sheets = read_sheets(file)
    trouble = ""
    for name, rows in sheets:
        try:
            return read(rows, lists, today), name
        except NoHeader as missing:
            trouble = trouble or str(missing)
    raise Refused(f"{file.name}:{trouble or '没有内容'}", f"表头至少要有:{'、'.join(_REQUIRED_LABELS)}", USAGE)


_REQUIRED_LABELS = ("姓名", "手机号", "职业类别", "乡镇(街道)")
assert len(_REQUIRED_LABELS) == len(REQUIRED)  # noqa: S101 - the message names what is required


def read_sheets(file: Path) -> list[tuple[str, Sequence[Sequence[object]]]]:
    """The rows of every visible sheet of a file, with the sheet's name. Raises `Refused`."""
    try:
        size = file.stat().st_size
    except OSError as wrong:
        raise Refused(f"读不了 {file}:{wrong.strerror}", "请检查文件名", USAGE) from None
    if size > LARGEST:
        raise Refused(f"{file.name} 有 {size >> 20} MiB,最多 {LARGEST >> 20} MiB", "请拆成几个文件", USAGE)
    if file.suffix.lower() in (".csv", ".txt"):
        return [("", _csv_rows(file))]
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise Refused(f"{file.name} 解压后超过 {LARGEST_UNPACKED >> 20} MiB", "请另存后再试", USAGE)
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(file))
        visible = [sheet.name for sheet in book.sheets_metadata if str(sheet.visible).endswith("Visible")]
        return [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in visible]
    except Exception as wrong:
        raise Refused(f"{file.name} 不是能读的表格({wrong})", "请另存为 .xlsx、.xls 或 .csv", USAGE) from None


def _csv_rows(file: Path) -> list[list[str]]:
    octets = file.read_bytes()
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        words = octets.decode("utf-16", "replace")
    else:
        words = next((text for text in map(_decoder(octets), _ENCODINGS) if text is not None), "")
        words = words or octets.decode("gb18030", "replace")
    csv.field_size_limit(1 << 20)
    sample = words[:4096]
    delimiter = max(",\t;", key=sample.count)
    return list(csv.reader(StringIO(words, newline=""), delimiter=delimiter))


def _decoder(octets: bytes) -> Callable[[str], str | None]:
    def attempt(encoding: str) -> str | None:
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError:
            return None

    return attempt


# ------------------------------------------------------------------------------------------------------------ writing


def write_faults(file: Path, faults: Iterable[Fault]) -> None:
    """The rows that were not taken: row, column, value, reason. Holds numbers, so only its owner may read it."""
    rows = ((one.row, one.column, one.value, one.reason) for one in faults)
    write_table(file, "错误", ("行号", "列", "原值", "错误原因"), rows)


def check_table(file: Path) -> None:
    """Raises `Refused` unless the file is called as a table is, in a folder that is there: before anything is done."""
    if file.suffix.lower() not in (".xlsx", ".csv"):
        raise Refused(f"不能写成 {file.name}", "文件名以 .xlsx 或 .csv 结尾", USAGE)
    if not file.parent.is_dir():
        raise Refused(f"没有目录 {file.parent}", "请先建立目录,或写另一个文件名", USAGE)


def write_table(file: Path, title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """An .xlsx or .csv file of plain words: nothing in it is a formula. Mode 0600. Raises `Refused`.

    A table of that name is written over; nothing else can be, because nothing else may be named.
    """
    check_table(file)
    try:
        file.unlink(missing_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    except OSError as trouble:
        raise Refused(f"写不了 {file}:{trouble.strerror}", "请检查权限、文件是否正被打开", USAGE) from None
    if file.suffix.lower() == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(header)
            writer.writerows([neutralised(cell) for cell in row] for row in rows)
        return
    import xlsxwriter  # costs a command a quarter of a second

    with xlsxwriter.Workbook(str(file), {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(title)
        bold = book.add_format({"bold": True})
        for at, cell in enumerate(header):
            sheet.write_string(0, at, cell, bold)
            sheet.set_column(at, at, 16)
        for number, row in enumerate(rows, 1):
            for at, value in enumerate(row):
                sheet.write_string(number, at, _printable(value))
        sheet.freeze_panes(1, 0)


def neutralised(cell: object) -> str:
    """A CSV cell that no spreadsheet program takes for a formula."""
    words = _printable(cell)
    return f"'{words}" if words[:1] and words[0] in _LEADS else words


def _printable(cell: object) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", "" if cell is None else str(cell))


def write_sheet(file: Path, rows: Sequence[Sequence[object]]) -> None:
    """A sheet as an office would send it: words as words, numbers as numbers."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(file), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("名册")
        for number, row in enumerate(rows):
            for at, cell in enumerate(row):
                if isinstance(cell, (int, float)):
                    sheet.write_number(number, at, cell)
                elif cell:
                    sheet.write_string(number, at, str(cell))
