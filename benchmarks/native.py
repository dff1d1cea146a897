"""A durable broadcast over CMPP, SGIP and SMGP at once, beside the same over three lines of SMPP.

The real daemon with its real store on one core, the three simulated carriers on the other, 10,153 people in the usual
shares, no limit of rate, window 100 on each line; the two take turns, medians of several runs.

usage: native.py [--runs 3] [--people 10153] [--json]
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broadcast import left, measured

import stage

LINES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "SMPP": {"mobile": {}, "unicom": {}, "telecom": {}},
    "CMPP 3.0, SGIP, SMGP": {
        "mobile": {"protocol": "cmpp3", "account": "901234"},
        "unicom": {"protocol": "sgip", "node": 3_031_054_321},
        "telecom": {"protocol": "smgp", "destination_prefix": ""},
    },
}
NUMBERS = {"mobile": "10657000001", "unicom": "10655000001", "telecom": "10659000001"}


def main() -> None:
    """Measure both, print a table or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--people", type=int, default=stage.PEOPLE)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in LINES}
    for _ in range(given.runs):
        for name, lines in LINES.items():
            runs[name].append(broadcast(lines, given.people))
    medians = {name: stage.medians(several) for name, several in runs.items()}
    if given.json:
        print(json.dumps(medians))
        return
    smpp = medians["SMPP"]
    print(f"{'':<24}{'parts/s':>10}{'CPU us/part':>13}{'CPU beside SMPP':>17}")
    for name, one in medians.items():
        print(f"{name:<24}{one['rate']:>10,.0f}{one['cpu_us']:>13.1f}{one['cpu_us'] / smpp['cpu_us']:>16.2f}x")


def broadcast(lines: Mapping[str, Mapping[str, Any]], people: int) -> dict[str, float]:
    """One notice to everybody; from its first intent to its last receipt."""
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as top:
        folder = Path(top) / "county"
        environment = stage.make_house(folder)
        for name, keys in lines.items():
            for key, value in {"rate": 0, "window": 100, **keys}.items():
                environment[f"XINQIAO__CARRIERS__{name.upper()}__{key.upper()}"] = str(value)
        simulator = stage.Simulator(folder, environment, "")
        (folder / "script.toml").write_text("".join(_script(folder, name, lines[name]) for name in lines))
        with simulator:
            stage.enrol(folder, environment, people)
            stage.plan(folder, stage.TEXT, list(lines))
            for name, port in simulator.ports.items():
                environment[f"XINQIAO__CARRIERS__{name.upper()}__PORT"] = str(port)
            with stage.Gateway(folder, environment, simulator.port) as daemon:
                stage.until(lambda: all(one["bound"] for one in _counts(simulator).values()))
                before = stage.cpu(daemon.pids)
                stage.send(folder)
                stage.until(lambda: not left(folder))
                cpu = stage.cpu(daemon.pids) - before
            counts = _counts(simulator)
            parts, seconds = measured(folder)
            if sum(one["accepted_distinct"] for one in counts.values()) != parts:
                raise SystemExit(f"the carriers counted {counts}, the store {parts}")
    return {"rate": parts / seconds, "cpu_us": cpu / parts * 1e6}


def _script(folder: Path, name: str, keys: Mapping[str, Any]) -> str:
    password = (folder / "keys" / f"{name}.password").read_text(encoding="utf-8").strip()
    account, protocol = keys.get("account", "xinqiao"), keys.get("protocol", "smpp")
    return (
        f'[[carrier]]\nname = "{name}"\nprotocol = "{protocol}"\naccess_number = "{NUMBERS[name]}"\n{stage.FAST}\n'
        f'[carrier.accounts]\n{account} = "{password}"\n'
    )


def _counts(simulator: stage.Simulator) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = simulator.tell(do="status")["carriers"]
    return counts


if __name__ == "__main__":
    main()
