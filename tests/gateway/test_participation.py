"""Who takes part, who was neither heard nor reached, and the renewal that asks them."""

import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer

from carriers.events import ReceiptState
from gateway import fsck, notices, participation, renewal_desk, roster_desk
from gateway.cli import participation as participation_commands
from gateway.cli import renewal as renewal_commands
from gateway.cli import roster as roster_commands
from gateway.cli import screen
from gateway.cli.desk import Desk
from gateway.cli.period import months_before
from gateway.cli.where import Where
from gateway.errors import NotFound, Refused
from gateway.participation import Counts, Group
from gateway.tables import audit, part
from gateway.tables import notice as notice_table
from roster import store
from roster.audiences import Audience
from roster.membership import Outcome, Standing, outcome, standing
from roster.tables import informant
from tests.gateway.office import Office

DAY = 24 * 60  # minutes
SIGNATURE = "【肥乡双向沟通办】"


def send(office: Office, body: str, *people: int, fails: tuple[int, ...] = ()) -> int:
    """A notice to these people (everybody), delivered but to those whom it `fails`."""
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="会",
            topic="教育",
            body=SIGNATURE + body,
            audience=Audience(persons=people or None),
            author="甲",
            now=office.now,
            validity_hours=24,
        )
        carriers = list(office.settings.values.carriers)
        notices.approve(tx, office.vault, one.id, "乙", None, carriers, 24, office.now)
        notices.send(tx, one.id, office.now, office.now)
    whose = dict(office.rows(sa.select(part.c.id, part.c.person_id)))
    submits = office.submit()
    office.deliver([one for one in submits if whose[one[1]] not in fails])
    office.deliver([one for one in submits if whose[one[1]] in fails], ReceiptState.UNDELIVERABLE)
    return one.id


def counts(office: Office, days: int = 400) -> dict[int, Counts]:
    with office.database.read() as tx:
        return participation.counts(tx, office.now_ms - days * DAY * 60_000, office.now_ms + 1)


def here(office: Office) -> dict[int, Standing]:
    zone = office.settings.zone()
    with office.database.read() as tx:
        return standing(store.changes(tx, zone), office.now.astimezone(zone).date())


# ------------------------------------------------------------------------------------------------------- participation


def test_texts_cases_ratings_and_notices_are_counted_by_person(office: Office) -> None:
    office.text("8613800000001", "村里路灯坏了半个月")
    office.text("8613800000001", "CX")
    office.text("8613800000002", "学校门口堵车")
    office.deliver(office.submit())
    send(office, "会" * 100, 1, 2, 3, fails=(2,))
    found = counts(office)
    assert found[1] == Counts(texts=2, cases=1, notices=1, delivered=1, last_text_ms=office.now_ms)
    assert found[2] == Counts(texts=1, cases=1, notices=1, delivered=0, last_text_ms=office.now_ms)
    assert found[3] == Counts(notices=1, delivered=1)
    assert 4 not in found


def test_what_lies_outside_the_period_does_not_count_but_the_last_text_is_known(office: Office) -> None:
    office.text("8613800000001", "村里路灯坏了半个月")
    send(office, "会", 1)
    office.deliver(office.submit())
    at = office.now_ms
    office.minutes += 40 * DAY
    assert counts(office, 30) == {1: Counts(last_text_ms=at)}


def test_groups_add_up_and_nobody_is_left_out(office: Office) -> None:
    office.text("8613800000001", "村里路灯坏了半个月")
    people = here(office)
    with office.database.write() as tx:
        roster_desk.stop(tx, 10, "x", office.now)
    groups = participation.grouped(people, counts(office), lambda one: one.category, ("农民", "教师"))
    assert groups == [Group("农民", 0, 0, 0, 0, 0, 0, 0, 0), Group("教师", 10, 1, 1, 1, 0, 0, 0, 0)]


