"""An archive as an office has it after three years: 54,637 invented cases with the histories that handling them gives.

    python benchmarks/archive.py FOLDER [CASES]     a new working folder with an archive in it

The rules move every case (`routing.steps`), the history is written by `routing.history`: what lies in the store is what
the office's commands would have written, except that nothing went through the outbox, so replies count as told by
phone. `xinqiao fsck` finds it whole. All follows from the seed; the later the moment, the more cases are still open.
"""

import argparse
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from gateway import case_desk, resources, roster_desk
from gateway.casebook import Desk
from gateway.cli.desk import read_keys
from gateway.cli.init import make
from gateway.database import Database
from gateway.settings import load
from roster import generator
from roster.importing import read
from roster.vault import Vault
from routing import numbers, store
from routing.cases import Case, CaseState, Facts
from routing.history import changes
from routing.steps import step
from routing.tables import case_event, case_ticket

CASES = 54_637
PEOPLE = 2_000  # so many that nobody is asked to rate two replies at a time
DAYS = 3 * 365
AT_ONCE = 5_000
MERGED_WITHIN = timedelta(days=60)
OPERATORS, REVIEWER, DIRECTOR = ("甲", "乙", "丙"), "审核员", "主任"
SIGNED_BY = "分管领导"
CHANNELS = ("sms", "信箱", "热线", "来访")
CHANNEL_SHARES = (76, 10, 10, 4)
FATES = ("handled", "answered", "merged", "rejected")
FATE_SHARES = (84, 9, 5, 2)
RATINGS = (1, 2, 3, None)  # None: does not answer
RATING_SHARES = (45, 18, 6, 31)

MATTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # topic: the unit that usually leads, the usual kind, what people write
    "供水": (
        "县供水公司",
        "求助",
        ("自来水停了{n}天", "水龙头里流出来的水发黄", "水压太低,二楼上不去水", "自来水管漏水,路上淌了一片"),
    ),
    "供电": (
        "县供电公司",
        "求助",
        ("天天停电,冰箱里的东西都坏了", "电压低得电机带不起来", "电线杆歪了快倒了", "变压器嗡嗡响,怕出事"),
    ),
    "道路": (
        "县交通局",
        "求助",
        ("路面坑坑洼洼,下雨没法走", "水泥路压坏了{n}个月没人修", "桥面塌了一块", "这条土路盼着硬化"),
    ),
    "路灯": ("县住建局", "求助", ("路灯坏了{n}天,晚上一片黑", "装了路灯从来没亮过", "路灯杆被车撞倒了")),
    "排水": ("县住建局", "求助", ("下水道堵了,污水往外冒", "一下雨就积水到膝盖", "井盖丢了,危险")),
    "交通秩序": ("交警大队", "投诉", ("大货车夜里乱停,堵住半条路", "路口没有红绿灯,老出事故", "放学时候堵成一锅粥")),
    "教育": ("县教育局", "投诉", ("学校收补课费", "孩子转学手续办不下来", "校车超员", "幼儿园收费太高")),
    "医疗": ("县卫生局", "投诉", ("卫生院没有大夫值班", "村卫生室药价比外面贵", "救护车等了一个钟头才到")),
    "医保社保": (
        "县人社局",
        "咨询",
        ("合作医疗报销要带什么手续", "养老金{n}个月没有发", "社保卡丢了到哪里补办", "住院费报不了"),
    ),
    "户籍": ("县公安局", "求助", ("孩子户口一直上不了", "迁户口跑了{n}趟没办成", "身份证名字打错了要改")),
    "治安": ("县公安局", "求助", ("夜里有人偷电动车", "半夜有人砸门", "有人聚众赌博")),
    "土地": ("县国土局", "投诉", ("宅基地批了{n}年没有下来", "耕地被人占了盖房", "征地补偿款没有到手")),
    "低保救助": ("县民政局", "求助", ("家里困难,想申请低保", "低保钱这个月少了", "五保老人没人照看")),
    "农业": ("县农业局", "求助", ("种粮补贴没有打到卡上", "买到假种子,玉米不出苗", "小麦得了病不知道打什么药")),
    "水利": ("县水利局", "求助", ("机井坏了,麦子等着浇", "河道里堆满了土,一发水就淹", "灌渠断了没有水")),
    "环境污染": ("县环保局", "投诉", ("小化工厂冒黑烟,呛得睡不着", "养猪场的污水流进沟里", "烧秸秆烟太大")),
    "噪音": ("县环保局", "投诉", ("工地半夜还在施工", "歌厅音响吵到后半夜", "石材厂切割声太大")),
    "垃圾": ("县城管局", "求助", ("垃圾堆了{n}天没人拉", "垃圾桶满了,臭气熏天", "有人往沟里倒垃圾")),
    "市容": ("县城管局", "投诉", ("小摊占了人行道", "墙上贴满小广告", "门前乱搭乱建")),
    "住房物业": ("县房管局", "投诉", ("物业收了钱不管事", "电梯坏了{n}天", "房产证{n}年办不下来")),
    "食品安全": ("县食药监局", "投诉", ("超市卖过期牛奶", "饭店用剩油", "买的肉有味")),
    "消费": ("县市场监管局", "投诉", ("加油站少给油", "买手机不给退换", "菜市场的秤不准")),
    "拖欠工资": ("县人社局", "求助", ("工地欠了{n}个月工资", "厂里不给签合同", "干完活老板跑了")),
    "残疾人": ("县残联", "咨询", ("残疾证怎么办理", "想申请一辆轮椅", "残疾补贴去哪里领")),
}
OPENINGS = ("", "", "您好,", "反映一下,", "领导好,", "我是村民,", "麻烦问一下,", "急,")
ENDINGS = (
    "",
    "",
    ",请派人来看看",
    ",盼解决",
    ",谁来管管",
    ",没人管",
    ",找过村里没用",
    ",谢谢",
    ",希望早点处理",
    ",老人孩子都不方便",
)
SPOTS = ("小学门口", "村委会旁边", "十字路口", "卫生室那边", "村东头", "村西头", "菜市场", "敬老院", "河边", "")
OUTCOMES = ("已解决", "已解决", "部分解决", "已解释")
REPLIES = (
    "已派人到现场处理完毕。",
    "已与您联系核实,问题已解决。",
    "已列入本月计划,完成后告知您。",
    "经核实情况属实,已责成整改。",
)


