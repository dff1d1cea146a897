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
from gateway.settings import Loaded
from roster.importing import Lists
from roster.networks import Prefixes
from routing.departments import Departments
from routing.words import Words


def messages(settings: Loaded) -> dict[str, str]:
    """T1 and on."""
    return dict(_table(settings, "messages"))


def words(settings: Loaded) -> Words:
    """Commands, ratings, thanks."""
    return _made(settings, "words", Words.from_toml)


def departments(settings: Loaded) -> Departments:
    """The units that handle cases."""
    return _made(settings, "departments", Departments.from_toml)


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


Made = TypeVar("Made")


def _made(settings: Loaded, name: str, make: Callable[[Any], Made]) -> Made:
    try:
        return make(_table(settings, name))
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise SettingsWrong(f"{name}.toml 内容有误:{wrong}", "可与随程序发布的版本对照") from None


def _table(settings: Loaded, name: str) -> Any:
    own = getattr(settings.values.files, name)
    return _read(settings.path(own) if own else None, name)


def shipped(name: str, package: Traversable) -> Traversable:
    """The data file that comes with the program: in the wheel, or beside gateway/ in a checkout."""
    inside = package / "config" / f"{name}.toml"
    return inside if inside.is_file() else package / ".." / "config" / f"{name}.toml"


@lru_cache(maxsize=32)
def _read(own: Path | None, name: str) -> Any:
    try:
        return tomllib.loads((own or shipped(name, files("gateway"))).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise SettingsWrong(f"读不了 {own or name}:{wrong}", "请检查 $.files 中的路径和文件内容") from None
