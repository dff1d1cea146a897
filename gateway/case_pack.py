"""What an office takes along for a day without power: every unit's open cases, and an empty sheet for what comes in.

No case that is kept secret is in it, and nothing of who wrote. What is written into it by hand is entered afterwards by
the commands; what came in, by `xinqiao case import`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from gateway.casebook import Desk
from gateway.errors import USAGE, Refused
from gateway.roster_files import write_table
from gateway.sight import Sight, on_paper
from gateway.staff_mail import matter
from roster.vault import Vault
from routing import case_sheet, store
from routing.cases import LABELS, URGENCIES, Case, CaseState
from routing.channels import Channels

OPEN = (
    *(CaseState.NEW, CaseState.NEED_INFO, CaseState.ACCEPTED, CaseState.AWAIT_LEADER, CaseState.ASSIGNED),
    *(CaseState.RETURN_REQ, CaseState.IN_PROGRESS, CaseState.REPORTED, CaseState.DISSATISFIED, CaseState.SUSPENDED),
)
OFFICE = "沟通办"
HEADER = ("编号", "渠道", "状态", "缓急", "主办", "协办", "期限", "内容", "签收人和时间", "进展", "办理结果", "签发人")
BLANK = 4  # columns at the end that are filled in by hand
EMPTY_SHEET = "来件登记表(事后用 case import 录入).xlsx"
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written."""

    files: tuple[tuple[Path, int], ...]
    cases: int
    sealed: int


def write(tx: sa.Connection, desk: Desk, vault: Vault, channels: Channels, folder: Path, now: datetime) -> Packed:
    """One file for each unit that leads or helps with an open case, one for the office, and the empty sheet."""
    cases = [case for state in OPEN for case in store.listed(tx, state=state, limit=MOST)]
    told = [case for case in cases if on_paper(case) >= Sight.MATTER]
    by_unit: dict[str, list[Case]] = {OFFICE: [case for case in told if case.lead is None]}
    for case in told:
        for unit in filter(None, (case.lead, *case.co_handlers)):
            if unit not in case.accused:
                by_unit.setdefault(unit, []).append(case)
    words = {case.id: matter(tx, vault, case) for case in told}
    day = desk.today(now)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = [
            _write(folder / f"{day} {_plain(unit)}.xlsx", unit, found, words, channels)
            for unit, found in by_unit.items()
            if found
        ]
        header = [case_sheet.LABELS[key] for key in ("channel", "text", "phone", "name", "received", "reference")]
        write_table(folder / EMPTY_SHEET, "来件登记", header, ())
    except OSError as wrong:
        raise Refused(f"写不了 {folder}:{wrong.strerror}", "请换一个目录", USAGE) from None
    return Packed(tuple(files), len(told), len(cases) - len(told))


def _plain(unit: str) -> str:
    """A unit's name as a file's name may be."""
    return re.sub(r"[^\w()()]", "", unit)


def _write(
    file: Path, unit: str, cases: Sequence[Case], words: Mapping[int, str], channels: Channels
) -> tuple[Path, int]:
    rows = [
        (
            *(case.number, channels.label(case.channel), LABELS[case.state], URGENCIES[case.urgency]),
            *(case.lead or "", "、".join(case.co_handlers), case.due_on or "", words[case.id]),
            *[""] * BLANK,
        )
        for case in sorted(cases, key=lambda case: (case.due_on or "9", case.number))
    ]
    write_table(file, unit[:31], HEADER, rows)
    return file, len(cases)
