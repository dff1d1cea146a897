"""`xinqiao case board` and `overdue`: how every unit stands, and which cases are late; now, or as of a past day."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from gateway import supervision_desk
from gateway.casebook import Desk as CaseDesk
from gateway.cli import period, screen
from gateway.cli.case_view import Json, label
from gateway.cli.desk import Desk, open_desk
from gateway.errors import USAGE, Refused
from gateway.supervision_desk import Board, Late, Line
from routing.cases import LABELS, CaseState
from routing.deadlines import LAMP_LABELS
from routing.seen import Seen

AsOf = Annotated[str, typer.Option("--as-of", help="看过去某一天结束时的情况,例如 2026-11-24;不写为现在")]
SUPERVISED = {"none": "", "urged": "催办", "supervised": "督办"}


def register(app: typer.Typer) -> None:
    """Add the commands to `xinqiao case`."""

    @app.command(help="督办看板:各单位未答复的件,将到期、黄灯、红灯、已催办、已督办;沟通办自己的灯。")
    def board(ctx: typer.Context, as_of: AsOf = "", as_json: Json = False) -> None:
        """The worst first."""
        book, seen, now = seen_at(open_desk(ctx.obj), as_of)
        found = supervision_desk.board(book, seen, now)
        data = {"at": now, "units": [_data(one) for one in found.units], "total": _data(found.total)}
        screen.emit(as_json, data | {"office": found.office}, lambda: _print(found, book.today(now)))

    @app.command(help="超期未答复的件:主办、现在在谁手里、超了几日、到了哪一步。")
    def overdue(
        ctx: typer.Context,
        unit: Annotated[str, typer.Option("--unit", help="只看一个单位")] = "",
        as_of: AsOf = "",
        as_json: Json = False,
    ) -> None:
        """The latest first."""
        book, seen, now = seen_at(open_desk(ctx.obj), as_of)
        name = unit and _unit(book, unit)
        late = [one for one in supervision_desk.overdue(book, seen, now) if name in ("", one.unit)]
        screen.emit(as_json, late, lambda: _print_late(late, book.today(now)))


def seen_at(desk: Desk, as_of: str) -> tuple[CaseDesk, tuple[Seen, ...], datetime]:
    """What was open at the end of a past day, or now, seen with the office's data as known then. Raises `Refused`."""
    desk.require("case.watch")
    now = moment(desk, as_of)
    book = supervision_desk.as_known(CaseDesk.from_settings(desk.settings), now)
    with desk.database.read() as tx:
        return book, supervision_desk.look(tx, book, now, now), now


def moment(desk: Desk, as_of: str) -> datetime:
    """The last moment of a past day; now for today. Raises `Refused` for a day to come."""
    zone = desk.settings.zone()
    now = desk.now()
    on, today = period.day(as_of) if as_of else now.astimezone(zone).date(), now.astimezone(zone).date()
    if on > today:
        raise Refused(f"{on} 还没有到", "写今天或过去的日期", USAGE)
    return now if on == today else period.begins(period.after(on), zone) - timedelta(milliseconds=1)


def _unit(book: CaseDesk, written: str) -> str:
    found = book.departments.find(written)
    if found is None:
        raise Refused(f"没有单位“{written}”", "单位名称见 departments.toml", USAGE)
    return found.name


def _data(line: Line) -> dict[str, Any]:
    return {
        "unit": line.unit,
        "open": line.open,
        "due_soon": line.due_soon,
        "yellow": line.yellow,
        "red": line.red,
        "urged": line.urged,
        "supervised": line.supervised,
        "on_time": {"numerator": line.on_time, "denominator": line.open},
    }


def _print(found: Board, on: date) -> None:
    columns = ("单位", "#未答复", "#将到期", "#黄灯", "#红灯", "#已催办", "#已督办", "未超期率")
    rows = [
        (
            *(one.unit, one.open, one.due_soon, one.yellow, one.red, one.urged, one.supervised),
            screen.rate(one.on_time, one.open),
        )
        for one in (*found.units, found.total)
    ]
    screen.table(f"督办看板 {on}", columns, rows)
    if found.office:
        waits = [(LABELS[CaseState(one.state)], one.cases, one.yellow, one.red) for one in found.office]
        screen.table("沟通办自己的灯", ("状态", "#件数", "#黄灯", "#红灯"), waits)


def _print_late(late: list[Late], on: date) -> None:
    columns = ("编号", "主办", "现在", "期限", "#超期", "灯", "已到", "督办")
    rows = [
        (
            *(one.number, one.unit, one.holder, one.due, one.days, LAMP_LABELS[one.lamp]),
            *(label(one.rung) if one.rung else "", SUPERVISED[one.supervision]),
        )
        for one in late
    ]
    screen.table(f"超期未答复 {len(late)} 件({on})", columns, rows)
