"""A store in memory with a few people, for tests of what is stored."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from gateway.tables import metadata
from roster.tables import person


@pytest.fixture
def tx() -> Iterator[sa.Connection]:
    """An open transaction on an empty store."""
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def people(tx: sa.Connection) -> list[int]:
    """Ten people of China Mobile, numbered 1 to 10."""
    rows = [
        {
            "id": number,
            "phone_sealed": b"sealed",
            "phone_index": f"index {number}".encode(),
            "carrier": "mobile",
            "carrier_source": "prefix",
            "created_at_ms": 0,
        }
        for number in range(1, 11)
    ]
    tx.execute(
        sa.text(
            "INSERT INTO person (id, phone_sealed, phone_index, carrier, carrier_source, created_at) "
            "VALUES (:id, :phone_sealed, :phone_index, :carrier, :carrier_source, :created_at_ms)"
        ),
        rows,
    )
    assert tx.scalar(sa.select(sa.func.count()).select_from(person)) == 10
    return list(range(1, 11))
