"""What the office's people get by text: what was assigned to their unit, what comes back, what waits for a leader.

The sweep finds by the history of the cases what nobody has been told of, so it does not matter who took the step, or
how. Texts to the office's people carry nothing of who wrote; of a case kept secret they carry the number alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from gateway import case_mail, case_texts, outbox, staff_codes
from gateway.case_ladder import Post
from gateway.case_words import hider
from gateway.casebook import Desk
from gateway.logs import Log
from gateway.sight import Sight, on_paper
from gateway.staff_codes import Purpose
from gateway.tables import staff_code
from roster import store as roster_store
from roster.networks import carrier_of
from roster.vault import Vault
from routing import store
from routing.cases import GATES, Case, CaseState
from routing.departments import Department
from routing.supervision import TEXTED
from routing.tables import case_event, case_ticket

log = Log("staff")

PURPOSE = "staff"
"""Purpose of texts to the office's people about their work. They keep no distance, and are nobody's case dialogue."""
WITHHELD = "保密件,内容不发短信,请到沟通办阅件"
HANDED = {
    **dict.fromkeys(("assign", "instruct", "delegate", "reassign", "uphold", "recur"), ""),
    "send_back": "退回重办",
    "return_no": "退单未获准",
    "decline_report": "分管领导未同意签发",
}
"""What brings a case to a unit, and how its liaison is told; an assignment has a text of its own."""
DONE_AGAIN = {"uphold": "rate_bad", "recur": "recur"}
"""Steps by which a case is to be done again, and the step whose text says why."""
FRESH = timedelta(days=14)
"""What was handed over longer ago is not told any more: who is new to the list does not get every old case."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A case that came to somebody who was not told yet, and the line of its history that says so."""

    case: Case
    entry_id: int
    event: str
    reason: str


def put(
    tx: sa.Connection, post: Post, number: str, body: str, now: datetime, *, case_id: int | None = None, token: str = ""
) -> int:
    """A text to somebody of the office, at once. The same `token` again sends nothing."""
    belonging = carrier_of(number, None, None, post.prefixes, now)
    return outbox.put(
        tx,
        person_id=roster_store.find_or_add_person(tx, post.vault, number, belonging, now).id,
        body=body,
        purpose=PURPOSE,
        created_by="system",
        now_ms=round(now.timestamp() * 1000),
        validity_ms=case_mail.VALIDITY_MS,
        case_id=case_id,
        token=token or None,
    )


def sweep(tx: sa.Connection, desk: Desk, post: Post, now: datetime) -> int:
    """Tell what came to units and leaders, in office hours; danger at any hour. Returns how many cases were told of."""
    told = 0
    if any(unit.liaison_phone for unit in desk.departments.units):
        states = (CaseState.ASSIGNED, CaseState.IN_PROGRESS)
        for one in _handed(tx, states, tuple(HANDED), Purpose.HANDLE, now):
            told += _apart(tx, desk, one, partial(tell_units, tx, desk, post, one, now), now)
    if desk.departments.leaders:
        for one in _handed(tx, (CaseState.AWAIT_LEADER,), ("refer_leader",), Purpose.INSTRUCT, now):
            told += _apart(tx, desk, one, partial(tell_leaders, tx, desk, post, one, now), now)
    return told


def _apart(tx: sa.Connection, desk: Desk, one: Handed, work: Callable[[], bool], now: datetime) -> bool:
    """One case's work, whose trouble is its own."""
    if one.case.urgency != "emergency" and desk.calendar.office_moment(now) != now:
        return False
    try:
        with tx.begin_nested():
            return work()
    except sa.exc.OperationalError:
        raise  # the store itself is in trouble
    except Exception as trouble:
        log.exception("staff not told", case=one.case.number, trouble=type(trouble).__name__)
        return False


def _handed(
    tx: sa.Connection, states: Sequence[CaseState], events: Sequence[str], purpose: Purpose, now: datetime
) -> list[Handed]:
    """Cases in these states of whose last handing over nobody was told."""
    latest = (
        sa.select(sa.func.max(case_event.c.id).label("id"))
        .join(case_ticket, case_ticket.c.id == case_event.c.case_id)
        .where(case_ticket.c.state.in_(states), case_event.c.event.in_(events))
        .group_by(case_event.c.case_id)
        .subquery()
    )
    told = sa.select(staff_code.c.id).where(
        staff_code.c.case_id == case_event.c.case_id,
        staff_code.c.purpose == purpose,
        staff_code.c.entry_id >= case_event.c.id,
    )
    query = sa.select(case_event).join(latest, latest.c.id == case_event.c.id)
    rows = tx.execute(query.where(~told.exists(), case_event.c.at >= now - FRESH).order_by(case_event.c.id))
    return [
        Handed(store.by_id(tx, row.case_id), row.id, row.event, _why(row.data.get("failed_gate", ""), row.reason))
        for row in rows.all()
    ]


