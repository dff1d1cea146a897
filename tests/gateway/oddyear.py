"""A county in which the unusual is usual: night hours, wrong merges, leaders' cases, opt-outs, months without cases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import case_desk
from gateway.casebook import find
from routing.cases import OVER, Case, CaseState
from routing.tables import case_ticket
from tests.gateway import anyyear
from tests.gateway.anyyear import PEOPLE, PLACES, TOPICS, UNITS, County, nothing
from tests.gateway.casework import act, at, both, go
from tests.gateway.office import Office


class OddCounty(County):
    """Its days know only the notices that were out by then; some begin at night, on the edge of the office's date."""

    def __init__(self, office: Office, seed: int, first: date, quiet: str = "") -> None:
        super().__init__(office, seed, first)
        self.calendar, self.quiet = office.desk.calendar, quiet

    def _day(self) -> None:
        office, chance = self.office, self.chance
        known = replace(office.desk, calendar=self.calendar.as_of(self.today))
        office.desk = office.inbox._hearing._desk = known
        begins = f"{self.today}T{chance.choice(('09:00', '09:00', '09:00', '00:20', '23:35'))}"
        if at(begins) > office.now:  # the last day may have gone on until now
            go(office, begins)
        self._post()
        office.sweep()
        office.supervise()
        for _ in range(0 if f"{self.today}"[:7] == self.quiet else chance.choice((0, 1, 2, 2))):
            self._new()
        for share in (0.45, 0.3):
            for case in self._cases():
                if chance.random() < share:
                    self._try(case, chance.choice(STEPS.get(case.state, (nothing,))))
        if chance.random() < 0.05:
            office.minutes += 15
            office.text(f"861380000000{chance.randint(1, PEOPLE)}", chance.choice(("TD", "KT")))
        self._post()

    def _cases(self) -> list[Case]:
        """What is open or was lately."""
        lately = case_ticket.c.created_at > self.office.now - timedelta(days=35)
        query = sa.select(case_ticket.c.number).where(sa.or_(case_ticket.c.state.not_in(OVER), lately))
        with self.office.database.read() as tx:
            return [find(tx, number) for number in tx.scalars(query.order_by(case_ticket.c.id)).all()]


# ---------------------------------------------------------------------------------------------------------- the steps


def accept(county: County, case: Case) -> None:
    chance = county.chance
    kind, leader, shield, urgency = chance.choice(
        (("求助", "无", 0, "emergency"), ("投诉", "渎职失职", 0, "normal"), ("投诉", "无", 2, "normal"))
    )
    given: dict[str, Any] = {"kind": kind, "leader_kind": leader, "shield": shield, "urgency": urgency}
    act(county.office, case.number, "accept", place=chance.choice(PLACES), topic=chance.choice(TOPICS), **given)


def ask(county: County, case: Case) -> None:
    act(county.office, case.number, "ask_info", question="请说明具体地点")


def complete(county: County, case: Case) -> None:
    county.text(case, "在小学门口东边")


def unmerge(county: County, case: Case) -> None:
    act(county.office, case.number, "unmerge", "reviewer", "乙", reason="并错了")


def appeal(county: County, case: Case) -> None:
    county.text(case, "SS")


def instruct(county: County, case: Case) -> None:
    lead = county.lead(case)
    act(county.office, case.number, "instruct", "leader", "县长", instruction="请速办", lead=lead)


def delegate(county: County, case: Case) -> None:
    act(county.office, case.number, "delegate", "director", "主任", lead=county.lead(case), reason="领导未批")


def assign_by(county: County, case: Case) -> None:
    """With a date that a person sets, perhaps on a weekend."""
    on = county.office.desk.today(county.office.now) + timedelta(days=county.chance.choice((2, 9, 20)))
    act(county.office, case.number, "assign", lead=county.chance.choice(UNITS), due=on)


def resume(county: County, case: Case) -> None:
    act(county.office, case.number, "resume", "director", "主任", reason="资金到了")


def report_for(county: County, case: Case) -> None:
    given = {"reply": "督查室代报:已修好", "reason": "久拖", "outcome": "已解决"}
    act(county.office, case.number, "report_for", "supervisor", "督查", **given)


def return_late(county: County, case: Case) -> None:
    given = {"department": case.lead, "code": "R1", "basis": "三定方案", "reason": "新情况"}
    act(county.office, case.number, "request_return", "head", "长", **given)


def extend_again(county: County, case: Case) -> None:
    later = date.fromisoformat(case.due_on or f"{county.today}") + timedelta(days=5)
    given = {"due": later, "reason": "材料未到", "department": case.lead}
    both(county.office, case.number, "extend_ok", "dept", "leader", **given)


def tell(county: County, case: Case) -> None:
    if case.reply_delivery == "by_hand":
        office = county.office
        with office.database.write() as tx:
            given = ("信箱回复", "甲", "operator", office.now)
            case_desk.tell_there(tx, office.desk, find(tx, case.number), *given)


S = CaseState
MORE: dict[CaseState, tuple[Callable[[County, Case], object], ...]] = {
    S.NEW: (accept, accept, ask, anyyear.merge, anyyear.merge),
    S.NEED_INFO: (complete, nothing, nothing),
    S.ACCEPTED: (anyyear.assign, assign_by),
    S.AWAIT_LEADER: (instruct, delegate, nothing),
    S.ASSIGNED: (nothing, nothing),
    S.RETURN_REQ: (nothing,),
    S.IN_PROGRESS: (extend_again, return_late, report_for, nothing),
    S.SUSPENDED: (nothing, nothing, resume),
    S.REPORTED: (nothing,),
    S.REPLIED: (tell, tell),
    S.DISSATISFIED: (anyyear.uphold,),
    S.CLOSED: (anyyear.recur,),
    S.MERGED: (anyyear.rate, unmerge, anyyear.take_back, tell),
    S.REJECTED: (nothing, appeal),
}
STEPS = {state: (*anyyear.STEPS.get(state, ()), *more) for state, more in MORE.items()}
