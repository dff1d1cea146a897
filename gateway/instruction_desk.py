"""Leaders' instructions (批示) at work: recorded, forwarded by a supervision office, reported on, closed, published.

An instruction by which a leader assigns a case that waited for it is a step of that case; here it is read from the
case's history, so that it is listed and counted with the others and kept once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway import case_record, digest_issues
from gateway.casebook import Desk, find
from gateway.errors import NotFound, Refused
from routing import deadlines, instructions, store
from routing.cases import Case, CaseState
from routing.deadlines import Clock, Matter
from routing.instructions import Event, Figures, Happened, Instruction, NotNow, Rules, State
from routing.tables import case_event, case_ticket, digest, digest_item, instruction, instruction_event

STEP = "instruct"
"""The step of a case by which a leader assigns it."""
ANSWERED = frozenset({CaseState.REPLIED, CaseState.CLOSED, CaseState.DISSATISFIED})


@dataclass(frozen=True, slots=True)
class Listed:
    """An instruction with its clock. `number` is the case's where it is a step of one."""

    one: Instruction
    clock: Clock | None
    late: int

    @property
    def of_a_case(self) -> bool:
        """True when it is kept in the history of its case, and moved by the commands of cases."""
        return self.one.id == 0


# ------------------------------------------------------------------------------------------------------------ recording


def record(
    tx: sa.Connection,
    desk: Desk,
    rules: Rules,
    *,
    leader: str,
    words: str,
    item: str = "",
    case: str = "",
    due: date | None = None,
    actor: str,
    now: datetime,
) -> Instruction:
    """What a leader wrote on an item of a signed digest, or on a case. Without a date the calendar gives one."""
    if not words.strip() or not leader.strip():
        raise Refused("请写明哪位领导、批示内容", "加上 --leader 和 --text")
    if bool(item) == bool(case):
        raise Refused("请指明批示写在哪一条或哪一件上", "--item 3-2 或 --case 编号,写一个")
    item_id = digest_issues.signed_item(tx, item, desk.today(now).year)[1].id if item else None
    about = find(tx, case) if case else None
    _not_waiting(tx, _cases(tx, item_id, about.id if about else None))
    if due is not None and due <= desk.today(now):
        raise Refused(f"办理期限({due})应晚于今天", "写今后的日期,不写则按工作日历计算")
    year = desk.today(now).year
    newest = tx.scalar(sa.select(sa.func.max(instruction.c.serial)).where(instruction.c.year == year))
    made = {
        "year": year,
        "serial": (newest or 0) + 1,
        "leader": leader.strip(),
        "words": words.strip(),
        "item_id": item_id,
        "case_id": about.id if about else None,
        "given_at": now,
        "due_on": (due or deadlines.due_date(rules.term(), now, desk.calendar)).isoformat(),
        "computed": due is None,
    }
    tx.execute(sa.insert(instruction).values(**made))
    return find_instruction(tx, f"{year}-{made['serial']}", year)


def _not_waiting(tx: sa.Connection, cases: Iterable[Case]) -> None:
    """A case that waits for a leader is assigned by the leader's own step: the instruction is kept there."""
    cases = tuple(cases)
    if cases and all(one.state is CaseState.AWAIT_LEADER for one in cases):
        raise Refused(
            f"{cases[0].number} 正等待领导批示,批示随交办一并记入办件",
            f"用 xinqiao case instruct {cases[0].number} --text … --lead …",
        )


def _cases(tx: sa.Connection, item_id: int | None, case_id: int | None) -> list[Case]:
    """The cases that an instruction is about."""
    numbers = tx.scalar(sa.select(digest_item.c.cases).where(digest_item.c.id == item_id)) if item_id else []
    found = [find(tx, number) for number in numbers or ()]
    return [*found, store.by_id(tx, case_id)] if case_id else found


# ----------------------------------------------------------------------------------------------------------- its steps


def assign(
    tx: sa.Connection, desk: Desk, rules: Rules, number: str, unit: str, office: str, actor: str, now: datetime
) -> Instruction:
    """A supervision office forwards it to a unit (转办); again to another one while no report is there."""
    found = desk.departments.find(unit)
    if found is None:
        raise Refused(f"没有名为“{unit}”的承办单位", "单位名称见 departments.toml")
    if office not in rules.offices:
        raise Refused(f"没有转办机构“{office}”", f"可选:{'、'.join(rules.offices)}")
    row = _row(tx, number, desk.today(now).year)
    if any(found.name in case.accused for case in _cases(tx, row.item_id, row.case_id)):
        raise Refused("被反映的单位不能承办对它的批示", "转给其他单位")
    return _happen(tx, desk, number, Happened(now, Event.ASSIGN, actor, found.name, office))


