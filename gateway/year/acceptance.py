"""Does everything match? Each figure of the year as it should be, as the gateway tells it, and as the phones saw it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import sqlalchemy as sa

from carriers.events import ReceiptState
from gateway import fsck, notices, number_desk, polls, resources, supervision_desk
from gateway.cli.screen import rate
from gateway.notices import report
from gateway.notices.asked import question_of
from gateway.outbox import FINAL
from gateway.tables import part, reroute, text, text_part
from gateway.year.figures import ANSWERS, Fate
from gateway.year.play import TELLS_NOTHING, Year
from gateway.year.script import Announcement, Matter
from roster import generator
from roster import store as roster_store
from roster.suspicion import SuspicionKind
from routing import store
from routing.cases import Case, CaseState
from routing.deadlines import Lamp
from routing.inbound import DecisionKind

LEAST_AUTOMATIC = 85  # percent of the texts that are to be dealt with without an operator
FORMULAS = (
    (829, 836, "99.16%"),
    (25_940, 26_633, "97.40%"),
    (263, 271, "97.05%"),
    (3_631, 3_760, "96.57%"),
    (12_043, 13_162, "91.50%"),
    (54_213, 54_637, "99.22%"),
    (260, 310, "83.87%"),
    (37, 37, "100.00%"),
    (0, 0, "-"),
)
"""Numerator, denominator, and how the rate is to be printed: halves up, two digits."""
NONE = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """A figure. What nobody could count stands as "-"."""

    part: str
    what: str
    wanted: object
    told: object = NONE  # by the gateway's own reports and store
    seen: object = NONE  # by the simulated carriers and phones

    @property
    def ok(self) -> bool:
        """True when whoever counted it counted the same."""
        return all(found == self.wanted for found in (self.told, self.seen) if found != NONE)


def table(year: Year) -> tuple[Line, ...]:
    """The whole table."""
    with year.county.database.read() as tx:
        account = _Account(year, tx)
        return tuple(
            line
            for part in (
                account.roster, account.announced, account.received, account.channels, account.cases, account.ratings,
                account.people, account.formulas, account.closing,
            )
            for line in part()
        )  # fmt: skip


def ledger(year: Year) -> str:
    """A hash over everything that was sent, received and done: the same seed gives the same."""
    found = sha256()
    queries = (
        "SELECT id, topic, body, state FROM notice ORDER BY id",
        "SELECT id, purpose, notice_id, case_id, person_id, extension, body, created_ms FROM message ORDER BY id",
        "SELECT id, message_id, carrier, state, reason, attempts, changed_ms FROM part ORDER BY id",
        "SELECT id, carrier, person_id, extension, body, received_ms, decision, case_id, reason FROM text ORDER BY id",
        "SELECT case_id, event, actor, at, from_state, to_state, reason FROM case_event ORDER BY id",
    )
    with year.county.database.read() as tx:
        for query in queries:
            for row in tx.exec_driver_sql(query):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()[:16]


class _Account:
    def __init__(self, year: Year, tx: sa.Connection) -> None:
        self.year, self.tx, self.figures, self.script = year, tx, year.script.figures, year.script
        self.county, self.desk = year.county, year.county.desk

    # --------------------------------------------------------------------------------------------------------- roster

    def roster(self) -> Iterator[Line]:
        """Who is on it, and what is planted in it."""
        of, plan, sample = self.figures, self.year.plan, self.year.sample
        faults, told = generator.faults(of.people), plan.reasons()
        yield Line("名册", "行数", of.people + sum(faults.values()), len(plan.joins) + len(plan.faults))
        yield Line("名册", "收入", of.people, len(plan.joins))
        yield Line("名册", "拒收", sum(faults.values()), len(plan.faults))
        for kind, count in faults.items():
            yield Line("名册", f"拒收:{FAULTS[kind]}", count, told.get(kind, 0))
        counts = roster_store.counts(self.tx)
        for category, count in generator.shares(generator.CATEGORY_SHARES, of.people).items():
            yield Line("名册", f"类别:{category}", count, counts["category"].get(category, 0))
        stale = self._stale()
        for name, count in generator.shares(generator.CARRIER_SHARES, of.people).items():
            label = self.county.settings.values.carriers[name].label
            yield Line("名册", f"运营商:{label}", count, counts["carrier"].get(name, 0) + stale[name])
        known = sum(home in self._carriers_of(number) for number, home in sample.ported.items())
        yield Line("名册", "携号转网,查明归属", len(sample.ported), known)
        silent = sum(number[:3] in generator.RANGES[TELLS_NOTHING] for number in sample.ported)
        yield Line("名册", "  其中由管理员登记", silent, self.year.corrected)
        rules = resources.number_rules(self.county.settings)
        kinds = Counter(one.suspicion.kind for one in number_desk.suspects(self.tx, self.county.vault, rules))
        yield Line("名册", "空号,列为疑似空号", len(sample.empty), kinds[SuspicionKind.EMPTY])

    def _carriers_of(self, number: str) -> tuple[str, ...]:
        """The carrier a number is sent over now, then those that there is, or was, evidence of."""
        person = roster_store.person_by_phone(self.tx, self.county.vault, f"+86{number}")
        if person is None:
            return ()
        return (person.carrier, *(row.carrier for row in roster_store.evidence(self.tx, person.id)))

    def _stale(self) -> Counter[str]:
        """What half-year old evidence no longer tells: the next notice will teach it again."""
        found: Counter[str] = Counter()
        for number, home in self.year.sample.ported.items():
            now, *known = self._carriers_of(number)
            if now != home and home in known:
                found[home] += 1
                found[now] -= 1
        return found

    # -------------------------------------------------------------------------------------------------------- notices

    def announced(self) -> Iterator[Line]:
        """How many, about what, to whom, and what became of each text."""
        told = notices.listed(self.tx)
        topics = Counter(one.topic for one in told)
        yield Line("通知", "通知", self.figures.notices, len(told), len(self.year.county.phones.notices))
        for topic, count in zip(notices.TOPICS, self.figures.topics, strict=True):
            yield Line("通知", f"主题:{topic}", count, topics[topic])
        asked = [one for one in self.script.announcements if one.until is not None]
        yield Line("通知", "其中征求意见", len(self.figures.votes), sum(one.question_id == one.id for one in told))
        yield from self._messages(told)
        for one in asked:
            wanted = Counter(vote.saying.value for vote in one.votes)
            found = polls.outcome(self.tx, question_of(self.tx, self.year.numbers[one.title]))
            votes = [wanted[option] for option in range(1, len(found.options) + 1)]
            yield Line("通知", f"征求意见:{one.body[:-6]}", _votes(votes), _votes(found.counts))

    def _messages(self, told: Sequence[notices.Notice]) -> Iterator[Line]:
        everybody = self.figures.people * self.figures.notices
        reach = Counter[str]()
        for one in self.script.announcements:
            reach += self._reach(one)
        plans = [one.plan or {} for one in told]
        people = sum(plan["people"] for plan in plans)
        opted_out = sum(plan["left_out"].get("opted out", 0) for plan in plans)
        fates = sum(self.county.phones.notices.values(), Counter())
        again = self.tx.scalar(
            sa.select(sa.func.count()).select_from(reroute).join(part, part.c.id == reroute.c.part_id)
            .where(part.c.lane > 0)
        ) or 0  # fmt: skip
        states = Counter[str]()
        for made in told:
            states += Counter(report.account(self.tx, made).total.people)
        yield Line("通知", "人次(全部发给全体)", everybody, people + opted_out + reach["elsewhere"])
        yield Line("通知", "  应发", reach["sent"], people, fates.total() - again)
        yield Line("通知", "  已退订不发", reach["opted out"], opted_out)
        yield Line("通知", "  不在征求范围", reach["elsewhere"], everybody - people - opted_out)
        delivered = reach["sent"] - reach["empty"] - reach["off"]
        yield Line("通知", "  送达", delivered, states["delivered"], fates[ReceiptState.DELIVERED])
        undelivered = fates[ReceiptState.UNDELIVERABLE] - again
        yield Line("通知", "  未送达(空号)", reach["empty"], states["undelivered"], undelivered)
        yield Line("通知", "  过期(关机一周)", reach["off"], states["expired"], fates[ReceiptState.EXPIRED])
        yield Line("通知", "  送达两次", 0, NONE, self.county.phones.doubled)

    def _reach(self, one: Announcement) -> Counter[str]:
        """Whom a notice is for, from the script alone."""
        numbers = self._numbers_in(one.villages)
        left = sum(number in numbers for number in self._opted_out_at(one.at))
        since, until = self.script.off
        off = sum(number in numbers for number in self.year.sample.off) if since <= one.at < until else 0
        return Counter(
            {
                "sent": len(numbers) - left,
                "opted out": left,
                "elsewhere": self.figures.people - len(numbers),
                "empty": sum(number in numbers for number in self.year.sample.empty),
                "off": off,
            }
        )

    def _numbers_in(self, villages: Sequence[str]) -> frozenset[str]:
        joins = self.year.plan.joins
        return frozenset(one.phone[-11:] for one in joins if one.village in villages or not villages)

    def _opted_out_at(self, moment: datetime) -> set[str]:
        gone: set[str] = set()
        for remark in sorted(self.script.remarks, key=lambda one: one.at):
            if remark.at < moment and remark.saying.fate is Fate.COMMAND:
                if remark.saying.words in LEAVING:
                    gone.add(remark.number)
                elif remark.saying.words == "KT":
                    gone.discard(remark.number)
        return gone

    # ---------------------------------------------------------------------------------------------------------- texts

    def received(self) -> Iterator[Line]:
        """Every text by what became of it, how it travelled, and whether it was linked rightly."""
        of, links = self.figures, self.year.truth.links
        sent = Counter(one.fate for one in self.script.sayings())
        told = self._told()
        among = [link for link in links if link.sent.saying.fate not in ANSWERS]
        wanted = {fate: of.of(fate, len(self.year.sample.opting_out)) for fate in Fate if fate not in ANSWERS}
        yield Line("来信", "来信(不含评价和投票)", sum(wanted.values()), sum(told[fate] for fate in wanted), len(among))
        for fate, count in wanted.items():
            yield Line("来信", f"  {fate.value}", count, told[fate], sent[fate])
        for fate in ANSWERS_IN_ORDER:
            yield Line("来信", f"另有{fate.value}", sent[fate], told[fate])
        yield from self._travels(among)
        wrong = sum(link.right is False for link in links)
        alone = sum(link.right is not None for link in among)
        yield Line("来信", "自动归件错误", 0, wrong)
        share = f"{'≥' if alone * 100 >= LEAST_AUTOMATIC * len(among) else '<'}{LEAST_AUTOMATIC}%"
        yield Line("来信", f"自动处理({rate(alone, len(among))})", f"≥{LEAST_AUTOMATIC}%", share)
        yield Line("来信", "未入库", 0, self.year.truth.missing() + len(self.year.truth.strange))

    def _told(self) -> Counter[Fate]:
        """By fate, as the store has it now."""
        texts = Counter(self.tx.scalars(sa.select(text.c.decision)))
        found = Counter(fate for case in self._cases if (fate := _fate(case)) is not None)
        for fate, decisions in DECIDED.items():
            found[fate] = sum(texts[decision] for decision in decisions)
        return found

    def _travels(self, among: Sequence[object]) -> Iterator[Line]:
        of = self.figures
        long = self.tx.scalar(sa.select(sa.func.count(sa.distinct(text_part.c.text_id))).where(text_part.c.total > 1))
        gaps = self.tx.scalar(sa.select(sa.func.count()).select_from(text).where(~text.c.complete))
        shapes = [one.shape for one in self.script.sayings()]
        yield Line("来信", "长短信(2至5条)", of.long, long)
        yield Line("来信", "  缺一条的", of.incomplete, gaps, sum(bool(one.missing) for one in shapes))
        yield Line("来信", "  投递两次的", of.doubled, NONE, sum(one.twice for one in shapes))
        yield Line("来信", "  乱序的", of.disordered, NONE, sum(bool(one.order) for one in shapes))
        bare = sum(link.bare for link in self.year.truth.links if link.sent.saying.fate not in ANSWERS)
        yield Line("来信", "丢了扩展码的", round(of.bare * len(among)), bare)
        counts = [carrier.counts() for carrier in self.county.carriers.values()]
        unheard = sum(one["texts"] - one["texts_acknowledged"] for one in counts)
        yield Line("来信", "运营商处未确认的", 0, NONE, unheard)

    def channels(self) -> Iterator[Line]:
        """What operators typed in."""
        told = Counter(case.channel for case in self._cases)
        for channel, count in self.figures.channels.items():
            yield Line("其他渠道", resources.channels(self.county.settings).label(channel), count, told[channel])
        mine = [case for case in self._cases if case.channel in self.figures.channels]
        wanted = sum(self.figures.channels.values())
        yield Line("其他渠道", "合计,均已办结", wanted, sum(case.state is CaseState.CLOSED for case in mine))

    # ---------------------------------------------------------------------------------------------------------- cases

    def cases(self) -> Iterator[Line]:
        """What was assigned, with its lamps."""
        of = self.figures
        closed = Counter(lamp for case, lamp in self._lamps if case.state is CaseState.CLOSED)
        still = Counter(lamp for case, lamp in self._lamps if case.state is not CaseState.CLOSED)
        yield Line("办件", "交办", of.assigned, closed.total() + still.total())
        yield Line("办件", "办结", of.closed, closed.total())
        yield Line("办件", "  按期", of.green, closed[Lamp.GREEN])
        yield Line("办件", "  黄灯", of.yellow, closed[Lamp.YELLOW])
        yield Line("办件", "  红灯", of.red, closed[Lamp.RED])
        yield Line("办件", "在办", of.still_open, still.total())
        yield Line("办件", "  期限内", of.open_green, still[Lamp.NONE] + still[Lamp.GREEN])
        yield Line("办件", "  黄灯", of.open_yellow, still[Lamp.YELLOW])
        yield Line("办件", "  红灯", of.open_red, still[Lamp.RED])
        yield Line("办件", "红灯合计", of.red + of.open_red, closed[Lamp.RED] + still[Lamp.RED])
        yield Line("办件", "办结率", rate(of.closed, of.assigned), rate(closed.total(), closed.total() + still.total()))

    @cached_property
    def _lamps(self) -> list[tuple[Case, Lamp]]:
        """The assigned matters that were texted, each with its lamp at the end of the year."""
        seen = supervision_desk.look(self.tx, self.desk, self.county.now())
        theirs = [one for one in seen if one.clocks and _fate(one.case) is Fate.ASSIGNED]
        return [(one.case, one.clocks[-1].statutory.lamp) for one in theirs]

    def ratings(self) -> Iterator[Line]:
        """How the closed ones were rated; who said nothing is counted as saying nothing."""
        of = self.figures
        closed = [case for case, _ in self._lamps if case.state is CaseState.CLOSED]
        asked = [one for one in self._matters(Fate.ASSIGNED) if self._heard(one)["T10"]]
        values = Counter(case.rating for case in closed)
        good = values[1] + values[2]
        rated = good + values[3]
        yield Line("评价", "评价邀请", of.closed, sum(case.survey == "done" for case in closed), len(asked))
        yield Line("评价", "  已评价", of.rated, rated)
        yield Line("评价", "  满意和基本满意", of.satisfied + of.basically, good)
        yield Line("评价", "  不满意", of.dissatisfied, values[3])
        yield Line("评价", "  未评价", of.closed - of.rated, values[None])
        yield Line("评价", "满意率", rate(of.satisfied + of.basically, of.rated), rate(good, rated))

    # --------------------------------------------------------------------------------------------------------- people

    def people(self) -> Iterator[Line]:
        """Did everybody hear what is owed to them? Counted on the phones."""
        told = [one for one in self.script.matters if one.channel == "sms"]
        answered = [one for one in told if self._is_answered(one)]
        heard = [self._heard(one) for one in told]
        replies = [self._heard(one) for one in answered]
        yield Line("群众", "来信后收到编号", len(told), NONE, sum(bool(one["T1"] + one["T20"]) for one in heard))
        yield Line("群众", "收到办理结果", len(answered), NONE, sum(bool(one["T6"]) for one in replies))
        yield Line("群众", "收到评价邀请", len(answered), NONE, sum(bool(one["T10"]) for one in replies))
        refused = [self._heard(one) for one in self._matters(Fate.REJECTED)]
        yield Line("群众", "不予受理的得知去处", len(refused), NONE, sum(bool(one["T4"]) for one in refused))
        merged = [self._heard(one) for one in self._matters(Fate.MERGED)]
        yield Line("群众", "并案的得知并案", len(merged), NONE, sum(bool(one["T3"]) for one in merged))
        yield Line("群众", "看不懂的短信", 0, NONE, len(self.year.citizens.unread))

    def _matters(self, fate: Fate) -> list[Matter]:
        return [one for one in self.script.matters if one.channel == "sms" and one.opening.fate is fate]

    def _heard(self, matter: Matter) -> Counter[str]:
        return self.year.citizens.heard.get(matter.serial, Counter())

    def _is_answered(self, matter: Matter) -> bool:
        if matter.master is not None:
            matter = next(one for one in self.script.matters if one.serial == matter.master)
        return matter.opening.fate is Fate.ANSWERED or matter.course.days is not None

    # ------------------------------------------------------------------------------------------------ formulas, the end

    def formulas(self) -> Iterator[Line]:
        """Rates as they are printed."""
        for numerator, denominator, wanted in FORMULAS:
            yield Line("公式", f"{numerator}/{denominator}", wanted, rate(numerator, denominator).split()[1])

    def closing(self) -> Iterator[Line]:
        """The store in the end."""
        now_ms = round(self.county.now().timestamp() * 1000)
        offences = list(fsck.check(self.tx, self.county.seal_key, now_ms))
        counted = self.tx.execute(sa.select(part.c.state, sa.func.count()).group_by(part.c.state))
        states: dict[str, int] = {row[0]: row[1] for row in counted}
        yield Line("收尾", "数据库检查(fsck)不符", 0, len(offences))
        yield Line("收尾", "没有结果的短信", 0, sum(count for state, count in states.items() if state not in FINAL))
        counts = [carrier.counts() for carrier in self.county.carriers.values()]
        yield Line("收尾", "运营商处未取的回执", 0, NONE, sum(one["receipts_outstanding"] for one in counts))
        yield Line("收尾", "办事人员被拒的操作", 0, len(self.year.office.refused))
        yield Line("收尾", "意外", 0, len(self.county.troubles))

    @cached_property
    def _cases(self) -> list[Case]:
        return store.listed(self.tx, limit=10_000_000)


def _fate(case: Case) -> Fate | None:
    """What became of a case that was texted."""
    if case.channel != "sms":
        return None
    ended = {CaseState.MERGED: Fate.MERGED, CaseState.REJECTED: Fate.REJECTED}
    if case.state in ended:
        return ended[case.state]
    if case.kind == "建议":
        return {"已采用": Fate.ADOPTED, "留存": Fate.KEPT}.get(case.outcome or "")
    return Fate.ANSWERED if case.kind == "咨询" else Fate.ASSIGNED if case.assigned_at else None


def _votes(counts: Sequence[int | None]) -> str:
    return " / ".join("-" if count is None else str(count) for count in counts)


ANSWERS_IN_ORDER = tuple(fate for fate in Fate if fate in ANSWERS)
LEAVING = ("TD", "退订", "td")
DECIDED = {
    Fate.FOLLOW_UP: (DecisionKind.FOLLOW_UP,),
    Fate.THANKS: (DecisionKind.THANKS,),
    Fate.COMMAND: (DecisionKind.COMMAND,),
    Fate.RATING: (DecisionKind.RATING,),
    Fate.VOTE: (DecisionKind.VOTE,),
    Fate.NOISE: (
        DecisionKind.ACKNOWLEDGEMENT, DecisionKind.UNKNOWN_SENDER, DecisionKind.EMPTY, DecisionKind.UNCLEAR,
    ),
}  # fmt: skip
FAULTS = {
    "duplicate number": "号码重复",
    "invalid number": "号码无效",
    "landline": "固定电话",
    "no name": "没有姓名",
    "unknown category": "类别不明",
    "duplicate identity": "身份证号重复",
    "unknown township": "乡镇不明",
}
