"""What does the store still hold when the power fails?

A recorded run of the daemon is played again up to a moment; the files are rebuilt as a disk may hold them then: what
was synced is there, of what was not, nothing, a beginning, any writes, or any sectors. Whatever the carriers were told
before that moment must be in the rebuilt store: what was acknowledged (I3), and the intent of what was submitted (I2').
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from carriers import smpp
from carriers.events import DeliveryReceipt, InboundText
from carriers.receipts import message_key
from gateway import fsck
from tests.durability import strace, variants
from tests.durability.load import STORE, Load
from tests.durability.strace import Call

SECTOR = 512
DAMAGES = ("nothing", "beginning", "any writes", "any sectors")
FILES = (STORE, f"{STORE}-wal")  # the -shm file is rebuilt from the log after a crash


@dataclass(frozen=True, slots=True)
class Promise:
    """Something a carrier was told with a send that began `at`: it must be in the store from then on."""

    at: int
    what: str  # text, receipt, submit
    carrier: str
    key: str | int  # the text's octets in hexadecimal, the receipt's message id, the submit's sequence number


@dataclass(frozen=True, slots=True)
class Recording:
    """A run: the files before it, and what happened then."""

    before: dict[str, bytes]
    calls: tuple[Call, ...]
    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What one power cut left."""

    at: int
    damage: str
    lost: tuple[Promise, ...]
    corrupt: tuple[str, ...]


# --------------------------------------------------------------------------------------------------------- recording


def record(made: Path, folder: Path, variant: str = "") -> Recording:
    """The load under strace, from the daemon's start to its end."""
    load = Load.of(made, folder)
    try:
        before = files_in(folder)
        output = folder / "recording"
        daemon = load.start_python(*variants.program(variant), under=strace.recording(output))
        assert load.run_until(load.quiet, daemon)
        assert load.end(daemon) == 0
        calls = strace.recorded(output, daemon.pid)
    finally:
        load.close()
    return Recording(before, tuple(calls), tuple(promises(calls, load.environment)))


def files_in(folder: Path) -> dict[str, bytes]:
    """The store's files that are there."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


@dataclass
class _Conversation:
    """Both directions of a connection, as PDUs."""

    carrier: str
    rest: dict[str, bytes] = field(default_factory=lambda: {"sendto": b"", "recvfrom": b""})
    delivered: dict[int, InboundText | DeliveryReceipt] = field(default_factory=dict)

    def frames(self, call: Call) -> Iterator[tuple[int, int, int, bytes]]:
        """(command, status, sequence, PDU) of the frames that end with this call."""
        data = self.rest[call.name] + call.data[: call.result]
        while len(data) >= smpp.HEADER.size:
            length, command, status, sequence = smpp.HEADER.unpack_from(data)
            if len(data) < length:
                break
            yield command, status, sequence, data[:length]
            data = data[length:]
        self.rest[call.name] = data


def promises(calls: Sequence[Call], environment: Mapping[str, str]) -> Iterator[Promise]:
    """What the daemon's sends told the carriers, whose ports the `environment` names."""
    ports = {port: key.split("__")[2].lower() for key, port in environment.items() if key.endswith("__PORT")}
    conversations: dict[str, _Conversation] = {}
    for call in sorted(calls, key=lambda one: one.ended if one.name == "recvfrom" else one.began):
        carrier = ports.get(call.target.rpartition(":")[2].rstrip("]"))
        if carrier is None or call.result < 0 or call.name not in ("sendto", "recvfrom"):
            assert call.name not in ("sendmsg", "writev") or "TCP" not in call.target, "sent in a way not looked at"
            continue
        conversation = conversations.setdefault(call.target, _Conversation(carrier))
        for command, status, sequence, pdu in conversation.frames(call):
            if call.name == "recvfrom" and command == smpp.DELIVER_SM:
                conversation.delivered[sequence] = smpp.read_delivery(pdu)
            elif call.name == "sendto" and command == smpp.SUBMIT_SM:
                yield Promise(call.began, "submit", carrier, sequence)
            elif call.name == "sendto" and command == smpp.DELIVER_SM | smpp.RESPONSE and status == smpp.OK:
                event = conversation.delivered[sequence]
                if isinstance(event, InboundText):
                    yield Promise(call.began, "text", carrier, event.body.hex())
                else:
                    yield Promise(call.began, "receipt", carrier, message_key(event.message_id))


# ----------------------------------------------------------------------------------------------------------- cutting


class _File:
    """One file on a disk with a cache in front of it."""

    def __init__(self, content: bytes | None) -> None:
        self.synced = bytearray(content or b"")
        self.pending: list[Call] = []
        self.exists = content is not None
        self.exists_for_sure = content is not None  # False until its folder is synced

    def happens(self, call: Call) -> None:
        if call.name == "unlink":
            self.exists = False
        elif call.name in ("fdatasync", "fsync"):
            for one in self.pending:
                if one.began < call.began:
                    _apply(self.synced, one, None)
            self.pending = [one for one in self.pending if one.began >= call.began]
        else:
            self.exists = True
            self.pending.append(call)

    def after_the_cut(self, damage: str, random: Random) -> bytes | None:
        """What the disk holds, None when there is no such file."""
        if not (self.exists if self.exists == self.exists_for_sure else random.random() < 0.5):
            return None
        content = bytearray(self.synced)
        kept = self.pending
        if damage == "nothing":
            kept = []
        elif damage == "beginning":
            kept = kept[: random.randint(0, len(kept))]
        elif damage == "any writes":
            kept = [one for one in kept if random.random() < 0.5]
        for one in kept:
            _apply(content, one, random if damage == "any sectors" else None)
        return bytes(content)


