"""`xinqiao demo`: play everything, and check every figure."""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from gateway import demo as play
from gateway.cli import screen
from gateway.errors import REFUSED

app = typer.Typer(add_completion=False)


@app.command(help="用三家模拟运营商演示全流程,并逐项核对;有一项不符则退出码为1。")
def demo(
    keep: Annotated[Path | None, typer.Option(help="在这个目录中演示并保留(必须不存在或为空)")] = None,
    smpp: Annotated[bool, typer.Option("--smpp", help="三条线路都用 SMPP,而不是 CMPP、SGIP、SMGP")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="只输出结果 JSON")] = False,
) -> None:
    """In a temporary folder, unless one is named."""
    folder = keep or Path(tempfile.mkdtemp(prefix="xinqiao-demo-"))
    console = Console(quiet=True) if as_json else screen.out
    began = time.monotonic()
    stage = play.play(folder, console, smpp)
    seconds = round(time.monotonic() - began, 1)
    good = all(check.ok for check in stage.checks)
    data = {
        "ok": good,
        "seconds": seconds,
        "checks": [{"what": c.what, "expected": c.expected, "found": c.found, "ok": c.ok} for c in stage.checks],
        "in_doubt_at_the_kill": stage.facts.get("doubt"),
        "in_doubt_now": stage.facts.get("doubt_left"),
    }
    if as_json:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")
    else:
        _table(stage, seconds)
    if keep is None and good:
        shutil.rmtree(folder, ignore_errors=True)
    elif not as_json:
        screen.say(f"工作目录:{folder}")
    raise typer.Exit(0 if good else REFUSED)


def _table(stage: play.Stage, seconds: float) -> None:
    rows = [
        (
            Text("✓", style="green") if check.ok else Text("×", style="bold red"),
            check.what,
            _short(check.expected),
            _short(check.found),
        )
        for check in stage.checks
    ]
    wrong = sum(not check.ok for check in stage.checks)
    words = "全部相符" if not wrong else f"{wrong} 项不符"
    screen.table(f"核对 {len(rows)} 项,用时 {seconds} 秒:{words}", ("", "项目", "应为", "实为"), rows)


def _short(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {count}" for key, count in sorted(value.items()))
    return str(value)
