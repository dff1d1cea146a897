"""What nobody can read, and the flood of it."""

from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import Unreadable
from gateway import quarantine
from gateway.tables import quarantine as rows
from tests.gateway.office import SESSION, Office


def flood(office: Office, count: int, octets: int = 20, carrier: str = "mobile") -> None:
    """So many unreadable PDUs in one tick, each with a reason of its own."""
    unread = [(SESSION, Unreadable(n, b"%d" % n * octets, f"oddity {n}")) for n in range(1, count + 1)]
    office.run(carrier, unreadable=unread)


def kept(office: Office, carrier: str = "mobile") -> list[Any]:
    return office.rows(sa.select(rows).where(rows.c.carrier == carrier).order_by(rows.c.id))


def test_a_flood_is_kept_up_to_the_quota_and_counted_beyond_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_ROWS", 10)
    for _ in range(5):
        flood(office, 7)
    *whole, counted = kept(office)
    assert len(whole) == 10
    assert all(row.raw_sealed is not None and row.times == 1 for row in whole)
    assert (counted.raw_sealed, counted.times) == (None, 25)
    assert counted.reason.endswith("oddity 7")


def test_few_long_ones_fill_the_quota_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_OCTETS", 100_000)
    flood(office, 5, 30_000)
    *whole, counted = kept(office)
    assert (len(whole), counted.times) == (3, 2)


def test_the_store_grows_no_more_once_the_quota_is_used_up(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes, and with however many reasons."""
    monkeypatch.setattr(quarantine, "MOST_ROWS", 10)
    flood(office, 11)
    before = office.rows(sa.select(sa.func.count(), sa.func.sum(sa.func.length(rows.c.raw_sealed))))
    for _ in range(20):
        flood(office, 500, 10)
    assert office.rows(sa.select(sa.func.count(), sa.func.sum(sa.func.length(rows.c.raw_sealed)))) == before
    assert kept(office)[-1].times == 10_001


def test_another_day_and_another_carrier_have_their_own(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_ROWS", 2)
    flood(office, 3)
    flood(office, 1, carrier="unicom")
    office.minutes = 24 * 60
    flood(office, 1)
    assert [row.raw_sealed is not None for row in kept(office)] == [True, True, False, True]
    assert [row.times for row in kept(office, "unicom")] == [1]


def test_a_citizens_text_that_we_fail_with_is_kept_whole_even_then(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was acknowledged as a text: promise 1 knows no quota."""
    monkeypatch.setattr(quarantine, "MOST_ROWS", 1)
    flood(office, 5)

    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(office.inbox._hearing, "hear", fails)
    office.text("8613800000001", "村里路灯坏了半个月")
    last = kept(office)[-1]
    assert "ZeroDivisionError" in last.reason
    assert office.vault.open_raw("quarantine", last.raw_sealed).startswith(b"raw ")
