"""aiosmpplib as it is shipped: its own client, queue and correlator, with a plain hook that stores what it is told.

Orders come as JSON lines on standard input, results go into a SQLite file. Nothing is repaired or supervised: when the
client's task ends, the programme ends.

usage: aiosmpplib_bare.py PORT STORE
"""

import asyncio
import json
import sqlite3
import sys
from typing import Any

import aiosmpplib as smpp
from aiosmpplib.state import SmppCommandStatus

ALIVE = 1.0  # seconds of the enquire_link interval and of the patience with its answer


class Store(smpp.AbstractHook):
    """What the library tells, committed before it goes on."""

    def __init__(self, path: str) -> None:
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(
            "PRAGMA journal_mode=WAL;"
            "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, number TEXT, state TEXT);"
            "CREATE TABLE IF NOT EXISTS text (sender TEXT, words TEXT);"
        )

    def accepted(self, order: dict[str, Any]) -> None:
        """An order is on its way into the library's queue."""
        self.database.execute("INSERT INTO message VALUES (?, ?, 'queued')", (order["id"], order["to"]))

    def _now(self, message: Any, state: str) -> None:
        self.database.execute("UPDATE message SET state = ? WHERE id = ?", (state, int(message.log_id or 0)))

    async def sending(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, smpp.SubmitSm):
            self._now(smpp_message, "sending")

    async def received(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, smpp.SubmitSmResp):
            taken = smpp_message.command_status == SmppCommandStatus.ESME_ROK
            self._now(smpp_message, "accepted" if taken else "failed")
        elif isinstance(smpp_message, smpp.DeliverSm):
            if smpp_message.is_receipt():
                good = smpp_message.parse_receipt().get("stat") == "DELIVRD"
                self._now(smpp_message, "delivered" if good else "undelivered")
            else:
                words = smpp_message.short_message or smpp_message.message_payload
                self.database.execute("INSERT INTO text VALUES (?, ?)", (smpp_message.source.number, words))

    async def send_error(self, smpp_message: Any, error: Exception, client_id: str) -> None:
        self._now(smpp_message, "uncertain")


async def main() -> None:
    port, path = int(sys.argv[1]), sys.argv[2]
    store = Store(path)
    client = smpp.ESME(
        "127.0.0.1", port, "xinqiao", "any", hook=store, enquire_link_interval=ALIVE, socket_timeout=ALIVE,
        log_level="CRITICAL",
    )  # fmt: skip
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

    async def take() -> None:
        while line := await lines.readline():
            order = json.loads(line)
            store.accepted(order)
            await client.broker.enqueue(
                smpp.SubmitSm(
                    short_message=order["text"],
                    source=smpp.PhoneNumber("10657000001", ton=smpp.TON.UNKNOWN, npi=smpp.NPI.ISDN),
                    destination=smpp.PhoneNumber(order["to"], ton=smpp.TON.INTERNATIONAL, npi=smpp.NPI.ISDN),
                    encoding="ucs2",
                    registered_delivery=1,
                    log_id=str(order["id"]),
                )
            )

    taking = asyncio.ensure_future(take())
    await client.start()
    taking.cancel()


if __name__ == "__main__":
    asyncio.run(main())
