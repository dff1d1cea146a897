"""`xinqiao case due`: until when a case is to be answered, why, and how its lamp stands."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.text import Text

from gateway import case_record, resources
from gateway.cli import screen
from gateway.cli.case_view import of_unit
from gateway.cli.desk import Desk, open_desk
from routing import deadlines, supervision
from routing.calendar import Calendar, DayKind, weekday
from routing.cases import LABELS, Case
from routing.deadlines import LAMP_LABELS, Clock, Counted, Lamp, Limit, Matter, Move, Terms, Waiting
from routing.supervision import RUNG_LABELS, Call

COLOURS = {Lamp.NONE: "", Lamp.GREEN: "green", Lamp.YELLOW: "yellow", Lamp.RED: "bold red"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything there is to say about a case's time."""

    clocks: tuple[Clock, ...]
    waiting: Waiting | None
    shares: dict[str, int]
    reached: tuple[Call, ...]  # rungs of the ladder that have come
    calls: tuple[Call, ...]  # and those still to come
    days: tuple[Counted, ...]

    @classmethod
    def of(
        cls,
        moves: tuple[Move, ...],
        matter: Matter,
        terms: Terms,
        rules: supervision.Rules,
        calendar: Calendar,
        now: datetime,
    ) -> "Standing":
        """As it is now."""
        clocks = deadlines.clocks(moves, matter, terms, calendar, now)
        waiting = deadlines.waiting(moves, terms, calendar, now)
        if not clocks:
            return cls((), waiting, {}, (), (), ())
        running = clocks[-1]
        calls = supervision.ladder(moves, running, rules, calendar) if running.answered is None else ()
        return cls(
            clocks,
            waiting,
            deadlines.shares(moves, running, calendar, now),
            tuple(call for call in calls if call.at <= now),
            tuple(call for call in calls if call.at > now),
            deadlines.explain(running, calendar, now),
        )


