"""C09 and C10: one number that never stops, and machines that answer each other."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from carriers.events import InboundText
from gateway.tables import message, text
from routing.tables import case_ticket
from tests.gateway.office import HOME, SESSION, Office

BOMBER, NEIGHBOUR = "8613800000001", "8613800000002"


@pytest.fixture
def filed(folder: Path) -> Iterator[Office]:
    """An office with two informants whose store is a file: what is measured is SQLite's work."""
    office = Office(folder)
    office.join(BOMBER[2:], NEIGHBOUR[2:])
    yield office
    office.tick.close()
    office.database.close()


def said(number: str, words: str, answer: int = 1) -> tuple[int, InboundText]:
    return SESSION, InboundText(answer, number, HOME, words.encode("utf-16-be"), 8, None, False, "", b"raw")


def work(office: Office) -> list[int]:
    """Counts what the store does from now on: a step is a hundred of SQLite's instructions."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    connection: Any = office.tick._connected().connection.dbapi_connection
    connection.set_progress_handler(step, 100)
    return steps


def test_a_number_that_never_stops_gets_one_case_and_few_answers_and_costs_its_neighbours_nothing(
    filed: Office,
) -> None:
    """C09: all is kept, nothing beyond the hour's 200 is dealt with, and the thousandth costs what the 300th cost."""
    steps, costs = work(filed), []
    for lot in range(20):
        filed.minutes += 0.5
        if lot % 5 == 0:
            filed.run(texts=[said(NEIGHBOUR, f"自来水第{lot}次停了,请派人来看看")])
        steps[0] = 0
        filed.run(texts=[said(BOMBER, f"骚扰第{lot * 50 + n}条,内容各不相同的长句子", n) for n in range(50)])
        costs.append(steps[0])
    rows = filed.rows(sa.select(text.c.person_id, text.c.decision))
    decided = Counter(row.decision for row in rows if row.person_id == 1)
    assert decided["flood"] == 800
    assert decided.total() == 1000
    assert [row.decision for row in rows if row.person_id == 2] == ["new_case", *["follow_up"] * 3]
    assert len(filed.rows(sa.select(case_ticket).where(case_ticket.c.person_id == 1))) == 1
    assert len(filed.rows(sa.select(message).where(message.c.person_id == 1))) <= 3
    assert costs[-1] <= 1.2 * costs[6]


def test_two_machines_that_answer_each_other_stop_after_three(filed: Office) -> None:
    """C10: a thousand rounds, each of our answers answered at once with other words."""
    sent = 0
    for n in range(1_000):
        filed.minutes += 0.05
        filed.run(texts=[said(BOMBER, f"您好,您的来信已收到,工单号{n},我们将尽快答复")])
        sent += len(filed.submit())
    assert 1 <= sent <= 3


@pytest.mark.parametrize("words", ["【肥乡双向沟通办】您的来信已受理", "CX", "村里路灯坏了半个月"])
@pytest.mark.parametrize("number", ["10655012345678", "12345", "95588", "96110", "10086"])
def test_machines_get_no_answer_whatever_they_say(filed: Office, number: str, words: str) -> None:
    filed.run(texts=[said(number, words)])
    assert filed.submit() == []