def test_no_list_of_people_is_ordered_by_what_they_did() -> None:
    """README: it never scores or ranks citizens. What could order them is not among what a list is sorted by."""
    source = Path(participation_commands.__file__).read_text(encoding="utf-8")
    keys = [line for line in source.splitlines() if "sort(" in line or "sorted(" in line]
    assert len(keys) == 2
    assert not any(field in line for line in keys for field in Counts.__dataclass_fields__)


# ------------------------------------------------------------------------------------------------------------ inactive


def inactive(office: Office, days: int = 365) -> list[int]:
    since = office.now - timedelta(days)
    with office.database.read() as tx:
        found = participation.inactive(tx, here(office), since, since.date())
    return [one.person_id for one in found]


def test_inactive_is_who_was_neither_heard_nor_reached_though_notices_tried(office: Office) -> None:
    office.minutes += 400 * DAY
    send(office, "会", 1, 2, 3, 4, fails=(1, 2, 3))
    office.text("8613800000002", "村里路灯坏了半个月")
    office.deliver(office.submit())
    send(office, "再会", 3)
    assert inactive(office) == [1]  # 5 and on: no notice tried
    office.join("13900000001")
    send(office, "三会", 11, fails=(11,))
    assert inactive(office) == [1]  # 11 joined today


def test_a_notice_that_is_still_under_way_has_not_failed(office: Office) -> None:
    office.minutes += 400 * DAY
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="会",
            topic="教育",
            body=f"{SIGNATURE}会",
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
        )
        notices.approve(tx, office.vault, one.id, "乙", None, ["mobile"], 24, office.now)
    assert inactive(office) == []


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2026-11-24", 12, "2025-11-24"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-01-15", 13, "2024-12-15"),
    ],
)
def test_months_are_counted_back_by_the_calendar(day: str, months: int, before: str) -> None:
    assert months_before(date.fromisoformat(day), months) == date.fromisoformat(before)


# ------------------------------------------------------------------------------------------------------------- renewal


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, Outcome.UNASKED),
        ({"asked": True}, Outcome.SILENT),
        ({"asked": True, "opted_out": True}, Outcome.OPTED_OUT),
        ({"asked": True, "opted_out": True, "texted": True}, Outcome.HEARD),
        ({"answer": "stays"}, Outcome.STAYS),
        ({"answer": "stays", "active": False}, Outcome.GONE),
        ({"answer": "leaves", "active": False, "texted": True}, Outcome.LEAVES),
        ({"active": False, "asked": True}, Outcome.GONE),
    ],
)
def test_the_first_thing_that_holds_is_the_outcome(known: dict[str, Any], expected: Outcome) -> None:
    usual = {"answer": None, "active": True, "texted": False, "opted_out": False, "asked": False}
    assert outcome(**(usual | known)) == expected


def start(office: Office) -> renewal_desk.Run:
    """After 400 days one notice failed to reach 1 to 7; they are the run."""
    office.minutes += 400 * DAY
    send(office, "会", fails=(1, 2, 3, 4, 5, 6, 7))
    since = office.now - timedelta(365)
    with office.database.write() as tx:
        until = (office.now + timedelta(30)).date()
        return renewal_desk.start(tx, here(office), since, since.date(), until, "王", office.now)


def outcomes(office: Office, run_id: int) -> dict[int, str]:
    with office.database.read() as tx:
        run = renewal_desk.by_id(tx, run_id)
        return {one.person_id: one.outcome.value for one in renewal_desk.members(tx, run)}


