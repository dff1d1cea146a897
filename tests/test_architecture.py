"""Who may import whom. The order is the order of the story: a text comes in through carriers, is attributed by
roster, understood by routing, run by gateway."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "base", "common"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(module: Path) -> Iterator[str]:
    """Full names of what a module imports when it is loaded."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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
    names = {
        str(path.relative_to(ROOT)).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for package in MAY_IMPORT
        for path in modules(package)
    }
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


def test_every_module_says_what_it_answers_and_none_is_a_drawer() -> None:
    for package in MAY_IMPORT:
        for module in modules(package):
            if "versions" in module.parts and module.name == "__init__.py":
                continue
            assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))), module.relative_to(ROOT)
            assert module.stem not in FORBIDDEN_NAMES, module.relative_to(ROOT)
            assert len(module.read_text(encoding="utf-8").splitlines()) <= 600, module.relative_to(ROOT)
