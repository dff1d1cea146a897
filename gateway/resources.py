"""The data files that an office may change: its own where the settings name one, else those that were shipped."""

import tomllib
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from carriers.profile import CarrierProfile
from carriers.results import Results
from gateway.errors import SettingsWrong
from gateway.number_desk import NumberRules
from gateway.settings import Loaded
from gateway.strangers import Strangers
from roster.balance import Targets
from roster.importing import Lists
from roster.networks import Prefixes
from roster.suspicion import Codes as NumberCodes
from roster.suspicion import Patience
from routing import digest as digests
from routing import instructions as instructions_
from routing import numbers
from routing.answers import Answers
from routing.calendar import Calendar, OfficeHours, Statute, Table
from routing.cases import EVENTS, LABELS
from routing.channels import Channels
from routing.codes import Codes
from routing.deadlines import Terms
from routing.departments import Departments
from routing.duties import Duties
from routing.evaluation import Rules as EvaluationRules
from routing.likeness import Reader
from routing.places import Gazetteer
from routing.suggestion import Rules
from routing.supervision import Rules as SupervisionRules
from routing.texts import Measured, Texts, measure
from routing.words import Words


def messages(settings: Loaded) -> dict[str, str]:
    """T1 and on to citizens, S1 and on to units. A text that the office's own file lacks is the shipped one."""
    return {**_read(None, "messages"), **_table(settings, "messages")}


def words(settings: Loaded) -> Words:
    """Commands, ratings, thanks."""
    return _made(settings, "words", Words.from_toml)


def departments(settings: Loaded) -> Departments:
    """The units that handle cases."""
    return _made(settings, "departments", Departments.from_toml)


def measured(settings: Loaded) -> list[Measured]:
    """The texts to citizens and units, filled with the longest that this office can put into them."""
    codes_ = codes(settings)
    refusal = max(codes_.refusals.values(), key=lambda one: len(one.reason) + len(one.where), default=None)
    day, longest_number = "12月30日", numbers.write(settings.values.case_prefix, 26, 99_999)
    dept = max((unit.name for unit in departments(settings).units), key=len, default="")
    longest = {
        "": {
            "no": longest_number,
            "dept": dept,
            "due": day,
            "date": day,
            "state": max(LABELS.values(), key=len),
            "step": f"{max(EVENTS.values(), key=len)}等99步",
            "value": "9",
            "options": "1同意,2不同意,3说不清",
            "reason": max(codes_.causes.values(), key=len, default=""),
            "month": "12月",
            "code": "9999",
            "role": "主办",
            "tail": "9999",
            "what": "分管领导未同意签发",
            "done": f"已批示,交{dept}办理,{day}前反馈",
        },
        "T4": {"reason": refusal.reason, "where": refusal.where} if refusal else {"reason": "", "where": ""},
        "T24": {"ways": f"评价请回复“{longest_number} 9”,投票请回复“投票9”,会议请回复“收到”"},
    }
    return measure(Texts(messages(settings), settings.values.signature), longest)


def channels(settings: Loaded) -> Channels:
    """The ways by which matters come."""
    return _made(settings, "channels", Channels.from_toml)


def duties(settings: Loaded) -> Duties:
    """What monitors and units report every month, and when."""
    return _made(settings, "duties", Duties.from_toml)


def codes(settings: Loaded) -> Codes:
    """The codes of case work."""
    return _made(settings, "cases", Codes.from_toml)


def triage(settings: Loaded) -> Rules:
    """Words that tell what a text is about and whose it is. Of the shipped ones, those of units that the office has."""
    units = {unit.name for unit in departments(settings).units}
    own = bool(settings.values.files.triage)
    return _made(settings, "triage", lambda table: Rules.from_toml(table, units, own))


def gazetteer(settings: Loaded) -> Gazetteer:
    """The county's places: the roster's townships and villages, and the list of streets and spots in them."""
    named, own = lists(settings), bool(settings.values.files.places)
    return _made(settings, "places", lambda table: Gazetteer.from_lists(named.townships, named.villages, table, own))


def reader(settings: Loaded) -> Reader:
    """What reads a text as what it says, and where."""
    return Reader(gazetteer(settings), triage(settings).fillers)


def answers(settings: Loaded) -> Answers:
    """Ready answers to what is often asked (知识库)."""
    return _made(settings, "answers", Answers.from_toml)


def prefixes(settings: Loaded) -> Prefixes:
    """Number ranges and the carriers that reach them; owners that are not configured fall to the default."""
    table = _table(settings, "prefixes")
    configured = settings.values.carriers
    owners = {network: name for network, name in table["owners"].items() if name in configured}
    ranges = {prefix: network for network, several in table["ranges"].items() for prefix in several}
    return Prefixes(ranges, owners, settings.values.default_carrier)


def profiles(settings: Loaded) -> dict[str, CarrierProfile]:
    """The configured carriers as their links need them, by name."""
    return {
        name: settings.profile(name, _results(settings, carrier.protocol))
        for name, carrier in settings.values.carriers.items()
    }


