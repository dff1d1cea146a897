"""What goes over a line as a capture file (pcap) that Wireshark opens, with numbers, words and passwords masked.

A tap sees octets behind TLS and TCP. `Capture` cuts them into PDUs, masks each and puts them back into frames of
Ethernet, IP and TCP, whose addresses and ports are the connection's own and whose sequence numbers add up. `Reading`
takes such a file apart again, also while it grows. Both are bytes in, values or bytes out.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from ipaddress import ip_address
from struct import Struct
from typing import NamedTuple

from carriers.dialect import Dialect
from carriers.explain import masked


class Seen(Enum):
    """What happened on a connection."""

    CALLED = auto()  # we opened it
    CALLED_US = auto()  # the carrier did
    SENT = auto()
    RECEIVED = auto()
    HUNG_UP = auto()  # we closed it
    LOST = auto()  # the carrier did, or the network


class Address(NamedTuple):
    """One end of a connection."""

    host: str
    port: int


class Glimpse(NamedTuple):
    """What a tap sees. The two ends tell which connection it is."""

    seen: Seen
    ours: Address
    theirs: Address
    octets: bytes = b""


# The file: a header, and before each frame another one (draft-ietf-opsawg-pcap; little-endian, microseconds).
FILE_HEADER = Struct("<IHHiIII").pack(0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
_RECORD = Struct("<IIII")
_ETHERNET, _IPV4, _IPV6, _TCP = Struct("!6s6sH"), Struct("!BBHHHBBH4s4s"), Struct("!IHBB16s16s"), Struct("!HHIIBBHHH")
_OUR_CARD, _THEIR_CARD = b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02"  # locally administered
_FIN, _SYN, _PUSH, _ACK = 0x01, 0x02, 0x08, 0x10
SEGMENT = 1_440  # octets in one frame: what fits into Ethernet's 1,500 with IPv6
LONGEST_RECORD = _RECORD.size + _ETHERNET.size + 40 + _TCP.size + SEGMENT


# ------------------------------------------------------------------------------------------------------------- writing


class Capture:
    """Writes one line's file, glimpse by glimpse. `clear`: numbers and words are kept, passwords never."""

    def __init__(self, dialect: Dialect, *, clear: bool = False) -> None:
        self._dialect, self._clear = dialect, clear
        self._connections: dict[tuple[Address, Address], _Connection] = {}

    def write(self, glimpse: Glimpse, at: datetime) -> bytes:
        """What a glimpse adds to the file: nothing yet, while a PDU is not whole."""
        ends = glimpse.ours, glimpse.theirs
        if glimpse.seen in (Seen.CALLED, Seen.CALLED_US):
            self._connections[ends] = _Connection(*ends)  # the same ports again are another connection
            return self._connections[ends].opened(glimpse.seen is Seen.CALLED, at)
        one = self._connections.setdefault(ends, _Connection(*ends))
        if glimpse.seen in (Seen.SENT, Seen.RECEIVED):
            sent = glimpse.seen is Seen.SENT
            return one.carried(sent, self._cut(one, sent, glimpse.octets), at)
        del self._connections[ends]
        rests = (one.carried(sent, self._cover(one.rest[sent]), at) for sent in (True, False))
        return b"".join(rests) + one.closed(glimpse.seen is Seen.HUNG_UP, at)

    def _cut(self, one: "_Connection", sent: bool, octets: bytes) -> bytes:
        """The whole PDUs that there are now, masked."""
        data, at, whole = one.rest[sent] + octets, 0, []
        header, longest = self._dialect.header, self._dialect.longest
        while not one.broken[sent] and len(data) - at >= header.size:
            length = header.unpack_from(data, at)[0]
            if not header.size <= length <= longest:
                one.broken[sent] = True
            elif len(data) - at < length:
                break
            else:
                pdu = data[at : at + length]
                whole.append(masked(pdu, header.size, self._dialect.explain(pdu), clear=self._clear))
                at += length
        if one.broken[sent]:  # what follows is no PDU: nobody can say what it tells
            whole.append(self._cover(data[at:]))
            at = len(data)
        one.rest[sent] = data[at:]
        return b"".join(whole)

    def _cover(self, octets: bytes) -> bytes:
        """Octets that are no PDU, or the beginning of one: its header at most is shown."""
        return octets[: self._dialect.header.size].ljust(len(octets), b"*")


