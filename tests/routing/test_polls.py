"""What a poll comes to, and that nothing small can be computed from what is shown of it."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import polls
from routing.polls import Asked, Vote, counted, masked, outcome

OPTIONS = ("同意", "不同意")


def mask(reason: str) -> str:
    return reason


@given(st.permutations([Vote(1, 1, "", 10, 1), Vote(1, 2, "", 30, 2), Vote(1, 1, "", 20, 3), Vote(2, 1, "", 5, 4)]))
def test_the_last_vote_counts_in_whatever_order_the_texts_come(votes: list[Vote]) -> None:
    assert {person: (vote.option, vote.text_id) for person, vote in counted(votes).items()} == {1: (2, 2), 2: (1, 4)}


def people(groups: dict[tuple[str, str, str], tuple[int, ...]]) -> tuple[list[Asked], list[Vote]]:
    """Groups of (category, township, village): how many kept silent, how many chose each option."""
    asked: list[Asked] = []
    votes: list[Vote] = []
    for where, cells in groups.items():
        for option, many in enumerate(cells):
            for _ in range(many):
                person = len(asked) + 1
                asked.append(Asked(person, *where, delivered=True))
                if option:
                    votes.append(Vote(person, option, "", 1, person))
    return asked, votes


def ways(total: int, boxes: int) -> Iterator[tuple[int, ...]]:
    """All ways to share people out."""
    if boxes == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in ways(total - first, boxes - 1):
            yield (first, *rest)


def possible(rows: tuple[polls.Row, ...], counts: tuple[int | None, ...]) -> list[list[tuple[int, ...]]]:
    """All tables that agree with what is shown: (silent, option 1, ...) by row."""
    choices = []
    for row in rows:
        choices.append(
            [
                cells
                for cells in ways(row.asked, len(counts) + 1)
                if (row.voted is None or row.asked - cells[0] == row.voted)
                and all(shown is None or shown == cell for shown, cell in zip(row.options, cells[1:], strict=True))
            ]
        )
    return [
        list(table)
        for table in product(*choices)
        if tuple(sum(cells[i] for cells in table) for i in range(1, len(counts) + 1)) == counts
    ]


CELLS = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)).filter(any)


@settings(max_examples=40)
@given(st.lists(CELLS, min_size=2, max_size=3))
def test_no_cell_that_is_kept_back_can_be_computed_and_no_small_one_is_shown(cells: list[tuple[int, ...]]) -> None:
    fewest, polls.FEWEST = polls.FEWEST, 3
    try:
        asked, votes = people({(f"类{i}", "镇", "村"): one for i, one in enumerate(cells)})
        found = outcome(OPTIONS, asked, votes, mask)
    finally:
        polls.FEWEST = fewest
    if None in found.counts:
        assert (found.voted < 3, found.by_category) == (True, ())
        return
    open_ = possible(
        tuple(polls.Row(row.name, row.asked, None, (None, None)) for row in found.by_category), found.counts
    )
    tables = possible(found.by_category, found.counts)
    for at, row in enumerate(found.by_category):
        for i, shown in enumerate(row.options, 1):
            values = {table[at][i] for table in tables}
            if shown is None:
                assert len(values) > 1
            else:
                assert shown >= 3 or len({table[at][i] for table in open_}) == 1
        if row.voted is None:
            assert len({table[at][0] for table in tables}) > 1


@settings(max_examples=20)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 3)).filter(any), min_size=1, max_size=2
        ),
        min_size=2,
        max_size=2,
    )
)
def test_villages_give_nothing_away_about_townships_nor_these_about_them(towns: list[list[tuple[int, ...]]]) -> None:
    fewest, polls.FEWEST = polls.FEWEST, 2
    try:
        groups = {("类", f"镇{t}", f"村{v}"): cells for t, town in enumerate(towns) for v, cells in enumerate(town)}
        found = outcome(OPTIONS, *people(groups), mask)
    finally:
        polls.FEWEST = fewest
    if None in found.counts:
        assert (found.by_township, found.by_village) == ((), ())
        return
    shown = {row.name: row for row in found.by_township}
    tables = [
        table
        for table in possible(found.by_village, found.counts)
        if all(
            shown_cell
            in (
                None,
                sum(cells[i] for row, cells in zip(found.by_village, table, strict=True) if row.name.startswith(name)),
            )
            for name, town in shown.items()
            for i, shown_cell in enumerate(town.options, 1)
        )
        and all(
            town.voted
            in (
                None,
                town.asked
                - sum(c[0] for row, c in zip(found.by_village, table, strict=True) if row.name.startswith(name)),
            )
            for name, town in shown.items()
        )
    ]
    assert tables
    for at, row in enumerate(found.by_village):
        for i, cell in enumerate(row.options, 1):
            assert cell is not None or len({table[at][i] for table in tables}) > 1
    for name, town in shown.items():
        at_ = [at for at, row in enumerate(found.by_village) if row.name.startswith(name)]
        for i, cell in enumerate(town.options, 1):
            assert cell is not None or len({sum(table[at][i] for at in at_) for table in tables}) > 1


def test_the_whole_is_shown_and_small_groups_keep_back() -> None:
    groups = {
        ("农民", "城关镇", "东赵村"): (40, 60, 200, 3),
        ("教师", "城关镇", "东赵村"): (20, 30, 50, 9),
        ("个体户", "城关镇", "东赵村"): (2, 1, 4, 0),
    }
    found = outcome(("同意", "不同意", "说不清"), *people(groups), mask)
    assert (found.asked, found.voted, found.counts, found.lead()) == (419, 357, (91, 254, 12), "不同意")
    farmers, teachers, traders = found.by_category
    assert (farmers.options, farmers.voted) == ((60, 200, None), None)  # 3 is small, and 263 - 60 - 200 would be it
    assert traders.options == (None, None, None)
    assert teachers.options == (None, None, 9)  # or what the traders chose would be the rest
    assert found.by_township == found.by_village == ()  # one place is the whole


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("太远了", "太远了"),
        ("太远了,我是东赵村张三", "太远了,我是…"),
        ("我叫张三\uff0c太远了", "我叫…\uff0c太远了"),
        ("打我电话13800000001", "打我电话…"),
        ("东赵村的老人走不动", "…的老人走不动"),
    ],
)
def test_a_reason_is_nobodys(reason: str, shown: str) -> None:
    assert masked(reason, ("东赵村",)) == shown
