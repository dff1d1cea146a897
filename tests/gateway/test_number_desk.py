"""Suspected numbers: from receipts and texts to a decision, and what is withheld meanwhile."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import DeliveryReceipt, ReceiptState, SubmitAnswered, Verdict
from gateway import notices, number_desk, outbox, resources, roster_desk
from gateway.errors import Refused, SettingsWrong
from gateway.number_desk import Suspect
from gateway.settings import load
from gateway.settling import Answer
from gateway.tables import message, part, text
from roster import store
from roster.audiences import Audience
from roster.suspicion import SuspicionKind
from roster.tables import informant, number_decision
from tests.gateway.casework import act, handled, opened, show
from tests.gateway.office import SESSION, Office
from tests.gateway.town import Town

SIGNATURE = "【肥乡双向沟通办】"
DAY = 24 * 60  # minutes


def approve(office: Office, body: str) -> notices.Notice:
    """A notice to everybody, approved as the command does it."""
    with office.database.write() as tx:
        one = notices.draft(
            tx,
            title="会",
            topic="教育",
            body=f"{SIGNATURE}{body}",
            audience=Audience(),
            author="甲",
            now=office.now,
            validity_hours=24,
        )
        withheld = number_desk.withheld(tx, office.vault, resources.number_rules(office.settings))
        carriers = list(office.settings.values.carriers)
        return notices.approve(tx, office.vault, one.id, "乙", None, carriers, 24, office.now, withheld)


def send(office: Office, body: str, codes: Mapping[int, str] | None = None) -> notices.Notice:
    """Approve, send, deliver; to the people in `codes` it comes back undelivered with their code."""
    one = approve(office, body)
    with office.database.write() as tx:
        notices.send(tx, one.id, office.now, office.now)
    submits = office.submit()
    people = dict(office.rows(sa.select(part.c.id, part.c.person_id)))
    office.run(
        answers=[
            Answer(SESSION, SubmitAnswered(sequence, number, Verdict.ACCEPTED, 0, f"ID{number}"))
            for sequence, number, _ in submits
        ]
    )
    receipts = []
    for i, (_, number, submit) in enumerate(submits, 1):
        code = (codes or {}).get(people[number], "")
        state = ReceiptState.UNDELIVERABLE if code else ReceiptState.DELIVERED
        receipts.append((SESSION, DeliveryReceipt(i, f"ID{number}", state, code, submit.destination, b"raw")))
    office.run(receipts=receipts)
    with office.database.write() as tx:
        notices.finish_done(tx, office.now)
    return one


def suspects(office: Office) -> list[Suspect]:
    with office.database.read() as tx:
        return number_desk.suspects(tx, office.vault, resources.number_rules(office.settings))


def decide(office: Office, verdict: str, person_id: int) -> Any:
    with office.database.write() as tx:
        act = {"confirm": number_desk.confirm, "dismiss": number_desk.dismiss}[verdict]
        rules = resources.number_rules(office.settings)
        return act(tx, office.vault, rules, person_id, "电话核实", "王", office.now)


def write_off(office: Office, *people: int, code: str = "001") -> None:
    """Three notices in 40 days that these people's numbers give back."""
    for i in range(3):
        office.minutes += 1  # after they joined
        send(office, f"会{i}", dict.fromkeys(people, code))
        office.minutes += 20 * DAY


def test_a_number_is_suspected_after_three_texts_in_thirty_days_came_back(office: Office) -> None:
    office.minutes += 1  # after they joined
    for i in range(3):
        assert suspects(office) == []
        send(office, f"会{i}", {1: "001", 2: "013", 3: "027"})
        office.minutes += 20 * DAY
    found = suspects(office)
    assert [(one.person_id, one.suspicion.kind, one.suspicion.times) for one in found] == [
        (1, SuspicionKind.EMPTY, 3),
        (2, SuspicionKind.SUSPENDED, 3),
    ]
    assert (found[0].category, found[0].township, found[0].text_id) == ("教师", "城关镇", None)


def test_the_parts_of_a_long_text_are_one_sign(office: Office) -> None:
    office.minutes += 1
    send(office, "会" * 200, {1: "001"})
    office.minutes += 40 * DAY
    send(office, "会" * 201, {1: "001"})
    assert suspects(office) == []


def test_nothing_happens_to_a_suspected_number_by_itself(office: Office) -> None:
    write_off(office, 1)
    assert suspects(office)
    assert {row.state for row in office.rows(sa.select(informant.c.state))} == {"active"}
    assert approve(office, "大家").plan["people"] == 10  # type: ignore[index]


def test_a_text_from_the_number_clears_it(office: Office) -> None:
    write_off(office, 1)
    office.text("8613800000001", "村里路灯坏了半个月")
    assert suspects(office) == []


