"""Supervision that works by itself: who is reminded, urged, criticised or reported to the supervision office, and when.

The sweep climbs the ladder of `routing/supervision.py`: it notes each rung once in the case's history and texts whoever
has a number in config/departments.toml. It works in office hours only, is idempotent, and a case on which it fails
holds up no other. Rungs that were missed (the gateway stood still) are noted as missed; only the last one is told.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

import sqlalchemy as sa

from gateway import case_mail, outbox
from gateway.casebook import Desk
from gateway.logs import Log
from roster import store as roster_store
from roster.networks import Prefixes, carrier_of
from roster.vault import Vault
from routing import deadlines, store, supervision, timelines
from routing.cases import Case, CaseState
from routing.deadlines import RECOMPUTED, REOPENS, Clock, Matter, Move, Recomputation
from routing.departments import Department
from routing.history import Entry, replay
from routing.moves import LED, OFFICE, moves
from routing.supervision import DEEMED_TOLD, SAME_PROBLEM, Call, Occurrence, Repeat, Rung

log = Log("cases")

PURPOSE = "supervision"
"""Purpose of texts to officials. They keep no distance from each other, and are nobody's case dialogue."""
LIAISON, LEADER, SUPERVISOR = "信息员", "分管领导", "督查室"
TOLD: Mapping[str, tuple[str, tuple[str, ...]]] = {
    Rung.UNSIGNED: ("S1", (LIAISON,)),
    DEEMED_TOLD: ("S2", (LEADER,)),
    Rung.REMIND: ("S3", (LIAISON,)),
    Rung.URGE: ("S4", (LIAISON, LEADER)),
    Rung.CRITICISE: ("S5", (LEADER,)),
    Rung.SUPERVISE: ("S6", (SUPERVISOR,)),
    SAME_PROBLEM: ("S7", (SUPERVISOR,)),
}
"""Which text goes to whom on each rung."""
PROBLEMS = ("求助", "投诉", "举报")
"""Kinds of cases that are a problem which can come back; nobody asks too often."""
RED_LAMP, CAME_BACK = "亮红灯", "同一问题再次反映"
AT_ONCE = 500
"""Open cases in one transaction of the sweep: others wait for the store no longer than these take."""
MISSED = ";补记,未另行告知"


@dataclass(frozen=True, slots=True)
class Post:
    """How officials are texted: their numbers are sealed like anybody's, and go over the carrier that reaches them."""

    vault: Vault
    prefixes: Prefixes


def sweep(tx: sa.Connection, desk: Desk, post: Post, now: datetime) -> int:
    """Everything that has come by now, while the office is open. Returns how many lines of history it wrote."""
    written, upto = sweep_some(tx, desk, post, now)
    while upto is not None:
        more, upto = sweep_some(tx, desk, post, now, upto)
        written += more
    return written


def sweep_some(
    tx: sa.Connection, desk: Desk, post: Post, now: datetime, after: int = 0, at_most: int = AT_ONCE
) -> tuple[int, int | None]:
    """The same for the next cases behind the one with the id `after`: how many lines, and the id to go on behind.

    None when these were the last. Whoever commits between two calls holds nobody up, however many cases are open.
    """
    if desk.calendar.office_moment(now) != now:
        return 0, None
    cases = store.unanswered(tx, after, at_most)
    given = [case for case in cases if case.assigned_at is not None]
    entries = store.timelines(tx, [case.id for case in given])
    written = sum(apart(case, partial(_look, tx, desk, post, case, entries[case.id], now)) for case in given)
    written += _repeated(tx, desk, post, {case.id for case in cases}, now)
    return written, cases[-1].id if len(cases) == at_most else None


def apart(case: Case, work: Callable[[], int]) -> int:
    """One case's work, whose trouble is its own."""
    try:
        return work()
    except sa.exc.OperationalError:
        raise  # the store itself is in trouble
    except Exception as trouble:
        log.exception("case not supervised", case=case.number, trouble=type(trouble).__name__)
        return 0


def _look(tx: sa.Connection, desk: Desk, post: Post, case: Case, entries: Sequence[Entry], now: datetime) -> int:
    history = moves(entries)
    running = deadlines.clocks(history, Matter(case.kind, case.urgency), desk.terms, desk.calendar, now)
    if not running or running[-1].answered is not None:
        return 0
    clock = running[-1]
    moved, due = _recomputation(desk, case, entries, history, clock), _due(desk, case, history, clock, now)
    if moved is None and not due:
        return 0
    with tx.begin_nested():
        if moved is not None:
            case = _recompute(tx, desk, case, *moved, clock, now)
        for name, at in due:
            last = (name, at) == due[-1]
            why = _why(desk, name, clock)
            case = _note(tx, desk, post, case, name, why, now, told=last, came=at, due=clock.in_force.due)
    return (moved is not None) + len(due)


