"""What happened to cases, read line by line from their raw histories: what the lists behind papers must say.

A second reading, with none of the program's: no clock, no fold, no calendar. Dates are those that were told.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tests.gateway.casework import SHANGHAI

OFFICE = "沟通办"
PLAIN = {
    "deemed_signed": "迟签",
    "return_ok": "退单同意",
    "return_no": "退单不同意",
    "report": "反馈",
    "send_back": "退回重办",
    "unrated": "未评价",
    "rate_bad": "不满意",
    "thanks": "感谢",
    "same_problem": "同一问题再次反映",
}
ASPECTS = {"attitude": "不满意服务态度", "efficiency": "不满意办事效率", "style": "不满意工作作风"}
VOTES = {1: "满意", 2: "基本满意", 3: "不满意"}
Line = Mapping[str, Any]
"""A line of a history: at, event, state, text, data."""


class Told:
    """Of one case: its turns, what happened, and who had it when."""

    def __init__(self, number: str, history: Iterable[Line]) -> None:
        self.number, self.turns, self.happened = number, [], []  # type: ignore[var-annotated]
        self.had: list[tuple[datetime, str]] = []
        self.state, self.master = "", None
        lead, unit, survey, reported, rating, named = "", OFFICE, None, None, 0, set[str]()
        for line in _standing(history):
            given, event, self.state = line["data"].get("set", {}), line["event"], line["state"]
            lead, self.master = given.get("lead", lead), given.get("master_id", self.master)
            what, rating = PLAIN.get(event), given.get("rating", rating)
            if event in ("rate_ok", "rate"):
                what = VOTES[rating]
            elif event == "rate_timeout":
                what = "未评价" if survey == "open" else "未能请其评价"
            survey = given.get("survey", survey)
            if what:
                self.happened.append([unit, line["at"], what])
            named = set() if what in VOTES.values() else named
            for aspect in {*line["data"].get("aspects", ())} - named:
                self.happened.append([unit, line["at"], ASPECTS[aspect]])
                named.add(aspect)
            if line["data"].get("thanks"):
                self.happened.append([unit, line["at"], "感谢"])
            if event == "send_back" and reported is not None:
                self.happened.append([reported[0], reported[1], "反馈后被退回"])
            reported = (
                (unit, line["at"]) if event == "report" else None if event in ("send_back", "approve") else reported
            )
            self._turn(line, event, given)
            if self.state in ("assigned", "in_progress"):
                unit = lead or OFFICE
            elif event == "return_ok":
                unit = OFFICE
            self.had.append((line["at"], unit))
            if self.turns and (self.state in ("assigned", "in_progress") or event == "return_ok"):
                self.turns[-1]["单位"] = unit

    def _turn(self, line: Line, event: str, given: Mapping[str, Any]) -> None:
        over = bool(self.turns) and self.turns[-1]["答复"]
        if event in ("assign", "instruct", "delegate", "answer_direct") and not self.turns:
            began = self.had[0][0] if event == "answer_direct" else line["at"]
            self.turns.append(
                {"编号": self.number, "单位": OFFICE, "交办": began, "答复": None, "期限": "", "办结": False}
            )
        elif event in ("uphold", "recur") and over:
            self.turns.append(
                {"编号": self.number, "单位": OFFICE, "交办": line["at"], "答复": None, "期限": "", "办结": False}
            )
        if not self.turns:
            return
        turn = self.turns[-1]
        if event in ("approve", "phone_reply", "answer_direct"):
            turn["答复"] = turn["答复"] or line["at"]
        elif event == "reply_undelivered":
            turn["答复"] = None
        turn["期限"] = given.get("due_on", turn["期限"])
        turn["办结"] |= self.state == "closed"
        turn["挂账"] = self.state == "suspended"


def _standing(history: Iterable[Line]) -> list[Line]:
    lines: list[Line] = []
    for line in history:
        if line["event"] in ("undo", "unlink"):
            lines = [earlier for earlier in lines if earlier["text"] != line["text"]]
        lines.append(line)
    return lines


def day(at: datetime | None) -> str:
    """The office's date; nothing for none."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d}" if at else ""


def happened(cases: Mapping[int, Told], period: str) -> Counter[tuple[str, str, str, str]]:
    """(unit, day, number, what), as often as it happened. Who was merged votes on the unit of the master."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for one in cases.values():
        for unit, at, what in one.happened:
            if one.master in cases:
                unit = next((had for when, had in reversed(cases[one.master].had) if when < at), OFFICE)
            if day(at).startswith(period):
                found[unit, day(at), one.number, what] += 1
    return found


def turns(cases: Mapping[int, Told], period: str) -> list[tuple[str, ...]]:
    """(unit, number, began, answered, closed) of the turns that began in a period."""
    return sorted(
        (turn["单位"], turn["编号"], day(turn["交办"]), day(turn["答复"]), "是" if turn["办结"] else "否")
        for one in cases.values()
        if one.state not in ("merged", "rejected")
        for turn in one.turns
        if day(turn["交办"]).startswith(period)
    )


def dates(cases: Mapping[int, Told], period: str) -> dict[tuple[str, str], str]:
    """By (number, began): the date that was told last, of the turns whose clock is not held."""
    return {
        (turn["编号"], day(turn["交办"])): turn["期限"]
        for one in cases.values()
        for turn in one.turns
        if turn["期限"] and not turn["挂账"] and day(turn["交办"]).startswith(period)
    }
