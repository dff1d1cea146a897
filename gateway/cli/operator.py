"""`xinqiao operator`: who may command, in which roles."""

from pathlib import Path
from typing import Annotated

import typer

from gateway import operators, resources, settings
from gateway.cli import screen
from gateway.cli.desk import open_desk
from gateway.cli.units import unit_named
from gateway.errors import Refused
from gateway.rights import ROLES

app = typer.Typer(no_args_is_help=True, add_completion=False)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Name = Annotated[str, typer.Argument(help="操作员姓名")]


@app.command(help="登记操作员。")
def add(
    ctx: typer.Context,
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help="角色,可多次:" + "、".join(ROLES))],
    login: Annotated[str | None, typer.Option(help="对应的系统账号")] = None,
    department: Annotated[str | None, typer.Option(help="承办单位(角色 dept、head)")] = None,
    password_file: Annotated[Path | None, typer.Option(help="存放初始密码的文件(权限 0600)")] = None,
    as_json: Json = False,
) -> None:
    """Somebody new, known by account, password or both."""
    desk = open_desk(ctx.obj)
    desk.require("operator.edit")
    password = settings.secret(password_file, "--password-file") if password_file else None
    if login is None and password is None:
        password = typer.prompt(f"{name} 的初始密码", hide_input=True, confirmation_prompt=True)
    department = unit_named(resources.departments(desk.settings), department) if department else None
    with desk.database.write() as tx:
        added = operators.add(tx, name, tuple(role), login, department, password, desk.now())
        desk.audit(tx, "operator.add", name, {"roles": role, "login": login, "department": department})
    said = f"已登记 {name}:{department or ''}{'、'.join(ROLES[one] for one in role)}"
    screen.emit(as_json, added, lambda: screen.say(said, "green"))


@app.command("list", help="列出操作员。")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """Everybody."""
    desk = open_desk(ctx.obj)
    desk.require("operator.view")
    with desk.database.read() as tx:
        everybody = operators.listed(tx)
    rows = [
        (
            one.name,
            "、".join(ROLES.get(role, role) for role in one.roles),
            one.login,
            one.department,
            "有" if one.has_password else "无",
            "在用" if one.active else "停用",
        )
        for one in everybody
    ]
    screen.emit(
        as_json,
        everybody,
        lambda: screen.table("操作员", ("姓名", "角色", "系统账号", "单位", "密码", "状态"), rows),
    )


@app.command(help="改变角色:写全以后的角色,代替原来的。")
def roles(
    ctx: typer.Context,
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help="角色,可多次:" + "、".join(ROLES))],
    department: Annotated[str | None, typer.Option(help="承办单位(角色 dept、head);不写则不变")] = None,
    as_json: Json = False,
) -> None:
    """Somebody has another post; what they did stays under their name."""
    desk = open_desk(ctx.obj)
    desk.require("operator.edit")
    if name == desk.operator.name and "system" not in role:
        raise Refused("不能去掉自己的系统管理员角色", "请另一名系统管理员来改")
    department = unit_named(resources.departments(desk.settings), department) if department else None
    with desk.database.write() as tx:
        before = operators.by_name(tx, name)
        after = operators.set_roles(tx, name, tuple(role), department)
        desk.audit(tx, "operator.roles", name, {"before": before.roles, "roles": role, "department": after.department})
    said = f"{name} 现在是 {after.department or ''}{'、'.join(ROLES[one] for one in after.roles)}"
    screen.emit(as_json, after, lambda: screen.say(said, "green"))


@app.command(help="停用操作员。")
def disable(ctx: typer.Context, name: Name) -> None:
    """Keep somebody out."""
    _switch(ctx, name, False)


@app.command(help="恢复操作员。")
def enable(ctx: typer.Context, name: Name) -> None:
    """Let somebody in again."""
    _switch(ctx, name, True)


@app.command(help="修改密码。")
def password(
    ctx: typer.Context,
    name: Name,
    password_file: Annotated[Path | None, typer.Option(help="存放新密码的文件(权限 0600)")] = None,
) -> None:
    """One's own, or anybody's by the system administrator."""
    desk = open_desk(ctx.obj)
    if desk.operator.name != name:
        desk.require("operator.edit")
    words = settings.secret(password_file, "--password-file") if password_file else None
    words = words or typer.prompt("新密码", hide_input=True, confirmation_prompt=True)
    with desk.database.write() as tx:
        operators.set_password(tx, name, words)
        desk.audit(tx, "operator.password", name)
    screen.say("密码已修改", "green")


def _switch(ctx: typer.Context, name: str, active: bool) -> None:
    desk = open_desk(ctx.obj)
    desk.require("operator.edit")
    with desk.database.write() as tx:
        operators.set_active(tx, name, active)
        desk.audit(tx, "operator.enable" if active else "operator.disable", name)
    screen.say(f"{name} 已{'恢复' if active else '停用'}", "green")
