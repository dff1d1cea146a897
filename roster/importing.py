"""From the rows of an office's roster file to informants, or to faults that say which cell is wrong and why."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from roster import identity as identities
from roster import phones

Row = Sequence[object]
"""The cells of one row as the reader gives them: str, int, float, bool, date, None or ""."""

HEADER_WITHIN = 10  # the header is looked for in so many rows: above it stand titles
LONGEST_CELL = 1_000

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("姓名", "名字", "信息员姓名"),
    "phone": ("手机号", "手机", "手机号码", "电话", "电话号码", "联系电话", "联系方式", "移动电话"),
    "identity": ("身份证号", "身份证", "身份证号码", "公民身份号码", "证件号码"),
    "category": ("职业类别", "类别", "人员类别", "社会类别", "身份类别", "界别"),
    "township": ("乡镇(街道)", "乡镇", "乡镇街道", "所在乡镇", "街道", "乡(镇)"),
    "village": ("村(社区)", "村", "村社区", "所在村", "社区", "行政村"),
    "gender": ("性别",),
    "unit": ("单位", "工作单位", "所在单位"),
    "duty": ("职务", "职位"),
    "note": ("备注", "说明"),
}
LABELS = {key: names[0] for key, names in COLUMNS.items()}
REQUIRED = ("name", "phone", "category", "township")
_FOOTERS = ("合计", "总计", "共计", "小计", "制表", "填表", "审核", "负责人", "联系人", "说明:", "注:", "填报")


@dataclass(frozen=True, slots=True)
class Lists:
    """The categories and townships that exist, by every way they are written."""

    categories: Mapping[str, str]
    townships: Mapping[str, str]
    villages: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_toml(cls, table: Mapping[str, Iterable[Mapping[str, Any]]]) -> "Lists":
        """From `config/roster.toml`."""
        return cls(
            _by_alias(table["category"]),
            _by_alias(table["township"]),
            {row["name"]: tuple(row.get("villages", ())) for row in table["township"]},
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that can become an informant."""

    row: int
    phone: str  # E.164
    name: str
    identity: str
    category: str
    township: str
    village: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot, with the cell that is to blame. `kind` is the reason to count by."""

    row: int
    column: str
    value: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds. `skipped` are rows that are no people: titles, totals, signatures, blanks."""

    entries: tuple[Entry, ...]
    faults: tuple[Fault, ...]
    skipped: int
    header_row: int


class NoHeader(Exception):
    """No row of the first ten names the columns that are needed. The message lists what is missing."""


def read(rows: Sequence[Row], lists: Lists, today: date) -> Reading:
    """Read the rows of a sheet, the first being row 1. Raises `NoHeader`."""
    header_row, columns = _find_header(rows)
    entries: list[Entry] = []
    faults: list[Fault] = []
    seen_phones: dict[str, int] = {}
    seen_identities: dict[str, int] = {}
    skipped = header_row
    for number, row in enumerate(rows[header_row:], header_row + 1):
        cells = {key: row[at] if at < len(row) else "" for key, at in columns.items()}
        if _is_no_person(row, cells):
            skipped += 1
            continue
        result = _entry(number, cells, lists, today)
        if isinstance(result, Entry):
            result = _unless_repeated(result, cells, seen_phones, seen_identities)
        if isinstance(result, Entry):
            entries.append(result)
        else:
            faults.append(result)
    return Reading(tuple(entries), tuple(faults), skipped, header_row)


def _find_header(rows: Sequence[Row]) -> tuple[int, dict[str, int]]:
    best: dict[str, int] = {}
    for number, row in enumerate(rows[:HEADER_WITHIN], 1):
        columns: dict[str, int] = {}
        for at, cell in enumerate(row):
            written = squeezed(cell)
            key = _KEYS.get(written) or _KEYS.get(re.sub(r"\(.*?\)", "", written))  # "手机号(必填)"
            if key is not None:
                columns.setdefault(key, at)
        if all(key in columns for key in REQUIRED):
            return number, columns
        best = max(best, columns, key=len)
    missing = "、".join(LABELS[key] for key in REQUIRED if key not in best)
    raise NoHeader(f"前{HEADER_WITHIN}行中找不到表头,缺少列:{missing}")


