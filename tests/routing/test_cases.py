"""The life of a case never leaves its table."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import resources
from gateway.settings import load
from routing.cases import GUARDS, LABELS, OVER, TRANSITIONS, Case, CaseState, Facts, RuleBroken, step
from routing.texts import Texts, parts, units

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NEW = Case(1, "FX2600421", "1042", CaseState.NEW, 1, "sms", "路灯坏了", NOW)
ALL = frozenset("epy")
FACTS = Facts(
    actor="王",
    now=NOW,
    reason="理由",
    kind="求助",
    lead="交警大队",
    due=date(2026, 12, 4),
    today=date(2026, 11, 24),
    reply="已办好",
    gates=ALL,
    failed_gate="e",
    where="信访局",
    department="交警大队",
)


def walk(case: Case, *events: tuple[str, str]) -> Case:
    for event, role in events:
        case = step(case, event, role, replace(FACTS, actor=role)).case
    return case


def reported() -> Case:
    return walk(NEW, ("accept", "operator"), ("assign", "operator"), ("sign", "dept"), ("report", "dept"))


def test_the_usual_way_from_text_to_rated_answer() -> None:
    case = step(reported(), "approve", "reviewer", replace(FACTS, actor="李")).case
    assert case.state is CaseState.REPLIED
    done = step(replace(case, reply_delivery="delivered"), "rate_ok", "citizen", replace(FACTS, rating=1))
    assert (done.case.state, done.case.rating, done.sms) == (CaseState.CLOSED, 1, ("T11",))


def test_who_assigned_cannot_approve() -> None:
    case = reported()
    with pytest.raises(RuleBroken, match="交办人"):
        step(case, "approve", "reviewer", replace(FACTS, actor=case.assigned_by or ""))


@pytest.mark.parametrize("gates", ["", "e", "ep", "py"])
def test_all_three_gates_must_be_ticked(gates: str) -> None:
    with pytest.raises(RuleBroken, match="三关"):
        step(reported(), "approve", "reviewer", replace(FACTS, actor="李", gates=frozenset(gates)))


@pytest.mark.parametrize("where", ["lead", "co_handlers"])
def test_the_accused_unit_can_neither_lead_nor_help(where: str) -> None:
    case = step(NEW, "accept", "operator", replace(FACTS, accused=("县教育局",))).case
    facts = replace(FACTS, **{where: "县教育局" if where == "lead" else ("县教育局",)})  # type: ignore[arg-type]
    with pytest.raises(RuleBroken, match="被反映"):
        step(case, "assign", "operator", facts)


def test_another_unit_cannot_report() -> None:
    case = walk(NEW, ("accept", "operator"), ("assign", "operator"), ("sign", "dept"))
    with pytest.raises(RuleBroken, match="本单位"):
        step(case, "report", "dept", replace(FACTS, department="县教育局"))


def test_a_due_date_must_lie_ahead() -> None:
    case = walk(NEW, ("accept", "operator"))
    with pytest.raises(RuleBroken, match="期限"):
        step(case, "assign", "operator", replace(FACTS, due=FACTS.today))


def test_a_reply_that_did_not_arrive_brings_the_case_back() -> None:
    case = replace(
        step(reported(), "approve", "reviewer", replace(FACTS, actor="李")).case, reply_delivery="undelivered"
    )
    back = step(case, "reply_undelivered", "system", FACTS).case
    assert back.state is CaseState.REPORTED
    called = step(back, "phone_reply", "operator", FACTS).case
    assert (called.state, called.reply_delivery) == (CaseState.REPLIED, "called")


def test_an_unrated_case_closes_as_not_rated_and_only_when_it_was_answered() -> None:
    case = step(reported(), "approve", "reviewer", replace(FACTS, actor="李")).case
    with pytest.raises(RuleBroken, match="送达"):
        step(case, "rate_timeout", "system", FACTS)
    closed = step(replace(case, reply_delivery="delivered"), "rate_timeout", "system", FACTS).case
    assert (closed.state, closed.rating) == (CaseState.CLOSED, None)


def test_dissatisfied_leads_to_another_round_with_the_clock_of_the_unit_anew() -> None:
    case = step(reported(), "approve", "reviewer", replace(FACTS, actor="李")).case
    bad = step(case, "rate_bad", "citizen", replace(FACTS, rating=3)).case
    again = step(bad, "uphold", "reviewer", FACTS).case
    assert (bad.state, again.state, again.round) == (CaseState.DISSATISFIED, CaseState.ASSIGNED, 2)


def test_what_is_not_allowed_now_says_what_is() -> None:
    with pytest.raises(RuleBroken) as broken:
        step(NEW, "approve", "reviewer", FACTS)
    assert "待受理" in broken.value.message
    assert "accept" in broken.value.way_out


EVENTS = sorted({row.event for row in TRANSITIONS})
ROLES = sorted({role for row in TRANSITIONS for role in row.roles})


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from(ROLES), st.sampled_from("王李"), st.integers(1, 3))))
def test_no_path_leaves_the_table(path: list[tuple[str, str, str, int]]) -> None:
    case = NEW
    for event, role, actor, rating in path:
        before = case
        try:
            done = step(case, event, role, replace(FACTS, actor=actor, rating=rating))
        except RuleBroken:
            continue
        case = done.case
        row = done.transition
        assert (row.source, row.target) == (before.state, case.state)
        assert role in row.roles
        assert (case.state is CaseState.CLOSED) <= (case.closed_at is not None)


def test_every_guard_and_every_text_of_the_table_exists(folder: Path) -> None:
    templates = resources.messages(load(folder, {}))
    assert {guard for row in TRANSITIONS for guard in row.guards} <= GUARDS.keys()
    assert {sms for row in TRANSITIONS for sms in row.sms} <= templates.keys()
    assert LABELS.keys() == set(CaseState)
    assert {CaseState.CLOSED, CaseState.REJECTED} <= OVER


def test_silence_is_never_a_dead_end_in_this_table() -> None:
    leaving = {row.source for row in TRANSITIONS if row.roles & {"system", "operator", "reviewer", "gateway"}}
    reached = {row.target for row in TRANSITIONS} - OVER
    assert reached <= leaving


LONGEST = {
    "no": "FX26123456",
    "dept": "机关事务管理服务中心",
    "due": "12月30日",
    "state": "不予受理",
    "reason": "不在本县辖区",
    "where": "向所在县反映",
    "q": "您同意把县道升为三级路吗?",
    "date": "12月30日",
    "text": "已核实",
}


def test_every_text_fits_one_sms_with_the_longest_values(folder: Path) -> None:
    texts = Texts(resources.messages(load(folder, {})), "【肥乡双向沟通办】")
    for name in texts.templates:
        filled = texts.fill(name, **LONGEST)
        assert units(filled) <= 70, (name, units(filled), filled)
        assert parts(filled) == 1


def test_braces_in_a_value_mean_nothing(folder: Path) -> None:
    texts = Texts(resources.messages(load(folder, {})), "【肥乡双向沟通办】")
    assert "{dept}" in texts.fill("T6", no="FX1", text="{dept} {0.__class__}")
