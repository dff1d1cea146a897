"""What is installed is what was tested: the wheel holds every package and data file, and runs by itself."""

import subprocess
import sys
import venv
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel of this checkout; libraries come from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True, timeout=60)
    for path in ("pyproject.toml", "gateway", "carriers", "roster", "routing", "config", "README.md"):
        subprocess.run(["cp", "-r", str(ROOT / path), str(source)], check=True, timeout=60)
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    target = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(target)], check=True, timeout=60)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (target / "libraries.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    return folder / "venv" / "bin" / "python"


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command of the installed program, away from the checkout."""
    return subprocess.run(
        [str(python), "-m", "gateway", *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8", "LOGNAME": "office"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_wheel_makes_a_working_folder_and_checks_it(installed: Path, tmp_path: Path) -> None:
    made = run(installed, "init", "county", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    checked = run(installed, "-C", "county", "settings", "check", "--json", cwd=tmp_path)
    assert checked.stdout.strip() == '{"ok": true}', checked.stderr
    year = run(installed, "-C", "county", "calendar", "show", "2014", "--json", cwd=tmp_path)
    assert year.stdout.count('"make_up"') == 5, year.stderr


def test_the_wheel_has_the_shipped_data_and_the_migrations(installed: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.resources import files; import gateway; "
        "print(gateway.__file__); print(sorted(f.name for f in (files('gateway') / 'config').iterdir()))"
    )
    shown = subprocess.run(
        [str(installed), "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True, timeout=60, check=True
    )
    where, data = shown.stdout.splitlines()
    assert str(ROOT / "gateway") not in where
    own = (
        *("words", "cases", "messages", "departments", "deadlines", "evaluation", "prefixes", "roster", "numbers"),
        *("channels", "duties", "triage", "places", "answers"),
    )
    for name in (*own, "xinqiao.example", "simulator.example"):
        assert f"'{name}.toml'" in data


def test_no_library_brings_a_package_of_our_names() -> None:
    for name in ("gateway", "carriers", "roster", "routing"):
        assert set(packages_distributions().get(name, ["xinqiao"])) == {"xinqiao"}