def _why(gate: str, reason: str) -> str:
    return f"{GATES[gate]},{reason}" if gate in GATES else reason


# --------------------------------------------------------------------------------------------------------------- units


def tell_units(tx: sa.Connection, desk: Desk, post: Post, one: Handed, now: datetime) -> bool:
    """The lead's liaison, and those of the units that handle with it. False when none of them has a number."""
    case, what = one.case, HANDED[one.event]
    told: dict[str, int] = {}
    for name in (case.lead, *(() if what else case.co_handlers)):
        unit = desk.departments.find(name or "")
        if unit is None or not unit.liaison_phone or unit.name in case.accused:
            continue
        code = staff_codes.issue(tx, post.vault, case.id, unit.name, Purpose.HANDLE, one.entry_id, now)
        for body in _bodies(tx, desk, post, one, unit, code):
            message_id = put(tx, post, unit.liaison_phone, body, now, case_id=case.id)
            told.setdefault(unit.liaison, message_id)
    if told:
        _note(tx, case, told, now)
    return bool(told)


def _bodies(tx: sa.Connection, desk: Desk, post: Post, one: Handed, unit: Department, code: str) -> list[str]:
    case, what, until = one.case, HANDED[one.event], day(one.case.due_on)
    if what:
        said = hider(tx, post.vault, case).words(one.reason) if on_paper(case) >= Sight.MATTER else WITHHELD
        return [desk.texts.fitted("U3", "text", no=case.number, what=what, due=until, code=code, text=said)]
    role = "主办" if unit.name == case.lead else "协办"
    return [
        desk.texts.fill("U1", no=case.number, role=role, due=until, code=code),
        desk.texts.fitted("U2", "text", no=case.number, text=_what_for(tx, post.vault, one)),
    ]


def _what_for(tx: sa.Connection, vault: Vault, one: Handed) -> str:
    """The matter of an assignment; of one that is to be done again, first why: in the citizen's words."""
    words = matter(tx, vault, one.case)
    if one.event not in DONE_AGAIN or on_paper(one.case) < Sight.MATTER:
        return words
    hide = hider(tx, vault, one.case)
    cause = [entry for entry in store.timeline(tx, one.case.id) if entry.event == DONE_AGAIN[one.event]]
    said = [*case_texts.words_of(tx, cause[-1:]).values()]
    if one.event == "uphold" or not said:  # why a citizen's text was taken for a recurrence is no unit's business
        said.append(one.reason)
    return f"重办:{';'.join(hide.words(' '.join(each.split())) for each in said)}。原件:{words}"


def matter(tx: sa.Connection, vault: Vault, case: Case) -> str:
    """What a case is about as others may read it: nothing of who wrote, and nothing at all of one kept secret."""
    if on_paper(case) < Sight.MATTER:
        return WITHHELD
    return hider(tx, vault, case).words(" ".join(case.text.split()))


def day(written: str | None) -> str:
    """A date of a case as texts write it."""
    on = date.fromisoformat(written) if written else None
    return f"{on.month}月{on.day}日" if on else ""


def to_sign(tx: sa.Connection, desk: Desk, post: Post, case: Case, unit: Department, reply: str, now: datetime) -> bool:
    """The head of a unit gets what the liaison reports, with a code to sign it. False when the head has no number."""
    if not unit.leader_phone:
        return False
    code = staff_codes.issue(tx, post.vault, case.id, unit.name, Purpose.SIGN, 0, now)
    body = desk.texts.fitted("U4", "text", no=case.number, dept=unit.name, text=reply, code=code)
    _note(tx, case, {unit.leader: put(tx, post, unit.leader_phone, body, now, case_id=case.id)}, now)
    return True


# ------------------------------------------------------------------------------------------------------------- leaders


def tell_leaders(tx: sa.Connection, desk: Desk, post: Post, one: Handed, now: datetime) -> bool:
    """Every county leader who decides such a case. False when there is none."""
    case, told = one.case, dict[str, int]()
    for leader in desk.departments.leaders:
        if leader.decides(case.leader_kind):
            code = staff_codes.issue(tx, post.vault, case.id, leader.name, Purpose.INSTRUCT, one.entry_id, now)
            words = matter(tx, post.vault, case)
            body = desk.texts.fitted("U5", "text", no=case.number, code=code, text=words)
            told[leader.name] = put(tx, post, leader.phone, body, now, case_id=case.id)
    if told:
        _note(tx, case, told, now)
    return bool(told)


def _note(tx: sa.Connection, case: Case, told: dict[str, int], now: datetime) -> None:
    first = next(iter(told.values()))
    said = f"短信告知{'、'.join(told)}"
    store.note(tx, case, TEXTED, "system", "system", now, said, message_id=first, data={"told": told})
