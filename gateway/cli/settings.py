"""`xinqiao settings`: every key with its help, and whether the folder's own settings are right."""

import time
from typing import Annotated

import msgspec
import typer

from gateway import answers_desk, lease, resources, settings
from gateway.cli import screen
from gateway.cli.desk import read_keys
from gateway.cli.where import Where
from gateway.database import Database
from gateway.errors import SettingsWrong

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


@app.command(help="列出全部设置项、说明和默认值(可直接存为 xinqiao.toml)。")
def describe() -> None:
    """The annotated file."""
    print(settings.describe(), end="")


@app.command(help="检查工作目录:设置、密钥、数据文件、数据库。")
def check(ctx: typer.Context, as_json: Json = False) -> None:
    """Look at everything the daemon will need, without the carriers."""
    where: Where = ctx.obj
    loaded = settings.load(where.folder)
    resources.profiles(loaded)
    read_keys(loaded)
    for look in (
        *(resources.messages, resources.words, resources.departments, resources.prefixes, resources.lists),
        *(resources.calendar, resources.terms, resources.supervision, resources.targets),
        *(resources.codes, resources.number_rules, resources.evaluation, resources.reader, resources.answers),
        *(resources.channels, resources.duties),
    ):
        look(loaded)
    kinds = {kind.name for kind in resources.codes(loaded).leader_kinds}
    for leader in resources.departments(loaded).leaders:
        if strange := {*leader.kinds} - kinds:
            raise SettingsWrong(
                f"departments.toml:{leader.name} 的 kinds 中没有“{min(strange)}”这一类",
                f"可选:{'、'.join(sorted(kinds))}",
            )
    too_long = [one for one in resources.measured(loaded) if not one.fits]
    if too_long:
        names = "、".join(f"{one.name}({one.length}字)" for one in too_long)
        raise SettingsWrong(f"短信模板填入最长的内容后放不进一条短信:{names}", "xinqiao case texts 给出每条的长度")
    long = answers_desk.too_long(loaded)
    if long:
        raise SettingsWrong(f"知识库第 {'、'.join(map(str, long))} 条超过四条短信", "请缩短 answers.toml 中的答复")
    database = Database(loaded.store_url())
    database.check_schema()
    database.durability()
    with database.read() as tx:
        runs = lease.holder(tx, round(time.time() * 1000))

    def render() -> None:
        screen.say("设置、密钥、数据文件、数据库均正常", "green")
        if runs:
            screen.say(f"网关正在运行({runs}):设置、号码和数据文件在启动时读入,改过的要重新启动网关才生效", "yellow")

    screen.emit(as_json, {"ok": True} | ({"running": runs} if runs else {}), render)


@app.command(help="显示生效的设置(不含密码)。")
def show(ctx: typer.Context, as_json: Json = False) -> None:
    """What holds after file and environment."""
    values = msgspec.to_builtins(settings.load(ctx.obj.folder).values)
    rows = list(_flat(values))
    screen.emit(as_json, values, lambda: screen.table("生效的设置", ("设置项", "值"), rows))


def _flat(values: dict[str, object], path: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in values.items():
        rows += _flat(value, f"{path}{key}.") if isinstance(value, dict) else [(path + key, value)]
    return rows