def test_a_renewal_from_the_list_to_those_who_are_let_go(office: Office) -> None:
    run = start(office)
    assert outcomes(office, run.id) == dict.fromkeys(range(1, 8), "unasked")
    with office.database.write() as tx:
        roster_desk.opt_out(tx, 3, "来电", "王", office.now)
        renewal_desk.answered(tx, run, 4, True, "本人来电", "王", office.now)
        renewal_desk.answered(tx, run, 5, False, "已外出", "王", office.now)
        renewal_desk.called(tx, run, 6, "无人接听", "王", office.now)
        assert renewal_desk.to_be_asked(tx, run) == [1, 2, 6, 7]
    notice_id = send(office, "还愿意担任吗", 1, 2, fails=(1,))
    with office.database.write() as tx:
        renewal_desk.asked_by(tx, run, notice_id)
    office.minutes += 1
    office.text("8613800000002", "愿意")
    expected = {1: "silent", 2: "heard", 3: "opted_out", 4: "stays", 5: "leaves", 6: "silent", 7: "unasked"}
    assert outcomes(office, run.id) == expected
    with office.database.write() as tx:
        run = renewal_desk.by_id(tx, None)
        with pytest.raises(Refused, match="截止"):
            renewal_desk.close(tx, run, run.answer_by, "王", office.now)
        office.minutes += 31 * DAY
        renewal_desk.close(tx, run, office.now.date(), "王", office.now)
    stopped = office.rows(sa.select(informant.c.person_id).where(informant.c.state == "stopped"))
    assert sorted(row.person_id for row in stopped) == [1, 5, 6]
    with office.database.write() as tx:  # what comes later changes a closed run no more
        store.set_state(tx, 1, "active", "", office.now)
        store.opt_in(tx, 3, "operator", "x", None, "王", office.now)
    assert outcomes(office, run.id) == expected
    with office.database.read() as tx:
        whys = {one.person_id: one.why for one in store.changes(tx, office.settings.zone()) if one.event == "left"}
        assert whys == {1: "unrenewed", 5: "declined", 6: "unrenewed"}
        assert [one for one in fsck.check(tx, office.keys.seal, office.now_ms) if one.invariant == "roster"] == []


def test_one_renewal_at_a_time_and_a_closed_one_takes_no_answers(office: Office) -> None:
    run = start(office)
    since = office.now - timedelta(365)
    with office.database.write() as tx:
        with pytest.raises(Refused, match="没有结束"):
            renewal_desk.start(tx, here(office), since, since.date(), run.answer_by, "王", office.now)
        with pytest.raises(NotFound, match="不在"):
            renewal_desk.answered(tx, run, 9, True, "x", "王", office.now)
        renewal_desk.close(tx, run, run.answer_by + timedelta(1), "王", office.now)
        closed = renewal_desk.by_id(tx, run.id)
        with pytest.raises(Refused, match="已经结束"):
            renewal_desk.called(tx, closed, 1, "x", "王", office.now)
        with pytest.raises(NotFound):
            renewal_desk.by_id(tx, 99)


def test_without_anybody_inactive_there_is_nothing_to_renew(office: Office) -> None:
    since = office.now - timedelta(365)
    with office.database.write() as tx, pytest.raises(Refused, match="没有长期"):
        renewal_desk.start(tx, here(office), since, since.date(), since.date(), "王", office.now)


# ------------------------------------------------------------------------------------------------------------ commands


@pytest.fixture
def at_desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The account that made the folder gives the commands, at the office's time."""
    office = Office(folder)
    office.join(*(f"138000000{number:02d}" for number in range(1, 11)))

    def now(self: Desk) -> datetime:
        return office.now

    monkeypatch.setattr("getpass.getuser", lambda: "office")
    monkeypatch.setattr(Desk, "now", now)
    monkeypatch.setattr(screen.out, "_width", 200)
    yield office
    office.tick.close()
    office.database.close()


def run(office: Office, app: typer.Typer, *arguments: str) -> Any:
    """What a command answers as JSON."""
    said = StringIO()
    with redirect_stdout(said):
        typer.main.get_command(app).main(
            [*arguments, "--json"], obj=Where(office.folder, None), standalone_mode=False, prog_name="xinqiao"
        )
    return json.loads(said.getvalue())


def shown(office: Office, app: typer.Typer, *arguments: str) -> None:
    """A command as a person gives it: it renders without an error."""
    typer.main.get_command(app).main(
        list(arguments), obj=Where(office.folder, None), standalone_mode=False, prog_name="xinqiao"
    )


