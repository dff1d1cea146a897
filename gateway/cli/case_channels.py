"""`xinqiao case import`, `told`, `channels`, `pack`: matters that came other ways, their answers, their counts."""

from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import case_pack, channel_desk, resources
from gateway.casebook import Desk as CaseDesk
from gateway.cli import period, screen
from gateway.cli.case_view import Json, No, data_of, of_unit, reader
from gateway.cli.desk import Desk, open_desk
from gateway.errors import USAGE, Refused
from gateway.roster_files import read_sheets, write_faults
from gateway.sight import Sight
from roster.phones import Fault, masked_name, parse
from routing import case_sheet
from routing.case_sheet import Brought, NoHeader, Sheet
from routing.cases import LABELS, Case
from routing.channels import Channels


def register(app: typer.Typer) -> None:
    """Add the commands to `xinqiao case`."""

    @app.command("import", help="由表格(.xlsx、.xls、.csv)成批登记其他渠道的来件。默认只试算;加 --apply 才写入。")
    def import_(
        ctx: typer.Context,
        file: Annotated[Path, typer.Argument(help="表格;表头至少有“内容”,可有渠道、手机号、姓名、收到时间、外部编号")],
        channel: Annotated[str, typer.Option(help="没有写渠道的行是哪个渠道")] = "热线",
        apply: Annotated[bool, typer.Option("--apply", help="写入(不加则只试算)")] = False,
        errors: Annotated[Path | None, typer.Option(help="错误清单;默认为 <文件名>.errors.xlsx")] = None,
        as_json: Json = False,
    ) -> None:
        """Read, compare, show; then one transaction."""
        desk = open_desk(ctx.obj)
        actor = desk.require("case.enter").name
        known = resources.channels(desk.settings)
        sheet = _read(desk, file, known, _code(known, channel))
        book = CaseDesk.from_settings(desk.settings)
        numbers: list[str] = []
        with desk.database.write() if apply else desk.database.read() as tx:
            entries, faults = _unless_known(tx, sheet)
            for one in entries if apply else ():
                prefixes = resources.prefixes(desk.settings)
                numbers.append(channel_desk.enter(tx, book, desk.vault, prefixes, one, actor, desk.now()).number)
            if apply:
                desk.audit(tx, "case.import", file.name, {"entered": len(numbers), "refused": len(faults)})
        where = errors or file.with_name(f"{file.stem}.errors.xlsx")
        if faults:
            write_faults(where, faults)
        data = {
            "applied": apply,
            "accepted": len(entries),
            "rejected": len(faults),
            "errors_file": str(where) if faults else None,
            "numbers": numbers,
        }
        screen.emit(as_json, data, lambda: _print_import(file, data, faults, where))

    @app.command(help="来件人没有手机时,登记已按原渠道答复;随即办结。")
    def told(
        ctx: typer.Context,
        number: No,
        how: Annotated[str, typer.Option(help="何时、怎样答复的,例如 11月24日在留言板公开回复")],
        as_json: Json = False,
    ) -> None:
        """REPLIED to CLOSED: nobody can be asked to rate."""
        desk = open_desk(ctx.obj)
        actor = desk.require("case.told").name
        book = CaseDesk.from_settings(desk.settings)
        with desk.database.write() as tx:
            case = channel_desk.told(tx, book, number, how, actor, desk.now())
            desk.audit(tx, "case.told", case.number)
        said = f"{case.number} 已登记按原渠道答复,现在是“{LABELS[case.state]}”"
        screen.emit(as_json, data_of(desk, case), lambda: screen.say(said, "green"))

    @app.command(help="各渠道的来件:登记、在办、待按原渠道答复、办结、并案、不予受理。")
    def channels(ctx: typer.Context, first: period.First = "", last: period.Last = "", as_json: Json = False) -> None:
        """By the day of registration; the columns add up."""
        desk = open_desk(ctx.obj)
        desk.require("case.watch")
        book = CaseDesk.from_settings(desk.settings)
        today = book.today(desk.now())
        since, until = period.period(first, last, today.replace(month=1, day=1), today)
        with desk.database.read() as tx:
            found = channel_desk.counts(tx, book, since, until)
        known = resources.channels(desk.settings)
        names = ("cases", "with_phone", "open", "to_tell", "closed", "merged", "rejected")
        rows = [(known.label(one.channel), *(getattr(one, name) for name in names)) for one in found]
        rows.append(("合计", *(sum(getattr(one, name) for one in found) for name in names)))
        columns = ("渠道", "#登记", "#有手机", "#在办", "#其中待答复", "#办结", "#并案", "#不予受理")
        data = {"from": since, "to": until, "channels": found}
        screen.emit(as_json, data, lambda: screen.table(f"各渠道来件 {since} 至 {until}", columns, rows))

    @app.command(help="停电断网备用:把各单位在办的件和空白登记表写成 Excel。保密件和来件人身份不在其中。")
    def pack(
        ctx: typer.Context,
        folder: Annotated[Path, typer.Argument(help="写到哪个目录(可以是 U 盘)")],
        as_json: Json = False,
    ) -> None:
        """One file for each unit, and an empty sheet that `case import` reads."""
        desk = open_desk(ctx.obj)
        desk.require("case.watch")
        book = CaseDesk.from_settings(desk.settings)
        with desk.database.write() as tx:
            packed = case_pack.write(tx, book, desk.vault, resources.channels(desk.settings), folder, desk.now())
            desk.audit(tx, "case.pack", folder.name, {"cases": packed.cases, "sealed": packed.sealed})
        rows = [(file.name, count) for file, count in packed.files]
        data = {"folder": str(folder), "cases": packed.cases, "sealed": packed.sealed, "files": dict(rows)}

        def render() -> None:
            screen.table(f"已写入 {folder}", ("文件", "#件数"), rows)
            screen.say(f"在办 {packed.cases} 件,保密件 {packed.sealed} 件未写入")

        screen.emit(as_json, data, render)


