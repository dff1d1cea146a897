"""What passes on a line, as people see it: a PDU is a line, empty and zero fields left out; or JSON for programs."""

import sys
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from carriers.capture import Address, Passed, Seen
from carriers.dialect import Dialect
from gateway.cli import screen

SEEN = {
    Seen.CALLED: "连接",
    Seen.CALLED_US: "对方连入",
    Seen.HUNG_UP: "我方断开",
    Seen.LOST: "对方断开",
}

OUTCOMES = {"command_status", "status", "result", "state"}  # 0 is what people look for there


def show(passed: Passed, dialect: Dialect, zone: ZoneInfo, as_json: bool) -> None:
    """A line: when, over which of our ports, which way, what; for programs the whole PDU, too."""
    arrow = "→" if passed.seen is Seen.SENT else "←"
    header = {
        "at": passed.at,
        "seen": passed.seen.name.lower(),
        "ours": _end(passed.ours),
        "theirs": _end(passed.theirs),
    }
    if as_json:
        screen.emit(True, header | _pdu(passed, dialect), lambda: None)
        sys.stdout.flush()  # who reads along does not want to wait
        return
    moment = f"{passed.at.astimezone(zone):%H:%M:%S.%f}"[:-3]
    if passed.pdu:
        told = _pdu(passed, dialect)
        shown = [(name, value) for name, value in told["fields"].items() if value.strip("0") or name in OUTCOMES]
        fields = " ".join(f"{name}={value}" for name, value in shown)
        said = f"{arrow} {told['command']} #{told['sequence']} ({told['length']}) {fields}"
    else:
        said = f"— {SEEN[passed.seen]} {header['theirs']}"
    words = screen.neutral(f"{moment} {passed.ours.port} {said}").replace("\n", "\\n")
    screen.out.print(Text(words), soft_wrap=True)


def _pdu(passed: Passed, dialect: Dialect) -> dict[str, Any]:
    """The PDU with its fields by name; those that come several times are joined."""
    if not passed.pdu:
        return {}
    name, fields = dialect.explain(passed.pdu)
    told: dict[str, str] = {}
    for field in fields:
        if field.name:
            told[field.name] = f"{told[field.name]}, {field.value}" if field.name in told else field.value
    return {
        "command": name,
        "sequence": dialect.header.unpack_from(passed.pdu)[-1],
        "length": len(passed.pdu),
        "fields": told,
        "hex": passed.pdu.hex(),
    }


def _end(address: Address) -> str:
    return f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"