# ---------------------------------------------------------------------------------------------------------- the ladder


def _due(desk: Desk, case: Case, history: Sequence[Move], clock: Clock, now: datetime) -> list[tuple[str, datetime]]:
    """The rungs that have come and are not on record, oldest first."""
    calls = supervision.ladder(history, clock, desk.ladder, desk.calendar)
    due: list[tuple[str, datetime]] = [
        (call.rung, call.at) for call in supervision.due_calls(history, calls, now) if _concerns(call, history[-1])
    ]
    due += [(DEEMED_TOLD, call.at) for call in calls if _signed_for(desk, call, case, history, now)]
    return sorted(due, key=lambda one: one[1])


def _concerns(call: Call, last: Move) -> bool:
    """A unit that has the case not before it is not urged; a red lamp is reported whoever has it.

    The signature that counts as given is a step of the table (`gateway/case_clock.py`).
    """
    if call.rung is Rung.DEEMED_SIGNED:
        return False
    if call.rung is Rung.UNSIGNED:
        return last.state == CaseState.ASSIGNED
    return call.rung is Rung.SUPERVISE or last.state in LED


def _signed_for(desk: Desk, call: Call, case: Case, history: Sequence[Move], now: datetime) -> bool:
    """True when the step was taken, its leader has a number, and was not told yet."""
    if call.rung is not Rung.DEEMED_SIGNED or call.at > now or not _numbers(desk, case, (LEADER,)):
        return False
    since = {move.event for move in history if move.at >= call.at}
    return Rung.DEEMED_SIGNED in since and DEEMED_TOLD not in since


def _why(desk: Desk, name: str, clock: Clock) -> str:
    limit = clock.in_force
    return {
        Rung.UNSIGNED: f"{desk.ladder.sign_hours}个办公小时内未签收",
        DEEMED_TOLD: "逾期未签收,视同签收",
        Rung.REMIND: f"{limit.due} 到期",
        Rung.URGE: f"{limit.due} 到期,未答复",
        Rung.CRITICISE: f"{limit.due} 到期,逾期满{desk.ladder.criticise_after}个工作日",
        Rung.SUPERVISE: f"{limit.red} 后仍未答复,{RED_LAMP}",
    }[name]


def _note(
    tx: sa.Connection,
    desk: Desk,
    post: Post,
    case: Case,
    name: str,
    why: str,
    now: datetime,
    *,
    told: bool,
    came: datetime,
    due: date | None,
    supervised: str | None = None,
) -> Case:
    """A line of history, and the texts that go with it."""
    messages = _tell(tx, desk, post, case, name, due, now) if told else {}
    if told:
        whom = f";短信告知{'、'.join(messages)}" if messages else f";未登记{'、'.join(TOLD[name][1])}的号码,未发短信"
    else:
        whom = MISSED
    reason = supervised or (RED_LAMP if name == Rung.SUPERVISE else None)
    after = replace(case, supervision=case.supervision or reason) if reason else None
    return store.note(
        tx,
        case,
        name,
        "system",
        "system",
        now,
        why + whom,
        after=after,
        message_id=next(iter(messages.values()), None),
        data={"came": came.astimezone(desk.calendar.zone).isoformat(), "told": messages},
    )


# ------------------------------------------------------------------------------------------------------------- telling


def _tell(
    tx: sa.Connection, desk: Desk, post: Post, case: Case, name: str, due: date | None, now: datetime
) -> dict[str, int]:
    """The texts of a rung: whom they went to, with the messages' ids. Two posts of one number get one."""
    template, posts = TOLD[name]
    body = desk.texts.fill(template, no=case.number, dept=case.lead or OFFICE, due=_day(due) if due else "")
    sent: dict[str, int] = {}
    told: dict[str, int] = {}
    for whom, number in _numbers(desk, case, posts).items():
        if number not in sent:
            belonging = carrier_of(number, None, None, post.prefixes, now)
            person = roster_store.find_or_add_person(tx, post.vault, number, belonging, now)
            sent[number] = outbox.put(
                tx,
                person_id=person.id,
                body=body,
                purpose=PURPOSE,
                created_by="system",
                now_ms=round(now.timestamp() * 1000),
                validity_ms=case_mail.VALIDITY_MS,
                case_id=case.id,
            )
        told[whom] = sent[number]
    return told


def _day(on: date) -> str:
    return f"{on.month}月{on.day}日"


def _numbers(desk: Desk, case: Case, posts: Iterable[str]) -> dict[str, str]:
    """The numbers of these posts, of those that have one."""
    unit: Department | None = desk.departments.find(case.lead or "")
    known = {
        LIAISON: unit.liaison_phone if unit else None,
        LEADER: unit.leader_phone if unit else None,
        SUPERVISOR: desk.departments.supervisor_phone,
    }
    return {post: number for post in posts if (number := known[post])}