@dataclass(frozen=True, slots=True)
class Matter:
    """What an invented text is about, and what the office made of it."""

    text: str
    kind: str
    topic: str
    place: str
    lead: str


class Writer:
    """Invents texts. The same seed, the same texts."""

    def __init__(self, villages: dict[str, tuple[str, ...]], chance: Random) -> None:
        self._places = [(township, village) for township, several in sorted(villages.items()) for village in several]
        self._chance = chance

    def matter(self) -> Matter:
        """One."""
        chance = self._chance
        topic = chance.choice(list(MATTERS))
        lead, kind, problems = MATTERS[topic]
        township, village = chance.choice(self._places)
        place = chance.choice((f"{township}{village}", village, village, f"{township.removesuffix('镇')}{village}"))
        spot, problem = chance.choice(SPOTS), chance.choice(problems).format(n=chance.randint(2, 9))
        said = f"{chance.choice(OPENINGS)}{place}{spot}{problem}{chance.choice(ENDINGS)}"
        if chance.random() < 0.06:  # operators differ now and then
            lead = township
        return Matter(said, kind if chance.random() < 0.85 else "求助", topic, f"{township}{village}", lead)


@dataclass
class Archive:
    """Rows to be written, in the order in which they came about."""

    desk: Desk
    chance: Random
    until: datetime
    tickets: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def open(self, case: Case, year: int, serial: int) -> None:
        """The first line of a case's history."""
        self.tickets.append({"year": year, "serial": serial})
        self._line(None, case, "receive", "gateway" if case.channel == "sms" else "operator", "登记", case.created_at)

    def take(self, case: Case, event: str, role: str, actor: str, at: datetime, **given: Any) -> Case:
        """A step by the rules."""
        facts = Facts(actor, at, today=self.desk.today(at), period_ends=self.desk.period_ends(case, event), **given)
        done = step(case, event, role, facts)
        after = done.case
        if "T6" in done.sms:
            after = replace(after, reply_delivery="called")
        if "T10" in done.sms and case.person_id is not None:
            after = replace(after, survey="open", surveyed_at=at)
        data = {name: getattr(facts, name) for name in case_desk.RECORDED if getattr(facts, name)}
        data |= ({"gates": "".join(sorted(facts.gates))} if facts.gates else {}) | case_desk.dated(done, facts)
        self._line(case, after, event, role, done.reason, at, facts.actor, data)
        return after

    def note(self, case: Case, event: str, role: str, actor: str, at: datetime, reason: str, **data: Any) -> None:
        """A line that moves nothing."""
        self._line(case, case, event, role, reason, at, actor, data)

    def keep(self, case: Case) -> None:
        """How the case stands in the end."""
        self.tickets[-1] |= {name: getattr(case, name) for name in Case.__dataclass_fields__}

    def _line(
        self,
        before: Case | None,
        after: Case,
        event: str,
        role: str,
        reason: str,
        at: datetime,
        actor: str = "gateway",
        data: dict[str, Any] | None = None,
    ) -> None:
        changed = changes(before, after)
        self.events.append(
            {
                "case_id": after.id,
                "at": at,
                "event": event,
                "actor": actor,
                "role": role,
                "from_state": before.state if before else None,
                "to_state": after.state,
                "reason": reason,
                "data": (data or {}) | ({"set": changed} if changed else {}),
            }
        )


