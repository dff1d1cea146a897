"""`xinqiao case suggest`: what a case seems to be, why, which earlier ones may be the same, and which answers fit."""

from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
import typer

from gateway import triage_desk
from gateway.casebook import find
from gateway.cli import screen
from gateway.cli.case_view import Json, No, data_of, in_sight, readable, reporter, visible
from gateway.cli.desk import Desk, open_desk
from gateway.triage_desk import Advice, Book, Choice
from routing.cases import LABELS, URGENCIES, Case
from routing.places import NEARNESS_LABELS
from routing.suggestion import FIELD_LABELS


def register(app: typer.Typer) -> None:
    """Add the command to `xinqiao case`."""

    @app.command(help="一件的建议:类别、主题、地点、主办、缓急,各有理由;相近的件;知识库。只供参考。")
    def suggest(ctx: typer.Context, number: No, as_json: Json = False) -> None:
        """Changes nothing but the file that texts are found by."""
        desk = open_desk(ctx.obj)
        desk.require("queue.view")
        book = Book.from_settings(desk.settings)
        file_all(desk, book)
        with desk.database.read() as tx:
            case = visible(tx, desk, number)
            found = advice(tx, desk, book, case)
        case = readable(desk, case)
        screen.emit(as_json, data_of(desk, case) | _data(case, found), lambda: _print(case, found))


def file_all(desk: Desk, book: Book) -> None:
    """What waits to be filed is filed: the work of a moment, or of half a minute the first time behind an archive."""
    with screen.err.status("正在登记旧件,供比较…"):
        triage_desk.file_all(desk.database, book.reader)


def advice(tx: sa.Connection, desk: Desk, book: Book, case: Case) -> Advice:
    """What is suggested, with the cases like it as the caller may read them."""
    found = triage_desk.advise(tx, book, case, desk.now())
    others = {case.number: case for case in in_sight(desk, (find(tx, one.number) for one in found.duplicates))}
    same = [one for one in found.duplicates if one.number in others]
    return replace(found, duplicates=tuple(replace(one, text=readable(desk, others[one.number]).text) for one in same))


def advice_data(tx: sa.Connection, desk: Desk, book: Book, case: Case) -> dict[str, Any]:
    """A case with what is suggested, for programs."""
    found = advice(tx, desk, book, case)
    return data_of(desk, case) | {"reporter": reporter(tx, desk, case)} | _data(case, found)


def _data(case: Case, found: Advice) -> dict[str, Any]:
    suggestions = asdict(found.suggestions)
    return {
        "suggestions": suggestions,
        "choice": asdict(Choice.of(case, found.suggestions)),
        "duplicates": [
            {
                "number": one.number,
                "state": one.state,
                "likeness": round(one.likeness.value, 2),
                "words": round(one.likeness.words, 2),
                "nearness": one.likeness.nearness,
                "place": one.place,
                "text": one.text,
            }
            for one in found.duplicates
        ],
        "answers": [asdict(one.answer) | {"score": one.score} for one in found.answers],
    }


def _print(case: Case, found: Advice) -> None:
    screen.say(f"{case.number} {case.text}")
    rows = []
    for field, name in FIELD_LABELS.items():
        one = getattr(found.suggestions, field)
        if one is not None:
            value = URGENCIES[one.value] if field == "urgency" else one.value
            rows.append((name, value, one.reason, f"{one.confidence:.0%}"))
        elif field == "lead":
            rows.append((name, "", found.suggestions.why_no_lead, ""))
    screen.table("建议", ("项目", "建议", "理由", "#把握"), rows)
    if found.duplicates:
        same = [
            (
                one.number,
                f"{min(one.likeness.value, 1):.0%}",
                NEARNESS_LABELS[one.likeness.nearness],
                one.place,
                LABELS[one.state],
                one.text,
            )
            for one in found.duplicates
        ]
        screen.table("相近的件", ("编号", "#相似", "地点比较", "地点", "状态", "内容…"), same)
    if found.answers:
        ready = [(one.answer.no, one.answer.title, "、".join(one.words), one.answer.reply) for one in found.answers]
        screen.table("知识库", ("#编号", "标题", "相符的词", "答复"), ready)
