"""The peer to compare with: aiosmpplib's own ESME with one synced SQLite commit per event.

Kinder to the library than its defaults: a constant-time correlator instead of the shipped one, which looks at
everything outstanding for each message, and a window, which it does not have. Started by
`benchmarks/broadcast.py`; prints one JSON line.

usage: aiosmpplib_synced.py HOST PORT ACCOUNT PASSWORD MESSAGES WINDOW FOLDER
"""

import asyncio
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import aiosmpplib as smpp
from aiosmpplib.state import SmppCommandStatus

TEXT = "【肥乡双向沟通办】明天上午九点在乡政府召开座谈会,请准时参加。"


class Correlator(smpp.AbstractCorrelator):
    """Two dictionaries; receipts are matched in the store, as a durable program must."""

    def __init__(self) -> None:
        self.open: dict[int, Any] = {}

    def get_cumulated_status(self, ref_num: int) -> Any:
        return None

    async def expired(self, smpp_message: Any) -> None: ...

    async def put(self, smpp_message: Any) -> None:
        self.open[smpp_message.sequence_num] = smpp_message

    async def get(self, response: Any) -> Any:
        return self.open.pop(response.sequence_num, None)

    async def put_delivery(self, smsc_message_id: str, submit_sm: Any) -> None: ...

    async def get_delivery(self, receipt: Any) -> Any:
        return None

    async def put_delivery_segmented(self, deliver_sm: Any) -> Any:
        return deliver_sm

    async def get_segmented(self, smpp_seq_num: int, remove: bool = False) -> tuple[None, int]:
        return None, 0


class Windowed(smpp.AbstractBroker):
    """Numbered messages, at most `window` of them unanswered."""

    def __init__(self, messages: int, window: int) -> None:
        self.left = iter(range(1, messages + 1))
        self.free = asyncio.Semaphore(window)

    async def enqueue(self, message: Any) -> None: ...

    async def dequeue(self) -> Any:
        await self.free.acquire()
        number = next(self.left, None)
        if number is None:
            await asyncio.Event().wait()
        return smpp.SubmitSm(
            short_message=TEXT,
            source=smpp.PhoneNumber("1069000001", ton=smpp.TON.UNKNOWN, npi=smpp.NPI.ISDN),
            destination=smpp.PhoneNumber(f"861380000{number:04d}", ton=smpp.TON.INTERNATIONAL, npi=smpp.NPI.ISDN),
            encoding="ucs2",
            registered_delivery=1,
            log_id=str(number),
        )


class Store(smpp.AbstractHook):
    """Every event is committed and synced before the library goes on."""

    def __init__(self, path: Path, broker: Windowed, messages: int) -> None:
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE message (id INTEGER PRIMARY KEY, state TEXT, carrier_id TEXT UNIQUE);"
        )
        self.broker = broker
        self.missing = messages
        self.done = asyncio.Event()

    async def sending(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, smpp.SubmitSm):
            self.database.execute("INSERT INTO message VALUES (?, 'sending', NULL)", (int(smpp_message.log_id),))

    async def received(self, smpp_message: Any, pdu: bytes, client_id: str) -> None:
        if isinstance(smpp_message, smpp.SubmitSmResp):
            self.broker.free.release()
            accepted = smpp_message.command_status == SmppCommandStatus.ESME_ROK
            self.database.execute(
                "UPDATE message SET state = ?, carrier_id = ? WHERE id = ?",
                ("accepted" if accepted else "failed", smpp_message.message_id, int(smpp_message.log_id)),
            )
        elif isinstance(smpp_message, smpp.DeliverSm):
            key = smpp_message.parse_receipt()["id"]
            self.database.execute("UPDATE message SET state = 'delivered' WHERE carrier_id = ?", (key,))
            self.missing -= 1
            if self.missing == 0:
                self.done.set()

    async def send_error(self, smpp_message: Any, error: Exception, client_id: str) -> None:
        raise SystemExit(f"send error {error!r}")


async def main() -> None:
    host, port, account, password, messages, window, folder = sys.argv[1:]
    broker = Windowed(int(messages), int(window))
    hook = Store(Path(folder) / "peer.db", broker, int(messages))
    esme = smpp.ESME(
        host,
        int(port),
        account,
        password,
        hook=hook,
        broker=broker,
        correlator=Correlator(),
        log_level="ERROR",
    )
    began, cpu = time.monotonic(), time.process_time()
    running = asyncio.ensure_future(esme.start())
    done = asyncio.ensure_future(hook.done.wait())
    await asyncio.wait([running, done], timeout=60, return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        raise SystemExit("the library's session ended before the last receipt")
    spent, cpu = time.monotonic() - began, time.process_time() - cpu
    running.cancel()
    print(json.dumps({"seconds": spent, "cpu_seconds": cpu, "messages": int(messages)}))


if __name__ == "__main__":
    asyncio.run(main())
