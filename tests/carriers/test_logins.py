"""A refused login means the same in every protocol's words."""

import pytest

from carriers.logins import LoginTrouble, trouble
from carriers.profile import PROTOCOLS


@pytest.mark.parametrize(
    ("protocol", "status", "meaning"),
    [
        ("smpp", 0x0E, LoginTrouble.PASSWORD),
        ("smpp", 0x05, LoginTrouble.CONNECTIONS),
        ("smpp", 0x58, LoginTrouble.TOO_OFTEN),
        ("cmpp2", 2, LoginTrouble.ADDRESS),
        ("cmpp3", 3, LoginTrouble.PASSWORD),
        ("cmpp3", 4, LoginTrouble.VERSION),
        ("sgip", 1, LoginTrouble.PASSWORD),
        ("sgip", 3, LoginTrouble.CONNECTIONS),
        ("sgip", 34, LoginTrouble.TOO_OFTEN),
        ("smgp", 20, LoginTrouble.ADDRESS),
        ("smgp", 21, LoginTrouble.PASSWORD),
        ("smgp", 22, LoginTrouble.VERSION),
        ("smgp", 76, LoginTrouble.EXPIRED),
    ],
)
def test_what_a_code_means_does_not_depend_on_who_says_it(protocol: str, status: int, meaning: LoginTrouble) -> None:
    assert trouble(protocol, status) is meaning


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_code_that_no_table_knows_is_some_trouble(protocol: str) -> None:
    assert trouble(protocol, 0x4FF) is LoginTrouble.OTHER