def test_a_confirmed_number_is_stopped_with_its_reason_and_can_be_taken_up_again(office: Office) -> None:
    write_off(office, 1)
    decide(office, "confirm", 1)
    [row] = office.rows(sa.select(informant).where(informant.c.person_id == 1))
    assert (row.state, row.stop_reason) == ("stopped", "空号:电话核实")
    [kept] = office.rows(sa.select(number_decision))
    assert (kept.verdict, kept.suspicion, kept.actor) == ("confirmed", "empty", "王")
    assert suspects(office) == []
    with office.database.write() as tx:
        store.set_state(tx, 1, "active", "", office.now)
    assert suspects(office) == []  # what was decided about does not count again


def test_what_waits_for_a_confirmed_number_is_withdrawn(office: Office) -> None:
    write_off(office, 1)
    one = approve(office, "大家")
    decide(office, "confirm", 1)
    [row] = office.rows(sa.select(part).where(part.c.lane == one.id, part.c.person_id == 1))
    assert row.state == "cancelled"


def test_a_dismissed_number_needs_as_many_new_signs(office: Office) -> None:
    write_off(office, 1)
    decide(office, "dismiss", 1)
    office.minutes += 1
    for i in range(3, 5):
        send(office, f"会{i}", {1: "001"})
        office.minutes += 20 * DAY
        assert suspects(office) == []
    send(office, "会5", {1: "001"})
    assert [one.person_id for one in suspects(office)] == [1]


@pytest.mark.parametrize("verdict", ["confirm", "dismiss"])
def test_without_a_suspicion_there_is_nothing_to_decide(office: Office, verdict: str) -> None:
    with pytest.raises(Refused, match="没有疑点"):
        decide(office, verdict, 1)


def test_a_new_number_has_no_history(office: Office) -> None:
    write_off(office, 1)
    with office.database.write() as tx:
        prefixes = resources.prefixes(office.settings)
        roster_desk.change_phone(tx, office.vault, prefixes, 1, "13800000099", "王", office.now)
    assert suspects(office) == []


def test_a_stranger_on_a_long_silent_number_is_suspected_with_the_text(office: Office) -> None:
    office.minutes += 100 * DAY
    office.text("8613800000001", "你们是谁?")
    office.text("8613800000002", "我不是钱002")  # the name of number 2
    office.text("8613800000003", "我不是钱002")
    office.text("8613800000004", "村里路灯坏了")
    found = suspects(office)
    assert [(one.person_id, one.suspicion.kind) for one in found] == [
        (1, SuspicionKind.RECYCLED),
        (2, SuspicionKind.RECYCLED),
    ]
    with office.database.read() as tx:
        assert [number_desk.words_of(tx, one.text_id or 0) for one in found] == ["你们是谁?", "我不是钱002"]


def test_a_stranger_on_a_number_that_texts_is_not(office: Office) -> None:
    office.minutes += 100 * DAY
    office.text("8613800000001", "村里路灯坏了半个月")
    office.minutes += 1 * DAY
    office.text("8613800000001", "你们是谁负责的")
    assert suspects(office) == []


def test_a_number_that_is_reached_after_three_months_written_off_is_suspected_of_being_recycled(office: Office) -> None:
    write_off(office, 1)
    office.minutes += 50 * DAY
    send(office, "会3")
    assert [(one.person_id, one.suspicion.kind) for one in suspects(office)] == [(1, SuspicionKind.RECYCLED)]


def test_nothing_personal_is_planned_for_a_suspected_number(office: Office) -> None:
    write_off(office, 1)
    office.minutes += 50 * DAY
    office.text("8613800000002", "你们是谁?")
    plan = approve(office, "{姓名}您好").plan
    assert plan is not None
    assert (plan["people"], plan["left_out"]) == (8, {"number suspected": 2})
    assert approve(office, "大家好").plan["people"] == 10  # type: ignore[index]
    decide(office, "dismiss", 2)
    assert approve(office, "{姓名}再见").plan["people"] == 9  # type: ignore[index]


def withdraw(office: Office) -> int:
    with office.database.write() as tx:
        rules = resources.number_rules(office.settings)
        return number_desk.withdraw(tx, office.vault, rules, office.now_ms)


def test_what_is_personal_and_waits_is_withdrawn_when_a_stranger_texts(office: Office) -> None:
    office.minutes += 100 * DAY
    personal, plain = approve(office, "{姓名}您好"), approve(office, "大家好")
    with office.database.write() as tx:
        number = outbox.put(
            tx, person_id=1, body="您", purpose="single", created_by="me", now_ms=office.now_ms, validity_ms=60_000
        )
    assert withdraw(office) == 0
    office.text("8613800000001", "你们是谁?")
    assert withdraw(office) == 1
    assert withdraw(office) == 0
    rows = office.rows(sa.select(part.c.lane, part.c.person_id, part.c.state, part.c.reason))
    assert [tuple(row) for row in rows if row.state == "cancelled"] == [
        (personal.id, 1, "cancelled", "number suspected")
    ]
    assert {row.state for row in rows if row.lane == plain.id} == {"queued"}
    assert number


