"""How long the roster's questions take behind a year of traffic: 10,153 people, a million parts, 54,637 texts.

Makes the store in a folder of its own (some minutes, 700 MB), asks, prints seconds of CPU. The rows are written into
the tables directly: what is measured is reading them.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from gateway import number_desk, participation, resources, roster_desk
from gateway.cli.desk import read_keys
from gateway.cli.init import make
from gateway.database import Database
from gateway.settings import load
from gateway.tables import message, notice, part, receipt, text
from roster import balance, generator, membership, store
from roster.importing import Reading, read
from roster.vault import Vault

NOTICES, TEXTS = 100, 54_637
EMPTY = 120  # numbers that give everything back (generator.EMPTY)
DAY = 86_400_000
WORDS = (
    "村里路灯坏了半个月没人修",
    "学校门口放学时堵车,希望交警来管",
    "好",
    "你们是谁,发错了吧",
    "不认识,我是新办的卡",
)
SHARES = (45, 45, 10, 0.05, 0.05)


def fill(folder: Path) -> None:
    """A year of it."""
    settings = load(folder, {})
    database, vault = Database(settings.store_url()), Vault(read_keys(settings))
    chance = Random(1)
    now = datetime.now(UTC)
    now_ms = round(now.timestamp() * 1000)
    lists = resources.lists(settings)
    reading: Reading = read(generator.generate(lists).rows, lists, now.date())
    with database.write() as tx:
        plan = roster_desk.plan(tx, vault, reading)
        roster_desk.apply(tx, vault, resources.prefixes(settings), plan, now - timedelta(400))
    people = list(range(1, len(plan.joins) + 1))
    empty = set(chance.sample(people, EMPTY))
    for number in range(1, NOTICES + 1):
        at = now_ms - round((366 - 3.6 * number) * DAY)
        rows: tuple[list[dict[str, Any]], ...] = ([], [], [])
        for i, person in enumerate(people):
            key = (number - 1) * len(people) + i + 1
            back = person in empty or chance.random() < 0.004
            state = "undelivered" if back else "delivered"
            rows[0].append(_message(key, number, person, at))
            rows[1].append(_part(key, number, person, at, state, "001" if back else None))
            rows[2].append(_receipt(key, at, "UNDELIV" if back else "DELIVRD", "001" if back else ""))
        with database.write() as tx:
            tx.execute(sa.insert(notice), [_notice(number, datetime.fromtimestamp(at / 1000, UTC))])
            for table, several in zip((message, part, receipt), rows, strict=True):
                tx.execute(sa.insert(table), several)
    texts = [
        {
            "carrier": "mobile",
            "destination": "10657000001",
            "extension": "",
            "complete": True,
            "decision": "new_case",
            "reason": "",
            "confidence": 1.0,
            "person_id": chance.choice(people),
            "body": chance.choices(WORDS, SHARES)[0],
            "received_ms": now_ms - chance.randrange(365 * DAY),
        }
        for _ in range(TEXTS)
    ]
    with database.write() as tx:
        tx.execute(sa.insert(text), texts)
    database.close()


def _notice(number: int, at: datetime) -> dict[str, Any]:
    fixed = {"topic": "教育", "body": "x", "audience": {}, "state": "done", "author": "a", "validity_hours": 24}
    return fixed | {"id": number, "title": "x", "created_at": at}


def _message(key: int, number: int, person: int, at: int) -> dict[str, Any]:
    fixed = {"purpose": "notice", "extension": "", "parts": 1, "created_by": "a"}
    return fixed | {
        "id": key,
        "notice_id": number,
        "person_id": person,
        "created_ms": at,
        "expires_ms": at + DAY,
    }


def _part(key: int, lane: int, person: int, at: int, state: str, reason: str | None) -> dict[str, Any]:
    fixed = {"carrier": "mobile", "number": 1, "total": 1, "attempts": 1, "consents": 0, "not_before_ms": 0}
    return fixed | {
        "id": key,
        "message_id": key,
        "lane": lane,
        "person_id": person,
        "state": state,
        "reason": reason,
        "expires_ms": at + DAY,
        "changed_ms": at + 5_000,
    }


def _receipt(key: int, at: int, state: str, error: str) -> dict[str, Any]:
    fixed = {"carrier": "mobile", "carrier_id": str(key), "effect": "applied"}
    return fixed | {"part_id": key, "state": state, "error": error, "received_ms": at + 5_000}


def measure(folder: Path) -> None:
    """Each question three times; the median."""
    settings = load(folder, {})
    database, vault = Database(settings.store_url()), Vault(read_keys(settings))
    rules, targets, zone = resources.number_rules(settings), resources.targets(settings), settings.zone()
    now = datetime.now(UTC)
    now_ms, year = round(now.timestamp() * 1000), now - timedelta(366)
    with database.read() as tx:
        here = membership.standing(store.changes(tx, zone), now.date())
        have = store.composition(tx)
        print(f"{len(here)} people, {tx.scalar(sa.select(sa.func.count()).select_from(part))} parts")
        questions: dict[str, Callable[[], object]] = {
            "suspects": lambda: number_desk.suspects(tx, vault, rules),
            "suspects among 100 people": lambda: number_desk.suspects(tx, vault, rules, range(1, 101)),
            "participation": lambda: participation.counts(tx, now_ms - 366 * DAY, now_ms),
            "inactive": lambda: participation.inactive(tx, here, year, year.date()),
            "headcount and churn": lambda: membership.churn(
                store.changes(tx, zone), store.consent_days(tx, zone), year.date(), now.date()
            ),
            "balance with 100 additions": lambda: (
                balance.balance(have, targets),
                balance.additions(have, targets, 100),
                balance.enough(have, targets, 10_153),
            ),
        }
        for name, ask in questions.items():
            took = []
            for _ in range(3):
                began = time.process_time()
                ask()
                took.append(time.process_time() - began)
            print(f"{name:30} {sorted(took)[1]:6.2f} s")
    database.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            made = Path(place) / "county"
            make(made, "bench")
            fill(made)
            measure(made)