def test_the_commands_of_the_rosters_life(at_desk: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office, roster = at_desk, roster_commands.app
    office.text("8613800000002", "村里路灯坏了半个月")
    told = run(office, roster, "balance", "--add", "9")
    assert told["whole"] == 10
    assert sum(one["people"] for one in told["additions"]) == 9
    taking = run(office, roster, "participation", "--people", "--township", "城关")
    assert [(one["person_id"], one["name"], one["phone"]) for one in taking["people"]][:2] == [
        (1, "钱***", "138****0001"),
        (2, "钱***", "138****0002"),
    ]
    assert sum(one["texts"] for one in taking["township"]) == 1
    office.minutes += 400 * DAY
    for days in (0, 20, 20):
        office.minutes += days * DAY
        send(office, f"会{days}{office.minutes}", 1, fails=(1,))
    office.text("8613800000003", "你们是谁")
    assert {one["person_id"]: one["kind"] for one in run(office, roster, "suspects")} == {3: "recycled"}
    assert [one["person_id"] for one in run(office, roster, "inactive")] == [1]
    for arguments in (
        ("balance",),
        ("participation", "--people"),
        ("suspects",),
        ("inactive",),
        ("dismiss", "3", "--note", "本人来电"),
        ("stop", "2", "--reason", "外出", "--why", "away"),
        ("show", "3"),
        ("churn", "--from", "2026-11-01"),
    ):
        shown(office, roster, *arguments)
    said = capsys.readouterr().out
    for words in ("再增加 100 人", "你们是谁", "疑似易主", "外出迁走 1", "138****0003"):
        assert words in said
    assert "13800000003" not in said
    told = run(office, roster, "churn", "--from", "2026-11-01")
    assert next((one["month"], one["joined"]) for one in told["months"]) == ("2026-11", 10)
    assert (told["headcount"]["whole"], told["months"][-1]["left"]) == (9, {"away": 1})
    past = run(office, roster, "churn", "--from", "2026-11-01", "--to", "2026-11-24")
    assert past["headcount"]["whole"] == 10
    for arguments in (("churn", "--from", "gestern"), ("churn", "--from", "2026-12-01", "--to", "2026-11-01")):
        with pytest.raises(Refused):
            shown(office, roster, *arguments)
    for arguments in (("stop", "4", "--reason", "x", "--why", "y"), ("suspects", "--kind", "x")):
        with pytest.raises(Refused, match="没有"):
            shown(office, roster, *arguments)


def test_the_commands_of_a_renewal(at_desk: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office, renewal = at_desk, renewal_commands.app
    office.minutes += 400 * DAY
    send(office, "会", fails=(1, 2, 3))
    until = (office.now + timedelta(30)).date().isoformat()
    assert run(office, renewal, "start", "--until", until)["people"] == 3
    for arguments in (
        ("ask", "--text", "您还愿意担任信息员吗?请回复"),
        ("called", "1", "--note", "电话无人接听"),
        ("answer", "2", "--proof", "本人来电", "--leaves"),
        ("show",),
        ("list",),
        ("close",),
    ):
        shown(office, renewal, *arguments)
    assert "将停用问过而没有答复的 1 人" in capsys.readouterr().out
    [draft] = office.rows(sa.select(notice_table).where(notice_table.c.state == "draft"))
    assert draft.audience["persons"] == [1, 2, 3]
    office.minutes += 31 * DAY
    assert run(office, renewal, "close", "--apply")["outcomes"] == {"silent": 1, "leaves": 1, "unasked": 1}
    assert run(office, renewal, "show")["run"]["closed_by"] == "office"
    verbs = [row.verb for row in office.rows(sa.select(audit).order_by(audit.c.id))]
    assert [verb for verb in verbs if verb.startswith("renewal")] == [
        *("renewal.start", "renewal.ask", "renewal.called", "renewal.answer", "renewal.close")
    ]
    with pytest.raises(Refused, match="截止日"):
        shown(office, renewal, "start", "--until", "2020-01-01")
