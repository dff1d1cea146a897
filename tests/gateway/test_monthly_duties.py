"""What comes every month: monitors are asked and reminded, units confirm that there is nothing; who has not is seen."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway import monitors, resources, zero_reports
from gateway.case_ladder import Post
from gateway.errors import Refused
from gateway.monitors import Reported
from gateway.tables import message
from routing import store
from tests.gateway.casework import MINE, ROAD, YOURS, act, opened
from tests.gateway.office import Office
from tests.gateway.phones import POLICE, POLICE_HEAD, SCHOOLS, at, decisions, says, staffed, told


@pytest.fixture
def folder(folder: Path) -> Path:
    """Some of whose people have a phone."""
    return staffed(folder)


def sweep(office: Office) -> int:
    """What the daemon does; how many monitors are texted."""
    duties = resources.duties(office.settings)
    with office.database.write() as tx:
        sent = monitors.sweep(tx, office.desk, duties, office.now)
        zero_reports.remind(
            tx, office.desk, Post(office.vault, resources.prefixes(office.settings)), duties, office.now
        )
        return sent


def month(office: Office, of: str = "2026-12") -> dict[int, Reported]:
    with office.database.read() as tx:
        return {one.person_id: one for one in monitors.reported(tx, office.desk, of)}


@pytest.fixture
def three(office: Office) -> Office:
    """The first three informants are monitors."""
    with office.database.write() as tx:
        for person_id in (1, 2, 3):
            monitors.tag(tx, person_id, "monitor", "", "甲", office.now)
    return office


# ------------------------------------------------------------------------------------------------------------ monitors


def test_monitors_are_asked_on_the_first_working_day_in_office_hours_and_once(three: Office) -> None:
    at(three, "2026-12-01T07:50")
    assert sweep(three) == 0
    at(three, "2026-12-01T08:40")
    assert sweep(three) == 3
    assert sweep(three) == 0
    assert all("12月发展环境情况" in words for several in told(three).values() for words in several)


def test_a_matter_and_nothing_are_both_reports_and_only_a_matter_is_a_case(three: Office) -> None:
    at(three, "2026-12-01T09:00")
    sweep(three)
    told(three)
    at(three, "2026-12-03T21:00")
    assert says(three, MINE, "本月无情况。") == "已记下您12月的报告:本月无情况。谢谢您。"
    three.text(YOURS, ROAD)
    assert decisions(three) == ["nothing", "new_case"]
    with three.database.read() as tx:
        assert len(store.listed(tx)) == 1
    found = month(three)
    assert (found[1].nothing, found[1].matters, found[2].nothing, found[2].matters) == (True, 0, False, 1)
    assert [one.person_id for one in found.values() if not one.reported] == [3]


def test_who_has_not_reported_is_reminded_once(three: Office) -> None:
    at(three, "2026-12-01T09:00")
    sweep(three)
    three.text(MINE, "本月无情况")
    told(three)
    at(three, "2026-12-21T09:00")  # the fifteenth working day of December 2026
    assert sweep(three) == 2
    assert sweep(three) == 0
    assert all("还没有收到" in words for several in told(three).values() for words in several)
    at(three, "2027-01-04T09:00")
    assert not any(one.reported or one.asked for one in month(three, "2027-01").values())


def test_the_same_words_of_somebody_else_are_a_text_like_any_other(three: Office) -> None:
    three.text("8613800000005", "无情况")
    assert decisions(three) == ["new_case"]


def test_who_opted_out_is_not_asked_and_thanks_are_no_report(three: Office) -> None:
    three.text(MINE, "TD")
    three.text(YOURS, "谢谢")
    at(three, "2026-12-01T09:00")
    assert sweep(three) == 2
    assert not month(three)[1].reachable
    assert not month(three, "2026-11")[2].reported


def test_suggestions_are_counted_by_sector_and_not_by_person(office: Office) -> None:
    with office.database.write() as tx:
        monitors.tag(tx, 1, "spokesperson", "教育界", "甲", office.now)
        monitors.tag(tx, 2, "spokesperson", "教育界", "甲", office.now)
        monitors.tag(tx, 3, "spokesperson", "农业界", "甲", office.now)
    no = opened(office, MINE, "建议学校门口错峰放学")
    act(office, no, "accept", kind="建议")
    act(office, no, "assign", lead="县教育局")
    act(office, no, "report", "head", "局长", department="县教育局", reply="已采用", outcome="已采用")
    opened(office, YOURS, ROAD)
    today = office.desk.today(office.now)
    with office.database.read() as tx:
        assert monitors.sectors(tx, office.desk, today, today, {"已采用"}) == [
            monitors.Sector("农业界", 1, 0, 0, 0),
            monitors.Sector("教育界", 2, 2, 1, 1),
        ]


# -------------------------------------------------------------------------------------------------------- zero reports


def said(office: Office, of: str = "2026-11") -> dict[str, int | None]:
    with office.database.read() as tx:
        return {one.unit: one.matters for one in zero_reports.confirmed(tx, ["交警大队", "县教育局"], of)}


def test_a_unit_confirms_the_month_that_ended_and_the_last_word_holds(office: Office) -> None:
    at(office, "2026-12-02T09:00")
    assert says(office, POLICE, "LB") == "已记下交警大队11月零报告:无情况。"
    assert said(office) == {"交警大队": 0, "县教育局": None}
    assert says(office, POLICE, "零报 2") == "已记下交警大队11月零报告:2件。"
    assert says(office, POLICE_HEAD, "LB 很多") == "零报告写LB;有情况的写LB加件数,例如LB 3。"
    assert said(office)["交警大队"] == 2


def test_liaisons_who_have_not_confirmed_are_reminded_once_in_office_hours(office: Office) -> None:
    at(office, "2026-12-02T09:00")
    says(office, POLICE, "LB")
    sweep(office)
    assert told(office) == {}
    at(office, "2026-12-03T07:00")
    sweep(office)
    assert told(office) == {}
    at(office, "2026-12-03T09:00")
    sweep(office)
    sweep(office)
    got = told(office)
    assert list(got) == [SCHOOLS]
    assert got[SCHOOLS] == ["【肥乡双向沟通办】请报11月零报告:没有情况回复LB,有情况回复LB加件数,12月7日前。"]
    at(office, "2026-12-08T09:00")  # past the day nobody is reminded any more
    office_rows = office.rows(sa.select(message.c.id).where(message.c.token.like("zero:%")))
    sweep(office)
    assert len(office_rows) == 1


def test_a_year_shows_what_is_missing(office: Office) -> None:
    at(office, "2026-04-02T09:00")
    with office.database.write() as tx:
        zero_reports.confirm(tx, "交警大队", "2026-01", 2, "operator", "甲", office.now)
        zero_reports.confirm(tx, "交警大队", "2026-03", 0, "operator", "甲", office.now)
        [one] = zero_reports.year(tx, ["交警大队"], 2026, office.desk.today(office.now))
        with pytest.raises(Refused):
            zero_reports.confirm(tx, "交警大队", "2026-03", -1, "operator", "甲", office.now)
    assert (one.confirmed, one.months, one.matters, one.missing) == (2, 3, 2, ("2026-02",))


@pytest.mark.parametrize(("words", "matters"), [("", 0), ("无", 0), ("0", 0), ("3", 3), ("12件", 12)])
def test_how_many_is_read_as_people_say_it(words: str, matters: int) -> None:
    assert zero_reports.matters_of(words) == matters
