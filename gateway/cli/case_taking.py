"""How is a step of a case taken at the desk? In the caller's role, and it says how the case then stands."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import case_desk, rights
from gateway.case_desk import ORDERING
from gateway.casebook import Desk as CaseDesk
from gateway.cli import screen
from gateway.cli.case_view import data_of, label, visible
from gateway.cli.desk import Desk, open_desk
from gateway.cli.units import unit_named
from gateway.errors import USAGE, Refused
from routing.cases import LABELS, PROPOSERS, Case, CaseState, Facts
from routing.store import timeline

Reason = Annotated[str, typer.Option(help="理由")]
Reply = Annotated[str, typer.Option(help="给群众的答复,最多四条短信")]
Made = dict[str, Any] | Callable[[sa.Connection, CaseDesk, Case], dict[str, Any]]
"""Facts of a step, or how they follow from the store, the office's data and the case."""


def act(
    ctx: typer.Context, number: str, event: str, as_json: bool, facts: Made, do: Callable[..., Case] = case_desk.act
) -> None:
    """One step: rights, rule, outbox, store, audit, in one transaction."""
    desk = open_desk(ctx.obj)
    who = desk.require(f"case.{event}")
    book = CaseDesk.from_settings(desk.settings)
    with desk.database.write() as tx:
        case = visible(tx, desk, number)
        role = _role(who.roles, case.state, event)
        made = facts(tx, book, case) if callable(facts) else facts
        given = Facts(actor=who.name, now=desk.now(), department=who.department or "", **made)
        arguments = (case.number, role, given) if do is not case_desk.act else (case.number, event, role, given)
        after = do(tx, book, *arguments)
        desk.audit(tx, f"case.{event}", after.number, {"state": after.state})
    _say(desk, after, event, as_json)


def propose_or_decide(
    ctx: typer.Context, number: str, event: str, as_json: bool, facts: dict[str, Any], alone: bool = False
) -> None:
    """Who may decide and has something to decide (or may do it `alone`) decides; who may propose proposes."""
    desk = open_desk(ctx.obj)
    who = desk.require(f"case.{event}")
    book = CaseDesk.from_settings(desk.settings)
    given = Facts(actor=who.name, now=desk.now(), department=who.department or "", **facts)
    with desk.database.write() as tx:
        case = visible(tx, desk, number)
        decider = rights.played(who.roles, case.state, event)
        proposer = next((role for role in who.roles if role in PROPOSERS[event]), None)
        waiting = case_desk.proposed(timeline(tx, case.id), event)
        if decider is not None and (waiting is not None or alone or proposer is None):
            after = case_desk.decide(tx, book, case.number, event, decider, given)
            said = event
        else:
            role = proposer or _role(who.roles, case.state, event)
            after = case_desk.propose(tx, book, case.number, event, role, given)
            said = f"propose_{event}"
        desk.audit(tx, f"case.{said}", after.number, {"state": after.state})
    _say(desk, after, said, as_json)


def order(
    ctx: typer.Context,
    number: str,
    event: str,
    as_json: bool,
    lead: str,
    co: list[str] | None,
    method: str,
    due: str,
    reason: str,
    **more: str,
) -> None:
    """A written assignment. Without a unit the present one keeps the case, with its co-handlers."""

    def facts(tx: sa.Connection, book: CaseDesk, case: Case) -> dict[str, Any]:
        keeps = not lead and case.lead is not None
        return more | {
            "lead": case.lead if keeps else unit_named(book.departments, lead) if lead else "",
            "co_handlers": case.co_handlers if keeps and not co else units(book, co),
            "due": day(due) if due else None,
            "method": method,
            "reason": reason,
        }

    act(ctx, number, event, as_json, facts)


def _role(roles: tuple[str, ...], state: CaseState, event: str) -> str:
    """The role of the caller. One that the table does not allow now is refused by the step, which says who may."""
    return rights.played(roles, state, event) or next(role for role in roles if rights.may([role], f"case.{event}"))


def _say(desk: Desk, case: Case, event: str, as_json: bool) -> None:
    proposed = event.startswith("propose_")
    until = f",期限 {case.due_on}" if event in (*ORDERING, "extend_ok") else ""
    waits = ",等待决定" if proposed else until
    said = f"{case.number} {'已' if proposed else ''}{label(event)}:现在是“{LABELS[case.state]}”{waits}"
    screen.emit(as_json, data_of(desk, case), lambda: screen.say(said, "green"))


def words(given: str, file: Path | None) -> str:
    if file is None:
        return given
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise Refused(f"读不了 {file}:{wrong}", "请检查文件名,并存为 UTF-8", USAGE) from None


def units(book: CaseDesk, written: list[str] | None) -> tuple[str, ...]:
    return tuple(unit_named(book.departments, name) for name in written or ())


def day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"看不懂日期 {written}", "写成 2026-12-04 的样子", USAGE) from None
