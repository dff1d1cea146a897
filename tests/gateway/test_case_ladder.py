"""Units that are silent hear of it by themselves: each rung once, in office hours, never before its time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import case_desk, schedule
from gateway.case_ladder import MISSED, PURPOSE, Post
from gateway.casebook import find
from gateway.daemon import Daemon
from gateway.errors import Refused
from gateway.resources import prefixes
from gateway.tables import carrier_status, message
from routing import store
from routing.calendar import Holiday, Table
from routing.cases import Facts
from routing.departments import Departments
from routing.history import Entry, replay
from routing.supervision import RUNG_LABELS, Rung
from routing.tables import case_event, case_ticket
from tests.conftest import NOON
from tests.gateway.casework import ALL, MINE, ROAD, THEIRS, WATER, YOURS, act, delivered, events, opened, show
from tests.gateway.office import Office

SHANGHAI = ZoneInfo("Asia/Shanghai")
LIAISON, LEADER, SUPERVISOR = "13900000001", "13900000002", "13900000003"
RUNGS = frozenset({*Rung, "deemed_told", "same_problem", "recompute"})


def go(office: Office, words: str) -> None:
    """Set the clock, in Feixiang's time."""
    moment = datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)
    office.minutes = (moment - NOON) / timedelta(minutes=1)


def reached(office: Office) -> None:
    """The unit's posts and the supervision office have numbers."""
    units = tuple(
        replace(unit, liaison_phone=f"+86{LIAISON}", leader_phone=f"+86{LEADER}")
        for unit in office.desk.departments.units
    )
    office.desk = replace(office.desk, departments=Departments(units, f"+86{SUPERVISOR}"))


def given_to_the_police(office: Office, on: str, number: str = MINE, words: str = ROAD, **more: str) -> str:
    """A case that was assigned on a moment, due when the calendar says."""
    go(office, on)
    office.minutes -= 30
    no = opened(office, number, words)
    act(office, no, "accept", kind="求助", **more)
    act(office, no, "assign", lead="交警大队")
    office.submit()
    return no


def climbed(office: Office, no: str) -> list[tuple[str, str]]:
    """The rungs on record, with when."""
    with office.database.read() as tx:
        entries = store.timeline(tx, find(tx, no).id)
    return [(entry.event, f"{entry.at.astimezone(SHANGHAI):%m-%dT%H:%M}") for entry in entries if entry.event in RUNGS]


def entry_of(office: Office, no: str, event: str) -> Entry:
    with office.database.read() as tx:
        return [entry for entry in store.timeline(tx, find(tx, no).id) if entry.event == event][-1]


def hourly(office: Office, until: str) -> None:
    """Time goes by, with all sweeps each half hour from eight to eight, and at midnight."""
    end = datetime.fromisoformat(until).replace(tzinfo=SHANGHAI)
    while office.now < end:
        office.minutes += 30
        hour = office.now.astimezone(SHANGHAI).hour
        office.minutes += 60 * (24 - hour if hour >= 20 else 8 - hour if 0 < hour < 8 else 0)
        office.sweep()
        office.supervise()


def texts(office: Office) -> list[tuple[str, str]]:
    """To whom, and what, goes out now."""
    return [(one.destination, one.body.decode("utf-16-be")) for _, _, one in office.submit()]


# ---------------------------------------------------------------------------------------------------------- the ladder


def test_the_whole_ladder_across_spring_festival_by_itself(office: Office) -> None:
    no = given_to_the_police(office, "2026-02-12T10:00")  # a Thursday; 14 and 28 February are worked, 15 to 23 are not
    hourly(office, "2026-03-20T12:00")
    assert climbed(office, no) == [
        ("unsigned", "02-12T16:00"),
        ("deemed_signed", "02-14T00:00"),
        ("remind", "02-25T08:30"),
        ("urge", "02-27T08:30"),
        ("criticise", "03-04T08:30"),
        ("supervise", "03-12T08:30"),
    ]
    assert (show(office, no).supervision, show(office, no).due_on) == ("亮红灯", "2026-02-26")
    assert entry_of(office, no, "urge").actor == "system"
    assert entry_of(office, no, "urge").reason == "2026-02-26 到期,未答复;未登记信息员、分管领导的号码,未发短信"


