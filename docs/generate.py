"""Writes the pages of docs/ that follow from code and data: every command, the life of a case, its deadlines.

Run it with `make docs`; a test compares what it would write with what is there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway import resources
from gateway.casebook import Desk
from gateway.cli import NOUNS, whole
from gateway.settings import Loaded, Settings
from routing.cases import COMMANDS, EVENTS, LABELS, NOBODYS, PERIODS, PROPOSERS, ROLES, TRANSITIONS, CaseState
from routing.deadlines import Term
from routing.supervision import RUNG_LABELS, Rules, Rung

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
    desk = Desk.from_settings(Loaded(HERE, Settings()))
    lines += ["", "Periods in working days, of the guards `period_over` and `in_period`:", ""]
    lines += [
        f"- `{event}` from {LABELS[state]}: {desk.period(event, state)}{'' if days else ' (deadlines.toml)'}"
        for (event, state), days in PERIODS.items()
    ]
    return "\n".join(lines) + "\n"


def deadlines() -> str:
    """docs/deadlines.md: the prose of deadlines.template.md, with the figures of the shipped rules."""
    shipped = Loaded(HERE, Settings())
    calendar, terms, rules = resources.calendar(shipped), resources.terms(shipped), resources.supervision(shipped)
    years = [
        f"| {table.year} | {',变更:'.join((table.document, *(one.document for one in table.changes)))} "
        f"| {table.published} |"
        for table in calendar.tables
    ]
    waiting = [f"| {LABELS[CaseState(state)]} | {term.days} | {term.red} |" for state, term in terms.waiting.items()]
    levels = [f"| {one.level} | {one.month} | {one.year} | {one.measure} |" for one in rules.levels]
    every = (terms.default, terms.urgent, terms.redo, *terms.kinds.values(), *terms.statutory.values())
    tables = {
        "terms": [_term(term) for term in every],
        "waiting": waiting,
        "ladder": [f"| {RUNG_LABELS[rung][0]} | {when} | {RUNG_LABELS[rung][1]} |" for rung, when in _rungs(rules)],
        "levels": levels,
        "years": years,
    }
    page = (HERE / "deadlines.template.md").read_text(encoding="utf-8")
    for name, rows in tables.items():
        page = page.replace(f"{{{{{name}}}}}", "\n".join(rows))
    return page


def _term(term: Term) -> str:
    since = {"receive": "收到", "accept": "受理", "assign": "交办"}[term.since]
    unit = "个工作日" if term.working else "日"
    return f"| {term.name} | {since} | {term.days}{unit} | {term.red}{unit} | {term.source} |"


def _rungs(rules: Rules) -> Iterator[tuple[Rung, str]]:
    yield Rung.UNSIGNED, f"{rules.sign_hours}个办公小时未签收"
    yield Rung.DEEMED_SIGNED, f"{rules.deemed_signed}个工作日未签收"
    yield Rung.REMIND, f"到期前{rules.remind_before}个工作日"
    yield Rung.URGE, f"到期后第{rules.urge_after}个工作日"
    yield Rung.CRITICISE, f"到期后第{rules.criticise_after}个工作日"
    yield Rung.SUPERVISE, "亮红灯"


PAGES = {"commands.md": commands, "case-states.md": cases, "deadlines.md": deadlines}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
