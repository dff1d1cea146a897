"""Tables at the widths that people have: no number is broken in the middle, nothing is lost without a sign."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from gateway.cli.table import columns, draw

CASES = ("编号", "状态", "灯", "沟通办", "类别", "主办", "期限", "登记", "内容…")
LONG = "天台山镇南街污水沟堵了臭得很,路面全是脏水," * 8
ROWS = [
    (
        "FX2600017",
        "待签收",
        "未到期",
        "",
        "",
        "县水利局",
        "2026-12-02",
        "2026-11-29 07:08",
        "村口的水管爆了三天,水往路上流",
    ),
    ("FX2600147", "待受理", "", "未到期", "", "", "2026-11-30", "2026-11-29 07:08", LONG),
]


def drawn(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int, caption: str = "") -> str:
    """What stands on a screen of that width."""
    out = Console(width=width, highlight=False, force_terminal=False)
    with out.capture() as capture:
        draw(out, "办件", columns(heads, [[Text(cell) for cell in row] for row in rows]), caption)
    return capture.get()


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    assert max(map(cell_len, drawn(CASES, ROWS, width).splitlines())) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_numbers_dates_and_names_stay_in_one_piece(width: int) -> None:
    shown = drawn(CASES, ROWS, width)

    for cell in ("FX2600017", "2026-12-02", "2026-11-29 07:08", "县水利局"):
        assert cell in shown


def test_at_80_columns_what_a_citizen_wrote_stands_below_its_row() -> None:
    lines = drawn(CASES, ROWS, 80).splitlines()

    row = next(number for number, line in enumerate(lines) if line.startswith("FX2600017"))
    assert lines[row + 1] == "    村口的水管爆了三天,水往路上流"


def test_a_cell_that_may_be_cut_says_so_with_dots_and_one_that_may_not_is_whole() -> None:
    cut, whole = drawn(CASES, ROWS, 80), drawn((*CASES[:-1], "内容"), ROWS, 80)

    assert "…" in cut
    assert cut.count("臭得很") < 8
    assert "…" not in whole
    assert "".join(whole.split()).count("臭得很") == 8


def test_an_empty_column_is_only_left_out_where_room_is_short() -> None:
    assert "类别" not in drawn(CASES, ROWS, 80)
    assert "类别" in drawn(CASES, ROWS[:1], 200)


def test_columns_stand_under_their_heads_also_beside_chinese() -> None:
    heads, first, *_ = (line for line in drawn(CASES, ROWS, 80).splitlines() if line.startswith(("编号", "FX")))

    assert cell_len(heads[: heads.index("期限")]) == cell_len(first[: first.index("2026-12-02")])


def test_many_figures_are_shown_in_pieces_that_each_name_their_unit() -> None:
    heads = ("单位", *(f"#第{n}栏的件数" for n in range(12)))
    shown = drawn(heads, [("县交通局", *(str(n * 111) for n in range(12)))], 60, "注:说明")

    assert shown.count("县交通局") > 1
    assert all(str(n * 111) in shown for n in range(12))
    assert max(map(cell_len, shown.splitlines())) <= 60
    assert "注:说明" in shown


def test_an_empty_table_shows_its_heads() -> None:
    assert "编号" in drawn(CASES, [], 80)


@given(
    rows=st.lists(st.lists(st.text("ab 汉字,。0\n", max_size=60), min_size=4, max_size=4), max_size=4),
    width=st.integers(44, 130),
)
def test_whatever_is_in_the_cells_no_word_is_lost_and_no_line_too_wide(rows: list[list[str]], width: int) -> None:
    shown = drawn(("一", "#二", "三", "四"), rows, width)

    assert max(map(cell_len, shown.splitlines())) <= width
    wanted = "".join("".join(row) for row in rows)
    assert all(shown.count(sign) >= wanted.count(sign) for sign in "汉字0ab")
