"""Writes the pages of docs/ that follow from the code: every command with its help, and the life of a case.

Run it with `make docs`; a test compares what it would write with what is there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.cli import NOUNS, whole
from routing.cases import COMMANDS, EVENTS, LABELS, NOBODYS, PROPOSERS, ROLES, TRANSITIONS, WORKING_DAYS

HERE = Path(__file__).parent


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
        f"{len(LABELS)} states, {len(TRANSITIONS)} rows. Guards stand in `routing/guards.py`; a text whose name ends",
        "in ? goes when somebody wants it told. Every step is on record with who, when and why.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"  {state.value}: {label}" for state, label in LABELS.items()),
        *(f"  {row.source or '[*]'} --> {row.target}: {row.event}" for row in TRANSITIONS),
        "```",
        "",
        "| # | event | | from | to | who may | guards | texts to the citizen | command |",
        "|--|--|--|--|--|--|--|--|--|",
    ]
    for number, row in enumerate(TRANSITIONS, 1):
        who = "、".join(label for role, label in ROLES.items() if role in row.roles)
        source = LABELS[row.source] if row.source else "-"
        guards, sms = ", ".join(row.guards) or "-", ", ".join(row.sms) or "-"
        command = f"`case {COMMANDS[row.event]}`" if row.roles - NOBODYS and row.source else "-"
        lines.append(
            f"| {number} | `{row.event}` | {row.label} | {source} | {LABELS[row.target]} | {who} | {guards} | {sms} "
            f"| {command} |"
        )
    lines += ["", "Proposed by one person, decided by another:", ""]
    for event, roles in PROPOSERS.items():
        proposers = "、".join(label for role, label in ROLES.items() if role in roles)
        lines.append(f"- `{event}` {EVENTS[event]}: proposed by {proposers}")
    lines += ["", "Periods in working days, of the guards `period_over`, `in_period` and `red`:", ""]
    lines += [
        f"- `{event}` from {LABELS[state]}: {days} after `{name}`"
        for (event, state), (name, days) in WORKING_DAYS.items()
    ]
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands, "case-states.md": cases}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
