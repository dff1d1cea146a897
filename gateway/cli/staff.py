"""`xinqiao staff`: whose phones work by text, which are locked, and how a text would be read."""

from typing import Annotated

import typer

from gateway import resources, staff_codes, staff_orders
from gateway.cli import screen
from gateway.cli.case_view import Json
from gateway.cli.desk import Desk, open_desk
from gateway.errors import USAGE, Refused
from roster import store as roster_store
from roster.phones import Fault, masked, parse
from routing import staff
from routing.departments import StaffPost

app = typer.Typer(no_args_is_help=True, add_completion=False)
ROLES = {"dept": "信息员", "head": "分管领导", "leader": "县领导", "duty": "值班人员"}


@app.command("list", help="可以用短信办公的号码:哪个单位、什么职务、是否因验证码输错而锁定。")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """From the list of units; numbers masked."""
    desk = open_desk(ctx.obj)
    desk.require("staff.view")
    posts = resources.departments(desk.settings).posts()
    with desk.database.read() as tx:
        locked = staff_codes.locked(tx, desk.now())
        people = {number: roster_store.person_by_phone(tx, desk.vault, number) for number in posts}
    zone = desk.settings.zone()
    data = [
        {
            "unit": post.whose,
            "role": post.role,
            "title": post.title,
            "phone": masked(number),
            "locked_until": locked.get(who.id) if (who := people[number]) else None,
        }
        for number, several in posts.items()
        for post in several
    ]
    rows = [
        (one["unit"], ROLES[str(one["role"])], one["phone"], screen.moment(one["locked_until"], zone))  # type: ignore[arg-type]
        for one in data
    ]
    columns = ("单位 / 姓名", "职务", "号码", "锁定到")
    screen.emit(as_json, data, lambda: screen.table(f"短信办公 {len(rows)} 个职务", columns, rows))


@app.command(help="核实是本人之后,提前解除锁定。")
def unlock(
    ctx: typer.Context,
    phone: Annotated[str, typer.Argument(help="手机号码")],
    reason: Annotated[str, typer.Option(help="如何核实的")],
    as_json: Json = False,
) -> None:
    """The wrong codes are forgotten."""
    desk = open_desk(ctx.obj)
    desk.require("staff.unlock")
    posts = _posts(desk, phone)
    with desk.database.write() as tx:
        person = roster_store.person_by_phone(tx, desk.vault, str(parse(phone)))
        if person is None or staff_codes.locked_until(tx, person.id, desk.now()) is None:
            raise Refused("这个号码没有锁定", "xinqiao staff list 列出全部")
        staff_codes.right(tx, person.id)
        desk.audit(tx, "staff.unlock", posts[0].title, {"person": person.id, "reason": reason})
    screen.emit(as_json, {"unlocked": posts[0].title}, lambda: screen.say(f"{posts[0].title} 已解除锁定", "green"))


@app.command(help="试读:一条短信会被看成什么(不执行)。")
def read(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(help="短信的内容")],
    as_json: Json = False,
) -> None:
    """For whoever writes the instructions on the wall."""
    desk = open_desk(ctx.obj)
    desk.require("staff.view")
    order = staff.read(words, desk.settings.values.case_prefix)
    if order is None:
        screen.emit(as_json, None, lambda: screen.say("不是指令,按群众来信处理"))
        return
    rows = [
        ("指令", f"{order.verb} {staff_orders.LABEL[order.verb]}"),
        ("编号", order.number + ("" if order.valid else "(校验位不符)")),
        ("验证码", order.code),
        ("原因代码", order.reason),
        ("内容", order.words),
    ]
    screen.emit(as_json, order, lambda: screen.table("读作", ("项目", "内容"), [row for row in rows if row[1]]))


def _posts(desk: Desk, phone: str) -> tuple[StaffPost, ...]:
    number = parse(phone)
    if isinstance(number, Fault):
        raise Refused(number.reason, "写11位手机号码", USAGE)
    posts = resources.departments(desk.settings).posts().get(number)
    if posts is None:
        raise Refused("departments.toml 中没有这个号码", "xinqiao staff list 列出全部")
    return posts