class _Connection:
    """The TCP of one connection. Index 1 (True) is what we send."""

    def __init__(self, ours: Address, theirs: Address) -> None:
        self.rest = [b"", b""]
        self.broken = [False, False]
        self._next = [1, 1]  # sequence numbers: 0 is that of the SYN
        self._hosts = [ip_address(end.host.partition("%")[0]) for end in (theirs, ours)]
        self._ports = [theirs.port, ours.port]
        self._frames = 0

    def opened(self, by_us: bool, at: datetime) -> bytes:
        """The three frames of the greeting."""
        self._next = [0, 0]
        frames = self._frame(by_us, _SYN, b"", at)
        self._next[by_us] = 1
        frames += self._frame(not by_us, _SYN | _ACK, b"", at)
        self._next[not by_us] = 1
        return frames + self._frame(by_us, _ACK, b"", at)

    def carried(self, sent: bool, octets: bytes, at: datetime) -> bytes:
        """Octets in one direction."""
        frames = []
        for begin in range(0, len(octets), SEGMENT):
            piece = octets[begin : begin + SEGMENT]
            frames.append(self._frame(sent, _PUSH | _ACK, piece, at))
            self._next[sent] = (self._next[sent] + len(piece)) & 0xFFFFFFFF
        return b"".join(frames)

    def closed(self, by_us: bool, at: datetime) -> bytes:
        """The farewell of the end that left."""
        return self._frame(by_us, _FIN | _ACK, b"", at)

    def _frame(self, sent: bool, flags: int, octets: bytes, at: datetime) -> bytes:
        source, target = self._hosts[sent].packed, self._hosts[not sent].packed
        acknowledged = self._next[not sent] if flags & _ACK else 0
        fields = (self._ports[sent], self._ports[not sent], self._next[sent], acknowledged, 5 << 4, flags, 65_535)
        pseudo = source + target + (6).to_bytes(4, "big") + (_TCP.size + len(octets)).to_bytes(4, "big")
        sum_ = _checksum(pseudo + _TCP.pack(*fields, 0, 0) + octets)
        segment = _TCP.pack(*fields, sum_, 0) + octets
        self._frames = (self._frames + 1) & 0xFFFF
        cards = (_THEIR_CARD, _OUR_CARD) if sent else (_OUR_CARD, _THEIR_CARD)  # target first
        if len(source) == 4:
            head = (0x45, 0, 20 + len(segment), self._frames, 0x4000, 64, 6)
            ip = _IPV4.pack(*head, _checksum(_IPV4.pack(*head, 0, source, target)), source, target)
        else:
            ip = _IPV6.pack(6 << 28, len(segment), 6, 64, source, target)
        frame = _ETHERNET.pack(*cards, 0x0800 if len(source) == 4 else 0x86DD) + ip + segment
        since = at - _BEGINNING
        seconds = since.days * 86_400 + since.seconds
        return _RECORD.pack(seconds, since.microseconds, len(frame), len(frame)) + frame


_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _checksum(octets: bytes) -> int:
    """RFC 1071: the complement of the one's complement sum of 16-bit words."""
    total = int.from_bytes(octets + b"\x00" * (len(octets) % 2), "big") % 0xFFFF  # 2 ** 16 is 1 there: words add up
    return (0xFFFF - total) % 0xFFFF


# ------------------------------------------------------------------------------------------------------------- reading


class Passed(NamedTuple):
    """Something in a capture file: what happened, or a whole PDU that was sent or received."""

    at: datetime
    seen: Seen
    ours: Address
    theirs: Address
    pdu: bytes = b""


class Reading:
    """Reads a file that `Capture` wrote, as it grows."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._rest = b""
        self._began = False
        self._streams: dict[tuple[Address, Address, bool], bytes] = {}

    def feed(self, octets: bytes) -> Iterator[Passed]:
        """What the next octets of the file complete. Raises `ValueError` when it is no file of ours."""
        data, at = self._rest + octets, 0
        if not self._began and len(data) >= len(FILE_HEADER):
            if not data.startswith(FILE_HEADER):
                raise ValueError("no capture file of ours")
            self._began, at = True, len(FILE_HEADER)
        while self._began and len(data) - at >= _RECORD.size:
            seconds, microseconds, length, _ = _RECORD.unpack_from(data, at)
            if len(data) - at < _RECORD.size + length:
                break
            moment = _BEGINNING + timedelta(seconds=seconds, microseconds=microseconds)
            frame = data[at + _RECORD.size : at + _RECORD.size + length]
            at += _RECORD.size + length
            yield from self._frame(frame, moment)
        self._rest = data[at:]

    def _frame(self, frame: bytes, at: datetime) -> Iterator[Passed]:
        sent = frame[6:12] == _OUR_CARD
        head, wide = (20, 4) if frame[12:14] == b"\x08\x00" else (40, 16)
        ip, tcp = frame[14 : 14 + head], frame[14 + head :]
        source, target = (str(ip_address(ip[begin : begin + wide])) for begin in (head - 2 * wide, head - wide))
        source_port, target_port, _, _, _, flags, *_ = _TCP.unpack_from(tcp)
        ends = Address(source, source_port), Address(target, target_port)
        ours, theirs = ends if sent else ends[::-1]
        if flags & _SYN and not flags & _ACK:
            self._streams = {key: rest for key, rest in self._streams.items() if key[:2] != (ours, theirs)}
            yield Passed(at, Seen.CALLED if sent else Seen.CALLED_US, ours, theirs)
        elif flags & _FIN:
            yield Passed(at, Seen.HUNG_UP if sent else Seen.LOST, ours, theirs)
        else:
            for pdu in self._pdus((ours, theirs, sent), tcp[_TCP.size :]):
                yield Passed(at, Seen.SENT if sent else Seen.RECEIVED, ours, theirs, pdu)

    def _pdus(self, key: tuple[Address, Address, bool], octets: bytes) -> Iterator[bytes]:
        """The whole PDUs of a stream; what is none is given as it is."""
        data, header = self._streams.get(key, b"") + octets, self._dialect.header
        while len(data) >= header.size:
            length = header.unpack_from(data)[0]
            if not header.size <= length <= self._dialect.longest:
                length = len(data)
            if len(data) < length:
                break
            yield data[:length]
            data = data[length:]
        self._streams[key] = data
