"""Where does what nobody can read go? Kept whole up to a quota per carrier and day, counted beyond it.

A carrier in trouble, or somebody on its line, can send unreadable PDUs for as long as it likes: the first of a day
show what is wrong, the millionth would only fill the disk. A citizen's text that we failed to deal with is not such
a PDU: it was acknowledged as a text, so it is always kept.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from carriers.events import Unreadable
from gateway.logs import Log
from gateway.tables import quarantine
from roster.vault import Vault

log = Log("quarantine")

DAY_MS = 24 * 3_600_000
MOST_ROWS = 1_000  # kept whole, of one carrier and day (UTC)
MOST_OCTETS = 4 * 1024 * 1024  # of them together: a PDU may have 64 KiB
OVER = "beyond the day's quota, only counted; the last one: "


def keep(tx: sa.Connection, vault: Vault, carrier: str, raw: bytes, reason: str, now_ms: int) -> None:
    """One whole, whatever else there is."""
    sealed = vault.seal_raw("quarantine", raw)
    tx.execute(
        sa.insert(quarantine).values(carrier=carrier, received_ms=now_ms, reason=reason, times=1, raw_sealed=sealed)
    )


def keep_unreadable(
    tx: sa.Connection, vault: Vault, carrier: str, unreadable: Sequence[Unreadable], now_ms: int
) -> None:
    """As many whole as the day's quota has room for; of the others one row with their number and the last reason."""
    if not unreadable:
        return
    rows, octets = _kept_today(tx, carrier, now_ms)
    fit = 0
    for one in unreadable:
        rows, octets = rows + 1, octets + len(one.raw)
        if rows > MOST_ROWS or octets > MOST_OCTETS:
            break
        keep(tx, vault, carrier, one.raw, one.reason, now_ms)
        fit += 1
    if beyond := len(unreadable) - fit:
        _count(tx, carrier, beyond, OVER + unreadable[-1].reason, now_ms)


def _kept_today(tx: sa.Connection, carrier: str, now_ms: int) -> tuple[int, int]:
    """How many rows, and how many octets in them."""
    sealed = quarantine.c.raw_sealed
    kept = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(sealed)), 0))
    rows, octets = tx.execute(kept.where(*_today(carrier, now_ms), sealed.isnot(None))).one()
    return int(rows), int(octets)


def _count(tx: sa.Connection, carrier: str, more: int, reason: str, now_ms: int) -> None:
    counted = (*_today(carrier, now_ms), quarantine.c.raw_sealed.is_(None))
    added = {"times": quarantine.c.times + more, "reason": reason, "received_ms": now_ms}
    if tx.execute(sa.update(quarantine).where(*counted).values(added)).rowcount:
        return
    log.error("quarantine full for today: what cannot be read is only counted", carrier=carrier, reason=reason)
    tx.execute(sa.insert(quarantine).values(carrier=carrier, received_ms=now_ms, reason=reason, times=more))


def _today(carrier: str, now_ms: int) -> tuple[sa.ColumnElement[bool], ...]:
    began = now_ms - now_ms % DAY_MS
    return (quarantine.c.carrier == carrier, quarantine.c.received_ms.between(began, began + DAY_MS - 1))
