"""From words to the bytes of an SMS and back: alphabets, splitting, and reading what phones really send."""

import re
import unicodedata
from codecs import Codec
from functools import cache
from typing import NamedTuple

GSM, ASCII, LATIN1, BINARY, UCS2, GBK = 0, 1, 3, 4, 8, 15  # data_coding, SMPP 3.4, 5.2.19; 15 is practice in China

SINGLE, PART = 140, 134  # octets, without and with a user data header (3GPP TS 23.040)
MOST_PARTS = 255
SURE = 0.75  # a reading as likely as that needs no comparison
LABEL_COUNTS = 0.25  # how much likelier another reading must be than the one that the label names


class Split(NamedTuple):
    """A text ready for the wire: one body per part."""

    coding: int
    bodies: tuple[bytes, ...]


class TooLong(ValueError):
    """The text needs more than 255 parts."""


def split(text: str) -> Split:
    """Cut a text into parts: ASCII where every protocol has the same octet for every character, UCS-2 otherwise.

    SMPP's default alphabet would allow 160 characters, CMPP's ASCII 159, SGIP and SMGP 140. A text is cut alike for all
    of them, so that it can go over any carrier; the office's texts are Chinese and do not feel it.
    """
    if _PLAIN.fullmatch(text):
        bodies = _cut([bytes((octet,)) for octet in text.encode("ascii")])
        return Split(GSM, tuple(b"".join(body) for body in bodies))
    whole = text.encode("utf-16-be", "replace")
    if len(whole) <= SINGLE:
        return Split(UCS2, (whole,))
    units = [character.encode("utf-16-be", "replace") for character in text]
    bodies = _cut(units, _clusters(text))
    return Split(UCS2, tuple(b"".join(body) for body in bodies))


_PLAIN = re.compile("[\n\r -#%-?A-Za-z]*")  # what GSM 03.38 and ASCII have in common, 6.2.1


def parts_of(text: str) -> int:
    """How many SMS the text takes."""
    return len(split(text).bodies)


def units(text: str) -> int:
    """Length in UTF-16 units: what the 70 and 67 of an SMS count."""
    return len(text.encode("utf-16-be", "replace")) // 2


def _cut(pieces: list[bytes], joined: frozenset[int] = frozenset()) -> list[list[bytes]]:
    """Group pieces that must not be cut. `joined` are the pieces that should stay with the one before."""
    if sum(map(len, pieces)) <= SINGLE:
        return [pieces]
    bodies: list[list[bytes]] = [[]]
    room = PART
    for i, piece in enumerate(pieces):
        if len(piece) > room:
            back = _keep_together(bodies[-1], i, joined)
            moved = bodies[-1][len(bodies[-1]) - back :] if back else []
            if back:
                del bodies[-1][-back:]
            bodies.append(moved)
            room = PART - sum(map(len, moved))
        bodies[-1].append(piece)
        room -= len(piece)
    if len(bodies) > MOST_PARTS:
        raise TooLong(f"{len(bodies)} parts")
    return bodies


def _keep_together(body: list[bytes], at: int, joined: frozenset[int]) -> int:
    """How many pieces at the end of `body` belong to the one at `at`. 0 when a cluster fills the whole part."""
    back = 0
    while at - back in joined:
        back += 1
    return back if back < len(body) else 0


def _clusters(text: str) -> frozenset[int]:
    """Positions that continue the character before them: combining marks, variation selectors, joined emoji."""
    return frozenset(
        i
        for i, character in enumerate(text)
        if i
        and (
            unicodedata.combining(character)
            or character in "\u200d\ufe0e\ufe0f"
            or 0x1F3FB <= ord(character) <= 0x1F3FF
            or text[i - 1] == "\u200d"
        )
    )


# ------------------------------------------------------------------------------------------------------------ reading


def decode(body: bytes, coding: int) -> str:
    """The words in a body, whatever its label says. Never raises; what cannot be read becomes U+FFFD."""
    match coding & 0xFF:
        case 0:
            text = _read_default(body)
        case 1:
            text = _first_clean(body, ("ascii", "gb18030", "utf-8")) or body.decode("latin-1")
        case 3:
            text = body.decode("latin-1")
        case 8 | 0x18 | 0x19:  # UCS-2, also as a message class or flash
            text = _read_ucs2(body)
        case 15:
            text = _likeliest(body, ("gb18030", "utf-16-be", "utf-8"))
        case _:
            text = _likeliest(body, ("gb18030", "utf-16-be", "utf-8", "latin-1"))
    return text.replace("\x00", "")


def _read_default(body: bytes) -> str:
    """The SMSC's default alphabet: GSM 03.38 by the book; octets above 127 can only be something else."""
    if any(octet > 0x7F for octet in body):
        return _likeliest(body, ("gb18030", "utf-8", "utf-16-be"))
    text, _ = _gsm().decode(body, "replace")
    return str(text)


@cache
def _gsm() -> Codec:
    from aiosmpplib import GSM7BitCodec  # the library takes a tenth of a second, and few texts come in this alphabet

    codec: Codec = GSM7BitCodec()
    return codec


def _read_ucs2(body: bytes) -> str:
    """UCS-2 by its label. Gateways also put GBK, UTF-8 or little-endian text under it."""
    by_label = body[: len(body) & ~1].decode("utf-16-be", "replace")
    likely = _plausible(by_label)
    if likely < SURE:
        other = _likeliest(body, ("gb18030", "utf-8", "utf-16-le"))
        if likely < _plausible(other) - LABEL_COUNTS:
            return other
    return by_label + "\ufffd" * (len(body) % 2)  # half a character is missing: say so


def _likeliest(body: bytes, codecs: tuple[str, ...]) -> str:
    """The reading that looks most like something a person here would write; the first one among equals."""
    readings = [body.decode(codec, "replace") for codec in codecs]
    return max(readings, key=_plausible)


def _first_clean(body: bytes, codecs: tuple[str, ...]) -> str | None:
    for codec in codecs:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return None


_COMMON = re.compile(
    "[的一是不了在有人我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长问路村水电校乡镇请谢您办修坏灯停县户医保费补贴]"
)


def _plausible(text: str) -> float:
    """0 to 1: how much of it is hanzi, letters, digits and the punctuation of ordinary texts."""
    if not text:
        return 0.0
    points = 0.0
    for character in text:
        code = ord(character)
        if _COMMON.match(character):
            points += 1.0
        elif 0x4E00 <= code <= 0x9FA5:
            points += 0.8
        elif 0x20 <= code < 0x7F or character in "\r\n" or 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E:
            points += 0.9
        elif 0x1F300 <= code <= 0x1FAFF or 0x2000 <= code <= 0x27BF or 0x20000 <= code <= 0x3FFFF or code == 0xFE0F:
            points += 0.8
        elif code == 0xFFFD or 0xE000 <= code <= 0xF8FF or code < 0x20:
            points -= 1.0
        elif 0x00A0 <= code <= 0x024F:
            points += 0.4
    return points / len(text)
