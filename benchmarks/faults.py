"""What becomes of texts when a carrier misbehaves: the same faults for us, Kannel and bare aiosmpplib.

Each row is one fault script. All systems play it at the same time, from a fresh start, each with a carrier of its own
that does that one thing wrong. What is counted:

lost      acknowledged or accepted, and neither with the application (or the carrier) nor held or named as in doubt
doubled   submitted, or given to the application, more than once
mixed     texts of the application that nobody wrote
wrong     messages that stand in a state which the carrier's own record contradicts, or which nobody will ever tell
survives  at the end the system lives and takes a good text from the carrier

Kannel runs with its spool store and its default window, aiosmpplib with everything as it comes and a hook that stores.

usage: faults.py [--only S1,P2] [--json | --markdown]
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from faulty_carrier import FaultyCarrier, Wire

import stage
from carriers import smpp
from carriers.events import ReceiptState, SubmitReceived
from peers import kannel
from peers.systems import Bare, Kannel, Ours, System, masked

TEXT = "明天上午九点开会"
CITIZEN, NEIGHBOUR, WITNESS = "8613800000001", "8613800000002", "8613900000009"
WORDS = "村口的路灯坏了半个月"
MENDED = 15.0  # seconds in which a good text must come through at the end of a row
IN_DOUBT = ("uncertain",)


@dataclass
class Verdict:
    """What one row did to one system."""

    lost: int = 0
    doubled: int = 0
    mixed: int = 0
    wrong: int = 0
    survives: bool = False
    note: str = ""


@dataclass
class Play:
    """One row being played: a system and its carrier."""

    system: System
    carrier: FaultyCarrier

    def begin(self) -> None:
        """Start the system and wait until it is logged in."""
        self.system.start()
        stage.until(lambda: self.carrier.bound, 20, 0.02)

    def send(self, count: int) -> list[str]:
        """So many messages to as many people."""
        numbers = [f"861370000{n:04d}" for n in range(count)]
        self.system.send(numbers, TEXT)
        return numbers

    def wait(self, holds: Callable[[], object], patience: float) -> bool:
        """Whether it came to hold."""
        until = time.monotonic() + patience
        while not holds():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def texts(self, wrote: Counter[tuple[str, str]], patience: float = 4.0) -> Verdict:
        """Compare what the application has with what citizens wrote."""
        self.wait(lambda: len(self.system.words()) >= wrote.total(), patience)
        time.sleep(0.5)  # what comes twice comes soon
        has = Counter(self.system.texts())
        return Verdict(
            lost=sum(1 for one in wrote if not has[one]),
            doubled=sum(count - 1 for one, count in has.items() if one in wrote),
            mixed=sum(count for one, count in has.items() if one not in wrote),
        )

    def survives(self) -> bool:
        """Whether a good text still comes through."""
        words = "自来水停了三天"
        before = self.system.words().count(words)
        self.carrier.text(WITNESS, words)
        return bool(self.system.pids) and self.wait(lambda: self.system.words().count(words) > before, MENDED)


Script = Callable[[Play], Verdict]
ROWS: dict[str, tuple[str, Script]] = {}


def row(key: str, title: str) -> Callable[[Script], Script]:
    """A row of the table."""

    def note(script: Script) -> Script:
        ROWS[key] = (title, script)
        return script

    return note


# ------------------------------------------------------------------------------------------------------- going out


@row("S1", "submit taken, connection closed before the answer")
def answer_lost(play: Play) -> Verdict:
    def cut_once(wire: Wire, submit: SubmitReceived) -> None:
        if len(play.carrier.submits) == 1:
            wire.transport.abort()
        else:
            wire.take(submit)

    play.carrier.on_submit = cut_once
    play.begin()
    numbers = play.send(1)
    play.wait(lambda: play.carrier.submits, 10)
    time.sleep(8)  # whoever sends it again does so at the next login
    submits = play.carrier.submitted(numbers).total()
    state = play.system.states()[0]
    return Verdict(
        doubled=submits - 1, wrong=int(submits == 1 and state not in IN_DOUBT), survives=play.survives(), note=state
    )


@row("S2", "no answers: 500 messages wait")
def no_answers(play: Play) -> Verdict:
    play.carrier.on_submit = lambda wire, submit: None
    play.begin()
    numbers = play.send(500)
    time.sleep(5)
    return Verdict(survives=play.survives(), note=f"{play.carrier.submitted(numbers).total()} in flight")


@row("S7", "receipt before its answer")
def receipt_first(play: Play) -> Verdict:
    def report_first(wire: Wire, submit: SubmitReceived) -> None:
        play.carrier.report(submit, "1A2B3C")
        wire.session.answer_submit(submit.answer, smpp.OK, "1A2B3C")

    return _reported(play, report_first)


@row("S7b", "hexadecimal id answered, decimal id in the receipt")
def id_in_another_form(play: Play) -> Verdict:
    def answer(wire: Wire, submit: SubmitReceived) -> None:
        wire.session.answer_submit(submit.answer, smpp.OK, "1A2B3C")
        play.carrier.later(0.3, play.carrier.report, submit, str(0x1A2B3C))

    return _reported(play, answer)


def _reported(play: Play, on_submit: Callable[[Wire, SubmitReceived], None]) -> Verdict:
    """One message, whose receipt says delivered."""
    play.carrier.on_submit = on_submit
    play.begin()
    numbers = play.send(1)
    told = play.wait(lambda: play.system.states() == ["delivered"], 8)
    return Verdict(
        doubled=play.carrier.submitted(numbers).total() - 1,
        wrong=int(not told),
        survives=play.survives(),
        note=play.system.states()[0],
    )


@row("S9", "too fast (0x58) to everything for 8 s, then not")
def always_throttled(play: Play) -> Verdict:
    status = [smpp.THROTTLED]
    taken: Counter[str] = Counter()

    def throttle(wire: Wire, submit: SubmitReceived) -> None:
        taken[submit.destination] += status[0] == smpp.OK
        wire.take(submit, status=status[0])

    play.carrier.on_submit = throttle
    play.begin()
    numbers = play.send(5)
    time.sleep(8)
    meanwhile = play.carrier.submitted(numbers).total()
    status[0] = smpp.OK
    play.wait(lambda: sum(taken[number] > 0 for number in numbers) == 5, 15)
    states = play.system.states()
    missing = [state for number, state in zip(numbers, states, strict=True) if not taken[number]]
    held = sum(state in ("queued", "sending") for state in missing) if play.system.pids else 0
    return Verdict(
        lost=sum(state not in ("queued", "sending", "failed") for state in missing),
        doubled=sum(max(0, taken[number] - 1) for number in numbers),
        survives=play.survives(),
        note=f"{meanwhile} submits in 8 s, {5 - len(missing)} of 5 sent"
        + (f", {held} still held" if held else "")
        + (f", {len(missing) - held} given up" if len(missing) > held else ""),
    )


@row("S10", "login refused (0x0E)")
def login_refused(play: Play) -> Verdict:
    play.carrier.refuse_logins = smpp.INVALID_PASSWORD
    play.system.start()
    play.wait(lambda: play.carrier.logins, 20)
    time.sleep(20)
    return Verdict(survives=bool(play.system.pids), note=f"{len(play.carrier.logins)} logins in 20 s")


@row("K", "kill -9 in the middle of 1,000 messages, then started again")
def killed(play: Play) -> Verdict:
    play.carrier.answer_after = 0.05
    play.begin()
    sending = threading.Thread(target=play.send, args=(1000,))
    sending.start()
    numbers = [f"861370000{n:04d}" for n in range(1000)]
    sent = play.carrier.submits
    play.wait(lambda: len(sent) >= 400, 30)
    sending.join()
    seen = play.carrier.submitted(numbers).total()
    play.system.kill()
    play.wait(lambda: not play.carrier.bound, 5)
    play.system.start()
    play.wait(lambda: play.carrier.bound, 20)
    count = -1
    while count != len(sent):  # until it sends nothing any more: Kannel wakes its spool every few seconds
        count = len(sent)
        time.sleep(15)
    submitted = play.carrier.submitted(numbers)
    states = play.system.states()
    doubt = sum(state in IN_DOUBT for state in states)
    lost = sum(not submitted[number] and state not in IN_DOUBT for number, state in zip(numbers, states, strict=True))
    wrong = sum(
        submitted[number] > 0 and state != "delivered" and state not in IN_DOUBT
        for number, state in zip(numbers, states, strict=True)
    )
    return Verdict(
        lost=lost,
        doubled=submitted.total() - len(submitted),
        wrong=wrong,
        survives=play.survives(),
        note=f"killed after {seen}" + (f", {doubt} named in doubt" if doubt else ""),
    )


# ------------------------------------------------------------------------------------------------------- coming in


@row("S3", "two citizens, same reference, parts interleaved")
def same_reference(play: Play) -> Verdict:
    play.begin()
    for number in (1, 2):
        for sender in (CITIZEN, NEIGHBOUR):
            play.carrier.text(sender, f"{sender[-1]}号的第{number}段", reference=7, total=2, number=number)
    wrote = Counter(
        {(masked(sender), f"{sender[-1]}号的第1段{sender[-1]}号的第2段"): 1 for sender in (CITIZEN, NEIGHBOUR)}
    )
    return _and_survives(play, play.texts(wrote))


@row("S4", "11 parts out of order")
def parts_out_of_order(play: Play) -> Verdict:
    play.begin()
    pieces = [f"<{n}>" for n in range(1, 12)]
    order = list(range(1, 12))
    random.Random(4).shuffle(order)
    for number in order:
        play.carrier.text(CITIZEN, pieces[number - 1], reference=9, total=11, number=number)
    return _and_survives(play, play.texts(Counter({(masked(CITIZEN), "".join(pieces)): 1})))


@row("S11", "the same text delivered twice")
def delivered_twice(play: Play) -> Verdict:
    play.begin()
    for _ in range(2):
        play.carrier.text(CITIZEN, WORDS)
    play.wait(lambda: play.carrier.acknowledged["text"] == 2, 5)
    return _and_survives(play, play.texts(Counter({(masked(CITIZEN), WORDS): 1})))


@row("P2", "deliver_sm cut down to 2 octets")
def truncated(play: Play) -> Verdict:
    return _after_poison(play, smpp.HEADER.pack(18, smpp.DELIVER_SM, 0, 700) + b"\x00\x01")


@row("P3", "sm_length says 200, 3 octets are there")
def wrong_length(play: Play) -> Verdict:
    whole = smpp.encode_delivery(CITIZEN, stage.ACCESS_NUMBER, b"abc", 0)
    poison = whole[:-4] + bytes((200,)) + b"abc"
    return _after_poison(play, smpp.renumbered(poison, 701))


@row("P4", "UCS-2 with an odd octet at its end")
def odd_length(play: Play) -> Verdict:
    play.begin()
    play.carrier.octets(CITIZEN, WORDS.encode("utf-16-be") + b"\x4e")
    play.wait(lambda: any(WORDS in words for words in play.system.words()), 5)
    found = [words for words in play.system.words() if WORDS in words]
    note = "taken, the odd octet dropped" if found == [WORDS] else ""
    return Verdict(lost=int(not found), survives=play.survives(), note=note or _shown(found))


# ---------------------------------------------------------------------------------------------------------- the line


@row("S5", "length 0x7fffffff, then 32 MiB")
def endless_frame(play: Play) -> Verdict:
    play.begin()
    before = stage.memory(play.system.pids)
    octets = smpp.HEADER.pack(0x7FFFFFFF, smpp.DELIVER_SM, 0, 702) + bytes(32 << 20)
    taken = play.carrier.raw(octets)
    time.sleep(1)
    grown = stage.memory(play.system.pids) - before
    note = f"{taken >> 20} MiB taken, {grown:+.0f} MiB memory"
    return Verdict(survives=play.survives(), note=note)


@row("S12", "silence: enquire_link unanswered")
def silence(play: Play) -> Verdict:
    play.begin()
    began, logins = time.monotonic(), len(play.carrier.logins)
    play.carrier.mute = True
    back = play.wait(lambda: len(play.carrier.logins) > logins or not _connected_since(play, began), 25)
    seconds = time.monotonic() - began
    play.carrier.mute = False
    return Verdict(survives=play.survives(), note=f"left after {seconds:.0f} s" if back else "stays for 25 s")


def _connected_since(play: Play, began: float) -> bool:
    """Whether a connection of before still stands."""
    return any(wire.admitted for wire in list(play.carrier.wires)) or time.monotonic() < began + 0.5


@row("S13", "unbind by the carrier")
def unbound(play: Play) -> Verdict:
    play.begin()
    began, logins = time.monotonic(), len(play.carrier.logins)
    play.carrier.unbind()
    back = play.wait(lambda: len(play.carrier.logins) > logins and play.carrier.bound, 20)
    note = f"back after {time.monotonic() - began:.1f} s" if back else "not back in 20 s"
    return Verdict(survives=play.survives(), note=note)


@row("P1", "command_length 4")
def short_frame(play: Play) -> Verdict:
    return _after_poison(play, (4).to_bytes(4, "big") + bytes(12))


@row("P1b", "a command that does not exist")
def unknown_command(play: Play) -> Verdict:
    return _after_poison(play, smpp.HEADER.pack(16, 0x777, 0, 703))


@row("P1c", "64 octets of garbage")
def garbage(play: Play) -> Verdict:
    return _after_poison(play, random.Random(1).randbytes(64))


@row("P1d", "an unknown status (0x405) in an answer")
def unknown_status(play: Play) -> Verdict:
    def refuse_once(wire: Wire, submit: SubmitReceived) -> None:
        wire.take(submit, status=0x405 if len(play.carrier.submits) == 1 else smpp.OK)

    play.carrier.on_submit = refuse_once
    play.begin()
    logins = len(play.carrier.logins)
    numbers = play.send(2)
    play.wait(lambda: len(play.carrier.submitted(numbers)) == 2, 5)
    time.sleep(5)
    states = play.system.states()
    kept = len(play.carrier.logins) == logins
    return Verdict(
        wrong=sum(state in ("sending",) for state in states),
        survives=play.survives(),
        note=f"{'line kept' if kept else 'line dropped'}, message {states[0]}",
    )


@row("P7", "a receipt with an impossible date")
def impossible_date(play: Play) -> Verdict:
    play.begin()
    logins = len(play.carrier.logins)
    play.carrier.deliver(
        "receipt",
        smpp.encode_receipt(
            "77", CITIZEN, stage.ACCESS_NUMBER, ReceiptState.DELIVERED, submitted="9913459999", done="x"
        ),
    )
    time.sleep(4)
    return Verdict(survives=play.survives(), note=f"{len(play.carrier.logins) - logins} more logins")


def _after_poison(play: Play, poison: bytes) -> Verdict:
    """Send it; is the next good text taken, and does the line stand?"""
    play.begin()
    logins = len(play.carrier.logins)
    play.carrier.raw(poison)
    time.sleep(1)
    good = play.survives()
    extra = [words for words in play.system.words() if words != "自来水停了三天"]
    kept = len(play.carrier.logins) == logins
    return Verdict(
        mixed=len(extra),
        survives=good,
        note=("line kept" if kept else "line made anew") + (f", gave {_shown(extra)}" if extra else ""),
    )


def _and_survives(play: Play, verdict: Verdict) -> Verdict:
    verdict.survives = play.survives()
    strange = [one for one in play.system.words() if verdict.mixed and one != "自来水停了三天"]
    verdict.note = verdict.note or _shown(strange)
    return verdict


def _shown(words: list[str]) -> str:
    return ", ".join(repr(one)[:40] for one in words[:2])


# ------------------------------------------------------------------------------------------------------------ playing


def main() -> None:
    """Play every row, print as it goes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="")
    options.add_argument("--json", action="store_true")
    options.add_argument("--markdown", action="store_true")
    given = options.parse_args()
    chosen = [key for key in given.only.split(",") if key] or list(ROWS)
    if not kannel.installed():
        print(kannel.MISSING, file=sys.stderr)
    results: dict[str, dict[str, Verdict]] = {}
    with tempfile.TemporaryDirectory(prefix="xinqiao-faults-") as top:
        template = Path(top) / "template"
        environment = stage.make_folder(template, rate=0, keepalive=1, keepalive_timeout=1)
        for key in chosen:
            results[key] = _play(key, Path(top), template, environment)
            if not given.json:
                _print(key, results[key], given.markdown)
    if given.json:
        print(json.dumps({key: {name: asdict(one) for name, one in of.items()} for key, of in results.items()}))


