"""`xinqiao search`: cases by words of theirs."""

from typing import Annotated

import typer
from rich.text import Text

from gateway import search as finding
from gateway.cli import screen
from gateway.cli.case_view import Json, data_of, reader
from gateway.cli.desk import Desk, open_desk
from roster import masking
from roster import store as roster_store
from routing.cases import LABELS, Case

app = typer.Typer(add_completion=False)
AROUND = 12  # characters shown before the first word found


@app.command(help="查找办件:来信内容、答复、地点、主题、主办、编号中含有全部这些词的,新的在前。查找会留下记录。")
def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help="一个或几个词,两个字、一个字也可以")],
    page: Annotated[int, typer.Option("--page", min=1, help="第几页")] = 1,
    size: Annotated[int, typer.Option("--size", min=1, max=200, help="每页几件")] = 20,
    as_json: Json = False,
) -> None:
    """What the caller may read of a case they find it by. The record names nobody who is on the roster."""
    desk = open_desk(ctx.obj)
    desk.require("case.view")
    with desk.database.read() as tx:
        found = finding.find(tx, desk.vault, words, reader(desk), page, size)
    cases = list(found.cases)
    with desk.database.write() as tx:
        known = roster_store.named_so(tx, desk.vault, {*words})
        asked = " ".join(masking.unnamed(word, known) for word in words)
        desk.audit(tx, "case.search", asked, {"page": page, "found": len(cases)})
    data = {"page": page, "more": found.more, "cases": [data_of(desk, case) for case in cases]}
    screen.emit(as_json, data, lambda: _print(desk, cases, words, page, found.more))


def _print(desk: Desk, cases: list[Case], words: list[str], page: int, more: bool) -> None:
    zone = desk.settings.zone()
    rows = [
        (
            marked(one.number, words),
            screen.moment(one.created_at, zone),
            LABELS[one.state],
            marked(one.lead or "", words),
            marked(one.place or "", words),
            marked(excerpt(one.text, words), words),
            marked(excerpt(one.reply or "", words), words),
        )
        for one in cases
    ]
    caption = f"第{page}页,下一页加 --page {page + 1}" if more else ""
    columns = ("编号", "登记", "状态", "主办", "地点", "内容…", "答复…")
    screen.table(f"找到 {len(cases)} 件{'以上' if more else ''}", columns, rows, caption)


def excerpt(words_of: str, words: list[str], most: int = 60) -> str:
    """The part of a text around the first word that it has."""
    places = [at for word in words if (at := words_of.find(word)) >= 0]
    start = max(min(places, default=0) - AROUND, 0)
    cut = words_of[start : start + most]
    return ("…" if start else "") + cut + ("…" if start + most < len(words_of) else "")


def marked(words_of: str, words: list[str]) -> Text:
    """A text with the words found in it marked."""
    shown = Text(screen.neutral(words_of))
    shown.highlight_words([word for word in words if word], style="bold yellow")
    return shown