def _is_no_person(row: Row, cells: Mapping[str, object]) -> bool:
    words = [words_of(cell) for cell in row]
    first = next((word for word in words if word), "")
    return not first or (not words_of(cells["phone"]) and first.startswith(_FOOTERS))


def _entry(number: int, cells: Mapping[str, object], lists: Lists, today: date) -> Entry | Fault:
    """One row by itself. The first thing wrong with it is reported."""

    def wrong(key: str, kind: str, reason: str) -> Fault:
        return Fault(number, LABELS[key], words_of(cells.get(key, ""))[:60], kind, reason)

    too_long = next((key for key, cell in cells.items() if len(str(cell)) > LONGEST_CELL), None)
    if too_long is not None:
        return wrong(too_long, "too long", f"单元格超过{LONGEST_CELL}字")
    name = re.sub(r"\s+", "", words_of(cells["name"]))
    if not name:
        return wrong("name", "no name", "没有姓名")
    phone = phones.parse(words_of(cells["phone"]))
    if isinstance(phone, phones.Fault):
        return wrong("phone", "landline" if phone.kind == "landline" else "invalid number", phone.reason)
    category = lists.categories.get(squeezed(cells["category"]))
    if category is None:
        return wrong("category", "unknown category", "没有这个职业类别,xinqiao roster categories 列出全部")
    township = lists.townships.get(squeezed(cells["township"]))
    if township is None:
        return wrong("township", "unknown township", "没有这个乡镇,xinqiao roster townships 列出全部")
    if isinstance(cells.get("identity"), (int, float)):
        return wrong("identity", "identity as number", "身份证号按数字存储,已失真,请改为文本格式重新填写")
    identity = identities.tidy(words_of(cells.get("identity", "")))
    identity_fault = identities.fault(identity, today) if identity else ""
    if identity_fault:
        return wrong("identity", "invalid identity", identity_fault)
    details = {key: words_of(cells.get(key, "")) for key in ("gender", "unit", "duty", "note")}
    village = words_of(cells.get("village", ""))
    return Entry(number, phone, name, identity, category, township, village, {k: v for k, v in details.items() if v})


def _unless_repeated(
    entry: Entry, cells: Mapping[str, object], seen_phones: dict[str, int], seen_identities: dict[str, int]
) -> Entry | Fault:
    """The first row with a number or identity number counts."""
    if entry.phone in seen_phones:
        reason = f"与第{seen_phones[entry.phone]}行的号码相同"
        return Fault(entry.row, LABELS["phone"], words_of(cells["phone"]), "duplicate number", reason)
    if entry.identity and entry.identity in seen_identities:
        reason = f"与第{seen_identities[entry.identity]}行的身份证号相同"
        return Fault(entry.row, LABELS["identity"], words_of(cells["identity"]), "duplicate identity", reason)
    seen_phones[entry.phone] = entry.row
    if entry.identity:
        seen_identities[entry.identity] = entry.row
    return entry


def words_of(cell: object) -> str:
    """A cell as words. A whole number loses the ".0" that spreadsheets give it."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return unicodedata.normalize("NFKC", str(cell)).replace("\x00", "").strip()


def squeezed(cell: object) -> str:
    """A cell without blanks and colons: what a head or a name is compared by."""
    return re.sub(r"[\s*::]+", "", words_of(cell))


def _by_alias(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {squeezed(written): row["name"] for row in rows for written in (row["name"], *row.get("aliases", ()))}


_KEYS = {squeezed(name): key for key, names in COLUMNS.items() for name in names}
