"""Who did what: a chain of rows in which every seal covers the row and the seal before it."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway.tables import audit

START = b"xinqiao audit"


def record(
    tx: sa.Connection, key: bytes, actor: str, verb: str, subject: str, detail: Mapping[str, Any], now: datetime
) -> None:
    """Add a row, in the transaction of what it tells about. No personal data: people appear by their ids."""
    before = tx.scalar(sa.select(audit.c.seal).order_by(audit.c.id.desc()).limit(1)) or START
    row = {"at": now, "actor": actor, "verb": verb, "subject": subject, "detail": dict(detail)}
    tx.execute(sa.insert(audit).values(**row, seal=_seal(key, before, row)))


def verify(tx: sa.Connection, key: bytes) -> int | None:
    """The first row whose seal does not fit: it, or one before it, was changed or removed. None when all fit."""
    before = START
    for row in tx.execute(sa.select(audit).order_by(audit.c.id)):
        told = {"at": row.at, "actor": row.actor, "verb": row.verb, "subject": row.subject, "detail": row.detail}
        if not hmac.compare_digest(row.seal, _seal(key, before, told)):
            return int(row.id)
        before = row.seal
    return None


def _seal(key: bytes, before: bytes, row: Mapping[str, Any]) -> bytes:
    at = round(row["at"].timestamp() * 1000)
    told = [at, row["actor"], row["verb"], row["subject"], row["detail"]]
    return hmac.digest(key, before + json.dumps(told, ensure_ascii=False, sort_keys=True).encode(), "sha256")