def test_whoever_has_a_number_is_texted_at_each_rung(office: Office) -> None:
    reached(office)
    no = given_to_the_police(office, "2026-11-09T10:00")  # a Monday, due on the next
    told = []
    for moment in ("09T16:00", "11T08:30", "13T08:30", "17T08:30", "23T08:30", "2026-12-01T08:30"):
        go(office, moment if len(moment) > 8 else f"2026-11-{moment}")
        office.sweep()
        office.supervise()
        told += texts(office)
    end = "{}由交警大队办理,11月16日已到期"
    assert [(whom[-11:], words.removeprefix("【肥乡双向沟通办】")) for whom, words in told] == [
        (LIAISON, f"{no}已交交警大队办理,尚未签收,请尽快签收。11月16日到期。"),
        (LEADER, f"{no}已交交警大队办理,逾期未签收,视同签收,请督促办理。11月16日到期。"),
        (LIAISON, f"{no}由交警大队办理,11月16日到期,请按时反馈。"),
        (LIAISON, f"催办:{end.format(no)},请立即办理并反馈。"),
        (LEADER, f"催办:{end.format(no)},请立即办理并反馈。"),
        (LEADER, f"{end.format(no)},逾期过久,列入书面批评。"),
        (SUPERVISOR, f"督办:{end.format(no)},至今未答复,亮红灯。"),
    ]
    urged = entry_of(office, no, "urge")
    assert set(urged.data["told"]) == {"信息员", "分管领导"}
    assert "短信告知信息员、分管领导" in urged.reason


def test_a_unit_that_hears_of_two_cases_at_once_hears_of_both(office: Office) -> None:
    reached(office)
    for number, words in ((MINE, ROAD), (YOURS, WATER)):
        given_to_the_police(office, "2026-11-09T10:00", number, words)
    go(office, "2026-11-09T16:30")
    assert office.supervise() == 2
    assert [whom[-11:] for whom, _ in texts(office)] == [LIAISON, LIAISON]


def test_two_posts_with_one_number_get_one_text(office: Office) -> None:
    units = tuple(
        replace(one, liaison_phone=f"+86{LIAISON}", leader_phone=f"+86{LIAISON}")
        for one in office.desk.departments.units
    )
    office.desk = replace(office.desk, departments=Departments(units))
    no = given_to_the_police(office, "2026-11-09T10:00")
    act(office, no, "sign", "dept", department="交警大队")
    go(office, "2026-11-13T09:00")
    office.supervise()
    go(office, "2026-11-17T09:00")
    office.supervise()
    assert len(entry_of(office, no, "urge").data["told"]) == 2
    assert len(office.rows(sa.select(message).where(message.c.purpose == PURPOSE))) == 2  # one reminder, one urge


@pytest.mark.parametrize(
    "moment", ["2026-11-17T07:00", "2026-11-17T08:29:59", "2026-11-17T12:30", "2026-11-17T18:00", "2026-11-21T10:00"]
)
def test_nothing_is_done_while_the_office_is_closed(office: Office, moment: str) -> None:
    given_to_the_police(office, "2026-11-09T10:00")
    go(office, moment)
    assert office.supervise() == 0
    go(office, "2026-11-23T08:30")
    assert office.supervise() > 0


def test_what_was_missed_while_the_gateway_stood_still_is_noted_and_only_the_last_is_told(office: Office) -> None:
    reached(office)
    no = given_to_the_police(office, "2026-11-09T10:00")
    act(office, no, "sign", "dept", department="交警大队")
    go(office, "2026-11-24T10:00")
    assert (office.supervise(), office.supervise()) == (3, 0)
    assert [event for event, _ in climbed(office, no)] == ["remind", "urge", "criticise"]
    assert [whom[-11:] for whom, _ in texts(office)] == [LEADER]
    assert entry_of(office, no, "remind").reason.endswith(MISSED)


def test_nobody_is_asked_to_sign_what_already_counts_as_signed(office: Office) -> None:
    reached(office)
    given_to_the_police(office, "2026-11-09T10:00")
    go(office, "2026-11-11T09:00")  # the gateway stood still meanwhile
    office.sweep()
    assert (office.supervise(), office.supervise()) == (1, 0)
    assert [whom[-11:] for whom, _ in texts(office)] == [LEADER]


