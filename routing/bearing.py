"""Whether a text can be about a matter at all, or has one of its own.

Two texts of the same matter share pairs of characters (`alike`). Short ones often do not ("还是不亮" of a lamp), so a
short text is foreign only when what it names itself has not even a character in common: "又停电了" is no lamp.
"""

from routing.words import Words, alike, plain

OWN_MATTER = 15  # characters from which a text that shares nothing with a case is a matter of its own
A_NAME = 2  # characters from which what a complaint names is no part of complaining


def strange(text: str, matter: str) -> bool:
    """True for a matter of its own: long enough to be one, and without a word of the other."""
    return len(plain(text)) >= OWN_MATTER and alike(text, matter) == 0


def foreign(text: str, matter: str, words: Words, least: int = 1) -> bool:
    """True for a text that names something, in so many characters or more, and nothing of what the other names."""
    named = words.named(text)
    return max(map(len, named), default=0) >= least and not {*"".join(named)} & {*plain(matter)}


def names(text: str, matter: str, words: Words) -> bool:
    """True for a text that names something that the other names, too."""
    return bool({*"".join(words.named(text))} & {*"".join(words.named(matter))})
