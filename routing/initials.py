"""By which letters a Chinese word is typed: the first letter of each character's sound, so that "jjdd" finds 交警大队.

GB 2312 holds its 3,755 usual characters in the order of their sounds, so where a letter begins is all there is to know.
Of a character with several sounds that order has one; rare characters have no letter.
"""

from bisect import bisect_right
from itertools import pairwise

_BEGIN = (
    *(("a", "啊"), ("b", "芭"), ("c", "擦"), ("d", "搭"), ("e", "蛾"), ("f", "发"), ("g", "噶"), ("h", "哈")),
    *(("j", "击"), ("k", "喀"), ("l", "垃"), ("m", "妈"), ("n", "拿"), ("o", "哦"), ("p", "啪"), ("q", "期")),
    *(("r", "然"), ("s", "撒"), ("t", "塌"), ("w", "挖"), ("x", "昔"), ("y", "压"), ("z", "匝")),
)
"""Each letter with the first character of the order that begins with it."""
_LAST = "座"
_CODES = tuple(character.encode("gb2312") for _, character in _BEGIN)
_LETTERS = tuple(letter for letter, _ in _BEGIN)
if any(one >= two for one, two in pairwise(_CODES)):
    raise ValueError("the order of sounds is broken")


def initials(word: str) -> str:
    """The letters under which a word is found. Letters and digits stand for themselves; the unknown is left out."""
    return "".join(map(_initial, word))


def _initial(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return ""
    return _LETTERS[bisect_right(_CODES, code) - 1] if _CODES[0] <= code <= _LAST.encode("gb2312") else ""


def matches(typed: str, word: str) -> bool:
    """True when what was typed stands in the word: its characters, or their letters."""
    return not typed or typed in word or (typed.isascii() and typed.lower() in initials(word))
