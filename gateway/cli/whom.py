"""Which informant a command means, by number or id; and how lists of them are shown: masked, by township and name."""

from collections.abc import Callable, Iterable
from typing import Annotated

import sqlalchemy as sa
import typer

from gateway.cli.desk import Desk
from gateway.errors import NotFound
from roster import phones, store

Who = Annotated[str, typer.Argument(help="信息员编号,或手机号码")]


def find(tx: sa.Connection, desk: Desk, who: str) -> store.Member:
    """An informant by number or id. Raises `NotFound`."""
    number = phones.parse(who)
    if isinstance(number, str):
        person = store.person_by_phone(tx, desk.vault, number)
        one = store.member(tx, desk.vault, person.id) if person else None
    else:
        one = store.member(tx, desk.vault, int(who)) if who.isdecimal() else None
    if one is None:
        raise NotFound("名册中没有这个人", "xinqiao roster search 查找编号")
    return one


def place_in(names: Iterable[str]) -> Callable[[str], int]:
    """Where a township stands in the roster's list; those not on it stand behind."""
    order = {name: place for place, name in enumerate(names)}
    return lambda name: order.get(name, len(order))


def named(tx: sa.Connection, desk: Desk, people: Iterable[int]) -> dict[int, tuple[bytes, str, str]]:
    """By informant: what their name is sorted by, the name and the number masked.

    GB 18030 puts the usual characters in the order of their sounds.
    """
    chosen = set(people)
    names = store.renderings(tx, desk.vault, chosen)
    numbers = store.phones(tx, desk.vault, chosen)
    return {
        person: (one.name.encode("gb18030"), phones.masked_name(one.name), phones.masked(numbers.get(person, "")))
        for person, one in names.items()
    }


NOBODY = (b"", "", "")
"""Of an informant who was forgotten."""
