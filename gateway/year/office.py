"""The office at work: everybody looks at what the gateway shows them, and acts as the commands do.

What is right is known from the script; how it is done is the office's way: rights, desk, audit, in one transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway import answers, audit, case_desk, case_queue, case_texts, channel_desk, notices, operators, polls, rights
from gateway.casebook import find
from gateway.errors import Refused
from gateway.tables import text as text_table
from gateway.year.county import County
from gateway.year.figures import MATTERS, Fate
from gateway.year.script import Announcement, Course, Matter
from gateway.year.truth import Truth
from roster.audiences import Audience
from routing import store
from routing.case_sheet import Brought
from routing.cases import BY_HAND, GATES, Case, CaseState, Facts
from routing.inbound import DecisionKind

ALL = frozenset(GATES)
REVIEWED_AFTER = 85  # days a suspended case stands on the books: it is looked at again after the year
SUSPENDED_AFTER = 2  # working days that a unit tries before the matter is put on the books
FAILED = {"e": "佐证材料不全", "p": "手续不全", "y": "答复依据不清"}


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody of the office, or of a unit."""

    name: str
    roles: tuple[str, ...]
    department: str | None = None


OPERATOR = Officer("沟通办操作员", ("operator", "drafter"))
REVIEWER = Officer("沟通办审核员", ("reviewer",))
DIRECTOR = Officer("沟通办主任", ("director", "approver"))
LEADER = Officer("分管县领导", ("leader",))
CLERK = Officer("名册管理员", ("roster",))


