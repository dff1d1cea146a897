"""Whom a command means: informants by category, township, village and carrier, or those of an earlier notice."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from gateway import notices, resources
from gateway.cli.desk import Desk
from gateway.errors import USAGE, Refused
from gateway.notices import asked
from roster.audiences import Audience
from roster.tables import informant

Categories = Annotated[list[str] | None, typer.Option("--category", help="职业类别,可多次;不写为全部")]
Townships = Annotated[list[str] | None, typer.Option("--township", help="乡镇,可多次;不写为全部")]
Villages = Annotated[list[str] | None, typer.Option("--village", help="村,可多次")]
Carriers = Annotated[list[str] | None, typer.Option("--carrier", help="线路,可多次")]
Earlier = Annotated[int | None, typer.Option("--to-notice", help="发给这条通知实际发到的人,例如征求意见后告知结果")]


def chosen(
    desk: Desk,
    category: list[str] | None,
    township: list[str] | None,
    village: list[str] | None,
    carrier: list[str] | None = None,
    earlier: int | None = None,
) -> Audience:
    """The audience. Raises `Refused` for a name that nobody has."""
    if earlier is not None:
        if category or township or village or carrier:
            raise Refused("--to-notice 不能与类别、乡镇、村、线路同用", "二者选一", USAGE)
        return of_notice(desk, earlier)
    lists = resources.lists(desk.settings)
    townships = _known(township, lists.townships, "乡镇")
    return Audience(
        categories=_known(category, lists.categories, "类别"),
        townships=townships,
        villages=_villages(desk, village, townships),
        carriers=_known(carrier, {name: name for name in desk.settings.values.carriers}, "线路"),
    )


def of_notice(desk: Desk, notice_id: int) -> Audience:
    """Those to whom a notice went."""
    with desk.database.read() as tx:
        first = notices.by_id(tx, notice_id)
        people = asked.reached(tx, notice_id)
    if not people:
        raise Refused(f"第 {notice_id} 号通知还没有发给任何人", f"xinqiao notice progress {notice_id}")
    return Audience(persons=tuple(people), staff=first.audience.staff)


def _known(written: list[str] | None, names: Mapping[str, str], label: str) -> tuple[str, ...]:
    unknown = [one for one in written or () if one not in names]
    if unknown:
        raise Refused(
            f"没有这样的{label}:{'、'.join(unknown)}", f"可选:{'、'.join(dict.fromkeys(names.values()))}", USAGE
        )
    return tuple(dict.fromkeys(names[one] for one in written or ()))


def _villages(desk: Desk, written: list[str] | None, townships: tuple[str, ...]) -> tuple[str, ...]:
    """Villages where somebody of the roster lives. One name in two townships would mean both, and is refused."""
    named = tuple(dict.fromkeys(written or ()))
    if not named:
        return ()
    where = sa.select(informant.c.village, informant.c.township).where(informant.c.village.in_(named)).distinct()
    if townships:
        where = where.where(informant.c.township.in_(townships))
    found: dict[str, list[str]] = {}
    with desk.database.read() as tx:
        for village, township in tx.execute(where.order_by(informant.c.township)):
            found.setdefault(village, []).append(township)
    unknown = [one for one in named if one not in found]
    if unknown:
        raise Refused(f"名册中没有人在这些村:{'、'.join(unknown)}", "xinqiao roster list 查看村名的写法", USAGE)
    for village, places in found.items():
        if len(places) > 1:
            raise Refused(f"{village}在{'、'.join(places)}都有", "用 --township 指明乡镇", USAGE)
    return named


def read(file: Path) -> str:
    """The words of a text file. Raises `Refused`."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"读不了 {file}", "应为 UTF-8 编码的文本文件", USAGE) from None
