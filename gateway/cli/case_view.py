"""How a case is shown, to whom: masked reporters, a unit sees only its own, history with who, when and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from gateway import case_desk, resources
from gateway.case_words import hider
from gateway.casebook import find
from gateway.cli import screen
from gateway.cli.desk import Desk
from gateway.errors import NotFound
from gateway.sample_desk import ASPECTS
from gateway.sight import Reader, Sight
from roster import store as roster_store
from roster.phones import masked
from routing import store
from routing.cases import (
    EVENTS,
    GATES,
    LABELS,
    NOBODYS,
    PROPOSALS,
    PROPOSERS,
    ROLES,
    SHIELDS,
    SUPERVISIONS,
    URGENCIES,
    Case,
    CaseState,
)
from routing.deadlines import LAMP_LABELS, Limit, Waiting
from routing.history import Entry

Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
No = Annotated[str, typer.Argument(help="受理编号")]

NOTED = {
    "follow_up": "来信补充",
    "thanks": "感谢",
    "rate": "评价",
    "survey": "发出评价邀请",
    "unrated": "未评价",
    "told": "告知结果",
    "joined": "有件并入",
    "moved": "随主件转并",
    "merged_follow_up": "并案来信补充",
    "merged_dissatisfied": "并案来信人不满意",
    "merged_undelivered": "并案来信人未收到",
    "co_sign": "协办签收",
    "co_report": "协办反馈",
    "decline_reject": "不同意不予受理",
    "decline_explain": "不同意复核说明",
    "decline_extend_ok": "不同意延期",
    "decline_report": "不同意签发",
    "supervise": "督办",
    "unsupervise": "解除督办",
    "alarm": "特急告警",
    "alarm_heard": "值班人员接手",
    "told_there": "按原渠道答复",
    "watch": "全程督办",
    "unwatch": "结束全程督办",
    "unsigned": "未签收提醒",
    "deemed_told": "告知视同签收",
    "texted": "短信告知",
    "remind": "到期提醒",
    "urge": "催办",
    "criticise": "列入书面批评",
    "same_problem": "同一问题再次反映",
    "recompute": "重算期限",
    "delegate_due": "可授权交办",
    "reply_delivered": "答复已送达",
    "reply_failed": "答复送达失败",
    "undo": "撤销归件",
    "unlink": "取消归件",
    "snapshot": "升级",
} | {f"propose_{event}": words for event, words in PROPOSALS.items()}
"""Lines of history that are no step of the table."""
DELIVERY = {
    "pending": "发送中",
    "delivered": "已送达",
    "undelivered": "未送达",
    "called": "已由人告知",
    "by_hand": "待按原渠道答复",
    "confirmed": "群众已回应",
}
SURVEY = {"queued": "排队等候", "open": "已发出", "done": "已结束"}


def reader(desk: Desk) -> Reader:
    """Who gives the command, as somebody who reads cases."""
    return Reader.of(desk.operator.roles, desk.operator.department)


def of_unit(desk: Desk) -> bool:
    """True for people who have no role in the office."""
    return reader(desk).of_unit


def visible(tx: sa.Connection, desk: Desk, number: str) -> Case:
    """The case, if this operator may see anything of it. It still has to be made `readable`."""
    case = find(tx, number)
    if reader(desk).sees(case) is Sight.NOTHING:
        raise NotFound(f"没有编号为 {number} 的件", "xinqiao case list 列出可以看到的件")
    return case


def readable(desk: Desk, case: Case) -> Case:
    """The case as its reader may read it: without who wrote, for those who must not learn it."""
    if reader(desk).sees(case) >= Sight.REPORTER:
        return case
    with desk.database.read() as tx:
        return hider(tx, desk.vault, case).case(case)


def in_sight(desk: Desk, cases: Iterable[Case]) -> list[Case]:
    """Those of some cases that this operator may see anything of. They still have to be made `readable`."""
    return [case for case in cases if reader(desk).sees(case) is not Sight.NOTHING]


def reporter(tx: sa.Connection, desk: Desk, case: Case) -> str:
    """The masked number of who wrote, for those who may see it; a pseudonym for the others."""
    if case.person_id is None:
        return "(无号码)"
    if reader(desk).sees(case) < Sight.REPORTER:
        return pseudonym(case)
    return masked(roster_store.phones(tx, desk.vault, [case.person_id]).get(case.person_id, ""))


def concealed(tx: sa.Connection, desk: Desk, case_ids: Iterable[int | None]) -> dict[int, Case]:
    """Of these cases those whose reporter this operator may not know: no number may stand beside theirs."""
    cases = (store.by_id(tx, one) for one in {*case_ids} if one is not None)
    return {case.id: case for case in cases if reader(desk).sees(case) < Sight.REPORTER}


def barred(desk: Desk, case: Case | None) -> bool:
    """True for a case about the very unit of somebody of the office: its texts are nothing for them, either."""
    return case is not None and not of_unit(desk) and reader(desk).sees(case) is Sight.NOTHING


def pseudonym(case: Case) -> str:
    """What stands for who wrote: another in every case, so that two cases of one person cannot be put together."""
    return f"R-{case.number}"


def data_of(desk: Desk, case: Case) -> dict[str, Any]:
    """A case for programs, as their user may read it: never the person, only a pseudonym."""
    data = asdict(readable(desk, case))
    data["reporter_id"] = pseudonym(case) if data.pop("person_id") else None
    return data | {"label": LABELS[case.state]}


def history(desk: Desk, case: Case, entries: Sequence[Entry], words: Mapping[int, str]) -> list[dict[str, Any]]:
    """Who did what, when and why; with the citizen's words where a text did it. As readable as the case itself."""
    lines = [
        asdict(entry) | {"label": label(entry.event), "words": words.get(entry.text_id or 0, "")} for entry in entries
    ]
    if reader(desk).sees(case) >= Sight.REPORTER:
        return lines
    with desk.database.read() as tx:
        hide = hider(tx, desk.vault, case).value
        return [line | {name: hide(line[name]) for name in ("reason", "words", "data")} for line in lines]


