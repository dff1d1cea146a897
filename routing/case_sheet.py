"""From the rows of a sheet of matters that came other ways to entries, or to faults that say which cell is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from roster import phones
from roster.importing import Fault, Row, squeezed, words_of
from routing.channels import Channels

HEADER_WITHIN = 10
LONGEST = 2_000  # characters of a matter
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "text": ("内容", "反映内容", "诉求内容", "反映问题", "来件内容", "问题"),
    "channel": ("渠道", "来源", "来件渠道", "途径"),
    "phone": ("手机号", "手机", "手机号码", "电话", "联系电话", "联系方式"),
    "name": ("姓名", "来件人", "反映人", "诉求人", "联系人"),
    "received": ("收到时间", "来件时间", "收到日期", "来件日期", "时间", "日期"),
    "reference": ("外部编号", "原编号", "工单号", "工单编号", "来件编号", "编号"),
}
LABELS = {key: names[0] for key, names in COLUMNS.items()}
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d")


@dataclass(frozen=True, slots=True)
class Brought:
    """A matter that came another way. What is not known is empty."""

    channel: str  # code
    text: str
    phone: str = ""  # E.164
    name: str = ""
    received_at: datetime | None = None
    reference: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet holds."""

    entries: tuple[Brought, ...]
    faults: tuple[Fault, ...]


class NoHeader(Exception):
    """No row of the first ten names the column of the matters."""


def read(rows: Sequence[Row], channels: Channels, usual: str, now: datetime, zone: tzinfo) -> Sheet:
    """The rows of a sheet, the first being row 1; `usual` is the channel of those without. Raises `NoHeader`."""
    header, columns = _header(rows)
    entries: list[Brought] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows[header:], header + 1):
        cells = {key: row[at] if at < len(row) else "" for key, at in columns.items()}
        if not any(words_of(cell) for cell in cells.values()):
            continue
        one = _entry(number, cells, channels, usual, now, zone)
        if isinstance(one, Brought) and one.reference:
            before = seen.setdefault((one.channel, one.reference), number)
            if before != number:
                one = Fault(number, LABELS["reference"], one.reference, "repeated", f"与第{before}行的外部编号相同")
        (entries if isinstance(one, Brought) else faults).append(one)  # type: ignore[arg-type]
    return Sheet(tuple(entries), tuple(faults))


def _header(rows: Sequence[Row]) -> tuple[int, dict[str, int]]:
    for number, row in enumerate(rows[:HEADER_WITHIN], 1):
        columns: dict[str, int] = {}
        for at, cell in enumerate(row):
            key = _KEYS.get(squeezed(cell))
            if key is not None:
                columns.setdefault(key, at)
        if "text" in columns:
            return number, columns
    raise NoHeader(f"前{HEADER_WITHIN}行中找不到表头,缺少列:{LABELS['text']}")


def _entry(
    number: int, cells: Mapping[str, object], channels: Channels, usual: str, now: datetime, zone: tzinfo
) -> Brought | Fault:
    """One row by itself. The first thing wrong with it is reported."""

    def wrong(key: str, kind: str, reason: str) -> Fault:
        return Fault(number, LABELS[key], words_of(cells.get(key, ""))[:60], kind, reason)

    text = words_of(cells["text"])
    if not text:
        return wrong("text", "no text", "没有写反映的内容")
    if len(text) > LONGEST:
        return wrong("text", "too long", f"内容超过{LONGEST}字")
    channel = channels.find(words_of(cells.get("channel", "")) or usual)
    if channel not in channels.brought():
        names = "、".join(channels.label(code) for code in channels.brought())
        return wrong("channel", "unknown channel", f"没有这个渠道,可选:{names}")
    written = words_of(cells.get("phone", ""))
    phone = phones.parse(written) if written else ""
    if isinstance(phone, phones.Fault):
        hint = ",不能短信答复;没有手机请留空" if phone.kind == "landline" else ""
        return wrong("phone", "invalid number", phone.reason + hint)
    try:
        received = moment(cells.get("received", ""), zone)
    except ValueError:
        return wrong("received", "invalid time", "看不懂时间,写成 2026-11-24 或 2026-11-24 09:30")
    if received is not None and received > now:
        return wrong("received", "invalid time", "时间还没有到")
    name, reference = words_of(cells.get("name", "")), words_of(cells.get("reference", ""))
    return Brought(channel, text, phone, name[:40], received, reference[:80], number)


def moment(cell: object, zone: tzinfo) -> datetime | None:
    """When something came, in the office's time; None for an empty cell. Raises `ValueError` for what is no time."""
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=zone)
    if isinstance(cell, date):
        return datetime.combine(cell, time(), zone)
    written = words_of(cell).replace("年", "-").replace("月", "-").replace("日", " ").replace("T", " ").strip()
    if not written:
        return None
    for form in _FORMS:
        try:
            return datetime.strptime(written, form).replace(tzinfo=zone)
        except ValueError:
            continue
    raise ValueError(written)


def known_already(one: Brought, number: str) -> Fault:
    """The fault of a row whose matter is registered already."""
    return Fault(one.row, LABELS["reference"], one.reference, "known", f"已登记为 {number}")


_KEYS = {squeezed(name): key for key, names in COLUMNS.items() for name in names}
