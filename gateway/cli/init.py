"""`xinqiao init`: a new working folder with settings, keys and an empty store."""

import base64
import getpass
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import typer

from gateway import operators, settings
from gateway.cli import screen
from gateway.database import Database
from gateway.errors import Refused
from roster.vault import new_keys

app = typer.Typer(add_completion=False)

SQLITE = settings.Store().url
FIRST_ROLES = ("system", "operator", "drafter", "roster")


@app.command(help="新建工作目录:设置、密钥、数据库。")
def init(
    folder: Annotated[Path, typer.Argument(help="要建立的目录,必须不存在或为空")],
    store: Annotated[
        str, typer.Option("--store", help="数据库地址,例如 postgresql:///xinqiao;必须是空的数据库")
    ] = SQLITE,
) -> None:
    """Make the folder, or refuse without touching anything."""
    make(folder, getpass.getuser(), store)
    screen.say(f"已建立工作目录 {folder}", "bold green")
    screen.say(f"  {settings.FILE}        设置;三条线路指向本机的模拟运营商")
    screen.say("  keys/               密钥与线路密码,务必另行备份:丢失后库中的姓名和号码无法恢复")
    if store == SQLITE:
        screen.say("  xinqiao.db          数据库")
    screen.say(f"操作员 {getpass.getuser()}(本系统账号)的角色:{'、'.join(FIRST_ROLES)}")
    screen.say("下一步:")
    screen.say(f"  xinqiao -C {folder} settings check")
    screen.say(f"  xinqiao -C {folder} operator add 审批人 --role approver --role reviewer --password-file 文件")
    screen.say(f"  xinqiao -C {folder} simulate carrier &    # 模拟三家运营商")
    screen.say(f"  xinqiao -C {folder} run &                 # 运行网关")


def make(folder: Path, login: str, store: str = SQLITE) -> None:
    """The folder, its files and the first operator. A store that is used already belongs to other keys."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} 已存在且不为空", "请另选一个目录")
    if not store.startswith("sqlite"):
        with closing(Database(store)) as given:
            if given.revision() is not None:
                raise Refused("该数据库已有信桥的数据", "请另建一个空的数据库;要接着用它,请用原来的工作目录和密钥")
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    (folder / settings.FILE).write_text(settings.describe().replace(SQLITE, store), encoding="utf-8")
    keys_folder = folder / "keys"
    keys_folder.mkdir(mode=0o700)
    keys = new_keys()
    for name in ("master", "index", "seal"):
        write_secret(keys_folder / name, base64.b64encode(getattr(keys, name)).decode())
    for name, *_ in settings.SAMPLES:
        write_secret(keys_folder / f"{name}.password", token_hex(4))
    loaded = settings.load(folder, {})
    database = Database(loaded.store_url())
    database.upgrade()
    with database.write() as tx:
        operators.add(tx, login, FIRST_ROLES, login, None, None, datetime.now(UTC))
    database.close()


def write_secret(file: Path, words: str) -> None:
    """A file that nobody but its owner may read, from the first moment."""
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(words + "\n", encoding="utf-8")
