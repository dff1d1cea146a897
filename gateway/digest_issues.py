"""Which issues of the digest there are, and what items: how people name them, and how they are read."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gateway.errors import NotFound, Refused
from routing.tables import digest, digest_item


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of the digest, without its items."""

    id: int
    year: int
    number: int
    first: date
    last: date
    drafted_by: str
    drafted_at: datetime
    signed_by: str | None
    signed_at: datetime | None

    @property
    def name(self) -> str:
        """As people call it: 2026-3."""
        return f"{self.year}-{self.number}"


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an issue."""

    id: int
    position: int
    title: str
    words: str
    cases: tuple[str, ...]
    reasons: tuple[str, ...]
    added_by: str


def listed(tx: sa.Connection, year: int | None = None) -> list[tuple[Issue, int]]:
    """Issues with how many items each has, oldest first."""
    count = sa.select(sa.func.count()).where(digest_item.c.digest_id == digest.c.id).scalar_subquery()
    query = sa.select(digest, count.label("items")).order_by(digest.c.year, digest.c.number)
    if year is not None:
        query = query.where(digest.c.year == year)
    return [(_made(row), row.items) for row in tx.execute(query)]


def issue_of(tx: sa.Connection, name: str, year: int) -> Issue:
    """The issue of a name as people write it: "3" of this year, or "2026-3". Raises `NotFound`."""
    parts = name.strip().removeprefix("第").removesuffix("期").split("-")
    if not (len(parts) in (1, 2) and all(part.isdecimal() for part in parts)):
        raise Refused(f"看不懂期号“{name}”", "写成 3 或 2026-3")
    in_year = int(parts[0]) if len(parts) == 2 else year
    return issue_where(tx, (digest.c.year == in_year) & (digest.c.number == int(parts[-1])), name)


def items(tx: sa.Connection, issue: Issue) -> tuple[Item, ...]:
    """An issue's items in their order."""
    query = sa.select(digest_item).where(digest_item.c.digest_id == issue.id)
    return tuple(
        Item(row.id, row.position, row.title, row.words, tuple(row.cases), tuple(row.reasons), row.added_by)
        for row in tx.execute(query.order_by(digest_item.c.position))
    )


def signed_item(tx: sa.Connection, ref: str, year: int) -> tuple[Issue, Item]:
    """The item of a reference like 3-2 or 2026-3-2, of an issue that is signed."""
    head, _, position = ref.strip().rpartition("-")
    if not head or not position.isdecimal():
        raise Refused(f"看不懂条目编号“{ref}”", "写成 期-条,例如 3-2;往年的写成 2026-3-2")
    issue = issue_of(tx, head, year)
    if issue.signed_at is None:
        raise Refused(f"第 {issue.name} 期还没有签发", f"先由主任签发:digest sign {issue.name}")
    return issue, item_at(tx, issue, int(position))


def unsigned(tx: sa.Connection, name: str) -> Issue:
    """The draft of this name. Raises `Refused` when it is signed."""
    issue = issue_of(tx, name, _latest_year(tx))
    if issue.signed_at is not None:
        raise Refused(f"第 {issue.name} 期已于 {issue.signed_at:%Y-%m-%d} 签发,不再改动", "有更正的,写入下一期")
    return issue


def _latest_year(tx: sa.Connection) -> int:
    return tx.scalar(sa.select(sa.func.max(digest.c.year))) or 0


def item_at(tx: sa.Connection, issue: Issue, position: int) -> Item:
    """The item at a place. Raises `NotFound`."""
    found = next((item for item in items(tx, issue) if item.position == position), None)
    if found is None:
        raise NotFound(f"第 {issue.name} 期没有第 {position} 条", f"digest show {issue.name} 看全部条目")
    return found


def issue_where(tx: sa.Connection, where: sa.ColumnElement[bool], name: str = "") -> Issue:
    """The one issue that fits."""
    row = tx.execute(sa.select(digest).where(where)).one_or_none()
    if row is None:
        raise NotFound(f"没有第 {name} 期摘报", "digest list 列出全部")
    return _made(row)


def _made(row: Any) -> Issue:
    return Issue(
        row.id,
        row.year,
        row.number,
        date.fromisoformat(row.first),
        date.fromisoformat(row.last),
        row.drafted_by,
        row.drafted_at,
        row.signed_by,
        row.signed_at,
    )