def _results(settings: Loaded, protocol: str) -> Results:
    """What a protocol's codes mean; both versions of CMPP have one table."""
    family = protocol.rstrip("23")
    return _made(settings, "results", lambda table: Results.from_table(table[family], family))


def lists(settings: Loaded) -> Lists:
    """Categories and townships, with their aliases."""
    return _made(settings, "roster", Lists.from_toml)


def targets(settings: Loaded) -> Targets:
    """What share of the roster each category and township should have."""
    return _made(settings, "roster", Targets.from_toml)


def number_rules(settings: Loaded) -> NumberRules:
    """What makes a number suspected of being empty, suspended or somebody else's by now."""
    given = settings.values.roster
    families = {name: one.protocol.rstrip("23") for name, one in settings.values.carriers.items()}
    return _made(
        settings,
        "numbers",
        lambda table: NumberRules(
            {name: NumberCodes.from_table(family, table[family]) for name, family in families.items()},
            Strangers.from_toml(table["strangers"]),
            Patience(given.empty_times, given.empty_days, given.frozen_days, given.silent_days),
        ),
    )


def terms(settings: Loaded) -> Terms:
    """How long an answer may take."""
    return _made(settings, "deadlines", Terms.from_toml)


def supervision(settings: Loaded) -> SupervisionRules:
    """When silence is followed by what."""
    return _made(settings, "deadlines", SupervisionRules.from_toml)


def digest(settings: Loaded) -> digests.Rules:
    """What belongs into a week's digest."""
    return _made(settings, "deadlines", digests.Rules.from_toml)


def instructions(settings: Loaded) -> instructions_.Rules:
    """Until when what a leader instructs is to be done, and who forwards it."""
    return _made(settings, "deadlines", instructions_.Rules.from_toml)


def evaluation(settings: Loaded) -> EvaluationRules:
    """What papers call adopted and solved, the points of the year, the checks for supervisors."""
    return _made(settings, "evaluation", EvaluationRules.from_toml)


def calendar(settings: Loaded) -> Calendar:
    """The office's calendar: the shipped years, and those of the office's own folder over them."""
    made_of = calendar_files(settings)
    statute = _make("calendar/statutory", _read(made_of.pop("statutory"), "calendar/statutory"), Statute.from_toml)
    tables = []
    for name, own in sorted(made_of.items()):
        table = _make(f"calendar/{name}", _read(own, f"calendar/{name}"), Table.from_toml)
        if str(table.year) != name:
            raise SettingsWrong(f"calendar/{name}.toml 写的是 {table.year} 年", "文件名应与其中的 year 一致")
        tables.append(table)
    hours = _made(settings, "deadlines", lambda table: OfficeHours.from_toml(table["office"]))
    return Calendar(tuple(tables), statute, hours, settings.zone())


def calendar_files(settings: Loaded) -> dict[str, Path | None]:
    """The files that the calendar is made of: "2026" or "statutory", and the office's own file if it has one."""
    inside = files("gateway") / "config" / "calendar"
    folder = inside if inside.is_dir() else files("gateway") / ".." / "config" / "calendar"
    found: dict[str, Path | None] = {Path(file.name).stem: None for file in folder.iterdir()}
    if settings.values.files.calendar:
        own = settings.path(settings.values.files.calendar)
        if not own.is_dir():
            raise SettingsWrong(f"$.files.calendar:{own} 不是目录", "请建立该目录,每年放一个文件,如 2027.toml")
        for file in own.glob("*.toml"):
            if file.stem not in found and not (len(file.stem) == 4 and file.stem.isdecimal()):
                raise SettingsWrong(f"{file}:文件名应为年份,如 2027.toml", "不用的文件请移出该目录")
            found[file.stem] = file
    return found


Made = TypeVar("Made")


def _made(settings: Loaded, name: str, make: Callable[[Any], Made]) -> Made:
    return _make(name, _table(settings, name), make)


def _make(name: str, table: Any, make: Callable[[Any], Made]) -> Made:
    try:
        return make(table)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        words = f"缺少 {wrong}" if isinstance(wrong, KeyError) else wrong
        raise SettingsWrong(f"{name}.toml 内容有误:{words}", "可与随程序发布的版本对照") from None


def _table(settings: Loaded, name: str) -> Any:
    own = getattr(settings.values.files, name)
    return _read(settings.path(own) if own else None, name)


def shipped(name: str, package: Traversable) -> Traversable:
    """The data file that comes with the program: in the wheel, or beside gateway/ in a checkout."""
    inside = package / "config" / f"{name}.toml"
    return inside if inside.is_file() else package / ".." / "config" / f"{name}.toml"


@lru_cache(maxsize=64)
def _read(own: Path | None, name: str) -> Any:
    try:
        return tomllib.loads((own or shipped(name, files("gateway"))).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise SettingsWrong(f"读不了 {own or name}:{wrong}", "请检查 $.files 中的路径和文件内容") from None
