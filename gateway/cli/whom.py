"""Which informant a command means: their number, or their id."""

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
