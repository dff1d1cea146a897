"""What is documented is what there is."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from gateway.cli import NOUNS, whole

ROOT = Path(__file__).parent.parent


def generator() -> ModuleType:
    """docs/generate.py."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["commands.md", "case-states.md", "deadlines.md"])
def test_the_written_pages_are_what_the_code_says(page: str) -> None:
    written = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert written == generator().PAGES[page](), "run `make docs`"


def test_every_command_has_help() -> None:
    tree = whole()
    for noun in NOUNS:
        command = tree.get_command(None, noun)
        for name, one in (getattr(command, "commands", None) or {"": command}).items():
            assert one.help, f"{noun} {name}"
            for option in one.params:
                if option.param_type_name == "option" and option.name != "help":
                    assert option.help, f"{noun} {name} {option.opts}"


def test_every_command_of_the_readme_exists() -> None:
    tree = whole()
    words = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/operations.md"))
    called = re.findall(r"xinqiao (?:-C \S+ )?([a-z]+)(?: ([a-z-]+))?", words)
    assert len(called) > 10
    for noun, verb in called:
        command = tree.get_command(None, noun)
        assert command is not None, noun
        children = getattr(command, "commands", None)
        assert not verb or children is None or verb in children, f"{noun} {verb}"


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_tests_that_the_readme_names_exist() -> None:
    for name in re.findall(r"`(tests/[\w/*.]+)`", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert list(ROOT.glob(name.rstrip("/"))), name


ROWS = {"A": 15, "B": 10, "C": 10, "D": 22, "E": 12, "S": 13, "P": 8, "H": 4}


def test_every_fault_has_its_row_and_every_row_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z])(\d+) \|.*\| (.*) \|$", page, re.MULTILINE)
    assert [(kind, int(n)) for kind, n, _ in rows] == [
        (kind, n + 1) for kind, last in ROWS.items() for n in range(last)
    ]
    for kind, n, proof in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", proof)
        assert named, f"{kind}{n}"
        for file, test in named:
            assert f"def {test}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), f"{kind}{n} {test}"


def test_the_lock_file_names_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
