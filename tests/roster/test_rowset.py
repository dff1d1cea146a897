"""Many rows as one parameter, on both engines."""

import pytest
import sqlalchemy as sa

from roster.rowset import Statement
from roster.tables import number_decision

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


def test_one_row_goes_in_by_the_names_of_its_columns_and_is_changed_by_them(
    tx: sa.Connection, people: list[int]
) -> None:
    put = Statement.inserting(number_decision, "person_id", "verdict", "reason", "actor", "at")
    [(row_id,)] = put.all(tx, person_id=people[0], verdict="confirmed", reason="说是本人", actor="甲", at=5)
    [(again,)] = put.all(tx, person_id=people[0], verdict="confirmed", reason="", actor="甲", at=6)
    assert again != row_id
    settle = Statement.changing(number_decision, "verdict", "reason", where="id = :row AND verdict = :stood")
    assert settle.run(tx, row=row_id, stood="confirmed", verdict="dismissed", reason="号码已换") == 1
    assert settle.run(tx, row=row_id, stood="confirmed", verdict="dismissed", reason="号码已换") == 0
    rows = tx.execute(sa.select(number_decision.c.verdict, number_decision.c.reason).order_by(number_decision.c.id))
    assert rows.all() == [("dismissed", "号码已换"), ("confirmed", "")]


def test_a_column_may_be_a_word_of_the_engines_own(tx: sa.Connection) -> None:
    held = sa.Table(
        "held", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("binary", sa.Boolean)
    )
    held.create(tx)
    assert Statement.inserting(held, "binary").all(tx, binary=True) == [(1,)]


def test_what_the_driver_raises_is_raised_as_sqlalchemy_raises_it(tx: sa.Connection) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="no_such_table") as trouble:
        Statement("SELECT * FROM no_such_table WHERE id = :secret").all(tx, secret="13800000001")
    assert trouble.value.orig is not None
    assert "13800000001" not in str(trouble.value)
