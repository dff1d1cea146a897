"""Sealing what says who somebody is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roster.vault import Keys, Unsealable, Vault, new_keys

KEYS = Keys(b"m" * 32, b"i" * 32, b"s" * 32)


@given(st.text(max_size=60))
def test_what_is_sealed_opens_again(words: str) -> None:
    vault = Vault(KEYS)
    key = vault.new_person_key()
    assert Vault(KEYS).open(key, "person.phone:7", vault.seal(key, "person.phone:7", words)) == words


def test_what_is_sealed_cannot_be_moved_to_another_row_or_person(vault: Vault) -> None:
    key, other = vault.new_person_key(), vault.new_person_key()
    sealed = vault.seal(key, "person.phone:7", "+8613800000001")
    for whose, place in ((key, "person.phone:8"), (key, "informant.name:7"), (other, "person.phone:7")):
        with pytest.raises(Unsealable):
            vault.open(whose, place, sealed)


def test_another_folders_keys_open_nothing(vault: Vault) -> None:
    key = vault.new_person_key()
    sealed = vault.seal(key, "p", "x")
    with pytest.raises(Unsealable):
        Vault(new_keys()).open(key, "p", sealed)


@given(st.integers(0, 60))
def test_a_damaged_octet_shows(at: int) -> None:
    vault = Vault(KEYS)
    key = vault.new_person_key()
    sealed = bytearray(vault.seal(key, "p", "a number that is long enough to be damaged anywhere"))
    sealed[at] ^= 1
    with pytest.raises(Unsealable):
        vault.open(key, "p", bytes(sealed))


def test_nothing_of_a_number_shows_in_what_is_stored(vault: Vault) -> None:
    key = vault.new_person_key()
    number = "+8613800000001"
    assert b"13800000001" not in vault.seal(key, "p", number) + vault.phone_index(number)
    assert vault.seal(key, "p", number) != vault.seal(key, "p", number)


def test_indexes_need_the_key_and_differ_by_kind(vault: Vault) -> None:
    assert vault.phone_index("x") == vault.phone_index("x")
    assert len({vault.phone_index("x"), vault.name_index("x"), vault.identity_index("x")}) == 3
    assert vault.phone_index("x") != Vault(new_keys()).phone_index("x")


def test_fingerprints_tell_where_parts_end(vault: Vault) -> None:
    assert vault.fingerprint(b"ab", b"c") != vault.fingerprint(b"a", b"bc")


def test_keys_do_not_show_themselves() -> None:
    assert "mmm" not in repr(KEYS)


def test_the_numbers_of_many_open_together_but_for_those_that_do_not_open_alone(vault: Vault) -> None:
    keys = {person: vault.new_person_key() for person in range(1, 8)}
    sealed = {person: vault.seal(key, f"person.phone:{person}", f"+{person}") for person, key in keys.items()}
    rows: list[tuple[int, bytes | None, bytes]] = [
        (1, keys[1], sealed[1]),
        (2, None, sealed[2]),  # forgotten
        (3, keys[2], sealed[3]),  # another's key
        (4, keys[4], sealed[5]),  # another's number
        (5, keys[5], b"\x02" + sealed[5][1:]),  # a version that we do not know
        (6, keys[6][:-1] + b"?", sealed[6]),  # a damaged key
        (7, keys[7], sealed[7]),
    ]
    assert vault.open_all("person.phone", rows) == {1: "+1", 7: "+7"}
