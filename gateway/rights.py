"""Which role may do what. Deny by default: a verb that stands in no row is nobody's.

The steps of a case take their roles from its table (`routing/cases.py`): `case.assign` is for whoever may assign.
"""

from collections.abc import Iterable

from routing import cases

ROLES = {name: label for name, label in cases.ROLES.items() if name not in cases.NOBODYS} | {
    "drafter": "通知起草人",
    "approver": "通知批准人",
    "roster": "信息员库管理员",
    "identity": "身份查看授权人",
    "auditor": "审计员",
    "system": "系统管理员",
}
UNITS = frozenset({"dept", "head"})
"""Roles of people who work in a unit and see its cases only."""

_EVERYBODY_OF_THE_OFFICE = "operator reviewer drafter approver roster"
_EVERYBODY_WITH_CASES = "operator reviewer director leader supervisor dept head"
VERBS: dict[str, frozenset[str]] = {
    verb: frozenset(roles.split())
    for verb, roles in {
        "roster.view": "operator reviewer drafter approver roster",
        "roster.edit": "roster",
        "roster.import": "roster",
        "roster.export": "roster",
        "roster.reveal": "identity",
        "roster.consent": "roster operator",
        "notice.view": _EVERYBODY_OF_THE_OFFICE,
        "notice.draft": "drafter",
        "notice.approve": "approver",
        "notice.send": "drafter approver",
        "notice.pause": "drafter approver operator system",
        "poll.view": _EVERYBODY_OF_THE_OFFICE + " director leader supervisor",
        "poll.close": "drafter approver",
        "message.send": "operator system",
        "message.view": "operator reviewer system",
        "message.retry": "operator",
        "text.view": "operator reviewer",
        "text.attach": "operator",
        "case.view": _EVERYBODY_WITH_CASES,
        "case.enter": "operator",
        "case.order": "operator reviewer director leader dept head",
        "case.supervise": "supervisor director",
        "case.watch": "operator reviewer director leader supervisor",
        "case.decline": "reviewer director leader",
        "carrier.view": _EVERYBODY_OF_THE_OFFICE + " system",
        "carrier.hold": "operator system",
        "carrier.check": "operator system",
        "carrier.trace": "operator system",
        "carrier.reveal": "identity",
        "operator.view": "system auditor",
        "operator.edit": "system",
        "audit.view": "auditor system",
        "store.check": "auditor system",
        "store.backup": "system",
        "store.restore": "system",
        "daemon.run": "system",
    }.items()
} | {
    f"case.{event}": frozenset(
        role for row in cases.TRANSITIONS if row.event == event for role in row.roles - cases.NOBODYS
    )
    | cases.PROPOSERS.get(event, frozenset())
    for event in cases.EVENTS
}


def may(roles: Iterable[str], verb: str) -> bool:
    """True when one of the roles may do it."""
    return not VERBS.get(verb, frozenset()).isdisjoint(roles)


def who_may(verb: str) -> str:
    """The roles that may, in the office's words."""
    return "、".join(ROLES[role] for role in sorted(VERBS.get(verb, ())))


def played(roles: Iterable[str], state: cases.CaseState, event: str) -> str | None:
    """The role in which somebody takes a step from a state: the highest that the table allows; None when none is."""
    allowed = {role for row in cases.rows_from(state, event) for role in row.roles - cases.NOBODYS}
    return next((role for role in _HIGHEST_FIRST if role in allowed and role in set(roles)), None)


_HIGHEST_FIRST = ("leader", "director", "supervisor", "reviewer", "head", "dept", "operator")
