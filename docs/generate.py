"""Writes the pages of docs/ that follow from the code: every command with its help, and the life of a case.

Run it with `make docs`; a test compares what it would write with what is there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.cli import NOUNS, whole
from routing.cases import LABELS, TRANSITIONS

HERE = Path(__file__).parent
ROLES = {
    "gateway": "网关",
    "operator": "操作员",
    "reviewer": "审核员",
    "dept": "承办单位",
    "citizen": "群众",
    "system": "系统",
}


def commands() -> str:
    """docs/commands.md."""
    lines = [
        "# Every command",
        "",
        "Written by `make docs` from the program itself. `xinqiao -C 目录 命令 …`; every listing takes `--json`.",
        "Exit codes: 0 done, 1 refused by a rule, 2 wrong usage, 3 settings wrong, 4 not found, 69 store or carrier",
        "not available, 75 another daemon holds the lease.",
        "",
    ]
    tree = whole()
    for noun in NOUNS:
        command = tree.get_command(None, noun)
        lines += [f"## {noun} — {NOUNS[noun]}", ""]
        children = getattr(command, "commands", None)
        for name, one in (children or {"": command}).items():
            title = f"xinqiao {noun} {name}".strip()
            lines += [f"### `{title}`", "", (one.help or "").strip(), ""]
            options = list(_options(one))
            if options:
                lines += ["| option | meaning |", "|--|--|", *options, ""]
    return "\n".join(lines)


def _options(command: Any) -> Iterator[str]:
    for option in command.params:
        if option.name == "help":
            continue
        names = ", ".join((*option.opts, *option.secondary_opts)) if option.param_type_name == "option" else option.name
        yield f"| `{names}` | {(getattr(option, 'help', None) or '').replace('|', chr(92) + '|')} |"


def cases() -> str:
    """docs/case-states.md."""
    lines = [
        "# The life of a case",
        "",
        "Written by `make docs` from the table in `routing/cases.py`: a case moves along a row, or not at all.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"  {state.value}: {label}" for state, label in LABELS.items() if _used(state)),
        *(f"  {row.source or '[*]'} --> {row.target}: {row.event}" for row in TRANSITIONS),
        "```",
        "",
        "| event | from | to | who may | guards | texts to the citizen |",
        "|--|--|--|--|--|--|",
    ]
    for row in TRANSITIONS:
        who = "、".join(ROLES[role] for role in sorted(row.roles))
        source = LABELS[row.source] if row.source else "-"
        guards, sms = ", ".join(row.guards) or "-", ", ".join(row.sms) or "-"
        lines.append(f"| `{row.event}` | {source} | {LABELS[row.target]} | {who} | {guards} | {sms} |")
    return "\n".join(lines) + "\n"


def _used(state: object) -> bool:
    return any(state in (row.source, row.target) for row in TRANSITIONS)


PAGES = {"commands.md": commands, "case-states.md": cases}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
