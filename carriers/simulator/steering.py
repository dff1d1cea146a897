"""What one may tell simulated carriers while they run: commands as JSON lines, on a port of this machine."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from carriers.simulator.server import Carrier


class Steering(Factory):
    """A port on loopback that takes one JSON command a line and answers each with one JSON line."""

    noisy = False

    def __init__(self, carriers: Mapping[str, Carrier], stop: Callable[[], None]) -> None:
        self._carriers = carriers
        self._stop = stop

    def buildProtocol(self, addr: Any) -> "_Commands":  # noqa: N802 - Twisted's name
        return _Commands(self)

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Do what a command says. `carrier` names one; without it all are meant."""
        do = command.pop("do", None)
        name = command.pop("carrier", None)
        if name is not None and name not in self._carriers:
            return {"ok": False, "error": f"no carrier {name}; there are {', '.join(self._carriers)}"}
        chosen = [self._carriers[name]] if name is not None else list(self._carriers.values())
        if do == "quit":
            self._stop()
            return {"ok": True}
        if do == "status":
            return {"ok": True, "carriers": {one.behaviour.name: one.counts() for one in chosen}}
        if do not in _ORDERS:
            return {"ok": False, "error": f"unknown command {do!r}; known: status, quit, {', '.join(_ORDERS)}"}
        try:
            return {"ok": True, "done": [_ORDERS[do](one, command) for one in chosen]}
        except (KeyError, TypeError, ValueError, IndexError) as wrong:
            return {"ok": False, "error": f"{do}: {type(wrong).__name__} {wrong}"}


def _order_text(carrier: Carrier, command: dict[str, Any]) -> Any:
    source, words = command.pop("from"), command.pop("text")
    return carrier.text(source, words, **command)


def _order_throttle(carrier: Carrier, command: dict[str, Any]) -> None:
    carrier.brain.throttling = bool(command["on"])


def _order_refuse_binds(carrier: Carrier, command: dict[str, Any]) -> None:
    carrier.refuse_binds = int(command["status"])


_ORDERS: dict[str, Callable[[Carrier, dict[str, Any]], Any]] = {
    "text": _order_text,
    "cut": lambda carrier, command: carrier.cut(),
    "unbind": lambda carrier, command: carrier.unbind(),
    "stall": lambda carrier, command: carrier.stall(True),
    "resume": lambda carrier, command: carrier.stall(False),
    "throttle": _order_throttle,
    "refuse_binds": _order_refuse_binds,
    "raw": lambda carrier, command: carrier.raw(bytes.fromhex(command["hex"])),
}


class _Commands(LineOnlyReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1 << 20

    def __init__(self, steering: Steering) -> None:
        self._steering = steering

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        try:
            command = json.loads(line)
        except ValueError as wrong:
            answer: dict[str, Any] = {"ok": False, "error": f"not JSON: {wrong}"}
        else:
            answer = self._steering.obey(command) if isinstance(command, dict) else {"ok": False, "error": "no object"}
        self.sendLine(json.dumps(answer, ensure_ascii=False).encode())  # type: ignore[no-untyped-call]