def fill(
    tx: sa.Connection, desk: Desk, writer: Writer, chance: Random, people: list[int], cases: int, until: datetime
) -> None:
    """Write an archive that ends at `until` into a store that has no case yet."""
    archive = Archive(desk, chance, until)
    began = until - timedelta(DAYS)
    moments = sorted(began + timedelta(seconds=chance.randrange(DAYS * 86_400)) for _ in range(cases))
    serials: dict[int, int] = {}
    masters: list[Case] = []
    for case_id, at in enumerate(moments, 1):
        year = desk.today(at).year
        serials[year] = serial = serials.get(year, 0) + 1
        channel = chance.choices(CHANNELS, CHANNEL_SHARES)[0]
        matter = writer.matter()
        case = Case(
            case_id,
            numbers.write(desk.prefix, year, serial),
            store.slot_of(serial),
            people[case_id % len(people)] if channel == "sms" else None,
            channel,
            matter.text,
            at,
            CaseState.NEW,
            at,
            urgency="emergency" if desk.words.is_emergency(matter.text) else "normal",
        )
        archive.open(case, year, serial)
        masters = [one for one in masters[-200:] if at - one.created_at < MERGED_WITHIN]
        case = _life(archive, case, matter, masters)
        archive.keep(case)
        if case.state not in (CaseState.MERGED, CaseState.REJECTED):
            masters.append(case)
        if len(archive.tickets) >= AT_ONCE:
            _write(tx, archive)
    _write(tx, archive)


def _life(archive: Archive, case: Case, matter: Matter, masters: list[Case]) -> Case:
    """Handle a case as far as it has come by the archive's end."""
    chance = archive.chance
    operator = chance.choice(OPERATORS)
    at = case.created_at + timedelta(hours=chance.uniform(0.1, 8))
    if at > archive.until:
        return case
    match chance.choices(FATES, FATE_SHARES)[0]:
        case "merged" if masters:
            master = chance.choice(masters)
            return archive.take(case, "merge", "operator", operator, at, master=master, reason="同一问题")
        case "rejected":
            return _rejected(archive, case, operator, at)
        case "answered" if matter.kind == "咨询":
            reply = chance.choice(REPLIES)
            case = archive.take(case, "answer_direct", "operator", operator, at, kind="咨询", reply=reply)
        case _:
            case = _handled(archive, case, matter, operator, at)
    return _rated(archive, case) if case.state is CaseState.REPLIED else case


def _rejected(archive: Archive, case: Case, operator: str, at: datetime) -> Case:
    """One proposes, another decides."""
    refusal = archive.desk.codes.refusals["jurisdiction"]
    given = {"code": "jurisdiction", "where": refusal.where, "reason": refusal.reason}
    proposed = given | {"basis": "", "due": ""}
    archive.note(case, "propose_reject", "operator", operator, at, refusal.reason, proposed=proposed)
    if (at := at + timedelta(hours=archive.chance.uniform(0.5, 10))) > archive.until:
        return case
    return archive.take(case, "reject", "reviewer", REVIEWER, at, proposed_by=operator, **given)


