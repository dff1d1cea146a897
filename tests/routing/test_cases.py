"""The life of a case never leaves its table, and is what its history says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.cases import (
    ANSWERED,
    COMMANDS,
    EVENTS,
    KEPT,
    LABELS,
    NOBODYS,
    OVER,
    PERIODS,
    PROPOSERS,
    ROLES,
    TRANSITIONS,
    Case,
    CaseState,
    Facts,
    RuleBroken,
    rows_from,
)
from routing.guards import GUARDS
from routing.history import Entry, changes, replay
from routing.steps import _SETTERS, step

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
TODAY = date(2026, 11, 24)
NEW = Case(1, "FX2600421", "1042", 1, "sms", "路灯坏了", NOW, since=NOW)
MASTER = replace(NEW, id=2, number="FX2600070", state=CaseState.IN_PROGRESS)
FACTS = Facts(
    actor="王",
    now=NOW,
    today=TODAY,
    period_ends=TODAY,
    department="交警大队",
    reason="理由",
    code="R1",
    basis="县政府三定方案",
    question="具体地点",
    kind="求助",
    instruction="请交警大队办理",
    lead="交警大队",
    due=date(2026, 12, 4),
    review_on=date(2027, 1, 15),
    reply="已办好",
    signed_by="赵队长",
    gates=frozenset("epy"),
    failed_gate="e",
    where="信访局",
    master=MASTER,
    proposed_by="张",
)
WAY = (("accept", "operator"), ("assign", "operator"), ("sign", "dept"), ("report", "dept"), ("approve", "reviewer"))


def go(case: Case, event: str, role: str, **facts: Any) -> Case:
    return step(case, event, role, replace(FACTS, **{"actor": role} | facts)).case


def along(*events: tuple[str, str]) -> Case:
    case = NEW
    for event, role in events:
        case = go(case, event, role)
    return case


def upto(event: str) -> Case:
    """The usual way up to and with this event."""
    names = [name for name, _ in WAY]
    return along(*WAY[: names.index(event) + 1])


def replied(delivery: str = "delivered") -> Case:
    return replace(upto("approve"), reply_delivery=delivery, survey="open", surveyed_at=NOW)


def refused(case: Case, event: str, role: str, why: str, **facts: Any) -> None:
    with pytest.raises(RuleBroken, match=why):
        go(case, event, role, **facts)


# ------------------------------------------------------------------------------------------------------------ the table


def test_the_table_has_its_fourteen_states_and_thirty_nine_rows() -> None:
    assert len(CaseState) == 14
    assert len(TRANSITIONS) == 39
    assert len({(row.event, row.source) for row in TRANSITIONS}) == 39
    assert {row.target for row in TRANSITIONS} == set(CaseState)


def test_everything_that_the_table_names_exists() -> None:
    assert {guard for row in TRANSITIONS for guard in row.guards} == GUARDS.keys()
    assert {name for row in TRANSITIONS for name in row.sets} == _SETTERS.keys()
    assert {role for row in TRANSITIONS for role in row.roles} == ROLES.keys()
    assert LABELS.keys() == set(CaseState)
    assert PROPOSERS.keys() <= EVENTS.keys()
    for event, state in PERIODS:
        assert any({"period_over", "in_period"} & {*row.guards} for row in rows_from(state, event)), event


def test_what_is_not_allowed_now_says_what_is() -> None:
    with pytest.raises(RuleBroken) as broken:
        go(NEW, "approve", "reviewer")
    assert "待受理" in broken.value.message
    assert "受理(accept)" in broken.value.way_out
    assert "ask" in COMMANDS["ask_info"]
    with pytest.raises(RuleBroken) as broken:
        go(NEW, "accept", "reviewer")
    assert "沟通办操作员" in broken.value.way_out


def test_nobody_acts_without_a_name_and_every_step_has_a_reason() -> None:
    refused(NEW, "accept", "operator", "经手人", actor="")
    assert step(NEW, "accept", "operator", replace(FACTS, reason="")).reason == "受理"


# ------------------------------------------------------------------------------------------------- rules, one by one


def test_the_usual_way_from_text_to_rated_answer() -> None:
    done = step(replied(), "rate_ok", "citizen", replace(FACTS, rating=1))
    assert (done.case.state, done.case.rating, done.sms) == (CaseState.CLOSED, 1, ("T11",))


def test_the_clock_starts_at_assignment_and_not_at_signing() -> None:
    assigned = upto("assign")
    assert assigned.assigned_at == NOW
    signed = go(assigned, "sign", "dept", now=NOW + timedelta(days=1))
    assert (signed.assigned_at, signed.since) == (NOW, NOW + timedelta(days=1))


def test_the_clock_of_the_case_runs_on_through_returns_and_other_units() -> None:
    later = NOW + timedelta(days=1)
    back = go(upto("assign"), "request_return", "dept", now=later)
    free = go(back, "return_ok", "reviewer", now=later)
    again = go(free, "assign", "operator", now=later, lead="县教育局")
    assert (again.assigned_at, again.since, again.returns) == (NOW, later, 1)
    other = go(again, "reassign", "operator", lead="县城管局", due=None, now=NOW + timedelta(days=2))
    assert (other.assigned_at, other.due_on, other.since) == (NOW, "2026-12-04", NOW + timedelta(days=2))
    refused(other, "reassign", "operator", "不重新计时", due=date(2026, 12, 30))


@pytest.mark.parametrize("who", ["operator", "reassigner"])
def test_whoever_assigned_in_this_round_cannot_approve(who: str) -> None:
    other = go(upto("assign"), "reassign", "operator", actor="reassigner")
    reported = go(go(other, "sign", "dept"), "report", "dept")
    refused(reported, "approve", "reviewer", "交办人", actor=who)
    assert go(reported, "approve", "reviewer", actor="李").state is CaseState.REPLIED


@pytest.mark.parametrize("gates", ["", "e", "ep", "py"])
def test_all_three_gates_must_be_ticked(gates: str) -> None:
    refused(upto("report"), "approve", "reviewer", "三关", gates=frozenset(gates))


def test_a_failed_gate_sends_back_one_round_further_with_the_clock_running() -> None:
    refused(upto("report"), "send_back", "reviewer", "哪一关", failed_gate="x")
    back = go(upto("report"), "send_back", "reviewer", failed_gate="p", now=NOW + timedelta(days=3))
    assert (back.state, back.round, back.assigned_at) == (CaseState.IN_PROGRESS, 2, NOW)


@pytest.mark.parametrize("event", ["assign", "reassign", "uphold", "recur", "instruct", "delegate"])
@pytest.mark.parametrize("where", [{"lead": "县教育局"}, {"co_handlers": ("县教育局",)}])
def test_the_accused_unit_can_neither_lead_nor_help_however_it_is_assigned(event: str, where: dict[str, Any]) -> None:
    [row, *_] = [row for row in TRANSITIONS if row.event == event]
    assert row.source is not None
    case = replace(NEW, state=row.source, accused=("县教育局",))
    role = next(iter(sorted(row.roles - NOBODYS)))
    refused(case, event, role, "被反映", today=date(2026, 11, 30), period_ends=TODAY, **where)


def test_a_unit_stands_on_an_assignment_once() -> None:
    refused(upto("accept"), "assign", "operator", "两次", co_handlers=("交警大队",))


def test_a_deadline_lies_ahead() -> None:
    refused(upto("accept"), "assign", "operator", "晚于今天", due=TODAY)
    refused(upto("accept"), "assign", "operator", "期限", due=None)


def test_a_unit_does_only_what_it_leads_and_notes_progress_where_it_helps() -> None:
    joint = replace(upto("sign"), co_handlers=("县教育局",))
    refused(joint, "report", "dept", "主办", department="县教育局")
    refused(joint, "progress", "dept", "办理", department="县城管局")
    assert go(joint, "progress", "dept", department="县教育局").state is CaseState.IN_PROGRESS


def test_a_report_is_signed_by_the_head_of_the_unit() -> None:
    refused(upto("sign"), "report", "dept", "签发", signed_by="")
    assert go(upto("sign"), "report", "head", signed_by="").state is CaseState.REPORTED


def test_a_return_is_asked_for_in_time_with_a_code_and_a_rule() -> None:
    assigned = upto("assign")
    refused(assigned, "request_return", "dept", "代码", basis="")
    refused(assigned, "request_return", "dept", "已过", today=date(2026, 11, 26), period_ends=date(2026, 11, 25))
    refused(upto("sign"), "request_return", "dept", "应由|不能")
    refused(upto("sign"), "request_return", "head", "理由", reason="")
    assert go(upto("sign"), "request_return", "head").state is CaseState.RETURN_REQ


def test_two_returns_are_granted_and_a_ruling_is_final() -> None:
    case = upto("accept")
    for _ in range(2):
        case = go(go(go(case, "assign", "operator"), "request_return", "dept"), "return_ok", "reviewer")
    asked = go(go(case, "assign", "operator"), "request_return", "dept")
    refused(asked, "return_ok", "reviewer", "审定")
    refused(asked, "return_no", "reviewer", "依据", basis="")
    ruled = go(asked, "return_no", "director")
    refused(ruled, "request_return", "dept", "已经审定")
    assert not go(ruled, "reassign", "operator", lead="县教育局").ruled


def test_what_a_leader_must_decide_no_operator_assigns() -> None:
    case = go(NEW, "accept", "operator", leader_kind="违纪违法")
    refused(case, "assign", "operator", "领导")
    waiting = go(case, "refer_leader", "operator")
    refused(waiting, "delegate", "director", "未满")
    refused(waiting, "instruct", "leader", "批示", instruction=" ")
    told = go(waiting, "instruct", "leader")
    assert (told.state, told.instruction) == (CaseState.ASSIGNED, "请交警大队办理")
    assert go(waiting, "delegate", "director", today=date(2026, 11, 27)).state is CaseState.ASSIGNED


def test_what_a_leader_must_decide_is_neither_answered_nor_merged_away_by_an_operator() -> None:
    marked = replace(NEW, leader_kind="违纪违法")
    refused(marked, "answer_direct", "operator", "领导", kind="咨询")
    refused(marked, "merge", "operator", "亲自批转")
    same = replace(MASTER, leader_kind="渎职失职")
    assert go(marked, "merge", "operator", master=same).state is CaseState.MERGED


def test_what_a_leader_decided_comes_back_to_the_units_that_the_leader_chose() -> None:
    closed = replace(replied(), state=CaseState.CLOSED, closed_at=NOW, leader_kind="违纪违法")
    refused(closed, "recur", "operator", "由原单位", lead="县交通局")
    refused(closed, "recur", "operator", "由原单位", co_handlers=("县交通局",))
    assert go(closed, "recur", "operator").lead == "交警大队"
    assert go(replace(closed, leader_kind=None), "recur", "operator", lead="县交通局").lead == "县交通局"


STEPS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(("交警大队", "县交通局")), st.integers(0, 3)),
    min_size=10,
    max_size=40,
)


@given(STEPS)
@settings(max_examples=100)
def test_no_path_lets_an_operator_choose_who_has_what_a_leader_must_decide(path: list[Any]) -> None:
    case, now, decided = replace(NEW, leader_kind="违纪违法"), NOW, False
    for what, who, unit, days in path:
        now += timedelta(days=days)
        rows = rows_from(case.state)
        row = rows[what % len(rows)]
        role = sorted(row.roles)[who % len(row.roles)]
        given_ = facts_at(case, row.event, f"{role}甲", now)
        given_ = replace(given_, lead=unit, leader_kind="违纪违法", department=case.lead or "")
        if case.state in (CaseState.REPLIED, CaseState.REPORTED):
            case = replace(case, reply_delivery=("delivered", "undelivered")[who % 2])
        try:
            after = step(case, row.event, role, given_).case
        except RuleBroken:
            continue
        if role in ("operator", "citizen", "system"):
            assert after.orders == case.orders or after.lead == case.lead
            assert after.lead in (case.lead, None)
        decided = decided or role in ("leader", "director")
        if after.lead or after.state in (CaseState.REPLIED, CaseState.MERGED):
            assert decided
        case = after


def test_an_extension_is_asked_for_before_the_date_and_once_without_a_leader() -> None:
    later = date(2026, 12, 11)
    refused(upto("sign"), "extend_ok", "director", "届满前", due=later, asked_on=date(2026, 12, 5))
    refused(upto("sign"), "extend_ok", "director", "晚于", due=date(2026, 12, 4))
    done = step(upto("sign"), "extend_ok", "director", replace(FACTS, due=later))
    assert (done.case.due_on, done.sms) == ("2026-12-11", ("T7",))
    refused(done.case, "extend_ok", "director", "领导", due=date(2026, 12, 20))
    assert go(done.case, "extend_ok", "leader", due=date(2026, 12, 20)).extensions == 2


def test_a_case_waits_on_the_books_ninety_days_at_most() -> None:
    refused(upto("sign"), "suspend", "leader", "90", review_on=TODAY + timedelta(days=91))
    refused(upto("sign"), "suspend", "leader", "代码", code="")
    waiting = go(upto("sign"), "suspend", "leader", review_on=TODAY + timedelta(days=90))
    refused(waiting, "resume", "system", "未到")
    refused(waiting, "resume", "director", "消除", reason="")
    assert go(waiting, "resume", "system", today=TODAY + timedelta(days=90)).state is CaseState.IN_PROGRESS


def test_nobody_reports_for_a_unit_that_is_not_supervised_and_red() -> None:
    refused(upto("sign"), "report_for", "supervisor", "督办")
    watched = replace(upto("sign"), supervision="推诿")
    refused(watched, "report_for", "supervisor", "红灯")
    assert go(watched, "report_for", "supervisor", red=True).state is CaseState.REPORTED


@pytest.mark.parametrize(("event", "state"), [("reject", CaseState.NEW), ("explain", CaseState.DISSATISFIED)])
def test_a_refusal_and_an_explanation_take_two_persons(event: str, state: CaseState) -> None:
    role = "reviewer" if event == "reject" else "director"
    case = replace(NEW, state=state, reply_delivery="confirmed")
    refused(case, event, role, "还没有人提出", proposed_by="")
    refused(case, event, role, "不能自己", proposed_by="李", actor="李")
    assert go(case, event, role, proposed_by="李", actor="张").state in OVER


def test_a_case_is_merged_into_one_that_lives_or_was_closed_lately() -> None:
    assert go(NEW, "merge", "operator").master_id == MASTER.id
    refused(NEW, "merge", "operator", "哪一件", master=NEW)
    refused(NEW, "merge", "operator", "主件", master=replace(MASTER, state=CaseState.MERGED))
    old = replace(MASTER, state=CaseState.CLOSED, closed_at=NOW - timedelta(days=90))
    refused(NEW, "merge", "operator", "90日", master=old)
    fresh = replace(old, closed_at=NOW - timedelta(days=89))
    assert go(go(NEW, "merge", "operator", master=fresh), "unmerge", "reviewer").master_id is None


def test_a_reply_that_did_not_arrive_brings_the_case_back_to_be_phoned() -> None:
    back = go(replied("undelivered"), "reply_undelivered", "system")
    assert (back.state, back.survey) == (CaseState.REPORTED, None)
    called = go(back, "phone_reply", "operator")
    assert (called.state, called.reply_delivery) == (CaseState.REPLIED, "called")
    refused(upto("report"), "phone_reply", "operator", "没有送达失败")


def test_an_unrated_case_closes_after_a_fortnight_as_not_rated_and_only_when_it_was_answered() -> None:
    later = NOW + timedelta(days=14)
    refused(replied("pending"), "rate_timeout", "system", "送达", now=later)
    refused(replied(), "rate_timeout", "system", "未满", now=later - timedelta(seconds=1))
    refused(replace(replied(), survey="queued"), "rate_timeout", "system", "未满", now=later)
    closed = go(replied(), "rate_timeout", "system", now=later)
    assert (closed.state, closed.rating) == (CaseState.CLOSED, None)


def test_dissatisfied_and_upheld_is_done_again_under_supervision_with_a_clock_of_its_own() -> None:
    bad = go(replied(), "rate_bad", "citizen", rating=3)
    later = NOW + timedelta(days=20)
    again = go(bad, "uphold", "reviewer", now=later, actor="李")
    assert (again.state, again.round, again.supervision) == (CaseState.ASSIGNED, 2, "不满意重办")
    assert (again.assigned_at, again.assigners, again.rating) == (later, ("李",), None)


def test_a_closed_matter_comes_back_within_thirty_days_and_is_supervised() -> None:
    closed = go(replied(), "rate_ok", "citizen", rating=1)
    refused(closed, "recur", "citizen", "30日", now=NOW + timedelta(days=31))
    again = go(closed, "recur", "citizen", now=NOW + timedelta(days=30))
    assert (again.state, again.recurrences, again.supervision) == (CaseState.ASSIGNED, 1, "同一问题再次发生")


def test_thanks_never_reopen() -> None:
    closed = go(replied(), "rate_ok", "citizen", rating=1)
    assert go(closed, "thanks", "citizen", now=NOW + timedelta(days=27)) == closed


def test_a_refusal_can_be_appealed_against_once_within_fifteen_days() -> None:
    rejected = go(NEW, "reject", "reviewer")
    refused(rejected, "appeal", "citizen", "15日", now=NOW + timedelta(days=16))
    again = go(rejected, "appeal", "citizen", now=NOW + timedelta(days=15))
    refused(go(again, "reject", "reviewer"), "appeal", "citizen", "一次")


# ------------------------------------------------------------------------------------------------------------ all paths

SILENT = frozenset({"citizen", "dept", "head", "leader"})
MOVES = st.tuples(
    st.one_of(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.sampled_from(sorted(EVENTS))),
    st.one_of(st.integers(0, 2), st.integers(0, 2), st.sampled_from(sorted(ROLES))),
    st.sampled_from("王李"),
    st.integers(1, 3),
    st.integers(0, 20),
    st.sampled_from([None, "delivered", "undelivered", "pending"]),
)
PATHS = st.lists(MOVES, min_size=30, max_size=60)
"""What and who: a number takes one of the rows that leave the state, and one of its roles; a name may be nonsense."""


def facts_at(case: Case, event: str, actor: str, now: datetime, rating: int = 1) -> Facts:
    """Facts that leave nothing out. Periods are in days of the almanac: which of them count, the calendar says."""
    today = now.date()
    days = (PERIODS[event, case.state] or 2) if (event, case.state) in PERIODS else None
    return replace(
        FACTS,
        actor=actor,
        now=now,
        today=today,
        period_ends=case.since.date() + timedelta(days=days) if days and case.since else None,
        red=bool(case.assigned_at) and now - case.assigned_at > timedelta(days=15),
        rating=rating,
        kind="咨询" if event == "answer_direct" else "求助",
        due=None if event == "reassign" else today + timedelta(days=30),
        review_on=today + timedelta(days=60),
        asked_on=TODAY,
    )


def walked(path: Sequence[Any]) -> tuple[Case, list[Entry], datetime]:
    """A case after a path, of which every move that the table refuses changes nothing; its history; the moment."""
    case, now = NEW, NOW
    entries = [entry("receive", None, NEW, now)]
    for what, who, actor, rating, days, delivery in path:
        now += timedelta(days=days)
        rows = rows_from(case.state)
        row = rows[what % len(rows)] if isinstance(what, int) else None
        event = row.event if row else what
        roles = sorted(row.roles) if row else sorted(ROLES)
        role = roles[who % len(roles)] if isinstance(who, int) else who
        if case.state in (CaseState.REPLIED, CaseState.REPORTED) and delivery:
            after = replace(case, reply_delivery=delivery, supervision="推诿")
            entries.append(entry("noted", case, after, now))
            case = after
        before = case
        try:
            done = step(before, event, role, facts_at(before, event, actor, now, rating))
        except RuleBroken:
            continue
        case, taken = done.case, done.transition
        entries.append(entry(event, before, case, now))
        assert taken in TRANSITIONS
        assert (taken.source, taken.target) == (before.state, case.state)
        assert role in taken.roles
        assert done.reason
    return case, entries, now


def entry(event: str, before: Case | None, after: Case, now: datetime) -> Entry:
    source = before.state if before else None
    return Entry(now, event, "王", "x", source, after.state, "", None, None, {"set": changes(before, after)})


@given(PATHS)
@settings(max_examples=120)
def test_no_path_leaves_the_table_and_nothing_closes_unanswered(path: list[Any]) -> None:
    case, entries, _ = walked(path)
    if case.state is CaseState.CLOSED:
        assert case.reply_delivery in ANSWERED
    assert (case.state in OVER) <= (case.closed_at is not None)
    assert (case.state is CaseState.MERGED) == (case.master_id is not None)
    for before, after in pairwise(entries):
        assert before.to_state == after.from_state


@given(PATHS)
@settings(max_examples=100)
def test_a_case_is_what_its_history_gives_at_every_moment(path: list[Any]) -> None:
    case, entries, _ = walked(path)
    blank = replace(NEW, since=None)
    assert replay(blank, entries) == case
    for count in range(1, len(entries) + 1):
        assert replay(blank, entries[:count]).state == entries[count - 1].to_state


def test_changes_hold_every_field_that_can_change() -> None:
    assert changes(None, NEW).keys() == set(KEPT)
    assert changes(NEW, NEW) == {}


@given(PATHS)
@settings(max_examples=100)
def test_when_citizen_unit_and_leader_are_silent_the_office_and_time_still_end_every_case(path: list[Any]) -> None:
    case, _, now = walked(path)
    trail = [case.state]
    while case.state not in OVER:
        now += timedelta(days=91)
        if case.state is CaseState.REPLIED:
            case = replace(case, reply_delivery="delivered")
        if case.state is CaseState.IN_PROGRESS:
            case = replace(case, supervision="无人反馈")
        case = _unheard(case, now)
        trail.append(case.state)
        assert len(trail) < 12, trail


def _unheard(case: Case, now: datetime) -> Case:
    """One step by time or the office; the first row that works and leads nearer to the end."""
    for state in NEARER[case.state]:
        for row in rows_from(case.state):
            if row.target is state and row.roles - SILENT:
                role = min(row.roles - SILENT)
                try:
                    return step(case, row.event, role, facts_at(case, row.event, f"another {role}", now)).case
                except RuleBroken:
                    continue
    raise AssertionError(f"a dead end: {case}")


NEARER = {
    CaseState.NEW: (CaseState.ACCEPTED,),
    CaseState.NEED_INFO: (CaseState.NEW,),
    CaseState.ACCEPTED: (CaseState.ASSIGNED, CaseState.AWAIT_LEADER),
    CaseState.AWAIT_LEADER: (CaseState.ASSIGNED,),
    CaseState.ASSIGNED: (CaseState.IN_PROGRESS,),
    CaseState.RETURN_REQ: (CaseState.ASSIGNED,),
    CaseState.IN_PROGRESS: (CaseState.REPORTED,),
    CaseState.REPORTED: (CaseState.REPLIED,),
    CaseState.REPLIED: (CaseState.CLOSED,),
    CaseState.DISSATISFIED: (CaseState.CLOSED,),
    CaseState.SUSPENDED: (CaseState.IN_PROGRESS,),
}
