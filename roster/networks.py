"""Which carrier reaches a number: operator's word, what was learned, the prefix table, the library, the default.

Number portability (携号转网) makes every table wrong for some people, so each answer names its evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from roster.phones import national


@dataclass(frozen=True, slots=True)
class Belonging:
    """A carrier (its name in the settings) and how we know."""

    carrier: str
    source: str  # operator | learned | prefix | library | default
    evidence: str


@dataclass(frozen=True, slots=True)
class Learned:
    """A carrier that a text or a receipt taught us, believed until `expires_at`."""

    carrier: str
    expires_at: datetime | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prefix table: `ranges` maps leading digits to a network, `owners` a network to a configured carrier."""

    ranges: Mapping[str, str]
    owners: Mapping[str, str]
    default: str

    @property
    def longest(self) -> int:
        """How many digits the longest prefix has."""
        return max(map(len, self.ranges), default=0)


def carrier_of(
    number: str, override: str | None, learned: Learned | None, prefixes: Prefixes, now: datetime
) -> Belonging:
    """The carrier for an E.164 number. Never refuses: a number nobody knows goes to the default."""
    if override is not None:
        return Belonging(override, "operator", "set by an operator")
    if learned is not None and (learned.expires_at is None or learned.expires_at > now):
        return Belonging(learned.carrier, "learned", learned.evidence)
    return (
        _by_prefix(number, prefixes)
        or _by_library(number, prefixes)
        or Belonging(prefixes.default, "default", "no table knows this number")
    )


def _by_prefix(number: str, prefixes: Prefixes) -> Belonging | None:
    digits = national(number)
    for length in range(prefixes.longest, 2, -1):
        network = prefixes.ranges.get(digits[:length], "")
        if network in prefixes.owners:
            return Belonging(prefixes.owners[network], "prefix", f"{digits[:length]} {network}")
    return None


def _by_library(number: str, prefixes: Prefixes) -> Belonging | None:
    import phonenumbers
    from phonenumbers import carrier as library  # its tables take a tenth of a second and 11 MB: rarely needed

    try:
        name = library.name_for_number(phonenumbers.parse(number, None), "zh")
    except phonenumbers.NumberParseException:
        return None
    for network, owner in prefixes.owners.items():
        if name and network in name:
            return Belonging(owner, "library", name)
    return None
