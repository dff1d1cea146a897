"""What a message costs in session and codec, in each protocol, beside SMPP: the floor under every other figure.

A window of submits is packed and sent, each is answered and reported by the carrier's end, every report is read and
acknowledged: all in memory, without a store, processor time of our end only. The protocols take turns; medians of
several runs. Exit code 1 when one costs more than twice what SMPP does.

usage: dialects.py [--runs 5] [--messages 20000] [--json]
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import stage
from carriers import dialects
from carriers.events import BindRequested, ReceiptState
from carriers.profile import PROTOCOLS, CarrierProfile
from carriers.results import Results
from carriers.session import Session
from carriers.text import split

WINDOW = 100
MOST = 2.0  # times SMPP
PASSWORD, SERVICE, NUMBER = "p", "10657000001", "8613800000001"


def main() -> None:
    """Measure all, print a table or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--messages", type=int, default=20_000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    runs: dict[str, list[dict[str, float]]] = {protocol: [] for protocol in spoken()}
    for _ in range(given.runs):
        for protocol, measured in runs.items():
            measured.append(floor(protocol, given.messages))
    medians = {protocol: stage.medians(measured) for protocol, measured in runs.items()}
    if given.json:
        print(json.dumps(medians))
    else:
        table(medians)
    if max(one["cpu_us"] for one in medians.values()) > MOST * medians["smpp"]["cpu_us"]:
        sys.exit(1)


def table(medians: dict[str, dict[str, float]]) -> None:
    """For people."""
    print(f"{'us of CPU per message':<24}{'submit':>10}{'answer, receipt':>18}{'together':>11}{'beside SMPP':>14}")
    for protocol, one in medians.items():
        times = one["cpu_us"] / medians["smpp"]["cpu_us"]
        print(f"{protocol:<24}{one['out_us']:>10.2f}{one['in_us']:>18.2f}{one['cpu_us']:>11.2f}{times:>13.2f}x")


def spoken() -> list[str]:
    """The protocols of the registry."""
    found = []
    for protocol in PROTOCOLS:
        try:
            dialects.carrier(protocol, datetime.now(UTC))
        except ValueError:
            continue
        found.append(protocol)
    return found


def ends(protocol: str) -> tuple[CarrierProfile, Session, Session]:
    """Two ends of a connection, logged in."""
    profile = CarrierProfile(
        name="m", label="", protocol=protocol, host="", port=1, account="u", password=PASSWORD, access_number=SERVICE,
        results=Results(), rate=0, window=WINDOW, service_id="NOTICE", corp_id="12345", node=3_025_012_345,
    )  # fmt: skip
    at = datetime.now(UTC)
    ours = Session.gateway(profile, dialects.gateway(profile, at))
    theirs = Session.carrier(dialects.carrier(protocol, at), window=1000)
    ours.connected(0.0)
    theirs.connected(0.0)
    [login] = theirs.receive(ours.data_to_send(), 0.0)
    assert isinstance(login, BindRequested)
    theirs.admit(login.answer, 0, "SMSC", PASSWORD)
    ours.receive(theirs.data_to_send(), 0.0)
    return profile, ours, theirs


def floor(protocol: str, messages: int) -> dict[str, float]:
    """Our end of the session alone: submit, answer, receipt, acknowledgement, in memory."""
    profile, ours, theirs = ends(protocol)
    text = split(stage.TEXT)
    template = dialects.template(profile, SERVICE, text.bodies[0], text.coding, None)
    stamp = ours.dialect.stamp
    packing, reading, done = 0.0, 0.0, 0
    while done < messages:
        began = time.process_time()
        first = ours.reserve(WINDOW)
        ours.submit([(n, n, template.pdu(n, NUMBER, 1, stamp)) for n in range(first, first + WINDOW)], 1.0)
        out = ours.data_to_send()
        packing += time.process_time() - began
        submits: list[Any] = theirs.receive(out, 1.0)
        for submit in submits:
            done += 1
            message_id = theirs.dialect.new_id(done, submit)
            theirs.answer_submit(submit.answer, 0, message_id)
            receipt = theirs.dialect.receipt(message_id, NUMBER, SERVICE, ReceiptState.DELIVERED, "000", "2611240000")
            theirs.deliver(1, receipt, 1.0)
        back = theirs.data_to_send()
        began = time.process_time()
        events: list[Any] = ours.receive(back, 1.0)
        ours.accept([event.answer for event in events if hasattr(event, "answer")])
        out = ours.data_to_send()
        reading += time.process_time() - began
        if len(theirs.receive(out, 1.0)) != len(submits) or len(events) != 2 * WINDOW:
            raise SystemExit(f"{protocol}: {len(events)} events for {WINDOW} submits")
    spent = packing + reading
    return {
        "rate": done / spent,
        "cpu_us": spent / done * 1e6,
        "out_us": packing / done * 1e6,
        "in_us": reading / done * 1e6,
    }


if __name__ == "__main__":
    main()