def test_a_unit_that_has_reported_is_left_in_peace_until_the_case_comes_back(office: Office) -> None:
    no = given_to_the_police(office, "2026-11-09T10:00")
    act(office, no, "report", reply="已安排交警执勤", signed_by="赵队长")
    go(office, "2026-11-18T10:00")
    assert office.supervise() == 0
    act(office, no, "send_back", "reviewer", "乙", failed_gate="e", reason="没有照片")
    office.minutes += 10
    assert office.supervise() == 2
    assert [event for event, _ in climbed(office, no)] == ["remind", "urge"]


def test_an_answer_ends_it_and_a_suspension_holds_it(office: Office) -> None:
    first = given_to_the_police(office, "2026-11-09T10:00")
    act(office, first, "report", reply="已安排交警执勤", signed_by="赵队长")
    act(office, first, "approve", "reviewer", "乙", gates=ALL)
    delivered(office)
    second = given_to_the_police(office, "2026-11-09T16:00", YOURS, WATER)
    act(office, second, "sign", "dept", department="交警大队")
    act(office, second, "suspend", "leader", "县长", code="season", review_on=date(2027, 1, 20), reason="冬季不能铺路")
    go(office, "2026-12-09T10:00")
    assert office.supervise() == 0
    assert [climbed(office, one) for one in (first, second)] == [[], []]


def test_who_was_granted_more_time_is_urged_when_that_is_over(office: Office) -> None:
    no = given_to_the_police(office, "2026-11-09T10:00")
    act(office, no, "sign", "dept", department="交警大队")
    asked = {"due": date(2026, 11, 23), "reason": "材料未到"}
    with office.database.write() as tx:
        case_desk.propose(
            tx, office.desk, no, "extend_ok", "dept", Facts("丙", office.now, department="交警大队", **asked)
        )
        case_desk.decide(tx, office.desk, no, "extend_ok", "director", Facts("主任", office.now))
    hourly(office, "2026-11-25T12:00")
    assert climbed(office, no) == [("remind", "11-20T08:45"), ("urge", "11-24T08:45")]


def test_a_case_that_cannot_be_read_holds_up_no_other(office: Office) -> None:
    broken = given_to_the_police(office, "2026-11-09T10:00")
    other = given_to_the_police(office, "2026-11-09T11:00", YOURS, WATER)
    with office.database.write() as tx:
        ours = sa.select(case_ticket.c.id).where(case_ticket.c.number == broken).scalar_subquery()
        where = (case_event.c.case_id == ours, case_event.c.event == "assign")
        tx.execute(sa.update(case_event).where(*where).values(data={"due": "soon"}))
    go(office, "2026-11-17T09:00")
    assert office.supervise() > 0
    assert [bool(climbed(office, one)) for one in (broken, other)] == [False, True]


def test_many_open_cases_are_looked_at_in_transactions_of_their_own(office: Office) -> None:
    cases = [given_to_the_police(office, "2026-11-09T10:00", number) for number in (MINE, YOURS)]
    supervision = schedule.Supervision(office.desk, Post(office.vault, prefixes(office.settings)), at_most=1)
    go(office, "2026-11-17T09:00")
    urged = []
    for more in (schedule.MORE, schedule.MORE, None, schedule.MORE):  # two full ones, the end; from the first again
        with office.database.write() as tx:
            assert supervision(tx, office.now_ms) is more
        urged.append([Rung.URGE in events(office, no) for no in cases])
    assert urged == [[True, False], [True, True], [True, True], [True, True]]
    assert office.supervise() == 0


def test_a_sweep_that_asks_for_more_is_given_another_transaction(office: Office) -> None:
    seen: list[int] = []

    def work(tx: sa.Connection, now_ms: int) -> object:
        with office.database.read() as other:  # what the one before wrote is committed
            seen.append(other.scalar(sa.select(sa.func.count()).select_from(carrier_status)) or 0)
        tx.execute(sa.insert(carrier_status).values(carrier=f"line {len(seen)}"))
        return schedule.MORE if len(seen) < 3 else None

    async def sweep() -> None:
        await Daemon(office.settings, office.database, office.vault)._sweep(work)

    asyncio.run(sweep())
    assert [one - seen[0] for one in seen] == [0, 1, 2]


def test_a_trouble_in_telling_leaves_nothing_half_done(office: Office) -> None:
    reached(office)
    no = given_to_the_police(office, "2026-11-09T10:00")
    other = given_to_the_police(office, "2026-11-09T10:40", YOURS, WATER)
    without = {name: words for name, words in office.desk.texts.templates.items() if name != "S1"}
    office.desk = replace(office.desk, texts=replace(office.desk.texts, templates=without))
    go(office, "2026-11-09T16:50")
    assert office.supervise() == 0
    assert [climbed(office, one) for one in (no, other)] == [[], []]
    assert office.rows(sa.select(message).where(message.c.purpose == PURPOSE)) == []


