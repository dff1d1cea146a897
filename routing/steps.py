"""How a case moves: along a row of the table whose guards hold, and what the row sets.

Pure: a case, an event, a role and the facts give the case after it, or `RuleBroken` with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from routing.cases import (
    ANSWERED,
    COMMANDS,
    EVENTS,
    LABELS,
    NOBODYS,
    ROLES,
    Case,
    Facts,
    RuleBroken,
    Transition,
    rows_from,
)
from routing.guards import GUARDS


@dataclass(frozen=True, slots=True)
class Step:
    """What a transition does: the case after it, why, and the texts that the citizen gets."""

    transition: Transition
    case: Case
    reason: str
    sms: tuple[str, ...]


def step(case: Case, event: str, role: str, facts: Facts) -> Step:
    """Move a case. Raises `RuleBroken` unless a row of the table allows it to this role with these facts."""
    row = row_for(case, event, role)
    if not facts.actor:
        raise RuleBroken("没有写明经手人")
    for name in row.guards:
        why = GUARDS[name](case, facts, role)
        if why:
            raise RuleBroken(f"{case.number} 不能“{row.label}”:{why}")
    after = replace(case, state=row.target)
    if row.source != row.target or "reordered" in row.sets:
        after = replace(after, since=facts.now)
    for name in row.sets:
        after = replace(after, **_SETTERS[name](after, facts))
    sms = tuple(name.rstrip("?") for name in row.sms if facts.tell or not name.endswith("?"))
    return Step(row, after, facts.reason.strip() or row.label, sms)


def row_for(case: Case, event: str, role: str) -> Transition:
    """The row that this role may take. Raises `RuleBroken` when there is none."""
    rows = rows_from(case.state, event)
    if not rows:
        raise RuleBroken(
            f"{case.number} 现在是“{LABELS[case.state]}”,不能“{EVENTS.get(event, event)}”",
            f"现在可以:{'、'.join(possible(case))}" if possible(case) else "现在没有人工的步骤,只等来信人或系统",
        )
    row = next((one for one in rows if role in one.roles), None)
    if row is None:
        allowed = sorted({one for row in rows for one in row.roles})
        raise RuleBroken(
            f"{case.number} 现在是“{LABELS[case.state]}”,{ROLES[role]}不能“{rows[0].label}”",
            f"应由{'、'.join(ROLES[one] for one in allowed)}办理",
        )
    return row


def possible(case: Case) -> list[str]:
    """What people of the office can do with a case as it stands, guards aside: 受理(accept) and so on."""
    events = sorted({row.event for row in rows_from(case.state) if row.roles - NOBODYS})
    return [f"{EVENTS[event]}({COMMANDS[event]})" for event in events]


def _order(case: Case, facts: Facts) -> dict[str, Any]:
    """A written assignment. The case's clock started with the first of its round and runs on."""
    return {
        "lead": facts.lead,
        "co_handlers": facts.co_handlers,
        "method": facts.method or case.method,
        "due_on": _due(case, facts),
        "orders": case.orders + 1,
        "assigners": tuple(sorted({*case.assigners, facts.actor})),
        "ruled": case.ruled and facts.lead == case.lead,
    }


def _due(case: Case, facts: Facts) -> str | None:
    return facts.due.isoformat() if facts.due else case.due_on


_SETTERS: Mapping[str, Callable[[Case, Facts], dict[str, Any]]] = {
    "kind": lambda c, f: {"kind": f.kind},
    "classified": lambda c, f: {
        "kind": f.kind,
        "topic": f.topic or c.topic,
        "place": f.place or c.place,
        "urgency": f.urgency or c.urgency,
        "shield": f.shield or c.shield,
        "leader_kind": f.leader_kind or None,
        "accused": tuple(sorted({*c.accused, *f.accused} - {*f.cleared})),
    },
    "complete": lambda c, f: {"incomplete": False},
    "incomplete": lambda c, f: {"incomplete": True},
    "master": lambda c, f: {"master_id": f.master.id if f.master else None},
    "unmerged": lambda c, f: {
        "master_id": None,
        "closed_at": None,
        "reply": None,  # it was the master's
        "reply_message_id": None,
        "reply_delivery": None,
        "rating": None,
        "survey": None,
        "surveyed_at": None,
    },
    "instruction": lambda c, f: {"instruction": f.instruction.strip()},
    "ordered": lambda c, f: _order(c, f) | {"assigned_at": c.assigned_at or f.now},
    "reordered": lambda c, f: _order(c, f),
    "returned": lambda c, f: {"returns": c.returns + 1, "lead": None, "co_handlers": ()},
    "ruled": lambda c, f: {"ruled": True},
    "extended": lambda c, f: {"extensions": c.extensions + 1, "due_on": _due(c, f)},
    "review": lambda c, f: {"review_on": f.review_on.isoformat() if f.review_on else None},
    "reviewed": lambda c, f: {"review_on": None, "due_on": _due(c, f)},
    "reply": lambda c, f: {"reply": f.reply.strip(), "reply_delivery": None, "reply_message_id": None},
    "outcome": lambda c, f: {"outcome": f.outcome or c.outcome},
    "round": lambda c, f: {"round": c.round + 1},
    "called": lambda c, f: {"reply_delivery": "called"},
    "rating": lambda c, f: {
        "rating": f.rating,
        "survey": "done",
        # Who rates a reply has read it, whatever its receipt says.
        "reply_delivery": c.reply_delivery if c.reply_delivery in ANSWERED else "confirmed",
    },
    "asked": lambda c, f: {"survey": c.survey and "done"},
    "unasked": lambda c, f: {"survey": None, "surveyed_at": None},
    "closed": lambda c, f: {"closed_at": f.now},
    "again": lambda c, f: {
        "round": c.round + 1,
        "assigners": (),
        "assigned_at": None,
        "due_on": None,
        "closed_at": None,
        "rating": None,
        "survey": None,
        "surveyed_at": None,
        "ruled": False,
        "returns": 0,
        "extensions": 0,
    },
    "redone": lambda c, f: {"supervision": c.supervision or "不满意重办"},
    "recurred": lambda c, f: {"recurrences": c.recurrences + 1, "supervision": "同一问题再次发生"},
    "appealed": lambda c, f: {"appeals": c.appeals + 1, "closed_at": None},
}
"""Each reads the case as the setters before it left it."""