def report(tx: sa.Connection, desk: Desk, number: str, unit: str, words: str, actor: str, now: datetime) -> Instruction:
    """The unit says what was done. `unit` is the actor's own; the office enters what comes on paper."""
    one = find_instruction(tx, number, desk.today(now).year)
    if unit and unit != one.unit:
        raise NotFound(f"没有编号为 {number} 的批示", "xinqiao instruction list 列出本单位的")
    return _happen(tx, desk, number, Happened(now, Event.REPORT, actor, one.unit, _said(words, "办理情况")))


def send_back(tx: sa.Connection, desk: Desk, number: str, reason: str, actor: str, now: datetime) -> Instruction:
    """The report does not do; the clock has never stopped."""
    return _happen(tx, desk, number, Happened(now, Event.SEND_BACK, actor, words=_said(reason, "理由")))


def close(tx: sa.Connection, desk: Desk, number: str, result: str, actor: str, now: datetime) -> Instruction:
    """Handled, with a result."""
    return _happen(tx, desk, number, Happened(now, Event.CLOSE, actor, words=_said(result, "结果")))


def publish(tx: sa.Connection, desk: Desk, number: str, actor: str, now: datetime) -> Instruction:
    """Its result may be read by everybody."""
    return _happen(tx, desk, number, Happened(now, Event.PUBLISH, actor))


def _said(words: str, what: str) -> str:
    if not words.strip():
        raise Refused(f"请写明{what}", "")
    return words.strip()


def _happen(tx: sa.Connection, desk: Desk, number: str, happened: Happened) -> Instruction:
    one = find_instruction(tx, number, desk.today(happened.at).year)
    try:
        done = instructions.after(one, happened)
    except NotNow as wrong:
        raise Refused(str(wrong), f"xinqiao instruction show {number} 看全部经过") from None
    tx.execute(
        sa.insert(instruction_event).values(
            instruction_id=one.id,
            at=happened.at,
            event=happened.event,
            actor=happened.actor,
            unit=happened.unit,
            words=happened.words,
        )
    )
    return done


# -------------------------------------------------------------------------------------------------------------- reading


def find_instruction(tx: sa.Connection, number: str, year: int) -> Instruction:
    """The instruction of a number like 5, of this year, or 2026-5. Raises `NotFound`."""
    row = _row(tx, number, year)
    return _read(tx, [row])[0]


def listed(tx: sa.Connection, desk: Desk, rules: Rules, now: datetime) -> list[Listed]:
    """Every instruction, of items and of cases, oldest first; with its clock."""
    calendar = desk.calendar.as_of(desk.today(now))
    kept = _read(tx, tx.execute(_ROWS.order_by(instruction.c.id)).all())
    found = []
    for one in kept:
        clock = instructions.clock(one, rules, desk.terms, calendar, now)
        found.append(Listed(one, clock, deadlines.days_late(clock, calendar, now)))
    found += _steps(tx, desk, now)
    return sorted(found, key=lambda each: (each.one.given_at, each.one.number))


def _steps(tx: sa.Connection, desk: Desk, now: datetime) -> list[Listed]:
    """The instructions that are steps of cases, each case's latest."""
    case_ids = tx.scalars(sa.select(case_event.c.case_id).where(case_event.c.event == STEP).distinct()).all()
    calendar = desk.calendar.as_of(desk.today(now))
    found = []
    for case_id, entries in store.timelines(tx, case_ids).items():
        case = store.by_id(tx, case_id)
        step = [entry for entry in entries if entry.event == STEP][-1]
        matter = Matter(case.kind, case.urgency)
        running = deadlines.clocks(case_record.moves(entries), matter, desk.terms, calendar, now)
        one = Instruction(
            0,
            case.number,
            step.actor,
            step.data["set"].get("instruction") or case.instruction or "",
            "",
            case.number,
            step.at,
            date.fromisoformat(step.data["due"]) if step.data.get("due") else desk.today(step.at),
            bool(step.data.get("computed")),
            _state(case),
            case.lead or "",
            case.reply or "",
            (case.outcome or "") if case.state in ANSWERED else "",
        )
        found.append(Listed(one, running[-1] if running else None, _late(running, desk, now)))
    return found


