"""From claimed parts to PDUs: whose number, which words, from which service number.

A notice's text is encoded once per part and patched for each person; texts of their own are encoded one by
one. Numbers are unsealed here and nowhere else on the way out, and remembered for a while.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from carriers import dialects
from carriers.dialect import Template
from carriers.events import Concatenation
from carriers.profile import CarrierProfile
from carriers.text import split
from gateway import notices
from gateway.outbox import DIRECT, Claimed
from roster import store as roster_store
from roster.vault import Vault

Submit = tuple[int, int, bytes]
"""(sequence, token, pdu) as `Session.submit` takes it; the token is the part's id."""

REMEMBERED = 60_000  # numbers kept in memory at most: some 6 MB


class Composer:
    """Knows the profiles of the carriers, the texts of the running notices and the numbers used lately."""

    def __init__(self, profiles: Mapping[str, CarrierProfile], vault: Vault) -> None:
        self._profiles = profiles
        self._vault = vault
        self._numbers: dict[int, str] = {}
        self._notices: dict[int, notices.Lane] = {}
        self._personal: frozenset[int] = frozenset()  # the notices among them that name the person
        self._templates: dict[tuple[str, int, int], Template] = {}

    def use(self, lanes: Sequence[notices.Lane]) -> None:
        """The notices that run now. Others have changed the store: a number known so far may be another one by now."""
        self._notices = {lane.notice_id: lane for lane in lanes}
        self._personal = frozenset(lane.notice_id for lane in lanes if notices.has_fields(lane.body))
        self._templates = {key: kept for key, kept in self._templates.items() if key[1] in self._notices}
        self._numbers.clear()

    def compose(
        self, tx: sa.Connection, carrier: str, claimed: Sequence[Claimed], stamp: bytes = b""
    ) -> tuple[list[Submit], list[Claimed]]:
        """The PDUs of the claimed parts, and those that cannot be sent (number forgotten, text damaged)."""
        self._learn_numbers(tx, {one.person_id for one in claimed})
        named = self._names_for(tx, claimed)
        prefix = self._profiles[carrier].destination_prefix
        ready: list[Submit] = []
        unreadable: list[Claimed] = []
        for one in claimed:
            number = self._numbers.get(one.person_id)
            template = self._template(carrier, one, named) if number else None
            if template is None or number is None:
                unreadable.append(one)
                continue
            written = prefix + number.removeprefix("+86")  # as the carrier wants it
            pdu = template.pdu(one.sequence, written, one.part_id & 0xFFFF, stamp)
            ready.append((one.sequence, one.part_id, pdu))
        return ready, unreadable

    def _learn_numbers(self, tx: sa.Connection, people: set[int]) -> None:
        unknown = {one for one in people if one not in self._numbers}
        if unknown:
            if len(self._numbers) + len(unknown) > REMEMBERED:
                self._numbers.clear()
                unknown = people
            self._numbers.update(roster_store.phones(tx, self._vault, unknown))

    def _names_for(self, tx: sa.Connection, claimed: Sequence[Claimed]) -> Mapping[int, roster_store.Rendering]:
        """What the fields of a notice say for each person; nothing is looked up when no notice has fields."""
        people = {one.person_id for one in claimed if one.lane in self._personal}
        return roster_store.renderings(tx, self._vault, people) if people else {}

    def _template(self, carrier: str, one: Claimed, named: Mapping[int, roster_store.Rendering]) -> Template | None:
        key = (carrier, one.lane, one.number)
        if known := self._templates.get(key):
            return known
        profile = self._profiles[carrier]
        if one.lane == DIRECT:
            return _encode(profile, one.extension, one.body or "", one, one.message_id)
        notice = self._notices[one.lane]
        if one.lane in self._personal:
            person = named.get(one.person_id)
            body = notices.render(notice.body, person) if person else None
            return _encode(profile, self._extension(profile, one), body, one, one.lane) if body else None
        fresh = _encode(profile, self._extension(profile, one), notice.body, one, one.lane)
        if fresh is not None:
            self._templates[key] = fresh
        return fresh

    def _extension(self, profile: CarrierProfile, one: Claimed) -> str:
        return notices.extension_of(one.lane, profile.extension_digits)


def _encode(profile: CarrierProfile, extension: str, body: str, one: Claimed, reference: int) -> Template | None:
    text = split(body)
    if one.number > len(text.bodies):
        return None  # the text became shorter than it was planned: nothing to say in this part
    concatenation = Concatenation(reference & 0xFF, one.total, one.number, 8) if one.total > 1 else None
    return dialects.template(
        profile,
        profile.access_number + extension,
        text.bodies[one.number - 1],
        text.coding,
        concatenation,
    )