def test_reminders_to_a_unit_are_no_talk_with_the_citizen(office: Office) -> None:
    no = given_to_the_police(office, "2026-11-09T10:00")
    go(office, "2026-11-17T09:00")
    with office.database.read() as tx:
        [before] = store.dialogues(tx, find(tx, no).person_id or 0)
    assert office.supervise() > 0
    with office.database.read() as tx:
        [after] = store.dialogues(tx, find(tx, no).person_id or 0)
    assert after.last_at == before.last_at


def test_a_history_with_its_rungs_still_gives_the_stored_case(office: Office) -> None:
    no = given_to_the_police(office, "2026-11-09T10:00")
    hourly(office, "2026-12-02T12:00")
    case = show(office, no)
    with office.database.read() as tx:
        assert replay(case, store.timeline(tx, case.id)) == case
    assert case.supervision


# -------------------------------------------------------------------------------------------------- same problem twice


def test_a_problem_that_comes_back_after_its_answer_goes_to_the_supervision_office_once(office: Office) -> None:
    reached(office)
    same = {"place": "东赵村", "topic": "路灯"}
    first = given_to_the_police(office, "2026-11-02T09:00", MINE, ROAD, **same)
    act(office, first, "report", reply="已修好", signed_by="赵队长")
    act(office, first, "approve", "reviewer", "乙", gates=ALL)
    delivered(office)
    other = given_to_the_police(office, "2026-11-09T09:00", THEIRS, WATER, place="西赵村", topic="路灯")
    second = given_to_the_police(office, "2026-11-09T10:00", YOURS, ROAD + "又坏了", **same)
    assert (office.supervise(), office.supervise()) == (1, 0)
    assert show(office, second).supervision == "同一问题再次反映"
    assert entry_of(office, second, "same_problem").reason.startswith(
        f"同一问题(东赵村/路灯)答复后第2次反映:{first}、{second};短信告知督查室"
    )
    assert [show(office, one).supervision for one in (first, other)] == [None, None]
    assert [whom[-11:] for whom, _ in texts(office)] == [SUPERVISOR]


def test_a_case_that_recurs_is_reported_once_each_time(office: Office) -> None:
    no = given_to_the_police(office, "2026-11-02T09:00", place="东赵村", topic="路灯")
    act(office, no, "report", reply="已修好", signed_by="赵队长")
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    delivered(office)
    office.text(MINE, "1")
    go(office, "2026-11-09T10:00")
    assert office.supervise() == 0
    act(office, no, "recur", lead="交警大队", reason="又坏了")
    assert (office.supervise(), office.supervise()) == (1, 0)
    assert "第2次反映" in entry_of(office, no, "same_problem").reason
    assert show(office, no).supervision == "同一问题再次发生"


def test_a_report_before_the_answer_and_an_inquiry_are_no_repeat(office: Office) -> None:
    same = {"place": "东赵村", "topic": "路灯"}
    given_to_the_police(office, "2026-11-09T09:00", MINE, ROAD, **same)
    given_to_the_police(office, "2026-11-09T10:00", YOURS, ROAD + "又坏了", **same)
    assert office.supervise() == 0


# --------------------------------------------------------------------------------------------------- a new year's table


def arrived(office: Office, *holidays: Holiday) -> None:
    """A notice for 2027 is in the calendar now."""
    table = Table(2027, "国办发明电〔2026〕9号", office.now.date(), holidays)
    calendar = office.desk.calendar
    office.desk = replace(office.desk, calendar=replace(calendar, tables=(*calendar.tables, table)))


def new_year(office: Office, last: int) -> Holiday:
    return Holiday("元旦", date(2027, 1, 1), date(2027, 1, last), (), "国办发明电〔2026〕9号", office.now.date())