def label(event: str) -> str:
    """An event in the office's words."""
    return EVENTS.get(event) or NOTED.get(event, event)


def actor(name: str) -> str:
    """Who acted, in the office's words: also where it was nobody of the office."""
    return ROLES[name] if name in NOBODYS else name


def proposals(tx: sa.Connection, desk: Desk, case: Case, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """What was proposed and waits for somebody's decision: who proposes what, with the fields that were filled in."""
    waiting = ((event, case_desk.proposed(entries, event)) for event in PROPOSERS)
    hide = hider(tx, desk.vault, case).value if reader(desk).sees(case) < Sight.REPORTER else dict
    return [
        {"event": event, "label": PROPOSALS[event], "actor": actor(entry.actor), **hide(entry.data.get("proposed", {}))}
        for event, entry in waiting
        if entry is not None
    ]


def _proposal(one: Mapping[str, Any]) -> str:
    due = f"到{one['due']}" if one.get("due") else ""
    said = dict.fromkeys(filter(None, (one.get(name) for name in ("reason", "where", "basis", "reply"))))
    return f"{one['label']}{due}:{';'.join(said)}({one['actor']})"


def print_case(
    desk: Desk,
    case: Case,
    limit: Limit | Waiting | None,
    office: Waiting | None,
    who: str,
    master: str,
    silent: Sequence[str],
    proposed: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Everything about a case that is not empty."""
    zone = desk.settings.zone()
    rows = [
        ("状态", LABELS[case.state]),
        ("等待决定", "\n".join(map(_proposal, proposed))),
        ("内容", case.text),
        ("来信人", who),
        ("渠道", resources.channels(desk.settings).label(case.channel)),
        ("登记", screen.moment(case.created_at, zone)),
        ("类别", case.kind),
        ("主题 / 地点", " / ".join(filter(None, (case.topic, case.place)))),
        ("缓急", "" if case.urgency == "normal" else URGENCIES.get(case.urgency, case.urgency)),
        ("保密", "" if case.shield == 1 else SHIELDS.get(case.shield, case.shield)),
        ("信息不全", "是" if case.incomplete else ""),
        ("须领导批转", case.leader_kind),
        ("批示", case.instruction),
        ("被反映单位", "、".join(case.accused)),
        ("并入", master),
        ("主办 / 协办", " / ".join(filter(None, (case.lead, "、".join(case.co_handlers))))),
        ("未反馈的协办单位", "、".join(silent)),
        ("办理方式", case.method),
        ("交办时间", screen.moment(case.assigned_at, zone)),
        ("期限", f"{limit.due},{LAMP_LABELS[limit.lamp]}" if limit and limit != office else case.due_on),
        ("沟通办处理期限", f"{office.due},{LAMP_LABELS[office.lamp]}" if office else ""),
        ("挂账复查", case.review_on),
        ("督办", f"{case.supervision_kind or SUPERVISIONS[0]}:{case.supervision}" if case.supervision else ""),
        ("全程督办", case.full_watch),
        ("结果", case.outcome),
        ("答复", case.reply),
        ("答复送达", DELIVERY.get(case.reply_delivery or "", "")),
        ("评价邀请", SURVEY.get(case.survey or "", "")),
        ("评价", {1: "满意", 2: "基本满意", 3: "不满意"}.get(case.rating or 0, "未评价")),
        ("轮次", case.round),
    ]
    screen.table(case.number, ("项目", "内容"), [row for row in rows if row[1]])


SET = {"lead": "主办", "co_handlers": "协办", "due_on": "期限", "review_on": "复查", "outcome": "结果", "reply": "答复"}
"""Fields whose change a line of history tells."""
GIVEN = {"question": "问", "code": "代码", "basis": "依据", "where": "去处", "failed_gate": "未过", "signed_by": "签发"}
GIVEN |= {"evidence": "佐证", "cleared": "没有被反映"}
"""What somebody gave with a step, beside the reason: what a citizen is asked, on what a unit or a reviewer relies."""


def _account(one: Mapping[str, Any], codes: Mapping[str, str]) -> str:
    """Why, in whose words, what was given with it and what it changed. A reason that only repeats the step is none."""
    given = one["data"] | {name: codes.get(one["data"].get(name, "")) for name in ("code", "failed_gate")}
    became = [(head, given.get(name)) for name, head in GIVEN.items() if given.get(name) != one["reason"]]
    became += [(head, one["data"].get("set", {}).get(name)) for name, head in SET.items()]
    became.append(("不满意的方面", [ASPECTS[named] for named in one["data"].get("aspects", ())]))
    changed = "".join(
        f"[{head} {'、'.join(value) if isinstance(value, list) else value}]" for head, value in became if value
    )
    reason = "" if one["reason"] == one["label"] else one["reason"]
    return ":".join(filter(None, (reason, one["words"]))) + changed


def print_history(desk: Desk, number: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """A case's history as a table."""
    zone = desk.settings.zone()
    codes = resources.codes(desk.settings).words() | GATES
    rows = [
        (
            screen.moment(one["at"], zone, True),
            one["label"],
            actor(one["actor"]),
            LABELS[CaseState(one["to_state"])],
            _account(one, codes),
        )
        for one in lines
    ]
    screen.table(f"{number} 经过", ("时间", "动作", "经手", "状态", "理由"), rows)
