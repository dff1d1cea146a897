"""Which unit does somebody mean who wrote its name, or what it is called?"""

from gateway.errors import USAGE, Refused
from routing.departments import Departments


def unit_named(departments: Departments, written: str) -> str:
    """The name of the unit that somebody wrote. Raises `Refused`."""
    unit = departments.find(written)
    if unit is None:
        like = "、".join(one.name for one in departments.units if set(written) & set(one.name) - {"县", "局"})[:80]
        raise Refused(
            f"没有名为“{written}”的承办单位", f"相近的:{like}" if like else "单位名称见 departments.toml", USAGE
        )
    return unit.name
