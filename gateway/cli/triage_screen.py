"""The triage screen: one case after the other, one key for each decision.

A decision is tried out at once, so that a refusal is told while the case is on the screen, and carried out with the
next one, after 20 seconds, or at the end: until then `u` takes it back, and no text about it has gone out.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from rich.text import Text

from gateway import triage_desk
from gateway.cli import due as lamps
from gateway.cli import screen, triage_view
from gateway.cli.case_advice import advice
from gateway.cli.case_view import in_sight, readable, reader, reporter
from gateway.cli.desk import Desk
from gateway.cli.keys import BACKSPACE, END, ENTER, ESCAPE, Piped, Terminal
from gateway.cli.triage_view import Shown
from gateway.errors import Refused
from gateway.sight import Sight
from gateway.triage_desk import Advice, Book, Choice
from roster import store as roster_store
from routing.cases import KINDS, LABELS, URGENCIES, Case, Facts
from routing.initials import matches
from routing.suggestion import lead_of

REGRET_S = 20.0  # how long the last decision can be taken back
MOST = 9  # options that one key can choose
QUESTION = "具体地点和时间"
Work = Callable[[sa.Connection, Facts], Case]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and is not carried out yet."""

    number: str
    verb: str
    label: str
    work: Work
    facts: Facts


@dataclass
class Session:
    """One operator at the screen."""

    desk: Desk
    book: Book
    keys: Terminal | Piped
    pending: Decision | None = None
    said: str = ""

    def __post_init__(self) -> None:
        self.seconds: list[float] = []
        self.passed: set[str] = set()

    def run(self) -> int:
        """Until the queue is empty or the operator ends. Returns how many cases were decided."""
        try:
            while (shown := self._next()) is not None or self._regretted():
                if shown is not None and not self._decide(shown):
                    break
            else:
                screen.say("队列已空", "green")
        finally:
            self._carry_out()
        if self.said:
            screen.say(self.said)
        return len(self.seconds)

    def _regretted(self) -> bool:
        """Nothing waits any more: the last decision can still be taken back."""
        if self.pending is None:
            return False
        screen.say(f"队列已空。{self.said};其他键结束")
        return self.keys.key(REGRET_S) == "u" and self._take_back()

    def median(self) -> float:
        """Seconds per case so far."""
        return statistics.median(self.seconds)

    # --------------------------------------------------------------------------------------------------- what is shown

    def _next(self) -> Shown | None:
        """The next case with all there is to say about it; None when none waits."""
        triage_desk.file_all(self.desk.database, self.book.reader)
        now = self.desk.now()
        with self.desk.database.read() as tx:
            queue = [case for case in in_sight(self.desk, triage_desk.waiting(tx)) if case.number not in self.passed]
            if not queue:
                return None
            case = queue[0]
            found = advice(tx, self.desk, self.book, case)
            choice = Choice.of(case, found.suggestions)
            return Shown(
                readable(self.desk, case),
                self._sender(tx, case),
                age(case.created_at, now),
                lamps.waits(tx, self.desk, [case]).get(case.id),
                len(queue),
                len(self.seconds),
                statistics.median(self.seconds) if self.seconds else None,
                choice,
                found,
                triage_desk.due(self.book, case, choice, now) if choice.lead else None,
                self.said,
            )

    def _sender(self, tx: sa.Connection, case: Case) -> str:
        """Who wrote, masked; of a shielded case nothing but the pseudonym."""
        who = reporter(tx, self.desk, case)
        if case.person_id is None or reader(self.desk).sees(case) < Sight.REPORTER:
            return who
        category, township = roster_store.places(tx, [case.person_id]).get(case.person_id, ("不在信息员库", ""))
        return f"{category} {township} {who}"

    def _draw(self, lines: Sequence[Text]) -> None:
        if self.keys.live:
            screen.out.clear()
        for line in lines:
            screen.out.print(line)

    # ------------------------------------------------------------------------------------------------------- deciding

    def _decide(self, shown: Shown) -> bool:
        """Read keys until something is decided about this case. False when the operator ends."""
        began = time.monotonic()
        self.said = ""
        while True:
            self._draw(triage_view.frame(shown))
            key = self.keys.key(REGRET_S if self.pending else None)
            if key is None:
                done = self.pending.number if self.pending else ""
                self._carry_out()
                shown = replace(shown, said=self.said or f"{done} 已生效")
                continue
            if key in ("x", END):
                return False
            if key == "u":
                if self._take_back():
                    return True
                shown = replace(shown, said="没有可以撤销的(上一件已经生效)")
                continue
            if key == "?":
                self._draw([Text(line) for line in triage_view.HELP])
                self.keys.key()
                continue
            if key == "s":
                self.passed.add(shown.case.number)
                self.said = f"{shown.case.number} 已跳过,仍在队列里"
                return True
            try:
                changed = self._change(key, shown)
                decision = None if changed else self._chosen(key, shown)
                if decision is not None:
                    self._settle(decision, time.monotonic() - began)
                    return True
            except Refused as refusal:
                changed = replace(shown, said=f"× {refusal.message} → {refusal.way_out}")
            if changed is not None:
                shown = changed

    def _change(self, key: str, shown: Shown) -> Shown | None:
        """k, t, p, d, j: the case with another kind, topic, place, unit or urgency; None for another key."""
        found, choice = shown.advice.suggestions, shown.choice
        if key == "k":
            value = self._choose("类别", (found.kind.value, *KINDS))
            choice = replace(choice, kind=value or choice.kind)
        elif key == "t":
            topics = (*found.topics, *(topic.name for topic in self.book.rules.topics))
            value = self._choose("主题", topics)
            choice = self._with_topic(choice, value, shown) if value else choice
        elif key == "p":
            suggested = (found.place.value,) if found.place else ()
            places = (*suggested, *self.book.reader.gazetteer.names())
            value = self._choose("地点", places, free=True)
            choice = replace(choice, place=value or choice.place)
        elif key == "d":
            units = (*found.leads, *(unit.name for unit in self.book.desk.departments.units))
            value = self._choose("主办", [unit for unit in units if unit not in shown.case.accused])
            choice = replace(choice, lead=value or choice.lead)
        elif key == "j":
            value = self._choose("缓急", tuple(URGENCIES.values()))
            choice = replace(
                choice, urgency={label: name for name, label in URGENCIES.items()}.get(value, choice.urgency)
            )
        else:
            return None
        due = triage_desk.due(self.book, shown.case, choice, self.desk.now()) if choice.lead else None
        return replace(shown, choice=choice, due=due, said="")

    def _with_topic(self, choice: Choice, name: str, shown: Shown) -> Choice:
        """Another topic brings its usual unit, unless the text complains about it."""
        topic = self.book.rules.topic(name)
        lead = lead_of(topic, self.book.reader.gazetteer.find(choice.place or shown.case.text)) if topic else ""
        return replace(choice, topic=name, lead=choice.lead if lead in ("", *shown.case.accused) else lead)

    def _chosen(self, key: str, shown: Shown) -> Decision | None:
        """The decision that a key means; None when it means none, or the second key was none."""
        case, choice, book = shown.case, shown.choice, self.book
        number = case.number
        work: Work
        if key == ENTER:
            label = f"受理并交办{choice.lead}" if not case.leader_kind else "受理,呈领导批示"
            return self._decision(
                case, "case.accept", label, lambda tx, f: triage_desk.take(tx, book, number, choice, f)
            )
        if key == "m":
            into = self._duplicate(shown.advice)
            if into:
                work = lambda tx, f: triage_desk.merge(tx, book, number, into, f)  # noqa: E731
                return self._decision(case, "case.merge", f"并入{into}", work)
        elif key == "a":
            no = self._ready_answer(shown.advice)
            if no:
                work = lambda tx, f: triage_desk.answer(tx, book, number, no, f)  # noqa: E731
                return self._decision(case, "case.answer_direct", f"用知识库{no}答复", work)
        elif key == "q":
            question = self._line("请补充", QUESTION)
            if question:
                work = lambda tx, f: triage_desk.ask(tx, book, number, question, f)  # noqa: E731
                return self._decision(case, "case.ask_info", f"请补充{question}", work)
        elif key == "l":
            reason = self._line("呈领导的理由", "")
            if reason:
                work = lambda tx, f: triage_desk.to_leader(tx, book, number, choice, reason, f)  # noqa: E731
                return self._decision(case, "case.refer_leader", "受理,呈领导批示", work)
        elif key == "r":
            refusals = self.book.desk.codes.refusals
            picked = self._choose("不予受理的原因", [f"{one.reason} {code}" for code, one in refusals.items()])
            if picked:
                code = picked.rpartition(" ")[2]
                work = lambda tx, f: triage_desk.propose_refusal(tx, book, number, code, f)  # noqa: E731
                return self._decision(case, "case.propose_reject", "提出不予受理", work)
        return None

    def _decision(self, case: Case, verb: str, label: str, work: Work) -> Decision:
        return Decision(case.number, verb, label, work, Facts(self.desk.operator.name, self.desk.now()))

    def _settle(self, decision: Decision, seconds: float) -> None:
        """Try it out, carry out the one before, keep this one for a while."""
        facts = replace(decision.facts, seconds=round(seconds, 1) or 0.1)
        decision = replace(decision, facts=facts)
        triage_desk.rehearse(self.desk.database, lambda tx: decision.work(tx, facts))
        self._carry_out()
        self.pending = decision
        self.passed.add(decision.number)
        self.seconds.append(facts.seconds)
        last = f"{self.said};" if self.said else ""
        self.said = f"{last}{decision.number} {decision.label}({facts.seconds}秒,u 撤销)"

    def _carry_out(self) -> None:
        """What was decided is done: rule, texts, history, audit in one transaction."""
        decision, self.pending = self.pending, None
        if decision is None:
            return
        try:
            with self.desk.database.write() as tx:
                case = decision.work(tx, replace(decision.facts, now=self.desk.now()))
                self.desk.audit(tx, decision.verb, case.number, {"state": case.state, "screen": True})
            self.said = ""
        except Refused as refusal:  # somebody else was faster
            self.seconds.pop()
            self.said = f"× {decision.number} 没有生效:{refusal.message}"

    def _take_back(self) -> bool:
        if self.pending is None:
            return False
        self.passed.discard(self.pending.number)
        self.seconds.pop()
        self.said = f"{self.pending.number} 已撤销"
        self.pending = None
        return True

    # -------------------------------------------------------------------------------------------------- second keys

    def _duplicate(self, advice: Advice) -> str:
        """The case to merge into, by its number on the screen."""
        if not advice.duplicates:
            raise Refused("没有相近的件可以并入", "确有其件时用 xinqiao case merge 编号 --into 主件")
        labels = [f"{one.number} {LABELS[one.state]} {one.text}" for one in advice.duplicates]
        return self._choose("并入", labels).split(" ")[0]

    def _ready_answer(self, advice: Advice) -> int:
        known = [found.answer for found in advice.answers]
        known += [one for one in self.book.answers.all if one not in known]
        picked = self._choose("知识库", [f"{one.title} {one.no}" for one in known])
        return int(picked.rpartition(" ")[2]) if picked else 0

    def _choose(self, title: str, names: Sequence[str], free: bool = False) -> str:
        """One of many by a digit, or by what is typed and Enter; "" when none was chosen. `free`: anything typed."""
        typed = ""
        names = tuple(dict.fromkeys(names))
        while True:
            found = [name for name in names if matches(typed, name)][:MOST]
            note = "数字选择;输入汉字或拼音首字母筛选,回车取第一个;Esc 返回"
            self._draw(triage_view.options(title, found, typed, note))
            key = self.keys.key()
            if key in (ESCAPE, END, None):
                return ""
            if key == ENTER:
                return found[0] if found else typed if free else ""
            if key == BACKSPACE:
                typed = typed[:-1]
            elif key.isdecimal() and key != "0" and int(key) <= len(found):
                return found[int(key) - 1]
            elif key.isprintable():
                typed += key

    def _line(self, title: str, usual: str) -> str:
        """A line of words; Enter alone takes the usual one, Esc none."""
        typed = ""
        while True:
            self._draw(triage_view.options(title, [usual] if usual and not typed else [], typed, "回车确定,Esc 返回"))
            key = self.keys.key()
            if key in (ESCAPE, END, None):
                return ""
            if key == ENTER:
                return typed or usual
            typed = typed[:-1] if key == BACKSPACE else typed + (key if key.isprintable() else "")


def age(since: datetime, now: datetime) -> str:
    """How long something waits, in the largest unit that says enough."""
    waited = max(now - since, timedelta())
    if waited.days:
        return f"{waited.days}天"
    minutes = waited.seconds // 60
    return f"{minutes // 60}小时" if minutes >= 60 else f"{minutes}分钟"
