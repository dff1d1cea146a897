"""An issue of the digest as a paper: every item with a box for the leader's instruction, hot spots, the red list."""

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from gateway.papers import Block, Paper, Table, Text
from gateway.papers.paper import chinese_day
from routing.deadlines import LAMP_LABELS, Lamp

BOX = "\n\n\n"


def paper(content: Mapping[str, Any]) -> Paper:
    """From what stands in an issue (`gateway/digest_content.py`)."""
    first, last = (chinese_day(date.fromisoformat(content[name])) for name in ("first", "last"))
    draft = "" if content["signed_by"] else "(草稿)"
    blocks: tuple[Block, ...] = (
        Text("", (f"{first}至{last},来件 {content['received']} 件,摘报 {len(content['items'])} 条。",)),
        *map(_item, content["items"]),
        _hot_spots(content["hot_spots"]),
        _red(content["red"]),
    )
    return Paper(
        f"{content['county']}信息摘报",
        f"{content['year']}年第{content['number']}期{draft}",
        datetime.fromisoformat(content["as_of"]),
        blocks,
        tuple(_closing(content)),
    )


def _item(item: Mapping[str, Any]) -> Table:
    rows = (
        ("反映", item["words"]),
        ("办理情况", "\n".join(map(standing, item["cases"]))),
        ("选入理由", ";".join(item["reasons"])),
        ("批示", BOX),
    )
    return Table(f"{item['ref']} {item['title']}", ("项目", "内容"), tuple(row for row in rows if row[1]))


def standing(case: Mapping[str, Any]) -> str:
    """How a case of an item stands, in a line."""
    lamp = LAMP_LABELS[Lamp(case["lamp"])] if case["lamp"] else ""
    due = f"{case['due']}到期" if case["due"] else ""
    return ",".join(filter(None, (case["number"], case["state"], case["unit"], due, lamp)))


def _hot_spots(spots: list[Mapping[str, Any]]) -> Table:
    rows = tuple(
        (
            *(one["place"], one["topic"], len(one["cases"]), one["before"]),
            f"{float(Fraction(one['before'], one['weeks'])):.1f}",
            "突增,建议一题一专项" if one["rising"] else "",
        )
        for one in spots
    )
    weeks = spots[0]["weeks"] if spots else 0
    columns = ("地点", "主题", "#本期(件)", f"#前{weeks}周(件)", "#周均", "提示")
    return Table("热点", columns, rows)


def _red(red: list[Mapping[str, Any]]) -> Table:
    rows = tuple((one["number"], one["unit"], one["due"], one["days"]) for one in red)
    return Table("红灯", ("编号", "主办", "期限", "#超期(日)"), rows)


def _closing(content: Mapping[str, Any]) -> list[str]:
    signed = content["signed_by"]
    lines = [f"签发:{signed} {chinese_day(date.fromisoformat(content['signed_on']))}" if signed else "尚未签发"]
    head = content["audit_head"]
    return [*lines, f"操作记录至第 {head['row']} 条,链值 {head['seal']}"] if head else lines
