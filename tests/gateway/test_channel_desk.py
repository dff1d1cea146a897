"""Matters of other ways in: entered once, answered there, counted by channel, taken along for a day without power."""

from datetime import date
from pathlib import Path

import pytest
import python_calamine
import sqlalchemy as sa

from gateway import case_pack, case_queue, channel_desk, resources
from gateway.errors import Refused
from gateway.resources import prefixes
from routing.case_sheet import Brought
from routing.cases import Case
from routing.tables import case_origin
from tests.gateway.casework import ALL, act, events, handled, show
from tests.gateway.office import Office

BOARD = Brought("board", "中心街污水外溢", "", "孙小明", None, "留言-20261124-3")


def entered(office: Office, one: Brought = BOARD) -> Case:
    with office.database.write() as tx:
        return channel_desk.enter(tx, office.desk, office.vault, prefixes(office.settings), one, "甲", office.now)


def test_the_same_number_of_another_way_in_is_entered_once(office: Office) -> None:
    no = entered(office).number
    with pytest.raises(Refused, match=f"已登记为 {no}"):
        entered(office)
    entered(office, Brought("tieba", "同一编号,另一渠道", reference=BOARD.reference))
    entered(office, Brought("board", "没有编号"))
    entered(office, Brought("board", "也没有编号"))


def test_the_name_of_who_brought_it_is_sealed(office: Office) -> None:
    case = entered(office)
    [row] = office.rows(sa.select(case_origin))
    assert "孙小明".encode() not in bytes(row.name_sealed)
    with office.database.read() as tx:
        known = channel_desk.origin(tx, office.vault, case.id)
    assert known == channel_desk.Origin(BOARD.reference, None, "孙小明")


def test_who_has_no_phone_is_told_on_the_way_it_came_and_nothing_closes_before(office: Office) -> None:
    no = entered(office).number
    handled(office, no)
    with office.database.write() as tx, pytest.raises(Refused, match="没有等待"):
        channel_desk.told(tx, office.desk, no, "公开回复", "甲", office.now)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    with office.database.read() as tx:
        assert [one.number for one in case_queue.waiting_for(tx, ["operator"], None)] == [no]
    with office.database.write() as tx, pytest.raises(Refused, match="怎样答复"):
        channel_desk.told(tx, office.desk, no, " ", "甲", office.now)
    with office.database.write() as tx:
        done = channel_desk.told(tx, office.desk, no, "11月25日在留言板公开回复", "甲", office.now)
    assert (done.state, done.reply_delivery, done.rating) == ("closed", "called", None)
    assert events(office, no)[-2:] == ["told_there", "rate_timeout"]
    assert office.answers() == []


def test_who_has_a_phone_is_told_by_text_and_not_otherwise(office: Office) -> None:
    no = entered(office, Brought("hotline", "路灯不亮", "+8613777770001")).number
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    with office.database.write() as tx, pytest.raises(Refused, match="来件人有手机"):
        channel_desk.told(tx, office.desk, no, "电话告知", "甲", office.now)


def test_a_merged_one_is_told_apart(office: Office) -> None:
    master, no = entered(office).number, entered(office, Brought("visit", "中心街污水又外溢")).number
    act(office, no, "merge", master=show(office, master))
    handled(office, master)
    act(office, master, "approve", "reviewer", "乙", gates=ALL)
    assert show(office, no).reply_delivery == "by_hand"
    with office.database.write() as tx:
        after = channel_desk.told(tx, office.desk, no, "当面告知", "甲", office.now)
        assert (after.state, after.reply_delivery) == ("merged", "called")
        with pytest.raises(Refused, match="没有等待"):
            channel_desk.told(tx, office.desk, no, "当面告知", "甲", office.now)


def test_the_counts_by_channel_add_up(office: Office) -> None:
    no = entered(office).number
    entered(office, Brought("board", "路灯不亮", "+8613777770001"))
    entered(office, Brought("visit", "路灯又不亮"))
    handled(office, no)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    with office.database.read() as tx:
        board, visit = channel_desk.counts(tx, office.desk, date(2026, 11, 1), date(2026, 11, 30))
        assert channel_desk.counts(tx, office.desk, date(2026, 10, 1), date(2026, 10, 31)) == []
    assert board == channel_desk.Counted("board", 2, 1, 2, 1, 0, 0, 0)
    assert visit == channel_desk.Counted("visit", 1, 0, 1, 0, 0, 0, 0)


def test_the_pack_holds_open_cases_by_unit_without_the_secret_ones_and_without_who_wrote(
    office: Office, tmp_path: Path
) -> None:
    no = entered(office, Brought("hotline", "我叫周某某,路灯不亮,请打13912345678", "+8613777770001", "周某某")).number
    handled(office, no)
    secret = entered(office, Brought("mailbox", "举报某人")).number
    act(office, secret, "accept", kind="举报", leader_kind="无")
    fresh = entered(office, Brought("visit", "=1+1 刚收到")).number
    with office.database.read() as tx:
        packed = case_pack.write(
            tx, office.desk, office.vault, resources.channels(office.settings), tmp_path / "包", office.now
        )
    assert (packed.cases, packed.sealed) == (2, 1)
    sheets = {
        file.name: python_calamine.CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
        for file in (tmp_path / "包").iterdir()
    }
    words = str(sheets)
    assert no in str(sheets["2026-11-24 交警大队.xlsx"])
    assert fresh in str(sheets["2026-11-24 沟通办.xlsx"])
    assert "请打(号码略)" in words
    for hidden in (secret, "举报某人", "13912345678", "13777770001", "周某某"):
        assert hidden not in words
    assert sheets[case_pack.EMPTY_SHEET] == [["渠道", "内容", "手机号", "姓名", "收到时间", "外部编号"]]