def _handled(archive: Archive, case: Case, matter: Matter, operator: str, at: datetime) -> Case:
    """From its acceptance to the approved reply."""
    chance, until, desk = archive.chance, archive.until, archive.desk
    unit = f"{matter.lead}信息员"
    given = {"kind": matter.kind, "topic": matter.topic, "place": matter.place, "shield": case.shield}
    case = archive.take(case, "accept", "operator", operator, at, **given)
    at += timedelta(seconds=20)
    ordered = {"due": desk.due(case, "assign", at), "computed": True, "method": desk.codes.usual_method()}
    case = archive.take(case, "assign", "operator", operator, at, lead=matter.lead, **ordered)
    if (at := at + timedelta(hours=chance.uniform(0.5, 20))) > until:
        return case
    case = archive.take(case, "sign", "dept", unit, at, department=matter.lead)
    if (at := at + timedelta(days=min(chance.lognormvariate(1.0, 0.7), 25))) > until:
        return case
    told = {"reply": chance.choice(REPLIES), "outcome": chance.choice(OUTCOMES), "signed_by": SIGNED_BY}
    case = archive.take(case, "report", "dept", unit, at, department=matter.lead, **told)
    if (at := at + timedelta(hours=chance.uniform(0.5, 20))) > until:
        return case
    return archive.take(case, "approve", "reviewer", REVIEWER, at, gates=frozenset("epy"))


def _rated(archive: Archive, case: Case) -> Case:
    """What the citizen says of the reply, or nothing for a fortnight."""
    chance = archive.chance
    rating = chance.choices(RATINGS, RATING_SHARES)[0] if case.person_id else None
    replied = case.since or case.created_at
    at = replied + (timedelta(hours=chance.uniform(0.2, 120)) if rating else timedelta(days=14, minutes=5))
    if at > archive.until:
        return case
    if rating is None:
        return archive.take(case, "rate_timeout", "system", "system", at)
    if rating < 3:
        return archive.take(case, "rate_ok", "citizen", "citizen", at, rating=rating)
    case = archive.take(case, "rate_bad", "citizen", "citizen", at, rating=rating)
    if (at := at + timedelta(hours=chance.uniform(4, 40))) > archive.until:
        return case
    given = {"proposed_by": REVIEWER, "reason": "已按规定办理", "basis": "实地核查记录"}
    return archive.take(case, "explain", "director", DIRECTOR, at, **given)


def _write(tx: sa.Connection, archive: Archive) -> None:
    if archive.tickets:
        tx.execute(sa.insert(case_ticket), archive.tickets)
        tx.execute(sa.insert(case_event), archive.events)
    archive.tickets.clear()
    archive.events.clear()


def build(folder: Path, cases: int = CASES, until: datetime | None = None, seed: int = 1, people: int = PEOPLE) -> None:
    """A new working folder with people and an archive that ends at `until`, or now."""
    make(folder, "bench")
    settings = load(folder, {})
    desk, database, vault = Desk.from_settings(settings), Database(settings.store_url()), Vault(read_keys(settings))
    until, lists = until or datetime.now(UTC), resources.lists(settings)
    reading = read(generator.generate(lists, accepted=people).rows, lists, until.date())
    with database.write() as tx:
        plan = roster_desk.plan(tx, vault, reading)
        roster_desk.apply(tx, vault, resources.prefixes(settings), plan, until - timedelta(DAYS))
    chance = Random(seed)
    writer = Writer({name: tuple(several) for name, several in lists.villages.items()}, chance)
    with database.write() as tx:
        fill(tx, desk, writer, chance, list(range(1, len(plan.joins) + 1)), cases, until)
    database.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("cases", type=int, nargs="?", default=CASES)
    given = options.parse_args()
    started = time.perf_counter()
    build(given.folder, given.cases)
    print(f"{given.folder}: {time.perf_counter() - started:.0f} s")
