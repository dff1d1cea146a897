"""The faulty line on real sockets of this machine: a test puts it between the gateway and a carrier, and steers it.

It runs in a thread of its own. It reads no more than it can pass on, so a line that holds or is slow fills the
sender's socket as a real one does.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from tests.faults.pipe import Edit, Flow, Pipe, Signal

Result = TypeVar("Result")
READ = 64 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: no waiting, no farewell


class Proxy:
    """Listens on `port`; every connection is passed on to `target`. New ones begin with the flows of the last."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.connections = 0
        self._target = target
        self._flows = (Flow(), Flow())
        self._ways: list[_Way] = []
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._open.wait(10)

    def steer(self, toward_carrier: Flow, toward_gateway: Flow) -> None:
        """Other flows from now on, on what is open and on what comes."""
        self._within(lambda: self._steer((toward_carrier, toward_gateway)))

    def freeze(self) -> None:
        """The line holds everything: a half-open connection for both ends."""
        self.steer(Flow(hold=True), Flow(hold=True))

    def thaw(self) -> None:
        """All that was held comes."""
        self.steer(Flow(), Flow())

    def edit(self, *edits: Edit) -> None:
        """Faults for PDUs toward the gateway, on what is open."""
        self._within(lambda: [way.pipe.edit(*edits) for way in self._ways if way.index == 1])

    def say(self, octets: bytes) -> None:
        """Octets toward the gateway that no carrier sent."""
        self._within(lambda: [way.put(octets) for way in self._ways if way.index == 1])

    def reset(self) -> None:
        """Every connection is gone at once."""
        self._within(lambda: [way.reset() for way in list(self._ways)])

    def passed(self, index: int) -> int:
        """Octets that have come out on the open connections: 0 toward the carrier, 1 toward the gateway."""
        return self._within(lambda: sum(way.passed for way in self._ways if way.index == index))

    def close(self) -> None:
        """End everything."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    # ------------------------------------------------------------------------------------------------- in its thread

    def _within(self, work: Callable[[], Result]) -> Result:
        async def do() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0, limit=READ))
        self.port = server.sockets[0].getsockname()[1]
        self._open.set()
        self._loop.run_forever()
        server.close()
        for way in self._ways:
            way.reset()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            inward, outward = await asyncio.open_connection("127.0.0.1", self._target, limit=READ)
        except OSError:
            writer.transport.abort()
            return
        ways = [_Way(0, reader, outward, self._flows[0]), _Way(1, inward, writer, self._flows[1])]
        self._ways += ways
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the proxy is closed
                await asyncio.gather(*(way.carry() for way in ways))
        finally:
            self._ways = [way for way in self._ways if way not in ways]
            for end in (writer, outward):
                end.transport.abort()

    def _steer(self, flows: tuple[Flow, Flow]) -> None:
        self._flows = flows
        for way in self._ways:
            way.steer(flows[way.index])


class _Way:
    """One direction of one connection."""

    def __init__(self, index: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow) -> None:
        self.index = index
        self.pipe = Pipe(flow)
        self.passed = 0
        self._reader, self._writer = reader, writer
        self._out: asyncio.Queue[tuple[float, bytes | Signal]] = asyncio.Queue()
        self._may_read = asyncio.Event()
        self.steer(flow)

    def steer(self, flow: Flow) -> None:
        """Another flow."""
        (self._may_read.clear if flow.hold else self._may_read.set)()
        for one in self.pipe.steer(flow, self._now()):
            self._out.put_nowait(one)

    def put(self, octets: bytes) -> None:
        """Octets that nobody sent."""
        self._out.put_nowait((self._now(), octets))

    def reset(self) -> None:
        """Gone at once, for the end that reads from here."""
        ended: Any = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            ended.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._writer.transport.abort()

    async def carry(self) -> None:
        """Until the line ends."""
        reading = asyncio.ensure_future(self._read())
        try:
            with contextlib.suppress(OSError):
                await self._write()
        finally:
            reading.cancel()

    async def _read(self) -> None:
        ended = False
        while not ended:
            await self._may_read.wait()
            try:
                octets = await self._reader.read(READ)
            except OSError:
                octets = b""
            ended = not octets
            for one in self.pipe.feed(octets, self._now()) if octets else self.pipe.end(self._now()):
                self._out.put_nowait(one)
            await self._out.join()

    async def _write(self) -> None:
        while True:
            when, what = await self._out.get()
            await asyncio.sleep(max(0.0, when - self._now()))
            if what is Signal.RESET:
                self.reset()
                return
            if isinstance(what, Signal):
                self._writer.write_eof()
                return
            self._writer.write(what)
            await self._writer.drain()
            self.passed += len(what)
            self._out.task_done()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
