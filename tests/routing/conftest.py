"""The office's calendar and rules as shipped."""

from pathlib import Path

import pytest

from gateway import resources
from gateway.settings import Loaded, load
from routing.calendar import Calendar
from routing.deadlines import Terms
from routing.supervision import Rules
from tests.routing.histories import Office


@pytest.fixture(scope="session")
def shipped(_made: Path) -> Loaded:
    """A working folder that changes nothing."""
    return load(_made, {})


@pytest.fixture(scope="session")
def calendar(shipped: Loaded) -> Calendar:
    """All years since 2008."""
    return resources.calendar(shipped)


@pytest.fixture(scope="session")
def terms(shipped: Loaded) -> Terms:
    """As shipped."""
    return resources.terms(shipped)


@pytest.fixture(scope="session")
def rules(shipped: Loaded) -> Rules:
    """As shipped."""
    return resources.supervision(shipped)


@pytest.fixture(scope="session")
def office(calendar: Calendar, terms: Terms) -> Office:
    """Asks about a case."""
    return Office(calendar, terms)
