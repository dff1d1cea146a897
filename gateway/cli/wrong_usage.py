"""What is wrong with a command that was written wrong? In the office's words, where typer says it in English."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from gateway.errors import USAGE, Refused

SAID: Sequence[tuple[str, Callable[..., str]]] = (
    (r"Missing (?:option|argument|parameter) '([^']*)'.*", lambda name: f"缺少 {name}"),
    (r"Missing command\.", lambda: "没有写是哪一条命令"),
    (r"No such option: (\S+)", lambda name: f"没有选项 {name}"),
    (r"No such option: (\S+) \(Possible options: (.*)\)", lambda name, near: f"没有选项 {name},是不是 {near}"),
    (r"No such command '(.*?)'\.", lambda name: f"没有命令 {name}"),
    (r"No such command '(.*?)'\. Did you mean (.*)\?", lambda name, near: f"没有命令 {name},是不是 {near}"),
    (r"Option '(.*)' requires an argument\.", lambda name: f"{name} 后面要写内容"),
    (r"Option '(.*)' does not take a value\.", lambda name: f"{name} 后面不写内容"),
    (r"Got unexpected extra argument\(s\) \((.*)\)", lambda more: f"多写了“{more}”;含空格的内容要放在引号里"),
    (r"Invalid value for '(.*?)': .*\binteger\b.*", lambda name: f"{name} 应为整数"),
    (r"Invalid value for '(.*?)': .*\bnumber\b.*", lambda name: f"{name} 应为数字"),
    (r"Invalid value for '(.*?)': (.*)", lambda name, why: f"{name} 的值不对:{why}"),
)
"""Typer's sentences, and ours. One that stands in no row is shown as it is."""


def refusal(wrong: Any) -> Refused:
    """An error of typer's as a refusal, with the help that tells how the command is written."""
    sentence = " ".join(wrong.format_message().split())
    said = next((ours(*found.groups()) for his, ours in SAID if (found := re.fullmatch(his, sentence))), sentence)
    parameter = getattr(wrong, "param", None)
    if parameter is not None and parameter.param_type_name == "argument":  # its name is a programmer's
        said = said.replace(parameter.name, (parameter.help or parameter.name).partition(";")[0])
    context = getattr(wrong, "ctx", None)
    return Refused(said, f"写法见 {context.command_path} --help" if context else "", USAGE)
