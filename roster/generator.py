"""An invented roster file with the faults of a real office's: for rehearsals, demonstrations and tests.

Everything follows from the seed. Names are drawn from syllables, numbers are a range's digits and 0000 and a
serial, identity numbers carry the county's area and a valid check character: nobody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from roster.identity import check_character
from roster.importing import Lists

CATEGORY_SHARES = {
    "党代表": 412,
    "人大代表": 538,
    "政协委员": 203,
    "机关事业单位干部职工": 2310,
    "厂长经理": 486,
    "教师": 1204,
    "个体户": 1150,
    "农民": 3600,
    "其他": 250,
}
CARRIER_SHARES = {"mobile": 6092, "unicom": 2437, "telecom": 1624}
FAULTS = {
    "duplicate number": 96,
    "invalid number": 58,
    "landline": 21,
    "no name": 24,
    "unknown category": 19,
    "duplicate identity": 18,
    "unknown township": 11,
}
ACCEPTED = sum(CATEGORY_SHARES.values())  # 10,153
ROWS = ACCEPTED + sum(FAULTS.values())  # 10,400
PORTED, EMPTY, OFF, OPTING_OUT = 60, 120, 35, 14

HEADER = ("序号", "姓名", "性别", "身份证号", "手机号码", "单位", "职务", "职业类别", "乡镇(街道)", "村(社区)", "备注")
TITLE = "肥乡县社情民意信息员名册(样例,全部为虚构)"

RANGES = {
    "mobile": ("135", "136", "137", "138", "139", "150", "151", "152", "157", "158", "159", "182", "183", "187", "188"),
    "unicom": ("130", "131", "132", "155", "156", "185", "186"),
    "telecom": ("133", "153", "180", "181", "189"),
}
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_SYLLABLES = "青禾远桥明溪安宁文秀春林海燕志国建军玉兰晓峰雪梅立新思雨家和永康子涵一诺"
_UNITS = ("第一小学", "中心卫生院", "粮油门市", "建材厂", "农机站", "便民超市", "信用社", "文化站", "敬老院", "水利站")


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated roster. Numbers are national (11 digits)."""

    rows: tuple[tuple[object, ...], ...]  # title, header, people, footer
    ported: dict[str, str]  # number -> the carrier it really belongs to
    empty: frozenset[str]  # numbers that nobody has
    off: frozenset[str]  # phones that are switched off
    opting_out: tuple[str, ...]  # people who will text TD


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    gender: str
    identity: str
    number: str
    carrier: str
    category: str
    township: str
    village: str


def generate(lists: Lists, seed: int = 2014, accepted: int = ACCEPTED) -> Sample:
    """A roster of `accepted` good rows, in the shares above, with faults in proportion."""
    rnd = Random(seed)  # noqa: S311 - a fixed seed is the point
    people = _people(rnd, lists, accepted)
    ported = {person.number: person.carrier for person in people if not _fits(person)}
    rows = [_row(rnd, person) for person in people]
    rows = _with_faults(rnd, rows, people, accepted)
    numbered = [(i, *row) for i, row in enumerate(rows, 1)]
    sheet = ((TITLE,), HEADER, *numbered, ("制表人:样例", "", "", "", "", "", "", "", "", "", ""))
    others = [person.number for person in people if person.number not in ported]  # one oddity each
    chosen = rnd.sample(others, _share(EMPTY + OFF + OPTING_OUT, accepted))
    empty, off = _share(EMPTY, accepted), _share(OFF, accepted)
    return Sample(
        sheet,
        ported,
        frozenset(chosen[:empty]),
        frozenset(chosen[empty : empty + off]),
        tuple(chosen[empty + off :]),
    )


def _people(rnd: Random, lists: Lists, count: int) -> list[_Person]:
    categories = _spread(rnd, CATEGORY_SHARES, count)
    carriers = _spread(rnd, CARRIER_SHARES, count)
    ported = set(rnd.sample(range(count), _share(PORTED, count)))
    townships = sorted(lists.villages)
    serials = dict.fromkeys((prefix for several in RANGES.values() for prefix in several), 0)
    people = []
    for i, (category, carrier) in enumerate(zip(categories, carriers, strict=True)):
        of = rnd.choice([other for other in RANGES if other != carrier]) if i in ported else carrier
        prefix = rnd.choice(RANGES[of])
        serials[prefix] += 1
        township = rnd.choice(townships)
        gender = rnd.choice("男女")
        people.append(
            _Person(
                _name(rnd),
                gender,
                _identity(rnd, i, gender),
                f"{prefix}0000{serials[prefix]:04d}",
                carrier,
                category,
                township,
                rnd.choice(lists.villages[township]),
            )
        )
    return people


