"""Who was on the roster on which day, and who came and went."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from roster.membership import JOINED, LEFT, MOVED, RETURNED, WHY_LEFT, Change, Month, Standing, churn, standing

NEW_YEAR = date(2026, 1, 1)


def change(on: str, person: int, event: str, why: str = "", category: str = "教师", township: str = "城关镇") -> Change:
    return Change(date.fromisoformat(on), person, event, why, category, township)


LIFE = (
    change("2025-12-31", 1, JOINED),
    change("2026-01-01", 2, JOINED, category="农民"),
    change("2026-01-15", 1, MOVED, township="旧店乡"),
    change("2026-02-01", 2, LEFT, "away", category="农民"),
    change("2026-03-31", 2, RETURNED, category="农民"),
    change("2026-03-31", 1, LEFT, "died", township="旧店乡"),
)


def on(day: str) -> dict[int, Standing]:
    return standing(LIFE, date.fromisoformat(day))


def test_a_day_is_seen_as_it_was_when_it_ended() -> None:
    assert on("2025-12-30") == {}
    assert on("2026-01-14")[1] == Standing("教师", "城关镇", date(2025, 12, 31))
    assert on("2026-01-15")[1] == Standing("教师", "旧店乡", date(2025, 12, 31))
    assert on("2026-02-01").keys() == {1}
    assert on("2026-03-31") == {2: Standing("农民", "城关镇", date(2026, 3, 31))}


def test_every_month_says_who_came_and_who_went_and_why() -> None:
    months = churn(LIFE, [(date(2026, 2, 28), "opt_out"), (date(2026, 4, 1), "opt_out")], NEW_YEAR, date(2026, 3, 31))
    assert months == (
        Month(2026, 1, 1, joined=1),
        Month(2026, 2, 2, left={"away": 1}, opted_out=1),
        Month(2026, 3, 1, returned=1, left={"died": 1}),
    )
    assert [one.after for one in months] == [2, 1, 1]


def test_a_period_within_a_month_counts_only_its_days() -> None:
    [told] = churn(LIFE, (), date(2026, 1, 2), date(2026, 1, 14))
    assert told == Month(2026, 1, 2)


def test_a_year_is_over_when_the_next_begins() -> None:
    months = churn((), (), date(2025, 11, 30), date(2026, 2, 1))
    assert [(one.year, one.month) for one in months] == [(2025, 11), (2025, 12), (2026, 1), (2026, 2)]


@st.composite
def lives(draw: st.DrawFn) -> list[Change]:
    """Rows as the store makes them: in order of time, each possible where it stands."""
    found, here, day = [], {}, NEW_YEAR
    for _ in range(draw(st.integers(0, 25))):
        day += timedelta(draw(st.integers(0, 20)))
        person = draw(st.integers(1, 5))
        place = draw(st.sampled_from(("城关镇", "旧店乡")))
        known = here.get(person)
        event = draw(st.sampled_from((MOVED, LEFT))) if known else RETURNED if known is False else JOINED
        why = draw(st.sampled_from(sorted(WHY_LEFT))) if event == LEFT else ""
        here[person] = event != LEFT
        found.append(Change(day, person, event, why, "教师", place))
    return found


@given(lives(), st.integers(0, 300), st.integers(0, 300))
def test_the_months_add_up_to_the_headcount_of_their_last_day(life: list[Change], start: int, length: int) -> None:
    first = NEW_YEAR + timedelta(start)
    last = first + timedelta(length)
    months = churn(life, (), first, last)
    assert months[-1].after == len(standing(life, last))
    assert all(one.after == other.before for one, other in pairwise(months))


@given(lives(), lives(), st.integers(0, 300))
def test_what_happens_later_changes_no_past_day(life: list[Change], more: list[Change], days: int) -> None:
    day = NEW_YEAR + timedelta(days)
    later = [one._replace(on=max(one.on, day) + timedelta(1)) for one in more]
    assert standing([*life, *later], day) == standing(life, day)