def _play(key: str, top: Path, template: Path, environment: dict[str, str]) -> dict[str, Verdict]:
    """One row, all systems at the same time."""
    makers: dict[str, Callable[[int], System]] = {
        Ours.name: lambda port: Ours(template, environment, top / f"{key}-ours", port),
        Kannel.name: lambda port: Kannel(top / f"{key}-kannel", port),
        Bare.name: lambda port: Bare(top / f"{key}-bare", port),
    }
    if not kannel.installed():
        del makers[Kannel.name]
    verdicts: dict[str, Verdict] = {}

    def play(name: str, make: Callable[[int], System]) -> None:
        carrier = FaultyCarrier()
        system = make(carrier.port)
        try:
            verdicts[name] = ROWS[key][1](Play(system, carrier))
        except SystemExit as wrong:
            verdicts[name] = Verdict(note=f"not measured: {wrong}")
        finally:
            system.stop()
            carrier.close()

    threads = [threading.Thread(target=play, args=one) for one in makers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: verdicts[name] for name in makers if name in verdicts}


def _print(key: str, verdicts: dict[str, Verdict], markdown: bool) -> None:
    title = ROWS[key][0]
    if markdown:
        cells = [f"{_figures(one)}{f' ({one.note})' if one.note else ''}" for one in verdicts.values()]
        print(f"| {key} | {title} | {' | '.join(cells)} |", flush=True)
        return
    print(f"{key:<4} {title}")
    for name, one in verdicts.items():
        print(f"     {name:<11} {_figures(one):<44} {one.note}", flush=True)


def _figures(one: Verdict) -> str:
    """Only what went wrong, and whether it lives."""
    counts: list[tuple[str, Any]] = [
        ("lost", one.lost), ("doubled", one.doubled), ("mixed", one.mixed), ("wrong", one.wrong),
    ]  # fmt: skip
    bad = [f"{count} {name}" for name, count in counts if count]
    return ", ".join([*bad, "survives" if one.survives else "DEAD"])


if __name__ == "__main__":
    main()