def _apply(content: bytearray, call: Call, random: Random | None) -> None:
    """Do a write; with `random`, only some of the sectors it touches."""
    if call.name == "ftruncate":
        length = call.numbers[-1]
        content[:] = content[:length].ljust(length, b"\0")
        return
    start, data = call.numbers[-1], call.data[: call.result]
    end = start + len(data)
    at = start
    while at < end:
        until = min(end, (at // SECTOR + 1) * SECTOR) if random is not None else end
        if random is None or random.random() < 0.5:
            if len(content) < until:
                content.extend(bytes(until - len(content)))
            content[at:until] = data[at - start : until - start]
        at = until


def cuts(recording: Recording, folder: Path, seed: int, count: int) -> Iterator[Cut]:
    """So many power cuts, half of them right after something was sent. The same seed gives the same cuts."""
    random = Random(seed)
    sends = [call.began for call in recording.calls if call.name == "sendto"]
    last = max(call.ended for call in recording.calls)
    moments = sorted(random.choice(sends) if random.random() < 0.5 else random.randint(0, last) for _ in range(count))
    yield from _cut(recording, folder, random, [(moment, random.choice(DAMAGES)) for moment in moments])


def unsynced(recording: Recording, folder: Path, since: int) -> list[Promise]:
    """What was promised after a moment, and was not on the disk when it was."""
    late = sorted(one.at for one in recording.promises if one.at > since)
    cut = _cut(recording, folder, Random(0), [(moment, "nothing") for moment in late])
    return [one for found in cut for one in found.lost if one.at > since]


def _cut(recording: Recording, folder: Path, random: Random, where: Sequence[tuple[int, str]]) -> Iterator[Cut]:
    """At these moments, in their order, with that damage."""
    files = {name: _File(recording.before.get(name)) for name in FILES}
    happening = sorted(recording.calls, key=_when)
    at = 0
    for moment, damage in where:
        while at < len(happening) and _when(happening[at]) <= moment:
            _happens(files, happening[at])
            at += 1
        image = {name: file.after_the_cut(damage, random) for name, file in files.items()}
        told = [promise for promise in recording.promises if promise.at <= moment]
        yield _look(image, folder, moment, damage, told)


def _when(call: Call) -> int:
    """A sync counts from its end, a write from its beginning: neither is given the benefit of the doubt."""
    return call.ended if "sync" in call.name else call.began


def _happens(files: dict[str, _File], call: Call) -> None:
    if call.result < 0:
        return
    name = call.target.rpartition("/")[2]
    if name in files and call.name in ("pwrite64", "ftruncate", "fdatasync", "fsync", "unlink"):
        files[name].happens(call)
    elif "sync" in call.name:  # the folder: what is created or removed stays so
        for file in files.values():
            file.exists_for_sure = file.exists


# ----------------------------------------------------------------------------------------------------------- looking


def _look(image: dict[str, bytes | None], folder: Path, moment: int, damage: str, told: Sequence[Promise]) -> Cut:
    """Open what the disk holds, as the next start does, and look for everything that was promised."""
    for name in (*FILES, f"{STORE}-shm"):
        (folder / name).unlink(missing_ok=True)
    for name, content in image.items():
        if content is not None:
            (folder / name).write_bytes(content)
    try:
        with closing(sqlite3.connect(folder / STORE)) as store:
            store.execute("PRAGMA synchronous = OFF")  # the image itself need not survive
            corrupt = [words for (words,) in store.execute("PRAGMA integrity_check") if words != "ok"]
            kept = _kept(store)
            corrupt += _offences(store)
    except sqlite3.DatabaseError as trouble:
        return Cut(moment, damage, tuple(told), (str(trouble),))
    lost = tuple(one for one in told if (one.what, one.carrier, one.key) not in kept)
    return Cut(moment, damage, lost, tuple(corrupt))


def _kept(store: sqlite3.Connection) -> set[tuple[str, str, str | int]]:
    texts = store.execute("SELECT 'text', carrier, lower(hex(body)) FROM text_part")
    receipts = store.execute("SELECT 'receipt', carrier, carrier_id FROM receipt")
    submits = store.execute("SELECT 'submit', carrier, sequence FROM attempt")
    return {*texts, *receipts, *submits}


def _offences(store: sqlite3.Connection) -> list[str]:
    """The invariants of the program itself hold in every image."""
    now = {"now": round(time.time() * 1000)}
    return [
        f"{invariant.name}: {row} {detail}"
        for invariant in fsck.INVARIANTS
        for row, detail in store.execute(invariant.query, now)
    ]
