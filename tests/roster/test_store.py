"""What the roster keeps, and how it is asked."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from roster import store
from roster.audiences import Audience
from roster.networks import Belonging, Prefixes
from roster.tables import informant, person
from roster.vault import Vault

PREFIXES = Prefixes({"138": "移动"}, {"移动": "mobile"}, "mobile")


def join(tx: sa.Connection, vault: Vault, person_id: int, now: datetime, category: str = "教师") -> None:
    """Make a person an informant."""
    key = store.sealing_key(tx, person_id)
    assert key is not None
    values = store.informant_values(
        vault,
        key,
        person_id,
        name=f"钱{person_id}",
        identity="",
        category=category,
        township="城关镇",
        village="东赵村",
        details={"note": "n"},
        now=now,
    )
    tx.execute(sa.insert(informant).values(**values, state="active", stop_reason="", created_at=now))


def test_a_number_is_the_same_person_for_ever(
    tx: sa.Connection, vault: Vault, people: list[int], now: datetime
) -> None:
    again = store.find_or_add_person(tx, vault, "+8613800000003", Belonging("unicom", "learned", ""), now)
    assert (again.id, again.carrier) == (3, "mobile")
    assert not again.informant


def test_numbers_come_back_by_person(tx: sa.Connection, vault: Vault, people: list[int]) -> None:
    assert store.phones(tx, vault, [2, 9, 404]) == {2: "+8613800000002", 9: "+8613800000009"}


def test_the_file_holds_no_number_and_no_name(
    tx: sa.Connection, vault: Vault, people: list[int], now: datetime
) -> None:
    join(tx, vault, 1, now)
    dump = "".join(str(row) for table in (person, informant) for row in tx.execute(sa.select(table)))
    assert "13800000001" not in dump
    assert "钱1" not in dump
    assert "钱1".encode().hex() not in dump


def test_somebody_whose_key_is_destroyed_is_forgotten(tx: sa.Connection, vault: Vault, people: list[int]) -> None:
    tx.execute(sa.update(person).where(person.c.id == 2).values(key_sealed=None))
    assert store.phones(tx, vault, [1, 2]) == {1: "+8613800000001"}


def test_members_are_found_by_name_number_and_place(
    tx: sa.Connection, vault: Vault, people: list[int], now: datetime
) -> None:
    for person_id in people[:4]:
        join(tx, vault, person_id, now, "教师" if person_id % 2 else "农民")
    assert [one.person_id for one in store.members(tx, vault, name="钱3")] == [3]
    assert [one.person_id for one in store.members(tx, vault, phone="+8613800000002")] == [2]
    assert [one.person_id for one in store.members(tx, vault, category="农民")] == [2, 4]
    assert store.counts(tx)["category"] == {"教师": 2, "农民": 2}


def test_somebody_unknown_has_no_key(tx: sa.Connection, people: list[int]) -> None:
    assert store.sealing_key(tx, 999_999) is None


def test_the_audience_leaves_out_who_stopped_or_opted_out(
    tx: sa.Connection, vault: Vault, people: list[int], now: datetime
) -> None:
    for person_id in people[:5]:
        join(tx, vault, person_id, now)
    store.set_state(tx, 1, "stopped", "moved away", now)
    store.opt_out(tx, 2, "text", "TD", None, "citizen", now)
    everybody = Audience()
    assert [row.person_id for row in tx.execute(store.audience_query(everybody))] == [3, 4, 5]
    assert store.left_out(tx, everybody) == {"stopped": 1, "opted out": 1}
    store.opt_in(tx, 2, "text", "KT", None, "citizen", now)
    assert len(tx.execute(store.audience_query(everybody)).all()) == 4
    assert [row.action for row in store.consents(tx, 2)] == ["opt_out", "opt_in"]


def test_an_audience_can_be_chosen_by_every_mark(
    tx: sa.Connection, vault: Vault, people: list[int], now: datetime
) -> None:
    for person_id in people[:4]:
        join(tx, vault, person_id, now, "教师" if person_id % 2 else "农民")
    store.set_carrier(tx, 3, "unicom", "me", now)
    for audience, expected in (
        (Audience(categories=("教师",)), [1, 3]),
        (Audience(carriers=("unicom",)), [3]),
        (Audience(townships=("外县",)), []),
        (Audience(villages=("东赵村",), categories=("农民",)), [2, 4]),
        (Audience(persons=(1, 4)), [1, 4]),
    ):
        assert sorted(row.person_id for row in tx.execute(store.audience_query(audience))) == expected
        assert Audience.from_json(audience.as_json()) == audience


def test_a_text_teaches_the_carrier_unless_an_operator_said_otherwise(
    tx: sa.Connection, vault: Vault, people: list[int], now: datetime
) -> None:
    until = now + timedelta(days=180)
    assert store.learn_carrier(tx, 1, "unicom", "text", "", now, until)
    assert store.person_of(tx, 1).carrier == "unicom"
    store.set_carrier(tx, 1, "telecom", "me", now)
    assert not store.learn_carrier(tx, 1, "mobile", "text", "", now, until)
    assert store.person_of(tx, 1).carrier == "telecom"
    assert [row.source for row in store.evidence(tx, 1)] == ["text", "operator", "text"]
    assert store.clear_carrier(tx, vault, 1, PREFIXES, "me", now).carrier == "mobile"


def test_ten_thousand_members_are_unsealed_in_a_moment(tx: sa.Connection, vault: Vault, people: list[int]) -> None:
    assert len(store.phones(tx, vault, range(1, 10_000))) == 10
