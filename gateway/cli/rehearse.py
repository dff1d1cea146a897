"""`xinqiao rehearse`: play what a county would live through, on a clock that jumps."""

import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from gateway.cli import screen
from gateway.errors import REFUSED, USAGE, Refused
from gateway.year import acceptance, figures, play

app = typer.Typer(no_args_is_help=True, add_completion=False)
FAST = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


@app.callback()
def rehearse() -> None:
    """演练:在跳跃的时钟上,让整个网关经历一段日子。"""


@app.command(help="演练肥乡的一年(一万人、85条通知、1076条来信、310件交办),逐项核对;有一项不符则退出码为1。")
def year(
    seed: Annotated[int, typer.Option(help="随机种子;同一种子,结果相同")] = 2014,
    scale: Annotated[float, typer.Option(help="规模,1 为全部,0.05 为二十分之一")] = 1.0,
    start: Annotated[str, typer.Option("--from", help="从哪天起的一年")] = play.START.isoformat(),
    keep: Annotated[Path | None, typer.Option(help="在这个目录中演练并保留(必须不存在或为空)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """In memory, unless a folder is named."""
    if not 0.03 <= scale <= 1:
        raise Refused(f"规模 {scale} 不可用", "写 0.03 至 1 之间的数,例如 0.05", USAGE)
    top = FAST if keep is None and FAST.is_dir() else None
    folder = keep or Path(tempfile.mkdtemp(prefix="xinqiao-year-", dir=top))
    began = time.monotonic()
    try:
        played = _played(folder, figures.scaled(scale), seed, _day(start), as_json)
        lines, hashed = acceptance.table(played), acceptance.ledger(played)
        played.county.close()
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    seconds = round(time.monotonic() - began, 1)
    good = all(line.ok for line in lines)
    data = {
        "ok": good,
        "seconds": seconds,
        "ledger": hashed,
        "lines": [
            {"part": one.part, "what": one.what, "wanted": one.wanted, "told": one.told, "seen": one.seen}
            | {"ok": one.ok}
            for one in lines
        ],
    }
    screen.emit(as_json, data, lambda: show(lines, f"用时 {seconds} 秒,总账 {hashed}"))
    if keep is not None and not as_json:
        screen.say(f"工作目录:{keep}(可用 xinqiao -C {keep} case list 等查看)")
    raise typer.Exit(0 if good else REFUSED)


def show(lines: Sequence[acceptance.Line], beside: str) -> None:
    """The table."""
    wrong = sum(not one.ok for one in lines)
    rows = []
    before = ""
    for one in lines:
        mark = Text("✓", style="green") if one.ok else Text("×", style="bold red")
        rows.append((mark, one.part if one.part != before else "", one.what, one.wanted, one.told, one.seen))
        before = one.part
    title = f"核对 {len(lines)} 项:{'全部相符' if not wrong else f'{wrong} 项不符'};{beside}"
    screen.table(title, ("", "部分", "项目", "#应为", "#信桥", "#手机一侧"), rows)


def quiet() -> None:
    """What the gateway logs of a played year is of no interest; what goes wrong stands in the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _played(folder: Path, of: figures.Figures, seed: int, start: date, silent: bool) -> play.Year:
    quiet()
    columns = (TextColumn("{task.description}"), BarColumn(40), TextColumn("{task.percentage:3.0f}%"))
    console = Console(file=sys.stderr)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=silent) as bars:
        task = bars.add_task("名册入库", total=1.0)

        def say(now: datetime, share: float) -> None:
            bars.update(task, completed=share, description=f"{now.astimezone(play.HERE):%Y-%m-%d}")

        return play.play(folder, of, seed, start, say=say)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"看不懂日期 {written}", "写成 2014-05-01 的样子", USAGE) from None