def register(app: typer.Typer, visible: Callable[[Any, Desk, str], Case]) -> None:
    """Add the command to `xinqiao case`; `visible` finds a case that the operator may see."""

    @app.command("due", help="一件的期限和灯;加 --explain 逐日说明为什么是这一天。")
    def due(
        ctx: typer.Context,
        number: Annotated[str, typer.Argument(help="受理编号")],
        explain: Annotated[bool, typer.Option("--explain", help="逐日列出计数和依据")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    ) -> None:
        """Computed from the history, the calendar and now."""
        desk = open_desk(ctx.obj)
        desk.require("case.view")
        now = desk.now()
        calendar = resources.calendar(desk.settings).as_of(now.astimezone(desk.settings.zone()).date())
        with desk.database.read() as tx:
            case = visible(tx, desk, number)
            standing = _standing(tx, desk, case, calendar, now)
        screen.emit(as_json, _data(case, standing, explain), lambda: _print(case, standing, calendar, explain))


def limits(tx: sa.Connection, desk: Desk, cases: Iterable[Case]) -> dict[int, Limit | Waiting]:
    """The limit that each case is held to now, with its lamp."""
    now = desk.now()
    calendar = resources.calendar(desk.settings).as_of(now.astimezone(desk.settings.zone()).date())
    return case_record.limits(tx, cases, resources.terms(desk.settings), calendar, now)


def waits(tx: sa.Connection, desk: Desk, cases: Iterable[Case]) -> dict[int, Waiting]:
    """Until when the office itself may leave each case; nothing for people of units, whom it does not concern."""
    if of_unit(desk):
        return {}
    now = desk.now()
    calendar = resources.calendar(desk.settings).as_of(now.astimezone(desk.settings.zone()).date())
    return case_record.waits(tx, cases, resources.terms(desk.settings), calendar, now)


def lamp(limit: Limit | Waiting | None) -> Text:
    """The lamp as a word before its colour: prints are black and white."""
    return Text(LAMP_LABELS[limit.lamp], style=COLOURS[limit.lamp]) if limit else Text("")


def data_of(limit: Limit | Waiting | None, waits: Waiting | None = None) -> dict[str, Any]:
    """For programs. `office` is the office's own, where the case waits for the office."""
    office = {"due": waits.due, "lamp": waits.lamp} if waits else None
    return {"due": limit.due if limit else None, "lamp": limit.lamp if limit else None, "office": office}


def _standing(tx: sa.Connection, desk: Desk, case: Case, calendar: Calendar, now: datetime) -> Standing:
    matter, moves = case_record.read(tx, case)
    terms, rules = resources.terms(desk.settings), resources.supervision(desk.settings)
    return Standing.of(moves, matter, terms, rules, calendar, now)


# ------------------------------------------------------------------------------------------------------ for programs


def _data(case: Case, standing: Standing, explain: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "number": case.number,
        "state": case.state,
        "clocks": [asdict(clock) | {"in_force": asdict(clock.in_force)} for clock in standing.clocks],
        "shares": standing.shares,
        "reached": [_call(call) for call in standing.reached],
        "next": [_call(call) for call in standing.calls],
        "waiting": asdict(standing.waiting) if standing.waiting else None,
    }
    if explain:
        data["days"] = [
            {
                "on": one.day.on,
                "kind": one.day.kind,
                "reason": one.day.reason,
                "document": one.day.document,
                "provisional": one.day.provisional,
                "number": one.number,
                "note": one.note,
            }
            for one in standing.days
        ]
    return data


def _call(call: Call) -> dict[str, Any]:
    label, who = RUNG_LABELS[call.rung]
    return {"rung": call.rung, "label": label, "who": who, "at": call.at}


# -------------------------------------------------------------------------------------------------------- for people


def _print(case: Case, standing: Standing, calendar: Calendar, explain: bool) -> None:
    rows: list[tuple[str, object]] = [("状态", LABELS[case.state])]
    if standing.clocks:
        rows += _clock(standing, calendar)
    else:
        rows.append(("期限", "尚未交办,期限没有起算"))
    if standing.waiting is not None:
        one = standing.waiting
        until = f"{_day(one.due)}前应由沟通办处理"
        rows.append(("沟通办", _lamp(one.lamp, until)))
    screen.table(f"{case.number} 期限", ("项目", "内容"), rows)
    if explain and standing.days:
        columns = ("日期", "", "#第几日", "性质", "说明", "依据")
        screen.table("逐日说明", columns, [_counted(one) for one in standing.days])


def _clock(standing: Standing, calendar: Calendar) -> list[tuple[str, object]]:
    clock = standing.clocks[-1]
    unit = "个工作日" if clock.term.working else "日"
    law = f",{clock.term.source}" if clock.term.source else ""
    rows: list[tuple[str, object]] = [
        ("适用", f"{clock.term.name},{clock.term.days}{unit}{law}"),
        ("起算", f"{screen.moment(clock.started, calendar.zone)}(当日不计)"),
        ("法定期限", _limit(clock.statutory, clock.provisional and clock.adjusted is None, calendar)),
    ]
    if clock.adjusted is not None:
        rows.append(("交办(延期)期限", _limit(clock.adjusted, clock.provisional, calendar)))
    if clock.answered is not None:
        rows.append(("答复", screen.moment(clock.answered, calendar.zone)))
    whose = "、".join(f"{holder} {days}" for holder, days in standing.shares.items())
    rows.append(("已用", f"{clock.elapsed}{unit}{f':{whose}' if whose else ''}"))
    if clock.paused:
        rows.append(("挂账", f"{clock.paused}{unit},不计入{',挂账中' if clock.suspended else ''}"))
    for past in standing.clocks[:-1]:
        rows.append(("此前一轮", _limit(past.statutory, False, calendar)))
    if standing.reached:
        came = (f"{RUNG_LABELS[call.rung][0]} {screen.moment(call.at, calendar.zone)}" for call in standing.reached)
        rows.append(("已到", "、".join(came)))
    for call in standing.calls[:1]:
        label, who = RUNG_LABELS[call.rung]
        rows.append(("下一步", f"{screen.moment(call.at, calendar.zone)} {label}({who})"))
    return rows


def _limit(limit: Limit, provisional: bool, calendar: Calendar) -> Text:
    ends = calendar.hours.closing
    words = f"{_day(limit.due)} {ends.strftime('%H:%M') if ends else '24:00'}止{'(暂定)' if provisional else ''}"
    return _lamp(limit.lamp, words)


def _lamp(lamp: Lamp, words: str) -> Text:
    """A date with its lamp."""
    return Text(f"{words},{LAMP_LABELS[lamp]}", style=COLOURS[lamp])


def _day(on: date) -> str:
    return f"{on}({weekday(on)})"


def _counted(one: Counted) -> tuple[object, ...]:
    named = one.day.kind in (DayKind.HOLIDAY, DayKind.MAKE_UP)
    reason = Text(one.day.reason, style="cyan" if named else "")
    return one.day.on, weekday(one.day.on), one.number, reason, one.note, one.day.document
