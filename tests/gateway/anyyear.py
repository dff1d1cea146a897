"""A county's case work as chance has it: everything that can happen to cases happens to some of these, by a seed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

import sqlalchemy as sa

from carriers.events import ReceiptState
from gateway import case_desk, case_texts, supervision_records
from gateway.casebook import find
from gateway.errors import Refused
from routing.cases import Case, CaseState
from routing.supervision import Form
from routing.tables import case_ticket
from tests.gateway.casework import ALL, SHANGHAI, act, both, go
from tests.gateway.office import Office

UNITS = ("交警大队", "县教育局", "县住建局", "县城管局")
PEOPLE = 9
PLACES, TOPICS = ("东赵村", "小学门口"), ("交通秩序", "教育", "供水")


class County:
    """Plays days, one after the other. Whatever the rules refuse is not done."""

    def __init__(self, office: Office, seed: int, first: date) -> None:
        self.office, self.chance, self.today = office, Random(seed), first
        office.desk = office.inbox._hearing._desk = replace(office.desk, asks_aspects=True)
        go(office, f"{first}T09:00")
        office.join(*(f"1380000000{n}" for n in range(1, PEOPLE + 1)))

    def until(self, last: date) -> None:
        """Up to the evening of a day."""
        while self.today <= last:
            self._day()
            self.today += timedelta(days=self.chance.choice((1, 1, 2, 3)))

    def _day(self) -> None:
        office, chance = self.office, self.chance
        go(office, f"{self.today}T09:00")
        self._post()
        office.sweep()
        office.supervise()
        if self.today.weekday() < 5:
            for _ in range(chance.choice((0, 1, 1))):
                self._new()
            for share in (0.5, 0.3):
                for case in self._cases():
                    if chance.random() < share:
                        self._try(case, chance.choice(STEPS.get(case.state, (nothing,))))
        self._post()

    def _post(self) -> None:
        """What waits goes out; one in twelve does not arrive."""
        submits = self.office.submit()
        lost = [one for one in submits if self.chance.random() < 1 / 12]
        self.office.deliver([one for one in submits if one not in lost])
        self.office.deliver(lost, ReceiptState.UNDELIVERABLE)

    def _cases(self) -> list[Case]:
        with self.office.database.read() as tx:
            numbers = tx.scalars(sa.select(case_ticket.c.number).order_by(case_ticket.c.id)).all()
            return [find(tx, number) for number in numbers]

    def _new(self) -> None:
        chance, person = self.chance, self.chance.randint(0, PEOPLE)
        words = chance.choice(("路灯坏了", "停水三天", "门口天天堵车", "某单位办事推诿", "建议延时放学"))
        with self.office.database.write() as tx:
            given = {"text": words, "channel": chance.choice(("mailbox", "hotline")), "actor": "甲"}
            case_desk.enter(tx, self.office.desk, person_id=person or None, now=self.office.now, **given)

    def _try(self, case: Case, step: Callable[["County", Case], object]) -> None:
        with suppress(Refused):
            step(self, case)

    def text(self, case: Case, words: str) -> None:
        """The case's reporter texts, if they have a phone."""
        if case.person_id is not None:
            self.office.minutes += 15
            self.office.text(f"861380000000{case.person_id}", words)

    def lead(self, case: Case) -> str:
        """A unit, mostly another one than before."""
        return self.chance.choice(UNITS)


# ---------------------------------------------------------------------------------------------------------- the steps


def nothing(county: County, case: Case) -> None:
    """Nobody does anything."""


def accept(county: County, case: Case) -> None:
    kind = county.chance.choice(("求助", "投诉", "建议", "咨询", "举报"))
    place, topic = county.chance.choice(PLACES), county.chance.choice(TOPICS)
    urgency = county.chance.choice(("normal", "normal", "urgent"))
    act(county.office, case.number, "accept", kind=kind, place=place, topic=topic, urgency=urgency, leader_kind="无")


def answer(county: County, case: Case) -> None:
    act(county.office, case.number, "answer_direct", kind="咨询", reply="请带户口簿到户籍室办理")


def merge(county: County, case: Case) -> None:
    masters = [one for one in county._cases() if one.id < case.id and one.person_id != case.person_id]
    if masters:
        act(county.office, case.number, "merge", master=county.chance.choice(masters))


def reject(county: County, case: Case) -> None:
    both(county.office, case.number, "reject", "operator", "reviewer", code="court", reason="")


def assign(county: County, case: Case) -> None:
    lead = county.lead(case)
    co = (county.chance.choice(UNITS),) if county.chance.random() < 0.3 else ()
    act(county.office, case.number, "assign", lead=lead, co_handlers=tuple(one for one in co if one != lead))


def sign(county: County, case: Case) -> None:
    act(county.office, case.number, "sign", "dept", "员", department=case.lead)


