"""`xinqiao roster`, the life of the roster: whether it mirrors the county, whose numbers are dead, who takes part."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.text import Text

from gateway import resources
from gateway.cli import screen
from gateway.cli.desk import open_desk
from roster import balance as balances
from roster import store
from roster.balance import Group, Standing

app = typer.Typer(add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]

# ------------------------------------------------------------------------------------------------------------ balance

STANDINGS = {Standing.SHORT: ("偏少", "bold red"), Standing.WITHIN: ("适中", ""), Standing.OVER: ("偏多", "yellow")}


@app.command(help="名册构成与目标比例对照:缺口在哪里,增加人员时补在哪里最接近目标。")
def balance(
    ctx: typer.Context,
    add: Annotated[int, typer.Option(help="打算再增加多少人", min=0, max=100_000)] = 100,
    as_json: Json = False,
) -> None:
    """Active informants beside the shares of the roster's list."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    targets = resources.targets(desk.settings)
    with desk.database.read() as tx:
        have = store.composition(tx)
    told = balances.balance(have, targets)
    added = balances.additions(have, targets, add)
    enough = balances.enough(have, targets, max(told.whole, add))
    data = {
        "whole": told.whole,
        "categories": [_group(one) for one in told.categories],
        "townships": [_group(one) for one in told.townships],
        "cells": [_group(one) for one in told.cells],
        "additions": [{"category": c, "township": t, "people": people} for (c, t), people in added.items()],
        "enough": enough,
    }

    def render() -> None:
        for groups, label in ((told.categories, "类别"), (told.townships, "乡镇")):
            rows = [
                (
                    one.category or one.township,
                    screen.rate(one.have, one.whole),
                    f"{float(one.target):.1f}",
                    f"{float(100 * one.share):.2f}%",
                    f"{float(one.gap):+.1f}",
                    _standing(one),
                )
                for one in groups
            ]
            columns = (label, "#现有/全部", "#目标人数", "#目标比例", "#缺口", "判断")
            screen.table(f"按{label}(在册 {told.whole} 人)", columns, rows)
        _matrix(told)
        _additions(added, add, enough, told.whole)

    screen.emit(as_json, data, render)


def _matrix(told: balances.Balance) -> None:
    """Categories down, townships across: have/target, and the gap where it is out of range."""
    names = [one.township for one in told.townships]
    rows: list[list[object]] = []
    for number, category in enumerate(told.categories):
        cells = told.cells[number * len(names) : (number + 1) * len(names)]
        rows.append([category.category, *map(_cell, cells)])
    screen.table("类别与乡镇:现有/目标(人)", ("类别", *(f"#{name}" for name in names)), rows, "缺口写在超出范围的格中")


def _cell(one: Group) -> Text:
    words = f"{one.have}/{float(one.target):.0f}"
    within = one.standing is Standing.WITHIN
    return Text(words if within else f"{words} {float(one.gap):+.0f}", style=STANDINGS[one.standing][1])


def _standing(one: Group) -> Text:
    words, style = STANDINGS[one.standing]
    return Text(words if one.share else "不在名单", style=style)


def _additions(added: dict[balances.Cell, int], count: int, enough: int | None, whole: int) -> None:
    rows = [(category, township, people) for (category, township), people in added.items()]
    screen.table(f"再增加 {count} 人,补在这里最接近目标", ("类别", "乡镇", "#人数"), rows)
    if enough == 0:
        screen.say("没有偏少的类别和乡镇", "green")
    elif enough is not None:
        screen.say(f"照此顺序补到第 {enough} 人,各类别、各乡镇都不再偏少")
    else:
        screen.say(f"照此顺序再补 {max(whole, count)} 人,仍有类别或乡镇偏少", "yellow")


def _group(one: Group) -> dict[str, Any]:
    named: Iterable[tuple[str, str]] = (("category", one.category), ("township", one.township))
    return {key: name for key, name in named if name} | {
        "have": one.have,
        "whole": one.whole,
        "target_share": round(float(one.share), 6),
        "target": round(float(one.target), 2),
        "gap": round(float(one.gap), 2),
        "standing": one.standing.value,
    }
