"""The steps of case work that several tests take: from a text to its reply, a quarter of an hour between steps."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway import case_desk
from gateway.casebook import find
from routing import store
from routing.cases import Case, Facts
from tests.conftest import NOON
from tests.gateway.office import Office

ROAD = "城关镇小学门口路太窄,天天堵车"
WATER = "村里自来水停了三天,一滴水也没有"
HOSPITAL = "我家老人住院报销手续跑了几趟都没办成,到底该找谁"
MINE, YOURS, THEIRS = "8613800000001", "8613800000002", "8613800000003"
ALL = frozenset("epy")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def opened(office: Office, number: str, words: str) -> str:
    """A text that opens a case, its acknowledgement sent. The case's number."""
    office.text(number, words)
    office.answers()
    with office.database.read() as tx:
        return store.listed(tx)[-1].number


def act(office: Office, no: str, event: str, role: str = "operator", who: str = "甲", **facts: Any) -> Case:
    """A step, a quarter of an hour after the last."""
    office.minutes += 15
    given = Facts(actor=who, now=office.now, **facts)
    do = {"report": case_desk.report, "sign": case_desk.sign}.get(event)
    with office.database.write() as tx:
        if do is not None:
            return do(tx, office.desk, no, role, given)
        return case_desk.act(tx, office.desk, no, event, role, given)


def both(office: Office, no: str, event: str, proposer: str, decider: str, **facts: Any) -> Case:
    """One proposes, another decides."""
    office.minutes += 15
    with office.database.write() as tx:
        case_desk.propose(tx, office.desk, no, event, proposer, Facts("甲", office.now, **facts))
        return case_desk.decide(tx, office.desk, no, event, decider, Facts("乙", office.now))


def assigned(office: Office, no: str, **more: Any) -> Case:
    """Accepted, and assigned to the traffic police."""
    act(office, no, "accept", kind="求助", place="小学门口")
    return act(office, no, "assign", **{"lead": "交警大队", "due": due(office)} | more)


def handled(office: Office, no: str) -> None:
    """Up to the report."""
    assigned(office, no)
    act(office, no, "report", reply="已安排交警执勤", signed_by="赵队长")


def answered(office: Office, no: str) -> None:
    """Up to the reply that has arrived, and the survey."""
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    delivered(office)


def delivered(office: Office, minutes: float = 60) -> list[str]:
    """What waits goes out and arrives. Its words."""
    office.minutes += minutes
    submits = office.submit()
    office.deliver(submits)
    return [submit.body.decode("utf-16-be") for _, _, submit in submits]


def due(office: Office) -> date:
    """Five days from now."""
    return (office.now + timedelta(days=5)).date()


def show(office: Office, no: str) -> Case:
    """How a case stands."""
    with office.database.read() as tx:
        return find(tx, no)


def events(office: Office, no: str) -> list[str]:
    """What happened to a case, in order."""
    with office.database.read() as tx:
        return [entry.event for entry in store.timeline(tx, find(tx, no).id)]


def days_later(office: Office, days: float) -> None:
    """Time goes by."""
    office.minutes += days * 24 * 60


def at(words: str) -> datetime:
    """A moment in Feixiang's time."""
    return datetime.fromisoformat(words).replace(tzinfo=SHANGHAI)


def go(office: Office, words: str) -> None:
    """Set the clock, in Feixiang's time."""
    office.minutes = (at(words) - NOON) / timedelta(minutes=1)
