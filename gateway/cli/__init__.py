"""`xinqiao`: the command line. One file per noun; a noun's file is only loaded when it is called.

A new noun is a line in `NOUNS` and a file of its name. What is heavy (Word, Excel, Twisted) it imports in the function
that needs it: `HEAVY` in tests/test_architecture.py says which libraries these are.
"""

import errno
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from gateway.cli.where import Where
from gateway.errors import USAGE, Refused

NOUNS = {
    "init": "新建工作目录",
    "settings": "设置",
    "operator": "操作员与角色",
    "run": "运行网关",
    "roster": "信息员库",
    "renewal": "续聘:询问长期没有联系的信息员",
    "notice": "通知(群发)",
    "poll": "征求意见",
    "message": "单发短信",
    "text": "群众来信",
    "queue": "待受理队列:逐件受理、一键决定",
    "case": "办件",
    "search": "查找办件",
    "answers": "知识库:常见咨询的答复",
    "task": "工作任务:交给单位的事,同样的时钟和灯",
    "zero": "零报告:各单位每月确认,没有情况也要报",
    "monitor": "监测员每月报告",
    "staff": "用短信办公的人:号码、锁定、试读",
    "report": "通报、参阅、考评",
    "supervise": "督办:立项、专项、全程督办、预警、约谈",
    "digest": "信息摘报:选条、改写、签发",
    "instruction": "领导批示:登记、转办、反馈、办结",
    "leader": "县领导:待批示的件、亲自批转的十类",
    "sample": "第三方评价:抽样、评议、结果",
    "calendar": "工作日历",
    "carrier": "运营商线路",
    "simulate": "模拟运营商",
    "fsck": "检查数据库",
    "audit": "操作记录",
    "backup": "备份数据库",
    "restore": "恢复备份",
    "upgrade": "升级数据库结构",
    "demo": "演示全流程",
    "rehearse": "演练:在跳跃的时钟上经历一年",
}
"""Every noun, its help, in the order of `--help`. Its commands are the `app` of gateway/cli/<noun>.py."""


class Lazy(TyperGroup):
    """Loads a noun's file when it is called, not before: `--help` needs none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All nouns."""
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The noun's commands; only its name and help while the nouns are being listed."""
        if cmd_name not in NOUNS:
            return None
        if cmd_name not in sys.argv[1:] and not _everything:
            return TyperCommand(cmd_name, help=NOUNS[cmd_name])
        gc.disable()  # what is loaded stays: to look for garbage in it again and again takes a fifth of a start
        command = typer.main.get_command(importlib.import_module(f"gateway.cli.{cmd_name}").app)
        gc.freeze()
        gc.enable()
        command.name, command.help = cmd_name, command.help or NOUNS[cmd_name]
        return command


_everything: list[bool] = []


def whole() -> Any:
    """The whole tree of commands, every noun loaded: for documentation and its test."""
    _everything.append(True)
    return typer.main.get_command(app)


app = typer.Typer(
    cls=Lazy,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="信桥:群众与县级机关之间的双向短信网关。",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Option("--dir", "-C", envvar="XINQIAO_HOME", help="工作目录", show_default="当前目录")
    ] = Path(),
    acting_as: Annotated[
        str | None,
        typer.Option(
            "--as",
            envvar="XINQIAO_OPERATOR",
            help="以哪名操作员的身份;密码现场输入,或放在 XINQIAO_PASSWORD_FILE 指明的文件中",
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="出错时显示调用栈")] = False,
) -> None:
    """Options that stand before the noun."""
    ctx.obj = Where(folder, acting_as)


def main() -> None:
    """Run a command. A refusal becomes one line and an exit code; only bugs and --debug show a traceback.

    Whatever a command writes (the store, papers, lists, logs) only the account that runs it may read.
    """
    os.umask(0o077)
    try:
        sys.exit(app(prog_name="xinqiao", standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
    except TyperException as wrong:
        if not wrong.format_message().strip():  # a noun alone: its help stands there already
            sys.exit(USAGE)
        from gateway.cli import screen, wrong_usage

        screen.complain(wrong_usage.refusal(wrong))
        sys.exit(USAGE)
    except Refused as refusal:
        if "--debug" in sys.argv:
            raise
        from gateway.cli import screen

        screen.complain(refusal)
        sys.exit(refusal.code)
    except OSError as trouble:  # a file that somebody named; what has no name is a bug like any other
        if "--debug" in sys.argv or not trouble.filename:
            raise
        from gateway.cli import screen

        why = {errno.ENOENT: "没有这个文件或目录", errno.EACCES: "没有权限", errno.ENOSPC: "磁盘已满"}
        words = f"读写不了 {trouble.filename}:{why.get(trouble.errno or 0, trouble.strerror)}"
        screen.complain(Refused(words, "请检查文件名、目录和权限", USAGE))
        sys.exit(USAGE)
