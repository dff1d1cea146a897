"""Which role may do what. Deny by default: a verb that stands in no row is nobody's."""

from collections.abc import Iterable

ROLES = {
    "operator": "沟通办操作员",
    "reviewer": "审核员",
    "drafter": "通知起草人",
    "approver": "通知批准人",
    "roster": "信息员库管理员",
    "identity": "身份查看授权人",
    "dept": "承办单位",
    "auditor": "审计员",
    "system": "系统管理员",
}

_EVERYBODY_OF_THE_OFFICE = "operator reviewer drafter approver roster"
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
        "message.send": "operator system",
        "message.view": "operator reviewer system",
        "message.retry": "operator",
        "text.view": "operator reviewer",
        "case.view": "operator reviewer dept",
        "case.accept": "operator",
        "case.assign": "operator",
        "case.sign": "operator dept",
        "case.report": "operator dept",
        "case.review": "reviewer",
        "case.enter": "operator",
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
}


def may(roles: Iterable[str], verb: str) -> bool:
    """True when one of the roles may do it."""
    return not VERBS.get(verb, frozenset()).isdisjoint(roles)


def who_may(verb: str) -> str:
    """The roles that may, in the office's words."""
    return "、".join(ROLES[role] for role in sorted(VERBS.get(verb, ())))
