"""A November of two units, told case by case: what the papers of the month are compared with by hand."""

from datetime import date

from gateway.casebook import find
from tests.gateway.casework import ALL, act, delivered, go, opened
from tests.gateway.office import Office

POLICE, SCHOOLS = "交警大队", "县教育局"
MONTH = "2026-11"
PHONES = {name: f"86138000000{n:02d}" for n, name in enumerate("ABCDEFGH", 1)}


def november(office: Office) -> dict[str, str]:
    """Numbers of the cases by their letters.

    A: police, in time, satisfied, thanks later. B: police, signed late, answered late, dissatisfied.
    C: police, its return refused, in time, not rated. D: returned by the schools, then the police's, never answered.
    E: schools, sent back once, in time, adopted, basically satisfied. F: schools, on the books.
    G: schools, not due yet. H: answered by the office itself.
    """
    no: dict[str, str] = {}
    _given(office, no, "A", "2026-11-02T10:00", POLICE, "学校门口天天堵车")
    _given(office, no, "B", "2026-11-02T11:00", POLICE, "十字路口没有红绿灯")
    go(office, "2026-11-03T09:00")
    act(office, no["A"], "sign", "dept", "警", department=POLICE)
    go(office, "2026-11-04T09:00")
    office.sweep()  # B counts as signed
    _answered(office, no["A"], "2026-11-04T10:00", "已安排民警到现场执勤", "1", PHONES["A"])
    _given(office, no, "C", "2026-11-09T09:00", POLICE, "车管所办事要排半天队")
    act(office, no["C"], "request_return", "dept", "警", department=POLICE, code="R1", basis="三定方案")
    act(office, no["C"], "return_no", "reviewer", "乙", reason="属交警职责", basis="道路交通安全法")
    act(office, no["C"], "sign", "dept", "警", department=POLICE)
    _given(office, no, "D", "2026-11-09T14:30", SCHOOLS, "校门外停满了车")
    act(office, no["D"], "request_return", "dept", "教", department=SCHOOLS, code="R1", basis="三定方案")
    act(office, no["D"], "return_ok", "reviewer", "乙", reason="属交警职责")
    go(office, "2026-11-10T09:00")
    act(office, no["D"], "assign", lead=POLICE)
    act(office, no["D"], "sign", "dept", "警", department=POLICE)
    _given(office, no, "E", "2026-11-10T10:00", SCHOOLS, "建议小学延时放学", kind="建议")
    _given(office, no, "F", "2026-11-10T11:00", SCHOOLS, "村小学操场要修")
    for name in "EF":
        act(office, no[name], "sign", "dept", "教", department=SCHOOLS)
    go(office, "2026-11-12T10:00")
    act(office, no["F"], "suspend", "leader", "县长", code="money", reason="资金未到", review_on=date(2027, 1, 20))
    _answered(office, no["C"], "2026-11-13T10:00", "已增开窗口,当面说明了情况", "", PHONES["C"])
    _reported(office, no["E"], "2026-11-13T15:00", SCHOOLS, "研究中")
    act(office, no["E"], "send_back", "reviewer", "乙", failed_gate="e", reason="没有说明是否采用")
    _answered(office, no["E"], "2026-11-16T10:00", "采用您的建议,下学期起延时一小时", "2", PHONES["E"], outcome="采用")
    _answered(office, no["B"], "2026-11-16T15:00", "已报项目,年底前安装", "3", PHONES["B"])
    go(office, "2026-11-27T10:00")
    no["H"] = opened(office, PHONES["H"], "办身份证要带什么")
    act(office, no["H"], "answer_direct", kind="咨询", reply="请带户口簿到户籍室办理")
    delivered(office)
    _given(office, no, "G", "2026-11-27T14:30", SCHOOLS, "转学手续怎么办不下来")
    act(office, no["G"], "sign", "dept", "教", department=SCHOOLS)
    office.text(PHONES["A"], "谢谢政府,路口通畅多了")
    go(office, "2026-11-28T12:00")
    office.sweep()  # C was not rated
    return no


def _given(office: Office, no: dict[str, str], name: str, when: str, lead: str, words: str, kind: str = "求助") -> None:
    go(office, when)
    office.minutes -= 30
    no[name] = opened(office, PHONES[name], words)
    act(office, no[name], "accept", kind=kind, topic="教育" if lead == SCHOOLS else "交通秩序", place=f"地点{name}")
    act(office, no[name], "assign", lead=lead)


def _reported(office: Office, no: str, when: str, unit: str, reply: str, outcome: str = "已解决") -> None:
    go(office, when)
    act(office, no, "report", "dept", "员", department=unit, reply=reply, signed_by="分管领导", outcome=outcome)


def _answered(office: Office, no: str, when: str, reply: str, rating: str, phone: str, outcome: str = "已解决") -> None:
    with office.database.read() as tx:
        lead = find(tx, no).lead or ""
    _reported(office, no, when, lead, reply, outcome)
    act(office, no, "approve", "reviewer", "乙", gates=ALL)
    delivered(office)
    if rating:
        office.minutes += 30
        office.text(phone, rating)
        delivered(office)