def test_a_table_that_puts_the_date_off_is_on_record_once_and_told(office: Office) -> None:
    no = given_to_the_police(office, "2026-12-28T10:00")
    told = show(office, no).due_on
    assert told == "2027-01-05"  # the 1st to the 3rd are off by law and weekend
    office.minutes += 60
    assert office.supervise() == 0
    arrived(office, new_year(office, 5))
    assert (office.supervise(), office.supervise()) == (1, 0)
    assert show(office, no).due_on == "2027-01-07"
    reason = "放假通知公布后重新计算:原 2027-01-05,按日历 2027-01-07,改为 2027-01-07"
    assert entry_of(office, no, "recompute").reason == reason
    office.minutes += 20
    assert f"【肥乡双向沟通办】{no}因放假安排调整需延期,预计1月7日前答复,请您谅解。" in [
        words for _, words in texts(office)
    ]


def test_a_table_that_would_shorten_the_time_shortens_nothing(office: Office) -> None:
    no = given_to_the_police(office, "2026-12-28T10:00")
    office.minutes += 60
    arrived(office, replace(new_year(office, 1), work=(date(2027, 1, 2), date(2027, 1, 3))))
    assert (office.supervise(), office.supervise()) == (1, 0)
    assert show(office, no).due_on == "2027-01-05"
    assert "仍按已告知的 2027-01-05" in entry_of(office, no, "recompute").reason
    assert [words for _, words in texts(office) if "延期" in words] == []


def test_a_pause_and_a_new_urgency_are_no_new_calendar(office: Office) -> None:
    no = given_to_the_police(office, "2026-11-09T10:00")
    act(office, no, "sign", "dept", department="交警大队")
    act(office, no, "suspend", "leader", "县长", code="season", review_on=date(2026, 11, 12), reason="等材料")
    hourly(office, "2026-11-13T12:00")
    office.text(MINE, f"{no} 有人触电了,快来人", "")
    hourly(office, "2026-11-19T12:00")
    assert "recompute" not in events(office, no)


# ------------------------------------------------------------------------------------------------------------ whatever


STEPS: Sequence[tuple[str, str, dict[str, object]]] = (
    ("sign", "dept", {"department": "交警大队"}),
    ("report", "dept", {"reply": "已处理", "signed_by": "赵队长", "department": "交警大队"}),
    ("send_back", "reviewer", {"failed_gate": "e", "reason": "没有照片"}),
    ("approve", "reviewer", {"gates": ALL}),
    ("reassign", "operator", {"lead": "城关镇", "reason": "不归交警管"}),
    ("suspend", "leader", {"code": "season", "reason": "等天气", "review_on": None}),
)


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, len(STEPS) - 1)), max_size=8), st.integers(0, 400))
def test_no_rung_comes_before_its_time_or_twice_whatever_the_unit_does(
    office: Office, steps: list[tuple[int, int]], day: int
) -> None:
    office.minutes = (datetime(2025, 10, 9, 1, tzinfo=SHANGHAI) - NOON) / timedelta(minutes=1) + day * 1440
    with office.database.write() as tx:
        tx.execute(sa.update(case_ticket).values(state="rejected"))  # those of the examples before
        no = case_desk.enter(
            tx, office.desk, text=ROAD, channel="电话", person_id=None, actor="甲", now=office.now
        ).number
    act(office, no, "accept", kind="求助")
    act(office, no, "assign", lead="交警大队")
    for hours, n in steps:
        office.minutes += 60 * hours
        office.sweep()
        office.supervise()
        assert office.supervise() == 0
        event, role, facts = STEPS[n]
        if "review_on" in facts:
            facts = facts | {"review_on": (office.now + timedelta(days=9)).date()}
        try:
            act(office, no, event, role, "乙", **facts)
        except Refused:
            continue
    with office.database.read() as tx:
        entries = store.timeline(tx, find(tx, no).id)
    came: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.event in RUNG_LABELS and "came" in entry.data:
            at = datetime.fromisoformat(entry.data["came"])
            assert at <= entry.at
            assert office.desk.calendar.office_moment(entry.at) == entry.at
            assert (entry.event, entry.data["came"]) not in came
            came.add((entry.event, entry.data["came"]))


def test_a_number_in_the_list_of_units_that_is_none_is_said_by_name(tmp_path: Path) -> None:
    row = {"name": "县水利局", "leader": "分管领导", "liaison": "信息员", "liaison_phone": "0310-8510000"}
    with pytest.raises(ValueError, match="县水利局的 liaison_phone:是固定电话"):
        Departments.from_toml({"department": [row]})
    assert Departments.from_toml({"department": [row | {"liaison_phone": "139 0000 0001"}]}).units[0].liaison_phone == (
        "+8613900000001"
    )
