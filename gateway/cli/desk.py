"""The desk a command works at: settings, store, vault, and who gives the command."""

import base64
import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway import audit, operators, rights
from gateway.case_words import Hider
from gateway.cli.where import Where
from gateway.database import Database
from gateway.errors import Refused, SettingsWrong
from gateway.operators import Operator
from gateway.settings import Loaded, load, secret
from roster.vault import Keys, Vault

KEY_FILES = ("master", "index", "seal")


@dataclass(frozen=True)
class Desk:
    """Everything a command needs."""

    where: Where
    settings: Loaded
    database: Database

    @cached_property
    def keys(self) -> Keys:
        """The folder's keys."""
        return read_keys(self.settings)

    @cached_property
    def vault(self) -> Vault:
        """Seals and opens."""
        return Vault(self.keys)

    @cached_property
    def operator(self) -> Operator:
        """Who gives the command: `--as` with a password, else the account of this machine."""
        name = self.where.acting_as
        with self.database.read() as tx:
            if name is None:
                return operators.by_login(tx, getpass.getuser())
            known = next((one for one in operators.listed(tx) if one.name == name), None)
            if known is not None and known.active and known.login == getpass.getuser():
                return known
            return operators.by_password(tx, name, _password(name))

    def require(self, verb: str) -> Operator:
        """The operator, if they may do this. Raises `Refused`."""
        if not rights.may(self.operator.roles, verb):
            raise Refused(f"{self.operator.name} 没有权限:{verb}", f"需要角色:{rights.who_may(verb) or '无'}")
        return self.operator

    def audit(self, tx: sa.Connection, verb: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
        """Write down who did what, in the transaction in which it is done. A reason names nobody."""
        told = dict(detail or {})
        if told.get("reason"):
            told["reason"] = Hider(tx, self.vault).words(told["reason"])
        audit.record(tx, self.keys.seal, self.operator.name, verb, subject, told, self.now())

    def now(self) -> datetime:
        """The moment."""
        return datetime.now(UTC)


def open_desk(where: Where) -> Desk:
    """The desk of a working folder. Raises `Refused` when its settings or its store are not fit."""
    settings = load(where.folder)
    database = Database(settings.store_url())
    database.check_schema()
    return Desk(where, settings, database)


def read_keys(settings: Loaded) -> Keys:
    """The three keys. Raises `SettingsWrong` when one is missing, damaged, or readable by others."""
    folder = settings.path(settings.values.keys.folder)
    found = []
    for name in KEY_FILES:
        try:
            key = base64.b64decode(secret(folder / name, "$.keys.folder"), validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise SettingsWrong(f"{folder / name} 不是密钥", "请从密钥备份中恢复")
        found.append(key)
    return Keys(*found)


def _password(name: str) -> str:
    file = os.environ.get("XINQIAO_PASSWORD_FILE")
    if file:
        return secret(Path(file), "XINQIAO_PASSWORD_FILE")
    if not sys.stdin.isatty():
        raise Refused(f"以 {name} 的身份操作需要密码", "用 XINQIAO_PASSWORD_FILE 指明存放密码的文件(权限 0600)")
    return getpass.getpass(f"{name} 的密码:")
