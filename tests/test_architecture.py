"""Who may import whom. The order is the order of the story: a text comes in through carriers, is attributed by
roster, understood by routing, run by gateway."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gateway.cli import NOUNS

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "carriers": set(),
    "roster": set(),
    "routing": {"carriers", "roster"},
    "gateway": {"carriers", "roster", "routing"},
}
WORLD = {"socket", "asyncio", "twisted", "sqlalchemy", "apscheduler"}
EDGES = {
    "carriers/link.py",
    "carriers/sending.py",
    "carriers/simulator/server.py",
    "carriers/simulator/steering.py",
    "roster/number_decisions.py",
    "roster/rowset.py",
    "roster/store.py",
    "roster/tables.py",
    "routing/store.py",
    "routing/tables.py",
    "routing/timelines.py",
}
HEAVY = {"aiosmpplib", "alembic", "apscheduler", "argon2", "docx", "phonenumbers", "structlog", "twisted", "xlsxwriter"}
"""Libraries that take from a twentieth to a quarter of a second to load: a command loads them where it uses them."""
LONG = {"demo", "rehearse"}  # they run everything there is
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "base", "common"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Full names of what a module imports when it is loaded."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        yield from imported_by(node)


def imported_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def named() -> dict[str, Path]:
    """Every module of ours by its full name."""
    return {
        str(path.relative_to(ROOT)).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for package in MAY_IMPORT
        for path in modules(package)
    }


def loaded(module: Path) -> Iterator[str]:
    """The same without what stands in functions or is for types only: what everybody waits for who imports it."""
    waiting: list[ast.AST] = [ast.parse(module.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from imported_by(node)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting += ast.iter_child_nodes(node)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_one_way(package: str) -> None:
    others = MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}
    for module in modules(package):
        assert not others & {name.split(".")[0] for name in imported(module)}, module.relative_to(ROOT)


def test_routing_takes_nothing_of_the_carriers_but_their_events() -> None:
    for module in modules("routing"):
        for name in imported(module):
            assert not name.startswith("carriers") or name.startswith("carriers.events"), module.relative_to(ROOT)


@pytest.mark.parametrize("package", ["carriers", "roster", "routing"])
def test_only_the_edges_touch_the_world(package: str) -> None:
    for module in modules(package):
        if str(module.relative_to(ROOT)) not in EDGES:
            touched = WORLD & {name.split(".")[0] for name in imported(module)}
            assert not touched, f"{module.relative_to(ROOT)} imports {touched}"


def test_a_case_is_written_in_one_place_only() -> None:
    writing = re.compile(
        r"\b(?:insert|update|delete|inserting|changing)\(\s*case_(?:ticket|event)\b"
        r"|(?i:UPDATE|INSERT INTO|DELETE FROM) case_(?:ticket|event)\b"
    )
    writers = {
        str(module.relative_to(ROOT))
        for package in MAY_IMPORT
        for module in modules(package)
        if "versions" not in module.parts and writing.search(module.read_text(encoding="utf-8"))
    }
    assert writers == {"routing/store.py"}


def test_modules_do_not_import_each_other_in_circles() -> None:
    names = named()
    graph = {
        name: {other for other in imported(path) if other in names and other != name and not name.startswith(other)}
        for name, path in names.items()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph[name]:
                walk(other, (*trail, name))
            done.add(name)

    for name in names:
        walk(name, ())


@cache
def waits_for(module: str) -> frozenset[str]:
    """What a module of ours imports when it is loaded, packages that hold it included."""
    found = {
        ".".join(words[:n]) for name in loaded(named()[module]) for words in [name.split(".")] for n in range(1, 9)
    }
    return frozenset(found)


@pytest.mark.parametrize("noun", sorted(NOUNS.keys() - LONG))
def test_a_command_does_not_wait_for_libraries_that_it_may_not_need(noun: str) -> None:
    trails = {f"gateway.cli.{noun}": f"gateway.cli.{noun}"}
    waiting = list(trails)
    while waiting:
        module = waiting.pop(0)
        for name in waits_for(module) - trails.keys():
            trails[name] = f"{trails[module]} -> {name}"
            assert name not in HEAVY, f"import it in the function that needs it: {trails[name]}"
            if name in named():
                waiting.append(name)


def test_listing_the_nouns_loads_none_of_them() -> None:
    loads = {name for name in waits_for("gateway.cli") if name in named()} - {"gateway", "gateway.cli"}
    assert loads == {"gateway.cli.where", "gateway.errors"}


def test_every_module_says_what_it_answers_and_none_is_a_drawer() -> None:
    for package in MAY_IMPORT:
        for module in modules(package):
            if "versions" in module.parts and module.name == "__init__.py":
                continue
            assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))), module.relative_to(ROOT)
            assert module.stem not in FORBIDDEN_NAMES, module.relative_to(ROOT)
            assert len(module.read_text(encoding="utf-8").splitlines()) <= 600, module.relative_to(ROOT)