def brought(desk: Desk, channel: str, text: str, phone: str, name: str, received: str, reference: str) -> Brought:
    """A matter as somebody enters it by hand. Raises `Refused`."""
    known = resources.channels(desk.settings)
    if not text.strip():
        raise Refused("没有写反映的内容", "用 --text 写明,或用 --from-text 指明来信", USAGE)
    number = parse(phone) if phone else ""
    if isinstance(number, Fault):
        raise Refused(number.reason, "写11位手机号码", USAGE)
    try:
        at = case_sheet.moment(received, desk.settings.zone())
    except ValueError:
        raise Refused(f"看不懂时间“{received}”", "写成 2026-11-24 或 2026-11-24 09:30", USAGE) from None
    if at is not None and at > desk.now():
        raise Refused(f"{received} 还没有到", "写来件在原渠道收到的时间", USAGE)
    return Brought(_code(known, channel), text.strip(), number, name.strip(), at, reference.strip())


def came(tx: sa.Connection, desk: Desk, case: Case) -> dict[str, Any] | None:
    """Where a case came from, for the office: the name of who brought it as a pseudonym shows it."""
    origin = channel_desk.origin(tx, desk.vault, case.id)
    if origin is None or of_unit(desk):
        return None
    known = reader(desk).sees(case) >= Sight.REPORTER
    name = masked_name(origin.name) if known else ""
    reference = origin.reference if known else ""  # by it the matter is found where it came from, with its name
    return {"reference": reference, "received_at": origin.received_at, "name": name}


def print_came(desk: Desk, origin: dict[str, Any] | None) -> None:
    """What is known of where a case came from, if anything is."""
    if origin is not None and any(origin.values()):
        at = screen.moment(origin["received_at"], desk.settings.zone())
        said = (
            ("外部编号", origin["reference"]),
            ("收到", at),
            ("来件人", origin["name"]),
        )
        screen.say(";".join(f"{label} {value}" for label, value in said if value))


def _code(known: Channels, written: str) -> str:
    code = known.find(written)
    if code not in known.brought():
        names = "、".join(f"{known.label(one)}({one})" for one in known.brought())
        raise Refused(f"没有渠道“{written}”", f"可选:{names}", USAGE)
    return str(code)


def _read(desk: Desk, file: Path, known: Channels, usual: str) -> Sheet:
    trouble = "没有内容"
    for _, rows in read_sheets(file):
        try:
            return case_sheet.read(rows, known, usual, desk.now(), desk.settings.zone())
        except NoHeader as missing:
            trouble = str(missing)
    raise Refused(f"{file.name}:{trouble}", "表头写:内容、渠道、手机号、姓名、收到时间、外部编号", USAGE)


def _unless_known(tx: sa.Connection, sheet: Sheet) -> tuple[list[Brought], list[Any]]:
    """A matter that is registered already is a fault of its row."""
    entries, faults = [], list(sheet.faults)
    for one in sheet.entries:
        known = channel_desk.by_reference(tx, one.channel, one.reference)
        if known is None:
            entries.append(one)
        else:
            faults.append(case_sheet.known_already(one, known.number))
    return entries, sorted(faults, key=lambda fault: fault.row)


def _print_import(file: Path, data: dict[str, Any], faults: list[Any], where: Path) -> None:
    screen.say(f"{file.name}:{'已登记' if data['applied'] else '试算(未写入)'}", "bold")
    screen.table("来件", ("项目", "#行数"), [("可登记", data["accepted"]), ("未收", data["rejected"])])
    if data["numbers"]:
        screen.say(f"编号 {data['numbers'][0]} 至 {data['numbers'][-1]}")
    if faults:
        rows = [(one.row, one.column, one.reason) for one in faults[:20]]
        screen.table("未收的行", ("#行号", "列", "原因"), rows)
        screen.say(f"错误清单:{where}(可能含号码,请妥善保管)")
    if not data["applied"]:
        screen.say("确认无误后加 --apply 写入", "yellow")
