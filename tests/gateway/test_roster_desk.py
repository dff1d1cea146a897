"""Roster files from disk to the store and back."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import xlwt

from gateway import fsck, resources, roster_desk
from gateway.errors import Refused
from gateway.roster_files import neutralised, read_roster, write_faults, write_sheet, write_table
from roster import generator, store
from roster.importing import Entry, Fault, Reading
from roster.membership import standing
from roster.tables import informant, membership, person
from tests.gateway.office import Office

TODAY = date(2026, 11, 24)
ROWS = [
    ["肥乡县信息员名册"],
    ["姓名", "手机号码", "身份证号", "职业类别", "乡镇(街道)"],
    ["钱远桥", "13900000001", "", "教师", "城关镇"],
    ["孙林", "+86 139 0000 0002", "", "农民", "旧店乡"],
    ["制表人:样例"],
]


def write_csv(file: Path, encoding: str) -> None:
    file.write_bytes("\r\n".join(",".join(row) for row in ROWS).encode(encoding))


def read(office: Office, file: Path) -> Reading:
    return read_roster(file, resources.lists(office.settings), TODAY)[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_every_encoding_of_an_office(office: Office, tmp_path: Path, encoding: str) -> None:
    write_csv(tmp_path / "r.csv", encoding)
    assert [entry.name for entry in read(office, tmp_path / "r.csv").entries] == ["钱远桥", "孙林"]


def test_tabs_and_semicolons_separate_too(office: Office, tmp_path: Path) -> None:
    for separator in "\t;":
        (tmp_path / "r.csv").write_text("\n".join(separator.join(row) for row in ROWS), encoding="utf-8")
        assert len(read(office, tmp_path / "r.csv").entries) == 2


def test_xlsx_is_read_also_from_the_second_sheet_but_never_from_a_hidden_one(office: Office, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["封面"])
    hidden = book.create_sheet("隐藏")
    hidden.sheet_state = "hidden"
    shown = book.create_sheet("名单")
    for row in ROWS:
        hidden.append(["旧", *row[1:]] if len(row) > 1 else row)
        shown.append(row)
    book.save(tmp_path / "r.xlsx")
    reading, sheet = read_roster(tmp_path / "r.xlsx", resources.lists(office.settings), TODAY)
    assert sheet == "名单"
    assert [entry.name for entry in reading.entries] == ["钱远桥", "孙林"]


def test_xls_is_read_and_numbers_in_cells_are_numbers(office: Office, tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("名单")
    for at, row in enumerate(ROWS):
        for column, cell in enumerate(row):
            sheet.write(at, column, 13900000001 if cell == "13900000001" else cell)
    book.save(str(tmp_path / "r.xls"))
    assert [entry.phone for entry in read(office, tmp_path / "r.xls").entries] == ["+8613900000001", "+8613900000002"]


@pytest.mark.parametrize(
    ("name", "octets"), [("r.xlsx", b"no spreadsheet"), ("r.xlsx", b"PK\x03\x04broken"), ("r.csv", b"")]
)
def test_what_is_no_roster_is_refused_with_the_way_out(
    office: Office, tmp_path: Path, name: str, octets: bytes
) -> None:
    (tmp_path / name).write_bytes(octets)
    with pytest.raises(Refused) as refusal:
        read(office, tmp_path / name)
    assert refusal.value.way_out


def test_a_missing_file_is_named(office: Office, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nowhere"):
        read(office, tmp_path / "nowhere.xlsx")


# --------------------------------------------------------------------------------------------------------------- import


def plan(office: Office, reading: Reading) -> roster_desk.Plan:
    with office.database.read() as tx:
        return roster_desk.plan(tx, office.vault, reading)


def apply(office: Office, reading: Reading) -> roster_desk.Plan:
    with office.database.write() as tx:
        wanted = roster_desk.plan(tx, office.vault, reading)
        roster_desk.apply(tx, office.vault, resources.prefixes(office.settings), wanted, office.now)
        return wanted


def sample(office: Office, tmp_path: Path, accepted: int = 300) -> Reading:
    file = tmp_path / "sample.xlsx"
    write_sheet(file, generator.generate(resources.lists(office.settings), 5, accepted).rows)
    return read(office, file)


def test_a_dry_run_changes_nothing_and_the_same_file_again_changes_nothing(office: Office, tmp_path: Path) -> None:
    reading = sample(office, tmp_path)
    before = len(office.rows(sa.select(informant)))
    joins = len(plan(office, reading).joins)
    assert joins >= 290  # ten numbers belong to the office's own people
    assert len(office.rows(sa.select(informant))) == before
    apply(office, reading)
    assert len(office.rows(sa.select(informant))) == before + joins
    again = apply(office, reading)
    assert (again.joins, again.changes, again.unchanged) == ((), (), joins)


def test_a_changed_cell_is_a_change_and_an_empty_one_is_none(office: Office, tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv", "utf-8")
    apply(office, read(office, tmp_path / "r.csv"))
    moved = [[*row[:4], "毛演堡乡"] if row[0] == "孙林" else row for row in ROWS]
    (tmp_path / "r.csv").write_text("\n".join(",".join(row) for row in moved), encoding="utf-8")
    changed = apply(office, read(office, tmp_path / "r.csv"))
    assert [entry.township for _, entry in changed.changes] == ["毛演堡乡"]
    assert changed.unchanged == 1


def test_a_number_that_the_store_knows_under_another_name_is_not_overwritten(office: Office, tmp_path: Path) -> None:
    write_csv(tmp_path / "r.csv", "utf-8")
    apply(office, read(office, tmp_path / "r.csv"))
    (tmp_path / "r.csv").write_text(
        "\n".join(",".join("李四" if cell == "孙林" else cell for cell in row) for row in ROWS), encoding="utf-8"
    )
    refused = plan(office, read(office, tmp_path / "r.csv"))
    assert [fault.kind for fault in refused.faults] == ["number of another"]


def test_somebody_who_texted_before_they_joined_is_the_same_person(office: Office, tmp_path: Path) -> None:
    office.text("8613900000001", "我想当信息员")
    [known] = office.rows(sa.select(person.c.id).order_by(person.c.id.desc()).limit(1))
    write_csv(tmp_path / "r.csv", "utf-8")
    apply(office, read(office, tmp_path / "r.csv"))
    with office.database.read() as tx:
        [member] = store.members(tx, office.vault, name="钱远桥")
    assert member.person_id == known.id


def test_a_new_number_is_taken_and_one_of_somebody_else_refused(office: Office) -> None:
    prefixes = resources.prefixes(office.settings)
    with office.database.write() as tx:
        roster_desk.change_phone(tx, office.vault, prefixes, 1, "18600000001", "me", office.now)
        assert store.phones(tx, office.vault, [1]) == {1: "+8618600000001"}
        assert store.person_of(tx, 1).carrier == "unicom"
        with pytest.raises(Refused, match="另一人"):
            roster_desk.change_phone(tx, office.vault, prefixes, 1, "13800000002", "me", office.now)


# -------------------------------------------------------------------------------------------------------------- history


def history(office: Office) -> list[tuple[object, ...]]:
    columns = (membership.c.person_id, membership.c.event, membership.c.why, membership.c.township)
    rows = office.rows(sa.select(*columns).where(membership.c.person_id == 1).order_by(membership.c.id))
    return [tuple(row) for row in rows]


def test_joining_moving_leaving_and_returning_are_written_down_once_each(office: Office) -> None:
    with office.database.write() as tx:
        one = store.member(tx, office.vault, 1)
        assert one is not None
        entry = Entry(0, one.phone, one.name, "", one.category, "旧店乡", "")
        for _ in range(2):
            roster_desk.update(tx, office.vault, 1, entry, office.now)
        for reason in ("外出打工", "外出打工,已核实"):
            roster_desk.stop(tx, 1, reason, office.now, "away")
        roster_desk.update(tx, office.vault, 1, replace(entry, township="城关镇"), office.now)  # not on the roster now
        for _ in range(2):
            store.set_state(tx, 1, "active", "", office.now)
    assert history(office) == [
        (1, "joined", "", "城关镇"),
        (1, "moved", "", "旧店乡"),
        (1, "left", "away", "旧店乡"),
        (1, "returned", "", "城关镇"),
    ]
    with office.database.read() as tx:
        assert [one for one in fsck.check(tx, office.keys.seal, office.now_ms) if one.invariant == "roster"] == []


def test_a_clock_that_is_set_back_changes_no_past_day(office: Office) -> None:
    zone = office.settings.zone()
    with office.database.write() as tx:
        today = standing(store.changes(tx, zone), office.now.astimezone(zone).date())
        office.minutes += 2 * 24 * 60
        roster_desk.stop(tx, 1, "x", office.now)
        office.minutes -= 2 * 24 * 60
        roster_desk.stop(tx, 2, "x", office.now)
        assert standing(store.changes(tx, zone), office.now.astimezone(zone).date()) == today
        assert len(today) == 10


def test_a_roster_that_differs_from_its_history_is_found(office: Office) -> None:
    with office.database.write() as tx:
        tx.execute(sa.update(informant).where(informant.c.person_id == 3).values(state="stopped"))
        tx.execute(sa.update(informant).where(informant.c.person_id == 4).values(township="旧店乡"))
        tx.execute(sa.delete(membership).where(membership.c.person_id == 5))
        found = [one.row for one in fsck.check(tx, office.keys.seal, office.now_ms) if one.invariant == "roster"]
    assert sorted(found) == ["person 3", "person 4", "person 5"]


# --------------------------------------------------------------------------------------------------------------- export

EVIL = ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("words", EVIL)
def test_no_cell_becomes_a_formula(tmp_path: Path, words: str) -> None:
    write_table(tmp_path / "t.xlsx", "t", ("a",), [(words,)])
    sheet: Any = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    assert sheet["A2"].data_type == "s"
    write_table(tmp_path / "t.csv", "t", ("a",), [(words,)])
    line = (tmp_path / "t.csv").read_bytes().removeprefix(b"\xef\xbb\xbf").decode().split("\n", 1)[1]
    assert line.lstrip('"')[0] == "'"
    assert neutralised("普通") == "普通"


def test_the_error_workbook_names_row_column_value_and_reason_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "errors.xlsx"
    write_faults(file, [Fault(17, "手机号", "=1390000", "invalid number", "号码应为11位,实际7位")])
    sheet: Any = openpyxl.load_workbook(file).active
    assert [cell.value for cell in sheet[2]] == ["17", "手机号", "=1390000", "号码应为11位,实际7位"]
    assert file.stat().st_mode & 0o077 == 0
