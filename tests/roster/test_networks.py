"""Which carrier reaches a number, and how we know."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import resources
from gateway.settings import load
from roster.networks import Learned, Prefixes, carrier_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def prefixes(folder: Path) -> Prefixes:
    """As shipped."""
    return resources.prefixes(load(folder, {}))


@pytest.mark.parametrize(
    ("number", "carrier", "source"),
    [
        ("13800000001", "mobile", "prefix"),
        ("18600000001", "unicom", "prefix"),
        ("18900000001", "telecom", "prefix"),
        ("17400000001", "telecom", "prefix"),
        ("13490000001", "mobile", "library"),
        ("13492000001", "telecom", "prefix"),
        ("17030000001", "mobile", "prefix"),
        ("17040000001", "unicom", "prefix"),
        ("17000000001", "telecom", "prefix"),
        ("19200000001", "mobile", "prefix"),  # Broadnet, reached through China Mobile
        ("16200000001", "telecom", "prefix"),  # the library has no carrier for it
    ],
)
def test_a_number_nobody_knows_more_about_goes_by_its_range(
    prefixes: Prefixes, number: str, carrier: str, source: str
) -> None:
    found = carrier_of(f"+86{number}", None, None, prefixes, NOW)
    assert found.carrier == carrier
    assert found.source in (source, "default")


def test_a_number_in_no_table_goes_to_the_default_and_never_away(prefixes: Prefixes) -> None:
    assert carrier_of("+16502530000", None, None, prefixes, NOW).source == "default"


def test_the_operators_word_outranks_all(prefixes: Prefixes) -> None:
    learned = Learned("unicom", None, "texted over unicom")
    found = carrier_of("+8613800000001", "telecom", learned, prefixes, NOW)
    assert (found.carrier, found.source) == ("telecom", "operator")


def test_what_was_learned_outranks_the_tables_until_it_expires(prefixes: Prefixes) -> None:
    learned = Learned("unicom", NOW + timedelta(days=1), "texted over unicom")
    assert carrier_of("+8613800000001", None, learned, prefixes, NOW).carrier == "unicom"
    assert carrier_of("+8613800000001", None, learned, prefixes, NOW + timedelta(days=2)).carrier == "mobile"
