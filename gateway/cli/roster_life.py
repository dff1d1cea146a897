"""`xinqiao roster`, the life of the roster: whether it mirrors the county, whose numbers are dead, who takes part."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import typer
from rich.text import Text

from gateway import number_desk, resources, rights
from gateway.cli import screen
from gateway.cli.desk import Desk, open_desk
from gateway.cli.period import First, Last, day, period
from gateway.cli.whom import Who, find, place_in
from gateway.errors import USAGE, Refused
from gateway.number_desk import Suspect
from roster import balance as balances
from roster import membership, phones, store
from roster.balance import Group, Standing
from roster.membership import WHY_LEFT
from roster.suspicion import LABELS, SuspicionKind

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


# -------------------------------------------------------------------------------------------------------------- churn

WHYS = "、".join(f"{key} {label}" for key, label in WHY_LEFT.items())


@app.command(help="名册增减:逐月的新增、恢复、离开及原因、退订,以及月初月末人数;过去日期的数字永远不变。")
def churn(
    ctx: typer.Context,
    first: First = "",
    last: Last = "",
    as_json: Json = False,
) -> None:
    """From the roster's dated rows; from New Year on when nothing else is said."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    zone = desk.settings.zone()
    today = desk.now().astimezone(zone).date()
    since, until = period(first, last, date((day(last) if last else today).year, 1, 1), today)
    with desk.database.read() as tx:
        changes = store.changes(tx, zone)
        consents = store.consent_days(tx, zone)
    months = membership.churn(changes, consents, since, until)
    people = membership.standing(changes, until)
    data: dict[str, Any] = {
        "from": since,
        "to": until,
        "months": [
            {
                "month": f"{one.year}-{one.month:02d}",
                **{key: getattr(one, key) for key in ("before", "joined", "returned", "left")},
                **{key: getattr(one, key) for key in ("after", "opted_out", "opted_in")},
            }
            for one in months
        ],
        "headcount": {
            "whole": len(people),
            "category": dict(Counter(one.category for one in people.values()).most_common()),
            "township": dict(Counter(one.township for one in people.values()).most_common()),
        },
    }

    def render() -> None:
        columns = ("月份", "#月初", "#新增", "#恢复", "#离开", "离开的原因", "#月末", "#退订", "#恢复接收")
        rows = [
            (
                f"{one.year}-{one.month:02d}",
                one.before,
                one.joined,
                one.returned,
                sum(one.left.values()),
                "、".join(f"{WHY_LEFT[why]} {count}" for why, count in one.left.items()),
                one.after,
                one.opted_out,
                one.opted_in,
            )
            for one in months
        ]
        screen.table(f"名册增减 {since} 至 {until}", columns, rows, "退订的人仍在册,只是不再收通知")
        for key, label in (("category", "类别"), ("township", "乡镇")):
            counts = data["headcount"][key]
            screen.table(f"{until} 在册 {len(people)} 人,按{label}", (label, "#人数"), list(counts.items()))

    screen.emit(as_json, data, render)


# ------------------------------------------------------------------------------------------------------------ numbers

VERDICTS = {"confirmed": "属实", "dismissed": "排除", "replaced": "换号"}


@app.command(help="列出有疑点的号码:疑似空号、停机、易主;由人核实后 confirm 或 dismiss。")
def suspects(
    ctx: typer.Context,
    kind: Annotated[str | None, typer.Option(help="只列一种:empty 空号,suspended 停机,recycled 易主")] = None,
    as_json: Json = False,
) -> None:
    """Computed from receipts and texts; nothing is stopped by it."""
    desk = open_desk(ctx.obj)
    desk.require("roster.view")
    if kind is not None and kind not in list(SuspicionKind):
        raise Refused(f"没有“{kind}”这种疑点", f"可选:{'、'.join(SuspicionKind)}", USAGE)
    with desk.database.read() as tx:
        found = number_desk.suspects(tx, desk.vault, resources.number_rules(desk.settings))
        found = [one for one in found if kind in (None, one.suspicion.kind)]
        data = [_suspect(tx, desk, one) for one in found]
    place = place_in(resources.lists(desk.settings).villages)
    data.sort(key=lambda one: (place(one["township"]), one["person_id"]))

    def render() -> None:
        columns = ("#编号", "姓名", "号码", "乡镇", "类别", "疑点", "依据", "最近", "来信")
        keys = ("person_id", "name", "phone", "township", "category", "label", "reason", "until", "words")
        screen.table(f"有疑点的号码 {len(data)} 个", columns, [[one[key] for key in keys] for one in data])
        labels = list(LABELS.values())
        places = dict.fromkeys(one["township"] for one in data)
        rows = [
            (place, *(sum(one["township"] == place and one["label"] == label for one in data) for label in labels))
            for place in places
        ]
        if rows:
            screen.table("按乡镇", ("乡镇", *(f"#{label}" for label in labels)), rows)

    screen.emit(as_json, data, render)


def _suspect(tx: Any, desk: Desk, one: Suspect) -> dict[str, Any]:
    """As it may be shown. The words of a text only to those who may read texts."""
    member = store.member(tx, desk.vault, one.person_id)
    zone = desk.settings.zone()
    words = ""
    if one.text_id is not None:
        may_read = rights.may(desk.operator.roles, "text.view")
        words = number_desk.words_of(tx, one.text_id) if may_read else f"第 {one.text_id} 条来信"
    return {
        "person_id": one.person_id,
        "name": phones.masked_name(member.name) if member else "",
        "phone": phones.masked(member.phone) if member else "",
        "category": one.category,
        "township": one.township,
        "kind": one.suspicion.kind.value,
        "label": LABELS[one.suspicion.kind],
        "times": one.suspicion.times,
        "reason": one.suspicion.reason,
        "since": screen.moment(one.suspicion.since_ms, zone)[:10],
        "until": screen.moment(one.suspicion.until_ms, zone)[:10],
        "text_id": one.text_id,
        "words": words,
    }


@app.command(help="疑点属实:停用该信息员,撤下等待中的通知。")
def confirm(
    ctx: typer.Context,
    who: Who,
    note: Annotated[str, typer.Option(help="如何核实的,例如 电话核实")] = "",
) -> None:
    """Only where there is a suspicion; it becomes the reason on record."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        rules = resources.number_rules(desk.settings)
        told = number_desk.confirm(tx, desk.vault, rules, one.person_id, note, actor, desk.now())
        desk.audit(tx, "roster.confirm", f"person {one.person_id}", {"suspicion": told.kind})
    screen.say(f"已停用信息员 {one.person_id}:{LABELS[told.kind]}属实", "yellow")


@app.command(help="排除疑点:号码仍是本人的;此前的回执和来信不再作数。")
def dismiss(
    ctx: typer.Context,
    who: Who,
    note: Annotated[str, typer.Option(help="如何核实的,例如 本人来电")],
) -> None:
    """It takes new signs to make the number suspected again."""
    desk = open_desk(ctx.obj)
    actor = desk.require("roster.edit").name
    with desk.database.write() as tx:
        one = find(tx, desk, who)
        rules = resources.number_rules(desk.settings)
        told = number_desk.dismiss(tx, desk.vault, rules, one.person_id, note, actor, desk.now())
        desk.audit(tx, "roster.dismiss", f"person {one.person_id}", {"suspicion": told.kind})
    screen.say(f"信息员 {one.person_id}:{LABELS[told.kind]}已排除", "green")