# -------------------------------------------------------------------------------------------------- same problem twice


def _repeated(tx: sa.Connection, desk: Desk, post: Post, open_ones: Collection[int], now: datetime) -> int:
    """Problems that came back in one of these open cases: supervised, once for each time they came back."""
    problems = store.problems(tx, PROBLEMS, open_ones)
    histories = timelines.alike(tx, problems, PROBLEMS, now)
    cases = {case.number: case for case, _ in histories}
    written = 0
    for repeat in repeats(desk, histories, now):
        case = cases[repeat.case]
        if case.id not in open_ones or case.state not in store.UNANSWERED:
            continue
        lines = store.timeline(tx, case.id)
        if not any(entry.event == SAME_PROBLEM and entry.at >= repeat.at for entry in lines):
            written += apart(case, partial(_come_back, tx, desk, post, case, repeat, now))
    return written


def repeats(desk: Desk, histories: Iterable[tuple[Case, Sequence[Move]]], now: datetime) -> tuple[Repeat, ...]:
    """The problems that came back after an answer: the same place and topic, or a case that recurred."""
    found: list[Occurrence] = []
    for case, history in histories:
        if not case.place or not case.topic or case.kind not in PROBLEMS:
            continue
        matter = Matter(case.kind, case.urgency)
        laps = deadlines.answers(deadlines.known(history, now), matter, desk.terms)
        for n, (started, answered) in enumerate(laps):
            again = any(move.event == "recur" and move.at == started for move in history)
            if n == 0 or again:
                at = started if again else case.created_at
                found.append(Occurrence(f"{case.place}/{case.topic}", case.number, at, answered))
        if not laps:
            found.append(Occurrence(f"{case.place}/{case.topic}", case.number, case.created_at, None))
    return supervision.same_problem(found, desk.ladder.same_problem)


def _come_back(tx: sa.Connection, desk: Desk, post: Post, case: Case, repeat: Repeat, now: datetime) -> int:
    why = f"同一问题({repeat.problem})答复后第{repeat.times}次反映:{'、'.join(repeat.cases)}"
    with tx.begin_nested():
        _note(tx, desk, post, case, SAME_PROBLEM, why, now, told=True, came=repeat.at, due=None, supervised=CAME_BACK)
    return 1


# --------------------------------------------------------------------------------------------------- a new year's table


def _recomputation(
    desk: Desk, case: Case, entries: Sequence[Entry], history: Sequence[Move], clock: Clock
) -> tuple[Recomputation, date] | None:
    """What a new calendar makes of the date that was told, and of the assignment alone; None when nothing changed.

    What the calendar gave is compared with what it gives for the case as it was assigned, so that neither a
    suspension nor a change of urgency is taken for a change of the calendar.
    """
    new, given = deadlines.recomputation(history, clock), _given(entries)
    if new is None or given is None:
        return None
    at, told = given
    plain = desk.due(replay(case, entries[: at + 1]), entries[at].event, entries[at].at)
    return None if plain == told else (new, plain)


def _recompute(
    tx: sa.Connection, desk: Desk, case: Case, new: Recomputation, plain: date, clock: Clock, now: datetime
) -> Case:
    """On record: later, and the citizen hears of it; or as told, never earlier. A date that a person set stands."""
    moved = new.due > new.told
    after, message = case, None
    if moved and clock.adjusted is None:
        after = replace(case, due_on=new.due.isoformat())
        fields = {"reason": "放假安排调整", "due": _day(new.due)}
        message = case_mail.send(tx, desk, case, "T7", "system", now, fields)
    outcome = f"改为 {new.due}" if moved else f"仍按已告知的 {new.due}"
    reason = f"放假通知公布后重新计算:原 {new.told},按日历 {new.by_calendar},{outcome}"
    data = {"due": new.due.isoformat(), "computed": True, "plain": plain.isoformat()}
    store.note(tx, case, RECOMPUTED, "system", "system", now, reason, after=after, message_id=message, data=data)
    return after


def _given(entries: Sequence[Entry]) -> tuple[int, date] | None:
    """The assignment that set the running clock going by the calendar, and the date that it gave, or gives since."""
    first: int | None = None
    plain = ""
    for n, entry in enumerate(entries):
        if entry.event in REOPENS:
            first, plain = None, ""
        if first is None and entry.data.get("computed") and entry.data.get("due"):
            first, plain = n, entry.data["due"]
        if entry.event == RECOMPUTED:
            plain = entry.data.get("plain", plain)
    return None if first is None else (first, date.fromisoformat(plain))
