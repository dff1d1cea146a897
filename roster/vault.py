"""Sealing what says who somebody is, and finding it again without unsealing.

Each person has a key of their own, sealed by the master key, which never lies in the database. What is sealed
is bound to its place (`person.phone:17`), so it cannot be moved to another row. Look-up goes through keyed
hashes (blind indexes). Destroying a person's key forgets the person, in old backups too.

An edge in one respect: keys and nonces are drawn from the system's randomness.
"""

import hmac
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"  # AES-256-GCM, nonce of 12 octets in front
NONCE = 12
BODY = 1 + NONCE  # where what is sealed begins
REMEMBERED_KEYS = 20_000
_KEY = b"person.key"  # where a person's key is sealed


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Three keys of 32 octets: `master` seals, `index` makes look-up hashes, `seal` chains the audit log."""

    master: bytes
    index: bytes
    seal: bytes


def new_keys() -> Keys:
    """Fresh keys for a new working folder."""
    return Keys(os.urandom(32), os.urandom(32), os.urandom(32))


class Unsealable(Exception):
    """What was sealed cannot be opened: another key, another place, or damaged."""


class Vault:
    """Seals and opens. Keeps the keys of people used lately open, boundedly."""

    def __init__(self, keys: Keys) -> None:
        self._master = AESGCM(keys.master)
        self._raw = AESGCM(_derived(keys.master, b"raw"))
        self._index = {name: _derived(keys.index, name) for name in (b"phone", b"name", b"identity", b"print")}
        self._open: OrderedDict[bytes, AESGCM] = OrderedDict()

    # --------------------------------------------------------------------------------------------------- look-up

    def phone_index(self, number: str) -> bytes:
        """The look-up hash of a number in E.164."""
        return self._hash(b"phone", number.encode())

    def name_index(self, name: str) -> bytes:
        """The look-up hash of a name."""
        return self._hash(b"name", name.encode())

    def identity_index(self, identity: str) -> bytes:
        """The look-up hash of an identity number."""
        return self._hash(b"identity", identity.encode())

    def fingerprint(self, *parts: bytes) -> bytes:
        """A hash by which the same text is known again; each part is delimited by its length."""
        return self._hash(b"print", b"".join(len(part).to_bytes(4, "big") + part for part in parts))

    def _hash(self, kind: bytes, data: bytes) -> bytes:
        return hmac.digest(self._index[kind], data, "sha256")

    # --------------------------------------------------------------------------------------------------- sealing

    def new_person_key(self) -> bytes:
        """A new key, sealed by the master key."""
        key = os.urandom(32)
        nonce = os.urandom(NONCE)
        sealed = VERSION + nonce + self._master.encrypt(nonce, key, _KEY)
        self._remember(sealed, AESGCM(key))
        return sealed

    def seal(self, key_sealed: bytes, place: str, plain: str) -> bytes:
        """Seal words under a person's key, bound to their place."""
        nonce = os.urandom(NONCE)
        return VERSION + nonce + self._person(key_sealed).encrypt(nonce, plain.encode(), place.encode())

    def open(self, key_sealed: bytes, place: str, sealed: bytes) -> str:
        """The words. Raises `Unsealable`."""
        return self._decrypt(self._person(key_sealed), sealed, place.encode()).decode()

    def open_all(self, place: str, sealed: Iterable[tuple[int, bytes | None, bytes]]) -> dict[int, str]:
        """The same words about many people, each at `place`:id, from (id, sealed key, sealed words).

        Who was forgotten, and what cannot be opened, is not in the answer. The keys are not remembered: a notice to
        everybody would leave no room for the keys of those who have just written.
        """
        found = {}
        master, bound = self._master, place.encode() + b":%d"
        for number, key, words in sealed:
            if key is None or not key[:1] == words[:1] == VERSION:
                continue
            try:
                own = AESGCM(master.decrypt(key[1:BODY], key[BODY:], _KEY))
                found[number] = own.decrypt(words[1:BODY], words[BODY:], bound % number).decode()
            except InvalidTag:
                continue
        return found

    def seal_octets(self, key_sealed: bytes, place: str, octets: bytes) -> bytes:
        """Seal octets under a person's key: what only that person's forgetting may destroy."""
        return self.seal(key_sealed, place, octets.decode("latin-1"))

    def open_octets(self, key_sealed: bytes, place: str, sealed: bytes) -> bytes:
        """The octets. Raises `Unsealable`."""
        return self.open(key_sealed, place, sealed).encode("latin-1")

    def seal_raw(self, place: str, data: bytes) -> bytes:
        """Seal octets that belong to nobody we know, under a key of the system."""
        nonce = os.urandom(NONCE)
        return VERSION + nonce + self._raw.encrypt(nonce, data, place.encode())

    def open_raw(self, place: str, sealed: bytes) -> bytes:
        """The octets. Raises `Unsealable`."""
        return self._decrypt(self._raw, sealed, place.encode())

    def _person(self, key_sealed: bytes) -> AESGCM:
        known = self._open.get(key_sealed)
        if known is None:
            known = AESGCM(self._decrypt(self._master, key_sealed, _KEY))
            self._remember(key_sealed, known)
        return known

    def _remember(self, key_sealed: bytes, key: AESGCM) -> None:
        self._open[key_sealed] = key
        if len(self._open) > REMEMBERED_KEYS:
            self._open.popitem(last=False)

    def _decrypt(self, key: AESGCM, sealed: bytes, place: bytes) -> bytes:
        if sealed[:1] != VERSION:
            raise Unsealable("unknown version")
        try:
            return key.decrypt(sealed[1:BODY], sealed[BODY:], place)
        except InvalidTag:
            raise Unsealable("sealed elsewhere, or damaged") from None


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"xinqiao " + purpose, sha256).digest()
