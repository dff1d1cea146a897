"""A poll, its notice, who took part and how the roster is made up, counted again from the rows of the store."""

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import ReceiptState, SubmitAnswered, Verdict
from gateway import answers, notices, outbox, participation, polls, resources, roster_desk, withdrawal
from gateway.errors import Refused
from gateway.notices import report
from gateway.resources import prefixes
from gateway.settling import Answer
from roster import balance as balances
from roster import membership
from roster import store as roster_store
from roster.importing import Entry
from routing.polls import FEWEST, Outcome
from tests.gateway.asking import drafted, extension, outcome, released, texts
from tests.gateway.office import SESSION, Office

PEOPLE = 120
WORDS = ("1", "2", "3", "1", "2,太远了", "不同意", "我村路灯坏了三个月没人修", "可以")
ROWS = (
    "SELECT m.person_id, m.category, m.township, m.village, p.state, p.reason, p.attempts FROM message AS m "
    "JOIN part AS p ON p.message_id = m.id WHERE m.notice_id = :notice"
)
VOTES = (
    "SELECT person_id, option, received_ms FROM answer WHERE question_id = :notice AND kind = 'vote' "
    "AND undone_at IS NULL ORDER BY received_ms, text_id"
)


@dataclass
class Asked:
    """A county that was asked: some did not get it, some only after the close, some took back what they said."""

    office: Office
    notice: int
    began_ms: int
    live: Outcome
    closed: Outcome

    def rows(self, query: str, **given: int) -> list[Any]:
        return self.office.rows(sa.text(query).bindparams(**given))  # type: ignore[arg-type]


def number(i: int) -> str:
    return f"86{13800000000 + i}"


