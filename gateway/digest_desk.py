"""The weekly digest (信息摘报) at work: drafted by rule, put into words by the office, signed by the director.

Signing freezes the issue with how its cases stand, and with the head of the audit chain of that moment.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway.case_words import Hider
from gateway.casebook import Desk, find
from gateway.digest_content import compose, deidentified, look
from gateway.digest_issues import Issue, Item, issue_where, item_at, items, unsigned
from gateway.errors import Refused
from gateway.sight import Sight, on_paper
from roster.masking import plates
from roster.vault import Vault
from routing.cases import Case
from routing.digest import Pick, Rules, picks
from routing.tables import digest, digest_item

# ------------------------------------------------------------------------------------------------------------- drafting


def draft(
    tx: sa.Connection, desk: Desk, vault: Vault, rules: Rules, first: date, last: date, actor: str, now: datetime
) -> Issue:
    """The next issue, with the items that the rules pick of these days. Cases that were told before are left out."""
    waiting = tx.scalar(sa.select(digest.c.id).where(digest.c.signed_at.is_(None)))
    if waiting is not None:
        name = issue_where(tx, digest.c.id == waiting).name
        raise Refused(f"第 {name} 期还没有签发", f"先签发(digest sign {name})或撤销(digest drop {name})")
    year = last.year
    newest = tx.scalar(sa.select(sa.func.max(digest.c.number)).where(digest.c.year == year))
    [issue_id] = tx.execute(
        sa.insert(digest)
        .values(
            year=year,
            number=(newest or 0) + 1,
            first=first.isoformat(),
            last=last.isoformat(),
            drafted_by=actor,
            drafted_at=now,
        )
        .returning(digest.c.id)
    ).one()
    seen = look(tx, desk, rules, first, last, now)
    for position, pick in enumerate(picks(list(seen.matters), rules, _told(tx)), 1):
        _insert(tx, vault, issue_id, position, _worded(tx, vault, pick, seen.cases), actor)
    return issue_where(tx, digest.c.id == issue_id)


def _told(tx: sa.Connection) -> set[str]:
    return {number for cases in tx.scalars(sa.select(digest_item.c.cases)) for number in cases}


def _worded(tx: sa.Connection, vault: Vault, pick: Pick, cases: Mapping[str, Case]) -> Mapping[str, Any]:
    """A first wording: the citizens' own, without who they are."""
    several = [cases[number] for number in pick.cases]
    return {
        "title": _title(several[0]) + (f"({len(several)}件)" if len(several) > 1 else ""),
        "words": ";".join(deidentified(tx, vault, case) for case in several[:3]),
        "cases": list(pick.cases),
        "reasons": list(pick.reasons),
    }


def _title(case: Case) -> str:
    if on_paper(case) < Sight.MATTER:
        return f"{case.leader_kind or case.kind or '保密'}件"
    return f"{case.place or ''}{case.topic or ''}" or f"关于{case.kind or '来信反映'}的一件"


# -------------------------------------------------------------------------------------------------------------- editing


def add(tx: sa.Connection, vault: Vault, name: str, numbers: Sequence[str], title: str, words: str, actor: str) -> Item:
    """An item that the office chooses, behind the others."""
    issue = unsigned(tx, name)
    cases = {one.number: one for one in (find(tx, number) for number in numbers)}
    if not cases and not (title and words):
        raise Refused("请指明办件编号,或写明标题和内容", "digest add 期号 编号…,或 --title 和 --text")
    there = {number for item in items(tx, issue) for number in item.cases}
    if there & cases.keys():
        raise Refused(f"{'、'.join(sorted(there & cases.keys()))} 已在本期", "要改写,用 digest edit")
    made: dict[str, Any] = {"title": title, "words": words, "cases": [], "reasons": []}
    if cases:
        made = {**_worded(tx, vault, Pick(tuple(cases), (), ()), cases)}
        made |= {name: value for name, value in (("title", title), ("words", words)) if value}
    made["reasons"] = [f"{actor} 选入"]
    there_are = len(items(tx, issue))
    _insert(tx, vault, issue.id, there_are + 1, made, actor)
    return items(tx, issue)[-1]


def remove(tx: sa.Connection, name: str, position: int) -> None:
    """An item less; those behind it move up."""
    issue = unsigned(tx, name)
    item = item_at(tx, issue, position)
    tx.execute(sa.delete(digest_item).where(digest_item.c.id == item.id))
    _number(tx, [one for one in items(tx, issue) if one.id != item.id])


def move(tx: sa.Connection, name: str, position: int, to: int) -> None:
    """An item to another place."""
    issue = unsigned(tx, name)
    item = item_at(tx, issue, position)
    item_at(tx, issue, to)
    others = [one for one in items(tx, issue) if one.id != item.id]
    _number(tx, [*others[: to - 1], item, *others[to - 1 :]])


def edit(tx: sa.Connection, vault: Vault, name: str, position: int, title: str, words: str) -> Item:
    """Other words for an item; what would tell who wrote is masked again."""
    item = item_at(tx, unsigned(tx, name), position)
    given = {name: _hidden(tx, vault, value) for name, value in (("title", title), ("words", words)) if value.strip()}
    if not given:
        raise Refused("没有写要改成什么", "加上 --title 或 --text")
    tx.execute(sa.update(digest_item).where(digest_item.c.id == item.id).values(**given))
    return item_at(tx, unsigned(tx, name), position)


def drop(tx: sa.Connection, name: str) -> None:
    """A draft is given up; its number goes to the next."""
    issue = unsigned(tx, name)
    tx.execute(sa.delete(digest_item).where(digest_item.c.digest_id == issue.id))
    tx.execute(sa.delete(digest).where(digest.c.id == issue.id))


def _hidden(tx: sa.Connection, vault: Vault, words: str) -> str:
    """What somebody of the office wrote for the issue, without citizens in it."""
    return plates(Hider(tx, vault).words(words))


def _insert(tx: sa.Connection, vault: Vault, issue_id: int, position: int, made: Mapping[str, Any], actor: str) -> None:
    words = {name: _hidden(tx, vault, made[name]) for name in ("title", "words")}
    tx.execute(
        sa.insert(digest_item).values(digest_id=issue_id, position=position, added_by=actor, **{**made, **words})
    )


def _number(tx: sa.Connection, ordered: Iterable[Item]) -> None:
    for position, item in enumerate(ordered, 1):
        tx.execute(sa.update(digest_item).where(digest_item.c.id == item.id).values(position=position))


# -------------------------------------------------------------------------------------------------------------- signing


def sign(
    tx: sa.Connection, desk: Desk, rules: Rules, county: str, name: str, actor: str, now: datetime
) -> tuple[Issue, str]:
    """The director signs: from here on the issue is what it is. Its fingerprint goes into the audit."""
    issue = unsigned(tx, name)
    if issue.drafted_by == actor:
        raise Refused("起草人不能签发自己起草的摘报", "请沟通办主任签发")
    if not items(tx, issue):
        raise Refused(f"第 {issue.name} 期没有条目", "先用 digest add 选入")
    issue = replace(issue, signed_by=actor, signed_at=now)
    content = compose(tx, desk, rules, county, issue, now)
    tx.execute(sa.update(digest).where(digest.c.id == issue.id).values(signed_by=actor, signed_at=now, content=content))
    return issue, fingerprint(content)


def fingerprint(content: Mapping[str, Any]) -> str:
    """Of a signed issue: other content has another one."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
