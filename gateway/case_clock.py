"""What time and receipts do to cases by themselves, so that nobody's silence is a dead end.

Every sweep is idempotent: what was done shows in the state, or in the history. A case that cannot be moved holds up no
other.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from gateway import case_desk, case_mail, notices, outbox
from gateway.casebook import Desk
from gateway.logs import Log
from routing import store
from routing.cases import Case, CaseState, Facts, RuleBroken
from routing.guards import RATED_WITHIN
from routing.steps import step
from routing.tables import case_ticket

log = Log("cases")

DAY = timedelta(days=1)
SWEPT = (
    # state, at least so long in it, event, why ({days}: the working days of its period)
    (CaseState.NEED_INFO, DAY, "info_timeout", "{days}个工作日内未补充,信息不全"),
    (CaseState.ASSIGNED, DAY, "deemed_signed", "{days}个工作日内未签收,视同签收"),
    (CaseState.SUSPENDED, timedelta(0), "resume", "复查日期已到"),
    (CaseState.REPLIED, RATED_WITHIN, "rate_timeout", "答复后14日内未评价"),
)


def sweep(tx: sa.Connection, desk: Desk, now: datetime) -> int:
    """Every step for which the time has come. Returns how many were taken."""
    taken = 0
    for state, least, event, words in SWEPT:
        why = words.format(days=desk.period(event, state))
        for case in store.waiting(tx, state, now - least):
            try:
                with tx.begin_nested():
                    taken += _take(tx, desk, case, event, why, now) is not None
            except sa.exc.OperationalError:
                raise  # the store itself is in trouble
            except Exception as trouble:
                log.exception("case not moved", case=case.number, step=event, trouble=type(trouble).__name__)
    return taken + remind(tx, desk, now) + _end_surveys(tx, desk, now)


def _take(tx: sa.Connection, desk: Desk, case: Case, event: str, why: str, now: datetime) -> Case | None:
    due = case_desk.after_pause(tx, desk, case, now) if event == "resume" else None
    facts = Facts("system", now, today=desk.today(now), period_ends=desk.period_ends(case, event), reason=why, due=due)
    try:
        done = step(case, event, "system", facts)
    except RuleBroken:
        return None  # not yet
    after = store.record(tx, case, done, "system", facts)
    if case.survey == "open" != after.survey:
        case_mail.next_survey(tx, desk, after.person_id, now)
    return after


def remind(tx: sa.Connection, desk: Desk, now: datetime) -> int:
    """A leader was silent too long ([waiting] await_leader): once, the director is told that they may delegate.

    Returns how many.
    """
    days, reminded = desk.period("delegate", CaseState.AWAIT_LEADER), 0
    for case in store.waiting(tx, CaseState.AWAIT_LEADER, now - DAY):
        ends = desk.period_ends(case, "delegate")
        if ends is None or desk.today(now) <= ends:
            continue
        if not store.noted(tx, case, "delegate_due"):
            store.note(tx, case, "delegate_due", "system", "system", now, f"领导{days}个工作日内未批示,主任可授权交办")
            reminded += 1
    return reminded


def _end_surveys(tx: sa.Connection, desk: Desk, now: datetime) -> int:
    """Reporters of merged cases who did not rate the master's reply: not rated, and their next survey may go."""
    silent = store.asked_apart(tx, now - RATED_WITHIN)
    for case in silent:
        after = replace(case, survey="done")
        store.note(tx, case, "unrated", "system", "system", now, "14日内未评价", after=after)
        case_mail.next_survey(tx, desk, case.person_id, now)
    return len(silent)


def settle_replies(tx: sa.Connection, desk: Desk, now: datetime) -> int:
    """Cases whose reply has by now reached its citizen, or never will. Returns how many."""
    waiting = tx.scalars(
        sa.select(case_ticket.c.reply_message_id).where(case_ticket.c.reply_delivery == "pending")
    ).all()
    settled = 0
    for message_id in waiting:
        state = notices.message_state(tx, message_id)
        if state in outbox.FINAL:
            _settle(tx, desk, message_id, state == outbox.PartState.DELIVERED, now)
            settled += 1
    return settled


def _settle(tx: sa.Connection, desk: Desk, message_id: int, delivered: bool, now: datetime) -> None:
    """The reply has reached its citizen, or never will: then the case is not answered yet, and an operator phones."""
    case = store.by_reply(tx, message_id)
    if case is None or case.reply_delivery != "pending":
        return
    outcome, why = ("delivered", "答复已送达") if delivered else ("undelivered", "答复短信未送达,请电话答复")
    after = replace(case, reply_delivery=outcome)
    after = store.note(
        tx,
        case,
        f"reply_{outcome}" if delivered else "reply_failed",
        "system",
        "system",
        now,
        why,
        after=after,
        message_id=message_id,
    )
    if delivered:
        return
    if after.state is CaseState.REPLIED:
        _take(tx, desk, after, "reply_undelivered", why, now)
    elif after.master_id is not None:
        master = store.by_id(tx, after.master_id)
        store.note(tx, master, "merged_undelivered", "system", "system", now, f"并入的{case.number}{why}")