def _with_faults(
    rnd: Random, rows: list[tuple[object, ...]], people: Sequence[_Person], accepted: int
) -> list[tuple[object, ...]]:
    """Put the faulty rows among the good ones, each repetition behind what it repeats."""
    placed: list[tuple[float, tuple[object, ...]]] = [(float(i), row) for i, row in enumerate(rows)]
    spare = iter(range(10_000))
    for kind, planted in FAULTS.items():
        for at in rnd.sample(range(len(people)), _share(planted, accepted)):
            row = _faulty(rnd, kind, people[at], f"1880001{next(spare):04d}")
            position = at + 0.5 if kind.startswith("duplicate") else rnd.uniform(0, len(rows))
            placed.append((position, row))
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


def _faulty(rnd: Random, kind: str, person: _Person, fresh: str) -> tuple[object, ...]:
    name, gender, identity, number, unit, duty, category, township, village, note = _row(rnd, person)
    number, identity = fresh, ""
    match kind:
        case "duplicate number":
            number = rnd.choice(("+86{}", "0086 {}", "{} ", "'{}")).format(f"{person.number[:3]}-{person.number[3:]}")
        case "invalid number":
            number = rnd.choice((fresh[:10], fresh + "7", "1" + "2" + fresh[2:], "1.39E+10"))
        case "landline":
            number = f"0310-85{fresh[-5:]}"
        case "no name":
            name = rnd.choice(("", "  "))
        case "unknown category":
            category = rnd.choice(("自由职业者", "学生", "退役军人"))
        case "duplicate identity":
            identity = person.identity
        case "unknown township":
            township = rnd.choice(("外县某镇", "开发区", "不详"))
    return name, gender, identity, number, unit, duty, category, township, village, note


def _row(rnd: Random, person: _Person) -> tuple[object, ...]:
    """A good row, now and then in a spelling of its own."""
    number: object = person.number
    match rnd.randrange(20):
        case 0:
            number = f"+86 {person.number}"
        case 1:
            number = f"{person.number[:3]} {person.number[3:7]} {person.number[7:]}"
        case 2:
            number = person.number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
        case 3:
            number = float(person.number)
    category = "企业厂长经理" if person.category == "厂长经理" and rnd.random() < 0.2 else person.category
    unit = rnd.choice(_UNITS) if person.category not in ("农民", "个体户") else ""
    return (
        person.name,
        person.gender,
        person.identity,
        number,
        unit,
        "",
        category,
        person.township,
        person.village,
        "",
    )


def _name(rnd: Random) -> str:
    return rnd.choice(_SURNAMES) + "".join(rnd.choice(_SYLLABLES) for _ in range(rnd.choice((1, 2, 2))))


def _identity(rnd: Random, i: int, gender: str) -> str:
    born = date(1946, 1, 1) + timedelta(days=(i * 7919) % 18_000)
    order = 2 * (i // 18_000 * 50 + rnd.randrange(50)) + (1 if gender == "男" else 0)
    digits = f"130428{born:%Y%m%d}{order % 1000:03d}"
    return digits + check_character(digits)


def shares(of: dict[str, int], count: int) -> dict[str, int]:
    """`count` people in these shares; exactly the given numbers when they add up to `count`."""
    whole = sum(of.values())
    found = {name: share * count // whole for name, share in of.items()}
    found[next(iter(of))] += count - sum(found.values())
    return found


def faults(accepted: int) -> dict[str, int]:
    """How many rows of each fault a roster of so many good rows has."""
    return {kind: _share(planted, accepted) for kind, planted in FAULTS.items()}


def _spread(rnd: Random, of: dict[str, int], count: int) -> list[str]:
    names = [name for name, share in shares(of, count).items() for _ in range(share)]
    rnd.shuffle(names)
    return names


def _share(planted: int, accepted: int) -> int:
    return round(planted * accepted / ACCEPTED)


def _fits(person: _Person) -> bool:
    return person.number[:3] in RANGES[person.carrier]