@pytest.fixture(scope="module")
def asked(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    office, chance = Office(shutil.copytree(_made, tmp_path_factory.mktemp("asked") / "county")), Random(917)
    lists = resources.lists(office.settings)
    categories = list(dict.fromkeys(lists.categories.values()))[:4]
    towns = [*lists.villages][:3]
    entries = []
    for i in range(1, PEOPLE + 1):
        where = chance.choice((towns[0], towns[0], *towns))
        village = chance.choice(("东赵村", "南庄"))
        entries.append(Entry(i, f"+{number(i)}", f"钱{i}", "", chance.choice(categories), where, village))
    with office.database.write() as tx:
        plan = roster_desk.Plan(tuple(entries), (), 0, ())
        roster_desk.apply(tx, office.vault, prefixes(office.settings), plan, office.now)
    began_ms = office.now_ms
    for i in chance.sample(range(1, PEOPLE + 1), 4):
        office.text(number(i), "TD")
    office.answers()
    one = drafted(office, days=5)
    released(office, one.id)
    _sent(office, chance)
    live = _voted(office, chance, one.id)
    yield Asked(office, one.id, began_ms, live, outcome(office, one.id))
    office.tick.close()
    office.database.close()


def _sent(office: Office, chance: Random) -> None:
    """Most arrive; some do not, some are refused, of some nobody hears, some are never sent."""
    submits = office.submit(PEOPLE - 8)
    chance.shuffle(submits)
    office.deliver(submits[:-16])
    office.deliver(submits[-16:-10], ReceiptState.UNDELIVERABLE)
    for some, verdict in ((submits[-10:-7], Verdict.PERMANENT), (submits[-7:], Verdict.ACCEPTED)):
        office.run(
            answers=[
                Answer(SESSION, SubmitAnswered(sequence, part, verdict, 0, f"ID{part}")) for sequence, part, _ in some
            ]
        )


def _voted(office: Office, chance: Random, notice_id: int) -> Outcome:
    """Many text, some twice, some mistakenly; some when it is over. What it had come to before it was over."""
    for _ in range(220):
        office.minutes += chance.choice((1, 20))
        office.text(number(chance.randint(1, PEOPLE)), chance.choice(WORDS), extension(notice_id))
        if chance.random() < 0.1:
            with suppress(Refused), office.database.write() as tx:
                answers.undo(tx, texts(office)[-1].id, "丙", "看错了", office.now)
    live = outcome(office, notice_id)
    office.minutes += 8 * 24 * 60
    for i in chance.sample(range(1, PEOPLE + 1), 6):
        office.text(number(i), "2", extension(notice_id))
    with office.database.write() as tx:
        outbox.expire_waiting(tx, office.now_ms)
        outbox.expire_silent(tx, office.now_ms)
        polls.close_over(tx, office.now, timedelta(hours=1))
    return live


def chosen(asked: Asked) -> dict[int, tuple[Any, int]]:
    """Of everybody to whom it went out their row and option, 0 for who did not vote in time."""
    went = {row.person_id: row for row in asked.rows(ROWS, notice=asked.notice) if row.attempts}
    [closes] = [row.closes_at for row in asked.rows("SELECT closes_at FROM question")]
    last = {
        row.person_id: row.option
        for row in asked.rows(VOTES, notice=asked.notice)
        if row.received_ms < closes and row.person_id in went
    }
    return {person: (row, last.get(person, 0)) for person, row in went.items()}


def test_a_poll_counts_the_last_vote_of_everybody_who_was_asked(asked: Asked) -> None:
    people, found = chosen(asked), asked.closed
    counts = Counter(option for _, option in people.values())
    assert found.asked == len(people) < len({row.person_id for row in asked.rows(ROWS, notice=asked.notice)})
    assert found.delivered == sum(row.state == "delivered" for row, _ in people.values())
    assert (found.voted, found.counts) == (len(people) - counts[0], (counts[1], counts[2], counts[3]))
    assert (asked.live.asked, asked.live.voted, asked.live.counts) == (found.asked, found.voted, found.counts)


def test_a_breakdown_shows_true_figures_and_no_small_ones(asked: Asked) -> None:
    people, hidden, shown = chosen(asked), 0, 0
    of: tuple[tuple[Any, Callable[[Any], str]], ...] = (
        (asked.closed.by_category, lambda row: row.category),
        (asked.closed.by_township, lambda row: row.township),
        (asked.closed.by_village, lambda row: f"{row.township} {row.village}"),
    )
    for rows, group in of:
        true: dict[str, Counter[int]] = defaultdict(Counter)
        for row, option in people.values():
            true[group(row)][option] += 1
        assert {row.name for row in rows} == true.keys()
        for row in rows:
            counts = true[row.name]
            assert row.asked == counts.total()
            cells = zip(
                (row.voted, *row.options), (row.asked - counts[0], *(counts[i] for i in (1, 2, 3))), strict=True
            )
            for cell, value in cells:
                assert cell is None or cell == value >= FEWEST
                hidden, shown = hidden + (cell is None), shown + (cell is not None)
        for at, whole in enumerate((asked.closed.voted, *asked.closed.counts)):  # no cell is the whole less the others
            column = [(row.voted, *row.options)[at] for row in rows]
            assert column.count(None) != 1, whole
    assert min(hidden, shown) > 8


def test_the_report_of_a_notice_is_the_states_of_its_parts(asked: Asked) -> None:
    rows = asked.rows(ROWS, notice=asked.notice)
    with asked.office.database.read() as tx:
        found = report.account(tx, notices.by_id(tx, asked.notice))
        replies, standing = report.replies(tx, asked.notice), withdrawal.standing(tx, asked.notice)
    assert found.total.people == Counter(row.state for row in rows)
    for groups, name in ((found.by_category, "category"), (found.by_township, "township")):
        assert {key: tally.people for key, tally in groups.items()} == {
            key: Counter(row.state for row in rows if getattr(row, name) == key)
            for key in {getattr(row, name) for row in rows}
        }
    assert found.reasons == Counter((row.state, row.reason or "") for row in rows if row.state != "delivered")
    assert {"undelivered", "failed", "expired"} < found.total.people.keys()
    assert replies == len(asked.rows("SELECT id FROM text WHERE notice_id = :notice", notice=asked.notice))
    silent = sum(row.reason == "no receipt" for row in rows)
    got = sum(row.state == "delivered" for row in rows)
    assert standing == {"got": got, "doubtful": silent, "spared": len(rows) - got - silent}


def test_participation_is_the_texts_cases_and_votes_of_who_was_on_the_roster(asked: Asked) -> None:
    since, until = asked.began_ms + 100 * 60_000, asked.began_ms + 20 * 60 * 60_000
    given = {"since": since, "until": until}
    office = asked.office
    with office.database.read() as tx:
        here = membership.standing(roster_store.changes(tx, office.settings.zone()), office.desk.today(office.now))
        counted = participation.counts(tx, since, until)
    found = participation.grouped(here, counted, lambda one: one.township, resources.lists(office.settings).villages)
    when = ">= :since AND {} < :until"
    of = {
        name: Counter(row.person_id for row in asked.rows(f"{query} {when.format(moment)}", **given))
        for name, query, moment in (
            ("texts", "SELECT person_id FROM text WHERE received_ms", "received_ms"),
            ("cases", "SELECT person_id FROM case_ticket WHERE created_at", "created_at"),
            (
                "polls",
                "SELECT DISTINCT person_id FROM answer WHERE kind = 'vote' AND apart IS NULL AND undone_at IS NULL "
                "AND received_ms",
                "received_ms",
            ),
        )
    }
    for group in found:
        people = [person for person, one in here.items() if one.township == group.name]
        figures = {name: sum(counts[person] for person in people) for name, counts in of.items()}
        assert (group.people, group.wrote) == (len(people), sum(of["texts"][person] > 0 for person in people))
        assert {name: getattr(group, name) for name in figures} == figures
    assert all(of.values())


def test_the_balance_is_people_against_products_of_shares(asked: Asked) -> None:
    targets = resources.targets(asked.office.settings)
    office = asked.office
    with office.database.read() as tx:
        here = membership.standing(roster_store.changes(tx, office.settings.zone()), office.desk.today(office.now))
    have = Counter((one.category, one.township) for one in here.values())
    found, more = balances.balance(have, targets), balances.additions(have, targets, 23)
    weights = {
        (category, township): one.weight * other.weight
        for category, one in targets.categories.items()
        for township, other in targets.townships.items()
    }
    whole = sum(weights.values())
    assert {(one.category, one.township): (one.have, one.target) for one in found.cells} == {
        cell: (have[cell], Fraction(len(here) * weight, whole)) for cell, weight in weights.items()
    }
    for one in (*found.categories, *found.townships):
        mine = [cell for cell in weights if one.category in ("", cell[0]) and one.township in ("", cell[1])]
        target = Fraction(len(here) * sum(weights[cell] for cell in mine), whole)
        gap = sum(have[cell] for cell in mine) - target
        out = abs(gap) >= 1 and abs(gap) > one.tolerance * target
        assert one.standing == ("over" if gap > 0 else "short") if out else "within"
    added: Counter[balances.Cell] = Counter()
    for _ in range(23):
        added[min(weights, key=lambda cell: Fraction(2 * (have[cell] + added[cell]) + 1, weights[cell]))] += 1
    assert more == added