def give_back(county: County, case: Case) -> None:
    act(county.office, case.number, "request_return", "dept", "员", department=case.lead, code="R1", basis="三定方案")


def returned(county: County, case: Case) -> None:
    act(county.office, case.number, "return_ok", "reviewer", "乙", reason="职责不符")


def kept(county: County, case: Case) -> None:
    act(county.office, case.number, "return_no", "reviewer", "乙", reason="职责相符", basis="三定方案")


def reassign(county: County, case: Case) -> None:
    act(county.office, case.number, "reassign", lead=county.lead(case), reason="职责不符")


def report(county: County, case: Case) -> None:
    outcome = county.chance.choice(("已解决", "采用", "部分采用", "解释说明", ""))
    reply = county.chance.choice(("已办好", "已现场查看并修好", "已电话联系,下月办理"))
    given = {"reply": reply, "signed_by": "分管领导", "outcome": outcome, "department": case.lead}
    act(county.office, case.number, "report", "dept", "员", **given)


def extend(county: County, case: Case) -> None:
    later = date.fromisoformat(case.due_on or f"{county.today}") + timedelta(days=6)
    while not county.office.desk.calendar.is_working_day(later):
        later += timedelta(days=1)
    given = {"due": later, "reason": "材料未到", "department": case.lead}
    both(county.office, case.number, "extend_ok", "dept", "director", **given)


def suspend(county: County, case: Case) -> None:
    review = county.office.desk.today(county.office.now) + timedelta(days=county.chance.randint(3, 25))
    act(county.office, case.number, "suspend", "leader", "县长", code="money", reason="资金未到", review_on=review)


def approve(county: County, case: Case) -> None:
    if case.reply_delivery == "undelivered":
        act(county.office, case.number, "phone_reply", reason="已电话告知")
        return
    act(county.office, case.number, "approve", "reviewer", "丙", gates=ALL)
    if case.person_id is None:
        with county.office.database.write() as tx:
            again = find(tx, case.number)
            case_desk.tell_there(tx, county.office.desk, again, "信箱回复", "甲", "operator", county.office.now)


def send_back(county: County, case: Case) -> None:
    act(county.office, case.number, "send_back", "reviewer", "丙", failed_gate="e", reason="没有佐证")


def rate(county: County, case: Case) -> None:
    county.text(
        case, county.chance.choice(("1", "2", "3", "3", "非常感谢,事已解决。", "3,路还没修", "3,态度差,办得太慢"))
    )


def take_back(county: County, case: Case) -> None:
    with county.office.database.write() as tx:
        text_id = case_texts.last_decided(tx, case)
        county.office.minutes += 15
        case_texts.undo(tx, text_id, "丙", "归件有误", county.office.now)


def uphold(county: County, case: Case) -> None:
    act(county.office, case.number, "uphold", "reviewer", "乙", reason="确未解决", lead=county.lead(case))


def explain(county: County, case: Case) -> None:
    both(county.office, case.number, "explain", "reviewer", "director", reason="已按规定办理", basis="条例")


def thank(county: County, case: Case) -> None:
    county.text(case, "谢谢政府,都办好了")


def recur(county: County, case: Case) -> None:
    units = {"lead": case.lead, "co_handlers": case.co_handlers}
    act(county.office, case.number, "recur", reason="又坏了", **units)


def special(county: County, case: Case) -> None:
    with county.office.database.write() as tx:
        given = {"place": case.place or "东赵村", "topic": case.topic or "供水", "numbers": [case.number]}
        supervision_records.open_record(
            tx, county.office.desk, Form.SPECIAL, **given, reason="反复", actor="督查", now=county.office.now
        )


STEPS: dict[CaseState, tuple[Callable[[County, Case], object], ...]] = {
    CaseState.NEW: (accept,) * 8 + (answer, answer, merge, merge, reject),
    CaseState.ACCEPTED: (assign,),
    CaseState.ASSIGNED: (sign, sign, sign, give_back, give_back, reassign),
    CaseState.RETURN_REQ: (returned, kept),
    CaseState.IN_PROGRESS: (report, report, report, extend, suspend, nothing, nothing, reassign),
    CaseState.REPORTED: (approve, approve, approve, send_back),
    CaseState.REPLIED: (rate, rate, nothing, nothing, take_back),
    CaseState.DISSATISFIED: (uphold, explain, take_back, nothing),
    CaseState.CLOSED: (nothing,) * 16 + (recur, thank, thank, take_back, special),
    CaseState.MERGED: (nothing,) * 3 + (rate,),
}


def end_of(on: date) -> datetime:
    """The last millisecond of a day in Feixiang: what is seen `--as-of` it."""
    return datetime.combine(on + timedelta(days=1), time(), SHANGHAI) - timedelta(milliseconds=1)