@pytest.mark.parametrize(("words", "state"), [("你们是谁", "cancelled"), ("村里路灯坏了", "queued")])
def test_no_reply_goes_to_a_number_that_is_somebody_elses_by_now(office: Office, words: str, state: str) -> None:
    write_off(office, 1)
    office.minutes += 50 * DAY
    with office.database.write() as tx:
        outbox.put(
            tx, person_id=1, body="答复", purpose="reply", created_by="x", now_ms=office.now_ms, validity_ms=60_000
        )
    office.text("8613800000001", words)
    if state == "cancelled":
        decide(office, "confirm", 1)
    [row] = office.rows(
        sa.select(part.c.state).join(message, message.c.id == part.c.message_id).where(message.c.purpose == "reply")
    )
    assert row.state == state


def recycled(office: Office) -> str:
    """The first informant's number is somebody else's by now, as an operator confirmed. Their open case."""
    no = opened(office, "8613800000001", "村里自来水停了三天,一滴水也没有")
    write_off(office, 1)
    office.minutes += 50 * DAY
    office.text("8613800000001", "你们是谁")
    decide(office, "confirm", 1)
    return no


def test_whoever_texts_from_a_given_up_number_is_a_stranger_to_the_informants_cases(office: Office) -> None:
    no = recycled(office)
    office.answers()
    for words in ("CX", f"CX{no}", f"{no}怎么样了"):
        office.minutes += 60
        office.text("8613800000001", words)
    assert not any(no in answer for answer in office.answers())
    assert {row.person_id for row in office.rows(sa.select(text.c.person_id).order_by(text.c.id.desc()).limit(3))} == {
        11
    }


def test_a_case_of_a_given_up_number_is_answered_another_way(office: Office) -> None:
    no = recycled(office)
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=frozenset("epy"))
    assert office.submit() == []
    office.settle_replies()
    assert (show(office, no).state, show(office, no).reply_delivery) == ("reported", "undelivered")


def test_a_given_up_number_comes_back_only_with_a_new_one(office: Office) -> None:
    recycled(office)
    with office.database.write() as tx, pytest.raises(Refused, match="易主"):
        roster_desk.resume(tx, 1, office.now)
    with office.database.write() as tx:
        roster_desk.change_phone(
            tx, office.vault, resources.prefixes(office.settings), 1, "13800000099", "甲", office.now
        )
        roster_desk.resume(tx, 1, office.now)
        outbox.put(
            tx, person_id=1, body="您好", purpose="single", created_by="甲", now_ms=office.now_ms, validity_ms=60_000
        )
    assert [submit.destination[-11:] for _, _, submit in office.submit()] == ["13800000099"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('empty = ["29"]', "empty = [29]"), "numbers.toml 内容有误:sgip"),
        (("[cmpp]", "[cmppp]"), "numbers.toml 内容有误:缺少 'cmpp'"),
        (("longest = 40", "longest = 0"), "numbers.toml 内容有误:strangers"),
    ],
)
def test_an_offices_own_table_that_is_wrong_is_refused_by_name(
    folder: Path, change: tuple[str, str], words: str
) -> None:
    shipped = Path(__file__).parent.parent.parent / "config" / "numbers.toml"
    (folder / "numbers.toml").write_text(shipped.read_text(encoding="utf-8").replace(*change, 1), encoding="utf-8")
    protocols = {
        f"XINQIAO__CARRIERS__{name}__PROTOCOL": kind for name, kind in (("UNICOM", "sgip"), ("MOBILE", "cmpp3"))
    }
    with pytest.raises(SettingsWrong, match=words):
        resources.number_rules(load(folder, {"XINQIAO__FILES__NUMBERS": "numbers.toml"} | protocols))


def test_the_running_gateway_takes_back_what_is_personal_when_a_stranger_texts(folder: Path) -> None:
    town = Town(folder, '[[carrier]]\nname = "mobile"\naccess_number = "10657000001"\n')
    town.environment["XINQIAO__ROSTER__SILENT_DAYS"] = "0"
    roster, password = folder / "r.csv", folder / "password"
    roster.write_text(
        "姓名,手机号,职业类别,乡镇\n钱桥,13800000001,教师,城关镇\n孙林,13800000002,农民,旧店乡\n", encoding="utf-8"
    )
    password.touch(0o600)
    password.write_text("a long enough one", encoding="utf-8")
    town.environment["XINQIAO_PASSWORD_FILE"] = str(password)
    try:
        town.open_carriers()
        town.start_daemon()
        town.until(lambda: town.counts()["bound"])
        town.run("roster", "import", str(roster), "--apply")
        town.run("operator", "add", "乙", "--role", "approver", "--password-file", str(password))
        town.run("notice", "draft", "--topic", "教育", "--text", "{姓名}您好")
        town.run("--as", "乙", "notice", "approve", "1")
        town.tell(do="text", carrier="mobile", text="你们是谁", **{"from": "8613800000001"})
        town.until(lambda: town.run("notice", "report", "1", "--json")["total"]["people"].get("cancelled"))
        told = town.run("notice", "report", "1", "--json")
        assert told["total"]["people"] == {"queued": 1, "cancelled": 1}
        assert told["reasons"] == [{"state": "cancelled", "reason": "number suspected", "people": 1}]
    finally:
        town.close()
