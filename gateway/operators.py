"""Who sits at the desk: operators, their roles, and how they prove who they are."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.errors import NotFound, Refused
from gateway.rights import ROLES, UNITS
from gateway.tables import operator

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may command."""

    name: str
    roles: tuple[str, ...]
    login: str | None
    department: str | None
    active: bool
    has_password: bool


def add(
    tx: sa.Connection,
    name: str,
    roles: tuple[str, ...],
    login: str | None,
    department: str | None,
    password: str | None,
    now: datetime,
) -> Operator:
    """A new operator, known by an account of this machine, by a password, or by both."""
    _check(roles, department)
    if tx.scalar(sa.select(operator.c.name).where(operator.c.name == name)) is not None:
        raise Refused(f"已有名为 {name} 的操作员", "换一个名字")
    if login is not None and tx.scalar(sa.select(operator.c.name).where(operator.c.login == login)) is not None:
        raise Refused(f"系统账号 {login} 已属于另一名操作员", "一个系统账号只能对应一名操作员")
    tx.execute(
        sa.insert(operator).values(
            name=name,
            roles=list(roles),
            login=login,
            department=department,
            password_hash=_hashed(password) if password else None,
            active=True,
            created_at=now,
        )
    )
    return by_name(tx, name)


def set_password(tx: sa.Connection, name: str, password: str) -> None:
    """A new password."""
    by_name(tx, name)
    tx.execute(sa.update(operator).where(operator.c.name == name).values(password_hash=_hashed(password)))


def set_roles(tx: sa.Connection, name: str, roles: tuple[str, ...], department: str | None) -> Operator:
    """Other roles in the place of those before, and another unit where one is given."""
    known = by_name(tx, name)
    _check(roles, department or known.department)
    kept = department or known.department if UNITS & {*roles} else None
    tx.execute(sa.update(operator).where(operator.c.name == name).values(roles=list(roles), department=kept))
    return by_name(tx, name)


def _check(roles: tuple[str, ...], department: str | None) -> None:
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        known = "、".join(f"{role} {label}" for role, label in ROLES.items())
        raise Refused(f"没有这样的角色:{'、'.join(unknown) or '(未指定)'}", f"可选:{known}")
    if UNITS & {*roles} and not department:
        raise Refused("承办单位的操作员要注明单位", "加上 --department 单位名称")


def set_active(tx: sa.Connection, name: str, active: bool) -> None:
    """Let in, or keep out. What somebody did stays under their name."""
    by_name(tx, name)
    tx.execute(sa.update(operator).where(operator.c.name == name).values(active=active))


def by_name(tx: sa.Connection, name: str) -> Operator:
    """The operator of this name. Raises `NotFound`."""
    row = tx.execute(sa.select(operator).where(operator.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"没有名为 {name} 的操作员", "xinqiao operator list 列出全部")
    return _operator(row)


def by_login(tx: sa.Connection, login: str) -> Operator:
    """The operator who has this account of the machine."""
    row = tx.execute(sa.select(operator).where(operator.c.login == login, operator.c.active)).one_or_none()
    if row is None:
        raise Refused(
            f"系统账号 {login} 不是操作员", "请系统管理员用 xinqiao operator add 登记,或用 --as 姓名 加密码登录"
        )
    return _operator(row)


def by_password(tx: sa.Connection, name: str, password: str) -> Operator:
    """The operator who proves to be one by a password. A wrong name and a wrong password sound the same."""
    row = tx.execute(sa.select(operator).where(operator.c.name == name, operator.c.active)).one_or_none()
    from argon2.exceptions import InvalidHashError, VerifyMismatchError

    try:
        _hasher().verify(row.password_hash if row and row.password_hash else _nobodys_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        raise Refused("操作员或密码不对", "请核对 --as 的姓名和密码") from None
    if row is None:
        raise Refused("操作员或密码不对", "请核对 --as 的姓名和密码")
    return _operator(row)


def listed(tx: sa.Connection) -> list[Operator]:
    """Everybody, by name."""
    return [_operator(row) for row in tx.execute(sa.select(operator).order_by(operator.c.name))]


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # only a password needs it

    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """A hash to check against when there is none, so that an unknown name takes as long as a wrong password."""
    return _hasher().hash("nobody has this password")


def _hashed(password: str) -> str:
    if len(password) < SHORTEST:
        raise Refused(f"密码至少{SHORTEST}个字符", "可用几个词连成一句")
    return _hasher().hash(password)


def _operator(row: Any) -> Operator:
    return Operator(row.name, tuple(row.roles), row.login, row.department, row.active, row.password_hash is not None)
