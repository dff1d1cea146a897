"""Many rows as one parameter, on both engines."""

import pytest
import sqlalchemy as sa

from roster.rowset import Statement

PAIRS = Statement("SELECT r.number, r.words, :more FROM {rows} AS r ORDER BY r.number", number="BIGINT", words="TEXT")
NUMBERS = Statement("SELECT r.number + 1 FROM {rows} AS r ORDER BY 1", number="BIGINT")
WORDS = Statement("SELECT r.words FROM {rows} AS r", words="TEXT")


def test_rows_of_several_columns_arrive_as_they_were(tx: sa.Connection) -> None:
    rows = [(2**40, "信桥"), (-1, None), (7, 'it\'s 100% "so" :more')]
    assert PAIRS.all(tx, rows, more="x") == [(number, words, "x") for number, words in sorted(rows)]


def test_rows_of_one_column_are_plain_values(tx: sa.Connection) -> None:
    assert NUMBERS.all(tx, {3, 1, 2**40}) == [(2,), (4,), (2**40 + 1,)]
    assert WORDS.all(tx, ["0071"]) == [("0071",)]
    assert WORDS.all(tx, [None]) == [(None,)]


def test_no_rows_are_no_rows(tx: sa.Connection) -> None:
    assert PAIRS.all(tx, [], more="x") == []
    assert NUMBERS.all(tx) == []


def test_a_change_tells_how_many_rows_it_changed(tx: sa.Connection, people: list[int]) -> None:
    learn = Statement("UPDATE person SET carrier = :carrier WHERE id IN (SELECT id FROM {rows} AS r)", id="BIGINT")
    assert learn.run(tx, [people[0], people[1], 999_999], carrier="unicom") == 2


def test_what_the_driver_raises_is_raised_as_sqlalchemy_raises_it(tx: sa.Connection) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="no_such_table") as trouble:
        Statement("SELECT * FROM no_such_table WHERE id = :secret").all(tx, secret="13800000001")
    assert trouble.value.orig is not None
    assert "13800000001" not in str(trouble.value)