class Office:
    """All of them. Every session returns True when something was done."""

    def __init__(self, county: County, truth: Truth) -> None:
        self._county, self._truth, self._desk = county, truth, county.desk
        self._sorted: set[int] = set()  # texts that an operator has looked at
        self.refused: list[str] = []  # what the gateway would not let them do

    def hire(self) -> None:
        """Give everybody an account."""
        with self._county.database.write() as tx:
            for who in (OPERATOR, REVIEWER, DIRECTOR, LEADER, CLERK):
                operators.add(tx, who.name, who.roles, None, None, None, self._county.now())
            for unit in self._desk.departments.units:
                who = _liaison(unit.name)
                operators.add(tx, who.name, who.roles, None, unit.name, None, self._county.now())

    # -------------------------------------------------------------------------------------------------------- notices

    def announce(self, one: Announcement) -> int:
        """Draft, approve by another, send. The notice's number."""
        county, values = self._county, self._county.settings.values
        with self._doing(OPERATOR, "notice.draft") as (tx, note):
            made = self._drafted(tx, one)
            note(f"notice {made.id}", {"digest": made.digest})
        county.loop.leap(county.loop.time() + 1_200)
        with self._doing(DIRECTOR, "notice.approve") as (tx, note):
            made = notices.approve(
                tx, county.vault, made.id, DIRECTOR.name, made.digest, list(values.carriers),
                values.notices.same_text_hours, county.now(),
            )  # fmt: skip
            note(f"notice {made.id}", {"digest": made.digest, "plan": made.plan})
        with self._doing(OPERATOR, "notice.send") as (tx, note):
            notices.send(tx, made.id, county.now(), county.now())
            note(f"notice {made.id}", {"at": county.now().isoformat()})
        return made.id

    def _drafted(self, tx: sa.Connection, one: Announcement) -> notices.Notice:
        values, audience, now = self._county.settings.values, Audience(villages=one.villages), self._county.now()
        given: dict[str, Any] = {"topic": one.topic, "title": one.title, "audience": audience, "now": now}
        given |= {"author": OPERATOR.name, "validity_hours": values.notices.validity_hours}
        if one.until is not None:
            zone, most = self._county.zone, values.notices.max_parts
            return polls.draft(
                tx, self._desk.texts, words=one.body, until=one.until, zone=zone, max_parts=most, **given
            )
        return notices.draft(tx, body=notices.check_body(one.body, values.signature, values.notices.max_parts), **given)

    # --------------------------------------------------------------------------------------------------------- intake

    def enter(self, matter: Matter) -> None:
        """Type in what came another way."""
        county, now = self._county, self._county.now()
        with self._doing(OPERATOR, "case.enter") as (tx, note):
            one = Brought(matter.channel, matter.opening.words, f"+86{matter.number}" if matter.number else "")
            case = channel_desk.enter(tx, self._desk, county.vault, county.prefixes, one, OPERATOR.name, now)
            note(case.number, {"channel": matter.channel})
        self._truth.entered(case.id, matter)

    def triage(self) -> bool:
        """The operator: texts without a case first, then every case that waits for them."""
        done = self._sort_texts()
        with self._county.database.read() as tx:
            waiting = case_queue.waiting_for(tx, OPERATOR.roles, None)
        for case in waiting:
            matter = self._truth.of_case.get(case.id)
            if matter is not None and case.state in (CaseState.NEW, CaseState.ACCEPTED):
                done |= self._take(case, matter)
            elif matter is not None and case.reply_delivery == BY_HAND:
                done |= self._tell_there(case)
        return done

    def _take(self, case: Case, matter: Matter) -> bool:
        course, fate = matter.course, matter.opening.fate
        if fate is Fate.ANSWERED:
            return self._step(OPERATOR, case, "answer_direct", kind="咨询", reply=course.reply)
        if fate is Fate.MERGED and matter.master is not None:
            with self._county.database.read() as tx:
                master = store.by_id(tx, self._truth.cases[matter.master])
            return self._step(OPERATOR, case, "merge", master=master, reason="同一问题")
        if fate is Fate.REJECTED:
            return self._propose(OPERATOR, case, "reject", code=course.code, reason="", where="")
        if case.state is CaseState.NEW and not self._step(
            OPERATOR, case, "accept", kind=course.kind, topic=course.topic, place=course.place, urgency=course.urgency
        ):
            return False
        return self._order(OPERATOR, case, "assign", course)

    def _tell_there(self, case: Case) -> bool:
        with self._doing(OPERATOR, "case.told") as (tx, note):
            channel_desk.told(tx, self._desk, case.number, "已在原渠道公开回复", OPERATOR.name, self._county.now())
            note(case.number, {})
        return True

    def _sort_texts(self) -> bool:
        """Texts that the gateway left to people, and those that people see it got wrong."""
        with self._county.database.read() as tx:
            unknown = sa.select(text_table.c.id).where(
                text_table.c.decision == DecisionKind.UNKNOWN_SENDER, text_table.c.handled_at.is_(None)
            )
            strangers = list(tx.scalars(unknown))
        links = [link for link in self._truth.links if not link.right and link.text_id not in self._sorted]
        for link in links:
            self._sorted.add(link.text_id)
            if link.right is None:
                self._sort(link.text_id)
            else:
                self._mend(link.text_id)
        for text_id in strangers:
            self._sort(text_id)
        return bool(links or strangers)

    def _mend(self, text_id: int) -> None:
        """A text that was linked wrongly: taken back, and sorted by hand."""
        sent = self._truth.of_text[text_id]
        try:
            if sent.saying.fate in MATTERS or sent.matter is None:
                with self._doing(OPERATOR, "text.attach") as (tx, note):
                    case = case_texts.undo(tx, text_id, OPERATOR.name, "归件有误", self._county.now())
                    note(f"text {text_id}", {"case": case.number})
            self._sort(text_id)
        except Refused as refusal:
            self.refused.append(f"{self._county.now():%m-%d %H:%M} text {text_id}: {refusal.message}")

    def _sort(self, text_id: int) -> None:
        sent = self._truth.of_text[text_id]
        if sent.poll:
            with self._doing(OPERATOR, "text.attach") as (tx, note):
                answers.attach(tx, self._desk, text_id, sent.poll, sent.saying.value, OPERATOR.name, self._county.now())
                note(f"text {text_id}", {"poll": sent.poll})
        elif sent.matter is None:
            with self._doing(OPERATOR, "text.view") as (tx, note):
                case_texts.handled(tx, text_id, OPERATOR.name, self._county.now())
                note(f"text {text_id}", {})
        elif sent.saying.fate in MATTERS:
            with self._doing(OPERATOR, "case.enter") as (tx, note):
                person_id, words = case_texts.free(tx, text_id)
                case = case_desk.enter(
                    tx, self._desk, text=words, channel="sms", person_id=person_id, actor=OPERATOR.name,
                    now=self._county.now(), text_id=text_id,
                )  # fmt: skip
                case_texts.opened(tx, text_id, case, OPERATOR.name)
                note(case.number, {"channel": "sms"})
            self._truth.entered(case.id, sent.matter)
        else:
            with self._doing(OPERATOR, "text.attach") as (tx, note):
                case = store.by_id(tx, self._truth.cases[sent.matter.serial])
                case_texts.attach(tx, self._desk, text_id, case.number, OPERATOR.name, self._county.now())
                note(f"text {text_id}", {"case": case.number})

    # ---------------------------------------------------------------------------------------------------------- units

    def handle(self) -> bool:
        """Every unit: sign for what is new, report on what is done."""
        with self._county.database.read() as tx:
            theirs = case_queue.waiting_for(tx, ("dept",), None)
        done = False
        for case in theirs:
            matter = self._truth.of_case.get(case.id)
            if matter is None or case.lead is None:
                continue
            who, course = _liaison(case.lead), matter.course
            if case.state is CaseState.ASSIGNED and not course.silent:
                done |= self._step(who, case, "sign", do=case_desk.sign)
                for unit in case.co_handlers:
                    self._step(_liaison(unit), case, "sign", do=case_desk.sign)
            if self._is_done(case, course):
                for unit in case.co_handlers:
                    words: dict[str, Any] = {"reply": "已配合主办单位办理", "signed_by": f"{unit}分管领导"}
                    self._step(_liaison(unit), case, "report", do=case_desk.report, **words)
                done |= self._step(
                    who, case, "report", do=case_desk.report, reply=course.reply, outcome=course.outcome,
                    signed_by=f"{case.lead}分管领导", evidence=("现场照片2张",),
                )  # fmt: skip
        return done

    def _is_done(self, case: Case, course: Course) -> bool:
        if course.days is None or case.assigned_at is None:
            return False
        days = course.days - (1 if course.sent_back and case.round == 1 else 0)
        ready = self._desk.working_day(self._desk.today(case.assigned_at), days) if days else None
        return ready is None or self._desk.today(self._county.now()) >= ready

    # ------------------------------------------------------------------------------------- reviewer, leader, director

    def review(self) -> bool:
        """The reviewer: three gates, dissatisfied cases, refusals."""
        with self._county.database.read() as tx:
            waiting = case_queue.waiting_for(tx, REVIEWER.roles, None)
        done = False
        for case in waiting:
            matter = self._truth.of_case.get(case.id)
            if matter is None:
                continue
            gate = matter.course.sent_back
            if case.state is CaseState.REPORTED and gate and case.round == 1:
                done |= self._step(REVIEWER, case, "send_back", failed_gate=gate, reason=FAILED[gate])
            elif case.state is CaseState.REPORTED:
                done |= self._step(REVIEWER, case, "approve", gates=ALL)
            elif case.state is CaseState.DISSATISFIED and not self._is_proposed(case, "explain"):
                words = {"reason": "经复查,已按规定办理到位", "basis": "有关规定"}
                done |= self._propose(REVIEWER, case, "explain", **words)
            elif case.state is CaseState.NEW:
                done |= self._step(REVIEWER, case, "reject", decides=True)
        return done

    def lead(self) -> bool:
        """The leader: instructs on what only leaders decide, puts on the books what has to wait."""
        done = False
        with self._county.database.read() as tx:
            waiting = case_queue.waiting_for(tx, LEADER.roles, None)
            working = store.listed(tx, state=CaseState.IN_PROGRESS, limit=case_queue.ALL)
        for case in waiting:
            matter = self._truth.of_case.get(case.id)
            if matter is not None and not matter.course.slow_leader:
                done |= self._order(LEADER, case, "instruct", matter.course, instruction="请依纪依规查清,限期反馈。")
        for case in working:
            matter = self._truth.of_case.get(case.id)
            if matter is not None and matter.course.suspended and self._has_tried(case):
                review = self._desk.today(self._county.now()) + timedelta(days=REVIEWED_AFTER)
                why = "资金尚未落实"
                done |= self._step(LEADER, case, "suspend", code="money", reason=why, review_on=review)
        return done

    def direct(self) -> bool:
        """The director: delegates where a leader is silent, decides what the reviewer proposes to explain."""
        with self._county.database.read() as tx:
            waiting = case_queue.waiting_for(tx, DIRECTOR.roles, None)
        done = False
        for case in waiting:
            matter = self._truth.of_case.get(case.id)
            if matter is not None and case.state is CaseState.AWAIT_LEADER:
                done |= self._order(DIRECTOR, case, "delegate", matter.course)
            elif case.state is CaseState.DISSATISFIED:
                done |= self._step(DIRECTOR, case, "explain", decides=True)
        return done

    def _has_tried(self, case: Case) -> bool:
        today = self._desk.today(self._county.now())
        assigned = case.assigned_at
        return assigned is not None and today >= self._desk.working_day(self._desk.today(assigned), SUSPENDED_AFTER)

    # ---------------------------------------------------------------------------------------------------------- steps

    def _order(self, who: Officer, case: Case, event: str, course: Course, instruction: str = "") -> bool:
        """A written assignment; what goes to a leader first is not assigned by the operator."""
        with self._county.database.read() as tx:
            case = store.by_id(tx, case.id)
        if event == "assign" and case.state is not CaseState.ACCEPTED:
            return True
        given: dict[str, Any] = {"lead": course.lead, "co_handlers": course.co, "method": course.method}
        return self._step(who, case, event, **given, instruction=instruction)

    def _step(
        self, who: Officer, case: Case, event: str, *, do: Callable[..., Case] | None = None, decides: bool = False,
        **facts: Any,
    ) -> bool:  # fmt: skip
        """One step as its command takes it. False when it was refused."""
        now = self._county.now()
        given = Facts(actor=who.name, now=now, department=who.department or "", **facts)
        try:
            with self._doing(who, f"case.{event}") as (tx, note):
                case = find(tx, case.number)
                role = rights.played(who.roles, case.state, event) or who.roles[0]
                if do is not None:
                    after = do(tx, self._desk, case.number, role, given)
                else:
                    step = case_desk.decide if decides else case_desk.act
                    after = step(tx, self._desk, case.number, event, role, given)
                note(after.number, {"state": after.state})
        except Refused as refusal:
            self.refused.append(f"{now:%m-%d %H:%M} {who.name} {event} {case.number}: {refusal.message}")
            return False
        return True

    def _propose(self, who: Officer, case: Case, event: str, **facts: Any) -> bool:
        if self._is_proposed(case, event):
            return False
        given = Facts(actor=who.name, now=self._county.now(), **facts)
        with self._doing(who, f"case.{event}") as (tx, note):
            after = case_desk.propose(tx, self._desk, case.number, event, who.roles[0], given)
            note(after.number, {"state": after.state})
        return True

    def _is_proposed(self, case: Case, event: str) -> bool:
        with self._county.database.read() as tx:
            return case_desk.proposed(store.timeline(tx, case.id), event) is not None

    @contextmanager
    def _doing(self, who: Officer, verb: str) -> Iterator[tuple[sa.Connection, Callable[[str, dict[str, Any]], None]]]:
        """A transaction of somebody who may do this; `note` writes down what was done, as every command must."""
        if not rights.may(who.roles, verb):
            raise Refused(f"{who.name} 没有权限:{verb}", "")
        with self._county.database.write() as tx:

            def note(subject: str, detail: dict[str, Any]) -> None:
                audit.record(tx, self._county.seal_key, who.name, verb, subject, detail, self._county.now())

            yield tx, note


def _liaison(unit: str) -> Officer:
    return Officer(f"{unit}信息员", ("dept",), unit)


def sessions(day: datetime) -> tuple[tuple[datetime, str], ...]:
    """Who sits down when on a working day."""
    clock = (
        ("09:00", "triage"), ("10:00", "handle"), ("11:00", "review"), ("14:30", "triage"), ("15:00", "lead"),
        ("15:30", "handle"), ("16:30", "review"), ("17:00", "direct"),
    )  # fmt: skip
    return tuple((day.replace(hour=int(at[:2]), minute=int(at[3:])), what) for at, what in clock)
