"""`xinqiao sample`: evaluation by third parties, drawn from a seed that everybody knows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import sample_desk, sample_papers
from gateway.casebook import Desk as CaseDesk
from gateway.cli import paper_view, screen
from gateway.cli.case_view import Json
from gateway.cli.desk import open_desk
from gateway.cli.period import day
from gateway.errors import REFUSED, USAGE, Refused
from gateway.sample_desk import ASPECTS, Sample
from routing import sampling

app = typer.Typer(no_args_is_help=True, add_completion=False)
No = Annotated[int, typer.Argument(help="抽样第几号")]


@app.command(help="从一个月或一年办结的件中抽样,并分给评议员。种子公开,同样的名单和种子人人抽得同样的结果。")
def draw(
    ctx: typer.Context,
    n: Annotated[int, typer.Option("--n", help="抽多少件;各单位按件数的比例")],
    seed: Annotated[str, typer.Option("--seed", help="种子:会上当众商定的一串字或数字")],
    evaluators: Annotated[Path, typer.Option("--evaluators", help="评议员名单(CSV 或 Excel):姓名、类别、单位")],
    month: Annotated[str, typer.Option("--month", help="月份,例如 2026-11")] = "",
    year: Annotated[str, typer.Option("--year", help="年份,例如 2026")] = "",
    of: Annotated[int | None, typer.Option("--of", help="从名单中抽几名评议员,各类按比例;不写为全部")] = None,
    again: Annotated[str, typer.Option("--again", help="同一时期重抽的理由")] = "",
    as_json: Json = False,
) -> None:
    """The audit keeps seed and frame of every draw, also of those that were drawn again."""
    desk = open_desk(ctx.obj)
    actor = desk.require("sample.draw").name
    book = CaseDesk.from_settings(desk.settings)
    period = _period(month, year)
    pool = sample_papers.evaluators(evaluators)
    with desk.database.write() as tx:
        made = sample_desk.draw(
            tx,
            book,
            period=period,
            size=n,
            seed=seed,
            pool=pool,
            wanted=of,
            reason=again,
            actor=actor,
            now=desk.now(),
        )
        data = _data(tx, made)
        detail = {"period": period, "seed": seed, "n": n, "of": len(made.cases), "again": again}
        desk.audit(tx, "sample.draw", f"sample {made.id}", detail)
    screen.emit(as_json, data, lambda: _print(data))


@app.command("list", help="历次抽样:时期、种子、从多少件中抽多少、已评多少。")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """Oldest first."""
    desk = open_desk(ctx.obj)
    desk.require("sample.view")
    with desk.database.read() as tx:
        found = [_data(tx, made) for made in sample_desk.listed(tx)]
    rows = [
        (one["id"], one["period"], one["seed"], one["of"], len(one["cases"]), one["entered"], one["reason"])
        for one in found
    ]
    columns = ("#号", "时期", "种子", "#范围", "#抽取", "#已评", "重抽的理由")
    screen.emit(as_json, found, lambda: screen.table(f"抽样 {len(found)} 次", columns, rows))


@app.command(help="一次抽样:抽样范围、抽中的件(化名、编号、单位、评议员)。")
def show(ctx: typer.Context, number: No, as_json: Json = False) -> None:
    """Not for evaluators: it has the numbers."""
    desk = open_desk(ctx.obj)
    desk.require("sample.view")
    with desk.database.read() as tx:
        data = _data(tx, sample_desk.get(tx, number))
    screen.emit(as_json, data, lambda: _print(data))


@app.command(help="照公布的方法重抽一遍,与记录核对;不符的列出,退出码为1。--frame 存下抽样范围,任何人可据以复核。")
def recount(
    ctx: typer.Context,
    number: No,
    frame: Annotated[Path | None, typer.Option("--frame", help="抽样范围另存为 CSV:编号、单位、sha256 值")] = None,
    as_json: Json = False,
) -> None:
    """From what is kept with the draw."""
    desk = open_desk(ctx.obj)
    desk.require("sample.view")
    with desk.database.read() as tx:
        made = sample_desk.get(tx, number)
        wrong = sample_desk.recount(tx, made)
    if frame is not None:
        _save_frame(made, frame)
    said = f"抽样第 {number} 号重抽一致" if not wrong else f"抽样第 {number} 号不符:{'、'.join(wrong)}"
    data = {"id": number, "same": not wrong, "differs": wrong}
    screen.emit(as_json, data, lambda: screen.say(said, "bold red" if wrong else "green"))
    raise typer.Exit(REFUSED if wrong else 0)


@app.command(help="评议材料:每名评议员一份 Word 和一份可填写的 Excel;不含反映人、承办单位和真实编号。")
def pack(
    ctx: typer.Context,
    number: No,
    out: Annotated[Path, typer.Option("--out", help="存到哪个目录")],
    as_json: Json = False,
) -> None:
    """Two files for each evaluator."""
    from gateway.papers import excel, word  # each loads a large library

    desk = open_desk(ctx.obj)
    desk.require("sample.draw")
    book = CaseDesk.from_settings(desk.settings)
    files = []
    with desk.database.write() as tx:
        papers = sample_papers.packs(tx, book, desk.vault, sample_desk.get(tx, number))
        try:
            out.mkdir(parents=True, exist_ok=True)
            for at, (printed, filled) in enumerate(papers, 1):
                files += [out / f"评议材料-{number}-{at}.docx", out / f"评议表-{number}-{at}.xlsx"]
                word.write(printed, files[-2])
                excel.write(filled, files[-1])
        except OSError as trouble:
            raise Refused(f"写不了 {out}:{trouble}", "请换一个目录", USAGE) from None
        desk.audit(tx, "sample.pack", f"sample {number}", {"evaluators": len(papers)})
    said = f"已写入 {out}:{len(papers)} 名评议员,{len(files)} 个文件"
    screen.emit(as_json, [str(file) for file in files], lambda: screen.say(said, "green"))


@app.command(help="录入评分:一件(化名编号和三项分数),或评议员交回的 Excel(--file)。")
def enter(
    ctx: typer.Context,
    pseudonym: Annotated[str, typer.Argument(help="化名编号,例如 S3-017")] = "",
    attitude: Annotated[int, typer.Option("--attitude", help="服务态度 1 至 5")] = 0,
    efficiency: Annotated[int, typer.Option("--efficiency", help="办事效率 1 至 5")] = 0,
    style: Annotated[int, typer.Option("--style", help="工作作风 1 至 5")] = 0,
    reason: Annotated[str, typer.Option(help="理由;2 分以下必须写")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="交回的评议表(Excel)")] = None,
    as_json: Json = False,
) -> None:
    """All lines of a sheet or none."""
    desk = open_desk(ctx.obj)
    actor = desk.require("sample.enter").name
    if bool(pseudonym) == (file is not None):
        raise Refused("请写化名编号,或用 --file 指明交回的表", "两者写一个", USAGE)
    given = [(pseudonym, {"attitude": attitude, "efficiency": efficiency, "style": style}, reason)]
    given = sample_papers.filled(file) if file else given
    with desk.database.write() as tx:
        for name, marks, why in given:
            one = sample_desk.enter(tx, name, marks, why, actor, desk.now())
            desk.audit(tx, "sample.enter", one.pseudonym, dict(one.marks))
    said = f"已录入 {len(given)} 件:{'、'.join(name for name, _, _ in given)}"
    screen.emit(as_json, {"entered": len(given)}, lambda: screen.say(said, "green"))


@app.command(help="结果:总体、按单位、按评议员类别;好评率和均分都写明由哪两个数得出。")
def result(
    ctx: typer.Context,
    number: No,
    word_file: paper_view.WordFile = None,
    excel_file: paper_view.ExcelFile = None,
    as_json: Json = False,
) -> None:
    """No ranking of people, and none of units here."""
    desk = open_desk(ctx.obj)
    desk.require("sample.view")
    with desk.database.read() as tx:
        paper = sample_papers.result(tx, sample_desk.get(tx, number))
    paper_view.give(paper, as_json, word_file, excel_file)


def _period(month: str, year: str) -> str:
    if bool(month) == bool(year):
        raise Refused("请指明月份或年份", "--month 2026-11 或 --year 2026,写一个", USAGE)
    return f"{day(f'{month}-01')}"[:7] if month else f"{day(f'{year}-01-01')}"[:4]


def _data(tx: Any, made: Sample) -> dict[str, Any]:
    """A draw for programs and people of the office."""
    cases = sample_desk.judged(tx, made.id)
    people = sample_desk.people(tx, made.id)
    numbers = sample_desk.numbers(tx, cases)
    return {
        "id": made.id,
        "period": made.period,
        "seed": made.seed,
        "of": len(made.cases),
        "left_out": made.left_out,
        "reason": made.reason,
        "drawn_by": made.drawn_by,
        "drawn_at": made.drawn_at,
        "entered": sum(bool(one.marks) for one in cases),
        "evaluators": [{"name": one.name, "category": one.category, "unit": one.unit} for one in people],
        "cases": [
            {
                "pseudonym": one.pseudonym,
                "number": numbers[one.case_id],
                "unit": one.unit,
                "evaluator": one.evaluator,
                **{name: one.marks.get(name) for name in ASPECTS},
            }
            for one in cases
        ],
    }


def _print(data: dict[str, Any]) -> None:
    left_out = "、".join(f"{why} {count} 件" for why, count in data["left_out"].items())
    screen.say(f"抽样第 {data['id']} 号:{data['period']} 办结的 {data['of']} 件,种子“{data['seed']}”", "bold")
    screen.say(
        f"没有列入范围的:{left_out};{data['drawn_by']} 抽取{';重抽:' + data['reason'] if data['reason'] else ''}"
    )
    people: Sequence[dict[str, str]] = data["evaluators"]
    mine = [one["evaluator"] for one in data["cases"]]
    rows = [(at, one["name"], one["category"], one["unit"], mine.count(at)) for at, one in enumerate(people, 1)]
    screen.table("评议员", ("#", "姓名", "类别", "单位", "#件数"), rows)
    lines = [
        (one["pseudonym"], one["number"], one["unit"], one["evaluator"], *(one[name] or "" for name in ASPECTS))
        for one in data["cases"]
    ]
    columns = ("化名编号", "编号", "单位", "#评议员", *(f"#{label}" for label in ASPECTS.values()))
    screen.table(f"抽中 {len(lines)} 件", columns, lines)


def _save_frame(made: Sample, file: Path) -> None:
    """What anybody needs to draw again: the list, and each line's place in the order."""
    lines = ["编号,单位,sha256"]
    lines += [f"{number},{unit},{sampling.rank(made.seed, number)}" for number, unit, _ in made.cases]
    try:
        file.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    except OSError as trouble:
        raise Refused(f"写不了 {file}:{trouble}", "请换一个文件名或目录", USAGE) from None
