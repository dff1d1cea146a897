"""The signs that a unit's figures are better than its work."""

from dataclasses import replace
from datetime import date, timedelta

from routing import gaming
from routing.calendar import Calendar
from routing.deadlines import Terms
from routing.gaming import Checks, Filed, Finding
from routing.statistics import Tally
from tests.routing.histories import Eyes
from tests.routing.test_evaluation import RULES, cases

CHECKS: Checks = replace(RULES.checks, least=4)
LAST = date(2014, 10, 31)
USUAL = Filed("FX1", "甲局", date(2014, 10, 15), "小学门口/交通秩序", "已派员到现场处理完毕,请放心", True, None)


def found(*reports: Filed, tallies: tuple[Tally, ...] = ()) -> list[tuple[str, tuple[str, ...]]]:
    signs = gaming.findings(reports, (), tallies, LAST, CHECKS)
    return [(one.what, one.cases) for one in signs]


def several(n: int, **change: object) -> list[Filed]:
    """Reports on so many different problems, each with words of its own."""
    usual = replace(USUAL, **change)  # type: ignore[arg-type]
    return [
        replace(usual, number=f"FX{at}", problem=f"地点{at}", reply=f"第{at}件已办理完毕,请您放心") for at in range(n)
    ]


def test_usual_reports_show_nothing() -> None:
    assert found(*several(6)) == []


def test_a_report_without_contact_is_one() -> None:
    assert found(replace(USUAL, contact=False)) == [("未见接触即反馈", ("FX1",))]


def test_the_same_reply_to_different_problems_is_one_but_not_to_the_same() -> None:
    same = [replace(one, reply="已转有关部门 处理,请放心") for one in several(3)]
    assert found(*same) == [("答复雷同", ("FX0", "FX1", "FX2"))]
    assert found(*same[:2]) == []
    assert found(*(replace(one, problem="一处") for one in same)) == []
    assert found(*(replace(one, reply="已办结") for one in same)) == []


def test_half_of_the_reports_in_the_last_hour_of_their_day_are_one() -> None:
    late = several(4, left=timedelta(minutes=59))
    early = several(4, left=timedelta(minutes=60))
    assert found(*late[:2], *early[2:]) == [("踩点反馈", ("FX0", "FX1"))]
    assert found(late[0], *early[1:]) == []
    assert found(*late[:3]) == []  # so few are no share


def test_reports_heaped_on_the_last_day_are_one() -> None:
    assert found(*several(2, on=LAST), *several(4)[2:]) == [("月末集中反馈", ("FX0", "FX1"))]


def test_many_who_did_not_rate_are_one() -> None:
    unrated = Tally("甲局", satisfied=cases(1), not_rated=cases(3, 1))
    assert found(tallies=(unrated,)) == [("未评价偏高", cases(3, 1))]
    assert found(tallies=(replace(unrated, satisfied=cases(2, 7)),)) == []


def test_a_finding_says_whose_and_how() -> None:
    [one] = gaming.findings([replace(USUAL, contact=False), *several(1)], (), (), LAST, CHECKS)
    assert one == Finding("未见接触即反馈", "甲局", "1/2 件的反馈没有进展、佐证或联系情况", ("FX1",))


ASSIGNED = ("2014-10-10T15:00 receive", "2014-10-10T16:00 assign lead=交警大队", "2014-10-10T17:00 sign")


def test_what_a_unit_filed_says_whether_it_met_anybody_and_how_late_it_was(calendar: Calendar, terms: Terms) -> None:
    eyes = Eyes(calendar, terms)
    for step, contact, left in (
        ("2014-10-15T16:59 report reply=已转办", False, None),
        ("2014-10-16T16:59 report reply=已上门说明", True, timedelta(minutes=31)),
        ("2014-10-16T20:00 report reply=已转办", False, timedelta()),
    ):
        [one] = gaming.filed(eyes.see(*ASSIGNED, step), calendar, CHECKS)
        assert (one.unit, one.contact, one.left) == ("交警大队", contact, left)
    [one] = gaming.filed(eyes.see(*ASSIGNED, "2014-10-13T09:00 progress", "2014-10-14T09:00 report"), calendar, CHECKS)
    assert one.contact


def test_a_case_that_is_returned_again_and_again_is_one(calendar: Calendar, terms: Terms) -> None:
    asked = ("2014-10-11T09:00 request_return", "2014-10-11T10:00 return_ok lead=")
    again = ("2014-10-11T11:00 assign lead=县教育局", "2014-10-13T09:00 request_return")
    eyes = Eyes(calendar, terms)
    once, twice = eyes.see(*ASSIGNED[:2], *asked), eyes.see(*ASSIGNED[:2], *asked, *again)
    assert gaming.findings((), [once], (), LAST, CHECKS) == ()
    [one] = gaming.findings((), [twice], (), LAST, CHECKS)
    assert (one.what, one.unit, one.how) == ("多次退单", "交警大队、县教育局", "FX1 退单2次")
