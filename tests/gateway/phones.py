"""An office whose people have only a phone: two units with liaison and head, a county leader, the supervisors."""

import re
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from gateway import staff_mail
from gateway.case_ladder import Post
from gateway.resources import prefixes
from gateway.settings import FILE
from gateway.tables import text
from routing import staff
from tests.conftest import NOON
from tests.gateway.office import Office

POLICE, POLICE_HEAD = "8613900000001", "8613900000002"
SCHOOLS, SCHOOLS_HEAD = "8613900000003", "8613900000004"
MAYOR, SUPERVISION = "8613900000008", "8613900000009"
SHIPPED = Path(__file__).parents[2] / "config" / "departments.toml"


def staffed(folder: Path) -> Path:
    """The working folder, with a list of units of its own: the traffic police and the education bureau have numbers."""
    words = SHIPPED.read_text(encoding="utf-8").replace('supervisor_phone = ""', f'supervisor_phone = "{SUPERVISION}"')
    for unit, liaison, head in (("交警大队", POLICE, POLICE_HEAD), ("县教育局", SCHOOLS, SCHOOLS_HEAD)):
        given = f'name = "{unit}"\nliaison_phone = "{liaison}"\nleader_phone = "{head}"'
        words = words.replace(f'name = "{unit}"', given)
    words += f'\n[[county_leader]]\nname = "王县长"\nphone = "{MAYOR}"\n'
    assert len(tomllib.loads(words)["department"]) == 61
    (folder / "departments.toml").write_text(words, encoding="utf-8")
    settings = folder / FILE
    settings.write_text(
        settings.read_text(encoding="utf-8").replace('departments = ""', 'departments = "departments.toml"'),
        encoding="utf-8",
    )
    return folder


def at(office: Office, words: str) -> None:
    """Set the clock, in Feixiang's time."""
    moment = datetime.fromisoformat(words).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    office.minutes = (moment - NOON).total_seconds() / 60


def told(office: Office) -> dict[str, list[str]]:
    """What the sweep and everything before it has sent, by number; delivered."""
    office.minutes += 11  # texts to citizens keep their distance
    with office.database.write() as tx:
        staff_mail.sweep(tx, office.desk, Post(office.vault, prefixes(office.settings)), office.now)
    found: dict[str, list[str]] = {}
    for number, words in [*office.sent, *_sent(office)]:
        found.setdefault(number, []).append(words)
    office.sent.clear()
    return found


def says(office: Office, number: str, words: str) -> str:
    """Somebody of the office texts. The one answer; what others are sent meanwhile, `told` tells."""
    office.minutes += 1
    office.text(number, words, message_id=f"{number} {office.minutes}" if len(words) <= 70 else "")
    sent = _sent(office)
    answers = [words for whom, words in sent if whom == number]
    office.sent += [one for one in sent if one[0] != number]
    assert len(answers) == 1, answers
    return answers[0].removeprefix("【肥乡双向沟通办】")


def _sent(office: Office) -> list[tuple[str, str]]:
    """What waits goes out and arrives: to whom, and its words, those of a long text together."""
    submits = office.submit()
    office.deliver(submits)
    whole: dict[tuple[str, bytes], list[str]] = {}
    for _, _, submit in submits:
        octets, key = submit.body, b""
        if submit.concatenation is not None:
            key = bytes([submit.concatenation.reference % 256])
        whole.setdefault((submit.destination, key or octets), []).append(octets.decode("utf-16-be"))
    return [(number, "".join(words)) for (number, _), words in whole.items()]


def code_in(words: list[str] | str) -> str:
    """The code that a text gives."""
    found = re.search(r"(?:码|同意)(\d{4})", "".join(words))
    assert found is not None, words
    return found[1]


def decisions(office: Office) -> list[str]:
    """What was decided about the texts that came in."""
    return [row.decision for row in office.rows(sa.select(text.c.decision).order_by(text.c.id))]


def order(words: str) -> staff.Order:
    """The order that a text is."""
    read = staff.read(words, "FX")
    assert read is not None
    return read