def _late(running: tuple[Clock, ...], desk: Desk, now: datetime) -> int:
    return deadlines.days_late(running[-1], desk.calendar, now) if running else 0


def _state(case: Case) -> State:
    if case.state in ANSWERED:
        return State.CLOSED
    return State.REPORTED if case.state is CaseState.REPORTED else State.ASSIGNED


def figures(tx: sa.Connection, year: int, zone: Any) -> Figures:
    """Of the issues signed in a year: items, how many a leader instructed on, how many of those are handled."""
    first, last = (datetime(one, 1, 1, tzinfo=zone) for one in (year, year + 1))
    issues = {
        row.id: row.signed_at
        for row in tx.execute(sa.select(digest).where(digest.c.signed_at >= first, digest.c.signed_at < last))
    }
    rows = [row for row in tx.execute(sa.select(digest_item)) if row.digest_id in issues]
    of_items: dict[int, list[Instruction]] = {}
    everything = tx.execute(_ROWS.where(instruction.c.item_id.isnot(None))).all()
    for row, one in zip(everything, _read(tx, everything), strict=True):
        of_items.setdefault(row.item_id, []).append(one)
    steps = {
        row.number: (row.at, row.state)
        for row in tx.execute(
            sa.select(case_ticket.c.number, case_event.c.at, case_ticket.c.state)
            .join_from(case_event, case_ticket)
            .where(case_event.c.event == STEP)
            .order_by(case_event.c.id)
        )
    }
    done = [_done(of_items.get(row.id, []), row.cases, steps, issues[row.digest_id]) for row in rows]
    return Figures(len(issues), len(rows), sum(one is not None for one in done), sum(one is True for one in done))


def _done(
    kept: list[Instruction], cases: Iterable[str], steps: dict[str, tuple[datetime, str]], signed: datetime
) -> bool | None:
    """Whether all that was instructed on an item is handled; None when nothing was."""
    by_step = [steps[number][1] for number in cases if number in steps and steps[number][0] >= signed]
    stands = [one.state is State.CLOSED for one in kept] + [state in ANSWERED for state in by_step]
    return all(stands) if stands else None


_REF = sa.func.coalesce(digest.c.year, 0).label("of_year"), digest.c.number.label("issue"), digest_item.c.position
_ROWS = (
    sa.select(instruction, *_REF, case_ticket.c.number.label("case_number"))
    .select_from(instruction)
    .outerjoin(digest_item, digest_item.c.id == instruction.c.item_id)
    .outerjoin(digest, digest.c.id == digest_item.c.digest_id)
    .outerjoin(case_ticket, case_ticket.c.id == instruction.c.case_id)
)


def _row(tx: sa.Connection, number: str, year: int) -> Any:
    parts = number.strip().removeprefix("批示").split("-")
    if not (len(parts) in (1, 2) and all(part.isdecimal() for part in parts)):
        raise Refused(f"看不懂批示编号“{number}”", "写成 5 或 2026-5;办件上的批示用 xinqiao case show 编号")
    in_year = int(parts[0]) if len(parts) == 2 else year
    where = (instruction.c.year == in_year) & (instruction.c.serial == int(parts[-1]))
    row = tx.execute(_ROWS.where(where)).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {number} 的批示", "xinqiao instruction list 列出全部")
    return row


def _read(tx: sa.Connection, rows: Iterable[Any]) -> list[Instruction]:
    """The instructions as their events leave them."""
    rows = list(rows)
    events: dict[int, list[Happened]] = {row.id: [] for row in rows}
    ids = list(events)
    for at in range(0, len(ids), store.AT_ONCE):
        several = instruction_event.c.instruction_id.in_(ids[at : at + store.AT_ONCE])
        for row in tx.execute(sa.select(instruction_event).where(several).order_by(instruction_event.c.id)):
            happened = Happened(row.at, Event(row.event), row.actor, row.unit, row.words)
            events[row.instruction_id].append(happened)
    return [instructions.played(_recorded(row), events[row.id]) for row in rows]


def _recorded(row: Any) -> Instruction:
    return Instruction(
        row.id,
        f"批示{row.year}-{row.serial}",
        row.leader,
        row.words,
        f"{row.of_year}-{row.issue}-{row.position}" if row.item_id else "",
        row.case_number or "",
        row.given_at,
        date.fromisoformat(row.due_on),
        row.computed,
    )
